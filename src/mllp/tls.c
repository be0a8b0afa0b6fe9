/* tls.c - one SSL_CTX a listener, with every switch that BCP 195 asks for. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/tls.h"

#include "mllp/pem.h"

#include <openssl/err.h>

#define CHAIN_BYTES_MAX 65536 /* of certificates that a peer may send */

static const char *
openssl_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	return text ? text : "OpenSSL gives no reason";
}

static bool
no_memory(struct fault *f)
{
	return fault_set(f, FAULT_BUSY, "no memory for TLS");
}

static bool
harden(SSL_CTX *ctx)
{
	char groups[] = "X25519:P-256:P-384";

	SSL_CTX_set_security_level(ctx, 2);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	    SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* A sender that ends without close_notify has ended: half a frame is dropped anyway. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* Else the head of each record is a read of its own. wire_has_more() says what came along. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_BYTES_MAX);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) && SSL_CTX_set_num_tickets(ctx, 0) &&
	    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") &&
	    SSL_CTX_set1_groups_list(ctx, groups);
}

static bool
use_certificates(SSL_CTX *ctx, const char *path, struct fault *f)
{
	STACK_OF(X509) *all;
	bool ok;

	if (!pem_certificates(path, PEM_OURS, &all, f)) {
		return false;
	}
	ok = SSL_CTX_use_certificate(ctx, sk_X509_value(all, 0)) == 1;
	for (int i = 1; ok && i < sk_X509_num(all); i++) {
		ok = SSL_CTX_add1_chain_cert(ctx, sk_X509_value(all, i)) == 1;
	}
	sk_X509_pop_free(all, X509_free);
	if (!ok) {
		fault_set(f, FAULT_OPERATOR, "%s: cannot be used: %s", path, openssl_reason());
	}
	return ok || (pem_ran_short() && no_memory(f));
}

static bool
use_key(SSL_CTX *ctx, const struct conf_listener *l, struct fault *f)
{
	EVP_PKEY *key;
	bool ok;

	if (!pem_private_key(l->private_key, &key, f)) {
		return false;
	}
	ok = X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	if (ok) {
		return true;
	}
	return pem_ran_short() ? no_memory(f) : fault_set(f, FAULT_OPERATOR,
	    "private_key %s does not belong to certificate %s", l->private_key, l->certificate);
}

bool
tls_context(const struct conf_listener *l, tls_verify_fn *verify, SSL_CTX **out, struct fault *f)
{
	SSL_CTX *ctx;

	ERR_clear_error();
	ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx || !harden(ctx)) {
		fault_set(f, FAULT_BROKEN, "TLS cannot be set up: %s", openssl_reason());
		if (pem_ran_short()) {
			no_memory(f);
		}
		goto fail;
	}
	if (!use_certificates(ctx, l->certificate, f) || !use_key(ctx, l, f)) {
		goto fail;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify, NULL);
	*out = ctx;
	ERR_clear_error();
	return true;
fail:
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return false;
}
