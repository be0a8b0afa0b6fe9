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

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(days_before_at_a_time_of_day), RUN(a_visit_that_begins_now_is_over) };
	int failed;

	clinic_open(&clinic);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	clinic_close(&clinic);
	return failed;
}
