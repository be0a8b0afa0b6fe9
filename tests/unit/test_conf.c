/* test_conf.c - promise 10: a configuration is taken whole or not at all, and every fault has its place. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/conf.h"

static char folder[] = "/tmp/nudge-conf-XXXXXX";

/* Lines are counted in the faults below. */
static const char good[] =
    "store_key = store.key\n"                                        /* 1 */
    "organization \"lamna\" {\n"                                     /* 2 */
    "    name = \"Lamna Healthcare\"\n"                              /* 3 */
    "    consent_send_on_behalf = true\n"                            /* 4 */
    "    consent_attendees_consented = true\n"                       /* 5 */
    "    country = US\n"                                             /* 6 */
    "}\n"                                                            /* 7 */
    "gateway \"acs\" {\n"                                            /* 8 */
    "    endpoint = \"https://lamna.communication.azure.com\"\n"     /* 9 */
    "    access_key = acs.key\n"                                     /* 10 */
    "}\n"                                                            /* 11 */
    "number \"main\" { sender = \"+18335550100\"  type = toll-free  verified = true\n" /* 12 */
    "    gateway = acs }\n"                                          /* 13 */
    "environment \"prod\" {\n"                                       /* 14 */
    "    kind = production\n"                                        /* 15 */
    "    organization = lamna\n"                                     /* 16 */
    "    certificates = {sender.cer}\n"                              /* 17 */
    "}\n"                                                            /* 18 */
    "listener \"epic\" {\n"                                          /* 19 */
    "    port = 2575\n"                                              /* 20 */
    "    certificate = l.crt\n"                                      /* 21 */
    "    private_key = l.key\n"                                      /* 22 */
    "    environments = {prod}\n"                                    /* 23 */
    "}\n"                                                            /* 24 */
    "site \"cardiology\" {\n"                                        /* 25 */
    "    environment = prod\n"                                       /* 26 */
    "    fhir_base_url = \"https://lamna.example/R4\"\n"             /* 27 */
    "    profile = epic\n"                                           /* 28 */
    "    time_zone = America/Chicago\n"                              /* 29 */
    "    number = main\n"                                            /* 30 */
    "    approver = analyst1\n"                                      /* 31 */
    "    reminder \"day\" { before = 1d }\n"                         /* 32 */
    "}\n";                                                           /* 33 */

static void
write_text(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
}

static bool
load(const char *text, struct conf **c, struct conf_faults *faults)
{
	char path[128];

	write_text("nudge.conf", text);
	(void)snprintf(path, sizeof path, "%s/nudge.conf", folder);
	return conf_load(path, CONF_CHECK, c, faults);
}

/* `good` with the first `from` made `to`. */
static char *
changed(const char *from, const char *to)
{
	const char *at = strstr(good, from);
	char *out = malloc(sizeof good + strlen(to) + 1);

	if (!at)
		fail_msg("\"%s\" is not in the sample", from);
	(void)sprintf(out, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	return out;
}

TEST(what_is_said_is_what_is_meant)
{
	struct conf *c = NULL;
	struct conf_faults faults;
	const struct conf_site *s;

	if (!load(good, &c, &faults))
		fail_msg("line %d: %s", faults.item[0].line, faults.item[0].text);
	conf_faults_clear(&faults);
	s = conf_find_site(c, "cardiology");
	assert_non_null(s);
	same_text("linked", s->environment->organization->name, "Lamna Healthcare");
	same_text("default of a name", s->name, "Lamna Healthcare");
	same_text("default of a list", c->organizations[0].countries.item[0], "US");
	same_int("settle", s->settle_s, 120);
	same_int("window", s->window.from_min * 10000 + s->window.to_min, 540 * 10000 + 1200);
	same_int("days", s->reminders[0].form * 10 + s->reminders[0].days, BEFORE_DAYS * 10 + 1);
	same_int("rate by type", c->numbers[0].rate_per_min, 200);
	same_int("a megabyte", c->listeners[0].max_message, 1048576);
	holds("paths are absolute", c->store_key[0] == '/' && strstr(c->store_key, "/store.key"));
	holds("may send", conf_site_silent(s) == NULL);
	same_int("its place", s->at.line, 25);
	conf_drop(c);
}

TEST(each_fault_has_a_line_and_says_what_would_be_right)
{
	static const struct {
		const char *from, *to;
		int line;
		const char *says;
	} rows[] = {
		{ "country = US", "country = usa", 6, "two capital letters" },
		{ "country = US", "cuontry = US", 6, "did you mean \"country\"" },
		{ "    country = US\n", "", 2, "country is missing" },
		{ "country = US", "country = US refused_numbers = 6months", 6, "is no unit" },
		{ "country = US", "country = US refused_numbers = 20y", 6, "from 0 to 10y" },
		{ "name = \"Lamna Healthcare\"", "name = \"Lamna", 3, "not ended" },
		{ "consent_send_on_behalf = true", "consent_send_on_behalf = maybe", 4, "true or false" },
		{ "https://lamna.communication.azure.com", "https://lamna.example.com", 9, "any_host = true" },
		{ "https://lamna.communication.azure.com", "http://lamna.communication.azure.com", 9, "loopback only" },
		{ "https://lamna.communication.azure.com", "https://lamna.communication.azure.com/sms", 9, "without a path" },
		{ "https://lamna.communication.azure.com", "lamna", 9, "https://" },
		{ "access_key = acs.key", "access_key = acs.key\n    api_version = \"2020\"", 11, "2026-01-23" },
		{ "type = toll-free", "type = tollfree", 12, "did you mean toll-free" },
		{ "+18335550100", "8335550100", 12, "with its country" },
		{ "gateway = acs }", "gateway = asc }", 13, "did you mean \"acs\"" },
		{ "gateway = acs }", "gateway = acs rate = 200 }", 13, "200/min" },
		{ "kind = production", "kind = prodution", 15, "did you mean production" },
		{ "organization = lamna", "organization = lama", 16, "did you mean \"lamna\"" },
		{ "certificates = {sender.cer}", "issuer = ca.pem", 17, "subjects" },
		{ "certificates = {sender.cer}", "subjects = {x}", 17, "issuer" },
		{ "certificates = {sender.cer}", "only_to = {\"+16085550100\"} certificates = {x}", 17, "test environments" },
		{ "    certificates = {sender.cer}\n", "", 22, "neither certificates" },
		{ "port = 2575", "port = 70000", 20, "1 to 65535" },
		{ "port = 2575", "port = 2575 port = 2576", 20, "set twice" },
		{ "port = 2575", "port = 2575 tls = false", 20, "loopback" },
		{ "port = 2575", "port = 2575 address = host", 20, "IP address" },
		{ "port = 2575", "port = 2575 max_message = 1GiB", 20, "4KiB to 16MiB" },
		{ "port = 2575", "port = 2575 idle_timeout = 5min", 20, "at least 1h" },
		{ "port = 2575", "port = 2575 ack_mode = enhanced", 20, "always-AA, auto" },
		{ "    certificate = l.crt\n", "", 19, "certificate is missing" },
		{ "environments = {prod}", "environments = {prd}", 23, "did you mean \"prod\"" },
		{ "environment = prod\n", "environment = test\n", 26, "no environment \"test\"" },
		{ "profile = epic", "profile = epik", 28, "did you mean epic" },
		{ "number = main", "number = mian", 30, "did you mean \"main\"" },
		{ "    approver = analyst1\n", "", 25, "approver is missing" },
		{ "before = 1d", "before = 1", 32, "has no unit" },
		{ "before = 1d", "before = 3min", 32, "longer than expiry" },
		{ "before = 1d", "before = \"2d at 25:00\"", 32, "2d at 10:00" },
		{ "before = 1d", "before = \"2h at 10:00\"", 32, "2d at 10:00" },
		{ "before = 1d", "before = 2d at 25:00", 32, "2d at 10:00" },
		{ "{ before = 1d }", "{ }", 32, "before is missing" },
		{ "reminder \"day\" { before = 1d }", "reminder \"day\" { before = 1d }\n reminder \"day\" { before = 2d }", 33, "there already" },
		{ "number = main", "number = main window = \"9-17\"", 30, "09:00-20:00" },
		{ "number = main", "number = main settle = 2h", 30, "from 0 to 1h" },
		{ "number = main", "number = main late = never", 30, "skip, send" },
		{ "number = main", "number = main storm_brake = many", 30, "300/min, or off" },
		{ "number = main", "number = main departments = {'('}", 30, "at character" },
		{ "number = main", "number = main link_required = true", 30, "needs link" },
		{ "number = main", "number = main colour = red", 30, "\"colour\" is not known" },
		{ "site \"cardiology\" {", "site {", 25, "needs a title" },
		{ "site \"cardiology\" {", "sites \"cardiology\" {", 25, "did you mean \"site\"" },
		{ "store_key = store.key", "store_key store.key", 1, "'='" },
		{ "store_key = store.key", "store_key = {a, b", 2, "'}' is missing" },
		{ "store_key = store.key", "store_key = store.key }", 1, "should begin here" },
		{ "store_key = store.key", "clock_sync = always", 1, "preferred, required" },
		{ "store_key = store.key", "journal_retention = 1h", 1, "from 1d to 10y" },
		{ "kind = production", "kind = production silence = often", 15, "silence" },
		{ "kind = production", "kind = production silence = 2y", 15, "from 0 to 366d" },
		{ "store_key = store.key", "journal_directory = {a, b}", 1, "one value" },
		{ "store_key = store.key", "store_key = store.key report_retention = 30d", 1, "report_retention is less than journal_retention" },
		{ "store_key = store.key", "report_retention = never", 1, "report_retention" },
		{ "store_key = store.key", "store_max = much", 1, "store_max" },
		{ "store_key = store.key", "audit_max = much", 1, "audit_max" },
		{ "store_key = store.key", "disk_warn = some", 1, "disk_warn" },
		{ "store_key = store.key", "disk_warn = 1048577GiB", 1, "to 1073741824MiB" },
		{ "store_key = store.key", "disk_warn = 1125899906842624GiB", 1, "to 1073741824MiB" },
		{ "store_key = store.key", "store_key = store.key disk_warn = 1MiB", 0, "disk_warn is less than disk_shed" },
		{ "store_key = store.key", "store_key = store.key disk_stop = 512MiB", 0, "disk_shed is less than disk_stop" },
		{ "store_key = store.key", "include(\"nowhere.conf\")", 1, "No such file" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = changed(rows[i].from, rows[i].to);
		struct conf *c = NULL;
		struct conf_faults faults;
		bool said = false, placed = false;

		if (load(text, &c, &faults))
			fail_msg("%s was taken", rows[i].to);
		for (size_t k = 0; k < faults.n; k++) {
			if (!strstr(faults.item[k].text, rows[i].says))
				continue;
			said = true;
			placed = placed || faults.item[k].line == rows[i].line;
		}
		if (!said || !placed)
			fail_msg("%s: want line %d \"%s\", got line %d \"%s\"", rows[i].to, rows[i].line, rows[i].says, faults.item[0].line,
			    faults.item[0].text);
		conf_faults_clear(&faults);
		free(text);
	}
}

TEST(comments_and_strings)
{
	char *text = changed("store_key = store.key\n",
	    "# one \"two\n// three {\n/* four\nfive */ store_key = store.key # six\n");
	char *wrong = changed("store_key = store.key\n", "# one\n/* two\nthree */ store_kex = a\n");
	char *clock = changed("before = 1d", "before = 2d at 10:00");
	char *patterns = changed("number = main", "number = main departments = {'^CARD\\d+$', \"A\\d ${HOME}\", \"say \\\"x\\\"\"}");
	struct conf *c = NULL;
	struct conf_faults faults;

	assert_true(load(text, &c, &faults));
	conf_faults_clear(&faults);
	conf_drop(c);
	if (!load(clock, &c, &faults))
		fail_msg("%s", faults.item[0].text);
	conf_faults_clear(&faults);
	same_int("a time of day needs no quotes", c->sites[0].reminders[0].at_min, 600);
	conf_drop(c);
	free(clock);
	holds("not taken", !load(wrong, &c, &faults));
	same_int("lines do not drift", faults.item[0].line, 3);
	conf_faults_clear(&faults);
	if (!load(patterns, &c, &faults))
		fail_msg("%s", faults.item[0].text);
	conf_faults_clear(&faults);
	same_text("single quotes keep all", pattern_text(c->sites[0].departments.item[0]), "^CARD\\d+$");
	same_text("double quotes too", pattern_text(c->sites[0].departments.item[1]), "A\\d ${HOME}");
	same_text("but for a quote", pattern_text(c->sites[0].departments.item[2]), "say \"x\"");
	holds("a pattern matches", pattern_list_matches(&c->sites[0].departments, span_of("card12")));
	holds("or not", !pattern_list_matches(&c->sites[0].departments, span_of("card")));
	conf_drop(c);
	free(text);
	free(wrong);
	free(patterns);
}

TEST(files_in_folders)
{
	char path[128];
	struct conf *c = NULL;
	struct conf_faults faults;
	char *text = changed("    number = main\n    approver = analyst1\n    reminder \"day\" { before = 1d }\n}\n",
	    "    number = main approver = analyst1 departments = {'A'}\n}\ninclude(\"site.d/*.conf\")\n");

	(void)snprintf(path, sizeof path, "%s/site.d", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	write_text("site.d/b.conf", "\nsite \"b\" { environment = prod fhir_base_url = \"https://b/R4\" profile = own/p.conf\n"
	                            " time_zone = America/Chicago approver = none departments = {'B'} }\n");
	if (!load(text, &c, &faults))
		fail_msg("%s:%d: %s", faults.item[0].file, faults.item[0].line, faults.item[0].text);
	conf_faults_clear(&faults);
	holds("paths start at their own file", strstr(conf_find_site(c, "b")->profile, "/site.d/own/p.conf"));
	same_int("both are there", c->sites_n, 2);
	conf_drop(c);
	write_text("site.d/b.conf", "\nsite \"cardiology\" { environment = prod fhir_base_url = \"https://b/R4\" profile = generic\n"
	                            " time_zone = America/Chicago approver = none departments = {'B'} }\n");
	holds("a title used twice", !load(text, &c, &faults));
	holds("says where the other is", strstr(faults.item[0].text, "there already"));
	conf_faults_clear(&faults);
	write_text("site.d/b.conf", "include(\"../nudge.conf\")\n");
	holds("a circle", !load(text, &c, &faults) && strstr(faults.item[0].text, "included twice"));
	conf_faults_clear(&faults);
	(void)snprintf(path, sizeof path, "%s/site.d/b.conf", folder);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/site.d", folder);
	(void)rmdir(path);
	free(text);
}

TEST(two_sites_for_one_message)
{
	char *text = changed("site \"cardiology\" {", "site \"other\" { environment = prod fhir_base_url = \"https://b/R4\" profile = generic\n"
	                                              " time_zone = America/Chicago approver = none }\nsite \"cardiology\" {");
	struct conf *c = NULL;
	struct conf_faults faults;

	holds("is refused", !load(text, &c, &faults) && strstr(faults.item[faults.n - 1].text, "as well"));
	conf_faults_clear(&faults);
	free(text);
}

TEST(durations)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} rows[] = { { "90s", 90 }, { "15min", 900 }, { "24h", 86400 }, { "3d", 259200 }, { "0", 0 }, { "0s", 0 }, { "6y", 189216000 },
		{ "15", -1 }, { "15 min", -1 }, { "min", -1 }, { "", -1 }, { "-5s", -1 }, { "1m", -1 }, { "99999999999s", -1 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault f;
		int64_t s = -1;

		same_int(rows[i].text, conf_duration(rows[i].text, &s, &f), rows[i].seconds >= 0);
		same_int(rows[i].text, s, rows[i].seconds);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_is_said_is_what_is_meant), RUN(each_fault_has_a_line_and_says_what_would_be_right),
		RUN(comments_and_strings), RUN(files_in_folders), RUN(two_sites_for_one_message), RUN(durations) };
	static const char *const files[] = { "store.key", "acs.key", "l.key", "nudge.conf" };
	char path[128];
	int failed;

	assert(mkdtemp(folder));
	for (size_t i = 0; i < 3; i++)
		write_text(files[i], "x");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (size_t i = 0; i < COUNT(files); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	return failed;
}
