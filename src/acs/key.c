/* key.c - the access key, out of a file that holds it bare or inside a connection string. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/key.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "acs/secret.h"
#include "nudge/seal.h"

static struct span
trim(struct span s)
{
	s = secret_trim(s);
	while (s.n > 0 && s.p[s.n - 1] == ';')
		s = secret_trim((struct span){ s.p, s.n - 1 });
	return s;
}

/* What follows "accesskey=": everything, since Base64 ends in '='. */
static struct span
key_part(struct span text)
{
	static const char name[] = "accesskey=";
	long at = span_find_nocase(text, name);

	if (at < 0)
		return text;
	text = (struct span){ text.p + at + sizeof name - 1, text.n - (size_t)at - (sizeof name - 1) };
	return trim(text);
}

bool
acs_key_of_text(struct span text, struct acs_key **out, struct fault *f)
{
	struct span b64 = key_part(trim(text));
	struct acs_key *k;
	unsigned char bytes[ACS_KEY_MAX + 3];
	int n;

	if (b64.n == 0 || b64.n % 4 != 0 || b64.n / 4 * 3 > ACS_KEY_MAX)
		return fault_set(f, FAULT_OPERATOR, "this is no access key: it should be Base64, or a connection string "
		                                    "\"endpoint=...;accesskey=...\"");
	n = EVP_DecodeBlock(bytes, (const unsigned char *)b64.p, (int)b64.n);
	if (n <= 0)
		return fault_set(f, FAULT_OPERATOR, "the access key is not valid Base64: copy it again, whole");
	n -= (b64.p[b64.n - 1] == '=') + (b64.p[b64.n - 2] == '=');
	k = calloc(1, sizeof *k);
	if (!k) {
		seal_wipe(bytes, sizeof bytes);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	memcpy(k->bytes, bytes, (size_t)n);
	k->n = (size_t)n;
	seal_wipe(bytes, sizeof bytes);
	if (!(k->hmac = digest_key_new(k->bytes, k->n))) {
		acs_key_free(k);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	*out = k;
	return true;
}

/* A connection string names its endpoint too: it must be the configured one. */
static bool
same_endpoint(struct span text, const char *endpoint, struct fault *f)
{
	static const char name[] = "endpoint=";
	long at = span_find_nocase(text, name);
	struct span rest, there;

	if (at < 0)
		return true;
	there = span_cut((struct span){ text.p + at + sizeof name - 1, text.n - (size_t)at - (sizeof name - 1) }, ';', &rest);
	there = trim(there);
	while (there.n > 0 && there.p[there.n - 1] == '/')
		there.n--;
	return span_is_nocase(there, endpoint) ||
	    fault_set(f, FAULT_OPERATOR, "the connection string is for another endpoint than %s", endpoint);
}

bool
acs_key_read(const char *path, const char *endpoint, struct acs_key **out, struct fault *f)
{
	struct buf text;
	bool ok;

	buf_init(&text, SECRET_MAX);
	ok = secret_read(path, &text, f) &&
	    ((same_endpoint(buf_span(&text), endpoint, f) && acs_key_of_text(buf_span(&text), out, f)) || fault_at(f, "%s", path));
	buf_wipe(&text);
	return ok;
}

void
acs_key_free(struct acs_key *k)
{
	if (!k)
		return;
	digest_key_free(k->hmac);
	seal_wipe(k, sizeof *k);
	free(k);
}
