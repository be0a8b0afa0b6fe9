/* nudge/buf.h - bytes that grow, with the ceiling given at birth.
 *
 * Invariant: n <= cap <= max. An append that would pass `max`, or finds no
 * memory, changes nothing, returns false, and marks the buffer `spoilt`, so a
 * writer may append many pieces and look once at the end.
 * Threads: one owner at a time, no locks inside.
 */
#ifndef NUDGE_BUF_H
#define NUDGE_BUF_H

#include "nudge/span.h"

struct buf {
	char *p;     /* owned; not terminated, see buf_text() */
	size_t n;    /* bytes used */
	size_t cap;  /* bytes allocated */
	size_t max;  /* ceiling in bytes */
	bool spoilt; /* an append failed; what is inside is incomplete */
	bool lacked; /* one failed for want of memory, since buf_init() or buf_clear() */
};

/* max: ceiling in bytes. Allocates nothing yet. */
void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b); /* Frees the bytes; may be used again, same ceiling. NULL is fine. */
void buf_wipe(struct buf *b);  /* buf_clear() that overwrites the bytes first, for secrets. */
void buf_reset(struct buf *b); /* Keeps the memory, forgets the content and `spoilt`. */

/* Appends; false as said on top. `format` never gets bytes from outside as its
 * format string. */
bool buf_add(struct buf *b, const void *p, size_t n);
bool buf_add_span(struct buf *b, struct span s); /* As buf_add(), borrowed bytes. */
bool buf_add_text(struct buf *b, const char *text); /* As buf_add(), terminated text. */
bool buf_add_char(struct buf *b, char c); /* As buf_add(), one byte. */
bool buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

void buf_drop_front(struct buf *b, size_t n); /* Forgets the first n bytes; n <= b->n. */
struct span buf_span(const struct buf *b);    /* Borrowed until the next change. */

/* Terminated text, borrowed until the next change; "" when empty or spoilt. */
const char *buf_text(struct buf *b);

#endif
