/* acs/principal.h - what Entra ID, a virtual machine or Azure Arc is asked for a token, and what they answer.
 *
 * Pure but for the files of secrets. Source: Microsoft identity platform v2.0,
 * client credentials; IMDS api-version 2018-02-01; Azure Arc HIMDS 2020-06-01;
 * RFC 7515, 7517 and 7518 (JWS, x5t#S256, PS256), RFC 7523.
 */
#ifndef ACS_PRINCIPAL_H
#define ACS_PRINCIPAL_H

#include "acs/http.h"
#include "nudge/conf.h"

/* Of Azure Communication Services; the double slash is meant. */
#define SCOPE_ACS "https://communication.azure.com//.default"
#define SCOPE_STORAGE "https://storage.azure.com/.default"

struct principal; /* who we say we are: the settings, and the secret; wiped when freed */

/* Reads the secret of g->auth, which is not AUTH_KEY. Copies what it needs of g. scope: literal. */
bool principal_new(const struct conf_gateway *g, const char *scope, struct principal **out, struct fault *f)
    __attribute__((warn_unused_result));
void principal_free(struct principal *i); /* NULL is fine. */
bool principal_same(const struct principal *a, const struct principal *b); /* The same principal asks for the same, whatever the secret. Pure. */

struct principal_request {
	char url[1024];
	const char *method;       /* literal */
	struct buf body;          /* secret: buf_wipe() it */
	struct http_headers headers;
	const char *ca_file, *revocation_list; /* borrowed from the principal */
	bool local;               /* IMDS or Arc: answers at once or not at all */
};
/* now_s: wall clock. proof: what Arc's challenge led to, or empty. *out is
 * always to be cleared by principal_request_clear(). false: no memory. */
bool principal_request(struct principal *i, int64_t now_s, struct span proof, struct principal_request *out)
    __attribute__((warn_unused_result));
void principal_request_clear(struct principal_request *r);

/* Arc's 401 names a file that only the machine's own services may read: its
 * content is appended to *out. www_authenticate: the header. false: it is no
 * challenge that may be answered, *f says why. */
bool principal_challenge(const struct principal *i, struct span www_authenticate, struct buf *out, struct fault *f)
    __attribute__((warn_unused_result));

struct principal_answer {
	struct span token;        /* borrowed from *hold */
	int64_t life_s;           /* from now */
	/* Where there is none: */
	const char *why;          /* literal: a word of the answer that is known, or ours */
	int64_t code;             /* AADSTS number; 0: none */
	bool refused;             /* asking again the same will not help; else it may pass */
};
/* Pure. hold: takes the token; buf_wipe() it. false: *out says why. */
bool principal_answer(const struct principal *i, int status, struct span body, int64_t now_s, struct buf *hold,
    struct principal_answer *out) __attribute__((warn_unused_result));

/* A client assertion for `audience`, signed with PS256 by the key in `pem`,
 * which holds the certificate too: x5t#S256, and with_chain: x5c. For tests
 * now_s and id (of the assertion) are given. Appends to *out. */
bool principal_assertion(struct span pem, const char *client, const char *audience, const char *id, int64_t now_s,
    bool with_chain, struct buf *out, struct fault *f) __attribute__((warn_unused_result));

#endif
