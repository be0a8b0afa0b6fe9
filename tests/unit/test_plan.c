/* test_plan.c - what was known, what is now: the rows that a plan adds and ends. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>

#include "clinic.h"

static struct clinic clinic;
static struct plan plan;

/* A little world of one appointment: planning again and again, as messages come. */
struct world {
	struct plan_input in;
	struct plan_known known[64];
};

static void
begin(struct world *w, const char *start, const char *now)
{
	memset(w, 0, sizeof *w);
	w->in = (struct plan_input){ .rules = &clinic.site_rules, .may_send = true, .status = VISIT_BOOKED,
		.has_start = true, .known = w->known };
	w->in.start_s = clinic_time(&clinic, start);
	zone_civil(clinic.site_rules.zone, w->in.start_s, &w->in.wall);
	w->in.now_s = clinic_time(&clinic, now);
}

static void
move(struct world *w, const char *start)
{
	w->in.start_s = clinic_time(&clinic, start);
	zone_civil(clinic.site_rules.zone, w->in.start_s, &w->in.wall);
}

/* Plans and makes the plan known, as the engine does. */
static void
step(struct world *w)
{
	plan_fingerprint(&clinic.site, &w->in.wall, MODALITY_UNKNOWN, SPAN_NONE, w->in.fingerprint);
	plan_make(&w->in, &plan);
	for (size_t i = 0; i < plan.end_n; i++)
		for (size_t k = 0; k < w->in.known_n; k++)
			if (w->known[k].id == plan.end[i].id) {
				w->known[k].state = TEXT_VOID;
				w->known[k].reason = plan.end[i].reason;
			}
	for (size_t i = 0; i < plan.add_n; i++) {
		struct plan_known *k = &w->known[w->in.known_n++];
		const struct plan_row *r = &plan.add[i];

		*k = (struct plan_known){ .id = (int64_t)w->in.known_n, .kind = r->kind, .state = r->state,
			.reason = r->reason, .this_patient = true, .start_s = r->start_s, .due_s = r->due_s,
			.expires_s = r->expires_s };
		memcpy(k->rule, r->rule, sizeof k->rule);
		memcpy(k->fingerprint, r->fingerprint, sizeof k->fingerprint);
	}
}

static void
set_state(struct world *w, enum text_kind kind, enum text_state state) /* of the open one of this kind */
{
	for (size_t i = 0; i < w->in.known_n; i++)
		if (w->known[i].kind == kind && w->known[i].state == TEXT_PENDING) {
			w->known[i].state = state;
			return;
		}
	fail_msg("no pending %s", text_kind_name(kind));
}

/* "booked reminder:day reminder:soon": what is open, in order. */
static const char *
open_texts(const struct world *w)
{
	static char out[512];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < w->in.known_n; i++)
		if (w->known[i].state == TEXT_PENDING)
			n += (size_t)snprintf(out + n, sizeof out - n, "%s%s%s%s", n ? " " : "", text_kind_name(w->known[i].kind),
			    w->known[i].rule[0] ? ":" : "", w->known[i].rule);
	return out;
}

static enum text_reason
last_reason(const struct world *w, enum text_kind kind)
{
	for (size_t i = w->in.known_n; i-- > 0;)
		if (w->known[i].kind == kind)
			return w->known[i].reason;
	return REASON_NONE;
}

TEST(a_booking_plans_a_confirmation_and_its_reminders)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	step(&w);
	same_text("booked", open_texts(&w), "booked reminder:day reminder:soon");
	same_int("the confirmation is due at once", w.known[0].due_s, w.in.now_s);
	same_int("the day's reminder a day before", w.known[1].due_s, w.in.start_s - 86400);
	same_int("no reminder later than expiry", w.known[1].expires_s, w.in.start_s - 300);
}

TEST(planning_again_changes_nothing)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	step(&w);
	step(&w);
	same_int("no row is added", plan.add_n, 0);
	same_int("no row is ended", plan.end_n, 0);
	set_state(&w, TEXT_BOOKED, TEXT_SENT);
	step(&w);
	same_int("nor after it was told", plan.add_n + plan.end_n, 0);
}

TEST(the_four_ways_of_a_change)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	step(&w);
	set_state(&w, TEXT_BOOKED, TEXT_SENT);
	move(&w, "2026-11-26 11:00");
	step(&w);
	same_text("told, then moved: changed, and new reminders", open_texts(&w), "changed reminder:day reminder:soon");
	w.in.status = VISIT_CANCELED;
	step(&w);
	same_text("cancelled before the change was told: one text that is true", open_texts(&w), "canceled");
	set_state(&w, TEXT_CANCELED, TEXT_SENT);
	w.in.status = VISIT_BOOKED;
	step(&w);
	same_text("un-cancelled after the cancellation was told", open_texts(&w), "booked reminder:day reminder:soon");
}

/* pain: a cancellation of what nobody was told of */
TEST(what_was_never_told_is_not_taken_back)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	step(&w);
	w.in.status = VISIT_CANCELED;
	step(&w);
	same_text("cancelled within the settle delay: nothing is sent", open_texts(&w), "");
	same_int("and says why", last_reason(&w, TEXT_BOOKED), REASON_CANCELED);
}

/* pain: moved and moved back, and two texts say so */
TEST(a_change_undone_before_it_was_told_is_silent)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	step(&w);
	set_state(&w, TEXT_BOOKED, TEXT_DELIVERED);
	move(&w, "2026-11-26 11:00");
	step(&w);
	move(&w, "2026-11-25 10:00");
	step(&w);
	same_text("back to what was told", open_texts(&w), "reminder:day reminder:soon");
	w.in.status = VISIT_CANCELED;
	step(&w);
	w.in.status = VISIT_BOOKED;
	step(&w);
	same_text("a cancellation undone in time", open_texts(&w), "reminder:day reminder:soon");
}

TEST(a_failed_text_was_not_told)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	step(&w);
	set_state(&w, TEXT_BOOKED, TEXT_FAILED);
	step(&w);
	same_text("the same words do not come back by themselves", open_texts(&w), "reminder:day reminder:soon");
	w.in.phone_changed = true;
	step(&w);
	same_text("with another number they do", open_texts(&w), "reminder:day reminder:soon booked");
	set_state(&w, TEXT_BOOKED, TEXT_FAILED);
	w.in.phone_changed = false;
	move(&w, "2026-11-26 11:00");
	step(&w);
	same_text("a new time for somebody never told is a booking", open_texts(&w), "booked reminder:day reminder:soon");
}

/* pain: a reminder to somebody who has been seen already */
TEST(ends_without_a_word)
{
	static const struct {
		enum visit_status status;
		enum text_reason reason;
	} rows[] = { { VISIT_DELETED, REASON_DELETED }, { VISIT_NO_SHOW, REASON_NO_SHOW }, { VISIT_ARRIVED, REASON_ARRIVED } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;

		begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
		step(&w);
		set_state(&w, TEXT_BOOKED, TEXT_SENT);
		w.in.status = rows[i].status;
		step(&w);
		same_text("nothing more is sent", open_texts(&w), "");
		same_int("the reminders say why", last_reason(&w, TEXT_REMINDER), rows[i].reason);
	}
}

TEST(a_silent_site_loads_its_schedule)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	w.in.may_send = false;
	step(&w);
	same_text("reminders stay", open_texts(&w), "reminder:day reminder:soon");
	same_int("the confirmation ends at once", last_reason(&w, TEXT_BOOKED), REASON_SITE_SILENT);
	w.in.may_send = true;
	step(&w);
	same_text("and is not brought back by a message that changes nothing", open_texts(&w), "reminder:day reminder:soon");
}

/* pain: booked a few hours before, and reminded of it at once or not at all */
TEST(late_bookings)
{
	struct world w;

	begin(&w, "2026-11-20 20:00", "2026-11-20 12:00");
	step(&w);
	same_text("late = skip", open_texts(&w), "booked reminder:soon");
	clinic.site.late = LATE_SEND;
	begin(&w, "2026-11-20 20:00", "2026-11-20 12:00");
	step(&w);
	same_text("late = send", open_texts(&w), "booked reminder:day reminder:soon");
	clinic.site.late = LATE_SKIP;
	begin(&w, "2026-11-20 12:00", "2026-11-20 12:00");
	step(&w);
	same_text("a visit that has begun", open_texts(&w), "");
}

TEST(a_reschedule_after_the_reminder_went_reminds_again)
{
	struct world w;

	begin(&w, "2026-11-21 10:00", "2026-11-20 09:00");
	step(&w);
	set_state(&w, TEXT_BOOKED, TEXT_SENT);
	set_state(&w, TEXT_REMINDER, TEXT_SENT);
	w.in.now_s = clinic_time(&clinic, "2026-11-20 11:00");
	move(&w, "2026-11-28 10:00");
	step(&w);
	same_text("for the new time", open_texts(&w), "changed reminder:day reminder:soon");
}

TEST(another_patient_is_told_for_the_first_time)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	step(&w);
	set_state(&w, TEXT_BOOKED, TEXT_SENT);
	for (size_t i = 0; i < w.in.known_n; i++)
		w.known[i].this_patient = false;
	step(&w);
	same_text("booked, not changed", open_texts(&w), "booked reminder:day reminder:soon");
	same_int("the other's reminders end", w.known[1].reason, REASON_NEW_PATIENT);
}

/* pain: three hours before an early visit is the middle of the night */
TEST(reminders_and_the_window)
{
	struct world w;

	clinic.site.window = (struct conf_window){ 9 * 60, 20 * 60, false, 0 };
	clinic.site.short_window = (struct conf_window){ 7 * 60, 21 * 60, false, 0 };
	begin(&w, "2026-11-25 08:00", "2026-11-20 12:00");
	step(&w);
	same_int("08:00 the day before moves to the opening", w.known[1].due_s, clinic_time(&clinic, "2026-11-24 09:00"));
	same_int("the short one has longer hours", w.known[2].due_s, clinic_time(&clinic, "2026-11-25 07:45"));
	clinic.reminders[0].before_s = 3 * 3600;
	begin(&w, "2026-11-25 09:30", "2026-11-20 12:00");
	step(&w);
	same_int("06:30 moves to 09:00, which expires at 09:25", w.known[1].due_s, clinic_time(&clinic, "2026-11-25 09:00"));
	begin(&w, "2026-11-25 08:30", "2026-11-20 12:00");
	step(&w);
	same_int("too late there: the end of the opening before", w.known[1].due_s,
	    clinic_time(&clinic, "2026-11-24 19:55") - 1);
	clinic.reminders[1].before_s = 600;
	begin(&w, "2026-11-25 06:00", "2026-11-20 12:00");
	step(&w);
	same_int("a short one without a time says so", w.known[2].reason, REASON_NO_WINDOW);
	clinic.reminders[0].before_s = 86400;
	clinic.reminders[1].before_s = 900;
	clinic.site.window = clinic.site.short_window = (struct conf_window){ 0, 1440, true, 0 };
}

/* Relative reminders that ring at night, at home or at the clinic, and on days off: where a day's reminder goes instead. */
TEST(reminders_on_every_clock_and_no_holiday)
{
	static const struct {
		const char *rule, *patient, *days, *start, *due;
		int reason;
		bool clinic_hours;
	} rows[] = {
		{ "no clock but the clinic's", NULL, "", "2026-11-25 10:00", "2026-11-24 10:00", REASON_NONE, false },
		{ "it is night at home", "America/Los_Angeles", "", "2026-11-25 10:00", "2026-11-24 11:00", REASON_WAITING_WINDOW, false },
		{ "evening at home", "America/New_York", "", "2026-11-25 19:30", "2026-11-25 09:00", REASON_WAITING_WINDOW, false },
		{ "it would be too late at home: the end of the day before, at home", "Pacific/Honolulu", "", "2026-11-25 09:15", "2026-11-24 13:00",
			REASON_WAITING_WINDOW, false },
		{ "no hour at home is one of the clinic's", "Asia/Kolkata", "", "2026-11-25 10:00", "2026-11-24 10:00", REASON_NONE, true },
		{ "and at night neither", "Asia/Kolkata", "", "2026-11-25 21:00", "2026-11-25 09:00", REASON_WAITING_WINDOW, true },
		{ "the day before is a holiday: the day before that", NULL, "2026-11-24", "2026-11-25 09:00", "2026-11-23 19:44:59", REASON_EARLIER, false },
		{ "the visit is later than the next opening", NULL, "2026-11-24", "2026-11-25 14:00", "2026-11-25 09:00", REASON_WAITING_WINDOW, false },
		{ "a week of holidays", NULL, "2026-11-21..2026-11-25", "2026-11-25 14:00", "2026-11-20 19:44:59", REASON_EARLIER, false },
		{ "a holiday, and the last common hour before", "Pacific/Honolulu", "2026-11-24", "2026-11-25 10:00", "2026-11-23 19:44:59", REASON_EARLIER,
			false },
		{ "holidays since before it was booked", NULL, "2026-11-01..2026-11-25", "2026-11-25 14:00", "", REASON_NO_WINDOW, false },
	};

	clinic.site.window = (struct conf_window){ 9 * 60, 20 * 60, false, 10 };
	clinic.site.short_window = (struct conf_window){ 7 * 60, 21 * 60, false, 10 };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zone *patient = NULL;
		struct fault f = { 0 };
		struct world w;
		const struct plan_row *day;

		if (rows[i].patient)
			assert_true(zone_load(rows[i].patient, &patient, &f));
		assert_true(holidays_read("days", span_of(rows[i].days), &clinic.site_rules.holidays, &f));
		begin(&w, rows[i].start, "2026-11-20 12:00");
		w.in.patient = (struct patient_zones){ { patient }, patient ? 1 : 0 };
		step(&w);
		day = &plan.add[1];
		same_text(rows[i].rule, day->rule, "day");
		same_text(rows[i].rule, reason_name(day->reason), reason_name((enum text_reason)rows[i].reason));
		same_int(rows[i].rule, day->state, rows[i].due[0] ? TEXT_PENDING : TEXT_SUPPRESSED);
		if (rows[i].due[0])
			same_int(rows[i].rule, day->due_s, clinic_time(&clinic, rows[i].due));
		same_int(rows[i].rule, day->clinic_hours, rows[i].clinic_hours);
		step(&w);
		same_int(rows[i].rule, plan.add_n + plan.end_n, 0);
		holidays_free(clinic.site_rules.holidays);
		zone_free(patient);
	}
	clinic.site_rules.holidays = NULL;
	clinic.site.window = clinic.site.short_window = (struct conf_window){ 0, 1440, true, 0 };
}

static struct conf_reminder
reminder_of(const char *title, int64_t before_s)
{
	return (struct conf_reminder){ .title = word(title), .form = BEFORE_ELAPSED, .before_s = before_s };
}

/* pain: three reminders within minutes of each other */
TEST(one_text_where_several_reminders_meet)
{
	struct conf_reminder was[2] = { clinic.reminders[0], clinic.reminders[1] };
	struct world w;

	/* Three that the window brings to 09:00, one that is there by itself. */
	clinic.site.window = (struct conf_window){ 9 * 60, 20 * 60, false, 0 };
	clinic.site.reminders_n = 3;
	clinic.reminders[0] = reminder_of("27h", 27 * 3600);
	clinic.reminders[1] = reminder_of("26h", 26 * 3600);
	clinic.reminders[2] = reminder_of("25h", 25 * 3600);
	begin(&w, "2026-11-25 09:30", "2026-11-20 12:00");
	step(&w);
	same_text("the nearest to the visit goes", open_texts(&w), "booked reminder:25h");
	same_int("and the others say why", last_reason(&w, TEXT_REMINDER), REASON_WAITING_WINDOW);
	same_int("each of them", w.known[1].reason, REASON_TOGETHER);
	step(&w);
	same_int("planning again changes nothing", plan.add_n + plan.end_n, 0);
	move(&w, "2026-11-25 10:15");
	step(&w);
	same_text("one at its own time goes before those that were moved near it", open_texts(&w), "booked reminder:25h");
	begin(&w, "2026-11-25 15:00", "2026-11-20 12:00");
	step(&w);
	same_text("at their own times all go", open_texts(&w), "booked reminder:27h reminder:26h reminder:25h");

	/* The rules change: what comes anew does not join one that waits. */
	clinic.site.reminders_n = 1;
	begin(&w, "2026-11-25 09:30", "2026-11-20 12:00");
	step(&w);
	clinic.site.reminders_n = 2;
	w.in.reminders_only = true;
	step(&w);
	same_text("the one that waits stays", open_texts(&w), "booked reminder:27h");
	clinic.site.window = (struct conf_window){ 0, 1440, true, 0 };

	/* Two rules that mean one moment. */
	clinic.reminders[1] = reminder_of("also27h", 27 * 3600);
	begin(&w, "2026-11-25 15:00", "2026-11-20 12:00");
	step(&w);
	same_text("twice the same", open_texts(&w), "booked reminder:27h");

	/* Booked late: all that is past would go now. */
	clinic.site.late = LATE_SEND;
	clinic.reminders[0] = reminder_of("2d", 172800);
	clinic.reminders[1] = reminder_of("1d", 86400);
	begin(&w, "2026-11-20 20:00", "2026-11-20 12:00");
	step(&w);
	same_text("one of them goes", open_texts(&w), "booked reminder:1d");
	clinic.reminders[1] = reminder_of("8h", 8 * 3600 - 1200);
	begin(&w, "2026-11-20 20:00", "2026-11-20 12:00");
	step(&w);
	same_text("none that another follows at once", open_texts(&w), "booked reminder:8h");
	clinic.site.late = LATE_SKIP;
	clinic.reminders[0] = was[0];
	clinic.reminders[1] = was[1];
	clinic.site.reminders_n = 2;
}

/* pain: a day before is 23 or 25 hours, and the reminder an hour off */
TEST(days_are_of_the_wall_clock)
{
	struct world w;

	clinic.reminders[0] = (struct conf_reminder){ .title = word("day"), .form = BEFORE_DAYS, .days = 1, .before_s = 86400 };
	begin(&w, "2027-03-14 09:00", "2027-03-10 12:00");
	step(&w);
	same_int("1d over the spring change: same wall clock, 23 hours", w.in.start_s - w.known[1].due_s, 23 * 3600);
	clinic.reminders[0] = (struct conf_reminder){ .title = word("day"), .form = BEFORE_DAYS_AT, .days = 2, .before_s = 172800,
		.at_min = 600 };
	begin(&w, "2027-03-15 15:00", "2027-03-10 12:00");
	step(&w);
	same_int("2d at 10:00", w.known[1].due_s, clinic_time(&clinic, "2027-03-13 10:00"));
	clinic.reminders[0] = (struct conf_reminder){ .title = word("day"), .form = BEFORE_ELAPSED, .before_s = 86400 };
}

/* pain: a new lead time is not applied to what is booked already */
TEST(rules_that_change_move_what_waits)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	step(&w);
	w.in.reminders_only = true;
	clinic.reminders[0].before_s = 2 * 86400;
	step(&w);
	same_int("the reminder has another time", plan.add_n, 1);
	same_int("two days before", plan.add[0].due_s, w.in.start_s - 2 * 86400);
	clinic.site.reminders_n = 1;
	step(&w);
	same_text("a rule that is gone", open_texts(&w), "booked reminder:day");
	clinic.reminders[0].before_s = 86400;
	clinic.site.reminders_n = 2;
}

TEST(a_message_that_fits_no_site_ends_all)
{
	struct world w;

	begin(&w, "2026-11-25 10:00", "2026-11-20 12:00");
	step(&w);
	w.in.rules = NULL;
	step(&w);
	same_text("nothing is left", open_texts(&w), "");
	same_int("because it left the site", last_reason(&w, TEXT_REMINDER), REASON_LEFT_SITE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_booking_plans_a_confirmation_and_its_reminders),
		RUN(planning_again_changes_nothing), RUN(the_four_ways_of_a_change), RUN(what_was_never_told_is_not_taken_back),
		RUN(a_change_undone_before_it_was_told_is_silent), RUN(a_failed_text_was_not_told), RUN(ends_without_a_word),
		RUN(a_silent_site_loads_its_schedule), RUN(late_bookings), RUN(a_reschedule_after_the_reminder_went_reminds_again),
		RUN(another_patient_is_told_for_the_first_time), RUN(reminders_and_the_window), RUN(reminders_on_every_clock_and_no_holiday), RUN(one_text_where_several_reminders_meet), RUN(days_are_of_the_wall_clock),
		RUN(rules_that_change_move_what_waits), RUN(a_message_that_fits_no_site_ends_all) };
	int failed;

	clinic_open(&clinic);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	clinic_close(&clinic);
	return failed;
}
