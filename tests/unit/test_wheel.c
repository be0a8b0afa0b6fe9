/* test_wheel.c - the wheel against a plain list, by chance and at its edges. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/wheel.h"

#define SPAN 200
#define MOST 500
#define STEPS 200000

/* What the header says, kept the simple way: the entries in the order added,
 * each with the second it fires in. */
struct entry {
	int64_t row, due, second;
};

struct model {
	struct entry item[MOST];
	size_t n;
	int64_t hand;
};

static bool
model_add(struct model *m, int64_t row, int64_t due)
{
	int64_t second = due < m->hand ? m->hand : due;

	if (m->n == MOST || second >= m->hand + SPAN)
		return false;
	m->item[m->n++] = (struct entry){ row, due, second };
	return true;
}

/* The place of the entry that fires next: earliest second, then first added. */
static size_t
model_first(const struct model *m)
{
	size_t first = 0;

	for (size_t i = 1; i < m->n; i++)
		if (m->item[i].second < m->item[first].second)
			first = i;
	return first;
}

static int64_t
model_next(const struct model *m)
{
	return m->n > 0 ? m->item[model_first(m)].second : INT64_MAX;
}

struct world {
	struct wheel *w;
	struct model m;
	int64_t now, row;
	size_t again; /* entries that a fired one may still add */
};

static void
add_both(struct world *x, int64_t due)
{
	same_int("refused exactly when full or a span ahead", wheel_add(x->w, ++x->row, due),
	    model_add(&x->m, x->row, due));
}

static void
fired(void *ctx, int64_t row, int64_t due)
{
	struct world *x = ctx;
	size_t i = model_first(&x->m);

	holds("nothing fires that does not wait", x->m.n > 0);
	same_int("earliest second first, then in the order added", row, x->m.item[i].row);
	same_int("with the due time it was added with", due, x->m.item[i].due);
	holds("nothing fires early", x->m.item[i].second <= x->now);
	x->m.hand = x->m.item[i].second;
	memmove(&x->m.item[i], &x->m.item[i + 1], (--x->m.n - i) * sizeof x->m.item[0]);
	if (x->again > 0) {
		x->again--;
		add_both(x, x->m.hand + random() % (SPAN + 20) - 10);
	}
}

static void
advance_both(struct world *x, int64_t to, size_t most)
{
	size_t before = x->m.n, added = x->again, n;
	bool back = to < x->m.hand;

	x->now = to;
	n = wheel_advance(x->w, to, most, fired, x);
	added -= x->again;
	holds("at most as many as asked for", n <= most);
	holds("what fired is gone, what was added may be there", x->m.n + n <= before + added);
	if (back) {
		same_int("a hand does not move back", n, 0);
		return;
	}
	holds("all that was due, unless stopped", n == most || model_next(&x->m) > to);
	x->m.hand = model_next(&x->m) < to ? model_next(&x->m) : to;
}

static void
compare(struct world *x, int step)
{
	const char *reason = "";

	same_int("the count", wheel_pending(x->w), x->m.n);
	if (step % 3 == 0)
		same_int("the next second", wheel_next(x->w), model_next(&x->m));
	if (step % 1000 == 0 && !wheel_valid(x->w, &reason))
		fail_msg("step %d: %s", step, reason);
}

static void
reset_both(struct world *x, int64_t to)
{
	wheel_reset(x->w, to);
	x->m.n = 0;
	x->m.hand = x->now = to;
	same_int("nothing waits after a reset", wheel_pending(x->w), 0);
	same_int("so nothing is next", wheel_next(x->w), INT64_MAX);
}

static void
walk(int64_t begin, long seed)
{
	struct world x = { .w = wheel_new(SPAN, begin, MOST), .now = begin };
	int full = 0;

	assert_non_null(x.w);
	x.m.hand = begin;
	srandom((unsigned)seed);
	for (int step = 0; step < STEPS; step++) {
		bool crowded = step / 4000 % 2; /* few advances: the wheel runs full */
		long kind = crowded && random() % 20 ? 0 : random() % 1000;
		int64_t hand = x.m.hand;

		if (kind < 700)
			add_both(&x, hand + random() % (SPAN + 40) - 20);
		else if (kind < 780)
			advance_both(&x, hand, random() % 3 ? SIZE_MAX : (size_t)(random() % 4));
		else if (kind < 970)
			advance_both(&x, hand + random() % 30,
			    random() % 3 ? SIZE_MAX : (size_t)(random() % 20));
		else if (kind < 980)
			advance_both(&x, hand + SPAN - 2 + random() % 4, SIZE_MAX);
		else if (kind < 985)
			advance_both(&x, hand + random() % 100000000, random() % 2 ? SIZE_MAX : 100);
		else if (kind < 990)
			advance_both(&x, hand - 1 - random() % 1000, SIZE_MAX);
		else if (kind < 999) {
			x.again = (size_t)(random() % 50);
			advance_both(&x, hand + random() % 100, SIZE_MAX);
			x.again = 0;
		} else
			reset_both(&x, hand + random() % 200000 - 100000);
		compare(&x, step);
		full += x.m.n == MOST;
	}
	holds("the walk met a full wheel often", full > STEPS / 100);
	wheel_free(x.w);
}

TEST(the_wheel_does_what_a_list_does)
{
	walk(1000, 7);
}

TEST(before_1970_too)
{
	walk(-100000, 8);
}

TEST(across_1970)
{
	struct world x = { .w = wheel_new(10, -5, 10), .now = -5 };

	assert_non_null(x.w);
	x.m.hand = -5;
	for (int64_t due = 4; due >= -5; due--)
		add_both(&x, due);
	for (int64_t now = -5; now <= 4; now++)
		advance_both(&x, now, SIZE_MAX);
	same_int("all at their seconds", x.m.n, 0);
	wheel_free(x.w);
}

struct order {
	int64_t row[16], due[16];
	size_t n;
	struct wheel *again;
};

static void
note(void *ctx, int64_t row, int64_t due)
{
	struct order *o = ctx;

	o->row[o->n % 16] = row;
	o->due[o->n++ % 16] = due;
	if (o->again && o->n == 1)
		assert_true(wheel_add(o->again, 99, due));
}

TEST(now_and_before)
{
	struct wheel *w = wheel_new(100, 50, 10);
	struct order o = { .n = 0 };

	assert_non_null(w);
	same_int("empty", wheel_next(w), INT64_MAX);
	holds("late ones are taken", wheel_add(w, 1, 10) && wheel_add(w, 2, 50) && wheel_add(w, 3, 49));
	same_int("they are next", wheel_next(w), 50);
	same_int("and fire at the next advance, in the same second too",
	    wheel_advance(w, 50, 10, note, &o), 3);
	same_int("in the order added", o.row[0] * 100 + o.row[1] * 10 + o.row[2], 123);
	holds("each with its own due time", o.due[0] == 10 && o.due[1] == 50 && o.due[2] == 49);
	holds("and again in that second", wheel_add(w, 4, 50));
	same_int("at once", wheel_advance(w, 50, 10, note, &o), 1);
	holds("as late as can be", wheel_add(w, 5, INT64_MIN) && wheel_advance(w, 50, 10, note, &o) == 1);
	wheel_free(w);
}

TEST(ahead)
{
	struct wheel *w = wheel_new(100, 50, 10);
	struct order o = { .n = 0 };

	assert_non_null(w);
	holds("the span is not in it", wheel_add(w, 5, 149) && !wheel_add(w, 6, 150));
	holds("nor what lies far behind", !wheel_add(w, 6, INT64_MAX));
	same_int("a hand does not move back", wheel_advance(w, 10, 10, note, &o), 0);
	holds("also for what can be added", !wheel_add(w, 6, 150) && wheel_pending(w) == 1);
	same_int("a far jump", wheel_advance(w, 50 + 365 * 86400, 10, note, &o), 1);
	same_int("fires with the old due time", o.due[0], 149);
	o = (struct order){ .again = w };
	holds("adding while firing", wheel_add(w, 7, 60 + 365 * 86400));
	same_int("fires too", wheel_advance(w, 60 + 365 * 86400, 10, note, &o), 2);
	same_int("as far as one may jump", wheel_advance(w, INT64_MAX, 10, note, &o), 0);
	holds("and works there",
	    wheel_add(w, 9, INT64_MAX) && wheel_advance(w, INT64_MAX, 10, note, &o) == 1);
	wheel_reset(w, 5);
	holds("set back for a clock that was", wheel_add(w, 8, 6) && wheel_advance(w, 6, 10, note, &o) == 1);
	wheel_reset(w, -5);
	holds("the farthest due time from below 1970", !wheel_add(w, 8, INT64_MAX));
	wheel_free(w);
	wheel_free(NULL);
}

TEST(as_many_as_asked_for)
{
	struct wheel *w = wheel_new(100, 50, 10);
	struct order o = { .n = 0 };

	assert_non_null(w);
	for (int64_t i = 0; i < 6; i++)
		assert_true(wheel_add(w, i, 60 + i / 3));
	same_int("none", wheel_advance(w, 90, 0, note, &o), 0);
	same_int("two of three of the first second", wheel_advance(w, 90, 2, note, &o), 2);
	same_int("the hand stays at the second that is not finished", wheel_next(w), 60);
	holds("so what is due then comes before the next second", wheel_add(w, 10, 60));
	same_int("the rest", wheel_advance(w, 90, 10, note, &o), 5);
	static const int64_t want[] = { 0, 1, 2, 10, 3, 4, 5 };

	for (size_t i = 0; i < COUNT(want); i++)
		same_int("in order", o.row[i], want[i]);
	wheel_free(w);
}

TEST(full)
{
	struct wheel *w = wheel_new(1, 50, 3), *big = wheel_new(604800, 0, 10000);
	struct order o = { .n = 0 };

	assert_true(w && big);
	for (int round = 0; round < 3; round++) {
		holds("three are taken", wheel_add(w, 1, 50) && wheel_add(w, 2, 50) && wheel_add(w, 3, 50));
		holds("a fourth is not", !wheel_add(w, 4, 50) && wheel_pending(w) == 3);
		same_int("fired ones make room", wheel_advance(w, 50, 10, note, &o), 3);
	}
	wheel_free(w);
	w = wheel_new(10, 50, 0);
	holds("one for nothing takes nothing", w && !wheel_add(w, 1, 50));
	wheel_free(w);
	for (int64_t i = 0; i < 10000; i++)
		assert_true(wheel_add(big, i, i * 60));
	holds("a week's wheel", !wheel_add(big, 1, 1) && wheel_pending(big) == 10000);
	same_int("fires all in one jump", wheel_advance(big, 604800, 20000, note, &o), 10000);
	wheel_free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(the_wheel_does_what_a_list_does), RUN(before_1970_too),
		RUN(across_1970), RUN(now_and_before), RUN(ahead), RUN(as_many_as_asked_for), RUN(full) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
