/* test_rotate.c - another store key while the house works: ended anywhere, put back from before, and who opted out stays so. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <dirent.h>

#include "rig.h"
#include "store/sqlite/sql.h"

#define PHONE "+16085550123"
#define OTHER "+16085550124"

static char journal_folder[80], copy[80];
static struct command last;

static void
took(void *ctx, const struct command *c)
{
	(void)ctx;
	last = *c;
}

/* ---- the house with its journal ---- */

static void
begin_journal(struct rig *r)
{
	struct journal_setup s = { .directory = journal_folder, .retention_s = 35 * 86400, .now_s = now_s(&r->now) };
	struct fault f = { 0 };

	if (!store_begin(r->store, &f) || !store_house(r->store, &s.house, &f) || !store_setting_get(r->store, "journal", &s.seq, &f) ||
	    !store_commit(r->store, &f) || !journal_open(&s, &r->journal, &r->journal_state, &f))
		fail_msg("%s", f.text);
}

static void
stop(struct rig *r)
{
	engine_free(r->engine);
	store_close(r->store);
	journal_close(r->journal);
	r->engine = NULL;
	r->store = NULL;
	r->journal = NULL;
}

/* Without a turn yet. */
static void
open_house(struct rig *r)
{
	open_store(r);
	begin_journal(r);
	open_engine(r);
}

static void
start(struct rig *r)
{
	open_house(r);
	sender(r, true);
}

/* Visits of so many patients, each with a number, a link and departments, and one message in quarantine. */
static void
house_of(struct rig *r, int visits)
{
	char id[16], phone[16];

	rig_open(r, 6000, 0, "");
	engine_free(r->engine);
	(void)snprintf(journal_folder, sizeof journal_folder, "%.60s/journal", r->folder);
	(void)snprintf(copy, sizeof copy, "%.60s/copy", r->folder);
	begin_journal(r);
	open_engine(r);
	sender(r, true);
	r->on_reply = took;
	for (int i = 0; i < visits; i++) {
		(void)snprintf(id, sizeof id, "V%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 90000 + (i % 40) * 86400 });
	}
}

static void
end(struct rig *r)
{
	DIR *d = opendir(journal_folder);

	for (struct dirent *x; d && (x = readdir(d));)
		(void)unlinkat(dirfd(d), x->d_name, 0);
	if (d)
		(void)closedir(d);
	(void)rmdir(journal_folder);
	(void)unlink(copy);
	journal_close(r->journal);
	rig_close(r);
}

static void
file_copy(const char *from, const char *to)
{
	static char bytes[1 << 24];
	int a = open(from, O_RDONLY), b = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n = a < 0 ? 0 : read(a, bytes, sizeof bytes);

	assert_true(a >= 0 && b >= 0 && n > 0 && n < (ssize_t)sizeof bytes && write(b, bytes, (size_t)n) == n);
	(void)close(a);
	(void)close(b);
}

static void
backup(struct rig *r)
{
	char from[128];

	(void)snprintf(from, sizeof from, "%s/nudge.db", r->folder);
	stop(r);
	file_copy(from, copy);
	open_house(r);
}

/* ---- keys ---- */

/* The key in the first place is the new one; those before move on. */
static void
another_key(struct rig *r, uint8_t first)
{
	memmove(r->keys + SEAL_KEY_BYTES, r->keys, 2 * SEAL_KEY_BYTES);
	memset(r->keys, 0, SEAL_KEY_BYTES);
	r->keys[0] = first;
	r->old_keys_n = r->old_keys_n < 2 ? r->old_keys_n + 1 : 2;
}

/* The old ones are thrown away. */
static void
only_the_new(struct rig *r)
{
	memset(r->keys + SEAL_KEY_BYTES, 0, 2 * SEAL_KEY_BYTES);
	r->old_keys_n = 0;
}

static enum turn_result
one_turn(struct rig *r, struct command *c)
{
	struct turn_input in = { NULL, NULL, c ? &c->link : NULL, r->now, true, 0 };
	struct fault f = { 0 };

	return engine_turn(r->engine, &in, &f);
}

static struct command *
rotate(const struct rig *r)
{
	struct command *c = calloc(1, sizeof *c);

	c->kind = COMMAND_ROTATE;
	memcpy(c->key, r->keys, SEAL_KEY_BYTES);
	return c;
}

static struct store_rotation
rotation(const struct rig *r)
{
	struct store_rotation x;

	store_rotation_look(r->store, &x);
	return x;
}

/* Whether the first key is the one that opens the store. */
static bool
is_first(const struct rig *r)
{
	uint32_t name;

	return seal_name(r->keys, &name) && name == rotation(r).key;
}

static int64_t
count(struct rig *r, const char *sql)
{
	sqlite3_stmt *q = NULL;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(r->store->db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	return n;
}

/* Fields whose key is of an earlier turn. */
static int
of_before(struct rig *r)
{
	int n = 0;

	for (size_t i = 0; i < SEALED_PLACES; i++) {
		const struct sealed_place *p = &sealed_places[i];
		sqlite3_stmt *q = NULL;
		int64_t day, turn;
		char sql[128];

		(void)snprintf(sql, sizeof sql, "SELECT %s FROM %s", p->column, p->table);
		assert_int_equal(sqlite3_prepare_v2(r->store->db, sql, -1, &q, NULL), SQLITE_OK);
		while (sqlite3_step(q) == SQLITE_ROW)
			n += keys_peek(sql_blob(q, 0), &day, &turn) && turn < r->store->keys->turn;
		(void)sqlite3_finalize(q);
	}
	return n;
}

static struct backup_seen
looked(const struct rig *r, const char *path, bool good)
{
	struct backup_seen seen;
	struct fault f = { 0 };

	if (store_backup_check(path, r->keys, r->old_keys_n, &seen, &f) != good)
		fail_msg("%s", f.text);
	return seen;
}

static enum store_found
opted_out(struct rig *r, const char *phone)
{
	struct fault f = { 0 };

	return store_optout_find(r->store, "lamna", phone, &f);
}

static void
put_optout(struct rig *r, const char *phone)
{
	struct sender_event e = { .told = EVENT_OPTOUT, .from = "+18335550100", .opted_out = true };

	(void)snprintf(e.to, sizeof e.to, "%s", phone);
	told(r, e, NULL);
	same_int("opted out", opted_out(r, phone), STORE_FOUND);
}

/* ---- tests ---- */

TEST(a_rotation_while_messages_come)
{
	struct rig r;
	int turns = 0;
	uint32_t before;

	house_of(&r, 600);
	put_optout(&r, PHONE);
	before = rotation(&r).key;
	another_key(&r, 9);
	(void)one_turn(&r, rotate(&r));
	holds("taken", last.ok);
	holds("it opens with the new one at once", rotation(&r).key != before && rotation(&r).running);
	holds("and is not over in one turn", of_before(&r) > 0);
	for (; rotation(&r).running && turns < 200; turns++) {
		char id[16];

		(void)snprintf(id, sizeof id, "N%d", turns);
		struct message *m = message_of(&r, (struct say){ .id = id, .patient = id, .phone = OTHER, .in_s = 200000 });
		struct turn_input in = { &m->link, NULL, NULL, r.now, true, 0 };
		struct fault f = { 0 };
		int percent = rotation(&r).percent;

		r.answers = 0;
		holds("no turn fails", engine_turn(r.engine, &in, &f) != TURN_BROKEN);
		same_int("a message is answered in its turn", r.answers, 1);
		same_int("and taken", r.answer.verdict, VERDICT_ACCEPT);
		holds("it goes on", rotation(&r).percent >= percent);
	}
	holds("in portions", turns > 9 && turns < 200);
	same_int("nothing is sealed as before", of_before(&r), 0);
	same_int("no key of before is there", count(&r, "SELECT count(*) FROM day_key WHERE turn < 2"), 0);
	holds("as many as there were", rotation(&r).sealed >= 600 && rotation(&r).unreadable == 0);
	only_the_new(&r);
	stop(&r);
	start(&r);
	same_int("who opted out stays so", opted_out(&r, PHONE), STORE_FOUND);
	same_int("nobody else did", opted_out(&r, OTHER), STORE_NONE);
	backup(&r);
	same_int("every field opens", looked(&r, copy, true).unreadable, 0);
	end(&r);
}

TEST(ended_anywhere_it_goes_on)
{
	struct rig r;
	int cuts = 0;

	house_of(&r, 40);
	put_optout(&r, PHONE);
	another_key(&r, 9);
	(void)one_turn(&r, rotate(&r));
	while (rotation(&r).running && cuts < 100) {
		int64_t place = rotation(&r).place;

		stop(&r); /* nothing but what was committed is left */
		open_house(&r);
		holds("what was done stays done", !rotation(&r).running || rotation(&r).place >= place);
		cuts++;
		if (rotation(&r).running)
			(void)one_turn(&r, NULL);
	}
	holds("at every portion", cuts >= 4);
	same_int("all is sealed anew", of_before(&r), 0);
	only_the_new(&r);
	stop(&r);
	start(&r);
	same_int("opted out", opted_out(&r, PHONE), STORE_FOUND);
	end(&r);
}

TEST(what_is_undone_leaves_the_old_key)
{
	struct rig r;
	struct fault f = { 0 };
	uint32_t before;
	uint8_t next[SEAL_KEY_BYTES] = { 9 };

	house_of(&r, 10);
	put_optout(&r, PHONE);
	before = rotation(&r).key;
	assert_true(store_begin(r.store, &f) && store_rotate(r.store, next, 5, &f));
	same_int("within it, found", opted_out(&r, PHONE), STORE_FOUND);
	store_rollback(r.store);
	same_int("the key of before", rotation(&r).key, before);
	holds("nothing runs", !rotation(&r).running && rotation(&r).turn == 1);
	same_int("opted out", opted_out(&r, PHONE), STORE_FOUND);
	stop(&r);
	start(&r);
	same_int("and opens it", rotation(&r).key, before);
	end(&r);
}

TEST(what_is_refused)
{
	struct rig r;
	struct fault f = { 0 };
	struct store *none = NULL;

	house_of(&r, 10);
	(void)one_turn(&r, rotate(&r));
	holds("the same key", !last.ok && strstr(last.fault.text, "already"));
	another_key(&r, 9);
	stop(&r);
	start(&r);
	holds("before, the old one opens it, and the new one is wanted", !is_first(&r));
	(void)one_turn(&r, rotate(&r));
	holds("taken", last.ok);
	another_key(&r, 11);
	(void)one_turn(&r, rotate(&r));
	holds("one at a time", !last.ok && strstr(last.fault.text, "under way"));
	(void)turn(&r, NULL, NULL, NULL);
	stop(&r);
	memset(r.keys, 0, sizeof r.keys);
	r.keys[0] = 7;
	r.old_keys_n = 0;
	struct store_setup s = { .directory = r.folder, .key = r.keys, .conf = r.rules->conf, .now_s = now_s(&r.now) };

	holds("the key of before opens it no more", !store_open(&s, &none, &f) && f.kind == FAULT_OPERATOR && strstr(f.text, "old_store_keys"));
	r.keys[0] = 9;
	start(&r);
	end(&r);
}

TEST(opt_outs_of_every_turn)
{
	struct rig r;
	struct fault f = { 0 };
	static const char *const phones[] = { "+16085550201", "+16085550202", "+16085550203" };

	house_of(&r, 5);
	put_optout(&r, phones[0]);
	for (int i = 1; i < 3; i++) {
		another_key(&r, (uint8_t)(20 + i));
		(void)one_turn(&r, rotate(&r));
		(void)turn(&r, NULL, NULL, NULL);
		holds("over", last.ok && !rotation(&r).running);
		put_optout(&r, phones[i]);
	}
	only_the_new(&r);
	stop(&r);
	start(&r);
	for (int i = 0; i < 3; i++)
		same_int("of whatever turn", opted_out(&r, phones[i]), STORE_FOUND);
	put_optout(&r, phones[0]); /* said again: marked by the newest */
	same_int("still one row each", count(&r, "SELECT count(*) FROM optout"), 3);
	assert_true(store_begin(r.store, &f) && store_optout_drop(r.store, "lamna", phones[1], &f) && store_commit(r.store, &f));
	same_int("lifted", opted_out(&r, phones[1]), STORE_NONE);
	struct refused bad = { .cause = "absent", .at_s = 7 };

	assert_true(store_begin(r.store, &f) && store_refused_put(r.store, "lamna", "+16085550209", &bad, &f) && store_commit(r.store, &f));
	assert_true(store_begin(r.store, &f) && store_lift_put(r.store, "lamna", phones[2], "+1", 5, &f) && store_commit(r.store, &f));
	another_key(&r, 30);
	(void)one_turn(&r, rotate(&r));
	(void)turn(&r, NULL, NULL, NULL);
	int64_t at = 0;
	struct refused wrong = { .cause = "absent", .at_s = 7 };

	same_int("a wrong number of before", store_refused_get(r.store, "lamna", "+16085550209", &wrong, &f), STORE_FOUND);
	assert_true(store_begin(r.store, &f) && store_refused_put(r.store, "lamna", "+16085550209", &wrong, &f) && store_commit(r.store, &f));
	same_int("one row", count(&r, "SELECT count(*) FROM refused"), 1);
	assert_true(store_begin(r.store, &f) && store_refused_drop(r.store, "lamna", "+16085550209", &f) && store_commit(r.store, &f));
	same_int("gone", store_refused_get(r.store, "lamna", "+16085550209", &wrong, &f), STORE_NONE);
	same_int("what the gateway is owed", store_lift_get(r.store, "lamna", phones[2], "+1", &at, &f), STORE_FOUND);
	assert_true(store_begin(r.store, &f) && store_lift_drop(r.store, "lamna", phones[2], NULL, &f) && store_commit(r.store, &f));
	same_int("and told", store_lift_get(r.store, "lamna", phones[2], "+1", &at, &f), STORE_NONE);
	end(&r);
}

/* A backup of before is put back: what was sent, and who opted out, since. */
static void
put_back(struct rig *r)
{
	char to[128];

	stop(r);
	(void)snprintf(to, sizeof to, "%s/nudge.db", r->folder);
	file_copy(copy, to);
}

TEST(a_backup_of_before_is_put_back)
{
	struct rig r;
	struct fault f = { 0 };
	struct engine *none = NULL;
	int sent;

	house_of(&r, 5);
	put_optout(&r, "+16085550201");
	backup(&r);
	sender(&r, true);
	another_key(&r, 9);
	(void)one_turn(&r, rotate(&r));
	(void)turn(&r, NULL, NULL, NULL);
	put_optout(&r, "+16085550202");
	another_key(&r, 10);
	(void)one_turn(&r, rotate(&r));
	(void)turn(&r, NULL, NULL, NULL);
	put_optout(&r, "+16085550203");
	(void)tell(&r, (struct say){ .id = "X", .patient = "X", .phone = OTHER, .in_s = 90000 });
	sent = r.jobs_n;
	put_back(&r);
	/* Only its own key: what the journal has from behind the rotation means nobody. */
	uint8_t keys[sizeof r.keys];

	memcpy(keys, r.keys, sizeof keys);
	memset(r.keys, 0, sizeof r.keys);
	r.keys[0] = 7;
	r.old_keys_n = 0;
	open_store(&r);
	begin_journal(&r);
	same_int("older", r.journal_state, JOURNAL_AHEAD);
	struct engine_setup s = { .store = r.store, .rules = rules_hold(r.rules), .compose = compose, .random = chance, .random_ctx = &r,
		.now = r.now, .journal = r.journal, .journal_state = r.journal_state };

	holds("refused, with what to do", !engine_new(&s, &none, &f) && f.kind == FAULT_OPERATOR && strstr(f.text, "store_key"));
	rules_drop(s.rules);
	stop(&r);
	/* The newest and its own; the one between is lost. */
	memcpy(r.keys, keys, SEAL_KEY_BYTES);
	memset(r.keys + SEAL_KEY_BYTES, 0, SEAL_KEY_BYTES);
	r.keys[SEAL_KEY_BYTES] = 7;
	r.old_keys_n = 1;
	start(&r);
	same_int("of before", opted_out(&r, "+16085550201"), STORE_FOUND);
	same_int("of between", opted_out(&r, "+16085550202"), STORE_FOUND);
	same_int("of after", opted_out(&r, "+16085550203"), STORE_FOUND);
	same_int("nobody else", opted_out(&r, "+16085550204"), STORE_NONE);
	(void)tell(&r, (struct say){ .id = "X", .patient = "X", .phone = OTHER, .in_s = 90000 });
	same_int("nothing goes twice", r.jobs_n, sent);
	(void)one_turn(&r, rotate(&r)); /* and to the key that should be */
	(void)turn(&r, NULL, NULL, NULL);
	holds("rotated", last.ok && !rotation(&r).running && is_first(&r));
	only_the_new(&r);
	stop(&r);
	start(&r);
	same_int("of after, after all", opted_out(&r, "+16085550203"), STORE_FOUND);
	end(&r);
}

TEST(a_backup_in_the_middle)
{
	struct rig r;

	house_of(&r, 600);
	put_optout(&r, PHONE);
	another_key(&r, 9);
	(void)one_turn(&r, rotate(&r));
	backup(&r);
	holds("in the middle", rotation(&r).running);
	only_the_new(&r);
	same_int("it opens, all of it, with the new key alone", looked(&r, copy, true).unreadable, 0);
	(void)turn(&r, NULL, NULL, NULL);
	put_back(&r);
	start(&r);
	(void)turn(&r, NULL, NULL, NULL);
	holds("and goes on from there", !rotation(&r).running && of_before(&r) == 0);
	same_int("opted out", opted_out(&r, PHONE), STORE_FOUND);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_rotation_while_messages_come),
		RUN(ended_anywhere_it_goes_on),
		RUN(what_is_undone_leaves_the_old_key),
		RUN(what_is_refused),
		RUN(opt_outs_of_every_turn),
		RUN(a_backup_of_before_is_put_back),
		RUN(a_backup_in_the_middle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
