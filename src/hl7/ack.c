/* ack.c - the answer, in the form of the request's version; none of our texts comes from the message. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/ack.h"

#include <assert.h>
#include <string.h>

#include "nudge/clock.h"

#define VT "\x0b"
#define FS_CR "\x1c\r"
#define TEXT_MAX 80

/* "2.5.1" is 20501; one that cannot be read counts as 2.4. */
static int
version_number(const char *text)
{
	int part[3] = { 0, 0, 0 }, n = 0;

	for (; n < 3 && *text >= '0' && *text <= '9'; n++) {
		for (; *text >= '0' && *text <= '9' && part[n] < 100; text++)
			part[n] = part[n] * 10 + (*text - '0');
		if (*text == '.')
			text++;
	}
	if (n < 2 || part[0] > 9 || part[1] > 99 || part[2] > 99)
		return 20400;
	return part[0] * 10000 + part[1] * 100 + part[2];
}

static const char *
condition_text(int condition)
{
	static const struct {
		int condition;
		const char *text;
	} table[] = {
		{ 100, "Segment sequence error" },
		{ 101, "Required field missing" },
		{ 102, "Data type error" },
		{ 103, "Table value not found" },
		{ 200, "Unsupported message type" },
		{ 201, "Unsupported event code" },
		{ 202, "Unsupported processing id" },
		{ 203, "Unsupported version id" },
		{ 204, "Unknown key identifier" },
		{ 205, "Duplicate key identifier" },
		{ 206, "Application record locked" },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].condition == condition)
			return table[i].text;
	return "Application internal error";
}

/* The letter of the escape sequence for a delimiter, 0 for any other character. */
static char
escape_letter(const struct hl7_delims *d, char c)
{
	if (c == d->field)
		return 'F';
	if (c == d->component)
		return 'S';
	if (c == d->subcomponent)
		return 'T';
	if (c == d->repetition)
		return 'R';
	if (c == d->escape)
		return 'E';
	return '\0';
}

/* A text of ours, which may name what an administrator has named: at most 80
 * characters, delimiters escaped, nothing but printable ASCII. */
static void
add_text(const struct hl7_delims *d, const char *text, struct buf *out)
{
	for (size_t n = 0; *text; text++) {
		char letter = escape_letter(d, *text);
		size_t needs = letter ? 3 : 1;

		if (n + needs > TEXT_MAX)
			return;
		n += needs;
		if (letter)
			(void)buf_addf(out, "%c%c%c", d->escape, letter, d->escape);
		else
			(void)buf_add_char(out, *text >= ' ' && *text < 0x7f ? *text : '?');
	}
}

/* Our time in UTC. Delimiters may be any sign: one of them inside would cut it. */
static void
time_text(const struct hl7_delims *d, int64_t wall_s, char out[CLOCK_TEXT_MAX])
{
	const char *zone = !escape_letter(d, '+') ? "+0000" : !escape_letter(d, '-') ? "-0000" : "";
	char at[CLOCK_TEXT_MAX];
	size_t n = 0;

	clock_rfc3339(wall_s, at);
	for (const char *c = at; *c; c++)
		if (*c >= '0' && *c <= '9')
			out[n++] = *c;
	memcpy(out + n, zone, strlen(zone) + 1);
}

/* MSH-12: the request's, and where it has none the form that the answer is in. */
static const char *
version_of(const struct ack_request *r)
{
	if (r->version[0])
		return r->version;
	return escape_letter(&r->delims, '.') ? "" : "2.4";
}

static void
add_field(const struct ack_request *r, const char *text, struct buf *out)
{
	(void)buf_add_char(out, r->delims.field);
	(void)buf_add_text(out, text);
}

/* Puts a part behind its separator. Gives where the next one goes. */
static char *
put(char *at, char separator, const char *text)
{
	size_t n = strlen(text);

	*at = separator;
	memcpy(at + 1, text, n);
	return at + 1 + n;
}

/* In one piece, for it is written again and again: what it is made of are the texts of the request, and little of ours. */
static void
add_msh(const struct ack_request *r, int version, const char *control_id, int64_t wall_s, struct buf *out)
{
	char line[sizeof *r + ACK_CONTROL_ID_MAX + 2 * CLOCK_TEXT_MAX], time[CLOCK_TEXT_MAX], *at = line;
	char f = r->delims.field, c = r->delims.component;

	assert(strlen(control_id) <= ACK_CONTROL_ID_MAX);
	time_text(&r->delims, wall_s, time);
	memcpy(at, "MSH", 3);
	at = put(at + 3, f, r->encoding);
	at = put(at, f, r->msh5);
	at = put(at, f, r->msh6);
	at = put(at, f, r->msh3);
	at = put(at, f, r->msh4);
	at = put(at, f, time);
	at = put(at, f, "");
	at = put(at, f, "ACK");
	if (r->event[0] && version >= 20300)
		at = put(at, c, r->event);
	if (r->event[0] && version >= 20400)
		at = put(at, c, "ACK");
	at = put(at, f, control_id);
	at = put(at, f, r->msh11[0] ? r->msh11 : "P");
	at = put(at, f, version_of(r));
	*at++ = '\r';
	(void)buf_add(out, line, (size_t)(at - line));
}

/* 2.3 to 2.4. ERR-1: segment ^ sequence ^ field ^ code & text & table. */
static void
add_err_with_code(const struct ack_request *r, const struct ack_error *e, struct buf *out)
{
	char c = r->delims.component, s = r->delims.subcomponent;

	(void)buf_addf(out, "ERR%c%s%c", r->delims.field, e->segment, c);
	if (e->segment[0])
		(void)buf_addf(out, "%d", e->sequence ? e->sequence : 1);
	(void)buf_add_char(out, c);
	if (e->segment[0] && e->field)
		(void)buf_addf(out, "%d", e->field);
	(void)buf_addf(out, "%c%d%c%s%cHL70357\r", c, e->condition, s, condition_text(e->condition), s);
}

/* From 2.5. ERR-2: segment ^ sequence ^ field ^ repetition ^ component, as far
 * as it is known; ERR-3 the code, ERR-4 the severity, ERR-8 our text. */
static void
add_err_with_place(const struct ack_request *r, const struct ack_error *e, struct buf *out)
{
	char c = r->delims.component, f = r->delims.field;

	(void)buf_addf(out, "ERR%c%c%s", f, f, e->segment);
	if (e->segment[0])
		(void)buf_addf(out, "%c%d", c, e->sequence ? e->sequence : 1);
	if (e->segment[0] && e->field) {
		(void)buf_addf(out, "%c%d", c, e->field);
		if (e->repetition || e->component)
			(void)buf_addf(out, "%c%d", c, e->repetition ? e->repetition : 1);
		if (e->component)
			(void)buf_addf(out, "%c%d", c, e->component);
	}
	(void)buf_addf(out, "%c%d%c%s%cHL70357%cE", f, e->condition, c, condition_text(e->condition), c, f);
	if (e->text && e->text[0]) {
		(void)buf_addf(out, "%c%c%c%c", f, f, f, f);
		add_text(&r->delims, e->text, out);
	}
	(void)buf_add_char(out, '\r');
}

static bool
says_no(enum ack_code code)
{
	return code == ACK_AE || code == ACK_AR || code == ACK_CE || code == ACK_CR;
}

bool
ack_write(const struct ack_request *r, enum ack_code code, const struct ack_error *e, const char *control_id,
    int64_t wall_s, struct buf *out)
{
	int version = version_number(r->version);
	bool has_error = e && says_no(code);

	assert(code != ACK_NONE && control_id[0] && strlen(control_id) <= 20);
	(void)buf_add_text(out, VT);
	add_msh(r, version, control_id, wall_s, out);
	(void)buf_add_text(out, "MSA");
	add_field(r, ack_name(code), out);
	add_field(r, r->msh10, out);
	if (has_error && e->text && e->text[0] && version < 20700) {
		(void)buf_add_char(out, r->delims.field);
		add_text(&r->delims, e->text, out);
	}
	(void)buf_add_char(out, '\r');
	if (has_error && e->condition && version >= 20500)
		add_err_with_place(r, e, out);
	else if (has_error && e->condition && version >= 20300)
		add_err_with_code(r, e, out);
	(void)buf_add(out, FS_CR, 2);
	return !out->spoilt;
}
