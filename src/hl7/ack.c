/* ack.c - the answer, in the form of the request's version; none of our texts comes from the message. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/ack.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "nudge/clock.h"

#define VT "\x0b"
#define FS_CR "\x1c\r"

static void
keep(char *out, size_t cap, struct span v)
{
	if (v.n >= cap)
		v = SPAN_NONE;
	span_copy(out, cap, v);
}

/* MSH-9.2, or MSH-9.3's tail in messages that have only that. */
static void
keep_event(const struct hl7 *m, char out[16])
{
	struct span event = span_trim(hl7_part(hl7_delims(m), hl7_field(m, 0, 9), 2, 1));

	out[0] = '\0';
	if (event.n != 3)
		return;
	for (size_t i = 0; i < 3; i++)
		if (!((event.p[i] >= 'A' && event.p[i] <= 'Z') || (event.p[i] >= '0' && event.p[i] <= '9')))
			return;
	span_copy(out, 16, event);
}

bool
ack_request_of(const struct hl7 *m, struct ack_request *out)
{
	struct span encoding = hl7_field(m, 0, 2), id = hl7_field(m, 0, 10);
	struct hl7_delims d = *hl7_delims(m);

	memset(out, 0, sizeof *out);
	out->delims = d;
	if (d.repaired || encoding.n < 4 || encoding.n > 5)
		(void)snprintf(out->encoding, sizeof out->encoding, "%c%c%c%c", d.component, d.repetition, d.escape,
		    d.subcomponent);
	else
		keep(out->encoding, sizeof out->encoding, encoding);
	keep(out->msh3, sizeof out->msh3, hl7_field(m, 0, 3));
	keep(out->msh4, sizeof out->msh4, hl7_field(m, 0, 4));
	keep(out->msh5, sizeof out->msh5, hl7_field(m, 0, 5));
	keep(out->msh6, sizeof out->msh6, hl7_field(m, 0, 6));
	keep_event(m, out->event);
	keep(out->msh11, sizeof out->msh11, hl7_field(m, 0, 11));
	keep(out->version, sizeof out->version, span_trim(hl7_part(&d, hl7_field(m, 0, 12), 1, 1)));
	keep(out->msh15, sizeof out->msh15, span_trim(hl7_field(m, 0, 15)));
	keep(out->msh16, sizeof out->msh16, span_trim(hl7_field(m, 0, 16)));
	if (id.n >= sizeof out->msh10)
		return false;
	span_copy(out->msh10, sizeof out->msh10, id);
	return true;
}

/* One row of the policy table for ack_mode = auto, by MSH-15 and MSH-16. */
enum ack_code
ack_choose(enum ack_mode mode, const struct ack_request *r, enum ack_verdict v)
{
	static const enum ack_code original[] = { ACK_AA, ACK_AE, ACK_AR }, enhanced[] = { ACK_CA, ACK_CE, ACK_CR };

	if (mode == ACK_ALWAYS_AA)
		return original[v];
	if (strcmp(r->msh15, "AL") == 0)
		return enhanced[v];
	if (strcmp(r->msh15, "NE") == 0)
		return strcmp(r->msh16, "AL") == 0 ? original[v] : ACK_NONE;
	if (strcmp(r->msh15, "ER") == 0)
		return v == VERDICT_ACCEPT ? ACK_NONE : enhanced[v];
	if (strcmp(r->msh15, "SU") == 0)
		return v == VERDICT_ACCEPT ? ACK_CA : ACK_NONE;
	return original[v];
}

const char *
ack_name(enum ack_code c)
{
	static const char *const name[] = { "", "AA", "AE", "AR", "CA", "CE", "CR" };

	return name[c];
}

/* "2.5.1" as 20501; what cannot be read counts as 2.4. */
static int
version_number(const char *text)
{
	int major = 0, minor = 0, patch = 0;

	if (sscanf(text, "%1d.%2d.%2d", &major, &minor, &patch) < 2)
		return 20400;
	return major * 10000 + minor * 100 + patch;
}

static const char *
condition_text(int condition)
{
	static const struct {
		int condition;
		const char *text;
	} table[] = { { 100, "Segment sequence error" }, { 101, "Required field missing" }, { 102, "Data type error" },
		{ 103, "Table value not found" }, { 200, "Unsupported message type" }, { 201, "Unsupported event code" },
		{ 202, "Unsupported processing id" }, { 203, "Unsupported version id" }, { 204, "Unknown key identifier" },
		{ 205, "Duplicate key identifier" }, { 206, "Application record locked" },
		{ 207, "Application internal error" } };

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].condition == condition)
			return table[i].text;
	return "Application internal error";
}

static void
write_msh(const struct ack_request *r, int version, const char *control_id, int64_t wall_s, struct buf *out)
{
	char at[CLOCK_TEXT_MAX], c = r->delims.component, f = r->delims.field;

	clock_rfc3339(wall_s, at);
	(void)buf_addf(out, "MSH%c%s%c%s%c%s%c%s%c%s%c", f, r->encoding, f, r->msh5, f, r->msh6, f, r->msh3, f, r->msh4, f);
	(void)buf_addf(out, "%.4s%.2s%.2s%.2s%.2s%.2s+0000%c%cACK", at, at + 5, at + 8, at + 11, at + 14, at + 17, f, f);
	if (r->event[0] && version >= 20300)
		(void)buf_addf(out, "%c%s", c, r->event);
	if (r->event[0] && version >= 20400)
		(void)buf_addf(out, "%cACK", c);
	(void)buf_addf(out, "%c%s%c%s%c%s\r", f, control_id, f, r->msh11[0] ? r->msh11 : "P", f,
	    r->version[0] ? r->version : "2.4");
}

/* ERR-1 (ELD) up to 2.4; ERR-2 (ERL), ERR-3 and ERR-4 from 2.5. */
static void
write_err(const struct ack_request *r, int version, const struct ack_error *e, struct buf *out)
{
	char c = r->delims.component, s = r->delims.subcomponent, f = r->delims.field;

	if (version < 20500) {
		(void)buf_addf(out, "ERR%c%s%c", f, e->segment, c);
		if (e->segment[0])
			(void)buf_addf(out, "%d%c%d", e->sequence ? e->sequence : 1, c, e->field);
		else
			(void)buf_add_char(out, c);
		(void)buf_addf(out, "%c%d%c%s%cHL70357\r", c, e->condition, s, condition_text(e->condition), s);
		return;
	}
	(void)buf_addf(out, "ERR%c%c%s", f, f, e->segment);
	if (e->segment[0])
		(void)buf_addf(out, "%c%d%c%d", c, e->sequence ? e->sequence : 1, c, e->field);
	if (e->segment[0] && (e->repetition || e->component))
		(void)buf_addf(out, "%c%d", c, e->repetition ? e->repetition : 1);
	if (e->segment[0] && e->component)
		(void)buf_addf(out, "%c%d", c, e->component);
	(void)buf_addf(out, "%c%d%c%s%cHL70357%cE%c%c%c%c%s\r", f, e->condition, c, condition_text(e->condition), c, f, f, f, f,
	    f, e->text ? e->text : "");
}

bool
ack_write(const struct ack_request *r, enum ack_code code, const struct ack_error *e, const char *control_id,
    int64_t wall_s, struct buf *out)
{
	int version = version_number(r->version);
	bool failed = code == ACK_AE || code == ACK_AR || code == ACK_CE || code == ACK_CR;

	assert(code != ACK_NONE && control_id[0] && strlen(control_id) <= 20);
	(void)buf_add_text(out, VT);
	write_msh(r, version, control_id, wall_s, out);
	(void)buf_addf(out, "MSA%c%s%c%s", r->delims.field, ack_name(code), r->delims.field, r->msh10);
	if (failed && e && e->text && version < 20700)
		(void)buf_addf(out, "%c%.80s", r->delims.field, e->text);
	(void)buf_add_char(out, '\r');
	if (failed && e && e->condition)
		write_err(r, version, e, out);
	(void)buf_add(out, FS_CR, 2);
	return !out->spoilt;
}
