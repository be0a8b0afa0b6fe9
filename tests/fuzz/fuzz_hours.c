/* fuzz_hours.c - any bytes as a file of holidays: it is read or its line is named, and openings are found on both sides. */
// SPDX-License-Identifier: Apache-2.0
// for: src/policy/holidays.c src/policy/hours.c
#include "nudge/hours.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
require(bool belief)
{
	if (!belief)
		abort();
}

static struct zone *
load(const char *name)
{
	struct zone *z = NULL;
	struct fault f = { 0 };

	require(zone_load(name, &z, &f));
	return z;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct zone *clinic, *patient;
	struct conf_window w = { 540, 1200, false, 10 };
	struct holidays *holidays = NULL;
	struct fault f = { 0 };
	struct hours h;
	int64_t now, until, next, last;

	if (n < 4)
		return 0;
	if (!clinic) {
		clinic = load("America/Chicago");
		patient = load("Australia/Lord_Howe");
	}
	if (!holidays_read("days", span_from(data + 4, n - 4), &holidays, &f)) {
		require(strncmp(f.text, "days:", 5) == 0 && !holidays);
		return 0;
	}
	w.from_min = data[0] * 4;
	w.to_min = w.from_min + 60 + data[1];
	h = (struct hours){ .window = &w, .zone = clinic, .holidays = holidays, .patient = { patient }, .patient_n = data[2] % 2 };
	now = 1795000000 + (data[2] * 256 + data[3]) * (int64_t)4321;
	until = now + 40 * (int64_t)86400;
	next = hours_next_opening(&h, now, until);
	last = hours_last_opening(&h, now, now - 40 * (int64_t)86400);
	require(next == INT64_MAX || (next >= now && next < until && hours_open(&h, next)));
	require(next == INT64_MAX || next == now || !hours_open(&h, next - 1));
	require(last == INT64_MIN || (last <= now && last > now - 40 * (int64_t)86400 && hours_open(&h, last)));
	require((next == now) == (last == now));
	holidays_free(holidays);
	return 0;
}
