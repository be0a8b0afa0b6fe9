/* optout.c - who wants no texts: a mark under a key of its own, by organization. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sql.h"

static bool
mark_of(struct store *s, const char *organization, const char *phone, uint8_t out[MARK_BYTES], struct fault *f)
{
	return mark_make(s->optouts, organization, span_of(phone), out) ||
	    fault_set(f, FAULT_BROKEN, "store: a mark could not be made");
}

static sqlite3_stmt *
optout_query(struct store *s, enum statement which, const char *organization, const char *phone, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, which, f);
	uint8_t mark[MARK_BYTES];

	if (!q || !mark_of(s, organization, phone, mark, f))
		return NULL;
	sql_bind_text(q, 1, organization);
	sql_bind_blob(q, 2, mark, sizeof mark);
	return q;
}

/* Whoever keeps it elsewhere too is told, within the transaction. */
static bool
tell(struct store *s, const char *organization, const char *phone, const struct optout *o, struct fault *f)
{
	uint8_t mark[MARK_BYTES];

	if (!s->on_optout)
		return true;
	if (!mark_of(s, organization, phone, mark, f))
		return false;
	s->on_optout(s->on_optout_ctx, organization, mark, o);
	return true;
}

enum store_found
store_optout_get(struct store *s, const char *organization, const char *phone, struct optout *out, struct fault *f)
{
	sqlite3_stmt *q = optout_query(s, S_OPTOUT_GET, organization, phone, f);
	enum store_found found = q ? sql_row(s->db, q, "opt-out", f) : STORE_FAILED;

	if (found == STORE_FOUND) {
		sql_text(q, 0, out->source, sizeof out->source);
		out->at_s = sqlite3_column_int64(q, 1);
	}
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
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
	sqlite3_stmt *q = optout_query(s, S_OPTOUT_PUT, organization, phone, f);
	struct optout o = { .at_s = at_s };

	if (!q)
		return false;
	span_copy(o.source, sizeof o.source, span_of(source));
	sql_bind_text(q, 3, source);
	(void)sqlite3_bind_int64(q, 4, at_s);
	return sql_do(s, q, "opt-out", f) && tell(s, organization, phone, &o, f);
}

bool
store_optout_drop(struct store *s, const char *organization, const char *phone, struct fault *f)
{
	sqlite3_stmt *q = optout_query(s, S_OPTOUT_DROP, organization, phone, f);

	return q && sql_do(s, q, "opt-out", f) && (sqlite3_changes(s->db) == 0 || tell(s, organization, phone, NULL, f));
}

/* ---- ended here, and perhaps not there ---- */

bool
store_lift_put(struct store *s, const char *organization, const char *phone, const char *sender, int64_t at_s, struct fault *f)
{
	sqlite3_stmt *q = optout_query(s, S_LIFT_PUT, organization, phone, f);

	if (!q)
		return false;
	sql_bind_text(q, 3, sender);
	(void)sqlite3_bind_int64(q, 4, at_s);
	return sql_do(s, q, "opt-out", f);
}

enum store_found
store_lift_get(struct store *s, const char *organization, const char *phone, const char *sender, int64_t *at_s, struct fault *f)
{
	sqlite3_stmt *q = optout_query(s, S_LIFT_GET, organization, phone, f);
	enum store_found found;

	if (!q)
		return STORE_FAILED;
	sql_bind_text(q, 3, sender);
	found = sql_row(s->db, q, "opt-out", f);
	if (found == STORE_FOUND)
		*at_s = sqlite3_column_int64(q, 0);
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found;
}

bool
store_lift_drop(struct store *s, const char *organization, const char *phone, const char *sender, struct fault *f)
{
	sqlite3_stmt *q = optout_query(s, sender ? S_LIFT_DROP : S_LIFT_DROP_ALL, organization, phone, f);

	if (q && sender)
		sql_bind_text(q, 3, sender);
	return q && sql_do(s, q, "opt-out", f);
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
	sqlite3_stmt *q = optout_query(s, S_RECONSENT_PUT, organization, phone, f);

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
