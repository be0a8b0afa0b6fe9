/* tellers.c - one reader for each queue of the configuration, one listener for each webhook. */
// SPDX-License-Identifier: Apache-2.0
#include "sender/tellers.h"

#include <stdlib.h>

#include "acs/queue.h"
#include "acs/webhook.h"
#include "nudge/acs.h"

struct teller {
	struct queue_reader *queue; /* NULL: none */
	struct webhook *webhook;    /* NULL: none */
};

struct tellers {
	struct http *http;     /* the client's */
	struct teller *teller; /* owned, one for each gateway */
	size_t n;
};

/* Who listens on this port now. */
static const struct webhook *
webhook_on(const struct tellers *old, int port)
{
	for (size_t i = 0; old && i < old->n; i++)
		if (old->teller[i].webhook && webhook_port(old->teller[i].webhook) == port)
			return old->teller[i].webhook;
	return NULL;
}

static bool
teller_new(struct tellers *s, struct event_base *base, const struct conf_gateway *g, const struct told_outlet *outlet,
    const struct tellers *old, struct teller *out, struct fault *f)
{
	return (!g->queue[0] || queue_reader_new(base, s->http, g, outlet, &out->queue, f)) &&
	    (!g->webhook_port || webhook_new(base, s->http, g, outlet, webhook_on(old, g->webhook_port), &out->webhook, f));
}

bool
tellers_new(struct event_base *base, struct acs_client *client, const struct conf *c, const struct told_outlet *outlet,
    const struct tellers *old, struct tellers **out, struct fault *f)
{
	struct tellers *s = calloc(1, sizeof *s);

	if (!s)
		return fault_set(f, FAULT_BUSY, "out of memory");
	s->teller = calloc(c->gateways_n + 1, sizeof *s->teller);
	if (!s->teller) {
		tellers_free(s);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	s->http = acs_client_http(client);
	for (size_t i = 0; i < c->gateways_n; i++) {
		s->n = i + 1;
		if (!teller_new(s, base, &c->gateways[i], outlet, old, &s->teller[i], f)) {
			tellers_free(s);
			return fault_at(f, "gateway \"%s\"", c->gateways[i].title);
		}
	}
	*out = s;
	return true;
}

void
tellers_free(struct tellers *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		queue_reader_free(s->teller[i].queue);
		webhook_free(s->teller[i].webhook);
	}
	free(s->teller);
	free(s);
}
