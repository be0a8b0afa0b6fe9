/* unknown.c - attempts of which nobody knows what came of them: a report is waited for, then the site's policy decides. */
// SPDX-License-Identifier: Apache-2.0
#include "engine/parts.h"

#define AT_ONCE 100

struct batch {
	const struct engine *e;
	struct text item[AT_ONCE];
	size_t n;
};

/* The texts need no zeros: this is looked at often, and most often none is found. */
static void
begin(struct batch *b, const struct engine *e)
{
	b->e = e;
	b->n = 0;
}

static bool
take(void *ctx, const struct text *t)
{
	struct batch *b = ctx;

	b->item[b->n++] = *t;
	return b->n < AT_ONCE;
}

/* It stays as it is, and counts as told. A cancellation is never sent twice. */
static bool
drop(struct engine *e, struct text *t, enum text_reason why, struct fault *f)
{
	const struct conf_site *s = engine_site(e, t->site);

	t->reason = why;
	e->count.unknown_dropped++;
	engine_alarm(e, "a text has an unknown outcome", s ? s->title : "");
	return outcome_settle(e, t, f);
}

bool
unknown_begins(struct engine *e, struct text *t, enum text_reason why, struct fault *f)
{
	const struct conf_site *s = engine_site(e, t->site);

	t->unsure = true;
	t->state = text_step(t->state, TEXT_EV_SILENCE);
	if (!s || s->unknown == UNKNOWN_DROP || t->kind == TEXT_CANCELED || text_is_response(t->kind) || t->expires_s <= now_s(&e->now))
		return drop(e, t, why, f);
	/* What it said of other visits is neither told nor untold yet. */
	t->reason = REASON_REPORT_AWAITED;
	flights_remove(&e->flights, flights_find(&e->flights, t->id));
	return store_text_put(e->store, t, f) && store_body_drop(e->store, t->id, f);
}

/* A new id: the patient may get it twice, as the administrator chose. */
static bool
resend(struct engine *e, struct text *t, const struct conf_site *s, struct fault *f)
{
	t->state = text_step(t->state, TEXT_EV_RESEND);
	t->reason = REASON_RETRY; /* unsure it stays: what it used of the month was not given back */
	e->count.unknown_resent++;
	engine_alarm(e, "a text of unknown outcome is sent again (unknown = resend)", s->title);
	ahead_note(e, t->id, t->due_s);
	return store_text_put(e->store, t, f) && merge_settle(e, t, f);
}

/* No report came in time, or it would come too late. */
static bool
is_ripe(const struct engine *e, const struct text *t)
{
	const struct conf_site *s = engine_site(e, t->site);
	int64_t now = now_s(&e->now);

	return !s || s->unknown == UNKNOWN_DROP || t->expires_s <= now || t->first_sent_s + s->unknown_wait_s <= now ||
	    t->first_sent_s > now;
}

static bool
take_ripe(void *ctx, const struct text *t)
{
	struct batch *b = ctx;

	return !is_ripe(b->e, t) || take(b, t);
}

static bool
decide(struct engine *e, struct text *t, struct fault *f)
{
	const struct conf_site *s = engine_site(e, t->site);

	if (!s || s->unknown == UNKNOWN_DROP || t->expires_s <= now_s(&e->now))
		return drop(e, t, REASON_WINDOW_OVER, f);
	if (s->unknown == UNKNOWN_RESEND)
		return resend(e, t, s, f);
	t->reason = REASON_UNKNOWN_HELD;
	e->count.unknown_held++;
	engine_alarm(e, "a text of unknown outcome is held: nudgectl release SITE --send or --drop", s->title);
	return store_text_put(e->store, t, f);
}

bool
unknown_decide(struct engine *e, bool *more, struct fault *f)
{
	struct batch ripe, over;

	begin(&ripe, e);
	begin(&over, e);
	if (!store_unknown(e->store, 0, REASON_REPORT_AWAITED, INT64_MAX, take_ripe, &ripe, f) ||
	    !store_unknown(e->store, 0, REASON_UNKNOWN_HELD, now_s(&e->now), take, &over, f))
		return false;
	if (ripe.n + over.n > 0 && !store_begin(e->store, f))
		return false;
	for (size_t i = 0; i < ripe.n; i++)
		if (!decide(e, &ripe.item[i], f))
			return false;
	for (size_t i = 0; i < over.n; i++)
		if (!drop(e, &over.item[i], REASON_WINDOW_OVER, f))
			return false;
	*more = *more || ripe.n == AT_ONCE || over.n == AT_ONCE;
	return true;
}

static bool
count_one(void *ctx, const struct text *t)
{
	int64_t *n = ctx;

	n[t->kind]++;
	return true;
}

bool
unknown_count(struct engine *e, int64_t site, int64_t n[TEXT_KINDS], struct fault *f)
{
	return store_unknown(e->store, site, REASON_UNKNOWN_HELD, INT64_MAX, count_one, n, f);
}

bool
unknown_release(struct engine *e, int64_t site, bool send, struct command *c, struct fault *f)
{
	const struct conf_site *s = engine_site(e, site);
	struct batch b;

	begin(&b, e);
	if (!store_unknown(e->store, site, REASON_UNKNOWN_HELD, INT64_MAX, take, &b, f))
		return false;
	for (size_t i = 0; i < b.n; i++) {
		c->counts[b.item[i].kind]++;
		if (!(send ? resend(e, &b.item[i], s, f) : drop(e, &b.item[i], REASON_NO_ANSWER, f)))
			return false;
	}
	c->more = c->more || b.n == AT_ONCE;
	return true;
}
