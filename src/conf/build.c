/* build.c - blocks above the site: organization, gateway, number, environment, listener. */
// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"

void
each_block(struct reader *r, const char *block, void **items, size_t *n, size_t size,
    void (*fn)(struct reader *r, const struct section *s, void *item, size_t index))
{
	size_t all = 0;

	for (size_t i = 0; i < r->sources_n; i++)
		all += r->sources[i].cfg ? cfg_size(r->sources[i].cfg, block) : 0;
	*items = calloc(all + 1, size);
	if (!*items)
		abort();
	for (size_t i = 0; i < r->sources_n; i++) {
		const struct source *src = &r->sources[i];
		unsigned here = src->cfg ? cfg_size(src->cfg, block) : 0;

		for (unsigned k = 0; k < here; k++) {
			cfg_t *c = cfg_getnsec(src->cfg, block, k);
			struct section s = { r, src, c, block, cfg_title(c) ? cfg_title(c) : "", "", "" };

			fn(r, &s, (char *)*items + *n * size, *n);
			(*n)++;
		}
	}
}

/* ---- the top ---- */

/* The file that sets a key of the top, else the first. */
static struct section
top_with(struct reader *r, const char *key)
{
	size_t at = 0;

	for (size_t i = r->sources_n; i-- > 0;)
		if (r->sources[i].cfg && cfg_size(r->sources[i].cfg, key) > 0)
			at = i;
	return (struct section){ r, &r->sources[at], r->sources[at].cfg, "", "", "", "" };
}

static char *
top_path(struct reader *r, const char *key)
{
	struct section s = top_with(r, key);

	return section_path(&s, key);
}

void
build_top(struct reader *r)
{
	static const char *const sync[] = { "preferred", "required", NULL };
	struct conf *c = r->conf;
	struct section s;

	c->state_directory = top_path(r, "state_directory");
	c->control_socket = top_path(r, "control_socket");
	c->sender_socket = top_path(r, "sender_socket");
	c->store_key = top_path(r, "store_key");
	s = top_with(r, "clock_sync");
	c->clock_sync_required = section_word(&s, "clock_sync", sync) == 1;
	s = top_with(r, "audit_retention");
	c->audit_retention_s = section_duration(&s, "audit_retention", 86400, (int64_t)100 * 365 * 86400);
	s = top_with(r, "intake_threads");
	c->intake_threads = section_number(&s, "intake_threads", 1, 16);
	for (size_t i = 0; i < r->sources_n; i++) {
		cfg_t *a = r->sources[i].cfg && cfg_size(r->sources[i].cfg, "access") ? cfg_getsec(r->sources[i].cfg, "access") : NULL;
		struct section access = { r, &r->sources[i], a, "access", "", "", "" };

		if (!a || (!section_has(&access, "view") && !section_has(&access, "operate") && !section_has(&access, "phi")))
			continue;
		text_list_free(&c->access.view);
		text_list_free(&c->access.operate);
		text_list_free(&c->access.phi);
		c->access.view = section_texts(&access, "view", false);
		c->access.operate = section_texts(&access, "operate", false);
		c->access.phi = section_texts(&access, "phi", false);
	}
}

/* ---- organization ---- */

static bool
is_country(const char *text)
{
	return strlen(text) == 2 && isupper((unsigned char)text[0]) && isupper((unsigned char)text[1]);
}

static void
organization(struct reader *r, const struct section *s, void *item, size_t index)
{
	static const char *const limit[] = { "warn", "hold", NULL };
	struct conf_organization *o = item;

	(void)r;
	(void)index;
	o->at = section_place(s, "");
	o->title = strdup(s->title);
	o->name = section_text(s, "name");
	o->consent_send_on_behalf = section_bool(s, "consent_send_on_behalf");
	o->consent_attendees_consented = section_bool(s, "consent_attendees_consented");
	o->consent_by = section_text(s, "consent_by");
	o->consent_date = section_text(s, "consent_date");
	o->country = section_text(s, "country");
	o->countries = section_texts(s, "countries", false);
	if (o->countries.n == 0 && o->countries.item)
		o->countries.item[o->countries.n++] = strdup(o->country);
	o->geography = section_text(s, "geography");
	o->monthly_limit = section_number(s, "monthly_limit", 0, INT32_MAX);
	o->on_limit = section_word(s, "on_limit", limit) == 1 ? LIMIT_HOLD : LIMIT_WARN;
	if (o->country[0] && !is_country(o->country))
		section_fault(s, "country", "country is two capital letters, as US, not \"%s\"", o->country);
	for (size_t i = 0; i < o->countries.n; i++)
		if (o->countries.item[i][0] && !is_country(o->countries.item[i]))
			section_fault(s, "countries", "a country is two capital letters, as US, not \"%s\"", o->countries.item[i]);
	if (section_has(s, "consent_send_on_behalf") && section_has(s, "consent_attendees_consented") &&
	    (!o->consent_send_on_behalf || !o->consent_attendees_consented))
		section_warn(s, "", "nothing is sent: both consents must be true");
}

/* ---- gateway ---- */

static bool
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	    strcmp(host, "[::1]") == 0;
}

/* "https://host[:port]" into its canonical form; false said why. */
static void
endpoint(const struct section *s, struct conf_gateway *g)
{
	char *e = g->endpoint, host[256];
	bool secure = strncmp(e, "https://", 8) == 0, plain = strncmp(e, "http://", 7) == 0;
	const char *rest = e + (secure ? 8 : 7);
	size_t n = strlen(e), host_n;

	if (!e[0])
		return;
	while (n > 0 && e[n - 1] == '/')
		e[--n] = '\0';
	if ((!secure && !plain) || strpbrk(rest, "/?#@ ")) {
		section_fault(s, "endpoint", "endpoint is https://RESOURCE.communication.azure.com, without a path; not \"%s\"", e);
		return;
	}
	if (n > 4 && secure && strcmp(e + n - 4, ":443") == 0)
		e[n - 4] = '\0';
	host_n = rest[0] == '[' ? strcspn(rest, "]") + 1 : strcspn(rest, ":");
	(void)snprintf(host, sizeof host, "%.*s", (int)(host_n < 255 ? host_n : 255), rest);
	if (plain && !is_loopback(host))
		section_fault(s, "endpoint", "http:// is for loopback only; write https://");
	n = strlen(host);
	if (!g->any_host && !is_loopback(host) && (n <= 24 || strcasecmp(host + n - 24, ".communication.azure.com") != 0))
		section_fault(s, "endpoint", "\"%s\" is no host of Azure Communication Services; if it is meant, say any_host = true",
		    host);
}

static void
gateway(struct reader *r, const struct section *s, void *item, size_t index)
{
	struct conf_gateway *g = item;

	(void)r;
	(void)index;
	g->at = section_place(s, "");
	g->title = strdup(s->title);
	g->endpoint = section_text(s, "endpoint");
	g->access_key = section_path(s, "access_key");
	g->api_version = section_text(s, "api_version");
	g->ca_file = section_path(s, "ca_file");
	g->any_host = section_bool(s, "any_host");
	endpoint(s, g);
	if (strcmp(g->api_version, "2026-01-23") != 0 && strcmp(g->api_version, "2021-03-07") != 0)
		section_fault(s, "api_version", "api_version is 2026-01-23 or 2021-03-07, not \"%s\"", g->api_version);
}

/* ---- number ---- */

static bool
is_e164(const char *text)
{
	size_t n = strspn(text + (text[0] == '+'), "0123456789");

	return text[0] == '+' && text[1] != '0' && n >= 8 && n <= 15 && text[n + 1] == '\0';
}

static bool
is_name(const char *text)
{
	size_t letters = 0, n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != ' ')
			return false;
		letters += isalpha((unsigned char)text[i]) != 0;
	}
	return n > 0 && n <= 11 && letters > 0;
}

static void
sender_shape(const struct section *s, const struct conf_number *n)
{
	size_t digits = strspn(n->sender, "0123456789");

	if (!n->sender[0])
		return;
	switch (n->type) {
	case NUMBER_TOLL_FREE:
	case NUMBER_10DLC:
		if (!is_e164(n->sender))
			section_fault(s, "sender", "sender is a number with its country, as \"+18335550100\"");
		break;
	case NUMBER_SHORT_CODE:
		if (n->sender[digits] || digits < 5 || digits > 6)
			section_fault(s, "sender", "a short code has five or six digits");
		break;
	case NUMBER_ALPHANUMERIC:
		if (!is_name(n->sender))
			section_fault(s, "sender", "a name has at most 11 letters, digits and blanks, and a letter among them");
		break;
	}
}

/* "200/min"; 0 when it cannot be read. */
static int64_t
per_minute(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t n;

	if (strcmp(text + digits, "/min") != 0 || !span_to_u64(span_from(text, digits), 1000000, &n))
		return 0;
	return (int64_t)n;
}

static void *
linked(const struct section *s, const char *key, const char *what, const char *name, void *items, size_t n, size_t size)
{
	const char *known[65];
	size_t k = 0;
	const char *near;

	for (size_t i = 0; i < n; i++) {
		char *title = *(char **)(void *)((char *)items + i * size); /* a title stands first in each block */

		if (strcmp(title, name) == 0)
			return (char *)items + i * size;
		if (k < 64)
			known[k++] = title;
	}
	known[k] = NULL;
	near = conf_nearest(name, known);
	if (name[0])
		section_fault(s, key, "there is no %s \"%s\"%s%s%s", what, name, near ? "; did you mean \"" : "", near ? near : "",
		    near ? "\"?" : "");
	return NULL;
}

static void
number(struct reader *r, const struct section *s, void *item, size_t index)
{
	static const char *const types[] = { "toll-free", "short-code", "10dlc", "alphanumeric", NULL };
	static const int64_t rates[] = { 200, 6000, 60, 600 };
	struct conf_number *n = item;
	const char *rate = section_raw(s, "rate");

	n->at = section_place(s, "");
	n->index = index;
	n->title = strdup(s->title);
	n->sender = section_text(s, "sender");
	n->type = (enum number_type)section_word(s, "type", types);
	n->verified = section_bool(s, "verified");
	n->gateway = linked(s, "gateway", "gateway", section_raw(s, "gateway"), r->conf->gateways, r->conf->gateways_n, sizeof *n->gateway);
	n->rate_per_min = rate[0] ? per_minute(rate) : rates[n->type];
	sender_shape(s, n);
	if (n->rate_per_min == 0) {
		section_fault(s, "rate", "rate is segments a minute, as 200/min, not \"%s\"", rate);
		n->rate_per_min = 1;
	}
	if (n->type == NUMBER_TOLL_FREE && !n->verified)
		section_warn(s, "verified", "a toll-free number that is not verified is blocked by the carriers: nothing is sent from it in production");
}

/* ---- environment ---- */

static void
environment(struct reader *r, const struct section *s, void *item, size_t index)
{
	static const char *const kinds[] = { "test", "production", NULL };
	struct conf_environment *e = item;

	e->at = section_place(s, "");
	e->index = index;
	e->title = strdup(s->title);
	e->production = section_word(s, "kind", kinds) == 1;
	e->organization = linked(s, "organization", "organization", section_raw(s, "organization"), r->conf->organizations,
	    r->conf->organizations_n, sizeof *e->organization);
	e->certificates = section_texts(s, "certificates", true);
	e->issuer = section_path(s, "issuer");
	e->subjects = section_texts(s, "subjects", false);
	e->revocation_list = section_path(s, "revocation_list");
	e->sources = section_texts(s, "sources", false);
	e->only_to = section_texts(s, "only_to", false);
	if (e->production && e->only_to.n > 0)
		section_fault(s, "only_to", "only_to is for test environments");
	for (size_t i = 0; i < e->only_to.n; i++)
		if (!is_e164(e->only_to.item[i]))
			section_fault(s, "only_to", "entry %zu is no number with its country, as \"+16085550123\"", i + 1);
	if (e->issuer[0] && e->subjects.n == 0)
		section_fault(s, "issuer", "issuer needs subjects: the names it issued certificates to");
	if (e->subjects.n > 0 && !e->issuer[0])
		section_fault(s, "subjects", "subjects need issuer: the CA that issued their certificates");
	if (e->revocation_list[0] && !e->issuer[0])
		section_fault(s, "revocation_list", "revocation_list needs issuer");
}

/* ---- listener ---- */

static size_t
size_of(const struct section *s, const char *key)
{
	static const struct {
		const char *unit;
		uint64_t bytes;
	} units[] = { { "", 1 }, { "B", 1 }, { "KiB", 1024 }, { "MiB", 1024 * 1024 } };
	const char *text = section_raw(s, key);
	size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(text + digits, units[i].unit) == 0 && span_to_u64(span_from(text, digits), 16777216, &n) &&
		    n * units[i].bytes >= 4096 && n * units[i].bytes <= 16777216)
			return (size_t)(n * units[i].bytes);
	section_fault(s, key, "%s is a size from 4KiB to 16MiB, not \"%s\"", key, text);
	return 1048576;
}

static void
listener_environments(struct reader *r, const struct section *s, struct conf_listener *l)
{
	struct text_list names = section_texts(s, "environments", false);

	l->environments = calloc(names.n + 1, sizeof *l->environments);
	if (!l->environments)
		abort();
	for (size_t i = 0; i < names.n; i++) {
		const struct conf_environment *e = linked(s, "environments", "environment", names.item[i], r->conf->environments,
		    r->conf->environments_n, sizeof *e);

		if (e)
			l->environments[l->environments_n++] = e;
	}
	text_list_free(&names);
}

static void
listener_tls(const struct section *s, const struct conf_listener *l)
{
	if (l->tls) {
		if (!l->certificate[0])
			section_fault(s, "certificate", "certificate is missing (what we show senders)");
		if (!l->private_key[0])
			section_fault(s, "private_key", "private_key is missing (the key of certificate)");
		for (size_t i = 0; i < l->environments_n; i++) {
			const struct conf_environment *e = l->environments[i];

			if (e && e->certificates.n == 0 && !e->issuer[0])
				section_fault(s, "environments", "environment \"%s\" has neither certificates nor issuer and subjects: "
				                                 "nobody could prove to be it", e->title);
		}
		return;
	}
	if (!is_loopback(l->address))
		section_fault(s, "tls", "tls = false is for loopback only: address = \"127.0.0.1\"");
	if (l->environments_n > 1)
		section_fault(s, "tls", "without TLS a listener is for one environment");
}

static void
listener(struct reader *r, const struct section *s, void *item, size_t index)
{
	static const char *const modes[] = { "always-AA", "auto", NULL };
	struct conf_listener *l = item;
	struct in6_addr any;

	l->at = section_place(s, "");
	l->index = index;
	l->title = strdup(s->title);
	l->address = section_text(s, "address");
	l->port = (int)section_number(s, "port", 1, 65535);
	l->tls = section_bool(s, "tls");
	l->certificate = section_path(s, "certificate");
	l->private_key = section_path(s, "private_key");
	listener_environments(r, s, l);
	l->ack_mode = section_word(s, "ack_mode", modes) == 1 ? ACK_AUTO : ACK_ALWAYS_AA;
	l->max_message = size_of(s, "max_message");
	l->max_connections = section_number(s, "max_connections", 1, 100000);
	l->handshake_timeout_s = section_duration(s, "handshake_timeout", 1, 300);
	l->frame_timeout_s = section_duration(s, "frame_timeout", 1, 3600);
	l->idle_timeout_s = section_duration(s, "idle_timeout", 0, 30 * 86400);
	if (l->idle_timeout_s > 0 && l->idle_timeout_s < 3600)
		section_fault(s, "idle_timeout", "idle_timeout is at least 1h: quiet nights are normal");
	if (inet_pton(AF_INET, l->address, &any) != 1 && inet_pton(AF_INET6, l->address, &any) != 1)
		section_fault(s, "address", "address is an IP address, not \"%s\"", l->address);
	listener_tls(s, l);
}

void
build_organizations(struct reader *r)
{
	each_block(r, "organization", (void **)&r->conf->organizations, &r->conf->organizations_n,
	    sizeof(struct conf_organization), organization);
}

void
build_gateways(struct reader *r)
{
	each_block(r, "gateway", (void **)&r->conf->gateways, &r->conf->gateways_n, sizeof(struct conf_gateway), gateway);
}

void
build_numbers(struct reader *r)
{
	each_block(r, "number", (void **)&r->conf->numbers, &r->conf->numbers_n, sizeof(struct conf_number), number);
}

void
build_environments(struct reader *r)
{
	each_block(r, "environment", (void **)&r->conf->environments, &r->conf->environments_n,
	    sizeof(struct conf_environment), environment);
}

void
build_listeners(struct reader *r)
{
	each_block(r, "listener", (void **)&r->conf->listeners, &r->conf->listeners_n, sizeof(struct conf_listener), listener);
}
