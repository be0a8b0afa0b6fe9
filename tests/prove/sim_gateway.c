/* sim_gateway.c - see sim_gateway.h. */
// SPDX-License-Identifier: Apache-2.0
#include "sim_gateway.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/http.h"
#include "sim.h"
#include "whose.h"

#define BINS 4096
#define PATIENCE_MS 30000 /* of src/acs/http.c */

struct http { struct http_call *calls; };

struct http_call {
	struct http *http;
	struct http_call *next;
	int64_t number;
	http_done_fn *done;
	void *ctx;
};

struct reply {
	int status;
	struct buf body;
	const char *header, *value; /* besides; NULL: none */
};

struct request {           /* on its way; it arrives whether or not anybody still waits */
	int64_t call;
	struct buf body;
	bool again;            /* a copy that something between made, and that does not sleep when our machine does */
	int64_t due_ms;        /* when it arrives */
	bool text;             /* else a question of another kind */
};

struct remembered {
	char id[40], message[64];
	uint64_t body;
	int64_t at_ms;
	size_t next;           /* in its bin; 1: the first */
};

static struct {
	struct gateway_ways ways;
	struct remembered *ids;
	size_t ids_n, ids_cap;
	size_t first[BINS];
	int64_t calls, took;
	bool away;
	struct http *http;     /* the one that lives */
} the;

void
sim_gateway_begin(const struct gateway_ways *w)
{
	free(the.ids);
	memset(&the, 0, sizeof the);
	the.ways = *w;
}

void sim_gateway_ways(const struct gateway_ways *w) { the.ways = *w; }
void sim_gateway_away(bool away) { the.away = away; }
int64_t sim_gateway_took(void) { return the.took; }

/* ---- what it remembers ---- */

static uint64_t
hash_of(struct span s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h;
}

static struct remembered *
recall(const char *id)
{
	for (size_t i = the.first[hash_of(span_of(id)) % BINS]; i > 0; i = the.ids[i - 1].next)
		if (strcmp(the.ids[i - 1].id, id) == 0)
			return &the.ids[i - 1];
	return NULL;
}

static struct remembered *
remember(const char *id, uint64_t body)
{
	struct remembered *r;
	size_t *bin;

	if (the.ids_n == the.ids_cap) {
		the.ids_cap = the.ids_cap ? the.ids_cap * 2 : 1024;
		the.ids = realloc(the.ids, the.ids_cap * sizeof *the.ids);
		if (!the.ids)
			abort();
	}
	bin = &the.first[hash_of(span_of(id)) % BINS];
	r = &the.ids[the.ids_n++];
	*r = (struct remembered){ .body = body, .at_ms = sim_ms(), .next = *bin };
	*bin = the.ids_n;
	(void)snprintf(r->id, sizeof r->id, "%s", id);
	(void)snprintf(r->message, sizeof r->message, "Outgoing_%zu_noam", the.ids_n);
	return r;
}

/* ---- what it says ---- */

enum takes { NEVER, ALWAYS, EITHER };

static const struct shape {
	int status;
	enum takes takes;
	const char *body;          /* @T the number, @M the message's id */
	const char *header, *value;
} usual = { 202, ALWAYS,
	"{\"value\":[{\"to\":\"@T\",\"messageId\":\"@M\",\"httpStatusCode\":202,\"repeatabilityResult\":\"accepted\",\"successful\":true}]}",
	NULL, NULL };

static const struct shape odd[] = {
	{ 202, ALWAYS, "{\"value\":[{\"to\":\"@T\",\"httpStatusCode\":202,\"successful\":true,\"errorMessage\":null}]}", NULL, NULL },
	{ 202, ALWAYS, "{\"value\":[{\"to\":\"1\",\"messageId\":\"@M\",\"httpStatusCode\":202,\"repeatabilityResult\":\"Accepted\"}]}", NULL, NULL },
	{ 200, ALWAYS, "{\"value\":[{\"to\":\"@T\",\"messageId\":\"@M\",\"httpStatusCode\":200,\"successful\":true}]}", NULL, NULL },
	{ 202, EITHER, "", NULL, NULL },
	{ 202, EITHER, "<html>ok</html>", NULL, NULL },
	{ 202, EITHER, "{\"value\":[]}", NULL, NULL },
	{ 202, EITHER, "{\"value\":[{\"to\":\"@T\",\"httpStatusCode\":2", NULL, NULL },
	{ 202, EITHER, "{\"value\":[{\"to\":\"@T\"}]}", NULL, NULL },
	{ 202, EITHER, "{\"value\":[{\"to\":\"@T\",\"httpStatusCode\":500,\"successful\":false}]}", NULL, NULL },
	{ 202, NEVER, "{\"value\":[{\"to\":\"@T\",\"httpStatusCode\":400,\"successful\":false,\"errorMessage\":\"Invalid To phone number format.\"}]}", NULL, NULL },
	{ 202, NEVER, "{\"value\":[{\"to\":\"@T\",\"httpStatusCode\":400,\"repeatabilityResult\":\"rejected\",\"successful\":false}]}", NULL, NULL },
	{ 202, NEVER, "{\"value\":[{\"to\":\"@T\",\"httpStatusCode\":503,\"successful\":false}]}", NULL, NULL },
	{ 202, NEVER, "{\"value\":[{\"to\":\"@T\",\"httpStatusCode\":429,\"successful\":false}]}", NULL, NULL },
	{ 400, NEVER, "{\"From\":[\"Invalid from phone number format.\"]}", NULL, NULL },
	{ 400, NEVER, "{\"type\":\"t\",\"title\":\"One or more\",\"status\":400,\"traceId\":\"x\",\"errors\":{\"SmsRecipients[0].To\":[\"no\"]}}", NULL, NULL },
	{ 400, NEVER, "{\"error\":{\"code\":\"ApiVersionUnspecified\",\"message\":\"x\",\"innerError\":null}}", NULL, NULL },
	{ 400, NEVER, "", NULL, NULL },
	{ 401, NEVER, "{\"error\":{\"code\":\"Unauthorized\",\"message\":\"\"}}", NULL, NULL },
	{ 403, NEVER, "{\"error\":{\"code\":\"Denied\",\"message\":\"x\"}}", NULL, NULL },
	{ 404, NEVER, "", NULL, NULL },
	{ 408, EITHER, "", NULL, NULL },
	{ 409, EITHER, "", NULL, NULL },
	{ 422, NEVER, "{", NULL, NULL },
	{ 429, NEVER, "", "retry-after", "17" },
	{ 429, NEVER, "{\"error\":{\"code\":\"TooManyRequests\",\"message\":\"x\"}}", "retry-after-ms", "900" },
	{ 429, NEVER, "", NULL, NULL },
	{ 500, EITHER, "oops", NULL, NULL },
	{ 502, EITHER, "<html>", NULL, NULL },
	{ 503, NEVER, "", "retry-after", "120" },
	{ 504, EITHER, "", NULL, NULL },
	{ 301, NEVER, "", "location", "https://elsewhere" },
};

static void
fill(struct buf *out, const char *form, const char *to, const char *message)
{
	for (; *form; form++) {
		if (form[0] == '@' && (form[1] == 'T' || form[1] == 'M'))
			(void)buf_add_text(out, *++form == 'T' ? to : message);
		else
			(void)buf_add_char(out, *form);
	}
}

static const char *
text_at(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	if (!s)
		broken("a request without \"%s\"", key);
	return s;
}

static void
give_to_phone(const json_t *root, const json_t *item, const char *id)
{
	struct taken t = { .row = strtoll(text_at(json_object_get(root, "smsSendOptions"), "tag"), NULL, 10), .to = text_at(item, "to"),
		.words = text_at(root, "message"), .repeat_id = id };

	the.took++;
	sim_trace("taken by the gateway", t.row, (int64_t)hash_of(span_of(t.to)));
	the.ways.took(&t);
}

/* One request is understood, perhaps done, and answered. at_ms: when it came. */
static void
understand(struct span body, int64_t at_ms, struct reply *out)
{
	json_t *root = json_loadb(body.p, body.n, 0, NULL);
	const json_t *item = json_array_get(json_object_get(root, "smsRecipients"), 0);
	const struct shape *s = luck(the.ways.odd) ? &odd[dice(COUNT(odd))] : &usual;
	const char *id = text_at(item, "repeatabilityRequestId");
	struct remembered *r = recall(id);
	bool known = r && (the.ways.window_s == 0 || at_ms - r->at_ms <= the.ways.window_s * 1000);

	if (r && r->body != hash_of(body))
		broken("promise 4: the same id with other bytes");
	if (!known && (s->takes == ALWAYS || (s->takes == EITHER && dice(2)))) {
		r = remember(id, hash_of(body));
		give_to_phone(root, item, id);
	}
	if (r && s->takes == NEVER && s->status == 202) /* it is remembered: the first answer again */
		s = &usual;
	if (strstr(s->body, "To phone number") || strstr(s->body, "].To"))
		the.ways.refused(text_at(item, "to"));
	out->status = s->status;
	out->header = s->header;
	out->value = s->value;
	fill(&out->body, s->body, text_at(item, "to"), r ? r->message : "none");
	sim_trace("answered by the gateway", s->status, (int64_t)(s == &usual ? 0 : s - odd + 1));
	json_decref(root);
}

/* ---- HTTP ---- */

bool
http_new(struct event_base *base, struct http **out, struct fault *f)
{
	(void)base;
	*out = the.http = calloc(1, sizeof **out);
	return *out || fault_set(f, FAULT_BUSY, "out of memory");
}

static struct http_call **
place_of(int64_t number)
{
	struct http_call **at;

	if (!the.http)
		return NULL;
	for (at = &the.http->calls; *at; at = &(*at)->next)
		if ((*at)->number == number)
			return at;
	return NULL;
}

void
http_cancel(struct http_call *c)
{
	struct http_call **at = c ? place_of(c->number) : NULL;

	if (!at)
		return;
	*at = c->next;
	sim_forget(c);
	free(c);
}

void
http_free(struct http *h)
{
	while (h && h->calls)
		http_cancel(h->calls);
	if (h == the.http)
		the.http = NULL;
	free(h);
}

void http_header(struct http_headers *h, const char *name, const char *value) { (void)h; (void)name; (void)value; }
void http_headers_clear(struct http_headers *h) { (void)h; }
void http_renew(struct http *h) { (void)h; }

struct span
http_answer_header(const struct http_answer *a, const char *name)
{
	const struct reply *r = a->handle;

	return r && r->header && strcmp(r->header, name) == 0 ? span_of(r->value) : SPAN_NONE;
}

static void
end(int64_t number, enum http_end how, struct reply *r)
{
	struct http_call **at = place_of(number), *c;
	struct http_answer a = { .end = how, .status = r ? r->status : 0, .body = r ? buf_span(&r->body) : SPAN_NONE, .handle = r };

	if (!at)
		return;
	c = *at;
	*at = c->next;
	sim_forget(c);
	{
		PRODUCT_RUNS;
		c->done(c->ctx, &a);
	}
	free(c);
}

static void
end_without(void *ctx, int64_t how)
{
	const struct http_call *c = ctx;

	sim_trace("no answer", (int64_t)how, 0);
	end(c->number, (enum http_end)how, NULL);
}

struct returning {
	int64_t call;
	struct reply reply;
};

static void
come_back(void *ctx, int64_t unused)
{
	struct returning *r = ctx;

	(void)unused;
	end(r->call, HTTP_ANSWERED, &r->reply);
	buf_clear(&r->reply.body);
	free(r);
}

static int64_t
a_way(void)
{
	return 1 + (int64_t)dice((uint64_t)the.ways.slow_ms + 1);
}

static void
arrive(void *ctx, int64_t unused)
{
	struct request *q = ctx;
	struct returning *r = calloc(1, sizeof *r);

	(void)unused;
	if (!r)
		abort();
	r->call = q->call;
	buf_init(&r->reply.body, 65536);
	if (q->text)
		understand(buf_span(&q->body), q->again ? q->due_ms : sim_ms(), &r->reply);
	else
		r->reply.status = 404;
	if (q->again || luck(the.ways.lost)) {
		buf_clear(&r->reply.body);
		free(r);
	} else {
		sim_at(a_way(), come_back, r, 0);
	}
	buf_clear(&q->body);
	free(q);
}

static void
post(const struct http_request *r, int64_t call, bool again)
{
	struct request *q = calloc(1, sizeof *q);
	int64_t in_ms = again ? a_way() + (int64_t)dice(20000) : a_way();

	if (!q)
		abort();
	q->call = call;
	q->due_ms = sim_ms() + in_ms;
	q->again = again;
	q->text = strstr(r->url, "/sms?") != NULL;
	buf_init(&q->body, 65536);
	(void)buf_add_span(&q->body, r->body);
	sim_at(in_ms, arrive, q, 0);
}

struct http_call *
http_send(struct http *h, const struct http_request *r, http_done_fn *done, void *ctx)
{
	struct http_call *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	WORLD_RUNS;
	*c = (struct http_call){ h, h->calls, ++the.calls, done, ctx };
	h->calls = c;
	sim_at(PATIENCE_MS, end_without, c, HTTP_CUT);
	if (r->not_after_s && sim_wall_s() > r->not_after_s) {
		sim_at(0, end_without, c, HTTP_LATE);
	} else if (the.away) {
		sim_at(1 + (int64_t)dice(10000), end_without, c, luck(100) ? HTTP_UNTRUSTED : HTTP_UNREACHED);
	} else if (luck(the.ways.lost / 2)) { /* cut before the request was whole */
		sim_at(1 + (int64_t)dice(3000), end_without, c, HTTP_CUT);
	} else {
		post(r, c->number, false);
		if (luck(the.ways.twice))
			post(r, c->number, true);
		if (luck(the.ways.lost)) /* the connection breaks while the gateway works */
			sim_at(1 + (int64_t)dice(5000), end_without, c, HTTP_CUT);
	}
	return c;
}
