/* store/sqlite/log_look.h - the write-ahead log, looked at before SQLite recovers from it.
 *
 * SQLite takes a log up to its first damaged frame and forgets the rest, for
 * that is how a commit ends that the power cut short. But each commit is synced
 * before the next one is written: a damaged frame was on the disk, and has rotted
 * since, when behind it a whole frame goes on from a commit. To go on would forget
 * what was acknowledged. That it was a commit is not believed of a damaged frame
 * whose head lies in two sectors: a torn write leaves it half of what was there before.
 * Source: SQLite's file format, section 4.
 */
#ifndef STORE_LOG_LOOK_H
#define STORE_LOG_LOOK_H

#include "nudge/fault.h"

/* path: of the database. Fine when there is no log. Before it is opened by anybody. A log that is taken is synced, so that
 * nothing is written behind what a killed process left unsynced. */
bool log_look(const char *path, struct fault *f) __attribute__((warn_unused_result));

#endif
