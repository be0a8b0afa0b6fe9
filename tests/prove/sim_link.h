/* tests/prove/sim_link.h - the socket between nudged and nudge-sender: bufferevents without libevent, over a link that delays and breaks. */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include <stdbool.h>

void sim_link_clear(void);
void sim_link_slow(bool slow);   /* Seconds instead of milliseconds, in pieces. */
/* The process at one end is killed: of what it had written, part may arrive. */
void sim_link_killing(bool killing);

#endif
