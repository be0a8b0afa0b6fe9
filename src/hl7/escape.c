/* escape.c - escapes undone once, left to right; what is not understood stays as it stands. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
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

/* \Xdd..\, digits: one at least: the bytes, but for control characters, which have no place here. */
static bool
write_hex(struct span digits, struct writer *w)
{
	if (digits.n % 2 != 0)
		return false;
	for (size_t i = 0; i < digits.n; i++)
		if (hex(digits.p[i]) < 0)
			return false;
	for (size_t i = 0; i < digits.n; i += 2) {
		int c = hex(digits.p[i]) * 16 + hex(digits.p[i + 1]);

		if (c >= ' ')
			w->p[w->n++] = (char)c;
	}
	return true;
}

static bool
write_letter(const struct hl7_delims *d, char letter, struct writer *w)
{
	const struct {
		char letter, value;
	} single[] = { { 'F', d->field }, { 'S', d->component }, { 'T', d->subcomponent },
		{ 'R', d->repetition }, { 'E', d->escape }, { 'P', d->truncation ? d->truncation : '#' } };

	for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
		if (letter == single[i].letter) {
			w->p[w->n++] = single[i].value;
			return true;
		}
	}
	return letter == 'H' || letter == 'N';
}

/* Commands of formatted text (2.7.6): breaks, blank lines, indents, centring;
 * a text shows one blank for each. ".fi" and ".nf" only switch filling. */
static bool
is_break(struct span body)
{
	static const char commands[] = ".br.sp.sk.in.ti.ce";
	size_t i = 3;
	bool known = false;

	for (size_t k = 0; body.n >= 3 && k + 3 < sizeof commands; k += 3)
		known = known || memcmp(body.p, commands + k, 3) == 0;
	if (!known)
		return false;
	while (i < body.n && (body.p[i] == ' ' || body.p[i] == '+' || body.p[i] == '-'))
		i++;
	while (i < body.n && body.p[i] >= '0' && body.p[i] <= '9')
		i++;
	return i == body.n;
}

/* One sequence without its escape characters; false: unknown, keep it. */
static bool
write_one(const struct hl7_delims *d, struct span body, struct writer *w)
{
	if (body.n == 1)
		return write_letter(d, body.p[0], w);
	if (is_break(body)) {
		w->p[w->n++] = ' ';
		return true;
	}
	if (span_is(body, ".fi") || span_is(body, ".nf"))
		return true;
	if (body.n > 1 && (body.p[0] == 'X' || body.p[0] == 'x'))
		return write_hex((struct span){ body.p + 1, body.n - 1 }, w);
	return false;
}

/* Whether the bytes between two escape characters have the form of a sequence,
 * known or not. If not, the first of the two stands alone (a path, a typing
 * error) and the second may begin a sequence. */
static bool
has_form(struct span body)
{
	if (body.n == 0 || (body.n > 1 && !memchr(".CMXZx", body.p[0], 6)))
		return false;
	for (size_t i = 0; i < body.n; i++) {
		char c = body.p[i], letter = (char)(c | 32);

		if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && !memchr(".+- ", c, 4))
			return false;
	}
	return body.p[0] != ' ';
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
		struct span body = SPAN_NONE;

		if (value.p[i] == d->escape)
			end = memchr(value.p + i + 1, d->escape, value.n - i - 1);
		if (end)
			body = (struct span){ value.p + i + 1, (size_t)(end - value.p) - i - 1 };
		if (end && write_one(d, body, &w)) {
			i += body.n + 2;
		} else {
			size_t keep = end && has_form(body) ? body.n + 2 : 1;

			memcpy(w.p + w.n, value.p + i, keep);
			w.n += keep;
			i += keep;
		}
	}
	assert(w.n <= value.n);
	return (struct span){ w.p, w.n };
}
