/* test_replies_whose.c - what a phone writes is for the number it writes to: its sites, its organization, its visits that are open. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_clinics.h"

static int event_number;

static void
writes_to(struct rig *r, const char *to, const char *from, const char *words, int64_t at_s)
{
	struct sender_event ev = { .told = EVENT_INBOUND, .event = ++event_number, .gateway = "acs", .at_s = at_s };

	(void)snprintf(ev.to, sizeof ev.to, "%s", to);
	(void)snprintf(ev.from, sizeof ev.from, "%s", from);
	(void)snprintf(ev.message_id, sizeof ev.message_id, "Incoming_%d", event_number);
	told(r, ev, words);
}

struct said {
	enum reply what[16];
	int n;
};

static bool
note(void *ctx, const struct said_reply *s)
{
	struct said *x = ctx;

	x->what[x->n++] = s->what;
	return x->n < 16;
}

/* What was kept of this visit, the last of it. */
static enum reply
kept(struct rig *r, int64_t appointment)
{
	struct said x = { .n = 0 };
	struct fault f = { 0 };

	assert_true(store_replies_of(r->store, appointment, note, &x, &f));
	return x.n > 0 ? x.what[x.n - 1] : REPLY_NOTHING;
}

static void
opted_out(struct rig *r, const char *rule, const char *organization, bool is)
{
	struct fault f = { 0 };

	same_int(rule, store_optout_find(r->store, organization, PHONE, &f), is ? STORE_FOUND : STORE_NONE);
}

TEST(a_confirmation_is_of_the_visit_of_the_number_that_it_goes_to)
{
	struct rig r;

	clinics(&r);
	visit(&r, ONCOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	visit(&r, CARDIOLOGY, "A2", 3 * DAY, VISIT_BOOKED);
	visit(&r, DENTAL, "A3", 4 * DAY, VISIT_BOOKED);
	writes_to(&r, CANCER, PHONE, "C", 0);
	answer_all(&r);
	same_text("confirmed", reply_name(kept(&r, 1)), "confirmed");
	same_text("not the one of another number", reply_name(kept(&r, 2)), "nothing");
	writes_to(&r, TEETH, PHONE, "N", 0);
	answer_all(&r);
	same_text("nor of another organization", reply_name(kept(&r, 2)), "nothing");
	same_text("declined", reply_name(kept(&r, 3)), "declined");
	writes_to(&r, TEETH, PHONE, "STOP", 0);
	opted_out(&r, "there", "contoso", true);
	opted_out(&r, "and nowhere else", "lamna", false);
	rig_close(&r);
}

/* pain: a patient confirms, and the clinic reads a confirmation of a visit that is none any more */
TEST(only_what_is_booked_and_to_come_and_told_is_open)
{
	struct rig r;
	struct message *m;
	int before;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_CANCELED);
	visit(&r, CARDIOLOGY, "A2", 60, VISIT_BOOKED);
	pass(&r, 70);
	visit(&r, CARDIOLOGY, "A3", 3 * DAY, VISIT_BOOKED);
	m = message_of(&r, (struct say){ .id = "A3", .in_s = 3 * DAY, .site = CARDIOLOGY });
	m->bookings[0].site = NULL; /* it goes to a place that is not ours */
	(void)turn(&r, &m->link, NULL, NULL);
	answer_all(&r);
	before = r.jobs_n;
	writes_to(&r, HEART, PHONE, "C", 0);
	same_int("told that nobody reads it", r.jobs_n, before + 1);
	for (int64_t id = 1; id <= 3; id++)
		same_text("nothing is confirmed", reply_name(kept(&r, id)), "nothing");
	rig_close(&r);
}

TEST(a_code_without_a_question)
{
	struct rig r;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	writes_to(&r, HEART, PHONE, "C2", 0);
	answer_all(&r);
	same_text("of a second there is none", reply_name(kept(&r, 1)), "nothing");
	visit(&r, CARDIOLOGY, "A2", 3 * DAY, VISIT_BOOKED);
	rig_close(&r);

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	writes_to(&r, HEART, PHONE, "C1", 0);
	same_text("the first is the only one", reply_name(kept(&r, 1)), "confirmed");
	rig_close(&r);

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	visit(&r, CARDIOLOGY, "A2", 3 * DAY, VISIT_BOOKED);
	writes_to(&r, HEART, PHONE, "C1", 0);
	same_text("of two, neither", reply_name(kept(&r, 1)), "nothing");
	same_text("before it is asked for", reply_name(kept(&r, 2)), "nothing");
	answer_all(&r);
	writes_to(&r, HEART, PHONE, "C9", 0);
	same_text("a code that was not offered is none", reply_name(kept(&r, 1)), "nothing");
	rig_close(&r);
}

TEST(who_changes_their_mind_is_heard_again)
{
	struct rig r;
	int before;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	writes_to(&r, HEART, PHONE, "N", 0);
	same_text("declined", reply_name(kept(&r, 1)), "declined");
	answer_all(&r);
	before = r.jobs_n;
	writes_to(&r, HEART, PHONE, "N", 0);
	same_int("the same again is no news", r.jobs_n, before);
	writes_to(&r, HEART, PHONE, "C", 0);
	same_text("confirmed after all", reply_name(kept(&r, 1)), "confirmed");
	rig_close(&r);
}

TEST(who_opted_out_is_heard_and_not_answered)
{
	struct rig r;
	int before;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	writes_to(&r, HEART, PHONE, "STOP", 0);
	answer_all(&r);
	before = r.jobs_n;
	writes_to(&r, HEART, PHONE, "C", 0);
	same_text("it counts", reply_name(kept(&r, 1)), "confirmed");
	visit(&r, CARDIOLOGY, "A2", 3 * DAY, VISIT_BOOKED);
	writes_to(&r, HEART, PHONE, "is there parking", 0);
	writes_to(&r, HEART, PHONE, "HELP", 0);
	same_int("nobody who stopped gets a text", r.jobs_n, before);
	rig_close(&r);
}

TEST(start_without_a_stop)
{
	struct rig r;
	int before;

	clinics(&r);
	rig_change(&r, "type = toll-free verified = true gateway = acs rate", "keyword_answers = none type = toll-free verified = true gateway = acs rate");
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	before = r.jobs_n;
	writes_to(&r, HEART, PHONE, "START", 0);
	same_int("is answered", r.jobs_n, before + 1);
	opted_out(&r, "and changes nothing", "lamna", false);
	rig_close(&r);
}

TEST(a_number_that_went_still_takes_a_stop)
{
	struct rig r;
	int before;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	before = r.jobs_n;
	writes_to(&r, "+18335550999", PHONE, "HELP", 0);
	same_int("nobody speaks for it", r.jobs_n, before);
	writes_to(&r, "+18335550999", PHONE, "STOP", 0);
	same_int("nor then", r.jobs_n, before);
	opted_out(&r, "of all whose gateway it was", "lamna", true);
	opted_out(&r, "each", "contoso", true);
	rig_close(&r);
}

TEST(odd_events)
{
	struct sender_event bare = { .told = EVENT_INBOUND, .event = 9000, .gateway = "acs", .to = HEART, .from = PHONE };
	struct rig r;
	int before;

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	before = r.jobs_n;
	told(&r, bare, NULL);
	bare.event++;
	told(&r, bare, NULL);
	writes_to(&r, HEART, PHONE, "", 0);
	writes_to(&r, HEART, "12345", "STOP", 0);
	writes_to(&r, HEART, "the bank", "STOP", 0);
	same_int("a text without words, or from what is no phone, is nothing", r.jobs_n, before);
	opted_out(&r, "nobody stopped", "lamna", false);
	bare.event++;
	told(&r, bare, "C");
	bare.event++;
	told(&r, bare, "C");
	same_int("the same text twice, without an id, is one", r.jobs_n, before + 1);
	writes_to(&r, HEART, PHONE, "STOP", now_s(&r.now) + 3 * DAY);
	opted_out(&r, "one of tomorrow counts from now on", "lamna", true);
	writes_to(&r, HEART, PHONE, "START", now_s(&r.now) + 1);
	opted_out(&r, "and is lifted by what comes after it", "lamna", false);
	rig_close(&r);
}

static struct {
	bool ok;
	char source[80];
	uint8_t mark[MARK_BYTES];
} asked;

static void
took(void *ctx, const struct command *c)
{
	(void)ctx;
	asked.ok = c->ok;
	(void)snprintf(asked.source, sizeof asked.source, "%s", c->optout.source);
	memcpy(asked.mark, c->mark, MARK_BYTES);
}

static void
ask(struct rig *r, enum command_kind kind, const char *organization, const char *phone)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	(void)snprintf(c->organization, sizeof c->organization, "%s", organization);
	(void)snprintf(c->phone, sizeof c->phone, "%s", phone);
	r->on_reply = took;
	(void)turn(r, NULL, NULL, &c->link);
	r->on_reply = NULL;
}

TEST(what_is_asked_about_a_phone)
{
	struct rig r;
	uint8_t first[MARK_BYTES];

	clinics(&r);
	visit(&r, CARDIOLOGY, "A1", 2 * DAY, VISIT_BOOKED);
	writes_to(&r, HEART, PHONE, "STOP", 0);
	ask(&r, COMMAND_OPTOUT_FIND, "lamna", PHONE);
	same_text("who opted it out", asked.source, "handset");
	ask(&r, COMMAND_OPTOUT_FIND, "contoso", PHONE);
	holds("nobody there", asked.ok && asked.source[0] == '\0');
	ask(&r, COMMAND_OPTOUT_FIND, "nobody", PHONE);
	holds("an organization that is not there", !asked.ok);
	ask(&r, COMMAND_PHONE_MARK, "", PHONE);
	memcpy(first, asked.mark, sizeof first);
	ask(&r, COMMAND_PHONE_MARK, "", "+16085550124");
	holds("each phone has its mark", asked.ok && memcmp(first, asked.mark, sizeof first) != 0);
	ask(&r, COMMAND_PHONE_MARK, "", PHONE);
	holds("always the same", memcmp(first, asked.mark, sizeof first) == 0);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_confirmation_is_of_the_visit_of_the_number_that_it_goes_to),
		RUN(only_what_is_booked_and_to_come_and_told_is_open), RUN(a_code_without_a_question), RUN(who_changes_their_mind_is_heard_again),
		RUN(who_opted_out_is_heard_and_not_answered), RUN(start_without_a_stop), RUN(a_number_that_went_still_takes_a_stop), RUN(odd_events),
		RUN(what_is_asked_about_a_phone) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
