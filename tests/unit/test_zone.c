/* test_zone.c - zone files against what zdump says of them, and files that are none. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "nudge/civil.h"
#include "policy/file.h"
#include "policy/tzif.h"

#define FROM_2024_S INT64_C(1704067200)
#define TO_2041_S INT64_C(2240611200)

static const struct {
	const char *zone;
	int offset_s; /* when 2024 began in UTC */
	bool changes; /* between 2024 and 2040 */
} zones[] = {
	{ "America/New_York", -18000, true }, { "America/Chicago", -21600, true }, { "America/Denver", -25200, true },
	{ "America/Los_Angeles", -28800, true }, { "America/Anchorage", -32400, true }, { "America/Phoenix", -25200, false },
	{ "Pacific/Honolulu", -36000, false }, { "America/St_Johns", -12600, true }, { "America/Nuuk", -7200, true },
	{ "America/Sao_Paulo", -10800, false }, { "America/Santiago", -10800, true }, { "America/Mexico_City", -21600, false },
	{ "America/Havana", -18000, true }, { "America/Asuncion", -10800, true }, { "Europe/Oslo", 3600, true },
	{ "Europe/London", 0, true }, { "Europe/Dublin", 0, true }, { "Europe/Lisbon", 0, true }, { "Europe/Berlin", 3600, true },
	{ "Europe/Athens", 7200, true }, { "Europe/Chisinau", 7200, true }, { "Africa/Casablanca", 3600, true },
	{ "Africa/Cairo", 7200, true }, { "Asia/Kolkata", 19800, false }, { "Asia/Kathmandu", 20700, false },
	{ "Asia/Gaza", 7200, true }, { "Asia/Jerusalem", 7200, true }, { "Asia/Almaty", 21600, true }, { "Asia/Tokyo", 32400, false },
	{ "Australia/Lord_Howe", 39600, true }, { "Australia/Adelaide", 37800, true }, { "Australia/Sydney", 39600, true },
	{ "Pacific/Chatham", 49500, true }, { "Pacific/Auckland", 46800, true }, { "Antarctica/Troll", 0, true },
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

/* "ZONE  Sun Mar 10 06:59:59 2024 UT = ... isdst=0 gmtoff=-18000" */
static bool
read_line(const char *line, int64_t *at_s, int *offset_s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = "", weekday[4];
	const char *offset = strstr(line, "gmtoff=");
	struct civil c = { .year = 0 };

	if (!offset || sscanf(line, "%*s %3s %3s %d %d:%d:%d %d UT", weekday, month, &c.day, &c.hour, &c.minute, &c.second,
	        &c.year) != 7)
		return false;
	c.month = (int)(strstr(months, month) - months) / 3 + 1;
	*at_s = civil_days(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
	*offset_s = (int)strtol(offset + 7, NULL, 10);
	return true;
}

static void
constant(const char *name, const struct zone *z, int64_t from_s, int64_t to_s, int offset_s)
{
	for (int64_t t = from_s; t < to_s; t += 3600)
		if (zone_offset_s(z, t) != offset_s)
			fail_msg("%s: %d s east at %lld, zdump has %d", name, zone_offset_s(z, t), (long long)t, offset_s);
}

TEST(every_change_of_many_zones_is_where_zdump_has_it)
{
	for (size_t i = 0; i < COUNT(zones); i++) {
		struct zone *z = load(zones[i].zone);
		int offset_s = zones[i].offset_s, next_s;
		int64_t from_s = FROM_2024_S, at_s;
		char command[128], line[512];
		size_t lines = 0;
		FILE *p;

		(void)snprintf(command, sizeof command, "zdump -V -c 2024,2041 %s", zones[i].zone);
		p = popen(command, "r");
		holds("zdump runs", p);
		while (fgets(line, sizeof line, p)) {
			if (!read_line(line, &at_s, &next_s))
				continue;
			constant(zones[i].zone, z, from_s, at_s, offset_s);
			same_int(zones[i].zone, zone_offset_s(z, at_s), next_s);
			from_s = at_s;
			offset_s = next_s;
			lines++;
		}
		same_int("zdump ended well", pclose(p), 0);
		same_int(zones[i].zone, lines > 0, zones[i].changes);
		constant(zones[i].zone, z, from_s, TO_2041_S, offset_s);
		zone_free(z);
	}
}

TEST(paraguay_stays_on_summer_time_as_decided_in_2024)
{
	struct zone *z = load("America/Asuncion");

	same_int("2026-07-01: a table older than 2024b has -14400", zone_offset_s(z, 1782864000), -10800);
	zone_free(z);
}

static const struct {
	const char *rule, *text;
	bool readable;
	int year;
	int64_t first_s, first_offset_s, second_s, second_offset_s;
} footers[] = {
	{ "the second Sunday of March, the first of November", "EST5EDT,M3.2.0,M11.1.0", true, 2026, 1772953200, -14400, 1793512800, -18000 },
	{ "the south begins its summer in the autumn of the north", "AEST-10AEDT,M10.1.0,M4.1.0/3", true, 2026, 1775318400, 36000, 1791043200, 39600 },
	{ "Ireland's winter time is the exception", "IST-1GMT0,M10.5.0,M3.5.0/1", true, 2026, 1774746000, 3600, 1792890000, 0 },
	{ "a time of day before the day begins", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, 2026, 1774746000, -3600, 1792890000, -7200 },
	{ "a time of day after two days", "EET-2EEST,M3.4.4/50,M10.4.4/50", true, 2026, 1774656000, 10800, 1792796400, 7200 },
	{ "half an hour of summer", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true, 2026, 1775314800, 37800, 1791041400, 39600 },
	{ "days counted without the leap day", "AAA0BBB,J60/0,J365/0", true, 2028, 1835481600, 3600, 1861830000, 0 },
	{ "days counted from 0, leap day and all", "AAA0BBB,59/0,364/0", true, 2028, 1835395200, 3600, 1861743600, 0 },
	{ "a day before the leap day is the same in each form", "AAA0BBB,J59/0,J365/0", true, 2028, 1835308800, 3600, 1861830000, 0 },
	{ "the last Sunday of a year", "AAA0BBB,M3.2.0,M12.5.0", true, 2026, 1772935200, 3600, 1798333200, 0 },
	{ "seconds in a time of day", "AAA0BBB,M3.2.0/2:30:15,M11.1.0/1:00", true, 2026, 1772937015, 3600, 1793491200, 0 },
	{ "no summer", "<+0530>-5:30", true, 0, 0, 0, 0, 0 },
	{ "day 59 of those from 1, in a leap year", "AAA0BBB,J59,J365", true, 2028, 1835316000, 3600, 1861837200, 0 },
	{ "summer from the last Sunday of December", "AAA0BBB,M12.5.0,M6.1.0", true, 2026, 1780794000, 0, 1798336800, 3600 },
	{ "an offset to the second", "LMT0:01:15", true, 0, 0, 0, 0, 0 },
	{ "60 minutes", "EST5:60", false, 0, 0, 0, 0, 0 },
	{ "no minutes behind the colon", "EST5:", false, 0, 0, 0, 0, 0 },
	{ "60 seconds", "EST5:00:60", false, 0, 0, 0, 0, 0 },
	{ "no seconds behind the colon", "EST5:00:", false, 0, 0, 0, 0, 0 },
	{ "a number of five digits", "EST00005", false, 0, 0, 0, 0, 0 },
	{ "a sign behind the letters", "EST{5", false, 0, 0, 0, 0, 0 },
	{ "month 0", "EST5EDT,M0.2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "a month alone", "EST5EDT,M3,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "week 6", "EST5EDT,M3.6.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "no weekday", "EST5EDT,M3.2,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "no number at all", "EST5EDT,x,1", false, 0, 0, 0, 0, 0 },
	{ "summer more than a day west", "EST5EDT25,M3.2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "summer's offset and no rule", "EST5EDT4", false, 0, 0, 0, 0, 0 },
	{ "no name", "5EDT", false, 0, 0, 0, 0, 0 },
	{ "a name of two letters", "ES5", false, 0, 0, 0, 0, 0 },
	{ "a name that does not end", "<+05", false, 0, 0, 0, 0, 0 },
	{ "summer without a rule", "EST5EDT", false, 0, 0, 0, 0, 0 },
	{ "month 13", "EST5EDT,M13.2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "week 0", "EST5EDT,M3.0.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "weekday 7", "EST5EDT,M3.2.7,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "day 0 of those from 1", "EST5EDT,J0,J365", false, 0, 0, 0, 0, 0 },
	{ "day 366", "EST5EDT,0,366", false, 0, 0, 0, 0, 0 },
	{ "more than a week of hours", "EST5EDT,M3.2.0/168,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "more than a day west", "EST25EDT,M3.2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "something behind it", "EST5EDT,M3.2.0,M11.1.0,", false, 0, 0, 0, 0, 0 },
	{ "a name and no more", "EST", false, 0, 0, 0, 0, 0 },
	{ "no minutes behind a colon", "EST5:", false, 0, 0, 0, 0, 0 },
	{ "letters for minutes", "EST5:EDT", false, 0, 0, 0, 0, 0 },
	{ "sixty minutes", "EST5:60", false, 0, 0, 0, 0, 0 },
	{ "no seconds behind a colon", "EST5:30:", false, 0, 0, 0, 0, 0 },
	{ "sixty seconds", "EST5:30:60", false, 0, 0, 0, 0, 0 },
	{ "more digits than any number has", "EST00005", false, 0, 0, 0, 0, 0 },
	{ "a sign in a name", "EST{5", false, 0, 0, 0, 0, 0 },
	{ "no summer's name", "EST5EDT4x,M3.2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "month 0", "EST5EDT,M0.2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "no month", "EST5EDT,M.2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "a month without a dot", "EST5EDT,M3-2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "no week", "EST5EDT,M3.x.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "week 6", "EST5EDT,M3.6.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "a week without a dot", "EST5EDT,M3.2-0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "no weekday", "EST5EDT,M3.2.,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "no day of those from 1", "EST5EDT,Jx,J365", false, 0, 0, 0, 0, 0 },
	{ "a day of no form", "EST5EDT,x,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "no end of summer", "EST5EDT,M3.2.0", false, 0, 0, 0, 0, 0 },
	{ "nothing between both", "EST5EDT,M3.2.0;M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "nor a comma before", "EST5EDT4;M3.2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "a summer that is no time", "EST5EDT-x,M3.2.0,M11.1.0", false, 0, 0, 0, 0, 0 },
	{ "nothing", "", false, 0, 0, 0, 0, 0 },
};

TEST(a_footer_says_when_summer_begins_and_ends)
{
	for (size_t i = 0; i < COUNT(footers); i++) {
		struct tz_change both[2];
		struct tz_rule r;

		same_int(footers[i].rule, tz_rule_read(span_of(footers[i].text), &r), footers[i].readable);
		if (!footers[i].readable || footers[i].year == 0)
			continue;
		tz_rule_changes(&r, footers[i].year, both);
		same_int(footers[i].rule, both[0].at_s, footers[i].first_s);
		same_int(footers[i].rule, both[0].offset_s, footers[i].first_offset_s);
		same_int(footers[i].rule, both[1].at_s, footers[i].second_s);
		same_int(footers[i].rule, both[1].offset_s, footers[i].second_offset_s);
	}
}

/* ---- files ---- */

struct maker {
	char bytes[2048];
	size_t n;
};

static void
put(struct maker *m, uint64_t v, size_t n)
{
	while (n-- > 0)
		m->bytes[m->n++] = (char)(v >> (8 * n) & 0xff);
}

static void
put_header(struct maker *m, char version, unsigned leaps, unsigned times, unsigned types)
{
	memcpy(m->bytes + m->n, "TZif", 4);
	m->n += 4;
	put(m, (unsigned char)version, 1);
	m->n += 15;
	put(m, 0, 8);
	put(m, leaps, 4);
	put(m, times, 4);
	put(m, types, 4);
	put(m, 4, 4);
}

/* Times t[0..n), kinds 0 and 1 in turn from 1; kind 0 is an hour west, 1 UTC. */
static struct maker
make_file(char version, unsigned leaps, const int64_t *t, unsigned n, unsigned types, const char *footer)
{
	struct maker m = { .n = 0 };

	put_header(&m, version, 0, 0, 0);
	put(&m, 0, 4); /* its four characters */
	put_header(&m, version, leaps, n, types);
	for (unsigned i = 0; i < n; i++)
		put(&m, (uint64_t)t[i], 8);
	for (unsigned i = 0; i < n; i++)
		put(&m, (i + 1) % 2, 1);
	for (unsigned i = 0; i < types; i++) {
		put(&m, i == 0 ? (uint64_t)-3600 : 0, 4);
		put(&m, 0, 2);
	}
	memcpy(m.bytes + m.n, "AAA", 4);
	m.n += 4 + 12 * (size_t)leaps;
	m.n += (size_t)snprintf(m.bytes + m.n, sizeof m.bytes - m.n, "\n%s\n", footer);
	return m;
}

static const struct {
	const char *rule;
	char version;
	unsigned leaps, times, types;
	int64_t t[3];
	const char *footer;
	size_t cap, want; /* 0: refused */
} files[] = {
	{ "two changes", '2', 0, 2, 2, { 1000, 2000, 0 }, "AAA1", 9, 3 },
	{ "changes before 1970 count as its beginning", '2', 0, 2, 2, { -2000, -1000, 0 }, "AAA1", 9, 1 },
	{ "the beginning of time", '3', 0, 2, 2, { INT64_MIN, 1000, 0 }, "AAA1", 9, 2 },
	{ "the end of time", '3', 0, 2, 2, { 1000, INT64_MAX, 0 }, "AAA1BBB,M3.2.0,M11.1.0", 9, 2 },
	{ "no change, the footer rules", '2', 0, 0, 1, { 0 }, "AAA1", 9, 1 },
	{ "no change and no footer", '2', 0, 0, 1, { 0 }, "", 9, 1 },
	{ "a rule alone: each year of 1970 to 2100 has two", '2', 0, 0, 1, { 0 }, "AAA1BBB,M3.2.0,M11.1.0", 300, 263 },
	{ "changes before 1970, then a rule", '2', 0, 2, 2, { -2000, -1000, 0 }, "AAA1BBB,M3.2.0,M11.1.0", 300, 263 },
	{ "summer all year is no change", '3', 0, 0, 1, { 0 }, "XXX3EDT4,0/0,J365/23", 300, 1 },
	{ "times that fall", '2', 0, 2, 2, { 2000, 1000, 0 }, "AAA1", 9, 0 },
	{ "a time twice", '2', 0, 2, 2, { 2000, 2000, 0 }, "AAA1", 9, 0 },
	{ "more changes than there is room for", '2', 0, 2, 2, { 1000, 2000, 0 }, "AAA1", 2, 0 },
	{ "years beyond the room", '2', 0, 0, 1, { 0 }, "AAA1BBB,M3.2.0,M11.1.0", 100, 0 },
	{ "a kind that is not there", '2', 0, 2, 1, { 1000, 2000, 0 }, "AAA1", 9, 0 },
	{ "more kinds than a byte counts", '2', 0, 0, 257, { 0 }, "AAA1", 9, 0 },
	{ "a rule, and all that is listed before 1970", '2', 0, 2, 2, { -2000, -1000, 0 }, "AAA1BBB,M3.2.0,M11.1.0", 300, 263 },
	{ "no kind at all", '2', 0, 0, 0, { 0 }, "AAA1", 9, 0 },
	{ "leap seconds are counted", '2', 1, 2, 2, { 1000, 2000, 0 }, "AAA1", 9, 0 },
	{ "version 1, which has no footer", '\0', 0, 2, 2, { 1000, 2000, 0 }, "AAA1", 9, 0 },
	{ "a footer that cannot be read", '2', 0, 2, 2, { 1000, 2000, 0 }, "AAA1BBB", 9, 0 },
};

TEST(a_zone_file_is_read_whole_or_refused)
{
	for (size_t i = 0; i < COUNT(files); i++) {
		struct maker m = make_file(files[i].version, files[i].leaps, files[i].t, files[i].times, files[i].types, files[i].footer);
		struct tz_change *list = calloc(files[i].cap, sizeof *list); /* of just this size: beyond it is seen */
		struct fault f = { .kind = FAULT_NONE };
		size_t n = 0;
		bool ok = tzif_read(span_from(m.bytes, m.n), list, files[i].cap, &n, &f);

		same_int(files[i].rule, ok ? n : 0, files[i].want);
		holds(files[i].rule, ok || (f.kind == FAULT_OPERATOR && f.text[0]));
		for (size_t k = 1; ok && k < n; k++)
			holds(files[i].rule, list[k].at_s > list[k - 1].at_s && list[k].offset_s != list[k - 1].offset_s);
		free(list);
	}
}

#define TYPES_AT 92 /* two headers, the first one's four characters */

TEST(an_offset_that_no_place_has_is_refused)
{
	static const int64_t offsets[] = { 93599, -93599, 93600, -93600 };

	for (size_t i = 0; i < COUNT(offsets); i++) {
		struct maker m = make_file('2', 0, NULL, 0, 1, "");
		struct tz_change list[9];
		struct fault f = { .kind = FAULT_NONE };
		size_t n = 0;

		for (size_t k = 0; k < 4; k++)
			m.bytes[TYPES_AT + k] = (char)((uint64_t)offsets[i] >> (24 - 8 * k) & 0xff);
		same_int("taken", tzif_read(span_from(m.bytes, m.n), list, COUNT(list), &n, &f), i < 2);
		if (i < 2)
			same_int("offset", list[0].offset_s, offsets[i]);
	}
}

TEST(a_footer_begins_and_ends_on_a_line_of_its_own)
{
	for (size_t end = 0; end < 2; end++) {
		struct maker m = make_file('2', 0, NULL, 0, 1, "AAA1");
		struct tz_change list[9];
		struct fault f = { .kind = FAULT_NONE };
		size_t n = 0;

		m.bytes[end ? m.n - 1 : m.n - sizeof "AAA1" - 1] = ' ';
		holds("refused", !tzif_read(span_from(m.bytes, m.n), list, COUNT(list), &n, &f) && strstr(f.text, "torn"));
	}
}

TEST(a_zone_file_that_was_cut_is_refused_wherever_it_was_cut)
{
	static struct tz_change list[1024];
	struct fault f = { .kind = FAULT_NONE };
	char *bytes = NULL, *cut;
	size_t size = 0, n;

	holds("there is a file", file_read_bytes("/usr/share/zoneinfo/America/Chicago", 65536, &bytes, &size, &f));
	holds("it is whole", tzif_read(span_from(bytes, size), list, COUNT(list), &n, &f));
	for (size_t k = 0; k < size; k++) {
		cut = malloc(k + 1); /* its own memory: reading on is seen */
		assert_non_null(cut);
		memcpy(cut, bytes, k);
		if (tzif_read(span_from(cut, k), list, COUNT(list), &n, &f))
			fail_msg("cut after %zu of %zu bytes", k, size);
		free(cut);
	}
	free(bytes);
}

TEST(a_name_cannot_leave_the_database)
{
	static const char *const names[] = { "../../../etc/passwd", "America/../UTC", "America//Chicago", "/usr/share/zoneinfo/UTC", "./UTC",
		"America", "America/", "right/UTC", "posix/America/Chicago", "posixrules", "localtime", "Factory", "zone.tab", "tzdata.zi",
		"leapseconds", "UTC\n", "Etc/GMT+15" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct fault f = { .kind = FAULT_NONE };
		struct zone *z = NULL;

		holds(names[i], !zone_load(names[i], &z, &f) && !z && f.kind == FAULT_OPERATOR);
	}
	zone_free(load("Etc/GMT+12"));
	zone_free(load("America/Argentina/ComodRivadavia"));
	zone_free(load("America/Port-au-Prince"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_change_of_many_zones_is_where_zdump_has_it),
		RUN(paraguay_stays_on_summer_time_as_decided_in_2024),
		RUN(a_footer_says_when_summer_begins_and_ends),
		RUN(a_zone_file_is_read_whole_or_refused),
		RUN(an_offset_that_no_place_has_is_refused), RUN(a_footer_begins_and_ends_on_a_line_of_its_own),
		RUN(a_zone_file_that_was_cut_is_refused_wherever_it_was_cut),
		RUN(a_name_cannot_leave_the_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
