/* test_wheel.c - the wheel against a plain list, by chance and at its edges. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/wheel.h"

#define SPAN 200
#define MOST 500

struct model {
	struct {
		int64_t row, due;
	} item[MOST];
	size_t n;
	int64_t last_due;
	size_t fired;
};

static void
fired(void *ctx, int64_t row, int64_t due)
{
	struct model *m = ctx;

	for (size_t i = 0; i < m->n; i++)
		if (m->item[i].row == row && m->item[i].due == due) {
			m->item[i] = m->item[--m->n];
			m->fired++;
			return;
		}
	fail_msg("row %lld at %lld was not waiting", (long long)row, (long long)due);
}

TEST(the_wheel_does_what_a_list_does)
{
	struct wheel *w = wheel_new(SPAN, 1000, MOST);
	struct model m = { .n = 0 };
	int64_t now = 1000, row = 0;
	const char *reason = "";

	assert_non_null(w);
	srandom(7);
	for (int step = 0; step < 200000; step++) {
		if (random() % 3) {
			int64_t due = now + random() % (SPAN + 40) - 20;
			bool added = wheel_add(w, ++row, due);

			same_int("what is ahead by the span is refused", added, m.n < MOST && due < now + SPAN);
			if (added) {
				m.item[m.n].row = row;
				m.item[m.n++].due = due;
			}
		} else {
			size_t due_n = 0, most = random() % 4 ? 1000 : (size_t)(random() % 5);
			int64_t next = now + (random() % 50 ? random() % 30 : random() % 100000);

			for (size_t i = 0; i < m.n; i++)
				due_n += m.item[i].due <= next;
			m.fired = 0;
			size_t n = wheel_advance(w, next, most, fired, &m);

			same_int("all that was due, or as many as asked for", n, due_n < most ? due_n : most);
			same_int("no more, no less", m.fired, n);
			if (n < due_n)
				while (wheel_advance(w, next, 1000, fired, &m) > 0)
					continue;
			now = next;
		}
		same_int("the count", wheel_pending(w), m.n);
		if (step % 1000 == 0)
			holds(reason, wheel_valid(w, &reason));
	}
	wheel_free(w);
}

struct order {
	int64_t row[16];
	size_t n;
	struct wheel *again;
};

static void
note(void *ctx, int64_t row, int64_t due)
{
	struct order *o = ctx;

	(void)due;
	o->row[o->n++ % 16] = row;
	if (o->again && o->n == 1)
		assert_true(wheel_add(o->again, 99, due));
}

TEST(edges)
{
	struct wheel *w = wheel_new(100, 50, 10);
	struct order o = { .n = 0 };

	same_int("empty", wheel_next(w), INT64_MAX);
	holds("late ones fire at the next advance", wheel_add(w, 1, 10) && wheel_add(w, 2, 50) && wheel_add(w, 3, 50));
	same_int("next", wheel_next(w), 50);
	same_int("in the same second too", wheel_advance(w, 50, 10, note, &o), 3);
	same_int("in the order they came", o.row[0] * 100 + o.row[1] * 10 + o.row[2], 123);
	holds("and again in that second", wheel_add(w, 4, 50));
	same_int("at once", wheel_advance(w, 50, 10, note, &o), 1);
	holds("the span is not in it", wheel_add(w, 5, 149) && !wheel_add(w, 6, 150));
	same_int("a hand does not move back", wheel_advance(w, 10, 10, note, &o), 0);
	same_int("a far jump", wheel_advance(w, 50 + 365 * 86400, 10, note, &o), 1);
	o = (struct order){ .again = w };
	holds("adding while firing", wheel_add(w, 7, 60 + 365 * 86400));
	same_int("fires too", wheel_advance(w, 60 + 365 * 86400, 10, note, &o), 2);
	wheel_reset(w, 5);
	holds("set back for a clock that was", wheel_add(w, 8, 6) && wheel_advance(w, 6, 10, note, &o) == 1);
	wheel_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(the_wheel_does_what_a_list_does), RUN(edges) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
