/* send.c - a small MLLP client: one message, one answer, over TLS or plain. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/mllp_send.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define VT 0x0b
#define FS 0x1c

struct mllp_wire {
	int fd;
	SSL_CTX *context;
	SSL *ssl;
};

static bool
tls_fault(const char *doing, struct fault *f)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return fault_set(f, FAULT_PEER, "%s: %s", doing, why ? why : "the other side ended the connection");
}

static bool
connect_to(const struct mllp_target *t, struct mllp_wire *w, struct fault *f)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	struct timeval limit = { t->timeout_s, 0 };
	int on = 1;
	int rc = getaddrinfo(t->host, t->port, &hints, &list);

	if (rc != 0)
		return fault_set(f, FAULT_OPERATOR, "%s:%s: %s", t->host, t->port, gai_strerror(rc));
	for (const struct addrinfo *a = list; a && w->fd < 0; a = a->ai_next) {
		w->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
		if (w->fd < 0) {
			rc = errno;
			continue;
		}
		(void)setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		(void)setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
		(void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* else a message waits 40 ms behind the handshake */
		if (connect(w->fd, a->ai_addr, a->ai_addrlen) != 0) {
			rc = errno;
			(void)close(w->fd);
			w->fd = -1;
		}
	}
	freeaddrinfo(list);
	return w->fd >= 0 || fault_set(f, FAULT_BUSY, "%s:%s: %s", t->host, t->port, strerror(rc));
}

static bool
load_files(const struct mllp_target *t, struct mllp_wire *w, struct fault *f)
{
	if (t->ca[0] ? SSL_CTX_load_verify_locations(w->context, t->ca, NULL) != 1
	             : SSL_CTX_set_default_verify_paths(w->context) != 1)
		return tls_fault(t->ca[0] ? t->ca : "the system's certificates", f);
	if (t->certificate[0] && SSL_CTX_use_certificate_chain_file(w->context, t->certificate) != 1)
		return tls_fault(t->certificate, f);
	if (t->private_key[0] && SSL_CTX_use_PrivateKey_file(w->context, t->private_key, SSL_FILETYPE_PEM) != 1)
		return tls_fault(t->private_key, f);
	return true;
}

static bool
name_expected(const struct mllp_target *t, struct mllp_wire *w)
{
	const char *name = t->name[0] ? t->name : t->host;
	X509_VERIFY_PARAM *p = SSL_get0_param(w->ssl);

	return X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1 ||
	    (SSL_set1_host(w->ssl, name) == 1 &&
	     SSL_ctrl(w->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)name) == 1);
}

static bool
shake_hands(const struct mllp_target *t, struct mllp_wire *w, struct fault *f)
{
	w->context = SSL_CTX_new(TLS_client_method());
	if (!w->context || SSL_CTX_set_min_proto_version(w->context, TLS1_2_VERSION) != 1)
		return tls_fault("TLS", f);
	SSL_CTX_set_verify(w->context, SSL_VERIFY_PEER, NULL);
	if (!load_files(t, w, f))
		return false;
	w->ssl = SSL_new(w->context);
	if (!w->ssl || !name_expected(t, w) || SSL_set_fd(w->ssl, w->fd) != 1)
		return tls_fault("TLS", f);
	if (SSL_connect(w->ssl) == 1)
		return true;
	if (SSL_get_verify_result(w->ssl) == X509_V_OK)
		return tls_fault("TLS handshake", f);
	ERR_clear_error();
	return fault_set(f, FAULT_PEER, "the listener's certificate is not trusted: %s; name its issuer, or itself, with --ca, and what it is called "
	    "with --name", X509_verify_cert_error_string(SSL_get_verify_result(w->ssl)));
}

bool
mllp_connect(const struct mllp_target *t, struct mllp_wire **out, struct fault *f)
{
	struct mllp_wire *w = calloc(1, sizeof *w);

	if (!w)
		return fault_set(f, FAULT_BUSY, "out of memory");
	w->fd = -1;
	if (connect_to(t, w, f) && (!t->tls || shake_hands(t, w, f))) {
		*out = w;
		return true;
	}
	mllp_hang_up(w);
	return false;
}

static int
put(struct mllp_wire *w, const char *p, size_t n)
{
	return w->ssl ? SSL_write(w->ssl, p, (int)n) : (int)send(w->fd, p, n, MSG_NOSIGNAL);
}

static int
get(struct mllp_wire *w, char *p, size_t n)
{
	return w->ssl ? SSL_read(w->ssl, p, (int)n) : (int)recv(w->fd, p, n, 0);
}

bool
mllp_exchange(struct mllp_wire *w, struct span message, struct buf *answer, struct fault *f)
{
	struct buf frame;
	size_t sent = 0;
	bool inside = false;
	char c;

	buf_init(&frame, message.n + 3);
	if (!buf_add_char(&frame, VT) || !buf_add_span(&frame, message) || !buf_add_char(&frame, FS) ||
	    !buf_add_char(&frame, '\r')) {
		buf_clear(&frame);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	while (sent < frame.n) {
		int n = put(w, frame.p + sent, frame.n - sent);

		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	inside = sent == frame.n;
	buf_wipe(&frame);
	if (!inside)
		return fault_set(f, FAULT_PEER, "the connection ended while sending");
	inside = false;
	while (get(w, &c, 1) == 1) {
		if (c == FS && inside)
			return true;
		if (c == VT)
			inside = true;
		else if (inside && !buf_add_char(answer, c))
			break;
	}
	return fault_set(f, FAULT_PEER, "no answer: the connection ended or the time is up "
	                                "(a refused certificate shows like this; see the log of nudged)");
}

void
mllp_hang_up(struct mllp_wire *w)
{
	if (!w)
		return;
	if (w->ssl)
		(void)SSL_shutdown(w->ssl);
	SSL_free(w->ssl);
	SSL_CTX_free(w->context);
	if (w->fd >= 0)
		(void)close(w->fd);
	free(w);
}
