/* acs/jwt.h - whether a bearer token is one that a tenant of Entra gave to whoever may call us. Pure.
 *
 * Source: RFC 7515, 7517, 7519; RS256 only, keys of 2048 bits and more.
 */
#ifndef ACS_JWT_H
#define ACS_JWT_H

#include "nudge/fault.h"
#include "nudge/span.h"

#define JWKS_MAX 65536 /* bytes of a key set */
#define JWT_MAX 16384  /* bytes of a token */

struct jwks; /* a set of public keys */
/* Keys that are not RSA, or too small, are left out; false when none is left. Owned by the caller. */
bool jwks_read(struct span json, struct jwks **out) __attribute__((warn_unused_result));
void jwks_free(struct jwks *k); /* NULL is fine. */

struct jwt_wanted {
	const char *const *issuers; /* ended by NULL: one of them */
	const char *audience;
	const char *caller;         /* azp or appid; "": any */
	int64_t now_s;
};

enum jwt_result {
	JWT_GOOD,
	JWT_NO_KEY, /* well formed, but its key is not in the set: perhaps in a newer one */
	JWT_BAD
};
/* why: literal, for JWT_BAD. keys may be NULL: none are known yet. */
enum jwt_result jwt_check(struct span token, const struct jwks *keys, const struct jwt_wanted *wanted, const char **why);

#endif
