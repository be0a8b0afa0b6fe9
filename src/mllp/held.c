/* held.c - what is in force and what was shown, put together. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/certificates.h"

#include "mllp/intake.h"
#include "nudge/clock.h"

#include <stdlib.h>
#include <string.h>

struct gathered {
	struct held *at; /* owned */
	size_t n, cap;
};

/* Without memory one is left out. */
static void
gather(struct gathered *g, const struct held *h)
{
	struct held *grown;

	if (g->n == g->cap) {
		grown = realloc(g->at, (g->cap ? 2 * g->cap : 16) * sizeof *grown);
		if (!grown) {
			return;
		}
		g->at = grown;
		g->cap = g->cap ? 2 * g->cap : 16;
	}
	g->at[g->n++] = *h;
}

static bool
gathered_already(const struct gathered *g, const struct held *h)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct held *x = &g->at[i];
		if (x->as == h->as && strcmp(x->block, h->block) == 0 && strcmp(x->owner, h->owner) == 0 &&
		    strcmp(x->file, h->file) == 0 && strcmp(x->is.sha256, h->is.sha256) == 0) {
			return true;
		}
	}
	return false;
}

/* Environments that several listeners name are read for each of them. */
static void
gather_item(void *ctx, const struct identity_item *item)
{
	struct held h = { .as = item->list ? HELD_LIST : strcmp(item->setting, "issuer") == 0 ? HELD_ISSUER : HELD_PINNED,
		.block = "environment", .owner = item->environment->title, .setting = item->setting, .file = item->file,
		.peer = "" };

	if (item->list) {
		describe_list(item->list, &h.is);
	} else {
		describe_certificate(item->x, &h.is);
		if (!identity_pin(item->x, h.key)) {
			memset(h.key, 0, sizeof h.key);
		}
	}
	if (!gathered_already(ctx, &h)) {
		gather(ctx, &h);
	}
}

static void
gather_own(struct gathered *g, const struct terms *t)
{
	struct held h = { .as = HELD_OWN, .block = "listener", .owner = t->listener->title, .setting = "certificate",
		.file = t->listener->certificate, .peer = "" };

	describe_certificate(SSL_CTX_get0_certificate(t->tls), &h.is);
	gather(g, &h);
}

/* What was shown is the file's own story where it is the same certificate. */
static void
gather_seen(struct gathered *g, const struct held *seen)
{
	for (size_t i = 0; i < g->n; i++) {
		struct held *file = &g->at[i];
		if (file->as == HELD_PINNED && strcmp(file->owner, seen->owner) == 0 &&
		    strcmp(file->is.sha256, seen->is.sha256) == 0) {
			file->first_s = seen->first_s;
			file->last_s = seen->last_s;
			file->open = seen->open;
			file->peer = seen->peer;
			return;
		}
	}
	gather(g, seen);
}

/* A newer list of the issuer is in the file too. */
static bool
is_older_list(const struct gathered *g, const struct held *h)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct held *other = &g->at[i];
		if (other->as == HELD_LIST && strcmp(other->owner, h->owner) == 0 &&
		    strcmp(other->is.issuer, h->is.issuer) == 0 && other->is.not_after_s > h->is.not_after_s) {
			return true;
		}
	}
	return false;
}

/* A renewed one was shown since: of the same key, or in the same name. */
static bool
is_replaced(const struct gathered *g, const struct held *h)
{
	if (h->as == HELD_LIST) {
		return is_older_list(g, h);
	}
	if ((h->as != HELD_PINNED && h->as != HELD_SEEN) || h->open > 0) {
		return false;
	}
	for (size_t i = 0; i < g->n; i++) {
		const struct held *other = &g->at[i];
		bool same_key = memcmp(other->key, h->key, sizeof h->key) == 0;
		bool same_name = strcmp(other->is.subject, h->is.subject) == 0;
		if (other != h && other->last_s > h->last_s && strcmp(other->owner, h->owner) == 0 &&
		    (same_key || (same_name && h->last_s > 0))) {
			return true;
		}
	}
	return false;
}

static bool
is_served(const struct setting *s, const char *environment)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct conf_listener *l = s->terms[i].listener;
		for (size_t k = 0; k < l->environments_n; k++) {
			if (strcmp(l->environments[k]->title, environment) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void
gather_all(struct gathered *g, const struct setting *s, const struct seen *seen, int64_t now_s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->terms[i].tls) {
			gather_own(g, &s->terms[i]);
		}
	}
	for (size_t i = 0; i < s->n; i++) {
		identity_items(s->terms[i].identity, gather_item, g);
	}
	for (size_t i = 0; i < seen->n; i++) {
		struct held h = seen->at[i]->is;
		h.last_s = h.open > 0 ? now_s : h.last_s;
		if (is_served(s, h.owner)) {
			gather_seen(g, &h);
		}
	}
}

void
mllp_held(struct mllp *m, held_fn *fn, void *ctx)
{
	struct gathered g = { NULL, 0, 0 };

	pthread_mutex_lock(&m->admin);
	pthread_mutex_lock(&m->seen.lock);
	gather_all(&g, m->setting, &m->seen, clock_now().wall_ms / 1000);
	for (size_t i = 0; i < g.n; i++) {
		g.at[i].counts = !is_replaced(&g, &g.at[i]);
		fn(ctx, &g.at[i]);
	}
	pthread_mutex_unlock(&m->seen.lock);
	pthread_mutex_unlock(&m->admin);
	free(g.at);
}
