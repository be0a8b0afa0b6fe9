/* asker.c - questions wait in lines, one for each sender's opt-outs and one for each gateway's reports. */
// SPDX-License-Identifier: Apache-2.0
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/access.h"
#include "acs/asker_parts.h"
#include "nudge/clock.h"
#include "nudge/log.h"
#include "nudge/seal.h"

#define ANSWER_MAX 65536
#define REPORTS_AT_ONCE 8u
#define GATHER_MS 20       /* so that what is asked in one turn goes in one request */
#define NO_MS 60000        /* before the next question to a gateway that refuses us */
#define SAID_MS 600000     /* trouble of one line is logged so often at most */

static const char *const names[ASKS] = { [ASK_OPTOUT_ADD] = "add", [ASK_OPTOUT_REMOVE] = "remove", [ASK_OPTOUT_CHECK] = "check",
	[ASK_REPORT] = "report" };

static void
trouble(struct line *l, enum link_ask ask, size_t n, const struct access_answer *a, const char *what)
{
	char trace[ACCESS_TRACE_MAX];
	int64_t now = clock_now().boot_ms;

	if (l->said_ms && now - l->said_ms < SAID_MS)
		return;
	l->said_ms = now;
	access_trace(a, trace);
	log_warn(what, log_name("gateway", l->gateway), log_name("question", names[ask]), log_int("n", (int64_t)n),
	    log_name("end", access_end_name(a->end)), log_int("http", a->http.status), log_name("trace", trace));
}

/* Something about this phone is still to be said to the gateway: its answer is old. */
static bool
is_overtaken(const struct line *l, const char *phone)
{
	for (const struct question *q = l->first; q; q = q->next)
		if (!is_look(q->ask) && strcmp(q->what, phone) == 0)
			return true;
	return false;
}

static void
tell(struct line *l, const char *phone, bool is_out)
{
	const struct link_event e = { .what = EVENT_OPTOUT, .gateway = span_of(l->gateway), .from = span_of(l->from),
		.to = span_of(phone), .at_s = clock_now().wall_ms / 1000, .opted_out = is_out };

	if (!is_overtaken(l, phone) && !l->asker->outlet.give(l->asker->outlet.ctx, NULL, &e))
		log_warn("no room for what a gateway says of an opt-out: the next night asks again", log_name("gateway", l->gateway));
}

static void
on_list(struct batch *b, const struct access_answer *a)
{
	const char *to[OPTOUTS_AT_ONCE];
	enum optout_answer what[OPTOUTS_AT_ONCE];
	bool is_out[OPTOUTS_AT_ONCE];
	enum link_ask ask = b->q[0]->ask;
	size_t refused = 0;

	for (size_t i = 0; i < b->n; i++)
		to[i] = b->q[i]->what;
	if (!optout_read(a->http.body, ask == ASK_OPTOUT_CHECK, to, b->n, what, is_out)) {
		(void)batch_again(b, true);
		line_pause(b->line, -1);
		trouble(b->line, ask, b->n, a, "an answer about opt-outs cannot be read");
		return;
	}
	b->line->failures = 0;
	for (size_t i = 0; i < b->n; i++) {
		refused += what[i] == OPTOUT_REFUSED;
		if (what[i] == OPTOUT_DONE && ask != ASK_OPTOUT_ADD) /* a removal is owed until nudged hears of it */
			tell(b->line, b->q[i]->what, ask == ASK_OPTOUT_CHECK && is_out[i]);
		if (what[i] == OPTOUT_AGAIN)
			continue;
		question_free(b->q[i]);
		b->q[i] = NULL;
	}
	if (refused > 0)
		trouble(b->line, ask, refused, a, "the gateway takes some numbers into no list of opt-outs");
	for (size_t i = 0; i < b->n; i++)
		if (b->q[i]) {
			(void)batch_again(b, true);
			line_pause(b->line, -1);
			return;
		}
}

static bool
take_report(void *ctx, const struct link_event *e)
{
	const struct batch *b = ctx;
	struct link_event whole = *e;

	whole.gateway = span_of(b->line->gateway);
	if (whole.what == EVENT_REPORT)
		whole.text = b->q[0]->text;
	return b->line->asker->outlet.give(b->line->asker->outlet.ctx, NULL, &whole);
}

static bool
is_taken(const struct access_answer *a)
{
	return a->end == ACCESS_ANSWERED && a->http.status >= 200 && a->http.status < 300;
}

/* It will not be answered better by asking again soon. */
static bool
is_final(const struct access_answer *a)
{
	int s = a->http.status;

	return a->end == ACCESS_ANSWERED && s >= 300 && s < 500 && s != 401 && s != 403 && s != 404 && s != 408 && s != 409 && s != 429;
}

static int64_t
pause_asked(const struct access_answer *a)
{
	if (a->end != ACCESS_ANSWERED)
		return -1;
	if (a->http.status == 401 || a->http.status == 403 || a->http.status == 404)
		return NO_MS;
	return acs_retry_after(http_answer_header(&a->http, "retry-after-ms"), http_answer_header(&a->http, "x-ms-retry-after-ms"),
	    http_answer_header(&a->http, "retry-after"), clock_now().wall_ms / 1000);
}

static void
on_answer(void *ctx, const struct access_answer *a)
{
	struct batch *b = ctx;
	struct line *l = b->line;
	enum link_ask ask = b->q[0]->ask;
	size_t n = b->n;

	l->flying--;
	if (is_taken(a) && ask == ASK_REPORT) {
		l->failures = 0;
		if (!told_report(a->http.body, take_report, b))
			log_debug("no final report yet", log_name("gateway", l->gateway)); /* nudged asks again */
	} else if (is_taken(a)) {
		on_list(b, a);
	} else if (ask == ASK_REPORT && a->end == ACCESS_ANSWERED && a->http.status == 404) {
		l->failures = 0; /* no report yet, or never */
	} else if (is_final(a)) {
		trouble(l, ask, n, a, "a question to the gateway is refused");
	} else {
		size_t lost = batch_again(b, a->end == ACCESS_ANSWERED || a->end == ACCESS_CUT);

		line_pause(l, pause_asked(a));
		if (lost > 0 && !is_look(ask))
			l->said_ms = 0;
		trouble(l, ask, lost > 0 ? lost : n, a, lost > 0 ? "questions to the gateway are given up" : "a question to the gateway waits");
	}
	batch_free(b);
	if (l->first)
		line_wake(l, 0);
}

/* The id is the gateway's own, but nothing in it may end the path. */
static bool
report_path(const char *id, const char *version, char *out, size_t cap)
{
	char safe[3 * sizeof ((struct question *)0)->what];
	size_t n = 0;

	for (const char *c = id; *c; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("-_.~", *c);

		n += (size_t)snprintf(safe + n, sizeof safe - n, plain ? "%c" : "%%%02X", (unsigned char)*c);
	}
	safe[n] = '\0';
	return snprintf(out, cap, "/deliveryReports/%s?api-version=%s", safe, version) < (int)cap;
}

static bool
write_request(const struct batch *b, const char *version, char *path, size_t cap, struct buf *body)
{
	const char *to[OPTOUTS_AT_ONCE];

	if (b->q[0]->ask == ASK_REPORT)
		return report_path(b->q[0]->what, version, path, cap);
	for (size_t i = 0; i < b->n; i++)
		to[i] = b->q[i]->what;
	return snprintf(path, cap, "/sms/optouts:%s?api-version=%s", names[b->q[0]->ask], version) < (int)cap &&
	    optout_body(b->line->from, to, b->n, body);
}

static bool
fly(struct line *l)
{
	const struct conf_gateway *g = conf_find_gateway(l->asker->conf, l->gateway);
	struct access *access = acs_client_access(l->asker->client, span_of(l->gateway));
	struct batch *b = batch_new(l);
	struct access_request r = { .answer_max = ANSWER_MAX };
	char path[512];
	struct buf body;

	if (!b)
		return false;
	buf_init(&body, 16384);
	if (!g || !access || !write_request(b, g->api_version, path, sizeof path, &body)) {
		log_warn("a question to a gateway that is not in the configuration is left out", log_int("n", (int64_t)b->n));
		batch_free(b);
		buf_wipe(&body);
		return true;
	}
	l->flying++;
	r.method = b->q[0]->ask == ASK_REPORT ? "GET" : "POST";
	r.path = path;
	r.body = buf_span(&body);
	access_send(access, &r, on_answer, b);
	buf_wipe(&body);
	return true;
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct line *l = ctx;

	(void)fd;
	(void)what;
	l->paused = false;
	while (l->first && !l->paused && l->flying < (l->from[0] ? 1 : REPORTS_AT_ONCE))
		if (!fly(l)) {
			line_pause(l, -1);
			return;
		}
}

/* ---- questions ---- */

static struct line *
line_for(struct asker *a, const struct link_question *q)
{
	struct span from = q->ask == ASK_REPORT ? SPAN_NONE : q->from;
	struct line *l;

	for (l = a->lines; l; l = l->next)
		if (span_is(q->gateway, l->gateway) && span_is(from, l->from))
			return l;
	l = calloc(1, sizeof *l);
	if (!l || !(l->timer = evtimer_new(a->base, on_timer, l))) {
		free(l);
		return NULL;
	}
	l->asker = a;
	l->last = &l->first;
	(void)span_copy(l->gateway, sizeof l->gateway, q->gateway);
	(void)span_copy(l->from, sizeof l->from, from);
	l->next = a->lines;
	a->lines = l;
	return l;
}

static void
full(struct asker *a)
{
	int64_t now = clock_now().boot_ms;

	if (a->full_ms && now - a->full_ms < SAID_MS)
		return;
	a->full_ms = now;
	log_warn("too many questions wait for the gateway: some are left out", log_int("waiting", (int64_t)a->n));
}

void
asker_ask(struct asker *a, const struct link_question *q)
{
	struct span what = q->ask == ASK_REPORT ? q->message_id : q->to;
	struct line *l;
	struct question *x;

	if (what.n == 0 || what.n >= sizeof x->what || (q->ask != ASK_REPORT && (q->from.n == 0 || q->from.n >= sizeof l->from)) ||
	    q->gateway.n == 0 || q->gateway.n >= sizeof l->gateway)
		return;
	l = a->n < (is_look(q->ask) ? ASKER_MAX / 2 : ASKER_MAX) ? line_for(a, q) : NULL;
	x = l ? calloc(1, sizeof *x) : NULL;
	if (!x) {
		full(a);
		return;
	}
	x->ask = q->ask;
	x->text = q->text;
	(void)span_copy(x->what, sizeof x->what, what);
	line_put(l, x);
	line_wake(l, GATHER_MS);
}

/* ---- all of it ---- */

bool
asker_new(struct event_base *base, struct acs_client *client, struct conf *c, const struct told_outlet *outlet, struct asker **out)
{
	struct asker *a = calloc(1, sizeof *a);

	if (!a)
		return false;
	a->base = base;
	a->client = client;
	a->conf = conf_hold(c);
	a->outlet = *outlet;
	*out = a;
	return true;
}

void
asker_reload(struct asker *a, struct conf *c)
{
	conf_drop(a->conf);
	a->conf = conf_hold(c);
	for (struct line *l = a->lines; l; l = l->next) { /* another key may be better */
		l->paused = false;
		l->said_ms = 0;
		l->failures = 0;
		(void)event_del(l->timer);
		line_wake(l, GATHER_MS);
	}
}

size_t
asker_changes(const struct asker *a)
{
	size_t n = 0;

	for (const struct batch *b = a->batches; b; b = b->next)
		n += b->n > 0 && !is_look(b->q[0]->ask) ? b->n : 0;
	for (const struct line *l = a->lines; l; l = l->next)
		for (const struct question *q = l->first; q; q = q->next)
			n += !is_look(q->ask);
	return n;
}

void
asker_free(struct asker *a)
{
	struct line *l, *next;

	if (!a)
		return;
	for (struct batch *b = a->batches, *more; b; b = more) {
		more = b->next;
		batch_free(b);
	}
	for (l = a->lines; l; l = next) {
		next = l->next;
		while (l->first)
			question_free(line_take(l));
		event_free(l->timer);
		free(l);
	}
	conf_drop(a->conf);
	free(a);
}
