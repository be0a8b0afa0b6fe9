/* values.c - the values that a list of paths names, in the part of the message that speaks of one patient. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <string.h>

#include "hl7/index.h"

static bool
is_deleted(const struct reading *r, unsigned segment)
{
	struct span action = span_trim(index_field(r->hl7, segment, 2));

	return action.n == 1 && (action.p[0] | 32) == 'd';
}

/* Of a name that begins with A: AIS, AIG, AIL or AIP. */
static bool
is_resource(struct span name)
{
	return name.n == 3 && (name.p[1] | 32) == 'i' && memchr("SGLPsglp", name.p[2], 8) != NULL;
}

void
values_begin(struct reading *r)
{
	unsigned n = hl7_segments(r->hl7);
	bool group_deleted = false;

	memset(r->dead, 0, n / 8 + 1);
	for (unsigned i = 0; i < n && i < HL7_SEGMENTS_MAX; i++) {
		struct span name = hl7_name(r->hl7, i);
		char letter = name.n > 0 ? (char)(name.p[0] | 32) : '\0';
		bool dead = false;

		if (letter == 'r' && hl7_is(r->hl7, i, "RGS"))
			dead = group_deleted = is_deleted(r, i);
		else if (letter == 'a' && is_resource(name))
			dead = group_deleted || is_deleted(r, i);
		if (dead)
			r->dead[i / 8] |= (uint8_t)(1u << (i % 8));
	}
}

static bool
is_dead(const struct reading *r, unsigned segment)
{
	return (r->dead[segment / 8] >> segment % 8 & 1) != 0; /* an index has no more than HL7_SEGMENTS_MAX */
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

/* The part of the message that a walk looks at next: the whole of it, or in a
 * group visit the patient's own, then what is before and behind all of them.
 * Another patient's PID is never there. */
static bool
next_place(const struct reading *r, const struct hl7_path *p, struct walk *w)
{
	const struct hl7_scope *in = &r->whole;

	if (r->is_group && !is_shared(p)) {
		if (w->place > 2)
			return false;
		in = w->place == 0 ? &r->patient : w->place == 1 ? &r->head : &r->tail;
	} else if (w->place > 0) {
		return false;
	}
	w->place++;
	w->segment = in->from;
	w->to = in->to;
	w->seen = 0;
	return true;
}

/* The next field that the path means, of a segment that is not deleted. */
static bool
next_field(const struct reading *r, const struct hl7_path *p, struct walk *w)
{
	for (;;) {
		unsigned at = w->segment < w->to ? index_find(r->hl7, p->segment, w->segment, w->to) : w->to;

		if (at == w->to) {
			if (!next_place(r, p, w))
				return false;
			continue;
		}
		w->segment = at + 1;
		if (p->segment_rep >= 0 && w->seen++ < (unsigned)p->segment_rep)
			continue;
		if (p->segment_rep >= 0) /* it is this one, or none of the part */
			w->segment = w->to;
		if (is_dead(r, at))
			continue;
		w->rest = index_field(r->hl7, at, (unsigned)p->field);
		w->repetition = 0;
		if (w->rest.n > 0)
			return true;
	}
}

static inline struct span
part_of(const struct reading *r, const struct hl7_path *p, struct span repetition)
{
	struct span part = repetition;

	if (p->component > 0)
		part = index_part(part, r->delims->component, (unsigned)p->component - 1);
	if (p->subcomponent > 0)
		part = index_part(part, r->delims->subcomponent, (unsigned)p->subcomponent - 1);
	return part;
}

/* The next repetition that the path means, each byte looked at once: a field
 * may have as many as the message has bytes. */
static bool
next_repetition(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	while (w->rest.p) {
		struct span piece = span_cut(w->rest, r->delims->repetition, &w->rest);
		int number = w->repetition++;

		if (p->field_rep >= 0 && number >= p->field_rep)
			w->rest = SPAN_NONE;
		if (p->field_rep >= 0 && number != p->field_rep)
			continue;
		*value = part_of(r, p, piece);
		if (value->n > 0)
			return true;
	}
	return false;
}

/* Where a path means one place, as most do, there is nothing to go on from. */
static bool
only_place(const struct reading *r, const struct hl7_path *p, struct span *value)
{
	unsigned at = index_find(r->hl7, p->segment, r->whole.from, r->whole.to);
	struct span rest;

	if (at == r->whole.to || is_dead(r, at))
		return false;
	rest = index_field(r->hl7, at, (unsigned)p->field);
	*value = part_of(r, p, span_cut(rest, r->delims->repetition, &rest));
	return value->n > 0;
}

static bool
next_of_several(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	do
		if (next_repetition(r, p, w, value))
			return true;
	while (next_field(r, p, w));
	return false;
}

bool
walk_path(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	if (p->segment_rep != 0 || p->field_rep != 0 || r->is_group)
		return next_of_several(r, p, w, value);
	return w->place++ == 0 && only_place(r, p, value);
}

bool
walk_next(const struct reading *r, const struct path_list *l, struct walk *w, struct span *value)
{
	for (; w->path < l->n; *w = (struct walk){ .path = w->path + 1 })
		if (walk_path(r, &l->item[w->path], w, value))
			return true;
	return false;
}

/* Some sequences are undone: a copy. Seldom, and kept out of the way of the others. */
static __attribute__((noinline)) struct span
unescaped(struct reading *r, struct span raw)
{
	struct span text = hl7_unescape(r->delims, raw, &r->msg->arena), name;
	bool guessed;

	if (!text.p)
		r->no_memory = true;
	/* \Xdd\ may say bytes of another set: what is no text stays as it was sent. */
	if (text.p != raw.p && hl7_charset_of(text, SPAN_NONE, &name, &guessed) != HL7_UTF8)
		text = raw;
	return span_trim(text);
}

struct span
value_text(struct reading *r, struct span raw)
{
	raw = span_trim(raw);
	if (raw.n == 0 || raw.n > VALUE_MAX)
		return SPAN_NONE;
	return r->has_escapes ? unescaped(r, raw) : raw;
}

struct span
value_said(struct reading *r, struct span raw)
{
	raw = span_trim(raw);
	return hl7_is_null(raw) ? SPAN_NONE : value_text(r, raw);
}

struct span
value_part(struct reading *r, struct span repetition, unsigned component)
{
	return value_said(r, hl7_part(r->delims, repetition, component, 0));
}

unsigned
value_parts(struct reading *r, struct span repetition, struct span *out, unsigned n)
{
	const char sep = r->delims->component;
	size_t at = 0;
	unsigned there = 0;

	memset(out, 0, n * sizeof *out);
	for (unsigned i = 0; i < n && at < repetition.n; i++, at++) {
		size_t begin = at;

		while (at < repetition.n && repetition.p[at] != sep)
			at++;
		if (at == begin)
			continue;
		out[i] = value_said(r, (struct span){ repetition.p + begin, at - begin });
		there = i + 1;
	}
	return there;
}

struct span
value_at(struct reading *r, const struct hl7_path *p)
{
	struct walk w = { 0 };
	struct span raw, text;

	while (walk_path(r, p, &w, &raw)) {
		text = value_said(r, raw);
		if (text.n > 0)
			return text;
	}
	return SPAN_NONE;
}

struct span
value_first(struct reading *r, const struct path_list *l)
{
	struct span text = SPAN_NONE;

	for (size_t i = 0; i < l->n && text.n == 0; i++)
		text = value_at(r, &l->item[i]);
	return text;
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
