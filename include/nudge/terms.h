/* nudge/terms.h - what an approval covers of a site, setting by setting.
 *
 * The terms of a site are its covered settings in words, as people write them:
 * whose messages, from which number, in which texts, when. They can be spelled
 * out and read back, so the terms that were approved outlive the file; and two
 * of them can be put together into what is in force while the file says
 * something else than what was approved:
 *
 *   the change only stops or narrows texts  ->  at once
 *   any other                               ->  waits; what was approved stays
 *
 * Of a list, each entry is a change of its own. Pure functions, no I/O.
 */
#ifndef NUDGE_TERMS_H
#define NUDGE_TERMS_H

#include "nudge/buf.h"
#include "nudge/conf.h"

#define TERMS_MAX 64

/* By number of the term, 0 to terms_n(); a term that is not set is empty. */
struct site_terms {
	struct text_list item[TERMS_MAX];
};

enum term_fate {
	TERM_SAME,
	TERM_AT_ONCE, /* as the file says */
	TERM_WAITS,   /* as it was approved */
	TERM_PARTLY   /* what narrows is in force, the rest waits */
};

/* What an approver once approved, as it is kept. */
struct approval {
	char site[64], who[64];
	int64_t at_s;
	uint8_t hash[DIGEST_BYTES];
	char *spelled;        /* owned */
	size_t spelled_n;
};

size_t terms_n(void);                                /* How many there are. */
const char *terms_name(size_t term);                 /* "departments". Literal. */
size_t terms_find(const char *name);                 /* terms_n() when there is none. */
const char *terms_fate_text(enum term_fate fate);    /* "waits for approval". Literal. */
bool terms_is_long(size_t term);                     /* Its values are whole files. */

/* texts: of each language, parallel to site->languages; profile_file: "" when
 * the profile is built in. false: no memory. *out is the caller's either way. */
bool terms_of(const struct conf_site *s, const char *const *texts, const char *profile_file, struct site_terms *out)
    __attribute__((warn_unused_result));
void terms_clear(struct site_terms *t); /* Leaves all empty. */
bool terms_copy(const struct site_terms *from, struct site_terms *to) __attribute__((warn_unused_result));
bool terms_same(const struct site_terms *a, const struct site_terms *b);
bool terms_same_item(size_t term, const struct site_terms *a, const struct site_terms *b);

/* One setting after the other, each with its length: no value can pass for a
 * line of another. Same terms, same bytes. */
bool terms_spell(const struct site_terms *t, struct buf *out) __attribute__((warn_unused_result));
/* Back again. What is not known any more is passed over. false: not spelled by terms_spell(). */
bool terms_read(struct span spelled, struct site_terms *out, struct fault *f) __attribute__((warn_unused_result));
bool terms_hash(const struct site_terms *t, uint8_t out[DIGEST_BYTES]) __attribute__((warn_unused_result));

/* What is in force: *out, and of each term why. A term that neither of the two
 * has is empty. false: no memory. */
bool terms_in_force(const struct site_terms *approved, const struct site_terms *file, struct site_terms *out,
    enum term_fate fate[TERMS_MAX]) __attribute__((warn_unused_result));

/* Puts them into a site that was copied, conf_derive(); environment, number,
 * texts and profile_file are the caller's to find. false: *f says which. */
bool terms_apply(const struct site_terms *t, struct conf_site *s, struct fault *f) __attribute__((warn_unused_result));

/* The first value of a term by its name; "" when it has none. Borrowed. */
const char *terms_value(const struct site_terms *t, const char *name);

#endif
