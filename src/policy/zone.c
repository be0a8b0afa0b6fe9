/* zone.c - a zone as the list of its offset changes, read once from the system's database. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/civil.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/file.h"
#include "policy/tzif.h"

/* Debian renews this folder (tzdata) within days of a change of law, in stable
 * releases too; the data inside ICU stays as it was when that was packaged. */
#define DATABASE "/usr/share/zoneinfo"
#define NAME_MAX_CHARS 63
#define FILE_MAX_BYTES 65536
#define CHANGES_MAX 1024 /* Morocco, the busiest, has under 300 until 2100 */

/* Spans of 194 days from 1970 to 2113, within which clocks change once or twice. */
#define SPAN_BITS 24
#define SPANS 270

/* Invariant: n >= 1, at_s rise, neighbours differ in their offset, change[0]
 * holds for all time before as well. */
struct zone {
	char name[NAME_MAX_CHARS + 1];
	uint64_t rules;
	uint16_t begin[SPANS]; /* the change that holds when the span begins */
	size_t n;
	struct tz_change change[];
};

/* Files that are no zone of the database, or count leap seconds. */
static bool
is_aside(const char *name)
{
	static const char *const aside[] = { "posix/", "right/", "posixrules", "localtime", "Factory" };

	for (size_t i = 0; i < sizeof aside / sizeof aside[0]; i++)
		if (strncmp(name, aside[i], strlen(aside[i])) == 0)
			return true;
	return false;
}

/* Of the database's characters, beginning with a letter, and no way out of its folder. */
static bool
is_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > NAME_MAX_CHARS || is_aside(name))
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = name[i], letter = (char)(c | 32);
		bool inner = i > 0 && name[i - 1] != '/';

		if (letter >= 'a' && letter <= 'z')
			continue;
		if (!inner || !((c >= '0' && c <= '9') || c == '/' || c == '_' || c == '+' || c == '-'))
			return false;
	}
	return name[n - 1] != '/';
}

/* FNV-1a over the numbers, byte order fixed. */
static uint64_t
hash_changes(const struct tz_change *list, size_t n)
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

/* The last change at or before the instant; the first one also for all before it. */
static size_t
search_change(const struct zone *z, int64_t instant_s)
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

/* The same, found from where its span begins. */
static size_t
find_change(const struct zone *z, int64_t instant_s)
{
	size_t i;

	if (instant_s < 0 || instant_s >> SPAN_BITS >= SPANS)
		return search_change(z, instant_s);
	i = z->begin[instant_s >> SPAN_BITS];
	while (i + 1 < z->n && z->change[i + 1].at_s <= instant_s)
		i++;
	return i;
}

static struct zone *
make_zone(const char *name, struct span bytes, struct fault *f)
{
	struct tz_change *list = calloc(CHANGES_MAX, sizeof *list);
	struct zone *z = NULL;
	size_t n = 0;

	if (!list) {
		(void)fault_set(f, FAULT_BUSY, "no memory for a time zone");
		return NULL;
	}
	if (!tzif_read(bytes, list, CHANGES_MAX, &n, f)) {
		(void)fault_at(f, "time zone \"%s\": %s/%s", name, DATABASE, name);
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
	for (size_t i = 0; i < SPANS; i++)
		z->begin[i] = (uint16_t)search_change(z, (int64_t)i << SPAN_BITS);
out:
	free(list);
	return z;
}

bool
zone_load(const char *name, struct zone **out, struct fault *f)
{
	char path[sizeof DATABASE + NAME_MAX_CHARS + 2], *bytes = NULL;
	struct zone *z;
	size_t n = 0;

	if (access(DATABASE, X_OK) != 0)
		return fault_set(f, FAULT_OPERATOR, "%s is not there: install tzdata", DATABASE);
	(void)snprintf(path, sizeof path, DATABASE "/%.*s", NAME_MAX_CHARS, name);
	if (!is_name(name) || access(path, R_OK) != 0)
		return fault_set(f, FAULT_OPERATOR,
		    "time zone \"%.64s\" is not known: write a name of the IANA database, "
		    "such as America/Chicago", name);
	if (!file_read_bytes(path, FILE_MAX_BYTES, &bytes, &n, f))
		return fault_at(f, "time zone \"%.64s\"", name);
	z = make_zone(name, (struct span){ bytes, n }, f);
	free(bytes);
	if (z)
		*out = z;
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
	size_t first = find_change(z, wall_s - 2 * 86400), last = first;
	enum civil_note said = CIVIL_GAP;
	int64_t found_s = 0;

	while (last + 1 < z->n && z->change[last + 1].at_s <= wall_s + 2 * 86400)
		last++;
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
