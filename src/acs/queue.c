/* queue.c - reads a storage queue: a batch of messages, what they say to nudged, and only then their deletion. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/queue.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/key.h"
#include "acs/secret.h"
#include "nudge/acs.h"
#include "nudge/clock.h"
#include "nudge/log.h"
#include "nudge/seal.h"

#define VISIBLE_S 120      /* so long nobody else sees a message that we have */
#define GIVE_UP_MS 100000  /* before that is over it is left to come again */
#define POISON 5           /* times that an unreadable message is handed out */
#define BUSY_MS 1000
#define IDLE_MS 30000
#define REFUSED_MS 60000
#define ID_MAX_BYTES 128
#define RECEIPT_MAX 512

struct item { /* one message that we have */
	struct told_parcel parcel; /* first: taken() gets it */
	struct queue_reader *reader;
	enum { ITEM_FREE, ITEM_GIVEN, ITEM_DELETING } state;
	char id[ID_MAX_BYTES], receipt[RECEIPT_MAX];
	struct http_call *call;
};

struct queue_reader {
	struct http *http;
	struct told_outlet outlet;
	char gateway[64], ca_file[512], revocation_list[512];
	struct queue_place place;
	struct acs_key *key;       /* owned; NULL: sas */
	struct buf sas;
	struct event *timer;
	struct http_call *call;    /* the get that is under way */
	struct item items[QUEUE_BATCH];
	size_t open;               /* items that are not free */
	bool listing;              /* the batch is still being read */
	size_t got;                /* messages in this batch */
	int64_t give_up_ms, wait_ms;
	int trouble;               /* status that was said last; 0: it works */
	bool spoken;
};

static void
again_in(struct queue_reader *q, int64_t ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };

	(void)event_add(q->timer, &t);
}

/* ---- requests ---- */

static bool
request(struct queue_reader *q, const char *method, const char *tail, const char *query, size_t answer_max, http_done_fn *done,
    void *ctx, struct http_call **out)
{
	struct http_headers headers = { 0 };
	struct http_request r = { .method = method, .ca_file = q->ca_file, .revocation_list = q->revocation_list, .headers = &headers, .answer_max = answer_max };
	char path[512], signature[160], date[CLOCK_TEXT_MAX], signed_headers[128];
	struct buf url;

	buf_init(&url, 8192);
	clock_http_date(clock_now().wall_ms / 1000, date);
	(void)snprintf(signed_headers, sizeof signed_headers, "x-ms-date:%s\nx-ms-version:" QUEUE_VERSION "\n", date);
	http_header(&headers, "x-ms-date", date);
	http_header(&headers, "x-ms-version", QUEUE_VERSION);
	http_header(&headers, "Accept", "application/xml");
	http_header(&headers, "Content-Type", ""); /* libcurl would give one to a DELETE, and it would have to be signed */
	(void)buf_addf(&url, "%s%s%s?%s", q->place.base, q->place.path, tail, query);
	if (snprintf(path, sizeof path, "%s%s", q->place.path, tail) >= (int)sizeof path)
		headers.spoilt = true;
	if (!q->key)
		(void)buf_addf(&url, "&%.*s", (int)q->sas.n, q->sas.p);
	else if (queue_sign(span_from(q->key->bytes, q->key->n), q->place.account, method, path, query, signed_headers, signature,
	             sizeof signature))
		http_header(&headers, "Authorization", signature);
	else
		headers.spoilt = true;
	r.url = buf_text(&url);
	*out = NULL;
	if (url.spoilt)
		headers.spoilt = true;
	*out = http_send(q->http, &r, done, ctx);
	http_headers_clear(&headers);
	buf_wipe(&url);
	return *out != NULL;
}

/* Says a trouble when it begins, and when it is over. */
static void
trouble(struct queue_reader *q, const struct http_answer *a)
{
	int status = a->end == HTTP_ANSWERED ? a->status : -(int)a->end;

	if (status >= 200 && status < 300)
		status = 0;
	if (status == q->trouble && (q->spoken || status))
		return;
	if (status == 0)
		log_note(q->spoken ? "the queue works again" : "reading a queue", log_name("gateway", q->gateway),
		    log_name("queue", q->place.name));
	else if (status == 401 || status == 403)
		log_error("the queue refuses us: queue_key or queue_sas is wrong or over", log_name("gateway", q->gateway),
		    log_name("queue", q->place.name), log_int("http", status));
	else if (status == 404)
		log_error("there is no such queue", log_name("gateway", q->gateway), log_name("queue", q->place.name));
	else
		log_warn("the queue cannot be read", log_name("gateway", q->gateway), log_name("queue", q->place.name),
		    log_int("http", status > 0 ? status : 0),
		    log_name("why", a->end == HTTP_UNTRUSTED ? "certificate" : a->end == HTTP_ANSWERED ? "answer" : "no-connection"));
	q->trouble = status;
	q->spoken = true;
}

/* ---- the end of a message ---- */

static void
batch_over(struct queue_reader *q)
{
	if (q->listing || q->call || q->open > 0)
		return;
	if (q->got > 0)
		q->wait_ms = BUSY_MS;
	again_in(q, q->got > 0 ? 0 : q->wait_ms);
	if (q->got == 0)
		q->wait_ms = q->wait_ms * 2 < IDLE_MS ? q->wait_ms * 2 : IDLE_MS;
}

static void
item_over(struct item *i)
{
	struct queue_reader *q = i->reader;

	i->state = ITEM_FREE;
	i->call = NULL;
	q->open--;
	batch_over(q);
}

static void
on_deleted(void *ctx, const struct http_answer *a)
{
	struct item *i = ctx;
	struct queue_reader *q = i->reader;

	/* 404 and 400: it was somebody else's by now, or is gone. Else it comes again, and changes nothing. */
	if (a->end != HTTP_ANSWERED || (a->status >= 300 && a->status != 404 && a->status != 400))
		trouble(q, a);
	item_over(i);
}

static void
delete(struct item *i)
{
	struct queue_reader *q = i->reader;
	char tail[sizeof "/messages/" + 3 * ID_MAX_BYTES], query[sizeof "popreceipt=" + 3 * RECEIPT_MAX];
	char id[3 * ID_MAX_BYTES + 1], receipt[3 * RECEIPT_MAX + 1];

	i->state = ITEM_DELETING;
	if (!queue_escape(span_of(i->id), id, sizeof id) || !queue_escape(span_of(i->receipt), receipt, sizeof receipt) ||
	    snprintf(tail, sizeof tail, "/messages/%s", id) >= (int)sizeof tail ||
	    snprintf(query, sizeof query, "popreceipt=%s", receipt) >= (int)sizeof query ||
	    !request(q, "DELETE", tail, query, 16384, on_deleted, i, &i->call))
		item_over(i);
}

static void
on_taken(struct told_parcel *p)
{
	delete((struct item *)(void *)p);
}

static void
leave(struct item *i)
{
	struct queue_reader *q = i->reader;

	q->outlet.forget(q->outlet.ctx, &i->parcel);
	item_over(i);
}

/* ---- the beginning ---- */

struct giving {
	struct queue_reader *reader;
	struct item *item;
};

static bool
give(void *ctx, const struct link_event *e)
{
	struct giving *g = ctx;
	struct link_event whole = *e;

	whole.gateway = span_of(g->reader->gateway);
	return g->reader->outlet.give(g->reader->outlet.ctx, &g->item->parcel, &whole);
}

/* Event Grid writes its messages in Base64, and did not always. */
static bool
read_text(struct span text, struct giving *g, struct told_summary *sum)
{
	struct buf plain;
	bool ok;

	while (text.n > 0 && (unsigned char)text.p[0] <= ' ')
		text = span_from(text.p + 1, text.n - 1);
	while (text.n > 0 && (unsigned char)text.p[text.n - 1] <= ' ')
		text.n--;
	if (text.n > 0 && (text.p[0] == '{' || text.p[0] == '['))
		return told_read(text, give, g, sum);
	buf_init(&plain, TOLD_BYTES_MAX);
	ok = text.n > 0 && told_base64(text, &plain) && told_read(buf_span(&plain), give, g, sum);
	buf_wipe(&plain);
	return ok;
}

static struct item *
free_item(struct queue_reader *q)
{
	for (size_t i = 0; i < QUEUE_BATCH; i++)
		if (q->items[i].state == ITEM_FREE)
			return &q->items[i];
	return NULL;
}

static bool
on_message(void *ctx, const struct queue_message *m)
{
	struct queue_reader *q = ctx;
	struct told_summary sum = { 0 };
	struct giving g = { q, free_item(q) };
	bool whole;

	if (!g.item || m->id.n >= ID_MAX_BYTES || m->receipt.n >= RECEIPT_MAX)
		return false;
	q->got++;
	q->open++;
	*g.item = (struct item){ .parcel = { .taken = on_taken }, .reader = q, .state = ITEM_GIVEN };
	(void)span_copy(g.item->id, sizeof g.item->id, m->id);
	(void)span_copy(g.item->receipt, sizeof g.item->receipt, m->receipt);
	whole = read_text(m->text, &g, &sum) && sum.broken == 0;
	if (!whole && m->dequeued >= POISON) {
		log_error("a message of the queue cannot be read and is deleted", log_name("gateway", q->gateway),
		    log_int("bytes", (int64_t)m->text.n), log_int("events_taken", (int64_t)sum.given), log_int("times", m->dequeued));
		whole = true;
	} else if (!whole) {
		log_warn("a message of the queue cannot be read now: it comes again", log_name("gateway", q->gateway),
		    log_int("bytes", (int64_t)m->text.n), log_int("times", m->dequeued));
	}
	if (whole)
		told_seal(&g.item->parcel);
	else
		leave(g.item);
	return true;
}

static void
on_got(void *ctx, const struct http_answer *a)
{
	struct queue_reader *q = ctx;
	bool good = a->end == HTTP_ANSWERED && a->status == 200;

	q->call = NULL;
	trouble(q, a);
	q->got = 0;
	if (!good) {
		again_in(q, a->end == HTTP_ANSWERED && a->status < 500 ? REFUSED_MS : IDLE_MS / 3);
		return;
	}
	q->listing = true;
	q->give_up_ms = clock_now().boot_ms + GIVE_UP_MS;
	if (!queue_list(a->body, on_message, q))
		log_error("the queue's answer cannot be read", log_name("gateway", q->gateway), log_int("bytes", (int64_t)a->body.n));
	q->listing = false;
	if (q->open > 0)
		again_in(q, GIVE_UP_MS);
	batch_over(q);
}

/* Time to look again, or to leave what nudged did not take in time. */
static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct queue_reader *q = ctx;

	(void)fd;
	(void)what;
	if (q->call)
		return;
	if (q->open > 0) {
		for (size_t i = 0; i < QUEUE_BATCH; i++)
			if (q->items[i].state == ITEM_GIVEN)
				leave(&q->items[i]);
		return;
	}
	if (!q->outlet.ready(q->outlet.ctx) ||
	    !request(q, "GET", "/messages", "numofmessages=32&visibilitytimeout=120", QUEUE_ANSWER_MAX, on_got, q, &q->call))
		again_in(q, BUSY_MS);
}

/* ---- one reader ---- */

/* The key alone, or inside the account's connection string. */
static bool
key_of(struct span text, struct acs_key **out, struct fault *f)
{
	static const char name[] = "accountkey=";
	long at = span_find_nocase(text, name);
	struct span rest;

	if (at >= 0)
		text = span_cut(span_from(text.p + at + sizeof name - 1, text.n - (size_t)at - (sizeof name - 1)), ';', &rest);
	return acs_key_of_text(text, out, f);
}

/* A shared access signature: with or without its '?', or behind a whole URL. */
static bool
sas_of(struct span text, struct buf *out, struct fault *f)
{
	struct span rest, before;

	text = secret_trim(text);
	before = span_cut(text, '?', &rest);
	text = rest.n > 0 ? rest : before;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~' || text.p[i] == '#')
			text.n = 0;
	if (span_find_nocase(text, "sig=") < 0 || text.n > 2048 || !buf_add_span(out, text))
		return fault_set(f, FAULT_OPERATOR, "this is no shared access signature: it has sv=, sp= and sig= with & between them");
	return true;
}

static bool
read_secret(struct queue_reader *q, const struct conf_gateway *g, struct fault *f)
{
	const char *path = g->queue_key[0] ? g->queue_key : g->queue_sas;
	struct buf text;
	bool ok;

	buf_init(&text, SECRET_MAX);
	ok = secret_read(path, &text, f);
	if (ok)
		ok = (g->queue_key[0] ? key_of(buf_span(&text), &q->key, f) : sas_of(buf_span(&text), &q->sas, f)) || fault_at(f, "%s", path);
	buf_wipe(&text);
	return ok;
}

/* Not reading yet. */
static bool
reader_make(struct event_base *base, struct http *http, const struct conf_gateway *g, struct queue_reader **out, struct fault *f)
{
	struct queue_reader *q = calloc(1, sizeof *q);

	if (!q)
		return fault_set(f, FAULT_BUSY, "out of memory");
	q->http = http;
	q->wait_ms = BUSY_MS;
	buf_init(&q->sas, 4096);
	(void)snprintf(q->gateway, sizeof q->gateway, "%s", g->title);
	(void)snprintf(q->ca_file, sizeof q->ca_file, "%s", g->ca_file);
	(void)snprintf(q->revocation_list, sizeof q->revocation_list, "%s", g->revocation_list);
	q->timer = evtimer_new(base, on_timer, q);
	if (!q->timer || !queue_place(g->queue, &q->place)) {
		queue_reader_free(q);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	if (!read_secret(q, g, f)) {
		queue_reader_free(q);
		return false;
	}
	*out = q;
	return true;
}

bool
queue_reader_new(struct event_base *base, struct http *http, const struct conf_gateway *g, const struct told_outlet *outlet,
    struct queue_reader **out, struct fault *f)
{
	if (!reader_make(base, http, g, out, f))
		return false;
	(*out)->outlet = *outlet;
	again_in(*out, 0);
	return true;
}

bool
queue_try(struct event_base *base, struct http *http, const struct conf_gateway *g, http_done_fn *done, void *ctx,
    struct queue_reader **out, struct fault *f)
{
	char id[ACS_REPEAT_ID_MAX], tail[64];
	struct http_call *call;

	if (!reader_make(base, http, g, out, f))
		return false;
	if (acs_request_id(id, sizeof id) && snprintf(tail, sizeof tail, "/messages/%s", id) < (int)sizeof tail &&
	    request(*out, "DELETE", tail, "popreceipt=AgAAAAMAAAAAAAAAAAAAAAAAAAA%3D", QUEUE_ANSWER_MAX, done, ctx, &call))
		return true;
	return fault_set(f, FAULT_BUSY, "was not asked: out of memory");
}

void
queue_reader_free(struct queue_reader *q)
{
	if (!q)
		return;
	http_cancel(q->call);
	for (size_t i = 0; i < QUEUE_BATCH; i++) {
		http_cancel(q->items[i].call);
		if (q->items[i].state == ITEM_GIVEN)
			q->outlet.forget(q->outlet.ctx, &q->items[i].parcel);
	}
	if (q->timer)
		event_free(q->timer);
	acs_key_free(q->key);
	buf_wipe(&q->sas);
	free(q);
}
