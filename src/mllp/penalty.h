/* mllp/penalty.h - addresses whose handshakes fail again and again are kept out for a while.
 *
 * Each failure is a debt in seconds, which time pays off. Once it has grown to
 * PENALTY_BARS_MS the address is not let in until all of it is paid. A sender
 * that was accepted pays it at once, and while one of an address is connected
 * no debt is made there: senders may share an address with what knocks.
 * IPv6 counts by its /64.
 */
#ifndef MLLP_PENALTY_H
#define MLLP_PENALTY_H

#include "mllp/peer.h"

#include <pthread.h>
#include <stdint.h>

#define PENALTY_SOURCES_MAX 1024
#define PENALTY_BARS_MS 20000
#define PENALTY_FAILED_MS 2000   /* a refused certificate, a handshake that breaks */
#define PENALTY_STALLED_MS 10000 /* a handshake that takes all of its time */

struct penalty_source {
	unsigned char address[16];
	int64_t until_ms; /* boot clock: when the debt is paid */
	bool barred;
	int64_t open;     /* accepted senders that are connected */
};

struct penalties {
	pthread_mutex_t lock;
	struct penalty_source at[PENALTY_SOURCES_MAX]; /* in use: the first n */
	size_t n;
};

/* All may be called by any thread. */
void penalties_init(struct penalties *p);
void penalties_clear(struct penalties *p);  /* Its last use. */
void penalties_forget(struct penalties *p); /* Every debt: the configuration is another. */

/* Milliseconds for which the address is kept out from now on; 0: it is not, or
 * it was before. max_ms: the longest debt; 0: none is kept. */
int64_t penalty_add(struct penalties *p, const struct peer *from, int64_t debt_ms, int64_t max_ms, int64_t now_ms);
bool penalty_bars(struct penalties *p, const struct peer *from, int64_t now_ms);
void penalty_come(struct penalties *p, const struct peer *from);  /* It was accepted. */
void penalty_leave(struct penalties *p, const struct peer *from); /* It was, and has gone. */

#endif
