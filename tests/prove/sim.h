/* tests/prove/sim.h - one seed's world: its chance, its clocks, its agenda, and what was seen in it.
 *
 * Everything that the product would get from the system comes from here:
 * libevent's face (sim_loop.c, sim_link.c), sockets (sim_wire.c), HTTP
 * (sim_gateway.c), both clocks and random bytes (sim.c). One thread; the same
 * seed gives the same hash of what was seen.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- chance ---- */
void sim_begin(uint64_t seed);            /* Forgets all that was. */
uint64_t dice(uint64_t n);                /* Uniform below n; n > 0. */
bool luck(uint64_t per_mille);

/* ---- what was seen ---- */
/* Into the hash, and onto standard output when NUDGE_TRACE is set. */
void sim_trace(const char *what, int64_t a, int64_t b);
uint64_t sim_hash(void);
/* A promise is broken: says so, and how to see it again. Ends the process. */
__attribute__((noreturn, format(printf, 1, 2))) void broken(const char *form, ...);

/* ---- time: milliseconds since the world began ---- */
int64_t sim_ms(void);
void sim_advance(int64_t to_ms);
int64_t sim_true_s(void);                 /* The right time, as the hospital has it. */
int64_t sim_wall_s(void);                 /* What our machine believes. */
void sim_step(int64_t ms);                /* Somebody sets our machine's clock. */
int64_t sim_skew_ms(void);                /* By how much it is ahead. */
void sim_reboot(void);                    /* Its boot clock begins anew. */

/* ---- agenda ---- */
typedef void sim_fn(void *ctx, int64_t arg);
void sim_at(int64_t in_ms, sim_fn *fn, void *ctx, int64_t arg);
void sim_forget(const void *ctx);         /* All that was to be called with it. */

/* Does one thing that can be done now; false: there is none. */
bool sim_do_one(void);
int64_t sim_next_ms(void);                /* When there is something again; INT64_MAX: never. */

#define SIM_FD 1000000                    /* descriptors from here on are ours (sim_wire.c) */
bool sim_wire_ready(int fd, bool writable);
#define SIM_BELL 2000000                  /* and from here on queues' (sim_queue.c) */
bool sim_bell_rings(int bell);

#endif
