/* sockets.c - one event for each socket that libcurl waits for, and one timer; a connection keeps its event between requests. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/sockets.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "nudge/clock.h"

#define VAIN_MAX 1000   /* events of sockets on end that brought nothing on; a handshake has some ten */
#define VAIN_GAP_MS 100 /* what comes later is not on end */
#define VAIN_NAP_MS 20

struct watch {
	struct sockets *sockets;
	struct watch *next, **at;
	curl_socket_t fd;
	struct event *event; /* NULL: no memory */
	bool wanted;         /* by libcurl, now */
	bool kept;           /* it tells when it closes it */
};

struct sockets {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct watch *watches;
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
	struct watch *w = ctx;
	struct sockets *s = w->sockets;
	int running, flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	if (!w->wanted) { /* closed by the other end, say: libcurl looks when it needs it */
		(void)event_del(w->event);
		return;
	}
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

/* ---- sockets ---- */

static struct watch *
watch_of(const struct sockets *s, curl_socket_t fd)
{
	struct watch *w = s->watches;

	while (w && w->fd != fd)
		w = w->next;
	return w;
}

static struct watch *
watch_new(struct sockets *s, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof *w);

	if (w) {
		*w = (struct watch){ .sockets = s, .fd = fd, .next = s->watches, .at = &s->watches };
		if (w->next)
			w->next->at = &w->next;
		s->watches = w;
	}
	return w;
}

static void
watch_free(struct watch *w)
{
	if (!w)
		return;
	*w->at = w->next;
	if (w->next)
		w->next->at = w->at;
	if (w->event)
		event_free(w->event);
	free(w);
}

static void
watch_for(struct watch *w, short flags)
{
	if (w->event && event_get_events(w->event) != flags) {
		event_free(w->event);
		w->event = NULL;
	}
	if (!w->event)
		w->event = event_new(w->sockets->base, w->fd, flags, on_socket, w);
	if (w->event && !event_pending(w->event, flags, NULL) && event_add(w->event, NULL) != 0) {
		event_free(w->event);
		w->event = NULL;
	}
}

/* Of a connection that waits for its next request libcurl wants nothing, and soon the same again: what it opened itself
 * stays watched, until it closes it. */
static int
want_socket(CURL *curl, curl_socket_t fd, int what, void *ctx, void *known)
{
	struct sockets *s = ctx;
	struct watch *w = known ? known : watch_of(s, fd);

	(void)curl;
	if (what == CURL_POLL_REMOVE) {
		if (w && w->kept)
			w->wanted = false;
		else
			watch_free(w);
		return 0;
	}
	if (!w)
		w = watch_new(s, fd);
	if (w) {
		w->wanted = true;
		watch_for(w, (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST));
		if (!known)
			(void)curl_multi_assign(s->multi, fd, w);
	}
	return 0; /* without one it takes until its time is up; -1 would make libcurl refuse all transfers for ever */
}

static curl_socket_t
on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	struct watch *w;

	(void)purpose;
	if (fd < 0)
		return CURL_SOCKET_BAD;
	watch_free(watch_of(ctx, fd)); /* none, unless one of that number was closed without a word */
	w = watch_new(ctx, fd);
	if (w)
		w->kept = true;
	return fd;
}

static int
on_close(void *ctx, curl_socket_t fd)
{
	watch_free(watch_of(ctx, fd));
	return close(fd);
}

bool
sockets_of(struct sockets *s, CURL *u)
{
	return curl_easy_setopt(u, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK && curl_easy_setopt(u, CURLOPT_OPENSOCKETDATA, s) == CURLE_OK &&
	    curl_easy_setopt(u, CURLOPT_CLOSESOCKETFUNCTION, on_close) == CURLE_OK && curl_easy_setopt(u, CURLOPT_CLOSESOCKETDATA, s) == CURLE_OK;
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
	while (s->watches)
		watch_free(s->watches); // NOLINT(clang-analyzer-unix.Malloc): it takes itself off the list
	event_free(s->timer);
	free(s);
}
