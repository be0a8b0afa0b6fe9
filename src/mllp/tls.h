/* mllp/tls.h - what a listener's TLS is: 1.2 and up, a client certificate or
 * nothing, and no state kept for anyone (no cache, no tickets, no renegotiation).
 */
#ifndef MLLP_TLS_H
#define MLLP_TLS_H

#include "nudge/conf.h"
#include "nudge/fault.h"

#include <openssl/ssl.h>

/* Decides about the peer's chain; as of SSL_CTX_set_cert_verify_callback(). */
typedef int tls_verify_fn(X509_STORE_CTX *chain, void *unused);

/* Reads certificate (with its chain) and key of `l`. `*out` is owned by the
 * caller: SSL_CTX_free(). */
bool tls_context(const struct conf_listener *l, tls_verify_fn *verify, SSL_CTX **out, struct fault *f)
    __attribute__((warn_unused_result));

#endif
