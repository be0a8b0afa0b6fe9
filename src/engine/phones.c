/* phones.c - all texts of one phone: what waits says why it would not go. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/parts.h"

struct phone_rows {
	const struct engine *e;
	const char *organization;
	int64_t id[STORE_OF_PHONE];
	size_t n;
};

static bool
of_organization(const struct engine *e, int64_t site, const char *organization)
{
	const struct conf_site *s = engine_site(e, site);

	return s && strcmp(s->environment->organization->title, organization) == 0;
}

static bool
take_row(void *ctx, const struct appointment *a)
{
	struct phone_rows *r = ctx;

	if (of_organization(r->e, a->site, r->organization))
		r->id[r->n++] = a->id;
	return r->n < STORE_OF_PHONE;
}

struct waiting_texts {
	struct text item[64];
	size_t n;
};

static bool
take_text(void *ctx, const struct text *t)
{
	struct waiting_texts *w = ctx;

	if (t->state == TEXT_PENDING && w->n < sizeof w->item / sizeof w->item[0])
		w->item[w->n++] = *t;
	return true;
}

/* What waits says why it would not go; the gate decides when its time comes. */
bool
phone_note(struct engine *e, const char *organization, const char *phone, enum text_reason from, enum text_reason to,
    struct fault *f)
{
	struct phone_rows rows = { .e = e, .organization = organization };
	struct waiting_texts w;

	if (!store_appointments_of_phone(e->store, phone, now_s(&e->now), take_row, &rows, f))
		return false;
	for (size_t i = 0; i < rows.n; i++) {
		w.n = 0;
		if (!store_texts_of(e->store, rows.id[i], take_text, &w, f))
			return false;
		for (size_t k = 0; k < w.n; k++) {
			if (from != REASON_NONE && w.item[k].reason != from)
				continue;
			w.item[k].reason = to;
			if (!store_text_put(e->store, &w.item[k], f))
				return false;
		}
	}
	return true;
}

/* *why: REASON_NONE when nothing that is known of the number keeps a text from it. */
static bool
look(struct engine *e, const struct appointment *a, enum text_reason *why, struct fault *f)
{
	const struct conf_site *s = engine_site(e, a->site);
	bool refused = false;

	*why = REASON_NONE;
	if (!s || a->phone[0] == '\0')
		return true;
	switch (store_optout_find(e->store, s->environment->organization->title, a->phone, f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		*why = REASON_OPTED_OUT;
		return true;
	case STORE_NONE:
		break;
	}
	if (!refused_is(e, s->environment->organization, a->phone, &refused, f))
		return false;
	if (refused)
		*why = REASON_NUMBER_REFUSED;
	return true;
}

bool
phone_pending(struct engine *e, const struct appointment *a, struct phone_seen *seen, struct text *t, struct fault *f)
{
	if (!seen->looked && !look(e, a, &seen->why, f))
		return false;
	seen->looked = true;
	if (seen->why != REASON_NONE)
		t->reason = seen->why;
	return true;
}

bool
phone_another(struct engine *e, const struct appointment *a, struct fault *f)
{
	struct phone_seen seen = { .looked = false };
	struct waiting_texts w;

	w.n = 0;
	if (!store_texts_of(e->store, a->id, take_text, &w, f))
		return false;
	for (size_t i = 0; i < w.n; i++) {
		enum text_reason before = w.item[i].reason;

		if (before == REASON_OPTED_OUT || before == REASON_NUMBER_REFUSED)
			w.item[i].reason = REASON_NONE;
		if (!phone_pending(e, a, &seen, &w.item[i], f) ||
		    (w.item[i].reason != before && !store_text_put(e->store, &w.item[i], f)))
			return false;
	}
	return true;
}

bool
phone_of_text(struct engine *e, const struct text *t, char out[PHONE_MAX], struct fault *f)
{
	struct appointment a;

	out[0] = '\0';
	if (store_is_response(t->appointment))
		return true;
	switch (store_appointment_get(e->store, t->appointment, now_s(&e->now), &a, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	if (a.generation == t->generation && !(a.phone_at_s && t->first_sent_s <= a.phone_at_s))
		memcpy(out, a.phone, PHONE_MAX);
	seal_wipe(a.phone, sizeof a.phone);
	return true;
}
