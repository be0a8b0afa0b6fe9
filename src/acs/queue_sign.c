/* queue_sign.c - SharedKey of the Queue service: twelve lines, the x-ms headers, the resource. */
// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acs/queue.h"
#include "nudge/digest.h"

#define PAIRS_MAX 8

bool
queue_escape(struct span s, char *out, size_t cap)
{
	size_t at = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
		    c == '_' || c == '~';

		if (at + 4 > cap)
			return false;
		if (plain)
			out[at++] = (char)c;
		else
			at += (size_t)snprintf(out + at, 4, "%%%02X", c);
	}
	if (at >= cap)
		return false;
	out[at] = '\0';
	return true;
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void
add_decoded(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
			(void)buf_add_char(b, (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2])));
			i += 2;
		} else {
			(void)buf_add_char(b, s.p[i]);
		}
}

static int
by_name(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int c = n ? memcmp(x->p, y->p, n) : 0;

	return c ? c : (x->n > y->n) - (x->n < y->n);
}

static bool
add_query(struct buf *b, const char *query)
{
	struct span pair[PAIRS_MAX], rest = span_of(query);
	size_t n = 0;

	while (rest.n > 0) {
		if (n == PAIRS_MAX)
			return false;
		pair[n++] = span_cut(rest, '&', &rest);
	}
	if (n > 1)
		qsort(pair, n, sizeof pair[0], by_name);
	for (size_t i = 0; i < n; i++) {
		struct span value, name = span_cut(pair[i], '=', &value);

		(void)buf_add_char(b, '\n');
		(void)buf_add_span(b, name);
		(void)buf_add_char(b, ':');
		add_decoded(b, value);
	}
	return true;
}

bool
queue_sign(struct span key, const char *account, const char *method, const char *path, const char *query, const char *headers,
    char *out, size_t cap)
{
	uint8_t mac[DIGEST_BYTES];
	char b64[48];
	unsigned n = sizeof mac;
	struct buf b;
	bool ok;

	buf_init(&b, 8192);
	(void)buf_addf(&b, "%s\n\n\n\n\n\n\n\n\n\n\n\n%s/%s%s", method, headers, account, path);
	ok = add_query(&b, query) && !b.spoilt &&
	    HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)b.p, b.n, mac, &n) != NULL;
	buf_clear(&b);
	if (!ok)
		return false;
	(void)EVP_EncodeBlock((unsigned char *)b64, mac, sizeof mac);
	return snprintf(out, cap, "SharedKey %s:%s", account, b64) < (int)cap;
}

bool
queue_place(const char *url, struct queue_place *out)
{
	const char *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL, *last = path ? strrchr(path, '/') : NULL;
	size_t dot = host ? strcspn(host + 3, ".:/") : 0;
	struct span account;

	if (!path || !last || !last[1])
		return false;
	/* The emulator has the account in the path, a real one in the host's name. */
	account = last == path ? span_from(host + 3, dot) : span_from(path + 1, (size_t)(last - path - 1));
	if (account.n == 0 || account.n >= sizeof out->account || strlen(last + 1) >= sizeof out->name ||
	    (size_t)(path - url) >= sizeof out->base || strlen(path) >= sizeof out->path || memchr(account.p, '/', account.n))
		return false;
	(void)span_copy(out->account, sizeof out->account, account);
	(void)span_copy(out->name, sizeof out->name, span_of(last + 1));
	(void)span_copy(out->path, sizeof out->path, span_of(path));
	(void)span_copy(out->base, sizeof out->base, span_from(url, (size_t)(path - url)));
	return true;
}
