/* acs/guests.h - connections of a TLS listener: how many, and for how long at most. */
#ifndef ACS_GUESTS_H
#define ACS_GUESTS_H

#include <stdbool.h>

#define GUEST_S 120 /* then a connection is cut, whatever it does */

struct guests;
struct event_base;
struct evconnlistener;
struct ssl_st;

struct guests *guests_new(struct event_base *base); /* NULL: no memory. */
/* No connection is accepted while there are `most`. The listener must live until guests_leave(). */
void guests_limit(struct guests *g, struct evconnlistener *listener, unsigned most);
/* Counts the connection until ssl is freed, and cuts it when its time is over. false: no memory. */
bool guests_add(struct guests *g, struct ssl_st *ssl);
void guests_leave(struct guests *g); /* Gone when the last connection is. NULL is fine. */

#endif
