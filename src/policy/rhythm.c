/* rhythm.c - learns the hours of a feed, and wonders about its silence. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/rhythm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNWATCHED_S 300
#define STEP_S 30 /* no need to look more often */
#define WORK_BEGINS 8
#define WORK_ENDS 18
#define FORM 1 /* of what is stored */

struct moment { /* on the clinic's clock */
	int64_t hour_no, block, week;
	int hour;                  /* of the week; a holiday is a Sunday */
	bool work;
};

static struct moment
moment_of(const struct rhythm_clock *c, int64_t at_s)
{
	int64_t local_s = at_s + zone_offset_s(c->zone, at_s);
	struct moment m = { .hour_no = local_s / 3600, .block = local_s / (3600 / RHYTHM_BLOCKS),
		.week = (local_s / 86400 + 4) / 7 };
	struct civil t;
	int day;

	zone_civil(c->zone, at_s, &t);
	day = holidays_has(c->holidays, &t) ? 0 : civil_weekday(&t);
	m.hour = 24 * day + t.hour;
	m.work = day >= 1 && day <= 5 && t.hour >= WORK_BEGINS && t.hour < WORK_ENDS;
	return m;
}

static void
sort(int64_t v[RHYTHM_WEEKS], size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && v[k - 1] > v[k]; k--) {
			int64_t x = v[k];

			v[k] = v[k - 1];
			v[k - 1] = x;
		}
}

/* ---- what is expected ---- */

/* Which of n sorted values count: not the least when there are six, not the most when there are three. */
static size_t
first_of(size_t n)
{
	return n >= 6;
}

static size_t
last_of(size_t n)
{
	return n - (n >= 3);
}

/* At most the logarithm, nearly, of how often there was nothing: a silence that was seen cannot be very odd. */
static int64_t
seen_silent(int64_t worth_milli, const int64_t *v, size_t from, size_t to)
{
	size_t zeros = 0;
	int64_t most;

	for (size_t i = from; i < to; i++)
		zeros += v[i] == 0;
	most = 1000 * (int64_t)(to - from - zeros) / (int64_t)(zeros + 2);
	return zeros > 0 && worth_milli > most ? most : worth_milli;
}

static bool
knows(const struct rhythm_hour *h, size_t week)
{
	return h->known >> week & 1;
}

/* By the hour itself. */
static int64_t
own_milli(const struct rhythm_hour *h)
{
	int64_t v[RHYTHM_WEEKS], sum = 0, all;
	size_t n = 0, from, to;

	for (size_t i = 0; i < RHYTHM_WEEKS; i++)
		if (knows(h, i))
			v[n++] = h->blocks[i];
	if (n < 2)
		return 0;
	sort(v, n);
	from = first_of(n);
	to = last_of(n);
	for (size_t i = from; i < to; i++)
		sum += v[i];
	all = RHYTHM_BLOCKS * (int64_t)(to - from) + 1;
	return seen_silent((int64_t)(-1000.0 * RHYTHM_BLOCKS * log(1.0 - (double)sum / (double)all)), v, from, to);
}

/* Blocks, or messages, of that day in that week. */
static int64_t
day_sum(const struct rhythm *r, int day, size_t week, bool messages)
{
	int64_t sum = 0;

	for (int i = 24 * day; i < 24 * day + 24; i++)
		if (knows(&r->hour[i], week))
			sum += messages ? r->hour[i].messages[week] : r->hour[i].blocks[week];
	return sum;
}

/* A sparse feed has no usual hour but may have a usual day: the hour's share of that. The week that goes on has
 * only a part of it. */
static int64_t
share_milli(const struct rhythm *r, int hour)
{
	int64_t sum[RHYTHM_WEEKS], sorted[RHYTHM_WEEKS], of_hour = 0, of_day = 0, usual = 0;
	const struct rhythm_hour *h = &r->hour[hour];
	size_t n = 0, from, to;

	for (size_t i = 0; i < RHYTHM_WEEKS; i++) {
		sum[i] = knows(h, i) && i != (size_t)(r->week % RHYTHM_WEEKS) ? day_sum(r, hour / 24, i, false) : INT64_MAX;
		if (sum[i] != INT64_MAX)
			sorted[n++] = sum[i];
	}
	if (n < 2)
		return 0;
	sort(sorted, n);
	from = first_of(n);
	to = last_of(n);
	for (size_t i = from; i < to; i++)
		usual += sorted[i];
	for (size_t i = 0; i < RHYTHM_WEEKS; i++)
		if (sum[i] <= sorted[to - 1]) {
			of_hour += h->blocks[i];
			of_day += sum[i];
		}
	usual = usual * 1000 / (int64_t)(to - from + 1);
	return of_day > 0 ? seen_silent(usual, sorted, from, to) * of_hour / of_day : 0;
}

int64_t
rhythm_worth_milli(const struct rhythm *r, int hour)
{
	int64_t own = own_milli(&r->hour[hour]);

	return own >= 1000 ? own : share_milli(r, hour);
}

bool
rhythm_learned(const struct rhythm *r)
{
	size_t n = 0;

	for (size_t i = 0; i < RHYTHM_HOURS; i++)
		n += (r->hour[i].known & (r->hour[i].known - 1)) != 0;
	return 2 * n >= RHYTHM_HOURS;
}

/* ---- time goes on ---- */

static void
learn(struct rhythm *r, const struct moment *m)
{
	struct rhythm_hour *h = &r->hour[m->hour];
	size_t week = (size_t)(m->week % RHYTHM_WEEKS);

	if (!r->whole || r->last_s == 0 || (r->silent && r->messages == 0))
		return;
	h->messages[week] = (uint16_t)(r->messages > UINT16_MAX ? UINT16_MAX : r->messages);
	h->blocks[week] = r->blocks;
	h->known |= (uint8_t)(1u << week);
}

static void
begin_week(struct rhythm *r, int64_t week)
{
	r->week = week;
	for (int i = 0; i < RHYTHM_HOURS; i++)
		r->hour[i].known &= (uint8_t)~(1u << (size_t)(week % RHYTHM_WEEKS));
}

/* The moment is m: ends the hour of before, if this is another. */
static void
go_on(struct rhythm *r, const struct rhythm_clock *c, const struct moment *m, int64_t now_s)
{
	bool watched = r->ticked_s != 0 && now_s >= r->ticked_s && now_s - r->ticked_s < UNWATCHED_S;
	bool other = r->ticked_s == 0 || m->hour_no != r->hour_no;

	if (other && watched) {
		struct moment before = moment_of(c, r->ticked_s);

		learn(r, &before);
	}
	if (m->week > r->week)
		begin_week(r, m->week);
	if (other) {
		r->messages = r->blocks = 0;
		r->hour_no = m->hour_no;
		r->changed = r->last_s != 0;
	}
	r->whole = watched && (r->whole || other);
}

static bool
is_odd(const struct rhythm *r, const struct moment *m, int64_t now_s, int64_t unlearned_s)
{
	int64_t worth = rhythm_worth_milli(r, m->hour), busiest = 0;

	if (!rhythm_learned(r))
		return m->work && now_s - r->last_s >= unlearned_s;
	if (r->odd_milli < RHYTHM_ODD * 1000 || worth == 0)
		return false;
	for (int i = 0; i < RHYTHM_HOURS && worth < 1000; i++) {
		int64_t x = rhythm_worth_milli(r, i);

		busiest = x > busiest ? x : busiest;
	}
	return worth >= 1000 || 4 * worth >= busiest;
}

enum rhythm_change
rhythm_tick(struct rhythm *r, const struct rhythm_clock *c, int64_t now_s, int64_t unlearned_s)
{
	struct moment m;
	int64_t passed = now_s - r->ticked_s;

	if (r->ticked_s != 0 && passed >= 0 && passed < STEP_S)
		return RHYTHM_SAME;
	m = moment_of(c, now_s);
	if (r->ticked_s != 0 && passed > 0 && passed < UNWATCHED_S && r->last_s != 0 && !r->silent)
		r->odd_milli += rhythm_worth_milli(r, m.hour) * passed / 3600;
	go_on(r, c, &m, now_s);
	r->ticked_s = now_s;
	if (r->silent || r->last_s == 0 || !is_odd(r, &m, now_s, unlearned_s))
		return RHYTHM_SAME;
	r->silent = r->changed = true;
	return RHYTHM_BEGINS;
}

enum rhythm_change
rhythm_hear(struct rhythm *r, const struct rhythm_clock *c, int64_t now_s)
{
	struct moment m = moment_of(c, now_s);
	bool was = r->silent;

	go_on(r, c, &m, now_s);
	r->ticked_s = r->last_s = now_s;
	r->odd_milli = 0;
	r->silent = false;
	r->changed = r->changed || was;
	r->messages++;
	if (r->blocks == 0 || r->block != m.block)
		r->blocks = (uint8_t)(r->blocks < RHYTHM_BLOCKS ? r->blocks + 1 : RHYTHM_BLOCKS);
	r->block = m.block;
	return was ? RHYTHM_ENDS : RHYTHM_SAME;
}

/* ---- in words ---- */

static int64_t
median(int64_t v[RHYTHM_WEEKS], size_t n)
{
	sort(v, n);
	return n > 0 ? v[n / 2] : 0;
}

static const char *
messages(int64_t n)
{
	return n == 1 ? "message" : "messages";
}

void
rhythm_explain(const struct rhythm *r, const struct rhythm_clock *c, int64_t now_s, char out[RHYTHM_TEXT_MAX])
{
	static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
	struct moment m = moment_of(c, now_s);
	int64_t v[RHYTHM_WEEKS], n, n_day, age;
	const struct rhythm_hour *h = &r->hour[m.hour];
	struct civil last, now;
	char usual[64] = "", since[40];
	size_t weeks = 0;

	for (size_t i = 0; i < RHYTHM_WEEKS; i++)
		if (knows(h, i))
			v[weeks++] = h->messages[i];
	n = median(v, weeks);
	weeks = 0;
	for (size_t i = 0; i < RHYTHM_WEEKS; i++)
		if (knows(h, i))
			v[weeks++] = day_sum(r, m.hour / 24, i, true);
	n_day = median(v, weeks);
	if (n > 0)
		(void)snprintf(usual, sizeof usual, "usually %lld %s on a %s %d-%d, ", (long long)n, messages(n), days[m.hour / 24], m.hour % 24,
		    m.hour % 24 + 1);
	else if (n_day > 0)
		(void)snprintf(usual, sizeof usual, "usually %lld %s on a %s, ", (long long)n_day, messages(n_day), days[m.hour / 24]);
	zone_civil(c->zone, r->last_s, &last);
	zone_civil(c->zone, now_s, &now);
	age = civil_days(now.year, now.month, now.day) - civil_days(last.year, last.month, last.day);
	if (age == 0)
		(void)snprintf(since, sizeof since, "%d:%02d", last.hour, last.minute);
	else if (age > 0 && age < 7)
		(void)snprintf(since, sizeof since, "%s %d:%02d", days[civil_weekday(&last)], last.hour, last.minute);
	else
		(void)snprintf(since, sizeof since, "%04d-%02d-%02d %d:%02d", last.year, last.month, last.day, last.hour, last.minute);
	(void)snprintf(out, RHYTHM_TEXT_MAX, "%snone since %s%s", usual, since, rhythm_learned(r) ? "" : "; its rhythm is not known yet");
}

/* ---- as it is stored ---- */

static uint8_t *
put(uint8_t *p, uint64_t v, size_t bytes)
{
	for (size_t i = bytes; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
	return p + bytes;
}

static const uint8_t *
get(const uint8_t *p, uint64_t *v, size_t bytes)
{
	*v = 0;
	for (size_t i = 0; i < bytes; i++)
		*v = *v << 8 | p[i];
	return p + bytes;
}

void
rhythm_put(const struct rhythm *r, uint8_t out[RHYTHM_STORED])
{
	uint8_t *p = put(out, FORM, 1);

	p = put(p, (uint64_t)r->week, 8);
	p = put(p, (uint64_t)r->last_s, 8);
	p = put(p, (uint64_t)r->odd_milli, 8);
	p = put(p, r->silent, 1);
	for (size_t i = 0; i < RHYTHM_HOURS; i++) {
		const struct rhythm_hour *h = &r->hour[i];

		p = put(p, h->known, 1);
		for (size_t k = 0; k < RHYTHM_WEEKS; k++)
			p = put(put(p, h->messages[k], 2), h->blocks[k], 1);
	}
}

/* What no feed can have had is not believed. */
static bool
get_hour(const uint8_t **p, struct rhythm_hour *h)
{
	uint64_t v;
	bool ok = true;

	*p = get(*p, &v, 1);
	h->known = (uint8_t)v;
	for (size_t k = 0; k < RHYTHM_WEEKS; k++) {
		*p = get(*p, &v, 2);
		h->messages[k] = (uint16_t)v;
		*p = get(*p, &v, 1);
		h->blocks[k] = (uint8_t)v;
		ok = ok && v <= RHYTHM_BLOCKS;
	}
	return ok;
}

bool
rhythm_get(struct span stored, struct rhythm *out)
{
	const uint8_t *p = (const uint8_t *)stored.p;
	uint64_t form, week, last, odd, silent;
	bool ok = stored.n == RHYTHM_STORED;

	memset(out, 0, sizeof *out);
	if (!ok)
		return false;
	p = get(get(get(get(get(p, &form, 1), &week, 8), &last, 8), &odd, 8), &silent, 1);
	for (size_t i = 0; i < RHYTHM_HOURS; i++)
		ok = get_hour(&p, &out->hour[i]) && ok;
	out->week = (int64_t)week;
	out->last_s = (int64_t)last;
	out->odd_milli = (int64_t)odd;
	out->silent = silent == 1;
	if (ok && form == FORM && out->week >= 0 && out->last_s >= 0 && out->odd_milli >= 0 && out->odd_milli < INT64_MAX / 2)
		return true;
	memset(out, 0, sizeof *out);
	return false;
}
