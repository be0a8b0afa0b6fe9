/* found.c - by what rows are found whose places would be scattered over many pages: the newest by way of memory, others filed in order. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "store/sqlite/sql.h"

/* A mark is as good as random, and days are many: an index of each would have a
 * message write four or five pages of its own. So what finds the newest
 * appointments is in memory (recent.h) and read from the rows themselves at each
 * start; once enough have gathered, they go to tables in the order of their
 * keys, a portion in each commit, so that one page takes several.
 *
 * Appointments up to `filed` are in the tables, those after `filing` in memory,
 * those between, which are being filed, in one of both. */

#define PORTION_LEAST 4

static sqlite3_stmt *
use(struct store *s, enum found_by by, enum found_statement what, struct fault *f)
{
	return sql_use(s, (enum statement)((int)S_FOUND + (int)by * (int)FOUND_STATEMENTS + (int)what), f);
}

/* Of the table. */
static sqlite3_stmt *
ask(struct store *s, enum found_by by, enum found_statement what, const struct recent_entry *e, struct fault *f)
{
	sqlite3_stmt *q = use(s, by, what, f);

	if (!q)
		return NULL;
	if (by == FOUND_PATIENT || by == FOUND_PHONE)
		sql_lend_blob(q, 1, e->mark, MARK_BYTES);
	else
		(void)sqlite3_bind_int64(q, 1, recent_unit(by, e->at));
	(void)sqlite3_bind_int64(q, 2, e->id);
	if (sqlite3_bind_parameter_count(q) > 2)
		(void)sqlite3_bind_int64(q, 3, e->at);
	return q;
}

static bool
run(struct store *s, enum found_by by, enum found_statement what, const struct recent_entry *e, struct fault *f)
{
	sqlite3_stmt *q = ask(s, by, what, e, f);

	return q && sql_do(s, q, "look-up", f);
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
remembered(bool ok, struct fault *f)
{
	return ok || fault_set(f, FAULT_BUSY, "out of memory");
}

static bool
add(struct store *s, enum found_by by, const struct recent_entry *e, struct fault *f)
{
	return visit_of(by, e->id) > s->found.filing ? remembered(recent_add(s->recent, by, e), f) : run(s, by, FOUND_ADD, e, f);
}

static bool
drop(struct store *s, enum found_by by, const struct recent_entry *e, struct fault *f)
{
	int64_t visit = visit_of(by, e->id);

	return (visit <= s->found.filed || remembered(recent_drop(s->recent, by, e, NULL), f)) && (visit > s->found.filing || run(s, by, FOUND_DROP, e, f));
}

static struct recent_entry
of_mark(int64_t id, struct span mark)
{
	struct recent_entry e = { .id = id };

	memcpy(e.mark, mark.p, MARK_BYTES);
	return e;
}

bool
found_mark(struct store *s, enum found_by by, int64_t id, struct span before, struct span after, struct fault *f)
{
	struct recent_entry e;

	assert((before.n == 0 || before.n == MARK_BYTES) && (after.n == 0 || after.n == MARK_BYTES));
	if (before.n == after.n && (before.n == 0 || memcmp(before.p, after.p, before.n) == 0))
		return true;
	if (before.n > 0 && (e = of_mark(id, before), !drop(s, by, &e, f)))
		return false;
	return after.n == 0 || (e = of_mark(id, after), add(s, by, &e, f));
}

bool
found_time(struct store *s, enum found_by by, int64_t id, int64_t before, int64_t after, struct fault *f)
{
	struct recent_entry was = { .id = id, .at = before }, is = { .id = id, .at = after };

	return before == after || ((before == FOUND_NEVER || drop(s, by, &was, f)) && (after == FOUND_NEVER || add(s, by, &is, f)));
}

/* ---- filed ---- */

/* What is to be filed by the place where it stands, in order. */
static bool
list_place(struct store *s, struct fault *f)
{
	enum found_by by = (enum found_by)s->found.place;
	const struct recent_range range = { .above = INT64_MIN, .most = last_of(by, s->found.filing) };

	if (s->filing_listed)
		return true;
	s->filing_list.n = s->filing_at = 0;
	if (!remembered(recent_gather(s->recent, by, &range, &s->filing_list), f))
		return false;
	recent_sort(by, &s->filing_list);
	s->filing_listed = true;
	return true;
}

/* The next of the list leave memory; what left it meanwhile is passed over. *end: nothing more by this place. */
static bool
file_portion(struct store *s, int64_t most, bool *end, struct fault *f)
{
	enum found_by by = (enum found_by)s->found.place;
	struct recent_list portion = { 0 };
	sqlite3_stmt *q;

	if (!list_place(s, f))
		return false;
	if ((*end = s->filing_list.n == 0))
		return true;
	portion.item = s->filing_list.item + s->filing_at;
	for (; most > 0 && s->filing_at < s->filing_list.n; most--) {
		struct recent_entry e = s->filing_list.item[s->filing_at++];
		bool was;

		if (!remembered(recent_drop(s->recent, by, &e, &was), f))
			return false;
		if (was)
			portion.item[portion.n++] = e;
	}
	*end = s->filing_at == s->filing_list.n;
	if (portion.n == 0)
		return true;
	recent_file(s->recent, &portion);
	return (q = use(s, by, FOUND_FILE, f)) && sql_do(s, q, "look-up", f);
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
		if (waiting < s->recent_most)
			return true;
		x->filing = s->last_put;
		x->place = 0;
		s->filing_listed = false;
		if (!store_setting_put(s, "filing", x->filing, f))
			return false;
	}
	do {
		if (!file_portion(s, waiting < 4 * s->recent_most ? portion : INT64_MAX, &end, f))
			return false;
		if (end) {
			x->place++;
			s->filing_listed = false;
		}
	} while (x->place < FOUND_KINDS && waiting >= 4 * s->recent_most);
	if (x->place < FOUND_KINDS)
		return true;
	x->filed = x->filing;
	return store_setting_put(s, "filed", x->filed, f);
}

/* ---- at a start ---- */

/* What is being filed is in one of both places. */
static bool
remember(struct store *s, enum found_by by, const struct recent_entry *e, struct fault *f)
{
	enum store_found found = STORE_NONE;
	sqlite3_stmt *q;

	if (visit_of(by, e->id) <= s->found.filing) {
		if (!(q = ask(s, by, FOUND_HAS, e, f)) || (found = sql_row(s->db, q, "look-up", f)) == STORE_FAILED)
			return false;
		(void)sqlite3_reset(q);
	}
	return found == STORE_FOUND || remembered(recent_add(s->recent, by, e), f);
}

static bool
remember_visit(struct store *s, sqlite3_stmt *q, struct fault *f)
{
	struct recent_entry e = { .id = sqlite3_column_int64(q, 0) };

	for (int by = FOUND_PATIENT; by <= FOUND_PHONE; by++) {
		struct span mark = sql_blob(q, by == FOUND_PATIENT ? 1 : 2);

		if (mark.n != MARK_BYTES)
			continue;
		memcpy(e.mark, mark.p, MARK_BYTES);
		if (!remember(s, (enum found_by)by, &e, f))
			return false;
	}
	e = (struct recent_entry){ .id = e.id, .at = sqlite3_column_int64(q, 4) };
	return sqlite3_column_int(q, 3) != 0 || remember(s, FOUND_ERASE, &e, f);
}

static bool
remember_text(struct store *s, sqlite3_stmt *q, struct fault *f)
{
	struct recent_entry e = { .id = sqlite3_column_int64(q, 0), .at = sqlite3_column_int64(q, 1) };

	return remember(s, FOUND_DUE, &e, f);
}

static bool
load(struct store *s, enum statement rows, bool (*row)(struct store *s, sqlite3_stmt *q, struct fault *f), struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, rows, f);
	enum store_found found = STORE_FAILED;
	bool ok = true;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, s->found.filed);
	while (ok && (found = sql_row(s->db, q, "look-up", f)) == STORE_FOUND)
		ok = row(s, q, f);
	(void)sqlite3_reset(q);
	return ok && found != STORE_FAILED;
}

bool
found_load(struct store *s, struct fault *f)
{
	if (!store_setting_get(s, "filed", &s->found.filed, f) || !store_setting_get(s, "filing", &s->found.filing, f))
		return false;
	if (s->found.filing < s->found.filed)
		s->found.filing = s->found.filed;
	s->found.put = s->last_put;
	return load(s, S_FOUND_VISITS, remember_visit, f) && load(s, S_FOUND_TEXTS, remember_text, f);
}

void
found_settle(struct store *s, bool committed)
{
	recent_settle(s->recent, committed);
	if (committed) {
		s->found_before = s->found;
	} else {
		s->found = s->found_before;
		s->filing_listed = false;
	}
}
