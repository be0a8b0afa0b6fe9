/* test_words.c - what a site's words may say, cost and lead to; links made of templates. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "hospital.h"

#include "nudge/policy.h"
#include "nudge/seal.h"

#define FORM(site) \
	HOSPITAL_TOP "site \"a\" {\n\tenvironment = prod\n\tprofile = epic\n\tnumber = main\n" \
	"\tcontact = \"608-271-9000\"\n\tfhir_base_url = \"https://lamna.example/R4\"\n" \
	"\ttime_zone = America/Chicago\n\tapprover = root\n\t" site "\n}\n"
#define REST "\n[changed]\nc\n[canceled]\nd\n[reminder]\ne\n"

static struct zone *chicago;

static struct sms_templates *
read_templates(const char *rule, const char *language, const char *text)
{
	struct sms_templates *t = NULL;
	struct fault f = { .kind = FAULT_NONE };

	if (!sms_templates_read("t", language, span_of(text), &t, &f))
		fail_msg("%s: %s", rule, f.text);
	return t;
}

#define LONG_HOST "aaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbcccccccccccccccccccccccccddddddddddddddddddddddddd" /* 100 of them */
#define FILL "Lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod. " /* 71 characters */

/* The bill doubled elsewhere for one curly sign; the numbers are those of our list of what went wrong elsewhere. */
static const struct {
	const char *rule, *words, *organization, *want;
	bool as_is, plain_names;
	unsigned segments;
} replaced[] = {
	{ "one curly apostrophe does not double the bill", FILL "It\xe2\x80\x99s you {organization}", "Lamna",
	    FILL "It's you Lamna", false, false, 1 },
	{ "quotes, dashes, dots, blanks", FILL "\xe2\x80\x9c" "a\xe2\x80\x9d \xe2\x80\x93 b\xe2\x80\x94" "c\xe2\x80\xa6" "d\xc2\xa0" "e {organization}",
	    "Lamna", FILL "\"a\" - b-c...d e Lamna", false, false, 1 },
	{ "what cannot be seen goes", FILL "a\xe2\x80\x8b" "b\xef\xbb\xbf {organization}", "Lamna", FILL "ab Lamna", false, false, 1 },
	{ "words lose their accents", FILL "s\xc3\xa1" "bado ao\xc3\xbbt {organization}", "Lamna", FILL "sabado aout Lamna", false, false, 1 },
	{ "letters of the alphabet stay", FILL "\xc3\xa9\xc3\xb1\xc3\xbc s\xc3\xa1" "bado {organization}", "Lamna",
	    FILL "\xc3\xa9\xc3\xb1\xc3\xbc sabado Lamna", false, false, 1 },
	{ "a name keeps its accent, and then all stay", FILL "s\xc3\xa1" "bado {organization}", "Jos\xc3\xa9 y Mar\xc3\xad" "a",
	    FILL "s\xc3\xa1" "bado Jos\xc3\xa9 y Mar\xc3\xad" "a", false, false, 2 },
	{ "unless that is set", FILL "s\xc3\xa1" "bado {organization}", "Jos\xc3\xa9 y Mar\xc3\xad" "a",
	    FILL "sabado Jos\xc3\xa9 y Maria", false, true, 1 },
	{ "the apostrophe of a name is no letter", FILL "{organization}", "O\xe2\x80\x99" "Brien", FILL "O'Brien", false, false, 1 },
	{ "all or nothing: an emoji stays, and so does the quote", FILL "\xe2\x80\x99 \xf0\x9f\x8f\xa5 {organization}", "Lamna",
	    FILL "\xe2\x80\x99 \xf0\x9f\x8f\xa5 Lamna", false, true, 2 },
	{ "never a question mark: Greek stays Greek", FILL "\xce\xb1\xce\xb2 {organization}", "Lamna", FILL "\xce\xb1\xce\xb2 Lamna", false, true, 2 },
	{ "what saves no segment stays as it is written", "s\xc3\xa1" "bado {organization}", "Lamna", "s\xc3\xa1" "bado Lamna", false, true, 1 },
	{ "smart_encoding = false", FILL "s\xc3\xa1" "bado {organization}", "Lamna", FILL "s\xc3\xa1" "bado Lamna", true, true, 2 },
	{ "an accent behind its letter is one with it", FILL "{organization}", "Jose\xcc\x81", FILL "Jos\xc3\xa9", false, false, 1 },
	{ "an accent that is part of no letter goes", FILL "q\xcc\x81 {organization}", "Lamna", FILL "q Lamna", false, false, 1 },
	{ "an accent on a letter that the alphabet has not", FILL "\xce\xac {organization}", "Lamna", FILL "\xce\xac Lamna", false, true, 2 },
	{ "a sign that is none of ours with a stroke through", FILL "a \xe2\x89\xa0 b {organization}", "Lamna", FILL "a \xe2\x89\xa0 b Lamna", false, true, 2 },
	{ "Polish and ligatures", FILL "\xc5\x81\xc3\xb3" "d\xc5\xba \xc5\x93uvre {organization}", "Lamna", FILL "Lodz oeuvre Lamna", false, false, 1 },
};

/* pain: a curly apostrophe makes every text cost twice */
TEST(smart_encoding_is_all_or_nothing)
{
	for (size_t i = 0; i < COUNT(replaced); i++) {
		char file[1024];
		struct sms_values v = { .organization = span_of(replaced[i].organization), .zone = chicago,
			.as_is = replaced[i].as_is, .plain_names = replaced[i].plain_names };
		struct sms_templates *t;
		struct buf b;

		(void)snprintf(file, sizeof file, "[booked]\n%s" REST, replaced[i].words);
		t = read_templates(replaced[i].rule, "en", file);
		buf_init(&b, 4096);
		holds(replaced[i].rule, sms_render(t, TEXT_BOOKED, &v, &b));
		same_text(replaced[i].rule, buf_text(&b), replaced[i].want);
		same_int(replaced[i].rule, sms_measure(buf_span(&b)).segments, replaced[i].segments);
		holds("never a question mark", !strchr(buf_text(&b), '?'));
		buf_clear(&b);
		sms_templates_free(t);
	}
}

TEST(a_link_is_never_replaced)
{
	struct sms_templates *t = read_templates("link", "en", "[booked]\n" FILL "s\xc3\xa1" "bado {link}" REST);
	struct sms_values v = { .link = SPAN_LIT("https://x.example/`a"), .zone = chicago, .plain_names = true };
	struct buf b;

	buf_init(&b, 4096);
	holds("rendered", sms_render(t, TEXT_BOOKED, &v, &b));
	same_text("all stays", buf_text(&b), FILL "s\xc3\xa1" "bado https://x.example/`a");
	same_int("and the link's character is named", sms_worst(t, TEXT_BOOKED, &v).culprit, '`');
	buf_clear(&b);
	sms_templates_free(t);
}

/* ---- the zone's name ---- */

static const struct {
	const char *rule, *language, *zone, *when, *want;
} zones[] = {
	{ "winter", "en", "America/Chicago", "2026-11-21 10:00", "10:00 AM CST" },
	{ "summer", "en", "America/Chicago", "2026-07-01 15:00", "3:00 PM CDT" },
	{ "no summer time there", "en", "America/Phoenix", "2026-07-01 15:00", "3:00 PM MST" },
	{ "Spanish has American names in the United States", "es", "America/New_York", "2026-11-21 10:00", "10:00 EST" },
	{ "a language without short names says the offset", "de", "America/Chicago", "2026-11-21 10:00", "10:00 UTC-6" },
	{ "a zone without a short name", "en", "Asia/Kolkata", "2026-11-21 10:00", "10:00 AM UTC+5:30" },
	{ "half hours west", "de", "America/St_Johns", "2026-11-21 10:00", "10:00 UTC-3:30" },
	{ "a summer of half an hour", "en", "Australia/Lord_Howe", "2026-01-10 10:00", "10:00 AM UTC+11" },
	{ "a summer of two hours", "en", "Antarctica/Troll", "2026-07-10 10:00", "10:00 AM UTC+2" },
	{ "whole hours", "fr", "Asia/Tokyo", "2026-11-21 10:00", "10:00 UTC+9" },
};

/* pain: a time without its zone, read on another clock */
TEST(the_zone_is_named_where_clocks_differ)
{
	for (size_t i = 0; i < COUNT(zones); i++) {
		struct sms_templates *t = read_templates(zones[i].rule, zones[i].language, "[booked]\n{start_time}" REST);
		struct sms_values v = { .zone_shown = true };
		struct civil c = { 0 };
		struct zone *z = NULL;
		struct fault f;
		struct buf b;

		holds(zones[i].rule, zone_load(zones[i].zone, &z, &f));
		(void)sscanf(zones[i].when, "%d-%d-%d %d:%d", &c.year, &c.month, &c.day, &c.hour, &c.minute);
		v.zone = z;
		v.start_s = zone_instant(z, &c, NULL);
		buf_init(&b, 4096);
		holds(zones[i].rule, sms_render(t, TEXT_BOOKED, &v, &b));
		same_text(zones[i].rule, buf_text(&b), zones[i].want);
		buf_clear(&b);
		sms_templates_free(t);
		zone_free(z);
	}
}

/* ---- a site's words ---- */

static const struct {
	const char *rule, *site, *words; /* [booked] of templates/en */
	const char *error, *warning;     /* NULL: none of it at all */
} lints[] = {
	{ "nothing to say", "", "{organization}: {start_date}. [[Call {contact}.]] [[{link}]]", NULL, NULL },
	{ "a gap for a missing link", "link = \"ZVV-3\"", "Join {link}", "{link} outside of [[ ]]", NULL },
	{ "a link that is required is no gap", "link = \"ZVV-3\" link_required = true", "Join {link}", NULL, NULL },
	{ "not every visit has a link", "link = \"ZVV-3\" link_required = true office_if = {'SCH-8 = OFFICE'}", "Join {link}",
	    "a visit may be one without a link", NULL },
	{ "a gap for a missing contact", "contact = \"\"", "Call {contact}", "the site has no contact", NULL },
	{ "a contact that there is", "", "Call {contact}", NULL, NULL },
	{ "other times are mostly missing", "", "at {start_time} and {other_times}", "{other_times}", NULL },
	{ "no device_test_link", "", "Test: {device_test_link}", "device_test_link", NULL },
	{ "a device_test_link", "device_test_link = \"https://v.lamna.example/test\"", "Test: {device_test_link}", NULL, NULL },
	{ "a link anywhere", "", "see https://lamna.example/a", NULL, NULL },
	{ "a link outside of link_domains", "link_domains = {\"lamna.example\"}", "see https://evil.example/lamna.example",
	    "link to evil.example", NULL },
	{ "without its scheme", "link_domains = {\"lamna.example\"}", "see www.evil.example.", "link to www.evil.example", NULL },
	{ "a host that only ends like it", "link_domains = {\"lamna.example\"}", "https://notlamna.example/", "notlamna.example", NULL },
	{ "a host below", "link_domains = {\"Lamna.example\"}", "https://visit.LAMNA.example:443/x", NULL, NULL },
	{ "a name before an @ is no host", "link_domains = {\"lamna.example\"}", "https://lamna.example@evil.example/", "evil.example", NULL },
	{ "the host itself", "link_domains = {\"lamna.example\"}", "https://lamna.example./a", NULL, NULL },
	{ "in parentheses", "link_domains = {\"lamna.example\"}", "(see https://evil.example/a) soon", "link to evil.example", NULL },
	{ "of a host whose name is long", "link_domains = {\"lamna.example\"}", "https://" LONG_HOST ".example/", "link to " LONG_HOST ",", NULL },
	{ "a link that nobody has", "", "Join {link}", "a message may bring no link", NULL },
	{ "a device test, and not every visit has one", "device_test_link = \"https://v.lamna.example/t\" video_if = {'SCH-8 = VIDEO'}",
	    "Test: {device_test_link}", "a visit may be one without a link", NULL },
	{ "a sign of three bytes is named", "", FILL "\xe2\x9c\x93", NULL, "\xe2\x9c\x93 U+2713" },
	{ "a word that begins like one of the list", "", "their hives", NULL, NULL },
	{ "the character is named", "", FILL "\xf0\x9f\x8f\xa5", NULL, "U+1F3E5" },
	{ "in a name that keeps its accents", "name = \"Cl\xc3\xadnica\"", FILL "{site}", NULL, "\xc3\xad U+00ED" },
	{ "one that can be replaced is none", "", FILL "s\xc3\xa1" "bado", NULL, NULL },
	{ "unless that is off", "smart_encoding = false", FILL "s\xc3\xa1" "bado", NULL, "U+00E1" },
	{ "over 320", "", FILL FILL FILL FILL FILL, NULL, "over 320" },
	{ "what the visit is about", "", "Your oncology visit", NULL, "(\"oncolog*\")" },
	{ "in Spanish with accents", "", "su cita de cirug\xc3\xad" "a", NULL, "(\"cirugia*\")" },
	{ "a phrase", "", "for Mental-Health", NULL, "(\"mental health\")" },
	{ "the site's own name, when it is said", "name = \"Lamna Cardiology\"", "{site}: hello", NULL, "(\"cardiolog*\")" },
	{ "the site's own name, when it is not said", "name = \"Lamna Cardiology\"", "{organization}: hello", NULL, NULL },
	{ "a word in a word", "", "constituents", NULL, NULL },
};

static const char *
first_fault(const struct hospital *h, bool warning)
{
	for (size_t i = 0; i < h->faults.n; i++)
		if (h->faults.item[i].warning == warning && strstr(h->faults.item[i].text, "[booked] in en"))
			return h->faults.item[i].text;
	return NULL;
}

/* pain: a gap in the text where a value is missing */
/* pain: one odd character doubles the bill, and nobody knows which */
TEST(a_site_s_words_are_looked_at_when_they_are_read)
{
	struct hospital h;

	hospital_build(&h);
	for (size_t i = 0; i < COUNT(lints); i++) {
		char form[4096], file[1024];
		bool loaded, own = strstr(lints[i].site, "contact =");
		const char *error, *warning;

		(void)snprintf(file, sizeof file, "[booked]\n%s" REST, lints[i].words);
		hospital_write(&h, "en", file);
		(void)snprintf(form, sizeof form, FORM("%s\n\ttemplates = \"./\""), lints[i].site);
		if (own) { /* one setting, once */
			char *at = strstr(form, "\tcontact = \"608-271-9000\"\n");

			memmove(at, at + 26, strlen(at + 26) + 1);
		}
		loaded = hospital_load(&h, form);
		error = first_fault(&h, false);
		warning = first_fault(&h, true);
		if (loaded != !lints[i].error || (error && !strstr(error, lints[i].error)))
			fail_msg("%s: %s", lints[i].rule, error ? error : h.faults.n ? h.faults.item[0].text : "loaded");
		if (!warning != !lints[i].warning || (warning && !strstr(warning, lints[i].warning)))
			fail_msg("%s: %s", lints[i].rule, warning ? warning : "no warning");
		hospital_forget(&h);
	}
	hospital_close(&h);
}

TEST(a_language_is_a_file)
{
	struct hospital h;
	struct rules_example x;
	struct buf b;

	hospital_build(&h);
	hospital_write(&h, "de", "[booked]\n{organization}: Ihr Termin ist am {start_date} um {start_time}." REST);
	holds("loads", hospital_load(&h, FORM("languages = {de}\n\ttemplates = \"./\"")));
	rules_example(&h.rules->sites[0], &x);
	x.values.zone_shown = false;
	buf_init(&b, 4096);
	holds("said", sms_render(h.rules->sites[0].templates[0], TEXT_BOOKED, &x.values, &b));
	same_text("in German", buf_text(&b), "Lamna Healthcare: Ihr Termin ist am Mittwoch, 22. September um 11:15.");
	buf_clear(&b);
	hospital_close(&h);
}

TEST(other_words_have_another_version)
{
	struct hospital h;
	int64_t first;

	hospital_build(&h);
	hospital_write(&h, "en", "[booked]\none" REST);
	holds("loads", hospital_load(&h, FORM("templates = \"./\"")));
	first = h.rules->sites[0].words;
	hospital_forget(&h);
	holds("loads again", hospital_load(&h, FORM("templates = \"./\" daily_cap = 3")));
	same_int("the same words", h.rules->sites[0].words, first);
	hospital_forget(&h);
	hospital_write(&h, "en", "[booked]\ntwo" REST);
	holds("loads changed", hospital_load(&h, FORM("templates = \"./\"")));
	holds("another version", h.rules->sites[0].words != first && first != 0 && first >> 48 == 0);
	hospital_close(&h);
}

/* ---- links ---- */

static const struct {
	const char *rule, *site, *error; /* NULL: fine */
} templates[] = {
	{ "an id", "link = \"https://v.example/{appointment_id}\"", NULL },
	{ "a token without a key", "link = \"https://v.example/{appointment_id}?t={token}\"", "link_key" },
	{ "a token with one", "link = \"https://v.example/{appointment_id}?t={token}\" link_key = link.key", NULL },
	{ "a key that is none", "link = \"https://v.example/{appointment_id}?t={token}\" link_key = acs.key", "acs.key" },
	{ "a key that is not there", "link_key = none.key", "nudgectl keygen" },
	{ "an expiry that nobody signs", "link = \"https://v.example/{appointment_id}?u={expires}\" link_valid = 1d", "{token}" },
	{ "an expiry of no length", "link = \"https://v.example/{appointment_id}?u={expires}&t={token}\" link_key = link.key", "link_valid" },
	{ "both", "link = \"https://v.example/{appointment_id}?u={expires}&t={token}\" link_key = link.key link_valid = 1d", NULL },
	{ "another variable", "link = \"https://v.example/{phone}\"", "no other variable" },
	{ "a variable for a host", "link = \"https://{appointment_id}.example/\"", "host" },
	{ "a shortener", "link = \"https://bit.ly/{appointment_id}\"", "bit.ly" },
	{ "outside of link_domains", "link = \"https://v.example/{appointment_id}\" link_domains = {\"w.example\"}", "not in link_domains" },
	{ "outside, and long", "link = \"https://" LONG_HOST ".example/\" link_domains = {\"w.example\"}", LONG_HOST " is not in link_domains" },
	{ "the device test, too", "device_test_link = \"https://v.example/\" link_domains = {\"w.example\"}", "device_test_link" },
	{ "a domain that is an address", "link_domains = {\"https://v.example\"}", "without https://" },
	{ "a domain without a dot", "link_domains = {\"localhost\"}", "names of hosts" },
};

TEST(link_templates_are_looked_at_when_they_are_read)
{
	struct hospital h;
	struct fault f;
	char key[128];

	hospital_build(&h);
	(void)snprintf(key, sizeof key, "%s/link.key", h.folder);
	holds("a key", seal_keyfile_make(key, &f));
	for (size_t i = 0; i < COUNT(templates); i++) {
		char form[4096];
		bool loaded, found = false;

		(void)snprintf(form, sizeof form, FORM("%s"), templates[i].site);
		loaded = hospital_load(&h, form);
		for (size_t k = 0; templates[i].error && k < h.faults.n; k++)
			found = found || strstr(h.faults.item[k].text, templates[i].error);
		if (loaded != !templates[i].error || found != !!templates[i].error)
			fail_msg("%s: %s", templates[i].rule, h.faults.n ? h.faults.item[0].text : "loaded");
		hospital_forget(&h);
	}
	(void)unlink(key);
	hospital_close(&h);
}

TEST(a_link_is_signed_over_its_id_and_expiry)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 1, 2, 3 };
	struct link_facts x = { .appointment_id = SPAN_LIT("A/4 2") };
	struct buf b;

	buf_init(&b, 4096);
	holds("at intake", link_fill(SPAN_LIT("https://v.example/{appointment_id}?u={expires}&t={token}"), &x, &b));
	same_text("the rest waits", buf_text(&b), "https://v.example/A%2F4%202?u={expires}&t={token}");
	x.key = key;
	x.expires_s = 1795363200;
	buf_reset(&b);
	holds("when it is sent", link_fill(SPAN_LIT("u={expires}&t={token}"), &x, &b));
	/* By Python's hmac and base64.urlsafe_b64encode. */
	same_text("signed", buf_text(&b), "u=1795363200&t=" "mTHu7dmQ-YiQ9_kweqBM-w");
	x.expires_s = 0;
	buf_reset(&b);
	holds("without an expiry", link_fill(SPAN_LIT("{token}"), &x, &b));
	same_text("signed over nothing more", buf_text(&b), "ZxGizMYJMme9xURAT1-6wA");
	buf_clear(&b);
	buf_init(&b, 5);
	holds("no room", !link_fill(SPAN_LIT("https://v.example/"), &x, &b));
	buf_clear(&b);
}

TEST(where_a_link_leads_to)
{
	static const struct {
		const char *rule, *link, *host;
		bool allowed; /* in v.example */
	} rows[] = {
		{ "nothing", "", "", false }, { "a host", "https://v.example/a", "v.example", true }, { "in capitals", "HTTPS://V.Example", "V.Example", true },
		{ "below it", "https://x.v.example:443/a", "x.v.example", true }, { "beside it", "https://xv.example", "xv.example", false },
		{ "dots and no name", "https://.../a", "", false }, { "a dot at the end", "https://v.example./", "v.example", true },
		{ "a name before an @", "https://v.example@evil.example/", "evil.example", false },
		{ "an @ behind the host", "https://v.example/@evil.example", "v.example", true },
		{ "a backslash", "https://evil.example\\@v.example/", "evil.example", false }, { "a question", "https://evil.example?v.example", "evil.example", false },
		{ "a place in a page", "https://evil.example#.v.example", "evil.example", false }, { "shorter than the domain", "https://a", "a", false },
	};
	static char domain[] = "v.example", *domains[] = { domain };
	const struct conf_site s = { .link_domains = { domains, 1 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span host = link_host(span_of(rows[i].link));

		same_bytes(rows[i].rule, host.p, host.n, rows[i].host, strlen(rows[i].host));
		same_int(rows[i].rule, link_allowed(&s, span_of(rows[i].link)), rows[i].allowed);
	}
	same_int("no link", link_host(SPAN_NONE).n, 0);
	holds("any host, where none is listed", link_allowed(&(struct conf_site){ .link_domains = { NULL, 0 } }, span_of("https://other.example/x")));
}

TEST(an_id_is_written_so_that_no_address_ends_in_it)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 1 };
	static char big[5000];
	struct link_facts x = { .appointment_id = span_from("aZz09-._~[{`@/?#&%+ \0\xc3\xa9", 23) };
	struct buf b;

	buf_init(&b, 16384);
	holds("filled", link_fill(SPAN_LIT("{appointment_id}"), &x, &b));
	same_text("as RFC 3986 has it", buf_text(&b), "aZz09-._~%5B%7B%60%40%2F%3F%23%26%25%2B%20%00%C3%A9");
	memset(big, 'a', sizeof big);
	x = (struct link_facts){ .appointment_id = span_from(big, sizeof big), .key = key };
	buf_reset(&b);
	holds("an id too long to be signed makes no link", !link_fill(SPAN_LIT("{token}"), &x, &b));
	buf_clear(&b);
	x.appointment_id = SPAN_LIT("A[");
	for (size_t room = 1; room < 22; room++) {
		buf_init(&b, room);
		holds("no room for all of a token", !link_fill(SPAN_LIT("{token}"), &x, &b));
		holds("nor of an id", room >= 4 || !link_fill(SPAN_LIT("{appointment_id}"), &x, &b));
		buf_clear(&b);
	}
}

static int
set_up(void **state)
{
	struct fault f;

	(void)state;
	return zone_load("America/Chicago", &chicago, &f) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	zone_free(chicago);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(smart_encoding_is_all_or_nothing), RUN(a_link_is_never_replaced),
		RUN(the_zone_is_named_where_clocks_differ),
		RUN(a_site_s_words_are_looked_at_when_they_are_read), RUN(a_language_is_a_file),
		RUN(other_words_have_another_version), RUN(link_templates_are_looked_at_when_they_are_read),
		RUN(a_link_is_signed_over_its_id_and_expiry), RUN(where_a_link_leads_to),
		RUN(an_id_is_written_so_that_no_address_ends_in_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
