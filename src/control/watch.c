/* watch.c - the watchers' door: one short question on a connection, one short answer. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/watch.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/metrics.h"

/* libevent's evhttp cannot be told how many may connect, and what can be asked here is three words. */
#define VISITORS_MAX 32
#define REQUEST_MAX 4096
#define METRICS_MAX (4u << 20)
#define VISIT_S 10 /* from accept to close */
#define LOOK_S 5   /* for the engine */
#define LINGER_S 2 /* for the other side to read and hang up */

struct visitor { /* one connection */
	struct watch *watch;
	struct bufferevent *bev; /* owned */
	struct event *end;       /* owned: its time is over */
	enum { VISITOR_ASKS, VISITOR_WANTS_READY, VISITOR_WANTS_METRICS, VISITOR_ANSWERED } state;
	struct visitor *next;
};

struct watch {
	struct watch_setup setup;
	struct evconnlistener *listener;
	struct visitor *visitors;
	size_t visitors_n;
	struct command look; /* the engine's while `looking` */
	bool looking, late;
	struct event *patience; /* for the look */
	struct mllp_sender senders[MLLP_SENDERS_MAX];
};

static void
visitor_free(struct visitor *v)
{
	struct visitor **at = &v->watch->visitors;

	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	if (v->watch->visitors_n-- == VISITORS_MAX)
		(void)evconnlistener_enable(v->watch->listener);
	if (v->end)
		event_free(v->end);
	if (v->bev)
		bufferevent_free(v->bev);
	free(v);
}

/* ---- answers ---- */

static void
answer(struct visitor *v, const char *status, const char *type, struct span body)
{
	struct evbuffer *out = bufferevent_get_output(v->bev);
	struct timeval linger = { LINGER_S, 0 };

	v->state = VISITOR_ANSWERED;
	(void)evbuffer_add_printf(out, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
	    "%sConnection: close\r\n\r\n", status, type, body.n, strncmp(status, "405", 3) == 0 ? "Allow: GET\r\n" : "");
	(void)evbuffer_add(out, body.p, body.n);
	(void)event_add(v->end, &linger);
}

static void
say(struct visitor *v, const char *status, const char *text)
{
	char line[320];

	(void)snprintf(line, sizeof line, "%.300s", text);
	(void)snprintf(line + strcspn(line, "\r\n"), 2, "\n");
	answer(v, status, "text/plain; charset=utf-8", span_of(line));
}

static void
say_late(struct visitor *v)
{
	say(v, "503 Service Unavailable", "the engine does not answer");
}

static void
say_metrics(struct visitor *v)
{
	struct watch *w = v->watch;
	struct mllp_stats intake = { 0 };
	struct forward_state forward = { .path = "" };
	struct metrics m = { .engine = &w->look.status, .forward = &forward, .intake = &intake, .senders = w->senders, .held = w->setup.held,
		.ctx = w->setup.ctx, .now_s = clock_now().wall_ms / 1000 };
	struct buf text;

	w->setup.intake(w->setup.ctx, &intake);
	if (w->setup.forwarded)
		w->setup.forwarded(w->setup.ctx, &forward);
	m.senders_n = w->setup.senders(w->setup.ctx, w->senders);
	buf_init(&text, METRICS_MAX);
	metrics_write(&m, &text);
	if (text.spoilt)
		say(v, "503 Service Unavailable", "no memory for all that could be said");
	else
		answer(v, "200 OK", METRICS_TYPE, buf_span(&text));
	buf_clear(&text);
}

static void
say_ready(struct visitor *v)
{
	struct watch *w = v->watch;
	struct mllp_stats intake = { 0 };
	const char *why;

	w->setup.intake(w->setup.ctx, &intake);
	why = metrics_not_ready(&w->look.status, &intake, w->setup.listeners(w->setup.ctx));
	say(v, why ? "503 Service Unavailable" : "200 OK", why ? why : "ready");
}

static void
say_health(struct visitor *v)
{
	int64_t stuck_s = v->watch->setup.stuck_s(v->watch->setup.ctx);
	char why[80];

	(void)snprintf(why, sizeof why, "the engine has made no progress for %lld seconds", (long long)stuck_s);
	say(v, stuck_s > 0 ? "503 Service Unavailable" : "200 OK", stuck_s > 0 ? why : "ok");
}

/* ---- the engine's look ---- */

static bool
waits(const struct visitor *v)
{
	return v->state == VISITOR_WANTS_READY || v->state == VISITOR_WANTS_METRICS;
}

static void
on_late(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;

	(void)fd;
	(void)what;
	w->late = true;
	for (struct visitor *v = w->visitors; v; v = v->next)
		if (waits(v))
			say_late(v);
}

static void
look(struct visitor *v)
{
	struct watch *w = v->watch;
	struct timeval patience = { LOOK_S, 0 };

	if (w->looking && w->late)
		say_late(v);
	if (w->looking)
		return;
	memset(&w->look, 0, sizeof w->look);
	w->look.kind = COMMAND_STATUS;
	w->looking = true;
	w->late = false;
	(void)event_add(w->patience, &patience);
	w->setup.give(w->setup.ctx, &w->look);
}

bool
watch_reply(struct watch *w, struct command *done)
{
	if (!w || done != &w->look)
		return false;
	w->looking = false;
	(void)event_del(w->patience);
	for (struct visitor *v = w->visitors; v; v = v->next) {
		if (!waits(v))
			continue;
		if (!done->ok)
			say(v, "503 Service Unavailable", done->fault.text);
		else if (v->state == VISITOR_WANTS_READY)
			say_ready(v);
		else
			say_metrics(v);
	}
	engine_status_clear(&done->status);
	return true;
}

/* ---- questions ---- */

/* line: "GET /metrics HTTP/1.1" */
static void
asked(struct visitor *v, const char *line)
{
	const char *path = strchr(line, ' '), *end = path ? strchr(path + 1, ' ') : NULL;
	struct span method, target;

	if (!end || strncmp(end, " HTTP/1.", 8) != 0) {
		say(v, "400 Bad Request", "this is no request of HTTP/1.1");
		return;
	}
	method = span_from(line, (size_t)(path - line));
	target = span_from(path + 1, strcspn(path + 1, " ?"));
	if (!span_eq(method, span_of("GET")))
		say(v, "405 Method Not Allowed", "GET only");
	else if (span_eq(target, span_of("/healthz")))
		say_health(v);
	else if (span_eq(target, span_of("/readyz")))
		v->state = VISITOR_WANTS_READY;
	else if (span_eq(target, span_of("/metrics")))
		v->state = VISITOR_WANTS_METRICS;
	else
		say(v, "404 Not Found", "there are /metrics, /healthz and /readyz");
	if (waits(v))
		look(v);
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct visitor *v = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct evbuffer_ptr whole = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	char *line;

	if (v->state != VISITOR_ASKS) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	if (whole.pos < 0 && evbuffer_get_length(in) < REQUEST_MAX)
		return;
	if (whole.pos < 0) {
		say(v, "431 Request Header Fields Too Large", "a request has at most 4096 bytes");
		return;
	}
	line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF);
	if (line)
		asked(v, line);
	free(line);
	(void)evbuffer_drain(in, evbuffer_get_length(in));
}

/* All is written: our end is closed, and what still comes is read, because closing on it would take the answer along. */
static void
on_written(struct bufferevent *bev, void *ctx)
{
	const struct visitor *v = ctx;

	if (v->state == VISITOR_ANSWERED)
		(void)shutdown(bufferevent_getfd(bev), SHUT_WR);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct visitor *v = ctx;
	bool owed = waits(v) || evbuffer_get_length(bufferevent_get_output(bev)) > 0;

	/* Who closed only the sending end still gets the answer. */
	if (what & BEV_EVENT_ERROR || (what & BEV_EVENT_EOF && !owed))
		visitor_free(v);
}

static void
on_end(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	visitor_free(ctx);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *ctx)
{
	struct watch *w = ctx;
	struct timeval visit = { VISIT_S, 0 };
	struct visitor *v = calloc(1, sizeof *v);

	(void)a;
	(void)n;
	if (!v) {
		(void)close(fd);
		return;
	}
	v->watch = w;
	v->next = w->visitors;
	w->visitors = v;
	if (++w->visitors_n == VISITORS_MAX)
		(void)evconnlistener_disable(l); /* others wait in the kernel */
	v->end = evtimer_new(w->setup.base, on_end, v);
	v->bev = bufferevent_socket_new(w->setup.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!v->bev)
		(void)close(fd);
	if (!v->bev || !v->end || event_add(v->end, &visit) != 0) {
		visitor_free(v); // NOLINT(clang-analyzer-unix.Malloc): it takes itself off the list
		return;
	}
	bufferevent_setcb(v->bev, on_read, on_written, on_event, v);
	bufferevent_setwatermark(v->bev, EV_READ, 0, REQUEST_MAX);
	(void)bufferevent_enable(v->bev, EV_READ | EV_WRITE);
}

/* ---- the socket ---- */

static int
listen_port(const char *address, int port, struct fault *f)
{
	struct sockaddr_storage a;
	int n = sizeof a, fd, one = 1;
	char text[96];

	(void)snprintf(text, sizeof text, strchr(address, ':') ? "[%s]:%d" : "%s:%d", address, port);
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)(void *)&a, &n) != 0) {
		(void)fault_set(f, FAULT_OPERATOR, "metrics: \"%s\" is no address", text);
		return -1;
	}
	fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
	    bind(fd, (struct sockaddr *)(void *)&a, (socklen_t)n) == 0 && listen(fd, 64) == 0)
		return fd;
	(void)fault_set(f, fault_kind_of(errno), "metrics: cannot listen on %s: %s%s", text, strerror(errno),
	    errno == EAFNOSUPPORT ? "; this service has no network of its own: use unix:/run/nudge/metrics.sock" : "");
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

int
watch_listen(const struct conf *c, struct fault *f)
{
	return c->metrics_socket[0] ? control_listen(c->metrics_socket, 0666, f) : listen_port(c->metrics_address, c->metrics_port, f);
}

bool
watch_new(const struct watch_setup *s, struct watch **out, struct fault *f)
{
	struct watch *w = calloc(1, sizeof *w);

	if (!w)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	w->setup = *s;
	(void)evutil_make_socket_nonblocking(s->listener);
	w->patience = evtimer_new(s->base, on_late, w);
	if (w->patience)
		w->listener = evconnlistener_new(s->base, on_accept, w, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, s->listener);
	if (!w->listener) {
		watch_free(w);
		return fault_set(f, FAULT_BROKEN, "metrics: out of memory");
	}
	*out = w;
	return true;
}

void
watch_free(struct watch *w)
{
	if (!w)
		return;
	while (w->visitors)
		visitor_free(w->visitors); // NOLINT(clang-analyzer-unix.Malloc): it takes itself off the list
	if (w->listener)
		evconnlistener_free(w->listener);
	if (w->patience)
		event_free(w->patience);
	engine_status_clear(&w->look.status);
	free(w);
}
