/* reader.c - what may be looked at without a key, on a connection that cannot write. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/page_vfs.h"
#include "store/sqlite/sql.h"

struct store_reader {
	sqlite3 *db;
};

bool
store_reader_open(const char *directory, struct store_reader **out, struct fault *f)
{
	struct store_reader *r = calloc(1, sizeof *r);
	char path[4096];
	int rc;

	if (!r)
		return fault_set(f, FAULT_BUSY, "out of memory");
	(void)snprintf(path, sizeof path, "%s/nudge.db", directory);
	rc = page_vfs_ready() ? sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, PAGE_VFS) : SQLITE_NOMEM;
	if (rc != SQLITE_OK) {
		(void)fault_set(f, rc == SQLITE_NOMEM ? FAULT_BUSY : fault_kind_of(sqlite3_system_errno(r->db)), "%s cannot be opened: %s", path, sqlite3_errstr(rc));
		store_reader_close(r);
		return false;
	}
	(void)sqlite3_extended_result_codes(r->db, 1);
	(void)sqlite3_busy_timeout(r->db, 1000);
	(void)sqlite3_exec(r->db, "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF", NULL, NULL, NULL);
	*out = r;
	return true;
}

void
store_reader_close(struct store_reader *r)
{
	if (!r)
		return;
	(void)sqlite3_close(r->db);
	free(r);
}

sqlite3 *
reader_db(struct store_reader *r)
{
	return r->db;
}

/* ---- appointments ---- */

#define APPOINTMENTS_MAX 100000 /* of one answer */

struct seen_row {
	int64_t id, patient_number, start_s, arrived_at_s, news_at_s, flags;
	char *strings[6]; /* appointment id, site, zone, language, continues, continued by; owned */
	enum visit_status status;
	bool has_start, phone, left_site, patient_flag, erased, quarantined;
	enum reply replied;
	int64_t replied_at_s;
	enum modality modality;
};

static char *
copy(sqlite3_stmt *q, int column)
{
	const char *text = (const char *)sqlite3_column_text(q, column);

	return strdup(text ? text : "");
}

static bool
seen_of_row(sqlite3_stmt *q, struct seen_row *a)
{
	int64_t flags = sqlite3_column_int64(q, 9);

	*a = (struct seen_row){ .id = sqlite3_column_int64(q, 0),
		.strings = { copy(q, 1), copy(q, 2), copy(q, 3), copy(q, 4), copy(q, 13), copy(q, 14) },
		.patient_number = sqlite3_column_int64(q, 5), .status = (enum visit_status)sqlite3_column_int(q, 6),
		.has_start = sqlite3_column_type(q, 7) != SQLITE_NULL, .start_s = sqlite3_column_int64(q, 7),
		.flags = flags, .news_at_s = sqlite3_column_int64(q, 15), .phone = sqlite3_column_int(q, 8) != 0, .left_site = flags & FLAG_LEFT, .patient_flag = flags & FLAG_PATIENT,
		.erased = sqlite3_column_int(q, 10) != 0, .quarantined = sqlite3_column_int(q, 11) != 0,
		.arrived_at_s = sqlite3_column_int64(q, 12), .replied = (enum reply)sqlite3_column_int(q, 16),
		.replied_at_s = sqlite3_column_int64(q, 17), .modality = (enum modality)sqlite3_column_int(q, 18) };
	for (size_t i = 0; i < sizeof a->strings / sizeof a->strings[0]; i++)
		if (!a->strings[i])
			return false;
	return true;
}

/* Texts of one appointment; *texts is grown as needed and the caller's. */
static bool
texts_of(struct store_reader *r, sqlite3_stmt *q, int64_t id, struct text **texts, size_t *cap, size_t *n,
    struct fault *f)
{
	enum store_found found;

	*n = 0;
	(void)sqlite3_reset(q);
	(void)sqlite3_bind_int64(q, 1, id * STORE_TEXTS_OF_ONE);
	(void)sqlite3_bind_int64(q, 2, id * STORE_TEXTS_OF_ONE + STORE_TEXTS_OF_ONE - 1);
	while ((found = sql_row(r->db, q, "texts", f)) == STORE_FOUND) {
		if (*n == *cap) {
			struct text *grown = realloc(*texts, (*cap ? *cap * 2 : 16) * sizeof *grown);

			if (!grown)
				return fault_set(f, FAULT_BUSY, "out of memory");
			*texts = grown;
			*cap = *cap ? *cap * 2 : 16;
		}
		if (!text_of_row(q, &(*texts)[*n]))
			return fault_set(f, FAULT_BROKEN, "store: a text row is damaged");
		(*n)++;
	}
	return found != STORE_FAILED;
}

static bool
show(struct store_reader *r, sqlite3_stmt *texts_q, const struct seen_row *a, struct text **texts, size_t *cap,
    store_view_fn *fn, void *ctx, bool *go, struct fault *f)
{
	struct appointment_view v = { .id = a->id, .appointment_id = a->strings[0], .site = a->strings[1],
		.zone = a->strings[2], .language = a->strings[3], .continues = a->strings[4],
		.continued_by = a->strings[5], .patient_number = a->patient_number,
		.status = a->status, .has_start = a->has_start, .phone = a->phone, .left_site = a->left_site,
		.patient_flag = a->patient_flag, .erased = a->erased, .quarantined = a->quarantined,
		.start_s = a->start_s, .arrived_at_s = a->arrived_at_s, .news_at_s = a->news_at_s,
		.deceased = a->flags & FLAG_DECEASED, .news_death = a->flags & FLAG_NEWS_DEATH,
		.news_phone = a->flags & FLAG_NEWS_PHONE, .news_merge = a->flags & FLAG_NEWS_MERGE, .replied = a->replied,
		.replied_at_s = a->replied_at_s, .modality = a->modality };

	if (!texts_of(r, texts_q, a->id, texts, cap, &v.texts_n, f))
		return false;
	v.texts = *texts;
	*go = fn(ctx, &v);
	return true;
}

/* What `q` finds, with its texts; takes q, which may be NULL. */
static bool
read_appointments(struct store_reader *r, sqlite3_stmt *q, int64_t now_s, store_view_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *texts_q = q ? sql_prepare(r->db, S_VIEW_TEXTS, f) : NULL;
	struct text *texts = NULL;
	size_t cap = 0, n = 0;
	enum store_found found = STORE_NONE;
	bool ok = texts_q != NULL, go = true;

	if (ok)
		(void)sqlite3_bind_int64(q, 3, now_s);
	while (ok && go && n++ < APPOINTMENTS_MAX && (found = sql_row(r->db, q, "appointments", f)) == STORE_FOUND) {
		struct seen_row a;

		ok = seen_of_row(q, &a) || fault_set(f, FAULT_BUSY, "out of memory");
		ok = ok && show(r, texts_q, &a, &texts, &cap, fn, ctx, &go, f);
		for (size_t i = 0; i < sizeof a.strings / sizeof a.strings[0]; i++)
			free(a.strings[i]);
	}
	(void)sqlite3_finalize(q);
	(void)sqlite3_finalize(texts_q);
	free(texts);
	return ok && found != STORE_FAILED;
}

bool
store_read_appointments(struct store_reader *r, const char *site, const char *id, bool all, int64_t now_s,
    store_view_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_prepare(r->db, S_VIEW_APPOINTMENTS, f);

	if (q) {
		sql_bind_text(q, 1, site);
		sql_bind_text(q, 2, id);
		(void)sqlite3_bind_int(q, 4, all || id[0]);
	}
	return read_appointments(r, q, now_s, fn, ctx, f);
}

bool
store_read_of_phone(struct store_reader *r, const uint8_t phone[MARK_BYTES], int64_t now_s, store_view_fn *fn, void *ctx,
    struct fault *f)
{
	sqlite3_stmt *q = sql_prepare(r->db, S_VIEW_OF_PHONE, f);

	if (q)
		sql_bind_blob(q, 1, phone, MARK_BYTES);
	return read_appointments(r, q, now_s, fn, ctx, f);
}

bool
store_read_id(struct store_reader *r, int64_t appointment, char out[STORE_ID_MAX])
{
	struct fault f = { 0 };
	sqlite3_stmt *q = sql_prepare(r->db, S_VIEW_ID, &f);
	bool found = false;

	if (q) {
		(void)sqlite3_bind_int64(q, 1, appointment);
		found = sql_row(r->db, q, "appointment", &f) == STORE_FOUND;
		if (found)
			sql_text(q, 0, out, STORE_ID_MAX);
	}
	(void)sqlite3_finalize(q);
	return found;
}

/* ---- report ---- */

static bool
read_rows(struct store_reader *r, enum statement which, int64_t from_s, int64_t to_s, const char *site, store_report_fn *fn,
    void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_prepare(r->db, which, f);
	enum store_found found = STORE_NONE;
	bool ok = q != NULL, go = true;

	if (ok) {
		(void)sqlite3_bind_int64(q, 1, from_s);
		(void)sqlite3_bind_int64(q, 2, to_s);
		sql_bind_text(q, 3, site);
	}
	while (ok && go && (found = sql_row(r->db, q, "report", f)) == STORE_FOUND) {
		struct text t;
		char title[256], environment[256], id[STORE_ID_MAX];
		struct report_row row = { &t, title, environment, id };

		ok = text_of_row(q, &t) || fault_set(f, FAULT_BROKEN, "store: a text row is damaged");
		sql_text(q, TEXT_COLUMNS_N, title, sizeof title);
		sql_text(q, TEXT_COLUMNS_N + 1, environment, sizeof environment);
		sql_text(q, TEXT_COLUMNS_N + 2, id, sizeof id);
		go = ok && fn(ctx, &row);
	}
	(void)sqlite3_finalize(q);
	return ok && found != STORE_FAILED;
}

bool
store_read_report(struct store_reader *r, int64_t from_s, int64_t to_s, const char *site, store_report_fn *fn, void *ctx,
    struct fault *f)
{
	return read_rows(r, S_VIEW_REPORT, from_s, to_s, site, fn, ctx, f);
}

bool
store_read_untold(struct store_reader *r, int64_t from_s, int64_t to_s, const char *site, store_report_fn *fn, void *ctx,
    struct fault *f)
{
	return read_rows(r, S_VIEW_UNTOLD, from_s, to_s, site, fn, ctx, f);
}

/* ---- quarantine ---- */

bool
store_read_quarantine(struct store_reader *r, store_quarantine_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_prepare(r->db, S_VIEW_QUARANTINE, f);
	enum store_found found = STORE_NONE;
	bool go = true;

	if (!q)
		return false;
	while (go && (found = sql_row(r->db, q, "quarantine", f)) == STORE_FOUND) {
		struct quarantined x = { .id = sqlite3_column_int64(q, 0), .sender = sqlite3_column_int64(q, 1),
			.received_s = sqlite3_column_int64(q, 2), .field = sqlite3_column_int64(q, 6),
			.offset = sqlite3_column_int64(q, 7) };

		sql_text(q, 3, x.site, sizeof x.site);
		sql_text(q, 4, x.reason, sizeof x.reason);
		sql_text(q, 5, x.segment, sizeof x.segment);
		go = fn(ctx, &x);
	}
	(void)sqlite3_finalize(q);
	return found != STORE_FAILED;
}
