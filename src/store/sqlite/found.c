/* found.c - by what rows are found whose places would be scattered over many pages: the newest by way of memory, others filed in order. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "store/sqlite/sql.h"

/* A mark is as good as random, and days are many: an index of each would have a
 * message write four or five pages of its own. So what finds the newest
 * appointments is in temporary tables, which share the transaction and are
 * filled again at each start from the rows themselves; once enough have
 * gathered, they go to tables in the order of their keys, a portion in each
 * commit, so that one page takes several.
 *
 * Appointments up to `filed` are in the tables, those after `filing` in memory,
 * those between, which are being filed, in one of both. */

#define PORTION_LEAST 4

static const int64_t unit_s[FOUND_KINDS] = { [FOUND_ERASE] = 86400, [FOUND_DUE] = STORE_DUE_SPAN_S };

static sqlite3_stmt *
use(struct store *s, enum found_by by, enum found_statement what, struct fault *f)
{
	return sql_use(s, (enum statement)((int)S_FOUND + (int)by * (int)FOUND_STATEMENTS + (int)what), f);
}

static bool
run(struct store *s, enum found_by by, enum found_statement what, struct span mark, int64_t at, int64_t id, struct fault *f)
{
	sqlite3_stmt *q = use(s, by, what, f);

	if (!q)
		return false;
	if (unit_s[by])
		(void)sqlite3_bind_int64(q, 1, at / unit_s[by]);
	else
		sql_lend_blob(q, 1, mark.p, mark.n);
	(void)sqlite3_bind_int64(q, 2, id);
	if (sqlite3_bind_parameter_count(q) > 2)
		(void)sqlite3_bind_int64(q, 3, at);
	return sql_do(s, q, "look-up", f);
}

static int64_t
visit_of(enum found_by by, int64_t id)
{
	return by == FOUND_DUE ? id / STORE_TEXTS_OF_ONE : id;
}

static int64_t
last_of(enum found_by by, int64_t visit)
{
	return by == FOUND_DUE ? visit * STORE_TEXTS_OF_ONE + STORE_TEXTS_OF_ONE - 1 : visit;
}

static bool
add(struct store *s, enum found_by by, struct span mark, int64_t at, int64_t id, struct fault *f)
{
	return run(s, by, visit_of(by, id) > s->found.filing ? FOUND_ADD_RECENT : FOUND_ADD, mark, at, id, f);
}

static bool
drop(struct store *s, enum found_by by, struct span mark, int64_t at, int64_t id, struct fault *f)
{
	int64_t visit = visit_of(by, id);

	return (visit <= s->found.filed || run(s, by, FOUND_DROP_RECENT, mark, at, id, f)) &&
	    (visit > s->found.filing || run(s, by, FOUND_DROP, mark, at, id, f));
}

bool
found_mark(struct store *s, enum found_by by, int64_t id, struct span before, struct span after, struct fault *f)
{
	if (before.n == after.n && (before.n == 0 || memcmp(before.p, after.p, before.n) == 0))
		return true;
	return (before.n == 0 || drop(s, by, before, 0, id, f)) && (after.n == 0 || add(s, by, after, 0, id, f));
}

bool
found_time(struct store *s, enum found_by by, int64_t id, int64_t before, int64_t after, struct fault *f)
{
	if (before == after)
		return true;
	return (before == FOUND_NEVER || drop(s, by, SPAN_NONE, before, id, f)) && (after == FOUND_NEVER || add(s, by, SPAN_NONE, after, id, f));
}

/* ---- filed ---- */

/* From where it stands on, or up to where it will stand: 0 before all keys, 1 at one, 2 behind all. */
static void
bind_place(sqlite3_stmt *q, int at, enum found_by by, const struct filing *x, int where)
{
	static const uint8_t behind_all[MARK_BYTES + 1] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff };

	if (where == 0)
		(void)sqlite3_bind_double(q, at, -1e300); /* numbers come before blobs */
	else if (where == 2)
		sql_lend_blob(q, at, behind_all, sizeof behind_all);
	else if (unit_s[by])
		(void)sqlite3_bind_int64(q, at, x->number);
	else
		sql_lend_blob(q, at, x->mark, MARK_BYTES);
	(void)sqlite3_bind_int64(q, at + 1, where == 1 ? x->id : 0);
}

/* Where the portion ends; *end: with all that is to be filed. */
static bool
look_ahead(struct store *s, enum found_by by, int64_t most, struct filing *to, bool *end, struct fault *f)
{
	sqlite3_stmt *q = use(s, by, FOUND_PORTION, f);
	enum store_found found;
	struct span mark;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, last_of(by, s->found.filing));
	bind_place(q, 2, by, &s->found, s->found.within);
	(void)sqlite3_bind_int64(q, 4, most - 1);
	if ((found = sql_row(s->db, q, "look-up", f)) == STORE_FAILED)
		return false;
	*end = found == STORE_NONE;
	if (!*end) {
		mark = sql_blob(q, 0);
		if (unit_s[by])
			to->number = sqlite3_column_int64(q, 0);
		else if (mark.n == MARK_BYTES)
			memcpy(to->mark, mark.p, MARK_BYTES);
		to->id = sqlite3_column_int64(q, 1);
	}
	(void)sqlite3_reset(q);
	return true;
}

static bool
file_portion(struct store *s, enum found_by by, int64_t most, bool *end, struct fault *f)
{
	static const enum found_statement steps[] = { FOUND_FILE, FOUND_FILED };
	struct filing to = s->found;

	if (!look_ahead(s, by, most, &to, end, f))
		return false;
	for (int i = 0; i < 2; i++) {
		sqlite3_stmt *q = use(s, by, steps[i], f);

		if (!q)
			return false;
		(void)sqlite3_bind_int64(q, 1, last_of(by, s->found.filing));
		bind_place(q, 2, by, &s->found, s->found.within);
		bind_place(q, 4, by, &to, *end ? 2 : 1);
		if (!sql_do(s, q, "look-up", f))
			return false;
	}
	s->found = to;
	s->found.within = !*end;
	return true;
}

/* Each new visit pays for more than it brings (three ways to it, and its texts), so that no commit takes long and the
 * newest never get many; all at once where a commit has thousands of them. */
bool
found_file(struct store *s, struct fault *f)
{
	struct filing *x = &s->found;
	int64_t waiting = s->last_put - x->filed, portion = 10 * (s->last_put - x->put) + PORTION_LEAST;
	bool end;

	x->put = s->last_put;
	if (x->filing == x->filed) {
		if (waiting < s->recent)
			return true;
		x->filing = s->last_put;
		x->place = 0;
		x->within = false;
		if (!store_setting_put(s, "filing", x->filing, f))
			return false;
	}
	do {
		if (!file_portion(s, (enum found_by)x->place, waiting < 4 * s->recent ? portion : INT32_MAX, &end, f))
			return false;
		x->place += end;
	} while (x->place < FOUND_KINDS && waiting >= 4 * s->recent);
	if (x->place < FOUND_KINDS)
		return true;
	x->filed = x->filing;
	return store_setting_put(s, "filed", x->filed, f);
}

/* ---- at a start ---- */

bool
found_load(struct store *s, struct fault *f)
{
	if (!store_setting_get(s, "filed", &s->found.filed, f) || !store_setting_get(s, "filing", &s->found.filing, f))
		return false;
	if (s->found.filing < s->found.filed)
		s->found.filing = s->found.filed;
	s->found.put = s->last_put;
	for (int by = 0; by < FOUND_KINDS; by++) {
		sqlite3_stmt *q = use(s, (enum found_by)by, FOUND_LOAD, f);

		if (!q)
			return false;
		(void)sqlite3_bind_int64(q, 1, s->found.filed);
		(void)sqlite3_bind_int64(q, 2, last_of((enum found_by)by, s->found.filing));
		if (!sql_do(s, q, "look-up", f))
			return false;
	}
	return true;
}

void
found_settle(struct store *s, bool committed)
{
	if (committed)
		s->found_before = s->found;
	else
		s->found = s->found_before;
}
