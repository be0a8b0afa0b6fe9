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
	struct {
		marks_char repetition, component, subcomponent;
	} sought; /* of `delims` */
	struct hl7_delims delims;
	bool is_ascii;   /* all that was read, when all was */
	bool delims_own; /* not the standard ones in place of some that cannot be used, at which fields may have been cut in the wrong places */
	struct segment *segment; /* owned */
	uint32_t *code;          /* owned, parallel: index_code() of the names */
	uint16_t first[64], last[64]; /* by slot_of() their names: the segments in it; first SEGMENT_NONE when there are none */
	uint32_t segments, segment_cap;
	uint32_t *starts;        /* owned: where each field begins and, behind the last of a line, the byte behind its terminator; 64 more than field_cap fit */
	uint32_t entries, field_cap;
};

/* A name of three upper-case characters and its terminator, as a number. */
static inline uint32_t
code_of_name(const char name[4])
{
	const unsigned char *c = (const unsigned char *)name;

	return c[0] | (uint32_t)c[1] << 8 | (uint32_t)c[2] << 16 | (uint32_t)c[3] << 24;
}

/* A name, of a segment or of an event, as such a number, letters folded; 0 when it has not three characters. */
static inline uint32_t
index_code(struct span name)
{
	const unsigned char *c = (const unsigned char *)name.p;
	uint32_t code;

	if (name.n != 3)
		return 0;
	code = c[0] | (uint32_t)c[1] << 8 | (uint32_t)c[2] << 16;
	if ((code & code << 1 & 0x404040) == 0) /* no letter to fold: those have bits 5 and 6 */
		return code;
	for (unsigned shift = 0; shift < 24; shift += 8) {
		unsigned letter = code >> shift & 0xff;

		code -= letter >= 'a' && letter <= 'z' ? UINT32_C(0x20) << shift : 0;
	}
	return code;
}

/* One of 64, by its name. */
static inline unsigned
slot_of(uint32_t code)
{
	return code * UINT32_C(0x9e3779b1) >> 26;
}

/* The first segment of this name; SEGMENT_NONE: there is none, as of most that are looked for. */
static inline unsigned
index_first(const struct hl7 *m, const char name[4])
{
	uint32_t code = code_of_name(name);
	unsigned slot = slot_of(code), at = m->first[slot];

	while (at != SEGMENT_NONE && m->code[at] != code)
		at = at < m->last[slot] ? at + 1 : SEGMENT_NONE;
	return at;
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
	if (at >= from && at < to && m->code[at] == code) /* as it is with nearly all */
		return at;
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
	end = m->starts[s->before + field + 1] - 1;
	return begin < end ? (struct span){ m->bytes.p + begin, end - begin } : SPAN_NONE;
}

/* Whether `s`, which is of the message, can be looked at by index_marks(): it is short, as nearly all are, not empty, and
 * what is looked at behind it is the message's too. */
static inline bool
index_is_short(const struct hl7 *m, struct span s)
{
	return s.n - 1 < 63 && s.p + ((s.n - 1) & ~(size_t)(MARKS_FEW - 1)) <= m->few_left;
}

/* A bit for each of its bytes that is c, and what others there may be behind its end. */
static inline uint64_t
index_marks(struct span s, marks_char c)
{
	uint64_t marks = marks_of_few(s.p, c);

	for (size_t at = MARKS_FEW; at < s.n; at += MARKS_FEW)
		marks |= (uint64_t)marks_of_few(s.p + at, c) << at;
	return marks;
}

struct span index_part_long(struct span whole, char stop, char sep, unsigned n);

/* The n-th part (from 0) of what stands before the first `stop` of `whole`, which is of the message: a component of the
 * first repetition, say. SPAN_NONE when there are fewer, or it is empty. */
static inline struct span
index_part(const struct hl7 *m, struct span whole, marks_char stop, marks_char sep, unsigned n)
{
	const char *p = whole.p;
	uint32_t marks, begin = 0, end;

	if (whole.n - 1 >= 31 || p + MARKS_FEW > m->few_left)
		return index_part_long(whole, marks_plain(stop), marks_plain(sep), n);
	marks = marks_of_either(p, stop, sep) | marks_of_either(p + MARKS_FEW, stop, sep) << MARKS_FEW | 1u << whole.n;
	for (; n > 0; n--) {
		end = (uint32_t)__builtin_ctz(marks);
		if (end == whole.n || p[end] == marks_plain(stop))
			return SPAN_NONE;
		begin = end + 1;
		marks &= marks - 1;
	}
	end = (uint32_t)__builtin_ctz(marks);
	return end > begin ? (struct span){ p + begin, end - begin } : SPAN_NONE;
}

/* What stands before the first `stop`: all of it where there is none. */
static inline struct span
index_before(const struct hl7 *m, struct span whole, marks_char stop)
{
	struct span rest;

	if (!index_is_short(m, whole))
		return span_cut(whole, marks_plain(stop), &rest);
	return (struct span){ whole.p, (size_t)__builtin_ctzll(index_marks(whole, stop) | UINT64_C(1) << whole.n) };
}

#endif
