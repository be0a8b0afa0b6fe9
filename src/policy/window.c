/* window.c - the hours in which a clinic texts, on its own wall clock. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/hours.h"

#include <assert.h>

#define DAYS_AHEAD 3 /* an opening is never further away: every day has one */

/* What is handed over in the last minutes would still be on its way when the window is closed. */
static int
last_minute(const struct conf_window *w)
{
	return w->to_min - w->margin_min;
}

static bool
inside(const struct conf_window *w, int minute)
{
	if (w->from_min <= last_minute(w))
		return minute >= w->from_min && minute < last_minute(w);
	return minute >= w->from_min || minute < last_minute(w);
}

bool
window_open(const struct conf_window *w, const struct zone *z, int64_t at_s)
{
	struct civil c;

	if (w->always)
		return true;
	zone_civil(z, at_s, &c);
	return inside(w, c.hour * 60 + c.minute);
}

/* The instant of a minute of the day `days` after the day of `c`. */
static int64_t
instant_of(const struct zone *z, struct civil c, int days, int minute)
{
	c.hour = minute / 60;
	c.minute = minute % 60;
	c.second = 0;
	if (c.hour == 24) {
		c.hour = 0;
		days++;
	}
	civil_add_days(&c, days);
	return zone_instant(z, &c, NULL);
}

int64_t
window_next_opening(const struct conf_window *w, const struct zone *z, int64_t at_s)
{
	struct civil c;

	if (window_open(w, z, at_s))
		return at_s;
	zone_civil(z, at_s, &c);
	for (int day = 0; day <= DAYS_AHEAD; day++) {
		int64_t opening = instant_of(z, c, day, w->from_min);

		if (opening > at_s && window_open(w, z, opening))
			return opening;
	}
	return at_s + 86400;
}

int64_t
window_last_closing(const struct conf_window *w, const struct zone *z, int64_t at_s)
{
	struct civil c;

	assert(!w->always);
	zone_civil(z, at_s, &c);
	for (int day = 0; day >= -DAYS_AHEAD; day--) {
		int64_t closing = instant_of(z, c, day, last_minute(w)) - 1;

		if (closing <= at_s && window_open(w, z, closing))
			return closing;
	}
	return at_s - 86400;
}
