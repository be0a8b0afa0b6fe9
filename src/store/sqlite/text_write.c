/* text_write.c - rows of texts are written: each statement opens the table and those of its indexes that it may change. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>

#include "store/sqlite/text_columns.h"

/* ---- one ---- */

static void
bind_armed(sqlite3_stmt *q, const struct text *t)
{
	if (t->first_sent_s == 0)
		return;
	sql_lend_text(q, C_REPEAT_ID + 1, t->repeat_id);
	(void)sqlite3_bind_int64(q, C_FIRST_SENT + 1, t->first_sent_s);
	sql_lend_text(q, C_BOOT_ID + 1, t->boot_id);
	sql_lend_text(q, C_NUMBER + 1, t->number);
	sql_lend_text(q, C_SENDER + 1, t->sender);
	sql_lend_text(q, C_GATEWAY + 1, t->gateway);
	(void)sqlite3_bind_int(q, C_WITHIN + 1, t->within);
	(void)sqlite3_bind_int64(q, C_WORDS + 1, t->words);
	(void)sqlite3_bind_int64(q, C_NUMBER_NO + 1, t->number_no);
	if (t->sent_s)
		(void)sqlite3_bind_int64(q, C_SENT + 1, t->sent_s);
	if (t->http_status)
		(void)sqlite3_bind_int64(q, C_HTTP_STATUS + 1, t->http_status);
	if (t->code[0])
		sql_lend_text(q, C_CODE + 1, t->code);
	if (t->report_code)
		(void)sqlite3_bind_int64(q, C_REPORT_CODE + 1, t->report_code);
	if (t->message_id[0])
		sql_lend_text(q, C_MESSAGE_ID + 1, t->message_id);
}

bool
text_noted(struct store *s, struct text *t, struct fault *f)
{
	if (!found_time(s, FOUND_DUE, t->id, t->stored == TEXT_PENDING ? t->stored_due_s : FOUND_NEVER,
	    t->state == TEXT_PENDING ? t->due_s : FOUND_NEVER, f))
		return false;
	t->stored_due_s = t->due_s;
	if (t->stored != t->state) {
		tally_change(s, t->site, t->stored, t->stored ? -1 : 1); /* the cell of no state counts what was ever planned */
		tally_change(s, t->site, t->state, 1);
		t->stored = t->state;
	}
	return true;
}

static bool
write_by(struct store *s, enum statement which, struct text *t, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, which, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, C_ID + 1, t->id);
	(void)sqlite3_bind_int64(q, C_SITE + 1, t->site);
	(void)sqlite3_bind_int64(q, C_GENERATION + 1, t->generation);
	(void)sqlite3_bind_int(q, C_KIND + 1, (int)t->kind);
	sql_lend_text(q, C_RULE + 1, t->rule);
	(void)sqlite3_bind_int(q, C_STATE + 1, (int)t->state);
	(void)sqlite3_bind_int(q, C_REASON + 1, (int)t->reason);
	(void)sqlite3_bind_int64(q, C_PLANNED + 1, t->planned_s);
	(void)sqlite3_bind_int64(q, C_DUE + 1, t->due_s);
	(void)sqlite3_bind_int64(q, C_EXPIRES + 1, t->expires_s);
	(void)sqlite3_bind_int64(q, C_START + 1, t->start_s);
	sql_lend_blob(q, C_FINGERPRINT + 1, t->fingerprint, sizeof t->fingerprint);
	(void)sqlite3_bind_int64(q, C_ATTEMPTS + 1, t->attempts);
	(void)sqlite3_bind_int(q, C_UNSURE + 1, t->unsure);
	if (t->stored != t->state)
		t->config = s->config;
	(void)sqlite3_bind_int64(q, C_CONFIG + 1, t->config);
	if (t->carrier)
		(void)sqlite3_bind_int64(q, C_CARRIER + 1, t->carrier);
	if (t->clinic_hours)
		(void)sqlite3_bind_int(q, C_HOURS + 1, 1);
	if (t->segments)
		(void)sqlite3_bind_int64(q, C_SEGMENTS + 1, t->segments);
	bind_armed(q, t);
	return sql_do(s, q, "text", f);
}

bool
store_text_put(struct store *s, struct text *t, struct fault *f)
{
	bool same = t->first_sent_s == t->stored_first_s && t->carrier == t->stored_carrier;

	assert(s->begun && t->state > 0 && t->state < TEXT_STATES);
	if (t->stored && !write_by(s, same ? S_TEXT_SET_SAME : S_TEXT_SET, t, f))
		return false;
	/* A row that is new; or that was lost. */
	if ((!t->stored || sqlite3_changes(s->db) == 0) && !write_by(s, S_TEXT_PUT, t, f))
		return false;
	t->stored_first_s = t->first_sent_s;
	t->stored_carrier = t->carrier;
	return text_noted(s, t, f);
}

/* ---- several new ones of a visit ---- */

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
