/* describe.c - a certificate in the words that people compare. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/mllp.h"

#include "mllp/identity.h"
#include "mllp/pem.h"
#include "mllp/seen.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>
#include <time.h>

static void
name_text(const X509_NAME *name, char *out, size_t cap)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	if (b && X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_get_mem_data(b, &text);
	span_copy(out, cap, span_from(text, n > 0 ? (size_t)n : 0));
	BIO_free(b);
}

static int64_t
seconds(const ASN1_TIME *at)
{
	struct tm t;

	return ASN1_TIME_to_tm(at, &t) ? (int64_t)timegm(&t) : 0;
}

void
describe_certificate(const X509 *x, struct mllp_certificate *out)
{
	name_text(X509_get_subject_name(x), out->subject, sizeof out->subject);
	name_text(X509_get_issuer_name(x), out->issuer, sizeof out->issuer);
	identity_fingerprint(x, out->sha256);
	out->not_before_s = seconds(X509_get0_notBefore(x));
	out->not_after_s = seconds(X509_get0_notAfter(x));
}

void
describe_list(const X509_CRL *list, struct mllp_certificate *out)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	*out = (struct mllp_certificate){ .not_before_s = seconds(X509_CRL_get0_lastUpdate(list)) };
	name_text(X509_CRL_get_issuer(list), out->issuer, sizeof out->issuer);
	if (X509_CRL_digest(list, EVP_sha256(), hash, &n) && n == DIGEST_BYTES) {
		digest_hex(hash, n, out->sha256);
	}
	if (X509_CRL_get0_nextUpdate(list)) {
		out->not_after_s = seconds(X509_CRL_get0_nextUpdate(list));
	}
}

bool
mllp_describe(const char *path, struct mllp_certificate *out, struct fault *f)
{
	STACK_OF(X509) *all;

	if (!pem_certificates(path, PEM_OURS, &all, f)) {
		return false;
	}
	describe_certificate(sk_X509_value(all, 0), out);
	sk_X509_pop_free(all, X509_free);
	return true;
}

struct lists {
	mllp_list_fn *fn;
	void *ctx;
};

static void
one_list(void *ctx, const X509_CRL *list)
{
	const struct lists *l = ctx;
	struct mllp_certificate is;

	describe_list(list, &is);
	l->fn(l->ctx, &is);
}

bool
mllp_describe_lists(const char *path, mllp_list_fn *fn, void *ctx, struct fault *f)
{
	struct lists l = { fn, ctx };

	return pem_lists(path, one_list, &l, f);
}

bool
mllp_describe_der(struct span der, struct mllp_certificate *out)
{
	const unsigned char *p = (const unsigned char *)der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	if (!x) {
		ERR_clear_error();
		return false;
	}
	describe_certificate(x, out);
	X509_free(x);
	return true;
}
