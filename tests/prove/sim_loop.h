/* tests/prove/sim_loop.h - libevent's events without libevent: timers by the simulated clock, readiness by simulated sockets. */
#ifndef SIM_LOOP_H
#define SIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

bool sim_loop_do_one(void);      /* Calls one event that is ready; any of them. */
int64_t sim_loop_next_ms(void);  /* When the next timer is due. */
void sim_loop_clear(void);

#endif
