/* prove_world.c - whole worlds by seed: the product as it is, with everything around it failing, and what must hold nevertheless.
 *
 *   prove_world [--seeds N] [--from SEED] [--seed SEED] [--out FILE] [--mutant NAME] [--twice N]
 *
 * Each seed is a world of some days (sim.h and what it names): clinics talk over
 * connections that are cut, delay, repeat and reorder; either daemon is killed
 * anywhere; power, disk, clock and gateway fail, each in those seeds that chance
 * says. The last part is calm. Checked all along: promises 1 to 6 (sim_clinic.c)
 * and the books. A line of JSON a world goes to FILE, from whose last line a
 * later run goes on. Exit 0: it held; 1: it did not, and how to see it again
 * (NUDGE_TRACE=1 tells all). Seeds of tests/prove/seeds go first.
 */
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
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
#include "sim_wire.h"

#define HOUR_MS 3600000
#define DAY_MS (24 * HOUR_MS)
#define FAULTS_PART 6 /* tenths of a world in which things fail */

static const char conf_text[] =
    "state_directory = %s\nstore_key = store.key\nsender_socket = sender\n"
    "organization \"lamna\" { name = \"Lamna Healthcare\" consent_send_on_behalf = true\n"
    " consent_attendees_consented = true country = US }\n"
    "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = acs.key reports = none }\n"
    "number \"main\" { sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = 300/min }\n"
    "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n"
    "site \"cardiology\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main sending_application = CARD\n"
    " time_zone = America/Chicago approver = none contact = \"608-271-9000\" daily_cap = 0 storm_brake = off reminder \"day\" { before = 24h } }\n"
    "site \"eye\" { environment = prod fhir_base_url = \"https://y/R4\" profile = epic number = main sending_application = EYE\n"
    " time_zone = America/New_York settle = 0s approver = none contact = \"608-271-9001\" daily_cap = 0 storm_brake = off\n"
    " reminder \"day\" { before = 24h } reminder \"soon\" { before = 90min } }\n";

enum trouble { KILL_NUDGED, KILL_SENDER, POWER, DISK_FULL, SYNC_FAILS, CLOCK, SUSPEND, GATEWAY_AWAY, GATEWAY_ODD, SLOW_LINK, ROUGH_NETWORK, FAULTS };

static const char *const fault_names[FAULTS] = { "kill-nudged", "kill-sender", "power", "disk-full", "sync-fails", "clock", "suspend",
	"gateway-away", "gateway-odd", "slow-link", "rough-network" };

static struct {
	uint64_t seed;
	unsigned faults;             /* bits of enum trouble that this world has */
	int64_t quiet_ms;            /* from then on nothing fails */
	int64_t nudged_due_ms, sender_due_ms; /* down until then */
	int64_t back_ms;             /* by how much the clock must be put right */
	struct gateway_ways gateway;
	int64_t happened[FAULTS], starts;
	const char *mutant;
	char folder[64];
	struct rules *rules;
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

static bool
has(enum trouble f)
{
	return the.faults >> f & 1;
}

/* ---- up and down ---- */

static bool
books_are_right(void *ctx, const struct states_view *v)
{
	(void)ctx;
	if (!states_add_up(v))
		broken("promise 6: the states do not add up to what was planned");
	return true;
}

static void
look_at_books(void)
{
	struct store_reader *r = NULL;
	struct fault f = { 0 };

	if (!store_reader_open(the.folder, &r, &f) || !store_read_states(r, books_are_right, NULL, &f))
		broken("promise 6: the books cannot be read: %s", f.text);
	store_reader_close(r);
}

static void
start_nudged(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	if (house_is_up())
		return;
	the.nudged_due_ms = 0;
	the.starts++;
	if (!house_start()) {
		house_end(cut_happened() ? HOUSE_POWER : HOUSE_STOP);
		the.nudged_due_ms = sim_ms() + 5000;
		sim_at(5000, start_nudged, NULL, 0);
		return;
	}
	clinic_look(house_store());
	if (dice(4) == 0)
		look_at_books();
}

static void
start_sender(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	if (!sender_is_up())
		(void)sender_start();
}

static void
end_sender(bool killed, int64_t for_ms)
{
	if (!sender_is_up())
		return;
	sender_end(killed);
	sim_at(for_ms, start_sender, NULL, 0);
}

static void
clock_is_set_right(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	sim_step(-sim_skew_ms());
	house_synchronised(true);
}

/* A machine that starts anew asks its own clock chip, which is wrong by a day or more, or right. */
static void
end_nudged(enum house_end how, int64_t for_ms)
{
	house_end(how);
	if (how == HOUSE_POWER && sim_skew_ms() > -DAY_MS && sim_skew_ms() < DAY_MS)
		clock_is_set_right(NULL, 0);
	sim_at(for_ms, start_nudged, NULL, 0);
}

/* ---- what goes wrong ---- */

static void disk_has_room(void *ctx, int64_t unused) { (void)ctx; (void)unused; cut_full(false); }
static void gateway_is_back(void *ctx, int64_t unused) { (void)ctx; (void)unused; sim_gateway_away(false); }

static void
gateway_is_itself(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	the.gateway.odd = the.gateway.lost = 0;
	sim_gateway_ways(&the.gateway);
}

static void
set_clock(void)
{
	static const int64_t steps_s[] = { 1, -1, 60, -60, 130, -130, 3600, -3600, 86400, -86400, 400 * 86400, -1795780800, 410000000 };
	int64_t s = steps_s[dice(COUNT(steps_s))];

	sim_trace("the clock is set", s, 0);
	house_synchronised(false);
	sim_step(s * 1000 + (int64_t)dice(1000));
	sim_at(1000 + (int64_t)dice(2 * HOUR_MS), clock_is_set_right, NULL, 0);
}

static void
kill_nudged(void)
{
	if (!house_is_up())
		return;
	if (dice(2))
		house_die_after(1 + (long)dice(6));
	else
		end_nudged(HOUSE_KILL, 1000 + (int64_t)dice(luck(50) ? HOUR_MS : 20000));
}

static void
cut_power(void)
{
	if (house_is_up() && dice(3))
		cut_after(1 + (long)dice(40), dice(UINT32_MAX));
	else if (house_is_up()) {
		end_sender(true, 3000 + (int64_t)dice(60000));
		end_nudged(HOUSE_POWER, 2000 + (int64_t)dice(60000));
	}
}

static void
go_wrong(enum trouble f)
{
	sim_trace(fault_names[f], 0, 0);
	the.happened[f]++;
	switch (f) {
	case KILL_NUDGED:
		kill_nudged();
		break;
	case KILL_SENDER:
		end_sender(true, 200 + (int64_t)dice(luck(100) ? HOUR_MS : 10000));
		break;
	case POWER:
		cut_power();
		break;
	case DISK_FULL:
		cut_full(true);
		sim_at((int64_t)dice(20 * 60000), disk_has_room, NULL, 0);
		break;
	case SYNC_FAILS:
		cut_fail_sync(1 + (long)dice(20));
		break;
	case CLOCK:
		set_clock();
		break;
	case SUSPEND:
		sim_advance(sim_ms() + 60000 + (int64_t)dice(8 * HOUR_MS));
		break;
	case GATEWAY_AWAY:
		sim_gateway_away(true);
		sim_at((int64_t)dice(3 * HOUR_MS), gateway_is_back, NULL, 0);
		break;
	case GATEWAY_ODD:
		the.gateway.odd = dice(900);
		the.gateway.lost = dice(500);
		sim_gateway_ways(&the.gateway);
		sim_at((int64_t)dice(HOUR_MS), gateway_is_itself, NULL, 0);
		break;
	case SLOW_LINK:
		sim_link_slow(dice(2));
		break;
	case ROUGH_NETWORK:
		sim_wires_rough(dice(2));
		break;
	case FAULTS:
		break;
	}
}

static void
mischief(void *ctx, int64_t unused)
{
	enum trouble f = (enum trouble)dice(FAULTS);

	(void)ctx;
	(void)unused;
	if (sim_ms() >= the.quiet_ms)
		return;
	if (has(f))
		go_wrong(f);
	sim_at((int64_t)dice(luck(300) ? 60000 : HOUR_MS / 2), mischief, NULL, 0);
}

/* From now on all is well. */
static void
calm(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	sim_trace("calm", 0, 0);
	cut_full(false);
	cut_fail_sync(0);
	cut_after(0, 0);
	house_die_after(0);
	sim_gateway_away(false);
	gateway_is_itself(NULL, 0);
	the.gateway.twice = 0;
	sim_gateway_ways(&the.gateway);
	sim_link_slow(false);
	sim_wires_rough(false);
	clock_is_set_right(NULL, 0);
	clinic_calm();
}

/* ---- one world ---- */

static void
live(int64_t until_ms)
{
	while (sim_ms() < until_ms) {
		int64_t next = INT64_MAX;

		if (house_is_up() && (house_has_died() || cut_happened())) {
			bool power = has(POWER) && !house_has_died();

			if (power || luck(200))
				end_sender(true, 3000 + (int64_t)dice(60000));
			end_nudged(has(POWER) ? HOUSE_POWER : HOUSE_KILL, 1000 + (int64_t)dice(10000));
			continue;
		}
		if (sim_do_one())
			continue;
		if (house_is_up()) {
			next = house_next_ms();
			if (next <= sim_ms()) {
				house_turn();
				continue;
			}
		}
		if (sim_next_ms() < next)
			next = sim_next_ms();
		sim_advance(next < until_ms ? next : until_ms);
	}
}

static struct clinic_ways
temper(void)
{
	struct clinic_ways w = { .visits = 10 + (int)dice(40), .days = 2 + (int64_t)dice(3), .feeds = 1 + (int)dice(3), .window = 1 + (int)dice(4) };

	for (int f = 0; f < FAULTS; f++)
		the.faults |= dice(5) < 2 ? 1u << f : 0;
	w.clock_is_right = !has(CLOCK);
	w.in_disorder = !has(CLOCK) && dice(3) == 0;
	w.cut = has(ROUGH_NETWORK) ? dice(200) : 0;
	w.again = dice(2) ? dice(150) : 0;
	w.junk = dice(2) ? dice(200) : 0;
	the.gateway = (struct gateway_ways){ .window_s = dice(2) ? 270 : 0, .slow_ms = (int64_t)dice(400), .twice = dice(2) ? dice(50) : 0,
		.took = clinic_took };
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

static uint64_t
run(uint64_t seed)
{
	static const struct house_watch watch = { clinic_answered, clinic_job };
	struct clinic_ways w;

	the.seed = seed;
	the.faults = 0;
	the.nudged_due_ms = the.starts = 0;
	memset(the.happened, 0, sizeof the.happened);
	sim_begin(seed);
	sim_link_clear();
	sim_wires_clear();
	w = temper();
	the.quiet_ms = w.days * 24 * HOUR_MS * FAULTS_PART / 10;
	sim_gateway_begin(&the.gateway);
	house_begin(the.folder, the.rules, &watch);
	clinic_begin(&w, the.rules);
	start_nudged(NULL, 0);
	start_sender(NULL, 0);
	sim_at(0, mischief, NULL, 0);
	sim_at(the.quiet_ms, calm, NULL, 0);
	live(the.quiet_ms + 1);
	while (sim_ms() < clinic_ends_ms())
		live(clinic_ends_ms());
	live(sim_ms() + HOUR_MS / 2);
	look_at_books();
	clinic_judge(sim_true_s() - (sim_ms() - the.quiet_ms) / 1000);
	nothing_waits();
	house_clear();
	return sim_hash();
}

static void
report(FILE *out, uint64_t hash)
{
	const struct clinic_counts *c = clinic_counts();

	fprintf(out, "{\"proof\":\"world\",\"seed\":%llu,\"hash\":\"%016llx\",\"simulated_h\":%lld,\"messages\":%lld,\"acknowledged\":%lld,\"said_again\":%lld,"
	    "\"jobs\":%lld,\"texts\":%lld,\"reminders\":%lld,\"owed\":%lld,\"starts\":%lld,\"faults\":{",
	    (unsigned long long)the.seed, (unsigned long long)hash, (long long)(sim_ms() / HOUR_MS), (long long)c->messages,
	    (long long)c->acknowledged, (long long)feed_repeats(), (long long)c->jobs, (long long)c->texts, (long long)c->reminders,
	    (long long)c->owed_reminders, (long long)the.starts);
	for (int f = 0, first = 1; f < FAULTS; f++)
		if (the.happened[f] > 0) {
			fprintf(out, "%s\"%s\":%lld", first ? "" : ",", fault_names[f], (long long)the.happened[f]);
			first = 0;
		}
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
	char path[128], text[4096];
	static const char *const names[] = { "store.key", "acs.key" };

	(void)snprintf(the.folder, sizeof the.folder, "%.40s/nudge-world-XXXXXX", getenv("NUDGE_RIG") ? getenv("NUDGE_RIG") : "/dev/shm");
	if (!mkdtemp(the.folder))
		abort();
	for (size_t i = 0; i < COUNT(names); i++) {
		int fd;

		(void)snprintf(path, sizeof path, "%s/%s", the.folder, names[i]);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, "c2VjcmV0", 8) != 8 || close(fd) != 0)
			abort();
	}
	(void)snprintf(text, sizeof text, conf_text, the.folder);
	the.rules = house_rules(the.folder, text);
	cut_install();
}

static void
tidy(void)
{
	static const char *const names[] = { "store.key", "acs.key", "nudge.conf" };
	char path[128];

	rules_drop(the.rules);
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", the.folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(the.folder);
}

int
main(int argc, char **argv)
{
	uint64_t from = 1, n = 300, twice = 3, worlds = 0;
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
	printf("{\"proof\":\"worlds\",\"from\":%llu,\"worlds\":%llu,\"mutant\":\"%s\",\"verdict\":\"held\"}\n", (unsigned long long)from,
	    (unsigned long long)n, the.mutant);
	tidy();
	return 0;
}
