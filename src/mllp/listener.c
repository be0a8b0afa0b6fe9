/* listener.c - accepts on thread 0 and deals the connections out. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/intake.h"
#include "mllp/session.h"

#include "nudge/clock.h"
#include "nudge/log.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 64
#define REST_MS 100       /* without descriptors or memory */
#define HUSH_MS 1000      /* between two log lines about refused connections */
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_PROBES 4
#define UNACKNOWLEDGED_MS 60000
#define UNREAD_ANSWERS 32768 /* bytes that the kernel keeps of what a peer does not read: the answers to all that may be unanswered, and no flood */

struct newcomer {
	struct task task;
	struct port *port;
	int fd;
	bool shaking;
	struct peer peer;
};

static void
set_options(int fd)
{
	static const struct {
		int level, name, value;
	} rows[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS },
		{ SOL_SOCKET, SO_SNDBUF, UNREAD_ANSWERS },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		setsockopt(fd, rows[i].level, rows[i].name, &rows[i].value, sizeof rows[i].value);
	}
}

static void
run_newcomer(struct intake_thread *t, struct task *task)
{
	struct newcomer *n = (struct newcomer *)task;

	session_open(t, n->port, n->fd, &n->peer, n->shaking);
	free(n);
}

/* Counted here, so that the next who comes is judged by it even if it has not arrived. */
static void
hand_over(struct intake_thread *t, struct port *p, int fd, const struct peer *peer, bool shaking)
{
	struct mllp *m = t->intake;
	struct intake_thread *to = shaking ? &m->threads[m->threads_n] : thread_next(t);
	struct newcomer *n = to == t ? NULL : calloc(1, sizeof *n);

	atomic_fetch_add(&p->open_n, 1);
	atomic_fetch_add(&p->shaking_n, shaking);
	if (!n) {
		session_open(t, p, fd, peer, shaking);
		return;
	}
	n->task.run = run_newcomer;
	n->port = p;
	n->fd = fd;
	n->shaking = shaking;
	n->peer = *peer;
	thread_post(to, &n->task);
}

static bool
may_log(struct port *p)
{
	int64_t now_ms = clock_now().boot_ms;

	if (now_ms < p->hushed_ms) {
		return false;
	}
	p->hushed_ms = now_ms + HUSH_MS;
	return true;
}

/* From half of its places on by chance, so that a flood does not hold all of them. */
static bool
too_many_handshakes(const struct port *p, const struct terms *t)
{
	int64_t max = t->listener->max_handshakes, n = atomic_load(&p->shaking_n), half = max / 2;

	if (!t->tls || max == 0 || n < half) {
		return false;
	}
	return n >= max || (int64_t)arc4random_uniform((uint32_t)(max - half)) < n - half;
}

/* Whether a connection is worth a handshake now; false: counted and told. */
static bool
may_shake_hands(struct intake_thread *t, struct port *p, const struct terms *terms, const struct peer *peer)
{
	struct intake_counts *counts = &t->intake->counts;

	if (penalty_bars(&t->intake->penalties, peer, clock_now().boot_ms)) {
		count(&counts->refused_penalty, 1); /* told when it began */
		return false;
	}
	if (!too_many_handshakes(p, terms)) {
		return true;
	}
	count(&counts->refused_handshakes, 1);
	if (may_log(p)) {
		log_warn("connection refused: too many unfinished handshakes", log_name("listener", terms->listener->title),
		    log_name("peer", peer->text), log_int("max_handshakes", terms->listener->max_handshakes));
	}
	return false;
}

static void
welcome(struct intake_thread *t, struct port *p, int fd, const struct sockaddr_storage *from)
{
	const struct terms *terms = setting_terms(t->setting, p);
	struct intake_counts *counts = &t->intake->counts;
	struct peer peer;

	assert(terms);
	peer_of(from, &peer);
	count(&counts->accepted, 1);
	if (atomic_load(&p->open_n) >= terms->listener->max_connections) {
		count(&counts->refused_limit, 1);
		if (may_log(p)) {
			log_warn("connection refused: the listener has max_connections",
			    log_name("listener", terms->listener->title), log_name("peer", peer.text),
			    log_int("max_connections", terms->listener->max_connections));
		}
		close(fd);
		return;
	}
	if (identity_sources(terms->identity, &peer) == 0) {
		count(&counts->refused_source, 1);
		if (may_log(p)) {
			log_warn("connection refused: the address is in no environment's sources",
			    log_name("listener", terms->listener->title), log_name("peer", peer.text));
		}
		close(fd);
		return;
	}
	if (!may_shake_hands(t, p, terms, &peer)) {
		close(fd);
		return;
	}
	set_options(fd);
	hand_over(t, p, fd, &peer, terms->tls != NULL);
}

static void
stop_accepting(struct intake_thread *t, struct port *p)
{
	event_del(&p->ready);
	p->accepting = false;
	count(&t->intake->counts.listening, -1);
}

/* Nobody can be let in now; trying at once would only burn the processor. */
static void
rest(struct intake_thread *t, struct port *p, int why)
{
	static const struct timeval wait = { 0, REST_MS * 1000 };

	for (size_t i = 0; i < t->setting->n; i++) {
		struct port *each = t->setting->terms[i].port;
		if (each->accepting) {
			stop_accepting(t, each);
		}
	}
	evtimer_add(&t->rest, &wait);
	if (may_log(p)) {
		log_warn("connections wait: descriptors or memory are used up; raise LimitNOFILE or lower "
		    "max_connections", log_int("port", p->number), log_int("errno", why));
	}
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct port *p = arg;
	struct intake_thread *t = &p->intake->threads[0];

	(void)what;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
		socklen_t n = sizeof from;
		int got = accept4(fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (got >= 0) {
			welcome(t, p, got, &from);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			rest(t, p, errno);
			return;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		}
	}
}

void
listener_rested(evutil_socket_t fd, short what, void *thread)
{
	(void)fd;
	(void)what;
	listener_sync(thread, NULL);
}

void
listener_sync(struct intake_thread *t, const struct setting *before)
{
	for (size_t i = 0; before && i < before->n; i++) {
		struct port *p = before->terms[i].port;
		if (p->accepting && !setting_terms(t->setting, p)) {
			stop_accepting(t, p);
		}
	}
	for (size_t i = 0; i < t->setting->n; i++) {
		struct port *p = t->setting->terms[i].port;
		bool serve = t->opened && !t->stopping;
		if (serve && !p->accepting) {
			event_assign(&p->ready, t->base, p->fd, EV_READ | EV_PERSIST, on_connection, p);
			p->accepting = event_add(&p->ready, NULL) == 0;
			count(&t->intake->counts.listening, p->accepting);
		} else if (!serve && p->accepting) {
			stop_accepting(t, p);
		}
	}
}
