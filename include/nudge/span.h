/* nudge/span.h - borrowed bytes: a pointer and a length, never owned, never
 * terminated. Who owns the bytes, and for how long, is said by whoever hands
 * a span out. All functions are pure and take no locks.
 */
#ifndef NUDGE_SPAN_H
#define NUDGE_SPAN_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *p; /* may be NULL only when n is 0 */
	size_t n;      /* bytes */
};

#define SPAN_NONE ((struct span){ NULL, 0 })
#define SPAN_LIT(s) ((struct span){ "" s, sizeof(s) - 1 })

/* Borrows a terminated string; NULL gives SPAN_NONE. Pure. */
struct span span_of(const char *text);

/* Borrows n bytes at p. Pure. */
static inline struct span
span_from(const void *p, size_t n)
{
	assert(p || n == 0);
	return (struct span){ p, n };
}

/* Same bytes. Pure. */
static inline bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool span_eq_nocase(struct span a, struct span b);    /* ASCII letters fold. Pure. */
bool span_is(struct span a, const char *text);        /* Same as `text`. Pure. */
bool span_is_nocase(struct span a, const char *text); /* ASCII letters fold. Pure. */

/* An ASCII letter as a capital; any other byte as it is. Pure. */
static inline char
span_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Where `needle` begins in `hay`, ASCII letters folded; -1 when nowhere. Pure. */
long span_find_nocase(struct span hay, const char *needle);

/* Without blanks (space, tab) at both ends; borrows from the same owner. Pure. */
static inline struct span
span_trim(struct span a)
{
	if (a.n > 0 && (unsigned char)a.p[0] > ' ' && (unsigned char)a.p[a.n - 1] > ' ')
		return a; /* as nearly all are */
	while (a.n > 0 && (a.p[0] == ' ' || a.p[0] == '\t')) {
		a.p++;
		a.n--;
	}
	while (a.n > 0 && (a.p[a.n - 1] == ' ' || a.p[a.n - 1] == '\t'))
		a.n--;
	return a;
}

/* The part before the first `sep` (all of it when there is none); `*rest` gets
 * what follows, SPAN_NONE at the end. Borrows from the same owner. Pure. */
static inline struct span
span_cut(struct span a, char sep, struct span *rest)
{
	const char *at = a.n ? memchr(a.p, sep, a.n) : NULL;
	size_t n = at ? (size_t)(at - a.p) : a.n;

	*rest = at ? (struct span){ at + 1, a.n - n - 1 } : SPAN_NONE;
	return (struct span){ a.p, n };
}

/* Copies into out[cap] and terminates; a longer span is cut. Returns the bytes
 * copied without the terminator. cap is in bytes and at least 1. */
size_t span_copy(char *out, size_t cap, struct span a);

/* Whole span is a decimal number 0 .. max. `*out` is written on success only. */
bool span_to_u64(struct span a, uint64_t max, uint64_t *out)
    __attribute__((warn_unused_result));

#endif
