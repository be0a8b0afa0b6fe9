/* test_profile.c - what a profile may say, and how a bad one is told. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/builtin.h"
#include "siu/profile.h"

/* What every profile must say. */
#define NEEDED \
	"appointment_id = {SCH-2.1}\nstart = {SCH-11.4}\npatient = {\"PID-3(*)\"}\n" \
	"phone = {\"PID-13(*)\"}\ndeceased = {PID-30}\nstatus_canceled = {cancelled}\n" \
	"status_no_show = {noshow}\nstatus_deleted = {deleted}\n"

TEST(built_in_profiles_are_good)
{
	static const char *const names[] = { "schemas/hl7/epic.conf", "schemas/hl7/oracle-health.conf",
		"schemas/hl7/generic.conf" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const struct builtin *b = builtin_find(names[i]);
		struct siu_profile *p = NULL;
		struct fault f = { .kind = FAULT_NONE };

		holds(names[i], b != NULL);
		if (!siu_profile_read(names[i], (struct span){ b->text, b->n }, &p, &f))
			fail_msg("%s", f.text);
		holds("Epic's SCH-1 names nothing",
		    i != 0 ||
		        (p->appointment_id.n == 2 && strcmp(p->appointment_id.item[1].segment, "PV1") == 0));
		same_text(names[i], p->appointment_id.item[0].segment, "SCH");
		same_int("SCH-2.1 comes first", p->appointment_id.item[0].field, 2);
		same_int("all six places of the start", p->start.n, 6);
		same_int("every row of a resource", p->start.item[2].segment_rep, -1);
		same_int("PID-13, -14, -40", p->phone.n, 3);
		same_int("every number of a field", p->phone.item[2].field_rep, -1);
		same_int("no consent by itself", p->consent.n, 0);
		same_int("seven lengths", p->duration.n, 7);
		holds("a length with its unit", p->duration.item[0].has_unit);
		same_int("a length with its unit", p->duration.item[0].unit.field, 10);
		holds("a length without", !p->duration.item[2].has_unit);
		siu_profile_free(p);
	}
}

TEST(bad_profiles_are_told)
{
	static const struct {
		const char *rule, *text, *fault;
	} rows[] = {
		{ "a key that there is not", "\n\nstrat = {SCH-11}\n" NEEDED,
		    "ours:3: no such option 'strat'" },
		{ "a path that is none", "end = {SCH-11.5,\n \"SCH11\"}\n" NEEDED,
		    "ours:2: end: path \"SCH11\"" },
		{ "field 0", "end = {SCH-0}\n" NEEDED, "ours:1: end: path \"SCH-0\"" },
		{ "a unit that is no path", "duration = {\"SCH-9 minutes\"}\n" NEEDED,
		    "ours:1: duration: path \"minutes\"" },
		{ "a list that begins anew", NEEDED "end = {SCH-11.5}\nend = {TQ1-8}\n",
		    "ours:10: end: is given twice" },
		{ "one longer than the first", NEEDED "end = {SCH-11.5}\nend = {TQ1-8, TQ1-9}\n",
		    "end: is given twice" },
		{ "a list that is added to", NEEDED "end = {SCH-11.5}\nend += {TQ1-8}\n",
		    "end: is given twice" },
		{ "a bare value twice", NEEDED "end = SCH-11.5\nend = TQ1-8\n", "end: is given twice" },
		{ "a comment's lines are counted", "# one\n/* two\n three */\n// four\nstrat = {x}\n" NEEDED,
		    "ours:5: " },
		{ "a brace that is not closed", NEEDED "end = {SCH-11.5\n", "ours:" },
		{ "no equal sign", NEEDED "end {SCH-11.5}\n", "ours:9: " },
		{ "nothing at all", "", "ours: appointment_id is missing" },
		{ "a needed list that is empty", "start = {}\nappointment_id = {SCH-2}\n",
		    "ours: start is missing" },
		{ "a word too long", NEEDED "status_arrived = {\"abcdefghijklmnopqrstuvwxyzabcdefghi\"}\n",
		    "is no word of" },
		{ "a word of nothing", NEEDED "status_arrived = {\" - \"}\n", "is no word of" },
		{ "a value too long",
		    NEEDED "end = {\"SCH-11.5                                      "
		    "                                              \"}\n", "end: a value is at most" },
		{ "too many paths",
		    NEEDED
		    "end = {A01-1,A02-1,A03-1,A04-1,A05-1,A06-1,A07-1,A08-1,A09-1,A10-1,A11-1,A12-1,A13-1,"
		    "A14-1,A15-1,A16-1,A17-1}\n", "end: more than 16 paths" },
		{ "the program's own option", "\"-\" = 1\n" NEEDED, "ours:1: no such option '-'" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct siu_profile *p = NULL;
		struct fault f = { .kind = FAULT_NONE };

		if (siu_profile_read("ours", span_of(rows[i].text), &p, &f))
			fail_msg("%s: was taken", rows[i].rule);
		holds(rows[i].rule, !p && f.kind == FAULT_OPERATOR);
		if (!strstr(f.text, rows[i].fault))
			fail_msg("%s: got \"%s\", want \"%s\"", rows[i].rule, f.text, rows[i].fault);
	}
}

TEST(a_zero_byte_is_no_text)
{
	struct siu_profile *p = NULL;
	struct fault f = { .kind = FAULT_NONE };

	holds("a zero byte", !siu_profile_read("ours", SPAN_LIT(NEEDED "\0end = {TQ1-8}\n"), &p, &f));
	same_text("a zero byte", f.text, "ours: not a text file");
}

TEST(values_may_be_written_in_any_way)
{
	static const char text[] =
	    "end = {SCH-11.5, 'TQ1-8',\n# \"not this\n \"sch-11.6\",} // nor this\n" NEEDED;
	struct siu_profile *p = NULL;
	struct fault f = { .kind = FAULT_NONE };

	if (!siu_profile_read("ours", span_of(text), &p, &f))
		fail_msg("%s", f.text);
	same_int("three", p->end.n, 3);
	same_text("lower case", p->end.item[2].segment, "SCH");
	same_int("its component", p->end.item[2].component, 6);
	siu_profile_free(p);
}

TEST(words_are_compared_without_dress)
{
	struct word_list l = { .n = 0 };

	holds("taken", word_list_add(&l, "No-Show"));
	same_text("kept bare", l.item[0], "noshow");
	holds("upper case", word_list_has(&l, SPAN_LIT("NOSHOW")));
	holds("with blanks", word_list_has(&l, SPAN_LIT("no show ")));
	holds("with underscores", word_list_has(&l, SPAN_LIT("no_show")));
	holds("no part of a word", !word_list_has(&l, SPAN_LIT("no")));
	holds("no longer word", !word_list_has(&l, SPAN_LIT("noshows")));
	holds("nothing is no word", !word_list_has(&l, SPAN_NONE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(built_in_profiles_are_good),
		RUN(bad_profiles_are_told),
		RUN(a_zero_byte_is_no_text),
		RUN(values_may_be_written_in_any_way),
		RUN(words_are_compared_without_dress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
