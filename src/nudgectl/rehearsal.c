/* rehearsal.c - the engine on a made-up clock: messages in, texts out, nothing leaves. */
// SPDX-License-Identifier: Apache-2.0
#include "nudgectl/rehearsal.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_MAX_MS 60000

struct rehearsal {
	char folder[512];
	struct rules *rules;   /* held */
	struct store *store;
	struct engine *engine;
	struct now now;
	struct answer answer;  /* the last */
	struct words *words;   /* owned; in the order they went */
	size_t words_n, words_cap;
	struct queue_link *outcomes; /* of the jobs of this turn */
	uint64_t chance;
	bool failed;           /* no memory on the way */
};

/* ---- what comes out ---- */

static void
on_answer(void *ctx, struct message *m, const struct answer *a)
{
	struct rehearsal *r = ctx;

	r->answer = *a;
	rules_drop(m->rules);
	arena_clear(&m->arena);
	free(m);
}

static bool
remember(struct rehearsal *r, const struct link_job *j)
{
	struct words *w;

	if (r->words_n == r->words_cap) {
		size_t cap = r->words_cap ? 2 * r->words_cap : 64;

		w = realloc(r->words, cap * sizeof *w);
		if (!w)
			return false;
		r->words = w;
		r->words_cap = cap;
	}
	w = &r->words[r->words_n];
	*w = (struct words){ j->text, now_s(&r->now), strndup(j->body.p, j->body.n) };
	r->words_n += w->said != NULL;
	return w->said != NULL;
}

static void
on_job(void *ctx, const struct link_job *j)
{
	struct rehearsal *r = ctx;
	struct sender_event *e = calloc(1, sizeof *e);

	if (!e || !remember(r, j)) {
		free(e);
		r->failed = true;
		return;
	}
	*e = (struct sender_event){ .what = SENDER_OUTCOME, .text = j->text, .attempt = j->attempt, .outcome = OUTCOME_ACCEPTED,
		.http_status = 202, .retry_after_ms = -1 };
	e->link.next = r->outcomes;
	r->outcomes = &e->link;
}

static void
on_taken(void *ctx, int64_t event)
{
	(void)ctx;
	(void)event;
}

static void
on_ask(void *ctx, const struct link_question *q)
{
	(void)ctx;
	(void)q;
}

static void
on_reply(void *ctx, struct command *c)
{
	(void)ctx;
	command_free(c);
}

static void
on_alarm(void *ctx, const char *what, const char *where)
{
	(void)ctx;
	(void)what;
	(void)where;
}

static bool
compose(const struct compose *c, char *path, size_t cap, struct buf *body)
{
	return snprintf(path, cap, "/") > 0 && buf_add_span(body, c->text);
}

static bool
chance(void *ctx, void *out, size_t n)
{
	struct rehearsal *r = ctx;

	for (size_t i = 0; i < n; i++) {
		r->chance = r->chance * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)out)[i] = (uint8_t)(r->chance >> 56);
	}
	return true;
}

/* ---- turns ---- */

static bool
turn(struct rehearsal *r, struct message *m, struct sender_event *e, struct command *c, struct fault *f)
{
	struct turn_input in = { m ? &m->link : NULL, e ? &e->link : NULL, c ? &c->link : NULL, r->now, true, 0 };
	enum turn_result t;

	do {
		t = engine_turn(r->engine, &in, f);
		in.messages = in.commands = NULL;
		in.events = r->outcomes;
		r->outcomes = NULL;
	} while (t == TURN_MORE || (t == TURN_DONE && in.events));
	if (r->failed)
		return fault_set(f, FAULT_BUSY, "out of memory");
	return t == TURN_DONE;
}

static bool
command(struct rehearsal *r, enum command_kind kind, const char *site, const char *phone, struct fault *f)
{
	struct command *c = calloc(1, sizeof *c);

	if (!c)
		return fault_set(f, FAULT_BUSY, "out of memory");
	c->kind = kind;
	(void)snprintf(c->site, sizeof c->site, "%s", site);
	(void)snprintf(c->organization, sizeof c->organization, "%s", site);
	(void)snprintf(c->phone, sizeof c->phone, "%s", phone);
	(void)snprintf(c->who, sizeof c->who, "rehearsal");
	return turn(r, NULL, NULL, c, f);
}

static bool
begin(struct rehearsal *r, struct fault *f)
{
	uint8_t key[SEAL_KEY_BYTES];
	struct store_setup ss = { .directory = r->folder, .key = key, .conf = r->rules->conf, .now_s = now_s(&r->now) };
	struct engine_setup es = { .rules = rules_hold(r->rules), .compose = compose, .random = chance, .random_ctx = r, .now = r->now,
		.outlet = { .ctx = r, .answer = on_answer, .job = on_job, .taken = on_taken, .ask = on_ask, .reply = on_reply,
		    .alarm = on_alarm } };
	struct sender_event *there = calloc(1, sizeof *there);
	bool ok = there && seal_random(key, sizeof key) && store_open(&ss, &r->store, f);

	seal_wipe(key, sizeof key);
	es.store = r->store;
	(void)snprintf(es.boot_id, sizeof es.boot_id, "rehearsal");
	ok = ok && engine_new(&es, &r->engine, f);
	if (!ok) {
		rules_drop(es.rules);
		free(there);
		return false;
	}
	there->what = SENDER_CONNECTED;
	there->credits = LINK_CREDITS;
	return turn(r, NULL, there, NULL, f);
}

bool
rehearsal_new(struct rules *rules, int64_t at_s, struct rehearsal **out, struct fault *f)
{
	struct rehearsal *r = calloc(1, sizeof *r);
	const struct conf *c = rules->conf;
	const char *tmp = getenv("TMPDIR");
	bool ok;

	if (!tmp || !tmp[0]) /* memory, where there is such a folder: every commit waits for the disk */
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	if (!r)
		return fault_set(f, FAULT_BUSY, "out of memory");
	r->rules = rules_hold(rules);
	r->now = (struct now){ at_s * 1000, 1000000000 };
	(void)snprintf(r->folder, sizeof r->folder, "%s/nudge-rehearsal-XXXXXX", tmp);
	if (!mkdtemp(r->folder)) {
		r->folder[0] = '\0';
		rehearsal_free(r);
		return fault_set(f, FAULT_OPERATOR, "no folder can be made in %s: set TMPDIR", tmp);
	}
	ok = begin(r, f);
	for (size_t i = 0; ok && i < c->sites_n; i++)
		if (c->sites[i].approvers.n > 0)
			ok = command(r, COMMAND_APPROVE, c->sites[i].title, "", f);
	if (!ok) {
		rehearsal_free(r);
		return false;
	}
	*out = r;
	return true;
}

static void
remove_folder(const char *folder)
{
	DIR *d = folder[0] ? opendir(folder) : NULL;
	char path[sizeof((struct dirent *)0)->d_name + 520];

	for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		(void)unlink(path);
	}
	if (d)
		(void)closedir(d);
	if (folder[0])
		(void)rmdir(folder);
}

void
rehearsal_free(struct rehearsal *r)
{
	if (!r)
		return;
	engine_free(r->engine);
	store_close(r->store);
	rules_drop(r->rules);
	remove_folder(r->folder);
	for (size_t i = 0; i < r->words_n; i++) {
		seal_wipe(r->words[i].said, strlen(r->words[i].said));
		free(r->words[i].said);
	}
	free(r->words);
	free(r);
}

int64_t
rehearsal_now(const struct rehearsal *r)
{
	return now_s(&r->now);
}

const char *
rehearsal_folder(const struct rehearsal *r)
{
	return r->folder;
}

bool
rehearsal_tell(struct rehearsal *r, struct message *m, struct answer *a, struct fault *f)
{
	if (!turn(r, m, NULL, NULL, f))
		return false;
	*a = r->answer;
	return true;
}

bool
rehearsal_pass(struct rehearsal *r, int64_t until_s, struct fault *f)
{
	while (now_s(&r->now) < until_s && (store_tally(r->store, 0, TEXT_PENDING) > 0 || store_tally(r->store, 0, TEXT_SENDING) > 0)) {
		int64_t step = engine_sleep_ms(r->engine, &r->now);

		if (step > until_s * 1000 - r->now.wall_ms)
			step = until_s * 1000 - r->now.wall_ms;
		step = step < 1 ? 1 : step > STEP_MAX_MS ? STEP_MAX_MS : step;
		r->now.wall_ms += step;
		r->now.boot_ms += step;
		if (!turn(r, NULL, NULL, NULL, f))
			return false;
	}
	if (now_s(&r->now) < until_s && until_s < INT64_MAX / 2000) {
		r->now.boot_ms += until_s * 1000 - r->now.wall_ms;
		r->now.wall_ms = until_s * 1000;
	}
	return true;
}

bool
rehearsal_opt_out(struct rehearsal *r, const char *organization, const char *phone, struct fault *f)
{
	return command(r, COMMAND_OPTOUT_ADD, organization, phone, f);
}

const struct words *
rehearsal_all(const struct rehearsal *r, size_t *n)
{
	*n = r->words_n;
	return r->words;
}

const struct words *
rehearsal_words(const struct rehearsal *r, int64_t text)
{
	for (size_t i = 0; i < r->words_n; i++)
		if (r->words[i].text == text)
			return &r->words[i];
	return NULL;
}
