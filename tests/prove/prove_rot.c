/* prove_rot.c - bits flip and sectors go wrong in the database and its log: noticed or harmless, and never a wrong text.
 *
 *   prove_rot [--rots N] [--seed N] [--only K] [--out FILE] [--mutant blind]
 *
 * A world (sim.h) is lived for most of a day and killed. Then, each time in a
 * copy of its own, one thing of what lies on the disk is changed: a bit, or a
 * sector that is zeroed, filled with chance or with another one; often where a time
 * of day is written; never in the last commit of the log, which may be one that
 * was cut short. The product starts on that and lives to the end: it may refuse,
 * end, or go on, but every text must go to the right number and say the right
 * time, once. Exit 0: so it was; 1: not, and how to see it again.
 */
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cut_vfs.h"
#include "mutant.h"
#include "rounds.h"
#include "nudge/buf.h"
#include "sim.h"
#include "sim_clinic.h"
#include "sim_house.h"
#include "sim_link.h"
#include "sim_wire.h"
#include "world_conf.h"

#define HOUR_MS 3600000LL
#define LIVED_MS (20 * HOUR_MS)
#define OF_ONE_WORLD 200
#define ROUND 2000         /* changes, a line of --out */
#define SECTOR 512
#define LOG_HEAD 32       /* SQLite's file format, section 4 */
#define FRAME_HEAD 24
#define FILES_MAX 32
#define FILE_MAX_BYTES (64u << 20)

enum end { HARMLESS = 0, WRONG = 1, NOTICED = 2 };

struct file {
	char name[300];
	struct buf bytes;
};

static struct {
	uint64_t seed, only;
	long rot;
	long ends[3];
	const char *mutant;
	char folder[64], copy[80];
	struct rules *rules;
	struct file file[FILES_MAX];
	size_t files_n;
} the;

void
broken(const char *form, ...)
{
	va_list a;

	printf("{\"proof\":\"rot\",\"seed\":%llu,\"rot\":%ld,\"mutant\":\"%s\",\"verdict\":\"broken\",\"why\":\"", (unsigned long long)the.seed, the.rot, the.mutant);
	va_start(a, form);
	(void)vprintf(form, a);
	va_end(a);
	printf("\"}\nagain: prove_rot --seed %llu --only %ld%s%s\n", (unsigned long long)the.seed, the.rot, the.mutant[0] ? " --mutant " : "", the.mutant);
	(void)fflush(stdout);
	_exit(WRONG);
}

static int
remove_it(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path);
}

/* ---- what lies on the disk ---- */

static int
read_it(const char *path, const struct stat *st, int what, struct FTW *at)
{
	struct file *f = &the.file[the.files_n];
	char *into = malloc((size_t)st->st_size + 1);
	int fd;

	(void)at;
	if (what == FTW_F && !strstr(path, "-shm") && the.files_n < FILES_MAX && into && (fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		(void)snprintf(f->name, sizeof f->name, "%s", path + strlen(the.folder) + 1);
		buf_init(&f->bytes, FILE_MAX_BYTES);
		if (read(fd, into, (size_t)st->st_size) != st->st_size || !buf_add(&f->bytes, into, (size_t)st->st_size))
			abort();
		(void)close(fd);
		the.files_n++;
	}
	free(into);
	return 0;
}

static void
write_all(void)
{
	char path[400];

	(void)snprintf(path, sizeof path, "%s/journal", the.copy);
	if (mkdir(the.copy, 0700) != 0 || mkdir(path, 0700) != 0)
		abort();
	for (size_t i = 0; i < the.files_n; i++) {
		const struct file *f = &the.file[i];
		int fd;

		(void)snprintf(path, sizeof path, "%s/%.300s", the.copy, f->name);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 || (f->bytes.n > 0 && write(fd, f->bytes.p, f->bytes.n) != (ssize_t)f->bytes.n) || close(fd) != 0)
			abort();
	}
}

static struct buf *
bytes_of(const char *name)
{
	for (size_t i = 0; i < the.files_n; i++)
		if (strcmp(the.file[i].name, name) == 0)
			return &the.file[i].bytes;
	return NULL;
}

/* Where it would hurt: close to a time of day of some visit. */
static size_t
sore_place(const struct buf *b, size_t otherwise)
{
	for (size_t i = 0, at = otherwise; i + 40 < b->n; i++, at = at + 1 < b->n ? at + 1 : 8)
		if (at + 40 < b->n && at >= 8 && memcmp(b->p + at, "2026-1", 6) == 0)
			return at - 8 + dice(28);
	return otherwise;
}

/* Whether these bytes are of the last commit in the log: damaged it looks like one that the power cut short, and is forgotten
 * (docs/RELIABILITY.md, what can still happen). */
static bool
in_last_commit(const struct buf *log, size_t from, size_t to)
{
	const uint8_t *p = (const uint8_t *)log->p;
	size_t page = log->n < LOG_HEAD ? 0 : (size_t)p[8] << 24 | (size_t)p[9] << 16 | (size_t)p[10] << 8 | p[11];
	size_t begins = LOG_HEAD, ends = LOG_HEAD;

	for (size_t at = LOG_HEAD; page > 0 && at + FRAME_HEAD + page <= log->n && memcmp(p + at + 8, p + 16, 8) == 0; at += FRAME_HEAD + page)
		if (memcmp(p + at + 4, "\0\0\0\0", 4) != 0) {
			begins = ends;
			ends = at + FRAME_HEAD + page;
		}
	return from < ends && to > begins;
}

/* Where it will be, of the database or of its log as they are large; whether a sector or a bit. */
static struct buf *
choose(size_t *at, bool *sector)
{
	struct buf *db = bytes_of("nudge.db"), *log = bytes_of("nudge.db-wal"), *b;

	for (;;) {
		*at = dice(db->n + (log ? log->n : 0));
		b = *at < db->n ? db : log;
		*at -= b == db ? 0 : db->n;
		*sector = false;
		if (dice(10) < 4)
			*at = sore_place(b, *at);
		else
			*sector = dice(10) >= 6 && *at / SECTOR * SECTOR + SECTOR <= b->n;
		if (*sector)
			*at = *at / SECTOR * SECTOR;
		if (b == db || !in_last_commit(log, *at, *at + (*sector ? SECTOR : 1)))
			return b;
	}
}

/* One thing goes wrong. */
static void
rot(void)
{
	bool sector;
	size_t at;
	struct buf *b = choose(&at, &sector);

	if (!sector) {
		b->p[at] = (char)(b->p[at] ^ (1 << dice(8)));
		return;
	}
	switch (dice(3)) {
	case 0:
		memset(b->p + at, 0, SECTOR);
		break;
	case 1:
		for (size_t i = 0; i < SECTOR; i++)
			b->p[at + i] = (char)dice(256);
		break;
	default:
		memmove(b->p + at, b->p + dice(b->n / SECTOR) * SECTOR, SECTOR);
		break;
	}
}

/* ---- a life on it ---- */

/* false: it has ended by itself. */
static bool
live(int64_t until_ms)
{
	while (sim_ms() < until_ms) {
		int64_t next;

		if (house_has_died())
			return false;
		if (sim_do_one())
			continue;
		next = house_next_ms();
		if (next <= sim_ms()) {
			house_turn();
			continue;
		}
		if (sim_next_ms() < next)
			next = sim_next_ms();
		sim_advance(next < until_ms ? next : until_ms);
	}
	return true;
}

__attribute__((noreturn)) static void
child(long k)
{
	the.rot = k;
	(void)snprintf(the.copy, sizeof the.copy, "%s/rot", the.folder);
	for (long i = 0; i < k; i++) /* chance of its own */
		(void)dice(2);
	rot();
	write_all();
	house_move(the.copy);
	house_tolerates(true);
	if (!house_start())
		_exit(NOTICED);
	(void)sender_start();
	_exit(live(clinic_ends_ms()) && live(sim_ms() + HOUR_MS / 2) ? HARMLESS : NOTICED);
}

static void
one_rot(long k)
{
	pid_t pid;
	int status = 0;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(k);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	(void)nftw(the.copy, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	if (WIFEXITED(status) && WEXITSTATUS(status) != WRONG && WEXITSTATUS(status) <= NOTICED) {
		the.ends[WEXITSTATUS(status)]++;
		return;
	}
	if (!WIFEXITED(status))
		printf("{\"proof\":\"rot\",\"seed\":%llu,\"rot\":%ld,\"verdict\":\"broken\",\"why\":\"signal %d\"}\nagain: prove_rot --seed %llu --only %ld\n",
		    (unsigned long long)the.seed, k, WTERMSIG(status), (unsigned long long)the.seed, k);
	(void)nftw(the.folder, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	exit(1);
}

static void
one_world(long from, long to)
{
	static const struct house_watch watch = { clinic_answered, clinic_job };
	struct clinic_ways w = { .visits = 25, .days = 2, .feeds = 1, .window = 2, .clock_is_right = true };
	struct gateway_ways g = { .slow_ms = 100, .took = clinic_took, .refused = clinic_refused };

	sim_begin(the.seed);
	sim_link_clear();
	sim_wires_clear();
	sim_gateway_begin(&g);
	house_begin(the.folder, the.rules, &watch);
	clinic_begin(&w, the.rules);
	if (!house_start() || !sender_start() || !live(LIVED_MS))
		broken("a world without trouble ended by itself");
	sender_end(true);
	house_end(HOUSE_KILL);
	the.files_n = 0;
	(void)nftw(the.folder, read_it, 8, FTW_PHYS);
	(void)snprintf(the.copy, sizeof the.copy, "%s/rot", the.folder);
	for (long k = from; k < to; k++)
		one_rot(k);
	for (size_t i = 0; i < the.files_n; i++)
		buf_clear(&the.file[i].bytes);
	house_clear();
}

/* The seeds of a round follow one another: the line names the last, behind which a later run goes on. */
static void
report(FILE *out, uint64_t first)
{
	fprintf(out, "{\"proof\":\"rot\",\"first\":%llu,\"seed\":%llu,\"rots\":%ld,\"noticed\":%ld,\"harmless\":%ld,\"wrong\":0,\"mutant\":\"%s\",\"verdict\":\"held\"}\n",
	    (unsigned long long)first, (unsigned long long)the.seed - (the.seed > first), the.ends[HARMLESS] + the.ends[NOTICED], the.ends[NOTICED],
	    the.ends[HARMLESS], the.mutant);
	(void)fflush(out);
}

int
main(int argc, char **argv)
{
	long rots = 300, only = -1, done = 0;
	const char *to = NULL;
	FILE *out = stdout;

	the.mutant = "";
	the.seed = 1;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--rots") == 0)
			rots = strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			the.seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--out") == 0)
			to = argv[i + 1];
		else if (strcmp(argv[i], "--only") == 0)
			only = strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--mutant") == 0)
			the.mutant = argv[i + 1];
	}
	if (!getenv("NUDGE_TRACE") && !freopen("/dev/null", "w", stderr))
		return 2;
	(void)snprintf(the.folder, sizeof the.folder, "%.40s/nudge-rot-XXXXXX", getenv("NUDGE_RIG") ? getenv("NUDGE_RIG") : "/dev/shm");
	if (!mkdtemp(the.folder))
		return 2;
	the.rules = world_rules(the.folder, WORLD_CONF);
	cut_install();
	mutant_choose(the.mutant);
	if (only >= 0)
		one_world(only, only + 1);
	if (to) {
		done = rounds_done(to, "rots", &the.seed);
		out = fopen(to, "a");
		if (!out)
			return 2;
	}
	if (only >= 0)
		report(out, the.seed);
	while (only < 0 && done < rots) {
		uint64_t first = the.seed;
		long end = done + ROUND < rots ? done + ROUND : rots;

		memset(the.ends, 0, sizeof the.ends);
		for (; done < end; done += OF_ONE_WORLD, the.seed++)
			one_world(0, end - done < OF_ONE_WORLD ? end - done : OF_ONE_WORLD);
		report(out, first);
	}
	if (to && fclose(out) != 0)
		return 2;
	rules_drop(the.rules);
	(void)nftw(the.folder, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}
