/* test_rows.c - rows of visits that change in part: every column is the last that was said, and every index finds the row by it. */
// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>

#include "unit.h"

#include "rig.h"

#define VISITS 12
#define STEPS 3000
#define NOW 1000000

/* What the store was told last, and what of it is committed. */
struct shadow {
	struct rig r;
	uint64_t chance;
	struct appointment now[VISITS], kept[VISITS];
	int64_t found[VISITS + 1];
	size_t found_n;
};

static int64_t
below(struct shadow *x, int64_t n)
{
	uint64_t z = x->chance += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	return (int64_t)((z ^ z >> 27) % (uint64_t)n);
}

static void
a_mark(uint8_t out[MARK_BYTES], int64_t which)
{
	memset(out, (int)('a' + which), MARK_BYTES);
}

static struct appointment
a_visit(struct shadow *x, int i)
{
	struct appointment a = { .id = store_next_appointment_id(x->r.store), .sender = 1, .has_patient = true, .has_start = true,
		.start_s = NOW + 86400, .erase_at_s = NOW + 86400, .wall = { .year = 1970, .month = 1, .day = 13, .hour = 8 } };

	a_mark(a.patient, i % 3);
	(void)snprintf(a.appointment_id, sizeof a.appointment_id, "V%d", i);
	(void)snprintf(a.phone, sizeof a.phone, "+1608555010%d", i % 4);
	(void)snprintf(a.zone, sizeof a.zone, "America/Chicago");
	return a;
}

/* One thing, as a message might say it, or none. */
static void
change(struct shadow *x, int i)
{
	struct appointment *a = &x->now[i];

	switch (below(x, 11)) {
	case 0:
		a->erase_at_s = NOW + 1 + below(x, 40 * 86400);
		break;
	case 1:
		(void)snprintf(a->phone, sizeof a->phone, "+1608555010%d", (int)below(x, 4));
		break;
	case 2:
		a->phone[0] = '\0';
		break;
	case 3:
		a_mark(a->patient, below(x, 3));
		break;
	case 4:
		a->has_patient = !a->has_patient;
		break;
	case 5:
		(void)snprintf(a->appointment_id, sizeof a->appointment_id, "V%d.%d", i, (int)below(x, 3));
		break;
	case 6:
		(void)snprintf(a->link, sizeof a->link, "https://x/%d", (int)below(x, 1000));
		a->start_s += 60;
		break;
	case 7:
		a->status = below(x, 2) ? VISIT_BOOKED : VISIT_CANCELED;
		a->arrived_at_s++;
		break;
	case 8:
		a->number_no++;
		a->generation++;
		a->modality = MODALITY_VIDEO;
		break;
	case 9:
		a->patient_number = below(x, 3);
		break;
	default:
		break;
	}
}

static bool
note(void *ctx, const struct appointment *a)
{
	struct shadow *x = ctx;

	if (x->found_n <= VISITS)
		x->found[x->found_n++] = a->id;
	return true;
}

static bool
was_found(const struct shadow *x, int64_t id)
{
	for (size_t i = 0; i < x->found_n; i++)
		if (x->found[i] == id)
			return true;
	return false;
}

static void
is_as_told(struct shadow *x, const struct appointment *want)
{
	struct fault f = { 0 };
	struct appointment a;

	same_int("it is there", store_appointment_get(x->r.store, want->id, NOW, &a, &f), STORE_FOUND);
	same_text("id", a.appointment_id, want->appointment_id);
	same_text("phone", a.phone, want->phone);
	same_text("link", a.link, want->link);
	same_int("place in the group", a.patient_number, want->patient_number);
	same_int("start", a.start_s, want->start_s);
	same_int("erased at", a.erase_at_s, want->erase_at_s);
	same_int("status", a.status, want->status);
	same_int("arrived", a.arrived_at_s, want->arrived_at_s);
	same_int("generation", a.generation, want->generation);
	same_int("number", a.number_no, want->number_no);
	same_int("modality", a.modality, want->modality);
	same_int("patient is known", a.has_patient, want->has_patient);
	if (want->has_patient)
		assert_memory_equal(a.patient, want->patient, MARK_BYTES);
}

/* By its id, its patient and its phone: this row and all others that share them, and no other. */
static void
is_found(struct shadow *x, const struct appointment *want)
{
	struct fault f = { 0 };

	x->found_n = 0;
	assert_true(store_appointments_of(x->r.store, 1, span_of(want->appointment_id), NOW, note, x, &f));
	holds("its id finds it and nothing else", x->found_n == 1 && x->found[0] == want->id);
	x->found_n = 0;
	if (want->has_patient)
		assert_true(store_appointments_of_patient(x->r.store, want->patient, NOW, note, x, &f));
	for (int i = 0; want->has_patient && i < VISITS; i++)
		same_int("found by the patient", was_found(x, x->now[i].id),
		    x->now[i].has_patient && memcmp(x->now[i].patient, want->patient, MARK_BYTES) == 0);
	x->found_n = 0;
	if (want->phone[0])
		assert_true(store_appointments_of_phone(x->r.store, want->phone, NOW, note, x, &f));
	for (int i = 0; want->phone[0] && i < VISITS; i++)
		same_int("found by the phone", was_found(x, x->now[i].id), strcmp(x->now[i].phone, want->phone) == 0);
}

/* Every entry of every index belongs to a row, and every row has its entries. */
static void
is_whole(struct rig *r)
{
	char path[128];
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;

	(void)snprintf(path, sizeof path, "%s/nudge.db", r->folder);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	same_text("the file", (const char *)sqlite3_column_text(q, 0), "ok");
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
}

TEST(a_row_that_changes_in_part_is_found_by_what_it_says_now)
{
	struct shadow *x = calloc(1, sizeof *x);
	struct fault f = { 0 };

	assert_non_null(x);
	rig_open(&x->r, 1000, 0, "");
	assert_true(store_begin(x->r.store, &f));
	for (int i = 0; i < VISITS; i++) {
		x->now[i] = a_visit(x, i);
		assert_true(store_appointment_put(x->r.store, &x->now[i], &f));
	}
	for (int step = 0; step < STEPS; step++) {
		int i = (int)below(x, VISITS);

		change(x, i);
		assert_true(store_appointment_put(x->r.store, &x->now[i], &f));
		is_as_told(x, &x->now[i]);
		is_found(x, &x->now[i]);
		if (below(x, 8) == 0 || step == 0) {
			assert_true(store_commit(x->r.store, &f) && store_begin(x->r.store, &f));
			memcpy(x->kept, x->now, sizeof x->kept);
		} else if (below(x, 30) == 0) {
			store_rollback(x->r.store);
			assert_true(store_begin(x->r.store, &f));
			memcpy(x->now, x->kept, sizeof x->now);
		}
	}
	assert_true(store_commit(x->r.store, &f));
	for (int i = 0; i < VISITS; i++)
		is_as_told(x, &x->now[i]);
	is_whole(&x->r);
	rig_close(&x->r);
	free(x);
}

/* What a turn put and took back is not there: the same id is put anew. */
TEST(a_row_whose_turn_failed_is_put_again)
{
	struct shadow *x = calloc(1, sizeof *x);
	struct fault f = { 0 };
	struct appointment out;

	assert_non_null(x);
	rig_open(&x->r, 1000, 0, "");
	assert_true(store_begin(x->r.store, &f));
	x->now[0] = a_visit(x, 0);
	assert_true(store_appointment_put(x->r.store, &x->now[0], &f));
	store_rollback(x->r.store);
	same_int("it is gone", store_appointment_get(x->r.store, x->now[0].id, NOW, &out, &f), STORE_NONE);
	assert_true(store_begin(x->r.store, &f) && store_appointment_put(x->r.store, &x->now[0], &f) && store_commit(x->r.store, &f));
	is_as_told(x, &x->now[0]);
	is_whole(&x->r);
	rig_close(&x->r);
	free(x);
}

/* Once erased it says nothing, and no index knows of whom it was. */
TEST(an_erased_row_is_found_by_nothing_that_identifies)
{
	struct shadow *x = calloc(1, sizeof *x);
	struct fault f = { 0 };
	struct appointment out;

	assert_non_null(x);
	rig_open(&x->r, 1000, 0, "");
	x->now[0] = a_visit(x, 0);
	assert_true(store_begin(x->r.store, &f) && store_appointment_put(x->r.store, &x->now[0], &f));
	struct appointment over = x->now[0], bare = a_visit(x, 1);

	bare.has_patient = false;
	bare.phone[0] = '\0';
	over.erased = true;
	assert_true(store_appointment_put(x->r.store, &over, &f) && store_appointment_put(x->r.store, &bare, &f));
	bare.erased = true;
	assert_true(store_appointment_put(x->r.store, &bare, &f) && store_commit(x->r.store, &f));
	same_int("the other is there", store_appointment_get(x->r.store, bare.id, NOW, &out, &f), STORE_FOUND);
	holds("and erased, though it named nobody", out.erased);
	same_int("the row is there", store_appointment_get(x->r.store, over.id, NOW, &out, &f), STORE_FOUND);
	same_text("without its number", out.phone, "");
	assert_true(store_appointments_of_patient(x->r.store, x->now[0].patient, NOW, note, x, &f));
	assert_true(store_appointments_of_phone(x->r.store, x->now[0].phone, NOW, note, x, &f));
	same_int("found by patient or phone", (int)x->found_n, 0);
	is_whole(&x->r);
	rig_close(&x->r);
	free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_row_that_changes_in_part_is_found_by_what_it_says_now),
		RUN(a_row_whose_turn_failed_is_put_again), RUN(an_erased_row_is_found_by_nothing_that_identifies) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
