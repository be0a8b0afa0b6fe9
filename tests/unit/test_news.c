/* test_news.c - ADT beside the schedule: what is read of it, which visits it reaches, and what it leaves alone. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "hospital.h"
#include "rig.h"
#include "rig_rows.h"

#define PHONE "+16085550123"
#define OTHER "+16085550145"

/* ---- read ---- */

static const char sites_text[] = HOSPITAL_TOP
    SITE("ward", "prod", "epic", "EPIC", "LAMNA", "America/Chicago", "departments = {'^W'} adt = {deceased, phone, merge} adt_sending_application = EPICADT")
    SITE("clinic", "prod", "oracle-health", "EPIC", "LAMNA", "America/Chicago", "departments = {'^X'} adt = {deceased} adt_sending_application = EPICADT")
    SITE("quiet", "prod", "epic", "MUTE", "LAMNA", "America/Chicago", "")
    SITE("trial", "trials", "epic", "EPICTST", "LAMNA", "America/Chicago", "adt = {phone}")
    SITE("half", "trials", "epic", "HALF", "", "America/Chicago", "adt = {phone} departments = {'^H'}")
    SITE("other", "trials", "epic", "", "WHERE", "America/Chicago", "adt = {phone} departments = {'^O'}");

#define ADT(app, event) "MSH|^~\\&|" app "|LAMNA|||20261127055900-0600||ADT^" event "|C1|P|2.5\rEVN|" event "\r"
#define PID(ids, phone, died, dead) "PID|1||" ids "||Testmann^Erika||19700101|F|||||" phone "||||||||||||||||" died "|" dead "\r"
#define JANE PID("1001^^^LAMNA^MR", "(608) 555-0145^PRN^CP", "", "")

static void
describe_news(const struct message *m, char *out, size_t cap)
{
	static const char *const kinds[] = { "bookings", "news", "ignore", "quarantine", "refuse" };
	static const char *const states[] = { "keep", "clear", "set" };
	size_t n = (size_t)snprintf(out, cap, "%s", kinds[m->kind]);

	if (m->kind == MESSAGE_QUARANTINE || m->kind == MESSAGE_REFUSE)
		n += (size_t)snprintf(out + n, cap - n, " %s-%d", m->error.segment, m->error.field);
	for (size_t i = 0; i < m->news_n; i++) {
		const struct patient_news *x = &m->news[i];

		n += (size_t)snprintf(out + n, cap - n, "; %s %.*s", x->site->title, (int)x->patient.n, x->patient.p);
		for (size_t k = 0; k < x->priors_n; k++)
			n += (size_t)snprintf(out + n, cap - n, "<%.*s", (int)x->priors[k].n, x->priors[k].p);
		if (x->death_said)
			n += (size_t)snprintf(out + n, cap - n, " %s", x->deceased ? "dead" : "alive");
		if (x->phone_state != FIELD_KEEP)
			n += (size_t)snprintf(out + n, cap - n, " %s%s", states[x->phone_state], x->phone);
	}
}

TEST(what_is_read)
{
	static const struct {
		const char *rule, *environment, *text, *want;
	} rows[] = {
		{ "a number, for those who ask for it", "prod", ADT("EPICADT", "A08") JANE, "news; ward 1001 set" OTHER "; clinic 1001" },
		{ "A31 likewise, and a death", "prod", ADT("EPICADT", "A31") PID("1001^^^LAMNA^MR", "", "", "Y"), "news; ward 1001 dead; clinic 1001 dead" },
		{ "a time of death", "prod", ADT("EPICADT", "A08") PID("1001", "", "20261120", ""), "news; ward 1001 dead; clinic 1001 dead" },
		{ "not dead after all", "prod", ADT("EPICADT", "A08") PID("1001", "", "", "N"), "news; ward 1001 alive; clinic 1001 alive" },
		{ "a death that is deleted", "prod", ADT("EPICADT", "A08") PID("1001", "", "\"\"", ""), "news; ward 1001 alive; clinic 1001 alive" },
		{ "a number that is deleted", "prod", ADT("EPICADT", "A08") PID("1001", "\"\"", "", ""), "news; ward 1001 clear; clinic 1001" },
		{ "a number that cannot be texted takes its place too", "prod", ADT("EPICADT", "A08") PID("1001", "^NET^Internet^a@b.example", "", ""),
			"news; ward 1001 set; clinic 1001" },
		{ "the id by its type", "prod", ADT("EPICADT", "A08") PID("77^^^X^PI~1001^^^LAMNA^MR", "", "", ""), "news; ward 1001; clinic 1001" },
		{ "no id", "prod", ADT("EPICADT", "A08") PID("", "", "", "Y"), "quarantine PID-3" },
		{ "no patient", "prod", ADT("EPICADT", "A08"), "quarantine PID-0" },
		{ "A40: one record of two", "prod", ADT("EPICADT", "A40") JANE "MRG|1009^^^LAMNA^MR\r", "news; ward 1001<1009" },
		{ "A34 likewise", "prod", ADT("EPICADT", "A34") JANE "MRG|1009\r", "news; ward 1001<1009" },
		{ "all ids of the one type", "prod", ADT("EPICADT", "A40") JANE "MRG|3^^^^PI~1009^^^LAMNA^MR~1008^^^LAMNA^mr~1009^^^LAMNA^MR\r",
			"news; ward 1001<1009<1008" },
		{ "several merges at once", "prod", ADT("EPICADT", "A40") JANE "MRG|1009\r" PID("1002^^^LAMNA^MR", "", "", "") "MRG|1010\r",
			"news; ward 1001<1009; ward 1002<1010" },
		{ "an empty id among them is none", "prod", ADT("EPICADT", "A40") JANE "MRG|1009^^^LAMNA^MR~^^^LAMNA^MR\r", "news; ward 1001<1009" },
		{ "nine prior ids are eight", "prod",
		    ADT("EPICADT", "A40") JANE "MRG|1^^^L^MR~2^^^L^MR~3^^^L^MR~4^^^L^MR~5^^^L^MR~6^^^L^MR~7^^^L^MR~8^^^L^MR~9^^^L^MR\r",
			"news; ward 1001<1<2<3<4<5<6<7<8" },
		{ "another facility's", "prod", "MSH|^~\\&|EPICADT|OTHER|||20261127055900-0600||ADT^A08|C1|P|2.5\r" JANE, "ignore" },
		{ "of any facility, where the site names none", "trials", "MSH|^~\\&|HALF|EVER|||20261127055900-0600||ADT^A31|C1|P|2.5\r" JANE,
			"news; half 1001 set" OTHER },
		{ "of any application, where the site names none", "trials", "MSH|^~\\&|WHO|WHERE|||20261127055900-0600||ADT^A31|C1|P|2.5\r" JANE,
			"news; other 1001 set" OTHER },
		{ "another type is none", "prod", "MSH|^~\\&|EPICADT|LAMNA|||20261127055900-0600||ORU^A08|C1|P|2.5\r" JANE, "ignore" },
		{ "two messages in one frame", "prod", ADT("EPICADT", "A08") JANE ADT("EPICADT", "A08") JANE, "quarantine MSH-0" },
		{ "merged with itself", "prod", ADT("EPICADT", "A40") JANE "MRG|1001^^^LAMNA^MR\r", "news; ward 1001" },
		{ "a merge tells neither number nor death", "prod", ADT("EPICADT", "A40") PID("1001", "(608) 555-0145", "", "Y") "MRG|1009\r",
			"news; ward 1001<1009" },
		{ "no prior id", "prod", ADT("EPICADT", "A40") JANE, "quarantine MRG-1" },
		{ "other events are not seen", "prod", ADT("EPICADT", "A03") JANE, "ignore" },
		{ "nor another sender's", "prod", ADT("MUTE", "A08") JANE, "ignore" },
		{ "nor the schedule's own, when the site names another", "prod", ADT("EPIC", "A08") JANE, "ignore" },
		{ "the schedule's own is the default", "trials", ADT("EPICTST", "A08") JANE, "news; trial 1001 set" OTHER },
		{ "merges are not asked for there", "trials", ADT("EPICTST", "A40") JANE "MRG|1009\r", "ignore" },
		{ "nor over another environment's certificate", "trials", ADT("EPICADT", "A08") JANE, "ignore" },
		{ "a training message is not for production", "prod", "MSH|^~\\&|EPICADT|LAMNA|||20261127||ADT^A08|C1|T|2.5\r" JANE, "refuse MSH-11" },
	};
	struct hospital h;

	hospital_build(&h);
	if (!hospital_load(&h, sites_text))
		fail_msg("line %d: %s", h.faults.item[h.faults.n - 1].line, h.faults.item[h.faults.n - 1].text);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char got[400];

		holds(rows[i].rule, hospital_read(&h, rows[i].environment, span_of(rows[i].text), 1795780800, 1 << 20));
		describe_news(&h.msg, got, sizeof got);
		same_text(rows[i].rule, got, rows[i].want);
	}
	hospital_close(&h);
}

/* More than one message may tell of, and more than its memory may be. */
TEST(too_many_patients)
{
	struct hospital h;
	char text[257 * 8 + 200];
	size_t n = (size_t)snprintf(text, sizeof text, "%s", ADT("EPICADT", "A08"));

	hospital_build(&h);
	if (!hospital_load(&h, sites_text))
		fail_msg("line %d: %s", h.faults.item[h.faults.n - 1].line, h.faults.item[h.faults.n - 1].text);
	for (int i = 0; i < 257; i++) {
		if (i == 256) {
			holds("256 are read", hospital_read(&h, "prod", span_from(text, n), 1795780800, 1 << 20));
			same_int("none has an id", h.msg.kind, MESSAGE_QUARANTINE);
			same_text("why", h.msg.reason, "no patient id");
			holds("with little memory", hospital_read(&h, "prod", span_from(text, n), 1795780800, n + 1024));
			same_int("decided all the same", h.msg.kind, MESSAGE_QUARANTINE);
			same_text("why", h.msg.reason, "message needs more memory than one may have");
		}
		n += (size_t)snprintf(text + n, sizeof text - n, "PID|%d\r", i % 10);
	}
	holds("257 are read", hospital_read(&h, "prod", span_from(text, n), 1795780800, 1 << 20));
	same_text("and are too many", h.msg.reason, "more than 256 patients");
	same_int("nothing of them is left", (int64_t)h.msg.news_n, 0);
	hospital_close(&h);
}

TEST(a_site_that_asks_for_merges_knows_where_they_stand)
{
	struct hospital h;

	hospital_build(&h);
	holds("refused", !hospital_load(&h, HOSPITAL_TOP
	    SITE("ward", "prod", "epic", "EPIC", "LAMNA", "America/Chicago", "adt = {merge} paths = {\"prior_patient = \"}")));
	same_text("why", h.faults.item[h.faults.n - 1].text,
	    "site \"ward\": adt: merge needs prior_patient in the profile, as prior_patient = {\"MRG-1(*)\"}");
	hospital_close(&h);
}

/* ---- applied ---- */

struct news {
	const char *patient, *prior, *phone, *control_id; /* phone "": deleted */
	bool dead, alive;
	int64_t sent_ago_s; /* -1: not said */
};

static struct message *
message_with(struct rig *r, struct news s)
{
	struct message *m = message_of(r, (struct say){ .id = "-", .control_id = s.control_id });
	struct patient_news *n = arena_take(&m->arena, sizeof *n);

	m->kind = MESSAGE_NEWS;
	m->bookings_n = 0;
	m->news = n;
	m->news_n = 1;
	m->sending_application = SPAN_LIT("EPICADT");
	*n = (struct patient_news){ .site = &r->rules->conf->sites[0], .patient = arena_copy(&m->arena, span_of(s.patient)),
		.deceased = s.dead, .death_said = s.dead || s.alive, .has_sent_at = s.sent_ago_s >= 0,
		.sent_at_s = now_s(&r->now) - s.sent_ago_s };
	if (s.prior)
		n->priors[n->priors_n++] = arena_copy(&m->arena, span_of(s.prior));
	if (s.phone) {
		n->phone_state = s.phone[0] ? FIELD_SET : FIELD_CLEAR;
		(void)snprintf(n->phone, sizeof n->phone, "%s", s.phone);
	}
	return m;
}

static void
news(struct rig *r, struct news s)
{
	(void)turn(r, &message_with(r, s)->link, NULL, NULL);
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

/* pain: reminders to the dead of their other visits */
TEST(a_death_stops_every_text_of_every_visit)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 200000 });
	(void)tell(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 300000 });
	(void)tell(&r, (struct say){ .id = "B1", .patient = "2002", .phone = OTHER, .in_s = 200000 });
	same_int("three were told", r.jobs_n, 3);
	for (int i = 0; i < 3; i++)
		outcome(&r, &r.jobs[i], OUTCOME_ACCEPTED, 202);
	news(&r, (struct news){ .patient = "1001", .dead = true });
	pass(&r, 113650);
	same_int("only the other's reminder goes", r.jobs_n, 4);
	same_text("to the other", r.jobs[3].to, OTHER);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 150000);
	same_int("and nothing after it", r.jobs_n, 4);
	same_int("visits", status(&r)->news_visits, 2);
	same_text("and the reason is said", reason_name(text_at(&r, 1, 1).reason), "deceased");
	rig_close(&r);
}

TEST(a_message_of_the_visit_that_says_nothing_does_not_revive)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 200000 });
	news(&r, (struct news){ .patient = "1001", .dead = true });
	pass(&r, 60);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 200000 });
	holds("still dead", row(&r, 1).deceased);
	pass(&r, 60);
	news(&r, (struct news){ .patient = "1001", .alive = true });
	holds("it was a mistake", !row(&r, 1).deceased);
	pass(&r, 60);
	m = message_of(&r, (struct say){ .id = "A1", .in_s = 200000, .sent_ago_s = 90 });
	m->bookings[0].deceased = m->bookings[0].death_said = true;
	(void)turn(&r, &m->link, NULL, NULL);
	holds("what was sent before that does not count", !row(&r, 1).deceased);
	rig_close(&r);
}

TEST(a_new_number_gets_the_rest_and_the_old_one_nothing_more)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 200000 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	(void)tell(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 210000 });
	outcome(&r, last_job(&r), OUTCOME_AGAIN, 503);
	news(&r, (struct news){ .patient = "1001", .phone = OTHER });
	pass(&r, 60);
	same_int("the try that failed is made anew", r.jobs_n, 3);
	same_text("to the new number", last_job(&r)->to, OTHER);
	holds("and says so", strstr(last_job(&r)->body, OTHER) && !strstr(last_job(&r)->body, PHONE));
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 113600);
	same_int("both reminders", r.jobs_n, 4);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	pass(&r, 10000);
	same_int("both reminders", r.jobs_n, 5);
	same_text("go there", r.jobs[3].to, OTHER);
	same_text("go there", r.jobs[4].to, OTHER);
	rig_close(&r);
}

/* Whether a try was taken is not known: it is not tried again at a number that is not the patient's any more. */
TEST(a_number_that_was_replaced_while_the_answer_was_lost)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 200000 });
	outcome(&r, last_job(&r), OUTCOME_UNSURE, 0);
	(void)tell(&r, (struct say){ .id = "A1", .phone = OTHER, .in_s = 200000 });
	pass(&r, 120);
	same_int("not again", r.jobs_n, 1);
	same_text("unknown it stays", text_state_name(text_at(&r, 1, 0).state), "unknown");
	rig_close(&r);
}

TEST(a_number_for_who_had_none_is_told_what_was_not)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .in_s = 200000 });
	same_text("nobody to tell", reason_name(text_at(&r, 1, 0).reason), "no-phone");
	news(&r, (struct news){ .patient = "1001", .phone = PHONE });
	same_int("now there is", r.jobs_n, 1);
	news(&r, (struct news){ .patient = "1001", .phone = PHONE, .control_id = "again" });
	pass(&r, 60);
	same_int("once", r.jobs_n, 1);
	news(&r, (struct news){ .patient = "1001", .phone = "" });
	holds("and none again", row(&r, 1).phone[0] == '\0');
	rig_close(&r);
}

TEST(the_order_is_that_of_sending)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 200000, .sent_ago_s = 100 });
	news(&r, (struct news){ .patient = "1001", .phone = OTHER, .sent_ago_s = 200 });
	same_text("the schedule knew better", row(&r, 1).phone, PHONE);
	same_int("and that is counted", status(&r)->news_older, 1);
	news(&r, (struct news){ .patient = "1001", .phone = OTHER, .sent_ago_s = 50 });
	same_text("newer", row(&r, 1).phone, OTHER);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 300000, .sent_ago_s = 70 });
	same_text("a late message of the visit changes the visit", row(&r, 1).phone, OTHER);
	same_int("and not the patient", row(&r, 1).start_s, now_s(&r.now) + 300000);
	news(&r, (struct news){ .patient = "1001", .phone = PHONE, .sent_ago_s = -1 });
	same_text("without a time the order of arrival counts", row(&r, 1).phone, PHONE);
	rig_close(&r);
}

TEST(records_that_become_one)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .patient = "1009", .phone = PHONE, .in_s = 200000, .sent_ago_s = 100 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	news(&r, (struct news){ .patient = "1001", .prior = "1009", .sent_ago_s = 20 });
	(void)tell(&r, (struct say){ .id = "A1", .patient = "1001", .in_s = 200000, .sent_ago_s = 10 });
	same_text("the same patient: the number stays", row(&r, 1).phone, PHONE);
	holds("and nothing is flagged", !row(&r, 1).patient_flag);
	news(&r, (struct news){ .patient = "1001", .phone = OTHER, .sent_ago_s = 5 });
	same_text("what is told of the new id reaches it", row(&r, 1).phone, OTHER);
	same_int("nothing was told twice", r.jobs_n, 1);
	rig_close(&r);
}

TEST(a_message_from_before_the_merge_is_of_the_same_patient)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .patient = "1009", .phone = PHONE, .in_s = 200000, .sent_ago_s = 100 });
	news(&r, (struct news){ .patient = "1001", .prior = "1009", .sent_ago_s = 20 });
	(void)tell(&r, (struct say){ .id = "A1", .patient = "1009", .in_s = 200000, .sent_ago_s = 50 });
	same_text("the number stays", row(&r, 1).phone, PHONE);
	(void)tell(&r, (struct say){ .id = "A1", .patient = "1009", .in_s = 200000, .sent_ago_s = 1 });
	same_text("after it the old id is somebody else's", row(&r, 1).phone, "");
	holds("and that is flagged", row(&r, 1).patient_flag);
	rig_close(&r);
}

TEST(twice_in_a_group_visit_is_once)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 200, 60, "");
	for (int i = 1; i <= 2; i++) {
		m = message_of(&r, (struct say){ .id = "G1", .patient = i == 1 ? "1009" : "1001", .phone = PHONE, .in_s = 200000 });
		m->bookings[0].patient_number = i;
		(void)turn(&r, &m->link, NULL, NULL);
	}
	news(&r, (struct news){ .patient = "1001", .prior = "1009" });
	pass(&r, 100);
	same_int("one text", r.jobs_n, 1);
	rig_close(&r);
}

TEST(of_a_patient_without_a_visit_nothing_is_kept)
{
	struct rig r;
	char path[128], *all;
	struct stat before, after;
	FILE *f;

	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3600 });
	pass(&r, 7200);
	(void)status(&r);
	(void)snprintf(path, sizeof path, "%s/nudge.db-wal", r.folder);
	assert_int_equal(stat(path, &before), 0);
	int64_t commits = r.status.commits;

	news(&r, (struct news){ .patient = "1001", .phone = OTHER, .control_id = "OVER-1" });
	news(&r, (struct news){ .patient = "7777", .phone = OTHER, .control_id = "NOBODY-1" });
	news(&r, (struct news){ .patient = "1001", .prior = "7777", .control_id = "NOBODY-2" });
	same_int("nothing is written", status(&r)->commits, commits);
	same_int("and all are counted", r.status.news_nobody, 3);
	same_int("as ignored", r.status.messages_ignored, 3);
	assert_int_equal(stat(path, &after), 0);
	same_int("not a byte", after.st_size, before.st_size);
	(void)snprintf(path, sizeof path, "%s/nudge.db", r.folder);
	f = fopen(path, "r");
	all = calloc(1, 1 << 22);
	assert_non_null(f);
	size_t n = fread(all, 1, 1 << 22, f);
	(void)fclose(f);
	holds("no trace", !memmem(all, n, "NOBODY-1", 8) && !memmem(all, n, "OVER-1", 6) && !memmem(all, n, "7777", 4));
	free(all);
	rig_close(&r);
}

/* Thousands of visits of one patient: nobody else waits for more than a portion, and the answer comes at the end. */
TEST(many_visits_are_reached_in_portions)
{
	struct rig r;
	struct turn_input in = { .clock_synchronised = true };
	struct fault f = { 0 };
	const int visits = 450;
	int turns = 0, dead = 0;

	rig_open(&r, 200, 60, "storm_brake = off");
	for (int i = 0; i < visits; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "S%d", i);
		(void)tell(&r, (struct say){ .id = id, .phone = PHONE, .in_s = 200000 + i * 86400 });
	}
	int answers = r.answers;

	struct message *m = message_with(&r, (struct news){ .patient = "1001", .dead = true });

	m->link.next = &message_of(&r, (struct say){ .id = "B1", .patient = "2002", .phone = OTHER, .in_s = 90000 })->link;
	in.now = r.now;
	in.messages = &m->link;
	while (engine_turn(r.engine, &in, &f) == TURN_MORE) {
		in.messages = NULL;
		turns++;
		if (turns < 3)
			same_int("not answered before all is stored", r.answers, answers);
	}
	same_int("portions but the last", turns, 2);
	same_int("both are answered in their order", r.answers, answers + 2);
	for (int i = 1; i <= visits; i++)
		dead += row(&r, i).deceased;
	same_int("all of them", dead, visits);
	same_int("one message", status(&r)->messages_accepted, visits + 2);
	rig_close(&r);
}

/* The process dies between two portions: nothing was answered, the sender tries again, and it is the same. */
TEST(a_crash_between_two_portions)
{
	struct rig r;
	struct turn_input in = { .clock_synchronised = true };
	struct fault f = { 0 };
	int dead = 0;

	rig_open(&r, 200, 60, "storm_brake = off");
	for (int i = 0; i < 250; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "S%d", i);
		(void)tell(&r, (struct say){ .id = id, .phone = PHONE, .in_s = 200000 + i * 86400 });
	}
	int answers = r.answers;
	struct message *m = message_with(&r, (struct news){ .patient = "1001", .dead = true, .control_id = "D1" });

	in.now = r.now;
	in.messages = &m->link;
	assert_int_equal(engine_turn(r.engine, &in, &f), TURN_MORE);
	same_int("not answered", r.answers, answers);
	crash(&r);
	rules_drop(m->rules);
	arena_clear(&m->arena);
	free(m);
	news(&r, (struct news){ .patient = "1001", .dead = true, .control_id = "D1" });
	for (int i = 1; i <= 250; i++)
		dead += row(&r, i).deceased;
	same_int("all of them", dead, 250);
	same_int("as a first message", status(&r)->messages_duplicate, 0);
	news(&r, (struct news){ .patient = "1001", .dead = true, .control_id = "D1" });
	same_int("and now as a resend", status(&r)->messages_duplicate, 1);
	rig_close(&r);
}

/* The last portion of a merge leaves nobody under the id of before: whoever is told of next is reached from the first visit on. */
TEST(a_portion_that_ends_with_the_last_visit_keeps_nothing_back)
{
	struct rig r;

	rig_open(&r, 6000, 60, "storm_brake = off");
	(void)tell(&r, (struct say){ .id = "OTHER", .patient = "5005", .phone = OTHER, .in_s = 200000 });
	for (int i = 0; i < 200; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "S%d", i);
		(void)tell(&r, (struct say){ .id = id, .patient = "1009", .phone = PHONE, .in_s = 200000 + i * 86400 });
	}
	news(&r, (struct news){ .patient = "1001", .prior = "1009", .control_id = "M1" });
	same_int("merged, and taken", status(&r)->messages_accepted, 202);
	same_int("nobody", r.status.news_nobody, 0);
	news(&r, (struct news){ .patient = "5005", .dead = true });
	holds("known to be dead", row(&r, 1).deceased);
	news(&r, (struct news){ .patient = "1001", .prior = "1009", .control_id = "M1" });
	same_int("a resend tells nothing new", status(&r)->news_nobody + r.status.messages_duplicate, 1);
	rig_close(&r);
}

/* A site goes while a message reaches its visits: those of the message's other site are reached from the first on. */
TEST(a_site_that_goes_between_two_portions_hides_no_other)
{
	struct rig r;
	struct turn_input in = { .clock_synchronised = true };
	struct fault f = { 0 };
	struct message *m;
	struct patient_news *both;

	rig_open(&r, 6000, 60, "storm_brake = off");
	rig_change(&r, "site \"cardiology\"", "site \"dental\" { environment = prod fhir_base_url = \"https://y/R4\" profile = generic number = main "
	    "time_zone = America/Chicago approver = none contact = \"608-271-9001\" departments = {'^D$'} }\nsite \"cardiology\"");
	(void)tell(&r, (struct say){ .id = "C", .phone = PHONE, .in_s = 200000, .site = 1 });
	for (int i = 0; i < 250; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "S%d", i);
		(void)tell(&r, (struct say){ .id = id, .phone = PHONE, .in_s = 200000 + i * 86400 });
	}
	m = message_with(&r, (struct news){ .patient = "1001", .dead = true });
	both = arena_take(&m->arena, 2 * sizeof *both);
	both[0] = both[1] = m->news[0];
	both[1].site = &r.rules->conf->sites[1];
	m->news = both;
	m->news_n = 2;
	in.now = r.now;
	in.messages = &m->link;
	assert_int_equal(engine_turn(r.engine, &in, &f), TURN_MORE);
	rig_change(&r, "site \"dental\"", "site \"surgery\"");
	holds("known to be dead", row(&r, 1).deceased);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_read), RUN(too_many_patients),
		RUN(a_site_that_asks_for_merges_knows_where_they_stand),
		RUN(a_death_stops_every_text_of_every_visit),
		RUN(a_message_of_the_visit_that_says_nothing_does_not_revive),
		RUN(a_new_number_gets_the_rest_and_the_old_one_nothing_more),
		RUN(a_number_that_was_replaced_while_the_answer_was_lost),
		RUN(a_number_for_who_had_none_is_told_what_was_not),
		RUN(the_order_is_that_of_sending),
		RUN(records_that_become_one),
		RUN(a_message_from_before_the_merge_is_of_the_same_patient),
		RUN(twice_in_a_group_visit_is_once),
		RUN(of_a_patient_without_a_visit_nothing_is_kept),
		RUN(many_visits_are_reached_in_portions),
		RUN(a_crash_between_two_portions),
		RUN(a_portion_that_ends_with_the_last_visit_keeps_nothing_back),
		RUN(a_site_that_goes_between_two_portions_hides_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
