/* keys.c - who can read a column: the store key wraps the keys, the keys seal the fields. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "store/sqlite/sql.h"

/* ---- keys for ever: marks and opt-outs ---- */

static bool
keyring_make(struct store *s, const char *name, uint8_t key[SEAL_KEY_BYTES], struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_KEYRING_PUT, f);
	struct seal_where at = { "keyring", name, 0 };

	if (!q)
		return false;
	buf_reset(&s->scratch);
	if (!seal_random(key, SEAL_KEY_BYTES) ||
	    !seal_close(s->store_key, at, span_from(key, SEAL_KEY_BYTES), &s->scratch))
		return fault_set(f, FAULT_BROKEN, "store: a key could not be made");
	sql_bind_text(q, 1, name);
	sql_bind_blob(q, 2, s->scratch.p, s->scratch.n);
	return sql_do(s, q, "key", f);
}

static bool
keyring_get(struct store *s, const char *name, uint8_t key[SEAL_KEY_BYTES], struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_KEYRING_GET, f);
	struct seal_where at = { "keyring", name, 0 };
	bool opened;

	if (!q)
		return false;
	sql_bind_text(q, 1, name);
	if (sql_row(s->db, q, "key", f) != STORE_FOUND)
		return fault_set(f, FAULT_BROKEN, "store: the key \"%s\" is missing", name);
	buf_reset(&s->scratch);
	opened = seal_open(s->store_key, at, sql_blob(q, 0), &s->scratch) && s->scratch.n == SEAL_KEY_BYTES;
	(void)sqlite3_reset(q);
	if (!opened)
		return fault_set(f, FAULT_OPERATOR, "store_key is not the key of this store; "
		                                    "put the file back that it was made with");
	memcpy(key, s->scratch.p, SEAL_KEY_BYTES);
	seal_wipe(s->scratch.p, s->scratch.n);
	return true;
}

bool
keys_load(struct store *s, bool fresh, struct fault *f)
{
	static const char *const name[] = { "marks", "optouts" };
	struct mark_key **out[] = { &s->marks, &s->optouts };
	uint8_t key[SEAL_KEY_BYTES];
	bool ok = true;

	for (size_t i = 0; ok && i < 2; i++) {
		ok = fresh ? keyring_make(s, name[i], key, f) : keyring_get(s, name[i], key, f);
		if (ok)
			*out[i] = mark_key_new(key, sizeof key);
		if (ok && !*out[i])
			ok = fault_set(f, FAULT_BROKEN, "out of memory");
	}
	seal_wipe(key, sizeof key);
	return ok;
}

void
keys_free(struct store *s)
{
	mark_key_free(s->marks);
	mark_key_free(s->optouts);
	keys_forget_days(s);
}

/* ---- the key of a day ---- */

void
keys_forget_days(struct store *s)
{
	for (size_t i = 0; i < s->days_n; i++)
		seal_key_free(s->days[i].key);
	s->days_n = 0;
}

static struct seal_key *
hold_day(struct store *s, int64_t day, const uint8_t key[SEAL_KEY_BYTES])
{
	struct seal_key *k = seal_key_new((uint32_t)day, key);

	if (!k)
		return NULL;
	if (s->days_n == DAYS_HELD) { /* the first was used longest ago, near enough */
		seal_key_free(s->days[0].key);
		memmove(&s->days[0], &s->days[1], (DAYS_HELD - 1) * sizeof s->days[0]);
		s->days_n--;
	}
	s->days[s->days_n++] = (struct day_key){ day, k };
	return k;
}

/* NULL with f->kind FAULT_NONE: there is no such key (any more). */
static struct seal_key *
day_key(struct store *s, int64_t day, bool make, struct fault *f)
{
	struct seal_where at = { "day_key", "wrapped", day };
	uint8_t key[SEAL_KEY_BYTES];
	struct seal_key *k = NULL;
	enum store_found found;
	sqlite3_stmt *q;

	for (size_t i = 0; i < s->days_n; i++)
		if (s->days[i].day == day)
			return s->days[i].key;
	if (!(q = sql_use(s, S_DAY_GET, f)))
		return NULL;
	(void)sqlite3_bind_int64(q, 1, day);
	found = sql_row(s->db, q, "day key", f);
	if (found == STORE_FAILED)
		return NULL;
	f->kind = FAULT_NONE;
	struct buf wrapped;

	buf_init(&wrapped, 256);
	if (found == STORE_FOUND) {
		if (seal_open(s->store_key, at, sql_blob(q, 0), &wrapped) && wrapped.n == SEAL_KEY_BYTES)
			k = hold_day(s, day, (const uint8_t *)wrapped.p);
		(void)sqlite3_reset(q);
	} else if (make && seal_random(key, sizeof key) &&
	    seal_close(s->store_key, at, span_from(key, sizeof key), &wrapped) && (q = sql_use(s, S_DAY_PUT, f))) {
		(void)sqlite3_bind_int64(q, 1, day);
		sql_bind_blob(q, 2, wrapped.p, wrapped.n);
		if (sql_do(s, q, "day key", f))
			k = hold_day(s, day, key);
	}
	seal_wipe(key, sizeof key);
	buf_wipe(&wrapped);
	return k;
}

bool
keys_seal(struct store *s, int64_t day, struct seal_where at, struct span plain, struct fault *f)
{
	struct seal_key *k = day_key(s, day, true, f);

	buf_reset(&s->scratch);
	if (k && seal_close(k, at, plain, &s->scratch))
		return true;
	return f->kind != FAULT_NONE && !k ? false : fault_set(f, FAULT_BROKEN, "store: a field could not be sealed");
}

bool
keys_open(struct store *s, struct seal_where at, struct span sealed, bool *opened, struct fault *f)
{
	uint32_t id;
	struct seal_key *k;

	buf_reset(&s->scratch);
	*opened = false;
	if (!seal_peek(sealed, &id))
		return true;
	k = day_key(s, id, false, f);
	if (!k)
		return f->kind == FAULT_NONE;
	*opened = seal_open(k, at, sealed, &s->scratch);
	return true;
}

bool
keys_destroy(struct store *s, int64_t day, struct fault *f)
{
	static const enum statement both[] = { S_DAY_BLANK, S_DAY_DROP };

	for (size_t i = 0; i < 2; i++) {
		sqlite3_stmt *q = sql_use(s, both[i], f);

		if (!q)
			return false;
		(void)sqlite3_bind_int64(q, 1, day);
		if (!sql_do(s, q, "day key", f))
			return false;
	}
	for (size_t i = 0; i < s->days_n; i++)
		if (s->days[i].day == day) {
			seal_key_free(s->days[i].key);
			s->days[i] = s->days[--s->days_n];
			break;
		}
	return true;
}

/* ---- marks ---- */

bool
store_mark(struct store *s, const char *purpose, struct span value, uint8_t out[MARK_BYTES], struct fault *f)
{
	return mark_make(s->marks, purpose, value, out) || fault_set(f, FAULT_BROKEN, "store: a mark could not be made");
}
