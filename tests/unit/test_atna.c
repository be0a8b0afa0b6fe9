/* test_atna.c - records as IHE ATNA events: the syslog message around, the schema inside, and what is left out. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/atna.h"

static const struct atna_record plain = { .seq = 4711, .t = "2026-11-20T20:01:02.123Z", .node = "h1", .who_type = "system", .who = "nudged 0.1.0",
	.what = "daemon.start", .kind = "", .id = "", .hash = "", .why = "", .ok = true };

/* ---- the schema: DICOM PS3.15 A.5.1, what of it we write ---- */

struct rule {
	const char *element, *parent, *needs; /* names of attributes */
	const char *may, *inside;             /* children in their order */
};

static const struct rule schema[] = {
	{ "AuditMessage", "", "", "", "EventIdentification ActiveParticipant AuditSourceIdentification ParticipantObjectIdentification" },
	{ "EventIdentification", "AuditMessage", "EventActionCode EventDateTime EventOutcomeIndicator", "", "EventID EventTypeCode EventOutcomeDescription" },
	{ "EventID", "EventIdentification", "csd-code codeSystemName originalText", "", "" },
	{ "EventTypeCode", "EventIdentification", "csd-code codeSystemName originalText", "", "" },
	{ "EventOutcomeDescription", "EventIdentification", "", "", "" },
	{ "ActiveParticipant", "AuditMessage", "UserID UserIsRequestor", "AlternativeUserID NetworkAccessPointID NetworkAccessPointTypeCode", "RoleIDCode MediaIdentifier" },
	{ "RoleIDCode", "ActiveParticipant", "csd-code codeSystemName originalText", "", "" },
	{ "MediaIdentifier", "ActiveParticipant", "", "", "MediaType" },
	{ "MediaType", "MediaIdentifier", "csd-code codeSystemName originalText", "", "" },
	{ "AuditSourceIdentification", "AuditMessage", "AuditSourceID", "", "AuditSourceTypeCode" },
	{ "AuditSourceTypeCode", "AuditSourceIdentification", "csd-code", "", "" },
	{ "ParticipantObjectIdentification", "AuditMessage", "ParticipantObjectID ParticipantObjectTypeCode ParticipantObjectTypeCodeRole", "ParticipantObjectDataLifeCycle",
	    "ParticipantObjectIDTypeCode ParticipantObjectName ParticipantObjectDetail" },
	{ "ParticipantObjectIDTypeCode", "ParticipantObjectIdentification", "csd-code codeSystemName originalText", "", "" },
	{ "ParticipantObjectName", "ParticipantObjectIdentification", "", "", "" },
	{ "ParticipantObjectDetail", "ParticipantObjectIdentification", "type value", "", "" },
};

struct walk {
	const struct rule *path[8];
	size_t depth, at[8]; /* at: where in `inside` of the level the last child stood */
	bool good;
	char flat[32768];    /* "Element@name=value;" of everything */
};

static size_t
place_in(const char *list, const char *name)
{
	const char *at = strstr(list, name);
	size_t n = strlen(name);

	while (at && ((at > list && at[-1] != ' ') || (at[n] && at[n] != ' ')))
		at = strstr(at + 1, name);
	return at ? (size_t)(at - list) + 1 : 0;
}

static void
on_start(void *ctx, const char *name, const char **attrs)
{
	struct walk *w = ctx;
	const struct rule *r = NULL, *up = w->depth > 0 ? w->path[w->depth - 1] : NULL;
	size_t needed = 0, n = strlen(w->flat), at;

	for (size_t i = 0; i < COUNT(schema); i++)
		if (strcmp(schema[i].element, name) == 0)
			r = &schema[i];
	w->good = w->good && r && strcmp(r->parent, up ? up->element : "") == 0 && w->depth < 8;
	if (!w->good)
		return;
	if (up) {
		at = place_in(up->inside, name);
		w->good = at > 0 && at >= w->at[w->depth - 1];
		w->at[w->depth - 1] = at;
	}
	for (size_t i = 0; attrs[i]; i += 2) {
		w->good = w->good && (place_in(r->needs, attrs[i]) > 0 || place_in(r->may, attrs[i]) > 0);
		needed += place_in(r->needs, attrs[i]) > 0;
		n += (size_t)snprintf(w->flat + n, sizeof w->flat - n, "%s@%s=%s;", name, attrs[i], attrs[i + 1]);
	}
	for (const char *p = r->needs; *p; p += strcspn(p, " "), p += *p == ' ')
		needed--;
	w->good = w->good && needed == 0;
	w->path[w->depth] = r;
	w->at[w->depth++] = 0;
}

static void
on_end(void *ctx, const char *name)
{
	struct walk *w = ctx;

	(void)name;
	if (w->depth > 0)
		w->depth--;
}

static struct walk walked;

/* The message of a record, taken apart; the header's parts are looked at, the XML by the schema. */
static const char *
flat(const struct atna_record *r)
{
	static struct buf out;
	XML_Parser p = XML_ParserCreate(NULL);
	const char *xml, *at;
	bool told = false;
	int spaces = 0;

	buf_clear(&out);
	buf_init(&out, ATNA_MAX);
	holds("it fits", atna_message(r, 99, &out, &told) && told && out.n <= ATNA_MAX);
	xml = strstr(buf_text(&out), "<?xml");
	holds("the head", xml && strncmp(buf_text(&out), r->ok ? "<85>1 " : "<84>1 ", 6) == 0 && memcmp(xml - 15, "IHE+RFC-3881 - ", 15) == 0);
	for (at = buf_text(&out); at < xml; at++) {
		holds("printable", *at >= ' ' && *at <= '~');
		spaces += *at == ' ';
	}
	same_int("the head has seven fields", spaces, 7);
	holds("one line", strchr(xml, '\n') == NULL);
	walked = (struct walk){ .good = true };
	XML_SetUserData(p, &walked);
	XML_SetElementHandler(p, on_start, on_end);
	holds("XML", XML_Parse(p, xml, (int)strlen(xml), 1) == XML_STATUS_OK);
	holds("by the schema", walked.good && walked.depth == 0);
	XML_ParserFree(p);
	buf_clear(&out);
	return walked.flat;
}

static bool
says(const struct atna_record *r, const char *what)
{
	return strstr(flat(r), what) != NULL;
}

TEST(which_event_a_record_is)
{
	const struct {
		const char *what;
		bool ok;
		const char *id, *type, *action, *outcome;
	} rows[] = {
		{ "daemon.start", true, "110100", "110120", "E", "0" },
		{ "daemon.stop", true, "110100", "110121", "E", "0" },
		{ "daemon.stop", false, "110100", "110121", "E", "8" },
		{ "config.load", true, "110113", "110131", "E", "0" },
		{ "sender.refused", false, "110113", "110126", "E", "4" },
		{ "audit.begin", false, "110113", "110134", "E", "8" },
		{ "audit.left-out", false, "110113", "110133", "E", "8" },
		{ "audit.mended", true, "110113", "110134", "E", "0" },
		{ "audit.forget", true, "110113", "110129", "E", "0" },
		{ "keys.rotated", true, "110113", "110129", "E", "0" },
		{ "phi.explain-phone", true, "110112", "phi.explain-phone", "E", "0" },
		{ "phi.explain-phone", false, "110113", "110132", "E", "4" },
		{ "phi.quarantine-show", true, "110110", "phi.quarantine-show", "R", "0" },
		{ "command.explain", true, "110112", "command.explain", "E", "0" },
		{ "command.backup", true, "110106", "command.backup", "R", "0" },
		{ "command.audit", true, "110101", "command.audit", "R", "0" },
		{ "command.optout-add", true, "110110", "command.optout-add", "U", "0" },
		{ "command.quarantine-discard", true, "110110", "command.quarantine-discard", "D", "0" },
		{ "command.approve", true, "110113", "110131", "E", "0" },
		{ "command.hold", true, "110113", "110131", "E", "0" },
		{ "command.status", false, "110113", "110132", "E", "4" },
		{ "command.of-tomorrow", true, "110113", "110131", "E", "0" },
	};
	char want[4][96];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct atna_record r = plain;

		r.what = rows[i].what;
		r.ok = rows[i].ok;
		(void)snprintf(want[0], sizeof want[0], "EventID@csd-code=%s;EventID@codeSystemName=DCM;", rows[i].id);
		(void)snprintf(want[1], sizeof want[1], "EventTypeCode@csd-code=%s;", rows[i].type);
		(void)snprintf(want[2], sizeof want[2], "EventIdentification@EventActionCode=%s;", rows[i].action);
		(void)snprintf(want[3], sizeof want[3], "EventOutcomeIndicator=%s;", rows[i].outcome);
		for (size_t k = 0; k < 4; k++)
			holds(rows[i].what, says(&r, want[k]));
		(void)snprintf(want[0], sizeof want[0], "EventTypeCode@csd-code=%s;EventTypeCode@codeSystemName=nudge;", rows[i].what);
		holds("our own word", says(&r, want[0]));
		holds("the record", says(&r, "ParticipantObjectID=4711;"));
	}
}

TEST(looks_at_counts_are_no_events)
{
	static const char *const quiet[] = { "command.status", "command.states", "command.certificates", "command.log", "command.verify" };

	for (size_t i = 0; i < COUNT(quiet); i++) {
		struct atna_record r = plain;
		struct buf out;
		bool told = true;

		r.what = quiet[i];
		buf_init(&out, ATNA_MAX);
		holds("it can", atna_message(&r, 1, &out, &told));
		holds(quiet[i], !told && out.n == 0);
		buf_clear(&out);
	}
}

TEST(who_did_it)
{
	struct atna_record r = plain;

	holds("we did", says(&r, "ActiveParticipant@UserID=nudged;ActiveParticipant@AlternativeUserID=99;ActiveParticipant@UserIsRequestor=true;"));
	r.what = "command.approve";
	r.who_type = "uid";
	r.who = "1000/alice";
	holds("a user", says(&r, "ActiveParticipant@UserID=alice;ActiveParticipant@AlternativeUserID=1000;ActiveParticipant@UserIsRequestor=true;"
	    "ActiveParticipant@NetworkAccessPointID=h1;"));
	holds("we served", says(&r, "ActiveParticipant@UserID=nudged;ActiveParticipant@AlternativeUserID=99;ActiveParticipant@UserIsRequestor=false;"));
	r.what = "sender.refused";
	r.who_type = "cert";
	r.who = "sha256:ab12";
	r.ok = false;
	r.why = "pinned by no environment of this listener";
	r.id = "epic from 10.0.0.7";
	holds("a certificate, from where", says(&r, "ActiveParticipant@UserID=sha256:ab12;ActiveParticipant@UserIsRequestor=true;"
	    "ActiveParticipant@NetworkAccessPointID=10.0.0.7;ActiveParticipant@NetworkAccessPointTypeCode=2;"));
	r.id = "epic from 10.0.0.7:4000";
	holds("without the port", says(&r, "NetworkAccessPointID=10.0.0.7;"));
	r.id = "epic from [fe80::1]:4000";
	holds("of six as well", says(&r, "NetworkAccessPointID=fe80::1;"));
	r.id = "epic from fe80::1";
	holds("bare", says(&r, "NetworkAccessPointID=fe80::1;"));
}

TEST(where_it_went)
{
	struct atna_record r = plain;

	r.what = "command.backup";
	r.who_type = "uid";
	r.who = "0/root";
	r.kind = "file";
	r.id = "/var/lib/nudge-backup/x";
	holds("source", says(&r, "RoleIDCode@csd-code=110153;"));
	holds("destination", says(&r, "ActiveParticipant@UserID=/var/lib/nudge-backup/x;ActiveParticipant@UserIsRequestor=false;RoleIDCode@csd-code=110154;"));
	holds("as a file", says(&r, "ParticipantObjectIDTypeCode@csd-code=12;ParticipantObjectIDTypeCode@codeSystemName=RFC-3881;"));
}

TEST(what_a_person_typed_stays_in_the_record)
{
	struct atna_record r = plain;

	r.what = "command.explain";
	r.who_type = "uid";
	r.who = "1000/alice";
	r.kind = "id";
	r.id = "6085550123";
	r.why = "Mrs. Example asked";
	holds("what was asked for", !says(&r, "6085550123"));
	holds("nor why, in Base64 either", !says(&r, "TXJzLi"));
	r.kind = "site";
	r.id = "cardiology";
	r.hash = "a>b";
	holds("a site does", says(&r, "ParticipantObjectID=cardiology;"));
	holds("with its hash", says(&r, "ParticipantObjectDetail@type=hash;ParticipantObjectDetail@value=YT5i;"));
	holds("not why", !says(&r, "type=why"));
	r.who_type = "system";
	holds("but our own", says(&r, "type=why"));
}

TEST(no_words_break_it)
{
	static const char *const words[] = { "<&>\"'", "\x01\x02\x1f\x7f", "\xff\xfe\xc0\x80\xed\xa0\x80\xf5\x80\x80\x80", "\xef\xbf\xbf\xef\xbf\xbe",
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "]]>", "\xc3", "\xe0\x80\x80\xf0\x80\x80\x80\xf4\x90\x80\x80", "a\nb\r\tc" };
	char longest[4000];
	struct atna_record r = plain;

	for (size_t i = 0; i < COUNT(words); i++) {
		r.t = r.node = r.who = r.what = r.kind = r.id = r.hash = r.why = words[i];
		r.ok = i % 2 != 0;
		r.who_type = i % 3 == 0 ? "uid" : i % 3 == 1 ? "cert" : "system";
		(void)flat(&r);
	}
	memset(longest, '"', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	r = (struct atna_record){ 1, longest, longest, "uid", longest, "command.backup", longest, longest, longest, longest, false };
	for (int i = 0; i < 4; i++) {
		r.ok = i % 2 == 0;
		r.who_type = i < 2 ? "uid" : "cert";
		r.what = i == 3 ? longest : "command.backup";
		(void)flat(&r);
	}
}

TEST(without_memory_nothing_is_told)
{
	struct buf out;
	bool told;

	for (size_t room = 0; room < 1200; room += 100) {
		buf_init(&out, room);
		holds("it says so", !atna_message(&plain, 1, &out, &told));
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(which_event_a_record_is),
		RUN(looks_at_counts_are_no_events),
		RUN(who_did_it),
		RUN(where_it_went),
		RUN(what_a_person_typed_stays_in_the_record),
		RUN(no_words_break_it),
		RUN(without_memory_nothing_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
