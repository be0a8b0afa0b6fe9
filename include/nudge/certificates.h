/* nudge/certificates.h - the certificates and revocation lists that a house uses
 * or was shown, how long each still lasts, and the moment that gets short.
 *
 * What is listed is what is in force: a renewed file counts once it was read
 * (nudgectl reload --keys).
 */
#ifndef NUDGE_CERTIFICATES_H
#define NUDGE_CERTIFICATES_H

#include "nudge/digest.h"
#include "nudge/mllp.h"

enum held_as {
	HELD_OWN,    /* what we show */
	HELD_PINNED, /* a sender's, named by its environment */
	HELD_ISSUER, /* of senders */
	HELD_LIST,   /* of what an issuer has taken back */
	HELD_SEEN    /* shown by a sender, and none of the files */
};

struct held {
	enum held_as as;
	const char *block, *owner;   /* "environment", its title; borrowed for the call, as all texts here */
	const char *setting, *file;  /* which names it; "" with HELD_SEEN */
	struct mllp_certificate is;  /* a list: its issuer, from when, until when the next is due (0: not said) */
	uint8_t key[DIGEST_BYTES];   /* SHA-256 of the public key; zero with lists */
	int64_t first_s, last_s;     /* when a sender showed it since the start; 0: never. last_s is now while one is connected */
	int64_t open;                /* connections that showed it */
	const char *peer;            /* who showed it last; "" */
	bool counts;                 /* false: another took its place, so that its end means nothing */
	const char *unreadable;      /* NULL, or why the rest is empty */
};
typedef void held_fn(void *ctx, const struct held *h);

/* Every one of an intake, environments that several listeners share once. Any
 * thread that may call mllp_reload(). */
void mllp_held(struct mllp *m, held_fn *fn, void *ctx);

/* Further down: worse. A revocation list is HELD_1 from a quarter of its life,
 * at most a day, before the next one is due; an issuer renews it often. */
enum held_state { HELD_GOOD, HELD_EARLY, HELD_30, HELD_14, HELD_7, HELD_1, HELD_OVER };
enum held_state held_state(const struct held *h, int64_t now_s);          /* Pure. */
const char *held_state_word(enum held_state s);                           /* "good", "14-days", "expired". Literal. */
int64_t held_days_left(const struct held *h, int64_t now_s);              /* Whole days; negative once it is over. Pure. */

/* Tells each state of each certificate once when it begins, and once when all
 * is well again. A round: begin, every certificate, end. *e is zero at first. */
struct expiry_known;
struct expiry {
	struct expiry_known *known; /* owned */
	size_t n;
	uint64_t round;
};
/* s: HELD_GOOD when a state ended; h->unreadable and dates are of that moment. */
typedef void expiry_tell_fn(void *ctx, const struct held *h, enum held_state s, int64_t now_s);
void expiry_begin(struct expiry *e);
/* Without memory it is not told; the next round tries again. */
void expiry_look(struct expiry *e, const struct held *h, int64_t now_s, expiry_tell_fn *tell, void *ctx);
void expiry_end(struct expiry *e, int64_t now_s, expiry_tell_fn *tell, void *ctx); /* Those that were not shown are gone: well. */
void expiry_clear(struct expiry *e);
void expiry_log(void *ctx, const struct held *h, enum held_state s, int64_t now_s); /* An expiry_tell_fn: to the log. */

#endif
