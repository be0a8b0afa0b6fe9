/* nudge/digest.h - SHA-256 (FIPS 180-4) of bytes at hand, and HMAC (FIPS 198-1) with it. Threads: any. */
#ifndef NUDGE_DIGEST_H
#define NUDGE_DIGEST_H

#include "nudge/span.h"

#define DIGEST_BYTES 32

/* false only when OpenSSL fails. */
bool digest_sha256(struct span bytes, uint8_t out[DIGEST_BYTES]) __attribute__((warn_unused_result));

/* Likewise. key: borrowed for the call. */
bool digest_hmac(const uint8_t *key, size_t key_n, struct span bytes, uint8_t out[DIGEST_BYTES]) __attribute__((warn_unused_result));

void digest_hex(const uint8_t *bytes, size_t n, char *out); /* 2n lower-case characters and a terminator. Pure. */
bool digest_unhex(struct span hex, uint8_t *out, size_t n);  /* Exactly 2n characters. Pure. */

#endif
