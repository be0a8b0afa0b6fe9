/* sockets.c - one event for each socket that libcurl waits for, and one timer. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/sockets.h"

#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

#include "nudge/clock.h"

#define VAIN_MAX 1000   /* events of sockets on end that brought nothing on; a handshake has some ten */
#define VAIN_GAP_MS 100 /* what comes later is not on end */
#define VAIN_NAP_MS 20

struct sockets {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	sockets_ran_fn *ran;
	void *ctx;
	int vain;        /* events on end that brought nothing on */
	int64_t vain_ms; /* the last of them */
};

/* Without memory OpenSSL cannot read what is there, and libcurl asks again at once, for as long as it lasts. A timer would
 * need memory to wait: this sleeps. The first thing that goes on again, a connection, a byte, an end, takes it off. */
static void
nap_when_in_vain(struct sockets *s)
{
	const struct timespec nap = { 0, VAIN_NAP_MS * 1000000L };
	int64_t now_ms = clock_now().boot_ms;

	s->vain = now_ms - s->vain_ms > VAIN_GAP_MS ? 0 : s->vain + 1;
	if (s->vain > VAIN_MAX)
		(void)nanosleep(&nap, NULL);
	s->vain_ms = s->vain > VAIN_MAX ? clock_now().boot_ms : now_ms;
}

void
sockets_went_on(struct sockets *s)
{
	s->vain = 0;
}

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct sockets *s = ctx;
	int running, flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	(void)curl_multi_socket_action(s->multi, fd, flags, &running);
	s->ran(s->ctx);
	nap_when_in_vain(s);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct sockets *s = ctx;
	int running;

	(void)fd;
	(void)what;
	(void)curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	s->ran(s->ctx);
}

static int
want_socket(CURL *curl, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct sockets *s = ctx;
	struct event *e = socket_ctx;
	short flags = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
	bool over = what == CURL_POLL_REMOVE;

	(void)curl;
	if (e)
		event_free(e);
	e = over ? NULL : event_new(s->base, fd, flags, on_socket, s);
	if (e && event_add(e, NULL) != 0) {
		event_free(e);
		e = NULL;
	}
	(void)curl_multi_assign(s->multi, fd, e);
	return 0; /* without one it takes until its time is up; -1 would make libcurl refuse all transfers for ever */
}

static int
want_timer(CURLM *multi, long ms, void *ctx)
{
	struct sockets *s = ctx;
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		(void)evtimer_del(s->timer);
	else
		(void)evtimer_add(s->timer, &t);
	return 0;
}

bool
sockets_new(struct event_base *base, CURLM *multi, sockets_ran_fn *ran, void *ctx, struct sockets **out)
{
	struct sockets *s = calloc(1, sizeof *s);

	if (!s || !(s->timer = evtimer_new(base, on_timer, s))) {
		free(s);
		return false;
	}
	s->base = base;
	s->multi = multi;
	s->ran = ran;
	s->ctx = ctx;
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, s);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, want_timer);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, s);
	*out = s;
	return true;
}

void
sockets_free(struct sockets *s)
{
	if (!s)
		return;
	event_free(s->timer);
	free(s);
}
