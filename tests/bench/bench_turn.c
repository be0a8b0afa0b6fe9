/* bench_turn.c - what a message costs from its bytes to its commit, beside the bare row group of SQLite.
 *
 *   bench_turn [--json] [--messages N] [--group N] [--stored N] [--dir DIR] [--only map|plan|turn|limit]
 *
 * One thread, no network: siu_read() and engine_turn() over a real store, in
 * turns of N messages, and the same rows (appointment, control id, three
 * notifications) with nothing of ours around them: "limit" with our way to find
 * what is due, "plain" with an index of the due time. A fixed feed, so that
 * instructions can be counted and compared from one day to the next.
 */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bare_rows.h"
#include "bench_house.h"
#include "feed.h"

static struct message *
read_one(struct bench *b, long long i)
{
	char text[FEED_MAX];
	size_t n = feed_text(i, i, NOW_S, 0, text);

	return message_of(b, span_from(text, n));
}

/* ---- what is measured ---- */

struct cost {
	double wall_us, cpu_us; /* for each message */
};

static struct cost
map_only(struct bench *b, long long n)
{
	static char text[256][FEED_MAX];
	size_t length[256];
	const struct conf *conf = b->rules->conf;
	const struct conf_environment *environment = &conf->environments[0];
	struct siu_peer peer = { &conf->listeners[0], &environment, 1 };
	struct message m = { .kind = MESSAGE_IGNORE };

	for (int i = 0; i < 256; i++)
		length[i] = feed_text(i, i, NOW_S, 0, text[i]);
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

/* A visit with all its texts, moved by some hours again and again. */
static struct cost
plan_only(struct bench *b, long long n)
{
	static struct plan plan;
	static const char *const rules[] = { "", "day", "soon" };
	struct plan_known known[3] = { 0 };
	struct plan_input in = { .rules = &b->rules->sites[0], .may_send = true, .status = VISIT_BOOKED, .has_start = true,
		.now_s = NOW_S, .known = known, .known_n = 3 };
	double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

	for (int k = 0; k < 3; k++) {
		known[k] = (struct plan_known){ .id = k + 1, .kind = k == 0 ? TEXT_BOOKED : TEXT_REMINDER, .this_patient = true,
			.state = k == 0 ? TEXT_SENT : TEXT_PENDING };
		memcpy(known[k].rule, rules[k], strlen(rules[k]) + 1);
	}
	for (long long i = 0; i < n; i++) {
		int64_t before_s = NOW_S + 5 * 86400 + i % 90 * 86400;
		struct civil before;

		in.start_s = before_s + 3600 * (1 + i % 5);
		zone_civil(in.rules->zone, in.start_s, &in.wall);
		for (int k = 0; k < 3; k++)
			known[k].start_s = before_s;
		zone_civil(in.rules->zone, before_s, &before);
		plan_fingerprint(in.rules->site, &before, MODALITY_UNKNOWN, SPAN_NONE, known[0].fingerprint);
		plan_fingerprint(in.rules->site, &in.wall, MODALITY_UNKNOWN, SPAN_NONE, in.fingerprint);
		plan_make(&in, &plan);
		must(plan.add_n == 3 && plan.end_n == 2, "a move is not a changed text and two reminders", NULL);
	}
	return (struct cost){ (seconds_of(CLOCK_MONOTONIC) - wall) / (double)n * 1e6,
		(seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)n * 1e6 };
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

static struct cost
measure_limit(const struct bench *b, enum bare_due due, long long stored, long long n, int group)
{
	struct bare_rows l;
	char path[300];
	double wall = 0, cpu = 0;

	(void)snprintf(path, sizeof path, "%s/%s.db", b->folder, due == BARE_BY_DAY ? "limit" : "plain");
	bare_open(&l, path, due);
	for (long long i = 0; i < stored + n;) {
		long long end = i < stored ? stored : stored + n;
		int now = i < stored ? 512 : group;

		if (i == stored) {
			wall = seconds_of(CLOCK_MONOTONIC);
			cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
		}
		bare_do(&l, BARE_BEGIN);
		for (int k = 0; k < now && i < end; k++, i++)
			bare_put(&l, i, i, feed_start(i, NOW_S), NOW_S);
		bare_do(&l, BARE_COMMIT);
	}
	struct cost c = { (seconds_of(CLOCK_MONOTONIC) - wall) / (double)n * 1e6,
		(seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)n * 1e6 };

	bare_close(&l);
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
		fprintf(stderr, "usage: bench_turn [--json] [--messages N] [--group 1..512] [--stored N] [--dir DIR] [--only map|plan|turn|limit]\n");
		return 2;
	}
	(void)snprintf(b.folder, sizeof b.folder, "%.200s/bench-turn-XXXXXX", word_after(argc, argv, "--dir", "/var/tmp"));
	must(mkdtemp(b.folder), b.folder, NULL);
	write_conf(&b, "", "");
	open_house(&b, NOW_S);
	if (!*only || strcmp(only, "map") == 0)
		report("map", map_only(&b, n * 10), 1, 0, NULL, json);
	if (!*only || strcmp(only, "plan") == 0)
		report("plan", plan_only(&b, n * 10), 1, 0, NULL, json);
	if (!*only || strcmp(only, "limit") == 0) {
		report("plain", measure_limit(&b, BARE_BY_SECOND, stored, n, group), group, stored, NULL, json);
		limit = measure_limit(&b, BARE_BY_DAY, stored, n, group);
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
