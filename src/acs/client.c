/* client.c - jobs to outcomes: every job ends in exactly one. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/access.h"
#include "nudge/acs.h"
#include "nudge/clock.h"
#include "nudge/seal.h"

#define ANSWER_MAX 65536
#define PATH_MAX_BYTES 128

struct acs_client {
	struct access_set set;
	struct conf *conf;         /* held */
	struct access **access;    /* one hold each, parallel to conf->gateways */
	acs_done_fn *done;
	void *ctx;
	struct transfer *transfers;
	size_t busy;
};

struct transfer {
	struct acs_client *client;
	struct transfer *next, **at;
	int64_t text, attempt;
	char to[24];
};

static void
transfer_free(struct transfer *t)
{
	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	t->client->busy--;
	seal_wipe(t->to, sizeof t->to);
	free(t);
}

static void
report(struct transfer *t, struct link_outcome *o)
{
	o->text = t->text;
	o->attempt = t->attempt;
	t->client->done(t->client->ctx, o);
	transfer_free(t);
}

/* No answer: whether a byte of the request may have left decides. */
static enum outcome
outcome_of(enum access_end end)
{
	switch (end) {
	case ACCESS_CUT:
		return OUTCOME_UNSURE;
	case ACCESS_LATE:
	case ACCESS_NO_MEMORY:
		return OUTCOME_NOT_TRIED;
	case ACCESS_REFUSED:
		return OUTCOME_BLOCKED;
	case ACCESS_UNREACHED:
	case ACCESS_UNTRUSTED:
	case ACCESS_NO_TOKEN:
	case ACCESS_ANSWERED:
		break;
	}
	return OUTCOME_AGAIN;
}

static void
on_answer(void *ctx, const struct access_answer *a)
{
	struct transfer *t = ctx;
	struct link_outcome o = { .retry_after_ms = -1, .outcome = outcome_of(a->end), .code = span_of(access_end_name(a->end)) };
	char trace[ACCESS_TRACE_MAX];
	struct buf hold;

	buf_init(&hold, 256);
	if (a->end == ACCESS_ANSWERED) {
		acs_answer(a->http.status, a->http.body, span_of(t->to), &hold, &o);
		o.retry_after_ms = acs_retry_after(http_answer_header(&a->http, "retry-after-ms"),
		    http_answer_header(&a->http, "x-ms-retry-after-ms"), http_answer_header(&a->http, "retry-after"),
		    clock_now().wall_ms / 1000);
		if (a->clock_off)
			o.code = SPAN_LIT("unauthorized-clock");
	}
	access_trace(a, trace);
	o.trace = span_of(trace);
	report(t, &o);
	buf_clear(&hold);
}

/* ---- the client ---- */

struct access *
acs_client_access(struct acs_client *a, struct span gateway)
{
	for (size_t i = 0; i < a->conf->gateways_n; i++)
		if (span_is(gateway, a->conf->gateways[i].title))
			return a->access[i];
	return NULL;
}

struct http *
acs_client_http(struct acs_client *a)
{
	return a->set.http;
}

static void
not_tried(struct transfer *t, const char *code)
{
	struct link_outcome o = { .outcome = OUTCOME_NOT_TRIED, .retry_after_ms = -1, .code = span_of(code) };

	report(t, &o);
}

/* A path cannot name another host than the gateway's, nor end the request line. */
static bool
is_path(struct span path)
{
	if (path.n >= PATH_MAX_BYTES || path.n == 0 || path.p[0] != '/')
		return false;
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] <= ' ' || path.p[i] > '~' || path.p[i] == '#')
			return false;
	return true;
}

void
acs_client_send(struct acs_client *a, const struct link_job *job)
{
	struct transfer *t = calloc(1, sizeof *t);
	struct access *access = acs_client_access(a, job->gateway);
	char path[PATH_MAX_BYTES];
	struct access_request r = { .method = "POST", .path = path, .body = job->body, .not_after_s = job->not_after_s,
		.answer_max = ANSWER_MAX };

	if (!t) {
		struct link_outcome o = { .text = job->text, .attempt = job->attempt, .outcome = OUTCOME_NOT_TRIED,
			.retry_after_ms = -1, .code = SPAN_LIT("no-memory") };

		a->done(a->ctx, &o);
		return;
	}
	t->client = a;
	t->text = job->text;
	t->attempt = job->attempt;
	t->next = a->transfers;
	t->at = &a->transfers;
	if (t->next)
		t->next->at = &t->next;
	a->transfers = t;
	a->busy++;
	(void)span_copy(t->to, sizeof t->to, job->to);
	(void)span_copy(path, sizeof path, job->path);
	if (!access)
		not_tried(t, "unknown-gateway");
	else if (clock_now().wall_ms / 1000 > job->not_after_s)
		not_tried(t, "too-late");
	else if (!is_path(job->path))
		not_tried(t, "bad-job");
	else
		access_send(access, &r, on_answer, t);
}

static void
access_all_drop(struct access **list, size_t n)
{
	for (size_t i = 0; list && i < n; i++)
		access_drop(list[i]);
	free(list);
}

/* What was known of a gateway of that title serves on until its new token is there. */
static void
inherit(struct access **fresh, const struct conf *c, struct acs_client *a)
{
	for (size_t i = 0; i < c->gateways_n; i++) {
		const struct access *old = acs_client_access(a, span_of(c->gateways[i].title));

		if (old)
			access_inherit(fresh[i], old);
	}
}

static struct access **
load(struct acs_client *a, struct conf *c, struct fault *f)
{
	struct access **list = calloc(c->gateways_n + 1, sizeof *list);

	if (!list) {
		(void)fault_set(f, FAULT_BUSY, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < c->gateways_n; i++)
		if (!access_new(&a->set, &c->gateways[i], &list[i], f)) {
			access_all_drop(list, i);
			return NULL;
		}
	return list;
}

bool
acs_client_new(struct event_base *base, struct conf *c, acs_done_fn *done, void *ctx, struct acs_client **out,
    struct fault *f)
{
	struct acs_client *a = calloc(1, sizeof *a);

	if (!a)
		return fault_set(f, FAULT_BUSY, "out of memory");
	a->set.base = base;
	a->done = done;
	a->ctx = ctx;
	a->conf = conf_hold(c);
	if (http_new(base, &a->set.http, f) && (a->access = load(a, c, f))) {
		*out = a;
		return true;
	}
	acs_client_free(a);
	return false;
}

bool
acs_client_reload(struct acs_client *a, struct conf *c, struct fault *f)
{
	struct access **list = load(a, c, f);

	if (!list)
		return false;
	inherit(list, c, a);
	http_renew(a->set.http);
	access_all_drop(a->access, a->conf->gateways_n);
	conf_drop(a->conf);
	a->conf = conf_hold(c);
	a->access = list;
	return true;
}

size_t
acs_client_busy(const struct acs_client *a)
{
	return a->busy;
}

void
acs_client_free(struct acs_client *a)
{
	if (!a)
		return;
	access_close(&a->set);
	access_all_drop(a->access, a->conf->gateways_n);
	http_free(a->set.http);
	while (a->transfers)
		transfer_free(a->transfers); // NOLINT(clang-analyzer-unix.Malloc): it takes itself off the list
	conf_drop(a->conf);
	free(a);
}
