/* copy.c - who owns what of a configuration: counting its users, copying sites, freeing all. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"

/* ---- lists ---- */

void
text_list_free(struct text_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		text_free(l->item[i]);
	free(l->item);
	*l = (struct text_list){ NULL, 0 };
}

bool
text_list_add(struct text_list *l, const char *text)
{
	char **grown = realloc(l->item, (l->n + 1) * sizeof *grown), *copy = strdup(text);

	if (grown)
		l->item = grown;
	if (!grown || !copy) {
		free(copy);
		return false;
	}
	l->item[l->n++] = copy;
	return true;
}

static bool
list_copy(const struct text_list *from, struct text_list *to)
{
	*to = (struct text_list){ NULL, 0 };
	for (size_t i = 0; i < from->n; i++)
		if (!text_list_add(to, from->item[i]))
			return false;
	return true;
}

/* ---- counting ---- */

struct counted {
	struct conf conf;
	atomic_int users;
	struct conf *base; /* held: what this one shares all but sites and numbers with; NULL: all is its own */
};

static struct counted *
counted_of(struct conf *c)
{
	return (struct counted *)(void *)((char *)c - offsetof(struct counted, conf));
}

struct conf *
conf_new(struct conf *base)
{
	struct counted *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	atomic_init(&c->users, 1);
	c->base = base ? conf_hold(base) : NULL;
	return &c->conf;
}

struct conf *
conf_hold(struct conf *c)
{
	atomic_fetch_add(&counted_of(c)->users, 1);
	return c;
}

static void
patterns_free(struct pattern_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		pattern_free(l->item[i]);
	free(l->item);
}

void
site_free(struct conf_site *s)
{
	for (size_t i = 0; i < s->reminders_n; i++)
		text_free(s->reminders[i].title);
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
	text_list_free(&s->video_if);
	text_list_free(&s->phone_if);
	text_list_free(&s->office_if);
	text_list_free(&s->paths);
	text_list_free(&s->countries);
	char *texts[] = { s->title, s->name, s->contact, s->fhir_base_url, s->profile, s->organization_name, s->country, s->sending_application,
		s->sending_facility, s->adt_sending_application, s->adt_sending_facility, s->time_zone, s->templates_path, s->link,
		s->device_test_link, s->link_key, s->holidays };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		text_free(texts[i]);
}

static void
blocks_free(struct conf *c)
{
	for (size_t i = 0; i < c->organizations_n; i++) {
		struct conf_organization *o = &c->organizations[i];
		char *texts[] = { o->title, o->name, o->consent_by, o->consent_date, o->country,
			o->geography };

		for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
			text_free(texts[k]);
		text_list_free(&o->countries);
	}
	for (size_t i = 0; i < c->gateways_n; i++) {
		struct conf_gateway *g = &c->gateways[i];
		char *texts[] = { g->title, g->endpoint, g->access_key, g->access_key_2, g->tenant, g->client_id,
			g->client_secret, g->client_certificate, g->authority, g->identity_endpoint, g->arc_keys,
			g->api_version, g->ca_file, g->revocation_list, g->queue, g->queue_key, g->queue_sas, g->webhook_address, g->webhook_path,
			g->webhook_certificate, g->webhook_private_key, g->webhook_secret, g->webhook_tenant, g->webhook_audience,
			g->webhook_caller, g->webhook_keys };

		for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
			text_free(texts[k]);
	}
	for (size_t i = 0; i < c->environments_n; i++) {
		struct conf_environment *e = &c->environments[i];

		text_free(e->title);
		text_free(e->issuer);
		text_free(e->revocation_list);
		text_list_free(&e->certificates);
		text_list_free(&e->subjects);
		text_list_free(&e->sources);
		text_list_free(&e->only_to);
	}
	for (size_t i = 0; i < c->listeners_n; i++) {
		struct conf_listener *l = &c->listeners[i];

		text_free(l->title);
		text_free(l->address);
		text_free(l->certificate);
		text_free(l->private_key);
		free(l->environments);
	}
}

static void
conf_free(struct conf *c)
{
	struct conf *base = counted_of(c)->base;

	for (size_t i = 0; i < c->numbers_n; i++) {
		text_free(c->numbers[i].title);
		text_free(c->numbers[i].sender);
	}
	for (size_t i = 0; i < c->sites_n; i++)
		site_free(&c->sites[i]);
	free(c->numbers);
	free(c->sites);
	if (base) {
		free(counted_of(c));
		conf_drop(base);
		return;
	}
	blocks_free(c);
	written_free(c);
	free(c->organizations);
	free(c->gateways);
	free(c->environments);
	free(c->listeners);
	text_free(c->file);
	text_free(c->state_directory);
	text_free(c->control_socket);
	text_free(c->sender_socket);
	text_free(c->store_key);
	text_list_free(&c->old_store_keys);
	text_free(c->journal_directory);
	text_free(c->audit_forward);
	text_free(c->metrics);
	text_free(c->metrics_socket);
	text_free(c->metrics_address);
	text_list_free(&c->files);
	text_list_free(&c->access.view);
	text_list_free(&c->access.operate);
	text_list_free(&c->access.phi);
	free(counted_of(c));
}

void
conf_drop(struct conf *c)
{
	if (c && atomic_fetch_sub(&counted_of(c)->users, 1) == 1)
		conf_free(c);
}

/* ---- copying ---- */

static bool
patterns_copy(const struct pattern_list *from, struct pattern_list *to)
{
	struct fault f;

	*to = (struct pattern_list){ calloc(from->n + 1, sizeof(struct pattern *)), 0 };
	if (!to->item)
		return false;
	for (; to->n < from->n; to->n++)
		if (!pattern_new(pattern_text(from->item[to->n]), &to->item[to->n], &f))
			return false;
	return true;
}

static bool
reminders_copy(const struct conf_site *from, struct conf_site *to)
{
	to->reminders_n = 0;
	to->reminders = calloc(from->reminders_n + 1, sizeof *to->reminders);
	for (size_t i = 0; to->reminders && i < from->reminders_n; i++) {
		to->reminders[i] = from->reminders[i];
		to->reminders[i].title = strdup(from->reminders[i].title);
		to->reminders_n++;
		if (!to->reminders[i].title)
			return false;
	}
	return to->reminders != NULL;
}

bool
site_copy(const struct conf_site *from, struct conf_site *to)
{
	char **texts[] = { &to->title, &to->name, &to->contact, &to->fhir_base_url, &to->profile, &to->organization_name,
		&to->country, &to->sending_application, &to->sending_facility, &to->adt_sending_application,
		&to->adt_sending_facility, &to->time_zone, &to->templates_path,
		&to->link, &to->device_test_link, &to->link_key, &to->holidays };
	bool ok = true;

	*to = *from;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		*texts[i] = strdup(*texts[i]);
		ok = ok && *texts[i];
	}
	/* Each is made, so that site_free() meets nothing of *from. */
	ok = patterns_copy(&from->departments, &to->departments) && ok;
	ok = patterns_copy(&from->visit_types, &to->visit_types) && ok;
	ok = patterns_copy(&from->confidential_departments, &to->confidential_departments) && ok;
	ok = patterns_copy(&from->confidential_visit_types, &to->confidential_visit_types) && ok;
	ok = list_copy(&from->countries, &to->countries) && ok;
	ok = list_copy(&from->languages, &to->languages) && ok;
	ok = list_copy(&from->approvers, &to->approvers) && ok;
	ok = list_copy(&from->only_if, &to->only_if) && ok;
	ok = list_copy(&from->link_domains, &to->link_domains) && ok;
	ok = list_copy(&from->never_if, &to->never_if) && ok;
	ok = list_copy(&from->video_if, &to->video_if) && ok;
	ok = list_copy(&from->phone_if, &to->phone_if) && ok;
	ok = list_copy(&from->office_if, &to->office_if) && ok;
	ok = list_copy(&from->paths, &to->paths) && ok;
	return reminders_copy(from, to) && ok;
}

static bool
numbers_copy(const struct conf *from, struct conf *to)
{
	/* Each site may come to keep a number that the file has no more. */
	to->numbers = calloc(from->numbers_n + from->sites_n + 1, sizeof *to->numbers);
	for (size_t i = 0; to->numbers && i < from->numbers_n; i++) {
		struct conf_number *n = &to->numbers[i];

		*n = from->numbers[i];
		n->title = strdup(n->title);
		n->sender = strdup(n->sender);
		to->numbers_n++;
		if (!n->title || !n->sender)
			return false;
	}
	return to->numbers != NULL;
}

struct conf *
conf_derive(struct conf *base)
{
	struct conf *c = conf_new(base);
	bool ok;

	assert(base);
	if (!c)
		return NULL;
	*c = *base;
	c->numbers = NULL;
	c->sites = calloc(base->sites_n + 1, sizeof *c->sites);
	c->numbers_n = c->sites_n = 0;
	ok = c->sites && numbers_copy(base, c);
	for (size_t i = 0; ok && i < base->sites_n; i++) {
		const struct conf_number *n = base->sites[i].number;

		ok = site_copy(&base->sites[i], &c->sites[i]);
		c->sites_n++;
		if (n)
			c->sites[i].number = &c->numbers[n->index];
	}
	if (ok)
		return c;
	conf_drop(c);
	return NULL;
}
