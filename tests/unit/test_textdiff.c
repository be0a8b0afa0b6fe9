/* test_textdiff.c - what changed between two texts. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/textdiff.h"

TEST(changed_lines_are_named)
{
	static const struct {
		const char *rule, *before, *now, *want;
	} rows[] = {
		{ "nothing", "a\nb\n", "a\nb\n", "" },
		{ "both empty", "", "", "" },
		{ "from nothing", "", "a\nb\n", "+a\n+b\n" },
		{ "to nothing", "a\n", "", "-a\n" },
		{ "one changed", "a\nb\nc\n", "a\nB\nc\n", "-b\n+B\n" },
		{ "one more", "a\nc\n", "a\nb\nc\n", "+b\n" },
		{ "one less", "a\nb\nc\n", "a\nc\n", "-b\n" },
		{ "two places", "a\nb\nc\nd\ne\n", "A\nb\nc\nd\nE\n", "-a\n+A\n-e\n+E\n" },
		{ "moved", "a\nb\nc\n", "c\na\nb\n", "+c\n-c\n" },
		{ "no line end at the end", "a", "a\nb", "+b\n" },
		{ "in its file", "\x1c/x\na\nb\n\x1c/y\na\nb\n", "\x1c/x\na\nb\n\x1c/y\na\nc\n", "@ /y\n-b\n+c\n" },
		{ "a file that is new", "\x1c/x\na\n", "\x1c/x\na\n\x1c/y\nb\n", "@ /y\n+b\n" },
		{ "a file that is gone", "\x1c/x\na\n\x1c/y\nb\n", "\x1c/x\na\n", "@ /y\n-b\n" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;

		buf_init(&out, 4096);
		holds(rows[i].rule, textdiff(span_of(rows[i].before), span_of(rows[i].now), &out));
		same_text(rows[i].rule, buf_text(&out), rows[i].want);
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(changed_lines_are_named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
