/* test_taken_late.c - a text went back, was held or ended, and then it is known that the gateway had taken it: it never goes again, and the books say so. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)
#define TEXT(n) (STORE_TEXTS_OF_ONE + (n)) /* of the first visit */

static void
text_is(struct rig *r, const char *rule, int64_t id, enum text_state state, enum text_reason reason)
{
	same_text(rule, text_state_name(text_of(r, id).state), text_state_name(state));
	same_text(rule, reason_name(text_of(r, id).reason), reason_name(reason));
}

/* Each text in one state, and of the month so many texts and segments. */
static void
books_are(struct rig *r, int64_t texts)
{
	(void)sites_whose_books_are_right(r);
	same_int("texts of the month", status(r)->limits[0].texts, texts);
	same_int("its segments", r->status.limits[0].used, texts * text_of(r, TEXT(0)).segments);
}

static void
about_site(struct rig *r, enum command_kind kind, int release)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	c->release = release == RELEASE_DROP ? RELEASE_DROP : RELEASE_SEND;
	(void)snprintf(c->site, sizeof c->site, "cardiology");
	(void)snprintf(c->who, sizeof c->who, "anna");
	(void)turn(r, NULL, NULL, &c->link);
}

static void
say(struct rig *r, int64_t start_s, enum visit_status status)
{
	(void)tell(r, (struct say){ .id = "A1", .phone = PHONE, .in_s = start_s - now_s(&r->now), .status = status });
}

/* ---- how the proof comes ---- */

enum proof { ANSWER, REPORT_OK, REPORT_NO_WORD, REPORT_BAD, PROOFS };

static const struct { const char *name; enum text_state state; } proofs[PROOFS] = { [ANSWER] = { "an answer", TEXT_SENT },
	[REPORT_OK] = { "a delivery", TEXT_DELIVERED }, [REPORT_NO_WORD] = { "a report without a word of the carrier", TEXT_SENT },
	[REPORT_BAD] = { "a report that it failed", TEXT_HELD } };

static void
prove(struct rig *r, const struct sent *job, enum proof p)
{
	static const enum delivery delivery[PROOFS] = { [REPORT_OK] = DELIVERY_OK, [REPORT_NO_WORD] = DELIVERY_UNKNOWN,
		[REPORT_BAD] = DELIVERY_FAILED };
	struct sender_event ev = { .told = EVENT_REPORT, .event = 1, .text = job->text, .from = "+18335550100", .delivery = delivery[p],
		.status = "x" };

	if (p == ANSWER)
		outcome(r, job, OUTCOME_ACCEPTED, 202);
	else
		told(r, ev, NULL);
}

/* ---- how it comes to wait or to end ---- */

/* A visit in two days, whose confirmation was given back while a person holds the site. */
static struct sent
given_back(struct rig *r, const char *more)
{
	struct sent job;

	rig_open(r, 6000, 0, more);
	say(r, now_s(&r->now) + 2 * DAY, VISIT_BOOKED);
	same_int("it is out", r->jobs_n, 1);
	job = *last_job(r);
	about_site(r, COMMAND_HOLD_SITE, 0);
	outcome(r, &job, OUTCOME_NOT_TRIED, 0);
	pass(r, 5);
	text_is(r, "it waits for the person", TEXT(0), TEXT_HELD, REASON_SITE_HELD);
	books_are(r, 0);
	return job;
}

/* What is out is given back as the connection to nudge-sender goes: it waits, and so does what is planned since. */
static struct sent
lose(struct rig *r)
{
	struct sender_event *back = calloc(1, sizeof *back), *gone = calloc(1, sizeof *gone);
	struct sent job = *last_job(r);

	assert_true(back && gone);
	*back = (struct sender_event){ .what = SENDER_OUTCOME, .text = job.text, .attempt = job.attempt, .outcome = OUTCOME_NOT_TRIED,
		.retry_after_ms = -1 };
	gone->what = SENDER_LOST;
	back->link.next = &gone->link;
	(void)turn(r, NULL, &back->link, NULL);
	text_is(r, "it waits", job.text, TEXT_PENDING, REASON_RETRY);
	return job;
}

/* So for the confirmation of a visit in two days. */
static struct sent
lost(struct rig *r)
{
	rig_open(r, 6000, 0, "");
	say(r, now_s(&r->now) + 2 * DAY, VISIT_BOOKED);
	return lose(r);
}

TEST(what_is_held_is_not_sent_when_it_was_taken)
{
	for (int p = 0; p < PROOFS; p++) {
		struct rig r;
		struct sent job = given_back(&r, "");
		bool taken = p != REPORT_BAD;

		prove(&r, &job, (enum proof)p);
		text_is(&r, proofs[p].name, TEXT(0), proofs[p].state, taken ? REASON_TAKEN_LATE : REASON_SITE_HELD);
		books_are(&r, taken ? 1 : 0);
		same_int("when it was sent is known", text_of(&r, TEXT(0)).sent_s != 0, taken);
		about_site(&r, COMMAND_RELEASE_SITE, RELEASE_SEND);
		pass(&r, 5);
		if (!taken)
			outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		pass(&r, 600);
		same_int("the person lets go: it goes if nobody had taken it", r.jobs_n, taken ? 1 : 2);
		books_are(&r, 1);
		rig_close(&r);
	}
}

/* Nobody knew, a person or the site's policy let it go again, and that was counted already. */
TEST(what_waits_to_be_sent_a_second_time_is_not)
{
	for (int p = 0; p <= REPORT_NO_WORD; p++)
		for (int held = 0; held < 2; held++) {
			struct rig r;
			struct sent job;

			rig_open(&r, 6000, 0, "unknown = resend");
			say(&r, now_s(&r.now) + 2 * DAY, VISIT_BOOKED);
			job = *last_job(&r);
			outcome(&r, &job, OUTCOME_UNSURE, 0);
			about_site(&r, COMMAND_HOLD_SITE, 0);
			pass(&r, 300);
			text_is(&r, "a report is waited for", TEXT(0), TEXT_UNKNOWN, REASON_REPORT_AWAITED);
			if (!held)
				sender(&r, false);
			pass(&r, 600);
			if (held)
				text_is(&r, "then it waits for the person", TEXT(0), TEXT_HELD, REASON_SITE_HELD);
			else
				about_site(&r, COMMAND_RELEASE_SITE, RELEASE_SEND);
			books_are(&r, 1);
			prove(&r, &job, (enum proof)p);
			same_text(proofs[p].name, text_state_name(text_of(&r, TEXT(0)).state), text_state_name(proofs[p].state));
			books_are(&r, 1);
			about_site(&r, COMMAND_RELEASE_SITE, RELEASE_SEND);
			sender(&r, true);
			pass(&r, 600);
			same_int("it does not go again", r.jobs_n, 1);
			rig_close(&r);
		}
}

/* What of the month it had used came back when it was given back; it was the last that had room. */
TEST(a_month_that_is_used_up_knows_of_it)
{
	struct rig r;
	struct sent job;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "country = US", "country = US monthly_limit = 1 on_limit = hold");
	say(&r, now_s(&r.now) + 2 * DAY, VISIT_BOOKED);
	job = *last_job(&r);
	outcome(&r, &job, OUTCOME_NOT_TRIED, 0);
	about_site(&r, COMMAND_HOLD_SITE, 0);
	prove(&r, &job, ANSWER);
	about_site(&r, COMMAND_RELEASE_SITE, RELEASE_SEND);
	books_are(&r, 1);
	(void)tell(&r, (struct say){ .id = "A2", .patient = "2", .phone = "+16085550124", .in_s = 2 * DAY });
	pass(&r, 60);
	same_int("there is no room for another", r.jobs_n, 1);
	text_is(&r, "and why", 2 * STORE_TEXTS_OF_ONE, TEXT_HELD, REASON_MONTHLY_LIMIT);
	rig_close(&r);
}

/* ---- it had ended ---- */

TEST(what_a_person_dropped_was_told)
{
	for (int p = 0; p < PROOFS; p++) {
		struct rig r;
		struct sent job = given_back(&r, "");
		bool taken = p != REPORT_BAD;

		about_site(&r, COMMAND_RELEASE_SITE, RELEASE_DROP);
		same_text("dropped", text_state_name(text_of(&r, TEXT(0)).state), "void");
		prove(&r, &job, (enum proof)p);
		same_text(proofs[p].name, text_state_name(text_of(&r, TEXT(0)).state), taken ? text_state_name(proofs[p].state) : "void");
		books_are(&r, taken ? 1 : 0);
		pass(&r, 600);
		same_int("nothing goes", r.jobs_n, 1);
		rig_close(&r);
	}
}

/* The visit moved while its confirmation waited: the patient was told of the hour before after all, and hears of a change. */
TEST(who_was_told_of_another_hour_hears_of_a_change)
{
	struct rig r;
	struct sent job = lost(&r);
	int64_t start_s = text_of(&r, TEXT(0)).start_s;

	say(&r, start_s + 3600, VISIT_BOOKED);
	text_is(&r, "the old hour's is not owed any more", TEXT(0), TEXT_VOID, REASON_REPLACED);
	prove(&r, &job, ANSWER);
	text_is(&r, "but was told", TEXT(0), TEXT_SENT, REASON_TAKEN_LATE);
	sender(&r, true);
	pass(&r, 60);
	same_int("one more goes", r.jobs_n, 2);
	same_text("and says what it is to the patient", text_kind_name(text_of(&r, last_job(&r)->text).kind), "changed");
	rig_close(&r);
}

/* It moved and moved back: what was told reads as what is. */
TEST(who_was_told_the_hour_that_is_hears_nothing)
{
	struct rig r;
	struct sent job = lost(&r);
	int64_t start_s = text_of(&r, TEXT(0)).start_s;

	say(&r, start_s + 3600, VISIT_BOOKED);
	say(&r, start_s, VISIT_BOOKED);
	prove(&r, &job, REPORT_OK);
	text_is(&r, "delivered", TEXT(0), TEXT_DELIVERED, REASON_TAKEN_LATE);
	sender(&r, true);
	pass(&r, 600);
	same_int("nothing goes twice", r.jobs_n, 1);
	books_are(&r, 1);
	rig_close(&r);
}

/* Whether a confirmation went stale meanwhile or a reminder came too late. */
TEST(what_had_come_too_late_was_told)
{
	for (int reminder = 0; reminder < 2; reminder++) {
		struct rig r;
		struct sent job;
		int64_t over_s;

		rig_open(&r, 6000, 0, reminder ? "confirmation = false" : "");
		say(&r, now_s(&r.now) + (reminder ? 2 : 20) * DAY, VISIT_BOOKED);
		if (reminder)
			pass(&r, DAY + 5);
		job = lose(&r);
		over_s = reminder ? text_of(&r, job.text).expires_s - now_s(&r.now) : DAY + 60;
		r.now.wall_ms += over_s * 1000;
		r.now.boot_ms += over_s * 1000;
		sender(&r, true);
		pass(&r, 5);
		text_is(&r, "nobody was told in time, it seems", job.text, reminder ? TEXT_EXPIRED : TEXT_SUPPRESSED,
		    reminder ? REASON_TOO_LATE : REASON_STALE);
		prove(&r, &job, REPORT_OK);
		text_is(&r, "but the patient was", job.text, TEXT_DELIVERED, REASON_TAKEN_LATE);
		same_int("once", r.jobs_n, 1);
		rig_close(&r);
	}
}

/* So did a reminder's hour, and late = send planned another for it. */
TEST(who_was_reminded_is_not_reminded_again)
{
	struct rig r;
	struct sent job;
	int64_t start_s;

	rig_open(&r, 6000, 0, "confirmation = false late = send");
	start_s = now_s(&r.now) + 2 * DAY;
	say(&r, start_s, VISIT_BOOKED);
	pass(&r, DAY + 5);
	same_int("the reminder is out", r.jobs_n, 1);
	job = lose(&r);
	say(&r, start_s + 3600, VISIT_BOOKED);
	say(&r, start_s, VISIT_BOOKED);
	text_is(&r, "its hour is not the visit's for a while", job.text, TEXT_VOID, REASON_RESCHEDULED);
	prove(&r, &job, REPORT_OK);
	text_is(&r, "delivered", job.text, TEXT_DELIVERED, REASON_TAKEN_LATE);
	sender(&r, true);
	pass(&r, 3600);
	same_int("no other for the same", r.jobs_n, 1);
	rig_close(&r);
}

/* Canceled while it waited: nobody is known any more who could be told, and nothing but the word is kept. */
TEST(of_a_visit_that_is_erased_only_the_word_is_kept)
{
	struct rig r;
	struct sent job = lost(&r);
	struct appointment a;
	struct fault f = { 0 };

	say(&r, text_of(&r, TEXT(0)).start_s, VISIT_CANCELED);
	text_is(&r, "nothing is owed", TEXT(0), TEXT_VOID, REASON_CANCELED);
	prove(&r, &job, REPORT_OK);
	text_is(&r, "it was told", TEXT(0), TEXT_DELIVERED, REASON_TAKEN_LATE);
	assert_int_equal(store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_FOUND);
	holds("erased it stays", a.erased && a.phone[0] == '\0');
	sender(&r, true);
	pass(&r, 600);
	same_int("nothing goes", r.jobs_n, 1);
	books_are(&r, 1);
	rig_close(&r);
}

/* What is said back to a phone is of no visit. */
TEST(an_answer_to_a_phone_that_went_all_the_same)
{
	struct sender_event help = { .told = EVENT_INBOUND, .event = 1, .from = PHONE, .to = "+18335550100", .gateway = "acs" };
	struct rig r;
	struct sent job;

	rig_open(&r, 6000, 0, "");
	say(&r, now_s(&r.now) + 2 * DAY, VISIT_BOOKED);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	told(&r, help, "is there parking");
	same_int("an answer is out", r.jobs_n, 2);
	job = lose(&r);
	pass(&r, 400);
	text_is(&r, "who wrote is answered at once or not at all", job.text, TEXT_EXPIRED, REASON_RESPONSE_LATE);
	prove(&r, &job, ANSWER);
	text_is(&r, "and was", job.text, TEXT_SENT, REASON_TAKEN_LATE);
	same_int("once", r.jobs_n, 2);
	rig_close(&r);
}

static void
refuse(struct rig *r, const struct sent *job)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_OUTCOME, .text = job->text, .attempt = job->attempt, .outcome = OUTCOME_REFUSED,
		.http_status = 202, .retry_after_ms = -1, .code = "invalid-text" };
	(void)turn(r, NULL, &e->link, NULL);
}

/* Refused, and delivered all the same: the gateway's two words do not agree, and the phone's counts. */
TEST(a_delivery_of_what_was_refused_is_counted)
{
	struct rig r;
	struct sent job;

	rig_open(&r, 6000, 0, "");
	say(&r, now_s(&r.now) + 2 * DAY, VISIT_BOOKED);
	job = *last_job(&r);
	refuse(&r, &job);
	text_is(&r, "refused", TEXT(0), TEXT_FAILED, REASON_GATEWAY_REFUSED);
	books_are(&r, 0);
	prove(&r, &job, REPORT_OK);
	text_is(&r, "and delivered", TEXT(0), TEXT_DELIVERED, REASON_TAKEN_LATE);
	books_are(&r, 1);
	prove(&r, &job, REPORT_OK);
	books_are(&r, 1);
	rig_close(&r);
}

/* ---- a report is there before the answer ---- */

TEST(a_report_on_what_is_out_ends_its_attempts)
{
	for (int p = REPORT_OK; p <= REPORT_NO_WORD; p++) {
		struct rig r;
		struct sent job;

		rig_open(&r, 6000, 0, "unknown = resend");
		say(&r, now_s(&r.now) + 2 * DAY, VISIT_BOOKED);
		job = *last_job(&r);
		outcome(&r, &job, OUTCOME_UNSURE, 0);
		prove(&r, &job, (enum proof)p);
		text_is(&r, proofs[p].name, TEXT(0), proofs[p].state, REASON_ACCEPTED);
		pass(&r, 1200);
		same_int("nothing goes again", r.jobs_n, 1);
		books_are(&r, 1);
		rig_close(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_is_held_is_not_sent_when_it_was_taken), RUN(what_waits_to_be_sent_a_second_time_is_not),
		RUN(a_month_that_is_used_up_knows_of_it), RUN(what_a_person_dropped_was_told), RUN(who_was_told_of_another_hour_hears_of_a_change),
		RUN(who_was_told_the_hour_that_is_hears_nothing), RUN(what_had_come_too_late_was_told),
		RUN(of_a_visit_that_is_erased_only_the_word_is_kept), RUN(an_answer_to_a_phone_that_went_all_the_same), RUN(who_was_reminded_is_not_reminded_again),
		RUN(a_delivery_of_what_was_refused_is_counted),
		RUN(a_report_on_what_is_out_ends_its_attempts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
