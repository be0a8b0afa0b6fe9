/* test_terms_edges.c - approvals of earlier versions, records that are half broken, and a site whose number or environment went away. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "hospital.h"

#include "nudge/builtin.h"

#define FORM \
	HOSPITAL_TOP "site \"a\" {\n\tenvironment = prod\n\tprofile = epic\n\tnumber = main\n\tname = \"Lamna A\"\n" \
	"\tcontact = \"608-271-9000\"\n\tfhir_base_url = \"https://lamna.example/R4\"\n\ttime_zone = America/Chicago\n" \
	"\tlanguages = {en, es}\n\twindow = \"09:00-20:00\"\n\treminder \"day\" { before = 24h }\n\tapprover = root\n}\n"
#define GONE "\"main\" {\n\tsender = \"+18335550100\""

/* The form with up to two changes, each of the first place that fits. */
static void
changed(char out[8192], const char *from, const char *to, const char *from2, const char *to2)
{
	const char *const pairs[2][2] = { { from, to }, { from2, to2 } };
	char before[8192];

	(void)snprintf(out, 8192, "%s", FORM);
	for (size_t i = 0; i < 2 && pairs[i][0]; i++) {
		const char *at = strstr(out, pairs[i][0]);

		if (!at)
			fail_msg("the form has no \"%s\"", pairs[i][0]);
		(void)snprintf(before, sizeof before, "%s", out);
		(void)snprintf(out, 8192, "%.*s%s%s", (int)(at - out), before, pairs[i][1], before + (at - out) + strlen(pairs[i][0]));
	}
}

static void
set(struct site_terms *t, const char *term, const char *const values[2])
{
	struct text_list *l = &t->item[terms_find(term)];

	text_list_free(l);
	for (size_t i = 0; i < 2 && values[i]; i++)
		assert_true(text_list_add(l, values[i]));
}

static void
join(const struct site_terms *t, const char *term, char out[256])
{
	const struct text_list *l = &t->item[terms_find(term)];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < l->n; i++)
		n += (size_t)snprintf(out + n, 256 - n, "%s%s", i > 0 ? " | " : "", l->item[i]);
}

/* What cannot be read never widens: it is as it was approved, or it is gone. */
TEST(one_setting_of_two_that_may_be_broken)
{
	static const struct {
		const char *rule, *term, *approved[2], *file[2], *in_force;
	} rows[] = {
		{ "a reminder under another title at the same time", "reminders", { "eve: 1d at 17:00" }, { "evening: 1d at 17:00" }, "eve: 1d at 17:00" },
		{ "at another time of that day", "reminders", { "eve: 1d at 17:00" }, { "evening: 1d at 18:00" }, "" },
		{ "as long before, but by the clock", "reminders", { "eve: 24h" }, { "evening: 1d" }, "" },
		{ "the same title at another time", "reminders", { "eve: 1d at 17:00" }, { "eve: 1d at 18:00" }, "eve: 1d at 17:00" },
		{ "a title with a colon", "reminders", { "eve: late: 24h" }, { "eve: late: 23h" }, "eve: late: 24h" },
		{ "an approved one that is none", "reminders", { "eve", "day: 24h" }, { "eve", "day: 24h" }, "day: 24h" },
		{ "one of no time", "reminders", { "eve: soon" }, { "eve: soon" }, "" },
		{ "the file's is none", "reminders", { "eve: 24h" }, { "eve", "eve: soon" }, "" },
		{ "from hold to resend waits", "unknown", { "hold" }, { "resend" }, "hold" },
		{ "from resend to hold narrows", "unknown", { "resend" }, { "hold" }, "hold" },
		{ "to drop narrows", "unknown", { "hold" }, { "drop" }, "drop" },
		{ "from drop to hold waits", "unknown", { "drop" }, { "hold" }, "drop" },
		{ "approved hours that are none", "window", { "at night" }, { "10:00-11:00" }, "at night" },
		{ "the file's hours are none", "window", { "09:00-20:00" }, { "at night" }, "09:00-20:00" },
		{ "within", "window", { "09:00-20:00" }, { "09:00-19:59" }, "09:00-19:59" },
		{ "a minute sooner", "window", { "09:00-20:00" }, { "08:59-20:00" }, "09:00-20:00" },
		{ "approved before there were such hours", "short_window", { NULL }, { "07:00-21:00" }, "07:00-21:00" },
		{ "approved before there was such a number", "minor_age", { NULL }, { "16" }, "16" },
		{ "or such a word", "late", { NULL }, { "send" }, "send" },
		{ "a number that was not there was approved as none", "number", { NULL }, { "+18335550100" }, "" },
		{ "from one sender to any waits", "sending_application", { "EPIC" }, { NULL }, "EPIC" },
		{ "to another waits", "sending_application", { "EPIC" }, { "OTHER" }, "EPIC" },
		{ "from any country that was listed to none in common", "countries", { "US", "CA" }, { "MX" }, "US | CA" },
		{ "a word that is none", "late", { "send" }, { "sometimes" }, "sometimes" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct site_terms a = { 0 }, f = { 0 }, both;
		enum term_fate fate[TERMS_MAX];
		char found[256];

		set(&a, rows[i].term, rows[i].approved);
		set(&f, rows[i].term, rows[i].file);
		holds(rows[i].rule, terms_in_force(&a, &f, &both, fate));
		join(&both, rows[i].term, found);
		same_text(rows[i].rule, found, rows[i].in_force);
		terms_clear(&a);
		terms_clear(&f);
		terms_clear(&both);
	}
}

TEST(an_age_that_counts_waits)
{
	struct site_terms a = { 0 }, f = { 0 }, both;
	enum term_fate fate[TERMS_MAX];

	set(&a, "minors", (const char *const[2]){ "suppress" });
	set(&a, "minor_age", (const char *const[2]){ "18" });
	set(&f, "minors", (const char *const[2]){ "suppress" });
	set(&f, "minor_age", (const char *const[2]){ "16" });
	holds("both", terms_in_force(&a, &f, &both, fate));
	same_text("as approved", terms_value(&both, "minor_age"), "18");
	same_int("and said so", fate[terms_find("minor_age")], TERM_WAITS);
	holds("they differ", !terms_same(&a, &f) && terms_same(&a, &both));
	same_text("a setting that is not there", terms_value(&a, "no_such_setting"), "");
	same_text("one without a value", terms_value(&a, "window"), "");
	same_int("has no number", terms_find("no_such_setting"), terms_n());
	holds("whole files are long", terms_is_long(terms_find("texts")) && terms_is_long(terms_find("profile_file")) && !terms_is_long(terms_find("window")));
	terms_clear(&a);
	terms_clear(&f);
	terms_clear(&both);
}

TEST(a_record_that_was_not_spelled_by_us_is_refused)
{
	static const struct {
		const char *rule;
		struct span spelled;
		bool readable;
	} rows[] = {
		{ "as it is spelled", SPAN_LIT("window 1\n3 abc\n"), true }, { "a zero byte in a value", SPAN_LIT("window 1\n3 a\0c\n"), false },
		{ "also in what is not known", SPAN_LIT("later 1\n3 a\0c\n"), false }, { "no number of values", SPAN_LIT("window x\n3 abc\n"), false },
		{ "more than can be", SPAN_LIT("window 4097\n3 abc\n"), false }, { "no length", SPAN_LIT("window 1\nx abc\n"), false },
		{ "a length too short", SPAN_LIT("window 1\n2 abc\n"), false }, { "a length too long", SPAN_LIT("window 1\n4 abc\n"), false },
		{ "nothing", SPAN_LIT(""), true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct site_terms t;
		struct fault f = { 0 };

		same_int(rows[i].rule, terms_read(rows[i].spelled, &t, &f), rows[i].readable);
		holds(rows[i].rule, rows[i].readable || f.kind == FAULT_BROKEN);
		terms_clear(&t);
	}
}

TEST(what_cannot_be_put_into_a_site_is_named)
{
	static const struct {
		const char *rule, *term, *values[2], *fault; /* NULL: it can */
	} rows[] = {
		{ "a reminder", "reminders", { "eve: 1d at 17:00" }, NULL }, { "none", "reminders", { "eve: 1d at 17:00", "eve" }, "reminders: \"eve\" is none" },
		{ "of no time", "reminders", { "eve: soon" }, "reminders: \"eve: soon\" is none" }, { "hours", "window", { "10:00-11:00" }, NULL },
		{ "no hours", "window", { "25:00-26:00" }, "window: \"25:00-26:00\" are no hours" }, { "hours that are not said", "window", { NULL }, "are no hours" },
		{ "no age", "minor_age", { "old" }, "minor_age: \"old\" is no value of it" }, { "an age that is not said", "minor_age", { NULL }, "minor_age" },
		{ "no time", "stale", { "long" }, "stale: \"long\" is no value of it" }, { "no word", "late", { "sometimes" }, "late: \"sometimes\"" },
		{ "neither", "merge", { "maybe" }, "merge: \"maybe\"" }, { "no pattern", "departments", { "^CARD", "(" }, "(" },
		{ "patterns", "departments", { "^CARD", "^ONC" }, NULL },
	};
	struct hospital h;

	hospital_build(&h);
	assert_true(hospital_load(&h, FORM));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf *c = conf_derive(h.rules->conf);
		struct site_terms t = { 0 };
		struct fault f = { 0 };
		bool ok;

		assert_true(c && terms_copy(&h.rules->sites[0].terms, &t));
		set(&t, rows[i].term, rows[i].values);
		ok = terms_apply(&t, &c->sites[0], &f);
		if (ok != !rows[i].fault || (rows[i].fault && !strstr(f.text, rows[i].fault)))
			fail_msg("%s: %s", rows[i].rule, ok ? "taken" : f.text);
		same_text("what was there before stays readable", c->sites[0].title, "a");
		terms_clear(&t);
		conf_drop(c);
	}
	hospital_close(&h);
}

/* ---- standing ---- */

/* What `text` says, as approved, but for values of one term. */
static struct approval
approval_of(struct hospital *h, const char *text, const char *term, const char *const values[2], struct buf *spelled)
{
	struct approval a = { .site = "a", .who = "anna", .at_s = 1790000000 };

	if (!hospital_load(h, text))
		fail_msg("%s", h->faults.n ? h->faults.item[h->faults.n - 1].text : "not loaded");
	if (term)
		set(&h->rules->sites[0].terms, term, values);
	memcpy(a.hash, h->rules->sites[0].hash, sizeof a.hash);
	buf_reset(spelled);
	assert_true(terms_spell(&h->rules->sites[0].terms, spelled));
	a.spelled = spelled->p;
	a.spelled_n = spelled->n;
	hospital_forget(h);
	return a;
}

TEST(a_site_that_cannot_stay_as_approved_is_silent_and_says_why)
{
	static const struct {
		const char *rule, *approved[2], *term, *values[2], *file[4], *sender, *why; /* sender: "" none; why: NULL it sends */
	} rows[] = {
		{ "nothing changed", { NULL }, NULL, { NULL }, { NULL }, "+18335550100", NULL },
		{ "the environment is a test now", { NULL }, NULL, { NULL }, { "kind = production", "kind = test" }, "+18335550100", "of another kind" },
		{ "it is gone, and the number", { NULL }, "environment", { "elsewhere" }, { "\tnumber = main\n", "" }, "", "site has no number" },
		{ "it is gone", { NULL }, "environment", { "elsewhere" }, { NULL }, "+18335550100", "environment it was approved for" },
		{ "the number moved to another block", { NULL }, NULL, { NULL },
			{ GONE, "\"old\" {\n\tsender = \"+18335550100\"\n\ttype = toll-free\n\tverified = true\n\tgateway = acs\n}\nnumber \"main\" {\n\tsender = \"+18335550101\"" },
			"+18335550100", NULL },
		{ "its block has another", { NULL }, NULL, { NULL }, { GONE, "\"main\" {\n\tsender = \"+18335550101\"" }, "+18335550100", NULL },
		{ "the block is gone as well", { NULL }, NULL, { NULL }, { GONE, "\"new\" {\n\tsender = \"+18335550101\"", "number = main", "number = new" },
			"+18335550101", "number it was approved with" },
		{ "approved before its block was kept", { NULL }, "number_block", { NULL }, { GONE, "\"main\" {\n\tsender = \"+18335550101\"" },
			"+18335550101", "number it was approved with" },
		{ "approved to send nothing", { "\tnumber = main\n", "" }, NULL, { NULL }, { NULL }, "", "number" },
	};
	struct hospital h;
	struct buf spelled;

	hospital_build(&h);
	buf_init(&spelled, 1u << 20);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[8192];
		struct approval a;
		struct rules *r = NULL;
		const char *silent;

		changed(text, rows[i].approved[0], rows[i].approved[1], NULL, NULL);
		a = approval_of(&h, text, rows[i].term, rows[i].values, &spelled);
		changed(text, rows[i].file[0], rows[i].file[1], rows[i].file[2], rows[i].file[3]);
		if (!hospital_load(&h, text) || !rules_in_force(h.rules, &a, 1, &r, &h.faults))
			fail_msg("%s: %s", rows[i].rule, h.faults.n ? h.faults.item[h.faults.n - 1].text : "not in force");
		silent = rules_silent(&r->sites[0]);
		if (!silent != !rows[i].why || (silent && !strstr(silent, rows[i].why)))
			fail_msg("%s: %s", rows[i].rule, silent ? silent : "it sends");
		same_text(rows[i].rule, r->conf->sites[0].number ? r->conf->sites[0].number->sender : "", rows[i].sender);
		rules_drop(r);
		hospital_forget(&h);
	}
	buf_clear(&spelled);
	hospital_close(&h);
}

TEST(an_approval_is_of_its_own_site_and_of_all_of_it)
{
	struct hospital h;
	struct buf spelled;
	struct approval a[2];
	struct rules *r = NULL;
	bool said = false;

	hospital_build(&h);
	buf_init(&spelled, 1u << 20);
	a[0] = a[1] = approval_of(&h, FORM, NULL, NULL, &spelled);
	(void)snprintf(a[0].site, sizeof a[0].site, "b");
	assert_true(hospital_load(&h, FORM) && rules_in_force(h.rules, a, 1, &r, &h.faults));
	same_int("another site's does not help", r->sites[0].standing.what, STANDING_NEEDED);
	rules_drop(r);
	assert_true(rules_in_force(h.rules, a, 2, &r, &h.faults));
	same_int("its own is found behind it", r->sites[0].standing.what, STANDING_APPROVED);
	rules_drop(r);
	hospital_forget(&h);
	a[1] = approval_of(&h, FORM, "texts", (const char *const[2]){ "[booked]\na\n[changed]\nc\n[canceled]\nd\n[reminder]\ne\n" }, &spelled);
	assert_true(hospital_load(&h, FORM));
	holds("texts of one language for two", !rules_in_force(h.rules, a + 1, 1, &r, &h.faults));
	for (size_t i = 0; i < h.faults.n; i++)
		said = said || strstr(h.faults.item[i].text, "no texts for \"es\"");
	holds("is said, and not taken for want of memory", said && !h.faults.passes);
	buf_clear(&spelled);
	hospital_close(&h);
}

/* pain: a file beside the configuration is changed, and with it what an approver signed */
TEST(the_approved_profile_is_kept_though_its_file_was_changed)
{
	static const char *const none[2];
	struct hospital h;
	struct buf spelled;
	struct approval a;
	struct rules *r = NULL;
	const char *epic = builtin_find("schemas/hl7/epic.conf")->text;
	char text[8192], profile[16384];

	hospital_build(&h);
	buf_init(&spelled, 1u << 20);
	(void)snprintf(profile, sizeof profile, "%s\n# one\n", epic);
	hospital_write(&h, "ours.conf", profile);
	changed(text, "profile = epic", "profile = \"./ours.conf\"", NULL, NULL);
	a = approval_of(&h, text, NULL, none, &spelled);
	(void)snprintf(profile, sizeof profile, "%s\n# two\n", epic);
	hospital_write(&h, "ours.conf", profile);
	assert_true(hospital_load(&h, text) && rules_in_force(h.rules, &a, 1, &r, &h.faults));
	same_int("they differ", r->sites[0].standing.what, STANDING_DIFFERS);
	holds("what was approved is read", strstr(r->sites[0].profile_file, "# one") != NULL);
	holds("what the file says waits", strstr(h.rules->sites[0].profile_file, "# two") != NULL);
	rules_drop(r);
	buf_clear(&spelled);
	hospital_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(one_setting_of_two_that_may_be_broken), RUN(an_age_that_counts_waits),
		RUN(a_record_that_was_not_spelled_by_us_is_refused), RUN(what_cannot_be_put_into_a_site_is_named),
		RUN(a_site_that_cannot_stay_as_approved_is_silent_and_says_why), RUN(an_approval_is_of_its_own_site_and_of_all_of_it),
		RUN(the_approved_profile_is_kept_though_its_file_was_changed) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
