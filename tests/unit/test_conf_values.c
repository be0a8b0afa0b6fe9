/* test_conf_values.c - what a good configuration means: every default, every form, all files. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <ctype.h>

#include "conf/options.h"
#include "conf_files.h"

static struct conf *
load_text(const struct folder *d, const char *text, const char *to)
{
	struct conf *c = NULL;
	struct conf_faults faults;

	folder_file(d, "nudge.conf", text, 0644);
	if (!folder_load(d, "nudge.conf", CONF_NUDGED, &c, &faults)) {
		show_faults(&faults);
		fail_msg("it does not load with %s", to);
	}
	conf_faults_clear(&faults);
	return c;
}

/* Loads the good configuration with one change; it must load. */
static struct conf *
load_with(const struct folder *d, const char *from, const char *to)
{
	char *text = text_with(GOOD_CONF, from, to);
	struct conf *c = load_text(d, text, to);

	free(text);
	return c;
}

/* The same where more sites come: the first leaves them something. */
static struct conf *
load_beside(const struct folder *d, const char *from, const char *to)
{
	char *narrow = text_with(GOOD_CONF, "approver = analyst1", "approver = analyst1 departments = {'^CARD'}");
	char *text = text_with(narrow, from, to);
	struct conf *c = load_text(d, text, to);

	free(text);
	free(narrow);
	return c;
}

static const char *
under(const struct folder *d, const char *path)
{
	static char out[256];

	(void)snprintf(out, sizeof out, "%s/%s", d->path, path);
	return out;
}

/* pain: time limits that are off unless somebody sets them */
TEST(what_is_not_said_has_its_default)
{
	struct folder d;
	struct conf *c;
	const struct conf_site *s;
	const struct conf_listener *l;

	folder_make(&d);
	c = load_with(&d, "US", "US");
	s = &c->sites[0];
	l = &c->listeners[0];
	same_text("file", c->file, under(&d, "nudge.conf"));
	same_text("state_directory", c->state_directory, "/var/lib/nudge");
	same_text("control_socket", c->control_socket, "/run/nudge/control");
	same_text("sender_socket", c->sender_socket, "/run/nudge/sender");
	same_text("store_key is relative to the file", c->store_key, under(&d, "keys/store.key"));
	holds("clock_sync", !c->clock_sync_required);
	same_int("audit_retention", c->audit_retention_s, 6 * 365 * 86400);
	same_int("audit_max", c->audit_max_bytes, 0);
	same_int("report_retention", c->report_retention_s, INT64_C(6) * 365 * 86400);
	same_int("store_max", c->store_max_bytes, 0);
	same_int("journal_retention", c->journal_retention_s, 35 * 86400);
	same_text("journal_directory", c->journal_directory, "");
	same_text("metrics", c->metrics, "");
	same_int("silence of an environment", c->environments[0].silence_s, 4 * 86400);
	same_int("disk_warn", c->disk_warn_bytes, 1 << 30);
	same_int("disk_shed", c->disk_shed_bytes, 256 << 20);
	same_int("disk_stop", c->disk_stop_bytes, 64 << 20);
	same_int("intake_threads", c->intake_threads, 2);
	same_int("access", c->access.view.n + c->access.operate.n + c->access.phi.n, 0);
	same_text("country", c->organizations[0].country, "US");
	same_int("countries", c->organizations[0].countries.n, 1);
	same_text("countries", c->organizations[0].countries.item[0], "US");
	same_text("geography", c->organizations[0].geography, "");
	same_int("monthly_limit", c->organizations[0].monthly_limit, 0);
	same_int("on_limit", c->organizations[0].on_limit, LIMIT_WARN);
	same_int("refused_numbers", c->organizations[0].refused_numbers_s, 180 * 86400);
	same_text("api_version", c->gateways[0].api_version, "2026-01-23");
	same_text("ca_file", c->gateways[0].ca_file, "");
	same_text("revocation_list", c->gateways[0].revocation_list, "");
	holds("any_host", !c->gateways[0].any_host);
	same_int("repeat_window", c->gateways[0].repeat_window_s, 240);
	same_int("rate of a toll-free number", c->numbers[0].rate_per_min, 200);
	same_text("address", l->address, "0.0.0.0");
	holds("tls", l->tls);
	same_int("ack_mode", l->ack_mode, ACK_ALWAYS_AA);
	same_int("max_message", l->max_message, 1048576);
	same_int("max_connections", l->max_connections, 1000);
	same_int("max_handshakes", l->max_handshakes, 256);
	same_int("penalty_max", l->penalty_max_s, 60);
	same_int("handshake_timeout", l->handshake_timeout_s, 10);
	same_int("first_byte_timeout", l->first_byte_timeout_s, 3600);
	same_int("frame_timeout", l->frame_timeout_s, 30);
	same_int("idle_timeout", l->idle_timeout_s, 0);
	same_text("name is the organization's", s->name, "Lamna Healthcare");
	same_text("contact", s->contact, "");
	same_text("sending_application", s->sending_application, "");
	same_text("sending_facility", s->sending_facility, "");
	same_int("patterns",
	    s->departments.n + s->visit_types.n + s->confidential_departments.n +
		s->confidential_visit_types.n,
	    0);
	same_int("languages", s->languages.n, 1);
	same_text("languages", s->languages.item[0], "en");
	same_text("templates", s->templates_path, "");
	same_text("link", s->link, "");
	holds("link_required", !s->link_required);
	same_int("patient_consent", s->patient_consent, CONSENT_NOT_REQUIRED);
	holds("confirmation", s->confirmation);
	same_int("settle", s->settle_s, 120);
	same_int("stale", s->stale_s, 86400);
	same_int("late", s->late, LATE_SKIP);
	same_int("window from", s->window.from_min, 540);
	same_int("window to", s->window.to_min, 1200);
	same_int("short_window from", s->short_window.from_min, 420);
	same_int("short_window to", s->short_window.to_min, 1260);
	same_int("closing_margin", s->window.margin_min, 10);
	same_int("closing_margin of the longer hours", s->short_window.margin_min, 10);
	same_text("holidays", s->holidays, "");
	holds("patient_zone", s->patient_zone);
	same_int("expiry", s->expiry_s, 300);
	same_int("retain", s->retain_s, 0);
	same_int("unknown", s->unknown, UNKNOWN_DROP);
	same_int("unknown_wait", s->unknown_wait_s, 900);
	same_int("storm_brake", s->storm_brake_per_min, 300);
	same_int("daily_cap", s->daily_cap, 6);
	same_int("weekly_cap", s->weekly_cap, 0);
	holds("nak_bad_content", !s->nak_bad_content);
	holds("untyped_phones", s->unknown_type_phone);
	holds("fiction_numbers", s->fiction_numbers);
	holds("adt is not looked at", !s->adt_deceased && !s->adt_phone && !s->adt_merge);
	conf_drop(c);
	folder_remove(&d);
}

TEST(blocks_are_linked)
{
	struct folder d;
	struct conf *c;

	folder_make(&d);
	c = load_with(&d, "store_key", "store_key");
	holds("number to gateway", c->numbers[0].gateway == &c->gateways[0]);
	holds("environment to organization", c->environments[0].organization == &c->organizations[0]);
	holds("listener to environment",
	    c->listeners[0].environments_n == 1 && c->listeners[0].environments[0] == &c->environments[0]);
	holds("site to environment", c->sites[0].environment == &c->environments[0]);
	holds("site to number", c->sites[0].number == &c->numbers[0]);
	holds("a site by title", conf_find_site(c, "cardiology") == &c->sites[0]);
	holds("an environment by title", conf_find_environment(c, "prod") == &c->environments[0]);
	holds("a number by title", conf_find_number(c, "main") == &c->numbers[0]);
	holds("a gateway by title", conf_find_gateway(c, "acs") == &c->gateways[0]);
	holds("none by another title", !conf_find_site(c, "oncology"));
	same_text("approver", c->sites[0].approvers.item[0], "analyst1");
	same_int("where the site stands", c->sites[0].at.line, 29);
	same_text("and in which file", c->sites[0].at.file, c->file);
	same_int("where the reminder stands", c->sites[0].reminders[0].at.line, 35);
	holds("a second user", conf_hold(c) == c);
	conf_drop(c);
	same_text("is still there after the first has gone", c->sites[0].title, "cardiology");
	conf_drop(c);
	conf_drop(NULL);
	folder_remove(&d);
}

TEST(reminders_have_three_forms)
{
	static const struct {
		const char *before;
		int form;
		int64_t before_s;
		int days, at_min;
	} cases[] = {
		{ "24h", BEFORE_ELAPSED, 86400, 0, 0 },
		{ "15min", BEFORE_ELAPSED, 900, 0, 0 },
		{ "301s", BEFORE_ELAPSED, 301, 0, 0 },
		{ "1d", BEFORE_DAYS, 86400, 1, 0 },
		{ "\"7d\"", BEFORE_DAYS, 604800, 7, 0 },
		{ "\"2d at 10:00\"", BEFORE_DAYS_AT, 172800, 2, 600 },
		{ "2d at 10:00", BEFORE_DAYS_AT, 172800, 2, 600 },
		{ "2d  at 9:05", BEFORE_DAYS_AT, 172800, 2, 545 },
		{ "\"1d at 00:00\"", BEFORE_DAYS_AT, 86400, 1, 0 },
		{ "\"1d at 9:30\"", BEFORE_DAYS_AT, 86400, 1, 570 },
		{ "'3d at 23:59'", BEFORE_DAYS_AT, 259200, 3, 1439 },
	};
	struct folder d;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf *c = load_with(&d, "24h", cases[i].before);
		const struct conf_reminder *r = &c->sites[0].reminders[0];

		same_int("one reminder", c->sites[0].reminders_n, 1);
		same_text("title", r->title, "day");
		same_int(cases[i].before, r->form, cases[i].form);
		same_int(cases[i].before, r->before_s, cases[i].before_s);
		same_int(cases[i].before, r->days, cases[i].days);
		same_int(cases[i].before, r->at_min, cases[i].at_min);
		conf_drop(c);
	}
	folder_remove(&d);
}

TEST(the_short_window_always_holds_the_window)
{
	static const struct {
		const char *rule, *text;
		struct conf_window window, longer;
	} cases[] = {
		{ "it is longer by itself", "window = \"10:00-18:00\"", { 600, 1080, false, 0 },
		    { 420, 1260, false, 0 } },
		{ "widened in the morning", "window = \"06:00-18:00\"", { 360, 1080, false, 0 },
		    { 360, 1260, false, 0 } },
		{ "widened in the evening", "window = \"10:00-22:30\"", { 600, 1350, false, 0 },
		    { 420, 1350, false, 0 } },
		{ "always", "window = \"00:00-24:00\"", { 0, 1440, true, 0 }, { 0, 1440, true, 0 } },
		{ "widened although it was said", "short_window = \"12:00-13:00\"", { 540, 1200, false, 0 },
		    { 540, 1200, false, 0 } },
		{ "always for the short ones only", "short_window = \"00:00-24:00\"", { 540, 1200, false, 0 },
		    { 0, 1440, true, 0 } },
		{ "without quotes, with blanks inside them",
		    "window = 09:00-20:00 short_window = \"8:00 - 20:15\"", { 540, 1200, false, 0 },
		    { 480, 1215, false, 0 } },
	};
	struct folder d;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[128];
		struct conf *c;

		(void)snprintf(text, sizeof text, "number = main %s", cases[i].text);
		c = load_with(&d, "number = main", text);
		same_int(cases[i].rule, c->sites[0].window.from_min, cases[i].window.from_min);
		same_int(cases[i].rule, c->sites[0].window.to_min, cases[i].window.to_min);
		same_int(cases[i].rule, c->sites[0].window.always, cases[i].window.always);
		same_int(cases[i].rule, c->sites[0].short_window.from_min, cases[i].longer.from_min);
		same_int(cases[i].rule, c->sites[0].short_window.to_min, cases[i].longer.to_min);
		same_int(cases[i].rule, c->sites[0].short_window.always, cases[i].longer.always);
		conf_drop(c);
	}
	folder_remove(&d);
}

TEST(values_come_out_as_typed)
{
	static const struct {
		const char *rule, *typed, *value;
	} cases[] = {
		{ "a word", "Lamna", "Lamna" },
		{ "double quotes", "\"Lamna  Healthcare\"", "Lamna  Healthcare" },
		{ "single quotes", "'Lamna Healthcare'", "Lamna Healthcare" },
		{ "a backslash in double quotes", "\"a\\d\\.b\"", "a\\d\\.b" },
		{ "a backslash in single quotes", "'a\\d\\.b'", "a\\d\\.b" },
		{ "two backslashes in single quotes", "'a\\\\b'", "a\\\\b" },
		{ "two backslashes in double quotes", "\"a\\\\b\"", "a\\\\b" },
		{ "a backslash before a double quote in single quotes", "'a\\\"b'", "a\\\"b" },
		{ "a backslash at the end, in single quotes", "'a\\'", "a\\" },
		{ "a quote in double quotes", "\"say \\\"ah\\\"\"", "say \"ah\"" },
		{ "a double quote in single quotes", "'say \"ah\"'", "say \"ah\"" },
		{ "a single quote in double quotes", "\"St. Mary's\"", "St. Mary's" },
		{ "no variables", "\"${HOME} $HOME\"", "${HOME} $HOME" },
		{ "no variables in single quotes", "'${HOME}'", "${HOME}" },
		{ "comment signs in quotes", "\"a # b // c /* d */\"", "a # b // c /* d */" },
		{ "slashes inside a word", "a//b/*c", "a//b/*c" },
		{ "a plus before a word", "+16082719000", "+16082719000" },
		{ "a plus inside a word", "a+b", "a+b" },
		{ "braces in quotes", "\"{appointment_id}=(x),y\"", "{appointment_id}=(x),y" },
		{ "letters beyond ASCII", "\"Hôpital Élan ☎\"", "Hôpital Élan ☎" },
		{ "a tab in quotes", "\"a\tb\"", "a\tb" },
		{ "a comment right behind", "Lamna# comment", "Lamna" },
		{ "a comment in front", "/* the name */ Lamna", "Lamna" },
		{ "an octal that is none", "\"\\101\\n\\x41\"", "\\101\\n\\x41" },
	};
	struct folder d;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[160];
		struct conf *c;

		(void)snprintf(text, sizeof text, "number = main contact = %s\n", cases[i].typed);
		c = load_with(&d, "number = main\n", text);
		same_text(cases[i].rule, c->sites[0].contact, cases[i].value);
		conf_drop(c);
	}
	folder_remove(&d);
}

TEST(what_is_taken_from_adt)
{
	static const struct {
		const char *rule, *more, *msh3, *msh4;
		bool deceased, phone, merge;
	} rows[] = {
		{ "all, from the feed of the schedule", "adt = {merge, deceased, phone}", "EPIC", "", true, true, true },
		{ "one, from a feed of its own", "adt = {phone} adt_sending_application = EPICADT adt_sending_facility = \"L\"", "EPICADT", "L",
			false, true, false },
		{ "a single word needs no braces", "adt = deceased", "EPIC", "", true, false, false },
		{ "from any feed of this certificate", "adt = {deceased} adt_sending_application = \"\"", "", "", true, false, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char to[256];
		struct folder d;
		struct conf *c;

		folder_make(&d);
		(void)snprintf(to, sizeof to, "profile = epic\n    sending_application = EPIC\n    %s", rows[i].more);
		c = load_with(&d, "profile = epic", to);
		same_int(rows[i].rule, c->sites[0].adt_deceased, rows[i].deceased);
		same_int(rows[i].rule, c->sites[0].adt_phone, rows[i].phone);
		same_int(rows[i].rule, c->sites[0].adt_merge, rows[i].merge);
		same_text(rows[i].rule, c->sites[0].adt_sending_application, rows[i].msh3);
		same_text(rows[i].rule, c->sites[0].adt_sending_facility, rows[i].msh4);
		conf_drop(c);
		folder_remove(&d);
	}
}

TEST(forms_that_mean_the_same)
{
	static const struct {
		const char *rule, *from, *to;
	} cases[] = {
		{ "line ends of another system", "store_key = keys/store.key\n",
		    "store_key = keys/store.key\r\n\r\n" },
		{ "a mark at the beginning of the file", "store_key", "\xef\xbb\xbfstore_key" },
		{ "a comma after the last of a list", "{prod}", "{prod,}" },
		{ "a list of one without braces", "{prod}", "prod" },
		{ "all on one line", "country = US\n}\n", "country = US }" },
		{ "a title without quotes", "site \"cardiology\"", "site cardiology" },
		{ "a title in single quotes", "site \"cardiology\"", "site 'cardiology'" },
		{ "yes is true", "verified = true", "verified = yes" },
		{ "on is true", "verified = true", "verified = on" },
		{ "a slash after the endpoint", "azure.com\"", "azure.com//\"" },
		{ "the usual port", "azure.com\"", "azure.com:443\"" },
		{ "capitals in the endpoint", "https://lamna.", "HTTPS://Lamna." },
		{ "blocks in another order", "organization \"lamna\"",
		    "include(\"empty.conf\") organization \"lamna\"" },
	};
	struct folder d;

	folder_make(&d);
	folder_file(&d, "empty.conf", "", 0644);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf *c = load_with(&d, cases[i].from, cases[i].to);

		same_text(cases[i].rule, c->gateways[0].endpoint,
		    "https://lamna.unitedstates.communication.azure.com");
		same_text(cases[i].rule, c->sites[0].title, "cardiology");
		holds(cases[i].rule, c->numbers[0].verified && c->listeners[0].environments_n == 1);
		conf_drop(c);
	}
	folder_remove(&d);
}

TEST(blocks_may_stand_before_what_they_name)
{
	struct folder d;
	struct conf *c = NULL;
	struct conf_faults faults;
	const char *site = strstr(GOOD_CONF, "site \"cardiology\"");
	char text[4096];

	folder_make(&d);
	(void)snprintf(text, sizeof text, "%s%.*s", site, (int)(strlen(GOOD_CONF) - strlen(site)), GOOD_CONF);
	folder_file(&d, "nudge.conf", text, 0644);
	holds("it loads", folder_load(&d, "nudge.conf", CONF_NUDGED, &c, &faults));
	holds("linked", c->sites[0].number == &c->numbers[0]);
	conf_faults_clear(&faults);
	conf_drop(c);
	folder_remove(&d);
}

TEST(single_values)
{
	struct folder d;
	struct conf *c;

	folder_make(&d);
	c = load_with(&d, "number = main",
	    "number = main storm_brake = off late = send unknown = hold unknown_wait = 2h retain = 3d patient_consent = "
	    "required");
	same_int("the brake is off", c->sites[0].storm_brake_per_min, 0);
	same_int("late", c->sites[0].late, LATE_SEND);
	same_int("unknown", c->sites[0].unknown, UNKNOWN_HOLD);
	same_int("unknown_wait", c->sites[0].unknown_wait_s, 7200);
	same_int("retain", c->sites[0].retain_s, 259200);
	same_int("patient_consent", c->sites[0].patient_consent, CONSENT_REQUIRED);
	conf_drop(c);
	c = load_with(&d, "approver = analyst1", "approver = {analyst1, \"@epic\"}");
	same_int("two approvers", c->sites[0].approvers.n, 2);
	same_text("a group", c->sites[0].approvers.item[1], "@epic");
	conf_drop(c);
	c = load_with(&d, "approver = analyst1", "approver = none");
	same_int("no approver", c->sites[0].approvers.n, 0);
	conf_drop(c);
	c = load_with(&d, "profile = epic", "profile = profiles/ours.conf");
	same_text("a profile of our own", c->sites[0].profile, under(&d, "profiles/ours.conf"));
	conf_drop(c);
	c = load_with(&d, "    profile = epic\n    time_zone", "profile = oracle-health\n    time_zone");
	same_text("a built-in profile", c->sites[0].profile, "oracle-health");
	conf_drop(c);
	c = load_with(&d, "port = 2575", "port = 2575 max_message = 64KiB ack_mode = auto");
	same_int("64KiB", c->listeners[0].max_message, 65536);
	same_int("ack_mode", c->listeners[0].ack_mode, ACK_AUTO);
	conf_drop(c);
	c = load_with(&d, "port = 2575", "port = 2575 address = localhost tls = false");
	holds("no TLS on loopback", !c->listeners[0].tls);
	conf_drop(c);
	c = load_with(&d, "https://lamna.unitedstates.communication.azure.com", "http://127.0.0.1:8080/");
	same_text("a simulated gateway", c->gateways[0].endpoint, "http://127.0.0.1:8080");
	conf_drop(c);
	c = load_with(&d, "https://lamna.unitedstates.communication.azure.com", "http://[::1]:80");
	same_text("and one of version six", c->gateways[0].endpoint, "http://[::1]");
	conf_drop(c);
	c = load_with(&d, "lamna.unitedstates.communication.azure.com\"", "sms.example\" any_host = true");
	same_text("another gateway", c->gateways[0].endpoint, "https://sms.example");
	conf_drop(c);
	c = load_with(&d, "    approver = analyst1\n}\n",
	    "    approver = analyst1\n    departments = {'^CARD\\d+$', ECHO}\n}\n");
	same_text("a pattern", pattern_text(c->sites[0].departments.item[0]), "^CARD\\d+$");
	holds("it matches", pattern_list_matches(&c->sites[0].departments, SPAN_LIT("card12")));
	conf_drop(c);
	folder_remove(&d);
}

TEST(rates_and_senders_by_type)
{
	static const struct {
		const char *type, *sender;
		enum number_type kind;
		int64_t rate;
	} cases[] = {
		{ "toll-free", "+18335550100", NUMBER_TOLL_FREE, 200 },
		{ "10dlc", "+16085550100", NUMBER_10DLC, 60 },
		{ "short-code", "12345", NUMBER_SHORT_CODE, 6000 },
		{ "short-code", "123456", NUMBER_SHORT_CODE, 6000 },
		{ "alphanumeric", "'Lamna Care'", NUMBER_ALPHANUMERIC, 600 },
		{ "alphanumeric", "LAMNA4YOU22", NUMBER_ALPHANUMERIC, 600 },
	};
	struct folder d;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[128];
		struct conf *c;

		(void)snprintf(text, sizeof text, "sender = %s type = %s\n", cases[i].sender, cases[i].type);
		c = load_with(&d, "sender = \"+18335550100\"\n    type = toll-free\n", text);
		same_int(cases[i].type, c->numbers[0].type, cases[i].kind);
		same_int(cases[i].type, c->numbers[0].rate_per_min, cases[i].rate);
		conf_drop(c);
	}
	folder_remove(&d);
}

TEST(why_a_site_is_silent)
{
	static const struct {
		const char *rule, *from, *to, *says;
	} cases[] = {
		{ "it is not", "US", "US", NULL },
		{ "the first consent", "behalf = true", "behalf = false", "consent_send_on_behalf" },
		{ "the second consent", "consented = true", "consented = false",
		    "consent_attendees_consented" },
		{ "no number", "    number = main\n", "", "number" },
		{ "not verified, in production", "verified = true", "verified = false", "verified" },
		{ "not verified, but no toll-free number", "toll-free\n    verified = true",
		    "10dlc verified = false", NULL },
	};
	struct folder d;
	struct conf *c;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *why;

		c = load_with(&d, cases[i].from, cases[i].to);
		why = conf_site_silent(&c->sites[0]);
		holds(cases[i].rule, (why == NULL) == (cases[i].says == NULL));
		holds(cases[i].rule, !why || strstr(why, cases[i].says));
		conf_drop(c);
	}
	c = load_with(&d, "kind = production", "kind = test");
	c->numbers[0].verified = false;
	holds("not verified, but only a test", !conf_site_silent(&c->sites[0]));
	conf_drop(c);
	folder_remove(&d);
}

TEST(files_include_files)
{
	static const char site[] =
	    "site \"%s\" { environment = prod fhir_base_url = \"https://x/R4\" profile = ours.conf\n"
	    "time_zone = America/Chicago departments = {%s} }\n";
	struct folder d;
	struct conf *c;
	char text[512];

	folder_make(&d);
	folder_sub(&d, "site.d");
	folder_sub(&d, "site.d/deep");
	(void)snprintf(text, sizeof text, site, "zeta", "'^Z'");
	folder_file(&d, "site.d/20-zeta.conf", text, 0644);
	(void)snprintf(text, sizeof text, site, "alpha", "'^A'");
	folder_file(&d, "site.d/10-alpha.conf", text, 0644);
	(void)snprintf(text, sizeof text, site, "deep", "'^D'");
	folder_file(&d, "site.d/deep/one.conf", text, 0644);
	folder_file(&d, "site.d/30-more.conf", "include('deep/one.conf')\n", 0644);
	folder_file(&d, "site.d/off.disabled", "this is not read\n", 0644);
	c = load_beside(&d, "store_key", "include(\"site.d/*.conf\")\ninclude(\"none.d/*.conf\")\nstore_key");
	same_int("four sites", c->sites_n, 4);
	same_text("the file's own first", c->sites[0].title, "cardiology");
	same_text("then sorted by name", c->sites[1].title, "alpha");
	same_text("then sorted by name", c->sites[2].title, "zeta");
	same_text("then what those include", c->sites[3].title, "deep");
	same_text(
	    "paths begin at the included file's folder", c->sites[1].profile, under(&d, "site.d/ours.conf"));
	same_text("deeper too", c->sites[3].profile, under(&d, "site.d/deep/ours.conf"));
	same_text("place", c->sites[3].at.file, under(&d, "site.d/deep/one.conf"));
	same_int("all files are known", c->files.n, 5);
	for (size_t i = 0; i < c->sites_n; i++)
		same_int("indices", c->sites[i].index, i);
	conf_drop(c);
	folder_remove(&d);
}

TEST(settings_of_the_top_may_stand_in_an_included_file)
{
	struct folder d;
	struct conf *c;

	folder_make(&d);
	folder_sub(&d, "local");
	folder_file(&d, "local/top.conf",
	    "state_directory = state clock_sync = required\naccess { view = {ann, \"@v\"} }\n", 0644);
	c = load_with(&d, "store_key", "include(\"local/top.conf\")\nstore_key");
	same_text("relative to its own file", c->state_directory, under(&d, "local/state"));
	holds("required", c->clock_sync_required);
	same_int("access", c->access.view.n, 2);
	same_text("a group", c->access.view.item[1], "@v");
	conf_drop(c);
	folder_remove(&d);
}

TEST(includes_end)
{
	struct folder d;
	struct conf *c;
	struct conf_faults faults;
	char name[32], text[64];

	folder_make(&d);
	for (int i = 1; i <= 10; i++) {
		(void)snprintf(name, sizeof name, "%d.conf", i);
		(void)snprintf(
		    text, sizeof text, i < 9 ? "include(\"%d.conf\")\n" : "intake_threads = %d\n", i + 1);
		folder_file(&d, name, text, 0644);
	}
	c = load_with(&d, "store_key", "include(\"2.conf\")\nstore_key");
	conf_drop(c);
	c = load_with(&d, "store_key", "store_key");
	conf_drop(c);
	folder_file(&d, "nudge.conf", "include(\"1.conf\")\n", 0644);
	holds("nine deep is too deep", !folder_load(&d, "nudge.conf", CONF_NUDGED, &c, &faults));
	holds("it says where",
	    strstr(faults.item[0].file, "/8.conf") && strstr(faults.item[0].text, "more than 8 deep"));
	conf_faults_clear(&faults);
	folder_file(&d, "2.conf", "include(\"1.conf\")\n", 0644);
	holds("a loop ends", !folder_load(&d, "nudge.conf", CONF_NUDGED, &c, &faults));
	same_int("and is told once", faults.errors_n, 1);
	holds("where it closes", strstr(faults.item[0].file, "/2.conf") && faults.item[0].line == 1);
	conf_faults_clear(&faults);
	folder_remove(&d);
}

TEST(credentials_come_from_the_service_manager)
{
	struct folder d;
	struct conf *c = NULL;
	struct conf_faults faults;
	char *text = text_with(GOOD_CONF, "keys/store.key", "credential:store.key");

	folder_make(&d);
	folder_file(&d, "nudge.conf", text, 0644);
	assert(setenv("CREDENTIALS_DIRECTORY", under(&d, "keys"), 1) == 0);
	holds("it loads", folder_load(&d, "nudge.conf", CONF_NUDGED, &c, &faults));
	same_text("the path", c->store_key, under(&d, "keys/store.key"));
	conf_faults_clear(&faults);
	conf_drop(c);
	c = NULL;
	assert(setenv("CREDENTIALS_DIRECTORY", under(&d, "none"), 1) == 0);
	holds("not with another one", !folder_load(&d, "nudge.conf", CONF_NUDGED, &c, &faults));
	holds("it says where to put it", has_fault(&faults, "1: store_key: credential:store.key: systemd gave this service none of that name; put it into /etc/credstore/nudge.store.key,"));
	conf_faults_clear(&faults);
	assert(unsetenv("CREDENTIALS_DIRECTORY") == 0);
	c = NULL;
	holds("not without one", !folder_load(&d, "nudge.conf", CONF_NUDGED, &c, &faults));
	holds("it says what is missing", has_fault(&faults, "1: LoadCredential="));
	conf_faults_clear(&faults);
	holds("a check can only warn", folder_load(&d, "nudge.conf", CONF_CHECK, &c, &faults));
	holds("and does", has_fault(&faults, "warning 1: LoadCredential="));
	conf_faults_clear(&faults);
	conf_drop(c);
	free(text);
	folder_remove(&d);
}

TEST(metrics_have_two_forms)
{
	const struct {
		const char *text, *socket, *address;
		int port;
	} rows[] = {
		{ "unix:/run/nudge/metrics.sock", "/run/nudge/metrics.sock", "", 0 },
		{ "unix:run/metrics.sock", "run/metrics.sock", "", 0 }, /* from the file's folder */
		{ "127.0.0.1:9575", "", "127.0.0.1", 9575 },
		{ "127.8.0.1:1", "", "127.8.0.1", 1 },
		{ "[::1]:65535", "", "::1", 65535 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct folder d;
		struct conf *c;
		char top[128];

		folder_make(&d);
		(void)snprintf(top, sizeof top, "metrics = \"%s\"\nstore_key", rows[i].text);
		c = load_with(&d, "store_key", top);
		same_text("as written", c->metrics, rows[i].text);
		same_text("a path", c->metrics_socket, rows[i].socket[0] && rows[i].socket[0] != '/' ? under(&d, rows[i].socket) : rows[i].socket);
		same_text("an address", c->metrics_address, rows[i].address);
		same_int("a port", c->metrics_port, rows[i].port);
		conf_drop(c);
		folder_remove(&d);
	}
}

TEST(a_thousand_sites_load)
{
	struct folder d;
	struct conf *c;
	char *text = malloc(1 << 19);
	size_t n = 0;

	assert(text);
	folder_make(&d);
	for (int i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, (1 << 19) - n,
		    "site \"s%d\" { environment = prod fhir_base_url = \"https://x/R4\" profile = generic "
		    "time_zone = America/Chicago\n"
		    "  number = main departments = {'^D%d$'} reminder \"day\" { before = 1d } reminder "
		    "\"soon\" { before = 15min } }\n",
		    i, i);
	folder_file(&d, "sites.conf", text, 0644);
	c = load_beside(&d, "store_key", "include(\"sites.conf\")\nstore_key");
	same_int("all are there", c->sites_n, 1001);
	conf_drop(c);
	folder_remove(&d);
	free(text);
}

/* ---- the example ---- */

static char *
read_example(void)
{
	FILE *f = fopen("conf/nudge.conf", "r");
	char *text = calloc(1, 1 << 16);

	if (!f)
		fail_msg("run it at the top of the source tree: conf/nudge.conf is not there");
	assert(text && fread(text, 1, (1 << 16) - 1, f) > 0);
	(void)fclose(f);
	return text;
}

/* A line of the block begins with the name, perhaps as a comment. */
static bool
mentions(const char *text, const struct option *o)
{
	char head[64];
	const char *p = text, *end;
	size_t n = strlen(o->name);

	(void)snprintf(
	    head, sizeof head, "\n%s%s", strcmp(o->block, "reminder") == 0 ? "    " : "", o->block);
	if (o->block[0] && !(p = strstr(text, head)))
		return false;
	end = o->block[0] && strcmp(o->block, "reminder") != 0 ? strstr(p, "\n}") : strstr(p, "\n\n");
	if (!o->block[0])
		end = text + strlen(text);
	if (strcmp(o->block, "reminder") == 0)
		return strstr(p, o->name) && strstr(p, o->name) < strchr(p + 1, '\n');
	for (; p && p < end; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (o->block[0] || *p == '#')
			p += strspn(p, " #");
		if (strncmp(p, o->name, n) == 0 && strspn(p + n, " ") > 0 &&
		    strchr("={\"", p[n + strspn(p + n, " ")]))
			return true;
	}
	return false;
}

TEST(the_example_shows_every_setting_and_loads)
{
	struct folder d;
	struct conf *c = NULL;
	struct conf_faults faults;
	char *text = read_example();

	for (const struct option *o = options; o->block; o++)
		if (!mentions(text, o))
			fail_msg("conf/nudge.conf says nothing of %s %s", o->block, o->name);
	folder_make(&d);
	folder_file(&d, "nudge.conf", text, 0644);
	if (!folder_load(&d, "nudge.conf", CONF_CHECK, &c, &faults) || faults.n > 1 ||
	    !strstr(faults.item[0].text, "neither queue nor webhook_port")) {
		show_faults(&faults);
		fail_msg("conf/nudge.conf has faults");
	}
	same_int("two reminders", c->sites[0].reminders_n, 2);
	conf_faults_clear(&faults);
	conf_drop(c);
	folder_remove(&d);
	free(text);
}

TEST(the_table_is_whole)
{
	for (const struct option *o = options; o->block; o++) {
		bool counts = o->kind == OPTION_NUMBER || o->kind == OPTION_DURATION ||
		    o->kind == OPTION_SIZE || o->kind == OPTION_RATE || o->kind == OPTION_WINDOW ||
		    o->kind == OPTION_BEFORE;

		holds(
		    o->name, o->text && o->text[0] && !isspace((unsigned char)o->text[strlen(o->text) - 1]));
		holds(o->name, option_find(o->block, o->name) == o);
		holds(o->name, !counts || (o->max > o->min && o->unit[0]));
		holds(o->name, o->kind != OPTION_WORD || strchr(o->unit, ','));
		holds(o->name,
		    o->kind != OPTION_BLOCK || o->block[0] == '\0' || strcmp(o->name, "reminder") == 0);
	}
	holds("none by another name", !option_find("site", "colour"));
}

TEST(ways_in)
{
	static const struct {
		const char *conf;
		enum gateway_auth auth;
		const char *endpoint;
	} good[] = {
		{ "access_key = keys/acs.key access_key_2 = keys/acs.key", AUTH_KEY, "" },
		{ "auth = client-secret client_secret = keys/acs.key tenant = lamna.onmicrosoft.com "
		  "client_id = 11111111-2222-3333-4444-555555555555 authority = \"https://login.microsoftonline.us/\"",
		    AUTH_CLIENT_SECRET, "" },
		{ "auth = client-certificate client_certificate = keys/acs.key client_certificate_chain = true tenant = "
		  "11111111-2222-3333-4444-555555555555 client_id = 11111111-2222-3333-4444-555555555555 authority = "
		  "\"http://127.0.0.1:8080\"", AUTH_CLIENT_CERTIFICATE, "" },
		{ "auth = managed-identity", AUTH_MANAGED_IDENTITY, "http://169.254.169.254" },
		{ "auth = managed-identity client_id = 11111111-2222-3333-4444-555555555555 identity_endpoint = "
		  "\"http://localhost:99\"", AUTH_MANAGED_IDENTITY, "http://localhost:99" },
		{ "auth = arc", AUTH_ARC, "http://127.0.0.1:40342" },
	};

	for (size_t i = 0; i < COUNT(good); i++) {
		struct folder d;
		struct conf *c;

		folder_make(&d);
		c = load_with(&d, "access_key = keys/acs.key", good[i].conf);
		same_int(good[i].conf, c->gateways[0].auth, good[i].auth);
		same_text(good[i].conf, c->gateways[0].identity_endpoint, good[i].endpoint);
		same_text("where Arc's agent leaves them", c->gateways[0].arc_keys, "/var/opt/azcmagent/tokens");
		conf_drop(c);
		folder_remove(&d);
	}
}

TEST(geographies_as_people_write_them)
{
	static const char *const same[] = { "us", "US", "United States", "unitedstates", "" };

	for (size_t i = 0; i < COUNT(same); i++) {
		struct folder d;
		char value[64];

		struct conf *c = NULL;
		struct conf_faults faults;
		char *text;

		folder_make(&d);
		(void)snprintf(value, sizeof value, "country = US geography = \"%s\"", same[i]);
		text = text_with(GOOD_CONF, "country = US", value);
		folder_file(&d, "nudge.conf", text, 0644);
		free(text);
		holds(same[i], folder_load(&d, "nudge.conf", CONF_NUDGED, &c, &faults) && faults.n == 0);
		conf_faults_clear(&faults);
		conf_drop(c);
		folder_remove(&d);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(what_is_not_said_has_its_default),
		RUN(blocks_are_linked),
		RUN(reminders_have_three_forms),
		RUN(the_short_window_always_holds_the_window),
		RUN(values_come_out_as_typed),
		RUN(what_is_taken_from_adt),
		RUN(forms_that_mean_the_same),
		RUN(blocks_may_stand_before_what_they_name),
		RUN(single_values),
		RUN(rates_and_senders_by_type),
		RUN(why_a_site_is_silent),
		RUN(files_include_files),
		RUN(settings_of_the_top_may_stand_in_an_included_file),
		RUN(includes_end),
		RUN(credentials_come_from_the_service_manager),
		RUN(metrics_have_two_forms),
		RUN(a_thousand_sites_load),
		RUN(the_example_shows_every_setting_and_loads),
		RUN(the_table_is_whole),
		RUN(ways_in),
		RUN(geographies_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
