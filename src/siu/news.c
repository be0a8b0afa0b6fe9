/* news.c - what an ADT message says of patients whose visits are known: death, another number, one record of two. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <string.h>

#include "hl7/index.h"

static const struct {
	char event[4];
	bool merges; /* else it tells of the patient's data */
} events[] = { { "A08", false }, { "A31", false }, { "A34", true }, { "A40", true } };

static bool
asks_for(const struct conf_site *s, bool merges)
{
	return merges ? s->adt_merge : s->adt_deceased || s->adt_phone;
}

/* The next site of this environment, from *at on, that takes the message. */
static const struct conf_site *
next_site(const struct reading *r, const struct conf_environment *e, size_t *at)
{
	const struct conf *c = r->map->rules->conf;

	while (*at < c->sites_n) {
		const struct conf_site *s = &c->sites[(*at)++];

		if (s->environment == e && asks_for(s, r->merges) && sites_fit_sender(&sites_map(r, s)->news, r->msg))
			return s;
	}
	return NULL;
}

bool
news_wanted(struct reading *r, struct span type, struct span event)
{
	const size_t n = sizeof events / sizeof events[0];
	uint32_t code = index_code(event);
	size_t i = 0;

	if (index_code(type) != code_of_name("ADT"))
		return false;
	while (i < n && code != code_of_name(events[i].event))
		i++;
	if (i == n)
		return false;
	r->merges = events[i].merges;
	for (size_t k = 0; k < r->peer->environments_n; k++) {
		size_t from = 0;
		const struct conf_site *s = next_site(r, r->peer->environments[k], &from);

		if (!s)
			continue;
		memcpy(r->event, events[i].event, sizeof r->event);
		r->is_news = true;
		r->sender = s;
		r->at = sites_map(r, s);
		r->msg->environment = r->peer->environments[k];
		return true;
	}
	return false;
}

/* ---- one patient, as one site reads it ---- */

static void
add_prior(struct patient_news *n, struct span id)
{
	bool again = span_eq(id, n->patient);

	for (size_t i = 0; i < n->priors_n; i++)
		again = again || span_eq(id, n->priors[i]);
	if (!again && n->priors_n < NEWS_PRIORS_MAX)
		n->priors[n->priors_n++] = id;
}

/* The id that would have been the patient's, and the others of its type. */
static bool
read_priors(struct reading *r, struct patient_news *n)
{
	const struct siu_profile *p = r->at->profile;
	struct span type, rep, first = ids_chosen(r, &p->prior_patient, &type);
	struct walk w = { 0 };

	if (first.n == 0)
		return verdict_quarantine(r, "no id of the record that was merged", 101, &p->prior_patient.item[0]);
	add_prior(n, first);
	while (type.n > 0 && walk_next(r, &p->prior_patient, &w, &rep)) {
		struct span id = value_part(r, rep, 1);

		if (id.n > 0 && span_eq_nocase(value_part(r, rep, 5), type))
			add_prior(n, id);
	}
	return true;
}

static bool
read_one(struct reading *r, const struct conf_site *s, struct patient_news *n)
{
	struct booking b = { .site = s };
	struct span type;

	*n = (struct patient_news){ .site = s, .has_sent_at = r->has_sent_at, .sent_at_s = r->sent_at_s };
	r->at = sites_map(r, s);
	n->patient = ids_chosen(r, &r->at->profile->patient, &type);
	if (n->patient.n == 0)
		return verdict_quarantine(r, "no patient id", 101, &r->at->profile->patient.item[0]);
	if (r->merges)
		return read_priors(r, n);
	if (s->adt_deceased) {
		person_read(r, &b);
		n->deceased = b.deceased;
		n->death_said = b.death_said;
	}
	if (s->adt_phone) {
		phones_read(r, &b);
		n->phone_state = b.phone_state;
		memcpy(n->phone, b.phone, sizeof n->phone);
	}
	return true;
}

bool
news_read(struct reading *r)
{
	static const struct hl7_path pid = { .segment = "PID" };
	struct message *m = r->msg;
	struct groups g;
	size_t sites = 0, from = 0, size;
	const struct conf_site *s;

	if (!groups_find(r, &g))
		return false;
	if (g.n == 0)
		return verdict_quarantine(r, "no patient", 100, &pid);
	while (next_site(r, m->environment, &from))
		sites++;
	size = g.n * sites * sizeof *m->news;
	if (size > m->arena.max - m->arena.used)
		return verdict_quarantine(r, "message needs more memory than one may have", 100, &pid);
	m->news = arena_take(&m->arena, size);
	if (!m->news) {
		r->no_memory = true;
		return false;
	}
	for (unsigned i = 0; i < g.n; i++) {
		groups_enter(r, &g, i);
		for (from = 0; (s = next_site(r, m->environment, &from)) != NULL;)
			if (!read_one(r, s, &m->news[m->news_n++]) || r->no_memory)
				return false;
	}
	m->kind = MESSAGE_NEWS;
	m->verdict = VERDICT_ACCEPT;
	return true;
}
