/* values.c - the values that a list of paths names, in the part of the message that speaks of one patient. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <string.h>

static bool
is_deleted(const struct reading *r, unsigned segment)
{
	return span_is_nocase(span_trim(hl7_field(r->hl7, segment, 2)), "D");
}

static bool
is_resource(const struct hl7 *m, unsigned segment)
{
	return hl7_is(m, segment, "AIS") || hl7_is(m, segment, "AIG") || hl7_is(m, segment, "AIL") ||
	    hl7_is(m, segment, "AIP");
}

void
values_begin(struct reading *r)
{
	unsigned n = hl7_segments(r->hl7);
	bool group_deleted = false;

	memset(r->dead, 0, sizeof r->dead);
	for (unsigned i = 0; i < n && i < HL7_SEGMENTS_MAX; i++) {
		bool dead = false;

		if (hl7_is(r->hl7, i, "RGS"))
			dead = group_deleted = is_deleted(r, i);
		else if (is_resource(r->hl7, i))
			dead = group_deleted || is_deleted(r, i);
		if (dead)
			r->dead[i / 8] |= (uint8_t)(1u << (i % 8));
	}
}

static bool
is_dead(const struct reading *r, unsigned segment)
{
	return segment < HL7_SEGMENTS_MAX && (r->dead[segment / 8] & 1u << (segment % 8)) != 0;
}

/* What all patients of a group visit share; the rest belongs to each. */
static bool
is_shared(const struct hl7_path *p)
{
	static const char *const shared[] = { "MSH", "SCH", "TQ1", "RGS", "AIS", "AIG", "AIL", "AIP" };

	for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
		if (strcmp(p->segment, shared[i]) == 0)
			return true;
	return false;
}

static bool
place_of(const struct reading *r, const struct hl7_path *p, unsigned place, struct hl7_scope *out)
{
	if (!r->is_group || is_shared(p)) {
		*out = hl7_whole(r->hl7);
		return place == 0;
	}
	if (place == 0)
		*out = r->patient;
	else if (place == 1)
		*out = r->head;
	else
		*out = r->tail;
	/* Another patient's PID is never in head or tail. */
	return place <= 2;
}

bool
walk_next(const struct reading *r, const struct path_list *l, struct walk *w, struct span *value)
{
	struct hl7_scope scope;
	struct span found;
	unsigned segment;

	for (; w->path < l->n; w->path++, w->place = 0) {
		for (; place_of(r, &l->item[w->path], w->place, &scope); w->place++) {
			while (hl7_next(r->hl7, scope, &l->item[w->path], &w->cursor, &found, &segment)) {
				if (is_dead(r, segment))
					continue;
				*value = found;
				return true;
			}
			w->cursor = (struct hl7_cursor){ 0 };
		}
	}
	return false;
}

struct span
value_text(struct reading *r, struct span raw)
{
	struct span text;

	raw = span_trim(raw);
	if (raw.n == 0 || raw.n > VALUE_MAX)
		return SPAN_NONE;
	text = hl7_unescape(r->delims, raw, &r->msg->arena);
	if (!text.p)
		r->no_memory = true;
	return span_trim(text);
}

struct span
value_first(struct reading *r, const struct path_list *l)
{
	struct walk w = { 0 };
	struct span raw, text;

	while (walk_next(r, l, &w, &raw)) {
		if (hl7_is_null(span_trim(raw)))
			continue;
		text = value_text(r, raw);
		if (text.n > 0)
			return text;
	}
	return SPAN_NONE;
}

bool
value_is_said(const struct reading *r, const struct path_list *l)
{
	struct walk w = { 0 };
	struct span raw;

	while (walk_next(r, l, &w, &raw))
		if (span_trim(raw).n > 0 && !hl7_is_null(span_trim(raw)))
			return true;
	return false;
}
