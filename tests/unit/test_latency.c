/* test_latency.c - steps that hold every time, and quantiles that are never too small. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/latency.h"

static struct latency_look
of(const int64_t *us, size_t n)
{
	struct latency *l = calloc(1, sizeof *l);
	struct latency_look look;

	assert_non_null(l);
	for (size_t i = 0; i < n; i++)
		latency_add(l, us[i]);
	latency_look(l, &look);
	free(l);
	return look;
}

TEST(steps_grow_and_leave_no_gap)
{
	for (unsigned i = 0; i < LATENCY_STEPS - 1; i++) {
		int64_t below = latency_below_us(i), pair[] = { below - 1, below };
		struct latency_look l = of(pair, 2);

		holds("each is above the one before", i == 0 || below > latency_below_us(i - 1));
		holds("by an eighth at most", i == 0 || (below - latency_below_us(i - 1)) * 8 <= latency_below_us(i - 1));
		same_int("what is less is in it", l.step[i], 1);
		same_int("what is not is in the next", l.step[i + 1], 1);
	}
	same_int("the first", latency_below_us(0), 64);
	same_int("the last that ends", latency_below_us(LATENCY_STEPS - 2), INT64_C(1) << 26);
	holds("and one for all that is longer", latency_below_us(LATENCY_STEPS - 1) == INT64_MAX);
}

TEST(times_that_are_none_or_too_long)
{
	const int64_t us[] = { -5, 0, INT64_C(1) << 26, INT64_C(1) << 60 };
	struct latency_look l = of(us, COUNT(us));

	same_int("all are counted", l.n, 4);
	same_int("a clock that steps back is no time", l.step[0], 2);
	same_int("the longest", l.step[LATENCY_STEPS - 1], 2);
	same_int("are not within any bound", latency_within(&l, LATENCY_DOUBLINGS), 2);
	holds("the sum has no negative part", l.sum_us == (INT64_C(1) << 26) + (INT64_C(1) << 60));
	same_int("half", latency_quantile_us(&l, 500), 64);
	holds("most", latency_quantile_us(&l, 990) == INT64_MAX);
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

TEST(quantiles_against_sorting)
{
	enum { N = 5000 };
	static int64_t us[N];
	uint64_t seed = 20261126;
	const int wanted[] = { 0, 1, 250, 500, 900, 990, 999, 1000 };
	struct latency_look l;

	for (size_t i = 0; i < N; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		us[i] = (int64_t)(seed >> 33) >> (seed >> 8) % 24;
	}
	l = of(us, N);
	qsort(us, N, sizeof us[0], by_size);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		size_t at = (size_t)wanted[i] * N / 1000;
		int64_t exact = us[at == 0 ? 0 : at - 1], got = latency_quantile_us(&l, wanted[i]);

		if (exact >= INT64_C(1) << 26)
			holds("beyond all steps", got == INT64_MAX);
		else
			holds("at least, and at most an eighth more", got > exact && got <= (exact < 64 ? 64 : exact + exact / 8 + 1));
	}
	for (unsigned d = 0; d <= LATENCY_DOUBLINGS; d++) {
		int64_t n = 0;

		for (size_t i = 0; i < N; i++)
			n += us[i] < INT64_C(64) << d;
		same_int("so many are within", latency_within(&l, d), n);
	}
}

TEST(nothing_was_measured)
{
	struct latency_look l = of(NULL, 0);

	same_int("no quantile", latency_quantile_us(&l, 999), 0);
	same_int("none within", latency_within(&l, LATENCY_DOUBLINGS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(steps_grow_and_leave_no_gap),
		RUN(times_that_are_none_or_too_long),
		RUN(quantiles_against_sorting),
		RUN(nothing_was_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
