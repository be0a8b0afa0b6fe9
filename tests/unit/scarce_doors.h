/* scarce_doors.h - where allocations of a program under test come by: the linker leads malloc, calloc, realloc and strdup here (--wrap),
 * and OpenSSL may be given its own three. Who includes it says before, in none(), whether there is none left; one file a program. */
// SPDX-License-Identifier: Apache-2.0
#ifndef SCARCE_DOORS_H
#define SCARCE_DOORS_H

#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t n) { return none() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t size) { return none() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t n) { return none() ? NULL : __real_realloc(p, n); }

char *
__wrap_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = __wrap_malloc(n);

	return copy ? memcpy(copy, s, n) : NULL;
}

static inline void *
of_openssl(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return n == 0 ? NULL : __wrap_malloc(n);
}

static inline void *
again_of_openssl(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	if (n == 0) {
		free(p);
		return NULL;
	}
	return __wrap_realloc(p, n);
}

static inline void
back_to_openssl(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

#endif
