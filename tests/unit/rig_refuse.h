/* tests/unit/rig_refuse.h - every turn of a rig, with each of its statements refused once before it may pass.
 *
 * With NUDGE_REFUSE=every in the environment a turn is tried with its first statement refused (the disk is full), then with its
 * second, and so on, until nothing was refused any more; what came back is given again, as senders and administrators do.
 * Whatever a test asks of the engine must then come out the same: a turn that failed has done nothing. NUDGE_REFUSE=ways
 * is quicker: only statements that are reached in a way (by calls) that was not refused often yet. Part of rig.h.
 */
#ifndef RIG_REFUSE_H
#define RIG_REFUSE_H

#include <sqlite3.h>

#include "../prove/sim_refuse.h"

static struct {
	bool on, ways, trying;     /* trying: what is given back closed is kept here */
	struct queue_link *messages, *commands; /* given back: messages in order, commands the other way round */
	struct { struct command *c; char phone[PHONE_MAX]; int64_t id; } given[8]; /* what a command that was tried has wiped */
	size_t given_n;
	long quiet, dull;          /* turns that were given nothing; those of them since one in which a statement was refused */
} rig_refuse;

static void
give_back(struct queue_link **list, struct queue_link *item)
{
	while (*list)
		list = &(*list)->next;
	item->next = NULL;
	*list = item;
}

/* true: it was closed because a statement was refused; it is kept, to be said again. */
static bool
refused_message(struct message *m, const struct answer *a)
{
	if (!rig_refuse.trying || a->what != ANSWER_CLOSE)
		return false;
	give_back(&rig_refuse.messages, &m->link);
	return true;
}

static void
note_commands(struct queue_link *list)
{
	rig_refuse.given_n = 0;
	for (; list && rig_refuse.given_n < COUNT(rig_refuse.given); list = list->next) {
		struct command *c = (struct command *)(void *)list;

		rig_refuse.given[rig_refuse.given_n].c = c;
		rig_refuse.given[rig_refuse.given_n].id = c->id;
		memcpy(rig_refuse.given[rig_refuse.given_n++].phone, c->phone, sizeof c->phone);
	}
}

/* As it is said again: who asks fills another one in. */
static void
make_new(struct command *c)
{
	for (size_t i = 0; i < rig_refuse.given_n; i++)
		if (rig_refuse.given[i].c == c) {
			memcpy(c->phone, rig_refuse.given[i].phone, sizeof c->phone);
			c->id = rig_refuse.given[i].id;
		}
	c->changed = c->more = false;
	c->optout = (struct optout){ .source = "" };
	c->refused = (struct refused){ .cause = "" };
	memset(c->counts, 0, sizeof c->counts);
	free(c->results);
	c->results = NULL;
	c->results_n = 0;
	if (c->history) {
		free(c->history->visits);
		c->history->visits = NULL;
		c->history->visits_n = c->history->texts_n = 0;
	}
}

static bool
refused_command(struct command *c)
{
	if (!rig_refuse.trying || c->ok || strncmp(c->fault.text, "store: ", 7) != 0)
		return false;
	c->fault = (struct fault){ .kind = FAULT_NONE };
	make_new(c);
	c->link.next = rig_refuse.commands; /* replies come newest first */
	rig_refuse.commands = &c->link;
	return true;
}

static bool
refused_alarm(const char *what)
{
	return rig_refuse.on && (strncmp(what, "cannot store", 12) == 0 || strcmp(what, "storing works again") == 0);
}

static void took_answer(void *ctx, struct message *m, const struct answer *a);
static void took_reply(void *ctx, struct command *c);

/* What was closed though nothing was refused is the test's own affair. */
static void
hand_out(void *rig)
{
	static const struct answer closed = { .what = ANSWER_CLOSE };

	for (struct queue_link *q = rig_refuse.messages, *next; q; q = next) {
		next = q->next;
		q->next = NULL;
		took_answer(rig, (struct message *)(void *)q, &closed);
	}
	for (struct queue_link *q = rig_refuse.commands, *next; q; q = next) {
		next = q->next;
		q->next = NULL;
		took_reply(rig, (struct command *)(void *)q);
	}
	rig_refuse.messages = rig_refuse.commands = NULL;
}

#define REFUSE_WAY_TIMES 3 /* what is refused may matter by what there is in the store */

static void
refuse_begins(void)
{
	const char *how = getenv("NUDGE_REFUSE");

	rig_refuse.on = how != NULL;
	rig_refuse.ways = how && strcmp(how, "ways") == 0;
}

/* Turns without a guest are many, and alike. */
static bool
worth_refusing(const struct turn_input *in)
{
	if (!rig_refuse.on)
		return false;
	if (in->messages || in->events || in->commands)
		return true;
	return rig_refuse.quiet++ % (!rig_refuse.ways ? 8 : rig_refuse.dull < 24 ? 1 : 16) == 0;
}

static bool
was_refused(long n)
{
	return rig_refuse.ways ? refuse_way_found() : refuse_counted() >= n;
}

/* engine_new(), its statements refused: none starts by half, and the last try does. */
static bool
start_refused(const struct engine_setup *setup, struct engine **e, struct fault *f)
{
	bool ok;

	if (!rig_refuse.ways)
		return engine_new(setup, e, f);
	do {
		refuse_way(REFUSE_WAY_TIMES, SQLITE_FULL);
		refuse_here(true);
		ok = engine_new(setup, e, f);
		refuse_here(false);
	} while (!ok && refuse_way_found());
	refuse_way(0, 0);
	return ok;
}

/* engine_turn(), its statements refused one after the other. */
static enum turn_result
turn_refused(void *rig, uint64_t *chance, struct engine *e, struct turn_input *in, struct fault *f)
{
	enum turn_result t = TURN_DONE;
	uint64_t luck = *chance;

	if (!worth_refusing(in))
		return engine_turn(e, in, f);
	note_commands(in->commands);
	rig_refuse.dull = in->messages || in->events || in->commands ? 0 : rig_refuse.dull + 1;
	for (long n = 1;; n += 1 + n / 16) {
		rig_refuse.messages = rig_refuse.commands = NULL;
		if (rig_refuse.ways)
			refuse_way(REFUSE_WAY_TIMES, SQLITE_FULL);
		else
			refuse_at(n, SQLITE_FULL, 0);
		refuse_here(true);
		rig_refuse.trying = true;
		t = engine_turn(e, in, f);
		rig_refuse.trying = false;
		refuse_here(false);
		if (!was_refused(n))
			break;
		rig_refuse.dull = 0;
		if (t == TURN_BROKEN)
			fail_msg("a full disk is no reason to give up: statement %ld: %s", n, f->text);
		in->messages = rig_refuse.messages;
		in->commands = rig_refuse.commands;
		in->events = NULL; /* the engine keeps them */
		*chance = luck;
	}
	refuse_at(0, 0, 0);
	refuse_way(0, 0);
	hand_out(rig);
	return t;
}

#endif
