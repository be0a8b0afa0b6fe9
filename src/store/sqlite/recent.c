/* recent.c - entries that find the newest rows: a table by chance for each kind, and what undoes a transaction. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "nudge/store.h"
#include "store/sqlite/recent.h"

#define NONE UINT32_MAX
#define CHANGES_KEPT 4096 /* a start has many at once */

struct node {
	struct recent_entry entry;
	uint32_t next; /* of its bucket, or of the free ones */
};

struct kind {
	struct node *node;
	uint32_t *bucket;             /* a power of two of them, or none yet */
	uint32_t nodes, used, buckets, n, free;
};

struct change {
	struct recent_entry entry;
	uint8_t by;
	bool added;
};

struct recent {
	struct kind kind[FOUND_KINDS];
	struct change *change; /* of this transaction, in order */
	size_t changes, changes_cap;
	const struct recent_list *filing; /* borrowed */
};

static const int64_t unit_s[FOUND_KINDS] = { [FOUND_ERASE] = 86400, [FOUND_DUE] = STORE_DUE_SPAN_S };

int64_t
recent_unit(enum found_by by, int64_t at)
{
	return at / unit_s[by];
}

struct recent *
recent_new(void)
{
	struct recent *r = calloc(1, sizeof *r);

	for (int by = 0; r && by < FOUND_KINDS; by++)
		r->kind[by].free = NONE;
	return r;
}

void
recent_free(struct recent *r)
{
	if (!r)
		return;
	for (int by = 0; by < FOUND_KINDS; by++) {
		free(r->kind[by].node);
		free(r->kind[by].bucket);
	}
	free(r->change);
	free(r);
}

/* Marks are as good as random. Visits follow one another, and so do their buckets: the next one is near by, not in memory far away. */
static uint64_t
hash_of(enum found_by by, const struct recent_entry *e)
{
	uint64_t h;

	if (by == FOUND_DUE)
		return (uint64_t)e->id / STORE_TEXTS_OF_ONE * 2 + (uint64_t)e->id % STORE_TEXTS_OF_ONE;
	if (unit_s[by])
		return (uint64_t)e->id;
	memcpy(&h, e->mark, sizeof h);
	return h;
}

static bool
same(enum found_by by, const struct recent_entry *a, const struct recent_entry *b)
{
	return a->id == b->id && (unit_s[by] || memcmp(a->mark, b->mark, MARK_BYTES) == 0);
}

static uint32_t *
bucket_of(const struct kind *k, enum found_by by, const struct recent_entry *e)
{
	return &k->bucket[hash_of(by, e) & (k->buckets - 1)];
}

static bool
more_buckets(struct kind *k, enum found_by by)
{
	uint32_t buckets = k->buckets ? k->buckets * 2 : 64, *bucket = malloc(buckets * sizeof *bucket), old = k->buckets;
	uint32_t *before = k->bucket;

	if (!bucket)
		return false;
	memset(bucket, 0xff, buckets * sizeof *bucket);
	k->bucket = bucket;
	k->buckets = buckets;
	for (uint32_t b = 0; b < old; b++) {
		for (uint32_t i = before[b], next; i != NONE; i = next) {
			uint32_t *to = bucket_of(k, by, &k->node[i].entry);

			next = k->node[i].next;
			k->node[i].next = *to;
			*to = i;
		}
	}
	free(before);
	return true;
}

/* Room for one more entry. */
static bool
make_room(struct kind *k, enum found_by by)
{
	if (k->n >= k->buckets && !more_buckets(k, by))
		return false;
	if (k->free == NONE && k->used == k->nodes) {
		uint32_t nodes = k->nodes ? k->nodes * 2 : 64;
		struct node *grown = realloc(k->node, nodes * sizeof *grown);

		if (!grown)
			return false;
		k->node = grown;
		k->nodes = nodes;
	}
	return true;
}

/* For two more changes: one entry out, another in. */
static bool
note_room(struct recent *r)
{
	size_t cap = r->changes_cap ? r->changes_cap * 2 : 256;
	struct change *grown;

	if (r->changes + 2 <= r->changes_cap)
		return true;
	if (!(grown = realloc(r->change, cap * sizeof *grown)))
		return false;
	r->change = grown;
	r->changes_cap = cap;
	return true;
}

static void
put_in(struct kind *k, enum found_by by, const struct recent_entry *e)
{
	uint32_t i = k->free, *to = bucket_of(k, by, e);

	if (i == NONE)
		i = k->used++;
	else
		k->free = k->node[i].next;
	k->node[i] = (struct node){ *e, *to };
	*to = i;
	k->n++;
}

/* False: there is none; else *e is the one that was there. */
static bool
take_out(struct kind *k, enum found_by by, struct recent_entry *e)
{
	for (uint32_t *at = k->buckets ? bucket_of(k, by, e) : NULL, i; at && (i = *at) != NONE; at = &k->node[i].next) {
		if (!same(by, &k->node[i].entry, e))
			continue;
		*e = k->node[i].entry;
		*at = k->node[i].next;
		k->node[i].next = k->free;
		k->free = i;
		k->n--;
		return true;
	}
	return false;
}

bool
recent_drop(struct recent *r, enum found_by by, const struct recent_entry *e, bool *was)
{
	struct change c = { *e, (uint8_t)by, false };
	bool there;

	if (!note_room(r))
		return false;
	if ((there = take_out(&r->kind[by], by, &c.entry)))
		r->change[r->changes++] = c;
	if (was)
		*was = there;
	return true;
}

bool
recent_add(struct recent *r, enum found_by by, const struct recent_entry *e)
{
	if (!note_room(r) || !make_room(&r->kind[by], by))
		return false;
	(void)recent_drop(r, by, e, NULL);
	put_in(&r->kind[by], by, e);
	r->change[r->changes++] = (struct change){ *e, (uint8_t)by, true };
	return true;
}

bool
recent_any(const struct recent *r, enum found_by by, const uint8_t mark[MARK_BYTES])
{
	const struct kind *k = &r->kind[by];
	struct recent_entry of_mark = { .id = 0 };

	if (k->n == 0)
		return false;
	memcpy(of_mark.mark, mark, MARK_BYTES);
	for (uint32_t i = *bucket_of(k, by, &of_mark); i != NONE; i = k->node[i].next)
		if (memcmp(k->node[i].entry.mark, mark, MARK_BYTES) == 0)
			return true;
	return false;
}

int64_t
recent_least(const struct recent *r, enum found_by by)
{
	const struct kind *k = &r->kind[by];
	int64_t least = INT64_MAX;

	for (uint32_t b = 0; b < k->buckets; b++)
		for (uint32_t i = k->bucket[b]; i != NONE; i = k->node[i].next)
			if (k->node[i].entry.at < least)
				least = k->node[i].entry.at;
	return least;
}

void
recent_settle(struct recent *r, bool committed)
{
	if (!r)
		return;
	while (!committed && r->changes > 0) {
		struct change *c = &r->change[--r->changes];

		if (c->added)
			(void)take_out(&r->kind[c->by], (enum found_by)c->by, &c->entry);
		else
			put_in(&r->kind[c->by], (enum found_by)c->by, &c->entry); /* its room is still there */
	}
	r->changes = 0;
	if (r->changes_cap > CHANGES_KEPT) {
		free(r->change);
		r->change = NULL;
		r->changes_cap = 0;
	}
}

/* ---- lists ---- */

void
recent_file(struct recent *r, const struct recent_list *portion)
{
	r->filing = portion;
}

const struct recent_list *
recent_filing(const struct recent *r)
{
	return r->filing;
}

static bool
within(enum found_by by, const struct recent_range *range, const struct recent_entry *e)
{
	return e->id > range->above && e->id <= range->most && (!range->unit || recent_unit(by, e->at) == *range->unit) &&
	    (!range->mark || memcmp(e->mark, range->mark, MARK_BYTES) == 0);
}

static bool
gather_bucket(const struct kind *k, enum found_by by, uint32_t first, const struct recent_range *range, struct recent_list *out)
{
	for (uint32_t i = first; i != NONE; i = k->node[i].next) {
		if (!within(by, range, &k->node[i].entry))
			continue;
		if (out->n == out->cap) {
			size_t cap = out->cap ? out->cap * 2 : 16;
			struct recent_entry *grown = realloc(out->item, cap * sizeof *grown);

			if (!grown)
				return false;
			out->item = grown;
			out->cap = cap;
		}
		out->item[out->n++] = k->node[i].entry;
	}
	return true;
}

bool
recent_gather(const struct recent *r, enum found_by by, const struct recent_range *range, struct recent_list *out)
{
	const struct kind *k = &r->kind[by];
	struct recent_entry of_mark = { .id = 0 };

	if (k->n == 0)
		return true;
	if (range->mark) {
		memcpy(of_mark.mark, range->mark, MARK_BYTES);
		return gather_bucket(k, by, *bucket_of(k, by, &of_mark), range, out);
	}
	for (uint32_t b = 0; b < k->buckets; b++)
		if (!gather_bucket(k, by, k->bucket[b], range, out))
			return false;
	return true;
}

static int
ordered(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int
by_mark(const void *a, const void *b)
{
	const struct recent_entry *x = a, *y = b;
	int order = memcmp(x->mark, y->mark, MARK_BYTES);

	return order ? order : ordered(x->id, y->id);
}

static int
by_unit(const struct recent_entry *x, const struct recent_entry *y, enum found_by by)
{
	int order = ordered(recent_unit(by, x->at), recent_unit(by, y->at));

	return order ? order : ordered(x->id, y->id);
}

static int
by_day(const void *a, const void *b)
{
	return by_unit(a, b, FOUND_ERASE);
}

static int
by_span(const void *a, const void *b)
{
	return by_unit(a, b, FOUND_DUE);
}

void
recent_sort(enum found_by by, struct recent_list *l)
{
	if (l->n > 1)
		qsort(l->item, l->n, sizeof *l->item, by == FOUND_ERASE ? by_day : by == FOUND_DUE ? by_span : by_mark);
}

void
recent_list_free(struct recent_list *l)
{
	free(l->item);
	*l = (struct recent_list){ 0 };
}
