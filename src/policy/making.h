/* policy/making.h - rules from files, or from terms that are given. */
#ifndef POLICY_MAKING_H
#define POLICY_MAKING_H

#include "nudge/rules.h"

/* given: of each site, parallel to c->sites: its texts and profile come from
 * there and no file is read; NULL: from the files. Else as rules_new(). */
bool rules_make(struct conf *c, const struct site_terms *given, struct rules **out, struct conf_faults *faults)
    __attribute__((warn_unused_result));

#endif
