/* nudge/digest.h - SHA-256 (FIPS 180-4) of bytes at hand, and HMAC (FIPS 198-1) with it.
 * Threads: any; a digest_key one at a time.
 */
#ifndef NUDGE_DIGEST_H
#define NUDGE_DIGEST_H

#include "nudge/span.h"

#define DIGEST_BYTES 32

/* false only when OpenSSL fails. */
bool digest_sha256(struct span bytes, uint8_t out[DIGEST_BYTES]) __attribute__((warn_unused_result));

/* Likewise. key: borrowed for the call. */
bool digest_hmac(const uint8_t *key, size_t key_n, struct span bytes, uint8_t out[DIGEST_BYTES]) __attribute__((warn_unused_result));

/* The same for many, with the key in its place already. */
struct digest_key;
struct digest_key *digest_key_new(const uint8_t *key, size_t key_n); /* NULL when out of memory. Owned by the caller. */
void digest_key_free(struct digest_key *k);                          /* Wipes. NULL is fine. */
/* Of head and behind it tail. false when OpenSSL fails. */
bool digest_keyed(struct digest_key *k, struct span head, struct span tail, uint8_t out[DIGEST_BYTES]) __attribute__((warn_unused_result));

#define DIGEST_UUID_BYTES 16
void digest_uuid(uint8_t random[DIGEST_UUID_BYTES], char out[37]); /* RFC 9562, version 4, and a terminator; marks its version in the bytes. Pure. */
void digest_hex(const uint8_t *bytes, size_t n, char *out); /* 2n lower-case characters and a terminator. Pure. */
bool digest_unhex(struct span hex, uint8_t *out, size_t n);  /* Exactly 2n characters. Pure. */

#endif
