/* quarantine.c - a message that could not be understood is kept, and what it is about waits. */
// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

#define SHED_TO 1048576 /* bytes kept when the disk runs low: the least that quarantine_max may be */
#define SHED_PORTION 64 /* a turn */

/* Some of the appointments with an id: a group's is one of each who comes, however many. */
#define HOLD_PORTION 64

struct hold {
	int64_t ids[HOLD_PORTION];
	size_t n, skip;
};

static bool
hold_collect(void *ctx, const struct appointment *a)
{
	struct hold *h = ctx;

	if (h->skip > 0)
		h->skip--;
	else
		h->ids[h->n++] = a->id;
	return h->n < HOLD_PORTION;
}

/* Those behind the first `from`, always in the same order. */
static bool
hold_find(struct engine *e, int64_t sender, struct span id, size_t from, struct hold *h, struct fault *f)
{
	h->n = 0;
	h->skip = from;
	return store_appointments_of(e->store, sender, id, now_s(&e->now), hold_collect, h, f);
}

struct hold_texts {
	struct text item[64];
	size_t n;
};

static bool
hold_text(void *ctx, const struct text *t)
{
	struct hold_texts *h = ctx;

	if (t->state == TEXT_PENDING && h->n < sizeof h->item / sizeof h->item[0])
		h->item[h->n++] = *t;
	return true;
}

static bool
hold_one(struct engine *e, int64_t id, int64_t quarantine, struct fault *f)
{
	struct hold_texts texts = { .n = 0 };
	struct appointment a;

	if (store_appointment_get(e->store, id, now_s(&e->now), &a, f) == STORE_FAILED)
		return false;
	a.quarantine = quarantine;
	if (!store_appointment_put(e->store, &a, f) || !store_texts_of(e->store, a.id, hold_text, &texts, f))
		return false;
	for (size_t t = 0; t < texts.n; t++) {
		texts.item[t].state = text_step(texts.item[t].state, TEXT_EV_HOLD);
		texts.item[t].reason = REASON_QUARANTINED;
		if (!store_text_put(e->store, &texts.item[t], f))
			return false;
	}
	return true;
}

/* Something was said about this appointment that could not be understood: its
 * texts wait until it is. */
static bool
hold_appointment(struct engine *e, int64_t sender, struct span id, int64_t quarantine, struct fault *f)
{
	struct hold h = { .n = id.n > 0 ? HOLD_PORTION : 0 };

	for (size_t from = 0; h.n == HOLD_PORTION; from += h.n) {
		if (!hold_find(e, sender, id, from, &h, f))
			return false;
		for (size_t i = 0; i < h.n; i++)
			if (!hold_one(e, h.ids[i], quarantine, f))
				return false;
	}
	return true;
}

static int64_t
quarantine_room(const struct engine *e)
{
	return e->space >= SPACE_SHED ? SHED_TO : e->rules->conf->quarantine_max_bytes;
}

/* The oldest go when the newest would not fit; what they held stays held. */
static bool
make_room(struct engine *e, int64_t newest, size_t portion, bool *more, struct fault *f)
{
	int64_t n, bytes, id = 0, dropped = 0;
	enum store_found found;

	for (;;) {
		store_quarantine_size(e->store, &n, &bytes);
		if (bytes <= quarantine_room(e))
			break;
		if ((size_t)dropped == portion) {
			*more = true;
			break;
		}
		found = store_quarantine_next(e->store, "", &id, f);
		if (found == STORE_FAILED)
			return false;
		if (found == STORE_NONE || id == newest)
			break;
		if (!store_quarantine_drop(e->store, id, f))
			return false;
		dropped++;
	}
	e->count.quarantine_dropped += dropped;
	if (dropped > 0 && e->space < SPACE_SHED) {
		if (e->quarantine_full_s == 0)
			engine_alarm(e, "quarantine is over quarantine_max: its oldest messages are being dropped "
			                "(nudgectl quarantine list)", "quarantine");
		e->quarantine_full_s = now_s(&e->now);
	}
	return true;
}

bool
quarantine_shed(struct engine *e, bool *more, struct fault *f)
{
	int64_t n, bytes;

	store_quarantine_size(e->store, &n, &bytes);
	return bytes <= quarantine_room(e) || (store_begin(e->store, f) && make_room(e, 0, SHED_PORTION, more, f));
}

bool
apply_quarantine(struct engine *e, const struct message *m, int64_t sender, struct fault *f)
{
	int64_t now = now_s(&e->now), keep = e->rules->conf->quarantine_retention_s;
	bool more = false;
	struct quarantined q = { .sender = sender, .received_s = now, .erase_at_s = now + keep, .field = m->error.field,
		.offset = m->place_at };

	(void)snprintf(q.reason, sizeof q.reason, "%s", m->reason);
	(void)snprintf(q.site, sizeof q.site, "%s", m->about ? m->about->title : "");
	memcpy(q.segment, m->error.segment, sizeof q.segment);
	span_copy(q.about, sizeof q.about, m->held_id);
	e->count.messages_quarantined++;
	return store_quarantine_put(e->store, &q, m->raw, f) && make_room(e, q.id, SIZE_MAX, &more, f) &&
	    hold_appointment(e, sender, m->held_id, q.id, f);
}

/* One text, taken or ended, of those that a message in quarantine holds. */
static bool
let_go(struct engine *e, int64_t text, struct fault *f)
{
	struct text t;

	if (store_text_get(e->store, text, &t, f) == STORE_FAILED)
		return false;
	if (t.state != TEXT_HELD || t.reason != REASON_QUARANTINED)
		return true;
	t.state = text_step(t.state, TEXT_EV_RELEASE);
	t.reason = REASON_NONE;
	ahead_note(e, t.id, t.due_s);
	return store_text_put(e->store, &t, f);
}

struct held_ids {
	int64_t item[64];
	size_t n;
};

static bool
held_id(void *ctx, const struct text *t)
{
	struct held_ids *h = ctx;

	if (t->state == TEXT_HELD && h->n < sizeof h->item / sizeof h->item[0])
		h->item[h->n++] = t->id;
	return true;
}

static bool
settle_one(struct engine *e, int64_t id, int64_t quarantine, struct fault *f)
{
	struct held_ids held = { .n = 0 };
	struct appointment a;

	if (store_appointment_get(e->store, id, now_s(&e->now), &a, f) == STORE_FAILED)
		return false;
	if (a.quarantine != quarantine) /* another message holds it */
		return true;
	a.quarantine = 0;
	if (!store_appointment_put(e->store, &a, f) || !store_texts_of(e->store, a.id, held_id, &held, f))
		return false;
	for (size_t i = 0; i < held.n; i++)
		if (!let_go(e, held.item[i], f))
			return false;
	return true;
}

bool
quarantine_settled(struct engine *e, const struct quarantined *q, struct fault *f)
{
	struct hold h = { .n = q->about[0] ? HOLD_PORTION : 0 };

	for (size_t from = 0; h.n == HOLD_PORTION; from += h.n) {
		if (!hold_find(e, q->sender, span_of(q->about), from, &h, f))
			return false;
		for (size_t i = 0; i < h.n; i++)
			if (!settle_one(e, h.ids[i], q->id, f))
				return false;
	}
	return store_quarantine_drop(e->store, q->id, f);
}

/* Held texts whose time is over can go no more, whoever might release them. */
struct over {
	struct text item[64];
	size_t n;
};

static bool
take_over(void *ctx, const struct text *t)
{
	struct over *o = ctx;

	o->item[o->n++] = *t;
	return true;
}

bool
quarantine_expire(struct engine *e, bool *more, struct fault *f)
{
	struct over o; /* the texts need no zeros */
	const size_t most = sizeof o.item / sizeof o.item[0];

	o.n = 0;
	if (!store_held_over(e->store, now_s(&e->now), most, take_over, &o, f) || (o.n > 0 && !store_begin(e->store, f)))
		return false;
	for (size_t i = 0; i < o.n; i++) {
		o.item[i].state = text_step(o.item[i].state, TEXT_EV_EXPIRE); /* the reason stays: who held it */
		if (!store_text_put(e->store, &o.item[i], f) || !apply_final(e, o.item[i].appointment, f))
			return false;
	}
	*more = o.n == most;
	return true;
}

/* A newer good message settled the doubt: what waited for it goes on. */
bool
quarantine_release(struct engine *e, size_t known_n, struct fault *f)
{
	for (size_t i = 0; i < known_n; i++)
		if (e->known[i].state == TEXT_HELD && e->known[i].reason == REASON_QUARANTINED &&
		    !let_go(e, e->known[i].id, f))
			return false;
	return true;
}
