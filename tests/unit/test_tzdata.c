/* test_tzdata.c - a country changes its clocks by law while visits wait: they keep their wall clock, and nobody is told twice. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)
#define MORE "reminder \"far\" { before = 2d at 10:00 } "

/* From now on America/Chicago has the clocks that Denver has: an hour behind. */
static void
new_law(struct rig *r, int settle)
{
	struct rules *rules = read_rules(r, 200, settle, MORE);
	struct command *c = calloc(1, sizeof *c);
	struct fault f = { 0 };

	assert_non_null(c);
	zone_free(rules->sites[0].zone);
	rules->sites[0].zone = NULL;
	holds("a zone", zone_load("America/Denver", &rules->sites[0].zone, &f));
	rules->tzdata ^= 1;
	rules_drop(r->rules);
	r->rules = rules_hold(rules);
	c->kind = COMMAND_RULES;
	c->rules = rules;
	(void)turn(r, NULL, NULL, &c->link);
}

/* Time goes by, and the gateway takes what it is given. */
static void
go(struct rig *r, int64_t seconds)
{
	for (int n = r->jobs_n; seconds > 0; seconds -= 5) {
		pass(r, seconds < 5 ? seconds : 5);
		for (; n < r->jobs_n; n++)
			outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
	}
}

/* pain: the clocks of a country change by law, and every reminder is an hour off */
TEST(what_waits_keeps_its_wall_clock)
{
	struct rig r;
	int64_t day_s, far_s, start_s;

	rig_open(&r, 200, 0, MORE);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * DAY + 3600 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	start_s = text_at(&r, 1, 1).start_s;
	day_s = text_at(&r, 1, 1).due_s;
	far_s = text_at(&r, 1, 2).due_s;
	new_law(&r, 0);
	same_int("the old ones end", text_at(&r, 1, 1).state, TEXT_VOID);
	same_int("the visit is an hour later", text_at(&r, 1, 3).start_s, start_s + 3600);
	same_int("so is its reminder", text_at(&r, 1, 3).due_s, day_s + 3600);
	same_int("and that of a wall clock", text_at(&r, 1, 4).due_s, far_s + 3600);
	go(&r, 10);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * DAY + 7200 - 10 });
	same_int("the same wall clock is no change to who reads it", r.jobs_n, 1);
	go(&r, far_s - now_s(&r.now) + 3595);
	same_int("not at the old time", r.jobs_n, 1);
	go(&r, 10);
	same_int("at the new one", r.jobs_n, 2);
	go(&r, 2 * DAY);
	same_int("and the other", r.jobs_n, 3);
	rig_close(&r);
}

TEST(who_was_reminded_is_not_reminded_again)
{
	struct rig r;

	rig_open(&r, 200, 0, MORE);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = DAY + 3600 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	go(&r, 3700);
	same_int("reminded", r.jobs_n, 2);
	new_law(&r, 0);
	go(&r, DAY);
	same_int("once", r.jobs_n, 2);
	rig_close(&r);
}

TEST(a_confirmation_that_waits_still_goes)
{
	struct rig r;

	rig_open(&r, 200, 600, MORE);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * DAY });
	go(&r, 300);
	new_law(&r, 600);
	go(&r, 310);
	same_text("it went", reason_name(text_at(&r, 1, 0).reason), "accepted");
	same_int("told", r.jobs_n, 1);
	if (!strstr(last_job(&r)->body, "Monday, December 7 at 6:00 AM"))
		fail_msg("got: %s", last_job(&r)->body);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_waits_keeps_its_wall_clock), RUN(who_was_reminded_is_not_reminded_again),
		RUN(a_confirmation_that_waits_still_goes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
