/* store/sqlite/log_gather.h - what follows on itself in the write-ahead log, written in few calls.
 *
 * SQLite writes a frame of the log as 24 bytes and a page, two calls to the
 * kernel each, and nothing depends on them before the log is synced. They are
 * kept here until then, or until something else is asked of the file: a read,
 * its size, a write elsewhere, its end. An error of a gathered write is told by what made it
 * leave, which is the sync at the latest: before the commit counts.
 * Sound only where every commit syncs the log (synchronous = FULL).
 * One file handle each; not for several threads at once.
 */
#ifndef STORE_LOG_GATHER_H
#define STORE_LOG_GATHER_H

#include <sqlite3.h>

struct log_gather; /* owns what is not written yet */

struct log_gather *log_gather_new(void); /* NULL: no memory. */
void log_gather_free(struct log_gather *g); /* Forgets what is not written. NULL is fine. */

/* As xWrite and as if everything before were written. Gives a code of SQLite's: of this write or of an earlier one. */
int log_gather_write(struct log_gather *g, sqlite3_file *real, const void *from, int n, sqlite3_int64 at);

/* Writes what is here. After an error it is forgotten: the transaction that it was of fails, and writes anew. */
int log_gather_flush(struct log_gather *g, sqlite3_file *real);

#endif
