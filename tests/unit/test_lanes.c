/* test_lanes.c - numbers: sites that share one, names that share their resource's rate, retries, the breaker, a day's outage. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define DAY ((int64_t)86400)

static const char second_site[] =
    "departments = {'^C$'} } site \"dental\" { environment = prod fhir_base_url = \"https://y/R4\" profile = generic number = main\n"
    " time_zone = America/Chicago settle = 0s window = \"00:00-24:00\" approver = none contact = \"608-271-9001\"\n"
    " departments = {'^D$'} reminder \"day\" { before = 24h } daily_cap = 0";

static void
book(struct rig *r, int n, size_t site, int64_t in_s)
{
	char id[16], phone[PHONE_MAX];

	(void)snprintf(id, sizeof id, "L%d", n);
	(void)snprintf(phone, sizeof phone, "+1608%07d", 5550000 + n);
	(void)tell(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = in_s, .site = site });
}

/* ---- who goes next ---- */

static int64_t site_n[3];

static void
by_site(void *ctx, const struct link_job *j)
{
	struct rig *r = ctx;
	struct text t;
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, j->text, &t, &f), STORE_FOUND);
	assert_true(t.site >= 1 && t.site <= 2);
	site_n[t.site]++;
}

static void
accept_new(struct rig *r, int from)
{
	for (int i = from; i < r->jobs_n; i++) {
		struct sent job = r->jobs[i % 256];

		outcome(r, &job, OUTCOME_ACCEPTED, 202);
	}
}

/* pain: one clinic's mass of texts makes another's late */
TEST(a_site_with_much_does_not_keep_one_with_little_waiting)
{
	struct rig r;
	int before;

	rig_open(&r, 60, 0, second_site);
	sender(&r, false);
	for (int i = 0; i < 200; i++)
		book(&r, i, 0, 30 * DAY); /* these expire first */
	for (int i = 200; i < 220; i++)
		book(&r, i, 1, 60 * DAY);
	memset(site_n, 0, sizeof site_n);
	r.on_job = by_site;
	r.on_job_ctx = &r;
	sender(&r, true);
	accept_new(&r, 0);
	for (int i = 0; i < 200 && site_n[1] + site_n[2] < 40; i++) {
		before = r.jobs_n;
		pass(&r, 1);
		accept_new(&r, before);
	}
	holds("both got about as much", site_n[1] >= 15 && site_n[2] >= 15);
	for (int i = 0; i < 600 && site_n[1] + site_n[2] < 220; i++) {
		before = r.jobs_n;
		pass(&r, 1);
		accept_new(&r, before);
	}
	same_int("then the rest", site_n[1], 200);
	same_int("all of the small one", site_n[2], 20);
	rig_close(&r);
}

/* pain: the urgent text stands behind those that have days */
TEST(what_expires_first_goes_first)
{
	struct rig r;
	struct text first, last;
	struct fault f = { 0 };
	int n;

	rig_open(&r, 60, 0, "");
	sender(&r, false);
	for (int i = 0; i < 10; i++)
		book(&r, i, 0, (20 - i) * DAY);
	sender(&r, true);
	n = r.jobs_n;
	holds("a few went at once", n >= 2 && n < 10);
	assert_int_equal(store_text_get(r.store, r.jobs[0].text, &first, &f), STORE_FOUND);
	assert_int_equal(store_text_get(r.store, r.jobs[1].text, &last, &f), STORE_FOUND);
	same_int("the soonest visit", first.start_s - now_s(&r.now), 11 * DAY);
	same_int("and the next", last.start_s - now_s(&r.now), 12 * DAY);
	rig_close(&r);
}

#define MAIN "sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = 600/min"
#define NAME "sender = \"LAMNA\" type = alphanumeric gateway = acs rate = 60/min"
#define OTHER(what) "number \"other\" { " what " }\nenvironment \"prod\""
#define SECOND_GATEWAY "gateway \"second\" { endpoint = \"https://127.0.0.2\" access_key = acs.key }\n"

static int
in_a_minute(const char *first_number, const char *second_number)
{
	struct rig r;
	int n, before;

	rig_open(&r, 600, 0, "");
	rig_change(&r, "environment \"prod\"", second_number);
	rig_change(&r, MAIN, first_number);
	rig_change(&r, "reminder \"day\" { before = 24h }", "reminder \"day\" { before = 24h } daily_cap = 0 departments = {'^C$'} } site \"dental\" { environment = prod "
	    "fhir_base_url = \"https://y/R4\" profile = generic number = other time_zone = America/Chicago settle = 0s window = \"00:00-24:00\" "
	    "approver = none contact = \"608-271-9001\" departments = {'^D$'} reminder \"day\" { before = 24h } daily_cap = 0");
	memset(site_n, 0, sizeof site_n);
	r.on_job = by_site;
	r.on_job_ctx = &r;
	for (int i = 0; i < 300; i++)
		book(&r, i, (size_t)i % 2, 30 * DAY);
	accept_new(&r, 0);
	for (int i = 0; i < 59; i++) {
		before = r.jobs_n;
		pass(&r, 1);
		accept_new(&r, before);
	}
	n = r.jobs_n;
	rig_close(&r);
	return n;
}

TEST(names_share_the_rate_of_their_resource)
{
	int shared = in_a_minute(NAME, OTHER("sender = \"LAMNADENT\" type = alphanumeric gateway = acs rate = 60/min"));
	bool fair = site_n[1] >= shared / 3 && site_n[2] >= shared / 3;
	int own = in_a_minute(NAME, OTHER("sender = \"+18335550101\" type = toll-free verified = true gateway = acs rate = 60/min"));
	int elsewhere = in_a_minute(NAME, SECOND_GATEWAY OTHER("sender = \"LAMNADENT\" type = alphanumeric gateway = second rate = 60/min"));

	holds("two names of one resource: sixty segments together", shared >= 25 && shared <= 60);
	holds("neither keeps the other waiting", fair);
	holds("two numbers: sixty each", own > shared * 3 / 2 && own <= 120);
	holds("two names of two resources: sixty each", elsewhere > shared * 3 / 2 && elsewhere <= 120);
}

/* As where two sites have a block each for the one number that they share. */
TEST(a_number_that_stands_in_two_blocks_has_one_rate_the_slower)
{
	static const char slow[] = "sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = 60/min";
	int slow_first = in_a_minute(slow, OTHER("sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = 120/min"));
	int slow_last = in_a_minute("sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = 120/min",
	    OTHER("sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = 60/min"));

	holds("sixty segments together", slow_first >= 25 && slow_first <= 60);
	holds("whichever block comes first", slow_last >= 25 && slow_last <= 60);
}

/* ---- failures ---- */

TEST(twenty_failures_spread_over_a_day_open_nothing)
{
	struct rig r;

	rig_open(&r, 6000, 0, "daily_cap = 0");
	for (int i = 0; i < 60; i++) {
		book(&r, i, 0, 30 * DAY);
		outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
		pass(&r, 30);
		for (int k = 0; k < 3 && r.jobs_n > 0; k++)
			outcome(&r, last_job(&r), OUTCOME_REFUSED, 400);
		outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
	}
	same_int("open", status(&r)->lanes_blocked, 0);
	rig_close(&r);
}

TEST(asked_too_fast_is_no_outage)
{
	struct rig r;

	rig_open(&r, 60000, 0, "daily_cap = 0");
	for (int i = 0; i < 60; i++) {
		book(&r, i, 0, 30 * DAY);
		outcome(&r, last_job(&r), OUTCOME_AGAIN, 429);
	}
	same_int("open", status(&r)->lanes_blocked, 0);
	rig_close(&r);
}

/* Half of all attempts fail: retries are few beside the texts, so that a sick gateway is not asked twice as much. */
/* pain: a heap of retries makes what is due late */
TEST(retries_have_a_budget)
{
	struct rig r;
	int retries = 0, done = 0;

	rig_open(&r, 60000, 0, "daily_cap = 0");
	for (int i = 0; i < 200; i++)
		book(&r, i, 0, 30 * DAY);
	for (int second = 0; second < 30; second++) {
		int from = done;

		done = r.jobs_n;
		for (int i = from; i < done; i++) {
			struct sent job = r.jobs[i % 256];

			retries += job.attempt > 1;
			outcome(&r, &job, i % 20 == 0 ? OUTCOME_ACCEPTED : OUTCOME_AGAIN, i % 20 == 0 ? 202 : 429);
		}
		r.now.wall_ms += 1000;
		r.now.boot_ms += 1000;
		(void)turn(&r, NULL, NULL, NULL);
	}
	holds("at most sixty-four at once and one a second", retries > 30 && retries <= 64 + 30 + 20);
	rig_close(&r);
}

/* ---- a day without the gateway ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VISITS 10000 /* each costs many times as much there */
#else
#define VISITS 50000
#endif
enum { SOON = VISITS / 5, RATE = 6000, TEXTS = 4 }; /* TEXTS: the first of a visit */

struct day {
	struct rig *r;
	struct sent queue[4096];   /* attempts not yet answered */
	size_t queue_n;
	uint8_t taken[(VISITS + 2) * TEXTS]; /* how often, by visit and text */
	int64_t taken_n, late, minute[60], most;
	bool away;
};

static void
day_job(void *ctx, const struct link_job *j)
{
	struct day *d = ctx;

	assert_true(d->queue_n < COUNT(d->queue));
	d->queue[d->queue_n++] = (struct sent){ .text = j->text, .attempt = j->attempt };
}

static void
day_took(struct day *d, int64_t text)
{
	struct text t;
	struct fault f = { 0 };
	size_t at = (size_t)(text / STORE_TEXTS_OF_ONE * TEXTS + text % STORE_TEXTS_OF_ONE);

	assert_int_equal(store_text_get(d->r->store, text, &t, &f), STORE_FOUND);
	assert_true(at < sizeof d->taken && text % STORE_TEXTS_OF_ONE < TEXTS);
	d->taken[at]++;
	d->taken_n++;
	d->late += now_s(&d->r->now) >= t.expires_s;
	d->minute[now_s(&d->r->now) % 60] += t.segments;
}

/* What came of the attempts that are out, all in one turn. */
static void
day_answer(struct day *d)
{
	struct queue_link *first = NULL, **last = &first;
	int64_t sum = 0;

	d->minute[now_s(&d->r->now) % 60] = 0;
	for (size_t i = 0; i < d->queue_n; i++) {
		struct sender_event *e = calloc(1, sizeof *e);

		assert_non_null(e);
		if (!d->away)
			day_took(d, d->queue[i].text);
		*e = (struct sender_event){ .what = SENDER_OUTCOME, .text = d->queue[i].text, .attempt = d->queue[i].attempt,
			.outcome = d->away ? OUTCOME_AGAIN : OUTCOME_ACCEPTED, .http_status = d->away ? 503 : 202, .retry_after_ms = -1 };
		*last = &e->link;
		last = &e->link.next;
	}
	d->queue_n = 0;
	for (size_t i = 0; i < COUNT(d->minute); i++)
		sum += d->minute[i];
	d->most = sum > d->most ? sum : d->most;
	(void)turn(d->r, NULL, first, NULL);
}

static void
day_pass(struct day *d, int64_t seconds, int64_t step)
{
	for (int64_t s = 0; s < seconds; s += step) {
		d->r->now.wall_ms += step * 1000;
		d->r->now.boot_ms += step * 1000;
		(void)turn(d->r, NULL, NULL, NULL);
		day_answer(d);
	}
}

/* All visits are booked; a fifth begins before the gateway is back. */
static void
day_book(struct day *d)
{
	for (int n = 0; n < VISITS;) {
		struct queue_link *first = NULL, **last = &first;

		for (int i = 0; i < 250; i++, n++) {
			char id[16], phone[PHONE_MAX];
			struct message *m;

			(void)snprintf(id, sizeof id, "L%d", n);
			(void)snprintf(phone, sizeof phone, "+1608%07d", 5550000 + n);
			m = message_of(d->r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = n % 5 == 0 ? DAY / 2 : 10 * DAY });
			*last = &m->link;
			last = &m->link.next;
		}
		(void)turn(d->r, first, NULL, NULL);
		day_answer(d);
	}
}

/* pain: stuck for a day, then a flood, and old texts after the visit */
TEST(a_day_without_the_gateway)
{
	struct rig r;
	struct day *d = calloc(1, sizeof *d);
	int64_t twice = 0, ended;

	assert_non_null(d);
	rig_open(&r, RATE, 0, "daily_cap = 0 storm_brake = off stale = 3d retain = 3d");
	d->r = &r;
	d->away = true;
	r.on_job = day_job;
	r.on_job_ctx = d;
	day_book(d);
	(void)status(&r);
	holds("all of them wait", r.status.texts[TEXT_PENDING] + r.status.texts[TEXT_SENDING] >= VISITS);
	holds("the outage was noticed", r.status.lanes_blocked == 1);

	day_pass(d, DAY, 60);
	(void)status(&r);
	ended = r.status.texts[TEXT_EXPIRED] + r.status.texts[TEXT_SUPPRESSED];
	same_int("nothing was taken", d->taken_n, 0);
	holds("what could not be told in time has ended", ended >= SOON);

	d->away = false;
	day_pass(d, 60, 1);
	holds("it goes on by itself", d->taken_n > 0);
	for (int i = 0; i < 240 && d->taken_n < VISITS - SOON; i++)
		day_pass(d, 10, 1);
	day_pass(d, 60, 1);
	same_int("all that could still be told were", d->taken_n, VISITS - SOON);
	for (size_t i = 0; i < COUNT(d->taken); i++)
		twice += d->taken[i] > 1;
	same_int("none twice", twice, 0);
	same_int("none after its expiry", d->late, 0);
	holds("never faster than the number's rate", d->most <= RATE);
	holds("and not much slower", d->most >= RATE / 2);
	same_int("the number is not blocked any more", status(&r)->lanes_blocked, 0);
	free(d);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_site_with_much_does_not_keep_one_with_little_waiting), RUN(what_expires_first_goes_first),
		RUN(names_share_the_rate_of_their_resource), RUN(a_number_that_stands_in_two_blocks_has_one_rate_the_slower), RUN(twenty_failures_spread_over_a_day_open_nothing),
		RUN(asked_too_fast_is_no_outage), RUN(retries_have_a_budget), RUN(a_day_without_the_gateway) };

	(void)setenv("NUDGE_RIG", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0); /* the disk is not what is tried here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
