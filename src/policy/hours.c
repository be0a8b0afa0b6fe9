/* hours.c - open where the clinic is, where the patient may be, and on no holiday. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/hours.h"

#include <assert.h>

#define STEPS_MAX 1000 /* each passes an opening or a day in some zone */

static bool
on_holiday(const struct hours *h, int64_t at_s, struct civil *day)
{
	zone_civil(h->zone, at_s, day);
	return h->holidays && holidays_has(h->holidays, day);
}

/* The zones of both, the clinic's first. */
static const struct zone *
zone_at(const struct hours *h, size_t i)
{
	return i == 0 ? h->zone : h->patient[i - 1];
}

bool
hours_open(const struct hours *h, int64_t at_s)
{
	struct civil day;

	assert(h->patient_n <= HOURS_ZONES);
	for (size_t i = 0; i <= h->patient_n; i++)
		if (!window_open(h->window, zone_at(h, i), at_s))
			return false;
	return !on_holiday(h, at_s, &day);
}

static int64_t
midnight(const struct zone *z, struct civil day, int days)
{
	day.hour = day.minute = day.second = 0;
	civil_add_days(&day, days);
	return zone_instant(z, &day, NULL);
}

int64_t
hours_next_opening(const struct hours *h, int64_t at_s, int64_t until_s)
{
	struct civil day;

	for (int step = 0; step < STEPS_MAX && at_s < until_s; step++) {
		int64_t next = at_s;

		if (hours_open(h, at_s))
			return at_s;
		for (size_t i = 0; i <= h->patient_n && next == at_s; i++)
			next = window_next_opening(h->window, zone_at(h, i), at_s);
		if (next == at_s) /* every clock is inside: it is a holiday */
			next = on_holiday(h, at_s, &day) ? midnight(h->zone, day, 1) : at_s + 1;
		assert(next > at_s);
		at_s = next;
	}
	return INT64_MAX;
}

int64_t
hours_last_opening(const struct hours *h, int64_t at_s, int64_t from_s)
{
	struct civil day;

	for (int step = 0; step < STEPS_MAX && at_s > from_s; step++) {
		int64_t last = at_s;

		if (hours_open(h, at_s))
			return at_s;
		for (size_t i = 0; i <= h->patient_n && last == at_s; i++)
			if (!window_open(h->window, zone_at(h, i), at_s))
				last = window_last_closing(h->window, zone_at(h, i), at_s);
		if (last == at_s)
			last = on_holiday(h, at_s, &day) ? midnight(h->zone, day, 0) - 1 : at_s - 1;
		assert(last < at_s);
		at_s = last;
	}
	return INT64_MIN;
}
