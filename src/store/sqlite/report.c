/* report.c - texts whose delivery report is still to be asked for. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sql.h"

bool
store_report_wait(struct store *s, int64_t text, int64_t due_s, int64_t asked, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_REPORT_PUT, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, text);
	(void)sqlite3_bind_int64(q, 2, due_s);
	(void)sqlite3_bind_int64(q, 3, asked);
	return sql_do(s, q, "report", f);
}

bool
store_report_done(struct store *s, int64_t text, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_REPORT_DROP, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, text);
	return sql_do(s, q, "report", f);
}

bool
store_reports_due(struct store *s, int64_t now_s, size_t limit, store_report_due_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_REPORT_LIST, f);
	enum store_found found = STORE_NONE;
	bool go = true;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, now_s);
	(void)sqlite3_bind_int64(q, 2, (int64_t)limit);
	while (go && (found = sql_row(s->db, q, "report", f)) == STORE_FOUND)
		go = fn(ctx, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1));
	(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

bool
store_report_next(struct store *s, int64_t *due_s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_REPORT_NEXT, f);
	enum store_found found;

	if (!q)
		return false;
	found = sql_row(s->db, q, "report", f);
	*due_s = found == STORE_FOUND ? sqlite3_column_int64(q, 0) : INT64_MAX;
	(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}
