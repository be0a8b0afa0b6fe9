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

/* Where the place is in the message as it came; the text may be a copy in
 * another character set, then it is not known. */
static int64_t
place_of(const struct reading *r, const struct hl7_path *place)
{
	struct span raw = r->msg->raw, at = SPAN_NONE;

	for (unsigned i = 0; i < hl7_segments(r->hl7) && !at.p; i++)
		if (hl7_is(r->hl7, i, place->segment))
			at = place->field > 0 ? hl7_field(r->hl7, i, (unsigned)place->field) : hl7_name(r->hl7, i);
	return at.p && at.p >= raw.p && at.p <= raw.p + raw.n ? at.p - raw.p : -1;
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
	m->about = s;
	m->place_at = place_of(r, place);
	return false;
}

void
verdict_count(struct reading *r, const char *counted)
{
	if (!r->msg->counted)
		r->msg->counted = counted;
}
