/* http_turn.c - requests that wait until their host has a connection for them, in order, and not for longer than they may. */
// SPDX-License-Identifier: Apache-2.0
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "acs/http_parts.h"
#include "nudge/clock.h"

struct host *
http_host_of(struct http *h, const char *url)
{
	const char *at = strstr(url, "://");
	size_t n = at ? (size_t)(at + 3 - url) + strcspn(at + 3, "/?#") : strlen(url);
	struct host *o = h->hosts;

	while (o && (o->name_n != n || memcmp(o->name, url, n) != 0))
		o = o->next;
	if (o)
		return o;
	o = calloc(1, sizeof *o + n + 1);
	if (!o)
		return NULL;
	o->last = &o->first;
	o->name_n = n;
	memcpy(o->name, url, n);
	o->next = h->hosts;
	return h->hosts = o;
}

static bool
has_room(const struct host *o)
{
	return o->many || o->out < HOST_CONNECTIONS_MAX;
}

/* false: no memory; it is not short of it when the timer runs already. */
static bool
wake_at(struct http *h, int64_t at_ms)
{
	int64_t in_ms = at_ms - clock_now().boot_ms;

	in_ms = in_ms < 0 ? 0 : in_ms;
	h->wait_ms = at_ms;
	return event_add(h->wait, &(struct timeval){ in_ms / 1000, in_ms % 1000 * 1000 }) == 0;
}

/* false: no memory. */
static bool
wait_for_turn(struct http_call *c)
{
	struct host *o = c->host;

	if ((!event_pending(c->http->wait, EV_TIMEOUT, NULL) || c->until_ms < c->http->wait_ms) && !wake_at(c->http, c->until_ms))
		return false;
	c->at = o->last;
	*o->last = c;
	o->last = &c->next;
	return true;
}

/* false: no memory. */
static bool
hand_to_libcurl(struct http_call *c)
{
	struct http *h = c->http;
	struct handle *u = http_handle_take(h);

	if (!u)
		return false;
	if (!http_handle_set_up(u, c) || curl_multi_add_handle(h->multi, u->curl) != CURLM_OK) {
		http_handle_back(h, u);
		return false;
	}
	c->handle = u;
	c->host->out++;
	c->next = h->calls;
	c->at = &h->calls;
	if (c->next)
		c->next->at = &c->next;
	h->calls = c;
	return true;
}

void
http_turn_leave(struct http_call *c)
{
	if (!c->at)
		return;
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	else if (!c->handle)
		c->host->last = c->at;
	c->at = NULL;
	c->next = NULL;
}

static void
never_begun(struct http_call *c, enum http_end how)
{
	const struct http_answer a = { .end = how };

	c->done(c->ctx, &a);
	http_call_free(c);
}

void
http_turn_next(struct host *o)
{
	struct http_call *c;

	while ((c = o->first) && has_room(o)) {
		http_turn_leave(c);
		if (http_hour_has_passed(c)) /* libcurl, which asks only when it has a connection for it, would close that */
			never_begun(c, HTTP_LATE);
		else if (!hand_to_libcurl(c))
			never_begun(c, HTTP_UNREACHED);
	}
}

static struct http_call *
first_expired(const struct host *o, int64_t now_ms)
{
	struct http_call *c = o->first;

	while (c && c->until_ms > now_ms)
		c = c->next;
	return c;
}

/* A place was left, or time is up. */
static void
on_wait(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;
	struct http_call *c;
	int64_t now_ms = clock_now().boot_ms, next_ms = INT64_MAX;

	(void)fd;
	(void)what;
	for (struct host *o = h->hosts; o; o = o->next) {
		while ((c = first_expired(o, now_ms))) {
			http_turn_leave(c);
			never_begun(c, HTTP_UNREACHED);
		}
		http_turn_next(o);
		for (c = o->first; c; c = c->next)
			next_ms = c->until_ms < next_ms ? c->until_ms : next_ms;
	}
	if (next_ms < INT64_MAX)
		(void)wake_at(h, next_ms);
}

bool
http_turn(struct http_call *c)
{
	return has_room(c->host) && !c->host->first ? hand_to_libcurl(c) : wait_for_turn(c);
}

void
http_turn_soon(struct http *h)
{
	(void)wake_at(h, 0);
}

bool
http_turn_new(struct event_base *base, struct http *h)
{
	return (h->wait = evtimer_new(base, on_wait, h)) != NULL;
}
