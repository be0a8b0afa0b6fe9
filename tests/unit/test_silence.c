/* test_silence.c - a sender is missed once, found again once, and a restart or reload forgets neither. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define HOUR_S 3600
#define SILENT "a sender is silent when it usually speaks: is its feed broken?"
#define AGAIN "a sender that was silent is heard again"

/* A message in each half hour from 8 to 17 in Chicago; begins on Friday 2026-11-27 at 6 there. */
static void
works(struct rig *r, int64_t hours, bool speaks)
{
	char id[16];

	for (int64_t i = 0; i < hours * 60; i++) {
		struct civil t;

		r->now.wall_ms += 60000;
		r->now.boot_ms += 60000;
		zone_civil(r->rules->sites[0].zone, now_s(&r->now), &t);
		(void)snprintf(id, sizeof id, "V%d", (int)(i % 7));
		if (speaks && t.minute % 10 == 0 && t.hour >= 8 && t.hour < 17 && civil_weekday(&t) % 6 != 0)
			(void)tell(r, (struct say){ .id = id, .in_s = 40 * 86400 });
		else
			(void)turn(r, NULL, NULL, NULL);
	}
}

/* Until a Tuesday at ten, when three weeks are known. */
static void
learned(struct rig *r)
{
	rig_open(r, 6000, 0, "");
	works(r, 25 * 24 + 4, true);
	same_int("no alarm while it learns", r->alarms, 0);
	status(r);
	same_int("one sender", r->status.feeds_n, 1);
	holds("whose rhythm is known", r->status.feeds[0].learned && !r->status.feeds[0].silent);
	same_text("as a site without sending_application has it", r->status.feeds[0].application, CONF_SENDER_OTHER);
}

TEST(told_once_and_ended_once)
{
	struct rig r;

	learned(&r);
	works(&r, 6, false);
	same_int("alarms", r.alarms, 1);
	same_text("what", r.alarm, SILENT);
	same_text("where", r.where, "prod/other: usually 6 messages on a Tuesday 11-12, none since 10:00");
	holds("status has it", status(&r)->feeds[0].silent && strstr(r.status.feeds[0].why, "none since 10:00"));
	crash(&r);
	works(&r, 6, false);
	same_int("a restart does not tell it again", r.alarms, 1);
	holds("and still knows it", status(&r)->feeds[0].silent);
	works(&r, 14, true);
	same_int("it ended", r.alarms, 2);
	same_text("what", r.alarm, AGAIN);
	same_text("where", r.where, "prod/other");
	works(&r, 48, true);
	same_int("once", r.alarms, 2);
	rig_close(&r);
}

TEST(the_night_is_no_alarm_and_a_reload_forgets_nothing)
{
	struct rig r;

	learned(&r);
	works(&r, 7, true);
	rig_change(&r, "contact", "stale = 23h contact");
	works(&r, 14, false);
	same_int("silence until seven in the morning", r.alarms, 0);
	holds("the rhythm is known after a reload", status(&r)->feeds[0].learned);
	crash(&r);
	holds("and after a restart", status(&r)->feeds[0].learned);
	works(&r, 4, false);
	same_int("but not until eleven", r.alarms, 1);
	rig_close(&r);
}

/* Its site is taken out of the configuration, and put back. */
TEST(who_comes_back_is_still_known)
{
	struct rig r;

	learned(&r);
	rig_change(&r, "kind = production", "silence = 0 kind = production");
	pass(&r, 60);
	same_int("nobody is missed", status(&r)->feeds_n, 0);
	rig_change(&r, "silence = 0 kind = production", "kind = production");
	pass(&r, 60);
	holds("its rhythm is known", status(&r)->feeds_n == 1 && r.status.feeds[0].learned);
	crash(&r);
	holds("also after a restart", status(&r)->feeds_n == 1 && r.status.feeds[0].learned);
	rig_close(&r);
}

TEST(who_is_not_missed)
{
	static const struct {
		const char *rule, *from, *to;
	} rows[] = { { "silence = 0", "kind = production", "silence = 0 kind = production" },
		{ "a test environment", "kind = production", "kind = test only_to = {\"+16085550100\"}" } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		rig_open(&r, 6000, 0, "");
		rig_change(&r, rows[i].from, rows[i].to);
		works(&r, 4, true);
		works(&r, 6 * 24, false);
		same_int(rows[i].rule, r.alarms, 0);
		same_int(rows[i].rule, status(&r)->feeds_n, 0);
		rig_close(&r);
	}
}

TEST(before_it_is_known_after_the_fixed_time)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "kind = production", "silence = 26h kind = production");
	works(&r, 4, true);
	works(&r, 24, false);
	same_int("not within it, and not at the weekend", r.alarms, 0);
	works(&r, 48, false);
	same_int("on Monday", r.alarms, 1);
	same_text("where", r.where, "prod/other: none since Friday 10:00; its rhythm is not known yet");
	rig_close(&r);
}

static void
keep_heard(void *ctx, const struct command *c)
{
	*(struct heard *)ctx = c->heard;
}

static int64_t
heard_at_ms(struct rig *r, const char *site)
{
	struct command *c = calloc(1, sizeof *c);
	struct heard h = { .at_ms = -1 };

	c->kind = COMMAND_HEARD;
	(void)snprintf(c->site, sizeof c->site, "%s", site);
	(void)snprintf(c->environment, sizeof c->environment, "prod");
	r->on_reply = keep_heard;
	r->on_reply_ctx = &h;
	(void)turn(r, NULL, NULL, &c->link);
	r->on_reply = NULL;
	return h.at_ms;
}

TEST(a_site_that_returns_is_known_by_its_last_message)
{
	struct rig r;
	int64_t at_ms;

	rig_open(&r, 6000, 0, "");
	(void)tell(&r, (struct say){ .id = "V1", .in_s = 40 * 86400 });
	at_ms = heard_at_ms(&r, "cardiology");
	holds("heard", at_ms > 0);
	pass(&r, 10);
	rig_change(&r, "site \"cardiology\"", "site \"oncology\"");
	same_int("another site has said nothing", heard_at_ms(&r, "oncology"), 0);
	rig_change(&r, "site \"oncology\"", "site \"cardiology\"");
	same_int("the one before is as it was", heard_at_ms(&r, "cardiology"), at_ms);
	(void)tell(&r, (struct say){ .id = "V1", .in_s = 41 * 86400 });
	at_ms = heard_at_ms(&r, "cardiology");
	rig_change(&r, "608-271-9000", "608-271-9001");
	same_int("a reload takes no older one from the store", heard_at_ms(&r, "cardiology"), at_ms);
	rig_close(&r);
}

#define HOUSES 40 /* each with two senders, besides the one there is */

static struct { struct rig *r; int silent[2 * HOUSES], again[2 * HOUSES], others; } heard_of;

static void
note_which(const char *what)
{
	int *list = strcmp(what, SILENT) == 0 ? heard_of.silent : heard_of.again, n = -1;
	char kind = 0;

	if (sscanf(heard_of.r->where, "prod/%c%d", &kind, &n) == 2 && (kind == 'A' || kind == 'B') && n >= 0 && n < HOUSES)
		list[2 * n + (kind == 'B')]++;
	else
		heard_of.others++;
}

static void
many_senders(struct rig *r)
{
	static char sites[16000];
	size_t n = 0;

	rig_open(r, 6000, 0, "sending_application = \"Z\"");
	for (int i = 0; i < HOUSES; i++)
		n += (size_t)snprintf(sites + n, sizeof sites - n, "site s%d { environment = prod fhir_base_url = \"https://x\" profile = epic number = main"
		    " time_zone = UTC approver = none contact = \"608-271-9000\" sending_application = A%d adt_sending_application = B%d }\n", i, i, i);
	n += (size_t)snprintf(sites + n, sizeof sites - n, "site \"cardiology\"");
	holds("they fit", n < sizeof sites);
	rig_change(r, "site \"cardiology\"", sites);
	rig_change(r, "kind = production", "silence = 26h kind = production");
	heard_of = (typeof(heard_of)){ .r = r };
	r->on_alarm = note_which;
}

static void
all_speak(struct rig *r)
{
	for (int i = 0; i < 2 * HOUSES; i++) {
		struct message *m = message_of(r, (struct say){ .id = "V1", .in_s = 40 * 86400 });
		char name[16];

		(void)snprintf(name, sizeof name, "%c%d", i % 2 ? 'B' : 'A', i / 2);
		m->sending_application = arena_copy(&m->arena, span_of(name));
		(void)turn(r, &m->link, NULL, NULL);
	}
}

/* pain: the alarm that was set up for every interface watched the first ones only, and said so nowhere */
TEST(every_sender_is_missed_however_many_there_are)
{
	struct rig r;

	many_senders(&r);
	same_int("status has all", status(&r)->feeds_n, 2 * HOUSES + 1);
	same_text("the last too", r.status.feeds[2 * HOUSES - 1].application, "B39");
	all_speak(&r);
	works(&r, 4, false);
	all_speak(&r); /* Friday at ten */
	works(&r, 72 + 4, false);
	for (int i = 0; i < 2 * HOUSES; i++)
		same_int("each is missed once, though all are silent at once", heard_of.silent[i], 1);
	crash(&r);
	status(&r);
	for (int i = 0; i < 2 * HOUSES; i++)
		holds("and known as silent after a restart", r.status.feeds[i].silent);
	all_speak(&r);
	works(&r, 1, false);
	for (int i = 0; i < 2 * HOUSES; i++)
		same_int("and found again once", heard_of.again[i], 1);
	same_int("no other alarm", heard_of.others, 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(told_once_and_ended_once), RUN(the_night_is_no_alarm_and_a_reload_forgets_nothing),
		RUN(who_is_not_missed), RUN(who_comes_back_is_still_known), RUN(before_it_is_known_after_the_fixed_time),
		RUN(a_site_that_returns_is_known_by_its_last_message), RUN(every_sender_is_missed_however_many_there_are) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
