/* outcome.c - what came of an attempt, and what that allows. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

bool
outcome_settle(struct engine *e, struct text *t, struct fault *f)
{
	flights_remove(&e->flights, flights_find(&e->flights, t->id));
	return store_text_put(e->store, t, f) && store_body_drop(e->store, t->id, f) && merge_settle(e, t, f) &&
	    apply_final(e, t->appointment, f);
}

bool
outcome_close(struct engine *e, struct text *t, bool unsure, enum text_reason why, struct fault *f)
{
	if (unsure)
		return unknown_begins(e, t, why, f);
	/* Certainly not taken: a new id may be used. */
	t->state = text_step(t->state, TEXT_EV_BACK);
	t->reason = why;
	if (!limit_use(e, t, -1, f))
		return false;
	journalled_ended(e, t, false);
	t->unsure = false;
	flights_remove(&e->flights, flights_find(&e->flights, t->id));
	ahead_note(e, t->id, t->due_s);
	return store_text_put(e->store, t, f) && store_body_drop(e->store, t->id, f) && merge_settle(e, t, f);
}

bool
outcome_taken(struct engine *e, struct text *t, enum text_state next, int64_t sent_s, struct fault *f)
{
	bool out = t->state == TEXT_SENDING || t->state == TEXT_UNKNOWN, ended = text_is_final(t->state) && !out;

	if (!out && !t->unsure && !limit_use(e, t, 1, f)) /* given back too early */
		return false;
	t->reason = ended || t->state == TEXT_HELD ? REASON_TAKEN_LATE : REASON_ACCEPTED;
	t->state = next;
	t->sent_s = sent_s;
	journalled_ended(e, t, true);
	/* What was planned since knew nothing of it. */
	if (ended && (!store_text_put(e->store, t, f) || !apply_again(e, t->appointment, f)))
		return false;
	return outcome_settle(e, t, f);
}

static bool
accepted(struct engine *e, struct text *t, const struct sender_event *ev, struct fault *f)
{
	enum text_state next = text_step(t->state, TEXT_EV_ACCEPTED);

	if (next == t->state)
		return true;
	memcpy(t->message_id, ev->message_id, sizeof t->message_id);
	return outcome_taken(e, t, next, now_s(&e->now), f) && reports_expect(e, t, f);
}

static bool
refused(struct engine *e, struct text *t, const struct flight *x, struct fault *f)
{
	/* A refusal after a lost answer may only mean that the first was taken. */
	bool unsure = x->unsure;

	if (strcmp(t->code, "opted-out") == 0 && !optout_of_text(e, t, f))
		return false;
	if (!unsure && !refused_of_text(e, t, f))
		return false;
	send_alarm_untold(e, t);
	if (unsure)
		return unknown_begins(e, t, REASON_NO_ANSWER, f);
	t->state = text_step(t->state, TEXT_EV_REFUSED);
	t->reason = REASON_GATEWAY_REFUSED;
	journalled_ended(e, t, false);
	return limit_use(e, t, -1, f) && outcome_settle(e, t, f);
}

/* Tries the same again later: after what the gateway asked for, or a growing,
 * jittered pause. */
static bool
later(struct engine *e, struct text *t, struct flight *x, const struct sender_event *ev, struct fault *f)
{
	uint32_t r = 0;
	int64_t wait;

	if (!e->setup.random(e->setup.random_ctx, &r, sizeof r))
		return fault_set(f, FAULT_BROKEN, "the system gives no random bytes");
	wait = ev->retry_after_ms >= 0 ? ev->retry_after_ms : backoff_ms(x->attempt, true, r / 4294967296.0);
	if (wait > 3600000)
		wait = 3600000;
	x->out = false;
	e->flights.out_n--;
	x->unsure = x->unsure || ev->outcome == OUTCOME_UNSURE;
	x->wake_ms = e->now.boot_ms + wait;
	t->unsure = x->unsure;
	t->reason = REASON_RETRY;
	if (ev->http_status == 429 && x->lane < e->lanes.n && e->now.boot_ms + wait > e->lanes.item[x->lane].pause_until_ms)
		e->lanes.item[x->lane].pause_until_ms = e->now.boot_ms + wait;
	return store_text_put(e->store, t, f);
}

static void
tell_lane(struct engine *e, const struct flight *x, const struct sender_event *ev)
{
	struct lane *l = x && x->lane < e->lanes.n ? &e->lanes.item[x->lane] : NULL;

	if (!l)
		return;
	switch (ev->outcome) {
	case OUTCOME_ACCEPTED:
	case OUTCOME_REFUSED:
		lane_worked(e, l);
		break;
	case OUTCOME_BLOCKED:
		lane_failed(e, l, LANE_REFUSED);
		break;
	case OUTCOME_AGAIN:
	case OUTCOME_UNSURE:
		if (ev->http_status != 429) /* the gateway works, it is only asked too fast */
			lane_failed(e, l, LANE_SILENT);
		break;
	case OUTCOME_NOT_TRIED:
		/* Too late for this one says nothing of the others; a gateway that
		 * nudge-sender does not know keeps all of them. */
		if (strcmp(ev->code, "too-late") != 0)
			lane_failed(e, l, LANE_NOT_TRIED);
		break;
	case OUTCOME_TOO_LATE:
	case OUTCOMES:
		break;
	}
}

bool
outcome_apply(struct engine *e, const struct sender_event *ev, struct fault *f)
{
	struct flight *x = flights_find(&e->flights, ev->text);
	struct text t;

	tell_lane(e, x, ev);
	if (!store_begin(e->store, f))
		return false;
	switch (store_text_get(e->store, ev->text, &t, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	t.http_status = ev->http_status;
	(void)snprintf(t.code, sizeof t.code, "%s", ev->code);
	if (ev->outcome == OUTCOME_ACCEPTED)
		return accepted(e, &t, ev, f);
	/* Anything but a success is news only about the attempt that is out. */
	if (!x || !x->out || t.state != TEXT_SENDING || ev->attempt != x->attempt)
		return true;
	switch (ev->outcome) {
	case OUTCOME_REFUSED:
		return refused(e, &t, x, f);
	case OUTCOME_AGAIN:
	case OUTCOME_UNSURE:
	case OUTCOME_BLOCKED:
		return later(e, &t, x, ev, f);
	case OUTCOME_TOO_LATE:
		return outcome_close(e, &t, x->unsure, REASON_WINDOW_OVER, f);
	case OUTCOME_NOT_TRIED:
		return outcome_close(e, &t, x->unsure, REASON_RETRY, f);
	case OUTCOME_ACCEPTED:
	case OUTCOMES:
		break;
	}
	return true;
}

/* A new connection gets what the old one had: the same bytes, the same ids. */
void
outcome_sender(struct engine *e, const struct sender_event *ev)
{
	e->sender_connected = ev->what == SENDER_CONNECTED;
	e->lifts_asked = false;
	e->credits = ev->credits < LINK_CREDITS ? ev->credits : LINK_CREDITS;
	for (size_t i = 0; i < e->flights.n; i++) {
		struct flight *x = &e->flights.item[i];

		if (x->out) {
			x->unsure = true;
			x->out = false;
		}
		x->offered = true;
		x->wake_ms = e->now.boot_ms;
	}
	e->flights.out_n = 0;
}
