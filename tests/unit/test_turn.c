/* test_turn.c - a turn that fails on its way, for want of the store or of the send journal; and how long nobody need take one. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_journal.h"

#define PHONE "+16085550123"
#define OURS "+18335550100"
#define DAY ((int64_t)86400)

/* One turn, its n-th statement refused. */
static enum turn_result
turn_without(struct rig *r, long n, struct queue_link *messages, struct queue_link *commands)
{
	struct turn_input in = { messages, NULL, commands, r->now, true, 0 };
	struct fault f = { 0 };
	enum turn_result t;

	refuse_at(n, SQLITE_FULL, 0);
	refuse_here(true);
	t = engine_turn(r->engine, &in, &f);
	refuse_here(false);
	refuse_at(0, 0, 0);
	return t;
}

/* ---- the store refuses ---- */

static struct message *
frame(struct rig *r)
{
	static const char *const ids[] = { "F1", "F2", "F3" };
	struct message *head = NULL, **last = &head;

	for (size_t i = 0; i < COUNT(ids); i++) {
		*last = message_of(r, (struct say){ .id = ids[i], .patient = ids[i], .phone = PHONE, .in_s = 2 * DAY, .control_id = ids[i] });
		last = &(*last)->also;
	}
	return head;
}

/* pain: a batch whose second half met a full disk is acknowledged, or leaves its first half behind */
TEST(a_frame_of_several_messages_is_whole_whichever_statement_fails)
{
	struct rig r;
	long n = 1;

	rig_open(&r, 6000, 0, "daily_cap = 0");
	while (turn_without(&r, n, &frame(&r)->link, NULL) == TURN_BUSY) {
		same_int("one answer a frame", r.answers, n);
		same_int("which is none", r.answer.what, ANSWER_CLOSE);
		same_int("nothing left", r.jobs_n, 0);
		same_int("nothing of it is stored", store_tally(r.store, 0, TEXT_PENDING) + store_tally(r.store, 0, TEXT_SENDING), 0);
		n++;
	}
	holds("each of the three has statements", n > 30);
	same_int("then it is answered", r.answer.what, ANSWER_SEND);
	(void)turn(&r, NULL, NULL, NULL);
	same_int("all three are confirmed", r.jobs_n, 3);
	same_int("each was taken once", status(&r)->messages_accepted, 3);
	rig_close(&r);
}

static struct { int n, ok; char first[sizeof((struct fault *)0)->text + 1], last[sizeof((struct fault *)0)->text + 1]; } replies;

static void
note_reply(void *ctx, const struct command *c)
{
	(void)ctx;
	replies.n++;
	replies.ok += c->ok;
	if (c->kind == COMMAND_RELEASE_SITE)
		(void)snprintf(replies.first, sizeof replies.first, "%s", c->fault.text);
	if (c->kind == COMMAND_OPTOUT_FIND)
		(void)snprintf(replies.last, sizeof replies.last, "%s", c->fault.text);
}

/* Of a site that is not there; an opt-out that is to be stored; and two that only ask. */
static struct queue_link *
four_commands(void)
{
	static const enum command_kind kinds[] = { COMMAND_RELEASE_SITE, COMMAND_STATUS, COMMAND_OPTOUT_ADD, COMMAND_OPTOUT_FIND };
	struct queue_link *first = NULL, **last = &first;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct command *c = calloc(1, sizeof *c);

		assert_non_null(c);
		c->kind = kinds[i];
		(void)snprintf(c->site, sizeof c->site, "nowhere");
		(void)snprintf(c->organization, sizeof c->organization, "lamna");
		(void)snprintf(c->phone, sizeof c->phone, PHONE);
		(void)snprintf(c->who, sizeof c->who, "ann");
		*last = &c->link;
		last = &c->link.next;
	}
	return first;
}

/* pain: an opt-out that was not stored is answered with "done", or not at all */
TEST(whoever_asked_in_a_turn_that_failed_is_told_so)
{
	struct rig r;
	long n;

	rig_open(&r, 6000, 0, "");
	r.on_reply = note_reply;
	for (n = 1;; n++) {
		memset(&replies, 0, sizeof replies);
		if (turn_without(&r, n, NULL, four_commands()) != TURN_BUSY)
			break;
		same_int("each is answered", replies.n, 4);
		same_int("none with a yes", replies.ok, 0);
		same_text("its own fault is told to whom it is", replies.first, "no site \"nowhere\" in the configuration");
		holds("and the store's to the others", strncmp(replies.last, "store: ", 7) == 0);
	}
	holds("the opt-out has statements", n > 3);
	same_int("each is answered", replies.n, 4);
	same_int("and all but one have what they wanted", replies.ok, 3);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY });
	same_int("the opt-out holds", r.jobs_n, 0);
	rig_close(&r);
}

/* ---- the journal refuses ---- */

static int real_fd[2], kept_fd[2];

static int
fd_of(const char *name)
{
	char link[40], path[200], want[120];

	(void)snprintf(want, sizeof want, "%s/%s", journal_folder, name);
	for (int fd = 3; fd < 1024; fd++) {
		ssize_t n;

		(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof path - 1);
		path[n > 0 ? n : 0] = '\0';
		if (strncmp(path, want, strlen(want)) == 0)
			return fd;
	}
	return -1;
}

/* From now on the journal's files are this device: /dev/full has no room, and /dev/null cannot be synced. */
static void
journal_becomes(const char *device)
{
	static const char *const names[2] = { "sends", "optouts" };
	int fd = open(device, O_WRONLY);

	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++) {
		real_fd[i] = fd_of(names[i]);
		assert_true(real_fd[i] >= 0);
		kept_fd[i] = dup(real_fd[i]);
		assert_true(kept_fd[i] >= 0 && dup2(fd, real_fd[i]) == real_fd[i]);
	}
	(void)close(fd);
}

static void
journal_is_back(void)
{
	for (int i = 0; i < 2; i++) {
		assert_true(dup2(kept_fd[i], real_fd[i]) == real_fd[i]);
		(void)close(kept_fd[i]);
	}
}

/* The engine's end, and its next start, its journal on this device; NULL: where it belongs. */
static bool
start_on(struct rig *r, const char *device, struct fault *f)
{
	struct journal_setup s = { .directory = journal_folder, .retention_s = 35 * 86400, .now_s = now_s(&r->now) };
	struct engine_setup es = { .store = r->store, .outlet = { .ctx = r, .answer = took_answer, .job = took_job, .taken = took_taken,
		.ask = took_ask, .reply = took_reply, .alarm = took_alarm }, .compose = compose, .random = chance, .random_ctx = r, .now = r->now };
	bool ok;

	engine_free(r->engine);
	journal_close(r->journal);
	r->engine = NULL;
	if (!store_begin(r->store, f) || !store_house(r->store, &s.house, f) || !store_setting_get(r->store, "journal", &s.seq, f) ||
	    !store_commit(r->store, f) || !journal_open(&s, &r->journal, &es.journal_state, f))
		fail_msg("%s", f->text);
	es.journal = r->journal;
	es.rules = rules_hold(r->rules);
	memcpy(es.boot_id, r->boot, sizeof es.boot_id);
	if (device)
		journal_becomes(device);
	ok = engine_new(&es, &r->engine, f);
	if (!ok)
		rules_drop(es.rules); /* still its giver's */
	return ok;
}

/* pain: a STOP is deleted at the gateway though it stands on no disk but one, and a restore of that one forgets it */
TEST(a_gateways_word_is_kept_there_until_the_journal_has_it)
{
	struct sender_event stop = { .told = EVENT_INBOUND, .event = 7, .to = OURS, .from = PHONE, .gateway = "acs", .message_id = "I1" };
	struct rig r;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	journal_becomes("/dev/full");
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = "+16085550124", .in_s = 2 * DAY });
	same_int("answered", r.answer.verdict, VERDICT_ACCEPT);
	same_int("not sent", r.jobs_n, 1);
	holds("told what is wrong", strstr(r.alarm, "the send journal cannot be written") != NULL);
	told(&r, stop, "STOP");
	same_int("it stays at the gateway", r.taken_n, 0);
	sender(&r, false);
	same_int("tried again in a second, though no text can go", engine_sleep_ms(r.engine, &r.now), 1000);
	journal_is_back();
	pass(&r, 5);
	same_int("then nothing is in a hurry", engine_sleep_ms(r.engine, &r.now), 60000);
	sender(&r, true);
	same_int("what waited goes", r.jobs_n, 2);
	same_int("the gateway has it still", r.taken_n, 0);
	told(&r, stop, "STOP"); /* as nudge-sender tells again what was not taken */
	same_int("now it may be forgotten there", r.taken_n, 1);
	same_int("that one", r.taken, 7);
	(void)tell(&r, (struct say){ .id = "C", .phone = PHONE, .in_s = 3 * DAY });
	same_int("it was heard", r.jobs_n, 2);
	end(&r);
}

/* pain: a disk that lost what was written is written on, and a restore sends twice */
TEST(a_journal_that_cannot_be_synced_ends_the_process_before_a_text_leaves)
{
	struct turn_input in = { .clock_synchronised = true };
	struct fault f = { 0 };
	struct rig r;

	journalled_rig(&r, "");
	journal_becomes("/dev/null");
	in.messages = &message_of(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY })->link;
	in.now = r.now;
	same_int("given up", engine_turn(r.engine, &in, &f), TURN_BROKEN);
	holds("it says of what", strstr(f.text, "send journal: ") == f.text);
	same_int("nothing left", r.jobs_n, 0);
	same_int("the message is stored, and answered", r.answer.what, ANSWER_SEND);
	journal_is_back();
	if (!start_on(&r, NULL, &f))
		fail_msg("%s", f.text);
	sender(&r, true);
	same_int("the next start sends", r.jobs_n, 1);
	end(&r);
}

/* The row is armed when the engine starts, which writes so into the journal. */
TEST(a_start_waits_for_room_in_the_journal_but_not_for_a_broken_one)
{
	struct fault f = { 0 };
	char first[sizeof((struct sent *)0)->body];
	struct rig r;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY });
	same_int("it is out", r.jobs_n, 1);
	(void)snprintf(first, sizeof first, "%s", last_job(&r)->body);
	holds("a broken one is not started with", !start_on(&r, "/dev/null", &f) && f.kind == FAULT_BROKEN);
	holds("it says of what", strstr(f.text, "send journal: ") == f.text);
	journal_is_back();
	holds("a full one is", start_on(&r, "/dev/full", &f));
	sender(&r, true);
	holds("told what is wrong", strstr(r.alarm, "the send journal cannot be written") != NULL);
	pass(&r, 10);
	same_int("nothing leaves", r.jobs_n, 1);
	journal_is_back();
	pass(&r, 10);
	same_int("until there is room", r.jobs_n, 2);
	same_text("under the id of before, which the gateway knows", last_job(&r)->body, first);
	end(&r);
}

/* ---- who is out has no site any more ---- */

#define SECOND "site \"oncology\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main" \
	" time_zone = America/Chicago settle = 0s window = \"00:00-24:00\" approver = none contact = \"608-271-9000\" departments = {ONC} }\n"

TEST(a_text_of_a_site_that_is_gone_ends_and_is_not_sent_again)
{
	struct rig r;

	rig_open(&r, 6000, 0, "departments = {CARD}");
	rig_change(&r, "site \"cardiology\"", SECOND "site \"cardiology\"");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY });
	same_int("it is out", r.jobs_n, 1);
	rig_change(&r, SECOND, "");
	crash(&r);
	sender(&r, true);
	pass(&r, 600);
	same_int("nobody sends it again", r.jobs_n, 1);
	same_int("nothing is at the gateway for ever", status(&r)->texts[TEXT_SENDING], 0);
	same_int("it may have been taken", r.status.texts[TEXT_UNKNOWN], 1);
	(void)tell(&r, (struct say){ .id = "B", .phone = PHONE, .in_s = 2 * DAY });
	same_int("the other site goes on", r.jobs_n, 2);
	rig_close(&r);
}

/* ---- how long nobody need take a turn ---- */

TEST(who_has_nothing_to_do_sleeps_and_who_is_late_does_not)
{
	struct rig r;
	struct now later;
	int64_t ms;

	rig_open(&r, 6000, 30, "");
	sender(&r, false);
	same_int("nothing is known of: a minute", engine_sleep_ms(r.engine, &r.now), 60000);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY });
	ms = engine_sleep_ms(r.engine, &r.now);
	same_int("until the confirmation is due", ms, 30000);
	later = (struct now){ r.now.wall_ms + 29000, r.now.boot_ms + 29000 };
	same_int("less by what has passed", engine_sleep_ms(r.engine, &later), 1000);
	later = (struct now){ r.now.wall_ms + 100000, r.now.boot_ms + 100000 };
	same_int("and not at all when it is late", engine_sleep_ms(r.engine, &later), 0);
	rig_close(&r);
}

TEST(nobody_sleeps_before_all_is_loaded_and_planned)
{
	struct turn_input in = { .clock_synchronised = true };
	struct fault f = { 0 };
	char id[16];
	struct rig r;

	rig_open(&r, 6000, 1800, "daily_cap = 0 storm_brake = off");
	for (int i = 0; i < 250; i++) {
		(void)snprintf(id, sizeof id, "A%d", i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = PHONE, .in_s = 5 * DAY });
	}
	crash(&r);
	same_int("it has started and loaded nothing", engine_sleep_ms(r.engine, &r.now), 0);
	(void)turn(&r, NULL, NULL, NULL);
	holds("loaded", engine_sleep_ms(r.engine, &r.now) > 0);
	rules_drop(r.rules);
	r.rules = read_rules(&r, 6000, 3600, "daily_cap = 0 storm_brake = off");
	crash(&r);
	in.now = r.now;
	same_int("by other rules it is planned in portions", engine_turn(r.engine, &in, &f), TURN_MORE);
	same_int("and the next one comes at once", engine_sleep_ms(r.engine, &r.now), 0);
	(void)turn(&r, NULL, NULL, NULL);
	holds("planned", engine_sleep_ms(r.engine, &r.now) > 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_frame_of_several_messages_is_whole_whichever_statement_fails), RUN(whoever_asked_in_a_turn_that_failed_is_told_so),
		RUN(a_gateways_word_is_kept_there_until_the_journal_has_it), RUN(a_journal_that_cannot_be_synced_ends_the_process_before_a_text_leaves),
		RUN(a_start_waits_for_room_in_the_journal_but_not_for_a_broken_one), RUN(a_text_of_a_site_that_is_gone_ends_and_is_not_sent_again),
		RUN(who_has_nothing_to_do_sleeps_and_who_is_late_does_not), RUN(nobody_sleeps_before_all_is_loaded_and_planned) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
