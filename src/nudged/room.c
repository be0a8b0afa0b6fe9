/* room.c - the engine's thread: it sleeps until something arrives or is due, and turns. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "nudge/log.h"
#include "nudged/house.h"

/* Wakes at an absolute time, and at once when somebody sets the clock. */
static void
set_alarm(int timer, const struct now *now, int64_t sleep_ms)
{
	int64_t at_ms = now->wall_ms + sleep_ms;
	struct itimerspec t = { .it_value = { .tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000 } };

	(void)timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL);
}

static void
wait_for_work(struct room *r, int timer, int64_t sleep_ms)
{
	struct pollfd p[] = { { queue_bell(r->messages), POLLIN, 0 }, { queue_bell(r->events), POLLIN, 0 },
		{ queue_bell(r->commands), POLLIN, 0 }, { timer, POLLIN, 0 }, { r->wake, POLLIN, 0 } };
	uint64_t ignored;

	if (sleep_ms <= 0)
		return;
	(void)poll(p, sizeof p / sizeof p[0], (int)sleep_ms);
	if (p[3].revents && read(timer, &ignored, sizeof ignored) < 0)
		return; /* ECANCELED: the clock was set; the turn looks at it */
}

static void *
run(void *arg)
{
	struct room *r = arg;
	int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	enum turn_result result = TURN_MORE;
	struct now now = clock_now();
	uint64_t one = 1;

	(void)prctl(PR_SET_NAME, "engine");
	while (!atomic_load(&r->stop) && result != TURN_BROKEN) {
		int64_t sleep_ms = result == TURN_MORE ? 0 : result == TURN_BUSY ? 1000 : engine_sleep_ms(r->engine, &now);

		if (sleep_ms > 5000)
			sleep_ms = 5000; /* the watchdog wants to see turns */
		set_alarm(timer, &now, sleep_ms);
		wait_for_work(r, timer, sleep_ms);
		now = clock_now();
		struct turn_input in = { .messages = queue_take_all(r->messages), .events = queue_take_all(r->events),
			.commands = queue_take_all(r->commands), .now = now, .clock_synchronised = atomic_load(&r->clock.synchronised),
			.free_bytes = atomic_load(&r->free_bytes) };

		result = engine_turn(r->engine, &in, &r->fault);
		atomic_fetch_add(&r->turns, 1);
	}
	(void)close(timer);
	if (result == TURN_BROKEN) {
		atomic_store(&r->broken, true);
		(void)!write(r->ended, &one, sizeof one);
	}
	return NULL;
}

bool
room_init(struct room *r, struct fault *f)
{
	memset(r, 0, sizeof *r);
	r->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->messages = queue_new();
	r->events = queue_new();
	r->commands = queue_new();
	if (r->ended >= 0 && r->wake >= 0 && r->messages && r->events && r->commands)
		return true;
	return fault_set(f, FAULT_BROKEN, "out of memory or descriptors");
}

bool
room_start(struct room *r, struct fault *f)
{
	int rc = pthread_create(&r->thread, NULL, run, r);

	r->started = rc == 0;
	return r->started || fault_set(f, FAULT_BROKEN, "engine thread: %s", strerror(rc));
}

void
room_stop(struct room *r)
{
	uint64_t one = 1;

	if (!r->started)
		return;
	atomic_store(&r->stop, true);
	(void)!write(r->wake, &one, sizeof one);
	(void)pthread_join(r->thread, NULL);
	r->started = false;
	engine_end(r->engine, &(struct turn_input){ .messages = queue_take_all(r->messages), .events = queue_take_all(r->events),
	    .commands = queue_take_all(r->commands) });
}

/* What nudge-sender told after the last turn is as if the wire had broken before it. */
static void
forget_events(struct room *r)
{
	struct queue_link *q = r->events ? queue_take_all(r->events) : NULL, *next;

	for (; q; q = next) {
		next = q->next;
		sender_event_free((struct sender_event *)(void *)q);
	}
}

void
room_clear(struct room *r)
{
	engine_free(r->engine);
	forget_events(r);
	queue_free(r->messages);
	queue_free(r->events);
	queue_free(r->commands);
	if (r->ended >= 0)
		(void)close(r->ended);
	if (r->wake >= 0)
		(void)close(r->wake);
}
