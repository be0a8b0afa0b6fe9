/* reports.c - texts whose delivery report is asked for by its id: when, how often, until it is there or a day is over. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

#define ASK_PORTION 20 /* a turn */
#define PACE_MS 500    /* between two portions: forty a second */

/* Seconds after the gateway took a text. It makes a report after an hour at
 * the latest, whatever it knows by then; the later ones are for its bad days. */
static const int64_t after_s[] = { 30, 120, 300, 900, 1800, 3660, 7200, 21600, 86400 };
#define ASKED_MAX ((int64_t)(sizeof after_s / sizeof after_s[0]))

static bool
is_polled(const struct engine *e, const struct text *t)
{
	const struct conf_gateway *g = conf_find_gateway(e->rules->conf, t->gateway);

	return g && g->reports == REPORTS_POLL && t->message_id[0];
}

static bool
wait_for(struct engine *e, const struct text *t, int64_t asked, struct fault *f)
{
	int64_t due_s;

	if (asked >= ASKED_MAX)
		return store_report_done(e->store, t->id, f);
	/* After a time in which nobody could ask, the next is not at once. */
	due_s = t->sent_s + after_s[asked];
	if (asked > 0 && due_s < now_s(&e->now) + after_s[0])
		due_s = now_s(&e->now) + after_s[0];
	if (due_s < e->reports_next_s)
		e->reports_next_s = due_s;
	return store_report_wait(e->store, t->id, due_s, asked, f);
}

bool
reports_expect(struct engine *e, const struct text *t, struct fault *f)
{
	return !is_polled(e, t) || wait_for(e, t, 0, f);
}

struct due {
	struct { int64_t text, asked; } item[ASK_PORTION];
	size_t n;
};

static bool
collect(void *ctx, int64_t text, int64_t asked)
{
	struct due *d = ctx;

	d->item[d->n].text = text;
	d->item[d->n++].asked = asked;
	return d->n < ASK_PORTION;
}

static bool
ask_one(struct engine *e, int64_t text, int64_t asked, bool *full, struct fault *f)
{
	struct link_question q = { .ask = ASK_REPORT, .text = text };
	struct text t;

	switch (store_text_get(e->store, text, &t, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return store_report_done(e->store, text, f);
	case STORE_FOUND:
		break;
	}
	if (t.state != TEXT_SENT || !is_polled(e, &t))
		return store_report_done(e->store, text, f);
	q.gateway = span_of(t.gateway);
	q.message_id = span_of(t.message_id);
	*full = !told_ask(e, &q);
	return *full || wait_for(e, &t, asked + 1, f);
}

bool
reports_ask(struct engine *e, struct fault *f)
{
	struct due d = { .n = 0 };
	bool full = false;

	if (!e->sender_connected || now_s(&e->now) < e->reports_next_s || e->now.boot_ms < e->reports_pace_ms)
		return true;
	if (!store_begin(e->store, f) || !store_reports_due(e->store, now_s(&e->now), ASK_PORTION, collect, &d, f))
		return false;
	for (size_t i = 0; i < d.n && !full; i++)
		if (!ask_one(e, d.item[i].text, d.item[i].asked, &full, f))
			return false;
	e->reports_pace_ms = e->now.boot_ms + PACE_MS;
	return store_report_next(e->store, &e->reports_next_s, f);
}

int64_t
reports_sleep_ms(const struct engine *e, const struct now *now)
{
	int64_t pace = e->reports_pace_ms - now->boot_ms, due = INT64_MAX;

	if (!e->sender_connected || e->reports_next_s == INT64_MAX)
		return INT64_MAX;
	due = e->reports_next_s * 1000 - now->wall_ms;
	return due > pace ? due : pace;
}
