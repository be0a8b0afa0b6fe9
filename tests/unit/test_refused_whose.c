/* test_refused_whose.c - a number that was called wrong: for which organization, for how long, and which visits a person must look at. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_clinics.h"

static void
refuse(struct rig *r, const char *code)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_OUTCOME, .text = last_job(r)->text, .attempt = last_job(r)->attempt,
		.outcome = OUTCOME_REFUSED, .http_status = 202, .retry_after_ms = -1 };
	(void)snprintf(e->code, sizeof e->code, "%s", code);
	(void)turn(r, NULL, &e->link, NULL);
}

/* A visit whose confirmation is at the gateway. */
static void
out(struct rig *r, size_t site, const char *id, int64_t in_s)
{
	struct message *m = message_of(r, (struct say){ .id = id, .phone = PHONE, .in_s = in_s, .site = site });
	int before = r->jobs_n;

	m->environment = r->rules->conf->sites[site].environment;
	(void)turn(r, &m->link, NULL, NULL);
	same_int("it is out", r->jobs_n, before + 1);
}

struct replies {
	int refused, released;
};

static bool
note(void *ctx, const struct said_reply *s)
{
	struct replies *x = ctx;

	x->refused += s->what == REPLY_NUMBER_REFUSED;
	x->released += s->what == REPLY_NUMBER_RELEASED;
	return true;
}

static struct replies
listed(struct rig *r, int64_t appointment)
{
	struct replies x = { 0, 0 };
	struct fault f = { 0 };

	assert_true(store_replies_of(r->store, appointment, note, &x, &f));
	return x;
}

static struct {
	bool ok;
	char cause[40], fault[512];
} answer;

static void
took(void *ctx, const struct command *c)
{
	(void)ctx;
	answer.ok = c->ok;
	(void)snprintf(answer.cause, sizeof answer.cause, "%s", c->refused.cause);
	(void)snprintf(answer.fault, sizeof answer.fault, "%s", c->fault.text);
}

static void
ask(struct rig *r, enum command_kind kind, const char *organization)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	(void)snprintf(c->organization, sizeof c->organization, "%s", organization);
	(void)snprintf(c->phone, sizeof c->phone, PHONE);
	(void)snprintf(c->who, sizeof c->who, "ann");
	r->on_reply = took;
	(void)turn(r, NULL, NULL, &c->link);
	r->on_reply = NULL;
}

TEST(it_is_wrong_for_the_organization_that_heard_it)
{
	struct rig r;

	clinics(&r);
	visit(&r, DENTAL, "A1", 5 * DAY, VISIT_BOOKED);
	out(&r, CARDIOLOGY, "A2", 6 * DAY);
	refuse(&r, "no-such-number");
	same_int("a person must look at its visit", listed(&r, 2).refused, 1);
	same_int("not at the other's", listed(&r, 1).refused, 0);
	visit(&r, DENTAL, "A1", 5 * DAY + 3600, VISIT_BOOKED);
	same_int("who texts it as before", r.jobs_n, 3);
	visit(&r, CARDIOLOGY, "A2", 6 * DAY + 3600, VISIT_BOOKED);
	same_int("the one that heard it does not", r.jobs_n, 3);
	ask(&r, COMMAND_REFUSED_FIND, "contoso");
	same_text("nothing is known there", answer.cause, "");
	ask(&r, COMMAND_REFUSED_FIND, "lamna");
	same_text("here it is", answer.cause, "no-such-number");
	ask(&r, COMMAND_REFUSED_FIND, "nobody");
	same_text("an organization that is not there", answer.fault, "no organization \"nobody\" in the configuration");
	rig_close(&r);
}

TEST(it_is_forgotten_after_its_time)
{
	struct rig r;

	clinics(&r);
	rig_change(&r, "organization \"lamna\" {", "organization \"lamna\" { refused_numbers = 30d ");
	out(&r, CARDIOLOGY, "A1", 90 * DAY);
	refuse(&r, "no-such-number");
	r.now.wall_ms += 31 * DAY * 1000;
	r.now.boot_ms += 31 * DAY * 1000;
	ask(&r, COMMAND_REFUSED_FIND, "lamna");
	same_text("nothing is known any more", answer.cause, "");
	ask(&r, COMMAND_REFUSED_RELEASE, "lamna");
	holds("nor to be released", !answer.ok && strstr(answer.fault, "was not refused"));
	out(&r, CARDIOLOGY, "A2", 40 * DAY);
	rig_close(&r);
}

/* Of one visit there is one row to look at, until something is new about it. */
TEST(a_visit_is_listed_once_for_what_it_is)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "OVER", 60, VISIT_BOOKED);
	visit(&r, CARDIOLOGY, "NO TIME", 0, VISIT_BOOKED);
	pass(&r, 70);
	out(&r, CARDIOLOGY, "A3", 6 * DAY);
	refuse(&r, "no-such-number");
	same_int("what is over needs nobody", listed(&r, 1).refused, 0);
	same_int("nor what has no time", listed(&r, 2).refused, 0);
	same_int("this does", listed(&r, 3).refused, 1);
	visit(&r, CARDIOLOGY, "A3", 7 * DAY, VISIT_BOOKED);
	same_int("moved it is listed again, by its new hour", listed(&r, 3).refused, 2);
	visit(&r, CARDIOLOGY, "A3", 7 * DAY, VISIT_BOOKED);
	same_int("and said again it is not", listed(&r, 3).refused, 2);
	ask(&r, COMMAND_REFUSED_RELEASE, "lamna");
	holds("released", answer.ok);
	same_int("which is listed too", listed(&r, 3).released, 1);
	same_int("where there was something to take back", listed(&r, 2).released, 0);
	rig_close(&r);
}

TEST(who_opted_out_stays_so_whatever_the_number_is)
{
	struct rig r;
	struct command *c = calloc(1, sizeof *c);

	clinics(&r);
	out(&r, CARDIOLOGY, "A1", 6 * DAY);
	c->kind = COMMAND_OPTOUT_ADD;
	(void)snprintf(c->organization, sizeof c->organization, "lamna");
	(void)snprintf(c->phone, sizeof c->phone, PHONE);
	(void)snprintf(c->who, sizeof c->who, "ann");
	(void)turn(&r, NULL, NULL, &c->link);
	refuse(&r, "no-such-number");
	ask(&r, COMMAND_REFUSED_RELEASE, "lamna");
	holds("released", answer.ok);
	visit(&r, CARDIOLOGY, "A1", 7 * DAY, VISIT_BOOKED);
	same_int("and not texted", r.jobs_n, 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(it_is_wrong_for_the_organization_that_heard_it), RUN(it_is_forgotten_after_its_time),
		RUN(a_visit_is_listed_once_for_what_it_is), RUN(who_opted_out_stays_so_whatever_the_number_is) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
