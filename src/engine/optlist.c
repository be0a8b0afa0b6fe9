/* optlist.c - the gateway's list of opt-outs and ours, kept alike. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/parts.h"

#define COMPARE_PORTION 100 /* phones a second: what the gateway takes in one call */
#define NIGHT_HOUR 2
#define SOON_DAYS 2 /* the night asks for whoever is texted until the night after the next */
#define LIFT_S (3 * 86400) /* so long a gateway may take to hear that an opt-out has ended; then its word counts again */

static bool
keeps_a_list(const struct conf_number *n)
{
	return n->type != NUMBER_ALPHANUMERIC && strcmp(n->gateway->api_version, "2021-03-07") != 0;
}

/* The numbers of an organization that have a list, one after the other from *at = 0; NULL: no more. */
static const struct conf_number *
next_number(const struct engine *e, const char *organization, size_t *at)
{
	const struct conf *c = e->rules->conf;

	while (*at < c->numbers_n) {
		const struct conf_number *n = &c->numbers[(*at)++];

		for (size_t i = 0; i < c->sites_n && keeps_a_list(n); i++)
			if (c->sites[i].number == n && strcmp(c->sites[i].environment->organization->title, organization) == 0)
				return n;
	}
	return NULL;
}

static bool
ask_one(struct engine *e, const struct conf_number *n, const char *phone, enum link_ask ask)
{
	const struct link_question q = { .ask = ask, .gateway = span_of(n->gateway->title), .from = span_of(n->sender), .to = span_of(phone) };

	return told_ask(e, &q);
}

/* For every number of the organization. What is not asked now, because nudge-sender is away, the night's comparing asks. */
void
optout_push(struct engine *e, const char *organization, const char *phone, enum link_ask ask)
{
	const struct conf_number *n;

	for (size_t at = 0; (n = next_number(e, organization, &at));)
		(void)ask_one(e, n, phone, ask);
}

/* A removal may be lost with nudge-sender, so it is owed until the gateway says that it is done. */
bool
optout_lift(struct engine *e, const char *organization, const char *phone, struct fault *f)
{
	const struct conf_number *n;

	if (!optout_end(e, organization, phone, f))
		return false;
	for (size_t at = 0; (n = next_number(e, organization, &at));) {
		if (!store_lift_put(e->store, organization, phone, n->sender, now_s(&e->now), f))
			return false;
		(void)ask_one(e, n, phone, ASK_OPTOUT_REMOVE);
	}
	return true;
}

/* Of whom we know nothing: its list is right, or has not heard yet that the opt-out has ended. */
static bool
told_of_news(struct engine *e, const char *organization, const struct conf_number *n, const struct sender_event *ev, struct fault *f)
{
	int64_t lifted = 0;
	bool changed;

	if (!ev->opted_out)
		return store_lift_drop(e->store, organization, ev->to, n->sender, f);
	switch (store_lift_get(e->store, organization, ev->to, n->sender, &lifted, f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		if (now_s(&e->now) - lifted < LIFT_S) {
			(void)ask_one(e, n, ev->to, ASK_OPTOUT_REMOVE);
			return true;
		}
		break;
	case STORE_NONE:
		break;
	}
	return optout_begin(e, organization, ev->to, "gateway", ev->at_s ? ev->at_s : now_s(&e->now), &changed, f);
}

/* The gateway says who is on its list: whoever is, is on ours; who is not there
 * and is here by more than the gateway's word is put there. */
static bool
told_of(struct engine *e, const char *organization, const struct conf_number *n, const struct sender_event *ev, struct fault *f)
{
	int64_t at = ev->at_s ? ev->at_s : now_s(&e->now);
	struct optout ours;
	bool changed;

	switch (store_optout_get(e->store, organization, ev->to, &ours, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return told_of_news(e, organization, n, ev, f);
	case STORE_FOUND:
		break;
	}
	if (ev->opted_out)
		return optout_begin(e, organization, ev->to, "gateway", at, &changed, f);
	if (strcmp(ours.source, "gateway") == 0)
		return (at < ours.at_s && timing_believes(e, ours.at_s)) || optout_end(e, organization, ev->to, f);
	if (strcmp(ours.source, "report") != 0) /* a carrier's own block is on no list of the gateway's */
		optout_push(e, organization, ev->to, ASK_OPTOUT_ADD);
	return true;
}

bool
optout_told(struct engine *e, const struct sender_event *ev, struct fault *f)
{
	const struct conf *c = e->rules->conf;

	for (size_t i = 0; i < c->organizations_n; i++) {
		const struct conf_number *n = NULL;

		for (size_t k = 0; k < c->sites_n; k++)
			if (c->sites[k].number && c->sites[k].environment->organization == &c->organizations[i] &&
			    same_sender(c->sites[k].number->sender, ev->from))
				n = c->sites[k].number;
		if (n && !told_of(e, c->organizations[i].title, n, ev, f))
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
	return p->n < COMPARE_PORTION;
}

struct texted { /* whether an organization texts a phone */
	const struct engine *e;
	const struct conf_organization *by;
	bool is;
};

static bool
is_texted(void *ctx, const struct appointment *a)
{
	struct texted *t = ctx;
	const struct conf_site *s = engine_site(t->e, a->site);

	t->is = s && s->environment->organization == t->by;
	return !t->is;
}

/* Every organization that texts it. */
static bool
compare_all(struct engine *e, const char *phone, struct fault *f)
{
	const struct conf *c = e->rules->conf;

	for (size_t i = 0; i < c->organizations_n; i++) {
		struct texted t = { e, &c->organizations[i], false };

		if (!store_appointments_of_phone(e->store, phone, now_s(&e->now), is_texted, &t, f))
			return false;
		if (t.is)
			optout_push(e, c->organizations[i].title, phone, ASK_OPTOUT_CHECK);
	}
	return true;
}

static bool
compare_one(struct engine *e, int64_t id, struct fault *f)
{
	bool ok = true;
	const struct conf_site *s;
	char phone[PHONE_MAX];
	int64_t site;

	switch (store_phone_of(e->store, id, now_s(&e->now), &site, phone, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	s = engine_site(e, site);
	if (phone[0] && e->comparing == COMPARING_ALL)
		ok = compare_all(e, phone, f);
	else if (s && phone[0])
		optout_push(e, s->environment->organization->title, phone, ASK_OPTOUT_CHECK);
	seal_wipe(phone, sizeof phone);
	return ok;
}

void
optout_compare(struct engine *e)
{
	memset(e->compared, 0, sizeof e->compared);
	e->compared_ms = 0;
	e->comparing = COMPARING_ALL;
}

static void
compare_soon(struct engine *e)
{
	e->compared_span = now_s(&e->now) / STORE_DUE_SPAN_S;
	e->compared_until_s = (now_s(&e->now) / 86400 + SOON_DAYS + 1) * 86400;
	e->compared_text = 0;
	e->compared_ms = 0;
	e->comparing = COMPARING_SOON;
}

/* Phones that can be asked for in this turn, for each number of the organization that has most, or of all. */
static size_t
phones_at_once(const struct engine *e)
{
	const struct conf *c = e->rules->conf;
	size_t most = 1, all = 0, left = ASKS_A_TURN - e->out.asks_n;

	for (size_t i = 0; i < c->organizations_n; i++) {
		size_t n = 0;

		for (size_t at = 0; next_number(e, c->organizations[i].title, &at);)
			n++;
		all += n;
		most = n > most ? n : most;
	}
	if (e->comparing == COMPARING_ALL && all > 0)
		most = all;
	if (most > ASKS_A_TURN)
		most = ASKS_A_TURN;
	return left / most < COMPARE_PORTION ? left / most : COMPARE_PORTION;
}

/* The next portion, and past it. */
static bool
next_phones(struct engine *e, struct phones *p, size_t most, bool *done, struct fault *f)
{
	bool of_span;

	if (e->comparing == COMPARING_ALL)
		return store_phones_after(e->store, e->compared, most, take_phone, p, done, f);
	if (!store_due_after(e->store, e->compared_span, e->compared_until_s, &e->compared_text, most, take_phone, p, &of_span, f))
		return false;
	*done = of_span && e->compared_span >= (e->compared_until_s - 1) / STORE_DUE_SPAN_S;
	if (of_span) {
		e->compared_span++;
		e->compared_text = 0;
	}
	return true;
}

/* What a nudge-sender of before may have taken along: comparing finds it. */
static bool
look_for_lifts(struct engine *e, struct fault *f)
{
	bool any = false;

	if (!store_begin(e->store, f) || !store_lifts_forget(e->store, now_s(&e->now) - LIFT_S, &any, f))
		return false;
	e->lifts_asked = true;
	if (any && e->comparing == COMPARING_NOBODY)
		optout_compare(e);
	return true;
}

bool
optout_portion(struct engine *e, struct fault *f)
{
	struct phones p = { .n = 0 };
	bool done = false;
	size_t most;

	if (e->sender_connected && !e->lifts_asked && !look_for_lifts(e, f))
		return false;
	if (e->comparing == COMPARING_NOBODY || !e->sender_connected || e->now.boot_ms - e->compared_ms < 1000)
		return true;
	if ((most = phones_at_once(e)) == 0) /* the turn asked for much else */
		return true;
	if (!next_phones(e, &p, most, &done, f))
		return false;
	for (size_t i = 0; i < p.n; i++)
		if (!compare_one(e, p.id[i], f))
			return false;
	e->compared_ms = e->now.boot_ms;
	if (done)
		e->comparing = COMPARING_NOBODY;
	return true;
}

bool
optout_nightly(struct engine *e, struct fault *f)
{
	struct civil c;
	int64_t today, last;

	if (e->comparing != COMPARING_NOBODY || e->rules->conf->sites_n == 0)
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
		compare_soon(e);
	return true;
}
