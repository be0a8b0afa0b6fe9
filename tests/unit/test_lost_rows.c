/* test_lost_rows.c - a store that is not as it was left, and a process that cannot go on: nothing leaves that should not, and nothing twice. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <sqlite3.h>

#include "rig.h"
#include "rig_rows.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)

/* A visit in two days; its confirmation is out. Which text that is. */
static int64_t
book(struct rig *r)
{
	(void)tell(r, (struct say){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 2 * DAY });
	same_int("it is out", r->jobs_n, 1);
	return last_job(r)->text;
}

static struct sender_event *
event_of(const struct sent *job, enum outcome what, const char *code)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_OUTCOME, .text = job->text, .attempt = job->attempt, .outcome = what, .retry_after_ms = -1 };
	(void)snprintf(e->code, sizeof e->code, "%s", code);
	return e;
}

/* Somebody's hand in the store, behind the engine's back. */
static void
by_hand(struct rig *r, const char *statement)
{
	char path[128];
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof path, "%s/nudge.db", r->folder);
	refuse_here(false);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

/* Rows that went, or that say something else: they hold, whatever memory believes. Nothing leaves for them. */
TEST(what_the_row_says_holds)
{
	static const struct {
		const char *rule, *statement;
		enum outcome first;
		bool refused; /* instead: its attempt is refused by the gateway */
	} rows[] = {
		{ "the text is gone", "DELETE FROM text WHERE id = 1024", OUTCOME_AGAIN, false },
		{ "it was sent", "UPDATE text SET state = 4 WHERE id = 1024", OUTCOME_AGAIN, false },
		{ "the text is gone, and is refused", "DELETE FROM text WHERE id = 1024", OUTCOMES, true },
		{ "it was sent, and is refused", "UPDATE text SET state = 4 WHERE id = 1024", OUTCOMES, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		struct text t = { 0 };
		struct fault f = { 0 };

		rig_open(&r, 6000, 0, "");
		same_int("the first", book(&r), 1024);
		if (rows[i].first != OUTCOMES)
			outcome(&r, last_job(&r), rows[i].first, 503);
		by_hand(&r, rows[i].statement);
		if (rows[i].refused)
			outcome(&r, last_job(&r), OUTCOME_REFUSED, 400);
		pass(&r, 200);
		same_int(rows[i].rule, r.jobs_n, 1);
		same_int("nothing is under way", status(&r)->in_flight, 0);
		if (store_text_get(r.store, 1024, &t, &f) == STORE_FOUND)
			same_text(rows[i].rule, text_state_name(t.state), "sent");
		rig_close(&r);
	}
}

TEST(a_text_that_went_while_it_waited_is_not_missed)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	sender(&r, false);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	(void)tell(&r, (struct say){ .id = "A2", .patient = "8", .phone = "+16085550124", .in_s = 2 * DAY });
	by_hand(&r, "DELETE FROM text WHERE id = 1024");
	sender(&r, true);
	same_int("the other goes", r.jobs_n, 1);
	same_text("to whom it is for", last_job(&r)->to, "+16085550124");
	rig_close(&r);
}

/* By a clock that was set back, windows are closed: also beside an attempt whose row is gone. */
TEST(a_clock_that_was_set_back_beside_a_lost_row)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	(void)book(&r);
	(void)tell(&r, (struct say){ .id = "A2", .patient = "8", .phone = "+16085550124", .in_s = 2 * DAY });
	by_hand(&r, "DELETE FROM text WHERE id = 1024");
	r.now.wall_ms -= 180000;
	(void)turn(&r, NULL, NULL, NULL);
	outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
	pass(&r, 300);
	same_int("no second attempt of the other", r.jobs_n, 2);
	same_int("nobody knows what came of it", status(&r)->texts[TEXT_UNKNOWN], 1);
	rig_close(&r);
}

/* The bytes are gone that would have to go again: no others go under their id. */
TEST(a_body_that_is_gone_is_not_made_up)
{
	static const enum outcome first[] = { OUTCOME_AGAIN, OUTCOME_UNSURE };

	for (size_t i = 0; i < COUNT(first); i++) {
		struct rig r;
		char id[37];
		int64_t text;

		rig_open(&r, 6000, 0, "");
		text = book(&r);
		memcpy(id, text_of(&r, text).repeat_id, sizeof id);
		outcome(&r, last_job(&r), first[i], 503);
		by_hand(&r, "DELETE FROM body");
		pass(&r, 30);
		same_int("certainly not taken: anew. Perhaps taken: never", r.jobs_n, first[i] == OUTCOME_AGAIN ? 2 : 1);
		same_text("what it is", text_state_name(text_of(&r, text).state), first[i] == OUTCOME_AGAIN ? "sending" : "unknown");
		same_int("anew is under a new id", strcmp(text_of(&r, text).repeat_id, id) != 0, first[i] == OUTCOME_AGAIN);
		rig_close(&r);
	}
}

/* ---- the process cannot go on ---- */

static bool
no_chance(void *ctx, void *out, size_t n)
{
	(void)ctx;
	(void)out;
	(void)n;
	return false;
}

static bool
no_request(const struct compose *c, char *path, size_t cap, struct buf *body)
{
	(void)c;
	(void)path;
	(void)cap;
	(void)body;
	return false;
}

/* A process that has no chance, or no memory for requests. */
static void
open_poor(struct rig *r, bool has_chance)
{
	struct engine_setup s = { .store = r->store, .rules = rules_hold(r->rules), .outlet = { .ctx = r, .answer = took_answer, .job = took_job,
		.taken = took_taken, .ask = took_ask, .reply = took_reply, .alarm = took_alarm }, .compose = has_chance ? no_request : compose,
		.random = has_chance ? chance : no_chance, .random_ctx = r, .now = r->now };
	struct fault f = { 0 };

	engine_free(r->engine);
	memcpy(s.boot_id, r->boot, sizeof s.boot_id);
	if (!engine_new(&s, &r->engine, &f))
		fail_msg("%s", f.text);
}

static void
breaks(struct rig *r, struct queue_link *messages, struct queue_link *events, const char *why)
{
	struct turn_input in = { messages, events, NULL, r->now, true, 0 };
	struct fault f = { 0 };
	int jobs = r->jobs_n;

	refuse_here(false);
	same_int(why, engine_turn(r->engine, &in, &f), TURN_BROKEN);
	same_text("why", f.text, why);
	same_int("nothing left", r->jobs_n, jobs);
}

static struct sender_event *
connected(void)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_CONNECTED, .credits = 256 };
	return e;
}

#define NO_CHANCE "the system gives no random bytes"
#define NO_REQUEST "out of memory"

/* Without random bytes no id is new, and no pause jittered; without a request there is nothing to send. The process ends
 * before it answers, and the next one begins where it was. */
TEST(what_cannot_be_armed_ends_the_process_and_goes_in_the_next)
{
	for (int has_chance = 0; has_chance < 2; has_chance++) {
		struct rig r;
		struct say s = { .id = "A1", .phone = PHONE, .in_s = 2 * DAY, .control_id = "C" };

		rig_open(&r, 6000, 0, "");
		open_poor(&r, has_chance);
		sender(&r, true);
		breaks(&r, &message_of(&r, s)->link, NULL, has_chance ? NO_REQUEST : NO_CHANCE);
		same_int("it was not answered", r.answer.what, ANSWER_CLOSE);
		crash(&r);
		sender(&r, true);
		(void)tell(&r, s);
		same_int("once", r.jobs_n, 1);
		rig_close(&r);
	}
}

TEST(what_cannot_be_tried_again_ends_the_process_and_goes_in_the_next)
{
	for (int has_chance = 0; has_chance < 2; has_chance++) {
		struct rig r;
		char body[600];

		rig_open(&r, 6000, 0, "");
		(void)book(&r);
		(void)snprintf(body, sizeof body, "%s", last_job(&r)->body);
		open_poor(&r, has_chance);
		if (has_chance) {
			breaks(&r, NULL, &connected()->link, NO_REQUEST);
		} else {
			sender(&r, true);
			breaks(&r, NULL, &event_of(last_job(&r), OUTCOME_AGAIN, "")->link, NO_CHANCE);
		}
		crash(&r);
		sender(&r, true);
		same_int("once more", r.jobs_n, has_chance ? 2 : 3);
		same_text("as it was", last_job(&r)->body, body);
		rig_close(&r);
	}
}

/* What is to be said and to whom stands in two rows; when one of them is gone, a person must look. */
TEST(an_answer_whose_row_is_gone_ends_the_process)
{
	struct rig r;
	struct sender_event ev = { .told = EVENT_INBOUND, .event = 1, .from = PHONE, .to = "+18335550100", .gateway = "acs" };

	rig_open(&r, 6000, 0, "");
	(void)book(&r);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	sender(&r, false);
	told(&r, ev, "HELP ME PLEASE");
	by_hand(&r, "DELETE FROM response");
	breaks(&r, NULL, &connected()->link, "store: a response is missing");
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_the_row_says_holds),
		RUN(a_text_that_went_while_it_waited_is_not_missed),
		RUN(a_clock_that_was_set_back_beside_a_lost_row),
		RUN(a_body_that_is_gone_is_not_made_up),
		RUN(what_cannot_be_armed_ends_the_process_and_goes_in_the_next),
		RUN(what_cannot_be_tried_again_ends_the_process_and_goes_in_the_next),
		RUN(an_answer_whose_row_is_gone_ends_the_process) };

	(void)setenv("NUDGE_RIG", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0); /* the disk is not what is tried here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
