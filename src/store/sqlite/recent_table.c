/* recent_table.c - what is in memory as tables that statements can name beside those on disk. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "store/sqlite/recent.h"

/* https://www.sqlite.org/vtab.html: these are there by their names alone, and nothing writes to them by SQL. */

enum { ASK_KEY = 1, ASK_ABOVE = 2, ASK_SORTED = 4, ASK_DOWN = 8 };

struct table {
	sqlite3_vtab base; /* first */
	const struct recent *recent;
	enum found_by by;
	bool filing; /* else all of the kind */
};

struct cursor {
	sqlite3_vtab_cursor base; /* first */
	struct recent_list own;
	const struct recent_entry *item; /* n of them: its own or those that are being filed */
	size_t n, at;
	bool down;
};

static const struct { const char *recent, *filing, *columns; } known[FOUND_KINDS] = {
	[FOUND_PATIENT] = { "recent_patient", "filing_patient", "CREATE TABLE t (mark BLOB, appointment INTEGER)" },
	[FOUND_PHONE] = { "recent_phone", "filing_phone", "CREATE TABLE t (mark BLOB, appointment INTEGER)" },
	[FOUND_ERASE] = { "recent_erase", "filing_erase", "CREATE TABLE t (day INTEGER, appointment INTEGER, at INTEGER)" },
	[FOUND_DUE] = { "recent_due", "filing_due", "CREATE TABLE t (span INTEGER, text INTEGER, due INTEGER)" },
};

/* argv[0] is the name of one of them. */
static int
connect_table(sqlite3 *db, void *ctx, int argc, const char *const *argv, sqlite3_vtab **out, char **error)
{
	struct table *t;
	int rc, by = 0;

	(void)argc;
	(void)error;
	while (strcmp(known[by].recent, argv[0]) != 0 && strcmp(known[by].filing, argv[0]) != 0)
		by++;
	if ((rc = sqlite3_declare_vtab(db, known[by].columns)) != SQLITE_OK)
		return rc;
	if (!(t = sqlite3_malloc(sizeof *t)))
		return SQLITE_NOMEM;
	*t = (struct table){ .recent = ctx, .by = (enum found_by)by, .filing = strcmp(known[by].filing, argv[0]) == 0 };
	*out = &t->base;
	return SQLITE_OK;
}

static int
disconnect(sqlite3_vtab *t)
{
	sqlite3_free(t);
	return SQLITE_OK;
}

/* The order that entries are sorted in serves (key), (key, id), and (id) of one key; up or down. */
static int
order_of(const sqlite3_index_info *x, bool one_key)
{
	int column = one_key && x->nOrderBy > 0 && x->aOrderBy[0].iColumn == 1 ? 1 : 0;

	if (x->nOrderBy == 0)
		return 0;
	for (int i = 0; i < x->nOrderBy; i++)
		if (x->aOrderBy[i].iColumn != column + i || column + i > 1 || x->aOrderBy[i].desc != x->aOrderBy[0].desc)
			return 0;
	return x->aOrderBy[0].desc ? ASK_SORTED | ASK_DOWN : ASK_SORTED;
}

static int
best_index(sqlite3_vtab *t, sqlite3_index_info *x)
{
	static const struct { int column, op, ask; } served[] = { { 0, SQLITE_INDEX_CONSTRAINT_EQ, ASK_KEY },
		{ 1, SQLITE_INDEX_CONSTRAINT_GT, ASK_ABOVE } };
	int args = 0;

	x->estimatedCost = x->estimatedRows = 10000;
	if (((struct table *)t)->filing)
		return SQLITE_OK;
	for (size_t k = 0; k < sizeof served / sizeof served[0]; k++) {
		for (int i = 0; i < x->nConstraint; i++) {
			if (!x->aConstraint[i].usable || x->aConstraint[i].iColumn != served[k].column || x->aConstraint[i].op != served[k].op ||
			    (x->idxNum & served[k].ask))
				continue;
			x->idxNum |= served[k].ask;
			x->aConstraintUsage[i].argvIndex = ++args;
		}
	}
	x->idxNum |= order_of(x, (x->idxNum & ASK_KEY) != 0);
	x->orderByConsumed = (x->idxNum & ASK_SORTED) != 0;
	if (x->idxNum & ASK_KEY)
		x->estimatedCost = x->estimatedRows = 10;
	return SQLITE_OK;
}

static int
open_cursor(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	struct cursor *c = sqlite3_malloc(sizeof *c);

	(void)t;
	if (!c)
		return SQLITE_NOMEM;
	*c = (struct cursor){ .at = 0 };
	*out = &c->base;
	return SQLITE_OK;
}

static int
close_cursor(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	recent_list_free(&c->own);
	sqlite3_free(c);
	return SQLITE_OK;
}

/* A copy: what is done with a row may change what is found. */
static int
filter(sqlite3_vtab_cursor *base, int ask, const char *name, int argc, sqlite3_value **argv)
{
	struct cursor *c = (struct cursor *)base;
	const struct table *t = (const struct table *)base->pVtab;
	struct recent_range range = { .above = INT64_MIN, .most = INT64_MAX };
	int64_t unit;
	int i = 0;

	(void)name;
	(void)argc;
	c->own.n = c->n = c->at = 0;
	c->down = (ask & ASK_DOWN) != 0;
	if (t->filing) {
		c->item = recent_filing(t->recent)->item;
		c->n = recent_filing(t->recent)->n;
		return SQLITE_OK;
	}
	if (ask & ASK_KEY) {
		if (t->by == FOUND_PATIENT || t->by == FOUND_PHONE) {
			if (sqlite3_value_bytes(argv[i]) != MARK_BYTES)
				return SQLITE_OK;
			range.mark = sqlite3_value_blob(argv[i]);
		} else {
			unit = sqlite3_value_int64(argv[i]);
			range.unit = &unit;
		}
		i++;
	}
	if (ask & ASK_ABOVE)
		range.above = sqlite3_value_int64(argv[i]);
	if (!recent_gather(t->recent, t->by, &range, &c->own))
		return SQLITE_NOMEM;
	if (ask & ASK_SORTED)
		recent_sort(t->by, &c->own);
	c->item = c->own.item;
	c->n = c->own.n;
	return SQLITE_OK;
}

static int
next_row(sqlite3_vtab_cursor *base)
{
	((struct cursor *)base)->at++;
	return SQLITE_OK;
}

static int
at_end(sqlite3_vtab_cursor *base)
{
	const struct cursor *c = (const struct cursor *)base;

	return c->at >= c->n;
}

static int
column(sqlite3_vtab_cursor *base, sqlite3_context *result, int n)
{
	const struct cursor *c = (const struct cursor *)base;
	const struct table *t = (const struct table *)base->pVtab;
	const struct recent_entry *e = &c->item[c->down ? c->n - 1 - c->at : c->at];

	if (n == 1)
		sqlite3_result_int64(result, e->id);
	else if (n == 2)
		sqlite3_result_int64(result, e->at);
	else if (t->by == FOUND_PATIENT || t->by == FOUND_PHONE)
		sqlite3_result_blob(result, e->mark, MARK_BYTES, SQLITE_TRANSIENT);
	else
		sqlite3_result_int64(result, recent_unit(t->by, e->at));
	return SQLITE_OK;
}

static int
row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
	*id = (sqlite3_int64)((struct cursor *)base)->at;
	return SQLITE_OK;
}

int
recent_tables(sqlite3 *db, struct recent *r)
{
	static const sqlite3_module module = { .xConnect = connect_table, .xBestIndex = best_index, .xDisconnect = disconnect, .xOpen = open_cursor,
		.xClose = close_cursor, .xFilter = filter, .xNext = next_row, .xEof = at_end, .xColumn = column, .xRowid = row_id };
	int rc;

	for (int by = 0; by < FOUND_KINDS; by++)
		if ((rc = sqlite3_create_module(db, known[by].recent, &module, r)) != SQLITE_OK ||
		    (rc = sqlite3_create_module(db, known[by].filing, &module, r)) != SQLITE_OK)
			return rc;
	return SQLITE_OK;
}
