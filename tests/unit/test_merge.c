/* test_merge.c - merge = true: one reminder for a patient's day, and each on its own when it comes to nothing. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"
#define HOUR ((int64_t)3600)

/* 2026-11-27 06:00 in the clinic; visits on the 30th at 9:00, 11:00 and 14:00 there. */
static const int64_t at[] = { 3 * 24 * HOUR + 3 * HOUR, 3 * 24 * HOUR + 5 * HOUR, 3 * 24 * HOUR + 8 * HOUR };
static const char *const ids[] = { "M1", "M2", "M3" };

static void
say(struct rig *r, const char *id, const char *patient, const char *phone, int64_t in_s, enum visit_status status)
{
	static int64_t begun_s;

	if (in_s < 0) { /* the day begins */
		begun_s = now_s(&r->now);
		return;
	}
	(void)tell(r, (struct say){ .id = id, .patient = patient, .phone = phone, .in_s = begun_s + in_s - now_s(&r->now), .status = status });
}

/* Three visits of one patient and day, their confirmations told; it is ten seconds before the first reminder. */
static void
open_day(struct rig *r, const char *settings)
{
	char more[200];

	(void)snprintf(more, sizeof more, "daily_cap = 0 %s", settings);
	rig_open(r, 6000, 0, more);
	say(r, NULL, NULL, NULL, -1, VISIT_BOOKED);
	for (size_t i = 0; i < COUNT(at); i++) {
		say(r, ids[i], "1001", PHONE, at[i], VISIT_BOOKED);
		outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
	}
	r->now.wall_ms += (2 * 24 * HOUR + 3 * HOUR - 10) * 1000;
	r->now.boot_ms += (2 * 24 * HOUR + 3 * HOUR - 10) * 1000;
	(void)turn(r, NULL, NULL, NULL);
	same_int("three confirmations, no reminder yet", r->jobs_n, 3);
}

static struct text
reminder_of(struct rig *r, int64_t appointment)
{
	struct text t = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, appointment * STORE_TEXTS_OF_ONE + 1, &t, &f), STORE_FOUND);
	return t;
}

static void
reminder_is(struct rig *r, const char *rule, int64_t appointment, enum text_state state)
{
	same_text(rule, text_state_name(reminder_of(r, appointment).state), text_state_name(state));
}

TEST(one_text_says_all_times)
{
	struct rig r;

	open_day(&r, "merge = true");
	pass(&r, 15);
	same_int("one reminder", r.jobs_n, 4);
	holds("with all times", strstr(last_job(&r)->body, "9:00 AM, 11:00 AM, 2:00 PM"));
	reminder_is(&r, "the others wait for what comes of it", 2, TEXT_HELD);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	reminder_is(&r, "told", 2, TEXT_SUPPRESSED);
	same_text("with its reason", reason_name(reminder_of(&r, 3).reason), "merged");
	same_int("and its carrier", reminder_of(&r, 3).carrier, reminder_of(&r, 1).id);
	pass(&r, 9 * HOUR);
	same_int("nothing more that day", r.jobs_n, 4);
	rig_close(&r);
}

TEST(off_by_default)
{
	struct rig r;

	open_day(&r, "");
	pass(&r, 15);
	same_int("each on its own", r.jobs_n, 4);
	holds("with its own time", !strstr(last_job(&r)->body, "11:00"));
	rig_close(&r);
}

/* pain: a text for the visit on the 15th and none for the one on the 8th, which was booked with it */
TEST(visits_booked_together_are_each_reminded)
{
	static const char *const settings[] = { "", "merge = true" };

	for (size_t i = 0; i < COUNT(settings); i++) {
		struct rig r;
		int before;

		open_day(&r, settings[i]);
		say(&r, "X8", "1001", PHONE, 10 * 24 * HOUR, VISIT_BOOKED);
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		say(&r, "X15", "1001", PHONE, 17 * 24 * HOUR, VISIT_BOOKED);
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		for (int64_t day = 0; day < 18; day++) {
			before = r.jobs_n;
			r.now.wall_ms += (24 * HOUR - 30) * 1000;
			r.now.boot_ms += (24 * HOUR - 30) * 1000;
			pass(&r, 30);
			for (int k = before; k < r.jobs_n; k++)
				outcome(&r, &r.jobs[k], OUTCOME_ACCEPTED, 202);
		}
		reminder_is(&r, "the 8th", 4, TEXT_SENT);
		reminder_is(&r, "the 15th", 5, TEXT_SENT);
		rig_close(&r);
	}
}

TEST(never_another_patients)
{
	static const struct {
		const char *rule, *patient, *phone;
		int64_t in_s;
		bool alone;
	} rows[] = {
		{ "another patient: a family's phone", "2002", PHONE, 3 * 24 * HOUR + 6 * HOUR, true },
		{ "the same patient, another number", "1001", "+16085550177", 3 * 24 * HOUR + 6 * HOUR, true },
		{ "another day", "1001", PHONE, 4 * 24 * HOUR + 6 * HOUR, true },
		{ "the same patient and day", "1001", PHONE, 3 * 24 * HOUR + 6 * HOUR, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		open_day(&r, "merge = true");
		say(&r, "X", rows[i].patient, rows[i].phone, rows[i].in_s, VISIT_BOOKED);
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		pass(&r, 15);
		same_int("one reminder", r.jobs_n, 5);
		holds(rows[i].rule, !strstr(last_job(&r)->body, "12:00") == rows[i].alone);
		rig_close(&r);
	}
}

/* Two sites of one house, one patient, one phone, one day: each site speaks for itself. */
TEST(never_another_sites)
{
	struct rig r;

	rig_open(&r, 200, 10, "merge = true sending_application = EPIC } site \"eye\" { environment = prod fhir_base_url = \"https://y/R4\" "
	    "profile = epic number = main time_zone = America/Chicago settle = 10s window = \"00:00-24:00\" approver = none "
	    "sending_application = EYE reminder \"day\" { before = 24h } merge = true");
	for (size_t site = 0; site < 2; site++)
		(void)tell(&r, (struct say){ .id = site ? "E1" : "C1", .phone = PHONE, .in_s = 3 * 24 * HOUR + (int64_t)site * HOUR, .site = site });
	pass(&r, 15);
	same_int("both are booked", r.jobs_n, 2);
	outcome(&r, &r.jobs[0], OUTCOME_ACCEPTED, 202);
	outcome(&r, &r.jobs[1], OUTCOME_ACCEPTED, 202);
	pass(&r, 2 * 24 * HOUR);
	same_int("the first's reminder", r.jobs_n, 3);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, HOUR);
	same_int("and the other's", r.jobs_n, 4);
	rig_close(&r);
}

TEST(a_gate_of_one_keeps_only_that_one_out)
{
	struct rig r;
	struct message *m;

	open_day(&r, "merge = true");
	m = message_of(&r, (struct say){ .id = "M2", .in_s = at[1] - (2 * 24 * HOUR + 3 * HOUR - 10) });
	m->bookings[0].confidential = true;
	(void)turn(&r, &m->link, NULL, NULL);
	pass(&r, 15);
	holds("a confidential visit is not in another's text", strstr(last_job(&r)->body, "9:00 AM, 2:00 PM"));
	reminder_is(&r, "it ends for its own reason, in its time", 2, TEXT_PENDING);
	rig_close(&r);
}

/* pain: what was merged into a text that failed is never said */
TEST(undone_when_the_carrier_comes_to_nothing)
{
	struct rig r;

	open_day(&r, "merge = true");
	pass(&r, 15);
	outcome(&r, last_job(&r), OUTCOME_REFUSED, 400);
	reminder_is(&r, "refused", 1, TEXT_FAILED);
	reminder_is(&r, "the others are waiting again", 2, TEXT_PENDING);
	pass(&r, 2 * HOUR);
	same_int("and go in their own time, together", r.jobs_n, 5);
	holds("without the first", strstr(last_job(&r)->body, "11:00 AM, 2:00 PM") && !strstr(last_job(&r)->body, "9:00"));
	rig_close(&r);

	open_day(&r, "merge = true");
	pass(&r, 15);
	outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
	say(&r, "M1", "1001", NULL, at[0], VISIT_CANCELED);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202); /* the cancellation */
	pass(&r, 20);
	reminder_is(&r, "the carrier's visit is cancelled while it waits for another try", 1, TEXT_SUPPRESSED);
	reminder_is(&r, "the others are waiting again", 3, TEXT_PENDING);
	rig_close(&r);
}

TEST(said_anew_when_another_visit_changes)
{
	struct rig r;

	open_day(&r, "merge = true");
	pass(&r, 15);
	holds("three times", strstr(last_job(&r)->body, "9:00 AM, 11:00 AM, 2:00 PM"));
	outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
	say(&r, "M2", "1001", NULL, at[1], VISIT_CANCELED);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 20);
	holds("certainly not taken: said anew, without the cancelled one", strstr(last_job(&r)->body, "9:00 AM, 2:00 PM"));
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	reminder_is(&r, "the third is said in it", 3, TEXT_SUPPRESSED);
	reminder_is(&r, "the second is not", 2, TEXT_VOID);
	rig_close(&r);
}

/* pain: what one text said for several visits is said again for each */
TEST(an_unknown_outcome_is_never_said_twice)
{
	struct rig r;

	open_day(&r, "merge = true");
	pass(&r, 15);
	outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
	crash(&r);
	sender(&r, true);
	reminder_is(&r, "held over a crash", 2, TEXT_HELD);
	for (int i = 0; i < 400 && status(&r)->texts[TEXT_UNKNOWN] == 0; i++) {
		outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
		pass(&r, 5);
	}
	reminder_is(&r, "it may have been read", 2, TEXT_SUPPRESSED);
	rig_close(&r);
}

/* Of this visit all as it is told, and one thing else. */
static struct message *
again(struct rig *r, size_t i, struct booking **b)
{
	struct message *m = message_of(r, (struct say){ .id = ids[i], .phone = PHONE, .in_s = at[i] - (2 * 24 * HOUR + 3 * HOUR - 10) });

	*b = m->bookings;
	return m;
}

/* One text has one link, and is of visits that are here, and of a day. */
TEST(who_is_not_of_the_same_text_goes_alone)
{
	struct booking *b;
	struct message *m;
	struct rig r;

	open_day(&r, "merge = true");
	m = again(&r, 1, &b);
	b->link_state = FIELD_SET;
	b->link = SPAN_LIT("https://v.example/2");
	(void)turn(&r, &m->link, NULL, NULL);
	m = again(&r, 2, &b);
	b->site = NULL;
	(void)turn(&r, &m->link, NULL, NULL);
	for (int i = 3; i < r.jobs_n; i++)
		outcome(&r, &r.jobs[i], OUTCOME_ACCEPTED, 202);
	int before = r.jobs_n;

	pass(&r, 15);
	same_int("one reminder", r.jobs_n, before + 1);
	holds("of its own visit", !strstr(last_job(&r)->body, "11:00") && !strstr(last_job(&r)->body, "2:00 PM"));
	rig_close(&r);
}

/* More visits in a day than a text can name: the rest are told in one of their own. */
TEST(a_day_of_very_many_visits_is_told_whole)
{
	char id[16];
	struct rig r;
	int before;

	rig_open(&r, 6000, 0, "merge = true daily_cap = 0 storm_brake = off");
	for (int i = 0; i < SMS_OTHERS_MAX + 3; i++) {
		(void)snprintf(id, sizeof id, "D%d", i);
		(void)tell(&r, (struct say){ .id = id, .phone = PHONE, .in_s = 3 * 24 * HOUR + 3 * HOUR + 600 * i });
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	}
	before = r.jobs_n;
	r.now.wall_ms += (2 * 24 * HOUR + 3 * HOUR - 10) * 1000;
	r.now.boot_ms += (2 * 24 * HOUR + 3 * HOUR - 10) * 1000;
	for (int minute = 0; minute < 10 * (SMS_OTHERS_MAX + 4); minute++) {
		int n = r.jobs_n;

		pass(&r, 60);
		for (; n < r.jobs_n; n++)
			outcome(&r, &r.jobs[n % 256], OUTCOME_ACCEPTED, 202);
	}
	same_int("two texts", r.jobs_n - before, 2);
	for (int64_t i = 1; i <= SMS_OTHERS_MAX + 3; i++)
		holds("each is told of", reminder_of(&r, i).state == TEXT_SENT || reminder_of(&r, i).reason == REASON_MERGED);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(who_is_not_of_the_same_text_goes_alone), RUN(a_day_of_very_many_visits_is_told_whole),
		RUN(one_text_says_all_times), RUN(off_by_default), RUN(visits_booked_together_are_each_reminded), RUN(never_another_patients), RUN(never_another_sites),
		RUN(a_gate_of_one_keeps_only_that_one_out), RUN(undone_when_the_carrier_comes_to_nothing),
		RUN(said_anew_when_another_visit_changes), RUN(an_unknown_outcome_is_never_said_twice) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
