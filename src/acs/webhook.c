/* webhook.c - Event Grid's requests: who asks, what it says, and 200 when nudged has stored it. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/webhook.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acs/guests.h"
#include "nudge/log.h"

#define HEADERS_MAX 32768 /* bytes; tokens are long */
#define QUERY_MAX 4096
#define IDLE_S 60
#define DEADLINE_S 25     /* Event Grid waits 30 s */

struct posted { /* one request whose events are on their way */
	struct told_parcel parcel; /* first: taken() gets it */
	struct webhook *webhook;
	struct posted *next, **at;
	struct evhttp_request *request;
	struct event *deadline;
};

struct webhook {
	struct event_base *base;
	struct told_outlet outlet;
	struct caller *caller;
	struct evhttp *http;
	struct guests *guests;     /* its connections */
	struct evconnlistener *listener; /* of http */
	SSL_CTX *tls;
	char gateway[64], path[128], address[64];
	int port;
	struct posted *posts;
};

/* ---- answers ---- */

static void
answer(struct evhttp_request *r, int status, const char *reason, const char *body)
{
	struct evbuffer *b = body ? evbuffer_new() : NULL;

	if (b) {
		(void)evhttp_add_header(evhttp_request_get_output_headers(r), "Content-Type", "application/json; charset=utf-8");
		(void)evbuffer_add(b, body, strlen(body));
	}
	evhttp_send_reply(r, status, reason, b);
	if (b)
		evbuffer_free(b);
}

static void
later(struct evhttp_request *r)
{
	(void)evhttp_add_header(evhttp_request_get_output_headers(r), "Retry-After", "10");
	answer(r, HTTP_SERVUNAVAIL, "Later", NULL);
}

/* ---- a request whose events are on their way ---- */

static void
posted_free(struct posted *d)
{
	*d->at = d->next;
	if (d->next)
		d->next->at = d->at;
	if (d->deadline)
		event_free(d->deadline);
	free(d);
}

static void
on_closed(struct evhttp_connection *c, void *ctx)
{
	struct posted *d = ctx;

	(void)c;
	d->webhook->outlet.forget(d->webhook->outlet.ctx, &d->parcel);
	posted_free(d);
}

static struct evhttp_request *
take_request(struct posted *d)
{
	struct evhttp_request *r = d->request;

	evhttp_connection_set_closecb(evhttp_request_get_connection(r), NULL, NULL);
	posted_free(d);
	return r;
}

static void
on_taken(struct told_parcel *p)
{
	answer(take_request((struct posted *)(void *)p), HTTP_OK, "OK", NULL);
}

static void
give_up(struct posted *d)
{
	d->webhook->outlet.forget(d->webhook->outlet.ctx, &d->parcel);
	later(take_request(d));
}

static void
on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	give_up(ctx);
}

static struct posted *
posted_new(struct webhook *w, struct evhttp_request *r)
{
	struct timeval t = { DEADLINE_S, 0 };
	struct posted *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->parcel.taken = on_taken;
	d->webhook = w;
	d->request = r;
	d->next = w->posts;
	d->at = &w->posts;
	if (d->next)
		d->next->at = &d->next;
	w->posts = d;
	d->deadline = evtimer_new(w->base, on_deadline, d);
	if (!d->deadline || event_add(d->deadline, &t) != 0) {
		posted_free(d);
		return NULL;
	}
	evhttp_connection_set_closecb(evhttp_request_get_connection(r), on_closed, d);
	return d;
}

/* ---- what it says ---- */

static bool
give(void *ctx, const struct link_event *e)
{
	struct posted *d = ctx;
	struct link_event whole = *e;

	whole.gateway = span_of(d->webhook->gateway);
	return d->webhook->outlet.give(d->webhook->outlet.ctx, &d->parcel, &whole);
}

/* Event Grid proves that somebody here wants its events. */
static void
validated(struct webhook *w, struct evhttp_request *r, const char *code)
{
	json_t *o = json_pack("{s:s}", "validationResponse", code);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	log_note("an event subscription was validated", log_name("gateway", w->gateway));
	if (text)
		answer(r, HTTP_OK, "OK", text);
	else
		later(r);
	free(text);
	json_decref(o);
}

static void
on_events(struct webhook *w, struct evhttp_request *r)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(r);
	struct told_summary sum = { 0 };
	size_t n = evbuffer_get_length(in);
	struct posted *d = w->outlet.ready(w->outlet.ctx) ? posted_new(w, r) : NULL;
	bool ok;

	if (!d) {
		later(r);
		return;
	}
	ok = told_read(span_from(n ? evbuffer_pullup(in, -1) : NULL, n), give, d, &sum);
	if (sum.broken > 0)
		log_error("events of a webhook request cannot be read and are left out", log_name("gateway", w->gateway),
		    log_int("events", (int64_t)sum.broken));
	if (ok && sum.validation[0]) {
		w->outlet.forget(w->outlet.ctx, &d->parcel);
		validated(w, take_request(d), sum.validation);
	} else if (ok) {
		told_seal(&d->parcel);
	} else if (sum.given > 0) { /* no room for the others: all of them again */
		give_up(d);
	} else if (w->outlet.ready(w->outlet.ctx)) {
		log_error("a webhook request cannot be read", log_name("gateway", w->gateway), log_int("bytes", (int64_t)n));
		answer(take_request(d), HTTP_BADREQUEST, "No events", NULL);
	} else {
		give_up(d);
	}
}

/* CloudEvents ask before they come. */
static void
on_options(struct evhttp_request *r)
{
	struct evkeyvalq *in = evhttp_request_get_input_headers(r), *out = evhttp_request_get_output_headers(r);
	const char *origin = evhttp_find_header(in, "WebHook-Request-Origin"), *rate = evhttp_find_header(in, "WebHook-Request-Rate");
	uint64_t n;

	(void)evhttp_add_header(out, "Allow", "POST, OPTIONS");
	if (origin && strlen(origin) < 256 && strspn(origin, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:*") == strlen(origin)) {
		(void)evhttp_add_header(out, "WebHook-Allowed-Origin", origin);
		(void)evhttp_add_header(out, "WebHook-Allowed-Rate", rate && span_to_u64(span_of(rate), 1000000, &n) ? rate : "*");
	}
	answer(r, HTTP_OK, "OK", NULL);
}

static bool
may(struct webhook *w, struct evhttp_request *r)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(r)), *code = NULL;
	const char *authorization = evhttp_find_header(evhttp_request_get_input_headers(r), "Authorization");
	struct evkeyvalq pairs;
	bool parsed = query && strlen(query) <= QUERY_MAX && evhttp_parse_query_str(query, &pairs) == 0, ok;

	if (parsed)
		code = evhttp_find_header(&pairs, "code");
	ok = caller_may(w->caller, span_of(code), span_of(authorization));
	if (parsed)
		evhttp_clear_headers(&pairs);
	return ok;
}

static void
on_request(struct evhttp_request *r, void *ctx)
{
	struct webhook *w = ctx;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	if (!bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(evhttp_request_get_connection(r))))
		later(r); /* there was no memory for TLS */
	else if (!path || strcmp(path, w->path) != 0)
		answer(r, HTTP_NOTFOUND, "Not Found", NULL);
	else if (evhttp_request_get_command(r) != EVHTTP_REQ_POST && evhttp_request_get_command(r) != EVHTTP_REQ_OPTIONS)
		answer(r, HTTP_BADMETHOD, "POST or OPTIONS", NULL);
	else if (!may(w, r))
		later(r); /* what is answered 401 Event Grid throws away */
	else if (evhttp_request_get_command(r) == EVHTTP_REQ_OPTIONS)
		on_options(r);
	else
		on_events(w, r);
}

/* ---- the port ---- */

static struct bufferevent *
on_connection(struct event_base *base, void *ctx)
{
	struct webhook *w = ctx;
	SSL *ssl = SSL_new(w->tls);
	struct bufferevent *bev = ssl && guests_add(w->guests, ssl)
	    ? bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
	    : NULL;

	if (bev) {
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
		return bev;
	}
	SSL_free(ssl);
	return NULL; /* it gets a connection without TLS, on which nothing is taken */
}

/* The port of before when it is the same one, else a new one. */
static int
open_port(const struct webhook *w, const struct webhook *old, struct fault *f)
{
	struct sockaddr_storage a;
	int n = sizeof a, fd, one = 1;
	char text[96];

	if (old && old->port == w->port && strcmp(old->address, w->address) == 0) {
		fd = fcntl(evconnlistener_get_fd(old->listener), F_DUPFD_CLOEXEC, 0);
		return fd >= 0 ? fd : (fault_set(f, FAULT_BUSY, "webhook_port: %s", strerror(errno)), -1);
	}
	(void)snprintf(text, sizeof text, strchr(w->address, ':') ? "[%s]:%d" : "%s:%d", w->address, w->port);
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)(void *)&a, &n) != 0) {
		(void)fault_set(f, FAULT_OPERATOR, "webhook_address: \"%s\" is no IP address", w->address);
		return -1;
	}
	fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
	    bind(fd, (struct sockaddr *)(void *)&a, (socklen_t)n) == 0 && listen(fd, 128) == 0)
		return fd;
	(void)fault_set(f, fault_kind_of(errno), "webhook_port: cannot listen on %s: %s", text, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool
serve(struct webhook *w, const struct webhook *old, struct fault *f)
{
	struct evhttp_bound_socket *bound;
	int fd;

	w->http = evhttp_new(w->base);
	if (!w->http)
		return fault_set(f, FAULT_BUSY, "out of memory");
	evhttp_set_bevcb(w->http, on_connection, w);
	evhttp_set_gencb(w->http, on_request, w);
	evhttp_set_timeout(w->http, IDLE_S);
	evhttp_set_max_headers_size(w->http, HEADERS_MAX);
	evhttp_set_max_body_size(w->http, TOLD_BYTES_MAX);
	evhttp_set_allowed_methods(w->http, EVHTTP_REQ_POST | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE);
	fd = open_port(w, old, f);
	bound = fd >= 0 ? evhttp_accept_socket_with_handle(w->http, fd) : NULL;
	if (bound) {
		w->listener = evhttp_bound_socket_get_listener(bound);
		guests_limit(w->guests, w->listener, WEBHOOK_CONNECTIONS);
		return true;
	}
	if (fd < 0)
		return false;
	(void)close(fd);
	return fault_set(f, FAULT_BUSY, "out of memory");
}

bool
webhook_new(struct event_base *base, struct http *http, const struct conf_gateway *g, const struct told_outlet *outlet,
    const struct webhook *old, struct webhook **out, struct fault *f)
{
	struct webhook *w = calloc(1, sizeof *w);

	if (!w)
		return fault_set(f, FAULT_BUSY, "out of memory");
	w->base = base;
	w->outlet = *outlet;
	w->port = g->webhook_port;
	(void)snprintf(w->gateway, sizeof w->gateway, "%s", g->title);
	(void)snprintf(w->path, sizeof w->path, "%s", g->webhook_path);
	(void)snprintf(w->address, sizeof w->address, "%s", g->webhook_address);
	w->guests = guests_new(base);
	if (!w->guests)
		(void)fault_set(f, FAULT_BUSY, "out of memory");
	if (!w->guests || !caller_new(base, http, g, &w->caller, f) ||
	    !webhook_tls(g->webhook_certificate, g->webhook_private_key, &w->tls, f) || !serve(w, old, f)) {
		webhook_free(w);
		return false;
	}
	log_note("taking events", log_name("gateway", w->gateway), log_name("address", w->address), log_int("port", w->port));
	*out = w;
	return true;
}

int
webhook_port(const struct webhook *w)
{
	return w->port;
}

void
webhook_free(struct webhook *w)
{
	if (!w)
		return;
	for (struct posted *d = w->posts, *next; d; d = next) {
		next = d->next;
		w->outlet.forget(w->outlet.ctx, &d->parcel);
		evhttp_connection_set_closecb(evhttp_request_get_connection(d->request), NULL, NULL);
		posted_free(d);
	}
	guests_leave(w->guests);
	if (w->http)
		evhttp_free(w->http);
	SSL_CTX_free(w->tls);
	caller_free(w->caller);
	free(w);
}
