/* control/ports.h - whether the ports of a configuration can be had. */
#ifndef CONTROL_PORTS_H
#define CONTROL_PORTS_H

#include "nudge/conf.h"

/* Tries each port of listeners and webhooks, and lets go of it at once. One that
 * systemd, the nudged of this control socket or its sender holds is fine.
 * Adds to *faults; true when no error was added. */
bool ports_check(const struct conf *c, struct conf_faults *faults) __attribute__((warn_unused_result));

#endif
