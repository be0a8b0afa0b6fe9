/* rig_rows.h - what the store has, asked by tests. */
#ifndef RIG_ROWS_H
#define RIG_ROWS_H

#include "rig.h"

static struct text
text_of(struct rig *r, int64_t id)
{
	struct text t = { 0 };
	struct fault f = { 0 };

	assert_int_equal(store_text_get(r->store, id, &t, &f), STORE_FOUND);
	return t;
}

static struct text
text_at(struct rig *r, int64_t appointment, int64_t ordinal)
{
	return text_of(r, appointment * STORE_TEXTS_OF_ONE + ordinal);
}

static bool
adds_up(void *ctx, const struct states_view *v)
{
	int *sites = ctx;

	if (!states_add_up(v))
		fail_msg("site %s: %lld planned, and its states say otherwise", v->title, (long long)v->planned);
	(*sites)++;
	return true;
}

/* Each text is in one state, at every site. How many there are. */
static int
sites_whose_books_are_right(struct rig *r)
{
	struct store_reader *reader = NULL;
	struct fault f = { 0 };
	int sites = 0;

	assert_true(store_reader_open(r->folder, &reader, &f));
	assert_true(store_read_states(reader, adds_up, &sites, &f));
	store_reader_close(reader);
	return sites;
}

#endif
