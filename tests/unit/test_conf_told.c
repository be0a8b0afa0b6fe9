/* test_conf_told.c - how reports and texts from phones come, as it is configured. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "conf_files.h"

#define SAS "https://lamna.queue.core.windows.net/sms-events"
#define HOOK " webhook_port = 8443 webhook_certificate = tls/hook.crt webhook_private_key = tls/listener.key"
#define SECRET " webhook_secret = keys/queue.key"

/* Loads GOOD_CONF with another gateway block's beginning; NULL: it has faults, which are given back. */
static struct conf *
load(struct folder *d, const char *gateway, const char *from, const char *to, struct conf_faults *faults)
{
	char *one = text_with(GOOD_CONF, GOOD_QUEUE, gateway), *text = text_with(one, from, to);
	struct conf *c = NULL;

	folder_file(d, "nudge.conf", text, 0644);
	if (!folder_load(d, "nudge.conf", CONF_SENDER, &c, faults))
		c = NULL;
	free(one);
	free(text);
	return c;
}

TEST(where_reports_come_from)
{
	static const struct {
		const char *gateway, *from, *to;
		int reports;
		bool hears;
	} rows[] = {
		{ "", "US", "US", REPORTS_POLL, false },
		{ " api_version = 2021-03-07", "US", "US", REPORTS_NONE, false },
		{ GOOD_QUEUE, "US", "US", REPORTS_QUEUE, true },
		{ GOOD_QUEUE " reports = poll", "US", "US", REPORTS_POLL, true },
		{ GOOD_QUEUE " reports = none", "US", "US", REPORTS_NONE, true },
		{ HOOK SECRET, "US", "US", REPORTS_WEBHOOK, true },
		{ GOOD_QUEUE HOOK SECRET, "US", "US", REPORTS_QUEUE, true },
		{ GOOD_QUEUE HOOK SECRET " reports = webhook", "US", "US", REPORTS_WEBHOOK, true },
		{ HOOK " webhook_tenant = t-1 webhook_audience = \"api://nudge\"", "US", "US", REPORTS_WEBHOOK, true },
		{ " queue = \"http://127.0.0.1:10001/devstoreaccount1/sms-events\" queue_sas = keys/queue.key", "US", "US", REPORTS_QUEUE, true },
		{ " queue = \"https://queues.example/sms-events\" queue_key = keys/queue.key any_host = true", "US", "US", REPORTS_QUEUE, true },
	};
	struct folder d;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_faults faults;
		struct conf *c = load(&d, rows[i].gateway, rows[i].from, rows[i].to, &faults);

		if (!c)
			show_faults(&faults);
		assert_non_null(c);
		same_int(rows[i].gateway, c->gateways[0].reports, rows[i].reports);
		same_int(rows[i].gateway, conf_gateway_hears(&c->gateways[0]), rows[i].hears);
		same_int(rows[i].gateway, faults.n, rows[i].hears ? 0 : 1);
		holds(rows[i].gateway, rows[i].hears || strstr(faults.item[0].text, "STOP is known only from failed texts"));
		conf_faults_clear(&faults);
		conf_drop(c);
	}
	folder_remove(&d);
}

TEST(the_keys_of_a_tenant_are_microsofts)
{
	struct conf_faults faults;
	struct folder d;
	struct conf *c;

	folder_make(&d);
	c = load(&d, HOOK " webhook_tenant = 72f988bf-86f1 webhook_audience = api", "US", "US", &faults);
	assert_non_null(c);
	same_text("default", c->gateways[0].webhook_keys, "https://login.microsoftonline.com/72f988bf-86f1/discovery/v2.0/keys");
	conf_faults_clear(&faults);
	conf_drop(c);
	c = load(&d, HOOK " webhook_tenant = t webhook_audience = api webhook_keys = \"http://127.0.0.1:1/keys\"", "US", "US", &faults);
	assert_non_null(c);
	same_text("its own", c->gateways[0].webhook_keys, "http://127.0.0.1:1/keys");
	conf_faults_clear(&faults);
	conf_drop(c);
	folder_remove(&d);
}

TEST(what_is_refused)
{
	static const struct {
		const char *gateway, *from, *to, *says;
	} rows[] = {
		{ " queue = \"" SAS "\"", "US", "US", "queue needs queue_key or queue_sas" },
		{ " queue_key = keys/queue.key", "US", "US", "queue is missing" },
		{ GOOD_QUEUE " queue_sas = keys/queue.key", "US", "US", "not both" },
		{ " queue = \"" SAS "?sig=abc\" queue_key = keys/queue.key", "US", "US", "without a query" },
		{ " queue = \"https://lamna.queue.core.windows.net\" queue_key = keys/queue.key", "US", "US", "/QUEUE" },
		{ " queue = \"https://lamna.queue.core.windows.net/Events\" queue_key = keys/queue.key", "US", "US", "lower-case letters" },
		{ " queue = \"https://lamna.queue.core.windows.net/q\" queue_key = keys/queue.key", "US", "US", "3 to 63" },
		{ " queue = \"https://queue.core.windows.net.example/events\" queue_key = keys/queue.key", "US", "US", "any_host" },
		{ " queue = \"http://lamna.queue.core.windows.net/events\" queue_key = keys/queue.key", "US", "US", "loopback only" },
		{ " queue = \"" SAS "\" queue_key = keys/missing.key", "US", "US", "queue_key: /" },
		{ " reports = queue", "US", "US", "there is no queue" },
		{ " reports = webhook", "US", "US", "webhook_port is not set" },
		{ " reports = poll api_version = 2021-03-07", "US", "US", "needs api_version = 2026-01-23" },
		{ " reports = pull", "US", "US", "reports is one of" },
		{ HOOK, "US", "US", "everybody could send events" },
		{ " webhook_port = 8443" SECRET, "US", "US", "webhook_certificate is missing" },
		{ HOOK SECRET " webhook_address = localhost", "US", "US", "is an IP address" },
		{ HOOK SECRET " webhook_path = \"events?x\"", "US", "US", "begins with /" },
		{ HOOK SECRET " webhook_tenant = t", "US", "US", "needs webhook_audience" },
		{ HOOK SECRET " webhook_audience = t", "US", "US", "needs webhook_tenant" },
		{ HOOK " webhook_tenant = \"a/b\" webhook_audience = x", "US", "US", "the tenant's id" },
		{ HOOK " webhook_tenant = t webhook_audience = x webhook_keys = \"http://keys.example/\"", "US", "US", "JSON Web Key Set" },
		{ HOOK SECRET, "port = 2575", "port = 8443", "webhook_port 8443 is listener \"epic\"'s port" },
		{ "", "\"+18335550100\"\n    type = toll-free", "\"+16085550100\"\n    type = 10dlc", "nobody but us would hear STOP on a 10dlc" },
		{ "", "\"+18335550100\"\n    type = toll-free\n    verified = true\n    gateway = acs\n}\n",
		    "12345 type = short-code gateway = acs }\norganization \"north\" { name = N consent_send_on_behalf = true "
		    "consent_attendees_consented = true country = CA }\n"
		    "environment \"ca\" { kind = production organization = north certificates = {certs/prod.cer} }\n"
		    "site \"toronto\" { environment = ca fhir_base_url = \"https://x.example/\" profile = epic time_zone = America/Toronto "
		    "number = main approver = a }\n",
		    "outside the US nobody but us would hear STOP on a short code" },
	};
	struct folder d;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_faults faults;
		struct conf *c = load(&d, rows[i].gateway, rows[i].from, rows[i].to, &faults);
		bool found = false;

		if (c)
			fail_msg("it loads with%s", rows[i].gateway);
		for (size_t k = 0; k < faults.n; k++)
			found = found || (!faults.item[k].warning && strstr(faults.item[k].text, rows[i].says));
		if (!found)
			show_faults(&faults);
		holds(rows[i].says, found);
		conf_faults_clear(&faults);
	}
	folder_remove(&d);
}

TEST(where_a_carrier_blocks_nobody_need_hear)
{
	struct conf_faults faults;
	struct folder d;
	struct conf *c;

	folder_make(&d);
	c = load(&d, "", "\"+18335550100\"\n    type = toll-free", "12345\n    type = short-code", &faults);
	assert_non_null(c);
	same_int("a short code in the US", faults.n, 0);
	conf_faults_clear(&faults);
	conf_drop(c);
	c = load(&d, "", "\"+18335550100\"\n    type = toll-free", "LAMNA\n    type = alphanumeric", &faults);
	assert_non_null(c);
	same_int("a name cannot be answered", faults.n, 0);
	conf_faults_clear(&faults);
	conf_drop(c);
	folder_remove(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(where_reports_come_from),
		RUN(the_keys_of_a_tenant_are_microsofts),
		RUN(what_is_refused),
		RUN(where_a_carrier_blocks_nobody_need_hear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
