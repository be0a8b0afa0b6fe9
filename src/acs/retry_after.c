/* retry_after.c - how long the gateway asks us to wait, in its three spellings. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "nudge/acs.h"
#include "nudge/civil.h"
#include "nudge/clock.h"

#define LONGEST_MS 86400000

static int64_t
number(struct span v, int64_t unit_ms)
{
	uint64_t n;

	v = span_trim(v);
	if (!span_to_u64(v, LONGEST_MS, &n))
		return -1;
	return (int64_t)n * unit_ms > LONGEST_MS ? LONGEST_MS : (int64_t)n * unit_ms;
}

int64_t
acs_http_date(struct span v)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[40], same[CLOCK_TEXT_MAX], name[4] = "";
	const char *month;
	int day, year, hour, minute, second;
	int64_t at_s;

	(void)span_copy(text, sizeof text, span_trim(v));
	if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, name, &year, &hour, &minute, &second) != 6 ||
	    strlen(name) != 3 || !(month = strstr(months, name)) || (month - months) % 3 != 0 || year < 1970 || year > 9999)
		return -1;
	at_s = civil_days(year, (int)(month - months) / 3 + 1, day) * 86400 + hour * 3600 + minute * 60 + second;
	clock_http_date(at_s, same); /* spelled again: only what our own writer writes is a date */
	return strcmp(same, text) == 0 ? at_s : -1;
}

static int64_t
until(struct span v, int64_t now_s)
{
	int64_t at_s = acs_http_date(v);

	if (at_s < 0 || at_s - now_s > LONGEST_MS / 1000)
		return -1;
	return at_s > now_s ? (at_s - now_s) * 1000 : 0;
}

int64_t
acs_retry_after(struct span ms, struct span x_ms, struct span standard, int64_t now_s)
{
	int64_t wait = number(ms, 1);

	if (wait < 0)
		wait = number(x_ms, 1);
	if (wait < 0)
		wait = number(standard, 1000);
	if (wait < 0)
		wait = until(standard, now_s);
	return wait;
}
