/* test_limit.c - an organization's month: counted in segments, warned about once, held where that is wanted. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define DAY ((int64_t)86400)

static int alarms_80, alarms_100, alarms_over;

static void
count_alarm(const char *what)
{
	alarms_80 += strstr(what, "80 %") != NULL;
	alarms_100 += strstr(what, "used up") != NULL;
	alarms_over += strstr(what, "within its monthly_limit again") != NULL;
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
	int told;

	rig_open(&r, 6000, 0, "stale = 30d");
	book(&r, 0);
	one = confirmation_of(&r, 1).segments;
	holds("a text has segments", one >= 1);
	with_limit(&r, one * 5, "hold");
	crash(&r);
	sender(&r, true);
	same_int("what was used survives a restart", status(&r)->limits[0].used, one);
	alarms_80 = alarms_100 = 0;
	r.on_alarm = count_alarm;
	for (int i = 1; i < 8; i++)
		book(&r, i);
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
	told = r.alarms;
	pass(&r, 120);
	same_int("told that it ended, once", r.alarms, told + 1);
	same_text("in these words", r.alarm, "an organization is within its monthly_limit again");
	same_int("then they go", status(&r)->texts[TEXT_HELD], 0);
	same_int("all of them", r.jobs_n, 8);
	same_int("as the new month's", status(&r)->limits[0].used, one * 3);
	rig_close(&r);
}

TEST(that_a_month_ended_is_told_though_turns_fail)
{
	struct rig r;

	if (rig_refuse.on)
		return; /* it refuses by itself */
	rig_open(&r, 6000, 0, "stale = 30d");
	book(&r, 0);
	with_limit(&r, confirmation_of(&r, 1).segments, "hold");
	book(&r, 1);
	pass(&r, 10);
	same_int("held", status(&r)->texts[TEXT_HELD], 1);
	r.now.boot_ms += 30 * DAY * 1000;
	r.now.wall_ms += 30 * DAY * 1000;
	r.on_alarm = count_alarm;
	alarms_over = 0;
	for (long n = 1; n < 100 && confirmation_of(&r, 2).state == TEXT_HELD; n++) {
		refuse_at(n, SQLITE_FULL, 0);
		refuse_here(true);
		pass(&r, 5);
		refuse_here(false);
	}
	refuse_at(0, SQLITE_OK, 0);
	same_int("let go", status(&r)->texts[TEXT_HELD], 0);
	same_int("told, once", alarms_over, 1);
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

/* pain: a month begins, and what waited for it trickles out */
TEST(as_many_as_were_held_are_let_go_at_once)
{
	struct rig r;

	rig_open(&r, 1000000, 0, "stale = 30d storm_brake = off");
	book(&r, 0);
	with_limit(&r, confirmation_of(&r, 1).segments, "hold");
	for (int i = 1; i < 450; i++)
		book(&r, i);
	same_int("all but the first are held", status(&r)->texts[TEXT_HELD], 449);
	rig_change(&r, "monthly_limit = ", "monthly_limit = 1000");
	pass(&r, 61);
	same_int("none is any more", status(&r)->texts[TEXT_HELD], 0);
	same_int("and they go, as many as may be with the sender", r.jobs_n, 257);
	rig_close(&r);
}

TEST(what_does_not_fit_into_the_rest_stays_held)
{
	struct rig r;
	int64_t one, long_one, under;

	rig_open(&r, 6000, 0, "stale = 30d");
	book(&r, 0);
	one = confirmation_of(&r, 1).segments;
	rig_change(&r, "Lamna Healthcare", "Lamna Healthcare, the clinics of the lakes, of the hills and of all of the prairie beside them");
	book(&r, 1);
	long_one = confirmation_of(&r, 2).segments;
	holds("one of more segments", long_one > one);
	with_limit(&r, one + 2 * long_one - 1, "hold");
	book(&r, 2);
	same_int("it is held for its length", status(&r)->texts[TEXT_HELD], 1);
	same_int("with what it would cost", confirmation_of(&r, 3).segments, long_one);
	same_int("and nothing of it is used", status(&r)->limits[0].used, one + long_one);
	under = confirmation_of(&r, 3).config;
	rig_change(&r, "608-271-9000", "608-271-9001");
	pass(&r, 185);
	same_int("it waits through every look", status(&r)->texts[TEXT_HELD], 1);
	same_int("and is not held anew by each", confirmation_of(&r, 3).config, under);
	rig_change(&r, ", the clinics of the lakes, of the hills and of all of the prairie beside them", "");
	book(&r, 3);
	same_int("a shorter one goes past it", r.jobs_n, 3);
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

/* ---- what the limit is not for, and where it changes ---- */

TEST(who_wrote_is_answered_beyond_the_limit)
{
	struct rig r;
	struct sender_event ev = { .told = EVENT_INBOUND, .event = 1, .from = "+16085550100", .to = "+18335550100", .gateway = "acs" };

	rig_open(&r, 6000, 0, "");
	book(&r, 0);
	with_limit(&r, confirmation_of(&r, 1).segments, "hold");
	book(&r, 1);
	same_int("no other text goes", status(&r)->texts[TEXT_HELD], 1);
	told(&r, ev, "HELP ME PLEASE");
	same_int("but the answer does", r.jobs_n, 2);
	same_text("to who wrote", last_job(&r)->to, "+16085550100");
	holds("and counts", status(&r)->limits[0].used > r.status.limits[0].limit);
	rig_close(&r);
}

/* Two sites of one organization: one of them has nothing that is held. */
TEST(a_limit_that_only_warns_now_lets_go)
{
	struct rig r;

	rig_open(&r, 6000, 0, "departments = {'^C$'} } site \"dental\" { environment = prod fhir_base_url = \"https://y/R4\" profile = generic "
	    "number = main time_zone = America/Chicago approver = none contact = \"608-271-9001\" departments = {'^D$'}");
	book(&r, 0);
	with_limit(&r, confirmation_of(&r, 1).segments, "hold");
	book(&r, 1);
	same_int("held", status(&r)->texts[TEXT_HELD], 1);
	rig_change(&r, "on_limit = hold", "on_limit = warn");
	pass(&r, 5);
	same_int("none is any more", status(&r)->texts[TEXT_HELD], 0);
	same_int("sent", r.jobs_n, 2);
	rig_close(&r);
}

/* 2026-12-01 00:00 UTC comes in so many seconds. */
static void
before_the_month_ends(struct rig *r, int64_t seconds)
{
	int64_t step = 1796083200 - seconds - now_s(&r->now);

	r->now.wall_ms += step * 1000;
	r->now.boot_ms += step * 1000;
	pass(r, 5);
}

/* Armed in the last seconds of a month, and its answer of the next: it is that month's. */
TEST(a_text_counts_for_the_month_in_which_it_was_armed)
{
	struct rig r;
	struct sender_event *back = calloc(1, sizeof *back), *taken = calloc(1, sizeof *taken);
	struct store_usage u;
	struct fault f = { 0 };
	int64_t one;

	assert_true(back && taken);
	rig_open(&r, 6000, 0, "");
	before_the_month_ends(&r, 15);
	(void)tell(&r, (struct say){ .id = "L", .phone = "+16085550100", .in_s = 40 * DAY });
	one = confirmation_of(&r, 1).segments;
	*back = (struct sender_event){ .what = SENDER_OUTCOME, .text = last_job(&r)->text, .attempt = 1, .outcome = OUTCOME_NOT_TRIED,
		.code = "too-late", .retry_after_ms = -1 };
	*taken = *back;
	taken->outcome = OUTCOME_ACCEPTED;
	taken->code[0] = '\0';
	back->link.next = &taken->link;
	r.now.wall_ms += 15000;
	r.now.boot_ms += 15000;
	(void)turn(&r, NULL, &back->link, NULL); /* given back, and heard of all the same */
	same_text("it was taken", text_state_name(confirmation_of(&r, 1).state), "sent");
	holds("November", store_usage_get(r.store, "lamna", 2026 * 12 + 10, &u, &f));
	same_int("is what it is counted for", u.segments, one);
	holds("December", store_usage_get(r.store, "lamna", 2026 * 12 + 11, &u, &f));
	same_int("begins with nothing", u.segments, 0);
	rig_close(&r);
}

/* A turn in which nothing else is written: whatever of it fails, the next one lets go. */
TEST(what_is_let_go_alone_is_let_go_though_turns_fail)
{
	struct rig r;

	if (rig_refuse.on)
		return; /* it refuses by itself */
	rig_open(&r, 6000, 0, "stale = 30d");
	book(&r, 0);
	with_limit(&r, confirmation_of(&r, 1).segments, "hold");
	book(&r, 1);
	before_the_month_ends(&r, 15);
	same_int("held", status(&r)->texts[TEXT_HELD], 1);
	sender(&r, false); /* it is asked for no report either */
	r.now.wall_ms += 65000;
	r.now.boot_ms += 65000;
	for (long n = 1; n < 100 && confirmation_of(&r, 2).state == TEXT_HELD; n++) {
		refuse_at(n, SQLITE_FULL, 0);
		refuse_here(true);
		(void)turn(&r, NULL, NULL, NULL);
		refuse_here(false);
	}
	refuse_at(0, SQLITE_OK, 0);
	sender(&r, true);
	same_int("let go", status(&r)->texts[TEXT_HELD], 0);
	same_int("sent, once", r.jobs_n, 2);
	rig_close(&r);
}

TEST(status_tells_of_as_many_organizations_as_it_has_room_for)
{
	struct rig r;
	static char more[20000];
	char *at = more;

	rig_open(&r, 6000, 0, "");
	for (int i = 0; i < 100; i++)
		at += sprintf(at, "organization \"o%d\" { name = \"O %d\" consent_send_on_behalf = true consent_attendees_consented = true country = US monthly_limit = %d }\n", i, i, 100 + i);
	(void)snprintf(at, sizeof more - (size_t)(at - more), "gateway \"acs\"");
	rig_change(&r, "gateway \"acs\"", more);
	same_int("a hundred of a hundred and one", (int64_t)status(&r)->limits_n, 100);
	same_text("the first", r.status.limits[0].organization, "lamna");
	same_text("to the last that fits", r.status.limits[99].organization, "o98");
	same_int("with its limit", r.status.limits[99].limit, 198);
	rig_close(&r);
}

/* Texts to number i on the day. */
static int64_t
counted(struct rig *r, int i, int64_t day)
{
	char phone[PHONE_MAX];
	struct fault f = { 0 };
	int64_t today, week;

	(void)snprintf(phone, sizeof phone, "+1608%07d", 2000000 + i);
	holds("counts are read", store_cap_count(r->store, phone, day, &today, &week, &f));
	return today;
}

TEST(old_counts_go_in_portions_and_new_ones_stay)
{
	enum { PHONES = 900 };
	struct rig r;
	struct fault f = { 0 };
	int portions = 0;

	rig_open(&r, 6000, 0, "");
	holds("begin", store_begin(r.store, &f));
	for (int i = 0; i < PHONES; i++) {
		char phone[PHONE_MAX];

		(void)snprintf(phone, sizeof phone, "+1608%07d", 2000000 + i);
		for (int64_t day = 100; day < 103; day++)
			holds("counted", store_cap_add(r.store, phone, day, &f));
	}
	for (bool done = false; !done; portions++)
		holds("a portion", store_forget_caps(r.store, 102, 100, &done, &f));
	same_int("2700 rows by a hundred", portions, 27);
	for (int i = 0; i < PHONES; i++) {
		same_int("a day that is over", counted(&r, i, 100), 0);
		same_int("the day before", counted(&r, i, 101), 0);
		same_int("the day itself", counted(&r, i, 102), 1);
	}
	bool done = false;

	holds("the same day again", store_forget_caps(r.store, 102, 100, &done, &f) && done);
	holds("the next one begins anew", store_forget_caps(r.store, 103, 100, &done, &f) && !done);
	while (!done)
		holds("a portion", store_forget_caps(r.store, 103, 100, &done, &f));
	same_int("all gone", counted(&r, 0, 102) + counted(&r, PHONES - 1, 102), 0);
	holds("commit", store_commit(r.store, &f));
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(held_at_the_limit_and_released_by_the_next_month), RUN(a_higher_limit_lets_go), RUN(that_a_month_ended_is_told_though_turns_fail),
		RUN(as_many_as_were_held_are_let_go_at_once), RUN(what_does_not_fit_into_the_rest_stays_held),
		RUN(warned_at_the_limit), RUN(what_was_certainly_not_taken_is_not_used),
		RUN(who_wrote_is_answered_beyond_the_limit), RUN(a_limit_that_only_warns_now_lets_go),
		RUN(a_text_counts_for_the_month_in_which_it_was_armed), RUN(what_is_let_go_alone_is_let_go_though_turns_fail),
		RUN(status_tells_of_as_many_organizations_as_it_has_room_for),
		RUN(old_counts_go_in_portions_and_new_ones_stay) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
