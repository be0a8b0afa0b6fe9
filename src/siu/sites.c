/* sites.c - whose message: MSH-3/4 first, then department and visit type. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <stdio.h>
#include <string.h>

#include "hl7/marks.h"

bool
sites_fit_sender(const struct sender *s, const struct message *m)
{
	return (s->application.n == 0 || span_eq_nocase(s->application, m->sending_application)) &&
	    (s->facility.n == 0 || span_eq_nocase(s->facility, m->sending_facility));
}

static const struct conf_site *
first_of(const struct reading *r, const struct conf_environment *e)
{
	const struct conf *c = r->map->rules->conf;

	for (size_t i = 0; i < c->sites_n; i++)
		if (c->sites[i].environment == e && sites_fit_sender(&r->map->sites[i].sender, r->msg))
			return &c->sites[i];
	return NULL;
}

const struct site_map *
sites_map(const struct reading *r, const struct conf_site *s)
{
	return &r->map->sites[s->index];
}

bool
sites_find_sender(struct reading *r)
{
	for (size_t i = 0; i < r->peer->environments_n; i++) {
		r->sender = first_of(r, r->peer->environments[i]);
		if (r->sender) {
			r->msg->environment = r->peer->environments[i];
			r->at = sites_map(r, r->sender);
			return true;
		}
	}
	r->msg->environment = r->peer->environments[0];
	return false;
}

/* The environment that asks for just these MSH-3/4; NULL when none does. None of
 * this certificate's has a site that they fit. */
static const struct conf_environment *
other_environment(const struct reading *r)
{
	const struct conf *c = r->map->rules->conf;

	for (size_t i = 0; i < c->sites_n; i++) {
		const struct conf_site *s = &c->sites[i];

		if ((s->sending_application[0] || s->sending_facility[0]) && sites_fit_sender(&r->map->sites[i].sender, r->msg))
			return s->environment;
	}
	return NULL;
}

/* An answer's text has 80 ASCII characters. */
#define ANSWER_TEXT_MAX 80
#define BELONGS "MSH-3/MSH-4 belong to environment "
#define BUT_FOR "; this certificate is for "

bool
sites_refuse_sender(struct reading *r)
{
	const struct conf_environment *other = other_environment(r);
	struct message *m = r->msg;
	const char *mine = m->environment->title;
	char text[sizeof m->detail];

	if (other) {
		size_t room = ANSWER_TEXT_MAX - (sizeof BELONGS - 1) - (sizeof BUT_FOR - 1);
		size_t first = strlen(other->title), second = strlen(mine);

		if (first + second > room && first > room / 2)
			first = second >= room / 2 ? room / 2 : room - second;
		(void)snprintf(text, sizeof text, BELONGS "%.*s" BUT_FOR "%s", (int)first, other->title,
		    mine);
	} else {
		(void)snprintf(text, sizeof text, "MSH-3/MSH-4 belong to no site of environment %s", mine);
	}
	text[ANSWER_TEXT_MAX] = '\0';
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	memcpy(m->detail, text, sizeof text);
	verdict_refuse(r, "MSH-3/MSH-4 belong to no site of this certificate", VERDICT_REJECT, 204, "MSH", 3);
	m->error.text = m->detail;
	return false;
}

/* ---- department and visit type ---- */

static void
collect_by(struct reading *r, const struct siu_profile *p)
{
	if (r->said_by == p)
		return;
	values_collect(r, &p->department, &r->departments);
	values_collect(r, &p->visit_type, &r->visit_types);
	r->said_by = p;
}

static bool
some_match(const struct pattern_list *patterns, const struct said *said)
{
	for (size_t i = 0; i < said->n && patterns->n > 0; i++)
		if (pattern_list_matches(patterns, said->item[i]))
			return true;
	return false;
}

enum fit { FITS, FITS_NOT, FIT_NOT_SAID };

static enum fit
fit_of(const struct pattern_list *patterns, const struct said *said)
{
	if (patterns->n == 0 || some_match(patterns, said))
		return FITS;
	return said->n == 0 ? FIT_NOT_SAID : FITS_NOT;
}

/* *said: the field has a value, be it any. */
static bool
field_matches(struct reading *r, const struct field_match *m, bool *said)
{
	struct walk w = { 0 };
	struct span raw, text;

	while (walk_next(r, &m->path, &w, &raw)) {
		text = value_said(r, raw);
		*said = *said || text.n > 0;
		if (text.n > 0 && pattern_matches(m->pattern, text))
			return true;
	}
	return false;
}

static enum fit
fit_of_field(struct reading *r, const struct field_match *m)
{
	bool said = false;

	if (field_matches(r, m, &said))
		return m->never ? FITS_NOT : FITS;
	return m->never ? FITS : said ? FITS_NOT : FIT_NOT_SAID;
}

/* All fields that the site asks for, together. */
static enum fit
fit_of_fields(struct reading *r, const struct site_map *s)
{
	enum fit all = FITS;

	for (size_t i = 0; i < s->matches_n && all != FITS_NOT; i++) {
		enum fit one = fit_of_field(r, &s->matches[i]);

		if (one != FITS)
			all = one;
	}
	return all;
}

const struct conf_site *
sites_match(struct reading *r, bool *not_said)
{
	const struct conf *c = r->map->rules->conf;

	*not_said = false;
	for (size_t i = 0; i < c->sites_n; i++) {
		const struct conf_site *s = &c->sites[i];
		enum fit department, visit_type, fields;

		if (s->environment != r->msg->environment || !sites_fit_sender(&r->map->sites[i].sender, r->msg))
			continue;
		collect_by(r, sites_map(r, s)->profile);
		department = fit_of(&s->departments, &r->departments);
		visit_type = fit_of(&s->visit_types, &r->visit_types);
		fields = fit_of_fields(r, sites_map(r, s));
		if (department == FITS && visit_type == FITS && fields == FITS)
			return s;
		if (department != FITS_NOT && visit_type != FITS_NOT && fields != FITS_NOT)
			*not_said = true;
	}
	return NULL;
}

static void
blank_controls(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ')
			p[i] = ' ';
}

/* One before it is the same. */
static inline bool
is_again(const struct said *said, const struct span *s)
{
	const struct span *before = said->item;

	while (before < s && !span_eq(*before, *s))
		before++;
	return before < s;
}

/* Each word once. */
static struct span
joined(struct reading *r, const struct said *said)
{
	const struct span *end = said->item + said->n;
	char *at[SAID_MAX], *p, *to;
	size_t words = 0, room = 0;

	for (const struct span *s = said->item; s < end; s++)
		room += s->n + 1;
	if (room == 0 || !(p = arena_take(&r->msg->arena, room))) {
		r->no_memory = r->no_memory || room > 0;
		return SPAN_NONE;
	}
	to = p;
	for (const struct span *s = said->item; s < end; s++) {
		if (is_again(said, s))
			continue;
		if (words > 0)
			*to++ = ' ';
		at[words++] = to;
		memcpy(to, s->p, s->n);
		to += s->n;
	}
	if (marks_control((struct span){ p, (size_t)(to - p) }))
		blank_controls(p, (size_t)(to - p));
	for (size_t i = 1; i < words; i++)
		at[i][-1] = SAID_SEPARATOR;
	return span_from(p, (size_t)(to - p));
}

/* A message that says nothing in any of the fields (a cancellation, often) leaves what is known. */
void
sites_modality(struct reading *r, struct booking *b)
{
	for (size_t i = 0; i < r->at->modes_n && b->modality == MODALITY_UNKNOWN; i++)
		if (field_matches(r, &r->at->modes[i], &b->modality_said))
			b->modality = r->at->modes[i].modality;
}

void
sites_describe(struct reading *r, struct booking *b)
{
	collect_by(r, r->at->profile);
	if (r->departments.n > 0)
		b->department = r->departments.item[0];
	if (r->visit_types.n > 0)
		b->visit_type = r->visit_types.item[0];
	b->departments = joined(r, &r->departments);
	b->visit_types = joined(r, &r->visit_types);
	if (b->site)
		b->confidential = some_match(&b->site->confidential_departments, &r->departments) ||
		    some_match(&b->site->confidential_visit_types, &r->visit_types);
}
