/* bucket.c - how fast a number may send, and how long to wait after a failure. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>

#include "nudge/policy.h"

/* What may go at once, and what flows in besides, add up to the rate: so no
 * minute, wherever it begins, sees more than per_min. */
static int64_t
depth_of(const struct bucket *b)
{
	int64_t depth = b->per_min / 20;

	return (depth > 0 ? depth : 1) * 1000;
}

static int64_t
flow_of(const struct bucket *b) /* thousandths a minute */
{
	int64_t flow = b->per_min * 1000 - depth_of(b);

	return flow > 0 ? flow : 1000;
}

static int64_t
there_at(const struct bucket *b, int64_t boot_ms)
{
	int64_t passed = boot_ms > b->at_ms ? boot_ms - b->at_ms : 0;
	int64_t depth = depth_of(b);

	if (passed > 3600000)
		return depth;
	int64_t there = b->milli + passed * flow_of(b) / 60000;

	return there < depth ? there : depth;
}

static int64_t
wanted(const struct bucket *b, int64_t tokens) /* a long text may go from a full bucket, into debt */
{
	return tokens * 1000 < depth_of(b) ? tokens * 1000 : depth_of(b);
}

void
bucket_init(struct bucket *b, int64_t per_min, int64_t boot_ms)
{
	assert(per_min > 0);
	b->per_min = per_min;
	b->at_ms = boot_ms;
	b->milli = depth_of(b);
}

void
bucket_set_rate(struct bucket *b, int64_t per_min)
{
	assert(per_min > 0);
	b->per_min = per_min;
}

bool
bucket_take(struct bucket *b, int64_t tokens, int64_t boot_ms)
{
	int64_t there = there_at(b, boot_ms);

	if (there < wanted(b, tokens))
		return false;
	b->milli = there - tokens * 1000;
	b->at_ms = boot_ms;
	return true;
}

int64_t
bucket_ready_ms(const struct bucket *b, int64_t tokens, int64_t boot_ms)
{
	int64_t missing = wanted(b, tokens) - there_at(b, boot_ms);

	return missing <= 0 ? 0 : missing * 60000 / flow_of(b) + 1;
}

int64_t
backoff_ms(int64_t attempt, bool window_open_now, double random)
{
	const int64_t base = 500, cap = window_open_now ? 5000 : 60000;
	int64_t most = base;

	for (int64_t i = 0; i < attempt && most < cap; i++)
		most *= 2;
	if (most > cap)
		most = cap;
	return (int64_t)((double)most * random);
}
