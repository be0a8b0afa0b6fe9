/* test_order.c - which appointment a message is about, and what late, doubled and moved messages may do to it. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"
#define OTHER "+16085550124"
#define DAY 86400

/* A message, to be changed before it is told. */
static struct booking *
prepare(struct rig *r, struct say s, struct message **m)
{
	*m = message_of(r, s);
	return &(*m)->bookings[0];
}

static void
give(struct rig *r, struct message *m)
{
	(void)turn(r, &m->link, NULL, NULL);
}

struct found {
	int rows;
	bool phone, flag;
	enum visit_status status;
	int64_t start_s;
	char id[32];
	size_t texts, by_state[TEXT_STATES], by_kind[TEXT_KINDS];
};

static bool
find_one(void *ctx, const struct appointment_view *v)
{
	struct found *f = ctx;

	f->rows++;
	f->phone = v->phone;
	f->flag = v->patient_flag;
	f->status = v->status;
	f->start_s = v->start_s;
	(void)snprintf(f->id, sizeof f->id, "%s", v->appointment_id);
	for (size_t i = 0; i < v->texts_n; i++) {
		f->texts++;
		f->by_state[v->texts[i].state]++;
		f->by_kind[v->texts[i].kind]++;
	}
	return true;
}

/* What the store knows under an id ("" for all). */
static struct found
look(struct rig *r, const char *id)
{
	struct found f = { 0 };
	struct store_reader *reader = NULL;
	struct fault fault = { 0 };

	assert_true(store_reader_open(r->folder, &reader, &fault));
	assert_true(store_read_appointments(reader, "", id, true, now_s(&r->now), find_one, &f, &fault));
	store_reader_close(reader);
	return f;
}

static void
accept_all(struct rig *r, int from)
{
	for (int i = from; i < r->jobs_n; i++)
		outcome(r, &r->jobs[i % 256], OUTCOME_ACCEPTED, 202);
}

TEST(an_alias_is_looked_up_only_when_every_better_id_is_empty)
{
	static const struct row {
		const char *rule, *id, *patient;
		bool filler;
		int rows;
		bool moves;
	} rows[] = {
		{ "an alias of the same patient finds the row", "V1", "7", false, 1, true },
		{ "an alias of another patient does not", "V1", "8", false, 2, false },
		{ "a filler id is no alias", "V1", "7", true, 2, false },
		{ "an alias that nobody has is a row of its own", "V9", "7", false, 2, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		struct message *m;
		struct booking *b;

		rig_open(&r, 6000, 0, "");
		b = prepare(&r, (struct say){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 9 }, &m);
		b->aliases[b->aliases_n++] = arena_copy(&m->arena, SPAN_LIT("V1"));
		give(&r, m);
		b = prepare(&r, (struct say){ .id = rows[i].id, .patient = rows[i].patient, .phone = PHONE, .in_s = 3 * DAY }, &m);
		b->has_filler_id = rows[i].filler;
		give(&r, m);
		same_int(rows[i].rule, look(&r, "").rows, rows[i].rows);
		same_int(rows[i].rule, look(&r, "A1").start_s == now_s(&r.now) + 3 * DAY, rows[i].moves);
		rig_close(&r);
	}
}

TEST(an_alias_never_merges_two_rows_that_both_have_a_filler_id)
{
	struct rig r;
	struct message *m;
	struct booking *b;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 9 });
	b = prepare(&r, (struct say){ .id = "B1", .patient = "7", .phone = PHONE, .in_s = 4 * DAY, .sent_ago_s = 8 }, &m);
	b->aliases[b->aliases_n++] = arena_copy(&m->arena, SPAN_LIT("A1"));
	give(&r, m);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 3 * DAY, .sent_ago_s = 7 });
	same_int("two rows", look(&r, "").rows, 2);
	same_int("the own id wins", look(&r, "A1").start_s, now_s(&r.now) + 3 * DAY);
	same_int("the other stays", look(&r, "B1").start_s, now_s(&r.now) + 4 * DAY);
	rig_close(&r);
}

TEST(nothing_is_inherited_from_another_patient)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 9 });
	accept_all(&r, 0);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "8", .in_s = 2 * DAY, .sent_ago_s = 8 });
	struct found f = look(&r, "A1");

	same_int("the number is gone", f.phone, 0);
	same_int("and it is flagged", f.flag, 1);
	same_int("nobody is texted", r.jobs_n, 1);
	pass(&r, 2 * DAY);
	same_int("not later either", r.jobs_n, 1);
	rig_close(&r);
}

TEST(order_of_events)
{
	static const struct row {
		const char *rule;
		struct { enum visit_status status; int64_t in_s, sent_ago_s; } said[4]; /* in_s 0: not said */
		size_t n;
		enum visit_status status;
		int64_t start_in_s;
		int texts; /* that went out */
	} rows[] = {
		{ "a late booking never revives a cancelled visit", { { VISIT_BOOKED, 2 * DAY, 90 }, { VISIT_CANCELED, 2 * DAY, 10 },
		    { VISIT_BOOKED, 2 * DAY, 50 } }, 3, VISIT_CANCELED, 2 * DAY, 2 },
		{ "a newer booking does", { { VISIT_BOOKED, 2 * DAY, 90 }, { VISIT_CANCELED, 2 * DAY, 50 }, { VISIT_BOOKED, 2 * DAY, 10 } }, 3,
		  VISIT_BOOKED, 2 * DAY, 3 },
		{ "a cancellation of what was never known is no text", { { VISIT_CANCELED, 2 * DAY, 10 } }, 1, VISIT_CANCELED, 2 * DAY, 0 },
		{ "and a late booking does not come after it", { { VISIT_CANCELED, 2 * DAY, 10 }, { VISIT_BOOKED, 2 * DAY, 60 } }, 2,
		  VISIT_CANCELED, 2 * DAY, 0 },
		{ "an older move changes nothing", { { VISIT_BOOKED, 2 * DAY, 90 }, { VISIT_BOOKED, 4 * DAY, 10 }, { VISIT_BOOKED, 3 * DAY, 50 } }, 3,
		  VISIT_BOOKED, 4 * DAY, 2 },
		{ "the same said twice is one text", { { VISIT_BOOKED, 2 * DAY, 90 }, { VISIT_BOOKED, 2 * DAY, 60 }, { VISIT_BOOKED, 2 * DAY, 30 } }, 3,
		  VISIT_BOOKED, 2 * DAY, 1 },
		{ "S14 cancels and un-cancels", { { VISIT_BOOKED, 2 * DAY, 90 }, { VISIT_CANCELED, 0, 60 }, { VISIT_BOOKED, 2 * DAY, 30 } }, 3,
		  VISIT_BOOKED, 2 * DAY, 3 },
		{ "S14 says that the patient came", { { VISIT_BOOKED, 2 * DAY, 90 }, { VISIT_ARRIVED, 2 * DAY, 60 } }, 2, VISIT_ARRIVED, 2 * DAY, 1 },
		{ "who came is not un-come by an older word", { { VISIT_ARRIVED, 2 * DAY, 10 }, { VISIT_BOOKED, 2 * DAY, 60 } }, 2, VISIT_ARRIVED,
		  2 * DAY, 0 },
		{ "entered in error: silence", { { VISIT_BOOKED, 2 * DAY, 90 }, { VISIT_DELETED, 2 * DAY, 60 } }, 2, VISIT_DELETED, 2 * DAY, 1 },
		{ "a no-show: silence", { { VISIT_BOOKED, 2 * DAY, 90 }, { VISIT_NO_SHOW, 2 * DAY, 60 } }, 2, VISIT_NO_SHOW, 2 * DAY, 1 },
		{ "pattern a and d: the same id at a new time is a change", { { VISIT_BOOKED, 2 * DAY, 90 }, { VISIT_BOOKED, 5 * DAY, 60 } }, 2,
		  VISIT_BOOKED, 5 * DAY, 2 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 6000, 0, "");
		for (size_t k = 0; k < rows[i].n; k++) {
			int before = r.jobs_n;

			(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .status = rows[i].said[k].status, .in_s = rows[i].said[k].in_s,
			    .sent_ago_s = rows[i].said[k].sent_ago_s });
			accept_all(&r, before);
		}
		struct found f = look(&r, "A1");

		same_int(rows[i].rule, f.rows, 1);
		same_int(rows[i].rule, f.status, rows[i].status);
		same_int(rows[i].rule, f.start_s, now_s(&r.now) + rows[i].start_in_s);
		same_int(rows[i].rule, r.jobs_n, rows[i].texts);
		rig_close(&r);
	}
}

TEST(without_a_time_the_order_of_arrival_counts)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 9 });
	prepare(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 4 * DAY }, &m)->has_sent_at = false;
	give(&r, m);
	same_int("what came last holds", look(&r, "A1").start_s, now_s(&r.now) + 4 * DAY);
	rig_close(&r);
}

TEST(pattern_c_a_new_id_with_the_old_one_beside)
{
	struct rig r;
	struct message *m;
	struct booking *b;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 9 });
	accept_all(&r, 0);
	b = prepare(&r, (struct say){ .id = "A2", .patient = "7", .phone = PHONE, .in_s = 3 * DAY, .sent_ago_s = 5 }, &m);
	b->old_id = arena_copy(&m->arena, SPAN_LIT("A1"));
	give(&r, m);
	struct found f = look(&r, "");

	same_int("one visit", f.rows, 1);
	same_text("under its new id", f.id, "A2");
	same_int("told as a change", f.by_kind[TEXT_CHANGED], 1);
	same_int("and booked once", f.by_kind[TEXT_BOOKED], 1);
	b = prepare(&r, (struct say){ .id = "A3", .patient = "8", .phone = OTHER, .in_s = 3 * DAY, .sent_ago_s = 4 }, &m);
	b->old_id = arena_copy(&m->arena, SPAN_LIT("A2"));
	give(&r, m);
	same_int("the old id of another patient is not taken over", look(&r, "").rows, 2);
	rig_close(&r);
}

TEST(pattern_b_cancelled_and_booked_anew_leaves_one_visit)
{
	for (int order = 0; order < 2; order++) {
		struct rig r;

		rig_open(&r, 6000, 120, "");
		(void)tell(&r, (struct say){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 90 });
		pass(&r, 300);
		accept_all(&r, 0);
		for (int step = 0; step < 2; step++)
			(void)tell(&r, step == order ? (struct say){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 2 * DAY - 300, .status = VISIT_CANCELED } :
			                               (struct say){ .id = "A2", .patient = "7", .phone = PHONE, .in_s = 3 * DAY });
		same_int("the old one is cancelled", look(&r, "A1").status, VISIT_CANCELED);
		same_int("the new one is booked", look(&r, "A2").status, VISIT_BOOKED);
		same_int("no reminder of the old one waits", look(&r, "A1").by_state[TEXT_PENDING] <= 1, 1);
		rig_close(&r);
	}
}

TEST(a_resend_is_known_for_weeks)
{
	struct rig r;
	struct say s = { .id = "A1", .phone = PHONE, .in_s = 60 * DAY, .control_id = "SAME" };

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, s);
	accept_all(&r, 0);
	r.now.wall_ms += INT64_C(8) * DAY * 1000;
	r.now.boot_ms += INT64_C(8) * DAY * 1000;
	s.in_s -= 8 * DAY;
	(void)tell(&r, s);
	same_int("after eight days it gets the stored answer", status(&r)->messages_duplicate, 1);
	same_int("accepted, as the first", r.answer.verdict, VERDICT_ACCEPT);
	same_int("and no text", r.jobs_n, 1);
	rig_close(&r);
}

TEST(a_group_visit_has_a_row_for_each_patient)
{
	struct rig r;
	static const char *const patient[] = { "7", "8", "9" }, *const phone[] = { PHONE, OTHER, "+16085550125" };

	rig_open(&r, 6000, 0, "");
	for (int i = 0; i < 3; i++) {
		struct message *m;

		prepare(&r, (struct say){ .id = "G1", .patient = patient[i], .phone = phone[i], .in_s = 2 * DAY, .sent_ago_s = 9 }, &m)->patient_number = i + 1;
		give(&r, m);
	}
	same_int("three rows", look(&r, "G1").rows, 3);
	same_int("three texts", r.jobs_n, 3);
	accept_all(&r, 0);
	struct message *m;

	prepare(&r, (struct say){ .id = "G1", .patient = "8", .phone = OTHER, .in_s = 2 * DAY, .status = VISIT_CANCELED }, &m)->patient_number = 1;
	give(&r, m);
	same_int("one of them cancels: one text", r.jobs_n, 4);
	same_text("to that one", last_job(&r)->to, OTHER);
	same_int("still three rows", look(&r, "G1").rows, 3);
	rig_close(&r);
}

/* A visit of one that becomes a group's, and of whom the next message is about, cannot be told. */
TEST(whoever_is_none_of_a_group_has_a_row_of_their_own)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 6000, 0, "");
	prepare(&r, (struct say){ .id = "G2", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 9 }, &m);
	give(&r, m);
	prepare(&r, (struct say){ .id = "G2", .patient = "8", .phone = OTHER, .in_s = 2 * DAY, .sent_ago_s = 8 }, &m)->patient_number = 2;
	give(&r, m);
	same_int("two rows", look(&r, "G2").rows, 2);
	accept_all(&r, 0);
	prepare(&r, (struct say){ .id = "G2", .patient = "9", .phone = "+16085550125", .in_s = 2 * DAY, .sent_ago_s = 7 }, &m);
	give(&r, m);
	same_int("three rows", look(&r, "G2").rows, 3);
	accept_all(&r, 0);
	rig_close(&r);
}

TEST(an_old_id_joins_a_group_that_has_its_number)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 6000, 0, "");
	prepare(&r, (struct say){ .id = "G3", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 9 }, &m)->patient_number = 1;
	give(&r, m);
	prepare(&r, (struct say){ .id = "G4", .patient = "8", .phone = OTHER, .in_s = 3 * DAY, .sent_ago_s = 9 }, &m)->patient_number = 1;
	give(&r, m);
	accept_all(&r, 0);
	prepare(&r, (struct say){ .id = "G3", .patient = "8", .phone = OTHER, .in_s = 2 * DAY, .sent_ago_s = 7 }, &m);
	m->bookings[0].old_id = SPAN_LIT("G4");
	m->bookings[0].patient_number = 2;
	give(&r, m);
	same_int("two rows", look(&r, "G3").rows, 2);
	same_int("none is left of the old id", look(&r, "G4").rows, 0);
	rig_close(&r);
}

/* Two patients that have no id: told of again, they are the same two. */
TEST(whoever_of_a_group_has_no_id_is_known_by_their_place)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	for (int i = 0; i < 4; i++) {
		struct message *m;
		struct booking *b = prepare(&r, (struct say){ .id = "G5", .phone = i % 2 ? OTHER : PHONE, .in_s = 2 * DAY, .sent_ago_s = 9 - i }, &m);

		b->patient = SPAN_NONE;
		b->patient_number = i % 2 + 1;
		give(&r, m);
		accept_all(&r, 0);
	}
	same_int("two rows", look(&r, "G5").rows, 2);
	same_int("each was told once", r.jobs_n, 2);
	rig_close(&r);
}

/* A patient who can be told from `patient` when both are erased: of 256 one cannot. */
static const char *
told_from(struct rig *r, const char *patient)
{
	static const char *const ids[] = { "11", "12", "13", "14" };
	uint8_t mark[MARK_BYTES], other[MARK_BYTES];
	struct fault f = { 0 };

	assert_true(store_mark(r->store, "patient", span_of(patient), mark, &f));
	for (size_t i = 0; i < COUNT(ids); i++) {
		assert_true(store_mark(r->store, "patient", span_of(ids[i]), other, &f));
		if (other[0] != mark[0])
			return ids[i];
	}
	fail_msg("four patients of one byte");
	return NULL;
}

/* What was canceled is erased and names nobody any more. */
TEST(a_late_booking_revives_nobody_in_a_group)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 6000, 0, "");
	for (int i = 0; i < 2; i++) {
		prepare(&r, (struct say){ .id = "G6", .patient = i ? "8" : "7", .phone = i ? OTHER : PHONE, .in_s = 2 * DAY, .sent_ago_s = 90 }, &m)->patient_number = i + 1;
		give(&r, m);
	}
	accept_all(&r, 0);
	prepare(&r, (struct say){ .id = "G6", .patient = "7", .in_s = 2 * DAY, .status = VISIT_CANCELED, .sent_ago_s = 10 }, &m);
	give(&r, m);
	accept_all(&r, 0);
	pass(&r, 10);
	same_int("booked, booked and canceled", r.jobs_n, 3);
	prepare(&r, (struct say){ .id = "G6", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 60 }, &m)->patient_number = 1;
	give(&r, m);
	same_int("and nothing else", r.jobs_n, 3);
	same_int("no other row", look(&r, "G6").rows, 2);
	prepare(&r, (struct say){ .id = "G6", .patient = told_from(&r, "7"), .phone = "+16085550125", .in_s = 2 * DAY, .sent_ago_s = 60 }, &m)->patient_number = 3;
	give(&r, m);
	same_int("an older message about another is no older one of theirs", r.jobs_n, 4);
	accept_all(&r, 3);
	prepare(&r, (struct say){ .id = "G6", .patient = "7", .phone = PHONE, .in_s = 2 * DAY }, &m)->patient_number = 1;
	give(&r, m);
	same_int("booked anew, it is told", r.jobs_n, 5);
	rig_close(&r);
}

/* The id of a visit of one, which changed hands before it was called off. */
TEST(a_late_booking_of_who_had_it_before_revives_nothing)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "G7", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 90 });
	(void)tell(&r, (struct say){ .id = "G7", .patient = "8", .phone = OTHER, .in_s = 2 * DAY, .sent_ago_s = 50 });
	accept_all(&r, 0);
	(void)tell(&r, (struct say){ .id = "G7", .patient = "8", .in_s = 2 * DAY, .status = VISIT_CANCELED, .sent_ago_s = 10 });
	accept_all(&r, 0);
	pass(&r, 10);
	int told_n = r.jobs_n;

	(void)tell(&r, (struct say){ .id = "G7", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 90 });
	(void)tell(&r, (struct say){ .id = "G7", .patient = "9", .phone = "+16085550125", .in_s = 2 * DAY, .sent_ago_s = 60 });
	same_int("nobody is told anything", r.jobs_n, told_n);
	same_int("one row", look(&r, "G7").rows, 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(an_alias_is_looked_up_only_when_every_better_id_is_empty),
		RUN(an_alias_never_merges_two_rows_that_both_have_a_filler_id), RUN(nothing_is_inherited_from_another_patient),
		RUN(order_of_events), RUN(without_a_time_the_order_of_arrival_counts), RUN(pattern_c_a_new_id_with_the_old_one_beside),
		RUN(pattern_b_cancelled_and_booked_anew_leaves_one_visit), RUN(a_resend_is_known_for_weeks),
		RUN(a_group_visit_has_a_row_for_each_patient),
		RUN(whoever_is_none_of_a_group_has_a_row_of_their_own), RUN(an_old_id_joins_a_group_that_has_its_number),
		RUN(whoever_of_a_group_has_no_id_is_known_by_their_place), RUN(a_late_booking_revives_nobody_in_a_group),
		RUN(a_late_booking_of_who_had_it_before_revives_nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
