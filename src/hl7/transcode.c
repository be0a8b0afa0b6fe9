/* transcode.c - the sets of table 0211 beyond Latin-1, and what else ICU knows by name, as UTF-8. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include "hl7/transcode.h"

#define NAME_MAX_BYTES 40

/* By how the name begins, blanks, '-', '_' and '/' left out. Supersets that
 * senders really use stand for the sets that they name. */
static const struct {
	const char *begin, *icu;
} table_0211[] = {
	{ "ISOIR87", "ISO-2022-JP-2" },
	{ "ISOIR159", "ISO-2022-JP-2" },
	{ "JISX0202", "ISO-2022-JP-2" },
	{ "JAS2020", "ISO-2022-JP-2" },
	{ "ISOIR14", "ibm-943_P15A-2003" },
	{ "JISX0201", "ibm-943_P15A-2003" },
	{ "SHIFTJIS", "ibm-943_P15A-2003" },
	{ "SJIS", "ibm-943_P15A-2003" },
	{ "GB18030", "gb18030" },
	{ "GBK", "gb18030" },
	{ "GB2312", "gb18030" },
	{ "KSX1001", "windows-949" },
	{ "KSC5601", "windows-949" },
	{ "CNS11643", "EUC-TW" },
	{ "BIG5", "windows-950" },
};

/* "8859/2", "ISO 8859-2", "ISO8859/2" as the digits after 8859. */
static const char *
part_of_8859(const char *plain)
{
	const char *p = strncmp(plain, "ISO", 3) == 0 ? plain + 3 : plain;

	return strncmp(p, "8859", 4) == 0 && p[4] >= '1' && p[4] <= '9' ? p + 4 : NULL;
}

static void
squeeze(struct span name, char out[NAME_MAX_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < name.n && n + 1 < NAME_MAX_BYTES; i++) {
		char c = name.p[i];

		if (c == ' ' || c == '-' || c == '_' || c == '/')
			continue;
		out[n++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
	}
	out[n] = '\0';
}

/* A set under whose bytes a message can be framed at all: its ASCII is ASCII. */
static bool
keeps_ascii(UConverter *c)
{
	static const char probe[] = "MSH|^~\\&|aZ09\r";
	UChar out[sizeof probe];
	UErrorCode e = U_ZERO_ERROR;
	int32_t n = ucnv_toUChars(c, out, (int32_t)(sizeof out / sizeof out[0]), probe, (int32_t)sizeof probe - 1, &e);

	if (U_FAILURE(e) || n != (int32_t)sizeof probe - 1)
		return false;
	for (int32_t i = 0; i < n; i++)
		if (out[i] != (UChar)(unsigned char)probe[i])
			return false;
	return true;
}

static UConverter *
open_named(const char *icu)
{
	UErrorCode e = U_ZERO_ERROR;
	UConverter *c = ucnv_open(icu, &e);

	if (U_FAILURE(e))
		return NULL;
	if (keeps_ascii(c)) {
		ucnv_reset(c);
		return c;
	}
	ucnv_close(c);
	return NULL;
}

static UConverter *
open_set(struct span name)
{
	char plain[NAME_MAX_BYTES] = "", icu[NAME_MAX_BYTES + 16] = "";
	const char *part;

	squeeze(name, plain);
	/* Unicode is proven by the bytes, and ASCII disproved by them. */
	if (plain[0] == '\0' || strncmp(plain, "UTF", 3) == 0 || strncmp(plain, "UNICODE", 7) == 0 || strstr(plain, "ASCII") ||
	    strcmp(plain, "ISOIR6") == 0)
		return NULL;
	if ((part = part_of_8859(plain)) != NULL) {
		memcpy(icu, "ISO-8859-", 9);
		span_copy(icu + 9, sizeof icu - 9, span_of(part));
		return open_named(icu);
	}
	for (size_t i = 0; i < sizeof table_0211 / sizeof table_0211[0]; i++)
		if (strncmp(plain, table_0211[i].begin, strlen(table_0211[i].begin)) == 0)
			return open_named(table_0211[i].icu);
	span_copy(icu, sizeof icu, name);
	return open_named(icu);
}

bool
transcode_knows(struct span name)
{
	UConverter *c = open_set(name);

	ucnv_close(c);
	return c != NULL;
}

bool
transcode_is_2022(struct span name)
{
	char plain[NAME_MAX_BYTES] = "";

	squeeze(name, plain);
	return strncmp(plain, "ISOIR87", 7) == 0 || strncmp(plain, "ISOIR159", 8) == 0 || strncmp(plain, "JISX0202", 8) == 0 ||
	    strncmp(plain, "JAS2020", 7) == 0 || strncmp(plain, "ISO2022", 7) == 0;
}

static struct span
convert(UConverter *c, struct span bytes, struct arena *a)
{
	UErrorCode e = U_ZERO_ERROR;
	int32_t n = ucnv_toUChars(c, NULL, 0, bytes.p, (int32_t)bytes.n, &e), size = 0;
	UChar *wide = arena_take(a, ((size_t)n + 1) * sizeof *wide);
	char *out;

	if (!wide || (U_FAILURE(e) && e != U_BUFFER_OVERFLOW_ERROR))
		return SPAN_NONE;
	e = U_ZERO_ERROR;
	ucnv_reset(c);
	n = ucnv_toUChars(c, wide, n + 1, bytes.p, (int32_t)bytes.n, &e);
	if (U_FAILURE(e))
		return SPAN_NONE;
	(void)u_strToUTF8(NULL, 0, &size, wide, n, &e);
	out = arena_take(a, (size_t)size + 1);
	e = U_ZERO_ERROR;
	if (!out)
		return SPAN_NONE;
	(void)u_strToUTF8(out, size + 1, &size, wide, n, &e);
	return U_FAILURE(e) ? SPAN_NONE : (struct span){ out, (size_t)size };
}

struct span
transcode(struct span bytes, struct span name, struct arena *a)
{
	UConverter *c = open_set(name);
	struct span text = SPAN_NONE;

	if (c && bytes.n < INT32_MAX / 4)
		text = convert(c, bytes, a);
	ucnv_close(c);
	return text;
}

struct span
transcode_wide(struct span bytes, struct arena *a)
{
	static const struct {
		const char *begin;
		size_t n;
		const char *icu;
	} marks[] = {
		{ "\xff\xfe\0\0", 4, "UTF-32" }, { "\0\0\xfe\xff", 4, "UTF-32" }, { "M\0\0\0", 4, "UTF-32LE" },
		{ "\0\0\0M", 4, "UTF-32BE" }, { "\xff\xfe", 2, "UTF-16" }, { "\xfe\xff", 2, "UTF-16" },
		{ "M\0", 2, "UTF-16LE" }, { "\0M", 2, "UTF-16BE" },
	};
	const unsigned char *first = (const unsigned char *)bytes.p;
	struct span text = SPAN_NONE;
	UErrorCode e = U_ZERO_ERROR;
	UConverter *c;

	if (bytes.n < 2 || (first[1] != '\0' && first[0] != '\0' && first[0] < 0xfe))
		return SPAN_NONE;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		if (bytes.n < marks[i].n || memcmp(bytes.p, marks[i].begin, marks[i].n) != 0)
			continue;
		c = ucnv_open(marks[i].icu, &e);
		if (U_SUCCESS(e) && bytes.n < INT32_MAX / 4)
			text = convert(c, bytes, a);
		ucnv_close(c);
		break;
	}
	return text;
}
