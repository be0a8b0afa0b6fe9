/* nudge/watch.h - what may be asked without being anybody: how the house is.
 *
 *   GET /healthz   200 while the engine makes progress
 *   GET /readyz    200 when every listener accepts and the store answers
 *   GET /metrics   Prometheus' text format
 *
 * else 503 with the reason in one line. A socket of this machine; a connection is
 * one request of at most 4 KiB within ten seconds, and few are open at a time. All
 * that ask meanwhile share one look of the engine's, and there is only one at a time.
 * No answer has anything of a patient: labels are titles of the configuration.
 * Thread: the one that runs `base`. SIGPIPE must be ignored.
 */
#ifndef NUDGE_WATCH_H
#define NUDGE_WATCH_H

#include "nudge/control.h"

struct watch;

struct watch_setup {
	struct event_base *base;
	int listener;             /* bound and listening; owned from here on, when it succeeds */
	void *ctx;
	size_t (*listeners)(void *ctx);                  /* of the configuration in force: how many should accept */
	void (*give)(void *ctx, struct command *c);      /* to the engine; comes back by watch_reply() */
	void (*intake)(void *ctx, struct mllp_stats *out);
	size_t (*senders)(void *ctx, struct mllp_sender out[MLLP_SENDERS_MAX]);
	void (*held)(void *ctx, held_fn *fn, void *arg);
	void (*forwarded)(void *ctx, struct forward_state *out); /* how the audit log is told elsewhere; NULL: not */
	int64_t (*stuck_s)(void *ctx); /* how long the engine has made no progress, when that is too long; else 0 */
};

/* Where the configuration says; -1 fills *f. */
int watch_listen(const struct conf *c, struct fault *f) __attribute__((warn_unused_result));
bool watch_new(const struct watch_setup *s, struct watch **out, struct fault *f) __attribute__((warn_unused_result));
/* true: the command was this one's. w may be NULL. */
bool watch_reply(struct watch *w, struct command *done);
/* Not while the engine may still have its command. NULL is fine. */
void watch_free(struct watch *w);

#endif
