/* acs/staple.h - what a server says by itself about whether its certificate was taken back (OCSP stapling).
 *
 * It is asked for on every connection. An answer that is there must be good: signed for the issuer, about this
 * certificate, of now, and "good". None is no fault, unless the certificate says that there is always one (RFC 7633).
 */
#ifndef ACS_STAPLE_H
#define ACS_STAPLE_H

#include <stdbool.h>

/* Of the last handshake that ended because of that, or of the chain; zero: none did. */
struct staple {
	const char *why; /* literal */
};

/* ssl_ctx: an SSL_CTX before its handshake, whose peer is verified; *out lives as long as it. */
bool staple_ask(void *ssl_ctx, struct staple *out);

#endif
