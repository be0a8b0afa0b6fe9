/* engine.c - the turn: take, decide, commit, release; promises 1, 3 and 6 live here. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"
#include "nudge/mutant.h"

void
engine_alarm(struct engine *e, const char *what, const char *where)
{
	struct out_alarm *a;

	if (e->out.alarms_n == ALARMS_A_TURN)
		return;
	a = &e->out.alarms[e->out.alarms_n++];
	a->what = what;
	(void)snprintf(a->where, sizeof a->where, "%s", where);
}

const struct conf_site *
engine_site(const struct engine *e, int64_t site)
{
	for (size_t i = 0; i < e->rules->conf->sites_n; i++)
		if (e->sites[i].id == site)
			return &e->rules->conf->sites[i];
	return NULL;
}

/* ---- start and end ---- */

static bool
load_flight(void *ctx, const struct text *t)
{
	struct engine *e = ctx;
	struct flight *x = flights_add(&e->flights, t->id);
	const struct conf_site *s = engine_site(e, t->site);

	if (!x)
		return false;
	x->attempt = t->attempts;
	/* What was at nudge-sender when we ended may have been taken. */
	x->unsure = t->unsure || t->reason != REASON_RETRY;
	x->wake_ms = e->now.boot_ms;
	x->lane = s && s->number ? e->sites[s->index].lane : SIZE_MAX;
	return true;
}

/* Not all that waits was planned by these rules: it is looked at again, in portions. */
static bool
compare_rules(struct engine *e, struct fault *f)
{
	int64_t stored;

	if (!store_setting_get(e->store, "rules", &stored, f))
		return false;
	if (stored == 0) /* nothing waits yet */
		return store_setting_put(e->store, "rules", ahead_mark(e->rules), f);
	e->replanning = stored != ahead_mark(e->rules);
	e->replan_after = 0;
	return true;
}

bool
engine_new(const struct engine_setup *s, struct engine **out, struct fault *f)
{
	struct engine *e = calloc(1, sizeof *e);

	if (!e)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	e->setup = *s;
	e->store = s->store;
	e->now = s->now;
	buf_init(&e->scratch, 65536);
	for (size_t i = 0; i < JOBS_A_TURN; i++)
		buf_init(&e->out.jobs[i].body, LINK_FRAME_MAX);
	e->rules = s->rules;
	store_decided_under(s->store, s->rules->version);
	e->wheel = wheel_new(LOOKAHEAD_S, now_s(&s->now), WHEEL_MAX);
	if (!e->wheel || !lanes_build(e, s->rules)) {
		(void)fault_set(f, FAULT_BROKEN, "out of memory");
		goto fail;
	}
	if (!store_begin(e->store, f) || !timing_open(e, f) || !command_sites(e, s->rules, &e->sites, f) || !compare_rules(e, f) ||
	    !heard_build(e, s->rules, true, f) || !silence_build(e, s->rules, f))
		goto fail;
	ahead_restart(e);
	if (!journalled_open(e, f) || !store_commit(e->store, f) || (!journalled_write(e, f) && f->kind == FAULT_BROKEN))
		goto fail;
	if (!store_sending(e->store, load_flight, e, f))
		goto fail;
	*out = e;
	return true;
fail:
	store_rollback(e->store);
	store_on_barred(e->store, NULL, NULL);
	e->rules = NULL; /* still the caller's */
	engine_free(e);
	return false;
}

void
sender_event_free(struct sender_event *ev)
{
	if (ev->words)
		seal_wipe(ev->words, strlen(ev->words));
	free(ev->words);
	free(ev);
}

void
engine_free(struct engine *e)
{
	if (!e)
		return;
	backup_drop(e);
	undo_forget(e);
	store_on_barred(e->store, NULL, NULL);
	for (size_t i = 0; i < JOBS_A_TURN; i++)
		buf_wipe(&e->out.jobs[i].body);
	for (struct queue_link *q = e->events, *next; q; q = next) {
		next = q->next;
		sender_event_free((struct sender_event *)(void *)q);
	}
	buf_wipe(&e->scratch);
	lanes_free(&e->lanes);
	wheel_free(e->wheel);
	free(e->heard);
	free(e->feeds);
	free(e->sites);
	rules_drop(e->rules);
	free(e);
}

/* ---- take ---- */

void
engine_append(struct queue_link **list, struct queue_link *more)
{
	while (*list)
		list = &(*list)->next;
	*list = more;
}

/* ---- decide ---- */

/* The other messages of the frame: all or none of it is stored. */
static bool
take_also(struct engine *e, struct message *m, struct fault *f)
{
	for (; m; m = m->also) {
		struct answer a = { .what = ANSWER_SEND };
		bool done;

		if (!apply_message(e, m, true, &a, &done, f))
			return false;
		m->verdict = a.verdict;
		m->error = a.error;
	}
	return true;
}

static bool
take_messages(struct engine *e, struct fault *f)
{
	e->news_left = NEWS_PORTION;
	while (e->messages && e->out.answers_n < MESSAGES_A_TURN) {
		struct message *m = (struct message *)(void *)e->messages;
		struct out_answer *o = &e->out.answers[e->out.answers_n];
		bool done;

		*o = (struct out_answer){ .message = m, .answer = { .what = ANSWER_SEND } };
		if (!apply_message(e, m, m->also != NULL, &o->answer, &done, f))
			return false;
		if (!done) /* it stays the first, and whoever comes after it waits */
			return true;
		e->messages = m->link.next;
		m->link.next = NULL;
		e->out.answers_n++;
		if (!take_also(e, m->also, f))
			return false;
	}
	return true;
}

static bool
take_events(struct engine *e, struct fault *f)
{
	while (e->events) {
		struct sender_event *ev = (struct sender_event *)(void *)e->events;

		e->events = ev->link.next;
		ev->link.next = e->done_events;
		e->done_events = &ev->link;
		switch (ev->what) {
		case SENDER_OUTCOME:
			if (!outcome_apply(e, ev, f))
				return false;
			break;
		case SENDER_EVENT:
			if (!told_apply(e, ev, f))
				return false;
			break;
		case SENDER_CONNECTED:
		case SENDER_LOST:
			outcome_sender(e, ev);
			break;
		}
	}
	return true;
}

static bool
decide(struct engine *e, struct queue_link **commands, bool *more, struct fault *f)
{
	while (*commands) {
		struct command *c = (struct command *)(void *)*commands;

		*commands = c->link.next;
		c->link.next = e->out.replies ? &e->out.replies->link : NULL;
		e->out.replies = c;
		if (!command_apply(e, c, f))
			return false;
	}
	if (!timing_keep(e, f) || !take_events(e, f) || !take_messages(e, f) || !heard_keep(e, f) || !silence_look(e, f) || !ends_look(e, f) || !ahead_advance(e, f) || !send_retries(e, f) ||
	    !send_due(e, more, f) || !reports_ask(e, f))
		return false;
	return (e->space < SPACE_SHED || quarantine_shed(e, more, f)) && ahead_portion(e, more, f) && over_portion(e, f) &&
	    rotate_portion(e, more, f) && space_give_back(e, more, f);
}

/* ---- release ---- */

static void
release_answers(struct engine *e, bool committed)
{
	const struct outlet *o = &e->setup.outlet;

	for (size_t i = 0; i < e->out.answers_n; i++) {
		struct answer close = { .what = ANSWER_CLOSE };

		o->answer(o->ctx, e->out.answers[i].message, committed ? &e->out.answers[i].answer : &close);
	}
	if (e->out.answers_n > 0 && o->answered)
		o->answered(o->ctx);
	e->out.answers_n = 0;
}

static void
release(struct engine *e, bool committed, const struct fault *f)
{
	const struct outlet *o = &e->setup.outlet;

	for (size_t i = 0; i < e->out.jobs_n; i++) {
		struct out_job *j = &e->out.jobs[i];
		struct link_job job = { j->text, j->attempt, span_of(j->gateway), span_of(j->path),
			buf_span(&j->body), span_of(j->to), j->not_after_s };

		if (committed)
			o->job(o->ctx, &job);
		seal_wipe(j->to, sizeof j->to);
		buf_wipe(&j->body);
	}
	for (struct command *c = e->out.replies, *next; c; c = next) {
		next = (struct command *)(void *)c->link.next;
		c->link.next = NULL;
		if (!committed && (c->ok || c->fault.kind == FAULT_NONE)) { /* also the one that met what failed */
			c->ok = false;
			c->fault = *f;
		}
		o->reply(o->ctx, c);
	}
	for (size_t i = 0; i < e->out.asks_n; i++) {
		struct out_ask *a = &e->out.asks[i];
		struct link_question q = { a->ask, span_of(a->gateway), span_of(a->from), span_of(a->to),
			span_of(a->message_id), a->text };

		if (committed)
			o->ask(o->ctx, &q);
		seal_wipe(a->to, sizeof a->to);
	}
	for (size_t i = 0; i < e->out.alarms_n; i++)
		o->alarm(o->ctx, e->out.alarms[i].what, e->out.alarms[i].where);
	rotate_release(e, committed);
	e->out.jobs_n = e->out.asks_n = e->out.alarms_n = 0;
	e->out.replies = NULL;
}

/* The turn is committed: what told of these events may forget them. */
static void
free_events(struct engine *e)
{
	while (e->done_events) {
		struct queue_link *q = e->done_events;
		struct sender_event *ev = (struct sender_event *)(void *)q;

		e->done_events = q->next;
		if (ev->what == SENDER_EVENT && !e->journal_busy) /* else it comes again */
			e->setup.outlet.taken(e->setup.outlet.ctx, ev->event);
		sender_event_free(ev);
	}
}

static enum turn_result
fail(struct engine *e, struct queue_link *commands, const struct fault *f)
{
	bool broken = false;

	while (commands) { /* behind the one that met what failed, which is among the replies */
		struct command *c = (struct command *)(void *)commands;

		commands = c->link.next;
		c->link.next = &e->out.replies->link;
		c->ok = false;
		c->fault = *f;
		e->out.replies = c;
	}
	/* Whoever waits is told by silence: what was not taken is closed too. */
	if (!undo(e))
		broken = true;
	if (!e->count.store_busy)
		engine_alarm(e, "cannot store: messages are not answered until there is space", "store");
	e->count.store_busy = true;
	release_answers(e, false);
	release(e, false, f);
	space_silence(e);
	return broken || f->kind == FAULT_BROKEN ? TURN_BROKEN : TURN_BUSY;
}

/* After the release, so that nobody waits for it. */
static bool
tidy(struct engine *e, bool idle, struct fault *f)
{
	bool scrub = e->scrub_wanted && idle && e->now.boot_ms - e->scrubbed_ms > 1000, done;

	if (!store_checkpoint(e->store, scrub, &done, f))
		return false;
	if (scrub) {
		e->scrub_wanted = !done;
		e->scrubbed_ms = e->now.boot_ms;
	}
	return true;
}

enum turn_result
engine_turn(struct engine *e, const struct turn_input *in, struct fault *f)
{
	struct queue_link *commands = in->commands;
	bool more = false, idle = !in->messages && !in->events && !in->commands;

	engine_append(&e->messages, in->messages);
	engine_append(&e->events, in->events);
	timing_take(e, in);
	space_look(e, in->free_bytes);
	if (e->space == SPACE_STOP)
		space_silence(e);
	undo_note(e);
	e->count.turns++;
	if (!decide(e, &commands, &more, f))
		return fail(e, commands, f);
	if (MUTANT("ack-early"))
		release_answers(e, true);
	if (store_begun(e->store)) {
		if (!journalled_number(e, f) || !store_commit(e->store, f))
			return fail(e, commands, f);
		undo_forget(e);
		e->count.commits++;
		e->clock_changed = e->clock_back = false;
		if (e->count.store_busy)
			engine_alarm(e, "storing works again", "store");
		e->count.store_busy = false;
	}
	release_answers(e, true); /* they do not wait for the journal */
	if (!journalled_write(e, f)) {
		if (f->kind == FAULT_BROKEN)
			return TURN_BROKEN;
		journalled_keep_back(e);
	}
	free_events(e);
	release(e, true, f);
	if (!tidy(e, idle && !more, f))
		return f->kind == FAULT_BROKEN ? TURN_BROKEN : TURN_BUSY;
	more = backup_portion(e) || more;
	return e->messages || more ? TURN_MORE : TURN_DONE;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
engine_end(struct engine *e, const struct turn_input *rest)
{
	struct queue_link *next;

	engine_append(&e->messages, rest->messages);
	engine_append(&e->events, rest->events);
	space_silence(e);
	for (struct queue_link *q = rest->commands; q; q = next) {
		struct command *c = (struct command *)(void *)q;

		next = q->next;
		q->next = NULL;
		c->ok = false;
		(void)fault_set(&c->fault, FAULT_BUSY, "nudged is stopping, and did not come to this: ask again");
		e->setup.outlet.reply(e->setup.outlet.ctx, c);
	}
}

int64_t
engine_sleep_ms(const struct engine *e, const struct now *said)
{
	const struct now believed = timing_of(e, said), *now = &believed;
	int64_t ms = 60000, next = wheel_next(e->wheel);

	if (e->loading || e->replanning)
		return 0;
	if (e->scrub_wanted)
		ms = least(ms, 1100);
	if ((e->comparing != COMPARING_NOBODY && e->sender_connected) || e->journal_busy)
		ms = least(ms, 1000);
	if (next != INT64_MAX)
		ms = least(ms, next * 1000 - now->wall_ms);
	ms = least(ms, store_next_erasure(e->store) * 1000 - now->wall_ms);
	ms = least(ms, reports_sleep_ms(e, now));
	for (size_t i = 0; i < e->flights.n; i++)
		if (e->flights.item[i].out || e->sender_connected)
			ms = least(ms, e->flights.item[i].wake_ms - now->boot_ms);
	for (size_t i = 0; i < e->lanes.n; i++) {
		const struct lane *l = &e->lanes.item[i];
		int64_t pause = l->pause_until_ms - now->boot_ms;

		if (l->n == 0)
			continue;
		ms = least(ms, lanes_earliest(l) * 1000 - now->wall_ms);
		if (send_allowed(e))
			ms = least(ms, pause > 0 ? pause : bucket_ready_ms(&e->lanes.item[l->pool].bucket, l->wants, now->boot_ms));
	}
	return ms < 0 ? 0 : ms;
}
