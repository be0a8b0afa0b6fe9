/* tzrule.c - the rule at the end of a zone file: the form of the TZ variable (RFC 9636, 3.3). */
// SPDX-License-Identifier: Apache-2.0
#include "policy/tzif.h"

#include "nudge/civil.h"

struct cursor {
	const char *p, *end;
};

static bool
take(struct cursor *c, char wanted)
{
	if (c->p == c->end || *c->p != wanted)
		return false;
	c->p++;
	return true;
}

static bool
take_number(struct cursor *c, int max, int *out)
{
	const char *begin = c->p;
	int v = 0;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && c->p - begin < 4)
		v = v * 10 + (*c->p++ - '0');
	if (c->p == begin || v > max)
		return false;
	*out = v;
	return true;
}

/* "EST", or "<+0330>": needed for its end only. */
static bool
take_name(struct cursor *c)
{
	const char *begin = c->p;

	if (take(c, '<')) {
		while (c->p < c->end && *c->p != '>')
			c->p++;
		return take(c, '>');
	}
	while (c->p < c->end && ((*c->p >= 'A' && *c->p <= 'Z') || (*c->p >= 'a' && *c->p <= 'z')))
		c->p++;
	return c->p - begin >= 3;
}

/* [+-]h[:mm[:ss]] */
static bool
take_time(struct cursor *c, int hours_max, int64_t *out)
{
	bool negative = take(c, '-');
	int h, m = 0, s = 0;

	if (!negative)
		(void)take(c, '+');
	if (!take_number(c, hours_max, &h))
		return false;
	if (take(c, ':') && (!take_number(c, 59, &m) || (take(c, ':') && !take_number(c, 59, &s))))
		return false;
	*out = INT64_C(3600) * h + 60 * m + s;
	if (negative)
		*out = -*out;
	return true;
}

static bool
take_day(struct cursor *c, struct tz_day *out)
{
	struct tz_day d = { .form = 'n', .at_s = 7200 };

	if (take(c, 'M')) {
		d.form = 'M';
		if (!take_number(c, 12, &d.month) || d.month < 1 || !take(c, '.') || !take_number(c, 5, &d.week) ||
		    d.week < 1 || !take(c, '.') || !take_number(c, 6, &d.day))
			return false;
	} else if (take(c, 'J')) {
		d.form = 'J';
		if (!take_number(c, 365, &d.day) || d.day < 1)
			return false;
	} else if (!take_number(c, 365, &d.day)) {
		return false;
	}
	if (take(c, '/') && !take_time(c, 167, &d.at_s))
		return false;
	*out = d;
	return true;
}

bool
tz_rule_read(struct span text, struct tz_rule *out)
{
	struct cursor c = { text.p, text.p + text.n };
	struct tz_rule r = { .has_summer = false };
	int64_t west_s;

	if (text.n == 0 || !take_name(&c) || !take_time(&c, 24, &west_s))
		return false;
	r.offset_s = -west_s;
	if (c.p < c.end) {
		r.has_summer = true;
		r.summer_s = r.offset_s + 3600;
		if (!take_name(&c))
			return false;
		if (c.p < c.end && *c.p != ',') {
			if (!take_time(&c, 24, &west_s))
				return false;
			r.summer_s = -west_s;
		}
		if (!take(&c, ',') || !take_day(&c, &r.begin) || !take(&c, ',') || !take_day(&c, &r.end))
			return false;
	}
	if (c.p != c.end)
		return false;
	*out = r;
	return true;
}

static int64_t
day_of(const struct tz_day *d, int year)
{
	int64_t january = civil_days(year, 1, 1), first, day;
	bool leap = civil_days(year, 3, 1) - january == 60;
	struct civil c;
	int weekday;

	if (d->form == 'n')
		return january + d->day;
	if (d->form == 'J')
		return january + d->day - 1 + (leap && d->day >= 60);
	first = civil_days(year, d->month, 1);
	civil_of_days(first, &c);
	weekday = civil_weekday(&c);
	day = first + (d->day - weekday + 7) % 7 + INT64_C(7) * (d->week - 1);
	if (d->week == 5) {
		int64_t next = d->month == 12 ? civil_days(year + 1, 1, 1) : civil_days(year, d->month + 1, 1);

		if (day >= next)
			day -= 7;
	}
	return day;
}

void
tz_rule_changes(const struct tz_rule *r, int year, struct tz_change out[2])
{
	struct tz_change begin = { day_of(&r->begin, year) * 86400 + r->begin.at_s - r->offset_s, r->summer_s };
	struct tz_change end = { day_of(&r->end, year) * 86400 + r->end.at_s - r->summer_s, r->offset_s };
	bool north = begin.at_s <= end.at_s;

	out[0] = north ? begin : end;
	out[1] = north ? end : begin;
}
