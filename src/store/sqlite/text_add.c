/* text_add.c - new texts of a visit, several rows by one statement: each that is run opens the table and all its indexes. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>

#include "store/sqlite/sql.h"

static const enum statement of_rows[] = { S_TEXT_ADD_1, S_TEXT_ADD_2, S_TEXT_ADD_3, S_TEXT_ADD_4 };

#define AT_ONCE (sizeof of_rows / sizeof of_rows[0])

static int
bind_new(sqlite3_stmt *q, int at, const struct text *t)
{
	(void)sqlite3_bind_int64(q, at++, t->id);
	(void)sqlite3_bind_int64(q, at++, t->site);
	(void)sqlite3_bind_int64(q, at++, t->generation);
	(void)sqlite3_bind_int(q, at++, (int)t->kind);
	sql_lend_text(q, at++, t->rule);
	(void)sqlite3_bind_int(q, at++, (int)t->state);
	(void)sqlite3_bind_int(q, at++, (int)t->reason);
	(void)sqlite3_bind_int64(q, at++, t->planned_s);
	(void)sqlite3_bind_int64(q, at++, t->due_s);
	(void)sqlite3_bind_int64(q, at++, t->expires_s);
	(void)sqlite3_bind_int64(q, at++, t->start_s);
	sql_lend_blob(q, at++, t->fingerprint, sizeof t->fingerprint);
	(void)sqlite3_bind_int64(q, at++, t->config);
	if (t->clinic_hours)
		(void)sqlite3_bind_int(q, at, 1);
	return at + 1;
}

static bool
add_some(struct store *s, struct text *list, size_t n, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, of_rows[n - 1], f);
	int at = 1;

	if (!q)
		return false;
	for (size_t i = 0; i < n; i++) {
		assert(list[i].stored == 0 && list[i].state > 0 && list[i].state < TEXT_STATES && list[i].first_sent_s == 0);
		list[i].config = s->config;
		at = bind_new(q, at, &list[i]);
	}
	if (!sql_do(s, q, "text", f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!text_noted(s, &list[i], f))
			return false;
	return true;
}

bool
store_texts_add(struct store *s, struct text *list, size_t n, struct fault *f)
{
	assert(s->begun);
	for (size_t some; n > 0; list += some, n -= some) {
		some = n < AT_ONCE ? n : AT_ONCE;
		if (!add_some(s, list, some, f))
			return false;
	}
	return true;
}
