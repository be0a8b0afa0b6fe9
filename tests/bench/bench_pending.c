/* bench_pending.c - a house with millions of reminders: how long it takes to start, what it holds in memory, how soon after its time a text goes.
 *
 *   bench_pending [--json] [--pending N] [--due N] [--seconds N] [--dir DIR]
 *
 * --pending reminders wait, evenly over ninety days, two for each appointment; besides, --due of them become due in each of --seconds
 * seconds. The due ones come in as messages; the others are copies of one appointment and its reminder, written by SQLite
 * into the store's own tables, with marks of their own. The engine then starts over this store in another process, takes the
 * due ones by the real clock, and is answered at once by what stands where nudge-sender stands.
 */
// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench_house.h"
#include "feed.h"
#include "store/sqlite/page_vfs.h"

#define LEAD_S 7200 /* what is due is so that much after NOW_S; until then all confirmations have gone */
#define START_S 30 /* before the first is due; a start may take so long */
#define GROUP 256

static struct {
	long long due, seconds;
	struct queue_link *outcomes, **last;
	double *late_ms;
	long long jobs;
	double begun; /* of the clock: when it was a second before the first is due */
	bool measuring;
} run;

static double
now_ms(void)
{
	return seconds_of(CLOCK_MONOTONIC) * 1e3;
}

/* The appointment's number is in the phone's: see message(). */
static void
on_job(const struct link_job *j)
{
	struct sender_event *e = calloc(1, sizeof *e);
	char digits[16];
	long long k;

	must(e != NULL, "out of memory", NULL);
	e->what = SENDER_OUTCOME;
	e->text = j->text;
	e->attempt = j->attempt;
	e->outcome = OUTCOME_ACCEPTED;
	e->http_status = 202;
	e->retry_after_ms = -1;
	(void)snprintf(e->message_id, sizeof e->message_id, "M%lld", (long long)j->text);
	*run.last = &e->link;
	run.last = &e->link.next;
	if (!run.measuring)
		return;
	(void)span_copy(digits, sizeof digits, j->to);
	k = strtoll(digits + 5, NULL, 10) - 2000000;
	must(k >= 0 && run.jobs < run.due * run.seconds, "a text that was not expected", NULL);
	run.late_ms[run.jobs++] = now_ms() - run.begun - 1000 - 1000.0 * (double)(k / run.due);
}

static struct message *
message(struct bench *b, long long k)
{
	char text[1024], said[20], start[20];

	feed_local(NOW_S, said);
	feed_local(NOW_S + 86400 + LEAD_S + k / run.due, start);
	(void)snprintf(text, sizeof text,
	    "MSH|^~\\&|SCHED|RIVERSIDE|NUDGE|LAMNA|%s-0600||SIU^S12^SIU_S12|D%lld|P|2.5.1\r"
	    "SCH|D%lld^SCHED|D%lld^SCHED|||||CHECKUP|NORMAL|30|min|^^30^%s||||||||||||||BOOKED\r"
	    "PID|1||MD%lld^^^RIVERSIDE^MR||Testperson^Paula||19800229|F|||||^PRN^CP^^1^608^%07lld\r",
	    said, k, k, k, start, k, 2000000 + k);
	return message_of(b, span_of(text));
}

static enum turn_result
one_turn(struct bench *b, struct queue_link *messages, struct now now)
{
	struct turn_input in = { .messages = messages, .events = run.outcomes, .now = now, .clock_synchronised = true };
	struct fault f = { 0 };
	enum turn_result r;

	run.outcomes = NULL;
	run.last = &run.outcomes;
	r = engine_turn(b->engine, &in, &f);
	must(r == TURN_DONE || r == TURN_MORE, "turn", &f);
	return r;
}

static void
connect_sender(struct bench *b, struct now now)
{
	struct sender_event *e = calloc(1, sizeof *e);

	must(e != NULL, "out of memory", NULL);
	e->what = SENDER_CONNECTED;
	e->credits = 256;
	*run.last = &e->link;
	run.last = &e->link.next;
	(void)one_turn(b, NULL, now);
}

/* What will be due while it is measured, as messages; its confirmations go here. */
static void
book_due(struct bench *b)
{
	struct now now = { NOW_S * 1000, 5000000 };
	long long all = run.due * run.seconds;

	connect_sender(b, now);
	for (long long k = 0; k < all;) {
		struct queue_link *first = NULL, **last = &first;

		for (int i = 0; i < GROUP && k < all; i++, k++) {
			struct message *m = message(b, k);

			*last = &m->link;
			last = &m->link.next;
		}
		(void)one_turn(b, first, now);
	}
	must(b->accepted == all, "not every message was accepted", NULL);
	for (int64_t quiet = 0; quiet < 100; quiet++) {
		now.wall_ms += 20;
		now.boot_ms += 20;
		(void)one_turn(b, NULL, now);
		if (run.outcomes)
			quiet = 0;
	}
}

/* ---- the others ---- */

static void
sql(sqlite3 *db, const char *text)
{
	char *why = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK)
		return;
	fprintf(stderr, "%.60s...: %s\n", text, why ? why : "?");
	exit(1);
}

/* "SELECT a, b, ... FROM table": each column as it is in the row, or as `other` has it ("column=expression", ends with NULL). */
static void
list_columns(sqlite3 *db, const char *table, const char *const *other, char *out, size_t cap)
{
	char ask[128];
	sqlite3_stmt *q;
	size_t n = 0;

	(void)snprintf(ask, sizeof ask, "SELECT name FROM pragma_table_info('%s') ORDER BY cid", table);
	must(sqlite3_prepare_v2(db, ask, -1, &q, NULL) == SQLITE_OK, "no columns", NULL);
	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0), *as = NULL;

		for (size_t i = 0; other[i]; i++)
			if (strncmp(other[i], name, strlen(name)) == 0 && other[i][strlen(name)] == '=')
				as = other[i] + strlen(name) + 1;
		n += (size_t)snprintf(out + n, cap - n, "%s%s%s", n > 0 ? ", " : "", as ? "" : "one.", as ? as : name);
	}
	(void)sqlite3_finalize(q);
}

static void
copy_row(sqlite3 *db, const char *table, const char *where, const char *const *other, long long from, long long to)
{
	char columns[2048], text[4096];

	list_columns(db, table, other, columns, sizeof columns);
	(void)snprintf(text, sizeof text,
	    "WITH RECURSIVE n (i) AS (SELECT %lld UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %lld) "
	    "INSERT INTO %s SELECT %s FROM n, (SELECT * FROM %s WHERE %s LIMIT 1) AS one",
	    from, to, table, columns, table, where);
	sql(db, text);
}

/* Of both tables: they are dearer to keep than to make; as the store's own schema has them. */
static void
take_indexes_away(sqlite3 *db, char *again, size_t cap)
{
	char away[1024] = "";
	size_t n = 0, away_n = 0;
	sqlite3_stmt *q;

	must(sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('appointment', 'text')", -1,
	         &q, NULL) == SQLITE_OK, "no indexes", NULL);
	while (sqlite3_step(q) == SQLITE_ROW) {
		away_n += (size_t)snprintf(away + away_n, sizeof away - away_n, "DROP INDEX %s;", (const char *)sqlite3_column_text(q, 0));
		n += (size_t)snprintf(again + n, cap - n, "%s;", (const char *)sqlite3_column_text(q, 1));
		must(away_n < sizeof away && n < cap, "too many indexes", NULL);
	}
	(void)sqlite3_finalize(q);
	sql(db, away);
}

/* As the store would have: all but the newest visits, which it finds by way of memory. */
static void
file_what_finds(sqlite3 *db, long long newest)
{
	char text[1200];

	(void)snprintf(text, sizeof text,
	    "BEGIN; INSERT OR IGNORE INTO found_patient SELECT patient, id FROM appointment WHERE patient IS NOT NULL AND id <= %lld ORDER BY 1, 2;"
	    "INSERT OR IGNORE INTO found_phone SELECT phone_mark, id FROM appointment WHERE phone_mark IS NOT NULL AND id <= %lld ORDER BY 1, 2;"
	    "INSERT OR IGNORE INTO found_erase SELECT erase_at / 86400, id, erase_at FROM appointment WHERE erased = 0 AND id <= %lld ORDER BY 1, 2;"
	    "INSERT OR IGNORE INTO found_due SELECT due / 345600, id, due FROM text WHERE state = 1 AND id / 1024 <= %lld ORDER BY 1, 2;"
	    "INSERT OR REPLACE INTO setting (name, value) VALUES ('filed', %lld), ('filing', %lld); COMMIT",
	    newest, newest, newest, newest, newest, newest);
	sql(db, text);
}

static void
fill(const struct bench *b, long long pending)
{
	static const char *const appointment[] = { "id=1000000 + i", "appointment_id=printf('B%09d', i)", "patient=randomblob(16)",
		"phone_mark=randomblob(16)", NULL };
	char due[2][200];
	const char *text[2][4] = { { "id=(1000000 + i) * 1024 + 1", due[0], due[1], NULL }, { "id=(1000000 + i) * 1024 + 2", due[0], due[1], NULL } };
	long long visits = pending / 2;
	char path[300], tally[200], indexes[4096] = "";
	sqlite3 *db;

	(void)snprintf(path, sizeof path, "%s/nudge.db", b->folder);
	must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, PAGE_VFS) == SQLITE_OK, path, NULL); /* each page has its sum */
	sql(db, "PRAGMA synchronous = OFF; PRAGMA cache_size = -262144");
	take_indexes_away(db, indexes, sizeof indexes);
	/* Over ninety days from the day after on, so that none of them is due while it is measured. */
	(void)snprintf(due[0], sizeof due[0], "due=%lld + i * 7776000 / %lld", (long long)NOW_S + 2 * 86400, visits > 0 ? visits : 1);
	(void)snprintf(due[1], sizeof due[1], "expires=%lld + i * 7776000 / %lld", (long long)NOW_S + 3 * 86400, visits > 0 ? visits : 1);
	for (long long i = 0; i < visits; i += 500000) {
		long long to = i + 500000 < visits ? i + 500000 : visits;

		sql(db, "BEGIN");
		copy_row(db, "appointment", "erased = 0", appointment, i, to);
		for (int k = 0; k < 2; k++)
			copy_row(db, "text", "state = 1", text[k], i, to);
		sql(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
	}
	(void)snprintf(tally, sizeof tally, "UPDATE tally SET n = n + %lld WHERE state IN (0, 1)", visits * 2);
	sql(db, tally);
	sql(db, indexes);
	file_what_finds(db, 1000000 + (visits > 8000 ? visits - 8000 : 0));
	sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	(void)sqlite3_close(db);
}

static void
prepare(struct bench *b, long long pending)
{
	open_house(b, NOW_S);
	book_due(b);
	close_house(b);
	fill(b, pending);
}

/* ---- what is measured ---- */

static double
resident_mib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	must(f && fscanf(f, "%*d %ld", &pages) == 1, "/proc/self/statm", NULL);
	(void)fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static struct now
clock_of(double begun_ms)
{
	int64_t since = (int64_t)(now_ms() - begun_ms);

	int64_t s = LEAD_S - (run.measuring ? 1 : START_S);

	return (struct now){ (NOW_S + s) * 1000 + since, 5000000 + s * 1000 + since };
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct result {
	double ready_ms, loaded_ms, ready_mib, full_mib, p50, p99, most, cpu_us;
};

static struct result
measure(struct bench *b)
{
	long long all = run.due * run.seconds;
	struct result x = { 0 };
	double begun = now_ms(), cpu;

	run.begun = begun;
	open_house(b, NOW_S + LEAD_S - START_S);
	connect_sender(b, clock_of(begun));
	x.ready_ms = now_ms() - begun;
	x.ready_mib = resident_mib();
	while (one_turn(b, NULL, clock_of(begun)) == TURN_MORE)
		continue;
	x.loaded_ms = now_ms() - begun;
	/* The second before the first is due begins now, however long the start took. */
	run.begun = begun = now_ms();
	run.measuring = true;
	cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	for (double end = begun + 1000.0 * (double)(run.seconds + 30); run.jobs < all || run.outcomes;) {
		struct now now = clock_of(begun);
		int64_t ms = engine_sleep_ms(b->engine, &now);

		must(now_ms() < end, "not every text went", NULL);
		if (!run.outcomes && ms > 0)
			(void)usleep(ms < 20 ? (useconds_t)ms * 1000 : 20000);
		while (one_turn(b, NULL, clock_of(begun)) == TURN_MORE)
			continue;
	}
	x.cpu_us = (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / (double)all;
	x.full_mib = resident_mib();
	qsort(run.late_ms, (size_t)all, sizeof *run.late_ms, by_size);
	x.p50 = run.late_ms[all / 2];
	x.p99 = run.late_ms[all * 99 / 100];
	x.most = run.late_ms[all - 1];
	close_house(b);
	return x;
}

int
main(int argc, char **argv)
{
	static struct bench b = { .on_job = on_job };
	long long pending = number_after(argc, argv, "--pending", 10000000);
	char path[300];
	struct result x;
	struct stat st;
	pid_t child;
	int status;

	run.due = number_after(argc, argv, "--due", 1000);
	run.seconds = number_after(argc, argv, "--seconds", 10);
	run.last = &run.outcomes;
	if (pending < 0 || run.due < 1 || run.seconds < 1 || run.due * run.seconds > 900000) {
		fprintf(stderr, "usage: bench_pending [--json] [--pending N] [--due N] [--seconds N] [--dir DIR]\n");
		return 2;
	}
	run.late_ms = calloc((size_t)(run.due * run.seconds), sizeof *run.late_ms);
	must(run.late_ms != NULL, "out of memory", NULL);
	(void)snprintf(b.folder, sizeof b.folder, "%.200s/bench-pending-XXXXXX", word_after(argc, argv, "--dir", "/var/tmp"));
	must(mkdtemp(b.folder), b.folder, NULL);
	write_conf(&b, "rate = 1000000/min", "window = \"00:00-24:00\" settle = 0s daily_cap = 0");
	child = fork();
	must(child >= 0, "no process could be had", NULL);
	if (child == 0) {
		prepare(&b, pending);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0, "the store could not be made", NULL);
	(void)snprintf(path, sizeof path, "%s/nudge.db", b.folder);
	must(stat(path, &st) == 0, path, NULL);
	x = measure(&b);
	if (has_flag(argc, argv, "--json"))
		printf("{\"bench\":\"pending\",\"pending\":%lld,\"due_a_second\":%lld,\"seconds\":%lld,\"database_mib\":%lld,\"ready_ms\":%.1f,"
		       "\"loaded_ms\":%.1f,\"ready_mib\":%.1f,\"full_mib\":%.1f,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"most_ms\":%.1f,\"cpu_us\":%.1f}\n",
		    pending, run.due, run.seconds, (long long)st.st_size >> 20, x.ready_ms, x.loaded_ms, x.ready_mib, x.full_mib, x.p50, x.p99,
		    x.most, x.cpu_us);
	else
		printf("%lld reminders wait (%lld MiB): ready in %.0f ms with %.0f MiB, next days looked up in %.0f ms; %lld due a second: "
		       "gone after %.0f ms (half), %.0f ms (99 %%), %.0f ms (all), %.0f us of CPU each; %.0f MiB then\n",
		    pending, (long long)st.st_size >> 20, x.ready_ms, x.ready_mib, x.loaded_ms, run.due, x.p50, x.p99, x.most, x.cpu_us, x.full_mib);
	sweep(&b);
	free(run.late_ms);
	return 0;
}
