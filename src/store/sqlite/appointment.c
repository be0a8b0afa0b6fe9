/* appointment.c - rows of appointments: what identifies is sealed going in, opened coming out. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite/sql.h"

#define LIVE_LOOKED_AT 5000 /* rows, most of which may be over */

enum column { /* in the order of the statements */
	C_ID, C_SENDER, C_APPOINTMENT_ID, C_PATIENT_NUMBER, C_HAS_FILLER, C_SITE, C_PATIENT, C_GENERATION, C_STATUS,
	C_START, C_WALL, C_ZONE, C_DURATION, C_LANGUAGE, C_FLAGS, C_CONSENT, C_PHONE, C_LINK, C_SENT_AT, C_ARRIVED,
	C_QUARANTINE, C_ERASE_AT, C_ERASED, C_PHONE_MARK, C_VISIT, C_SAID, C_ADULT, C_CONTINUES, C_CONTINUED_BY,
	C_PERSON_AT, C_PHONE_AT, C_PRIOR, C_MERGED_AT, C_NEWS_AT, C_PLACE, C_NUMBER_NO, C_MODALITY, C_WHO
};

/* Departments, a line feed, visit types. */
static bool
open_said(struct store *s, sqlite3_stmt *q, struct appointment *a, struct fault *f)
{
	char both[sizeof a->departments + sizeof a->visit_types];
	struct span rest;

	if (!keys_open_column(s, q, "said", C_SAID, a->id, both, sizeof both, f))
		return false;
	span_copy(a->departments, sizeof a->departments, span_cut(span_of(both), '\n', &rest));
	span_copy(a->visit_types, sizeof a->visit_types, rest);
	seal_wipe(both, sizeof both);
	return true;
}

static bool
open_adult(struct store *s, sqlite3_stmt *q, struct appointment *a, struct fault *f)
{
	char day[24];
	uint64_t n = 0;

	if (!keys_open_column(s, q, "adult", C_ADULT, a->id, day, sizeof day, f))
		return false;
	a->minor = span_to_u64(span_of(day), INT32_MAX, &n);
	a->adult_day = (int64_t)n;
	seal_wipe(day, sizeof day);
	return true;
}

static void
news_of_row(sqlite3_stmt *q, int64_t flags, struct appointment *a)
{
	a->person_at_s = sqlite3_column_int64(q, C_PERSON_AT);
	a->phone_at_s = sqlite3_column_int64(q, C_PHONE_AT);
	a->merged_at_s = sqlite3_column_int64(q, C_MERGED_AT);
	a->news_at_s = sqlite3_column_int64(q, C_NEWS_AT);
	a->news_death = flags & FLAG_NEWS_DEATH;
	a->news_phone = flags & FLAG_NEWS_PHONE;
	a->news_merge = flags & FLAG_NEWS_MERGE;
}

static void
mark_of_row(sqlite3_stmt *q, int column, uint8_t out[MARK_BYTES], bool *has)
{
	struct span mark = sql_blob(q, column);

	*has = mark.n == MARK_BYTES;
	if (*has)
		memcpy(out, mark.p, MARK_BYTES);
}

/* open: also what is sealed. */
static bool
of_row(struct store *s, sqlite3_stmt *q, int64_t now_s, bool open, struct appointment *a, struct fault *f)
{
	int64_t flags = sqlite3_column_int64(q, C_FLAGS);
	char wall[32];
	bool has_prior;

	memset(a, 0, sizeof *a);
	a->id = sqlite3_column_int64(q, C_ID);
	a->sender = sqlite3_column_int64(q, C_SENDER);
	sql_text(q, C_APPOINTMENT_ID, a->appointment_id, sizeof a->appointment_id);
	a->patient_number = sqlite3_column_int64(q, C_PATIENT_NUMBER);
	a->has_filler_id = sqlite3_column_int(q, C_HAS_FILLER) != 0;
	a->site = sqlite3_column_int64(q, C_SITE);
	a->generation = sqlite3_column_int64(q, C_GENERATION);
	a->status = (enum visit_status)sqlite3_column_int(q, C_STATUS);
	a->has_start = sqlite3_column_type(q, C_START) != SQLITE_NULL;
	a->start_s = sqlite3_column_int64(q, C_START);
	sql_text(q, C_WALL, wall, sizeof wall);
	if (a->has_start && !civil_of_text(wall, &a->wall))
		return fault_set(f, FAULT_BROKEN, "store: appointment row %lld is damaged", (long long)a->id);
	sql_text(q, C_ZONE, a->zone, sizeof a->zone);
	a->duration_s = sqlite3_column_int64(q, C_DURATION);
	a->deceased = flags & FLAG_DECEASED;
	a->confidential = flags & FLAG_CONFIDENTIAL;
	a->left_site = flags & FLAG_LEFT;
	a->patient_flag = flags & FLAG_PATIENT;
	a->rebooked = flags & FLAG_REBOOKED;
	a->number_no = sqlite3_column_int64(q, C_NUMBER_NO);
	a->modality = (enum modality)sqlite3_column_int(q, C_MODALITY);
	a->who = sqlite3_column_int(q, C_WHO);
	a->continues = sqlite3_column_int64(q, C_CONTINUES);
	a->continued_by = sqlite3_column_int64(q, C_CONTINUED_BY);
	a->consent = (enum consent_said)sqlite3_column_int(q, C_CONSENT);
	a->has_sent_at = sqlite3_column_type(q, C_SENT_AT) != SQLITE_NULL;
	a->sent_at_s = sqlite3_column_int64(q, C_SENT_AT);
	a->arrived_at_s = sqlite3_column_int64(q, C_ARRIVED);
	a->quarantine = sqlite3_column_int64(q, C_QUARANTINE);
	a->erase_at_s = sqlite3_column_int64(q, C_ERASE_AT);
	a->erased = sqlite3_column_int(q, C_ERASED) != 0;
	news_of_row(q, flags, a);
	/* What has lapsed is gone, whether or not its bytes are. */
	if (a->erased || a->erase_at_s <= now_s) {
		a->erased = true;
		return true;
	}
	sql_text(q, C_LANGUAGE, a->language, sizeof a->language);
	mark_of_row(q, C_PATIENT, a->patient, &a->has_patient);
	mark_of_row(q, C_VISIT, a->visit, &a->has_visit);
	mark_of_row(q, C_PRIOR, a->prior, &has_prior);
	if (!open)
		return true;
	return keys_open_column(s, q, "phone", C_PHONE, a->id, a->phone, sizeof a->phone, f) &&
	    keys_open_column(s, q, "link", C_LINK, a->id, a->link, sizeof a->link, f) && open_said(s, q, a, f) &&
	    open_adult(s, q, a, f) && keys_open_column(s, q, "place", C_PLACE, a->id, a->zones, sizeof a->zones, f);
}

int64_t
store_next_appointment_id(struct store *s)
{
	return s->next_appointment++;
}

/* What is called must not run this statement again. */
static bool
walk(struct store *s, sqlite3_stmt *q, int64_t now_s, bool open, store_appointment_fn *fn, void *ctx, size_t *n, struct fault *f)
{
	struct appointment a;
	enum store_found found;
	bool go = true, ok = true;

	*n = 0;
	while (ok && go && (found = sql_row(s->db, q, "appointment", f)) != STORE_NONE) {
		ok = found == STORE_FOUND && of_row(s, q, now_s, open, &a, f);
		if (ok) {
			go = fn(ctx, &a);
			(*n)++;
		}
	}
	seal_wipe(&a, sizeof a);
	(void)sqlite3_reset(q);
	return ok;
}

bool
store_appointments_of(struct store *s, int64_t sender, struct span id, int64_t now_s, store_appointment_fn *fn,
    void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_APPOINTMENTS_OF, f);
	size_t n;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, sender);
	sql_bind_span(q, 2, id);
	return walk(s, q, now_s, true, fn, ctx, &n, f);
}

bool
store_appointments_of_patient(struct store *s, const uint8_t patient[MARK_BYTES], int64_t now_s, store_appointment_fn *fn,
    void *ctx, struct fault *f)
{
	/* Most have none of late, and tables in memory are the dearer half of the question. */
	sqlite3_stmt *q = sql_use(s, recent_any(s->recent, FOUND_PATIENT, patient) ? S_APPOINTMENTS_PATIENT : S_APPOINTMENTS_PATIENT_FILED, f);
	size_t n;

	if (!q)
		return false;
	sql_bind_blob(q, 1, patient, MARK_BYTES);
	(void)sqlite3_bind_int(q, 2, STORE_OF_PATIENT);
	return walk(s, q, now_s, false, fn, ctx, &n, f);
}

static bool
take_portion(struct store *s, sqlite3_stmt *q, bool open, int64_t *after, size_t limit, int64_t now_s, store_appointment_fn *fn,
    void *ctx, bool *done, struct fault *f)
{
	struct appointment a;
	enum store_found found;
	bool ok = true, go = true;
	size_t n = 0;

	while (ok && go && (found = sql_row(s->db, q, "appointments", f)) != STORE_NONE) {
		ok = found == STORE_FOUND && of_row(s, q, now_s, open, &a, f);
		if (!ok)
			break;
		*after = a.id;
		n++;
		go = fn(ctx, &a);
	}
	seal_wipe(&a, sizeof a);
	(void)sqlite3_reset(q);
	*done = n < limit;
	return ok;
}

bool
store_patient_after(struct store *s, const uint8_t patient[MARK_BYTES], int64_t *after, size_t limit, int64_t now_s,
    store_appointment_fn *fn, void *ctx, bool *done, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_PATIENT_AFTER, f);

	if (!q)
		return false;
	sql_bind_blob(q, 1, patient, MARK_BYTES);
	(void)sqlite3_bind_int64(q, 2, *after);
	(void)sqlite3_bind_int64(q, 3, (int64_t)limit);
	return take_portion(s, q, false, after, limit, now_s, fn, ctx, done, f);
}

bool
store_appointments_of_phone(struct store *s, const char *phone, int64_t now_s, store_appointment_fn *fn, void *ctx, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_APPOINTMENTS_PHONE, f);
	uint8_t mark[MARK_BYTES];
	size_t n;

	if (!q || !store_mark(s, "phone", span_of(phone), mark, f))
		return false;
	sql_bind_blob(q, 1, mark, MARK_BYTES);
	(void)sqlite3_bind_int(q, 2, STORE_OF_PHONE);
	return walk(s, q, now_s, false, fn, ctx, &n, f);
}

enum store_found
store_appointment_get(struct store *s, int64_t id, int64_t now_s, struct appointment *out, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_APPOINTMENT_GET, f);
	enum store_found found;

	if (!q)
		return STORE_FAILED;
	(void)sqlite3_bind_int64(q, 1, id);
	found = sql_row(s->db, q, "appointment", f);
	if (found == STORE_FOUND && !of_row(s, q, now_s, true, out, f))
		found = STORE_FAILED;
	(void)sqlite3_reset(q);
	return found;
}

bool
store_live_after(struct store *s, int64_t *after, size_t limit, int64_t now_s, store_appointment_fn *fn, void *ctx,
    bool *done, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_APPOINTMENT_LIVE, f);
	int64_t until = *after + LIVE_LOOKED_AT;
	bool all;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, *after);
	(void)sqlite3_bind_int64(q, 2, now_s);
	(void)sqlite3_bind_int64(q, 3, (int64_t)limit);
	(void)sqlite3_bind_int64(q, 4, until);
	if (!take_portion(s, q, false, after, limit, now_s, fn, ctx, &all, f))
		return false;
	if (all) /* of these; perhaps none of them lives any more */
		*after = until;
	*done = *after >= s->next_appointment - 1;
	return true;
}

struct stopping {
	store_appointment_fn *fn;
	void *ctx;
	bool stopped;
};

static bool
pass_on(void *ctx, const struct appointment *a)
{
	struct stopping *x = ctx;

	x->stopped = !x->fn(x->ctx, a);
	return !x->stopped;
}

bool
store_history(struct store *s, int64_t *after, int64_t rows, int64_t since_s, int64_t now_s, store_appointment_fn *fn, void *ctx,
    bool *done, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_HISTORY, f);
	struct stopping x = { fn, ctx, false };
	int64_t until = *after + rows;
	bool ignored;

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, *after);
	(void)sqlite3_bind_int64(q, 2, until);
	(void)sqlite3_bind_int64(q, 3, since_s);
	if (!take_portion(s, q, true, after, 0, now_s, pass_on, &x, &ignored, f))
		return false;
	if (!x.stopped)
		*after = until;
	*done = *after >= s->next_appointment - 1;
	return true;
}

static bool
seal_column(struct store *s, sqlite3_stmt *q, int at, const char *name, const struct appointment *a, const char *plain,
    struct fault *f)
{
	if (plain[0] == '\0')
		return true;
	if (!keys_seal(s, a->erase_at_s / 86400, (struct seal_where){ "appointment", name, a->id }, span_of(plain), f))
		return false;
	sql_bind_blob(q, at, s->scratch.p, s->scratch.n);
	return true;
}

static int
who_of(const struct appointment *a)
{
	if (!a->has_patient)
		return a->who;
	return a->generation > 0 || a->merged_at_s ? 0 : 1 + a->patient[0];
}

static void
bind_plain(sqlite3_stmt *q, const struct appointment *a)
{
	char wall[32];

	(void)sqlite3_bind_int64(q, C_ID + 1, a->id);
	(void)sqlite3_bind_int64(q, C_SENDER + 1, a->sender);
	sql_lend_text(q, C_APPOINTMENT_ID + 1, a->appointment_id);
	(void)sqlite3_bind_int64(q, C_PATIENT_NUMBER + 1, a->patient_number);
	(void)sqlite3_bind_int(q, C_HAS_FILLER + 1, a->has_filler_id);
	(void)sqlite3_bind_int64(q, C_SITE + 1, a->site);
	(void)sqlite3_bind_int64(q, C_GENERATION + 1, a->generation);
	(void)sqlite3_bind_int(q, C_STATUS + 1, (int)a->status);
	if (a->has_start) {
		civil_text(&a->wall, wall);
		(void)sqlite3_bind_int64(q, C_START + 1, a->start_s);
		sql_bind_text(q, C_WALL + 1, wall);
	}
	sql_lend_text(q, C_ZONE + 1, a->zone);
	(void)sqlite3_bind_int64(q, C_DURATION + 1, a->duration_s);
	sql_lend_text(q, C_LANGUAGE + 1, a->erased ? "" : a->language);
	(void)sqlite3_bind_int(q, C_FLAGS + 1, (a->deceased ? FLAG_DECEASED : 0) | (a->confidential ? FLAG_CONFIDENTIAL : 0) |
	    (a->left_site ? FLAG_LEFT : 0) | (a->patient_flag ? FLAG_PATIENT : 0) | (a->rebooked ? FLAG_REBOOKED : 0) |
	    (a->news_death ? FLAG_NEWS_DEATH : 0) | (a->news_phone ? FLAG_NEWS_PHONE : 0) |
	    (a->news_merge ? FLAG_NEWS_MERGE : 0));
	(void)sqlite3_bind_int(q, C_CONSENT + 1, (int)a->consent);
	if (a->has_sent_at)
		(void)sqlite3_bind_int64(q, C_SENT_AT + 1, a->sent_at_s);
	(void)sqlite3_bind_int64(q, C_ARRIVED + 1, a->arrived_at_s);
	(void)sqlite3_bind_int64(q, C_QUARANTINE + 1, a->quarantine);
	(void)sqlite3_bind_int64(q, C_ERASE_AT + 1, a->erase_at_s);
	(void)sqlite3_bind_int(q, C_ERASED + 1, a->erased);
	(void)sqlite3_bind_int64(q, C_CONTINUES + 1, a->continues);
	(void)sqlite3_bind_int64(q, C_CONTINUED_BY + 1, a->continued_by);
	(void)sqlite3_bind_int64(q, C_PERSON_AT + 1, a->person_at_s);
	(void)sqlite3_bind_int64(q, C_PHONE_AT + 1, a->phone_at_s);
	(void)sqlite3_bind_int64(q, C_MERGED_AT + 1, a->merged_at_s);
	(void)sqlite3_bind_int64(q, C_NEWS_AT + 1, a->news_at_s);
	(void)sqlite3_bind_int64(q, C_NUMBER_NO + 1, a->number_no);
	(void)sqlite3_bind_int(q, C_MODALITY + 1, (int)a->modality);
	(void)sqlite3_bind_int(q, C_WHO + 1, who_of(a));
}

/* What identifies the patient, or tells what the visit is about. */
static bool
bind_sealed(struct store *s, sqlite3_stmt *q, const struct appointment *a, struct fault *f)
{
	char both[sizeof a->departments + sizeof a->visit_types] = "", day[24] = "";
	bool ok;

	if (a->has_patient)
		sql_lend_blob(q, C_PATIENT + 1, a->patient, MARK_BYTES);
	if (a->merged_at_s)
		sql_lend_blob(q, C_PRIOR + 1, a->prior, MARK_BYTES);
	if (a->has_visit)
		sql_lend_blob(q, C_VISIT + 1, a->visit, MARK_BYTES);
	if (a->departments[0] || a->visit_types[0]) {
		size_t n = span_copy(both, sizeof both - 1, span_of(a->departments));

		both[n++] = '\n';
		(void)span_copy(both + n, sizeof both - n, span_of(a->visit_types));
	}
	if (a->minor)
		(void)snprintf(day, sizeof day, "%lld", (long long)a->adult_day);
	ok = seal_column(s, q, C_PHONE + 1, "phone", a, a->phone, f) &&
	    seal_column(s, q, C_LINK + 1, "link", a, a->link, f) && seal_column(s, q, C_SAID + 1, "said", a, both, f) &&
	    seal_column(s, q, C_ADULT + 1, "adult", a, day, f) && seal_column(s, q, C_PLACE + 1, "place", a, a->zones, f);
	seal_wipe(both, sizeof both);
	seal_wipe(day, sizeof day);
	return ok;
}

/* What finds a row. */
struct finds {
	uint8_t patient[MARK_BYTES], phone[MARK_BYTES];
	bool has_patient, has_phone;
	int64_t erase_at_s; /* FOUND_NEVER: it is erased, or there is no row */
};

static struct span
mark_or_none(const uint8_t *mark, bool has)
{
	return has ? span_from(mark, MARK_BYTES) : SPAN_NONE;
}

static bool
find_by(struct store *s, int64_t id, const struct finds *before, const struct finds *after, struct fault *f)
{
	return found_mark(s, FOUND_PATIENT, id, mark_or_none(before->patient, before->has_patient),
	           mark_or_none(after->patient, after->has_patient), f) &&
	    found_mark(s, FOUND_PHONE, id, mark_or_none(before->phone, before->has_phone), mark_or_none(after->phone, after->has_phone), f) &&
	    found_time(s, FOUND_ERASE, id, before->erase_at_s, after->erase_at_s, f);
}

static enum store_found
finds_of(struct store *s, int64_t id, struct finds *out, sqlite3_stmt **q, struct fault *f)
{
	enum store_found found;

	*out = (struct finds){ .erase_at_s = FOUND_NEVER };
	if (!(*q = sql_use(s, S_APPOINTMENT_FOUND_BY, f)))
		return STORE_FAILED;
	(void)sqlite3_bind_int64(*q, 1, id);
	if ((found = sql_row(s->db, *q, "appointment", f)) != STORE_FOUND)
		return found;
	mark_of_row(*q, 1, out->patient, &out->has_patient);
	mark_of_row(*q, 3, out->phone, &out->has_phone);
	if (sqlite3_column_int(*q, 2) == 0)
		out->erase_at_s = sqlite3_column_int64(*q, 4);
	return STORE_FOUND;
}

/* Which statement writes the row, by what its index knows of it; and by what it is found until then. */
static bool
choose(struct store *s, const struct appointment *a, enum statement *which, struct finds *before, struct fault *f)
{
	sqlite3_stmt *q;
	enum store_found found;

	*which = S_APPOINTMENT_PUT;
	*before = (struct finds){ .erase_at_s = FOUND_NEVER };
	if (a->id > s->last_put)
		return true;
	found = finds_of(s, a->id, before, &q, f);
	if (found == STORE_FOUND && span_is(sql_blob(q, 0), a->appointment_id) && (before->erase_at_s == FOUND_NEVER) == a->erased &&
	    sqlite3_column_int64(q, 5) == a->patient_number)
		*which = S_APPOINTMENT_SET;
	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found != STORE_FAILED;
}

bool
found_no_more(struct store *s, int64_t id, struct fault *f)
{
	static const struct finds nothing = { .erase_at_s = FOUND_NEVER };
	struct finds before;
	sqlite3_stmt *q;
	enum store_found found = finds_of(s, id, &before, &q, f);

	if (found != STORE_FAILED)
		(void)sqlite3_reset(q);
	return found != STORE_FAILED && find_by(s, id, &before, &nothing, f);
}

bool
store_appointment_put(struct store *s, const struct appointment *a, struct fault *f)
{
	struct finds before, after = { .has_patient = a->has_patient && !a->erased, .has_phone = a->phone[0] && !a->erased,
		.erase_at_s = a->erased ? FOUND_NEVER : a->erase_at_s };
	enum statement which;
	sqlite3_stmt *q;

	assert(s->begun && a->id > 0);
	if ((after.has_phone && !store_mark(s, "phone", span_of(a->phone), after.phone, f)) ||
	    !choose(s, a, &which, &before, f) || !(q = sql_use(s, which, f)))
		return false;
	memcpy(after.patient, a->patient, MARK_BYTES);
	bind_plain(q, a);
	if (after.has_phone)
		sql_lend_blob(q, C_PHONE_MARK + 1, after.phone, MARK_BYTES);
	if (!a->erased) {
		if (!bind_sealed(s, q, a, f))
			return false;
		if (a->erase_at_s < s->next_erasure)
			s->next_erasure = a->erase_at_s;
	}
	if (a->id > s->last_put)
		s->last_put = a->id;
	return sql_do(s, q, "appointment", f) && find_by(s, a->id, &before, &after, f);
}
