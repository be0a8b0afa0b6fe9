/* nudge/textdiff.h - which lines of a text changed. Pure but for memory. */
#ifndef NUDGE_TEXTDIFF_H
#define NUDGE_TEXTDIFF_H

#include "nudge/buf.h"

/* Appends a line "-LINE" for each that is gone and "+LINE" for each that is
 * new, in order, with "@ NAME" before the first of a file: a line of a text
 * that begins with the byte 0x1c names the file that follows. false: no memory. */
bool textdiff(struct span before, struct span now, struct buf *out) __attribute__((warn_unused_result));

#endif
