/* tests/unit/clinic.h - one clinic, built by hand: organization, number, environment, site.
 * Include after unit.h. Everything may be changed by a test before it is used.
 */
#ifndef CLINIC_H
#define CLINIC_H

#include <assert.h>
#include <stdlib.h>

#include "nudge/builtin.h"
#include "nudge/policy.h"

struct clinic {
	struct conf conf;
	struct conf_organization organization;
	struct conf_gateway gateway;
	struct conf_number number;
	struct conf_environment environment;
	struct conf_listener listener;
	struct conf_site site;
	struct conf_reminder reminders[4];
	char *countries[1], *languages[2];
	struct rules rules;
	struct site_rules site_rules;
	struct sms_templates *templates[2];
};

static inline char *
word(const char *text) /* for tests: a literal where a conf wants an owned string */
{
	return (char *)(uintptr_t)text;
}

/* Chicago, always open, no settling, reminders a day and 15 minutes before. */
static inline void
clinic_open(struct clinic *c)
{
	struct fault f = { 0 };

	memset(c, 0, sizeof *c);
	c->countries[0] = word("US");
	c->languages[0] = word("en");
	c->languages[1] = word("es");
	c->organization = (struct conf_organization){ .title = word("lamna"), .name = word("Lamna Healthcare"),
		.consent_send_on_behalf = true, .consent_attendees_consented = true, .consent_by = word(""),
		.consent_date = word(""), .country = word("US"), .countries = { c->countries, 1 }, .geography = word("") };
	c->gateway = (struct conf_gateway){ .title = word("acs"), .endpoint = word("https://127.0.0.1:1"),
		.access_key = word(""), .api_version = word("2026-01-23"), .ca_file = word(""),
		.revocation_list = word("") };
	c->number = (struct conf_number){ .title = word("main"), .sender = word("+18335550100"),
		.type = NUMBER_TOLL_FREE, .verified = true, .gateway = &c->gateway, .rate_per_min = 200 };
	c->environment = (struct conf_environment){ .title = word("prod"), .production = true,
		.organization = &c->organization, .issuer = word(""), .revocation_list = word("") };
	c->listener = (struct conf_listener){ .title = word("epic"), .address = word("127.0.0.1"), .port = 2575,
		.certificate = word(""), .private_key = word(""), .max_message = 1 << 20 };
	c->reminders[0] = (struct conf_reminder){ .title = word("day"), .form = BEFORE_ELAPSED, .before_s = 86400 };
	c->reminders[1] = (struct conf_reminder){ .title = word("soon"), .form = BEFORE_ELAPSED, .before_s = 900 };
	c->site = (struct conf_site){ .title = word("cardiology"), .name = word("Lamna Cardiology"),
		.contact = word("608-271-9000"), .fhir_base_url = word("https://lamna.example/R4"),
		.environment = &c->environment, .organization_name = word("Lamna Healthcare"), .country = word("US"),
		.countries = { c->countries, 1 }, .profile = word("epic"), .sending_application = word(""),
		.sending_facility = word(""), .adt_sending_application = word(""), .adt_sending_facility = word(""), .number = &c->number, .time_zone = word("America/Chicago"),
		.languages = { c->languages, 2 }, .templates_path = word(""), .link = word(""), .link_key = word(""),
		.device_test_link = word(""), .smart_encoding = true, .names_keep_accents = true, .confirmation = true,
		.stale_s = 86400, .reminders = c->reminders, .reminders_n = 2, .window = { 0, 1440, true, 0 },
		.short_window = { 0, 1440, true, 0 }, .expiry_s = 300, .daily_cap = 6, .unknown_type_phone = true, .fiction_numbers = true };
	c->conf = (struct conf){ .file = word("nudge.conf"), .state_directory = word("/nowhere"),
		.organizations = &c->organization, .organizations_n = 1, .gateways = &c->gateway, .gateways_n = 1,
		.numbers = &c->number, .numbers_n = 1, .environments = &c->environment, .environments_n = 1,
		.listeners = &c->listener, .listeners_n = 1, .sites = &c->site, .sites_n = 1 };
	c->site_rules.site = &c->site;
	assert(zone_load(c->site.time_zone, &c->site_rules.zone, &f));
	c->site_rules.templates = c->templates;
	c->rules = (struct rules){ .conf = &c->conf, .sites = &c->site_rules };
}

/* Templates are read only where a test renders. */
static inline void
clinic_words(struct clinic *c)
{
	struct fault f = { 0 };
	const struct builtin *en = builtin_find("conf/templates/en"), *es = builtin_find("conf/templates/es");

	assert(en && sms_templates_read("en", "en", (struct span){ en->text, en->n }, &c->templates[0], &f));
	assert(es && sms_templates_read("es", "es", (struct span){ es->text, es->n }, &c->templates[1], &f));
}

static inline void
clinic_close(struct clinic *c)
{
	sms_templates_free(c->templates[0]);
	sms_templates_free(c->templates[1]);
	zone_free(c->site_rules.zone);
}

/* "2026-11-21 10:00" on the clinic's clock. */
static inline int64_t
clinic_time(const struct clinic *c, const char *text)
{
	struct civil t = { 0 };

	assert(sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d", &t.year, &t.month, &t.day, &t.hour, &t.minute, &t.second) >= 5);
	return zone_instant(c->site_rules.zone, &t, NULL);
}

#endif
