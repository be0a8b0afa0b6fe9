/* acs/key.h - the bytes of an access key, for who signs. */
#ifndef ACS_KEY_H
#define ACS_KEY_H

#include <openssl/evp.h>

#include "nudge/acs.h"

#define ACS_KEY_MAX 192 /* bytes; the service's have 32 or 64 */

struct acs_key {
	uint8_t bytes[ACS_KEY_MAX];
	size_t n;
	EVP_MAC *method;
	EVP_MAC_CTX *mac; /* HMAC-SHA256 with the key in its place: each request is signed */
};

#endif
