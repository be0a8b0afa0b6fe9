/* nudge/builtin.h - files of the source tree that the programs carry inside:
 * migrations (schemas/sqlite/), profiles (schemas/hl7/), default templates
 * (conf/templates/). The table is generated when building. Read-only.
 */
#ifndef NUDGE_BUILTIN_H
#define NUDGE_BUILTIN_H

#include <stddef.h>

struct builtin {
	const char *path; /* as in the source tree; NULL ends the table */
	const char *text; /* terminated */
	size_t n;         /* bytes without the terminator */
};

extern const struct builtin builtins[]; /* in the order of their paths */

/* The row with this path, NULL when there is none. Pure. */
const struct builtin *builtin_find(const char *path);

#endif
