/* test_hl7.c - messages as they come: delimiters, segments, fields, paths, escapes, characters, times. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/hl7.h"

static struct hl7 *m;
static struct arena arena;

static enum hl7_result
read_text(const char *text)
{
	return hl7_read(m, span_of(text));
}

/* The value at a path, "-" when absent. */
static const char *
at(const char *path)
{
	static char out[256];
	struct hl7_path p;
	struct fault f = { 0 };
	struct span v;

	assert_true(hl7_path_read(path, &p, &f));
	v = hl7_get(m, hl7_whole(m), &p);
	span_copy(out, sizeof out, v.p ? v : span_of("-"));
	return out;
}

TEST(delimiters)
{
	static const struct {
		const char *rule, *message;
		enum hl7_result result;
		bool repaired;
	} rows[] = {
		{ "four characters", "MSH|^~\\&|A", HL7_OK, false },
		{ "five since 2.7", "MSH|^~\\&#|A", HL7_OK, false },
		{ "others than usual", "MSH$%~\\&$A", HL7_OK, false },
		{ "two are filled up", "MSH|^~|A", HL7_OK, true },
		{ "a lost backslash is put back", "MSH|^~&|A", HL7_OK, true },
		{ "a doubled backslash is one", "MSH|^~\\\\&|A", HL7_OK, true },
		{ "bare MSH", "MSH", HL7_OK, true },
		{ "lower case", "msh|^~\\&|A", HL7_OK, false },
		{ "two are equal", "MSH|^^\\&|A", HL7_BAD_DELIMS, false },
		{ "one is the field separator", "MSH|^~\\||A", HL7_OK, true },
		{ "letters", "MSH|abcd|A", HL7_BAD_DELIMS, false },
		{ "a letter separates", "MSHX^~\\&XA", HL7_BAD_DELIMS, false },
		{ "blanks before", "\n  MSH|^~\\&|A", HL7_OK, false },
		{ "a byte order mark", "\xef\xbb\xbfMSH|^~\\&|A", HL7_OK, false },
		{ "something else first", "PID|1\rMSH|^~\\&|A", HL7_NO_MSH, false },
		{ "a batch header first", "FHS|^~\\&|A\rMSH|^~\\&|A", HL7_NO_MSH, false },
		{ "nothing", "", HL7_NO_MSH, false },
		{ "line ends only", "\r\r\n\r", HL7_NO_MSH, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		same_int(rows[i].rule, read_text(rows[i].message), rows[i].result);
		if (rows[i].result == HL7_OK)
			same_int(rows[i].rule, hl7_delims(m)->repaired, rows[i].repaired);
	}
}

TEST(segments_and_line_ends)
{
	static const struct {
		const char *rule, *message;
		unsigned segments;
	} rows[] = {
		{ "CR", "MSH|^~\\&|A\rSCH|1\rPID|1\r", 3 },
		{ "the last may lack it", "MSH|^~\\&|A\rSCH|1\rPID|1", 3 },
		{ "CR LF", "MSH|^~\\&|A\r\nSCH|1\r\nPID|1\r\n", 3 },
		{ "LF where no CR is", "MSH|^~\\&|A\nSCH|1\nPID|1\n", 3 },
		{ "an LF in text where CR is", "MSH|^~\\&|A\rNTE|1||two\nlines\rPID|1\r", 3 },
		{ "empty ones are skipped", "MSH|^~\\&|A\r\r\r\rSCH|1\r\r", 2 },
		{ "blanks before a name", "MSH|^~\\&|A\r   SCH|1\r", 2 },
		{ "Z segments", "MSH|^~\\&|A\rZCH|x\r", 2 },
		{ "a name alone", "MSH|^~\\&|A\rRGS\r", 2 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		same_int(rows[i].rule, read_text(rows[i].message), HL7_OK);
		same_int(rows[i].rule, hl7_segments(m), rows[i].segments);
	}
	(void)read_text("MSH|^~\\&|A\r   sch|1\r");
	holds("names are compared without case", hl7_is(m, 1, "SCH"));
}

TEST(paths)
{
	static const struct {
		const char *path, *value;
	} rows[] = {
		{ "MSH-1", "|" }, { "MSH-2", "^~\\&" }, { "MSH-3", "EPIC^1.2^ISO" }, { "MSH-3.1", "EPIC" }, { "MSH-3.3", "ISO" },
		{ "MSH-10", "77" }, { "SCH-2.1", "4711" }, { "SCH-11.4", "20261127090000" }, { "SCH-11(1).4", "20261128090000" },
		{ "/SCH-11.4", "20261127090000" }, { "PID-3.1", "1" }, { "PID-3(1).5", "MR" }, { "PID-3(2)", "-" },
		{ "PID-13(1).1", "222" }, { "PID-13(*).3", "PH" }, { "AIL(0)-3.1", "ROOM1" }, { "AIL(1)-3.1", "ROOM2" },
		{ "AIL(2)-3.1", "-" }, { "AIL(*)-4", "DEPT" }, { "PID-3.4.2", "9.9" }, { "PID-3.4.1", "AUTH" }, { "PID-99", "-" },
		{ "ZZZ-1", "-" }, { "PID-5.2", "-" },
	};

	(void)read_text("MSH|^~\\&|EPIC^1.2^ISO|L|||20261120||SIU^S12|77|P|2.5\rSCH|1|4711^E|||||||||^^30^20261127090000~^^30^20261128090000\r"
	                "PID|1||1^^^AUTH&9.9~2^^^^MR||Name||||||||111^PRN^PH~222^PRN^CP\rAIL|1|A|ROOM1\rAIL|2|A|ROOM2|DEPT\r");
	for (size_t i = 0; i < COUNT(rows); i++)
		same_text(rows[i].path, at(rows[i].path), rows[i].value);
}

TEST(paths_that_are_wrong)
{
	static const struct {
		const char *path, *says;
	} rows[] = {
		{ "", "segment name" }, { "SC-1", "segment name" }, { "SCHX-1", "'-'" }, { "SCH", "'-'" }, { "SCH-", "field number" },
		{ "SCH-0", "field number" }, { "SCH-256", "field number" }, { "SCH-1.", "component" }, { "SCH-1.0", "component" },
		{ "SCH-1.2.0", "subcomponent" }, { "SCH-1(x)", "(NUMBER)" }, { "SCH(-1", "(NUMBER)" }, { "SCH-1.2.3.4", "the end" },
		{ "SCH-11.4 ", "the end" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hl7_path p;
		struct fault f = { 0 };

		holds(rows[i].path, !hl7_path_read(rows[i].path, &p, &f));
		if (!strstr(f.text, rows[i].says))
			fail_msg("%s: \"%s\" does not say %s", rows[i].path, f.text, rows[i].says);
	}
}

TEST(escapes)
{
	static const struct {
		const char *raw, *text;
	} rows[] = {
		{ "plain", "plain" }, { "a\\F\\b", "a|b" }, { "a\\S\\b", "a^b" }, { "a\\T\\b", "a&b" }, { "a\\R\\b", "a~b" },
		{ "a\\E\\b", "a\\b" }, { "a\\.br\\b", "a b" }, { "a\\.sp\\b", "a b" }, { "a\\.sp 2\\b", "a b" }, { "\\H\\bold\\N\\", "bold" },
		{ "\\X41\\", "A" }, { "\\X4142\\", "AB" }, { "\\x41\\", "A" }, { "\\X0A\\", "" }, { "\\X4\\", "\\X4\\" },
		{ "\\XZZ\\", "\\XZZ\\" }, { "\\Q\\", "\\Q\\" }, { "open \\end", "open \\end" }, { "\\", "\\" }, { "\\\\auth\\share", "\\\\auth\\share" },
		{ "\\F", "\\F" }, { "\\F\\\\F\\", "||" }, { "\\Zlocal\\", "\\Zlocal\\" }, { "CT leg \\\\auth", "CT leg \\\\auth" },
	};

	(void)read_text("MSH|^~\\&|A");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span v = hl7_unescape(hl7_delims(m), span_of(rows[i].raw), &arena);

		same_bytes(rows[i].raw, v.p, v.n, rows[i].text, strlen(rows[i].text));
	}
	holds("only \"\" deletes", hl7_is_null(span_of("\"\"")) && !hl7_is_null(span_of("")) && !hl7_is_null(span_of("\"")));
}

TEST(characters)
{
	static const struct {
		const char *rule, *bytes, *declared;
		enum hl7_charset set;
		bool guessed;
		const char *text;
	} rows[] = {
		{ "ASCII", "Jose", "", HL7_UTF8, false, "Jose" },
		{ "UTF-8 wins over what is declared", "Jos\xc3\xa9", "8859/1", HL7_UTF8, false, "Jos\xc3\xa9" },
		{ "Latin-1 as declared", "Jos\xe9", "8859/1 ", HL7_LATIN1, false, "Jos\xc3\xa9" },
		{ "nothing declared: Windows-1252, guessed", "Jos\xe9 \x80", "", HL7_CP1252, true, "Jos\xc3\xa9 \xe2\x82\xac" },
		{ "declared UTF-8 that is none", "Jos\xe9", "UNICODE UTF-8", HL7_CP1252, true, "Jos\xc3\xa9" },
		{ "overlong is no UTF-8", "\xc0\xaf", "", HL7_CP1252, true, "\xc3\x80\xc2\xaf" },
		{ "a surrogate is no UTF-8", "\xed\xa0\x80", "", HL7_CP1252, true, NULL },
		{ "what we cannot read", "\x83\x65", "SHIFT_JIS", HL7_CHARSET_UNSUPPORTED, false, NULL },
		{ "UTF-16", "\xff\xfeM", "", HL7_CHARSET_UNSUPPORTED, false, NULL },
		{ "another 8859", "\xe9", "8859/5", HL7_CHARSET_UNSUPPORTED, false, NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool guessed;
		enum hl7_charset set = hl7_charset_of(span_of(rows[i].bytes), span_of(rows[i].declared), &guessed);
		struct span v;

		same_int(rows[i].rule, set, rows[i].set);
		same_int(rows[i].rule, guessed, rows[i].guessed);
		if (!rows[i].text)
			continue;
		v = hl7_to_utf8(span_of(rows[i].bytes), set, &arena);
		same_bytes(rows[i].rule, v.p, v.n, rows[i].text, strlen(rows[i].text));
	}
}

TEST(times)
{
	static const struct {
		const char *text;
		enum hl7_time_result result;
		int year, month, day, hour, minute, second, precision, offset;
	} rows[] = {
		{ "20261127090000", HL7_TIME_OK, 2026, 11, 27, 9, 0, 0, 14, 9999 },
		{ "202611270900", HL7_TIME_OK, 2026, 11, 27, 9, 0, 0, 12, 9999 },
		{ "2026112709", HL7_TIME_OK, 2026, 11, 27, 9, 0, 0, 10, 9999 },
		{ "20261127", HL7_TIME_OK, 2026, 11, 27, 0, 0, 0, 8, 9999 },
		{ "202611", HL7_TIME_OK, 2026, 11, 1, 0, 0, 0, 6, 9999 },
		{ "2026", HL7_TIME_OK, 2026, 1, 1, 0, 0, 0, 4, 9999 },
		{ "20261127090000-0600", HL7_TIME_OK, 2026, 11, 27, 9, 0, 0, 14, -360 },
		{ "20261127090000.1234+0530", HL7_TIME_OK, 2026, 11, 27, 9, 0, 0, 14, 330 },
		{ "2010052711090000", HL7_TIME_OK, 2010, 5, 27, 11, 9, 0, 14, 9999 },
		{ "200803061000 ", HL7_TIME_OK, 2008, 3, 6, 10, 0, 0, 12, 9999 },
		{ "20240229", HL7_TIME_OK, 2024, 2, 29, 0, 0, 0, 8, 9999 },
		{ "20261127090000^S", HL7_TIME_OK, 2026, 11, 27, 9, 0, 0, 14, 9999 },
		{ "", HL7_TIME_EMPTY, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "\"\"", HL7_TIME_EMPTY, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "20230229", HL7_TIME_BAD, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "20261301", HL7_TIME_BAD, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "202611272400", HL7_TIME_BAD, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "202611270960", HL7_TIME_BAD, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "2026112", HL7_TIME_BAD, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "20261127090000+2400", HL7_TIME_BAD, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "20261127090000Z", HL7_TIME_BAD, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ "tomorrow", HL7_TIME_BAD, 0, 0, 0, 0, 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hl7_time t;

		same_int(rows[i].text, hl7_time_read(span_of(rows[i].text), &t), rows[i].result);
		if (rows[i].result != HL7_TIME_OK)
			continue;
		same_int(rows[i].text, t.year * 10000 + t.month * 100 + t.day, rows[i].year * 10000 + rows[i].month * 100 + rows[i].day);
		same_int(rows[i].text, t.hour * 10000 + t.minute * 100 + t.second, rows[i].hour * 10000 + rows[i].minute * 100 + rows[i].second);
		same_int(rows[i].text, t.precision, rows[i].precision);
		same_int(rows[i].text, t.has_offset ? t.offset_min : 9999, rows[i].offset);
	}
}

TEST(heaps_of_nothing)
{
	size_t n = 1 << 20;
	char *big = malloc(n);

	assert_non_null(big);
	memset(big, '|', n);
	memcpy(big, "MSH|^~\\&", 8);
	same_int("a megabyte of separators", hl7_read(m, span_from(big, n)), HL7_TOO_MANY);
	memset(big + 8, '~', n - 8);
	big[8] = '|';
	same_int("a megabyte of repetitions", hl7_read(m, span_from(big, n)), HL7_OK);
	same_text("is walked once", at("MSH-3(*)"), "-");
	memset(big + 8, '\r', n - 8);
	same_int("a megabyte of line ends", hl7_read(m, span_from(big, n)), HL7_OK);
	for (size_t i = 8; i + 2 < n; i += 2)
		memcpy(big + i, "A\r", 2);
	same_int("half a million segments", hl7_read(m, span_from(big, n)), HL7_TOO_MANY);
	memset(big + 8, 0, n - 8);
	same_int("zeros", hl7_read(m, span_from(big, n)), HL7_OK);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(delimiters), RUN(segments_and_line_ends), RUN(paths), RUN(paths_that_are_wrong),
		RUN(escapes), RUN(characters), RUN(times), RUN(heaps_of_nothing) };
	int failed;

	m = hl7_new();
	arena_init(&arena, 1 << 20);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_clear(&arena);
	hl7_free(m);
	return failed;
}
