/* watched.c - what those who watch the house are told of it. */
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "nudge/log.h"
#include "nudged/house.h"

void
house_intake(void *ctx, struct mllp_stats *out)
{
	struct house *h = ctx;

	mllp_stats(h->intake, out);
}

size_t
house_senders(void *ctx, struct mllp_sender out[MLLP_SENDERS_MAX])
{
	struct house *h = ctx;

	return mllp_senders(h->intake, out);
}

enum sender_said
house_said(void *ctx, const char **why)
{
	struct house *h = ctx;

	return link_server_said(h->link, why);
}

void
house_levels(void *ctx)
{
	struct house *h = ctx;

	link_server_levels(h->link);
}

static size_t
listeners(void *ctx)
{
	const struct house *h = ctx;

	return h->settings.rules->conf->listeners_n;
}

static int64_t
stuck(void *ctx)
{
	const struct house *h = ctx;

	return h->stuck_s >= h->stuck_max_s ? h->stuck_s : 0;
}

bool
watched_open(struct house *h, const struct control_setup *c, struct fault *f)
{
	const struct conf *conf = h->settings.rules->conf;
	struct watch_setup s = { .base = h->base, .ctx = h, .listeners = listeners, .give = c->give, .intake = house_intake,
		.senders = house_senders, .held = house_held, .forwarded = house_forwarded, .stuck_s = stuck };

	if (!conf->metrics[0])
		return true;
	s.listener = watch_listen(conf, f);
	if (s.listener < 0)
		return false;
	if (!watch_new(&s, &h->watch, f)) {
		(void)close(s.listener);
		return false;
	}
	log_note("metrics", log_name("at", conf->metrics));
	return true;
}
