/* test_quarantine.c - a message that could not be read: what waits for it, how it is shown, read again and let go; and learning. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"
#define OTHER "+16085550145"
#define DAY 86400

#define MSH(type) "MSH|^~\\&|EPIC||NUDGE|HERE|20261127060000-0600||" type "|C1|P|2.3\r"
#define REST(start) "SCH|1|V1|||||||30|MIN|^^30^" start "\rPID|1||1001^^^EPIC^MR||Testmann^Erika||19700101|F|||||(608) 555-0145^PRN^CP\rPV1|1|O|CARD\r"
#define GOOD MSH("SIU^S12") REST("20261203101500")
#define BAD MSH("SIU^S12") REST("tomorrow")

static struct {
	int n;
	bool ok, more;
	char fault[512], raw[4096], about[STORE_ID_MAX], environment[64], why[96], segment[4];
	int what, field;
	size_t results_n;
	int64_t last_id;
} said;

static void
took(void *ctx, const struct command *c)
{
	(void)ctx;
	said.n++;
	said.ok = c->ok;
	said.more = c->more;
	(void)snprintf(said.fault, sizeof said.fault, "%s", c->ok ? "" : c->fault.text);
	(void)snprintf(said.raw, sizeof said.raw, "%.*s", (int)c->raw.n, c->raw.n ? (const char *)c->raw.p : "");
	(void)snprintf(said.about, sizeof said.about, "%s", c->quarantined.about);
	(void)snprintf(said.environment, sizeof said.environment, "%s", c->quarantined.environment);
	said.results_n = c->results_n;
	if (c->results_n > 0) {
		const struct replay_result *r = &c->results[c->results_n - 1];

		said.what = (int)r->what;
		said.field = r->field;
		said.last_id = r->id;
		(void)snprintf(said.why, sizeof said.why, "%s", r->why);
		memcpy(said.segment, r->segment, sizeof said.segment);
	}
}

static void
ask(struct rig *r, enum command_kind kind, int64_t id, bool all, const char *site)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	c->id = id;
	c->all = all;
	(void)snprintf(c->site, sizeof c->site, "%s", site);
	memset(&said, 0, sizeof said);
	r->on_reply = took;
	(void)turn(r, NULL, NULL, &c->link);
	r->on_reply = NULL;
	same_int("one reply", said.n, 1);
}

/* `about`: the visit whose id could be read, or "". */
static void
doubt(struct rig *r, const char *raw, const char *about)
{
	struct message *m = message_of(r, (struct say){ .id = "-" });

	m->kind = MESSAGE_QUARANTINE;
	m->bookings_n = 0;
	m->reason = "no start time";
	m->error.field = 11;
	memcpy(m->error.segment, "SCH", 4);
	m->raw = arena_copy(&m->arena, span_of(raw));
	m->held_id = arena_copy(&m->arena, span_of(about));
	m->about = &r->rules->conf->sites[0];
	same_int("stored", turn(r, &m->link, NULL, NULL), TURN_DONE);
}

static int64_t
kept(struct rig *r, int64_t after)
{
	struct fault f = { 0 };

	return store_quarantine_next(r->store, "", &after, &f) == STORE_FOUND ? after : 0;
}

static void
books(struct rig *r, const char *what, int64_t pending, int64_t held)
{
	(void)status(r);
	same_int(what, r->status.texts[TEXT_PENDING], pending);
	same_int(what, r->status.texts[TEXT_HELD], held);
}

/* Two visits, each with a confirmation that settles and a reminder. */
static void
begin(struct rig *r, const char *more)
{
	rig_open(r, 6000, 600, more);
	(void)tell(r, (struct say){ .id = "V1", .phone = PHONE, .in_s = 5 * DAY });
	(void)tell(r, (struct say){ .id = "V2", .patient = "1002", .phone = OTHER, .in_s = 5 * DAY });
}

TEST(what_a_message_in_doubt_is_about_waits_until_it_is_discarded)
{
	struct rig r;
	int64_t first, second;

	begin(&r, "");
	books(&r, "before", 4, 0);
	doubt(&r, BAD, "");
	books(&r, "about nobody: nothing waits", 4, 0);
	doubt(&r, BAD, "V1");
	books(&r, "the visit's two wait, the other's go on", 2, 2);
	doubt(&r, BAD, "V1");
	books(&r, "said twice", 2, 2);
	first = kept(&r, kept(&r, 0));
	second = kept(&r, first);
	ask(&r, COMMAND_QUARANTINE_DISCARD, first, false, "");
	holds("discarded", said.ok && kept(&r, kept(&r, 0)) == second);
	books(&r, "the second still holds it", 2, 2);
	ask(&r, COMMAND_QUARANTINE_DISCARD, second, false, "");
	holds("discarded", said.ok);
	books(&r, "let go", 4, 0);
	ask(&r, COMMAND_QUARANTINE_DISCARD, second, false, "");
	holds("not again", !said.ok && strstr(said.fault, "in quarantine") != NULL);
	ask(&r, COMMAND_QUARANTINE_DISCARD, kept(&r, 0), false, "");
	holds("about nobody", said.ok && kept(&r, 0) == 0);
	books(&r, "nothing changes", 4, 0);
	pass(&r, 620);
	same_int("and both are sent", r.jobs_n, 2);
	rig_close(&r);
}

TEST(it_is_shown_as_it_came)
{
	struct rig r;

	begin(&r, "");
	doubt(&r, BAD, "V1");
	ask(&r, COMMAND_QUARANTINE_SHOW, kept(&r, 0), false, "");
	holds("shown", said.ok);
	same_text("byte for byte", said.raw, BAD);
	same_text("what waits for it", said.about, "V1");
	same_text("whose it is", said.environment, "prod");
	ask(&r, COMMAND_QUARANTINE_SHOW, 99, false, "");
	holds("no such one", !said.ok);
	same_text("said so", said.fault, "no message 99 in quarantine");
	rig_close(&r);
}

TEST(read_again_it_is_applied_ignored_or_stays)
{
	struct rig r;
	int64_t id;

	begin(&r, "");
	doubt(&r, BAD, "V1");
	id = kept(&r, 0);
	ask(&r, COMMAND_QUARANTINE_REPLAY, id, false, "");
	holds("asked", said.ok && said.results_n == 1);
	same_int("as bad as before", said.what, REPLAY_STAYS);
	same_text("where", said.segment, "SCH");
	same_int("which field", said.field, 11);
	holds("kept", kept(&r, 0) == id);
	books(&r, "its visit waits", 2, 2);
	ask(&r, COMMAND_QUARANTINE_DISCARD, id, false, "");

	doubt(&r, GOOD, "V1");
	ask(&r, COMMAND_QUARANTINE_REPLAY, kept(&r, 0), false, "");
	same_int("mended", said.what, REPLAY_APPLIED);
	holds("gone", said.ok && kept(&r, 0) == 0);
	books(&r, "its visit goes on", 4, 0);
	pass(&r, 620);
	same_int("both are told", r.jobs_n, 2);
	holds("at the number of the message that was read again", strcmp(r.jobs[0].to, OTHER) == 0 && strcmp(r.jobs[1].to, OTHER) == 0);

	doubt(&r, MSH("SIU^S23") REST("20261203101500"), "V1");
	books(&r, "the reminder waits", 1, 1);
	ask(&r, COMMAND_QUARANTINE_REPLAY, kept(&r, 0), false, "");
	same_int("nothing that is wanted", said.what, REPLAY_IGNORED);
	holds("gone", said.ok && kept(&r, 0) == 0);
	books(&r, "let go", 2, 0);
	doubt(&r, "MSH|nothing", "");
	ask(&r, COMMAND_QUARANTINE_REPLAY, kept(&r, 0), false, "");
	same_int("no message at all", said.what, REPLAY_STAYS);
	ask(&r, COMMAND_QUARANTINE_REPLAY, 99, false, "");
	holds("no such one", said.ok && said.results_n == 1 && said.what == REPLAY_STAYS);
	same_text("why", said.why, "it is not in quarantine (any more)");
	rig_close(&r);
}

TEST(news_of_a_patient_read_again)
{
	struct rig r;

	begin(&r, "sending_application = EPIC adt = {deceased}");
	doubt(&r, MSH("ADT^A08") "PID|1||1001^^^EPIC^MR||Testmann^Erika||19700101|F||||||||||||||||||||||Y\r", "");
	ask(&r, COMMAND_QUARANTINE_REPLAY, kept(&r, 0), false, "");
	same_int("applied", said.what, REPLAY_APPLIED);
	holds("gone", said.ok && kept(&r, 0) == 0);
	pass(&r, 620);
	same_int("only the other patient is told", r.jobs_n, 1);
	same_text("namely", r.jobs[0].to, OTHER);
	rig_close(&r);
}

TEST(a_newer_good_message_settles_it)
{
	struct rig r;

	begin(&r, "");
	doubt(&r, BAD, "V1");
	books(&r, "waits", 2, 2);
	(void)tell(&r, (struct say){ .id = "V1", .phone = PHONE, .in_s = 5 * DAY });
	books(&r, "goes on", 4, 0);
	rig_close(&r);
}

TEST(what_waits_too_long_expires)
{
	struct rig r;

	begin(&r, "");
	doubt(&r, BAD, "V1");
	books(&r, "waits", 2, 2);
	for (int i = 0; i < 130; i++) {
		r.now.wall_ms += 3600000;
		r.now.boot_ms += 3600000;
		(void)turn(&r, NULL, NULL, NULL);
	}
	(void)status(&r);
	same_int("none waits", r.status.texts[TEXT_HELD], 0);
	same_int("they are expired", r.status.texts[TEXT_EXPIRED], 2);
	for (int i = 0; i < r.jobs_n; i++)
		same_text("only the other's were sent", r.jobs[i].to, OTHER);
	rig_close(&r);
}

TEST(all_of_a_site_are_read_again_in_portions)
{
	struct rig r;
	int64_t n, bytes;

	begin(&r, "");
	for (int i = 0; i < 66; i++)
		doubt(&r, i == 65 ? GOOD : BAD, "");
	ask(&r, COMMAND_QUARANTINE_REPLAY, 0, true, "cardiology");
	holds("a portion, and there is more", said.ok && said.more && said.results_n == 64);
	ask(&r, COMMAND_QUARANTINE_REPLAY, said.last_id, true, "cardiology");
	holds("the rest", said.ok && !said.more && said.results_n == 2);
	same_int("the last is good", said.what, REPLAY_APPLIED);
	store_quarantine_size(r.store, &n, &bytes);
	same_int("and gone", n, 65);
	ask(&r, COMMAND_QUARANTINE_REPLAY, 0, true, "nowhere");
	holds("another site has none", said.ok && !said.more && said.results_n == 0);
	rig_close(&r);
}

TEST(its_environment_may_be_gone)
{
	struct rig r;

	begin(&r, "");
	doubt(&r, GOOD, "V1");
	rig_change(&r, "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
	    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n"
	    "site \"cardiology\" { environment = prod",
	    "environment \"new\" { kind = production organization = lamna certificates = {x.crt} }\n"
	    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {new} }\n"
	    "site \"cardiology\" { environment = new");
	ask(&r, COMMAND_QUARANTINE_REPLAY, kept(&r, 0), false, "");
	holds("asked", said.ok);
	same_int("it stays", said.what, REPLAY_STAYS);
	same_text("why", said.why, "its environment is not in the configuration any more");
	holds("and is kept", kept(&r, 0) > 0);
	rig_close(&r);
}

/* What is refused is said by the listener that serves its environment; since a reload there may be none. */
TEST(its_own_listener_says_how_it_is_read_again)
{
#define HOUSE "environment \"teeth\" { kind = production organization = lamna certificates = {y.crt} }\n"
#define LISTENS(title, port, environments, more) \
	"listener \"" title "\" { address = \"127.0.0.1\" port = " port " tls = false environments = {" environments "} " more "}\n"
	static const struct {
		const char *rule, *listeners;
		int what;
	} rows[] = {
		{ "one of another environment is stricter", HOUSE LISTENS("m", "2", "teeth", "strict_types = true") LISTENS("l", "1", "prod", ""), REPLAY_IGNORED },
		{ "its own is", HOUSE LISTENS("m", "2", "teeth", "") LISTENS("l", "1", "prod", "strict_types = true"), REPLAY_STAYS },
		{ "nobody comes in for it any more", HOUSE LISTENS("m", "2", "teeth", "strict_types = true"), REPLAY_IGNORED },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig r;

		begin(&r, "");
		doubt(&r, MSH("ORU^R01"), "");
		rig_change(&r, LISTENS("l", "1", "prod", ""), rows[i].listeners);
		ask(&r, COMMAND_QUARANTINE_REPLAY, kept(&r, 0), false, "");
		holds("asked", said.ok);
		same_int(rows[i].rule, said.what, rows[i].what);
		same_int("what is refused stays", kept(&r, 0) > 0, rows[i].what == REPLAY_STAYS);
		rig_close(&r);
	}
}

TEST(a_site_that_is_learned)
{
	struct rig r;
	struct message *m;

	rig_open(&r, 6000, 0, "learning = true");
	m = message_of(&r, (struct say){ .id = "V1", .phone = PHONE, .in_s = 5 * DAY });
	m->raw = arena_copy(&m->arena, SPAN_LIT(GOOD));
	(void)turn(&r, &m->link, NULL, NULL);
	ask(&r, COMMAND_LEARN, 0, false, "cardiology");
	holds("asked", said.ok);
	holds("one was kept", strstr(said.raw, "# learned from 1 message\n") != NULL);
	holds("the block", strstr(said.raw, "site \"cardiology\" {\n") && strstr(said.raw, "sending_application = \"EPIC\""));
	holds("nobody's number", !strstr(said.raw, "555"));
	doubt(&r, BAD, "V1");
	doubt(&r, BAD, "V1");
	ask(&r, COMMAND_LEARN, 0, false, "cardiology");
	holds("what is in quarantine counts", said.ok && strstr(said.raw, "# learned from 3 messages\n") != NULL);
	ask(&r, COMMAND_LEARN, 0, false, "nowhere");
	holds("no such site", !said.ok);
	same_text("said so", said.fault, "no site \"nowhere\" in the configuration");
	pass(&r, 620);
	same_int("it sends nothing", r.jobs_n, 0);
	rig_close(&r);
}

/* Somebody's hand, or a disk that forgets: what is left is learned from. */
TEST(a_sample_that_cannot_be_opened_hides_no_other)
{
	struct message *m;
	char path[128];
	sqlite3 *db = NULL;
	struct rig r;

	rig_open(&r, 6000, 0, "learning = true");
	for (int i = 0; i < 2; i++) {
		m = message_of(&r, (struct say){ .id = i == 0 ? "V1" : "V2", .phone = PHONE, .in_s = 5 * DAY });
		m->raw = arena_copy(&m->arena, i == 0 ? SPAN_LIT(GOOD) : SPAN_LIT(GOOD "NTE|1\r"));
		(void)turn(&r, &m->link, NULL, NULL);
	}
	(void)snprintf(path, sizeof path, "%s/nudge.db", r.folder);
	refuse_here(false);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE sample SET raw = (SELECT raw FROM sample ORDER BY id DESC) WHERE id = (SELECT min(id) FROM sample)",
	    NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	ask(&r, COMMAND_LEARN, 0, false, "cardiology");
	holds("asked", said.ok);
	holds("the other one", strstr(said.raw, "# learned from 1 message\n") != NULL);
	rig_close(&r);
}

/* So that no acknowledgement waits for the looking. */
TEST(of_a_full_quarantine_two_hundred_are_learned_from)
{
	struct rig r;

	rig_open(&r, 6000, 0, "learning = true");
	for (int i = 0; i < 201; i++) {
		char raw[200];

		(void)snprintf(raw, sizeof raw, "MSH|^~\\&|EPIC||NUDGE|HERE|20261127060000-0600||SIU^S12|%d|P|2.3\rSCH|1|V1\r", i);
		doubt(&r, raw, "");
	}
	ask(&r, COMMAND_LEARN, 0, false, "cardiology");
	holds("asked", said.ok);
	holds("as many as of a site's samples are kept", strstr(said.raw, "# learned from 200 messages\n") != NULL);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_a_message_in_doubt_is_about_waits_until_it_is_discarded), RUN(it_is_shown_as_it_came),
		RUN(read_again_it_is_applied_ignored_or_stays), RUN(news_of_a_patient_read_again), RUN(a_newer_good_message_settles_it),
		RUN(what_waits_too_long_expires), RUN(all_of_a_site_are_read_again_in_portions), RUN(its_environment_may_be_gone),
		RUN(its_own_listener_says_how_it_is_read_again), RUN(a_site_that_is_learned), RUN(a_sample_that_cannot_be_opened_hides_no_other),
		RUN(of_a_full_quarantine_two_hundred_are_learned_from) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
