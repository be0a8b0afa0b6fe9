/* optout.c - who wants no texts: a mark under a key of its own, by organization. */
// SPDX-License-Identifier: Apache-2.0
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

/* Whoever keeps it elsewhere too is told, within the transaction. */
static bool
tell(struct store *s, size_t i, const char *organization, const char *phone, const struct optout *o, struct fault *f)
{
	uint8_t mark[MARK_BYTES];

	if (!s->on_optout)
		return true;
	if (!mark_of(s, i, organization, phone, mark, f))
		return false;
	s->on_optout(s->on_optout_ctx, organization, mark, o);
	return true;
}

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

/* Under the keys from the i-th on. */
static bool
drop_from(struct store *s, size_t i, const char *organization, const char *phone, struct fault *f)
{
	for (; i < s->keys->optouts_n; i++) {
		sqlite3_stmt *q = optout_query(s, S_OPTOUT_DROP, i, organization, phone, f);

		if (!q || !sql_do(s, q, "opt-out", f) || (sqlite3_changes(s->db) > 0 && !tell(s, i, organization, phone, NULL, f)))
			return false;
	}
	return true;
}

/* The newest key marks; a row under an older one has had its time. */
bool
store_optout_put(struct store *s, const char *organization, const char *phone, const char *source, int64_t at_s, struct fault *f)
{
	struct optout o = { .at_s = at_s };
	sqlite3_stmt *q;

	if (!drop_from(s, 1, organization, phone, f) || !(q = optout_query(s, S_OPTOUT_PUT, 0, organization, phone, f)))
		return false;
	span_copy(o.source, sizeof o.source, span_of(source));
	sql_bind_text(q, 3, source);
	(void)sqlite3_bind_int64(q, 4, at_s);
	return sql_do(s, q, "opt-out", f) && tell(s, 0, organization, phone, &o, f);
}

bool
store_optout_drop(struct store *s, const char *organization, const char *phone, struct fault *f)
{
	return drop_from(s, 0, organization, phone, f);
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

static bool
drop_refused_from(struct store *s, size_t i, const char *organization, const char *phone, struct fault *f)
{
	for (; i < s->keys->optouts_n; i++) {
		sqlite3_stmt *q = optout_query(s, S_REFUSED_DROP, i, organization, phone, f);

		if (!q || !sql_do(s, q, "refused number", f))
			return false;
	}
	return true;
}

bool
store_refused_put(struct store *s, const char *organization, const char *phone, const struct refused *r, struct fault *f)
{
	sqlite3_stmt *q;

	if (!drop_refused_from(s, 1, organization, phone, f) || !(q = optout_query(s, S_REFUSED_PUT, 0, organization, phone, f)))
		return false;
	sql_bind_text(q, 3, r->cause);
	(void)sqlite3_bind_int64(q, 4, r->code);
	(void)sqlite3_bind_int64(q, 5, r->at_s);
	return sql_do(s, q, "refused number", f);
}

bool
store_refused_drop(struct store *s, const char *organization, const char *phone, struct fault *f)
{
	return drop_refused_from(s, 0, organization, phone, f);
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
