/* test_backup.c - a copy made while the house works is whole, and one that is not is found out. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <signal.h>
#include <sys/resource.h>

#include "rig.h"

#define VISITS 900

static const uint8_t key[SEAL_KEY_BYTES] = { 7 }, another_key[SEAL_KEY_BYTES] = { 8 };
static char copy[160];

/* What came of the last backup. */
static bool replied, reply_ok;
static char reply_text[sizeof ((struct fault *)0)->text];

static void
took(void *ctx, const struct command *c)
{
	(void)ctx;
	if (c->kind != COMMAND_BACKUP)
		return;
	replied = true;
	reply_ok = c->ok;
	(void)snprintf(reply_text, sizeof reply_text, "%s", c->fault.text);
}

static void
visits(struct rig *r, const char *letter, int n)
{
	for (int i = 0; i < n; i++) {
		char id[16], phone[16];

		(void)snprintf(id, sizeof id, "%s%d", letter, i);
		(void)snprintf(phone, sizeof phone, "+1608%s55%04d", letter[0] == 'A' ? "5" : "6", i);
		(void)tell(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 200000 + i * 60 });
	}
}

static void
begin(struct rig *r)
{
	struct command *c = calloc(1, sizeof *c);
	struct turn_input in = { NULL, NULL, &c->link, r->now, true, 0 };
	struct fault f = { 0 };

	c->kind = COMMAND_BACKUP;
	r->on_reply = took;
	replied = reply_ok = false;
	(void)snprintf(c->path, sizeof c->path, "%s", copy);
	(void)engine_turn(r->engine, &in, &f); /* one turn: a portion */
}

static struct backup_seen
looked(bool good)
{
	struct backup_seen seen;
	struct fault f = { 0 };

	if (store_backup_check(copy, key, 0, &seen, &f) != good)
		fail_msg("a copy is %s: %s", good ? "refused" : "taken", f.text);
	return seen;
}

static void
with_visits(struct rig *r)
{
	rig_open(r, 6000, 0, "");
	(void)snprintf(copy, sizeof copy, "%s.backup", r->folder);
	visits(r, "A", VISITS);
}

static void
end(struct rig *r)
{
	(void)unlink(copy);
	rig_close(r);
}

TEST(what_is_written_meanwhile_is_in_it)
{
	struct rig r;
	struct backup_seen seen;
	struct stat st;

	with_visits(&r);
	begin(&r);
	holds("it takes more than a turn", !replied);
	for (int i = 0; i < 100 && !replied; i++) { /* a message a turn, and the clock goes on */
		struct message *m = message_of(&r, (struct say){ .id = "B", .patient = "B", .phone = "+16085559999", .in_s = 300000 + i });
		struct turn_input in = { &m->link, NULL, NULL, r.now, true, 0 };
		struct fault f = { 0 };

		(void)engine_turn(r.engine, &in, &f);
		same_int("answered", r.answer.verdict, VERDICT_ACCEPT);
	}
	holds("made", replied && reply_ok);
	seen = looked(true);
	same_int("visits", seen.appointments, VISITS + 1);
	holds("their numbers open", seen.sealed > VISITS);
	same_int("all of them", seen.unreadable, 0);
	assert_int_equal(stat(copy, &st), 0);
	same_int("for nobody else", st.st_mode & 0777, 0600);
	begin(&r);
	holds("never over another file", replied && !reply_ok && strstr(reply_text, "there already"));
	holds("which is left alone", looked(true).appointments == VISITS + 1);
	end(&r);
}

TEST(a_copy_starts_as_the_store_did)
{
	struct rig r;
	char path[200];
	int64_t pending;

	with_visits(&r);
	pending = status(&r)->texts[TEXT_PENDING];
	begin(&r);
	(void)turn(&r, NULL, NULL, NULL);
	holds("made", replied && reply_ok);
	visits(&r, "C", 20);
	engine_free(r.engine);
	store_close(r.store);
	(void)snprintf(path, sizeof path, "%s/nudge.db", r.folder);
	assert_int_equal(rename(copy, path), 0);
	open_store(&r);
	open_engine(&r);
	sender(&r, true);
	same_int("what waited then waits now", status(&r)->texts[TEXT_PENDING], pending);
	end(&r);
}

TEST(one_at_a_time_and_none_left_half)
{
	struct rig r;
	struct rlimit was, tight;
	char first[sizeof copy];

	with_visits(&r);
	begin(&r);
	memcpy(first, copy, sizeof first);
	(void)snprintf(copy, sizeof copy, "%s.other", r.folder);
	begin(&r);
	holds("one is enough", replied && !reply_ok && strstr(reply_text, "already"));
	memcpy(copy, first, sizeof copy);
	(void)turn(&r, NULL, NULL, NULL);
	holds("the first is made", reply_ok);
	(void)unlink(copy);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	tight = was;
	tight.rlim_cur = 200000;
	begin(&r);
	replied = false;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	for (int i = 0; i < 50 && !replied; i++) {
		struct turn_input in = { NULL, NULL, NULL, r.now, true, 0 };
		struct fault f = { 0 };

		(void)engine_turn(r.engine, &in, &f);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	holds("no space is said", replied && !reply_ok);
	same_int("and nothing is left", access(copy, F_OK), -1);
	(void)tell(&r, (struct say){ .id = "Z", .patient = "Z", .phone = "+16085559999", .in_s = 300000 });
	same_int("the house goes on", r.answer.verdict, VERDICT_ACCEPT);
	begin(&r);
	end(&r); /* in the middle of one */
	same_int("an end leaves no half copy", access(copy, F_OK), -1);
}

TEST(damage_is_found)
{
	struct rig r;
	struct backup_seen seen;
	struct fault f = { 0 };
	struct stat st;
	unsigned char byte;
	int fd, found = 0, silent = 0;

	with_visits(&r);
	begin(&r);
	(void)turn(&r, NULL, NULL, NULL);
	seen = looked(true);
	holds("another key is not its key", !store_backup_check(copy, another_key, 0, &seen, &f) && strstr(f.text, "store_key"));
	seen = looked(true);
	fd = open(copy, O_RDWR);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	for (off_t at = 100; at < st.st_size; at += st.st_size / 97) {
		struct backup_seen now;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		if (!store_backup_check(copy, key, 0, &now, &f) || now.unreadable > 0)
			found++;
		else
			silent++;
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	holds("much damage is seen", found > silent / 2);
	assert_int_equal(ftruncate(fd, st.st_size / 2), 0);
	(void)close(fd);
	(void)looked(false);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_written_meanwhile_is_in_it),
		RUN(a_copy_starts_as_the_store_did),
		RUN(one_at_a_time_and_none_left_half),
		RUN(damage_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
