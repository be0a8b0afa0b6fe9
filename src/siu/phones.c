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
	struct span xtn[XTN_COMPONENTS + 1] = { { NULL, 0 } }, ended;
	uint64_t wanted = 0;

	for (int i = 1; i <= XTN_COMPONENTS && rep.p; i++)
		xtn[i] = span_cut(rep, r->delims->component, &rep);
	ended = xtn[14];
	for (int i = 1; i <= XTN_COMPONENTS; i++)
		xtn[i] = xtn[i].n == 0 || hl7_is_null(span_trim(xtn[i])) ? SPAN_NONE : value_text(r, xtn[i]);
	*c = (struct phone_candidate){ .text = xtn[1], .use = xtn[2], .equipment = xtn[3], .address = xtn[4],
		.country = xtn[5], .area = xtn[6], .local = xtn[7], .extension = xtn[8], .any = xtn[9],
		.unformatted = xtn[12] };
	c->ended = xtn[15].n > 0 || is_past(ended, z, r->now_s);
	if (span_to_u64(xtn[18], 1000, &wanted))
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
	return hl7_is_null(span_trim(rep)) || hl7_is_null(span_trim(hl7_part(r->delims, rep, 1, 0)));
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
