/* optout.c - THE place where an opt-out begins and ends. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

bool
same_sender(const char *a, const char *b)
{
	return strcmp(a + (a[0] == '+'), b + (b[0] == '+')) == 0;
}

/* ---- begin and end ---- */

/* Which of two sources says more: what the phone itself said, what the gateway
 * knows of it, what somebody typed. */
static int
weight(const char *source)
{
	return strcmp(source, "handset") == 0 ? 3 : strcmp(source, "report") == 0 ? 2 : strcmp(source, "gateway") == 0 ? 1 : 0;
}

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
static bool
note_pending(struct engine *e, const char *organization, const char *phone, enum text_reason from, enum text_reason to,
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

bool
optout_begin(struct engine *e, const char *organization, const char *phone, const char *source, int64_t at_s, bool *changed,
    struct fault *f)
{
	struct optout old;

	switch (store_optout_get(e->store, organization, phone, &old, f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		*changed = false;
		if (weight(source) < weight(old.source) || (weight(source) == weight(old.source) && at_s <= old.at_s))
			return true;
		return store_optout_put(e->store, organization, phone, source, at_s, f);
	case STORE_NONE:
		break;
	}
	*changed = true;
	return store_optout_put(e->store, organization, phone, source, at_s, f) && store_lift_drop(e->store, organization, phone, NULL, f) &&
	    note_pending(e, organization, phone, REASON_NONE, REASON_OPTED_OUT, f);
}

bool
optout_end(struct engine *e, const char *organization, const char *phone, struct fault *f)
{
	return store_optout_drop(e->store, organization, phone, f) &&
	    note_pending(e, organization, phone, REASON_OPTED_OUT, REASON_NONE, f);
}

bool
optout_pending(struct engine *e, const struct appointment *a, struct text *t, struct fault *f)
{
	const struct conf_site *s = engine_site(e, a->site);

	if (!s || a->phone[0] == '\0')
		return true;
	switch (store_optout_find(e->store, s->environment->organization->title, a->phone, f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		t->reason = REASON_OPTED_OUT;
		break;
	case STORE_NONE:
		break;
	}
	return true;
}

bool
optout_new_phone(struct engine *e, const struct appointment *a, struct fault *f)
{
	struct waiting_texts w = { .n = 0 };

	if (!store_texts_of(e->store, a->id, take_text, &w, f))
		return false;
	for (size_t i = 0; i < w.n; i++) {
		enum text_reason before = w.item[i].reason;

		if (before == REASON_OPTED_OUT)
			w.item[i].reason = REASON_NONE;
		if (!optout_pending(e, a, &w.item[i], f) ||
		    (w.item[i].reason != before && !store_text_put(e->store, &w.item[i], f)))
			return false;
	}
	return true;
}

bool
optout_of_text(struct engine *e, const struct text *t, struct fault *f)
{
	const struct conf_site *s = engine_site(e, t->site);
	struct appointment a;
	bool changed;

	if (!s || store_is_response(t->appointment))
		return true;
	switch (store_appointment_get(e->store, t->appointment, now_s(&e->now), &a, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	/* The phone may be another one by now. */
	if (a.phone[0] == '\0' || a.generation != t->generation)
		return true;
	return optout_begin(e, s->environment->organization->title, a.phone, "report", now_s(&e->now), &changed, f);
}

/* ---- what an administrator asks ---- */

static bool
add(struct engine *e, struct command *c, struct fault *f)
{
	char source[80];

	(void)snprintf(source, sizeof source, "admin:%s", c->who);
	if (!optout_begin(e, c->organization, c->phone, source, now_s(&e->now), &c->changed, f))
		return false;
	optout_push(e, c->organization, c->phone, ASK_OPTOUT_ADD);
	c->ok = true;
	return true;
}

/* An administrator takes back what an administrator did; what the phone said
 * itself only on the patient's word, and that is written down. */
static bool
take_back(struct engine *e, struct command *c, struct fault *f)
{
	struct reconsent r = { now_s(&e->now), c->who, c->reconsent.who, c->reconsent.said, c->reconsent.how };

	if (c->optout.source[0] == '\0') {
		(void)fault_set(&c->fault, FAULT_OPERATOR, "this number has not opted out");
		return true;
	}
	if (weight(c->optout.source) > 0 && !c->reconsent.given) {
		(void)fault_set(&c->fault, FAULT_OPERATOR, "the phone itself opted out: only START from it lifts that, or "
		                                           "--reconsent with who heard the patient's consent, when, and how");
		return true;
	}
	if (c->reconsent.given && !store_reconsent_put(e->store, c->organization, c->phone, &r, f))
		return false;
	if (!optout_lift(e, c->organization, c->phone, f))
		return false;
	c->ok = c->changed = true;
	return true;
}

static bool
known_organization(const struct engine *e, const char *title)
{
	for (size_t i = 0; i < e->rules->conf->organizations_n; i++)
		if (strcmp(e->rules->conf->organizations[i].title, title) == 0)
			return true;
	return false;
}

static bool
about_phone(struct engine *e, struct command *c, struct fault *f)
{
	if (!known_organization(e, c->organization)) {
		(void)fault_set(&c->fault, FAULT_OPERATOR, "no organization \"%s\" in the configuration", c->organization);
		return true;
	}
	if (store_optout_get(e->store, c->organization, c->phone, &c->optout, f) == STORE_FAILED)
		return false;
	if (c->kind == COMMAND_OPTOUT_FIND) {
		c->ok = true;
		return true;
	}
	if (!store_begin(e->store, f))
		return false;
	return c->kind == COMMAND_OPTOUT_ADD ? add(e, c, f) : take_back(e, c, f);
}

bool
optout_command(struct engine *e, struct command *c, struct fault *f)
{
	bool ok;

	if (c->kind == COMMAND_OPTOUT_COMPARE) {
		optout_compare(e);
		c->ok = true;
		return true;
	}
	ok = about_phone(e, c, f);
	seal_wipe(c->phone, sizeof c->phone);
	return ok;
}
