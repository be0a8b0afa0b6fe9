/* test_news_far.c - news of many at once: several sites, patients and records, more sites than are told apart, and visits that are over. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"
#define OTHER "+16085550145"
#define DAY ((int64_t)86400)

#define SECOND "departments = {'^C$'} } site \"dental\" { environment = prod fhir_base_url = \"https://y/R4\" profile = generic number = main " \
	"time_zone = America/Chicago settle = 0s window = \"00:00-24:00\" approver = none contact = \"608-271-9001\" departments = {'^D$'}"

struct entry {
	const char *patient, *priors[3], *phone; /* phone "": deleted */
	size_t site;
	bool dead;
};

static struct message *
message_with(struct rig *r, const struct entry *e, size_t n, int64_t sent_ago_s)
{
	struct message *m = message_of(r, (struct say){ .id = "-" });
	struct patient_news *all = arena_take(&m->arena, n * sizeof *all);

	m->kind = MESSAGE_NEWS;
	m->bookings_n = 0;
	m->news = all;
	m->news_n = n;
	m->sending_application = SPAN_LIT("EPICADT");
	for (size_t i = 0; i < n; i++) {
		struct patient_news *x = &all[i];

		*x = (struct patient_news){ .site = &r->rules->conf->sites[e[i].site], .patient = arena_copy(&m->arena, span_of(e[i].patient)),
			.deceased = e[i].dead, .death_said = e[i].dead, .has_sent_at = sent_ago_s >= 0, .sent_at_s = now_s(&r->now) - sent_ago_s };
		for (size_t k = 0; k < COUNT(e[i].priors) && e[i].priors[k]; k++)
			x->priors[x->priors_n++] = arena_copy(&m->arena, span_of(e[i].priors[k]));
		if (e[i].phone) {
			x->phone_state = e[i].phone[0] ? FIELD_SET : FIELD_CLEAR;
			(void)snprintf(x->phone, sizeof x->phone, "%s", e[i].phone);
		}
	}
	return m;
}

static void
news(struct rig *r, const struct entry *e, size_t n)
{
	(void)turn(r, &message_with(r, e, n, 0)->link, NULL, NULL);
	same_int("answered", r->answer.verdict, VERDICT_ACCEPT);
}

static struct appointment
row(struct rig *r, int64_t id)
{
	struct appointment a = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_appointment_get(r->store, id, now_s(&r->now), &a, &f), STORE_FOUND);
	return a;
}

/* A record that tells neither a number nor a death, as most of them do. */
TEST(who_says_nothing_new_changes_nothing)
{
	struct rig r;
	int64_t commits;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	commits = status(&r)->commits;
	news(&r, (struct entry[]){ { .patient = "1001" } }, 1);
	same_text("the number stays", row(&r, 1).phone, PHONE);
	same_int("no visit is reached", status(&r)->news_visits, 0);
	same_int("and nothing written", r.status.commits, commits);
	rig_close(&r);
}

TEST(one_message_tells_of_several)
{
	struct rig r;

	rig_open(&r, 6000, 0, SECOND);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "1001", .phone = PHONE, .in_s = 2 * DAY });
	(void)tell(&r, (struct say){ .id = "D1", .patient = "1001", .phone = PHONE, .in_s = 3 * DAY, .site = 1 });
	(void)tell(&r, (struct say){ .id = "D2", .patient = "2002", .phone = PHONE, .in_s = 4 * DAY, .site = 1 });
	news(&r, (struct entry[]){ { .patient = "1001", .dead = true, .site = 0 }, { .patient = "1001", .dead = true, .site = 1 },
	    { .patient = "2002", .phone = OTHER, .site = 1 } }, 3);
	holds("at the one site", row(&r, 1).deceased);
	holds("at the other", row(&r, 2).deceased);
	holds("and of another patient what is said of them", !row(&r, 3).deceased);
	same_text("their number", row(&r, 3).phone, OTHER);
	same_int("three visits", status(&r)->news_visits, 3);
	rig_close(&r);
}

/* Two records become one, then three: each names as many as it has. */
TEST(one_message_tells_of_several_merges)
{
	struct rig r;

	rig_open(&r, 6000, 0, SECOND);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "10", .phone = PHONE, .in_s = 2 * DAY });
	(void)tell(&r, (struct say){ .id = "A2", .patient = "20", .phone = OTHER, .in_s = 3 * DAY });
	(void)tell(&r, (struct say){ .id = "A3", .patient = "30", .phone = OTHER, .in_s = 4 * DAY });
	(void)tell(&r, (struct say){ .id = "D1", .patient = "30", .phone = OTHER, .in_s = 5 * DAY, .site = 1 });
	news(&r, (struct entry[]){ { .patient = "1", .priors = { "10" } }, { .patient = "2", .priors = { "20", "30" } },
	    { .patient = "2", .priors = { "20", "30" }, .site = 1 } }, 3);
	news(&r, (struct entry[]){ { .patient = "1", .dead = true } }, 1);
	holds("the one", row(&r, 1).deceased);
	holds("not the others", !row(&r, 2).deceased && !row(&r, 3).deceased && !row(&r, 4).deceased);
	news(&r, (struct entry[]){ { .patient = "2", .phone = "" }, { .patient = "2", .phone = "", .site = 1 } }, 2);
	for (int64_t id = 2; id <= 4; id++)
		same_text("both of before are one", row(&r, id).phone, "");
	same_text("and the one is not meant", row(&r, 1).phone, PHONE);
	rig_close(&r);
}

/* A merge without a time: what was sent before it cannot be told, so a later word of the old id is of somebody else. */
TEST(a_merge_that_does_not_say_when)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .patient = "10", .phone = PHONE, .in_s = 2 * DAY, .sent_ago_s = 90 });
	(void)turn(&r, &message_with(&r, (struct entry[]){ { .patient = "1", .priors = { "10" } } }, 1, -1)->link, NULL, NULL);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "1", .in_s = 2 * DAY, .sent_ago_s = 60 });
	same_text("it is the new id's", row(&r, 1).phone, PHONE);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "10", .in_s = 2 * DAY, .sent_ago_s = 30 });
	holds("and not the old one's", row(&r, 1).patient_flag);
	rig_close(&r);
}

/* A group of three: whoever is not the one that is merged stays, named or not. */
TEST(a_merge_in_a_group_leaves_the_others)
{
	struct rig r;
	static const char *const patient[] = { "10", "7", NULL };

	rig_open(&r, 6000, 0, "");
	for (int i = 0; i < 3; i++) {
		struct message *m = message_of(&r, (struct say){ .id = "G1", .patient = patient[i] ? patient[i] : "", .phone = PHONE, .in_s = 2 * DAY });

		m->bookings[0].patient_number = i + 1;
		if (!patient[i])
			m->bookings[0].patient = SPAN_NONE;
		(void)turn(&r, &m->link, NULL, NULL);
	}
	news(&r, (struct entry[]){ { .patient = "1", .priors = { "10" } } }, 1);
	for (int64_t id = 1; id <= 3; id++)
		same_int("none of them goes", row(&r, id).status, VISIT_BOOKED);
	news(&r, (struct entry[]){ { .patient = "1", .dead = true } }, 1);
	holds("the one is known by the new id", row(&r, 1).deceased && !row(&r, 2).deceased && !row(&r, 3).deceased);
	rig_close(&r);
}

/* Its time is over in the very turn that brings the news, and its bytes are not erased yet. */
TEST(a_visit_that_is_just_over_is_not_reached)
{
	for (int more = 0; more < 2; more++) {
		struct rig r;

		rig_open(&r, 6000, 0, "");
		(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3600 });
		if (more)
			(void)tell(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 20 * DAY });
		r.now.wall_ms += 10 * DAY * 1000;
		r.now.boot_ms += 10 * DAY * 1000;
		news(&r, (struct entry[]){ { .patient = "1001", .phone = OTHER } }, 1);
		same_int("only one that is to come", status(&r)->news_visits, more);
		same_int("else the patient is nobody here", r.status.news_nobody, !more);
		same_text("nothing is written into the other", row(&r, 1).phone, "");
		rig_close(&r);
	}
}

/* ---- more sites than are told apart ---- */

#define SITES 40

/* The clinic of the rig, and many beside it; they share all but their names. */
static void
many_sites(struct rig *r)
{
	static char text[32768];
	char *at = text;

	at += snprintf(text, 4096, conf_text, r->folder, 6000, 0, "departments = {'^S0$'}");
	for (int i = 1; i < SITES; i++)
		at += sprintf(at, "site \"s%d\" { environment = prod fhir_base_url = \"https://y/R4\" profile = epic number = main time_zone = America/Chicago "
		    "settle = 0s window = \"00:00-24:00\" approver = none contact = \"608-271-9000\" departments = {'^S%d$'} }\n", i, i);
	write_file(r->folder, "nudge.conf", text);
	rig_reload(r);
}

/* A trial's patient, with a visit at each clinic of a large house: the last of them is reached as the first is. */
TEST(more_sites_than_are_told_apart_are_all_reached)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	many_sites(&r);
	for (int i = 0; i < SITES; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "S%d", i);
		(void)tell(&r, (struct say){ .id = id, .phone = PHONE, .in_s = (i + 2) * DAY, .site = (size_t)i });
	}
	news(&r, (struct entry[]){ { .patient = "1001", .dead = true, .site = SITES - 1 } }, 1);
	holds("at the last", row(&r, SITES).deceased);
	holds("and at no other, which did not ask", !row(&r, 1).deceased && !row(&r, SITES - 1).deceased);
	news(&r, (struct entry[]){ { .patient = "1001", .dead = true, .site = 0 } }, 1);
	holds("at the first", row(&r, 1).deceased);
	rig_close(&r);
}

/* ---- read again ---- */

#define MSH "MSH|^~\\&|EPIC||NUDGE|HERE|||ADT^A31|C1|P|2.3\r"
#define TELLS_NUMBER MSH "EVN|A31\rPID|1||1001^^^EPIC^MR||Testmann^Erika||19700101|F|||||(608) 555-0145^PRN^CP\r"

/* It says no time of its own, and keeps its place in that of the others. */
static void
set_aside(struct rig *r)
{
	struct message *m = message_of(r, (struct say){ .id = "-" });

	m->kind = MESSAGE_QUARANTINE;
	m->bookings_n = 0;
	m->reason = "no patient id";
	memcpy(m->error.segment, "PID", 4);
	m->raw = arena_copy(&m->arena, SPAN_LIT(TELLS_NUMBER));
	(void)turn(r, &m->link, NULL, NULL);
}

static void
read_again(struct rig *r)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = COMMAND_QUARANTINE_REPLAY;
	c->id = 1;
	(void)turn(r, NULL, NULL, &c->link);
}

TEST(what_is_read_again_is_as_old_as_it_is)
{
	static const struct {
		const char *rule;
		bool booked_since, told_since, taken;
	} rows[] = {
		{ "the newest word of the patient", false, false, true },
		{ "a message of the visit came since", true, false, false },
		{ "other news came since", false, true, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 6000, 0, "adt = {phone, deceased}");
		(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
		pass(&r, 60);
		set_aside(&r);
		pass(&r, 60);
		if (rows[i].booked_since)
			(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
		if (rows[i].told_since)
			(void)turn(&r, &message_with(&r, (struct entry[]){ { .patient = "1001", .phone = PHONE } }, 1, -1)->link, NULL, NULL);
		read_again(&r);
		same_text(rows[i].rule, row(&r, 1).phone, rows[i].taken ? OTHER : PHONE);
		same_int(rows[i].rule, status(&r)->news_older, !rows[i].taken);
		rig_close(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(who_says_nothing_new_changes_nothing), RUN(one_message_tells_of_several),
		RUN(one_message_tells_of_several_merges), RUN(a_merge_that_does_not_say_when), RUN(a_merge_in_a_group_leaves_the_others),
		RUN(a_visit_that_is_just_over_is_not_reached), RUN(more_sites_than_are_told_apart_are_all_reached),
		RUN(what_is_read_again_is_as_old_as_it_is) };

	(void)setenv("NUDGE_RIG", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0); /* the disk is not what is tried here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
