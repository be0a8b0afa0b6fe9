/* sender/loop.h - the link to nudged and the client to the gateway, on one event loop. */
#ifndef SENDER_LOOP_H
#define SENDER_LOOP_H

#include <event2/event.h>

#include "nudge/acs.h"

struct loop;

/* Holds c. Connects to its sender_socket, again and again until it is there. */
bool loop_new(struct event_base *base, struct conf *c, struct loop **out, struct fault *f);
bool loop_reload(struct loop *l, struct conf *c, struct fault *f); /* false: the old stays in force. NULL: the same, its secrets again. */
bool loop_same(const struct loop *l, const struct conf *c); /* Its files are byte for byte those of the one in force. */
/* Called when nudged says that it has read its configuration again; false: *f says why the old stays in force. */
typedef bool loop_reload_fn(void *ctx, enum link_reload how, struct fault *f);
void loop_on_reload(struct loop *l, loop_reload_fn *fn, void *ctx);
void loop_stop(struct loop *l);  /* Takes no more; ends the event loop when the running are done, 5 s at most. */
void loop_free(struct loop *l);  /* NULL is fine. */

#endif
