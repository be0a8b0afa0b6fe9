/* told.c - what the gateway told by itself: reports on texts, its own list of opt-outs. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

static const char *
digits(const char *number)
{
	return number + (number[0] == '+');
}

/* Whoever shares the gateway's resource with us may use tags like ours. Of a
 * text that was sent twice a delivery of either is one. */
static bool
is_of(const struct sender_event *ev, const struct text *t)
{
	bool other = t->message_id[0] && ev->message_id[0] && strcmp(t->message_id, ev->message_id) != 0;

	return (!ev->from[0] || strcasecmp(digits(ev->from), digits(t->sender)) == 0) && (!other || ev->delivery == DELIVERY_OK);
}

static bool
is_optout(const struct sender_event *ev)
{
	return ev->delivery == DELIVERY_FAILED &&
	    (ev->number == 4007 || strcmp(ev->status, "blocked-by-recipient") == 0 || strcmp(ev->status, "opted-out") == 0);
}

/* A report may come twice, late, and in any order: the table of states says
 * what it still changes; delivered wins. */
static bool
report(struct engine *e, const struct sender_event *ev, struct fault *f)
{
	static const enum text_event event[DELIVERIES] = { [DELIVERY_OK] = TEXT_EV_REPORT_OK,
		[DELIVERY_FAILED] = TEXT_EV_REPORT_BAD, [DELIVERY_UNKNOWN] = TEXT_EV_ACCEPTED };
	struct text t;
	enum text_state next;

	if (ev->text == 0)
		return true;
	switch (store_text_get(e->store, ev->text, &t, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	if (t.first_sent_s == 0 || !is_of(ev, &t))
		return true;
	if (ev->delivery == DELIVERY_UNKNOWN && t.state == TEXT_SENT) {
		(void)snprintf(t.code, sizeof t.code, "%s", ev->status);
		t.report_code = ev->number;
		return store_text_put(e->store, &t, f) && store_report_done(e->store, t.id, f);
	}
	next = text_step(t.state, event[ev->delivery]);
	if (next == t.state)
		return true;
	(void)snprintf(t.code, sizeof t.code, "%s", ev->status);
	t.report_code = ev->number;
	if (next == TEXT_FAILED && !refused_of_text(e, &t, f))
		return false;
	if (next == TEXT_DELIVERED && !refused_arrived(e, &t, f))
		return false;
	if (is_optout(ev) && !optout_of_text(e, &t, f))
		return false;
	if (!store_report_done(e->store, t.id, f))
		return false;
	if (t.sent_s == 0) /* there is a report, so it was taken */
		return outcome_taken(e, &t, next, t.first_sent_s, f);
	t.state = next;
	return outcome_settle(e, &t, f);
}

bool
told_apply(struct engine *e, const struct sender_event *ev, struct fault *f)
{
	if (!store_begin(e->store, f))
		return false;
	switch (ev->told) {
	case EVENT_REPORT:
		return report(e, ev, f);
	case EVENT_OPTOUT:
		return optout_told(e, ev, f);
	case EVENT_INBOUND:
		return reply_apply(e, ev, f);
	case GATEWAY_EVENTS:
		break;
	}
	return true;
}

bool
told_ask(struct engine *e, const struct link_question *q)
{
	struct out_ask *a;

	if (e->out.asks_n == ASKS_A_TURN || !e->sender_connected)
		return false;
	a = &e->out.asks[e->out.asks_n++];
	*a = (struct out_ask){ .ask = q->ask, .text = q->text };
	span_copy(a->gateway, sizeof a->gateway, q->gateway);
	span_copy(a->from, sizeof a->from, q->from);
	span_copy(a->to, sizeof a->to, q->to);
	span_copy(a->message_id, sizeof a->message_id, q->message_id);
	return true;
}
