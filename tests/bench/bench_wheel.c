/* bench_wheel.c - the wheel against timers of libevent: time to add, time to fire, memory. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nudge/wheel.h"

#define SPAN_S 86400
#define SIZES_MAX 8
#define LIBEVENT_MAX_BYTES (8.0 * 1024 * 1024 * 1024)

/* Upper bound of what libevent takes for one timer: its struct and the heap's
 * pointer, whose array doubles and is copied once in growing. */
#define LIBEVENT_EACH_BYTES (sizeof(struct event) + 3 * sizeof(void *))

struct result {
	double add_ns, fire_ns, mib;
	size_t fired;
};

static double
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Resident memory: what malloc was asked for, and what it took for itself. */
static double
resident_mib(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f) {
		if (fscanf(f, "%*u %lu", &pages) != 1)
			pages = 0;
		(void)fclose(f);
	}
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
}

/* The same due times for both sides, spread over a day; xorshift64. */
static uint32_t
due_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return 1 + (uint32_t)(*state % (SPAN_S - 2));
}

struct fired {
	size_t n;
	int64_t sum; /* so that nothing is optimised away */
};

static void
wheel_fired(void *ctx, int64_t row, int64_t due_s)
{
	struct fired *f = ctx;

	f->n++;
	f->sum += row ^ due_s;
}

/* A second at a time, as a program does it. */
static bool
measure_wheel(size_t n, struct result *r)
{
	struct fired f = { 0, 0 };
	uint64_t state = 88172645463325252u;
	double memory = resident_mib(), begin;
	struct wheel *w = wheel_new(SPAN_S, 0, (uint32_t)n);

	if (!w)
		return false;
	begin = now_ns();
	for (size_t i = 0; i < n; i++)
		if (!wheel_add(w, (int64_t)i, due_next(&state)))
			return false;
	r->add_ns = (now_ns() - begin) / (double)n;
	r->mib = resident_mib() - memory;
	begin = now_ns();
	for (int64_t s = 1; s < SPAN_S; s++)
		(void)wheel_advance(w, s, SIZE_MAX, wheel_fired, &f);
	r->fire_ns = (now_ns() - begin) / (double)n;
	r->fired = f.n;
	wheel_free(w);
	return true;
}

static void
event_fired(evutil_socket_t fd, short what, void *ctx)
{
	struct fired *f = ctx;

	(void)fd;
	f->n++;
	f->sum += what;
}

/* A day passes in a moment: due times are scaled down to microseconds, and all
 * are in the past when the loop runs, so that no sleep is measured. libevent
 * still takes each from its heap, queues it and calls back. */
static bool
measure_libevent(size_t n, struct result *r)
{
	struct fired f = { 0, 0 };
	uint64_t state = 88172645463325252u;
	struct event_base *base = event_base_new();
	double memory = resident_mib(), begin;
	struct event **timer = calloc(n, sizeof *timer);

	if (!base || !timer)
		return false;
	begin = now_ns();
	for (size_t i = 0; i < n; i++) {
		uint32_t due = due_next(&state);
		struct timeval in = { .tv_sec = 0, .tv_usec = (suseconds_t)due };

		timer[i] = evtimer_new(base, event_fired, &f);
		if (!timer[i] || evtimer_add(timer[i], &in) != 0)
			return false;
	}
	r->add_ns = (now_ns() - begin) / (double)n;
	r->mib = resident_mib() - memory;
	(void)usleep(SPAN_S + 1000);
	begin = now_ns();
	while (f.n < n && event_base_loop(base, EVLOOP_ONCE) >= 0)
		continue;
	r->fire_ns = (now_ns() - begin) / (double)n;
	r->fired = f.n;
	for (size_t i = 0; i < n; i++)
		event_free(timer[i]);
	free(timer);
	event_base_free(base);
	return true;
}

/* In a process of its own, so that no measurement inherits another's heap. */
static bool
measure_apart(bool (*measure)(size_t, struct result *), size_t n, struct result *r)
{
	int ends[2], status = 0;
	struct result got;
	pid_t child;
	bool ok;

	if (pipe(ends) != 0)
		return false;
	child = fork();
	if (child == 0) {
		ok = measure(n, &got) && got.fired == n && write(ends[1], &got, sizeof got) == (ssize_t)sizeof got;
		_exit(ok ? 0 : 1);
	}
	(void)close(ends[1]);
	ok = child > 0 && read(ends[0], &got, sizeof got) == (ssize_t)sizeof got;
	(void)close(ends[0]);
	if (child > 0)
		ok = waitpid(child, &status, 0) == child && ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (ok)
		*r = got;
	return ok;
}

static void
report(const char *name, size_t n, const struct result *r, const struct result *wheel, bool json)
{
	double ratio = (r->add_ns + r->fire_ns) / (wheel->add_ns + wheel->fire_ns);

	if (json)
		printf("{\"bench\":\"wheel\",\"what\":\"%s\",\"entries\":%zu,\"add_ns\":%.1f,\"fire_ns\":%.1f,"
		       "\"mib\":%.1f,\"ratio\":%.2f}\n", name, n, r->add_ns, r->fire_ns, r->mib, ratio);
	else
		printf("%-10s %10zu %12.1f %12.1f %10.1f %8.2f\n", name, n, r->add_ns, r->fire_ns, r->mib, ratio);
	(void)fflush(stdout);
}

static bool
row(size_t n, bool json)
{
	struct result wheel = { 0 }, libevent = { 0 };

	if (!measure_apart(measure_wheel, n, &wheel)) {
		fprintf(stderr, "bench_wheel: the wheel failed at %zu entries\n", n);
		return false;
	}
	report("wheel", n, &wheel, &wheel, json);
	if ((double)n * (double)LIBEVENT_EACH_BYTES > LIBEVENT_MAX_BYTES) {
		fprintf(stderr, "bench_wheel: libevent at %zu entries left out: more than 8 GiB\n", n);
		return true;
	}
	if (!measure_apart(measure_libevent, n, &libevent)) {
		fprintf(stderr, "bench_wheel: libevent failed at %zu entries\n", n);
		return false;
	}
	report("libevent", n, &libevent, &wheel, json);
	return true;
}

int
main(int argc, char **argv)
{
	size_t size[SIZES_MAX] = { 10000, 1000000, 10000000 }, sizes = 0;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		char *end;
		unsigned long n = strtoul(argv[i], &end, 10);

		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (*end == '\0' && n > 0 && n < UINT32_MAX && sizes < SIZES_MAX)
			size[sizes++] = n;
		else {
			fprintf(stderr, "usage: bench_wheel [--json] [ENTRIES ...]\n");
			return 2;
		}
	}
	if (sizes == 0)
		sizes = 3;
	if (!json)
		printf("%-10s %10s %12s %12s %10s %8s\n", "what", "entries", "ns per add", "ns per fire", "MiB", "ratio");
	for (size_t i = 0; i < sizes; i++)
		if (!row(size[i], json))
			return 1;
	return 0;
}
