/* pem.c - reads what administrators keep in .cer, .pem, .key and .crl files. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/pem.h"

#include "nudge/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (32u << 20) /* bytes; revocation lists of large issuers are megabytes */

bool
pem_ran_short(void)
{
	bool found = ERR_peek_error() == 0; /* whatever else is wrong, OpenSSL says so */

	for (unsigned long e = ERR_get_error(); e != 0; e = ERR_get_error()) {
		found = found || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	}
	return found;
}

static bool
short_of_memory(const char *path, struct fault *f)
{
	return fault_set(f, FAULT_BUSY, "%s: no memory to read it", path);
}

static bool
read_file(const char *path, struct buf *out, struct fault *f)
{
	char piece[16384];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return fault_set(f, fault_kind_of(errno), "%s: cannot be read: %s", path, strerror(errno));
	}
	while ((n = read(fd, piece, sizeof piece)) > 0) {
		if (!buf_add(out, piece, (size_t)n)) {
			close(fd);
			return out->n + (size_t)n <= FILE_MAX ? short_of_memory(path, f) :
			    fault_set(f, FAULT_OPERATOR, "%s: is larger than 32 MiB", path);
		}
	}
	if (n < 0) {
		fault_set(f, fault_kind_of(errno), "%s: cannot be read: %s", path, strerror(errno));
	}
	close(fd);
	OPENSSL_cleanse(piece, sizeof piece);
	return n == 0;
}

static bool
has(const struct buf *b, const char *text)
{
	return b->n > 0 && memmem(b->p, b->n, text, strlen(text)) != NULL;
}

static BIO *
reader_of(const struct buf *b)
{
	size_t skip = b->n >= 3 && memcmp(b->p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* an editor's BOM */

	return BIO_new_mem_buf(b->n ? b->p + skip : "", (int)(b->n - skip));
}

enum binary { NO_BINARY, BINARY_CERTIFICATE, BINARY_PKCS7, BINARY_PKCS12, BINARY_KEY };

static enum binary
binary_kind(const struct buf *b)
{
	const unsigned char *p[4];
	enum binary kind;
	X509 *x;
	PKCS7 *p7;
	PKCS12 *p12;
	EVP_PKEY *key;

	if (b->n == 0) {
		return NO_BINARY;
	}
	for (size_t i = 0; i < 4; i++) {
		p[i] = (const unsigned char *)b->p;
	}
	x = d2i_X509(NULL, &p[0], (long)b->n);
	p7 = d2i_PKCS7(NULL, &p[1], (long)b->n);
	p12 = d2i_PKCS12(NULL, &p[2], (long)b->n);
	key = d2i_AutoPrivateKey(NULL, &p[3], (long)b->n);
	kind = x ? BINARY_CERTIFICATE : p7 ? BINARY_PKCS7 : p12 ? BINARY_PKCS12 : key ? BINARY_KEY : NO_BINARY;
	X509_free(x);
	PKCS7_free(p7);
	PKCS12_free(p12);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return kind;
}

/* Why there was no certificate to be found. */
static bool
not_a_certificate(const char *path, const struct buf *b, struct fault *f)
{
	switch (binary_kind(b)) {
	case BINARY_CERTIFICATE:
		return fault_set(f, FAULT_OPERATOR, "%s: is DER (binary), not Base64; convert it: "
		    "openssl x509 -inform der -in %s -out NEW.pem", path, path);
	case BINARY_PKCS7:
		return fault_set(f, FAULT_OPERATOR, "%s: is PKCS#7 in DER (binary); convert it: "
		    "openssl pkcs7 -inform der -print_certs -in %s -out NEW.pem", path, path);
	case BINARY_PKCS12:
		return fault_set(f, FAULT_OPERATOR, "%s: is PKCS#12, which holds a private key; take the certificate out: "
		    "openssl pkcs12 -in %s -clcerts -nokeys -out NEW.pem", path, path);
	case BINARY_KEY:
		return fault_set(f, FAULT_OPERATOR, "%s: is a private key, not a certificate", path);
	case NO_BINARY:
		break;
	}
	if (has(b, "PRIVATE KEY-----") || has(b, "-----BEGIN PUBLIC KEY-----")) {
		return fault_set(f, FAULT_OPERATOR, "%s: is a key, not a certificate (-----BEGIN CERTIFICATE-----)", path);
	}
	if (has(b, "-----BEGIN PKCS7-----")) {
		return fault_set(f, FAULT_OPERATOR, "%s: is PKCS#7; convert it: "
		    "openssl pkcs7 -print_certs -in %s -out NEW.pem", path, path);
	}
	if (has(b, "CERTIFICATE REQUEST-----")) {
		return fault_set(f, FAULT_OPERATOR, "%s: is a certificate request; "
		    "name the certificate that was issued for it", path);
	}
	return fault_set(f, FAULT_OPERATOR, "%s: holds no certificate in Base64 "
	    "(-----BEGIN CERTIFICATE-----)", path);
}

static bool
collect(const char *path, const struct buf *b, STACK_OF(X509) *into, struct fault *f)
{
	BIO *bio = reader_of(b);
	bool all_read, ran_short;
	X509 *x = NULL;

	ERR_clear_error();
	while (bio && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (!sk_X509_push(into, x)) {
			X509_free(x);
			break;
		}
	}
	all_read = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ran_short = pem_ran_short();
	BIO_free(bio);
	if (ran_short) {
		return short_of_memory(path, f);
	}
	if (sk_X509_num(into) > 0 && all_read) {
		return true;
	}
	if (has(b, "-----BEGIN CERTIFICATE-----")) {
		return fault_set(f, FAULT_OPERATOR, "%s: a certificate in it is damaged; copy the file again",
		    path);
	}
	return not_a_certificate(path, b, f);
}

bool
pem_certificates(const char *path, enum pem_owner owner, STACK_OF(X509) **out, struct fault *f)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	struct buf b;
	bool ok = false;

	buf_init(&b, FILE_MAX);
	if (!all) {
		short_of_memory(path, f);
		goto out;
	}
	if (!read_file(path, &b, f)) {
		goto out;
	}
	if (owner == PEM_THEIRS && has(&b, "PRIVATE KEY-----")) {
		fault_set(f, FAULT_OPERATOR, "%s: holds a private key; a sender's certificate is needed "
		    "without it: remove the key and have its owner replace it", path);
		goto out;
	}
	ok = collect(path, &b, all, f);
out:
	buf_wipe(&b);
	if (!ok) {
		sk_X509_pop_free(all, X509_free);
		return false;
	}
	*out = all;
	return true;
}

/* Never asks a terminal; there is none. */
static int
no_passphrase(char *text, int size, int writing, void *asked)
{
	(void)text;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

bool
pem_private_key(const char *path, EVP_PKEY **out, struct fault *f)
{
	EVP_PKEY *key = NULL;
	enum binary kind;
	bool asked = false, ran_short;
	struct buf b;
	BIO *bio;

	buf_init(&b, FILE_MAX);
	if (!read_file(path, &b, f)) {
		buf_wipe(&b);
		return false;
	}
	ERR_clear_error();
	bio = reader_of(&b);
	if (bio) {
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	}
	BIO_free(bio);
	ran_short = !key && !asked && pem_ran_short();
	kind = key ? NO_BINARY : binary_kind(&b);
	buf_wipe(&b);
	ERR_clear_error();
	if (key) {
		*out = key;
		return true;
	}
	if (ran_short) {
		return short_of_memory(path, f);
	}
	if (kind == BINARY_KEY) {
		return fault_set(f, FAULT_OPERATOR, "%s: is DER (binary), not Base64; convert it: "
		    "openssl pkey -inform der -in %s -out NEW.key", path, path);
	}
	if (kind == BINARY_PKCS12) {
		return fault_set(f, FAULT_OPERATOR, "%s: is PKCS#12; take the key out: "
		    "openssl pkcs12 -in %s -nocerts -nodes -out NEW.key", path, path);
	}
	return fault_set(f, FAULT_OPERATOR, asked
	    ? "%s: the key has a passphrase; store it without one: openssl pkey -in OLD -out NEW"
	    : "%s: holds no private key in Base64 (-----BEGIN PRIVATE KEY-----)", path);
}

bool
pem_revocation_list(const char *path, X509_STORE *into, struct fault *f)
{
	const unsigned char *p;
	X509_CRL *crl = NULL;
	int found = 0;
	bool added = true, ran_short;
	struct buf b;
	BIO *bio;

	buf_init(&b, FILE_MAX);
	if (!read_file(path, &b, f)) {
		buf_clear(&b);
		return false;
	}
	ERR_clear_error();
	bio = reader_of(&b);
	while (bio && added && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL))) {
		added = X509_STORE_add_crl(into, crl) == 1;
		X509_CRL_free(crl);
		found++;
	}
	BIO_free(bio);
	p = (const unsigned char *)b.p;
	if (!found && b.n && (crl = d2i_X509_CRL(NULL, &p, (long)b.n))) {
		added = X509_STORE_add_crl(into, crl) == 1;
		X509_CRL_free(crl);
		found++;
	}
	buf_clear(&b);
	ran_short = pem_ran_short(); /* a list is read until there is no other: that is an error too */
	if (!added || ran_short) {
		return short_of_memory(path, f);
	}
	return found > 0 ||
	    fault_set(f, FAULT_OPERATOR, "%s: holds no revocation list (-----BEGIN X509 CRL-----)", path);
}

bool
pem_lists(const char *path, pem_list_fn *fn, void *ctx, struct fault *f)
{
	X509_CRL *crl;
	bool ran_short;
	int found = 0;
	struct buf b;
	BIO *bio;

	buf_init(&b, FILE_MAX);
	if (!read_file(path, &b, f)) {
		buf_clear(&b);
		return false;
	}
	ERR_clear_error();
	bio = reader_of(&b);
	while (bio && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL))) {
		fn(ctx, crl);
		X509_CRL_free(crl);
		found++;
	}
	BIO_free(bio);
	buf_clear(&b);
	ran_short = pem_ran_short();
	if (ran_short) {
		return short_of_memory(path, f);
	}
	return found > 0 || fault_set(f, FAULT_OPERATOR, "%s: holds no revocation list in Base64 (-----BEGIN X509 CRL-----); one in DER is converted by: "
	    "openssl crl -inform der -in %s -out NEW", path, path);
}
