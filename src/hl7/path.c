/* path.c - a place in a message, written as people write it, and the value that stands there. */
// SPDX-License-Identifier: Apache-2.0
#include "hl7/delims.h"

#include <stdio.h>
#include <string.h>

static bool
read_number(const char **at, short min, short max, short *out)
{
	long v = 0;
	const char *p = *at;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > max)
			return false;
	}
	if (v < min)
		return false;
	*at = p;
	*out = (short)v;
	return true;
}

/* "(2)", "(*)", or nothing, which is the first. */
static bool
read_repetition(const char **at, short *out)
{
	*out = 0;
	if (**at != '(')
		return true;
	(*at)++;
	if (**at == '*') {
		*out = -1;
		(*at)++;
	} else if (!read_number(at, 0, 9999, out)) {
		return false;
	}
	if (**at != ')')
		return false;
	(*at)++;
	return true;
}

static bool
read_name(const char **at, char out[4])
{
	for (int i = 0; i < 3; i++) {
		char c = (*at)[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 32);
		if (!((c >= 'A' && c <= 'Z') || (i > 0 && c >= '0' && c <= '9')))
			return false;
		out[i] = c;
	}
	out[3] = '\0';
	*at += 3;
	return true;
}

bool
hl7_path_read(const char *text, struct hl7_path *out, struct fault *f)
{
	struct hl7_path p = { .segment = "" };
	const char *at = text + (text[0] == '/');
	const char *wrong;

	if (!read_name(&at, p.segment))
		wrong = "a segment name of three letters or digits";
	else if (!read_repetition(&at, &p.segment_rep))
		wrong = "(NUMBER) or (*) after the segment";
	else if (*at != '-')
		wrong = "'-' and a field number";
	else if (at++, !read_number(&at, 1, 255, &p.field))
		wrong = "a field number from 1 to 255";
	else if (!read_repetition(&at, &p.field_rep))
		wrong = "(NUMBER) or (*) after the field";
	else if (*at == '.' && (at++, !read_number(&at, 1, 999, &p.component)))
		wrong = "a component number from 1 to 999";
	else if (*at == '.' && (at++, !read_number(&at, 1, 999, &p.subcomponent)))
		wrong = "a subcomponent number from 1 to 999";
	else if (*at != '\0')
		wrong = "the end of the path";
	else {
		*out = p;
		return true;
	}
	return fault_set(f, FAULT_OPERATOR,
	    "path \"%.100s\": at character %d there should be %s, as in SCH-11.4", text,
	    (int)(at - text) + 1, wrong);
}

static void
add_repetition(char *out, size_t cap, int repetition)
{
	size_t n = strlen(out);

	if (repetition < 0)
		(void)snprintf(out + n, cap - n, "(*)");
	else if (repetition > 0)
		(void)snprintf(out + n, cap - n, "(%d)", repetition);
}

void
hl7_path_text(const struct hl7_path *p, char out[HL7_PATH_TEXT_MAX])
{
	size_t n;

	(void)snprintf(out, HL7_PATH_TEXT_MAX, "%s", p->segment);
	add_repetition(out, HL7_PATH_TEXT_MAX, p->segment_rep);
	n = strlen(out);
	(void)snprintf(out + n, HL7_PATH_TEXT_MAX - n, "-%d", p->field);
	add_repetition(out, HL7_PATH_TEXT_MAX, p->field_rep);
	n = strlen(out);
	if (p->subcomponent > 0)
		(void)snprintf(out + n, HL7_PATH_TEXT_MAX - n, ".%d.%d", p->component, p->subcomponent);
	else if (p->component > 0)
		(void)snprintf(out + n, HL7_PATH_TEXT_MAX - n, ".%d", p->component);
}

struct hl7_scope
hl7_whole(const struct hl7 *m)
{
	return (struct hl7_scope){ 0, hl7_segments(m) };
}

/* MSH-1 and MSH-2 are the delimiters themselves: there is nothing to take apart. */
static bool
is_delimiters(const struct hl7_path *path)
{
	return path->field <= 2 && delims_are_in(span_of(path->segment));
}

/* The next repetition that the path wants of the field the cursor is in. */
static bool
next_repetition(const struct hl7_delims *d, const struct hl7_path *path, struct hl7_cursor *c,
    struct span *value)
{
	bool whole = is_delimiters(path);

	while (c->rest.p) {
		struct span v = whole ? c->rest : span_cut(c->rest, d->repetition, &c->rest);
		unsigned r = c->repetition++;

		if (whole || (path->field_rep >= 0 && r >= (unsigned)path->field_rep))
			c->rest = SPAN_NONE;
		if (path->field_rep >= 0 && r != (unsigned)path->field_rep)
			continue;
		if (!whole)
			v = hl7_part(d, v, (unsigned)path->component, (unsigned)path->subcomponent);
		else if (path->component > 1 || path->subcomponent > 1)
			v = SPAN_NONE;
		if (v.n > 0) {
			*value = v;
			return true;
		}
	}
	return false;
}

bool
hl7_next(const struct hl7 *m, struct hl7_scope in, const struct hl7_path *path, struct hl7_cursor *cursor,
    struct span *value, unsigned *segment)
{
	for (; in.from + cursor->segment < in.to; cursor->segment++, cursor->inside = false) {
		unsigned s = in.from + cursor->segment;

		if (!cursor->inside) {
			s = hl7_find(m, path->segment, s, in.to);
			cursor->segment = s - in.from;
			if (s == in.to)
				return false;
			cursor->inside = true;
			cursor->repetition = 0;
			cursor->rest = SPAN_NONE;
			if (path->segment_rep < 0 || cursor->seen == (unsigned)path->segment_rep)
				cursor->rest = hl7_field(m, s, (unsigned)path->field);
			cursor->seen++;
		}
		if (next_repetition(hl7_delims(m), path, cursor, value)) {
			*segment = s;
			return true;
		}
	}
	return false;
}

struct span
hl7_get(const struct hl7 *m, struct hl7_scope in, const struct hl7_path *path)
{
	struct hl7_cursor c = { 0 };
	struct span v;
	unsigned segment;

	return hl7_next(m, in, path, &c, &v, &segment) ? v : SPAN_NONE;
}
