/* test_books.c - many small lives at once (pairs, merges, storms, limits, crashes, lost answers): the books stay right. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define DAY ((int64_t)86400)
#define STEPS 500

static void
look_at_books(struct rig *r)
{
	same_int("one site", sites_whose_books_are_right(r), 1);
}

static uint64_t
dice(struct rig *r, uint64_t n)
{
	r->chance = r->chance * 6364136223846793005u + 1442695040888963407u;
	return (r->chance >> 33) % n;
}

static void
message(struct rig *r)
{
	static const char *const types[] = { "ECHO", "MRI", "" };
	static const enum visit_status states[] = { VISIT_BOOKED, VISIT_BOOKED, VISIT_BOOKED, VISIT_BOOKED, VISIT_CANCELED,
		VISIT_CANCELED, VISIT_NO_SHOW, VISIT_DELETED, VISIT_ARRIVED };
	char id[16], patient[16], phone[PHONE_MAX];
	uint64_t who = dice(r, 6);
	struct message *m;

	(void)snprintf(id, sizeof id, "V%d", (int)(who * 4 + dice(r, 4)));
	(void)snprintf(patient, sizeof patient, "P%d", (int)(dice(r, 30) == 0 ? dice(r, 6) : who));
	(void)snprintf(phone, sizeof phone, "+1608555%04d", (int)(100 + who / 2));
	m = message_of(r, (struct say){ .id = id, .patient = patient, .phone = dice(r, 12) ? phone : "",
	                      .in_s = 7200 + (int64_t)dice(r, 40) * 3600, .status = states[dice(r, COUNT(states))] });
	m->bookings[0].visit_type = m->bookings[0].visit_types = span_of(types[dice(r, COUNT(types))]);
	(void)turn(r, &m->link, NULL, NULL);
}

static void
step(struct rig *r)
{
	uint64_t what = dice(r, 20);

	if (what < 11) {
		message(r);
	} else if (what < 16 && r->jobs_n > 0) {
		int back = (int)dice(r, 8);

		outcome(r, &r->jobs[(r->jobs_n - 1 - (back < r->jobs_n ? back : 0)) % 256], dice(r, 2) ? OUTCOME_ACCEPTED : (enum outcome)dice(r, OUTCOMES), 503);
	} else if (what == 16) {
		crash(r);
		sender(r, true);
	} else if (what == 17) {
		struct command *c = calloc(1, sizeof *c);

		c->kind = COMMAND_RELEASE_SITE;
		c->release = dice(r, 2) ? RELEASE_SEND : RELEASE_DROP;
		(void)snprintf(c->site, sizeof c->site, "cardiology");
		(void)turn(r, NULL, NULL, &c->link);
	} else {
		pass(r, (int64_t)dice(r, 400));
	}
}

/* pain: texts are gone and nothing says where to */
TEST(whatever_happens)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct rig r;

		rig_open(&r, 6000, 30, "merge = true storm_brake = 6/min daily_cap = 0");
		rig_change(&r, "country = US", seed % 2 ? "country = US monthly_limit = 120 on_limit = hold" : "country = US");
		r.chance = seed * 7919;
		for (int i = 0; i < STEPS; i++) {
			step(&r);
			if (i % 100 == 99)
				look_at_books(&r);
		}
		/* Every visit passes: each text ends, and what was held for another does too. */
		for (int i = 0; i < 40 * 12; i++) {
			r.now.wall_ms += 600000;
			r.now.boot_ms += 600000;
			(void)turn(&r, NULL, NULL, NULL);
			if (r.jobs_n > 0 && i % 3 == 0)
				outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		}
		look_at_books(&r);
		same_int("no text waits after its visit", status(&r)->texts[TEXT_PENDING], 0);
		same_int("nor is one held", status(&r)->texts[TEXT_HELD], 0);
		holds("something was sent", status(&r)->texts[TEXT_SENT] + status(&r)->texts[TEXT_UNKNOWN] > 20);
		rig_close(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(whatever_happens) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
