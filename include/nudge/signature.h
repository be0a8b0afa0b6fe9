/* nudge/signature.h - a detached signature of bytes, under a public key in a file.
 *
 * Made without us, as with
 *   openssl pkeyutl -sign -rawin -inkey KEY -in STATEMENT | base64     (Ed25519)
 *   openssl dgst -sha256 -sign KEY STATEMENT | base64                  (RSA, EC)
 * Threads: any.
 */
#ifndef NUDGE_SIGNATURE_H
#define NUDGE_SIGNATURE_H

#include "nudge/fault.h"
#include "nudge/span.h"

/* key_file: PEM, a public key (a private one is refused). base64: with or
 * without line ends. false: not signed by it; *f says why. Reads the file. */
bool signature_verify(const char *key_file, struct span text, struct span base64, struct fault *f)
    __attribute__((warn_unused_result));

/* The file holds a public key that is strong enough: Ed25519, RSA from 2048 bits, EC from 256. */
bool signature_key_check(const char *key_file, struct fault *f) __attribute__((warn_unused_result));

#endif
