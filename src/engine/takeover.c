/* takeover.c - a store was put back from a backup: what the journal knows and it does not, is taken over. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

struct ended {
	char repeat_id[37];
	bool taken;
};

struct takeover {
	struct engine *e;
	bool key_unknown;    /* one that the journal has opens under none that was given */
	struct ended *ended; /* owned; sorted by repeat_id */
	size_t ended_n;
	int64_t marked, kept, last_appointment, last_response;
};

static int
by_repeat_id(const void *a, const void *b)
{
	return strcmp(((const struct ended *)a)->repeat_id, ((const struct ended *)b)->repeat_id);
}

static bool
collect_ended(void *ctx, const struct journal_entry *x, struct fault *f)
{
	struct takeover *t = ctx;
	struct ended *more;

	if (x->kind != JOURNAL_ENDED)
		return true;
	if ((t->ended_n & (t->ended_n - 1)) == 0) {
		more = realloc(t->ended, (t->ended_n ? 2 * t->ended_n : 1) * sizeof *more);
		if (!more)
			return fault_set(f, FAULT_BROKEN, "out of memory");
		t->ended = more;
	}
	t->ended[t->ended_n].taken = x->taken;
	memcpy(t->ended[t->ended_n++].repeat_id, x->repeat_id, sizeof x->repeat_id);
	return true;
}

/* An id that has two came back, and was taken all the same. */
static void
sort_ended(struct takeover *t)
{
	size_t n = 0;

	if (t->ended_n > 0)
		qsort(t->ended, t->ended_n, sizeof *t->ended, by_repeat_id);
	for (size_t i = 0; i < t->ended_n; i++) {
		if (n > 0 && by_repeat_id(&t->ended[n - 1], &t->ended[i]) == 0)
			t->ended[n - 1].taken = true;
		else
			t->ended[n++] = t->ended[i];
	}
	t->ended_n = n;
}

static const struct ended *
find_ended(const struct takeover *t, const char *repeat_id)
{
	struct ended key;

	span_copy(key.repeat_id, sizeof key.repeat_id, span_of(repeat_id));
	return t->ended_n ? bsearch(&key, t->ended, t->ended_n, sizeof key, by_repeat_id) : NULL;
}

void
takeover_sent(struct text *t, const char *repeat_id, int64_t at_s, int64_t segments)
{
	t->state = text_step(t->state, TEXT_EV_ACCEPTED);
	t->reason = REASON_JOURNAL;
	t->carrier = 0;
	t->first_sent_s = t->sent_s = at_s;
	t->attempts = t->attempts > 0 ? t->attempts : 1;
	t->segments = segments;
	span_copy(t->repeat_id, sizeof t->repeat_id, span_of(repeat_id));
}

/* What was out, or of unknown outcome, when the backup was made went again since, under another id: it waits as it did before that. */
static bool
step_back(struct takeover *o, struct text *t, struct fault *f)
{
	if (find_ended(o, t->repeat_id)) /* not taken: what is taken never goes again */
		return outcome_close(o->e, t, false, REASON_RETRY, f);
	t->state = text_step(text_step(t->state, TEXT_EV_SILENCE), TEXT_EV_RESEND);
	return merge_settle(o->e, t, f);
}

/* A row that is here: it was sent after the backup was made. */
static bool
mark_row(struct takeover *o, struct text *t, const struct journal_entry *x, struct fault *f)
{
	struct engine *e = o->e;
	bool was_out = t->state == TEXT_SENDING || t->state == TEXT_UNKNOWN;

	if (text_is_final(t->state) && !was_out)
		return true;
	if (was_out && strcmp(t->repeat_id, x->repeat_id) == 0) /* named again by a start: close_sending() knows what came of it */
		return true;
	if (was_out && !step_back(o, t, f))
		return false;
	t->start_s = x->start_s;
	t->generation = x->generation;
	memcpy(t->fingerprint, x->fingerprint, sizeof t->fingerprint);
	takeover_sent(t, x->repeat_id, x->at_s, x->segments);
	o->marked++;
	return store_text_put(e->store, t, f) && store_body_drop(e->store, t->id, f) &&
	    (t->segments == 0 || limit_use(e, t, 1, f)) && apply_final(e, t->appointment, f);
}

struct texts {
	struct text item[STORE_TEXTS_OF_ONE];
	size_t n;
};

static bool
collect_text(void *ctx, const struct text *t)
{
	struct texts *x = ctx;

	x->item[x->n++] = *t;
	return x->n < STORE_TEXTS_OF_ONE;
}

/* The patient was told of a state that this store does not know: reminders of
 * the one before would be wrong. What the feed says next plans them anew. */
static bool
silence_old(struct takeover *o, const struct journal_entry *x, struct fault *f)
{
	struct texts *all = calloc(1, sizeof *all);
	bool ok = all && store_texts_of(o->e->store, x->text / STORE_TEXTS_OF_ONE, collect_text, all, f);

	if (!all)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	for (size_t i = 0; ok && i < all->n; i++) {
		struct text *t = &all->item[i];

		if ((t->state != TEXT_PENDING && t->state != TEXT_HELD) || t->id >= x->text ||
		    (x->text_kind == TEXT_CHANGED && t->start_s == x->start_s))
			continue;
		t->state = text_step(t->state, TEXT_EV_GATE);
		t->reason = REASON_JOURNAL;
		ok = store_text_put(o->e->store, t, f);
	}
	free(all);
	return ok;
}

/* Its appointment is here, and has not planned it yet. */
static bool
add_row(struct takeover *o, const struct appointment *a, const struct journal_entry *x, struct fault *f)
{
	struct text t = { .id = x->text, .appointment = a->id, .site = a->site, .kind = x->text_kind, .state = TEXT_PENDING,
		.planned_s = x->at_s, .due_s = x->at_s, .expires_s = x->start_s, .within = true };

	memcpy(t.rule, x->rule, sizeof t.rule);
	return mark_row(o, &t, x, f) && ((x->text_kind != TEXT_CHANGED && x->text_kind != TEXT_CANCELED) || silence_old(o, x, f));
}

static bool
take_armed(struct takeover *o, const struct journal_entry *x, struct fault *f)
{
	struct engine *e = o->e;
	int64_t id = x->text / STORE_TEXTS_OF_ONE;
	struct restored r = { .seq = x->seq, .kind = x->text_kind, .start_s = x->start_s, .at_s = x->at_s, .segments = x->segments };
	const struct ended *end = find_ended(o, x->repeat_id);
	uint8_t mark[MARK_BYTES];
	struct appointment a;
	enum store_found found;
	struct text t;

	if (store_is_response(id))
		o->last_response = id > o->last_response ? id : o->last_response;
	else if (id > o->last_appointment)
		o->last_appointment = id;
	if (end && !end->taken)
		return true; /* it came back, and may have gone out under another id: that has its own entry */
	if (store_is_response(id)) {
		found = store_text_get(e->store, x->text, &t, f);
		return found == STORE_FOUND ? mark_row(o, &t, x, f) : found == STORE_NONE;
	}
	found = store_appointment_get(e->store, id, now_s(&e->now), &a, f);
	if (found == STORE_FAILED || (found == STORE_FOUND && !journalled_visit(e, &a, engine_site(e, a.site), mark, f)))
		return false;
	if (found == STORE_FOUND && memcmp(mark, x->visit, sizeof mark) == 0) {
		found = store_text_get(e->store, x->text, &t, f);
		if (found == STORE_NONE)
			return add_row(o, &a, x, f);
		if (found == STORE_FOUND && t.kind == x->text_kind && strcmp(t.rule, x->rule) == 0)
			return mark_row(o, &t, x, f);
		if (found == STORE_FAILED)
			return false;
	}
	memcpy(r.visit, x->visit, sizeof r.visit);
	memcpy(r.rule, x->rule, sizeof r.rule);
	memcpy(r.fingerprint, x->fingerprint, sizeof r.fingerprint);
	memcpy(r.repeat_id, x->repeat_id, sizeof r.repeat_id);
	o->kept++;
	return store_restored_put(e->store, &r, f);
}

/* Who opted out, and whose number was called wrong; or neither any more. */
static bool
take_phone(void *ctx, const struct journal_entry *x, struct fault *f)
{
	struct takeover *o = ctx;
	struct barred b = { .refused = x->kind == JOURNAL_REFUSED || x->kind == JOURNAL_RIGHT,
		.ended = x->kind == JOURNAL_OPTIN || x->kind == JOURNAL_RIGHT, .code = x->code, .at_s = x->at_s };
	const struct conf_organization *whose = x->kind == JOURNAL_REFUSED ? engine_organization(o->e, x->name) : NULL;

	if ((!b.refused && !b.ended && x->kind != JOURNAL_OPTOUT) || (whose && !refused_lasts(o->e, whose, x->at_s)))
		return true;
	memcpy(b.why, x->source, sizeof b.why);
	return store_barred_restore(o->e->store, x->name, x->phone, &b, f);
}

static bool
take_entry(void *ctx, const struct journal_entry *x, struct fault *f)
{
	return x->kind == JOURNAL_ARMED ? take_armed(ctx, x, f) : take_phone(ctx, x, f);
}

/* Written again by each rotation, under the store key of then: one that opens is enough. */
static bool
take_key(void *ctx, const struct journal_entry *x, struct fault *f)
{
	struct takeover *o = ctx;
	bool known;

	return x->kind != JOURNAL_KEY || store_optout_key_restore(o->e->store, x->name, x->wrapped, &known, f);
}

static bool
miss_key(void *ctx, const struct journal_entry *x, struct fault *f)
{
	struct takeover *o = ctx;
	bool known = true;

	if (x->kind == JOURNAL_KEY && !store_optout_key_restore(o->e->store, x->name, x->wrapped, &known, f))
		return false;
	o->key_unknown = o->key_unknown || !known;
	return true;
}

/* Who opted out since a rotation is nobody without the key that marked them. */
static bool
take_keys(struct takeover *o, struct fault *f)
{
	struct engine *e = o->e;

	if (!journal_read(e->setup.journal, e->journal_numbered, take_key, o, f) ||
	    !journal_read(e->setup.journal, e->journal_numbered, miss_key, o, f))
		return false;
	return !o->key_unknown || fault_set(f, FAULT_OPERATOR, "the store is from before a rotation of its key, and the send journal has "
	    "opt-outs from behind it: name the newest key as store_key, and the one of this store in old_store_keys");
}

/* What was under way when the backup was made has long been answered: only the
 * journal may know how. */
static bool
close_sending(struct takeover *o, struct fault *f)
{
	struct engine *e = o->e;
	struct text *all = NULL;
	size_t n = 0;
	bool ok = journalled_sending(e, &all, &n, f);

	for (size_t i = 0; ok && i < n; i++) {
		struct text *t = &all[i];
		const struct ended *end = find_ended(o, t->repeat_id);

		if (end && !end->taken) { /* certainly not: its turn comes again */
			ok = outcome_close(e, t, false, REASON_RETRY, f);
			continue;
		}
		t->state = text_step(t->state, end ? TEXT_EV_ACCEPTED : TEXT_EV_SILENCE);
		t->sent_s = end ? t->first_sent_s : 0;
		t->reason = REASON_JOURNAL;
		t->unsure = !end;
		ok = store_text_put(e->store, t, f) && store_body_drop(e->store, t->id, f) && merge_settle(e, t, f) &&
		    apply_final(e, t->appointment, f);
	}
	free(all);
	return ok;
}

bool
takeover_phones(struct engine *e, struct fault *f)
{
	struct takeover o = { .e = e };

	return take_keys(&o, f) && journal_read(e->setup.journal, e->journal_numbered, take_phone, &o, f);
}

bool
takeover(struct engine *e, struct fault *f)
{
	struct takeover o = { .e = e };
	bool ok = take_keys(&o, f) && journal_read(e->setup.journal, e->journal_numbered, collect_ended, &o, f);

	if (ok)
		sort_ended(&o);
	ok = ok && journal_read(e->setup.journal, e->journal_numbered, take_entry, &o, f) && close_sending(&o, f) &&
	    store_ids_after(e->store, o.last_appointment, o.last_response, f);
	free(o.ended);
	if (ok)
		engine_alarm(e, "the store is an older one than the send journal: what was sent since is marked as sent, and opt-outs and wrong numbers since are kept",
		    "journal");
	return ok;
}

