/* spare.c - room that the file no longer needs goes back to the file system, in portions. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>

#include "sql.h"

#define SPARE_LEAST 256 /* pages */

int64_t
sql_number(sqlite3 *db, const char *what)
{
	sqlite3_stmt *q = NULL;
	int64_t n = 0;

	if (sqlite3_prepare_v2(db, what, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	return n;
}

static int64_t
kept_number(struct store *s, enum statement which)
{
	struct fault ignored;
	sqlite3_stmt *q = sql_use(s, which, &ignored);
	int64_t n = q && sql_row(s->db, q, "room", &ignored) == STORE_FOUND ? sqlite3_column_int64(q, 0) : 0;

	if (q)
		(void)sqlite3_reset(q);
	return n;
}

int64_t
store_spare(struct store *s)
{
	int64_t spare = kept_number(s, S_FREE_PAGES), kept;

	if (spare <= SPARE_LEAST)
		return 0;
	kept = kept_number(s, S_PAGES) / 8;
	if (kept < SPARE_LEAST)
		kept = SPARE_LEAST;
	return spare > kept ? spare - kept : 0;
}

bool
store_give_back(struct store *s, size_t most, struct fault *f)
{
	sqlite3_stmt *q = NULL;
	char text[64];
	int rc;

	assert(s->begun);
	(void)snprintf(text, sizeof text, "PRAGMA incremental_vacuum(%zu)", most);
	rc = sqlite3_prepare_v2(s->db, text, -1, &q, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) /* a row a page */
		rc = sqlite3_step(q);
	(void)sqlite3_finalize(q);
	return rc == SQLITE_DONE || sql_failed(s->db, rc, "giving room back", f);
}
