/* tests/unit/certs.h - certificates made on the spot, good ones and bad ones of
 * every kind, for tests of the intake. Everything made is given back by its
 * owner, the test.
 */
#ifndef CERTS_H
#define CERTS_H

#include "unit.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct made {
	EVP_PKEY *key;
	X509 *x;
};

struct wish { /* all zero: self-signed EC P-256, SHA-256, from yesterday, for a year */
	const char *cn;
	const char *san;           /* "DNS:a.example,DNS:b.example" */
	int rsa_bits;              /* 0: EC */
	const char *curve;         /* default P-256 */
	const char *kind;          /* another kind of key: "ED25519", "RSA-PSS" (2048 bits); signed by an issuer only */
	const char *digest;        /* default SHA256 */
	int from_days, to_days;    /* from today; 0, 0: the default */
	const char *eku;           /* "clientAuth" */
	bool ca;
	bool strange_critical;     /* a critical extension that nobody knows */
	const struct made *issuer; /* NULL: itself */
	const struct made *same_key; /* as that one's */
};

static inline void
certs_extension(X509 *x, const X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, (X509 *)(uintptr_t)issuer, x, NULL, NULL, 0); /* reads only */
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static inline void
certs_strange_critical(X509 *x)
{
	ASN1_OCTET_STRING *bytes = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *name = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
	X509_EXTENSION *e;

	assert_int_equal(ASN1_OCTET_STRING_set(bytes, (const unsigned char *)"\x05", 1), 1);
	e = X509_EXTENSION_create_by_OBJ(NULL, name, 1, bytes);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
	ASN1_OBJECT_free(name);
	ASN1_OCTET_STRING_free(bytes);
}

static inline EVP_PKEY *
certs_key_of(const char *kind)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	EVP_PKEY *key = NULL;

	assert_true(c && EVP_PKEY_keygen_init(c) == 1);
	if (strcmp(kind, "RSA-PSS") == 0)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(c, 2048), 1);
	assert_int_equal(EVP_PKEY_keygen(c, &key), 1);
	EVP_PKEY_CTX_free(c);
	return key;
}

static inline EVP_PKEY *
certs_key(const struct wish *w)
{
	if (w->same_key) {
		EVP_PKEY_up_ref(w->same_key->key);
		return w->same_key->key;
	}
	if (w->kind)
		return certs_key_of(w->kind);
	return w->rsa_bits ? EVP_RSA_gen((unsigned)w->rsa_bits) : EVP_EC_gen(w->curve ? w->curve : "P-256");
}

static inline struct made
certs_make(const struct wish *w)
{
	struct made m = { certs_key(w), X509_new() };
	const X509 *issuer = w->issuer ? w->issuer->x : m.x;
	bool dated = w->from_days || w->to_days;
	X509_NAME *name = X509_get_subject_name(m.x);

	assert_non_null(m.key);
	X509_set_version(m.x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(m.x), 1000 + (long)(uintptr_t)m.x % 1000000);
	X509_gmtime_adj(X509_getm_notBefore(m.x), 86400L * (dated ? w->from_days : -1));
	X509_gmtime_adj(X509_getm_notAfter(m.x), 86400L * (dated ? w->to_days : 365));
	if (w->cn) {
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)w->cn, -1, -1,
		    0);
	}
	X509_set_issuer_name(m.x, X509_get_subject_name(issuer));
	X509_set_pubkey(m.x, m.key);
	certs_extension(m.x, issuer, NID_basic_constraints, w->ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (w->san) {
		certs_extension(m.x, issuer, NID_subject_alt_name, w->san);
	}
	if (w->eku) {
		certs_extension(m.x, issuer, NID_ext_key_usage, w->eku);
	}
	if (w->strange_critical) {
		certs_strange_critical(m.x);
	}
	assert_true(X509_sign(m.x, w->issuer ? w->issuer->key : m.key,
	    EVP_get_digestbyname(w->digest ? w->digest : "SHA256")) > 0);
	return m;
}

static inline void
certs_free(struct made *m)
{
	EVP_PKEY_free(m->key);
	X509_free(m->x);
	m->key = NULL;
	m->x = NULL;
}

/* Where a test keeps its files; remove them with certs_remove(). */
struct certs_folder {
	char path[64];
	char *files[32]; /* owned */
	size_t n;
};

static inline void
certs_folder_make(struct certs_folder *f)
{
	f->n = 0;
	snprintf(f->path, sizeof f->path, "/tmp/nudge-test-XXXXXX");
	assert_non_null(mkdtemp(f->path));
}

static inline FILE *
certs_file(struct certs_folder *f, const char *name, char **path)
{
	FILE *file;

	assert_true(f->n < COUNT(f->files));
	assert_true(asprintf(path, "%s/%s", f->path, name) > 0);
	f->files[f->n++] = *path;
	file = fopen(*path, "w");
	assert_non_null(file);
	return file;
}

/* The path is the folder's. */
static inline char *
certs_write(struct certs_folder *f, const char *name, X509 *x)
{
	char *path;
	FILE *file = certs_file(f, name, &path);

	assert_int_equal(PEM_write_X509(file, x), 1);
	fclose(file);
	return path;
}

static inline char *
certs_write_key(struct certs_folder *f, const char *name, EVP_PKEY *key)
{
	char *path;
	FILE *file = certs_file(f, name, &path);

	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	return path;
}

/* A list of `ca` that names `revoked` (may be NULL), good until to_days; 0: it promises no next one. */
static inline char *
certs_write_list(struct certs_folder *f, const char *name, const struct made *ca, const X509 *revoked,
    int to_days)
{
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *when = X509_gmtime_adj(NULL, -2 * 86400L);
	ASN1_TIME *until = X509_gmtime_adj(NULL, 86400L * to_days);
	X509_REVOKED *entry;
	char *path;
	FILE *file = certs_file(f, name, &path);

	X509_CRL_set_version(list, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(list, X509_get_subject_name(ca->x));
	X509_CRL_set1_lastUpdate(list, when);
	if (to_days != 0) {
		X509_CRL_set1_nextUpdate(list, until);
	}
	if (revoked) {
		entry = X509_REVOKED_new();
		X509_REVOKED_set_serialNumber(entry,
		    (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(revoked)); /* copies */
		X509_REVOKED_set_revocationDate(entry, when);
		X509_CRL_add0_revoked(list, entry);
	}
	assert_true(X509_CRL_sign(list, ca->key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509_CRL(file, list), 1);
	fclose(file);
	ASN1_TIME_free(when);
	ASN1_TIME_free(until);
	X509_CRL_free(list);
	return path;
}

static inline void
certs_remove(struct certs_folder *f)
{
	for (size_t i = 0; i < f->n; i++) {
		unlink(f->files[i]);
		free(f->files[i]);
	}
	rmdir(f->path);
}

#endif
