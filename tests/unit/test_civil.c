/* test_civil.c - the calendar by brute force, zones against the IANA database as Python reads it. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/civil.h"

#define FROM_2024_S INT64_C(1704067200)
#define TO_2041_S INT64_C(2240611200)
#define CHANGES_MAX 34

/* Every change of 2024 to 2040, made by stepping through Python's zoneinfo. */
static const struct changes {
	const char *zone;
	int winter_s, other_s; /* offset on 2024-01-01 UTC, and the other one */
	size_t n;
	int64_t at_s[CHANGES_MAX];
} zones[] = {
	{ "America/New_York", -18000, -14400, 34, {
		1710054000, 1730613600, 1741503600, 1762063200, 1772953200, 1793512800, 1805007600,
		1825567200, 1836457200, 1857016800, 1867906800, 1888466400, 1899356400, 1919916000,
		1930806000, 1951365600, 1962860400, 1983420000, 1994310000, 2014869600, 2025759600,
		2046319200, 2057209200, 2077768800, 2088658800, 2109218400, 2120108400, 2140668000,
		2152162800, 2172722400, 2183612400, 2204172000, 2215062000, 2235621600,
	} },
	{ "America/Chicago", -21600, -18000, 34, {
		1710057600, 1730617200, 1741507200, 1762066800, 1772956800, 1793516400, 1805011200,
		1825570800, 1836460800, 1857020400, 1867910400, 1888470000, 1899360000, 1919919600,
		1930809600, 1951369200, 1962864000, 1983423600, 1994313600, 2014873200, 2025763200,
		2046322800, 2057212800, 2077772400, 2088662400, 2109222000, 2120112000, 2140671600,
		2152166400, 2172726000, 2183616000, 2204175600, 2215065600, 2235625200,
	} },
	{ "America/Phoenix", -25200, -25200, 0, {
	} },
	{ "Europe/Oslo", 3600, 7200, 34, {
		1711846800, 1729990800, 1743296400, 1761440400, 1774746000, 1792890000, 1806195600,
		1824944400, 1837645200, 1856394000, 1869094800, 1887843600, 1901149200, 1919293200,
		1932598800, 1950742800, 1964048400, 1982797200, 1995498000, 2014246800, 2026947600,
		2045696400, 2058397200, 2077146000, 2090451600, 2108595600, 2121901200, 2140045200,
		2153350800, 2172099600, 2184800400, 2203549200, 2216250000, 2234998800,
	} },
	{ "Australia/Lord_Howe", 39600, 37800, 34, {
		1712415600, 1728142200, 1743865200, 1759591800, 1775314800, 1791041400, 1806764400,
		1822491000, 1838214000, 1853940600, 1869663600, 1885995000, 1901718000, 1917444600,
		1933167600, 1948894200, 1964617200, 1980343800, 1996066800, 2011793400, 2027516400,
		2043243000, 2058966000, 2075297400, 2091020400, 2106747000, 2122470000, 2138196600,
		2153919600, 2169646200, 2185369200, 2201095800, 2216818800, 2233150200,
	} },
	{ "Asia/Kolkata", 19800, 19800, 0, {
	} },
};

static struct zone *
load(const char *name)
{
	struct zone *z = NULL;
	struct fault f = { .kind = FAULT_NONE };

	if (!zone_load(name, &z, &f))
		fail_msg("%s: %s", name, f.text);
	return z;
}

static void
same_instant(const char *zone, int64_t t, const struct zone *z, const struct civil *c, int64_t want,
    enum civil_note want_note)
{
	enum civil_note note = CIVIL_PLAIN;
	int64_t got = zone_instant(z, c, &note);
	char wall[32];

	civil_text(c, wall);
	if (got != want || note != want_note)
		fail_msg("%s %s (of %lld): got %lld note %d, want %lld note %d", zone, wall, (long long)t,
		    (long long)got,
		    (int)note, (long long)want, (int)want_note);
}

/* Around one change: every ten minutes, two days either side. */
static void
walk_change(const struct changes *row, const struct zone *z, int64_t at_s, int from_s, int to_s)
{
	int64_t fold_s = from_s - to_s; /* negative: a gap */
	struct civil c;

	for (int64_t t = at_s - 172800; t < at_s + 172800; t += 600) {
		bool first = fold_s > 0 && t >= at_s - fold_s && t < at_s;
		bool second = fold_s > 0 && t >= at_s && t < at_s + fold_s;

		same_int(row->zone, zone_offset_s(z, t), t < at_s ? from_s : to_s);
		zone_civil(z, t, &c);
		same_instant(row->zone, t, z, &c, second ? t - fold_s : t,
		    first || second ? CIVIL_TWICE : CIVIL_PLAIN);
	}
	same_int(row->zone, zone_offset_s(z, at_s - 1), from_s);
	for (int64_t wall_s = at_s + from_s; wall_s < at_s + to_s; wall_s += 600) {
		civil_of_days(wall_s / 86400, &c);
		c.hour = (int)(wall_s % 86400 / 3600);
		c.minute = (int)(wall_s % 3600 / 60);
		same_instant(row->zone, wall_s, z, &c, at_s, CIVIL_GAP);
	}
}

/* pain: an hour off after the clocks change */
TEST(every_change_until_2040_is_where_the_database_has_it)
{
	for (size_t i = 0; i < COUNT(zones); i++) {
		const struct changes *row = &zones[i];
		struct zone *z = load(row->zone);
		int from_s = row->winter_s, to_s = row->other_s;

		for (size_t k = 0; k < row->n; k++) {
			walk_change(row, z, row->at_s[k], from_s, to_s);
			int was_s = from_s;
			from_s = to_s;
			to_s = was_s;
		}
		zone_free(z);
	}
}

TEST(there_is_no_change_that_the_database_has_not)
{
	for (size_t i = 0; i < COUNT(zones); i++) {
		const struct changes *row = &zones[i];
		struct zone *z = load(row->zone);
		size_t k = 0;

		for (int64_t t = FROM_2024_S; t < TO_2041_S; t += 3600) {
			while (k < row->n && row->at_s[k] <= t)
				k++;
			same_int(row->zone, zone_offset_s(z, t), k % 2 == 0 ? row->winter_s : row->other_s);
		}
		zone_free(z);
	}
}

static const struct {
	const char *rule, *zone;
	struct civil c;
	enum civil_note note;
	const char *rfc3339;
} instants[] = {
	{ "an ordinary winter day", "America/Chicago",
	  { 2026, 11, 21, 10, 0, 0 }, CIVIL_PLAIN, "2026-11-21T10:00:00-06:00" },
	{ "an ordinary summer day", "America/Chicago",
	  { 2026, 7, 1, 10, 0, 0 }, CIVIL_PLAIN, "2026-07-01T10:00:00-05:00" },
	{ "half past two does not exist in spring: three o'clock", "America/New_York",
	  { 2026, 3, 8, 2, 30, 0 }, CIVIL_GAP, "2026-03-08T03:00:00-04:00" },
	{ "the gap ends where three o'clock begins", "America/New_York",
	  { 2026, 3, 8, 3, 0, 0 }, CIVIL_PLAIN, "2026-03-08T03:00:00-04:00" },
	{ "the last second before the gap", "America/New_York",
	  { 2026, 3, 8, 1, 59, 59 }, CIVIL_PLAIN, "2026-03-08T01:59:59-05:00" },
	{ "half past one comes twice in autumn: the first", "America/New_York",
	  { 2026, 11, 1, 1, 30, 0 }, CIVIL_TWICE, "2026-11-01T01:30:00-04:00" },
	{ "two o'clock in autumn comes once", "America/New_York",
	  { 2026, 11, 1, 2, 0, 0 }, CIVIL_PLAIN, "2026-11-01T02:00:00-05:00" },
	{ "Arizona keeps its time in summer", "America/Phoenix",
	  { 2026, 7, 1, 9, 0, 0 }, CIVIL_PLAIN, "2026-07-01T09:00:00-07:00" },
	{ "Oslo changes at two", "Europe/Oslo",
	  { 2026, 3, 29, 2, 15, 0 }, CIVIL_GAP, "2026-03-29T03:00:00+02:00" },
	{ "Lord Howe jumps by half an hour", "Australia/Lord_Howe",
	  { 2026, 10, 4, 2, 15, 0 }, CIVIL_GAP, "2026-10-04T02:30:00+11:00" },
	{ "Lord Howe repeats half an hour", "Australia/Lord_Howe",
	  { 2026, 4, 5, 1, 45, 0 }, CIVIL_TWICE, "2026-04-05T01:45:00+11:00" },
	{ "half past one is not repeated before it begins", "Australia/Lord_Howe",
	  { 2026, 4, 5, 1, 29, 59 }, CIVIL_PLAIN, "2026-04-05T01:29:59+11:00" },
	{ "India is half an hour off", "Asia/Kolkata",
	  { 2026, 1, 1, 0, 0, 0 }, CIVIL_PLAIN, "2026-01-01T00:00:00+05:30" },
	{ "a day that Samoa left out", "Pacific/Apia",
	  { 2011, 12, 30, 12, 0, 0 }, CIVIL_GAP, "2011-12-31T00:00:00+14:00" },
	{ "a zone without changes", "UTC",
	  { 1970, 1, 1, 0, 0, 0 }, CIVIL_PLAIN, "1970-01-01T00:00:00+00:00" },
	{ "before the table begins", "America/Chicago",
	  { 1965, 7, 1, 12, 0, 0 }, CIVIL_PLAIN, "1965-07-01T12:00:00-06:00" },
	{ "summer time is known to the end of the table", "America/New_York",
	  { 2100, 7, 1, 12, 0, 0 }, CIVIL_PLAIN, "2100-07-01T12:00:00-04:00" },
};

/* pain: twice in the hour that comes twice, never in the one that is left out */
TEST(a_wall_clock_time_names_one_instant)
{
	for (size_t i = 0; i < COUNT(instants); i++) {
		struct zone *z = load(instants[i].zone);
		enum civil_note note;
		char text[32];

		zone_rfc3339(z, zone_instant(z, &instants[i].c, &note), text);
		same_text(instants[i].rule, text, instants[i].rfc3339);
		same_int(instants[i].rule, note, instants[i].note);
		zone_free(z);
	}
}

/* Nothing that is read lies there; what is asked all the same has the rule that is next to it. */
TEST(before_the_first_rule_and_behind_the_last_one_there_is_an_answer)
{
	static const int64_t years_s[] = { INT64_C(-6106060800) /* 1776-07-04 */, -1, INT64_C(4529952000) /* 2113-07-20 */, INT64_C(7258118400) /* 2200 */ };
	struct zone *z = load("America/Chicago");

	for (size_t i = 0; i < COUNT(years_s); i++) {
		struct civil c;

		same_int("winter's offset", zone_offset_s(z, years_s[i]), -21600);
		zone_civil(z, years_s[i], &c);
		same_instant("America/Chicago", years_s[i], z, &c, years_s[i], CIVIL_PLAIN);
	}
	zone_free(z);
}

TEST(an_unknown_zone_is_refused_and_never_taken_for_utc)
{
	static const char *const unknown[] = { "", "Nowhere/Else", "america/chicago", "America/Chicago ",
	    "GMT+5",
		"Etc/Unknown", "CST7", "America/Chic\xc3\xa1go",
		"America/ChicagoAmerica/ChicagoAmerica/ChicagoAmerica/ChicagoAmerica/Chicago" };

	for (size_t i = 0; i < COUNT(unknown); i++) {
		struct zone *z = NULL;
		struct fault f = { .kind = FAULT_NONE };

		holds(unknown[i], !zone_load(unknown[i], &z, &f));
		holds(unknown[i], z == NULL && f.kind == FAULT_OPERATOR && strstr(f.text, "America/Chicago"));
	}
	zone_free(NULL);
}

TEST(the_number_of_the_rules_follows_the_rules_not_the_name)
{
	struct zone *chicago = load("America/Chicago"), *central = load("US/Central"),
	    *york = load("America/New_York");

	same_int("two names of one zone", zone_rules(chicago) == zone_rules(central), true);
	same_int("two zones", zone_rules(chicago) == zone_rules(york), false);
	same_text("a zone keeps the name it was asked for", zone_name(central), "US/Central");
	zone_free(chicago);
	zone_free(central);
	zone_free(york);
}

TEST(days_follow_each_other_for_six_centuries)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t day = civil_days(1600, 1, 1);
	int weekday = 6; /* 1 January 1600 was a Saturday */

	same_int("the epoch", civil_days(1970, 1, 1), 0);
	same_int("a day after a leap day of a century", civil_days(2000, 3, 1), 11017);
	for (int year = 1600; year < 2200; year++)
		for (int month = 1; month <= 12; month++) {
			bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
			int n = lengths[month - 1] + (month == 2 && leap);

			for (int d = 1; d <= n; d++, day++, weekday = (weekday + 1) % 7) {
				struct civil c;

				same_int("days since 1970", civil_days(year, month, d), day);
				civil_of_days(day, &c);
				holds("and back",
				    c.year == year && c.month == month && c.day == d && c.hour == 0);
				same_int("weekday", civil_weekday(&c), weekday);
			}
		}
}

static const struct {
	const char *rule;
	struct civil c;
	bool valid;
} calendar[] = {
	{ "a plain time", { 2026, 11, 21, 10, 0, 0 }, true },
	{ "the last second of a day", { 2026, 12, 31, 23, 59, 59 }, true },
	{ "hour 24 is not valid", { 2026, 11, 21, 24, 0, 0 }, false },
	{ "a leap second is no time of a visit", { 2016, 12, 31, 23, 59, 60 }, false },
	{ "minute 60", { 2026, 11, 21, 10, 60, 0 }, false },
	{ "29 February of a leap year", { 2028, 2, 29, 0, 0, 0 }, true },
	{ "29 February of another", { 2026, 2, 29, 0, 0, 0 }, false },
	{ "29 February 2100", { 2100, 2, 29, 0, 0, 0 }, false },
	{ "31 April", { 2026, 4, 31, 0, 0, 0 }, false },
	{ "month 0", { 2026, 0, 1, 0, 0, 0 }, false },
	{ "month 13", { 2026, 13, 1, 0, 0, 0 }, false },
	{ "day 0", { 2026, 1, 0, 0, 0, 0 }, false },
	{ "year 0", { 0, 1, 1, 0, 0, 0 }, false },
	{ "a negative hour", { 2026, 1, 1, -1, 0, 0 }, false },
};

TEST(only_times_of_the_calendar_are_valid)
{
	for (size_t i = 0; i < COUNT(calendar); i++)
		same_int(calendar[i].rule, civil_valid(&calendar[i].c), calendar[i].valid);
}

TEST(calendar_days_keep_the_wall_clock)
{
	static const struct {
		const char *rule;
		struct civil c;
		int days;
		const char *want;
	} rows[] = {
		{ "two days before across a month", { 2026, 3, 1, 9, 30, 5 }, -2, "2026-02-27T09:30:05" },
		{ "a day before in a leap year", { 2028, 3, 1, 9, 0, 0 }, -1, "2028-02-29T09:00:00" },
		{ "across the year", { 2026, 12, 31, 23, 59, 59 }, 1, "2027-01-01T23:59:59" },
		{ "no day", { 2026, 6, 7, 8, 9, 10 }, 0, "2026-06-07T08:09:10" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct civil c = rows[i].c;
		char text[32];

		civil_add_days(&c, rows[i].days);
		civil_text(&c, text);
		same_text(rows[i].rule, text, rows[i].want);
	}
}

TEST(the_way_back_from_text_takes_nothing_else)
{
	static const char *const wrong[] = { "", "2026-11-21", "2026-11-21T10:00:0", "2026-11-21T10:00:000", "2026-11-21 10:00:00",
		"2026-1-21T10:00:00", "+026-11-21T10:00:00", "2026-11-21T10:00:0x" };
	struct civil c = { 2026, 2, 3, 14, 5, 6 }, out = { 0 };
	char text[32];

	civil_text(&c, text);
	holds("the way back", civil_of_text(text, &out) && memcmp(&c, &out, sizeof c) == 0);
	for (size_t i = 0; i < COUNT(wrong); i++)
		holds(wrong[i], !civil_of_text(wrong[i], &out) && memcmp(&c, &out, sizeof c) == 0);
}

TEST(days_before_the_first_year_are_counted_too)
{
	static const int years[] = { -401, -400, -399, -1, 0, 1, 400 };
	struct civil c;

	for (size_t i = 0; i < COUNT(years); i++) {
		for (int month = 1; month <= 12; month++) {
			civil_of_days(civil_days(years[i], month, 28), &c);
			holds("there and back", c.year == years[i] && c.month == month && c.day == 28);
		}
		same_int("a year is as long as it is", civil_days(years[i] + 1, 1, 1) - civil_days(years[i], 1, 1), years[i] % 4 == 0 ? 366 : 365);
	}
}

TEST(what_is_no_moment_is_refused)
{
	static const struct {
		struct civil c;
		bool valid;
	} rows[] = {
		{ { 1, 1, 1, 0, 0, 0 }, true }, { { 9999, 12, 31, 23, 59, 59 }, true }, { { 0, 12, 31, 0, 0, 0 }, false }, { { 10000, 1, 1, 0, 0, 0 }, false },
		{ { 2026, 0, 1, 0, 0, 0 }, false }, { { 2026, 13, 1, 0, 0, 0 }, false }, { { 2026, 4, 0, 0, 0, 0 }, false }, { { 2026, 4, 31, 0, 0, 0 }, false },
		{ { 2026, 4, 32, 0, 0, 0 }, false }, { { 2026, 2, 29, 0, 0, 0 }, false }, { { 2028, 2, 29, 0, 0, 0 }, true }, { { 2026, 4, 30, -1, 0, 0 }, false },
		{ { 2026, 4, 30, 24, 0, 0 }, false }, { { 2026, 4, 30, 0, -1, 0 }, false }, { { 2026, 4, 30, 0, 60, 0 }, false }, { { 2026, 4, 30, 0, 0, -1 }, false },
		{ { 2026, 4, 30, 0, 0, 60 }, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[32];

		civil_text(&rows[i].c, text);
		same_int(text, civil_valid(&rows[i].c), rows[i].valid);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_change_until_2040_is_where_the_database_has_it),
		RUN(there_is_no_change_that_the_database_has_not),
		RUN(a_wall_clock_time_names_one_instant),
		RUN(before_the_first_rule_and_behind_the_last_one_there_is_an_answer),
		RUN(an_unknown_zone_is_refused_and_never_taken_for_utc),
		RUN(the_number_of_the_rules_follows_the_rules_not_the_name),
		RUN(days_follow_each_other_for_six_centuries),
		RUN(only_times_of_the_calendar_are_valid),
		RUN(calendar_days_keep_the_wall_clock),
		RUN(the_way_back_from_text_takes_nothing_else),
		RUN(days_before_the_first_year_are_counted_too), RUN(what_is_no_moment_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
