/* test_pattern.c - patterns match what they should, and none of them can hang us. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/pattern.h"

TEST(patterns_match)
{
	static const struct {
		const char *rule, *pattern;
		struct span text;
		bool matches;
	} rows[] = {
		{ "anywhere", "CARD", SPAN_LIT("3W CARDIOLOGY"), true },
		{ "case-blind", "cardiology", SPAN_LIT("CARDIOLOGY"), true },
		{ "anchored at both ends", "^CARD$", SPAN_LIT("CARDIOLOGY"), false },
		{ "anchored and whole", "^CARD\\d+$", SPAN_LIT("CARD42"), true },
		{ "one of several", "oncology|hiv|behavioral", SPAN_LIT("Behavioral Health"), true },
		{ "another department", "oncology", SPAN_LIT("CARDIOLOGY"), false },
		{ "letters beyond ASCII fold too", "ÉCHO", SPAN_LIT("écho"), true },
		{ "one letter is one character", "^.$", SPAN_LIT("é"), true },
		{ "nothing in nothing", "^$", SPAN_LIT(""), true },
		{ "something in nothing", ".", SPAN_LIT(""), false },
		{ "an empty pattern is in everything", "", SPAN_LIT("x"), true },
		{ "bytes that are not UTF-8 do no harm", "x", SPAN_LIT("\xff\xfe x"), true },
		{ "bytes that are not UTF-8 match nothing", ".", SPAN_LIT("\xff"), false },
		{ "a NUL inside is a character", "a.b", SPAN_LIT("a\0b"), true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault f = { 0 };
		struct pattern *p = NULL;

		holds(rows[i].rule, pattern_new(rows[i].pattern, &p, &f));
		same_text("it is kept as configured", pattern_text(p), rows[i].pattern);
		same_int(rows[i].rule, pattern_matches(p, rows[i].text), rows[i].matches);
		pattern_free(p);
	}
}

TEST(a_bad_pattern_says_where)
{
	static const struct {
		const char *rule, *pattern, *says;
	} rows[] = {
		{ "a bracket that is not closed", "CARD(", "character 6" },
		{ "a set that is not closed", "[a-", "character 4" },
		{ "nothing to repeat", "*CARD", "character 1" },
		{ "a range the wrong way round", "[z-a]", "out of order" },
		{ "an unknown class", "[[:clinic:]]", "POSIX class" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault f = { 0 };
		struct pattern *p = NULL;

		holds(rows[i].rule, !pattern_new(rows[i].pattern, &p, &f));
		holds("nothing is given", !p);
		if (!strstr(f.text, rows[i].says) || !strstr(f.text, rows[i].pattern))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].rule, f.text, rows[i].says);
	}
}

TEST(no_pattern_hangs)
{
	static const char *const evil[] = { "^(a+)+$", "^(a|a)*$", "^(.*a){12}$",
		"^(([a-z])+.)+[A-Z]([a-z])+$" };
	char text[4001];

	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '!';
	for (size_t i = 0; i < COUNT(evil); i++) {
		struct fault f = { 0 };
		struct pattern *p = NULL;

		holds(evil[i], pattern_new(evil[i], &p, &f));
		holds(evil[i], !pattern_matches(p, (struct span){ text, sizeof text }));
		pattern_free(p);
	}
}

TEST(what_takes_too_many_steps_does_not_match)
{
	struct fault f = { 0 };
	struct pattern *p = NULL;

	holds("it is a good pattern", pattern_new("^(?:a?){18}a{18}$", &p, &f));
	holds("few steps", pattern_matches(p, SPAN_LIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
	holds("a quarter of a million", !pattern_matches(p, SPAN_LIT("aaaaaaaaaaaaaaaaaa")));
	pattern_free(p);
}

TEST(a_list_matches_when_one_does)
{
	struct pattern *items[2] = { NULL, NULL };
	struct pattern_list l = { items, 2 }, none = { NULL, 0 };
	struct fault f = { 0 };

	holds("first", pattern_new("^CARD", &items[0], &f));
	holds("second", pattern_new("ECHO$", &items[1], &f));
	holds("the first", pattern_list_matches(&l, SPAN_LIT("CARDIOLOGY")));
	holds("the last", pattern_list_matches(&l, SPAN_LIT("STRESS ECHO")));
	holds("neither", !pattern_list_matches(&l, SPAN_LIT("ONCOLOGY")));
	holds("an empty list matches nothing", !pattern_list_matches(&none, SPAN_LIT("CARDIOLOGY")));
	pattern_free(items[0]);
	pattern_free(items[1]);
	pattern_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(patterns_match),
		RUN(a_bad_pattern_says_where),
		RUN(no_pattern_hangs),
		RUN(what_takes_too_many_steps_does_not_match),
		RUN(a_list_matches_when_one_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
