/* test_year.c - a clinic-year through the real engine and store on a made-up clock; the books are balanced every evening. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <sqlite3.h>

#define RIG_RECENT 0
#include "rig.h"

/* NUDGE_YEAR visits (200000 for a big hospital) in NUDGE_YEAR_DAYS days, from NUDGE_YEAR_SEED. */
#define STEP_S 300
#define SITES 3
#define SITES_MAX 16

enum happening { BOOK, MOVE, CANCEL, UNCANCEL, NO_SHOW, ARRIVE, AGAIN, NEW_PHONE, HAPPENINGS };

struct visit {
	int64_t start_s;
	int32_t patient, phone;    /* phone: the last seven digits that a message of this visit said */
	int16_t site;
	int16_t status;
};

struct event {
	int64_t at_s;
	int32_t visit;
	enum happening what;
};

struct year {
	struct rig r;
	uint64_t chance;
	int days, visits_n, patients_n;
	struct visit *visits;
	int32_t *phones;           /* of the patients: 2xxxxxx */
	sqlite3 *db, *books;       /* look in from outside; books: once a day, at all of it */
	sqlite3_stmt *whose;
	int64_t rest[SITES_MAX][TEXT_STATES];
	struct event *agenda;      /* a heap, earliest first */
	size_t agenda_n, agenda_cap;
	int64_t told, jobs, accepted, refused, unsure, late, at_night, to_nobody, doubled;
	int64_t by_kind[HAPPENINGS];
	struct sent *out;          /* jobs of this turn, to be answered */
	size_t out_n, out_cap;
	uint8_t *taken;            /* by text id: accepted once */
	size_t taken_cap;
	int32_t *of;               /* by row: its visit and 1; 0: not looked up */
	size_t of_cap;
};

static const char sites[] =
    "sending_application = CARD } site \"eye\" { sending_application = EYE environment = prod fhir_base_url = \"https://y/R4\" profile = epic number = main\n"
    " time_zone = America/New_York settle = 300s approver = none contact = \"608-271-9001\" languages = {es, en}\n"
    " reminder \"week\" { before = 7d } reminder \"day\" { before = \"1d at 16:00\" } daily_cap = 2 }\n"
    "site \"skin\" { sending_application = SKIN environment = prod fhir_base_url = \"https://z/R4\" profile = epic number = main\n"
    " time_zone = America/Phoenix settle = 60s approver = none contact = \"608-271-9002\" late = send\n"
    " reminder \"day\" { before = 24h } reminder \"soon\" { before = 90min } ";

static int64_t
number(const char *name, int64_t otherwise)
{
	const char *v = getenv(name);
	int64_t n = v ? strtoll(v, NULL, 10) : 0;

	return n > 0 ? n : otherwise;
}

/* splitmix64: uniform below n. */
static int64_t
below(struct year *y, int64_t n)
{
	uint64_t z = y->chance += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (int64_t)((z ^ z >> 31) % (uint64_t)n);
}

/* ---- the agenda ---- */

static void
swap(struct event *a, struct event *b)
{
	struct event t = *a;

	*a = *b;
	*b = t;
}

static void
note(struct year *y, int64_t at_s, int32_t visit, enum happening what)
{
	size_t i = y->agenda_n;

	if (i == y->agenda_cap) {
		y->agenda_cap = y->agenda_cap ? y->agenda_cap * 2 : 1024;
		y->agenda = realloc(y->agenda, y->agenda_cap * sizeof *y->agenda);
		assert_non_null(y->agenda);
	}
	y->agenda[y->agenda_n++] = (struct event){ at_s, visit, what };
	for (; i > 0 && y->agenda[i].at_s < y->agenda[(i - 1) / 2].at_s; i = (i - 1) / 2)
		swap(&y->agenda[i], &y->agenda[(i - 1) / 2]);
}

static struct event
next(struct year *y)
{
	struct event first = y->agenda[0];
	size_t i = 0, child;

	y->agenda[0] = y->agenda[--y->agenda_n];
	while ((child = 2 * i + 1) < y->agenda_n) {
		if (child + 1 < y->agenda_n && y->agenda[child + 1].at_s < y->agenda[child].at_s)
			child++;
		if (y->agenda[i].at_s <= y->agenda[child].at_s)
			break;
		swap(&y->agenda[i], &y->agenda[child]);
		i = child;
	}
	return first;
}

/* A quarter of an hour in the clinic's day, some days ahead; also such that
 * clocks were changed on. */
static int64_t
a_start(struct year *y, int64_t from_s, int site)
{
	struct civil c;
	const struct zone *z = y->r.rules->sites[site].zone;

	zone_civil(z, from_s + (1 + below(y, 60)) * 86400, &c);
	c.hour = 7 + (int)below(y, 11);
	c.minute = 15 * (int)below(y, 4);
	c.second = 0;
	return zone_instant(z, &c, NULL);
}

/* ---- what the engine does ---- */

/* Of the row's id; looked up once, for a row keeps it. */
static int32_t
visit_of(struct year *y, int64_t appointment)
{
	size_t row = (size_t)appointment;

	if (row >= y->of_cap) {
		size_t cap = row * 2 + 1024;

		y->of = realloc(y->of, cap * sizeof *y->of);
		assert_non_null(y->of);
		memset(y->of + y->of_cap, 0, (cap - y->of_cap) * sizeof *y->of);
		y->of_cap = cap;
	}
	if (y->of[row] == 0) {
		(void)sqlite3_bind_int64(y->whose, 1, appointment);
		if (sqlite3_step(y->whose) == SQLITE_ROW)
			y->of[row] = 1 + (int32_t)strtol((const char *)sqlite3_column_text(y->whose, 0) + 1, NULL, 10);
		(void)sqlite3_reset(y->whose);
	}
	return y->of[row] - 1;
}

/* The number is the last that a message of this very visit named. */
static bool
is_for(struct year *y, const struct link_job *j)
{
	char phone[PHONE_MAX];
	int32_t v = visit_of(y, j->text / STORE_TEXTS_OF_ONE);

	if (v < 0 || v >= y->visits_n)
		return false;
	(void)snprintf(phone, sizeof phone, "+1608%07d", y->visits[v].phone);
	return span_is(j->to, phone);
}

static void
on_job(void *ctx, const struct link_job *j)
{
	struct year *y = ctx;
	size_t text = (size_t)j->text;

	y->jobs++;
	if (y->out_n == y->out_cap) {
		y->out_cap = y->out_cap ? y->out_cap * 2 : 256;
		y->out = realloc(y->out, y->out_cap * sizeof *y->out);
		assert_non_null(y->out);
	}
	if (text >= y->taken_cap) {
		size_t cap = text * 2 + 1024;

		y->taken = realloc(y->taken, cap);
		assert_non_null(y->taken);
		memset(y->taken + y->taken_cap, 0, cap - y->taken_cap);
		y->taken_cap = cap;
	}
	y->doubled += y->taken[text];
	y->out[y->out_n++] = (struct sent){ .text = j->text, .attempt = j->attempt };
	y->to_nobody += !is_for(y, j);
}

static struct queue_link *
an_outcome(struct year *y, const struct sent *job)
{
	struct sender_event *e = calloc(1, sizeof *e);
	int64_t luck = below(y, 1000);

	assert_non_null(e);
	e->what = SENDER_OUTCOME;
	e->text = job->text;
	e->attempt = job->attempt;
	e->retry_after_ms = -1;
	e->outcome = luck < 960 ? OUTCOME_ACCEPTED : luck < 975 ? OUTCOME_REFUSED : luck < 990 ? OUTCOME_AGAIN : OUTCOME_UNSURE;
	y->accepted += e->outcome == OUTCOME_ACCEPTED;
	y->refused += e->outcome == OUTCOME_REFUSED;
	y->unsure += e->outcome == OUTCOME_UNSURE;
	y->taken[job->text] = e->outcome == OUTCOME_ACCEPTED;
	return &e->link;
}

/* Some reports come, some never, some twice. */
static struct queue_link *
a_report(struct year *y, const struct sent *job)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_EVENT, .told = EVENT_REPORT, .event = job->text, .text = job->text,
		.delivery = below(y, 20) ? DELIVERY_OK : DELIVERY_FAILED };
	return &e->link;
}

static void
push(struct queue_link ***end, struct queue_link *q)
{
	**end = q;
	*end = &q->next;
	q->next = NULL;
}

/* Turns until nothing is left to answer. */
static void
settle(struct year *y, struct queue_link *messages)
{
	struct queue_link *events = NULL;

	do {
		struct queue_link **end = &events;

		events = NULL;
		for (size_t i = 0; i < y->out_n; i++) {
			push(&end, an_outcome(y, &y->out[i]));
			if (y->taken[y->out[i].text] && below(y, 10) < 7)
				push(&end, a_report(y, &y->out[i]));
		}
		y->out_n = 0;
		(void)turn(&y->r, messages, events, NULL);
		messages = NULL;
	} while (y->out_n > 0);
}

/* ---- what patients and clerks do ---- */

static struct queue_link *
say_it(struct year *y, int32_t v, bool resend)
{
	struct visit *visit = &y->visits[v];
	char id[16], patient[16], phone[PHONE_MAX], control[16];
	struct say s = { .id = id, .patient = patient, .phone = phone, .status = (enum visit_status)visit->status,
		.in_s = visit->start_s - now_s(&y->r.now), .site = (size_t)visit->site };
	struct message *m;

	(void)snprintf(id, sizeof id, "V%d", v);
	(void)snprintf(patient, sizeof patient, "P%d", visit->patient);
	visit->phone = y->phones[visit->patient];
	(void)snprintf(phone, sizeof phone, "+1608%07d", visit->phone);
	(void)snprintf(control, sizeof control, "again%d", v);
	if (resend)
		s.control_id = control;
	if (s.in_s == 0)
		s.in_s = 1;
	m = message_of(&y->r, s);
	y->told++;
	return &m->link;
}

static void
plan_ahead(struct year *y, int32_t v, int64_t now)
{
	const struct visit *visit = &y->visits[v];
	int64_t lead = visit->start_s - now, luck = below(y, 100);

	if (luck < 18)
		note(y, now + below(y, lead), v, MOVE);
	else if (luck < 30)
		note(y, now + below(y, lead), v, CANCEL);
	else if (luck < 33)
		note(y, now + 60, v, AGAIN);
	else if (luck < 36)
		note(y, now + below(y, lead), v, NEW_PHONE);
	note(y, visit->start_s + 600, v, below(y, 20) ? ARRIVE : NO_SHOW);
}

static struct queue_link *
happen(struct year *y, const struct event *e)
{
	struct visit *v = &y->visits[e->visit];
	int64_t now = now_s(&y->r.now);
	bool over = v->start_s <= now, gone = v->status == VISIT_CANCELED;

	if ((e->what == MOVE || e->what == CANCEL || e->what == NEW_PHONE || e->what == AGAIN) && (over || gone))
		return NULL;
	switch (e->what) {
	case BOOK:
		v->start_s = a_start(y, now, v->site);
		plan_ahead(y, e->visit, now);
		break;
	case MOVE:
		v->start_s = a_start(y, now, v->site);
		note(y, v->start_s + 600, e->visit, ARRIVE);
		break;
	case CANCEL:
		v->status = VISIT_CANCELED;
		if (below(y, 4) == 0) /* wrong cancels are undone in minutes */
			note(y, now + 30 + below(y, 900), e->visit, UNCANCEL);
		break;
	case UNCANCEL:
		v->status = VISIT_BOOKED;
		break;
	case NO_SHOW:
	case ARRIVE:
		if (gone || now < v->start_s)
			return NULL;
		v->status = e->what == ARRIVE ? VISIT_ARRIVED : VISIT_NO_SHOW;
		break;
	case NEW_PHONE:
		y->phones[v->patient] ^= 1;
		break;
	case AGAIN:
	case HAPPENINGS:
		break;
	}
	y->by_kind[e->what]++;
	return say_it(y, e->visit, e->what == AGAIN);
}

/* ---- the books ---- */

/* add_up(site, state, n): what is left of the rows after the tally, by site. */
static void
add_up(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct year *y = sqlite3_user_data(ctx);
	int site = sqlite3_value_int(v[0]), state = sqlite3_value_int(v[1]);

	(void)n;
	if (site < 0 || site >= SITES_MAX || state < 0 || state >= TEXT_STATES)
		sqlite3_result_error(ctx, "no such site or state", -1);
	else
		y->rest[site][state] += sqlite3_value_int64(v[2]);
}

static void
nothing_to_say(sqlite3_context *ctx)
{
	sqlite3_result_int(ctx, 0);
}

static void
count(struct year *y, int day, const char *const sql[2])
{
	memset(y->rest, 0, sizeof y->rest);
	for (size_t i = 0; i < 2; i++)
		if (sqlite3_exec(y->books, sql[i], NULL, NULL, NULL) != SQLITE_OK)
			fail_msg("promise 6: day %d: %s", day, sqlite3_errmsg(y->books));
	for (int site = 0; site < SITES_MAX; site++)
		for (int state = 0; state < TEXT_STATES; state++)
			if (y->rest[site][state] != 0)
				fail_msg("promise 6: day %d, site %d: %lld more rows %s than counted", day, site,
				    (long long)y->rest[site][state], state ? text_state_name((enum text_state)state) : "planned");
}

/* Every row is in one state, and the running tally says the same, by site: the
 * rows counted less the tally leaves nothing. Every evening each site's states
 * add up to what it planned, and the open rows are counted, which their indexes
 * hold; all rows while they are few, each week, and as the year ends. */
static void
balance(struct year *y, int day)
{
	static const char *const added[] = { "SELECT add_up(site, 0, n) FROM tally WHERE state <> 0",
		"SELECT add_up(site, 0, -n) FROM tally WHERE state = 0" };
	static const char *const open[] = { "SELECT add_up(0, 1, (SELECT count(*) FROM text WHERE state = 1)), "
		"add_up(0, 2, (SELECT count(*) FROM text WHERE state = 2)), add_up(0, 3, (SELECT count(*) FROM text WHERE state = 3)), "
		"add_up(0, 7, (SELECT count(*) FROM text WHERE state = 7))",
		"SELECT add_up(0, state, -n) FROM tally WHERE state IN (1, 2, 3, 7)" };
	static const char *const all[] = { "SELECT add_up(site, state, 1) FROM text",
		"SELECT add_up(site, state, -n) FROM tally WHERE state <> 0" };

	count(y, day, added);
	count(y, day, open);
	if (y->visits_n < 20000 || day % 7 == 6 || day + 1 == y->days)
		count(y, day, all);
}

/* What went out today went inside its clinic's hours, and before it was too late. */
static void
hours(struct year *y, int64_t from_s)
{
	sqlite3_stmt *q = NULL;

	assert_int_equal(sqlite3_prepare_v2(y->db, "SELECT s.title, t.first_sent, t.expires, t.kind FROM text t JOIN site s ON s.id = t.site"
	    " WHERE t.first_sent >= ?", -1, &q, NULL), SQLITE_OK);
	(void)sqlite3_bind_int64(q, 1, from_s);
	while (sqlite3_step(q) == SQLITE_ROW) {
		const struct conf_site *site = conf_find_site(y->r.rules->conf, (const char *)sqlite3_column_text(q, 0));
		int64_t at = sqlite3_column_int64(q, 1);
		struct civil c;

		assert_non_null(site);
		y->late += at > sqlite3_column_int64(q, 2);
		zone_civil(y->r.rules->sites[site->index].zone, at, &c);
		if (!site->window.always)
			y->at_night += c.hour < 7 || c.hour >= 21;
	}
	(void)sqlite3_finalize(q);
}

static void
live_a_day(struct year *y, int day, int32_t *booked)
{
	int64_t midnight = now_s(&y->r.now), end = midnight + 86400;
	int32_t until = (int32_t)((int64_t)y->visits_n * (day + 1) / (y->days > 60 ? y->days - 60 : 1));

	if (until > y->visits_n)
		until = y->visits_n;
	for (; *booked < until; (*booked)++) {
		y->visits[*booked] = (struct visit){ .patient = (int32_t)below(y, y->patients_n), .site = (int16_t)below(y, SITES) };
		note(y, midnight + 7 * 3600 + below(y, 10 * 3600), *booked, BOOK);
	}
	while (now_s(&y->r.now) < end) {
		struct queue_link *messages = NULL, **last = &messages;

		y->r.now.wall_ms += STEP_S * 1000;
		y->r.now.boot_ms += STEP_S * 1000;
		for (int n = 0; n < 400 && y->agenda_n > 0 && y->agenda[0].at_s <= now_s(&y->r.now); n++) {
			struct event e = next(y);
			struct queue_link *q = happen(y, &e);

			if (q)
				push(&last, q);
		}
		settle(y, messages);
	}
}

static void
look_in(struct year *y)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/nudge.db", y->r.folder);
	assert_int_equal(sqlite3_open_v2(path, &y->db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_open_v2(path, &y->books, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(y->books, "PRAGMA mmap_size = 4294967296", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_create_function(y->books, "add_up", 3, SQLITE_UTF8, y, NULL, add_up, nothing_to_say), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(y->db, "SELECT appointment_id FROM appointment WHERE id = ?", -1, &y->whose, NULL),
	    SQLITE_OK);
}

/* pain: the counts of planned and sent drift apart, unnoticed */
TEST(a_year_adds_up)
{
	struct year *y = calloc(1, sizeof *y);
	int32_t booked = 0;
	const struct engine_status *s;

	assert_non_null(y);
	y->visits_n = (int)number("NUDGE_YEAR", 1500);
	y->days = (int)number("NUDGE_YEAR_DAYS", y->visits_n >= 20000 ? 365 : 90);
	y->chance = (uint64_t)number("NUDGE_YEAR_SEED", 7);
	y->patients_n = y->visits_n / 4 + 1;
	y->visits = calloc((size_t)y->visits_n, sizeof *y->visits);
	y->phones = calloc((size_t)y->patients_n, sizeof *y->phones);
	assert_true(y->visits && y->phones);
	for (int i = 0; i < y->patients_n; i++)
		y->phones[i] = 2000000 + 2 * i;
	rig_open(&y->r, 6000, 120, sites);
	look_in(y);
	y->r.on_job = on_job;
	y->r.on_job_ctx = y;
	y->r.now.wall_ms -= 12 * 3600 * 1000; /* begin at midnight UTC */
	(void)turn(&y->r, NULL, NULL, NULL);
	for (int day = 0; day < y->days; day++) {
		live_a_day(y, day, &booked);
		balance(y, day);
		hours(y, now_s(&y->r.now) - 86400);
		if (day % 30 == 29) /* now and then, the power goes */
			crash(&y->r), sender(&y->r, true);
	}
	s = status(&y->r);
	print_message("%d visits, %d days: %lld messages, %lld texts out, %lld accepted\n", y->visits_n, y->days, (long long)y->told,
	    (long long)y->jobs, (long long)y->accepted);
	holds("much happened", y->by_kind[MOVE] > 0 && y->by_kind[CANCEL] > 0 && y->by_kind[UNCANCEL] > 0 && y->accepted > y->visits_n);
	same_int("promise 4: no accepted text was tried again", y->doubled, 0);
	same_int("promise 5: nobody was texted at night", y->at_night, 0);
	same_int("promise 5: nothing came too late", y->late, 0);
	same_int("promise 5: nobody was texted who should not be", y->to_nobody, 0);
	same_int("nothing is under way", s->texts[TEXT_SENDING], 0);
	same_int("accepted once, and in the books", s->texts[TEXT_SENT] + s->texts[TEXT_DELIVERED] + s->texts[TEXT_FAILED] +
	    s->texts[TEXT_UNKNOWN] >= y->accepted, 1);
	(void)sqlite3_finalize(y->whose);
	(void)sqlite3_close(y->db);
	(void)sqlite3_close(y->books);
	rig_close(&y->r);
	free(y->visits);
	free(y->phones);
	free(y->agenda);
	free(y->out);
	free(y->taken);
	free(y->of);
	free(y);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_year_adds_up) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
