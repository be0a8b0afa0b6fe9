/* test_learn.c - what a feed's messages have in common: counted by form, with nothing of a patient's, and a site block to begin with. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "nudge/siu_learn.h"

static struct siu_learn *feed;
static struct hl7 *scratch;
static struct buf said;

static void
begin(void)
{
	feed = siu_learn_new();
	scratch = hl7_new();
	assert_true(feed && scratch);
	buf_init(&said, 1 << 20);
}

static bool
add(const char *message)
{
	return siu_learn_add(feed, scratch, span_of(message));
}

static const char *
proposal(void)
{
	buf_reset(&said);
	assert_true(siu_learn_write(feed, "cardiology", &said) && buf_add_char(&said, '\0'));
	return said.p;
}

static void
end(void)
{
	siu_learn_free(feed);
	hl7_free(scratch);
	buf_clear(&said);
}

static void
says(const char *rule, const char *part, bool wanted)
{
	const char *text = proposal();

	if ((strstr(text, part) != NULL) != wanted)
		fail_msg("%s: \"%s\" is %s in:\n%s", rule, part, wanted ? "not" : "", text);
}

#define EPIC "MSH|^~\\&|EPIC|LAMNA|||20261120101500-0600||SIU^S12|1|P|2.3\r"

/* One line of the proposal for what one message looks like. */
static const struct {
	const char *rule, *message, *part;
} rows[] = {
	{ "who sends", EPIC, "# MSH-3^MSH-4: EPIC^LAMNA (1)\n" },
	{ "who sends, without an application", "MSH|^~\\&||LAMNA\r", "# MSH-3^MSH-4: ^LAMNA (1)\n" },
	{ "who sends, without a facility", "MSH|^~\\&|EPIC\r", "# MSH-3^MSH-4: EPIC^ (1)\n" },
	{ "nobody says who sends", "MSH|^~\\&|\r", "# MSH-3^MSH-4: none (1)\n" },
	{ "the event", EPIC, "# events: S12 (1)\n" },
	{ "no event", "MSH|^~\\&|A\r", "# events: none (1)\n" },
	{ "the version", EPIC, "# versions: 2.3 (1)\n" },
	{ "no version", "MSH|^~\\&|A\r", "# versions: empty (1)\n" },
	{ "MSH-11", EPIC, "# MSH-11: P (1)\n" },
	{ "no MSH-11", "MSH|^~\\&|A\r", "# MSH-11: empty (1)\n" },
	{ "no acknowledgement asked for", EPIC, "# MSH-15/16: empty (1)\n" },
	{ "acknowledgements asked for", "MSH|^~\\&|A||||||||||||AL|NE\r", "# MSH-15/16: AL/NE (1)\n" },
	{ "segments end in CR", EPIC, "# segments end in: CR (1)\n" },
	{ "segments end in LF", "MSH|^~\\&|A\nSCH|1\n", "# segments end in: LF (1)\n" },
	{ "segments end in both", "MSH|^~\\&|A\r\nSCH|1\r\n", "# segments end in: CR LF (1)\n" },
	{ "a segment that does not end", "MSH|^~\\&|A", "# segments end in: nothing (1)\n" },
	{ "a character set that nothing is said of", EPIC, "# character set: valid UTF-8,not declared (1)\n" },
	{ "a declared one", "MSH|^~\\&|A|||||||||||||||8859/1\rNTE|J\xfcrgen\r", "# character set: Latin-1,8859/1 (1)\n" },
	{ "a guessed one", "MSH|^~\\&|A\rNTE|J\xfcrgen\r", "guessed (1)" },
	{ "both ids", EPIC "SCH|P1|F1\r", "# ids: SCH-2.1 + SCH-1.1 (1)\n" },
	{ "the visit's number", EPIC "PV1|||||||||||||||||||V1\r", "# ids: PV1-19.1 (1)\n" },
	{ "no id", EPIC, "# ids: none (1)\n" },
	{ "no id, doubted", EPIC, "# 1 messages have no appointment id\n" },
	{ "a start in SCH-11.4", EPIC "SCH|||||||||||^^^20270118103000\r", "# start time in: SCH-11.4 (1)\n" },
	{ "a start in TQ1-7", EPIC "TQ1|||||||20270118103000-0600\r", "# start time in: TQ1-7 (1)\n" },
	{ "its offset", EPIC "TQ1|||||||20270118103000-0600\r", "the start has an offset (1)" },
	{ "that it has none", EPIC "TQ1|||||||20270118103000\r", "the start has none (1)" },
	{ "that it has none, doubted", EPIC "TQ1|||||||20270118103000\r", "# the start has no offset: compare" },
	{ "a start that the null value takes away", EPIC "TQ1|||||||\"\"\r", "# start time in: nowhere (1)\n" },
	{ "no start", EPIC, "# 1 messages have no start where the standard has it" },
	{ "MSH-7 with an offset", EPIC, "MSH-7 has an offset (1)" },
	{ "MSH-7 without", "MSH|^~\\&|A||||20261120101500\r", "MSH-7 has none (1)" },
	{ "the number's place", EPIC "PID|||||||||||||^^^^^^5550101\r", "# number in: PID-13.7 (1)\n" },
	{ "a number of the business", EPIC "PID||||||||||||||6085550101\r", "# number in: PID-14.1 (1)\n" },
	{ "a number in PID-40", EPIC "PID||||||||||||||||||||||||||||||||||||||||6085550101\r", "# number in: PID-40.1 (1)\n" },
	{ "no number", EPIC, "# 1 of 1 messages bring no phone number" },
	{ "segments of the sender's own", EPIC "ZCT|1\rZCT|2\rzvv|3\r", "# Z segments: ZCT (1), zvv (1)\n" },
	{ "what they may be for", EPIC "ZCT|1\r", "# Z segments are the sender's own" },
	{ "a segment that is not", EPIC "PV1|1\rAB|1\r", "# ids: none" },
	{ "Epic by its name", EPIC, "profile             = epic\n" },
	{ "Epic by its scheduling's name", "MSH|^~\\&|SCHED|L\rSCH|P1\r", "profile             = epic\n" },
	{ "Epic by its product's name", "MSH|^~\\&|CADENCE|L\rSCH|P1\r", "profile             = epic\n" },
	{ "an id in SCH-1 alone is Oracle Health's", "MSH|^~\\&|HNAM|L\rSCH|P1\r", "profile             = oracle-health\n" },
	{ "anyone else", "MSH|^~\\&|HNAM|L\rSCH|P1|F1\r", "profile             = generic\n" },
	{ "the sender of the site block", EPIC, "    sending_application = \"EPIC\"\n    sending_facility    = \"LAMNA\"\n" },
	{ "a sender that says nothing is not called so", "MSH|^~\\&|\r",
	    "    sending_application = \"\"\n    sending_facility    = \"\"\n" },
	{ "a long name is not cut", "MSH|^~\\&|ENTERPRISE SCHEDULING|LAMNA HEALTHCARE SYSTEM, WEST REGION\r",
	    "    sending_application = \"ENTERPRISE SCHEDULING\"\n    sending_facility    = \"LAMNA HEALTHCARE SYSTEM, WEST REGION\"\n" },
	{ "enhanced acknowledgement", "MSH|^~\\&|A||||||||||||AL|NE\r", "    # ack_mode          = auto" },
	{ "one message is one", EPIC, "# learned from 1 message\n" },
	{ "what is left to say", EPIC, "    # environment, fhir_base_url, time_zone and number are yours to say\n}\n" },
};

TEST(each_form_is_told)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin();
		holds(rows[i].rule, add(rows[i].message));
		says(rows[i].rule, rows[i].part, true);
		end();
	}
}

TEST(what_may_name_a_patient_is_shown_only_when_many_share_it)
{
	begin();
	for (int i = 0; i < 5; i++) {
		if (i == 4)
			says("four are few", "DERMA", false);
		holds("read", add(EPIC "SCH||||||||EXAM^Yearly exam|||||||||||||||||^Booked\r"
		    "PID|||||||||||||6085550101^PRN^PH||en\rAIL|||DERMA\r"));
	}
	holds("read", add(EPIC "SCH||||||||||||||||||||||||Jane Roe's\rPID|||||||||||||6085550101^608555^0101\rAIL|||JROE\r"));
	says("a department of many", "# departments: DERMA (5), 1 more with few messages each\n", true);
	says("a visit type of many", "# visit types: Yearly exam (5)\n", true);
	says("a status of many", "# status: Booked (5)", true);
	says("what says the kind of phone", "# kind of number said by: PRN/PH (5), 1 more with few messages each\n", true);
	says("a language of many", "# language: en (5)\n", true);
	says("one message's own", "JROE", false);
	says("one message's own", "Jane", false);
	says("a number", "5550101", false);
	for (int i = 0; i < 5; i++)
		holds("read", add(EPIC "PID|||||||||||||^PRN^6085550101||6085550\r"));
	says("digits that slipped into another field", "608555", false);
	says("digits that slipped are nines", "PRN/9999999999 (5)", true);
	end();
}

TEST(the_most_frequent_comes_first_and_the_rest_is_counted)
{
	char message[128];

	begin();
	for (int i = 0; i < 15; i++)
		for (int n = 0; n <= i; n++) {
			(void)snprintf(message, sizeof message, "MSH|^~\\&|A|B|||||SIU^E%02d\r", i);
			holds("read", add(message));
		}
	says("in order, the last of them as a count", "# events: E14 (15), E13 (14), E12 (13), E11 (12), E10 (11), E09 (10), E08 (9), "
	    "E07 (8), E06 (7), E05 (6), E04 (5), E03 (4), 3 more with few messages each\n", true);
	says("several are several", "# learned from 120 messages\n", true);
	end();
}

TEST(starts_of_both_kinds_are_a_doubt)
{
	begin();
	holds("read", add(EPIC "TQ1|||||||20270118103000\r") && add(EPIC "TQ1|||||||20270118103000Z\r"));
	says("a time in a form that HL7 has not says nothing", "# some starts have an offset and some have none", false);
	holds("read", add(EPIC "TQ1|||||||20270118103000-0600\r"));
	says("with and without", "# some starts have an offset and some have none", true);
	end();
}

TEST(what_cannot_be_read_is_counted)
{
	begin();
	holds("no MSH", !add("hello\r"));
	holds("read", add(EPIC));
	says("counted", "# 1 messages could not be read at all\n", true);
	end();
}

TEST(a_feed_of_endless_values_is_cut_and_says_so)
{
	char message[128];

	begin();
	for (int i = 0; i < 1100; i++) {
		(void)snprintf(message, sizeof message, EPIC "AIL|||D%d\r", i);
		holds("read", add(message));
	}
	says("cut", "# there were more different values than are counted\n", true);
	end();
}

/* Half of a value would be another value; of a pair each half has its room. */
TEST(long_values_are_left_out_and_halves_of_pairs_cut)
{
	char message[1024], text[200], want[400];

	memset(text, 'L', sizeof text);
	text[sizeof text - 1] = '\0';
	begin();
	for (int i = 0; i < 6; i++) {
		(void)snprintf(message, sizeof message, "MSH|^~\\&|%.100s|%.101s|||20261120101500-0600||SIU^S12|1|P|2.3\rPID|||||||||||||6085550101||%s\rAIL|||%.159s\r",
		    text, text, text, text);
		holds("read", add(message));
	}
	(void)snprintf(want, sizeof want, "# MSH-3^MSH-4: %.78s^%.78s (6)\n", text, text);
	says("halves of 78", want, true);
	(void)snprintf(want, sizeof want, "%.159s (6)", text);
	says("a value of 159", want, true);
	(void)snprintf(want, sizeof want, "%.160s", text);
	says("none of 160", want, false);
	end();
}

TEST(a_proposal_that_does_not_fit_says_so)
{
	struct buf small;

	begin();
	holds("read", add(EPIC));
	buf_init(&small, 40);
	holds("full", !siu_learn_write(feed, "a", &small));
	buf_clear(&small);
	end();
}

TEST(nothing_learned_still_gives_a_block)
{
	begin();
	says("nothing", "# learned from 0 messages\nsite \"cardiology\" {\n    profile             = generic\n"
	    "    sending_application = \"\"\n    sending_facility    = \"\"\n", true);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(each_form_is_told),
		RUN(what_may_name_a_patient_is_shown_only_when_many_share_it),
		RUN(the_most_frequent_comes_first_and_the_rest_is_counted),
		RUN(starts_of_both_kinds_are_a_doubt),
		RUN(what_cannot_be_read_is_counted),
		RUN(a_feed_of_endless_values_is_cut_and_says_so),
		RUN(long_values_are_left_out_and_halves_of_pairs_cut),
		RUN(a_proposal_that_does_not_fit_says_so),
		RUN(nothing_learned_still_gives_a_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
