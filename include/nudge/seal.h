/* nudge/seal.h - what identifies a patient, unreadable without the key.
 *
 * A sealed field is  version(1) | key id(4, big endian) | nonce(12) |
 * ciphertext | tag(16)  with AES-256-GCM (NIST SP 800-38D), a random nonce and
 * table, column and row as associated data: a cell copied elsewhere does not
 * open, a flipped bit is seen. A mark is HMAC-SHA-256 cut to 128 bits: equal
 * values can be found, nothing can be read from it without its key.
 * Threads: a key object belongs to one thread at a time (it holds OpenSSL
 * contexts, reused because making them costs more than the work).
 */
#ifndef NUDGE_SEAL_H
#define NUDGE_SEAL_H

#include "nudge/buf.h"
#include "nudge/fault.h"

#define SEAL_KEY_BYTES 32
#define SEAL_OVERHEAD 33 /* bytes that sealing adds to the plain text */
#define MARK_BYTES 16
#define STORE_KEYS_MAX 8 /* store_key and those before it */

struct seal_key; /* one AES-256-GCM key with its id; memory locked, wiped when freed */
struct mark_key; /* one HMAC-SHA-256 key; likewise */

struct seal_where {
	const char *table;  /* literal */
	const char *column; /* literal */
	int64_t row;
};

/* bytes: borrowed for the call. NULL when out of memory. Owned by the caller. */
struct seal_key *seal_key_new(uint32_t id, const uint8_t bytes[SEAL_KEY_BYTES]);
struct seal_key *seal_key_copy(const struct seal_key *k); /* The same; the caller's. */
void seal_key_free(struct seal_key *k);           /* NULL is fine. */
uint32_t seal_key_id(const struct seal_key *k);   /* Pure. */

/* Appends the sealed form of `plain` to *out. false when memory or OpenSSL fails. */
bool seal_close(struct seal_key *k, struct seal_where at, struct span plain, struct buf *out)
    __attribute__((warn_unused_result));

/* Appends the plain text to *out. false when the bytes were not sealed with
 * this key for this place, or were changed; *out is then unchanged. */
bool seal_open(struct seal_key *k, struct seal_where at, struct span sealed, struct buf *out)
    __attribute__((warn_unused_result));

/* The key id written in a sealed field; false when it is no sealed field. Pure. */
bool seal_peek(struct span sealed, uint32_t *id) __attribute__((warn_unused_result));

struct mark_key *mark_key_new(const uint8_t *bytes, size_t n); /* NULL when out of memory. Owned by the caller. */
void mark_key_free(struct mark_key *k);                        /* NULL is fine. */

/* The mark of `value` for `purpose` (a literal: marks of different purposes
 * never match). false when OpenSSL fails. */
bool mark_make(struct mark_key *k, const char *purpose, struct span value, uint8_t out[MARK_BYTES])
    __attribute__((warn_unused_result));

/* Fills out with n unpredictable bytes; false when the system gives none. */
bool seal_random(void *out, size_t n) __attribute__((warn_unused_result));
void seal_wipe(void *p, size_t n); /* Overwrites n bytes; not optimised away. */

/* The store key file: one line "nudge-store-key-1 " and 44 characters of
 * Base64 (32 bytes). Writing makes a new key in a new file of mode 0600 and
 * refuses to overwrite; reading refuses a file others can read. */
bool seal_keyfile_make(const char *path, struct fault *f) __attribute__((warn_unused_result));
bool seal_keyfile_read(const char *path, uint8_t out[SEAL_KEY_BYTES], struct fault *f)
    __attribute__((warn_unused_result));

/* By what a key is named in logs and records: the first bytes of a hash over it.
 * Nothing of the key can be had from them. Pure. */
bool seal_name(const uint8_t key[SEAL_KEY_BYTES], uint32_t *name) __attribute__((warn_unused_result));

/* The permission rule of every secret file: regular, owned by root or by this
 * user, and not readable or writable by others; group may read when the file
 * belongs to root. false names the file, what is wrong and the command that mends it. */
bool secret_file_ok(const char *path, struct fault *f) __attribute__((warn_unused_result));

/* The same for who only looks after it: whose it is does not matter, what its
 * mode lets others do does. */
bool secret_file_closed(const char *path, struct fault *f) __attribute__((warn_unused_result));

#endif
