/* lanes.c - the sending numbers: a line by expiry for each site, a bucket and a breaker each. */
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

/* NULL: no memory. */
static struct line *
line_of(struct lane *l, int64_t site)
{
	struct line *grown;

	for (size_t i = 0; i < l->lines_n; i++)
		if (l->lines[i].site == site)
			return &l->lines[i];
	grown = realloc(l->lines, (l->lines_n + 1) * sizeof *grown);
	if (!grown)
		return NULL;
	l->lines = grown;
	l->lines[l->lines_n] = (struct line){ .site = site };
	return &l->lines[l->lines_n++];
}

static bool
line_push(struct line *q, struct waiting w)
{
	size_t i = q->n;

	if (q->n == q->cap) {
		size_t cap = q->cap ? q->cap * 2 : 64;
		struct waiting *heap = realloc(q->heap, cap * sizeof *heap);

		if (!heap)
			return false;
		q->heap = heap;
		q->cap = cap;
	}
	q->n++;
	while (i > 0 && sooner(&w, &q->heap[(i - 1) / 2])) {
		q->heap[i] = q->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	q->heap[i] = w;
	return true;
}

static struct waiting
line_pop(struct line *q)
{
	struct waiting first = q->heap[0], last = q->heap[--q->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < q->n) {
		if (child + 1 < q->n && sooner(&q->heap[child + 1], &q->heap[child]))
			child++;
		if (!sooner(&q->heap[child], &last))
			break;
		q->heap[i] = q->heap[child];
		i = child;
	}
	q->heap[i] = last;
	return first;
}

bool
lanes_push(struct engine *e, size_t lane, const struct text *t)
{
	struct lane *l = &e->lanes.item[lane];
	struct line *q;

	assert(lane < e->lanes.n);
	q = line_of(l, t->site);
	if (!q || !line_push(q, (struct waiting){ t->expires_s, t->due_s, t->id }))
		return false;
	if (q->n == 1 && q->served < l->served) /* it was not waiting: nothing is saved up for it */
		q->served = l->served;
	l->n++;
	return true;
}

/* A site with much to send must not keep one with little waiting: whose line
 * had least comes next, and in it what expires first. */
bool
lanes_pop(struct lane *l, int64_t now_s, struct waiting *out)
{
	struct line *next = NULL;

	for (size_t i = 0; i < l->lines_n; i++) {
		struct line *q = &l->lines[i];

		if (q->n == 0)
			continue;
		if (q->heap[0].expires_s <= now_s) {
			next = q;
			break;
		}
		if (!next || q->served < next->served ||
		    (q->served == next->served && sooner(&q->heap[0], &next->heap[0])))
			next = q;
	}
	if (!next)
		return false;
	*out = line_pop(next);
	l->n--;
	return true;
}

void
lanes_served(struct lane *l, int64_t site, int64_t segments)
{
	struct line *q = line_of(l, site);

	if (!q)
		return;
	if (q->served > l->served)
		l->served = q->served;
	q->served += segments;
}

void
lanes_empty(struct lane *l)
{
	for (size_t i = 0; i < l->lines_n; i++)
		l->lines[i].n = 0;
	l->n = 0;
}

int64_t
lanes_earliest(const struct lane *l)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < l->lines_n; i++)
		if (l->lines[i].n > 0 && l->lines[i].heap[0].expires_s < at)
			at = l->lines[i].heap[0].expires_s;
	return at;
}

static struct lane *
find(struct lanes *l, const char *title)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->item[i].title, title) == 0)
			return &l->item[i];
	return NULL;
}

/* The gateway counts names (alphanumeric senders) for the whole resource, and
 * a number that stands in two blocks once. */
static void
share(struct lanes *l, const struct conf *c, size_t index)
{
	const struct conf_number *n = &c->numbers[index];
	struct lane *own = find(l, n->title), *pool;

	for (size_t i = 0; i < index; i++) {
		const struct conf_number *m = &c->numbers[i];
		bool names = m->type == NUMBER_ALPHANUMERIC && n->type == NUMBER_ALPHANUMERIC;

		if (m->gateway != n->gateway || (!names && strcmp(m->sender, n->sender) != 0))
			continue;
		pool = find(l, m->title);
		assert(own && pool); /* every number has one by now */
		own->pool = pool->pool;
		pool = &l->item[own->pool];
		if (n->rate_per_min < pool->bucket.per_min)
			bucket_set_rate(&pool->bucket, n->rate_per_min);
		return;
	}
}

struct bucket *
lane_bucket(struct engine *e, const struct lane *l)
{
	return &e->lanes.item[l->pool].bucket;
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
			x->retry_milli = RETRIES_AT_ONCE * 1000;
			x->retry_ms = e->now.boot_ms;
			bucket_init(&x->bucket, c->numbers[i].rate_per_min, e->now.boot_ms);
		}
		x->used = true;
		bucket_set_rate(&x->bucket, c->numbers[i].rate_per_min);
	}
	for (size_t i = 0; i < l->n; i++)
		l->item[i].pool = i;
	for (size_t i = 0; i < c->numbers_n; i++)
		share(l, c, i);
	return true;
}

void
lane_probes(struct engine *e, struct lane *l)
{
	if (l->blocked) /* this one is the probe; the next waits again */
		l->pause_until_ms = e->now.boot_ms + PROBE_MS;
}

bool
lane_may_retry(struct engine *e, struct lane *l)
{
	int64_t passed = e->now.boot_ms - l->retry_ms;

	if (passed > 0)
		l->retry_milli += passed < RETRIES_AT_ONCE * 1000 ? passed : RETRIES_AT_ONCE * 1000;
	if (l->retry_milli > RETRIES_AT_ONCE * 1000)
		l->retry_milli = RETRIES_AT_ONCE * 1000;
	l->retry_ms = e->now.boot_ms;
	return l->retry_milli >= 1000;
}

void
lane_retried(struct lane *l)
{
	l->retry_milli -= 1000;
}

void
lane_worked(struct engine *e, struct lane *l)
{
	l->failures = 0;
	l->retry_milli += 200;
	if (l->blocked) {
		l->blocked = false;
		l->pause_until_ms = 0;
		engine_alarm(e, "gateway works again: sending resumes", l->title);
	}
}

/* Twenty failures in a row that took longer than half a minute are a slow
 * day, not an outage. */
static bool
is_outage(struct engine *e, struct lane *l)
{
	l->failed_ms[l->failures++ % BREAKER_FAILURES] = e->now.boot_ms;
	/* In a full ring the oldest stands where the next will. */
	return l->failures >= BREAKER_FAILURES && e->now.boot_ms - l->failed_ms[l->failures % BREAKER_FAILURES] <= BREAKER_MS;
}

void
lane_failed(struct engine *e, struct lane *l, enum lane_trouble trouble)
{
	static const char *const alarm[] = { [LANE_SILENT] = "gateway does not answer: texts wait",
		[LANE_REFUSED] = "gateway refuses this number: check key, endpoint and number; texts wait",
		[LANE_NOT_TRIED] = "nudge-sender does not know this gateway: reload it; texts wait" };
	bool outage = trouble != LANE_SILENT || is_outage(e, l);

	if (!outage && !l->blocked)
		return;
	l->pause_until_ms = e->now.boot_ms + PROBE_MS;
	if (l->blocked)
		return;
	l->blocked = true;
	engine_alarm(e, alarm[trouble], l->title);
}

static void
lines_free(struct lane *l)
{
	for (size_t i = 0; i < l->lines_n; i++)
		free(l->lines[i].heap);
	free(l->lines);
}

void
lanes_free(struct lanes *l)
{
	for (size_t i = 0; i < l->n; i++)
		lines_free(&l->item[i]);
	free(l->item);
	l->item = NULL;
	l->n = 0;
}
