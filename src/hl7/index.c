/* index.c - one pass over a message: where every segment and field begins. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "hl7/delims.h"

#define SEGMENTS_FIRST 32
#define FIELDS_FIRST 512

struct segment {
	uint32_t begin, end; /* bytes of the line */
	uint32_t name_end;
	uint32_t field;      /* of `starts`: its first field behind the name */
	uint32_t fields;
};

struct hl7 {
	struct span bytes;
	struct hl7_delims delims;
	bool delims_own; /* not the standard ones in place of some that cannot be used */
	struct segment *segment; /* owned */
	uint32_t segments, segment_cap;
	uint32_t *starts;        /* owned: where each field begins */
	uint32_t fields, field_cap;
};

struct hl7 *
hl7_new(void)
{
	return calloc(1, sizeof(struct hl7));
}

void
hl7_free(struct hl7 *m)
{
	if (!m)
		return;
	free(m->segment);
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
	uint32_t cap;
	struct segment *grown;

	if (m->segment_cap == HL7_SEGMENTS_MAX)
		return HL7_TOO_MANY;
	cap = next_cap(m->segment_cap, SEGMENTS_FIRST, HL7_SEGMENTS_MAX);
	grown = realloc(m->segment, cap * sizeof *grown);
	if (!grown)
		return HL7_NO_MEMORY;
	m->segment = grown;
	m->segment_cap = cap;
	return HL7_OK;
}

static enum hl7_result
grow_fields(struct hl7 *m)
{
	uint32_t cap;
	uint32_t *grown;

	if (m->field_cap == HL7_FIELDS_MAX)
		return HL7_TOO_MANY;
	cap = next_cap(m->field_cap, FIELDS_FIRST, HL7_FIELDS_MAX);
	grown = realloc(m->starts, cap * sizeof *grown);
	if (!grown)
		return HL7_NO_MEMORY;
	m->starts = grown;
	m->field_cap = cap;
	return HL7_OK;
}

/* NUL is what some programs pad a buffer with. */
static uint32_t
skip_blanks(struct span b, uint32_t at)
{
	while (at < b.n && (b.p[at] == ' ' || b.p[at] == '\t' || b.p[at] == '\n' || b.p[at] == '\0'))
		at++;
	return at;
}

/* Ends the line at `end`; an empty one is nothing. */
static enum hl7_result
end_segment(struct hl7 *m, struct segment *s, uint32_t end)
{
	enum hl7_result r;

	if (end <= s->begin)
		return HL7_OK;
	if (m->segments == m->segment_cap && (r = grow_segments(m)) != HL7_OK)
		return r;
	s->end = end;
	if (s->fields == 0)
		s->name_end = end;
	m->segment[m->segments++] = *s;
	return HL7_OK;
}

#define ONES UINT64_C(0x0101010101010101)
#define LOW7 UINT64_C(0x7f7f7f7f7f7f7f7f)

/* The top bit of each byte of `word` that equals the byte all through `all`. */
static inline uint64_t
equal_bytes(uint64_t word, uint64_t all)
{
	uint64_t x = word ^ all;

	return ~(((x & LOW7) + LOW7) | x | LOW7);
}

static inline uint64_t
load_bytes(const char *p, size_t n)
{
	uint64_t word = 0;

	if (n >= sizeof word)
		memcpy(&word, p, sizeof word);
	else
		memcpy(&word, p, n);
	return le64toh(word);
}

/* What one field separator or terminator at `at` means for the line `s`. */
static inline enum hl7_result
take_mark(struct hl7 *m, struct segment *s, uint32_t at)
{
	enum hl7_result r;

	if (m->bytes.p[at] == m->delims.field) {
		if (m->fields == m->field_cap && (r = grow_fields(m)) != HL7_OK)
			return r;
		if (s->fields++ == 0)
			s->name_end = at;
		m->starts[m->fields++] = at + 1;
		return HL7_OK;
	}
	r = end_segment(m, s, at);
	*s = (struct segment){ .begin = skip_blanks(m->bytes, at + 1), .field = m->fields };
	return r;
}

/* Eight bytes at a time: most of them are neither separator nor terminator. */
static enum hl7_result
index_lines(struct hl7 *m, uint32_t begin, char terminator)
{
	uint64_t field = ONES * (unsigned char)m->delims.field, end = ONES * (unsigned char)terminator;
	struct segment s = { .begin = begin };
	uint32_t n = (uint32_t)m->bytes.n;
	enum hl7_result r;

	for (uint32_t i = begin; i < n; i += 8) {
		uint64_t word = load_bytes(m->bytes.p + i, n - i);
		uint64_t marks = equal_bytes(word, field) | equal_bytes(word, end);

		for (; marks; marks &= marks - 1) {
			uint32_t at = i + (uint32_t)__builtin_ctzll(marks) / 8;

			if (at < s.begin) /* a LF that was skipped as a blank */
				continue;
			r = take_mark(m, &s, at);
			if (r == HL7_TOO_MANY && m->segments == 0) /* answerable all the same */
				r = end_segment(m, &s, at) == HL7_OK ? r : HL7_NO_MEMORY;
			if (r != HL7_OK)
				return r;
		}
	}
	return end_segment(m, &s, n);
}

static bool
begins_msh(struct span b, uint32_t at)
{
	return b.n - at >= 3 && span_is_nocase((struct span){ b.p + at, 3 }, "MSH");
}

enum hl7_result
hl7_read(struct hl7 *m, struct span bytes)
{
	const char *end;
	char terminator = bytes.n && memchr(bytes.p, '\r', bytes.n) ? '\r' : '\n';
	uint32_t at = 0;
	enum hl7_result r;
	size_t n;

	m->segments = m->fields = 0;
	m->bytes = bytes;
	m->delims_own = delims_read(SPAN_NONE, &m->delims);
	if (bytes.n > UINT32_MAX / 2)
		return HL7_TOO_MANY;
	if (bytes.n >= 3 && memcmp(bytes.p, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	at = skip_blanks(bytes, at);
	while (at < bytes.n && bytes.p[at] == '\r')
		at = skip_blanks(bytes, at + 1);
	if (at == bytes.n || !begins_msh(bytes, at))
		return HL7_NO_MSH;
	end = memchr(bytes.p + at, terminator, bytes.n - at);
	n = end ? (size_t)(end - bytes.p) : bytes.n;
	m->delims_own = delims_read((struct span){ bytes.p + at, n - at }, &m->delims);
	r = index_lines(m, at, terminator);
	assert(m->segments > 0 || r == HL7_NO_MEMORY);
	return r == HL7_OK && !m->delims_own ? HL7_BAD_DELIMS : r;
}

const struct hl7_delims *
hl7_delims(const struct hl7 *m)
{
	return &m->delims;
}

bool
delims_are_own(const struct hl7 *m)
{
	return m->delims_own;
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
	return span_is_nocase(hl7_name(m, segment), name);
}

struct span
hl7_field(const struct hl7 *m, unsigned segment, unsigned field)
{
	const struct segment *s;
	uint32_t begin, end;

	if (segment >= m->segments || field == 0)
		return SPAN_NONE;
	s = &m->segment[segment];
	if (delims_are_in(hl7_name(m, segment))) {
		if (field == 1)
			return s->fields ? (struct span){ m->bytes.p + s->name_end, 1 } : SPAN_NONE;
		field--;
	}
	if (field > s->fields)
		return SPAN_NONE;
	begin = m->starts[s->field + field - 1];
	end = field < s->fields ? m->starts[s->field + field] - 1 : s->end;
	assert(begin <= end + 1 && end <= m->bytes.n);
	return begin < end ? (struct span){ m->bytes.p + begin, end - begin } : SPAN_NONE;
}
