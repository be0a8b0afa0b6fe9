/* policy/site_words.h - what the words of a site are held to once its settings are known. */
#ifndef POLICY_SITE_WORDS_H
#define POLICY_SITE_WORDS_H

#include "nudge/rules.h"

/* Adds what is wrong with the site's templates under its settings. Errors: a value
 * that may be missing outside of [[ ]], a link outside of link_domains, a text that
 * cannot fit. Warnings: dear characters, over 320 characters, words that tell what
 * a visit is about. */
void site_words_check(const struct site_rules *s, struct conf_faults *faults);

#endif
