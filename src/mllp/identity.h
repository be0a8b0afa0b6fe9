/* mllp/identity.h - which environments of a listener a certificate stands for.
 *
 * An environment names its senders in one of two ways: by pinned certificates
 * (their public key counts, so a renewed certificate with the old key passes),
 * or by an issuer and the names that it may have certified. What is read here
 * once is then read-only; any thread may judge with it.
 */
#ifndef MLLP_IDENTITY_H
#define MLLP_IDENTITY_H

#include "mllp/peer.h"
#include "nudge/conf.h"
#include "nudge/digest.h"
#include "nudge/fault.h"

#include <openssl/x509.h>

#define IDENTITY_ENVIRONMENTS_MAX 64 /* of one listener: the bits of identity_set */

typedef uint64_t identity_set; /* bit i: listener->environments[i] */

/* Why a certificate was refused. Further down: nearer to being accepted, so
 * that the best of several environments' reasons is the one that is told. */
enum identity_rule {
	RULE_ACCEPTED,
	RULE_NO_CERTIFICATE,
	RULE_UNPINNED,
	RULE_UNKNOWN_ISSUER,
	RULE_BAD_CHAIN,
	RULE_WEAK_KEY,
	RULE_WEAK_SIGNATURE,
	RULE_WRONG_USE,
	RULE_CRITICAL,
	RULE_EXPIRED,
	RULE_EARLY,
	RULE_NO_LIST,
	RULE_REVOKED,
	RULE_NAME,
	RULE_SOURCE,
	RULES
};

struct identity_rule_text {
	int x509_error;     /* X509_V_ERR_...: chooses the alert */
	const char *broken; /* literal: "the certificate ..." */
	const char *advice; /* literal: what to change */
};
const struct identity_rule_text *identity_rule_text(enum identity_rule r); /* Pure. */

struct identity;

/* Reads every certificate, issuer and list that the listener's environments
 * name. `l` must outlive *out, which is owned by the caller. */
bool identity_new(const struct conf_listener *l, struct identity **out, struct fault *f)
    __attribute__((warn_unused_result));
void identity_free(struct identity *id); /* NULL is fine. */

enum identity_dates {
	IDENTITY_NOW,    /* a handshake: the certificate must be within its dates */
	IDENTITY_ALREADY /* it was when the connection began */
};

/* chain: what else the peer sent; may be NULL. On RULE_ACCEPTED *out is not empty. */
enum identity_rule identity_judge(const struct identity *id, X509 *leaf, STACK_OF(X509) *chain,
    const struct peer *from, enum identity_dates dates, identity_set *out);

/* Environments that take connections from this address. */
identity_set identity_sources(const struct identity *id, const struct peer *from);

/* Everything that was read, in the order of the settings. One of x and list is NULL. */
struct identity_item {
	const struct conf_environment *environment;
	const char *setting, *file;
	X509 *x;
	X509_CRL *list;
};
typedef void identity_item_fn(void *ctx, const struct identity_item *item);
void identity_items(const struct identity *id, identity_item_fn *fn, void *ctx);

/* What both edges of the check share. Pure. */
enum identity_rule identity_strength(X509 *x);    /* ACCEPTED, WEAK_KEY or WEAK_SIGNATURE */
enum identity_rule identity_dates(const X509 *x); /* ACCEPTED, EXPIRED or EARLY */

/* SHA-256 of the public key, which is compared; and of the whole, for the log. */
bool identity_pin(X509 *x, uint8_t out[DIGEST_BYTES]) __attribute__((warn_unused_result));
void identity_fingerprint(const X509 *x, char out[2 * DIGEST_BYTES + 1]);

#endif
