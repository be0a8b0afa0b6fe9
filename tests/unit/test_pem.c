/* test_pem.c - files that administrators bring as certificates, keys and lists: taken in every form that is right, told in every one that is not. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "certs.h"
#include "mllp/identity.h"
#include "mllp/pem.h"
#include "mllp/tls.h"
#include "nudge/mllp.h"

#include <openssl/pkcs12.h>

enum form { PEM, DER, DER_KEY, PEM_KEY, LOCKED_KEY, PUBLIC_KEY, PKCS7_DER, PKCS7_PEM, PKCS12_DER, REQUEST, DAMAGED, WITH_BOM, TWO, EMPTY, HUGE };

static struct certs_folder folder;
static struct made one, two;

static void
put_pkcs7(FILE *file, bool pem)
{
	PKCS7 *p = PKCS7_new();

	assert_true(PKCS7_set_type(p, NID_pkcs7_signed) && PKCS7_content_new(p, NID_pkcs7_data) && PKCS7_add_certificate(p, one.x));
	assert_true(pem ? PEM_write_PKCS7(file, p) : i2d_PKCS7_fp(file, p));
	PKCS7_free(p);
}

static void
put_pkcs12(FILE *file)
{
	PKCS12 *p = PKCS12_create("word", "name", one.key, one.x, NULL, 0, 0, 0, 0, 0);

	assert_true(p && i2d_PKCS12_fp(file, p));
	PKCS12_free(p);
}

static void
put_request(FILE *file)
{
	X509_REQ *r = X509_to_X509_REQ(one.x, one.key, EVP_sha256());

	assert_true(r && PEM_write_X509_REQ(file, r));
	X509_REQ_free(r);
}

static char *
file_of(const char *name, enum form form)
{
	char *path;
	FILE *f = certs_file(&folder, name, &path);

	switch (form) {
	case PEM: assert_true(PEM_write_X509(f, one.x)); break;
	case DER: assert_true(i2d_X509_fp(f, one.x)); break;
	case DER_KEY: assert_true(i2d_PrivateKey_fp(f, one.key)); break;
	case PEM_KEY: assert_true(PEM_write_PrivateKey(f, one.key, NULL, NULL, 0, NULL, NULL)); break;
	case LOCKED_KEY:
		assert_true(PEM_write_PKCS8PrivateKey(f, one.key, EVP_aes_128_cbc(), "word", 4, NULL, NULL));
		break;
	case PUBLIC_KEY: assert_true(PEM_write_PUBKEY(f, one.key)); break;
	case PKCS7_DER: put_pkcs7(f, false); break;
	case PKCS7_PEM: put_pkcs7(f, true); break;
	case PKCS12_DER: put_pkcs12(f); break;
	case REQUEST: put_request(f); break;
	case DAMAGED: fputs("-----BEGIN CERTIFICATE-----\nMIIB!!!!\n-----END CERTIFICATE-----\n", f); break;
	case WITH_BOM: fputs("\xef\xbb\xbf", f); assert_true(PEM_write_X509(f, one.x)); break;
	case TWO: assert_true(PEM_write_X509(f, one.x) && PEM_write_X509(f, two.x)); break;
	case EMPTY: break;
	case HUGE: assert_int_equal(ftruncate(fileno(f), (32L << 20) + 1), 0); break;
	}
	fclose(f);
	return path;
}

static const struct {
	const char *rule;
	enum form form;
	int certificates;               /* 0: none, and says so */
	const char *certificate_fault;
	bool key;
	const char *key_fault;
} forms[] = {
	{ "a certificate", PEM, 1, NULL, false, "holds no private key in Base64" },
	{ "a certificate of a Windows editor", WITH_BOM, 1, NULL, false, "holds no private key" },
	{ "a chain", TWO, 2, NULL, false, "holds no private key" },
	{ "a certificate in DER", DER, 0, "openssl x509 -inform der -in ", false, "holds no private key" },
	{ "a key", PEM_KEY, 0, "holds a private key", true, NULL },
	{ "a key in DER", DER_KEY, 0, "is a private key, not a certificate", false, "openssl pkey -inform der -in " },
	{ "a key with a passphrase", LOCKED_KEY, 0, "holds a private key", false, "the key has a passphrase" },
	{ "a public key", PUBLIC_KEY, 0, "is a key, not a certificate", false, "holds no private key" },
	{ "PKCS#7", PKCS7_PEM, 0, "is PKCS#7; convert it: openssl pkcs7 -print_certs", false, "holds no private key" },
	{ "PKCS#7 in DER", PKCS7_DER, 0, "is PKCS#7 in DER (binary)", false, "holds no private key" },
	{ "PKCS#12", PKCS12_DER, 0, "is PKCS#12, which holds a private key", false, "openssl pkcs12 -in " },
	{ "a request", REQUEST, 0, "is a certificate request", false, "holds no private key" },
	{ "a certificate that was cut", DAMAGED, 0, "a certificate in it is damaged", false, "holds no private key" },
	{ "an empty file", EMPTY, 0, "holds no certificate in Base64", false, "holds no private key" },
	{ "a file that is no certificate for its size alone", HUGE, 0, "is larger than 32 MiB", false, "is larger than 32 MiB" },
};

TEST(every_form_is_taken_or_told)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		char *path = file_of("file", forms[i].form);
		STACK_OF(X509) *all = NULL;
		EVP_PKEY *key = NULL;
		struct fault f = { FAULT_NONE, "" }, g = { FAULT_NONE, "" };

		same_int(forms[i].rule, pem_certificates(path, PEM_THEIRS, &all, &f), forms[i].certificates > 0);
		if (forms[i].certificates) {
			same_int(forms[i].rule, sk_X509_num(all), forms[i].certificates);
			same_int(forms[i].rule, X509_cmp(sk_X509_value(all, 0), one.x), 0);
		} else if (!strstr(f.text, forms[i].certificate_fault) || strncmp(f.text, path, strlen(path)) != 0)
			fail_msg("%s: %s", forms[i].rule, f.text);
		same_int(forms[i].rule, pem_private_key(path, &key, &g), forms[i].key);
		if (!forms[i].key && (!strstr(g.text, forms[i].key_fault) || strncmp(g.text, path, strlen(path)) != 0))
			fail_msg("%s: %s", forms[i].rule, g.text);
		holds("a person can mend it", (f.kind == FAULT_NONE || f.kind == FAULT_OPERATOR) && (g.kind == FAULT_NONE || g.kind == FAULT_OPERATOR));
		sk_X509_pop_free(all, X509_free);
		EVP_PKEY_free(key);
		certs_remove(&folder);
		certs_folder_make(&folder);
	}
}

TEST(our_own_certificate_may_stand_beside_its_key)
{
	char *path;
	FILE *file = certs_file(&folder, "both", &path);
	STACK_OF(X509) *all = NULL;
	struct fault f = { FAULT_NONE, "" };

	assert_true(PEM_write_X509(file, one.x) && PEM_write_PrivateKey(file, one.key, NULL, NULL, 0, NULL, NULL));
	fclose(file);
	holds("a sender's may not", !pem_certificates(path, PEM_THEIRS, &all, &f) && strstr(f.text, "holds a private key"));
	holds("ours may", pem_certificates(path, PEM_OURS, &all, &f));
	sk_X509_pop_free(all, X509_free);
	path = file_of("key alone", PEM_KEY);
	holds("a key alone", !pem_certificates(path, PEM_OURS, &all, &f) && strstr(f.text, "is a key, not a certificate"));
	path = file_of("public key", PUBLIC_KEY);
	holds("a public key", !pem_certificates(path, PEM_OURS, &all, &f) && strstr(f.text, "is a key, not a certificate"));
}

TEST(a_folder_is_no_file)
{
	STACK_OF(X509) *all;
	EVP_PKEY *key;
	X509_STORE *store = X509_STORE_new();
	struct fault f = { FAULT_NONE, "" };

	holds("certificates", !pem_certificates("/", PEM_OURS, &all, &f) && strstr(f.text, "cannot be read: Is a directory"));
	holds("a key", !pem_private_key("/nonexistent", &key, &f) && strstr(f.text, "cannot be read: No such file"));
	holds("a list", !pem_revocation_list("/nonexistent", store, &f) && strstr(f.text, "cannot be read: No such file"));
	X509_STORE_free(store);
}

static int
lists_in(X509_STORE *s)
{
	int n = 0;

	for (int i = 0; i < sk_X509_OBJECT_num(X509_STORE_get0_objects(s)); i++)
		n += X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(X509_STORE_get0_objects(s), i)) != NULL;
	return n;
}

TEST(revocation_lists_come_in_both_forms)
{
	struct made ca = certs_make(&(struct wish){ .cn = "ca", .ca = true });
	char *pem = certs_write_list(&folder, "ca.crl", &ca, NULL, 7), *der, *none = file_of("none", PEM), *empty = file_of("empty", EMPTY);
	FILE *in = fopen(pem, "r"), *out = certs_file(&folder, "der.crl", &der);
	X509_CRL *list = PEM_read_X509_CRL(in, NULL, NULL, NULL);
	const struct {
		const char *rule, *path;
		bool taken;
	} rows[] = { { "Base64", pem, true }, { "DER", der, true }, { "no list", none, false }, { "nothing", empty, false } };

	assert_true(list && i2d_X509_CRL_fp(out, list));
	X509_CRL_free(list);
	fclose(in);
	fclose(out);
	for (size_t i = 0; i < COUNT(rows); i++) {
		X509_STORE *store = X509_STORE_new();
		struct fault f = { FAULT_NONE, "" };

		same_int(rows[i].rule, pem_revocation_list(rows[i].path, store, &f), rows[i].taken);
		same_int(rows[i].rule, lists_in(store), rows[i].taken);
		holds(f.text, rows[i].taken || strstr(f.text, "holds no revocation list"));
		X509_STORE_free(store);
	}
	certs_free(&ca);
}

TEST(a_key_is_as_strong_as_its_kind)
{
	struct made ca = certs_make(&(struct wish){ .cn = "ca", .ca = true });
	const struct {
		const char *rule;
		struct wish wish;
		enum identity_rule want;
	} rows[] = {
		{ "RSA 2048", { .cn = "x", .rsa_bits = 2048 }, RULE_ACCEPTED },
		{ "RSA 1024", { .cn = "x", .rsa_bits = 1024 }, RULE_WEAK_KEY },
		{ "RSA-PSS 2048", { .cn = "x", .kind = "RSA-PSS", .issuer = &ca }, RULE_ACCEPTED },
		{ "P-256", { .cn = "x" }, RULE_ACCEPTED },
		{ "P-192", { .cn = "x", .curve = "prime192v1" }, RULE_WEAK_KEY },
		{ "Ed25519", { .cn = "x", .kind = "ED25519", .issuer = &ca }, RULE_ACCEPTED },
		{ "Ed448", { .cn = "x", .kind = "ED448", .issuer = &ca }, RULE_ACCEPTED },
		{ "a key that signs nothing", { .cn = "x", .kind = "X25519", .issuer = &ca }, RULE_WEAK_KEY },
		{ "signed with SHA-1", { .cn = "x", .digest = "SHA1", .issuer = &ca }, RULE_WEAK_SIGNATURE },
		{ "signed by itself with SHA-1", { .cn = "x", .digest = "SHA1" }, RULE_ACCEPTED },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct made m = certs_make(&rows[i].wish);

		same_int(rows[i].rule, identity_strength(m.x), rows[i].want);
		certs_free(&m);
	}
	certs_free(&ca);
}

/* ---- what a listener's settings say ---- */

static char none[] = "";

static bool
identity_of(struct conf_environment *e, size_t environments_n, struct fault *f)
{
	static const struct conf_environment *list[64];
	struct conf_listener l = { .tls = true, .environments = list, .environments_n = environments_n };
	struct identity *id = NULL;
	bool ok;

	for (size_t i = 0; i < COUNT(list); i++)
		list[i] = e;
	ok = identity_new(&l, &id, f);
	holds("nothing is given on failure", ok == (id != NULL));
	identity_free(id);
	return ok;
}

TEST(an_environment_says_who_may_come_or_is_refused)
{
	char title[] = "prod", gone[] = "/nonexistent.pem", star[] = "*.lamna.example", name[] = "a.example", range[] = "10.0.0.0/64",
	     good_range[] = "10.0.0.0/8", *stars[] = { star }, *names[] = { name }, *ranges[] = { range }, *good_ranges[] = { good_range };
	char *pin = file_of("one", PEM), *pins[] = { pin }, *no_list = file_of("no list", EMPTY);
	const struct {
		const char *rule, *says;
		struct conf_environment e;
		size_t n;
	} rows[] = {
		{ "pinned", NULL, { .title = title, .issuer = none, .certificates = { pins, 1 } }, 1 },
		{ "pinned, from these addresses", NULL, { .title = title, .issuer = none, .certificates = { pins, 1 }, .sources = { good_ranges, 1 } }, 1 },
		{ "issued", NULL, { .title = title, .issuer = pin, .revocation_list = none, .subjects = { names, 1 } }, 1 },
		{ "no environment", "a listener takes 1 to ", { .title = title }, 0 },
		{ "too many", "a listener takes 1 to ", { .title = title }, 65 },
		{ "one pin twice", "pin the same key", { .title = title, .issuer = none, .certificates = { pins, 1 } }, 2 },
		{ "a wildcard", "wildcards are not taken", { .title = title, .issuer = pin, .revocation_list = none, .subjects = { stars, 1 } }, 1 },
		{ "no issuer", "/nonexistent.pem: cannot be read", { .title = title, .issuer = gone, .revocation_list = none, .subjects = { names, 1 } }, 1 },
		{ "no list", "holds no revocation list", { .title = title, .issuer = pin, .revocation_list = no_list, .subjects = { names, 1 } }, 1 },
		{ "no range", "is no address and no range", { .title = title, .issuer = none, .certificates = { pins, 1 }, .sources = { ranges, 1 } }, 1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_environment e = rows[i].e;
		struct fault f = { FAULT_NONE, "" };

		same_int(rows[i].rule, identity_of(&e, rows[i].n, &f), rows[i].says == NULL);
		holds(f.text, !rows[i].says || (f.kind == FAULT_OPERATOR && strstr(f.text, rows[i].says)));
	}
}

/* What `check` says of one listener's own files and of one environment's. */
TEST(check_says_what_start_would_find)
{
	char title[] = "epic", at_file[] = "nudge.conf", gone[] = "/nonexistent.key", *pin = file_of("one", PEM), *key = file_of("one.key", PEM_KEY);
	struct made soon = certs_make(&(struct wish){ .cn = "soon", .from_days = -9, .to_days = 9 });
	struct made early = certs_make(&(struct wish){ .cn = "early", .from_days = 9, .to_days = 99 });
	char *pins[4] = { certs_write(&folder, "soon", soon.x), certs_write(&folder, "early", early.x), pin, file_of("der", DER) };
	char name[] = "a.example", *names[] = { name };
	const struct {
		const char *rule;
		char *certificate, *key, *pin, *issuer;
		bool tls, good;
		const char *says;
	} rows[] = {
		{ "all is well", pin, key, pins[2], NULL, true, true, NULL },
		{ "without TLS nothing is read", none, none, pins[2], NULL, false, true, NULL },
		{ "no certificate is named: said elsewhere", none, key, pins[2], NULL, true, true, NULL },
		{ "no key is named: said elsewhere", pin, none, pins[2], NULL, true, true, NULL },
		{ "no such key: said elsewhere", pin, gone, pins[2], NULL, true, true, NULL },
		{ "a key that is none", pin, pins[3], pins[2], NULL, true, false, "listener \"epic\": private_key: " },
		{ "soon", pin, key, pins[0], NULL, true, true, "expires in " },
		{ "not yet", pin, key, pins[1], NULL, true, true, "is not valid yet" },
		{ "an issuer", pin, key, NULL, pins[2], true, true, NULL },
		{ "an issuer that is none", pin, key, NULL, pins[3], true, false, "environment \"prod\": issuer: " },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char prod[] = "prod", *list_of[] = { rows[i].pin };
		struct conf_environment e = { .title = prod, .issuer = rows[i].issuer ? rows[i].issuer : none, .revocation_list = none,
			.certificates = { list_of, rows[i].pin ? 1 : 0 }, .subjects = { names, 1 }, .at = { at_file, 3 } };
		const struct conf_environment *list[] = { &e };
		struct conf_listener l = { .title = title, .tls = rows[i].tls, .environments = list, .environments_n = 1,
			.certificate = rows[i].certificate, .private_key = rows[i].key, .at = { at_file, 9 } };
		struct conf c = { .environments = &e, .environments_n = 1, .listeners = &l, .listeners_n = 1 };
		struct conf_faults faults = { .n = 0 };

		same_int(rows[i].rule, mllp_check(&c, &faults), rows[i].good);
		same_int(rows[i].rule, faults.n, rows[i].says ? 1 : 0);
		if (rows[i].says && !strstr(faults.item[0].text, rows[i].says))
			fail_msg("%s: %s", rows[i].rule, faults.item[0].text);
		conf_faults_clear(&faults);
	}
	certs_free(&soon);
	certs_free(&early);
}

static int
set_up(void **state)
{
	(void)state;
	certs_folder_make(&folder);
	one = certs_make(&(struct wish){ .cn = "one", .ca = true });
	two = certs_make(&(struct wish){ .cn = "two" });
	return 0;
}

static int
take_down(void **state)
{
	(void)state;
	certs_free(&one);
	certs_free(&two);
	certs_remove(&folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_form_is_taken_or_told, set_up, take_down),
		cmocka_unit_test_setup_teardown(our_own_certificate_may_stand_beside_its_key, set_up, take_down),
		cmocka_unit_test_setup_teardown(a_folder_is_no_file, set_up, take_down),
		cmocka_unit_test_setup_teardown(revocation_lists_come_in_both_forms, set_up, take_down),
		cmocka_unit_test_setup_teardown(a_key_is_as_strong_as_its_kind, set_up, take_down),
		cmocka_unit_test_setup_teardown(an_environment_says_who_may_come_or_is_refused, set_up, take_down),
		cmocka_unit_test_setup_teardown(check_says_what_start_would_find, set_up, take_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
