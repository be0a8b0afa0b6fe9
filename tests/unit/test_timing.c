/* test_timing.c - a clock that is wrong loses nothing: stepped ahead, set back, wrong from the start; and a turn that could not be stored. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "store/sqlite/sql.h"

#define DAY 86400

static void
step(struct rig *r, int64_t seconds, bool synchronised)
{
	r->now.wall_ms += seconds * 1000;
	r->synchronised = synchronised;
	(void)turn(r, NULL, NULL, NULL);
}

static void
held_is(struct rig *r, bool held)
{
	same_int("held by the clock", status(r)->clock_held, held);
}

/* Booked for the day after tomorrow, its confirmation sent; the reminder waits. */
static void
book(struct rig *r)
{
	(void)tell(r, (struct say){ .id = "A", .phone = "+16085550123", .in_s = 2 * DAY + 3600 });
	pass(r, 60);
	same_int("the confirmation is out", r->jobs_n, 1);
	outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
}

/* Time passes, and the gateway takes what it gets. */
static void
live(struct rig *r, int64_t seconds)
{
	int answered = r->jobs_n;

	for (; seconds > 0; seconds -= 60) {
		pass(r, 60);
		for (; answered < r->jobs_n; answered++)
			outcome(r, &r->jobs[answered], OUTCOME_ACCEPTED, 202);
	}
}

static void
reminded(struct rig *r)
{
	live(r, DAY + 3700);
	same_int("nothing lost: the reminder came", r->jobs_n, 2);
	same_text("to the number that was told", last_job(r)->to, "+16085550123");
}

TEST(a_step_ahead_loses_nothing)
{
	static const int64_t ahead[] = { 130, 3600, DAY, 400 * (int64_t)DAY, 410000000 };

	for (size_t i = 0; i < COUNT(ahead); i++) {
		struct rig r;

		rig_open(&r, 6000, 30, "");
		book(&r);
		step(&r, ahead[i], false);
		held_is(&r, true);
		pass(&r, 600);
		(void)tell(&r, (struct say){ .id = "B", .phone = "+16085550199", .in_s = 2 * DAY - ahead[i] });
		same_int("what is told meanwhile is taken", r.answer.verdict, VERDICT_ACCEPT);
		step(&r, -ahead[i], true);
		held_is(&r, false);
		live(&r, 120);
		same_int("what was told meanwhile is confirmed", r.jobs_n, 2);
		live(&r, 2 * DAY);
		same_int("nothing lost: both are reminded of", r.jobs_n, 4);
		same_int("and nothing ended", status(&r)->texts[TEXT_EXPIRED] + status(&r)->texts[TEXT_SUPPRESSED], 0);
		rig_close(&r);
	}
}

TEST(a_restart_does_not_make_a_wrong_clock_right)
{
	struct rig r;

	rig_open(&r, 6000, 30, "");
	book(&r);
	step(&r, 400 * (int64_t)DAY, false);
	crash(&r);
	sender(&r, true);
	held_is(&r, true);
	pass(&r, 60);
	step(&r, -400 * (int64_t)DAY, true);
	reminded(&r);
	rig_close(&r);
}

TEST(another_boot_with_a_wrong_clock_waits)
{
	struct rig r;

	rig_open(&r, 6000, 30, "");
	book(&r);
	r.now.wall_ms += 30 * (int64_t)DAY * 1000;
	r.now.boot_ms = 1000;
	r.synchronised = false;
	(void)snprintf(r.boot, sizeof r.boot, "boot-2");
	crash(&r);
	sender(&r, true);
	held_is(&r, true);
	pass(&r, 60);
	step(&r, -30 * (int64_t)DAY, true);
	held_is(&r, false);
	reminded(&r);
	rig_close(&r);
}

TEST(a_machine_that_was_off_for_an_hour_goes_on)
{
	struct rig r;

	rig_open(&r, 6000, 30, "");
	book(&r);
	r.now.wall_ms += 3600 * 1000;
	r.now.boot_ms = 1000;
	r.synchronised = false;
	(void)snprintf(r.boot, sizeof r.boot, "boot-2");
	crash(&r);
	sender(&r, true);
	held_is(&r, false);
	reminded(&r);
	rig_close(&r);
}

TEST(a_person_may_say_that_the_clock_is_right)
{
	struct rig r;
	struct command *c = calloc(1, sizeof *c);

	rig_open(&r, 6000, 30, "");
	book(&r);
	step(&r, DAY + 3600, false);
	held_is(&r, true);
	same_int("and nothing leaves", r.jobs_n, 1);
	c->kind = COMMAND_RELEASE_CLOCK;
	(void)turn(&r, NULL, NULL, &c->link);
	held_is(&r, false);
	pass(&r, 60);
	same_int("what is due by it goes", r.jobs_n, 2);
	rig_close(&r);
}

/* By the clock alone three minutes would have become none. */
TEST(a_step_back_does_not_open_a_window_again)
{
	static const bool restarts[] = { false, true };

	for (size_t i = 0; i < COUNT(restarts); i++) {
		struct rig r;

		rig_open(&r, 6000, 0, "");
		(void)tell(&r, (struct say){ .id = "A", .phone = "+16085550123", .in_s = 2 * DAY });
		same_int("it is out", r.jobs_n, 1);
		step(&r, -180, true);
		if (restarts[i]) {
			crash(&r);
			sender(&r, true);
		}
		outcome(&r, last_job(&r), OUTCOME_UNSURE, 500);
		pass(&r, 300);
		same_int("no second attempt", r.jobs_n, 1);
		same_int("nobody knows what came of it", status(&r)->texts[TEXT_UNKNOWN], 1);
		rig_close(&r);
	}
}

/* The turn that settled it could not be stored: it is at the gateway still, and found there. */
TEST(what_could_not_be_stored_is_not_forgotten)
{
	struct rlimit was, none = { 0 };
	struct rig r;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = "+16085550123", .in_s = 2 * DAY });
	same_int("it is out", r.jobs_n, 1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none.rlim_max = was.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	outcome(&r, last_job(&r), OUTCOME_TOO_LATE, 412);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	pass(&r, 600);
	same_int("nothing is at the gateway for ever", status(&r)->texts[TEXT_SENDING], 0);
	rig_close(&r);
}

/* ---- messages that are kept so long since they came ---- */

#define KEPT 30         /* days: quarantine_retention as it is */
#define LEARNED 7       /* days, of samples */

static int64_t
kept(struct rig *r)
{
	int64_t n, bytes;

	store_quarantine_size(r->store, &n, &bytes);
	return n;
}

static int
samples(struct rig *r)
{
	struct fault f = { 0 };
	int64_t after = 0;
	int n = 0;

	for (;;) {
		struct buf raw;
		enum store_found found;
		bool whole;

		buf_init(&raw, 65536);
		found = store_sample_next(r->store, 1, &after, &raw, &f);
		whole = raw.n > 0;
		buf_wipe(&raw);
		if (found != STORE_FOUND)
			return n;
		holds("it can be read", whole);
		n++;
	}
}

/* One that could not be understood, and one of a site that is being learned. */
static void
keep_two(struct rig *r)
{
	doubt_large(r, "", 100);
	(void)tell(r, (struct say){ .id = "L1", .phone = "+16085550123", .in_s = 2 * DAY });
	same_int("in quarantine", kept(r), 1);
	same_int("to learn from", samples(r), 1);
}

static void
another_boot(struct rig *r, int64_t wall_s)
{
	r->now = (struct now){ wall_s * 1000, 20000 };
	r->synchronised = false;
	(void)snprintf(r->boot, sizeof r->boot, "boot-%lld", (long long)wall_s);
	crash(r);
	sender(r, true);
}

static void
days(struct rig *r, int n)
{
	for (int i = 0; i < n * 24; i++) {
		r->now.wall_ms += 3600000;
		r->now.boot_ms += 3600000;
		(void)turn(r, NULL, NULL, NULL);
	}
}

/* From the middle of the day on which both came. */
static void
live_as_long_as_they_may(struct rig *r)
{
	struct quarantined q;
	struct fault f = { 0 };
	struct buf raw;

	days(r, LEARNED - 1);
	same_int("a sample lives", samples(r), 1);
	days(r, 2);
	same_int("a week, and the rest of its day", samples(r), 0);
	days(r, KEPT - LEARNED - 2);
	buf_init(&raw, 65536);
	same_int("what is in quarantine lives, and can be read", store_quarantine_get(r->store, 1, &q, &raw, &f), STORE_FOUND);
	same_int("whole", (long long)raw.n, 100);
	buf_wipe(&raw);
	days(r, 2);
	same_int("thirty days, and the rest of the last", kept(r), 0);
}

/* A machine whose clock had no battery, a year ago: nobody said that it was right. */
TEST(what_came_under_a_clock_that_was_behind_is_kept_its_time)
{
	static const int64_t behind[] = { 20000, 1795780800 - 365 * (int64_t)DAY };
	static const bool restarts[] = { false, true };

	for (size_t i = 0; i < 2 * COUNT(behind); i++) {
		struct rig r;

		rig_open(&r, 6000, 30, "learning = true");
		another_boot(&r, behind[i / 2]);
		keep_two(&r);
		pass(&r, 600);
		r.now.wall_ms += (1795780800 - behind[i / 2]) * 1000; /* 12:10 */
		r.synchronised = true;
		if (restarts[i % 2]) {
			crash(&r);
			sender(&r, true);
		}
		(void)turn(&r, NULL, NULL, NULL);
		same_int("of ten minutes ago", kept(&r), 1);
		same_int("the other too", samples(&r), 1);
		live_as_long_as_they_may(&r);
		rig_close(&r);
	}
}

TEST(what_came_under_a_clock_that_was_ahead_is_kept_no_longer)
{
	static const bool boots[] = { false, true };

	for (size_t i = 0; i < COUNT(boots); i++) {
		struct rig r;

		rig_open(&r, 6000, 30, "learning = true");
		if (boots[i])
			another_boot(&r, 1795780800 + 400 * (int64_t)DAY);
		else
			step(&r, 400 * (int64_t)DAY, true);
		keep_two(&r);
		if (boots[i]) /* off for a moment, and then it is known what time it is */
			another_boot(&r, 1795780800);
		else
			r.now.wall_ms -= 400 * (int64_t)DAY * 1000;
		r.synchronised = true;
		(void)turn(&r, NULL, NULL, NULL);
		live_as_long_as_they_may(&r);
		rig_close(&r);
	}
}

/* The machine stood still for three days, and its own clock with it. */
TEST(what_came_under_a_clock_that_was_right_stays_where_it_is)
{
	struct rig r;

	rig_open(&r, 6000, 30, "learning = true");
	keep_two(&r);
	step(&r, 3 * DAY, true);
	days(&r, LEARNED - 3 - 1);
	same_int("a sample lives", samples(&r), 1);
	days(&r, 2);
	same_int("no longer for that", samples(&r), 0);
	days(&r, KEPT - LEARNED - 2);
	same_int("nor the other", kept(&r), 1);
	days(&r, 2);
	same_int("than its time", kept(&r), 0);
	rig_close(&r);
}

/* More than a turn has time for, and the machine dies in the middle. */
TEST(a_whole_feed_of_it_moves_in_portions)
{
	struct fault f = { 0 };
	struct rig r;

	rig_open(&r, 6000, 30, "");
	another_boot(&r, 20000);
	assert_true(store_begin(r.store, &f));
	for (int i = 0; i < 1200; i++) {
		struct quarantined q = { .received_s = now_s(&r.now), .erase_at_s = now_s(&r.now) + KEPT * DAY };

		assert_true(store_quarantine_put(r.store, &q, SPAN_LIT("MSH|^~\\&|"), &f));
	}
	assert_true(store_commit(r.store, &f));
	r.now.wall_ms += (1795780800 - 20000) * (int64_t)1000;
	r.synchronised = true;
	for (int i = 0; i < 2; i++) {
		struct turn_input in = { .now = r.now, .clock_synchronised = true };

		same_int("one portion", engine_turn(r.engine, &in, &f), TURN_MORE);
	}
	same_int("nothing went meanwhile", kept(&r), 1200);
	crash(&r);
	(void)turn(&r, NULL, NULL, NULL);
	days(&r, KEPT - 1);
	same_int("all are there", kept(&r), 1200);
	days(&r, 2);
	same_int("and all go", kept(&r), 0);
	rig_close(&r);
}

/* Two that are large, and one that nobody can read any more. */
TEST(what_is_large_or_damaged_moves_or_goes)
{
	struct fault f = { 0 };
	struct rig r;
	struct quarantined q;
	struct buf raw;

	rig_open(&r, 6000, 30, "");
	another_boot(&r, 20000);
	doubt_large(&r, "", 100);
	doubt_large(&r, "", 1500000);
	doubt_large(&r, "", 1500000);
	assert_true(store_begin(r.store, &f));
	same_int("damaged", sqlite3_exec(r.store->db, "UPDATE quarantine SET raw = zeroblob(200) WHERE id = 1", NULL, NULL, NULL), SQLITE_OK);
	assert_true(store_commit(r.store, &f));
	r.now.wall_ms += (1795780800 - 20000) * (int64_t)1000;
	r.synchronised = true;
	(void)turn(&r, NULL, NULL, NULL);
	same_int("the one that is no message any more goes with its day", kept(&r), 2);
	days(&r, KEPT - 1);
	buf_init(&raw, 2000000);
	same_int("the last is there", store_quarantine_get(r.store, 3, &q, &raw, &f), STORE_FOUND);
	same_int("whole", (long long)raw.n, 1500000);
	buf_wipe(&raw);
	days(&r, 2);
	same_int("its time", kept(&r), 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_step_ahead_loses_nothing), RUN(a_restart_does_not_make_a_wrong_clock_right),
		RUN(another_boot_with_a_wrong_clock_waits), RUN(a_machine_that_was_off_for_an_hour_goes_on),
		RUN(a_person_may_say_that_the_clock_is_right), RUN(a_step_back_does_not_open_a_window_again),
		RUN(what_could_not_be_stored_is_not_forgotten), RUN(what_came_under_a_clock_that_was_behind_is_kept_its_time),
		RUN(what_came_under_a_clock_that_was_ahead_is_kept_no_longer), RUN(what_came_under_a_clock_that_was_right_stays_where_it_is),
		RUN(a_whole_feed_of_it_moves_in_portions), RUN(what_is_large_or_damaged_moves_or_goes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
