/* test_plan_edges.c - the planner where one sign would make the difference. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>

#include "clinic.h"

static struct clinic clinic;

static struct plan_input
booked(const char *now, const char *start)
{
	struct plan_input in = { .rules = &clinic.site_rules, .now_s = clinic_time(&clinic, now), .status = VISIT_BOOKED, .has_start = true,
		.start_s = clinic_time(&clinic, start), .may_send = true };

	zone_civil(clinic.site_rules.zone, in.start_s, &in.wall);
	return in;
}

/* A reminder at a time of day keeps nothing of the visit's own. */
TEST(days_before_at_a_time_of_day)
{
	struct conf_reminder r = { .title = word("at"), .form = BEFORE_DAYS_AT, .days = 2, .at_min = 10 * 60 + 30, .before_s = 2 * 86400 };
	struct plan_input in = booked("2026-11-10 12:00", "2026-11-20 14:45:20");

	same_int("half past ten, to the second", plan_reminder_due(&r, clinic.site_rules.zone, in.start_s, &in.wall), clinic_time(&clinic, "2026-11-18 10:30:00"));
	r.at_min = 0;
	same_int("midnight", plan_reminder_due(&r, clinic.site_rules.zone, in.start_s, &in.wall), clinic_time(&clinic, "2026-11-18 00:00:00"));
}

TEST(a_visit_that_begins_now_is_over)
{
	static const struct { const char *rule, *now; enum text_reason why; } rows[] = {
		{ "the second of its start", "2026-11-20 10:00:00", REASON_VISIT_OVER }, { "after it", "2026-11-20 10:00:01", REASON_VISIT_OVER },
		{ "a second before", "2026-11-20 09:59:59", REASON_NONE } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct plan_input in = booked(rows[i].now, "2026-11-20 10:00:00");
		struct plan_known known = { .id = 7, .kind = TEXT_REMINDER, .state = TEXT_PENDING, .this_patient = true, .start_s = in.start_s,
			.due_s = in.start_s - 900 };
		struct plan out;

		(void)snprintf(known.rule, sizeof known.rule, "soon");
		in.known = &known;
		in.known_n = 1;
		plan_make(&in, &out);
		same_int(rows[i].rule, out.end_n, rows[i].why != REASON_NONE);
		if (out.end_n)
			same_text(rows[i].rule, reason_name(out.end[0].reason), reason_name(rows[i].why));
		same_int("a confirmation is owed before the start only", out.add_n > 0 && out.add[0].kind == TEXT_BOOKED, rows[i].why == REASON_NONE);
	}
}

/* Who has as many reminders as there can be beside a confirmation gets no more, and nothing is overwritten. */
TEST(more_reminders_than_there_is_room_for)
{
	static struct conf_reminder many[PLAN_ROWS_MAX + 5];
	static char titles[COUNT(many)][8];
	struct clinic c = clinic;
	struct plan_input in;
	static struct plan out;

	for (size_t i = 0; i < COUNT(many); i++) {
		(void)snprintf(titles[i], sizeof titles[i], "r%zu", i);
		many[i] = (struct conf_reminder){ .title = titles[i], .form = BEFORE_ELAPSED, .before_s = (int64_t)(i + 1) * 7200 };
	}
	c.site.reminders = many;
	c.site.reminders_n = COUNT(many);
	c.site_rules.site = &c.site;
	in = booked("2026-11-01 12:00", "2026-11-20 10:00");
	in.rules = &c.site_rules;
	plan_make(&in, &out);
	same_int("a confirmation and as many as fit", out.add_n, PLAN_ROWS_MAX);
	same_int("the confirmation first", out.add[0].kind, TEXT_BOOKED);
	same_text("the last of them", out.add[PLAN_ROWS_MAX - 1].rule, "r62");
}

/* A message may leave out when; what waits for the visit of before ends, and nobody is told a time that nobody said. */
TEST(a_visit_without_a_start_owes_nothing)
{
	struct plan_input in = booked("2026-11-10 12:00", "2026-11-20 10:00");
	struct plan_known known = { .id = 7, .kind = TEXT_REMINDER, .rule = "day", .state = TEXT_PENDING, .this_patient = true, .start_s = in.start_s,
		.due_s = in.start_s - 86400, .expires_s = in.start_s - 300 };
	struct plan out;

	in.known = &known;
	in.known_n = 1;
	in.has_start = false;
	plan_make(&in, &out);
	same_int("nothing new", out.add_n, 0);
	same_int("the old one ends", out.end_n, 1);
	same_text("as over", reason_name(out.end[0].reason), "visit-over");
}

TEST(another_expiry_replaces_what_waits)
{
	struct plan_input in = booked("2026-11-10 12:00", "2026-11-20 10:00");
	struct plan_known known = { .id = 7, .kind = TEXT_REMINDER, .rule = "day", .state = TEXT_PENDING, .this_patient = true, .start_s = in.start_s,
		.due_s = in.start_s - 86400, .expires_s = in.start_s - 300 };
	struct plan out;

	in.known = &known;
	in.known_n = 1;
	plan_make(&in, &out);
	same_int("the same stays", out.end_n, 0);
	known.expires_s -= 60;
	plan_make(&in, &out);
	same_int("that of another expiry ends", out.end_n, 1);
	same_text("replaced", reason_name(out.end[0].reason), "replaced");
}

/* After a crash, say: a patient is told once, and told that a visit was moved as what it is. */
TEST(what_waits_twice_is_told_once)
{
	struct plan_input in = booked("2026-11-10 12:00", "2026-11-20 10:00");
	struct plan_known known[2] = { { .id = 7, .kind = TEXT_BOOKED, .state = TEXT_PENDING, .this_patient = true, .start_s = in.start_s },
		{ .id = 8, .kind = TEXT_BOOKED, .state = TEXT_HELD, .this_patient = true, .start_s = in.start_s } };
	struct plan out;

	in.known = known;
	in.known_n = 2;
	plan_make(&in, &out);
	same_int("one ends", out.end_n, 1);
	same_int("the second", out.end[0].id, 8);
	same_text("for the first", reason_name(out.end[0].reason), "replaced");
	holds("no third", out.add_n == 0 || out.add[0].kind == TEXT_REMINDER);
	in.status = VISIT_CANCELED;
	in.continued = true;
	plan_make(&in, &out);
	same_int("booked again under another id: nothing is owed here", out.add_n, 0);
	same_int("both end", out.end_n, 2);
	same_text("as the visit did", reason_name(out.end[0].reason), "canceled");
	known[0].kind = TEXT_CANCELED;
	plan_make(&in, &out);
	same_text("and a cancellation, as the other id tells it", reason_name(out.end[0].reason), "rebooked");
}

/* A text of our own making that is longer than what is read of it: two links that differ at their end alone are the same news. */
TEST(a_fingerprint_of_any_link)
{
	static char link[3000];
	struct civil wall = { 2026, 11, 20, 10, 0, 0 };
	uint8_t one[16], other[16];

	memset(link, 'a', sizeof link);
	plan_fingerprint(NULL, &wall, MODALITY_VIDEO, span_from(link, sizeof link), one);
	plan_fingerprint(NULL, &wall, MODALITY_VIDEO, span_from(link, sizeof link - 1), other);
	assert_memory_equal(one, other, sizeof one);
	link[0] = 'b';
	plan_fingerprint(NULL, &wall, MODALITY_VIDEO, span_from(link, sizeof link), other);
	assert_memory_not_equal(one, other, sizeof one);
	plan_fingerprint(NULL, &wall, MODALITY_OFFICE, span_from(link, sizeof link), one);
	plan_fingerprint(NULL, &wall, MODALITY_OFFICE, SPAN_NONE, other);
	assert_memory_equal(one, other, sizeof one);
}

/* Moved to before the window closes: a while before, unless that is past already or the window is shorter than the while. */
TEST(before_the_window_closes)
{
	static const struct {
		const char *rule, *now, *start;
		struct conf_window window;
		const char *due;
	} rows[] = {
		{ "a while before", "2026-11-19 12:00", "2026-11-20 08:30", { 540, 1200, false, 0 }, "2026-11-19 19:54:59" },
		{ "that is past: the last moment", "2026-11-19 19:57", "2026-11-20 08:30", { 540, 1200, false, 0 }, "2026-11-19 19:59:59" },
		{ "a window shorter than that: its last moment", "2026-11-19 08:00", "2026-11-20 08:30", { 540, 544, false, 0 }, "2026-11-19 09:03:59" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct clinic c = clinic;
		struct conf_reminder early = { .title = word("early"), .form = BEFORE_ELAPSED, .before_s = 7200 };
		struct plan_input in = booked(rows[i].now, rows[i].start);
		struct plan out;

		c.site.window = rows[i].window;
		c.site.reminders = &early;
		c.site.reminders_n = 1;
		c.site_rules.site = &c.site;
		in.rules = &c.site_rules;
		in.reminders_only = true;
		plan_make(&in, &out);
		same_int(rows[i].rule, out.add_n, 1);
		same_text(rows[i].rule, reason_name(out.add[0].reason), "earlier");
		same_int(rows[i].rule, out.add[0].due_s, clinic_time(&clinic, rows[i].due));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(days_before_at_a_time_of_day), RUN(a_visit_that_begins_now_is_over),
		RUN(more_reminders_than_there_is_room_for), RUN(a_visit_without_a_start_owes_nothing), RUN(another_expiry_replaces_what_waits),
		RUN(what_waits_twice_is_told_once), RUN(a_fingerprint_of_any_link), RUN(before_the_window_closes) };
	int failed;

	clinic_open(&clinic);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	clinic_close(&clinic);
	return failed;
}
