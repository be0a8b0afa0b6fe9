/* response.c - what is said back to a phone that wrote: few, soon, and then the phone is forgotten. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

#define A_DAY_S 86400
#define IN_ALL 12 /* responses to a phone in a day: two machines may have begun to talk */

static const int64_t at_most[TEXT_KINDS] = { [TEXT_STOPPED] = 3, [TEXT_NOT_CANCELED] = 3, [TEXT_RESUMED] = 2, [TEXT_HELP] = 3,
	[TEXT_CONFIRMED] = 6, [TEXT_DECLINED] = 6, [TEXT_WHICH_VISIT] = 4, [TEXT_UNREAD] = 1 };

bool
response_plan(struct engine *e, struct response *r, struct fault *f)
{
	int64_t now = now_s(&e->now), n[TEXT_KINDS], all = 0;
	struct text t = { .site = r->site, .kind = r->kind, .state = TEXT_PENDING, .planned_s = now, .due_s = now,
		.expires_s = now + RESPONSE_EXPIRY_S, .start_s = r->start_s };

	if (!store_responses_since(e->store, r->organization, r->phone, now - A_DAY_S, n, f))
		return false;
	for (int k = 0; k < TEXT_KINDS; k++)
		all += n[k];
	if (n[r->kind] >= at_most[r->kind] || all >= IN_ALL)
		return true;
	r->at_s = now;
	if (!store_response_put(e->store, r, f))
		return false;
	t.appointment = r->id;
	t.id = r->id * STORE_TEXTS_OF_ONE;
	if (!store_text_put(e->store, &t, f))
		return false;
	ahead_note(e, t.id, t.due_s);
	return true;
}

/* Only now is the gateway told of an opt-out: it might have kept the one text
 * back that confirms it. */
bool
response_final(struct engine *e, int64_t id, struct fault *f)
{
	struct response r;

	switch (store_response_get(e->store, id, &r, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	if (r.phone[0] == '\0')
		return true;
	if (text_ends_texts(r.kind))
		optout_push(e, r.organization, r.phone, ASK_OPTOUT_ADD);
	seal_wipe(r.phone, sizeof r.phone);
	e->scrub_wanted = true;
	return store_response_over(e->store, id, f);
}

void
response_look(const struct response *r, struct appointment *a)
{
	*a = (struct appointment){ .id = r->id, .site = r->site, .has_start = true, .start_s = r->start_s,
		.erase_at_s = r->erase_at_s };
	memcpy(a->phone, r->phone, sizeof a->phone);
	memcpy(a->language, r->language, sizeof a->language);
}

void
response_values(const struct engine *e, const struct response *r, struct sms_values *v)
{
	const struct conf_site *s = engine_site(e, r->site);
	struct fault f;

	for (size_t i = 0; i < r->choices_n; i++) {
		struct appointment a;
		const struct conf_site *own = NULL;

		if (store_appointment_get(e->store, r->choice[i].appointment, now_s(&e->now), &a, &f) == STORE_FOUND)
			own = engine_site(e, a.site);
		v->choice[i].start_s = r->choice[i].start_s;
		v->choice[i].zone = rules_of(e->rules, own ? own : s)->zone;
	}
	v->choices_n = r->choices_n;
}
