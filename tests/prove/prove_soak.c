/* prove_soak.c - a month at a busy hospital, through the real engine and store on a made-up clock: memory, descriptors and
 * log are as small on the last day as they were on the tenth.
 *
 *   prove_soak [--messages N] [--days N] [--seed N] [--out FILE] [--mutant leak|descriptor|log]
 *
 * As many messages each day: visits booked, moved, canceled and kept, their
 * texts given to a gateway that takes, refuses and is unsure. Each evening
 * what malloc has given out, what of it is in memory, the open descriptors and
 * the largest log of the day are noted. The first third of the days is for
 * growing; the last may not stand above the second. One line of JSON at the
 * end. Exit 0: flat; 1: not, and by how much. A mutant must be caught: a few answered
 * messages that are kept, readers of the store that stay open, one of them
 * in the middle of its reading, which holds back the log.
 */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <dirent.h>
#include <malloc.h>
#include <sqlite3.h>

#define RIG_RECENT 0
#include "rig.h"

#define STEP_S 300
#define STEPS 288          /* a day */
#define AHEAD 6            /* days that a visit is booked before it, at most */
#define AT_ONCE 400        /* messages of a turn */
#define PATIENTS 20000
#define SITES 3
#define OUT_MAX 65536
#define DAYS_MAX 1000
#define KEPT_MAX 4096
#define SQLITE_BOUND (24u << 20) /* bytes: a cache of 16 MB, and what it needs besides */
#define LOG_BOUND (32u << 20)

struct visit {
	int64_t start_s;   /* 0: it is over, canceled or moved */
	int32_t id;
	int16_t site;
};

struct sample {
	size_t used, resident;     /* bytes: given out by malloc, of the process in memory; both without SQLite's */
	size_t sqlite;             /* bytes that SQLite holds: mostly its cache, which grows with the database to its bound */
	size_t log, store;         /* bytes: the largest log of the day, the database in the evening */
	int descriptors;
};

enum mutant { NONE, LEAK, DESCRIPTOR, LOG };

static struct soak {
	struct rig r;
	uint64_t chance, seed;
	long messages, told, jobs, accepted;
	int days;
	enum mutant mutant;
	const char *out_to;                /* a file that gets the line as well; NULL: none */
	struct visit *bucket[AHEAD + 1];   /* by day of the start */
	size_t bucket_n[AHEAD + 1], bucket_cap;
	int32_t booked;
	struct sent out[OUT_MAX];          /* jobs of this turn, to be answered */
	size_t out_n;
	struct sample sample[DAYS_MAX];
	struct store_reader *kept[KEPT_MAX];
	sqlite3 *reading;
} the;

static const char sites[] =
    "sending_application = CARD } site \"eye\" { sending_application = EYE environment = prod fhir_base_url = \"https://y/R4\" profile = epic number = main\n"
    " time_zone = America/New_York settle = 300s approver = none contact = \"608-271-9001\" languages = {es, en}\n"
    " reminder \"week\" { before = 7d } reminder \"day\" { before = \"1d at 16:00\" } daily_cap = 2 }\n"
    "site \"skin\" { sending_application = SKIN environment = prod fhir_base_url = \"https://z/R4\" profile = epic number = main\n"
    " time_zone = America/Phoenix settle = 60s approver = none contact = \"608-271-9002\" late = send\n"
    " reminder \"day\" { before = 24h } reminder \"soon\" { before = 90min } ";

/* splitmix64: uniform below n. */
static int64_t
below(int64_t n)
{
	uint64_t z = the.chance += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (int64_t)((z ^ z >> 31) % (uint64_t)n);
}

/* ---- the gateway ---- */

static void
on_job(void *ctx, const struct link_job *j)
{
	(void)ctx;
	assert_true(the.out_n < OUT_MAX);
	the.out[the.out_n++] = (struct sent){ .text = j->text, .attempt = j->attempt };
	the.jobs++;
}

static struct queue_link *
event_of(struct sender_event e)
{
	struct sender_event *made = malloc(sizeof *made);

	assert_non_null(made);
	*made = e;
	return &made->link;
}

static void
push(struct queue_link ***end, struct queue_link *q)
{
	**end = q;
	*end = &q->next;
	q->next = NULL;
}

static void
answer_job(struct queue_link ***end, const struct sent *job)
{
	int64_t luck = below(1000);
	enum outcome o = luck < 960 ? OUTCOME_ACCEPTED : luck < 975 ? OUTCOME_REFUSED : luck < 990 ? OUTCOME_AGAIN : OUTCOME_UNSURE;

	push(end, event_of((struct sender_event){ .what = SENDER_OUTCOME, .text = job->text, .attempt = job->attempt,
	    .retry_after_ms = -1, .outcome = o }));
	if (o != OUTCOME_ACCEPTED)
		return;
	the.accepted++;
	if (below(10) < 7)
		push(end, event_of((struct sender_event){ .what = SENDER_EVENT, .told = EVENT_REPORT, .event = job->text, .text = job->text,
		    .delivery = below(20) ? DELIVERY_OK : DELIVERY_FAILED }));
}

/* Turns until nothing is left to answer. */
static void
settle(struct queue_link *messages)
{
	do {
		struct queue_link *events = NULL, **end = &events;

		for (size_t i = 0; i < the.out_n; i++)
			answer_job(&end, &the.out[i]);
		the.out_n = 0;
		(void)turn(&the.r, messages, events, NULL);
		messages = NULL;
	} while (the.out_n > 0);
}

/* ---- the hospital ---- */

static struct queue_link *
say_of(const struct visit *v, enum visit_status status)
{
	char id[16], patient[16], phone[PHONE_MAX];
	struct say s = { .id = id, .patient = patient, .phone = phone, .status = status, .in_s = v->start_s - now_s(&the.r.now),
		.site = (size_t)v->site };

	(void)snprintf(id, sizeof id, "V%d", (int)v->id);
	(void)snprintf(patient, sizeof patient, "P%d", (int)(v->id % PATIENTS));
	(void)snprintf(phone, sizeof phone, "+1608%07d", 2000000 + (int)(v->id % PATIENTS));
	if (s.in_s == 0)
		s.in_s = 1;
	the.told++;
	return &message_of(&the.r, s)->link;
}

/* In some days, in the clinic's day. */
static struct visit *
enter(int32_t id, int16_t site)
{
	int64_t day = now_s(&the.r.now) / 86400 + 1 + below(AHEAD - 1);
	size_t *n = &the.bucket_n[day % (AHEAD + 1)];
	struct visit *v = &the.bucket[day % (AHEAD + 1)][*n];

	assert_true(*n < the.bucket_cap);
	++*n;
	*v = (struct visit){ .start_s = day * 86400 + (14 + below(10)) * 3600 + below(4) * 900, .id = id, .site = site };
	return v;
}

static struct visit *
some_visit(void)
{
	int64_t today = now_s(&the.r.now) / 86400;

	for (int i = 0; i < 64; i++) {
		size_t day = (size_t)((today + 1 + below(AHEAD - 1)) % (AHEAD + 1)), n = the.bucket_n[day];
		struct visit *v = n ? &the.bucket[day][below((int64_t)n)] : NULL;

		if (v && v->start_s)
			return v;
	}
	return NULL;
}

static struct queue_link *
something(void)
{
	int64_t luck = below(100);
	struct visit *v = luck < 60 ? NULL : some_visit();
	struct queue_link *q;

	if (!v)
		return say_of(enter(the.booked++, (int16_t)below(SITES)), VISIT_BOOKED);
	if (luck < 80) {
		int32_t id = v->id;

		v->start_s = 0;
		return say_of(enter(id, v->site), VISIT_BOOKED);
	}
	if (luck >= 92) /* said again, with nothing new */
		return say_of(v, VISIT_BOOKED);
	q = say_of(v, VISIT_CANCELED);
	v->start_s = 0;
	return q;
}

/* Whose time has come has come; NULL: nobody's. *at: where to look on. */
static struct queue_link *
arrive(size_t *at)
{
	int64_t now = now_s(&the.r.now);
	size_t day = (size_t)(now / 86400 % (AHEAD + 1));

	for (; *at < the.bucket_n[day]; ++*at) {
		struct visit *v = &the.bucket[day][*at];
		struct queue_link *q;

		if (!v->start_s || v->start_s > now)
			continue;
		q = say_of(v, below(20) ? VISIT_ARRIVED : VISIT_NO_SHOW);
		v->start_s = 0;
		return q;
	}
	return NULL;
}

/* ---- what is noted ---- */

static size_t
size_of(const char *name)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof path, "%.60s/%s", the.r.folder, name);
	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static int
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n - 3; /* the two dots, and the folder itself */
}

static size_t
resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (f) {
		if (fscanf(f, "%*s %lu", &pages) != 1)
			pages = 0;
		(void)fclose(f);
	}
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- SQLite's memory, told from the rest ---- */

static size_t sqlite_holds;

static void *
lend(int n)
{
	void *p = malloc((size_t)n);

	sqlite_holds += p ? malloc_usable_size(p) + sizeof(size_t) : 0;
	return p;
}

static void
take_back(void *p)
{
	sqlite_holds -= malloc_usable_size(p) + sizeof(size_t);
	free(p);
}

static void *
lend_more(void *p, int n)
{
	size_t before = malloc_usable_size(p);
	void *more = realloc(p, (size_t)n);

	if (more)
		sqlite_holds += malloc_usable_size(more) - before;
	return more;
}

static int
lent(void *p)
{
	return p ? (int)malloc_usable_size(p) : 0;
}

static int
whole(int n)
{
	return (n + 7) & ~7;
}

static int
begin_lending(void *ctx)
{
	(void)ctx;
	return SQLITE_OK;
}

static void
end_lending(void *ctx)
{
	(void)ctx;
}

static void
note(struct sample *s)
{
	struct mallinfo2 m = mallinfo2();

	s->sqlite = sqlite_holds;
	s->used = m.uordblks + m.hblkhd - s->sqlite;
	s->resident = resident() - s->sqlite;
	s->descriptors = descriptors();
	s->store = size_of("nudge.db");
}

/* ---- mutants ---- */

static void
spoil(int step)
{
	static int kept;
	char path[128];
	struct fault f;

	if (the.mutant == LEAK && step % 10 == 0) {
		struct message *m = message_of(&the.r, (struct say){ .id = "lost", .in_s = 86400 });

		m->raw = (struct span){ 0 }; /* nobody looks after it from here on */
	} else if (the.mutant == DESCRIPTOR && step % STEPS == 0 && kept < KEPT_MAX) {
		assert_true(store_reader_open(the.r.folder, &the.kept[kept++], &f));
	} else if (the.mutant == LOG && !the.reading) {
		(void)snprintf(path, sizeof path, "%.60s/nudge.db", the.r.folder);
		assert_int_equal(sqlite3_open_v2(path, &the.reading, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_exec(the.reading, "BEGIN; SELECT count(*) FROM site", NULL, NULL, NULL), SQLITE_OK);
	}
}

/* ---- the month ---- */

static void
live_a_day(int day)
{
	struct sample *s = &the.sample[day];

	for (int step = 0; step < STEPS; step++) {
		long n = (long)((double)the.messages * (day * STEPS + step + 1) / ((double)the.days * STEPS)) - the.told;
		size_t at = 0;

		the.r.now.wall_ms += STEP_S * 1000;
		the.r.now.boot_ms += STEP_S * 1000;
		spoil(step);
		do {
			struct queue_link *messages = NULL, **last = &messages;
			size_t log;

			for (int i = 0; i < AT_ONCE && n > 0; i++, n--) {
				struct queue_link *q = arrive(&at);

				push(&last, q ? q : something());
			}
			settle(messages);
			log = size_of("nudge.db-wal");
			s->log = log > s->log ? log : s->log;
		} while (n > 0);
	}
	the.bucket_n[(now_s(&the.r.now) / 86400 + AHEAD) % (AHEAD + 1)] = 0; /* yesterday's is for the day after the last that is booked for */
	note(s);
}

static struct sample
most(int from, int to)
{
	struct sample m = { 0 };

	for (int i = from; i < to; i++) {
		const struct sample *s = &the.sample[i];

		m.used = s->used > m.used ? s->used : m.used;
		m.resident = s->resident > m.resident ? s->resident : m.resident;
		m.sqlite = s->sqlite > m.sqlite ? s->sqlite : m.sqlite;
		m.log = s->log > m.log ? s->log : m.log;
		m.store = s->store > m.store ? s->store : m.store;
		m.descriptors = s->descriptors > m.descriptors ? s->descriptors : m.descriptors;
	}
	return m;
}

/* What stands above `before` by more than chance makes. */
static const char *
grown(const struct sample *before, const struct sample *after)
{
	if (after->descriptors > before->descriptors)
		return "descriptors";
	if (after->used > before->used + before->used / 50 + 65536)
		return "memory";
	if (after->resident > before->resident + before->resident / 10 + (4u << 20))
		return "resident memory";
	if (after->sqlite > SQLITE_BOUND)
		return "SQLite's memory";
	if (after->log > before->log + before->log / 4 + (1u << 20) || after->log > LOG_BOUND)
		return "log";
	return NULL;
}

static void
line(FILE *to, const struct sample *before, const struct sample *after, const char *what)
{
	(void)fprintf(to, "{\"proof\":\"soak\",\"seed\":%llu,\"days\":%d,\"messages\":%ld,\"jobs\":%ld,\"accepted\":%ld,", (unsigned long long)the.seed,
	    the.days, the.told, the.jobs, the.accepted);
	(void)fprintf(to, "\"memory\":[%zu,%zu],\"resident\":[%zu,%zu],\"sqlite\":[%zu,%zu],\"descriptors\":[%d,%d],\"log\":[%zu,%zu],\"database\":[%zu,%zu],",
	    before->used, after->used, before->resident, after->resident, before->sqlite, after->sqlite, before->descriptors, after->descriptors,
	    before->log, after->log, before->store, after->store);
	(void)fprintf(to, "\"grew\":\"%s\",\"verdict\":\"%s\"}\n", what ? what : "", what ? "broken" : "held");
}

static bool
verdict(void)
{
	struct sample before = most(the.days / 3, the.days * 2 / 3), after = most(the.days * 2 / 3, the.days);
	const char *what = grown(&before, &after);
	FILE *out = the.out_to ? fopen(the.out_to, "a") : NULL;

	for (int i = 0; what && i < the.days; i++)
		(void)fprintf(stderr, "day %d: %zu bytes of memory, %zu resident, %zu of SQLite, %d descriptors, a log of %zu, a database of %zu\n", i + 1,
		    the.sample[i].used, the.sample[i].resident, the.sample[i].sqlite, the.sample[i].descriptors, the.sample[i].log, the.sample[i].store);
	line(stdout, &before, &after, what);
	if (the.out_to) {
		assert_non_null(out);
		line(out, &before, &after, what);
		assert_int_equal(fclose(out), 0);
	}
	return !what;
}

static enum mutant
mutant_of(const char *name)
{
	return strcmp(name, "leak") == 0 ? LEAK : strcmp(name, "descriptor") == 0 ? DESCRIPTOR : strcmp(name, "log") == 0 ? LOG : NONE;
}

static void
options(int argc, char **argv)
{
	the.messages = 40000;
	the.days = 30;
	the.seed = 1;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--messages") == 0)
			the.messages = strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--days") == 0)
			the.days = (int)strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			the.seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--out") == 0)
			the.out_to = argv[i + 1];
		else if (strcmp(argv[i], "--mutant") == 0)
			the.mutant = mutant_of(argv[i + 1]);
	}
	if (the.days < 9 || the.days > DAYS_MAX || the.messages < the.days) {
		printf("want 9 to %d days, and a message a day\n", DAYS_MAX);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	static const sqlite3_mem_methods counted = { lend, take_back, lend_more, lent, whole, begin_lending, end_lending, NULL };
	bool held;

	options(argc, argv);
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &counted), SQLITE_OK);
	the.chance = the.seed;
	the.bucket_cap = (size_t)(the.messages / the.days + 1) * 2;
	for (size_t i = 0; i <= AHEAD; i++) {
		the.bucket[i] = calloc(the.bucket_cap, sizeof *the.bucket[i]);
		assert_non_null(the.bucket[i]);
	}
	rig_open(&the.r, 6000, 120, sites);
	the.r.on_job = on_job;
	the.r.now.wall_ms -= 12 * 3600 * 1000; /* begin at midnight UTC */
	(void)turn(&the.r, NULL, NULL, NULL);
	for (int day = 0; day < the.days; day++)
		live_a_day(day);
	held = verdict();
	(void)sqlite3_close(the.reading);
	for (size_t i = 0; i < KEPT_MAX; i++)
		store_reader_close(the.kept[i]);
	rig_close(&the.r);
	for (size_t i = 0; i <= AHEAD; i++)
		free(the.bucket[i]);
	return held ? 0 : 1;
}
