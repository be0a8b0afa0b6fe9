/* test_undo.c - what one turn did for several who asked is undone for all of them, and whoever brought rules has them again. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define SECOND "departments = {CARD} } site \"neurology\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main" \
	" time_zone = America/Chicago window = \"00:00-24:00\" approver = none contact = \"608-271-9000\" departments = {NEURO}"

static struct {
	int n, ok;
	struct rules *rules; /* what a reply gave back */
} said;

static void
note(void *ctx, const struct command *c)
{
	(void)ctx;
	said.n++;
	said.ok += c->ok;
	if (c->rules)
		said.rules = c->rules;
	if (c->ok)
		holds("who is told that it was done has given its rules away", !c->rules);
	else
		holds("why not", c->fault.kind == FAULT_BUSY && c->fault.text[0]);
}

static struct command *
asked(enum command_kind kind, const char *site)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	(void)snprintf(c->site, sizeof c->site, "%s", site);
	(void)snprintf(c->who, sizeof c->who, "ann");
	return c;
}

/* New rules, a question and a hold, all in one turn; its n-th statement is refused. true: that was none of them, and all is done. */
static bool
all_in_one(struct rig *r, enum command_kind kind, struct rules *rules, long n)
{
	struct command *first = asked(kind, "cardiology"), *second = asked(COMMAND_STATUS, ""), *third = asked(COMMAND_HOLD_SITE, "cardiology");
	struct turn_input in = { NULL, NULL, &first->link, r->now, true, 0 };
	struct fault f = { 0 };
	enum turn_result t;

	first->rules = rules_hold(rules);
	first->link.next = &second->link;
	second->link.next = &third->link;
	memset(&said, 0, sizeof said);
	refuse_at(n, SQLITE_FULL, 0);
	refuse_here(true);
	t = engine_turn(r->engine, &in, &f);
	refuse_here(false);
	refuse_at(0, 0, 0);
	same_int("everybody is answered", said.n, 3);
	if (said.ok == 3)
		return true;
	same_int("the turn is undone", t, TURN_BUSY);
	same_int("for all of them", said.ok, 0);
	holds("and the rules are the giver's", said.rules == rules);
	rules_drop(said.rules);
	return false;
}

static void
tried(enum command_kind kind)
{
	struct rig r;
	struct rules *before, *rules;
	char id[16], phone[PHONE_MAX];
	int undone = 0;

	rig_open(&r, 6000, 0, "");
	before = r.rules;
	rules = read_rules(&r, 6000, 0, SECOND);
	r.on_reply = note;
	for (long n = 1; !all_in_one(&r, kind, rules, n); n += 1 + n / 16) { /* what was told meanwhile is planned again by the new rules */
		(void)snprintf(id, sizeof id, "U%ld", n);
		(void)snprintf(phone, sizeof phone, "+1608555%04ld", 1000 + n);
		undone++;
		r.on_reply = NULL;
		same_int("the sites of before", status(&r)->sites_n, 1);
		same_int("not held", status(&r)->sites[0].held_s, 0);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 10 * 86400 });
		same_int("which text", r.jobs_n, undone);
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
		r.on_reply = note;
	}
	holds("it was refused at several statements", undone > 4);
	r.on_reply = NULL;
	rules_drop(before);
	r.rules = rules;
	same_int("once nothing is refused, the new sites", status(&r)->sites_n, 2);
	holds("the one is held", status(&r)->sites[0].held_s != 0);
	(void)tell(&r, (struct say){ .id = "L", .patient = "L", .phone = "+16085550123", .in_s = 10 * 86400 });
	same_int("and the hold holds", r.jobs_n, undone);
	rig_close(&r);
}

/* pain: a reload, and a hold by somebody else in the same moment, on a full disk: the one is half applied, the other is lost */
TEST(a_reload_and_a_hold_of_one_turn_are_undone_together)
{
	tried(COMMAND_RULES);
}

TEST(an_approval_and_a_hold_of_one_turn_are_undone_together)
{
	tried(COMMAND_APPROVE);
}

/* pain: the machine loses its clock and its power, and nobody knows what time it was */
TEST(what_time_it_was_is_written_down_by_the_turn_after_one_that_failed)
{
	struct rig r;
	struct fault f = { 0 };
	struct turn_input in;
	int64_t seen;

	rig_open(&r, 6000, 0, "");
	for (long n = 1; n < 6; n++) {
		r.now.wall_ms += 700 * 1000;
		r.now.boot_ms += 700 * 1000;
		in = (struct turn_input){ NULL, NULL, NULL, r.now, true, 0 };
		refuse_at(n, SQLITE_FULL, 0);
		refuse_here(true);
		same_int("the turn is undone", engine_turn(r.engine, &in, &f), TURN_BUSY);
		refuse_here(false);
		refuse_at(0, 0, 0);
		pass(&r, 2);
		holds(f.text, store_setting_get(r.store, "clock_seen", &seen, &f));
		holds("written down", now_s(&r.now) - seen <= 2);
	}
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_reload_and_a_hold_of_one_turn_are_undone_together),
		RUN(an_approval_and_a_hold_of_one_turn_are_undone_together), RUN(what_time_it_was_is_written_down_by_the_turn_after_one_that_failed) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
