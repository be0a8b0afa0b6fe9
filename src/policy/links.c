/* links.c - where a link may lead to, and a link made of a template, signed when it asks for that. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <inttypes.h>
#include <string.h>

#include "nudge/digest.h"
#include "nudge/policy.h"
#include "nudge/seal.h"

#define TOKEN_BYTES 16

static const char of_id[] = "{appointment_id}", of_token[] = "{token}", of_expiry[] = "{expires}";

/* What a browser would connect to: it reads a backslash as a slash, and takes
 * what stands before an @ for a name. */
struct span
link_host(struct span link)
{
	static const char scheme[] = "://";
	size_t from = 0, end;

	for (size_t i = 0; i + 3 <= link.n; i++)
		if (memcmp(link.p + i, scheme, 3) == 0) {
			from = i + 3;
			break;
		}
	for (end = from; end < link.n && !strchr("/\\?#", link.p[end]); end++)
		if (link.p[end] == '@')
			from = end + 1;
	for (size_t i = from; i < end; i++)
		if (link.p[i] == ':')
			end = i;
	while (end > from && link.p[end - 1] == '.')
		end--;
	return span_from(link.n ? link.p + from : "", end - from);
}

static bool
is_below(struct span host, const char *domain)
{
	size_t n = strlen(domain);

	if (host.n < n || !span_is_nocase(span_from(host.p + host.n - n, n), domain))
		return false;
	return host.n == n || host.p[host.n - n - 1] == '.';
}

bool
link_in_domains(const struct conf_site *s, struct span host)
{
	for (size_t i = 0; i < s->link_domains.n; i++)
		if (is_below(host, s->link_domains.item[i]))
			return true;
	return s->link_domains.n == 0;
}

bool
link_fits(const struct conf_site *s, enum modality m)
{
	return s->video_if.n > 0 ? m == MODALITY_VIDEO : m != MODALITY_OFFICE && m != MODALITY_PHONE;
}

bool
link_allowed(const struct conf_site *s, struct span link)
{
	struct span host = link_host(link);

	return host.n > 0 && link_in_domains(s, host) && !lint_shortener(host);
}

/* ---- templates ---- */

static size_t
place_at(const char *p)
{
	static const char *const known[] = { of_id, of_token, of_expiry };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strncmp(p, known[i], strlen(known[i])) == 0)
			return strlen(known[i]);
	return 0;
}

bool
link_template_ok(const char *key, const char *link, const struct conf_site *s, struct fault *f)
{
	bool token = strstr(link, of_token), expiry = strstr(link, of_expiry);
	const char *shortener = lint_shortener(span_of(link));
	struct span host = link_host(span_of(link));

	if (!span_is_nocase((struct span){ link, strnlen(link, 8) }, "https://"))
		return fault_set(f, FAULT_OPERATOR, "%s: must begin with https:// or be a path like \"ZVV-3\"", key);
	for (const char *p = strpbrk(link, "{}"); p; p = strpbrk(p + place_at(p), "{}"))
		if (place_at(p) == 0)
			return fault_set(f, FAULT_OPERATOR,
			    "%s: there are {appointment_id}, {token} and {expires}, and no other variable", key);
	if (memchr(host.p, '{', host.n))
		return fault_set(f, FAULT_OPERATOR, "%s: a variable cannot stand in the host's name", key);
	if (shortener)
		return fault_set(f, FAULT_OPERATOR, "%s: %s is a public shortener, which carriers block", key, shortener);
	if (!link_in_domains(s, host))
		return fault_set(f, FAULT_OPERATOR, "%s: %.*s is not in link_domains", key, (int)(host.n < 100 ? host.n : 100), host.p);
	if (token && !s->link_key[0])
		return fault_set(f, FAULT_OPERATOR, "%s: {token} needs link_key: a file made by nudgectl keygen", key);
	if (expiry && !token)
		return fault_set(f, FAULT_OPERATOR, "%s: {expires} needs {token} beside it: else anybody could write another", key);
	if (expiry && s->link_valid_s == 0)
		return fault_set(f, FAULT_OPERATOR, "%s: {expires} needs link_valid: how long after the start it is good", key);
	return true;
}

static bool
put_encoded(struct buf *out, struct span id)
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = 0; i < id.n; i++) {
		unsigned char c = (unsigned char)id.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("-._~", c));
		const char three[] = { '%', digit[c >> 4], digit[c & 15] };

		if (!(plain ? buf_add_char(out, (char)c) : buf_add(out, three, 3)))
			return false;
	}
	return true;
}

/* HMAC-SHA-256 of the id, a line feed and the digits of {expires}, cut to 128
 * bits, in Base64 for addresses (RFC 4648, 5) without padding. */
static bool
put_token(struct buf *out, const struct link_facts *x)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t mac[DIGEST_BYTES];
	struct buf signed_text;
	bool ok;

	buf_init(&signed_text, 4096);
	(void)buf_add_span(&signed_text, x->appointment_id);
	(void)buf_add_char(&signed_text, '\n');
	if (x->expires_s > 0)
		(void)buf_addf(&signed_text, "%" PRId64, x->expires_s);
	ok = !signed_text.spoilt && digest_hmac(x->key, SEAL_KEY_BYTES, buf_span(&signed_text), mac);
	for (size_t bit = 0; ok && bit < 8 * TOKEN_BYTES; bit += 6) {
		unsigned two = (unsigned)mac[bit / 8] << 8 | (bit / 8 + 1 < TOKEN_BYTES ? mac[bit / 8 + 1] : 0);

		ok = buf_add_char(out, digit[two >> (10 - bit % 8) & 63]);
	}
	buf_wipe(&signed_text);
	seal_wipe(mac, sizeof mac);
	return ok;
}

static bool
begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

bool
link_fill(struct span template, const struct link_facts *x, struct buf *out)
{
	bool ok = true;

	for (size_t at = 0; ok && at < template.n;) {
		struct span rest = span_from(template.p + at, template.n - at);

		if (begins(rest, of_id)) {
			ok = put_encoded(out, x->appointment_id);
			at += sizeof of_id - 1;
		} else if (x->key && begins(rest, of_token)) {
			ok = put_token(out, x);
			at += sizeof of_token - 1;
		} else if (x->key && begins(rest, of_expiry)) {
			ok = buf_addf(out, "%" PRId64, x->expires_s);
			at += sizeof of_expiry - 1;
		} else {
			ok = buf_add_char(out, template.p[at++]);
		}
	}
	return ok;
}
