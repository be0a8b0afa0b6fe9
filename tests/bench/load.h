/* load.h - what all that is measured has in common: when it counts, and how the result is said. */
// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOAD_TEXTS_MAX 4000000
#define LOAD_TEXT "Lamna Cardiology: you have an appointment on Friday, November 27 at 10:30 AM. Questions: 608-271-9000. " \
                  "Reply STOP to opt out."

struct load {
	double begin, count_from, until; /* seconds, CLOCK_MONOTONIC */
	double cpu0, cpu1, t0, t1;       /* when counting began and ended */
	size_t good, bad;                /* within that time */
	float *ms;                       /* of each good one */
};

static inline double
load_seconds(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void
load_start(struct load *l, double warm, double seconds)
{
	*l = (struct load){ .begin = load_seconds(CLOCK_MONOTONIC), .ms = malloc(LOAD_TEXTS_MAX * sizeof(float)) };
	if (!l->ms)
		abort();
	l->count_from = l->begin + warm;
	l->until = l->count_from + seconds;
}

/* One has ended, that was begun at `since`. `cpu`: the clock of whose work is measured. */
static inline void
load_end_of(struct load *l, clockid_t cpu, double since, int good)
{
	double now = load_seconds(CLOCK_MONOTONIC);

	if (now < l->count_from)
		return;
	if (l->t0 == 0) {
		l->t0 = now;
		l->cpu0 = load_seconds(cpu);
		return;
	}
	if (l->t1 != 0)
		return;
	if (now >= l->until) {
		l->t1 = now;
		l->cpu1 = load_seconds(cpu);
	}
	if (good && l->good < LOAD_TEXTS_MAX)
		l->ms[l->good++] = (float)((now - since) * 1e3);
	else
		l->bad++;
}

static inline int
load_order(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* One line of JSON; gives the status to exit with. */
static inline int
load_say(struct load *l, long rss_kb)
{
	double n = (double)(l->good + l->bad), took = l->t1 - l->t0;

	if (l->good == 0 || took <= 0) {
		(void)fprintf(stderr, "nothing was accepted in the time that counts\n");
		return EXIT_FAILURE;
	}
	qsort(l->ms, l->good, sizeof *l->ms, load_order);
	(void)printf("{\"per_s\": %.1f, \"cpu_us\": %.2f, \"good\": %zu, \"bad\": %zu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"rss_kb\": %ld}\n",
	    (double)l->good / took, (l->cpu1 - l->cpu0) * 1e6 / n, l->good, l->bad, (double)l->ms[l->good / 2],
	    (double)l->ms[l->good * 99 / 100], rss_kb);
	free(l->ms);
	return EXIT_SUCCESS;
}

#endif
