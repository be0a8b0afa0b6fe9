/* messages.c - a message's memory, from its frame to its answer, and kept for the next one. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/session.h"

#include <stdlib.h>
#include <string.h>

/* Of a thread: a connection has one on its way, mostly. None where whoever uses one that is gone shall be found. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPARE_MAX 0u
#endif
#endif
#ifndef SPARE_MAX
#define SPARE_MAX 128u
#endif

/* All of it zero but the arena, which is empty, and what an answer needs: nobody looks at that before it is filled. */
static void
clean(struct message *m)
{
	struct arena arena = m->arena;
	char *behind = (char *)(&m->request + 1);

	memset(m, 0, offsetof(struct message, request));
	memset(behind, 0, (size_t)((char *)(m + 1) - behind));
	m->arena = arena;
}

struct message *
message_take(struct intake_thread *t, size_t arena_max)
{
	struct message *m = (struct message *)(void *)t->spare;

	if (m) {
		t->spare = m->link.next;
		t->spare_n--;
		clean(m);
	} else {
		m = calloc(1, sizeof *m);
	}
	if (m)
		m->arena.max = arena_max;
	return m;
}

void
message_drop(struct intake_thread *t, struct message *m)
{
	while (m) {
		struct message *also = m->also;

		rules_drop(m->rules);
		arena_reset(&m->arena); /* wipes */
		if (t && t->spare_n + 1 <= SPARE_MAX) {
			m->link.next = t->spare;
			t->spare = &m->link;
			t->spare_n++;
		} else {
			arena_clear(&m->arena);
			free(m);
		}
		m = also;
	}
}

void
message_drop_spare(struct intake_thread *t)
{
	while (t->spare) {
		struct message *m = (struct message *)(void *)t->spare;

		t->spare = m->link.next;
		arena_clear(&m->arena);
		free(m);
	}
	t->spare_n = 0;
}
