/* sim_wire.c - see sim_wire.h. */
// SPDX-License-Identifier: Apache-2.0
#include "sim_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mllp/session.h"
#include "sim.h"
#include "whose.h"

#define WIRES_MAX 256
#define WIRE_MAX (8u << 20)

struct line { /* one connection; its place is given anew only when both ends let go */
	bool used, ours, theirs;        /* ours: nudged has its end; theirs: the feed has */
	struct wire_ends ends;
	struct buf to_us, coming;       /* arrived and unread; on its way */
	struct buf to_them;             /* on its way */
	bool eof, broken;               /* as nudged sees it */
	bool said_end, moving_in, moving_out;
};

static struct line lines[WIRES_MAX];
static struct intake_thread *server;
static struct port *port;
static bool rough;

static struct line *
of(int fd)
{
	return &lines[(fd - SIM_FD) % WIRES_MAX];
}

void
sim_wires_clear(void)
{
	for (size_t i = 0; i < WIRES_MAX; i++) {
		buf_clear(&lines[i].to_us);
		buf_clear(&lines[i].coming);
		buf_clear(&lines[i].to_them);
	}
	memset(lines, 0, sizeof lines);
	server = NULL;
	rough = false;
}

void
sim_wires_serve(struct intake_thread *t, struct port *p)
{
	server = t;
	port = p;
}

void sim_wires_rough(bool r) { rough = r; }

static void
let_go(struct line *l)
{
	if (l->ours || l->theirs)
		return;
	sim_forget(l);
	buf_clear(&l->to_us);
	buf_clear(&l->coming);
	buf_clear(&l->to_them);
	memset(l, 0, sizeof *l);
}

static int64_t
a_while(void)
{
	return rough ? (int64_t)dice(luck(20) ? 40000 : 300) : (int64_t)dice(3);
}

/* ---- towards us ---- */

static void
arrive(void *ctx, int64_t unused)
{
	struct line *l = ctx;
	size_t n = l->coming.n;

	(void)unused;
	l->moving_in = false;
	if (rough && n > 1)
		n = 1 + dice(n);
	if (!buf_add(&l->to_us, l->coming.p, n))
		abort();
	buf_drop_front(&l->coming, n);
	if (l->coming.n > 0) {
		l->moving_in = true;
		sim_at(a_while(), arrive, l, 0);
	} else if (l->said_end) {
		l->eof = true;
	}
}

void
sim_wire_send(int fd, struct span bytes)
{
	struct line *l = of(fd);

	if (!l->ours || l->broken || !buf_add_span(&l->coming, bytes))
		return;
	if (!l->moving_in) {
		l->moving_in = true;
		sim_at(a_while(), arrive, l, 0);
	}
}

static void
tell_end(void *ctx, int64_t unused)
{
	struct line *l = ctx;

	(void)unused;
	if (!l->theirs)
		return;
	l->theirs = false;
	l->ends.ended(l->ends.ctx);
	let_go(l);
}

void
sim_wire_cut(int fd)
{
	struct line *l = of(fd);

	l->broken = true;
	buf_reset(&l->coming);
	buf_reset(&l->to_them);
	sim_at(luck(500) ? 0 : (int64_t)dice(20000), tell_end, l, 0);
}

void
sim_wire_hang_up(int fd)
{
	struct line *l = of(fd);

	l->theirs = false;
	l->said_end = true;
	l->eof = l->eof || !l->moving_in;
	let_go(l);
}

int
sim_wire_open(const struct wire_ends *ends)
{
	struct peer peer = { .text = "127.0.0.1" };
	size_t i = 0;

	while (i < WIRES_MAX && lines[i].used)
		i++;
	if (!server || i == WIRES_MAX)
		return -1;
	lines[i] = (struct line){ .used = true, .ours = true, .theirs = true, .ends = *ends };
	buf_init(&lines[i].to_us, WIRE_MAX);
	buf_init(&lines[i].coming, WIRE_MAX);
	buf_init(&lines[i].to_them, WIRE_MAX);
	peer.address[10] = peer.address[11] = 0xff;
	peer.address[12] = 127;
	peer.address[15] = 1;
	atomic_fetch_add(&port->open_n, 1);
	PRODUCT_RUNS;
	session_open(server, port, SIM_FD + (int)i, &peer, false);
	return SIM_FD + (int)i;
}

/* ---- towards them ---- */

static void
depart(void *ctx, int64_t unused)
{
	struct line *l = ctx;
	size_t n = l->to_them.n;
	struct buf some;

	(void)unused;
	l->moving_out = false;
	if (!l->theirs || n == 0)
		return;
	if (rough && n > 1)
		n = 1 + dice(n);
	buf_init(&some, WIRE_MAX);
	if (!buf_add(&some, l->to_them.p, n))
		abort();
	buf_drop_front(&l->to_them, n);
	if (l->to_them.n > 0) {
		l->moving_out = true;
		sim_at(a_while(), depart, l, 0);
	}
	l->ends.bytes(l->ends.ctx, buf_span(&some));
	buf_clear(&some);
}

/* ---- what the intake sees ---- */

bool
sim_wire_ready(int fd, bool writable)
{
	const struct line *l = of(fd);

	return l->broken || writable || l->to_us.n > 0 || l->eof;
}

enum wire_result wire_handshake(struct wire *w) { (void)w; return WIRE_BROKEN; }
bool wire_heard(const struct wire *w) { (void)w; return false; }
bool wire_has_more(const struct wire *w) { (void)w; return false; } /* the line is readable as long as bytes are there */

enum wire_result
wire_read(struct wire *w, void *into, size_t max, size_t *got)
{
	struct line *l = of(w->fd);
	size_t n = l->to_us.n < max ? l->to_us.n : max;

	if (l->broken)
		return WIRE_BROKEN;
	if (n == 0)
		return l->eof ? WIRE_EOF : WIRE_AGAIN;
	memcpy(into, l->to_us.p, n);
	buf_drop_front(&l->to_us, n);
	*got = n;
	WORLD_RUNS;
	if (l->theirs)
		l->ends.taken(l->ends.ctx);
	return WIRE_OK;
}

enum wire_result
wire_write(struct wire *w, const void *bytes, size_t n, size_t *put)
{
	struct line *l = of(w->fd);

	if (l->broken)
		return WIRE_BROKEN;
	if (rough && luck(200))
		return WIRE_AGAIN;
	if (rough && n > 1 && luck(300))
		n = 1 + dice(n);
	if (l->theirs && !buf_add(&l->to_them, bytes, n))
		return WIRE_BROKEN;
	*put = n;
	if (!l->moving_out) {
		l->moving_out = true;
		sim_at(a_while(), depart, l, 0);
	}
	return WIRE_OK;
}

static void
say_end(void *ctx, int64_t unused)
{
	struct line *l = ctx;

	(void)unused;
	while (l->theirs && l->to_them.n > 0)
		depart(l, 0);
	tell_end(l, 0);
}

void
wire_end(struct wire *w)
{
	sim_at(a_while(), say_end, of(w->fd), 0);
}

/* What was written before it arrives, or the network is slower than the patience of the other end. */
void
wire_close(struct wire *w)
{
	struct line *l = w->fd >= SIM_FD ? of(w->fd) : NULL;

	w->fd = -1;
	if (!l || !l->ours)
		return;
	l->ours = false;
	if (l->to_us.n > 0 && luck(500)) /* closed on unread bytes: a reset may overtake the answer */
		buf_reset(&l->to_them);
	if (l->theirs)
		sim_at(a_while(), say_end, l, 0);
	let_go(l);
}

/* session.c throws away by hand what comes while a connection lingers. */
ssize_t
recv(int fd, void *into, size_t max, int flags)
{
	struct wire w = { .fd = fd };
	size_t got = 0;

	if (fd < SIM_FD)
		return recvfrom(fd, into, max, flags, NULL, NULL);
	switch (wire_read(&w, into, max, &got)) {
	case WIRE_OK:
		return (ssize_t)got;
	case WIRE_EOF:
		return 0;
	case WIRE_AGAIN:
		errno = EAGAIN;
		return -1;
	case WIRE_BROKEN:
		break;
	}
	errno = ECONNRESET;
	return -1;
}
