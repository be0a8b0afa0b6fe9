/* test_clock.c - dates by tables and against the C library; the clocks of the system. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "nudge/clock.h"

TEST(dates)
{
	static const struct {
		const char *rule;
		int64_t at;
		const char *rfc3339, *http;
	} rows[] = {
		{ "the beginning", 0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ "a second before it", -1, "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT" },
		{ "a day before it", -86400, "1969-12-31T00:00:00Z", "Wed, 31 Dec 1969 00:00:00 GMT" },
		{ "a century that leaps not", -2203891200, "1900-03-01T00:00:00Z",
		    "Thu, 01 Mar 1900 00:00:00 GMT" },
		{ "a century that leaps", 951782400, "2000-02-29T00:00:00Z",
		    "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ "the end of that day", 951868799, "2000-02-29T23:59:59Z", "Tue, 29 Feb 2000 23:59:59 GMT" },
		{ "the day after it", 951868800, "2000-03-01T00:00:00Z", "Wed, 01 Mar 2000 00:00:00 GMT" },
		{ "the end of a year", 1767225599, "2025-12-31T23:59:59Z", "Wed, 31 Dec 2025 23:59:59 GMT" },
		{ "the beginning of a year", 1767225600, "2026-01-01T00:00:00Z",
		    "Thu, 01 Jan 2026 00:00:00 GMT" },
		{ "an evening", 1795208400, "2026-11-20T21:00:00Z", "Fri, 20 Nov 2026 21:00:00 GMT" },
		{ "a leap day", 1835481599, "2028-02-29T23:59:59Z", "Tue, 29 Feb 2028 23:59:59 GMT" },
		{ "the last of 31 bits", 2147483647, "2038-01-19T03:14:07Z",
		    "Tue, 19 Jan 2038 03:14:07 GMT" },
		{ "more than 31 bits", 2147483648, "2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT" },
		{ "more than 32 bits", 4294967296, "2106-02-07T06:28:16Z", "Sun, 07 Feb 2106 06:28:16 GMT" },
		{ "2100 has no 29 February", 4107456000, "2100-02-28T00:00:00Z",
		    "Sun, 28 Feb 2100 00:00:00 GMT" },
		{ "the day after it", 4107542400, "2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT" },
		{ "the last with four digits", 253402300799, "9999-12-31T23:59:59Z",
		    "Fri, 31 Dec 9999 23:59:59 GMT" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[CLOCK_TEXT_MAX];

		clock_rfc3339(rows[i].at, text);
		same_text(rows[i].rule, text, rows[i].rfc3339);
		clock_http_date(rows[i].at, text);
		same_text(rows[i].rule, text, rows[i].http);
	}
}

TEST(each_day_of_300_years)
{
	for (int64_t day = -40000; day < 70000; day++) {
		time_t at = day * 86400 + (day * 7919 % 86400 + 86400) % 86400;
		char got[CLOCK_TEXT_MAX], want[CLOCK_TEXT_MAX];
		struct tm tm;

		assert_non_null(gmtime_r(&at, &tm));
		assert_true(strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
		clock_rfc3339(at, got);
		same_text("RFC 3339 as the C library", got, want);
		assert_true(strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
		clock_http_date(at, got);
		same_text("IMF-fixdate as the C library", got, want);
	}
}

TEST(far_away_dates_stay_in_their_room)
{
	static const int64_t rows[] = { INT64_MAX, INT64_MIN, 253402300800, -62167219201, INT64_MAX / 2 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[CLOCK_TEXT_MAX + 1];

		memset(text, '#', sizeof text);
		clock_rfc3339(rows[i], text);
		holds("terminated", memchr(text, '\0', CLOCK_TEXT_MAX) != NULL);
		clock_http_date(rows[i], text);
		holds("terminated", memchr(text, '\0', CLOCK_TEXT_MAX) != NULL);
		same_int("nothing behind", text[CLOCK_TEXT_MAX], '#');
	}
}

TEST(the_clocks)
{
	struct now a = clock_now(), b;
	struct ntptimeval ntp;

	(void)usleep(20000);
	b = clock_now();
	holds("boot time goes on", b.boot_ms - a.boot_ms >= 20 && b.boot_ms - a.boot_ms < 60000);
	holds("the wall clock is in milliseconds", a.wall_ms > 1600000000000 && a.wall_ms < 32503680000000);
	same_int("whole seconds", now_s(&(struct now){ .wall_ms = 1999 }), 1);
	same_int("of none", now_s(&(struct now){ .wall_ms = 0 }), 0);
	same_int("synchronised as ntp_gettime says", clock_synchronised(), ntp_gettime(&ntp) != TIME_ERROR);
}

TEST(the_boot)
{
	char one[37], two[37];

	memset(one, '#', sizeof one);
	clock_boot_id(one);
	clock_boot_id(two);
	same_int("36 characters", strlen(one), 36);
	same_text("the same while the machine runs", one, two);
	for (int i = 0; i < 36; i++)
		holds("hexadecimal in groups", i == 8 || i == 13 || i == 18 || i == 23 ? one[i] == '-' :
		    strchr("0123456789abcdef", one[i]) != NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(dates), RUN(each_day_of_300_years),
		RUN(far_away_dates_stay_in_their_room), RUN(the_clocks), RUN(the_boot) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
