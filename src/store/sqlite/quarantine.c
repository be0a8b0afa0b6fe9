/* quarantine.c - messages that could not be understood: sealed, counted in bytes, taken out again. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "store/sqlite/sql.h"

#define OVER_PORTION 200

bool
quarantine_load(struct store *s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_QUARANTINE_SIZE, f);

	if (!q || sql_row(s->db, q, "quarantine", f) != STORE_FOUND)
		return false;
	s->next_quarantine = sqlite3_column_int64(q, 0) + 1;
	s->kept.n = s->kept.committed_n = sqlite3_column_int64(q, 1);
	s->kept.bytes = s->kept.committed_bytes = sqlite3_column_int64(q, 2);
	(void)sqlite3_reset(q);
	return true;
}

void
quarantine_settle(struct store *s, bool committed)
{
	if (committed) {
		s->kept.committed_n = s->kept.n;
		s->kept.committed_bytes = s->kept.bytes;
	} else {
		s->kept.n = s->kept.committed_n;
		s->kept.bytes = s->kept.committed_bytes;
	}
}

bool
store_quarantine_put(struct store *s, struct quarantined *q, struct span raw, struct fault *f)
{
	int64_t day = q->erase_at_s / 86400;
	sqlite3_stmt *put;

	if (q->id == 0)
		q->id = s->next_quarantine++;
	if (!keys_seal(s, day, (struct seal_where){ "quarantine", "raw", q->id }, raw, f) ||
	    !(put = sql_use(s, S_QUARANTINE_PUT, f)))
		return false;
	(void)sqlite3_bind_int64(put, 1, q->id);
	(void)sqlite3_bind_int64(put, 2, q->sender);
	sql_bind_text(put, 3, q->site);
	(void)sqlite3_bind_int64(put, 4, q->received_s);
	sql_bind_text(put, 5, q->reason);
	sql_bind_text(put, 6, q->segment);
	(void)sqlite3_bind_int64(put, 7, q->field);
	(void)sqlite3_bind_int64(put, 8, q->offset);
	sql_bind_text(put, 9, q->about);
	(void)sqlite3_bind_int64(put, 10, day);
	sql_bind_blob(put, 11, s->scratch.p, s->scratch.n);
	(void)sqlite3_bind_int64(put, 12, s->clock.boot);
	(void)sqlite3_bind_int64(put, 13, s->clock.offset_s);
	if (!sql_do(s, put, "quarantine", f))
		return false;
	s->kept.n++;
	s->kept.bytes += (int64_t)s->scratch.n;
	return true;
}

static void
of_row(sqlite3_stmt *q, struct quarantined *out)
{
	*out = (struct quarantined){ .id = sqlite3_column_int64(q, 0), .sender = sqlite3_column_int64(q, 1),
		.received_s = sqlite3_column_int64(q, 2), .field = sqlite3_column_int64(q, 6),
		.offset = sqlite3_column_int64(q, 7), .erase_at_s = sqlite3_column_int64(q, 9) * 86400 };
	sql_text(q, 3, out->site, sizeof out->site);
	sql_text(q, 4, out->reason, sizeof out->reason);
	sql_text(q, 5, out->segment, sizeof out->segment);
	sql_text(q, 8, out->about, sizeof out->about);
	sql_text(q, 11, out->environment, sizeof out->environment);
}

enum store_found
store_quarantine_get(struct store *s, int64_t id, struct quarantined *out, struct buf *raw, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_QUARANTINE_GET, f);
	enum store_found found;
	bool opened = false;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, id);
	found = sql_row(s->db, q, "quarantine", f);
	if (found == STORE_FOUND) {
		of_row(q, out);
		if (!keys_open(s, (struct seal_where){ "quarantine", "raw", id }, sql_blob(q, 10), &opened, f))
			found = STORE_FAILED;
	}
	(void)sqlite3_reset(q);
	if (found != STORE_FOUND || !opened)
		return found == STORE_FOUND ? STORE_NONE : found;
	if (!buf_add_span(raw, buf_span(&s->scratch))) {
		(void)fault_set(f, FAULT_BUSY, "out of memory");
		found = STORE_FAILED;
	}
	seal_wipe(s->scratch.p, s->scratch.n);
	return found;
}

/* The oldest with an id above *after, of a site or of all. */
enum store_found
store_quarantine_next(struct store *s, const char *site, int64_t *after, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_QUARANTINE_NEXT, f);
	enum store_found found;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, *after);
	sql_bind_text(q, 2, site);
	found = sql_row(s->db, q, "quarantine", f);
	if (found == STORE_FOUND)
		*after = sqlite3_column_int64(q, 0);
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found;
}

bool
store_quarantine_drop(struct store *s, int64_t id, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_QUARANTINE_BYTES, f);
	enum store_found found;
	int64_t bytes;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, id);
	found = sql_row(s->db, q, "quarantine", f);
	if (found != STORE_FOUND)
		return found == STORE_NONE;
	bytes = sqlite3_column_int64(q, 0);
	(void)sqlite3_reset(q);
	if (!(q = sql_use(s, S_QUARANTINE_DROP, f)))
		return false;
	(void)sqlite3_bind_int64(q, 1, id);
	if (!sql_do(s, q, "quarantine", f))
		return false;
	s->kept.n--;
	s->kept.bytes -= bytes;
	return true;
}

void
store_quarantine_size(const struct store *s, int64_t *n, int64_t *bytes)
{
	*n = s->kept.n;
	*bytes = s->kept.bytes;
}

/* Whose day is over: a whole feed may have been kept on one. */
bool
quarantine_erase(struct store *s, int64_t today, bool *more, struct fault *f)
{
	for (int n = 0; n < OVER_PORTION; n++) {
		sqlite3_stmt *q = sql_use(s, S_QUARANTINE_OVER, f);
		enum store_found found;
		int64_t id;

		if (!q)
			return false;
		(void)sqlite3_bind_int64(q, 1, today);
		found = sql_row(s->db, q, "quarantine", f);
		if (found != STORE_FOUND)
			return found == STORE_NONE;
		id = sqlite3_column_int64(q, 0);
		(void)sqlite3_reset(q);
		if (!store_quarantine_drop(s, id, f))
			return false;
	}
	*more = true;
	return true;
}
