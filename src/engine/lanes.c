/* lanes.c - the sending numbers: a queue by expiry, a bucket and a breaker each. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

static bool
sooner(const struct waiting *a, const struct waiting *b)
{
	return a->expires_s != b->expires_s ? a->expires_s < b->expires_s : a->text < b->text;
}

bool
lanes_push(struct engine *e, size_t lane, const struct text *t)
{
	struct lane *l = &e->lanes.item[lane];
	size_t i = l->n;
	struct waiting w = { t->expires_s, t->due_s, t->id };

	assert(lane < e->lanes.n);
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct waiting *heap = realloc(l->heap, cap * sizeof *heap);

		if (!heap)
			return false;
		l->heap = heap;
		l->cap = cap;
	}
	l->n++;
	while (i > 0 && sooner(&w, &l->heap[(i - 1) / 2])) {
		l->heap[i] = l->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	l->heap[i] = w;
	return true;
}

bool
lanes_pop(struct lane *l, struct waiting *out)
{
	struct waiting last;
	size_t i = 0, child;

	if (l->n == 0)
		return false;
	*out = l->heap[0];
	last = l->heap[--l->n];
	while ((child = 2 * i + 1) < l->n) {
		if (child + 1 < l->n && sooner(&l->heap[child + 1], &l->heap[child]))
			child++;
		if (!sooner(&l->heap[child], &last))
			break;
		l->heap[i] = l->heap[child];
		i = child;
	}
	l->heap[i] = last;
	return true;
}

static struct lane *
find(struct lanes *l, const char *title)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->item[i].title, title) == 0)
			return &l->item[i];
	return NULL;
}

/* Lanes outlive the configuration that named them, so that what waits in one
 * is looked at, and its bucket is not filled anew by a reload. */
bool
lanes_build(struct engine *e, const struct rules *r)
{
	struct lanes *l = &e->lanes;
	const struct conf *c = r->conf;
	struct lane *grown = realloc(l->item, (l->n + c->numbers_n + 1) * sizeof *grown);

	if (!grown)
		return false;
	l->item = grown;
	for (size_t i = 0; i < l->n; i++)
		l->item[i].used = false;
	for (size_t i = 0; i < c->numbers_n; i++) {
		struct lane *x = find(l, c->numbers[i].title);

		if (!x) {
			x = &l->item[l->n++];
			*x = (struct lane){ 0 };
			(void)snprintf(x->title, sizeof x->title, "%s", c->numbers[i].title);
			x->wants = 1;
			bucket_init(&x->bucket, c->numbers[i].rate_per_min, e->now.boot_ms);
		}
		x->used = true;
		bucket_set_rate(&x->bucket, c->numbers[i].rate_per_min);
	}
	return true;
}

bool
lane_may_send(struct engine *e, struct lane *l)
{
	if (e->now.boot_ms < l->pause_until_ms)
		return false;
	if (l->blocked) /* this one is the probe; the next waits again */
		l->pause_until_ms = e->now.boot_ms + PROBE_MS;
	return true;
}

void
lane_worked(struct engine *e, struct lane *l)
{
	l->failures = 0;
	if (l->blocked) {
		l->blocked = false;
		l->pause_until_ms = 0;
		engine_alarm(e, "gateway works again: sending resumes", l->title);
	}
}

void
lane_failed(struct engine *e, struct lane *l, enum lane_trouble trouble)
{
	static const char *const alarm[] = { [LANE_SILENT] = "gateway does not answer: texts wait",
		[LANE_REFUSED] = "gateway refuses this number: check key, endpoint and number; texts wait",
		[LANE_NOT_TRIED] = "nudge-sender does not know this gateway: reload it; texts wait" };

	l->failures = trouble == LANE_SILENT ? l->failures + 1 : BREAKER_FAILURES;
	if (l->failures < BREAKER_FAILURES)
		return;
	l->pause_until_ms = e->now.boot_ms + PROBE_MS;
	if (l->blocked)
		return;
	l->blocked = true;
	engine_alarm(e, alarm[trouble], l->title);
}

void
lanes_free(struct lanes *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->item[i].heap);
	free(l->item);
	l->item = NULL;
	l->n = 0;
}
