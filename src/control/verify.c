/* verify.c - the last message of a site against what the site expects, field by field. */
// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "control/request.h"

static const char *const fates[] = { [HEARD_NOTHING] = "nothing", [HEARD_TAKEN] = "taken", [HEARD_IGNORED] = "ignored",
	[HEARD_QUARANTINED] = "in quarantine", [HEARD_REFUSED] = "refused" };

json_t *
views_heard(const struct heard *h)
{
	char at[CLOCK_TEXT_MAX];

	if (h->at_ms == 0)
		return json_null();
	clock_rfc3339(h->at_ms / 1000, at);
	return json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s}", "at", at, "environment", h->environment, "site",
	    h->site[0] ? h->site : NULL, "fate", fates[h->fate], "reason", h->reason[0] ? h->reason : NULL, "header", h->msh);
}

/* MSH-n of the header, MSH-1 being the separator itself; its first component. */
static struct span
header_field(const char *msh, unsigned field)
{
	struct span rest = span_of(msh), value = SPAN_NONE;
	char separator = rest.n > 4 ? msh[3] : '|', component = rest.n > 4 ? msh[4] : '^';

	for (unsigned i = 0; i < field; i++)
		value = span_cut(rest, separator, &rest);
	return span_trim(span_cut(value, component, &rest));
}

struct checking {
	json_t *fields;
	const struct heard *h;
	bool ok;
};

static void
row(struct checking *c, const char *field, const char *expected, struct span found, bool ok, const char *advice)
{
	(void)json_array_append_new(c->fields, json_pack("{s:s, s:s, s:s%, s:b, s:s?}", "field", field, "expected", expected, "found",
	                                           found.n ? found.p : "", found.n, "ok", ok, "advice", ok ? NULL : advice));
	c->ok = c->ok && ok;
}

static void
check_text(struct checking *c, unsigned field, const char *expected, const char *advice)
{
	struct span found = header_field(c->h->msh, field);
	char name[16];

	(void)snprintf(name, sizeof name, "MSH-%u", field);
	row(c, name, expected[0] ? expected : "any", found, !expected[0] || span_eq_nocase(found, span_trim(span_of(expected))), advice);
}

static void
check_type(struct checking *c)
{
	struct span rest = span_of(c->h->msh), value = SPAN_NONE, event, type;
	char component = rest.n > 4 ? c->h->msh[4] : '^', separator = rest.n > 4 ? c->h->msh[3] : '|';
	const char *const *t = siu_triggers();
	bool known = false;

	for (unsigned i = 0; i < 9; i++)
		value = span_cut(rest, separator, &rest);
	type = span_cut(value, component, &event);
	event = span_cut(event, component, &rest);
	for (; *t; t++)
		known = known || span_is_nocase(span_trim(event), *t);
	row(c, "MSH-9.1", "SIU", span_trim(type), span_is_nocase(span_trim(type), "SIU"), "send scheduling messages only");
	row(c, "MSH-9.2", "S12 to S22, S26, S27", span_trim(event), known, "this trigger is of no use here");
}

static void
check_header(struct checking *c, const struct conf_site *s)
{
	struct span id = header_field(c->h->msh, 11), version = header_field(c->h->msh, 12);

	check_text(c, 3, s->sending_application, "type it in at the sender as sending_application says, or change the setting");
	check_text(c, 4, s->sending_facility, "type it in at the sender as sending_facility says, or change the setting");
	check_text(c, 5, "", NULL);
	check_text(c, 6, "", NULL);
	check_type(c);
	row(c, "MSH-10", "a value", header_field(c->h->msh, 10), header_field(c->h->msh, 10).n > 0, "every message needs an id");
	row(c, "MSH-11", s->environment->production ? "P" : "T, D or P", id,
	    id.n == 0 || span_is_nocase(id, "P") || !s->environment->production,
	    "this is a production environment: the message comes from a test system");
	row(c, "MSH-12", "2.x", version, version.n == 0 || (version.p[0] == '2' && (version.n == 1 || version.p[1] == '.')),
	    "only HL7 version 2 is read");
}

static void
check_fact(struct checking *c, const struct siu_map *map, const struct conf_site *s, const char *meaning, unsigned fact, bool wanted,
    const char *advice)
{
	struct buf paths;
	bool there = c->h->facts & fact;

	buf_init(&paths, 4096);
	siu_paths_text(map, s, meaning, &paths);
	if (wanted)
		row(c, meaning, paths.n > 0 ? buf_text(&paths) : "not used", span_of(there ? "there" : "not there"), there, advice);
	buf_clear(&paths);
}

/* Only of a message that was taken are its fields known. */
static void
check_content(struct checking *c, const struct conf_site *s, const struct siu_map *map)
{
	bool unfit = c->h->facts & HEARD_PHONE_UNFIT;

	row(c, "outcome", "taken", span_of(fates[c->h->fate]), c->h->fate == HEARD_TAKEN,
	    c->h->reason[0] ? c->h->reason : "see nudgectl quarantine list, and the log");
	if (c->h->fate != HEARD_TAKEN)
		return;
	check_fact(c, map, s, "appointment_id", HEARD_ID, true, "without it nothing can be changed or canceled");
	check_fact(c, map, s, "start", HEARD_START, true, "without a start there is nothing to remind of");
	check_fact(c, map, s, "patient", HEARD_PATIENT, true, "send the medical record number");
	check_fact(c, map, s, "phone", HEARD_PHONE, true,
	    unfit ? "numbers were there, and none can be texted" : "send the patient's mobile number");
	check_fact(c, map, s, "department", HEARD_DEPARTMENT, s->departments.n + s->confidential_departments.n > 0,
	    "the site's patterns need it");
	check_fact(c, map, s, "visit_type", HEARD_VISIT_TYPE, s->visit_types.n + s->confidential_visit_types.n > 0,
	    "the site's patterns need it");
	check_fact(c, map, s, "consent", HEARD_CONSENT, s->patient_consent == CONSENT_REQUIRED, "patient_consent = required needs it");
	if (s->link[0])
		row(c, "link", s->link, span_of(c->h->facts & HEARD_LINK ? "there" : "not there"), c->h->facts & HEARD_LINK,
		    "the text will have no link");
}

static bool
is_scheduling(const struct heard *h)
{
	return span_is_nocase(header_field(h->msh, 9), "SIU");
}

static void
answer_verify(struct request *q, struct command *done)
{
	const struct control_setup *setup = request_setup(q);
	const struct conf_site *s = conf_find_site(q->rules->conf, done->site);
	bool own = done->heard.at_ms > 0, newer = done->heard_any.at_ms > done->heard.at_ms && done->heard_any.site[0] == '\0' && is_scheduling(&done->heard_any);
	struct checking c = { json_array(), own ? &done->heard : &done->heard_any, true };

	if (!s) {
		json_decref(c.fields);
		request_error(q, "no such site in the configuration any more");
		return;
	}
	if (c.h->at_ms > 0) {
		check_header(&c, s);
		check_content(&c, s, setup->map(setup->ctx));
	}
	request_result(q, json_pack("{s:s, s:b, s:b, s:o, s:o, s:o}", "site", s->title, "ok", c.ok && own, "of_this_site", own, "message",
	                      views_heard(c.h), "fields", c.fields, "newer_for_no_site",
	                      own && newer ? views_heard(&done->heard_any) : json_null()));
}

void
do_verify(struct request *q)
{
	const struct conf_site *s = conf_find_site(q->rules->conf, request_text(q, "site"));
	struct command *c;

	if (!s) {
		request_error(q, "no such site in the configuration");
		return;
	}
	if (!(c = request_command(q, COMMAND_HEARD)))
		return;
	(void)snprintf(c->environment, sizeof c->environment, "%s", s->environment->title);
	request_give_then(q, c, answer_verify);
}
