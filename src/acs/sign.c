/* sign.c - HMAC-SHA256 over method, path, date, host and the hash of the body. */
// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "acs/key.h"
#include "nudge/digest.h"

bool
acs_sign(struct acs_key *k, const char *method, const char *path_and_query, const char *date, const char *host,
    struct span body, struct acs_signature *out)
{
	uint8_t hash[DIGEST_BYTES], mac[DIGEST_BYTES];
	char to_sign[1024], signature[48];
	unsigned n = sizeof mac;
	int length;

	if (!digest_sha256(body, hash))
		return false;
	(void)EVP_EncodeBlock((unsigned char *)out->content_hash, hash, sizeof hash);
	length = snprintf(to_sign, sizeof to_sign, "%s\n%s\n%s;%s;%s", method, path_and_query, date, host, out->content_hash);
	if (length < 0 || (size_t)length >= sizeof to_sign ||
	    !HMAC(EVP_sha256(), k->bytes, (int)k->n, (const unsigned char *)to_sign, (size_t)length, mac, &n))
		return false;
	(void)EVP_EncodeBlock((unsigned char *)signature, mac, sizeof mac);
	(void)snprintf(out->authorization, sizeof out->authorization,
	    "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=%s", signature);
	return true;
}
