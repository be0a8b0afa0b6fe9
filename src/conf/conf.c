/* conf.c - from a path to a whole configuration or a list of faults, and back to nothing. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"

/* ---- counting ---- */

struct counted {
	struct conf conf;
	atomic_int users;
};

static struct counted *
counted_of(struct conf *c)
{
	return (struct counted *)(void *)((char *)c - offsetof(struct counted, conf));
}

struct conf *
conf_new(void)
{
	struct counted *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	atomic_init(&c->users, 1);
	return &c->conf;
}

struct conf *
conf_hold(struct conf *c)
{
	atomic_fetch_add(&counted_of(c)->users, 1);
	return c;
}

void
conf_drop(struct conf *c)
{
	if (c && atomic_fetch_sub(&counted_of(c)->users, 1) == 1)
		conf_free(c);
}

static void
patterns_free(struct pattern_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		pattern_free(l->item[i]);
	free(l->item);
}

static void
site_free(struct conf_site *s)
{
	for (size_t i = 0; i < s->reminders_n; i++)
		free(s->reminders[i].title);
	free(s->reminders);
	patterns_free(&s->departments);
	patterns_free(&s->visit_types);
	patterns_free(&s->confidential_departments);
	patterns_free(&s->confidential_visit_types);
	text_list_free(&s->languages);
	text_list_free(&s->approvers);
	text_list_free(&s->only_if);
	text_list_free(&s->link_domains);
	text_list_free(&s->never_if);
	text_list_free(&s->paths);
	char *texts[] = { s->title, s->name, s->contact, s->fhir_base_url, s->profile, s->sending_application,
		s->sending_facility, s->adt_sending_application, s->adt_sending_facility, s->time_zone, s->templates_path, s->link,
		s->device_test_link, s->link_key };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		free(texts[i]);
}

static void
blocks_free(struct conf *c)
{
	for (size_t i = 0; i < c->organizations_n; i++) {
		struct conf_organization *o = &c->organizations[i];
		char *texts[] = { o->title, o->name, o->consent_by, o->consent_date, o->country,
			o->geography };

		for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
			free(texts[k]);
		text_list_free(&o->countries);
	}
	for (size_t i = 0; i < c->gateways_n; i++) {
		struct conf_gateway *g = &c->gateways[i];
		char *texts[] = { g->title, g->endpoint, g->access_key, g->access_key_2, g->tenant, g->client_id,
			g->client_secret, g->client_certificate, g->authority, g->identity_endpoint, g->arc_keys,
			g->api_version, g->ca_file, g->queue, g->queue_key, g->queue_sas, g->webhook_address, g->webhook_path,
			g->webhook_certificate, g->webhook_private_key, g->webhook_secret, g->webhook_tenant, g->webhook_audience,
			g->webhook_caller, g->webhook_keys };

		for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
			free(texts[k]);
	}
	for (size_t i = 0; i < c->numbers_n; i++) {
		free(c->numbers[i].title);
		free(c->numbers[i].sender);
	}
	for (size_t i = 0; i < c->environments_n; i++) {
		struct conf_environment *e = &c->environments[i];

		free(e->title);
		free(e->issuer);
		free(e->revocation_list);
		text_list_free(&e->certificates);
		text_list_free(&e->subjects);
		text_list_free(&e->sources);
		text_list_free(&e->only_to);
	}
	for (size_t i = 0; i < c->listeners_n; i++) {
		struct conf_listener *l = &c->listeners[i];

		free(l->title);
		free(l->address);
		free(l->certificate);
		free(l->private_key);
		free(l->environments);
	}
	for (size_t i = 0; i < c->sites_n; i++)
		site_free(&c->sites[i]);
}

void
conf_free(struct conf *c)
{
	blocks_free(c);
	free(c->organizations);
	free(c->gateways);
	free(c->numbers);
	free(c->environments);
	free(c->listeners);
	free(c->sites);
	free(c->file);
	free(c->state_directory);
	free(c->control_socket);
	free(c->sender_socket);
	free(c->store_key);
	free(c->journal_directory);
	text_list_free(&c->files);
	text_list_free(&c->access.view);
	text_list_free(&c->access.operate);
	text_list_free(&c->access.phi);
	free(counted_of(c));
}

/* ---- faults ---- */

void
conf_fault_add(struct conf_faults *f, const struct conf_place *at, bool warning, const char *format, ...)
{
	struct conf_fault *grown = realloc(f->item, (f->n + 1) * sizeof *grown), *x;
	va_list ap;

	f->errors_n += !warning;
	if (!grown)
		return; /* counted all the same: it does not load */
	f->item = grown;
	x = &grown[f->n++];
	memset(x, 0, sizeof *x);
	x->warning = warning;
	if (at) {
		(void)snprintf(x->file, sizeof x->file, "%.255s", at->file ? at->file : "");
		x->line = at->line;
	}
	va_start(ap, format);
	(void)vsnprintf(x->text, sizeof x->text, format, ap);
	va_end(ap);
}

void
conf_faults_clear(struct conf_faults *f)
{
	free(f->item);
	*f = (struct conf_faults){ 0 };
}

/* ---- load ---- */

static void
build_all(struct reader *r)
{
	build_top(r);
	build_organizations(r);
	build_gateways(r);
	build_numbers(r);
	build_environments(r);
	build_listeners(r);
	build_sites(r);
	check_across(r);
}

bool
conf_load(const char *path, enum conf_reader who, struct conf **out, struct conf_faults *faults)
{
	struct reader r = { .who = who, .faults = faults };
	struct conf_place at = { path, 0 };

	*faults = (struct conf_faults){ 0 };
	r.conf = conf_new();
	r.sources = calloc(SOURCES_MAX, sizeof *r.sources);
	if (!r.conf || !r.sources) {
		conf_fault_add(faults, &at, false, "out of memory");
	} else {
		source_read(&r, path, 0, &at);
		if (r.sources_n > 0 && faults->errors_n == r.doubles_n) {
			r.conf->file = text_copy(r.sources[0].path);
			r.conf->reader = who;
			build_all(&r);
		}
	}
	sources_free(&r);
	if (faults->errors_n > 0) {
		if (r.conf)
			conf_drop(r.conf);
		return false;
	}
	*out = r.conf;
	return true;
}

/* ---- look-ups ---- */

#define FIND(c, list, title_)                                                   \
	for (size_t i = 0; i < (c)->list##_n; i++)                              \
		if (strcmp((c)->list[i].title, (title_)) == 0)                  \
			return &(c)->list[i];                                   \
	return NULL

const struct conf_site *
conf_find_site(const struct conf *c, const char *title)
{
	FIND(c, sites, title);
}

const struct conf_environment *
conf_find_environment(const struct conf *c, const char *title)
{
	FIND(c, environments, title);
}

const struct conf_number *
conf_find_number(const struct conf *c, const char *title)
{
	FIND(c, numbers, title);
}

const struct conf_gateway *
conf_find_gateway(const struct conf *c, const char *title)
{
	FIND(c, gateways, title);
}

const char *
conf_site_silent(const struct conf_site *s)
{
	const struct conf_organization *o = s->environment->organization;

	if (!o->consent_send_on_behalf)
		return "consent_send_on_behalf of the organization is not true";
	if (!o->consent_attendees_consented)
		return "consent_attendees_consented of the organization is not true";
	if (!s->number)
		return "the site has no number";
	if (s->number->type == NUMBER_TOLL_FREE && !s->number->verified && s->environment->production)
		return "the site's toll-free number has verified = false";
	if (s->learning)
		return "learning = true: the site takes messages and sends nothing";
	return NULL;
}
