/* request.c - what an answer needs of the message it answers, and which code that answer bears. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/ack.h"

#include <assert.h>
#include <string.h>

#include "hl7/delims.h"
#include "hl7/index.h"

/* What would end a segment, a frame or a string where it is echoed. */
static bool
is_unsafe(char c)
{
	return c == '\r' || c == '\n' || c == '\x0b' || c == '\x1c' || c == '\0';
}

/* A value that is longer than its place is left out: half a name is another name.
 * is_safe: nothing in it is_unsafe(). */
static inline bool
keep(char *out, size_t cap, struct span v, bool is_safe)
{
	size_t n = 0;

	assert(cap > 0);
	out[0] = '\0';
	if (v.n >= cap)
		return false;
	if (is_safe && v.n > 0) {
		memcpy(out, v.p, v.n);
		out[v.n] = '\0';
		return true;
	}
	for (size_t i = 0; i < v.n; i++)
		if (!is_unsafe(v.p[i]))
			out[n++] = v.p[i];
	out[n] = '\0';
	return true;
}

static bool
is_event(struct span v)
{
	if (v.n != 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		char c = v.p[i], letter = (char)(c | 32);

		if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9'))
			return false;
	}
	return true;
}

/* Delimiters that were mended are answered mended. In place of unusable ones
 * the standard's are used, and no name is sent back that they may have cut. */
static void
keep_header(const struct hl7 *m, struct ack_request *out, bool is_safe)
{
	const struct hl7_delims *d = &out->delims;
	const char mended[] = { d->component, d->repetition, d->escape, d->subcomponent, d->truncation };
	struct span encoding = index_field(m, 0, 2);

	if (d->repaired)
		encoding = (struct span){ mended, d->truncation ? 5 : 4 };
	(void)keep(out->encoding, sizeof out->encoding, encoding, is_safe);
	out->msh3[0] = out->msh4[0] = out->msh5[0] = out->msh6[0] = '\0';
	if (!m->delims_own)
		return;
	(void)keep(out->msh3, sizeof out->msh3, index_field(m, 0, 3), is_safe);
	(void)keep(out->msh4, sizeof out->msh4, index_field(m, 0, 4), is_safe);
	(void)keep(out->msh5, sizeof out->msh5, index_field(m, 0, 5), is_safe);
	(void)keep(out->msh6, sizeof out->msh6, index_field(m, 0, 6), is_safe);
}

/* The first subcomponent of a component, of the first repetition. */
static struct span
header_part(const struct hl7 *m, unsigned field, unsigned component)
{
	struct span part = index_part(m, index_field(m, 0, field), m->sought.repetition, m->sought.component, component - 1);

	return span_trim(index_before(m, part, m->sought.subcomponent));
}

/* Each text is ended, and what stands behind it is nobody's: there are 1,400 bytes of them. */
bool
ack_request_of(const struct hl7 *m, struct ack_request *out)
{
	const struct segment *s = &m->segment[0];
	struct span event = header_part(m, 9, 2);
	bool is_safe = !marks_control((struct span){ m->bytes.p + s->begin, s->end - s->begin });

	assert(m->segments > 0);
	out->delims = m->delims;
	keep_header(m, out, is_safe);
	(void)keep(out->event, sizeof out->event, is_event(event) ? event : SPAN_NONE, is_safe);
	(void)keep(out->msh11, sizeof out->msh11, index_field(m, 0, 11), is_safe);
	(void)keep(out->version, sizeof out->version, header_part(m, 12, 1), is_safe);
	(void)keep(out->msh15, sizeof out->msh15, span_trim(index_field(m, 0, 15)), is_safe);
	(void)keep(out->msh16, sizeof out->msh16, span_trim(index_field(m, 0, 16)), is_safe);
	return keep(out->msh10, sizeof out->msh10, index_field(m, 0, 10), is_safe);
}

/* The table by MSH-15; NE leaves it to MSH-16, which then is answered on the
 * same connection. What is not in it counts as empty. */
static const struct row {
	const char *msh15, *msh16; /* NULL: any */
	enum ack_code code[3];     /* accept, error, reject */
} automatic[] = {
	{ "AL", NULL, { ACK_CA, ACK_CE, ACK_CR } },
	{ "NE", "AL", { ACK_AA, ACK_AE, ACK_AR } },
	{ "NE", "ER", { ACK_NONE, ACK_AE, ACK_AR } },
	{ "NE", "SU", { ACK_AA, ACK_NONE, ACK_NONE } },
	{ "NE", NULL, { ACK_NONE, ACK_NONE, ACK_NONE } },
	{ "ER", NULL, { ACK_NONE, ACK_CE, ACK_CR } },
	{ "SU", NULL, { ACK_CA, ACK_NONE, ACK_NONE } },
};

enum ack_code
ack_choose(enum ack_mode mode, const struct ack_request *r, enum ack_verdict v)
{
	static const enum ack_code original[] = { ACK_AA, ACK_AE, ACK_AR };

	assert(v == VERDICT_ACCEPT || v == VERDICT_ERROR || v == VERDICT_REJECT);
	if (mode == ACK_ALWAYS_AA)
		return original[v];
	for (size_t i = 0; i < sizeof automatic / sizeof automatic[0]; i++) {
		const struct row *row = &automatic[i];

		if (strcmp(r->msh15, row->msh15) == 0 && (!row->msh16 || strcmp(r->msh16, row->msh16) == 0))
			return row->code[v];
	}
	return original[v];
}

const char *
ack_name(enum ack_code c)
{
	static const char *const name[] = { "", "AA", "AE", "AR", "CA", "CE", "CR" };

	return name[c];
}
