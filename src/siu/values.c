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
	return (code & 0xffff) == (code_of_name("AIS") & 0xffff) && (code == code_of_name("AIS") || code == code_of_name("AIG") ||
	    code == code_of_name("AIL") || code == code_of_name("AIP"));
}

void
values_begin(struct reading *r)
{
	const struct hl7 *m = r->hl7;
	bool group_deleted = false;

	r->has_dead = false;
	r->is_plain = true;
	for (unsigned i = 0; i < m->segments; i++) {
		bool dead = false;

		if (m->code[i] == code_of_name("RGS"))
			dead = group_deleted = is_deleted(r, i);
		else if (is_resource(m->code[i]))
			dead = group_deleted || is_deleted(r, i);
		if (!dead)
			continue;
		if (!r->has_dead)
			memset(r->dead, 0, m->segments / 8 + 1);
		r->has_dead = true;
		r->is_plain = false;
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

/* Seldom, and kept out of the way of the others. */
static __attribute__((noinline)) struct span
subcomponent(const struct hl7 *m, struct span component, unsigned n)
{
	return index_part(m, component, m->sought.component, m->sought.subcomponent, n - 1);
}

/* Of the first repetition. */
static inline __attribute__((always_inline)) struct span
part_of(const struct hl7 *m, const struct hl7_path *p, struct span field)
{
	struct span part;

	if (p->component == 0)
		return index_before(m, field, m->sought.repetition);
	part = index_part(m, field, m->sought.repetition, m->sought.component, (unsigned)p->component - 1);
	return p->subcomponent == 0 ? part : subcomponent(m, part, (unsigned)p->subcomponent);
}

/* The next repetition that the path means, each byte looked at once: a field
 * may have as many as the message has bytes. */
static inline __attribute__((always_inline)) bool
next_repetition(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	while (w->rest.n > 0) {
		struct span piece = index_before(r->hl7, w->rest, r->hl7->sought.repetition);
		size_t cut = piece.n < w->rest.n ? piece.n + 1 : piece.n;
		int number = w->repetition++;

		w->rest = (struct span){ w->rest.p + cut, w->rest.n - cut };
		if (p->field_rep >= 0 && number >= p->field_rep)
			w->rest.n = 0;
		if (p->field_rep >= 0 && number != p->field_rep)
			continue;
		*value = p->component > 0 ? part_of(r->hl7, p, piece) : piece;
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

/* Of the segments of the message the path means one, which is not deleted, as most do: there is no other to go on to. */
static inline bool
is_one_segment(const struct reading *r, const struct hl7_path *p)
{
	return r->is_plain && (p->segment_rep == 0 || (p->segment_rep < 0 && index_is_only(r->hl7, p->segment)));
}

/* Of a path that is_one_segment(). */
static inline __attribute__((always_inline)) struct span
field_there(const struct reading *r, const struct hl7_path *p)
{
	unsigned at = index_first(r->hl7, p->segment);

	return at == SEGMENT_NONE ? SPAN_NONE : index_field(r->hl7, at, (unsigned)p->field);
}

/* There is at most one value. */
static inline bool
is_one_place(const struct reading *r, const struct hl7_path *p)
{
	return p->field_rep == 0 && is_one_segment(r, p);
}

/* Of a path that is_one_place(). */
static inline __attribute__((always_inline)) bool
value_there(const struct reading *r, const struct hl7_path *p, struct span *value)
{
	struct span field = field_there(r, p);

	if (field.n == 0)
		return false;
	*value = part_of(r->hl7, p, field);
	return value->n > 0;
}

bool
walk_path(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value)
{
	if (is_one_place(r, p))
		return w->place++ == 0 && value_there(r, p, value);
	return next_of_several(r, p, w, value);
}

static inline void
next_path(struct walk *w)
{
	w->path++;
	w->place = 0;
}

bool
walk_next(const struct reading *r, const struct path_list *l, struct walk *w, struct span *value)
{
	for (; w->path < l->n; next_path(w)) {
		const struct hl7_path *p = &l->item[w->path];
		bool found;

		if (!is_one_segment(r, p)) {
			if (index_first(r->hl7, p->segment) != SEGMENT_NONE && next_of_several(r, p, w, value))
				return true;
			continue;
		}
		if (p->field_rep == 0) {
			if (!value_there(r, p, value))
				continue;
			next_path(w);
			return true;
		}
		if (w->place++ == 0) {
			w->rest = field_there(r, p);
			w->repetition = 0;
		}
		found = w->rest.n > 0 && next_repetition(r, p, w, value);
		if (found && w->rest.n == 0)
			next_path(w);
		if (found)
			return true;
	}
	return false;
}

static inline void
collect(struct reading *r, struct span raw, struct said *out)
{
	struct span text = value_said(r, raw);

	if (text.n > 0)
		out->item[out->n++] = text;
}

static __attribute__((noinline)) void
collect_several(struct reading *r, const struct hl7_path *p, struct said *out)
{
	struct walk w = { 0 };
	struct span raw;

	while (out->n < SAID_MAX && next_of_several(r, p, &w, &raw))
		collect(r, raw, out);
}

void
values_collect(struct reading *r, const struct path_list *l, struct said *out)
{
	out->n = 0;
	for (size_t i = 0; i < l->n && out->n < SAID_MAX; i++) {
		struct span raw;

		if (!is_one_place(r, &l->item[i]))
			collect_several(r, &l->item[i], out);
		else if (value_there(r, &l->item[i], &raw))
			collect(r, raw, out);
	}
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
value_made(struct reading *r, struct span raw)
{
	raw = span_trim(raw);
	if (raw.n == 0 || raw.n > VALUE_MAX)
		return SPAN_NONE;
	return r->stands_max == 0 ? unescaped(r, raw) : raw;
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
	const struct hl7 *m = r->hl7;

	return value_said(r, index_part(m, repetition, m->sought.repetition, m->sought.component, component - 1));
}

unsigned
value_parts(struct reading *r, struct span repetition, struct span *out, unsigned n)
{
	const struct hl7 *m = r->hl7;
	unsigned there = 0;

	memset(out, 0, n * sizeof *out);
	if (index_is_short(m, repetition)) {
		uint64_t behind = UINT64_C(1) << repetition.n, marks = (index_marks(repetition, m->sought.component) & (behind - 1)) | behind;
		const char *begin = repetition.p;

		for (unsigned i = 0; i < n && marks; i++, marks &= marks - 1) {
			const char *end = repetition.p + __builtin_ctzll(marks);

			if (end > begin) {
				out[i] = value_said(r, (struct span){ begin, (size_t)(end - begin) });
				there = i + 1;
			}
			begin = end + 1;
		}
		return there;
	}
	for (unsigned i = 0; i < n && repetition.n > 0; i++) {
		struct span part = span_cut(repetition, r->delims->component, &repetition);

		out[i] = value_said(r, part);
		if (part.n > 0)
			there = i + 1;
	}
	return there;
}

static __attribute__((noinline)) struct span
value_of_several(struct reading *r, const struct hl7_path *p)
{
	struct walk w = { 0 };
	struct span raw, text = SPAN_NONE;

	while (text.n == 0 && next_of_several(r, p, &w, &raw))
		text = value_said(r, raw);
	return text;
}

struct span
value_at(struct reading *r, const struct hl7_path *p)
{
	struct span raw;

	if (!is_one_place(r, p))
		return value_of_several(r, p);
	return value_there(r, p, &raw) ? value_said(r, raw) : SPAN_NONE;
}

struct span
value_first(struct reading *r, const struct path_list *l)
{
	struct span text = SPAN_NONE;

	for (size_t i = 0; i < l->n && text.n == 0; i++)
		text = value_at(r, &l->item[i]);
	return text;
}
