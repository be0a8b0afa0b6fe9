/* test_plan_bounds.c - a visit that moves without end, that has no time, that leaves: its plan has bounds, and nothing goes twice for them. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)

static int64_t
texts_of(struct rig *r)
{
	struct text t;
	struct fault f = { 0 };
	int64_t n = 0;

	while (n < STORE_TEXTS_OF_ONE && store_text_get(r->store, STORE_TEXTS_OF_ONE + n, &t, &f) == STORE_FOUND)
		n++;
	return n;
}

/* pain: a feed in a loop moves one visit all day, and the patient's phone rings all day */
TEST(a_visit_that_is_moved_a_thousand_times)
{
	struct rig r;

	rig_open(&r, 6000, 120, "storm_brake = off");
	for (int i = 0; i < 1100; i++)
		(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * DAY + 600 * i });
	same_int("each is taken", r.answer.verdict, VERDICT_ACCEPT);
	same_int("as many texts as one visit may have", texts_of(&r), STORE_TEXTS_OF_ONE);
	same_text("the last says so", reason_name(text_of(&r, 2 * STORE_TEXTS_OF_ONE - 1).reason), "too-many");
	for (int i = 0; i < 40; i++)
		pass(&r, 60);
	holds("it does not ring all day", r.jobs_n <= 1);
	rig_close(&r);
}

TEST(a_visit_without_a_time_is_kept_a_while_and_told_nothing)
{
	struct rig r;
	struct appointment a;
	struct fault f = { 0 };

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE });
	same_int("nothing is said", r.jobs_n, 0);
	assert_int_equal(store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_FOUND);
	same_int("for a month", a.erase_at_s, now_s(&r.now) + 30 * DAY);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	same_int("with its time it is told", r.jobs_n, 1);
	rig_close(&r);
}

TEST(a_visit_that_left_is_erased_when_nothing_is_left_to_say)
{
	struct rig r;
	struct message *m;
	struct appointment a;
	struct fault f = { 0 };

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	m = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	m->bookings[0].site = NULL;
	(void)turn(&r, &m->link, NULL, NULL);
	assert_int_equal(store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_FOUND);
	holds("its number is gone", a.erased && a.phone[0] == '\0');
	same_int("and its reminder", status(&r)->texts[TEXT_PENDING], 0);
	rig_close(&r);
}

TEST(what_is_planned_while_a_message_is_in_doubt_waits_too)
{
	struct rig r;
	struct message *m;
	struct command *c = calloc(1, sizeof *c);

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * DAY });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	m = message_of(&r, (struct say){ .id = "-" });
	m->kind = MESSAGE_QUARANTINE;
	m->bookings_n = 0;
	m->reason = "no start time";
	m->held_id = SPAN_LIT("A1");
	m->about = &r.rules->conf->sites[0];
	(void)turn(&r, &m->link, NULL, NULL);
	same_int("the reminder waits", status(&r)->texts[TEXT_HELD], 1);
	/* rules that change plan anew, and settle no doubt */
	c->kind = COMMAND_RULES;
	c->rules = read_rules(&r, 6000, 0, "reminder \"week\" { before = 7d } ");
	rules_drop(r.rules);
	r.rules = rules_hold(c->rules);
	(void)turn(&r, NULL, NULL, &c->link);
	pass(&r, 20);
	same_int("the new one too", status(&r)->texts[TEXT_HELD], 2);
	same_int("nothing else goes", status(&r)->texts[TEXT_PENDING], 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_visit_that_is_moved_a_thousand_times), RUN(a_visit_without_a_time_is_kept_a_while_and_told_nothing),
		RUN(a_visit_that_left_is_erased_when_nothing_is_left_to_say), RUN(what_is_planned_while_a_message_is_in_doubt_waits_too) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
