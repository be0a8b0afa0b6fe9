/* sender/tellers.h - where gateways tell things, as one configuration has it: queues, webhooks, reports and opt-outs asked for. */
#ifndef SENDER_TELLERS_H
#define SENDER_TELLERS_H

#include "nudge/conf.h"
#include "nudge/told.h"

struct tellers;
struct acs_client;
struct event_base;

/* Reads the secrets it needs and begins. old: what runs under the configuration
 * of before, whose open ports are taken along; it goes on until it is freed. NULL: none. */
bool tellers_new(struct event_base *base, struct acs_client *client, const struct conf *c, const struct told_outlet *outlet, const struct tellers *old,
    struct tellers **out, struct fault *f) __attribute__((warn_unused_result));
void tellers_free(struct tellers *s); /* What is under way comes again. NULL is fine. */

#endif
