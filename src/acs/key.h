/* acs/key.h - the bytes of an access key, for who signs. */
#ifndef ACS_KEY_H
#define ACS_KEY_H

#include "nudge/acs.h"
#include "nudge/digest.h"

#define ACS_KEY_MAX 192 /* bytes; the service's have 32 or 64 */

struct acs_key {
	uint8_t bytes[ACS_KEY_MAX];
	size_t n;
	struct digest_key *hmac; /* owned; with the key in its place: each request is signed */
};

#endif
