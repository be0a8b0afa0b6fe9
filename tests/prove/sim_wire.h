/* tests/prove/sim_wire.h - TCP between interface engines and the intake: bytes that are late, in pieces, or cut.
 *
 * nudged's end is src/mllp/wire.h, whose functions are ours here; the other
 * end is a feed's.
 */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "nudge/span.h"

struct intake_thread;
struct port;

struct wire_ends { /* a feed's ears */
	void (*bytes)(void *ctx, struct span in);
	void (*ended)(void *ctx);
	void (*taken)(void *ctx);      /* nudged has read something of what was sent */
	void *ctx;
};

void sim_wires_clear(void);
void sim_wires_serve(struct intake_thread *t, struct port *p); /* NULL: nobody listens */
void sim_wires_rough(bool rough);      /* Late, and in pieces. */
int sim_wire_open(const struct wire_ends *ends); /* A descriptor; -1: refused. */
void sim_wire_send(int fd, struct span bytes);
void sim_wire_cut(int fd);             /* The network is gone: both ends find out. */
void sim_wire_hang_up(int fd);         /* The feed closes. */

#endif
