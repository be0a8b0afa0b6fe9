/* index.c - one pass over a message: where every segment and field begins. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "hl7/delims.h"
#include "hl7/index.h"
#include "hl7/marks.h"

#define SEGMENTS_FIRST 32
#define FIELDS_FIRST 512
#define STEP MARKS_MANY

struct hl7 *
hl7_new(void)
{
	struct hl7 *m = calloc(1, sizeof *m);

	if (m)
		memset(m->first, 0xff, sizeof m->first); /* SEGMENT_NONE */
	return m;
}

void
hl7_free(struct hl7 *m)
{
	if (!m)
		return;
	free(m->segment);
	free(m->code);
	free(m->starts);
	free(m);
}

static uint32_t
next_cap(uint32_t cap, uint32_t first, uint32_t max)
{
	uint32_t wanted = cap ? cap * 2 : first;

	assert(cap < max);
	return wanted < max ? wanted : max;
}

static enum hl7_result
grow_segments(struct hl7 *m)
{
	uint32_t cap, *codes;
	struct segment *grown;

	if (m->segment_cap == HL7_SEGMENTS_MAX)
		return HL7_TOO_MANY;
	cap = next_cap(m->segment_cap, SEGMENTS_FIRST, HL7_SEGMENTS_MAX);
	grown = realloc(m->segment, cap * sizeof *grown);
	if (!grown)
		return HL7_NO_MEMORY;
	m->segment = grown;
	codes = realloc(m->code, cap * sizeof *codes);
	if (!codes)
		return HL7_NO_MEMORY;
	m->code = codes;
	m->segment_cap = cap;
	return HL7_OK;
}

static enum hl7_result
grow_fields(struct hl7 *m)
{
	uint32_t cap, room;
	uint32_t *grown;

	if (m->entries - m->segments > HL7_FIELDS_MAX)
		return HL7_TOO_MANY;
	if (m->field_cap == HL7_FIELDS_MAX)
		return HL7_OK; /* the ends of lines have room besides */
	cap = next_cap(m->field_cap, FIELDS_FIRST, HL7_FIELDS_MAX);
	room = cap + STEP + (cap == HL7_FIELDS_MAX ? HL7_SEGMENTS_MAX : 0);
	grown = realloc(m->starts, room * sizeof *grown);
	if (!grown)
		return HL7_NO_MEMORY;
	memset(grown + m->entries, 0, (room - m->entries) * sizeof *grown);
	m->starts = grown;
	m->field_cap = cap;
	return HL7_OK;
}

/* NUL is what some programs pad a buffer with. */
static uint32_t
skip_blanks(struct span b, uint32_t at)
{
	while (at < b.n && (unsigned char)b.p[at] <= ' ' && (b.p[at] == ' ' || b.p[at] == '\t' || b.p[at] == '\n' || b.p[at] == '\0'))
		at++;
	return at;
}

/* Whether the delimiters stand in its first fields. */
static inline bool
has_delims(uint32_t code)
{
	return code == code_of_name("MSH") || code == code_of_name("FHS") || code == code_of_name("BHS");
}

/* Ends the line at `end`: it is not empty, and its entries from `first` on are those of its fields, and one of its end. */
static inline __attribute__((always_inline)) enum hl7_result
end_segment(struct hl7 *m, uint32_t begin, uint32_t first, uint32_t end)
{
	uint32_t n = m->segments, fields = m->entries - first - 1, code;
	struct segment *s;
	struct span name;
	enum hl7_result r;
	unsigned slot;

	if (n == m->segment_cap && (r = grow_segments(m)) != HL7_OK)
		return r;
	s = &m->segment[n];
	s->begin = begin;
	s->end = end;
	s->name_end = m->starts[first] - 1;
	name = span_trim((struct span){ m->bytes.p + begin, s->name_end - begin });
	code = index_code(name);
	slot = slot_of(code);
	if (m->first[slot] == SEGMENT_NONE)
		m->first[slot] = (uint16_t)n;
	m->last[slot] = (uint16_t)n;
	m->code[n] = code;
	s->own = fields > 0 && has_delims(code);
	s->before = first - s->own - 1;
	s->fields = fields + s->own;
	m->segments = n + 1;
	return HL7_OK;
}

/* A field begins, or a line has ended, before each of the marks; `at` is the place of the first bit. There is room for STEP of them.
 * Gives where the next one goes. */
static inline uint32_t *
take_fields(uint32_t *start, uint64_t marks, uint32_t at)
{
	for (; marks; marks &= marks - 1)
		*start++ = at + (uint32_t)__builtin_ctzll(marks) + 1;
	return start;
}

/* More fields than may be: those up to there stand, for the answer. */
static enum hl7_result
too_many_fields(struct hl7 *m, uint32_t begin, uint32_t first)
{
	assert(m->starts && m->field_cap == HL7_FIELDS_MAX);
	m->entries = HL7_FIELDS_MAX + 1;
	if (m->segments == 0 && end_segment(m, begin, first, m->starts[HL7_FIELDS_MAX] - 1) != HL7_OK)
		return HL7_NO_MEMORY;
	return HL7_TOO_MANY;
}

/* Many bytes at a time: most of them are neither separator nor terminator. */
static enum hl7_result
index_lines(struct hl7 *m, uint32_t begin, char terminator)
{
	const marks_char separator = marks_sought(m->delims.field), ended = marks_sought(terminator);
	uint32_t n = (uint32_t)m->bytes.n, first = 0;
	enum hl7_result r = HL7_OK;
	uint32_t *next, *room_end;
	marks_char high = marks_sought('\0');
	char last[STEP];

	if (!m->starts && grow_fields(m) != HL7_OK)
		return HL7_NO_MEMORY;
	next = m->starts;
	room_end = m->starts + m->field_cap;
	for (uint32_t at = begin; at <= n && r == HL7_OK; at += STEP) {
		const char *p = m->bytes.p + at;
		uint64_t fields, ends = 0;

		if (n - at < STEP) { /* what is behind the end may be no memory of ours */
			memset(last, 'A', sizeof last); /* no delimiter */
			memcpy(last, p, n - at);
			p = last;
			ends = UINT64_C(1) << (n - at); /* of a last line without a terminator */
		}
		high = marks_gather(high, p);
		fields = marks_of(p, separator);
		for (ends |= marks_of(p, ended); ends; ends &= ends - 1) {
			uint64_t before = (ends & -ends) - 1; /* the bits below the lowest */
			uint32_t end = at + (uint32_t)__builtin_ctzll(ends);

			if (end > begin) { /* an empty line is nothing, nor is a LF that was skipped as a blank */
				next = take_fields(next, (fields & before) | (ends & -ends), at);
				fields &= ~before;
				m->entries = (uint32_t)(next - m->starts);
				r = end_segment(m, begin, first, end);
				if (r != HL7_OK)
					return r;
				first = m->entries;
			}
			begin = skip_blanks(m->bytes, end + 1);
		}
		next = take_fields(next, fields, at);
		if (next > room_end) {
			m->entries = (uint32_t)(next - m->starts);
			r = grow_fields(m);
			next = m->starts + m->entries;
			room_end = m->starts + m->field_cap + (m->field_cap == HL7_FIELDS_MAX ? m->segments : 0);
		}
	}
	m->is_ascii = marks_no_high(high);
	return r == HL7_TOO_MANY ? too_many_fields(m, begin, first) : r;
}

static bool
begins_msh(struct span b, uint32_t at)
{
	return b.n - at >= 3 && index_code((struct span){ b.p + at, 3 }) == code_of_name("MSH");
}

/* Nothing to look at: the standard's delimiters, for whoever asks. */
static enum hl7_result
without_header(struct hl7 *m, enum hl7_result r)
{
	m->delims_own = delims_read(SPAN_NONE, &m->delims);
	return r;
}

enum hl7_result
hl7_read(struct hl7 *m, struct span bytes)
{
	const char *first = bytes.n ? memchr(bytes.p, '\r', bytes.n) : NULL, *end = first;
	char terminator = first ? '\r' : '\n';
	uint32_t at = 0;
	enum hl7_result r;
	size_t n;

	m->segments = m->entries = 0;
	memset(m->first, 0xff, sizeof m->first); /* SEGMENT_NONE */
	m->bytes = bytes;
	m->few_left = bytes.n >= MARKS_FEW ? bytes.p + bytes.n - MARKS_FEW : NULL;
	if (bytes.n > UINT32_MAX / 2)
		return without_header(m, HL7_TOO_MANY);
	if (bytes.n >= 3 && memcmp(bytes.p, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	at = skip_blanks(bytes, at);
	while (at < bytes.n && bytes.p[at] == '\r')
		at = skip_blanks(bytes, at + 1);
	if (at == bytes.n || !begins_msh(bytes, at))
		return without_header(m, HL7_NO_MSH);
	if (!first || first < bytes.p + at)
		end = memchr(bytes.p + at, terminator, bytes.n - at);
	n = end ? (size_t)(end - bytes.p) : bytes.n;
	m->delims_own = delims_read((struct span){ bytes.p + at, n - at }, &m->delims);
	m->sought.repetition = marks_sought(m->delims.repetition);
	m->sought.component = marks_sought(m->delims.component);
	m->sought.subcomponent = marks_sought(m->delims.subcomponent);
	r = index_lines(m, at, terminator);
	assert(m->segments > 0 || r == HL7_NO_MEMORY);
	return r == HL7_OK && !m->delims_own ? HL7_BAD_DELIMS : r;
}

const struct hl7_delims *
hl7_delims(const struct hl7 *m)
{
	return &m->delims;
}

unsigned
hl7_segments(const struct hl7 *m)
{
	return m->segments;
}

struct span
hl7_name(const struct hl7 *m, unsigned segment)
{
	const struct segment *s;

	if (segment >= m->segments)
		return SPAN_NONE;
	s = &m->segment[segment];
	return span_trim((struct span){ m->bytes.p + s->begin, s->name_end - s->begin });
}

bool
hl7_is(const struct hl7 *m, unsigned segment, const char *name)
{
	uint32_t code;

	if (segment >= m->segments)
		return name[0] == '\0';
	code = name[0] && name[1] && name[2] && !name[3] ? index_code((struct span){ name, 3 }) : 0;
	return code ? m->code[segment] == code : span_is_nocase(hl7_name(m, segment), name);
}

unsigned
hl7_find(const struct hl7 *m, const char name[4], unsigned from, unsigned to)
{
	return index_find(m, name, from, to);
}

struct span
hl7_field(const struct hl7 *m, unsigned segment, unsigned field)
{
	return segment < m->segments ? index_field(m, segment, field) : SPAN_NONE;
}

struct span
index_part_long(struct span whole, char stop, char sep, unsigned n)
{
	struct span rest, part;

	whole = span_cut(whole, stop, &rest);
	for (part = span_cut(whole, sep, &rest); n > 0 && rest.n > 0; n--)
		part = span_cut(rest, sep, &rest);
	return n == 0 && part.n > 0 ? part : SPAN_NONE;
}
