/* atna.c - a record of the audit log as a DICOM audit message in an RFC 5424 message. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/atna.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 320 /* octets of an attribute, escapes and all: sixteen of them fit */

/* ---- which event a record is ---- */

struct code {
	const char *code, *meaning;
};

static const struct code no_type = { "", "" }, application = { "110100", "Application Activity" }, log_used = { "110101", "Audit Log Used" },
	export = { "110106", "Export" }, patient_record = { "110110", "Patient Record" }, query = { "110112", "Query" },
	alert = { "110113", "Security Alert" }, start = { "110120", "Application Start" }, stop = { "110121", "Application Stop" },
	node = { "110126", "Node Authentication" }, security = { "110129", "Security Configuration" },
	software = { "110131", "Software Configuration" }, restricted = { "110132", "Use of Restricted Function" },
	recording_stopped = { "110133", "Audit Recording Stopped" }, recording_started = { "110134", "Audit Recording Started" };

struct event {
	const char *what;
	const struct code *id, *type;
	char action;
};

/* What is not here: a command of phi is a query, any other that was let through changes the house. */
static const struct event events[] = {
	{ "daemon.start", &application, &start, 'E' },
	{ "daemon.stop", &application, &stop, 'E' },
	{ "config.load", &alert, &software, 'E' },
	{ "keys.rotate", &alert, &security, 'E' },
	{ "keys.rotated", &alert, &security, 'E' },
	{ "sender.refused", &alert, &node, 'E' },
	{ "audit.begin", &alert, &recording_started, 'E' },
	{ "audit.mended", &alert, &recording_started, 'E' },
	{ "audit.left-out", &alert, &recording_stopped, 'E' },
	{ "audit.forget", &alert, &security, 'E' },
	{ "phi.quarantine-show", &patient_record, &no_type, 'R' },
	{ "command.appointments", &query, &no_type, 'E' },
	{ "command.explain", &query, &no_type, 'E' },
	{ "command.report", &query, &no_type, 'E' },
	{ "command.history", &query, &no_type, 'E' },
	{ "command.backup", &export, &no_type, 'R' },
	{ "command.audit", &log_used, &no_type, 'R' },
	{ "command.optout-add", &patient_record, &no_type, 'U' },
	{ "command.optout-remove", &patient_record, &no_type, 'U' },
	{ "command.refused-release", &patient_record, &no_type, 'U' },
	{ "command.quarantine-replay", &patient_record, &no_type, 'U' },
	{ "command.quarantine-discard", &patient_record, &no_type, 'D' },
	{ "command.rotate", &alert, &security, 'E' },
};

/* Looks at what is nobody's data, and programs ask for it every few seconds. */
static const char *const quiet[] = { "command.status", "command.states", "command.quarantine", "command.optout-list",
	"command.refused-list", "command.certificates", "command.learn", "command.diff", "command.records", "command.verify",
	"command.sender", "command.log" };

static bool
event_of(const struct atna_record *r, struct event *out)
{
	static const char phi[] = "phi.", command[] = "command.";
	bool is_phi = strncmp(r->what, phi, sizeof phi - 1) == 0, is_command = strncmp(r->what, command, sizeof command - 1) == 0;

	*out = (struct event){ r->what, is_phi ? &query : &alert, is_phi ? &no_type : &software, 'E' };
	if ((is_phi || is_command) && !r->ok) {
		*out = (struct event){ r->what, &alert, &restricted, 'E' };
		return true;
	}
	for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
		if (strcmp(quiet[i], r->what) == 0)
			return false;
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (strcmp(events[i].what, r->what) == 0)
			*out = events[i];
	return true;
}

/* ---- words ---- */

/* Bytes of the UTF-8 character there that XML 1.0 may hold; 0: none. */
static size_t
character(const unsigned char *c)
{
	size_t n = c[0] < 0x80 ? 1 : c[0] >= 0xc2 && c[0] < 0xe0 ? 2 : c[0] >= 0xe0 && c[0] < 0xf0 ? 3 : c[0] >= 0xf0 && c[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if (n == 1 && (c[0] < ' ' || c[0] == 0x7f))
		return 0;
	if (n == 3 && ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xef && c[1] == 0xbf && c[2] > 0xbd)))
		return 0; /* written too long, half of a pair, U+FFFE and U+FFFF */
	if (n == 4 && ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f)))
		return 0;
	return n;
}

/* What XML cannot hold becomes '?'; what is longer than `room` octets is cut, and says so. */
static void
put_words(struct buf *out, const char *text, size_t room)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t left = room, used;

	while (*c) {
		size_t n = character(c);
		const char *p = *c == '&' ? "&amp;" : *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : *c == '"' ? "&quot;" : n == 0 ? "?" : NULL;

		used = p ? strlen(p) : n;
		if (used > left) {
			(void)buf_add_text(out, "...");
			return;
		}
		(void)(p ? buf_add_text(out, p) : buf_add(out, c, n));
		left -= used;
		c += n ? n : 1;
	}
}

static void
attribute(struct buf *out, const char *name, const char *text)
{
	(void)buf_addf(out, " %s=\"", name);
	put_words(out, text, WORD_MAX);
	(void)buf_add_char(out, '"');
}

static void
coded(struct buf *out, const char *element, const char *code, const char *system, const char *meaning)
{
	(void)buf_addf(out, "<%s", element);
	attribute(out, "csd-code", code);
	attribute(out, "codeSystemName", system);
	attribute(out, "originalText", meaning);
	(void)buf_add_text(out, "/>");
}

/* Values are Base64 whatever they are, so that nothing in them is read as XML. */
static void
detail(struct buf *out, const char *type, const char *value)
{
	unsigned char text[WORD_MAX + 4];
	size_t n = strlen(value);

	if (n == 0)
		return;
	if (n > WORD_MAX * 3 / 4)
		n = WORD_MAX * 3 / 4;
	(void)EVP_EncodeBlock(text, (const unsigned char *)value, (int)n);
	(void)buf_addf(out, "<ParticipantObjectDetail type=\"%s\" value=\"%s\"/>", type, (const char *)text);
}

/* A field of the header: printable, never empty, at most `max`. */
static void
field(struct buf *out, const char *text, size_t max)
{
	size_t n = 0;

	for (; n < max && text[n]; n++)
		(void)buf_add_char(out, text[n] > ' ' && text[n] <= '~' ? text[n] : '?');
	(void)buf_add_text(out, n == 0 ? "- " : " ");
}

/* ---- the parts ---- */

static void
put_event(struct buf *out, const struct atna_record *r, const struct event *e)
{
	bool bad = strcmp(r->what, "sender.refused") != 0 && e->type != &restricted;

	(void)buf_addf(out, "<EventIdentification EventActionCode=\"%c\"", e->action);
	attribute(out, "EventDateTime", r->t);
	attribute(out, "EventOutcomeIndicator", r->ok ? "0" : bad ? "8" : "4");
	(void)buf_add_char(out, '>');
	coded(out, "EventID", e->id->code, "DCM", e->id->meaning);
	if (e->type->code[0])
		coded(out, "EventTypeCode", e->type->code, "DCM", e->type->meaning);
	coded(out, "EventTypeCode", r->what, "nudge", r->what);
	if (!r->ok && r->why[0]) {
		(void)buf_add_text(out, "<EventOutcomeDescription>");
		put_words(out, r->why, WORD_MAX);
		(void)buf_add_text(out, "</EventOutcomeDescription>");
	}
	(void)buf_add_text(out, "</EventIdentification>");
}

/* "LISTENER from ADDRESS" or "LISTENER from ADDRESS:PORT", "[ADDRESS]:PORT". */
static void
put_peer(struct buf *out, const char *where)
{
	const char *from = strstr(where, " from "), *colon;
	char address[64];
	size_t n;

	if (!from)
		return;
	from += 6;
	colon = strrchr(from, ':');
	n = strlen(from);
	if (from[0] == '[' && strchr(from, ']')) {
		from++;
		n = (size_t)(strchr(from, ']') - from);
	} else if (colon && strchr(from, ':') == colon) {
		n = (size_t)(colon - from);
	}
	(void)snprintf(address, sizeof address, "%.*s", (int)(n < sizeof address ? n : sizeof address - 1), from);
	attribute(out, "NetworkAccessPointID", address);
	attribute(out, "NetworkAccessPointTypeCode", "2");
}

/* Who did it, if it was not we. */
static void
put_who(struct buf *out, const struct atna_record *r, const struct event *e)
{
	const char *slash = strchr(r->who, '/');
	bool person = strcmp(r->who_type, "uid") == 0;
	char uid[24];

	(void)buf_add_text(out, "<ActiveParticipant");
	attribute(out, "UserID", person && slash && slash[1] ? slash + 1 : r->who);
	if (person && slash) {
		(void)snprintf(uid, sizeof uid, "%.*s", (int)(slash - r->who < 23 ? slash - r->who : 23), r->who);
		attribute(out, "AlternativeUserID", uid);
	}
	attribute(out, "UserIsRequestor", "true");
	if (person) {
		attribute(out, "NetworkAccessPointID", r->node);
		attribute(out, "NetworkAccessPointTypeCode", "1");
	} else {
		put_peer(out, r->id);
	}
	(void)buf_add_char(out, '>');
	if (e->type == &node)
		coded(out, "RoleIDCode", "110153", "DCM", "Source Role ID");
	(void)buf_add_text(out, "</ActiveParticipant>");
}

static void
put_us(struct buf *out, const struct atna_record *r, const struct event *e, long pid, bool requestor)
{
	char number[24];

	(void)snprintf(number, sizeof number, "%ld", pid);
	(void)buf_add_text(out, "<ActiveParticipant UserID=\"nudged\"");
	attribute(out, "AlternativeUserID", number);
	attribute(out, "UserIsRequestor", requestor ? "true" : "false");
	attribute(out, "NetworkAccessPointID", r->node);
	attribute(out, "NetworkAccessPointTypeCode", "1");
	(void)buf_add_char(out, '>');
	if (e->id == &export)
		coded(out, "RoleIDCode", "110153", "DCM", "Source Role ID");
	else if (e->type == &node)
		coded(out, "RoleIDCode", "110152", "DCM", "Destination Role ID");
	else
		coded(out, "RoleIDCode", "110150", "DCM", "Application");
	(void)buf_add_text(out, "</ActiveParticipant>");
	if (e->id != &export || !r->id[0])
		return;
	(void)buf_add_text(out, "<ActiveParticipant");
	attribute(out, "UserID", r->id);
	attribute(out, "UserIsRequestor", "false");
	(void)buf_add_char(out, '>');
	coded(out, "RoleIDCode", "110154", "DCM", "Destination Media");
	(void)buf_add_text(out, "<MediaIdentifier>");
	coded(out, "MediaType", "110037", "DCM", "URI");
	(void)buf_add_text(out, "</MediaIdentifier></ActiveParticipant>");
}

/* What it was done to, unless somebody typed that; and the record itself. */
static void
put_objects(struct buf *out, const struct atna_record *r, const struct event *e)
{
	bool file = strcmp(r->kind, "file") == 0, typed = strcmp(r->kind, "id") == 0, person = strcmp(r->who_type, "uid") == 0;
	char number[24];

	if (r->id[0] && !typed) {
		(void)buf_add_text(out, "<ParticipantObjectIdentification");
		attribute(out, "ParticipantObjectID", r->id);
		attribute(out, "ParticipantObjectTypeCode", "2");
		attribute(out, "ParticipantObjectTypeCodeRole", e->id == &export ? "17" : "13");
		if (e->id == &export)
			attribute(out, "ParticipantObjectDataLifeCycle", "10");
		(void)buf_add_char(out, '>');
		if (file)
			coded(out, "ParticipantObjectIDTypeCode", "12", "RFC-3881", "URI");
		else
			coded(out, "ParticipantObjectIDTypeCode", r->kind, "nudge", r->kind);
		(void)buf_add_text(out, "<ParticipantObjectName>");
		put_words(out, r->id, WORD_MAX);
		(void)buf_add_text(out, "</ParticipantObjectName>");
		detail(out, "hash", r->hash);
		if (!person)
			detail(out, "why", r->why);
		(void)buf_add_text(out, "</ParticipantObjectIdentification>");
	}
	(void)snprintf(number, sizeof number, "%lld", (long long)r->seq);
	(void)buf_add_text(out, "<ParticipantObjectIdentification");
	attribute(out, "ParticipantObjectID", number);
	attribute(out, "ParticipantObjectTypeCode", "2");
	attribute(out, "ParticipantObjectTypeCodeRole", "13");
	(void)buf_add_char(out, '>');
	coded(out, "ParticipantObjectIDTypeCode", "audit-record", "nudge", "Audit Record");
	/* The name that DICOM gives the log where it is the object of the event. */
	(void)buf_add_text(out, "<ParticipantObjectName>Security Audit Log</ParticipantObjectName></ParticipantObjectIdentification>");
}

bool
atna_message(const struct atna_record *r, long pid, struct buf *out, bool *told)
{
	bool by_us = strcmp(r->who_type, "system") == 0;
	struct event e;
	char number[24];

	*told = event_of(r, &e);
	if (!*told)
		return true;
	(void)buf_add_text(out, r->ok ? "<85>1 " : "<84>1 ");
	field(out, r->t, 40);
	field(out, r->node, 255);
	(void)snprintf(number, sizeof number, "%ld", pid);
	(void)buf_addf(out, "nudged %s IHE+RFC-3881 - <?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage>", number);
	put_event(out, r, &e);
	if (!by_us)
		put_who(out, r, &e);
	put_us(out, r, &e, pid, by_us);
	(void)buf_add_text(out, "<AuditSourceIdentification");
	attribute(out, "AuditSourceID", r->node[0] ? r->node : "nudge");
	(void)buf_add_text(out, "><AuditSourceTypeCode csd-code=\"4\"/></AuditSourceIdentification>");
	put_objects(out, r, &e);
	return buf_add_text(out, "</AuditMessage>") && !out->spoilt;
}
