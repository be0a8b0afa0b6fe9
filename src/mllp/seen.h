/* mllp/seen.h - which certificates senders showed since the start, each with its
 * environment. Bounded: the one that was not shown for longest makes room.
 */
#ifndef MLLP_SEEN_H
#define MLLP_SEEN_H

#include "nudge/certificates.h"

#include <openssl/x509.h>
#include <pthread.h>

#define SEEN_MAX 512

struct seen_one {
	struct held is;       /* its texts point at what is below */
	char *environment;    /* owned */
	char peer[48];
};

struct seen {
	pthread_mutex_t lock;
	struct seen_one *at[SEEN_MAX]; /* owned; in use: the first n */
	size_t n;
};

void seen_init(struct seen *s);
void seen_clear(struct seen *s);

/* A connection of this certificate was admitted to the environment; NULL: not
 * noted (no memory, or all of them are connected). Any thread. */
struct seen_one *seen_come(struct seen *s, const char *environment, X509 *leaf, const char *peer, int64_t now_s);
void seen_leave(struct seen *s, struct seen_one *one, int64_t now_s); /* NULL is fine. */

/* describe.c: texts and dates of what is in memory. */
void describe_certificate(const X509 *x, struct mllp_certificate *out);
void describe_list(const X509_CRL *list, struct mllp_certificate *out);

#endif
