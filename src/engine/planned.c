/* planned.c - what is known of an appointment goes into the plan; what it decides goes into the store. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "engine/parts.h"

#define TOMBSTONE_KEEP_S (30 * 86400)

_Static_assert(STORE_TEXTS_OF_ONE <= PLAN_TEXTS_MAX, "all of a visit's texts are known to its plan");

struct gather {
	struct engine *e;
	const struct appointment *a;
	size_t n;
	int64_t last; /* highest ordinal, -1: none */
};

static void
know(struct gather *g, const struct text *t, bool this_patient)
{
	struct plan_known *k = &g->e->known[g->n++];

	*k = (struct plan_known){ .id = t->id, .kind = t->kind, .state = t->state, .reason = t->reason,
		.this_patient = this_patient, .start_s = t->start_s, .due_s = t->due_s, .expires_s = t->expires_s };
	memcpy(k->rule, t->rule, sizeof k->rule);
	memcpy(k->fingerprint, t->fingerprint, sizeof k->fingerprint);
}

/* What the patient was told about the visit while it had another id. */
static bool
gather_told(void *ctx, const struct text *t)
{
	struct gather *g = ctx;

	if (text_was_told(t->state) && g->n < PLAN_KNOWN_MAX - PLAN_TEXTS_MAX)
		know(g, t, true);
	return true;
}

static bool
gather_text(void *ctx, const struct text *t)
{
	struct gather *g = ctx;

	g->last = t->id % STORE_TEXTS_OF_ONE;
	assert(g->n < PLAN_KNOWN_MAX);
	know(g, t, t->generation == g->a->generation);
	return true;
}

static bool
end_one(struct engine *e, const struct plan_void *v, struct fault *f)
{
	struct text t;
	enum store_found found = store_text_get(e->store, v->id, &t, f);

	if (found != STORE_FOUND)
		return found != STORE_FAILED && fault_set(f, FAULT_BROKEN, "a text that was just read is gone");
	t.state = text_step(t.state, TEXT_EV_VOID);
	t.reason = v->reason;
	return store_text_put(e->store, &t, f);
}

/* More confirmations a minute than the brake allows: a feed has gone mad, or a
 * whole clinic moves; a person looks first. */
static bool
storm(struct engine *e, const struct conf_site *s, enum text_kind kind)
{
	struct site_state *st = &e->sites[s->index];
	int64_t now = now_s(&e->now);

	if (s->storm_brake_per_min == 0 || kind == TEXT_REMINDER)
		return false;
	if (now - st->storm_from_s >= 60 || now < st->storm_from_s) {
		st->storm_from_s = now;
		if (st->storm_n <= s->storm_brake_per_min)
			ends_storm(e, s->index);
		st->storm_n = 0;
	}
	st->storm_n++;
	if (st->storm_n > s->storm_brake_per_min && !st->storm) {
		st->storm = true;
		engine_alarm(e, "storm brake: more confirmations a minute than storm_brake; they are held", s->title);
	}
	return st->storm;
}

static bool
new_row(struct engine *e, const struct appointment *a, const struct plan_row *r, int64_t ordinal, struct phone_seen *seen, struct text *t, struct fault *f)
{
	const struct conf_site *s = engine_site(e, a->site);

	*t = (struct text){ .id = a->id * STORE_TEXTS_OF_ONE + ordinal, .appointment = a->id, .site = a->site,
		.generation = a->generation, .kind = r->kind, .state = r->state, .reason = r->reason,
		.planned_s = now_s(&e->now), .due_s = r->due_s, .expires_s = r->expires_s, .start_s = r->start_s };
	t->clinic_hours = r->clinic_hours;
	memcpy(t->rule, r->rule, sizeof t->rule);
	memcpy(t->fingerprint, r->fingerprint, sizeof t->fingerprint);
	if (ordinal == STORE_TEXTS_OF_ONE - 1 && t->state == TEXT_PENDING) {
		t->state = TEXT_SUPPRESSED;
		t->reason = REASON_TOO_MANY;
	}
	if (t->state == TEXT_PENDING && s && storm(e, s, t->kind)) {
		t->state = TEXT_HELD;
		t->reason = REASON_STORM;
	}
	if (t->state == TEXT_PENDING && a->quarantine) {
		t->state = TEXT_HELD;
		t->reason = REASON_QUARANTINED;
	}
	return t->state != TEXT_PENDING || phone_pending(e, a, seen, t, f);
}

/* last: the highest ordinal that the visit has. */
static bool
add_rows(struct engine *e, const struct appointment *a, int64_t last, struct fault *f)
{
	struct phone_seen seen = { .looked = false };
	struct text some[4];
	size_t added = 0, n;

	do {
		for (n = 0; n < sizeof some / sizeof some[0] && added < e->plan.add_n && last + 1 < STORE_TEXTS_OF_ONE; n++)
			if (!new_row(e, a, &e->plan.add[added++], ++last, &seen, &some[n], f))
				return false;
		if (!store_texts_add(e->store, some, n, f))
			return false;
		for (size_t i = 0; i < n; i++)
			if (some[i].state == TEXT_PENDING)
				ahead_note(e, some[i].id, some[i].due_s);
	} while (n > 0);
	return true;
}

static bool
any_open(const struct engine *e, const struct gather *g)
{
	for (size_t i = 0; i < e->plan.add_n; i++)
		if (e->plan.add[i].state == TEXT_PENDING)
			return true;
	for (size_t i = 0; i < g->n; i++) {
		bool ended = false;

		for (size_t j = 0; j < e->plan.end_n; j++)
			ended = ended || e->plan.end[j].id == e->known[i].id;
		if (!ended && !text_is_final(e->known[i].state))
			return true;
	}
	return false;
}

/* When what identifies the patient goes: at the start and retain; at once when
 * the visit will not be and nothing is left to say. */
static void
set_erasure(struct engine *e, struct appointment *a, const struct conf_site *s, bool open)
{
	int64_t now = now_s(&e->now);
	bool alive = a->status == VISIT_BOOKED || a->status == VISIT_ARRIVED;

	a->erase_at_s = a->has_start ? a->start_s + (s ? s->retain_s : 0) : now + TOMBSTONE_KEEP_S;
	if (!open && (!alive || a->left_site) && a->erase_at_s > now)
		a->erase_at_s = now;
	if (a->erase_at_s > now)
		return;
	seal_wipe(a->phone, sizeof a->phone);
	seal_wipe(a->link, sizeof a->link);
	seal_wipe(a->zones, sizeof a->zones);
	a->has_patient = false;
	a->erased = true;
}

bool
apply_plan(struct engine *e, struct appointment *a, bool is_new, bool new_phone, bool reminders_only, struct fault *f)
{
	const struct conf_site *s = a->left_site ? NULL : engine_site(e, a->site);
	struct gather g = { e, a, 0, -1 };
	struct plan_input in = { .rules = s ? rules_of(e->rules, s) : NULL, .reminders_only = reminders_only,
		.may_send = s && e->sites[s->index].may_send, .status = a->status, .has_start = a->has_start,
		.start_s = a->start_s, .wall = a->wall, .patient = patient_of(e, s, a), .continued = a->continued_by != 0,
		.phone_changed = new_phone, .now_s = now_s(&e->now), .known = e->known };

	plan_fingerprint(s, &a->wall, a->modality, span_of(a->link), in.fingerprint);
	if (a->modality == MODALITY_UNKNOWN)
		memcpy(in.unmapped, in.fingerprint, sizeof in.unmapped);
	else
		plan_fingerprint(s, &a->wall, MODALITY_UNKNOWN, span_of(a->link), in.unmapped);
	if (a->continues && !store_texts_of(e->store, a->continues, gather_told, &g, f))
		return false;
	if (!is_new && !store_texts_of(e->store, a->id, gather_text, &g, f))
		return false;
	in.known_n = g.n;
	plan_make(&in, &e->plan);
	for (size_t i = 0; i < e->plan.end_n; i++)
		if (!end_one(e, &e->plan.end[i], f))
			return false;
	if (!add_rows(e, a, g.last, f))
		return false;
	if (new_phone && !phone_another(e, a, f))
		return false;
	/* While its successor's text may still come to nothing, a cancellation may be owed after all. */
	set_erasure(e, a, s, any_open(e, &g) || (a->continued_by && !a->rebooked));
	return a->quarantine || quarantine_release(e, g.n, f);
}

static bool
plan_stored(struct engine *e, int64_t id, bool reminders_only, struct fault *f)
{
	struct appointment a;

	switch (store_appointment_get(e->store, id, now_s(&e->now), &a, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	return a.erased || (apply_plan(e, &a, false, false, reminders_only, f) && store_appointment_put(e->store, &a, f));
}

bool
apply_again(struct engine *e, int64_t id, struct fault *f)
{
	return store_is_response(id) || plan_stored(e, id, false, f);
}

bool
apply_final(struct engine *e, int64_t id, struct fault *f)
{
	enum visit_status status;
	bool erased;

	if (store_is_response(id))
		return response_final(e, id, f);
	switch (store_visit_state(e->store, id, now_s(&e->now), &status, &erased, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	return erased || status == VISIT_BOOKED || status == VISIT_ARRIVED || plan_stored(e, id, true, f);
}
