/* store/sqlite/recent.h - by what the newest rows are found, in memory: undone with the transaction that wrote it.
 *
 *   recent.c         entries by mark or by id
 *   recent_table.c   the same as tables recent_* and filing_* of statements
 */
#ifndef STORE_SQLITE_RECENT_H
#define STORE_SQLITE_RECENT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nudge/seal.h"
#include "store/sqlite/statements.h"

struct recent_entry {
	union {
		uint8_t mark[MARK_BYTES]; /* of FOUND_PATIENT and FOUND_PHONE */
		int64_t at;               /* of FOUND_ERASE and FOUND_DUE: seconds since 1970 */
	};
	int64_t id;                       /* an appointment's; of FOUND_DUE a text's */
};

struct recent;

struct recent *recent_new(void); /* NULL: no memory */
void recent_free(struct recent *r); /* NULL is fine. */

/* An entry is known by its mark and id, or by its id alone. One that is added takes the place of the same; *was (may be NULL): the one to
 * drop was there. False: no memory, and nothing changed. */
bool recent_add(struct recent *r, enum found_by by, const struct recent_entry *e);
bool recent_drop(struct recent *r, enum found_by by, const struct recent_entry *e, bool *was);
bool recent_any(const struct recent *r, enum found_by by, const uint8_t mark[MARK_BYTES]); /* of FOUND_PATIENT and FOUND_PHONE */
int64_t recent_least(const struct recent *r, enum found_by by); /* the earliest time of FOUND_ERASE or FOUND_DUE; INT64_MAX: none */

/* What was added and dropped since the last call stands, or is undone. NULL is fine. */
void recent_settle(struct recent *r, bool committed);

/* The day or span that a time falls in; by is FOUND_ERASE or FOUND_DUE. */
int64_t recent_unit(enum found_by by, int64_t at);

struct recent_range {
	const uint8_t *mark; /* NULL: any */
	const int64_t *unit; /* NULL: any */
	int64_t above, most; /* ids: beyond, up to */
};

struct recent_list { /* copies; zeroed when empty */
	struct recent_entry *item; /* owned */
	size_t n, cap;
};

/* Adds to *out, in no order. False: no memory. */
bool recent_gather(const struct recent *r, enum found_by by, const struct recent_range *range, struct recent_list *out);
void recent_sort(enum found_by by, struct recent_list *l); /* by mark or unit, then by id */
void recent_list_free(struct recent_list *l);

/* What filing_* is: borrowed until the next call. */
void recent_file(struct recent *r, const struct recent_list *portion);
const struct recent_list *recent_filing(const struct recent *r);

/* Tables of this connection with the columns of found_*, which can be read only: recent_patient, recent_phone, recent_erase and recent_due,
 * and filing_* of the same names. r lives as long as db. Returns what SQLite says. */
int recent_tables(sqlite3 *db, struct recent *r);

#endif
