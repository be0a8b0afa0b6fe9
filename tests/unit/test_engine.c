/* test_engine.c - the turn, driven with a made-up clock, network and chance; the store is real, the disk a folder. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"

/* ---- the tests ---- */

#define STORM_OVER "the storm is over: confirmations go again; what was held waits for nudgectl release"

TEST(a_booking_is_answered_and_armed_in_one_turn)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	same_int("answered", r.answers, 1);
	same_int("accepted", r.answer.verdict, VERDICT_ACCEPT);
	same_int("with settle = 0 the confirmation leaves in the turn that plans it", r.jobs_n, 1);
	holds("with its number", strcmp(r.jobs[0].to, PHONE) == 0);
	same_int("the other waits", status(&r)->texts[TEXT_PENDING], 1);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_int("accepted by the gateway", status(&r)->texts[TEXT_SENT], 1);
	pass(&r, 3600 - 30);
	same_int("a reminder is not early", r.jobs_n, 1);
	pass(&r, 60);
	same_int("and not late", r.jobs_n, 2);
	rig_close(&r);
}

/* pain: the same booking comes twice and is texted twice */
TEST(a_resend_has_no_effect)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000, .control_id = "X" });
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000, .control_id = "X" });
	same_int("two answers", r.answers, 2);
	same_int("one text", r.jobs_n, 1);
	same_int("one duplicate", status(&r)->messages_duplicate, 1);
	rig_close(&r);
}

TEST(an_older_message_changes_nothing)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000, .sent_ago_s = 60 });
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000, .status = VISIT_CANCELED, .sent_ago_s = 30 });
	same_int("booked and canceled", r.jobs_n, 2);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000, .sent_ago_s = 45 });
	same_int("a late booking does not revive it", r.jobs_n, 2);
	rig_close(&r);
}

/* pain: a time-out makes another text of the same row */
TEST(a_lost_answer_is_repeated_with_the_same_bytes)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	char first[600];

	memcpy(first, last_job(&r)->body, sizeof first);
	outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
	pass(&r, 10);
	same_int("tried again", r.jobs_n, 2);
	same_text("promise 4: the same bytes and ids", last_job(&r)->body, first);
	same_int("as another attempt", last_job(&r)->attempt, 2);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	outcome(&r, &r.jobs[0], OUTCOME_ACCEPTED, 202);
	same_int("once", status(&r)->texts[TEXT_SENT], 1);
	rig_close(&r);
}

/* pain: no answer in time, and the text is sent 28 times */
TEST(silence_beyond_the_window_is_unknown_for_ever)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	for (int i = 0; i < 400 && status(&r)->texts[TEXT_UNKNOWN] == 0; i++) {
		outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
		pass(&r, 5);
	}
	same_int("unknown", status(&r)->texts[TEXT_UNKNOWN], 1);
	for (int i = 1; i < r.jobs_n && i < 256; i++)
		same_text("promise 4: never another id", r.jobs[i].body, r.jobs[0].body);
	int tried = r.jobs_n;

	pass(&r, 600);
	same_int("and never again", r.jobs_n, tried);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_int("a late success settles it", status(&r)->texts[TEXT_SENT], 1);
	rig_close(&r);
}

TEST(certain_refusals_get_a_fresh_id_after_the_window)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	for (int i = 0; i < 80; i++) {
		outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
		pass(&r, 5);
	}
	holds("still wanted", status(&r)->texts[TEXT_SENDING] + status(&r)->texts[TEXT_PENDING] >= 1);
	holds("under a new id: nothing was taken", strncmp(r.jobs[0].body, last_job(&r)->body, 36) != 0);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_int("sent", status(&r)->texts[TEXT_SENT], 1);
	rig_close(&r);
}

/* pain: an error for a text that had been taken, and it goes twice */
TEST(a_refusal_after_silence_is_not_believed)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	outcome(&r, last_job(&r), OUTCOME_UNSURE, 500);
	pass(&r, 10);
	outcome(&r, last_job(&r), OUTCOME_REFUSED, 400);
	same_int("the first may have been taken", status(&r)->texts[TEXT_UNKNOWN], 1);
	(void)tell(&r, (struct say){ .id = "A2", .patient = "2", .phone = PHONE, .in_s = 90000 });
	outcome(&r, last_job(&r), OUTCOME_REFUSED, 400);
	same_int("a first refusal is one", status(&r)->texts[TEXT_FAILED], 1);
	rig_close(&r);
}

/* pain: what was on its way when the daemon was killed is sent a second time */
TEST(a_crash_forgets_nothing)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	char first[600];

	memcpy(first, last_job(&r)->body, sizeof first);
	crash(&r);
	pass(&r, 3);
	same_int("nothing leaves without nudge-sender", r.jobs_n, 1);
	sender(&r, true);
	pass(&r, 1);
	same_int("offered again", r.jobs_n, 2);
	same_text("promise 4: with its old id", last_job(&r)->body, first);
	(void)snprintf(r.boot, sizeof r.boot, "boot-2");
	crash(&r);
	sender(&r, true);
	pass(&r, 5);
	same_int("another boot: nobody knows how long it was", status(&r)->texts[TEXT_UNKNOWN], 1);
	same_int("and nothing is sent", r.jobs_n, 2);
	rig_close(&r);
}

/* pain: answered OK and then lost */
/* pain: an acknowledgement while the database was down */
TEST(what_cannot_be_stored_is_not_answered)
{
	struct rig r;
	struct rlimit was, none;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = (struct rlimit){ 4096, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	enum turn_result t = tell(&r, (struct say){ .id = "A2", .patient = "2", .phone = "+16085550124", .in_s = 90000, .control_id = "FULL" });

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	same_int("busy, not broken", t, TURN_BUSY);
	same_int("promise 1: the connection is closed without an answer", r.answer.what, ANSWER_CLOSE);
	same_int("promise 3: no job left", r.jobs_n, 1);
	pass(&r, 5);
	same_int("nothing of it happened", r.jobs_n, 1);
	(void)tell(&r, (struct say){ .id = "A2", .patient = "2", .phone = "+16085550124", .in_s = 90000, .control_id = "FULL" });
	same_int("the sender's second try is taken", r.answer.what, ANSWER_SEND);
	same_int("and texted once", r.jobs_n, 2);
	rig_close(&r);
}

/* A frame of several messages. */
static struct message *
frame_of(struct rig *r, int n)
{
	struct message *head = NULL, **last = &head;
	char id[16];

	for (int i = 0; i < n; i++) {
		(void)snprintf(id, sizeof id, "F%d", i);
		*last = message_of(r, (struct say){ .id = id, .patient = id, .phone = PHONE, .in_s = 90000, .control_id = id });
		last = &(*last)->also;
	}
	return head;
}

/* pain: a batch answered after its first message, the rest lost */
TEST(a_frame_of_several_messages_is_stored_whole_or_not)
{
	struct rig r;
	struct rlimit was, none;

	rig_open(&r, 6000, 0, "daily_cap = 0");
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = (struct rlimit){ 16384, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	enum turn_result t = turn(&r, &frame_of(&r, 40)->link, NULL, NULL);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	same_int("busy, not broken", t, TURN_BUSY);
	same_int("promise 1: closed without an answer", r.answer.what, ANSWER_CLOSE);
	pass(&r, 5);
	same_int("none of it happened", status(&r)->texts[TEXT_PENDING] + r.jobs_n, 0);
	(void)turn(&r, &frame_of(&r, 40)->link, NULL, NULL);
	same_int("the second try is taken", r.answer.what, ANSWER_SEND);
	same_int("all of it", r.jobs_n, 40);
	(void)turn(&r, NULL, NULL, NULL); /* what the feed's rhythm has of it is stored then */
	int64_t commits = status(&r)->commits;
	(void)turn(&r, &frame_of(&r, 40)->link, NULL, NULL);
	same_int("a resend of it has no effect", r.jobs_n, 40);
	same_int("in one transaction at most", status(&r)->commits - commits <= 1, 1);
	same_int("duplicates are counted by message", status(&r)->messages_duplicate, 40);
	rig_close(&r);
}

/* pain: a retry goes out although the visit is gone */
TEST(gates_are_asked_at_each_attempt)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000, .sent_ago_s = 9 });
	outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000, .status = VISIT_DELETED, .sent_ago_s = 5 });
	pass(&r, 10);
	same_int("promise 5: not tried again once the visit is gone", r.jobs_n, 1);
	same_int("suppressed", status(&r)->texts[TEXT_SUPPRESSED], 1);
	rig_close(&r);
}

/* pain: the gateway is given more than it may send, and texts expire in its queue */
TEST(no_minute_sees_more_than_the_rate)
{
	struct rig r;
	char id[16], phone[PHONE_MAX];

	rig_open(&r, 60, 0, "daily_cap = 0");
	for (int i = 0; i < 90; i++) {
		(void)snprintf(id, sizeof id, "R%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 200000 });
	}
	holds("a few at once", r.jobs_n >= 1 && r.jobs_n <= 4);
	for (int i = 0; i < 59; i++) {
		r.now.wall_ms += 1000;
		r.now.boot_ms += 1000;
		(void)turn(&r, NULL, NULL, NULL);
	}
	holds("at most the rate in a minute", r.jobs_n <= 60);
	holds("and nearly all of it", r.jobs_n >= 50);
	rig_close(&r);
}

TEST(the_breaker_opens_and_closes)
{
	struct rig r;
	char id[16], phone[PHONE_MAX];

	rig_open(&r, 6000, 0, "");
	for (int i = 0; i < 30; i++) {
		(void)snprintf(id, sizeof id, "B%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 200000 });
		if (r.jobs_n > i)
			outcome(&r, last_job(&r), OUTCOME_BLOCKED, 401);
	}
	same_int("one refusal is enough", r.jobs_n, 1);
	same_int("one alarm", r.alarms, 1);
	pass(&r, 5);
	same_int("one is tried after five seconds", r.jobs_n, 2);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 1);
	holds("then all go", r.jobs_n >= 29);
	rig_close(&r);
}

TEST(what_cannot_be_tried_does_not_spin)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	for (int i = 0; i < 20; i++) {
		outcome(&r, last_job(&r), OUTCOME_NOT_TRIED, 0);
		pass(&r, 1);
	}
	holds("one try in five seconds", r.jobs_n <= 6);
	same_int("said once", r.alarms, 1);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_int("and it goes when it can", status(&r)->texts[TEXT_SENT], 1);
	rig_close(&r);
}

TEST(it_is_erased_at_the_start)
{
	struct rig r;
	struct appointment a;
	struct fault f = { 0 };

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 600 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	assert_int_equal(store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_FOUND);
	same_text("known while it is needed", a.phone, PHONE);
	r.now.wall_ms += 600000;
	r.now.boot_ms += 600000;
	assert_int_equal(store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_FOUND);
	same_text("promise 7: lapsed is gone, also before it is erased", a.phone, "");
	(void)turn(&r, NULL, NULL, NULL);
	r.now.wall_ms -= 600000; /* even if the clock goes back */
	assert_int_equal(store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_FOUND);
	same_text("and erased for good", a.phone, "");
	holds("it says so", a.erased);
	rig_close(&r);
}

/* pain: the clock is set and every reminder in between fires */
TEST(a_step_of_the_clock)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 86400 + 3600 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	r.synchronised = false;
	r.now.wall_ms += 7200000;
	(void)turn(&r, NULL, NULL, NULL);
	same_int("a long step forward holds sends", r.jobs_n, 1);
	holds("and says so", status(&r)->clock_held);
	r.now.wall_ms -= 7200000;
	(void)turn(&r, NULL, NULL, NULL);
	r.synchronised = true;
	pass(&r, 10);
	same_int("back again nothing was sent", r.jobs_n, 1);
	pass(&r, 3600);
	same_int("and the reminder goes in its time, once", r.jobs_n, 2);
	rig_close(&r);
}

/* pain: a feed plays its past, and everybody is texted */
TEST(a_storm_is_held)
{
	struct rig r;
	char id[16], phone[PHONE_MAX];

	rig_open(&r, 6000, 0, "storm_brake = 5/min");
	for (int i = 0; i < 8; i++) {
		(void)snprintf(id, sizeof id, "S%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 200000 });
	}
	same_int("five go", r.jobs_n, 5);
	same_int("three wait for a person", status(&r)->texts[TEXT_HELD], 3);
	same_int("reminders are not held", status(&r)->texts[TEXT_PENDING], 8);
	struct command *c = calloc(1, sizeof *c);

	c->kind = COMMAND_RELEASE_SITE;
	c->release = RELEASE_SEND;
	(void)snprintf(c->site, sizeof c->site, "cardiology");
	(void)turn(&r, NULL, NULL, &c->link);
	same_int("who lets them go", r.jobs_n, 8);
	same_int("none is left", status(&r)->texts[TEXT_HELD], 0);
	same_int("told when it began and when it ended", r.alarms, 2);
	same_text("over", r.alarm, STORM_OVER);
	rig_close(&r);
}

TEST(a_storm_ends_by_itself)
{
	struct rig r;
	char id[16], phone[PHONE_MAX];
	int began, answered = 0;

	rig_open(&r, 6000, 0, "storm_brake = 5/min");
	for (int i = 0; i < 40; i++) {
		(void)snprintf(id, sizeof id, "S%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 200000 });
		for (; answered < r.jobs_n; answered++)
			outcome(&r, &r.jobs[answered], OUTCOME_ACCEPTED, 202);
		if (i % 10 == 9)
			pass(&r, 60);
	}
	same_int("however long it lasts, told once", r.alarms, 1);
	began = r.jobs_n;
	pass(&r, 130);
	same_int("and once that it is over", r.alarms, 2);
	same_text("over", r.alarm, STORM_OVER);
	same_int("what was held waits", r.jobs_n, began);
	(void)tell(&r, (struct say){ .id = "T", .patient = "T", .phone = "+16085550190", .in_s = 200000 });
	same_int("who comes now goes", r.jobs_n, began + 1);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 600);
	same_int("nothing more is told", r.alarms, 2);
	rig_close(&r);
}

TEST(a_hold_is_told_when_it_begins_and_when_it_ends)
{
	static const enum command_kind kinds[] = { COMMAND_HOLD_SITE, COMMAND_HOLD_SITE, COMMAND_RELEASE_SITE, COMMAND_RELEASE_SITE };
	static const int alarms[] = { 1, 1, 2, 2 };
	struct rig r;

	rig_open(&r, 6000, 0, "");
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct command *c = calloc(1, sizeof *c);

		c->kind = kinds[i];
		c->release = RELEASE_SEND;
		(void)snprintf(c->site, sizeof c->site, "cardiology");
		(void)turn(&r, NULL, NULL, &c->link);
		same_int("alarms", r.alarms, alarms[i]);
	}
	same_text("the last", r.alarm, "a site that was held is released");
	rig_close(&r);
}

TEST(the_states_add_up)
{
	struct rig r;
	char id[16], phone[PHONE_MAX];
	int64_t sum = 0, planned = 0;

	rig_open(&r, 6000, 30, "");
	for (int i = 0; i < 200; i++) {
		r.chance = r.chance * 25214903917u + 11;
		(void)snprintf(id, sizeof id, "T%d", (int)(r.chance >> 33) % 40);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i % 90);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = i % 7 ? phone : NULL,
		    .in_s = 90000 + (int64_t)((r.chance >> 40) % 5) * 3600, .status = i % 5 == 4 ? VISIT_CANCELED : VISIT_BOOKED });
		if (r.jobs_n > 0 && i % 3)
			outcome(&r, last_job(&r), (enum outcome)((r.chance >> 50) % OUTCOMES), 503);
		pass(&r, (int64_t)(r.chance >> 60));
	}
	for (int s = TEXT_PENDING; s < TEXT_STATES; s++)
		sum += status(&r)->texts[s];
	same_int("promise 6: as many as were ever planned", store_tally(r.store, 0, (enum text_state)0), sum);
	crash(&r);
	for (int s = TEXT_PENDING; s < TEXT_STATES; s++)
		planned += status(&r)->texts[s];
	holds("something was planned", sum > 100);
	same_int("promise 6: also after a crash", planned, sum);
	rig_close(&r);
}

TEST(a_report_settles_its_text)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	told(&r, (struct sender_event){ .told = EVENT_REPORT, .event = 1, .text = last_job(&r)->text,
	    .delivery = DELIVERY_FAILED }, NULL);
	same_int("failed", status(&r)->texts[TEXT_FAILED], 1);
	told(&r, (struct sender_event){ .told = EVENT_REPORT, .event = 2, .text = last_job(&r)->text,
	    .delivery = DELIVERY_OK }, NULL);
	same_int("delivered wins", status(&r)->texts[TEXT_DELIVERED], 1);
	told(&r, (struct sender_event){ .told = EVENT_REPORT, .event = 3, .text = last_job(&r)->text,
	    .delivery = DELIVERY_FAILED }, NULL);
	same_int("and stays", status(&r)->texts[TEXT_DELIVERED], 1);
	same_int("each event may be forgotten at its source", r.taken_n, 3);
	rig_close(&r);
}

/* pain: the report says delivered, the answer is lost, and it goes again */
TEST(a_report_before_the_answer_is_believed)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	told(&r, (struct sender_event){ .told = EVENT_REPORT, .event = 1, .text = last_job(&r)->text,
	    .delivery = DELIVERY_OK }, NULL);
	outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
	pass(&r, 600);
	same_int("nothing is tried again", r.jobs_n, 1);
	same_int("delivered", status(&r)->texts[TEXT_DELIVERED], 1);
	rig_close(&r);
}

/* pain: texts to people who said STOP */
TEST(the_gateways_own_optout_stops_texts)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	told(&r, (struct sender_event){ .told = EVENT_OPTOUT, .event = 9, .opted_out = true, .from = "+18335550100",
	    .to = PHONE }, NULL);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	same_int("no text", r.jobs_n, 0);
	same_int("suppressed", status(&r)->texts[TEXT_SUPPRESSED], 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_booking_is_answered_and_armed_in_one_turn), RUN(a_resend_has_no_effect),
		RUN(an_older_message_changes_nothing), RUN(a_lost_answer_is_repeated_with_the_same_bytes),
		RUN(silence_beyond_the_window_is_unknown_for_ever), RUN(certain_refusals_get_a_fresh_id_after_the_window),
		RUN(a_refusal_after_silence_is_not_believed), RUN(a_crash_forgets_nothing),
		RUN(what_cannot_be_stored_is_not_answered),
		RUN(a_frame_of_several_messages_is_stored_whole_or_not), RUN(gates_are_asked_at_each_attempt),
		RUN(no_minute_sees_more_than_the_rate), RUN(the_breaker_opens_and_closes), RUN(what_cannot_be_tried_does_not_spin), RUN(it_is_erased_at_the_start),
		RUN(a_step_of_the_clock), RUN(a_storm_is_held), RUN(a_storm_ends_by_itself), RUN(a_hold_is_told_when_it_begins_and_when_it_ends), RUN(the_states_add_up), RUN(a_report_settles_its_text),
		RUN(a_report_before_the_answer_is_believed), RUN(the_gateways_own_optout_stops_texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
