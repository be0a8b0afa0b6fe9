/* test_waits.c - texts that wait: for their number's rate, for room among the attempts, over a new law or a site that goes. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <sqlite3.h>

#include "rig.h"
#include "rig_rows.h"

#define DAY ((int64_t)86400)
#define PAUSED "Lamna Healthcare, the clinics of the lakes, of the hills and of all of the prairie beside them"

static struct message *
booking(struct rig *r, int n, int64_t in_s)
{
	char id[16], phone[PHONE_MAX];

	(void)snprintf(id, sizeof id, "W%d", n);
	(void)snprintf(phone, sizeof phone, "+1608%07d", 5550000 + n);
	return message_of(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = in_s });
}

/* from .. to - 1, in one turn. */
static void
book(struct rig *r, int from, int to, int64_t in_s)
{
	struct queue_link *first = NULL, **last = &first;

	for (int n = from; n < to; n++) {
		*last = &booking(r, n, in_s)->link;
		last = &(*last)->next;
	}
	(void)turn(r, first, NULL, NULL);
}

static struct sender_event *
answer_to(const struct sent *job, enum outcome what, int64_t retry_after_ms)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_OUTCOME, .text = job->text, .attempt = job->attempt, .outcome = what,
		.http_status = what == OUTCOME_ACCEPTED ? 202 : 503, .retry_after_ms = retry_after_ms };
	return e;
}

/* Somebody's hand in the store, behind the engine's back. */
static void
by_hand(struct rig *r, const char *statement)
{
	char path[128];
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof path, "%s/nudge.db", r->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

/* The bucket has room for one segment more, and the text has two. */
TEST(a_long_text_waits_until_all_of_it_may_go)
{
	struct rig r;

	rig_open(&r, 60, 0, "");
	rig_change(&r, "Lamna Healthcare", PAUSED);
	book(&r, 0, 2, 10 * DAY);
	same_int("of three that may go at once two are taken", r.jobs_n, 1);
	same_int("by one text", text_of(&r, r.jobs[0].text).segments, 2);
	pass(&r, 1);
	same_int("the other has not begun", r.jobs_n, 1);
	same_text("it waits", text_state_name(text_of(&r, 2 * STORE_TEXTS_OF_ONE).state), "pending");
	pass(&r, 1);
	same_int("until there is room for both of its segments", r.jobs_n, 2);
	rig_close(&r);
}

/* More attempts than can be kept in mind are not begun. */
TEST(what_is_under_way_has_a_bound)
{
	enum { MOST = 1024, VISITS = 1200 };
	struct rig r;
	int seen = 0;

	rig_open(&r, 60000, 0, "daily_cap = 0 storm_brake = off");
	for (int from = 0; from < VISITS; from += 100) {
		struct queue_link *events = NULL, **last = &events;

		book(&r, from, from + 100, 10 * DAY);
		for (; seen < r.jobs_n; seen++) { /* the gateway takes one of ten, and asks for an hour for the others */
			bool takes = seen % 10 == 0;

			*last = &answer_to(&r.jobs[seen % 256], takes ? OUTCOME_ACCEPTED : OUTCOME_AGAIN, takes ? -1 : 3600000)->link;
			last = &(*last)->next;
		}
		(void)turn(&r, NULL, events, NULL);
	}
	same_int("so many are under way", status(&r)->in_flight, MOST);
	same_int("the others wait", r.status.texts[TEXT_PENDING], VISITS + VISITS - r.jobs_n); /* each has a reminder too */
	holds("there are some", r.jobs_n < VISITS);
	same_int("the number is not blocked", r.status.lanes_blocked, 0);
	seen = r.jobs_n;
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_int("where one ends, one begins", r.jobs_n, seen + 1);
	by_hand(&r, "UPDATE text SET state = 3 WHERE id IN (SELECT id FROM text WHERE state = 1 LIMIT 40)");
	crash(&r);
	same_int("nor after a start, whatever the store says", status(&r)->in_flight, MOST);
	rig_close(&r);
}

/* The visits of all but the last few are planned again in the turn that brings the law; those few are in their number's line
 * by then, under the hour of before. */
enum { MANY = 205 };

/* From now on America/Chicago has the clocks that Denver has: an hour behind. */
static void
new_law(struct rig *r)
{
	struct rules *rules = read_rules(r, 60000, 0, "daily_cap = 0 storm_brake = off");
	struct command *c = calloc(1, sizeof *c);
	struct fault f = { 0 };

	assert_non_null(c);
	zone_free(rules->sites[0].zone);
	rules->sites[0].zone = NULL;
	holds("a zone", zone_load("America/Denver", &rules->sites[0].zone, &f));
	rules->tzdata ^= 1;
	rules_drop(r->rules);
	r->rules = rules_hold(rules);
	c->kind = COMMAND_RULES;
	c->rules = rules;
	(void)turn(r, NULL, NULL, &c->link);
}

static void
sender_with(struct rig *r, int64_t credits)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_CONNECTED, .credits = credits };
	(void)turn(r, NULL, &e->link, NULL);
}

/* pain: the hour of the visit moves, and who waited by the old one is not told at all */
TEST(what_waits_by_the_hour_of_before_is_told_by_the_new_one)
{
	static const struct {
		const char *rule;
		bool away; /* nudge-sender; else the gateway refuses the number */
	} rows[] = { { "nudge-sender is away", true }, { "the number is blocked", false } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		struct text last;

		rig_open(&r, 60000, 0, "daily_cap = 0 storm_brake = off");
		sender(&r, false);
		book(&r, 0, MANY, 3600);
		new_law(&r);
		r.now.wall_ms += 3597000;
		r.now.boot_ms += 3597000;
		if (!rows[i].away) {
			sender_with(&r, 1);
			same_int("one is tried", r.jobs_n, 1);
			outcome(&r, last_job(&r), OUTCOME_BLOCKED, 401);
		}
		for (int s = 0; s < 4; s++)
			pass(&r, 1); /* the hour of before */
		same_int(rows[i].rule, r.jobs_n, rows[i].away ? 0 : 1);
		last = text_of(&r, MANY * STORE_TEXTS_OF_ONE);
		same_text("the last waits", text_state_name(last.state), "pending");
		same_int("its visit is an hour later now", last.expires_s, now_s(&r.now) + 3599);
		same_int("nothing ended", status(&r)->texts[TEXT_EXPIRED], 0);
		if (!rows[i].away) {
			pass(&r, 1);
			same_int("another is tried", r.jobs_n, 2);
			outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		}
		sender(&r, true);
		pass(&r, 60);
		same_int("all are told", status(&r)->texts[TEXT_SENDING] + r.status.texts[TEXT_SENT], MANY);
		rig_close(&r);
	}
}

/* ---- a site that goes ---- */

TEST(a_site_that_goes_takes_what_waits_along)
{
	struct rig r;
	int64_t gone = 0;

	rig_open(&r, 60000, 60, "daily_cap = 0 storm_brake = off");
	for (int n = 0; n < MANY; n++) {
		struct message *m = booking(&r, n, 10 * DAY);

		m->bookings[0].link_state = FIELD_SET;
		m->bookings[0].link = arena_copy(&m->arena, SPAN_LIT("https://video.lamna.example/v/1"));
		(void)turn(&r, &m->link, NULL, NULL);
	}
	pass(&r, 55);
	r.now.wall_ms += 5000;
	r.now.boot_ms += 5000;
	rig_change(&r, "site \"cardiology\"", "site \"surgery\"");
	pass(&r, 60);
	same_int("nobody is texted for it", r.jobs_n, 0);
	for (int n = 1; n <= MANY; n++) {
		struct text t = text_of(&r, n * STORE_TEXTS_OF_ONE);

		holds("it has ended", text_is_final(t.state));
		gone += t.reason == REASON_SITE_GONE;
	}
	holds("what was due before it could be planned again, too", gone > 0);
	rig_close(&r);
}

/* ---- questions ---- */

static void
drop_reply(void *ctx, const struct command *c)
{
	int *ok = ctx;

	*ok += c->ok;
}

/* A list of opt-outs that somebody reads in: more than a turn may ask nudge-sender for. */
TEST(more_opt_outs_than_a_turn_tells_of_are_opt_outs_all_the_same)
{
	enum { PHONES = 300 };
	struct rig r;
	struct queue_link *first = NULL, **last = &first;
	int ok = 0, there = 0;

	rig_open(&r, 6000, 0, "");
	for (int i = 0; i < PHONES; i++) {
		struct command *c = calloc(1, sizeof *c);

		assert_non_null(c);
		c->kind = COMMAND_OPTOUT_ADD;
		(void)snprintf(c->organization, sizeof c->organization, "lamna");
		(void)snprintf(c->phone, sizeof c->phone, "+1608%07d", 5550000 + i);
		(void)snprintf(c->who, sizeof c->who, "anna");
		*last = &c->link;
		last = &c->link.next;
	}
	r.on_reply = drop_reply;
	r.on_reply_ctx = &ok;
	(void)turn(&r, NULL, NULL, first);
	r.on_reply = NULL;
	same_int("each is said to be done", ok, PHONES);
	same_int("the gateway hears of so many now", r.asked_of[ASK_OPTOUT_ADD], 256);
	for (int i = 0; i < PHONES; i++) {
		struct fault f = { 0 };
		struct optout o;
		char phone[PHONE_MAX];

		(void)snprintf(phone, sizeof phone, "+1608%07d", 5550000 + i);
		there += store_optout_get(r.store, "lamna", phone, &o, &f) == STORE_FOUND;
	}
	same_int("all are kept", there, PHONES);
	book(&r, PHONES - 1, PHONES, 10 * DAY);
	same_int("and not texted", r.jobs_n, 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_long_text_waits_until_all_of_it_may_go), RUN(what_is_under_way_has_a_bound),
		RUN(what_waits_by_the_hour_of_before_is_told_by_the_new_one), RUN(a_site_that_goes_takes_what_waits_along),
		RUN(more_opt_outs_than_a_turn_tells_of_are_opt_outs_all_the_same) };

	(void)setenv("NUDGE_RIG", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0); /* the disk is not what is tried here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
