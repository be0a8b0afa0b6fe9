/* test_replanned.c - rules that change under visits that are known: times, zones, texts that wait; and how far a plan looks. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <sqlite3.h>

#include "rig.h"
#include "rig_rows.h"
#include "store/sqlite/sql.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)
#define HOUR ((int64_t)3600)
#define TEXT(appointment, n) ((appointment) * STORE_TEXTS_OF_ONE + (n))

static struct appointment
row(struct rig *r, int64_t id)
{
	struct appointment a = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_appointment_get(r->store, id, now_s(&r->now), &a, &f), STORE_FOUND);
	return a;
}

static void
by_hand(struct rig *r, const char *statement)
{
	char path[128];
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof path, "%s/nudge.db", r->folder);
	refuse_here(false);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static void
give(struct rig *r, struct message *m)
{
	(void)turn(r, &m->link, NULL, NULL);
	same_int("accepted", r->answer.verdict, VERDICT_ACCEPT);
}

/* As it is read under a time zone's rules of before: by those of today, its wall clock is an hour later. */
static struct message *
read_before(struct rig *r, const char *id, int64_t in_s)
{
	struct message *m = message_of(r, (struct say){ .id = id, .phone = PHONE, .in_s = in_s });

	zone_civil(r->rules->sites[0].zone, m->bookings[0].start_s + HOUR, &m->bookings[0].wall);
	return m;
}

/* pain: a country abolishes summer time, and every reminder is an hour off */
TEST(the_wall_clock_holds_when_a_zone_has_other_rules)
{
	struct rig r;
	int64_t start_s;

	rig_open(&r, 6000, 0, "");
	start_s = now_s(&r.now) + 3 * DAY;
	give(&r, read_before(&r, "A1", 3 * DAY));
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	sender(&r, false);
	give(&r, read_before(&r, "A2", 3 * DAY)); /* its text waits */
	rig_change(&r, "608-271-9000", "608-271-9001");
	for (int64_t id = 1; id <= 2; id++) {
		same_int("begins by its wall clock", row(&r, id).start_s, start_s + HOUR);
		same_int("and is reminded by it", text_of(&r, TEXT(id, 2)).due_s, start_s + HOUR - DAY);
	}
	same_int("what waits is of that hour", text_of(&r, TEXT(2, 0)).start_s, start_s + HOUR);
	same_int("and may go until then", text_of(&r, TEXT(2, 0)).expires_s, start_s + HOUR);
	sender(&r, true);
	same_int("it goes, once", r.jobs_n, 2);
	same_int("what was told is not told again", text_of(&r, TEXT(1, 0)).state, TEXT_SENT);
	rig_close(&r);
}

TEST(what_a_person_holds_back_moves_along)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 6000, 600, "");
	give(&r, read_before(&r, "A1", 3 * DAY));
	m = message_of(&r, (struct say){ .id = "-" });
	m->kind = MESSAGE_QUARANTINE;
	m->bookings_n = 0;
	m->reason = "no start time";
	m->held_id = SPAN_LIT("A1");
	m->about = &r.rules->conf->sites[0];
	(void)turn(&r, &m->link, NULL, NULL);
	same_text("held", text_state_name(text_of(&r, TEXT(1, 0)).state), "held");
	rig_change(&r, "608-271-9000", "608-271-9001");
	same_int("of the hour that it is at now", text_of(&r, TEXT(1, 0)).start_s, row(&r, 1).start_s);
	same_text("held still", text_state_name(text_of(&r, TEXT(1, 0)).state), "held");
	rig_close(&r);
}

/* The feed already knew of the other rules; the text that waits says the same wall clock as ever. */
TEST(a_text_that_waits_while_the_feed_and_we_learn_of_other_rules)
{
	struct rig r;
	struct message *m;
	struct civil wall;

	rig_open(&r, 6000, 0, "");
	sender(&r, false);
	m = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY });
	wall = m->bookings[0].wall;
	give(&r, m);
	m = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY + HOUR });
	m->bookings[0].wall = wall;
	give(&r, m);
	rig_change(&r, "608-271-9000", "608-271-9001");
	same_int("the row is by its wall clock", row(&r, 1).start_s, now_s(&r.now) + 3 * DAY);
	same_int("the text was all along", text_of(&r, TEXT(1, 0)).start_s, now_s(&r.now) + 3 * DAY);
	same_int("and may go until then", text_of(&r, TEXT(1, 0)).expires_s, now_s(&r.now) + 3 * DAY);
	sender(&r, true);
	same_int("one text", r.jobs_n, 1);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_int("and not another", r.jobs_n, 1);
	rig_close(&r);
}

TEST(what_is_in_no_zone_of_ours_stays_where_it_was_said_to_be)
{
	struct rig r;
	struct message *m;
	int64_t start_s;

	rig_open(&r, 6000, 0, "");
	start_s = now_s(&r.now) + 3 * DAY;
	give(&r, message_of(&r, (struct say){ .id = "NO TIME", .phone = PHONE }));
	give(&r, message_of(&r, (struct say){ .id = "NO ZONE", .phone = PHONE }));
	m = message_of(&r, (struct say){ .id = "NO ZONE", .phone = PHONE, .in_s = 3 * DAY });
	m->bookings[0].site = NULL;
	m->bookings[0].site_not_said = true;
	give(&r, m);
	give(&r, message_of(&r, (struct say){ .id = "MOVED", .phone = PHONE, .in_s = 3 * DAY }));
	rig_change(&r, "time_zone = America/Chicago", "time_zone = America/Denver");
	same_int("without a time there is none", row(&r, 1).has_start, false);
	same_int("without a zone it is the instant", row(&r, 2).start_s, start_s);
	same_int("a site that moves moves no visit", row(&r, 3).start_s, start_s);
	rig_close(&r);
}

/* Ids of visits that are over are many: what lives behind them is looked at all the same. */
TEST(a_visit_behind_many_that_are_over_is_planned_anew)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	give(&r, message_of(&r, (struct say){ .id = "OVER", .phone = PHONE, .in_s = 60 }));
	pass(&r, 70);
	by_hand(&r, "UPDATE appointment SET id = 12000 WHERE id = 1");
	crash(&r);
	sender(&r, true);
	give(&r, message_of(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 3 * DAY }));
	same_int("its reminder", text_of(&r, TEXT(12001, 1)).due_s, now_s(&r.now) + 2 * DAY);
	rig_change(&r, "before = 24h", "before = 48h");
	same_text("is another now", text_state_name(text_of(&r, TEXT(12001, 1)).state), "void");
	same_int("of two days before", text_of(&r, TEXT(12001, 2)).due_s, now_s(&r.now) + DAY);
	rig_close(&r);
}

/* Somebody's hand in the store: a reminder that went is not missed when its time comes. */
TEST(a_reminder_that_is_gone_is_not_missed)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	for (int i = 1; i <= 2; i++) {
		(void)tell(&r, (struct say){ .id = i == 1 ? "A1" : "A2", .patient = i == 1 ? "1" : "2", .phone = i == 1 ? PHONE : "+16085550124", .in_s = DAY + 600 });
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	}
	by_hand(&r, "DELETE FROM text WHERE id = 1025");
	pass(&r, 605);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 100);
	same_int("the other goes", r.jobs_n, 3);
	same_text("to whom it is for", last_job(&r)->to, "+16085550124");
	rig_close(&r);
}

/* ---- how far a plan looks ---- */

/* A site that confirms nothing notes why; as many notes as a visit may have texts, and no more. */
TEST(a_visit_that_is_moved_a_thousand_times_and_never_told)
{
	struct rig r;

	rig_open(&r, 6000, 0, "storm_brake = off confirmation = off");
	rig_change(&r, "reminder \"day\" { before = 24h }", "");
	for (int i = 0; i < 1040; i++)
		(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * DAY + 600 * i });
	same_int("each is taken", r.answer.verdict, VERDICT_ACCEPT);
	same_text("the last is what the others are", reason_name(text_of(&r, TEXT(1, STORE_TEXTS_OF_ONE - 1)).reason), "type-off");
	same_int("none goes", r.jobs_n, 0);
	rig_close(&r);
}

static void
say_kind(struct rig *r, const char *id, int64_t in_s, enum visit_status status)
{
	struct message *m = message_of(r, (struct say){ .id = id, .phone = PHONE, .in_s = in_s, .status = status });

	if (status == VISIT_BOOKED)
		m->bookings[0].visit_type = m->bookings[0].visit_types = SPAN_LIT("ECHO");
	give(r, m);
}

/* pain: a visit that was moved all year is booked under another number, and its whole history is told again */
TEST(a_visit_that_goes_on_from_one_with_a_long_history)
{
	struct rig r;
	int told_n;

	rig_open(&r, 6000, 0, "storm_brake = off daily_cap = 0 weekly_cap = 0");
	rig_change(&r, "reminder \"day\" { before = 24h }", "");
	for (int i = 0; i < PLAN_TEXTS_MAX / 2 + 10; i++) {
		say_kind(&r, "A1", 90 * DAY + 600 * i, VISIT_BOOKED);
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		pass(&r, 5);
	}
	told_n = r.jobs_n;
	holds("each was told", told_n > PLAN_TEXTS_MAX / 2);
	rig_change(&r, "settle = 0s", "settle = 120s");
	say_kind(&r, "A1", 95 * DAY, VISIT_CANCELED);
	say_kind(&r, "B1", 95 * DAY, VISIT_BOOKED);
	for (int i = 1; i < PLAN_TEXTS_MAX / 2 + 10; i++)
		say_kind(&r, "B1", 95 * DAY + 600 * i, VISIT_BOOKED);
	pass(&r, 130);
	same_int("one text of all that", r.jobs_n, told_n + 1);
	same_int("each that was planned has a row", sql_number(r.store->db, "SELECT count(*) FROM text"), store_tally(r.store, 0, 0));
	holds("that it has changed", strstr(last_job(&r)->body, "changed") || strstr(last_job(&r)->body, "moved"));
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(the_wall_clock_holds_when_a_zone_has_other_rules), RUN(what_a_person_holds_back_moves_along),
		RUN(a_text_that_waits_while_the_feed_and_we_learn_of_other_rules), RUN(what_is_in_no_zone_of_ours_stays_where_it_was_said_to_be),
		RUN(a_visit_behind_many_that_are_over_is_planned_anew), RUN(a_reminder_that_is_gone_is_not_missed),
		RUN(a_visit_that_is_moved_a_thousand_times_and_never_told), RUN(a_visit_that_goes_on_from_one_with_a_long_history) };

	(void)setenv("NUDGE_RIG", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0); /* the disk is not what is tried here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
