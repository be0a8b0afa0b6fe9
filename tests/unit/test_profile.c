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
		{ "too many lengths",
		    NEEDED
		    "duration = {A01-1,A02-1,A03-1,A04-1,A05-1,A06-1,A07-1,A08-1,A09-1,A10-1,A11-1,A12-1,A13-1,"
		    "A14-1,A15-1,A16-1,A17-1}\n", "duration: more than 16 paths" },
		{ "a length that is no path", "duration = {SCH9}\n" NEEDED, "ours:1: duration: path \"SCH9\"" },
		{ "too many words",
		    NEEDED
		    "status_arrived = {a1,a2,a3,a4,a5,a6,a7,a8,a9,b1,b2,b3,b4,b5,b6,b7,b8,b9,c1,c2,c3,c4,c5,c6,c7,c8,c9,d1,d2,d3,d4,d5,d6}\n",
		    "the list has over 32" },
		{ "a stroke that begins no comment", "end = {SCH/11}\n" NEEDED, "ours:1: end: path \"SCH/11\"" },
		{ "a comment that does not end", "start = {SCH-11} /* and so on\n" NEEDED, "ours: appointment_id is missing" },
		{ "a backslash at the end", NEEDED "end = \"SCH-11\\", "ours:9: " },
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
	    "end = {SCH-11.5, 'TQ1-8',\n# \"not this\n \"sch-11.6\",} // nor this\n" NEEDED
	    "status_arrived = {\"a\\\"#b\", '#c'} # nor this";
	struct siu_profile *p = NULL;
	struct fault f = { .kind = FAULT_NONE };

	if (!siu_profile_read("ours", span_of(text), &p, &f))
		fail_msg("%s", f.text);
	same_int("three", p->end.n, 3);
	same_text("lower case", p->end.item[2].segment, "SCH");
	same_int("its component", p->end.item[2].component, 6);
	same_int("a sign in quotes begins no comment", p->status_word[VISIT_ARRIVED].n, 2);
	same_text("nor behind a quote that is escaped", p->status_word[VISIT_ARRIVED].item[0], "a\"#b");
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
	holds("with a tabulator", word_list_has(&l, SPAN_LIT("no\tshow")));
	holds("with a zero byte", word_list_has(&l, SPAN_LIT("no\0show\0")));
	holds("no part of a word", !word_list_has(&l, SPAN_LIT("no")));
	holds("no longer word", !word_list_has(&l, SPAN_LIT("noshows")));
	holds("nothing is no word", !word_list_has(&l, SPAN_NONE));
}

TEST(one_key_may_be_said_anew_and_is_told)
{
	static const struct {
		const char *rule, *line, *name, *text, *fault;
	} rows[] = {
		{ "one path", "start = TQ1-7", "start", "TQ1-7", NULL },
		{ "several", "phone = PID-14(*), PID-40.7", "phone", "PID-14(*), PID-40.7", NULL },
		{ "a length", "duration = SCH-9 SCH-10", "duration", "SCH-9", NULL },
		{ "a list that may be empty", "consent =", "consent", "", NULL },
		{ "a list that is emptied with a blank", "consent = ", "consent", "", NULL },
		{ "a value too long", "start = SCH-11                                                                                 x",
		  "start", "", "paths: start: a value is at most 79 characters long" },
		{ "a length of no path", "duration = SCH9", "duration", "", "paths: duration: path \"SCH9\"" },
		{ "a list that ends in a comma", "start = TQ1-7,", "start", "TQ1-7", NULL },
		{ "words", "status_canceled = gone, off", "status_canceled", "", NULL },
		{ "no key", "nothing = SCH-1", "nothing", "", "is not in the form KEY = PATH" },
		{ "no sign", "start", "start", "SCH-11.4", "is not in the form KEY = PATH" },
		{ "no path", "start = SCH11", "start", "", "paths: start: path \"SCH11\"" },
		{ "one that is needed", "start =", "start", "", "paths: start needs a value" },
		{ "no words", "status_canceled =", "status_canceled", "", "paths: status_canceled needs a value" },
		{ "no length", "duration =", "duration", "", NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct siu_profile *p = NULL;
		struct fault f = { .kind = FAULT_NONE };
		struct buf out;

		buf_init(&out, 1000);
		assert_true(siu_profile_read("ours", SPAN_LIT(NEEDED), &p, &f));
		same_int(rows[i].rule, siu_profile_replace(p, rows[i].line, &f), rows[i].fault == NULL);
		if (rows[i].fault && !strstr(f.text, rows[i].fault))
			fail_msg("%s: %s", rows[i].rule, f.text);
		siu_profile_text(p, rows[i].name, &out);
		same_bytes(rows[i].rule, out.n ? out.p : "", out.n, rows[i].text, strlen(rows[i].text));
		buf_clear(&out);
		siu_profile_free(p);
	}
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
		RUN(one_key_may_be_said_anew_and_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
