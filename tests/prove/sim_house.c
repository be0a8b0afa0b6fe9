/* sim_house.c - see sim_house.h. */
// SPDX-License-Identifier: Apache-2.0
#include "sim_house.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cut_vfs.h"
#include "mllp/session.h"
#include "nudge/acs.h"
#include "nudge/conf.h"
#include "nudge/siu.h"
#include "nudged/house.h"
#include "sender/loop.h"
#include "sim.h"
#include "sim_link.h"
#include "sim_refuse.h"
#include "sim_wire.h"
#include "whose.h"

#define BUSY_MS 20     /* a commit and its syncs take up to this: meanwhile the next turn gathers */

static struct {
	char folder[64], boot[37];
	struct rules *rules;
	struct siu_map *map;
	struct house_watch watch;
	struct store *store;
	struct journal *journal;
	struct engine *engine;
	struct queue *messages, *events;
	struct queue_link *commands;
	struct link_server *link;
	struct mllp intake;
	struct intake_thread thread;
	struct port port, *ports;
	bool up, died, synchronised, tolerant;
	long outputs_left;
	int64_t next_ms, busy_ms, turns, boots; /* it looks by itself, and not before */
	struct engine_status status;
	struct loop *loop;
} the;

/* ---- the journal's disk: what was not synced may be cut short ---- */

/* With the database's logs, which a start syncs as well: one for each that a crash left. */
static struct { ino_t file; off_t synced; } journals[1024];
static size_t journals_n;

static int
note_sync(int fd)
{
	struct stat st;
	size_t i = 0;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	while (i < journals_n && journals[i].file != st.st_ino)
		i++;
	if (i == COUNT(journals))
		abort();
	journals_n += i == journals_n;
	journals[i].file = st.st_ino;
	journals[i].synced = st.st_size;
	return 0;
}

int fdatasync(int fd) { return note_sync(fd); }
int fsync(int fd) { return note_sync(fd); }

static void
each_journal(void (*what)(const char *path, const struct stat *st))
{
	char folder[96], path[400];
	struct stat st;
	DIR *d;

	(void)snprintf(folder, sizeof folder, "%s/journal", the.folder);
	d = opendir(folder);
	for (struct dirent *e; d && (e = readdir(d));) {
		(void)snprintf(path, sizeof path, "%s/%.255s", folder, e->d_name);
		if (e->d_name[0] != '.' && stat(path, &st) == 0)
			what(path, &st);
	}
	if (d)
		(void)closedir(d);
}

static void
cut_short(const char *path, const struct stat *st)
{
	off_t synced = 0, n;

	for (size_t i = 0; i < journals_n; i++)
		if (journals[i].file == st->st_ino)
			synced = journals[i].synced;
	n = synced + (off_t)dice((uint64_t)(st->st_size - synced) + 1);
	if (truncate(path, n) != 0)
		abort();
}

static void
remove_one(const char *path, const struct stat *st)
{
	(void)st;
	(void)unlink(path);
}

/* ---- what comes out ---- */

/* true: it leaves; false: the process was killed before. */
static bool
leaves(void)
{
	if (the.died)
		return false;
	if (the.outputs_left > 0 && --the.outputs_left == 0) {
		sim_trace("killed among its outputs", 0, 0);
		the.died = true;
		cut_kill();
		return false;
	}
	return true;
}

static void
free_message(struct message *m)
{
	message_drop(NULL, m);
}

static void
out_answer(void *ctx, struct message *m, const struct answer *a)
{
	(void)ctx;
	if (!leaves()) {
		free_message(m);
		return;
	}
	{
		WORLD_RUNS;
		the.watch.answered(m, a);
	}
	mllp_answer(&the.intake, m, a);
}

static void
out_answered(void *ctx)
{
	(void)ctx;
	mllp_answered(&the.intake);
}

static void
out_job(void *ctx, const struct link_job *j)
{
	(void)ctx;
	if (!leaves())
		return;
	{
		WORLD_RUNS;
		the.watch.job(j);
	}
	link_server_job(the.link, j);
}

static void
out_taken(void *ctx, int64_t event)
{
	(void)ctx;
	if (leaves())
		link_server_taken(the.link, event);
}

static void
out_ask(void *ctx, const struct link_question *q)
{
	(void)ctx;
	if (leaves())
		link_server_ask(the.link, q);
}

static void
out_reply(void *ctx, struct command *c)
{
	(void)ctx;
	if (c->kind == COMMAND_STATUS)
		the.status = c->status;
	the.status.feeds = NULL; /* they go with the command */
	command_free(c);
}

static void
out_alarm(void *ctx, const char *what, const char *where)
{
	(void)ctx;
	(void)where;
	sim_trace(what, 0, 0);
}

static bool
compose(const struct compose *c, char *path, size_t path_cap, struct buf *body)
{
	struct acs_request r = { .api_version = c->gateway->api_version, .from = span_of(c->from), .to = span_of(c->to),
		.text = c->text, .tag = span_of(c->tag), .repeat_id = c->repeat_id, .first_sent = c->first_sent };

	return acs_path(c->gateway->api_version, path, path_cap) && acs_body(&r, body);
}

static bool
random_bytes(void *ctx, void *out, size_t n)
{
	(void)ctx;
	return seal_random(out, n);
}

static void
give_message(void *ctx, struct message *m)
{
	(void)ctx;
	queue_give(the.messages, &m->link);
}

/* ---- opening ---- */

struct rules *
house_rules(const char *folder, const char *conf)
{
	char path[128];
	struct conf *c = NULL;
	struct rules *r = NULL;
	struct conf_faults faults;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/nudge.conf", folder);
	f = fopen(path, "w");
	if (!f || fputs(conf, f) < 0 || fclose(f) != 0 || chmod(path, 0600) != 0)
		abort();
	if (!conf_load(path, CONF_NUDGED, &c, &faults) || !rules_new(c, &r, &faults))
		broken("the configuration: line %d: %s", faults.item[0].line, faults.item[0].text);
	conf_faults_clear(&faults);
	conf_drop(c);
	return r;
}

static bool
open_store(struct fault *f)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 7 };
	char folder[96];
	struct store_setup s = { .directory = the.folder, .key = key, .conf = the.rules->conf, .now_s = sim_wall_s(), .recent = 5 };
	struct journal_setup j = { .directory = folder, .retention_s = the.rules->conf->journal_retention_s, .now_s = sim_wall_s() };
	struct engine_setup e = { .outlet = { .answer = out_answer, .answered = out_answered, .job = out_job, .taken = out_taken, .ask = out_ask,
		.reply = out_reply, .alarm = out_alarm }, .compose = compose, .random = random_bytes, .now = clock_now() };
	bool opened;

	(void)snprintf(folder, sizeof folder, "%s/journal", the.folder);
	if (!store_open(&s, &the.store, f)) {
		the.store = NULL;
		return false;
	}
	if (!store_begin(the.store, f) || !store_house(the.store, &j.house, f) ||
	    !store_setting_get(the.store, "journal", &j.seq, f) || !store_commit(the.store, f) ||
	    !journal_open(&j, &the.journal, &e.journal_state, f))
		return false;
	e.store = the.store;
	e.journal = the.journal;
	e.rules = rules_hold(the.rules);
	memcpy(e.boot_id, the.boot, sizeof e.boot_id);
	if (!the.tolerant && (e.journal_state == JOURNAL_MISSING || e.journal_state == JOURNAL_TOO_SHORT))
		broken("the journal is behind what was committed: state %d", (int)e.journal_state);
	refuse_here(true);
	opened = engine_new(&e, &the.engine, f);
	refuse_here(false);
	if (opened)
		return true;
	the.engine = NULL;
	rules_drop(e.rules);
	return false;
}

static bool
open_intake(struct fault *f)
{
	struct mllp *m = &the.intake;

	memset(m, 0, sizeof *m);
	memset(&the.thread, 0, sizeof the.thread);
	the.ports = &the.port;
	the.port = (struct port){ .intake = m, .address = the.rules->conf->listeners[0].address, .number = the.rules->conf->listeners[0].port, .fd = SIM_FD - 1 };
	m->setup = (struct mllp_setup){ .give = give_message };
	m->threads = &the.thread;
	m->threads_n = 1;
	m->ports = &the.ports;
	m->ports_n = 1;
	(void)snprintf(m->stem, sizeof m->stem, "S");
	m->setting = NULL;
	if (!setting_new(m, the.rules, the.map, &m->setting, f))
		return false;
	if (!thread_init(&the.thread, m, 0, f)) {
		thread_clear(&the.thread);
		setting_drop(m->setting);
		return false;
	}
	the.thread.setting = setting_hold(m->setting);
	sim_wires_serve(&the.thread, &the.port);
	return true;
}

static void
close_intake(void)
{
	sim_wires_serve(NULL, NULL);
	thread_quit(&the.thread, NULL);
	thread_clear(&the.thread);
	setting_drop(the.intake.setting);
}

static void
free_queue(struct queue *q, bool messages)
{
	for (struct queue_link *l = queue_take_all(q), *next; l; l = next) {
		next = l->next;
		if (messages) {
			free_message((struct message *)(void *)l);
		} else {
			free(((struct sender_event *)(void *)l)->words);
			free(l);
		}
	}
	queue_free(q);
}

static void
close_store(void)
{
	engine_free(the.engine);
	journal_close(the.journal);
	store_close(the.store);
	the.engine = NULL;
	the.journal = NULL;
	the.store = NULL;
}

static bool
open_all(struct fault *f)
{
	PRODUCT_RUNS;
	if (!open_store(f))
		return false;
	the.messages = queue_new();
	the.events = queue_new();
	if (!the.messages || !the.events)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	return link_server_new(NULL, open("/dev/null", O_RDONLY | O_CLOEXEC), the.events, &the.link, f) && open_intake(f);
}

static void
close_edges(void)
{
	link_server_free(the.link);
	if (the.messages)
		free_queue(the.messages, true);
	if (the.events)
		free_queue(the.events, false);
	the.link = NULL;
	the.messages = the.events = NULL;
}

bool
house_start(void)
{
	struct fault f = { 0 };

	the.died = false;
	the.outputs_left = 0;
	if (!open_all(&f)) {
		bool why = the.tolerant || cut_happened() || f.kind == FAULT_BUSY || f.kind == FAULT_BROKEN;

		close_edges();
		close_store();
		if (!why)
			broken("it does not start again: %s", f.text);
		sim_trace("did not start", 0, 0);
		return false;
	}
	the.up = true;
	the.next_ms = the.busy_ms = sim_ms();
	sim_trace("started", 0, 0);
	return true;
}

void
house_end(enum house_end how)
{
	if (how != HOUSE_STOP && !cut_happened()) {
		if (how == HOUSE_KILL)
			cut_kill();
		else
			cut_now();
	}
	sim_link_killing(how != HOUSE_STOP);
	if (the.up) {
		if (how == HOUSE_STOP)
			thread_stop(&the.thread, NULL);
		close_intake();
		close_edges();
	}
	sim_link_killing(false);
	close_store();
	while (the.commands) {
		struct command *c = (struct command *)(void *)the.commands;

		the.commands = c->link.next;
		command_free(c);
	}
	the.up = the.died = false;
	if (how == HOUSE_POWER) {
		each_journal(cut_short);
		sim_reboot();
		(void)snprintf(the.boot, sizeof the.boot, "boot-%lld", (long long)++the.boots);
	}
	if (cut_happened())
		cut_restore();
	sim_trace("ended", (int64_t)how, 0);
}

void house_move(const char *folder) { (void)snprintf(the.folder, sizeof the.folder, "%s", folder); }
void house_tolerates(bool damage) { the.tolerant = damage; }
bool house_is_up(void) { return the.up; }
bool house_has_died(void) { return the.died; }
void house_die_after(long outputs) { the.outputs_left = outputs; }
void house_synchronised(bool yes) { the.synchronised = yes; }
struct store *sim_store(void) { return the.store; }
int64_t house_turns(void) { return the.turns; }

/* ---- turns ---- */

void
house_turn(void)
{
	struct turn_input in = { .now = clock_now(), .clock_synchronised = the.synchronised };
	struct fault f = { 0 };
	enum turn_result t;
	struct now now;

	in.messages = queue_take_all(the.messages);
	in.events = queue_take_all(the.events);
	in.commands = the.commands;
	the.commands = NULL;
	refuse_here(true);
	{
		PRODUCT_RUNS;
		t = engine_turn(the.engine, &in, &f);
	}
	refuse_here(false);
	the.turns++;
	now = clock_now();
	the.next_ms = the.busy_ms = sim_ms() + 1 + (int64_t)dice(BUSY_MS);
	if (t == TURN_BROKEN || cut_happened()) {
		sim_trace("broken", (int64_t)t, 0);
		the.died = true;
	} else if (t == TURN_BUSY) {
		the.next_ms = the.busy_ms = sim_ms() + 1000;
	} else if (t == TURN_DONE) {
		int64_t sleep = engine_sleep_ms(the.engine, &now);

		the.next_ms += sleep < 60000 ? sleep : 60000;
	}
}

/* A message or an event wakes it, unless it is still at the turn before. */
int64_t
house_next_ms(void)
{
	bool woken = the.commands || sim_bell_rings(queue_bell(the.messages)) || sim_bell_rings(queue_bell(the.events));

	return woken ? the.busy_ms : the.next_ms;
}

void
house_command(struct command *c)
{
	c->link.next = the.commands;
	the.commands = &c->link;
}

const struct engine_status *
house_status(void)
{
	struct command *c = calloc(1, sizeof *c);

	if (!c)
		abort();
	c->kind = COMMAND_STATUS;
	house_command(c);
	house_turn();
	return &the.status;
}

/* ---- nudge-sender ---- */

static struct event_base *
no_base(void)
{
	return NULL;
}

bool
sender_start(void)
{
	struct fault f = { 0 };

	PRODUCT_RUNS;
	if (!loop_new(no_base(), the.rules->conf, &the.loop, &f)) {
		the.loop = NULL;
		if (f.kind != FAULT_BUSY && f.kind != FAULT_BROKEN)
			broken("nudge-sender does not start: %s", f.text);
		return false;
	}
	sim_trace("sender started", 0, 0);
	return true;
}

void
sender_end(bool killed)
{
	sim_link_killing(killed);
	loop_free(the.loop);
	the.loop = NULL;
	sim_link_killing(false);
	sim_trace("sender ended", killed, 0);
}

bool sender_is_up(void) { return the.loop != NULL; }

/* ---- a whole life ---- */

void
house_begin(const char *folder, struct rules *rules, const struct house_watch *w)
{
	struct conf_faults faults = { 0 };

	memset(&the, 0, sizeof the);
	journals_n = 0;
	(void)snprintf(the.folder, sizeof the.folder, "%s", folder);
	(void)snprintf(the.boot, sizeof the.boot, "boot-0");
	the.rules = rules;
	the.watch = *w;
	the.synchronised = true;
	if (!siu_map_new(rules, &the.map, &faults))
		broken("the profiles: %s", faults.item[0].text);
}

void
house_clear(void)
{
	static const char *const files[] = { "nudge.db", "nudge.db-wal", "nudge.db-shm", "nudge.lock" };
	char path[128];

	if (the.loop)
		sender_end(false);
	if (the.up)
		house_end(HOUSE_STOP);
	siu_map_free(the.map);
	each_journal(remove_one);
	for (size_t i = 0; i < COUNT(files); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", the.folder, files[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof path, "%s/journal", the.folder);
	(void)rmdir(path);
	cut_forget();
}
