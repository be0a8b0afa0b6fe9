/* standing.c - what is in force of a file under the approvals that were given. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/making.h"

struct standing_up { /* all arrays are parallel to the sites */
	struct rules *file;
	struct conf *conf;              /* owned: derived */
	struct site_terms *terms;            /* owned: in force */
	struct site_standing *standing; /* owned */
	const struct approval **given;  /* owned; borrowed items: the approval that a site stands on, or NULL */
};

static const struct approval *
approval_of(const char *site, const struct approval *approvals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(approvals[i].site, site) == 0)
			return &approvals[i];
	return NULL;
}

/* Why a site cannot stay as it was approved: its environment is not there as it was. Literal; NULL when it can. */
static const char *
find_environment(const struct conf *c, const struct site_terms *t, struct conf_site *s)
{
	const struct conf_environment *e = conf_find_environment(c, terms_value(t, "environment"));

	if (!e)
		return "the environment it was approved for is not in the configuration any more";
	if (e->production != (strcmp(terms_value(t, "environment_kind"), "production") == 0))
		return "its environment is of another kind than it was approved for";
	s->environment = e;
	return NULL;
}

static const struct conf_number *
number_by_sender(const struct conf *c, const char *sender)
{
	for (size_t i = 0; i < c->numbers_n; i++)
		if (strcmp(c->numbers[i].sender, sender) == 0)
			return &c->numbers[i];
	return NULL;
}

/* The block that had the number says something else now: a copy of it keeps
 * what was approved. There is room for one a site, see conf_derive(). */
static const struct conf_number *
keep_number(struct conf *c, const struct site_terms *t)
{
	static const char *const types[] = { "toll-free", "short-code", "10dlc", "alphanumeric" };
	const struct text_list *block = &t->item[terms_find("number_block")];
	const struct conf_number *old = block->n == 2 ? conf_find_number(c, block->item[0]) : NULL;
	struct conf_number *n = &c->numbers[c->numbers_n];
	char title[64];

	if (!old)
		return NULL;
	*n = *old;
	(void)snprintf(title, sizeof title, "%.40s (as approved)", old->title);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i], block->item[1]) == 0)
			n->type = (enum number_type)i;
	n->verified = true; /* it was when it was approved, or its site sent nothing */
	n->title = strdup(title);
	n->sender = strdup(terms_value(t, "number"));
	n->index = c->numbers_n++;
	return n->title && n->sender ? n : NULL;
}

static const char *
find_number(struct conf *c, const struct site_terms *t, struct conf_site *s)
{
	const char *sender = terms_value(t, "number");

	if (!sender[0]) {
		s->number = NULL;
		return NULL;
	}
	if (s->number && strcmp(s->number->sender, sender) == 0)
		return NULL;
	s->number = number_by_sender(c, sender);
	if (!s->number)
		s->number = keep_number(c, t);
	return s->number ? NULL : "the number it was approved with is not in the configuration any more";
}

const char *
rules_silent(const struct site_rules *s)
{
	const char *silent = conf_site_silent(s->site);

	if (silent || s->standing.what != STANDING_NEEDED)
		return silent;
	return s->standing.why ? s->standing.why : "it was never approved: its approver runs nudgectl approve";
}

static bool
differs(const struct site_standing *st)
{
	for (size_t i = 0; i < terms_n(); i++)
		if (st->fate[i] != TERM_SAME)
			return true;
	return false;
}

/* The site as its approval and the file together allow. false: no memory, or
 * an approval that cannot be read. */
static bool
stand_on(struct standing_up *u, size_t i, struct fault *f)
{
	struct conf_site *s = &u->conf->sites[i];
	struct site_standing *st = &u->standing[i];
	const struct approval *a = u->given[i];
	struct site_terms approved, both;
	const char *why;
	bool ok;

	st->at_s = a->at_s;
	memcpy(st->who, a->who, sizeof st->who);
	if (!terms_read(span_from(a->spelled, a->spelled_n), &approved, f))
		return false;
	ok = terms_in_force(&approved, &u->terms[i], &both, st->fate);
	terms_clear(&approved);
	if (!ok)
		return fault_set(f, FAULT_BUSY, "no memory");
	why = find_environment(u->conf, &both, s);
	if (!why)
		why = find_number(u->conf, &both, s);
	if (why) {
		terms_clear(&both);
		st->why = why;
		u->given[i] = NULL;
		s->environment = u->file->conf->sites[i].environment;
		s->number = u->file->conf->sites[i].number ? &u->conf->numbers[u->file->conf->sites[i].number->index] : NULL;
		return true;
	}
	st->what = differs(st) ? STANDING_DIFFERS : STANDING_APPROVED;
	terms_clear(&u->terms[i]);
	u->terms[i] = both;
	return terms_apply(&both, s, f);
}

static bool
stand_all(struct standing_up *u, const struct approval *approvals, size_t n, struct conf_faults *faults)
{
	const struct conf *c = u->conf;

	for (size_t i = 0; i < c->sites_n; i++) {
		const struct conf_site *s = &c->sites[i];
		struct fault f = { .kind = FAULT_NONE };

		u->standing[i].what = s->approvers.n > 0 ? STANDING_NEEDED : STANDING_FREE;
		u->given[i] = s->approvers.n > 0 ? approval_of(s->title, approvals, n) : NULL;
		if (!terms_copy(&u->file->sites[i].terms, &u->terms[i]))
			conf_fault_add(faults, &s->at, false, "site \"%s\": no memory", s->title);
		else if (u->given[i] && !stand_on(u, i, &f))
			conf_fault_add(faults, &s->at, false, "site \"%s\": %s", s->title, f.text);
		if (u->standing[i].why)
			conf_fault_add(faults, &s->at, true, "site \"%s\": %s: it sends nothing until it is approved", s->title,
			    u->standing[i].why);
	}
	return faults->errors_n == 0;
}

bool
rules_in_force(struct rules *file, const struct approval *approvals, size_t n, struct rules **out, struct conf_faults *faults)
{
	size_t sites_n = file->conf->sites_n, errors = faults->errors_n;
	struct standing_up u = { file, conf_derive(file->conf), calloc(sites_n + 1, sizeof *u.terms),
		calloc(sites_n + 1, sizeof *u.standing), calloc(sites_n + 1, sizeof *u.given) };
	bool ok = u.conf && u.terms && u.standing && u.given;

	if (!ok)
		conf_fault_of(faults, NULL, FAULT_BUSY, "no memory for %zu sites", sites_n);
	ok = ok && stand_all(&u, approvals, n, faults) && faults->errors_n == errors && rules_make(u.conf, u.terms, out, faults);
	for (size_t i = 0; ok && i < sites_n; i++) {
		(*out)->sites[i].standing = u.standing[i];
		if (u.given[i])
			memcpy((*out)->sites[i].approval_hash, u.given[i]->hash, DIGEST_BYTES);
	}
	for (size_t i = 0; u.terms && i < sites_n; i++)
		terms_clear(&u.terms[i]);
	free(u.terms);
	free(u.standing);
	free(u.given);
	conf_drop(u.conf);
	return ok;
}
