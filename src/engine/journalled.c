/* journalled.c - what leaves is written beside the store too; what a restored store has forgotten is taken over. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

#define RESTORED_KEEP_S 86400               /* behind the visit's start */

/* An appointment and its patient, by what they are called outside: the row's number may be another one after a
 * restore, and so may the place in a group; only who has no name is known by that. */
bool
journalled_visit(struct engine *e, const struct appointment *a, const struct conf_site *s, uint8_t out[MARK_BYTES], struct fault *f)
{
	struct buf b;
	bool ok;

	buf_init(&b, 4096);
	ok = buf_addf(&b, "%s%c%s%c%lld%c", s ? s->environment->title : "", 0, a->appointment_id, 0, (long long)(a->has_patient ? 0 : a->patient_number), 0) &&
	    buf_add(&b, a->patient, sizeof a->patient);
	ok = ok ? store_mark(e->store, "journal", buf_span(&b), out, f) : fault_set(f, FAULT_BUSY, "out of memory");
	buf_clear(&b);
	return ok;
}

/* ---- while it runs ---- */

/* about: the text's visit; NULL: as it is stored. */
static bool
add_armed(struct engine *e, const struct text *t, const struct appointment *about, const char *repeat_id, struct fault *f)
{
	struct journal_entry x = { .kind = JOURNAL_ARMED, .at_s = now_s(&e->now), .text = t->id, .text_kind = t->kind,
		.start_s = t->start_s, .generation = t->generation, .segments = t->segments };
	struct appointment a;

	memcpy(x.repeat_id, repeat_id, sizeof x.repeat_id);
	memcpy(x.fingerprint, t->fingerprint, sizeof x.fingerprint);
	memcpy(x.rule, t->rule, sizeof x.rule);
	if (!about) {
		switch (store_appointment_get(e->store, t->appointment, now_s(&e->now), &a, f)) {
		case STORE_FAILED:
			return false;
		case STORE_NONE: /* a response: about no visit */
			break;
		case STORE_FOUND:
			about = &a;
			break;
		}
	}
	if (about && !journalled_visit(e, about, engine_site(e, about->site), x.visit, f))
		return false;
	journal_add(e->setup.journal, &x);
	return true;
}

bool
journalled_armed(struct engine *e, const struct text *t, const struct appointment *about, const struct merged *m, struct fault *f)
{
	struct text other;

	if (!e->setup.journal)
		return true;
	if (!add_armed(e, t, about, t->repeat_id, f))
		return false;
	for (size_t i = 0; i < m->n; i++)
		if (store_text_get(e->store, m->text[i], &other, f) != STORE_FOUND || !add_armed(e, &other, NULL, t->repeat_id, f))
			return false;
	return true;
}

void
journalled_ended(struct engine *e, const struct text *t, bool taken)
{
	struct journal_entry x = { .kind = JOURNAL_ENDED, .at_s = now_s(&e->now), .text = t->id, .taken = taken };

	/* It would begin one that is missing, and the next start miss nothing. */
	if (!e->setup.journal || e->journal_held || t->repeat_id[0] == '\0')
		return;
	memcpy(x.repeat_id, t->repeat_id, sizeof x.repeat_id);
	journal_add(e->setup.journal, &x);
}

static void
on_barred(void *ctx, const char *organization, const uint8_t phone[MARK_BYTES], const struct barred *b)
{
	static const enum journal_kind kind[2][2] = { { JOURNAL_OPTOUT, JOURNAL_OPTIN }, { JOURNAL_REFUSED, JOURNAL_RIGHT } };
	struct engine *e = ctx;
	struct journal_entry x = { .kind = kind[b->refused][b->ended], .at_s = b->ended ? now_s(&e->now) : b->at_s, .code = b->code };

	(void)snprintf(x.name, sizeof x.name, "%s", organization);
	memcpy(x.source, b->why, sizeof x.source);
	memcpy(x.phone, phone, sizeof x.phone);
	journal_add(e->setup.journal, &x);
}

static void
on_optout_key(void *ctx, const char *name, const uint8_t wrapped[STORE_WRAPPED])
{
	struct engine *e = ctx;
	struct journal_entry x = { .kind = JOURNAL_KEY, .at_s = now_s(&e->now) };

	(void)snprintf(x.name, sizeof x.name, "%s", name);
	memcpy(x.wrapped, wrapped, sizeof x.wrapped);
	journal_add(e->setup.journal, &x);
}

bool
journalled_keys(struct engine *e, struct fault *f)
{
	return !e->setup.journal || store_optout_keys(e->store, on_optout_key, e, f);
}

bool
journalled_number(struct engine *e, struct fault *f)
{
	int64_t last = e->setup.journal ? journal_last(e->setup.journal) : 0;

	if (!e->setup.journal || last == e->journal_numbered)
		return true;
	if (e->journal_held && e->setup.journal_state == JOURNAL_TOO_SHORT) /* by the number the next start sees that it holds */
		return true;
	if (!store_setting_put(e->store, "journal", last, f))
		return false;
	e->journal_numbering = last;
	return true;
}

/* The turn is committed: what was gathered goes to the disk before its jobs leave. */
bool
journalled_write(struct engine *e, struct fault *f)
{
	if (!e->setup.journal)
		return true;
	if (e->journal_numbering > e->journal_numbered)
		e->journal_numbered = e->journal_numbering;
	journal_commit(e->setup.journal);
	if (!journal_write(e->setup.journal, now_s(&e->now), f)) {
		if (!e->journal_busy)
			engine_alarm(e, "the send journal cannot be written: texts wait until there is space", "journal");
		e->journal_busy = true;
		return false;
	}
	if (e->journal_busy)
		engine_alarm(e, "the send journal is written again: texts go on", "journal");
	e->journal_busy = false;
	return true;
}

/* The jobs of this turn cannot leave: their rows are armed and stay so, and are
 * offered again, certainly not taken, when the journal has them. */
void
journalled_keep_back(struct engine *e)
{
	for (size_t i = 0; i < e->out.jobs_n; i++) {
		struct flight *x = flights_find(&e->flights, e->out.jobs[i].text);

		if (x && x->out) {
			e->flights.out_n--;
			x->out = false;
			x->wake_ms = e->now.boot_ms + 1000;
		}
		seal_wipe(e->out.jobs[i].to, sizeof e->out.jobs[i].to);
		buf_wipe(&e->out.jobs[i].body);
	}
	e->out.jobs_n = 0;
}

/* ---- at the start ---- */

struct sending {
	struct text *item;
	size_t n, cap;
	bool full;
};

static bool
collect_sending(void *ctx, const struct text *t)
{
	struct sending *s = ctx;
	struct text *more;

	if (s->n == s->cap) {
		more = realloc(s->item, (s->cap + 256) * sizeof *more);
		s->full = !more;
		if (!more)
			return false;
		s->item = more;
		s->cap += 256;
	}
	s->item[s->n++] = *t;
	return true;
}

bool
journalled_sending(struct engine *e, struct text **out, size_t *n, struct fault *f)
{
	struct sending s = { .n = 0 };

	if (!store_sending(e->store, collect_sending, &s, f) || s.full) {
		if (s.full)
			(void)fault_set(f, FAULT_BROKEN, "out of memory");
		free(s.item);
		return false;
	}
	*out = s.item;
	*n = s.n;
	return true;
}

struct rejoin {
	struct engine *e;
	const char *repeat_id;
	struct fault *f;
	bool ok;
};

static bool
rejoin_carried(void *ctx, const struct text *t)
{
	struct rejoin *x = ctx;

	x->ok = add_armed(x->e, t, NULL, x->repeat_id, x->f);
	return x->ok;
}

/* What was committed just before an end, the journal may not have: rows that are
 * armed, and when it is behind, who is not texted. */
static bool
rejoin(struct engine *e, bool phones, struct fault *f)
{
	struct rejoin x = { .e = e, .f = f, .ok = true };
	struct text *all = NULL;
	size_t n = 0;
	bool ok = journalled_sending(e, &all, &n, f);

	for (size_t i = 0; ok && i < n; i++) {
		x.repeat_id = all[i].repeat_id;
		ok = add_armed(e, &all[i], NULL, x.repeat_id, f) && store_carried(e->store, all[i].id, rejoin_carried, &x, f) && x.ok;
	}
	free(all);
	if (ok && phones)
		ok = journalled_keys(e, f) && store_barred(e->store, on_barred, e, f);
	return ok && journalled_number(e, f);
}

/* Where the store got to, against where the journal ends; in the transaction of the start. */
bool
journalled_open(struct engine *e, struct fault *f)
{
	bool ok = true;

	if (!store_restored_any(e->store, &e->restored, f))
		return false;
	if (!e->setup.journal)
		return true;
	if (!store_setting_get(e->store, "journal", &e->journal_numbered, f))
		return false;
	switch (e->setup.journal_state) {
	case JOURNAL_LEVEL:
	case JOURNAL_BEHIND:
		ok = rejoin(e, e->setup.journal_state == JOURNAL_BEHIND, f);
		break;
	case JOURNAL_AHEAD:
		ok = takeover(e, f) && journalled_number(e, f) && store_restored_any(e->store, &e->restored, f);
		e->journal_numbered = journal_last(e->setup.journal);
		break;
	case JOURNAL_MISSING:
	case JOURNAL_TOO_SHORT:
		ok = takeover_phones(e, f); /* however little is known of sends */
		e->journal_held = true;
		engine_alarm(e, e->setup.journal_state == JOURNAL_MISSING ?
		    "there is no send journal though this store had one: what was sent since is not known, and sends are held. "
		    "Put the journal back and start again, or run nudgectl release journal" :
		    "the send journal does not reach back to where this store ends: what was sent between is not known, and sends are "
		    "held until nudgectl release journal", "journal");
		break;
	}
	if (ok)
		store_on_barred(e->store, on_barred, e);
	return ok;
}

bool
journalled_release(struct engine *e, struct fault *f)
{
	if (!e->journal_held)
		return true;
	e->journal_held = false; /* or undo() */
	return store_begin(e->store, f) && journal_begin(e->setup.journal, now_s(&e->now), f) && rejoin(e, true, f);
}

/* An appointment that came again after a restore: was this text sent before? */
bool
journalled_told(struct engine *e, struct look *l, bool *told, struct fault *f)
{
	struct restored r = { .kind = l->t.kind, .start_s = l->t.start_s };

	*told = false;
	if (!e->restored)
		return true;
	if (!journalled_visit(e, &l->a, l->site, r.visit, f))
		return false;
	memcpy(r.rule, l->t.rule, sizeof r.rule);
	plan_fingerprint(l->site, &l->a.wall, l->a.modality, span_of(l->a.link), r.fingerprint);
	switch (store_restored_take(e->store, &r, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	*told = true;
	memcpy(l->t.fingerprint, r.fingerprint, sizeof l->t.fingerprint);
	takeover_sent(&l->t, r.repeat_id, r.at_s, r.segments);
	return store_text_put(e->store, &l->t, f) && limit_use(e, &l->t, 1, f) && apply_final(e, l->t.appointment, f) &&
	    (l->t.kind == TEXT_REMINDER || pair_had_its_turn(e, &l->a, f));
}

/* What has no visit to come any more need not be known. */
bool
journalled_forget(struct engine *e, struct fault *f)
{
	return !e->restored || (store_restored_forget(e->store, now_s(&e->now) - RESTORED_KEEP_S, f) &&
	    store_restored_any(e->store, &e->restored, f));
}
