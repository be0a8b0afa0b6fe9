/* outbox.c - a list of frames: those at its front are out, and each goes when nudged says it is taken. */
// SPDX-License-Identifier: Apache-2.0
#include "sender/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "nudge/seal.h"

struct letter {
	struct letter *next;
	int64_t event;
	struct told_parcel *parcel; /* NULL: nobody waits for it any more */
	size_t n;
	char frame[];
};

struct outbox {
	outbox_write_fn *write;
	void *ctx;
	struct letter *first, **last;
	struct letter *unsent;      /* the first that is not out; NULL: all are */
	size_t out_n, bytes;
	int64_t next_event;
	bool linked;
};

bool
outbox_new(outbox_write_fn *write, void *ctx, struct outbox **out)
{
	struct outbox *o = calloc(1, sizeof *o);
	uint64_t start = 0;

	if (!o || !seal_random(&start, sizeof start)) {
		free(o);
		return false;
	}
	o->write = write;
	o->ctx = ctx;
	o->last = &o->first;
	o->next_event = (int64_t)(start >> 2) + 1;
	*out = o;
	return true;
}

static void
burn(struct outbox *o, struct letter *l)
{
	o->bytes -= l->n;
	seal_wipe(l->frame, l->n);
	free(l);
}

void
outbox_free(struct outbox *o)
{
	if (!o)
		return;
	for (struct letter *l = o->first, *next; l; l = next) {
		next = l->next;
		burn(o, l);
	}
	free(o);
}

static void
push(struct outbox *o)
{
	while (o->linked && o->unsent && o->out_n < OUTBOX_WINDOW && o->write(o->ctx, span_from(o->unsent->frame, o->unsent->n))) {
		o->unsent = o->unsent->next;
		o->out_n++;
	}
}

void
outbox_linked(struct outbox *o, bool linked)
{
	o->linked = linked;
	o->unsent = o->first;
	o->out_n = 0;
	push(o);
}

bool
outbox_ready(const struct outbox *o)
{
	return o->linked && o->bytes < OUTBOX_MAX / 2;
}

bool
outbox_give(struct outbox *o, struct told_parcel *p, const struct link_event *e)
{
	struct link_event whole = *e;
	struct letter *l;
	struct buf b;

	buf_init(&b, LINK_FRAME_MAX);
	whole.event = o->next_event;
	l = link_put_event(&b, &whole) && o->bytes + b.n <= OUTBOX_MAX ? malloc(sizeof *l + b.n) : NULL;
	if (l) {
		*l = (struct letter){ .event = o->next_event++, .parcel = p, .n = b.n };
		memcpy(l->frame, b.p, b.n);
		o->bytes += b.n;
		if (p)
			p->open++;
		*o->last = l;
		o->last = &l->next;
		if (!o->unsent)
			o->unsent = l;
		push(o);
	}
	buf_wipe(&b);
	return l != NULL;
}

void
outbox_taken(struct outbox *o, int64_t event)
{
	struct letter **at = &o->first, *l;
	struct told_parcel *p;

	while (*at && *at != o->unsent && (*at)->event != event)
		at = &(*at)->next;
	l = *at;
	if (!l || l == o->unsent) /* of a connection of before, and said again on this one */
		return;
	*at = l->next;
	if (o->last == &l->next)
		o->last = at;
	o->out_n--;
	p = l->parcel;
	burn(o, l);
	push(o);
	if (p && --p->open == 0 && p->sealed)
		p->taken(p);
}

void
outbox_forget(struct outbox *o, struct told_parcel *p)
{
	for (struct letter *l = o->first; l; l = l->next)
		if (l->parcel == p)
			l->parcel = NULL;
	p->open = 0;
}
