/* digest.c - SHA-256 and its hexadecimal spelling. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/digest.h"

#include <pthread.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

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

struct digest_key {
	EVP_MAC_CTX *mac; /* keyed; an init without a key begins the next value */
	EVP_MAC *method;
};

struct digest_key *
digest_key_new(const uint8_t *key, size_t key_n)
{
	struct digest_key *k = calloc(1, sizeof *k);
	char name[] = "SHA256";
	OSSL_PARAM p[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_construct_end() };

	if (!k)
		return NULL;
	k->method = EVP_MAC_fetch(NULL, "HMAC", NULL);
	k->mac = k->method ? EVP_MAC_CTX_new(k->method) : NULL;
	if (k->mac && EVP_MAC_init(k->mac, key, key_n, p) == 1)
		return k;
	digest_key_free(k);
	return NULL;
}

void
digest_key_free(struct digest_key *k)
{
	if (!k)
		return;
	EVP_MAC_CTX_free(k->mac);
	EVP_MAC_free(k->method);
	free(k);
}

static bool
update(struct digest_key *k, struct span part)
{
	return part.n == 0 || EVP_MAC_update(k->mac, (const unsigned char *)part.p, part.n) == 1;
}

bool
digest_keyed(struct digest_key *k, struct span head, struct span tail, uint8_t out[DIGEST_BYTES])
{
	size_t n = 0;

	return EVP_MAC_init(k->mac, NULL, 0, NULL) == 1 && update(k, head) && update(k, tail) && EVP_MAC_final(k->mac, out, &n, DIGEST_BYTES) == 1 &&
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

void
digest_uuid(uint8_t random[DIGEST_UUID_BYTES], char out[37])
{
	random[6] = (uint8_t)((random[6] & 0x0f) | 0x40);
	random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < DIGEST_UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		digest_hex(&random[i], 1, out);
		out += 2;
	}
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
