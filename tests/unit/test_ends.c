/* test_ends.c - what is told as over when the clock is set back; and a house with more sites and organizations than status tells of. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)
#define MIB 1048576
#define MANY 70 /* others, of sites and of organizations */

static struct { int storms, storms_over, full, room; } heard;

static void
count_alarm(const char *what)
{
	heard.storms += strstr(what, "storm brake:") != NULL;
	heard.storms_over += strstr(what, "the storm is over") != NULL;
	heard.full += strstr(what, "quarantine is over quarantine_max") != NULL;
	heard.room += strstr(what, "quarantine has had room") != NULL;
}

static void
set_back(struct rig *r, int64_t seconds)
{
	r->now.wall_ms -= seconds * 1000;
	pass(r, 5); /* what ends is looked at so often */
}

static void
storm(struct rig *r, const char *letter)
{
	char id[16], phone[PHONE_MAX];
	int jobs = r->jobs_n;

	for (int i = 0; i < 8; i++) {
		(void)snprintf(id, sizeof id, "%s%d", letter, i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 3 * DAY });
	}
	same_int("five go", r->jobs_n - jobs, 5);
	while (jobs < r->jobs_n)
		outcome(r, &r->jobs[jobs++], OUTCOME_ACCEPTED, 202);
}

/* pain: the clock is set back by an hour, and confirmations are held for that long */
TEST(a_storm_of_a_time_to_come_is_over)
{
	struct rig r;

	rig_open(&r, 6000, 0, "storm_brake = 5/min daily_cap = 0");
	memset(&heard, 0, sizeof heard);
	r.on_alarm = count_alarm;
	storm(&r, "S");
	pass(&r, 30);
	same_int("told", heard.storms, 1);
	same_int("it is on", heard.storms_over, 0);
	set_back(&r, 3600);
	same_int("over, as far as anybody knows", heard.storms_over, 1);
	storm(&r, "T");
	same_int("the next is another", heard.storms, 2);
	pass(&r, 60);
	same_int("it is on", heard.storms_over, 1);
	pass(&r, 70);
	same_int("and ends in its time", heard.storms_over, 2);
	rig_close(&r);
}

TEST(a_full_quarantine_of_a_time_to_come_is_told_anew)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "store_key", "quarantine_max = 1MiB store_key");
	memset(&heard, 0, sizeof heard);
	r.on_alarm = count_alarm;
	doubt_large(&r, "", MIB / 2 + 4096);
	doubt_large(&r, "", MIB / 2 + 4096);
	same_int("told", heard.full, 1);
	pass(&r, 600);
	same_int("the hour is not over", heard.room, 0);
	set_back(&r, DAY / 2);
	same_int("nobody knows when it will be: it is", heard.room, 1);
	doubt_large(&r, "", MIB / 2 + 4096);
	same_int("and what goes then is told", heard.full, 2);
	pass(&r, 3590);
	same_int("the hour is not over", heard.room, 1);
	pass(&r, 20);
	same_int("now it is", heard.room, 2);
	rig_close(&r);
}

/* ---- a large house ---- */

/* So many others come before the organization and the site of the rig. */
static void
widen(struct rig *r, const char *limit)
{
	static char text[65536];
	char *at = text;

	at += sprintf(at, "state_directory = %s\nstore_key = store.key\n", r->folder);
	for (int i = 0; i < MANY; i++)
		at += sprintf(at, "organization \"o%d\" { name = \"O %d\" consent_send_on_behalf = true consent_attendees_consented = true country = US }\n", i, i);
	at += sprintf(at, "organization \"lamna\" { name = \"Lamna Healthcare\" consent_send_on_behalf = true consent_attendees_consented = true country = US %s }\n"
	    "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = acs.key }\n"
	    "number \"main\" { sender = \"+18335550100\" type = toll-free verified = true gateway = acs rate = 6000/min }\n"
	    "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
	    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n", limit);
	for (int i = 0; i <= MANY; i++)
		at += sprintf(at, "site \"s%04d\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main time_zone = America/Chicago settle = 0s"
		    " window = \"00:00-24:00\" approver = none contact = \"608-271-9000\" departments = {D%04d} reminder \"day\" { before = 24h } }\n", i, i);
	write_file(r->folder, "nudge.conf", text);
	rig_reload(r);
}

TEST(the_last_of_many_sites_and_organizations_is_told_texted_and_limited_as_the_first)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	widen(&r, "");
	same_int("so many sites", (int64_t)r.rules->conf->sites_n, MANY + 1);
	same_int("status tells of each", (int64_t)status(&r)->sites_n, MANY + 1);
	same_text("in their order", r.status.sites[MANY].title, "s0070");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * DAY, .site = MANY });
	same_int("the last site's visits are confirmed", r.jobs_n, 1);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	widen(&r, "monthly_limit = 1 on_limit = hold");
	pass(&r, 10);
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = "+16085550124", .in_s = 3 * DAY, .site = MANY });
	same_int("the last organization's limit holds", r.jobs_n, 1);
	same_int("and what is beyond it waits", status(&r)->texts[TEXT_HELD], 1);
	rig_close(&r);
}

/* ---- what has waited longest ---- */

/* What expires first goes first; it is not what has waited longest. */
TEST(status_tells_what_has_waited_longest)
{
	struct rig r;
	int64_t first;

	rig_open(&r, 6000, 0, "");
	sender(&r, false);
	first = now_s(&r.now);
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 3 * DAY });
	pass(&r, 60);
	(void)tell(&r, (struct say){ .id = "B", .patient = "2", .phone = "+16085550124", .in_s = 7200 });
	same_int("both wait", status(&r)->backlog, 2);
	same_int("the first one longest", r.status.oldest_due_s, first);
	sender(&r, true);
	same_text("and the other goes before it", r.jobs[0].to, "+16085550124");
	same_int("both go", r.jobs_n, 2);
	same_int("then none waits", status(&r)->oldest_due_s, 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_storm_of_a_time_to_come_is_over), RUN(a_full_quarantine_of_a_time_to_come_is_told_anew),
		RUN(the_last_of_many_sites_and_organizations_is_told_texted_and_limited_as_the_first), RUN(status_tells_what_has_waited_longest) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
