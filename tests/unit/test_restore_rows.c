/* test_restore_rows.c - a restored store has rows of its own: each is squared with what the journal says was sent under its number. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_journal.h"

#define PHONE "+16085550123"
#define OTHER "+16085550124"
#define DAY ((int64_t)86400)
#define HOUR 3600

static struct text
row(struct rig *r, int64_t visit, int64_t n)
{
	struct text t = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, visit * STORE_TEXTS_OF_ONE + n, &t, &f), STORE_FOUND);
	return t;
}

static void
about_site(struct rig *r, enum command_kind kind, int how)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	(void)snprintf(c->site, sizeof c->site, "cardiology");
	(void)snprintf(c->who, sizeof c->who, "ann");
	if (kind == COMMAND_RELEASE_SITE)
		c->release = how == RELEASE_SEND ? RELEASE_SEND : RELEASE_DROP;
	(void)turn(r, NULL, NULL, &c->link);
}

/* What was used of the organization's month, as nudgectl status shows it. */
static int64_t
texts_of_month(struct rig *r)
{
	return status(r)->limits[0].texts;
}

/* The configuration as it is at the next start. */
static void
configured(struct rig *r, const char *more)
{
	rules_drop(r->rules);
	r->rules = read_rules(r, 6000, 0, more);
}

/* A reminder that was held by a person when the copy was made, and let go since. */
TEST(what_was_held_and_released_since_is_sent)
{
	struct rig r;
	int before;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY });
	settle_all(&r);
	about_site(&r, COMMAND_HOLD_SITE, 0);
	live(&r, DAY + HOUR);
	same_text("it is held", text_state_name(row(&r, 1, 1).state), "held");
	backup(&r);
	about_site(&r, COMMAND_RELEASE_SITE, RELEASE_SEND);
	live(&r, 60);
	same_int("booked, and reminded", r.jobs_n, 2);
	before = r.jobs_n;
	restore(&r);
	same_text("it is known", text_state_name(row(&r, 1, 1).state), "sent");
	about_site(&r, COMMAND_RELEASE_SITE, RELEASE_SEND);
	live(&r, 2 * DAY);
	same_int("and not sent when the site is released again", r.jobs_n, before);
	end(&r);
}

/* One that is held of an hour which is not the visit's any more, as the patient was told. */
TEST(what_is_held_of_an_hour_that_was_moved_since_is_silent)
{
	struct rig r;
	int before;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY });
	settle_all(&r);
	about_site(&r, COMMAND_HOLD_SITE, 0);
	live(&r, DAY + HOUR);
	backup(&r);
	about_site(&r, COMMAND_RELEASE_SITE, RELEASE_DROP);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 5 * DAY });
	settle_all(&r);
	same_int("booked, moved", r.jobs_n, 2);
	before = r.jobs_n;
	restore(&r);
	same_text("what was held", text_state_name(row(&r, 1, 1).state), "suppressed");
	about_site(&r, COMMAND_RELEASE_SITE, RELEASE_SEND);
	live(&r, 2 * DAY);
	same_int("it does not go when the site is released", r.jobs_n, before);
	end(&r);
}

static void
tell_kind(struct rig *r, int64_t in_s, enum modality is)
{
	struct message *m = message_of(r, (struct say){ .id = "A", .phone = PHONE, .in_s = in_s });

	m->bookings[0].modality_said = true;
	m->bookings[0].modality = is;
	(void)turn(r, &m->link, NULL, NULL);
	settle_all(r);
}

/* Another kind of visit, at the same hour: who hears nothing more would not come. */
TEST(reminders_of_an_hour_that_stayed_go)
{
	struct rig r;
	int before;

	journalled_rig(&r, "link = \"ZVV-3\" video_if = {'SCH-8 = ^VIDEO'} phone_if = {'SCH-8 = ^CALL'} office_if = {'SCH-8 = ^OFFICE'}");
	tell_kind(&r, 2 * DAY, MODALITY_OFFICE);
	backup(&r);
	tell_kind(&r, 2 * DAY, MODALITY_PHONE);
	same_int("booked, changed", r.jobs_n, 2);
	before = r.jobs_n;
	restore(&r);
	tell_kind(&r, 2 * DAY, MODALITY_PHONE);
	same_int("the change is not told again", r.jobs_n, before);
	live(&r, 2 * DAY);
	same_int("and the reminder goes, once", r.jobs_n, before + 1);
	end(&r);
}

#define TWO "reminder \"two\" { before = 48h }"
#define THREE "reminder \"three\" { before = 72h }"

/* A reminder that is configured since: its row is not here, its visit is. */
TEST(a_reminder_of_rules_that_came_since_is_known)
{
	struct rig r;
	int before;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 4 * DAY });
	settle_all(&r);
	backup(&r);
	rig_change(&r, "reminder \"day\"", TWO " reminder \"day\"");
	live(&r, 2 * DAY + HOUR);
	same_int("booked, and two days before", r.jobs_n, 2);
	before = r.jobs_n;
	restore(&r);
	same_text("it is here", row(&r, 1, 2).rule, "two");
	live(&r, HOUR);
	same_int("and does not go again", r.jobs_n, before);
	live(&r, DAY);
	same_int("the other goes at its time", r.jobs_n, before + 1);
	end(&r);
}

/* The copy that restore() puts back is another one; what was that one goes to `keep`. */
static void
change_copies(struct rig *r, const char *keep, const char *instead)
{
	char from[160], to[160], other[160];

	(void)snprintf(from, sizeof from, "%s/backup", r->folder);
	(void)snprintf(to, sizeof to, "%s/%s", r->folder, keep);
	copy(from, to);
	if (!instead)
		return;
	(void)snprintf(other, sizeof other, "%s/%s", r->folder, instead);
	copy(other, from);
	(void)unlink(other);
}

static void
remove_copy(struct rig *r, const char *name)
{
	char path[160];

	(void)snprintf(path, sizeof path, "%s/%s", r->folder, name);
	(void)unlink(path);
}

/* An older copy was put back first, and the house went on from it: then the newer one, where the number of what was sent is another text's. */
TEST(a_number_that_was_given_twice_is_told_apart)
{
	static const struct {
		const char *rule, *then; /* the reminders of the house that went on from the older one */
		int64_t moved;
		enum text_kind kind;     /* of what it sent */
		const char *last;        /* the reminders in the end */
	} rows[] = { { "another reminder", THREE " late = send", 0, TEXT_REMINDER, TWO " " THREE " late = send" },
		{ "a change", "late = send", HOUR, TEXT_CHANGED, TWO " late = send" } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct say a = { .id = "A", .phone = PHONE, .in_s = 5 * DAY };
		struct rig r;
		int before;

		journalled_rig(&r, "late = send");
		(void)tell(&r, a);
		settle_all(&r);
		backup(&r);
		change_copies(&r, "older", NULL);
		configured(&r, TWO " late = send");
		stop(&r);
		start(&r);
		live(&r, 60);
		same_text(rows[i].rule, row(&r, 1, 2).rule, "two");
		backup(&r);
		change_copies(&r, "newer", "older");
		configured(&r, rows[i].then);
		restore(&r);
		live(&r, 2 * DAY + HOUR - 60);
		a.in_s = 3 * DAY - HOUR + rows[i].moved;
		(void)tell(&r, a);
		settle_all(&r);
		same_text(rows[i].rule, text_kind_name(row(&r, 1, 2).kind), text_kind_name(rows[i].kind));
		same_int("it was sent", r.jobs_n, 2);
		change_copies(&r, "older", "newer");
		configured(&r, rows[i].last);
		before = r.jobs_n;
		restore(&r);
		same_int("an older store is seen", r.journal_state, JOURNAL_AHEAD);
		same_text("the row is what it was", row(&r, 1, 2).rule, "two");
		(void)tell(&r, a);
		live(&r, 60);
		same_int("nothing is said twice", r.jobs_n, before);
		live(&r, 3 * DAY);
		same_int("the reminders of two days and of one go", r.jobs_n - before, 2);
		remove_copy(&r, "older");
		end(&r);
	}
}

/* A text of which nobody knew, and that a person or the site's policy had sent again since. */
TEST(what_went_again_since_does_not_go_a_third_time)
{
	struct rig r;
	int before;

	journalled_rig(&r, "unknown = resend");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 9 * DAY });
	for (int i = 0; i < 100 && row(&r, 1, 0).state == TEXT_SENDING; i++) {
		outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
		pass(&r, 5);
	}
	same_text("nobody knows", reason_name(row(&r, 1, 0).reason), "report-awaited");
	settled = r.jobs_n;
	backup(&r);
	before = r.jobs_n;
	live(&r, HOUR);
	same_int("it went again", r.jobs_n, before + 1);
	same_text("and was taken", text_state_name(row(&r, 1, 0).state), "sent");
	same_int("it may be two", texts_of_month(&r), 2);
	before = r.jobs_n;
	restore(&r);
	same_int("as is known", texts_of_month(&r), 2);
	live(&r, HOUR);
	same_int("and not once more", r.jobs_n, before);
	end(&r);
}

/* pain: the reminder that says two visits was at the gateway when the copy was made; the second visit's is lost, or comes twice */
TEST(a_reminder_of_two_visits_that_was_under_way_is_said_once)
{
	static const struct {
		const char *rule;
		enum outcome what; /* OUTCOMES: nothing was heard */
		int since;         /* jobs behind the copy, before it is put back */
	} rows[] = { { "taken", OUTCOME_ACCEPTED, 0 }, { "nobody knows", OUTCOMES, 0 }, { "not taken, and sent again", OUTCOME_NOT_TRIED, 1 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		int before;
		int64_t used;

		journalled_rig(&r, "merge = true daily_cap = 0");
		(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * DAY + 3 * HOUR });
		(void)tell(&r, (struct say){ .id = "B", .phone = PHONE, .in_s = 3 * DAY + 5 * HOUR });
		settle_all(&r);
		for (before = r.jobs_n; r.jobs_n == before;)
			pass(&r, 600);
		holds("it says both hours", strstr(last_job(&r)->body, "9:00 AM, 11:00 AM"));
		backup_online(&r);
		before = r.jobs_n;
		used = texts_of_month(&r);
		if (rows[i].what != OUTCOMES)
			outcome(&r, last_job(&r), rows[i].what, 0);
		pass(&r, 30);
		same_int(rows[i].rule, r.jobs_n - before, rows[i].since);
		settled = before;
		if (rows[i].since)
			settle_all(&r);
		(void)tell(&r, (struct say){ .id = "C", .patient = "3", .phone = OTHER, .in_s = 2 * DAY }); /* the journal goes on, whatever came of it */
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		before = r.jobs_n;
		restore(&r);
		same_int("as many texts as were sent", texts_of_month(&r), used);
		live(&r, DAY - HOUR);
		same_int("nothing goes again", r.jobs_n, before);
		same_int("nothing waits for what was said", status(&r)->texts[TEXT_HELD], 0);
		end(&r);
	}
}

/* The appointment got another patient since, who was told of it. */
TEST(what_another_patient_was_told_is_not_told_again)
{
	struct rig r;
	int before;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .patient = "1", .phone = PHONE, .in_s = 3 * DAY });
	settle_all(&r);
	backup(&r);
	(void)tell(&r, (struct say){ .id = "A", .patient = "2", .phone = OTHER, .in_s = 3 * DAY });
	settle_all(&r);
	same_int("each of them was told", r.jobs_n, 2);
	before = r.jobs_n;
	restore(&r);
	live(&r, 60);
	same_int("nothing at the start", r.jobs_n, before);
	(void)tell(&r, (struct say){ .id = "A", .patient = "2", .phone = OTHER, .in_s = 3 * DAY - 60 });
	settle_all(&r);
	same_int("nor when the feed says so again", r.jobs_n, before);
	live(&r, 3 * DAY);
	same_int("one reminder", r.jobs_n, before + 1);
	same_text("is the second's", last_job(&r)->to, OTHER);
	end(&r);
}

/* nudged ended while texts were out, so the journal names each twice. */
TEST(a_text_that_the_journal_names_twice_is_one)
{
	struct sender_event asks = { .told = EVENT_INBOUND, .event = 1, .from = PHONE, .to = "+18335550100", .gateway = "acs" };
	struct rig r;
	int before;

	journalled_rig(&r, "");
	sender(&r, false);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY });
	backup(&r); /* and start: it goes */
	told(&r, asks, "is there parking");
	asks.event = 2;
	(void)snprintf(asks.from, sizeof asks.from, OTHER);
	told(&r, asks, "where are you");
	same_int("three are out", r.jobs_n, 3);
	stop(&r);
	start(&r);
	live(&r, 600);
	before = r.jobs_n;
	restore(&r);
	live(&r, 600);
	same_int("none goes again", r.jobs_n, before);
	same_int("the visit's is counted once; whose month an answer was of is not known", texts_of_month(&r), 1);
	asks.event = 3;
	(void)snprintf(asks.from, sizeof asks.from, "+16085550125");
	told(&r, asks, "is it far");
	same_int("who asks now is answered", r.jobs_n, before + 1);
	end(&r);
}

/* An answer that had not left when the copy was made. */
TEST(an_answer_that_waited_is_not_given_again)
{
	struct sender_event asks = { .told = EVENT_INBOUND, .event = 1, .from = PHONE, .to = "+18335550100", .gateway = "acs" };
	struct rig r;
	int before;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 2 * DAY });
	settle_all(&r);
	sender(&r, false);
	told(&r, asks, "is there parking");
	same_int("it waits", r.jobs_n, 1);
	backup(&r);
	live(&r, 60);
	same_int("it goes", r.jobs_n, 2);
	before = r.jobs_n;
	restore(&r);
	live(&r, 60);
	same_int("once", r.jobs_n, before);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_was_held_and_released_since_is_sent),
		RUN(what_is_held_of_an_hour_that_was_moved_since_is_silent), RUN(reminders_of_an_hour_that_stayed_go),
		RUN(a_reminder_of_rules_that_came_since_is_known), RUN(a_number_that_was_given_twice_is_told_apart),
		RUN(what_went_again_since_does_not_go_a_third_time), RUN(a_reminder_of_two_visits_that_was_under_way_is_said_once),
		RUN(what_another_patient_was_told_is_not_told_again),
		RUN(a_text_that_the_journal_names_twice_is_one), RUN(an_answer_that_waited_is_not_given_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
