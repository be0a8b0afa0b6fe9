/* sender/outbox.h - events on their way to nudged, kept until it has taken them.
 *
 * In order; at most OUTBOX_WINDOW are out at once. A new connection gets again
 * whatever was not taken. Numbers begin at random, so that what is said of an
 * event of another life of this process names none of ours.
 */
#ifndef SENDER_OUTBOX_H
#define SENDER_OUTBOX_H

#include "nudge/told.h"

#define OUTBOX_WINDOW 256u
#define OUTBOX_MAX (16u << 20) /* bytes that wait */

struct outbox;
typedef bool outbox_write_fn(void *ctx, struct span frame); /* one frame to nudged; false: not now */

bool outbox_new(outbox_write_fn *write, void *ctx, struct outbox **out);
void outbox_free(struct outbox *o); /* NULL is fine. Parcels are not called. */
void outbox_linked(struct outbox *o, bool linked); /* a connection began or ended */
void outbox_taken(struct outbox *o, int64_t event); /* Fine when it is not there. */
bool outbox_ready(const struct outbox *o);
bool outbox_give(struct outbox *o, struct told_parcel *p, const struct link_event *e); /* p NULL: nobody waits for it */
void outbox_forget(struct outbox *o, struct told_parcel *p);

#endif
