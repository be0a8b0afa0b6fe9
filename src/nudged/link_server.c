/* link_server.c - the socket that nudge-sender connects to: jobs and questions out, outcomes and events in. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nudge/log.h"
#include "nudged/house.h"

#define CERTIFICATES_MAX 64

struct job_item {
	struct queue_link link;
	struct buf frame;
};

struct link_server {
	struct event_base *base;
	struct evconnlistener *listener;
	struct bufferevent *bev;   /* the one nudge-sender; NULL when none */
	bool greeted;
	struct queue *events;      /* the engine's */
	struct queue *jobs;        /* from the engine */
	struct event *on_jobs;
	int reloads;               /* told, and not yet answered */
	bool refused;              /* the last answer: it kept what it had */
	char why[512];             /* then */
	struct { char gateway[64]; struct mllp_certificate is; } certificates[CERTIFICATES_MAX]; /* that nudge-sender has */
	size_t certificates_n;
};

static struct job_item *
new_item(void)
{
	struct job_item *item = malloc(sizeof *item);

	if (item)
		buf_init(&item->frame, LINK_FRAME_MAX + 8);
	return item;
}

static void
give(struct link_server *l, struct job_item *item, bool whole)
{
	if (whole) {
		queue_give(l->jobs, &item->link);
		return;
	}
	buf_clear(&item->frame);
	free(item);
}

static void
tell(struct link_server *l, const struct sender_event *ev)
{
	struct sender_event *copy = malloc(sizeof *copy);

	if (!copy)
		return; /* the engine takes silence for an answer after a while */
	*copy = *ev;
	queue_give(l->events, &copy->link);
}

static void
drop(struct link_server *l)
{
	struct sender_event lost = { .what = SENDER_LOST };

	bufferevent_free(l->bev);
	l->bev = NULL;
	if (l->greeted) {
		log_warn("nudge-sender is gone: texts wait");
		tell(l, &lost);
	}
	l->greeted = false;
	l->reloads = 0;
}

static void
take_outcome(struct link_server *l, const struct link_outcome *o)
{
	struct sender_event ev = { .what = SENDER_OUTCOME, .text = o->text, .attempt = o->attempt, .outcome = o->outcome,
		.http_status = o->http_status, .retry_after_ms = o->retry_after_ms };

	span_copy(ev.message_id, sizeof ev.message_id, o->message_id);
	span_copy(ev.code, sizeof ev.code, o->code);
	span_copy(ev.trace, sizeof ev.trace, o->trace);
	tell(l, &ev);
}

static bool
take_event(struct link_server *l, const struct link_event *g)
{
	struct sender_event ev = { .what = SENDER_EVENT, .event = g->event, .told = g->what, .text = g->text,
		.delivery = g->delivery, .number = g->code, .at_s = g->at_s, .opted_out = g->opted_out };

	span_copy(ev.gateway, sizeof ev.gateway, g->gateway);
	span_copy(ev.message_id, sizeof ev.message_id, g->message_id);
	span_copy(ev.status, sizeof ev.status, g->status);
	span_copy(ev.from, sizeof ev.from, g->from);
	span_copy(ev.to, sizeof ev.to, g->to);
	if (g->what == EVENT_INBOUND) {
		ev.words = strndup(g->words.n ? g->words.p : "", g->words.n);
		if (!ev.words)
			return true; /* not taken: it comes again */
	}
	tell(l, &ev);
	seal_wipe(&ev, sizeof ev);
	return true;
}

static void
take_reloaded(struct link_server *l, const struct link_frame *frame)
{
	l->reloads -= l->reloads > 0;
	l->refused = !frame->ok;
	(void)span_copy(l->why, sizeof l->why, frame->why);
	if (l->refused)
		log_error("nudge-sender did not take the configuration, and goes on with the one before", log_name("why", l->why));
}

enum sender_said
link_server_said(const struct link_server *l, const char **why)
{
	*why = l->refused ? l->why : "";
	return !l->greeted ? SENDER_SAID_AWAY : l->reloads > 0 ? SENDER_SAID_NOTHING : l->refused ? SENDER_SAID_NO : SENDER_SAID_YES;
}

/* All that nudge-sender is part of, as nudged was told. */
void
link_server_levels(struct link_server *l)
{
	for (size_t i = 0; i < LOG_PARTS; i++) {
		struct job_item *item = new_item();

		if (item)
			give(l, item, link_put_log(&item->frame, span_of(log_part(i)), log_level_of(i)));
	}
}

/* What is no certificate is as if it had not come: it stays the one before. */
static void
take_certificate(struct link_server *l, const struct link_frame *frame)
{
	struct mllp_certificate is = { .not_after_s = 0 };
	size_t i = 0;

	while (i < l->certificates_n && !span_is(frame->gateway, l->certificates[i].gateway))
		i++;
	if (i == CERTIFICATES_MAX || frame->gateway.n >= sizeof l->certificates[i].gateway || !mllp_describe_der(frame->der, &is))
		return;
	(void)span_copy(l->certificates[i].gateway, sizeof l->certificates[i].gateway, frame->gateway);
	l->certificates[i].is = is;
	l->certificates_n += i == l->certificates_n;
}

const struct mllp_certificate *
link_server_certificate(const struct link_server *l, const char *gateway)
{
	for (size_t i = 0; i < l->certificates_n; i++)
		if (strcmp(l->certificates[i].gateway, gateway) == 0)
			return &l->certificates[i].is;
	return NULL;
}

static bool
take_frame(struct link_server *l, const struct link_frame *frame)
{
	struct sender_event hello = { .what = SENDER_CONNECTED, .credits = frame->credits };

	switch (frame->type) {
	case LINK_HELLO:
		l->greeted = true;
		log_note("nudge-sender is connected", log_int("credits", frame->credits));
		tell(l, &hello);
		link_server_levels(l);
		link_server_reload(l, RELOAD_CHANGED); /* it may have slept through a change */
		return true;
	case LINK_OUTCOME:
		take_outcome(l, &frame->outcome);
		return true;
	case LINK_EVENT:
		return take_event(l, &frame->event);
	case LINK_RELOADED:
		take_reloaded(l, frame);
		return true;
	case LINK_CERTIFICATE:
		take_certificate(l, frame);
		return true;
	case LINK_JOB:
	case LINK_CANCEL:
	case LINK_TAKEN:
	case LINK_ASK:
	case LINK_RELOAD:
	case LINK_LOG:
		break;
	}
	return false;
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct link_server *l = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);

	for (;;) {
		size_t n = evbuffer_get_length(in);
		struct link_frame frame;
		enum link_result r;
		unsigned char *p;

		if (n > LINK_FRAME_MAX + 8)
			n = LINK_FRAME_MAX + 8;
		p = evbuffer_pullup(in, (ev_ssize_t)n);
		r = link_get(span_from(p, n), &frame);
		if (r == LINK_MORE)
			return;
		if (r == LINK_BROKEN || !take_frame(l, &frame)) {
			log_error("nudge-sender spoke nonsense: disconnected");
			drop(l);
			return;
		}
		if (frame.type == LINK_EVENT) /* a patient's words do not stay in memory */
			seal_wipe(p, frame.bytes);
		(void)evbuffer_drain(in, frame.bytes);
	}
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		drop(ctx);
}

/* root, ourselves, or the user nudge-sender. */
static bool
may_connect(uint32_t uid)
{
	struct passwd p, *found = NULL;
	char text[16384];

	if (uid == 0 || uid == geteuid())
		return true;
	return getpwnam_r("nudge-sender", &p, text, sizeof text, &found) == 0 && found && found->pw_uid == uid;
}

void
link_server_take(struct link_server *l, int fd, uint32_t uid)
{
	if (!may_connect(uid)) {
		log_warn("sender socket: a process of another user was refused");
		(void)close(fd);
		return;
	}
	if (l->bev) /* a new one replaces an old one that has not yet noticed its end */
		drop(l);
	if (evutil_make_socket_nonblocking(fd) == 0)
		l->bev = bufferevent_socket_new(l->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!l->bev) {
		(void)close(fd);
		return;
	}
	bufferevent_setcb(l->bev, on_read, NULL, on_event, l);
	(void)bufferevent_enable(l->bev, EV_READ | EV_WRITE);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *a, int n, void *ctx)
{
	struct ucred who;
	socklen_t size = sizeof who;

	(void)listener;
	(void)a;
	(void)n;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0)
		link_server_take(ctx, fd, who.uid);
	else
		(void)close(fd);
}

static void
on_jobs(evutil_socket_t fd, short what, void *ctx)
{
	struct link_server *l = ctx;
	struct queue_link *q = queue_take_all(l->jobs), *next;

	(void)fd;
	(void)what;
	/* Told to write, too: of a link that was made while there was no memory libevent may not see that there is something. */
	if (q && l->bev && l->greeted)
		(void)bufferevent_enable(l->bev, EV_WRITE);
	for (; q; q = next) {
		struct job_item *item = (struct job_item *)(void *)q;

		next = q->next;
		if (l->bev && l->greeted)
			(void)bufferevent_write(l->bev, item->frame.p, item->frame.n);
		buf_wipe(&item->frame);
		free(item);
	}
}

void
link_server_job(struct link_server *l, const struct link_job *j)
{
	struct job_item *item = new_item();

	if (item)
		give(l, item, link_put_job(&item->frame, j));
}

void
link_server_taken(struct link_server *l, int64_t event)
{
	struct job_item *item = new_item();

	if (item)
		give(l, item, link_put_taken(&item->frame, event));
}

void
link_server_ask(struct link_server *l, const struct link_question *q)
{
	struct job_item *item = new_item();

	if (item)
		give(l, item, link_put_ask(&item->frame, q));
}

void
link_server_reload(struct link_server *l, enum link_reload how)
{
	struct job_item *item = new_item();

	if (item)
		give(l, item, link_put_reload(&item->frame, how));
	l->reloads += item && l->greeted;
}

bool
link_server_new(struct event_base *base, int listener, struct queue *events, struct link_server **out, struct fault *f)
{
	struct link_server *l = calloc(1, sizeof *l);

	if (!l)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	l->base = base;
	l->events = events;
	l->jobs = queue_new();
	if (listener >= 0 && evutil_make_socket_nonblocking(listener) == 0)
		l->listener = evconnlistener_new(base, on_accept, l, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listener);
	l->on_jobs = l->jobs ? event_new(base, queue_bell(l->jobs), EV_READ | EV_PERSIST, on_jobs, l) : NULL;
	if ((listener >= 0 && !l->listener) || !l->on_jobs || event_add(l->on_jobs, NULL) != 0) {
		link_server_free(l);
		return fault_set(f, FAULT_BROKEN, "sender socket: out of memory");
	}
	*out = l;
	return true;
}

void
link_server_free(struct link_server *l)
{
	if (!l)
		return;
	if (l->jobs)
		on_jobs(-1, 0, l);
	if (l->bev)
		bufferevent_free(l->bev);
	if (l->on_jobs)
		event_free(l->on_jobs);
	if (l->listener)
		evconnlistener_free(l->listener);
	queue_free(l->jobs);
	free(l);
}
