/* test_attempts.c - what may leave, what may leave again, and what comes of an attempt when answers, rows, sites or the clock are not as they were. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)

static void
text_is(struct rig *r, const char *rule, int64_t id, enum text_state state, enum text_reason reason)
{
	same_text(rule, text_state_name(text_of(r, id).state), text_state_name(state));
	same_text(rule, reason_name(text_of(r, id).reason), reason_name(reason));
}

/* A visit in two days; its confirmation is out. Which text that is. */
static int64_t
book(struct rig *r)
{
	(void)tell(r, (struct say){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 2 * DAY });
	same_int("it is out", r->jobs_n, 1);
	return last_job(r)->text;
}

static void
about_site(struct rig *r, enum command_kind kind, int release)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	c->release = release == RELEASE_DROP ? RELEASE_DROP : RELEASE_SEND;
	(void)snprintf(c->site, sizeof c->site, "cardiology");
	(void)snprintf(c->who, sizeof c->who, "anna");
	(void)turn(r, NULL, NULL, &c->link);
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

/* ---- a person holds the site ---- */

TEST(a_site_that_is_held_sends_when_a_person_says_so)
{
	for (int send = 0; send < 2; send++) {
		struct rig r;

		rig_open(&r, 6000, 30, "");
		(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
		about_site(&r, COMMAND_HOLD_SITE, 0);
		pass(&r, 60);
		same_int("nothing leaves", r.jobs_n, 0);
		text_is(&r, "and why", STORE_TEXTS_OF_ONE, TEXT_HELD, REASON_SITE_HELD);
		about_site(&r, COMMAND_RELEASE_SITE, send ? RELEASE_SEND : RELEASE_DROP);
		pass(&r, 5);
		same_int("as the person said", r.jobs_n, send);
		same_text("it is at nudge-sender, or ended", text_state_name(text_of(&r, STORE_TEXTS_OF_ONE).state), send ? "sending" : "void");
		rig_close(&r);
	}
}

/* What was certainly not taken waits for the person like any other; what may have been taken goes again as it was, or never. */
TEST(a_site_that_is_held_between_two_attempts)
{
	static const struct {
		const char *rule;
		enum outcome first;
		int64_t held_s;
		enum text_state meanwhile;
		bool goes, same_id;
	} rows[] = {
		{ "certainly not taken", OUTCOME_AGAIN, 60, TEXT_HELD, true, false },
		{ "perhaps taken, released within the window", OUTCOME_UNSURE, 60, TEXT_SENDING, true, true },
		{ "perhaps taken, and the window is over", OUTCOME_UNSURE, 300, TEXT_UNKNOWN, false, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		char body[600];
		int64_t text;

		rig_open(&r, 6000, 0, "");
		text = book(&r);
		(void)snprintf(body, sizeof body, "%s", last_job(&r)->body);
		about_site(&r, COMMAND_HOLD_SITE, 0);
		outcome(&r, last_job(&r), rows[i].first, 503);
		pass(&r, rows[i].held_s);
		same_int(rows[i].rule, r.jobs_n, 1);
		same_text(rows[i].rule, text_state_name(text_of(&r, text).state), text_state_name(rows[i].meanwhile));
		about_site(&r, COMMAND_RELEASE_SITE, RELEASE_SEND);
		pass(&r, 20);
		same_int(rows[i].rule, r.jobs_n, rows[i].goes ? 2 : 1);
		if (rows[i].goes)
			same_int(rows[i].rule, strcmp(last_job(&r)->body, body) == 0, rows[i].same_id);
		rig_close(&r);
	}
}

/* ---- what the visit, the site or the clock is by now ---- */

/* A family's phone: the number is the same, the patient is not. */
TEST(an_attempt_for_the_patient_before_is_not_repeated)
{
	struct rig r;
	int64_t first;

	rig_open(&r, 6000, 0, "");
	first = book(&r);
	outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "8", .phone = PHONE, .in_s = 2 * DAY });
	pass(&r, 60);
	same_int("the new patient is told, once", r.jobs_n, 2);
	holds("by a text of their own", last_job(&r)->text != first);
	text_is(&r, "and the other's has ended", first, TEXT_SUPPRESSED, REASON_RESCHEDULED);
	rig_close(&r);
}

TEST(a_link_that_is_allowed_no_more_is_none)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 6000, 60, "link = \"ZLK-1\" link_required = true link_domains = {\"lamna.example\"}");
	m = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	m->bookings[0].link_state = FIELD_SET;
	m->bookings[0].link = arena_copy(&m->arena, SPAN_LIT("https://video.lamna.example/v/1"));
	m->bookings[0].modality = MODALITY_VIDEO;
	m->bookings[0].modality_said = true;
	(void)turn(&r, &m->link, NULL, NULL);
	rig_change(&r, "link_domains = {\"lamna.example\"}", "link_domains = {\"other.example\"}");
	pass(&r, 65);
	same_int("nobody is led to where nobody may be led", r.jobs_n, 0);
	text_is(&r, "a link is required, and there is none", STORE_TEXTS_OF_ONE, TEXT_SUPPRESSED, REASON_LINK_MISSING);
	rig_close(&r);
}

#define WORDS "Reply STOP to opt out.\n"

/* A site's own words, of which nothing is left without a link. */
TEST(words_that_say_nothing_are_no_text)
{
	struct rig r;
	struct rules *rules;
	struct command *c = calloc(1, sizeof *c);
	struct fault f = { 0 };

	assert_non_null(c);
	rig_open(&r, 6000, 0, "");
	rules = read_rules(&r, 6000, 0, "");
	sms_templates_free(rules->sites[0].templates[0]);
	if (!sms_templates_read("words", "en", SPAN_LIT("[booked]\n[[{link}]]\n[changed]\n" WORDS "[canceled]\n" WORDS "[reminder]\n" WORDS),
	    &rules->sites[0].templates[0], &f))
		fail_msg("%s", f.text);
	rules_drop(r.rules);
	r.rules = rules_hold(rules);
	c->kind = COMMAND_RULES;
	c->rules = rules;
	(void)turn(&r, NULL, NULL, &c->link);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	same_int("nobody gets an empty text", r.jobs_n, 0);
	text_is(&r, "and why", STORE_TEXTS_OF_ONE, TEXT_SUPPRESSED, REASON_RENDER);
	rig_close(&r);
}

TEST(where_the_clock_must_be_synchronised_nothing_leaves_before)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	r.synchronised = false;
	rig_change(&r, "store_key", "clock_sync = required store_key");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	pass(&r, 60);
	same_int("taken, and not sent", r.jobs_n, 0);
	same_int("answered", r.answer.verdict, VERDICT_ACCEPT);
	r.synchronised = true;
	pass(&r, 5);
	same_int("sent", r.jobs_n, 1);
	rig_close(&r);
}

/* Less than a second is no step of the clock; nothing goes before its time for it. */
TEST(a_clock_that_lags_a_little_sends_nothing_early)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	sender(&r, false);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	r.now.wall_ms -= 500;
	sender(&r, true);
	same_int("it was due in half a second", r.jobs_n, 0);
	pass(&r, 1);
	same_int("then it goes", r.jobs_n, 1);
	rig_close(&r);
}

TEST(an_attempt_that_lies_ahead_of_the_clock_is_not_repeated)
{
	struct rig r;
	int64_t text;

	rig_open(&r, 6000, 0, "");
	text = book(&r);
	sender(&r, false);
	r.now.wall_ms -= 500;
	sender(&r, true);
	pass(&r, 300);
	same_int("how old its id is, nobody knows", r.jobs_n, 1);
	text_is(&r, "nor what came of it", text, TEXT_UNKNOWN, REASON_WINDOW_OVER);
	rig_close(&r);
}

/* nudge-sender would not know where to, and all texts of the number would wait for it. */
TEST(a_gateway_that_is_gone_gets_no_second_attempt)
{
	static const enum outcome first[] = { OUTCOME_AGAIN, OUTCOME_UNSURE };

	for (size_t i = 0; i < COUNT(first); i++) {
		struct rig r;
		int64_t text;

		rig_open(&r, 6000, 0, "");
		text = book(&r);
		outcome(&r, last_job(&r), first[i], 503);
		rig_change(&r, "number \"main\"", "gateway \"next\" { endpoint = \"https://127.0.0.2\" access_key = acs.key }\nnumber \"main\"");
		rig_change(&r, "gateway = acs rate", "gateway = next rate");
		rig_change(&r, "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = acs.key }", "");
		pass(&r, 10);
		same_int("certainly not taken: by the new one, at once", r.jobs_n, first[i] == OUTCOME_AGAIN ? 2 : 1);
		same_text("perhaps taken: never again", text_state_name(text_of(&r, text).state), first[i] == OUTCOME_AGAIN ? "sending" : "unknown");
		same_text("which gateway has it", text_of(&r, text).gateway, first[i] == OUTCOME_AGAIN ? "next" : "acs");
		rig_close(&r);
	}
}

/* What one text may have said of another visit, it says again, true or not: it is the same text or none. */
TEST(what_may_have_been_taken_goes_again_as_it_was)
{
	struct rig r;
	char body[600];
	int before;

	rig_open(&r, 6000, 0, "merge = true daily_cap = 0");
	for (int i = 0; i < 2; i++) {
		(void)tell(&r, (struct say){ .id = i ? "M2" : "M1", .phone = PHONE, .in_s = 3 * DAY + (3 + 2 * i) * 3600 });
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	}
	pass(&r, 2 * DAY + 3 * 3600);
	same_int("one reminder for both", r.jobs_n, 3);
	(void)snprintf(body, sizeof body, "%s", last_job(&r)->body);
	holds("it says both times", strstr(body, "9:00 AM, 11:00 AM"));
	outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
	before = r.jobs_n;
	(void)tell(&r, (struct say){ .id = "M2", .in_s = DAY + 2 * 3600, .status = VISIT_CANCELED });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 20);
	same_int("the cancellation, and the same once more", r.jobs_n - before, 2);
	same_text("byte by byte", last_job(&r)->body, body);
	rig_close(&r);
}

/* ---- what comes of it ---- */

/* nudge-sender gave it back and heard of it all the same: the later word is the gateway's. */
TEST(an_answer_to_what_was_given_back_counts)
{
	struct rig r;
	struct sender_event *back;
	int64_t text, used;

	rig_open(&r, 6000, 0, "");
	text = book(&r);
	used = status(&r)->limits[0].used;
	back = event_of(last_job(&r), OUTCOME_NOT_TRIED, "too-late");
	back->link.next = &event_of(last_job(&r), OUTCOME_ACCEPTED, "")->link;
	(void)turn(&r, NULL, &back->link, NULL);
	text_is(&r, "it was taken", text, TEXT_SENT, REASON_ACCEPTED);
	same_int("and is counted, once", status(&r)->limits[0].used, used);
	pass(&r, 600);
	same_int("it does not go again", r.jobs_n, 1);
	rig_close(&r);
}

/* The store is from before it was armed, and knows of no attempt. */
TEST(an_answer_to_what_a_store_of_before_never_sent_counts)
{
	struct rig r;
	struct sent job = { .text = STORE_TEXTS_OF_ONE, .attempt = 1 };

	rig_open(&r, 6000, 60, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	outcome(&r, &job, OUTCOME_ACCEPTED, 202);
	text_is(&r, "it was taken", job.text, TEXT_SENT, REASON_ACCEPTED);
	same_int("what it cost is not known", status(&r)->limits[0].used, 0);
	pass(&r, 120);
	same_int("it does not go again", r.jobs_n, 0);
	rig_close(&r);
}

TEST(a_gateway_that_asks_for_a_day_gets_an_hour)
{
	struct rig r;
	struct sender_event *ev;

	rig_open(&r, 6000, 0, "");
	(void)book(&r);
	ev = event_of(last_job(&r), OUTCOME_AGAIN, "");
	ev->http_status = 503;
	ev->retry_after_ms = 86400000;
	(void)turn(&r, NULL, &ev->link, NULL);
	pass(&r, 3590);
	same_int("not before it asked for", r.jobs_n, 1);
	pass(&r, 20);
	same_int("but the same day", r.jobs_n, 2);
	rig_close(&r);
}

/* It was out when its site had no number at a start: whichever number it is counted for, it goes on. */
TEST(an_attempt_of_a_site_that_had_no_number_goes_on)
{
	struct rig r;
	char body[600];
	int64_t text;

	rig_open(&r, 6000, 0, "");
	text = book(&r);
	(void)snprintf(body, sizeof body, "%s", last_job(&r)->body);
	rig_change(&r, "epic number = main", "epic");
	crash(&r);
	rig_change(&r, "profile = epic", "profile = epic number = main");
	sender(&r, true);
	same_int("offered again", r.jobs_n, 2);
	same_text("as it was", last_job(&r)->body, body);
	outcome(&r, last_job(&r), OUTCOME_AGAIN, 429);
	pass(&r, 30);
	same_int("and again", r.jobs_n, 3);
	same_text("as it was", last_job(&r)->body, body);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_text("until it is taken", text_state_name(text_of(&r, text).state), "sent");
	rig_close(&r);
}

static int to_call;

static void
count_calls(const char *what)
{
	to_call += strstr(what, "call the patient") != NULL;
}

/* A cancellation that the gateway refuses is a patient who travels in vain, unless the hour is over. */
TEST(who_cannot_be_told_is_called_while_it_helps)
{
	static const struct {
		const char *rule;
		bool over, gone;
		int calls;
	} rows[] = {
		{ "before the visit", false, false, 1 },
		{ "when it has begun", true, false, 0 },
		{ "when the site is not configured any more", false, true, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		int64_t text;

		rig_open(&r, 6000, 0, "");
		(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 130 });
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		pass(&r, 60);
		(void)tell(&r, (struct say){ .id = "A1", .in_s = 70, .status = VISIT_CANCELED });
		text = last_job(&r)->text;
		same_text("the cancellation is out", text_kind_name(text_of(&r, text).kind), "canceled");
		to_call = 0;
		r.on_alarm = count_calls;
		if (rows[i].over)
			pass(&r, 75);
		if (rows[i].gone)
			rig_change(&r, "site \"cardiology\"", "site \"surgery\"");
		outcome(&r, last_job(&r), OUTCOME_REFUSED, 400);
		same_text(rows[i].rule, text_state_name(text_of(&r, text).state), "failed");
		same_int(rows[i].rule, to_call, rows[i].calls);
		rig_close(&r);
	}
}

/* A gateway may say it with a word where another says 4007. */
TEST(a_report_says_in_words_that_the_phone_opted_out)
{
	static const char *const words[] = { "blocked-by-recipient", "opted-out", "unreachable" };

	for (size_t i = 0; i < COUNT(words); i++) {
		struct rig r;
		struct sender_event ev = { .event = 1, .told = EVENT_REPORT, .delivery = DELIVERY_FAILED };
		struct optout o = { .source = "" };
		struct fault f = { 0 };

		rig_open(&r, 6000, 0, "");
		ev.text = book(&r);
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		(void)snprintf(ev.status, sizeof ev.status, "%s", words[i]);
		told(&r, ev, NULL);
		same_int(words[i], store_optout_get(r.store, "lamna", PHONE, &o, &f), i < 2 ? STORE_FOUND : STORE_NONE);
		(void)tell(&r, (struct say){ .id = "A2", .patient = "7", .phone = PHONE, .in_s = 3 * DAY });
		same_int("who opted out is not texted", r.jobs_n, i < 2 ? 1 : 2);
		rig_close(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_site_that_is_held_sends_when_a_person_says_so), RUN(a_site_that_is_held_between_two_attempts),
		RUN(an_attempt_for_the_patient_before_is_not_repeated), RUN(a_link_that_is_allowed_no_more_is_none),
		RUN(words_that_say_nothing_are_no_text), RUN(where_the_clock_must_be_synchronised_nothing_leaves_before), RUN(a_clock_that_lags_a_little_sends_nothing_early),
		RUN(an_attempt_that_lies_ahead_of_the_clock_is_not_repeated), RUN(a_gateway_that_is_gone_gets_no_second_attempt),
		RUN(what_may_have_been_taken_goes_again_as_it_was), RUN(an_answer_to_what_was_given_back_counts),
		RUN(an_answer_to_what_a_store_of_before_never_sent_counts), RUN(a_gateway_that_asks_for_a_day_gets_an_hour),
		RUN(an_attempt_of_a_site_that_had_no_number_goes_on), RUN(who_cannot_be_told_is_called_while_it_helps),
		RUN(a_report_says_in_words_that_the_phone_opted_out) };

	(void)setenv("NUDGE_RIG", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0); /* the disk is not what is tried here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
