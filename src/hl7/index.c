/* index.c - one pass over a message: where every segment and field begins. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
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
	uint32_t *code;          /* owned, parallel: code_of() the names */
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

#define CODE(a, b, c) ((uint32_t)(unsigned char)(a) << 16 | (uint32_t)(unsigned char)(b) << 8 | (unsigned char)(c))

static inline char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* A name of three characters as a number, letters folded; 0 for any other. */
static inline uint32_t
code_of(const char *name, size_t n)
{
	return n == 3 ? CODE(upper(name[0]), upper(name[1]), upper(name[2])) : 0;
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
	struct span name = span_trim((struct span){ m->bytes.p + s->begin, s->name_end - s->begin });

	m->code[m->segments] = code_of(name.p, name.n);
	m->segment[m->segments++] = *s;
	return HL7_OK;
}

#define STEP 16 /* bytes looked at together */

#ifdef __SSE2__
/* A bit for each of the STEP bytes at p that is a or b. */
static inline uint32_t
marks_in(const char *p, char a, char b)
{
	__m128i word = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i found = _mm_or_si128(_mm_cmpeq_epi8(word, _mm_set1_epi8(a)), _mm_cmpeq_epi8(word, _mm_set1_epi8(b)));

	return (uint32_t)_mm_movemask_epi8(found);
}
#else
static inline uint32_t
marks_in(const char *p, char a, char b)
{
	uint32_t marks = 0;

	for (unsigned i = 0; i < STEP; i++)
		marks |= (uint32_t)(p[i] == a || p[i] == b) << i;
	return marks;
}
#endif

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

/* Many bytes at a time: most of them are neither separator nor terminator. */
static enum hl7_result
index_lines(struct hl7 *m, uint32_t begin, char terminator)
{
	struct segment s = { .begin = begin };
	uint32_t n = (uint32_t)m->bytes.n;
	enum hl7_result r;

	char last[STEP];

	for (uint32_t i = begin; i < n; i += STEP) {
		const char *p = m->bytes.p + i;

		if (n - i < STEP) { /* what is behind the end may be no memory of ours */
			memset(last, 'A', sizeof last); /* no delimiter */
			memcpy(last, p, n - i);
			p = last;
		}
		for (uint32_t marks = marks_in(p, m->delims.field, terminator); marks; marks &= marks - 1) {
			uint32_t at = i + (uint32_t)__builtin_ctz(marks);

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
	uint32_t code;

	if (segment >= m->segments)
		return name[0] == '\0';
	code = name[0] && name[1] && name[2] && !name[3] ? code_of(name, 3) : 0;
	return code ? m->code[segment] == code : span_is_nocase(hl7_name(m, segment), name);
}

/* Whether the delimiters stand in its first fields. */
static bool
has_delims(uint32_t code)
{
	return code == CODE('M', 'S', 'H') || code == CODE('F', 'H', 'S') || code == CODE('B', 'H', 'S');
}

unsigned
hl7_find(const struct hl7 *m, const char name[4], unsigned from, unsigned to)
{
	uint32_t code = CODE(name[0], name[1], name[2]);

	unsigned end = to < m->segments ? to : m->segments;

	while (from < end && m->code[from] != code)
		from++;
	return from < end ? from : to;
}

struct span
hl7_field(const struct hl7 *m, unsigned segment, unsigned field)
{
	const struct segment *s;
	uint32_t begin, end;

	if (segment >= m->segments || field == 0)
		return SPAN_NONE;
	s = &m->segment[segment];
	if (has_delims(m->code[segment])) {
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
