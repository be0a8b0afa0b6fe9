/* test_space.c - the disk runs low: one word as a state begins, one as it ends, and silence before it is full. */
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "unit.h"

#include "rig.h"
#include "store/sqlite/sql.h"

#define MIB ((int64_t)1048576)

static void
room(struct rig *r, int64_t bytes)
{
	r->free_bytes = bytes;
	(void)turn(r, NULL, NULL, NULL);
	status(r);
}

static int
book(struct rig *r, const char *id)
{
	(void)tell(r, (struct say){ .id = id, .patient = id, .phone = "+16085550100", .in_s = 90000 });
	return r->answer.what;
}

TEST(each_state_begins_and_ends_once_and_does_not_flutter)
{
	static const struct {
		int64_t mib;
		const char *state;
		int alarms; /* more than before */
	} rows[] = { { 5000, "enough", 0 }, { 1024, "enough", 0 }, { 1023, "low", 1 }, { 1030, "low", 0 }, { 1087, "low", 0 },
		{ 1088, "enough", 1 }, { 255, "shedding", 1 }, { 271, "shedding", 0 }, { 272, "low", 1 }, { 63, "stopped", 1 },
		{ 67, "stopped", 0 }, { 68, "shedding", 2 }, { 1, "stopped", 1 }, { 5000, "enough", 2 }, { 0, "enough", 0 } };
	struct rig r;
	int before;

	rig_open(&r, 6000, 0, "");
	for (size_t i = 0; i < COUNT(rows); i++) {
		before = r.alarms;
		room(&r, rows[i].mib * MIB);
		same_text("state", r.status.space, rows[i].state);
		same_int("free", r.status.free_bytes, rows[i].mib * MIB);
		same_int("alarms", r.alarms - before, rows[i].alarms);
	}
	rig_close(&r);
}

TEST(below_the_last_mark_nobody_is_answered_and_what_was_planned_goes_on)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	room(&r, 2 * MIB);
	same_int("closed", book(&r, "A"), ANSWER_CLOSE);
	same_int("nothing of it", r.status.messages_accepted, 0);
	room(&r, 100 * MIB);
	same_int("answered", book(&r, "A"), ANSWER_SEND);
	same_int("the confirmation left", r.jobs_n, 1);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	room(&r, 2 * MIB);
	pass(&r, 90000 - 86400 + 1);
	same_int("the reminder left", r.jobs_n, 2);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	status(&r);
	same_int("its outcome is kept", r.status.texts[TEXT_SENT], 2);
	same_int("closed", book(&r, "B"), ANSWER_CLOSE);
	rig_close(&r);
}

TEST(a_mark_of_zero_is_off)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "store_key", "disk_warn = 0 disk_shed = 0 disk_stop = 0 store_key");
	room(&r, 1);
	same_text("state", r.status.space, "enough");
	same_int("answered", book(&r, "A"), ANSWER_SEND);
	rig_close(&r);
}

static int64_t
file_bytes(struct rig *r)
{
	char path[128];
	struct stat st;
	struct fault f = { 0 };
	bool done;

	holds("checkpoint", store_checkpoint(r->store, true, &done, &f) && done);
	(void)snprintf(path, sizeof path, "%s/nudge.db", r->folder);
	same_int("stat", stat(path, &st), 0);
	return st.st_size;
}

/* 100 messages of 60 kB each, kept and dropped: all but what the file soon needs again goes back. */
/* pain: pruning that does not give the disk back */
TEST(room_goes_back_to_the_disk)
{
	static char raw[60000];
	struct quarantined q = { .sender = 1, .reason = "no start", .segment = "SCH" };
	struct fault f = { 0 };
	struct rig r;
	int64_t full, small, id = 0;

	rig_open(&r, 6000, 0, "");
	(void)book(&r, "0");
	memset(raw, 'x', sizeof raw);
	q.received_s = now_s(&r.now);
	q.erase_at_s = q.received_s + 86400;
	holds("begin", store_begin(r.store, &f));
	for (int i = 0; i < 100; i++) {
		q.id = 0;
		if (!store_quarantine_put(r.store, &q, span_from(raw, sizeof raw), &f))
			fail_msg("%s", f.text);
	}
	holds("commit", store_commit(r.store, &f));
	full = file_bytes(&r);
	holds("begin", store_begin(r.store, &f));
	for (int i = 0; i < 100; i++) {
		same_int("next", store_quarantine_next(r.store, "", &id, &f), STORE_FOUND);
		holds("drop", store_quarantine_drop(r.store, id, &f));
	}
	holds("commit", store_commit(r.store, &f));
	holds("the file is as long as before", file_bytes(&r) == full);
	pass(&r, 600);
	small = file_bytes(&r);
	if (small > full / 3 || small < 256 * 4096)
		fail_msg("%lld bytes of %lld are left", (long long)small, (long long)full);
	same_int("no more to give", store_spare(r.store), 0);
	(void)book(&r, "A");
	same_int("and it works", r.answer.what, ANSWER_SEND);
	rig_close(&r);
}

/* Who makes the file anew by hand may lose the way in which it gives room back. */
TEST(a_file_that_gives_nothing_back_is_not_asked_on_and_on)
{
	static char raw[60000];
	struct quarantined q = { .sender = 1, .reason = "no start", .segment = "SCH" };
	struct turn_input in = { .clock_synchronised = true };
	struct fault f = { 0 };
	struct rig r;
	int64_t id = 0;

	rig_open(&r, 6000, 0, "");
	(void)book(&r, "0");
	memset(raw, 'x', sizeof raw);
	q.received_s = now_s(&r.now);
	q.erase_at_s = q.received_s + 86400;
	holds("made anew", sqlite3_exec(r.store->db, "PRAGMA auto_vacuum = NONE; VACUUM", NULL, NULL, NULL) == SQLITE_OK);
	holds("begin", store_begin(r.store, &f));
	for (int i = 0; i < 40; i++) {
		q.id = 0;
		holds("put", store_quarantine_put(r.store, &q, span_from(raw, sizeof raw), &f));
	}
	holds("commit", store_commit(r.store, &f));
	holds("begin", store_begin(r.store, &f));
	for (int i = 0; i < 40; i++) {
		same_int("next", store_quarantine_next(r.store, "", &id, &f), STORE_FOUND);
		holds("drop", store_quarantine_drop(r.store, id, &f));
	}
	holds("commit", store_commit(r.store, &f));
	pass(&r, 10);
	r.now.wall_ms += 60000;
	r.now.boot_ms += 60000;
	in.now = r.now;
	same_int("one turn", engine_turn(r.engine, &in, &f), TURN_DONE);
	holds("the room is still there", store_spare(r.store) > 0);
	(void)book(&r, "A");
	same_int("and it works", r.answer.what, ANSWER_SEND);
	rig_close(&r);
}

/* A message of 200 KiB that nobody could understand. */
static void
misunderstood(struct rig *r)
{
	static char bytes[200 << 10];
	struct message *m = message_of(r, (struct say){ .id = "Q", .patient = "Q", .in_s = 90000 });

	memset(bytes, 'x', sizeof bytes);
	m->kind = MESSAGE_QUARANTINE;
	m->reason = "no start time";
	m->raw = span_from(bytes, sizeof bytes);
	(void)turn(r, &m->link, NULL, NULL);
}

TEST(a_full_quarantine_is_told_once_and_ends_once)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "store_key", "quarantine_max = 1MiB store_key");
	for (int i = 0; i < 5; i++)
		misunderstood(&r);
	same_int("there is room", r.alarms, 0);
	for (int hour = 0; hour < 3; hour++) {
		for (int i = 0; i < 5; i++)
			misunderstood(&r);
		pass(&r, 3000);
	}
	same_int("told once, however long it lasts", r.alarms, 1);
	same_text("so", r.alarm, "quarantine is over quarantine_max: its oldest messages are being dropped (nudgectl quarantine list)");
	pass(&r, 660);
	same_int("and once that it ended", r.alarms, 2);
	same_text("so", r.alarm, "quarantine has had room for an hour");
	pass(&r, 7200);
	same_int("no more", r.alarms, 2);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(each_state_begins_and_ends_once_and_does_not_flutter),
		RUN(below_the_last_mark_nobody_is_answered_and_what_was_planned_goes_on), RUN(a_mark_of_zero_is_off),
		RUN(room_goes_back_to_the_disk), RUN(a_file_that_gives_nothing_back_is_not_asked_on_and_on),
		RUN(a_full_quarantine_is_told_once_and_ends_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
