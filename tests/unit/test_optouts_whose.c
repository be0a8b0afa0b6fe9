/* test_optouts_whose.c - the gateway's lists are a number's each: who is told of, asked about and put there, and by whom. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_clinics.h"

static void
gateway_says(struct rig *r, const char *number, bool opted_out, int64_t at_s)
{
	static int n;
	struct sender_event ev = { .told = EVENT_OPTOUT, .event = ++n, .opted_out = opted_out, .to = PHONE, .at_s = at_s };

	(void)snprintf(ev.from, sizeof ev.from, "%s", number);
	told(r, ev, NULL);
}

static void
opted_out(struct rig *r, const char *rule, const char *organization, bool is)
{
	struct fault f = { 0 };

	same_int(rule, store_optout_find(r->store, organization, PHONE, &f), is ? STORE_FOUND : STORE_NONE);
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
	(void)turn(r, NULL, NULL, &c->link);
}

TEST(what_a_number_s_list_says_is_its_organizations)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	gateway_says(&r, TEETH, true, now_s(&r.now) - 60);
	opted_out(&r, "there", "contoso", true);
	opted_out(&r, "not where another number is", "lamna", false);
	gateway_says(&r, "+18335550999", true, 0);
	opted_out(&r, "nor by a number that nobody has", "lamna", false);
	gateway_says(&r, CANCER, true, 0);
	opted_out(&r, "by any number of it", "lamna", true);
	gateway_says(&r, TEETH, false, now_s(&r.now) - 3600);
	opted_out(&r, "older word changes nothing", "contoso", true);
	gateway_says(&r, TEETH, false, now_s(&r.now));
	opted_out(&r, "newer word ends it", "contoso", false);
	rig_close(&r);
}

TEST(an_opt_out_goes_to_each_list_of_the_organization_that_has_one)
{
	static const struct { const char *rule, *from, *to; int lists; } rows[] = {
		{ "two numbers", "store_key", "store_key", 2 },
		{ "a name has no list", "number \"second\" { sender = \"" CANCER "\" type = toll-free verified = true", "number \"second\" { sender = \"LAMNA\" type = alphanumeric", 1 },
		{ "nor has a gateway of before there were lists", "gateway \"acs\" {", "gateway \"acs\" { api_version = \"2021-03-07\" ", 0 },
		{ "a number that no site has is not asked", "profile = epic number = second", "profile = epic", 1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		clinics(&r);
		rig_change(&r, rows[i].from, rows[i].to);
		ask(&r, COMMAND_OPTOUT_ADD, "lamna");
		same_int(rows[i].rule, r.asked_of[ASK_OPTOUT_ADD], rows[i].lists);
		ask(&r, COMMAND_OPTOUT_REMOVE, "lamna");
		same_int(rows[i].rule, r.asked_of[ASK_OPTOUT_REMOVE], rows[i].lists);
		rig_close(&r);
	}
}

TEST(each_organization_that_texts_a_phone_compares_it)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	visit(&r, DENTAL, "A2", 3 * DAY, VISIT_BOOKED);
	ask(&r, COMMAND_OPTOUT_COMPARE, "");
	pass(&r, 10);
	same_int("three numbers of two organizations", r.asked_of[ASK_OPTOUT_CHECK], 3);
	rig_close(&r);

	clinics(&r);
	visit(&r, DENTAL, "A2", 3 * DAY, VISIT_BOOKED);
	ask(&r, COMMAND_OPTOUT_COMPARE, "");
	pass(&r, 10);
	same_int("who has no visit there is not asked about there", r.asked_of[ASK_OPTOUT_CHECK], 1);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_a_number_s_list_says_is_its_organizations),
		RUN(an_opt_out_goes_to_each_list_of_the_organization_that_has_one), RUN(each_organization_that_texts_a_phone_compares_it) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
