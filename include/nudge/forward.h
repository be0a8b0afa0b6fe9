/* nudge/forward.h - the audit log, told to a syslog daemon of this machine as IHE ATNA events (nudge/atna.h).
 *
 * The log is the record, and the queue: what was told is a place in it, kept beside it (audit/forwarded), so that
 * nothing is lost while nobody takes it, over a restart neither. After a crash the last few may come twice. Nothing
 * ever waits for the daemon. It is an alarm when nothing could be handed over for five seconds, and a line when it
 * works again.
 * The socket is a datagram's, as /dev/log, or a stream's, where a line end closes each message.
 * Thread: the one that runs `base`.
 */
#ifndef NUDGE_FORWARD_H
#define NUDGE_FORWARD_H

#include "nudge/audit.h"

struct event_base;
struct forward;

struct forward_setup {
	struct event_base *base;
	struct audit *audit;
	const char *directory;      /* of the log; borrowed for the call */
	int64_t (*boot_ms)(void);   /* NULL: the system's clock */
};

/* Off until forward_to(). Owned by the caller. */
bool forward_new(const struct forward_setup *s, struct forward **out, struct fault *f) __attribute__((warn_unused_result));

/* Where to; "" ends it, and forgets the place. from: the record to begin with, when no place is kept. The same path
 * again changes nothing. */
void forward_to(struct forward *w, const char *path, int64_t from);
void forward_tick(struct forward *w); /* every second */

struct forward_state {
	char path[108];    /* "": off */
	int64_t waiting;   /* records that were not looked at yet */
	int64_t told;      /* messages that were taken, since the start */
	int64_t lost;      /* records that were removed before, or could not be read */
	bool failing;      /* the alarm stands */
};
void forward_state(const struct forward *w, struct forward_state *out); /* w NULL: off */

/* Tells what it can without waiting. NULL is fine. Before the log is closed. */
void forward_free(struct forward *w);

#endif
