/* small.c - the small tables: senders, sites, settings, approvals, caps, seen. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "store/sqlite/sql.h"

/* Looks up by text columns bound already; adds with the same bindings. */
static bool
find_or_add(struct store *s, enum statement get, enum statement add, const struct span *v, int n, int64_t *id,
    struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, get, f);

	if (!q)
		return false;
	for (int i = 0; i < n; i++)
		sql_bind_span(q, i + 1, v[i]);
	switch (sql_row(s->db, q, "look-up", f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		*id = sqlite3_column_int64(q, 0);
		(void)sqlite3_reset(q);
		return true;
	case STORE_NONE:
		break;
	}
	if (!(q = sql_use(s, add, f)))
		return false;
	for (int i = 0; i < n; i++)
		sql_bind_span(q, i + 1, v[i]);
	if (!sql_do(s, q, "insert", f))
		return false;
	*id = sqlite3_last_insert_rowid(s->db);
	return true;
}

bool
store_sender(struct store *s, const char *environment, struct span msh3, struct span msh4, int64_t *id, struct fault *f)
{
	struct span v[] = { span_of(environment), msh3, msh4 };

	return find_or_add(s, S_SENDER_GET, S_SENDER_ADD, v, 3, id, f);
}

bool
store_site(struct store *s, const char *title, int64_t *id, struct fault *f)
{
	struct span v[] = { span_of(title) };

	return find_or_add(s, S_SITE_GET, S_SITE_ADD, v, 1, id, f);
}

/* ---- seen ---- */

static sqlite3_stmt *
seen_query(struct store *s, enum statement which, int64_t sender, struct span control_id, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, which, f);

	if (q) {
		(void)sqlite3_bind_int64(q, 1, sender);
		sql_bind_span(q, 2, control_id);
	}
	return q;
}

/* An id that was never there, as most are, needs one look. */
enum store_found
store_seen_find(struct store *s, int64_t sender, struct span control_id, const uint8_t content[MARK_BYTES],
    enum ack_verdict *answered, int *condition, bool *known_id, struct fault *f)
{
	sqlite3_stmt *q = seen_query(s, S_SEEN_SAME_ID, sender, control_id, f);
	enum store_found found;

	if (!q || (found = sql_row(s->db, q, "look-up of a message", f)) == STORE_FAILED)
		return STORE_FAILED;
	(void)sqlite3_reset(q);
	*known_id = found == STORE_FOUND;
	if (!*known_id)
		return STORE_NONE;
	if (!(q = seen_query(s, S_SEEN_GET, sender, control_id, f)))
		return STORE_FAILED;
	sql_bind_blob(q, 3, content, MARK_BYTES);
	found = sql_row(s->db, q, "look-up of a message", f);
	if (found == STORE_FOUND) {
		*answered = (enum ack_verdict)sqlite3_column_int(q, 0);
		*condition = sqlite3_column_int(q, 1);
	}
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found;
}

bool
store_seen_add(struct store *s, int64_t sender, struct span control_id, const uint8_t content[MARK_BYTES],
    enum ack_verdict answered, int condition, int64_t now_s, struct fault *f)
{
	sqlite3_stmt *q = seen_query(s, S_SEEN_ADD, sender, control_id, f);

	if (!q)
		return false;
	sql_bind_blob(q, 3, content, MARK_BYTES);
	(void)sqlite3_bind_int(q, 4, answered);
	(void)sqlite3_bind_int(q, 5, condition);
	(void)sqlite3_bind_int64(q, 6, now_s);
	return sql_do(s, q, "message", f);
}

bool
store_forget_seen(struct store *s, int64_t before_s, int64_t after_s, size_t limit, size_t *n, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_SEEN_OLDEST, f);
	enum store_found found;
	int64_t last = 0;

	*n = 0;
	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, (int64_t)limit);
	while ((found = sql_row(s->db, q, "old messages", f)) == STORE_FOUND &&
	       (sqlite3_column_int64(q, 1) < before_s || sqlite3_column_int64(q, 1) > after_s)) {
		last = sqlite3_column_int64(q, 0);
		(*n)++;
	}
	if (found == STORE_FAILED)
		return false;
	(void)sqlite3_reset(q);
	if (*n == 0)
		return true;
	if (!(q = sql_use(s, S_SEEN_DROP, f)))
		return false;
	(void)sqlite3_bind_int64(q, 1, last);
	return sql_do(s, q, "old messages", f);
}

/* ---- caps ---- */

bool
store_cap_count(struct store *s, const char *phone, int64_t day, int64_t *today, int64_t *week, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_CAP_GET, f);
	uint8_t mark[MARK_BYTES];
	enum store_found found;

	if (!q || !store_mark(s, "cap", span_of(phone), mark, f))
		return false;
	sql_bind_blob(q, 1, mark, sizeof mark);
	(void)sqlite3_bind_int64(q, 2, day - 7);
	*today = *week = 0;
	while ((found = sql_row(s->db, q, "cap", f)) == STORE_FOUND) {
		*week += sqlite3_column_int64(q, 1);
		if (sqlite3_column_int64(q, 0) == day)
			*today = sqlite3_column_int64(q, 1);
	}
	if (found == STORE_FAILED)
		return false;
	(void)sqlite3_reset(q);
	return true;
}

bool
store_cap_add(struct store *s, const char *phone, int64_t day, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_CAP_ADD, f);
	uint8_t mark[MARK_BYTES];

	if (!q || !store_mark(s, "cap", span_of(phone), mark, f))
		return false;
	sql_bind_blob(q, 1, mark, sizeof mark);
	(void)sqlite3_bind_int64(q, 2, day);
	return sql_do(s, q, "cap", f);
}

/* Where a portion ends; *last: with the table. */
static bool
caps_until(struct store *s, size_t limit, uint8_t until[MARK_BYTES], bool *last, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_CAP_AFTER, f);
	enum store_found found;
	struct span mark;

	if (!q)
		return false;
	sql_bind_blob(q, 1, s->caps_at, MARK_BYTES);
	(void)sqlite3_bind_int64(q, 2, (int64_t)limit);
	found = sql_row(s->db, q, "old counts", f);
	if (found == STORE_FAILED)
		return false;
	mark = found == STORE_FOUND ? sql_blob(q, 0) : SPAN_NONE;
	*last = mark.n != MARK_BYTES;
	if (*last)
		memset(until, 0xff, MARK_BYTES);
	else
		memcpy(until, mark.p, MARK_BYTES);
	(void)sqlite3_reset(q);
	return true;
}

bool
store_forget_caps(struct store *s, int64_t day, size_t limit, bool *done, struct fault *f)
{
	uint8_t until[MARK_BYTES];
	sqlite3_stmt *q;
	bool last = false;

	if (day != s->caps_day) {
		s->caps_day = day;
		s->caps_done = false;
		memset(s->caps_at, 0, sizeof s->caps_at);
	}
	*done = s->caps_done;
	if (*done)
		return true;
	if (!caps_until(s, limit, until, &last, f) || !(q = sql_use(s, S_CAP_DROP, f)))
		return false;
	sql_bind_blob(q, 1, s->caps_at, MARK_BYTES);
	sql_bind_blob(q, 2, until, MARK_BYTES);
	(void)sqlite3_bind_int64(q, 3, day);
	if (!sql_do(s, q, "old counts", f))
		return false;
	memcpy(s->caps_at, until, MARK_BYTES);
	*done = s->caps_done = last;
	return true;
}

/* ---- settings ---- */

bool
store_setting_get(struct store *s, const char *name, int64_t *value, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_SETTING_GET, f);
	enum store_found found;

	if (!q)
		return false;
	sql_bind_text(q, 1, name);
	found = sql_row(s->db, q, "setting", f);
	if (found == STORE_FAILED)
		return false;
	*value = found == STORE_FOUND ? sqlite3_column_int64(q, 0) : 0;
	(void)sqlite3_reset(q);
	return true;
}

bool
store_setting_put(struct store *s, const char *name, int64_t value, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_SETTING_PUT, f);

	if (!q)
		return false;
	sql_bind_text(q, 1, name);
	(void)sqlite3_bind_int64(q, 2, value);
	return sql_do(s, q, "setting", f);
}
