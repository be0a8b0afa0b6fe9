/* alias.c - other names of appointments. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sql.h"

bool
store_alias_put(struct store *s, int64_t sender, struct span alias, int64_t appointment, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_ALIAS_PUT, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, sender);
	sql_bind_span(q, 2, alias);
	(void)sqlite3_bind_int64(q, 3, appointment);
	return sql_do(s, q, "alias", f);
}

enum store_found
store_alias_find(struct store *s, int64_t sender, struct span alias, int64_t *appointment, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_ALIAS_GET, f);
	enum store_found found;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, sender);
	sql_bind_span(q, 2, alias);
	found = sql_row(s->db, q, "alias", f);
	if (found == STORE_FOUND)
		*appointment = sqlite3_column_int64(q, 0);
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found;
}
