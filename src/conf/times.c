/* times.c - hours of the day and times before a visit: read as people write them, and written so. */
// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "nudge/conf.h"

/* "09:00" to minutes; -1 when it is no time of day. 24:00 is one. */
static int
minutes_of(struct span text)
{
	struct span rest, hour = span_cut(span_trim(text), ':', &rest);
	uint64_t h, m;

	if (hour.n > 2 || !span_to_u64(hour, 24, &h) || rest.n != 2 || !span_to_u64(rest, 59, &m) ||
	    h * 60 + m > 1440)
		return -1;
	return (int)(h * 60 + m);
}

bool
conf_window(const char *text, struct conf_window *out)
{
	struct span rest, from = span_cut(span_of(text), '-', &rest);
	struct conf_window w = { minutes_of(from), minutes_of(rest), false, 0 };

	if (w.from_min < 0 || w.to_min < 0 || w.from_min >= w.to_min)
		return false;
	w.always = w.from_min == 0 && w.to_min == 1440;
	*out = w;
	return true;
}

void
conf_window_margin(struct conf_window *w, int64_t wanted_s)
{
	int most = (w->to_min - w->from_min) / 4;

	w->margin_min = w->always ? 0 : wanted_s / 60 < most ? (int)(wanted_s / 60) : most;
}

void
conf_window_text(const struct conf_window *w, char out[16])
{
	(void)snprintf(out, 16, "%02d:%02d-%02d:%02d", w->from_min / 60 % 100, w->from_min % 60, w->to_min / 60 % 100,
	    w->to_min % 60);
}

bool
conf_before(const char *text, struct conf_reminder *out, struct fault *f)
{
	const char *at = strstr(text, " at ");
	char first[32];
	int64_t n_s;
	int minute = at ? minutes_of(span_of(at + 4)) : 0;
	bool days;

	(void)span_copy(
	    first, sizeof first, span_trim(span_from(text, at ? (size_t)(at - text) : strlen(text))));
	days = first[0] && first[strlen(first) - 1] == 'd';
	if (!conf_duration(first, &n_s, f)) {
		char why[sizeof f->text];

		(void)span_copy(why, sizeof why, span_of(f->text));
		return fault_set(f, FAULT_OPERATOR, ": %.400s; or a time of day, as \"2d at 10:00\"", why);
	}
	if (at && (!days || minute < 0 || minute == 1440))
		return fault_set(f, FAULT_OPERATOR,
		    " with a time of day is written as \"2d at 10:00\", days before the visit; not \"%s\"", text);
	out->form = at ? BEFORE_DAYS_AT : days ? BEFORE_DAYS : BEFORE_ELAPSED;
	out->before_s = n_s;
	out->days = days ? (int)(n_s / 86400) : 0;
	out->at_min = minute;
	return true;
}

void
conf_duration_text(int64_t s, char out[24])
{
	if (s != 0 && s % 3600 == 0)
		(void)snprintf(out, 24, "%" PRId64 "h", s / 3600);
	else if (s != 0 && s % 60 == 0)
		(void)snprintf(out, 24, "%" PRId64 "min", s / 60);
	else
		(void)snprintf(out, 24, "%" PRId64 "s", s);
}

void
conf_before_text(const struct conf_reminder *r, char out[40])
{
	switch (r->form) {
	case BEFORE_ELAPSED:
		conf_duration_text(r->before_s, out);
		break;
	case BEFORE_DAYS:
		(void)snprintf(out, 40, "%dd", r->days);
		break;
	case BEFORE_DAYS_AT:
		(void)snprintf(out, 40, "%dd at %02d:%02d", r->days, r->at_min / 60 % 100, r->at_min % 60);
		break;
	}
}
