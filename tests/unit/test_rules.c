/* test_rules.c - what an approval covers, and what a configuration needs to be compiled. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "hospital.h"

#include "nudge/builtin.h"

#define FORM \
	HOSPITAL_TOP "site \"a\" {\n\tenvironment = prod\n\tprofile = epic\n\tnumber = main\n" \
	"\tname = \"Lamna A\"\n\tcontact = \"608-271-9000\"\n" \
	"\tfhir_base_url = \"https://lamna.example/R4\"\n" \
	"\ttime_zone = America/Chicago\n\tlanguages = {en, es}\n\tsettle = 120s\n\texpiry = 5min\n" \
	"\tlate = skip\n\tretain = 0s\n\tconfirmation = true\n\tdaily_cap = 6\n\tstorm_brake = 300/min\n" \
	"\treminder \"day\" { before = 24h }\n\tapprover = root\n}\n"

/* FORM with the first `from` replaced by `to`. */
static void
change(char *out, size_t cap, const char *from, const char *to)
{
	static const char form[] = FORM;
	const char *at = strstr(form, from);
	int n;

	assert_non_null(at);
	n = snprintf(out, cap, "%.*s%s%s", (int)(at - form), form, to, at + strlen(from));
	assert_true(n > 0 && (size_t)n < cap);
}

static void
hash_of(struct hospital *h, const char *rule, const char *text, uint8_t out[DIGEST_BYTES])
{
	if (!hospital_load(h, text))
		fail_msg("%s: %s", rule, h->faults.n ? h->faults.item[h->faults.n - 1].text : "not loaded");
	memcpy(out, rules_of(h->rules, &h->rules->conf->sites[0])->approval_hash, DIGEST_BYTES);
	hospital_forget(h);
}

TEST(an_approval_covers_what_decides)
{
	static const struct {
		const char *rule, *from, *to;
		bool covered;
	} rows[] = {
		{ "nothing changed", "expiry = 5min", "expiry = 5min", false },
		{ "another spelling of the same", "expiry = 5min", "expiry = 300s", false },
		{ "fhir_base_url", "lamna.example/R4", "lamna.example/TST", true },
		{ "environment", "environment = prod\n\tprofile", "environment = trials\n\tprofile", true },
		{ "MSH-3", "number = main", "number = main\n\tsending_application = EPIC", true },
		{ "MSH-4", "number = main", "number = main\n\tsending_facility = LAMNA", true },
		{ "departments", "number = main", "number = main\n\tdepartments = {'^CARD'}", true },
		{ "visit types", "number = main", "number = main\n\tvisit_types = {'^VID'}", true },
		{ "confidential departments", "number = main",
		    "number = main\n\tconfidential_departments = {'^P'}", true },
		{ "confidential visit types", "number = main",
		    "number = main\n\tconfidential_visit_types = {'HIV'}", true },
		{ "the number", "+18335550100", "+18335550101", true },
		{ "no number", "\tnumber = main\n", "", true },
		{ "profile", "profile = epic", "profile = generic", true },
		{ "link", "number = main", "number = main\n\tlink = \"ZVV-3\"", true },
		{ "languages", "{en, es}", "{en}", true },
		{ "which language is the fallback", "{en, es}", "{es, en}", true },
		{ "confirmation", "confirmation = true", "confirmation = false", true },
		{ "a reminder's time", "before = 24h", "before = 23h", true },
		{ "another reminder", "\tapprover", "\treminder \"soon\" { before = 15min }\n\tapprover",
		    true },
		{ "settle", "settle = 120s", "settle = 121s", true },
		{ "window", "number = main", "number = main\n\twindow = \"08:00-20:00\"", true },
		{ "the margin before it closes", "late = skip", "late = skip\n\tclosing_margin = 5min", false },
		{ "the patient's own clock", "late = skip", "late = skip\n\tpatient_zone = ignore", true },
		{ "holidays only keep texts back", "late = skip", "late = skip\n\tholidays = days", false },
		{ "expiry", "expiry = 5min", "expiry = 6min", true },
		{ "late", "late = skip", "late = send", true },
		{ "time zone", "America/Chicago", "America/Denver", true },
		{ "patient consent", "number = main", "number = main\n\tpatient_consent = required", true },
		{ "stale", "late = skip", "late = skip\n\tstale = 12h", true },
		{ "numbers of fiction", "late = skip", "late = skip\n\tfiction_numbers = false", true },
		{ "numbers of no type", "late = skip", "late = skip\n\tuntyped_phones = false", true },
		{ "an outcome that is not known", "late = skip", "late = skip\n\tunknown = hold", true },
		{ "retain", "retain = 0s", "retain = 1h", true },
		{ "organization's name", "Lamna Healthcare", "Lamna Health", true },
		{ "countries", "country = US", "country = US\n\tcountries = {US, CA}", true },
		{ "what patients read: the name", "Lamna A", "Lamna B", true },
		{ "what patients read: whom to call", "608-271-9000", "608-271-9001", true },
		{ "certificates are not covered", "prod.cer", "trials.cer", false },
		{ "ports are not covered", "port = 2575", "port = 2576", false },
		{ "rates are not covered", "verified = true", "verified = true\n\trate = 100/min", false },
		{ "what is taken from ADT is covered", "late = skip", "late = skip\n\tadt = {phone}", true },
		{ "and from whom", "late = skip", "late = skip\n\tadt_sending_application = EPICADT", true },
		{ "minors are covered", "late = skip", "late = skip\n\tminors = suppress", true },
		{ "their age is covered", "late = skip", "late = skip\n\tminor_age = 16", true },
		{ "merging is covered", "late = skip", "late = skip\n\tmerge = true", true },
		{ "caps are not covered", "daily_cap = 6", "daily_cap = 7", false },
		{ "the brake is not covered", "300/min", "200/min", false },
		{ "an empty line is not covered", "retain = 0s\n", "retain = 0s\n\n", false },
	};
	uint8_t before[DIGEST_BYTES], after[DIGEST_BYTES];
	char text[8192];
	struct hospital h;

	hospital_build(&h);
	hospital_write(&h, "days", "12-25\n");
	hash_of(&h, "the form", FORM, before);
	for (size_t i = 0; i < COUNT(rows); i++) {
		change(text, sizeof text, rows[i].from, rows[i].to);
		hash_of(&h, rows[i].rule, text, after);
		same_int(rows[i].rule, memcmp(before, after, sizeof before) != 0, rows[i].covered);
	}
	hospital_close(&h);
}

TEST(an_approval_covers_the_files_content)
{
	static const char template[] =
	    "[booked]\n{organization}: booked for {start_date}. Reply STOP to opt out.\n"
	    "[changed]\n{organization}: changed to {start_date}.\n"
	    "[canceled]\n{organization}: {start_date} canceled.\n"
	    "[reminder]\n{organization}: reminder of {start_date}. Reply STOP to opt out.\n";
	const char *epic = builtin_find("schemas/hl7/epic.conf")->text;
	uint8_t first[DIGEST_BYTES], second[DIGEST_BYTES];
	char text[8192], longer[16384];
	struct hospital h;

	hospital_build(&h);
	hospital_write(&h, "ours.conf", epic);
	change(text, sizeof text, "profile = epic", "profile = \"./ours.conf\"");
	hash_of(&h, "own profile", text, first);
	hash_of(&h, "the same profile again", text, second);
	same_int("the same profile again", memcmp(first, second, sizeof first), 0);
	(void)snprintf(longer, sizeof longer, "%s\n# changed\n", epic);
	hospital_write(&h, "ours.conf", longer);
	hash_of(&h, "a changed profile", text, second);
	holds("a changed profile", memcmp(first, second, sizeof first) != 0);

	hospital_write(&h, "en", template);
	change(text, sizeof text, "languages = {en, es}", "languages = {en}\n\ttemplates = \"./\"");
	hash_of(&h, "own templates", text, first);
	(void)snprintf(longer, sizeof longer, "%s# changed\n", template);
	hospital_write(&h, "en", longer);
	hash_of(&h, "a changed template", text, second);
	holds("a changed template", memcmp(first, second, sizeof first) != 0);
	hospital_close(&h);
}

TEST(what_cannot_be_compiled_is_told)
{
	static const struct {
		const char *rule, *from, *to, *fault;
	} rows[] = {
		{ "a zone that there is not", "America/Chicago", "America/Chigaco", "Chigaco" },
		{ "a language without texts", "{en, es}", "{en, nl}", "\"nl\"" },
		{ "a folder without the file", "{en, es}", "{en, es}\n\ttemplates = \"./\"", "/en" },
		{ "a file of holidays that there is not", "number = main", "number = main\n\tholidays = no-days", "no-days" },
		{ "a bad line among holidays", "number = main", "number = main\n\tholidays = bad-days", "bad-days:2: a line is a day, as 2026-12-24" },
		{ "a profile that there is not", "profile = epic", "profile = epci", "epci" },
		{ "a profile's file that there is not", "profile = epic", "profile = \"./none.conf\"",
		    "none.conf" },
		{ "a folder is no profile", "profile = epic", "profile = \"./\"", "" },
		{ "a link that is no path", "number = main", "number = main\n\tlink = \"ZVV3\"",
		    "path \"ZVV3\"" },
		{ "a link that is not https", "number = main",
		    "number = main\n\tlink = \"http://x/{appointment_id}\"", "https://" },
		{ "a link with another variable", "number = main",
		    "number = main\n\tlink = \"https://x/{id}\"", "{appointment_id}" },
	};
	char text[8192];
	struct hospital h;

	hospital_build(&h);
	hospital_write(&h, "bad-days", "12-25\n12-35\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool found = false;

		change(text, sizeof text, rows[i].from, rows[i].to);
		holds(rows[i].rule, !hospital_load(&h, text));
		holds("promise 10: nothing of a bad configuration is given", !h.map);
		for (size_t k = 0; k < h.faults.n; k++)
			found = found || strstr(h.faults.item[k].text, rows[i].fault);
		if (!found)
			fail_msg("%s: no fault names \"%s\", the first is \"%s\"", rows[i].rule,
			    rows[i].fault, h.faults.n ? h.faults.item[0].text : "");
		hospital_forget(&h);
	}
	hospital_close(&h);
}

static int64_t
version_of(struct hospital *h, const char *text)
{
	int64_t version;

	holds("it loads", hospital_load(h, text));
	version = h->rules->version;
	hospital_forget(h);
	return version;
}

TEST(other_holidays_are_another_version)
{
	struct hospital h;
	char text[8192];
	int64_t first;

	hospital_build(&h);
	hospital_write(&h, "days", "12-25\n");
	change(text, sizeof text, "late = skip", "late = skip\n\tholidays = days");
	first = version_of(&h, text);
	same_int("the same", version_of(&h, text), first);
	hospital_write(&h, "days", "12-26\n");
	holds("another day", version_of(&h, text) != first);
	hospital_close(&h);
}

TEST(a_patient_gets_their_language)
{
	static const struct {
		const char *rule, *said, *got;
	} rows[] = {
		{ "the language itself", "es", "es" },
		{ "of a country", "es-MX", "es" },
		{ "with another dash", "es_MX", "es" },
		{ "in capitals", "ES", "es" },
		{ "not said: the first", "", "en" },
		{ "not here: the first", "de", "en" },
	};
	struct hospital h;

	hospital_build(&h);
	holds("the form loads", hospital_load(&h, FORM));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sms_templates *t = rules_templates(&h.rules->sites[0], span_of(rows[i].said));

		same_text(rows[i].rule, sms_templates_language(t), rows[i].got);
	}
	hospital_close(&h);
}

TEST(rules_live_as_long_as_somebody_holds_them)
{
	struct hospital h;
	struct rules *held;
	uint64_t tzdata;

	hospital_build(&h);
	holds("the form loads", hospital_load(&h, FORM));
	held = rules_hold(h.rules);
	tzdata = held->tzdata;
	hospital_forget(&h);
	same_text("still there", held->conf->sites[0].title, "a");
	holds("zones have a sum", tzdata != 0);
	rules_drop(held);
	rules_drop(NULL);

	holds("two sites load", hospital_load(&h, HOSPITAL_TOP HOSPITAL_SITES));
	holds("sites of one zone share it", h.rules->sites[0].zone == h.rules->sites[2].zone);
	holds("others do not", h.rules->sites[0].zone != h.rules->sites[1].zone);
	holds("other zones, another sum", h.rules->tzdata != tzdata);
	hospital_close(&h);
}

#define WORDS(reminder) \
	"[booked]\n{organization}: {start_date}\n[changed]\n{start_date}\n[canceled]\n{start_date}\n[reminder]\n" reminder "\n"

TEST(a_site_that_merges_says_the_other_times)
{
	static const struct {
		const char *rule, *merge, *words;
		bool loads;
	} rows[] = {
		{ "it does", "true", WORDS("at {start_time}[[, {other_times}]]"), true }, { "it does not", "true", WORDS("at {start_time}"), false },
		{ "nor does it have to", "false", WORDS("at {start_time}"), true },
	};
	struct hospital h;
	char text[8192], setting[80];

	hospital_build(&h);
	for (size_t i = 0; i < COUNT(rows); i++) {
		hospital_write(&h, "en", rows[i].words);
		(void)snprintf(setting, sizeof setting, "{en}\n\ttemplates = \"./\"\n\tmerge = %s", rows[i].merge);
		change(text, sizeof text, "{en, es}", setting);
		bool said = false;

		same_int(rows[i].rule, hospital_load(&h, text), rows[i].loads);
		for (size_t k = 0; k < h.faults.n; k++)
			said = said || strstr(h.faults.item[k].text, "does not say {other_times}");
		same_int(rows[i].rule, said, !rows[i].loads);
		hospital_forget(&h);
	}
	hospital_close(&h);
}

/* A folder has the texts about visits; what answers a patient comes with the program, in the language that is nearest. */
TEST(who_writes_back_is_answered_in_the_language_that_is_nearest)
{
	static const struct {
		const char *code, *same_as;
	} rows[] = { { "es-MX", "es" }, { "FR", "fr" }, { "fr_CA", "fr" }, { "fra", "en" }, { "de", "en" }, { "en-GB", "en" } };
	struct hospital h;
	char text[8192], setting[80], path[160];

	hospital_build(&h);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sms_templates *known = NULL;
		struct sms_values v = { .organization = SPAN_LIT("Lamna"), .site = SPAN_LIT("Lamna A"), .contact = SPAN_LIT("608-271-9000"), .start_s = 1795276800,
			.emergency = SPAN_LIT("911") };
		struct fault f = { 0 };
		const struct builtin *b;
		struct buf got, want;

		hospital_write(&h, rows[i].code, WORDS("at {start_time}"));
		(void)snprintf(setting, sizeof setting, "{\"%s\"}\n\ttemplates = \"./\"", rows[i].code);
		change(text, sizeof text, "{en, es}", setting);
		if (!hospital_load(&h, text))
			fail_msg("%s: %s", rows[i].code, h.faults.n ? h.faults.item[0].text : "not loaded");
		(void)snprintf(path, sizeof path, "conf/templates/%s", rows[i].same_as);
		b = builtin_find(path);
		assert_true(b && sms_templates_read(path, rows[i].same_as, span_from(b->text, b->n), &known, &f));
		buf_init(&got, 4096);
		buf_init(&want, 4096);
		v.zone = h.rules->sites[0].zone;
		assert_true(sms_render(h.rules->sites[0].templates[0], TEXT_STOPPED, &v, &got) && sms_render(known, TEXT_STOPPED, &v, &want));
		same_text(rows[i].code, buf_text(&got), buf_text(&want));
		buf_clear(&got);
		buf_clear(&want);
		sms_templates_free(known);
		(void)snprintf(path, sizeof path, "%s/%s", h.folder, rows[i].code);
		(void)unlink(path);
		hospital_forget(&h);
	}
	hospital_close(&h);
}

TEST(an_empty_list_of_languages_is_english)
{
	struct hospital h;
	char text[8192];

	hospital_build(&h);
	change(text, sizeof text, "{en, es}", "{}");
	holds("it loads", hospital_load(&h, text));
	same_int("one", h.rules->conf->sites[0].languages.n, 1);
	same_text("English", h.rules->conf->sites[0].languages.item[0], "en");
	hospital_close(&h);
}

/* nudgectl check goes on behind the first fault: what hangs on what is not there is passed over, and all else is looked at. */
TEST(a_look_goes_on_behind_the_first_fault)
{
	static const struct {
		const char *rule, *from, *to, *told, *not_told;
		enum conf_reader reader;
	} rows[] = {
		{ "a site of no environment", "environment = prod\n\tprofile", "environment = nowhere\n\tprofile", "nowhere", "no memory", CONF_CHECK },
		{ "an environment of no organization", "organization = lamna", "organization = nobody", "nobody", "no memory", CONF_CHECK },
		{ "a profile that there is not", "profile = epic", "profile = epci", "epci", "no memory", CONF_CHECK },
		{ "a key that is not there is told once", "number = main", "number = main\n\tlink_key = none.key", "none.key", "link_key: none.key", CONF_CHECK },
		{ "a key that is none", "number = main", "number = main\n\tlink_key = acs.key", "acs.key", "no memory", CONF_CHECK },
		{ "the daemon's own look", "number = main", "number = main\n\tlink_key = acs.key", "acs.key", "no memory", CONF_NUDGED },
		{ "the daemon finds no key", "number = main", "number = main\n\tlink_key = none.key", "none.key", "no memory", CONF_NUDGED },
	};
	struct hospital h;
	char text[8192], path[128];

	hospital_build(&h);
	(void)snprintf(path, sizeof path, "%s/nudge.conf", h.folder);
	for (size_t n = 0; n < 2 * COUNT(rows); n++) {
		size_t i = n / 2;
		struct conf *c = NULL;
		bool told = false, not_told = false, holidays = false, ok;
		char *at;

		change(text, sizeof text, rows[i].from, rows[i].to);
		at = strstr(text, "late = skip");
		if (n % 2) { /* a second fault */
			memmove(at + 19, at, strlen(at) + 1);
			memcpy(at, "holidays = no-days\n", 19);
		}
		hospital_write(&h, "nudge.conf", text);
		conf_faults_clear(&h.faults);
		ok = conf_look(path, rows[i].reader, &c, &h.faults);
		assert_non_null(c);
		ok = rules_look(c, &h.rules, &h.faults) && ok;
		holds(rows[i].rule, !ok && h.rules);
		for (size_t k = 0; k < h.faults.n; k++) {
			told = told || strstr(h.faults.item[k].text, rows[i].told);
			not_told = not_told || strstr(h.faults.item[k].text, rows[i].not_told);
			holidays = holidays || strstr(h.faults.item[k].text, "no-days");
		}
		same_int(rows[i].rule, told, true);
		same_int(rows[i].rule, not_told, false);
		same_int("the rest of the site is looked at", holidays, n % 2);
		conf_drop(c);
		hospital_forget(&h);
	}
	hospital_close(&h);
}

TEST(clocks_of_a_patient_are_all_known_or_none)
{
	const struct zone *out[2];
	struct hospital h;

	hospital_build(&h);
	holds("the form loads", hospital_load(&h, FORM));
	same_int("one", rules_places(h.rules, "America/Chicago", out, 2), 1);
	same_text("is that one", zone_name(out[0]), "America/Chicago");
	same_int("two", rules_places(h.rules, "America/Chicago America/Denver", out, 2), 2);
	same_int("more than there is room for", rules_places(h.rules, "America/Chicago America/Denver America/Phoenix", out, 2), 0);
	same_int("one that nobody has", rules_places(h.rules, "America/Chicago America/Atlantis", out, 2), 0);
	same_int("nothing", rules_places(h.rules, "", out, 2), 0);
	hospital_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(an_approval_covers_what_decides),
		RUN(an_approval_covers_the_files_content),
		RUN(what_cannot_be_compiled_is_told),
		RUN(other_holidays_are_another_version),
		RUN(a_patient_gets_their_language),
		RUN(rules_live_as_long_as_somebody_holds_them),
		RUN(a_site_that_merges_says_the_other_times),
		RUN(who_writes_back_is_answered_in_the_language_that_is_nearest),
		RUN(an_empty_list_of_languages_is_english),
		RUN(a_look_goes_on_behind_the_first_fault),
		RUN(clocks_of_a_patient_are_all_known_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
