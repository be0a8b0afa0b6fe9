/* loop.c - jobs in, outcomes out; what ends while nudged is away is told when it is back. */
// SPDX-License-Identifier: Apache-2.0
#include "sender/loop.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "acs/asker.h"
#include "nudge/clock.h"
#include "nudge/log.h"
#include "nudge/seal.h"
#include "sender/certificates.h"
#include "sender/outbox.h"
#include "sender/tellers.h"

#define KEPT_MAX (4u << 20) /* bytes of outcomes while nudged is away */
#define RETRY_MIN_MS 250
#define RETRY_MAX_MS 2000
#define STOP_MS 5000     /* so long what is under way may take */
#define STOP_LOOK_MS 50
#define GATHER_MS 2      /* so long outcomes wait for others, so that one write, and one commit there, takes several */

struct loop {
	struct event_base *base;
	struct conf *conf;          /* held */
	struct acs_client *client;
	struct outbox *outbox;      /* events for nudged */
	struct tellers *tellers;
	struct asker *asker;
	struct bufferevent *bev;    /* NULL while not connected */
	struct event *again, *end;
	struct buf kept;            /* outcomes that wait for their turn */
	struct buf flying;          /* those given to the link, until it has drained */
	int64_t wait_ms, stop_by_ms;
	bool linked, stopping;
	loop_reload_fn *on_reload;  /* NULL: none */
	void *reload_ctx;
};

static void
connect_later(struct loop *l)
{
	uint16_t jitter = 0;
	int64_t ms;
	struct timeval t;

	if (!seal_random(&jitter, sizeof jitter))
		jitter = 0;
	ms = l->wait_ms / 2 + jitter % (l->wait_ms / 2 + 1);
	l->wait_ms = l->wait_ms * 2 < RETRY_MAX_MS ? l->wait_ms * 2 : RETRY_MAX_MS;
	t = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	(void)event_add(l->again, &t);
}

/* What was to be kept for nudged could not be: whether for want of memory, else of room. */
static bool
for_want_of_memory(struct buf *b)
{
	bool lacked = b->lacked;

	b->spoilt = b->lacked = false;
	return lacked;
}

static void
lose_outcome(struct loop *l, int64_t text)
{
	if (for_want_of_memory(&l->kept))
		log_error("an outcome is lost: there was no memory to keep it for nudged", log_int("text", text));
	else
		log_error("an outcome is lost: nudged was away too long", log_int("text", text));
}

/* An outcome may come twice, so what the link had not drained goes again, whole. */
static void
keep_flying(struct loop *l)
{
	struct buf all = l->flying;

	if (all.n == 0)
		return;
	if (!buf_add_span(&all, buf_span(&l->kept))) {
		if (for_want_of_memory(&all))
			log_error("outcomes are lost: there was no memory to keep them for nudged");
		else
			log_error("outcomes are lost: nudged was away too long");
	}
	l->flying = l->kept;
	buf_reset(&l->flying);
	l->kept = all;
}

/* Told to write, too: of a link that was made while there was no memory libevent may not see that there is something. */
static bool
put_on_link(struct loop *l, struct span bytes)
{
	return bufferevent_write(l->bev, bytes.p, bytes.n) == 0 && bufferevent_enable(l->bev, EV_WRITE) == 0;
}

static void
hand_over(struct loop *l)
{
	struct buf batch = l->kept;

	if (!l->linked || l->flying.n > 0 || batch.n == 0)
		return;
	if (!put_on_link(l, buf_span(&batch))) { /* out of memory */
		(void)event_add(l->again, &(struct timeval){ 0, RETRY_MIN_MS * 1000 });
		return;
	}
	l->kept = l->flying;
	l->flying = batch;
}

/* The one that has ended still counts as under way: without others there is nothing to wait for. */
static void
hand_over_soon(struct loop *l)
{
	if (!l->linked || acs_client_busy(l->client) <= 1)
		hand_over(l);
	else if (!event_pending(l->again, EV_TIMEOUT, NULL) && event_add(l->again, &(struct timeval){ 0, GATHER_MS * 1000 }) != 0)
		hand_over(l);
}

static void
on_drained(struct bufferevent *bev, void *ctx)
{
	struct loop *l = ctx;

	if (evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	buf_reset(&l->flying);
	hand_over(l);
}

static void
unlink_from(struct loop *l)
{
	if (l->linked)
		log_warn("nudged is gone: waiting for it");
	l->linked = false;
	outbox_linked(l->outbox, false);
	keep_flying(l);
	bufferevent_free(l->bev);
	l->bev = NULL;
	if (!l->stopping)
		connect_later(l);
}

static void
look_again(struct loop *l)
{
	(void)event_add(l->end, &(struct timeval){ 0, STOP_LOOK_MS * 1000 });
}

static void
on_outcome(void *ctx, const struct link_outcome *o)
{
	struct loop *l = ctx;

	if (o->outcome == OUTCOME_ACCEPTED)
		log_debug("accepted", log_int("text", o->text), log_int("attempt", o->attempt), log_name("trace", o->trace.p));
	else
		log_warn("not accepted", log_int("text", o->text), log_int("attempt", o->attempt),
		    log_name("outcome", outcome_name(o->outcome)), log_int("http", o->http_status),
		    log_int("item", o->item_status), log_name("code", o->code.p), log_name("trace", o->trace.p));
	if (!link_put_outcome(&l->kept, o))
		lose_outcome(l, o->text);
	hand_over_soon(l);
}

/* Certainly not begun: said, or it would count as perhaps taken. */
static void
not_begun(struct loop *l, const struct link_job *j)
{
	const struct link_outcome o = { .text = j->text, .attempt = j->attempt, .outcome = OUTCOME_AGAIN,
		.code = SPAN_LIT("stopping"), .retry_after_ms = -1 };

	if (!link_put_outcome(&l->kept, &o))
		lose_outcome(l, o.text);
	hand_over(l);
}

/* ---- events ---- */

/* What was gathered first: a report seldom comes before the outcome of its text, though nudged takes both in any order. */
static bool
write_event(void *ctx, struct span frame)
{
	struct loop *l = ctx;

	hand_over(l);
	return l->linked && put_on_link(l, frame);
}

static bool
events_ready(void *ctx)
{
	struct loop *l = ctx;

	return !l->stopping && outbox_ready(l->outbox);
}

static bool
give_event(void *ctx, struct told_parcel *p, const struct link_event *e)
{
	struct loop *l = ctx;

	return outbox_give(l->outbox, p, e);
}

static void
forget_events(void *ctx, struct told_parcel *p)
{
	struct loop *l = ctx;

	outbox_forget(l->outbox, p);
}

static struct told_outlet
outlet_of(struct loop *l)
{
	return (struct told_outlet){ l, events_ready, give_event, forget_events };
}

static bool
new_tellers(struct loop *l, const struct conf *c, struct tellers **out, struct fault *f)
{
	const struct told_outlet outlet = outlet_of(l);

	return tellers_new(l->base, l->client, c, &outlet, l->tellers, out, f);
}

static void
reload(struct loop *l, enum link_reload how)
{
	struct fault f = { .kind = FAULT_NONE };
	bool ok = !l->on_reload || l->on_reload(l->reload_ctx, how, &f);

	if (!link_put_reloaded(&l->kept, ok, span_of(f.text))) {
		if (for_want_of_memory(&l->kept))
			log_warn("there was no memory to tell nudged what came of a reload");
		else
			log_warn("nudged was away too long to be told what came of a reload");
	}
	hand_over(l);
	certificates_tell(l->conf, write_event, l);
}

static bool
take_frame(struct loop *l, const struct link_frame *frame)
{
	switch (frame->type) {
	case LINK_JOB:
		if (l->stopping)
			not_begun(l, &frame->job);
		else
			acs_client_send(l->client, &frame->job);
		return true;
	case LINK_TAKEN:
		outbox_taken(l->outbox, frame->event.event);
		return true;
	case LINK_ASK:
		if (!l->stopping)
			asker_ask(l->asker, &frame->ask);
		return true;
	case LINK_RELOAD:
		if (!l->stopping)
			reload(l, frame->reload);
		return true;
	case LINK_LOG: {
		char part[16];

		(void)span_copy(part, sizeof part, frame->part);
		(void)log_set_part(part, (enum log_level)frame->level);
		return true;
	}
	case LINK_HELLO:
	case LINK_OUTCOME:
	case LINK_CANCEL:
	case LINK_EVENT:
	case LINK_RELOADED:
	case LINK_CERTIFICATE:
		break;
	}
	return false;
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct loop *l = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);

	for (;;) {
		size_t n = evbuffer_get_length(in);
		struct link_frame frame;
		enum link_result r;

		if (n > LINK_FRAME_MAX + 8)
			n = LINK_FRAME_MAX + 8;
		r = link_get(span_from(n ? evbuffer_pullup(in, (ev_ssize_t)n) : NULL, n), &frame);
		if (r == LINK_MORE)
			return;
		if (r == LINK_BROKEN || !take_frame(l, &frame)) {
			log_error("nudged spoke nonsense: connecting again");
			unlink_from(l);
			return;
		}
		(void)evbuffer_drain(in, frame.bytes);
	}
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct loop *l = ctx;
	struct buf hello;

	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
		unlink_from(l);
		return;
	}
	if (!(what & BEV_EVENT_CONNECTED))
		return;
	buf_init(&hello, 256);
	if (link_put_hello(&hello, "nudge-sender", LINK_CREDITS))
		(void)put_on_link(l, buf_span(&hello));
	buf_clear(&hello);
	l->linked = true;
	hand_over(l);
	outbox_linked(l->outbox, true);
	l->wait_ms = RETRY_MIN_MS;
	log_note("connected to nudged");
}

static void
connect_or_hand_over(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)fd;
	(void)what;
	if (l->bev) {
		hand_over(l);
		return;
	}
	assert(strlen(l->conf->sender_socket) < sizeof a.sun_path);
	memcpy(a.sun_path, l->conf->sender_socket, strlen(l->conf->sender_socket) + 1);
	l->bev = bufferevent_socket_new(l->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!l->bev) {
		connect_later(l);
		return;
	}
	bufferevent_setcb(l->bev, on_read, on_drained, on_event, l);
	(void)bufferevent_enable(l->bev, EV_READ | EV_WRITE);
	/* A failure comes as an event, which frees l->bev and tries again. */
	if (bufferevent_socket_connect(l->bev, (struct sockaddr *)(void *)&a, sizeof a) != 0 && l->bev)
		unlink_from(l);
}

static void
on_end(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;

	(void)fd;
	(void)what;
	if (clock_now().boot_ms < l->stop_by_ms && (acs_client_busy(l->client) > 0 || asker_changes(l->asker) > 0))
		look_again(l);
	else /* what was just said may leave before */
		(void)event_base_loopexit(l->base, &(struct timeval){ 0, STOP_LOOK_MS * 1000 });
}

static bool
socket_ok(const struct conf *c, struct fault *f)
{
	struct sockaddr_un a;

	return strlen(c->sender_socket) < sizeof a.sun_path ||
	    fault_set(f, FAULT_OPERATOR, "sender_socket: the path is too long, %zu characters at most", sizeof a.sun_path - 1);
}

bool
loop_new(struct event_base *base, struct conf *c, struct loop **out, struct fault *f)
{
	struct told_outlet outlet;
	struct loop *l;

	if (!socket_ok(c, f))
		return false;
	l = calloc(1, sizeof *l);
	if (!l)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	l->base = base;
	l->conf = conf_hold(c);
	l->wait_ms = RETRY_MIN_MS;
	buf_init(&l->kept, KEPT_MAX);
	buf_init(&l->flying, KEPT_MAX);
	l->again = evtimer_new(base, connect_or_hand_over, l);
	l->end = evtimer_new(base, on_end, l);
	if (!l->again || !l->end || !outbox_new(write_event, l, &l->outbox)) {
		loop_free(l);
		return fault_set(f, FAULT_BROKEN, "out of memory");
	}
	if (!acs_client_new(base, c, on_outcome, l, &l->client, f) || !new_tellers(l, c, &l->tellers, f)) {
		loop_free(l);
		return false;
	}
	outlet = outlet_of(l);
	if (!asker_new(base, l->client, c, &outlet, &l->asker)) {
		loop_free(l);
		return fault_set(f, FAULT_BROKEN, "out of memory");
	}
	connect_or_hand_over(-1, 0, l);
	*out = l;
	return true;
}

bool
loop_reload(struct loop *l, struct conf *c, struct fault *f)
{
	struct tellers *fresh = NULL;

	if (!c)
		c = l->conf;
	if (!socket_ok(c, f) || !new_tellers(l, c, &fresh, f))
		return false;
	if (!acs_client_reload(l->client, c, f)) {
		tellers_free(fresh);
		return false;
	}
	tellers_free(l->tellers);
	l->tellers = fresh;
	asker_reload(l->asker, c);
	c = conf_hold(c);
	conf_drop(l->conf);
	l->conf = c;
	return true;
}

bool
loop_same(const struct loop *l, const struct conf *c)
{
	return memcmp(l->conf->digest, c->digest, sizeof c->digest) == 0;
}

void
loop_on_reload(struct loop *l, loop_reload_fn *fn, void *ctx)
{
	l->on_reload = fn;
	l->reload_ctx = ctx;
}

void
loop_stop(struct loop *l)
{
	if (l->stopping)
		return;
	l->stopping = true;
	l->stop_by_ms = clock_now().boot_ms + STOP_MS;
	on_end(-1, 0, l);
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	tellers_free(l->tellers);
	acs_client_free(l->client);
	asker_free(l->asker);
	outbox_free(l->outbox);
	if (l->bev)
		bufferevent_free(l->bev);
	if (l->again)
		event_free(l->again);
	if (l->end)
		event_free(l->end);
	buf_wipe(&l->kept);
	buf_wipe(&l->flying);
	conf_drop(l->conf);
	free(l);
}
