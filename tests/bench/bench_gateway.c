/* bench_gateway.c - an HTTPS gateway that only answers: 202 with an item for each recipient, as fast as it goes.
 *
 *   bench_gateway CERT KEY 1.1|2
 *
 * Serves one version of HTTP over TLS on a free port of loopback ("ready PORT"), until SIGTERM. A request without
 * a signature gets 401, so that nobody measures less work than is asked for.
 */
// SPDX-License-Identifier: Apache-2.0
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 4096
#define ANSWER_MAX 4096
#define HEAD_MAX 16384

struct gateway {
	struct event_base *base;
	SSL_CTX *tls;
	nghttp2_session_callbacks *calls; /* NULL: HTTP/1.1 */
	unsigned long long taken;
};

struct peer {
	struct gateway *gateway;
	struct bufferevent *bev;
	nghttp2_session *h2;
};

struct stream {
	bool is_signed;
	size_t body_n, answer_n, sent;
	char body[BODY_MAX], answer[ANSWER_MAX];
};

static void
fail(const char *what)
{
	(void)fprintf(stderr, "bench_gateway: %s\n", what);
	exit(EXIT_FAILURE);
}

/* One item for each "to" of the request. A quote within a text is escaped, so it is none of these. */
static size_t
answer_to(struct gateway *g, const char *body, size_t n, char out[ANSWER_MAX])
{
	static const char key[] = "\"to\":\"";
	const char *at = body, *end = body + n, *close;
	size_t used = (size_t)snprintf(out, ANSWER_MAX, "{\"value\":[");
	const char *comma = "";

	while ((at = memmem(at, (size_t)(end - at), key, sizeof key - 1))) {
		at += sizeof key - 1;
		close = memchr(at, '"', (size_t)(end - at));
		if (!close || ANSWER_MAX - used < 256 + (size_t)(close - at))
			break;
		used += (size_t)snprintf(out + used, ANSWER_MAX - used,
		    "%s{\"to\":\"%.*s\",\"messageId\":\"Outgoing_20261127_%016llx_noam\",\"httpStatusCode\":202,"
		    "\"repeatabilityResult\":\"accepted\",\"successful\":true}", comma, (int)(close - at), at, ++g->taken);
		comma = ",";
	}
	return used + (size_t)snprintf(out + used, ANSWER_MAX - used, "]}");
}

/* ---- HTTP/1.1 ---- */

static void
say(struct peer *p, const char *status, const char *body, size_t n)
{
	(void)evbuffer_add_printf(bufferevent_get_output(p->bev),
	    "HTTP/1.1 %s\r\nContent-Length: %zu\r\nContent-Type: application/json; charset=utf-8\r\n"
	    "MS-CV: bench.%llx.0\r\nRequest-Context: appId=\r\n\r\n", status, n, p->gateway->taken);
	(void)bufferevent_write(p->bev, body, n);
}

/* false: nothing complete is there. */
static bool
serve_one(struct peer *p, struct evbuffer *in)
{
	size_t n = evbuffer_get_length(in), head_n, body_n, answer_n;
	char *text = n ? (char *)evbuffer_pullup(in, -1) : NULL, *end = n ? memmem(text, n, "\r\n\r\n", 4) : NULL;
	const char *length;
	char answer[ANSWER_MAX];
	bool is_signed;

	if (!end) {
		if (n > HEAD_MAX)
			fail("a head without an end");
		return false;
	}
	head_n = (size_t)(end - text) + 4;
	end[2] = '\0';
	length = strcasestr(text, "\r\nContent-Length:");
	is_signed = strcasestr(text, "\r\nAuthorization: HMAC-SHA256 ") != NULL;
	end[2] = '\r';
	body_n = length ? strtoul(length + 17, NULL, 10) : 0;
	if (body_n > BODY_MAX)
		fail("a body that is too long");
	if (n < head_n + body_n)
		return false;
	answer_n = answer_to(p->gateway, text + head_n, body_n, answer);
	if (is_signed)
		say(p, "202 Accepted", answer, answer_n);
	else
		say(p, "401 Unauthorized", "", 0);
	(void)evbuffer_drain(in, head_n + body_n);
	return true;
}

/* ---- HTTP/2 ---- */

static int
on_begin(nghttp2_session *h2, const nghttp2_frame *f, void *ctx)
{
	struct stream *s;

	(void)ctx;
	if (f->hd.type != NGHTTP2_HEADERS || f->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	s = malloc(sizeof *s);
	if (!s)
		fail("out of memory");
	s->is_signed = false;
	s->body_n = s->answer_n = s->sent = 0;
	return nghttp2_session_set_stream_user_data(h2, f->hd.stream_id, s);
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *f, const uint8_t *name, size_t name_n, const uint8_t *value, size_t value_n,
    uint8_t flags, void *ctx)
{
	static const char authorization[] = "authorization", scheme[] = "HMAC-SHA256 ";
	struct stream *s = nghttp2_session_get_stream_user_data(h2, f->hd.stream_id);

	(void)flags;
	(void)ctx;
	if (s && name_n == sizeof authorization - 1 && memcmp(name, authorization, name_n) == 0)
		s->is_signed = value_n >= sizeof scheme && memcmp(value, scheme, sizeof scheme - 1) == 0;
	return 0;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *ctx)
{
	struct stream *s = nghttp2_session_get_stream_user_data(h2, id);

	(void)flags;
	(void)ctx;
	if (!s || n > BODY_MAX - s->body_n)
		fail("a body that is too long");
	memcpy(s->body + s->body_n, data, n);
	s->body_n += n;
	return 0;
}

static ssize_t
give(nghttp2_session *h2, int32_t id, uint8_t *out, size_t cap, uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
	struct stream *s = source->ptr;
	size_t n = s->answer_n - s->sent < cap ? s->answer_n - s->sent : cap;

	(void)h2;
	(void)id;
	(void)ctx;
	memcpy(out, s->answer + s->sent, n);
	s->sent += n;
	if (s->sent == s->answer_n)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static nghttp2_nv
field(const char *name, const char *value)
{
	union { const char *text; uint8_t *bytes; } n = { name }, v = { value }; /* they are only read */

	return (nghttp2_nv){ n.bytes, v.bytes, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NO_COPY_NAME };
}

static int
on_frame(nghttp2_session *h2, const nghttp2_frame *f, void *ctx)
{
	struct peer *p = ctx;
	struct stream *s = nghttp2_session_get_stream_user_data(h2, f->hd.stream_id);
	nghttp2_data_provider provider = { .source.ptr = s, .read_callback = give };
	char cv[40], length[24];

	if (!s || !(f->hd.flags & NGHTTP2_FLAG_END_STREAM) || (f->hd.type != NGHTTP2_DATA && f->hd.type != NGHTTP2_HEADERS))
		return 0;
	s->answer_n = s->is_signed ? answer_to(p->gateway, s->body, s->body_n, s->answer) : 0;
	(void)snprintf(cv, sizeof cv, "bench.%llx.0", p->gateway->taken);
	(void)snprintf(length, sizeof length, "%zu", s->answer_n);
	const nghttp2_nv head[] = { field(":status", s->is_signed ? "202" : "401"), field("content-length", length),
		field("content-type", "application/json; charset=utf-8"), field("ms-cv", cv), field("request-context", "appId=") };
	return nghttp2_submit_response(h2, f->hd.stream_id, head, sizeof head / sizeof head[0], &provider);
}

static int
on_close(nghttp2_session *h2, int32_t id, uint32_t code, void *ctx)
{
	(void)code;
	(void)ctx;
	free(nghttp2_session_get_stream_user_data(h2, id));
	return 0;
}

static nghttp2_session_callbacks *
callbacks(void)
{
	nghttp2_session_callbacks *c;

	if (nghttp2_session_callbacks_new(&c) != 0)
		fail("out of memory");
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
	return c;
}

static void
flush(struct peer *p)
{
	struct evbuffer *out = evbuffer_new(); /* one write, so one record, for all that is there */
	const uint8_t *data;
	ssize_t n;

	if (!out)
		fail("out of memory");
	while ((n = nghttp2_session_mem_send(p->h2, &data)) > 0)
		(void)evbuffer_add(out, data, (size_t)n);
	(void)bufferevent_write_buffer(p->bev, out);
	evbuffer_free(out);
}

/* ---- connections ---- */

static void
peer_free(struct peer *p)
{
	if (p->h2)
		nghttp2_session_del(p->h2);
	bufferevent_free(p->bev);
	free(p);
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct peer *p = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t n = evbuffer_get_length(in);

	if (!p->h2) {
		while (serve_one(p, in))
			;
		return;
	}
	if (n > 0 && nghttp2_session_mem_recv(p->h2, evbuffer_pullup(in, -1), n) != (ssize_t)n) {
		peer_free(p);
		return;
	}
	(void)evbuffer_drain(in, n);
	flush(p);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct peer *p = ctx;

	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
		peer_free(p);
		return;
	}
	if (!(what & BEV_EVENT_CONNECTED) || !p->gateway->calls)
		return;
	const nghttp2_settings_entry most = { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 256 };

	if (nghttp2_session_server_new(&p->h2, p->gateway->calls, p) != 0 ||
	    nghttp2_submit_settings(p->h2, NGHTTP2_FLAG_NONE, &most, 1) != 0)
		fail("out of memory");
	on_read(bev, p);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int n, void *ctx)
{
	struct gateway *g = ctx;
	struct peer *p = calloc(1, sizeof *p);
	int yes = 1;

	(void)listener;
	(void)from;
	(void)n;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if (!p || !(p->bev = bufferevent_openssl_socket_new(g->base, fd, SSL_new(g->tls), BUFFEREVENT_SSL_ACCEPTING,
	    BEV_OPT_CLOSE_ON_FREE)))
		fail("out of memory");
	p->gateway = g;
	bufferevent_openssl_set_allow_dirty_shutdown(p->bev, 1);
	bufferevent_setcb(p->bev, on_read, NULL, on_event, p);
	(void)bufferevent_enable(p->bev, EV_READ | EV_WRITE);
}

static int
choose(SSL *tls, const unsigned char **out, unsigned char *out_n, const unsigned char *in, unsigned n, void *ctx)
{
	static const unsigned char ours[][9] = { "\x08http/1.1", "\x02h2" };
	const struct gateway *g = ctx;
	const unsigned char *mine = ours[g->calls ? 1 : 0];
	unsigned char *chosen = NULL;

	(void)tls;
	if (SSL_select_next_proto(&chosen, out_n, mine, mine[0] + 1u, in, n) != OPENSSL_NPN_NEGOTIATED)
		return g->calls ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static void
on_stop(evutil_socket_t sig, short what, void *ctx)
{
	struct gateway *g = ctx;

	(void)sig;
	(void)what;
	(void)event_base_loopbreak(g->base);
}

int
main(int argc, char **argv)
{
	struct gateway g = { 0 };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t at_n = sizeof at;
	struct evconnlistener *listener;
	struct event *stop;

	if (argc != 4 || (strcmp(argv[3], "1.1") != 0 && strcmp(argv[3], "2") != 0)) {
		(void)fputs("usage: bench_gateway CERT KEY 1.1|2\n", stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	g.base = event_base_new();
	g.tls = SSL_CTX_new(TLS_server_method());
	g.calls = strcmp(argv[3], "2") == 0 ? callbacks() : NULL;
	if (!g.base || !g.tls || SSL_CTX_use_certificate_chain_file(g.tls, argv[1]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(g.tls, argv[2], SSL_FILETYPE_PEM) != 1)
		fail("the certificate or its key cannot be used");
	SSL_CTX_set_alpn_select_cb(g.tls, choose, &g);
	listener = evconnlistener_new_bind(g.base, on_accept, &g, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 256,
	    (struct sockaddr *)(void *)&at, sizeof at);
	stop = evsignal_new(g.base, SIGTERM, on_stop, &g);
	if (!listener || !stop || event_add(stop, NULL) != 0 ||
	    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)(void *)&at, &at_n) != 0)
		fail("cannot listen");
	(void)printf("ready %d\n", ntohs(at.sin_port));
	(void)fflush(stdout);
	(void)event_base_dispatch(g.base);
	(void)printf("texts %llu\n", g.taken);
	return EXIT_SUCCESS;
}
