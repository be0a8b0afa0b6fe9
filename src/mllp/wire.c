/* wire.c - OpenSSL's wishes and errno brought to four results. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

/* What others left behind would be taken for what comes next. Nearly always there is nothing, and looking is cheaper than clearing. */
static void
forget_errors(void)
{
	if (ERR_peek_error() != 0) {
		ERR_clear_error();
	}
}

static enum wire_result
result_of_errno(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? WIRE_AGAIN : WIRE_BROKEN;
}

static enum wire_result
result_of_tls(const struct wire *w, int rc)
{
	switch (SSL_get_error(w->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return WIRE_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return WIRE_EOF;
	default:
		return WIRE_BROKEN;
	}
}

enum wire_result
wire_handshake(struct wire *w)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(w->ssl);
	if (rc == 1) {
		w->reading_writes = false;
		return WIRE_OK;
	}
	w->reading_writes = SSL_want_write(w->ssl);
	return result_of_tls(w, rc);
}

enum wire_result
wire_read(struct wire *w, void *into, size_t max, size_t *got)
{
	int rc;
	ssize_t n;

	if (w->ssl) {
		forget_errors();
		rc = SSL_read_ex(w->ssl, into, max, got);
		w->reading_writes = rc != 1 && SSL_want_write(w->ssl);
		return rc == 1 ? WIRE_OK : result_of_tls(w, rc);
	}
	n = recv(w->fd, into, max, 0);
	if (n < 0) {
		return result_of_errno();
	}
	*got = (size_t)n;
	return n > 0 ? WIRE_OK : WIRE_EOF;
}

bool
wire_has_more(const struct wire *w)
{
	return w->ssl && SSL_has_pending(w->ssl);
}

enum wire_result
wire_write(struct wire *w, const void *bytes, size_t n, size_t *put)
{
	int rc;
	ssize_t sent;

	if (w->ssl) {
		forget_errors();
		rc = SSL_write_ex(w->ssl, bytes, n, put);
		w->writing_reads = rc != 1 && SSL_want_read(w->ssl);
		return rc == 1 ? WIRE_OK : result_of_tls(w, rc);
	}
	sent = send(w->fd, bytes, n, MSG_NOSIGNAL);
	if (sent < 0) {
		return result_of_errno();
	}
	*put = (size_t)sent;
	return WIRE_OK;
}

void
wire_end(struct wire *w)
{
	if (w->ssl && SSL_is_init_finished(w->ssl)) {
		ERR_clear_error();
		SSL_shutdown(w->ssl);
		ERR_clear_error();
	}
	shutdown(w->fd, SHUT_WR);
}

void
wire_close(struct wire *w)
{
	SSL_free(w->ssl);
	w->ssl = NULL;
	close(w->fd);
	w->fd = -1;
}

bool
wire_heard(const struct wire *w)
{
	return BIO_number_read(SSL_get_rbio(w->ssl)) > 0;
}
