/* test_merge_apart.c - visits of a day that do not go into one text, and what becomes of one that was said in another's when something is new of it. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define PHONE "+16085550123"
#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)

/* 2026-11-27 06:00 in the clinic; visits on the 30th at 9:00 and 11:00 there. */
#define NINE (3 * DAY + 3 * HOUR)
#define ELEVEN (3 * DAY + 5 * HOUR)

static int64_t begun_s;

static struct message *
about(struct rig *r, const char *id, int64_t in_s, enum visit_status status)
{
	return message_of(r, (struct say){ .id = id, .phone = PHONE, .in_s = in_s ? begun_s + in_s - now_s(&r->now) : 0, .status = status });
}

static void
give(struct rig *r, struct message *m)
{
	int before = r->jobs_n;

	(void)turn(r, &m->link, NULL, NULL);
	same_int("accepted", r->answer.verdict, VERDICT_ACCEPT);
	for (; before < r->jobs_n; before++)
		outcome(r, &r->jobs[before % 256], OUTCOME_ACCEPTED, 202);
}

static void
begin(struct rig *r, const char *settings)
{
	char more[300];

	(void)snprintf(more, sizeof more, "merge = true daily_cap = 0 %s", settings);
	rig_open(r, 6000, 0, more);
	begun_s = now_s(&r->now);
}

/* Ten seconds before the reminder of the visit at nine. */
static void
until_reminder(struct rig *r)
{
	int64_t left = begun_s + NINE - DAY - 10 - now_s(&r->now);

	r->now.wall_ms += left * 1000;
	r->now.boot_ms += left * 1000;
	(void)turn(r, NULL, NULL, NULL);
}

/* Both are booked and told, and the reminder of the first is out, which says both. */
static void
out_together(struct rig *r)
{
	begin(r, "");
	give(r, about(r, "M1", NINE, VISIT_BOOKED));
	give(r, about(r, "M2", ELEVEN, VISIT_BOOKED));
	until_reminder(r);
	pass(r, 15);
	same_int("one reminder", r->jobs_n, 3);
	holds("of both", strstr(last_job(r)->body, "9:00 AM, 11:00 AM"));
	same_text("the other is held for it", text_state_name(text_at(r, 2, 1).state), "held");
}

TEST(a_visit_without_an_hour_or_that_left_is_in_nobody_s_text)
{
	struct message *m;
	struct rig r;
	int before;

	begin(&r, "");
	give(&r, about(&r, "M1", NINE, VISIT_BOOKED));
	give(&r, about(&r, "NO HOUR", 0, VISIT_BOOKED));
	(void)turn(&r, &about(&r, "LEFT", ELEVEN, VISIT_BOOKED)->link, NULL, NULL); /* its text is out, and nothing was heard of it */
	m = about(&r, "LEFT", ELEVEN, VISIT_BOOKED);
	m->bookings[0].site = NULL;
	(void)turn(&r, &m->link, NULL, NULL);
	until_reminder(&r);
	before = r.jobs_n;
	pass(&r, 15);
	same_int("one reminder", r.jobs_n, before + 1);
	holds("of one visit", strstr(last_job(&r)->body, "9:00 AM") && !strstr(last_job(&r)->body, "11:00"));
	rig_close(&r);
}

/* A reminder is merged with those of its own rule: the one of the day before says nothing of what another rule reminds of. */
TEST(reminders_of_two_rules_are_two_texts)
{
	struct rig r;
	int before;

	begin(&r, "reminder \"late\" { before = 20h }");
	give(&r, about(&r, "M1", NINE, VISIT_BOOKED));
	give(&r, about(&r, "M2", ELEVEN, VISIT_BOOKED));
	before = r.jobs_n;
	until_reminder(&r);
	pass(&r, 15);
	same_int("the first is out", r.jobs_n, before + 1);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_text("it said the other's of that rule", reason_name(text_at(&r, 2, 1).reason), "merged");
	same_text("and not the one of the other", text_state_name(text_at(&r, 2, 2).state), "pending");
	for (int i = 0; i < 6 * 60; i++) {
		int n = r.jobs_n;

		pass(&r, 60);
		for (; n < r.jobs_n; n++)
			outcome(&r, &r.jobs[n], OUTCOME_ACCEPTED, 202);
	}
	same_int("one of each rule", r.jobs_n, before + 2);
	for (int i = before; i < r.jobs_n; i++)
		holds("each of both visits", strstr(r.jobs[i].body, "9:00 AM, 11:00 AM"));
	rig_close(&r);
}

/* Of whom nobody knows who they are, nobody knows whether they are the same. */
TEST(visits_of_nobody_named_are_not_one_patients)
{
	struct message *m;
	struct rig r;
	int before;

	begin(&r, "");
	for (int i = 0; i < 2; i++) {
		m = about(&r, i ? "M2" : "M1", i ? ELEVEN : NINE, VISIT_BOOKED);
		m->bookings[0].patient = SPAN_NONE;
		give(&r, m);
	}
	until_reminder(&r);
	before = r.jobs_n;
	pass(&r, 15);
	same_int("one reminder", r.jobs_n, before + 1);
	holds("of its own visit", !strstr(last_job(&r)->body, "11:00"));
	rig_close(&r);
}

/* While the text that says both has to be tried again, something is new of the other: said anew, by what holds then. */
TEST(what_is_new_of_the_other_is_said_when_it_is_tried_again)
{
	static const struct {
		const char *rule;
		int64_t in_s;
		enum visit_status status;
		const char *says, *not;
	} rows[] = {
		{ "it moved, within the day", 3 * DAY + 8 * HOUR, VISIT_BOOKED, "9:00 AM", "11:00" },
		{ "it was called off", ELEVEN, VISIT_CANCELED, "9:00 AM", "11:00" },
		{ "the patient came", ELEVEN, VISIT_ARRIVED, "9:00 AM", "11:00" },
		{ "nothing", ELEVEN, VISIT_BOOKED, "9:00 AM, 11:00 AM", "2:00" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sent *again = NULL;
		int64_t reminder;
		struct rig r;

		out_together(&r);
		reminder = last_job(&r)->text;
		outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
		give(&r, about(&r, "M2", rows[i].in_s, rows[i].status));
		pass(&r, 60);
		for (int k = 3; k < r.jobs_n; k++)
			if (r.jobs[k].text == reminder)
				again = &r.jobs[k];
		assert_non_null(again);
		holds(rows[i].rule, strstr(again->body, rows[i].says) && !strstr(again->body, rows[i].not));
		rig_close(&r);
	}
}

/* What was said in a text that was taken is said, whatever is reported of that text. */
TEST(a_late_report_brings_nothing_back)
{
	struct rig r;

	out_together(&r);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	told(&r, (struct sender_event){ .told = EVENT_REPORT, .event = 1, .text = last_job(&r)->text, .delivery = DELIVERY_FAILED,
		.status = "unreachable", .number = 4006 }, NULL);
	same_text("it failed", text_state_name(text_at(&r, 1, 1).state), "failed");
	same_text("the other was said in it", reason_name(text_at(&r, 2, 1).reason), "merged");
	same_int("which it still tells", text_at(&r, 2, 1).carrier, last_job(&r)->text);
	pass(&r, 3 * HOUR);
	same_int("to a phone that is out of reach nothing is said again", r.jobs_n, 3);
	rig_close(&r);
}

/* A person holds the other visit back for a reason of its own while both are out: that text says what it says, and the doubt stays. */
TEST(a_doubt_about_the_other_is_not_settled_by_the_text)
{
	struct message *m;
	struct rig r;

	out_together(&r);
	m = message_of(&r, (struct say){ .id = "-" });
	m->kind = MESSAGE_QUARANTINE;
	m->bookings_n = 0;
	m->reason = "no start time";
	m->held_id = SPAN_LIT("M2");
	m->about = &r.rules->conf->sites[0];
	(void)turn(&r, &m->link, NULL, NULL);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 3 * HOUR);
	same_int("it is not said again", r.jobs_n, 3);
	same_text("nor is it forgotten that it was said", reason_name(text_at(&r, 2, 1).reason), "merged");
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_visit_without_an_hour_or_that_left_is_in_nobody_s_text), RUN(reminders_of_two_rules_are_two_texts),
		RUN(visits_of_nobody_named_are_not_one_patients), RUN(what_is_new_of_the_other_is_said_when_it_is_tried_again),
		RUN(a_late_report_brings_nothing_back), RUN(a_doubt_about_the_other_is_not_settled_by_the_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
