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

bool
apply_message(struct engine *e, struct message *m, struct answer *a, struct fault *f)
{
	uint8_t content[MARK_BYTES];
	int64_t sender;
	bool same_id = false;
	int condition = 0;

	a->verdict = VERDICT_ACCEPT;
	note(e, m);
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
	if (!store_begin(e->store, f) || !sender_of(e, m, &sender, f) ||
	    !store_mark(e->store, "content", m->raw, content, f))
		return false;
	switch (store_seen_find(e->store, sender, m->control_id, content, &a->verdict, &condition, f)) {
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
	a->verdict = VERDICT_ACCEPT;
	if (m->kind == MESSAGE_QUARANTINE) {
		a->verdict = m->verdict;
		a->error = m->error;
		if (!apply_quarantine(e, m, sender, f))
			return false;
	} else if (!apply_bookings(e, m, sender, f)) {
		return false;
	}
	if (!learning_keep(e, m, f))
		return false;
	if (!store_seen_add(e->store, sender, m->control_id, content, a->verdict,
	        a->verdict == VERDICT_ACCEPT ? 0 : m->error.condition, now_s(&e->now), &same_id, f))
		return false;
	if (same_id)
		e->count.control_id_reused++;
	return true;
}
