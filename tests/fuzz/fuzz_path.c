/* fuzz_path.c - any text as a path, any bytes as its message: what hl7_get() finds hl7_next() finds first. */
// SPDX-License-Identifier: Apache-2.0
// for: src/hl7/path.c
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/hl7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static size_t
write_repetition(char *out, size_t cap, short repetition)
{
	int n = repetition < 0 ? snprintf(out, cap, "(*)") : snprintf(out, cap, "(%d)", repetition);

	return (size_t)n;
}

/* A path written out in full reads as the same path. */
static void
must_read_back(const struct hl7_path *p)
{
	struct hl7_path again;
	struct fault f;
	char text[64];
	size_t n = (size_t)snprintf(text, sizeof text, "/%s", p->segment);

	n += write_repetition(text + n, sizeof text - n, p->segment_rep);
	n += (size_t)snprintf(text + n, sizeof text - n, "-%d", p->field);
	n += write_repetition(text + n, sizeof text - n, p->field_rep);
	if (p->component)
		n += (size_t)snprintf(text + n, sizeof text - n, ".%d", p->component);
	if (p->subcomponent)
		n += (size_t)snprintf(text + n, sizeof text - n, ".%d", p->subcomponent);
	must(n < sizeof text && hl7_path_read(text, &again, &f));
	must(strcmp(again.segment, p->segment) == 0 && again.segment_rep == p->segment_rep &&
	    again.field == p->field && again.field_rep == p->field_rep && again.component == p->component &&
	    again.subcomponent == p->subcomponent);
}

static void
must_walk(const struct hl7 *m, struct span bytes, const struct hl7_path *p)
{
	struct hl7_scope in = hl7_whole(m);
	struct span first = hl7_get(m, in, p), v;
	struct hl7_cursor c = { 0 };
	const char *last = NULL;
	unsigned segment = 0;
	size_t n = 0;

	for (; hl7_next(m, in, p, &c, &v, &segment); n++) {
		must(v.n > 0 && v.p >= bytes.p && v.p + v.n <= bytes.p + bytes.n);
		must(segment < hl7_segments(m) && hl7_is(m, segment, p->segment));
		must(n > 0 || v.p == first.p);
		must(!last || v.p > last);
		last = v.p;
	}
	must((n == 0) == (first.n == 0));
	must(n < 2 || p->segment_rep < 0 || p->field_rep < 0);
	must(!hl7_next(m, in, p, &c, &v, &segment));
}

/* The input: a path, an end of line, a message. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span message, text = span_cut(span_from(data, size), '\n', &message);
	struct hl7_path p = { .segment = "OLD" };
	struct fault f = { .kind = FAULT_NONE };
	struct hl7 *m = hl7_new();
	char path[64];

	must(m != NULL);
	(void)span_copy(path, sizeof path, text);
	if (!hl7_path_read(path, &p, &f)) {
		must(f.kind == FAULT_OPERATOR && f.text[0] && strcmp(p.segment, "OLD") == 0);
	} else {
		must(strlen(p.segment) == 3 && p.field >= 1 && p.field <= 255 && p.component >= 0 &&
		    p.subcomponent >= 0);
		must_read_back(&p);
		(void)hl7_read(m, message);
		must_walk(m, message, &p);
	}
	hl7_free(m);
	return 0;
}
