/* test_found.c - by what rows are found: after any life, with commits, rollbacks and ends anywhere, it is what the rows say. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "../prove/found_agrees.h"
#include "rig.h"

#define VISITS 400
#define STEPS 4000

static uint64_t chance_state;

static int
dice_of(int n)
{
	chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
	return (int)((chance_state >> 33) % (uint64_t)n);
}

static struct appointment
some_visit(int64_t id)
{
	struct appointment a = { .id = id, .sender = 1, .site = 1, .generation = 1, .has_patient = dice_of(9) > 0, .zone = "UTC", .language = "en",
		.erase_at_s = 1800000000 + dice_of(90) * 86400 + dice_of(86400) };

	(void)snprintf(a.appointment_id, sizeof a.appointment_id, "V%lld", (long long)id);
	a.patient[0] = (uint8_t)dice_of(40);
	if (dice_of(9) > 0)
		(void)snprintf(a.phone, sizeof a.phone, "+1608555%04d", dice_of(40));
	return a;
}

/* A visit or a text that is new, or changes. */
static void
change(struct rig *r, int64_t newest)
{
	struct fault f = { 0 };
	struct appointment a = some_visit(1 + dice_of((int)newest + 1));
	struct text t = { .id = a.id * STORE_TEXTS_OF_ONE + dice_of(3), .appointment = a.id, .site = 1, .generation = 1, .rule = "day" };

	if (dice_of(3) == 0) {
		a.erased = dice_of(4) == 0;
		holds("put", store_appointment_put(r->store, &a, &f));
		return;
	}
	if (store_text_get(r->store, t.id, &t, &f) == STORE_FAILED)
		fail_msg("%s", f.text);
	t.state = dice_of(3) ? TEXT_PENDING : TEXT_SENDING;
	t.due_s = 1800000000 + dice_of(90 * 86400);
	t.expires_s = t.due_s + 3600;
	holds("put", store_text_put(r->store, &t, &f));
}

static void
agree(const struct rig *r, const char *when)
{
	const char *wrong = found_disagrees(r->store);

	if (wrong)
		fail_msg("%s: %s", when, wrong);
}

static void
reopen(struct rig *r)
{
	engine_free(r->engine);
	r->engine = NULL;
	store_close(r->store);
	open_store(r);
}

TEST(whatever_happens_it_is_what_the_rows_say)
{
	struct fault f = { 0 };
	int64_t filed = 0;
	struct rig r;
	int moved = 0, refused = 0;

	chance_state = 1;
	rig_open(&r, 6000, 0, "");
	for (int i = 0; i < STEPS; i++) {
		int64_t newest = i * VISITS / STEPS;

		holds("begun", store_begin(r.store, &f));
		for (int n = dice_of(6); n >= 0; n--)
			change(&r, newest);
		if (dice_of(5) == 0) {
			store_rollback(r.store);
		} else {
			refuse_at(dice_of(2) ? 0 : 1 + dice_of(8), SQLITE_FULL, 0);
			refuse_here(true);
			refused += !store_commit(r.store, &f);
			refuse_here(false);
		}
		agree(&r, "in the life");
		moved += r.store->found.filed > filed;
		filed = r.store->found.filed;
		if (dice_of(20) == 0) {
			reopen(&r);
			agree(&r, "after a start");
		}
	}
	holds("filed again and again", moved > 50 && filed > VISITS / 2);
	holds("and refused in between", refused > 500);
	rig_close(&r);
}

/* ---- the questions ---- */

static struct {
	int64_t id[64];
	int n;
} got;

static bool
took_visit(void *ctx, const struct appointment *a)
{
	(void)ctx;
	got.id[got.n++ % 64] = a->id;
	return true;
}

static bool
took_id(void *ctx, int64_t id)
{
	(void)ctx;
	got.id[got.n++ % 64] = id;
	return true;
}

static bool
took_due(void *ctx, int64_t text, int64_t due_s)
{
	(void)ctx;
	(void)due_s;
	got.id[got.n++ % 64] = text / STORE_TEXTS_OF_ONE;
	return true;
}

static void
put(struct rig *r, int64_t id, uint8_t patient, const char *phone)
{
	struct fault f = { 0 };
	struct appointment a = { .id = id, .sender = 1, .site = 1, .generation = 1, .has_patient = true, .patient = { patient }, .zone = "UTC",
		.language = "en", .erase_at_s = r->now.wall_ms / 1000 + id * 1000 };
	struct text t = { .id = id * STORE_TEXTS_OF_ONE, .appointment = id, .site = 1, .generation = 1, .rule = "day", .state = TEXT_PENDING,
		.due_s = r->now.wall_ms / 1000 + id * 500 };

	(void)snprintf(a.appointment_id, sizeof a.appointment_id, "V%lld", (long long)id);
	(void)snprintf(a.phone, sizeof a.phone, "%s", phone);
	holds("put", store_begin(r->store, &f) && store_appointment_put(r->store, &a, &f) && store_text_put(r->store, &t, &f) &&
	    store_commit(r->store, &f));
}

static void
are(const char *what, int n, const int64_t *ids)
{
	same_int(what, got.n, n);
	for (int i = 0; i < n; i++)
		same_int(what, got.id[i], ids[i]);
	got.n = 0;
}

/* Half of the answers are in memory, half are filed. */
TEST(one_answer_of_both_places)
{
	static const int64_t down[] = { 11, 9, 7, 5, 3, 1 }, up[] = { 5, 7, 9, 11 }, phones[] = { 1, 2 }, all[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	uint8_t patient[MARK_BYTES] = { 1 }, after_phone[MARK_BYTES] = { 0 };
	struct store_cursor cursor = { 0 };
	struct fault f = { 0 };
	int64_t after = 4, now, first;
	bool done;
	size_t n = 0;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	now = r.now.wall_ms / 1000;
	for (int id = 1; id <= 12; id++)
		put(&r, id, (uint8_t)(id % 2), id % 2 ? "+16085550101" : "+16085550102");
	holds("some are filed, some not", r.store->found.filed >= 4 && r.store->found.filed < 11);
	holds("of a patient", store_appointments_of_patient(r.store, patient, now, took_visit, NULL, &f));
	are("newest first", 6, down);
	holds("of a patient", store_patient_after(r.store, patient, &after, 10, now, took_visit, NULL, &done, &f));
	are("oldest first", 4, up);
	holds("of a phone", store_appointments_of_phone(r.store, "+16085550101", now, took_visit, NULL, &f));
	are("newest first", 6, down);
	holds("all phones", store_phones_after(r.store, after_phone, 10, took_id, NULL, &done, &f) && done);
	first = got.id[0];
	are("each once, by its first visit", 2, first == 1 ? phones : (int64_t[]){ 2, 1 });
	holds("due", store_due(r.store, now + 86400, 100, &cursor, &done, took_due, NULL, &f) && done);
	are("by id within a span", 12, all);
	holds("erased", store_begin(r.store, &f) && store_erase(r.store, now + 6500, 100, &n, &f) && store_commit(r.store, &f));
	same_int("whose time is over", (int64_t)n, 6);
	same_int("and next", store_next_erasure(r.store), now + 7000);
	agree(&r, "after an erasure");
	holds("of a phone", store_appointments_of_phone(r.store, "+16085550101", now, took_visit, NULL, &f));
	are("what is not erased", 3, down);
	rig_close(&r);
}

/* A day's list names what has no row any more once, not for ever. */
TEST(what_lost_its_row_is_listed_once)
{
	struct fault f = { 0 };
	struct rig r;
	size_t n = 0;

	rig_open(&r, 6000, 0, "");
	put(&r, 1, 1, "");
	assert_int_equal(sqlite3_exec(r.store->db, "DELETE FROM appointment", NULL, NULL, NULL), SQLITE_OK);
	holds("erased", store_begin(r.store, &f) && store_erase(r.store, r.now.wall_ms / 1000 + 5000, 100, &n, &f) && n == 1);
	holds("and never again", store_erase(r.store, r.now.wall_ms / 1000 + 5000, 100, &n, &f) && n == 0 && store_commit(r.store, &f));
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(whatever_happens_it_is_what_the_rows_say), RUN(one_answer_of_both_places),
		RUN(what_lost_its_row_is_listed_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
