/* verdict.c - what becomes of a message that gives no bookings. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void
place_error(struct message *m, int condition, const char *segment, int field, int component)
{
	m->error = (struct ack_error){ .condition = condition, .sequence = 1, .field = field,
		.component = component, .text = m->reason };
	(void)snprintf(m->error.segment, sizeof m->error.segment, "%s", segment);
	if (field > 0)
		m->error.repetition = 1;
}

bool
verdict_refuse(struct reading *r, const char *reason, enum ack_verdict v, int condition, const char *segment,
    int field)
{
	struct message *m = r->msg;

	m->kind = MESSAGE_REFUSE;
	m->verdict = v;
	m->reason = reason;
	place_error(m, condition, segment, field, 0);
	return false;
}

bool
verdict_ignore(struct reading *r, const char *reason)
{
	r->msg->kind = MESSAGE_IGNORE;
	r->msg->verdict = VERDICT_ACCEPT;
	r->msg->reason = reason;
	return false;
}

bool
verdict_quarantine(struct reading *r, const char *reason, int condition, const struct hl7_path *place)
{
	struct message *m = r->msg;
	const struct conf_site *s = r->sender;

	/* The site itself, when it was found: its own settings say how to answer. */
	if (r->at && s)
		s = &r->map->rules->conf->sites[r->at - r->map->sites];
	m->kind = MESSAGE_QUARANTINE;
	m->verdict = s && s->nak_bad_content ? VERDICT_ERROR : VERDICT_ACCEPT;
	m->reason = reason;
	place_error(m, condition, place->segment, place->field, place->component);
	return false;
}

void
verdict_count(struct reading *r, const char *counted)
{
	if (!r->msg->counted)
		r->msg->counted = counted;
}
