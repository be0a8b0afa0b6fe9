/* test_wheel_broken.c - wheel_valid() finds what is broken, whatever it is: each kind of damage, done by hand to a wheel of its own. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "wheel/wheel.c"

#define BEGIN 1000

static void
nothing(void *ctx, int64_t row, int64_t due_s)
{
	(void)ctx;
	(void)row;
	(void)due_s;
}

/* Nodes 0 to 4: two wait for BEGIN + 3, one for BEGIN + 5, and two were fired and are free. */
static struct wheel *
sound(void)
{
	struct wheel *w = wheel_new(20, BEGIN, 50);
	const char *reason = "";

	assert_non_null(w);
	assert_true(wheel_add(w, 1, BEGIN + 3) && wheel_add(w, 2, BEGIN + 3) && wheel_add(w, 3, BEGIN + 5) && wheel_add(w, 4, BEGIN) &&
	    wheel_add(w, 5, BEGIN));
	same_int("two fire", wheel_advance(w, BEGIN, 10, nothing, NULL), 2);
	same_int("the next", wheel_next(w), BEGIN + 3);
	holds("it is sound", wheel_valid(w, &reason));
	return w;
}

static struct slot *at(struct wheel *w, int64_t s) { return &w->slots[slot_of(w, BEGIN + s)]; }

static void circle(struct wheel *w) { node_at(w, at(w, 3)->last)->next = at(w, 3)->first; }
static void far_node(struct wheel *w) { node_at(w, at(w, 3)->last)->next = w->made; }
static void far_first(struct wheel *w) { at(w, 7)->first = 40000; }
static void wrong_last(struct wheel *w) { at(w, 3)->last = at(w, 3)->first; }
static void cut(struct wheel *w) { node_at(w, at(w, 3)->first)->next = NONE; }
static void late_soonest(struct wheel *w) { w->soonest = BEGIN + 4; }
static void no_soonest(struct wheel *w) { w->soonest = INT64_MAX; }
static void more_pending(struct wheel *w) { w->pending++; }
static void fewer_pending(struct wheel *w) { w->pending--; }
static void none_pending(struct wheel *w) { w->pending = 0; }
static void lost_free(struct wheel *w) { w->free = NONE; }
static void free_circle(struct wheel *w) { node_at(w, node_at(w, w->free)->next)->next = w->free; }
static void free_far(struct wheel *w) { node_at(w, node_at(w, w->free)->next)->next = 40000; }
static void lost_slot(struct wheel *w) { *at(w, 5) = (struct slot){ NONE, NONE }; }
static void all_lost(struct wheel *w) { lost_slot(w); *at(w, 3) = (struct slot){ NONE, NONE }; w->soonest = INT64_MAX; }

TEST(each_damage_has_its_name)
{
	static const struct {
		const char *rule;
		void (*damage)(struct wheel *w);
		const char *reason;
	} rows[] = {
		{ "a list that comes back to its beginning", circle, "a list runs in a circle or out of the nodes" },
		{ "a list that goes on where nothing is", far_node, "a list runs in a circle or out of the nodes" },
		{ "a list that begins where nothing is", far_first, "a list runs in a circle or out of the nodes" },
		{ "what is added next would be lost", wrong_last, "the end of a list is not its last entry" },
		{ "an entry that was cut off", cut, "the end of a list is not its last entry" },
		{ "one that would fire late", late_soonest, "an entry is earlier than the earliest" },
		{ "all would", no_soonest, "an entry is earlier than the earliest" },
		{ "one more is counted than waits", more_pending, "the count is off" },
		{ "one less", fewer_pending, "the count is off" },
		{ "none, so that nothing would fire", none_pending, "the count is off" },
		{ "a free place that nobody finds again", lost_free, "an entry is neither waiting nor free" },
		{ "free places in a circle would be given twice", free_circle, "the free list runs in a circle or out of the nodes" },
		{ "a free place where nothing is", free_far, "the free list runs in a circle or out of the nodes" },
		{ "all are", all_lost, "the count is off" },
		{ "a second whose entries are gone", lost_slot, "the count is off" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wheel *w = sound();
		const char *reason = "none";

		rows[i].damage(w);
		holds(rows[i].rule, !wheel_valid(w, &reason));
		same_text(rows[i].rule, reason, rows[i].reason);
		wheel_reset(w, BEGIN);
		holds("a reset mends all of it", wheel_valid(w, &reason));
		wheel_free(w);
	}
}

TEST(what_is_odd_and_yet_sound)
{
	struct wheel *w = wheel_new(20, INT64_MAX - 30, 5);
	const char *reason = "";

	assert_non_null(w);
	holds("nothing waits", wheel_valid(w, &reason));
	(void)wheel_advance(w, INT64_MAX - 3, 10, nothing, NULL);
	holds("the last second of all", wheel_add(w, 1, INT64_MAX) && wheel_valid(w, &reason));
	same_int("is the next", wheel_next(w), INT64_MAX);
	wheel_reset(w, -7);
	holds("across 1970", wheel_add(w, 1, 5) && wheel_add(w, 2, -7) && wheel_valid(w, &reason));
	(void)wheel_advance(w, 3, 10, nothing, NULL);
	holds("the earliest is behind the hand until it is asked for", w->soonest < w->hand && wheel_valid(w, &reason));
	wheel_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(each_damage_has_its_name), RUN(what_is_odd_and_yet_sound) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
