/* segments.c - what a text costs: GSM 03.38 or UCS-2, and how it falls into pieces. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <assert.h>
#include <string.h>

#include <unicode/utf8.h>

/* 3GPP TS 23.038: the default alphabet beyond ASCII. */
static const uint16_t gsm_beyond_ascii[] = {
	0x00a1, 0x00a3, 0x00a4, 0x00a5, 0x00a7, 0x00bf, /* punctuation and money */
	0x00c4, 0x00c5, 0x00c6, 0x00c7, 0x00c9, 0x00d1, 0x00d6, 0x00d8, 0x00dc, 0x00df, /* large letters */
	0x00e0, 0x00e4, 0x00e5, 0x00e6, 0x00e8, 0x00e9, 0x00ec, 0x00f1, 0x00f2, 0x00f6, 0x00f8, 0x00f9,
	0x00fc,
	0x0393, 0x0394, 0x0398, 0x039b, 0x039e, 0x03a0, 0x03a3, 0x03a6, 0x03a8, 0x03a9, /* Greek capitals */
};

/* Septets of a character: 2 behind the escape, 0 when the alphabet has it not. */
static unsigned
gsm_septets(uint32_t c)
{
	if (c == 0x20ac || c == '\f')
		return 2;
	if (c < 0x80) {
		if (c == '\n' || c == '\r')
			return 1;
		if (c < 0x20 || c == 0x7f || c == '`')
			return 0;
		return strchr("^{}\\[~]|", (int)c) ? 2 : 1;
	}
	for (size_t i = 0; i < sizeof gsm_beyond_ascii / sizeof gsm_beyond_ascii[0]; i++)
		if (gsm_beyond_ascii[i] == c)
			return 1;
	return 0;
}

static unsigned
ucs2_units(uint32_t c)
{
	return c > 0xffff ? 2 : 1;
}

static uint32_t
next_character(struct span text, size_t *at)
{
	const uint8_t *p = (const uint8_t *)text.p;
	size_t i = *at;
	UChar32 c;

	U8_NEXT_OR_FFFD(p, i, text.n, c);
	assert(i > *at && c >= 0);
	*at = i;
	return (uint32_t)c;
}

size_t
utf16_units(struct span text)
{
	size_t n = 0;

	for (size_t at = 0; at < text.n;)
		n += ucs2_units(next_character(text, &at));
	return n;
}

/* Pieces are filled one after the other: an escape or surrogate pair that would
 * straddle moves on as a whole and leaves a unit empty. */
static unsigned
count_pieces(struct span text, unsigned (*cost)(uint32_t), unsigned room)
{
	unsigned pieces = 1, used = 0;

	for (size_t at = 0; at < text.n;) {
		unsigned n = cost(next_character(text, &at));

		if (used + n > room) {
			pieces++;
			used = 0;
		}
		used += n;
	}
	return pieces;
}

struct sms_size
sms_measure(struct span text)
{
	struct sms_size s = { .ucs2 = false };
	unsigned septets = 0, units = 0;

	if (text.n == 0)
		return s;
	for (size_t at = 0; at < text.n;) {
		uint32_t c = next_character(text, &at);
		unsigned n = gsm_septets(c);

		if (n == 0 && !s.ucs2) {
			s.ucs2 = true;
			s.culprit = c;
		}
		septets += n;
		units += ucs2_units(c);
	}
	s.units = s.ucs2 ? units : septets;
	if (s.units <= (s.ucs2 ? 70 : 160))
		s.segments = 1;
	else
		s.segments = count_pieces(text, s.ucs2 ? ucs2_units : gsm_septets, s.ucs2 ? 67 : 153);
	return s;
}
