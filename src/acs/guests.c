/* guests.c - counts TLS connections by the life of their SSL objects, which no path out of a connection can miss. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/guests.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>

struct guests {
	struct event_base *base;
	struct evconnlistener *listener; /* NULL: not yet, or not any more */
	unsigned n, most;
	bool left;
};

struct guest {
	struct guests *guests;
	struct event *end; /* NULL once nobody listens any more */
	SSL *ssl;
	struct guest *next, **at;
};

static struct guest *all; /* of all listeners: their timers go before the loop does */

static void
on_end(evutil_socket_t fd, short what, void *ctx)
{
	struct guest *x = ctx;

	(void)fd;
	(void)what;
	if (SSL_get_fd(x->ssl) >= 0)
		(void)shutdown(SSL_get_fd(x->ssl), SHUT_RDWR);
}

static void
guest_gone(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	struct guest *x = ptr;
	struct guests *g = x ? x->guests : NULL;

	(void)parent;
	(void)data;
	(void)index;
	(void)argl;
	(void)argp;
	if (!x)
		return;
	*x->at = x->next;
	if (x->next)
		x->next->at = x->at;
	if (x->end)
		event_free(x->end);
	free(x);
	g->n--;
	if (g->listener && g->n + 1 == g->most)
		(void)evconnlistener_enable(g->listener);
	if (g->left && g->n == 0)
		free(g);
}

static int
slot(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, guest_gone);
	return index;
}

struct guests *
guests_new(struct event_base *base)
{
	struct guests *g = slot() >= 0 ? calloc(1, sizeof *g) : NULL;

	if (g)
		g->base = base;
	return g;
}

void
guests_limit(struct guests *g, struct evconnlistener *listener, unsigned most)
{
	g->listener = listener;
	g->most = most;
}

bool
guests_add(struct guests *g, SSL *ssl)
{
	struct timeval t = { GUEST_S, 0 };
	struct guest *x = calloc(1, sizeof *x);

	if (!x)
		return false;
	x->guests = g;
	x->ssl = ssl;
	x->end = evtimer_new(g->base, on_end, x);
	if (!x->end || event_add(x->end, &t) != 0 || SSL_set_ex_data(ssl, slot(), x) != 1) {
		if (x->end)
			event_free(x->end);
		free(x);
		return false;
	}
	x->next = all;
	x->at = &all;
	if (all)
		all->at = &x->next;
	all = x;
	g->n++;
	if (g->listener && g->n == g->most)
		(void)evconnlistener_disable(g->listener);
	return true;
}

void
guests_leave(struct guests *g)
{
	if (!g)
		return;
	g->listener = NULL;
	g->left = true;
	for (struct guest *x = all; x; x = x->next)
		if (x->guests == g && x->end) {
			event_free(x->end);
			x->end = NULL;
		}
	if (g->n == 0)
		free(g);
}
