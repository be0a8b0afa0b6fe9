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
	    phone_note(e, organization, phone, REASON_NONE, REASON_OPTED_OUT, f);
}

bool
optout_end(struct engine *e, const char *organization, const char *phone, struct fault *f)
{
	const struct conf_organization *o = engine_organization(e, organization);
	bool refused = false;

	return store_optout_drop(e->store, organization, phone, f) && (!o || refused_is(e, o, phone, &refused, f)) &&
	    phone_note(e, organization, phone, REASON_OPTED_OUT, refused ? REASON_NUMBER_REFUSED : REASON_NONE, f);
}

bool
optout_of_text(struct engine *e, const struct text *t, struct fault *f)
{
	const struct conf_site *s = engine_site(e, t->site);
	char phone[PHONE_MAX];
	bool changed, ok;

	if (!s || !phone_of_text(e, t, phone, f))
		return s == NULL;
	ok = phone[0] == '\0' ||
	    optout_begin(e, s->environment->organization->title, phone, "report", now_s(&e->now), &changed, f);
	seal_wipe(phone, sizeof phone);
	return ok;
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
about_phone(struct engine *e, struct command *c, struct fault *f)
{
	if (!engine_organization(e, c->organization)) {
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
