/* charset.c - which characters the bytes are: what they prove wins over what is declared. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "nudge/hl7.h"

/* Well-formed UTF-8 (RFC 3629): no overlong forms, surrogates or beyond U+10FFFF. */
static bool
is_utf8(struct span b, bool *ascii)
{
	size_t i = 0;

	*ascii = true;
	while (i < b.n) {
		unsigned char c = (unsigned char)b.p[i];
		unsigned char low = 0x80, high = 0xbf;
		size_t more;

		if (c < 0x80) {
			i++;
			continue;
		}
		*ascii = false;
		more = c >= 0xc2 && c <= 0xdf ? 1 : (c & 0xf0) == 0xe0 ? 2 : c >= 0xf0 && c <= 0xf4 ? 3 : 0;
		if (more == 0 || b.n - i <= more)
			return false;
		low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : low;
		high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : high;
		for (size_t k = 1; k <= more; k++, low = 0x80, high = 0xbf) {
			unsigned char x = (unsigned char)b.p[i + k];

			if (x < low || x > high)
				return false;
		}
		i += more + 1;
	}
	return true;
}

static bool
is_wide(struct span b)
{
	return b.n >= 2 && (memcmp(b.p, "\xff\xfe", 2) == 0 || memcmp(b.p, "\xfe\xff", 2) == 0 || b.p[0] == '\0' || b.p[1] == '\0');
}

enum hl7_charset
hl7_charset_of(struct span bytes, struct span msh18, bool *guessed)
{
	static const char *const latin1[] = { "8859/1", "ISO8859-1", "ISO-8859-1", "ISO 8859-1", "LATIN1" };
	static const char *const unknown_to_us[] = { "8859/", "ISO IR", "JAS", "JIS", "GB", "KS", "CNS", "BIG", "UTF-16",
		"UTF-32", "UNICODE UTF-16", "UNICODE UTF-32", "SHIFT", "EUC" };
	struct span name = span_trim(msh18);
	bool ascii;

	*guessed = false;
	if (is_wide(bytes))
		return HL7_CHARSET_UNSUPPORTED;
	if (is_utf8(bytes, &ascii))
		return HL7_UTF8;
	for (size_t i = 0; i < sizeof latin1 / sizeof latin1[0]; i++)
		if (span_is_nocase(name, latin1[i]))
			return HL7_LATIN1;
	for (size_t i = 0; i < sizeof unknown_to_us / sizeof unknown_to_us[0]; i++)
		if (span_find_nocase(name, unknown_to_us[i]) == 0)
			return HL7_CHARSET_UNSUPPORTED;
	*guessed = true;
	return HL7_CP1252;
}

/* Windows-1252, 0x80 to 0x9f; 0 where it has nothing. */
static const uint16_t cp1252[32] = { 0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160,
	0x2039, 0x152, 0, 0x17d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a,
	0x153, 0, 0x17e, 0x178 };

static size_t
put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 63));
	out[2] = (char)(0x80 | (c & 63));
	return 3;
}

struct span
hl7_to_utf8(struct span bytes, enum hl7_charset set, struct arena *a)
{
	size_t n = 0;
	char *out;

	if (bytes.n >= 3 && memcmp(bytes.p, "\xef\xbb\xbf", 3) == 0)
		bytes = (struct span){ bytes.p + 3, bytes.n - 3 };
	if (set == HL7_UTF8)
		return bytes;
	out = arena_take(a, bytes.n * 3 + 1);
	if (!out)
		return SPAN_NONE;
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		uint32_t u = c;

		/* The C1 controls of Latin-1 are never meant; the others' letters are. */
		if (c >= 0x80 && c <= 0x9f)
			u = cp1252[c - 0x80] ? cp1252[c - 0x80] : 0xfffd;
		n += put_utf8(out + n, u);
	}
	return (struct span){ out, n };
}
