/* test_pains.c - what hurt people with other reminder systems, tried here; docs/pains/texts.md names all of them. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"
#include "rig.h"

#include "nudge/builtin.h"

#define PHONE "+16085550123"
enum { HOUR = 3600, DAY = 86400 };

static int accepted_n; /* of r->jobs_n */

static void
accept_new(struct rig *r)
{
	while (accepted_n < r->jobs_n) {
		struct sent job = r->jobs[accepted_n++ % 256];

		outcome(r, &job, OUTCOME_ACCEPTED, 202);
	}
}

static void
begin(struct rig *r, int settle, const char *more)
{
	accepted_n = 0;
	rig_open(r, 6000, settle, more);
}

static void
restart(struct rig *r)
{
	crash(r);
	sender(r, true);
	accept_new(r);
}

/* Time goes by in steps, and the gateway takes what it is given. */
static void
go(struct rig *r, int64_t seconds, int64_t step_s)
{
	for (; seconds > 0; seconds -= step_s) {
		r->now.wall_ms += step_s * 1000;
		r->now.boot_ms += step_s * 1000;
		(void)turn(r, NULL, NULL, NULL);
		accept_new(r);
	}
}

static void
say(struct rig *r, const char *id, enum visit_status status, int64_t start_s)
{
	(void)tell(r, (struct say){ .id = id, .phone = PHONE, .in_s = start_s - now_s(&r->now), .status = status });
	accept_new(r);
}

static void
disk(bool full)
{
	static struct rlimit was;
	struct rlimit none;

	if (full) {
		(void)signal(SIGXFSZ, SIG_IGN);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
		none = (struct rlimit){ 4096, was.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	} else {
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	}
}

/* ---- the same text again ---- */

/* pain: three identical reminders, ninety minutes before the visit */
TEST(three_of_the_same_reminder)
{
	struct rig r;
	int64_t start;

	begin(&r, 0, "reminder \"near\" { before = 90min }");
	start = now_s(&r.now) + 10 * HOUR;
	for (int i = 0; i < 3; i++)
		say(&r, "A1", VISIT_BOOKED, start); /* three messages, each with an id of its own */
	same_int("one confirmation", r.jobs_n, 1);
	go(&r, 8 * HOUR, 300);
	for (int i = 0; i < 3; i++) {
		say(&r, "A1", VISIT_BOOKED, start);
		restart(&r);
	}
	same_int("not yet", r.jobs_n, 1);
	go(&r, 30 * 60, 10);
	for (int i = 0; i < 3; i++)
		say(&r, "A1", VISIT_BOOKED, start);
	go(&r, 2 * HOUR, 60);
	same_int("one reminder", r.jobs_n, 2);
	rig_close(&r);
}

/* pain: one reminder an hour, all day, because what marks it as sent was looked for in the wrong place */
TEST(a_reminder_again_every_hour)
{
	struct rig r;
	int64_t start;

	begin(&r, 0, "");
	start = now_s(&r.now) + 30 * HOUR;
	for (int hour = 0; hour < 29; hour++) {
		say(&r, "A1", VISIT_BOOKED, start);
		if (hour % 5 == 4)
			restart(&r);
		go(&r, HOUR, 60);
	}
	same_int("a confirmation and a reminder", r.jobs_n, 2);
	same_int("both are known as sent", status(&r)->texts[TEXT_SENT], 2);
	rig_close(&r);
}

/* pain: a reminder that waits for weeks is handed out again and again, twenty times in the end */
TEST(a_text_that_waits_for_weeks_goes_once)
{
	struct rig r;

	begin(&r, 0, "");
	say(&r, "A1", VISIT_BOOKED, now_s(&r.now) + 25 * DAY);
	for (int i = 0; i < 24 * 4; i++) {
		same_int("only the confirmation", r.jobs_n, 1);
		go(&r, 6 * HOUR - 60, 6 * HOUR - 60);
		restart(&r);
	}
	go(&r, 2 * HOUR, 600);
	same_int("the reminder, once", r.jobs_n, 2);
	for (int i = 0; i < 10; i++) { /* and nobody finds it again */
		restart(&r);
		go(&r, 2 * HOUR, 600);
	}
	same_int("no more than once", r.jobs_n, 2);
	rig_close(&r);
}

/* pain: a retry that is told twice, or met by a restart, becomes two texts */
TEST(a_restart_that_doubles_a_retry)
{
	struct rig r;
	struct sent first;

	begin(&r, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY });
	first = *last_job(&r);
	outcome(&r, &first, OUTCOME_AGAIN, 503);
	outcome(&r, &first, OUTCOME_AGAIN, 503);
	crash(&r);
	sender(&r, true);
	accepted_n = 1;
	go(&r, 600, 1);
	outcome(&r, &first, OUTCOME_AGAIN, 503);
	go(&r, 600, 1);
	same_int("one retry", r.jobs_n, 2);
	same_text("under the same id", r.jobs[1].body, first.body);
	same_int("one text", status(&r)->texts[TEXT_SENT], 1);
	rig_close(&r);
}

/* pain: a text went out, writing that down failed, and it was sent again for ever */
TEST(an_outcome_that_cannot_be_written_down)
{
	for (int crashed = 0; crashed < 2; crashed++) {
		struct rig r;
		struct sent first;

		begin(&r, 0, "");
		(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY });
		first = *last_job(&r);
		disk(true);
		outcome(&r, &first, OUTCOME_ACCEPTED, 202);
		disk(false);
		accepted_n = 1; /* it is told once */
		if (crashed)
			restart(&r);
		go(&r, 600, 5);
		restart(&r);
		go(&r, 600, 5);
		same_int("it is sent", status(&r)->texts[TEXT_SENT], 1);
		same_int(crashed ? "asked about once more" : "written when there is room", r.jobs_n, 1 + crashed);
		same_text("under the same id: the gateway knows it", last_job(&r)->body, first.body);
		rig_close(&r);
	}
}

/* pain: two visits in the same second, and the one text for both goes twice */
TEST(two_visits_in_one_second)
{
	struct rig r;
	struct message *one, *two;

	begin(&r, 0, "merge = true");
	one = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY });
	two = message_of(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 3 * DAY });
	one->link.next = &two->link;
	(void)turn(&r, &one->link, NULL, NULL);
	accept_new(&r);
	same_int("each is confirmed", r.jobs_n, 2);
	go(&r, 2 * DAY - 60, 2 * DAY - 60);
	restart(&r);
	go(&r, HOUR, 5);
	same_int("one reminder for both", r.jobs_n, 3);
	same_int("the other says where it was told", status(&r)->texts[TEXT_SUPPRESSED], 1);
	rig_close(&r);
}

/* ---- at the wrong time, or never ---- */

/* pain: a reminder more than 24.8 days ahead fires at once, because milliseconds do not fit 31 bits */
TEST(far_ahead_does_not_fire_at_once)
{
	static const int64_t days[] = { 25, 26, 50, 51, 400, 7000 };

	for (size_t i = 0; i < COUNT(days); i++) {
		struct rig r;

		begin(&r, 0, "");
		say(&r, "A1", VISIT_BOOKED, now_s(&r.now) + days[i] * DAY + HOUR);
		go(&r, HOUR, 60);
		same_int("booked, not reminded", r.jobs_n, 1);
		go(&r, (days[i] - 1) * DAY - 60, (days[i] - 1) * DAY - 60);
		same_int("nor a minute before its time", r.jobs_n, 1);
		restart(&r);
		go(&r, 120, 5);
		same_int("but then", r.jobs_n, 2);
		rig_close(&r);
	}
}

/* pain: the confirmation came, and after the lead time had been set anew the reminder never did */
TEST(a_lead_time_that_was_set_anew)
{
	static const struct {
		const char *rule, *before;
		int64_t s;
	} rows[] = { { "longer", "before = 48h", 48 * HOUR }, { "shorter", "before = 3h", 3 * HOUR }, { "as it was", "before = 24h", 24 * HOUR } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		int64_t wait_s = 5 * DAY - rows[i].s;

		begin(&r, 0, "");
		say(&r, "A1", VISIT_BOOKED, now_s(&r.now) + 5 * DAY);
		rig_change(&r, "before = 24h", rows[i].before);
		go(&r, wait_s - 120, wait_s - 120);
		same_int(rows[i].rule, r.jobs_n, 1);
		go(&r, 240, 5);
		same_int(rows[i].rule, r.jobs_n, 2);
		go(&r, 2 * DAY, 600);
		same_int("once", r.jobs_n, 2);
		rig_close(&r);
	}
}

/* pain: a reminder whose time had passed already vanished, and no record says so */
TEST(a_reminder_whose_time_has_passed)
{
	struct rig r;
	struct text t = { 0 };
	struct fault f = { 0 };

	begin(&r, 0, "");
	say(&r, "A1", VISIT_BOOKED, now_s(&r.now) + 10 * HOUR);
	same_int("the booking is told", r.jobs_n, 1);
	for (int64_t id = STORE_TEXTS_OF_ONE; t.kind != TEXT_REMINDER; id++)
		assert_int_equal(store_text_get(r.store, id, &t, &f), STORE_FOUND);
	same_text("the reminder has ended", text_state_name(t.state), "suppressed");
	same_text("and says why", reason_name(t.reason), "late");
	same_int("it is in the books", status(&r)->texts[TEXT_SUPPRESSED], 1);
	rig_close(&r);
}

/* pain: one phone that is switched off keeps everybody else's texts waiting */
TEST(one_phone_that_blocks_the_others)
{
	struct rig r;

	begin(&r, 0, "");
	for (int i = 0; i < 14; i++) {
		char id[16], phone[PHONE_MAX];

		(void)snprintf(id, sizeof id, "B%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 3 * DAY });
		same_int("each goes in its turn", r.jobs_n, i + 1);
		if (i == 1)
			outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
		else if (i > 1) /* of the first nothing is ever heard */
			outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	}
	same_int("twelve are sent", status(&r)->texts[TEXT_SENT], 12);
	rig_close(&r);
}

/* ---- cancelled, moved, over ---- */

/* pain: reminders for cancelled visits, because the list of what to take back at the gateway holds a hundred */
TEST(a_hundred_and_fifty_cancelled_visits)
{
	struct rig r;
	int64_t start;

	begin(&r, 0, "storm_brake = off");
	start = now_s(&r.now) + 3 * DAY;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 150; i++) {
			char id[16], phone[PHONE_MAX];

			(void)snprintf(id, sizeof id, "C%d", i);
			(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
			(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = start - now_s(&r.now),
			    .status = round ? VISIT_CANCELED : VISIT_BOOKED });
			accept_new(&r);
			go(&r, 1, 1);
		}
	same_int("each was told of both", r.jobs_n, 300);
	same_int("nothing waits any more", status(&r)->texts[TEXT_PENDING], 0);
	go(&r, 3 * DAY, 600);
	same_int("nobody is reminded", r.jobs_n, 300);
	rig_close(&r);
}

/* pain: a cancelled visit was reminded of, and its cancellation told twice */
TEST(a_cancellation_that_is_told_twice)
{
	struct rig r;
	int64_t start;

	begin(&r, 60, "");
	start = now_s(&r.now) + 2 * DAY;
	say(&r, "A1", VISIT_BOOKED, start);
	go(&r, 120, 5);
	same_int("booked", r.jobs_n, 1);
	for (int i = 0; i < 4; i++) {
		say(&r, "A1", VISIT_CANCELED, start);
		go(&r, i % 2 ? 600 : 20, 5);
		restart(&r);
	}
	say(&r, "A1", VISIT_DELETED, start);
	go(&r, 2 * DAY, 300);
	same_int("cancelled, once, and nothing more", r.jobs_n, 2);
	rig_close(&r);
}

/* pain: a text tells people to come on site for a video visit */
TEST(a_place_for_a_video_visit)
{
	static const char *const files[] = { "conf/templates/en", "conf/templates/es", "conf/templates/fr" };
	static const char *const places[] = { "come to", "come in", "arrive", "check in", "check-in", "address", "building", "floor", "office", "venga", "acuda", "llegue",
		"direcci", "edificio", "consultorio", "venez au", "venez \xc3\xa0", "pr\xc3\xa9sentez", "arrivez", "adresse", "cabinet", "accueil" };

	for (size_t i = 0; i < COUNT(files); i++) {
		const struct builtin *b = builtin_find(files[i]);
		char text[16384], *line;

		assert_non_null(b);
		assert_true(b->n < sizeof text);
		(void)snprintf(text, sizeof text, "%.*s", (int)b->n, (const char *)b->text);
		holds("the link is said where there is one", strstr(text, "{link}") != NULL);
		/* What only visits at the clinic are told is another matter. */
		for (char *at = text, *end; (at = strstr(at, "[[{if office}")) && (end = strstr(at, "]]")); at = end)
			memset(at, ' ', (size_t)(end - at));
		for (char *at = text; (line = strsep(&at, "\n")) != NULL;)
			for (size_t k = 0; k < COUNT(places) && line[0] != '#'; k++)
				if (strcasestr(line, places[k]))
					fail_msg("%s: \"%s\" in: %s", files[i], places[k], line);
	}
}

/* pain: "notified" was stored in the visit's status, and Arrived or No-show was gone */
TEST(what_was_sent_is_not_the_visits_status)
{
	static const enum visit_status stories[] = { VISIT_ARRIVED, VISIT_NO_SHOW, VISIT_CANCELED, VISIT_BOOKED };

	for (size_t i = 0; i < COUNT(stories); i++) {
		struct rig r;
		struct appointment a;
		struct fault f = { 0 };
		struct sent job;

		begin(&r, 0, "");
		(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY, .sent_ago_s = 60 });
		job = *last_job(&r);
		(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY, .sent_ago_s = 30, .status = stories[i] });
		outcome(&r, &job, OUTCOME_ACCEPTED, 202);
		told(&r, (struct sender_event){ .told = EVENT_REPORT, .event = 1, .text = job.text, .delivery = DELIVERY_OK }, NULL);
		same_int("it was delivered", status(&r)->texts[TEXT_DELIVERED], 1);
		assert_int_equal(store_appointment_get(r.store, 1, now_s(&r.now), &a, &f), STORE_FOUND);
		same_int("and the visit is what its messages say", a.status, stories[i]);
		rig_close(&r);
	}
}

/* pain: a wrong number is tried 25 times in twenty days */
TEST(a_wrong_number_is_tried_again_and_again)
{
	struct rig r;
	int tried = 0;

	begin(&r, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 20 * DAY });
	for (int64_t s = 0; s < 20 * DAY; s += 600) {
		for (; tried < r.jobs_n; tried++) {
			struct sent job = r.jobs[tried % 256];

			outcome(&r, &job, OUTCOME_REFUSED, 202);
			same_int("at the first refusal it ends", status(&r)->texts[TEXT_FAILED], tried + 1);
		}
		r.now.wall_ms += 600000;
		r.now.boot_ms += 600000;
		(void)turn(&r, NULL, NULL, NULL);
	}
	same_int("each text once: the confirmation and the reminder", r.jobs_n, 2);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(three_of_the_same_reminder), RUN(a_reminder_again_every_hour),
		RUN(a_text_that_waits_for_weeks_goes_once), RUN(a_restart_that_doubles_a_retry),
		RUN(an_outcome_that_cannot_be_written_down), RUN(two_visits_in_one_second), RUN(far_ahead_does_not_fire_at_once),
		RUN(a_lead_time_that_was_set_anew), RUN(a_reminder_whose_time_has_passed), RUN(one_phone_that_blocks_the_others), RUN(a_hundred_and_fifty_cancelled_visits),
		RUN(a_cancellation_that_is_told_twice), RUN(a_place_for_a_video_visit),
		RUN(what_was_sent_is_not_the_visits_status), RUN(a_wrong_number_is_tried_again_and_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
