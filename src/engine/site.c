/* site.c - approval, hold and release: what a person decides about a whole site. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

/* Of the rules that come with it, which take its terms; else of those in force. */
static bool
put_approval(struct engine *e, const struct command *c, const struct rules *r, const struct conf_site *s, struct fault *f)
{
	const struct site_rules *of = rules_of(r, s);
	struct approval a = { .at_s = now_s(&e->now) };
	struct buf spelled;
	int64_t site;
	bool ok;

	buf_init(&spelled, 16u << 20);
	memcpy(a.hash, of->approval_hash, sizeof a.hash);
	(void)snprintf(a.who, sizeof a.who, "%s", c->who);
	ok = terms_spell(&of->terms, &spelled) || fault_set(f, FAULT_BUSY, "out of memory");
	a.spelled = spelled.p;
	a.spelled_n = spelled.n;
	ok = ok && store_begin(e->store, f) && store_site(e->store, s->title, &site, f) && store_approval_put(e->store, site, &a, f);
	buf_clear(&spelled);
	return ok;
}

bool
site_approve(struct engine *e, struct command *c, struct fault *f)
{
	const struct rules *r = c->rules ? c->rules : e->rules;
	const struct conf_site *s = conf_find_site(r->conf, c->site);

	if (!s) {
		(void)fault_set(&c->fault, FAULT_OPERATOR, "no site \"%s\" in the configuration", c->site);
		return true;
	}
	if (!put_approval(e, c, r, s, f))
		return false;
	if (c->rules)
		return command_rules(e, c, f);
	c->ok = command_sites_again(e, f);
	return c->ok;
}

#define HELD_AT_ONCE 500 /* so that no acknowledgement waits long */

struct held {
	struct text *item; /* owned */
	size_t n;
};

static bool
take_held(void *ctx, const struct text *t)
{
	struct held *h = ctx;

	h->item[h->n++] = *t;
	return h->n < HELD_AT_ONCE;
}

/* What was dropped is not said any more: a canceled visit may be erased now. */
static bool
let_go(struct engine *e, struct text *t, bool send, struct fault *f)
{
	t->state = text_step(t->state, send ? TEXT_EV_RELEASE : TEXT_EV_VOID);
	if (send)
		t->reason = REASON_NONE;
	if (send)
		ahead_note(e, t->id, t->due_s);
	return store_text_put(e->store, t, f) && (send || apply_final(e, t->appointment, f));
}

static const enum text_reason by_a_person[] = { REASON_STORM, REASON_SITE_HELD };
#define BY_A_PERSON (sizeof by_a_person / sizeof by_a_person[0])

static bool
count(struct engine *e, int64_t site, struct command *c, struct fault *f)
{
	int64_t n[TEXT_KINDS];

	for (size_t i = 0; i < BY_A_PERSON; i++) {
		if (!store_held_kinds(e->store, site, by_a_person[i], n, f))
			return false;
		for (int k = 0; k < TEXT_KINDS; k++)
			c->counts[k] += n[k];
	}
	return unknown_count(e, site, c->counts, f);
}

static bool
release(struct engine *e, int64_t site, struct command *c, struct fault *f)
{
	struct held h = { calloc(HELD_AT_ONCE, sizeof *h.item), 0 };
	bool ok = h.item || fault_set(f, FAULT_BUSY, "out of memory");

	for (size_t i = 0; ok && i < BY_A_PERSON && h.n < HELD_AT_ONCE; i++)
		ok = store_held_for(e->store, site, by_a_person[i], HELD_AT_ONCE - h.n, take_held, &h, f);
	for (size_t i = 0; ok && i < h.n; i++) {
		c->counts[h.item[i].kind]++;
		ok = let_go(e, &h.item[i], c->release == RELEASE_SEND, f);
	}
	c->more = h.n == HELD_AT_ONCE;
	free(h.item);
	return ok;
}

/* What the storm brake, a hold or an unknown outcome keeps: counted, sent or dropped, as a person says. */
bool
site_release(struct engine *e, struct command *c, struct fault *f)
{
	const struct conf_site *s = conf_find_site(e->rules->conf, c->site);
	int64_t site;
	bool held;

	if (!s) {
		(void)fault_set(&c->fault, FAULT_OPERATOR, "no site \"%s\" in the configuration", c->site);
		return true;
	}
	site = e->sites[s->index].id;
	held = e->sites[s->index].held_s != 0;
	if (c->release == RELEASE_COUNT) {
		c->ok = count(e, site, c, f);
		return c->ok;
	}
	if (!store_begin(e->store, f) || !store_hold_put(e->store, site, 0, "", f) || !release(e, site, c, f) ||
	    !unknown_release(e, site, c->release == RELEASE_SEND, c, f) || !command_sites_again(e, f))
		return false;
	if (held)
		engine_alarm(e, "a site that was held is released", s->title);
	ends_storm(e, s->index);
	c->ok = true;
	return true;
}

bool
site_hold(struct engine *e, struct command *c, struct fault *f)
{
	const struct conf_site *s = conf_find_site(e->rules->conf, c->site);

	if (!s) {
		(void)fault_set(&c->fault, FAULT_OPERATOR, "no site \"%s\" in the configuration", c->site);
		return true;
	}
	if (e->sites[s->index].held_s == 0) {
		if (!store_begin(e->store, f) ||
		    !store_hold_put(e->store, e->sites[s->index].id, now_s(&e->now), c->who, f) || !command_sites_again(e, f))
			return false;
		engine_alarm(e, "an administrator holds a site: nothing is sent until nudgectl release", s->title);
	}
	c->ok = true;
	return true;
}
