/* replay.c - messages in quarantine, asked for: shown, read again under today's configuration, discarded. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"
#include "nudge/siu.h"

#define REPLAYS_A_TURN 64
#define RAW_MAX (64u << 20)
#define ARENA_SPARE (1u << 20)

static const struct conf_listener *
listener_of(const struct conf *c, const struct conf_environment *env)
{
	for (size_t i = 0; i < c->listeners_n; i++)
		for (size_t k = 0; k < c->listeners[i].environments_n; k++)
			if (c->listeners[i].environments[k] == env)
				return &c->listeners[i];
	return NULL;
}

struct again { /* what reading again needs */
	struct siu_map *map;
	struct hl7 *index;
};

/* Applies what the message says now. It keeps its place in time: what came
 * after it is not overwritten. */
static bool
take(struct engine *e, const struct quarantined *q, struct message *m, struct replay_result *r, struct fault *f)
{
	struct news_cursor at = { 0, 0, 0 };
	bool ok = true, done;

	switch (m->kind) {
	case MESSAGE_BOOKINGS:
		e->replay_s = q->received_s;
		e->replay_id = q->id;
		ok = apply_bookings(e, m, q->sender, f);
		e->replay_s = e->replay_id = 0;
		r->what = REPLAY_APPLIED;
		break;
	case MESSAGE_NEWS:
		e->replay_s = q->received_s;
		ok = news_apply(e, m, &at, true, &done, f);
		e->replay_s = 0;
		r->what = REPLAY_APPLIED;
		break;
	case MESSAGE_IGNORE:
		r->what = REPLAY_IGNORED;
		break;
	case MESSAGE_QUARANTINE:
	case MESSAGE_REFUSE:
		r->what = REPLAY_STAYS;
		r->field = m->error.field;
		memcpy(r->segment, m->error.segment, sizeof r->segment);
		break;
	}
	r->why = m->reason ? m->reason : "";
	if (!ok || r->what == REPLAY_STAYS)
		return ok;
	return quarantine_settled(e, q, f);
}

static bool
replay(struct engine *e, struct again *x, int64_t id, struct replay_result *r, struct fault *f)
{
	struct quarantined q;
	struct message m = { .kind = MESSAGE_IGNORE };
	struct siu_peer peer = { .environments_n = 1 };
	const struct conf_environment *env;
	struct buf raw;
	bool ok = true;

	*r = (struct replay_result){ .id = id, .what = REPLAY_STAYS, .why = "it is not in quarantine (any more)" };
	buf_init(&raw, RAW_MAX);
	switch (store_quarantine_get(e->store, id, &q, &raw, f)) {
	case STORE_FAILED:
		ok = false;
		break;
	case STORE_NONE:
		break;
	case STORE_FOUND:
		env = conf_find_environment(e->rules->conf, q.environment);
		if (!env) {
			r->why = "its environment is not in the configuration any more";
			break;
		}
		peer.listener = listener_of(e->rules->conf, env);
		peer.environments = &env;
		arena_init(&m.arena, 4 * raw.n + ARENA_SPARE);
		m.raw = buf_span(&raw);
		if (!siu_read(x->map, &peer, x->index, q.received_s, &m))
			ok = fault_set(f, FAULT_BUSY, "out of memory");
		ok = ok && take(e, &q, &m, r, f);
		rules_drop(m.rules);
		arena_clear(&m.arena);
		break;
	}
	buf_wipe(&raw);
	return ok;
}

/* All of a site, or one; at most REPLAYS_A_TURN, the caller asks again. */
static bool
replay_all(struct engine *e, struct again *x, struct command *c, struct fault *f)
{
	int64_t id = c->id;

	c->results = calloc(REPLAYS_A_TURN, sizeof *c->results);
	if (!c->results)
		return fault_set(f, FAULT_BUSY, "out of memory");
	if (!c->all)
		return replay(e, x, c->id, &c->results[c->results_n++], f);
	while (c->results_n < REPLAYS_A_TURN) {
		switch (store_quarantine_next(e->store, c->site, &id, f)) {
		case STORE_FAILED:
			return false;
		case STORE_NONE:
			return true;
		case STORE_FOUND:
			if (!replay(e, x, id, &c->results[c->results_n++], f))
				return false;
			break;
		}
	}
	c->more = true;
	return true;
}

bool
replay_again(struct engine *e, struct command *c, struct fault *f)
{
	struct again x = { NULL, hl7_new() };
	struct conf_faults faults = { 0 };
	bool ok = x.index && siu_map_new(e->rules, &x.map, &faults);

	conf_faults_clear(&faults);
	if (!ok)
		(void)fault_set(f, FAULT_BUSY, "out of memory");
	ok = ok && store_begin(e->store, f) && replay_all(e, &x, c, f);
	siu_map_free(x.map);
	hl7_free(x.index);
	c->ok = ok;
	return ok;
}

static bool
get(struct engine *e, struct command *c, struct quarantined *q, struct buf *raw, bool *there, struct fault *f)
{
	enum store_found found = store_quarantine_get(e->store, c->id, q, raw, f);

	*there = found == STORE_FOUND;
	if (found == STORE_NONE)
		(void)fault_set(&c->fault, FAULT_OPERATOR, "no message %lld in quarantine", (long long)c->id);
	return found != STORE_FAILED;
}

bool
replay_show(struct engine *e, struct command *c, struct fault *f)
{
	buf_init(&c->raw, RAW_MAX);
	return get(e, c, &c->quarantined, &c->raw, &c->ok, f);
}

bool
replay_discard(struct engine *e, struct command *c, struct fault *f)
{
	struct buf raw;
	bool ok;

	buf_init(&raw, RAW_MAX);
	ok = store_begin(e->store, f) && get(e, c, &c->quarantined, &raw, &c->ok, f);
	buf_wipe(&raw);
	return ok && (!c->ok || quarantine_settled(e, &c->quarantined, f));
}
