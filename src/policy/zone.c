/* zone.c - a zone as the list of its offset changes, taken from ICU once. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/civil.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ucal.h>

#define NAME_MAX_CHARS 63
#define CHANGES_MAX 1024         /* Morocco, the busiest, has under 300 until 2100 */
#define FROM_S INT64_C(0)
#define UNTIL_S INT64_C(4133980800) /* 2101-01-01 */

struct change {
	int64_t at_s;      /* first instant with this offset */
	int64_t offset_s;  /* east of UTC */
};

/* Invariant: n >= 1, at_s rise, neighbours differ in their offset, change[0]
 * holds for all time before as well. */
struct zone {
	char name[NAME_MAX_CHARS + 1];
	uint64_t rules;
	size_t n;
	struct change change[];
};

static bool
add_change(struct change *list, size_t *n, UCalendar *cal, int64_t at_s)
{
	UErrorCode e = U_ZERO_ERROR;
	int64_t offset_s;

	ucal_setMillis(cal, (double)at_s * 1000.0, &e);
	offset_s = (ucal_get(cal, UCAL_ZONE_OFFSET, &e) + ucal_get(cal, UCAL_DST_OFFSET, &e)) / 1000;
	if (U_FAILURE(e) || *n == CHANGES_MAX)
		return false;
	if (*n == 0 || list[*n - 1].offset_s != offset_s) /* a new name for the same offset is no change */
		list[(*n)++] = (struct change){ at_s, offset_s };
	return true;
}

static bool
collect_changes(const UChar *name, struct change *list, size_t *n)
{
	UErrorCode e = U_ZERO_ERROR;
	UCalendar *cal = ucal_open(name, -1, "en_US", UCAL_GREGORIAN, &e);
	int64_t at_s = FROM_S;
	bool ok = U_SUCCESS(e) && add_change(list, n, cal, at_s);

	while (ok) {
		UDate next_ms;
		bool more;

		ucal_setMillis(cal, (double)at_s * 1000.0, &e);
		more = ucal_getTimeZoneTransitionDate(cal, UCAL_TZ_TRANSITION_NEXT, &next_ms, &e);
		ok = U_SUCCESS(e);
		if (!ok || !more || next_ms >= (double)UNTIL_S * 1000.0)
			break;
		at_s = (int64_t)(next_ms / 1000.0);
		ok = add_change(list, n, cal, at_s);
	}
	ucal_close(cal);
	return ok;
}

/* ICU takes any unknown name for UTC and makes zones of "GMT+5": only names of
 * the database pass. */
static bool
is_in_database(const char *name, UChar wide[NAME_MAX_CHARS + 1])
{
	UChar canonical[128];
	UBool is_system = 0;
	UErrorCode e = U_ZERO_ERROR;
	size_t n = strlen(name);

	if (n == 0 || n > NAME_MAX_CHARS)
		return false;
	for (size_t i = 0; i <= n; i++) {
		if ((unsigned char)name[i] > 0x7e)
			return false;
		wide[i] = (UChar)name[i];
	}
	(void)ucal_getCanonicalTimeZoneID(wide, (int32_t)n, canonical, 128, &is_system, &e);
	return U_SUCCESS(e) && is_system;
}

/* FNV-1a over the numbers, byte order fixed. */
static uint64_t
hash_changes(const struct change *list, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++) {
		const uint64_t value[] = { (uint64_t)list[i].at_s, (uint64_t)list[i].offset_s };

		for (size_t b = 0; b < 128; b += 8) {
			h ^= (value[b / 64] >> (b % 64)) & 0xff;
			h *= UINT64_C(0x100000001b3);
		}
	}
	return h;
}

bool
zone_load(const char *name, struct zone **out, struct fault *f)
{
	UChar wide[NAME_MAX_CHARS + 1];
	struct change *list;
	struct zone *z = NULL;
	size_t n = 0;

	if (!is_in_database(name, wide))
		return fault_set(f, FAULT_OPERATOR,
		    "time zone \"%.64s\" is not known: write a name of the IANA database, "
		    "such as America/Chicago", name);
	list = calloc(CHANGES_MAX, sizeof *list);
	if (!list)
		return fault_set(f, FAULT_BUSY, "no memory for a time zone");
	if (!collect_changes(wide, list, &n)) {
		(void)fault_set(f, FAULT_OPERATOR, "ICU cannot tell the rules of time zone \"%.64s\"", name);
		goto out;
	}
	z = calloc(1, sizeof *z + n * sizeof *list);
	if (!z) {
		(void)fault_set(f, FAULT_BUSY, "no memory for a time zone");
		goto out;
	}
	assert(n >= 1);
	(void)span_copy(z->name, sizeof z->name, span_of(name));
	z->n = n;
	memcpy(z->change, list, n * sizeof *list);
	z->rules = hash_changes(list, n);
	*out = z;
out:
	free(list);
	return z != NULL;
}

void
zone_free(struct zone *z)
{
	free(z);
}

const char *
zone_name(const struct zone *z)
{
	return z->name;
}

uint64_t
zone_rules(const struct zone *z)
{
	return z->rules;
}

/* The last change at or before the instant; the first one also for all before it. */
static size_t
find_change(const struct zone *z, int64_t instant_s)
{
	size_t low = 0, high = z->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (z->change[middle].at_s <= instant_s)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int
zone_offset_s(const struct zone *z, int64_t instant_s)
{
	return (int)z->change[find_change(z, instant_s)].offset_s;
}

static bool
holds_at(const struct zone *z, size_t i, int64_t instant_s)
{
	return (i == 0 || instant_s >= z->change[i].at_s) &&
	    (i + 1 == z->n || instant_s < z->change[i + 1].at_s);
}

int64_t
zone_instant(const struct zone *z, const struct civil *c, enum civil_note *note)
{
	int64_t wall_s = civil_days(c->year, c->month, c->day) * 86400 + INT64_C(3600) * c->hour
	    + INT64_C(60) * c->minute + c->second;
	/* No offset is over 26 hours from another: what may hold begins this near. */
	size_t first = find_change(z, wall_s - 2 * 86400), last = find_change(z, wall_s + 2 * 86400);
	enum civil_note said = CIVIL_GAP;
	int64_t found_s = 0;

	for (size_t i = first; i <= last; i++) {
		int64_t at_s = wall_s - z->change[i].offset_s;

		if (!holds_at(z, i, at_s))
			continue;
		if (said == CIVIL_PLAIN) {
			said = CIVIL_TWICE;
			break;
		}
		said = CIVIL_PLAIN;
		found_s = at_s;
	}
	/* In a gap: the change that jumps over this wall time. */
	for (size_t i = first + 1; said == CIVIL_GAP && i <= last; i++) {
		int64_t at_s = z->change[i].at_s;

		if (wall_s >= at_s + z->change[i - 1].offset_s && wall_s < at_s + z->change[i].offset_s)
			found_s = at_s;
	}
	if (note)
		*note = said;
	return found_s;
}

void
zone_civil(const struct zone *z, int64_t instant_s, struct civil *out)
{
	int64_t wall_s = instant_s + zone_offset_s(z, instant_s);
	int64_t days = wall_s / 86400, rest_s = wall_s % 86400;

	if (rest_s < 0) {
		rest_s += 86400;
		days--;
	}
	civil_of_days(days, out);
	out->hour = (int)(rest_s / 3600);
	out->minute = (int)(rest_s / 60 % 60);
	out->second = (int)(rest_s % 60);
}

void
zone_rfc3339(const struct zone *z, int64_t instant_s, char out[32])
{
	int offset_min = zone_offset_s(z, instant_s) / 60; /* the form has no seconds */
	struct civil c;
	char text[32];

	zone_civil(z, instant_s, &c);
	civil_text(&c, text);
	(void)snprintf(out, 32, "%.25s%c%02d:%02d", text, offset_min < 0 ? '-' : '+',
	    abs(offset_min) / 60 % 100, abs(offset_min) % 60);
}
