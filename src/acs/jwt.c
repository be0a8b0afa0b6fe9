/* jwt.c - a token's signature first, then what it says: who gave it, for whom, until when. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/jwt.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/buf.h"

#define KEYS_MAX 32
#define KID_MAX 128
#define LEEWAY_S 300 /* clocks differ */
#define BITS_MIN 2048

struct jwks {
	struct { char kid[KID_MAX]; EVP_PKEY *key; } item[KEYS_MAX];
	size_t n;
};

/* Base64 for URLs, without padding. */
static bool
decode(struct span in, struct buf *out)
{
	unsigned char quad[4], three[3];

	if (in.n % 4 == 1)
		return false;
	for (size_t i = 0; i < in.n; i += 4) {
		size_t n = in.n - i < 4 ? in.n - i : 4;

		for (size_t k = 0; k < 4; k++) {
			char c = k < n ? in.p[i + k] : 'A';

			if (c == '+' || c == '/' || c == '=' || c <= ' ')
				return false;
			quad[k] = (unsigned char)(c == '-' ? '+' : c == '_' ? '/' : c);
		}
		if (EVP_DecodeBlock(three, quad, 4) != 3 || !buf_add(out, three, n - 1))
			return false;
	}
	return true;
}

static struct span
text(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return json_is_string(v) ? span_from(json_string_value(v), json_string_length(v)) : SPAN_NONE;
}

/* ---- keys ---- */

static EVP_PKEY *
rsa_key(struct span n64, struct span e64)
{
	struct buf n, e;
	BIGNUM *bn = NULL, *be = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	buf_init(&n, 2048);
	buf_init(&e, 64);
	if (build && c && decode(n64, &n) && decode(e64, &e)) {
		bn = BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL);
		be = BN_bin2bn((const unsigned char *)e.p, (int)e.n, NULL);
		if (bn && be && BN_num_bits(bn) >= BITS_MIN && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn) &&
		    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, be))
			params = OSSL_PARAM_BLD_to_param(build);
		if (!params || EVP_PKEY_fromdata_init(c) != 1 || EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
			key = NULL;
	}
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(c);
	BN_free(bn);
	BN_free(be);
	buf_clear(&n);
	buf_clear(&e);
	return key;
}

bool
jwks_read(struct span json, struct jwks **out)
{
	json_t *root = json.n > 0 && json.n <= JWKS_MAX ? json_loadb(json.p, json.n, 0, NULL) : NULL;
	const json_t *keys = json_object_get(root, "keys");
	struct jwks *k = calloc(1, sizeof *k);

	for (size_t i = 0; k && i < json_array_size(keys) && k->n < KEYS_MAX; i++) {
		const json_t *o = json_array_get(keys, i);
		struct span kid = text(o, "kid"), use = text(o, "use");
		EVP_PKEY *key;

		if (kid.n == 0 || kid.n >= KID_MAX || !span_is(text(o, "kty"), "RSA") || (use.n > 0 && !span_is(use, "sig")))
			continue;
		key = rsa_key(text(o, "n"), text(o, "e"));
		if (!key)
			continue;
		(void)span_copy(k->item[k->n].kid, KID_MAX, kid);
		k->item[k->n++].key = key;
	}
	json_decref(root);
	if (!k || k->n == 0) {
		jwks_free(k);
		return false;
	}
	*out = k;
	return true;
}

void
jwks_free(struct jwks *k)
{
	for (size_t i = 0; k && i < k->n; i++)
		EVP_PKEY_free(k->item[i].key);
	free(k);
}

static EVP_PKEY *
key_named(const struct jwks *k, struct span kid)
{
	for (size_t i = 0; k && i < k->n; i++)
		if (span_is(kid, k->item[i].kid))
			return k->item[i].key;
	return NULL;
}

/* ---- a token ---- */

static json_t *
part(struct span b64)
{
	struct buf plain;
	json_t *o = NULL;

	buf_init(&plain, JWT_MAX);
	if (decode(b64, &plain))
		o = json_loadb(plain.n ? plain.p : "", plain.n, JSON_REJECT_DUPLICATES, NULL);
	buf_wipe(&plain);
	if (json_is_object(o))
		return o;
	json_decref(o);
	return NULL;
}

static bool
is_signed(EVP_PKEY *key, struct span said, struct span signature64)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct buf signature;
	bool ok;

	buf_init(&signature, 2048);
	ok = c && decode(signature64, &signature) && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(c, (const unsigned char *)signature.p, signature.n, (const unsigned char *)said.p, said.n) == 1;
	buf_clear(&signature);
	EVP_MD_CTX_free(c);
	return ok;
}

static bool
is_one_of(struct span s, const char *const *words)
{
	for (; *words; words++)
		if (span_is(s, *words))
			return true;
	return false;
}

static bool
is_for(const json_t *claims, const char *audience)
{
	const json_t *aud = json_object_get(claims, "aud");

	if (json_is_string(aud))
		return span_is(text(claims, "aud"), audience);
	for (size_t i = 0; i < json_array_size(aud); i++) {
		const json_t *v = json_array_get(aud, i);

		if (json_is_string(v) && strcmp(json_string_value(v), audience) == 0 && strlen(audience) == json_string_length(v))
			return true;
	}
	return false;
}

static const char *
claims_wrong(const json_t *claims, const struct jwt_wanted *w)
{
	const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
	struct span caller = text(claims, "azp");

	if (caller.n == 0)
		caller = text(claims, "appid");
	if (!is_one_of(text(claims, "iss"), w->issuers))
		return "issuer";
	if (!is_for(claims, w->audience))
		return "audience";
	if (!json_is_number(exp) || json_number_value(exp) + LEEWAY_S < (double)w->now_s)
		return "expired";
	if (nbf && (!json_is_number(nbf) || json_number_value(nbf) - LEEWAY_S > (double)w->now_s))
		return "not-yet";
	if (w->caller[0] && !span_is_nocase(caller, w->caller))
		return "caller";
	return NULL;
}

static enum jwt_result
check_parts(struct span said, const json_t *head, struct span body64, struct span signature, const struct jwks *keys,
    const struct jwt_wanted *wanted, const char **why)
{
	EVP_PKEY *key;
	json_t *claims;

	*why = "algorithm";
	if (!head || !span_is(text(head, "alg"), "RS256") || json_object_get(head, "crit") || text(head, "kid").n == 0)
		return JWT_BAD;
	key = key_named(keys, text(head, "kid"));
	if (!key)
		return JWT_NO_KEY;
	*why = "signature";
	if (!is_signed(key, said, signature))
		return JWT_BAD;
	claims = part(body64);
	*why = claims ? claims_wrong(claims, wanted) : "form";
	json_decref(claims);
	return *why ? JWT_BAD : JWT_GOOD;
}

enum jwt_result
jwt_check(struct span token, const struct jwks *keys, const struct jwt_wanted *wanted, const char **why)
{
	struct span rest, signature, more, head64, body64, said;
	json_t *head;
	enum jwt_result r;

	*why = "form";
	if (token.n == 0 || token.n > JWT_MAX)
		return JWT_BAD;
	head64 = span_cut(token, '.', &rest);
	body64 = span_cut(rest, '.', &signature);
	(void)span_cut(signature, '.', &more);
	if (head64.n == 0 || body64.n == 0 || signature.n == 0 || more.n > 0 || memchr(signature.p, '.', signature.n))
		return JWT_BAD;
	said = span_from(token.p, head64.n + 1 + body64.n);
	head = part(head64);
	r = check_parts(said, head, body64, signature, keys, wanted, why);
	json_decref(head);
	return r;
}
