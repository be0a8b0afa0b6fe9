/* webhook_tls.c - certificate and key of a webhook, and the switches that BCP 195 asks for. */
// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "acs/secret.h"
#include "acs/webhook.h"

static const char *
reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "OpenSSL gives no reason";
}

static bool
harden(SSL_CTX *c)
{
	SSL_CTX_set_security_level(c, 2);
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) && SSL_CTX_set_num_tickets(c, 0) &&
	    SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20");
}

static int
no_password(char *out, int size, int writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static bool
use_key(SSL_CTX *c, const char *path, struct fault *f)
{
	struct buf text;
	BIO *in = NULL;
	EVP_PKEY *key = NULL;
	bool ok;

	buf_init(&text, SECRET_MAX);
	ok = secret_read(path, &text, f);
	if (ok) {
		in = BIO_new_mem_buf(text.p, (int)text.n);
		key = in ? PEM_read_bio_PrivateKey(in, NULL, no_password, NULL) : NULL;
		ok = key != NULL || fault_set(f, FAULT_OPERATOR, "%s: no private key in PEM without a password: %s", path, reason());
	}
	if (ok)
		ok = SSL_CTX_use_PrivateKey(c, key) == 1 ||
		    fault_set(f, FAULT_OPERATOR, "webhook_private_key %s does not belong to webhook_certificate", path);
	EVP_PKEY_free(key);
	BIO_free(in);
	buf_wipe(&text);
	return ok;
}

bool
webhook_tls(const char *certificate, const char *private_key, SSL_CTX **out, struct fault *f)
{
	SSL_CTX *c;

	ERR_clear_error();
	c = SSL_CTX_new(TLS_server_method());
	if (!c || !harden(c))
		(void)fault_set(f, FAULT_BROKEN, "TLS cannot be set up: %s", reason());
	else if (SSL_CTX_use_certificate_chain_file(c, certificate) != 1)
		(void)fault_set(f, FAULT_OPERATOR, "webhook_certificate %s: no certificates in PEM: %s", certificate, reason());
	else if (use_key(c, private_key, f)) {
		*out = c;
		ERR_clear_error();
		return true;
	}
	SSL_CTX_free(c);
	ERR_clear_error();
	return false;
}
