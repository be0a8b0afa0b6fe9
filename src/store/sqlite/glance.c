/* glance.c - the little that is asked of an appointment most often, without the rest of its row. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sql.h"

bool
keys_open_column(struct store *s, sqlite3_stmt *q, const char *name, int column, int64_t id, char *out, size_t cap, struct fault *f)
{
	struct span sealed = sql_blob(q, column);
	bool opened;

	out[0] = '\0';
	if (sealed.n == 0)
		return true;
	if (!keys_open(s, (struct seal_where){ "appointment", name, id }, sealed, &opened, f))
		return false;
	/* Damaged bytes, or a day whose key is gone: as if there were none. */
	if (opened)
		span_copy(out, cap, buf_span(&s->scratch));
	seal_wipe(s->scratch.p, s->scratch.n);
	return true;
}

enum store_found
store_visit_state(struct store *s, int64_t id, int64_t now_s, enum visit_status *status, bool *erased, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_APPOINTMENT_STATE, f);
	enum store_found found;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, id);
	found = sql_row(s->db, q, "appointment", f);
	if (found == STORE_FOUND) {
		*status = (enum visit_status)sqlite3_column_int(q, 0);
		*erased = sqlite3_column_int(q, 1) != 0 || sqlite3_column_int64(q, 2) <= now_s;
	}
	(void)sqlite3_reset(q);
	return found;
}

enum store_found
store_phone_of(struct store *s, int64_t id, int64_t now_s, int64_t *site, char phone[PHONE_MAX], struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_APPOINTMENT_PHONE, f);
	enum store_found found;

	phone[0] = '\0';
	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, id);
	found = sql_row(s->db, q, "appointment", f);
	if (found == STORE_FOUND) {
		bool erased = sqlite3_column_int(q, 1) != 0 || sqlite3_column_int64(q, 2) <= now_s;

		*site = sqlite3_column_int64(q, 0);
		if (!erased && !keys_open_column(s, q, "phone", 3, id, phone, PHONE_MAX, f))
			found = STORE_FAILED;
	}
	(void)sqlite3_reset(q);
	return found;
}
