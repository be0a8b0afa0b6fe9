/* silence.c - senders that are silent when they usually speak. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

#define STORED_A_LOOK 32 /* at the end of an hour all have something to store */
#define TOLD_A_TURN (ALARMS_A_TURN / 2) /* when all are silent at once, others may have to tell something too */

static struct feed *
find(struct feed *list, size_t n, const char *environment, struct span application)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(application, list[i].application) && strcmp(list[i].environment, environment) == 0)
			return &list[i];
	return NULL;
}

struct loading {
	const struct engine *e;
	struct feed *list;
	size_t n;
};

static bool
load_one(void *ctx, const char *environment, const char *application, struct span rhythm)
{
	struct loading *l = ctx;
	struct feed *x = find(l->list, l->n, environment, span_of(application));

	if (x && !find(l->e->feeds, l->e->feeds_n, environment, span_of(application))) {
		(void)rhythm_get(rhythm, &x->rhythm); /* what cannot be read is learned anew */
		x->told = x->rhythm.silent;
	}
	return true;
}

/* On the clock of the first site that names it. */
static void
add(struct loading *l, struct engine *e, const struct rules *r, const struct conf_site *s, const char *name)
{
	struct span application = name[0] ? span_trim(span_of(name)) : span_of(CONF_SENDER_OTHER);
	const struct site_rules *of = rules_of(r, s);
	const struct feed *old = find(e->feeds, e->feeds_n, s->environment->title, application);
	struct feed *x;

	if (find(l->list, l->n, s->environment->title, application))
		return;
	x = &l->list[l->n++];
	if (old)
		*x = *old;
	(void)snprintf(x->environment, sizeof x->environment, "%s", s->environment->title);
	(void)span_copy(x->application, sizeof x->application, application);
	x->clock = (struct rhythm_clock){ of->zone, of->holidays };
	x->silence_s = s->environment->silence_s;
}

bool
silence_build(struct engine *e, const struct rules *r, struct fault *f)
{
	const struct conf *c = r->conf;
	struct loading l = { e, calloc(2 * c->sites_n + 1, sizeof *l.list), 0 }; /* two senders a site at most */

	if (!l.list)
		return fault_set(f, FAULT_BUSY, "out of memory");
	for (size_t i = 0; i < c->sites_n; i++) {
		const struct conf_site *s = &c->sites[i];

		/* A test environment speaks when somebody tests. */
		if (!s->environment->production || s->environment->silence_s == 0)
			continue;
		add(&l, e, r, s, s->sending_application);
		if (s->adt_sending_application[0])
			add(&l, e, r, s, s->adt_sending_application);
	}
	if (!store_feed_list(e->store, load_one, &l, f)) {
		free(l.list);
		return false;
	}
	free(e->feeds);
	e->feeds = l.list;
	e->feeds_n = l.n;
	e->feeds_at = 0;
	e->feeds_touched = true;
	e->feeds_looked_s = 0;
	return true;
}

static void
tell(struct engine *e, const struct feed *x)
{
	char where[ALARM_WHERE_MAX], why[RHYTHM_TEXT_MAX];
	bool silent = x->rhythm.silent;

	rhythm_explain(&x->rhythm, &x->clock, now_s(&e->now), why);
	(void)snprintf(where, sizeof where, "%s/%s%s%s", x->environment, x->application, silent ? ": " : "", silent ? why : "");
	engine_alarm(e, silent ? "a sender is silent when it usually speaks: is its feed broken?" : "a sender that was silent is heard again", where);
}

void
silence_hear(struct engine *e, const struct message *m)
{
	struct feed *x;

	if (e->feeds_n == 0 || !m->environment || m->kind == MESSAGE_REFUSE)
		return;
	x = find(e->feeds, e->feeds_n, m->environment->title, conf_sender(m->rules->conf, m->environment, m->sending_application));
	if (!x)
		return;
	x->heard_n++;
	x->heard_s = now_s(&e->now);
	e->feeds_touched = true;
}

void
silence_note(struct engine *e)
{
	for (size_t i = 0; e->feeds_touched && i < e->feeds_n; i++) {
		struct feed *x = &e->feeds[i];

		for (; x->heard_n > 0; x->heard_n--)
			(void)rhythm_hear(&x->rhythm, &x->clock, x->heard_s);
		x->told_before = x->told;
	}
	e->feeds_touched = false;
}

void
silence_go_back(struct engine *e)
{
	for (size_t i = 0; i < e->feeds_n; i++) {
		e->feeds[i].heard_n = 0;
		e->feeds[i].told = e->feeds[i].told_before;
		e->feeds[i].rhythm.changed = true;
	}
	e->feeds_looked_s = 0;
}

static bool
keep(struct engine *e, struct feed *x, struct fault *f)
{
	uint8_t stored[RHYTHM_STORED];

	rhythm_put(&x->rhythm, stored);
	x->rhythm.changed = false;
	return store_begin(e->store, f) && store_feed_put(e->store, x->environment, x->application, span_from(stored, sizeof stored), f);
}

static bool
keep_some(struct engine *e, struct fault *f)
{
	size_t n = 0;

	for (size_t i = 0; i < e->feeds_n && n < STORED_A_LOOK; i++, e->feeds_at++) {
		struct feed *x = &e->feeds[e->feeds_at % e->feeds_n];

		if (x->rhythm.changed) {
			if (!keep(e, x, f))
				return false;
			n++;
		}
	}
	return true;
}

bool
silence_look(struct engine *e, struct fault *f)
{
	if (e->feeds_looked_s == now_s(&e->now)) /* turns are many, and feeds may be */
		return true;
	e->feeds_looked_s = now_s(&e->now);
	for (size_t i = 0; i < e->feeds_n; i++) {
		struct feed *x = &e->feeds[i];

		(void)rhythm_tick(&x->rhythm, &x->clock, now_s(&e->now), x->silence_s);
		if (x->rhythm.silent == x->told || e->out.alarms_n >= TOLD_A_TURN)
			continue;
		tell(e, x);
		x->told = x->rhythm.silent;
		e->feeds_touched = true;
	}
	return e->count.store_busy || keep_some(e, f); /* nobody's turn fails for this */
}

bool
silence_status(const struct engine *e, struct engine_status *out, struct fault *f)
{
	out->feeds = calloc(e->feeds_n + 1, sizeof *out->feeds);
	if (!out->feeds)
		return fault_set(f, FAULT_BUSY, "out of memory");
	for (size_t i = 0; i < e->feeds_n; i++) {
		const struct feed *x = &e->feeds[i];
		struct feed_status *to = &out->feeds[out->feeds_n++];

		memcpy(to->environment, x->environment, sizeof to->environment);
		memcpy(to->application, x->application, sizeof to->application);
		to->last_s = x->rhythm.last_s;
		to->learned = rhythm_learned(&x->rhythm);
		to->silent = x->rhythm.silent;
		if (to->silent)
			rhythm_explain(&x->rhythm, &x->clock, now_s(&e->now), to->why);
	}
	return true;
}
