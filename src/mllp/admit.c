/* admit.c - the door: a handshake, a certificate, and the environments behind it. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/session.h"

#include "nudge/clock.h"
#include "nudge/log.h"

#include <assert.h>
#include <openssl/err.h>
#include <stdlib.h>

void
session_penalty(struct session *s, int64_t debt_ms)
{
	int64_t max_s = s->terms && s->wire.ssl ? s->terms->listener->penalty_max_s : 0;
	int64_t out_ms = penalty_add(&s->thread->intake->penalties, &s->peer, debt_ms, max_s * 1000, clock_now().boot_ms);

	if (out_ms > 0) {
		log_warn("address is kept out: its handshakes keep failing", log_name("listener", session_listener(s)),
		    log_name("peer", s->peer.text), log_int("seconds", (out_ms + 999) / 1000),
		    log_name("do", "mend what the lines before say of it; a reload lets it in at once"));
	}
}

static void
refuse(struct session *s, enum identity_rule rule, const X509 *leaf)
{
	const struct identity_rule_text *text = identity_rule_text(rule);
	const struct mllp_setup *setup = &s->thread->intake->setup;
	struct mllp_certificate c = { .sha256 = "none" };

	if (leaf) {
		describe_certificate(leaf, &c);
	}
	s->refused = true;
	session_penalty(s, PENALTY_FAILED_MS);
	count(&s->thread->intake->counts.refused_certificate, 1);
	log_warn("sender refused", log_name("listener", session_listener(s)), log_name("peer", s->peer.text),
	    log_claim("subject", c.subject), log_claim("issuer", c.issuer), log_name("sha256", c.sha256),
	    log_name("why", text->broken), log_name("do", text->advice));
	if (setup->refused) {
		setup->refused(setup->ctx, &(struct mllp_refusal){ session_listener(s), s->peer.text, c.sha256, text->broken });
	}
}

int
session_verify(X509_STORE_CTX *chain, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct session *s = SSL_get_app_data(ssl);
	X509 *leaf = X509_STORE_CTX_get0_cert(chain);
	enum identity_rule rule;
	identity_set unused_set;

	(void)unused;
	rule = identity_judge(s->terms->identity, leaf, X509_STORE_CTX_get0_untrusted(chain), &s->peer,
	    IDENTITY_NOW, &unused_set);
	X509_STORE_CTX_set_error(chain, identity_rule_text(rule)->x509_error);
	if (rule != RULE_ACCEPTED) {
		refuse(s, rule, leaf);
	}
	return rule == RULE_ACCEPTED;
}

void
session_leave(struct session *s)
{
	for (size_t i = 0; s->seen && i < s->environments_n; i++) {
		seen_leave(&s->thread->intake->seen, s->seen[i], clock_now().wall_ms / 1000);
	}
	free(s->seen);
	free(s->environments);
	s->seen = NULL;
	s->environments = NULL;
	s->environments_n = 0;
}

static bool
take_environments(struct session *s, identity_set set, X509 *leaf)
{
	const struct conf_listener *l = s->terms->listener;
	const struct conf_environment **found = calloc(l->environments_n, sizeof(void *));
	struct seen_one **seen = leaf ? calloc(l->environments_n, sizeof(void *)) : NULL;
	size_t n = 0;

	if (!found || (leaf && !seen)) {
		free(found);
		free(seen);
		return false;
	}
	for (size_t i = 0; i < l->environments_n; i++) {
		if (!(set >> i & 1)) {
			continue;
		}
		if (seen) {
			seen[n] = seen_come(&s->thread->intake->seen, l->environments[i]->title, leaf, s->peer.text,
			    clock_now().wall_ms / 1000);
		}
		found[n++] = l->environments[i];
	}
	assert(n > 0);
	session_leave(s);
	s->environments = found;
	s->seen = seen;
	s->environments_n = n;
	return true;
}

bool
session_admit(struct session *s, enum identity_dates dates)
{
	X509 *leaf = s->wire.ssl ? SSL_get0_peer_certificate(s->wire.ssl) : NULL;
	const struct identity *id = s->terms->identity;
	enum identity_rule rule = RULE_ACCEPTED;
	identity_set set = 0;

	if (s->wire.ssl) {
		rule = identity_judge(id, leaf, SSL_get_peer_cert_chain(s->wire.ssl), &s->peer, dates, &set);
	} else {
		set = identity_sources(id, &s->peer);
		rule = set ? RULE_ACCEPTED : RULE_SOURCE;
	}
	if (rule != RULE_ACCEPTED) {
		refuse(s, rule, leaf);
		return false;
	}
	return take_environments(s, set, leaf);
}

/* What to change, by OpenSSL's reason; the last row for all others. */
static const char *
handshake_advice(int reason)
{
	static const char trust[] = "the sender refused our certificate: have it trust the listener's certificate or its CA, and "
	                            "connect by a name that stands in it";
	static const struct {
		int reason;
		const char *advice;
	} rows[] = {
		{ SSL_R_HTTP_REQUEST, "the sender speaks without TLS: switch TLS on there" },
		{ SSL_R_WRONG_VERSION_NUMBER, "the sender speaks without TLS: switch TLS on there" },
		{ SSL_R_UNSUPPORTED_PROTOCOL, "the sender's TLS is too old: let it speak TLS 1.2 or 1.3" },
		{ SSL_R_VERSION_TOO_LOW, "the sender's TLS is too old: let it speak TLS 1.2 or 1.3" },
		{ SSL_R_NO_SHARED_CIPHER, "let the sender offer ECDHE with AES-GCM or ChaCha20-Poly1305" },
		{ SSL_R_NO_SUITABLE_KEY_SHARE, "let the sender offer X25519, P-256 or P-384" },
		{ SSL_R_NO_SHARED_GROUPS, "let the sender offer X25519, P-256 or P-384" },
		{ SSL_R_EXCESSIVE_MESSAGE_SIZE, "let the sender send its own certificate and intermediates only: 64 KiB at most" },
		{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, trust },
		{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, trust },
		{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, trust },
		{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, trust },
		{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, trust },
		{ SSL_R_BAD_SIGNATURE, "the sender's certificate and key do not belong together" },
		{ 0, "compare TLS versions and certificates of both sides" },
	};
	size_t i = 0;

	while (rows[i].reason && rows[i].reason != reason) {
		i++;
	}
	return rows[i].advice;
}

static void
handshake_failed(struct session *s)
{
	unsigned long why = ERR_peek_error();
	const char *reason = ERR_reason_error_string(why);

	ERR_clear_error();
	if (s->refused) {
		return; /* said by session_verify() */
	}
	if (!wire_heard(&s->wire)) {
		count(&s->thread->intake->counts.probes, 1); /* a load balancer that knocks */
		s->dead = true;
		return;
	}
	if (ERR_GET_REASON(why) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
		refuse(s, RULE_NO_CERTIFICATE, NULL);
		return;
	}
	s->refused = true;
	session_penalty(s, PENALTY_FAILED_MS);
	log_warn("TLS handshake failed", log_name("listener", session_listener(s)),
	    log_name("peer", s->peer.text), log_name("why", reason ? reason : "the peer went away"),
	    log_name("do", handshake_advice(ERR_GET_REASON(why))));
}

bool
session_handshake(struct session *s)
{
	switch (wire_handshake(&s->wire)) {
	case WIRE_OK:
		return true;
	case WIRE_AGAIN:
		break;
	case WIRE_EOF:
	case WIRE_BROKEN:
		handshake_failed(s);
		break;
	}
	return false;
}

/* Judged again: the configuration may have changed under the handshake. */
void
session_enter(struct session *s)
{
	if (!session_admit(s, IDENTITY_NOW)) {
		s->dead = true;
		return;
	}
	session_opened(s);
	log_debug("sender connected", log_name("listener", session_listener(s)),
	    log_name("peer", s->peer.text), log_name("tls", SSL_get_version(s->wire.ssl)),
	    log_name("environment", s->environments[0]->title));
}
