/* sim_refuse.c - see sim_refuse.h. */
// SPDX-License-Identifier: Apache-2.0
#include "sim_refuse.h"

#include <execinfo.h>
#include <sqlite3.h>
#include <stddef.h>

#define WAYS 16384 /* a power of two, and more than there are */
#define DEEP 64    /* calls */

static struct {
	uint64_t chance, one_in;
	int64_t happened;
	long at, more, counted;
	int code, said;            /* said: what the last one was refused with; 0: it was not */
	bool here;
	int times, below;          /* below: calls at refuse_way() */
	bool found;
	struct { uint64_t way; int refused; } ways[WAYS];
	int ways_n;
} the;

int __real_sqlite3_step(sqlite3_stmt *q);
int __wrap_sqlite3_step(sqlite3_stmt *q);
int __real_sqlite3_extended_errcode(sqlite3 *db);
int __wrap_sqlite3_extended_errcode(sqlite3 *db);

void
refuse_begin(uint64_t seed, uint64_t one_in)
{
	the.chance = seed * 2 + 1;
	the.one_in = one_in;
	the.happened = 0;
}

void
refuse_calm(void)
{
	the.one_in = 0;
}

void
refuse_here(bool yes)
{
	the.here = yes;
}

void
refuse_way(int times, int code)
{
	void *calls[DEEP];

	the.below = backtrace(calls, DEEP);
	the.times = times;
	the.code = code;
	the.found = false;
}

bool
refuse_way_found(void)
{
	return the.found;
}

int64_t
refuse_happened(void)
{
	return the.happened;
}

void
refuse_at(long n, int code, long more)
{
	the.at = n;
	the.code = code;
	the.more = more;
	the.counted = 0;
}

long
refuse_counted(void)
{
	return the.counted;
}

static uint64_t
next(void)
{
	uint64_t z = the.chance += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Whether fewer than `times` that were reached like this one were refused; then this one is. */
static bool
is_new_way(void)
{
	void *calls[DEEP];
	int n = backtrace(calls, DEEP) - the.below;
	uint64_t way = 14695981039346656037u;
	size_t at;

	for (int i = 0; i < n; i++)
		way = (way ^ (uintptr_t)calls[i]) * 1099511628211u;
	for (at = way >> 32 & (WAYS - 1); the.ways[at].refused > 0 && the.ways[at].way != way; at = (at + 1) & (WAYS - 1))
		;
	if (the.ways[at].refused >= the.times || (the.ways[at].refused == 0 && ++the.ways_n >= WAYS))
		return false;
	the.ways[at].way = way;
	the.ways[at].refused++;
	return true;
}

/* What this statement is refused with; 0: it is not. */
static int
refusal(void)
{
	static const int codes[] = { SQLITE_FULL, SQLITE_FULL, SQLITE_NOMEM, SQLITE_IOERR_WRITE, SQLITE_IOERR_READ };

	if (!the.here)
		return 0;
	the.counted++;
	if (the.times > 0 && !the.found && is_new_way()) {
		the.found = true;
		return the.code;
	}
	if (the.at > 0 && the.counted >= the.at && the.counted <= the.at + the.more)
		return the.code;
	if (the.one_in == 0 || next() % the.one_in != 0)
		return 0;
	return codes[next() % (sizeof codes / sizeof codes[0])];
}

int
__wrap_sqlite3_step(sqlite3_stmt *q)
{
	the.said = refusal();
	if (the.said == 0)
		return __real_sqlite3_step(q);
	the.happened++;
	return the.said & 0xff;
}

int
__wrap_sqlite3_extended_errcode(sqlite3 *db)
{
	return the.said ? the.said : __real_sqlite3_extended_errcode(db);
}
