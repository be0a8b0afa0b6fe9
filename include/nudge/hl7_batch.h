/* nudge/hl7_batch.h - several messages in one frame: FHS { BHS { MSH ... } BTS } FTS, all wrappers optional.
 *
 * Splits at segments that begin with MSH; what stands between messages and
 * wrappers is no message's. Pure; one pass, no memory. HL7 v2 section 2.10.3.
 */
#ifndef NUDGE_HL7_BATCH_H
#define NUDGE_HL7_BATCH_H

#include "nudge/span.h"

#define HL7_BATCH_MAX 1000 /* messages of one frame */

struct hl7_batch {
	struct span rest;       /* not yet looked at */
	char end;               /* of a segment: CR, or LF where no CR is */
	struct span header;     /* the first FHS or BHS, without its end; or empty */
	unsigned wrong_counts;  /* BTS-1 or FTS-1 that say another number; known once next() gave false */
	uint64_t messages, batches; /* so far: of this batch, of the file */
};

/* true: the frame is one message, or what may be one: there is nothing to split. */
bool hl7_batch_is_single(struct span frame);

void hl7_batch_begin(struct hl7_batch *b, struct span frame); /* Borrows the frame. */
bool hl7_batch_next(struct hl7_batch *b, struct span *message); /* The next message, from MSH to before the next head; false: no more. */

#endif
