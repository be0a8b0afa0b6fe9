/* nudge/latency.h - how long something took, counted in steps of an eighth.
 *
 * Fixed in size and free of locks: whoever measures adds, whoever wonders looks.
 * A quantile is the upper end of its step: never too small, at most an eighth too
 * large. Threads: any; a look beside an add may miss it.
 */
#ifndef NUDGE_LATENCY_H
#define NUDGE_LATENCY_H

#include <stdatomic.h>
#include <stdint.h>

/* Below 64 us, then eight steps for each doubling up to 2^26 us (67 s), then all that is longer. */
#define LATENCY_DOUBLINGS 20
#define LATENCY_STEPS (2 + 8 * LATENCY_DOUBLINGS)

struct latency { /* zero at first */
	atomic_llong step[LATENCY_STEPS];
	atomic_llong sum_us;
};

struct latency_look {
	int64_t step[LATENCY_STEPS];
	int64_t n, sum_us;
};

void latency_add(struct latency *l, int64_t us); /* A negative time counts as none. */
void latency_look(const struct latency *l, struct latency_look *out);

/* Times of step i are below this many microseconds; INT64_MAX for the last. Pure. */
int64_t latency_below_us(unsigned i);
/* So many of a thousand took no longer; 0 when nothing was measured, INT64_MAX
 * when it is one of the longest. Pure. */
int64_t latency_quantile_us(const struct latency_look *l, int per_mille);
/* How many took less than 64 us doubled `doublings` times (0 to LATENCY_DOUBLINGS). Pure. */
int64_t latency_within(const struct latency_look *l, unsigned doublings);

#endif
