/* staple.c - looks at the OCSP answer that a server sends along with its certificate. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/staple.h"

#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define SKEW_S 300

static bool
promises_one(X509 *x)
{
	TLS_FEATURE *features = x ? X509_get_ext_d2i(x, NID_tlsfeature, NULL, NULL) : NULL;
	bool found = false;

	for (int i = 0; features && i < sk_ASN1_INTEGER_num(features); i++)
		found = found || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == TLSEXT_TYPE_status_request;
	sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
	return found;
}

/* Whoever asked may have hashed the issuer in another way than we would. */
static bool
is_about(const OCSP_CERTID *id, X509 *x, const X509 *issuer)
{
	ASN1_OBJECT *digest = NULL;
	OCSP_CERTID *ours;
	const EVP_MD *md;
	bool same;

	if (OCSP_id_get0_info(NULL, &digest, NULL, NULL, (OCSP_CERTID *)(uintptr_t)id) != 1 || !(md = EVP_get_digestbyobj(digest)))
		return false;
	ours = OCSP_cert_to_id(md, x, issuer);
	same = ours && OCSP_id_cmp(ours, id) == 0;
	OCSP_CERTID_free(ours);
	return same;
}

static const char *
judge_one(OCSP_SINGLERESP *one)
{
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
	int status = OCSP_single_get0_status(one, NULL, NULL, &from, &until);

	if (OCSP_check_validity(from, until, SKEW_S, -1) != 1)
		return "the OCSP answer that came with it is not of now";
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		return "it was revoked, says the OCSP answer that came with it";
	return status == V_OCSP_CERTSTATUS_GOOD ? NULL : "its issuer does not know it, says the OCSP answer that came with it";
}

static const char *
judge(OCSP_BASICRESP *all, STACK_OF(X509) *chain, X509_STORE *trusted)
{
	const char *why = "the OCSP answer that came with it is about another one";
	STACK_OF(X509) *above = sk_X509_dup(chain);
	bool is_signed;

	/* Who signed is found by name, and the certificate itself may have that of a responder. */
	(void)sk_X509_shift(above);
	is_signed = above && OCSP_basic_verify(all, above, trusted, 0) == 1;
	sk_X509_free(above);
	if (!is_signed)
		return "the OCSP answer that came with it is not signed for its issuer";
	for (int i = 0; i < OCSP_resp_count(all); i++) {
		OCSP_SINGLERESP *one = OCSP_resp_get0(all, i);

		if (is_about(OCSP_SINGLERESP_get0_id(one), sk_X509_value(chain, 0), sk_X509_value(chain, 1)) && (why = judge_one(one)))
			return why;
	}
	return why;
}

static const char *
look(SSL *ssl)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	const unsigned char *p = NULL;
	long n = SSL_get_tlsext_status_ocsp_resp(ssl, &p);
	OCSP_BASICRESP *all;
	OCSP_RESPONSE *r;
	const char *why;

	if (!p || n <= 0)
		return promises_one(sk_X509_value(chain, 0)) ? "it promises an OCSP answer, and none came with it" : NULL;
	/* A root by itself has nobody who could take it back. */
	if (sk_X509_num(chain) < 2)
		return NULL;
	r = d2i_OCSP_RESPONSE(NULL, &p, n);
	all = r && OCSP_response_status(r) == OCSP_RESPONSE_STATUS_SUCCESSFUL ? OCSP_response_get1_basic(r) : NULL;
	why = all ? judge(all, chain, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl))) : "the OCSP answer that came with it cannot be read";
	OCSP_BASICRESP_free(all);
	OCSP_RESPONSE_free(r);
	return why;
}

static int
on_staple(SSL *ssl, void *ctx)
{
	struct staple *out = ctx;
	const char *why = look(ssl);

	if (why)
		out->why = why;
	return why ? 0 : 1;
}

/* The last word stays with OpenSSL. libcurl tells a signature that is wrong like any other end of a handshake. */
static int
on_verify(int good, X509_STORE_CTX *chain)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct staple *out = NULL;

	if (!good && ssl && SSL_CTX_get_tlsext_status_arg(SSL_get_SSL_CTX(ssl), (void *)&out) == 1 && out)
		out->why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain));
	return good;
}

bool
staple_ask(void *ssl_ctx, struct staple *out)
{
	SSL_CTX *ctx = ssl_ctx;

	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	return SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp) == 1 && SSL_CTX_set_tlsext_status_cb(ctx, on_staple) == 1 &&
	    SSL_CTX_set_tlsext_status_arg(ctx, out) == 1;
}
