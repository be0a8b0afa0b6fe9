/* test_replies_open.c - a reply is of a visit that is open and told, of the person who has it now; and who gets how many answers. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_clinics.h"

static int event_number;

static void
writes_from(struct rig *r, const char *from, const char *words, int64_t at_s)
{
	struct sender_event ev = { .told = EVENT_INBOUND, .event = ++event_number, .gateway = "acs", .to = HEART, .at_s = at_s };

	(void)snprintf(ev.from, sizeof ev.from, "%s", from);
	(void)snprintf(ev.message_id, sizeof ev.message_id, "Incoming_%d", event_number);
	told(r, ev, words);
}

static void
writes(struct rig *r, const char *words)
{
	writes_from(r, PHONE, words, 0);
}

struct kept {
	enum reply last;
	int n;
};

static bool
note(void *ctx, const struct said_reply *s)
{
	struct kept *k = ctx;

	k->last = s->what;
	k->n++;
	return true;
}

static struct kept
kept(struct rig *r, int64_t appointment)
{
	struct kept k = { REPLY_NOTHING, 0 };
	struct fault f = { 0 };

	assert_true(store_replies_of(r->store, appointment, note, &k, &f));
	return k;
}

static void
opted_out(struct rig *r, const char *rule, bool is)
{
	struct fault f = { 0 };

	same_int(rule, store_optout_find(r->store, "lamna", PHONE, &f), is ? STORE_FOUND : STORE_NONE);
}

static struct message *
about(struct rig *r, const char *id, const char *patient, int64_t in_s, enum visit_status status)
{
	return message_of(r, (struct say){ .id = id, .patient = patient, .phone = PHONE, .in_s = in_s, .status = status, .site = CARDIOLOGY });
}

static void
give(struct rig *r, struct message *m)
{
	(void)turn(r, &m->link, NULL, NULL);
	same_int("accepted", r->answer.verdict, VERDICT_ACCEPT);
}

/* Rows that still have their number, and are no visit to come. */
TEST(what_is_no_visit_to_come_is_not_confirmed)
{
	struct rig r;
	struct message *m;

	clinics(&r);
	rig_change(&r, "site \"cardiology\" {", "site \"cardiology\" { retain = 2h");
	visit(&r, CARDIOLOGY, "NO TIME", 0, VISIT_BOOKED);
	visit(&r, CARDIOLOGY, "BEGUN", 60, VISIT_BOOKED);
	pass(&r, 70);
	give(&r, about(&r, "LEFT", "1001", 3 * DAY, VISIT_BOOKED)); /* its text is out, and nothing was heard of it */
	m = about(&r, "LEFT", "1001", 3 * DAY, VISIT_BOOKED);
	m->bookings[0].site = NULL;
	give(&r, m);
	visit(&r, CARDIOLOGY, "CANCELED", 2 * DAY, VISIT_BOOKED);
	sender(&r, false);
	give(&r, about(&r, "CANCELED", "1001", 2 * DAY, VISIT_CANCELED)); /* which waits to be told */
	writes(&r, "C");
	for (int64_t id = 1; id <= 4; id++)
		same_text("not this", reply_name(kept(&r, id).last), "nothing");
	rig_close(&r);
}

/* Its number is in the store until the next portion of what is erased. */
TEST(a_visit_that_has_just_begun_is_not_confirmed)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 60, VISIT_BOOKED);
	r.now.wall_ms += 61000;
	r.now.boot_ms += 61000;
	writes(&r, "C");
	same_text("nothing", reply_name(kept(&r, 1).last), "nothing");
	same_int("it is answered", r.jobs_n, 2);
	rig_close(&r);
}

/* pain: an appointment changes hands, and what the one before confirmed counts for the next */
TEST(what_somebody_else_was_told_or_said_counts_for_nobody_else)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	writes(&r, "C");
	same_int("confirmed", kept(&r, 1).n, 1);
	answer_all(&r);
	sender(&r, false);
	give(&r, about(&r, "A1", "another", 2 * DAY, VISIT_BOOKED)); /* of a family with one phone */
	writes(&r, "C");
	same_int("who was not told yet confirms nothing", kept(&r, 1).n, 1);
	sender(&r, true);
	answer_all(&r);
	writes(&r, "C");
	same_int("told, they do", kept(&r, 1).n, 2);
	same_text("that", reply_name(kept(&r, 1).last), "confirmed");
	rig_close(&r);
}

TEST(a_cancellation_tells_of_no_visit)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	visit(&r, CARDIOLOGY, "A1", 3 * DAY, VISIT_CANCELED); /* moved and called off at once */
	sender(&r, false);
	give(&r, about(&r, "A1", "1001", 3 * DAY, VISIT_BOOKED));
	writes(&r, "C");
	same_text("booked anew it was not told yet", reply_name(kept(&r, 1).last), "nothing");
	sender(&r, true);
	answer_all(&r);
	writes(&r, "C");
	same_text("now it was", reply_name(kept(&r, 1).last), "confirmed");
	rig_close(&r);
}

TEST(a_visit_of_a_site_that_went_is_not_confirmed)
{
	struct rig r;

	clinics(&r);
	visit(&r, ONCOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	visit(&r, CARDIOLOGY, "A2", 3 * DAY, VISIT_BOOKED);
	rig_change(&r, "site \"oncology\"", "site \"radiology\"");
	writes(&r, "C");
	answer_all(&r);
	same_text("it is the other", reply_name(kept(&r, 2).last), "confirmed");
	writes(&r, "STOP");
	opted_out(&r, "STOP is of all", true);
	same_text("kept of the visit that is there", reply_name(kept(&r, 2).last), "stop");
	same_int("of the one that is not, nothing", kept(&r, 1).n, 0);
	rig_close(&r);
}

TEST(a_site_without_a_number_has_no_replies_and_gives_none)
{
	struct rig r;
	int before;

	clinics(&r);
	rig_change(&r, "profile = epic number = second", "profile = epic");
	visit(&r, CARDIOLOGY, "A1", 3 * DAY, VISIT_BOOKED);
	visit(&r, ONCOLOGY, "A2", 2 * DAY, VISIT_BOOKED);
	writes(&r, "C");
	answer_all(&r);
	same_text("of the site that has the number", reply_name(kept(&r, 1).last), "confirmed");
	same_int("not of the other", kept(&r, 2).n, 0);
	before = r.jobs_n;
	writes_from(&r, "+16085550177", "HELP", 0);
	same_int("a stranger is answered", r.jobs_n, before + 1);
	holds("by the site that has it", strstr(last_job(&r)->body, "608-271-9000") != NULL);
	told(&r, (struct sender_event){ .told = EVENT_OPTOUT, .event = ++event_number, .opted_out = true, .from = CANCER, .to = PHONE }, NULL);
	opted_out(&r, "a number that no site has is nobody's list", false);
	told(&r, (struct sender_event){ .told = EVENT_OPTOUT, .event = ++event_number, .opted_out = true, .from = HEART, .to = PHONE }, NULL);
	opted_out(&r, "this one is", true);
	rig_close(&r);
}

TEST(as_many_visits_are_offered_as_there_are_codes)
{
	char id[16];
	struct rig r;

	clinics(&r);
	rig_change(&r, "site \"cardiology\" {", "site \"cardiology\" { daily_cap = 0");
	for (int i = 1; i <= SMS_CHOICES_MAX + 2; i++) {
		(void)snprintf(id, sizeof id, "A%d", i);
		visit(&r, CARDIOLOGY, id, (i + 1) * DAY, VISIT_BOOKED);
	}
	writes(&r, "C");
	holds("the first by their time", strstr(last_job(&r)->body, "4: ") && !strstr(last_job(&r)->body, "5: "));
	answer_all(&r);
	writes(&r, "C5");
	for (int64_t i = 1; i <= SMS_CHOICES_MAX + 2; i++)
		same_int("what was not offered is not confirmed", kept(&r, i).n, 0);
	answer_all(&r);
	writes(&r, "C4");
	same_text("what was is", reply_name(kept(&r, 4).last), "confirmed");
	rig_close(&r);
}

TEST(who_opted_out_is_not_asked_which)
{
	struct rig r;
	int64_t texts;
	int before;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	visit(&r, CARDIOLOGY, "A2", 3 * DAY, VISIT_BOOKED);
	writes(&r, "STOP");
	answer_all(&r);
	before = r.jobs_n;
	texts = store_tally(r.store, 0, 0);
	writes(&r, "C");
	same_int("no question", r.jobs_n, before);
	same_int("and none that would not have gone", store_tally(r.store, 0, 0), texts);
	same_text("and no guess", reply_name(kept(&r, 1).last), "stop");
	rig_close(&r);
}

TEST(the_answer_is_in_the_language_of_the_visit)
{
	struct rig r;
	struct message *m;

	clinics(&r);
	rig_change(&r, "site \"cardiology\" {", "site \"cardiology\" { languages = {en, es}");
	m = about(&r, "A1", "1001", 2 * DAY, VISIT_BOOKED);
	m->bookings[0].language = SPAN_LIT("es");
	give(&r, m);
	answer_all(&r);
	writes(&r, "HELP");
	holds("an English word, a Spanish answer", strstr(last_job(&r)->body, "mensajes"));
	rig_close(&r);
}

/* pain: two machines that answer each other, all night */
TEST(a_phone_gets_few_answers_in_a_day)
{
	struct rig r;
	int before;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 9 * DAY, VISIT_BOOKED);
	before = r.jobs_n;
	for (int i = 0; i < 12; i++) {
		writes(&r, i % 2 ? "N" : "C");
		answer_all(&r);
	}
	same_int("each change of mind is answered", r.jobs_n, before + 12);
	writes(&r, "HELP");
	same_int("and then nothing is, whatever is asked", r.jobs_n, before + 12);
	writes(&r, "C");
	same_text("what is said of the visit counts still", reply_name(kept(&r, 1).last), "confirmed");
	r.now.wall_ms += (DAY + 60) * 1000;
	r.now.boot_ms += (DAY + 60) * 1000;
	writes(&r, "HELP");
	same_int("the next day it is", r.jobs_n, before + 13);
	rig_close(&r);
}

static void
is_reported(struct rig *r, int64_t text)
{
	told(r, (struct sender_event){ .told = EVENT_REPORT, .event = ++event_number, .text = text, .from = HEART,
		.delivery = DELIVERY_OK, .status = "delivered" }, NULL);
}

/* Its phone is forgotten with the answer's end: a report that comes later finds nobody. */
TEST(what_ended_an_answer_is_done_once)
{
	struct rig r;

	clinics(&r);
	writes(&r, "Stop it now");
	answer_all(&r);
	same_int("the gateway is told for both numbers", r.asked_of[ASK_OPTOUT_ADD], 2);
	is_reported(&r, last_job(&r)->text);
	same_int("and not again for a report", r.asked_of[ASK_OPTOUT_ADD], 2);
	same_int("which counts", status(&r)->texts[TEXT_DELIVERED], 1);
	rig_close(&r);
}

/* An opt-out is as old as its newest STOP: a START between two of them, that comes late, lifts nothing. */
TEST(the_newest_stop_counts)
{
	struct rig r;
	int64_t now;

	for (int order = 0; order < 2; order++) {
		clinics(&r);
		now = now_s(&r.now);
		writes_from(&r, PHONE, "STOP", now - (order ? 100 : 300));
		writes_from(&r, PHONE, "STOP", now - (order ? 300 : 100));
		writes_from(&r, PHONE, "START", now - 200);
		opted_out(&r, "it stands", true);
		writes_from(&r, PHONE, "START", now - 50);
		opted_out(&r, "until a START that is newer", false);
		rig_close(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_is_no_visit_to_come_is_not_confirmed), RUN(a_visit_that_has_just_begun_is_not_confirmed),
		RUN(what_ended_an_answer_is_done_once), RUN(what_somebody_else_was_told_or_said_counts_for_nobody_else),
		RUN(a_cancellation_tells_of_no_visit), RUN(a_visit_of_a_site_that_went_is_not_confirmed),
		RUN(a_site_without_a_number_has_no_replies_and_gives_none), RUN(as_many_visits_are_offered_as_there_are_codes),
		RUN(who_opted_out_is_not_asked_which), RUN(the_answer_is_in_the_language_of_the_visit), RUN(a_phone_gets_few_answers_in_a_day),
		RUN(the_newest_stop_counts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
