/* sign.c - HMAC-SHA256 over method, path, date, host and the hash of the body. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "acs/key.h"
#include "nudge/digest.h"
#include "nudge/seal.h"

bool
acs_sign(struct acs_key *k, const char *method, const char *path_and_query, const char *date, const char *host,
    struct span body, struct acs_signature *out)
{
	uint8_t hash[DIGEST_BYTES], mac[DIGEST_BYTES];
	char to_sign[1024], signature[48];
	int length;

	if (!digest_sha256(body, hash))
		return false;
	(void)EVP_EncodeBlock((unsigned char *)out->content_hash, hash, sizeof hash);
	length = snprintf(to_sign, sizeof to_sign, "%s\n%s\n%s;%s;%s", method, path_and_query, date, host, out->content_hash);
	if (length < 0 || (size_t)length >= sizeof to_sign ||
	    !digest_keyed(k->hmac, span_from(to_sign, (size_t)length), SPAN_NONE, mac))
		return false;
	(void)EVP_EncodeBlock((unsigned char *)signature, mac, sizeof mac);
	(void)snprintf(out->authorization, sizeof out->authorization,
	    "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=%s", signature);
	return true;
}

void
acs_host(const char *endpoint, char *out, size_t cap)
{
	const char *at = strstr(endpoint, "://");
	const char *port = strncmp(endpoint, "https:", 6) == 0 ? ":443" : ":80";
	size_t n, port_n = strlen(port);

	(void)snprintf(out, cap, "%s", at ? at + 3 : endpoint);
	n = strlen(out);
	while (n > 0 && out[n - 1] == '/')
		out[--n] = '\0';
	if (n > port_n && strcmp(out + n - port_n, port) == 0)
		out[n - port_n] = '\0';
}

static void
write_id(uint8_t r[DIGEST_UUID_BYTES], char *out, size_t cap)
{
	assert(cap >= ACS_REPEAT_ID_MAX);
	(void)cap;
	digest_uuid(r, out);
}

bool
acs_request_id(char *out, size_t cap)
{
	uint8_t r[DIGEST_UUID_BYTES];

	if (!seal_random(r, sizeof r))
		return false;
	write_id(r, out, cap);
	return true;
}

bool
acs_next_id(struct acs_ids *ids, char *out, size_t cap)
{
	if (ids->left == 0) {
		if (!seal_random(ids->bytes, sizeof ids->bytes))
			return false;
		ids->left = sizeof ids->bytes / sizeof ids->bytes[0];
	}
	write_id(ids->bytes[--ids->left], out, cap);
	return true;
}
