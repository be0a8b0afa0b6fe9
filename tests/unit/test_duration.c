/* test_duration.c - durations as people write them, and the word they meant. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/conf.h"

TEST(durations_with_a_unit_are_seconds)
{
	static const struct {
		const char *rule, *text;
		int64_t seconds;
	} rows[] = {
		{ "seconds", "90s", 90 },
		{ "minutes", "15min", 900 },
		{ "hours", "24h", 86400 },
		{ "days", "3d", 259200 },
		{ "years, for retention", "6y", 189216000 },
		{ "nothing needs no unit", "0", 0 },
		{ "nothing may have one", "0s", 0 },
		{ "leading zeros", "007s", 7 },
		{ "the most", "1000000000s", 1000000000 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault f = { 0 };
		int64_t n = -1;

		holds(rows[i].rule, conf_duration(rows[i].text, &n, &f));
		same_int(rows[i].rule, n, rows[i].seconds);
	}
}

TEST(what_is_no_duration_says_what_would_be)
{
	static const struct {
		const char *rule, *text, *says;
	} rows[] = {
		{ "a bare number gets a unit", "24", "write 24s, 24min, 24h or 24d" },
		{ "two zeros are a number without a unit", "00", "has no unit" },
		{ "nothing at all", "", "as 90s, 15min, 24h or 3d" },
		{ "a unit alone", "min", "as 90s, 15min, 24h or 3d" },
		{ "m could be months", "15m", "\"m\" is no unit" },
		{ "capitals are not guessed", "24H", "\"H\" is no unit" },
		{ "a blank between", "24 h", "\" h\" is no unit" },
		{ "a blank before", " 24h", "is no duration" },
		{ "a sign", "-5min", "is no duration" },
		{ "a fraction", "1.5h", "is no unit" },
		{ "two parts", "1h30min", "is no unit" },
		{ "more than fits", "99999999999999999999s", "is no duration" },
		{ "more than is meant", "1000000001s", "is no duration" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault f = { 0 };
		int64_t n = -1;

		holds(rows[i].rule, !conf_duration(rows[i].text, &n, &f));
		same_int("the result is left alone", n, -1);
		same_int(rows[i].rule, f.kind, FAULT_OPERATOR);
		if (!strstr(f.text, rows[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].rule, f.text, rows[i].says);
	}
}

TEST(the_nearest_word_is_the_one_that_was_meant)
{
	static const char *const known[] = { "number", "time_zone", "languages", "fhir_base_url", "window",
		"id", NULL };
	static const struct {
		const char *rule, *word, *near;
	} rows[] = {
		{ "two letters changed places", "numebr", "number" },
		{ "one letter too many", "numbber", "number" },
		{ "one letter missing", "windw", "window" },
		{ "a long word may have more mistakes", "fhir_bsae_ulr", "fhir_base_url" },
		{ "a hyphen for an underscore", "time-zone", "time_zone" },
		{ "the word itself", "languages", "languages" },
		{ "a short word has one mistake", "if", "id" },
		{ "another word is not near", "certificate", "" },
		{ "nothing is near to nothing", "", "" },
		{ "a very long word is no trouble",
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaa",
		    "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *near = conf_nearest(rows[i].word, known);

		same_text(rows[i].rule, near ? near : "", rows[i].near);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(durations_with_a_unit_are_seconds),
		RUN(what_is_no_duration_says_what_would_be),
		RUN(the_nearest_word_is_the_one_that_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
