/* conf.c - from a path to a whole configuration or a list of faults, and back to nothing. */
// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"

/* ---- faults ---- */

__attribute__((format(printf, 4, 0))) static void
add(struct conf_faults *f, const struct conf_place *at, bool warning, const char *format, va_list ap)
{
	struct conf_fault *grown = realloc(f->item, (f->n + 1) * sizeof *grown), *x;

	f->errors_n += !warning;
	if (!grown) {
		f->passes = true;
		return; /* counted all the same: it does not load */
	}
	f->item = grown;
	x = &grown[f->n++];
	memset(x, 0, sizeof *x);
	x->warning = warning;
	if (at) {
		(void)snprintf(x->file, sizeof x->file, "%.255s", at->file ? at->file : "");
		x->line = at->line;
	}
	(void)vsnprintf(x->text, sizeof x->text, format, ap);
}

void
conf_fault_add(struct conf_faults *f, const struct conf_place *at, bool warning, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(f, at, warning, format, ap);
	va_end(ap);
}

void
conf_fault_of(struct conf_faults *f, const struct conf_place *at, enum fault_kind kind, const char *format, ...)
{
	va_list ap;

	f->passes = f->passes || kind == FAULT_BUSY;
	va_start(ap, format);
	add(f, at, false, format, ap);
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
	build_written(r);
	check_across(r);
}

bool
conf_look(const char *path, enum conf_reader who, struct conf **out, struct conf_faults *faults)
{
	bool built = false;
	struct reader r = { .who = who, .faults = faults };
	struct conf_place at = { path, 0 };

	*faults = (struct conf_faults){ 0 };
	reading_begins();
	r.conf = conf_new(NULL);
	r.sources = calloc(SOURCES_MAX, sizeof *r.sources);
	if (!r.conf || !r.sources) {
		reading_lacks();
	} else {
		source_read(&r, path, 0, &at);
		if (r.sources_n > 0 && faults->errors_n == r.doubles_n) {
			r.conf->file = text_copy(r.sources[0].path);
			r.conf->reader = who;
			build_all(&r);
			built = true;
		}
	}
	sources_free(&r);
	if (reading_lacked()) {
		conf_fault_of(faults, &at, FAULT_BUSY, "out of memory");
		built = false;
	}
	*out = built ? r.conf : NULL;
	if (!built)
		conf_drop(r.conf);
	return faults->errors_n == 0;
}

bool
conf_load(const char *path, enum conf_reader who, struct conf **out, struct conf_faults *faults)
{
	struct conf *c;

	if (!conf_look(path, who, &c, faults)) {
		conf_drop(c);
		return false;
	}
	*out = c;
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

struct span
conf_sender(const struct conf *c, const struct conf_environment *e, struct span application)
{
	for (size_t i = 0; i < c->sites_n && application.n > 0; i++) {
		const struct conf_site *s = &c->sites[i];
		struct span own = span_trim(span_of(s->sending_application)), adt = span_trim(span_of(s->adt_sending_application));

		if (s->environment != e)
			continue;
		if (own.n > 0 && span_eq_nocase(own, application))
			return own;
		if (adt.n > 0 && span_eq_nocase(adt, application))
			return adt;
	}
	return span_of(CONF_SENDER_OTHER);
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
