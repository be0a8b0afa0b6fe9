/* policy/tzif.h - a zone file of the system as the changes of its offset.
 *
 * TZif of version 2 or later, and the rule of a TZ variable at its end, which
 * holds for all later years (RFC 9636). Pure.
 */
#ifndef POLICY_TZIF_H
#define POLICY_TZIF_H

#include "nudge/fault.h"
#include "nudge/span.h"

struct tz_change {
	int64_t at_s;     /* first instant with this offset */
	int64_t offset_s; /* east of UTC */
};

/* What is listed: the changes from 1970 to 2100. The first is at FROM whatever
 * came before, and neighbours differ in their offset. */
#define TZ_FROM_S INT64_C(0)
#define TZ_UNTIL_S INT64_C(4133980800) /* 2101-01-01 */
#define TZ_YEAR_LAST 2100

/* list has room for cap >= 1. false: not such a file, torn, or one that counts
 * leap seconds; *n is untouched, list is not. */
bool tzif_read(struct span bytes, struct tz_change *list, size_t cap, size_t *n, struct fault *f)
    __attribute__((warn_unused_result));

/* "EST5EDT,M3.2.0,M11.1.0": when summer begins and ends, in every year. */
struct tz_day {
	char form;            /* 'M' month.week.weekday, 'J' day 1 to 365 without 29 February, 'n' day 0 to 365 */
	int month, week, day; /* 'M': weekday 0 = Sunday, week 5 = the last; else only day */
	int64_t at_s;         /* of local time, from the midnight that begins the day; also negative */
};
struct tz_rule {
	int64_t offset_s;     /* standard time, east of UTC */
	bool has_summer;
	int64_t summer_s;     /* its offset, which may be the smaller one (Ireland) */
	struct tz_day begin, end;
};
bool tz_rule_read(struct span text, struct tz_rule *out) __attribute__((warn_unused_result));

/* Both changes of a year, in order; of a rule that has_summer. */
void tz_rule_changes(const struct tz_rule *r, int year, struct tz_change out[2]);

#endif
