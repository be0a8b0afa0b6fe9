/* test_wakes.c - when the engine wants its next turn, what has waited longest, and what ends when a clock goes back. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_clinics.h"

static int64_t
sleep_ms(struct rig *r)
{
	return engine_sleep_ms(r->engine, &r->now);
}

static void
later(struct rig *r, int64_t seconds)
{
	r->now.wall_ms += seconds * 1000;
	r->now.boot_ms += seconds * 1000;
}

TEST(it_sleeps_until_something_is_due_and_never_longer_than_a_minute)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	same_int("nothing is known: a minute", sleep_ms(&r), 60000);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 86400 + 20 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 5);
	holds("until the reminder", sleep_ms(&r) <= 15000);
	later(&r, 30);
	same_int("what is due already is due now", sleep_ms(&r), 0);
	(void)turn(&r, NULL, NULL, NULL);
	same_int("it went", r.jobs_n, 2);
	rig_close(&r);
}

TEST(what_is_read_in_portions_is_read_on_at_once)
{
	struct rig r;
	struct fault f = { 0 };
	struct command *c;
	struct turn_input in;
	char id[16];

	rig_open(&r, 6000, 0, "confirmation = false");
	for (int i = 0; i < 450; i++) {
		(void)snprintf(id, sizeof id, "A%d", i);
		(void)tell(&r, (struct say){ .id = id, .phone = PHONE, .in_s = 30 * DAY });
	}
	engine_free(r.engine);
	open_engine(&r);
	same_int("a start has not read what waits", sleep_ms(&r), 0);
	sender(&r, true);
	holds("now it has", sleep_ms(&r) > 0);
	c = calloc(1, sizeof *c);
	write_file(r.folder, "nudge.conf", "");
	rules_drop(r.rules);
	r.rules = read_rules(&r, 6000, 0, "confirmation = false expiry = 7min");
	c->kind = COMMAND_RULES;
	c->rules = rules_hold(r.rules);
	in = (struct turn_input){ .commands = &c->link, .now = r.now, .clock_synchronised = true };
	(void)engine_turn(r.engine, &in, &f);
	same_int("other rules: visits are looked at, in portions", sleep_ms(&r), 0);
	(void)turn(&r, NULL, NULL, NULL);
	(void)turn(&r, NULL, NULL, NULL);
	(void)turn(&r, NULL, NULL, NULL);
	holds("until all were", sleep_ms(&r) > 0);
	rig_close(&r);
}

/* pain: texts wait, and nothing says since when */
TEST(the_oldest_that_waits_is_told_whichever_site_it_is_of)
{
	struct rig r;
	int64_t first;

	for (int turned = 0; turned < 2; turned++) {
		clinics(&r);
		sender(&r, false);
		first = now_s(&r.now);
		visit(&r, turned ? CARDIOLOGY : ONCOLOGY, "A1", 3 * DAY, VISIT_BOOKED);
		pass(&r, 10);
		visit(&r, turned ? ONCOLOGY : CARDIOLOGY, "A2", 3 * DAY, VISIT_BOOKED);
		pass(&r, 5);
		same_int("both wait", status(&r)->backlog, 2);
		same_int("since the first", r.status.oldest_due_s, first);
		rig_close(&r);
	}
}

/* pain: an alarm that nobody takes back */
TEST(a_clock_that_goes_back_ends_a_storm)
{
	struct rig r;
	char id[16];

	rig_open(&r, 6000, 0, "storm_brake = 5/min");
	for (int i = 0; i < 8; i++) {
		(void)snprintf(id, sizeof id, "A%d", i);
		(void)tell(&r, (struct say){ .id = id, .phone = PHONE, .patient = id, .in_s = 90000 });
	}
	holds("a storm", r.alarm && strstr(r.alarm, "storm brake"));
	r.now.wall_ms -= 3600 * 1000;
	pass(&r, 10);
	holds("is over", strstr(r.alarm, "the storm is over") != NULL);
	rig_close(&r);
}

TEST(nothing_can_be_freed)
{
	command_free(NULL);
	engine_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(it_sleeps_until_something_is_due_and_never_longer_than_a_minute), RUN(what_is_read_in_portions_is_read_on_at_once),
		RUN(the_oldest_that_waits_is_told_whichever_site_it_is_of),
		RUN(a_clock_that_goes_back_ends_a_storm), RUN(nothing_can_be_freed) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
