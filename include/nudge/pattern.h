/* nudge/pattern.h - a matching rule of the configuration (PCRE2), bounded.
 *
 * Patterns match anywhere unless anchored, case-blind, as UTF-8. A match stops
 * at fixed step and depth limits: what passes them does not match. JIT is used
 * where the system allows it. Threads: a compiled pattern is read-only; any.
 */
#ifndef NUDGE_PATTERN_H
#define NUDGE_PATTERN_H

#include "nudge/fault.h"
#include "nudge/span.h"

struct pattern;

/* false says what is wrong and at which character. Owned by the caller. */
bool pattern_new(const char *text, struct pattern **out, struct fault *f) __attribute__((warn_unused_result));
void pattern_free(struct pattern *p);                           /* NULL is fine. */
bool pattern_matches(const struct pattern *p, struct span text); /* Pure. */
const char *pattern_text(const struct pattern *p);              /* As configured. Borrowed. */

/* A list of patterns; an empty list matches nothing. */
struct pattern_list {
	struct pattern **item; /* owned */
	size_t n;
};
bool pattern_list_matches(const struct pattern_list *l, struct span text); /* Pure. */

#endif
