/* test_message_kinds.c - who sent a message, what becomes of each kind, and what is kept of the last; what a person decides of a site. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define DAY ((int64_t)86400)
#define PHONE "+16085550123"

static struct message *
booked(struct rig *r, const char *id, const char *control_id)
{
	return message_of(r, (struct say){ .id = id, .phone = PHONE, .in_s = 2 * DAY, .control_id = control_id });
}

static void
from(struct rig *r, struct message *m, const char *application, const char *facility)
{
	m->sending_application = arena_copy(&m->arena, span_of(application));
	m->sending_facility = arena_copy(&m->arena, span_of(facility));
	(void)turn(r, &m->link, NULL, NULL);
	same_int("accepted", r->answer.verdict, VERDICT_ACCEPT);
}

TEST(senders_are_told_apart_however_many_and_long)
{
	static char longer[300];
	const struct engine_status *s;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	memset(longer, 'L', sizeof longer - 1);
	for (int again = 0; again < 2; again++) {
		for (int i = 0; i < 40; i++) { /* more than are remembered */
			char facility[16];

			(void)snprintf(facility, sizeof facility, "F%d", i);
			from(&r, booked(&r, "A1", "same"), "EPIC", facility);
		}
		from(&r, booked(&r, "A1", "same"), "CERNER", "F1");
		from(&r, booked(&r, "A1", "same"), longer, "F1");
		from(&r, booked(&r, "A1", "same"), "EPIC", longer);
		s = status(&r);
		same_int("the same id and words of another sender are another message", s->messages_accepted, 43);
		same_int("of the same they are the same", s->messages_duplicate, again ? 43 : 0);
	}
	rig_close(&r);
}

TEST(a_sender_is_of_an_environment)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "listener \"l\"", "environment \"two\" { kind = test only_to = {\"" PHONE "\"} organization = lamna certificates = {y.crt} }\nlistener \"l\"");
	from(&r, booked(&r, "A1", "same"), "EPIC", "F1");
	m = booked(&r, "A1", "same");
	m->environment = &r.rules->conf->environments[1];
	from(&r, m, "EPIC", "F1");
	same_int("no copy of the other's", status(&r)->messages_duplicate, 0);
	rig_close(&r);
}

TEST(what_was_odd_is_counted_by_its_name)
{
	static const char *const names[] = { "o0", "o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "o9", "o10", "o11", "o12", "o13", "o14", "o15",
		"too many", "for the list" };
	const struct engine_status *s;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	for (size_t i = 0; i < 2 * COUNT(names); i++) {
		struct message *m = booked(&r, "A1", NULL);

		m->counted = names[i / 2];
		(void)turn(&r, &m->link, NULL, NULL);
	}
	s = status(&r);
	for (size_t i = 0; i < COUNT(s->noted); i++) {
		same_text("in the order in which they came", s->noted[i].what, names[i]);
		same_int(names[i], s->noted[i].n, 2);
	}
	same_int("all are taken", s->messages_accepted, 2 * COUNT(names));
	rig_close(&r);
}

TEST(what_is_ignored_or_refused_leaves_nothing)
{
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	for (int again = 0; again < 2; again++) {
		m = booked(&r, "A1", "I1");
		m->kind = MESSAGE_IGNORE;
		(void)turn(&r, &m->link, NULL, NULL);
		same_int("ignored is accepted", r.answer.verdict, VERDICT_ACCEPT);
		m = booked(&r, "A1", "R1");
		m->kind = MESSAGE_REFUSE;
		m->verdict = VERDICT_REJECT;
		m->error.condition = 202;
		(void)turn(&r, &m->link, NULL, NULL);
		same_int("refused is told so", r.answer.verdict, VERDICT_REJECT);
		same_int("with its error", r.answer.error.condition, 202);
	}
	same_int("ignored", status(&r)->messages_ignored, 2);
	same_int("refused", status(&r)->messages_refused, 2);
	same_int("and no text", r.jobs_n, 0);
	rig_close(&r);
}

static struct message *
not_understood(struct rig *r, const char *control_id, enum ack_verdict verdict)
{
	struct message *m = booked(r, "A1", control_id);

	m->kind = MESSAGE_QUARANTINE;
	m->bookings_n = 0;
	m->verdict = verdict;
	m->reason = "the start is no time";
	m->error.condition = 207;
	m->about = &r->rules->conf->sites[0];
	return m;
}

TEST(a_message_that_comes_again_gets_its_first_answer)
{
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	for (int again = 0; again < 2; again++) {
		(void)turn(&r, &not_understood(&r, "Q1", VERDICT_ERROR)->link, NULL, NULL);
		same_int("the error", r.answer.verdict, VERDICT_ERROR);
		same_int("and which", r.answer.error.condition, 207);
		(void)turn(&r, &not_understood(&r, "Q2", VERDICT_ACCEPT)->link, NULL, NULL);
		same_int("kept, and accepted", r.answer.verdict, VERDICT_ACCEPT);
	}
	same_int("kept once each", status(&r)->messages_quarantined, 2);
	m = booked(&r, "A1", "Q1");
	m->raw = SPAN_LIT("other words under the same control id");
	(void)turn(&r, &m->link, NULL, NULL);
	same_int("is another message", r.answer.verdict, VERDICT_ACCEPT);
	same_int("and that is counted", status(&r)->control_id_reused, 1);
	same_int("its text goes", r.jobs_n, 1);
	rig_close(&r);
}

/* ---- the last message of each site ---- */

static void
keep_heard(void *ctx, const struct command *c)
{
	struct heard *h = ctx;

	h[0] = c->heard;
	h[1] = c->heard_any;
}

static void
heard(struct rig *r, const char *environment, const char *site, struct heard h[2])
{
	struct command *c = calloc(1, sizeof *c);

	c->kind = COMMAND_HEARD;
	(void)snprintf(c->site, sizeof c->site, "%s", site);
	(void)snprintf(c->environment, sizeof c->environment, "%s", environment);
	r->on_reply = keep_heard;
	r->on_reply_ctx = h;
	(void)turn(r, NULL, NULL, &c->link);
	r->on_reply = NULL;
}

TEST(of_the_last_message_the_header_is_kept_without_its_password)
{
	static char raw[600];
	struct heard h[2];
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	m = booked(&r, "A1", NULL);
	m->raw = SPAN_LIT("MSH|^~\\&|EPIC|\x01\xc3\xa9\x7f|NUDGE|Y|20261127|passw0rd|SIU^S12|1|P|2.3||||||18th|19th\rSCH|secret");
	m->bookings[0].language = SPAN_LIT("es");
	m->bookings[0].phone[0] = '\0';
	(void)turn(&r, &m->link, NULL, NULL);
	heard(&r, "prod", "cardiology", h);
	same_text("header", h[0].msh, "MSH|^~\\&|EPIC|????|NUDGE|Y|20261127||SIU^S12|1|P|2.3||||||18th");
	same_int("what it had", h[0].facts, HEARD_ID | HEARD_START | HEARD_PATIENT | HEARD_LANGUAGE | HEARD_PHONE_UNFIT);
	same_int("taken", h[0].fate, HEARD_TAKEN);
	same_int("the last of its environment too", h[1].at_ms, h[0].at_ms);

	memset(raw, 'x', sizeof raw);
	memcpy(raw, "MSH|^~\\&|", 9);
	m = booked(&r, "A1", NULL);
	m->raw = span_from(raw, sizeof raw);
	m->bookings[0].appointment_id = SPAN_NONE;
	(void)turn(&r, &m->link, NULL, NULL);
	heard(&r, "prod", "cardiology", h);
	same_int("as much as there is room for", strlen(h[0].msh), HEARD_MSH_MAX - 1);
	same_int("and not what it had not", h[0].facts & HEARD_ID, 0);

	m = booked(&r, "A1", NULL);
	m->raw = SPAN_LIT("MSH|^~\\&|LF|\nSCH|secret");
	m->bookings_n = 0;
	m->bookings[0].site = NULL;
	(void)turn(&r, &m->link, NULL, NULL);
	heard(&r, "prod", "", h);
	same_text("of no site: that of the environment", h[0].msh, "MSH|^~\\&|LF|");
	same_int("which is the last of all", h[1].at_ms, h[0].at_ms);

	heard(&r, "elsewhere", "cardiology", h);
	same_int("of an environment that is not there", h[0].at_ms, 0);
	same_int("nothing is known", h[1].at_ms, 0);
	rig_close(&r);
}

/* It was read under the configuration before, in which its site had another place. */
TEST(the_last_message_is_its_sites_wherever_that_stands_now)
{
#define NEIGHBOR(title) \
	"site \"" title "\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main time_zone = America/Chicago" \
	" approver = none contact = \"608-271-9000\" departments = {" title "} }\n"
#define NEIGHBORS NEIGHBOR("oncology") NEIGHBOR("dental") NEIGHBOR("radiology") NEIGHBOR("surgery")
	struct heard h[2];
	struct message *last, *gone;
	struct rig r;

	rig_open(&r, 6000, 0, "departments = {CARD}");
	rig_change(&r, "site \"cardiology\"", NEIGHBORS "site \"cardiology\"");
	last = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY, .site = 4 });
	gone = message_of(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 2 * DAY, .site = 1 });
	rig_change(&r, NEIGHBORS, "");
	(void)turn(&r, &gone->link, NULL, NULL);
	heard(&r, "prod", "cardiology", h);
	same_int("of a site that left: nobody's", h[0].at_ms, 0);
	same_int("nor its environment's", h[1].at_ms, 0);
	(void)turn(&r, &last->link, NULL, NULL);
	heard(&r, "prod", "cardiology", h);
	holds("its own", h[0].at_ms > 0);
	same_int("taken", h[0].fate, HEARD_TAKEN);
	rig_close(&r);
}

TEST(a_message_of_nobody_known_is_no_last_one)
{
	struct heard h[2];
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	m = booked(&r, "A1", NULL);
	m->kind = MESSAGE_REFUSE;
	m->environment = NULL;
	m->verdict = VERDICT_REJECT;
	m->reason = NULL;
	(void)turn(&r, &m->link, NULL, NULL);
	same_int("refused", r.answer.verdict, VERDICT_REJECT);
	heard(&r, "prod", "cardiology", h);
	same_int("nothing was heard", h[1].at_ms, 0);
	rig_close(&r);
}

/* ---- a site, and a person ---- */

static char said[512];

static void
keep_fault(void *ctx, const struct command *c)
{
	*(bool *)ctx = c->ok;
	(void)snprintf(said, sizeof said, "%s", c->fault.text);
}

static bool
decide_on(struct rig *r, enum command_kind kind, const char *site, int how)
{
	struct command *c = calloc(1, sizeof *c);
	bool ok = false;

	c->kind = kind;
	(void)snprintf(c->site, sizeof c->site, "%s", site);
	(void)snprintf(c->who, sizeof c->who, "ann");
	if (kind == COMMAND_RELEASE_SITE)
		c->release = how;
	said[0] = '\0';
	r->on_reply = keep_fault;
	r->on_reply_ctx = &ok;
	(void)turn(r, NULL, NULL, &c->link);
	r->on_reply = NULL;
	return ok;
}

TEST(a_site_sends_when_it_is_approved)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "approver = none", "approver = root");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY });
	same_int("taken", r.answer.verdict, VERDICT_ACCEPT);
	same_int("and not told", r.jobs_n, 0);
	holds("not of a site that is not there", !decide_on(&r, COMMAND_APPROVE, "oncology", 0));
	same_text("which is said", said, "no site \"oncology\" in the configuration");
	holds("approved", decide_on(&r, COMMAND_APPROVE, "cardiology", 0));
	same_int("the status shows it", status(&r)->sites[0].approved, 1);
	(void)tell(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 3 * DAY });
	same_int("what comes now is told", r.jobs_n, 1);
	crash(&r);
	same_int("also after a restart", status(&r)->sites[0].approved, 1);
	rig_close(&r);
}

TEST(an_approval_may_bring_its_rules)
{
	struct rig r;
	struct command *c = calloc(1, sizeof *c);
	bool ok = false;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "approver = none", "approver = root");
	c->kind = COMMAND_APPROVE;
	(void)snprintf(c->site, sizeof c->site, "cardiology");
	(void)snprintf(c->who, sizeof c->who, "ann");
	c->rules = rules_hold(r.rules);
	r.on_reply = keep_fault;
	r.on_reply_ctx = &ok;
	(void)turn(&r, NULL, NULL, &c->link);
	r.on_reply = NULL;
	holds("approved", ok && status(&r)->sites[0].approved);
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY });
	same_int("and told", r.jobs_n, 1);
	rig_close(&r);
}

TEST(only_a_site_that_is_there_is_held_or_released)
{
	struct rig r;

	rig_open(&r, 6000, 30, "");
	holds("not held", !decide_on(&r, COMMAND_HOLD_SITE, "oncology", 0));
	same_text("why", said, "no site \"oncology\" in the configuration");
	holds("not released", !decide_on(&r, COMMAND_RELEASE_SITE, "oncology", RELEASE_SEND));
	same_text("why", said, "no site \"oncology\" in the configuration");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY });
	holds("held", decide_on(&r, COMMAND_HOLD_SITE, "cardiology", 0) && decide_on(&r, COMMAND_HOLD_SITE, "cardiology", 0));
	same_int("told once", r.alarms, 1);
	pass(&r, 60);
	same_int("nothing goes", r.jobs_n, 0);
	same_int("it is kept", status(&r)->texts[TEXT_HELD], 1);
	holds("released", decide_on(&r, COMMAND_RELEASE_SITE, "cardiology", RELEASE_SEND));
	pass(&r, 1);
	same_int("it goes", r.jobs_n, 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(senders_are_told_apart_however_many_and_long), RUN(a_sender_is_of_an_environment),
		RUN(what_was_odd_is_counted_by_its_name), RUN(what_is_ignored_or_refused_leaves_nothing),
		RUN(a_message_that_comes_again_gets_its_first_answer), RUN(of_the_last_message_the_header_is_kept_without_its_password),
		RUN(the_last_message_is_its_sites_wherever_that_stands_now),
		RUN(a_message_of_nobody_known_is_no_last_one), RUN(a_site_sends_when_it_is_approved), RUN(an_approval_may_bring_its_rules),
		RUN(only_a_site_that_is_there_is_held_or_released) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
