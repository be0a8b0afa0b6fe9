/* arguments.h - what stands on the command line of a benchmark: --name VALUE, --flag. */
// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_ARGUMENTS_H
#define BENCH_ARGUMENTS_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline long long
number_after(int argc, char **argv, const char *name, long long otherwise)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return strtoll(argv[i + 1], NULL, 10);
	return otherwise;
}

static inline const char *
word_after(int argc, char **argv, const char *name, const char *otherwise)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return otherwise;
}

static inline bool
has_flag(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return false;
}

#endif
