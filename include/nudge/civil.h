/* nudge/civil.h - wall-clock time in a named zone, and the instants it names.
 *
 * A zone is loaded once, from the system's /usr/share/zoneinfo (its changes of
 * 1970 to 2100), and then searched: no file and no memory on the way. Instants
 * are seconds since 1970-01-01T00:00:00Z. A time in the gap of spring names the
 * first valid instant after it; a time that comes twice in autumn names the
 * first. Threads: a loaded zone is read-only; any.
 */
#ifndef NUDGE_CIVIL_H
#define NUDGE_CIVIL_H

#include "nudge/fault.h"
#include "nudge/span.h"

struct zone;

struct civil {
	int year, month, day, hour, minute, second; /* month and day from 1 */
};

enum civil_note { CIVIL_PLAIN, CIVIL_GAP, CIVIL_TWICE };

/* name: of the IANA database, exactly ("America/Chicago"). false says that it
 * is not known. `*out` is owned by the caller: zone_free(). */
bool zone_load(const char *name, struct zone **out, struct fault *f) __attribute__((warn_unused_result));
void zone_free(struct zone *z);                  /* NULL is fine. */
const char *zone_name(const struct zone *z);     /* Borrowed. */

/* A number that changes when the zone's rules do (hash of its transitions). Pure. */
uint64_t zone_rules(const struct zone *z);

int64_t zone_instant(const struct zone *z, const struct civil *c, enum civil_note *note); /* note may be NULL. Pure. */
void zone_civil(const struct zone *z, int64_t instant_s, struct civil *out);              /* Pure. */
int zone_offset_s(const struct zone *z, int64_t instant_s);                               /* Seconds east of UTC. Pure. */

bool civil_valid(const struct civil *c);                      /* The calendar has this time. Pure. */
int64_t civil_days(int year, int month, int day);             /* Days since 1970-01-01. Pure. */
void civil_of_days(int64_t days, struct civil *out);          /* Date part only; time is 00:00:00. Pure. */
void civil_add_days(struct civil *c, int days);               /* Same wall clock, other day. Pure. */
int civil_weekday(const struct civil *c);                     /* 0 = Sunday. Pure. */

/* "2026-11-21T10:00:00", terminated. Pure. */
void civil_text(const struct civil *c, char out[32]);
/* The way back; false, and no change, for anything else. Pure. */
bool civil_of_text(const char *text, struct civil *out);

/* RFC 3339 with the zone's offset: "2026-11-21T10:00:00-06:00". Pure. */
void zone_rfc3339(const struct zone *z, int64_t instant_s, char out[32]);

#endif
