/* table.c - numbers for sessions that stay wrong for ever once the session is gone. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/intake.h"

#include <assert.h>
#include <stdlib.h>

static bool
grow(struct table *table)
{
	size_t cap = table->cap ? 2 * table->cap : 16;
	struct session **at = realloc(table->at, cap * sizeof(void *));
	uint32_t *round;
	size_t *unused;

	if (!at) {
		return false;
	}
	table->at = at;
	round = realloc(table->round, cap * sizeof *round);
	if (!round) {
		return false;
	}
	table->round = round;
	unused = realloc(table->unused, cap * sizeof *unused);
	if (!unused) {
		return false;
	}
	table->unused = unused;
	for (size_t i = cap; i-- > table->cap;) {
		at[i] = NULL;
		round[i] = 0;
		unused[table->unused_n++] = i;
	}
	table->cap = cap;
	return true;
}

bool
table_add(struct table *table, struct session *s, uint64_t *number)
{
	size_t place;

	if (table->unused_n == 0 && !grow(table)) {
		return false;
	}
	place = table->unused[--table->unused_n];
	table->at[place] = s;
	*number = (uint64_t)++table->round[place] << 32 | place;
	return true;
}

struct session *
table_find(const struct table *table, uint64_t number)
{
	size_t place = number & UINT32_MAX;

	if (place >= table->cap || table->round[place] != number >> 32) {
		return NULL;
	}
	return table->at[place];
}

void
table_remove(struct table *table, uint64_t number)
{
	size_t place = number & UINT32_MAX;

	assert(table_find(table, number));
	table->at[place] = NULL;
	table->unused[table->unused_n++] = place;
}
