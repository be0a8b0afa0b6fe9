/* nudge/wheel.h - look-ahead of due times: flat, one slot a second, no cascade.
 *
 * Holds "look at row R at second T" for the next `span_s` seconds. The store is
 * the truth: what the wheel loses costs time, never a text, and a fired entry
 * means "look again", never "send". Entries are not cancelled; a row that
 * changed meanwhile is found changed when it is looked at.
 *
 * Clock:   none of its own; seconds of CLOCK_REALTIME are given to each call.
 * Threads: one owner at a time.
 * Cost:    add O(1); advance O(slots passed, at most span_s, + entries fired).
 * Memory:  8 bytes a slot and 16 bytes an entry, taken in chunks as needed.
 * Source:  Varghese & Lauck 1987, scheme 4 (interval bounded by the wheel).
 */
#ifndef NUDGE_WHEEL_H
#define NUDGE_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wheel;

/* Called for each due entry, earliest second first, within a second in the
 * order added. May add entries (what is due by now fires in the same call, as
 * far as `most` reaches); must not free or reset the wheel. due_s: as it was
 * added, also when it was late (by 136 years at most). */
typedef void wheel_fire_fn(void *ctx, int64_t row, int64_t due_s);

/* span_s: 1 .. 604800, seconds of look-ahead. now_s: where the hand stands.
 * max: most entries at once. NULL when out of memory. Owned by the caller. */
struct wheel *wheel_new(uint32_t span_s, int64_t now_s, uint32_t max);
void wheel_free(struct wheel *w); /* NULL is fine. */

/* A due_s at or before the hand fires at the next advance. false when due_s is
 * span_s or more ahead of the hand, or the wheel or the memory is full: leave it
 * to the store. */
bool wheel_add(struct wheel *w, int64_t row, int64_t due_s) __attribute__((warn_unused_result));

/* Moves the hand to now_s and fires what is due, at most `most` entries;
 * returns how many fired. When `most` stops it, the hand stays at the second
 * that is not finished. A hand never moves back. A jump of any size costs at
 * most one turn of the wheel. */
size_t wheel_advance(struct wheel *w, int64_t now_s, size_t most, wheel_fire_fn *fire, void *ctx);

/* The second of the earliest entry, or INT64_MAX when there is none. Looks at
 * each slot once until the hand passes it: what it learned it keeps. */
int64_t wheel_next(struct wheel *w);

/* Moves the hand to now_s, also backwards, and forgets every entry: after a
 * step of the clock the caller fills it again from the store. */
void wheel_reset(struct wheel *w, int64_t now_s);

size_t wheel_pending(const struct wheel *w); /* Entries waiting. Pure. */

/* For tests and debug builds: false, with a literal reason, when an invariant
 * is broken. O(slots + entries). */
bool wheel_valid(const struct wheel *w, const char **reason);

#endif
