/* test_history.c - what is told of known visits to who rehearses other rules: all of it, in portions, and nobody. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <jansson.h>

#include "control/views.h"
#include "rig.h"

#define PHONE "+16085550123"

struct asked {
	struct history_visit visits[400];
	size_t n, portions, texts;
	int64_t after;
	bool more;
	char *shown; /* the last portion as it goes out; from malloc */
};

static void
keep(void *ctx, const struct command *c)
{
	struct asked *a = ctx;
	json_t *o;

	if (c->kind != COMMAND_HISTORY)
		return;
	holds("answered", c->ok);
	for (size_t i = 0; i < c->history->visits_n; i++)
		a->visits[a->n++] = c->history->visits[i];
	a->texts += c->history->texts_n;
	a->portions++;
	a->after = c->id;
	a->more = c->more;
	o = views_history(c->history, c->id, c->more);
	free(a->shown);
	a->shown = json_dumps(o, 0);
	json_decref(o);
}

static void
ask(struct rig *r, struct asked *a, int64_t since_s, const char *salt, const char *sites)
{
	r->on_reply = keep;
	r->on_reply_ctx = a;
	a->n = a->portions = a->texts = 0;
	a->after = 0;
	do {
		struct fault f = { 0 };
		json_t *list = json_loads(sites, 0, NULL), *o = json_pack("{s:I, s:s, s:o}", "since", (json_int_t)since_s, "salt", salt, "sites", list);
		struct command *c = calloc(1, sizeof *c);

		c->kind = COMMAND_HISTORY;
		c->id = a->after;
		c->history = views_history_asked(o, &f);
		json_decref(o);
		if (!c->history)
			fail_msg("%s", f.text);
		(void)turn(r, NULL, NULL, &c->link);
	} while (a->more);
}

#define SALT "00112233445566778899aabbccddeeff"
#define OTHER_SALT "ff112233445566778899aabbccddeeff"

static void
book(struct rig *r, const char *id, const char *patient, const char *phone, int64_t in_s)
{
	struct message *m = message_of(r, (struct say){ .id = id, .patient = patient, .phone = phone, .in_s = in_s });

	m->bookings[0].departments = SPAN_LIT("ECHO LAB");
	m->bookings[0].visit_types = SPAN_LIT("NEW PATIENT");
	m->bookings[0].zones_said = true;
	m->bookings[0].zones = SPAN_LIT("America/Denver America/Chicago");
	(void)turn(r, &m->link, NULL, NULL);
}

TEST(facts_and_tokens)
{
	struct asked a = { .n = 0 };
	struct rig r;
	uint64_t phone, patient;

	rig_open(&r, 200, 60, "");
	book(&r, "SECRET-ID-1", "PATIENT-1", PHONE, 90000);
	book(&r, "SECRET-ID-2", "PATIENT-1", PHONE, 95000);
	book(&r, "SECRET-ID-3", "PATIENT-2", "+447700900123", 95000);
	book(&r, "SECRET-ID-4", "PATIENT-3", NULL, 100);
	ask(&r, &a, 0, SALT, "[]");
	same_int("all", a.n, 4);
	holds("one number, one token", a.visits[0].phone == a.visits[1].phone && a.visits[0].phone != a.visits[2].phone && a.visits[0].phone);
	holds("one patient, one token", a.visits[0].patient == a.visits[1].patient && a.visits[0].patient != a.visits[2].patient);
	same_text("its country", a.visits[2].country, "GB");
	same_int("and type", a.visits[2].type, PHONE_MOBILE);
	holds("none", !a.visits[3].has_phone && a.visits[3].phone == 0);
	same_text("where the patient may be", a.visits[0].patient_zones, "America/Denver America/Chicago");
	holds("told, too", strstr(a.shown, "America/Denver America/Chicago") != NULL);
	same_int("patterns that were not given", a.visits[0].fits, HISTORY_NOT_KNOWN);
	same_int("texts of all", a.texts, 8);
	holds("no id, number, name of what it is about", !strstr(a.shown, "SECRET") && !strstr(a.shown, "5550123") && !strstr(a.shown, "ECHO") &&
	    !strstr(a.shown, "PATIENT-"));
	phone = a.visits[0].phone;
	patient = a.visits[0].patient;
	ask(&r, &a, 0, OTHER_SALT, "[]");
	holds("another salt, other tokens", a.visits[0].phone != phone && a.visits[0].patient != patient);
	pass(&r, 4000);
	ask(&r, &a, 0, SALT, "[]");
	holds("what is erased", a.visits[3].erased && !a.visits[3].patient && !a.visits[3].patient_zones[0]);
	free(a.shown);
	rig_close(&r);
}

TEST(patterns_are_tried_where_the_words_are)
{
	static const struct {
		const char *rule, *sites;
		enum history_fit fits;
		bool confidential;
	} rows[] = {
		{ "none given: all fit", "[{\"site\":\"cardiology\"}]", HISTORY_FITS, false },
		{ "the department", "[{\"site\":\"cardiology\",\"departments\":[\"^echo\"]}]", HISTORY_FITS, false },
		{ "another", "[{\"site\":\"cardiology\",\"departments\":[\"^derm\"]}]", HISTORY_FITS_NOT, false },
		{ "another type of visit", "[{\"site\":\"cardiology\",\"departments\":[\"^echo\"],\"visit_types\":[\"^follow\"]}]", HISTORY_FITS_NOT, false },
		{ "confidential", "[{\"site\":\"cardiology\",\"confidential_visit_types\":[\"new\"]}]", HISTORY_FITS, true },
		{ "a confidential department", "[{\"site\":\"cardiology\",\"confidential_departments\":[\"^echo\"]}]", HISTORY_FITS, true },
		{ "of another site", "[{\"site\":\"renal\",\"departments\":[\"^derm\"]}]", HISTORY_NOT_KNOWN, false },
		{ "of two sites its own", "[{\"site\":\"renal\",\"departments\":[\"^derm\"]},{\"site\":\"cardiology\"}]", HISTORY_FITS, false },
		{ "wherever it stands", "[{\"site\":\"cardiology\"},{\"site\":\"renal\",\"departments\":[\"^derm\"]}]", HISTORY_FITS, false },
	};
	struct asked a = { .n = 0 };
	struct fault f = { 0 };
	struct rig r;
	json_t *bad = json_pack("{s:s, s:[{s:s, s:[s]}]}", "salt", SALT, "sites", "site", "x", "departments", "(");

	rig_open(&r, 200, 60, "");
	book(&r, "A1", "1001", PHONE, 90000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ask(&r, &a, 0, SALT, rows[i].sites);
		same_int(rows[i].rule, a.visits[0].fits, rows[i].fits);
		same_int(rows[i].rule, a.visits[0].confidential_then, rows[i].confidential);
	}
	holds("a pattern that is none", !views_history_asked(bad, &f) && f.text[0]);
	json_decref(bad);
	free(a.shown);
	rig_close(&r);
}

/* A message may name a department and no type, a type and no department, or neither: what is not named speaks against nothing. */
TEST(what_was_not_said_is_not_known)
{
	static const struct {
		const char *rule;
		struct span departments, visit_types;
		enum history_fit fits;
	} rows[] = {
		{ "only the department", SPAN_LIT("ECHO LAB"), SPAN_NONE, HISTORY_FITS },
		{ "only the type", SPAN_NONE, SPAN_LIT("NEW PATIENT"), HISTORY_FITS_NOT },
		{ "neither", SPAN_NONE, SPAN_NONE, HISTORY_NOT_KNOWN },
	};
	struct asked a = { .n = 0 };
	struct rig r;

	rig_open(&r, 200, 60, "");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message *m = message_of(&r, (struct say){ .id = rows[i].rule, .phone = PHONE, .in_s = 90000 });

		m->bookings[0].departments = rows[i].departments;
		m->bookings[0].visit_types = rows[i].visit_types;
		(void)turn(&r, &m->link, NULL, NULL);
	}
	ask(&r, &a, 0, SALT, "[{\"site\":\"cardiology\",\"departments\":[\"^echo\"],\"visit_types\":[\"^follow\"]}]");
	for (size_t i = 0; i < COUNT(rows); i++)
		same_int(rows[i].rule, a.visits[i].fits, rows[i].fits);
	free(a.shown);
	rig_close(&r);
}

/* Visits of one type have one token; whoever rehearses pairs a cancellation and a booking by it. */
TEST(visits_of_one_type_are_told_apart_from_others)
{
	struct asked a = { .n = 0 };
	struct rig r;

	rig_open(&r, 200, 60, "");
	for (int i = 0; i < 4; i++) {
		struct message *m = message_of(&r, (struct say){ .id = i == 0 ? "A" : i == 1 ? "B" : i == 2 ? "C" : "D", .phone = PHONE, .in_s = 90000 });

		m->bookings[0].visit_type = i == 3 ? SPAN_NONE : i == 2 ? SPAN_LIT("FOLLOW-UP") : SPAN_LIT("NEW PATIENT");
		(void)turn(&r, &m->link, NULL, NULL);
	}
	ask(&r, &a, 0, SALT, "[]");
	holds("one type, one token", a.visits[0].kind && a.visits[0].kind == a.visits[1].kind);
	holds("another, another", a.visits[2].kind && a.visits[2].kind != a.visits[0].kind);
	same_int("none said, none", a.visits[3].kind, 0);
	free(a.shown);
	rig_close(&r);
}

/* Who opted out, or whose number is wrong, is counted as not to be texted; of a site that went nothing is known. */
TEST(who_is_not_texted)
{
	struct asked a = { .n = 0 };
	struct command *c = calloc(1, sizeof *c);
	struct rig r;

	rig_open(&r, 200, 60, "");
	book(&r, "A1", "1", PHONE, 90000);
	book(&r, "A2", "2", "+16085550124", 90000);
	c->kind = COMMAND_OPTOUT_ADD;
	(void)snprintf(c->organization, sizeof c->organization, "lamna");
	(void)snprintf(c->phone, sizeof c->phone, PHONE);
	(void)snprintf(c->who, sizeof c->who, "ann");
	(void)turn(&r, NULL, NULL, &c->link);
	ask(&r, &a, 0, SALT, "[]");
	holds("one of two", a.visits[0].opted_out && !a.visits[1].opted_out);
	rig_change(&r, "site \"cardiology\"", "site \"heart center\"");
	ask(&r, &a, 0, SALT, "[]");
	same_text("a site that went has no name", a.visits[0].site, "");
	holds("nor an opt-out of its organization", a.visits[0].has_phone && !a.visits[0].opted_out);
	free(a.shown);
	rig_close(&r);
}

/* More texts than there is room for at first. */
TEST(visits_of_very_many_texts)
{
	struct asked a = { .n = 0 };
	struct rig r;

	rig_open(&r, 6000, 600, "storm_brake = off");
	for (int i = 0; i < 300; i++)
		book(&r, "A1", "1001", PHONE, 90000 + 600 * i);
	ask(&r, &a, 0, SALT, "[]");
	same_int("one visit", a.n, 1);
	same_int("all of its texts", a.visits[0].texts_n, a.texts);
	holds("a confirmation and a reminder each time", a.texts >= 550);
	free(a.shown);
	rig_close(&r);
}

TEST(in_portions_and_since)
{
	struct asked a = { .n = 0 };
	struct rig r;

	rig_open(&r, 200, 60, "storm_brake = off");
	for (int i = 0; i < 150; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "O%d", i);
		book(&r, id, "1001", PHONE, 3600);
	}
	pass(&r, 100);
	for (int i = 0; i < 250; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "N%d", i);
		book(&r, id, "1001", PHONE, 90000);
	}
	ask(&r, &a, 0, SALT, "[]");
	same_int("all", a.n, 400);
	same_int("in two portions, and the end", a.portions, 2);
	int64_t last = 0;

	for (size_t i = 0; i < a.n; i++) {
		holds("each once, in order", a.visits[i].id > last);
		last = a.visits[i].id;
	}
	ask(&r, &a, now_s(&r.now) - 50, SALT, "[]");
	same_int("those that begin since count too", a.n, 400);
	ask(&r, &a, now_s(&r.now) + 10000, SALT, "[]");
	same_int("only those that begin then", a.n, 250);
	ask(&r, &a, now_s(&r.now) + 1000000, SALT, "[]");
	same_int("none", a.n, 0);
	free(a.shown);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(facts_and_tokens),
		RUN(patterns_are_tried_where_the_words_are),
		RUN(what_was_not_said_is_not_known),
		RUN(visits_of_one_type_are_told_apart_from_others),
		RUN(who_is_not_texted),
		RUN(visits_of_very_many_texts),
		RUN(in_portions_and_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
