/* caller.c - a webhook's visitors: a secret in the URL, a token of a tenant whose keys are fetched and kept. */
// SPDX-License-Identifier: Apache-2.0
#include <event2/event.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/jwt.h"
#include "acs/secret.h"
#include "acs/webhook.h"
#include "nudge/clock.h"
#include "nudge/digest.h"
#include "nudge/log.h"
#include "nudge/seal.h"

#define SECRETS_MAX 2
#define SECRET_LEAST 16
#define KEYS_AGE_MS 86400000 /* then they are fetched anew */
#define KEYS_SOON_MS 30000   /* not more often than this, whatever keys tokens name */
#define SAID_MS 60000        /* a refusal is logged so often at most */

struct caller {
	struct http *http;
	char gateway[64], ca_file[512], revocation_list[512];
	uint8_t secret[SECRETS_MAX][DIGEST_BYTES]; /* hashes: compared in the same time whatever their length */
	size_t secrets_n;
	char issuer[3][256], audience[256], caller[128], url[512];
	struct jwks *keys;     /* owned; NULL: none yet */
	struct event *timer;   /* when they are fetched */
	struct http_call *call;
	int64_t asked_ms, said_ms;
};

static void
refused(struct caller *c, const char *why)
{
	int64_t now = clock_now().boot_ms;

	if (c->said_ms && now - c->said_ms < SAID_MS)
		return;
	c->said_ms = now;
	log_warn("a webhook request was refused", log_name("gateway", c->gateway), log_name("why", why));
}

/* ---- keys ---- */

static void
fetch_in(struct caller *c, int64_t ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };

	(void)event_add(c->timer, &t);
}

static void
on_keys(void *ctx, const struct http_answer *a)
{
	struct caller *c = ctx;
	struct jwks *fresh = NULL;

	c->call = NULL;
	if (a->end == HTTP_ANSWERED && a->status == 200 && jwks_read(a->body, &fresh)) {
		if (!c->keys)
			log_info("keys of the webhook's tenant are here", log_name("gateway", c->gateway));
		jwks_free(c->keys);
		c->keys = fresh;
		fetch_in(c, KEYS_AGE_MS);
		return;
	}
	/* Those of before serve on. */
	log_warn("keys of the webhook's tenant cannot be had", log_name("gateway", c->gateway), log_int("http", a->status));
	fetch_in(c, KEYS_SOON_MS);
}

static void
fetch(struct caller *c)
{
	struct http_request r = { .method = "GET", .url = c->url, .ca_file = c->ca_file, .revocation_list = c->revocation_list, .answer_max = JWKS_MAX };

	if (c->call)
		return;
	c->asked_ms = clock_now().boot_ms;
	c->call = http_send(c->http, &r, on_keys, c);
	if (!c->call)
		fetch_in(c, KEYS_SOON_MS);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	fetch(ctx);
}

/* ---- one request ---- */

static bool
has_secret(const struct caller *c, struct span code)
{
	uint8_t hash[DIGEST_BYTES];
	int same = 0;

	if (!digest_sha256(code, hash))
		return false;
	for (size_t i = 0; i < c->secrets_n; i++)
		same |= CRYPTO_memcmp(hash, c->secret[i], sizeof hash) == 0;
	return same != 0;
}

static bool
has_token(struct caller *c, struct span authorization)
{
	static const char bearer[] = "Bearer ";
	const char *const issuers[] = { c->issuer[0], c->issuer[1], c->issuer[2], NULL };
	const struct jwt_wanted wanted = { issuers, c->audience, c->caller, clock_now().wall_ms / 1000 };
	const char *why = "token";

	if (authorization.n < sizeof bearer || !span_is_nocase(span_from(authorization.p, sizeof bearer - 1), bearer)) {
		refused(c, "no-token");
		return false;
	}
	authorization = span_trim(span_from(authorization.p + sizeof bearer - 1, authorization.n - (sizeof bearer - 1)));
	switch (jwt_check(authorization, c->keys, &wanted, &why)) {
	case JWT_GOOD:
		return true;
	case JWT_NO_KEY:
		if (clock_now().boot_ms - c->asked_ms >= KEYS_SOON_MS)
			fetch(c);
		refused(c, "token-of-unknown-key");
		return false;
	case JWT_BAD:
		break;
	}
	refused(c, why);
	return false;
}

bool
caller_may(struct caller *c, struct span code, struct span authorization)
{
	if (c->secrets_n > 0 && !has_secret(c, code)) {
		refused(c, code.n ? "wrong-secret" : "no-secret");
		return false;
	}
	return !c->audience[0] || has_token(c, authorization);
}

/* ---- one caller ---- */

static bool
take_secret(struct caller *c, struct span line, struct fault *f)
{
	if (line.n == 0)
		return true;
	if (line.n < SECRET_LEAST || c->secrets_n == SECRETS_MAX)
		return fault_set(f, FAULT_OPERATOR, "a line with the secret, of %d characters at least, and while it changes a second one",
		    SECRET_LEAST);
	return digest_sha256(line, c->secret[c->secrets_n++]) || fault_set(f, FAULT_BROKEN, "SHA-256 does not work here");
}

static bool
read_secrets(struct caller *c, const char *path, struct fault *f)
{
	struct buf text;
	struct span rest;
	bool ok;

	buf_init(&text, SECRET_MAX);
	ok = secret_read(path, &text, f);
	rest = buf_span(&text);
	while (ok && rest.n > 0)
		ok = take_secret(c, secret_trim(span_cut(rest, '\n', &rest)), f) || fault_at(f, "%s", path);
	if (ok && c->secrets_n == 0)
		ok = fault_set(f, FAULT_OPERATOR, "%s: there is no secret in it; make it with: openssl rand -hex 32", path);
	buf_wipe(&text);
	return ok;
}

bool
caller_new(struct event_base *base, struct http *http, const struct conf_gateway *g, struct caller **out, struct fault *f)
{
	struct caller *c = calloc(1, sizeof *c);

	if (!c || !(c->timer = evtimer_new(base, on_timer, c))) {
		caller_free(c);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	c->http = http;
	(void)snprintf(c->gateway, sizeof c->gateway, "%s", g->title);
	(void)snprintf(c->ca_file, sizeof c->ca_file, "%s", g->ca_file);
	(void)snprintf(c->revocation_list, sizeof c->revocation_list, "%s", g->revocation_list);
	(void)snprintf(c->audience, sizeof c->audience, "%s", g->webhook_audience);
	(void)snprintf(c->caller, sizeof c->caller, "%s", g->webhook_caller);
	(void)snprintf(c->url, sizeof c->url, "%s", g->webhook_keys);
	(void)snprintf(c->issuer[0], sizeof c->issuer[0], "%s/%s/v2.0", g->authority, g->webhook_tenant);
	(void)snprintf(c->issuer[1], sizeof c->issuer[1], "https://sts.windows.net/%s/", g->webhook_tenant);
	(void)snprintf(c->issuer[2], sizeof c->issuer[2], "https://sts.chinacloudapi.cn/%s/", g->webhook_tenant);
	if (g->webhook_secret[0] && !read_secrets(c, g->webhook_secret, f)) {
		caller_free(c);
		return false;
	}
	if (c->audience[0])
		fetch(c);
	*out = c;
	return true;
}

void
caller_free(struct caller *c)
{
	if (!c)
		return;
	http_cancel(c->call);
	if (c->timer)
		event_free(c->timer);
	jwks_free(c->keys);
	seal_wipe(c->secret, sizeof c->secret);
	free(c);
}
