/* key.c - the access key, out of a file that holds it bare or inside a connection string. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nudge/seal.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span
trim(struct span s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = (struct span){ s.p + 1, s.n - 1 };
	while (s.n > 0 && (is_space(s.p[s.n - 1]) || s.p[s.n - 1] == ';' || s.p[s.n - 1] == '\0'))
		s.n--;
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
	char text[4096];
	int fd;
	ssize_t n;
	bool ok;

	if (!secret_file_ok(path, f))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text);
	if (n < 0)
		(void)fault_set(f, FAULT_OPERATOR, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		return false;
	struct span whole = { text, (size_t)n };

	ok = (same_endpoint(whole, endpoint, f) && acs_key_of_text(whole, out, f)) || fault_at(f, "%s", path);
	seal_wipe(text, sizeof text);
	return ok;
}

void
acs_key_free(struct acs_key *k)
{
	if (!k)
		return;
	seal_wipe(k, sizeof *k);
	free(k);
}
