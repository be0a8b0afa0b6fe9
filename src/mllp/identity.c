/* identity.c - judges a certificate by pins, or by issuer, list and names. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/identity.h"

#include "mllp/pem.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_DEPTH_MAX 6
#define AUTH_LEVEL 2 /* OpenSSL's name for at least 112 bits and no SHA-1 in a chain */

struct credential { /* of one environment */
	const struct conf_environment *environment;
	uint8_t (*pins)[DIGEST_BYTES]; /* owned */
	X509 **pinned;                 /* owned, as what they point at; parallel to pins */
	size_t pins_n;
	X509_STORE *store;             /* owned; NULL with pins */
	struct peer_range *sources;    /* owned; none: any address */
	size_t sources_n;
};

struct identity {
	size_t n;
	struct credential credentials[]; /* parallel to the listener's environments */
};

bool
identity_pin(X509 *x, uint8_t out[DIGEST_BYTES])
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	bool ok = n > 0 && digest_sha256(span_from(der, (size_t)n), out);

	OPENSSL_free(der);
	return ok;
}

void
identity_fingerprint(const X509 *x, char out[2 * DIGEST_BYTES + 1])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (X509_digest(x, EVP_sha256(), hash, &n) && n == DIGEST_BYTES) {
		digest_hex(hash, n, out);
	} else {
		out[0] = '\0';
	}
}

enum identity_rule
identity_strength(X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	int kind = key ? EVP_PKEY_get_base_id(key) : 0;
	int digest = 0;

	switch (kind) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		if (EVP_PKEY_get_bits(key) < 2048) {
			return RULE_WEAK_KEY;
		}
		break;
	case EVP_PKEY_EC:
		if (EVP_PKEY_get_bits(key) < 256) {
			return RULE_WEAK_KEY;
		}
		break;
	case EVP_PKEY_ED25519:
	case EVP_PKEY_ED448:
		break;
	default:
		return RULE_WEAK_KEY;
	}
	/* A signature by itself proves nothing, so its digest does not matter. */
	if (X509_get_extension_flags(x) & EXFLAG_SS) {
		return RULE_ACCEPTED;
	}
	X509_get_signature_info(x, &digest, NULL, NULL, NULL);
	if (digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md2 ||
	    digest == NID_md5_sha1) {
		return RULE_WEAK_SIGNATURE;
	}
	return RULE_ACCEPTED;
}

enum identity_rule
identity_dates(const X509 *x)
{
	if (X509_cmp_current_time(X509_get0_notAfter(x)) <= 0) { /* 0: unreadable */
		return RULE_EXPIRED;
	}
	if (X509_cmp_current_time(X509_get0_notBefore(x)) >= 0) {
		return RULE_EARLY;
	}
	return RULE_ACCEPTED;
}

static enum identity_rule
judge_leaf(X509 *leaf, enum identity_dates dates)
{
	enum identity_rule r = identity_strength(leaf);
	uint32_t flags = X509_get_extension_flags(leaf);
	uint32_t uses = X509_get_extended_key_usage(leaf); /* all bits when not said */

	if (r != RULE_ACCEPTED) {
		return r;
	}
	if (!(uses & (XKU_SSL_CLIENT | XKU_ANYEKU))) {
		return RULE_WRONG_USE;
	}
	if (flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) {
		return RULE_CRITICAL;
	}
	return dates == IDENTITY_NOW ? identity_dates(leaf) : RULE_ACCEPTED;
}

static enum identity_rule
judge_pins(const struct credential *c, X509 *leaf, enum identity_dates dates)
{
	uint8_t pin[DIGEST_BYTES];

	if (!identity_pin(leaf, pin)) {
		return RULE_BAD_CHAIN;
	}
	for (size_t i = 0; i < c->pins_n; i++) {
		if (memcmp(pin, c->pins[i], sizeof pin) == 0) {
			return judge_leaf(leaf, dates);
		}
	}
	return RULE_UNPINNED;
}

/* OpenSSL's verdict on a chain in our words. */
static enum identity_rule
rule_of_chain(int x509_error)
{
	static const struct {
		int error;
		enum identity_rule rule;
	} rows[] = {
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, RULE_UNKNOWN_ISSUER },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, RULE_UNKNOWN_ISSUER },
		{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, RULE_UNKNOWN_ISSUER },
		{ X509_V_ERR_CERT_SIGNATURE_FAILURE, RULE_UNKNOWN_ISSUER }, /* same name, other key */
		{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, RULE_UNKNOWN_ISSUER },
		{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, RULE_UNKNOWN_ISSUER },
		{ X509_V_ERR_CERT_HAS_EXPIRED, RULE_EXPIRED },
		{ X509_V_ERR_CERT_NOT_YET_VALID, RULE_EARLY },
		{ X509_V_ERR_CERT_REVOKED, RULE_REVOKED },
		{ X509_V_ERR_UNABLE_TO_GET_CRL, RULE_NO_LIST },
		{ X509_V_ERR_CRL_HAS_EXPIRED, RULE_NO_LIST },
		{ X509_V_ERR_CRL_NOT_YET_VALID, RULE_NO_LIST },
		{ X509_V_ERR_CRL_SIGNATURE_FAILURE, RULE_NO_LIST },
		{ X509_V_ERR_EE_KEY_TOO_SMALL, RULE_WEAK_KEY },
		{ X509_V_ERR_CA_KEY_TOO_SMALL, RULE_WEAK_KEY },
		{ X509_V_ERR_CA_MD_TOO_WEAK, RULE_WEAK_SIGNATURE },
		{ X509_V_ERR_INVALID_PURPOSE, RULE_WRONG_USE },
		{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, RULE_CRITICAL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].error == x509_error) {
			return rows[i].rule;
		}
	}
	return RULE_BAD_CHAIN;
}

/* A name of the certificate is one of the subjects, letter by letter (case
 * aside): a NUL, a wildcard or a prefix is another name. */
static bool
allowed(const struct text_list *subjects, const ASN1_STRING *name)
{
	struct span s = span_from(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name));

	for (size_t i = 0; i < subjects->n; i++) {
		if (s.n > 0 && !memchr(s.p, '*', s.n) && span_is_nocase(s, subjects->item[i])) {
			return true;
		}
	}
	return false;
}

/* The common name counts only where there is no SAN at all. */
static bool
name_allowed(const struct text_list *subjects, const X509 *leaf)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	const X509_NAME *subject = X509_get_subject_name(leaf);
	bool ok = false;
	int at;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !ok; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		ok = g->type == GEN_DNS && allowed(subjects, g->d.dNSName);
	}
	GENERAL_NAMES_free(names);
	if (ok || X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) >= 0) {
		return ok;
	}
	at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
		return false;
	}
	return allowed(subjects, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

static enum identity_rule
judge_chain(const struct credential *c, X509 *leaf, STACK_OF(X509) *chain, enum identity_dates dates)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	enum identity_rule r = RULE_BAD_CHAIN;

	if (!ctx || !X509_STORE_CTX_init(ctx, c->store, leaf, chain) ||
	    !X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT)) {
		goto out;
	}
	if (dates == IDENTITY_ALREADY) {
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_NO_CHECK_TIME);
	}
	if (X509_verify_cert(ctx) != 1) {
		r = rule_of_chain(X509_STORE_CTX_get_error(ctx));
		goto out;
	}
	r = judge_leaf(leaf, dates);
	if (r == RULE_ACCEPTED && !name_allowed(&c->environment->subjects, leaf)) {
		r = RULE_NAME;
	}
out:
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return r;
}

static bool
source_allowed(const struct credential *c, const struct peer *from)
{
	return c->sources_n == 0 || peer_within(from, c->sources, c->sources_n);
}

enum identity_rule
identity_judge(const struct identity *id, X509 *leaf, STACK_OF(X509) *chain, const struct peer *from,
    enum identity_dates dates, identity_set *out)
{
	enum identity_rule best = RULE_NO_CERTIFICATE;
	identity_set set = 0;

	for (size_t i = 0; leaf && i < id->n; i++) {
		const struct credential *c = &id->credentials[i];
		enum identity_rule r = c->store ? judge_chain(c, leaf, chain, dates)
		                                : judge_pins(c, leaf, dates);
		if (r == RULE_ACCEPTED && !source_allowed(c, from)) {
			r = RULE_SOURCE;
		}
		if (r == RULE_ACCEPTED) {
			set |= (identity_set)1 << i;
		} else if (r > best) {
			best = r;
		}
	}
	if (set == 0) {
		return best;
	}
	*out = set;
	return RULE_ACCEPTED;
}

identity_set
identity_sources(const struct identity *id, const struct peer *from)
{
	identity_set set = 0;

	for (size_t i = 0; i < id->n; i++) {
		if (source_allowed(&id->credentials[i], from)) {
			set |= (identity_set)1 << i;
		}
	}
	return set;
}

static bool
read_pins(struct credential *c, struct fault *f)
{
	const struct text_list *paths = &c->environment->certificates;
	STACK_OF(X509) *certificates;

	c->pins = calloc(paths->n, sizeof *c->pins);
	c->pinned = calloc(paths->n, sizeof(X509 *));
	if (!c->pins || !c->pinned) {
		return fault_set(f, FAULT_BUSY, "no memory for its certificates");
	}
	for (size_t i = 0; i < paths->n; i++) {
		bool ok;
		if (!pem_certificates(paths->item[i], PEM_THEIRS, &certificates, f)) {
			return false;
		}
		/* The first is the sender's own, what follows is its chain. */
		ok = identity_pin(sk_X509_value(certificates, 0), c->pins[c->pins_n]);
		c->pinned[c->pins_n] = ok ? sk_X509_shift(certificates) : NULL;
		sk_X509_pop_free(certificates, X509_free);
		if (!ok) {
			return fault_set(f, FAULT_BUSY, "%s: no memory for its public key", paths->item[i]);
		}
		c->pins_n++;
	}
	return true;
}

static bool
read_issuer(struct credential *c, struct fault *f)
{
	const struct conf_environment *e = c->environment;
	STACK_OF(X509) *anchors = NULL;
	bool ok;

	for (size_t i = 0; i < e->subjects.n; i++) {
		if (strchr(e->subjects.item[i], '*')) {
			return fault_set(f, FAULT_OPERATOR, "subjects: \"%s\": wildcards are not taken; "
			    "name each sender", e->subjects.item[i]);
		}
	}
	if (!pem_certificates(e->issuer, PEM_THEIRS, &anchors, f)) {
		return false;
	}
	c->store = X509_STORE_new();
	ok = c->store != NULL;
	for (int i = 0; ok && i < sk_X509_num(anchors); i++) {
		ok = X509_STORE_add_cert(c->store, sk_X509_value(anchors, i)) == 1;
	}
	sk_X509_pop_free(anchors, X509_free);
	if (!ok) {
		return fault_set(f, FAULT_BUSY, "no memory for its issuer");
	}
	X509_STORE_set_depth(c->store, CHAIN_DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(c->store), AUTH_LEVEL);
	X509_STORE_set_flags(c->store, X509_V_FLAG_PARTIAL_CHAIN); /* an intermediate may be the issuer */
	if (e->revocation_list[0] == '\0') {
		return true;
	}
	X509_STORE_set_flags(c->store, X509_V_FLAG_CRL_CHECK);
	return pem_revocation_list(e->revocation_list, c->store, f);
}

static bool
read_sources(struct credential *c, struct fault *f)
{
	const struct text_list *texts = &c->environment->sources;

	if (texts->n == 0) {
		return true;
	}
	c->sources = calloc(texts->n, sizeof *c->sources);
	if (!c->sources) {
		return fault_set(f, FAULT_BUSY, "no memory for its sources");
	}
	for (size_t i = 0; i < texts->n; i++) {
		if (!peer_range_read(texts->item[i], &c->sources[i])) {
			return fault_set(f, FAULT_OPERATOR, "sources: \"%s\" is no address and no range; "
			    "write 10.1.2.3 or 10.1.2.0/24", texts->item[i]);
		}
		c->sources_n++;
	}
	return true;
}

static bool
same_key_fault(const struct credential *a, const struct credential *b, size_t at, struct fault *f)
{
	return fault_set(f, FAULT_OPERATOR, "environments \"%s\" and \"%s\" pin the same key (%s): "
	    "give each sender system a certificate of its own", a->environment->title, b->environment->title,
	    b->environment->certificates.item[at]);
}

static bool
pins_differ(const struct credential *a, const struct credential *b, struct fault *f)
{
	for (size_t i = 0; i < a->pins_n; i++) {
		for (size_t k = 0; k < b->pins_n; k++) {
			if (memcmp(a->pins[i], b->pins[k], sizeof b->pins[k]) == 0) {
				return same_key_fault(a, b, k, f);
			}
		}
	}
	return true;
}

/* A message must belong to one environment: its certificate decides which. */
static bool
all_pins_differ(const struct identity *id, struct fault *f)
{
	for (size_t i = 0; i < id->n; i++) {
		for (size_t k = i + 1; k < id->n; k++) {
			if (!pins_differ(&id->credentials[i], &id->credentials[k], f)) {
				return false;
			}
		}
	}
	return true;
}

bool
identity_new(const struct conf_listener *l, struct identity **out, struct fault *f)
{
	struct identity *id;

	if (l->environments_n == 0 || l->environments_n > IDENTITY_ENVIRONMENTS_MAX) {
		return fault_set(f, FAULT_OPERATOR, "environments: a listener takes 1 to %d of them",
		    IDENTITY_ENVIRONMENTS_MAX);
	}
	id = calloc(1, sizeof *id + l->environments_n * sizeof id->credentials[0]);
	if (!id) {
		return fault_set(f, FAULT_BUSY, "no memory for its environments");
	}
	for (size_t i = 0; i < l->environments_n; i++) {
		struct credential *c = &id->credentials[id->n++];
		c->environment = l->environments[i];
		if (!read_sources(c, f) || (l->tls && c->environment->issuer[0] && !read_issuer(c, f)) ||
		    (l->tls && !c->environment->issuer[0] && !read_pins(c, f))) {
			fault_at(f, "environment \"%s\"", c->environment->title);
			goto fail;
		}
	}
	if (!all_pins_differ(id, f)) {
		goto fail;
	}
	*out = id;
	return true;
fail:
	identity_free(id);
	return false;
}

static void
store_items(const struct credential *c, identity_item_fn *fn, void *ctx)
{
	const struct conf_environment *e = c->environment;
	STACK_OF(X509_OBJECT) *all;

	X509_STORE_lock(c->store); /* a chain that is verified meanwhile may sort it */
	all = X509_STORE_get0_objects(c->store);
	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		X509_OBJECT *o = sk_X509_OBJECT_value(all, i);
		X509 *x = X509_OBJECT_get0_X509(o);
		X509_CRL *list = X509_OBJECT_get0_X509_CRL(o);
		if (x || list) {
			fn(ctx, &(struct identity_item){ e, x ? "issuer" : "revocation_list", x ? e->issuer : e->revocation_list,
			    x, list });
		}
	}
	X509_STORE_unlock(c->store);
}

void
identity_items(const struct identity *id, identity_item_fn *fn, void *ctx)
{
	for (size_t i = 0; i < id->n; i++) {
		const struct credential *c = &id->credentials[i];
		for (size_t k = 0; k < c->pins_n; k++) {
			fn(ctx, &(struct identity_item){ c->environment, "certificates", c->environment->certificates.item[k],
			    c->pinned[k], NULL });
		}
		if (c->store) {
			store_items(c, fn, ctx);
		}
	}
}

void
identity_free(struct identity *id)
{
	for (size_t i = 0; id && i < id->n; i++) {
		for (size_t k = 0; k < id->credentials[i].pins_n; k++) {
			X509_free(id->credentials[i].pinned[k]);
		}
		free(id->credentials[i].pinned);
		free(id->credentials[i].pins);
		free(id->credentials[i].sources);
		X509_STORE_free(id->credentials[i].store);
	}
	free(id);
}
