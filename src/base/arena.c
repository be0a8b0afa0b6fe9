/* arena.c - blocks handed out from the front, given back all at once and wiped. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 8192

struct arena_block {
	struct arena_block *next;
	size_t n, cap;
	alignas(max_align_t) char bytes[];
};

void
arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

void
arena_clear(struct arena *a)
{
	struct arena_block *next;

	if (!a)
		return;
	for (struct arena_block *b = a->first; b; b = next) {
		next = b->next;
		explicit_bzero(b->bytes, b->n);
		free(b);
	}
	arena_init(a, a->max);
}

void
arena_reset(struct arena *a)
{
	struct arena_block *keep = a->first;

	if (!keep)
		return;
	if (keep->cap > BLOCK_BYTES) {
		arena_clear(a);
		return;
	}
	a->first = keep->next;
	arena_clear(a);
	explicit_bzero(keep->bytes, keep->n);
	keep->n = 0;
	keep->next = NULL;
	a->first = a->now = keep;
}

static struct arena_block *
add_block(struct arena *a, size_t n)
{
	size_t cap = n > BLOCK_BYTES ? n : BLOCK_BYTES;
	struct arena_block *b = malloc(sizeof *b + cap);

	if (!b)
		return NULL;
	*b = (struct arena_block){ .cap = cap };
	if (a->now)
		a->now->next = b;
	else
		a->first = b;
	a->now = b;
	return b;
}

void *
arena_take(struct arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *b = a->now;
	char *p;

	if (n > PTRDIFF_MAX / 2 || n > a->max || a->used > a->max - n)
		return NULL;
	n = (n + align - 1) / align * align;
	if (!b || b->cap - b->n < n)
		b = add_block(a, n);
	if (!b)
		return NULL;
	p = b->bytes + b->n;
	b->n += n;
	a->used += n;
	memset(p, 0, n);
	return p;
}

struct span
arena_copy(struct arena *a, struct span s)
{
	char *p = s.n < SIZE_MAX ? arena_take(a, s.n + 1) : NULL;

	if (!p)
		return SPAN_NONE;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct span){ p, s.n };
}
