/* command.c - what an administrator asked: answered, like all else, after the commit. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

static bool
site_state(struct engine *e, const struct rules *r, const struct conf_site *s, struct site_state *st, struct fault *f)
{
	uint8_t hash[DIGEST_BYTES];
	char who[64];
	int64_t at_s;

	if (!store_site(e->store, s->title, &st->id, f))
		return false;
	switch (store_approval_get(e->store, st->id, hash, who, &at_s, f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		st->approved = memcmp(hash, rules_of(r, s)->approval_hash, DIGEST_BYTES) == 0;
		break;
	case STORE_NONE:
		st->approved = false;
		break;
	}
	if (s->approvers.n == 0)
		st->approved = true;
	if (!store_hold_get(e->store, st->id, &st->held_s, st->held_by, f))
		return false;
	st->may_send = st->approved && st->held_s == 0 && !conf_site_silent(s);
	st->lane = SIZE_MAX;
	for (size_t i = 0; s->number && i < e->lanes.n; i++)
		if (strcmp(e->lanes.item[i].title, s->number->title) == 0)
			st->lane = i;
	return true;
}

bool
command_sites(struct engine *e, struct rules *r, struct site_state **out, struct fault *f)
{
	const struct conf *c = r->conf;
	struct site_state *st = calloc(c->sites_n + 1, sizeof *st);

	if (!st)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	for (size_t i = 0; i < c->sites_n; i++)
		if (!site_state(e, r, &c->sites[i], &st[i], f)) {
			free(st);
			return false;
		}
	*out = st;
	return true;
}

/* A storm is the feed's, whatever is known anew of its site. */
static void
keep_storms(const struct engine *e, const struct conf *c, struct site_state *st)
{
	assert(st); /* room for one at least */
	for (size_t i = 0; i < c->sites_n; i++)
		for (size_t k = 0; k < e->rules->conf->sites_n; k++)
			if (e->sites[k].id == st[i].id) {
				st[i].storm = e->sites[k].storm;
				st[i].storm_n = e->sites[k].storm_n;
				st[i].storm_from_s = e->sites[k].storm_from_s;
			}
}

bool
command_sites_again(struct engine *e, struct fault *f)
{
	struct site_state *st = NULL;

	if (!command_sites(e, e->rules, &st, f))
		return false;
	keep_storms(e, e->rules->conf, st);
	undo_keep(e, st, NULL);
	return true;
}

bool
command_rules(struct engine *e, struct command *c, struct fault *f)
{
	struct site_state *st = NULL;

	if (!lanes_build(e, c->rules))
		return fault_set(f, FAULT_BROKEN, "out of memory");
	if (!store_begin(e->store, f) || !command_sites(e, c->rules, &st, f))
		return false;
	/* The last borrows from the rules: behind it nothing may fail. */
	if (!ahead_replan(e, c->rules, f) || !heard_build(e, c->rules, true, f) || !silence_build(e, c->rules, f)) {
		free(st);
		return false;
	}
	keep_storms(e, c->rules->conf, st);
	undo_keep(e, st, c->rules);
	c->rules = NULL;
	e->held_looked_s = 0;
	ahead_restart(e);
	c->ok = true;
	return true;
}

static int64_t
oldest_waiting(const struct engine *e, int64_t *n)
{
	int64_t oldest = 0;

	*n = 0;
	for (size_t i = 0; i < e->lanes.n; i++) {
		const struct lane *l = &e->lanes.item[i];

		*n += (int64_t)l->n;
		for (size_t k = 0; k < l->lines_n; k++)
			for (size_t j = 0; j < l->lines[k].n && j < 1000; j++)
				if (oldest == 0 || l->lines[k].heap[j].due_s < oldest)
					oldest = l->lines[k].heap[j].due_s;
	}
	return oldest;
}

static bool
status(struct engine *e, struct command *c, struct fault *f)
{
	struct engine_status *s = &c->status;

	engine_status_clear(s); /* asked again: that turn was not stored */
	*s = e->count;
	for (int t = TEXT_PENDING; t < TEXT_STATES; t++)
		s->texts[t] = store_tally(e->store, 0, (enum text_state)t);
	s->oldest_due_s = oldest_waiting(e, &s->backlog);
	s->in_flight = (int64_t)e->flights.n;
	store_quarantine_size(e->store, &s->quarantine_kept, &s->quarantine_bytes);
	s->sender_connected = e->sender_connected;
	s->free_bytes = e->free_bytes;
	s->space = space_name(e->space);
	s->clock_held = e->clock_held;
	s->journal_held = e->journal_held;
	store_rotation_look(e->store, &s->rotation);
	s->clock_synchronised = e->synchronised;
	s->lanes_blocked = 0;
	for (size_t i = 0; i < e->lanes.n; i++)
		s->lanes_blocked += e->lanes.item[i].blocked;
	s->sites_n = 0;
	for (size_t i = 0; i < e->rules->conf->sites_n && i < sizeof s->sites / sizeof s->sites[0]; i++) {
		const struct conf_site *site = &e->rules->conf->sites[i];

		(void)snprintf(s->sites[i].title, sizeof s->sites[i].title, "%s", site->title);
		s->sites[i].approved = e->sites[i].approved;
		s->sites[i].needs_approval = site->approvers.n > 0;
		s->sites[i].silent = conf_site_silent(site);
		s->sites[i].held_s = e->sites[i].held_s;
		memcpy(s->sites[i].held_by, e->sites[i].held_by, sizeof s->sites[i].held_by);
		s->sites_n++;
	}
	if (!silence_status(e, s, &c->fault))
		return true;
	c->ok = limit_status(e, s, f);
	return c->ok;
}

void
engine_status_clear(struct engine_status *s)
{
	free(s->feeds);
	s->feeds = NULL;
	s->feeds_n = 0;
}

void
command_free(struct command *c)
{
	if (!c)
		return;
	buf_wipe(&c->raw);
	seal_wipe(c->key, sizeof c->key);
	free(c->results);
	history_free(c->history);
	engine_status_clear(&c->status);
	free(c);
}

bool
command_apply(struct engine *e, struct command *c, struct fault *f)
{
	c->ok = false;
	switch (c->kind) {
	case COMMAND_STATUS:
		return status(e, c, f);
	case COMMAND_RULES:
		return command_rules(e, c, f);
	case COMMAND_APPROVE:
		return site_approve(e, c, f);
	case COMMAND_RELEASE_CLOCK:
		timing_release(e);
		c->ok = true;
		return true;
	case COMMAND_RELEASE_JOURNAL:
		c->ok = journalled_release(e, f);
		return c->ok;
	case COMMAND_ROTATE:
		return rotate_begin(e, c, f);
	case COMMAND_BACKUP:
		backup_begin(e, c);
		return true;
	case COMMAND_RELEASE_SITE:
		return site_release(e, c, f);
	case COMMAND_HOLD_SITE:
		return site_hold(e, c, f);
	case COMMAND_HEARD:
		heard_tell(e, c);
		return true;
	case COMMAND_OPTOUT_ADD:
	case COMMAND_OPTOUT_REMOVE:
	case COMMAND_OPTOUT_FIND:
	case COMMAND_OPTOUT_COMPARE:
		return optout_command(e, c, f);
	case COMMAND_REFUSED_FIND:
	case COMMAND_REFUSED_RELEASE:
		return refused_command(e, c, f);
	case COMMAND_PHONE_MARK:
		c->ok = store_mark(e->store, "phone", span_of(c->phone), c->mark, f);
		seal_wipe(c->phone, sizeof c->phone);
		return c->ok;
	case COMMAND_QUARANTINE_SHOW:
		return replay_show(e, c, f);
	case COMMAND_QUARANTINE_REPLAY:
		return replay_again(e, c, f);
	case COMMAND_QUARANTINE_DISCARD:
		return replay_discard(e, c, f);
	case COMMAND_LEARN:
		return learning_tell(e, c, f);
	case COMMAND_HISTORY:
		return history_tell(e, c, f);
	}
	return true;
}
