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

/* AIS, AIG, AIL or AIP */
static bool
is_resource(uint32_t code)
{
	return code == code_of_name("AIS") || code == code_of_name("AIG") || code == code_of_name("AIL") || code == code_of_name("AIP");
}

void
values_begin(struct reading *r)
{
	const struct hl7 *m = r->hl7;
	bool group_deleted = false;

	r->has_dead = false;
	memset(r->dead, 0, m->segments / 8 + 1);
	for (unsigned i = 0; i < m->segments; i++) {
		bool dead = false;

		if (m->code[i] == code_of_name("RGS"))
			dead = group_deleted = is_deleted(r, i);
		else if (is_resource(m->code[i]))
			dead = group_deleted || is_deleted(r, i);
		if (!dead)
			continue;
		r->has_dead = true;
		r->dead[i / 8] |= (uint8_t)(1u << (i % 8));
	}
}

static bool
is_dead(const struct reading *r, unsigned segment)
{
	return r->has_dead && (r->dead[segment / 8] >> segment % 8 & 1) != 0;
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

/* Of what stands before the first `stop`. */
static inline struct span
part_of(const struct reading *r, const struct hl7_path *p, struct span whole, char stop)
{
	struct span part;

	if (p->component == 0)
		return index_before(r->hl7, whole, stop);
	part = index_part(r->hl7, whole, stop, r->delims->component, (unsigned)p->component - 1);
	if (p->subcomponent > 0)
		part = index_part(r->hl7, part, r->delims->component, r->delims->subcomponent, (unsigned)p->subcomponent - 1);
	return part;
}

/* The next repetition that the path means, each byte looked at once: a field
 * may have as many as the message has bytes. */
static bool
next_repetition(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	while (w->rest.n > 0) {
		struct span piece = index_before(r->hl7, w->rest, r->delims->repetition);
		size_t cut = piece.n < w->rest.n ? piece.n + 1 : piece.n;
		int number = w->repetition++;

		w->rest = (struct span){ w->rest.p + cut, w->rest.n - cut };
		if (p->field_rep >= 0 && number >= p->field_rep)
			w->rest.n = 0;
		if (p->field_rep >= 0 && number != p->field_rep)
			continue;
		*value = part_of(r, p, piece, r->delims->repetition);
		if (value->n > 0)
			return true;
	}
	return false;
}

static __attribute__((noinline)) bool
next_of_several(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	if (w->place == 0) {
		w->segment = w->to = 0;
		w->rest = SPAN_NONE;
	}
	do
		if (next_repetition(r, p, w, value))
			return true;
	while (next_field(r, p, w));
	return false;
}

/* Where a path means one place, as most do, there is nothing to go on from. */
static inline bool
walk_on(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	unsigned at = index_first(r->hl7, p->segment);

	if (at == SEGMENT_NONE)
		return false;
	if (p->field_rep != 0 || p->segment_rep > 0 || r->is_group || (p->segment_rep < 0 && !index_is_only(r->hl7, p->segment)))
		return next_of_several(r, p, w, value);
	if (w->place++ > 0)
		return false;
	if (r->hl7->code[at] != code_of_name(p->segment))
		at = index_find(r->hl7, p->segment, at, r->whole.to);
	if (at == r->whole.to || is_dead(r, at))
		return false;
	*value = part_of(r, p, index_field(r->hl7, at, (unsigned)p->field), r->delims->repetition);
	return value->n > 0;
}

bool
walk_path(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	return walk_on(r, p, w, value);
}

bool
walk_next(const struct reading *r, const struct path_list *l, struct walk *w, struct span *value)
{
	for (; w->path < l->n; w->path++, w->place = 0)
		if (walk_on(r, &l->item[w->path], w, value))
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
value_trimmed(struct reading *r, struct span raw)
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
	const char *begin = repetition.p, *end = repetition.n ? begin + repetition.n : begin;
	unsigned i = 0, there = 0;

	memset(out, 0, n * sizeof *out);
	for (const char *p = begin; p < end; p += MARKS_FEW) {
		uint32_t marks = index_marks(r->hl7, p, end, r->delims->component);

		for (; marks && p + __builtin_ctz(marks) < end; marks &= marks - 1) {
			const char *at = p + __builtin_ctz(marks);

			if (at > begin) {
				out[i] = value_said(r, (struct span){ begin, (size_t)(at - begin) });
				there = i + 1;
			}
			if (++i == n)
				return there;
			begin = at + 1;
		}
	}
	if (begin == end)
		return there;
	out[i] = value_said(r, (struct span){ begin, (size_t)(end - begin) });
	return i + 1;
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
