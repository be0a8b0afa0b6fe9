/* wheel.c - one list a second, linked by index; nodes come from chunks and go back to a free list. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/wheel.h"

#include <assert.h>
#include <stdlib.h>

#define NONE UINT32_MAX
#define CHUNK 4096u /* nodes */

struct node {
	int64_t row;
	uint32_t next;
	uint32_t late; /* seconds the entry was already due when it was added */
};

struct slot {
	uint32_t first, last;
};

_Static_assert(sizeof(struct node) == 16 && sizeof(struct slot) == 8, "the header says so");

struct wheel {
	uint32_t span, max, made, free;
	int64_t hand;             /* the second that fires now, and so does what is added for it */
	int64_t soonest;          /* no entry is earlier; where wheel_next() begins to look */
	size_t pending;
	struct slot *slots;       /* owned */
	struct node **chunks;     /* owned */
};

struct wheel *
wheel_new(uint32_t span_s, int64_t now_s, uint32_t max)
{
	struct wheel *w = calloc(1, sizeof *w);

	assert(span_s > 0 && span_s <= 604800 && max < NONE);
	if (!w)
		return NULL;
	w->span = span_s;
	w->max = max;
	w->slots = malloc(span_s * sizeof *w->slots);
	w->chunks = calloc(max / CHUNK + 1, sizeof(struct node *));
	if (!w->slots || !w->chunks) {
		wheel_free(w);
		return NULL;
	}
	wheel_reset(w, now_s);
	return w;
}

void
wheel_free(struct wheel *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; w->chunks && i <= w->max / CHUNK; i++)
		free(w->chunks[i]);
	free(w->chunks);
	free(w->slots);
	free(w);
}

static struct node *
node_at(const struct wheel *w, uint32_t i)
{
	return &w->chunks[i / CHUNK][i % CHUNK];
}

static uint32_t
slot_of(const struct wheel *w, int64_t second)
{
	int64_t r = second % (int64_t)w->span;

	return (uint32_t)(r < 0 ? r + (int64_t)w->span : r);
}

static uint32_t
take_node(struct wheel *w)
{
	uint32_t i = w->free;

	if (i != NONE) {
		w->free = node_at(w, i)->next;
		return i;
	}
	if (w->made == w->max)
		return NONE;
	i = w->made;
	if (!w->chunks[i / CHUNK]) {
		w->chunks[i / CHUNK] = malloc(CHUNK * sizeof(struct node));
		if (!w->chunks[i / CHUNK])
			return NONE;
	}
	w->made++;
	return i;
}

bool
wheel_add(struct wheel *w, int64_t row, int64_t due_s)
{
	int64_t second = due_s < w->hand ? w->hand : due_s;
	uint64_t ahead = (uint64_t)second - (uint64_t)w->hand, late = (uint64_t)second - (uint64_t)due_s;
	struct slot *s;
	uint32_t i;

	if (ahead >= w->span || (i = take_node(w)) == NONE)
		return false;
	*node_at(w, i) = (struct node){ .row = row, .next = NONE,
		.late = late > UINT32_MAX ? UINT32_MAX : (uint32_t)late };
	s = &w->slots[slot_of(w, second)];
	if (s->first == NONE)
		s->first = i;
	else
		node_at(w, s->last)->next = i;
	s->last = i;
	w->pending++;
	if (second < w->soonest)
		w->soonest = second;
	return true;
}

size_t
wheel_advance(struct wheel *w, int64_t now_s, size_t most, wheel_fire_fn *fire, void *ctx)
{
	size_t fired = 0;

	if (now_s < w->hand)
		return 0;
	for (;;) {
		struct slot *s = &w->slots[slot_of(w, w->hand)];

		while (s->first != NONE) {
			struct node *n = node_at(w, s->first), entry = *n;
			uint32_t i = s->first;

			if (fired == most)
				return fired;
			s->first = entry.next;
			n->next = w->free;
			w->free = i;
			w->pending--;
			fired++;
			fire(ctx, entry.row, w->hand - (int64_t)entry.late);
		}
		if (w->hand == now_s)
			break;
		/* With nothing ahead there is no need to walk there. */
		w->hand = w->pending == 0 ? now_s : w->hand + 1;
	}
	return fired;
}

int64_t
wheel_next(struct wheel *w)
{
	if (w->pending == 0) {
		w->soonest = INT64_MAX;
		return INT64_MAX;
	}
	if (w->soonest < w->hand)
		w->soonest = w->hand;
	while (w->slots[slot_of(w, w->soonest)].first == NONE)
		w->soonest++;
	return w->soonest;
}

void
wheel_reset(struct wheel *w, int64_t now_s)
{
	for (uint32_t i = 0; i < w->span; i++)
		w->slots[i] = (struct slot){ NONE, NONE };
	w->hand = now_s;
	w->soonest = INT64_MAX;
	w->free = NONE;
	w->made = 0;
	w->pending = 0;
}

size_t
wheel_pending(const struct wheel *w)
{
	return w->pending;
}

bool
wheel_valid(const struct wheel *w, const char **reason)
{
	size_t listed = 0, unused = 0;
	uint64_t sooner = w->soonest > w->hand ? (uint64_t)w->soonest - (uint64_t)w->hand : 0;

	assert(w->span > 0 && w->made <= w->max);
	for (uint32_t s = 0; s < w->span; s++) {
		uint32_t last = NONE;

		for (uint32_t i = w->slots[s].first; i != NONE; i = node_at(w, i)->next) {
			last = i;
			if (i >= w->made || ++listed > w->made) {
				*reason = "a list runs in a circle or out of the nodes";
				return false;
			}
		}
		if (last != NONE && last != w->slots[s].last) {
			*reason = "the end of a list is not its last entry";
			return false;
		}
	}
	for (uint32_t i = w->free; i != NONE; i = node_at(w, i)->next)
		if (i >= w->made || ++unused > w->made) {
			*reason = "the free list runs in a circle or out of the nodes";
			return false;
		}
	for (uint64_t ahead = 0; w->pending > 0 && ahead < w->span && ahead < sooner; ahead++)
		if (w->slots[slot_of(w, w->hand + (int64_t)ahead)].first != NONE) {
			*reason = "an entry is earlier than the earliest";
			return false;
		}
	if (listed != w->pending)
		*reason = "the count is off";
	else if (listed + unused != w->made)
		*reason = "an entry is neither waiting nor free";
	else
		return true;
	return false;
}
