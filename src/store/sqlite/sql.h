/* store/sqlite/sql.h - what the files of the SQLite store share.
 *
 *   open.c         the database: open, migrate, pragmas, begin, commit, checkpoint
 *   statements.c   every statement, prepared once
 *   keys.c         marks, the key of a day, sealing a column
 *   rotate.c       another store key: wrapped anew at once, sealed anew in portions
 *   small.c        senders, sites, settings, opt-outs, caps
 *   approval.c     what was approved of each site
 *   seen.c         messages that were answered
 *   usage.c        what organizations have used of their month
 *   appointment.c, alias.c, text.c, text_write.c, quarantine.c, sample.c, erase.c
 *   moved.c        messages that are kept so long since they came, when the clock was wrong then
 *   found.c        by what appointments and due texts are found; of the newest in memory: recent.h
 *   glance.c       the little that is asked of an appointment most often
 *   restored.c     sends that only the journal knows
 *   spare.c        what the file has free and gives back
 *   backup.c       a copy, made beside the work
 *   over.c         what is only reported any more, and too old
 *   states.c       the tally, counted again from the rows
 *   reader.c       read-only views, on a connection of their own
 */
#ifndef STORE_SQLITE_SQL_H
#define STORE_SQLITE_SQL_H

#include <sqlite3.h>

#include "nudge/store.h"
#include "store/sqlite/recent.h"
#include "store/sqlite/statements.h"

#define DAYS_HELD 64 /* day keys in memory */

struct day_key {
	uint32_t id;          /* day and turn, as a sealed field names it */
	struct seal_key *key; /* owned */
};

/* What one store key opens. After a rotation it is another one; the one before
 * stays until the commit. */
struct keys {
	struct seal_key *store;
	struct mark_key *marks;
	struct mark_key **optouts; /* newest first: the first marks, all are tried */
	size_t optouts_n;
	int64_t turn;              /* counts store keys; of new day keys */
};

/* Every column that is sealed. */
struct sealed_place { const char *table, *column, *row; };
#define SEALED_PLACES 9
extern const struct sealed_place sealed_places[SEALED_PLACES];

enum { /* appointment.flags */
	FLAG_DECEASED = 1, FLAG_CONFIDENTIAL = 2, FLAG_LEFT = 4, FLAG_PATIENT = 8, FLAG_REBOOKED = 16,
	FLAG_NEWS_DEATH = 32, FLAG_NEWS_PHONE = 64, FLAG_NEWS_MERGE = 128
};

struct tally {
	int64_t site, n, committed;
	enum text_state state;
};

struct filing { /* see found.c */
	int64_t filed, filing; /* appointments; the same: nothing is being filed */
	int place;             /* of enum found_by, and those before it are filed */
	int64_t put;           /* last_put, as of the last commit */
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *prepared[STATEMENTS];
	bool begun;
	int lock;                 /* descriptor */
	struct keys *keys, *keys_before; /* before: until the commit of a rotation; else NULL */
	struct seal_key *known[STORE_KEYS_MAX]; /* store keys that were given; the first is the one to have */
	size_t known_n;
	struct store_rotation rotation, rotation_before; /* as of the last commit */
	struct day_key days[DAYS_HELD];
	size_t days_n;
	int64_t next_appointment, next_response;
	int64_t last_put;          /* a row beyond it is new */
	struct filing found, found_before; /* before: as of the last commit */
	struct recent *recent;     /* owned */
	int64_t recent_most;       /* appointments in memory before they are filed */
	struct recent_list filing_list; /* of one place, from filing_at on; when filing_listed */
	size_t filing_at;
	bool filing_listed;
	struct { int64_t appointment, response, quarantine; } next_before; /* as of the begin */
	int64_t config;           /* what texts are decided under */
	int64_t next_erasure;
	int64_t erased_s;         /* in this transaction; 0: nothing was */
	int log_pages;            /* in the write-ahead log since the last checkpoint */
	int log_commits;
	struct tally *tally;      /* owned */
	size_t tally_n;
	bool tally_lacks;      /* a cell for want of memory: this transaction must not be committed */
	int64_t next_quarantine;
	struct { bool put; char organization[64]; int64_t month; struct store_usage is; } usage; /* see usage.c */
	struct { int64_t boot, offset_s; } clock; /* see store_clock() */
	int64_t caps_day;         /* before it nothing is left in cap, up to caps_at */
	uint8_t caps_at[MARK_BYTES];
	bool caps_done;
	struct { int64_t n, bytes, committed_n, committed_bytes; } kept; /* in quarantine */
	store_barred_fn *on_barred; /* NULL: nobody wants to know */
	void *on_barred_ctx;
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

/* What cannot be copied for want of memory makes the next step fail, whichever
 * it is; not so when this was called meanwhile. */
void sql_lacks_nothing(void);
void sql_bind_span(sqlite3_stmt *q, int at, struct span v);          /* text, copied */
void sql_bind_text(sqlite3_stmt *q, int at, const char *v);          /* copied */
void sql_lend_text(sqlite3_stmt *q, int at, const char *v);          /* not copied: it stays until the statement has run */
void sql_lend_blob(sqlite3_stmt *q, int at, const void *v, size_t n);
void sql_bind_blob(sqlite3_stmt *q, int at, const void *v, size_t n); /* copied; n 0 binds NULL */
void sql_text(sqlite3_stmt *q, int column, char *out, size_t cap);   /* "" for NULL */
struct span sql_blob(sqlite3_stmt *q, int column);                   /* borrowed until the next step */

/* Seals `plain` for a place under the key of `day` into s->scratch. */
bool keys_seal(struct store *s, int64_t day, struct seal_where at, struct span plain, struct fault *f);
/* Opens into s->scratch; *opened false when the key of its day is gone, or the bytes are damaged. */
bool keys_open(struct store *s, struct seal_where at, struct span sealed, bool *opened, struct fault *f);
/* The same of an appointment's column into out, terminated; "" when it has none, or its key is gone. */
bool keys_open_column(struct store *s, sqlite3_stmt *q, const char *name, int column, int64_t id, char *out, size_t cap, struct fault *f);
/* Takes store keys over, the first of `n` as the one to have. */
bool keys_give(struct store *s, const uint8_t *bytes, size_t n, struct fault *f);
bool keys_load(struct store *s, bool fresh, struct fault *f);  /* marks and opt-outs; proves the store key */
/* What `store` opens, which is taken over; NULL fills *f. `name`: a key of the ring, made anew. */
struct keys *keys_under(struct store *s, struct seal_key *store, struct fault *f);
bool keyring_make(struct store *s, struct seal_key *store, const char *name, struct fault *f);
bool keyring_put(struct store *s, const char *name, struct span wrapped, struct fault *f);
bool keys_destroy(struct store *s, int64_t day, int64_t before_turn, struct fault *f); /* day below 0: of all */
bool keys_rewrap(struct store *s, struct seal_key *store, struct fault *f); /* all that s->keys->store opens */
#define OPTOUT_KEYS "optouts/" /* of the ring: a number, which orders them, and chance */
void keys_settle(struct store *s, bool committed);
void keys_drop(struct keys *k); /* NULL is fine. */
void keys_free(struct store *s);
/* The turn that a sealed field's key belongs to, and its day; false when it is no sealed field. Pure. */
bool keys_peek(struct span sealed, int64_t *day, int64_t *turn);
bool rotation_load(struct store *s, struct fault *f);
void keys_forget_days(struct store *s);

/* What finds a row was `before` and is `after` from now on; the same, or none (SPAN_NONE, FOUND_NEVER) of one of both, is fine.
 * id: an appointment's; of FOUND_DUE a text's. Within a transaction. */
#define FOUND_NEVER INT64_MIN
bool found_mark(struct store *s, enum found_by by, int64_t id, struct span before, struct span after, struct fault *f);
bool found_time(struct store *s, enum found_by by, int64_t id, int64_t before, int64_t after, struct fault *f);
bool found_no_more(struct store *s, int64_t appointment, struct fault *f); /* by nothing that its row has: it is erased in this transaction */
bool found_file(struct store *s, struct fault *f); /* a portion, before a commit, when enough has gathered */
bool found_load(struct store *s, struct fault *f); /* at a start, within a transaction */
void found_settle(struct store *s, bool committed);

sqlite3 *reader_db(struct store_reader *r);
#define TEXT_COLUMNS_N 32
bool text_noted(struct store *s, struct text *t, struct fault *f); /* its row was written as *t is: by what it is found, and the tally */
bool text_of_row(sqlite3_stmt *q, struct text *t);             /* columns in the order of S_TEXT_GET */
int64_t sql_number(sqlite3 *db, const char *pragma);             /* Its first row; 0 when there is none. */
void tally_change(struct store *s, int64_t site, enum text_state state, int64_t by);
bool usage_write(struct store *s, struct fault *f);            /* before a commit */
void usage_settle(struct store *s);
bool tally_load(struct store *s, struct fault *f);
bool tally_write(struct store *s, struct fault *f);            /* within the transaction, before its commit */
void tally_settle(struct store *s, bool committed);
void erase_settle(struct store *s, bool committed);
bool quarantine_load(struct store *s, struct fault *f);
void quarantine_settle(struct store *s, bool committed);
bool response_load(struct store *s, struct fault *f);
bool response_erase(struct store *s, int64_t today, struct fault *f);
bool sample_erase(struct store *s, int64_t today, struct fault *f);
bool quarantine_erase(struct store *s, int64_t today, bool *more, struct fault *f); /* some of what was kept long enough */

#endif
