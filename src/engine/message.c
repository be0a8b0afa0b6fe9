/* message.c - a message is taken: who sent it, was it answered before, what becomes of it. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

static bool
sender_of(struct engine *e, const struct message *m, int64_t *id, struct fault *f)
{
	struct sender_known *k;

	for (size_t i = 0; i < e->senders_n; i++) {
		k = &e->senders[i];
		if (span_is(m->sending_application, k->msh3) && span_is(m->sending_facility, k->msh4) &&
		    strcmp(m->environment->title, k->environment) == 0) {
			*id = k->id;
			return true;
		}
	}
	if (!store_sender(e->store, m->environment->title, m->sending_application, m->sending_facility, id, f))
		return false;
	if (m->sending_application.n >= sizeof k->msh3 || m->sending_facility.n >= sizeof k->msh4)
		return true;
	if (e->senders_n == sizeof e->senders / sizeof e->senders[0])
		e->senders_n = 0;
	k = &e->senders[e->senders_n++];
	(void)snprintf(k->environment, sizeof k->environment, "%s", m->environment->title);
	span_copy(k->msh3, sizeof k->msh3, m->sending_application);
	span_copy(k->msh4, sizeof k->msh4, m->sending_facility);
	k->id = *id;
	return true;
}

/* What was odd about it, in the reader's words. */
static void
note(struct engine *e, const struct message *m)
{
	for (size_t i = 0; m->counted && i < sizeof e->count.noted / sizeof e->count.noted[0]; i++) {
		if (!e->count.noted[i].what)
			e->count.noted[i].what = m->counted;
		if (strcmp(e->count.noted[i].what, m->counted) == 0) {
			e->count.noted[i].n++;
			return;
		}
	}
}

/* Of a patient without a visit nothing is kept, not even that there was a message. */
static bool
is_of_nobody(struct engine *e, const struct message *m, bool *nobody, struct fault *f)
{
	bool any = true;

	if (m->kind == MESSAGE_NEWS && !news_finds(e, m, &any, f))
		return false;
	*nobody = !any;
	if (!any) {
		e->count.messages_ignored++;
		e->count.news_nobody++;
	}
	return true;
}

static bool
apply_kind(struct engine *e, struct message *m, int64_t sender, bool whole, struct answer *a, bool *done, struct fault *f)
{
	struct news_cursor all = { 0, 0, 0 };

	a->verdict = VERDICT_ACCEPT;
	switch (m->kind) {
	case MESSAGE_QUARANTINE:
		a->verdict = m->verdict;
		a->error = m->error;
		return apply_quarantine(e, m, sender, f);
	case MESSAGE_NEWS:
		if (!news_apply(e, m, whole ? &all : &e->news_at, whole, done, f))
			return false;
		e->count.messages_accepted += *done;
		return true;
	case MESSAGE_BOOKINGS:
		return apply_bookings(e, m, sender, f);
	case MESSAGE_IGNORE:
	case MESSAGE_REFUSE:
		break;
	}
	return true;
}

bool
apply_message(struct engine *e, struct message *m, bool whole, struct answer *a, bool *done, struct fault *f)
{
	uint8_t content[MARK_BYTES];
	int64_t sender;
	bool known_id = false, nobody = false, first = e->news_at.entry == 0 && e->news_at.id == 0 && e->news_at.after == 0;
	int condition = 0;

	*done = true;
	a->verdict = VERDICT_ACCEPT;
	if (first) {
		note(e, m);
		silence_hear(e, m);
	}
	heard_note(e, m);
	if (m->kind == MESSAGE_REFUSE) {
		e->count.messages_refused++;
		a->verdict = m->verdict;
		a->error = m->error;
		return true;
	}
	if (m->kind == MESSAGE_IGNORE) {
		e->count.messages_ignored++;
		return true;
	}
	if (first && !is_of_nobody(e, m, &nobody, f)) /* behind a portion nobody may be left */
		return false;
	if (nobody)
		return true;
	if (!store_begin(e->store, f) || !sender_of(e, m, &sender, f) ||
	    !store_mark(e->store, "content", m->raw, content, f))
		return false;
	switch (store_seen_find(e->store, sender, m->control_id, content, &a->verdict, &condition, &known_id, f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		e->count.messages_duplicate++;
		if (a->verdict != VERDICT_ACCEPT)
			a->error = m->error;
		return true;
	case STORE_NONE:
		break;
	}
	if (!apply_kind(e, m, sender, whole, a, done, f))
		return false;
	if (!*done)
		return true;
	if (!learning_keep(e, m, f))
		return false;
	if (!store_seen_add(e->store, sender, m->control_id, content, a->verdict,
	        a->verdict == VERDICT_ACCEPT ? 0 : m->error.condition, now_s(&e->now), f))
		return false;
	if (known_id)
		e->count.control_id_reused++;
	return true;
}
