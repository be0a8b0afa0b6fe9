/* nudgectl/rehearsal.h - the real engine and store in a folder of its own, with a made-up clock and a gateway that
 * takes everything: what would happen, without that it happens. */
#ifndef REHEARSAL_H
#define REHEARSAL_H

#include "nudge/engine.h"

struct rehearsal;

struct words { /* one text that would have gone */
	int64_t text, at_s;
	char *said;   /* owned by the rehearsal; UTF-8 */
};

/* Holds the rules. Every site counts as approved. Owned by the caller; what it
 * made on the disk goes with it. now_s: where its clock begins. */
bool rehearsal_new(struct rules *rules, int64_t now_s, struct rehearsal **out, struct fault *f) __attribute__((warn_unused_result));
void rehearsal_free(struct rehearsal *r); /* NULL is fine. */

int64_t rehearsal_now(const struct rehearsal *r);

/* Takes the message over (from malloc, with its arena and rules); *a is what its sender would be told. */
bool rehearsal_tell(struct rehearsal *r, struct message *m, struct answer *a, struct fault *f) __attribute__((warn_unused_result));

/* Lets time pass until until_s, or until nothing is left to send; what is due goes. */
bool rehearsal_pass(struct rehearsal *r, int64_t until_s, struct fault *f) __attribute__((warn_unused_result));

/* As if this number had opted out from the start. */
bool rehearsal_opt_out(struct rehearsal *r, const char *organization, const char *phone, struct fault *f) __attribute__((warn_unused_result));

/* All that went, in the order in which they did. Borrowed. */
const struct words *rehearsal_all(const struct rehearsal *r, size_t *n);

const char *rehearsal_folder(const struct rehearsal *r);               /* For a store_reader. Borrowed. */
const struct words *rehearsal_words(const struct rehearsal *r, int64_t text); /* NULL: it did not go. Borrowed. */

#endif
