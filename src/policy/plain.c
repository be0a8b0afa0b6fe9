/* plain.c - characters that the SMS alphabet has not, put in words of it: all of a text, or none. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <assert.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf8.h>

#define REPLACEMENT_MAX 4

/* What is only written differently: the same sign to a reader. None is longer
 * than the UTF-8 of what it stands for. */
static const struct {
	uint16_t from, to; /* both inclusive */
	char as[REPLACEMENT_MAX];
} signs[] = {
	{ 0x0009, 0x0009, " " }, { 0x0060, 0x0060, "'" },
	{ 0x00a0, 0x00a0, " " }, { 0x00ab, 0x00ab, "<" }, { 0x00ad, 0x00ad, "" }, { 0x00b4, 0x00b4, "'" },
	{ 0x00b7, 0x00b7, "." }, { 0x00bb, 0x00bb, ">" }, { 0x00d7, 0x00d7, "x" },
	{ 0x02b9, 0x02b9, "'" }, { 0x02bb, 0x02bc, "'" }, { 0x02c8, 0x02c8, "'" },
	{ 0x180e, 0x180e, "" }, { 0x2000, 0x200a, " " }, { 0x200b, 0x200f, "" },
	{ 0x2010, 0x2015, "-" }, { 0x2018, 0x201b, "'" }, { 0x201c, 0x201f, "\"" }, { 0x2022, 0x2022, "-" },
	{ 0x2026, 0x2026, "..." }, { 0x2028, 0x202e, "" }, { 0x202f, 0x202f, " " },
	{ 0x2032, 0x2032, "'" }, { 0x2033, 0x2033, "\"" }, { 0x2035, 0x2035, "'" }, { 0x2036, 0x2036, "\"" },
	{ 0x2039, 0x2039, "<" }, { 0x203a, 0x203a, ">" }, { 0x205f, 0x205f, " " }, { 0x2060, 0x2064, "" },
	{ 0x2066, 0x2069, "" }, { 0x2212, 0x2212, "-" }, { 0x3000, 0x3000, " " },
	{ 0xfe00, 0xfe0f, "" }, { 0xfe58, 0xfe58, "-" }, { 0xfe63, 0xfe63, "-" }, { 0xfeff, 0xfeff, "" },
	{ 0xff0d, 0xff0d, "-" },
};

/* Letters that no accent can be taken from. */
static const struct {
	uint16_t letter;
	char as[REPLACEMENT_MAX];
} letters[] = {
	{ 0x00aa, "a" }, { 0x00ba, "o" }, { 0x00d0, "D" }, { 0x00f0, "d" }, { 0x0110, "D" }, { 0x0111, "d" }, { 0x0126, "H" },
	{ 0x0127, "h" }, { 0x0131, "i" }, { 0x0141, "L" }, { 0x0142, "l" }, { 0x0152, "OE" }, { 0x0153, "oe" },
};

static const char *
sign_as(UChar32 c)
{
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (c >= signs[i].from && c <= signs[i].to)
			return signs[i].as;
	return NULL;
}

/* Without its accents, when that is a letter of the alphabet; into one[]. */
static const char *
letter_as(UChar32 c, char one[REPLACEMENT_MAX])
{
	UErrorCode e = U_ZERO_ERROR;
	const UNormalizer2 *nfd = unorm2_getNFDInstance(&e);
	UChar apart[8];
	UChar32 base;

	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
		if (c == letters[i].letter)
			return letters[i].as;
	if (u_getCombiningClass(c) > 0)
		return ""; /* the letter before it stays */
	if (U_FAILURE(e) || unorm2_getDecomposition(nfd, c, apart, 8, &e) <= 0 || U_FAILURE(e))
		return NULL;
	base = apart[0];
	if (base >= 0x80 || !u_isalpha(base))
		return NULL;
	one[0] = (char)base;
	one[1] = '\0';
	return one;
}

static const char *
replacement(UChar32 c, enum origin origin, bool plain_names, char one[REPLACEMENT_MAX])
{
	const char *as;

	if (origin == ORIGIN_LINK)
		return NULL;
	as = sign_as(c);
	if (as || (origin == ORIGIN_NAME && !plain_names))
		return as;
	return letter_as(c, one);
}

static enum origin
origin_at(const struct stretch *s, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		if (at >= s[i].from && at < s[i].to)
			return s[i].origin;
	return ORIGIN_WORDS;
}

static bool
in_alphabet(const char *p, size_t n)
{
	return !sms_measure(span_from(p, n)).ucs2;
}

uint32_t
plain_make(char *text, size_t *n, const struct stretch *s, size_t s_n, bool plain_names, char *out)
{
	const uint8_t *p = (const uint8_t *)text;
	struct sms_size before = sms_measure(span_from(text, *n));
	size_t out_n = 0;

	if (!before.ucs2)
		return 0;
	for (size_t at = 0; at < *n;) {
		size_t from = at;
		char one[REPLACEMENT_MAX];
		const char *as;
		UChar32 c;

		U8_NEXT_OR_FFFD(p, at, *n, c);
		if (in_alphabet(text + from, at - from)) {
			memcpy(out + out_n, text + from, at - from);
			out_n += at - from;
			continue;
		}
		as = replacement(c, origin_at(s, s_n, from), plain_names, one);
		if (!as)
			return (uint32_t)c;
		assert(strlen(as) <= at - from);
		memcpy(out + out_n, as, strlen(as));
		out_n += strlen(as);
	}
	if (sms_measure(span_from(out, out_n)).segments < before.segments) {
		memcpy(text, out, out_n);
		*n = out_n;
	}
	return 0;
}
