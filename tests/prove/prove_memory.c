/* prove_memory.c - every allocation fails in turn, once and for a while: nothing wrong is said, nothing is lost, and it goes on by itself.
 *
 *   prove_memory [--runs N] [--seed S] [--out FILE] [--only N [--how once|ever]] [--mutant NAME]
 *
 * A small world of two days (sim.h), each time in a process of its own: start, visits booked,
 * moved and canceled, texts, and the end. The N-th allocation of the product or
 * of a library (scarce.h) fails: that one alone, or all for ten minutes. The
 * product may close a connection, end by itself and be started again, as systemd does; it
 * must not crash, leak (in a build with a sanitizer), or break a promise
 * (sim_clinic.c), and what is due later must come.
 *
 * With --out FILE every N, and FILE gets a line of JSON each, from whose last a
 * later run goes on; else --runs of them by chance. Exit 0: it held; 1: not, and how to see it again.
 */
// SPDX-License-Identifier: Apache-2.0
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cut_vfs.h"
#include "mutant.h"
#include "scarce.h"
#include "sim.h"
#include "sim_clinic.h"
#include "sim_house.h"
#include "sim_link.h"
#include "sim_trouble.h"
#include "sim_wire.h"
#include "world_conf.h"

#define WHILE_MS 600000LL
#define SLACK_MS 3600000LL /* after that all is as ever */
#define LEAKED 23

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static const char *const how_names[] = { "once", "ever" };

static struct {
	uint64_t seed;
	const char *mutant;
	char folder[64], copy[80];
	struct rules *rules;
	struct told { /* by the child, in memory of both */
		long n, asked, failed, starts;
		int how;
	} *told;
	long runs, restarts, failed;
} the;

void
broken(const char *form, ...)
{
	va_list a;

	printf("{\"proof\":\"memory\",\"seed\":%llu,\"allocation\":%ld,\"how\":\"%s\",\"mutant\":\"%s\",\"at\":%.3f,\"verdict\":\"broken\",\"why\":\"",
	    (unsigned long long)the.seed, the.told->n, how_names[the.told->how], the.mutant, (double)sim_ms() / 1000);
	va_start(a, form);
	(void)vprintf(form, a);
	va_end(a);
	printf("\"}\n");
	(void)fflush(stdout);
	_exit(1);
}

static int
remove_it(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path);
}

/* ---- one life ---- */

static const struct house_watch watch = { clinic_answered, clinic_job };

/* What libraries make once in a process, and never again when it failed: here
 * several starts share one, where each of the product's has its own. */
static void
warm_up(void)
{
	if (mkdir(the.copy, 0700) != 0)
		abort();
	sim_begin(the.seed);
	sim_link_clear();
	sim_wires_clear();
	house_begin(the.copy, the.rules, &watch);
	if (!house_start())
		broken("it does not start");
	house_clear();
	(void)nftw(the.copy, remove_it, 8, FTW_DEPTH | FTW_PHYS);
}

__attribute__((noreturn)) static void
child(void)
{
	struct clinic_ways w = { .visits = 8, .days = 2, .feeds = 2, .window = 2, .clock_is_right = true };
	struct gateway_ways g = { .slow_ms = 100, .took = clinic_took };
	int64_t quiet_ms;

	if (mkdir(the.copy, 0700) != 0)
		abort();
	sim_begin(the.seed);
	sim_link_clear();
	sim_wires_clear();
	sim_gateway_begin(&g);
	house_begin(the.copy, the.rules, &watch);
	clinic_begin(&w, the.rules);
	scarce_arm(the.told->n, the.told->how ? WHILE_MS : 0);
	trouble_begin(0, 0, &g, the.copy);
	trouble_live(w.days * DAY_MS / 2); /* everybody has booked */
	while (sim_ms() < clinic_ends_ms())
		trouble_live(clinic_ends_ms());
	trouble_live(sim_ms() + HOUR_MS / 2);
	the.told->asked = scarce_asked();
	the.told->failed = scarce_failed();
	the.told->starts = trouble_starts();
	quiet_ms = scarce_until_ms() + SLACK_MS;
	scarce_arm(0, 0);
	trouble_look_at_books();
	clinic_judge(sim_true_s() - (sim_ms() - quiet_ms) / 1000);
	if (house_status()->texts[TEXT_PENDING] != 0 || house_status()->texts[TEXT_SENDING] != 0)
		broken("promise 6: all visits are over, and texts wait");
	house_clear();
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
		_exit(LEAKED);
	(void)fflush(stdout);
	_exit(0);
}

static int
live(long n, int how)
{
	pid_t pid;
	int status = 0;

	*the.told = (struct told){ .n = n, .how = how };
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		child();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	(void)nftw(the.copy, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	if (status == 0) {
		the.runs += the.told->failed > 0;
		the.failed += the.told->failed;
		the.restarts += the.told->starts - 1;
		return 0;
	}
	if (WIFSIGNALED(status) || WEXITSTATUS(status) != 1)
		printf("{\"proof\":\"memory\",\"seed\":%llu,\"allocation\":%ld,\"how\":\"%s\",\"mutant\":\"%s\",\"verdict\":\"broken\",\"why\":\"%s %d\"}\n",
		    (unsigned long long)the.seed, n, how_names[how], the.mutant, WIFSIGNALED(status) ? "signal" : WEXITSTATUS(status) == LEAKED ? "a leak" : "ended with",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	printf("again: prove_memory --seed %llu --only %ld --how %s%s%s\n", (unsigned long long)the.seed, n, how_names[how],
	    the.mutant[0] ? " --mutant " : "", the.mutant);
	return 1;
}

/* ---- many ---- */

static int
by_chance(long runs)
{
	uint64_t chance = the.seed * 0x9e3779b97f4a7c15u + 1;
	int bad = live(0, 0);
	long asked = the.told->asked;

	for (long i = 0; i < runs && bad < 20; i++) {
		chance = chance * 6364136223846793005u + 1442695040888963407u;
		bad += live(1 + (long)((chance >> 33) % (uint64_t)asked), (int)(i % 2));
	}
	return bad;
}

/* Each one, once and for a while, until there are no more. */
static int
every_one(const char *path)
{
	FILE *f = fopen(path, "a+");
	char line[512];
	long n = 1, at;
	int bad = 0;

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "{\"proof\":\"memory\",\"seed\":%*u,\"allocation\":%ld", &at) == 1 && at >= n)
			n = at + 1;
	for (bool any = true; f && any; n++) {
		any = false;
		for (int how = 0; how < 2; how++) {
			bool held = live(n, how) == 0;

			bad += !held;
			any = any || !held || the.told->failed > 0;
			if (!held || the.told->failed > 0)
				fprintf(f, "{\"proof\":\"memory\",\"seed\":%llu,\"allocation\":%ld,\"how\":\"%s\",\"failed\":%ld,\"starts\":%ld,\"verdict\":\"%s\"}\n",
				    (unsigned long long)the.seed, n, how_names[how], the.told->failed, the.told->starts, held ? "held" : "broken");
		}
		(void)fflush(f);
	}
	if (f)
		(void)fclose(f);
	return f ? bad : 1;
}

int
main(int argc, char **argv)
{
	long runs = 200, only = 0;
	const char *out = NULL;
	int how = 0, bad;

	the.mutant = "";
	the.seed = 1;
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *v = argv[i + 1];

		if (strcmp(argv[i], "--runs") == 0)
			runs = strtol(v, NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			the.seed = strtoull(v, NULL, 10);
		else if (strcmp(argv[i], "--only") == 0)
			only = strtol(v, NULL, 10);
		else if (strcmp(argv[i], "--how") == 0)
			how = strcmp(v, "ever") == 0;
		else if (strcmp(argv[i], "--out") == 0)
			out = v;
		else if (strcmp(argv[i], "--mutant") == 0)
			the.mutant = v;
	}
	if (!getenv("NUDGE_TRACE") && !__lsan_do_recoverable_leak_check && !freopen("/dev/null", "w", stderr))
		return 2;
	the.told = mmap(NULL, sizeof *the.told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	(void)snprintf(the.folder, sizeof the.folder, "%.40s/nudge-memory-XXXXXX", getenv("NUDGE_RIG") ? getenv("NUDGE_RIG") : "/dev/shm");
	if (the.told == MAP_FAILED || !scarce_install() || !mkdtemp(the.folder))
		return 2;
	(void)snprintf(the.copy, sizeof the.copy, "%s/life", the.folder);
	the.rules = world_rules(the.folder, WORLD_CONF);
	cut_install();
	mutant_choose(the.mutant);
	warm_up();
	if (only > 0 && getenv("NUDGE_TRAP"))
		scarce_trap();
	bad = only > 0 ? live(only, how) : out ? every_one(out) : by_chance(runs);
	printf("{\"proof\":\"memory\",\"seed\":%llu,\"runs\":%ld,\"failed\":%ld,\"restarts\":%ld,\"mutant\":\"%s\",\"verdict\":\"%s\"}\n",
	    (unsigned long long)the.seed, the.runs, the.failed, the.restarts, the.mutant, bad ? "broken" : "held");
	rules_drop(the.rules);
	(void)nftw(the.folder, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	return bad ? 1 : 0;
}
