/* test_refused.c - numbers that a gateway or a carrier called wrong, through the real engine. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define PHONE "+16085550123"
#define OTHER "+16085550188"
#define OURS "+18335550100"
#define DAY ((int64_t)86400)
#define TEXT(appointment, n) ((appointment) * STORE_TEXTS_OF_ONE + (n))

static int event_number;

static void
report_of(struct rig *r, int64_t text, const char *status, int64_t code)
{
	struct sender_event ev = { .told = EVENT_REPORT, .event = ++event_number, .text = text, .from = OURS, .number = code,
		.delivery = strcmp(status, "delivered") == 0 ? DELIVERY_OK : DELIVERY_FAILED };

	(void)snprintf(ev.status, sizeof ev.status, "%s", status);
	told(r, ev, NULL);
}

/* The gateway's answer says it at once. */
static void
refuse(struct rig *r, const char *code)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_OUTCOME, .text = last_job(r)->text, .attempt = last_job(r)->attempt,
		.outcome = OUTCOME_REFUSED, .http_status = 202, .retry_after_ms = -1 };
	(void)snprintf(e->code, sizeof e->code, "%s", code);
	(void)turn(r, NULL, &e->link, NULL);
}

static void
book(struct rig *r, const char *id, const char *phone)
{
	(void)tell(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 20 * DAY });
}

static void
book_and_send(struct rig *r, const char *id, const char *phone)
{
	int before = r->jobs_n;

	book(r, id, phone);
	same_int("its confirmation leaves", r->jobs_n, before + 1);
	outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
}

static bool
is_refused(struct rig *r, const char *phone)
{
	struct refused one;
	struct fault f = { 0 };

	return store_refused_get(r->store, "lamna", phone, &one, &f) == STORE_FOUND;
}

struct said {
	int refused, released;
};

static bool
take_said(void *ctx, const struct said_reply *s)
{
	struct said *x = ctx;

	x->refused += s->what == REPLY_NUMBER_REFUSED;
	x->released += s->what == REPLY_NUMBER_RELEASED;
	return true;
}

static struct said
said_of(struct rig *r, int64_t appointment)
{
	struct said x = { 0, 0 };
	struct fault f = { 0 };

	holds("the store answers", store_replies_of(r->store, appointment, take_said, &x, &f));
	return x;
}

static struct { bool ok, changed; char cause[32]; } done;

static void
note_done(void *ctx, const struct command *c)
{
	(void)ctx;
	done.ok = c->ok;
	done.changed = c->changed;
	(void)snprintf(done.cause, sizeof done.cause, "%s", c->refused.cause);
}

static void
ask(struct rig *r, enum command_kind kind, const char *phone)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	(void)snprintf(c->organization, sizeof c->organization, "lamna");
	(void)snprintf(c->phone, sizeof c->phone, "%s", phone);
	r->on_reply = note_done;
	(void)turn(r, NULL, NULL, &c->link);
}

/* pain: a wrong number or a landline is tried for each visit anew */
TEST(what_is_planned_and_the_next_visit)
{
	struct rig r;
	int alarms;

	rig_open(&r, 200, 0, "");
	book_and_send(&r, "A1", PHONE);
	book_and_send(&r, "A2", PHONE);
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	same_int("it failed", text_of(&r, TEXT(1, 0)).state, TEXT_FAILED);
	same_text("its reminder says why it will not go", reason_name(text_of(&r, TEXT(1, 1)).reason), "number-refused");
	same_text("so does that of the phone's other visit", reason_name(text_of(&r, TEXT(2, 1)).reason), "number-refused");
	same_int("both visits are on the list", said_of(&r, 1).refused + said_of(&r, 2).refused, 2);
	alarms = r.alarms;
	book(&r, "A3", PHONE);
	same_int("the next visit is not texted", r.jobs_n, 2);
	same_int("but says so", text_of(&r, TEXT(3, 0)).state, TEXT_SUPPRESSED);
	same_text("by its own reason", reason_name(text_of(&r, TEXT(3, 0)).reason), "number-refused");
	same_int("and is on the list", said_of(&r, 3).refused, 1);
	same_int("a booking alarms nobody", r.alarms, alarms);
	(void)tell(&r, (struct say){ .id = "A2", .patient = "A2", .in_s = 20 * DAY, .status = VISIT_CANCELED });
	same_int("a cancellation that cannot be told does", r.alarms, alarms + 1);
	pass(&r, 20 * DAY);
	same_int("nor is anybody reminded", r.jobs_n, 2);
	same_int("each visit stands once on the list", said_of(&r, 1).refused + said_of(&r, 2).refused + said_of(&r, 3).refused, 3);
	rig_close(&r);
}

TEST(what_is_refused_for_good_and_what_is_not)
{
	static const struct {
		const char *status;
		int64_t code;
		bool wrong;
	} rows[] = {
		{ "no-such-number", 4004, true }, { "invalid-number", 4002, true }, { "invalid-number", 0, true },
		{ "invalid-number", 4001, false }, { "unreachable", 4006, false }, { "blocked-number", 4000, false },
		{ "recipient-blocked", 4005, false }, { "blocked-by-recipient", 4007, false }, { "limit-reached", 4008, false },
		{ "spam", 4010, false }, { "other", 5000, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 200, 0, "");
		book_and_send(&r, "A1", PHONE);
		report_of(&r, TEXT(1, 0), rows[i].status, rows[i].code);
		same_int("it failed all the same", text_of(&r, TEXT(1, 0)).state, TEXT_FAILED);
		same_int(rows[i].status, is_refused(&r, PHONE), rows[i].wrong);
		rig_close(&r);
	}
}

TEST(the_gateways_answer_counts_too)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book(&r, "A1", PHONE);
	refuse(&r, "invalid-text");
	holds("the words were at fault", !is_refused(&r, PHONE));
	book(&r, "A2", PHONE);
	same_int("tried", r.jobs_n, 2);
	refuse(&r, "invalid-number");
	holds("now it is the number", is_refused(&r, PHONE));
	book(&r, "A3", PHONE);
	book_and_send(&r, "A4", OTHER);
	same_int("another number is another", r.jobs_n, 3);
	rig_close(&r);
}

/* An attempt of which nobody knows may have been taken: what is said of its repetition proves nothing. */
TEST(a_refusal_after_silence_proves_nothing)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book(&r, "A1", PHONE);
	outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
	pass(&r, 30);
	same_int("tried again", r.jobs_n, 2);
	refuse(&r, "invalid-number");
	same_int("unknown", text_of(&r, TEXT(1, 0)).state, TEXT_UNKNOWN);
	holds("not refused", !is_refused(&r, PHONE));
	rig_close(&r);
}

TEST(a_person_lets_it_go)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book_and_send(&r, "A1", PHONE);
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	ask(&r, COMMAND_REFUSED_FIND, PHONE);
	same_text("found", done.cause, "no-such-number");
	ask(&r, COMMAND_REFUSED_FIND, OTHER);
	same_text("another was not refused", done.cause, "");
	ask(&r, COMMAND_REFUSED_RELEASE, OTHER);
	holds("nor can it be released", !done.ok);
	ask(&r, COMMAND_REFUSED_RELEASE, PHONE);
	holds("released", done.ok && done.changed);
	same_text("its reminder waits as before", reason_name(text_of(&r, TEXT(1, 1)).reason), "");
	same_int("the list knows", said_of(&r, 1).released, 1);
	pass(&r, 19 * DAY + 10);
	same_int("and it goes", r.jobs_n, 2);
	report_of(&r, TEXT(1, 1), "no-such-number", 4004);
	holds("refused once more", is_refused(&r, PHONE));
	same_int("on the list once more", said_of(&r, 1).refused, 2);
	rig_close(&r);
}

TEST(it_ages_out)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	rig_change(&r, "country = US", "country = US refused_numbers = 30d");
	book_and_send(&r, "A1", PHONE);
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	pass(&r, 30 * DAY - 60);
	book(&r, "A2", PHONE);
	same_int("a minute before", r.jobs_n, 1);
	pass(&r, 120);
	book(&r, "A3", PHONE);
	same_int("and after", r.jobs_n, 2);
	pass(&r, 700);
	holds("nothing of it is kept", !is_refused(&r, PHONE));
	rig_close(&r);
}

TEST(nothing_is_remembered_when_nobody_wants_it)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	rig_change(&r, "country = US", "country = US refused_numbers = 0s");
	book_and_send(&r, "A1", PHONE);
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	holds("not kept", !is_refused(&r, PHONE));
	book(&r, "A2", PHONE);
	same_int("tried", r.jobs_n, 2);
	rig_close(&r);
}

TEST(what_shows_that_it_is_right)
{
	struct rig r;
	struct sender_event wrote = { .told = EVENT_INBOUND, .event = 900, .from = PHONE, .to = OURS, .gateway = "acs",
		.message_id = "Incoming_900" };

	rig_open(&r, 200, 0, "");
	book_and_send(&r, "A1", PHONE);
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	told(&r, wrote, "is it at nine?");
	holds("it writes", !is_refused(&r, PHONE));
	rig_close(&r);

	rig_open(&r, 200, 0, "");
	book_and_send(&r, "A1", PHONE);
	book_and_send(&r, "A2", PHONE);
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	report_of(&r, TEXT(2, 0), "delivered", 2000);
	holds("a text reached it", !is_refused(&r, PHONE));
	rig_close(&r);
}

/* A report may come when the visit has another number already. */
TEST(the_number_of_before_is_not_the_one_of_now)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book_and_send(&r, "A1", PHONE);
	pass(&r, 10);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "A1", .phone = OTHER, .in_s = 20 * DAY - 10 });
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	holds("the new one is not refused", !is_refused(&r, OTHER));
	report_of(&r, TEXT(1, 0), "blocked-by-recipient", 4007);
	pass(&r, 10);
	rig_close(&r);
}

TEST(another_number_lifts_it_from_the_visit)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book_and_send(&r, "A1", PHONE);
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	pass(&r, 10);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "A1", .phone = OTHER, .in_s = 20 * DAY - 10 });
	same_text("its reminder waits for its time alone", reason_name(text_of(&r, TEXT(1, 1)).reason), "");
	pass(&r, 20 * DAY);
	same_text("and goes to the new one", last_job(&r)->to, OTHER);
	holds("the old one stays refused", is_refused(&r, PHONE));
	rig_close(&r);
}

/* STOP outranks it, and what STOP said stands when the number is released. */
TEST(an_opt_out_stays_one)
{
	struct rig r;
	struct sender_event stop = { .told = EVENT_INBOUND, .event = 901, .from = PHONE, .to = OURS, .gateway = "acs", .message_id = "Incoming_901" };

	rig_open(&r, 200, 0, "");
	book_and_send(&r, "A1", PHONE);
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	told(&r, stop, "STOP");
	same_text("the reminder says STOP", reason_name(text_of(&r, TEXT(1, 1)).reason), "opted-out");
	pass(&r, 20 * DAY);
	same_text("it ended for that", reason_name(text_of(&r, TEXT(1, 1)).reason), "opted-out");
	rig_close(&r);
}

TEST(it_outlives_a_crash_and_the_visit)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book_and_send(&r, "A1", PHONE);
	report_of(&r, TEXT(1, 0), "no-such-number", 4004);
	pass(&r, 21 * DAY);
	crash(&r);
	sender(&r, true);
	book(&r, "A2", PHONE);
	same_int("still not texted", r.jobs_n, 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_is_planned_and_the_next_visit), RUN(what_is_refused_for_good_and_what_is_not),
		RUN(the_gateways_answer_counts_too), RUN(a_refusal_after_silence_proves_nothing), RUN(a_person_lets_it_go), RUN(it_ages_out),
		RUN(nothing_is_remembered_when_nobody_wants_it), RUN(what_shows_that_it_is_right),
		RUN(the_number_of_before_is_not_the_one_of_now), RUN(another_number_lifts_it_from_the_visit), RUN(an_opt_out_stays_one),
		RUN(it_outlives_a_crash_and_the_visit) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
