/* test_span.c - borrowed bytes: comparing, cutting, copying, numbers up to a limit. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/span.h"

TEST(same_or_not)
{
	static const struct {
		const char *rule;
		struct span a, b;
		bool same, folded;
	} rows[] = {
		{ "equal bytes", SPAN_LIT("abc"), SPAN_LIT("abc"), true, true },
		{ "case counts unless folded", SPAN_LIT("AbC"), SPAN_LIT("aBc"), false, true },
		{ "a beginning is not the whole", SPAN_LIT("ab"), SPAN_LIT("abc"), false, false },
		{ "nothing equals empty", { NULL, 0 }, SPAN_LIT(""), true, true },
		{ "nothing is not something", { NULL, 0 }, SPAN_LIT("a"), false, false },
		{ "a zero byte is a byte", SPAN_LIT("a\0b"), SPAN_LIT("a\0c"), false, false },
		{ "only letters fold: [ and {", SPAN_LIT("["), SPAN_LIT("{"), false, false },
		{ "only letters fold: @ and `", SPAN_LIT("@"), SPAN_LIT("`"), false, false },
		{ "only ASCII folds", SPAN_LIT("\xc4"), SPAN_LIT("\xe4"), false, false },
		{ "the last letters fold", SPAN_LIT("AZ"), SPAN_LIT("az"), false, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		same_int(rows[i].rule, span_eq(rows[i].a, rows[i].b), rows[i].same);
		same_int(rows[i].rule, span_eq(rows[i].b, rows[i].a), rows[i].same);
		same_int(rows[i].rule, span_eq_nocase(rows[i].a, rows[i].b), rows[i].folded);
		same_int(rows[i].rule, span_eq_nocase(rows[i].b, rows[i].a), rows[i].folded);
	}
	holds("against text", span_is(SPAN_LIT("SIU"), "SIU") && !span_is(SPAN_LIT("SIU"), "siu"));
	holds("folded text",
	    span_is_nocase(SPAN_LIT("SIU"), "siu") && !span_is_nocase(SPAN_LIT("SIU"), "siux"));
	holds("no text is nothing", span_of(NULL).p == NULL && span_of(NULL).n == 0);
}

TEST(finding)
{
	static const struct {
		const char *rule, *hay, *needle;
		long at;
	} rows[] = {
		{ "at the front", "Stop now", "sTOP", 0 },
		{ "at the end", "please stop", "STOP", 7 },
		{ "after a false start", "ststop", "stop", 2 },
		{ "the first of two", "stop stop", "stop", 0 },
		{ "nowhere", "sto p", "stop", -1 },
		{ "longer than the hay", "st", "stop", -1 },
		{ "in nothing", "", "stop", -1 },
		{ "the empty word is at the front", "stop", "", 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		same_int(rows[i].rule, span_find_nocase(span_of(rows[i].hay), rows[i].needle), rows[i].at);
	same_int("does not read past the end", span_find_nocase(span_from("stop", 3), "stop"), -1);
}

TEST(trimming)
{
	static const struct {
		const char *rule, *in, *out;
	} rows[] = {
		{ "both ends", " \t a \t ", "a" },
		{ "blanks inside stay", "\ta b ", "a b" },
		{ "blanks only", " \t ", "" },
		{ "nothing", "", "" },
		{ "a line end is no blank", "a\r\n", "a\r\n" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span got = span_trim(span_of(rows[i].in));

		same_bytes(rows[i].rule, got.n ? got.p : "", got.n, rows[i].out, strlen(rows[i].out));
	}
	same_int("nothing at all", span_trim(SPAN_NONE).n, 0);
}

TEST(cutting)
{
	static const struct {
		const char *rule, *in, *part, *rest; /* rest NULL: there is none */
	} rows[] = {
		{ "first of three", "a^b^c", "a", "b^c" },
		{ "no separator", "abc", "abc", NULL },
		{ "empty first part", "^b", "", "b" },
		{ "a separator at the end leaves an empty part", "a^", "a", "" },
		{ "nothing", "", "", NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span rest, part = span_cut(span_of(rows[i].in), '^', &rest);

		same_bytes(rows[i].rule, part.n ? part.p : "", part.n, rows[i].part, strlen(rows[i].part));
		same_int(rows[i].rule, rest.p != NULL, rows[i].rest != NULL);
		if (rows[i].rest)
			same_bytes(rows[i].rule, rest.p, rest.n, rows[i].rest, strlen(rows[i].rest));
	}

	size_t parts = 0;

	for (struct span left = SPAN_LIT("a^^b^"), part; left.p; parts++) {
		part = span_cut(left, '^', &left);
		holds("a part is shorter than the whole", part.n < 5);
	}
	same_int("a loop sees each part, the empty ones too", parts, 4);
	holds("nothing at all", span_cut(SPAN_NONE, '^', &(struct span){ "x", 1 }).n == 0);
}

TEST(copying)
{
	static const struct {
		const char *rule;
		size_t cap;
		const char *in, *out;
	} rows[] = {
		{ "with room", 8, "abc", "abc" },
		{ "room to the byte", 4, "abc", "abc" },
		{ "cut to leave the terminator", 3, "abc", "ab" },
		{ "room for the terminator only", 1, "abc", "" },
		{ "nothing", 8, "", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[9];

		memset(out, '#', sizeof out);
		same_int(rows[i].rule, span_copy(out, rows[i].cap, span_of(rows[i].in)), strlen(rows[i].out));
		same_text(rows[i].rule, out, rows[i].out);
		same_int("nothing behind the room is touched", out[rows[i].cap], '#');
	}
}

TEST(numbers_up_to_a_limit)
{
	static const struct {
		const char *rule, *text;
		uint64_t max;
		bool ok;
		uint64_t value;
	} rows[] = {
		{ "zero", "0", 0, true, 0 },
		{ "the limit itself", "8", 8, true, 8 },
		{ "one above", "9", 8, false, 0 },
		{ "two digits above a limit of one digit", "19", 5, false, 0 },
		{ "two digits above a limit of one digit, each below it", "11", 5, false, 0 },
		{ "nothing but zero under a limit of zero", "10", 0, false, 0 },
		{ "an hour", "24", 24, true, 24 },
		{ "no hour", "25", 24, false, 0 },
		{ "leading zeros", "0007", 9, true, 7 },
		{ "many leading zeros", "00000000000000000000000000005", 5, true, 5 },
		{ "the largest", "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "larger than the largest", "18446744073709551616", UINT64_MAX, false, 0 },
		{ "larger by a digit", "184467440737095516150", UINT64_MAX, false, 0 },
		{ "nothing", "", 9, false, 0 },
		{ "a sign", "-1", 9, false, 0 },
		{ "a plus", "+1", 9, false, 0 },
		{ "a blank before", " 1", 9, false, 0 },
		{ "a blank behind", "1 ", 9, false, 0 },
		{ "hexadecimal", "0x1", 99, false, 0 },
		{ "the character below 0", "/", 99, false, 0 },
		{ "the character above 9", ":", 99, false, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t n = 4711;

		same_int(rows[i].rule, span_to_u64(span_of(rows[i].text), rows[i].max, &n), rows[i].ok);
		holds(rows[i].rule, n == (rows[i].ok ? rows[i].value : 4711));
	}
	for (uint64_t max = 0; max < 130; max++)
		for (int value = 0; value < 1300; value++) {
			char text[8];
			uint64_t n = 4711;
			size_t at = sizeof text;

			for (int v = value; at == sizeof text || v > 0; v /= 10)
				text[--at] = (char)('0' + v % 10);
			same_int("each number against each limit",
			    span_to_u64(span_from(text + at, sizeof text - at), max, &n),
			    (uint64_t)value <= max);
			same_int("its value, or untouched", n, (uint64_t)value <= max ? value : 4711);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(same_or_not), RUN(finding), RUN(trimming), RUN(cutting),
		RUN(copying), RUN(numbers_up_to_a_limit) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
