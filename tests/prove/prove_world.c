/* prove_world.c - whole worlds by seed: the product as it is, with everything around it failing, and what must hold nevertheless.
 *
 *   prove_world [--seeds N] [--from SEED] [--seed SEED] [--out FILE] [--old FILE] [--mutant NAME] [--twice N]
 *               [--clocks N] [--outage N]
 *
 * Each seed is a world of some days (sim.h and what it names): clinics talk over
 * connections that are cut, delay, repeat and reorder; either daemon is killed
 * anywhere; power, disk, clock and gateway fail, each in those seeds that chance
 * says. The last part is calm. Checked all along: promises 1 to 6 (sim_clinic.c)
 * and the books. A line of JSON a world goes to FILE, from whose last line a
 * later run goes on. Exit 0: it held; 1: it did not, and how to see it again
 * (NUDGE_TRACE=1 tells all). The seeds of --old go first.
 *
 * --clocks N: N times each way in which a clock can be wrong, alone. --outage N:
 * the gateway is away for a day, and N texts get due in it.
 */
// SPDX-License-Identifier: Apache-2.0
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cut_vfs.h"
#include "mutant.h"
#include "sim.h"
#include "sim_clinic.h"
#include "sim_feed.h"
#include "sim_house.h"
#include "sim_link.h"
#include "sim_refuse.h"
#include "sim_trouble.h"
#include "sim_wire.h"
#include "world_conf.h"

#define TROUBLES_PART 6 /* tenths of a world in which things fail */

/* In one world of six SQLite refuses statements, often or seldom; it takes nothing of the world's own chance. */
#define REFUSES(seed) ((seed) % 6 == 2)

static struct {
	uint64_t seed;
	struct gateway_ways gateway;
	const char *mutant;
	char folder[64];
	struct rules *rules, *outage_rules;
} the;

static int
remove_it(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path);
}

void
broken(const char *form, ...)
{
	va_list a;

	printf("{\"proof\":\"world\",\"seed\":%llu,\"mutant\":\"%s\",\"at\":%.3f,\"verdict\":\"broken\",\"why\":\"", (unsigned long long)the.seed, the.mutant,
	    (double)sim_ms() / 1000);
	va_start(a, form);
	(void)vprintf(form, a);
	va_end(a);
	printf("\"}\nagain: prove_world --seed %llu%s%s\n", (unsigned long long)the.seed, the.mutant[0] ? " --mutant " : "", the.mutant);
	(void)fflush(stdout);
	if (!getenv("NUDGE_TRACE")) /* else it may be looked into */
		(void)nftw(the.folder, remove_it, 8, FTW_DEPTH | FTW_PHYS);
	_exit(1);
}

/* ---- one world ---- */

static struct clinic_ways
temper(unsigned *troubles)
{
	struct clinic_ways w = { .visits = 10 + (int)dice(40), .days = 2 + (int64_t)dice(3), .feeds = 1 + (int)dice(3), .window = 1 + (int)dice(4) };
	bool sets_clock, rough;

	*troubles = 0;
	for (int t = 0; t < TROUBLES; t++)
		*troubles |= dice(5) < 2 ? 1u << t : 0;
	sets_clock = *troubles >> CLOCK & 1;
	rough = *troubles >> ROUGH_NETWORK & 1;
	w.clock_is_right = !sets_clock;
	w.in_disorder = !sets_clock && dice(3) == 0;
	w.cut = rough ? dice(200) : 0;
	w.again = dice(2) ? dice(150) : 0;
	w.junk = dice(2) ? dice(200) : 0;
	the.gateway = (struct gateway_ways){ .window_s = dice(2) ? 270 : 0, .slow_ms = (int64_t)dice(400), .twice = dice(2) ? dice(50) : 0,
		.took = clinic_took, .refused = clinic_refused };
	return w;
}

static void
nothing_waits(void)
{
	const struct engine_status *s = house_status();

	if (s->texts[TEXT_PENDING] != 0 || s->texts[TEXT_SENDING] != 0)
		broken("promise 6: all visits are over, and %lld texts wait, %lld are at the gateway", (long long)s->texts[TEXT_PENDING],
		    (long long)s->texts[TEXT_SENDING]);
}

static void
begin(uint64_t seed)
{
	the.seed = seed;
	sim_begin(seed);
	sim_link_clear();
	sim_wires_clear();
}

static void
set_out(const struct clinic_ways *w, struct rules *r, unsigned troubles, int64_t quiet_ms)
{
	static const struct house_watch watch = { clinic_answered, clinic_job };

	sim_gateway_begin(&the.gateway);
	house_begin(the.folder, r, &watch);
	clinic_begin(w, r);
	trouble_begin(troubles, quiet_ms, &the.gateway, the.folder);
}

static void
live_to_the_end(void)
{
	while (sim_ms() < clinic_ends_ms())
		trouble_live(clinic_ends_ms());
	trouble_live(sim_ms() + HOUR_MS / 2);
	trouble_look_at_books();
}

static uint64_t
run(uint64_t seed)
{
	struct clinic_ways w;
	unsigned troubles;
	int64_t quiet_ms;

	begin(seed);
	w = temper(&troubles);
	quiet_ms = w.days * DAY_MS * TROUBLES_PART / 10;
	refuse_begin(seed, REFUSES(seed) ? 30 + seed * 7919 % 500 : 0);
	set_out(&w, the.rules, troubles, quiet_ms);
	trouble_live(quiet_ms + 1);
	live_to_the_end();
	clinic_judge(sim_true_s() - (sim_ms() - quiet_ms) / 1000);
	nothing_waits();
	house_clear();
	return sim_hash();
}

/* ---- fixed ones ---- */

/* The clock is set once, for some hours, or is never known to be right: nobody loses a reminder, nobody gets two. Each
 * with nudged as it is, and with one that is ended while the clock is wrong. */
static void
run_clocks(uint64_t seed)
{
	static const struct { int64_t by_s, for_ms; } ways[] = { { 1, 0 }, { -1, 0 }, { 100, HOUR_MS }, { -100, HOUR_MS },
		{ 3600, 2 * HOUR_MS }, { -3600, 2 * HOUR_MS }, { 86400, 3 * HOUR_MS }, { -86400, 3 * HOUR_MS },
		{ -1795780800, 4 * HOUR_MS }, { 410000000, 4 * HOUR_MS }, { 2500000000, HOUR_MS }, { 0, 0 } };

	for (size_t k = 0; k < 2 * COUNT(ways); k++) {
		struct clinic_ways w = { .visits = 30, .days = 3, .feeds = 1, .window = 2 };
		size_t i = k / 2;
		int64_t half_ms = ways[i].for_ms ? ways[i].for_ms / 2 : HOUR_MS;

		begin(seed * 1000 + k);
		the.gateway = (struct gateway_ways){ .slow_ms = 100, .took = clinic_took, .refused = clinic_refused };
		set_out(&w, the.rules, 0, 0);
		trouble_live(1);
		if (i + 1 == COUNT(ways)) /* not synchronised, all the time */
			house_synchronised(false);
		trouble_live(20 * HOUR_MS);
		if (ways[i].by_s)
			trouble_set_clock(ways[i].by_s * 1000, ways[i].for_ms);
		if (k % 2) {
			trouble_live(20 * HOUR_MS + half_ms);
			trouble_end_nudged(seed % 2 ? HOUSE_KILL : HOUSE_POWER, 20000);
		}
		trouble_live(30 * HOUR_MS);
		sim_advance(sim_ms() + 8 * HOUR_MS); /* and a night in which the machine is suspended */
		live_to_the_end();
		clinic_judge(INT64_MIN / 2);
		nothing_waits();
		house_clear();
	}
}

#define OUTAGE_RATE 200 /* segments a minute, see world_conf.c */
#define OUTAGE_FROM_MS (42 * HOUR_MS)
#define OUTAGE_TO_MS (66 * HOUR_MS)

static struct {
	int64_t minute, in_it, most, last_ms;
} rate;

static void
took_by_minute(const struct taken *t)
{
	if (sim_ms() / 60000 != rate.minute)
		rate.in_it = 0;
	rate.minute = sim_ms() / 60000;
	rate.in_it++;
	rate.most = rate.in_it > rate.most ? rate.in_it : rate.most;
	rate.last_ms = sim_ms();
	clinic_took(t);
}

/* The gateway is away for a day in which everything gets due: then at the
 * number's rate, all of it, once, and before it is too late. */
static void
run_outage(uint64_t seed, int visits)
{
	struct clinic_ways w = { .visits = visits, .days = 1, .feeds = 4, .window = 32, .fixed = true, .clock_is_right = true };
	int64_t done_by_ms = OUTAGE_TO_MS + visits * 60000LL / OUTAGE_RATE * 105 / 100 + 120000;
	const struct engine_status *s;

	memset(&rate, 0, sizeof rate);
	begin(seed);
	the.gateway = (struct gateway_ways){ .window_s = 270, .slow_ms = 200, .took = took_by_minute, .refused = clinic_refused };
	set_out(&w, the.outage_rules, 0, 0);
	trouble_live(OUTAGE_FROM_MS);
	sim_gateway_away(true);
	trouble_live(OUTAGE_TO_MS);
	s = house_status();
	if (sim_gateway_took() != 0 || s->texts[TEXT_PENDING] + s->texts[TEXT_SENDING] != visits)
		broken("%lld texts went before, %lld are queued", (long long)sim_gateway_took(), (long long)s->texts[TEXT_PENDING]);
	sim_gateway_away(false);
	live_to_the_end();
	if (sim_gateway_took() != visits)
		broken("of %d texts %lld came", visits, (long long)sim_gateway_took());
	if (rate.most > OUTAGE_RATE + OUTAGE_RATE / 10 || rate.last_ms > done_by_ms)
		broken("%lld texts in one minute, the last after %lld s", (long long)rate.most, (long long)(rate.last_ms - OUTAGE_TO_MS) / 1000);
	clinic_judge(INT64_MIN / 2);
	nothing_waits();
	printf("{\"proof\":\"outage\",\"seed\":%llu,\"queued\":%d,\"most_a_minute\":%lld,\"drained_s\":%lld,\"double\":0,\"late\":0,\"verdict\":\"held\"}\n",
	    (unsigned long long)seed, visits, (long long)rate.most, (long long)(rate.last_ms - OUTAGE_TO_MS) / 1000);
	house_clear();
}

static void
report(FILE *out, uint64_t hash)
{
	const struct clinic_counts *c = clinic_counts();

	fprintf(out, "{\"proof\":\"world\",\"seed\":%llu,\"hash\":\"%016llx\",\"simulated_h\":%lld,\"messages\":%lld,\"acknowledged\":%lld,\"said_again\":%lld,"
	    "\"jobs\":%lld,\"texts\":%lld,\"reminders\":%lld,\"owed\":%lld,\"starts\":%lld,\"faults\":{",
	    (unsigned long long)the.seed, (unsigned long long)hash, (long long)(sim_ms() / HOUR_MS), (long long)c->messages,
	    (long long)c->acknowledged, (long long)feed_repeats(), (long long)c->jobs, (long long)c->texts, (long long)c->reminders,
	    (long long)c->owed_reminders, (long long)trouble_starts());
	fprintf(out, "\"refused\":%lld", (long long)refuse_happened());
	for (int t = 0; t < TROUBLES; t++)
		if (trouble_happened((enum trouble)t) > 0)
			fprintf(out, ",\"%s\":%lld", trouble_names[t], (long long)trouble_happened((enum trouble)t));
	fprintf(out, "},\"mutant\":\"%s\",\"verdict\":\"held\"}\n", the.mutant);
	(void)fflush(out);
}

/* ---- many ---- */

/* The seed behind the last line of an earlier run. */
static uint64_t
go_on_after(const char *path, uint64_t from)
{
	FILE *f = fopen(path, "r");
	char line[1024];
	unsigned long long seed;

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "{\"proof\":\"world\",\"seed\":%llu", &seed) == 1 && seed >= from)
			from = seed + 1;
	if (f)
		(void)fclose(f);
	return from;
}

static void
old_ones(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[256];

	while (f && fgets(line, sizeof line, f)) {
		char *end;
		uint64_t seed = strtoull(line, &end, 10);

		if (end != line)
			(void)run(seed);
	}
	if (f)
		(void)fclose(f);
}

static void
prepare(void)
{
	(void)snprintf(the.folder, sizeof the.folder, "%.40s/nudge-world-XXXXXX", getenv("NUDGE_RIG") ? getenv("NUDGE_RIG") : "/dev/shm");
	if (!mkdtemp(the.folder))
		abort();
	the.outage_rules = world_rules(the.folder, WORLD_OUTAGE);
	the.rules = world_rules(the.folder, WORLD_CONF);
	cut_install();
}

static void
tidy(void)
{
	rules_drop(the.rules);
	rules_drop(the.outage_rules);
	(void)nftw(the.folder, remove_it, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(int argc, char **argv)
{
	uint64_t from = 1, n = 300, twice = 3, worlds = 0, clocks = 0, outage = 0;
	const char *out = NULL, *seeds = NULL;
	FILE *lines = NULL;

	the.mutant = "";
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *v = argv[i + 1];

		if (strcmp(argv[i], "--seeds") == 0)
			n = strtoull(v, NULL, 10);
		else if (strcmp(argv[i], "--from") == 0)
			from = strtoull(v, NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			from = strtoull(v, NULL, 10), n = 1;
		else if (strcmp(argv[i], "--out") == 0)
			out = v;
		else if (strcmp(argv[i], "--twice") == 0)
			twice = strtoull(v, NULL, 10);
		else if (strcmp(argv[i], "--clocks") == 0)
			clocks = strtoull(v, NULL, 10), n = 0;
		else if (strcmp(argv[i], "--outage") == 0)
			outage = strtoull(v, NULL, 10), n = 0;
		else if (strcmp(argv[i], "--old") == 0)
			seeds = v;
		else if (strcmp(argv[i], "--mutant") == 0)
			the.mutant = v;
	}
	if (!getenv("NUDGE_TRACE") && !freopen("/dev/null", "w", stderr))
		return 2;
	prepare();
	mutant_choose(the.mutant);
	if (seeds)
		old_ones(seeds);
	for (uint64_t seed = from; seed < from + clocks; seed++)
		run_clocks(seed);
	if (outage > 0)
		run_outage(from, (int)outage);
	uint64_t first = out ? go_on_after(out, from) : from;

	lines = out ? fopen(out, "a") : NULL;
	for (uint64_t seed = first; seed < from + n; seed++, worlds++) {
		uint64_t hash = run(seed);

		if (lines)
			report(lines, hash);
		else if (n == 1)
			report(stdout, hash);
		if (worlds < twice && run(seed) != hash)
			broken("the same seed gave another world");
	}
	if (lines)
		(void)fclose(lines);
	if (clocks > 0)
		printf("{\"proof\":\"clocks\",\"from\":%llu,\"each\":%llu,\"lost\":0,\"double\":0,\"verdict\":\"held\"}\n", (unsigned long long)from, (unsigned long long)clocks);
	if (n > 0)
		printf("{\"proof\":\"worlds\",\"from\":%llu,\"worlds\":%llu,\"mutant\":\"%s\",\"verdict\":\"held\"}\n", (unsigned long long)from,
	    (unsigned long long)n, the.mutant);
	tidy();
	return 0;
}
