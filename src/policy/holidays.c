/* holidays.c - the days on which a clinic does not text: dates, and rules that give one a year. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/hours.h"

#include <stdlib.h>
#include <string.h>

#define RULES_MAX 1000
#define LAST 5

struct rule {
	enum { DAYS, YEARLY, WEEKDAY, EASTER } kind;
	int64_t from, to;      /* DAYS: since 1970, both inclusive */
	int month, day;        /* YEARLY; WEEKDAY: month */
	int weekday, nth;      /* WEEKDAY: 0 = Sunday; 1 to 4, LAST */
	int offset;            /* EASTER: days after it */
};

struct holidays {
	size_t n;
	struct rule rule[];
};

static const char *const weekdays[] = { "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", NULL };
static const char *const months[] = { "january", "february", "march", "april", "may", "june", "july", "august", "september",
	"october", "november", "december", NULL };
static const char *const ordinals[] = { "first", "second", "third", "fourth", "last", NULL };
static const char *const numerals[] = { "1st", "2nd", "3rd", "4th", NULL };

/* ---- days ---- */

/* Of the Gregorian calendar, by Meeus, Jones and Butcher. */
static int64_t
easter(int year)
{
	int a = year % 19, b = year / 100, c = year % 100;
	int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
	int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4;
	int l = (32 + 2 * e + 2 * i - h - k) % 7, m = (a + 11 * h + 22 * l) / 451;
	int n = h + l - 7 * m + 114;

	return civil_days(year, n / 31, n % 31 + 1);
}

static bool
is_nth(const struct rule *r, const struct civil *day)
{
	struct civil week_on = *day;

	if (day->month != r->month || civil_weekday(day) != r->weekday)
		return false;
	civil_add_days(&week_on, 7);
	return r->nth == LAST ? week_on.month != day->month : (day->day - 1) / 7 + 1 == r->nth;
}

bool
holidays_has(const struct holidays *h, const struct civil *day)
{
	int64_t days = civil_days(day->year, day->month, day->day);

	for (size_t i = 0; h && i < h->n; i++) {
		const struct rule *r = &h->rule[i];
		bool is = false;

		switch (r->kind) {
		case DAYS:
			is = days >= r->from && days <= r->to;
			break;
		case YEARLY:
			is = day->month == r->month && day->day == r->day;
			break;
		case WEEKDAY:
			is = is_nth(r, day);
			break;
		case EASTER:
			is = days == easter(day->year) + r->offset;
			break;
		}
		if (is)
			return true;
	}
	return false;
}

/* ---- the file ---- */

/* Exactly n digits, taken off *s. */
static bool
take_number(struct span *s, size_t n, int *out)
{
	uint64_t value;

	if (s->n < n || !span_to_u64(span_from(s->p, n), 9999, &value))
		return false;
	*out = (int)value;
	*s = span_from(s->p + n, s->n - n);
	return true;
}

static bool
take_text(struct span *s, const char *text)
{
	size_t n = strlen(text);

	if (s->n < n || memcmp(s->p, text, n) != 0)
		return false;
	*s = span_from(s->p + n, s->n - n);
	return true;
}

static bool
take_date(struct span *s, int64_t *days)
{
	struct civil c = { 0 };

	if (!take_number(s, 4, &c.year) || !take_text(s, "-") || !take_number(s, 2, &c.month) || !take_text(s, "-") ||
	    !take_number(s, 2, &c.day) || !civil_valid(&c))
		return false;
	*days = civil_days(c.year, c.month, c.day);
	return true;
}

static bool
read_days(struct span s, struct rule *r)
{
	r->kind = DAYS;
	if (!take_date(&s, &r->from))
		return false;
	r->to = r->from;
	return s.n == 0 || (take_text(&s, "..") && take_date(&s, &r->to) && s.n == 0 && r->to >= r->from);
}

static bool
read_yearly(struct span s, struct rule *r)
{
	struct civil leap = { .year = 2024 };

	r->kind = YEARLY;
	if (!take_number(&s, 2, &leap.month) || !take_text(&s, "-") || !take_number(&s, 2, &leap.day) || s.n > 0)
		return false;
	r->month = leap.month;
	r->day = leap.day;
	return civil_valid(&leap);
}

static int
place_in(struct span word, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (span_is_nocase(word, list[i]))
			return i;
	return -1;
}

static struct span
next_word(struct span *s)
{
	struct span all = span_trim(*s);
	size_t n = 0;

	while (n < all.n && all.p[n] != ' ' && all.p[n] != '\t')
		n++;
	*s = span_trim(span_from(all.p + n, all.n - n));
	return span_from(all.p, n);
}

static bool
read_weekday(struct span s, struct rule *r)
{
	struct span which = next_word(&s);
	int nth = place_in(which, ordinals);

	r->kind = WEEKDAY;
	if (nth < 0)
		nth = place_in(which, numerals);
	r->nth = nth + 1;
	r->weekday = place_in(next_word(&s), weekdays);
	if (!span_is_nocase(next_word(&s), "of"))
		return false;
	r->month = place_in(next_word(&s), months) + 1;
	return nth >= 0 && r->weekday >= 0 && r->month > 0 && s.n == 0;
}

static bool
read_easter(struct span s, struct rule *r)
{
	static const char name[] = "easter";
	bool back;
	uint64_t n;

	r->kind = EASTER;
	if (s.n < sizeof name - 1 || !span_is_nocase(span_from(s.p, sizeof name - 1), name))
		return false;
	s = span_from(s.p + sizeof name - 1, s.n - (sizeof name - 1));
	if (s.n == 0)
		return true;
	back = s.p[0] == '-';
	if ((!back && s.p[0] != '+') || !span_to_u64(span_from(s.p + 1, s.n - 1), 99, &n))
		return false;
	r->offset = back ? -(int)n : (int)n;
	return true;
}

static bool
read_rule(struct span s, struct rule *r)
{
	*r = (struct rule){ .kind = DAYS };
	return read_days(s, r) || read_yearly(s, r) || read_weekday(s, r) || read_easter(s, r);
}

bool
holidays_read(const char *name, struct span text, struct holidays **out, struct fault *f)
{
	struct holidays *h = calloc(1, sizeof *h + RULES_MAX * sizeof(struct rule));
	int line_n = 0;

	if (!h)
		return fault_set(f, FAULT_BUSY, "no memory for holidays");
	while (text.n > 0) {
		struct span rest, line = span_cut(text, '\n', &text);
		struct span words = span_cut(line, '#', &rest);

		line_n++;
		if (words.n > 0 && words.p[words.n - 1] == '\r')
			words.n--;
		words = span_trim(words);
		if (words.n == 0)
			continue;
		if (h->n == RULES_MAX || !read_rule(words, &h->rule[h->n])) {
			free(h);
			return fault_set(f, FAULT_OPERATOR,
			    "%s:%d: a line is a day, as 2026-12-24, 2026-12-24..2027-01-01, 12-25 (every year), 4th Thursday of "
			    "November, last Monday of May or Easter-2, with # before a comment; at most %d lines",
			    name, line_n, RULES_MAX);
		}
		h->n++;
	}
	*out = h;
	return true;
}

void
holidays_free(struct holidays *h)
{
	free(h);
}
