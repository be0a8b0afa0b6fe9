/* test_pair.c - cancelled and booked again under another id: what the patient reads is one change. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)

struct step {
	const char *id;
	enum visit_status status;
	int64_t in_days;
	const char *type;     /* NULL: as a cancellation, which often names none */
	const char *patient;  /* NULL: the usual one */
};

static int64_t begun_s;

static void
say_at(struct rig *r, const struct step *s, bool here)
{
	struct message *m = message_of(r, (struct say){ .id = s->id, .patient = s->patient, .phone = s->status == VISIT_BOOKED ? PHONE : NULL,
	                                      .in_s = begun_s + s->in_days * DAY - now_s(&r->now), .status = s->status });

	m->bookings[0].visit_type = m->bookings[0].visit_types = span_of(s->type ? s->type : "");
	if (!here) /* as a message that names a department of no site */
		m->bookings[0].site = NULL;
	(void)turn(r, &m->link, NULL, NULL);
}

static void
say(struct rig *r, const struct step *s)
{
	say_at(r, s, true);
}

/* The newest confirmation of an appointment by the number of its row. */
struct newest {
	enum text_kind kind;
	enum text_state state;
	enum text_reason reason;
};

static bool
note(void *ctx, const struct text *t)
{
	struct newest *n = ctx;

	if (t->kind != TEXT_REMINDER)
		*n = (struct newest){ t->kind, t->state, t->reason };
	return true;
}

static struct newest
newest_of(struct rig *r, int64_t appointment)
{
	struct newest n = { .kind = TEXT_KINDS };
	struct fault f = { 0 };

	assert_true(store_texts_of(r->store, appointment, note, &n, &f));
	return n;
}

/* A1 is booked for day 10 and told. */
static void
told_of_one(struct rig *r)
{
	rig_open(r, 200, 60, "");
	begun_s = now_s(&r->now);
	say(r, &(struct step){ "A1", VISIT_BOOKED, 10, "ECHO", NULL });
	pass(r, 65);
	same_int("told", r->jobs_n, 1);
	outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
}

TEST(one_change_in_either_order)
{
	static const struct {
		const char *rule;
		struct step first, second;
	} rows[] = {
		{ "cancelled, then booked", { "A1", VISIT_CANCELED, 10, NULL, NULL }, { "A2", VISIT_BOOKED, 12, "ECHO", NULL } },
		{ "booked, then cancelled", { "A2", VISIT_BOOKED, 12, "ECHO", NULL }, { "A1", VISIT_CANCELED, 10, NULL, NULL } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		struct newest n;

		told_of_one(&r);
		say(&r, &rows[i].first);
		pass(&r, 30);
		say(&r, &rows[i].second);
		pass(&r, 65);
		same_int(rows[i].rule, r.jobs_n, 2);
		n = newest_of(&r, 2);
		same_text(rows[i].rule, text_kind_name(n.kind), "changed");
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		n = newest_of(&r, 1);
		same_text(rows[i].rule, text_state_name(n.state), "void");
		same_text(rows[i].rule, reason_name(n.reason), "rebooked");
		struct appointment a;
		struct fault f = { 0 };

		assert_int_equal(store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_FOUND);
		holds("the old one's number goes as soon as the change is told", a.erased && !a.phone[0]);
		/* From here on the new one is like any other. */
		say(&r, &(struct step){ "A2", VISIT_CANCELED, 12, NULL, NULL });
		pass(&r, 65);
		same_int(rows[i].rule, r.jobs_n, 3);
		same_text("the new one's cancellation", text_kind_name(newest_of(&r, 2).kind), "canceled");
		rig_close(&r);
	}
}

TEST(two_texts_where_it_is_not_one_visit)
{
	static const struct {
		const char *rule;
		struct step booked;
		int64_t after_s;
	} rows[] = {
		{ "another type of visit", { "A2", VISIT_BOOKED, 12, "MRI", NULL }, 30 },
		{ "another patient: a family's phone", { "A2", VISIT_BOOKED, 12, "ECHO", "2002" }, 30 },
		{ "no type is said", { "A2", VISIT_BOOKED, 12, NULL, NULL }, 30 },
		{ "the cancellation was told before", { "A2", VISIT_BOOKED, 12, "ECHO", NULL }, 65 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		told_of_one(&r);
		say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
		pass(&r, rows[i].after_s);
		say(&r, &rows[i].booked);
		pass(&r, 80);
		same_int(rows[i].rule, r.jobs_n, 3);
		same_text(rows[i].rule, text_kind_name(newest_of(&r, 1).kind), "canceled");
		same_text(rows[i].rule, text_kind_name(newest_of(&r, 2).kind), "booked");
		rig_close(&r);
	}
}

/* pain: cancelled by mistake, undone in minutes, and both are texted */
TEST(undone_is_silent)
{
	struct rig r;

	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	pass(&r, 20);
	say(&r, &(struct step){ "A1", VISIT_BOOKED, 10, "ECHO", NULL });
	pass(&r, 80);
	same_int("a cancellation undone in minutes sends nothing", r.jobs_n, 1);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	pass(&r, 20);
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 10, "ECHO", NULL });
	pass(&r, 80);
	same_int("under another id neither: the patient reads no difference", r.jobs_n, 1);
	say(&r, &(struct step){ "A2", VISIT_CANCELED, 10, NULL, NULL });
	pass(&r, 80);
	same_int("but its cancellation is told", r.jobs_n, 2);
	rig_close(&r);
}

TEST(the_last_word_wins)
{
	struct rig r;

	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	pass(&r, 20);
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 13, "ECHO", NULL });
	pass(&r, 80);
	same_int("moved before it was told: still one", r.jobs_n, 2);
	same_text("a change", text_kind_name(newest_of(&r, 2).kind), "changed");
	rig_close(&r);

	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	pass(&r, 20);
	say(&r, &(struct step){ "A2", VISIT_CANCELED, 12, NULL, NULL });
	pass(&r, 80);
	same_int("the new one is cancelled as well: one text", r.jobs_n, 2);
	same_int("which is the old one's cancellation", last_job(&r)->text / STORE_TEXTS_OF_ONE, 1);
	same_text("its number is there for it", last_job(&r)->to, PHONE);
	rig_close(&r);

	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	pass(&r, 20);
	say(&r, &(struct step){ "A1", VISIT_BOOKED, 10, "ECHO", NULL });
	pass(&r, 80);
	same_int("the old one lives again: the new one is another visit", r.jobs_n, 2);
	same_text("booked", text_kind_name(newest_of(&r, 2).kind), "booked");
	rig_close(&r);
}

/* A clinic that moves as a whole cancels and books hundreds: what a person releases is one change each. */
TEST(also_while_a_storm_is_held)
{
	struct rig r;
	struct command *c;

	rig_open(&r, 200, 60, "storm_brake = 2/min");
	begun_s = now_s(&r.now);
	say(&r, &(struct step){ "A1", VISIT_BOOKED, 10, "ECHO", NULL });
	pass(&r, 65);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	say(&r, &(struct step){ "B1", VISIT_BOOKED, 11, "ECHO", "2001" });
	say(&r, &(struct step){ "B2", VISIT_BOOKED, 11, "ECHO", "2002" });
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	same_int("held", status(&r)->texts[TEXT_HELD], 1);
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	same_int("one is held", status(&r)->texts[TEXT_HELD], 1);
	same_text("the change", text_kind_name(newest_of(&r, 4).kind), "changed");
	same_text("not the cancellation", text_state_name(newest_of(&r, 1).state), "void");
	c = calloc(1, sizeof *c);
	c->kind = COMMAND_RELEASE_SITE;
	c->release = RELEASE_SEND;
	(void)snprintf(c->site, sizeof c->site, "cardiology");
	(void)turn(&r, NULL, NULL, &c->link);
	pass(&r, 65);
	same_int("booked, two of others, changed", r.jobs_n, 4);
	rig_close(&r);
}

TEST(a_crash_between_the_two)
{
	struct rig r;

	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	crash(&r);
	sender(&r, true);
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	crash(&r);
	sender(&r, true);
	pass(&r, 80);
	same_int("one change", r.jobs_n, 2);
	same_text("of the new one", text_kind_name(newest_of(&r, 2).kind), "changed");
	rig_close(&r);
}

static void
accepted(struct rig *r)
{
	pass(r, 65);
	outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
}

/* ---- which two are one ---- */

TEST(a_visit_that_left_the_site_is_no_half)
{
	struct rig r;

	told_of_one(&r);
	say_at(&r, &(struct step){ "A1", VISIT_CANCELED, 10, "ECHO", NULL }, false);
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	pass(&r, 80);
	same_int("one text", r.jobs_n, 2);
	same_text("of a visit of its own", text_kind_name(newest_of(&r, 2).kind), "booked");
	rig_close(&r);

	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	pass(&r, 20);
	say_at(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL }, false);
	pass(&r, 80);
	same_int("what is left is a cancellation", r.jobs_n, 2);
	same_text("of the old one", text_kind_name(newest_of(&r, 1).kind), "canceled");
	same_int("and it is the one that is told", last_job(&r)->text / STORE_TEXTS_OF_ONE, 1);
	rig_close(&r);
}

/* Who has found its other half is nobody else's. */
TEST(two_are_a_pair_and_the_third_is_alone)
{
	struct rig r;

	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	say(&r, &(struct step){ "A3", VISIT_BOOKED, 14, "ECHO", NULL });
	pass(&r, 80);
	same_int("two texts", r.jobs_n, 3);
	same_text("the first that came is the change", text_kind_name(newest_of(&r, 2).kind), "changed");
	same_text("the other is new", text_kind_name(newest_of(&r, 3).kind), "booked");
	rig_close(&r);

	told_of_one(&r);
	say(&r, &(struct step){ "B1", VISIT_BOOKED, 20, "ECHO", NULL });
	accepted(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	say(&r, &(struct step){ "B1", VISIT_CANCELED, 20, NULL, NULL });
	pass(&r, 80);
	same_int("two texts", r.jobs_n, 4);
	same_text("one change", text_kind_name(newest_of(&r, 3).kind), "changed");
	same_text("and one cancellation", text_kind_name(newest_of(&r, 2).kind), "canceled");
	rig_close(&r);
}

/* What the month holds has had its time: it is told as it was held. */
TEST(what_a_limit_holds_is_told_as_it_was)
{
	struct rig r;

	told_of_one(&r);
	rig_change(&r, "country = US", "country = US monthly_limit = 1 on_limit = hold");
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	pass(&r, 65);
	same_text("held", reason_name(newest_of(&r, 1).reason), "monthly-limit");
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	rig_change(&r, "monthly_limit = 1", "monthly_limit = 100");
	pass(&r, 80);
	same_int("both are told", r.jobs_n, 3);
	same_text("canceled", text_kind_name(newest_of(&r, 1).kind), "canceled");
	same_text("and booked", text_kind_name(newest_of(&r, 2).kind), "booked");
	rig_close(&r);
}

TEST(the_old_id_of_another_patient_parts_them)
{
	struct rig r;

	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	pass(&r, 20);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, "2002" });
	pass(&r, 80);
	same_int("one text", r.jobs_n, 2);
	same_text("a visit of its own", text_kind_name(newest_of(&r, 2).kind), "booked");
	rig_close(&r);
}

/* ---- when the change is not told, or told again ---- */

static struct appointment
row(struct rig *r, int64_t id)
{
	struct appointment a = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_appointment_get(r->store, id, now_s(&r->now), &a, &f), STORE_FOUND);
	return a;
}

TEST(a_change_that_comes_to_nothing_keeps_no_number)
{
	struct rig r;
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	same_text("it may be needed still", row(&r, 1).phone, PHONE);
	c->kind = COMMAND_OPTOUT_ADD;
	(void)snprintf(c->organization, sizeof c->organization, "lamna");
	(void)snprintf(c->phone, sizeof c->phone, "%s", PHONE);
	(void)turn(&r, NULL, NULL, &c->link);
	pass(&r, 80);
	same_int("nobody is told", r.jobs_n, 1);
	same_text("why", reason_name(newest_of(&r, 2).reason), "opted-out");
	holds("and the old one's number is gone", row(&r, 1).erased && !row(&r, 1).phone[0]);
	rig_close(&r);
}

TEST(moved_again_it_is_one_change_more)
{
	struct rig r;

	told_of_one(&r);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	accepted(&r);
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 13, "ECHO", NULL });
	pass(&r, 65);
	same_int("one text more", r.jobs_n, 3);
	same_text("a change", text_kind_name(newest_of(&r, 2).kind), "changed");
	rig_close(&r);
}

/* The old one's day came while its change could not be told: nobody is told today that yesterday's visit is cancelled. */
TEST(the_old_day_is_over_before_the_new_one_is_told)
{
	struct rig r;

	rig_open(&r, 200, 60, "stale = 30d");
	begun_s = now_s(&r.now);
	say(&r, &(struct step){ "A1", VISIT_BOOKED, 1, "ECHO", NULL });
	accepted(&r);
	sender(&r, false);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 1, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 5, "ECHO", NULL });
	r.now.wall_ms += 3 * DAY * 1000;
	r.now.boot_ms += 3 * DAY * 1000;
	pass(&r, 10);
	holds("the old one is erased", row(&r, 1).erased);
	say(&r, &(struct step){ "A2", VISIT_CANCELED, 5, NULL, NULL });
	sender(&r, true);
	pass(&r, 80);
	same_int("nothing is owed", r.jobs_n, 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(one_change_in_either_order), RUN(two_texts_where_it_is_not_one_visit),
		RUN(undone_is_silent), RUN(the_last_word_wins), RUN(also_while_a_storm_is_held),
		RUN(a_crash_between_the_two),
		RUN(a_visit_that_left_the_site_is_no_half), RUN(two_are_a_pair_and_the_third_is_alone), RUN(what_a_limit_holds_is_told_as_it_was),
		RUN(the_old_id_of_another_patient_parts_them), RUN(a_change_that_comes_to_nothing_keeps_no_number),
		RUN(moved_again_it_is_one_change_more), RUN(the_old_day_is_over_before_the_new_one_is_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
