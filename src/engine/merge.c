/* merge.c - when a reminder goes: the patient's other visits of that day are said in it, or go on alone. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "engine/parts.h"

struct search {
	const struct look *carrier;
	int64_t day, id[STORE_OF_PATIENT];
	size_t n;
};

static int64_t
day_of(const struct zone *z, int64_t at_s)
{
	struct civil c;

	zone_civil(z, at_s, &c);
	return civil_days(c.year, c.month, c.day);
}

/* Of one patient, site and day. */
static bool
candidate(void *ctx, const struct appointment *b)
{
	struct search *s = ctx;
	const struct appointment *a = &s->carrier->a;

	if (b->id != a->id && b->site == a->site && !b->left_site && b->status == VISIT_BOOKED && b->has_start &&
	    day_of(s->carrier->rules->zone, b->start_s) == s->day)
		s->id[s->n++] = b->id;
	return s->n < STORE_OF_PATIENT;
}

struct same_rule {
	const char *rule;
	int64_t text; /* 0: none waits */
};

static bool
waits(void *ctx, const struct text *t)
{
	struct same_rule *w = ctx;

	if (t->kind == TEXT_REMINDER && t->state == TEXT_PENDING && strcmp(t->rule, w->rule) == 0)
		w->text = t->id;
	return true;
}

static void
insert(struct merged *m, int64_t text, int64_t start_s)
{
	size_t at = m->n++;

	for (; at > 0 && m->start_s[at - 1] > start_s; at--) {
		m->text[at] = m->text[at - 1];
		m->start_s[at] = m->start_s[at - 1];
	}
	m->text[at] = text;
	m->start_s[at] = start_s;
}

bool
merge_find(struct engine *e, const struct look *carrier, struct merged *m, struct fault *f)
{
	struct search s = { .carrier = carrier };

	m->n = 0;
	if (!carrier->site->merge || carrier->t.kind != TEXT_REMINDER || !carrier->a.has_patient)
		return true;
	s.day = day_of(carrier->rules->zone, carrier->a.start_s);
	if (!store_appointments_of_patient(e->store, carrier->a.patient, now_s(&e->now), candidate, &s, f))
		return false;
	for (size_t i = 0; i < s.n && m->n < SMS_OTHERS_MAX - 1; i++) {
		struct same_rule w = { .rule = carrier->t.rule };
		struct gate_result r;
		struct look other;
		bool there;

		if (!store_texts_of(e->store, s.id[i], waits, &w, f))
			return false;
		if (w.text == 0)
			continue;
		if (!send_gates(e, w.text, &other, &r, &there, f))
			return false;
		/* One text has one number, one link and one kind of visit. */
		if (there && r.verdict == GATE_PASS && !other.a.quarantine && strcmp(other.a.phone, carrier->a.phone) == 0 &&
		    other.a.modality == carrier->a.modality &&
		    strcmp(other.a.link, carrier->a.link) == 0)
			insert(m, w.text, other.a.start_s);
	}
	return true;
}

void
merge_values(const struct merged *m, struct sms_values *v)
{
	int64_t own = v->start_s, last;
	struct merged all = *m;

	if (m->n == 0)
		return;
	assert(m->n < SMS_OTHERS_MAX);
	insert(&all, 0, own);
	v->start_s = last = all.start_s[0];
	for (size_t i = 1; i < all.n; i++) {
		if (all.start_s[i] != last)
			v->other_start_s[v->others_n++] = all.start_s[i];
		last = all.start_s[i];
	}
}

bool
merge_hold(struct engine *e, const struct merged *m, int64_t carrier, struct fault *f)
{
	for (size_t i = 0; i < m->n; i++) {
		struct text t;
		enum store_found found = store_text_get(e->store, m->text[i], &t, f);

		if (found != STORE_FOUND)
			return found != STORE_FAILED && fault_set(f, FAULT_BROKEN, "a text that was just read is gone");
		t.state = text_step(t.state, TEXT_EV_HOLD);
		t.reason = REASON_MERGED;
		t.carrier = carrier;
		if (!store_text_put(e->store, &t, f))
			return false;
	}
	return true;
}

struct carried {
	struct text item[SMS_OTHERS_MAX * 2];
	size_t n;
};

static bool
take(void *ctx, const struct text *t)
{
	struct carried *c = ctx;

	if (t->state != TEXT_SUPPRESSED)
		c->item[c->n++] = *t;
	return c->n < sizeof c->item / sizeof c->item[0];
}

static bool
is_held(const struct text *t)
{
	return t->state == TEXT_HELD && t->reason == REASON_MERGED;
}

bool
merge_stands(struct engine *e, const struct text *carrier, bool *stands, struct fault *f)
{
	struct carried c = { .n = 0 };

	*stands = true;
	if (carrier->kind != TEXT_REMINDER)
		return true;
	if (!store_carried(e->store, carrier->id, take, &c, f))
		return false;
	for (size_t i = 0; i < c.n; i++) {
		struct appointment a;

		if (store_appointment_get(e->store, c.item[i].appointment, now_s(&e->now), &a, f) == STORE_FAILED)
			return false;
		*stands = *stands && is_held(&c.item[i]) && a.start_s == c.item[i].start_s && a.status == VISIT_BOOKED;
	}
	return true;
}

bool
merge_settle(struct engine *e, const struct text *carrier, struct fault *f)
{
	struct carried c = { .n = 0 };
	bool told = text_was_told(carrier->state);

	if (carrier->kind != TEXT_REMINDER)
		return true;
	if (!store_carried(e->store, carrier->id, take, &c, f))
		return false;
	for (size_t i = 0; i < c.n; i++) {
		struct text *t = &c.item[i];

		if (!is_held(t)) {
			t->carrier = 0; /* it ended for a reason of its own */
		} else if (told) {
			t->state = text_step(t->state, TEXT_EV_GATE);
		} else {
			t->state = text_step(t->state, TEXT_EV_RELEASE);
			t->reason = REASON_NONE;
			t->carrier = 0;
			ahead_note(e, t->id, t->due_s);
		}
		if (!store_text_put(e->store, t, f))
			return false;
	}
	return true;
}
