/* prove_power.c - the power is cut at every point and at random: nothing that was acknowledged is lost or torn, no text
 * gets a second id.
 *
 *   prove_power [--cuts N] [--seed N] [--out FILE] [--mutant no-sync|no-log-sync|early]
 *
 * The real engine and store on a disk that can be cut (cut_vfs.h), on a made-up
 * clock. First a fixed life is cut at each of its writes, syncs and truncates,
 * its birth included; then random lives at random points. One line of JSON at
 * the end. Exit 0: it held; 1: it did not, and how to see it again. A mutant
 * must be caught: a disk that does not sync, that does not sync its log, an
 * acknowledgement that counts before its commit.
 */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#include <sqlite3.h>

#include "cut_vfs.h"
#include "found_agrees.h"
#include "rounds.h"

#define VISITS 512         /* of one life */
#define TEXTS (VISITS * 64)
#define CUTS_OF_ONE 300    /* then a new life */
#define ROUND 10000        /* cuts, a line of --out */

struct visit {
	char id[16];
	int64_t acked_s, given_s; /* start that was acknowledged last, that was given last; 0: none */
};

struct given { /* a message of the turn */
	size_t visit;
	int64_t start_s;
	char control_id[16];
};

struct world {
	struct rig r;
	struct visit visit[VISITS];
	size_t visits_n;
	struct given turn[16], acked[64]; /* acked: since the last cut, the newest */
	size_t turn_n, acked_n;
	char text_id[TEXTS][37];          /* by number of the text: its repeatability id */
	bool looking;                     /* the answers are to what was sent again */
	uint64_t chance, seed;
	int64_t control, duplicates;
	long cuts, messages_acked, texts_out, reopened_in_cut;
	bool early;
	char mutant[16];
};

static struct world the_world;

__attribute__((noreturn, format(printf, 1, 2))) static void
broken(const char *form, ...)
{
	struct world *w = &the_world;
	va_list a;

	printf("{\"proof\":\"power\",\"seed\":%llu,\"cuts\":%ld,\"mutant\":\"%s\",\"verdict\":\"broken\",\"why\":\"", (unsigned long long)w->seed, w->cuts, w->mutant);
	va_start(a, form);
	(void)vprintf(form, a);
	va_end(a);
	printf("\"}\nagain: prove_power --seed %llu --cuts %ld%s%s\n", (unsigned long long)w->seed, w->cuts + 1, w->mutant[0] ? " --mutant " : "", w->mutant);
	exit(1);
}

static uint64_t
roll(struct world *w, uint64_t n)
{
	w->chance = w->chance * 6364136223846793005u + 1442695040888963407u;
	return (w->chance >> 33) % n;
}

/* ---- what comes out ---- */

static void
acknowledged(struct world *w, const struct given *g)
{
	w->visit[g->visit].acked_s = g->start_s;
	w->messages_acked++;
	if (w->acked_n == COUNT(w->acked)) {
		memmove(w->acked, w->acked + 1, sizeof w->acked - sizeof w->acked[0]);
		w->acked_n--;
	}
	w->acked[w->acked_n++] = *g;
}

static void
heard_answer(void *ctx, struct message *m, const struct answer *a)
{
	struct world *w = ctx;

	if (a->what == ANSWER_SEND) {
		if (store_begun(w->r.store) || cut_happened())
			broken("an answer left before its commit");
		if (a->verdict != VERDICT_ACCEPT)
			broken("a good message was refused");
		if (!w->looking && !w->early)
			acknowledged(w, &w->turn[m->sequence]);
	} else if (w->looking) {
		broken("what was sent again was not answered");
	}
	rules_drop(m->rules);
	arena_clear(&m->arena);
	free(m);
}

static void
heard_job(void *ctx, const struct link_job *j)
{
	struct world *w = ctx;
	struct sent *s = &w->r.jobs[w->r.jobs_n++ % 256];
	char id[37] = "";
	int64_t at = j->text % STORE_TEXTS_OF_ONE + (j->text / STORE_TEXTS_OF_ONE) * 64;

	*s = (struct sent){ .text = j->text, .attempt = j->attempt };
	if (store_begun(w->r.store) || cut_happened())
		broken("a job left before its commit");
	if (j->text % STORE_TEXTS_OF_ONE >= 64 || at >= TEXTS)
		return; /* further than we look */
	span_copy(id, sizeof id, (struct span){ j->body.p, j->body.n < 36 ? j->body.n : 36 });
	if (w->text_id[at][0] && strcmp(w->text_id[at], id) != 0)
		broken("a text went out under two ids");
	memcpy(w->text_id[at], id, sizeof id);
	w->texts_out++;
}

static void heard_taken(void *ctx, int64_t event) { (void)ctx; (void)event; }
static void heard_ask(void *ctx, const struct link_question *q) { (void)ctx; (void)q; }
static void heard_alarm(void *ctx, const char *what, const char *where) { (void)ctx; (void)what; (void)where; }

static void
heard_reply(void *ctx, struct command *c)
{
	struct world *w = ctx;

	w->duplicates = c->status.messages_duplicate;
	command_free(c);
}

/* ---- open, close ---- */

/* false: the power was cut meanwhile. */
static bool
start(struct world *w)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 7 };
	struct rig *r = &w->r;
	struct store_setup s = { .directory = r->folder, .key = key, .conf = r->rules->conf, .now_s = now_s(&r->now), .recent = 3 };
	struct fault f = { 0 };

	r->store = NULL;
	r->engine = NULL;
	if (!store_open(&s, &r->store, &f)) {
		r->store = NULL;
		if (!cut_happened())
			broken("the store does not open again: %s", f.text);
		return false;
	}
	if (found_disagrees(r->store) && !cut_happened())
		broken("what finds rows is not what they say: %s", found_disagrees(r->store));
	struct engine_setup e = { .store = r->store, .rules = rules_hold(r->rules),
		.outlet = { .ctx = w, .answer = heard_answer, .job = heard_job, .taken = heard_taken, .ask = heard_ask,
			.reply = heard_reply, .alarm = heard_alarm },
		.compose = compose, .random = chance, .random_ctx = r, .now = r->now };

	memcpy(e.boot_id, r->boot, sizeof e.boot_id);
	if (engine_new(&e, &r->engine, &f))
		return !cut_happened(); /* what a start may do without may have met the cut */
	rules_drop(r->rules);
	r->engine = NULL;
	if (!cut_happened())
		broken("the engine does not start again: %s", f.text);
	return false;
}

static void
stop(struct world *w)
{
	engine_free(w->r.engine);
	store_close(w->r.store);
	w->r.engine = NULL;
	w->r.store = NULL;
}

/* false: the power is gone. */
static bool
take(struct world *w, struct queue_link *messages, struct queue_link *events, struct queue_link *commands)
{
	struct turn_input in = { messages, events, commands, w->r.now, true, 0 };
	struct fault f = { 0 };
	enum turn_result t;

	do {
		t = engine_turn(w->r.engine, &in, &f);
		in.messages = in.events = in.commands = NULL;
		if ((t == TURN_BROKEN || t == TURN_BUSY) && !cut_happened())
			broken("a turn failed with the power on: %s", f.text);
	} while (t == TURN_MORE && !cut_happened());
	return !cut_happened();
}

/* ---- what goes in ---- */

static struct message *
message_for(struct world *w, const struct given *g)
{
	struct message *m = message_of(&w->r, (struct say){ .id = w->visit[g->visit].id, .phone = "+16085550123",
	                                          .in_s = g->start_s - now_s(&w->r.now), .control_id = g->control_id });

	m->sequence = (uint64_t)(g - w->turn);
	return m;
}

static bool
feed(struct world *w, int n)
{
	struct queue_link *first = NULL, **last = &first;

	w->turn_n = 0;
	for (int i = 0; i < n; i++) {
		struct given *g = &w->turn[w->turn_n];
		bool fresh = w->visits_n < 2 || (w->visits_n < VISITS && roll(w, 3));

		g->visit = fresh ? w->visits_n : roll(w, w->visits_n);
		if (fresh)
			(void)snprintf(w->visit[w->visits_n++].id, sizeof w->visit[0].id, "V%zu", g->visit);
		g->start_s = now_s(&w->r.now) + 7200 + (int64_t)roll(w, 3000) * 60;
		(void)snprintf(g->control_id, sizeof g->control_id, "C%lld", (long long)++w->control);
		w->visit[g->visit].given_s = g->start_s;
		w->turn_n++;
		struct message *m = message_for(w, g);

		*last = &m->link;
		last = &m->link.next;
		if (w->early)
			acknowledged(w, g);
	}
	return take(w, first, NULL, NULL);
}

static bool
hear(struct world *w)
{
	struct rig *r = &w->r;
	struct sender_event *e;
	const struct sent *job = &r->jobs[(size_t)(r->jobs_n - 1 - (int)roll(w, (uint64_t)(r->jobs_n < 8 ? r->jobs_n : 8))) % 256];

	e = calloc(1, sizeof *e);
	e->what = SENDER_OUTCOME;
	e->text = job->text;
	e->attempt = job->attempt;
	e->outcome = roll(w, 4) ? OUTCOME_ACCEPTED : OUTCOME_UNSURE;
	e->http_status = 202;
	e->retry_after_ms = -1;
	(void)snprintf(e->message_id, sizeof e->message_id, "Outgoing_%lld", (long long)job->text);
	return take(w, NULL, &e->link, NULL);
}

static bool
connect_sender(struct world *w)
{
	struct sender_event *e = calloc(1, sizeof *e);

	e->what = SENDER_CONNECTED;
	e->credits = 256;
	return take(w, NULL, &e->link, NULL);
}

static bool
live(struct world *w)
{
	uint64_t what = roll(w, 10);
	int64_t step = what == 9 ? 900 + (int64_t)roll(w, 3600) : (int64_t)roll(w, 40);

	w->r.now.wall_ms += step * 1000;
	w->r.now.boot_ms += step * 1000;
	if (what < 6)
		return feed(w, 1 + (int)roll(w, 8));
	if (what < 8 && w->r.jobs_n > 0)
		return hear(w);
	return take(w, NULL, NULL, NULL);
}

/* ---- what must hold afterwards ---- */

static bool
right(void *ctx, const struct states_view *v)
{
	(void)ctx;
	if (!states_add_up(v))
		broken("the states do not add up to what was planned");
	return true;
}

static void
look_at_all(struct world *w)
{
	struct store_reader *reader = NULL;
	struct fault f = { 0 };
	char path[128];
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;

	if (!store_reader_open(w->r.folder, &reader, &f) || !store_read_states(reader, right, NULL, &f))
		broken("the store cannot be read: %s", f.text);
	store_reader_close(reader);
	(void)snprintf(path, sizeof path, "%s/nudge.db", w->r.folder);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW ||
	    strcmp((const char *)sqlite3_column_text(q, 0), "ok") != 0)
		broken("the database is torn");
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
}

struct found {
	int64_t start_s;
	int n;
};

static bool
find(void *ctx, const struct appointment *a)
{
	struct found *f = ctx;

	f->start_s = a->start_s;
	f->n++;
	return true;
}

static void
look_at_visits(struct world *w)
{
	struct fault f = { 0 };
	int64_t sender;

	if (!store_begin(w->r.store, &f) || !store_sender(w->r.store, "prod", SPAN_LIT("EPIC"), SPAN_NONE, &sender, &f))
		broken("look-up: %s", f.text);
	for (size_t i = 0; i < w->visits_n; i++) {
		const struct visit *v = &w->visit[i];
		struct found found = { 0, 0 };

		if (!store_appointments_of(w->r.store, sender, span_of(v->id), now_s(&w->r.now), find, &found, &f))
			broken("look-up: %s", f.text);
		if (v->acked_s && found.n != 1)
			broken("an acknowledged appointment is lost");
		if (v->acked_s && found.start_s != v->acked_s && found.start_s != v->given_s)
			broken("an acknowledged change is lost");
	}
	store_rollback(w->r.store);
}

/* What was acknowledged is known: sent again, it gets its answer and has no effect. */
static bool
look_at_messages(struct world *w)
{
	struct queue_link *first = NULL, **last = &first;
	struct command *c = calloc(1, sizeof *c);

	for (size_t i = 0; i < w->acked_n; i++) {
		struct message *m = message_of(&w->r, (struct say){ .id = w->visit[w->acked[i].visit].id, .phone = "+16085550123",
		                                          .in_s = w->acked[i].start_s - now_s(&w->r.now), .control_id = w->acked[i].control_id });

		*last = &m->link;
		last = &m->link.next;
	}
	w->looking = true;
	if (!take(w, first, NULL, NULL))
		return false;
	w->looking = false;
	c->kind = COMMAND_STATUS;
	if (!take(w, NULL, NULL, &c->link))
		return false;
	if (w->duplicates != (int64_t)w->acked_n)
		broken("of %zu acknowledged messages %lld are known", w->acked_n, (long long)w->duplicates);
	return true;
}

/* The power comes back, and may go again while it starts. */
static void
come_back(struct world *w)
{
	w->cuts++;
	stop(w);
	cut_restore();
	w->r.now.wall_ms += 1000 + (int64_t)roll(w, 60) * 1000;
	w->r.now.boot_ms += 1000;
	if (roll(w, 2))
		(void)snprintf(w->r.boot, sizeof w->r.boot, "boot-%ld", w->cuts);
	cut_after(roll(w, 4) ? 0 : 1 + (long)roll(w, 12), w->chance);
	while (!start(w)) {
		w->reopened_in_cut++;
		stop(w);
		cut_restore();
		cut_after(0, 0);
	}
	cut_after(0, 0);
	look_at_visits(w);
	if (!look_at_messages(w) || !connect_sender(w))
		broken("no power, though nothing was cut");
	if (w->cuts % 50 == 0)
		look_at_all(w);
	w->acked_n = 0;
	for (size_t i = 0; i < w->visits_n; i++) /* what was not acknowledged may be there or not */
		w->visit[i].given_s = 0;
}

/* true: the power was cut meanwhile, and is back. */
static bool
begin_life(struct world *w)
{
	bool cut = false;

	w->visits_n = w->acked_n = 0;
	w->r.jobs_n = 0;
	memset(w->visit, 0, sizeof w->visit);
	memset(w->text_id, 0, sizeof w->text_id);
	while (!start(w)) {
		cut = true;
		w->cuts++;
		stop(w);
		cut_restore();
		cut_after(0, 0);
	}
	return cut;
}

static void
end_life(struct world *w)
{
	static const char *const files[] = { "nudge.db", "nudge.db-wal", "nudge.db-shm", "nudge.lock" };
	char path[128];

	stop(w);
	for (size_t i = 0; i < COUNT(files); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", w->r.folder, files[i]);
		(void)unlink(path);
	}
	cut_forget();
}

/* One fixed life, cut at its n-th call. false: it was over before. */
static bool
fixed_life(struct world *w, long n)
{
	bool cut;

	w->chance = 4711;
	w->r.now = (struct now){ 1795780800000, 5000000 };
	w->control = 0;
	cut_after(n, (uint64_t)n * 7919 + w->seed);
	cut = begin_life(w);
	if (connect_sender(w))
		for (int i = 0; i < 24 && live(w); i++)
			;
	if (cut_happened()) {
		cut = true;
		come_back(w);
	}
	cut_after(0, 0);
	end_life(w);
	return cut;
}

static void
random_lives(struct world *w, long cuts)
{
	w->chance = w->seed * 2862933555777941757u + 3037000493u;
	while (w->cuts < cuts) {
		long until = w->cuts + CUTS_OF_ONE < cuts ? w->cuts + CUTS_OF_ONE : cuts;

		cut_after(0, 0);
		(void)begin_life(w);
		(void)connect_sender(w);
		while (w->cuts < until && w->visits_n < VISITS) {
			cut_after(1 + (long)roll(w, 90), w->chance);
			while (live(w))
				;
			come_back(w);
		}
		look_at_all(w);
		end_life(w);
	}
}

/* So many cuts of one seed; a line of JSON to `out`. */
static void
one_round(struct world *w, long cuts, FILE *out)
{
	long n;

	w->cuts = w->reopened_in_cut = w->messages_acked = w->texts_out = 0;
	(void)snprintf(w->r.boot, sizeof w->r.boot, "boot-0");
	for (n = 1; w->cuts < cuts && fixed_life(w, n); n++)
		;
	random_lives(w, cuts);
	fprintf(out, "{\"proof\":\"power\",\"seed\":%llu,\"cuts\":%ld,\"fixed_points\":%ld,\"cut_again_while_starting\":%ld,\"acknowledged\":%ld,\"texts\":%ld,"
	    "\"lost\":0,\"torn\":0,\"two_ids\":0,\"mutant\":\"%s\",\"verdict\":\"held\"}\n",
	    (unsigned long long)w->seed, w->cuts, n - 1, w->reopened_in_cut, w->messages_acked, w->texts_out, w->mutant);
	(void)fflush(out);
}

static void
tidy(struct world *w)
{
	static const char *const files[] = { "store.key", "nudge.conf" };
	char path[128];

	rules_drop(w->r.rules);
	for (size_t i = 0; i < COUNT(files); i++) {
		(void)snprintf(path, sizeof path, "%.60s/%s", w->r.folder, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(w->r.folder);
}

int
main(int argc, char **argv)
{
	struct world *w = &the_world;
	long cuts = 2000, done = 0;
	const char *to = NULL;
	FILE *out = stdout;

	w->seed = 1;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--cuts") == 0)
			cuts = strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			w->seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--out") == 0)
			to = argv[i + 1];
		else if (strcmp(argv[i], "--mutant") == 0)
			(void)snprintf(w->mutant, sizeof w->mutant, "%s", argv[i + 1]);
	}
	cut_install();
	cut_lie(strcmp(w->mutant, "no-sync") == 0 ? CUT_NO_SYNC : strcmp(w->mutant, "no-log-sync") == 0 ? CUT_NO_LOG_SYNC : CUT_HONEST);
	w->early = strcmp(w->mutant, "early") == 0;
	(void)snprintf(w->r.folder, sizeof w->r.folder, "%.40s/nudge-power-XXXXXX", getenv("NUDGE_RIG") ? getenv("NUDGE_RIG") : "/dev/shm");
	if (!mkdtemp(w->r.folder))
		return 1;
	write_file(w->r.folder, "store.key", "-");
	w->r.now = (struct now){ 1795780800000, 5000000 };
	w->r.rules = read_rules(&w->r, 6000, 0, "daily_cap = 0 storm_brake = off");
	if (to) {
		done = rounds_done(to, "cuts", &w->seed);
		out = fopen(to, "a");
		if (!out)
			return 1;
	}
	for (; done < cuts; done += w->cuts, w->seed++)
		one_round(w, cuts - done < ROUND ? cuts - done : ROUND, out);
	if (to && fclose(out) != 0)
		return 1;
	tidy(w);
	return 0;
}
