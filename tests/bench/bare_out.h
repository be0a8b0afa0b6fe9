/* bare_out.h - the rows that a text leaves on its way out (armed with the bytes of its request, settled, those dropped), and nothing of ours around them. */
// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_BARE_OUT_H
#define BENCH_BARE_OUT_H

#include "bare_rows.h"

enum bare_out_statement { OUT_ARM, OUT_KEEP, OUT_SETTLE, OUT_DROP, OUT_STATEMENTS };

struct bare_out {
	struct bare_rows rows;
	sqlite3_stmt *q[OUT_STATEMENTS];
	long long texts;
};

static inline void
out_do(struct bare_out *b, enum bare_out_statement which)
{
	if (sqlite3_step(b->q[which]) != SQLITE_DONE)
		bare_fail(&b->rows);
	(void)sqlite3_reset(b->q[which]);
}

/* A new database with so many visits, each of three texts, of which the first is to go. */
static inline void
out_open(struct bare_out *b, const char *path, long long texts)
{
	static const char more[] =
	    "ALTER TABLE note ADD sent INTEGER; ALTER TABLE note ADD request TEXT; ALTER TABLE note ADD gateway TEXT; ALTER TABLE note ADD code INTEGER;"
	    "CREATE TABLE body (id INTEGER PRIMARY KEY, bytes BLOB)";
	static const char *const text[OUT_STATEMENTS] = {
		"UPDATE note SET state = 2, sent = ?2, request = ?3, gateway = 'primary' WHERE id = ?1",
		"INSERT INTO body VALUES (?1, ?2)",
		"UPDATE note SET state = 3, code = 202 WHERE id = ?1",
		"DELETE FROM body WHERE id = ?1",
	};

	*b = (struct bare_out){ .texts = texts };
	bare_open(&b->rows, path, BARE_BY_DAY);
	if (sqlite3_exec(b->rows.db, more, NULL, NULL, NULL) != SQLITE_OK)
		bare_fail(&b->rows);
	for (int i = 0; i < OUT_STATEMENTS; i++)
		if (sqlite3_prepare_v3(b->rows.db, text[i], -1, SQLITE_PREPARE_PERSISTENT, &b->q[i], NULL) != SQLITE_OK)
			bare_fail(&b->rows);
	bare_do(&b->rows, BARE_BEGIN);
	for (long long i = 0; i < texts; i++)
		bare_put(&b->rows, i, i, 1790000000 + i * 7919 % (60 * 86400), 1790000000);
	bare_do(&b->rows, BARE_COMMIT);
}

/* The k-th to go: those that are due next to one another were not booked so. */
static inline long long
out_id(const struct bare_out *b, unsigned long long k)
{
	return ((long long)(k * 2654435761u % (unsigned long long)b->texts) + 1) * 1024;
}

static inline void
out_arm(struct bare_out *b, unsigned long long k, const char *body, int body_n, long long now_s)
{
	char request[40];

	(void)snprintf(request, sizeof request, "5c0ffee5-0000-4000-8000-%012llx", k);
	(void)sqlite3_bind_int64(b->q[OUT_ARM], 1, out_id(b, k));
	(void)sqlite3_bind_int64(b->q[OUT_ARM], 2, now_s);
	(void)sqlite3_bind_text(b->q[OUT_ARM], 3, request, -1, SQLITE_STATIC);
	out_do(b, OUT_ARM);
	(void)sqlite3_bind_int64(b->q[OUT_KEEP], 1, out_id(b, k));
	(void)sqlite3_bind_blob(b->q[OUT_KEEP], 2, body, body_n, SQLITE_STATIC);
	out_do(b, OUT_KEEP);
}

static inline void
out_settle(struct bare_out *b, unsigned long long k)
{
	(void)sqlite3_bind_int64(b->q[OUT_SETTLE], 1, out_id(b, k));
	out_do(b, OUT_SETTLE);
	(void)sqlite3_bind_int64(b->q[OUT_DROP], 1, out_id(b, k));
	out_do(b, OUT_DROP);
}

static inline void
out_close(struct bare_out *b)
{
	for (int i = 0; i < OUT_STATEMENTS; i++)
		(void)sqlite3_finalize(b->q[i]);
	bare_close(&b->rows);
}

#endif
