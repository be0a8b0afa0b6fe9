/* check.c - what start-up would find wrong with the certificates, and what will be wrong soon. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/mllp.h"

#include "mllp/identity.h"
#include "mllp/pem.h"
#include "mllp/tls.h"
#include "nudge/clock.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <stdio.h>
#include <unistd.h>

#define SOON_DAYS 30

struct subject { /* whose certificate is looked at */
	const struct conf_place *at;
	const char *block, *title; /* "environment", "prod" */
	const char *key, *path;    /* "certificates", "/etc/..." */
};

static void
add(struct conf_faults *faults, const struct subject *s, bool warning, const char *text)
{
	conf_fault_add(faults, s->at, warning, "%s \"%s\": %s: %s: %s", s->block, s->title, s->key, s->path, text);
}

static bool
ends_soon(const X509 *x, int *days)
{
	int seconds;

	return ASN1_TIME_diff(days, &seconds, NULL, X509_get0_notAfter(x)) && *days < SOON_DAYS;
}

/* Dates are warnings: another certificate may be in force, and a service that
 * does not start keeps no reminder. */
static void
check_dates(const X509 *x, const struct subject *s, struct conf_faults *faults)
{
	enum identity_rule r = identity_dates(x);
	char text[96];
	int days;

	if (r == RULE_EXPIRED) {
		add(faults, s, true, "has expired: put its successor beside it or in its place");
	} else if (r == RULE_EARLY) {
		add(faults, s, true, "is not valid yet");
	} else if (ends_soon(x, &days)) {
		snprintf(text, sizeof text, "expires in %d days", days);
		add(faults, s, true, text);
	}
}

static void
check_strength(X509 *x, const struct subject *s, struct conf_faults *faults)
{
	enum identity_rule r = identity_strength(x);

	if (r != RULE_ACCEPTED) {
		add(faults, s, false, identity_rule_text(r)->broken);
	}
}

static void
check_file(const struct subject *s, enum pem_owner owner, struct conf_faults *faults)
{
	struct fault f = { FAULT_NONE, "" };
	STACK_OF(X509) *all;
	X509 *first;

	if (!pem_certificates(s->path, owner, &all, &f)) {
		conf_fault_of(faults, s->at, f.kind, "%s \"%s\": %s: %s", s->block, s->title, s->key, f.text);
		return;
	}
	first = sk_X509_value(all, 0);
	check_strength(first, s, faults);
	check_dates(first, s, faults);
	sk_X509_pop_free(all, X509_free);
}

static void
check_environment(const struct conf *c, const struct conf_environment *e, struct conf_faults *faults)
{
	struct subject s = { conf_place_of(c, "environment", e->title, "certificates", &e->at), "environment", e->title,
		"certificates", NULL };

	for (size_t i = 0; i < e->certificates.n; i++) {
		s.path = e->certificates.item[i];
		check_file(&s, PEM_THEIRS, faults);
	}
	if (e->issuer[0]) {
		s.key = "issuer";
		s.at = conf_place_of(c, "environment", e->title, "issuer", &e->at);
		s.path = e->issuer;
		check_file(&s, PEM_THEIRS, faults);
	}
}

/* Who only checks may not be allowed to read it; what the service can, it looks at itself. */
static bool
is_hidden(const struct conf *c, const char *path)
{
	return c->reader == CONF_CHECK && access(path, R_OK) != 0 && errno == EACCES;
}

/* Certificate, key, and both together: each fault at the setting that names the file. */
static void
check_own(const struct conf *c, const struct conf_listener *l, struct conf_faults *faults)
{
	struct subject s = { conf_place_of(c, "listener", l->title, "certificate", &l->at), "listener", l->title, "certificate",
		l->certificate };
	const struct conf_place *key_at = conf_place_of(c, "listener", l->title, "private_key", &l->at);
	size_t before = faults->errors_n;
	struct fault f = { FAULT_NONE, "" };
	SSL_CTX *tls = NULL;
	EVP_PKEY *key = NULL;

	if (!l->certificate[0] || !l->private_key[0]) {
		return; /* was said */
	}
	check_file(&s, PEM_OURS, faults);
	if (access(l->private_key, F_OK) != 0 && errno == ENOENT) {
		return; /* so was this, with the other secrets */
	}
	if (is_hidden(c, l->private_key)) {
		conf_fault_add(faults, key_at, true, "listener \"%s\": private_key %s cannot be read by you: whether it belongs to "
		    "certificate was not looked at", l->title, l->private_key);
		return;
	}
	if (!pem_private_key(l->private_key, &key, &f))
		conf_fault_of(faults, key_at, f.kind, "listener \"%s\": private_key: %s", l->title, f.text);
	EVP_PKEY_free(key);
	if (faults->errors_n == before && !tls_context(l, NULL, &tls, &f))
		conf_fault_of(faults, key_at, f.kind, "listener \"%s\": %s", l->title, f.text);
	SSL_CTX_free(tls);
}

/* All that start-up does with a listener's files, less the socket. A fault of
 * an environment was said already, and better, at the environment itself. */
static void
check_listener(const struct conf *c, const struct conf_listener *l, bool environments_good, struct conf_faults *faults)
{
	struct identity *id = NULL;
	struct fault f = { FAULT_NONE, "" };

	if (environments_good && l->environments_n > 0 && !identity_new(l, &id, &f))
		conf_fault_of(faults, conf_place_of(c, "listener", l->title, "environments", &l->at), f.kind, "listener \"%s\": %s",
		    l->title, f.text);
	identity_free(id);
	if (l->tls) {
		check_own(c, l, faults);
	}
}

struct overdue {
	int64_t now_s;
	size_t n;
};

static void
count_overdue(void *ctx, const struct mllp_certificate *list)
{
	struct overdue *o = ctx;

	o->n += list->not_after_s != 0 && list->not_after_s < o->now_s;
}

/* nudge-sender's; they are no secret, and how long they last is told here. */
static void
check_gateway(const struct conf *c, const struct conf_gateway *g, struct conf_faults *faults)
{
	const struct conf_place *at = conf_place_of(c, "gateway", g->title, "revocation_list", &g->at);
	struct overdue o = { clock_now().wall_ms / 1000, 0 };
	struct fault f = { FAULT_NONE, "" };

	if (!g->revocation_list[0] || is_hidden(c, g->revocation_list)) {
		return;
	}
	if (!mllp_describe_lists(g->revocation_list, count_overdue, &o, &f))
		conf_fault_of(faults, at, f.kind, "gateway \"%s\": revocation_list: %s", g->title, f.text);
	else if (o.n > 0)
		conf_fault_add(faults, at, true, "gateway \"%s\": revocation_list %s: %zu of its lists are overdue: nothing is sent to a host "
		    "of such a CA; fetch fresh ones", g->title, g->revocation_list, o.n);
}

bool
mllp_check(const struct conf *c, struct conf_faults *faults)
{
	size_t before = faults->errors_n;
	bool environments_good;

	for (size_t i = 0; i < c->environments_n; i++) {
		check_environment(c, &c->environments[i], faults);
	}
	environments_good = faults->errors_n == before;
	for (size_t i = 0; i < c->listeners_n; i++) {
		check_listener(c, &c->listeners[i], environments_good, faults);
	}
	for (size_t i = 0; i < c->gateways_n; i++) {
		check_gateway(c, &c->gateways[i], faults);
	}
	return faults->errors_n == before;
}
