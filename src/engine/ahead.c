/* ahead.c - what comes next: the look-ahead, and the small portions of housekeeping. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>

#include "engine/parts.h"

void
ahead_restart(struct engine *e)
{
	int64_t now = now_s(&e->now);

	wheel_reset(e->wheel, now);
	for (size_t i = 0; i < e->lanes.n; i++)
		lanes_empty(&e->lanes.item[i]); /* they are pending rows too, and come back */
	e->loading = true;
	e->overflow = false;
	e->load_cursor = (struct store_cursor){ 0, 0 };
	e->load_from_s = INT64_MIN;
	e->horizon_s = now + LOOKAHEAD_S - 1;
}

void
ahead_note(struct engine *e, int64_t text, int64_t due_s)
{
	if (due_s < e->horizon_s && !wheel_add(e->wheel, text, due_s))
		e->overflow = true;
}

struct fired {
	struct engine *e;
	struct fault *f;
	bool ok;
};

/* Fired means "look": the row goes to its number's lane, or is looked at here
 * when there is none. */
static void
fire(void *ctx, int64_t id, int64_t due_s)
{
	struct fired *x = ctx;
	struct engine *e = x->e;
	const struct conf_site *s;
	struct text t;
	bool stop;

	(void)due_s;
	if (!x->ok)
		return;
	switch (store_text_get(e->store, id, &t, x->f)) {
	case STORE_FAILED:
		x->ok = false;
		return;
	case STORE_NONE:
		return;
	case STORE_FOUND:
		break;
	}
	if (t.state != TEXT_PENDING)
		return;
	s = engine_site(e, t.site);
	if (s && s->number)
		x->ok = lanes_push(e, e->sites[s->index].lane, &t) ||
		    fault_set(x->f, FAULT_BROKEN, "out of memory");
	else
		x->ok = send_look(e, id, &stop, x->f);
}

bool
ahead_advance(struct engine *e, struct fault *f)
{
	struct fired x = { e, f, true };

	(void)wheel_advance(e->wheel, now_s(&e->now), LOOKS_A_TURN, fire, &x);
	return x.ok;
}

/* ---- portions ---- */

static bool
load_one(void *ctx, int64_t text, int64_t due_s)
{
	struct engine *e = ctx;

	if (due_s >= e->load_from_s && !wheel_add(e->wheel, text, due_s))
		e->overflow = true;
	return true;
}

static bool
load_portion(struct engine *e, struct fault *f)
{
	int64_t now = now_s(&e->now);

	if (!e->loading && e->overflow && wheel_pending(e->wheel) < WHEEL_MAX / 2)
		ahead_restart(e);
	if (!e->loading && e->horizon_s < now + LOOKAHEAD_S / 2) {
		e->loading = true;
		e->load_from_s = e->horizon_s;
		e->load_cursor = (struct store_cursor){ e->horizon_s / STORE_DUE_SPAN_S, 0 };
		e->horizon_s = now + LOOKAHEAD_S - 1;
	}
	if (!e->loading)
		return true;
	bool done = false;

	if (!store_due(e->store, e->horizon_s, LOAD_PORTION, &e->load_cursor, &done, load_one, e, f))
		return false;
	e->loading = !done;
	return true;
}

struct replan {
	struct engine *e;
	struct fault *f;
	bool ok;
	size_t n;
	int64_t id[REPLAN_PORTION];
};

static bool
collect(void *ctx, const struct appointment *a)
{
	struct replan *x = ctx;

	assert(x->n < REPLAN_PORTION);
	x->id[x->n++] = a->id;
	return true;
}

struct confirmations { /* of one visit that wait or are held */
	struct text item[8];
	size_t n;
};

static bool
take_confirmation(void *ctx, const struct text *t)
{
	struct confirmations *c = ctx;

	if (t->kind != TEXT_REMINDER && (t->state == TEXT_PENDING || t->state == TEXT_HELD) && c->n < sizeof c->item / sizeof c->item[0])
		c->item[c->n++] = *t;
	return true;
}

/* The visit's wall clock under today's rules of the zone. What waits to be told
 * of it is still true: the wall clock is what it says. */
static bool
derive_again(struct engine *e, struct appointment *a, struct fault *f)
{
	const struct conf_site *s = engine_site(e, a->site);
	struct confirmations c = { .n = 0 };
	int64_t was_s = a->start_s;

	if (s && a->has_start && a->zone[0] && span_is(span_of(s->time_zone), a->zone))
		a->start_s = zone_instant(rules_of(e->rules, s)->zone, &a->wall, NULL);
	if (a->start_s == was_s)
		return true;
	if (!store_texts_of(e->store, a->id, take_confirmation, &c, f))
		return false;
	for (size_t i = 0; i < c.n; i++) {
		if (c.item[i].start_s != was_s)
			continue;
		c.item[i].start_s = a->start_s;
		c.item[i].expires_s += a->start_s - was_s;
		if (!store_text_put(e->store, &c.item[i], f))
			return false;
	}
	return true;
}

/* By which rules all that waits was planned; never 0. */
int64_t
ahead_mark(const struct rules *r)
{
	uint64_t hash = (r->tzdata ^ (uint64_t)r->version) * 1099511628211u;

	return hash ? (int64_t)hash : 1;
}

/* Until the last portion no rules are those by which all was planned, also after a crash. */
bool
ahead_replan(struct engine *e, const struct rules *r, struct fault *f)
{
	e->replanning = true;
	e->replan_after = 0;
	return store_setting_put(e->store, "rules", ~ahead_mark(r), f);
}

static bool
replan_portion(struct engine *e, struct fault *f)
{
	struct replan x = { .e = e, .f = f, .ok = true };
	bool done = false;

	if (!store_live_after(e->store, &e->replan_after, REPLAN_PORTION, now_s(&e->now), collect, &x, &done, f))
		return false;
	if ((x.n > 0 || done) && !store_begin(e->store, f))
		return false;
	for (size_t i = 0; i < x.n; i++) {
		struct appointment a;

		switch (store_appointment_get(e->store, x.id[i], now_s(&e->now), &a, f)) {
		case STORE_FAILED:
			return false;
		case STORE_NONE:
			continue;
		case STORE_FOUND:
			break;
		}
		if (!derive_again(e, &a, f) || !apply_plan(e, &a, false, false, true, f) || !store_appointment_put(e->store, &a, f))
			return false;
	}
	e->replanning = !done;
	return !done || store_setting_put(e->store, "rules", ahead_mark(e->rules), f);
}

static bool
erase_portion(struct engine *e, bool *more, struct fault *f)
{
	int64_t now = now_s(&e->now);
	size_t n = 0, forgotten = 0;
	bool counts_done = true;

	if (e->moving && !timing_move_kept(e, f))
		return false;
	if (!e->moving && store_next_erasure(e->store) <= now) {
		if (!store_begin(e->store, f) || !store_erase(e->store, now, ERASE_PORTION, &n, f))
			return false;
		e->scrub_wanted = e->scrub_wanted || n > 0;
	}
	if (now - e->forgot_s >= 600 || now < e->forgot_s) {
		if (!store_begin(e->store, f) ||
		    !store_forget_seen(e->store, now - SEEN_KEEP_S, now + AHEAD_S, ERASE_PORTION, &forgotten, f) ||
		    !store_forget_caps(e->store, now / 86400 - CAP_KEEP_DAYS, CAP_PORTION, &counts_done, f) ||
		    !store_forget_inbound(e->store, now - SEEN_KEEP_S, f))
			return false;
		if (!journalled_forget(e, f) || !refused_forget(e, f))
			return false;
		if (forgotten < ERASE_PORTION && counts_done)
			e->forgot_s = now;
	}
	if (now - e->held_looked_s >= 60 || now < e->held_looked_s) {
		bool again = false;

		if (!quarantine_expire(e, &again, f) || !limit_release(e, &again, f) || !optout_nightly(e, f) || !unknown_decide(e, &again, f))
			return false;
		e->held_looked_s = again ? 0 : now;
		*more = *more || again;
	}
	*more = *more || e->moving || n == ERASE_PORTION || forgotten == ERASE_PORTION || !counts_done;
	return true;
}

bool
ahead_portion(struct engine *e, bool *more, struct fault *f)
{
	if (!load_portion(e, f) || (e->replanning && !replan_portion(e, f)) || !erase_portion(e, more, f) || !optout_portion(e, f))
		return false;
	*more = *more || e->loading || e->replanning || wheel_next(e->wheel) <= now_s(&e->now);
	return true;
}
