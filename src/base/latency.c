/* latency.c - a histogram whose steps grow with what they hold. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/latency.h"

#include <assert.h>

#define FIRST 6 /* 2^6 us */

static unsigned
step_of(int64_t us)
{
	unsigned doubling;

	if (us < (INT64_C(1) << FIRST))
		return 0;
	doubling = 63 - (unsigned)__builtin_clzll((unsigned long long)us);
	if (doubling >= FIRST + LATENCY_DOUBLINGS)
		return LATENCY_STEPS - 1;
	return 1 + 8 * (doubling - FIRST) + (unsigned)(us >> (doubling - 3) & 7);
}

void
latency_add(struct latency *l, int64_t us)
{
	if (us < 0)
		us = 0;
	atomic_fetch_add_explicit(&l->step[step_of(us)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&l->sum_us, us, memory_order_relaxed);
}

void
latency_look(const struct latency *l, struct latency_look *out)
{
	out->n = 0;
	for (unsigned i = 0; i < LATENCY_STEPS; i++) {
		out->step[i] = atomic_load_explicit(&l->step[i], memory_order_relaxed);
		out->n += out->step[i];
	}
	out->sum_us = atomic_load_explicit(&l->sum_us, memory_order_relaxed);
}

int64_t
latency_below_us(unsigned i)
{
	assert(i < LATENCY_STEPS);
	if (i == 0)
		return INT64_C(1) << FIRST;
	if (i == LATENCY_STEPS - 1)
		return INT64_MAX;
	return (INT64_C(9) + (i - 1) % 8) << (FIRST - 3 + (i - 1) / 8);
}

int64_t
latency_quantile_us(const struct latency_look *l, int per_mille)
{
	int64_t wanted, seen = 0;

	assert(per_mille >= 0 && per_mille <= 1000);
	if (l->n == 0)
		return 0;
	wanted = l->n / 1000 * per_mille + (l->n % 1000 * per_mille + 999) / 1000;
	for (unsigned i = 0; i < LATENCY_STEPS; i++) {
		seen += l->step[i];
		if (seen > 0 && seen >= wanted)
			return latency_below_us(i);
	}
	return INT64_MAX;
}

int64_t
latency_within(const struct latency_look *l, unsigned doublings)
{
	int64_t n = 0;

	assert(doublings <= LATENCY_DOUBLINGS);
	for (unsigned i = 0; i <= 8 * doublings; i++)
		n += l->step[i];
	return n;
}
