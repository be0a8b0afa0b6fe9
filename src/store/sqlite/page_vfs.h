/* store/sqlite/page_vfs.h - a sum at the end of every page of the database, so that a bit that flipped is noticed.
 *
 * A VFS over SQLite's default one. Pages of a main database get the sum of
 * their content in their last 8 bytes when they are written, and are looked at
 * when they are read: one that is wrong is an input/output error, never data.
 * The log has sums of its own; what is written to it leaves in few calls
 * (log_gather.h). Readers without this VFS are fine, writers are not.
 */
#ifndef STORE_PAGE_VFS_H
#define STORE_PAGE_VFS_H

#include <sqlite3.h>
#include <stdbool.h>

#define PAGE_VFS "nudge-pages"
bool page_vfs_ready(void);          /* Registers it; again is fine. Any thread. */
void page_vfs_reserve(sqlite3 *db); /* Before anything is in it: room for the sums. */

#endif
