/* span.c - comparing and copying borrowed bytes. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/span.h"

#include <assert.h>
#include <string.h>

struct span
span_of(const char *text)
{
	return text ? (struct span){ text, strlen(text) } : SPAN_NONE;
}

static unsigned char
folded(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool
same_folded(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (folded(a[i]) != folded(b[i]))
			return false;
	return true;
}

bool
span_eq_nocase(struct span a, struct span b)
{
	return a.n == b.n && same_folded(a.p, b.p, a.n);
}

bool
span_is(struct span a, const char *text)
{
	return span_eq(a, span_of(text));
}

bool
span_is_nocase(struct span a, const char *text)
{
	size_t i = 0;

	while (i < a.n && text[i] != '\0' && folded(a.p[i]) == folded(text[i]))
		i++;
	return i == a.n && text[i] == '\0';
}

long
span_find_nocase(struct span hay, const char *needle)
{
	size_t n = strlen(needle);

	for (size_t i = 0; i + n <= hay.n; i++)
		if (same_folded(hay.p + i, needle, n))
			return (long)i;
	return -1;
}

size_t
span_copy(char *out, size_t cap, struct span a)
{
	size_t n = a.n < cap ? a.n : cap - 1;

	assert(cap > 0 && (a.p || a.n == 0));
	if (n > 0)
		memcpy(out, a.p, n);
	out[n] = '\0';
	return n;
}

bool
span_to_u64(struct span a, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (a.n == 0)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		unsigned digit = (unsigned char)a.p[i] - (unsigned)'0';

		if (digit > 9 || digit > max || v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}
