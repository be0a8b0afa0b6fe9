/* test_rhythm.c - whole years of feeds on a made-up clock: silence that is usual is no alarm, silence that is odd is one. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/rhythm.h"

#define MONDAY_S INT64_C(1767592800) /* 2026-01-05 00:00 in Chicago */
#define DAY_S 86400
#define WEEK_S (7 * DAY_S)
#define UNLEARNED_S (4 * DAY_S)

static struct {
	struct rhythm r;
	struct rhythm_clock clock;
	struct zone *zone;
	uint64_t random;
	int64_t now_s, begins, ends, began_s;
	int64_t quiet_from_s, quiet_to_s; /* nothing comes: the feed is broken */
	int64_t away_from_s, away_to_s;   /* nobody watches */
} w;

static void
begin(const char *holidays)
{
	struct fault f = { .kind = FAULT_NONE };
	struct holidays *h = NULL;

	memset(&w, 0, sizeof w);
	assert_true(zone_load("America/Chicago", &w.zone, &f));
	assert_true(!holidays || holidays_read("holidays", span_of(holidays), &h, &f));
	w.clock = (struct rhythm_clock){ w.zone, h };
	w.random = 88172645463325252u;
	w.now_s = MONDAY_S;
}

static void
end(void)
{
	holidays_free((struct holidays *)(uintptr_t)w.clock.holidays);
	zone_free(w.zone);
}

static uint64_t
chance(uint64_t of)
{
	w.random ^= w.random << 13;
	w.random ^= w.random >> 7;
	w.random ^= w.random << 17;
	return w.random % of;
}

static void
note(enum rhythm_change c)
{
	if (c == RHYTHM_BEGINS && w.begins++ >= 0)
		w.began_s = w.now_s;
	w.ends += c == RHYTHM_ENDS;
}

/* Messages in this minute of the week, by the clinic's clock. */
typedef int feed_fn(int weekday, int hour, int minute);

static int
hospital(int weekday, int hour, int minute) /* 60 an hour in the week's working hours, few at night and on weekends */
{
	int an_hour = weekday == 0 || weekday == 6 ? 8 : hour >= 7 && hour < 18 ? 60 : 2, n = 0;

	(void)minute;
	for (int i = 0; i < 4; i++)
		n += chance(240) < (uint64_t)an_hour;
	return n;
}

static int
office(int weekday, int hour, int minute) /* 20 an hour while it is open */
{
	(void)minute;
	return weekday >= 1 && weekday <= 5 && hour >= 8 && hour < 17 && chance(60) < 20;
}

static int
batches(int weekday, int hour, int minute) /* all that has gathered, once an hour */
{
	return weekday >= 1 && weekday <= 5 && hour >= 8 && hour < 17 && minute == 5 ? 50 : 0;
}

static int
one_an_hour(int weekday, int hour, int minute)
{
	(void)weekday;
	(void)hour;
	return minute == 5;
}

static int
sparse(int weekday, int hour, int minute) /* three a day */
{
	(void)minute;
	return weekday >= 1 && weekday <= 5 && hour >= 8 && hour < 17 && chance(180) == 0;
}

static int
nightly(int weekday, int hour, int minute) /* everything at once, each night */
{
	(void)weekday;
	return hour == 2 && minute < 20 ? 30 : 0;
}

static bool
within(int64_t from_s, int64_t to_s)
{
	return w.now_s >= from_s && w.now_s < to_s;
}

static void
live(feed_fn *feed, int64_t until_s)
{
	for (; w.now_s < until_s; w.now_s += 60) {
		struct civil t;
		int day, n;

		zone_civil(w.zone, w.now_s, &t);
		day = holidays_has(w.clock.holidays, &t) ? 0 : civil_weekday(&t);
		n = feed(day, t.hour, t.minute);
		if (within(w.away_from_s, w.away_to_s))
			continue;
		note(rhythm_tick(&w.r, &w.clock, w.now_s, UNLEARNED_S));
		for (int i = 0; i < n && !within(w.quiet_from_s, w.quiet_to_s); i++)
			note(rhythm_hear(&w.r, &w.clock, w.now_s));
	}
}

/* Quiet from there, for a while. */
static void
breaks(feed_fn *feed, int64_t from_s, int64_t for_s)
{
	w.quiet_from_s = from_s;
	w.quiet_to_s = from_s + for_s;
	w.begins = w.ends = 0;
	live(feed, from_s + for_s);
}

TEST(a_year_of_usual_silence_is_no_alarm)
{
	static const struct {
		const char *rule;
		feed_fn *feed;
	} rows[] = { { "a hospital", hospital }, { "an office", office }, { "batches", batches }, { "a sparse feed", sparse },
		{ "a nightly load", nightly } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(NULL);
		live(rows[i].feed, MONDAY_S + 52 * WEEK_S);
		same_int(rows[i].rule, w.begins, 0);
		holds(rows[i].rule, rhythm_learned(&w.r));
		end();
	}
}

TEST(odd_silence_is_told_once_and_ends_once)
{
	static const struct {
		const char *rule;
		feed_fn *feed;
		int64_t at_s, for_s, least_s, most_s; /* after the tenth Monday; told how long after that */
	} rows[] = {
		{ "a hospital at ten in the morning", hospital, DAY_S + 10 * 3600, 6 * 3600, 600, 2400 },
		{ "a hospital at the weekend takes longer", hospital, 5 * DAY_S + 9 * 3600, DAY_S, 3600, 3 * 3600 },
		{ "an office that breaks at ten", office, 2 * DAY_S + 10 * 3600, DAY_S, 1200, 3600 },
		{ "an office that breaks on Friday evening is missed on Monday", office, 4 * DAY_S + 18 * 3600, 5 * DAY_S, 62 * 3600, 65 * 3600 },
		{ "batches that stay away", batches, DAY_S + 9 * 3600, 4 * DAY_S, 6 * 3600, 2 * DAY_S },
		{ "a sparse feed takes weeks", sparse, DAY_S, 5 * WEEK_S, 3 * DAY_S, 2 * WEEK_S },
		{ "a nightly load is missed after some nights", nightly, DAY_S, 4 * DAY_S, DAY_S, 3 * DAY_S },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t at_s = MONDAY_S + 9 * WEEK_S + rows[i].at_s - 3600; /* summer time has begun */

		begin(NULL);
		live(rows[i].feed, at_s);
		breaks(rows[i].feed, at_s, rows[i].for_s);
		same_int(rows[i].rule, w.begins, 1);
		if (w.began_s - at_s < rows[i].least_s || w.began_s - at_s > rows[i].most_s)
			fail_msg("%s: told after %lld s", rows[i].rule, (long long)(w.began_s - at_s));
		live(rows[i].feed, w.now_s + 2 * WEEK_S);
		same_int(rows[i].rule, w.begins, 1);
		same_int(rows[i].rule, w.ends, 1);
		end();
	}
}

TEST(a_holiday_is_a_sunday)
{
	const int64_t easter_monday_s = MONDAY_S + 13 * WEEK_S - 3600; /* 2026-04-06 */

	begin("Easter+1\n");
	live(office, easter_monday_s + DAY_S);
	same_int("no alarm where the file knows it", w.begins, 0);
	end();
	begin(NULL);
	live(office, easter_monday_s);
	breaks(office, easter_monday_s, DAY_S);
	same_int("without the file it is odd", w.begins, 1);
	live(office, easter_monday_s + 8 * WEEK_S);
	breaks(office, w.now_s + 10 * 3600, 6 * 3600);
	same_int("one such day does not blunt it", w.begins, 1);
	holds("told within three hours", w.began_s - w.quiet_from_s < 3 * 3600);
	end();
}

TEST(until_two_weeks_are_known)
{
	begin(NULL);
	live(office, MONDAY_S + 2 * DAY_S);
	breaks(office, MONDAY_S + 2 * DAY_S, 2 * WEEK_S);
	same_int("a fixed time", w.begins, 1);
	same_int("which ends on Saturday: on Monday", w.began_s, MONDAY_S + 7 * DAY_S + 8 * 3600);
	end();
	begin(NULL);
	live(office, MONDAY_S + 7 * 3600);
	breaks(office, MONDAY_S + 7 * 3600, 4 * WEEK_S);
	same_int("who never spoke is not missed", w.begins, 0);
	end();
}

TEST(what_was_not_watched_is_no_silence)
{
	int64_t at_s = MONDAY_S + 6 * WEEK_S + 9 * 3600;

	begin(NULL);
	live(hospital, at_s);
	w.away_from_s = at_s;
	w.away_to_s = at_s + 8 * 3600;
	w.quiet_from_s = at_s;
	w.quiet_to_s = at_s + 8 * 3600 + 300;
	live(hospital, at_s + DAY_S);
	same_int("nudged was away for a day's work", w.begins, 0);
	end();
}

TEST(a_schedule_that_is_loaded_does_not_raise_what_is_usual)
{
	begin(NULL);
	live(office, MONDAY_S + 6 * WEEK_S);
	for (; w.now_s < MONDAY_S + 6 * WEEK_S + DAY_S; w.now_s += 10)
		note(rhythm_hear(&w.r, &w.clock, w.now_s));
	live(office, MONDAY_S + 20 * WEEK_S);
	same_int("neither that night nor the next ones", w.begins, 0);
	end();
}

TEST(the_clock_steps)
{
	int64_t at_s = MONDAY_S + 6 * WEEK_S + 10 * 3600;

	begin(NULL);
	live(office, at_s);
	w.now_s -= 3 * 3600;
	live(office, at_s + 600);
	w.now_s += 30 * DAY_S;
	live(office, w.now_s + 1200);
	same_int("back and forward", w.begins, 0);
	end();
}

TEST(in_words)
{
	char text[RHYTHM_TEXT_MAX];
	int64_t at_s = MONDAY_S + 6 * WEEK_S + DAY_S + 9 * 3600 + 720;

	begin(NULL);
	live(batches, at_s);
	rhythm_explain(&w.r, &w.clock, at_s + 1800, text);
	same_text("of the hour", text, "usually 50 messages on a Tuesday 9-10, none since 9:05");
	rhythm_explain(&w.r, &w.clock, at_s + 10 * 3600, text);
	same_text("of the day, where the hour has none", text, "usually 450 messages on a Tuesday, none since 9:05");
	rhythm_explain(&w.r, &w.clock, at_s + DAY_S, text);
	same_text("of another day", text, "usually 50 messages on a Wednesday 9-10, none since Tuesday 9:05");
	rhythm_explain(&w.r, &w.clock, at_s + 20 * DAY_S, text);
	same_text("of long ago", text, "usually 50 messages on a Monday 10-11, none since 2026-02-17 9:05");
	rhythm_explain(&w.r, &w.clock, at_s + 5 * DAY_S, text);
	same_text("where nothing is usual", text, "none since Tuesday 9:05");
	end();
	begin(NULL);
	live(batches, MONDAY_S + 9 * 3600);
	rhythm_explain(&w.r, &w.clock, MONDAY_S + 4 * DAY_S, text);
	same_text("not learned", text, "none since Monday 8:05; its rhythm is not known yet");
	rhythm_explain(&w.r, &w.clock, MONDAY_S - DAY_S, text);
	same_text("by a clock that went back", text, "none since 2026-01-05 8:05; its rhythm is not known yet");
	end();
	begin(NULL);
	live(one_an_hour, at_s);
	rhythm_explain(&w.r, &w.clock, at_s, text);
	same_text("one is one", text, "usually 1 message on a Tuesday 9-10, none since 9:05");
	end();
}

TEST(stored_and_read_again)
{
	uint8_t stored[RHYTHM_STORED], again[RHYTHM_STORED];
	struct rhythm *r = calloc(1, sizeof *r);
	const size_t n = RHYTHM_STORED;

	assert_non_null(r);
	begin(NULL);
	live(hospital, MONDAY_S + 3 * WEEK_S + 1000);
	w.r.silent = true;
	rhythm_put(&w.r, stored);
	holds("it is read", rhythm_get(span_from(stored, n), r));
	rhythm_put(r, again);
	holds("and stored again the same", memcmp(stored, again, n) == 0);
	same_int("the last", r->last_s, w.r.last_s);
	holds("the alarm stands", r->silent);
	for (int i = 0; i < RHYTHM_HOURS; i++)
		same_int("what is expected", rhythm_worth_milli(r, i), rhythm_worth_milli(&w.r, i));
	holds("cut", !rhythm_get(span_from(stored, n - 1), r));
	stored[0] = 9;
	holds("of another form", !rhythm_get(span_from(stored, n), r));
	stored[0] = 1;
	stored[26 + 1 + 2] = RHYTHM_BLOCKS + 1;
	holds("more blocks than an hour has", !rhythm_get(span_from(stored, n), r));
	same_int("nothing is left of what was no rhythm", r->last_s, 0);
	static const struct { const char *rule; size_t at; uint8_t bits; bool readable; } bits[] = { { "nothing", 1, 0, true }, { "a week before all", 1, 0x80, false },
		{ "a last one before 1970", 9, 0x80, false }, { "less than no silence", 17, 0x80, false }, { "more than can be counted", 17, 0x40, false } };

	for (size_t i = 0; i < COUNT(bits); i++) {
		rhythm_put(&w.r, stored);
		stored[bits[i].at] |= bits[i].bits;
		same_int(bits[i].rule, rhythm_get(span_from(stored, n), r), bits[i].readable);
	}
	free(r);
	end();
}

/* Of the five weeks that are known: that many blocks on the first of their Mondays in this hour of the day. */
static void
known_monday(int hour, uint8_t blocks, size_t weeks)
{
	struct rhythm_hour *h = &w.r.hour[24 + hour];

	for (size_t week = 0; week < weeks; week++) {
		h->blocks[week] = blocks;
		h->messages[week] = blocks;
	}
}

static void
known_weeks(void)
{
	w.r.week = MONDAY_S / (7 * DAY_S) / RHYTHM_WEEKS * RHYTHM_WEEKS + 5; /* not one of these */
	for (size_t i = 0; i < RHYTHM_HOURS; i++)
		w.r.hour[i].known = 31;
}

TEST(an_old_silence_is_told_in_an_hour_that_usually_speaks)
{
	static const struct { int hour; uint8_t blocks; size_t weeks; enum rhythm_change want; } rows[] = {
		{ 5, 0, 5, RHYTHM_SAME }, /* nobody speaks then */
		{ 6, 1, 2, RHYTHM_SAME }, /* less than a quarter of what the busiest is worth */
		{ 9, 12, 5, RHYTHM_BEGINS },
	};

	begin(NULL);
	known_weeks();
	for (size_t i = 0; i < COUNT(rows); i++)
		known_monday(rows[i].hour, rows[i].blocks, rows[i].weeks);
	holds("known", rhythm_learned(&w.r));
	same_int("worth nothing", rhythm_worth_milli(&w.r, 24 + 5), 0);
	holds("worth little", rhythm_worth_milli(&w.r, 24 + 6) > 0 && 4 * rhythm_worth_milli(&w.r, 24 + 6) < rhythm_worth_milli(&w.r, 24 + 9));
	w.r.odd_milli = 2 * RHYTHM_ODD * 1000;
	w.r.last_s = MONDAY_S - DAY_S;
	for (size_t i = 0; i < COUNT(rows); i++) {
		same_int("change", rhythm_tick(&w.r, &w.clock, MONDAY_S + rows[i].hour * 3600 + 60, UNLEARNED_S), rows[i].want);
		same_int("alarm", w.r.silent, rows[i].want == RHYTHM_BEGINS);
	}
	end();
}

static const struct rhythm_hour *
hour_after(int64_t from_s, int messages, int64_t until_s)
{
	for (int64_t t = from_s - 600; t < until_s; t += 60) { /* watched from its beginning to its end */
		(void)rhythm_tick(&w.r, &w.clock, t, 600);
		for (int i = 0; t == from_s + 60 && i < messages; i++)
			(void)rhythm_hear(&w.r, &w.clock, t);
	}
	return &w.r.hour[24 + 9];
}

TEST(an_hour_in_which_an_alarm_began_counts_by_what_came_before)
{
	const struct rhythm_hour *h;

	begin(NULL);
	(void)rhythm_hear(&w.r, &w.clock, MONDAY_S + 8 * 3600);
	h = hour_after(MONDAY_S + 9 * 3600, 3, MONDAY_S + 10 * 3600 + 120);
	holds("it is silent", w.r.silent);
	holds("the hour is known", h->known != 0);
	same_int("by its messages", h->messages[w.r.week % RHYTHM_WEEKS], 3);
	end();
}

TEST(more_messages_than_are_counted_are_many)
{
	const struct rhythm_hour *h;

	begin(NULL);
	(void)rhythm_hear(&w.r, &w.clock, MONDAY_S + 8 * 3600);
	h = hour_after(MONDAY_S + 9 * 3600, 70000, MONDAY_S + 10 * 3600 + 120);
	same_int("as many as there is room for", h->messages[w.r.week % RHYTHM_WEEKS], UINT16_MAX);
	same_int("in one block", h->blocks[w.r.week % RHYTHM_WEEKS], 1);
	end();
}

TEST(one_message_and_a_clock_that_went_back_in_words)
{
	char text[RHYTHM_TEXT_MAX];

	begin(NULL);
	known_weeks();
	known_monday(9, 1, 5);
	w.r.last_s = MONDAY_S + 8 * 3600;
	rhythm_explain(&w.r, &w.clock, MONDAY_S + 9 * 3600 + 1800, text);
	same_text("one", text, "usually 1 message on a Monday 9-10, none since 8:00");
	w.r.last_s = MONDAY_S + 2 * DAY_S + 8 * 3600;
	rhythm_explain(&w.r, &w.clock, MONDAY_S + 9 * 3600 + 1800, text);
	same_text("later than now", text, "usually 1 message on a Monday 9-10, none since 2026-01-07 8:00");
	end();
}

TEST(what_no_feed_can_have_had_is_not_read)
{
	static const struct { const char *rule; int64_t week, last_s, odd_milli; bool good; } rows[] = {
		{ "as it may be", 2921, MONDAY_S, 5, true }, { "a week before 1970", -1, MONDAY_S, 5, false },
		{ "a message before 1970", 2921, -1, 5, false }, { "less than no silence", 2921, MONDAY_S, -1, false },
		{ "a silence without an end", 2921, MONDAY_S, INT64_MAX / 2, false },
	};
	uint8_t stored[RHYTHM_STORED];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rhythm r = { .week = rows[i].week, .last_s = rows[i].last_s, .odd_milli = rows[i].odd_milli }, out;

		rhythm_put(&r, stored);
		same_int(rows[i].rule, rhythm_get(span_from(stored, sizeof stored), &out), rows[i].good);
		same_int(rows[i].rule, out.last_s, rows[i].good ? MONDAY_S : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_year_of_usual_silence_is_no_alarm), RUN(odd_silence_is_told_once_and_ends_once),
		RUN(a_holiday_is_a_sunday), RUN(until_two_weeks_are_known), RUN(what_was_not_watched_is_no_silence),
		RUN(a_schedule_that_is_loaded_does_not_raise_what_is_usual), RUN(the_clock_steps), RUN(in_words), RUN(stored_and_read_again),
		RUN(an_old_silence_is_told_in_an_hour_that_usually_speaks), RUN(an_hour_in_which_an_alarm_began_counts_by_what_came_before),
		RUN(more_messages_than_are_counted_are_many), RUN(one_message_and_a_clock_that_went_back_in_words),
		RUN(what_no_feed_can_have_had_is_not_read) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
