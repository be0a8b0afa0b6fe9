/* test_identity.c - every way in which a certificate can be right or wrong. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "certs.h"
#include "mllp/identity.h"
#include "nudge/mllp.h"

#include <arpa/inet.h>

#define MAKE(...) certs_make(&(struct wish){ __VA_ARGS__ })

/* Made once: keys of RSA take their time. */
struct family {
	struct certs_folder folder;
	struct made ca, other_ca, weak_ca, one, two, renewed, expired, early, stranger, weak, old_hash;
	struct made server_only, strange, old_hash_own;
	struct made by_ca, by_name, by_wildcard, by_other, by_cn, cn_beside_san, revoked, wrong_use, by_weak;
	struct made by_ca_expired, by_ca_rsa1024, by_ca_p192, by_leaf;
	char *one_file, *two_file, *ca_file, *list_file, *old_list_file, *empty_list_file;
};

#define NAME "epic-bridges.lamna.example"

static void
make_pinned(struct family *f)
{
	f->one = MAKE(.cn = "one");
	f->two = MAKE(.cn = "two", .rsa_bits = 2048);
	f->renewed = MAKE(.cn = "one, renewed", .same_key = &f->one, .to_days = 700);
	f->expired = MAKE(.cn = "x", .same_key = &f->one, .from_days = -9, .to_days = -1);
	f->early = MAKE(.cn = "x", .same_key = &f->one, .from_days = 1, .to_days = 9);
	f->stranger = MAKE(.cn = "one");
	f->weak = MAKE(.cn = "weak", .rsa_bits = 1024);
	f->old_hash = MAKE(.cn = "o", .same_key = &f->one, .digest = "SHA1", .issuer = &f->ca);
	f->old_hash_own = MAKE(.cn = "o", .same_key = &f->one, .digest = "SHA1");
	f->server_only = MAKE(.cn = "s", .same_key = &f->one, .eku = "serverAuth");
	f->strange = MAKE(.cn = "s", .same_key = &f->one, .strange_critical = true);
	f->one_file = certs_write(&f->folder, "one.pem", f->one.x);
	f->two_file = certs_write(&f->folder, "two.pem", f->two.x);
}

static void
make_issued(struct family *f)
{
	f->by_ca = MAKE(.cn = "x", .san = "DNS:" NAME, .issuer = &f->ca, .eku = "clientAuth");
	f->by_name = MAKE(.cn = "x", .san = "DNS:other.example", .issuer = &f->ca);
	f->by_wildcard = MAKE(.cn = "x", .san = "DNS:*.lamna.example", .issuer = &f->ca);
	f->by_other = MAKE(.cn = "x", .san = "DNS:" NAME, .issuer = &f->other_ca);
	f->by_cn = MAKE(.cn = NAME, .issuer = &f->ca);
	f->cn_beside_san = MAKE(.cn = NAME, .san = "DNS:other.example", .issuer = &f->ca);
	f->revoked = MAKE(.cn = "x", .san = "DNS:" NAME, .issuer = &f->ca);
	f->wrong_use = MAKE(.cn = NAME, .issuer = &f->ca, .eku = "serverAuth");
	f->by_weak = MAKE(.cn = NAME, .issuer = &f->weak_ca);
	f->by_ca_expired = MAKE(.cn = NAME, .issuer = &f->ca, .from_days = -9, .to_days = -1);
	f->by_ca_rsa1024 = MAKE(.cn = NAME, .issuer = &f->ca, .rsa_bits = 1024);
	f->by_ca_p192 = MAKE(.cn = NAME, .issuer = &f->ca, .curve = "prime192v1");
	f->by_leaf = MAKE(.cn = NAME, .issuer = &f->by_ca);
	f->ca_file = certs_write(&f->folder, "ca.pem", f->ca.x);
	f->list_file = certs_write_list(&f->folder, "ca.crl", &f->ca, f->revoked.x, 7);
	f->old_list_file = certs_write_list(&f->folder, "old.crl", &f->ca, NULL, -1);
	f->empty_list_file = certs_write_list(&f->folder, "other.crl", &f->other_ca, NULL, 7);
}

static int
make_family(void **state)
{
	struct family *f = calloc(1, sizeof *f);

	certs_folder_make(&f->folder);
	f->ca = MAKE(.cn = "Hospital CA", .ca = true);
	f->other_ca = MAKE(.cn = "Hospital CA", .ca = true); /* same name, other key */
	f->weak_ca = MAKE(.cn = "Weak CA", .ca = true, .rsa_bits = 1024);
	make_pinned(f);
	make_issued(f);
	*state = f;
	return 0;
}

static int
free_family(void **state)
{
	struct family *f = *state;

	for (struct made *m = &f->ca; m <= &f->by_leaf; m++) {
		certs_free(m);
	}
	certs_remove(&f->folder);
	free(f);
	return 0;
}

static char no_path[] = "";

static struct identity *
pinned(struct conf_listener *l, struct conf_environment *e, const struct conf_environment **list,
    char **paths, size_t n)
{
	struct identity *id = NULL;
	struct fault f = { FAULT_NONE, "" };

	*e = (struct conf_environment){ .title = no_path, .issuer = no_path, .revocation_list = no_path,
		.certificates = { paths, n } };
	list[0] = e;
	*l = (struct conf_listener){ .tls = true, .environments = list, .environments_n = 1 };
	holds(f.text, identity_new(l, &id, &f));
	return id;
}

static struct identity *
issued(struct conf_listener *l, struct conf_environment *e, const struct conf_environment **list,
    char *issuer, char *revocation_list, char **subjects)
{
	struct identity *id = NULL;
	struct fault f = { FAULT_NONE, "" };

	*e = (struct conf_environment){ .title = no_path, .issuer = issuer,
		.revocation_list = revocation_list, .subjects = { subjects, 1 } };
	list[0] = e;
	*l = (struct conf_listener){ .tls = true, .environments = list, .environments_n = 1 };
	holds(f.text, identity_new(l, &id, &f));
	return id;
}

static enum identity_rule
judge(const struct identity *id, const struct made *m, enum identity_dates dates)
{
	identity_set set = 0;
	struct peer peer = { { 0 }, "" };
	enum identity_rule r = identity_judge(id, m->x, NULL, &peer, dates, &set);

	holds("a set comes with an acceptance and only then", (r == RULE_ACCEPTED) == (set == 1));
	return r;
}

TEST(pinned_keys_pass_and_nothing_else)
{
	struct family *f = *unit_state_;
	char *paths[] = { f->one_file, f->two_file };
	struct conf_listener l;
	struct conf_environment e;
	const struct conf_environment *list[1];
	struct identity *id = pinned(&l, &e, list, paths, 2);
	const struct {
		const char *rule;
		const struct made *m;
		enum identity_rule want;
	} rows[] = {
		{ "promise 9: the pinned certificate", &f->one, RULE_ACCEPTED },
		{ "the second pin beside it", &f->two, RULE_ACCEPTED },
		{ "a renewed certificate with the same key", &f->renewed, RULE_ACCEPTED },
		{ "expired, though the key is pinned", &f->expired, RULE_EXPIRED },
		{ "not valid yet", &f->early, RULE_EARLY },
		{ "promise 9: same name, other key", &f->stranger, RULE_UNPINNED },
		{ "promise 9: an issuer's certificate is not pinned", &f->by_ca, RULE_UNPINNED },
		{ "SHA-1 by an issuer", &f->old_hash, RULE_WEAK_SIGNATURE },
		{ "SHA-1 by itself says nothing about the key", &f->old_hash_own, RULE_ACCEPTED },
		{ "only for servers", &f->server_only, RULE_WRONG_USE },
		{ "a critical extension that nobody knows", &f->strange, RULE_CRITICAL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		same_int(rows[i].rule, judge(id, rows[i].m, IDENTITY_NOW), rows[i].want);
	}
	same_int("a connection outlives its certificate's date", judge(id, &f->expired, IDENTITY_ALREADY),
	    RULE_ACCEPTED);
	same_int("but not its pin", judge(id, &f->stranger, IDENTITY_ALREADY), RULE_UNPINNED);
	identity_free(id);
}

TEST(a_pinned_key_must_be_strong)
{
	struct family *f = *unit_state_;
	char *paths[] = { certs_write(&f->folder, "weak.pem", f->weak.x) };
	struct conf_listener l;
	struct conf_environment e;
	const struct conf_environment *list[1];
	struct identity *id = pinned(&l, &e, list, paths, 1);

	same_int("RSA 1024", judge(id, &f->weak, IDENTITY_NOW), RULE_WEAK_KEY);
	identity_free(id);
}

/* pain: a sender refused by the name of its host, not by the one the administrator wrote */
TEST(an_issuer_vouches_for_names)
{
	struct family *f = *unit_state_;
	char name[] = "EPIC-bridges.lamna.example", *subjects[] = { name };
	struct conf_listener l;
	struct conf_environment e;
	const struct conf_environment *list[1];
	struct identity *id = issued(&l, &e, list, f->ca_file, f->list_file, subjects);
	const struct {
		const char *rule;
		const struct made *m;
		enum identity_rule want;
	} rows[] = {
		{ "issuer and SAN, case aside", &f->by_ca, RULE_ACCEPTED },
		{ "the CN, where there is no SAN", &f->by_cn, RULE_ACCEPTED },
		{ "promise 9: another SAN", &f->by_name, RULE_NAME },
		{ "the CN does not count beside a SAN", &f->cn_beside_san, RULE_NAME },
		{ "a wildcard is no name", &f->by_wildcard, RULE_NAME },
		{ "promise 9: an issuer of that name with another key", &f->by_other, RULE_UNKNOWN_ISSUER },
		{ "promise 9: self-signed", &f->one, RULE_UNKNOWN_ISSUER },
		{ "revoked", &f->revoked, RULE_REVOKED },
		{ "only for servers", &f->wrong_use, RULE_WRONG_USE },
		{ "expired", &f->by_ca_expired, RULE_EXPIRED },
		{ "RSA 1024", &f->by_ca_rsa1024, RULE_WEAK_KEY },
		{ "EC P-192", &f->by_ca_p192, RULE_WEAK_KEY },
		{ "issued by a certificate that is no CA", &f->by_leaf, RULE_UNKNOWN_ISSUER },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		same_int(rows[i].rule, judge(id, rows[i].m, IDENTITY_NOW), rows[i].want);
	}
	same_int("revoked while connected", judge(id, &f->revoked, IDENTITY_ALREADY), RULE_REVOKED);
	same_int("expired while connected", judge(id, &f->by_ca_expired, IDENTITY_ALREADY), RULE_ACCEPTED);
	identity_free(id);
}

TEST(chains_are_followed_and_checked)
{
	struct family *f = *unit_state_;
	char name[] = NAME, *subjects[] = { name };
	struct conf_listener l;
	struct conf_environment e;
	const struct conf_environment *list[1];
	struct made middle = MAKE(.cn = "Middle", .ca = true, .issuer = &f->ca);
	struct made leaf = MAKE(.cn = NAME, .issuer = &middle);
	struct identity *id = issued(&l, &e, list, f->ca_file, no_path, subjects);
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct peer peer = { { 0 }, "" };
	identity_set set;

	same_int("without its intermediate", judge(id, &leaf, IDENTITY_NOW), RULE_UNKNOWN_ISSUER);
	sk_X509_push(chain, middle.x);
	same_int("with it", identity_judge(id, leaf.x, chain, &peer, IDENTITY_NOW, &set), RULE_ACCEPTED);
	sk_X509_set(chain, 0, f->by_ca.x);
	same_int("a leaf that plays CA", identity_judge(id, f->by_leaf.x, chain, &peer, IDENTITY_NOW, &set),
	    RULE_BAD_CHAIN);
	sk_X509_free(chain);
	certs_free(&leaf);
	certs_free(&middle);
	identity_free(id);
}

/* pain: a revocation list out of date that passes for a good one */
TEST(a_missing_or_old_list_lets_nobody_in)
{
	struct family *f = *unit_state_;
	char name[] = NAME, *subjects[] = { name };
	struct conf_listener l;
	struct conf_environment e;
	const struct conf_environment *list[1];
	struct identity *id = issued(&l, &e, list, f->ca_file, f->old_list_file, subjects);

	same_int("out of date", judge(id, &f->by_ca, IDENTITY_NOW), RULE_NO_LIST);
	identity_free(id);
	id = issued(&l, &e, list, f->ca_file, f->empty_list_file, subjects);
	same_int("of another issuer", judge(id, &f->by_ca, IDENTITY_NOW), RULE_NO_LIST);
	identity_free(id);
	id = issued(&l, &e, list, certs_write(&f->folder, "weak-ca.pem", f->weak_ca.x), no_path, subjects);
	same_int("a CA of RSA 1024", judge(id, &f->by_weak, IDENTITY_NOW), RULE_WEAK_KEY);
	identity_free(id);
}

TEST(one_listener_tells_environments_apart)
{
	struct family *f = *unit_state_;
	char range[] = "10.1.0.0/16", *sources[] = { range };
	char *first[] = { f->one_file }, *second[] = { f->two_file };
	struct conf_environment prod = { .title = no_path, .issuer = no_path, .revocation_list = no_path,
		.certificates = { first, 1 } };
	struct conf_environment test = { .title = no_path, .issuer = no_path, .revocation_list = no_path,
		.certificates = { second, 1 }, .sources = { sources, 1 } };
	const struct conf_environment *both[] = { &prod, &test };
	struct conf_listener l = { .tls = true, .environments = both, .environments_n = 2 };
	struct sockaddr_storage from = { .ss_family = AF_INET };
	struct fault fault = { FAULT_NONE, "" };
	struct identity *id = NULL;
	identity_set set = 0;
	struct peer here, there;

	holds(fault.text, identity_new(&l, &id, &fault));
	((struct sockaddr_in *)&from)->sin_addr.s_addr = htonl(0x0a010203);
	peer_of(&from, &here);
	((struct sockaddr_in *)&from)->sin_addr.s_addr = htonl(0x0a020203);
	peer_of(&from, &there);
	same_int("first", identity_judge(id, f->one.x, NULL, &there, IDENTITY_NOW, &set), RULE_ACCEPTED);
	same_int("first", set, 1);
	same_int("second", identity_judge(id, f->two.x, NULL, &here, IDENTITY_NOW, &set), RULE_ACCEPTED);
	same_int("second", set, 2);
	same_int("second, from elsewhere", identity_judge(id, f->two.x, NULL, &there, IDENTITY_NOW, &set),
	    RULE_SOURCE);
	same_int("before the certificate is known", identity_sources(id, &there), 1);
	identity_free(id);
	second[0] = f->one_file;
	holds("one key in two environments", !identity_new(&l, &id, &fault));
	holds("is named", strstr(fault.text, "pin the same key") != NULL);
}

TEST(ranges_of_addresses)
{
	static const struct {
		const char *rule, *range, *address;
		int family;
		bool reads, within;
	} rows[] = {
		{ "one address", "10.1.2.3", "10.1.2.3", AF_INET, true, true },
		{ "its neighbour", "10.1.2.3", "10.1.2.4", AF_INET, true, false },
		{ "a network", "10.1.2.0/23", "10.1.3.255", AF_INET, true, true },
		{ "beyond it", "10.1.2.0/23", "10.1.4.0", AF_INET, true, false },
		{ "everything", "0.0.0.0/0", "192.0.2.1", AF_INET, true, true },
		{ "IPv4 by a dual socket", "192.0.2.0/24", "::ffff:192.0.2.9", AF_INET6, true, true },
		{ "IPv6", "2001:db8::/32", "2001:db8:1::1", AF_INET6, true, true },
		{ "IPv6 outside", "2001:db8::/33", "2001:db8:8000::1", AF_INET6, true, false },
		{ "too many bits", "10.0.0.0/33", "10.0.0.1", AF_INET, false, false },
		{ "no bits", "10.0.0.0/", "10.0.0.1", AF_INET, false, false },
		{ "a name", "epic.example", "10.0.0.1", AF_INET, false, false },
		{ "one address of IPv6", "2001:db8::1", "2001:db8::1", AF_INET6, true, true },
		{ "too many bits of IPv6", "2001:db8::/129", "2001:db8::1", AF_INET6, false, false },
		{ "longer than any address", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", "10.0.0.1", AF_INET, false, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sockaddr_storage from = { .ss_family = (sa_family_t)rows[i].family };
		struct peer_range range;
		struct peer peer;
		void *at = rows[i].family == AF_INET ? (void *)&((struct sockaddr_in *)&from)->sin_addr
		                                     : (void *)&((struct sockaddr_in6 *)&from)->sin6_addr;
		assert_int_equal(inet_pton(rows[i].family, rows[i].address, at), 1);
		peer_of(&from, &peer);
		same_int(rows[i].rule, peer_range_read(rows[i].range, &range), rows[i].reads);
		if (rows[i].reads) {
			same_int(rows[i].rule, peer_within(&peer, &range, 1), rows[i].within);
		}
	}
}

TEST(who_comes_by_no_address)
{
	struct sockaddr_storage from = { .ss_family = AF_UNIX };
	struct peer_range range;
	struct peer peer;

	peer_of(&from, &peer);
	same_text("has none", peer.text, "::");
	holds("and is in no network", peer_range_read("10.0.0.0/8", &range) && !peer_within(&peer, &range, 1));
}

/* By an issuer: what stands in the certificate, and where. */
TEST(names_and_keys_of_every_kind)
{
	struct family *f = *unit_state_;
	char name[] = "a.example", *subjects[] = { name };
	struct conf_listener l;
	struct conf_environment e;
	const struct conf_environment *list[1];
	struct identity *id = issued(&l, &e, list, f->ca_file, no_path, subjects);
	struct peer peer = { { 0 }, "" };
	identity_set set = 0;
	const struct {
		const char *rule;
		struct wish wish;
		bool two_names;
		enum identity_rule want;
	} rows[] = {
		{ "the first of two names", { .san = "DNS:a.example,DNS:b.example" }, false, RULE_ACCEPTED },
		{ "the second", { .san = "DNS:b.example,DNS:a.example" }, false, RULE_ACCEPTED },
		{ "an address beside it", { .san = "IP:10.0.0.1,DNS:a.example" }, false, RULE_ACCEPTED },
		{ "a mail address is no name", { .san = "email:x@a.example" }, false, RULE_NAME },
		{ "neither name nor CN", { .cn = NULL }, false, RULE_NAME },
		{ "one CN", { .cn = "a.example" }, false, RULE_ACCEPTED },
		{ "two CNs are none", { .cn = "b.example" }, true, RULE_NAME },
		{ "a key that signs nothing", { .cn = "a.example", .kind = "X25519" }, false, RULE_WEAK_KEY },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wish wish = rows[i].wish;
		struct made m;

		wish.issuer = &f->ca;
		m = certs_make(&wish);
		if (rows[i].two_names) {
			X509_NAME_add_entry_by_txt(X509_get_subject_name(m.x), "CN", MBSTRING_UTF8, (const unsigned char *)"a.example", -1, -1, 0);
			assert_true(X509_sign(m.x, f->ca.key, EVP_sha256()) > 0);
		}
		same_int(rows[i].rule, judge(id, &m, IDENTITY_NOW), rows[i].want);
		certs_free(&m);
	}
	same_int("no certificate", identity_judge(id, NULL, NULL, &peer, IDENTITY_NOW, &set), RULE_NO_CERTIFICATE);
	identity_free(id);
}

TEST(digests_that_prove_nothing)
{
	struct family *f = *unit_state_;
	struct made rsa = certs_make(&(struct wish){ .cn = "rsa", .ca = true, .rsa_bits = 2048 }); /* EC signs no MD5 */
	struct made md5 = certs_make(&(struct wish){ .cn = "a", .issuer = &rsa, .digest = "MD5" });
	struct made sha1 = certs_make(&(struct wish){ .cn = "a", .issuer = &f->ca, .digest = "SHA1" });

	same_int("MD5", identity_strength(md5.x), RULE_WEAK_SIGNATURE);
	same_int("SHA-1", identity_strength(sha1.x), RULE_WEAK_SIGNATURE);
	same_int("SHA-256", identity_strength(f->by_ca.x), RULE_ACCEPTED);
	certs_free(&rsa);
	certs_free(&md5);
	certs_free(&sha1);
}

/* What an administrator reads about a file that is not what it should be. */
TEST(files_are_refused_with_a_cure)
{
	struct family *f = *unit_state_;
	char *der, *both, *text, *half, *missing;
	FILE *file = certs_file(&f->folder, "der.cer", &der);

	i2d_X509_fp(file, f->one.x);
	fclose(file);
	file = certs_file(&f->folder, "both.pem", &both);
	PEM_write_X509(file, f->one.x);
	PEM_write_PrivateKey(file, f->one.key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
	file = certs_file(&f->folder, "text.pem", &text);
	fputs("hello\n", file);
	fclose(file);
	file = certs_file(&f->folder, "half.pem", &half);
	PEM_write_X509(file, f->one.x);
	fputs("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", file);
	fclose(file);
	file = certs_file(&f->folder, "missing.pem", &missing);
	fclose(file);
	unlink(missing);
	const struct {
		char *path;
		const char *says;
	} rows[] = {
		{ der, "is DER (binary), not Base64; convert it: openssl x509 -inform der" },
		{ both, "holds a private key" },
		{ text, "holds no certificate in Base64" },
		{ half, "a certificate in it is damaged; copy the file again" },
		{ missing, "cannot be read: No such file or directory" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *paths[] = { rows[i].path };
		struct conf_environment e = { .title = no_path, .issuer = no_path, .revocation_list = no_path,
			.certificates = { paths, 1 } };
		const struct conf_environment *list[] = { &e };
		struct conf_listener l = { .tls = true, .environments = list, .environments_n = 1 };
		struct identity *id;
		struct fault fault = { FAULT_NONE, "" };
		holds(rows[i].says, !identity_new(&l, &id, &fault));
		holds(fault.text, strstr(fault.text, rows[i].says) != NULL);
	}
}

static bool
said(const struct conf_faults *faults, bool warning, const char *words)
{
	for (size_t i = 0; i < faults->n; i++) {
		if (faults->item[i].warning == warning && strstr(faults->item[i].text, words)) {
			return true;
		}
	}
	return false;
}

/* What `check` prints for one listener with one environment. */
TEST(check_names_every_certificate_that_will_fail)
{
	struct family *f = *unit_state_;
	char *key = certs_write_key(&f->folder, "one.key", f->one.key);
	char *weak = certs_write(&f->folder, "check-weak.pem", f->weak.x);
	char *old = certs_write(&f->folder, "check-old.pem", f->expired.x), gone[] = "/nonexistent.pem";
	const struct {
		const char *rule;
		char *certificate, *pin;
		bool good, warning;
		const char *says;
	} rows[] = {
		{ "all is well", f->one_file, f->two_file, true, false, NULL },
		{ "no such pin", f->one_file, gone, false, false, "/nonexistent.pem: cannot be read" },
		{ "a weak pin", f->one_file, weak, false, false, "weaker than RSA 2048" },
		{ "an expired pin is no reason not to start", f->one_file, old, true, true, "has expired" },
		{ "a key of another certificate", f->two_file, f->two_file, false, false,
		  "does not belong to" },
		{ "our own certificate has expired", old, f->two_file, true, true,
		  "listener \"epic\": certificate" },
		{ "no certificate of our own", gone, f->two_file, false, false,
		  "listener \"epic\": certificate: /nonexistent.pem" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char title[] = "epic", file[] = "nudge.conf", *pins[] = { rows[i].pin };
		struct conf_environment e = { .title = title, .issuer = no_path, .revocation_list = no_path,
			.certificates = { pins, 1 }, .at = { file, 3 } };
		const struct conf_environment *list[] = { &e };
		struct conf_listener l = { .title = title, .tls = true, .environments = list,
			.environments_n = 1, .certificate = rows[i].certificate, .private_key = key,
			.at = { file, 9 } };
		struct conf c = { .environments = &e, .environments_n = 1, .listeners = &l,
			.listeners_n = 1 };
		struct conf_faults faults = { .n = 0 };
		same_int(rows[i].rule, mllp_check(&c, &faults), rows[i].good);
		same_int(rows[i].rule, faults.n, rows[i].says ? 1 : 0);
		holds(rows[i].rule, !rows[i].says || said(&faults, rows[i].warning, rows[i].says));
		conf_faults_clear(&faults);
	}
}

TEST(check_says_what_a_listener_cannot_use)
{
	struct family *f = *unit_state_;
	char *key = certs_write_key(&f->folder, "own.key", f->one.key), beside[300], name[] = "a.example", *subjects[] = { name };
	char title[] = "epic", *pins[] = { f->two_file };
	const struct {
		const char *rule;
		char *issuer, *list, *key;
		size_t environments;
		const char *says;
	} rows[] = {
		{ "all is well", f->ca_file, f->list_file, key, 1, NULL },
		{ "nobody may come", no_path, no_path, key, 0, NULL },
		{ "a list that is none", f->ca_file, f->one_file, key, 1, "listener \"epic\": " },
		{ "a key below what is no folder", no_path, no_path, beside, 1, "listener \"epic\": private_key: " },
	};

	(void)snprintf(beside, sizeof beside, "%s/key.pem", key);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_environment e = { .title = title, .issuer = rows[i].issuer, .revocation_list = rows[i].list,
			.subjects = { subjects, 1 } };
		const struct conf_environment *list[] = { &e };
		struct conf_listener l = { .title = title, .tls = true, .environments = list, .environments_n = rows[i].environments,
			.certificate = f->one_file, .private_key = rows[i].key };
		struct conf c = { .environments = &e, .environments_n = 1, .listeners = &l, .listeners_n = 1 };
		struct conf_faults faults = { .n = 0 };

		if (!rows[i].issuer[0]) {
			e.certificates = (struct text_list){ pins, 1 };
		}
		same_int(rows[i].rule, mllp_check(&c, &faults), rows[i].says == NULL);
		same_int(rows[i].rule, faults.n, rows[i].says ? 1 : 0);
		holds(rows[i].rule, !rows[i].says || said(&faults, false, rows[i].says));
		conf_faults_clear(&faults);
	}
}

static void
count_list(void *ctx, const struct mllp_certificate *is)
{
	int *n = ctx;

	++*n;
	holds("its issuer", strncmp(is->issuer, "CN=", 3) == 0 && is->not_before_s < is->not_after_s && strlen(is->sha256) == 64);
}

/* nudge-sender's lists: no handshake of ours, but how long they last is told with the others. */
TEST(lists_of_gateways_are_looked_at)
{
	struct family *f = *unit_state_;
	char gone[] = "/nonexistent.crl", title[] = "acs", file[] = "nudge.conf";
	const struct {
		const char *rule;
		char *list;
		bool good, warning;
		const char *says;
	} rows[] = {
		{ "none is named", no_path, true, false, NULL },
		{ "a fresh one", f->list_file, true, false, NULL },
		{ "one that promises no next", certs_write_list(&f->folder, "endless.crl", &f->ca, NULL, 0), true, false, NULL },
		{ "one that is overdue", f->old_list_file, true, true, "1 of its lists are overdue" },
		{ "no such file", gone, false, false, "revocation_list: /nonexistent.crl: cannot be read" },
		{ "no list", f->ca_file, false, false, "holds no revocation list in Base64" },
	};
	struct fault fault;
	int n = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_gateway g = { .title = title, .revocation_list = rows[i].list, .at = { file, 5 } };
		struct conf c = { .gateways = &g, .gateways_n = 1 };
		struct conf_faults faults = { .n = 0 };

		same_int(rows[i].rule, mllp_check(&c, &faults), rows[i].good);
		same_int(rows[i].rule, faults.n, rows[i].says ? 1 : 0);
		holds(rows[i].rule, !rows[i].says || said(&faults, rows[i].warning, rows[i].says));
		conf_faults_clear(&faults);
	}
	holds("they are described", mllp_describe_lists(f->list_file, count_list, &n, &fault) && n == 1);
	holds("or not", !mllp_describe_lists(f->one_file, count_list, &n, &fault) && n == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(pinned_keys_pass_and_nothing_else),
		RUN(a_pinned_key_must_be_strong),
		RUN(an_issuer_vouches_for_names),
		RUN(chains_are_followed_and_checked),
		RUN(a_missing_or_old_list_lets_nobody_in),
		RUN(one_listener_tells_environments_apart),
		RUN(ranges_of_addresses),
		RUN(who_comes_by_no_address), RUN(names_and_keys_of_every_kind), RUN(digests_that_prove_nothing),
		RUN(files_are_refused_with_a_cure), RUN(check_says_what_a_listener_cannot_use),
		RUN(check_names_every_certificate_that_will_fail),
		RUN(lists_of_gateways_are_looked_at),
	};
	return cmocka_run_group_tests(tests, make_family, free_family);
}
