/* test_gates.c - promise 5: every gate, each with the setting or fact that closes it; windows and rates. */
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
		.status = VISIT_BOOKED, .this_version = true, .link_fits = true, .phone = "+16085550123", .start_s = now + 7200,
		.due_s = now, .planned_s = now, .expires_s = now + 7200, .now_s = now };
}

static void
expect(const char *rule, const struct gate_facts *f, enum gate_verdict verdict, enum text_reason reason)
{
	struct gate_result r = gates_pass(f);

	same_int(rule, r.verdict, verdict);
	same_text(rule, reason_name(r.reason), reason_name(reason));
}

TEST(all_open)
{
	struct gate_facts f = open_gates();

	expect("promise 5: all gates open", &f, GATE_PASS, REASON_NONE);
}

TEST(each_gate_of_the_appointment)
{
	static char *approvers[] = { NULL };
	struct gate_facts f = open_gates();

	f.rules = NULL;
	expect("the site is gone", &f, GATE_SUPPRESS, REASON_SITE_GONE);
	f = open_gates();
	approvers[0] = word("analyst1");
	clinic.site.approvers = (struct text_list){ approvers, 1 };
	f.approved = false;
	expect("approval is missing", &f, GATE_SUPPRESS, REASON_NOT_APPROVED);
	clinic.site.approvers.n = 0;
	expect("approver = none needs none", &f, GATE_PASS, REASON_NONE);
	f = open_gates();
	f.confidential = true;
	expect("a confidential department", &f, GATE_SUPPRESS, REASON_CONFIDENTIAL);
	f = open_gates();
	static char pattern_word[] = "^ECHO";
	struct pattern *echo = NULL;
	struct fault fault = { 0 };

	assert_true(pattern_new(pattern_word, &echo, &fault));
	clinic.site.departments = (struct pattern_list){ &echo, 1 };
	f.departments = "DERM\x1f" "MRI";
	expect("a department that the site does not take any more", &f, GATE_SUPPRESS, REASON_LEFT_SITE);
	f.departments = "DERM\x1f" "echo 2";
	expect("one of its names is enough", &f, GATE_PASS, REASON_NONE);
	f.departments = "DERM\x1f";
	expect("where more was said than is kept, the message's own look counts", &f, GATE_PASS, REASON_NONE);
	f.departments = "";
	expect("none was said", &f, GATE_PASS, REASON_NONE);
	clinic.site.departments.n = 0;
	pattern_free(echo);
	f = open_gates();
	f.status = VISIT_CANCELED;
	expect("the visit was cancelled", &f, GATE_SUPPRESS, REASON_CANCELED);
	f.kind = TEXT_CANCELED;
	expect("which is what a cancellation says", &f, GATE_PASS, REASON_NONE);
	f.status = VISIT_BOOKED;
	expect("a cancellation that was undone", &f, GATE_SUPPRESS, REASON_UNDONE);
	f = open_gates();
	f.this_version = false;
	expect("the visit has another time", &f, GATE_SUPPRESS, REASON_RESCHEDULED);
	f = open_gates();
	f.kind = TEXT_REMINDER;
	f.rule = "gone";
	expect("the rule is not configured any more", &f, GATE_SUPPRESS, REASON_RULE_GONE);
}

/* pain: a video visit's text without the way in */
TEST(each_gate_of_the_organization)
{
	struct gate_facts f = open_gates();

	clinic.organization.consent_send_on_behalf = false;
	expect("consent to send on behalf", &f, GATE_SUPPRESS, REASON_CONSENT_BEHALF);
	clinic.organization.consent_send_on_behalf = true;
	clinic.organization.consent_attendees_consented = false;
	expect("consent of the attendees", &f, GATE_SUPPRESS, REASON_CONSENT_ATTENDEES);
	clinic.organization.consent_attendees_consented = true;
	clinic.environment.production = false;
	expect("a test environment and a number not in only_to", &f, GATE_SUPPRESS, REASON_TEST_NUMBER);
	clinic.environment.production = true;
	clinic.number.verified = false;
	expect("an unverified toll-free number", &f, GATE_SUPPRESS, REASON_NOT_VERIFIED);
	clinic.number.verified = true;
	clinic.site.number = NULL;
	expect("no number", &f, GATE_SUPPRESS, REASON_NO_NUMBER);
	clinic.site.number = &clinic.number;
	clinic.site.confirmation = false;
	expect("confirmation = false", &f, GATE_SUPPRESS, REASON_TYPE_OFF);
	clinic.site.confirmation = true;
	clinic.site.link_required = true;
	expect("a required link is missing", &f, GATE_SUPPRESS, REASON_LINK_MISSING);
	clinic.site.link_required = false;
}

/* pain: texts to landlines and premium numbers */
TEST(each_gate_of_the_patient)
{
	struct gate_facts f = open_gates();

	f.deceased = true;
	expect("deceased", &f, GATE_SUPPRESS, REASON_DECEASED);
	f = open_gates();
	f.consent = CONSENT_NO;
	expect("the patient said no", &f, GATE_SUPPRESS, REASON_PATIENT_CONSENT);
	f.consent = CONSENT_NOT_SAID;
	clinic.site.patient_consent = CONSENT_REQUIRED;
	expect("unknown blocks where it is required", &f, GATE_SUPPRESS, REASON_PATIENT_CONSENT);
	clinic.site.patient_consent = CONSENT_NOT_REQUIRED;
	f = open_gates();
	f.phone = "";
	expect("no number", &f, GATE_SUPPRESS, REASON_NO_PHONE);
	f.phone = "+442079460018";
	expect("another country", &f, GATE_SUPPRESS, REASON_PHONE_COUNTRY);
	f.phone = "+18005550123";
	expect("a toll-free number", &f, GATE_SUPPRESS, REASON_PHONE_TYPE);
	f.phone = "+19005550123";
	expect("a premium number", &f, GATE_SUPPRESS, REASON_PHONE_TYPE);
	f.phone = "+16085550123";
	expect("a number kept for fiction, as it is by default", &f, GATE_PASS, REASON_NONE);
	clinic.site.fiction_numbers = false;
	expect("and where the site does not text it", &f, GATE_SUPPRESS, REASON_FICTION);
	f.phone = "+16085550223";
	expect("the line after them", &f, GATE_PASS, REASON_NONE);
	clinic.site.fiction_numbers = true;
	f = open_gates();
	f.refused = true;
	expect("refused before", &f, GATE_SUPPRESS, REASON_NUMBER_REFUSED);
	f = open_gates();
	f.opted_out = true;
	expect("opted out", &f, GATE_SUPPRESS, REASON_OPTED_OUT);
}

/* Opened one after the other, each shows the next that is closed. */
TEST(in_their_order)
{
	static char *approvers[] = { NULL };
	struct gate_facts f = open_gates();

	approvers[0] = word("analyst1");
	clinic.site.approvers = (struct text_list){ approvers, 1 };
	clinic.organization.consent_send_on_behalf = clinic.organization.consent_attendees_consented = false;
	clinic.environment.production = false;
	clinic.site.number = NULL;
	clinic.site.confirmation = false;
	clinic.site.link_required = clinic.site.suppress_minors = true;
	clinic.site.window = clinic.site.short_window = (struct conf_window){ 0, 60, false, 0 };
	f.approved = f.this_version = false;
	f.confidential = f.deceased = f.minor = f.refused = f.opted_out = true;
	f.adult_day = INT32_MAX;
	f.consent = CONSENT_NO;
	f.status = VISIT_DELETED;
	f.phone = "+442079460018";
	f.planned_s -= 2 * clinic.site.stale_s;
	f.sent_today = 6;
	expect("consent to send on behalf", &f, GATE_SUPPRESS, REASON_CONSENT_BEHALF);
	clinic.organization.consent_send_on_behalf = true;
	expect("consent of the attendees", &f, GATE_SUPPRESS, REASON_CONSENT_ATTENDEES);
	clinic.organization.consent_attendees_consented = true;
	expect("environment", &f, GATE_SUPPRESS, REASON_TEST_NUMBER);
	clinic.environment.production = true;
	expect("approval", &f, GATE_SUPPRESS, REASON_NOT_APPROVED);
	f.approved = true;
	expect("number linked", &f, GATE_SUPPRESS, REASON_NO_NUMBER);
	clinic.site.number = &clinic.number;
	clinic.number.verified = false;
	expect("number verified", &f, GATE_SUPPRESS, REASON_NOT_VERIFIED);
	clinic.number.verified = true;
	expect("type on", &f, GATE_SUPPRESS, REASON_TYPE_OFF);
	clinic.site.confirmation = true;
	expect("visit type", &f, GATE_SUPPRESS, REASON_CONFIDENTIAL);
	f.confidential = false;
	expect("alive", &f, GATE_SUPPRESS, REASON_DELETED);
	f.status = VISIT_BOOKED;
	expect("newest version", &f, GATE_SUPPRESS, REASON_RESCHEDULED);
	f.this_version = true;
	expect("deceased", &f, GATE_SUPPRESS, REASON_DECEASED);
	f.deceased = false;
	expect("minor", &f, GATE_SUPPRESS, REASON_MINOR);
	f.minor = false;
	expect("the patient's own consent", &f, GATE_SUPPRESS, REASON_PATIENT_CONSENT);
	f.consent = CONSENT_YES;
	expect("country", &f, GATE_SUPPRESS, REASON_PHONE_COUNTRY);
	clinic.countries[0] = word("GB");
	expect("a landline, where the plan tells", &f, GATE_SUPPRESS, REASON_PHONE_TYPE);
	f.phone = "+447700900123";
	expect("refused before", &f, GATE_SUPPRESS, REASON_NUMBER_REFUSED);
	f.refused = false;
	expect("opt-out", &f, GATE_SUPPRESS, REASON_OPTED_OUT);
	f.opted_out = false;
	expect("link", &f, GATE_SUPPRESS, REASON_LINK_MISSING);
	f.link_fits = false;
	expect("a visit without a link", &f, GATE_SUPPRESS, REASON_STALE);
	f.link_fits = f.has_link = true;
	expect("age", &f, GATE_SUPPRESS, REASON_STALE);
	f.planned_s = f.now_s;
	expect("window", &f, GATE_SUPPRESS, REASON_NO_WINDOW);
	clinic.site.window = (struct conf_window){ 0, 1440, true, 0 };
	expect("caps", &f, GATE_SUPPRESS, REASON_DAILY_CAP);
	f.sent_today = 0;
	expect("all are open", &f, GATE_PASS, REASON_NONE);
	clinic.countries[0] = word("US");
	clinic.site.approvers.n = 0;
	clinic.site.link_required = clinic.site.suppress_minors = false;
	clinic.site.short_window = (struct conf_window){ 0, 1440, true, 0 };
}

TEST(time_and_caps)
{
	struct gate_facts f = open_gates();

	f.now_s = f.expires_s;
	expect("the second of its expiry is too late", &f, GATE_EXPIRE, REASON_TOO_LATE);
	f = open_gates();
	f.planned_s = f.now_s - clinic.site.stale_s - 1;
	expect("a confirmation older than stale", &f, GATE_SUPPRESS, REASON_STALE);
	f.kind = TEXT_REMINDER;
	f.rule = "day";
	expect("a reminder is never stale", &f, GATE_PASS, REASON_NONE);
	f = open_gates();
	f.sent_today = 6;
	expect("daily_cap", &f, GATE_SUPPRESS, REASON_DAILY_CAP);
	f.kind = TEXT_CANCELED;
	f.status = VISIT_CANCELED;
	expect("a cancellation passes the cap", &f, GATE_PASS, REASON_NONE);
}

/* pain: a text at three in the morning */
TEST(the_window)
{
	struct gate_facts f = open_gates();
	struct gate_result r;

	clinic.site.window = (struct conf_window){ 540, 1200, false, 0 };
	clinic.site.short_window = (struct conf_window){ 420, 1260, false, 0 };
	f.now_s = f.planned_s = clinic_time(&clinic, "2026-11-20 22:00");
	f.start_s = f.expires_s = clinic_time(&clinic, "2026-11-22 10:00");
	r = gates_pass(&f);
	same_int("at night it waits", r.verdict, GATE_WAIT);
	same_int("for the opening", r.until_s, clinic_time(&clinic, "2026-11-21 09:00"));
	f.start_s = f.expires_s = clinic_time(&clinic, "2026-11-21 08:30");
	expect("a booking that would be told after its start", &f, GATE_SUPPRESS, REASON_NO_WINDOW);
	f.kind = TEXT_CHANGED;
	r = gates_pass(&f);
	same_int("a change may use the longer hours", r.until_s, clinic_time(&clinic, "2026-11-21 07:00"));
	clinic.site.window = clinic.site.short_window = (struct conf_window){ 0, 1440, true, 0 };
}

static struct holidays *
closed_on(const char *lines)
{
	struct holidays *h = NULL;
	struct fault f = { 0 };

	assert_true(holidays_read("days", span_of(lines), &h, &f));
	return h;
}

/* Window and expiry are asked at each attempt, on every clock. */
/* pain: a text that waited goes at dawn */
/* pain: the carrier's backlog of the evening is delivered at night */
TEST(the_window_on_every_clock)
{
	static const struct {
		const char *rule, *patient, *days;
		enum text_kind kind;
		const char *reminder, *now, *expires;
		enum gate_verdict verdict;
		enum text_reason reason;
		const char *until;
		bool clinic_hours;
	} rows[] = {
		{ "open on both", "America/Los_Angeles", "", TEXT_BOOKED, "", "2026-11-20 12:00", "2026-11-25 10:00", GATE_PASS, REASON_NONE, NULL, false },
		{ "night where the patient lives", "America/Los_Angeles", "", TEXT_BOOKED, "", "2026-11-20 09:30", "2026-11-25 10:00", GATE_WAIT,
			REASON_WAITING_PATIENT, "2026-11-20 11:00", false },
		{ "night at the clinic", "America/Los_Angeles", "", TEXT_BOOKED, "", "2026-11-20 20:30", "2026-11-25 10:00", GATE_WAIT,
			REASON_WAITING_WINDOW, "2026-11-21 11:00", false },
		{ "the same clock by another name", "America/Winnipeg", "", TEXT_BOOKED, "", "2026-11-20 09:30", "2026-11-20 10:00", GATE_PASS,
			REASON_NONE, NULL, false },
		{ "too late there: the clinic's clock decides", "America/Los_Angeles", "", TEXT_BOOKED, "", "2026-11-20 09:30", "2026-11-20 10:45",
			GATE_PASS, REASON_NONE, NULL, true },
		{ "also for its next opening", "America/Los_Angeles", "", TEXT_BOOKED, "", "2026-11-20 08:30", "2026-11-20 10:45", GATE_WAIT,
			REASON_WAITING_WINDOW, "2026-11-20 09:00", true },
		{ "no common hour at all", "Asia/Kolkata", "", TEXT_REMINDER, "day", "2026-11-20 12:00", "2026-11-25 10:00", GATE_PASS, REASON_NONE,
			NULL, true },
		{ "too late on both", "America/Los_Angeles", "", TEXT_BOOKED, "", "2026-11-20 07:30", "2026-11-20 08:45", GATE_SUPPRESS, REASON_NO_WINDOW,
			NULL, false },
		{ "a change for a visit that begins before then: the longer hours, on both clocks", "America/Los_Angeles", "", TEXT_CHANGED, "",
			"2026-11-20 08:30", "2026-11-20 12:00", GATE_WAIT, REASON_WAITING_WINDOW, "2026-11-20 09:00", false },
		{ "a short reminder has them as well", "America/Denver", "", TEXT_REMINDER, "soon", "2026-11-20 08:30", "2026-11-20 08:45", GATE_PASS,
			REASON_NONE, NULL, false },
		{ "a holiday", NULL, "2026-11-20", TEXT_BOOKED, "", "2026-11-20 12:00", "2026-11-25 10:00", GATE_WAIT, REASON_WAITING_HOLIDAY,
			"2026-11-21 09:00", false },
		{ "holidays until it is too late", NULL, "2026-11-20..2026-11-24", TEXT_REMINDER, "day", "2026-11-20 12:00", "2026-11-24 10:00",
			GATE_SUPPRESS, REASON_NO_WINDOW, NULL, false },
		{ "the visit is on the holiday: its change may go", NULL, "2026-11-20", TEXT_CANCELED, "", "2026-11-20 12:00", "2026-11-20 16:00", GATE_PASS,
			REASON_NONE, NULL, false },
		{ "and its short reminder", NULL, "2026-11-20", TEXT_REMINDER, "soon", "2026-11-20 12:00", "2026-11-20 12:10", GATE_PASS, REASON_NONE, NULL,
			false },
		{ "the last minutes are not for what can wait", NULL, "", TEXT_BOOKED, "", "2026-11-20 19:50", "2026-11-25 10:00", GATE_WAIT,
			REASON_WAITING_WINDOW, "2026-11-21 09:00", false },
		{ "but for what cannot", NULL, "", TEXT_REMINDER, "day", "2026-11-20 19:50", "2026-11-21 08:00", GATE_PASS, REASON_NONE, NULL, false },
		{ "until the window closes", NULL, "", TEXT_REMINDER, "day", "2026-11-20 20:00", "2026-11-21 08:00", GATE_SUPPRESS, REASON_NO_WINDOW, NULL,
			false },
	};

	clinic.site.window = (struct conf_window){ 540, 1200, false, 10 };
	clinic.site.short_window = (struct conf_window){ 420, 1260, false, 10 };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct gate_facts f = open_gates();
		struct zone *patient = NULL;
		struct gate_result r;
		struct fault fault = { 0 };

		if (rows[i].patient) {
			assert_true(zone_load(rows[i].patient, &patient, &fault));
			f.patient = (struct patient_zones){ { patient }, 1 };
		}
		clinic.site_rules.holidays = closed_on(rows[i].days);
		f.kind = rows[i].kind;
		f.rule = rows[i].reminder;
		f.status = f.kind == TEXT_CANCELED ? VISIT_CANCELED : VISIT_BOOKED;
		f.now_s = f.planned_s = clinic_time(&clinic, rows[i].now);
		f.start_s = f.expires_s = clinic_time(&clinic, rows[i].expires);
		expect(rows[i].rule, &f, rows[i].verdict, rows[i].reason);
		r = gates_pass(&f);
		same_int(rows[i].rule, r.until_s, rows[i].until ? clinic_time(&clinic, rows[i].until) : 0);
		same_int(rows[i].rule, r.clinic_hours, rows[i].clinic_hours);
		holidays_free(clinic.site_rules.holidays);
		zone_free(patient);
	}
	clinic.site_rules.holidays = NULL;
	clinic.site.window = clinic.site.short_window = (struct conf_window){ 0, 1440, true, 0 };
}

TEST(a_window_over_midnight_and_over_a_clock_change)
{
	struct conf_window night = { 22 * 60, 2 * 60, false, 0 }, day = { 540, 1200, false, 0 };
	const struct zone *z = clinic.site_rules.zone;

	holds("open before midnight", window_open(&night, z, clinic_time(&clinic, "2026-11-20 23:00")));
	holds("open after midnight", window_open(&night, z, clinic_time(&clinic, "2026-11-20 01:59")));
	holds("closed at two", !window_open(&night, z, clinic_time(&clinic, "2026-11-20 02:00")));
	same_int("next opening over the spring change", window_next_opening(&day, z, clinic_time(&clinic, "2027-03-13 23:00")),
	    clinic_time(&clinic, "2027-03-14 09:00"));
	same_int("last closing over the autumn change", window_last_closing(&day, z, clinic_time(&clinic, "2026-11-01 05:00")),
	    clinic_time(&clinic, "2026-10-31 20:00") - 1);
}

TEST(no_minute_sees_more_than_the_rate)
{
	static const int64_t rates[] = { 1, 7, 60, 200, 6000 };

	for (size_t r = 0; r < COUNT(rates); r++) {
		struct bucket b;
		int64_t taken[600000 / 10], n = 0, first = 0;

		bucket_init(&b, rates[r], 1000);
		for (int64_t ms = 1000; ms < 181000; ms += 10)
			while (bucket_take(&b, 1, ms) && n < (int64_t)COUNT(taken)) {
				taken[n++] = ms;
				while (taken[first] <= ms - 60000)
					first++;
				if (rates[r] > 1 && n - first > rates[r])
					fail_msg("%lld in a minute at a rate of %lld", (long long)(n - first), (long long)rates[r]);
			}
		holds("and most of it is used", n >= rates[r] * 2);
		holds("it says how long to wait", bucket_ready_ms(&b, 1, 181000) <= 60001);
	}
}

TEST(a_bucket_gives_what_it_holds_and_no_more)
{
	static const struct {
		const char *rule;
		int64_t per_min, tokens;
		bool taken;
		int64_t passed, ready, then; /* how much later; how long to wait before it is taken, and after */
	} rows[] = {
		{ "a number of a text a minute: full", 1, 1, true, 0, 0, 60001 },
		{ "not a moment before the minute", 1, 1, false, 59999, 61, 61 },
		{ "after a minute", 1, 1, true, 60000, 0, 60001 },
		{ "below twenty a minute one at once, and no second", 5, 1, true, 0, 0, 15001 },
		{ "a thousandth is missing", 5, 1, false, 14985, 16, 16 },
		{ "nothing is", 5, 1, true, 15000, 0, 15001 },
		{ "from forty on two at once", 40, 2, true, 0, 0, 3158 },
		{ "two are two", 40, 1, false, 0, 1579, 1579 },
		{ "a long text goes from a full bucket", 5, 6, true, 0, 0, 90001 },
		{ "and is paid for", 5, 1, false, 89985, 16, 16 },
		{ "by the next ones", 5, 1, true, 90000, 0, 15001 },
		{ "four of five", 100, 4, true, 0, 0, 1895 },
		{ "the fifth", 100, 1, true, 0, 0, 632 },
		{ "no sixth", 100, 1, false, 0, 632, 632 },
		{ "one of many", 20020, 1, true, 0, 0, 0 },
		{ "all that is left", 20020, 1000, true, 0, 0, 3155 },
	};
	struct bucket b;

	memset(&b, 0, sizeof b);
	for (size_t i = 0; i < COUNT(rows); i++) {
		static int64_t now;

		now += rows[i].passed;
		if (b.per_min != rows[i].per_min)
			bucket_init(&b, rows[i].per_min, now = 7000);
		same_int(rows[i].rule, bucket_ready_ms(&b, rows[i].tokens, now), rows[i].ready);
		same_int(rows[i].rule, bucket_take(&b, rows[i].tokens, now), rows[i].taken);
		same_int(rows[i].rule, bucket_ready_ms(&b, rows[i].tokens, now), rows[i].then);
		if (!rows[i].taken)
			now -= rows[i].passed;
	}
}

TEST(a_debt_is_forgotten_after_an_hour_and_no_clock_going_back_pays_it)
{
	struct bucket b;

	bucket_init(&b, 1, 5000000);
	holds("a long one, of an hour and more", bucket_take(&b, 100, 5000000));
	holds("not within the hour", !bucket_take(&b, 1, 8600000));
	holds("behind it", bucket_take(&b, 1, 8600001));
	holds("as full as ever, and no fuller", !bucket_take(&b, 1, 8600001));
	holds("a clock that went back gives nothing", !bucket_take(&b, 1, 8000000));
	same_int("and asks for a minute from where it is", bucket_ready_ms(&b, 1, 8000000), 60001);
	bucket_set_rate(&b, 60);
	same_int("another rate flows faster", bucket_ready_ms(&b, 1, 8600001), 1053);
	bucket_init(&b, 60, 1000);
	bucket_set_rate(&b, 1);
	holds("a lower rate leaves one", bucket_take(&b, 1, 1000));
	holds("of what had gathered", !bucket_take(&b, 1, 1000));
}

TEST(back_off_doubles_from_half_a_second)
{
	static const int64_t open[] = { 500, 1000, 2000, 4000, 5000, 5000 }, closed[] = { 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };

	for (size_t i = 0; i < COUNT(open); i++)
		same_int("inside the window", backoff_ms((int64_t)i, true, 1.0), open[i]);
	for (size_t i = 0; i < COUNT(closed); i++)
		same_int("outside", backoff_ms((int64_t)i, false, 1.0), closed[i]);
	same_int("after any number", backoff_ms(INT64_MAX, false, 1.0), 60000);
	same_int("by chance less", backoff_ms(1, true, 0.25), 250);
}

TEST(back_off_grows_to_its_cap)
{
	same_int("full jitter begins at nothing", backoff_ms(5, true, 0.0), 0);
	holds("the first is half a second at most", backoff_ms(0, true, 0.999) <= 500);
	holds("inside the window five seconds at most", backoff_ms(30, true, 0.999) <= 5000);
	holds("after it a minute at most", backoff_ms(30, false, 0.999) <= 60000 && backoff_ms(30, false, 0.999) > 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(all_open), RUN(each_gate_of_the_appointment), RUN(each_gate_of_the_organization),
		RUN(each_gate_of_the_patient), RUN(in_their_order), RUN(time_and_caps), RUN(the_window), RUN(the_window_on_every_clock), RUN(a_window_over_midnight_and_over_a_clock_change),
		RUN(no_minute_sees_more_than_the_rate), RUN(back_off_grows_to_its_cap),
		RUN(a_bucket_gives_what_it_holds_and_no_more), RUN(a_debt_is_forgotten_after_an_hour_and_no_clock_going_back_pays_it),
		RUN(back_off_doubles_from_half_a_second) };
	int failed;

	clinic_open(&clinic);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	clinic_close(&clinic);
	return failed;
}
