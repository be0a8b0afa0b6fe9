/* optlist.c - the gateway's list of opt-outs and ours, kept alike. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/parts.h"

#define COMPARE_PORTION 100 /* phones a second: what the gateway takes in one call */
#define NIGHT_HOUR 2
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

/* Asks for every number of the organization; false: not all could be asked in this turn. */
static bool
ask_all(struct engine *e, const char *organization, const char *phone, enum link_ask ask)
{
	const struct conf_number *n;
	bool all = true;

	for (size_t at = 0; (n = next_number(e, organization, &at));)
		all = ask_one(e, n, phone, ask) && all;
	return all;
}

/* What is not asked now, because nudge-sender is away, the night's comparing asks. */
void
optout_push(struct engine *e, const char *organization, const char *phone, enum link_ask ask)
{
	(void)ask_all(e, organization, phone, ask);
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

void
optout_compare(struct engine *e)
{
	memset(e->compared, 0, sizeof e->compared);
	e->compared_ms = 0;
	e->comparing = true;
}

/* What a nudge-sender of before may have taken along: comparing finds it. */
static bool
look_for_lifts(struct engine *e, struct fault *f)
{
	bool any = false;

	if (!store_begin(e->store, f) || !store_lifts_forget(e->store, now_s(&e->now) - LIFT_S, &any, f))
		return false;
	e->lifts_asked = true;
	if (any && !e->comparing)
		optout_compare(e);
	return true;
}

bool
optout_portion(struct engine *e, struct fault *f)
{
	struct phones p = { .n = 0 };
	uint8_t from[MARK_BYTES];
	bool done = false, all = true;

	if (e->sender_connected && !e->lifts_asked && !look_for_lifts(e, f))
		return false;
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
		optout_compare(e);
	return true;
}
