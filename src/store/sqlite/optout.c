/* optout.c - who wants no texts, and whose number is no good: a mark under a key of its own, by organization. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "store/sqlite/sql.h"

/* By the i-th key, the newest first. */
static bool
mark_of(struct store *s, size_t i, const char *organization, const char *phone, uint8_t out[MARK_BYTES], struct fault *f)
{
	return mark_make(s->keys->optouts[i], organization, span_of(phone), out) ||
	    fault_set(f, FAULT_BROKEN, "store: a mark could not be made");
}

static sqlite3_stmt *
optout_query(struct store *s, enum statement which, size_t i, const char *organization, const char *phone, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, which, f);
	uint8_t mark[MARK_BYTES];

	if (!q || !mark_of(s, i, organization, phone, mark, f))
		return NULL;
	sql_bind_text(q, 1, organization);
	sql_bind_blob(q, 2, mark, sizeof mark);
	return q;
}

/* ---- both, and whoever keeps them elsewhere too ---- */

void
store_on_barred(struct store *s, store_barred_fn *fn, void *ctx)
{
	s->on_barred = fn;
	s->on_barred_ctx = ctx;
}

/* Begins or ends. */
static bool
put_mark(struct store *s, const char *organization, const uint8_t mark[MARK_BYTES], const struct barred *b, struct fault *f)
{
	static const enum statement which[2][2] = { { S_OPTOUT_PUT, S_OPTOUT_DROP }, { S_REFUSED_PUT, S_REFUSED_DROP } };
	sqlite3_stmt *q = sql_use(s, which[b->refused][b->ended], f);

	if (!q)
		return false;
	sql_bind_text(q, 1, organization);
	sql_bind_blob(q, 2, mark, MARK_BYTES);
	if (!b->ended) {
		sql_bind_text(q, 3, b->why);
		(void)sqlite3_bind_int64(q, 4, b->at_s);
	}
	if (!b->ended && b->refused)
		(void)sqlite3_bind_int64(q, 5, b->code);
	return sql_do(s, q, b->refused ? "refused number" : "opt-out", f);
}

bool
store_barred_restore(struct store *s, const char *organization, const uint8_t phone[MARK_BYTES], const struct barred *b, struct fault *f)
{
	return put_mark(s, organization, phone, b, f);
}

/* By the i-th key. Of an end is told when there was something to end. */
static bool
put_by(struct store *s, size_t i, const char *organization, const char *phone, const struct barred *b, struct fault *f)
{
	uint8_t mark[MARK_BYTES];

	if (!mark_of(s, i, organization, phone, mark, f) || !put_mark(s, organization, mark, b, f))
		return false;
	if (s->on_barred && (!b->ended || sqlite3_changes(s->db) > 0))
		s->on_barred(s->on_barred_ctx, organization, mark, b);
	return true;
}

/* Under the keys from the i-th on. */
static bool
drop_from(struct store *s, size_t i, const char *organization, const char *phone, bool refused, struct fault *f)
{
	const struct barred b = { .refused = refused, .ended = true };

	for (; i < s->keys->optouts_n; i++)
		if (!put_by(s, i, organization, phone, &b, f))
			return false;
	return true;
}

/* The newest key marks; a row under an older one has had its time. */
static bool
put(struct store *s, const char *organization, const char *phone, const struct barred *b, struct fault *f)
{
	return drop_from(s, 1, organization, phone, b->refused, f) && put_by(s, 0, organization, phone, b, f);
}

bool
store_barred(struct store *s, store_barred_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_BARRED, f);
	enum store_found found = STORE_FAILED;

	while (q && (found = sql_row(s->db, q, "opt-outs", f)) == STORE_FOUND) {
		char organization[64];
		uint8_t phone[MARK_BYTES] = { 0 };
		struct barred b = { .refused = sqlite3_column_int(q, 0) != 0, .at_s = sqlite3_column_int64(q, 4), .code = sqlite3_column_int64(q, 5) };

		sql_text(q, 1, organization, sizeof organization);
		sql_text(q, 3, b.why, sizeof b.why);
		if (sqlite3_column_bytes(q, 2) == MARK_BYTES) {
			memcpy(phone, sqlite3_column_blob(q, 2), sizeof phone);
			fn(ctx, organization, phone, &b);
		}
	}
	if (q)
		(void)sqlite3_reset(q);
	return found == STORE_NONE;
}

/* ---- who wants no texts ---- */

enum store_found
store_optout_get(struct store *s, const char *organization, const char *phone, struct optout *out, struct fault *f)
{
	enum store_found found = STORE_NONE;

	for (size_t i = 0; i < s->keys->optouts_n && found == STORE_NONE; i++) {
		sqlite3_stmt *q = optout_query(s, S_OPTOUT_GET, i, organization, phone, f);

		found = q ? sql_row(s->db, q, "opt-out", f) : STORE_FAILED;
		if (found == STORE_FOUND) {
			sql_text(q, 0, out->source, sizeof out->source);
			out->at_s = sqlite3_column_int64(q, 1);
		}
		if (found != STORE_FAILED)
			(void)sqlite3_reset(q);
	}
	return found;
}

enum store_found
store_optout_find(struct store *s, const char *organization, const char *phone, struct fault *f)
{
	struct optout ignored;

	return store_optout_get(s, organization, phone, &ignored, f);
}

bool
store_optout_put(struct store *s, const char *organization, const char *phone, const char *source, int64_t at_s, struct fault *f)
{
	struct barred b = { .at_s = at_s };

	span_copy(b.why, sizeof b.why, span_of(source));
	return put(s, organization, phone, &b, f);
}

bool
store_optout_drop(struct store *s, const char *organization, const char *phone, struct fault *f)
{
	return drop_from(s, 0, organization, phone, false, f);
}

/* ---- numbers that are no good ---- */

enum store_found
store_refused_get(struct store *s, const char *organization, const char *phone, struct refused *out, struct fault *f)
{
	enum store_found found = STORE_NONE;

	for (size_t i = 0; i < s->keys->optouts_n && found == STORE_NONE; i++) {
		sqlite3_stmt *q = optout_query(s, S_REFUSED_GET, i, organization, phone, f);

		found = q ? sql_row(s->db, q, "refused number", f) : STORE_FAILED;
		if (found == STORE_FOUND) {
			sql_text(q, 0, out->cause, sizeof out->cause);
			out->code = sqlite3_column_int64(q, 1);
			out->at_s = sqlite3_column_int64(q, 2);
		}
		if (found != STORE_FAILED)
			(void)sqlite3_reset(q);
	}
	return found;
}

bool
store_refused_put(struct store *s, const char *organization, const char *phone, const struct refused *r, struct fault *f)
{
	struct barred b = { .refused = true, .code = r->code, .at_s = r->at_s };

	span_copy(b.why, sizeof b.why, span_of(r->cause));
	return put(s, organization, phone, &b, f);
}

bool
store_refused_drop(struct store *s, const char *organization, const char *phone, struct fault *f)
{
	return drop_from(s, 0, organization, phone, true, f);
}

bool
store_refused_forget(struct store *s, const char *organization, int64_t until_s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_REFUSED_OVER, f);

	if (!q)
		return false;
	sql_bind_text(q, 1, organization);
	(void)sqlite3_bind_int64(q, 2, until_s);
	return sql_do(s, q, "refused numbers", f);
}

bool
store_refused_any(struct store *s, const char *organization, bool *any, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_REFUSED_ANY, f);
	enum store_found found;

	if (!q)
		return false;
	sql_bind_text(q, 1, organization);
	found = sql_row(s->db, q, "refused numbers", f);
	*any = found == STORE_FOUND;
	if (found == STORE_FOUND)
		(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

bool
store_read_refused(struct store_reader *r, store_refused_fn *fn, void *ctx, struct fault *f)
{
	sqlite3 *db = reader_db(r);
	sqlite3_stmt *q = sql_prepare(db, S_VIEW_REFUSED, f);
	enum store_found found = STORE_NONE;
	bool go = true;

	while (q && go && (found = sql_row(db, q, "refused numbers", f)) == STORE_FOUND) {
		char organization[256];
		struct refused one = { .code = sqlite3_column_int64(q, 2), .at_s = sqlite3_column_int64(q, 3) };

		sql_text(q, 0, organization, sizeof organization);
		sql_text(q, 1, one.cause, sizeof one.cause);
		go = fn(ctx, organization, &one);
	}
	(void)sqlite3_finalize(q);
	return q && found != STORE_FAILED;
}

/* ---- ended here, and perhaps not there ---- */

bool
store_lift_put(struct store *s, const char *organization, const char *phone, const char *sender, int64_t at_s, struct fault *f)
{
	sqlite3_stmt *q = optout_query(s, S_LIFT_PUT, 0, organization, phone, f);

	if (!q)
		return false;
	sql_bind_text(q, 3, sender);
	(void)sqlite3_bind_int64(q, 4, at_s);
	return sql_do(s, q, "opt-out", f);
}

enum store_found
store_lift_get(struct store *s, const char *organization, const char *phone, const char *sender, int64_t *at_s, struct fault *f)
{
	enum store_found found = STORE_NONE;

	for (size_t i = 0; i < s->keys->optouts_n && found == STORE_NONE; i++) {
		sqlite3_stmt *q = optout_query(s, S_LIFT_GET, i, organization, phone, f);

		if (!q)
			return STORE_FAILED;
		sql_bind_text(q, 3, sender);
		found = sql_row(s->db, q, "opt-out", f);
		if (found == STORE_FOUND)
			*at_s = sqlite3_column_int64(q, 0);
		if (found != STORE_FAILED)
			(void)sqlite3_reset(q);
	}
	return found;
}

bool
store_lift_drop(struct store *s, const char *organization, const char *phone, const char *sender, struct fault *f)
{
	for (size_t i = 0; i < s->keys->optouts_n; i++) {
		sqlite3_stmt *q = optout_query(s, sender ? S_LIFT_DROP : S_LIFT_DROP_ALL, i, organization, phone, f);

		if (q && sender)
			sql_bind_text(q, 3, sender);
		if (!q || !sql_do(s, q, "opt-out", f))
			return false;
	}
	return true;
}

bool
store_lifts_forget(struct store *s, int64_t before_s, bool *any, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_LIFT_OVER, f);
	enum store_found found;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, before_s);
	if (!sql_do(s, q, "opt-outs", f) || !(q = sql_use(s, S_LIFT_ANY, f)))
		return false;
	found = sql_row(s->db, q, "opt-outs", f);
	*any = found == STORE_FOUND;
	if (found == STORE_FOUND)
		(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

bool
store_reconsent_put(struct store *s, const char *organization, const char *phone, const struct reconsent *r, struct fault *f)
{
	sqlite3_stmt *q = optout_query(s, S_RECONSENT_PUT, 0, organization, phone, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 3, r->at_s);
	sql_bind_text(q, 4, r->admin);
	sql_bind_text(q, 5, r->who);
	sql_bind_text(q, 6, r->said);
	sql_bind_text(q, 7, r->how);
	return sql_do(s, q, "reconsent", f);
}

bool
store_read_optouts(struct store_reader *r, store_optout_fn *fn, void *ctx, struct fault *f)
{
	sqlite3 *db = reader_db(r);
	sqlite3_stmt *q = sql_prepare(db, S_VIEW_OPTOUTS, f);
	enum store_found found = STORE_NONE;
	bool go = true;

	while (q && go && (found = sql_row(db, q, "opt-outs", f)) == STORE_FOUND) {
		char organization[256];
		struct optout o = { .at_s = sqlite3_column_int64(q, 2) };

		sql_text(q, 0, organization, sizeof organization);
		sql_text(q, 1, o.source, sizeof o.source);
		go = fn(ctx, organization, &o);
	}
	(void)sqlite3_finalize(q);
	return q && found != STORE_FAILED;
}
