/* build.c - blocks above the site: organization, number, environment, listener. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "nudge/seal.h"

void
each_block(struct reader *r, const char *block, void **items, size_t *n, size_t size,
    void (*fn)(struct reader *r, const struct section *s, void *item, size_t index))
{
	size_t all = 0;

	for (size_t i = 0; i < r->sources_n; i++)
		all += r->sources[i].cfg ? cfg_size(r->sources[i].cfg, block) : 0;
	*items = calloc(all + 1, size);
	if (!*items)
		reading_lacks();
	for (size_t i = 0; *items && i < r->sources_n; i++) {
		const struct source *src = &r->sources[i];
		unsigned here = src->cfg ? cfg_size(src->cfg, block) : 0;

		for (unsigned k = 0; k < here; k++) {
			cfg_t *c = cfg_getnsec(src->cfg, block, k);
			struct section s = { r, src, c, block, cfg_title(c) ? cfg_title(c) : "", "", "" };

			fn(r, &s, (char *)*items + *n * size, *n);
			(*n)++;
		}
	}
}

/* ---- the top ---- */

/* The file that sets a key of the top, else the first. */
static struct section
top_with(struct reader *r, const char *key)
{
	size_t at = 0;

	for (size_t i = r->sources_n; i-- > 0;)
		if (r->sources[i].cfg && cfg_size(r->sources[i].cfg, key) > 0)
			at = i;
	return (struct section){ r, &r->sources[at], r->sources[at].cfg, "", "", "", "" };
}

struct conf_place
top_place(const struct reader *r, const char *key)
{
	struct conf_place at = { r->sources[0].name, 0 };

	for (size_t i = 0; i < r->sources_n; i++)
		for (size_t k = 0; k < r->sources[i].entries_n; k++)
			if (!r->sources[i].entries[k].block[0] &&
			    strcmp(r->sources[i].entries[k].key, key) == 0)
				at = (struct conf_place){ r->sources[i].name, r->sources[i].entries[k].line };
	return at;
}

static char *
top_path(struct reader *r, const char *key)
{
	struct section s = top_with(r, key);

	return section_path(&s, key);
}

void
build_top(struct reader *r)
{
	struct conf *c = r->conf;
	struct section s;

	c->state_directory = top_path(r, "state_directory");
	c->control_socket = top_path(r, "control_socket");
	c->sender_socket = top_path(r, "sender_socket");
	c->store_key = top_path(r, "store_key");
	s = top_with(r, "old_store_keys");
	c->old_store_keys = section_texts(&s, "old_store_keys", true);
	if (c->old_store_keys.n >= STORE_KEYS_MAX)
		section_fault(&s, "old_store_keys", "old_store_keys has %zu files, and may have %d", c->old_store_keys.n, STORE_KEYS_MAX - 1);
	c->journal_directory = top_path(r, "journal_directory");
	s = top_with(r, "journal_retention");
	c->journal_retention_s = section_duration(&s, "journal_retention");
	s = top_with(r, "clock_sync");
	c->clock_sync_required = section_word(&s, "clock_sync") == 1;
	s = top_with(r, "audit_retention");
	c->audit_retention_s = section_duration(&s, "audit_retention");
	s = top_with(r, "audit_max");
	c->audit_max_bytes = section_size(&s, "audit_max");
	c->audit_forward = top_path(r, "audit_forward");
	s = top_with(r, "report_retention");
	c->report_retention_s = section_duration(&s, "report_retention");
	/* What was sent must be known as long as a backup may be put back. */
	if (section_has(&s, "report_retention") && c->report_retention_s < c->journal_retention_s)
		section_fault(&s, "report_retention", "report_retention is less than journal_retention");
	s = top_with(r, "store_max");
	c->store_max_bytes = section_size(&s, "store_max");
	s = top_with(r, "quarantine_retention");
	c->quarantine_retention_s = section_duration(&s, "quarantine_retention");
	s = top_with(r, "quarantine_max");
	c->quarantine_max_bytes = section_size(&s, "quarantine_max");
	s = top_with(r, "disk_warn");
	c->disk_warn_bytes = section_size(&s, "disk_warn");
	s = top_with(r, "disk_shed");
	c->disk_shed_bytes = section_size(&s, "disk_shed");
	s = top_with(r, "disk_stop");
	c->disk_stop_bytes = section_size(&s, "disk_stop");
	s = top_with(r, "metrics");
	build_metrics(&s);
	s = top_with(r, "intake_memory");
	c->intake_memory_bytes = section_size(&s, "intake_memory");
	s = top_with(r, "intake_threads");
	c->intake_threads = section_number(&s, "intake_threads");
	for (size_t i = 0; i < r->sources_n; i++) {
		cfg_t *a = r->sources[i].cfg && cfg_size(r->sources[i].cfg, "access")
		    ? cfg_getsec(r->sources[i].cfg, "access")
		    : NULL;
		struct section access = { r, &r->sources[i], a, "access", "", "", "" };

		if (!a ||
		    (!section_has(&access, "view") && !section_has(&access, "operate") &&
			!section_has(&access, "phi")))
			continue;
		text_list_free(&c->access.view);
		text_list_free(&c->access.operate);
		text_list_free(&c->access.phi);
		c->access.view = section_texts(&access, "view", false);
		c->access.operate = section_texts(&access, "operate", false);
		c->access.phi = section_texts(&access, "phi", false);
	}
}

/* ---- organization ---- */

static void
country(const struct section *s, const char *key, const char *code)
{
	if (code[0] &&
	    (strlen(code) != 2 || !isupper((unsigned char)code[0]) || !isupper((unsigned char)code[1])))
		section_fault(s, key, "country is two capital letters, as US, not \"%s\"", code);
}

static void
organization(struct reader *r, const struct section *s, void *item, size_t index)
{
	struct conf_organization *o = item;

	(void)r;
	(void)index;
	o->at = section_place(s, "");
	o->title = text_copy(s->title);
	o->name = section_text(s, "name");
	o->consent_send_on_behalf = section_bool(s, "consent_send_on_behalf");
	o->consent_attendees_consented = section_bool(s, "consent_attendees_consented");
	o->consent_by = section_text(s, "consent_by");
	o->consent_date = section_text(s, "consent_date");
	o->country = section_text(s, "country");
	country(s, "country", o->country);
	o->countries = section_texts(s, "countries", false);
	for (size_t i = 0; i < o->countries.n; i++)
		country(s, "countries", o->countries.item[i]);
	if (o->countries.n == 0 && o->countries.item)
		o->countries.item[o->countries.n++] = text_copy(o->country);
	o->geography = section_text(s, "geography");
	o->monthly_limit = section_number(s, "monthly_limit");
	o->on_limit = section_word(s, "on_limit") == 1 ? LIMIT_HOLD : LIMIT_WARN;
	o->refused_numbers_s = section_duration(s, "refused_numbers");
	if (section_has(s, "consent_send_on_behalf") && section_has(s, "consent_attendees_consented") &&
	    (!o->consent_send_on_behalf || !o->consent_attendees_consented))
		section_warn(s, "", "nothing is sent: both consents must be true");
}

/* ---- number ---- */

static void
sender_shape(const struct section *s, const struct conf_number *n)
{
	size_t digits = strspn(n->sender, "0123456789");

	if (!n->sender[0])
		return;
	switch (n->type) {
	case NUMBER_TOLL_FREE:
	case NUMBER_10DLC:
		if (!shape_e164(n->sender))
			section_fault(
			    s, "sender", "sender is a number with its country, as \"+18335550100\"");
		break;
	case NUMBER_SHORT_CODE:
		if (n->sender[digits] || digits < 5 || digits > 6)
			section_fault(s, "sender", "a short code has five or six digits");
		break;
	case NUMBER_ALPHANUMERIC:
		if (!shape_name(n->sender))
			section_fault(s, "sender",
			    "a name has at most 11 letters, digits and blanks, and a letter among them");
		break;
	}
}

/* The block of this title; NULL and a fault that names the nearest when there is none. */
void *
build_linked(const struct section *s, const char *key, const char *name, void *items, size_t n, size_t size)
{
	const char *known[65], *near;
	size_t k = 0, noun = strlen(key) - (key[strlen(key) - 1] == 's'); /* a list is named for many */

	for (size_t i = 0; i < n; i++) {
		/* A title stands first in each block. */
		char *title = *(char **)(void *)((char *)items + i * size);

		if (strcmp(title, name) == 0)
			return (char *)items + i * size;
		if (k < 64)
			known[k++] = title;
	}
	known[k] = NULL;
	near = conf_nearest(name, known);
	if (name[0])
		section_fault(s, key, "there is no %.*s \"%s\"%s%s%s", (int)noun, key, name,
		    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return NULL;
}

static void
number(struct reader *r, const struct section *s, void *item, size_t index)
{
	static const int64_t rates[] = { 200, 6000, 60, 600 };
	struct conf_number *n = item;

	n->at = section_place(s, "");
	n->index = index;
	n->title = text_copy(s->title);
	n->sender = section_text(s, "sender");
	n->type = (enum number_type)section_word(s, "type");
	n->verified = section_bool(s, "verified");
	n->gateway = build_linked(s, "gateway", section_raw(s, "gateway"), r->conf->gateways,
	    r->conf->gateways_n, sizeof *n->gateway);
	n->keyword_answers = section_word(s, "keyword_answers");
	n->rate_per_min = section_rate(s, "rate");
	if (n->rate_per_min == 0)
		n->rate_per_min = rates[n->type];
	if (section_has(s, "type"))
		sender_shape(s, n);
	if (n->type == NUMBER_TOLL_FREE && !n->verified)
		section_warn(s, "verified",
		    "a toll-free number that is not verified is blocked by the carriers: nothing is sent "
		    "from it in production");
}

/* ---- environment ---- */

static void
environment(struct reader *r, const struct section *s, void *item, size_t index)
{
	struct conf_environment *e = item;

	e->at = section_place(s, "");
	e->index = index;
	e->title = text_copy(s->title);
	e->production = section_word(s, "kind") == 0;
	e->organization = build_linked(s, "organization", section_raw(s, "organization"),
	    r->conf->organizations, r->conf->organizations_n, sizeof *e->organization);
	e->certificates = section_texts(s, "certificates", true);
	e->issuer = section_path(s, "issuer");
	e->subjects = section_texts(s, "subjects", false);
	e->revocation_list = section_path(s, "revocation_list");
	e->sources = section_texts(s, "sources", false);
	e->only_to = section_texts(s, "only_to", false);
	e->silence_s = section_duration(s, "silence");
	if (section_has(s, "kind") && e->production && e->only_to.n > 0)
		section_fault(s, "only_to", "only_to is for test environments: kind = test, or leave it out");
	if (!e->production && e->only_to.n == 0)
		section_warn(s, "only_to", "only_to is empty: nobody is texted from this test environment");
	for (size_t i = 0; i < e->only_to.n; i++)
		if (!shape_e164(e->only_to.item[i]))
			section_fault(s, "only_to",
			    "entry %zu is no number with its country, as \"+16085550123\"", i + 1);
	if (e->issuer[0] && e->subjects.n == 0)
		section_fault(s, "issuer", "issuer needs subjects: the names it issued certificates to");
	if (e->subjects.n > 0 && !e->issuer[0])
		section_fault(s, "subjects", "subjects need issuer: the CA that issued their certificates");
	if (e->revocation_list[0] && !e->issuer[0])
		section_fault(s, "revocation_list", "revocation_list needs issuer");
}

/* ---- listener ---- */

static void
listener_environments(const struct reader *r, const struct section *s, struct conf_listener *l)
{
	struct text_list names = section_texts(s, "environments", false);

	l->environments = calloc(names.n + 1, sizeof(void *));
	if (!l->environments)
		reading_lacks();
	for (size_t i = 0; l->environments && i < names.n; i++) {
		const struct conf_environment *e = build_linked(s, "environments", names.item[i],
		    r->conf->environments, r->conf->environments_n, sizeof *e);

		if (e)
			l->environments[l->environments_n++] = e;
	}
	text_list_free(&names);
}

static void
listener_tls(const struct section *s, const struct conf_listener *l)
{
	if (!l->tls) {
		if (!shape_loopback(l->address))
			section_fault(s, "tls", "tls = false is for loopback only: address = \"127.0.0.1\"");
		if (l->environments_n > 1)
			section_fault(s, "tls",
			    "tls = false is for one environment only: without certificates nothing tells "
			    "them apart");
		return;
	}
	if (!l->certificate[0])
		section_fault(s, "certificate", "certificate is missing (what we show senders)");
	if (!l->private_key[0])
		section_fault(s, "private_key", "private_key is missing (the key of certificate)");
	for (size_t i = 0; i < l->environments_n; i++) {
		const struct conf_environment *e = l->environments[i];

		assert(e);
		if (e->certificates.n == 0 && !e->issuer[0])
			section_fault(s, "environments",
			    "environment \"%s\" has neither certificates nor issuer and subjects: nobody "
			    "could prove to be it",
			    e->title);
	}
}

static void
listener(struct reader *r, const struct section *s, void *item, size_t index)
{
	struct conf_listener *l = item;

	l->at = section_place(s, "");
	l->index = index;
	l->title = text_copy(s->title);
	l->address = section_text(s, "address");
	l->port = (int)section_number(s, "port");
	l->tls = section_bool(s, "tls");
	l->certificate = section_path(s, "certificate");
	l->private_key = section_path(s, "private_key");
	listener_environments(r, s, l);
	l->ack_mode = section_word(s, "ack_mode") == 1 ? ACK_AUTO : ACK_ALWAYS_AA;
	l->max_message = (size_t)section_size(s, "max_message");
	l->mllp_release = section_word(s, "mllp_release") == 1 ? 2 : 1;
	l->strict_types = section_bool(s, "strict_types");
	l->first_byte_timeout_s = section_duration(s, "first_byte_timeout");
	l->max_connections = section_number(s, "max_connections");
	l->max_handshakes = section_number(s, "max_handshakes");
	l->penalty_max_s = section_duration(s, "penalty_max");
	l->handshake_timeout_s = section_duration(s, "handshake_timeout");
	l->frame_timeout_s = section_duration(s, "frame_timeout");
	l->idle_timeout_s = section_duration(s, "idle_timeout");
	if (l->idle_timeout_s > 0 && l->idle_timeout_s < 3600)
		section_fault(s, "idle_timeout", "idle_timeout is 0 or at least 1h: a quiet night is normal");
	if (!shape_address(l->address))
		section_fault(s, "address",
		    "address is an IP address, as \"0.0.0.0\" or \"127.0.0.1\", not \"%s\"", l->address);
	listener_tls(s, l);
}

void
build_organizations(struct reader *r)
{
	each_block(r, "organization", (void **)&r->conf->organizations, &r->conf->organizations_n,
	    sizeof(struct conf_organization), organization);
}

void
build_numbers(struct reader *r)
{
	each_block(
	    r, "number", (void **)&r->conf->numbers, &r->conf->numbers_n, sizeof(struct conf_number), number);
}

void
build_environments(struct reader *r)
{
	each_block(r, "environment", (void **)&r->conf->environments, &r->conf->environments_n,
	    sizeof(struct conf_environment), environment);
}

void
build_listeners(struct reader *r)
{
	each_block(r, "listener", (void **)&r->conf->listeners, &r->conf->listeners_n,
	    sizeof(struct conf_listener), listener);
}
