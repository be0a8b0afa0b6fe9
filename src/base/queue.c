/* queue.c - a list under a short lock, and an eventfd for its bell. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
	pthread_mutex_t lock;
	struct queue_link *first, **end;
	bool rung; /* since it was taken from last */
	int bell;
};

struct queue *
queue_new(void)
{
	struct queue *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	q->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->bell < 0) {
		free(q);
		return NULL;
	}
	q->end = &q->first;
	(void)pthread_mutex_init(&q->lock, NULL);
	return q;
}

void
queue_free(struct queue *q)
{
	if (!q)
		return;
	(void)pthread_mutex_destroy(&q->lock);
	(void)close(q->bell);
	free(q);
}

static void
put(struct queue *q, struct queue_link *item)
{
	item->next = NULL;
	*q->end = item;
	q->end = &item->next;
}

static void
ring(struct queue *q)
{
	uint64_t one = 1;

	if (write(q->bell, &one, sizeof one) == sizeof one)
		return;
	/* A bell that could not be rung is left to the next who gives. */
	(void)pthread_mutex_lock(&q->lock);
	q->rung = false;
	(void)pthread_mutex_unlock(&q->lock);
}

void
queue_give(struct queue *q, struct queue_link *item)
{
	bool rung;

	(void)pthread_mutex_lock(&q->lock);
	rung = q->rung;
	q->rung = true;
	put(q, item);
	(void)pthread_mutex_unlock(&q->lock);
	if (!rung)
		ring(q);
}

void
queue_lay(struct queue *q, struct queue_link *item)
{
	(void)pthread_mutex_lock(&q->lock);
	put(q, item);
	(void)pthread_mutex_unlock(&q->lock);
}

void
queue_ring(struct queue *q)
{
	bool rung;

	(void)pthread_mutex_lock(&q->lock);
	rung = q->rung || !q->first;
	q->rung = q->rung || q->first;
	(void)pthread_mutex_unlock(&q->lock);
	if (!rung)
		ring(q);
}

struct queue_link *
queue_take_all(struct queue *q)
{
	struct queue_link *all;
	uint64_t ignored;

	/* Silenced before taking: an item given in between rings again. */
	(void)!read(q->bell, &ignored, sizeof ignored);
	(void)pthread_mutex_lock(&q->lock);
	all = q->first;
	q->first = NULL;
	q->end = &q->first;
	q->rung = false;
	(void)pthread_mutex_unlock(&q->lock);
	return all;
}

int
queue_bell(const struct queue *q)
{
	return q->bell;
}
