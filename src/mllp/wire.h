/* mllp/wire.h - a socket with or without TLS, read and written without waiting.
 *
 * Whoever gets WIRE_AGAIN waits until the socket is readable or writable as
 * wire_reads() and wire_writes() say: TLS may have to write in order to read.
 */
#ifndef MLLP_WIRE_H
#define MLLP_WIRE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct wire {
	int fd;   /* owned */
	SSL *ssl; /* owned; NULL without TLS */
	bool reading_writes, writing_reads;
};

enum wire_result { WIRE_OK, WIRE_AGAIN, WIRE_EOF, WIRE_BROKEN };

enum wire_result wire_handshake(struct wire *w);
enum wire_result wire_read(struct wire *w, void *into, size_t max, size_t *got); /* WIRE_OK: 1 .. max bytes */
bool wire_has_more(const struct wire *w); /* Bytes came that the socket will not be readable for again: read until WIRE_AGAIN. */

/* One write. WIRE_OK: *put bytes went, perhaps not all; the rest must be given
 * again, with TLS exactly as it was. */
enum wire_result wire_write(struct wire *w, const void *bytes, size_t n, size_t *put);

void wire_end(struct wire *w);   /* Says that nothing more will be written. */
void wire_close(struct wire *w); /* Frees; twice is fine. */

bool wire_heard(const struct wire *w); /* A byte came in: of a TLS handshake that failed. */

#endif
