/* bench_wheel.c - the wheel beside libevent's timers: the same entries, spread over a day, added and fired. */
// SPDX-License-Identifier: Apache-2.0
#include <event2/event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nudge/wheel.h"

#define SPAN 86400

struct result {
	double add_ns, fire_ns, mib;
};

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
peak_mib(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss / 1024;
}

static uint32_t
chance(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void
count(void *ctx, int64_t row, int64_t due)
{
	(void)row;
	(void)due;
	++*(size_t *)ctx;
}

static struct result
wheel(size_t n)
{
	struct wheel *w = wheel_new(SPAN, 0, (uint32_t)n + 1);
	struct result r = { 0 };
	uint64_t state = 7;
	size_t fired = 0;
	double t = seconds();

	for (size_t i = 0; i < n; i++)
		if (!wheel_add(w, (int64_t)i, chance(&state) % (SPAN - 1)))
			abort();
	r.add_ns = (seconds() - t) * 1e9 / (double)n;
	t = seconds();
	for (int64_t now = 0; now < SPAN; now++)
		(void)wheel_advance(w, now, SIZE_MAX, count, &fired);
	r.fire_ns = (seconds() - t) * 1e9 / (double)n;
	if (fired != n)
		abort();
	r.mib = peak_mib();
	wheel_free(w);
	return r;
}

static size_t events_fired;

static void
on_event(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	events_fired++;
}

/* Days cannot be waited for: the same spread, squeezed into microseconds that
 * are over when the loop begins. */
static struct result
libevent(size_t n)
{
	struct event_base *base = event_base_new();
	struct event **e = malloc(n * sizeof *e);
	struct result r = { 0 };
	uint64_t state = 7;
	double t = seconds();

	for (size_t i = 0; i < n; i++) {
		struct timeval in = { 0, (int)(chance(&state) % (SPAN - 1)) };

		e[i] = evtimer_new(base, on_event, NULL);
		if (!e[i] || evtimer_add(e[i], &in) != 0)
			abort();
	}
	r.add_ns = (seconds() - t) * 1e9 / (double)n;
	usleep(200000);
	t = seconds();
	while (events_fired < n)
		(void)event_base_loop(base, EVLOOP_ONCE);
	r.fire_ns = (seconds() - t) * 1e9 / (double)n;
	r.mib = peak_mib();
	for (size_t i = 0; i < n; i++)
		event_free(e[i]);
	free(e);
	event_base_free(base);
	return r;
}

/* Each in a process of its own, so that its memory is its own. */
static struct result
apart(struct result (*fn)(size_t), size_t n)
{
	struct result r = { 0 };
	int p[2];
	pid_t child;

	if (pipe(p) != 0 || (child = fork()) < 0)
		abort();
	if (child == 0) {
		r = fn(n);
		_exit(write(p[1], &r, sizeof r) == sizeof r ? 0 : 1);
	}
	(void)close(p[1]);
	if (read(p[0], &r, sizeof r) != sizeof r)
		r.add_ns = -1;
	(void)close(p[0]);
	(void)waitpid(child, NULL, 0);
	return r;
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = { 10000, 1000000, 10000000 };
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;

	if (!json)
		(void)printf("%-10s %12s %12s %10s   %12s %12s %10s   %9s\n", "entries", "wheel add", "fire", "MiB", "libevent add", "fire",
		    "MiB", "ratio");
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct result w = apart(wheel, sizes[i]), e = apart(libevent, sizes[i]);
		double ratio = (e.add_ns + e.fire_ns) / (w.add_ns + w.fire_ns);

		(void)printf(json ? "{\"bench\":\"wheel\",\"entries\":%zu,\"add_ns\":%.1f,\"fire_ns\":%.1f,\"mib\":%.1f,\"libevent_add_ns\":%.1f,"
		                    "\"libevent_fire_ns\":%.1f,\"libevent_mib\":%.1f,\"ratio\":%.2f}\n"
		                  : "%-10zu %9.1f ns %9.1f ns %10.1f   %9.1f ns %9.1f ns %10.1f   %8.2fx\n",
		    sizes[i], w.add_ns, w.fire_ns, w.mib, e.add_ns, e.fire_ns, e.mib, ratio);
	}
	return 0;
}
