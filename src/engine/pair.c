/* pair.c - cancelled and booked again under another id before either was told: one visit, one text "changed". */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/parts.h"

/* The other half that is looked for: same patient, site and type of visit. */
struct search {
	const struct appointment *a;
	int64_t id[STORE_OF_PATIENT];
	size_t n;
};

static enum visit_status
complement(enum visit_status s)
{
	return s == VISIT_BOOKED ? VISIT_CANCELED : VISIT_BOOKED;
}

static bool
candidate(void *ctx, const struct appointment *b)
{
	struct search *s = ctx;
	const struct appointment *a = s->a;

	if (b->id != a->id && b->site == a->site && !b->left_site && b->status == complement(a->status) && b->has_visit &&
	    memcmp(b->visit, a->visit, MARK_BYTES) == 0 && !b->continues && !b->continued_by)
		s->id[s->n++] = b->id;
	return s->n < STORE_OF_PATIENT;
}

/* When the text that waits was planned; 0: none waits. */
struct waiting_text {
	enum text_kind kind;
	int64_t planned_s;
};

static bool
waits(void *ctx, const struct text *t)
{
	struct waiting_text *w = ctx;

	if (t->kind == w->kind && (t->state == TEXT_PENDING || (t->state == TEXT_HELD && t->reason == REASON_STORM)))
		w->planned_s = t->planned_s;
	return true;
}

/* The newest one whose own text still waits: what was told already is told. */
static bool
find(struct engine *e, const struct appointment *a, int64_t *id, struct fault *f)
{
	struct search s = { .a = a };
	int64_t newest = 0;

	*id = 0;
	if (!store_appointments_of_patient(e->store, a->patient, now_s(&e->now), candidate, &s, f))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		struct waiting_text w = { .kind = a->status == VISIT_BOOKED ? TEXT_CANCELED : TEXT_BOOKED };

		if (!store_texts_of(e->store, s.id[i], waits, &w, f))
			return false;
		if (w.planned_s > newest) {
			newest = w.planned_s;
			*id = s.id[i];
		}
	}
	return true;
}

static bool
get(struct engine *e, int64_t id, struct appointment *out, bool *there, struct fault *f)
{
	enum store_found found = store_appointment_get(e->store, id, now_s(&e->now), out, f);

	*there = found == STORE_FOUND;
	return found != STORE_FAILED;
}

static bool
plan_again(struct engine *e, struct appointment *a, struct fault *f)
{
	return apply_plan(e, a, false, false, false, f);
}

static bool
join(struct engine *e, struct appointment *a, int64_t other, struct fault *f)
{
	struct appointment b, *canceled = a->status == VISIT_CANCELED ? a : &b, *booked = canceled == a ? &b : a;
	bool there;

	if (!get(e, other, &b, &there, f))
		return false;
	if (!there)
		return true;
	canceled->continued_by = booked->id;
	canceled->rebooked = false;
	booked->continues = canceled->id;
	return plan_again(e, canceled, f) && plan_again(e, booked, f) && store_appointment_put(e->store, &b, f);
}

/* The new one will not be either, and nothing of it was told: what is owed is
 * the cancellation of the old one. */
static bool
part_from_old(struct engine *e, struct appointment *a, struct fault *f)
{
	struct appointment old;
	bool there;

	if (!get(e, a->continues, &old, &there, f))
		return false;
	a->continues = 0;
	if (!plan_again(e, a, f))
		return false;
	if (!there || old.continued_by != a->id || old.rebooked || old.erased)
		return true;
	old.continued_by = 0;
	return plan_again(e, &old, f) && store_appointment_put(e->store, &old, f);
}

/* The old one lives again: both are. What the text about the new one has told
 * of the old one is not true any more. */
static bool
part_from_new(struct engine *e, struct appointment *a, struct fault *f)
{
	struct appointment booked;
	bool there;

	if (!get(e, a->continued_by, &booked, &there, f))
		return false;
	a->continued_by = 0;
	a->generation += a->rebooked;
	a->rebooked = false;
	if (!plan_again(e, a, f))
		return false;
	if (!there || booked.continues != a->id)
		return true;
	booked.continues = 0;
	return booked.erased || (plan_again(e, &booked, f) && store_appointment_put(e->store, &booked, f));
}

/* Then it is booked or canceled, at a site, and no other continues it. */
static bool
plans_one_of_a_pair(const struct engine *e)
{
	for (size_t i = 0; i < e->plan.add_n; i++)
		if (e->plan.add[i].state == TEXT_PENDING &&
		    (e->plan.add[i].kind == TEXT_BOOKED || e->plan.add[i].kind == TEXT_CANCELED))
			return true;
	return false;
}

bool
pair_look(struct engine *e, struct appointment *a, const struct appointment *before, struct fault *f)
{
	bool another = before && before->generation != a->generation, seeks = plans_one_of_a_pair(e);
	int64_t other;

	if (a->continues && (another || a->left_site || a->status != VISIT_BOOKED))
		return part_from_old(e, a, f);
	if (a->continued_by && (another || a->status == VISIT_BOOKED || a->status == VISIT_ARRIVED))
		return part_from_new(e, a, f);
	if (!seeks || a->continues || !a->has_patient || !a->has_visit)
		return true;
	if (!find(e, a, &other, f))
		return false;
	return other == 0 || join(e, a, other, f);
}

bool
pair_had_its_turn(struct engine *e, const struct appointment *a, struct fault *f)
{
	struct appointment old;
	bool there;

	if (!a->continues)
		return true;
	if (!get(e, a->continues, &old, &there, f))
		return false;
	if (!there || old.continued_by != a->id || old.rebooked)
		return true;
	old.rebooked = true;
	return apply_plan(e, &old, false, false, true, f) && store_appointment_put(e->store, &old, f);
}
