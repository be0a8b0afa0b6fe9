/* http.c - libcurl's multi interface on the event loop; handles are kept and used again. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/http.h"
#include "acs/staple.h"
#include "acs/trust.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nudge/clock.h"
#include "nudge/log.h"
#include "nudge/seal.h"

#define CONNECT_MS 10000
#define TOTAL_MS 30000
#define HOST_CONNECTIONS_MAX 16L
#define CONNECTIONS_KEPT 64L /* open ones without a request; libcurl's own measure closes them between two waves of texts */
#define HEADER_MAX 20000 /* bytes; tokens are long */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20" /* of TLS 1.2; all of 1.3 are good */
#define JUDGED_S 3600    /* a host that was trusted is looked at again after that */
#define IDLE_MAX 64      /* handles that wait for their next request */
#define VAIN_MAX 1000    /* events of sockets on end that brought nothing on; a handshake has some ten */
#define VAIN_GAP_MS 100  /* what comes later is not on end */
#define VAIN_NAP_MS 20

struct http {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct http_call *calls; /* open ones */
	struct http_call *idle;  /* with their handles */
	size_t idle_n;
	int vain;                /* events on end that brought nothing on */
	int64_t vain_ms;         /* the last of them */
	int64_t renewed_ms;      /* boot clock: connections from before serve no other request; 0: all may */
	struct staple staple;    /* the last that was no good */
	char untrusted[256];     /* the host whose certificate was told not to be trusted; "": none */
};

struct http_call {
	struct http *http;
	struct http_call *next, **at;
	CURL *curl;
	struct http_headers headers;
	struct buf body, answer;
	http_done_fn *done;
	void *ctx;
	int64_t not_after_s;
	bool begun;              /* bytes of it may have left */
	bool late;
};

/* ---- libcurl's sockets and timer on libevent ---- */

static void
finish_done(struct http *h);

/* Without memory OpenSSL cannot read what is there, and libcurl asks again at once, for as long as it lasts. A timer would
 * need memory to wait: this sleeps. The first thing that goes on again, a connection, a byte, an end, takes it off. */
static void
nap_when_in_vain(struct http *h)
{
	const struct timespec nap = { 0, VAIN_NAP_MS * 1000000L };
	int64_t now_ms = clock_now().boot_ms;

	h->vain = now_ms - h->vain_ms > VAIN_GAP_MS ? 0 : h->vain + 1;
	if (h->vain > VAIN_MAX)
		(void)nanosleep(&nap, NULL);
	h->vain_ms = h->vain > VAIN_MAX ? clock_now().boot_ms : now_ms;
}

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;
	int running, flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	(void)curl_multi_socket_action(h->multi, fd, flags, &running);
	finish_done(h);
	nap_when_in_vain(h);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;
	int running;

	(void)fd;
	(void)what;
	(void)curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_done(h);
}

static int
want_socket(CURL *curl, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct http *h = ctx;
	struct event *e = socket_ctx;
	short flags = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
	bool over = what == CURL_POLL_REMOVE;

	(void)curl;
	if (e)
		event_free(e);
	e = over ? NULL : event_new(h->base, fd, flags, on_socket, h);
	if (e && event_add(e, NULL) != 0) {
		event_free(e);
		e = NULL;
	}
	(void)curl_multi_assign(h->multi, fd, e);
	return 0; /* without one it takes until its time is up; -1 would make libcurl refuse all transfers for ever */
}

static int
want_timer(CURLM *multi, long ms, void *ctx)
{
	struct http *h = ctx;
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		(void)evtimer_del(h->timer);
	else
		(void)evtimer_add(h->timer, &t);
	return 0;
}

/* ---- headers ---- */

void
http_header(struct http_headers *h, const char *name, const char *value)
{
	struct curl_slist *more = NULL;
	struct buf line;

	buf_init(&line, HEADER_MAX);
	if (!strpbrk(value, "\r\n") && buf_add_text(&line, name) && buf_add_text(&line, value[0] ? ": " : ":") &&
	    buf_add_text(&line, value) && buf_add_char(&line, '\0'))
		more = curl_slist_append(h->list, line.p);
	buf_wipe(&line);
	if (more)
		h->list = more;
	else
		h->spoilt = true;
}

void
http_headers_clear(struct http_headers *h)
{
	for (struct curl_slist *s = h->list; s; s = s->next)
		seal_wipe(s->data, strlen(s->data));
	curl_slist_free_all(h->list);
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

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;

	c->http->vain = 0;
	return buf_add(&c->answer, p, size * n) ? size * n : 0;
}

/* Asked when there is a connection, right before the request's first byte: it
 * may have waited for one for long. After this nothing but an answer tells. */
static int
on_begin(void *ctx, char *peer, char *own, int peer_port, int own_port)
{
	struct http_call *c = ctx;

	(void)peer;
	(void)own;
	(void)peer_port;
	(void)own_port;
	c->http->vain = 0;
	c->late = !c->begun && c->not_after_s != 0 && clock_now().wall_ms / 1000 > c->not_after_s;
	c->begun = c->begun || !c->late;
	return c->late ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static CURLcode
on_tls(CURL *curl, void *ssl_ctx, void *staple)
{
	(void)curl;
	return staple_ask(ssl_ctx, staple) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

/* What is the same for all requests is set once for each handle. */
static bool
set_once(struct http *h, struct http_call *c)
{
	CURL *u = c->curl = curl_easy_init();

	if (!u)
		return false;
	(void)curl_easy_setopt(u, CURLOPT_PRIVATE, c);
	(void)curl_easy_setopt(u, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(u, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(u, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(u, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(u, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	(void)curl_easy_setopt(u, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(u, CURLOPT_SSL_CIPHER_LIST, CIPHERS);
	(void)curl_easy_setopt(u, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(u, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(u, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* a resumed session shows no certificate to judge */
	(void)curl_easy_setopt(u, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(u, CURLOPT_WRITEDATA, c);
	(void)curl_easy_setopt(u, CURLOPT_PREREQFUNCTION, on_begin);
	(void)curl_easy_setopt(u, CURLOPT_PREREQDATA, c);
	return curl_easy_setopt(u, CURLOPT_SSL_CTX_FUNCTION, on_tls) == CURLE_OK && curl_easy_setopt(u, CURLOPT_SSL_CTX_DATA, &h->staple) == CURLE_OK;
}

/* libcurl counts whole seconds, and none means for ever: one less, and no connection from before is taken for a younger one. */
static long
lifetime_s(const struct http *h)
{
	int64_t s = (clock_now().boot_ms - h->renewed_ms) / 1000 - 1;

	return s < 1 ? 1 : s > JUDGED_S ? JUDGED_S : (long)s;
}

static bool
set_up(struct http_call *c, const struct http_request *r)
{
	CURL *u = c->curl;
	long lifetime = lifetime_s(c->http);
	bool get = strcmp(r->method, "GET") == 0, secure = strncmp(r->url, "https:", 6) == 0;

	(void)curl_easy_setopt(u, CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
	/* With TLS it is known before the first answer whether a connection takes several requests. */
	(void)curl_easy_setopt(u, CURLOPT_PIPEWAIT, secure ? 1L : 0L);
	(void)curl_easy_setopt(u, CURLOPT_CONNECTTIMEOUT_MS, (long)(r->connect_ms ? r->connect_ms : CONNECT_MS));
	(void)curl_easy_setopt(u, CURLOPT_TIMEOUT_MS, (long)(r->total_ms ? r->total_ms : TOTAL_MS));
	(void)curl_easy_setopt(u, CURLOPT_MAXLIFETIME_CONN, lifetime);
	(void)curl_easy_setopt(u, CURLOPT_CA_CACHE_TIMEOUT, lifetime); /* of the CAs that were read */
	(void)curl_easy_setopt(u, CURLOPT_HTTPHEADER, c->headers.list);
	if (get) {
		(void)curl_easy_setopt(u, CURLOPT_HTTPGET, 1L);
		(void)curl_easy_setopt(u, CURLOPT_CUSTOMREQUEST, NULL);
	} else {
		(void)curl_easy_setopt(u, CURLOPT_CUSTOMREQUEST, strcmp(r->method, "POST") == 0 ? NULL : r->method);
		(void)curl_easy_setopt(u, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(u, CURLOPT_POSTFIELDSIZE, (long)c->body.n);
		(void)curl_easy_setopt(u, CURLOPT_POSTFIELDS, c->body.n ? c->body.p : "");
	}
	return curl_easy_setopt(u, CURLOPT_CAINFO, r->ca_file && r->ca_file[0] ? r->ca_file : NULL) == CURLE_OK &&
	    curl_easy_setopt(u, CURLOPT_CRLFILE, r->revocation_list && r->revocation_list[0] ? r->revocation_list : NULL) == CURLE_OK &&
	    curl_easy_setopt(u, CURLOPT_URL, r->url) == CURLE_OK;
}

static struct http_call *
take_idle(struct http *h)
{
	struct http_call *c = h->idle;

	if (c) {
		h->idle = c->next;
		h->idle_n--;
		return c;
	}
	c = calloc(1, sizeof *c);
	if (c && !set_once(h, c)) {
		free(c);
		return NULL;
	}
	return c;
}

static void
call_free(struct http_call *c)
{
	curl_easy_cleanup(c->curl);
	free(c);
}

/* Its secrets go, its handle waits for the next. */
static void
release(struct http_call *c)
{
	struct http *h = c->http;

	if (c->at) {
		*c->at = c->next;
		if (c->next)
			c->next->at = c->at;
		c->at = NULL;
	}
	(void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	(void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, NULL);
	http_headers_clear(&c->headers);
	buf_wipe(&c->body);
	buf_wipe(&c->answer);
	if (h->idle_n >= IDLE_MAX) {
		call_free(c);
		return;
	}
	c->next = h->idle;
	h->idle = c;
	h->idle_n++;
}

struct http_call *
http_send(struct http *h, const struct http_request *r, http_done_fn *done, void *ctx)
{
	struct http_call *c = take_idle(h);

	if (!c) {
		if (r->headers)
			http_headers_clear(r->headers);
		return NULL;
	}
	c->http = h;
	c->done = done;
	c->ctx = ctx;
	c->not_after_s = r->not_after_s;
	c->begun = c->late = false;
	c->at = NULL;
	c->headers = r->headers ? *r->headers : (struct http_headers){ 0 };
	if (r->headers)
		*r->headers = (struct http_headers){ 0 };
	buf_init(&c->body, r->body.n + 1);
	buf_init(&c->answer, r->answer_max);
	if (c->headers.spoilt || !buf_add_span(&c->body, r->body) || !set_up(c, r) ||
	    curl_multi_add_handle(h->multi, c->curl) != CURLM_OK) {
		release(c);
		return NULL;
	}
	c->next = h->calls;
	c->at = &h->calls;
	if (c->next)
		c->next->at = &c->next;
	h->calls = c;
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
	if (!c)
		return;
	(void)curl_multi_remove_handle(c->http->multi, c->curl);
	release(c);
}

static void
host_of(struct http_call *c, char out[256])
{
	const char *url = NULL, *at;

	(void)curl_easy_getinfo(c->curl, CURLINFO_EFFECTIVE_URL, &url);
	at = url ? strstr(url, "://") : NULL;
	(void)span_copy(out, 256, at ? span_from(at + 3, strcspn(at + 3, "/?#")) : SPAN_NONE);
}

/* Once when it begins, once when it ends: many texts may wait for one host. */
static void
note_trust(struct http_call *c, bool trusted, CURLcode result)
{
	const char *why, *mend;
	char host[256];

	if (trusted && c->http->untrusted[0] == '\0')
		return;
	host_of(c, host);
	if ((strcmp(host, c->http->untrusted) == 0) != trusted)
		return;
	if (trusted) {
		log_note("a host's certificate is trusted again", log_name("host", host));
	} else {
		why = trust_rule(c->curl, result, c->http->staple.why, &mend);
		log_error("a host's certificate is not trusted: nothing is sent there", log_name("host", host), log_name("why", why), log_name("do", mend));
	}
	(void)snprintf(c->http->untrusted, sizeof c->http->untrusted, "%s", trusted ? "" : host);
}

static void
finish(struct http_call *c, CURLcode result)
{
	struct http_answer a = { .end = HTTP_UNREACHED };
	long status = 0;

	c->http->vain = 0;
	if (result == CURLE_OK) {
		(void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
		a = (struct http_answer){ HTTP_ANSWERED, (int)status, buf_span(&c->answer), c->curl };
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
	http_cancel(c);
}

static void
finish_done(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct http_call *c = NULL;
		CURLcode result = m->data.result; /* m is gone with its handle */

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&c);
		finish(c, result);
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
	h->base = base;
	h->multi = curl_multi_init();
	h->timer = evtimer_new(base, on_timer, h);
	if (!h->multi || !h->timer) {
		http_free(h);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	(void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	(void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	(void)curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	(void)curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	(void)curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, HOST_CONNECTIONS_MAX);
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
		http_cancel(h->calls); // NOLINT(clang-analyzer-unix.Malloc): it takes itself off the list
	while (h->idle) {
		struct http_call *c = h->idle;

		h->idle = c->next;
		call_free(c);
	}
	if (h->multi)
		(void)curl_multi_cleanup(h->multi);
	if (h->timer)
		event_free(h->timer);
	curl_global_cleanup();
	free(h);
}
