/* test_keeping.c - housekeeping: in portions, after a turn that failed, under a clock that was wrong, and by rules that were changed. */
// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>

#include "unit.h"

#include "rig.h"
#include "store/sqlite/sql.h"

#define PHONE "+16085550123"
#define OURS "+18335550100"
#define DAY_S INT64_C(86400)

/* Of the store's file. */
static int64_t
number(struct rig *r, const char *query)
{
	char path[128];
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	int64_t n = -1;

	(void)snprintf(path, sizeof path, "%s/nudge.db", r->folder);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK && sqlite3_prepare_v2(db, query, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
	return n;
}

static void
accept_all(struct rig *r)
{
	while (r->jobs_n > 0)
		outcome(r, &r->jobs[(--r->jobs_n) % 256], OUTCOME_ACCEPTED, 202);
}

/* A turn, and no other behind it. */
static enum turn_result
one_turn(struct rig *r)
{
	struct turn_input in = { .now = r->now, .clock_synchronised = r->synchronised };
	struct fault f = { 0 };

	r->now.wall_ms += 10;
	r->now.boot_ms += 10;
	return engine_turn(r->engine, &in, &f);
}

static void
hours(struct rig *r, int n)
{
	for (int i = 0; i < n; i++) {
		r->now.wall_ms += 3600000;
		r->now.boot_ms += 3600000;
		(void)turn(r, NULL, NULL, NULL);
		accept_all(r);
	}
}

static void
set_clock(struct rig *r, int64_t by_s)
{
	r->now.wall_ms += by_s * 1000;
	(void)turn(r, NULL, NULL, NULL);
}

/* ---- by which rules ---- */

static void
restart_with(struct rig *r, const char *more)
{
	engine_free(r->engine);
	store_close(r->store);
	rules_drop(r->rules);
	r->rules = read_rules(r, 6000, 0, more);
	open_store(r);
	open_engine(r);
	sender(r, true);
	pass(r, 30);
}

#define WAITS "SELECT (start - due) / 3600 FROM text WHERE state = 1"

TEST(rules_that_come_back_with_a_restart_plan_again)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * DAY_S });
	accept_all(&r);
	same_int("a day before", number(&r, WAITS), 24);
	rig_change(&r, "before = 24h", "before = 48h");
	pass(&r, 30);
	same_int("two days before", number(&r, WAITS), 48);
	restart_with(&r, "");
	same_int("a day before, as the file says again", number(&r, WAITS), 24);
	rig_close(&r);
}

/* Holidays and the margin before closing are no part of what an approval covers. */
TEST(a_restart_with_holidays_plans_again)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * DAY_S }); /* Monday the 7th, 6:00 in Chicago */
	accept_all(&r);
	same_int("a day before", number(&r, WAITS), 24);
	write_file(r.folder, "days", "2026-12-06\n");
	restart_with(&r, "holidays = days");
	same_int("behind the holiday", number(&r, WAITS), 6);
	restart_with(&r, "");
	same_int("and without it again", number(&r, WAITS), 24);
	rig_close(&r);
}

#define OF_BEFORE "SELECT count(*) FROM text WHERE state = 1 AND start - due = 86400"

TEST(an_end_in_the_midst_of_planning_again_leaves_nothing_as_it_was)
{
	struct rig r;

	rig_open(&r, 6000, 0, "daily_cap = 0 storm_brake = off");
	for (int i = 0; i < 500; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "A%d", i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = PHONE, .in_s = 10 * DAY_S });
		accept_all(&r);
	}
	same_int("all wait", number(&r, OF_BEFORE), 500);
	engine_free(r.engine);
	store_close(r.store);
	rules_drop(r.rules);
	r.rules = read_rules(&r, 6000, 0, "daily_cap = 0 storm_brake = off reminder \"early\" { before = 72h }");
	open_store(&r);
	open_engine(&r);
	(void)one_turn(&r);
	same_int("some have another", number(&r, "SELECT count(*) FROM text WHERE state = 1 AND rule = 'early'"), 200);
	crash(&r);
	(void)turn(&r, NULL, NULL, NULL);
	same_int("then all of them", number(&r, "SELECT count(*) FROM text WHERE state = 1 AND rule = 'early'"), 500);
	rig_close(&r);
}

/* ---- in portions ---- */

struct met { size_t n; };

static bool
meet(void *ctx, const struct appointment *a)
{
	(void)a;
	((struct met *)ctx)->n++;
	return true;
}

TEST(visits_that_are_over_are_passed_in_portions_too)
{
	struct rig r;
	struct met m = { 0 };
	struct fault f = { 0 };
	int64_t after = 0;
	int portions = 0;
	bool done = false;

	rig_open(&r, 6000, 0, "");
	assert_true(store_begin(r.store, &f));
	for (int i = 0; i < 12000; i++) {
		struct appointment a = { .id = store_next_appointment_id(r.store), .sender = 1, .has_start = true, .status = VISIT_CANCELED,
			.start_s = now_s(&r.now) + DAY_S, .erased = true };

		(void)snprintf(a.appointment_id, sizeof a.appointment_id, "X%d", i);
		a.wall = (struct civil){ 2026, 11, 28, 10, 0, 0 };
		a.status = i == 11990 ? VISIT_BOOKED : VISIT_CANCELED;
		a.erased = i != 11990;
		a.erase_at_s = now_s(&r.now) + DAY_S;
		assert_true(store_appointment_put(r.store, &a, &f));
	}
	assert_true(store_commit(r.store, &f));
	while (!done && portions < 10) {
		assert_true(store_live_after(r.store, &after, 200, now_s(&r.now), meet, &m, &done, &f));
		portions++;
	}
	same_int("the one that lives", (long long)m.n, 1);
	holds("not at once", portions == 3);
	rig_close(&r);
}

/* Whether SQLite looks at every row of a table, or of an index of it, for what the store asks; `but`: small ones of which it may. Of what
 * is in memory an odd number says that it is found by its key, see recent_table.c. */
static bool
walks(struct rig *r, enum statement which, const char *but)
{
	struct fault f = { 0 };
	sqlite3_stmt *asked = sql_prepare(r->store->db, which, &f), *q = NULL;
	char explain[2048], table[40], found[48];
	bool walked = false;

	assert_non_null(asked);
	(void)snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sqlite3_sql(asked));
	assert_int_equal(sqlite3_prepare_v2(r->store->db, explain, -1, &q, NULL), SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW) {
		int n, how = 0;

		if ((n = sscanf((const char *)sqlite3_column_text(q, 3), "SCAN %39s VIRTUAL TABLE INDEX %d", table, &how)) < 1 || (n == 2 && how % 2 == 1))
			continue;
		(void)snprintf(found, sizeof found, " %s ", table);
		walked = walked || !strstr(but, found);
	}
	(void)sqlite3_finalize(q);
	(void)sqlite3_finalize(asked);
	return walked;
}

/* A storm may hold a hundred thousand texts, patients answer as often in a year, and months of visits wait to be erased. */
TEST(nothing_is_walked_through)
{
	static const struct {
		const char *what;
		enum statement which;
		const char *but;
	} rows[] = { { "what is held and over", S_TEXTS_HELD_OVER, "-" }, { "what a month's limit holds", S_TEXTS_HELD_FOR, "-" },
		{ "how much is held", S_TEXTS_HELD_KINDS, "-" }, { "unknown outcomes", S_TEXTS_UNKNOWN, "-" },
		{ "messages kept long enough", S_QUARANTINE_OVER, "-" }, { "what was said of a visit", S_REPLIES_OF, "-" },
		{ "and answered", S_VIEW_RESPONSES, "-" }, { "who said what", S_VIEW_REPLIES, "-" }, { "visits with what was said of each", S_VIEW_APPOINTMENTS, " a " },
		{ "what lapses", S_ERASE_LIST, " recent_erase " }, { "days whose key may go, but for bodies", S_DAY_OVER, " body sample " }, { "old visits", S_OVER_VISITS, "-" },
		{ "old answers", S_OVER_REPLIES, "-" }, { "a phone's visits", S_APPOINTMENTS_PHONE, "-" }, { "a patient's", S_APPOINTMENTS_PATIENT, "-" },
		{ "who lives", S_APPOINTMENT_LIVE, "-" }, { "what is due", S_TEXTS_DUE, "-" }, { "what another says too", S_TEXTS_CARRIED, "-" },
		{ "old counts", S_CAP_DROP, "-" }, { "responses to a phone", S_RESPONSE_COUNT, "-" }, { "reports that are due", S_REPORT_LIST, "-" } };
	struct rig r;

	rig_open(&r, 6000, 0, "");
	for (size_t i = 0; i < COUNT(rows); i++)
		holds(rows[i].what, !walks(&r, rows[i].which, rows[i].but));
	rig_close(&r);
}

TEST(a_feed_that_was_quarantined_on_one_day_goes_in_portions)
{
	struct rig r;
	struct fault f = { 0 };
	int64_t n, bytes, before;
	size_t erased;

	rig_open(&r, 6000, 0, "");
	assert_true(store_begin(r.store, &f));
	for (int i = 0; i < 1000; i++) {
		struct quarantined q = { .received_s = now_s(&r.now), .erase_at_s = now_s(&r.now) + DAY_S };

		assert_true(store_quarantine_put(r.store, &q, SPAN_LIT("MSH|^~\\&|"), &f));
	}
	assert_true(store_commit(r.store, &f));
	store_quarantine_size(r.store, &before, &bytes);
	r.now.wall_ms += 3 * DAY_S * 1000;
	assert_true(store_begin(r.store, &f) && store_erase(r.store, now_s(&r.now), 200, &erased, &f) && store_commit(r.store, &f));
	store_quarantine_size(r.store, &n, &bytes);
	holds("some go", n < before && n > 0);
	holds("the rest without a wait", store_next_erasure(r.store) <= now_s(&r.now));
	r.now.boot_ms += 3 * DAY_S * 1000;
	(void)turn(&r, NULL, NULL, NULL);
	for (int i = 0; i < 10; i++)
		(void)turn(&r, NULL, NULL, NULL);
	store_quarantine_size(r.store, &n, &bytes);
	same_int("and then all", n, 0);
	rig_close(&r);
}

/* ---- a turn that fails ---- */

TEST(an_erasure_that_could_not_be_stored_is_tried_again_soon)
{
	struct rig r;
	struct rlimit was, none;
	enum turn_result t;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 600 });
	accept_all(&r);
	pass(&r, 590);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = (struct rlimit){ 4096, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	r.now.wall_ms += 15000;
	r.now.boot_ms += 15000;
	t = turn(&r, NULL, NULL, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	same_int("no room", t, TURN_BUSY);
	same_int("it is there", number(&r, "SELECT count(*) FROM appointment WHERE erased = 0"), 1);
	pass(&r, 90);
	same_int("and goes when there is room", number(&r, "SELECT count(*) FROM appointment WHERE erased = 0"), 0);
	rig_close(&r);
}

/* ---- a clock that was wrong ---- */

TEST(messages_of_a_clock_that_was_ahead_keep_no_others)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	set_clock(&r, 300 * DAY_S);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 60 });
	accept_all(&r);
	set_clock(&r, -300 * DAY_S);
	(void)tell(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 7200 });
	accept_all(&r);
	holds("messages that were answered are known", number(&r, "SELECT count(*) FROM seen") > 0);
	hours(&r, 24 * 31);
	same_int("a month later they are not", number(&r, "SELECT count(*) FROM seen"), 0);
	rig_close(&r);
}

TEST(texts_of_a_clock_that_was_ahead_count_in_no_week_of_now)
{
	struct rig r;

	rig_open(&r, 6000, 0, "weekly_cap = 2");
	set_clock(&r, 300 * DAY_S);
	for (int i = 0; i < 2; i++) {
		(void)tell(&r, (struct say){ .id = i ? "A2" : "A1", .phone = PHONE, .in_s = 3 * DAY_S });
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	}
	same_int("two", r.jobs_n, 2);
	set_clock(&r, -300 * DAY_S);
	(void)tell(&r, (struct say){ .id = "A3", .phone = PHONE, .in_s = 3 * DAY_S });
	same_int("a third, of another week", r.jobs_n, 3);
	rig_close(&r);
}

TEST(a_number_refused_under_a_clock_that_was_ahead_is_tried_again)
{
	struct rig r;
	struct sender_event ev = { .told = EVENT_REPORT, .delivery = DELIVERY_FAILED, .number = 4005, .status = "no-such-number", .message_id = "Outgoing_x" };

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "country = US", "country = US refused_numbers = 30d");
	set_clock(&r, 300 * DAY_S);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY_S });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	ev.text = last_job(&r)->text;
	told(&r, ev, NULL);
	same_int("remembered", number(&r, "SELECT count(*) FROM refused"), 1);
	(void)tell(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 3 * DAY_S });
	same_int("for this one", r.jobs_n, 1);
	set_clock(&r, -300 * DAY_S);
	(void)tell(&r, (struct say){ .id = "A3", .phone = PHONE, .in_s = 3 * DAY_S });
	same_int("but not for three hundred days more", r.jobs_n, 2);
	rig_close(&r);
}

TEST(start_lifts_an_opt_out_of_a_clock_that_was_ahead)
{
	struct rig r;
	struct sender_event ev = { .told = EVENT_INBOUND, .event = 1, .to = OURS, .from = PHONE, .gateway = "acs", .message_id = "I1" };

	rig_open(&r, 6000, 0, "");
	set_clock(&r, 300 * DAY_S);
	told(&r, ev, "STOP");
	same_int("no texts", number(&r, "SELECT count(*) FROM optout"), 1);
	set_clock(&r, -300 * DAY_S);
	(void)snprintf(ev.message_id, sizeof ev.message_id, "I2");
	ev.event = 2;
	told(&r, ev, "START");
	same_int("texts again", number(&r, "SELECT count(*) FROM optout"), 0);
	rig_close(&r);
}

TEST(the_gateway_takes_back_what_it_said_under_a_clock_that_was_ahead)
{
	struct rig r;
	struct sender_event ev = { .told = EVENT_OPTOUT, .event = 1, .opted_out = true, .from = OURS, .to = PHONE };

	rig_open(&r, 6000, 0, "");
	set_clock(&r, 300 * DAY_S);
	told(&r, ev, NULL);
	same_int("on its list", number(&r, "SELECT count(*) FROM optout"), 1);
	set_clock(&r, -300 * DAY_S);
	ev.event = 2;
	ev.opted_out = false;
	told(&r, ev, NULL);
	same_int("and on it no more", number(&r, "SELECT count(*) FROM optout"), 0);
	rig_close(&r);
}

TEST(what_a_patient_said_of_a_visit_to_come_stays)
{
	struct rig r;
	struct sender_event ev = { .told = EVENT_INBOUND, .event = 1, .to = OURS, .from = PHONE, .gateway = "acs", .message_id = "I1" };

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "store_key", "report_retention = 40d store_key");
	set_clock(&r, -365 * DAY_S);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = (365 + 20) * DAY_S });
	accept_all(&r);
	told(&r, ev, "N");
	accept_all(&r);
	same_int("declined", number(&r, "SELECT count(*) FROM reply WHERE what = 5"), 1);
	set_clock(&r, 365 * DAY_S);
	hours(&r, 24);
	same_int("a person still has to know", number(&r, "SELECT count(*) FROM reply WHERE what = 5"), 1);
	hours(&r, 24 * 70);
	same_int("until the visit is long over", number(&r, "SELECT count(*) FROM reply WHERE what = 5"), 0);
	rig_close(&r);
}

/* ---- a reload ---- */

TEST(a_reload_ends_no_storm)
{
	struct rig r;
	char id[16], phone[24];

	rig_open(&r, 6000, 0, "storm_brake = 5/min");
	for (int i = 0; i < 14; i++) {
		if (i == 8)
			rig_change(&r, "608-271-9000", "608-271-9001");
		(void)snprintf(id, sizeof id, "A%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 10 * DAY_S });
	}
	same_int("five went, and the rest waits for a person", r.jobs_n, 5);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(rules_that_come_back_with_a_restart_plan_again),
		RUN(a_restart_with_holidays_plans_again), RUN(an_end_in_the_midst_of_planning_again_leaves_nothing_as_it_was), RUN(visits_that_are_over_are_passed_in_portions_too),
		RUN(nothing_is_walked_through),
		RUN(a_feed_that_was_quarantined_on_one_day_goes_in_portions), RUN(an_erasure_that_could_not_be_stored_is_tried_again_soon),
		RUN(messages_of_a_clock_that_was_ahead_keep_no_others), RUN(what_a_patient_said_of_a_visit_to_come_stays),
		RUN(texts_of_a_clock_that_was_ahead_count_in_no_week_of_now),
		RUN(a_number_refused_under_a_clock_that_was_ahead_is_tried_again), RUN(start_lifts_an_opt_out_of_a_clock_that_was_ahead),
		RUN(the_gateway_takes_back_what_it_said_under_a_clock_that_was_ahead),
		RUN(a_reload_ends_no_storm) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
