/* text.c - rows of texts, their bodies while they may go again, and the tally that must add up. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/sql.h"
#include "store/sqlite/text_columns.h"

bool
text_of_row(sqlite3_stmt *q, struct text *t)
{
	struct span fingerprint = sql_blob(q, C_FINGERPRINT);

	memset(t, 0, sizeof *t);
	t->id = sqlite3_column_int64(q, C_ID);
	t->appointment = t->id / STORE_TEXTS_OF_ONE;
	t->site = sqlite3_column_int64(q, C_SITE);
	t->generation = sqlite3_column_int64(q, C_GENERATION);
	t->kind = (enum text_kind)sqlite3_column_int(q, C_KIND);
	sql_text(q, C_RULE, t->rule, sizeof t->rule);
	t->state = t->stored = (enum text_state)sqlite3_column_int(q, C_STATE);
	t->reason = (enum text_reason)sqlite3_column_int(q, C_REASON);
	t->planned_s = sqlite3_column_int64(q, C_PLANNED);
	t->due_s = t->stored_due_s = sqlite3_column_int64(q, C_DUE);
	t->expires_s = sqlite3_column_int64(q, C_EXPIRES);
	t->start_s = sqlite3_column_int64(q, C_START);
	if (fingerprint.n == sizeof t->fingerprint)
		memcpy(t->fingerprint, fingerprint.p, sizeof t->fingerprint);
	sql_text(q, C_REPEAT_ID, t->repeat_id, sizeof t->repeat_id);
	t->first_sent_s = sqlite3_column_int64(q, C_FIRST_SENT);
	sql_text(q, C_BOOT_ID, t->boot_id, sizeof t->boot_id);
	t->attempts = sqlite3_column_int64(q, C_ATTEMPTS);
	t->unsure = sqlite3_column_int(q, C_UNSURE) != 0;
	sql_text(q, C_NUMBER, t->number, sizeof t->number);
	sql_text(q, C_SENDER, t->sender, sizeof t->sender);
	sql_text(q, C_GATEWAY, t->gateway, sizeof t->gateway);
	t->segments = sqlite3_column_int64(q, C_SEGMENTS);
	t->sent_s = sqlite3_column_int64(q, C_SENT);
	t->http_status = sqlite3_column_int64(q, C_HTTP_STATUS);
	sql_text(q, C_CODE, t->code, sizeof t->code);
	sql_text(q, C_MESSAGE_ID, t->message_id, sizeof t->message_id);
	t->config = sqlite3_column_int64(q, C_CONFIG);
	t->within = sqlite3_column_int(q, C_WITHIN) != 0;
	t->carrier = sqlite3_column_int64(q, C_CARRIER);
	t->report_code = sqlite3_column_int64(q, C_REPORT_CODE);
	t->words = sqlite3_column_int64(q, C_WORDS);
	t->number_no = sqlite3_column_int64(q, C_NUMBER_NO);
	t->clinic_hours = sqlite3_column_int(q, C_HOURS) != 0;
	t->stored_first_s = t->first_sent_s;
	t->stored_carrier = t->carrier;
	return t->state > 0 && t->state < TEXT_STATES && t->kind < TEXT_KINDS;
}

static bool
take_row(sqlite3_stmt *q, struct text *t, struct fault *f)
{
	return text_of_row(q, t) || fault_set(f, FAULT_BROKEN, "store: text row %lld is damaged", (long long)t->id);
}

enum store_found
store_text_get(struct store *s, int64_t id, struct text *out, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXT_GET, f);
	enum store_found found;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, id);
	found = sql_row(s->db, q, "text", f);
	if (found == STORE_FOUND && !take_row(q, out, f))
		found = STORE_FAILED;
	(void)sqlite3_reset(q);
	return found;
}

/* ---- lists ---- */

static bool
walk(struct store *s, sqlite3_stmt *q, store_text_fn *fn, void *ctx, struct fault *f)
{
	enum store_found found = STORE_NONE;
	struct text t;
	bool ok = true, go = true;

	while (ok && go && (found = sql_row(s->db, q, "texts", f)) == STORE_FOUND) {
		ok = take_row(q, &t, f);
		go = ok && fn(ctx, &t);
	}
	(void)sqlite3_reset(q);
	return ok && found != STORE_FAILED;
}

bool
store_texts_of(struct store *s, int64_t appointment, store_text_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_OF, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, appointment * STORE_TEXTS_OF_ONE);
	(void)sqlite3_bind_int64(q, 2, appointment * STORE_TEXTS_OF_ONE + STORE_TEXTS_OF_ONE - 1);
	return walk(s, q, fn, ctx, f);
}

bool
store_sending(struct store *s, store_text_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_SENDING, f);

	return q && walk(s, q, fn, ctx, f);
}

bool
store_held_for(struct store *s, int64_t site, enum text_reason why, size_t limit, store_text_fn *fn, void *ctx,
    struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_HELD_FOR, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, site);
	(void)sqlite3_bind_int64(q, 2, (int64_t)limit);
	(void)sqlite3_bind_int(q, 3, (int)why);
	return walk(s, q, fn, ctx, f);
}

bool
store_held_kinds(struct store *s, int64_t site, enum text_reason why, int64_t n[TEXT_KINDS], struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_HELD_KINDS, f);
	enum store_found found;

	if (!q)
		return false;
	for (int k = 0; k < TEXT_KINDS; k++)
		n[k] = 0;
	(void)sqlite3_bind_int64(q, 1, site);
	(void)sqlite3_bind_int(q, 2, (int)why);
	while ((found = sql_row(s->db, q, "texts", f)) == STORE_FOUND) {
		int kind = sqlite3_column_int(q, 0);

		if (kind >= 0 && kind < TEXT_KINDS)
			n[kind] = sqlite3_column_int64(q, 1);
	}
	(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

bool
store_carried(struct store *s, int64_t carrier, store_text_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_CARRIED, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, carrier);
	return walk(s, q, fn, ctx, f);
}

bool
store_unknown(struct store *s, int64_t site, enum text_reason why, int64_t expired_s, store_text_fn *fn, void *ctx,
    struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_UNKNOWN, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int(q, 1, (int)why);
	(void)sqlite3_bind_int64(q, 2, site);
	(void)sqlite3_bind_int64(q, 3, expired_s);
	return walk(s, q, fn, ctx, f);
}

bool
store_held_over(struct store *s, int64_t now_s, size_t limit, store_text_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_HELD_OVER, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, now_s);
	(void)sqlite3_bind_int64(q, 2, (int64_t)limit);
	return walk(s, q, fn, ctx, f);
}

/* The first span after `span` that has pending texts; INT64_MAX when none has. */
static bool
next_span(struct store *s, int64_t span, int64_t *out, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_SPAN, f);
	enum store_found found;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, span);
	found = sql_row(s->db, q, "due texts", f);
	if (found == STORE_FAILED)
		return false;
	*out = found == STORE_FOUND && sqlite3_column_type(q, 0) != SQLITE_NULL ? sqlite3_column_int64(q, 0) : INT64_MAX;
	(void)sqlite3_reset(q);
	return true;
}

/* Texts of one span after cursor->id; *n counts those that were looked at. */
static bool
due_in_span(struct store *s, int64_t until_s, size_t limit, struct store_cursor *cursor, size_t *n, store_due_fn *fn,
    void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TEXTS_DUE, f);
	enum store_found found;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, cursor->span);
	(void)sqlite3_bind_int64(q, 2, cursor->id);
	(void)sqlite3_bind_int64(q, 3, (int64_t)limit);
	*n = 0;
	while ((found = sql_row(s->db, q, "due texts", f)) == STORE_FOUND) {
		int64_t due = sqlite3_column_int64(q, 1);

		cursor->id = sqlite3_column_int64(q, 0);
		(*n)++;
		if (due < until_s && !fn(ctx, cursor->id, due))
			break;
	}
	(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

bool
store_due(struct store *s, int64_t until_s, size_t limit, struct store_cursor *cursor, bool *done, store_due_fn *fn,
    void *ctx, struct fault *f)
{
	size_t left = limit;

	*done = false;
	while (left > 0) {
		int64_t span;
		size_t n;

		if (!due_in_span(s, until_s, left, cursor, &n, fn, ctx, f))
			return false;
		if (n == left)
			return true;
		left -= n;
		if (!next_span(s, cursor->span, &span, f))
			return false;
		if (span > (until_s - 1) / STORE_DUE_SPAN_S) {
			*done = true;
			return true;
		}
		cursor->span = span;
		cursor->id = 0;
	}
	return true;
}

/* ---- bodies ---- */

bool
store_body_put(struct store *s, const struct text *t, struct span body, int64_t erase_at_s, struct fault *f)
{
	int64_t day = erase_at_s / 86400;
	sqlite3_stmt *q;

	if (!keys_seal(s, day, (struct seal_where){ "body", "sealed", t->id }, body, f) || !(q = sql_use(s, S_BODY_PUT, f)))
		return false;
	(void)sqlite3_bind_int64(q, 1, t->id);
	(void)sqlite3_bind_int64(q, 2, day);
	sql_bind_blob(q, 3, s->scratch.p, s->scratch.n);
	return sql_do(s, q, "body", f);
}

enum store_found
store_body_get(struct store *s, int64_t text, struct buf *out, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_BODY_GET, f);
	enum store_found found;
	bool opened = false;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, text);
	found = sql_row(s->db, q, "body", f);
	if (found == STORE_FOUND &&
	    !keys_open(s, (struct seal_where){ "body", "sealed", text }, sql_blob(q, 0), &opened, f))
		found = STORE_FAILED;
	(void)sqlite3_reset(q);
	if (found != STORE_FOUND)
		return found;
	if (!opened)
		return STORE_NONE;
	if (!buf_add_span(out, buf_span(&s->scratch))) {
		(void)fault_set(f, FAULT_BUSY, "out of memory");
		return STORE_FAILED;
	}
	seal_wipe(s->scratch.p, s->scratch.n);
	return STORE_FOUND;
}

bool
store_body_drop(struct store *s, int64_t text, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_BODY_DROP, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, text);
	return sql_do(s, q, "body", f);
}

/* ---- the tally ---- */

/* NULL: no memory; then nothing of this transaction is committed. */
static struct tally *
cell(struct store *s, int64_t site, enum text_state state)
{
	struct tally *grown;

	for (size_t i = 0; i < s->tally_n; i++)
		if (s->tally[i].site == site && s->tally[i].state == state)
			return &s->tally[i];
	grown = realloc(s->tally, (s->tally_n + 1) * sizeof *grown);
	if (!grown) {
		s->tally_lacks = true;
		return NULL;
	}
	s->tally = grown;
	s->tally[s->tally_n] = (struct tally){ .site = site, .state = state };
	return &s->tally[s->tally_n++];
}

void
tally_change(struct store *s, int64_t site, enum text_state state, int64_t by)
{
	struct tally *t = cell(s, site, state);

	if (t)
		t->n += by;
}

bool
tally_load(struct store *s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_TALLY_LIST, f);
	enum store_found found;

	if (!q)
		return false;
	while ((found = sql_row(s->db, q, "tally", f)) == STORE_FOUND) {
		struct tally *t = cell(s, sqlite3_column_int64(q, 0), (enum text_state)sqlite3_column_int(q, 1));

		if (t)
			t->n = t->committed = sqlite3_column_int64(q, 2);
	}
	(void)sqlite3_reset(q);
	return found != STORE_FAILED; /* a cell that is lacking: the opening's own commit fails */
}

bool
tally_write(struct store *s, struct fault *f)
{
	if (s->tally_lacks)
		return fault_set(f, FAULT_BUSY, "out of memory");
	for (size_t i = 0; i < s->tally_n; i++) {
		sqlite3_stmt *q;

		if (s->tally[i].n == s->tally[i].committed)
			continue;
		if (!(q = sql_use(s, S_TALLY_PUT, f)))
			return false;
		(void)sqlite3_bind_int64(q, 1, s->tally[i].site);
		(void)sqlite3_bind_int(q, 2, (int)s->tally[i].state);
		(void)sqlite3_bind_int64(q, 3, s->tally[i].n);
		if (!sql_do(s, q, "tally", f))
			return false;
	}
	return true;
}

void
tally_settle(struct store *s, bool committed)
{
	s->tally_lacks = false;
	for (size_t i = 0; i < s->tally_n; i++)
		if (committed)
			s->tally[i].committed = s->tally[i].n;
		else
			s->tally[i].n = s->tally[i].committed;
}

void
store_decided_under(struct store *s, int64_t config)
{
	s->config = config;
}

int64_t
store_tally(const struct store *s, int64_t site, enum text_state state)
{
	int64_t n = 0;

	for (size_t i = 0; i < s->tally_n; i++)
		if (s->tally[i].state == state && (site == 0 || s->tally[i].site == site))
			n += s->tally[i].n;
	return n;
}
