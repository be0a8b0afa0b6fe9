/* over.c - what is only reported any more goes when its time is over, the oldest first. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sql.h"

#define PORTION_MAX 256

static bool
list(struct store *s, enum statement which, int64_t before_day, size_t limit, int64_t *ids, size_t *n, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, which, f);
	enum store_found found;

	*n = 0;
	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, before_day);
	(void)sqlite3_bind_int64(q, 2, (int64_t)limit);
	while ((found = sql_row(s->db, q, "report", f)) == STORE_FOUND)
		ids[(*n)++] = sqlite3_column_int64(q, 0);
	(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

static bool
drop(struct store *s, enum statement which, int64_t from, int64_t to, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, which, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, from);
	if (sqlite3_bind_parameter_count(q) > 1)
		(void)sqlite3_bind_int64(q, 2, to);
	return sql_do(s, q, "report", f);
}

/* The texts of one id, and what is counted of them: planned and by state. */
static bool
drop_texts(struct store *s, int64_t id, struct fault *f)
{
	int64_t from = id * STORE_TEXTS_OF_ONE, to = from + STORE_TEXTS_OF_ONE - 1;
	sqlite3_stmt *q = sql_use(s, S_OVER_STATES, f);
	enum store_found found;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, from);
	(void)sqlite3_bind_int64(q, 2, to);
	while ((found = sql_row(s->db, q, "report", f)) == STORE_FOUND) {
		int64_t site = sqlite3_column_int64(q, 0), n = sqlite3_column_int64(q, 2);

		tally_change(s, site, (enum text_state)0, -n);
		tally_change(s, site, (enum text_state)sqlite3_column_int(q, 1), -n);
	}
	(void)sqlite3_reset(q);
	return found != STORE_FAILED && drop(s, S_OVER_REPORTS, from, to, f) && drop(s, S_BODY_DROP_OF, from, to, f) &&
	    drop(s, S_OVER_TEXTS, from, to, f);
}

bool
store_forget_over(struct store *s, int64_t before_day, size_t limit, size_t *n, struct fault *f)
{
	int64_t ids[PORTION_MAX];
	size_t most = limit < PORTION_MAX ? limit : PORTION_MAX, responses;

	if (!list(s, S_OVER_VISITS, before_day, most, ids, n, f))
		return false;
	for (size_t i = 0; i < *n; i++)
		if (!drop_texts(s, ids[i], f) || !drop(s, S_OVER_ALIASES, ids[i], 0, f) || !drop(s, S_OVER_VISIT, ids[i], 0, f))
			return false;
	if (!list(s, S_OVER_RESPONSES, before_day, most, ids, &responses, f))
		return false;
	for (size_t i = 0; i < responses; i++)
		if (!drop_texts(s, ids[i], f) || !drop(s, S_OVER_CHOICES, ids[i], 0, f) || !drop(s, S_OVER_RESPONSE, ids[i], 0, f))
			return false;
	*n = *n > responses ? *n : responses;
	return drop(s, S_OVER_REPLIES, before_day, (int64_t)most, f);
}

int64_t
store_bytes(struct store *s)
{
	return sql_number(s->db, "PRAGMA page_size") * (sql_number(s->db, "PRAGMA page_count") - sql_number(s->db, "PRAGMA freelist_count"));
}
