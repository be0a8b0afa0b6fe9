/* shadow.c - what stands behind something else and is never reached: sites, patterns, reminders. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "conf/options.h"

/* ---- patterns ---- */

#define LITERAL_MAX 256

/* The word that a pattern means, with or without its anchors. */
struct literal {
	char text[LITERAL_MAX];
	bool whole; /* ^WORD$ */
};

static bool
literal_of(const char *pattern, struct literal *out)
{
	struct span s = span_of(pattern);
	bool from = s.n > 0 && s.p[0] == '^', to = s.n > 1 && s.p[s.n - 1] == '$';

	s = span_from(s.p + from, s.n - from - to);
	out->whole = from && to;
	return s.n > 0 && s.n < sizeof out->text && from == to && span_copy(out->text, sizeof out->text, s) > 0 &&
	    !strpbrk(out->text, "\\^$.*+?()[]{}|");
}

/* Matches wherever it stands in a longer text, too. */
static bool
is_loose(const char *pattern)
{
	return !strpbrk(pattern, "^$\\") && !strstr(pattern, "(?");
}

/* Whatever b matches, a does, as far as that can be told. */
static bool
is_within(const struct pattern *a, const struct pattern *b)
{
	struct literal l;

	if (strcmp(pattern_text(a), pattern_text(b)) == 0)
		return true;
	return literal_of(pattern_text(b), &l) && (l.whole || is_loose(pattern_text(a))) && pattern_matches(a, span_of(l.text));
}

static const struct pattern *
cover_of(const struct pattern_list *a, const struct pattern *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (is_within(a->item[i], b))
			return a->item[i];
	return NULL;
}

/* How many of b are within a; an empty list is everything. */
static size_t
within_n(const struct pattern_list *a, const struct pattern_list *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += a->n == 0 || cover_of(a, b->item[i]) != NULL;
	return n;
}

static bool
all_within(const struct pattern_list *a, const struct pattern_list *b)
{
	return a->n == 0 || (b->n > 0 && within_n(a, b) == b->n);
}

static void
check_list(struct reader *r, const struct conf_site *s, const char *key, const struct pattern_list *l)
{
	const struct conf_place *at = conf_place_of(r->conf, "site", s->title, key, &s->at);

	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->n; k++)
			if (i != k && is_within(l->item[k], l->item[i]) && (k < i || !is_within(l->item[i], l->item[k])))
				conf_fault_add(r->faults, at, true, "site \"%s\": %s: '%s' says nothing more: '%s' takes that too", s->title,
				    key, pattern_text(l->item[i]), pattern_text(l->item[k]));
}

/* ---- sites ---- */

static bool
takes(const char *a, const char *b)
{
	return a[0] == '\0' || strcasecmp(a, b) == 0;
}

/* All of a's conditions are conditions of b. */
static bool
all_in(const struct text_list *a, const struct text_list *b)
{
	for (size_t i = 0; i < a->n; i++) {
		bool found = false;

		for (size_t k = 0; k < b->n; k++)
			found = found || strcmp(a->item[i], b->item[k]) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* Both read departments and visit types from the same fields. */
static bool
same_fields(const struct conf_site *a, const struct conf_site *b)
{
	return strcmp(a->profile, b->profile) == 0 && all_in(&a->paths, &b->paths) && all_in(&b->paths, &a->paths);
}

/* But for departments, every message for b fits a. */
static bool
may_shadow(const struct conf_site *a, const struct conf_site *b)
{
	return a->environment && a->environment == b->environment && strcmp(a->title, b->title) != 0 &&
	    takes(a->sending_application, b->sending_application) && takes(a->sending_facility, b->sending_facility) &&
	    all_in(&a->only_if, &b->only_if) && all_in(&a->never_if, &b->never_if) && all_within(&a->visit_types, &b->visit_types) &&
	    ((a->departments.n == 0 && a->visit_types.n == 0) || same_fields(a, b));
}

static void
check_departments(struct reader *r, const struct conf_site *a, const struct conf_site *b)
{
	for (size_t i = 0; i < b->departments.n; i++)
		if (cover_of(&a->departments, b->departments.item[i]))
			conf_fault_add(r->faults, conf_place_of(r->conf, "site", b->title, "departments", &b->at), true,
			    "site \"%s\": departments: '%s' goes to site \"%s\", which stands before it", b->title,
			    pattern_text(b->departments.item[i]), a->title);
}

/* The first site that fits takes the message. overlapping: that was said, and better. */
static void
check_behind(struct reader *r, size_t site)
{
	const struct conf_site *b = &r->conf->sites[site];

	for (size_t i = 0; i < site; i++) {
		const struct conf_site *a = &r->conf->sites[i];

		if (!may_shadow(a, b) || check_same_messages(a, b))
			continue;
		if (!all_within(&a->departments, &b->departments)) {
			check_departments(r, a, b);
			continue;
		}
		conf_fault_add(r->faults, &b->at, false,
		    "site \"%s\": no message reaches it: site \"%s\", which stands before it, takes all of them; put \"%s\" first, or narrow "
		    "\"%s\"", b->title, a->title, b->title, a->title);
		return;
	}
}

/* ---- within one site ---- */

static bool
same_time(const struct conf_reminder *a, const struct conf_reminder *b)
{
	return a->form == b->form && a->before_s == b->before_s && (a->form != BEFORE_DAYS_AT || a->at_min == b->at_min);
}

static void
check_reminders(struct reader *r, const struct conf_site *s)
{
	for (size_t i = 0; i < s->reminders_n; i++)
		for (size_t k = 0; k < i; k++)
			if (s->reminders[i].before_s > 0 && same_time(&s->reminders[k], &s->reminders[i]))
				conf_fault_add(r->faults, &s->reminders[i].at, true,
				    "site \"%s\" reminder \"%s\": reminder \"%s\" goes at the same time: patients get both", s->title,
				    s->reminders[i].title, s->reminders[k].title);
}

static void
check_confidential(struct reader *r, const struct conf_site *s)
{
	static const char *const keys[] = { "confidential_departments", "confidential_visit_types" };
	const struct pattern_list *secret[] = { &s->confidential_departments, &s->confidential_visit_types };
	const struct pattern_list *all[] = { &s->departments, &s->visit_types };

	for (int i = 0; i < 2; i++)
		if (secret[i]->n > 0 && all[i]->n > 0 && all_within(secret[i], all[i]))
			conf_fault_add(r->faults, conf_place_of(r->conf, "site", s->title, keys[i], &s->at), true,
			    "site \"%s\": %s takes in all that the site has: it texts nobody", s->title, keys[i]);
}

void
check_shadows(struct reader *r)
{
	for (size_t i = 0; i < r->conf->sites_n; i++) {
		const struct conf_site *s = &r->conf->sites[i];

		check_behind(r, i);
		check_list(r, s, "departments", &s->departments);
		check_list(r, s, "visit_types", &s->visit_types);
		check_list(r, s, "confidential_departments", &s->confidential_departments);
		check_list(r, s, "confidential_visit_types", &s->confidential_visit_types);
		check_confidential(r, s);
		check_reminders(r, s);
	}
}
