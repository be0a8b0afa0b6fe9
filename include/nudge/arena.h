/* nudge/arena.h - memory that lives exactly as long as one message.
 *
 * Allocations are aligned for any type, never freed one by one, and all go at
 * once with arena_reset(). The ceiling given at birth bounds what strangers'
 * bytes can make us take. Threads: one owner at a time.
 */
#ifndef NUDGE_ARENA_H
#define NUDGE_ARENA_H

#include "nudge/span.h"

struct arena {
	struct arena_block *first; /* owned; private to arena.c */
	struct arena_block *now;
	size_t used;               /* bytes handed out since the last reset */
	size_t max;                /* ceiling in bytes */
};

void arena_init(struct arena *a, size_t max); /* max: ceiling in bytes. Allocates nothing yet. */
void arena_clear(struct arena *a);            /* Gives all memory back. NULL is fine. */
void arena_reset(struct arena *a);            /* Forgets all, wipes it, keeps one block of the common size for reuse. */

/* n bytes, zeroed, owned by the arena; NULL when the ceiling or memory ends. */
void *arena_take(struct arena *a, size_t n) __attribute__((warn_unused_result));

/* Terminated copy owned by the arena; p is NULL when the ceiling or memory ends. */
struct span arena_copy(struct arena *a, struct span s) __attribute__((warn_unused_result));

#endif
