/* control/changes.h - two configurations laid beside each other: what would change for whom. */
#ifndef CONTROL_CHANGES_H
#define CONTROL_CHANGES_H

#include "control/views.h"

/* now: in force; next: what a reload would put in force, with what the files
 * say. directory: of the store, for how many texts are planned. A new
 * reference:
 *
 * {"version","same","stops":[{"site","why"}],
 *  "sites":[{"site","sending","will_send","why","planned","changes":[{"setting","from","to","when"}]}],
 *  "settings":[{"block","title","setting","from","to"}]} */
json_t *changes_view(const struct rules *now, const struct settings *next, const char *directory, struct fault *f);

/* What the files ask for beyond, or beside, what is in force of one site: "changes" as above. */
json_t *changes_waiting(const struct site_rules *in_force, const struct site_rules *file);

/* The terms of a site: {"departments": ["^CARD"], ...}; of texts their languages. */
json_t *changes_terms(const struct site_rules *s);

#endif
