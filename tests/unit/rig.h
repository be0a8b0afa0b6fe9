/* tests/unit/rig.h - one engine with a real store and a made-up clock, network and chance,
 * and everything that came out of it. Include after unit.h.
 */
#ifndef RIG_H
#define RIG_H

#pragma GCC diagnostic ignored "-Wunused-function" /* each test uses some of it */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/conf.h"
#include "nudge/engine.h"
#include "rig_refuse.h"

struct sent {
	int64_t text, attempt, not_after_s;
	char body[600], to[PHONE_MAX];
};

#ifndef RIG_RECENT
#define RIG_RECENT 4 /* so that tests see how what finds rows is filed */
#endif

struct rig {
	char folder[64];
	struct rules *rules;
	struct store *store;
	uint8_t keys[3 * SEAL_KEY_BYTES]; /* of the store; older ones behind the first */
	size_t old_keys_n;
	struct journal *journal;   /* NULL: none; the test's own */
	enum journal_state journal_state;
	struct engine *engine;
	struct now now;
	bool synchronised, store_holds;
	int64_t free_bytes;
	char boot[37];
	uint64_t chance;
	struct answer answer;      /* the last */
	int answers, alarms;
	struct sent jobs[256];
	int jobs_n;
	struct engine_status status;
	const char *alarm;
	char where[260];           /* of the last alarm */
	void (*on_alarm)(const char *what); /* besides alarm; may be NULL */
	void (*on_job)(void *ctx, const struct link_job *j); /* besides jobs[]; may be NULL */
	void *on_job_ctx;
	void (*on_reply)(void *ctx, const struct command *c); /* may be NULL */
	void *on_reply_ctx;
	int taken_n, asked_n;
	int64_t taken;
	enum link_ask asked;       /* the last */
	int asked_of[ASKS];
};

static const char conf_text[] =
    "state_directory = %s\nstore_key = store.key\n"
    "organization \"lamna\" { name = \"Lamna Healthcare\" consent_send_on_behalf = true\n"
    " consent_attendees_consented = true country = US }\n"
    "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = acs.key }\n"
    "number \"main\" { sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = %d/min }\n"
    "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n"
    "site \"cardiology\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main\n"
    " time_zone = America/Chicago settle = %ds window = \"00:00-24:00\" approver = none contact = \"608-271-9000\"\n"
    " reminder \"day\" { before = 24h } %s }\n";

static void
took_answer(void *ctx, struct message *m, const struct answer *a)
{
	struct rig *r = ctx;

	holds("promise 1: no answer inside a transaction", !store_begun(r->store));
	if (refused_message(m, a))
		return;
	r->answer = *a;
	r->answers++;
	for (struct message *next; m; m = next) {
		next = m->also;
		rules_drop(m->rules);
		arena_clear(&m->arena);
		free(m);
	}
}

static void
took_job(void *ctx, const struct link_job *j)
{
	struct rig *r = ctx;
	struct sent *s = &r->jobs[r->jobs_n++ % 256];

	holds("promise 3: no job inside a transaction", !store_begun(r->store));
	*s = (struct sent){ .text = j->text, .attempt = j->attempt, .not_after_s = j->not_after_s };
	span_copy(s->body, sizeof s->body, j->body);
	span_copy(s->to, sizeof s->to, j->to);
	refuse_here(false);
	if (r->on_job)
		r->on_job(r->on_job_ctx, j);
	refuse_here(rig_refuse.trying);
}

static void
took_taken(void *ctx, int64_t event)
{
	struct rig *r = ctx;

	r->taken_n++;
	r->taken = event;
}

static void
took_ask(void *ctx, const struct link_question *q)
{
	struct rig *r = ctx;

	r->asked_n++;
	r->asked = q->ask;
	r->asked_of[q->ask]++;
}

static void
took_reply(void *ctx, struct command *c)
{
	struct rig *r = ctx;

	if (refused_command(c))
		return;
	engine_status_clear(&r->status);
	r->status = c->status;
	c->status.feeds = NULL; /* the rig's now */
	refuse_here(false);
	if (r->on_reply)
		r->on_reply(r->on_reply_ctx, c);
	refuse_here(rig_refuse.trying);
	command_free(c);
}

static void
took_alarm(void *ctx, const char *what, const char *where)
{
	struct rig *r = ctx;

	if (refused_alarm(what))
		return;
	(void)snprintf(r->where, sizeof r->where, "%s", where);
	r->alarms++;
	r->alarm = what;
	if (r->on_alarm)
		r->on_alarm(what);
}

/* The body of a test: what a patient and the gateway would see, in one line. */
static bool
compose(const struct compose *c, char *path, size_t cap, struct buf *body)
{
	(void)snprintf(path, cap, "/sms");
	return buf_addf(body, "%s|%s|%s|%.*s", c->repeat_id, c->first_sent, c->to, (int)c->text.n, c->text.p ? c->text.p : "");
}

static bool
chance(void *ctx, void *out, size_t n)
{
	struct rig *r = ctx;

	for (size_t i = 0; i < n; i++) {
		r->chance = r->chance * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)out)[i] = (uint8_t)(r->chance >> 56);
	}
	return true;
}

static void
write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof path, "%.60s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
}

static struct rules *
read_rules(struct rig *r, int rate, int settle, const char *more)
{
	char text[4096], path[128];
	struct conf *c = NULL;
	struct rules *rules = NULL;
	struct conf_faults faults;

	(void)snprintf(text, sizeof text, conf_text, r->folder, rate, settle, more);
	write_file(r->folder, "nudge.conf", text);
	(void)snprintf(path, sizeof path, "%s/nudge.conf", r->folder);
	if (!conf_load(path, CONF_NUDGED, &c, &faults))
		fail_msg("line %d: %s", faults.item[0].line, faults.item[0].text);
	if (!rules_new(c, &rules, &faults))
		fail_msg("%s", faults.item[0].text);
	conf_faults_clear(&faults);
	conf_drop(c);
	return rules;
}

static void
open_engine(struct rig *r)
{
	struct engine_setup s = { .store = r->store, .rules = rules_hold(r->rules),
		.outlet = { .ctx = r, .answer = took_answer, .job = took_job, .taken = took_taken, .ask = took_ask,
			.reply = took_reply, .alarm = took_alarm },
		.compose = compose, .random = chance,
		.random_ctx = r, .now = r->now, .journal = r->journal, .journal_state = r->journal_state };
	struct fault f = { 0 };

	memcpy(s.boot_id, r->boot, sizeof s.boot_id);
	if (!start_refused(&s, &r->engine, &f))
		fail_msg("%s", f.text);
}

static void
open_store(struct rig *r)
{
	struct store_setup s = { .directory = r->folder, .key = r->keys, .old_keys_n = r->old_keys_n, .conf = r->rules->conf, .now_s = now_s(&r->now),
		.recent = RIG_RECENT };
	struct fault f = { 0 };

	if (!store_open(&s, &r->store, &f))
		fail_msg("%s", f.text);
}

static enum turn_result
turn(struct rig *r, struct queue_link *messages, struct queue_link *events, struct queue_link *commands)
{
	struct turn_input in = { messages, events, commands, r->now, r->synchronised, r->free_bytes };
	struct fault f = { 0 };
	enum turn_result t = turn_refused(r, &r->chance, r->engine, &in, &f);

	for (int i = 0; t == TURN_MORE && i < 1000; i++) {
		in.messages = in.events = in.commands = NULL;
		t = turn_refused(r, &r->chance, r->engine, &in, &f);
	}
	holds("a promise was not given up", t != TURN_BROKEN);
	return t;
}

static void
sender(struct rig *r, bool there)
{
	struct sender_event *e = calloc(1, sizeof *e);

	e->what = there ? SENDER_CONNECTED : SENDER_LOST;
	e->credits = 256;
	(void)turn(r, NULL, &e->link, NULL);
}

static void
rig_open(struct rig *r, int rate, int settle, const char *more)
{
	memset(r, 0, sizeof *r);
	refuse_begins();
	/* NUDGE_RIG: where the store's folder is made; a long run may ask for one in memory. */
	(void)snprintf(r->folder, sizeof r->folder, "%.40s/nudge-engine-XXXXXX", getenv("NUDGE_RIG") ? getenv("NUDGE_RIG") : "/tmp");
	assert_non_null(mkdtemp(r->folder));
	write_file(r->folder, "store.key", "-");
	r->keys[0] = 7;
	r->now = (struct now){ 1795780800000, 5000000 }; /* 2026-11-27 12:00 UTC */
	r->synchronised = true;
	(void)snprintf(r->boot, sizeof r->boot, "boot-1");
	r->rules = read_rules(r, rate, settle, more);
	open_store(r);
	open_engine(r);
	sender(r, true);
}

static void
rig_close(struct rig *r)
{
	char command[128];

	engine_free(r->engine);
	store_close(r->store);
	rules_drop(r->rules);
	engine_status_clear(&r->status);
	static const char *const files[] = { "store.key", "nudge.conf", "nudge.db", "nudge.db-wal", "nudge.db-shm", "nudge.lock", "days" };
	for (size_t i = 0; i < COUNT(files); i++) {
		(void)snprintf(command, sizeof command, "%s/%s", r->folder, files[i]);
		(void)unlink(command);
	}
	(void)rmdir(r->folder);
}

/* kill -9: memory is gone, the disk is as the last commit left it. */
static void
crash(struct rig *r)
{
	engine_free(r->engine);
	store_close(r->store);
	open_store(r);
	open_engine(r);
}

static void
pass(struct rig *r, int64_t seconds)
{
	while (seconds > 0) {
		int64_t step = seconds < 5 ? seconds : 5;

		r->now.wall_ms += step * 1000;
		r->now.boot_ms += step * 1000;
		seconds -= step;
		(void)turn(r, NULL, NULL, NULL);
	}
}

/* ---- messages ---- */

struct say {
	const char *id, *patient, *phone;
	enum visit_status status;
	int64_t in_s;              /* start, from now; 0: none */
	int64_t sent_ago_s;        /* MSH-7 */
	const char *control_id;
	size_t site;               /* index in the configuration */
};

static int control_number;

static struct message *
message_of(struct rig *r, struct say s)
{
	struct message *m = calloc(1, sizeof *m);
	struct booking *b;
	char id[32];

	arena_init(&m->arena, 65536);
	m->rules = rules_hold(r->rules);
	m->environment = &r->rules->conf->environments[0];
	m->kind = MESSAGE_BOOKINGS;
	m->verdict = VERDICT_ACCEPT;
	(void)snprintf(id, sizeof id, "C%d", ++control_number);
	m->control_id = arena_copy(&m->arena, span_of(s.control_id ? s.control_id : id));
	m->raw = arena_copy(&m->arena, span_of(s.control_id ? s.control_id : id));
	m->sending_application = SPAN_LIT("EPIC");
	m->bookings = b = arena_take(&m->arena, sizeof *b);
	m->bookings_n = 1;
	b->appointment_id = arena_copy(&m->arena, span_of(s.id));
	b->has_filler_id = true;
	(void)snprintf(b->event, sizeof b->event, "S12");
	b->status = s.status;
	b->patient = arena_copy(&m->arena, span_of(s.patient ? s.patient : "1001"));
	b->site = &r->rules->conf->sites[s.site];
	b->has_start = s.in_s != 0;
	b->start_s = now_s(&r->now) + s.in_s;
	zone_civil(r->rules->sites[s.site].zone, b->start_s, &b->wall);
	b->phone_state = s.phone && s.phone[0] ? FIELD_SET : s.phone ? FIELD_CLEAR : FIELD_KEEP;
	if (s.phone)
		(void)snprintf(b->phone, sizeof b->phone, "%s", s.phone);
	b->has_sent_at = true;
	b->sent_at_s = now_s(&r->now) - s.sent_ago_s;
	return m;
}

static enum turn_result
tell(struct rig *r, struct say s)
{
	return turn(r, &message_of(r, s)->link, NULL, NULL);
}

static void
outcome(struct rig *r, const struct sent *job, enum outcome what, int status)
{
	struct sender_event *e = calloc(1, sizeof *e);

	e->what = SENDER_OUTCOME;
	e->text = job->text;
	e->attempt = job->attempt;
	e->outcome = what;
	e->http_status = status;
	e->retry_after_ms = -1;
	(void)snprintf(e->message_id, sizeof e->message_id, "Outgoing_x");
	(void)turn(r, NULL, &e->link, NULL);
}

static const struct engine_status *
status(struct rig *r)
{
	struct command *c = calloc(1, sizeof *c);

	c->kind = COMMAND_STATUS;
	(void)turn(r, NULL, NULL, &c->link);
	return &r->status;
}

static struct sent *
last_job(struct rig *r)
{
	assert_true(r->jobs_n > 0);
	return &r->jobs[(r->jobs_n - 1) % 256];
}

/* What the gateway tells by itself; words: copied, NULL for none. */
static void
told(struct rig *r, struct sender_event what, const char *words)
{
	struct sender_event *e = malloc(sizeof *e);

	assert_non_null(e);
	*e = what;
	e->what = SENDER_EVENT;
	e->words = words ? strdup(words) : NULL;
	(void)turn(r, NULL, &e->link, NULL);
}

/* What the file of the configuration says now, as a reload brings it. */
static void
rig_reload(struct rig *r)
{
	struct command *cmd = calloc(1, sizeof *cmd);
	struct conf_faults faults;
	struct conf *c = NULL;
	struct rules *rules = NULL;
	char path[128];

	assert_non_null(cmd);
	(void)snprintf(path, sizeof path, "%s/nudge.conf", r->folder);
	if (!conf_load(path, CONF_NUDGED, &c, &faults) || !rules_new(c, &rules, &faults)) {
		for (size_t i = 0; i < faults.n; i++)
			if (!faults.item[i].warning)
				fail_msg("line %d: %s", faults.item[i].line, faults.item[i].text);
		fail_msg("the configuration cannot be used");
	}
	conf_faults_clear(&faults);
	conf_drop(c);
	rules_drop(r->rules);
	r->rules = rules_hold(rules);
	cmd->kind = COMMAND_RULES;
	cmd->rules = rules;
	(void)turn(r, NULL, NULL, &cmd->link);
}

/* The configuration with one thing changed. */
static void
rig_change(struct rig *r, const char *from, const char *to)
{
	static char text[32768], out[32768];
	char path[128], *at;
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/nudge.conf", r->folder);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	at = strstr(text, from);
	if (!at)
		fail_msg("the configuration has no \"%s\"", from);
	(void)snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	write_file(r->folder, "nudge.conf", out);
	rig_reload(r);
}

/* A message of so many bytes that could not be read; about: the visit that it holds, "": none. */
static void
doubt_large(struct rig *r, const char *about, size_t bytes)
{
	struct message *m = calloc(1, sizeof *m);
	char *raw;

	assert_non_null(m);
	arena_init(&m->arena, bytes + 65536);
	raw = arena_take(&m->arena, bytes);
	assert_non_null(raw);
	memset(raw, 'x', bytes);
	(void)snprintf(raw, bytes, "MSH|^~\\&|EPIC||NUDGE|%d", ++control_number);
	m->rules = rules_hold(r->rules);
	m->environment = &r->rules->conf->environments[0];
	m->kind = MESSAGE_QUARANTINE;
	m->verdict = VERDICT_ACCEPT;
	m->reason = "no start time";
	m->raw = span_from(raw, bytes);
	m->control_id = arena_copy(&m->arena, span_from(raw, 24));
	m->sending_application = SPAN_LIT("EPIC");
	m->held_id = arena_copy(&m->arena, span_of(about));
	m->about = &r->rules->conf->sites[0];
	(void)turn(r, &m->link, NULL, NULL);
	same_int("kept, and accepted", r->answer.verdict, VERDICT_ACCEPT);
}

#endif
