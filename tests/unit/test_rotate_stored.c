/* test_rotate_stored.c - another store key on a disk that is full now and then: begun whole or not at all, and its end is told when it is stored. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

static struct {
	int n;
	bool ok;
	struct fault fault;
} answered;

static struct {
	int n;
	bool in_vain;
	struct store_rotation last;
} told_of;

static void
took(void *ctx, const struct command *c)
{
	(void)ctx;
	answered.n++;
	answered.ok = c->ok;
	answered.fault = c->fault;
}

static bool
took_rotated(void *ctx, const struct store_rotation *r)
{
	(void)ctx;
	told_of.n++;
	told_of.last = *r;
	return !told_of.in_vain;
}

/* An engine that tells when a rotation is over. */
static void
start(struct rig *r)
{
	struct engine_setup s = { .compose = compose, .random = chance };
	struct fault f = { 0 };

	s.store = r->store;
	s.rules = rules_hold(r->rules);
	s.outlet = (struct outlet){ .ctx = r, .answer = took_answer, .job = took_job, .taken = took_taken, .ask = took_ask, .reply = took_reply,
		.alarm = took_alarm, .rotated = took_rotated };
	s.random_ctx = r;
	s.now = r->now;
	memcpy(s.boot_id, r->boot, sizeof s.boot_id);
	holds("started", engine_new(&s, &r->engine, &f));
	sender(r, true);
	r->on_reply = took;
}

/* Visits of so many. */
static void
house_of(struct rig *r, int visits)
{
	rig_open(r, 6000, 0, "retain = 0s");
	engine_free(r->engine);
	start(r);
	memset(&answered, 0, sizeof answered);
	memset(&told_of, 0, sizeof told_of);
	for (int i = 0; i < visits; i++) {
		char id[16], phone[16];

		(void)snprintf(id, sizeof id, "V%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 90000 });
	}
}

static struct store_rotation
rotation(const struct rig *r)
{
	struct store_rotation x;

	store_rotation_look(r->store, &x);
	return x;
}

/* One turn; its n-th statement is refused, 0: none. false: it had not so many. */
static bool
one_turn(struct rig *r, bool rotate, long n, enum turn_result *result)
{
	struct command *c = rotate ? calloc(1, sizeof *c) : NULL;
	struct turn_input in = { .commands = c ? &c->link : NULL, .now = r->now, .clock_synchronised = true };
	struct fault f = { 0 };

	if (c) {
		c->kind = COMMAND_ROTATE;
		c->key[0] = 9;
	}
	refuse_at(n, SQLITE_FULL, 0);
	refuse_here(true);
	*result = engine_turn(r->engine, &in, &f);
	refuse_here(false);
	return refuse_counted() >= n;
}

TEST(it_is_begun_whole_or_not_at_all)
{
	enum turn_result t;
	struct rig r;
	uint32_t before;
	long n = 1;

	house_of(&r, 20);
	before = rotation(&r).key;
	for (; one_turn(&r, true, n, &t) && !answered.ok; n++) {
		same_int("the administrator is answered", answered.n, n);
		same_int("that there is no room", answered.fault.kind, FAULT_BUSY);
		holds("and why", strncmp(answered.fault.text, "store: ", 7) == 0);
		same_int("the turn is undone", t, TURN_BUSY);
		holds("the key is the one of before", rotation(&r).key == before && !rotation(&r).running);
	}
	holds("in many ways", n > 10);
	holds("and then it is begun", answered.ok && rotation(&r).key != before && rotation(&r).running);
	rig_close(&r);
}

TEST(its_end_is_told_once_and_when_it_is_stored)
{
	enum turn_result t;
	struct rig r;
	int refused = 0;

	house_of(&r, 20);
	(void)one_turn(&r, true, 0, &t);
	holds("begun", answered.ok && rotation(&r).running);
	for (long n = 1; rotation(&r).running;) {
		bool was = one_turn(&r, false, n, &t);

		if (was && t == TURN_BUSY) {
			holds("it is not over", rotation(&r).running);
			same_int("nor said to be", told_of.n, 0);
			refused++;
		}
		n = was ? n + 1 : 1;
	}
	holds("at many places", refused > 20);
	for (int i = 0; i < 3; i++)
		(void)one_turn(&r, false, 0, &t);
	same_int("told once", told_of.n, 1);
	holds("as it ended", !told_of.last.running && told_of.last.key == rotation(&r).key && told_of.last.sealed >= 20 && told_of.last.unreadable == 0);
	rig_close(&r);
}

/* What was not committed is gone; the new key opens it. */
static void
die_and_start(struct rig *r)
{
	engine_free(r->engine);
	store_close(r->store);
	memset(r->keys, 0, SEAL_KEY_BYTES);
	r->keys[0] = 9;
	open_store(r);
	start(r);
}

TEST(whoever_died_before_its_end_was_told_tells_it_then)
{
	enum turn_result t;
	struct rig r;

	house_of(&r, 20);
	(void)one_turn(&r, true, 0, &t);
	while (rotation(&r).running)
		(void)one_turn(&r, false, 0, &t);
	same_int("told", told_of.n, 1);
	holds("and not yet noted", rotation(&r).told_s == 0);
	die_and_start(&r);
	same_int("told when it starts", told_of.n, 2);
	told_of.in_vain = true;
	die_and_start(&r);
	for (int i = 0; i < 3; i++)
		(void)one_turn(&r, false, 0, &t);
	holds("and until somebody takes it", told_of.n == 6 && rotation(&r).told_s == 0);
	told_of.in_vain = false;
	for (int i = 0; i < 2; i++)
		(void)one_turn(&r, false, 0, &t);
	holds("and noted", rotation(&r).told_s != 0);
	die_and_start(&r);
	(void)one_turn(&r, false, 0, &t);
	same_int("never again", told_of.n, 7);
	rig_close(&r);
}

static int64_t
log_bytes(struct rig *r)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/nudge.db-wal", r->folder);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

/* What was erased, and what was sealed by the old key, is in the log until that is emptied. */
TEST(the_log_keeps_nothing_of_what_was_erased_meanwhile)
{
	enum turn_result t;
	struct rig r;

	house_of(&r, 20);
	(void)one_turn(&r, true, 0, &t);
	r.now.wall_ms += 90000000;
	r.now.boot_ms += 90000000;
	(void)one_turn(&r, false, 0, &t);
	holds("both at once", rotation(&r).running && log_bytes(&r) > 0);
	(void)turn(&r, NULL, NULL, NULL);
	holds("over", !rotation(&r).running && told_of.n == 1);
	pass(&r, 10);
	same_int("the log is empty", log_bytes(&r), 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(it_is_begun_whole_or_not_at_all), RUN(its_end_is_told_once_and_when_it_is_stored), RUN(whoever_died_before_its_end_was_told_tells_it_then),
		RUN(the_log_keeps_nothing_of_what_was_erased_meanwhile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
