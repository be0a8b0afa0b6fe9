/* test_over.c - the report goes back so far and no further: what is too old, or too much, goes whole, and the books stay right. */
// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>

#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define DAY_S 86400

static int64_t
rows(struct rig *r, const char *what)
{
	char path[128], text[160];
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	int64_t n = -1;

	(void)snprintf(path, sizeof path, "%s/nudge.db", r->folder);
	(void)snprintf(text, sizeof text, "SELECT count(*) FROM %s", what);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK && sqlite3_prepare_v2(db, text, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
	return n;
}

static void
books_are_right(struct rig *r)
{
	(void)sites_whose_books_are_right(r);
}

static void
accept_all(struct rig *r)
{
	while (r->jobs_n > 0)
		outcome(r, &r->jobs[(--r->jobs_n) % 256], OUTCOME_ACCEPTED, 202);
}

/* Time without a feed: a turn each hour is enough for what is done once in a while. */
static void
days(struct rig *r, int n)
{
	for (int i = 0; i < 24 * n; i++) {
		r->now.wall_ms += 3600000;
		r->now.boot_ms += 3600000;
		(void)turn(r, NULL, NULL, NULL);
		accept_all(r);
	}
}

/* Visits in two hours, each told once. */
static void
visits(struct rig *r, const char *letter, int n)
{
	char id[16];

	for (int i = 0; i < n; i++) {
		(void)snprintf(id, sizeof id, "%s%d", letter, i);
		(void)tell(r, (struct say){ .id = id, .patient = id, .phone = "+16085550100", .in_s = 7200 });
		accept_all(r);
	}
}

static void
begin(struct rig *r, const char *settings)
{
	char with[256];

	rig_open(r, 6000, 0, "daily_cap = 0 storm_brake = off");
	(void)snprintf(with, sizeof with, "%s store_key", settings);
	rig_change(r, "store_key", with);
	rig_change(r, "kind = production", "silence = 0 kind = production");
}

TEST(what_is_too_old_goes_and_nothing_else)
{
	struct rig r;

	begin(&r, "report_retention = 40d");
	visits(&r, "OLD", 120);
	days(&r, 20);
	visits(&r, "NEW", 30);
	days(&r, 19);
	(void)tell(&r, (struct say){ .id = "OLD7", .patient = "OLD7", .phone = "+16085550100", .in_s = 60 * DAY_S }); /* booked again */
	days(&r, 1);
	same_int("all are there", rows(&r, "appointment"), 150);
	days(&r, 2);
	same_int("the old ones went, in portions", rows(&r, "appointment"), 31);
	same_int("with their texts", rows(&r, "text WHERE id / 1024 NOT IN (SELECT id FROM appointment)"), 0);
	same_int("and other ids", rows(&r, "alias WHERE appointment NOT IN (SELECT id FROM appointment)"), 0);
	same_int("who is expected again stays, with its reminder", rows(&r, "text WHERE state = 1"), 1);
	books_are_right(&r);
	same_int("the tally went down as well", status(&r)->texts[TEXT_SENT], rows(&r, "text WHERE state = 4"));
	crash(&r);
	books_are_right(&r);
	days(&r, 25);
	same_int("then the others", rows(&r, "appointment"), 1);
	days(&r, 80);
	same_int("and at last it", rows(&r, "appointment"), 0);
	same_int("nothing is left of any text", rows(&r, "text"), 0);
	books_are_right(&r);
	visits(&r, "AGAIN", 1);
	same_int("life goes on", rows(&r, "appointment"), 1);
	rig_close(&r);
}

TEST(what_is_too_much_goes_but_not_what_a_backup_may_need)
{
	struct rig r;
	int told_n;

	begin(&r, "store_max = 300KiB");
	visits(&r, "A", 1500);
	holds("it is larger", store_bytes(r.store) > 300 << 10);
	days(&r, 1);
	same_text("told", r.alarm, "the store is larger than store_max, and nothing in it may go yet");
	told_n = r.alarms;
	days(&r, 29);
	same_int("once", r.alarms, told_n);
	same_int("within journal_retention nothing goes", rows(&r, "appointment"), 1500);
	days(&r, 40);
	holds("then the oldest, until it fits", store_bytes(r.store) <= 300 << 10 && rows(&r, "appointment") > 0);
	same_int("told that it ended, once", r.alarms, told_n + 1);
	same_text("what", r.alarm, "the store is within store_max again");
	books_are_right(&r);
	rig_close(&r);
}

TEST(a_canceled_visit_stays_until_its_day_is_over)
{
	struct rig r;
	int64_t away = 70 * DAY_S;

	begin(&r, "report_retention = 40d");
	(void)tell(&r, (struct say){ .id = "A1", .phone = "+16085550100", .in_s = away, .sent_ago_s = 30 });
	accept_all(&r);
	r.now.wall_ms -= 1000LL * 365 * DAY_S; /* a clock that lost its battery, for one message */
	(void)tell(&r, (struct say){ .id = "A1", .phone = "+16085550100", .in_s = away + 365LL * DAY_S, .status = VISIT_CANCELED, .sent_ago_s = -365LL * DAY_S + 20 });
	accept_all(&r);
	r.now.wall_ms += 1000LL * 365 * DAY_S;
	days(&r, 50);
	same_int("it is there", rows(&r, "appointment WHERE status = 2"), 1);
	(void)tell(&r, (struct say){ .id = "A1", .phone = "+16085550100", .in_s = away - 50 * DAY_S, .sent_ago_s = 50 * DAY_S + 25 });
	same_int("an older message that comes late revives nothing", rows(&r, "appointment WHERE status = 2"), 1);
	same_int("and books nothing", rows(&r, "appointment"), 1);
	days(&r, 65);
	same_int("then it goes", rows(&r, "appointment"), 0);
	books_are_right(&r);
	rig_close(&r);
}

/* Phones from that number on write what nobody reads: each is told so, once a day. */
static void
phones_write(struct rig *r, int first, int n)
{
	static int64_t number;

	for (int i = 0; i < n; i++) {
		struct sender_event ev = { .told = EVENT_INBOUND, .event = ++number, .to = "+18335550100", .gateway = "acs" };

		(void)snprintf(ev.from, sizeof ev.from, "+1608555%04d", first + i);
		(void)snprintf(ev.message_id, sizeof ev.message_id, "Incoming_%lld", (long long)number);
		told(r, ev, "is there parking");
		accept_all(r);
	}
}

TEST(answers_given_under_a_clock_that_ran_ahead_keep_no_others)
{
	struct rig r;

	begin(&r, "report_retention = 40d");
	visits(&r, "A", 1);
	phones_write(&r, 100, 60); /* more than one portion */
	same_int("each was answered", rows(&r, "response"), 60);
	r.now.wall_ms -= 1000LL * 365 * DAY_S;
	phones_write(&r, 200, 20);
	same_int("those of a year ago", rows(&r, "response WHERE at < 1780000000"), 20);
	r.now.wall_ms += 1000LL * 365 * DAY_S;
	days(&r, 2);
	same_int("what is too old went from behind them", rows(&r, "response WHERE at < 1780000000"), 0);
	same_int("they stay", rows(&r, "response"), 60);
	days(&r, 42);
	same_int("until they are old", rows(&r, "response"), 0);
	same_int("with their texts", rows(&r, "text"), 0);
	books_are_right(&r);
	rig_close(&r);
}

/* Where the report goes back no further than a backup may need, nothing goes sooner for want of room. */
TEST(what_is_too_much_stays_as_long_as_the_report_where_that_is_the_journals_time)
{
	struct rig r;

	begin(&r, "report_retention = 40d journal_retention = 40d store_max = 100KiB");
	visits(&r, "A", 400);
	holds("it is larger", store_bytes(r.store) > 100 << 10);
	days(&r, 39);
	same_int("within both nothing goes", rows(&r, "appointment"), 400);
	days(&r, 4);
	same_int("then all", rows(&r, "appointment"), 0);
	books_are_right(&r);
	rig_close(&r);
}

/* A day with few visits before days with many: the few alone do not make it small enough. */
TEST(what_is_too_much_goes_day_by_day)
{
	struct rig r;

	begin(&r, "store_max = 300KiB");
	visits(&r, "A", 20);
	days(&r, 2);
	visits(&r, "B", 1500);
	holds("it is larger", store_bytes(r.store) > 300 << 10);
	days(&r, 33);
	same_int("the day before is still needed", rows(&r, "appointment"), 1520);
	days(&r, 2);
	same_int("the few went", rows(&r, "appointment"), 1500);
	days(&r, 3);
	holds("and then as many as must", rows(&r, "appointment") > 0 && store_bytes(r.store) <= 300 << 10);
	books_are_right(&r);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_is_too_old_goes_and_nothing_else), RUN(a_canceled_visit_stays_until_its_day_is_over),
		RUN(what_is_too_much_goes_but_not_what_a_backup_may_need),
		RUN(answers_given_under_a_clock_that_ran_ahead_keep_no_others),
		RUN(what_is_too_much_stays_as_long_as_the_report_where_that_is_the_journals_time), RUN(what_is_too_much_goes_day_by_day) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
