/* session.c - the states of a connection, what it waits for, and for how long. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/session.h"

#include "nudge/clock.h"
#include "nudge/log.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS 2000
#define LINGER_READS 16 /* in one turn */

static void arrive(struct intake_thread *t, struct task *task);

const char *
session_listener(const struct session *s)
{
	return s->terms ? s->terms->listener->title : "(removed)";
}

static void
count_shaking(struct session *s, bool shaking)
{
	if (shaking != s->shaking) {
		atomic_fetch_add(&s->port->shaking_n, shaking ? 1 : -1);
	}
	s->shaking = shaking;
}

static void
enter(struct session *s, enum session_state state)
{
	count_shaking(s, state == SESSION_HANDSHAKE);
	s->state = state;
	s->since_ms = s->now.boot_ms;
	s->active_ms = s->now.boot_ms;
}

void
session_opened(struct session *s)
{
	int64_t since_ms = s->since_ms;

	enter(s, SESSION_OPEN);
	s->since_ms = since_ms;
	s->welcome = true;
	penalty_come(&s->thread->intake->penalties, &s->peer);
}

static void
linger(struct session *s)
{
	wire_end(&s->wire);
	enter(s, SESSION_LINGER);
}

void
session_drain(struct session *s)
{
	if (s->state == SESSION_HANDSHAKE) {
		s->dead = true;
	} else if (s->state == SESSION_OPEN) {
		enter(s, SESSION_DRAIN);
		s->paused = s->hungry = false;
		buf_wipe(&s->rest);
		frame_clear(&s->reader);
		reading_recount(s);
	}
}

/* When the connection must have got on by itself, or end; 0: whenever. A
 * draining one may wait for its answers (of its listener nothing may be left); a peer that takes none runs into
 * TCP_USER_TIMEOUT. While paused it is we who do not read. */
static int64_t
deadline(const struct session *s)
{
	const struct conf_listener *l;
	int64_t from_ms = s->since_ms, limit_s = 0;

	if (s->state == SESSION_LINGER) {
		return s->since_ms + LINGER_MS;
	}
	if (s->state == SESSION_DRAIN || s->paused) {
		return 0;
	}
	l = s->terms->listener;
	if (s->state == SESSION_HANDSHAKE) {
		limit_s = l->handshake_timeout_s;
	} else if (s->frame_ms) {
		from_ms = s->frame_ms;
		limit_s = l->frame_timeout_s;
	} else if (!s->heard) {
		limit_s = l->first_byte_timeout_s;
	} else if (answering_done(s)) {
		from_ms = s->active_ms;
		limit_s = l->idle_timeout_s;
	}
	return limit_s > 0 ? from_ms + limit_s * 1000 : 0;
}

static void
expire(struct session *s)
{
	struct intake_counts *counts = &s->thread->intake->counts;
	bool bare = frame_is_bare(&s->reader);

	switch (s->state) {
	case SESSION_HANDSHAKE:
		count(&counts->handshake_timeouts, 1);
		log_info("connection closed: no TLS handshake in time",
		    log_name("listener", session_listener(s)), log_name("peer", s->peer.text));
		session_penalty(s, PENALTY_STALLED_MS);
		s->dead = true;
		break;
	case SESSION_OPEN:
		if (s->frame_ms) {
			count(&counts->frame_timeouts, 1);
			log_warn(bare ? SESSION_BARE : "connection closed: a frame began and did not end in time",
			    log_name("listener", session_listener(s)), log_name("peer", s->peer.text),
			    log_int("bytes", (int64_t)(bare ? s->reader.junk : s->reader.seen)));
		} else if (!s->heard) {
			count(&counts->probes, 1);
			log_info("connection closed: no first byte in time", log_name("listener", session_listener(s)),
			    log_name("peer", s->peer.text));
		} else {
			log_info("connection closed: idle", log_name("listener", session_listener(s)),
			    log_name("peer", s->peer.text));
		}
		session_drain(s);
		break;
	case SESSION_DRAIN:
		break;
	case SESSION_LINGER:
		s->dead = true;
		break;
	}
}

static void
want(struct event *e, bool *added, bool wanted)
{
	if (wanted != *added && (wanted ? event_add(e, NULL) : event_del(e)) == 0) {
		*added = wanted;
	}
}

static void
watch(struct session *s)
{
	bool in = s->state == SESSION_HANDSHAKE || s->state == SESSION_LINGER ||
	    (s->state == SESSION_OPEN && !s->paused);
	bool out = s->out.n > s->out_at;
	int64_t due_ms = deadline(s);

	want(&s->readable, &s->reads, (in && !s->wire.reading_writes) || (out && s->wire.writing_reads));
	/* Only an event that is added already: libevent does not add one that is active. */
	if (s->more && s->reads) {
		event_active(&s->readable, EV_READ, 0);
	}
	s->more = false;
	want(&s->writable, &s->writes, (in && s->wire.reading_writes) || (out && !s->wire.writing_reads));
	/* A deadline that moved away is found out when the timer looks. */
	if (due_ms && (!s->timer_ms || due_ms < s->timer_ms)) {
		int64_t wait_ms = due_ms > s->now.boot_ms ? due_ms - s->now.boot_ms : 1;
		struct timeval wait = { wait_ms / 1000, wait_ms % 1000 * 1000 };
		s->timer_ms = due_ms;
		evtimer_add(&s->timer, &wait);
	}
}

void
session_settle(struct session *s)
{
	if (!s->dead && s->state == SESSION_DRAIN && answering_done(s)) {
		if (s->eof) {
			wire_end(&s->wire);
			s->dead = true;
		} else {
			linger(s);
		}
	}
	if (!s->dead && s->refused && s->state == SESSION_HANDSHAKE) {
		linger(s); /* so that the alert arrives */
	}
	if (s->dead) {
		session_free(s);
	} else {
		watch(s);
	}
}

static void
throw_away(struct session *s)
{
	for (int i = 0; i < LINGER_READS; i++) {
		ssize_t n = recv(s->wire.fd, s->thread->input, INPUT_MAX, 0);
		if (n == 0) {
			s->dead = true;
		}
		if (n <= 0) {
			break;
		}
	}
}

/* All of it but its place: what is under way belongs to nobody, and nothing can happen to it. */
static void
move(struct session *s)
{
	struct intake_thread *from = s->thread;

	event_del(&s->readable);
	event_del(&s->writable);
	evtimer_del(&s->timer);
	s->reads = s->writes = false;
	s->timer_ms = 0;
	table_remove(&from->sessions, s->number);
	s->number = 0;
	s->thread = thread_next(from);
	s->move.run = arrive;
	thread_post(s->thread, &s->move);
}

void
session_turn(struct session *s, bool may_read)
{
	s->now = clock_now();
	if (s->state == SESSION_HANDSHAKE && session_handshake(s)) {
		move(s);
		return;
	}
	if (s->state == SESSION_LINGER) {
		throw_away(s);
	} else if (!s->dead) {
		answering_flush(s);
	}
	if (!s->dead && s->state == SESSION_OPEN && (may_read || s->paused)) {
		reading_pump(s);
	}
	session_settle(s);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd;
	(void)what;
	session_turn(s, true);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;
	int64_t due_ms;

	(void)fd;
	(void)what;
	s->now = clock_now();
	s->timer_ms = 0;
	due_ms = deadline(s);
	if (due_ms && s->now.boot_ms >= due_ms) {
		expire(s);
	}
	session_settle(s);
}

static bool
begin_tls(struct session *s)
{
	s->wire.ssl = SSL_new(s->terms->tls);
	if (!s->wire.ssl || !SSL_set_fd(s->wire.ssl, s->wire.fd) || !SSL_set_app_data(s->wire.ssl, s)) {
		return false;
	}
	SSL_set_accept_state(s->wire.ssl);
	return true;
}

static void
take_events(struct session *s)
{
	event_assign(&s->readable, s->thread->base, s->wire.fd, EV_READ | EV_PERSIST, on_ready, s);
	event_assign(&s->writable, s->thread->base, s->wire.fd, EV_WRITE | EV_PERSIST, on_ready, s);
	evtimer_assign(&s->timer, s->thread->base, on_timer, s);
}

/* At the thread that reads it from now on, under what is in force there. */
static void
arrive(struct intake_thread *t, struct task *task)
{
	struct session *s = (struct session *)((char *)task - offsetof(struct session, move));

	take_events(s);
	s->now = clock_now();
	s->terms = setting_terms(t->setting, s->port);
	if (t->stopping || !s->terms || !s->terms->tls || !table_add(&t->sessions, s, &s->number)) {
		s->dead = true;
	} else {
		session_enter(s);
	}
	if (s->dead) {
		session_settle(s);
	} else {
		session_turn(s, true); /* what came along with its last step */
	}
}

void
session_open(struct intake_thread *t, struct port *p, int fd, const struct peer *peer, bool shaking)
{
	const struct terms *terms = setting_terms(t->setting, p);
	struct session *s = terms && !t->stopping ? calloc(1, sizeof *s) : NULL;

	if (!s || !table_add(&t->sessions, s, &s->number)) {
		free(s);
		close(fd);
		atomic_fetch_sub(&p->shaking_n, shaking);
		atomic_fetch_sub(&p->open_n, 1);
		return;
	}
	count(&t->intake->counts.connections, 1);
	s->thread = t;
	s->port = p;
	s->shaking = shaking;
	s->terms = terms;
	s->peer = *peer;
	s->wire.fd = fd;
	s->now = clock_now();
	frame_init(&s->reader, terms->listener->max_message);
	buf_init(&s->rest, INPUT_MAX);
	buf_init(&s->out, SESSION_ANSWER_MAX);
	take_events(s);
	if (terms->tls) {
		enter(s, SESSION_HANDSHAKE);
		s->dead = !begin_tls(s);
	} else {
		enter(s, SESSION_OPEN);
		s->dead = !session_admit(s, IDENTITY_NOW);
	}
	session_settle(s);
}

void
session_reconsider(struct session *s)
{
	const struct terms *terms = setting_terms(s->thread->setting, s->port);

	s->now = clock_now();
	s->terms = terms;
	if (!terms || (terms->tls != NULL) != (s->wire.ssl != NULL)) {
		session_drain(s);
	} else {
		s->reader.max = terms->listener->max_message;
		if (s->state == SESSION_OPEN && !session_admit(s, IDENTITY_ALREADY)) {
			session_drain(s);
		}
	}
	session_settle(s);
}

void
session_stop(struct session *s)
{
	s->now = clock_now();
	session_drain(s);
	session_settle(s);
}

void
session_free(struct session *s)
{
	struct intake_thread *t = s->thread;

	event_del(&s->readable);
	event_del(&s->writable);
	evtimer_del(&s->timer);
	for (uint64_t i = s->first; i < s->next; i++) {
		struct message *m = s->owed[i % SESSION_FRAMES_MAX].answered;
		count(&t->intake->waiting_bytes, -(long long)s->owed[i % SESSION_FRAMES_MAX].bytes);
		if (m) {
			count(&t->intake->counts.unanswered, 1);
		}
		message_drop(t, m);
	}
	if (s->number) {
		table_remove(&t->sessions, s->number);
	}
	wire_close(&s->wire);
	frame_clear(&s->reader);
	count(&t->intake->reading_bytes, -(long long)s->held_bytes);
	buf_wipe(&s->rest);
	buf_clear(&s->out);
	session_leave(s);
	if (s->welcome) {
		penalty_leave(&t->intake->penalties, &s->peer);
	}
	count_shaking(s, false);
	count(&t->intake->counts.connections, -1);
	atomic_fetch_sub(&s->port->open_n, 1);
	free(s);
}
