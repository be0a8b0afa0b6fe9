/* test_escape.c - escape sequences: those undone, those dropped, those kept as they stand. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/hl7.h"

#define S(text) { text, sizeof(text) - 1 }

/* Never a null pointer, which memcmp() may not be given even for no bytes. */
static void
same_span(const char *rule, struct span got, struct span want)
{
	same_bytes(rule, got.n ? got.p : "", got.n, want.n ? want.p : "", want.n);
}

static const struct {
	const char *rule;
	struct span value, want;
} rows[] = {
	{ "nothing to undo", S("plain text"), S("plain text") },
	{ "the field separator", S("a\\F\\b"), S("a|b") },
	{ "the component separator", S("a\\S\\b"), S("a^b") },
	{ "the subcomponent separator", S("a\\T\\b"), S("a&b") },
	{ "the repetition separator", S("a\\R\\b"), S("a~b") },
	{ "the escape character", S("a\\E\\b"), S("a\\b") },
	{ "the truncation character, where none is declared", S("a\\P\\b"), S("a#b") },
	{ "all of them in a row", S("\\F\\\\S\\\\T\\\\R\\\\E\\"), S("|^&~\\") },
	{ "once only: what comes out is not read again", S("\\E\\F\\E\\"), S("\\F\\") },
	{ "a sequence alone", S("\\T\\"), S("&") },
	{ "a sequence at the beginning", S("\\T\\ Co"), S("& Co") },
	{ "a sequence at the end", S("Co \\T\\"), S("Co &") },
	{ "highlighting is dropped", S("\\H\\bold\\N\\ plain"), S("bold plain") },
	{ "a line break is a blank", S("one\\.br\\two"), S("one two") },
	{ "a skipped line is a blank", S("one\\.sp\\two"), S("one two") },
	{ "several skipped lines are a blank", S("one\\.sp3\\two"), S("one two") },
	{ "skipped lines with a sign and a blank", S("one\\.sp +3\\two"), S("one two") },
	{ "what only begins as a break is kept", S("a\\.brx\\b"), S("a\\.brx\\b") },
	{ "indents and centring show as a blank", S("a\\.in+4\\b\\.ce\\c\\.ti-2\\d"), S("a b c d") },
	{ "filling shows as nothing", S("a\\.fi\\b\\.nf\\c"), S("abc") },
	{ "other commands are kept", S("a\\.zz\\b"), S("a\\.zz\\b") },
	{ "hexadecimal", S("\\X41\\"), S("A") },
	{ "hexadecimal of several bytes", S("\\X414243\\"), S("ABC") },
	{ "hexadecimal in lower case", S("\\x6a\\\\X6A\\"), S("jj") },
	{ "hexadecimal beyond ASCII", S("caf\\XC3A9\\"), S("caf\xc3\xa9") },
	{ "control characters are dropped", S("a\\X0D0A\\b\\X00\\c\\X1F\\"), S("abc") },
	{ "control characters among others", S("\\X410D42\\"), S("AB") },
	{ "a blank is no control character", S("a\\X20\\b"), S("a b") },
	{ "an odd number of digits is kept", S("a\\X4\\b\\X414\\"), S("a\\X4\\b\\X414\\") },
	{ "a digit that is none is kept", S("\\X4G\\ \\XZZ\\"), S("\\X4G\\ \\XZZ\\") },
	{ "no digits are kept", S("a\\X\\b"), S("a\\X\\b") },
	{ "hexadecimal with a dot is kept", S("\\X4.\\"), S("\\X4.\\") },
	{ "signs have no place in a sequence", S("a\\X4{\\b\\X4:\\c"), S("a\\X4{\\b\\X4:\\c") },
	{ "a break that ends in a dot is kept", S("a\\.sp.\\b"), S("a\\.sp.\\b") },
	{ "an unknown letter is kept", S("a\\Q\\b"), S("a\\Q\\b") },
	{ "an unknown sequence does not lend its end", S("\\Q\\F\\"), S("\\Q\\F\\") },
	{ "lower case is unknown", S("a\\f\\b"), S("a\\f\\b") },
	{ "a local sequence is kept", S("\\Zabc12\\"), S("\\Zabc12\\") },
	{ "character set switches are kept", S("\\C2842\\x\\M2442\\"), S("\\C2842\\x\\M2442\\") },
	{ "an escape that does not end", S("open \\end"), S("open \\end") },
	{ "an escape as the last character", S("end\\"), S("end\\") },
	{ "a lone escape character", S("\\"), S("\\") },
	{ "two of them", S("\\\\"), S("\\\\") },
	{ "many of them", S("\\\\\\\\\\\\\\"), S("\\\\\\\\\\\\\\") },
	{ "a lone one before a sequence", S("CT leg \\ auth \\T\\ co"), S("CT leg \\ auth & co") },
	{ "a doubled one before a sequence", S("leg \\\\auth \\T\\"), S("leg \\\\auth &") },
	{ "a path of folders", S("\\\\srv\\scans\\T\\x"), S("\\\\srv\\scans&x") },
	{ "a letter that does not end", S("\\F"), S("\\F") },
	{ "the same sequence twice", S("\\F\\\\F\\"), S("||") },
	{ "a doubled one and nothing to undo", S("CT leg \\\\auth"), S("CT leg \\\\auth") },
	{ "a path of folders and nothing to undo", S("\\\\auth\\share"), S("\\\\auth\\share") },
	{ "skipped lines with a blank", S("a\\.sp 2\\b"), S("a b") },
	{ "a hexadecimal sequence that does not end", S("\\X41"), S("\\X41") },
	{ "NUL stays", S("a\0\\T\\"), S("a\0&") },
	{ "bytes beyond ASCII stay", S("J\xc3\xbcrgen \\T\\"), S("J\xc3\xbcrgen &") },
	{ "the null value stays", S("\"\""), S("\"\"") },
	{ "nothing at all", S(""), S("") },
	{ "nothing is left", S("\\H\\\\N\\"), S("") },
};

TEST(escapes_are_undone_once)
{
	const struct hl7_delims d = { '|', '^', '~', '\\', '&', 0, false };
	struct arena a;

	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span got = hl7_unescape(&d, rows[i].value, &a);
		bool borrows;

		same_span(rows[i].rule, got, rows[i].want);
		borrows = rows[i].value.n == 0 || !memchr(rows[i].value.p, '\\', rows[i].value.n);
		holds("a copy only where there is something to undo", (got.p == rows[i].value.p) == borrows);
	}
	arena_clear(&a);
}

TEST(escapes_follow_the_delimiters_of_the_message)
{
	const struct hl7_delims d = { '!', '#', '*', '@', '+', '%', false };
	struct span got;
	struct arena a;

	arena_init(&a, 4096);
	got = hl7_unescape(&d, span_of("@F@@S@@R@@E@@T@@P@"), &a);
	same_span("every letter gives the message's own", got, span_of("!#*@+%"));
	got = hl7_unescape(&d, span_of("a\\T\\b"), &a);
	same_span("a backslash is a character there", got, span_of("a\\T\\b"));
	arena_clear(&a);
}

TEST(a_full_arena_is_said)
{
	const struct hl7_delims d = { '|', '^', '~', '\\', '&', 0, false };
	struct arena a;

	arena_init(&a, 4);
	holds("no room for the copy", hl7_unescape(&d, span_of("a\\T\\b and more"), &a).p == NULL);
	holds("no copy, no room needed", hl7_unescape(&d, span_of("plain and long"), &a).n == 14);
	arena_clear(&a);
}

/* Quadratic reading of these would take minutes. */
TEST(long_runs_are_undone_in_one_pass)
{
	static const char pattern[] = "\\Q\\\\\\T";
	const struct hl7_delims d = { '|', '^', '~', '\\', '&', 0, false };
	const size_t n = 1 << 20;
	char *p = malloc(n);
	struct arena a;

	assert_non_null(p);
	arena_init(&a, 4 << 20);
	memset(p, '\\', n);
	same_int("1 MiB of escape characters stays", hl7_unescape(&d, span_from(p, n), &a).n, n);
	for (size_t i = 0; i < n; i++)
		p[i] = pattern[i % (sizeof pattern - 1)];
	holds("1 MiB of half sequences never grows", hl7_unescape(&d, span_from(p, n), &a).n <= n);
	arena_clear(&a);
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(escapes_are_undone_once),
		RUN(escapes_follow_the_delimiters_of_the_message),
		RUN(a_full_arena_is_said),
		RUN(long_runs_are_undone_in_one_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
