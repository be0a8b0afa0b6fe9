/* buf.c - growth by doubling up to the ceiling; a failure is remembered. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_clear(struct buf *b)
{
	if (!b)
		return;
	free(b->p);
	buf_init(b, b->max);
}

void
buf_wipe(struct buf *b)
{
	if (b && b->p)
		explicit_bzero(b->p, b->cap);
	buf_clear(b);
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->spoilt = false;
}

/* Room for n > 0 more bytes; behind `cap` lies one byte for a terminator. Bytes
 * that move are wiped behind: they may be somebody's number. */
static bool
make_room(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : b->max < 64 ? b->max : 64;
	char *grown;

	if (n > b->max - b->n || n > PTRDIFF_MAX - b->n) {
		b->spoilt = true;
		return false;
	}
	assert(b->p || b->n == 0);
	if (b->n + n <= b->cap)
		return true;
	while (cap < b->n + n)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	grown = cap < PTRDIFF_MAX ? malloc(cap + 1) : NULL;
	if (!grown) {
		b->spoilt = b->lacked = true;
		return false;
	}
	if (b->n > 0)
		memcpy(grown, b->p, b->n);
	if (b->p)
		explicit_bzero(b->p, b->cap);
	free(b->p);
	b->p = grown;
	b->cap = cap;
	return true;
}

bool
buf_add(struct buf *b, const void *p, size_t n)
{
	assert(b->n <= b->max);
	if (n == 0)
		return true;
	if (!make_room(b, n))
		return false;
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return true;
}

bool
buf_add_span(struct buf *b, struct span s)
{
	return buf_add(b, s.p, s.n);
}

bool
buf_add_text(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

bool
buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

bool
buf_addf(struct buf *b, const char *format, ...)
{
	size_t room = b->cap - b->n;
	va_list ap, again;
	bool ok;
	int n;

	va_start(ap, format);
	va_copy(again, ap);
	n = vsnprintf(b->p ? b->p + b->n : NULL, b->p ? room + 1 : 0, format, ap);
	va_end(ap);
	ok = n >= 0 && ((size_t)n <= room || make_room(b, (size_t)n));
	if (ok && (size_t)n > room)
		(void)vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
	if (ok)
		b->n += (size_t)n;
	va_end(again);
	b->spoilt = b->spoilt || !ok;
	return ok;
}

void
buf_drop_front(struct buf *b, size_t n)
{
	assert(n <= b->n);
	b->n -= n;
	if (b->n > 0)
		memmove(b->p, b->p + n, b->n);
}

struct span
buf_span(const struct buf *b)
{
	return (struct span){ b->p, b->n };
}

const char *
buf_text(struct buf *b)
{
	if (b->spoilt || b->n == 0)
		return "";
	assert(b->n <= b->cap);
	b->p[b->n] = '\0';
	return b->p;
}
