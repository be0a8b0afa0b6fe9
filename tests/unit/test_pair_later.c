/* test_pair_later.c - a pair long after it was told, and beside a visit that is gone from its site. */
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

static void
accepted(struct rig *r)
{
	pass(r, 65);
	outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
}

/* ---- which two are one ---- */

static struct appointment
row(struct rig *r, int64_t id)
{
	struct appointment a = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_appointment_get(r->store, id, now_s(&r->now), &a, &f), STORE_FOUND);
	return a;
}

static void
days(struct rig *r, int64_t n)
{
	for (int64_t i = 0; i < 24 * n; i++) {
		int before = r->jobs_n;

		r->now.wall_ms += 3600000;
		r->now.boot_ms += 3600000;
		(void)turn(r, NULL, NULL, NULL);
		for (int k = before; k < r->jobs_n; k++)
			outcome(r, &r->jobs[k % 256], OUTCOME_ACCEPTED, 202);
	}
}

/* A visit lives again whose change was told, and so does the one that took its place: they are two. */
TEST(both_live_again_and_are_two)
{
	for (int by_then = 0; by_then < 2; by_then++) {
		struct rig r;
		int jobs;

		told_of_one(&r);
		rig_change(&r, "store_key", "report_retention = 40d store_key");
		say(&r, &(struct step){ "A1", VISIT_CANCELED, 100, NULL, NULL });
		say(&r, &(struct step){ "A2", VISIT_BOOKED, 3, "ECHO", NULL });
		accepted(&r);
		same_text("a change", text_kind_name(newest_of(&r, 2).kind), "changed");
		days(&r, by_then ? 60 : 10); /* the new one's day is over; and at last it is known no more */
		jobs = r.jobs_n;
		say(&r, &(struct step){ "A1", VISIT_BOOKED, 100, "ECHO", NULL });
		accepted(&r);
		same_int("the old one is told of", r.jobs_n, jobs + 1);
		same_text("as booked", text_kind_name(newest_of(&r, 1).kind), "booked");
		say(&r, &(struct step){ "A2", VISIT_BOOKED, 110, "ECHO", NULL });
		accepted(&r);
		same_int("and so is the other", r.jobs_n, jobs + 2);
		same_text("as what it is by what is known of it", text_kind_name(newest_of(&r, last_job(&r)->text / STORE_TEXTS_OF_ONE).kind),
		    by_then ? "booked" : "changed");
		say(&r, &(struct step){ "A2", VISIT_CANCELED, 110, NULL, NULL });
		accepted(&r);
		same_int("which ends alone", r.jobs_n, jobs + 3);
		holds("the old one stays", row(&r, 1).status == VISIT_BOOKED && !row(&r, 1).erased);
		rig_close(&r);
	}
}

/* The old one's row went with the report's time; the new one is months away. */
TEST(the_new_one_outlives_the_old_ones_row)
{
	struct rig r;
	struct appointment a;
	struct fault f = { 0 };
	int jobs;

	told_of_one(&r);
	rig_change(&r, "store_key", "report_retention = 40d store_key");
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 120, "ECHO", NULL });
	accepted(&r);
	days(&r, 60);
	same_int("the old one is known no more", store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_NONE);
	jobs = r.jobs_n;
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 121, "ECHO", NULL });
	accepted(&r);
	same_int("a move is told", r.jobs_n, jobs + 1);
	same_text("as one", text_kind_name(newest_of(&r, 2).kind), "changed");
	say(&r, &(struct step){ "A2", VISIT_CANCELED, 121, NULL, NULL });
	accepted(&r);
	same_int("and so is its end", r.jobs_n, jobs + 2);
	same_text("as one", text_kind_name(newest_of(&r, 2).kind), "canceled");
	rig_close(&r);
}

/* Its text is on its way, so it is still known; but it is of no site here. */
TEST(a_visit_that_left_while_its_text_was_out_is_no_half)
{
	struct rig r;

	told_of_one(&r);
	say(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL });
	pass(&r, 65);
	say_at(&r, &(struct step){ "A2", VISIT_BOOKED, 12, "ECHO", NULL }, false);
	say(&r, &(struct step){ "A1", VISIT_CANCELED, 10, NULL, NULL });
	pass(&r, 65);
	same_int("the cancellation is told", r.jobs_n, 3);
	same_text("as one", text_kind_name(newest_of(&r, 1).kind), "canceled");
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(both_live_again_and_are_two), RUN(the_new_one_outlives_the_old_ones_row),
		RUN(a_visit_that_left_while_its_text_was_out_is_no_half) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
