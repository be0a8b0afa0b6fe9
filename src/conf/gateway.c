/* gateway.c - the gateway's block: where it is, and how it learns that we may. */
// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"

#define HIMDS "http://127.0.0.1:40342" /* Azure Arc's agent */

static const char *const authorities[] = { "https://login.microsoftonline.com", "https://login.microsoftonline.us",
	"https://login.partner.microsoftonline.cn" };

/* Keys end up in files and logs when they stand here; a value like that is never repeated. */
static bool
is_secret(const char *text)
{
	size_t n = strlen(text);

	return span_find_nocase(span_of(text), "accesskey") >= 0 ||
	    (n >= 40 && n % 4 == 0 && text[n - 1] == '=' && !strchr(text, '.'));
}

static void
endpoint(const struct section *s, struct conf_gateway *g)
{
	struct fault f = { 0 };

	if (g->endpoint[0] && is_secret(g->endpoint))
		section_fault(s, "endpoint",
		    "endpoint is only the address, https://RESOURCE.communication.azure.com; the "
		    "connection string goes into the file that access_key names");
	else if (g->endpoint[0] && !shape_endpoint(g->endpoint, g->any_host, &f))
		section_fault(s, "endpoint", "%s", f.text);
}

static char *
key_file(const struct section *s, const char *key)
{
	if (!section_has(s, key) || !is_secret(section_raw(s, key)))
		return section_path(s, key);
	section_fault(s, key,
	    "%s is the name of a file that holds the key, not the key itself; change the key, it "
	    "was readable here", key);
	return text_copy("");
}

/* ---- who we are ---- */

enum need { NO, MAY, MUST };

/* What each way asks for; what it does not, is a mistake that would go unseen. */
static const struct {
	const char *key;
	enum need need[5]; /* by enum gateway_auth */
} needs[] = {
	{ "access_key", { MUST, NO, NO, NO, NO } },
	{ "access_key_2", { MAY, NO, NO, NO, NO } },
	{ "tenant", { NO, MUST, MUST, NO, NO } },
	{ "client_id", { NO, MUST, MUST, MAY, MAY } },
	{ "client_secret", { NO, MUST, NO, NO, NO } },
	{ "client_certificate", { NO, NO, MUST, NO, NO } },
	{ "client_certificate_chain", { NO, NO, MAY, NO, NO } },
	{ "authority", { NO, MAY, MAY, NO, NO } },
	{ "identity_endpoint", { NO, NO, NO, MAY, MAY } },
	{ "arc_keys", { NO, NO, NO, NO, MAY } },
};

static void
check_needs(const struct section *s, enum gateway_auth auth)
{
	for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
		const char *key = needs[i].key;
		bool there = section_has(s, key) && section_raw(s, key)[0];

		if (needs[i].need[auth] == MUST && !there)
			section_fault(s, key, "%s is missing (%s)", key, option_find("gateway", key)->text);
		else if (needs[i].need[auth] == NO && there)
			section_fault(s, key, "%s means nothing with auth = %s; take it out, or change auth", key,
			    section_raw(s, "auth"));
	}
}

static bool
is_uuid(const char *text)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return text[36] == '\0';
}

static bool
is_domain(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.')
			return false;
	return isalnum((unsigned char)text[0]) && !strstr(text, "..");
}

static void
authority(const struct section *s, struct conf_gateway *g)
{
	struct fault f = { 0 };
	bool known = g->any_host || shape_url_local(g->authority);

	if (!shape_url("authority", g->authority, &f)) {
		section_fault(s, "authority", "%s", f.text);
		return;
	}
	for (size_t i = 0; i < sizeof authorities / sizeof authorities[0]; i++)
		known = known || strcmp(g->authority, authorities[i]) == 0;
	if (!known)
		section_fault(s, "authority", "authority: \"%s\" is none of Microsoft's (%s); if it is meant, say any_host = true",
		    g->authority, authorities[0]);
}

/* The metadata service of a virtual machine has one address, and no TLS; what
 * stands in for it in tests may only be on this machine. */
static void
identity_endpoint(const struct section *s, struct conf_gateway *g)
{
	struct fault f = { 0 };

	if (g->identity_endpoint[0] && strcmp(g->identity_endpoint, CONF_IMDS) != 0 &&
	    !(shape_url("identity_endpoint", g->identity_endpoint, &f) && shape_url_local(g->identity_endpoint)))
		section_fault(s, "identity_endpoint", "identity_endpoint is %s, or a loopback address, not \"%s\"", CONF_IMDS,
		    g->identity_endpoint);
	if (g->identity_endpoint[0] == '\0' && (g->auth == AUTH_MANAGED_IDENTITY || g->auth == AUTH_ARC)) {
		text_free(g->identity_endpoint);
		g->identity_endpoint = text_copy(g->auth == AUTH_ARC ? HIMDS : CONF_IMDS);
	}
}

static void
identity(const struct section *s, struct conf_gateway *g)
{
	g->auth = (enum gateway_auth)section_word(s, "auth");
	g->access_key = key_file(s, "access_key");
	g->access_key_2 = key_file(s, "access_key_2");
	g->tenant = section_text(s, "tenant");
	g->client_id = section_text(s, "client_id");
	g->client_secret = section_path(s, "client_secret");
	g->client_certificate = section_path(s, "client_certificate");
	g->client_certificate_chain = section_bool(s, "client_certificate_chain");
	g->authority = section_text(s, "authority");
	g->identity_endpoint = section_text(s, "identity_endpoint");
	g->arc_keys = section_path(s, "arc_keys");
	check_needs(s, g->auth);
	authority(s, g);
	identity_endpoint(s, g);
	if (g->tenant[0] && !is_domain(g->tenant))
		section_fault(s, "tenant", "tenant is the id or the domain of an Entra tenant, as lamna.onmicrosoft.com, not \"%s\"", g->tenant);
	if (g->client_id[0] && !is_uuid(g->client_id))
		section_fault(s, "client_id", "client_id is the id of an application or identity, as aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee, not \"%s\"",
		    g->client_id);
}

static void
gateway(struct reader *r, const struct section *s, void *item, size_t index)
{
	struct conf_gateway *g = item;

	(void)r;
	(void)index;
	g->at = section_place(s, "");
	g->title = text_copy(s->title);
	g->endpoint = section_text(s, "endpoint");
	(void)section_word(s, "api_version");
	g->api_version = section_text(s, "api_version");
	g->ca_file = section_path(s, "ca_file");
	g->revocation_list = section_path(s, "revocation_list");
	g->any_host = section_bool(s, "any_host");
	g->repeat_window_s = section_duration(s, "repeat_window");
	endpoint(s, g);
	identity(s, g);
	build_gateway_told(s, g);
}

void
build_gateways(struct reader *r)
{
	each_block(r, "gateway", (void **)&r->conf->gateways, &r->conf->gateways_n, sizeof *r->conf->gateways, gateway);
}
