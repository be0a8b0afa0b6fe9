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
		{ "of another site", "[{\"site\":\"renal\",\"departments\":[\"^derm\"]}]", HISTORY_NOT_KNOWN, false },
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
		RUN(in_portions_and_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
