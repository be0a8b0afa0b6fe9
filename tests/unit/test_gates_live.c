/* test_gates_live.c - promise 5 through the real engine: what closes between planning and release stops the text. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"

static void
confirmation_is(struct rig *r, const char *rule, enum text_state state, enum text_reason reason)
{
	struct text t = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, STORE_TEXTS_OF_ONE, &t, &f), STORE_FOUND);
	same_text(rule, text_state_name(t.state), text_state_name(state));
	same_text(rule, reason_name(t.reason), reason_name(reason));
}

/* A visit as a message tells it, with what the gates look at. */
static void
book(struct rig *r)
{
	struct message *m = message_of(r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });

	m->bookings[0].departments = SPAN_LIT("ECHO LAB\x1f" "10501");
	m->bookings[0].visit_types = SPAN_LIT("NEW PATIENT");
	m->bookings[0].birth_said = m->bookings[0].minor = true;
	m->bookings[0].adult_day = now_s(&r->now) / 86400 + 400;
	(void)turn(r, &m->link, NULL, NULL);
}

#define SITE "patient_consent = not-required minors = send confidential_departments = {} confidential_visit_types = {} departments = {} "

TEST(each_gate_that_a_reload_closes)
{
	static const struct {
		const char *rule, *from, *to;
		enum text_reason reason;
	} rows[] = {
		{ "consent to send on behalf", "behalf = true", "behalf = false", REASON_CONSENT_BEHALF },
		{ "consent of the attendees", "attendees_consented = true", "attendees_consented = false", REASON_CONSENT_ATTENDEES },
		{ "a test environment", "kind = production", "kind = test", REASON_TEST_NUMBER },
		{ "an approval is asked for now", "approver = none", "approver = {analyst1}", REASON_NOT_APPROVED },
		{ "the number is not linked any more", "epic number = main", "epic", REASON_NO_NUMBER },
		{ "the number is not verified any more", "verified = true", "verified = false", REASON_NOT_VERIFIED },
		{ "confirmations are off", "settle = 60s", "settle = 60s confirmation = false", REASON_TYPE_OFF },
		{ "the department is confidential", "confidential_departments = {}", "confidential_departments = {'^echo'}",
			REASON_CONFIDENTIAL },
		{ "by its second name", "confidential_departments = {}", "confidential_departments = {'^10501$'}",
			REASON_CONFIDENTIAL },
		{ "the visit type is confidential", "confidential_visit_types = {}", "confidential_visit_types = {'new patient'}",
			REASON_CONFIDENTIAL },
		{ "the department is not the site's any more", " departments = {}", " departments = {'^DERM'}", REASON_LEFT_SITE },
		{ "minors are not texted", "minors = send", "minors = suppress", REASON_MINOR },
		{ "the patient must have said yes", "patient_consent = not-required", "patient_consent = required",
			REASON_PATIENT_CONSENT },
		{ "the country is not texted any more", "country = US", "country = US countries = {CA}", REASON_PHONE_COUNTRY },
		{ "a link is required", "minors = send", "minors = send link = \"ZLK-1\" link_required = true", REASON_LINK_MISSING },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 200, 60, SITE);
		book(&r);
		pass(&r, 30);
		rig_change(&r, rows[i].from, rows[i].to);
		pass(&r, 40);
		same_int(rows[i].rule, r.jobs_n, 0);
		confirmation_is(&r, rows[i].rule, TEXT_SUPPRESSED, rows[i].reason);
		rig_close(&r);
	}
}

TEST(what_a_reload_leaves_open_goes)
{
	static const struct {
		const char *rule, *from, *to;
	} rows[] = {
		{ "another department is confidential", "confidential_departments = {}", "confidential_departments = {'^derm'}" },
		{ "the department is still the site's", " departments = {}", " departments = {'^echo'}" },
		{ "by its second name", " departments = {}", " departments = {'^10501'}" },
		{ "younger ones are not texted", "minors = send", "minors = send minor_age = 16" },
		{ "the country is still texted", "country = US", "country = US countries = {CA, US}" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 200, 60, SITE);
		book(&r);
		pass(&r, 30);
		rig_change(&r, rows[i].from, rows[i].to);
		pass(&r, 40);
		same_int(rows[i].rule, r.jobs_n, 1);
		rig_close(&r);
	}
}

/* pain: a text to somebody who has died, after it was planned */
TEST(each_gate_that_a_message_closes)
{
	static const struct {
		const char *rule;
		enum visit_status status;
		bool dead, confidential, no;
		const char *phone;
		enum text_state state;
		enum text_reason reason;
	} rows[] = {
		{ "deceased", VISIT_BOOKED, true, false, false, NULL, TEXT_SUPPRESSED, REASON_DECEASED },
		{ "confidential", VISIT_BOOKED, false, true, false, NULL, TEXT_SUPPRESSED, REASON_CONFIDENTIAL },
		{ "the patient says no", VISIT_BOOKED, false, false, true, NULL, TEXT_SUPPRESSED, REASON_PATIENT_CONSENT },
		{ "no number any more", VISIT_BOOKED, false, false, false, "", TEXT_SUPPRESSED, REASON_NO_PHONE },
		{ "a toll-free number", VISIT_BOOKED, false, false, false, "+18005550123", TEXT_SUPPRESSED, REASON_PHONE_TYPE },
		{ "a premium number", VISIT_BOOKED, false, false, false, "+19005550123", TEXT_SUPPRESSED, REASON_PHONE_TYPE },
		{ "a number of another country", VISIT_BOOKED, false, false, false, "+442079460018", TEXT_SUPPRESSED,
			REASON_PHONE_COUNTRY },
		{ "arrived", VISIT_ARRIVED, false, false, false, NULL, TEXT_VOID, REASON_ARRIVED },
		{ "no show", VISIT_NO_SHOW, false, false, false, NULL, TEXT_VOID, REASON_NO_SHOW },
		{ "entered in error", VISIT_DELETED, false, false, false, NULL, TEXT_VOID, REASON_DELETED },
		{ "cancelled before it was told", VISIT_CANCELED, false, false, false, NULL, TEXT_VOID, REASON_CANCELED },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		struct message *m;

		rig_open(&r, 200, 60, SITE);
		book(&r);
		pass(&r, 30);
		m = message_of(&r, (struct say){ .id = "A1", .phone = rows[i].phone, .in_s = 90000 - 30, .status = rows[i].status });
		m->bookings[0].deceased = m->bookings[0].death_said = rows[i].dead;
		m->bookings[0].confidential = rows[i].confidential;
		m->bookings[0].consent = rows[i].no ? CONSENT_NO : CONSENT_NOT_SAID;
		(void)turn(&r, &m->link, NULL, NULL);
		pass(&r, 100);
		same_int(rows[i].rule, r.jobs_n, 0);
		confirmation_is(&r, rows[i].rule, rows[i].state, rows[i].reason);
		rig_close(&r);
	}
}

/* A thousand attempts to people who had said STOP: the provider knew, the application did not. */
TEST(an_opt_out_that_comes_between)
{
	static const enum command_kind by_whom[] = { COMMAND_STATUS, COMMAND_OPTOUT_ADD };

	for (size_t i = 0; i < COUNT(by_whom); i++) {
		struct rig r;
		struct command *c;

		rig_open(&r, 200, 60, SITE);
		book(&r);
		pass(&r, 30);
		if (by_whom[i] == COMMAND_OPTOUT_ADD) {
			c = calloc(1, sizeof *c);
			c->kind = COMMAND_OPTOUT_ADD;
			(void)snprintf(c->organization, sizeof c->organization, "lamna");
			(void)snprintf(c->phone, sizeof c->phone, "%s", PHONE);
			(void)turn(&r, NULL, NULL, &c->link);
		} else {
			told(&r, (struct sender_event){ .told = EVENT_OPTOUT, .event = 9, .opted_out = true, .from = "+18335550100",
			    .to = PHONE }, NULL);
		}
		pass(&r, 100);
		same_int("promise 5: not after the opt-out", r.jobs_n, 0);
		confirmation_is(&r, "opted out", TEXT_SUPPRESSED, REASON_OPTED_OUT);
		rig_close(&r);
	}
}

/* The window is asked when the text goes, not when it is planned. */
/* pain: planned by day, sent by night */
TEST(a_window_that_a_reload_closes)
{
	struct rig r;

	rig_open(&r, 200, 60, SITE);
	book(&r); /* 06:00 in the clinic */
	rig_change(&r, "window = \"00:00-24:00\"", "window = \"09:00-20:00\"");
	pass(&r, 120);
	same_int("closed", r.jobs_n, 0);
	confirmation_is(&r, "it waits", TEXT_PENDING, REASON_WAITING_WINDOW);
	r.now.wall_ms += (int64_t)3 * 3600 * 1000 - 200000;
	r.now.boot_ms += (int64_t)3 * 3600 * 1000 - 200000;
	pass(&r, 60);
	same_int("still closed", r.jobs_n, 0);
	pass(&r, 60);
	confirmation_is(&r, "open", TEXT_SENDING, REASON_NONE);
	rig_close(&r);
}

static struct message *
from(struct rig *r, const char *id, const char *zones)
{
	struct message *m = message_of(r, (struct say){ .id = id, .phone = PHONE, .in_s = 3 * 86400 });

	m->bookings[0].zones_said = true;
	m->bookings[0].zones = span_of(zones);
	return m;
}

static struct text
confirmation(struct rig *r)
{
	struct text t = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, STORE_TEXTS_OF_ONE, &t, &f), STORE_FOUND);
	return t;
}

/* It is 06:00 at the clinic, 04:00 in Los Angeles, 07:00 in New York. */
/* pain: four in the morning where the patient lives */
TEST(it_is_day_at_home_as_well)
{
	static const struct {
		const char *rule, *setting, *zones;
		int64_t opens_s; /* from now */
	} rows[] = {
		{ "where nobody knows", "", "", 3 * 3600 },
		{ "in the east", "", "America/New_York", 3 * 3600 },
		{ "in the west", "", "America/Los_Angeles", 5 * 3600 },
		{ "in both", "", "America/New_York America/Los_Angeles", 5 * 3600 },
		{ "a zone that the system has not", "", "Mars/Olympus", 3 * 3600 },
		{ "patient_zone = ignore", "patient_zone = ignore", "America/Los_Angeles", 3 * 3600 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		struct text t;

		rig_open(&r, 200, 60, rows[i].setting);
		rig_change(&r, "window = \"00:00-24:00\"", "window = \"09:00-20:00\"");
		(void)turn(&r, &from(&r, "A1", rows[i].zones)->link, NULL, NULL);
		pass(&r, 70);
		t = confirmation(&r);
		same_text(rows[i].rule, reason_name(t.reason), "waiting-window");
		same_int(rows[i].rule, t.due_s, 1795780800 + rows[i].opens_s);
		crash(&r);
		sender(&r, true);
		r.now.wall_ms += (rows[i].opens_s - 75) * 1000;
		r.now.boot_ms += (rows[i].opens_s - 75) * 1000;
		pass(&r, 4);
		same_int(rows[i].rule, r.jobs_n, 0);
		pass(&r, 10);
		same_int(rows[i].rule, r.jobs_n, 1);
		rig_close(&r);
	}
}

/* A patient who moves, is another one, or whose address is taken back. */
TEST(an_address_that_changes)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 200, 60, "");
	rig_change(&r, "window = \"00:00-24:00\"", "window = \"09:00-20:00\"");
	(void)turn(&r, &from(&r, "A1", "America/Los_Angeles")->link, NULL, NULL);
	pass(&r, 70);
	same_int("as at home", confirmation(&r).due_s, 1795780800 + 5 * 3600);
	r.now.wall_ms += (int64_t)4 * 3600 * 1000;
	r.now.boot_ms += (int64_t)4 * 3600 * 1000;
	(void)turn(&r, &message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * 86400 - 14470 })->link, NULL, NULL);
	pass(&r, 70);
	same_int("a message without an address changes nothing", r.jobs_n, 0);
	m = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .patient = "1002", .in_s = 3 * 86400 - 14540 });
	(void)turn(&r, &m->link, NULL, NULL);
	pass(&r, 70);
	same_int("another patient inherits no address", r.jobs_n, 1);
	rig_close(&r);
}

TEST(no_hour_at_home_before_it_is_too_late)
{
	struct rig r;
	struct text t;

	rig_open(&r, 200, 60, "");
	rig_change(&r, "window = \"00:00-24:00\"", "window = \"06:00-09:00\"");
	(void)turn(&r, &from(&r, "A1", "Pacific/Honolulu")->link, NULL, NULL);
	pass(&r, 70);
	t = confirmation(&r);
	same_int("by the clinic's clock", t.state, TEXT_SENDING);
	holds("which can be seen", t.clinic_hours);
	rig_close(&r);
}

TEST(holidays_of_a_reload)
{
	struct rig r;

	rig_open(&r, 200, 60, "");
	(void)turn(&r, &message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * 86400 })->link, NULL, NULL);
	write_file(r.folder, "days", "2026-11-27\n2026-11-29\n");
	rig_change(&r, "settle = 60s", "settle = 60s holidays = days");
	pass(&r, 70);
	confirmation_is(&r, "closed today", TEXT_PENDING, REASON_WAITING_HOLIDAY);
	same_int("until midnight", confirmation(&r).due_s, 1795780800 + 18 * 3600);
	struct text t = { 0 };
	struct fault f = { 0 };
	bool moved = false;

	for (int64_t id = STORE_TEXTS_OF_ONE + 1; store_text_get(r.store, id, &t, &f) == STORE_FOUND; id++)
		moved = moved || (t.kind == TEXT_REMINDER && t.state == TEXT_PENDING && t.due_s == 1795780800 + (int64_t)2 * 86400 + 18 * 3600 &&
		                     t.reason == REASON_WAITING_WINDOW);
	holds("what was planned for a day that is off now is moved", moved);
	write_file(r.folder, "days", "2026-12-24\n");
	rig_change(&r, "settle = 60s", "settle = 60s");
	pass(&r, 18 * 3600);
	same_int("and goes then", r.jobs_n, 1);
	rig_close(&r);
}

/* pain: one person gets 136 texts in a day */
TEST(caps_of_a_phone)
{
	struct rig r;
	char id[16];

	rig_open(&r, 6000, 0, "daily_cap = 3 weekly_cap = 5");
	for (int i = 0; i < 4; i++) {
		(void)snprintf(id, sizeof id, "D%d", i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = PHONE, .in_s = 10 * 86400, .sent_ago_s = 9 });
	}
	same_int("136 texts to one person: not above daily_cap", r.jobs_n, 3);
	for (int i = 0; i < 3; i++) {
		outcome(&r, &r.jobs[i], OUTCOME_ACCEPTED, 202);
		(void)snprintf(id, sizeof id, "D%d", i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .in_s = 10 * 86400, .status = VISIT_CANCELED });
	}
	same_int("a cancellation passes", r.jobs_n, 6);
	for (int i = 3; i < 6; i++)
		outcome(&r, &r.jobs[i], OUTCOME_ACCEPTED, 202);
	pass(&r, 86400);
	(void)tell(&r, (struct say){ .id = "D9", .patient = "9", .phone = PHONE, .in_s = 8 * 86400 });
	same_int("and counts: the week is full", r.jobs_n, 6);
	(void)tell(&r, (struct say){ .id = "D10", .patient = "10", .phone = "+16085550199", .in_s = 8 * 86400 });
	same_int("another phone has its own", r.jobs_n, 7);
	rig_close(&r);
}

/* pain: a text to a child */
TEST(a_minor_is_texted_from_the_day_of_age_on)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 200, 60, "minors = suppress");
	m = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 10 * 86400 });
	m->bookings[0].birth_said = m->bookings[0].minor = true;
	m->bookings[0].adult_day = now_s(&r.now) / 86400 + 2;
	(void)turn(&r, &m->link, NULL, NULL);
	pass(&r, 100);
	same_int("not before", r.jobs_n, 0);
	confirmation_is(&r, "not before", TEXT_SUPPRESSED, REASON_MINOR);
	r.now.wall_ms += (int64_t)9 * 86400 * 1000;
	r.now.boot_ms += (int64_t)9 * 86400 * 1000;
	pass(&r, 50);
	same_int("the reminder, nine days later", r.jobs_n, 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(each_gate_that_a_reload_closes), RUN(what_a_reload_leaves_open_goes),
		RUN(each_gate_that_a_message_closes), RUN(an_opt_out_that_comes_between), RUN(a_window_that_a_reload_closes),
		RUN(it_is_day_at_home_as_well),
		RUN(an_address_that_changes), RUN(no_hour_at_home_before_it_is_too_late), RUN(holidays_of_a_reload), RUN(caps_of_a_phone), RUN(a_minor_is_texted_from_the_day_of_age_on) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
