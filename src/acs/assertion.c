/* assertion.c - a certificate's holder proves it: a short JWT, signed with RSA-PSS. */
// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "acs/principal.h"
#include "acs/secret.h"
#include "nudge/acs.h"
#include "nudge/digest.h"
#include "nudge/seal.h"

#define LIFE_S 600
#define CHAIN_MAX 8
#define ASSERTION_MAX 65536
#define SIGNATURE_MAX 1024 /* bytes: a key of 8192 bits */

struct holder {
	EVP_PKEY *key;
	X509 *chain[CHAIN_MAX]; /* the key's own first */
	size_t chain_n;
};

static bool
base64url(struct span in, struct buf *out)
{
	size_t n = (in.n + 2) / 3 * 4;
	unsigned char *text = malloc(n + 1);
	bool ok;

	if (!text)
		return false;
	(void)EVP_EncodeBlock(text, (const unsigned char *)(in.n ? in.p : ""), (int)in.n);
	while (n > 0 && text[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	ok = buf_add(out, text, n);
	free(text);
	return ok;
}

static bool
der_of(X509 *x, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	bool ok = n > 0 && buf_add(out, der, (size_t)n);

	OPENSSL_free(der);
	return ok;
}

static void
holder_free(struct holder *h)
{
	EVP_PKEY_free(h->key);
	for (size_t i = 0; i < h->chain_n; i++)
		X509_free(h->chain[i]);
}

static int
no_password(char *out, int cap, int writing, void *ctx)
{
	(void)out;
	(void)cap;
	(void)writing;
	(void)ctx;
	return -1;
}

static bool
read_holder(struct span pem, struct holder *h, struct fault *f)
{
	BIO *keys = BIO_new_mem_buf(pem.p, (int)pem.n), *certs = BIO_new_mem_buf(pem.p, (int)pem.n);

	*h = (struct holder){ 0 };
	if (keys)
		h->key = PEM_read_bio_PrivateKey(keys, NULL, no_password, NULL);
	while (certs && h->chain_n < CHAIN_MAX && (h->chain[h->chain_n] = PEM_read_bio_X509(certs, NULL, no_password, NULL)))
		h->chain_n++;
	BIO_free(keys);
	BIO_free(certs);
	ERR_clear_error();
	if (!h->key)
		return fault_set(f, FAULT_OPERATOR, "there is no private key in it: it should hold key and certificate, "
		                                    "both as PEM, the key without a password");
	if (h->chain_n == 0)
		return fault_set(f, FAULT_OPERATOR, "there is no certificate in it: it should hold key and certificate, both as PEM");
	if (EVP_PKEY_get_base_id(h->key) != EVP_PKEY_RSA || EVP_PKEY_get_size(h->key) > SIGNATURE_MAX)
		return fault_set(f, FAULT_OPERATOR, "its key is no RSA key, and Entra ID takes no other for an application");
	if (X509_check_private_key(h->chain[0], h->key) != 1) {
		ERR_clear_error();
		return fault_set(f, FAULT_OPERATOR, "its key does not belong to its first certificate");
	}
	return true;
}

static bool
sign(EVP_PKEY *key, struct span what, struct buf *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p = NULL;
	unsigned char signature[SIGNATURE_MAX];
	size_t n = sizeof signature;
	bool ok = c && EVP_DigestSignInit(c, &p, EVP_sha256(), NULL, key) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) == 1 &&
	    EVP_DigestSign(c, signature, &n, (const unsigned char *)what.p, what.n) == 1 &&
	    base64url(span_from((char *)signature, n), out);

	EVP_MD_CTX_free(c);
	ERR_clear_error();
	return ok;
}

static json_t *
x5c(const struct holder *h)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < h->chain_n; i++) {
		struct buf der;
		char *text;

		buf_init(&der, SIGNATURE_MAX * 16);
		text = der_of(h->chain[i], &der) ? malloc((der.n + 2) / 3 * 4 + 1) : NULL;
		if (text) {
			(void)EVP_EncodeBlock((unsigned char *)text, (unsigned char *)der.p, (int)der.n);
			(void)json_array_append_new(list, json_string(text));
		}
		free(text);
		buf_clear(&der);
	}
	return list;
}

static json_t *
header_of(const struct holder *h, bool with_chain)
{
	struct buf der, thumb;
	uint8_t hash[DIGEST_BYTES];
	json_t *o = NULL;

	buf_init(&der, SIGNATURE_MAX * 16);
	buf_init(&thumb, 64);
	if (der_of(h->chain[0], &der) && digest_sha256(buf_span(&der), hash) &&
	    base64url(span_from((char *)hash, sizeof hash), &thumb))
		o = json_pack("{s:s, s:s, s:s}", "alg", "PS256", "typ", "JWT", "x5t#S256", buf_text(&thumb));
	if (o && with_chain)
		(void)json_object_set_new(o, "x5c", x5c(h));
	buf_clear(&der);
	buf_clear(&thumb);
	return o;
}

static bool
add_part(json_t *o, struct buf *out)
{
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	bool ok = text && base64url(span_of(text), out);

	free(text);
	json_decref(o);
	return ok;
}

bool
principal_assertion(struct span pem, const char *client, const char *audience, const char *id, int64_t now_s,
    bool with_chain, struct buf *out, struct fault *f)
{
	struct holder h;
	struct buf jwt;
	bool ok;

	if (!read_holder(pem, &h, f)) {
		holder_free(&h);
		return false;
	}
	buf_init(&jwt, ASSERTION_MAX);
	ok = add_part(header_of(&h, with_chain), &jwt) && buf_add_char(&jwt, '.') &&
	    add_part(json_pack("{s:s, s:I, s:s, s:s, s:I, s:s, s:I}", "aud", audience, "exp", (json_int_t)now_s + LIFE_S, "iss",
	                 client, "sub", client, "nbf", (json_int_t)now_s, "jti", id, "iat", (json_int_t)now_s),
	        &jwt);
	if (ok) {
		struct buf signature;

		buf_init(&signature, SIGNATURE_MAX * 2);
		ok = sign(h.key, buf_span(&jwt), &signature) && buf_add_char(&jwt, '.') &&
		    buf_add_span(&jwt, buf_span(&signature)) && buf_add_span(out, buf_span(&jwt));
		buf_clear(&signature);
	}
	buf_wipe(&jwt);
	holder_free(&h);
	return ok || fault_set(f, FAULT_BUSY, "the assertion could not be signed");
}

bool
acs_client_certificate(const struct conf_gateway *g, struct buf *der)
{
	struct fault f = { .kind = FAULT_NONE };
	struct holder h = { .chain_n = 0 };
	struct buf pem;
	bool ok;

	if (!g->client_certificate[0])
		return false;
	buf_init(&pem, SECRET_MAX);
	ok = secret_read(g->client_certificate, &pem, &f) && read_holder(buf_span(&pem), &h, &f) && der_of(h.chain[0], der);
	buf_wipe(&pem);
	holder_free(&h);
	return ok;
}
