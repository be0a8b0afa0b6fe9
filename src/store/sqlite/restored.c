/* restored.c - after a backup was put back: sends that only the journal knows, until their visits come again. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "store/sqlite/sql.h"

bool
store_restored_put(struct store *s, const struct restored *r, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESTORED_PUT, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, r->seq);
	sql_bind_blob(q, 2, r->visit, sizeof r->visit);
	(void)sqlite3_bind_int(q, 3, (int)r->kind);
	sql_bind_text(q, 4, r->rule);
	(void)sqlite3_bind_int64(q, 5, r->start_s);
	sql_bind_blob(q, 6, r->fingerprint, sizeof r->fingerprint);
	sql_bind_text(q, 7, r->repeat_id);
	(void)sqlite3_bind_int64(q, 8, r->at_s);
	(void)sqlite3_bind_int64(q, 9, r->segments);
	return sql_do(s, q, "restored send", f);
}

enum store_found
store_restored_take(struct store *s, struct restored *r, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESTORED_FIND, f);
	enum store_found found;

	if (!q)
		return STORE_FAILED;
	sql_bind_blob(q, 1, r->visit, sizeof r->visit);
	(void)sqlite3_bind_int(q, 2, (int)r->kind);
	sql_bind_text(q, 3, r->rule);
	(void)sqlite3_bind_int64(q, 4, r->start_s);
	sql_bind_blob(q, 5, r->fingerprint, sizeof r->fingerprint);
	found = sql_row(s->db, q, "restored send", f);
	if (found != STORE_FOUND) {
		(void)sqlite3_reset(q);
		return found;
	}
	r->seq = sqlite3_column_int64(q, 0);
	sql_text(q, 1, r->repeat_id, sizeof r->repeat_id);
	r->at_s = sqlite3_column_int64(q, 2);
	r->segments = sqlite3_column_int64(q, 3);
	(void)sqlite3_reset(q);
	if (!(q = sql_use(s, S_RESTORED_DROP, f)))
		return STORE_FAILED;
	sql_bind_blob(q, 1, r->visit, sizeof r->visit);
	(void)sqlite3_bind_int64(q, 2, r->seq);
	(void)sqlite3_bind_int(q, 3, (int)r->kind);
	return sql_do(s, q, "restored send", f) ? STORE_FOUND : STORE_FAILED;
}

bool
store_restored_any(struct store *s, bool *any, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESTORED_ANY, f);
	enum store_found found = q ? sql_row(s->db, q, "restored sends", f) : STORE_FAILED;

	if (found == STORE_FAILED)
		return false;
	(void)sqlite3_reset(q);
	*any = found == STORE_FOUND;
	return true;
}

bool
store_restored_forget(struct store *s, int64_t before_s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESTORED_OVER, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, before_s);
	return sql_do(s, q, "restored sends", f);
}

bool
store_ids_after(struct store *s, int64_t appointment, int64_t response, struct fault *f)
{
	if (appointment >= s->next_appointment) {
		s->next_appointment = appointment + 1;
		if (!store_setting_put(s, "appointments", appointment, f))
			return false;
	}
	if (response < s->next_response)
		return true;
	s->next_response = response + 1;
	return store_setting_put(s, "responses", response, f);
}

bool
store_house(struct store *s, int64_t *house, struct fault *f)
{
	if (!store_setting_get(s, "house", house, f))
		return false;
	while (*house == 0)
		if (!seal_random(house, sizeof *house))
			return fault_set(f, FAULT_BROKEN, "the system gives no random bytes");
	return store_setting_put(s, "house", *house, f);
}
