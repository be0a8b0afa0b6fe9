/* store/journal_line.h - an entry of the send journal as a line of text. */
#ifndef STORE_JOURNAL_LINE_H
#define STORE_JOURNAL_LINE_H

#include "nudge/buf.h"
#include "nudge/journal.h"

#define JOURNAL_LINE_MAX 1024

bool journal_line_make(const struct journal_entry *e, struct buf *out); /* Appends it, its end too. */
bool journal_line_read(struct span line, struct journal_entry *out);    /* Without its end. Pure. */

/* The first line of a file: whose journal it is. */
bool journal_head_make(int64_t house, struct buf *out);
bool journal_head_read(struct span line, int64_t *house); /* Pure. */

#endif
