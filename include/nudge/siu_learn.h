/* nudge/siu_learn.h - what a sender's messages have in common: the begin of a site block.
 *
 * Counts forms, never keeps what a patient is called or reached by: names of
 * segments, trigger events, words of departments and visit types (those seen in
 * fewer than five messages only as "few"), which fields hold what. Pure.
 */
#ifndef NUDGE_SIU_LEARN_H
#define NUDGE_SIU_LEARN_H

#include "nudge/buf.h"
#include "nudge/hl7.h"

struct siu_learn;

struct siu_learn *siu_learn_new(void);     /* NULL: no memory. Owned by the caller. */
void siu_learn_free(struct siu_learn *l);  /* NULL is fine. */

/* One message, as it came. `index` is scratch memory. false: it has no MSH; counted all the same. */
bool siu_learn_add(struct siu_learn *l, struct hl7 *index, struct span raw);

/* Appends the proposal: comments with shares, and a site block of this title. false: *out is full. */
bool siu_learn_write(const struct siu_learn *l, const char *title, struct buf *out) __attribute__((warn_unused_result));

#endif
