/* read.c - the way of one message: may it be read, whose is it, what does it say of each patient. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <assert.h>
#include <string.h>

#include "hl7/index.h"

enum opened { OPENED, DECIDED, NO_MEMORY };

static struct span
without_bom(struct span s)
{
	if (s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0)
		return (struct span){ s.p + 3, s.n - 3 };
	return s;
}

static enum opened
nobody_to_answer(struct reading *r, const char *reason)
{
	verdict_refuse(r, reason, VERDICT_REJECT, 100, "MSH", 0);
	return DECIDED;
}

/* After `text` was indexed. */
static void
begin_text(struct reading *r, struct span text)
{
	struct span behind;

	r->delims = &r->hl7->delims;
	r->whole = (struct hl7_scope){ 0, r->hl7->segments };
	(void)span_cut(text, r->delims->escape, &behind);
	/* Besides the one that MSH-2 names: only two make a sequence. */
	r->stands_max = behind.n > 0 && memchr(behind.p, r->delims->escape, behind.n) ? 0 : VALUE_MAX;
}

/* The index of the bytes as they came: what an answer needs is taken from it. */
static enum opened
open_raw(struct reading *r, struct span bytes)
{
	struct message *m = r->msg;
	enum hl7_result result = hl7_read(r->hl7, bytes);

	if (result == HL7_NO_MEMORY)
		return NO_MEMORY;
	if (result == HL7_NO_MSH || r->hl7->segments == 0)
		return nobody_to_answer(r, "no MSH");
	if (!ack_request_of(r->hl7, &m->request))
		return nobody_to_answer(r, "MSH-10 is too long to be echoed");
	m->answerable = true;
	m->control_id = index_field(r->hl7, 0, 10);
	begin_text(r, bytes);
	if (result == HL7_BAD_DELIMS) {
		verdict_refuse(r, "MSH-1 and MSH-2 are no usable delimiters", VERDICT_REJECT, 102, "MSH", 2);
		return DECIDED;
	}
	if (result == HL7_TOO_MANY) {
		verdict_refuse(r, "more than 4096 segments or 65536 fields", VERDICT_REJECT, 207, "MSH", 0);
		return DECIDED;
	}
	return OPENED;
}

/* Whatever set is meant, it stands as it is: no set is named whose escape sequences this might be. */
static bool
is_plain(const struct hl7 *m, struct span msh18)
{
	return m->is_ascii && m->segment[0].begin == 0 && msh18.n == 0;
}

static enum opened
open_text(struct reading *r, struct span bytes)
{
	struct span msh18 = index_field(r->hl7, 0, 18), name, text;
	bool guessed = false;
	enum hl7_charset set;

	if (is_plain(r->hl7, msh18))
		return OPENED;
	set = hl7_charset_of(bytes, msh18, &name, &guessed);
	if (set == HL7_CHARSET_UNSUPPORTED) {
		r->is_bare = true;
		return OPENED;
	}
	if (guessed)
		verdict_count(r, "character set guessed");
	text = hl7_to_utf8(bytes, set, name, &r->msg->arena);
	if (!text.p)
		return NO_MEMORY;
	if (text.p == bytes.p)
		return OPENED;
	/* Where a byte only looked like a delimiter, segments and fields are found anew. */
	if (hl7_read(r->hl7, text) != HL7_OK)
		return NO_MEMORY;
	begin_text(r, text);
	return OPENED;
}

static enum opened
open_message(struct reading *r)
{
	struct span bytes = without_bom(r->msg->raw), wide = hl7_wide_to_utf8(r->msg->raw, &r->msg->arena);
	enum opened o = open_raw(r, wide.n > 0 ? wide : bytes);

	if (o == OPENED && wide.n > 0) { /* a frame may have torn it: good for an answer, not to be believed */
		r->is_bare = true;
		return o;
	}
	return o == OPENED ? open_text(r, bytes) : o;
}

/* One frame holds one whole message; two would be read as one about both. */
static bool
is_whole(struct reading *r)
{
	static const struct hl7_path head = { .segment = "MSH" }, go_on = { .segment = "MSH", .field = 14 },
	    charset = { .segment = "MSH", .field = 18 }, again = { .segment = "SCH" };
	unsigned n = r->hl7->segments, schedule = index_find(r->hl7, "SCH", 1, n);

	if (!index_is_only(r->hl7, "MSH") && index_find(r->hl7, "MSH", 1, n) < n)
		return verdict_quarantine(r, "several messages in one frame", 100, &head);
	if (schedule < n && !index_is_only(r->hl7, "SCH") && index_find(r->hl7, "SCH", schedule + 1, n) < n)
		return verdict_quarantine(r, "several appointments in one message", 100, &again);
	if (span_trim(index_field(r->hl7, 0, 14)).n > 0 || r->hl7->code[n - 1] == code_of_name("DSC"))
		return verdict_quarantine(r, "message goes on in another frame", 100, &go_on);
	if (r->is_bare)
		return verdict_quarantine(r, "character set cannot be read", 102, &charset);
	return true;
}

/* ---- patients ---- */

static unsigned
group_end(const struct reading *r, unsigned from)
{
	unsigned end = index_find(r->hl7, "PID", from + 1, r->hl7->segments);

	return index_find(r->hl7, "RGS", from + 1, end);
}

bool
groups_find(struct reading *r, struct groups *g)
{
	static const struct hl7_path pid = { .segment = "PID" };
	unsigned n = r->hl7->segments;

	g->n = g->from[0] = 0;
	for (unsigned i = 1; (i = index_find(r->hl7, "PID", i, n)) < n; i++) {
		if (g->n == PATIENTS_MAX)
			return verdict_quarantine(r, "more than 256 patients", 100, &pid);
		g->from[g->n++] = i;
	}
	if (g->n > 1) {
		r->is_group = true;
		r->is_plain = false;
		r->patient = (struct hl7_scope){ 0, 0 }; /* nobody yet */
		r->head = (struct hl7_scope){ 0, g->from[0] };
		r->tail = (struct hl7_scope){ group_end(r, g->from[g->n - 1]), n };
	}
	return true;
}

void
groups_enter(struct reading *r, const struct groups *g, unsigned i)
{
	if (r->is_group)
		r->patient = (struct hl7_scope){ g->from[i], group_end(r, g->from[i]) };
}

/* false: the whole message is not applied, the verdict says why. */
static bool
read_booking(struct reading *r, struct booking *b)
{
	memcpy(b->event, r->event, sizeof b->event);
	b->has_sent_at = r->has_sent_at;
	b->sent_at_s = r->sent_at_s;
	r->said_by = NULL;
	b->site = sites_match(r, &b->site_not_said);
	r->at = sites_map(r, b->site ? b->site : r->sender);
	if (!b->site && ids_best(r).n == 0)
		return verdict_ignore(r, "no site takes this department and visit type");
	if (!ids_read(r, b))
		return false;
	b->status = status_read(r);
	ids_read_patient(r, b);
	sites_describe(r, b);
	person_read(r, b);
	if (!b->site) {
		verdict_count(r, "no site takes it");
		return true;
	}
	if (!start_read(r, b))
		return false;
	phones_read(r, b);
	address_read(r, b);
	sites_modality(r, b);
	ids_read_link(r, b);
	return true;
}

static bool
read_bookings(struct reading *r)
{
	struct message *m = r->msg;
	struct groups g;
	size_t n;

	if (!groups_find(r, &g))
		return false;
	n = g.n > 0 ? g.n : 1;
	m->bookings = arena_take(&m->arena, n * sizeof *m->bookings);
	if (!m->bookings) {
		r->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		groups_enter(r, &g, (unsigned)i);
		if (r->is_group)
			m->bookings[i].patient_number = (int)i + 1;
		if (!read_booking(r, &m->bookings[i]) || r->no_memory)
			return false;
	}
	m->bookings_n = n;
	m->kind = MESSAGE_BOOKINGS;
	m->verdict = VERDICT_ACCEPT;
	return true;
}

/* The arena's ceiling, not the machine, ended the memory: sent again, this
 * message would end the same way, so it must not block the feed. */
static bool
is_at_ceiling(const struct arena *a)
{
	return a->max - a->used < PATIENTS_MAX * sizeof(struct booking) + VALUE_MAX;
}

static void
read_opened(struct reading *r)
{
	static const struct hl7_path whole = { .segment = "MSH" };
	struct message *m = r->msg;

	if (!header_read(r))
		return;
	header_read_time(r);
	values_begin(r);
	if (is_whole(r) && (r->is_news ? news_read(r) : read_bookings(r)))
		return;
	m->bookings = NULL;
	m->news = NULL;
	m->news_n = 0;
	if (r->no_memory && is_at_ceiling(&m->arena)) {
		r->no_memory = false;
		verdict_quarantine(r, "message needs more memory than one may have", 100, &whole);
	} else if (m->kind == MESSAGE_QUARANTINE && !r->is_news) {
		m->held_id = ids_best(r);
	}
}

bool
siu_read(const struct siu_map *map, const struct siu_peer *peer, struct hl7 *index, int64_t now_s,
    struct message *msg)
{
	struct reading r;

	assert(peer->environments_n > 0);
	r.map = map;
	r.peer = peer;
	r.hl7 = index;
	r.delims = NULL;
	r.msg = msg;
	r.now_s = now_s;
	memset((char *)&r + offsetof(struct reading, no_memory), 0, offsetof(struct reading, patient) - offsetof(struct reading, no_memory));
	if (!msg->rules)
		msg->rules = rules_hold(map->rules);
	msg->listener = peer->listener;
	msg->environment = peer->environments[0];
	msg->answerable = false;
	msg->control_id = msg->sending_application = msg->sending_facility = msg->held_id = SPAN_NONE;
	msg->bookings = NULL;
	msg->bookings_n = 0;
	msg->news = NULL;
	msg->news_n = 0;
	msg->reason = msg->counted = NULL;
	msg->about = NULL;
	msg->ack_mode = peer->listener ? peer->listener->ack_mode : ACK_ALWAYS_AA;
	msg->place_at = -1;
	msg->error = (struct ack_error){ .condition = 0 };
	switch (open_message(&r)) {
	case NO_MEMORY:
		return false;
	case DECIDED:
		break;
	case OPENED:
		read_opened(&r);
		break;
	}
	return !r.no_memory;
}
