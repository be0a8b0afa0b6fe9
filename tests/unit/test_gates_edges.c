/* test_gates_edges.c - each gate at its very edge: the last that passes, the first that does not, and who is let by. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>

#include "clinic.h"

static struct clinic clinic;

static struct gate_facts
open_gates(void)
{
	int64_t now = clinic_time(&clinic, "2026-11-20 12:00");

	return (struct gate_facts){ .rules = &clinic.site_rules, .approved = true, .kind = TEXT_BOOKED, .rule = "",
		.status = VISIT_BOOKED, .this_version = true, .phone = "+16085550123", .start_s = now + 7200,
		.due_s = now, .planned_s = now, .expires_s = now + 7200, .now_s = now };
}

static void
expect(const char *rule, const struct gate_facts *f, enum gate_verdict verdict, enum text_reason reason)
{
	struct gate_result r = gates_pass(f);

	same_int(rule, r.verdict, verdict);
	same_text(rule, reason_name(r.reason), reason_name(reason));
}

TEST(the_site)
{
	static char *numbers[] = { NULL, NULL }, *people[] = { NULL };
	struct gate_facts f = open_gates();

	clinic.site.learning = true;
	expect("a site that only learns sends nothing", &f, GATE_SUPPRESS, REASON_LEARNING);
	clinic.site.learning = false;
	people[0] = word("anna");
	clinic.site.approvers = (struct text_list){ people, 1 };
	expect("approved, as it has to be", &f, GATE_PASS, REASON_NONE);
	clinic.site.approvers.n = 0;
	f.approved = false;
	expect("nobody has to approve it", &f, GATE_PASS, REASON_NONE);

	clinic.environment.production = false;
	numbers[0] = word("+16085550199");
	numbers[1] = word("+16085550123");
	clinic.environment.only_to = (struct text_list){ numbers, 1 };
	expect("a test number that is another", &f, GATE_SUPPRESS, REASON_TEST_NUMBER);
	clinic.environment.only_to.n = 2;
	expect("the second of the test numbers", &f, GATE_PASS, REASON_NONE);
	clinic.number.verified = false;
	expect("a test needs no verified number", &f, GATE_PASS, REASON_NONE);
	f.phone = "";
	expect("in a test as well: no number at all is no number", &f, GATE_SUPPRESS, REASON_NO_PHONE);
	f = open_gates();
	clinic.environment.production = true;
	clinic.environment.only_to.n = 0;
	clinic.number.type = NUMBER_SHORT_CODE;
	expect("only toll-free numbers are verified", &f, GATE_PASS, REASON_NONE);
	clinic.number.type = NUMBER_TOLL_FREE;
	clinic.number.verified = true;
}

TEST(the_visit)
{
	static char words[] = "^FOLLOW";
	struct pattern *follow = NULL;
	struct gate_facts f = open_gates();
	struct fault fault = { 0 };

	assert_true(pattern_new(words, &follow, &fault));
	clinic.site.visit_types = (struct pattern_list){ &follow, 1 };
	f.visit_types = "NEW PATIENT";
	expect("a visit type that the site does not take", &f, GATE_SUPPRESS, REASON_LEFT_SITE);
	f.visit_types = "FOLLOW-UP";
	expect("one that it takes", &f, GATE_PASS, REASON_NONE);
	clinic.site.visit_types.n = 0;
	clinic.site.confidential_visit_types = (struct pattern_list){ &follow, 1 };
	expect("a confidential one", &f, GATE_SUPPRESS, REASON_CONFIDENTIAL);
	clinic.site.confidential_visit_types.n = 0;
	holds("where nothing was said, everything may be meant", said_wanted(&(struct pattern_list){ &follow, 1 }, NULL));
	holds("and nothing fits", !said_fits(&(struct pattern_list){ &follow, 1 }, NULL));
	pattern_free(follow);
	static char one[] = "^X$";
	assert_true(pattern_new(one, &follow, &fault));
	holds("a word of one letter is a word", said_fits(&(struct pattern_list){ &follow, 1 }, "X"));
	pattern_free(follow);

	static const struct { enum visit_status status; enum text_reason why; } ended[] = {
		{ VISIT_ARRIVED, REASON_ARRIVED }, { VISIT_CANCELED, REASON_CANCELED }, { VISIT_NO_SHOW, REASON_NO_SHOW }, { VISIT_DELETED, REASON_DELETED } };
	for (size_t i = 0; i < COUNT(ended); i++) {
		f = open_gates();
		f.status = ended[i].status;
		expect("a visit that is over is named as what it is", &f, GATE_SUPPRESS, ended[i].why);
		f.kind = TEXT_REMINDER;
		f.rule = "day";
		expect("for its reminder too", &f, GATE_SUPPRESS, ended[i].why);
		f.kind = TEXT_CANCELED;
		expect("a cancellation goes only for what is cancelled", &f, ended[i].status == VISIT_CANCELED ? GATE_PASS : GATE_SUPPRESS,
		    ended[i].status == VISIT_CANCELED ? REASON_NONE : REASON_UNDONE);
	}
	f = open_gates();
	f.kind = TEXT_CANCELED;
	f.status = VISIT_CANCELED;
	f.this_version = false;
	expect("a cancellation of another time", &f, GATE_SUPPRESS, REASON_RESCHEDULED);
	f = open_gates();
	f.kind = TEXT_REMINDER;
	f.rule = "soon";
	expect("the second reminder is one as well", &f, GATE_PASS, REASON_NONE);
	clinic.site.confirmation = false;
	expect("and needs no confirmations", &f, GATE_PASS, REASON_NONE);
	clinic.site.confirmation = true;
	clinic.site.link_required = true;
	f = open_gates();
	f.has_link = true;
	expect("the link that is needed is there", &f, GATE_PASS, REASON_NONE);
	f.has_link = false;
	f.kind = TEXT_CANCELED;
	f.status = VISIT_CANCELED;
	expect("a cancellation needs none", &f, GATE_PASS, REASON_NONE);
	clinic.site.link_required = false;
}

TEST(the_patient)
{
	struct gate_facts f = open_gates();

	f.minor = true;
	f.adult_day = 20000;
	f.today_day = 19999;
	expect("minors are texted where nobody says otherwise", &f, GATE_PASS, REASON_NONE);
	clinic.site.suppress_minors = true;
	expect("the day before the birthday", &f, GATE_SUPPRESS, REASON_MINOR);
	f.today_day = 20000;
	expect("the birthday", &f, GATE_PASS, REASON_NONE);
	f.today_day = 0;
	f.minor = false;
	expect("no minor", &f, GATE_PASS, REASON_NONE);
	clinic.site.suppress_minors = false;
	clinic.site.patient_consent = CONSENT_REQUIRED;
	f.consent = CONSENT_YES;
	expect("a yes where one is needed", &f, GATE_PASS, REASON_NONE);
	clinic.site.patient_consent = CONSENT_NOT_REQUIRED;
	f.consent = CONSENT_NOT_SAID;
	expect("nothing said where none is needed", &f, GATE_PASS, REASON_NONE);
}

TEST(age_and_number_of_texts)
{
	struct gate_facts f = open_gates();

	f.now_s = f.expires_s - 1;
	expect("the last second", &f, GATE_PASS, REASON_NONE);
	f.now_s = f.expires_s + 1;
	expect("after it", &f, GATE_EXPIRE, REASON_TOO_LATE);
	f = open_gates();
	f.planned_s = f.now_s - clinic.site.stale_s;
	expect("as old as `stale` says", &f, GATE_PASS, REASON_NONE);
	f = open_gates();
	f.sent_today = 5;
	expect("the sixth of a day", &f, GATE_PASS, REASON_NONE);
	f.sent_today = 7;
	expect("more than the cap", &f, GATE_SUPPRESS, REASON_DAILY_CAP);
	clinic.site.daily_cap = 0;
	expect("no cap", &f, GATE_PASS, REASON_NONE);
	clinic.site.weekly_cap = 10;
	f.sent_week = 9;
	expect("the tenth of a week", &f, GATE_PASS, REASON_NONE);
	f.sent_week = 10;
	expect("the eleventh", &f, GATE_SUPPRESS, REASON_WEEKLY_CAP);
	clinic.site.weekly_cap = 0;
	expect("no cap for the week", &f, GATE_PASS, REASON_NONE);
	clinic.site.weekly_cap = 1;
	f.sent_week = 1;
	expect("one a week, and it was", &f, GATE_SUPPRESS, REASON_WEEKLY_CAP);
	clinic.site.daily_cap = 1;
	f.sent_today = 1;
	expect("one a day, and it was", &f, GATE_SUPPRESS, REASON_DAILY_CAP);
	f.kind = TEXT_CANCELED;
	f.status = VISIT_CANCELED;
	expect("a cancellation passes both", &f, GATE_PASS, REASON_NONE);
	clinic.site.daily_cap = 6;
	clinic.site.weekly_cap = 0;
}

/* Whether the longer hours count shows in when they open: at seven, the others at nine. */
TEST(who_may_use_the_longer_hours)
{
	static const struct {
		const char *rule;
		enum text_kind kind;
		const char *reminder, *start;
		bool longer;
	} rows[] = {
		{ "a change, a second less than two hours before its visit", TEXT_CHANGED, "", "2026-11-21 10:59:59", true },
		{ "a change, two hours before", TEXT_CHANGED, "", "2026-11-21 11:00:00", false },
		{ "a cancellation, a second less", TEXT_CANCELED, "", "2026-11-21 10:59:59", true },
		{ "a cancellation, two hours before", TEXT_CANCELED, "", "2026-11-21 11:00:00", false },
		{ "a booking never", TEXT_BOOKED, "", "2026-11-21 10:00:00", false },
		{ "a reminder of less than two hours", TEXT_REMINDER, "soon", "2026-11-21 11:00:00", true },
		{ "a reminder of a day", TEXT_REMINDER, "day", "2026-11-21 11:00:00", false },
		{ "a reminder of two hours", TEXT_REMINDER, "two", "2026-11-21 11:00:00", false },
		{ "a second less", TEXT_REMINDER, "less", "2026-11-21 11:00:00", true },
	};

	clinic.reminders[2] = (struct conf_reminder){ .title = word("two"), .form = BEFORE_ELAPSED, .before_s = 7200 };
	clinic.reminders[3] = (struct conf_reminder){ .title = word("less"), .form = BEFORE_ELAPSED, .before_s = 7199 };
	clinic.site.reminders_n = 4;
	clinic.site.window = (struct conf_window){ 540, 1200, false, 0 };
	clinic.site.short_window = (struct conf_window){ 420, 1260, false, 0 };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct gate_facts f = open_gates();
		struct gate_result r;

		f.kind = rows[i].kind;
		f.rule = rows[i].reminder;
		f.status = rows[i].kind == TEXT_CANCELED ? VISIT_CANCELED : VISIT_BOOKED;
		f.now_s = f.planned_s = clinic_time(&clinic, "2026-11-21 05:00");
		f.start_s = f.expires_s = clinic_time(&clinic, rows[i].start);
		r = gates_pass(&f);
		same_int(rows[i].rule, r.verdict, GATE_WAIT);
		same_int(rows[i].rule, r.until_s, clinic_time(&clinic, rows[i].longer ? "2026-11-21 07:00" : "2026-11-21 09:00"));
		f.now_s = clinic_time(&clinic, "2026-11-21 08:59:59");
		same_int("a second before the opening", gates_pass(&f).verdict, rows[i].longer ? GATE_PASS : GATE_WAIT);
		f.now_s = clinic_time(&clinic, "2026-11-21 09:00");
		same_int("the opening", gates_pass(&f).verdict, GATE_PASS);
	}
	struct gate_facts f = open_gates();

	clinic.reminders[0].before_s = 900;
	f.kind = TEXT_REMINDER;
	f.rule = "day";
	f.now_s = f.planned_s = clinic_time(&clinic, "2026-11-21 05:00");
	f.start_s = f.expires_s = clinic_time(&clinic, "2026-11-21 11:00");
	same_int("the first reminder as well", gates_pass(&f).until_s, clinic_time(&clinic, "2026-11-21 07:00"));
	clinic.reminders[0].before_s = 86400;
	f.expires_s = clinic_time(&clinic, "2026-11-21 09:00");
	expect("an opening in the second of the expiry is none", &f, GATE_SUPPRESS, REASON_NO_WINDOW);
	clinic.site.window.margin_min = clinic.site.short_window.margin_min = 10;
	f.now_s = clinic_time(&clinic, "2026-11-20 19:59:30");
	f.expires_s = clinic_time(&clinic, "2026-11-21 08:00");
	expect("the very last minute is for what cannot wait", &f, GATE_PASS, REASON_NONE);
	clinic.site.reminders_n = 2;
	clinic.site.window = clinic.site.short_window = (struct conf_window){ 0, 1440, true, 0 };
}

/* Who joins by a link needs it; who need not come does not. */
TEST(a_link_that_is_required)
{
	static const struct {
		const char *rule;
		enum text_kind kind;
		bool required, fits, has, goes;
	} rows[] = {
		{ "none was brought", TEXT_BOOKED, true, true, false, false }, { "it was", TEXT_BOOKED, true, true, true, true },
		{ "a visit at the clinic", TEXT_BOOKED, true, false, false, true }, { "not required", TEXT_BOOKED, false, true, false, true },
		{ "a reminder", TEXT_REMINDER, true, true, false, false }, { "a change", TEXT_CHANGED, true, true, false, false },
		{ "a cancellation", TEXT_CANCELED, true, true, false, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct gate_facts f = open_gates();

		f.kind = rows[i].kind;
		f.rule = "day";
		f.status = rows[i].kind == TEXT_CANCELED ? VISIT_CANCELED : VISIT_BOOKED;
		f.link_fits = rows[i].fits;
		f.has_link = rows[i].has;
		clinic.site.link_required = rows[i].required;
		expect(rows[i].rule, &f, rows[i].goes ? GATE_PASS : GATE_SUPPRESS, rows[i].goes ? REASON_NONE : REASON_LINK_MISSING);
	}
	clinic.site.link_required = false;
}

/* What is said to a phone that wrote: by no visit, at any hour. */
TEST(responses)
{
	struct gate_facts f = open_gates();

	clinic.site.window = clinic.site.short_window = (struct conf_window){ 0, 60, false, 0 };
	f.kind = TEXT_HELP;
	f.status = VISIT_DELETED;
	f.this_version = false;
	f.sent_today = 100;
	f.deceased = true;
	expect("no visit, window or cap stops it", &f, GATE_PASS, REASON_NONE);
	f.now_s = f.expires_s - 1;
	expect("its last second", &f, GATE_PASS, REASON_NONE);
	f.now_s = f.expires_s;
	expect("its hour is over", &f, GATE_EXPIRE, REASON_RESPONSE_LATE);
	f = open_gates();
	f.opted_out = true;
	static const struct { enum text_kind kind; bool goes; } kinds[] = { { TEXT_STOPPED, true }, { TEXT_NOT_CANCELED, true }, { TEXT_RESUMED, false },
		{ TEXT_HELP, false }, { TEXT_CONFIRMED, false }, { TEXT_DECLINED, false }, { TEXT_WHICH_VISIT, false }, { TEXT_UNREAD, false } };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		f.kind = kinds[i].kind;
		expect("only what says that texts have ended goes after the end", &f, kinds[i].goes ? GATE_PASS : GATE_SUPPRESS,
		    kinds[i].goes ? REASON_NONE : REASON_OPTED_OUT);
	}
	clinic.organization.consent_send_on_behalf = false;
	expect("without consents nothing is said", &f, GATE_SUPPRESS, REASON_CONSENT_BEHALF);
	clinic.organization.consent_send_on_behalf = true;
	clinic.site.number = NULL;
	expect("nor without a number", &f, GATE_SUPPRESS, REASON_NO_NUMBER);
	clinic.site.number = &clinic.number;
	clinic.site.window = clinic.site.short_window = (struct conf_window){ 0, 1440, true, 0 };
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(the_site), RUN(the_visit), RUN(the_patient), RUN(age_and_number_of_texts), RUN(who_may_use_the_longer_hours),
		RUN(a_link_that_is_required), RUN(responses) };
	int failed;

	clinic_open(&clinic);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	clinic_close(&clinic);
	return failed;
}
