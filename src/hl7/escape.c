/* escape.c - escapes undone once, left to right; what is not understood stays as it stands. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "nudge/hl7.h"

struct writer {
	char *p;
	size_t n;
};

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \Xdd..\: the bytes, but for control characters, which have no place here. */
static bool
write_hex(struct span body, struct writer *w)
{
	if (body.n % 2 != 0 || body.n == 0)
		return false;
	for (size_t i = 0; i < body.n; i++)
		if (hex(body.p[i]) < 0)
			return false;
	for (size_t i = 0; i < body.n; i += 2) {
		int c = hex(body.p[i]) * 16 + hex(body.p[i + 1]);

		if (c >= ' ')
			w->p[w->n++] = (char)c;
	}
	return true;
}

/* One sequence without its escape characters; false: unknown, keep it. */
static bool
write_one(const struct hl7_delims *d, struct span body, struct writer *w)
{
	const struct {
		char letter, value;
	} single[] = { { 'F', d->field }, { 'S', d->component }, { 'T', d->subcomponent }, { 'R', d->repetition },
		{ 'E', d->escape }, { 'P', d->truncation ? d->truncation : '#' } };

	if (body.n == 1) {
		for (size_t i = 0; i < sizeof single / sizeof single[0]; i++)
			if (body.p[0] == single[i].letter) {
				w->p[w->n++] = single[i].value;
				return true;
			}
		return body.p[0] == 'H' || body.p[0] == 'N';
	}
	if (body.n >= 3 && body.p[0] == '.' &&
	    (span_is_nocase((struct span){ body.p, 3 }, ".br") || span_is_nocase((struct span){ body.p, 3 }, ".sp"))) {
		w->p[w->n++] = ' ';
		return true;
	}
	if (body.n >= 1 && (body.p[0] == 'X' || body.p[0] == 'x'))
		return write_hex((struct span){ body.p + 1, body.n - 1 }, w);
	return false;
}

struct span
hl7_unescape(const struct hl7_delims *d, struct span value, struct arena *a)
{
	struct writer w = { NULL, 0 };
	size_t i = 0;

	if (value.n == 0 || !memchr(value.p, d->escape, value.n))
		return value;
	w.p = arena_take(a, value.n + 1); /* undoing never makes longer */
	if (!w.p)
		return SPAN_NONE;
	while (i < value.n) {
		const char *end = NULL;

		if (value.p[i] == d->escape)
			end = memchr(value.p + i + 1, d->escape, value.n - i - 1);
		if (end && write_one(d, (struct span){ value.p + i + 1, (size_t)(end - value.p) - i - 1 }, &w))
			i = (size_t)(end - value.p) + 1;
		else
			w.p[w.n++] = value.p[i++];
	}
	return (struct span){ w.p, w.n };
}
