/* approval.c - what was approved, by whom and when; it outlives the file that said so. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "store/sqlite/sql.h"

enum store_found
store_approval_get(struct store *s, int64_t site, uint8_t hash[DIGEST_BYTES], char who[64], int64_t *at_s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_APPROVAL_GET, f);
	enum store_found found;
	struct span h;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, site);
	found = sql_row(s->db, q, "approval", f);
	if (found == STORE_FOUND) {
		h = sql_blob(q, 0);
		if (h.n == DIGEST_BYTES)
			memcpy(hash, h.p, DIGEST_BYTES);
		else
			memset(hash, 0, DIGEST_BYTES);
		sql_text(q, 1, who, 64);
		*at_s = sqlite3_column_int64(q, 2);
	}
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found;
}

bool
store_approval_put(struct store *s, int64_t site, const struct approval *a, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_APPROVAL_PUT, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, site);
	sql_bind_blob(q, 2, a->hash, DIGEST_BYTES);
	sql_bind_text(q, 3, a->who);
	(void)sqlite3_bind_int64(q, 4, a->at_s);
	sql_bind_blob(q, 5, a->spelled, a->spelled_n);
	return sql_do(s, q, "approval", f);
}

bool
store_read_approvals(struct store_reader *r, store_approval_fn *fn, void *ctx, struct fault *f)
{
	sqlite3 *db = reader_db(r);
	sqlite3_stmt *q = sql_prepare(db, S_VIEW_APPROVALS, f);
	enum store_found found = STORE_NONE;
	bool go = true;

	while (q && go && (found = sql_row(db, q, "approvals", f)) == STORE_FOUND) {
		struct approval a = { .at_s = sqlite3_column_int64(q, 3) };
		struct span hash = sql_blob(q, 1), terms = sql_blob(q, 4);

		sql_text(q, 0, a.site, sizeof a.site);
		sql_text(q, 2, a.who, sizeof a.who);
		if (hash.n == DIGEST_BYTES)
			memcpy(a.hash, hash.p, DIGEST_BYTES);
		a.spelled = (char *)(uintptr_t)terms.p;
		a.spelled_n = terms.n;
		go = fn(ctx, &a);
	}
	(void)sqlite3_finalize(q);
	return q && found != STORE_FAILED;
}
