/* test_reports.c - reports that are asked for by their id, and what reports of any kind may change. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"
#define FROM "+18335550100"

/* One text that the gateway took. */
static int64_t
accepted(struct rig *r, const char *id)
{
	struct sent job;

	(void)tell(r, (struct say){ .id = id, .phone = PHONE, .in_s = 200000, .patient = id });
	job = *last_job(r);
	outcome(r, &job, OUTCOME_ACCEPTED, 202);
	return job.text;
}

static struct sender_event
report_on(int64_t text, enum delivery d, int64_t number)
{
	struct sender_event e = { .told = EVENT_REPORT, .event = 1, .text = text, .delivery = d, .number = number, .from = FROM,
		.message_id = "Outgoing_x" };

	(void)snprintf(e.status, sizeof e.status, "%s", d == DELIVERY_OK ? "delivered" : d == DELIVERY_FAILED ? "unreachable" : "unknown");
	return e;
}

TEST(it_is_asked_for_until_it_is_there)
{
	struct rig r;
	int64_t text;

	rig_open(&r, 200, 0, "");
	text = accepted(&r, "A1");
	pass(&r, 25);
	same_int("not at once", r.asked_of[ASK_REPORT], 0);
	pass(&r, 10);
	same_int("after half a minute", r.asked_of[ASK_REPORT], 1);
	same_int("for a report", r.asked, ASK_REPORT);
	pass(&r, 120);
	same_int("and after two minutes", r.asked_of[ASK_REPORT], 2);
	told(&r, report_on(text, DELIVERY_OK, 2000), NULL);
	same_int("delivered", status(&r)->texts[TEXT_DELIVERED], 1);
	pass(&r, 4000);
	same_int("it is there: no more", r.asked_of[ASK_REPORT], 2);
	rig_close(&r);
}

TEST(a_restart_forgets_no_report)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)accepted(&r, "A1");
	crash(&r);
	pass(&r, 600);
	same_int("without nudge-sender nobody can be asked", r.asked_of[ASK_REPORT], 0);
	sender(&r, true);
	pass(&r, 5);
	same_int("then at once", r.asked_of[ASK_REPORT], 1);
	pass(&r, 20);
	same_int("not again and again for the times that passed", r.asked_of[ASK_REPORT], 1);
	pass(&r, 15);
	same_int("but in its turn", r.asked_of[ASK_REPORT], 2);
	rig_close(&r);
}

TEST(after_a_day_it_is_given_up)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)accepted(&r, "A1");
	pass(&r, 90000);
	same_int("nine times in a day", r.asked_of[ASK_REPORT], 9);
	pass(&r, 90000);
	same_int("and not again", r.asked_of[ASK_REPORT], 9);
	same_int("sent is what is known", status(&r)->texts[TEXT_SENT], 1);
	rig_close(&r);
}

TEST(many_are_asked_for_in_portions)
{
	struct rig r;

	rig_open(&r, 100000, 0, "");
	for (int i = 0; i < 100; i++) {
		char id[16], phone[16];
		struct sent job;

		(void)snprintf(id, sizeof id, "M%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 200000 });
		same_int("each gets a text", r.jobs_n, i + 1);
		job = *last_job(&r);
		outcome(&r, &job, OUTCOME_ACCEPTED, 202);
	}
	pass(&r, 29);
	r.now.wall_ms += 3000;
	r.now.boot_ms += 3000;
	(void)turn(&r, NULL, NULL, NULL);
	holds("no more than a portion at once", r.asked_of[ASK_REPORT] <= 20);
	for (int i = 0; i < 10; i++) {
		r.now.wall_ms += 500;
		r.now.boot_ms += 500;
		(void)turn(&r, NULL, NULL, NULL);
	}
	same_int("all of those that went", r.asked_of[ASK_REPORT], r.jobs_n);
	rig_close(&r);
}

/* How long the daemon may sleep is how late a report may be asked for. */
TEST(it_is_woken_when_the_next_is_due)
{
	struct rig r;
	int64_t text;

	rig_open(&r, 100000, 0, "daily_cap = 0 weekly_cap = 0");
	same_int("nothing is asked for", engine_sleep_ms(r.engine, &r.now), 60000);
	text = accepted(&r, "A1");
	same_int("when the first is due", engine_sleep_ms(r.engine, &r.now), 30000);
	pass(&r, 20);
	same_int("which comes nearer", engine_sleep_ms(r.engine, &r.now), 10000);
	sender(&r, false);
	same_int("nobody is there to be asked", engine_sleep_ms(r.engine, &r.now), 60000);
	sender(&r, true);
	told(&r, report_on(text, DELIVERY_OK, 2000), NULL);
	pass(&r, 10);
	same_int("it is there", engine_sleep_ms(r.engine, &r.now), 60000);
	for (int i = 0; i < 25; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "B%d", i);
		(void)accepted(&r, id);
	}
	r.now.wall_ms += 30000;
	r.now.boot_ms += 30000;
	(void)turn(&r, NULL, NULL, NULL);
	same_int("a portion", r.asked_of[ASK_REPORT], 20);
	same_int("the rest is due, but not all at once", engine_sleep_ms(r.engine, &r.now), 500);
	rig_close(&r);
}

/* An administrator's list of opt-outs takes what questions a turn may ask. */
TEST(what_finds_no_room_in_a_turn_is_asked_for_in_a_later_one)
{
	struct queue_link *commands = NULL;
	struct rig r;

	rig_open(&r, 100000, 0, "");
	for (int i = 0; i < 3; i++)
		(void)accepted(&r, i == 0 ? "A1" : i == 1 ? "A2" : "A3");
	for (int i = 0; i < 255; i++) {
		struct command *c = calloc(1, sizeof *c);

		assert_non_null(c);
		c->kind = COMMAND_OPTOUT_ADD;
		(void)snprintf(c->organization, sizeof c->organization, "lamna");
		(void)snprintf(c->phone, sizeof c->phone, "+1414555%04d", i);
		c->link.next = commands;
		commands = &c->link;
	}
	r.now.wall_ms += 30000;
	r.now.boot_ms += 30000;
	(void)turn(&r, NULL, NULL, commands);
	same_int("the gateway is told of all opt-outs", r.asked_of[ASK_OPTOUT_ADD], 255);
	same_int("there was room for one", r.asked_of[ASK_REPORT], 1);
	r.now.wall_ms += 500;
	r.now.boot_ms += 500;
	(void)turn(&r, NULL, NULL, NULL);
	same_int("the others follow", r.asked_of[ASK_REPORT], 3);
	rig_close(&r);
}

TEST(only_where_the_configuration_says_so)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	rig_change(&r, "access_key = acs.key", "access_key = acs.key reports = none");
	(void)accepted(&r, "A1");
	pass(&r, 4000);
	same_int("reports = none", r.asked_of[ASK_REPORT], 0);
	rig_change(&r, "reports = none", "reports = poll");
	(void)accepted(&r, "A2");
	pass(&r, 40);
	same_int("reports = poll", r.asked_of[ASK_REPORT], 1);
	rig_change(&r, "reports = poll", "reports = none");
	pass(&r, 4000);
	same_int("not any more", r.asked_of[ASK_REPORT], 1);
	rig_close(&r);
}

TEST(what_a_report_may_change)
{
	struct rig r;
	int64_t text;
	struct sender_event e;

	rig_open(&r, 200, 0, "");
	text = accepted(&r, "A1");
	e = report_on(text, DELIVERY_FAILED, 4006);
	(void)snprintf(e.from, sizeof e.from, "+18335550199");
	told(&r, e, NULL);
	same_int("of another's number: nothing", status(&r)->texts[TEXT_SENT], 1);
	e = report_on(text, DELIVERY_FAILED, 4006);
	(void)snprintf(e.message_id, sizeof e.message_id, "Outgoing_other");
	told(&r, e, NULL);
	same_int("a failure of another message: nothing", status(&r)->texts[TEXT_SENT], 1);
	told(&r, report_on(text, DELIVERY_UNKNOWN, 5002), NULL);
	same_int("that nobody knows: it stays sent", status(&r)->texts[TEXT_SENT], 1);
	pass(&r, 4000);
	same_int("and is not asked about any more", r.asked_of[ASK_REPORT], 0);
	told(&r, report_on(text, DELIVERY_FAILED, 4006), NULL);
	same_int("failed", status(&r)->texts[TEXT_FAILED], 1);
	(void)snprintf(e.from, sizeof e.from, "18335550100");
	e.delivery = DELIVERY_OK;
	told(&r, e, NULL);
	same_int("delivered wins, whichever of its messages it was", status(&r)->texts[TEXT_DELIVERED], 1);
	told(&r, report_on(text, DELIVERY_FAILED, 4006), NULL);
	same_int("and stays", status(&r)->texts[TEXT_DELIVERED], 1);
	told(&r, report_on(text + 1, DELIVERY_FAILED, 4006), NULL);
	told(&r, report_on(1 << 20, DELIVERY_OK, 2000), NULL);
	same_int("of no text of ours", status(&r)->texts[TEXT_DELIVERED], 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(it_is_asked_for_until_it_is_there),
		RUN(a_restart_forgets_no_report),
		RUN(after_a_day_it_is_given_up),
		RUN(many_are_asked_for_in_portions),
		RUN(it_is_woken_when_the_next_is_due),
		RUN(what_finds_no_room_in_a_turn_is_asked_for_in_a_later_one),
		RUN(only_where_the_configuration_says_so),
		RUN(what_a_report_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
