/* access.c - signed or with a token, and once more where the first key is not taken any more. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/token.h"
#include "nudge/clock.h"
#include "nudge/log.h"

#define PATH_MAX_BYTES 512
#define CLOCK_OFF_S 300

struct access {
	size_t holds;
	struct access_set *set;
	struct access *next_all, **at_all;
	char *title, *endpoint, *ca_file, *revocation_list;
	char host[300];              /* as in Host */
	struct acs_key *key[2];      /* owned; the second may be NULL; both are with a token */
	size_t key_now;              /* the one that was taken last */
	struct token *token;         /* owned; NULL with keys */
	struct asking *open;
};

struct asking { /* one request */
	struct access *access;       /* a hold */
	struct asking *next, **at;
	struct http_call *call;      /* NULL: waits for the token */
	const char *method;
	char path[PATH_MAX_BYTES];
	struct buf body;
	int64_t not_after_s;
	size_t answer_max, key;
	bool second;                 /* it is signed with the other key now */
	access_done_fn *done;
	void *ctx;
	char id[ACS_REPEAT_ID_MAX];
};

const char *
access_end_name(enum access_end e)
{
	static const char *const name[] = { "answered", "no-answer", "no-connection", "certificate", "too-late", "no-token",
		"token-refused", "no-memory" };

	return name[e];
}

void
access_trace(const struct access_answer *a, char out[ACCESS_TRACE_MAX])
{
	struct span cv = a->end == ACCESS_ANSWERED ? http_answer_header(&a->http, "ms-cv") : SPAN_NONE;

	for (size_t i = 0; i < cv.n; i++)
		if (cv.p[i] <= ' ' || cv.p[i] > '~')
			cv = SPAN_NONE;
	(void)snprintf(out, ACCESS_TRACE_MAX, "%.*s%s%s", cv.n < 64 ? (int)cv.n : 64, cv.n > 0 ? cv.p : "", cv.n > 0 ? " " : "",
	    a->request_id);
}

static void
asking_free(struct asking *q)
{
	struct access *a = q->access;

	*q->at = q->next;
	if (q->next)
		q->next->at = q->at;
	buf_wipe(&q->body);
	free(q);
	access_drop(a);
}

static void
end(struct asking *q, enum access_end how, const struct http_answer *http, bool clock_off)
{
	struct access_answer a = { .end = how, .request_id = q->id, .clock_off = clock_off };

	if (http)
		a.http = *http;
	q->done(q->ctx, &a);
	asking_free(q);
}

/* ---- what came back ---- */

/* An answer's Date against ours: a signature of a wrong time is refused like a wrong key. */
static bool
clock_is_off(const struct http_answer *http)
{
	int64_t now = clock_now().wall_ms / 1000, there = acs_http_date(http_answer_header(http, "date"));

	return there >= 0 && (there - now >= CLOCK_OFF_S || now - there >= CLOCK_OFF_S);
}

static void
go(struct asking *q);

static void
on_answer(void *ctx, const struct http_answer *http)
{
	static const enum access_end ends[] = { [HTTP_ANSWERED] = ACCESS_ANSWERED, [HTTP_CUT] = ACCESS_CUT,
		[HTTP_UNREACHED] = ACCESS_UNREACHED, [HTTP_UNTRUSTED] = ACCESS_UNTRUSTED, [HTTP_LATE] = ACCESS_LATE };
	struct asking *q = ctx;
	struct access *a = q->access;
	bool refused = http->status == 401, off = refused && clock_is_off(http);

	q->call = NULL;
	if (refused && a->token)
		token_doubt(a->token);
	/* Refused is certainly not taken: the other key may be the good one. */
	if (refused && !off && !a->token && a->key[1] && !q->second) {
		q->second = true;
		q->key = !q->key;
		go(q);
		return;
	}
	if (q->second && http->end == HTTP_ANSWERED && !refused && a->key_now != q->key) {
		a->key_now = q->key;
		log_warn("the gateway takes only the other of the two access keys now", log_name("gateway", a->title),
		    log_name("in_use", q->key ? "access_key_2" : "access_key"));
	}
	end(q, ends[http->end], http, off);
}

/* ---- on its way ---- */

/* Now, as it is signed: many requests are of one second. */
static const char *
date_now(struct access_set *set)
{
	int64_t now_s = clock_now().wall_ms / 1000;

	if (now_s != set->date_s) {
		clock_http_date(now_s, set->date);
		set->date_s = now_s;
	}
	return set->date;
}

static bool
add_signature(struct asking *q, struct http_headers *h)
{
	struct access *a = q->access;
	struct acs_signature s;
	const char *date = date_now(a->set);

	if (!acs_sign(a->key[q->key], q->method, q->path, date, a->host, buf_span(&q->body), &s))
		return false;
	http_header(h, "x-ms-date", date);
	http_header(h, "x-ms-content-sha256", s.content_hash);
	http_header(h, "Authorization", s.authorization);
	return true;
}

static void
add_token(struct http_headers *h, const char *token)
{
	struct buf value;

	buf_init(&value, 20000);
	if (buf_add_text(&value, "Bearer ") && buf_add_text(&value, token))
		http_header(h, "Authorization", buf_text(&value));
	else
		h->spoilt = true;
	buf_wipe(&value);
}

/* token: NULL with keys. */
static void
send_now(struct asking *q, const char *token)
{
	struct access *a = q->access;
	struct http_headers h = { 0 };
	char url[1024];
	struct http_request r = { .method = q->method, .url = url, .ca_file = a->ca_file, .revocation_list = a->revocation_list, .headers = &h,
		.body = buf_span(&q->body), .answer_max = q->answer_max, .not_after_s = q->not_after_s };

	if (q->body.n > 0)
		http_header(&h, "Content-Type", "application/json");
	http_header(&h, "Accept", "application/json");
	http_header(&h, "x-ms-client-request-id", q->id);
	http_header(&h, "Expect", "");
	if (token)
		add_token(&h, token);
	else if (!add_signature(q, &h))
		h.spoilt = true;
	if (snprintf(url, sizeof url, "%s%s", a->endpoint, q->path) >= (int)sizeof url)
		h.spoilt = true;
	q->call = http_send(a->set->http, &r, on_answer, q);
	if (!q->call)
		end(q, ACCESS_NO_MEMORY, NULL, false);
}

static void
go(struct asking *q)
{
	const char *token = NULL;

	if (!q->access->token) {
		send_now(q, NULL);
		return;
	}
	switch (token_get(q->access->token, &token)) {
	case TOKEN_THERE:
		send_now(q, token);
		break;
	case TOKEN_COMING:
		break;
	case TOKEN_REFUSED:
		end(q, ACCESS_REFUSED, NULL, false);
		break;
	case TOKEN_AWAY:
		end(q, ACCESS_NO_TOKEN, NULL, false);
		break;
	}
}

static struct asking *
first_waiting(const struct access *a)
{
	struct asking *q = a->open;

	while (q && q->call) // NOLINT(clang-analyzer-unix.Malloc): what has ended takes itself off the list
		q = q->next;
	return q;
}

/* A token came, or none will for now: those that waited go, or end. */
static void
on_news(void *ctx)
{
	struct access *a = access_hold(ctx);
	struct asking *q;
	const char *token;

	while ((q = first_waiting(a)) && token_get(a->token, &token) != TOKEN_COMING)
		go(q);
	access_drop(a);
}

void
access_send(struct access *a, const struct access_request *r, access_done_fn *done, void *ctx)
{
	struct asking *q = calloc(1, sizeof *q);
	struct access_answer none = { .end = ACCESS_NO_MEMORY, .request_id = "" };

	if (!q || strlen(r->path) >= sizeof q->path || !acs_next_id(&a->set->ids, q->id, sizeof q->id)) {
		free(q);
		done(ctx, &none);
		return;
	}
	buf_init(&q->body, r->body.n + 1);
	if (!buf_add_span(&q->body, r->body)) {
		free(q);
		done(ctx, &none);
		return;
	}
	q->access = access_hold(a);
	q->method = r->method;
	memcpy(q->path, r->path, strlen(r->path) + 1);
	q->not_after_s = r->not_after_s;
	q->answer_max = r->answer_max;
	q->key = a->key_now;
	q->done = done;
	q->ctx = ctx;
	q->next = a->open;
	q->at = &a->open;
	if (q->next)
		q->next->at = &q->next;
	a->open = q;
	go(q);
}

/* ---- its life ---- */

static bool
read_keys(struct access *a, const struct conf_gateway *g, struct fault *f)
{
	return acs_key_read(g->access_key, g->endpoint, &a->key[0], f) &&
	    (!g->access_key_2[0] || acs_key_read(g->access_key_2, g->endpoint, &a->key[1], f));
}

static bool
read_identity(struct access *a, const struct conf_gateway *g, struct fault *f)
{
	struct principal *i = NULL;

	return principal_new(g, SCOPE_ACS, &i, f) &&
	    token_new(a->set->http, a->set->base, g->title, i, on_news, a, &a->token, f);
}

bool
access_new(struct access_set *set, const struct conf_gateway *g, struct access **out, struct fault *f)
{
	struct access *a = calloc(1, sizeof *a);

	if (!a)
		return fault_set(f, FAULT_BUSY, "out of memory");
	a->holds = 1;
	a->set = set;
	a->next_all = set->all;
	a->at_all = &set->all;
	if (a->next_all)
		a->next_all->at_all = &a->next_all;
	set->all = a;
	a->title = strdup(g->title);
	a->endpoint = strdup(g->endpoint);
	a->ca_file = strdup(g->ca_file);
	a->revocation_list = strdup(g->revocation_list);
	acs_host(g->endpoint, a->host, sizeof a->host);
	if (!a->title || !a->endpoint || !a->ca_file || !a->revocation_list)
		(void)fault_set(f, FAULT_BUSY, "out of memory");
	else if (g->auth == AUTH_KEY ? read_keys(a, g, f) : read_identity(a, g, f)) {
		*out = a;
		return true;
	}
	access_drop(a);
	return fault_at(f, "gateway \"%s\"", g->title);
}

struct access *
access_hold(struct access *a)
{
	a->holds++;
	return a;
}

void
access_drop(struct access *a)
{
	if (!a || --a->holds > 0)
		return;
	*a->at_all = a->next_all;
	if (a->next_all)
		a->next_all->at_all = a->at_all;
	token_free(a->token);
	acs_key_free(a->key[0]);
	acs_key_free(a->key[1]);
	free(a->title);
	free(a->endpoint);
	free(a->ca_file);
	free(a->revocation_list);
	free(a);
}

void
access_close(struct access_set *set)
{
	for (struct access *a = set->all, *next; a; a = next) {
		(void)access_hold(a);
		for (struct asking *q = a->open, *more; q; q = more) {
			more = q->next;
			http_cancel(q->call);
			asking_free(q);
		}
		next = a->next_all;
		access_drop(a);
	}
}

void
access_inherit(struct access *a, const struct access *old)
{
	if (a->token && old->token)
		token_inherit(a->token, old->token);
}
