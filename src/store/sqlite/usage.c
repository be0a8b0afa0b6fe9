/* usage.c - what an organization has used of its month. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "store/sqlite/sql.h"

/* What was put last is written when another is put or the transaction ends: each
 * text that leaves counts, and most count for the same month. */
static bool
is_put(const struct store *s, const char *organization, int64_t month)
{
	return s->usage.put && s->usage.month == month && strcmp(s->usage.organization, organization) == 0;
}

bool
usage_write(struct store *s, struct fault *f)
{
	sqlite3_stmt *q;

	if (!s->usage.put)
		return true;
	s->usage.put = false;
	if (!(q = sql_use(s, S_USAGE_PUT, f)))
		return false;
	sql_lend_text(q, 1, s->usage.organization);
	(void)sqlite3_bind_int64(q, 2, s->usage.month);
	(void)sqlite3_bind_int64(q, 3, s->usage.is.texts);
	(void)sqlite3_bind_int64(q, 4, s->usage.is.segments);
	(void)sqlite3_bind_int64(q, 5, s->usage.is.alarmed);
	return sql_do(s, q, "usage", f);
}

void
usage_settle(struct store *s)
{
	s->usage.put = false;
}

bool
store_usage_get(struct store *s, const char *organization, int64_t month, struct store_usage *out, struct fault *f)
{
	sqlite3_stmt *q;
	enum store_found found;

	if (is_put(s, organization, month)) {
		*out = s->usage.is;
		return true;
	}
	if (!(q = sql_use(s, S_USAGE_GET, f)))
		return false;
	sql_bind_text(q, 1, organization);
	(void)sqlite3_bind_int64(q, 2, month);
	found = sql_row(s->db, q, "usage", f);
	if (found == STORE_FAILED)
		return false;
	*out = (struct store_usage){ 0 };
	if (found == STORE_FOUND)
		*out = (struct store_usage){ sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2) };
	(void)sqlite3_reset(q);
	return true;
}

bool
store_usage_put(struct store *s, const char *organization, int64_t month, const struct store_usage *u, struct fault *f)
{
	assert(s->begun && strlen(organization) < sizeof s->usage.organization);
	if (!is_put(s, organization, month) && !usage_write(s, f))
		return false;
	(void)span_copy(s->usage.organization, sizeof s->usage.organization, span_of(organization));
	s->usage.month = month;
	s->usage.is = *u;
	s->usage.put = true;
	return true;
}

bool
store_read_usage(struct store_reader *r, int64_t from_month, int64_t to_month, store_usage_fn *fn, void *ctx, struct fault *f)
{
	sqlite3 *db = reader_db(r);
	sqlite3_stmt *q = sql_prepare(db, S_VIEW_USAGE, f);
	enum store_found found = STORE_NONE;
	bool go = true;
	char organization[256];

	if (q) {
		(void)sqlite3_bind_int64(q, 1, from_month);
		(void)sqlite3_bind_int64(q, 2, to_month);
	}
	while (q && go && (found = sql_row(db, q, "usage", f)) == STORE_FOUND) {
		struct store_usage u = { sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3), 0 };

		sql_text(q, 0, organization, sizeof organization);
		go = fn(ctx, organization, sqlite3_column_int64(q, 1), &u);
	}
	(void)sqlite3_finalize(q);
	return q && found != STORE_FAILED;
}
