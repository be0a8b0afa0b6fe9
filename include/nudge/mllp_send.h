/* nudge/mllp_send.h - the other end of the wire: sends one message, reads one answer.
 * What `nudgectl send` does. Blocking; any thread.
 */
#ifndef NUDGE_MLLP_SEND_H
#define NUDGE_MLLP_SEND_H

#include "nudge/buf.h"
#include "nudge/fault.h"

struct mllp_target {
	const char *host, *port;
	bool tls;
	const char *certificate, *private_key, *ca; /* PEM files; ca "" trusts the system's */
	const char *name;         /* that the listener's certificate must carry; "" = host */
	int timeout_s;            /* for each step */
};

struct mllp_wire;

/* Connects and shakes hands. Owned by the caller. */
bool mllp_connect(const struct mllp_target *t, struct mllp_wire **out, struct fault *f) __attribute__((warn_unused_result));

/* Frames and sends `message`, appends the answer (without its frame) to *answer. */
bool mllp_exchange(struct mllp_wire *w, struct span message, struct buf *answer, struct fault *f) __attribute__((warn_unused_result));
void mllp_hang_up(struct mllp_wire *w); /* NULL is fine. */

#endif
