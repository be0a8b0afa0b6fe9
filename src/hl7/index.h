/* hl7/index.h - how the index of a message is laid out, for those who ask it often: the walks along paths
 * look for fifty places in each message, most of which it has not, and a call for each costs more than the answer.
 * Others take hl7_find(), hl7_field() and hl7_part(), which are the same.
 */
#ifndef HL7_INDEX_H
#define HL7_INDEX_H

#include "nudge/hl7.h"

struct segment {
	uint32_t begin, end; /* bytes of the line */
	uint32_t name_end;
	uint32_t field;      /* of `starts`: its first field behind the name */
	uint32_t fields;
	uint32_t own;        /* 1: field 1 is the separator itself, and stands in no place */
};

struct hl7 {
	struct span bytes;
	struct hl7_delims delims;
	bool delims_own; /* not the standard ones in place of some that cannot be used */
	struct segment *segment; /* owned */
	uint32_t *code;          /* owned, parallel: code_of() the names */
	uint64_t names;          /* a bit for each slot_of() them: most that are looked for are not there */
	uint16_t first[64];      /* by slot, where `names` has its bit: the first segment in it */
	uint32_t segments, segment_cap;
	uint32_t *starts;        /* owned: where each field begins; STEP more than field_cap fit */
	uint32_t fields, field_cap;
};

/* A name of three upper-case characters and its terminator, as a number. */
static inline uint32_t
code_of_name(const char name[4])
{
	uint32_t code;

	memcpy(&code, name, sizeof code);
	return code;
}

/* One of 64, by its name. */
static inline unsigned
slot_of(uint32_t code)
{
	return code * UINT32_C(0x9e3779b1) >> 26;
}

/* hl7_find(). */
static inline unsigned
index_find(const struct hl7 *m, const char name[4], unsigned from, unsigned to)
{
	uint32_t code = code_of_name(name);
	unsigned end = to < m->segments ? to : m->segments, slot = slot_of(code);

	if (!(m->names >> slot & 1))
		return to;
	if (from < m->first[slot])
		from = m->first[slot];
	while (from < end && m->code[from] != code)
		from++;
	return from < end ? from : to;
}

/* hl7_field(). */
static inline struct span
index_field(const struct hl7 *m, unsigned segment, unsigned field)
{
	const struct segment *s;
	uint32_t begin, end;

	if (segment >= m->segments || field == 0)
		return SPAN_NONE;
	s = &m->segment[segment];
	field -= s->own;
	if (field == 0)
		return s->fields ? (struct span){ m->bytes.p + s->name_end, 1 } : SPAN_NONE;
	if (field > s->fields)
		return SPAN_NONE;
	begin = m->starts[s->field + field - 1];
	end = field < s->fields ? m->starts[s->field + field] - 1 : s->end;
	assert(end <= m->bytes.n);
	return begin < end ? (struct span){ m->bytes.p + begin, end - begin } : SPAN_NONE;
}

/* The n-th part (from 0) of `whole`; SPAN_NONE when there are fewer, or it is empty. */
static inline struct span
index_part(struct span whole, char sep, unsigned n)
{
	for (size_t i = 0; i < whole.n; i++) { /* parts are short: a call for each costs more */
		size_t begin = i;

		while (i < whole.n && whole.p[i] != sep)
			i++;
		if (n-- == 0)
			return i > begin ? (struct span){ whole.p + begin, i - begin } : SPAN_NONE;
	}
	return SPAN_NONE;
}

#endif
