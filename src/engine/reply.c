/* reply.c - a text from a phone: what it means, for which visit, and what follows from it. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

#define OPEN_MAX 16

struct visit {
	int64_t id, site, generation, start_s;
	char language[16];
};

/* One phone that wrote, as one organization sees it. */
struct hearing {
	struct engine *e;
	const struct conf_organization *organization;
	const char *to;              /* the number that was written to; NULL: none of ours */
	const char *phone;
	struct reply_said said;
	int64_t at_s;                /* when it was written */
	bool opted_out;
	struct optout optout;
	struct visit live[OPEN_MAX]; /* booked and to come, newest booking first */
	size_t live_n;
	struct visit open[OPEN_MAX]; /* those the phone was told of as they are, by start */
	size_t open_n;
	struct visit last;           /* any visit of the phone, for its site and language; id 0: none */
};

/* ---- what is known of the phone ---- */

static void
visit_of(struct visit *v, const struct appointment *a)
{
	*v = (struct visit){ .id = a->id, .site = a->site, .generation = a->generation, .start_s = a->start_s };
	memcpy(v->language, a->language, sizeof v->language);
}

static bool
is_of_number(const struct hearing *h, const struct conf_site *s)
{
	return !h->to || (s->number && same_sender(s->number->sender, h->to));
}

static bool
take_visit(void *ctx, const struct appointment *a)
{
	struct hearing *h = ctx;
	const struct conf_site *s = engine_site(h->e, a->site);

	if (!s || s->environment->organization != h->organization || a->erased)
		return true;
	if (h->last.id == 0 && is_of_number(h, s))
		visit_of(&h->last, a);
	if (a->status == VISIT_BOOKED && a->has_start && a->start_s > now_s(&h->e->now) && !a->left_site && h->live_n < OPEN_MAX)
		visit_of(&h->live[h->live_n++], a);
	return true;
}

struct told_of {
	const struct visit *v;
	bool told;
};

static bool
was_told(void *ctx, const struct text *t)
{
	struct told_of *x = ctx;

	x->told = text_was_told(t->state) && t->kind != TEXT_CANCELED && t->start_s == x->v->start_s && t->generation == x->v->generation;
	return !x->told;
}

static void
insert(struct hearing *h, const struct visit *v)
{
	size_t at = h->open_n++;

	for (; at > 0 && h->open[at - 1].start_s > v->start_s; at--)
		h->open[at] = h->open[at - 1];
	h->open[at] = *v;
}

static bool
look_up(struct hearing *h, struct fault *f)
{
	struct engine *e = h->e;
	enum store_found found;

	if (!store_appointments_of_phone(e->store, h->phone, now_s(&e->now), take_visit, h, f))
		return false;
	for (size_t i = 0; i < h->live_n; i++) {
		struct told_of x = { &h->live[i], false };
		const struct conf_site *s = engine_site(e, h->live[i].site);

		if (!store_texts_of(e->store, h->live[i].id, was_told, &x, f))
			return false;
		if (x.told && s && is_of_number(h, s))
			insert(h, &h->live[i]);
	}
	found = store_optout_get(e->store, h->organization->title, h->phone, &h->optout, f);
	h->opted_out = found == STORE_FOUND;
	return found != STORE_FAILED;
}

/* ---- what is kept and said ---- */

static bool
keep(struct hearing *h, enum reply what, const struct visit *v, struct fault *f)
{
	struct said_reply r = { .at_s = now_s(&h->e->now), .what = what, .site = v ? v->site : h->last.site };

	if (v) {
		r.appointment = v->id;
		r.generation = v->generation;
		r.start_s = v->start_s;
	}
	return store_reply_put(h->e->store, &r, f);
}

/* Of every visit to come: a person may have to look at each. */
static bool
keep_all(struct hearing *h, enum reply what, struct fault *f)
{
	for (size_t i = 0; i < h->live_n; i++)
		if (!keep(h, what, &h->live[i], f))
			return false;
	return h->live_n > 0 || keep(h, what, NULL, f);
}

/* The site that speaks: the visit's, else one that has the number. */
static const struct conf_site *
speaker(const struct hearing *h, const struct visit *v)
{
	const struct conf *c = h->e->rules->conf;
	const struct conf_site *s = v ? engine_site(h->e, v->site) : NULL;

	if (s && s->number && is_of_number(h, s))
		return s;
	for (size_t i = 0; i < c->sites_n; i++)
		if (c->sites[i].number && c->sites[i].environment->organization == h->organization && is_of_number(h, &c->sites[i]))
			return &c->sites[i];
	return NULL;
}

static bool
respond(struct hearing *h, enum text_kind kind, const struct visit *v, struct fault *f)
{
	const struct visit *known = v ? v : h->open_n > 0 ? &h->open[0] : h->last.id ? &h->last : NULL;
	const struct conf_site *s = h->to ? speaker(h, known) : NULL;
	struct response r = { .kind = kind };

	if (!s)
		return true;
	r.site = h->e->sites[s->index].id;
	(void)snprintf(r.organization, sizeof r.organization, "%s", h->organization->title);
	(void)snprintf(r.phone, sizeof r.phone, "%s", h->phone);
	(void)snprintf(r.language, sizeof r.language, "%s", known && known->language[0] ? known->language : h->said.language);
	if (v) {
		r.appointment = v->id;
		r.start_s = v->start_s;
	}
	for (size_t i = 0; kind == TEXT_WHICH_VISIT && i < h->open_n && i < SMS_CHOICES_MAX; i++) {
		r.choice[i].appointment = h->open[i].id;
		r.choice[i].start_s = h->open[i].start_s;
		r.choices_n++;
	}
	return response_plan(h->e, &r, f);
}

static bool
answered_before(const struct hearing *h)
{
	const struct conf_site *s = h->to ? speaker(h, NULL) : NULL;

	return s && policy_answered_before(s->number, h->said.keyword);
}

/* ---- by meaning ---- */

/* The confirmation goes out once, and before the gateway is told: see response.c. */
static bool
stop(struct hearing *h, struct fault *f)
{
	bool changed;

	if (!optout_begin(h->e, h->organization->title, h->phone, "handset", h->at_s, &changed, f) || !keep_all(h, h->said.what, f))
		return false;
	if (changed && h->to && !answered_before(h))
		return respond(h, h->said.names_visit ? TEXT_NOT_CANCELED : TEXT_STOPPED, NULL, f);
	if (changed)
		optout_push(h->e, h->organization->title, h->phone, ASK_OPTOUT_ADD);
	return true;
}

/* An opt-out that is newer than this START stands: the two came in the wrong order; unless a clock that was ahead wrote when it began. */
static bool
start(struct hearing *h, struct fault *f)
{
	if (h->opted_out && h->at_s < h->optout.at_s && timing_believes(h->e, h->optout.at_s))
		return true;
	if (!keep(h, REPLY_START, NULL, f))
		return false;
	if (h->opted_out) {
		if (!optout_lift(h->e, h->organization->title, h->phone, f))
			return false;
		h->opted_out = false;
	}
	return answered_before(h) || respond(h, TEXT_RESUMED, NULL, f);
}

/* The visit that a code names, as it was offered; NULL when it is not open any more. */
static bool
by_code(struct hearing *h, const struct visit **v, struct fault *f)
{
	size_t at = (size_t)h->said.code - 1;
	struct response offered;

	*v = NULL;
	switch (store_choices_last(h->e->store, h->organization->title, h->phone, &offered, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		if (h->open_n == 1 && at == 0)
			*v = &h->open[0];
		return true;
	case STORE_FOUND:
		break;
	}
	seal_wipe(offered.phone, sizeof offered.phone);
	for (size_t i = 0; at < offered.choices_n && i < h->open_n; i++)
		if (h->open[i].id == offered.choice[at].appointment && h->open[i].start_s == offered.choice[at].start_s)
			*v = &h->open[i];
	return true;
}

struct newest {
	const struct visit *v;
	enum reply what;
};

static bool
take_newest(void *ctx, const struct said_reply *r)
{
	struct newest *n = ctx;

	if (r->start_s == n->v->start_s && r->generation == n->v->generation &&
	    (r->what == REPLY_CONFIRM || r->what == REPLY_DECLINE))
		n->what = r->what;
	return true;
}

static bool
unread(struct hearing *h, enum reply what, struct fault *f)
{
	return keep(h, what, NULL, f) && (h->opted_out || respond(h, TEXT_UNREAD, NULL, f));
}

/* Never guessed: with several visits open the code decides, and it is asked for. */
static bool
about_visit(struct hearing *h, struct fault *f)
{
	const struct visit *v = NULL;
	struct newest before = { .what = REPLY_NOTHING };

	if (h->open_n == 0)
		return unread(h, h->said.what, f);
	if (h->said.code > 0 && !by_code(h, &v, f))
		return false;
	if (h->said.code == 0 && h->open_n == 1)
		v = &h->open[0];
	if (!v)
		return h->opted_out || respond(h, TEXT_WHICH_VISIT, NULL, f);
	before.v = v;
	if (!store_replies_of(h->e->store, v->id, take_newest, &before, f))
		return false;
	if (before.what == h->said.what)
		return true; /* said before */
	if (!keep(h, h->said.what, v, f))
		return false;
	return h->opted_out || respond(h, h->said.what == REPLY_CONFIRM ? TEXT_CONFIRMED : TEXT_DECLINED, v, f);
}

static bool
hear(struct hearing *h, struct fault *f)
{
	if (!look_up(h, f) || !refused_wrote(h->e, h->organization, h->phone, f))
		return false;
	switch (h->said.what) {
	case REPLY_STOP:
	case REPLY_WRONG_NUMBER:
		return stop(h, f);
	case REPLY_START:
		return start(h, f);
	case REPLY_HELP:
		if (!keep(h, REPLY_HELP, NULL, f))
			return false;
		return h->opted_out || answered_before(h) || respond(h, TEXT_HELP, NULL, f);
	case REPLY_CONFIRM:
	case REPLY_DECLINE:
		return about_visit(h, f);
	case REPLY_UNKNOWN:
		return unread(h, REPLY_UNKNOWN, f);
	case REPLY_NOTHING:
	case REPLY_NUMBER_REFUSED:
	case REPLY_NUMBER_RELEASED:
	case REPLIES:
		break;
	}
	return true;
}

/* ---- whose it is ---- */

static bool
has_number(const struct conf *c, const struct conf_organization *o, const char *sender, const char *gateway)
{
	for (size_t i = 0; i < c->sites_n; i++) {
		const struct conf_number *n = c->sites[i].number;

		if (!n || c->sites[i].environment->organization != o)
			continue;
		if (sender ? same_sender(n->sender, sender) : strcmp(n->gateway->title, gateway) == 0)
			return true;
	}
	return false;
}

/* The same text twice is one: by the gateway's id, else by all that is known of it. */
static bool
seen_before(struct engine *e, const struct sender_event *ev, bool *seen, struct fault *f)
{
	uint8_t mark[MARK_BYTES];
	char key[256];

	if (ev->message_id[0])
		(void)snprintf(key, sizeof key, "%s\x1f%s", ev->gateway, ev->message_id);
	else
		(void)snprintf(key, sizeof key, "%s\x1f%s\x1f%s\x1f%lld\x1f%.40s", ev->gateway, ev->from, ev->to, (long long)ev->at_s,
		    ev->words ? ev->words : "");
	bool ok = store_mark(e->store, "inbound", span_of(key), mark, f);

	seal_wipe(key, sizeof key);
	if (!ok)
		return false;
	switch (store_inbound(e->store, mark, now_s(&e->now), f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		*seen = true;
		return true;
	case STORE_NONE:
		break;
	}
	*seen = false;
	return true;
}

bool
reply_apply(struct engine *e, const struct sender_event *ev, struct fault *f)
{
	const struct conf *c = e->rules->conf;
	struct reply_said said;
	char phone[PHONE_MAX];
	bool ours = false, seen;

	if (!seen_before(e, ev, &seen, f))
		return false;
	if (seen)
		return true;
	reply_read(span_of(ev->words ? ev->words : ""), &said);
	for (size_t i = 0; i < c->organizations_n; i++)
		ours = ours || has_number(c, &c->organizations[i], ev->to, NULL);
	for (size_t i = 0; i < c->organizations_n; i++) {
		const struct conf_organization *o = &c->organizations[i];
		struct hearing h = { .e = e, .organization = o, .to = ours ? ev->to : NULL, .phone = phone, .said = said,
			.at_s = ev->at_s && ev->at_s < now_s(&e->now) ? ev->at_s : now_s(&e->now) };

		/* A number that is not in the configuration any more: its gateway's patients may still stop. */
		if (!has_number(c, o, ours ? ev->to : NULL, ev->gateway) || phone_e164(span_of(ev->from), o->country, phone) != PHONE_OK)
			continue;
		if (!hear(&h, f))
			return false;
	}
	seal_wipe(phone, sizeof phone);
	return true;
}
