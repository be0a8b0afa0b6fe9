/* optout.c - THE place where an opt-out begins and ends, and how the gateway's list is kept alike. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

#define COMPARE_PORTION 100 /* phones a second: what the gateway takes in one call */
#define NIGHT_HOUR 2

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
	return store_optout_put(e->store, organization, phone, source, at_s, f) &&
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

/* ---- the gateway's list ---- */

static bool
keeps_a_list(const struct conf_number *n)
{
	return n->type != NUMBER_ALPHANUMERIC && strcmp(n->gateway->api_version, "2021-03-07") != 0;
}

/* Asks for every number of the organization; false: not all could be asked in this turn. */
static bool
ask_all(struct engine *e, const char *organization, const char *phone, enum link_ask ask)
{
	const struct conf *c = e->rules->conf;
	bool done[64] = { false }, all = true;

	for (size_t i = 0; i < c->sites_n; i++) {
		const struct conf_number *n = c->sites[i].number;
		struct link_question q = { .ask = ask, .to = span_of(phone) };

		if (!n || n->index >= sizeof done || done[n->index] || !keeps_a_list(n) ||
		    strcmp(c->sites[i].environment->organization->title, organization) != 0)
			continue;
		done[n->index] = true;
		q.gateway = span_of(n->gateway->title);
		q.from = span_of(n->sender);
		all = told_ask(e, &q) && all;
	}
	return all;
}

/* What is not asked now, because nudge-sender is away, the night's comparing asks. */
void
optout_push(struct engine *e, const char *organization, const char *phone, enum link_ask ask)
{
	(void)ask_all(e, organization, phone, ask);
}

/* The gateway says who is on its list: whoever is, is on ours; who is not there
 * and is here by more than the gateway's word is put there. */
static bool
told_of(struct engine *e, const char *organization, const struct sender_event *ev, struct fault *f)
{
	int64_t at = ev->at_s ? ev->at_s : now_s(&e->now);
	struct optout ours;
	bool changed;

	if (ev->opted_out)
		return optout_begin(e, organization, ev->to, "gateway", at, &changed, f);
	switch (store_optout_get(e->store, organization, ev->to, &ours, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	if (strcmp(ours.source, "gateway") == 0)
		return at < ours.at_s || optout_end(e, organization, ev->to, f);
	if (strcmp(ours.source, "report") != 0) /* a carrier's own block is on no list of the gateway's */
		optout_push(e, organization, ev->to, ASK_OPTOUT_ADD);
	return true;
}

bool
optout_told(struct engine *e, const struct sender_event *ev, struct fault *f)
{
	const struct conf *c = e->rules->conf;

	for (size_t i = 0; i < c->organizations_n; i++) {
		bool uses = false;

		for (size_t k = 0; k < c->sites_n; k++)
			uses = uses || (c->sites[k].number && c->sites[k].environment->organization == &c->organizations[i] &&
			           same_sender(c->sites[k].number->sender, ev->from));
		if (uses && !told_of(e, c->organizations[i].title, ev, f))
			return false;
	}
	return true;
}

struct phones {
	int64_t id[COMPARE_PORTION];
	size_t n;
};

static bool
take_phone(void *ctx, int64_t appointment)
{
	struct phones *p = ctx;

	p->id[p->n++] = appointment;
	return true;
}

static bool
compare_one(struct engine *e, int64_t id, bool *all, struct fault *f)
{
	const struct conf_site *s;
	struct appointment a;

	switch (store_appointment_get(e->store, id, now_s(&e->now), &a, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	s = engine_site(e, a.site);
	if (s && a.phone[0])
		*all = ask_all(e, s->environment->organization->title, a.phone, ASK_OPTOUT_CHECK) && *all;
	seal_wipe(a.phone, sizeof a.phone);
	return true;
}

bool
optout_portion(struct engine *e, struct fault *f)
{
	struct phones p = { .n = 0 };
	uint8_t from[MARK_BYTES];
	bool done = false, all = true;

	if (!e->comparing || !e->sender_connected || e->now.boot_ms - e->compared_ms < 1000)
		return true;
	memcpy(from, e->compared, sizeof from);
	if (!store_phones_after(e->store, e->compared, COMPARE_PORTION, take_phone, &p, &done, f))
		return false;
	for (size_t i = 0; i < p.n; i++)
		if (!compare_one(e, p.id[i], &all, f))
			return false;
	e->compared_ms = e->now.boot_ms;
	if (!all) /* this portion again: asking twice does no harm */
		memcpy(e->compared, from, sizeof from);
	e->comparing = !(done && all);
	return true;
}

static void
begin_comparing(struct engine *e)
{
	memset(e->compared, 0, sizeof e->compared);
	e->compared_ms = 0;
	e->comparing = true;
}

bool
optout_nightly(struct engine *e, struct fault *f)
{
	struct civil c;
	int64_t today, last;

	if (e->comparing || e->rules->conf->sites_n == 0)
		return true;
	zone_civil(e->rules->sites[0].zone, now_s(&e->now), &c);
	today = civil_days(c.year, c.month, c.day);
	if (c.hour < NIGHT_HOUR)
		return true;
	if (!store_setting_get(e->store, "optouts_compared", &last, f))
		return false;
	if (last == today)
		return true;
	if (!store_begin(e->store, f) || !store_setting_put(e->store, "optouts_compared", today, f))
		return false;
	if (last != 0) /* the first start is no night */
		begin_comparing(e);
	return true;
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
	if (!optout_end(e, c->organization, c->phone, f))
		return false;
	optout_push(e, c->organization, c->phone, ASK_OPTOUT_REMOVE);
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
		begin_comparing(e);
		c->ok = true;
		return true;
	}
	ok = about_phone(e, c, f);
	seal_wipe(c->phone, sizeof c->phone);
	return ok;
}
