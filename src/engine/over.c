/* over.c - the report goes back so far and no further, and the store gets no larger than it may. */
// SPDX-License-Identifier: Apache-2.0
#include "engine/parts.h"

#define PORTION 50
#define AGAIN_MS 1000    /* while there is more */
#define LOOK_MS 600000
#define DAY_S 86400

/* Larger than store_max, and nothing of it is old enough to go. */
static void
note_full(struct engine *e, bool full)
{
	if (full && !e->store_full)
		engine_alarm(e, "the store is larger than store_max, and nothing in it may go yet", "store");
	else if (!full && e->store_full)
		engine_alarm(e, "the store is within store_max again", "store");
	e->store_full = full;
}

bool
over_portion(struct engine *e, struct fault *f)
{
	const struct conf *c = e->rules->conf;
	int64_t now = now_s(&e->now), keep_s = c->report_retention_s;
	bool large;
	size_t n;

	if (e->now.boot_ms < e->over_ms || e->count.store_busy)
		return true;
	e->over_ms = e->now.boot_ms + AGAIN_MS;
	large = c->store_max_bytes > 0 && store_bytes(e->store) > c->store_max_bytes;
	/* A store that is put back must still know what the journal does. */
	if (large && c->journal_retention_s < keep_s)
		keep_s = c->journal_retention_s;
	if (!store_begin(e->store, f) || !store_forget_over(e->store, (now - keep_s) / DAY_S, PORTION, &n, f))
		return false;
	note_full(e, large && n == 0);
	e->over_ms = e->now.boot_ms + (n == PORTION || (large && n > 0) ? AGAIN_MS : LOOK_MS);
	return true;
}
