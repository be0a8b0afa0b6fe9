/* signature.c - OpenSSL asked whether a listed key signed these bytes. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/signature.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define SIGNATURE_MAX 2048 /* bytes; RSA of 16384 bits */

static EVP_PKEY *
read_key(const char *path, struct fault *f)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *key = file ? PEM_read_PUBKEY(file, NULL, NULL, NULL) : NULL;

	if (!file)
		(void)fault_set(f, fault_kind_of(errno), "%s: %s", path, strerror(errno));
	else if (!key)
		(void)fault_set(f, FAULT_OPERATOR, "%s: holds no public key (-----BEGIN PUBLIC KEY-----); make it from the private one "
		    "with: openssl pkey -pubout -in PRIVATE -out %s", path, path);
	if (file)
		(void)fclose(file);
	ERR_clear_error();
	return key;
}

static bool
is_strong(EVP_PKEY *key)
{
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 || EVP_PKEY_get_base_id(key) == EVP_PKEY_ED448)
		return true;
	return EVP_PKEY_get_bits(key) >= (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? 2048 : 256);
}

bool
signature_key_check(const char *path, struct fault *f)
{
	EVP_PKEY *key = read_key(path, f);
	bool ok = key && (is_strong(key) ||
	    fault_set(f, FAULT_OPERATOR, "%s: the key is too weak: Ed25519, RSA from 2048 bits or EC from 256", path));

	EVP_PKEY_free(key);
	return ok;
}

/* Without blanks and line ends; the number of bytes, or -1. */
static int
decode(struct span base64, unsigned char out[SIGNATURE_MAX])
{
	unsigned char clean[SIGNATURE_MAX / 3 * 4];
	size_t n = 0;
	int got;

	for (size_t i = 0; i < base64.n; i++) {
		if (strchr(" \t\r\n", base64.p[i]))
			continue;
		if (n == sizeof clean)
			return -1;
		clean[n++] = (unsigned char)base64.p[i];
	}
	if (n == 0 || n % 4 != 0)
		return -1;
	got = EVP_DecodeBlock(out, clean, (int)n);
	return got < 0 ? -1 : got - (clean[n - 1] == '=') - (clean[n - 2] == '=');
}

bool
signature_verify(const char *path, struct span text, struct span base64, struct fault *f)
{
	EVP_PKEY *key = read_key(path, f);
	EVP_MD_CTX *ctx = key ? EVP_MD_CTX_new() : NULL;
	unsigned char signature[SIGNATURE_MAX];
	int n = decode(base64, signature);
	bool plain = key && (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 || EVP_PKEY_get_base_id(key) == EVP_PKEY_ED448);
	bool ok = false;

	if (!key)
		return false;
	if (n <= 0)
		(void)fault_set(f, FAULT_OPERATOR, "the signature is not Base64");
	else if (!is_strong(key))
		(void)fault_set(f, FAULT_OPERATOR, "%s: the key is too weak", path);
	else if (!ctx || EVP_DigestVerifyInit(ctx, NULL, plain ? NULL : EVP_sha256(), NULL, key) != 1)
		(void)fault_set(f, FAULT_OPERATOR, "%s: signatures of this kind of key cannot be checked", path);
	else if (EVP_DigestVerify(ctx, signature, (size_t)n, (const unsigned char *)text.p, text.n) != 1)
		(void)fault_set(f, FAULT_OPERATOR, "%s: did not sign this", path);
	else
		ok = true;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok;
}
