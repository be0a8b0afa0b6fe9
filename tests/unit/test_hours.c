/* test_hours.c - when a text may go: holidays from a file, windows on several clocks at once, both ways, against every minute. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "nudge/hours.h"

static struct zone *
load(const char *name)
{
	struct zone *z = NULL;
	struct fault f = { 0 };

	if (!zone_load(name, &z, &f))
		fail_msg("%s", f.text);
	return z;
}

static struct civil
civil_read(const char *text)
{
	struct civil c = { 0 };

	assert_true(sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d", &c.year, &c.month, &c.day, &c.hour, &c.minute, &c.second) >= 3);
	return c;
}

static int64_t
at(const struct zone *z, const char *text)
{
	struct civil c = civil_read(text);

	return zone_instant(z, &c, NULL);
}

/* "2026-11-20 09:00" there, or "none". */
static const char *
shown(const struct zone *z, int64_t at_s, char out[64])
{
	struct civil c;

	if (at_s == INT64_MAX || at_s == INT64_MIN)
		return "none";
	zone_civil(z, at_s, &c);
	(void)snprintf(out, 64, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
	return out;
}

static struct holidays *
read_days(const char *text)
{
	struct holidays *h = NULL;
	struct fault f = { 0 };

	if (!holidays_read("holidays", span_of(text), &h, &f))
		fail_msg("%s", f.text);
	return h;
}

TEST(every_form_of_a_line)
{
	static const struct {
		const char *line, *is[7], *is_not[7]; /* to NULL */
	} rows[] = {
		{ "2026-12-24", { "2026-12-24" }, { "2026-12-23", "2026-12-25", "2027-12-24" } },
		{ "2026-12-24..2027-01-01", { "2026-12-24", "2026-12-31", "2027-01-01" }, { "2026-12-23", "2027-01-02", "2027-12-24" } },
		{ "12-25", { "2026-12-25", "2027-12-25", "2040-12-25" }, { "2026-12-24" } },
		{ "02-29", { "2028-02-29", "2032-02-29" }, { "2027-02-28", "2027-03-01" } },
		{ "4th Thursday of November", { "2024-11-28", "2025-11-27", "2026-11-26", "2029-11-22" }, { "2029-11-29", "2026-11-19", "2026-11-27" } },
		{ "fourth thursday of NOVEMBER", { "2026-11-26" }, { "2026-11-27" } },
		{ "last Monday of May", { "2026-05-25", "2027-05-31", "2024-05-27" }, { "2027-05-24", "2026-05-18" } },
		{ "1st Monday of September", { "2026-09-07", "2031-09-01" }, { "2026-09-14", "2026-08-31" } },
		{ "3rd  Monday\tof January", { "2027-01-18" }, { "2027-01-11", "2027-01-25" } },
		{ "Easter", { "2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25", "2285-03-22" }, { "2026-04-04", "2026-04-06" } },
		{ "Easter-2", { "2026-04-03", "2027-03-26" }, { "2026-04-05" } },
		{ "easter+39", { "2026-05-14" }, { "2026-05-13" } },
		{ "  12-25  # closed", { "2026-12-25" }, { "2026-12-24" } },
		{ "# 12-25\r\n\r\n 12-26\r\n", { "2026-12-26" }, { "2026-12-25" } },
		{ "", { NULL }, { "2026-12-25" } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct holidays *h = read_days(rows[i].line);

		for (size_t k = 0; rows[i].is[k]; k++) {
			struct civil day = civil_read(rows[i].is[k]);

			if (!holidays_has(h, &day))
				fail_msg("\"%s\" has not %s", rows[i].line, rows[i].is[k]);
		}
		for (size_t k = 0; rows[i].is_not[k]; k++) {
			struct civil day = civil_read(rows[i].is_not[k]);

			if (holidays_has(h, &day))
				fail_msg("\"%s\" has %s", rows[i].line, rows[i].is_not[k]);
		}
		holidays_free(h);
	}
}

TEST(a_bad_line_is_told_with_its_place)
{
	static const struct {
		const char *text, *place;
	} rows[] = {
		{ "12-25\n\n# more\n2026-12-32\n", "conf/days:4: " },
		{ "2026-02-29", "conf/days:1: " },
		{ "2026/02-28", "conf/days:1: " },
		{ "2026-2-28", "conf/days:1: " },
		{ "2026-02/28", "conf/days:1: " },
		{ "2026-02-x8", "conf/days:1: " },
		{ "2026-02-27..2026-02-28x", "conf/days:1: " },
		{ "12", "conf/days:1: " },
		{ "12-x5", "conf/days:1: " },
		{ "12-255", "conf/days:1: " },
		{ "02-30", "conf/days:1: " },
		{ "13-01", "conf/days:1: " },
		{ "12/25", "conf/days:1: " },
		{ "2026-12-24 2026-12-25", "conf/days:1: " },
		{ "2026-12-25..2026-12-24", "conf/days:1: " },
		{ "2026-12-24..", "conf/days:1: " },
		{ "2026-12-24..2026-12-25.", "conf/days:1: " },
		{ "2026", "conf/days:1: " },
		{ "2026/12-24", "conf/days:1: " },
		{ "2026-1x-24", "conf/days:1: " },
		{ "2026-12", "conf/days:1: " },
		{ "2026-12/24", "conf/days:1: " },
		{ "2026-12-2x", "conf/days:1: " },
		{ "12-2x", "conf/days:1: " },
		{ "12-255", "conf/days:1: " },
		{ "5th Monday of May", "conf/days:1: " },
		{ "last Mon of May", "conf/days:1: " },
		{ "last Monday in May", "conf/days:1: " },
		{ "last Monday of", "conf/days:1: " },
		{ "last Monday of May 2027", "conf/days:1: " },
		{ "Easter 2", "conf/days:1: " },
		{ "Easter+100", "conf/days:1: " },
		{ "Easter-", "conf/days:1: " },
		{ "Christmas", "conf/days:1: " },
		{ "12-25\n\xff\xfe\n", "conf/days:2: " },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct holidays *h = NULL;
		struct fault f = { 0 };

		holds(rows[i].text, !holidays_read("conf/days", span_of(rows[i].text), &h, &f) && !h);
		if (!strstr(f.text, rows[i].place) || !strstr(f.text, "2026-12-24..2027-01-01"))
			fail_msg("%s: %s", rows[i].text, f.text);
	}
}

TEST(a_thousand_lines_and_one_more)
{
	char text[6 * 1001 + 1];
	struct holidays *h = NULL;
	struct fault f = { 0 };

	for (size_t i = 0; i < 1001; i++)
		memcpy(text + 6 * i, "12-25\n", 6);
	text[6 * 1001] = '\0';
	holds("too many", !holidays_read("days", span_of(text), &h, &f) && strstr(f.text, "days:1001: "));
	text[6 * 1000] = '\0';
	holds("as many as there may be", holidays_read("days", span_of(text), &h, &f));
	holidays_free(h);
}

/* ---- both ---- */

#define DAY { 540, 1200, false, 10 }

TEST(tables_in_civil_time)
{
	static const struct {
		const char *rule, *patients[3], *days; /* zones to NULL */
		struct conf_window window;
		const char *now, *until, *next, *from, *last; /* on the clinic's clock, America/Chicago */
	} rows[] = {
		{ "by day", { NULL }, "", DAY, "2026-11-20 12:00", "2026-11-22 00:00", "2026-11-20 12:00:00", "2026-11-18 00:00", "2026-11-20 12:00:00" },
		{ "at night", { NULL }, "", DAY, "2026-11-20 22:00", "2026-11-22 00:00", "2026-11-21 09:00:00", "2026-11-18 00:00", "2026-11-20 19:49:59" },
		{ "ten minutes before it closes it is closed", { NULL }, "", DAY, "2026-11-20 19:50", "2026-11-22 00:00", "2026-11-21 09:00:00",
			"2026-11-18 00:00", "2026-11-20 19:49:59" },
		{ "the second before", { NULL }, "", DAY, "2026-11-20 19:49:59", "2026-11-22 00:00", "2026-11-20 19:49:59", "2026-11-18 00:00",
			"2026-11-20 19:49:59" },
		{ "too late", { NULL }, "", DAY, "2026-11-20 22:00", "2026-11-21 09:00", "none", "2026-11-20 20:00", "none" },
		{ "Los Angeles: the later morning, the clinic's evening", { "America/Los_Angeles" }, "", DAY, "2026-11-20 09:00", "2026-11-22 00:00",
			"2026-11-20 11:00:00", "2026-11-18 00:00", "2026-11-19 19:49:59" },
		{ "New York: the clinic's morning, the earlier evening", { "America/New_York" }, "", DAY, "2026-11-20 18:50", "2026-11-22 00:00",
			"2026-11-21 09:00:00", "2026-11-18 00:00", "2026-11-20 18:49:59" },
		{ "Honolulu", { "Pacific/Honolulu" }, "", DAY, "2026-11-20 09:00", "2026-11-22 00:00", "2026-11-20 13:00:00", "2026-11-18 00:00",
			"2026-11-19 19:49:59" },
		{ "east and west at once", { "America/New_York", "Pacific/Honolulu" }, "", DAY, "2026-11-20 19:00", "2026-11-22 00:00",
			"2026-11-21 13:00:00", "2026-11-18 00:00", "2026-11-20 18:49:59" },
		{ "Oslo has two hours of the clinic's day", { "Europe/Oslo" }, "", DAY, "2026-11-20 13:00", "2026-11-22 00:00", "2026-11-21 09:00:00",
			"2026-11-18 00:00", "2026-11-20 12:49:59" },
		{ "Kolkata has none", { "Asia/Kolkata" }, "", DAY, "2026-11-20 12:00", "2026-12-20 00:00", "none", "2026-11-05 00:00", "none" },
		{ "Phoenix, in summer", { "America/Phoenix" }, "", DAY, "2026-07-10 09:00", "2026-07-12 00:00", "2026-07-10 11:00:00", "2026-07-08 00:00",
			"2026-07-09 19:49:59" },
		{ "Phoenix, in winter", { "America/Phoenix" }, "", DAY, "2026-12-10 09:00", "2026-12-12 00:00", "2026-12-10 10:00:00", "2026-12-08 00:00",
			"2026-12-09 19:49:59" },
		{ "the clocks change the next night", { "America/Phoenix" }, "", DAY, "2027-03-13 20:00", "2027-03-15 00:00", "2027-03-14 11:00:00",
			"2027-03-10 00:00", "2027-03-13 19:49:59" },
		{ "Thanksgiving and the day after", { NULL }, "4th Thursday of November\n2026-11-27", DAY, "2026-11-26 10:00", "2026-12-01 00:00",
			"2026-11-28 09:00:00", "2026-11-20 00:00", "2026-11-25 19:49:59" },
		{ "a holiday by the clinic's calendar", { "Pacific/Honolulu" }, "2026-11-26", DAY, "2026-11-25 21:00", "2026-12-01 00:00",
			"2026-11-27 13:00:00", "2026-11-20 00:00", "2026-11-25 19:49:59" },
		{ "a holiday where the window is always open", { NULL }, "2026-11-26", { 0, 1440, true, 0 }, "2026-11-26 10:00", "2026-12-01 00:00",
			"2026-11-27 00:00:00", "2026-11-20 00:00", "2026-11-25 23:59:59" },
		{ "days off until it is too late", { NULL }, "2026-12-24..2027-01-06", DAY, "2026-12-23 20:00", "2027-01-06 15:00", "none",
			"2026-12-20 00:00", "2026-12-23 19:49:59" },
		{ "a night's window over midnight", { NULL }, "", { 1320, 120, false, 0 }, "2026-11-20 12:00", "2026-11-22 00:00", "2026-11-20 22:00:00",
			"2026-11-18 00:00", "2026-11-20 01:59:59" },
	};
	struct zone *chicago = load("America/Chicago");

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct holidays *days = read_days(rows[i].days);
		struct hours h = { .window = &rows[i].window, .zone = chicago, .holidays = days };
		struct zone *patients[3];
		char text[64];
		int64_t now = at(chicago, rows[i].now);

		while (rows[i].patients[h.patient_n]) {
			patients[h.patient_n] = load(rows[i].patients[h.patient_n]);
			h.patient[h.patient_n] = patients[h.patient_n];
			h.patient_n++;
		}
		same_text(rows[i].rule, shown(chicago, hours_next_opening(&h, now, at(chicago, rows[i].until)), text), rows[i].next);
		same_text(rows[i].rule, shown(chicago, hours_last_opening(&h, now, at(chicago, rows[i].from)), text), rows[i].last);
		for (size_t k = 0; k < h.patient_n; k++)
			zone_free(patients[k]);
		holidays_free(days);
	}
	zone_free(chicago);
}

TEST(a_window_at_its_edges)
{
	static const struct {
		const char *rule;
		struct conf_window window;
		const char *now, *next, *closed; /* NULL: none of this day */
	} rows[] = {
		{ "its last second is closed upon", DAY, "2026-11-20 19:49:59", "2026-11-20 19:49:59", "2026-11-20 19:49:59" },
		{ "its first second opens", DAY, "2026-11-20 09:00:00", "2026-11-20 09:00:00", "2026-11-19 19:49:59" },
		{ "the second before", DAY, "2026-11-20 08:59:59", "2026-11-20 09:00:00", "2026-11-19 19:49:59" },
		{ "until midnight", { 540, 1440, false, 0 }, "2026-11-20 08:00:00", "2026-11-20 09:00:00", "2026-11-19 23:59:59" },
		{ "its last second is the day's", { 540, 1440, false, 0 }, "2026-11-20 23:59:59", "2026-11-20 23:59:59", "2026-11-20 23:59:59" },
		{ "until midnight of a month's end", { 540, 1440, false, 0 }, "2026-12-01 00:00:00", "2026-12-01 09:00:00", "2026-11-30 23:59:59" },
		{ "until midnight, less its margin", { 540, 1440, false, 10 }, "2026-11-20 23:50:00", "2026-11-21 09:00:00", "2026-11-20 23:49:59" },
		{ "an hour that the clocks leave out", { 125, 170, false, 0 }, "2027-03-13 12:00:00", "2027-03-15 02:05:00", "2027-03-13 02:49:59" },
		{ "is looked for behind it", { 125, 170, false, 0 }, "2027-03-14 12:00:00", "2027-03-15 02:05:00", "2027-03-13 02:49:59" },
		{ "an hour that comes twice is open at its first", { 65, 110, false, 0 }, "2026-11-01 00:30:00", "2026-11-01 01:05:00", "2026-10-31 01:49:59" },
		{ "no longer than its margin", { 540, 550, false, 10 }, "2026-11-20 09:00:00", NULL, NULL },
	};
	struct zone *chicago = load("America/Chicago");

	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t now = at(chicago, rows[i].now), next = window_next_opening(&rows[i].window, chicago, now);
		int64_t closed = window_last_closing(&rows[i].window, chicago, now);
		char text[64];

		if (!rows[i].next) { /* so that who asks goes on a day, and never for ever */
			same_int(rows[i].rule, next, now + 86400);
			same_int(rows[i].rule, closed, now - 86400);
			holds(rows[i].rule, !window_open(&rows[i].window, chicago, next) && !window_open(&rows[i].window, chicago, closed));
			continue;
		}
		same_text(rows[i].rule, shown(chicago, next, text), rows[i].next);
		same_text(rows[i].rule, shown(chicago, closed, text), rows[i].closed);
		holds(rows[i].rule, window_open(&rows[i].window, chicago, next) && window_open(&rows[i].window, chicago, closed));
	}
	zone_free(chicago);
}

TEST(hours_that_never_are_end_the_search)
{
	static const struct conf_window day = DAY, short_day = { 540, 1140, false, 0 }, none = { 540, 550, false, 10 };
	struct zone *chicago = load("America/Chicago"), *kolkata = load("Asia/Kolkata");
	struct hours apart = { .window = &short_day, .zone = chicago, .patient = { kolkata }, .patient_n = 1 };
	struct hours never = { .window = &none, .zone = chicago };
	struct hours own = { .window = &day, .zone = chicago };
	int64_t now = at(chicago, "2026-11-20 12:00"), last = at(chicago, "2026-11-20 19:49:59");

	same_int("not in a hundred years", hours_next_opening(&apart, now, now + INT64_C(3155760000)), INT64_MAX);
	same_int("nor before", hours_last_opening(&apart, now, now - INT64_C(3155760000)), INT64_MIN);
	same_int("a window of nothing", hours_next_opening(&never, now, INT64_MAX), INT64_MAX);
	same_int("it never was", hours_last_opening(&never, now, now - INT64_C(3155760000)), INT64_MIN);
	same_int("before until, not at it", hours_next_opening(&own, now, now), INT64_MAX);
	same_int("one second", hours_next_opening(&own, now, now + 1), now);
	same_int("after from, not at it", hours_last_opening(&own, last + 3600, last), INT64_MIN);
	same_int("one second later", hours_last_opening(&own, last + 3600, last - 1), last);
	same_int("nor when it is asked for itself", hours_last_opening(&own, last, last), INT64_MIN);
	zone_free(kolkata);
	zone_free(chicago);
}

static unsigned
any(unsigned below)
{
	static unsigned chance = 7;

	chance = chance * 1103515245u + 12345u;
	return chance / 65536u % below;
}

/* Any clinic, any patients, any window, around every change of clocks: what is found is what going minute by minute finds. */
TEST(against_every_minute)
{
	static const char *const names[] = { "America/Chicago", "America/New_York", "America/Phoenix", "Pacific/Honolulu", "Europe/Oslo",
		"Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns" };
	static const char *const days[] = { "2026-03-06", "2026-10-30", "2026-04-03", "2026-03-27", "2027-12-30" };
	static const char lines[] = "last Sunday of March\n2026-11-01\n01-01\nEaster";
	struct holidays *holidays = read_days(lines);
	struct zone *zones[COUNT(names)];

	for (size_t i = 0; i < COUNT(names); i++)
		zones[i] = load(names[i]);
	for (int round = 0; round < 300; round++) {
		struct conf_window w = { 0, 0, false, 0 };
		struct hours h = { .window = &w, .holidays = round % 2 ? holidays : NULL };
		int64_t now, open = 0, next = INT64_MAX, last = INT64_MIN, until;

		w.from_min = (int)any(1200);
		w.to_min = w.from_min + 30 + (int)any(1410u - (unsigned)w.from_min);
		w.margin_min = (w.to_min - w.from_min) / 4;
		h.zone = zones[any(COUNT(names))];
		for (h.patient_n = 0; h.patient_n < (size_t)round % 3; h.patient_n++)
			h.patient[h.patient_n] = zones[any(COUNT(names))];
		now = at(h.zone, days[any(COUNT(days))]) + (int64_t)any(3 * 1440) * 60;
		until = now + 3 * 86400;
		for (int64_t t = now; t < until && next == INT64_MAX; t += 60)
			if (hours_open(&h, t))
				next = t;
		for (int64_t t = now; t > now - 3 * 86400 && last == INT64_MIN; t -= 60)
			if (hours_open(&h, t))
				last = t;
		open = hours_last_opening(&h, now, now - 3 * 86400);
		same_int("next", hours_next_opening(&h, now, until), next);
		holds("last", last == INT64_MIN ? open == INT64_MIN || !hours_open(&h, open + 1) : open >= last && open < last + 60);
	}
	for (size_t i = 0; i < COUNT(names); i++)
		zone_free(zones[i]);
	holidays_free(holidays);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(every_form_of_a_line), RUN(a_bad_line_is_told_with_its_place), RUN(a_thousand_lines_and_one_more),
		RUN(tables_in_civil_time), RUN(against_every_minute), RUN(a_window_at_its_edges), RUN(hours_that_never_are_end_the_search) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
