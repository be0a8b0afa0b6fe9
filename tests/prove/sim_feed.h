/* tests/prove/sim_feed.h - an interface engine: it says a message again, under its control id, until it is answered. */
#ifndef SIM_FEED_H
#define SIM_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nudge/span.h"

struct said { /* one message */
	const char *application, *event;
	int visit, patient, number;
	bool canceled;
	char start[16];       /* YYYYMMDDHHMMSS in the clinic's zone */
	int64_t sent_s;
};

void feed_begin(int feeds, int window, uint64_t cut, uint64_t again, uint64_t junk);
void feed_calm(void);
void feed_say(int feed, size_t message, const struct said *s); /* Queues it. */
size_t feed_message_of(struct span control_id);  /* Ends the world when it is none of ours. */
void feed_judge(void);                           /* Everything that was queued has been answered. */
int64_t feed_repeats(void);

/* Called before the first byte of a message goes; the world's own. */
void feed_gives(size_t message);

#endif
