/* sim_loop.c - see sim_loop.h. It stands where libevent's symbols would be looked for: whoever is linked with it gets these. */
// SPDX-License-Identifier: Apache-2.0
#include "sim_loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "whose.h"

#define EVENTS_MAX 4096

struct event_base { int unused; };
struct event_config { int unused; };

static struct event_base the_base;
static struct event_config the_config;

static struct pending {
	struct event *event;
	int64_t due_ms; /* INT64_MAX: not by time */
} pending[EVENTS_MAX];
static size_t pending_n;

struct event_base *event_base_new_with_config(const struct event_config *c) { (void)c; return &the_base; }
struct event_config *event_config_new(void) { return &the_config; }
void event_config_free(struct event_config *c) { (void)c; }
int event_config_set_flag(struct event_config *c, int flag) { (void)c; (void)flag; return 0; }
void event_base_free(struct event_base *b) { (void)b; }
int event_base_dispatch(struct event_base *b) { (void)b; return -1; }
int event_base_loopexit(struct event_base *b, const struct timeval *t) { (void)b; (void)t; return 0; }

int
event_assign(struct event *ev, struct event_base *base, evutil_socket_t fd, short what, event_callback_fn fn, void *arg)
{
	memset(ev, 0, sizeof *ev);
	ev->ev_base = base;
	ev->ev_fd = fd;
	ev->ev_events = what;
	ev->ev_evcallback.evcb_cb_union.evcb_callback = fn;
	ev->ev_evcallback.evcb_arg = arg;
	return 0;
}

struct event *
event_new(struct event_base *base, evutil_socket_t fd, short what, event_callback_fn fn, void *arg)
{
	struct event *ev = malloc(sizeof *ev);

	if (ev)
		(void)event_assign(ev, base, fd, what, fn, arg);
	return ev;
}

static struct pending *
find(const struct event *ev)
{
	for (size_t i = 0; i < pending_n; i++)
		if (pending[i].event == ev)
			return &pending[i];
	return NULL;
}

int
event_add(struct event *ev, const struct timeval *in)
{
	struct pending *p = find(ev);

	if (!p && pending_n == EVENTS_MAX)
		abort();
	if (!p) {
		p = &pending[pending_n++];
		*p = (struct pending){ ev, INT64_MAX };
	}
	if (in)
		p->due_ms = sim_ms() + in->tv_sec * 1000 + (in->tv_usec + 999) / 1000;
	return 0;
}

int
event_del(struct event *ev)
{
	struct pending *p = find(ev);

	if (p) {
		memmove(p, p + 1, (size_t)(pending + pending_n - (p + 1)) * sizeof *p);
		pending_n--;
	}
	return 0;
}

void
event_free(struct event *ev)
{
	(void)event_del(ev);
	free(ev);
}

int
event_pending(const struct event *ev, short what, struct timeval *tv)
{
	(void)tv;
	return find(ev) ? what : 0;
}

static bool
is_ready(const struct pending *p)
{
	int fd = (int)p->event->ev_fd;

	if (p->due_ms <= sim_ms())
		return true;
	if (fd >= SIM_BELL)
		return sim_bell_rings(fd);
	return fd >= SIM_FD && sim_wire_ready(fd, (p->event->ev_events & EV_WRITE) != 0);
}

bool
sim_loop_do_one(void)
{
	struct event *ready[64], *ev;
	size_t n = 0;

	for (size_t i = 0; i < pending_n && n < COUNT(ready); i++)
		if (is_ready(&pending[i]))
			ready[n++] = pending[i].event;
	if (n == 0)
		return false;
	ev = ready[n == 1 ? 0 : dice(n)];
	if (!(ev->ev_events & EV_PERSIST))
		(void)event_del(ev);
	PRODUCT_RUNS;
	ev->ev_evcallback.evcb_cb_union.evcb_callback(ev->ev_fd, ev->ev_events, ev->ev_evcallback.evcb_arg);
	return true;
}

int64_t
sim_loop_next_ms(void)
{
	int64_t ms = INT64_MAX;

	for (size_t i = 0; i < pending_n; i++)
		ms = pending[i].due_ms < ms ? pending[i].due_ms : ms;
	return ms;
}

void
sim_loop_clear(void)
{
	pending_n = 0;
}
