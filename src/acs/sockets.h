/* acs/sockets.h - what libcurl waits for, sockets and its timer, on a libevent loop. For src/acs/http.c alone. */
#ifndef ACS_SOCKETS_H
#define ACS_SOCKETS_H

#include <curl/curl.h>
#include <stdbool.h>

struct event_base;
struct sockets;

typedef void sockets_ran_fn(void *ctx); /* libcurl did something: requests may have ended */

bool sockets_new(struct event_base *base, CURLM *multi, sockets_ran_fn *ran, void *ctx, struct sockets **out) __attribute__((warn_unused_result));
void sockets_free(struct sockets *s);    /* After libcurl's own end, which closes what is open. NULL is fine. */
bool sockets_of(struct sockets *s, CURL *u); /* What u opens is opened and closed here. */
void sockets_went_on(struct sockets *s); /* A connection, a byte or an end: what happens on sockets is not in vain. */

#endif
