/* told.c - how a gateway's reports and its phones' texts come: asked for, from a queue, to a webhook. */
// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"

#define KEYS_OF_TENANT "%s/%s/discovery/v2.0/keys"

bool
conf_gateway_hears(const struct conf_gateway *g)
{
	return g->queue[0] || g->webhook_port;
}

/* ---- the queue ---- */

static void
queue(const struct section *s, struct conf_gateway *g)
{
	struct fault f = { 0 };

	g->queue = section_text(s, "queue");
	g->queue_key = section_path(s, "queue_key");
	g->queue_sas = section_path(s, "queue_sas");
	if (!g->queue[0]) {
		if (g->queue_key[0] || g->queue_sas[0])
			section_fault(s, g->queue_key[0] ? "queue_key" : "queue_sas", "there is no queue for it: queue is missing");
		return;
	}
	if (!shape_queue(g->queue, g->any_host, &f))
		section_fault(s, "queue", "%s", f.text);
	if (g->queue_key[0] && g->queue_sas[0])
		section_fault(s, "queue_sas", "queue_key or queue_sas, not both");
	if (!g->queue_key[0] && !g->queue_sas[0])
		section_fault(s, "queue", "queue needs queue_key or queue_sas: a file with what opens it");
}

/* ---- the webhook ---- */

static bool
is_path(const char *p)
{
	for (const char *c = p; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("/-._~", *c))
			return false;
	return p[0] == '/' && strlen(p) < 128;
}

static bool
is_id(const char *p)
{
	for (const char *c = p; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.')
			return false;
	return strlen(p) < 128;
}

static void
webhook_keys(const struct section *s, struct conf_gateway *g)
{
	struct fault f = { 0 };
	char url[512], start[300], *path;

	g->webhook_keys = section_text(s, "webhook_keys");
	if (!g->webhook_keys[0]) {
		(void)snprintf(url, sizeof url, KEYS_OF_TENANT, g->authority, g->webhook_tenant);
		text_free(g->webhook_keys);
		g->webhook_keys = text_copy(g->webhook_tenant[0] ? url : "");
		return;
	}
	path = strstr(g->webhook_keys, "://") ? strchr(strstr(g->webhook_keys, "://") + 3, '/') : NULL;
	(void)span_copy(start, sizeof start, span_from(g->webhook_keys, path ? (size_t)(path - g->webhook_keys) : strlen(g->webhook_keys)));
	if (!shape_endpoint(start, true, &f) || strpbrk(g->webhook_keys, " \t\"<>\\"))
		section_fault(s, "webhook_keys", "webhook_keys is the URL of a JSON Web Key Set, as " KEYS_OF_TENANT, g->authority,
		    "TENANT");
}

static void
webhook_tokens(const struct section *s, struct conf_gateway *g)
{
	g->webhook_tenant = section_text(s, "webhook_tenant");
	g->webhook_audience = section_text(s, "webhook_audience");
	g->webhook_caller = section_text(s, "webhook_caller");
	webhook_keys(s, g);
	if (!is_id(g->webhook_tenant))
		section_fault(s, "webhook_tenant", "webhook_tenant is the tenant's id, as 72f988bf-86f1-41af-91ab-2d7cd011db47");
	if (g->webhook_tenant[0] && !g->webhook_audience[0])
		section_fault(s, "webhook_tenant", "webhook_tenant needs webhook_audience: for whom the tokens must be");
	if (g->webhook_audience[0] && !g->webhook_tenant[0])
		section_fault(s, "webhook_audience", "webhook_audience needs webhook_tenant: whose tokens they must be");
}

static void
webhook(const struct section *s, struct conf_gateway *g)
{
	g->webhook_port = (int)section_number(s, "webhook_port");
	g->webhook_address = section_text(s, "webhook_address");
	g->webhook_path = section_text(s, "webhook_path");
	g->webhook_certificate = section_path(s, "webhook_certificate");
	g->webhook_private_key = section_path(s, "webhook_private_key");
	g->webhook_secret = section_path(s, "webhook_secret");
	webhook_tokens(s, g);
	if (!g->webhook_port)
		return;
	if (!shape_address(g->webhook_address) || strcmp(g->webhook_address, "localhost") == 0)
		section_fault(s, "webhook_address", "webhook_address is an IP address, as \"0.0.0.0\", not \"%s\"", g->webhook_address);
	if (!is_path(g->webhook_path))
		section_fault(s, "webhook_path", "webhook_path begins with / and has letters, digits and /-._~ only");
	if (!g->webhook_certificate[0])
		section_fault(s, "webhook_certificate", "webhook_certificate is missing (what we show Event Grid)");
	if (!g->webhook_private_key[0])
		section_fault(s, "webhook_private_key", "webhook_private_key is missing (the key of webhook_certificate)");
	if (!g->webhook_secret[0] && !g->webhook_tenant[0])
		section_fault(s, "webhook_port",
		    "a webhook needs webhook_secret, or webhook_tenant and webhook_audience: without them everybody could send "
		    "events");
}

void
build_gateway_told(const struct section *s, struct conf_gateway *g)
{
	enum { AUTO, POLL, QUEUE, WEBHOOK, NONE } way = (int)section_word(s, "reports");
	bool old = strcmp(g->api_version, "2021-03-07") == 0;

	queue(s, g);
	webhook(s, g);
	if (way == QUEUE && !g->queue[0])
		section_fault(s, "reports", "reports = queue, but there is no queue");
	if (way == WEBHOOK && !g->webhook_port)
		section_fault(s, "reports", "reports = webhook, but webhook_port is not set");
	if (way == POLL && old)
		section_fault(s, "reports", "reports = poll needs api_version = 2026-01-23: older ones have no reports to ask for");
	if (way == AUTO)
		way = g->queue[0] ? QUEUE : g->webhook_port ? WEBHOOK : old ? NONE : POLL;
	g->reports = way == POLL ? REPORTS_POLL : way == QUEUE ? REPORTS_QUEUE : way == WEBHOOK ? REPORTS_WEBHOOK : REPORTS_NONE;
}

/* ---- between blocks ---- */

static void
check_webhooks(struct reader *r)
{
	const struct conf *c = r->conf;

	for (size_t i = 0; i < c->gateways_n; i++) {
		const struct conf_gateway *b = &c->gateways[i];

		for (size_t k = 0; b->webhook_port && k < i; k++)
			if (c->gateways[k].webhook_port == b->webhook_port && strcmp(c->gateways[k].title, b->title) != 0)
				conf_fault_add(r->faults, &b->at, false,
				    "gateway \"%s\": gateway \"%s\" has webhook_port %d already: each has its own", b->title,
				    c->gateways[k].title, b->webhook_port);
		for (size_t k = 0; b->webhook_port && k < c->listeners_n; k++)
			if (c->listeners[k].port == b->webhook_port)
				conf_fault_add(r->faults, &b->at, false, "gateway \"%s\": webhook_port %d is listener \"%s\"'s port",
				    b->title, b->webhook_port, c->listeners[k].title);
	}
}

/* Some site sends from it to countries besides the United States. */
static bool
goes_abroad(const struct conf *c, const struct conf_number *n)
{
	for (size_t i = 0; i < c->sites_n; i++) {
		const struct conf_environment *e = c->sites[i].environment;

		if (c->sites[i].number != n || !e || !e->organization)
			continue;
		for (size_t k = 0; k < e->organization->countries.n; k++)
			if (strcmp(e->organization->countries.item[k], "US") != 0)
				return true;
	}
	return false;
}

/* Where no carrier blocks after a STOP, we must hear it ourselves. */
static void
check_numbers(struct reader *r)
{
	const struct conf *c = r->conf;

	for (size_t i = 0; i < c->numbers_n; i++) {
		const struct conf_number *n = &c->numbers[i];

		if (!n->gateway || conf_gateway_hears(n->gateway))
			continue;
		if (n->type == NUMBER_10DLC)
			conf_fault_add(r->faults, &n->at, false,
			    "number \"%s\": nobody but us would hear STOP on a 10dlc number: gateway \"%s\" needs queue or "
			    "webhook_port",
			    n->title, n->gateway->title);
		if (n->type == NUMBER_SHORT_CODE && goes_abroad(c, n))
			conf_fault_add(r->faults, &n->at, false,
			    "number \"%s\": outside the US nobody but us would hear STOP on a short code: gateway \"%s\" needs queue "
			    "or webhook_port",
			    n->title, n->gateway->title);
		if (n->type == NUMBER_TOLL_FREE)
			conf_fault_add(r->faults, &n->at, true,
			    "number \"%s\": STOP is known only from failed texts, since gateway \"%s\" has neither queue nor "
			    "webhook_port",
			    n->title, n->gateway->title);
	}
}

void
check_told(struct reader *r)
{
	check_webhooks(r);
	check_numbers(r);
}
