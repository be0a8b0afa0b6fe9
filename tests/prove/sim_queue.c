/* sim_queue.c - nudge/queue.h for one thread: a bell that no system call rings. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "nudge/queue.h"
#include "sim.h"

#define QUEUES_MAX 16

struct queue {
	struct queue_link *first, **last;
	int bell;
};

static struct queue *queues[QUEUES_MAX];

struct queue *
queue_new(void)
{
	struct queue *q = calloc(1, sizeof *q);
	int i = 0;

	while (i < QUEUES_MAX && queues[i])
		i++;
	if (i == QUEUES_MAX)
		abort();
	if (!q)
		return NULL;
	q->last = &q->first;
	q->bell = SIM_BELL + i;
	queues[i] = q;
	return q;
}

void
queue_free(struct queue *q)
{
	if (q)
		queues[q->bell - SIM_BELL] = NULL;
	free(q);
}

void
queue_give(struct queue *q, struct queue_link *item)
{
	item->next = NULL;
	*q->last = item;
	q->last = &item->next;
}

void
queue_lay(struct queue *q, struct queue_link *item)
{
	queue_give(q, item);
}

void
queue_ring(struct queue *q)
{
	(void)q; /* whatever is in it rings */
}

struct queue_link *
queue_take_all(struct queue *q)
{
	struct queue_link *first = q->first;

	q->first = NULL;
	q->last = &q->first;
	return first;
}

int
queue_bell(const struct queue *q)
{
	return q->bell;
}

bool
sim_bell_rings(int bell)
{
	return queues[bell - SIM_BELL] && queues[bell - SIM_BELL]->first;
}
