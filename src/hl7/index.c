/* index.c - one pass over a message: where every segment and field begins. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/hl7.h"

struct segment {
	uint32_t begin, end;       /* bytes of the line */
	uint32_t name_end;
	uint32_t field, fields;    /* of `starts`: fields after the name */
};

struct hl7 {
	struct span bytes;
	struct hl7_delims delims;
	struct segment *segment;   /* owned */
	uint32_t segments, segment_cap;
	uint32_t *starts;          /* owned: where each field begins */
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

static const struct hl7_delims standard = { '|', '^', '~', '\\', '&', 0, false };

static bool
usable(char c)
{
	unsigned char u = (unsigned char)c;

	return u > ' ' && u < 0x7f && !(u >= '0' && u <= '9') && !((u | 32) >= 'a' && (u | 32) <= 'z');
}

/* MSH-2 as it is found in the field: four or five characters, fewer with
 * repair, `^~&` for a lost backslash, a doubled backslash for one. */
static bool
read_delims(struct span line, struct hl7_delims *d)
{
	char c[5] = { '^', '~', '\\', '&', 0 };
	char field = line.n > 3 ? line.p[3] : '|';
	struct span rest, msh2 = SPAN_NONE;
	size_t n;

	if (line.n > 4)
		msh2 = span_cut((struct span){ line.p + 4, line.n - 4 }, field, &rest);
	*d = standard;
	n = msh2.n;
	d->repaired = n < 4 || n > 5 || line.n <= 4;
	if (span_is(msh2, "^~&")) {
		n = 0;
	} else if (msh2.n == 5 && msh2.p[2] == msh2.p[3]) {
		memcpy(c, msh2.p, 3);
		c[3] = msh2.p[4];
		d->repaired = true;
		n = 0;
	} else {
		for (size_t i = 0; i < n && i < 5; i++)
			c[i] = msh2.p[i];
	}
	*d = (struct hl7_delims){ field, c[0], c[1], c[2], c[3], n == 5 ? c[4] : 0, d->repaired };
	for (int i = 0; i < 4; i++) {
		if (!usable(c[i]) || c[i] == field)
			return false;
		for (int j = 0; j < i; j++)
			if (c[i] == c[j])
				return false;
	}
	return usable(field) && (d->truncation == 0 || usable(d->truncation));
}

static bool
grow(void **items, uint32_t *cap, uint32_t n, size_t size, uint32_t max)
{
	uint32_t wanted = *cap ? *cap * 2 : 64;
	void *grown;

	if (n < *cap)
		return true;
	if (wanted > max)
		wanted = max;
	grown = realloc(*items, wanted * size);
	if (!grown)
		return false;
	*items = grown;
	*cap = wanted;
	return true;
}

/* Notes the fields of one line. The first character of a name is a letter of a
 * name, never a delimiter: MSH-1 is found behind it. */
static enum hl7_result
index_line(struct hl7 *m, uint32_t begin, uint32_t end)
{
	const char *p = m->bytes.p, *at = p + begin, *stop = p + end;
	struct segment s = { .begin = begin, .end = end, .field = m->fields };

	if (m->segments == HL7_SEGMENTS_MAX)
		return HL7_TOO_MANY;
	if (!grow((void **)&m->segment, &m->segment_cap, m->segments, sizeof *m->segment, HL7_SEGMENTS_MAX))
		return HL7_NO_MEMORY;
	s.name_end = end;
	while (at < stop && (at = memchr(at, m->delims.field, (size_t)(stop - at)))) {
		if (s.fields++ == 0)
			s.name_end = (uint32_t)(at - p);
		if (m->fields == HL7_FIELDS_MAX)
			return HL7_TOO_MANY;
		if (!grow((void **)&m->starts, &m->field_cap, m->fields, sizeof *m->starts, HL7_FIELDS_MAX))
			return HL7_NO_MEMORY;
		at++;
		m->starts[m->fields++] = (uint32_t)(at - p);
	}
	m->segment[m->segments++] = s;
	return HL7_OK;
}

static uint32_t
skip_blanks(struct span b, uint32_t at, uint32_t end)
{
	while (at < end && (b.p[at] == ' ' || b.p[at] == '\t' || b.p[at] == '\n' || b.p[at] == '\0'))
		at++;
	return at;
}

static bool
begins_msh(struct span b, uint32_t at, uint32_t end)
{
	return end - at >= 3 && span_is_nocase((struct span){ b.p + at, 3 }, "MSH");
}

enum hl7_result
hl7_read(struct hl7 *m, struct span bytes)
{
	char terminator = bytes.n && memchr(bytes.p, '\r', bytes.n) ? '\r' : '\n';
	enum hl7_result good = HL7_OK;
	uint32_t at = 0, n;

	m->segments = m->fields = 0;
	m->bytes = bytes;
	m->delims = standard;
	if (bytes.n > UINT32_MAX / 2)
		return HL7_TOO_MANY;
	n = (uint32_t)bytes.n;
	if (n >= 3 && memcmp(bytes.p, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	while (at < n) {
		const char *cr = memchr(bytes.p + at, terminator, n - at);
		uint32_t end = cr ? (uint32_t)(cr - bytes.p) : n;
		uint32_t begin = skip_blanks(bytes, at, end);
		enum hl7_result r;

		at = end + 1;
		if (begin == end)
			continue;
		if (m->segments == 0) {
			if (!begins_msh(bytes, begin, end))
				return HL7_NO_MSH;
			if (!read_delims((struct span){ bytes.p + begin, end - begin }, &m->delims)) {
				good = HL7_BAD_DELIMS;
				m->delims = standard;
				m->delims.repaired = true; /* an answer must not repeat them */
			}
		}
		if ((r = index_line(m, begin, end)) != HL7_OK)
			return r;
	}
	return m->segments == 0 ? HL7_NO_MSH : good;
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
	if (segment == 0) { /* MSH-1 is the separator itself */
		if (field == 1)
			return s->fields ? (struct span){ m->bytes.p + s->name_end, 1 } : SPAN_NONE;
		field--;
	}
	if (field > s->fields)
		return SPAN_NONE;
	begin = m->starts[s->field + field - 1];
	end = field < s->fields ? m->starts[s->field + field] - 1 : s->end;
	return begin < end ? (struct span){ m->bytes.p + begin, end - begin } : SPAN_NONE;
}
