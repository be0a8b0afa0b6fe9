/* mllp/senders.h - of each sender, when it was heard last and how long its answers took.
 *
 * A sender is an environment and an application that a site of it names. What MSH-3
 * says otherwise is counted as CONF_SENDER_OTHER: no name from outside gets in here.
 */
#ifndef MLLP_SENDERS_H
#define MLLP_SENDERS_H

#include "nudge/mllp.h"

#include <pthread.h>
#include <stdatomic.h>

struct sender {
	char environment[64], application[64]; /* do not change once they are there */
	atomic_llong last_s;
	struct latency latency;
};

struct senders {
	pthread_mutex_t lock; /* who adds */
	atomic_size_t n;
	struct sender at[MLLP_SENDERS_MAX]; /* the last takes all that have no place */
};

void senders_init(struct senders *s); /* *s is zero */
void senders_clear(struct senders *s);
/* A frame got its answer after so many microseconds; negative: it got none. Any thread. */
void senders_note(struct senders *s, const struct message *m, int64_t us, int64_t now_s);

#endif
