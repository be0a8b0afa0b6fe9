/* test_bookings_named.c - which visit a message is about: ids that are others' too, nobody named, records that became one, messages read again. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <sqlite3.h>

#include "rig.h"

#define PHONE "+16085550123"
#define OTHER "+16085550124"
#define THIRD "+16085550125"
#define DAY ((int64_t)86400)

static struct appointment
row(struct rig *r, int64_t id)
{
	struct appointment a = { 0 };
	struct fault f = { 0 };

	same_int("the row is there", store_appointment_get(r->store, id, now_s(&r->now), &a, &f), STORE_FOUND);
	return a;
}

static bool
count(void *ctx, const struct appointment *a)
{
	int *n = ctx;

	(void)a;
	(*n)++;
	return true;
}

/* Rows of this id, of the one sender there is. */
static int
rows_of(struct rig *r, const char *id)
{
	struct fault f = { 0 };
	int n = 0;

	assert_true(store_appointments_of(r->store, 1, span_of(id), now_s(&r->now), count, &n, &f));
	return n;
}

static void
by_hand(struct rig *r, const char *statement)
{
	char path[128];
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof path, "%s/nudge.db", r->folder);
	refuse_here(false);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

struct said {
	const char *id, *patient; /* patient NULL: nobody is named */
	int number;               /* place in a group; 0: none */
	const char *phone;
	int64_t in_s, sent_ago_s; /* sent_ago_s < 0: not said */
	enum visit_status status;
	bool no_filler;
	const char *alias, *old_id;
};

static void
say(struct rig *r, struct said s)
{
	struct message *m = message_of(r, (struct say){ .id = s.id, .patient = s.patient, .phone = s.phone, .in_s = s.in_s, .status = s.status, .sent_ago_s = s.sent_ago_s });
	struct booking *b = m->bookings;

	if (!s.patient)
		b->patient = SPAN_NONE;
	b->patient_number = s.number;
	b->has_filler_id = !s.no_filler;
	b->has_sent_at = s.sent_ago_s >= 0;
	if (!b->has_sent_at)
		b->sent_at_s = 0;
	if (s.alias)
		b->aliases[b->aliases_n++] = span_of(s.alias);
	if (s.old_id)
		b->old_id = span_of(s.old_id);
	(void)turn(r, &m->link, NULL, NULL);
	same_int("accepted", r->answer.verdict, VERDICT_ACCEPT);
	for (int i = 0; i < r->jobs_n; i++)
		outcome(r, &r->jobs[i % 256], OUTCOME_ACCEPTED, 202);
}

/* ---- nobody is named ---- */

TEST(a_visit_of_nobody_named_is_one_visit)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	say(&r, (struct said){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 90 });
	say(&r, (struct said){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY, .sent_ago_s = 60 });
	same_int("one row", rows_of(&r, "A1"), 1);
	same_int("that moved", row(&r, 1).start_s, now_s(&r.now) + 3 * DAY);
	same_int("told, and told of the change", r.jobs_n, 2);
	rig_close(&r);
}

/* Who of a group called off is erased; whoever has their place next is somebody new. */
TEST(a_place_in_a_group_that_became_free)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	say(&r, (struct said){ .id = "G1", .number = 1, .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 90 });
	say(&r, (struct said){ .id = "G1", .number = 2, .phone = OTHER, .in_s = 2 * DAY, .sent_ago_s = 80 });
	say(&r, (struct said){ .id = "G1", .number = 1, .in_s = 2 * DAY, .sent_ago_s = 70, .status = VISIT_CANCELED });
	same_int("booked, booked and canceled", r.jobs_n, 3);
	say(&r, (struct said){ .id = "G1", .number = 1, .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 75 });
	same_int("an older message revives nobody", r.jobs_n, 3);
	say(&r, (struct said){ .id = "G1", .number = 1, .phone = THIRD, .in_s = 2 * DAY, .sent_ago_s = 10 });
	same_int("a newer one is of somebody", r.jobs_n, 4);
	same_text("who is told", last_job(&r)->to, THIRD);
	same_int("in a row of their own", rows_of(&r, "G1"), 3);
	say(&r, (struct said){ .id = "G1", .number = 2, .in_s = 2 * DAY, .sent_ago_s = 75, .status = VISIT_CANCELED });
	same_int("and who called off first, of two that are gone", r.jobs_n, 5);
	say(&r, (struct said){ .id = "G1", .number = 4, .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 72 });
	same_int("does not hide that the other did later", r.jobs_n, 5);
	rig_close(&r);
}

/* ---- other names ---- */

TEST(a_name_that_leads_nowhere_makes_a_visit_of_its_own)
{
	static const struct {
		const char *rule, *before, *after; /* who is named in the message of the row, and in the one of its other name */
		int number;
		const char *by_hand;
		bool known;
	} rows[] = {
		{ "the same patient", "7", "7", 0, NULL, true },
		{ "nobody is named", "7", NULL, 0, NULL, false },
		{ "nobody was named", NULL, "7", 0, NULL, false },
		{ "neither is", NULL, NULL, 0, NULL, false },
		{ "its row is gone", "7", "7", 0, "DELETE FROM appointment WHERE appointment_id = 'A1'", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 6000, 0, "");
		say(&r, (struct said){ .id = "A1", .patient = rows[i].before, .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 90, .alias = "V1" });
		if (rows[i].by_hand)
			by_hand(&r, rows[i].by_hand);
		say(&r, (struct said){ .id = "V1", .patient = rows[i].after, .phone = PHONE, .in_s = 3 * DAY, .sent_ago_s = 60, .no_filler = true });
		same_int(rows[i].rule, rows_of(&r, "V1"), !rows[i].known);
		rig_close(&r);
	}
}

/* The id of the message is known as it is, if only of others: then it is no other name. */
TEST(an_id_of_others_is_no_other_name)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	say(&r, (struct said){ .id = "A1", .patient = "7", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 90, .alias = "V1" });
	say(&r, (struct said){ .id = "V1", .patient = "8", .phone = OTHER, .in_s = 2 * DAY, .sent_ago_s = 80, .no_filler = true });
	say(&r, (struct said){ .id = "V1", .patient = "7", .number = 2, .phone = PHONE, .in_s = 3 * DAY, .sent_ago_s = 70, .no_filler = true });
	same_int("a row beside the other's", rows_of(&r, "V1"), 2);
	same_int("and the first stays where it was", row(&r, 1).start_s, now_s(&r.now) + 2 * DAY);
	rig_close(&r);
}

TEST(an_old_id_of_nobody_named_is_not_taken_over)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	say(&r, (struct said){ .id = "A1", .phone = OTHER, .in_s = 2 * DAY, .sent_ago_s = 90 });
	say(&r, (struct said){ .id = "A2", .patient = "7", .phone = PHONE, .in_s = 3 * DAY, .sent_ago_s = 60, .old_id = "A1" });
	same_text("the row is whose it was", row(&r, 1).appointment_id, "A1");
	same_text("with its number", row(&r, 1).phone, OTHER);
	same_int("the new one has its own", rows_of(&r, "A2"), 1);
	rig_close(&r);
}

TEST(of_several_visits_of_a_message_one_known_is_enough)
{
	struct booking *two;
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	m = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	two = arena_take(&m->arena, 2 * sizeof *two);
	two[0] = two[1] = m->bookings[0];
	two[1].site = NULL;
	two[1].appointment_id = SPAN_LIT("ELSEWHERE");
	m->bookings = two;
	m->bookings_n = 2;
	(void)turn(&r, &m->link, NULL, NULL);
	same_int("taken", status(&r)->messages_accepted, 1);
	same_int("and not ignored", status(&r)->messages_ignored, 0);
	same_int("of the one that is ours", rows_of(&r, "A1"), 1);
	same_int("nothing of the other", rows_of(&r, "ELSEWHERE"), 0);
	rig_close(&r);
}

/* ---- records that became one ---- */

static struct message *
merged(struct rig *r, const char *prior, const char *other, const char *patient, int64_t sent_ago_s)
{
	struct message *m = message_of(r, (struct say){ .id = "-" });
	struct patient_news *n = arena_take(&m->arena, sizeof *n);

	*n = (struct patient_news){ .site = &r->rules->conf->sites[0], .patient = arena_copy(&m->arena, span_of(patient)), .priors_n = other ? 2 : 1,
		.has_sent_at = true, .sent_at_s = now_s(&r->now) - sent_ago_s };
	n->priors[0] = arena_copy(&m->arena, span_of(prior));
	if (other)
		n->priors[1] = arena_copy(&m->arena, span_of(other));
	m->kind = MESSAGE_NEWS;
	m->bookings_n = 0;
	m->news = n;
	m->news_n = 1;
	m->sending_application = SPAN_LIT("EPICADT");
	return m;
}

static void
merge(struct rig *r, const char *prior, const char *patient, int64_t sent_ago_s)
{
	(void)turn(r, &merged(r, prior, NULL, patient, sent_ago_s)->link, NULL, NULL);
	same_int("accepted", r->answer.verdict, VERDICT_ACCEPT);
}

/* The id of before the merge is the patient's in messages from before it, and in no others. */
TEST(who_a_record_was_before)
{
	static const struct {
		const char *rule, *patient;
		int64_t sent_ago_s;
		bool same;
	} rows[] = {
		{ "an older message, under the id of before", "1009", 50, true },
		{ "one that does not say when it was sent", "1009", -1, false },
		{ "an older message, of somebody else", "1010", 50, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 6000, 0, "adt = {merge}");
		say(&r, (struct said){ .id = "A1", .patient = "1009", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 100 });
		merge(&r, "1009", "1001", 20);
		say(&r, (struct said){ .id = "A1", .patient = rows[i].patient, .in_s = 2 * DAY, .sent_ago_s = rows[i].sent_ago_s });
		same_text(rows[i].rule, row(&r, 1).phone, rows[i].same ? PHONE : "");
		same_int("flagged where it is another", row(&r, 1).patient_flag, !rows[i].same);
		rig_close(&r);
	}
}

/* Of a record that had two ids the second has more visits than a portion: all are reached, and it is one message. */
TEST(a_merge_of_two_ids_of_which_one_has_very_many_visits)
{
	char id[16];
	struct message *m;
	struct rig r;
	struct appointment a, first;

	rig_open(&r, 6000, 0, "adt = {merge} storm_brake = off daily_cap = 0");
	(void)tell(&r, (struct say){ .id = "FIRST", .patient = "1009", .in_s = 2 * DAY, .sent_ago_s = 100 });
	for (int i = 0; i < 450; i++) {
		(void)snprintf(id, sizeof id, "A%d", i);
		(void)tell(&r, (struct say){ .id = id, .patient = "1010", .in_s = 2 * DAY, .sent_ago_s = 100 });
	}
	m = merged(&r, "1009", "1010", "1001", 20);
	m->counted = "an odd merge";
	(void)turn(&r, &m->link, NULL, NULL);
	first = row(&r, 1);
	for (int64_t i = 2; i <= 451; i++) {
		a = row(&r, i);
		holds("the same patient now", memcmp(a.patient, first.patient, MARK_BYTES) == 0);
	}
	same_int("one message", status(&r)->messages_accepted, 452);
	same_int("counted once", status(&r)->noted[0].n, 1);
	rig_close(&r);
}

/* A frame of several is taken whole, however much one of them has to reach. */
TEST(news_and_bookings_in_one_frame)
{
	for (int order = 0; order < 2; order++) {
		char id[16];
		struct message *m, *news;
		struct rig r;
		struct appointment a, last;

		rig_open(&r, 6000, 0, "adt = {merge} storm_brake = off daily_cap = 0");
		for (int i = 1; i <= 450; i++) {
			(void)snprintf(id, sizeof id, "A%d", i);
			(void)tell(&r, (struct say){ .id = id, .patient = "1009", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 100 });
		}
		news = merged(&r, "1009", NULL, "1001", 20);
		m = message_of(&r, (struct say){ .id = "B1", .patient = "1001", .in_s = 3 * DAY });
		if (order == 0)
			news->also = m;
		else
			m->also = news;
		(void)turn(&r, order == 0 ? &news->link : &m->link, NULL, NULL);
		same_int("both", status(&r)->messages_accepted, 452);
		last = row(&r, 451);
		same_text("the booking", last.appointment_id, "B1");
		for (int64_t i = 1; i <= 450; i++) {
			a = row(&r, i);
			holds("each is that patient's now", memcmp(a.patient, last.patient, MARK_BYTES) == 0);
		}
		rig_close(&r);
	}
}

/* ---- read again ---- */

#define RAW "MSH|^~\\&|EPIC||NUDGE|HERE|||SIU^S12|C1|P|2.3\rSCH|1|A1|||||||30|MIN|^^30^20261203101500\r" \
	    "PID|1||1001^^^EPIC^MR||Testmann^Erika||19700101|F|||||(608) 555-0124^PRN^CP\rPV1|1|O|CARD\r"

/* As one that does not say when it was sent: its place is that of its arrival. */
static void
set_aside(struct rig *r, const char *held)
{
	struct message *m = message_of(r, (struct say){ .id = "-" });

	m->kind = MESSAGE_QUARANTINE;
	m->bookings_n = 0;
	m->reason = "no start time";
	memcpy(m->error.segment, "SCH", 4);
	m->raw = arena_copy(&m->arena, SPAN_LIT(RAW));
	m->held_id = span_of(held);
	m->about = &r->rules->conf->sites[0];
	(void)turn(r, &m->link, NULL, NULL);
}

static void
read_again(struct rig *r, int64_t id)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = COMMAND_QUARANTINE_REPLAY;
	c->id = id;
	(void)turn(r, NULL, NULL, &c->link);
}

static void
book_without_when(struct rig *r)
{
	say(r, (struct said){ .id = "A1", .patient = "1001", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = -1 });
}

TEST(what_is_read_again_keeps_its_place)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	book_without_when(&r);
	pass(&r, 60);
	set_aside(&r, "");
	pass(&r, 60);
	read_again(&r, 1);
	same_text("the row is from before it", row(&r, 1).phone, OTHER);
	rig_close(&r);

	rig_open(&r, 6000, 0, "");
	book_without_when(&r);
	pass(&r, 60);
	set_aside(&r, "");
	pass(&r, 60);
	book_without_when(&r);
	read_again(&r, 1);
	same_text("a good message came since", row(&r, 1).phone, PHONE);
	rig_close(&r);
}

/* Two of one visit could not be read: the older one, read again, settles nothing that the newer one left in doubt. */
TEST(of_two_in_doubt_the_newer_one_holds)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	book_without_when(&r);
	pass(&r, 60);
	set_aside(&r, "A1");
	pass(&r, 60);
	set_aside(&r, "A1");
	same_int("held by the newer", row(&r, 1).quarantine, 2);
	read_again(&r, 1);
	same_text("the older is taken", row(&r, 1).phone, OTHER);
	same_int("and the doubt stays", row(&r, 1).quarantine, 2);
	read_again(&r, 2);
	same_int("until the newer is read", row(&r, 1).quarantine, 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_visit_of_nobody_named_is_one_visit), RUN(a_place_in_a_group_that_became_free),
		RUN(a_name_that_leads_nowhere_makes_a_visit_of_its_own), RUN(an_id_of_others_is_no_other_name),
		RUN(an_old_id_of_nobody_named_is_not_taken_over), RUN(of_several_visits_of_a_message_one_known_is_enough), RUN(who_a_record_was_before),
		RUN(a_merge_of_two_ids_of_which_one_has_very_many_visits), RUN(news_and_bookings_in_one_frame),
		RUN(what_is_read_again_keeps_its_place), RUN(of_two_in_doubt_the_newer_one_holds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
