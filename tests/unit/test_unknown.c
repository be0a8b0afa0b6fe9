/* test_unknown.c - nobody knows whether it was taken: a report is waited for, then the site's policy, counted and alarmed. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define DAY ((int64_t)86400)

/* Booked in forty days, its request never answered until the window is over. */
static int64_t
lost(struct rig *r, const char *unknown, enum visit_status then)
{
	int64_t text;

	rig_open(r, 6000, 0, unknown);
	(void)tell(r, (struct say){ .id = "U1", .phone = "+16085550123", .in_s = 40 * DAY });
	if (then == VISIT_CANCELED) {
		outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
		(void)tell(r, (struct say){ .id = "U1", .phone = "+16085550123", .in_s = 40 * DAY, .status = VISIT_CANCELED });
	}
	text = last_job(r)->text;
	for (int i = 0; i < 100 && text_of(r, text).state == TEXT_SENDING; i++) {
		outcome(r, last_job(r), OUTCOME_UNSURE, 0);
		pass(r, 5);
	}
	same_text("nobody knows", text_state_name(text_of(r, text).state), "unknown");
	holds("it went again under its id, and no longer than four minutes", now_s(&r->now) - text_of(r, text).first_sent_s <= 250);
	return text;
}

static void
report(struct rig *r, int64_t text, enum delivery d)
{
	told(r, (struct sender_event){ .event = 1, .told = EVENT_REPORT, .text = text, .delivery = d, .status = "delivered" }, NULL);
}

static void
release(struct rig *r, int what)
{
	struct command *c = calloc(1, sizeof *c);

	c->kind = COMMAND_RELEASE_SITE;
	c->release = what == RELEASE_SEND ? RELEASE_SEND : what == RELEASE_DROP ? RELEASE_DROP : RELEASE_COUNT;
	(void)snprintf(c->site, sizeof c->site, "cardiology");
	(void)turn(r, NULL, NULL, &c->link);
}

static void
until_job(struct rig *r, int seconds)
{
	for (int jobs = r->jobs_n; seconds > 0 && r->jobs_n == jobs; seconds -= 5)
		pass(r, 5);
}

TEST(dropped_at_once_and_said)
{
	struct rig r;
	int64_t text = lost(&r, "", VISIT_BOOKED);
	int jobs = r.jobs_n;

	same_text("why", reason_name(text_of(&r, text).reason), "no-answer-window-over");
	same_int("counted", status(&r)->unknown_dropped, 1);
	holds("alarmed", r.alarms >= 1 && strstr(r.alarm, "unknown outcome"));
	pass(&r, 3600);
	same_int("never again", r.jobs_n, jobs);
	report(&r, text, DELIVERY_OK);
	same_text("a late report settles it", text_state_name(text_of(&r, text).state), "delivered");
	rig_close(&r);
}

TEST(sent_again_only_when_no_report_came)
{
	for (int reported = 0; reported < 2; reported++) {
		struct rig r;
		int64_t text = lost(&r, "unknown = resend", VISIT_BOOKED);
		char first[37];
		int jobs = r.jobs_n;

		memcpy(first, text_of(&r, text).repeat_id, sizeof first);
		same_text("why it waits", reason_name(text_of(&r, text).reason), "report-awaited");
		if (reported)
			report(&r, text, DELIVERY_OK);
		pass(&r, 600);
		same_int("not within unknown_wait", r.jobs_n, jobs);
		until_job(&r, 180);
		same_int("then once, if nobody knows", r.jobs_n - jobs, reported ? 0 : 1);
		if (!reported) {
			holds("under a new id", strcmp(text_of(&r, text).repeat_id, first) != 0);
			same_int("counted", status(&r)->unknown_resent, 1);
			holds("alarmed", r.alarms >= 1 && strstr(r.alarm, "sent again"));
			outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		}
		same_text("settled", text_state_name(text_of(&r, text).state), reported ? "delivered" : "sent");
		pass(&r, 3600);
		same_int("no more", r.jobs_n - jobs, reported ? 0 : 1);
		rig_close(&r);
	}
}

/* The network cannot tell whether it was delivered (5002), but the gateway had it. */
/* pain: failed on the way, and sent anew though the gateway had it */
TEST(any_report_shows_that_it_was_taken)
{
	static const struct { enum delivery d; const char *state; } cases[] = { { DELIVERY_OK, "delivered" },
		{ DELIVERY_FAILED, "failed" }, { DELIVERY_UNKNOWN, "sent" } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rig r;
		int64_t text = lost(&r, "unknown = resend", VISIT_BOOKED);
		int jobs = r.jobs_n;

		report(&r, text, cases[i].d);
		same_text("its state", text_state_name(text_of(&r, text).state), cases[i].state);
		same_text("why", reason_name(text_of(&r, text).reason), "accepted");
		pass(&r, 3600);
		same_int("never again", r.jobs_n, jobs);
		rig_close(&r);
	}
}

TEST(the_wait_outlives_a_crash)
{
	struct rig r;
	int64_t text = lost(&r, "unknown = resend unknown_wait = 30min", VISIT_BOOKED);
	int jobs = r.jobs_n;

	crash(&r);
	sender(&r, true);
	pass(&r, 1200);
	same_int("not yet", r.jobs_n, jobs);
	until_job(&r, 600);
	same_int("sent again", r.jobs_n, jobs + 1);
	same_int("it is this one", last_job(&r)->text, text);
	rig_close(&r);
}

TEST(held_for_a_person)
{
	for (int send = 0; send < 2; send++) {
		struct rig r;
		int64_t text = lost(&r, "unknown = hold", VISIT_BOOKED);
		int jobs = r.jobs_n;

		pass(&r, 900);
		same_text("why", reason_name(text_of(&r, text).reason), "unknown-held");
		same_text("it counts as told all the while", text_state_name(text_of(&r, text).state), "unknown");
		same_int("counted", status(&r)->unknown_held, 1);
		holds("alarmed", r.alarms >= 1 && strstr(r.alarm, "is held"));
		pass(&r, 7200);
		same_int("nothing by itself", r.jobs_n, jobs);
		release(&r, RELEASE_COUNT);
		same_int("counting sends nothing", r.jobs_n, jobs);
		release(&r, send ? RELEASE_SEND : RELEASE_DROP);
		pass(&r, 10);
		same_int("as the person said", r.jobs_n - jobs, send);
		same_text("and its state", text_state_name(text_of(&r, text).state), send ? "sending" : "unknown");
		holds("it waits no more", text_of(&r, text).reason != REASON_UNKNOWN_HELD);
		rig_close(&r);
	}
}

TEST(a_cancellation_is_never_sent_twice)
{
	static const char *const policies[] = { "unknown = resend", "unknown = hold" };

	for (size_t i = 0; i < COUNT(policies); i++) {
		struct rig r;
		int64_t text = lost(&r, policies[i], VISIT_CANCELED);
		int jobs = r.jobs_n;

		pass(&r, 7200);
		same_int("never", r.jobs_n, jobs);
		same_text("why", reason_name(text_of(&r, text).reason), "no-answer-window-over");
		rig_close(&r);
	}
}

TEST(a_changed_policy_decides)
{
	struct rig r;
	int64_t text = lost(&r, "unknown = hold", VISIT_BOOKED);
	int jobs = r.jobs_n;

	rig_change(&r, "unknown = hold", "unknown = drop");
	pass(&r, 120);
	same_text("dropped now", reason_name(text_of(&r, text).reason), "no-answer-window-over");
	same_int("nothing was sent", r.jobs_n, jobs);
	rig_close(&r);
}

TEST(the_window_is_a_setting)
{
	struct rig r;
	int64_t text;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "access_key = acs.key", "access_key = acs.key repeat_window = 60s");
	(void)tell(&r, (struct say){ .id = "U1", .phone = "+16085550123", .in_s = 40 * DAY });
	text = last_job(&r)->text;
	same_int("a job may not begin after it", last_job(&r)->not_after_s - now_s(&r.now), 60);
	for (int i = 0; i < 11; i++) {
		outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
		pass(&r, 5);
	}
	same_text("within it", text_state_name(text_of(&r, text).state), "sending");
	pass(&r, 100);
	same_text("after it", text_state_name(text_of(&r, text).state), "unknown");
	rig_close(&r);
}

/* ---- what ends the wait sooner ---- */

static void
site_gone(struct rig *r)
{
	rig_change(r, "site \"cardiology\"", "site \"surgery\"");
}

/* Whose policy it was is not known any more: nothing is sent for a site that is gone. */
TEST(a_site_that_is_gone_sends_nothing_again)
{
	for (int waits = 0; waits < 2; waits++) {
		struct rig r;
		int64_t text;
		int jobs;

		if (waits) {
			text = lost(&r, "unknown = resend", VISIT_BOOKED);
			site_gone(&r);
		} else {
			rig_open(&r, 6000, 0, "unknown = resend");
			(void)tell(&r, (struct say){ .id = "U1", .phone = "+16085550123", .in_s = 40 * DAY });
			text = last_job(&r)->text;
			outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
			site_gone(&r);
		}
		jobs = r.jobs_n;
		pass(&r, 1200);
		same_int("never again", r.jobs_n, jobs);
		same_text("nobody knows", text_state_name(text_of(&r, text).state), "unknown");
		holds("and nobody waits to know", text_of(&r, text).reason != REASON_REPORT_AWAITED);
		same_int("counted", status(&r)->unknown_dropped, 1);
		same_text("told, of no site", r.where, "");
		rig_close(&r);
	}
}

/* A question was asked minutes ago: an answer is not given twice. */
TEST(an_answer_to_a_phone_is_never_sent_twice)
{
	struct rig r;
	struct sender_event ev = { .told = EVENT_INBOUND, .event = 1, .from = "+16085550123", .to = "+18335550100", .gateway = "acs" };
	int64_t text;
	int jobs;

	rig_open(&r, 6000, 0, "unknown = resend");
	(void)tell(&r, (struct say){ .id = "U1", .phone = "+16085550123", .in_s = 40 * DAY });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	told(&r, ev, "HELP ME PLEASE");
	same_int("answered", r.jobs_n, 2);
	text = last_job(&r)->text;
	for (int i = 0; i < 100 && text_of(&r, text).state == TEXT_SENDING; i++) {
		outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
		pass(&r, 5);
	}
	jobs = r.jobs_n;
	same_text("nobody knows", text_state_name(text_of(&r, text).state), "unknown");
	same_text("and it is dropped at once", reason_name(text_of(&r, text).reason), "no-answer-window-over");
	pass(&r, 1200);
	same_int("never again", r.jobs_n, jobs);
	rig_close(&r);
}

/* in_s: the visit; its confirmation is too late when it begins. */
static int64_t
lost_before(struct rig *r, const char *unknown, int64_t in_s)
{
	int64_t text;

	rig_open(r, 6000, 0, unknown);
	(void)tell(r, (struct say){ .id = "U1", .phone = "+16085550123", .in_s = in_s });
	text = last_job(r)->text;
	for (int i = 0; i < 100 && text_of(r, text).state == TEXT_SENDING; i++) {
		outcome(r, last_job(r), OUTCOME_UNSURE, 0);
		pass(r, 5);
	}
	return text;
}

TEST(what_would_come_too_late_is_not_waited_for)
{
	static const struct {
		const char *rule, *policy;
		int64_t in_s;
		enum text_reason begins, ends;
	} rows[] = {
		{ "before its window is over", "unknown = resend", 120, REASON_NO_ANSWER, REASON_NO_ANSWER },
		{ "before a report must be there", "unknown = resend unknown_wait = 30min", 900, REASON_REPORT_AWAITED, REASON_WINDOW_OVER },
		{ "before a person has decided", "unknown = hold", 1800, REASON_REPORT_AWAITED, REASON_WINDOW_OVER },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		int64_t text = lost_before(&r, rows[i].policy, rows[i].in_s);
		int jobs = r.jobs_n;

		same_text(rows[i].rule, reason_name(text_of(&r, text).reason), reason_name(rows[i].begins));
		pass(&r, 1400);
		r.now.wall_ms += 400000;
		r.now.boot_ms += 400000;
		(void)status(&r);
		same_text(rows[i].rule, reason_name(text_of(&r, text).reason), reason_name(rows[i].ends));
		same_text(rows[i].rule, text_state_name(text_of(&r, text).state), "unknown");
		same_int(rows[i].rule, status(&r)->unknown_dropped, 1);
		same_int("never again", r.jobs_n, jobs);
		rig_close(&r);
	}
}

/* By the clock of now it was sent in the future: how long ago that is, nobody knows. */
TEST(a_clock_that_was_set_back_makes_no_wait_longer)
{
	struct rig r;
	int64_t text = lost(&r, "unknown = resend", VISIT_BOOKED);

	r.now.wall_ms -= 7200000;
	pass(&r, 60);
	same_int("decided now, not in hours", status(&r)->unknown_resent, 1);
	same_text("it waits as if it had not gone", text_state_name(text_of(&r, text).state), "pending");
	rig_close(&r);
}

/* One reminder for two visits: sent again, it says both again. */
TEST(what_a_reminder_said_besides_is_said_again_with_it)
{
	struct rig r;
	int jobs;

	rig_open(&r, 6000, 0, "merge = true daily_cap = 0 unknown = resend");
	for (int i = 0; i < 2; i++) {
		(void)tell(&r, (struct say){ .id = i ? "M2" : "M1", .phone = "+16085550123", .in_s = 3 * DAY + (3 + 2 * i) * 3600 });
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	}
	r.now.wall_ms += (2 * DAY + 3 * 3600 - 10) * 1000;
	r.now.boot_ms += (2 * DAY + 3 * 3600 - 10) * 1000;
	pass(&r, 15);
	same_int("one reminder", r.jobs_n, 3);
	for (int i = 0; i < 100 && text_of(&r, last_job(&r)->text).state == TEXT_SENDING; i++) {
		outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
		pass(&r, 5);
	}
	jobs = r.jobs_n;
	r.now.wall_ms += 900000;
	r.now.boot_ms += 900000;
	(void)status(&r);
	pass(&r, 1);
	same_int("decided", status(&r)->unknown_resent, 1);
	same_int("sent again", r.jobs_n, jobs + 1);
	holds("with both times", strstr(last_job(&r)->body, "9:00 AM, 11:00 AM"));
	rig_close(&r);
}

/* A turn in which nothing else is written: whatever of it fails, the next one decides. */
TEST(it_is_decided_though_turns_fail)
{
	struct rig r;
	int64_t text;
	int jobs;

	if (rig_refuse.on)
		return; /* it refuses by itself */
	text = lost(&r, "unknown = resend", VISIT_BOOKED);
	jobs = r.jobs_n;
	pass(&r, 600); /* what is done every ten minutes is done, some of it just now */
	sender(&r, false); /* it is asked for no report either */
	r.now.wall_ms += 65000;
	r.now.boot_ms += 65000;
	for (long n = 1; n < 100 && text_of(&r, text).state == TEXT_UNKNOWN; n++) {
		refuse_at(n, SQLITE_FULL, 0);
		refuse_here(true);
		(void)turn(&r, NULL, NULL, NULL);
		refuse_here(false);
	}
	refuse_at(0, SQLITE_OK, 0);
	sender(&r, true);
	same_int("once", r.jobs_n, jobs + 1);
	same_int("and counted once", status(&r)->unknown_resent, 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(dropped_at_once_and_said), RUN(sent_again_only_when_no_report_came),
		RUN(any_report_shows_that_it_was_taken), RUN(the_wait_outlives_a_crash), RUN(held_for_a_person), RUN(a_cancellation_is_never_sent_twice),
		RUN(a_changed_policy_decides), RUN(the_window_is_a_setting),
		RUN(a_site_that_is_gone_sends_nothing_again), RUN(an_answer_to_a_phone_is_never_sent_twice), RUN(what_would_come_too_late_is_not_waited_for),
		RUN(a_clock_that_was_set_back_makes_no_wait_longer), RUN(what_a_reminder_said_besides_is_said_again_with_it), RUN(it_is_decided_though_turns_fail) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
