/* acs/webhook.h - a TLS listener on which Event Grid posts events, in either of its schemas.
 *
 * Both handshakes are answered. 200 means that nudged has stored what a request
 * said; whatever is not sure is answered 503, so that Event Grid tries again:
 * 400, 401 and 413 it does not. At most WEBHOOK_CONNECTIONS at once, each of
 * them for two minutes at most, each with one request under way.
 */
#ifndef ACS_WEBHOOK_H
#define ACS_WEBHOOK_H

#include "acs/http.h"
#include "nudge/conf.h"
#include "nudge/told.h"

#define WEBHOOK_CONNECTIONS 32u

struct webhook;
/* Reads certificate, key and secret; copies what it needs of g, whose
 * webhook_port is set. old: whose port it takes along when it is the same; NULL: none. */
bool webhook_new(struct event_base *base, struct http *http, const struct conf_gateway *g, const struct told_outlet *outlet,
    const struct webhook *old, struct webhook **out, struct fault *f) __attribute__((warn_unused_result));
int webhook_port(const struct webhook *w);
void webhook_free(struct webhook *w); /* Requests under way are cut: they come again. NULL is fine. */

/* ---- who may call ---- */
struct caller; /* what a request must show: a secret, a token, or both */
bool caller_new(struct event_base *base, struct http *http, const struct conf_gateway *g, struct caller **out, struct fault *f)
    __attribute__((warn_unused_result));
void caller_free(struct caller *c); /* NULL is fine. */
/* code: of the query, decoded; authorization: the header. Either may be empty. */
bool caller_may(struct caller *c, struct span code, struct span authorization) __attribute__((warn_unused_result));

/* A context for servers with this chain and key. Owned by the caller. */
struct ssl_ctx_st;
bool webhook_tls(const char *certificate, const char *private_key, struct ssl_ctx_st **out, struct fault *f)
    __attribute__((warn_unused_result));

#endif
