/* asker_line.c - questions in their order, and batches of them. */
// SPDX-License-Identifier: Apache-2.0
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "acs/asker_parts.h"
#include "nudge/seal.h"

#define PAUSE_MIN_MS 1000
#define PAUSE_MAX_MS 60000
#define PAUSE_LIMIT_MS 900000 /* of what a gateway asks for */
#define TRIES 60              /* about an hour */
#define TRIES_OF_LOOKS 3

/* ---- lines ---- */

void
question_free(struct question *q)
{
	seal_wipe(q, sizeof *q);
	free(q);
}

static void
put_first(struct line *l, struct question *q)
{
	q->next = l->first;
	l->first = q;
	if (!q->next)
		l->last = &q->next;
	l->asker->n++;
}

void
line_put(struct line *l, struct question *q)
{
	q->next = NULL;
	*l->last = q;
	l->last = &q->next;
	l->asker->n++;
}

struct question *
line_take(struct line *l)
{
	struct question *q = l->first;

	l->first = q->next;
	if (!l->first)
		l->last = &l->first;
	l->asker->n--;
	return q;
}

void
line_wake(struct line *l, int64_t ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };

	if (!l->paused && !event_pending(l->timer, EV_TIMEOUT, NULL))
		(void)event_add(l->timer, &t);
}

void
line_pause(struct line *l, int64_t asked_ms)
{
	int64_t ms = PAUSE_MIN_MS << (l->failures < 6 ? l->failures : 6);
	struct timeval t;

	l->failures++;
	ms = ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
	if (asked_ms > ms)
		ms = asked_ms < PAUSE_LIMIT_MS ? asked_ms : PAUSE_LIMIT_MS;
	t = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	l->paused = true;
	(void)event_add(l->timer, &t); /* also where it was to be sooner */
}

/* ---- one request ---- */

static bool
has(const struct batch *b, const struct question *q)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->q[i]->what, q->what) == 0)
			return true;
	return false;
}

/* Questions of one kind from the head of the line, a phone once. */
static void
fill(struct batch *b)
{
	struct line *l = b->line;
	enum link_ask ask = l->first->ask;
	size_t most = ask == ASK_REPORT ? 1 : OPTOUTS_AT_ONCE;

	while (l->first && l->first->ask == ask && b->n < most) {
		struct question *q = line_take(l);

		if (has(b, q))
			question_free(q);
		else
			b->q[b->n++] = q;
	}
}

struct batch *
batch_new(struct line *l)
{
	struct batch *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->line = l;
	b->next = l->asker->batches;
	b->at = &l->asker->batches;
	if (b->next)
		b->next->at = &b->next;
	l->asker->batches = b;
	fill(b);
	return b;
}

void
batch_free(struct batch *b)
{
	*b->at = b->next;
	if (b->next)
		b->next->at = b->at;
	for (size_t i = 0; i < b->n; i++)
		if (b->q[i])
			question_free(b->q[i]);
	free(b);
}

size_t
batch_again(struct batch *b, bool counts)
{
	size_t lost = 0;

	for (size_t i = b->n; i-- > 0;) {
		struct question *q = b->q[i];

		if (!q)
			continue;
		q->tries += counts;
		if (q->tries >= (is_look(q->ask) ? TRIES_OF_LOOKS : TRIES)) {
			lost++;
			continue;
		}
		put_first(b->line, q);
		b->q[i] = NULL;
	}
	return lost;
}
