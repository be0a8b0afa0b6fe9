/* time.c - TS and DTM as they are sent, blanks, fractions and 16-digit stamps included. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/hl7.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Eight of them. */
static bool
are_digits(const char *p)
{
	const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), zeros = UINT64_C(0x3030303030303030);
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return (word & high) == zeros && ((word + UINT64_C(0x0606060606060606)) & high) == zeros;
}

static int
two_digits(const char *p)
{
	return (p[0] - '0') * 10 + (p[1] - '0');
}

static int
days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool
read_offset(struct span s, struct hl7_time *t)
{
	int minutes;

	if (s.n != 5)
		return false;
	for (size_t i = 1; i < 5; i++)
		if (!is_digit(s.p[i]))
			return false;
	minutes = two_digits(s.p + 1) * 60 + two_digits(s.p + 3);
	if (minutes > 14 * 60 || two_digits(s.p + 3) > 59)
		return false;
	t->has_offset = true;
	t->offset_min = s.p[0] == '-' ? -minutes : minutes;
	return true;
}

static bool
in_range(const struct hl7_time *t)
{
	return t->year >= 1800 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
	    (t->day <= 28 || t->day <= days_in(t->year, t->month)) && t->hour <= 23 && t->minute <= 59 && t->second <= 60;
}

/* What follows the digits: a fraction of a second, then an offset. */
static bool
read_tail(struct span rest, struct hl7_time *t)
{
	if (rest.n > 0 && rest.p[0] == '.') {
		size_t i = 1;

		while (i < rest.n && is_digit(rest.p[i]))
			i++;
		if (i == 1 || t->precision != HL7_SECOND)
			return false;
		rest = (struct span){ rest.p + i, rest.n - i };
	}
	if (rest.n == 0)
		return true;
	return (rest.p[0] == '+' || rest.p[0] == '-') && read_offset(rest, t);
}

enum hl7_time_result
hl7_time_read(struct span value, struct hl7_time *out)
{
	struct hl7_time t = { .month = 1, .day = 1 };
	struct span s = span_trim(value);
	size_t n = 0;

	if (s.n >= HL7_DAY && are_digits(s.p))
		n = s.n >= HL7_SECOND && are_digits(s.p + HL7_SECOND - 8) ? HL7_SECOND : HL7_DAY;
	while (n < s.n && is_digit(s.p[n]))
		n++;
	for (size_t i = n; i < s.n; i++) /* first component only */
		if (s.p[i] == '^') {
			s = span_trim((struct span){ s.p, i });
			break;
		}
	if (s.n == 0 || hl7_is_null(s))
		return HL7_TIME_EMPTY;
	/* 16 and 17 digits: hundredths or thousandths without their point. */
	if ((n < 4 || n % 2 != 0 || n > 16) && n != 17)
		return HL7_TIME_BAD;
	t.precision = n > 14 ? HL7_SECOND : (enum hl7_precision)n;
	t.year = two_digits(s.p) * 100 + two_digits(s.p + 2);
	if (n >= 6)
		t.month = two_digits(s.p + 4);
	if (n >= 8)
		t.day = two_digits(s.p + 6);
	if (n >= 10)
		t.hour = two_digits(s.p + 8);
	if (n >= 12)
		t.minute = two_digits(s.p + 10);
	if (n >= 14)
		t.second = two_digits(s.p + 12);
	if (!in_range(&t) || !read_tail((struct span){ s.p + n, s.n - n }, &t))
		return HL7_TIME_BAD;
	if (t.second == 60) /* a leap second, which no calendar of ours has */
		t.second = 59;
	*out = t;
	return HL7_TIME_OK;
}
