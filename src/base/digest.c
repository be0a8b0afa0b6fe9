/* digest.c - SHA-256 and its hexadecimal spelling. */
// SPDX-License-Identifier: Apache-2.0
#define OPENSSL_SUPPRESS_DEPRECATED /* of SHA256_CTX, see struct digest_key */
#include "nudge/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const EVP_MD *kept;

static void
fetch(void)
{
	kept = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/* What EVP_sha256() stands for is looked up anew at each use, for as long as the digest of a short text takes. */
static const EVP_MD *
sha256(void)
{
	(void)pthread_once(&once, fetch);
	return kept ? kept : EVP_sha256();
}

bool
digest_sha256(struct span bytes, uint8_t out[DIGEST_BYTES])
{
	unsigned n = 0;

	return EVP_Digest(bytes.p ? bytes.p : "", bytes.n, out, &n, sha256(), NULL) == 1 &&
	    n == DIGEST_BYTES;
}

bool
digest_hmac(const uint8_t *key, size_t key_n, struct span bytes, uint8_t out[DIGEST_BYTES])
{
	unsigned n = 0;

	return HMAC(EVP_sha256(), key, (int)key_n, (const unsigned char *)(bytes.p ? bytes.p : ""), bytes.n, out, &n) != NULL &&
	    n == DIGEST_BYTES;
}

/* HMAC (RFC 2104): where both hashes stand once they have taken the key. Copied for each value; OpenSSL's own
 * context for HMAC allocates two others for each, which takes as long again as the hashing of a short value. */
struct digest_key {
	SHA256_CTX inner, outer;
};

#define BLOCK SHA256_CBLOCK

static bool
take_key(SHA256_CTX *c, const uint8_t key[BLOCK], uint8_t pad)
{
	uint8_t block[BLOCK];
	bool ok;

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ pad;
	ok = SHA256_Init(c) == 1 && SHA256_Update(c, block, BLOCK) == 1;
	explicit_bzero(block, sizeof block);
	return ok;
}

struct digest_key *
digest_key_new(const uint8_t *key, size_t key_n)
{
	struct digest_key *k = calloc(1, sizeof *k);
	uint8_t block[BLOCK] = { 0 };
	bool ok = k != NULL;

	if (key_n > BLOCK)
		ok = ok && digest_sha256(span_from(key, key_n), block);
	else if (key_n > 0)
		memcpy(block, key, key_n);
	ok = ok && take_key(&k->inner, block, 0x36) && take_key(&k->outer, block, 0x5c);
	explicit_bzero(block, sizeof block);
	if (ok)
		return k;
	digest_key_free(k);
	return NULL;
}

void
digest_key_free(struct digest_key *k)
{
	if (!k)
		return;
	explicit_bzero(k, sizeof *k);
	free(k);
}

static bool
update(SHA256_CTX *c, struct span part)
{
	return part.n == 0 || SHA256_Update(c, part.p, part.n) == 1;
}

bool
digest_keyed(const struct digest_key *k, struct span head, struct span tail, uint8_t out[DIGEST_BYTES])
{
	SHA256_CTX inner = k->inner, outer = k->outer;
	bool ok = update(&inner, head) && update(&inner, tail) && SHA256_Final(out, &inner) == 1 && SHA256_Update(&outer, out, DIGEST_BYTES) == 1 &&
	    SHA256_Final(out, &outer) == 1;

	explicit_bzero(&inner, sizeof inner);
	explicit_bzero(&outer, sizeof outer);
	return ok;
}

void
digest_hex(const uint8_t *bytes, size_t n, char *out)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digit[bytes[i] >> 4];
		out[2 * i + 1] = digit[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

static int
value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
digest_unhex(struct span hex, uint8_t *out, size_t n)
{
	if (hex.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = value_of(hex.p[2 * i]), low = value_of(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
