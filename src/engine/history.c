/* history.c - what is still known of visits, told in portions to who rehearses other rules. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

#define ROWS_AT_ONCE 2000 /* looked at */
#define VISITS_AT_ONCE 200 /* told */

struct telling {
	struct engine *e;
	struct history *h;
	struct fault *f;
	bool ok;
};

/* The same for the same mark, and of no use with another salt. Never 0. */
static uint64_t
token(const struct history *h, const uint8_t mark[MARK_BYTES])
{
	uint8_t both[HISTORY_SALT_BYTES + MARK_BYTES], out[DIGEST_BYTES];
	uint64_t t = 0;

	memcpy(both, h->salt, HISTORY_SALT_BYTES);
	memcpy(both + HISTORY_SALT_BYTES, mark, MARK_BYTES);
	if (digest_sha256(span_from((const char *)both, sizeof both), out))
		memcpy(&t, out, sizeof t);
	return t ? t : 1;
}

static bool
add_text(void *ctx, const struct text *t)
{
	struct telling *x = ctx;
	struct history *h = x->h;

	if (h->texts_n == h->texts_cap) {
		size_t cap = h->texts_cap ? 2 * h->texts_cap : 512;
		struct history_text *grown = realloc(h->texts, cap * sizeof *grown);

		if (!grown)
			return x->ok = fault_set(x->f, FAULT_BUSY, "out of memory");
		h->texts = grown;
		h->texts_cap = cap;
	}
	h->texts[h->texts_n] = (struct history_text){ .kind = t->kind, .state = t->state, .reason = t->reason, .planned_s = t->planned_s,
		.due_s = t->due_s, .start_s = t->start_s, .first_sent_s = t->first_sent_s, .segments = t->segments };
	memcpy(h->texts[h->texts_n++].rule, t->rule, sizeof t->rule);
	return true;
}

static void
tell_fit(const struct history *h, const struct appointment *a, struct history_visit *v)
{
	const struct history_site *s = NULL;

	v->fits = HISTORY_NOT_KNOWN;
	for (size_t i = 0; i < h->sites_n && !s; i++)
		s = strcmp(h->sites[i].title, v->site) == 0 ? &h->sites[i] : NULL;
	if (!s || (a->departments[0] == '\0' && a->visit_types[0] == '\0'))
		return;
	v->fits = said_wanted(&s->departments, a->departments) && said_wanted(&s->visit_types, a->visit_types) ? HISTORY_FITS : HISTORY_FITS_NOT;
	v->confidential_then = said_fits(&s->confidential_departments, a->departments) ||
	    said_fits(&s->confidential_visit_types, a->visit_types);
}

static bool
tell_phone(struct telling *x, const struct appointment *a, struct history_visit *v)
{
	const struct conf_site *s = engine_site(x->e, a->site);
	uint8_t mark[MARK_BYTES];
	enum store_found out = STORE_NONE;

	if (!a->phone[0])
		return true;
	v->has_phone = true;
	v->type = phone_type_of(a->phone, v->country);
	if (!store_mark(x->e->store, "phone", span_of(a->phone), mark, x->f))
		return false;
	v->phone = token(x->h, mark);
	if (s)
		out = store_optout_find(x->e->store, s->environment->organization->title, a->phone, x->f);
	v->opted_out = out == STORE_FOUND; /* as little as that is a number texted that was called wrong */
	return out != STORE_FAILED && (!s || v->opted_out || refused_is(x->e, s->environment->organization, a->phone, &v->opted_out, x->f));
}

static bool
tell_visit(void *ctx, const struct appointment *a)
{
	struct telling *x = ctx;
	const struct conf_site *s = engine_site(x->e, a->site);
	struct history_visit *v = &x->h->visits[x->h->visits_n];

	*v = (struct history_visit){ .id = a->id, .erased = a->erased, .deceased = a->deceased, .confidential = a->confidential,
		.left_site = a->left_site, .minor = a->minor, .status = a->status, .consent = a->consent, .modality = a->modality, .has_start = a->has_start,
		.start_s = a->start_s, .duration_s = a->duration_s, .arrived_s = a->arrived_at_s, .wall = a->wall,
		.link_n = (int64_t)strlen(a->link), .text = x->h->texts_n };
	(void)snprintf(v->site, sizeof v->site, "%s", s ? s->title : "");
	(void)snprintf(v->zone, sizeof v->zone, "%s", a->zone);
	(void)snprintf(v->language, sizeof v->language, "%s", a->language);
	(void)snprintf(v->patient_zones, sizeof v->patient_zones, "%s", a->zones);
	if (a->has_patient)
		v->patient = token(x->h, a->patient);
	if (a->has_visit)
		v->kind = token(x->h, a->visit);
	tell_fit(x->h, a, v);
	x->ok = tell_phone(x, a, v) && store_texts_of(x->e->store, a->id, add_text, x, x->f) && x->ok;
	v->texts_n = x->h->texts_n - v->text;
	x->h->visits_n++;
	return x->ok && x->h->visits_n < VISITS_AT_ONCE;
}

bool
history_tell(struct engine *e, struct command *c, struct fault *f)
{
	struct telling x = { e, c->history, f, true };
	bool done = false;

	c->history->visits = calloc(VISITS_AT_ONCE, sizeof *c->history->visits);
	if (!c->history->visits)
		return fault_set(f, FAULT_BUSY, "out of memory");
	c->ok = store_history(e->store, &c->id, ROWS_AT_ONCE, c->history->since_s, now_s(&e->now), tell_visit, &x, &done, f) && x.ok;
	c->more = !done;
	return c->ok;
}

static void
patterns_clear(struct pattern_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		pattern_free(l->item[i]);
	free(l->item);
}

void
history_free(struct history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->sites_n; i++) {
		patterns_clear(&h->sites[i].departments);
		patterns_clear(&h->sites[i].visit_types);
		patterns_clear(&h->sites[i].confidential_departments);
		patterns_clear(&h->sites[i].confidential_visit_types);
	}
	free(h->sites);
	free(h->visits);
	free(h->texts);
	free(h);
}
