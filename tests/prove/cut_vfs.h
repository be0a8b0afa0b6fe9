/* tests/prove/cut_vfs.h - a disk whose power can be cut: an SQLite VFS over the real one.
 *
 * Writes go through to real files; what a file held at its last sync is
 * remembered. A cut leaves of every sector (512 bytes) written since either
 * the old or the new content, as chance has it, and of a file's size either.
 * After the cut every call that would change something fails. One process, one
 * thread, one folder at a time.
 */
#ifndef CUT_VFS_H
#define CUT_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum cut_lie {     /* for proofs that must fail: what the disk does not do though it says so */
	CUT_HONEST,
	CUT_NO_SYNC,    /* nothing */
	CUT_NO_LOG_SYNC /* the write-ahead log only, as with synchronous = NORMAL */
};

void cut_install(void);                /* Makes it SQLite's default; once. */
void cut_lie(enum cut_lie lie);

/* Cuts at the n-th call from now that changes something (write, sync,
 * truncate); 0: never. `chance`: seeds what survives. */
void cut_after(long n, uint64_t chance);
void cut_now(void);                    /* Between two calls. */
bool cut_happened(void);

/* The process is killed, the power stays: as a cut, but all that was written survives. */
void cut_kill(void);
void cut_full(bool full);              /* No write finds room, until it is said otherwise. */
void cut_fail_sync(long n);            /* The n-th sync from now fails; 0: none. */

/* After a cut, with every file closed: puts what survived in the files' place.
 * Forgets the cut: the power is back. */
void cut_restore(void);
void cut_forget(void);                 /* The files are gone, with every file closed. */

#endif
