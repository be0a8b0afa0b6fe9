/* token.c - when a token is asked for, and how long the one at hand is good. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/token.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/acs.h"
#include "nudge/clock.h"
#include "nudge/log.h"
#include "nudge/policy.h"
#include "nudge/seal.h"

#define ANSWER_MAX 65536
#define MARGIN_MS 30000       /* a token is not used in its last half minute */
#define AHEAD_MS 300000       /* renewed five minutes ahead; a long one at half its life */
#define LONG_MS 7200000
#define DOUBT_MS 60000
#define LOCAL_CONNECT_MS 2000
#define LOCAL_TOTAL_MS 10000

struct token {
	struct http *http;
	struct event *timer;
	char name[64];
	struct principal *principal; /* owned */
	token_news_fn *news;
	void *ctx;
	struct http_call *call;    /* NULL: not asking */
	struct buf proof;          /* Azure Arc's, for the second question */
	struct buf value;          /* the token; empty: none */
	int64_t ends_ms, renew_ms; /* boot clock */
	int64_t begun_ms, next_ms; /* last question; none before */
	int64_t failures;          /* in a row */
	bool refused;
};

static bool
ask(struct token *t);

static int64_t
boot_now(void)
{
	return clock_now().boot_ms;
}

static bool
is_good(const struct token *t, int64_t now)
{
	return t->value.n > 0 && now < t->ends_ms;
}

static void
wake_at(struct token *t, int64_t at_ms)
{
	int64_t wait = at_ms - boot_now();
	struct timeval tv;

	if (wait < 1)
		wait = 1;
	tv = (struct timeval){ wait / 1000, wait % 1000 * 1000 };
	(void)evtimer_add(t->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct token *t = ctx;

	(void)fd;
	(void)what;
	if (!t->call && !ask(t))
		t->news(t->ctx);
}

/* While nothing is at hand somebody waits for it; else there is time. */
static void
failed(struct token *t, const struct principal_answer *a, int status, int64_t wait_ms)
{
	int64_t now = boot_now();
	uint32_t r = 0;

	t->failures++;
	t->refused = a->refused;
	if (!seal_random(&r, sizeof r))
		r = UINT32_MAX;
	if (wait_ms < 0)
		wait_ms = 1000 + backoff_ms(t->failures, false, r / 4294967296.0);
	t->next_ms = now + (wait_ms < 600000 ? wait_ms : 600000);
	wake_at(t, t->next_ms);
	if (t->failures == 1 || t->failures % 20 == 0)
		log_warn(is_good(t, now) ? "the token could not be renewed: the old one serves on" : "no token for the gateway",
		    log_name("gateway", t->name), log_name("reason", a->why), log_int("aadsts", a->code), log_int("http", status),
		    log_int("good_for_s", is_good(t, now) ? (t->ends_ms - now) / 1000 : 0));
	t->news(t->ctx);
}

static void
succeeded(struct token *t, struct buf *value, int64_t life_s)
{
	int64_t now = boot_now(), life = life_s * 1000, margin = life / 10 < MARGIN_MS ? life / 10 : MARGIN_MS;

	buf_wipe(&t->value);
	t->value = *value;
	buf_init(value, 0);
	t->ends_ms = now + life - margin;
	if (life > LONG_MS)
		t->renew_ms = now + life / 2;
	else
		t->renew_ms = now + (life > 2 * AHEAD_MS ? life - AHEAD_MS : life / 2);
	t->failures = 0;
	t->refused = false;
	wake_at(t, t->renew_ms);
	log_info("token for the gateway", log_name("gateway", t->name), log_int("good_for_s", life_s));
	t->news(t->ctx);
}

/* Azure Arc's first answer: a proof that we may read a file is wanted. */
static bool
is_challenge(const struct token *t, const struct http_answer *a)
{
	return a->status == 401 && t->proof.n == 0 && http_answer_header(a, "www-authenticate").n > 0;
}

static void
on_answer(void *ctx, const struct http_answer *a)
{
	struct token *t = ctx;
	struct principal_answer got = { .why = a->end == HTTP_UNTRUSTED ? "certificate" : a->end == HTTP_CUT ? "no-answer" : "no-connection" };
	struct fault f = { 0 };
	struct buf value;
	int64_t wait_ms;

	t->call = NULL;
	if (a->end != HTTP_ANSWERED) {
		buf_wipe(&t->proof);
		failed(t, &got, 0, -1);
		return;
	}
	if (is_challenge(t, a)) {
		if (principal_challenge(t->principal, http_answer_header(a, "www-authenticate"), &t->proof, &f)) {
			if (!ask(t))
				t->news(t->ctx);
			return;
		}
		log_warn("the challenge of Azure Arc was not answered", log_name("gateway", t->name), log_fault(&f));
		got.refused = true;
		got.why = "challenge";
		failed(t, &got, a->status, -1);
		return;
	}
	buf_wipe(&t->proof);
	buf_init(&value, ANSWER_MAX);
	wait_ms = acs_retry_after(http_answer_header(a, "retry-after-ms"), http_answer_header(a, "x-ms-retry-after-ms"),
	    http_answer_header(a, "retry-after"), clock_now().wall_ms / 1000);
	if (principal_answer(t->principal, a->status, a->body, clock_now().wall_ms / 1000, &value, &got))
		succeeded(t, &value, got.life_s);
	else
		failed(t, &got, a->status, wait_ms);
	buf_wipe(&value);
}

/* false: no memory; asked again by itself. */
static bool
ask(struct token *t)
{
	struct principal_request q;

	if (t->proof.n == 0)
		t->begun_ms = boot_now();
	(void)evtimer_del(t->timer);
	if (principal_request(t->principal, clock_now().wall_ms / 1000, buf_span(&t->proof), &q)) {
		struct http_request r = { .method = q.method, .url = q.url, .ca_file = q.ca_file, .revocation_list = q.revocation_list, .headers = &q.headers,
			.body = buf_span(&q.body), .answer_max = ANSWER_MAX,
			.connect_ms = q.local ? LOCAL_CONNECT_MS : 0, .total_ms = q.local ? LOCAL_TOTAL_MS : 0 };

		t->call = http_send(t->http, &r, on_answer, t);
	}
	principal_request_clear(&q);
	if (!t->call) {
		buf_wipe(&t->proof);
		t->failures++;
		t->next_ms = boot_now() + 5000;
		wake_at(t, t->next_ms);
	}
	return t->call != NULL;
}

bool
token_new(struct http *h, struct event_base *base, const char *name, struct principal *principal, token_news_fn *news,
    void *ctx, struct token **out, struct fault *f)
{
	struct token *t = calloc(1, sizeof *t);

	if (t)
		t->timer = evtimer_new(base, on_timer, t);
	if (!t || !t->timer) {
		principal_free(principal);
		free(t);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	t->http = h;
	t->principal = principal;
	t->news = news;
	t->ctx = ctx;
	(void)snprintf(t->name, sizeof t->name, "%s", name);
	buf_init(&t->proof, 8192);
	buf_init(&t->value, ANSWER_MAX);
	*out = t;
	return true;
}

void
token_free(struct token *t)
{
	if (!t)
		return;
	http_cancel(t->call);
	event_free(t->timer);
	principal_free(t->principal);
	buf_wipe(&t->proof);
	buf_wipe(&t->value);
	free(t);
}

enum token_state
token_get(struct token *t, const char **out)
{
	int64_t now = boot_now();

	if (is_good(t, now)) {
		if (now >= t->renew_ms && !t->call && now >= t->next_ms)
			(void)ask(t);
		*out = buf_text(&t->value);
		return TOKEN_THERE;
	}
	if (!t->call && now >= t->next_ms)
		(void)ask(t);
	if (t->call)
		return TOKEN_COMING;
	return t->refused ? TOKEN_REFUSED : TOKEN_AWAY;
}

void
token_doubt(struct token *t)
{
	int64_t now = boot_now();

	if (!t->call && now >= t->next_ms && now - t->begun_ms >= DOUBT_MS)
		(void)ask(t);
}

void
token_inherit(struct token *t, const struct token *old)
{
	if (!principal_same(t->principal, old->principal) || !is_good(old, boot_now()))
		return;
	buf_reset(&t->value);
	if (!buf_add_span(&t->value, buf_span(&old->value)))
		buf_reset(&t->value);
	t->ends_ms = old->ends_ms;
	(void)ask(t);
}
