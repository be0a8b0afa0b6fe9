/* control/optout.h - what an administrator asks about opt-outs, read from a request. */
#ifndef CONTROL_OPTOUT_H
#define CONTROL_OPTOUT_H

#include <jansson.h>

#include "nudge/engine.h"

/* Fills *c, its kind by the request's command; a literal that says what is
 * wrong, or NULL. c->phone is wiped when something is. Pure. */
const char *optout_asked(const json_t *request, const struct rules *rules, struct command *c);

#endif
