/* test_modality.c - visits by video, by phone, at the clinic: read out of messages, told when it changes, said in the right words. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "hospital.h"
#include "rig.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)
#define LINK "https://visit.lamna.example/77"
#define NOW 1795255200 /* 2026-11-21T10:00:00Z */

/* ---- out of a message ---- */

#define MAPPED "video_if = {'SCH-8 = ^VIDEO', 'AIL(*)-3 = ^TELE'} phone_if = {'SCH-8 = ^(CALL|PHONE)'} office_if = {'SCH-8 = ^OFFICE'}"
#define ABOUT(event, how, rows) \
	"MSH|^~\\&|MISC|X|NUDGE|IT|20261121095900+0000||SIU^" event "^SIU_S12|C1|P|2.5.1\r" \
	"SCH|1|36996||||||" how "|30|MIN|^^^202612011030\rPID|1||7^^^LAMNA^MR||Testman^Petra||19700101|F|||||608-271-9000^PRN^CP\r" rows

TEST(what_a_message_says)
{
	static const struct {
		const char *rule, *site, *message;
		bool said;
		enum modality is;
	} rows[] = {
		{ "nothing is mapped", "", ABOUT("S12", "VIDEO", ""), false, MODALITY_UNKNOWN },
		{ "video", MAPPED, ABOUT("S12", "VIDEO^Video visit", ""), true, MODALITY_VIDEO },
		{ "whatever its case", MAPPED, ABOUT("S12", "Video visit", ""), true, MODALITY_VIDEO },
		{ "phone", MAPPED, ABOUT("S12", "CALL", ""), true, MODALITY_PHONE },
		{ "office", MAPPED, ABOUT("S12", "OFFICE", ""), true, MODALITY_OFFICE },
		{ "another word", MAPPED, ABOUT("S12", "GROUP", ""), true, MODALITY_UNKNOWN },
		{ "nothing said", MAPPED, ABOUT("S15", "", ""), false, MODALITY_UNKNOWN },
		{ "deleted is nothing said", MAPPED, ABOUT("S15", "\"\"", ""), false, MODALITY_UNKNOWN },
		{ "by another field", MAPPED, ABOUT("S12", "", "RGS|1|A\rAIL|1|A|CARD\rAIL|2|A|TELE7\r"), true, MODALITY_VIDEO },
		{ "video goes before the others", MAPPED, ABOUT("S12", "OFFICE", "RGS|1|A\rAIL|1|A|TELE7\r"), true, MODALITY_VIDEO },
		{ "a row that is deleted says nothing", MAPPED, ABOUT("S12", "OFFICE", "RGS|1|A\rAIL|1|D|TELE7\r"), true, MODALITY_OFFICE },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hospital h;
		char text[4096];

		hospital_build(&h);
		(void)snprintf(text, sizeof text, HOSPITAL_TOP "site \"misc\" {\n\tenvironment = prod\n\tprofile = generic\n"
		    "\tfhir_base_url = \"https://lamna.example/R4\"\n\tnumber = main\n\ttime_zone = America/Chicago\n\tapprover = root\n\t%s\n}\n",
		    rows[i].site);
		if (!hospital_load(&h, text))
			fail_msg("%s: %s", rows[i].rule, h.faults.item[0].text);
		holds(rows[i].rule, hospital_read(&h, "prod", span_of(rows[i].message), NOW, 1u << 20));
		same_int(rows[i].rule, h.msg.kind, MESSAGE_BOOKINGS);
		same_int(rows[i].rule, h.msg.bookings[0].modality_said, rows[i].said);
		same_text(rows[i].rule, modality_name(h.msg.bookings[0].modality), modality_name(rows[i].is));
		hospital_close(&h);
	}
}

TEST(a_wrong_condition_has_its_line)
{
	static const char *const wrong[][2] = { { "video_if = {'SCH-8'}", "video_if: \"SCH-8\" is not in the form PATH = PATTERN" },
		{ "phone_if = {'SCH-x = A'}", "phone_if: " }, { "office_if = {'SCH-8 = ('}", "office_if: " } };

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct hospital h;
		char text[4096];

		hospital_build(&h);
		(void)snprintf(text, sizeof text, HOSPITAL_TOP "site \"misc\" {\n\tenvironment = prod\n\tprofile = generic\n"
		    "\tfhir_base_url = \"https://lamna.example/R4\"\n\tnumber = main\n\ttime_zone = America/Chicago\n\tapprover = root\n\t%s\n}\n",
		    wrong[i][0]);
		holds(wrong[i][0], !hospital_load(&h, text));
		assert_true(h.faults.n > 0);
		if (!strstr(h.faults.item[h.faults.n - 1].text, wrong[i][1]))
			fail_msg("%s: got \"%s\"", wrong[i][0], h.faults.item[h.faults.n - 1].text);
		same_int(wrong[i][0], h.faults.item[h.faults.n - 1].line, 42);
		hospital_close(&h);
	}
}

/* ---- through the engine ---- */

#define SITE_OF_RIG "link = \"ZVV-3\" video_if = {'SCH-8 = ^VIDEO'} phone_if = {'SCH-8 = ^CALL'} office_if = {'SCH-8 = ^OFFICE'} "

static void
tell_kind(struct rig *r, const char *id, int64_t in_s, bool said, enum modality is, bool link, enum visit_status status)
{
	struct message *m = message_of(r, (struct say){ .id = id, .patient = "P", .phone = PHONE, .in_s = in_s, .status = status });

	m->bookings[0].modality_said = said;
	m->bookings[0].modality = is;
	if (link) {
		m->bookings[0].link_state = FIELD_SET;
		m->bookings[0].link = SPAN_LIT(LINK);
	}
	(void)turn(r, &m->link, NULL, NULL);
}

static const char *
words(struct rig *r)
{
	outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
	return last_job(r)->body;
}

/* pain: a text sends people to the clinic for a video visit, or lets them wait at home for a link */
TEST(another_kind_of_visit_is_told)
{
	static const struct {
		const char *rule;
		enum modality before, after;
		const char *booked, *changed; /* NULL: no text */
		bool link;
	} rows[] = {
		{ "to video", MODALITY_OFFICE, MODALITY_VIDEO, "your visit is booked", "It is now by video on", true },
		{ "to the clinic", MODALITY_VIDEO, MODALITY_OFFICE, "your video visit is booked", "It is now in person on", false },
		{ "to the phone", MODALITY_VIDEO, MODALITY_PHONE, "your video visit is booked", "It is now by phone on", false },
		{ "from the phone", MODALITY_PHONE, MODALITY_VIDEO, "your phone visit is booked", "It is now by video on", true },
		{ "to what nobody mapped", MODALITY_VIDEO, MODALITY_UNKNOWN, "your video visit is booked", "It is now on", false },
		{ "it only came to be known", MODALITY_UNKNOWN, MODALITY_VIDEO, "your visit is booked", NULL, false },
		{ "the same", MODALITY_VIDEO, MODALITY_VIDEO, "your video visit is booked", NULL, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 200, 0, SITE_OF_RIG);
		tell_kind(&r, "A1", 3 * DAY, true, rows[i].before, true, VISIT_BOOKED);
		same_int(rows[i].rule, r.jobs_n, 1);
		holds(rows[i].rule, strstr(words(&r), rows[i].booked));
		same_int("a link for who is to join", strstr(last_job(&r)->body, LINK) != NULL, rows[i].before == MODALITY_VIDEO);
		tell_kind(&r, "A1", 3 * DAY, true, rows[i].after, true, VISIT_BOOKED);
		same_int(rows[i].rule, r.jobs_n, rows[i].changed ? 2 : 1);
		if (rows[i].changed) {
			holds(rows[i].rule, strstr(words(&r), rows[i].changed));
			same_int(rows[i].rule, strstr(last_job(&r)->body, LINK) != NULL, rows[i].link);
		}
		rig_close(&r);
	}
}

TEST(the_reminder_says_what_it_is_by_then)
{
	struct rig r;

	rig_open(&r, 200, 0, SITE_OF_RIG);
	tell_kind(&r, "A1", 3 * DAY, true, MODALITY_OFFICE, true, VISIT_BOOKED);
	holds("booked", strstr(words(&r), "your visit is booked"));
	tell_kind(&r, "A1", 3 * DAY, true, MODALITY_VIDEO, true, VISIT_BOOKED);
	holds("changed", strstr(words(&r), "by video"));
	pass(&r, 2 * DAY + 10);
	same_int("the reminder", r.jobs_n, 3);
	holds("of a video visit, with its link", strstr(words(&r), "reminder of your video visit on") && strstr(last_job(&r)->body, LINK));
	tell_kind(&r, "A1", DAY - 10, false, MODALITY_UNKNOWN, false, VISIT_CANCELED);
	holds("a cancellation that says nothing of it takes nothing away", strstr(words(&r), "is canceled") && !strstr(last_job(&r)->body, LINK));
	rig_close(&r);
}

TEST(a_link_is_required_of_who_is_to_join)
{
	static const struct {
		enum modality is;
		bool link;
		int texts;
	} rows[] = { { MODALITY_VIDEO, true, 1 }, { MODALITY_VIDEO, false, 0 }, { MODALITY_OFFICE, false, 1 }, { MODALITY_PHONE, false, 1 },
		{ MODALITY_UNKNOWN, false, 1 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 200, 0, SITE_OF_RIG "link_required = true ");
		tell_kind(&r, "A1", 3 * DAY, true, rows[i].is, rows[i].link, VISIT_BOOKED);
		same_int(modality_name(rows[i].is), r.jobs_n, rows[i].texts);
		rig_close(&r);
	}
}

/* Of a site that only tells who comes to the clinic, all others may join. */
TEST(without_video_if_a_link_is_for_all_but_the_others)
{
	static const struct {
		enum modality is;
		bool link;
	} rows[] = { { MODALITY_UNKNOWN, true }, { MODALITY_OFFICE, false }, { MODALITY_PHONE, false } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 200, 0, "link = \"ZVV-3\" phone_if = {'SCH-8 = ^CALL'} office_if = {'SCH-8 = ^OFFICE'} ");
		tell_kind(&r, "A1", 3 * DAY, true, rows[i].is, true, VISIT_BOOKED);
		same_int(modality_name(rows[i].is), strstr(words(&r), LINK) != NULL, rows[i].link);
		rig_close(&r);
	}
}

TEST(visits_of_two_kinds_share_no_text)
{
	for (int same = 0; same < 2; same++) {
		struct rig r;

		rig_open(&r, 200, 0, SITE_OF_RIG "merge = true ");
		tell_kind(&r, "A1", 3 * DAY, true, MODALITY_VIDEO, false, VISIT_BOOKED);
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		tell_kind(&r, "A2", 3 * DAY + 1800, true, same ? MODALITY_VIDEO : MODALITY_OFFICE, false, VISIT_BOOKED);
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		pass(&r, 2 * DAY + 10);
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		pass(&r, 1800);
		same_int("reminders", r.jobs_n - 2, same ? 1 : 2);
		rig_close(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_a_message_says), RUN(a_wrong_condition_has_its_line),
		RUN(another_kind_of_visit_is_told), RUN(the_reminder_says_what_it_is_by_then),
		RUN(a_link_is_required_of_who_is_to_join), RUN(without_video_if_a_link_is_for_all_but_the_others),
		RUN(visits_of_two_kinds_share_no_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
