/* test_optouts_compared.c - comparing the gateway's lists when there is little to ask of, much to ask for, or it is asked for twice. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <sqlite3.h>

#include "rig_clinics.h"

static int event_number;

static struct sender_event *
wrote(const char *from, const char *words)
{
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	*e = (struct sender_event){ .what = SENDER_EVENT, .told = EVENT_INBOUND, .event = ++event_number, .gateway = "acs", .to = HEART };
	(void)snprintf(e->from, sizeof e->from, "%s", from);
	(void)snprintf(e->message_id, sizeof e->message_id, "Incoming_%d", event_number);
	e->words = strdup(words);
	return e;
}

static void
writes(struct rig *r, const char *words)
{
	(void)turn(r, NULL, &wrote(PHONE, words)->link, NULL);
}

static struct command *
compare(void)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = COMMAND_OPTOUT_COMPARE;
	(void)snprintf(c->who, sizeof c->who, "ann");
	return c;
}

/* Of a gateway that keeps no lists nothing is asked; of one that does, each phone once. */
TEST(where_there_is_no_list_nobody_is_asked)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	rig_change(&r, "gateway \"acs\" {", "gateway \"acs\" { api_version = \"2021-03-07\"");
	(void)turn(&r, NULL, NULL, &compare()->link);
	pass(&r, 10);
	same_int("no list", r.asked_of[ASK_OPTOUT_CHECK], 0);
	rig_change(&r, "api_version = \"2021-03-07\"", "");
	pass(&r, 10);
	same_int("it is over, and begins by itself only at night", r.asked_of[ASK_OPTOUT_CHECK], 0);
	(void)turn(&r, NULL, NULL, &compare()->link);
	pass(&r, 10);
	same_int("two numbers have one", r.asked_of[ASK_OPTOUT_CHECK], 2);
	rig_close(&r);
}

TEST(a_visit_of_a_site_that_went_is_not_compared)
{
	struct rig r;

	clinics(&r);
	visit(&r, DENTAL, "A1", 2 * DAY, VISIT_BOOKED);
	visit(&r, ONCOLOGY, "A2", 2 * DAY, VISIT_BOOKED);
	rig_change(&r, "site \"dental\"", "site \"teeth\"");
	(void)turn(&r, NULL, NULL, &compare()->link);
	pass(&r, 10);
	same_int("by the organization that texts it still", r.asked_of[ASK_OPTOUT_CHECK], 2);
	rig_close(&r);
}

/* A turn asks for so much: what is said of phones comes first, and comparing in the next. */
TEST(comparing_waits_while_much_else_is_asked)
{
	struct queue_link *first = NULL;
	char from[24];
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	for (int i = 0; i < 130; i++) {
		struct sender_event *e;

		(void)snprintf(from, sizeof from, "+1608555%04d", 200 + i);
		e = wrote(from, "STOP");
		e->link.next = first;
		first = &e->link;
	}
	(void)turn(&r, NULL, first, &compare()->link);
	pass(&r, 60);
	same_int("as many as a turn has room for; the night asks for the rest", r.asked_of[ASK_OPTOUT_ADD], 256);
	same_int("each phone of a visit, of both numbers", r.asked_of[ASK_OPTOUT_CHECK], 2);
	rig_close(&r);
}

/* nudge-sender comes back while the lists are compared, and an end is owed: what was asked for is not asked for again. */
TEST(one_comparing_at_a_time)
{
	char phone[24];
	struct rig r;

	clinics(&r);
	rig_change(&r, "site \"cardiology\" {", "site \"cardiology\" { storm_brake = off");
	for (int i = 0; i < 150; i++) {
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 200 + i);
		(void)tell(&r, (struct say){ .id = phone, .patient = phone, .phone = phone, .in_s = 2 * DAY, .site = CARDIOLOGY });
	}
	answer_all(&r);
	writes(&r, "STOP");
	writes(&r, "START");
	answer_all(&r);
	r.asked_of[ASK_OPTOUT_CHECK] = 0;
	(void)turn(&r, NULL, NULL, &compare()->link);
	holds("a part of them, of two numbers", r.asked_of[ASK_OPTOUT_CHECK] > 0 && r.asked_of[ASK_OPTOUT_CHECK] < 300);
	sender(&r, false);
	sender(&r, true);
	pass(&r, 30);
	same_int("each phone once", r.asked_of[ASK_OPTOUT_CHECK], 300);
	rig_close(&r);
}

/* Until the hour at which the lists are compared, the first time that is a night. */
static void
until_night(struct rig *r)
{
	r->now.wall_ms += (20 * 3600 - 30) * 1000;
	r->now.boot_ms += (20 * 3600 - 30) * 1000;
	for (int i = 0; i < 60 && r->asked_of[ASK_OPTOUT_CHECK] == 0; i++)
		pass(r, 5);
}

/* Many visits are planned anew when their site goes: those behind the first portion are not asked for meanwhile. */
TEST(a_site_that_goes_in_the_night)
{
	char id[16];
	struct rig r;

	clinics(&r);
	for (int i = 0; i < 250; i++) {
		(void)snprintf(id, sizeof id, "A%d", i);
		visit(&r, CARDIOLOGY, id, 2 * DAY, VISIT_BOOKED);
	}
	r.asked_of[ASK_OPTOUT_CHECK] = 0;
	until_night(&r);
	same_int("a hundred visits, two numbers", r.asked_of[ASK_OPTOUT_CHECK], 200);
	r.now.wall_ms += 1000;
	r.now.boot_ms += 1000;
	rig_change(&r, "site \"cardiology\"", "site \"heart center\"");
	pass(&r, 60);
	same_int("nobody texts the others any more", r.asked_of[ASK_OPTOUT_CHECK], 200);
	rig_close(&r);
}

TEST(a_row_that_is_gone_is_not_missed_in_the_night)
{
	char path[128];
	sqlite3 *db = NULL;
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	visit(&r, CARDIOLOGY, "A2", 2 * DAY, VISIT_BOOKED);
	(void)snprintf(path, sizeof path, "%s/nudge.db", r.folder);
	refuse_here(false);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM appointment WHERE id = 1", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	until_night(&r);
	pass(&r, 10);
	same_int("the other is asked for", r.asked_of[ASK_OPTOUT_CHECK], 2);
	rig_close(&r);
}

#define NUMBERS 260 /* more than a turn asks for */

static void
many_numbers(struct rig *r)
{
	struct conf_faults faults;
	struct command *c = calloc(1, sizeof *c);
	char path[128], *text = malloc(NUMBERS * 500 + 4096);
	struct conf *conf = NULL;
	size_t n;

	assert_non_null(c);
	assert_non_null(text);
	n = (size_t)sprintf(text, "state_directory = %s\nstore_key = store.key\n"
	    "organization \"lamna\" { name = \"Lamna Healthcare\" consent_send_on_behalf = true consent_attendees_consented = true country = US }\n"
	    "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = acs.key }\n"
	    "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
	    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n", r->folder);
	for (int i = 0; i < NUMBERS; i++)
		n += (size_t)sprintf(text + n, "number \"n%d\" { sender = \"+1833555%04d\" type = toll-free verified = true gateway = acs }\n"
		    "site \"s%d\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = n%d time_zone = America/Chicago "
		    "approver = none contact = \"608-271-9000\" departments = {'^D%d$'} }\n", i, 100 + i, i, i, i);
	write_file(r->folder, "nudge.conf", text);
	free(text);
	(void)snprintf(path, sizeof path, "%s/nudge.conf", r->folder);
	if (!conf_load(path, CONF_NUDGED, &conf, &faults))
		fail_msg("line %d: %s", faults.item[0].line, faults.item[0].text);
	rules_drop(r->rules);
	assert_true(rules_new(conf, &c->rules, &faults));
	conf_faults_clear(&faults);
	conf_drop(conf);
	r->rules = rules_hold(c->rules);
	c->kind = COMMAND_RULES;
	(void)turn(r, NULL, NULL, &c->link);
}

/* The first of them are asked; that the rest are not must not keep comparing from its end. */
TEST(more_numbers_than_a_turn_asks_for)
{
	char phone[24];
	struct rig r;

	rig_open(&r, 6000, 0, "");
	many_numbers(&r);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(&r, (struct say){ .id = phone, .patient = phone, .phone = phone, .in_s = 2 * DAY });
	}
	(void)turn(&r, NULL, NULL, &compare()->link);
	pass(&r, 30);
	same_int("a turn for each phone", r.asked_of[ASK_OPTOUT_CHECK], 3 * 256);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(where_there_is_no_list_nobody_is_asked), RUN(a_visit_of_a_site_that_went_is_not_compared),
		RUN(comparing_waits_while_much_else_is_asked), RUN(one_comparing_at_a_time), RUN(a_site_that_goes_in_the_night), RUN(a_row_that_is_gone_is_not_missed_in_the_night), RUN(more_numbers_than_a_turn_asks_for) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
