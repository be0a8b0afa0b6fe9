/* test_scarce.c - memory ends while rules are made, approvals kept and texts written: no half of it, no leak, and the next try is whole. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "hospital.h"
#include "rig.h"

#define FORM \
	HOSPITAL_TOP "site \"a\" {\n\tenvironment = prod\n\tprofile = epic\n\tnumber = main\n\tname = \"Lamna A\"\n" \
	"\tcontact = \"608-271-9000\"\n\tfhir_base_url = \"https://lamna.example/R4\"\n\ttime_zone = America/Chicago\n" \
	"\tlanguages = {en}\n\tdepartments = {'^CARD', '^ECHO'}\n\tconfidential_visit_types = {'HIV'}\n" \
	"\tholidays = days\n\ttemplates = words\n\tlink = \"https://lamna.example/v/{appointment_id}\"\n" \
	"\twindow = \"09:00-20:00\"\n\treminder \"day\" { before = 24h }\n\treminder \"eve\" { before = 1d at 17:00 }\n" \
	"\tapprover = root\n}\n" \
	"site \"b\" {\n\tenvironment = prod\n\tprofile = generic\n\tname = \"Lamna B\"\n\tcontact = \"608-271-9000\"\n" \
	"\tsending_application = B\n\tfhir_base_url = \"https://lamna.example/R4\"\n\ttime_zone = Europe/London\n\tapprover = none\n}\n"

/* ---- allocations of the product that fail: linked with --wrap ---- */

static struct {
	long at, asked; /* at: this one fails; 0: none */
	bool ever;      /* and all behind it */
} want;

static bool
none(void)
{
	if (want.at == 0)
		return false;
	want.asked++;
	return want.asked == want.at || (want.ever && want.asked > want.at);
}

#include "scarce_doors.h"

/* Does something, and looks that it is whole: a warning may lack. false: it could not, for want of memory. */
typedef bool attempt_fn(void *ctx);

/* With each allocation failing in turn (of those behind the first hundred, fewer and fewer), once and for ever; then it must
 * work. How many there were. */
static long
each_fails(attempt_fn *attempt, void *ctx)
{
	long n = 0, there_were = 0;

	for (int ever = 0; ever <= 1; ever++) {
		bool reached;

		n = 0;
		do {
			want.ever = ever;
			want.asked = 0;
			want.at = n += 1 + n / 100;
			bool ok = attempt(ctx);

			reached = want.asked >= n;
			want.at = 0;
			if (!reached) {
				there_were = want.asked;
				holds("with enough memory", ok);
			}
		} while (reached);
	}
	return there_were;
}

/* ---- what is tried ---- */

static const char holiday_file[] = "2026-12-25 # Christmas\n07-04\nEaster-2\n";
static const char words_en[] =
    "[booked]\n{organization}: your visit\xe2\x80\x99s time is on {start_date} at {start_time}. [[{link} ]]Reply STOP to opt out.\n"
    "[changed]\n{organization}: your visit is now on {start_date} at {start_time}. Reply STOP to opt out.\n"
    "[canceled]\n{organization}: your visit on {start_date} is canceled.\n"
    "[reminder]\n{organization}: [[{if video}by video]] on {start_date} at {start_time}. Reply STOP to opt out.\n";

struct made {
	struct hospital h;
	struct rules *file, *wider; /* as approved; with hours that are not */
	struct approval approval;
	struct buf spelled;
	struct conf *conf;
};

static void
say_why(const struct conf_faults *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->item[i].warning)
			fail_msg("line %d: %s", f->item[i].line, f->item[i].text);
	fail_msg("it does not load, and nobody says why");
}

static struct conf *
load(struct hospital *h, const char *from, const char *to)
{
	static const char form[] = FORM;
	char text[8192], path[128];
	const char *at = strstr(form, from);
	struct conf *c = NULL;

	assert_non_null(at);
	(void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - form), form, to, at + strlen(from));
	hospital_write(h, "nudge.conf", text);
	(void)snprintf(path, sizeof path, "%s/nudge.conf", h->folder);
	conf_faults_clear(&h->faults);
	if (!conf_load(path, CONF_CHECK, &c, &h->faults))
		say_why(&h->faults);
	return c;
}

static void
words_path(const struct hospital *h, char *out, size_t cap, const char *name)
{
	(void)snprintf(out, cap, "%s/words%s%s", h->folder, name[0] ? "/" : "", name);
}

static void
make(struct made *m)
{
	char path[128];
	struct conf *c;

	memset(m, 0, sizeof *m);
	hospital_build(&m->h);
	words_path(&m->h, path, sizeof path, "");
	assert_int_equal(mkdir(path, 0700), 0);
	hospital_write(&m->h, "days", holiday_file);
	hospital_write(&m->h, "words/en", words_en);
	m->conf = load(&m->h, "09:00-20:00", "09:00-20:00");
	if (!rules_new(m->conf, &m->file, &m->h.faults))
		say_why(&m->h.faults);
	c = load(&m->h, "09:00-20:00", "07:00-21:00");
	assert_true(rules_new(c, &m->wider, &m->h.faults));
	conf_drop(c);
	buf_init(&m->spelled, 1u << 20);
	assert_true(terms_spell(&m->file->sites[0].terms, &m->spelled));
	m->approval = (struct approval){ .site = "a", .who = "anna", .at_s = 1790000000 };
	memcpy(m->approval.hash, m->file->sites[0].hash, sizeof m->approval.hash);
	m->approval.spelled = m->spelled.p;
	m->approval.spelled_n = m->spelled.n;
}

static void
unmake(struct made *m)
{
	char path[128];

	rules_drop(m->file);
	rules_drop(m->wider);
	conf_drop(m->conf);
	buf_clear(&m->spelled);
	words_path(&m->h, path, sizeof path, "en");
	(void)unlink(path);
	words_path(&m->h, path, sizeof path, "");
	(void)rmdir(path);
	(void)snprintf(path, sizeof path, "%s/days", m->h.folder);
	(void)unlink(path);
	hospital_close(&m->h);
}

static bool
compile(void *ctx)
{
	struct made *m = ctx;
	struct conf_faults faults = { 0 };
	struct rules *r = NULL;
	bool ok = rules_new(m->conf, &r, &faults);

	holds("an error, when there are no rules", ok == (faults.errors_n == 0) && ok == (r != NULL));
	if (r) {
		holds("the same as ever", r->version == m->file->version && r->tzdata == m->file->tzdata);
		assert_memory_equal(r->sites[0].hash, m->file->sites[0].hash, DIGEST_BYTES);
	}
	rules_drop(r);
	conf_faults_clear(&faults);
	return ok;
}

TEST(rules_are_made_whole_or_not)
{
	struct made m;

	make(&m);
	holds("many were tried", each_fails(compile, &m) > 100);
	unmake(&m);
}

static bool
stand(void *ctx)
{
	struct made *m = ctx;
	struct conf_faults faults = { 0 };
	struct rules *r = NULL;
	bool ok = rules_in_force(m->wider, &m->approval, 1, &r, &faults);

	holds("an error, when there are no rules", ok == (faults.errors_n == 0) && ok == (r != NULL));
	if (r && r->sites[0].standing.what != STANDING_DIFFERS)
		same_text("what was approved was not kept, and nobody is texted", rules_silent(&r->sites[0]) ? "silent" : "texting", "silent");
	else if (r)
		same_int("never wider than was approved", r->conf->sites[0].window.from_min, 9 * 60);
	ok = r && r->sites[0].standing.what == STANDING_DIFFERS;
	rules_drop(r);
	conf_faults_clear(&faults);
	return ok;
}

TEST(what_was_approved_stays_in_force_or_nothing_does)
{
	struct made m;

	make(&m);
	holds("many were tried", each_fails(stand, &m) > 100);
	unmake(&m);
}

static bool
copy_terms(void *ctx)
{
	struct made *m = ctx;
	struct site_terms read = { 0 }, copy = { 0 };
	struct fault f = { 0 };
	struct buf again;
	bool ok;

	buf_init(&again, 1u << 20);
	ok = terms_read(buf_span(&m->spelled), &read, &f) && terms_copy(&read, &copy) && terms_spell(&copy, &again);
	if (ok)
		same_bytes("read back as written", again.p, again.n, m->spelled.p, m->spelled.n);
	buf_clear(&again);
	terms_clear(&copy);
	terms_clear(&read);
	return ok;
}

TEST(terms_are_kept_whole_or_not)
{
	struct made m;

	make(&m);
	holds("many were tried", each_fails(copy_terms, &m) > 50);
	unmake(&m);
}

/* Into a copy of the site that was made while there was enough. */
static bool
apply_terms(void *ctx)
{
	struct made *m = ctx;
	long at = want.at;
	struct conf *c;
	struct fault f = { 0 };
	bool ok;

	want.at = 0;
	c = conf_derive(m->conf);
	want.at = at;
	assert_non_null(c);
	ok = terms_apply(&m->file->sites[0].terms, &c->sites[0], &f);
	holds("whoever is told is told why", ok || f.kind == FAULT_BUSY);
	if (ok)
		same_int("all of them", c->sites[0].reminders_n, 2);
	at = want.at;
	want.at = 0;
	conf_drop(c);
	want.at = at;
	return ok;
}

static bool
put_together(void *ctx)
{
	struct made *m = ctx;
	struct site_terms both = { 0 };
	enum term_fate fate[TERMS_MAX];
	bool ok = terms_in_force(&m->file->sites[0].terms, &m->wider->sites[0].terms, &both, fate);

	if (ok)
		same_text("as approved", terms_value(&both, "window"), "09:00-20:00");
	else
		same_int("nothing of it", both.item[terms_find("languages")].n, 0);
	terms_clear(&both);
	return ok;
}

/* Few of them, so that each has its turn: a link that waits, an age that counts for nobody, an expiry that would end a reminder. */
static const struct few {
	const char *term, *approved[2], *file[2], *both;
} few[] = {
	{ "only_if", { "A = b" }, { "A = b", "C = d" }, "A = b" }, { "countries", { "US" }, { "CA" }, "US" }, { "link", { "ZVV-3" }, { "ZVV-4" }, "ZVV-3" },
	{ "link_required", { "false" }, { "true" }, "false" }, { "minors", { "send" }, { "send" }, "send" }, { "minor_age", { "18" }, { "16" }, "16" },
	{ "settle", { "2min" }, { "30s" }, "2min" }, { "stale", { "24h" }, { "90s" }, "24h" }, { "reminders", { "soon: 15min" }, { "soon: 15min" }, "soon: 15min" },
	{ "expiry", { "5min" }, { "20min" }, "5min" },
};

static bool
put_few_together(void *ctx)
{
	struct site_terms *two = ctx, both = { 0 };
	enum term_fate fate[TERMS_MAX];
	bool ok = terms_in_force(&two[0], &two[1], &both, fate);

	for (size_t i = 0; ok && i < COUNT(few); i++)
		same_text(few[i].term, terms_value(&both, few[i].term), few[i].both);
	terms_clear(&both);
	return ok;
}

TEST(what_belongs_together_is_put_together_or_nothing_is)
{
	struct site_terms two[2] = { 0 };

	for (size_t i = 0; i < COUNT(few); i++)
		for (size_t k = 0; k < 2; k++) {
			if (few[i].approved[k])
				assert_true(text_list_add(&two[0].item[terms_find(few[i].term)], few[i].approved[k]));
			if (few[i].file[k])
				assert_true(text_list_add(&two[1].item[terms_find(few[i].term)], few[i].file[k]));
		}
	holds("few were tried", each_fails(put_few_together, two) > 20);
	terms_clear(&two[0]);
	terms_clear(&two[1]);
}

static bool
take_terms(void *ctx)
{
	struct made *m = ctx;
	static const char *const texts[] = { words_en };
	struct site_terms t = { 0 };
	bool ok = terms_of(m->file->sites[0].site, texts, "a profile", &t);

	if (ok)
		same_text("all", terms_value(&t, "profile_file"), "a profile");
	terms_clear(&t);
	return ok;
}

static bool
derive(void *ctx)
{
	struct made *m = ctx;
	struct conf *c = conf_derive(m->conf);

	conf_drop(c);
	return c != NULL;
}

/* Each step of it alone, so that each allocation has its turn. */
TEST(an_approval_is_put_into_a_site_whole_or_not)
{
	struct made m;

	make(&m);
	holds("taking them", each_fails(take_terms, &m) > 50);
	holds("putting two together", each_fails(put_together, &m) > 50);
	holds("copying a site", each_fails(derive, &m) > 10);
	holds("and into it", each_fails(apply_terms, &m) > 20);
	unmake(&m);
}

static bool
write_text(void *ctx)
{
	struct made *m = ctx;
	const struct site_rules *s = &m->file->sites[0];
	struct sms_values v = { 0 };
	struct buf out;
	bool ok;

	rules_values(s, &v);
	v.start_s = 1795800000;
	v.link = SPAN_LIT("https://lamna.example/v/1");
	buf_init(&out, 4096);
	ok = sms_render(s->templates[0], TEXT_BOOKED, &v, &out);
	if (ok)
		holds("it says all", memmem(out.p, out.n, "https://lamna.example/v/1 Reply STOP", 36) != NULL);
	else
		same_int("nothing of it", out.n, 0);
	buf_clear(&out);
	return ok;
}

TEST(a_text_is_written_whole_or_not)
{
	struct made m;

	make(&m);
	holds("some were tried", each_fails(write_text, &m) > 0);
	unmake(&m);
}

/* ---- the engine ---- */

enum tried { TRY_TEXT, TRY_RULES, TRY_START };

static void
drop_rules(void *ctx, const struct command *c)
{
	(void)ctx;
	if (!c->ok)
		rules_drop(c->rules);
}

/* One turn, or the start of an engine, in which memory ends. */
static bool
short_of_memory(struct rig *r, enum tried what, long at)
{
	struct engine_setup s = { .store = r->store, .rules = r->rules, .outlet = { .ctx = r, .answer = took_answer, .job = took_job,
		.taken = took_taken, .ask = took_ask, .reply = took_reply, .alarm = took_alarm }, .compose = compose, .random = chance,
		.random_ctx = r, .now = r->now };
	struct turn_input in = { .now = r->now, .clock_synchronised = true };
	struct command *c = what == TRY_RULES ? calloc(1, sizeof *c) : NULL;
	struct fault f = { 0 };
	bool ok;

	if (what == TRY_START) {
		engine_free(r->engine);
		r->engine = NULL;
		(void)rules_hold(r->rules);
	} else if (what == TRY_TEXT) {
		in.messages = &message_of(r, (struct say){ .id = "A1", .phone = "+16085550123", .in_s = 200000, .control_id = "C1" })->link;
	} else {
		c->kind = COMMAND_RULES;
		c->rules = rules_hold(r->rules);
		in.commands = &c->link;
	}
	memcpy(s.boot_id, r->boot, sizeof s.boot_id);
	r->on_reply = drop_rules;
	want.at = at;
	want.asked = 0;
	ok = what == TRY_START ? engine_new(&s, &r->engine, &f) : engine_turn(r->engine, &in, &f) < TURN_BUSY;
	want.at = 0;
	r->on_reply = NULL;
	if (what == TRY_START && !ok)
		rules_drop(r->rules);
	holds("it says why", ok || f.text[0]);
	return ok;
}

/* Whatever fails, what was answered is kept, and the patient is told by one text: the process ends, and the next one goes on. */
static bool
live_through(void *ctx)
{
	const enum tried *what = ctx;
	long at = want.at;
	char first[600];
	struct rig r;
	bool ok;

	want.at = 0;
	rig_open(&r, 6000, 30, "");
	if (*what != TRY_TEXT)
		(void)tell(&r, (struct say){ .id = "A1", .phone = "+16085550123", .in_s = 200000 });
	ok = short_of_memory(&r, *what, at);
	crash(&r);
	sender(&r, true);
	if (*what == TRY_TEXT)
		(void)tell(&r, (struct say){ .id = "A1", .phone = "+16085550123", .in_s = 200000, .control_id = "C1" });
	pass(&r, 25);
	same_int("nothing is early", r.jobs_n, 0);
	r.now.wall_ms += 6000;
	r.now.boot_ms += 6000;
	long asked = want.asked;

	if (*what == TRY_TEXT) { /* and when it leaves */
		struct turn_input in = { .now = r.now, .clock_synchronised = true };
		struct fault f = { 0 };

		want.at = asked < at ? at - asked : 0;
		want.asked = 0;
		ok = engine_turn(r.engine, &in, &f) != TURN_BROKEN && ok;
		want.at = 0;
		want.asked += asked;
		asked = want.asked;
		if (r.jobs_n == 0) {
			crash(&r);
			sender(&r, true);
		}
	}
	pass(&r, 10);
	same_int("told, once", r.jobs_n, 1);
	(void)snprintf(first, sizeof first, "%s", r.jobs[0].body);
	outcome(&r, last_job(&r), OUTCOME_ACCEPTED, 202);
	holds("in full", strstr(first, "Lamna Healthcare") && strstr(first, "Reply"));
	same_int("and nothing was given up", status(&r)->texts[TEXT_SUPPRESSED] + r.status.texts[TEXT_EXPIRED], 0);
	rig_close(&r);
	want.asked = asked;
	return ok;
}

TEST(a_turn_without_memory_loses_nothing_and_sends_nothing_twice)
{
	enum tried what[] = { TRY_TEXT, TRY_RULES, TRY_START };

	(void)setenv("NUDGE_RIG", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0); /* the disk is not what is tried here */
	for (size_t i = 0; i < COUNT(what); i++)
		holds("some were tried", each_fails(live_through, &what[i]) > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(rules_are_made_whole_or_not), RUN(what_was_approved_stays_in_force_or_nothing_does),
		RUN(terms_are_kept_whole_or_not), RUN(an_approval_is_put_into_a_site_whole_or_not),
		RUN(what_belongs_together_is_put_together_or_nothing_is), RUN(a_text_is_written_whole_or_not),
		RUN(a_turn_without_memory_loses_nothing_and_sends_nothing_twice) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
