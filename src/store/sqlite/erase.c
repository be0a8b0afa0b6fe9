/* erase.c - what identifies goes when its time is over: the fields, then the key that could read them. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sql.h"

#define PORTION_MAX 1000
#define AGAIN_S 60

static bool
erase_one(struct store *s, int64_t id, int64_t at_s, struct fault *f)
{
	sqlite3_stmt *q;

	/* As it was listed, too: what has no row any more must not be listed again. */
	if (!found_no_more(s, id, f) || !found_time(s, FOUND_ERASE, id, at_s, FOUND_NEVER, f) || !(q = sql_use(s, S_ERASE_ONE, f)))
		return false;
	(void)sqlite3_bind_int64(q, 1, id);
	if (!sql_do(s, q, "erasure", f) || !(q = sql_use(s, S_BODY_DROP_OF, f)))
		return false;
	(void)sqlite3_bind_int64(q, 1, id * STORE_TEXTS_OF_ONE);
	(void)sqlite3_bind_int64(q, 2, id * STORE_TEXTS_OF_ONE + STORE_TEXTS_OF_ONE - 1);
	return sql_do(s, q, "erasure", f);
}

struct lapsed { int64_t id, at_s; };

static bool
list_lapsed(struct store *s, int64_t now_s, size_t limit, struct lapsed *out, size_t *n, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_ERASE_LIST, f);
	enum store_found found;

	*n = 0;
	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, now_s);
	(void)sqlite3_bind_int64(q, 2, (int64_t)limit);
	while ((found = sql_row(s->db, q, "erasure", f)) == STORE_FOUND)
		out[(*n)++] = (struct lapsed){ sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1) };
	(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

/* A day whose last row is gone: without its key nothing sealed for it can be
 * read any more, wherever a copy may lie. */
static bool
destroy_keys(struct store *s, int64_t today, struct fault *f)
{
	int64_t days[16];
	size_t n = 0;
	sqlite3_stmt *q = sql_use(s, S_DAY_OVER, f);
	enum store_found found;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, today);
	while ((found = sql_row(s->db, q, "keys", f)) == STORE_FOUND && n < 16)
		days[n++] = sqlite3_column_int64(q, 0);
	(void)sqlite3_reset(q);
	if (found == STORE_FAILED)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!keys_destroy(s, days[i], INT64_MAX, f))
			return false;
	return true;
}

static bool
find_next(struct store *s, int64_t now_s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_ERASE_NEXT, f);
	int64_t tomorrow = (now_s / 86400 + 1) * 86400, recent = recent_least(s->recent, FOUND_ERASE);
	enum store_found found;

	if (!q || (found = sql_row(s->db, q, "erasure", f)) == STORE_FAILED)
		return false;
	s->next_erasure = found == STORE_NONE || sqlite3_column_type(q, 0) == SQLITE_NULL ? INT64_MAX
	                                                                              : sqlite3_column_int64(q, 0);
	(void)sqlite3_reset(q);
	if (s->next_erasure > recent)
		s->next_erasure = recent;
	/* What goes when its day is over, and the keys of days without rows. */
	if (s->next_erasure > tomorrow)
		s->next_erasure = tomorrow;
	return true;
}

bool
store_erase(struct store *s, int64_t now_s, size_t limit, size_t *n, struct fault *f)
{
	struct lapsed lapsed[PORTION_MAX];
	bool more = false;

	s->erased_s = now_s;
	if (!list_lapsed(s, now_s, limit < PORTION_MAX ? limit : PORTION_MAX, lapsed, n, f))
		return false;
	for (size_t i = 0; i < *n; i++)
		if (!erase_one(s, lapsed[i].id, lapsed[i].at_s, f))
			return false;
	if (!quarantine_erase(s, now_s / 86400, &more, f) || !response_erase(s, now_s / 86400, f) || !sample_erase(s, now_s / 86400, f) ||
	    !destroy_keys(s, now_s / 86400, f) || !find_next(s, now_s, f))
		return false;
	if (more)
		s->next_erasure = now_s;
	return true;
}

void
erase_settle(struct store *s, bool committed)
{
	/* What was found to be next may not be; soon, for the disk may be full. */
	if (!committed && s->erased_s && s->next_erasure > s->erased_s + AGAIN_S)
		s->next_erasure = s->erased_s + AGAIN_S;
	s->erased_s = 0;
}

int64_t
store_next_erasure(struct store *s)
{
	return s->next_erasure;
}
