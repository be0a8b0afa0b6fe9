/* tests/prove/found_agrees.h - whether what finds rows (src/store/sqlite/found.c) is what the rows say, as an index would be. */
#ifndef FOUND_AGREES_H
#define FOUND_AGREES_H

#include <stdbool.h>

#include "store/sqlite/sql.h"

static bool
found_query_is_zero(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *q = NULL;
	bool zero = sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW && sqlite3_column_int64(q, 0) == 0;

	(void)sqlite3_finalize(q);
	return zero;
}

#define FOUND_BOTH(t) "SELECT * FROM found_" t " UNION ALL SELECT * FROM recent_" t
#define FOUND_SAME(t, rows) \
	"SELECT (SELECT count(*) FROM (" rows ")) <> (SELECT count(*) FROM (" FOUND_BOTH(t) "))", \
	"SELECT count(*) FROM (" rows " EXCEPT SELECT * FROM (" FOUND_BOTH(t) "))"

/* NULL, or the question whose answer is wrong. */
static const char *
found_disagrees(const struct store *s)
{
	static const char *const ask[] = {
		FOUND_SAME("patient", "SELECT patient, id FROM appointment WHERE patient IS NOT NULL"),
		FOUND_SAME("phone", "SELECT phone_mark, id FROM appointment WHERE phone_mark IS NOT NULL"),
		FOUND_SAME("erase", "SELECT erase_at / 86400, id, erase_at FROM appointment WHERE erased = 0"),
		FOUND_SAME("due", "SELECT due / 345600, id, due FROM text WHERE state = 1"),
	};

	for (size_t i = 0; i < sizeof ask / sizeof ask[0]; i++)
		if (!found_query_is_zero(s->db, ask[i]))
			return ask[i];
	return NULL;
}

#endif
