/* test_restore_under_way.c - the backup was made while texts were at the gateway, or of another word than was said since: the journal tells what came of it. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_journal.h"

#define PHONE "+16085550123"
#define OTHER "+16085550124"

static struct text
confirmation(struct rig *r)
{
	struct text t = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, STORE_TEXTS_OF_ONE, &t, &f), STORE_FOUND);
	return t;
}

/* Another text, so that the journal goes on behind the backup whatever comes of the first. */
static void
another_goes(struct rig *r)
{
	(void)tell(r, (struct say){ .id = "B", .patient = "2", .phone = OTHER, .in_s = 90000 });
	outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
}

static void
at_the_gateway(struct rig *r)
{
	journalled_rig(r, "");
	(void)tell(r, (struct say){ .id = "A", .phone = PHONE, .in_s = 90000 });
	same_int("it is out", r->jobs_n, 1);
	backup_online(r);
}

/* pain: a store that is put back texts everybody once more who was being texted when the copy was made */
TEST(what_was_under_way_is_what_the_journal_says)
{
	static const struct {
		const char *rule;
		enum outcome what; /* OUTCOMES: nothing was heard */
		int status;
		enum text_state state;
		bool again;
	} rows[] = {
		{ "taken since", OUTCOME_ACCEPTED, 202, TEXT_SENT, false },
		{ "certainly not taken: its turn comes again", OUTCOME_REFUSED, 400, TEXT_SENDING, true },
		{ "nobody knows", OUTCOMES, 0, TEXT_UNKNOWN, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		int before;

		at_the_gateway(&r);
		if (rows[i].what != OUTCOMES)
			outcome(&r, last_job(&r), rows[i].what, rows[i].status);
		another_goes(&r);
		before = r.jobs_n;
		restore(&r);
		pass(&r, 5);
		same_text(rows[i].rule, text_state_name(confirmation(&r).state), text_state_name(rows[i].state));
		same_int(rows[i].rule, r.jobs_n - before, rows[i].again ? 1 : 0);
		if (!rows[i].again)
			same_text("and why it is known", reason_name(confirmation(&r).reason), reason_name(REASON_JOURNAL));
		else
			outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		before = r.jobs_n;
		pass(&r, 600);
		same_int("and no more", r.jobs_n, before);
		end(&r);
	}
}

/* nudge-sender gave it back, and the gateway had it all the same: of two words about one id the better counts. */
TEST(what_came_back_and_was_taken_is_not_sent_again)
{
	struct rig r;

	journalled_rig(&r, "");
	for (int i = 0; i < 4; i++) {
		char id[8];

		(void)snprintf(id, sizeof id, "A%d", i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = PHONE, .in_s = 90000 });
	}
	same_int("they are out", r.jobs_n, 4);
	backup_online(&r);
	for (int i = 0; i < 4; i++) {
		struct sender_event *back = calloc(1, sizeof *back), *taken = calloc(1, sizeof *taken);

		assert_true(back && taken);
		*back = (struct sender_event){ .what = SENDER_OUTCOME, .text = r.jobs[i].text, .attempt = r.jobs[i].attempt,
			.outcome = OUTCOME_NOT_TRIED, .code = "too-late", .retry_after_ms = -1 };
		*taken = *back;
		taken->outcome = OUTCOME_ACCEPTED;
		back->link.next = &taken->link;
		(void)turn(&r, NULL, &back->link, NULL);
	}
	same_int("taken", status(&r)->texts[TEXT_SENT], 4);
	restore(&r);
	pass(&r, 600);
	same_int("so they are after the restore", status(&r)->texts[TEXT_SENT], 4);
	same_int("and none goes again", r.jobs_n, 4);
	end(&r);
}

static void
about_phone(struct rig *r, enum command_kind kind)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	(void)snprintf(c->organization, sizeof c->organization, "lamna");
	(void)snprintf(c->phone, sizeof c->phone, PHONE);
	(void)snprintf(c->who, sizeof c->who, "ann");
	(void)turn(r, NULL, NULL, &c->link);
}

TEST(an_opt_out_that_was_lifted_since_is_lifted)
{
	struct rig r;
	struct fault f = { 0 };

	journalled_rig(&r, "");
	about_phone(&r, COMMAND_OPTOUT_ADD);
	backup(&r);
	about_phone(&r, COMMAND_OPTOUT_REMOVE);
	restore(&r);
	same_int("it is not there", store_optout_find(r.store, "lamna", PHONE, &f), STORE_NONE);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 90000 });
	same_int("texts go", r.jobs_n, 1);
	about_phone(&r, COMMAND_OPTOUT_ADD);
	restore(&r);
	same_int("and one that was made anew is there", store_optout_find(r.store, "lamna", PHONE, &f), STORE_FOUND);
	end(&r);
}

/* The patient was told of a move that the store of before does not know. */
TEST(reminders_of_an_hour_that_was_moved_since_are_silent)
{
	struct rig r;
	int before;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * 86400 });
	settle_all(&r);
	backup(&r);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * 86400 });
	settle_all(&r);
	same_int("booked, moved", r.jobs_n, 2);
	before = r.jobs_n;
	restore(&r);
	live(&r, 86400 + 7200);
	same_int("no reminder of the old hour", r.jobs_n, before);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * 86400 - 86400 - 7200 });
	live(&r, 86400);
	same_int("when the feed says it again, the reminder of the new one", r.jobs_n, before + 1);
	end(&r);
}

/* One reminder that says two visits, and the store of before knows of neither. */
TEST(what_one_text_said_of_another_visit_is_said)
{
	struct rig r;
	int before;

	journalled_rig(&r, "merge = true daily_cap = 0");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * 86400 + 3 * 3600 });
	(void)tell(&r, (struct say){ .id = "B", .phone = PHONE, .in_s = 3 * 86400 + 5 * 3600 });
	settle_all(&r);
	backup(&r);
	before = r.jobs_n;
	live(&r, 2 * 86400 + 3 * 3600 + 600);
	same_int("one for both", r.jobs_n, before + 1);
	holds("it says both hours", strstr(last_job(&r)->body, "9:00 AM, 11:00 AM"));
	restore(&r);
	live(&r, 86400);
	same_int("neither is said again", r.jobs_n, before + 1);
	end(&r);
}

TEST(an_answer_to_a_phone_is_not_given_again)
{
	struct sender_event help = { .told = EVENT_INBOUND, .event = 1, .from = PHONE, .to = "+18335550100", .gateway = "acs" };
	struct rig r;
	int before;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 90000 });
	settle_all(&r);
	told(&r, help, "is there parking");
	same_int("it is at the gateway", r.jobs_n, 2);
	backup_online(&r);
	settle_all(&r);
	help.event = 2;
	(void)snprintf(help.from, sizeof help.from, OTHER);
	told(&r, help, "where are you");
	same_int("so is the next", r.jobs_n, 3);
	settle_all(&r);
	before = r.jobs_n;
	restore(&r);
	live(&r, 600);
	same_int("nobody hears the same twice", r.jobs_n, before);
	help.event = 3;
	(void)snprintf(help.from, sizeof help.from, "+16085550125");
	told(&r, help, "is it far");
	same_int("another is answered", r.jobs_n, before + 1);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_was_under_way_is_what_the_journal_says), RUN(what_came_back_and_was_taken_is_not_sent_again),
		RUN(an_opt_out_that_was_lifted_since_is_lifted),
		RUN(reminders_of_an_hour_that_was_moved_since_are_silent), RUN(what_one_text_said_of_another_visit_is_said),
		RUN(an_answer_to_a_phone_is_not_given_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
