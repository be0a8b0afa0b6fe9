/* test_limit.c - an organization's month: counted in segments, warned about once, held where that is wanted. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define DAY ((int64_t)86400)

static int alarms_80, alarms_100;

static void
count_alarm(void *ctx, const char *what, const char *where)
{
	(void)ctx;
	(void)where;
	alarms_80 += strstr(what, "80 %") != NULL;
	alarms_100 += strstr(what, "used up") != NULL;
}

static void
with_limit(struct rig *r, int64_t limit, const char *on_limit)
{
	char setting[80];

	(void)snprintf(setting, sizeof setting, "country = US monthly_limit = %d on_limit = %s", (int)limit, on_limit);
	rig_change(r, "country = US", setting);
}

static void
book(struct rig *r, int n)
{
	char id[16], phone[PHONE_MAX];

	(void)snprintf(id, sizeof id, "L%d", n);
	(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + n);
	(void)tell(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 40 * DAY });
	if (r->jobs_n > n)
		outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
}

static struct text
confirmation_of(struct rig *r, int64_t appointment)
{
	struct text t = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, appointment * STORE_TEXTS_OF_ONE, &t, &f), STORE_FOUND);
	return t;
}

/* It is in a named state and goes when it may. */
/* pain: the text that reaches the limit is neither sent nor failed */
TEST(held_at_the_limit_and_released_by_the_next_month)
{
	struct rig r;
	int64_t one, at;

	rig_open(&r, 6000, 0, "stale = 30d");
	book(&r, 0);
	one = confirmation_of(&r, 1).segments;
	holds("a text has segments", one >= 1);
	with_limit(&r, one * 5, "hold");
	crash(&r);
	sender(&r, true);
	same_int("what was used survives a restart", status(&r)->limits[0].used, one);
	alarms_80 = alarms_100 = 0;
	for (int i = 1; i < 8; i++) {
		book(&r, i);
		if (r.alarm)
			count_alarm(NULL, r.alarm, "");
		r.alarm = NULL;
	}
	same_int("five go", r.jobs_n, 5);
	same_int("three are held", status(&r)->texts[TEXT_HELD], 3);
	same_int("one alarm at 80 %", alarms_80, 1);
	same_int("one alarm at 100 %", alarms_100, 1);
	same_text("with its reason", reason_name(confirmation_of(&r, 6).reason), "monthly-limit");
	holds("what went was within", confirmation_of(&r, 5).within);
	same_int("used", status(&r)->limits[0].used, one * 5);
	crash(&r);
	sender(&r, true);
	pass(&r, 120);
	same_int("held also after a restart", status(&r)->texts[TEXT_HELD], 3);
	at = 1796083200 - now_s(&r.now); /* 2026-12-01 00:00 UTC */
	r.now.wall_ms += (at - 30) * 1000;
	r.now.boot_ms += (at - 30) * 1000;
	pass(&r, 25);
	same_int("until the month ends", status(&r)->texts[TEXT_HELD], 3);
	pass(&r, 120);
	same_int("then they go", status(&r)->texts[TEXT_HELD], 0);
	same_int("all of them", r.jobs_n, 8);
	same_int("as the new month's", status(&r)->limits[0].used, one * 3);
	rig_close(&r);
}

TEST(a_higher_limit_lets_go)
{
	struct rig r;
	int64_t one;

	rig_open(&r, 6000, 0, "");
	book(&r, 0);
	one = confirmation_of(&r, 1).segments;
	with_limit(&r, one, "hold");
	book(&r, 1);
	same_int("held", status(&r)->texts[TEXT_HELD], 1);
	rig_change(&r, "monthly_limit = ", "monthly_limit = 100");
	pass(&r, 5);
	same_int("a higher limit lets go at once", status(&r)->texts[TEXT_HELD], 0);
	same_int("sent", r.jobs_n, 2);
	rig_close(&r);
}

/* pain: the bill is a shock at the month's end */
TEST(warned_at_the_limit)
{
	struct rig r;
	int64_t one;

	rig_open(&r, 6000, 0, "");
	book(&r, 0);
	one = confirmation_of(&r, 1).segments;
	with_limit(&r, one * 2, "warn");
	r.alarms = 0;
	for (int i = 1; i < 6; i++)
		book(&r, i);
	same_int("all go", r.jobs_n, 6);
	same_int("one alarm", r.alarms, 1);
	holds("the second is within", confirmation_of(&r, 2).within);
	holds("the third is not", !confirmation_of(&r, 3).within);
	same_int("used counts on", status(&r)->limits[0].used, one * 6);
	rig_close(&r);
}

TEST(what_was_certainly_not_taken_is_not_used)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = "+16085550101", .in_s = 90000 });
	holds("counted when it is armed", status(&r)->limits[0].used > 0);
	outcome(&r, last_job(&r), OUTCOME_REFUSED, 400);
	same_int("given back", status(&r)->limits[0].used, 0);
	(void)tell(&r, (struct say){ .id = "A2", .patient = "2", .phone = "+16085550102", .in_s = 90000 });
	outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
	holds("what may have been taken stays counted", status(&r)->limits[0].used > 0);
	int64_t used = status(&r)->limits[0].used;

	pass(&r, 10);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_int("once, whatever the attempts", status(&r)->limits[0].used, used);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(held_at_the_limit_and_released_by_the_next_month), RUN(a_higher_limit_lets_go),
		RUN(warned_at_the_limit), RUN(what_was_certainly_not_taken_is_not_used) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
