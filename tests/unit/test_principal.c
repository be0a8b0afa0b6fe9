/* test_principal.c - tokens: what is asked as the vendor's own client asks it, Arc's challenge, answers of every kind, assertions. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#include "acs/principal.h"
#include "certs.h"
#include "conf_files.h"
#include "nudge/digest.h"

#define TENANT "11111111-2222-3333-4444-555555555555"
#define CLIENT "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
#define NOW 1795205143

static char *
word(const char *text)
{
	return (char *)(uintptr_t)text;
}

static struct conf_gateway
settings(enum gateway_auth auth)
{
	return (struct conf_gateway){ .title = word("acs"), .auth = auth, .tenant = word(TENANT), .client_id = word(CLIENT),
		.client_secret = word(""), .client_certificate = word(""), .authority = word("https://localhost:39295"),
		.identity_endpoint = word("http://127.0.0.1:40881"), .arc_keys = word("/var/opt/azcmagent/tokens"), .ca_file = word(""),
		.revocation_list = word("") };
}

static struct principal *
principal_for(const struct conf_gateway *g)
{
	struct principal *p = NULL;
	struct fault f = { 0 };

	if (!principal_new(g, SCOPE_ACS, &p, &f))
		fail_msg("%s", f.text);
	return p;
}

TEST(a_secret_goes_as_a_form)
{
	struct conf_gateway g = settings(AUTH_CLIENT_SECRET);
	struct folder d;
	char path[256];
	struct principal *p;
	struct principal_request q;

	folder_make(&d);
	folder_file(&d, "keys/entra.secret", " s3cret+/=&value~\r\n", 0600);
	(void)snprintf(path, sizeof path, "%s/keys/entra.secret", d.path);
	g.client_secret = path;
	p = principal_for(&g);
	assert_true(principal_request(p, NOW, SPAN_NONE, &q));
	same_text("who is asked", q.url, "https://localhost:39295/" TENANT "/oauth2/v2.0/token");
	same_text("how", q.method, "POST");
	same_text("with what", buf_text(&q.body), "client_id=" CLIENT "&scope=https%3A%2F%2Fcommunication.azure.com%2F%2F.default"
	    "&grant_type=client_credentials&client_secret=s3cret%2B%2F%3D%26value~");
	principal_request_clear(&q);
	principal_free(p);
	folder_remove(&d);
}

TEST(secrets_that_cannot_be_used)
{
	static const struct {
		enum gateway_auth auth;
		const char *content, *says;
		mode_t mode;
	} rows[] = {
		{ AUTH_CLIENT_SECRET, "\n", "is empty", 0600 },
		{ AUTH_CLIENT_SECRET, "secret", "open to others", 0644 },
		{ AUTH_CLIENT_CERTIFICATE, "secret", "no private key in it", 0600 },
		{ AUTH_CLIENT_CERTIFICATE, NULL, "No such file", 0600 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_gateway g = settings(rows[i].auth);
		struct folder d;
		char path[256];
		struct principal *p = NULL;
		struct fault f = { 0 };

		folder_make(&d);
		if (rows[i].content)
			folder_file(&d, "keys/entra", rows[i].content, rows[i].mode);
		(void)snprintf(path, sizeof path, "%s/keys/entra", d.path);
		g.client_secret = g.client_certificate = path;
		holds(rows[i].says, !principal_new(&g, SCOPE_ACS, &p, &f) && strstr(f.text, rows[i].says) && strstr(f.text, path));
		folder_remove(&d);
	}
}

TEST(machines_are_asked_at_their_own_address)
{
	static const struct {
		enum gateway_auth auth;
		const char *client, *proof, *url, *scope;
	} rows[] = {
		{ AUTH_MANAGED_IDENTITY, CLIENT, "",
		    "http://127.0.0.1:40881/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcommunication.azure.com%2F"
		    "&client_id=" CLIENT, SCOPE_ACS },
		{ AUTH_ARC, "", "CHALLENGE-SECRET-FROM-FILE",
		    "http://127.0.0.1:40881/metadata/identity/oauth2/token?api-version=2020-06-01&resource=https%3A%2F%2Fcommunication.azure.com%2F",
		    SCOPE_ACS },
		{ AUTH_MANAGED_IDENTITY, "", "",
		    "http://127.0.0.1:40881/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com",
		    SCOPE_STORAGE },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_gateway g = settings(rows[i].auth);
		struct principal *p = NULL;
		struct principal_request q;
		struct fault f = { 0 };

		g.client_id = word(rows[i].client);
		assert_true(principal_new(&g, rows[i].scope, &p, &f));
		assert_true(principal_request(p, NOW, span_of(rows[i].proof), &q));
		same_text("url", q.url, rows[i].url);
		same_text("method", q.method, "GET");
		holds("nothing is in its body", q.body.n == 0 && q.local && q.headers.n > 0 && !q.headers.spoilt);
		principal_request_clear(&q);
		principal_free(p);
	}
}

TEST(only_a_challenge_of_arc_is_answered)
{
	static const struct {
		const char *header; /* %s: the folder */
		const char *content, *says; /* says: NULL: good */
	} rows[] = {
		{ "Basic realm=%s/a.key", "CHALLENGE-SECRET-FROM-FILE\n", NULL },
		{ "basic REALM=\"%s/a.key\"", "CHALLENGE-SECRET-FROM-FILE", NULL },
		{ "Basic realm=%s/../a.key", "x", "none of" },
		{ "Basic realm=%s/sub/a.key", "x", "none of" },
		{ "Basic realm=%s/a.key.txt", "x", "none of" },
		{ "Basic realm=%s.key", "x", "none of" },
		{ "Basic realm=%s/.key", "x", "none of" },
		{ "Basic realm=/etc/passwd.key", "x", "none of" },
		{ "Basic realm=%s/b.key", "x", "No such file" },
		{ "Basic realm=%s/a.key", "", "is no key" },
		{ "Basic realm=%s/a.key", "two\nlines", "is no key" },
		{ "Bearer realm=%s/a.key", "x", "none of Azure Arc's" },
		{ "", "x", "none of Azure Arc's" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_gateway g = settings(AUTH_ARC);
		struct folder d;
		struct principal *p;
		struct buf proof;
		struct fault f = { 0 };
		char header[512];
		bool good;

		folder_make(&d);
		folder_file(&d, "a.key", rows[i].content, 0600);
		g.arc_keys = d.path;
		p = principal_for(&g);
		buf_init(&proof, 8192);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(header, sizeof header, rows[i].header, d.path);
#pragma GCC diagnostic pop
		good = principal_challenge(p, span_of(header), &proof, &f);
		holds(rows[i].header, good == !rows[i].says && (good || strstr(f.text, rows[i].says)));
		same_text(rows[i].header, buf_text(&proof), good ? "CHALLENGE-SECRET-FROM-FILE" : "");
		buf_wipe(&proof);
		principal_free(p);
		folder_remove(&d);
	}
}

TEST(a_challenge_of_more_than_4096_bytes)
{
	struct conf_gateway g = settings(AUTH_ARC);
	struct folder d;
	struct principal *p;
	struct buf proof;
	struct fault f = { 0 };
	char header[512], big[4099];

	memset(big, 'x', sizeof big);
	big[4097] = '\0';
	folder_make(&d);
	folder_file(&d, "a.key", big, 0600);
	g.arc_keys = d.path;
	p = principal_for(&g);
	buf_init(&proof, 8192);
	(void)snprintf(header, sizeof header, "Basic realm=%s/a.key", d.path);
	holds("4097", !principal_challenge(p, span_of(header), &proof, &f));
	big[4096] = '\0';
	folder_file(&d, "a.key", big, 0600);
	holds("4096", principal_challenge(p, span_of(header), &proof, &f) && proof.n == 4096);
	buf_wipe(&proof);
	principal_free(p);
	folder_remove(&d);
}

TEST(answers)
{
	static const struct {
		const char *rule;
		enum gateway_auth auth;
		int status;
		const char *body, *token, *why;
		int64_t life_s, code;
		bool refused;
	} rows[] = {
		{ "of Entra ID", AUTH_MANAGED_IDENTITY, 200,
		    "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599,\"access_token\":\"eyJ0eXAiOiJKV1QifQ.FAKE.TOKEN\"}",
		    "eyJ0eXAiOiJKV1QifQ.FAKE.TOKEN", NULL, 3599, 0, false },
		{ "of IMDS: numbers are texts", AUTH_MANAGED_IDENTITY, 200,
		    "{\"access_token\":\"eyFAKE.IMDS.TOKEN\",\"client_id\":\"" CLIENT "\",\"expires_in\":\"86399\",\"expires_on\":\"1795291572\","
		    "\"ext_expires_in\":\"86399\",\"not_before\":\"1\",\"resource\":\"https://communication.azure.com/\",\"token_type\":\"Bearer\"}",
		    "eyFAKE.IMDS.TOKEN", NULL, 86399, 0, false },
		{ "only its end is said", AUTH_MANAGED_IDENTITY, 200, "{\"access_token\":\"t\",\"expires_on\":\"1795205243\"}", "t", NULL, 100, 0, false },
		{ "Arc, of the identity asked for", AUTH_ARC, 200, "{\"access_token\":\"t\",\"expires_in\":\"9\",\"client_id\":\"AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE\"}",
		    "t", NULL, 9, 0, false },
		{ "Arc, an older agent", AUTH_ARC, 200, "{\"access_token\":\"t\",\"expires_in\":\"9\"}", NULL, "another-identity", 0, 0, true },
		{ "a life that is over", AUTH_MANAGED_IDENTITY, 200, "{\"access_token\":\"t\",\"expires_on\":\"1795205143\"}", NULL, "unreadable-answer", 0, 0, false },
		{ "no token", AUTH_MANAGED_IDENTITY, 200, "{\"expires_in\":9}", NULL, "unreadable-answer", 0, 0, false },
		{ "a token with a line end", AUTH_MANAGED_IDENTITY, 200, "{\"access_token\":\"t\\r\\nX: y\",\"expires_in\":9}", NULL, "unreadable-answer", 0, 0, false },
		{ "another kind of token", AUTH_MANAGED_IDENTITY, 200, "{\"access_token\":\"t\",\"expires_in\":9,\"token_type\":\"mac\"}", NULL, "unreadable-answer", 0, 0, false },
		{ "no JSON", AUTH_MANAGED_IDENTITY, 200, "<html>", NULL, "unreadable-answer", 0, 0, false },
		{ "a wrong secret", AUTH_MANAGED_IDENTITY, 401,
		    "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret\",\"error_codes\":[7000215]}", NULL,
		    "invalid_client", 0, 7000215, true },
		{ "an error nobody knows", AUTH_MANAGED_IDENTITY, 400, "{\"error\":\"<b>Smith</b>\"}", NULL, "refused", 0, 0, true },
		{ "too fast", AUTH_MANAGED_IDENTITY, 429, "", NULL, "unavailable", 0, 0, false },
		{ "away", AUTH_MANAGED_IDENTITY, 503, "{\"error\":\"temporarily_unavailable\"}", NULL, "temporarily_unavailable", 0, 0, false },
		{ "a machine that is being set up", AUTH_MANAGED_IDENTITY, 410, "", NULL, "unavailable", 0, 0, false },
		{ "and one that is not found yet", AUTH_ARC, 404, "", NULL, "unavailable", 0, 0, false },
		{ "sent elsewhere", AUTH_MANAGED_IDENTITY, 302, "", NULL, "refused", 0, 0, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf_gateway g = settings(rows[i].auth);
		struct principal *p = principal_for(&g);
		struct principal_answer a;
		struct buf hold;

		buf_init(&hold, 65536);
		holds(rows[i].rule, principal_answer(p, rows[i].status, span_of(rows[i].body), NOW, &hold, &a) == (rows[i].token != NULL));
		if (rows[i].token) {
			holds(rows[i].rule, span_is(a.token, rows[i].token));
			same_int(rows[i].rule, a.life_s, rows[i].life_s);
		} else {
			same_text(rows[i].rule, a.why, rows[i].why);
			same_int(rows[i].rule, a.code, rows[i].code);
			same_int(rows[i].rule, a.refused, rows[i].refused);
		}
		buf_wipe(&hold);
		principal_free(p);
	}
}

/* ---- assertions ---- */

static size_t
unbase64url(struct span in, unsigned char *out)
{
	char text[8192];
	size_t n = in.n;
	int got;

	assert_true(n + 4 < sizeof text);
	for (size_t i = 0; i < n; i++)
		text[i] = in.p[i] == '-' ? '+' : in.p[i] == '_' ? '/' : in.p[i];
	while (n % 4)
		text[n++] = '=';
	got = EVP_DecodeBlock(out, (const unsigned char *)text, (int)n);
	assert_true(got >= 0);
	return (size_t)got - (n - in.n);
}

static json_t *
json_of(struct span part)
{
	unsigned char text[8192];
	size_t n = unbase64url(part, text);
	json_t *o = json_loadb((char *)text, n, 0, NULL);

	assert_non_null(o);
	return o;
}

static void
same_string(const json_t *o, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(o, key));

	same_text(key, got ? got : "(none)", want);
}

static bool
verifies(EVP_PKEY *key, struct span text, struct span signature)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p;
	unsigned char bytes[2048];
	size_t n = unbase64url(signature, bytes);
	bool ok = EVP_DigestVerifyInit(c, &p, EVP_sha256(), NULL, key) == 1 && EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(p, 32) == 1 && EVP_DigestVerify(c, bytes, n, (const unsigned char *)text.p, text.n) == 1;

	EVP_MD_CTX_free(c);
	return ok;
}

static char *
pem_of(const struct made *m, EVP_PKEY *key)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *data, *out;
	long n;

	assert_int_equal(PEM_write_bio_X509(b, m->x), 1);
	assert_int_equal(PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL), 1);
	n = BIO_get_mem_data(b, &data);
	out = strndup(data, (size_t)n);
	BIO_free(b);
	return out;
}

static void
thumb_of(X509 *x, char out[44])
{
	unsigned char *der = NULL, hash[DIGEST_BYTES];
	int n = i2d_X509(x, &der);

	assert_true(digest_sha256(span_from(der, (size_t)n), hash));
	OPENSSL_free(der);
	(void)EVP_EncodeBlock((unsigned char *)out, hash, sizeof hash);
	for (char *c = out; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
}

TEST(an_assertion_is_signed_with_ps256)
{
	struct made m = certs_make(&(struct wish){ .cn = "nudge", .rsa_bits = 2048 });
	char *pem = pem_of(&m, m.key), thumb[48];
	struct span head, claims, rest, signature;
	struct fault f = { 0 };

	thumb_of(m.x, thumb);
	for (int with_chain = 0; with_chain < 2; with_chain++) {
		struct buf jwt;
		json_t *h, *c;

		buf_init(&jwt, 65536);
		if (!principal_assertion(span_of(pem), CLIENT, "https://login.example/t", "a9cef1f0-e2e3-4370-acae-c21d90e30bd4", NOW, with_chain, &jwt, &f))
			fail_msg("%s", f.text);
		head = span_cut(buf_span(&jwt), '.', &rest);
		claims = span_cut(rest, '.', &signature);
		h = json_of(head);
		c = json_of(claims);
		same_string(h, "alg", "PS256");
		same_string(h, "typ", "JWT");
		same_string(h, "x5t#S256", thumb);
		same_int("x5c", json_array_size(json_object_get(h, "x5c")), with_chain);
		same_string(c, "aud", "https://login.example/t");
		same_string(c, "iss", CLIENT);
		same_string(c, "sub", CLIENT);
		same_string(c, "jti", "a9cef1f0-e2e3-4370-acae-c21d90e30bd4");
		same_int("nbf", json_integer_value(json_object_get(c, "nbf")), NOW);
		same_int("iat", json_integer_value(json_object_get(c, "iat")), NOW);
		same_int("exp", json_integer_value(json_object_get(c, "exp")), NOW + 600);
		holds("it verifies", verifies(m.key, span_from(jwt.p, head.n + 1 + claims.n), signature));
		json_decref(h);
		json_decref(c);
		buf_wipe(&jwt);
	}
	free(pem);
	certs_free(&m);
}

TEST(keys_that_cannot_sign)
{
	struct made rsa = certs_make(&(struct wish){ .cn = "nudge", .rsa_bits = 2048 }), ec = certs_make(&(struct wish){ .cn = "nudge" });
	char *of_ec = pem_of(&ec, ec.key), *mixed = pem_of(&rsa, ec.key);
	const struct {
		const char *pem, *says;
	} rows[] = { { of_ec, "no RSA key" }, { mixed, "no RSA key" }, { "", "no private key" } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;
		struct fault f = { 0 };

		buf_init(&out, 65536);
		holds(rows[i].says, !principal_assertion(span_of(rows[i].pem), CLIENT, "a", "b", NOW, false, &out, &f) && strstr(f.text, rows[i].says));
		holds("nothing is added", out.n == 0);
		buf_wipe(&out);
	}
	free(of_ec);
	free(mixed);
	certs_free(&rsa);
	certs_free(&ec);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_secret_goes_as_a_form), RUN(secrets_that_cannot_be_used),
		RUN(machines_are_asked_at_their_own_address), RUN(only_a_challenge_of_arc_is_answered),
		RUN(a_challenge_of_more_than_4096_bytes), RUN(answers), RUN(an_assertion_is_signed_with_ps256), RUN(keys_that_cannot_sign) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
