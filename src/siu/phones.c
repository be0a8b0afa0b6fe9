/* phones.c - XTN as it is really filled, turned into candidates for the choice. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <string.h>

#define CANDIDATES_MAX 64

/* A date alone lasts until its day is over. */
static bool
is_past(struct span when, const struct zone *z, int64_t now_s)
{
	enum civil_note note;
	struct hl7_time t;
	int64_t at;

	if (hl7_time_read(when, &t) != HL7_TIME_OK)
		return false;
	at = start_instant(&t, z, &note);
	if (t.precision <= HL7_DAY)
		at += 86400;
	return at <= now_s;
}

#define XTN_COMPONENTS 18

static void
read_candidate(struct reading *r, const struct zone *z, struct span rep, struct phone_candidate *c)
{
	struct span xtn[XTN_COMPONENTS];
	uint64_t wanted = 0;
	unsigned n = value_parts(r, rep, xtn, XTN_COMPONENTS);

	c->text = xtn[0];
	c->use = xtn[1];
	c->equipment = xtn[2];
	c->address = xtn[3];
	c->country = xtn[4];
	c->area = xtn[5];
	c->local = xtn[6];
	c->extension = xtn[7];
	c->any = xtn[8];
	c->unformatted = xtn[11];
	c->ended = false;
	c->preference = 0;
	if (n < 14)
		return;
	c->ended = xtn[14].n > 0 || is_past(hl7_part(r->delims, rep, 14, 0), z, r->now_s);
	if (span_to_u64(xtn[17], 1000, &wanted))
		c->preference = (int)wanted;
}

static bool
says_something(const struct phone_candidate *c)
{
	return c->text.n > 0 || c->address.n > 0 || c->local.n > 0 || c->unformatted.n > 0;
}

static bool
is_deletion(struct reading *r, struct span rep)
{
	struct span text = span_trim(rep);

	return text.n > 0 && text.p[0] == '"' && (hl7_is_null(text) || hl7_is_null(span_trim(hl7_part(r->delims, rep, 1, 0))));
}

void
phones_read(struct reading *r, struct booking *b)
{
	const struct zone *z = rules_of(r->map->rules, b->site)->zone;
	struct phone_candidate list[CANDIDATES_MAX];
	struct phone_choice choice;
	bool deleted = false;
	struct walk w = { 0 };
	struct span rep;
	size_t n = 0;

	while (n < CANDIDATES_MAX && walk_next(r, &r->at->profile->phone, &w, &rep)) {
		if (is_deletion(r, rep)) {
			deleted = true;
			continue;
		}
		read_candidate(r, z, rep, &list[n]);
		if (says_something(&list[n]))
			n++;
	}
	if (n == 0) {
		b->phone_state = deleted ? FIELD_CLEAR : FIELD_KEEP;
		return;
	}
	b->phone_state = FIELD_SET;
	choice = phone_choose(list, n, b->site->country,
	    b->site->unknown_type_phone);
	memcpy(b->phone, choice.e164, sizeof b->phone);
	if (!b->phone[0])
		b->phone_why = choice.why;
}
