/* digest.c - SHA-256 and its hexadecimal spelling. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/digest.h"

#include <pthread.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

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
