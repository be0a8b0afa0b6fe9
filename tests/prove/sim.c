/* sim.c - chance, clocks, agenda: all of one seed. */
// SPDX-License-Identifier: Apache-2.0
#include "sim.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nudge/clock.h"
#include "sim_loop.h"
#include "whose.h"

#define BEGINS_S 1795780800 /* 2026-11-27 12:00 UTC */

struct appointed {
	int64_t at_ms;
	uint64_t order;
	sim_fn *fn;        /* NULL: forgotten */
	void *ctx;
	int64_t arg;
};

static struct {
	uint64_t chance, bytes, hash, order;
	int64_t ms, skew_ms, booted_ms;
	struct appointed *heap;
	size_t n, cap;
	bool trace;
} the;

/* splitmix64 */
static uint64_t
next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void
sim_begin(uint64_t seed)
{
	free(the.heap);
	memset(&the, 0, sizeof the);
	the.chance = seed * 2 + 1;
	the.bytes = ~seed;
	the.hash = 14695981039346656037u;
	the.trace = getenv("NUDGE_TRACE") != NULL;
	the.booted_ms = -5000000;
	sim_loop_clear();
}

uint64_t
dice(uint64_t n)
{
	return next(&the.chance) % n;
}

bool
luck(uint64_t per_mille)
{
	return dice(1000) < per_mille;
}

/* In place of OpenSSL's, so that keys, ids and nonces are the seed's too. */
int
RAND_bytes(unsigned char *out, int n)
{
	for (int i = 0; i < n; i++)
		out[i] = (unsigned char)(next(&the.bytes) >> 56);
	return 1;
}

void
sim_trace(const char *what, int64_t a, int64_t b)
{
	const int64_t numbers[] = { the.ms, a, b };

	for (const char *p = what; *p; p++)
		the.hash = (the.hash ^ (unsigned char)*p) * 1099511628211u;
	for (size_t i = 0; i < COUNT(numbers); i++)
		for (int k = 0; k < 64; k += 8)
			the.hash = (the.hash ^ (uint64_t)(numbers[i] >> k & 0xff)) * 1099511628211u;
	if (the.trace)
		printf("%12.3f %-24s %lld %lld\n", (double)the.ms / 1000, what, (long long)a, (long long)b);
}

uint64_t sim_hash(void) { return the.hash; }

/* ---- time ---- */

int64_t sim_ms(void) { return the.ms; }
int64_t sim_true_s(void) { return BEGINS_S + the.ms / 1000; }
int64_t sim_wall_s(void) { return clock_now().wall_ms / 1000; }
int64_t sim_skew_ms(void) { return the.skew_ms; }
void sim_advance(int64_t to_ms) { the.ms = to_ms > the.ms ? to_ms : the.ms; }
void sim_step(int64_t ms) { the.skew_ms += ms; }
void sim_reboot(void) { the.booted_ms = the.ms; }

struct now __wrap_clock_now(void);

struct now
__wrap_clock_now(void)
{
	return (struct now){ BEGINS_S * 1000LL + the.ms + the.skew_ms, the.ms - the.booted_ms };
}

/* ---- agenda ---- */

static bool
before(const struct appointed *a, const struct appointed *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void
swap(size_t i, size_t k)
{
	struct appointed t = the.heap[i];

	the.heap[i] = the.heap[k];
	the.heap[k] = t;
}

void
sim_at(int64_t in_ms, sim_fn *fn, void *ctx, int64_t arg)
{
	WORLD_RUNS;
	size_t i = the.n++;

	if (i == the.cap) {
		the.cap = the.cap ? the.cap * 2 : 256;
		the.heap = realloc(the.heap, the.cap * sizeof *the.heap);
		if (!the.heap)
			abort();
	}
	the.heap[i] = (struct appointed){ the.ms + in_ms, the.order++, fn, ctx, arg };
	for (; i > 0 && before(&the.heap[i], &the.heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(i, (i - 1) / 2);
}

static struct appointed
take_first(void)
{
	struct appointed first = the.heap[0];
	size_t i = 0, child;

	the.heap[0] = the.heap[--the.n];
	while ((child = 2 * i + 1) < the.n) {
		if (child + 1 < the.n && before(&the.heap[child + 1], &the.heap[child]))
			child++;
		if (!before(&the.heap[child], &the.heap[i]))
			break;
		swap(i, child);
		i = child;
	}
	return first;
}

void
sim_forget(const void *ctx)
{
	for (size_t i = 0; i < the.n; i++)
		if (the.heap[i].ctx == ctx)
			the.heap[i].fn = NULL;
}

bool
sim_do_one(void)
{
	struct appointed a;

	if (sim_loop_do_one())
		return true;
	if (the.n == 0 || the.heap[0].at_ms > the.ms)
		return false;
	a = take_first();
	if (a.fn)
		a.fn(a.ctx, a.arg);
	return true;
}

int64_t
sim_next_ms(void)
{
	int64_t timer = sim_loop_next_ms(), agenda = the.n > 0 ? the.heap[0].at_ms : INT64_MAX;

	return timer < agenda ? timer : agenda;
}
