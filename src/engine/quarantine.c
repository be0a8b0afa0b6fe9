/* quarantine.c - a message that could not be understood is kept, and what it is about waits. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/parts.h"

struct hold {
	struct engine *e;
	int64_t ids[64];
	size_t n;
};

static bool
hold_collect(void *ctx, const struct appointment *a)
{
	struct hold *h = ctx;

	if (h->n < sizeof h->ids / sizeof h->ids[0])
		h->ids[h->n++] = a->id;
	return true;
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

/* Something was said about this appointment that could not be understood: its
 * texts wait until it is. */
static bool
hold_appointment(struct engine *e, int64_t sender, struct span id, int64_t quarantine, struct fault *f)
{
	struct hold h = { .e = e };

	if (id.n == 0)
		return true;
	if (!store_appointments_of(e->store, sender, id, now_s(&e->now), hold_collect, &h, f))
		return false;
	for (size_t i = 0; i < h.n; i++) {
		struct appointment a;
		struct hold_texts texts = { .n = 0 };

		if (store_appointment_get(e->store, h.ids[i], now_s(&e->now), &a, f) == STORE_FAILED)
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
	}
	return true;
}

bool
apply_quarantine(struct engine *e, const struct message *m, int64_t sender, struct fault *f)
{
	struct quarantined q = { .sender = sender, .received_s = now_s(&e->now), .reason = m->reason,
		.field = m->error.field };

	memcpy(q.segment, m->error.segment, sizeof q.segment);
	e->count.messages_quarantined++;
	return store_quarantine_put(e->store, &q, m->raw, f) &&
	    hold_appointment(e, sender, m->held_id, q.id, f);
}

/* A newer good message settled the doubt: what waited for it goes on. */
bool
quarantine_release(struct engine *e, size_t known_n, struct fault *f)
{
	for (size_t i = 0; i < known_n; i++) {
		struct text t;

		if (e->known[i].state != TEXT_HELD || e->known[i].reason != REASON_QUARANTINED)
			continue;
		if (store_text_get(e->store, e->known[i].id, &t, f) == STORE_FAILED)
			return false;
		if (t.state != TEXT_HELD) /* the plan ended it */
			continue;
		t.state = text_step(t.state, TEXT_EV_RELEASE);
		t.reason = REASON_NONE;
		ahead_note(e, t.id, t.due_s);
		if (!store_text_put(e->store, &t, f))
			return false;
	}
	return true;
}
