/* nudge/queue.h - owned values from many threads to one, with a bell.
 *
 * An item embeds a `struct queue_link`; queue_give() passes ownership to the
 * queue, queue_take_all() passes all that has gathered, in the order given, to
 * the taker. The bell is an eventfd that becomes readable when an empty queue
 * gets its first item, so an event loop can wait for it; where it could not be
 * rung, the next item rings it. Threads: any gives,
 * one takes. The lock is held for a few instructions and never while waiting.
 */
#ifndef NUDGE_QUEUE_H
#define NUDGE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue_link {
	struct queue_link *next;
};

struct queue;

struct queue *queue_new(void);    /* NULL when out of memory or descriptors. Owned by the caller. */
void queue_free(struct queue *q); /* NULL is fine; must be empty, items are not known here. */

void queue_give(struct queue *q, struct queue_link *item);   /* Never fails; rings the first time since it was taken from. */
void queue_lay(struct queue *q, struct queue_link *item);    /* The same, but rings only when queue_ring() is called. */
void queue_ring(struct queue *q);                            /* For what was laid there: once for all of it. */
struct queue_link *queue_take_all(struct queue *q);          /* Oldest first, linked by next; NULL when empty. Silences the bell. */
int queue_bell(const struct queue *q);                       /* Descriptor to poll for reading; owned by the queue. */

#endif
