/* states.c - the books against the rows: what the tally says, counted again. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "store/sqlite/sql.h"

bool
states_add_up(const struct states_view *v)
{
	int64_t sum = 0;

	for (int t = TEXT_PENDING; t < TEXT_STATES; t++) {
		if (v->rows[t] != v->tally[t])
			return false;
		sum += v->rows[t];
	}
	return sum == v->planned;
}

struct counts {
	struct states_view *item; /* owned */
	size_t n;
};

static struct states_view *
of_site(struct counts *c, int64_t site)
{
	struct states_view *grown;

	for (size_t i = 0; i < c->n; i++)
		if (c->item[i].site == site)
			return &c->item[i];
	grown = realloc(c->item, (c->n + 1) * sizeof *grown);
	if (!grown)
		return NULL;
	c->item = grown;
	c->item[c->n] = (struct states_view){ .site = site, .title = "" };
	return &c->item[c->n++];
}

/* Rows of (site, state, how many) into one of the columns. */
static bool
take(sqlite3 *db, enum statement which, bool books, struct counts *c, struct fault *f)
{
	sqlite3_stmt *q = sql_prepare(db, which, f);
	enum store_found found = STORE_NONE;
	bool ok = q != NULL;

	while (ok && (found = sql_row(db, q, "states", f)) == STORE_FOUND) {
		struct states_view *v = of_site(c, sqlite3_column_int64(q, 0));
		int64_t state = sqlite3_column_int64(q, 1), n = sqlite3_column_int64(q, 2);

		ok = v || fault_set(f, FAULT_BUSY, "out of memory");
		if (!v)
			break;
		if (state == 0 && books)
			v->planned = n;
		else if (state > 0 && state < TEXT_STATES)
			(books ? v->tally : v->rows)[state] = n;
	}
	(void)sqlite3_finalize(q);
	return ok && found != STORE_FAILED;
}

static bool
tell(sqlite3 *db, const struct counts *c, store_states_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_prepare(db, S_VIEW_SITES, f);
	enum store_found found = STORE_NONE;
	bool go = true;
	char title[256];

	for (size_t i = 0; q && go && i < c->n; i++) {
		struct states_view v = c->item[i];

		(void)sqlite3_reset(q);
		(void)sqlite3_bind_int64(q, 1, v.site);
		found = sql_row(db, q, "states", f);
		if (found == STORE_FAILED)
			break;
		title[0] = '\0';
		if (found == STORE_FOUND)
			sql_text(q, 0, title, sizeof title);
		v.title = title;
		go = fn(ctx, &v);
	}
	(void)sqlite3_finalize(q);
	return q && found != STORE_FAILED;
}

bool
store_read_tally(struct store_reader *r, store_states_fn *fn, void *ctx, struct fault *f)
{
	struct counts c = { 0 };
	bool ok = take(reader_db(r), S_TALLY_LIST, true, &c, f) && tell(reader_db(r), &c, fn, ctx, f);

	free(c.item);
	return ok;
}

bool
store_read_states(struct store_reader *r, store_states_fn *fn, void *ctx, struct fault *f)
{
	sqlite3 *db = reader_db(r);
	struct counts c = { 0 };
	int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
	bool ok = rc == SQLITE_OK ? take(db, S_TALLY_LIST, true, &c, f) && take(db, S_VIEW_STATES, false, &c, f)
	                          : sql_failed(db, rc, "states", f);

	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	ok = ok && tell(db, &c, fn, ctx, f);
	free(c.item);
	return ok;
}
