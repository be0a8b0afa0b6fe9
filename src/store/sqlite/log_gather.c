/* log_gather.c - see log_gather.h. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/log_gather.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROOM (31 * (24 + 4096)) /* the default VFS writes less than 128 KiB in one call, and counts by that mask */

struct log_gather {
	sqlite3_int64 at; /* where the first byte belongs */
	size_t n;
	uint8_t bytes[ROOM];
};

struct log_gather *
log_gather_new(void)
{
	struct log_gather *g = malloc(sizeof *g);

	if (g)
		g->n = 0;
	return g;
}

void
log_gather_free(struct log_gather *g)
{
	free(g);
}

int
log_gather_flush(struct log_gather *g, sqlite3_file *real)
{
	size_t n = g->n;

	g->n = 0;
	return n == 0 ? SQLITE_OK : real->pMethods->xWrite(real, g->bytes, (int)n, g->at);
}

int
log_gather_write(struct log_gather *g, sqlite3_file *real, const void *from, int n, sqlite3_int64 at)
{
	int rc = SQLITE_OK;

	if (n < 0 || (size_t)n > ROOM - g->n || at != g->at + (sqlite3_int64)g->n)
		rc = log_gather_flush(g, real);
	if (rc != SQLITE_OK)
		return rc;
	if (n < 0 || n > ROOM)
		return real->pMethods->xWrite(real, from, n, at);
	if (g->n == 0)
		g->at = at;
	memcpy(g->bytes + g->n, from, (size_t)n);
	g->n += (size_t)n;
	return SQLITE_OK;
}
