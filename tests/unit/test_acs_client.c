/* test_acs_client.c - the client against a gateway on loopback: every job ends in one outcome, and in the right one. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "certs.h"
#include "conf_files.h"
#include "nudge/acs.h"
#include "nudge/clock.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define PATH "/sms?api-version=2026-01-23"
#define BODY "{\"from\":\"+18335550100\",\"message\":\"Gr\xc3\xbc\xc3\x9f\x65\"}"
#define TO "+16085550123"
#define ITEM "{\"value\":[{\"to\":\"" TO "\",\"messageId\":\"Outgoing_1\",\"httpStatusCode\":202,\"successful\":true}]}"
#define TAKEN "HTTP/1.1 202 Accepted\r\nMS-CV: cv.1\r\nContent-Length: 97\r\n\r\n" ITEM

_Static_assert(sizeof ITEM - 1 == 97, "the length that TAKEN says");

/* ---- a gateway on the test's own loop ---- */

enum act { ANSWER, ANSWER_AND_CLOSE, HOLD };

struct peer {
	struct gate *gate;
	struct bufferevent *bev;
	bool open, answered;
};

struct gate {
	struct event_base *base;
	struct evconnlistener *listener;
	SSL_CTX *tls;
	int port;
	enum act act;
	const char *answer;
	struct evbuffer *big;        /* in place of answer */
	struct peer peers[64];
	size_t accepted, open_n, open_most, requests, held_n;
	struct peer *held[64];
	char head[2][2048], body[512]; /* head: of the last request and the one before */
};

static void
peer_close(struct peer *p)
{
	if (p->open) {
		p->open = false;
		p->gate->open_n--;
		bufferevent_free(p->bev);
	}
}

static void
peer_answer(struct peer *p)
{
	struct gate *g = p->gate;

	p->answered = true;
	if (g->big)
		(void)evbuffer_add_buffer(bufferevent_get_output(p->bev), g->big);
	else
		(void)bufferevent_write(p->bev, g->answer, strlen(g->answer));
}

static void
peer_written(struct bufferevent *bev, void *ctx)
{
	struct peer *p = ctx;

	(void)bev;
	if (p->answered && p->gate->act == ANSWER_AND_CLOSE)
		peer_close(p);
}

static void
peer_read(struct bufferevent *bev, void *ctx)
{
	struct peer *p = ctx;
	struct gate *g = p->gate;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	size_t head_n = end.pos < 0 ? 0 : (size_t)end.pos + 4, body_n = 0;
	char *length;

	if (end.pos < 0)
		return;
	assert_true(head_n < sizeof g->head[0]);
	memcpy(g->head[1], g->head[0], sizeof g->head[0]);
	(void)evbuffer_copyout(in, g->head[0], head_n);
	g->head[0][head_n] = '\0';
	length = strstr(g->head[0], "Content-Length: ");
	body_n = length ? strtoul(length + 16, NULL, 10) : 0;
	assert_true(body_n < sizeof g->body);
	if (evbuffer_get_length(in) < head_n + body_n)
		return;
	(void)evbuffer_drain(in, head_n);
	(void)evbuffer_remove(in, g->body, body_n);
	g->body[body_n] = '\0';
	g->requests++;
	if (g->act == HOLD)
		g->held[g->held_n++] = p;
	else if (g->answer && !g->answer[0])
		peer_close(p);
	else
		peer_answer(p);
}

static void
peer_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		peer_close(ctx);
}

static void
gate_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *ctx)
{
	struct gate *g = ctx;
	struct peer *p = &g->peers[g->accepted];

	(void)l;
	(void)a;
	(void)n;
	assert_true(g->accepted < COUNT(g->peers));
	g->accepted++;
	g->open_n++;
	g->open_most = g->open_n > g->open_most ? g->open_n : g->open_most;
	*p = (struct peer){ .gate = g, .open = true };
	p->bev = g->tls ? bufferevent_openssl_socket_new(g->base, fd, SSL_new(g->tls), BUFFEREVENT_SSL_ACCEPTING,
	             BEV_OPT_CLOSE_ON_FREE) : bufferevent_socket_new(g->base, fd, BEV_OPT_CLOSE_ON_FREE);
	assert_non_null(p->bev);
	bufferevent_setcb(p->bev, peer_read, peer_written, peer_event, p);
	(void)bufferevent_enable(p->bev, EV_READ | EV_WRITE);
}

static void
gate_open(struct gate *g, struct event_base *base, const struct made *cert)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;

	memset(g, 0, sizeof *g);
	g->base = base;
	g->answer = TAKEN;
	g->listener = evconnlistener_new_bind(base, gate_accept, g, LEV_OPT_CLOSE_ON_FREE, -1, (struct sockaddr *)(void *)&a,
	    sizeof a);
	assert_non_null(g->listener);
	assert_int_equal(getsockname(evconnlistener_get_fd(g->listener), (struct sockaddr *)(void *)&a, &n), 0);
	g->port = ntohs(a.sin_port);
	if (!cert)
		return;
	g->tls = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(g->tls, cert->x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(g->tls, cert->key), 1);
}

static void
gate_close(struct gate *g)
{
	for (size_t i = 0; i < g->accepted; i++)
		peer_close(&g->peers[i]);
	evconnlistener_free(g->listener);
	SSL_CTX_free(g->tls);
	if (g->big)
		evbuffer_free(g->big);
}

/* ---- the house around a client ---- */

struct got {
	size_t n;
	struct link_outcome last;
	char code[32], message_id[128], trace[104];
	char not_tried[32]; /* the code of the last of these */
	size_t of[OUTCOMES];
	unsigned char times[512]; /* by row id */
};

struct street {
	struct event_base *base;
	struct folder folder;
	struct conf *conf;
	struct acs_client *client;
	struct got got;
};

static void
on_done(void *ctx, const struct link_outcome *o)
{
	struct got *g = ctx;

	g->n++;
	g->last = *o;
	(void)span_copy(g->code, sizeof g->code, o->code);
	(void)span_copy(g->message_id, sizeof g->message_id, o->message_id);
	(void)span_copy(g->trace, sizeof g->trace, o->trace);
	if (o->outcome == OUTCOME_NOT_TRIED)
		(void)span_copy(g->not_tried, sizeof g->not_tried, o->code);
	g->of[o->outcome]++;
	assert_true(o->text >= 0 && (size_t)o->text < COUNT(g->times));
	g->times[o->text]++;
}

static void
on_stuck(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	fail_msg("no outcome came");
}

/* Turns the loop until so many jobs are done. */
static void
until_done(struct street *s, size_t n)
{
	struct timeval long_s = { 25, 0 };
	struct event *stuck = evtimer_new(s->base, on_stuck, NULL);

	(void)evtimer_add(stuck, &long_s);
	while (s->got.n < n)
		(void)event_base_loop(s->base, EVLOOP_ONCE);
	event_free(stuck);
}

static void
until_requests(struct street *s, const struct gate *g, size_t n)
{
	while (g->requests < n)
		(void)event_base_loop(s->base, EVLOOP_ONCE);
	(void)s;
}

static struct conf *
conf_for(struct street *s, const char *endpoint, const char *more)
{
	struct conf_faults faults;
	struct conf *c = NULL;
	char line[256], *text;

	(void)snprintf(line, sizeof line, "    endpoint = \"%s\"\n%s", endpoint, more);
	text = text_with(GOOD_CONF, "    endpoint = \"https://lamna.unitedstates.communication.azure.com\"\n", line);
	folder_file(&s->folder, "nudge.conf", text, 0644);
	free(text);
	if (!folder_load(&s->folder, "nudge.conf", CONF_SENDER, &c, &faults)) {
		show_faults(&faults);
		fail_msg("the test's own configuration");
	}
	conf_faults_clear(&faults);
	return c;
}

static void
street_base(struct street *s)
{
	memset(s, 0, sizeof *s);
	s->base = event_base_new();
	folder_make(&s->folder);
	folder_file(&s->folder, "keys/acs.key", KEY "\n", 0600);
}

static void
street_client(struct street *s, const char *scheme, int port, const char *more)
{
	struct fault f = { 0 };
	char endpoint[64];

	(void)snprintf(endpoint, sizeof endpoint, "%s://127.0.0.1:%d", scheme, port);
	s->conf = conf_for(s, endpoint, more);
	if (!acs_client_new(s->base, s->conf, on_done, &s->got, &s->client, &f))
		fail_msg("%s", f.text);
}

static void
street_close(struct street *s)
{
	acs_client_free(s->client);
	conf_drop(s->conf);
	folder_remove(&s->folder);
	event_base_free(s->base);
}

static void
send_one(struct street *s, int64_t row)
{
	struct link_job j = { .text = row, .attempt = 3, .gateway = SPAN_LIT("acs"), .path = SPAN_LIT(PATH), .body = SPAN_LIT(BODY),
		.to = SPAN_LIT(TO), .not_after_s = clock_now().wall_ms / 1000 + 60 };

	acs_client_send(s->client, &j);
}

/* ---- tests ---- */

TEST(what_the_gateway_does_and_what_that_means)
{
	static const struct {
		const char *rule, *answer;
		enum act act;
		enum outcome outcome;
		const char *code;
		int http;
		int64_t retry_after_ms;
	} rows[] = {
		{ "taken", TAKEN, ANSWER, OUTCOME_ACCEPTED, "accepted", 202, -1 },
		{ "taken, then closed", TAKEN, ANSWER_AND_CLOSE, OUTCOME_ACCEPTED, "accepted", 202, -1 },
		{ "an answer in chunks", "HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n61\r\n" ITEM "\r\n0\r\n\r\n", ANSWER, OUTCOME_ACCEPTED, "accepted", 202, -1 },
		{ "an interim answer first", "HTTP/1.1 100 Continue\r\n\r\n" TAKEN, ANSWER, OUTCOME_ACCEPTED, "accepted", 202, -1 },
		{ "promise 4: closed without an answer may have been taken", "", ANSWER, OUTCOME_UNSURE, "no-answer", 0, -1 },
		{ "promise 4: cut inside the head", "HTTP/1.1 202 Acc", ANSWER_AND_CLOSE, OUTCOME_UNSURE, "no-answer", 0, -1 },
		{ "promise 4: cut inside the body", "HTTP/1.1 202 A\r\nContent-Length: 97\r\n\r\n{\"value\":[", ANSWER_AND_CLOSE, OUTCOME_UNSURE, "no-answer", 0, -1 },
		{ "no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n\r\n", ANSWER_AND_CLOSE, OUTCOME_UNSURE, "no-answer", 0, -1 },
		{ "taken, but nothing to read", "HTTP/1.1 202 A\r\nContent-Length: 0\r\n\r\n", ANSWER, OUTCOME_UNSURE, "unreadable-answer", 202, -1 },
		{ "429 and seconds", "HTTP/1.1 429 T\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n", ANSWER, OUTCOME_AGAIN, "rate-limit", 429, 2000 },
		{ "429 and milliseconds win", "HTTP/1.1 429 T\r\nRetry-After: 2\r\nx-ms-retry-after-ms: 70\r\nretry-after-ms: 30\r\nContent-Length: 0\r\n\r\n", ANSWER, OUTCOME_AGAIN, "rate-limit", 429, 30 },
		{ "429 in silence", "HTTP/1.1 429 T\r\nContent-Length: 0\r\n\r\n", ANSWER, OUTCOME_AGAIN, "rate-limit", 429, -1 },
		{ "503", "HTTP/1.1 503 U\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", ANSWER, OUTCOME_AGAIN, "unavailable", 503, 1000 },
		{ "500", "HTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n", ANSWER, OUTCOME_UNSURE, "server-error", 500, -1 },
		{ "400", "HTTP/1.1 400 B\r\nContent-Length: 2\r\n\r\n{}", ANSWER, OUTCOME_REFUSED, "bad-request", 400, -1 },
		{ "401", "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n", ANSWER, OUTCOME_BLOCKED, "unauthorized", 401, -1 },
		{ "a redirect is not followed", "HTTP/1.1 307 T\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", ANSWER, OUTCOME_BLOCKED, "redirect", 307, -1 },
		{ "nor one by 301", "HTTP/1.1 301 M\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", ANSWER, OUTCOME_BLOCKED, "redirect", 301, -1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct street s;
		struct gate g;

		street_base(&s);
		gate_open(&g, s.base, NULL);
		g.answer = rows[i].answer;
		g.act = rows[i].act;
		street_client(&s, "http", g.port, "");
		send_one(&s, 7);
		until_done(&s, 1);
		same_text(rows[i].rule, outcome_name(s.got.last.outcome), outcome_name(rows[i].outcome));
		same_text(rows[i].rule, s.got.code, rows[i].code);
		same_int(rows[i].rule, s.got.last.http_status, rows[i].http);
		same_int(rows[i].rule, s.got.last.retry_after_ms, rows[i].retry_after_ms);
		same_int(rows[i].rule, s.got.last.text * 10 + s.got.last.attempt, 73);
		same_text(rows[i].rule, s.got.message_id, rows[i].outcome == OUTCOME_ACCEPTED ? "Outgoing_1" : "");
		same_int(rows[i].rule, g.requests, 1);
		same_int(rows[i].rule, acs_client_busy(s.client), 0);
		gate_close(&g);
		street_close(&s);
	}
}

TEST(an_endless_answer_is_cut)
{
	struct street s;
	struct gate g;
	char some[1024];

	memset(some, ' ', sizeof some);
	street_base(&s);
	gate_open(&g, s.base, NULL);
	g.big = evbuffer_new();
	(void)evbuffer_add_printf(g.big, "HTTP/1.1 202 A\r\nContent-Length: 1048576\r\n\r\n");
	for (size_t i = 0; i < 1024; i++)
		(void)evbuffer_add(g.big, some, sizeof some);
	street_client(&s, "http", g.port, "");
	send_one(&s, 1);
	until_done(&s, 1);
	same_text("more than 64 KiB", outcome_name(s.got.last.outcome), "unsure");
	same_text("more than 64 KiB", s.got.code, "no-answer");
	gate_close(&g);
	street_close(&s);
}

static bool
header(const char *head, const char *name, char *out, size_t cap)
{
	char want[64];
	const char *at, *end;

	(void)snprintf(want, sizeof want, "\r\n%s: ", name);
	at = strstr(head, want);
	if (!at)
		return false;
	at += strlen(want);
	end = strstr(at, "\r\n");
	(void)span_copy(out, cap, span_from(at, (size_t)(end - at)));
	return true;
}

static bool
is_uuid4(const char *id)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? id[i] != '-' : !strchr("0123456789abcdef", id[i]) || !id[i])
			return false;
	}
	return id[36] == '\0' && id[14] == '4' && strchr("89ab", id[19]);
}

/* What is signed is what arrives: checked the way the gateway checks it. */
static void
request_is_signed(const struct gate *g, const char *head)
{
	char date[64], host[64], hash[64], authorization[200], content[64], id[64];
	struct acs_signature want;
	struct acs_key *k = NULL;
	struct fault f = { 0 };

	assert_true(acs_key_of_text(span_of(KEY), &k, &f));
	holds("the request line", strncmp(head, "POST " PATH " HTTP/1.1\r\n", strlen("POST " PATH " HTTP/1.1\r\n")) == 0);
	holds("the body is the job's", strcmp(g->body, BODY) == 0);
	assert_true(header(head, "x-ms-date", date, sizeof date) && header(head, "Host", host, sizeof host) &&
	    header(head, "x-ms-content-sha256", hash, sizeof hash) &&
	    header(head, "Authorization", authorization, sizeof authorization) &&
	    header(head, "Content-Type", content, sizeof content) && header(head, "x-ms-client-request-id", id, sizeof id));
	assert_true(acs_sign(k, "POST", PATH, date, host, span_of(g->body), &want));
	same_text("the hash", hash, want.content_hash);
	same_text("the signature, over Host as it was sent", authorization, want.authorization);
	same_text("the type", content, "application/json");
	holds("a new UUID", is_uuid4(id));
	holds("asks for no leave", !strstr(head, "Expect"));
	acs_key_free(k);
}

TEST(requests_are_signed_and_connections_kept)
{
	struct street s;
	struct gate g;
	char id[2][64], both[72];

	street_base(&s);
	gate_open(&g, s.base, NULL);
	street_client(&s, "http", g.port, "");
	for (size_t i = 1; i <= 2; i++) {
		send_one(&s, 1);
		until_done(&s, i);
		request_is_signed(&g, g.head[0]);
		assert_true(header(g.head[0], "x-ms-client-request-id", id[0], sizeof id[0]));
		(void)snprintf(both, sizeof both, "cv.1 %.63s", id[0]);
		same_text("what support asks for", s.got.trace, both);
	}
	assert_true(header(g.head[0], "x-ms-client-request-id", id[0], sizeof id[0]) &&
	    header(g.head[1], "x-ms-client-request-id", id[1], sizeof id[1]));
	holds("an id for each attempt", strcmp(id[0], id[1]) != 0);
	same_int("one connection", g.accepted, 1);
	g.answer = "HTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n";
	send_one(&s, 1);
	until_done(&s, 3);
	assert_true(header(g.head[0], "x-ms-client-request-id", id[0], sizeof id[0]));
	same_text("our own id where the gateway gives none", s.got.trace, id[0]);
	gate_close(&g);
	street_close(&s);
}

TEST(a_connection_that_died_in_the_pool)
{
	struct street s;
	struct gate g;

	street_base(&s);
	gate_open(&g, s.base, NULL);
	street_client(&s, "http", g.port, "");
	send_one(&s, 1);
	until_done(&s, 1);
	peer_close(&g.peers[0]);
	send_one(&s, 2);
	until_done(&s, 2);
	same_text("sent over a new one", outcome_name(s.got.last.outcome), "accepted");
	same_int("once", g.requests, 2);
	gate_close(&g);
	street_close(&s);
}

TEST(nobody_there_is_certainly_not_taken)
{
	struct street s;
	struct gate g;

	street_base(&s);
	gate_open(&g, s.base, NULL);
	street_client(&s, "http", g.port, "");
	gate_close(&g);
	send_one(&s, 1);
	until_done(&s, 1);
	same_text("refused connection", outcome_name(s.got.last.outcome), "again");
	same_text("refused connection", s.got.code, "no-connection");
	street_close(&s);
}

TEST(whose_certificate_is_trusted)
{
	static const struct {
		const char *rule, *san;
		bool trusted, plain;
		int to_days;
		enum outcome outcome;
		const char *code;
		size_t requests;
	} rows[] = {
		{ "trusted, right name", "IP:127.0.0.1", true, false, 30, OUTCOME_ACCEPTED, "accepted", 1 },
		{ "trusted by nobody", "IP:127.0.0.1", false, false, 30, OUTCOME_AGAIN, "certificate", 0 },
		{ "of another name", "DNS:other.example", true, false, 30, OUTCOME_AGAIN, "certificate", 0 },
		{ "expired", "IP:127.0.0.1", true, false, -1, OUTCOME_AGAIN, "certificate", 0 },
		{ "no TLS at all", "IP:127.0.0.1", true, true, 30, OUTCOME_AGAIN, "no-connection", 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wish w = { .cn = "gateway", .san = rows[i].san, .from_days = -9, .to_days = rows[i].to_days };
		struct made cert = certs_make(&w);
		struct certs_folder files;
		struct street s;
		struct gate g;
		char more[128] = "";

		certs_folder_make(&files);
		street_base(&s);
		gate_open(&g, s.base, rows[i].plain ? NULL : &cert);
		/* A plain listener that is spoken TLS to never sees a request: it hangs up. */
		if (rows[i].trusted)
			(void)snprintf(more, sizeof more, " ca_file = \"%s\"\n", certs_write(&files, "ca.crt", cert.x));
		street_client(&s, "https", g.port, more);
		send_one(&s, 1);
		if (rows[i].plain) {
			while (g.accepted == 0 || evbuffer_get_length(bufferevent_get_input(g.peers[0].bev)) == 0)
				(void)event_base_loop(s.base, EVLOOP_ONCE);
			peer_close(&g.peers[0]);
		}
		until_done(&s, 1);
		same_text(rows[i].rule, outcome_name(s.got.last.outcome), outcome_name(rows[i].outcome));
		same_text(rows[i].rule, s.got.code, rows[i].code);
		same_int(rows[i].rule, g.requests, rows[i].requests);
		gate_close(&g);
		street_close(&s);
		certs_remove(&files);
		certs_free(&cert);
	}
}

TEST(what_is_not_tried)
{
	static const struct {
		const char *rule, *gateway, *path, *code;
		int64_t late_s;
	} rows[] = {
		{ "its time has passed", "acs", PATH, "too-late", 1 },
		{ "a gateway of another configuration", "acs2", PATH, "unknown-gateway", 0 },
		{ "no gateway", "", PATH, "unknown-gateway", 0 },
		{ "a path that would change the host", "acs", ".evil.example/sms", "bad-job", 0 },
		{ "a user part", "acs", "@evil.example/sms", "bad-job", 0 },
		{ "no path", "acs", "", "bad-job", 0 },
		{ "a path with a line end", "acs", "/sms\r\nX: y", "bad-job", 0 },
		{ "a path that is too long to be ours", "acs", PATH "&x=01234567890123456789012345678901234567890123456789"
		    "01234567890123456789012345678901234567890123456789", "bad-job", 0 },
	};
	struct street s;
	struct gate g;

	street_base(&s);
	gate_open(&g, s.base, NULL);
	street_client(&s, "http", g.port, "");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct link_job j = { .text = 1, .attempt = 1, .gateway = span_of(rows[i].gateway), .path = span_of(rows[i].path),
			.body = SPAN_LIT(BODY), .to = SPAN_LIT(TO), .not_after_s = clock_now().wall_ms / 1000 + 60 };

		if (rows[i].late_s)
			j.not_after_s = clock_now().wall_ms / 1000 - rows[i].late_s;
		acs_client_send(s.client, &j);
		until_done(&s, i + 1);
		same_text(rows[i].rule, outcome_name(s.got.last.outcome), "not-tried");
		same_text(rows[i].rule, s.got.code, rows[i].code);
		same_int(rows[i].rule, s.got.last.http_status, 0);
	}
	same_int("nobody called", g.accepted, 0);
	gate_close(&g);
	street_close(&s);
}

/* 256 at once: each ends once, over 16 connections at most. */
TEST(a_full_load)
{
	struct street s;
	struct gate g;

	street_base(&s);
	gate_open(&g, s.base, NULL);
	street_client(&s, "http", g.port, "");
	for (int64_t i = 0; i < LINK_CREDITS; i++)
		send_one(&s, i);
	same_int("all are busy", acs_client_busy(s.client), LINK_CREDITS);
	until_done(&s, LINK_CREDITS);
	same_int("all taken", s.got.of[OUTCOME_ACCEPTED], LINK_CREDITS);
	for (size_t i = 0; i < LINK_CREDITS; i++)
		same_int("once each", s.got.times[i], 1);
	same_int("one request each", g.requests, LINK_CREDITS);
	holds("few connections", g.open_most <= 16 && g.open_most > 1);
	gate_close(&g);
	street_close(&s);
}

/* A handshake costs more than a text: what is quiet for a moment stays open. */
TEST(waves_go_over_the_connections_of_the_first)
{
	struct street s;
	struct gate g;
	size_t sent = 0;

	street_base(&s);
	gate_open(&g, s.base, NULL);
	street_client(&s, "http", g.port, "");
	for (size_t wave = 0; wave < 9; wave++) {
		for (size_t i = 0; i < (wave % 3 == 2 ? 32u : 1u); i++)
			send_one(&s, (int64_t)sent++);
		until_done(&s, sent);
	}
	same_int("all taken", s.got.of[OUTCOME_ACCEPTED], sent);
	same_int("no connection was made twice", g.accepted, g.open_most);
	gate_close(&g);
	street_close(&s);
}

/* Promise 5: what waits for a connection until its time has passed does not go out late. */
TEST(too_late_in_the_queue)
{
	struct street s;
	struct gate g;
	int64_t limit_s = clock_now().wall_ms / 1000;

	street_base(&s);
	gate_open(&g, s.base, NULL);
	g.act = HOLD;
	street_client(&s, "http", g.port, "");
	for (int64_t i = 0; i < 16; i++)
		send_one(&s, i);
	until_requests(&s, &g, 16);
	for (int64_t i = 16; i < 20; i++) {
		struct link_job j = { .text = i, .attempt = 1, .gateway = SPAN_LIT("acs"), .path = SPAN_LIT(PATH), .body = SPAN_LIT(BODY),
			.to = SPAN_LIT(TO), .not_after_s = limit_s = clock_now().wall_ms / 1000 };

		acs_client_send(s.client, &j);
	}
	while (clock_now().wall_ms / 1000 <= limit_s)
		(void)event_base_loop(s.base, EVLOOP_NONBLOCK);
	g.act = ANSWER;
	for (size_t i = 0; i < g.held_n; i++)
		peer_answer(g.held[i]);
	until_done(&s, 20);
	same_int("those that were out are taken", s.got.of[OUTCOME_ACCEPTED], 16);
	same_int("those that waited are not tried", s.got.of[OUTCOME_NOT_TRIED], 4);
	same_text("why", s.got.not_tried, "too-late");
	same_int("no byte of them went out", g.requests, 16);
	gate_close(&g);
	street_close(&s);
}

TEST(another_configuration)
{
	struct street s;
	struct gate old, new;
	struct fault f = { 0 };
	struct conf *c;
	char endpoint[64];

	street_base(&s);
	gate_open(&old, s.base, NULL);
	gate_open(&new, s.base, NULL);
	old.act = HOLD;
	street_client(&s, "http", old.port, "");
	send_one(&s, 1);
	until_requests(&s, &old, 1);
	(void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", new.port);
	c = conf_for(&s, endpoint, "");
	folder_file(&s.folder, "keys/acs.key", "not a key\n", 0600);
	holds("promise 10: a bad key changes nothing", !acs_client_reload(s.client, c, &f) && strstr(f.text, "gateway \"acs\""));
	folder_file(&s.folder, "keys/acs.key", KEY "\n", 0600);
	assert_true(acs_client_reload(s.client, c, &f));
	conf_drop(c);
	send_one(&s, 2);
	until_done(&s, 1);
	same_int("the new one gets the next", s.got.times[2] == 1 && new.requests == 1, 1);
	peer_answer(old.held[0]);
	until_done(&s, 2);
	same_int("what was on its way comes to its end", s.got.times[1] == 1 && s.got.of[OUTCOME_ACCEPTED] == 2, 1);
	gate_close(&old);
	gate_close(&new);
	street_close(&s);
}

TEST(an_end_in_the_middle)
{
	struct street s;
	struct gate g;

	street_base(&s);
	gate_open(&g, s.base, NULL);
	g.act = HOLD;
	street_client(&s, "http", g.port, "");
	for (int64_t i = 0; i < 20; i++)
		send_one(&s, i);
	until_requests(&s, &g, 16);
	same_int("busy", acs_client_busy(s.client), 20);
	gate_close(&g);
	street_close(&s);
	same_int("cut without a word", s.got.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_the_gateway_does_and_what_that_means), RUN(an_endless_answer_is_cut),
		RUN(requests_are_signed_and_connections_kept), RUN(a_connection_that_died_in_the_pool), RUN(nobody_there_is_certainly_not_taken), RUN(whose_certificate_is_trusted),
		RUN(what_is_not_tried), RUN(a_full_load), RUN(waves_go_over_the_connections_of_the_first), RUN(too_late_in_the_queue), RUN(another_configuration),
		RUN(an_end_in_the_middle) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
