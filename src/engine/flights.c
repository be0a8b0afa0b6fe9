/* flights.c - a short list, searched from its end: the newest settle first. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>

#include "engine/parts.h"

struct flight *
flights_find(struct flights *f, int64_t text)
{
	for (size_t i = f->n; i-- > 0;)
		if (f->item[i].text == text)
			return &f->item[i];
	return NULL;
}

struct flight *
flights_add(struct flights *f, int64_t text)
{
	assert(!flights_find(f, text));
	if (f->n == FLIGHTS_MAX)
		return NULL;
	f->item[f->n] = (struct flight){ .text = text };
	return &f->item[f->n++];
}

void
flights_remove(struct flights *f, struct flight *x)
{
	if (!x)
		return;
	assert(x >= f->item && x < f->item + f->n);
	if (x->out)
		f->out_n--;
	*x = f->item[--f->n];
}
