/* hl7/index.h - how the index of a message is laid out, for those who ask it often: the walks along paths
 * look for fifty places in each message, most of which it has not, and a call for each costs more than the answer.
 * Others take hl7_find(), hl7_field() and hl7_part(), which are the same.
 */
#ifndef HL7_INDEX_H
#define HL7_INDEX_H

#include "hl7/marks.h"
#include "nudge/hl7.h"

struct segment {
	uint32_t begin, end; /* bytes of the line */
	uint32_t name_end;
	uint32_t before;     /* of `starts`: one less than its field 1, be it that there is none before the first */
	uint32_t fields;     /* numbers that it has, `own` among them */
	uint32_t own;        /* 1: field 1 is the separator itself, and stands in no place */
};

#define SEGMENT_NONE UINT16_MAX

struct hl7 {
	struct span bytes;
	const char *few_left;    /* up to here MARKS_FEW of the bytes follow; NULL when they are fewer */
	struct hl7_delims delims;
	bool delims_own; /* not the standard ones in place of some that cannot be used */
	struct segment *segment; /* owned */
	uint32_t *code;          /* owned, parallel: code_of() the names */
	uint16_t first[64], last[64]; /* by slot_of() their names: the segments in it; first SEGMENT_NONE when there are none */
	uint32_t segments, segment_cap;
	uint32_t *starts;        /* owned: where each field begins; 64 more than field_cap fit */
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

/* Of the first segment that may have this name; SEGMENT_NONE: none has. Most that are looked for are not there. */
static inline unsigned
index_first(const struct hl7 *m, const char name[4])
{
	return m->first[slot_of(code_of_name(name))];
}

/* No second segment has this name. */
static inline bool
index_is_only(const struct hl7 *m, const char name[4])
{
	unsigned slot = slot_of(code_of_name(name));

	return m->first[slot] == m->last[slot];
}

/* hl7_find(). */
static inline unsigned
index_find(const struct hl7 *m, const char name[4], unsigned from, unsigned to)
{
	uint32_t code = code_of_name(name);
	unsigned slot = slot_of(code), at = m->first[slot], end = to;

	if (at == SEGMENT_NONE)
		return to;
	if (end > m->last[slot])
		end = m->last[slot] + 1u;
	if (at < from)
		at = from;
	while (at < end && m->code[at] != code)
		at++;
	return at < end ? at : to;
}

/* hl7_field(), of a segment that is there. */
static inline struct span
index_field(const struct hl7 *m, unsigned segment, unsigned field)
{
	const struct segment *s = &m->segment[segment];
	uint32_t begin, end;

	if (field - 1 >= s->fields)
		return SPAN_NONE;
	if (field == 1 && s->own)
		return (struct span){ m->bytes.p + s->name_end, 1 };
	begin = m->starts[s->before + field];
	end = field < s->fields ? m->starts[s->before + field + 1] - 1 : s->end;
	assert(end <= m->bytes.n);
	return begin < end ? (struct span){ m->bytes.p + begin, end - begin } : SPAN_NONE;
}

/* A bit for each of the MARKS_FEW bytes at p that is c, of those before `end`, which are the message's. */
static inline uint32_t
index_marks(const struct hl7 *m, const char *p, const char *end, char c)
{
	uint32_t marks = 0;

	if (p <= m->few_left)
		return marks_of_few(p, c);
	for (unsigned i = 0; i < MARKS_FEW && p + i < end; i++)
		marks |= (uint32_t)(p[i] == c) << i;
	return marks;
}

/* The n-th part (from 0) of what stands before the first `stop` of `whole`, which is of the message: a component of the
 * first repetition, say. SPAN_NONE when there are fewer, or it is empty. */
static inline struct span
index_part(const struct hl7 *m, struct span whole, char stop, char sep, unsigned n)
{
	const char *begin = whole.p, *end = whole.n ? begin + whole.n : begin;

	for (const char *p = begin; p < end; p += MARKS_FEW) {
		uint32_t stops = index_marks(m, p, end, stop), marks = index_marks(m, p, end, sep);

		if (end - p < MARKS_FEW)
			stops |= 1u << (end - p);
		if (stops) {
			unsigned left = (unsigned)__builtin_ctz(stops);

			end = p + left;
			marks &= (1u << left) - 1;
		}
		for (; marks; marks &= marks - 1) {
			const char *at = p + __builtin_ctz(marks);

			if (n-- == 0)
				return at > begin ? (struct span){ begin, (size_t)(at - begin) } : SPAN_NONE;
			begin = at + 1;
		}
	}
	return n == 0 && end > begin ? (struct span){ begin, (size_t)(end - begin) } : SPAN_NONE;
}

/* What stands before the first `stop`: all of it where there is none. */
static inline struct span
index_before(const struct hl7 *m, struct span whole, char stop)
{
	const char *end = whole.n ? whole.p + whole.n : whole.p;

	for (const char *p = whole.p; p < end; p += MARKS_FEW) {
		uint32_t stops = index_marks(m, p, end, stop);

		if (stops && p + __builtin_ctz(stops) < end)
			return (struct span){ whole.p, (size_t)(p - whole.p) + (size_t)__builtin_ctz(stops) };
	}
	return whole;
}

#endif
