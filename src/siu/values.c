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
		struct span name = hl7_name(r->hl7, i);
		bool dead = false;

		if (name.n == 0 || !strchr("ARar", name.p[0]))
			continue;
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

/* Enters the field of a segment of the path's name, if it is the one meant and alive. */
static bool
enter(const struct reading *r, const struct hl7_path *p, unsigned segment, struct walk *w)
{
	w->seen++;
	if ((p->segment_rep >= 0 && w->seen - 1 != (unsigned)p->segment_rep) || is_dead(r, segment))
		return false;
	w->rest = hl7_field(r->hl7, segment, (unsigned)p->field);
	w->repetition = 0;
	w->inside = w->rest.n > 0;
	return w->inside;
}

/* The next repetition that the path means, each byte looked at once: a field
 * may have as many as the message has bytes. */
static bool
next_repetition(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	while (w->inside) {
		struct span piece = span_cut(w->rest, r->delims->repetition, &w->rest);
		int number = w->repetition++;

		w->inside = w->rest.p && (p->field_rep < 0 || number < p->field_rep);
		if (p->field_rep >= 0 && number != p->field_rep)
			continue;
		*value = hl7_part(r->delims, piece, (unsigned)p->component, (unsigned)p->subcomponent);
		if (value->n > 0)
			return true;
	}
	return false;
}

bool
walk_next(const struct reading *r, const struct path_list *l, struct walk *w, struct span *value)
{
	struct hl7_scope in;

	for (; w->path < l->n; w->path++, w->place = 0) {
		const struct hl7_path *p = &l->item[w->path];

		for (; place_of(r, p, w->place, &in); w->place++, w->segment = w->seen = 0) {
			for (; in.from + w->segment < in.to; w->segment++) {
				if (!w->inside)
					w->segment = hl7_find(r->hl7, p->segment, in.from + w->segment, in.to) - in.from;
				if (in.from + w->segment == in.to)
					break;
				if (!w->inside && !enter(r, p, in.from + w->segment, w))
					continue;
				if (!next_repetition(r, p, w, value))
					continue;
				w->segment += !w->inside;
				return true;
			}
		}
	}
	return false;
}

struct span
value_text(struct reading *r, struct span raw)
{
	struct span text, name;
	bool guessed;

	raw = span_trim(raw);
	if (raw.n == 0 || raw.n > VALUE_MAX)
		return SPAN_NONE;
	text = hl7_unescape(r->delims, raw, &r->msg->arena);
	if (!text.p)
		r->no_memory = true;
	/* \Xdd\ may say bytes of another set: what is no text stays as it was sent. */
	if (text.p != raw.p && hl7_charset_of(text, SPAN_NONE, &name, &guessed) != HL7_UTF8)
		text = raw;
	return span_trim(text);
}

struct span
value_part(struct reading *r, struct span repetition, unsigned component)
{
	struct span raw = span_trim(hl7_part(r->delims, repetition, component, 0));

	return hl7_is_null(raw) ? SPAN_NONE : value_text(r, raw);
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
