/* http.c - libcurl's multi interface on the event loop; handles are kept and used again. */
// SPDX-License-Identifier: Apache-2.0
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/http_parts.h"
#include "acs/trust.h"
#include "nudge/clock.h"
#include "nudge/log.h"

#define TOTAL_MS 30000
#define CONNECTIONS_KEPT 64L /* open ones without a request; libcurl's own measure closes them between two waves of texts */
#define HEADERS_BYTES 32768  /* tokens are long */
#define TEXT_BYTES 16384     /* of URL and paths */

/* ---- headers ---- */

void
http_header(struct http_headers *h, const char *name, const char *value)
{
	if (h->lines.max == 0)
		buf_init(&h->lines, HEADERS_BYTES);
	if (h->n < HTTP_HEADERS_MAX && !strpbrk(value, "\r\n") && buf_add_text(&h->lines, name) &&
	    buf_add_text(&h->lines, value[0] ? ": " : ":") && buf_add(&h->lines, value, strlen(value) + 1))
		h->n++;
	else
		h->spoilt = true;
}

void
http_headers_clear(struct http_headers *h)
{
	buf_wipe(&h->lines);
	*h = (struct http_headers){ 0 };
}

struct span
http_answer_header(const struct http_answer *a, const char *name)
{
	struct curl_header *header = NULL;

	if (!a->handle || curl_easy_header(a->handle, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return SPAN_NONE;
	return span_trim(span_of(header->value));
}

/* ---- one request ---- */

/* Its secrets go, its handle waits for the next. */
void
http_call_free(struct http_call *c)
{
	http_turn_leave(c);
	if (c->handle) {
		(void)curl_multi_remove_handle(c->http->multi, c->handle->curl);
		http_handle_back(c->http, c->handle);
		c->host->out--;
	}
	http_headers_clear(&c->headers);
	buf_wipe(&c->text);
	buf_wipe(&c->body);
	buf_wipe(&c->answer);
	free(c);
}

static bool
copy(struct http_call *c, const struct http_request *r)
{
	const char *const texts[] = { r->url, r->ca_file ? r->ca_file : "", r->revocation_list ? r->revocation_list : "" };
	size_t at[3];

	buf_init(&c->text, TEXT_BYTES);
	buf_init(&c->body, r->body.n + 1);
	buf_init(&c->answer, r->answer_max);
	for (size_t i = 0; i < 3; i++) {
		at[i] = c->text.n;
		(void)buf_add(&c->text, texts[i], strlen(texts[i]) + 1);
	}
	if (c->text.spoilt || c->headers.spoilt || !buf_add_span(&c->body, r->body))
		return false;
	c->request = *r;
	c->request.headers = NULL;
	c->request.url = c->text.p + at[0];
	c->request.ca_file = c->text.p + at[1];
	c->request.revocation_list = c->text.p + at[2];
	return true;
}

bool
http_hour_has_passed(const struct http_call *c)
{
	return c->request.not_after_s != 0 && clock_now().wall_ms / 1000 > c->request.not_after_s;
}

struct http_call *
http_send(struct http *h, const struct http_request *r, http_done_fn *done, void *ctx)
{
	struct http_call *c = calloc(1, sizeof *c);

	if (!c) {
		if (r->headers)
			http_headers_clear(r->headers);
		return NULL;
	}
	c->http = h;
	c->done = done;
	c->ctx = ctx;
	if (r->headers) {
		c->headers = *r->headers;
		*r->headers = (struct http_headers){ 0 };
	}
	c->until_ms = clock_now().boot_ms + (r->total_ms ? r->total_ms : TOTAL_MS);
	c->host = http_host_of(h, r->url);
	if (!c->host || !copy(c, r) || !http_turn(c)) {
		http_call_free(c);
		return NULL;
	}
	return c;
}

void
http_renew(struct http *h)
{
	h->renewed_ms = clock_now().boot_ms;
}

void
http_cancel(struct http_call *c)
{
	struct http *h = c ? c->http : NULL;
	struct host *o = c ? c->host : NULL;

	if (!c)
		return;
	http_call_free(c);
	if (o->first) /* not from here: what cannot begin is told to whoever waits for it */
		http_turn_soon(h);
}

/* Once when it begins, once when it ends: many texts may wait for one host. */
static void
note_trust(struct http_call *c, bool trusted, CURLcode result)
{
	const char *why, *mend, *at = strstr(c->host->name, "://");
	char host[256];

	if (trusted && c->http->untrusted[0] == '\0')
		return;
	(void)span_copy(host, sizeof host, at ? span_of(at + 3) : SPAN_NONE);
	if ((strcmp(host, c->http->untrusted) == 0) != trusted)
		return;
	if (trusted) {
		log_note("a host's certificate is trusted again", log_name("host", host));
	} else {
		why = trust_rule(c->handle->curl, result, c->http->staple.why, &mend);
		log_error("a host's certificate is not trusted: nothing is sent there", log_name("host", host), log_name("why", why), log_name("do", mend));
	}
	(void)snprintf(c->http->untrusted, sizeof c->http->untrusted, "%s", trusted ? "" : host);
}

static void
finish(struct http_call *c, CURLcode result)
{
	struct http_answer a = { .end = HTTP_UNREACHED };
	CURL *u = c->handle->curl;
	struct host *o = c->host;
	long status = 0, version = 0;

	sockets_went_on(c->http->sockets);
	if (result == CURLE_OK) {
		(void)curl_easy_getinfo(u, CURLINFO_RESPONSE_CODE, &status);
		(void)curl_easy_getinfo(u, CURLINFO_HTTP_VERSION, &version);
		o->many = version == CURL_HTTP_VERSION_2_0;
		a = (struct http_answer){ HTTP_ANSWERED, (int)status, buf_span(&c->answer), u };
		note_trust(c, true, result);
	} else if (c->begun) {
		a.end = HTTP_CUT;
	} else if (c->late) {
		a.end = HTTP_LATE;
	} else if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE || result == CURLE_SSL_CRL_BADFILE ||
	    (result == CURLE_SSL_CONNECT_ERROR && c->http->staple.why)) {
		a.end = HTTP_UNTRUSTED;
		note_trust(c, false, result);
		c->http->staple.why = NULL;
	}
	c->done(c->ctx, &a);
	http_call_free(c);
	http_turn_next(o);
}

static void
finish_done(void *ctx)
{
	struct http *h = ctx;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct handle *u = NULL;
		CURLcode result = m->data.result; /* m is gone with its handle */

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&u);
		finish(u->call, result);
	}
}

/* ---- all of them ---- */

bool
http_new(struct event_base *base, struct http **out, struct fault *f)
{
	struct http *h = calloc(1, sizeof *h);

	if (!h)
		return fault_set(f, FAULT_BUSY, "out of memory");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		return fault_set(f, FAULT_BROKEN, "libcurl cannot be used here");
	}
	h->multi = curl_multi_init();
	if (!h->multi || !http_turn_new(base, h) || !sockets_new(base, h->multi, finish_done, h, &h->sockets)) {
		http_free(h);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	(void)curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HOST_CONNECTIONS_MAX);
	(void)curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
	(void)curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	*out = h;
	return true;
}

void
http_free(struct http *h)
{
	if (!h)
		return;
	while (h->calls)
		http_call_free(h->calls); // NOLINT(clang-analyzer-unix.Malloc): it takes itself off the list
	for (struct host *o = h->hosts, *next; o; o = next) {
		next = o->next;
		while (o->first)
			http_call_free(o->first); // NOLINT(clang-analyzer-unix.Malloc): it takes itself off the list
		free(o);
	}
	while (h->idle) {
		struct handle *u = h->idle;

		h->idle = u->next;
		http_handle_free(u);
	}
	if (h->multi)
		(void)curl_multi_cleanup(h->multi);
	sockets_free(h->sockets);
	if (h->wait)
		event_free(h->wait);
	curl_global_cleanup();
	free(h);
}
