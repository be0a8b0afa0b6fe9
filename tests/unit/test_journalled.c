/* test_journalled.c - what the send journal knows of visits, sites and ends that are none of the common ones. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_journal.h"

#define PHONE "+16085550123"
#define OTHER "+16085550124"
#define DAY ((int64_t)86400)
#define HOUR ((int64_t)3600)

static void
later(struct rig *r, int64_t seconds)
{
	r->now.wall_ms += seconds * 1000;
	r->now.boot_ms += seconds * 1000;
}

static void
book_both(struct rig *r, int64_t ago_s)
{
	(void)tell(r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * DAY + 3 * HOUR - ago_s });
	(void)tell(r, (struct say){ .id = "B", .phone = PHONE, .in_s = 3 * DAY + 5 * HOUR - ago_s });
	settle_all(r);
}

/* The newest file of sends, and how long it is. */
static off_t
sends_file(char path[200])
{
	DIR *d = opendir(journal_folder);
	struct stat st;

	assert_non_null(d);
	path[0] = '\0';
	for (struct dirent *x; (x = readdir(d));)
		if (strncmp(x->d_name, "sends-", 6) == 0 && strcmp(x->d_name, path + (path[0] ? strlen(journal_folder) + 1 : 0)) > 0)
			(void)snprintf(path, 200, "%s/%.60s", journal_folder, x->d_name);
	(void)closedir(d);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* The visits were booked after the copy was made, and one reminder was for both. Until its answer came: */
TEST(one_reminder_of_two_visits_is_said_of_neither_again)
{
	static const struct {
		const char *rule;
		bool ends, lost;
		enum journal_state state;
	} rows[] = {
		{ "nothing happened", false, false, JOURNAL_LEVEL },
		{ "the house ended", true, false, JOURNAL_LEVEL },
		{ "it was killed before the journal was written", true, true, JOURNAL_BEHIND },
	};
	const int64_t ago_s = 2 * DAY + 3 * HOUR + 5;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		struct text t = { 0 };
		struct fault f = { 0 };
		char path[200];
		off_t good;
		int before;

		journalled_rig(&r, "merge = true daily_cap = 0 late = send");
		backup(&r);
		book_both(&r, 0);
		same_int("booked", r.jobs_n, 2);
		later(&r, ago_s - 10);
		(void)turn(&r, NULL, NULL, NULL);
		good = sends_file(path);
		later(&r, 10);
		(void)tell(&r, (struct say){ .id = "C", .patient = "2", .in_s = 30 * DAY });
		same_int("one reminder", r.jobs_n, 3);
		holds("of both", strstr(last_job(&r)->body, "9:00 AM, 11:00 AM"));
		if (rows[i].ends) {
			(void)sends_file(path);
			stop(&r);
			if (rows[i].lost)
				assert_int_equal(truncate(path, good), 0);
			start(&r);
			same_int(rows[i].rule, r.journal_state, rows[i].state);
		}
		settle_all(&r);
		assert_int_equal(store_text_get(r.store, 2 * STORE_TEXTS_OF_ONE + 1, &t, &f), STORE_FOUND);
		same_text("the other's is told", reason_name(t.reason), "merged");
		restore(&r);
		same_int("put back", r.journal_state, JOURNAL_AHEAD);
		before = r.jobs_n;
		book_both(&r, ago_s);
		live(&r, 3 * HOUR); /* the one is late, the other's hour is to come */
		same_int(rows[i].rule, r.jobs_n, before);
		(void)status(&r);
		same_int("booked and reminded, both", r.status.texts[TEXT_SENT] + r.status.texts[TEXT_UNKNOWN], 4);
		end(&r);
	}
}

/* What a restored store plans late is looked for by its rule and its visit: another visit's reminder goes. */
TEST(a_late_reminder_that_was_not_said_goes)
{
	struct rig r;
	int before;

	journalled_rig(&r, "daily_cap = 0 late = send");
	backup(&r);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 26 * HOUR });
	settle_all(&r);
	live(&r, 3 * HOUR);
	same_int("booked, reminded", r.jobs_n, 2);
	restore(&r);
	before = r.jobs_n;
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 23 * HOUR });
	live(&r, 600);
	same_int("not again", r.jobs_n, before);
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = OTHER, .in_s = 23 * HOUR });
	live(&r, 600);
	same_int("both of the other", r.jobs_n, before + 2);
	end(&r);
}

TEST(a_text_whose_site_left_while_it_was_out_is_journalled)
{
	struct rig r;
	struct text t = { 0 };
	struct fault f = { 0 };

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * DAY });
	same_int("it is out", r.jobs_n, 1);
	rig_change(&r, "site \"cardiology\"", "site \"oncology\"");
	stop(&r);
	start(&r);
	same_int("the house starts, its journal level", r.journal_state, JOURNAL_LEVEL);
	settle_all(&r);
	assert_int_equal(store_text_get(r.store, STORE_TEXTS_OF_ONE, &t, &f), STORE_FOUND);
	same_text("what came of it", text_state_name(t.state), "sent");
	same_int("once", r.jobs_n, 1);
	end(&r);
}

static void
tell_of_nameless(struct rig *r, const char *phone, int number)
{
	struct message *m = message_of(r, (struct say){ .id = "G", .patient = "", .phone = phone, .in_s = 90000 });

	m->bookings[0].patient_number = number;
	(void)turn(r, &m->link, NULL, NULL);
	settle_all(r);
}

/* Who comes without an id is known by the place in the group, also to the journal. */
TEST(of_a_group_without_ids_each_place_is_told_once)
{
	struct rig r;

	journalled_rig(&r, "");
	backup(&r);
	tell_of_nameless(&r, "", 1);
	tell_of_nameless(&r, OTHER, 2);
	same_int("who has a number", r.jobs_n, 1);
	restore(&r);
	tell_of_nameless(&r, PHONE, 1);
	same_int("the other's text was none of this one's", r.jobs_n, 2);
	tell_of_nameless(&r, OTHER, 2);
	same_int("who was told is not told again", r.jobs_n, 2);
	end(&r);
}

static void
say_of_pair(struct rig *r, int64_t begun_s, bool booked)
{
	struct message *m = message_of(r, booked ? (struct say){ .id = "A2", .phone = PHONE, .in_s = begun_s + 12 * DAY - now_s(&r->now) } :
	    (struct say){ .id = "A1", .in_s = begun_s + 10 * DAY - now_s(&r->now), .status = VISIT_CANCELED });

	m->bookings[0].visit_type = m->bookings[0].visit_types = span_of(booked ? "ECHO" : "");
	(void)turn(r, &m->link, NULL, NULL);
}

/* Canceled and booked again under another id: one change was told, after the copy was made. */
TEST(a_visit_that_was_booked_anew_is_not_told_again)
{
	struct rig r;
	struct message *m;
	struct appointment a;
	struct fault f = { 0 };
	int64_t begun_s;

	journalled_rig(&r, "");
	rig_change(&r, "settle = 0s", "settle = 60s");
	begun_s = now_s(&r.now);
	m = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * DAY });
	m->bookings[0].visit_type = m->bookings[0].visit_types = SPAN_LIT("ECHO");
	(void)turn(&r, &m->link, NULL, NULL);
	pass(&r, 65);
	settle_all(&r);
	backup(&r);
	for (int i = 0; i < 2; i++) {
		say_of_pair(&r, begun_s, false);
		say_of_pair(&r, begun_s, true);
		pass(&r, 50);
		later(&r, 15);
		(void)tell(&r, (struct say){ .id = "C", .patient = "2", .in_s = 30 * DAY });
		settle_all(&r);
		same_int("booked, and one change", r.jobs_n, 2);
		pass(&r, 120);
		same_int("nothing of the old one", r.jobs_n, 2);
		assert_int_equal(store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_FOUND);
		holds("whose number goes when the change is told", a.erased && !a.phone[0]);
		if (i == 0)
			restore(&r);
	}
	end(&r);
}

/* nudge-sender tells of an attempt of before the store was put back: the journal has no attempt that this would end. */
TEST(an_answer_about_what_was_never_tried_is_believed_and_not_journalled)
{
	struct sent job = { .attempt = 1 };
	struct rig r;
	int64_t seq;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * DAY });
	settle_all(&r);
	same_int("booked", r.jobs_n, 1);
	seq = journal_last(r.journal);
	job.text = last_job(&r)->text + 1; /* the reminder */
	outcome(&r, &job, OUTCOME_ACCEPTED, 202);
	same_int("taken", status(&r)->texts[TEXT_SENT], 2);
	same_int("no entry", journal_last(r.journal), seq);
	live(&r, 3 * DAY);
	same_int("and not sent again", r.jobs_n, 1);
	end(&r);
}

/* ---- released ---- */

static struct {
	bool ok;
	char fault[512];
} said;

static void
took(void *ctx, const struct command *c)
{
	(void)ctx;
	said.ok = c->ok;
	(void)snprintf(said.fault, sizeof said.fault, "%s", c->ok ? "" : c->fault.text);
}

/* No statement of its turn is refused: what is asked has its own way to fail, or is wiped when it was tried. */
static bool
asked(struct rig *r, enum command_kind kind)
{
	struct command *c = calloc(1, sizeof *c);
	struct turn_input in = { NULL, NULL, &c->link, r->now, true, 0 };
	struct fault f = { 0 };

	assert_non_null(c);
	c->kind = kind;
	memcpy(c->key, r->keys, sizeof c->key);
	r->on_reply = took;
	(void)engine_turn(r->engine, &in, &f);
	r->on_reply = NULL;
	return said.ok;
}

TEST(what_is_not_held_may_be_released)
{
	struct rig r;
	int64_t seq;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * DAY });
	seq = journal_last(r.journal);
	holds("it is as wanted", asked(&r, COMMAND_RELEASE_JOURNAL));
	same_int("nothing was done for it", journal_last(r.journal), seq);
	end(&r);
}

/* As many files are open as may be. */
static void
no_more_files(struct rlimit *was)
{
	struct rlimit tight;
	int next = dup(STDERR_FILENO);

	assert_true(next >= 0 && close(next) == 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, was), 0);
	tight = *was;
	tight.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
}

TEST(a_journal_that_cannot_begin_keeps_sends_held)
{
	struct rlimit was;
	struct rig r;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * DAY });
	settle_all(&r);
	stop(&r);
	empty_journal();
	start(&r);
	same_int("missed", r.journal_state, JOURNAL_MISSING);
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = OTHER, .in_s = 3 * DAY });
	no_more_files(&was);
	holds("refused", !asked(&r, COMMAND_RELEASE_JOURNAL));
	holds("and why", strstr(said.fault, "journal"));
	(void)turn(&r, NULL, NULL, NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	same_int("nothing went", r.jobs_n, 1);
	holds("still held", status(&r)->journal_held);
	holds("released", asked(&r, COMMAND_RELEASE_JOURNAL));
	(void)turn(&r, NULL, NULL, NULL);
	same_int("it goes", r.jobs_n, 2);
	holds("held no more", !status(&r)->journal_held);
	end(&r);
}

TEST(without_a_journal_the_store_key_changes_too)
{
	struct fault f = { 0 };
	struct rig r;

	rig_open(&r, 6000, 0, "");
	told(&r, (struct sender_event){ .told = EVENT_OPTOUT, .from = "+18335550100", .to = PHONE, .opted_out = true }, NULL);
	r.keys[0] = 9;
	holds("taken", asked(&r, COMMAND_ROTATE));
	pass(&r, 10);
	crash(&r);
	same_int("under the new key, who opted out stays so", store_optout_find(r.store, "lamna", PHONE, &f), STORE_FOUND);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(one_reminder_of_two_visits_is_said_of_neither_again), RUN(a_late_reminder_that_was_not_said_goes),
		RUN(a_text_whose_site_left_while_it_was_out_is_journalled), RUN(of_a_group_without_ids_each_place_is_told_once),
		RUN(a_visit_that_was_booked_anew_is_not_told_again), RUN(an_answer_about_what_was_never_tried_is_believed_and_not_journalled),
		RUN(what_is_not_held_may_be_released), RUN(a_journal_that_cannot_begin_keeps_sends_held),
		RUN(without_a_journal_the_store_key_changes_too) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
