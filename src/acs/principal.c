/* principal.c - the three ways to a token: a registered application, a virtual machine's identity, Azure Arc's. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/principal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acs/secret.h"
#include "nudge/acs.h"
#include "nudge/seal.h"

#define PROOF_MAX 4096   /* bytes of a file of Azure Arc */
#define TOKEN_MAX 16384
#define LIFE_MAX_S (7 * 86400)

struct principal {
	enum gateway_auth auth;
	const char *scope;       /* literal */
	char *tenant, *client, *authority, *endpoint, *folder, *ca_file, *revocation_list;
	bool with_chain;
	struct buf secret;
};

/* ---- who we are ---- */

static bool
keep_secret(struct principal *i, const struct conf_gateway *g, struct fault *f)
{
	struct buf probe;
	bool ok;

	buf_init(&i->secret, SECRET_MAX);
	switch (i->auth) {
	case AUTH_CLIENT_SECRET:
		if (!secret_read(g->client_secret, &i->secret, f))
			return false;
		return secret_trim(buf_span(&i->secret)).n > 0 ||
		    fault_set(f, FAULT_OPERATOR, "%s is empty: it should hold the application's secret (its value, not its id)", g->client_secret);
	case AUTH_CLIENT_CERTIFICATE:
		if (!secret_read(g->client_certificate, &i->secret, f))
			return false;
		buf_init(&probe, SECRET_MAX);
		ok = principal_assertion(buf_span(&i->secret), "client", "audience", "id", 0, i->with_chain, &probe, f) ||
		    fault_at(f, "%s", g->client_certificate);
		buf_wipe(&probe);
		return ok;
	case AUTH_KEY:
	case AUTH_MANAGED_IDENTITY:
	case AUTH_ARC:
		break;
	}
	return true;
}

bool
principal_new(const struct conf_gateway *g, const char *scope, struct principal **out, struct fault *f)
{
	struct principal *i = calloc(1, sizeof *i);

	if (!i)
		return fault_set(f, FAULT_BUSY, "out of memory");
	i->auth = g->auth;
	i->scope = scope;
	i->tenant = strdup(g->tenant);
	i->client = strdup(g->client_id);
	i->authority = strdup(g->authority);
	i->endpoint = strdup(g->identity_endpoint);
	i->folder = strdup(g->arc_keys);
	i->ca_file = strdup(g->ca_file);
	i->revocation_list = strdup(g->revocation_list);
	i->with_chain = g->client_certificate_chain;
	if (!i->tenant || !i->client || !i->authority || !i->endpoint || !i->folder || !i->ca_file || !i->revocation_list)
		(void)fault_set(f, FAULT_BUSY, "out of memory");
	else if (keep_secret(i, g, f)) {
		*out = i;
		return true;
	}
	principal_free(i);
	return false;
}

void
principal_free(struct principal *i)
{
	if (!i)
		return;
	buf_wipe(&i->secret);
	free(i->tenant);
	free(i->client);
	free(i->authority);
	free(i->endpoint);
	free(i->folder);
	free(i->ca_file);
	free(i->revocation_list);
	free(i);
}

bool
principal_same(const struct principal *a, const struct principal *b)
{
	return a->auth == b->auth && strcmp(a->scope, b->scope) == 0 && strcmp(a->tenant, b->tenant) == 0 &&
	    strcmp(a->client, b->client) == 0 && strcmp(a->authority, b->authority) == 0 &&
	    strcmp(a->endpoint, b->endpoint) == 0;
}

/* ---- what is asked ---- */

static void
add_encoded(struct buf *out, struct span v)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (size_t i = 0; i < v.n; i++)
		if (memchr(plain, v.p[i], sizeof plain - 1))
			(void)buf_add_char(out, v.p[i]);
		else
			(void)buf_addf(out, "%%%02X", (unsigned char)v.p[i]);
}

static bool
ask_entra(struct principal *i, int64_t now_s, struct principal_request *out)
{
	char id[ACS_REPEAT_ID_MAX];
	struct fault f = { 0 };

	out->method = "POST";
	(void)snprintf(out->url, sizeof out->url, "%s/%s/oauth2/v2.0/token", i->authority, i->tenant);
	http_header(&out->headers, "Content-Type", "application/x-www-form-urlencoded");
	(void)buf_add_text(&out->body, "client_id=");
	add_encoded(&out->body, span_of(i->client));
	(void)buf_add_text(&out->body, "&scope=");
	add_encoded(&out->body, span_of(i->scope));
	(void)buf_add_text(&out->body, "&grant_type=client_credentials");
	if (i->auth == AUTH_CLIENT_SECRET) {
		(void)buf_add_text(&out->body, "&client_secret=");
		add_encoded(&out->body, secret_trim(buf_span(&i->secret)));
		return !out->body.spoilt;
	}
	(void)buf_add_text(&out->body, "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
	                               "&client_assertion=");
	return acs_request_id(id, sizeof id) &&
	    principal_assertion(buf_span(&i->secret), i->client, out->url, id, now_s, i->with_chain, &out->body, &f) && !out->body.spoilt;
}

static bool
ask_machine(const struct principal *i, struct span proof, struct principal_request *out)
{
	bool arc = i->auth == AUTH_ARC;
	struct span resource = span_of(i->scope);
	struct buf url;
	bool ok;

	resource.n -= sizeof "/.default" - 1;
	buf_init(&url, sizeof out->url - 1);
	(void)buf_addf(&url, "%s/metadata/identity/oauth2/token?api-version=%s&resource=", i->endpoint, arc ? "2020-06-01" : "2018-02-01");
	add_encoded(&url, resource);
	if (i->client[0]) {
		(void)buf_add_text(&url, "&client_id=");
		add_encoded(&url, span_of(i->client));
	}
	ok = !url.spoilt;
	(void)span_copy(out->url, sizeof out->url, buf_span(&url));
	buf_clear(&url);
	out->method = "GET";
	out->local = true;
	http_header(&out->headers, "Metadata", "true");
	if (proof.n > 0) {
		struct buf value;

		buf_init(&value, PROOF_MAX + 16);
		ok = ok && buf_add_text(&value, "Basic ") && buf_add_span(&value, proof);
		http_header(&out->headers, "Authorization", buf_text(&value));
		buf_wipe(&value);
	}
	return ok;
}

bool
principal_request(struct principal *i, int64_t now_s, struct span proof, struct principal_request *out)
{
	*out = (struct principal_request){ .ca_file = i->ca_file, .revocation_list = i->revocation_list };
	buf_init(&out->body, SECRET_MAX * 2);
	http_header(&out->headers, "Accept", "application/json");
	switch (i->auth) {
	case AUTH_CLIENT_SECRET:
	case AUTH_CLIENT_CERTIFICATE:
		return ask_entra(i, now_s, out);
	case AUTH_MANAGED_IDENTITY:
	case AUTH_ARC:
		return ask_machine(i, proof, out);
	case AUTH_KEY:
		break;
	}
	return false;
}

void
principal_request_clear(struct principal_request *r)
{
	buf_wipe(&r->body);
	http_headers_clear(&r->headers);
}

/* ---- Arc's challenge ---- */

/* Only a name right in the folder that is known: whoever answers on that port
 * must not make us read and hand out any other file. */
static bool
challenge_path(const struct principal *i, struct span header, char *out, size_t cap, struct fault *f)
{
	static const char realm[] = "Basic realm=";
	size_t folder = strlen(i->folder);
	struct span path;

	if (span_find_nocase(header, realm) != 0)
		return fault_set(f, FAULT_PEER, "its challenge is none of Azure Arc's");
	path = span_trim((struct span){ header.p + sizeof realm - 1, header.n - (sizeof realm - 1) });
	if (path.n >= 2 && path.p[0] == '"' && path.p[path.n - 1] == '"')
		path = (struct span){ path.p + 1, path.n - 2 };
	if (path.n >= cap || path.n < folder + sizeof "/x.key" - 1 || memcmp(path.p, i->folder, folder) != 0 ||
	    path.p[folder] != '/' || memchr(path.p + folder + 1, '/', path.n - folder - 1) || memchr(path.p, '\0', path.n) ||
	    memcmp(path.p + path.n - 4, ".key", 4) != 0)
		return fault_set(f, FAULT_PEER, "its challenge names a file that is none of %s/*.key", i->folder);
	(void)span_copy(out, cap, path);
	return true;
}

bool
principal_challenge(const struct principal *i, struct span www_authenticate, struct buf *out, struct fault *f)
{
	char path[512], proof[PROOF_MAX + 1];
	struct stat st;
	struct span value;
	ssize_t n;
	int fd;

	if (!challenge_path(i, span_trim(www_authenticate), path, sizeof path, f))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fault_set(f, FAULT_OPERATOR, "%s: %s; this user must be in the group himds", path, strerror(errno));
	n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, proof, sizeof proof) : -1;
	(void)close(fd);
	value = secret_trim(span_from(proof, n > 0 ? (size_t)n : 0));
	for (size_t k = 0; k < value.n; k++)
		if (value.p[k] < ' ' || value.p[k] > '~')
			n = -1;
	bool ok = n > 0 && n <= PROOF_MAX && value.n > 0 && buf_add_span(out, value);

	seal_wipe(proof, sizeof proof);
	return ok || fault_set(f, FAULT_PEER, "%s is no key of Azure Arc", path);
}

/* ---- what is answered ---- */

static int64_t
seconds_of(const json_t *root, const char *key)
{
	const json_t *v = json_object_get(root, key);
	uint64_t n = 0;

	if (json_is_integer(v))
		return json_integer_value(v) > 0 ? json_integer_value(v) : 0;
	if (json_is_string(v) && span_to_u64(span_of(json_string_value(v)), INT64_MAX / 2, &n))
		return (int64_t)n;
	return 0;
}

/* Of the words that are documented; nothing from outside is repeated. */
static const char *
known_error(const json_t *root)
{
	static const char *const words[] = { "invalid_client", "unauthorized_client", "invalid_request", "invalid_scope",
		"invalid_grant", "invalid_resource", "temporarily_unavailable", "identity_not_found", "unsupported_grant_type",
		"access_denied", "interaction_required", "server_error" };
	const char *word = json_string_value(json_object_get(root, "error"));

	for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(word, words[i]) == 0)
			return words[i];
	return NULL;
}

static bool
is_token(struct span t)
{
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] <= ' ' || t.p[i] > '~')
			return false;
	return t.n > 0 && t.n <= TOKEN_MAX;
}

static bool
read_token(const json_t *root, int64_t now_s, struct buf *hold, struct principal_answer *out)
{
	const json_t *token = json_object_get(root, "access_token"), *type = json_object_get(root, "token_type");
	struct span value = json_is_string(token) ? span_from(json_string_value(token), json_string_length(token)) : SPAN_NONE;

	out->life_s = seconds_of(root, "expires_in");
	if (out->life_s == 0 && seconds_of(root, "expires_on") > now_s)
		out->life_s = seconds_of(root, "expires_on") - now_s;
	if (out->life_s > LIFE_MAX_S)
		out->life_s = LIFE_MAX_S;
	if (!is_token(value) || out->life_s == 0 || (json_is_string(type) && !span_is_nocase(span_of(json_string_value(type)), "Bearer"))) {
		out->why = "unreadable-answer";
		return false;
	}
	if (!buf_add_span(hold, value)) {
		out->why = "no-memory";
		return false;
	}
	out->token = buf_span(hold);
	return true;
}

/* An older agent of Azure Arc gives its own identity whoever was asked for. */
static bool
is_ours(const struct principal *i, const json_t *root)
{
	const char *client = json_string_value(json_object_get(root, "client_id"));

	return i->auth != AUTH_ARC || !i->client[0] || (client && strcasecmp(client, i->client) == 0);
}

bool
principal_answer(const struct principal *i, int status, struct span body, int64_t now_s, struct buf *hold,
    struct principal_answer *out)
{
	bool local = i->auth == AUTH_MANAGED_IDENTITY || i->auth == AUTH_ARC, ok = false;
	json_t *root = json_loadb(body.n ? body.p : "", body.n, 0, NULL);

	*out = (struct principal_answer){ .why = "unreadable-answer" };
	if (status == 200 && !is_ours(i, root)) {
		out->why = "another-identity";
		out->refused = true;
	} else if (status == 200) {
		ok = read_token(root, now_s, hold, out);
	} else {
		const char *word = known_error(root);

		/* A virtual machine that is just being set up says 404 and 410. */
		out->refused = status >= 300 && status < 500 && status != 408 && status != 429 && !(local && (status == 404 || status == 410));
		out->why = word ? word : out->refused ? "refused" : "unavailable";
		out->code = json_is_array(json_object_get(root, "error_codes"))
		    ? json_integer_value(json_array_get(json_object_get(root, "error_codes"), 0))
		    : 0;
	}
	json_decref(root);
	return ok;
}
