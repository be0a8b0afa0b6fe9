/* hl7/transcode.h - character sets by name, through ICU. */
#ifndef HL7_TRANSCODE_H
#define HL7_TRANSCODE_H

#include "nudge/arena.h"
#include "nudge/span.h"

/* A set that MSH-18 may name (table 0211, or an alias that ICU has) and whose
 * ASCII is ASCII. Neither looks at Unicode's own encodings. Pure. */
bool transcode_knows(struct span name);
bool transcode_is_2022(struct span name); /* Its letters are ASCII bytes between escape sequences. Pure. */

/* UTF-8 in the arena, U+FFFD for what the set has not; SPAN_NONE when the arena is full. */
struct span transcode(struct span bytes, struct span name, struct arena *a);

/* UTF-16 or UTF-32 by its mark or its zeros; SPAN_NONE when it is neither, or the arena is full. */
struct span transcode_wide(struct span bytes, struct arena *a);

#endif
