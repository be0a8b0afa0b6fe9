/* undo.c - a turn that could not be stored has done nothing: what it changed in memory is as it was before. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

static void
note_lane(struct lane *l)
{
	struct lane_before *b = &l->before;

	b->bucket = l->bucket;
	b->failures = l->failures;
	memcpy(b->failed_ms, l->failed_ms, sizeof b->failed_ms);
	b->pause_until_ms = l->pause_until_ms;
	b->retry_milli = l->retry_milli;
	b->retry_ms = l->retry_ms;
	b->blocked = l->blocked;
}

static void
go_back_lane(struct lane *l)
{
	const struct lane_before *b = &l->before;

	l->bucket = b->bucket;
	l->failures = b->failures;
	memcpy(l->failed_ms, b->failed_ms, sizeof l->failed_ms);
	l->pause_until_ms = b->pause_until_ms;
	l->retry_milli = b->retry_milli;
	l->retry_ms = b->retry_ms;
	l->blocked = b->blocked;
}

static void
note_sites(struct engine *e)
{
	for (size_t i = 0; i < e->rules->conf->sites_n; i++) {
		struct site_state *s = &e->sites[i];

		s->before.from_s = s->storm_from_s;
		s->before.n = s->storm_n;
		s->before.storm = s->storm;
	}
}

static void
go_back_sites(struct engine *e)
{
	for (size_t i = 0; i < e->rules->conf->sites_n; i++) {
		struct site_state *s = &e->sites[i];

		s->storm_from_s = s->before.from_s;
		s->storm_n = s->before.n;
		s->storm = s->before.storm;
	}
}

/* What a turn moves on beside the store's rows. */
void
undo_note(struct engine *e)
{
	struct before *b = &e->before;

	memcpy(b->flights.item, e->flights.item, e->flights.n * sizeof b->flights.item[0]);
	b->flights.n = e->flights.n;
	b->flights.out_n = e->flights.out_n;
	for (size_t i = 0; i < e->lanes.n; i++)
		note_lane(&e->lanes.item[i]);
	note_sites(e);
	silence_note(e);
	b->store_full = e->store_full;
	memcpy(&b->count, &e->count, offsetof(struct engine_status, sites_n)); /* its lists are empty */
	b->alarms_n = e->out.alarms_n;
	b->credits = e->credits;
	b->sender_connected = e->sender_connected;
	b->replanning = e->replanning;
	b->replan_after = e->replan_after;
	b->held_looked_s = e->held_looked_s;
	b->forgot_s = e->forgot_s;
	b->quarantine_full_s = e->quarantine_full_s;
	b->comparing = e->comparing;
	b->lifts_asked = e->lifts_asked;
	b->restored = e->restored;
	b->journal_held = e->journal_held;
	b->reports_pace_ms = e->reports_pace_ms;
	memcpy(b->compared, e->compared, sizeof b->compared);
	b->compared_span = e->compared_span;
	b->compared_text = e->compared_text;
	b->compared_until_s = e->compared_until_s;
	b->compared_ms = e->compared_ms;
	b->clock_noted_s = e->clock_noted_s;
	b->moving = e->moving;
	memcpy(b->limits, e->limits, sizeof b->limits);
}

void
undo_keep(struct engine *e, struct site_state *sites, struct rules *rules)
{
	struct before *b = &e->before;

	if (!b->rules) {
		b->rules = rules_hold(e->rules);
		b->sites = e->sites;
	} else {
		free(e->sites);
	}
	e->sites = sites;
	if (rules) {
		rules_drop(e->rules);
		e->rules = rules;
		store_decided_under(e->store, rules->version);
	}
}

void
undo_forget(struct engine *e)
{
	free(e->before.sites);
	rules_drop(e->before.rules);
	e->before.sites = NULL;
	e->before.rules = NULL;
}

/* The command that brought rules has them again. */
static void
give_rules_back(struct engine *e)
{
	for (struct command *c = e->out.replies; c; c = (struct command *)(void *)c->link.next)
		if (c->ok && (c->kind == COMMAND_RULES || c->kind == COMMAND_APPROVE)) { /* one that is ok gave its rules away */
			c->rules = e->rules;
			return;
		}
	rules_drop(e->rules);
}

static bool
put_sites_back(struct engine *e)
{
	struct before *b = &e->before;
	struct fault f = { .kind = FAULT_NONE };
	bool other = b->rules != e->rules;

	if (!b->rules)
		return true;
	free(e->sites);
	e->sites = b->sites;
	b->sites = NULL;
	if (other) {
		give_rules_back(e);
		e->rules = b->rules;
		store_decided_under(e->store, e->rules->version);
	} else {
		rules_drop(b->rules);
	}
	b->rules = NULL;
	return !other || (lanes_build(e, e->rules) && heard_build(e, e->rules, false, &f) && silence_build(e, e->rules, &f));
}

static void
go_back(struct engine *e)
{
	const struct before *b = &e->before;
	int64_t turns = e->count.turns;

	memcpy(e->flights.item, b->flights.item, b->flights.n * sizeof b->flights.item[0]);
	e->flights.n = b->flights.n;
	e->flights.out_n = b->flights.out_n;
	for (size_t i = 0; i < e->lanes.n; i++)
		go_back_lane(&e->lanes.item[i]);
	go_back_sites(e);
	silence_go_back(e);
	e->store_full = b->store_full;
	memcpy(&e->count, &b->count, offsetof(struct engine_status, sites_n));
	e->out.alarms_n = b->alarms_n;
	e->credits = b->credits;
	e->sender_connected = b->sender_connected;
	e->count.turns = turns;
	e->replanning = b->replanning;
	e->replan_after = b->replan_after;
	e->held_looked_s = b->held_looked_s;
	e->forgot_s = b->forgot_s;
	e->quarantine_full_s = b->quarantine_full_s;
	e->comparing = b->comparing;
	e->lifts_asked = b->lifts_asked;
	e->restored = b->restored;
	e->journal_held = b->journal_held;
	e->reports_pace_ms = b->reports_pace_ms;
	memcpy(e->compared, b->compared, sizeof e->compared);
	e->compared_span = b->compared_span;
	e->compared_text = b->compared_text;
	e->compared_until_s = b->compared_until_s;
	e->compared_ms = b->compared_ms;
	e->clock_noted_s = b->clock_noted_s;
	e->moving = e->moving || b->moving; /* from the beginning: what was moved stays */
	e->moving_place = 0;
	e->moving_at = 0;
	memcpy(e->limits, b->limits, sizeof e->limits);
}

bool
undo(struct engine *e)
{
	struct queue_link *again = NULL;
	bool whole;

	store_rollback(e->store);
	whole = put_sites_back(e);
	go_back(e);
	if (e->setup.journal)
		journal_drop(e->setup.journal);
	e->journal_numbering = e->journal_numbered;
	e->senders_n = 0;
	e->news_at = (struct news_cursor){ 0, 0, 0 };
	e->reports_next_s = 0;
	while (e->done_events) { /* newest first: turned round while it goes back */
		struct queue_link *q = e->done_events;

		e->done_events = q->next;
		q->next = again;
		again = q;
	}
	engine_append(&again, e->events);
	e->events = again;
	ahead_restart(e);
	return whole;
}
