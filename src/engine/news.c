/* news.c - what is told of a patient beside the schedule: every visit of theirs that is still open takes it in. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/parts.h"

#define SITES_OF_ONE 32
#define ROWS_MAX 100000

/* ---- whom is it about ---- */

static bool
says_something(const struct patient_news *n)
{
	return n->priors_n > 0 || n->phone_state != FIELD_KEEP || n->death_said;
}

/* Ids whose visits are meant: of a merge those of before, else the patient's own. */
static size_t
ids_of(const struct patient_news *n, const struct span **ids)
{
	*ids = n->priors_n > 0 ? n->priors : &n->patient;
	return n->priors_n > 0 ? n->priors_n : 1;
}

static bool
same_ids(const struct patient_news *a, const struct patient_news *b)
{
	const struct span *x, *y;
	size_t n = ids_of(a, &x);

	if (n != ids_of(b, &y))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!span_eq(x[i], y[i]))
			return false;
	return true;
}

/* Sites at which these ids have visits. */
struct whereabouts {
	const struct patient_news *of; /* NULL: not looked yet */
	int64_t site[SITES_OF_ONE];
	size_t n;
	bool more;
};

static bool
note_site(void *ctx, const struct appointment *a)
{
	struct whereabouts *w = ctx;

	for (size_t i = 0; i < w->n; i++)
		if (w->site[i] == a->site)
			return true;
	if (a->erased)
		return true;
	if (w->n == SITES_OF_ONE)
		w->more = true;
	else
		w->site[w->n++] = a->site;
	return !w->more;
}

static bool
look_for(struct engine *e, const struct patient_news *n, struct whereabouts *w, struct fault *f)
{
	const struct span *ids;
	size_t ids_n = ids_of(n, &ids);

	if (w->of && same_ids(w->of, n))
		return true;
	*w = (struct whereabouts){ .of = n };
	for (size_t i = 0; i < ids_n; i++) {
		uint8_t mark[MARK_BYTES];
		int64_t after = 0;
		bool done;

		if (!store_mark(e->store, "patient", ids[i], mark, f) ||
		    !store_patient_after(e->store, mark, &after, ROWS_MAX, now_s(&e->now), note_site, w, &done, f))
			return false;
	}
	return true;
}

/* The message may have been read under the configuration before. */
static const struct conf_site *
site_now(const struct engine *e, const struct message *m, const struct patient_news *n)
{
	return m->rules == e->rules ? n->site : conf_find_site(e->rules->conf, n->site->title);
}

/* The store's site of *n when the patient has visits there; 0: nothing to do. */
static bool
place(struct engine *e, const struct message *m, const struct patient_news *n, struct whereabouts *w, int64_t *site, struct fault *f)
{
	const struct conf_site *s = site_now(e, m, n);

	*site = 0;
	if (!s || !says_something(n))
		return true;
	if (!look_for(e, n, w, f))
		return false;
	for (size_t i = 0; i < w->n; i++)
		if (w->site[i] == e->sites[s->index].id)
			*site = w->site[i];
	if (w->more)
		*site = e->sites[s->index].id;
	return true;
}

bool
news_finds(struct engine *e, const struct message *m, bool *any, struct fault *f)
{
	struct whereabouts w = { .of = NULL };
	int64_t site = 0;

	for (size_t i = 0; i < m->news_n && site == 0; i++)
		if (!place(e, m, &m->news[i], &w, &site, f))
			return false;
	*any = site != 0;
	return true;
}

/* ---- one visit ---- */

/* What is known of the patient was sent later. */
static bool
is_older(const struct engine *e, const struct appointment *a, const struct patient_news *n)
{
	if (n->has_sent_at)
		return a->person_at_s && n->sent_at_s < a->person_at_s;
	return e->replay_s && (e->replay_s < a->arrived_at_s || e->replay_s < a->news_at_s);
}

static bool
take_person(struct engine *e, struct appointment *a, const struct patient_news *n)
{
	const char *phone = n->phone_state == FIELD_SET ? n->phone : "";
	bool another = n->phone_state != FIELD_KEEP && strcmp(a->phone, phone) != 0;

	if (n->death_said && a->deceased != n->deceased) {
		a->deceased = n->deceased;
		a->news_death = true;
	}
	if (another) {
		if (a->phone[0])
			a->phone_at_s = now_s(&e->now);
		seal_wipe(a->phone, sizeof a->phone);
		(void)memccpy(a->phone, phone, '\0', sizeof a->phone);
		a->news_phone = true;
	}
	a->person_at_s = n->has_sent_at ? n->sent_at_s : 0;
	return another && a->phone[0];
}

struct twin {
	const struct appointment *a;
	const uint8_t *patient;
	bool there;
};

static bool
is_twin(void *ctx, const struct appointment *b)
{
	struct twin *t = ctx;

	t->there = b->id != t->a->id && b->has_patient && memcmp(b->patient, t->patient, MARK_BYTES) == 0;
	return !t->there;
}

/* In a group visit the same person may stand under both ids: one row is enough. */
static bool
take_merge(struct engine *e, struct appointment *a, const struct patient_news *n, struct fault *f)
{
	uint8_t mark[MARK_BYTES];
	struct twin t = { a, mark, false };

	if (!store_mark(e->store, "patient", n->patient, mark, f) ||
	    !store_appointments_of(e->store, a->sender, span_of(a->appointment_id), now_s(&e->now), is_twin, &t, f))
		return false;
	memcpy(a->prior, a->patient, MARK_BYTES);
	memcpy(a->patient, mark, MARK_BYTES);
	a->merged_at_s = n->has_sent_at ? n->sent_at_s : 0;
	a->news_merge = true;
	if (t.there)
		a->status = VISIT_DELETED;
	return true;
}

static bool
apply_one(struct engine *e, int64_t id, int64_t site, const struct patient_news *n, struct fault *f)
{
	struct appointment a;
	bool phone_changed = false, ok;

	switch (store_appointment_get(e->store, id, now_s(&e->now), &a, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	if (a.erased || a.site != site)
		return true;
	if (n->priors_n == 0 && is_older(e, &a, n)) {
		e->count.news_older++;
		return true;
	}
	e->count.news_visits++;
	a.news_at_s = now_s(&e->now);
	if (n->priors_n == 0)
		phone_changed = take_person(e, &a, n);
	else if (!take_merge(e, &a, n, f))
		return false;
	ok = apply_plan(e, &a, false, phone_changed, !phone_changed, f) && store_appointment_put(e->store, &a, f);
	seal_wipe(a.phone, sizeof a.phone);
	return ok;
}

/* ---- all of them, in portions ---- */

struct portion {
	int64_t site, id[NEWS_PORTION];
	size_t n;
};

static bool
collect(void *ctx, const struct appointment *a)
{
	struct portion *p = ctx;

	p->id[p->n++] = a->id;
	return true;
}

/* The visits of one id; *done false: this turn has done enough. */
static bool
apply_id(struct engine *e, struct span id, int64_t site, const struct patient_news *n, int64_t *after, bool whole, bool *done,
    struct fault *f)
{
	uint8_t mark[MARK_BYTES];

	*done = false;
	if (!store_mark(e->store, "patient", id, mark, f))
		return false;
	while (!*done && (whole || e->news_left > 0)) {
		struct portion p = { .n = 0 };
		size_t most = whole ? NEWS_PORTION : e->news_left; /* which begins as such a portion */

		if (!store_patient_after(e->store, mark, after, most, now_s(&e->now), collect, &p, done, f))
			return false;
		for (size_t i = 0; i < p.n; i++)
			if (!apply_one(e, p.id[i], site, n, f))
				return false;
		e->news_left -= p.n < e->news_left ? p.n : e->news_left;
	}
	return true;
}

bool
news_apply(struct engine *e, const struct message *m, struct news_cursor *at, bool whole, bool *done, struct fault *f)
{
	struct whereabouts w = { .of = NULL };

	for (*done = true; at->entry < m->news_n; at->entry++, at->id = 0, at->after = 0) {
		const struct patient_news *n = &m->news[at->entry];
		const struct span *ids;
		size_t ids_n = ids_of(n, &ids);
		int64_t site;

		if (!place(e, m, n, &w, &site, f))
			return false;
		for (; site && at->id < ids_n; at->id++, at->after = 0) {
			if (!apply_id(e, ids[at->id], site, n, &at->after, whole, done, f))
				return false;
			if (!*done)
				return true;
		}
	}
	*at = (struct news_cursor){ 0, 0, 0 };
	return true;
}
