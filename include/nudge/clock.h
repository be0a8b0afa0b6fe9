/* nudge/clock.h - the two clocks. Time is given to the heart, never taken by it.
 *
 * wall: CLOCK_REALTIME, for civil deadlines and what people read; may step.
 * boot: CLOCK_BOOTTIME, for retries, time-outs and rate buckets; never steps.
 * Only programs (main loops, threads) call clock_now(); everything below gets
 * a `struct now`. Threads: any.
 */
#ifndef NUDGE_CLOCK_H
#define NUDGE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct now {
	int64_t wall_ms; /* milliseconds since 1970-01-01T00:00:00Z, no leap seconds */
	int64_t boot_ms; /* milliseconds since boot, suspend included */
};

static inline int64_t
now_s(const struct now *n) /* whole seconds of the wall clock, rounded down. Pure. */
{
	return n->wall_ms / 1000;
}

struct now clock_now(void); /* Reads both clocks of the system. */
int64_t clock_boot_us(void); /* The boot clock in microseconds, to measure with. */

/* The kernel says whether the clock is synchronised (adjtimex, STA_UNSYNC); where
 * a sandbox forbids the question, the mark of systemd-timesyncd does, or nobody. */
enum clock_sync { CLOCK_SYNC_UNKNOWN, CLOCK_SYNC_NO, CLOCK_SYNC_YES };
enum clock_sync clock_sync(void);
bool clock_synchronised(void); /* CLOCK_SYNC_YES */

/* This boot's id, 36 characters and a terminator: the kernel's; where /proc is
 * hidden, $NUDGE_BOOT_ID (32 digits, from the service manager); else zeros. */
void clock_boot_id(char out[37]);

#define CLOCK_TEXT_MAX 32 /* bytes, terminator included, of the texts below */

/* Year to second as "2026-11-20T21:00:00", not terminated. Returns the end. out: CLOCK_TEXT_MAX at most. Pure. */
char *clock_civil(char *out, const int field[6]);

/* RFC 3339 in UTC, "2026-11-20T21:00:00Z". wall_s in seconds. Pure. */
void clock_rfc3339(int64_t wall_s, char out[CLOCK_TEXT_MAX]);

/* IMF-fixdate of RFC 7231, "Fri, 20 Nov 2026 21:00:00 GMT", English whatever
 * the locale. wall_s in seconds. Pure. */
void clock_http_date(int64_t wall_s, char out[CLOCK_TEXT_MAX]);

#endif
