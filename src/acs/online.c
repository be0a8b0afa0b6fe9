/* online.c - one question each to the gateways, queues and FHIR servers of a configuration, all at once. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/online.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/access.h"
#include "acs/queue.h"
#include "nudge/acs.h"

#define CONNECT_MS 5000
#define ANSWER_MAX 65536u
#define FHIR_ANSWER_MAX (16u << 20) /* large servers describe themselves at length */
#define REPORTS_SINCE "2026-01-23"  /* earlier versions know no reports; a key is one for all versions */

struct online {
	struct access_set set;
	struct event_base *base;
	struct thing *thing; /* owned */
	size_t n, open;
	const char *ca_file;
};

struct thing {
	struct online *all;
	const char *what, *title;
	char at[640];
	const struct conf_gateway *gateway;
	struct access *access;      /* held */
	struct queue_reader *queue; /* owned */
	bool done, works;
	struct buf text;
};

/* The first word counts: a late answer changes nothing. */
static void
found(struct thing *t, bool works)
{
	if (t->done)
		return;
	t->done = true;
	t->works = works;
	if (--t->all->open == 0)
		(void)event_base_loopexit(t->all->base, NULL);
}

static void
say(struct thing *t, bool works, const char *text)
{
	if (!t->done)
		(void)buf_add_text(&t->text, text);
	found(t, works);
}

/* ---- what went wrong before there was an answer ---- */

static const char *
end_text(enum http_end e)
{
	switch (e) {
	case HTTP_CUT:
		return "took the connection and did not answer; is a proxy or firewall between?";
	case HTTP_UNREACHED:
		return "cannot be reached: look at the name, at DNS and at the firewall (there is no proxy setting)";
	case HTTP_UNTRUSTED:
		return "its certificate is not trusted: is it another machine, or does something on the way open TLS?";
	case HTTP_LATE:
	case HTTP_ANSWERED:
		break;
	}
	return "was not asked";
}

/* ---- gateways ---- */

static void
on_status(struct thing *t, const struct access_answer *a)
{
	bool key = t->gateway->auth == AUTH_KEY;
	int s = a->http.status;

	if (s == 401 && a->clock_off)
		say(t, false, "refuses us, and its clock is five minutes and more from ours: set ours right");
	else if (s == 401)
		say(t, false, key ? "refuses access_key: it is another resource's, or was replaced" : "refuses the token: look at the endpoint, and whose application it is");
	else if (s == 403)
		say(t, false, "knows us and does not let us in: look at the role of the application, and at the resource's network rules");
	else if (s == 404 || (s >= 200 && s < 300))
		say(t, true, key ? "takes access_key" : "takes the token");
	else if (s == 429)
		say(t, true, "lets us in, and is busy (429)");
	else
		(void)buf_addf(&t->text, "answers %d, which says neither yes nor no", s);
	found(t, false);
}

static void
on_gateway(void *ctx, const struct access_answer *a)
{
	struct thing *t = ctx;

	switch (a->end) {
	case ACCESS_ANSWERED:
		on_status(t, a);
		break;
	case ACCESS_CUT:
		say(t, false, end_text(HTTP_CUT));
		break;
	case ACCESS_UNREACHED:
		say(t, false, end_text(HTTP_UNREACHED));
		break;
	case ACCESS_UNTRUSTED:
		say(t, false, end_text(HTTP_UNTRUSTED));
		break;
	case ACCESS_NO_TOKEN:
		say(t, false, "was not asked: whoever gives tokens does not answer");
		break;
	case ACCESS_REFUSED:
		say(t, false, "was not asked: no token is given to us; look at tenant, client_id and the secret");
		break;
	case ACCESS_LATE:
	case ACCESS_NO_MEMORY:
		say(t, false, "was not asked");
		break;
	}
}

static void
ask_gateway(struct thing *t)
{
	const char *version = t->gateway->api_version;
	struct access_request r = { .method = "GET", .answer_max = ANSWER_MAX };
	struct fault f = { .kind = FAULT_NONE };
	char id[ACS_REPEAT_ID_MAX], path[128];

	if (!access_new(&t->all->set, t->gateway, &t->access, &f) || !acs_request_id(id, sizeof id)) {
		say(t, false, f.text[0] ? f.text : "was not asked");
		return;
	}
	(void)snprintf(path, sizeof path, "/deliveryReports/%s?api-version=%s", id, strcmp(version, REPORTS_SINCE) > 0 ? version : REPORTS_SINCE);
	r.path = path;
	access_send(t->access, &r, on_gateway, t);
}

/* ---- queues ---- */

static void
on_queue(void *ctx, const struct http_answer *a)
{
	struct thing *t = ctx;
	struct span code = http_answer_header(a, "x-ms-error-code");
	const char *secret = t->gateway->queue_key[0] ? "queue_key" : "queue_sas";
	bool not_there = span_is(code, "MessageNotFound") || span_is(code, "PopReceiptMismatch") || span_is(code, "InvalidQueryParameterValue");

	if (a->end != HTTP_ANSWERED)
		say(t, false, end_text(a->end));
	else if (not_there || (a->status >= 200 && a->status < 300))
		(void)buf_addf(&t->text, "%s may read it", secret);
	else if (a->status == 401 || a->status == 403)
		(void)buf_addf(&t->text, "refuses %s (%d): %s", secret, a->status,
		    t->gateway->queue_key[0] ? "it is another account's, or was replaced, or our clock is wrong" : "it is over, of another queue, or may not process (sp=p)");
	else if (a->status == 404)
		say(t, false, "there is no such queue in this account: make it, and let Event Grid write into it");
	else
		(void)buf_addf(&t->text, "answers %d, which says neither yes nor no", a->status);
	found(t, not_there || (a->status >= 200 && a->status < 300));
}

static void
ask_queue(struct thing *t)
{
	struct fault f = { .kind = FAULT_NONE };

	if (!queue_try(t->all->base, t->all->set.http, t->gateway, on_queue, t, &t->queue, &f))
		say(t, false, f.text);
}

/* ---- FHIR ---- */

static void
on_fhir(void *ctx, const struct http_answer *a)
{
	struct thing *t = ctx;
	int s = a->status;

	if (a->end != HTTP_ANSWERED)
		say(t, false, end_text(a->end));
	else if (s >= 200 && s < 300)
		found(t, online_fhir(a->body, t->at, &t->text));
	else if (s == 401 || s == 403)
		say(t, true, "is there, and shows its description only to whom it knows");
	else if (s >= 300 && s < 400)
		say(t, false, "sends whoever asks elsewhere: fhir_base_url is the address where it ends");
	else if (s == 404 || s == 410)
		say(t, false, "has no metadata: this is not the base URL of a FHIR server");
	else
		(void)buf_addf(&t->text, "answers %d", s);
	found(t, false);
}

static void
ask_fhir(struct thing *t)
{
	size_t n = strlen(t->at);
	struct http_headers headers = { 0 };
	struct http_request r = { .method = "GET", .ca_file = t->all->ca_file, .headers = &headers, .answer_max = FHIR_ANSWER_MAX,
		.connect_ms = CONNECT_MS };
	char url[660];

	(void)snprintf(url, sizeof url, "%s%smetadata", t->at, n > 0 && t->at[n - 1] == '/' ? "" : "/");
	http_header(&headers, "Accept", "application/fhir+json, application/json;q=0.9");
	r.url = url;
	if (strncmp(url, "http", 4) != 0 || strpbrk(t->at, "?# \t") || !http_send(t->all->set.http, &r, on_fhir, t))
		say(t, false, "was not asked: this is no base URL");
	http_headers_clear(&headers);
}

/* ---- all of them ---- */

static struct thing *
add(struct online *o, const char *what, const char *title, const char *at, const struct conf_gateway *g)
{
	struct thing *t = &o->thing[o->n++];

	*t = (struct thing){ .all = o, .what = what, .title = title, .gateway = g };
	(void)snprintf(t->at, sizeof t->at, "%s", at);
	buf_init(&t->text, 1024);
	o->open++;
	return t;
}

static bool
is_first_with(const struct conf *c, size_t site)
{
	for (size_t i = 0; i < site; i++)
		if (strcmp(c->sites[i].fhir_base_url, c->sites[site].fhir_base_url) == 0)
			return false;
	return c->sites[site].fhir_base_url[0] != '\0';
}

static void
ask_all(struct online *o, const struct conf *c)
{
	for (size_t i = 0; i < c->gateways_n; i++) {
		const struct conf_gateway *g = &c->gateways[i];

		(void)add(o, "gateway", g->title, g->endpoint, g);
		if (g->queue[0])
			(void)add(o, "queue", g->title, g->queue, g);
	}
	for (size_t i = 0; i < c->sites_n; i++)
		if (is_first_with(c, i))
			(void)add(o, "fhir", c->sites[i].title, c->sites[i].fhir_base_url, NULL);
	for (size_t i = 0; i < o->n; i++) {
		struct thing *t = &o->thing[i];

		if (strcmp(t->what, "gateway") == 0)
			ask_gateway(t);
		else if (t->gateway)
			ask_queue(t);
		else
			ask_fhir(t);
	}
}

static void
tell(struct online *o, int deadline_s, online_fn *fn, void *ctx)
{
	for (size_t i = 0; i < o->n; i++) {
		struct thing *t = &o->thing[i];
		struct online_finding x = { t->what, t->title, t->at, t->works, NULL };

		if (!t->done)
			(void)buf_addf(&t->text, "no answer within %d s: look at the firewall", deadline_s);
		x.text = buf_text(&t->text);
		fn(ctx, &x);
	}
}

static void
clear(struct online *o)
{
	access_close(&o->set);
	for (size_t i = 0; i < o->n; i++) {
		queue_reader_free(o->thing[i].queue);
		access_drop(o->thing[i].access);
	}
	http_free(o->set.http);
	for (size_t i = 0; i < o->n; i++)
		buf_clear(&o->thing[i].text);
	free(o->thing);
	if (o->base)
		event_base_free(o->base);
}

bool
online_ask(const struct conf *c, const char *ca_file, int deadline_s, online_fn *fn, void *ctx, struct fault *f)
{
	struct online o = { .ca_file = ca_file };
	struct timeval t = { deadline_s, 0 };

	o.base = o.set.base = event_base_new();
	o.thing = calloc(2 * c->gateways_n + c->sites_n + 1, sizeof *o.thing);
	if (!o.base || !o.thing || !http_new(o.base, &o.set.http, f)) {
		clear(&o);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	ask_all(&o, c);
	if (o.open > 0 && event_base_loopexit(o.base, &t) == 0)
		(void)event_base_dispatch(o.base);
	tell(&o, deadline_s, fn, ctx);
	clear(&o);
	return true;
}
