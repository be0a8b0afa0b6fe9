/* test_quarantine_held.c - a visit in doubt: all that are of it wait, whatever else they wait for, and all go on. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)
#define GROUP 70 /* more than are looked up at once */

/* A message about this visit that could not be read. */
static void
doubt(struct rig *r, const char *about)
{
	struct message *m = message_of(r, (struct say){ .id = "-" });

	m->kind = MESSAGE_QUARANTINE;
	m->bookings_n = 0;
	m->reason = "no start time";
	m->held_id = arena_copy(&m->arena, span_of(about));
	m->about = &r->rules->conf->sites[0];
	same_int("kept", turn(r, &m->link, NULL, NULL), TURN_DONE);
}

static void
say(struct rig *r, enum command_kind kind, int64_t id)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	c->id = id;
	c->release = RELEASE_SEND;
	(void)snprintf(c->site, sizeof c->site, "cardiology");
	(void)snprintf(c->who, sizeof c->who, "anna");
	(void)turn(r, NULL, NULL, &c->link);
}

static void
discard(struct rig *r)
{
	struct fault f = { 0 };
	int64_t id = 0;

	assert_int_equal(store_quarantine_next(r->store, "", &id, &f), STORE_FOUND);
	say(r, COMMAND_QUARANTINE_DISCARD, id);
}

static void
text_is(struct rig *r, const char *rule, int64_t id, enum text_state state, enum text_reason reason)
{
	struct text t = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, id, &t, &f), STORE_FOUND);
	same_text(rule, text_state_name(t.state), text_state_name(state));
	same_text(rule, reason_name(t.reason), reason_name(reason));
}

static void
books(struct rig *r, const char *rule, int64_t pending, int64_t held)
{
	(void)status(r);
	same_int(rule, r->status.texts[TEXT_PENDING], pending);
	same_int(rule, r->status.texts[TEXT_HELD], held);
}

/* One id, and each who comes has a row of their own. */
TEST(of_a_large_group_nobody_is_forgotten)
{
	struct rig r;

	rig_open(&r, 60000, 60, "");
	for (int i = 0; i < GROUP; i++) {
		char patient[16], phone[16];

		(void)snprintf(patient, sizeof patient, "%d", 2000 + i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		struct message *m = message_of(&r, (struct say){ .id = "G1", .patient = patient, .phone = phone, .in_s = 5 * DAY });

		m->bookings[0].patient_number = i + 1;
		(void)turn(&r, &m->link, NULL, NULL);
	}
	books(&r, "a confirmation and a reminder each", 2 * GROUP, 0);
	doubt(&r, "G1");
	books(&r, "all wait", 0, 2 * GROUP);
	pass(&r, 120);
	same_int("nobody is told", r.jobs_n, 0);
	discard(&r);
	books(&r, "none waits for it any more", GROUP, 0);
	same_int("everybody is told", r.jobs_n, GROUP);
	rig_close(&r);
}

/* The end of a doubt is no word of the person who holds a site. */
TEST(what_a_person_holds_is_not_let_go_by_the_end_of_a_doubt)
{
	struct rig r;

	rig_open(&r, 6000, 30, "");
	(void)tell(&r, (struct say){ .id = "V1", .phone = PHONE, .in_s = 5 * DAY });
	say(&r, COMMAND_HOLD_SITE, 0);
	pass(&r, 60);
	text_is(&r, "held by the person", STORE_TEXTS_OF_ONE, TEXT_HELD, REASON_SITE_HELD);
	doubt(&r, "V1");
	text_is(&r, "the reminder by the doubt", STORE_TEXTS_OF_ONE + 1, TEXT_HELD, REASON_QUARANTINED);
	discard(&r);
	text_is(&r, "the reminder goes on", STORE_TEXTS_OF_ONE + 1, TEXT_PENDING, REASON_NONE);
	text_is(&r, "the other waits for the person", STORE_TEXTS_OF_ONE, TEXT_HELD, REASON_SITE_HELD);
	pass(&r, 60);
	same_int("nothing has left", r.jobs_n, 0);
	say(&r, COMMAND_RELEASE_SITE, 0);
	same_int("who lets it go", r.jobs_n, 1);
	rig_close(&r);
}

/* pain: what a person lets go is of a visit that was moved meanwhile by a message nobody could read */
TEST(what_a_person_lets_go_waits_for_the_end_of_the_doubt)
{
	struct rig r;

	rig_open(&r, 6000, 30, "");
	(void)tell(&r, (struct say){ .id = "V1", .phone = PHONE, .in_s = 5 * DAY });
	say(&r, COMMAND_HOLD_SITE, 0);
	pass(&r, 60);
	doubt(&r, "V1");
	say(&r, COMMAND_RELEASE_SITE, 0);
	pass(&r, 60);
	same_int("the visit may be another by now: nothing leaves", r.jobs_n, 0);
	text_is(&r, "and why", STORE_TEXTS_OF_ONE, TEXT_HELD, REASON_QUARANTINED);
	discard(&r);
	pass(&r, 5);
	same_int("then it leaves", r.jobs_n, 1);
	rig_close(&r);
}

/* Two visits of a patient's day are reminded of in one text: one in doubt is not. */
TEST(a_visit_in_doubt_is_in_no_others_text)
{
	struct rig r;

	rig_open(&r, 6000, 0, "merge = true daily_cap = 0");
	(void)tell(&r, (struct say){ .id = "V1", .phone = PHONE, .in_s = 2 * DAY + 10800 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	(void)tell(&r, (struct say){ .id = "V2", .phone = PHONE, .in_s = 2 * DAY + 10800 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	say(&r, COMMAND_HOLD_SITE, 0);
	pass(&r, DAY + 10900);
	text_is(&r, "due, and held by the person", STORE_TEXTS_OF_ONE + 1, TEXT_HELD, REASON_SITE_HELD);
	text_is(&r, "both", 2 * STORE_TEXTS_OF_ONE + 1, TEXT_HELD, REASON_SITE_HELD);
	doubt(&r, "V2");
	say(&r, COMMAND_RELEASE_SITE, 0);
	same_int("one goes", r.jobs_n, 3);
	same_int("namely the first visit's", last_job(&r)->text, STORE_TEXTS_OF_ONE + 1);
	text_is(&r, "the other waits", 2 * STORE_TEXTS_OF_ONE + 1, TEXT_HELD, REASON_QUARANTINED);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	discard(&r);
	pass(&r, 5);
	same_int("and is told of by itself", r.jobs_n, 4);
	rig_close(&r);
}

/* A little before and behind the time at which a held text is too late. */
TEST(what_waits_too_long_is_too_late_by_its_minute)
{
	struct rig r;
	struct text t = { 0 };
	struct fault f = { 0 };

	rig_open(&r, 6000, 600, "retain = 7d");
	(void)tell(&r, (struct say){ .id = "V1", .phone = PHONE, .in_s = 5 * DAY + 300 }); /* a turn that has nothing else to write */
	doubt(&r, "V1");
	assert_int_equal(store_text_get(r.store, STORE_TEXTS_OF_ONE, &t, &f), STORE_FOUND);
	pass(&r, t.expires_s - 300 - now_s(&r.now));
	text_is(&r, "it waits", STORE_TEXTS_OF_ONE, TEXT_HELD, REASON_QUARANTINED);
	for (int i = 0; i < 5; i++) {
		r.now.wall_ms += 100000;
		r.now.boot_ms += 100000;
		(void)status(&r);
	}
	text_is(&r, "it is over, and says who held it", STORE_TEXTS_OF_ONE, TEXT_EXPIRED, REASON_QUARANTINED);
	same_int("nothing has left", r.jobs_n, 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(of_a_large_group_nobody_is_forgotten), RUN(what_a_person_holds_is_not_let_go_by_the_end_of_a_doubt),
		RUN(what_a_person_lets_go_waits_for_the_end_of_the_doubt), RUN(a_visit_in_doubt_is_in_no_others_text),
		RUN(what_waits_too_long_is_too_late_by_its_minute) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
