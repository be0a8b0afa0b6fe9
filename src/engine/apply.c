/* apply.c - a booking becomes rows: which appointment, what is known of it now, what is planned. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"

/* ---- the booking ---- */

struct match {
	const struct booking *b;
	uint8_t patient[MARK_BYTES];
	bool has_patient, found;
	int64_t rows, highest;
	/* Rows that are erased, and tell nobody's name: the last message to any of them was sent then, and to any that may be of
	 * this patient. 0: none. */
	int64_t gone_s, gone_mine_s;
	struct appointment best;
};

/* The patient's mark is the row's; or was before two records were merged, and the
 * message is from then. */
static bool
is_of(const struct appointment *a, const struct booking *b, const uint8_t patient[MARK_BYTES])
{
	if (a->has_patient && memcmp(a->patient, patient, MARK_BYTES) == 0)
		return true;
	return a->merged_at_s && b->has_sent_at && b->sent_at_s <= a->merged_at_s && memcmp(a->prior, patient, MARK_BYTES) == 0;
}

/* Of the rows with this id: the one of this patient, else, for a message about
 * one patient, the only row there is. Whoever of a group is not named is known by
 * their place in it. */
static bool
match_row(void *ctx, const struct appointment *a)
{
	struct match *m = ctx;
	bool same = m->has_patient ? is_of(a, m->b, m->patient) :
	    !a->has_patient && !a->erased && m->b->patient_number > 0 && a->patient_number == m->b->patient_number;

	m->rows++;
	if (a->erased && a->has_sent_at && a->sent_at_s > m->gone_s)
		m->gone_s = a->sent_at_s;
	if (a->erased && a->has_sent_at && a->sent_at_s > m->gone_mine_s && (!m->has_patient || a->who == 0 || a->who == 1 + m->patient[0]))
		m->gone_mine_s = a->sent_at_s;
	if (a->patient_number > m->highest)
		m->highest = a->patient_number;
	if (same) {
		m->best = *a;
		m->found = true;
		return false;
	}
	if (m->rows == 1)
		m->best = *a;
	return true;
}

static bool
find_row(struct engine *e, int64_t sender, struct match *m, struct fault *f)
{
	const struct booking *b = m->b;
	int64_t now = now_s(&e->now), id;

	if (b->patient.n > 0) {
		if (!store_mark(e->store, "patient", b->patient, m->patient, f))
			return false;
		m->has_patient = true;
	}
	if (!store_appointments_of(e->store, sender, b->appointment_id, now, match_row, m, f))
		return false;
	if (!m->found && m->rows == 1 && b->patient_number == 0)
		m->found = true;
	/* A better id is missing: an alias may name it, when the patient agrees. */
	if (m->found || b->has_filler_id || m->rows > 0)
		return true;
	switch (store_alias_find(e->store, sender, b->appointment_id, &id, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	switch (store_appointment_get(e->store, id, now, &m->best, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	m->found = m->has_patient && m->best.has_patient && memcmp(m->best.patient, m->patient, MARK_BYTES) == 0;
	return true;
}

/* A message older than what was applied last changes nothing. */
static bool
is_older(const struct engine *e, const struct appointment *a, const struct booking *b)
{
	if (a->has_sent_at && b->has_sent_at && b->sent_at_s != a->sent_at_s)
		return b->sent_at_s < a->sent_at_s;
	/* Read again: while it still holds the row, nothing good came since. */
	return e->replay_s && a->quarantine != e->replay_id && e->replay_s <= a->arrived_at_s;
}

static void
take_patient(struct appointment *a, const struct match *m)
{
	if (!m->has_patient)
		return;
	if (is_of(a, m->b, m->patient))
		return;
	if (a->has_patient) {
		/* Nothing is inherited from another person. */
		a->phone[0] = a->link[0] = a->language[0] = a->zones[0] = '\0';
		a->deceased = a->minor = false;
		a->consent = CONSENT_NOT_SAID;
		a->person_at_s = a->merged_at_s = 0;
		a->news_death = a->news_phone = a->news_merge = false;
		a->generation++;
		a->patient_flag = true;
	}
	memcpy(a->patient, m->patient, MARK_BYTES);
	a->has_patient = true;
}

/* All words that patterns are tried on; a separator at the end says that there
 * were more than there is room for. */
static void
take_words(char out[STORE_SAID_MAX], struct span words)
{
	if (words.n == 0)
		return; /* a cancellation often names neither department nor visit type */
	if (words.n >= STORE_SAID_MAX) {
		words.n = STORE_SAID_MAX - 1;
		while (words.n > 0 && words.p[words.n - 1] != SAID_SEPARATOR)
			words.n--;
	}
	span_copy(out, STORE_SAID_MAX, words);
}

static bool
take_visit(struct engine *e, struct appointment *a, const struct booking *b, struct fault *f)
{
	take_words(a->departments, b->departments);
	take_words(a->visit_types, b->visit_types);
	if (b->birth_said) {
		a->minor = b->minor;
		a->adult_day = b->adult_day;
	}
	if (b->visit_type.n == 0)
		return true;
	a->has_visit = true;
	return store_mark(e->store, "visit", b->visit_type, a->visit, f);
}

/* Death and number; unless a message that was sent later told of them, as ADT may. */
static void
take_person(struct engine *e, struct appointment *a, const struct booking *b)
{
	int64_t sent_s = b->has_sent_at ? b->sent_at_s : 0;

	if (a->person_at_s && sent_s && sent_s < a->person_at_s)
		return;
	if (b->death_said)
		a->deceased = b->deceased;
	if (b->phone_state != FIELD_KEEP) {
		if (a->phone[0] && (b->phone_state == FIELD_CLEAR || strcmp(a->phone, b->phone) != 0))
			a->phone_at_s = now_s(&e->now);
		memcpy(a->phone, b->phone, sizeof a->phone);
	}
	if (b->death_said || b->phone_state != FIELD_KEEP)
		a->person_at_s = sent_s;
}

static void
take_fields(struct engine *e, struct appointment *a, const struct booking *b)
{
	take_person(e, a, b);
	if (b->link_state == FIELD_SET && b->link.n < sizeof a->link)
		span_copy(a->link, sizeof a->link, b->link);
	else if (b->link_state != FIELD_KEEP)
		a->link[0] = '\0';
	if (b->zones_said)
		span_copy(a->zones, sizeof a->zones, b->zones);
	if (b->language.n > 0)
		span_copy(a->language, sizeof a->language, b->language);
	if (b->consent != CONSENT_NOT_SAID)
		a->consent = b->consent;
	if (b->modality_said)
		a->modality = b->modality;
	a->status = b->status;
	/* A cancellation often names neither department nor visit type. */
	if (!b->site_not_said)
		a->left_site = !b->site;
	if (b->site) {
		a->site = e->sites[b->site->index].id;
		a->confidential = b->confidential;
	}
	if (b->has_start) {
		a->has_start = true;
		a->start_s = b->start_s;
		a->wall = b->wall;
		if (b->site)
			(void)span_copy(a->zone, sizeof a->zone, span_of(b->site->time_zone));
	}
	if (b->duration_s > 0)
		a->duration_s = b->duration_s;
	if (b->has_sent_at) {
		a->has_sent_at = true;
		a->sent_at_s = b->sent_at_s;
	}
	a->arrived_at_s = e->replay_s ? e->replay_s : now_s(&e->now);
	if (!e->replay_id || a->quarantine <= e->replay_id)
		a->quarantine = 0; /* a newer good message settles the doubt */
}

static void
start_row(struct engine *e, int64_t sender, const struct match *m, struct appointment *a)
{
	*a = (struct appointment){ .id = store_next_appointment_id(e->store), .sender = sender,
		.has_filler_id = m->b->has_filler_id };
	a->patient_number = m->b->patient_number == 0 && m->rows == 0 ? 0 : m->highest + 1;
	span_copy(a->appointment_id, sizeof a->appointment_id, m->b->appointment_id);
}

static bool
put_aliases(struct engine *e, const struct appointment *a, const struct booking *b, struct fault *f)
{
	for (size_t i = 0; i < b->aliases_n; i++)
		if (!span_is(b->aliases[i], a->appointment_id) &&
		    !store_alias_put(e->store, a->sender, b->aliases[i], a->id, f))
			return false;
	return true;
}

/* The appointment had another id before: that row ends here. */
static bool
retire_old_id(struct engine *e, int64_t sender, const struct booking *b, struct match *now_row, struct fault *f)
{
	struct booking old = *b;
	struct match m = { .b = &old };

	if (b->old_id.n == 0 || span_eq(b->old_id, b->appointment_id) || now_row->found)
		return true;
	old.appointment_id = b->old_id;
	old.has_filler_id = true;
	if (!find_row(e, sender, &m, f))
		return false;
	if (!m.found || !m.has_patient || !m.best.has_patient || memcmp(m.best.patient, m.patient, MARK_BYTES) != 0)
		return true;
	/* The same visit under a new name: the row keeps its texts, so that the
	 * patient is told "changed" and not "booked" again. */
	now_row->found = true;
	now_row->best = m.best;
	if (now_row->rows > 0)
		now_row->best.patient_number = now_row->highest + 1;
	span_copy(now_row->best.appointment_id, sizeof now_row->best.appointment_id, b->appointment_id);
	return true;
}

/* Of a visit that was called off, and erased: an older message is not about a new one. In a group it may be about another. */
static bool
is_of_before(const struct match *m)
{
	bool group = m->rows > 1 || m->b->patient_number > 0;

	return m->b->has_sent_at && m->b->sent_at_s < (group ? m->gone_mine_s : m->gone_s);
}

/* false in *known: neither known nor of any site here. */
static bool
apply_booking(struct engine *e, const struct booking *b, int64_t sender, bool *known, struct fault *f)
{
	struct match m = { .b = b };
	struct appointment a;
	char old_phone[PHONE_MAX];
	int64_t now = now_s(&e->now), retain = b->site ? b->site->retain_s : 0;
	bool is_new, over = b->has_start && b->start_s + retain <= now;

	if (!find_row(e, sender, &m, f) || !retire_old_id(e, sender, b, &m, f))
		return false;
	*known = m.found || b->site;
	is_new = !m.found;
	if (is_new && (!b->site || over))
		return true; /* nothing of it is kept */
	if (is_new ? is_of_before(&m) : is_older(e, &m.best, b))
		return true;
	if (is_new)
		start_row(e, sender, &m, &a);
	else
		a = m.best;
	memcpy(old_phone, a.phone, sizeof old_phone);
	take_patient(&a, &m);
	take_fields(e, &a, b);
	if (!take_visit(e, &a, b, f))
		return false;
	bool phone_changed = a.phone[0] && strcmp(a.phone, old_phone) != 0;

	a.erased = false;
	if (!apply_plan(e, &a, is_new, phone_changed && !is_new, false, f))
		return false;
	if (!pair_look(e, &a, is_new ? NULL : &m.best, f))
		return false;
	seal_wipe(old_phone, sizeof old_phone);
	return store_appointment_put(e->store, &a, f) && (a.erased || put_aliases(e, &a, b, f));
}

/* ---- all bookings of a message ---- */

bool
apply_bookings(struct engine *e, const struct message *m, int64_t sender, struct fault *f)
{
	bool any = false;

	for (size_t i = 0; i < m->bookings_n; i++) {
		bool known = false;

		struct booking b = m->bookings[i];

		/* The message may have been read under the configuration before. */
		if (b.site && m->rules != e->rules)
			b.site = conf_find_site(e->rules->conf, b.site->title);
		if (!apply_booking(e, &b, sender, &known, f))
			return false;
		any = any || known;
	}
	if (any)
		e->count.messages_accepted++;
	else
		e->count.messages_ignored++;
	return true;
}
