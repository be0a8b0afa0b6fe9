/* test_replies.c - what phones write, through the real engine: opting out and in, confirming, and what is said back. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"
#include "rig_rows.h"

#define PHONE "+16085550123"
#define OURS "+18335550100"
#define DAY ((int64_t)86400)

static int event_number;

/* A text from a phone. */
static void
writes_at(struct rig *r, const char *phone, const char *words, int64_t at_s)
{
	struct sender_event ev = { .told = EVENT_INBOUND, .event = ++event_number, .to = OURS, .gateway = "acs", .at_s = at_s };

	(void)snprintf(ev.from, sizeof ev.from, "%s", phone);
	(void)snprintf(ev.message_id, sizeof ev.message_id, "Incoming_%d", event_number);
	told(r, ev, words);
}

static void
writes(struct rig *r, const char *words)
{
	writes_at(r, PHONE, words, 0);
}

static void
gateway_says(struct rig *r, bool opted_out)
{
	struct sender_event ev = { .told = EVENT_OPTOUT, .event = ++event_number, .opted_out = opted_out, .from = OURS, .to = PHONE };

	told(r, ev, NULL);
}

static void
book(struct rig *r, const char *id, int64_t in_s)
{
	(void)tell(r, (struct say){ .id = id, .patient = id, .phone = PHONE, .in_s = in_s });
	outcome(r, last_job(r), OUTCOME_ACCEPTED, 202);
}

static const char *
words_of(const struct sent *job)
{
	const char *p = job->body;

	for (int i = 0; i < 3; i++)
		p = strchr(p, '|') + 1;
	return p;
}

/* The newest job, answered well. */
static const char *
answer_text(struct rig *r)
{
	const struct sent *job = last_job(r);

	outcome(r, job, OUTCOME_ACCEPTED, 202);
	return words_of(job);
}

static struct optout
optout_of(struct rig *r)
{
	struct optout o = { "", 0 };
	struct fault f = { 0 };

	holds("the store answers", store_optout_get(r->store, "lamna", PHONE, &o, &f) != STORE_FAILED);
	return o;
}

struct kept {
	int n;
	enum reply last;
	int64_t start_s;
};

static bool
take_reply(void *ctx, const struct said_reply *s)
{
	struct kept *k = ctx;

	k->n++;
	k->last = s->what;
	k->start_s = s->start_s;
	return true;
}

static struct kept
kept_of(struct rig *r, int64_t appointment)
{
	struct kept k = { 0 };
	struct fault f = { 0 };

	holds("the store answers", store_replies_of(r->store, appointment, take_reply, &k, &f));
	return k;
}

static struct command *
command_about(enum command_kind kind, const char *who)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	(void)snprintf(c->organization, sizeof c->organization, "lamna");
	(void)snprintf(c->phone, sizeof c->phone, "%s", PHONE);
	(void)snprintf(c->who, sizeof c->who, "%s", who);
	return c;
}

struct done {
	bool ok, changed;
	char text[512];
};

static void
note_done(void *ctx, const struct command *c)
{
	struct done *d = ctx;

	d->ok = c->ok;
	d->changed = c->changed;
	(void)snprintf(d->text, sizeof d->text, "%s", c->ok ? "" : c->fault.text);
}

static struct done
does(struct rig *r, struct command *c)
{
	struct done d = { 0 };

	r->on_reply = note_done;
	r->on_reply_ctx = &d;
	(void)turn(r, NULL, NULL, &c->link);
	r->on_reply = NULL;
	return d;
}

static void
books_are_right(struct rig *r)
{
	const struct engine_status *s = status(r);
	int64_t sum = 0;

	for (int t = TEXT_PENDING; t < TEXT_STATES; t++)
		sum += s->texts[t];
	same_int("promise 6: states add up, responses too", sum, store_tally(r->store, 0, 0));
}

/* ---- opting out ---- */

TEST(stop_on_a_toll_free_number)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	writes(&r, "STOP");
	same_text("by the handset", optout_of(&r).source, "handset");
	same_int("the carrier has answered", r.jobs_n, 1);
	same_int("all numbers of the organization are told to the gateway", r.asked_of[ASK_OPTOUT_ADD], 1);
	same_int("kept with the visit", kept_of(&r, 1).last, REPLY_STOP);
	same_text("what waits says why it will not go", reason_name(text_of(&r, STORE_TEXTS_OF_ONE + 1).reason), "opted-out");
	same_int("it is not ended yet", text_of(&r, STORE_TEXTS_OF_ONE + 1).state, TEXT_PENDING);
	(void)tell(&r, (struct say){ .id = "A2", .patient = "9", .phone = PHONE, .in_s = 5 * DAY });
	same_int("no other visit is told of", r.jobs_n, 1);
	writes(&r, "Stop!");
	writes(&r, "HELP");
	writes(&r, "C");
	writes(&r, "what is this");
	same_int("who opted out gets nothing, whatever is written", r.jobs_n, 1);
	books_are_right(&r);
	rig_close(&r);
}

/* pain: REVOKE or "Stop. Thank you" is no STOP, and its answer never goes */
TEST(the_one_text_that_confirms)
{
	static const char *const words[] = { "Stop. Thank you", "REVOKE", "OPTOUT", "unsubscribe", "END", "Quit", "alto", "arr\xc3\xaat" };

	for (size_t i = 0; i < COUNT(words); i++) {
		struct rig r;

		rig_open(&r, 200, 0, "");
		book(&r, "A1", 3 * DAY);
		writes(&r, words[i]);
		same_text(words[i], optout_of(&r).source, "handset");
		same_int(words[i], r.jobs_n, 2);
		same_int("not before it has gone is the gateway told, for it would keep it back", r.asked_of[ASK_OPTOUT_ADD], 0);
		holds(words[i], strstr(answer_text(&r), "no more texts") != NULL);
		same_int("then it is", r.asked_of[ASK_OPTOUT_ADD], 1);
		holds("from a text that may go at any hour, within five minutes", last_job(&r)->not_after_s <= now_s(&r.now) + 300);
		writes(&r, words[i]);
		same_int("one, and not another", r.jobs_n, 2);
		books_are_right(&r);
		rig_close(&r);
	}
}

/* The carrier answers for toll-free numbers only; for the others we do. */
TEST(who_answers_the_keyword)
{
	static const struct {
		const char *type, *words;
		int jobs;
	} rows[] = {
		{ "toll-free", "STOP", 1 }, { "toll-free", "stop.", 1 }, { "toll-free", "CANCEL", 2 }, { "toll-free", "HELP", 2 },
		{ "10dlc", "STOP", 2 }, { "10dlc", "HELP", 2 },
		{ "short-code", "STOP", 2 }, { "10dlc keyword_answers = gateway", "STOP", 1 },
		{ "10dlc keyword_answers = gateway", "HELP", 1 }, { "10dlc keyword_answers = gateway", "Stop please", 2 },
		{ "toll-free keyword_answers = none", "STOP", 2 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;
		char type[80];

		rig_open(&r, 200, 0, "");
		rig_change(&r, "access_key = acs.key", "access_key = acs.key queue = \"https://lamna.queue.core.windows.net/events\" queue_key = q.key");
		(void)snprintf(type, sizeof type, "type = %s", rows[i].type);
		if (strcmp(rows[i].type, "short-code") == 0) {
			rig_change(&r, "sender = \"" OURS "\" type = toll-free", "sender = \"83355\" type = short-code");
		} else {
			rig_change(&r, "type = toll-free", type);
		}
		book(&r, "A1", 3 * DAY);
		if (strcmp(rows[i].type, "short-code") == 0)
			told(&r, (struct sender_event){ .told = EVENT_INBOUND, .event = 1, .from = PHONE, .to = "83355" }, rows[i].words);
		else
			writes(&r, rows[i].words);
		same_int(rows[i].words, r.jobs_n, rows[i].jobs);
		rig_close(&r);
	}
}

TEST(cancel_says_that_the_visit_stands)
{
	struct rig r;
	const char *said;

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	writes(&r, "CANCEL");
	same_text("an opt-out", optout_of(&r).source, "handset");
	said = answer_text(&r);
	holds("the visit is not canceled", strstr(said, "NOT canceled") && strstr(said, "608-271-9000"));
	rig_close(&r);
	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	writes(&r, "please cancel my appointment");
	same_text("no opt-out", optout_of(&r).source, "");
	holds("not either", strstr(answer_text(&r), "not canceled"));
	same_int("declined", kept_of(&r, 1).last, REPLY_DECLINE);
	rig_close(&r);
}

/* pain: the gateway knew of the STOP, the program did not */
TEST(what_the_gateway_knows)
{
	struct rig r;
	struct sender_event report = { .told = EVENT_REPORT, .event = 77, .delivery = DELIVERY_FAILED, .number = 4007,
		.status = "blocked-by-recipient" };

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	gateway_says(&r, true);
	same_text("its list", optout_of(&r).source, "gateway");
	gateway_says(&r, false);
	same_text("is believed both ways", optout_of(&r).source, "");
	report.text = last_job(&r)->text;
	told(&r, report, NULL);
	same_text("a report of 4007", optout_of(&r).source, "report");
	gateway_says(&r, false);
	same_text("which its list does not lift", optout_of(&r).source, "report");
	writes(&r, "STOP");
	same_text("what the phone says is more", optout_of(&r).source, "handset");
	r.asked_of[ASK_OPTOUT_ADD] = 0;
	gateway_says(&r, false);
	same_text("and stays", optout_of(&r).source, "handset");
	same_int("the gateway is told to add it", r.asked_of[ASK_OPTOUT_ADD], 1);
	pass(&r, 3 * DAY);
	same_int("nothing went since", r.jobs_n, 1);
	rig_close(&r);
}

TEST(a_refusal_for_opting_out_is_an_opt_out)
{
	struct rig r;
	struct sender_event *e = calloc(1, sizeof *e);

	assert_non_null(e);
	rig_open(&r, 200, 0, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY });
	*e = (struct sender_event){ .what = SENDER_OUTCOME, .text = last_job(&r)->text, .attempt = 1, .outcome = OUTCOME_REFUSED,
		.http_status = 202, .retry_after_ms = -1, .code = "opted-out" };
	(void)turn(&r, NULL, &e->link, NULL);
	same_text("recorded", optout_of(&r).source, "report");
	rig_close(&r);
}

/* The night's comparing asks for whoever is texted soon, and, when it is asked for, for every phone once. */
/* pain: two lists of opt-outs drift apart */
TEST(every_night_the_lists_are_compared)
{
	struct rig r;

	rig_open(&r, 6000, 0, "");
	book(&r, "A1", 3 * DAY);
	book(&r, "A2", 9 * DAY);
	(void)tell(&r, (struct say){ .id = "B", .patient = "b", .phone = "+16085550199", .in_s = 3 * DAY });
	(void)tell(&r, (struct say){ .id = "C", .patient = "c", .phone = "+16085550198", .in_s = 9 * DAY });
	pass(&r, DAY);
	same_int("each visit that is told of soon", r.asked_of[ASK_OPTOUT_CHECK], 2);
	pass(&r, DAY / 4);
	same_int("not again the same night", r.asked_of[ASK_OPTOUT_CHECK], 2);
	crash(&r);
	sender(&r, true);
	pass(&r, 120);
	same_int("nor after a restart", r.asked_of[ASK_OPTOUT_CHECK], 2);
	(void)does(&r, command_about(COMMAND_OPTOUT_COMPARE, "anna"));
	pass(&r, 10);
	same_int("but when it is asked for, every phone once", r.asked_of[ASK_OPTOUT_CHECK], 5);
	r.asked_of[ASK_OPTOUT_CHECK] = 0;
	pass(&r, 3 * DAY);
	same_int("the day after too, and nobody whose visit was", r.asked_of[ASK_OPTOUT_CHECK], 2);
	pass(&r, 3 * DAY);
	holds("and the others before their day", r.asked_of[ASK_OPTOUT_CHECK] >= 4);
	rig_close(&r);
}

/* More numbers than a turn has room to ask for: a hundred phones, four numbers each. */
TEST(many_numbers_are_compared_too)
{
	struct rig r;
	char numbers[600] = "environment \"prod\"", sites[1800] = "reminder \"day\" { before = 24h } departments = {'^A$'}";
	char id[16], phone[24];

	rig_open(&r, 6000, 0, "daily_cap = 0 storm_brake = off");
	for (int i = 1; i < 4; i++) {
		char one[400];
		size_t n;

		(void)snprintf(one, sizeof one, "number \"n%d\" { sender = \"+1833555010%d\" type = toll-free verified = true gateway = acs } ", i, i);
		(void)memmove(numbers + strlen(one), numbers, strlen(numbers) + 1);
		(void)memcpy(numbers, one, strlen(one));
		(void)snprintf(one, sizeof one, " } site \"s%d\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = n%d "
		    "time_zone = America/Chicago approver = none contact = \"608-271-9000\" departments = {'^%d$'}", i, i, i);
		n = strlen(sites);
		(void)snprintf(sites + n, sizeof sites - n, "%s", one);
	}
	rig_change(&r, "environment \"prod\"", numbers);
	rig_change(&r, "reminder \"day\" { before = 24h }", sites);
	for (int i = 0; i < 130; i++) {
		(void)snprintf(id, sizeof id, "M%d", i);
		(void)snprintf(phone, sizeof phone, "+1608555%04d", 100 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 3 * DAY });
		outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	}
	r.asked_of[ASK_OPTOUT_CHECK] = 0;
	(void)does(&r, command_about(COMMAND_OPTOUT_COMPARE, "anna"));
	pass(&r, 60);
	same_int("every phone once, for each number", r.asked_of[ASK_OPTOUT_CHECK], 4 * 130);
	pass(&r, DAY);
	same_int("and whoever is texted soon, the next night", r.asked_of[ASK_OPTOUT_CHECK], 8 * 130);
	rig_close(&r);
}

/* One phone, and two organizations that text it: each has a list of its own. */
TEST(a_phone_of_two_organizations_is_compared_for_both)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 6000, 0, "");
	rig_change(&r, "gateway \"acs\"", "organization \"fabrikam\" { name = \"Fabrikam\" consent_send_on_behalf = true "
	    "consent_attendees_consented = true country = US }\ngateway \"acs\"");
	rig_change(&r, "environment \"prod\"", "number \"other\" { sender = \"+18335550101\" type = toll-free verified = true gateway = acs } "
	    "environment \"second\" { kind = production organization = fabrikam certificates = {y.crt} }\nenvironment \"prod\"");
	rig_change(&r, "reminder \"day\" { before = 24h }", "reminder \"day\" { before = 24h } } site \"dental\" { environment = second "
	    "fhir_base_url = \"https://y/R4\" profile = generic number = other time_zone = America/Chicago settle = 0s window = \"00:00-24:00\" "
	    "approver = none contact = \"608-271-9001\"");
	book(&r, "A1", 3 * DAY);
	m = message_of(&r, (struct say){ .id = "A2", .patient = "A2", .phone = PHONE, .in_s = 3 * DAY, .site = 1 });
	m->environment = r.rules->conf->sites[1].environment;
	(void)turn(&r, &m->link, NULL, NULL);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	same_int("two texts", r.jobs_n, 2);
	r.asked_of[ASK_OPTOUT_CHECK] = 0;
	(void)does(&r, command_about(COMMAND_OPTOUT_COMPARE, "anna"));
	pass(&r, 10);
	same_int("both lists", r.asked_of[ASK_OPTOUT_CHECK], 2);
	rig_close(&r);
}

/* A removal is lost with a nudge-sender that is killed: the gateway's old word must not bring the opt-out back. */
TEST(an_end_that_the_gateway_has_not_heard_of)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 20 * DAY);
	writes(&r, "STOP");
	writes(&r, "START");
	same_int("asked", r.asked_of[ASK_OPTOUT_REMOVE], 1);
	sender(&r, false);
	crash(&r);
	r.asked_of[ASK_OPTOUT_CHECK] = 0;
	sender(&r, true);
	pass(&r, 5);
	same_int("whoever comes next looks", r.asked_of[ASK_OPTOUT_CHECK], 1);
	gateway_says(&r, true);
	same_text("its word is old", optout_of(&r).source, "");
	same_int("and it is told again", r.asked_of[ASK_OPTOUT_REMOVE], 2);
	gateway_says(&r, false);
	sender(&r, false);
	sender(&r, true);
	pass(&r, 5);
	same_int("done: nobody looks any more", r.asked_of[ASK_OPTOUT_CHECK], 1);
	gateway_says(&r, true);
	same_text("and its next word counts", optout_of(&r).source, "gateway");
	rig_close(&r);
}

TEST(what_is_owed_to_the_gateway_ends)
{
	struct rig r;

	rig_open(&r, 400, 0, "");
	book(&r, "A1", 20 * DAY);
	writes(&r, "STOP");
	writes(&r, "START");
	writes(&r, "STOP");
	gateway_says(&r, true);
	same_text("with the next STOP", optout_of(&r).source, "handset");
	same_int("which is not lifted", r.asked_of[ASK_OPTOUT_REMOVE], 1);
	writes(&r, "START");
	same_int("asked", r.asked_of[ASK_OPTOUT_REMOVE], 2);
	pass(&r, 3 * DAY);
	gateway_says(&r, true);
	same_text("and after three days, when it may be another STOP that we never saw", optout_of(&r).source, "gateway");
	rig_close(&r);
}

TEST(start_lifts_what_stop_set)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	writes(&r, "Stop. Thank you");
	(void)answer_text(&r);
	writes(&r, "yes");
	same_text("yes is no START", optout_of(&r).source, "handset");
	writes(&r, "start please");
	same_text("texts again", optout_of(&r).source, "");
	holds("and says so", strstr(answer_text(&r), "you will get texts"));
	same_text("what waits will go", reason_name(text_of(&r, STORE_TEXTS_OF_ONE + 1).reason), "");
	pass(&r, 2 * DAY + 10);
	same_int("and it goes", r.jobs_n, 4);
	books_are_right(&r);
	rig_close(&r);
}

/* Events come in any order: a START that was written before the STOP lifts nothing. */
TEST(a_start_that_is_older_than_the_stop)
{
	struct rig r;
	int64_t now;

	rig_open(&r, 200, 0, "");
	now = now_s(&r.now);
	writes_at(&r, PHONE, "STOP", now - 10);
	writes_at(&r, PHONE, "START", now - 60);
	same_text("the newer word counts", optout_of(&r).source, "handset");
	writes_at(&r, PHONE, "START", now - 5);
	same_text("now it is newer", optout_of(&r).source, "");
	rig_close(&r);
}

TEST(the_same_text_twice_is_one)
{
	struct rig r;
	struct sender_event ev = { .told = EVENT_INBOUND, .event = 1, .from = PHONE, .to = OURS, .gateway = "acs", .message_id = "Incoming_a" };

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	told(&r, ev, "Stop. Thank you");
	(void)answer_text(&r);
	writes(&r, "START");
	crash(&r);
	sender(&r, true);
	ev.event = 2;
	told(&r, ev, "Stop. Thank you");
	same_text("it is no new STOP", optout_of(&r).source, "");
	same_int("each copy is taken", r.taken, 2);
	rig_close(&r);
}

/* An organization's covers all its numbers, and those of no other. */
/* pain: one STOP ends the texts of everybody */
TEST(one_stop_one_organization)
{
	struct rig r;
	struct fault f = { 0 };

	rig_open(&r, 200, 0, "");
	rig_change(&r, "gateway \"acs\"", "organization \"other\" { name = \"Other\" consent_send_on_behalf = true "
	    "consent_attendees_consented = true country = US }\ngateway \"acs\"");
	writes(&r, "STOP");
	same_int("here", store_optout_find(r.store, "lamna", PHONE, &f), STORE_FOUND);
	same_int("not there", store_optout_find(r.store, "other", PHONE, &f), STORE_NONE);
	rig_close(&r);
}

TEST(a_number_that_is_gone_from_the_configuration)
{
	struct rig r;
	struct sender_event ev = { .told = EVENT_INBOUND, .event = 1, .from = PHONE, .to = "+18445550199", .gateway = "acs" };

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	told(&r, ev, "Stop now please");
	same_text("still counts", optout_of(&r).source, "handset");
	same_int("nothing can be said from it", r.jobs_n, 1);
	rig_close(&r);
}

/* ---- administrators ---- */

TEST(an_administrator_takes_back_only_what_an_administrator_did)
{
	struct rig r;
	struct command *c;
	struct done d;

	rig_open(&r, 200, 0, "");
	d = does(&r, command_about(COMMAND_OPTOUT_REMOVE, "anna"));
	holds("nothing to lift", !d.ok && strstr(d.text, "has not opted out"));
	d = does(&r, command_about(COMMAND_OPTOUT_ADD, "anna"));
	holds("added", d.ok && d.changed);
	same_text("with who", optout_of(&r).source, "admin:anna");
	d = does(&r, command_about(COMMAND_OPTOUT_ADD, "bert"));
	holds("twice is fine", d.ok && !d.changed);
	d = does(&r, command_about(COMMAND_OPTOUT_REMOVE, "bert"));
	holds("taken back", d.ok);
	same_text("gone", optout_of(&r).source, "");
	(void)does(&r, command_about(COMMAND_OPTOUT_ADD, "anna"));
	writes(&r, "STOP");
	d = does(&r, command_about(COMMAND_OPTOUT_REMOVE, "anna"));
	holds("not what the phone said", !d.ok && strstr(d.text, "START"));
	same_text("it stands", optout_of(&r).source, "handset");
	c = command_about(COMMAND_OPTOUT_REMOVE, "anna");
	c->reconsent.given = true;
	(void)snprintf(c->reconsent.who, sizeof c->reconsent.who, "front desk");
	(void)snprintf(c->reconsent.said, sizeof c->reconsent.said, "2026-11-27");
	(void)snprintf(c->reconsent.how, sizeof c->reconsent.how, "signed form");
	d = does(&r, c);
	holds("on the patient's word", d.ok);
	same_text("lifted", optout_of(&r).source, "");
	c = command_about(COMMAND_OPTOUT_ADD, "anna");
	(void)snprintf(c->organization, sizeof c->organization, "nobody");
	d = does(&r, c);
	holds("an organization that is not there", !d.ok && strstr(d.text, "nobody"));
	rig_close(&r);
}

/* ---- replies ---- */

TEST(confirmed_and_declined)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	writes(&r, "C");
	same_int("confirmed", kept_of(&r, 1).last, REPLY_CONFIRM);
	holds("with its time", strstr(answer_text(&r), "is confirmed"));
	writes(&r, "1");
	same_int("saying it again says nothing new", r.jobs_n, 2);
	same_int("kept once", kept_of(&r, 1).n, 1);
	writes(&r, "N");
	same_int("declined", kept_of(&r, 1).last, REPLY_DECLINE);
	holds("it is not canceled by that", strstr(answer_text(&r), "not canceled yet"));
	same_text("no opt-out", optout_of(&r).source, "");
	pass(&r, 2 * DAY + 10);
	same_int("the reminder still goes", r.jobs_n, 4);
	books_are_right(&r);
	rig_close(&r);
}

/* pain: several visits or patients on one phone, and the reply goes to the wrong one */
TEST(several_visits)
{
	struct rig r;
	const char *said;

	rig_open(&r, 6000, 0, "");
	book(&r, "B", 4 * DAY);
	book(&r, "A", 3 * DAY); /* of another patient with the same phone */
	writes(&r, "C");
	said = answer_text(&r);
	holds("asks which", strstr(said, "1: ") && strstr(said, "2: ") && !strstr(said, "3: ") && strstr(said, "Reply C"));
	same_int("and guesses nothing", kept_of(&r, 1).n + kept_of(&r, 2).n, 0);
	writes(&r, "C1");
	same_int("the first by time", kept_of(&r, 2).last, REPLY_CONFIRM);
	same_int("the other is untouched", kept_of(&r, 1).n, 0);
	(void)answer_text(&r);
	(void)tell(&r, (struct say){ .id = "A", .patient = "A", .phone = PHONE, .in_s = 5 * DAY, .sent_ago_s = -5 });
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	writes(&r, "N1");
	same_int("a code of before the change names nothing", kept_of(&r, 2).n, 1);
	holds("asks again", strstr(answer_text(&r), "1: "));
	writes(&r, "n 2");
	same_int("now the second by time", kept_of(&r, 2).last, REPLY_DECLINE);
	writes(&r, "STOP");
	same_int("STOP is the phone's: both visits have it", kept_of(&r, 1).last == REPLY_STOP && kept_of(&r, 2).last == REPLY_STOP, true);
	books_are_right(&r);
	rig_close(&r);
}

TEST(what_is_not_open_is_not_confirmed)
{
	struct rig r;

	rig_open(&r, 200, 600, "");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY });
	writes(&r, "yes");
	same_int("nothing was told yet: nothing is confirmed", kept_of(&r, 1).n, 0);
	holds("nobody reads it", strstr(answer_text(&r), "not read"));
	rig_close(&r);
}

/* What is typed to the clinic at night; and two machines that talk to each other. */
TEST(what_nobody_reads)
{
	struct rig r;
	const char *said;

	rig_open(&r, 200, 0, "");
	rig_change(&r, "window = \"00:00-24:00\"", "window = \"09:00-20:00\"");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 3 * DAY }); /* 06:00 in the clinic */
	same_int("the window is closed", r.jobs_n, 0);
	writes(&r, "I have chest pain");
	said = answer_text(&r);
	holds("who writes is answered at any hour", strstr(said, "not read") && strstr(said, "608-271-9000") && strstr(said, "911") &&
	    strstr(said, "STOP"));
	writes(&r, "hello?");
	writes(&r, "anybody");
	same_int("once a day", r.jobs_n, 1);
	for (int i = 0; i < 30; i++)
		writes(&r, "help");
	same_int("HELP three times", r.jobs_n, 4);
	writes_at(&r, "+16085550199", "hello", 0);
	same_int("a stranger is answered too", r.jobs_n, 5);
	pass(&r, DAY + 60);
	r.jobs_n = 0;
	writes(&r, "hello again");
	same_int("the next day again", r.jobs_n, 1);
	books_are_right(&r);
	rig_close(&r);
}

/* pain: "wrong number" is read by nobody, and the texts go on */
TEST(the_wrong_number)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	writes(&r, "Wrong number!");
	same_text("gets no more", optout_of(&r).source, "handset");
	same_int("somebody must look at the visit", kept_of(&r, 1).last, REPLY_WRONG_NUMBER);
	holds("and is told so", strstr(answer_text(&r), "no more texts"));
	rig_close(&r);
}

/* pain: 136 texts to one person, who cannot stop them */
TEST(stop_stops_a_flood)
{
	struct rig r;
	char id[16];

	rig_open(&r, 6000, 60, "");
	for (int i = 0; i < 136; i++) {
		(void)snprintf(id, sizeof id, "F%d", i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = PHONE, .in_s = 10 * DAY });
	}
	writes(&r, "STOP");
	pass(&r, 10 * DAY);
	same_int("not one", r.jobs_n, 0);
	same_int("all of them say why", status(&r)->texts[TEXT_SUPPRESSED], 136 * 2);
	rig_close(&r);
}

TEST(a_response_late_or_after_a_crash)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	book(&r, "A1", 3 * DAY);
	sender(&r, false);
	writes(&r, "Stop it now");
	same_int("nudge-sender is away", r.jobs_n, 1);
	crash(&r);
	pass(&r, 400);
	sender(&r, true);
	same_int("after five minutes it is too late", r.jobs_n, 1);
	same_int("and has ended", status(&r)->texts[TEXT_EXPIRED], 1);
	same_text("the opt-out stands", optout_of(&r).source, "handset");
	writes_at(&r, "+16085550199", "Stop it now", 0);
	same_int("one goes", r.jobs_n, 2);
	crash(&r);
	sender(&r, true);
	same_int("after a crash it goes again with the same ids", r.jobs_n, 3);
	same_text("the same bytes", r.jobs[1].body, r.jobs[2].body);
	books_are_right(&r);
	rig_close(&r);
}

TEST(the_answer_is_in_the_patients_language)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	rig_change(&r, "approver = none", "approver = none languages = {en, es}");
	writes(&r, "PARAR");
	holds("Spanish words, a Spanish answer", strstr(answer_text(&r), "mensajes"));
	rig_close(&r);
}

/* pain: replies of a test land in production */
TEST(a_test_environment_answers_only_its_own)
{
	struct rig r;

	rig_open(&r, 200, 0, "");
	rig_change(&r, "kind = production", "kind = test only_to = {\"+16085550199\"}");
	writes(&r, "help");
	same_int("not this one", r.jobs_n, 0);
	writes_at(&r, "+16085550199", "help", 0);
	same_int("this one", r.jobs_n, 1);
	rig_close(&r);
}

/* The phone and the words are in no file once the answer has gone. */
TEST(nothing_of_it_stays)
{
	struct rig r;
	struct response x;
	struct fault f = { 0 };

	rig_open(&r, 200, 0, "");
	writes(&r, "my secret words");
	same_int("there is one", store_response_get(r.store, STORE_RESPONSES, &x, &f), STORE_FOUND);
	same_text("with its phone", x.phone, PHONE);
	(void)answer_text(&r);
	same_int("there still is", store_response_get(r.store, STORE_RESPONSES, &x, &f), STORE_FOUND);
	same_text("without", x.phone, "");
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(stop_on_a_toll_free_number), RUN(the_one_text_that_confirms), RUN(who_answers_the_keyword),
		RUN(cancel_says_that_the_visit_stands), RUN(what_the_gateway_knows), RUN(a_refusal_for_opting_out_is_an_opt_out),
		RUN(every_night_the_lists_are_compared), RUN(many_numbers_are_compared_too), RUN(a_phone_of_two_organizations_is_compared_for_both), RUN(an_end_that_the_gateway_has_not_heard_of), RUN(what_is_owed_to_the_gateway_ends), RUN(start_lifts_what_stop_set), RUN(a_start_that_is_older_than_the_stop),
		RUN(the_same_text_twice_is_one), RUN(one_stop_one_organization), RUN(a_number_that_is_gone_from_the_configuration),
		RUN(an_administrator_takes_back_only_what_an_administrator_did), RUN(confirmed_and_declined), RUN(several_visits),
		RUN(what_is_not_open_is_not_confirmed), RUN(what_nobody_reads), RUN(the_wrong_number), RUN(stop_stops_a_flood),
		RUN(a_response_late_or_after_a_crash), RUN(the_answer_is_in_the_patients_language),
		RUN(a_test_environment_answers_only_its_own), RUN(nothing_of_it_stays) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
