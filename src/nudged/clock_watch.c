/* clock_watch.c - is the clock synchronised? Asked every second, elsewhere where a sandbox hides the kernel's word. */
// SPDX-License-Identifier: Apache-2.0
#include <systemd/sd-bus.h>

#include "nudge/clock.h"
#include "nudged/house.h"

#define ASK_MS 60000
#define ASK_AGAIN_MS 300000 /* once it was said to be */
#define PATIENCE_US 5000000

/* timedated looks for us: it may ask the kernel. A thread of its own, because the bus may be slow. */
static void *
ask_bus(void *arg)
{
	struct clock_watch *w = arg;
	sd_bus *bus = NULL;
	int yes = 0;

	if (sd_bus_open_system(&bus) >= 0 && sd_bus_set_method_call_timeout(bus, PATIENCE_US) >= 0 &&
	    sd_bus_get_property_trivial(bus, "org.freedesktop.timedate1", "/org/freedesktop/timedate1",
	        "org.freedesktop.timedate1", "NTPSynchronized", NULL, 'b', &yes) >= 0)
		atomic_store(&w->synchronised, yes != 0);
	else
		atomic_store(&w->synchronised, false);
	(void)sd_bus_flush_close_unref(bus);
	atomic_store(&w->asking, false);
	return NULL;
}

void
clock_watch_tick(struct clock_watch *w)
{
	enum clock_sync s = clock_sync();
	int64_t now_ms = clock_now().boot_ms;

	if (s != CLOCK_SYNC_UNKNOWN) {
		atomic_store(&w->synchronised, s == CLOCK_SYNC_YES);
		return;
	}
	if (now_ms < w->next_ms || atomic_load(&w->asking))
		return;
	clock_watch_end(w);
	w->next_ms = now_ms + (atomic_load(&w->synchronised) ? ASK_AGAIN_MS : ASK_MS);
	atomic_store(&w->asking, true);
	w->started = pthread_create(&w->thread, NULL, ask_bus, w) == 0;
	if (!w->started)
		atomic_store(&w->asking, false);
}

void
clock_watch_end(struct clock_watch *w)
{
	if (w->started)
		(void)pthread_join(w->thread, NULL);
	w->started = false;
}
