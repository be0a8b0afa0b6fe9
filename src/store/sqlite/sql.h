/* store/sqlite/sql.h - what the files of the SQLite store share.
 *
 *   open.c         the database: open, migrate, pragmas, begin, commit, checkpoint
 *   statements.c   every statement, prepared once
 *   keys.c         marks, the key of a day, sealing a column
 *   small.c        senders, sites, settings, opt-outs, caps
 *   approval.c     what was approved of each site
 *   seen.c         messages that were answered
 *   usage.c        what organizations have used of their month
 *   appointment.c, text.c, quarantine.c, sample.c, erase.c
 *   restored.c     sends that only the journal knows
 *   spare.c        what the file has free and gives back
 *   backup.c       a copy, made beside the work
 *   states.c       the tally, counted again from the rows
 *   reader.c       read-only views, on a connection of their own
 */
#ifndef STORE_SQLITE_SQL_H
#define STORE_SQLITE_SQL_H

#include <sqlite3.h>

#include "nudge/store.h"
#include "store/sqlite/statements.h"

#define DAYS_HELD 64 /* day keys in memory */

struct day_key {
	int64_t day;
	struct seal_key *key; /* owned */
};

enum { /* appointment.flags */
	FLAG_DECEASED = 1, FLAG_CONFIDENTIAL = 2, FLAG_LEFT = 4, FLAG_PATIENT = 8, FLAG_REBOOKED = 16,
	FLAG_NEWS_DEATH = 32, FLAG_NEWS_PHONE = 64, FLAG_NEWS_MERGE = 128
};

struct tally {
	int64_t site, n, committed;
	enum text_state state;
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *prepared[STATEMENTS];
	bool begun;
	int lock;                 /* descriptor */
	struct seal_key *store_key;
	struct mark_key *marks, *optouts;
	struct day_key days[DAYS_HELD];
	size_t days_n;
	int64_t next_appointment, next_response;
	int64_t config;           /* what texts are decided under */
	int64_t next_erasure;
	int log_pages;            /* in the write-ahead log since the last checkpoint */
	struct tally *tally;      /* owned */
	size_t tally_n;
	int64_t next_quarantine;
	struct { int64_t n, bytes, committed_n, committed_bytes; } kept; /* in quarantine */
	store_optout_told_fn *on_optout; /* NULL: nobody wants to know */
	void *on_optout_ctx;
	struct buf scratch;
};

/* Fills *f with what SQLite says, and whether it passes. Always false. */
bool sql_failed(sqlite3 *db, int rc, const char *doing, struct fault *f);

/* The statement, reset and without bindings; NULL fills *f. */
sqlite3_stmt *sql_use(struct store *s, enum statement which, struct fault *f);
sqlite3_stmt *sql_prepare(sqlite3 *db, enum statement which, struct fault *f); /* a new one, the caller's */

/* Steps a statement that gives no row. */
bool sql_do(struct store *s, sqlite3_stmt *q, const char *doing, struct fault *f);
/* One row: FOUND, NONE or FAILED. The caller resets. */
enum store_found sql_row(sqlite3 *db, sqlite3_stmt *q, const char *doing, struct fault *f);

void sql_bind_span(sqlite3_stmt *q, int at, struct span v);          /* text, copied */
void sql_bind_text(sqlite3_stmt *q, int at, const char *v);          /* copied */
void sql_bind_blob(sqlite3_stmt *q, int at, const void *v, size_t n); /* copied; n 0 binds NULL */
void sql_text(sqlite3_stmt *q, int column, char *out, size_t cap);   /* "" for NULL */
struct span sql_blob(sqlite3_stmt *q, int column);                   /* borrowed until the next step */

/* Seals `plain` for a place under the key of `day` into s->scratch. */
bool keys_seal(struct store *s, int64_t day, struct seal_where at, struct span plain, struct fault *f);
/* Opens into s->scratch; *opened false when the key of its day is gone, or the bytes are damaged. */
bool keys_open(struct store *s, struct seal_where at, struct span sealed, bool *opened, struct fault *f);
bool keys_load(struct store *s, bool fresh, struct fault *f);  /* marks and opt-outs; proves the store key */
bool keys_destroy(struct store *s, int64_t day, struct fault *f);
void keys_free(struct store *s);
void keys_forget_days(struct store *s);

sqlite3 *reader_db(struct store_reader *r);
#define TEXT_COLUMNS_N 32
bool text_of_row(sqlite3_stmt *q, struct text *t);             /* columns in the order of S_TEXT_GET */
void tally_change(struct store *s, int64_t site, enum text_state state, int64_t by);
bool tally_load(struct store *s, struct fault *f);
bool tally_write(struct store *s, struct fault *f);            /* within the transaction, before its commit */
void tally_settle(struct store *s, bool committed);
bool quarantine_load(struct store *s, struct fault *f);
void quarantine_settle(struct store *s, bool committed);
bool response_load(struct store *s, struct fault *f);
bool response_erase(struct store *s, int64_t today, struct fault *f);
bool sample_erase(struct store *s, int64_t today, struct fault *f);
bool quarantine_erase(struct store *s, int64_t today, struct fault *f); /* what was kept long enough */

#endif
