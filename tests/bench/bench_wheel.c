/* bench_wheel.c - the wheel against timers of libevent: time to add, time to fire, memory. */
// SPDX-License-Identifier: Apache-2.0
#include <event2/event.h>
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

/* libevent's shortcut for many timers of few durations; it knows 256 at most. */
#define DURATIONS 250

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

/* Resident memory: what was asked for, and what malloc took for itself. */
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

/* The same due times for all: 1 .. SPAN_S - 2 by chance; xorshift64. */
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

/* A second at a time, as a program does it; empty seconds are paid for too. */
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

/* A day is scaled down to a microsecond a timer, and at least 86 ms, and the
 * loop runs when all are due: libevent takes its own time, and no sleep is
 * measured. What owns a timer keeps its pointer: 8 bytes that count here. */
static bool
measure_timers(size_t n, uint32_t durations, struct result *r)
{
	struct fired f = { 0, 0 };
	uint64_t state = 88172645463325252u, spread_us = n > SPAN_S ? n : SPAN_S;
	double memory = resident_mib(), begin;
	struct event_base *base = event_base_new();
	struct event **timer = calloc(n, sizeof(struct event *));
	const struct timeval *common[DURATIONS];

	if (!base || !timer)
		return false;
	for (uint32_t i = 0; i < durations; i++) {
		uint64_t us = spread_us * (i + 1) / durations;
		struct timeval in = { .tv_sec = (time_t)(us / 1000000),
			.tv_usec = (suseconds_t)(us % 1000000) };

		common[i] = event_base_init_common_timeout(base, &in);
		if (!common[i])
			return false;
	}
	begin = now_ns();
	for (size_t i = 0; i < n; i++) {
		uint32_t due = due_next(&state);
		uint64_t us = spread_us * due / SPAN_S;
		struct timeval in = { .tv_sec = (time_t)(us / 1000000),
			.tv_usec = (suseconds_t)(us % 1000000) };

		timer[i] = evtimer_new(base, event_fired, &f);
		if (!timer[i] || evtimer_add(timer[i], durations ? common[due % durations] : &in) != 0)
			return false;
	}
	r->add_ns = (now_ns() - begin) / (double)n;
	r->mib = resident_mib() - memory;
	(void)usleep((useconds_t)spread_us + 1000);
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

static bool
measure_heap(size_t n, struct result *r)
{
	return measure_timers(n, 0, r);
}

static bool
measure_common(size_t n, struct result *r)
{
	return measure_timers(n, DURATIONS, r);
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
		ok = measure(n, &got) && got.fired == n &&
		    write(ends[1], &got, sizeof got) == (ssize_t)sizeof got;
		_exit(ok ? 0 : 1);
	}
	(void)close(ends[1]);
	ok = child > 0 && read(ends[0], &got, sizeof got) == (ssize_t)sizeof got;
	(void)close(ends[0]);
	if (child > 0)
		ok = waitpid(child, &status, 0) == child && ok && WIFEXITED(status) &&
		    WEXITSTATUS(status) == 0;
	if (ok)
		*r = got;
	return ok;
}

/* ratio: time to add and to fire, against the wheel. */
static void
report(const char *name, size_t n, const struct result *r, const struct result *wheel, bool json)
{
	double ratio = (r->add_ns + r->fire_ns) / (wheel->add_ns + wheel->fire_ns);

	if (json)
		printf("{\"bench\":\"wheel\",\"what\":\"%s\",\"entries\":%zu,\"add_ns\":%.1f,"
		    "\"fire_ns\":%.1f,\"mib\":%.1f,\"ratio\":%.2f}\n", name, n, r->add_ns, r->fire_ns,
		    r->mib, ratio);
	else
		printf("%-16s %10zu %12.1f %12.1f %10.1f %8.2f\n", name, n, r->add_ns, r->fire_ns, r->mib,
		    ratio);
	(void)fflush(stdout);
}

/* Upper bound for a timer: libevent's struct with malloc's head, the owner's
 * pointer, and the heap's array, which is copied when it doubles. */
static double
timers_bytes(size_t n)
{
	return (double)n * (double)(event_get_struct_event_size() + 16 + 4 * sizeof(void *));
}

static bool
rows(size_t n, bool json)
{
	static const struct {
		const char *name;
		bool (*measure)(size_t, struct result *);
		bool libevent;
	} side[] = {
		{ "wheel", measure_wheel, false },
		{ "libevent heap", measure_heap, true }, /* any due time, as the wheel */
		{ "libevent common", measure_common, true }, /* only DURATIONS different ones */
	};
	struct result wheel = { 0 }, got = { 0 };

	for (size_t i = 0; i < sizeof side / sizeof side[0]; i++) {
		if (side[i].libevent && timers_bytes(n) > LIBEVENT_MAX_BYTES) {
			fprintf(stderr,
			    "bench_wheel: %s at %zu entries left out: it could take more than 8 GiB\n",
			    side[i].name, n);
			continue;
		}
		if (!measure_apart(side[i].measure, n, &got)) {
			fprintf(stderr, "bench_wheel: %s failed at %zu entries\n", side[i].name, n);
			return false;
		}
		if (!side[i].libevent)
			wheel = got;
		report(side[i].name, n, &got, &wheel, json);
	}
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
		printf("%-16s %10s %12s %12s %10s %8s\n", "what", "entries", "ns per add", "ns per fire",
		    "MiB", "ratio");
	for (size_t i = 0; i < sizes; i++)
		if (!rows(size[i], json))
			return 1;
	return 0;
}
