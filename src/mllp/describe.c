/* describe.c - a certificate in the words that people compare. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/mllp.h"

#include "mllp/identity.h"
#include "mllp/pem.h"

#include <openssl/bio.h>
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

bool
mllp_describe(const char *path, struct mllp_certificate *out, struct fault *f)
{
	STACK_OF(X509) *all;
	X509 *x;

	if (!pem_certificates(path, PEM_OURS, &all, f)) {
		return false;
	}
	x = sk_X509_value(all, 0);
	name_text(X509_get_subject_name(x), out->subject, sizeof out->subject);
	name_text(X509_get_issuer_name(x), out->issuer, sizeof out->issuer);
	identity_fingerprint(x, out->sha256);
	out->not_before_s = seconds(X509_get0_notBefore(x));
	out->not_after_s = seconds(X509_get0_notAfter(x));
	sk_X509_pop_free(all, X509_free);
	return true;
}
