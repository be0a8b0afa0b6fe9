/* glance.c - the little that is asked of appointments most often, without the rest of the row. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

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

/* Walks that need no more of each than which it is. */

bool
store_phones_after(struct store *s, uint8_t after[MARK_BYTES], size_t limit, store_phone_fn *fn, void *ctx, bool *done,
    struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_PHONES_AFTER, f);
	enum store_found found = STORE_NONE;
	size_t n = 0;
	bool go = true;

	if (!q)
		return false;
	sql_bind_blob(q, 1, after, MARK_BYTES);
	(void)sqlite3_bind_int64(q, 2, (int64_t)limit);
	while (go && (found = sql_row(s->db, q, "phones", f)) == STORE_FOUND) {
		struct span mark = sql_blob(q, 0);

		n++;
		if (mark.n == MARK_BYTES)
			memcpy(after, mark.p, MARK_BYTES);
		go = fn(ctx, sqlite3_column_int64(q, 1));
	}
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	*done = go && n < limit;
	return found != STORE_FAILED;
}

#define LOOKED_AT 5000 /* texts, most of which may be due later */

bool
store_due_after(struct store *s, int64_t span, int64_t until_s, int64_t *after, size_t limit, store_phone_fn *fn, void *ctx, bool *done,
    struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_DUE, f);
	enum store_found found = STORE_NONE;
	int64_t last = 0;
	size_t looked = 0, n = 0;
	bool go = limit > 0;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, span);
	(void)sqlite3_bind_int64(q, 2, *after);
	(void)sqlite3_bind_int64(q, 3, LOOKED_AT);
	while (go && (found = sql_row(s->db, q, "phones", f)) == STORE_FOUND) {
		int64_t appointment;

		looked++;
		*after = sqlite3_column_int64(q, 0);
		if (sqlite3_column_int64(q, 1) >= until_s)
			continue;
		n++;
		appointment = *after / STORE_TEXTS_OF_ONE;
		if (appointment != last && !store_is_response(appointment))
			go = fn(ctx, appointment);
		last = appointment;
		go = go && n < limit;
	}
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	*done = go && looked < LOOKED_AT;
	return found != STORE_FAILED;
}
