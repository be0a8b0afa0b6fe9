/* test_timing.c - a clock that is wrong loses nothing: stepped ahead, set back, wrong from the start; and a turn that could not be stored. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_step_ahead_loses_nothing), RUN(a_restart_does_not_make_a_wrong_clock_right),
		RUN(another_boot_with_a_wrong_clock_waits), RUN(a_machine_that_was_off_for_an_hour_goes_on),
		RUN(a_person_may_say_that_the_clock_is_right), RUN(a_step_back_does_not_open_a_window_again),
		RUN(what_could_not_be_stored_is_not_forgotten) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
