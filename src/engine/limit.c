/* limit.c - an organization's month: what it has used, what may still go, who is told. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "engine/parts.h"

#define RELEASE_PORTION 200
#define LONGEST_TEXT 32 /* segments */

int64_t
limit_month(int64_t at_s)
{
	struct civil c;

	civil_of_days(at_s / 86400, &c);
	return (int64_t)c.year * 12 + c.month - 1;
}

bool
limit_ask(struct engine *e, const struct conf_site *s, int64_t segments, bool *within, bool *hold, struct fault *f)
{
	const struct conf_organization *o = s->environment->organization;
	struct store_usage u;

	*within = true;
	*hold = false;
	if (o->monthly_limit == 0)
		return true;
	if (!store_usage_get(e->store, o->title, limit_month(now_s(&e->now)), &u, f))
		return false;
	*within = u.segments + segments <= o->monthly_limit;
	*hold = !*within && o->on_limit == LIMIT_HOLD;
	return true;
}

/* Once at 80 and once at 100 percent of a month; where a higher limit made room,
 * anew. full: a text did not fit. */
static void
alarm_at(struct engine *e, const struct conf_organization *o, struct store_usage *u, bool full)
{
	int64_t percent = o->monthly_limit == 0 ? 0 :
	    full || u->segments >= o->monthly_limit ? 100 :
	    u->segments >= o->monthly_limit - o->monthly_limit / 5 ? 80 : 0;

	if (percent > u->alarmed)
		engine_alarm(e, percent == 80 ? "an organization has used 80 % of its monthly_limit" :
		        o->on_limit == LIMIT_HOLD ?
		        "an organization has used up its monthly_limit: its texts are held until the next month" :
		        "an organization has used up its monthly_limit: its texts go on (on_limit = warn)", o->title);
	if (percent > u->alarmed || o->monthly_limit - u->segments >= LONGEST_TEXT)
		u->alarmed = percent;
}

bool
limit_full(struct engine *e, const struct conf_site *s, struct fault *f)
{
	const struct conf_organization *o = s->environment->organization;
	int64_t month = limit_month(now_s(&e->now));
	struct store_usage u;

	if (!store_usage_get(e->store, o->title, month, &u, f))
		return false;
	if (u.alarmed == 100)
		return true;
	alarm_at(e, o, &u, true);
	return store_usage_put(e->store, o->title, month, &u, f);
}

bool
limit_use(struct engine *e, const struct text *t, int64_t texts, struct fault *f)
{
	const struct conf_site *s = engine_site(e, t->site);
	int64_t month = limit_month(t->first_sent_s);
	struct store_usage u;

	if (!s || t->first_sent_s == 0)
		return true;
	if (!store_usage_get(e->store, s->environment->organization->title, month, &u, f))
		return false;
	u.texts += texts;
	u.segments += texts * t->segments;
	if (texts > 0 && month == limit_month(now_s(&e->now)))
		alarm_at(e, s->environment->organization, &u, false);
	return store_usage_put(e->store, s->environment->organization->title, month, &u, f);
}

/* ---- the way back ---- */

struct held {
	struct text item[RELEASE_PORTION];
	size_t n;
	int64_t room; /* segments; a longer text waits on, a shorter one behind it goes */
};

static bool
take(void *ctx, const struct text *t)
{
	struct held *h = ctx;

	if (t->segments > h->room)
		return true;
	h->room -= t->segments;
	h->item[h->n++] = *t;
	return true;
}

static bool
release_site(struct engine *e, const struct conf_site *s, bool *more, struct fault *f)
{
	const struct conf_organization *o = s->environment->organization;
	struct held h = { .n = 0, .room = INT64_MAX };
	struct store_usage u;

	if (!store_usage_get(e->store, o->title, limit_month(now_s(&e->now)), &u, f))
		return false;
	if (o->monthly_limit > 0 && o->on_limit == LIMIT_HOLD)
		h.room = o->monthly_limit - u.segments;
	if (h.room <= 0)
		return true;
	if (!store_held_for(e->store, e->sites[s->index].id, REASON_MONTHLY_LIMIT, RELEASE_PORTION, take, &h, f) ||
	    (h.n > 0 && !store_begin(e->store, f)))
		return false;
	for (size_t i = 0; i < h.n; i++) {
		struct text *t = &h.item[i];

		t->state = text_step(t->state, TEXT_EV_RELEASE);
		t->reason = REASON_NONE;
		ahead_note(e, t->id, t->due_s);
		if (!store_text_put(e->store, t, f))
			return false;
	}
	/* The next portion does not know of this one until it is sent: what then has no room is held again. */
	*more = *more || h.n == RELEASE_PORTION;
	return true;
}

bool
limit_release(struct engine *e, bool *more, struct fault *f)
{
	if (store_tally(e->store, 0, TEXT_HELD) == 0)
		return true;
	for (size_t i = 0; i < e->rules->conf->sites_n; i++)
		if (store_tally(e->store, e->sites[i].id, TEXT_HELD) > 0 && !release_site(e, &e->rules->conf->sites[i], more, f))
			return false;
	return true;
}

bool
limit_status(struct engine *e, struct engine_status *out, struct fault *f)
{
	const struct conf *c = e->rules->conf;

	out->limits_n = 0;
	for (size_t i = 0; i < c->organizations_n && i < sizeof out->limits / sizeof out->limits[0]; i++) {
		const struct conf_organization *o = &c->organizations[i];
		struct limit_status *l = &out->limits[out->limits_n++];
		struct store_usage u;

		*l = (struct limit_status){ .month = limit_month(now_s(&e->now)), .limit = o->monthly_limit,
			.hold = o->on_limit == LIMIT_HOLD };
		(void)snprintf(l->organization, sizeof l->organization, "%s", o->title);
		if (!store_usage_get(e->store, o->title, l->month, &u, f))
			return false;
		l->texts = u.texts;
		l->used = u.segments;
	}
	return true;
}
