/* bench_turn.c - what a message costs from its bytes to its commit, beside the bare row group of SQLite.
 *
 *   bench_turn [--json] [--messages N] [--group N] [--stored N] [--dir DIR] [--only map|turn|limit]
 *
 * One thread, no network: siu_read() and engine_turn() over a real store, in
 * turns of N messages, and then the same rows (appointment, control id, three
 * notifications) with nothing of ours around them. A fixed feed, so that
 * instructions can be counted and compared from one day to the next.
 */
// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nudge/engine.h"
#include "nudge/siu.h"

#define NOW_S INT64_C(1795780800) /* 2026-11-27 12:00 UTC */
#define MESSAGE_MAX 2048

static const char conf_text[] =
    "state_directory = .\nstore_key = store.key\n"
    "organization \"lamna\" { name = \"Lamna Healthcare\" consent_send_on_behalf = true\n"
    " consent_attendees_consented = true country = US }\n"
    "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = acs.key }\n"
    "number \"main\" { sender = \"+18335550100\" type = toll-free verified = true gateway = acs }\n"
    "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n"
    "site \"cardiology\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main\n"
    " time_zone = America/Chicago approver = none contact = \"608-271-9000\" storm_brake = off\n"
    " reminder \"day\" { before = 24h } reminder \"soon\" { before = 15min } }\n";

/* Places: control id, appointment, appointment, start, patient, phone, appointment. */
static const char siu[] =
    "MSH|^~\\&|SCHED|RIVERSIDE|NUDGE|LAMNA|20261127060000-0600||SIU^S12^SIU_S12|Q%09lld|P|2.5.1|||AL|NE\r"
    "SCH|A%09lld^SCHED|A%09lld^SCHED|||SG12^Series^L|ROUTINE^Routine^HL70276|CHECKUP^Yearly check-up^L|"
    "NORMAL^Normal^HL70277|30|min|^^30^%s|1004^Sample^Clara^^^Dr^MD|"
    "^WPN^PH^^1^608^5550101|||||1004^Sample^Clara^^^Dr^MD||||||BOOKED^Booked^HL70278\r"
    "NTE|1|L|Please come ten minutes early and bring your referral.\r"
    "PID|1||MR%09lld^^^RIVERSIDE^MR||Testperson^Paula^Q^^^^L||19800229|F|||"
    "1 Sample Road^^Testtown^WI^00000^US^H||^PRN^PH^^1^608^5550102~^PRN^CP^^1^608^%07lld|"
    "^WPN^PH^^1^608^5550104|ENG^English^HL70296|S\r"
    "PV1|1|O|CARD^ROOM2^^RIVERSIDE||||1004^Sample^Clara^^^Dr^MD|||CAR|||||||"
    "1004^Sample^Clara^^^Dr^MD|OP|A%09lld\r"
    "RGS|1|A|RG1\r"
    "AIS|1|A|ECHO^Echo of the heart^L||0|min|30|min|NOSUBST|BOOKED^Booked^HL70278\r"
    "AIL|1|A|CARD^ROOM2^^RIVERSIDE|CLINIC^Clinic^L|||0|min|30|min\r"
    "AIP|1|A|1004^Sample^Clara^^^Dr^MD|ATT^Attending^L|||0|min|30|min|NOSUBST|BOOKED\r";


static uint64_t
chance_of(long long i)
{
	uint64_t x = (uint64_t)i * 6364136223846793005u + 1442695040888963407u;

	x ^= x >> 29;
	return x * 2862933555777941757u >> 17;
}

static int64_t
start_of(long long i) /* within sixty days, from the day after tomorrow on */
{
	return NOW_S + 2 * 86400 + (int64_t)(chance_of(i) % (60 * 86400)) / 300 * 300;
}

static size_t
message_text(long long i, char out[MESSAGE_MAX])
{
	char start[20];
	time_t at = (time_t)start_of(i) - 6 * 3600;
	struct tm tm;

	(void)gmtime_r(&at, &tm);
	(void)strftime(start, sizeof start, "%Y%m%d%H%M%S", &tm);
	return (size_t)snprintf(out, MESSAGE_MAX, siu, i, i, i, start, i, 5550200 + i % 4000000 + 1000000, i);
}

/* ---- the house ---- */

struct bench {
	char folder[256];
	struct rules *rules;
	struct siu_map *map;
	struct store *store;
	struct engine *engine;
	struct hl7 *index;
	long long answered, accepted;
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

static void took_job(void *ctx, const struct link_job *j) { (void)ctx; (void)j; }
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
	fprintf(stderr, "bench_turn: %s%s%s\n", what, f ? ": " : "", f ? f->text : "");
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

static void
open_house(struct bench *b)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 7 };
	struct conf *c = NULL;
	struct conf_faults faults;
	struct fault f = { 0 };
	char path[300];

	write_file(b, "nudge.conf", conf_text);
	write_file(b, "store.key", "-");
	(void)snprintf(path, sizeof path, "%s/nudge.conf", b->folder);
	if (!conf_load(path, CONF_NUDGED, &c, &faults) || !rules_new(c, &b->rules, &faults) ||
	    !siu_map_new(b->rules, &b->map, &faults)) {
		fprintf(stderr, "bench_turn: line %d: %s\n", faults.item[0].line, faults.item[0].text);
		exit(1);
	}
	conf_faults_clear(&faults);
	conf_drop(c);
	struct store_setup s = { .directory = b->folder, .key = key, .conf = b->rules->conf, .now_s = NOW_S };

	must(store_open(&s, &b->store, &f), "store", &f);
	struct engine_setup e = { .store = b->store, .rules = rules_hold(b->rules),
		.outlet = { .ctx = b, .answer = took_answer, .job = took_job, .taken = took_taken, .ask = took_ask,
			.reply = took_reply, .alarm = took_alarm },
		.compose = compose, .random = chance, .now = { NOW_S * 1000, 5000000 }, .boot_id = "boot" };

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

static struct message *
read_one(struct bench *b, long long i)
{
	const struct conf *conf = b->rules->conf;
	const struct conf_environment *environment = &conf->environments[0];
	struct siu_peer peer = { &conf->listeners[0], &environment, 1 };
	struct message *m = calloc(1, sizeof *m);
	char text[MESSAGE_MAX];
	size_t n = message_text(i, text);

	must(m, "out of memory", NULL);
	arena_init(&m->arena, 4u << 20);
	m->raw = arena_copy(&m->arena, span_from(text, n));
	must(siu_read(b->map, &peer, b->index, NOW_S, m), "a message could not be read", NULL);
	return m;
}

/* ---- what is measured ---- */

struct cost {
	double wall_us, cpu_us; /* for each message */
};

static double
seconds_of(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct cost
map_only(struct bench *b, long long n)
{
	static char text[256][MESSAGE_MAX];
	size_t length[256];
	const struct conf *conf = b->rules->conf;
	const struct conf_environment *environment = &conf->environments[0];
	struct siu_peer peer = { &conf->listeners[0], &environment, 1 };
	struct message m = { .kind = MESSAGE_IGNORE };

	for (int i = 0; i < 256; i++)
		length[i] = message_text(i, text[i]);
	arena_init(&m.arena, 4u << 20);
	double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

	for (long long i = 0; i < n; i++) {
		struct arena arena = m.arena;

		m = (struct message){ .arena = arena, .raw = span_from(text[i % 256], length[i % 256]) };
		must(siu_read(b->map, &peer, b->index, NOW_S, &m) && m.bookings_n == 1, "a message was not understood", NULL);
		rules_drop(m.rules);
		arena_reset(&m.arena);
	}
	struct cost c = { (seconds_of(CLOCK_MONOTONIC) - wall) / (double)n * 1e6,
		(seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)n * 1e6 };

	arena_clear(&m.arena);
	return c;
}

static void
turns(struct bench *b, long long from, long long n, int group)
{
	struct fault f = { 0 };

	for (long long i = 0; i < n; i += group) {
		struct queue_link *first = NULL, **last = &first;
		struct turn_input in = { .now = { NOW_S * 1000 + i, 5000000 + i }, .clock_synchronised = true };

		for (int k = 0; k < group && i + k < n; k++) {
			struct message *m = read_one(b, from + i + k);

			*last = &m->link;
			last = &m->link.next;
		}
		in.messages = first;
		must(engine_turn(b->engine, &in, &f) != TURN_BROKEN, "turn", &f);
	}
}

static struct cost
measure_turns(struct bench *b, long long stored, long long n, int group)
{
	turns(b, 0, stored, 512);
	double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

	turns(b, stored, n, group);
	struct cost c = { (seconds_of(CLOCK_MONOTONIC) - wall) / (double)n * 1e6,
		(seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)n * 1e6 };

	must(b->accepted == stored + n, "not every message was accepted", NULL);
	return c;
}

/* ---- the limit: the rows, and nothing else ---- */

static const char limit_schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 1000;"
    "CREATE TABLE IF NOT EXISTS appointment (id INTEGER PRIMARY KEY, sender INTEGER, name TEXT, site INTEGER, status INTEGER,"
    " start INTEGER, zone TEXT, language TEXT, phone BLOB, mark BLOB, sent INTEGER, erase INTEGER, UNIQUE (sender, name));"
    "CREATE TABLE IF NOT EXISTS seen (sender INTEGER, control TEXT, at INTEGER, answered INTEGER, PRIMARY KEY (sender, control)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, kind INTEGER, state INTEGER, due INTEGER, expires INTEGER);"
    "CREATE INDEX IF NOT EXISTS note_due ON note (due / 86400, id, due) WHERE state = 1;";

enum { L_BEGIN, L_COMMIT, L_APPOINTMENT, L_SEEN, L_NOTE, L_STATEMENTS };
static const char *const limit_text[L_STATEMENTS] = {
	"BEGIN IMMEDIATE", "COMMIT",
	"INSERT INTO appointment VALUES (?1, 1, ?2, 1, 0, ?3, 'America/Chicago', 'en', ?4, ?5, ?6, ?3)"
	" ON CONFLICT (sender, name) DO UPDATE SET start = ?3, phone = ?4, mark = ?5, sent = ?6",
	"INSERT INTO seen VALUES (1, ?1, ?2, 0)",
	"INSERT INTO note VALUES (?1, ?2, 1, ?3, ?4)",
};

struct limit {
	sqlite3 *db;
	sqlite3_stmt *q[L_STATEMENTS];
};

static void
limit_do(struct limit *l, int which)
{
	must(sqlite3_step(l->q[which]) == SQLITE_DONE, sqlite3_errmsg(l->db), NULL);
	(void)sqlite3_reset(l->q[which]);
}

static void
limit_one(struct limit *l, long long i)
{
	static const int64_t before[] = { 0, 86400, 900 };
	static const uint8_t phone[40], mark[16];
	char id[32], control[32];
	int64_t start = start_of(i);

	(void)snprintf(id, sizeof id, "A%09lld", i);
	(void)snprintf(control, sizeof control, "Q%09lld", i);
	(void)sqlite3_bind_int64(l->q[L_APPOINTMENT], 1, i + 1);
	(void)sqlite3_bind_text(l->q[L_APPOINTMENT], 2, id, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(l->q[L_APPOINTMENT], 3, start);
	(void)sqlite3_bind_blob(l->q[L_APPOINTMENT], 4, phone, sizeof phone, SQLITE_STATIC);
	(void)sqlite3_bind_blob(l->q[L_APPOINTMENT], 5, mark, sizeof mark, SQLITE_STATIC);
	(void)sqlite3_bind_int64(l->q[L_APPOINTMENT], 6, NOW_S);
	limit_do(l, L_APPOINTMENT);
	(void)sqlite3_bind_text(l->q[L_SEEN], 1, control, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(l->q[L_SEEN], 2, NOW_S);
	limit_do(l, L_SEEN);
	for (int k = 0; k < 3; k++) {
		(void)sqlite3_bind_int64(l->q[L_NOTE], 1, (i + 1) * 1024 + k);
		(void)sqlite3_bind_int(l->q[L_NOTE], 2, k);
		(void)sqlite3_bind_int64(l->q[L_NOTE], 3, k == 0 ? NOW_S + 120 : start - before[k]);
		(void)sqlite3_bind_int64(l->q[L_NOTE], 4, start);
		limit_do(l, L_NOTE);
	}
}

static struct cost
measure_limit(const struct bench *b, long long stored, long long n, int group)
{
	struct limit l = { 0 };
	char path[300];
	double wall = 0, cpu = 0;

	(void)snprintf(path, sizeof path, "%s/limit.db", b->folder);
	must(sqlite3_open(path, &l.db) == SQLITE_OK && sqlite3_exec(l.db, limit_schema, NULL, NULL, NULL) == SQLITE_OK, "limit.db", NULL);
	for (int i = 0; i < L_STATEMENTS; i++)
		must(sqlite3_prepare_v3(l.db, limit_text[i], -1, SQLITE_PREPARE_PERSISTENT, &l.q[i], NULL) == SQLITE_OK, sqlite3_errmsg(l.db), NULL);
	for (long long i = 0; i < stored + n;) {
		int now = i < stored ? 512 : group;

		if (i == stored) {
			wall = seconds_of(CLOCK_MONOTONIC);
			cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
		}
		limit_do(&l, L_BEGIN);
		for (int k = 0; k < now && i < (i < stored ? stored : stored + n); k++)
			limit_one(&l, i++);
		limit_do(&l, L_COMMIT);
	}
	struct cost c = { (seconds_of(CLOCK_MONOTONIC) - wall) / (double)n * 1e6,
		(seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)n * 1e6 };

	for (int i = 0; i < L_STATEMENTS; i++)
		(void)sqlite3_finalize(l.q[i]);
	(void)sqlite3_close(l.db);
	return c;
}

/* ---- */

static void
report(const char *what, struct cost c, int group, long long stored, const struct cost *limit, bool json)
{
	if (json) {
		printf("{\"bench\":\"%s\",\"group\":%d,\"stored\":%lld,\"us\":%.3f,\"cpu_us\":%.3f", what, group, stored, c.wall_us, c.cpu_us);
		if (limit)
			printf(",\"of_limit\":%.3f,\"cpu_of_limit\":%.3f", limit->wall_us / c.wall_us, limit->cpu_us / c.cpu_us);
		printf("}\n");
		return;
	}
	printf("%-6s %8.2f us a message, %8.2f us of it CPU", what, c.wall_us, c.cpu_us);
	if (limit)
		printf("; %3.0f %% of the limit's messages a second", 100 * limit->wall_us / c.wall_us);
	printf("\n");
}

static long long
number_after(int argc, char **argv, const char *name, long long otherwise)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return strtoll(argv[i + 1], NULL, 10);
	return otherwise;
}

static const char *
word_after(int argc, char **argv, const char *name, const char *otherwise)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return otherwise;
}

static bool
has_flag(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return false;
}

static void
sweep(const struct bench *b)
{
	static const char *const files[] = { "nudge.conf", "store.key", "nudge.db", "nudge.db-wal", "nudge.db-shm", "nudge.lock",
		"limit.db", "limit.db-wal", "limit.db-shm" };
	char path[300];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", b->folder, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(b->folder);
}

int
main(int argc, char **argv)
{
	static struct bench b;
	long long n = number_after(argc, argv, "--messages", 20000), stored = number_after(argc, argv, "--stored", 0);
	int group = (int)number_after(argc, argv, "--group", 64);
	bool json = has_flag(argc, argv, "--json");
	const char *only = word_after(argc, argv, "--only", "");
	struct cost limit, turn;

	if (n < 1 || stored < 0 || group < 1 || group > 512) {
		fprintf(stderr, "usage: bench_turn [--json] [--messages N] [--group 1..512] [--stored N] [--dir DIR] [--only map|turn|limit]\n");
		return 2;
	}
	(void)snprintf(b.folder, sizeof b.folder, "%.200s/bench-turn-XXXXXX", word_after(argc, argv, "--dir", "/var/tmp"));
	must(mkdtemp(b.folder), b.folder, NULL);
	open_house(&b);
	if (!*only || strcmp(only, "map") == 0)
		report("map", map_only(&b, n * 10), 1, 0, NULL, json);
	if (!*only || strcmp(only, "limit") == 0) {
		limit = measure_limit(&b, stored, n, group);
		report("limit", limit, group, stored, NULL, json);
	}
	if (!*only || strcmp(only, "turn") == 0) {
		turn = measure_turns(&b, stored, n, group);
		report("turn", turn, group, stored, *only ? NULL : &limit, json);
	}
	close_house(&b);
	sweep(&b);
	return 0;
}
