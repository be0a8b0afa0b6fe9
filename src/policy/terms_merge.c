/* terms_merge.c - what was approved and what the file says, together: the narrower of both, setting by setting. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "policy/terms.h"

struct merging {
	const struct site_terms *approved, *file;
	struct site_terms *out;
};

static bool
has(const struct text_list *l, const char *value)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->item[i], value) == 0)
			return true;
	return false;
}

static bool
copy(const struct text_list *from, struct text_list *to)
{
	text_list_free(to);
	for (size_t i = 0; i < from->n; i++)
		if (!text_list_add(to, from->item[i]))
			return false;
	return true;
}

/* Entries of a that b has too. */
static bool
both(const struct text_list *a, const struct text_list *b, struct text_list *to)
{
	for (size_t i = 0; i < a->n; i++)
		if (has(b, a->item[i]) && !text_list_add(to, a->item[i]))
			return false;
	return true;
}

static bool
either(const struct text_list *a, const struct text_list *b, struct text_list *to)
{
	if (!copy(a, to))
		return false;
	for (size_t i = 0; i < b->n; i++)
		if (!has(a, b->item[i]) && !text_list_add(to, b->item[i]))
			return false;
	return true;
}

/* Nothing in common is another list, not a narrower one; an empty list may mean everything. */
static bool
allowed(const struct text_list *a, const struct text_list *f, bool empty_is_any, struct text_list *to)
{
	if (empty_is_any && a->n == 0)
		return copy(f, to);
	if (empty_is_any && f->n == 0)
		return copy(a, to);
	if (!both(a, f, to))
		return false;
	return to->n > 0 || copy(a, to);
}

static bool
is_inside(const char *inner, const char *outer)
{
	struct conf_window i, o;

	return conf_window(inner, &i) && conf_window(outer, &o) && i.from_min >= o.from_min && i.to_min <= o.to_min;
}

static bool
same_time(const struct conf_reminder *a, const struct conf_reminder *b)
{
	return a->form == b->form && a->before_s == b->before_s && (a->form != BEFORE_DAYS_AT || a->at_min == b->at_min);
}

/* By its title, or under another title at the same time. */
static bool
is_kept(const char *reminder, const struct text_list *f)
{
	struct conf_reminder a, b;
	size_t a_n, b_n;

	if (!term_reminder(reminder, &a, &a_n))
		return false;
	for (size_t i = 0; i < f->n; i++)
		if (term_reminder(f->item[i], &b, &b_n) &&
		    ((a_n == b_n && memcmp(reminder, f->item[i], a_n) == 0) || same_time(&a, &b)))
			return true;
	return false;
}

static bool
reminders(const struct text_list *a, const struct text_list *f, struct text_list *to)
{
	for (size_t i = 0; i < a->n; i++)
		if (is_kept(a->item[i], f) && !text_list_add(to, a->item[i]))
			return false;
	return true;
}

static bool
narrows(const struct term_row *r, const char *a, const char *f)
{
	int64_t from = term_rank(r, a), to = term_rank(r, f);

	switch (r->rule) {
	case RULE_LOWER:
		return to < from;
	case RULE_HIGHER:
		return to > from;
	case RULE_ONE_OF_ANY:
		return a[0] == '\0';
	case RULE_EMPTY:
		return f[0] == '\0';
	case RULE_INSIDE:
		return is_inside(f, a);
	case RULE_UNKNOWN: /* a held text may still be sent by a person, a dropped one not */
		return strcmp(f, "drop") == 0 || strcmp(a, "resend") == 0;
	case RULE_WAITS:
	case RULE_ADD:
	case RULE_ALLOW:
	case RULE_ALLOW_ANY:
	case RULE_REMINDERS:
	case RULE_BESIDE:
		break;
	}
	return false;
}

static const char *
first(const struct text_list *l)
{
	return l->n > 0 ? l->item[0] : "";
}

static bool
merge_one(const struct term_row *r, const struct text_list *a, const struct text_list *f, struct text_list *to)
{
	/* Approved before this setting was there. */
	if (a->n == 0 && (r->kind == TERM_WINDOW || term_rank(r, first(f)) != INT64_MIN))
		return copy(f, to);
	switch (r->rule) {
	case RULE_ADD:
		return either(a, f, to);
	case RULE_ALLOW:
	case RULE_ALLOW_ANY:
		return allowed(a, f, r->rule == RULE_ALLOW_ANY, to);
	case RULE_REMINDERS:
		return reminders(a, f, to);
	case RULE_WAITS:
	case RULE_BESIDE:
		return copy(a, to);
	case RULE_LOWER:
	case RULE_HIGHER:
	case RULE_ONE_OF_ANY:
	case RULE_EMPTY:
	case RULE_INSIDE:
	case RULE_UNKNOWN:
		break;
	}
	return copy(narrows(r, first(a), first(f)) ? f : a, to);
}

/* ---- what belongs together ---- */

static struct text_list *
item(const struct site_terms *t, const char *name)
{
	const struct text_list *l = &t->item[terms_find(name)];

	return (struct text_list *)(uintptr_t)l;
}

static bool
keep(struct merging *m, const char *name)
{
	return copy(item(m->approved, name), item(m->out, name));
}

static int64_t
rank(const struct site_terms *t, const char *name)
{
	return term_rank(&term_rows[terms_find(name)], terms_value(t, name));
}

static bool
some_reminder_within(const struct site_terms *t, int64_t expiry_s)
{
	const struct text_list *l = item(t, "reminders");
	struct conf_reminder r;
	size_t n;

	for (size_t i = 0; i < l->n; i++)
		if (term_reminder(l->item[i], &r, &n) && r.before_s <= expiry_s)
			return true;
	return false;
}

/* Half of a change must not do what neither the approved nor the new settings would. */
static bool
mend(struct merging *m)
{
	const struct site_terms *a = m->approved, *f = m->file;

	/* A link that waits is not missed yet. */
	if (!terms_same_item(terms_find("link"), a, f) && !keep(m, "link_required"))
		return false;
	/* Whose age counts for nobody changes nothing. */
	if (rank(a, "minors") == 0 && !copy(item(f, "minor_age"), item(m->out, "minor_age")))
		return false;
	if (rank(m->out, "stale") <= rank(m->out, "settle") && !keep(m, "stale"))
		return false;
	if (some_reminder_within(m->out, rank(m->out, "expiry")) && !keep(m, "expiry"))
		return false;
	/* The same number in another block is the same number. */
	return !terms_same_item(terms_find("number"), f, m->out) ||
	    copy(item(f, "number_block"), item(m->out, "number_block"));
}

static bool
same(size_t term, const struct site_terms *a, const struct site_terms *b)
{
	enum term_rule rule = term_rows[term].rule;
	const struct text_list *x = &a->item[term], *y = &b->item[term];

	if (rule != RULE_ADD && rule != RULE_ALLOW && rule != RULE_ALLOW_ANY)
		return terms_same_item(term, a, b);
	for (size_t i = 0; i < x->n; i++) /* in any order */
		if (!has(y, x->item[i]))
			return false;
	return x->n == y->n;
}

bool
terms_in_force(const struct site_terms *approved, const struct site_terms *file, struct site_terms *out, enum term_fate fate[TERMS_MAX])
{
	struct merging m = { approved, file, out };
	bool ok = true;

	*out = (struct site_terms){ .item = { { NULL, 0 } } };
	for (size_t i = 0; ok && i < terms_n(); i++)
		ok = merge_one(&term_rows[i], &approved->item[i], &file->item[i], &out->item[i]);
	if (!ok || !mend(&m)) {
		terms_clear(out);
		return false;
	}
	for (size_t i = 0; i < terms_n(); i++) {
		bool as_file = same(i, out, file), as_approved = same(i, out, approved);

		fate[i] = same(i, approved, file) || term_rows[i].rule == RULE_BESIDE ? TERM_SAME :
		    as_file                                                                      ? TERM_AT_ONCE :
		    as_approved                                                                  ? TERM_WAITS :
		                                                                                   TERM_PARTLY;
	}
	return true;
}
