/* test_terms.c - which change of an approved setting applies at once and which waits; nothing is lost on the way. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "hospital.h"

#define FORM \
	HOSPITAL_TOP "site \"a\" {\n\tenvironment = prod\n\tprofile = epic\n\tnumber = main\n" \
	"\tname = \"Lamna A\"\n\tcontact = \"608-271-9000\"\n\tfhir_base_url = \"https://lamna.example/R4\"\n" \
	"\ttime_zone = America/Chicago\n\tlanguages = {en, es}\n\tsettle = 120s\n\texpiry = 5min\n\tstale = 24h\n" \
	"\tlate = send\n\tretain = 24h\n\tconfirmation = true\n\tdepartments = {'^CARD', '^ONC'}\n" \
	"\tconfidential_departments = {'^PSY'}\n\tonly_if = {\"PV1-2 = ^O$\"}\n\tnever_if = {\"PV1-2 = ^I$\"}\n" \
	"\tlink = \"ZVV-3\"\n\tminors = send\n\tminor_age = 18\n\twindow = \"09:00-20:00\"\n\tunknown = resend\n" \
	"\treminder \"day\" { before = 24h }\n\treminder \"soon\" { before = 15min }\n\tapprover = root\n}\n"

static void
load(struct hospital *h, const char *text, struct site_terms *out)
{
	if (!hospital_load(h, text))
		fail_msg("%s", h->faults.n ? h->faults.item[h->faults.n - 1].text : "not loaded");
	assert_true(terms_copy(&h->rules->sites[0].terms, out));
	hospital_forget(h);
}

/* The form with the first `from` replaced by `to`. */
static void
changed(char *out, size_t cap, const char *from, const char *to)
{
	static const char form[] = FORM;
	const char *at = strstr(form, from);

	if (!at)
		fail_msg("the form has no \"%s\"", from);
	assert_true((size_t)snprintf(out, cap, "%.*s%s%s", (int)(at - form), form, to, at + strlen(from)) < cap);
}

static void
join(const struct site_terms *t, const char *name, char *out, size_t cap)
{
	const struct text_list *l = &t->item[terms_find(name)];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < l->n; i++)
		n += (size_t)snprintf(out + n, cap - n, "%s%s", i > 0 ? " | " : "", l->item[i]);
	assert_true(n < cap);
}

/* pain: somebody turns the quiet hours off, and nobody signed it */
TEST(each_setting_by_its_class)
{
	static const struct {
		const char *rule, *from, *to, *term;
		enum term_fate fate;
		const char *in_force; /* NULL: as the fate says */
	} rows[] = {
		{ "fhir_base_url waits", "example/R4", "example/v2/R4", "fhir_base_url", TERM_WAITS, NULL },
		{ "another environment waits", "environment = prod\n\tprofile", "environment = trials\n\tprofile", "environment", TERM_WAITS, "prod" },
		{ "the organization's name waits", "Lamna Healthcare", "Lamna Health", "organization", TERM_WAITS, NULL },
		{ "one more country waits", "country = US", "country = US\n\tcountries = {US, CA}", "countries", TERM_WAITS, "US" },
		{ "other countries wait", "country = US", "country = US\n\tcountries = {CA}", "countries", TERM_WAITS, "US" },
		{ "name waits", "Lamna A", "Lamna B", "name", TERM_WAITS, "Lamna A" },
		{ "contact waits", "271-9000", "271-9001", "contact", TERM_WAITS, NULL },
		{ "profile waits", "profile = epic", "profile = generic", "profile", TERM_WAITS, "epic" },
		{ "paths wait", "number = main", "number = main\n\tpaths = {\"start = SCH-11.4\"}", "paths", TERM_WAITS, "" },
		{ "from any sender to one narrows", "number = main", "number = main\n\tsending_application = EPIC", "sending_application", TERM_AT_ONCE, "EPIC" },
		{ "from any facility to one narrows", "number = main", "number = main\n\tsending_facility = LAMNA", "sending_facility", TERM_AT_ONCE, NULL },
		{ "fewer departments narrow", "{'^CARD', '^ONC'}", "{'^CARD'}", "departments", TERM_AT_ONCE, "^CARD" },
		{ "more departments wait", "{'^CARD', '^ONC'}", "{'^CARD', '^ONC', '^NEURO'}", "departments", TERM_WAITS, "^CARD | ^ONC" },
		{ "one goes, one comes", "{'^CARD', '^ONC'}", "{'^CARD', '^NEURO'}", "departments", TERM_PARTLY, "^CARD" },
		{ "all departments wait", "{'^CARD', '^ONC'}", "{}", "departments", TERM_WAITS, "^CARD | ^ONC" },
		{ "quite other departments wait", "{'^CARD', '^ONC'}", "{'^X'}", "departments", TERM_WAITS, "^CARD | ^ONC" },
		{ "another order is no change", "{'^CARD', '^ONC'}", "{'^ONC', '^CARD'}", "departments", TERM_SAME, NULL },
		{ "from all visit types to some narrows", "number = main", "number = main\n\tvisit_types = {'VID'}", "visit_types", TERM_AT_ONCE, "VID" },
		{ "more confidential narrows", "{'^PSY'}", "{'^PSY', '^HIV'}", "confidential_departments", TERM_AT_ONCE, "^PSY | ^HIV" },
		{ "less confidential waits", "{'^PSY'}", "{}", "confidential_departments", TERM_WAITS, "^PSY" },
		{ "another confidential: both", "{'^PSY'}", "{'^HIV'}", "confidential_departments", TERM_PARTLY, "^PSY | ^HIV" },
		{ "one more condition narrows", "{\"PV1-2 = ^O$\"}", "{\"PV1-2 = ^O$\", \"PV1-18 = X\"}", "only_if", TERM_AT_ONCE, NULL },
		{ "one condition less waits", "{\"PV1-2 = ^O$\"}", "{}", "only_if", TERM_WAITS, "PV1-2 = ^O$" },
		{ "how a visit takes place waits", "only_if = {", "video_if = {\"SCH-8 = VIDEO\"}\n\tonly_if = {", "video_if", TERM_WAITS, "" },
		{ "so does by phone", "only_if = {", "phone_if = {\"SCH-8 = CALL\"}\n\tonly_if = {", "phone_if", TERM_WAITS, "" },
		{ "and at the clinic", "only_if = {", "office_if = {\"SCH-8 = OFFICE\"}\n\tonly_if = {", "office_if", TERM_WAITS, "" },
		{ "one more exclusion narrows", "{\"PV1-2 = ^I$\"}", "{\"PV1-2 = ^I$\", \"PV1-2 = ^E$\"}", "never_if", TERM_AT_ONCE, NULL },
		{ "one exclusion less waits", "{\"PV1-2 = ^I$\"}", "{}", "never_if", TERM_WAITS, NULL },
		{ "patients' own consent narrows", "late = send", "late = send\n\tpatient_consent = required", "patient_consent", TERM_AT_ONCE, "required" },
		{ "no minors narrows", "minors = send", "minors = suppress", "minors", TERM_AT_ONCE, "suppress" },
		{ "an age that counts for nobody", "minor_age = 18", "minor_age = 12", "minor_age", TERM_AT_ONCE, "12" },
		{ "numbers of fiction narrow", "late = send", "late = send\n\tfiction_numbers = false", "fiction_numbers", TERM_AT_ONCE, "false" },
		{ "numbers of no type narrow", "late = send", "late = send\n\tuntyped_phones = false", "untyped_phones", TERM_AT_ONCE, "false" },
		{ "time zone waits", "America/Chicago", "America/Denver", "time_zone", TERM_WAITS, "America/Chicago" },
		{ "another number waits", "+18335550100", "+18335550101", "number", TERM_WAITS, "+18335550100" },
		{ "no number stops", "\tnumber = main\n", "", "number", TERM_AT_ONCE, "" },
		{ "languages wait", "{en, es}", "{en}", "languages", TERM_WAITS, "en | es" },
		{ "link waits", "ZVV-3", "ZVV-4", "link", TERM_WAITS, "ZVV-3" },
		{ "a link is required: narrows", "late = send", "late = send\n\tlink_required = true", "link_required", TERM_AT_ONCE, "true" },
		{ "required with another link waits with it", "\"ZVV-3\"", "\"ZVV-4\"\n\tlink_required = true", "link_required", TERM_WAITS, "false" },
		{ "no confirmations narrows", "confirmation = true", "confirmation = false", "confirmation", TERM_AT_ONCE, "false" },
		{ "settle waits", "settle = 120s", "settle = 60s", "settle", TERM_WAITS, "2min" },
		{ "stale sooner narrows", "stale = 24h", "stale = 12h", "stale", TERM_AT_ONCE, "12h" },
		{ "a longer wait for a report narrows", "stale = 24h", "stale = 24h\n\tunknown_wait = 1h", "unknown_wait", TERM_AT_ONCE, "1h" },
		{ "a shorter one waits", "stale = 24h", "stale = 24h\n\tunknown_wait = 5min", "unknown_wait", TERM_WAITS, "15min" },
		{ "stale later waits", "stale = 24h", "stale = 48h", "stale", TERM_WAITS, "24h" },
		{ "stale below the settle in force waits with it", "settle = 120s\n\texpiry = 5min\n\tstale = 24h",
		    "settle = 30s\n\texpiry = 5min\n\tstale = 90s", "stale", TERM_WAITS, "24h" },
		{ "late = skip narrows", "late = send", "late = skip", "late", TERM_AT_ONCE, "skip" },
		{ "a shorter window narrows", "09:00-20:00", "10:00-18:00", "window", TERM_AT_ONCE, "10:00-18:00" },
		{ "a longer window waits", "09:00-20:00", "08:00-20:00", "window", TERM_WAITS, "09:00-20:00" },
		{ "to ignore them waits", "late = send", "late = send\n\tpatient_zone = ignore", "patient_zone", TERM_WAITS, "intersect" },
		{ "another window waits", "09:00-20:00", "10:00-21:00", "window", TERM_WAITS, "09:00-20:00" },
		{ "a later expiry waits", "expiry = 5min", "expiry = 1min", "expiry", TERM_WAITS, "5min" },
		{ "an earlier end narrows", "expiry = 5min", "expiry = 10min", "expiry", TERM_AT_ONCE, "10min" },
		{ "kept shorter narrows", "retain = 24h", "retain = 0s", "retain", TERM_AT_ONCE, "0s" },
		{ "kept longer waits", "retain = 24h", "retain = 48h", "retain", TERM_WAITS, "24h" },
		{ "unknown: from resend to hold narrows", "unknown = resend", "unknown = hold", "unknown", TERM_AT_ONCE, "hold" },
		{ "a reminder less narrows", "\treminder \"day\" { before = 24h }\n", "", "reminders", TERM_AT_ONCE, "soon: 15min" },
		{ "a reminder more waits", "\tapprover", "\treminder \"week\" { before = 7d }\n\tapprover", "reminders", TERM_WAITS, "day: 24h | soon: 15min" },
		{ "another time of a reminder waits", "before = 24h", "before = 2d at 10:00", "reminders", TERM_WAITS, "day: 24h | soon: 15min" },
		{ "one goes, one comes", "reminder \"soon\" { before = 15min }", "reminder \"week\" { before = 7d }", "reminders", TERM_PARTLY, "day: 24h" },
		{ "a day is not 24 hours", "before = 24h", "before = 1d", "reminders", TERM_WAITS, "day: 24h | soon: 15min" },
		{ "another title keeps the reminder", "reminder \"day\" {", "reminder \"tomorrow\" {", "reminders", TERM_WAITS, "day: 24h | soon: 15min" },
		{ "merging waits", "late = send", "late = send\n\tmerge = true", "merge", TERM_WAITS, "false" },
		{ "to hear of deaths narrows", "late = send", "late = send\n\tadt = {deceased}", "adt_deceased", TERM_AT_ONCE, "true" },
		{ "numbers from ADT wait", "late = send", "late = send\n\tadt = {deceased, phone}", "adt_phone", TERM_WAITS, "false" },
		{ "caps are not covered", "late = send", "late = send\n\tdaily_cap = 1", "window", TERM_SAME, NULL },
	};
	struct site_terms approved, file, in_force;
	enum term_fate fate[TERMS_MAX];
	char text[8192], found[512], expected[512];
	struct hospital h;

	hospital_build(&h);
	load(&h, FORM, &approved);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t term = terms_find(rows[i].term);

		changed(text, sizeof text, rows[i].from, rows[i].to);
		load(&h, text, &file);
		assert_true(terms_in_force(&approved, &file, &in_force, fate));
		same_int(rows[i].rule, fate[term], rows[i].fate);
		join(&in_force, rows[i].term, found, sizeof found);
		join(rows[i].fate == TERM_WAITS ? &approved : &file, rows[i].term, expected, sizeof expected);
		if (rows[i].in_force)
			same_text(rows[i].rule, found, rows[i].in_force);
		else if (rows[i].fate != TERM_SAME)
			same_text(rows[i].rule, found, expected);
		/* No other term is in force than the approved or the file's. */
		for (size_t k = 0; k < terms_n(); k++)
			if (fate[k] == TERM_SAME && strcmp(terms_name(k), "number_block") != 0)
				assert_true(in_force.item[k].n == file.item[k].n);
		terms_clear(&file);
		terms_clear(&in_force);
	}
	terms_clear(&approved);
	hospital_close(&h);
}

TEST(to_heed_the_clock_of_patients_narrows)
{
	struct site_terms approved, file, in_force;
	enum term_fate fate[TERMS_MAX];
	char text[8192], found[512];
	struct hospital h;

	hospital_build(&h);
	changed(text, sizeof text, "late = send", "late = send\n\tpatient_zone = ignore");
	load(&h, text, &approved);
	load(&h, FORM, &file);
	assert_true(terms_in_force(&approved, &file, &in_force, fate));
	same_int("at once", fate[terms_find("patient_zone")], TERM_AT_ONCE);
	join(&in_force, "patient_zone", found, sizeof found);
	same_text("the file's", found, "intersect");
	terms_clear(&approved);
	terms_clear(&file);
	terms_clear(&in_force);
	hospital_close(&h);
}

TEST(an_expiry_that_would_end_a_reminder_in_force_waits_with_it)
{
	struct site_terms approved, file, in_force;
	enum term_fate fate[TERMS_MAX];
	char text[8192];
	struct hospital h;

	hospital_build(&h);
	load(&h, FORM, &approved);
	changed(text, sizeof text, "expiry = 5min\n\tstale = 24h\n\tlate = send\n\tretain = 24h\n\tconfirmation = true",
	    "expiry = 20min\n\tstale = 24h\n\tlate = send\n\tretain = 24h\n\tconfirmation = true");
	/* The file's own reminder is early enough; the approved one, still in force, is not. */
	char *soon = strstr(text, "before = 15min");
	assert_non_null(soon);
	memcpy(soon, "before = 30min", 14);
	load(&h, text, &file);
	assert_true(terms_in_force(&approved, &file, &in_force, fate));
	same_text("expiry", terms_value(&in_force, "expiry"), "5min");
	terms_clear(&file);
	terms_clear(&in_force);
	terms_clear(&approved);
	hospital_close(&h);
}

/* Whatever stands in a file, what is read back spells the same. */
TEST(spelled_and_read_back)
{
	struct site_terms a, b;
	struct buf first, second;
	struct fault f;
	struct hospital h;
	uint8_t x[DIGEST_BYTES], y[DIGEST_BYTES];

	hospital_build(&h);
	load(&h, FORM, &a);
	buf_init(&first, 1u << 20);
	buf_init(&second, 1u << 20);
	assert_true(terms_spell(&a, &first));
	assert_true(terms_read(buf_span(&first), &b, &f));
	assert_true(terms_same(&a, &b));
	assert_true(terms_spell(&b, &second));
	assert_true(span_eq(buf_span(&first), buf_span(&second)));
	assert_true(terms_hash(&a, x) && terms_hash(&b, y));
	assert_memory_equal(x, y, sizeof x);
	terms_clear(&b);
	/* Cut anywhere but at the end of a term it is refused, or says less; never more. */
	for (size_t n = 1; n < first.n; n += 7)
		if (terms_read(span_from(first.p, n), &b, &f))
			terms_clear(&b);
	assert_false(terms_read(SPAN_LIT("window 1\n99999 09:00-20:00\n"), &b, &f));
	assert_false(terms_read(SPAN_LIT("window 1\n11 09:00-20:00\nwindow 1\n11 00:00-24:00\n"), &b, &f));
	assert_true(terms_read(SPAN_LIT("of_a_later_version 1\n3 abc\n"), &b, &f));
	terms_clear(&b);
	buf_clear(&first);
	buf_clear(&second);
	terms_clear(&a);
	hospital_close(&h);
}

static struct approval
approval_for(struct hospital *h, const char *text, struct buf *spelled)
{
	struct approval a = { .site = "a", .who = "anna", .at_s = 1790000000 };

	if (!hospital_load(h, text))
		fail_msg("%s", h->faults.n ? h->faults.item[h->faults.n - 1].text : "not loaded");
	memcpy(a.hash, h->rules->sites[0].hash, sizeof a.hash);
	buf_reset(spelled);
	assert_true(terms_spell(&h->rules->sites[0].terms, spelled));
	a.spelled = spelled->p;
	a.spelled_n = spelled->n;
	hospital_forget(h);
	return a;
}

static struct rules *
in_force(struct hospital *h, const char *text, const struct approval *a, size_t n)
{
	struct rules *r = NULL;

	if (!hospital_load(h, text))
		fail_msg("%s", h->faults.n ? h->faults.item[h->faults.n - 1].text : "not loaded");
	if (!rules_in_force(h->rules, a, n, &r, &h->faults))
		fail_msg("%s", h->faults.n ? h->faults.item[h->faults.n - 1].text : "not in force");
	return r;
}

TEST(what_was_approved_stays_in_force)
{
	struct hospital h;
	struct buf spelled;
	struct approval a;
	struct rules *r;
	const struct conf_site *s;
	char text[8192];

	hospital_build(&h);
	buf_init(&spelled, 1u << 20);
	a = approval_for(&h, FORM, &spelled);

	r = in_force(&h, FORM, NULL, 0);
	same_int("never approved", r->sites[0].standing.what, STANDING_NEEDED);
	assert_non_null(rules_silent(&r->sites[0]));
	rules_drop(r);
	hospital_forget(&h);

	r = in_force(&h, FORM, &a, 1);
	same_int("as approved", r->sites[0].standing.what, STANDING_APPROVED);
	same_text("by", r->sites[0].standing.who, "anna");
	assert_null(rules_silent(&r->sites[0]));
	rules_drop(r);
	hospital_forget(&h);

	changed(text, sizeof text, "09:00-20:00", "06:00-23:00");
	r = in_force(&h, text, &a, 1);
	s = &r->conf->sites[0];
	same_int("the file differs", r->sites[0].standing.what, STANDING_DIFFERS);
	same_int("opens as approved", s->window.from_min, 540);
	same_int("and closes for what can wait, as the file says", s->window.margin_min, 10);
	same_int("what the file says is kept apart", h.rules->conf->sites[0].window.from_min, 360);
	assert_memory_equal(r->sites[0].approval_hash, a.hash, DIGEST_BYTES);
	assert_memory_not_equal(r->sites[0].hash, h.rules->sites[0].hash, DIGEST_BYTES);
	assert_null(rules_silent(&r->sites[0]));
	rules_drop(r);
	hospital_forget(&h);

	changed(text, sizeof text, "09:00-20:00", "10:00-12:00");
	r = in_force(&h, text, &a, 1);
	same_int("narrower at once", r->conf->sites[0].window.to_min, 720);
	rules_drop(r);
	hospital_forget(&h);
	buf_clear(&spelled);
	hospital_close(&h);
}

TEST(the_approved_number_is_kept_though_its_block_has_another)
{
	struct hospital h;
	struct buf spelled;
	struct approval a;
	struct rules *r;
	char text[8192];

	hospital_build(&h);
	buf_init(&spelled, 1u << 20);
	a = approval_for(&h, FORM, &spelled);
	changed(text, sizeof text, "+18335550100", "+18335550101");
	r = in_force(&h, text, &a, 1);
	same_text("sender", r->conf->sites[0].number->sender, "+18335550100");
	assert_ptr_equal(r->conf->sites[0].number->gateway, h.rules->conf->numbers[0].gateway);
	assert_string_not_equal(r->conf->sites[0].number->title, r->conf->numbers[0].title);
	rules_drop(r);
	hospital_forget(&h);
	buf_clear(&spelled);
	hospital_close(&h);
}

TEST(what_cannot_be_kept_stops_the_site)
{
	struct hospital h;
	struct buf spelled;
	struct approval a;
	struct rules *r;
	char text[8192];

	hospital_build(&h);
	buf_init(&spelled, 1u << 20);
	changed(text, sizeof text, "environment = prod\n\tprofile", "environment = trials\n\tprofile");
	a = approval_for(&h, text, &spelled);
	/* The environment that was approved is there, and is stayed in. */
	r = in_force(&h, FORM, &a, 1);
	same_text("stays", r->conf->sites[0].environment->title, "trials");
	rules_drop(r);
	hospital_forget(&h);
	/* A record of an environment that is not there any more. */
	char *at = memmem(spelled.p, spelled.n, "6 trials", 8);
	assert_non_null(at);
	memcpy(at, "6 triale", 8);
	r = in_force(&h, FORM, &a, 1);
	same_int("not in force", r->sites[0].standing.what, STANDING_NEEDED);
	assert_non_null(r->sites[0].standing.why);
	same_text("the file's", r->conf->sites[0].environment->title, "prod");
	assert_non_null(rules_silent(&r->sites[0]));
	rules_drop(r);
	hospital_forget(&h);
	/* A record that cannot be read is an error, not a permission. */
	memcpy(at, "9 trials", 8);
	assert_true(hospital_load(&h, FORM));
	assert_false(rules_in_force(h.rules, &a, 1, &r, &h.faults));
	hospital_forget(&h);
	buf_clear(&spelled);
	hospital_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(each_setting_by_its_class), RUN(to_heed_the_clock_of_patients_narrows),
		RUN(an_expiry_that_would_end_a_reminder_in_force_waits_with_it), RUN(spelled_and_read_back),
		RUN(what_was_approved_stays_in_force), RUN(the_approved_number_is_kept_though_its_block_has_another),
		RUN(what_cannot_be_kept_stops_the_site) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
