/* header.c - the MSH: who may send what, before anything else is looked at. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <string.h>

#include "hl7/index.h"

#define AHEAD_MAX_S 300 /* a sender's clock may be that much ahead of ours */

static struct span
part(const struct hl7 *m, struct span field, unsigned component)
{
	return span_trim(index_part(m, field, m->sought.repetition, m->sought.component, component - 1));
}

static struct span
msh(const struct reading *r, unsigned field)
{
	return part(r->hl7, index_field(r->hl7, 0, field), 1);
}

static bool
check_processing(struct reading *r)
{
	struct span id = msh(r, 11);

	if (id.n == 0 || (id.n == 1 && span_upper(id.p[0]) == 'P'))
		return true;
	if (r->msg->environment->production)
		return verdict_refuse(r, "processing id: this is a production environment, it takes P",
		    VERDICT_REJECT, 202, "MSH", 11);
	verdict_count(r, "test processing id");
	return true;
}

static bool
check_version(struct reading *r)
{
	struct span version = msh(r, 12), minor = SPAN_NONE, rest;
	uint64_t n = 0;

	if (version.n == 0)
		return true;
	if (version.p[0] != '2' || (version.n > 1 && version.p[1] != '.'))
		return verdict_refuse(r, "version: only 2.x is read", VERDICT_REJECT, 203, "MSH", 12);
	if (version.n > 2)
		minor = span_cut((struct span){ version.p + 2, version.n - 2 }, '.', &rest);
	r->since_2_7 = span_to_u64(minor, 99, &n) && n >= 7;
	return true;
}

/* S23 and S24 block time, they are about no patient; S25 is a query. */
static const char *const taken[] = { "S12", "S13", "S14", "S15", "S16", "S17", "S18", "S19", "S20", "S21", "S22", "S26", "S27",
	NULL };

const char *const *
siu_triggers(void)
{
	return taken;
}

static bool
check_event(struct reading *r, struct span type, struct span event)
{
	bool is_siu = index_code(type) == code_of_name("SIU");
	uint32_t code = index_code(event);

	if (type.n == 0)
		return verdict_refuse(r, "message type is missing", VERDICT_REJECT, 200, "MSH", 9);
	if (r->is_news)
		return true;
	if (!is_siu && r->peer->listener && r->peer->listener->strict_types)
		return verdict_refuse(r, "message type: this listener takes SIU only", VERDICT_REJECT, 200, "MSH", 9);
	if (!is_siu)
		return verdict_ignore(r, "message type is not SIU");
	if (event.n == 0)
		return verdict_refuse(r, "trigger event is missing", VERDICT_REJECT, 201, "MSH", 9);
	for (size_t i = 0; taken[i]; i++)
		if (code == code_of_name(taken[i])) {
			memcpy(r->event, taken[i], sizeof r->event);
			return true;
		}
	return verdict_ignore(r, "trigger event is of no use here");
}

bool
header_read(struct reading *r)
{
	struct message *m = r->msg;
	struct span what = index_field(r->hl7, 0, 9), type = part(r->hl7, what, 1), event = part(r->hl7, what, 2);
	bool is_known;

	m->sending_application = value_text(r, msh(r, 3));
	m->sending_facility = value_text(r, msh(r, 4));
	is_known = sites_find_sender(r);
	is_known = news_wanted(r, type, event) || is_known;
	if (r->sender && r->sender->ack_mode != SITE_ACK_LISTENER)
		m->ack_mode = r->sender->ack_mode == SITE_ACK_AUTO ? ACK_AUTO : ACK_ALWAYS_AA;
	if (span_trim(m->control_id).n == 0)
		return verdict_refuse(r, "MSH-10 is missing", VERDICT_REJECT, 101, "MSH", 10);
	/* What is not wanted is ignored, whoever sent it. */
	if (!check_processing(r) || !check_version(r) || !check_event(r, type, event))
		return false;
	return is_known || sites_refuse_sender(r);
}

void
header_read_time(struct reading *r)
{
	const struct zone *z = rules_of(r->map->rules, r->sender)->zone;
	enum civil_note note = CIVIL_PLAIN;
	struct hl7_time t;
	int64_t at;

	if (hl7_time_read(msh(r, 7), &t) != HL7_TIME_OK || t.precision < HL7_MINUTE)
		return;
	r->has_offset = t.has_offset;
	r->offset_min = t.offset_min;
	at = start_instant(&t, z, &note);
	if (note == CIVIL_TWICE || at > r->now_s + AHEAD_MAX_S)
		return;
	r->has_sent_at = true;
	r->sent_at_s = at;
}
