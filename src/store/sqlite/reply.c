/* reply.c - what phones wrote, as far as it is kept, and what they were told. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>

#include "store/sqlite/sql.h"

/* ---- what they wrote ---- */

enum store_found
store_inbound(struct store *s, const uint8_t message[MARK_BYTES], int64_t now_s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_INBOUND_GET, f);
	enum store_found found;

	if (!q)
		return STORE_FAILED;
	sql_bind_blob(q, 1, message, MARK_BYTES);
	found = sql_row(s->db, q, "inbound text", f);
	if (found != STORE_NONE) {
		if (found == STORE_FOUND)
			(void)sqlite3_reset(q);
		return found;
	}
	(void)sqlite3_reset(q);
	if (!(q = sql_use(s, S_INBOUND_PUT, f)))
		return STORE_FAILED;
	sql_bind_blob(q, 1, message, MARK_BYTES);
	(void)sqlite3_bind_int64(q, 2, now_s);
	return sql_do(s, q, "inbound text", f) ? STORE_NONE : STORE_FAILED;
}

bool
store_forget_inbound(struct store *s, int64_t before_s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_INBOUND_DROP, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, before_s);
	return sql_do(s, q, "inbound texts", f);
}

bool
store_reply_put(struct store *s, const struct said_reply *r, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_REPLY_PUT, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, r->at_s);
	(void)sqlite3_bind_int(q, 2, (int)r->what);
	(void)sqlite3_bind_int64(q, 3, r->site);
	(void)sqlite3_bind_int64(q, 4, r->appointment);
	(void)sqlite3_bind_int64(q, 5, r->generation);
	(void)sqlite3_bind_int64(q, 6, r->start_s);
	return sql_do(s, q, "reply", f);
}

static bool
of_row(sqlite3_stmt *q, struct said_reply *r)
{
	*r = (struct said_reply){ .at_s = sqlite3_column_int64(q, 0), .what = (enum reply)sqlite3_column_int(q, 1),
		.site = sqlite3_column_int64(q, 2), .appointment = sqlite3_column_int64(q, 3),
		.generation = sqlite3_column_int64(q, 4), .start_s = sqlite3_column_int64(q, 5) };
	return r->what < REPLIES;
}

/* All of a statement whose first columns are a reply's. */
static bool
replies(sqlite3 *db, sqlite3_stmt *q, store_reply_fn *fn, void *ctx, struct fault *f)
{
	enum store_found found = STORE_NONE;
	bool go = true;

	while (go && (found = sql_row(db, q, "replies", f)) == STORE_FOUND) {
		struct said_reply r;

		go = !of_row(q, &r) || fn(ctx, &r);
	}
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

bool
store_replies_of(struct store *s, int64_t appointment, store_reply_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_REPLIES_OF, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, appointment);
	return replies(s->db, q, fn, ctx, f);
}

/* ---- what they were told ---- */

bool
response_load(struct store *s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESPONSE_LAST, f);
	int64_t last;

	if (!q || sql_row(s->db, q, "ids", f) == STORE_FAILED)
		return false;
	last = sqlite3_column_int64(q, 0);
	s->next_response = last < STORE_RESPONSES ? STORE_RESPONSES : last + 1;
	(void)sqlite3_reset(q);
	return true;
}

bool
store_response_put(struct store *s, struct response *r, struct fault *f)
{
	int64_t day = r->at_s / 86400 + 1;
	uint8_t mark[MARK_BYTES];
	sqlite3_stmt *q;

	assert(s->begun && r->phone[0]);
	r->id = s->next_response++;
	r->erase_at_s = day * 86400;
	if (!store_mark(s, "response", span_of(r->phone), mark, f) ||
	    !keys_seal(s, day, (struct seal_where){ "response", "phone", r->id }, span_of(r->phone), f) ||
	    !(q = sql_use(s, S_RESPONSE_PUT, f)))
		return false;
	(void)sqlite3_bind_int64(q, 1, r->id);
	(void)sqlite3_bind_int64(q, 2, r->at_s);
	sql_bind_text(q, 3, r->organization);
	(void)sqlite3_bind_int64(q, 4, r->site);
	(void)sqlite3_bind_int(q, 5, (int)r->kind);
	(void)sqlite3_bind_int64(q, 6, r->appointment);
	(void)sqlite3_bind_int64(q, 7, r->start_s);
	sql_bind_text(q, 8, r->language);
	sql_bind_blob(q, 9, s->scratch.p, s->scratch.n);
	sql_bind_blob(q, 10, mark, sizeof mark);
	(void)sqlite3_bind_int64(q, 11, day);
	if (!sql_do(s, q, "response", f))
		return false;
	for (size_t i = 0; i < r->choices_n; i++) {
		if (!(q = sql_use(s, S_CHOICE_PUT, f)))
			return false;
		(void)sqlite3_bind_int64(q, 1, r->id);
		(void)sqlite3_bind_int64(q, 2, (int64_t)i + 1);
		(void)sqlite3_bind_int64(q, 3, r->choice[i].appointment);
		(void)sqlite3_bind_int64(q, 4, r->choice[i].start_s);
		if (!sql_do(s, q, "response", f))
			return false;
	}
	return true;
}

static bool
choices(struct store *s, struct response *r, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_CHOICES_OF, f);
	enum store_found found = STORE_NONE;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, r->id);
	r->choices_n = 0;
	while (r->choices_n < SMS_CHOICES_MAX && (found = sql_row(s->db, q, "response", f)) == STORE_FOUND) {
		r->choice[r->choices_n].appointment = sqlite3_column_int64(q, 0);
		r->choice[r->choices_n++].start_s = sqlite3_column_int64(q, 1);
	}
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

enum store_found
store_response_get(struct store *s, int64_t id, struct response *out, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESPONSE_GET, f);
	enum store_found found;
	bool opened = false;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, id);
	found = sql_row(s->db, q, "response", f);
	if (found != STORE_FOUND)
		return found;
	*out = (struct response){ .id = id, .at_s = sqlite3_column_int64(q, 1), .site = sqlite3_column_int64(q, 3),
		.kind = (enum text_kind)sqlite3_column_int(q, 4), .appointment = sqlite3_column_int64(q, 5),
		.start_s = sqlite3_column_int64(q, 6), .erase_at_s = sqlite3_column_int64(q, 10) * 86400 };
	sql_text(q, 2, out->organization, sizeof out->organization);
	sql_text(q, 7, out->language, sizeof out->language);
	if (sqlite3_column_type(q, 8) != SQLITE_NULL &&
	    !keys_open(s, (struct seal_where){ "response", "phone", id }, sql_blob(q, 8), &opened, f)) {
		(void)sqlite3_reset(q);
		return STORE_FAILED;
	}
	if (opened) {
		span_copy(out->phone, sizeof out->phone, buf_span(&s->scratch));
		seal_wipe(s->scratch.p, s->scratch.n);
	}
	(void)sqlite3_reset(q);
	return choices(s, out, f) ? STORE_FOUND : STORE_FAILED;
}

bool
store_response_over(struct store *s, int64_t id, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESPONSE_OVER, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, id);
	return sql_do(s, q, "response", f);
}

bool
store_responses_since(struct store *s, const char *organization, const char *phone, int64_t from_s, int64_t n[TEXT_KINDS],
    struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESPONSE_COUNT, f);
	uint8_t mark[MARK_BYTES];
	enum store_found found;

	for (int k = 0; k < TEXT_KINDS; k++)
		n[k] = 0;
	if (!q || !store_mark(s, "response", span_of(phone), mark, f))
		return false;
	sql_bind_blob(q, 1, mark, sizeof mark);
	sql_bind_text(q, 2, organization);
	(void)sqlite3_bind_int64(q, 3, from_s);
	while ((found = sql_row(s->db, q, "responses", f)) == STORE_FOUND) {
		int kind = sqlite3_column_int(q, 0);

		if (kind >= 0 && kind < TEXT_KINDS)
			n[kind] = sqlite3_column_int64(q, 1);
	}
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

enum store_found
store_choices_last(struct store *s, const char *organization, const char *phone, struct response *out, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESPONSE_CHOSE, f);
	uint8_t mark[MARK_BYTES];
	enum store_found found;
	int64_t id = 0;

	if (!q || !store_mark(s, "response", span_of(phone), mark, f))
		return STORE_FAILED;
	sql_bind_blob(q, 1, mark, sizeof mark);
	sql_bind_text(q, 2, organization);
	(void)sqlite3_bind_int(q, 3, TEXT_WHICH_VISIT);
	found = sql_row(s->db, q, "response", f);
	if (found == STORE_FOUND)
		id = sqlite3_column_int64(q, 0);
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found == STORE_FOUND ? store_response_get(s, id, out, f) : found;
}

bool
response_erase(struct store *s, int64_t today, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_RESPONSE_ERASE, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, today);
	return sql_do(s, q, "erasure", f);
}

/* ---- readers ---- */

bool
store_read_replies_of(struct store_reader *r, int64_t appointment, store_reply_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_prepare(reader_db(r), S_REPLIES_OF, f);
	bool ok;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, appointment);
	ok = replies(reader_db(r), q, fn, ctx, f);
	(void)sqlite3_finalize(q);
	return ok;
}

bool
store_read_responses_of(struct store_reader *r, int64_t appointment, store_text_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_prepare(reader_db(r), S_VIEW_RESPONSES, f);
	enum store_found found = STORE_NONE;
	bool go = true;

	if (q)
		(void)sqlite3_bind_int64(q, 1, appointment);
	while (q && go && (found = sql_row(reader_db(r), q, "responses", f)) == STORE_FOUND) {
		struct text t;

		go = !text_of_row(q, &t) || fn(ctx, &t);
	}
	(void)sqlite3_finalize(q);
	return q && found != STORE_FAILED;
}

bool
store_read_replies(struct store_reader *r, int64_t from_s, int64_t to_s, const char *site, int64_t now_s,
    store_reply_row_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_prepare(reader_db(r), S_VIEW_REPLIES, f);
	enum store_found found = STORE_NONE;
	bool go = true;

	if (q) {
		(void)sqlite3_bind_int64(q, 1, from_s);
		(void)sqlite3_bind_int64(q, 2, to_s);
		sql_bind_text(q, 3, site);
		(void)sqlite3_bind_int64(q, 4, now_s);
	}
	while (q && go && (found = sql_row(reader_db(r), q, "replies", f)) == STORE_FOUND) {
		char title[256], environment[256], id[STORE_ID_MAX];
		struct said_reply said;
		struct reply_row row = { &said, title, environment, id, sqlite3_column_int(q, 10) != 0 };

		if (!of_row(q, &said))
			continue;
		sql_text(q, 7, title, sizeof title);
		sql_text(q, 8, environment, sizeof environment);
		sql_text(q, 9, id, sizeof id);
		go = fn(ctx, &row);
	}
	(void)sqlite3_finalize(q);
	return q && found != STORE_FAILED;
}
