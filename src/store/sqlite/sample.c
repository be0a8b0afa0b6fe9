/* sample.c - the last messages of a site that is being learned: sealed, few, gone by themselves. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sql.h"

bool
store_sample_put(struct store *s, int64_t site, int64_t received_s, int64_t erase_at_s, size_t keep, struct span raw, struct fault *f)
{
	int64_t day = erase_at_s / 86400, id;
	sqlite3_stmt *q = sql_use(s, S_SAMPLE_LAST, f);

	if (!q || sql_row(s->db, q, "sample", f) != STORE_FOUND)
		return false;
	id = sqlite3_column_int64(q, 0) + 1;
	(void)sqlite3_reset(q);
	if (!keys_seal(s, day, (struct seal_where){ "sample", "raw", id }, raw, f) || !(q = sql_use(s, S_SAMPLE_PUT, f)))
		return false;
	(void)sqlite3_bind_int64(q, 1, id);
	(void)sqlite3_bind_int64(q, 2, site);
	(void)sqlite3_bind_int64(q, 3, day);
	sql_bind_blob(q, 4, s->scratch.p, s->scratch.n);
	(void)sqlite3_bind_int64(q, 5, received_s);
	(void)sqlite3_bind_int64(q, 6, s->clock.boot);
	(void)sqlite3_bind_int64(q, 7, s->clock.offset_s);
	if (!sql_do(s, q, "sample", f) || !(q = sql_use(s, S_SAMPLE_TRIM, f)))
		return false;
	(void)sqlite3_bind_int64(q, 1, site);
	(void)sqlite3_bind_int64(q, 2, (int64_t)keep);
	return sql_do(s, q, "sample", f);
}

enum store_found
store_sample_next(struct store *s, int64_t site, int64_t *after, struct buf *raw, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_SAMPLE_NEXT, f);
	enum store_found found;
	bool opened = false;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, *after);
	(void)sqlite3_bind_int64(q, 2, site);
	found = sql_row(s->db, q, "sample", f);
	if (found == STORE_FOUND) {
		*after = sqlite3_column_int64(q, 0);
		if (!keys_open(s, (struct seal_where){ "sample", "raw", *after }, sql_blob(q, 1), &opened, f))
			found = STORE_FAILED;
	}
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	if (found == STORE_FOUND && opened) {
		(void)buf_add_span(raw, buf_span(&s->scratch));
		seal_wipe(s->scratch.p, s->scratch.n);
	}
	return found;
}

bool
sample_erase(struct store *s, int64_t today, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_SAMPLE_OVER, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, today);
	return sql_do(s, q, "erasure", f);
}
