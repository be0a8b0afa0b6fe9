/* expiry.c - looks every minute how long the certificates last. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/log.h"
#include "nudged/house.h"

#define LOOK_MS 60000

/* What nudge-sender shows the event grid; its file is public, and the sender has read it. */
static void
webhook(const struct conf_gateway *g, held_fn *fn, void *arg)
{
	struct held h = { .as = HELD_OWN, .block = "gateway", .owner = g->title, .setting = "webhook_certificate",
		.file = g->webhook_certificate, .peer = "", .counts = true };
	struct fault f = { 0 };

	if (!mllp_describe(g->webhook_certificate, &h.is, &f))
		h.unreadable = f.text;
	fn(arg, &h);
}

/* What nudge-sender asks for a token with; its file holds the key, so that only nudge-sender reads it. */
static void
client(const struct house *h, const struct conf_gateway *g, held_fn *fn, void *arg)
{
	const struct mllp_certificate *is = h->link ? link_server_certificate(h->link, g->title) : NULL;
	struct held x = { .as = HELD_OWN, .block = "gateway", .owner = g->title, .setting = "client_certificate",
		.file = g->client_certificate, .peer = "", .counts = true };

	if (!is)
		return;
	x.is = *is;
	fn(arg, &x);
}

struct of_gateway {
	const struct conf_gateway *gateway;
	held_fn *fn;
	void *arg;
};

static void
one_list(void *ctx, const struct mllp_certificate *is)
{
	const struct of_gateway *g = ctx;
	const struct held h = { .as = HELD_LIST, .block = "gateway", .owner = g->gateway->title, .setting = "revocation_list",
		.file = g->gateway->revocation_list, .peer = "", .counts = true, .is = *is };

	g->fn(g->arg, &h);
}

/* nudge-sender reads it for each connection, so that the file is what is in force. */
static void
lists(const struct conf_gateway *g, held_fn *fn, void *arg)
{
	struct of_gateway of = { g, fn, arg };
	struct held h = { .as = HELD_LIST, .block = "gateway", .owner = g->title, .setting = "revocation_list", .file = g->revocation_list,
		.peer = "", .counts = true };
	struct fault f = { 0 };

	if (mllp_describe_lists(g->revocation_list, one_list, &of, &f))
		return;
	h.unreadable = f.text;
	fn(arg, &h);
}

void
house_held(void *ctx, held_fn *fn, void *arg)
{
	struct house *h = ctx;
	const struct conf *c = h->settings.rules->conf;

	mllp_held(h->intake, fn, arg);
	for (size_t i = 0; i < c->gateways_n; i++)
		if (c->gateways[i].webhook_certificate[0])
			webhook(&c->gateways[i], fn, arg);
	for (size_t i = 0; i < c->gateways_n; i++)
		if (c->gateways[i].revocation_list[0])
			lists(&c->gateways[i], fn, arg);
	for (size_t i = 0; i < c->gateways_n; i++)
		if (c->gateways[i].client_certificate[0])
			client(h, &c->gateways[i], fn, arg);
}

struct round {
	struct expiry *expiry;
	int64_t now_s;
};

static void
look(void *arg, const struct held *h)
{
	struct round *r = arg;

	expiry_look(r->expiry, h, r->now_s, expiry_log, NULL);
}

void
expiry_now(struct house *h)
{
	struct now now = clock_now();
	struct round r = { &h->expiry, now.wall_ms / 1000 };

	h->expiry_ms = now.boot_ms + LOOK_MS;
	expiry_begin(&h->expiry);
	house_held(h, look, &r);
	expiry_end(&h->expiry, r.now_s, expiry_log, NULL);
}

void
expiry_tick(struct house *h)
{
	if (clock_now().boot_ms >= h->expiry_ms)
		expiry_now(h);
}
