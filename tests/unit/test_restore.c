/* test_restore.c - the store is put back from a backup: nothing is sent twice, nobody who opted out is texted. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_journal.h"

#define PHONE "+16085550123"

/* ---- what patients got ---- */

static int
heard(const struct rig *r, const char *words)
{
	int n = 0;

	for (int i = 0; i < r->jobs_n && i < 256; i++)
		n += strstr(r->jobs[i].body, words) != NULL;
	return n;
}

/* A text is the same when its number and its words are: ids aside. */
static int
twice(const struct rig *r)
{
	int n = 0;

	for (int i = 0; i < r->jobs_n && i < 256; i++)
		for (int k = 0; k < i; k++) {
			const char *a = strchr(r->jobs[i].body, '|'), *b = strchr(r->jobs[k].body, '|');

			a = a ? strchr(a + 1, '|') : NULL;
			b = b ? strchr(b + 1, '|') : NULL;
			n += a && b && r->jobs[i].attempt == 1 && r->jobs[k].attempt == 1 && strcmp(a, b) == 0;
		}
	return n;
}

static int
restored_after(int64_t age_s)
{
	struct rig r;
	char id[16], phone[16];
	int more;

	journalled_rig(&r, "");
	for (int i = 0; i < 40; i++) { /* visits over three days */
		(void)snprintf(id, sizeof id, "V%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 1000 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 90000 + i * 6000 });
	}
	settle_all(&r);
	live(&r, 7200);
	backup(&r);
	int before = r.jobs_n;

	live(&r, age_s);
	(void)tell(&r, (struct say){ .id = "V39", .patient = "V39", .phone = "+16085551039", .in_s = 300000 }); /* moved */
	(void)tell(&r, (struct say){ .id = "V38", .patient = "V38", .status = VISIT_CANCELED });
	(void)tell(&r, (struct say){ .id = "N1", .patient = "N1", .phone = "+16085552001", .in_s = 200000 }); /* new since */
	settle_all(&r);
	int sent = r.jobs_n, since = sent - before;

	holds("something was sent since the backup", since >= 3);
	restore(&r);
	(void)turn(&r, NULL, NULL, NULL);
	if (!without) {
		same_int("a restored store is seen", r.journal_state, JOURNAL_AHEAD);
		same_int("nothing goes at the start", r.jobs_n, sent);
		holds("and it is said", r.alarm && strstr(r.alarm, "older one"));
	}
	/* The feed is told again, as far as it is known there. */
	(void)tell(&r, (struct say){ .id = "V39", .patient = "V39", .phone = "+16085551039", .in_s = 300000 });
	(void)tell(&r, (struct say){ .id = "V38", .patient = "V38", .status = VISIT_CANCELED });
	(void)tell(&r, (struct say){ .id = "N1", .patient = "N1", .phone = "+16085552001", .in_s = 200000 });
	settle_all(&r);
	same_int("nor when the feed says it again", r.jobs_n, without ? r.jobs_n : sent);
	live(&r, 5 * 86400);
	more = twice(&r);
	/* booked and a reminder each */
	holds("and the rest went", r.jobs_n > sent);
	same_int("nothing stays under way", status(&r)->texts[TEXT_SENDING], 0);
	end(&r);
	return more;
}

TEST(a_backup_of_an_hour_sends_nothing_twice)
{
	same_int("duplicates", restored_after(3600), 0);
}

TEST(a_backup_of_a_day_sends_nothing_twice)
{
	same_int("duplicates", restored_after(86400), 0);
}

/* Else the two above would prove nothing. */
TEST(without_a_journal_the_same_goes_twice)
{
	without = true;
	holds("an hour", restored_after(3600) > 0);
	holds("a day", restored_after(86400) > 0);
	without = false;
}

TEST(a_new_visit_does_not_inherit_what_another_was_sent)
{
	struct rig r;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 90000 });
	settle_all(&r);
	backup(&r);
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = "+16085550124", .in_s = 90000 });
	settle_all(&r);
	restore(&r);
	(void)tell(&r, (struct say){ .id = "C", .patient = "3", .phone = "+16085550125", .in_s = 90000 });
	settle_all(&r);
	same_int("its own confirmation", heard(&r, "+16085550125"), 1);
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = "+16085550124", .in_s = 90000 });
	same_int("B has had its one", heard(&r, "+16085550124"), 1);
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = "+16085550124", .in_s = 99000 });
	same_int("what is news to B is told", heard(&r, "+16085550124"), 2);
	end(&r);
}

static void
tell_of_group(struct rig *r, const char *patient, const char *phone, int number)
{
	struct message *m = message_of(r, (struct say){ .id = "G", .patient = patient, .phone = phone, .in_s = 90000 });

	m->bookings[0].patient_number = number;
	(void)turn(r, &m->link, NULL, NULL);
	settle_all(r);
}

/* Whose place in a group visit is another one when the feed tells of it again. */
TEST(a_group_that_comes_again_in_another_order_is_told_nothing)
{
	struct rig r;

	journalled_rig(&r, "");
	backup(&r);
	tell_of_group(&r, "7", "+16085550124", 1);
	tell_of_group(&r, "8", "+16085550125", 2);
	same_int("each once", r.jobs_n, 2);
	restore(&r);
	tell_of_group(&r, "8", "+16085550125", 1);
	tell_of_group(&r, "7", "+16085550124", 2);
	same_int("and not again", r.jobs_n, 2);
	end(&r);
}

TEST(the_journal_knows_what_came_back)
{
	struct rig r;

	journalled_rig(&r, "");
	backup(&r);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 90000 });
	outcome(&r, last_job(&r), OUTCOME_NOT_TRIED, 0); /* certainly not taken: goes again with another id */
	same_int("tried once", r.jobs_n, 1);
	restore(&r);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 90000 });
	live(&r, 600);
	same_int("what never left goes", r.jobs_n, 2);
	end(&r);
}

static void
opt_out(struct rig *r, const char *phone)
{
	struct sender_event e = { .told = EVENT_OPTOUT, .from = "+18335550100", .opted_out = true };

	(void)snprintf(e.to, sizeof e.to, "%s", phone);
	told(r, e, NULL);
}

static void
release_journal(struct rig *r)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = COMMAND_RELEASE_JOURNAL;
	(void)turn(r, NULL, NULL, &c->link);
	(void)turn(r, NULL, NULL, NULL);
}

TEST(opt_outs_survive)
{
	struct rig r;
	struct fault f = { 0 };

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 90000 });
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = "+16085550124", .in_s = 90000 });
	settle_all(&r);
	backup(&r);
	opt_out(&r, PHONE);
	same_int("opted out", store_optout_find(r.store, "lamna", PHONE, &f), STORE_FOUND);
	restore(&r);
	same_int("still", store_optout_find(r.store, "lamna", PHONE, &f), STORE_FOUND);
	same_int("only that one", store_optout_find(r.store, "lamna", "+16085550124", &f), STORE_NONE);
	int sent = r.jobs_n;

	live(&r, 86400);
	same_int("one reminder: the other's", r.jobs_n, sent + 1);
	end(&r);
}

TEST(without_its_journal_nothing_goes_until_a_person_says_so)
{
	struct rig r;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 90000 });
	settle_all(&r);
	stop(&r);
	empty_journal();
	start(&r);
	same_int("missed", r.journal_state, JOURNAL_MISSING);
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = "+16085550124", .in_s = 90000 });
	same_int("taken and acknowledged", r.answer.verdict, VERDICT_ACCEPT);
	same_int("not sent", r.jobs_n, 1);
	holds("and said what to do", r.alarm && strstr(r.alarm, "nudgectl release journal"));
	holds("status says so", status(&r)->journal_held);
	opt_out(&r, PHONE);
	stop(&r);
	start(&r);
	same_int("an opt-out's file is no journal of sends", r.journal_state, JOURNAL_MISSING);
	release_journal(&r);
	same_int("released", r.jobs_n, 2);
	settle_all(&r);
	stop(&r);
	start(&r);
	same_int("and known again", r.journal_state, JOURNAL_LEVEL);
	end(&r);
}

TEST(a_backup_older_than_the_journal_holds)
{
	struct rig r;
	int before;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 40 * 86400 });
	settle_all(&r);
	backup(&r);
	for (int i = 0; i < 60; i++) { /* a text a day */
		char id[16];

		(void)snprintf(id, sizeof id, "D%d", i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = "+16085550199", .in_s = 90000 });
		live(&r, 86400);
	}
	restore(&r);
	same_int("the journal forgot what that backup would need", r.journal_state, JOURNAL_TOO_SHORT);
	holds("held", status(&r)->journal_held);
	before = r.jobs_n;
	opt_out(&r, PHONE);
	stop(&r);
	start(&r);
	same_int("as the next start sees too, though an opt-out was written since", r.journal_state, JOURNAL_TOO_SHORT);
	(void)tell(&r, (struct say){ .id = "N", .patient = "N", .phone = "+16085550124", .in_s = 90000 });
	same_int("nothing goes", r.jobs_n, before);
	release_journal(&r);
	holds("until a person says so", r.jobs_n > before);
	settle_all(&r);
	stop(&r);
	start(&r);
	same_int("which is known", r.journal_state, JOURNAL_LEVEL);
	end(&r);
}

/* A kill between commit and journal: what never left is offered again. */
TEST(a_crash_leaves_nothing_behind)
{
	struct rig r;

	journalled_rig(&r, "");
	for (int i = 0; i < 20; i++) {
		char id[16], phone[16];

		(void)snprintf(id, sizeof id, "K%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 3000 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 90000 });
		stop(&r);
		start(&r);
		same_int("level", r.journal_state, JOURNAL_LEVEL);
	}
	live(&r, 1200);
	same_int("nothing is lost", status(&r)->texts[TEXT_SENT] + status(&r)->texts[TEXT_UNKNOWN], 20);
	end(&r);
}

static int64_t
seq_now(struct rig *r)
{
	return journal_last(r->journal);
}

/* What it says of opt-outs again at such a start is more than all that a turn writes. */
TEST(many_opt_outs_do_not_stop_a_journal_that_is_behind)
{
	struct rig r;
	struct fault f = { 0 };
	int64_t number;

	journalled_rig(&r, "");
	store_on_barred(r.store, NULL, NULL);
	assert_true(store_begin(r.store, &f));
	for (int i = 0; i < 60000; i++) {
		char phone[24];

		(void)snprintf(phone, sizeof phone, "+1608%07d", i);
		assert_true(store_optout_put(r.store, "lamna", phone, "handset", now_s(&r.now), &f));
	}
	assert_true(store_setting_get(r.store, "journal", &number, &f) && store_setting_put(r.store, "journal", number + 1, &f));
	assert_true(store_commit(r.store, &f));
	stop(&r);
	start(&r);
	same_int("a crash was in between", r.journal_state, JOURNAL_BEHIND);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 172800 });
	pass(&r, 30);
	same_int("texts go on", r.jobs_n, 1);
	end(&r);
}

TEST(a_turn_that_sends_nothing_costs_the_journal_nothing)
{
	struct rig r;
	int64_t seq;

	journalled_rig(&r, "");
	seq = seq_now(&r);
	(void)tell(&r, (struct say){ .id = "A", .in_s = 900000 });
	live(&r, 3600);
	same_int("no entry", seq_now(&r), seq);
	end(&r);
}

/* No space: messages are still answered, texts wait, and go when there is space. spare: bytes of a line that find room all the same. */
static void
full_journal(size_t spare)
{
	struct rig r;
	struct rlimit was, tight;
	char path[200];
	struct stat st;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 90000 });
	settle_all(&r);
	(void)signal(SIGXFSZ, SIG_IGN);
	/* Only files beyond what the journal has are stopped: it is padded to be the largest. */
	DIR *d = opendir(journal_folder);

	for (struct dirent *x; (x = readdir(d));)
		if (strncmp(x->d_name, "sends-", 6) == 0)
			(void)snprintf(path, sizeof path, "%s/%.60s", journal_folder, x->d_name);
	(void)closedir(d);
	FILE *pad = fopen(path, "a");
	for (int i = 0; i < 60000; i++)
		(void)fprintf(pad, "%099d\n", i);
	(void)fclose(pad);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	tight = was;
	tight.rlim_cur = (rlim_t)st.st_size + spare;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = "+16085550124", .in_s = 90000 });
	same_int("answered", r.answer.verdict, VERDICT_ACCEPT);
	same_int("not sent", r.jobs_n, 1);
	(void)turn(&r, NULL, NULL, NULL);
	same_int("still not", r.jobs_n, 1);
	if (spare == 0) { /* else the half line was taken back, and the padding with it */
		(void)tell(&r, (struct say){ .id = "C", .patient = "3", .phone = "+16085550125", .in_s = 90000 });
		same_int("nothing else is even begun", status(&r)->texts[TEXT_SENDING], 1);
		same_int("not sent", r.jobs_n, 1);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	live(&r, 15); /* it is written again, */
	live(&r, 15); /* and texts go on */
	same_int("sent once there is room", r.jobs_n, spare == 0 ? 3 : 2);
	end(&r);
}

TEST(a_full_journal_holds_jobs_back_and_nothing_else)
{
	full_journal(10);
	full_journal(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_backup_of_an_hour_sends_nothing_twice),
		RUN(a_backup_of_a_day_sends_nothing_twice),
		RUN(without_a_journal_the_same_goes_twice),
		RUN(a_new_visit_does_not_inherit_what_another_was_sent),
		RUN(the_journal_knows_what_came_back),
		RUN(opt_outs_survive),
		RUN(without_its_journal_nothing_goes_until_a_person_says_so),
		RUN(a_backup_older_than_the_journal_holds),
		RUN(a_group_that_comes_again_in_another_order_is_told_nothing), RUN(a_crash_leaves_nothing_behind), RUN(many_opt_outs_do_not_stop_a_journal_that_is_behind),
		RUN(a_turn_that_sends_nothing_costs_the_journal_nothing),
		RUN(a_full_journal_holds_jobs_back_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
