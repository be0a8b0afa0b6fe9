/* test_phone_of_text.c - what is heard of a text is of the phone that it went to; what is known of a phone is of each text that waits for it. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <sqlite3.h>

#include "rig_clinics.h"

#define OTHER "+16085550188"
#define TEXT(appointment, n) ((appointment) * STORE_TEXTS_OF_ONE + (n))

static int event_number;

static void
report_of(struct rig *r, int64_t text, enum delivery delivery, const char *what, int64_t number)
{
	struct sender_event ev = { .told = EVENT_REPORT, .event = ++event_number, .text = text, .delivery = delivery, .number = number };

	(void)snprintf(ev.status, sizeof ev.status, "%s", what);
	told(r, ev, NULL);
}

static struct message *
about(struct rig *r, const char *id, const char *phone, int64_t in_s)
{
	return message_of(r, (struct say){ .id = id, .phone = phone, .in_s = in_s, .site = CARDIOLOGY });
}

static void
give(struct rig *r, struct message *m)
{
	(void)turn(r, &m->link, NULL, NULL);
	same_int("accepted", r->answer.verdict, VERDICT_ACCEPT);
}

static void
refuse(struct rig *r)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_OUTCOME, .text = last_job(r)->text, .attempt = last_job(r)->attempt,
		.outcome = OUTCOME_REFUSED, .http_status = 202, .retry_after_ms = -1, .code = "no-such-number" };
	(void)turn(r, NULL, &e->link, NULL);
}

static const char *
source_of(struct rig *r, const char *phone)
{
	static struct optout o;
	struct fault f = { 0 };

	o = (struct optout){ .source = "" };
	holds("the store answers", store_optout_get(r->store, "lamna", phone, &o, &f) != STORE_FAILED);
	return o.source;
}

static bool
is_refused(struct rig *r)
{
	struct refused one;
	struct fault f = { 0 };

	return store_refused_get(r->store, "lamna", PHONE, &one, &f) == STORE_FOUND;
}

static const char *
reason_of(struct rig *r, int64_t text)
{
	struct text t = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, text, &t, &f), STORE_FOUND);
	return reason_name(t.reason);
}

struct listed {
	int refused, released;
};

static bool
note(void *ctx, const struct said_reply *s)
{
	struct listed *x = ctx;

	x->refused += s->what == REPLY_NUMBER_REFUSED;
	x->released += s->what == REPLY_NUMBER_RELEASED;
	return true;
}

static struct listed
listed(struct rig *r, int64_t appointment)
{
	struct listed x = { 0, 0 };
	struct fault f = { 0 };

	assert_true(store_replies_of(r->store, appointment, note, &x, &f));
	return x;
}

static struct {
	bool ok;
	char source[80];
} answer;

static void
took(void *ctx, const struct command *c)
{
	(void)ctx;
	answer.ok = c->ok;
	(void)snprintf(answer.source, sizeof answer.source, "%s", c->optout.source);
}

static void
ask(struct rig *r, enum command_kind kind)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	(void)snprintf(c->organization, sizeof c->organization, "lamna");
	(void)snprintf(c->phone, sizeof c->phone, PHONE);
	(void)snprintf(c->who, sizeof c->who, "ann");
	r->on_reply = took;
	(void)turn(r, NULL, NULL, &c->link);
	r->on_reply = NULL;
}

/* Somebody's hand in the store, behind the engine's back. */
static void
by_hand(struct rig *r, const char *statement)
{
	char path[128];
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof path, "%s/nudge.db", r->folder);
	refuse_here(false);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static void
nothing_happens(struct rig *r)
{
	(void)r;
}

static void
another_number(struct rig *r)
{
	pass(r, 60);
	give(r, about(r, "A1", OTHER, 3 * DAY));
}

static void
another_patient(struct rig *r)
{
	struct message *m = about(r, "A1", OTHER, 3 * DAY);

	m->bookings[0].patient = SPAN_LIT("another");
	give(r, m);
}

static void
the_site_goes(struct rig *r)
{
	rig_change(r, "site \"cardiology\"", "site \"heart center\"");
}

static void
the_row_goes(struct rig *r)
{
	by_hand(r, "DELETE FROM appointment");
}

static const struct {
	const char *rule;
	void (*between)(struct rig *r);
	bool counts;
} rows[] = {
	{ "it is the phone of the visit", nothing_happens, true },
	{ "the patient has another number since", another_number, false },
	{ "the visit is another patient's since", another_patient, false },
	{ "its site went", the_site_goes, false },
	{ "its row is gone", the_row_goes, false },
};

/* pain: a carrier's late word about the old number stops the texts to the new one */
TEST(a_late_block_is_of_the_phone_that_the_text_went_to)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		clinics(&r);
		visit(&r, CARDIOLOGY, "A1", 3 * DAY, VISIT_BOOKED);
		rows[i].between(&r);
		report_of(&r, TEXT(1, 0), DELIVERY_FAILED, "blocked-by-recipient", 4007);
		same_text(rows[i].rule, source_of(&r, PHONE), rows[i].counts ? "report" : "");
		same_text("never of the number that it did not go to", source_of(&r, OTHER), "");
		rig_close(&r);
	}
}

/* A text that arrives shows that its number is right; one to another number shows nothing. */
TEST(a_late_arrival_is_of_the_phone_that_the_text_went_to)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		clinics(&r);
		visit(&r, CARDIOLOGY, "A1", 3 * DAY, VISIT_BOOKED);
		give(&r, about(&r, "A2", PHONE, 6 * DAY));
		refuse(&r);
		same_int("refused", is_refused(&r), true);
		rows[i].between(&r);
		report_of(&r, TEXT(1, 0), DELIVERY_OK, "delivered", 0);
		same_int(rows[i].rule, is_refused(&r), !rows[i].counts);
		rig_close(&r);
	}
}

/* Who was answered is forgotten with the answer: a block of it, heard later, is of nobody. */
TEST(a_block_of_an_answer_is_of_nobody_any_more)
{
	struct sender_event ev = { .told = EVENT_INBOUND, .event = 7000, .gateway = "acs", .to = HEART, .from = PHONE };
	struct rig r;

	clinics(&r);
	told(&r, ev, "HELP");
	answer_all(&r);
	report_of(&r, last_job(&r)->text, DELIVERY_FAILED, "blocked-by-recipient", 4007);
	same_text("nobody opted out", source_of(&r, PHONE), "");
	same_int("it failed", status(&r)->texts[TEXT_FAILED], 1);
	rig_close(&r);
}

TEST(an_answer_whose_row_is_gone_ends_as_it_did)
{
	struct sender_event ev = { .told = EVENT_INBOUND, .event = 7000, .gateway = "acs", .to = HEART, .from = PHONE };
	struct rig r;

	clinics(&r);
	told(&r, ev, "HELP");
	same_int("it is out", r.jobs_n, 1);
	by_hand(&r, "DELETE FROM response");
	answer_all(&r);
	same_int("it was sent", status(&r)->texts[TEXT_SENT], 1);
	same_int("nothing is under way", status(&r)->in_flight, 0);
	rig_close(&r);
}

TEST(what_is_known_of_an_opt_out_is_told)
{
	struct rig r;

	clinics(&r);
	ask(&r, COMMAND_OPTOUT_FIND);
	holds("of who has none: nothing", answer.ok && answer.source[0] == '\0');
	ask(&r, COMMAND_OPTOUT_ADD);
	ask(&r, COMMAND_OPTOUT_FIND);
	holds("found", answer.ok);
	same_text("with who it is from", answer.source, "admin:ann");
	same_text("and asking changes nothing", source_of(&r, PHONE), "admin:ann");
	rig_close(&r);
}

/* What waits says why it would not go, also when one of two reasons goes. */
TEST(of_two_reasons_one_stays)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 5 * DAY, VISIT_BOOKED);
	give(&r, about(&r, "A2", PHONE, 6 * DAY));
	refuse(&r);
	same_text("refused", reason_of(&r, TEXT(1, 1)), "number-refused");
	ask(&r, COMMAND_OPTOUT_ADD);
	same_text("opted out", reason_of(&r, TEXT(1, 1)), "opted-out");
	ask(&r, COMMAND_OPTOUT_REMOVE);
	holds("taken back", answer.ok);
	same_text("refused still", reason_of(&r, TEXT(1, 1)), "number-refused");
	ask(&r, COMMAND_REFUSED_RELEASE);
	same_text("released", reason_of(&r, TEXT(1, 1)), "");
	rig_close(&r);
}

TEST(an_opt_out_does_not_follow_the_visit_to_another_number)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 5 * DAY, VISIT_BOOKED);
	ask(&r, COMMAND_OPTOUT_ADD);
	same_text("its reminder would not go", reason_of(&r, TEXT(1, 1)), "opted-out");
	pass(&r, 60);
	give(&r, about(&r, "A1", OTHER, 5 * DAY - 60));
	holds("to the new number it would", strcmp(reason_of(&r, TEXT(1, 1)), "opted-out") != 0);
	r.now.wall_ms += 4 * DAY * 1000;
	r.now.boot_ms += 4 * DAY * 1000;
	pass(&r, 60);
	same_text("and does", last_job(&r)->to, OTHER);
	rig_close(&r);
}

/* ---- which visits a person must look at ---- */

TEST(visits_that_need_nobody_are_not_listed)
{
	struct rig r;
	struct message *m;

	clinics(&r);
	rig_change(&r, "site \"cardiology\" {", "site \"cardiology\" { retain = 2h");
	visit(&r, CARDIOLOGY, "BEGUN", 60, VISIT_BOOKED);
	pass(&r, 70);
	give(&r, about(&r, "LEFT", PHONE, 5 * DAY)); /* its text is out, and nothing was heard of it */
	m = about(&r, "LEFT", PHONE, 5 * DAY);
	m->bookings[0].site = NULL;
	give(&r, m);
	give(&r, about(&r, "A3", PHONE, 6 * DAY));
	refuse(&r);
	same_int("it has begun", listed(&r, 1).refused, 0);
	same_int("it is another house's", listed(&r, 2).refused, 0);
	same_int("this one does", listed(&r, 3).refused, 1);
	rig_close(&r);
}

TEST(what_was_not_listed_is_not_taken_back)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 0, VISIT_BOOKED);
	give(&r, about(&r, "A2", PHONE, 6 * DAY));
	refuse(&r);
	same_int("without a time it is not listed", listed(&r, 1).refused, 0);
	sender(&r, false);
	give(&r, about(&r, "A1", PHONE, 5 * DAY)); /* it has one, and its text waits */
	ask(&r, COMMAND_REFUSED_RELEASE);
	holds("released", answer.ok);
	same_int("nothing to take back", listed(&r, 1).released, 0);
	same_int("here there is", listed(&r, 2).released, 1);
	rig_close(&r);
}

TEST(a_visit_is_listed_again_for_another_patient_and_for_a_number_that_came_back)
{
	struct message *m;
	struct rig r;

	clinics(&r);
	give(&r, about(&r, "A1", PHONE, 6 * DAY));
	refuse(&r);
	same_int("once", listed(&r, 1).refused, 1);
	m = about(&r, "A1", PHONE, 6 * DAY);
	m->bookings[0].patient = SPAN_LIT("another");
	give(&r, m);
	same_int("of the next patient too", listed(&r, 1).refused, 2);
	same_int("nobody is texted there", r.jobs_n, 1);
	rig_close(&r);

	clinics(&r);
	give(&r, about(&r, "A1", PHONE, 6 * DAY));
	refuse(&r);
	pass(&r, 60);
	give(&r, about(&r, "A1", OTHER, 6 * DAY - 60));
	answer_all(&r);
	pass(&r, 60);
	give(&r, about(&r, "A1", PHONE, 6 * DAY - 120));
	r.now.wall_ms += 5 * DAY * 1000;
	r.now.boot_ms += 5 * DAY * 1000;
	pass(&r, 60);
	same_text("its reminder does not go", reason_of(&r, TEXT(1, 1)), "number-refused");
	same_int("the wrong number came back: a person must look again", listed(&r, 1).refused, 2);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_late_block_is_of_the_phone_that_the_text_went_to), RUN(a_late_arrival_is_of_the_phone_that_the_text_went_to),
		RUN(a_block_of_an_answer_is_of_nobody_any_more), RUN(an_answer_whose_row_is_gone_ends_as_it_did),
		RUN(what_is_known_of_an_opt_out_is_told), RUN(of_two_reasons_one_stays),
		RUN(an_opt_out_does_not_follow_the_visit_to_another_number), RUN(visits_that_need_nobody_are_not_listed),
		RUN(what_was_not_listed_is_not_taken_back), RUN(a_visit_is_listed_again_for_another_patient_and_for_a_number_that_came_back) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
