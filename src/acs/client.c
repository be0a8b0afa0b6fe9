/* client.c - libcurl on the event loop: every job ends in exactly one outcome. */
// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/acs.h"
#include "nudge/clock.h"
#include "nudge/seal.h"

#define CONNECT_MS 10000L
#define TOTAL_MS 30000L
#define ANSWER_MAX 65536
#define CONNECTIONS_MAX 16L
#define TRACE_MAX 64
#define PATH_MAX_BYTES 128

struct gateway {
	const struct conf_gateway *conf;
	struct acs_key *key;       /* owned */
	char host[300];            /* as in Host */
};

struct acs_client {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct conf *conf;         /* held */
	struct gateway *gateways;  /* owned, parallel to conf->gateways */
	acs_done_fn *done;
	void *ctx;
	struct transfer *transfers;
	size_t busy;
};

struct transfer {
	struct acs_client *client;
	struct transfer *next, **at;
	CURL *curl;
	struct curl_slist *headers;
	int64_t text, attempt, not_after_s;
	char to[24];
	struct buf body, answer;
	char ms[32], x_ms[32], standard[48];
	char trace[TRACE_MAX + 1]; /* our own request id until the gateway names its */
	bool sent;                 /* bytes of the request may have left */
	bool late;                 /* its time passed before it could begin */
	char error[CURL_ERROR_SIZE];
};

/* ---- libcurl's sockets and timer on libevent ---- */

static void
finish_done(struct acs_client *a);

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct acs_client *a = ctx;
	int running, flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	(void)curl_multi_socket_action(a->multi, fd, flags, &running);
	finish_done(a);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct acs_client *a = ctx;
	int running;

	(void)fd;
	(void)what;
	(void)curl_multi_socket_action(a->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_done(a);
}

static int
want_socket(CURL *curl, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct acs_client *a = ctx;
	struct event *e = socket_ctx;
	short flags = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
	bool over = what == CURL_POLL_REMOVE;

	(void)curl;
	if (e)
		event_free(e);
	e = over ? NULL : event_new(a->base, fd, flags, on_socket, a);
	if (e && event_add(e, NULL) != 0) {
		event_free(e);
		e = NULL;
	}
	(void)curl_multi_assign(a->multi, fd, e);
	return over || e ? 0 : -1;
}

static int
want_timer(CURLM *multi, long ms, void *ctx)
{
	struct acs_client *a = ctx;
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		(void)evtimer_del(a->timer);
	else
		(void)evtimer_add(a->timer, &t);
	return 0;
}

/* ---- one transfer ---- */

static void
transfer_free(struct transfer *t)
{
	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	t->client->busy--;
	if (t->curl) {
		(void)curl_multi_remove_handle(t->client->multi, t->curl);
		curl_easy_cleanup(t->curl);
	}
	curl_slist_free_all(t->headers);
	buf_wipe(&t->body);
	buf_wipe(&t->answer);
	seal_wipe(t->to, sizeof t->to);
	free(t);
}

static void
report(struct transfer *t, struct link_outcome *o)
{
	o->text = t->text;
	o->attempt = t->attempt;
	o->trace = span_of(t->trace);
	t->client->done(t->client->ctx, o);
	transfer_free(t);
}

static bool
is_late(int64_t not_after_s)
{
	return clock_now().wall_ms / 1000 > not_after_s;
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	return buf_add(&t->answer, p, size * n) ? size * n : 0;
}

static void
keep_header(struct span line, const char *name, char *out, size_t cap)
{
	struct span rest, head = span_cut(line, ':', &rest);

	if (!span_is_nocase(head, name))
		return;
	while (rest.n > 0 && (rest.p[rest.n - 1] == '\r' || rest.p[rest.n - 1] == '\n'))
		rest.n--;
	rest = span_trim(rest);
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] < ' ' || rest.p[i] > '~')
			return;
	span_copy(out, cap, rest);
}

static size_t
on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct span line = { p, size * n };

	keep_header(line, "retry-after-ms", t->ms, sizeof t->ms);
	keep_header(line, "x-ms-retry-after-ms", t->x_ms, sizeof t->x_ms);
	keep_header(line, "retry-after", t->standard, sizeof t->standard);
	keep_header(line, "ms-cv", t->trace, sizeof t->trace);
	return line.n;
}

/* Once a byte of the request may have left, nothing but an answer tells. */
static int
on_debug(CURL *curl, curl_infotype type, char *p, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	(void)curl;
	(void)p;
	if (n > 0 && (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT))
		t->sent = true;
	return 0;
}

/* Asked when there is a connection: a job may have waited for one for long. */
static int
on_begin(void *ctx, char *peer, char *own, int peer_port, int own_port)
{
	struct transfer *t = ctx;

	(void)peer;
	(void)own;
	(void)peer_port;
	(void)own_port;
	t->late = is_late(t->not_after_s);
	return t->late ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static bool
add_header(struct transfer *t, const char *name, const char *value)
{
	char line[512];
	struct curl_slist *more;

	if (snprintf(line, sizeof line, "%s%s%s", name, value[0] ? ": " : ":", value) >= (int)sizeof line)
		return false;
	more = curl_slist_append(t->headers, line);
	if (more)
		t->headers = more;
	return more != NULL;
}

static bool
sign(struct transfer *t, const struct gateway *g, const char *path)
{
	struct acs_signature s;
	char date[CLOCK_TEXT_MAX];

	clock_http_date(clock_now().wall_ms / 1000, date);
	if (!acs_sign(g->key, "POST", path, date, g->host, buf_span(&t->body), &s) ||
	    !acs_request_id(t->trace, sizeof t->trace))
		return false;
	return add_header(t, "Content-Type", "application/json") && add_header(t, "Accept", "application/json") &&
	    add_header(t, "x-ms-date", date) && add_header(t, "x-ms-content-sha256", s.content_hash) &&
	    add_header(t, "Authorization", s.authorization) && add_header(t, "x-ms-client-request-id", t->trace) &&
	    add_header(t, "Expect", "");
}

static bool
set_up(struct transfer *t, const struct gateway *g, const char *path)
{
	CURL *c = t->curl = curl_easy_init();
	char url[1024];

	if (!c || snprintf(url, sizeof url, "%s%s", g->conf->endpoint, path) >= (int)sizeof url || !sign(t, g, path))
		return false;
	(void)curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, strncmp(url, "http:", 5) == 0 ? "http" : "https");
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	(void)curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (g->conf->ca_file[0])
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, g->conf->ca_file);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, TOTAL_MS);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_begin);
	(void)curl_easy_setopt(c, CURLOPT_PREREQDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_debug);
	(void)curl_easy_setopt(c, CURLOPT_DEBUGDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)t->body.n);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->body.p);
	return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK;
}

static void
finish(struct transfer *t, CURLcode result)
{
	struct link_outcome o = { .retry_after_ms = -1 };
	struct buf hold;
	long status = 0;

	buf_init(&hold, 256);
	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (result == CURLE_OK) {
		acs_answer((int)status, buf_span(&t->answer), span_of(t->to), &hold, &o);
		o.retry_after_ms = acs_retry_after(span_of(t->ms), span_of(t->x_ms), span_of(t->standard),
		    clock_now().wall_ms / 1000);
	} else if (t->sent) {
		o.outcome = OUTCOME_UNSURE;
		o.code = SPAN_LIT("no-answer");
	} else if (t->late) {
		o.outcome = OUTCOME_NOT_TRIED;
		o.code = SPAN_LIT("too-late");
	} else {
		bool trust = result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE;

		o.outcome = OUTCOME_AGAIN;
		o.code = trust ? SPAN_LIT("certificate") : SPAN_LIT("no-connection");
	}
	report(t, &o);
	buf_clear(&hold);
}

static void
finish_done(struct acs_client *a)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(a->multi, &left))) {
		struct transfer *t = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode result = m->data.result; /* m is gone with its handle */

		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&t);
		finish(t, result);
	}
}

/* ---- the client ---- */

static struct gateway *
gateway_named(struct acs_client *a, struct span title)
{
	for (size_t i = 0; i < a->conf->gateways_n; i++)
		if (span_is(title, a->gateways[i].conf->title))
			return &a->gateways[i];
	return NULL;
}

static void
not_tried(struct transfer *t, const char *code)
{
	struct link_outcome o = { .outcome = OUTCOME_NOT_TRIED, .retry_after_ms = -1, .code = span_of(code) };

	report(t, &o);
}

/* A path cannot name another host than the gateway's, nor end the request line. */
static bool
is_path(struct span path)
{
	if (path.n >= PATH_MAX_BYTES || path.n == 0 || path.p[0] != '/')
		return false;
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] <= ' ' || path.p[i] > '~' || path.p[i] == '#')
			return false;
	return true;
}

void
acs_client_send(struct acs_client *a, const struct link_job *job)
{
	struct transfer *t = calloc(1, sizeof *t);
	struct gateway *g = gateway_named(a, job->gateway);
	char path[PATH_MAX_BYTES];

	if (!t) {
		struct link_outcome o = { .text = job->text, .attempt = job->attempt, .outcome = OUTCOME_NOT_TRIED,
			.retry_after_ms = -1, .code = SPAN_LIT("no-memory") };

		a->done(a->ctx, &o);
		return;
	}
	t->client = a;
	t->text = job->text;
	t->attempt = job->attempt;
	t->not_after_s = job->not_after_s;
	t->next = a->transfers;
	t->at = &a->transfers;
	if (t->next)
		t->next->at = &t->next;
	a->transfers = t;
	a->busy++;
	buf_init(&t->body, LINK_FRAME_MAX);
	buf_init(&t->answer, ANSWER_MAX);
	span_copy(t->to, sizeof t->to, job->to);
	span_copy(path, sizeof path, job->path);
	if (!g)
		not_tried(t, "unknown-gateway");
	else if (is_late(job->not_after_s))
		not_tried(t, "too-late");
	else if (!is_path(job->path))
		not_tried(t, "bad-job");
	else if (!buf_add_span(&t->body, job->body) || !set_up(t, g, path) ||
	    curl_multi_add_handle(a->multi, t->curl) != CURLM_OK)
		not_tried(t, "no-memory");
}

static void
gateways_free(struct gateway *g, size_t n)
{
	for (size_t i = 0; g && i < n; i++)
		acs_key_free(g[i].key);
	free(g);
}

static bool
load_gateways(struct conf *c, struct gateway **out, struct fault *f)
{
	struct gateway *g = calloc(c->gateways_n + 1, sizeof *g);

	if (!g)
		return fault_set(f, FAULT_BUSY, "out of memory");
	for (size_t i = 0; i < c->gateways_n; i++) {
		g[i].conf = &c->gateways[i];
		acs_host(c->gateways[i].endpoint, g[i].host, sizeof g[i].host);
		if (!acs_key_read(c->gateways[i].access_key, c->gateways[i].endpoint, &g[i].key, f)) {
			gateways_free(g, c->gateways_n);
			return fault_at(f, "gateway \"%s\"", c->gateways[i].title);
		}
	}
	*out = g;
	return true;
}

bool
acs_client_new(struct event_base *base, struct conf *c, acs_done_fn *done, void *ctx, struct acs_client **out,
    struct fault *f)
{
	struct acs_client *a = calloc(1, sizeof *a);

	if (!a)
		return fault_set(f, FAULT_BUSY, "out of memory");
	a->base = base;
	a->done = done;
	a->ctx = ctx;
	a->conf = conf_hold(c);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		(void)fault_set(f, FAULT_BROKEN, "libcurl cannot be used here");
		goto fail;
	}
	if (!load_gateways(c, &a->gateways, f))
		goto fail;
	a->multi = curl_multi_init();
	a->timer = evtimer_new(base, on_timer, a);
	if (!a->multi || !a->timer) {
		(void)fault_set(f, FAULT_BUSY, "out of memory");
		goto fail;
	}
	(void)curl_multi_setopt(a->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	(void)curl_multi_setopt(a->multi, CURLMOPT_SOCKETDATA, a);
	(void)curl_multi_setopt(a->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	(void)curl_multi_setopt(a->multi, CURLMOPT_TIMERDATA, a);
	(void)curl_multi_setopt(a->multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_MAX);
	(void)curl_multi_setopt(a->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	*out = a;
	return true;
fail:
	acs_client_free(a);
	return false;
}

bool
acs_client_reload(struct acs_client *a, struct conf *c, struct fault *f)
{
	struct gateway *g = NULL;

	if (!load_gateways(c, &g, f))
		return false;
	gateways_free(a->gateways, a->conf->gateways_n);
	conf_drop(a->conf);
	a->conf = conf_hold(c);
	a->gateways = g;
	return true;
}

size_t
acs_client_busy(const struct acs_client *a)
{
	return a->busy;
}

void
acs_client_free(struct acs_client *a)
{
	if (!a)
		return;
	while (a->transfers)
		transfer_free(a->transfers); // NOLINT(clang-analyzer-unix.Malloc): it takes itself off the list
	if (a->multi)
		(void)curl_multi_cleanup(a->multi);
	if (a->timer)
		event_free(a->timer);
	curl_global_cleanup();
	gateways_free(a->gateways, a->conf ? a->conf->gateways_n : 0);
	conf_drop(a->conf);
	free(a);
}
