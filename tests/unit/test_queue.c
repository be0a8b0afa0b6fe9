/* test_queue.c - between threads nothing is lost, doubled or turned round, and the bell is heard. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "nudge/queue.h"

#define GIVERS 2
#define EACH 50000

struct item {
	int from, n;
	struct queue_link link; /* not first, so that a mix-up of the two shows */
};

static struct item *
item_of(struct queue_link *l)
{
	return (struct item *)(void *)((char *)l - offsetof(struct item, link));
}

static bool
rings(const struct queue *q, int wait_ms)
{
	struct pollfd p = { .fd = queue_bell(q), .events = POLLIN };

	return poll(&p, 1, wait_ms) == 1 && (p.revents & POLLIN);
}

TEST(one_thread)
{
	struct queue *q = queue_new();
	struct item item[3] = { { .n = 0 }, { .n = 1 }, { .n = 2 } };
	struct queue_link *l;

	assert_non_null(q);
	holds("an empty queue is silent", !rings(q, 0));
	holds("and gives nothing", queue_take_all(q) == NULL);
	queue_give(q, &item[0].link);
	holds("the first item rings", rings(q, 0));
	queue_give(q, &item[1].link);
	queue_give(q, &item[2].link);
	holds("it rings until taken", rings(q, 0));
	l = queue_take_all(q);
	for (int i = 0; i < 3; i++, l = l->next)
		holds("oldest first", l == &item[i].link);
	holds("the last ends the list", l == NULL);
	holds("taking silences", !rings(q, 0));
	holds("all at once", queue_take_all(q) == NULL);
	queue_give(q, &item[1].link);
	holds("and it rings again", rings(q, 0));
	l = queue_take_all(q);
	holds("an item may come back, without its old followers", l == &item[1].link && l->next == NULL);
	queue_free(q);
	queue_free(NULL);
}

TEST(what_is_laid_there_rings_once_for_all)
{
	struct queue *q = queue_new();
	struct item item[3] = { { .n = 0 }, { .n = 1 }, { .n = 2 } };
	struct queue_link *l;

	assert_non_null(q);
	queue_ring(q);
	holds("nothing was laid there, and nothing rings", !rings(q, 0));
	queue_lay(q, &item[0].link);
	queue_lay(q, &item[1].link);
	holds("what is laid there is silent", !rings(q, 0));
	queue_ring(q);
	holds("until it is rung for", rings(q, 0));
	l = queue_take_all(q);
	holds("all of it is there, oldest first", l == &item[0].link && l->next == &item[1].link && l->next->next == NULL);
	holds("and taking silences", !rings(q, 0));
	queue_lay(q, &item[0].link);
	queue_give(q, &item[1].link);
	holds("who gives rings for what was laid there too", rings(q, 0));
	queue_ring(q);
	l = queue_take_all(q);
	holds("both come", l == &item[0].link && l->next == &item[1].link);
	holds("once", queue_take_all(q) == NULL && !rings(q, 0));
	queue_lay(q, &item[2].link);
	queue_ring(q);
	holds("and it rings again", rings(q, 0) && queue_take_all(q) == &item[2].link);
	queue_free(q);
}

TEST(a_bell_that_cannot_be_rung_is_rung_by_the_next)
{
	struct queue *q = queue_new();
	struct item item[2] = { { .n = 0 }, { .n = 1 } };
	int full = open("/dev/full", O_RDWR | O_CLOEXEC), bell;
	struct queue_link *l;

	assert_non_null(q);
	bell = fcntl(queue_bell(q), F_DUPFD_CLOEXEC, 0);
	assert_true(full >= 0 && bell >= 0 && dup2(full, queue_bell(q)) >= 0);
	queue_give(q, &item[0].link);
	assert_true(dup2(bell, queue_bell(q)) >= 0);
	holds("it was not heard", !rings(q, 0));
	queue_give(q, &item[1].link);
	holds("the next item rings for both", rings(q, 0));
	l = queue_take_all(q);
	holds("both are there", l == &item[0].link && l->next == &item[1].link && l->next->next == NULL);
	(void)close(full);
	(void)close(bell);
	queue_free(q);
}

struct giver {
	struct queue *q;
	struct item *items;
	pthread_t thread;
};

static void *
give_all(void *ctx)
{
	struct giver *g = ctx;

	for (int i = 0; i < EACH; i++)
		queue_give(g->q, &g->items[i].link);
	return NULL;
}

/* The taker sleeps at the bell only: a ring that got lost would end the test. */
TEST(threads_give_and_one_takes)
{
	struct queue *q = queue_new();
	struct giver giver[GIVERS];
	int next[GIVERS] = { 0 }, taken = 0;

	assert_non_null(q);
	for (int i = 0; i < GIVERS; i++) {
		giver[i].q = q;
		giver[i].items = calloc(EACH, sizeof *giver[i].items);
		assert_non_null(giver[i].items);
		for (int k = 0; k < EACH; k++)
			giver[i].items[k] = (struct item){ .from = i, .n = k };
	}
	for (int i = 0; i < GIVERS; i++)
		assert_int_equal(pthread_create(&giver[i].thread, NULL, give_all, &giver[i]), 0);
	while (taken < GIVERS * EACH) {
		holds("the bell rings while items are missing", rings(q, 20000));
		for (struct queue_link *l = queue_take_all(q), *after; l; l = after) {
			struct item *x = item_of(l);

			after = l->next;
			same_int("in the order its thread gave it", x->n, next[x->from]);
			next[x->from]++;
			taken++;
		}
	}
	for (int i = 0; i < GIVERS; i++) {
		(void)pthread_join(giver[i].thread, NULL);
		same_int("all of each", next[i], EACH);
		free(giver[i].items);
	}
	holds("and nothing twice", queue_take_all(q) == NULL);
	queue_free(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(one_thread), RUN(what_is_laid_there_rings_once_for_all), RUN(a_bell_that_cannot_be_rung_is_rung_by_the_next), RUN(threads_give_and_one_takes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
