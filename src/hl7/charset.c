/* charset.c - which characters the bytes are: what they prove wins over what is declared. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "hl7/marks.h"
#include "hl7/transcode.h"
#include "nudge/hl7.h"

#define BOM "\xef\xbb\xbf"

/* How many bytes of ASCII the span begins with. */
static size_t
ascii_run(struct span b)
{
	const marks_char none = marks_sought('\0');
	size_t i = 0;
	uint64_t word;

	while (i + MARKS_MANY <= b.n && marks_no_high(marks_gather(none, b.p + i)))
		i += MARKS_MANY;
	if (b.n >= MARKS_MANY && b.n - i < MARKS_MANY && marks_no_high(marks_gather(none, b.p + b.n - MARKS_MANY)))
		return b.n;
	for (; i + sizeof word <= b.n; i += sizeof word) {
		memcpy(&word, b.p + i, sizeof word);
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < b.n && (unsigned char)b.p[i] < 0x80)
		i++;
	return i;
}

/* Bytes of the well-formed character that `b` begins with, beyond ASCII; 0: none
 * (RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF). */
static size_t
utf8_length(struct span b)
{
	unsigned char c = (unsigned char)b.p[0], low = 0x80, high = 0xbf;
	size_t n = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;

	if (n == 0 || b.n < n)
		return 0;
	low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : low;
	high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : high;
	for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf) {
		unsigned char x = (unsigned char)b.p[i];

		if (x < low || x > high)
			return 0;
	}
	return n;
}

static bool
is_utf8(struct span b)
{
	size_t i = ascii_run(b);

	while (i < b.n) {
		size_t n = utf8_length((struct span){ b.p + i, b.n - i });

		if (n == 0)
			return false;
		i += n;
		i += ascii_run((struct span){ b.p + i, b.n - i });
	}
	return true;
}

/* UTF-16 or UTF-32: framing has torn it already. */
static bool
is_wide(struct span b)
{
	return b.n >= 2 && (memcmp(b.p, "\xff\xfe", 2) == 0 || memcmp(b.p, "\xfe\xff", 2) == 0 ||
	                       b.p[0] == '\0' || b.p[1] == '\0');
}

/* By how MSH-18 begins, the more particular first; what is not here is guessed. */
static const struct {
	const char *begin;
	enum hl7_charset set;
	bool whole;
} declared[] = {
	{ "8859/1", HL7_LATIN1, true },
	{ "8859-1", HL7_LATIN1, true },
	{ "ISO8859-1", HL7_LATIN1, true },
	{ "ISO-8859-1", HL7_LATIN1, true },
	{ "ISO 8859-1", HL7_LATIN1, true },
	{ "ISO IR100", HL7_LATIN1, true },
	{ "LATIN1", HL7_LATIN1, true },
	{ "WINDOWS-1252", HL7_CP1252, true },
	{ "CP1252", HL7_CP1252, true },
	{ "UTF-16", HL7_CHARSET_UNSUPPORTED, false },
	{ "UTF-32", HL7_CHARSET_UNSUPPORTED, false },
	{ "UNICODE UTF-16", HL7_CHARSET_UNSUPPORTED, false },
	{ "UNICODE UTF-32", HL7_CHARSET_UNSUPPORTED, false },
};

static bool
has_escape_sequences(struct span b)
{
	const char *at = b.n > 0 ? memchr(b.p, '\x1b', b.n) : NULL;

	return at && at + 1 < b.p + b.n && (at[1] == '$' || at[1] == '(');
}

/* Sets that switch by escape sequences are named first, or after an empty first
 * for use inside texts; their bytes are ASCII, and would pass for it. */
static bool
switches_sets(struct span msh18, struct span *name)
{
	struct span rest = msh18;

	while (rest.n > 0) {
		*name = span_trim(span_cut(rest, '~', &rest));
		if (transcode_is_2022(*name))
			return true;
	}
	return false;
}

enum hl7_charset
hl7_charset_of(struct span bytes, struct span msh18, struct span *name, bool *guessed)
{
	struct span rest;

	*name = span_trim(span_cut(msh18, '~', &rest)); /* further ones are for escapes */
	*guessed = false;
	if (is_wide(bytes))
		return HL7_CHARSET_UNSUPPORTED;
	if (msh18.n > 0 && has_escape_sequences(bytes) && switches_sets(msh18, name))
		return HL7_OTHER;
	if (is_utf8(bytes))
		return HL7_UTF8;
	*name = span_trim(span_cut(msh18, '~', &rest));
	for (size_t i = 0; i < sizeof declared / sizeof declared[0]; i++) {
		struct span begin = span_of(declared[i].begin);

		if (name->n < begin.n || (declared[i].whole && name->n != begin.n))
			continue;
		if (span_eq_nocase((struct span){ name->p, begin.n }, begin))
			return declared[i].set;
	}
	if (transcode_knows(*name))
		return HL7_OTHER;
	*guessed = true;
	return HL7_CP1252;
}

/* The C1 controls of Latin-1 are never meant; the letters that Windows-1252 has
 * in their place are. U+FFFD where it has nothing. */
static uint32_t
code_point(unsigned char c)
{
	static const uint16_t cp1252[32] = {
		0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
		0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
		0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
	};

	return c >= 0x80 && c <= 0x9f ? cp1252[c - 0x80] : c;
}

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
hl7_to_utf8(struct span bytes, enum hl7_charset set, struct span name, struct arena *a)
{
	size_t n = 0, size = 0;
	char *out;

	if (bytes.n >= 3 && memcmp(bytes.p, BOM, 3) == 0)
		bytes = (struct span){ bytes.p + 3, bytes.n - 3 };
	if (set == HL7_UTF8)
		return bytes;
	if (set == HL7_CHARSET_UNSUPPORTED)
		return SPAN_NONE;
	if (set == HL7_OTHER)
		return transcode(bytes, name, a);
	/* Counted first: three times a large message would not fit where the exact size does. */
	for (size_t i = 0; i < bytes.n; i++) {
		uint32_t c = code_point((unsigned char)bytes.p[i]);

		size += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
	}
	out = arena_take(a, size + 1);
	if (!out)
		return SPAN_NONE;
	for (size_t i = 0; i < bytes.n; i++)
		n += put_utf8(out + n, code_point((unsigned char)bytes.p[i]));
	assert(n == size);
	return (struct span){ out, n };
}

struct span
hl7_wide_to_utf8(struct span bytes, struct arena *a)
{
	struct span text = transcode_wide(bytes, a);

	return text.n >= 3 && memcmp(text.p, BOM, 3) == 0 ? (struct span){ text.p + 3, text.n - 3 } : text;
}
