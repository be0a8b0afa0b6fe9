/* heard.c - the last message of each site, the rhythm of each sender, and who holds a site. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sql.h"

bool
store_hold_put(struct store *s, int64_t site, int64_t at_s, const char *who, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_SITE_HOLD, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, site);
	(void)sqlite3_bind_int64(q, 2, at_s);
	sql_bind_text(q, 3, who);
	return sql_do(s, q, "hold", f);
}

bool
store_hold_get(struct store *s, int64_t site, int64_t *at_s, char who[64], struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_SITE_HELD, f);
	enum store_found found;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, site);
	found = sql_row(s->db, q, "hold", f);
	if (found == STORE_FAILED)
		return false;
	*at_s = 0;
	who[0] = '\0';
	if (found == STORE_FOUND) {
		*at_s = sqlite3_column_int64(q, 0);
		sql_text(q, 1, who, 64);
	}
	(void)sqlite3_reset(q);
	return true;
}

bool
store_heard_put(struct store *s, const struct heard *h, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_HEARD_PUT, f);

	if (!q)
		return false;
	sql_bind_text(q, 1, h->environment);
	sql_bind_text(q, 2, h->site);
	(void)sqlite3_bind_int64(q, 3, h->at_ms);
	sql_bind_text(q, 4, h->msh);
	(void)sqlite3_bind_int(q, 5, (int)h->fate);
	sql_bind_text(q, 6, h->reason);
	(void)sqlite3_bind_int64(q, 7, h->facts);
	return sql_do(s, q, "last message", f);
}

bool
store_heard_list(struct store *s, store_heard_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_HEARD_LIST, f);
	enum store_found found = STORE_NONE;
	bool go = true;

	if (!q)
		return false;
	while (go && (found = sql_row(s->db, q, "last messages", f)) == STORE_FOUND) {
		struct heard h = { .at_ms = sqlite3_column_int64(q, 2), .fate = (enum heard_fate)sqlite3_column_int(q, 4),
			.facts = (unsigned)sqlite3_column_int(q, 6) };

		sql_text(q, 0, h.environment, sizeof h.environment);
		sql_text(q, 1, h.site, sizeof h.site);
		sql_text(q, 3, h.msh, sizeof h.msh);
		sql_text(q, 5, h.reason, sizeof h.reason);
		go = fn(ctx, &h);
	}
	(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

bool
store_feed_put(struct store *s, const char *environment, const char *application, struct span rhythm, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_FEED_PUT, f);

	if (!q)
		return false;
	sql_bind_text(q, 1, environment);
	sql_bind_text(q, 2, application);
	(void)sqlite3_bind_blob64(q, 3, rhythm.p, rhythm.n, SQLITE_STATIC);
	return sql_do(s, q, "rhythm of a sender", f);
}

bool
store_feed_list(struct store *s, store_feed_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_FEED_LIST, f);
	enum store_found found = STORE_NONE;
	bool go = true;

	if (!q)
		return false;
	while (go && (found = sql_row(s->db, q, "rhythms of senders", f)) == STORE_FOUND) {
		char environment[64], application[64];
		const void *rhythm = sqlite3_column_blob(q, 2);

		sql_text(q, 0, environment, sizeof environment);
		sql_text(q, 1, application, sizeof application);
		go = fn(ctx, environment, application, span_from(rhythm, rhythm ? (size_t)sqlite3_column_bytes(q, 2) : 0));
	}
	(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}
