/* nudge/traces.h - phone numbers in raw bytes: every form in which one may stand in a file, looked for at once.
 *
 * Forms of a number: its national digits as text (so with + and country code
 * too), in UTF-16 of both byte orders, in hexadecimal, in Base64 at each of the
 * three places of a group; for +1 also with dashes, dots, blanks and brackets;
 * all digits packed two a byte (BCD) from the first or the second digit on, in
 * either order of the halves; as a binary number of either byte order. None is
 * shorter than 5 bytes: in a gigabyte of sealed bytes, which are as good as
 * random, chance makes a place for one number of 250. Whatever is encrypted or
 * compressed is not looked into. Pure; one thread.
 */
#ifndef NUDGE_TRACES_H
#define NUDGE_TRACES_H

#include "nudge/buf.h"

struct traces;

struct traces *traces_new(void);   /* NULL when out of memory. Owned by the caller. */
void traces_free(struct traces *t); /* Wipes. NULL is fine. */

/* `number`: how the caller calls it in what is found. Any number of them, before
 * the first look. false: no E.164 number of at least 8 digits, or no memory. */
bool traces_add(struct traces *t, const char *e164, size_t number) __attribute__((warn_unused_result));

/* Pieces that overlap by this much miss nothing. */
#define TRACES_OVERLAP 64

typedef void traces_fn(void *ctx, size_t number, const char *form, size_t at); /* form: literal */
/* How many places chance makes of the numbers so far in `bytes` random bytes. */
double traces_chance(const struct traces *t, int64_t bytes);
/* Every place in `bytes`; gives how many. */
size_t traces_look(struct traces *t, struct span bytes, traces_fn *fn, void *ctx);

#endif
