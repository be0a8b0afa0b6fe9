/* daily.c - once a day, beside all else: do the states of all texts add up to what was planned? */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/log.h"
#include "nudged/house.h"

#define FIRST_S 15 /* after the start: what was restored is looked at soon */
#define DAY_S 86400

static bool
look(void *ctx, const struct states_view *v)
{
	bool *right = ctx;

	if (states_add_up(v))
		return true;
	*right = false;
	log_error("the states of a site's texts do not add up to what was planned (nudgectl report states)",
	    log_name("site", v->title));
	return true;
}

/* A reader of its own: the engine's thread does not wait for it. */
static void *
check(void *arg)
{
	struct daily *d = arg;
	struct store_reader *r = NULL;
	struct fault f = { 0 };
	bool right = true;

	if (!store_reader_open(d->directory, &r, &f) || !store_read_states(r, look, &right, &f))
		log_warn("the states of texts could not be counted", log_fault(&f));
	else if (right)
		log_info("states add up");
	store_reader_close(r);
	atomic_store(&d->running, false);
	return NULL;
}

void
daily_begin(struct daily *d, const char *directory)
{
	(void)snprintf(d->directory, sizeof d->directory, "%s", directory);
	d->next_ms = clock_now().boot_ms + FIRST_S * 1000;
}

void
daily_tick(struct daily *d)
{
	int64_t now_ms = clock_now().boot_ms;

	if (now_ms < d->next_ms || atomic_load(&d->running))
		return;
	daily_end(d);
	d->next_ms = now_ms + (int64_t)DAY_S * 1000;
	atomic_store(&d->running, true);
	d->started = pthread_create(&d->thread, NULL, check, d) == 0;
	if (!d->started)
		atomic_store(&d->running, false);
}

void
daily_end(struct daily *d)
{
	if (d->started)
		(void)pthread_join(d->thread, NULL);
	d->started = false;
}
