/* bench_house.h - store, rules and engine in one process, without a network: what is measured of the engine alone.
 *
 * Include it once in a program. What fails ends the program. */
// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_HOUSE_H
#define BENCH_HOUSE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "nudge/engine.h"
#include "nudge/policy.h"
#include "nudge/siu.h"

/* When everything happens. */
#define NOW_S INT64_C(1795780800) /* 2026-11-27 12:00 UTC */

static const char house_conf[] =
    "state_directory = .\nstore_key = store.key\n"
    "organization \"lamna\" { name = \"Lamna Healthcare\" consent_send_on_behalf = true\n"
    " consent_attendees_consented = true country = US }\n"
    "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = acs.key }\n"
    "number \"main\" { sender = \"+18335550100\" type = toll-free verified = true gateway = acs %s }\n"
    "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n"
    "site \"cardiology\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main\n"
    " time_zone = America/Chicago approver = none contact = \"608-271-9000\" storm_brake = off\n"
    " %s reminder \"day\" { before = 24h } reminder \"soon\" { before = 15min } }\n";

/* ---- the house ---- */

struct bench {
	char folder[256];
	struct rules *rules;
	struct siu_map *map;
	struct store *store;
	struct engine *engine;
	struct hl7 *index;
	long long answered, accepted;
	void (*on_job)(const struct link_job *j); /* may be NULL */
};

static void
took_answer(void *ctx, struct message *m, const struct answer *a)
{
	struct bench *b = ctx;

	b->answered++;
	b->accepted += a->what == ANSWER_SEND && a->verdict == VERDICT_ACCEPT && m->kind == MESSAGE_BOOKINGS;
	rules_drop(m->rules);
	arena_clear(&m->arena);
	free(m);
}

static void
took_job(void *ctx, const struct link_job *j)
{
	struct bench *b = ctx;

	if (b->on_job)
		b->on_job(j);
}

static void took_taken(void *ctx, int64_t event) { (void)ctx; (void)event; }
static void took_ask(void *ctx, const struct link_question *q) { (void)ctx; (void)q; }
static void took_reply(void *ctx, struct command *c) { (void)ctx; command_free(c); }
static void took_alarm(void *ctx, const char *what, const char *where) { (void)ctx; (void)what; (void)where; }

static bool
compose(const struct compose *c, char *path, size_t cap, struct buf *body)
{
	(void)snprintf(path, cap, "/sms");
	return buf_add(body, c->to, strlen(c->to));
}

static bool
chance(void *ctx, void *out, size_t n)
{
	(void)ctx;
	memset(out, 7, n);
	return true;
}

static void
must(bool ok, const char *what, const struct fault *f)
{
	if (ok)
		return;
	fprintf(stderr, "%s%s%s\n", what, f ? ": " : "", f ? f->text : "");
	exit(1);
}

static void
write_file(const struct bench *b, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", b->folder, name);
	f = fopen(path, "w");
	must(f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0600) == 0, path, NULL);
}

/* number, site: settings besides those that are there. */
static void
write_conf(const struct bench *b, const char *number, const char *site)
{
	char text[4096];

	(void)snprintf(text, sizeof text, house_conf, number, site);
	write_file(b, "nudge.conf", text);
	write_file(b, "store.key", "-");
}

static void
open_house(struct bench *b, int64_t now_s)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 7 };
	struct conf *c = NULL;
	struct conf_faults faults;
	struct fault f = { 0 };
	char path[300];

	(void)snprintf(path, sizeof path, "%s/nudge.conf", b->folder);
	if (!conf_load(path, CONF_NUDGED, &c, &faults) || !rules_new(c, &b->rules, &faults) ||
	    !siu_map_new(b->rules, &b->map, &faults)) {
		fprintf(stderr, "line %d: %s\n", faults.item[0].line, faults.item[0].text);
		exit(1);
	}
	conf_faults_clear(&faults);
	conf_drop(c);
	struct store_setup s = { .directory = b->folder, .key = key, .conf = b->rules->conf, .now_s = now_s };

	must(store_open(&s, &b->store, &f), "store", &f);
	struct engine_setup e = { .store = b->store, .rules = rules_hold(b->rules),
		.outlet = { .ctx = b, .answer = took_answer, .job = took_job, .taken = took_taken, .ask = took_ask,
			.reply = took_reply, .alarm = took_alarm },
		.compose = compose, .random = chance, .now = { now_s * 1000, 5000000 + (now_s - NOW_S) * 1000 }, .boot_id = "boot" };

	must(engine_new(&e, &b->engine, &f), "engine", &f);
	b->index = hl7_new();
	must(b->index, "out of memory", NULL);
}

static void
close_house(struct bench *b)
{
	hl7_free(b->index);
	engine_free(b->engine);
	store_close(b->store);
	siu_map_free(b->map);
	rules_drop(b->rules);
}

/* A message of one booking, as it came from the first environment by the first listener; owned by the caller, or whom it gives it to. */
static struct message *
message_of(struct bench *b, struct span text)
{
	const struct conf *conf = b->rules->conf;
	const struct conf_environment *environment = &conf->environments[0];
	struct siu_peer peer = { &conf->listeners[0], &environment, 1 };
	struct message *m = calloc(1, sizeof *m);

	must(m, "out of memory", NULL);
	arena_init(&m->arena, 4u << 20);
	m->raw = arena_copy(&m->arena, text);
	must(siu_read(b->map, &peer, b->index, NOW_S, m) && m->bookings_n == 1, "a message could not be read", NULL);
	return m;
}

static double
seconds_of(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
sweep(const struct bench *b)
{
	static const char *const files[] = { "nudge.conf", "store.key", "nudge.db", "nudge.db-wal", "nudge.db-shm", "nudge.lock",
		"limit.db", "limit.db-wal", "limit.db-shm", "plain.db", "plain.db-wal", "plain.db-shm" };
	char path[300];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", b->folder, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(b->folder);
}

#endif
