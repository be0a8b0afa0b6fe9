/* http_handle.c - libcurl's handles: made, set up for a request, and kept for the next. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "acs/http_parts.h"
#include "nudge/clock.h"

#define CONNECT_MS 10000
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20" /* of TLS 1.2; all of 1.3 are good */
#define JUDGED_S 3600 /* a host that was trusted is looked at again after that */
#define IDLE_MAX 64   /* handles that wait for their next request */

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct handle *u = ctx;

	sockets_went_on(u->call->http->sockets);
	return buf_add(&u->call->answer, p, size * n) ? size * n : 0;
}

/* Asked when there is a connection, right before the request's first byte: it
 * may have waited for one for long. After this nothing but an answer tells. */
static int
on_begin(void *ctx, char *peer, char *own, int peer_port, int own_port)
{
	struct handle *u = ctx;
	struct http_call *c = u->call;

	(void)peer;
	(void)own;
	(void)peer_port;
	(void)own_port;
	sockets_went_on(c->http->sockets);
	c->late = !c->begun && http_hour_has_passed(c);
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
set_once(struct http *h, struct handle *handle)
{
	CURL *u = handle->curl = curl_easy_init();

	handle->url = curl_url();
	if (!u || !handle->url)
		return false;
	(void)curl_easy_setopt(u, CURLOPT_PRIVATE, handle);
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
	(void)curl_easy_setopt(u, CURLOPT_WRITEDATA, handle);
	(void)curl_easy_setopt(u, CURLOPT_PREREQFUNCTION, on_begin);
	(void)curl_easy_setopt(u, CURLOPT_PREREQDATA, handle);
	return sockets_of(h->sockets, u) && curl_easy_setopt(u, CURLOPT_SSL_CTX_FUNCTION, on_tls) == CURLE_OK &&
	    curl_easy_setopt(u, CURLOPT_SSL_CTX_DATA, &h->staple) == CURLE_OK;
}

/* libcurl counts whole seconds, and none means for ever: one less, and no connection from before is taken for a younger one. */
static long
lifetime_s(const struct http *h, int64_t now_ms)
{
	int64_t s = (now_ms - h->renewed_ms) / 1000 - 1;

	return s < 1 ? 1 : s > JUDGED_S ? JUDGED_S : (long)s;
}

static struct curl_slist *
set_headers(struct handle *u, struct http_headers *h)
{
	char *line = h->lines.p;

	for (size_t i = 0; i < h->n; i++) {
		u->header[i] = (struct curl_slist){ line, i + 1 < h->n ? &u->header[i + 1] : NULL };
		line += strlen(line) + 1;
	}
	return h->n > 0 ? u->header : NULL;
}

/* What is the same for all requests to one place. */
static bool
set_place(struct handle *u, const struct http_call *c)
{
	const struct http_request *r = &c->request;
	bool secure = strncmp(r->url, "https:", 6) == 0;
	CURLU *parts;

	if (u->text.n == c->text.n && memcmp(u->text.p, c->text.p, c->text.n) == 0)
		return true;
	buf_wipe(&u->text);
	buf_init(&u->text, c->text.n);
	(void)curl_easy_setopt(u->curl, CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
	/* With TLS it is known before the first answer whether a connection takes several requests. */
	(void)curl_easy_setopt(u->curl, CURLOPT_PIPEWAIT, secure ? 1L : 0L);
	/* Cut into its parts once, not for each request; libcurl says itself what is wrong with one that cannot be. */
	parts = curl_url_set(u->url, CURLUPART_URL, r->url, 0) == CURLUE_OK ? u->url : NULL;
	return curl_easy_setopt(u->curl, CURLOPT_CURLU, parts) == CURLE_OK &&
	    curl_easy_setopt(u->curl, CURLOPT_CAINFO, r->ca_file[0] ? r->ca_file : NULL) == CURLE_OK &&
	    curl_easy_setopt(u->curl, CURLOPT_CRLFILE, r->revocation_list[0] ? r->revocation_list : NULL) == CURLE_OK &&
	    curl_easy_setopt(u->curl, CURLOPT_URL, r->url) == CURLE_OK && buf_add_span(&u->text, buf_span(&c->text));
}

bool
http_handle_set_up(struct handle *u, struct http_call *c)
{
	const struct http_request *r = &c->request;
	int64_t now_ms = clock_now().boot_ms;
	long lifetime = lifetime_s(c->http, now_ms);

	u->call = c;
	(void)curl_easy_setopt(u->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(r->connect_ms ? r->connect_ms : CONNECT_MS));
	(void)curl_easy_setopt(u->curl, CURLOPT_TIMEOUT_MS, (long)(c->until_ms > now_ms ? c->until_ms - now_ms : 1));
	(void)curl_easy_setopt(u->curl, CURLOPT_MAXLIFETIME_CONN, lifetime);
	(void)curl_easy_setopt(u->curl, CURLOPT_CA_CACHE_TIMEOUT, lifetime); /* of the CAs that were read */
	(void)curl_easy_setopt(u->curl, CURLOPT_HTTPHEADER, set_headers(u, &c->headers));
	if (strcmp(r->method, "GET") == 0) {
		(void)curl_easy_setopt(u->curl, CURLOPT_HTTPGET, 1L);
		(void)curl_easy_setopt(u->curl, CURLOPT_CUSTOMREQUEST, NULL);
	} else {
		(void)curl_easy_setopt(u->curl, CURLOPT_CUSTOMREQUEST, strcmp(r->method, "POST") == 0 ? NULL : r->method);
		(void)curl_easy_setopt(u->curl, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(u->curl, CURLOPT_POSTFIELDSIZE, (long)c->body.n);
		(void)curl_easy_setopt(u->curl, CURLOPT_POSTFIELDS, c->body.n ? c->body.p : "");
	}
	return set_place(u, c);
}

void
http_handle_free(struct handle *u)
{
	curl_easy_cleanup(u->curl);
	curl_url_cleanup(u->url);
	buf_wipe(&u->text);
	free(u);
}

struct handle *
http_handle_take(struct http *h)
{
	struct handle *u = h->idle;

	if (u) {
		h->idle = u->next;
		h->idle_n--;
		return u;
	}
	u = calloc(1, sizeof *u);
	if (u && !set_once(h, u)) {
		http_handle_free(u);
		return NULL;
	}
	return u;
}

/* It keeps nothing of the request, and waits for the next. */
void
http_handle_back(struct http *h, struct handle *u)
{
	(void)curl_easy_setopt(u->curl, CURLOPT_HTTPHEADER, NULL);
	(void)curl_easy_setopt(u->curl, CURLOPT_POSTFIELDS, NULL);
	u->call = NULL;
	if (h->idle_n >= IDLE_MAX) {
		http_handle_free(u);
		return;
	}
	u->next = h->idle;
	h->idle = u;
	h->idle_n++;
}
