/* retry_after.c - how long the gateway asks us to wait, in its three spellings. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "nudge/acs.h"
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

/* IMF-fixdate, found by trying: our own writer is the only reader needed. */
static int64_t
until(struct span v, int64_t now_s)
{
	static const char month[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[40], name[4] = "";
	int day, year, hour, minute, second;

	span_copy(text, sizeof text, span_trim(v));
	if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, name, &year, &hour, &minute, &second) != 6 ||
	    strlen(name) != 3 || !strstr(month, name) || year < 1970 || year > 9999)
		return -1;
	for (int64_t s = now_s - 86400; s <= now_s + 2 * 86400; s += 86400) {
		char same[CLOCK_TEXT_MAX];
		int64_t at_s = s - s % 86400 + hour * 3600 + minute * 60 + second;

		clock_http_date(at_s, same);
		if (strcmp(same, text) == 0)
			return at_s > now_s ? (at_s - now_s) * 1000 : 0;
	}
	return -1;
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
