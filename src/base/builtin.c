/* builtin.c - looks a carried file up by its path. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/builtin.h"

#include <string.h>

const struct builtin *
builtin_find(const char *path)
{
	for (const struct builtin *b = builtins; b->path; b++)
		if (strcmp(b->path, path) == 0)
			return b;
	return NULL;
}
