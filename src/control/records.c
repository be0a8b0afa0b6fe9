/* records.c - what the EHR's side must type in for a site, and whether its last message agrees. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/changes.h"
#include "control/request.h"

/* ---- standing ---- */

static json_t *
day(int64_t at_s)
{
	char text[CLOCK_TEXT_MAX];

	if (at_s == 0)
		return json_null();
	clock_rfc3339(at_s, text);
	return json_string(text);
}

json_t *
views_standing(const struct site_rules *in_force, const struct site_rules *file)
{
	static const char *const words[] = { [STANDING_FREE] = "no approval needed", [STANDING_NEEDED] = "not approved",
		[STANDING_APPROVED] = "approved", [STANDING_DIFFERS] = "running approved, file differs" };
	const struct site_standing *st = &in_force->standing;
	json_t *waiting = st->what == STANDING_DIFFERS && file ? changes_waiting(in_force, file) : json_array();

	return json_pack("{s:s, s:o, s:s?, s:s?, s:o}", "is", words[st->what], "at", day(st->at_s), "by",
	    st->who[0] ? st->who : NULL, "why", st->why, "waiting", waiting);
}

/* ---- records ---- */

struct record { /* one block of lines that are typed in together */
	json_t *list;
	json_t *fields;
};

static void
begin(json_t *records, const char *name, struct record *r)
{
	r->fields = json_array();
	(void)json_array_append_new(records, json_pack("{s:s, s:o}", "record", name, "fields", r->fields));
}

static void
put(struct record *r, const char *field, const char *value)
{
	(void)json_array_append_new(r->fields, json_pack("{s:s, s:s}", "field", field, "value", value));
}

static void
put_list(struct record *r, const char *field, const char *const *item, size_t n, const char *when_empty)
{
	struct buf b;

	buf_init(&b, 65536);
	for (size_t i = 0; i < n; i++)
		(void)buf_addf(&b, "%s%s", i > 0 ? ", " : "", item[i]);
	put(r, field, n > 0 ? buf_text(&b) : when_empty);
	buf_clear(&b);
}

static void
put_patterns(struct record *r, const char *field, const struct pattern_list *l)
{
	const char *text[64];
	size_t n = 0;

	for (; n < l->n && n < 64; n++)
		text[n] = pattern_text(l->item[n]);
	put_list(r, field, text, n, "any");
}

static void
put_certificate(struct record *r, const char *field, const char *path)
{
	struct mllp_certificate c;
	struct fault f = { .kind = FAULT_NONE };
	char text[512], until[CLOCK_TEXT_MAX];

	if (!mllp_describe(path, &c, &f)) {
		put(r, field, f.text);
		return;
	}
	clock_rfc3339(c.not_after_s, until);
	put(r, field, c.subject);
	(void)snprintf(text, sizeof text, "%s SHA-256", field);
	put(r, text, c.sha256);
	(void)snprintf(text, sizeof text, "%s valid until", field);
	put(r, text, until);
}

/* Where this machine can be reached, when all its addresses are listened on. */
static void
put_host(struct record *r, const struct conf_listener *l)
{
	char host[256] = "";

	if (strcmp(l->address, "0.0.0.0") != 0 && strcmp(l->address, "::") != 0)
		(void)snprintf(host, sizeof host, "%s", l->address);
	else if (gethostname(host, sizeof host - 1) != 0)
		(void)snprintf(host, sizeof host, "this machine");
	put(r, "host", host);
}

static void
connection(json_t *records, const struct conf_site *s, const struct conf_listener *l)
{
	struct record r;
	char text[64], name[96];
	enum ack_mode mode = s->ack_mode == SITE_ACK_LISTENER ? l->ack_mode : s->ack_mode == SITE_ACK_AUTO ? ACK_AUTO : ACK_ALWAYS_AA;

	(void)snprintf(name, sizeof name, "connection \"%s\"", l->title);
	begin(records, name, &r);
	put_host(&r, l);
	(void)snprintf(text, sizeof text, "%d", l->port);
	put(&r, "port", text);
	put(&r, "protocol", l->mllp_release == 2 ? "MLLP release 2 (commit blocks)" : "MLLP (HL7 over TCP), release 1");
	put(&r, "TLS", l->tls ? "1.2 or 1.3, with a client certificate" : "none: through a tunnel on this machine only");
	if (l->tls)
		put_certificate(&r, "our certificate", l->certificate);
	put(&r, "acknowledgement", mode == ACK_AUTO ? "as MSH-15 and MSH-16 ask; without them AA, AE or AR" :
	                                              "AA, AE or AR on the same connection, one for each message");
	(void)snprintf(text, sizeof text, "%zu bytes", l->max_message);
	put(&r, "largest message", text);
}

static void
sender(json_t *records, const struct conf_environment *e)
{
	struct record r;
	char name[64];

	begin(records, "sender's certificate", &r);
	for (size_t i = 0; i < e->certificates.n; i++) {
		(void)snprintf(name, sizeof name, "accepted certificate %zu", i + 1);
		put_certificate(&r, name, e->certificates.item[i]);
	}
	if (e->issuer[0])
		put_certificate(&r, "accepted issuer", e->issuer);
	if (e->issuer[0])
		put_list(&r, "with one of the names", (const char *const *)e->subjects.item, e->subjects.n, "none");
	put_list(&r, "from the addresses", (const char *const *)e->sources.item, e->sources.n, "any");
}

static void
put_paths(struct record *r, const struct siu_map *map, const struct conf_site *s, const char *meaning, const char *field)
{
	struct buf b;

	buf_init(&b, 4096);
	siu_paths_text(map, s, meaning, &b);
	put(r, field, b.n > 0 ? buf_text(&b) : "not used");
	buf_clear(&b);
}

static void
message(json_t *records, const struct conf_site *s, const struct siu_map *map)
{
	static const struct {
		const char *meaning, *field;
	} paths[] = { { "appointment_id", "appointment" }, { "old_id", "appointment before an S13" }, { "start", "start" },
		{ "duration", "duration" }, { "patient", "patient" }, { "phone", "phone" }, { "language", "language" },
		{ "birth", "date of birth" }, { "deceased", "deceased" }, { "consent", "patient's consent" },
		{ "department", "department" }, { "visit_type", "visit type" }, { "status", "status" } };
	const char *const *triggers = siu_triggers();
	struct record r;
	size_t n = 0;

	begin(records, "message header", &r);
	put(&r, "MSH-3", s->sending_application[0] ? s->sending_application : "any");
	put(&r, "MSH-4", s->sending_facility[0] ? s->sending_facility : "any");
	put(&r, "MSH-5", "any");
	put(&r, "MSH-6", "any");
	put(&r, "MSH-9", "SIU");
	while (triggers[n])
		n++;
	put_list(&r, "triggers", triggers, n, "");
	put(&r, "MSH-10", "required, another for each message");
	put(&r, "MSH-11", s->environment->production ? "P" : "T, D or P");
	put(&r, "MSH-12", "2.1 to 2.9");
	begin(records, "fields", &r);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		put_paths(&r, map, s, paths[i].meaning, paths[i].field);
	put(&r, "link", s->link[0] ? s->link : "not used");
	put_patterns(&r, "departments taken", &s->departments);
	put_patterns(&r, "visit types taken", &s->visit_types);
	put_list(&r, "only messages with", (const char *const *)s->only_if.item, s->only_if.n, "any");
	put_list(&r, "no messages with", (const char *const *)s->never_if.item, s->never_if.n, "none");
	put_list(&r, "by video when", (const char *const *)s->video_if.item, s->video_if.n, "not told apart");
	put_list(&r, "by phone when", (const char *const *)s->phone_if.item, s->phone_if.n, "not told apart");
	put_list(&r, "at the clinic when", (const char *const *)s->office_if.item, s->office_if.n, "not told apart");
}

/* Over what is typed in, so that two people can compare one word. */
static bool
checksum(const json_t *records, char out[17])
{
	char *text = json_dumps(records, JSON_COMPACT | JSON_SORT_KEYS);
	uint8_t hash[DIGEST_BYTES];
	bool ok = text && digest_sha256(span_of(text), hash);

	if (ok)
		digest_hex(hash, 8, out);
	free(text);
	return ok;
}

void
do_records(struct request *q)
{
	const struct control_setup *setup = request_setup(q);
	const struct conf_site *s = conf_find_site(q->rules->conf, request_text(q, "site"));
	struct rules *file;
	const struct conf_site *in_file;
	json_t *records;
	char sum[17] = "";

	if (!s) {
		request_error(q, "no such site in the configuration");
		return;
	}
	records = json_array();
	for (size_t i = 0; i < q->rules->conf->listeners_n; i++) {
		const struct conf_listener *l = &q->rules->conf->listeners[i];

		for (size_t k = 0; k < l->environments_n; k++)
			if (l->environments[k] == s->environment)
				connection(records, s, l);
	}
	sender(records, s->environment);
	message(records, s, setup->map(setup->ctx));
	(void)checksum(records, sum);
	file = setup->file(setup->ctx);
	in_file = conf_find_site(file->conf, s->title);
	request_result(q,
	    json_pack("{s:s, s:b, s:o, s:s, s:s, s:s, s:s, s:o, s:s}", "site", s->title, "approved",
	        rules_of(q->rules, s)->standing.what != STANDING_NEEDED, "standing",
	        views_standing(rules_of(q->rules, s), in_file ? rules_of(file, in_file) : NULL), "organization", s->organization_name,
	        "environment", s->environment->title, "kind", s->environment->production ? "production" : "test", "fhir_base_url",
	        s->fhir_base_url, "records", records, "checksum", sum));
	rules_drop(file);
}
