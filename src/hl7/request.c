/* request.c - what an answer needs of the message it answers, and which code that answer bears. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/ack.h"

#include <assert.h>
#include <string.h>

#include "hl7/delims.h"

/* What would end a segment, a frame or a string where it is echoed. */
static bool
is_unsafe(char c)
{
	return c == '\r' || c == '\n' || c == '\x0b' || c == '\x1c' || c == '\0';
}

/* A value that is longer than its place is left out: half a name is another name. */
static bool
keep(char *out, size_t cap, struct span v)
{
	size_t n = 0;

	assert(cap > 0);
	out[0] = '\0';
	if (v.n >= cap)
		return false;
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
keep_header(const struct hl7 *m, struct ack_request *out)
{
	const struct hl7_delims *d = &out->delims;
	const char mended[] = { d->component, d->repetition, d->escape, d->subcomponent, d->truncation };
	struct span encoding = hl7_field(m, 0, 2);

	if (d->repaired)
		encoding = (struct span){ mended, d->truncation ? 5 : 4 };
	(void)keep(out->encoding, sizeof out->encoding, encoding);
	if (!delims_are_own(m))
		return;
	(void)keep(out->msh3, sizeof out->msh3, hl7_field(m, 0, 3));
	(void)keep(out->msh4, sizeof out->msh4, hl7_field(m, 0, 4));
	(void)keep(out->msh5, sizeof out->msh5, hl7_field(m, 0, 5));
	(void)keep(out->msh6, sizeof out->msh6, hl7_field(m, 0, 6));
}

bool
ack_request_of(const struct hl7 *m, struct ack_request *out)
{
	const struct hl7_delims d = *hl7_delims(m);
	struct span event = span_trim(hl7_part(&d, hl7_repetition(&d, hl7_field(m, 0, 9), 0), 2, 1));

	memset(out, 0, sizeof *out);
	out->delims = d;
	keep_header(m, out);
	if (is_event(event))
		(void)keep(out->event, sizeof out->event, event);
	(void)keep(out->msh11, sizeof out->msh11, hl7_field(m, 0, 11));
	(void)keep(out->version, sizeof out->version,
	    span_trim(hl7_part(&d, hl7_repetition(&d, hl7_field(m, 0, 12), 0), 1, 1)));
	(void)keep(out->msh15, sizeof out->msh15, span_trim(hl7_field(m, 0, 15)));
	(void)keep(out->msh16, sizeof out->msh16, span_trim(hl7_field(m, 0, 16)));
	return keep(out->msh10, sizeof out->msh10, hl7_field(m, 0, 10));
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
