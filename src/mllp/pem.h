/* mllp/pem.h - certificates, keys and revocation lists out of files.
 *
 * Faults begin with the file's path and say how to mend it; an administrator
 * meets DER, a private key in the wrong file, or a request (CSR) sooner or later.
 */
#ifndef MLLP_PEM_H
#define MLLP_PEM_H

#include "nudge/fault.h"

#include <openssl/x509.h>

enum pem_owner {
	PEM_OURS,  /* our own certificate: a key beside it is our business */
	PEM_THEIRS /* a sender's or an issuer's: a private key has no place in it */
};

/* All certificates of a file, in its order, at least one. `*out` is owned by
 * the caller: sk_X509_pop_free(.., X509_free). */
bool pem_certificates(const char *path, enum pem_owner owner, STACK_OF(X509) **out, struct fault *f)
    __attribute__((warn_unused_result));

/* `*out` is owned by the caller: EVP_PKEY_free(). A key with a passphrase is a fault. */
bool pem_private_key(const char *path, EVP_PKEY **out, struct fault *f) __attribute__((warn_unused_result));

/* Adds every list of the file (PEM, or one in DER) to the store. */
bool pem_revocation_list(const char *path, X509_STORE *into, struct fault *f)
    __attribute__((warn_unused_result));

/* Each list of a file, PEM alone; borrowed for the call of fn. */
typedef void pem_list_fn(void *ctx, const X509_CRL *list);
bool pem_lists(const char *path, pem_list_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));

/* Of a call of OpenSSL that failed: whether it was for want of memory. Clears its errors, which the caller cleared before. */
bool pem_ran_short(void);

#endif
