/* bare_rows.h - the limit: the rows that a message leaves (appointment, control id, three notifications), and nothing of ours around them. */
// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_BARE_ROWS_H
#define BENCH_BARE_ROWS_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum bare_statement { BARE_BEGIN, BARE_COMMIT, BARE_APPOINTMENT, BARE_SEEN, BARE_NOTE, BARE_STATEMENTS };

/* What waits is found by an index of whole days, then of ids, which keeps new entries together; or, as one writes it first, of the due time itself. */
enum bare_due { BARE_BY_DAY, BARE_BY_SECOND };

struct bare_rows {
	sqlite3 *db;
	sqlite3_stmt *q[BARE_STATEMENTS];
};

static inline void
bare_fail(const struct bare_rows *b)
{
	(void)fprintf(stderr, "bare rows: %s\n", b->db ? sqlite3_errmsg(b->db) : "out of memory");
	exit(EXIT_FAILURE);
}

static inline void
bare_do(struct bare_rows *b, enum bare_statement which)
{
	if (sqlite3_step(b->q[which]) != SQLITE_DONE)
		bare_fail(b);
	(void)sqlite3_reset(b->q[which]);
}

static inline void
bare_open(struct bare_rows *b, const char *path, enum bare_due due)
{
	static const char schema[] =
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 1000;"
	    "CREATE TABLE IF NOT EXISTS appointment (id INTEGER PRIMARY KEY, sender INTEGER, name TEXT, site INTEGER, status INTEGER,"
	    " start INTEGER, zone TEXT, language TEXT, phone BLOB, mark BLOB, sent INTEGER, erase INTEGER, UNIQUE (sender, name));"
	    "CREATE TABLE IF NOT EXISTS seen (sender INTEGER, control TEXT, at INTEGER, answered INTEGER, PRIMARY KEY (sender, control)) WITHOUT ROWID;"
	    "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, kind INTEGER, state INTEGER, due INTEGER, expires INTEGER);";
	static const char *const by[] = {
		[BARE_BY_DAY] = "CREATE INDEX IF NOT EXISTS note_due ON note (due / 86400, id, due) WHERE state = 1",
		[BARE_BY_SECOND] = "CREATE INDEX IF NOT EXISTS note_due ON note (due) WHERE state = 1",
	};
	static const char *const text[BARE_STATEMENTS] = {
		"BEGIN IMMEDIATE", "COMMIT",
		"INSERT INTO appointment VALUES (?1, 1, ?2, 1, 0, ?3, 'America/Chicago', 'en', ?4, ?5, ?6, ?3)"
		" ON CONFLICT (sender, name) DO UPDATE SET start = ?3, phone = ?4, mark = ?5, sent = ?6",
		"INSERT INTO seen VALUES (1, ?1, ?2, 0)",
		"INSERT INTO note (id, kind, state, due, expires) VALUES (?1, ?2, 1, ?3, ?4) ON CONFLICT (id) DO UPDATE SET due = ?3, expires = ?4",
	};

	*b = (struct bare_rows){ 0 };
	if (sqlite3_open(path, &b->db) != SQLITE_OK || sqlite3_exec(b->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(b->db, by[due], NULL, NULL, NULL) != SQLITE_OK)
		bare_fail(b);
	for (int i = 0; i < BARE_STATEMENTS; i++)
		if (sqlite3_prepare_v3(b->db, text[i], -1, SQLITE_PREPARE_PERSISTENT, &b->q[i], NULL) != SQLITE_OK)
			bare_fail(b);
}

/* Appointment `i`, which begins at `start`, of message `control`; both ids are digits in fact. */
static inline void
bare_put(struct bare_rows *b, long long control, long long i, int64_t start, int64_t now_s)
{
	static const int64_t before[] = { 0, 86400, 900 };
	static const uint8_t phone[40], mark[16];
	char id[32], said[32];

	(void)snprintf(id, sizeof id, "A%09lld", i);
	(void)snprintf(said, sizeof said, "Q%09lld", control);
	(void)sqlite3_bind_int64(b->q[BARE_APPOINTMENT], 1, i + 1);
	(void)sqlite3_bind_text(b->q[BARE_APPOINTMENT], 2, id, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(b->q[BARE_APPOINTMENT], 3, start);
	(void)sqlite3_bind_blob(b->q[BARE_APPOINTMENT], 4, phone, sizeof phone, SQLITE_STATIC);
	(void)sqlite3_bind_blob(b->q[BARE_APPOINTMENT], 5, mark, sizeof mark, SQLITE_STATIC);
	(void)sqlite3_bind_int64(b->q[BARE_APPOINTMENT], 6, now_s);
	bare_do(b, BARE_APPOINTMENT);
	(void)sqlite3_bind_text(b->q[BARE_SEEN], 1, said, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(b->q[BARE_SEEN], 2, now_s);
	bare_do(b, BARE_SEEN);
	for (int k = 0; k < 3; k++) {
		(void)sqlite3_bind_int64(b->q[BARE_NOTE], 1, (i + 1) * 1024 + k);
		(void)sqlite3_bind_int(b->q[BARE_NOTE], 2, k);
		(void)sqlite3_bind_int64(b->q[BARE_NOTE], 3, k == 0 ? now_s + 120 : start - before[k]);
		(void)sqlite3_bind_int64(b->q[BARE_NOTE], 4, start);
		bare_do(b, BARE_NOTE);
	}
}

static inline void
bare_close(struct bare_rows *b)
{
	for (int i = 0; i < BARE_STATEMENTS; i++)
		(void)sqlite3_finalize(b->q[i]);
	(void)sqlite3_close(b->db);
}

#endif
