/* tellers.c - one reader for each queue of the configuration. */
// SPDX-License-Identifier: Apache-2.0
#include "sender/tellers.h"

#include <stdlib.h>

#include "acs/queue.h"
#include "nudge/acs.h"

struct teller {
	struct queue_reader *queue; /* NULL: none */
};

struct tellers {
	struct http *http;     /* the client's */
	struct teller *teller; /* owned, one for each gateway */
	size_t n;
};

static bool
teller_new(struct tellers *s, struct event_base *base, const struct conf_gateway *g, const struct told_outlet *outlet,
    struct teller *out, struct fault *f)
{
	return !g->queue[0] || queue_reader_new(base, s->http, g, outlet, &out->queue, f);
}

bool
tellers_new(struct event_base *base, struct acs_client *client, const struct conf *c, const struct told_outlet *outlet,
    const struct tellers *old, struct tellers **out, struct fault *f)
{
	struct tellers *s = calloc(1, sizeof *s);

	(void)old;
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
		if (!teller_new(s, base, &c->gateways[i], outlet, &s->teller[i], f)) {
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
	for (size_t i = 0; i < s->n; i++)
		queue_reader_free(s->teller[i].queue);
	free(s->teller);
	free(s);
}
