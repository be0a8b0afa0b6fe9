/* sim_link.c - see sim_link.h. */
// SPDX-License-Identifier: Apache-2.0
#include "sim_link.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nudge/buf.h"
#include "sim.h"
#include "whose.h"

#define LINK_MAX (64u << 20)
#define ENDS_MAX 64

struct evbuffer { struct buf bytes; };

struct bufferevent { /* one end */
	struct evbuffer in, out;
	struct bufferevent *peer;    /* NULL: not connected, or the other end is gone */
	bufferevent_data_cb on_read, on_drained;
	bufferevent_event_cb on_event;
	void *ctx;
	int fd;                      /* owned; -1: none */
	bool moving;                 /* a delivery is on the agenda */
};

struct evconnlistener {
	evconnlistener_cb on_accept;
	void *ctx;
};

static struct bufferevent *ends[ENDS_MAX];
static struct evconnlistener *listener; /* NULL: nobody listens */
static struct bufferevent *calling;     /* whom the next end from a socket belongs to */
static bool slow, killing;

static bool
is_alive(const struct bufferevent *b)
{
	for (size_t i = 0; i < ENDS_MAX; i++)
		if (ends[i] == b)
			return true;
	return false;
}

void sim_link_slow(bool s) { slow = s; }
void sim_link_killing(bool k) { killing = k; }

void
sim_link_clear(void)
{
	memset(ends, 0, sizeof ends);
	listener = NULL;
	calling = NULL;
	slow = killing = false;
}

static int64_t
a_while(void)
{
	return slow ? 1 + (int64_t)dice(4000) : (int64_t)dice(4);
}

/* ---- buffers ---- */

size_t evbuffer_get_length(const struct evbuffer *b) { return b->bytes.n; }
unsigned char *evbuffer_pullup(struct evbuffer *b, ev_ssize_t n) { return n ? (unsigned char *)b->bytes.p : NULL; }
int evbuffer_drain(struct evbuffer *b, size_t n) { buf_drop_front(&b->bytes, n); return 0; }
struct evbuffer *bufferevent_get_input(struct bufferevent *b) { return &b->in; }
struct evbuffer *bufferevent_get_output(struct bufferevent *b) { return &b->out; }

/* ---- moving ---- */

static void
drained(void *ctx, int64_t unused)
{
	struct bufferevent *b = ctx;

	(void)unused;
	PRODUCT_RUNS;
	if (b->on_drained && b->out.bytes.n == 0)
		b->on_drained(b, b->ctx);
}

static void
move(struct bufferevent *from, struct bufferevent *to, size_t n)
{
	WORLD_RUNS;
	if (!buf_add(&to->in.bytes, from->out.bytes.p, n))
		abort();
	buf_drop_front(&from->out.bytes, n);
}

static void
deliver(void *ctx, int64_t unused)
{
	struct bufferevent *b = ctx, *to = b->peer;
	size_t n = b->out.bytes.n;

	(void)unused;
	b->moving = false;
	if (!to || n == 0)
		return;
	if (slow && n > 1)
		n = 1 + dice(n);
	move(b, to, n);
	if (b->out.bytes.n > 0) {
		b->moving = true;
		sim_at(a_while(), deliver, b, 0);
	} else {
		sim_at(0, drained, b, 0);
	}
	PRODUCT_RUNS;
	if (to->on_read)
		to->on_read(to, to->ctx);
}

int
bufferevent_write(struct bufferevent *b, const void *p, size_t n)
{
	if (!buf_add(&b->out.bytes, p, n))
		return -1;
	if (!b->moving) {
		b->moving = true;
		sim_at(a_while(), deliver, b, 0);
	}
	return 0;
}

static void
ended(void *ctx, int64_t unused)
{
	struct bufferevent *b = ctx;

	(void)unused;
	PRODUCT_RUNS;
	if (b->in.bytes.n > 0 && b->on_read)
		b->on_read(b, b->ctx);
	if (is_alive(b) && b->on_event)
		b->on_event(b, BEV_EVENT_READING | BEV_EVENT_EOF, b->ctx);
}

/* ---- ends ---- */

static struct bufferevent *
end_new(int fd)
{
	struct bufferevent *b = calloc(1, sizeof *b);
	size_t i = 0;

	while (i < ENDS_MAX && ends[i])
		i++;
	if (i == ENDS_MAX)
		abort();
	if (!b)
		return NULL;
	b->fd = fd;
	buf_init(&b->in.bytes, LINK_MAX);
	buf_init(&b->out.bytes, LINK_MAX);
	ends[i] = b;
	return b;
}

struct bufferevent *
bufferevent_socket_new(struct event_base *base, evutil_socket_t fd, int options)
{
	struct bufferevent *b = end_new((int)fd);

	(void)base;
	(void)options;
	if (b && fd >= 0 && calling) {
		b->peer = calling;
		calling->peer = b;
		calling = NULL;
	}
	return b;
}

void
bufferevent_setcb(struct bufferevent *b, bufferevent_data_cb on_read, bufferevent_data_cb on_drained, bufferevent_event_cb on_event,
    void *ctx)
{
	b->on_read = on_read;
	b->on_drained = on_drained;
	b->on_event = on_event;
	b->ctx = ctx;
}

int bufferevent_enable(struct bufferevent *b, short what) { (void)b; (void)what; return 0; }

static void
connected(void *ctx, int64_t unused)
{
	struct bufferevent *b = ctx;
	int pair[2];

	(void)unused;
	PRODUCT_RUNS;
	if (!listener || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		b->on_event(b, BEV_EVENT_ERROR, b->ctx);
		return;
	}
	(void)close(pair[1]);
	calling = b;
	listener->on_accept(listener, pair[0], NULL, 0, listener->ctx);
	calling = NULL;
	if (is_alive(b))
		b->on_event(b, b->peer ? BEV_EVENT_CONNECTED : BEV_EVENT_ERROR, b->ctx);
}

int
bufferevent_socket_connect(struct bufferevent *b, const struct sockaddr *a, int n)
{
	(void)a;
	(void)n;
	sim_at(1, connected, b, 0);
	return 0;
}

void
bufferevent_free(struct bufferevent *b)
{
	struct bufferevent *to = b->peer;
	size_t n = b->out.bytes.n;

	if (to) {
		to->peer = NULL;
		if (killing && n > 0)
			n = dice(n + 1);
		move(b, to, n);
		sim_at(a_while(), ended, to, 0);
	}
	for (size_t i = 0; i < ENDS_MAX; i++)
		if (ends[i] == b)
			ends[i] = NULL;
	sim_forget(b);
	buf_wipe(&b->in.bytes);
	buf_wipe(&b->out.bytes);
	if (b->fd >= 0)
		(void)close(b->fd);
	free(b);
}

/* ---- the listener ---- */

struct evconnlistener *
evconnlistener_new(struct event_base *base, evconnlistener_cb on_accept, void *ctx, unsigned flags, int backlog, evutil_socket_t fd)
{
	WORLD_RUNS;
	(void)base;
	(void)flags;
	(void)backlog;
	(void)close((int)fd);
	listener = calloc(1, sizeof *listener);
	if (listener)
		*listener = (struct evconnlistener){ on_accept, ctx };
	return listener;
}

void
evconnlistener_free(struct evconnlistener *l)
{
	if (l == listener)
		listener = NULL;
	free(l);
}
