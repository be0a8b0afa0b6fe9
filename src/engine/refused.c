/* refused.c - numbers that a gateway or a carrier called wrong: remembered for a while, by organization. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

#define BAD_FROM 4001 /* the same word as for the patient's number, but the fault is ours */

const struct conf_organization *
engine_organization(const struct engine *e, const char *title)
{
	for (size_t i = 0; i < e->rules->conf->organizations_n; i++)
		if (strcmp(e->rules->conf->organizations[i].title, title) == 0)
			return &e->rules->conf->organizations[i];
	return NULL;
}

/* Wrong for good. Whoever is only out of reach (4006), blocks us, or is blocked, has a right number. */
static bool
is_wrong(const char *code, int64_t number)
{
	return strcmp(code, "no-such-number") == 0 || (strcmp(code, "invalid-number") == 0 && number != BAD_FROM);
}

bool
refused_lasts(const struct engine *e, const struct conf_organization *o, int64_t at_s)
{
	return at_s > now_s(&e->now) - o->refused_numbers_s && timing_believes(e, at_s);
}

bool
refused_is(struct engine *e, const struct conf_organization *o, const char *phone, bool *is, struct fault *f)
{
	struct refused r;
	enum store_found found;

	*is = false;
	if (o->refused_numbers_s == 0)
		return true;
	found = store_refused_get(e->store, o->title, phone, &r, f);
	*is = found == STORE_FOUND && refused_lasts(e, o, r.at_s);
	return found != STORE_FAILED;
}

/* ---- the list of what a person must do ---- */

struct last_said {
	const struct appointment *a;
	enum reply what; /* of the number: the newest */
};

static bool
take_said(void *ctx, const struct said_reply *r)
{
	struct last_said *x = ctx;

	if ((r->what == REPLY_NUMBER_REFUSED && r->start_s == x->a->start_s && r->generation == x->a->generation &&
	        r->at_s > x->a->phone_at_s) ||
	    r->what == REPLY_NUMBER_RELEASED)
		x->what = r->what;
	return true;
}

static bool
note_visit(struct engine *e, const struct appointment *a, enum reply what, struct fault *f)
{
	struct last_said last = { a, REPLY_NOTHING };
	struct said_reply r = { .at_s = now_s(&e->now), .site = a->site, .appointment = a->id, .generation = a->generation,
		.start_s = a->start_s, .what = what };

	if (a->status != VISIT_BOOKED || !a->has_start || a->start_s <= now_s(&e->now) || a->left_site)
		return true;
	if (!store_replies_of(e->store, a->id, take_said, &last, f))
		return false;
	if (last.what == what || (what == REPLY_NUMBER_RELEASED && last.what == REPLY_NOTHING))
		return true;
	return store_reply_put(e->store, &r, f);
}

bool
refused_visit(struct engine *e, const struct appointment *a, struct fault *f)
{
	return note_visit(e, a, REPLY_NUMBER_REFUSED, f);
}

struct visits {
	int64_t id[STORE_OF_PHONE];
	size_t n;
};

static bool
take_visit(void *ctx, const struct appointment *a)
{
	struct visits *v = ctx;

	v->id[v->n++] = a->id;
	return v->n < STORE_OF_PHONE;
}

static bool
note_visits(struct engine *e, const struct conf_organization *o, const char *phone, enum reply what, struct fault *f)
{
	struct visits v = { .n = 0 };

	if (!store_appointments_of_phone(e->store, phone, now_s(&e->now), take_visit, &v, f))
		return false;
	for (size_t i = 0; i < v.n; i++) {
		struct appointment a;
		const struct conf_site *s;
		enum store_found found = store_appointment_get(e->store, v.id[i], now_s(&e->now), &a, f);
		bool ok = found != STORE_FAILED;

		s = found == STORE_FOUND ? engine_site(e, a.site) : NULL;
		if (s && s->environment->organization == o)
			ok = note_visit(e, &a, what, f);
		if (found == STORE_FOUND)
			seal_wipe(a.phone, sizeof a.phone);
		if (!ok)
			return false;
	}
	return true;
}

/* ---- begin and end ---- */

static bool
begin(struct engine *e, const struct conf_organization *o, const char *phone, const struct text *t, struct fault *f)
{
	struct refused r = { .code = t->report_code, .at_s = now_s(&e->now) };

	(void)snprintf(r.cause, sizeof r.cause, "%s", t->code);
	if (!store_refused_put(e->store, o->title, phone, &r, f) || !note_visits(e, o, phone, REPLY_NUMBER_REFUSED, f))
		return false;
	switch (store_optout_find(e->store, o->title, phone, f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND: /* what waits says so already */
		return true;
	case STORE_NONE:
		break;
	}
	return phone_note(e, o->title, phone, REASON_NONE, REASON_NUMBER_REFUSED, f);
}

static bool
end(struct engine *e, const struct conf_organization *o, const char *phone, struct fault *f)
{
	return store_refused_drop(e->store, o->title, phone, f) && note_visits(e, o, phone, REPLY_NUMBER_RELEASED, f) &&
	    phone_note(e, o->title, phone, REASON_NUMBER_REFUSED, REASON_NONE, f);
}

bool
refused_of_text(struct engine *e, const struct text *t, struct fault *f)
{
	const struct conf_site *s = engine_site(e, t->site);
	char phone[PHONE_MAX];
	bool ok;

	if (!s || s->environment->organization->refused_numbers_s == 0 || !is_wrong(t->code, t->report_code))
		return true;
	ok = phone_of_text(e, t, phone, f) && (phone[0] == '\0' || begin(e, s->environment->organization, phone, t, f));
	seal_wipe(phone, sizeof phone);
	return ok;
}

bool
refused_wrote(struct engine *e, const struct conf_organization *o, const char *phone, struct fault *f)
{
	struct refused r;

	switch (store_refused_get(e->store, o->title, phone, &r, f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		return end(e, o, phone, f);
	case STORE_NONE:
		break;
	}
	return true;
}

bool
refused_arrived(struct engine *e, const struct text *t, struct fault *f)
{
	const struct conf_site *s = engine_site(e, t->site);
	char phone[PHONE_MAX];
	bool ok, any = false;

	if (!s)
		return true;
	if (!store_refused_any(e->store, s->environment->organization->title, &any, f))
		return false;
	if (!any)
		return true;
	ok = phone_of_text(e, t, phone, f) && (phone[0] == '\0' || refused_wrote(e, s->environment->organization, phone, f));
	seal_wipe(phone, sizeof phone);
	return ok;
}

bool
refused_forget(struct engine *e, struct fault *f)
{
	const struct conf *c = e->rules->conf;

	for (size_t i = 0; i < c->organizations_n; i++)
		if (!store_refused_forget(e->store, c->organizations[i].title,
		        now_s(&e->now) - c->organizations[i].refused_numbers_s, f))
			return false;
	return true;
}

/* ---- what an administrator asks ---- */

static bool
about_phone(struct engine *e, struct command *c, struct fault *f)
{
	const struct conf_organization *o = engine_organization(e, c->organization);

	c->refused = (struct refused){ .cause = "" };
	if (!o) {
		(void)fault_set(&c->fault, FAULT_OPERATOR, "no organization \"%s\" in the configuration", c->organization);
		return true;
	}
	if (store_refused_get(e->store, o->title, c->phone, &c->refused, f) == STORE_FAILED)
		return false;
	if (c->refused.cause[0] && !refused_lasts(e, o, c->refused.at_s))
		c->refused.cause[0] = '\0';
	if (c->kind == COMMAND_REFUSED_RELEASE && c->refused.cause[0] == '\0') {
		(void)fault_set(&c->fault, FAULT_OPERATOR, "this number was not refused");
		return true;
	}
	c->ok = true;
	if (c->kind == COMMAND_REFUSED_FIND)
		return true;
	c->changed = true;
	return store_begin(e->store, f) && end(e, o, c->phone, f);
}

bool
refused_command(struct engine *e, struct command *c, struct fault *f)
{
	bool ok = about_phone(e, c, f);

	seal_wipe(c->phone, sizeof c->phone);
	return ok;
}
