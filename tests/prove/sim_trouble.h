/* tests/prove/sim_trouble.h - what goes wrong around the product, and the people and services that put it right. */
#ifndef SIM_TROUBLE_H
#define SIM_TROUBLE_H

#include "sim_gateway.h"
#include "sim_house.h"

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)

enum trouble { KILL_NUDGED, KILL_SENDER, POWER, DISK_FULL, SYNC_FAILS, CLOCK, SUSPEND, GATEWAY_AWAY, GATEWAY_ODD, SLOW_LINK, ROUGH_NETWORK, TROUBLES };

extern const char *const trouble_names[TROUBLES];

/* bits: which of them this world has; until then. The gateway has its ways already. */
void trouble_begin(unsigned bits, int64_t quiet_ms, const struct gateway_ways *g, const char *folder);
bool trouble_has(enum trouble t);
int64_t trouble_happened(enum trouble t);
int64_t trouble_starts(void);          /* of nudged */

void trouble_set_clock(int64_t by_ms, int64_t for_ms); /* and it is put right after so long; 0: nobody does */
void trouble_end_nudged(enum house_end how, int64_t for_ms); /* and it is started again after so long */
void trouble_look_at_books(void);
void trouble_live(int64_t until_ms);   /* The world goes on. */

#endif
