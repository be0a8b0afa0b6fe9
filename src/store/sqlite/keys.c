/* keys.c - who can read a column: the store key wraps the keys, the keys seal the fields. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/sql.h"

#define DAY_BITS 22 /* of a key's id: beyond the year 9999; the rest is the turn */
#define DAY_LAST ((1 << DAY_BITS) - 1)
#define NAME_MAX_ 64

/* ---- store keys that were given ---- */

bool
keys_give(struct store *s, const uint8_t *bytes, size_t n, struct fault *f)
{
	uint32_t name;

	for (size_t i = 0; i < n && i < STORE_KEYS_MAX; i++) {
		const uint8_t *key = bytes + i * SEAL_KEY_BYTES;

		s->known[i] = seal_name(key, &name) ? seal_key_new(name, key) : NULL;
		if (!s->known[i])
			return fault_set(f, FAULT_BROKEN, "out of memory");
		s->known_n++;
	}
	return true;
}

/* ---- keys for ever: marks and opt-outs ---- */

bool
keyring_put(struct store *s, const char *name, struct span wrapped, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_KEYRING_PUT, f);

	if (!q)
		return false;
	sql_bind_text(q, 1, name);
	sql_bind_blob(q, 2, wrapped.p, wrapped.n);
	return sql_do(s, q, "key", f);
}

bool
keyring_make(struct store *s, struct seal_key *store, const char *name, struct fault *f)
{
	struct seal_where at = { "keyring", name, 0 };
	uint8_t key[SEAL_KEY_BYTES];
	bool ok;

	buf_reset(&s->scratch);
	ok = seal_random(key, sizeof key) && seal_close(store, at, span_from(key, sizeof key), &s->scratch);
	seal_wipe(key, sizeof key);
	return ok ? keyring_put(s, name, buf_span(&s->scratch), f) : fault_set(f, FAULT_BROKEN, "store: a key could not be made");
}

static bool
not_ours(const struct store *s, struct span wrapped, struct fault *f)
{
	uint32_t is;

	if (!seal_peek(wrapped, &is))
		return fault_set(f, FAULT_BROKEN, "store: a key of the ring is damaged");
	return fault_set(f, FAULT_OPERATOR, "store_key is not the key of this store (it is key %08x, the store was sealed with key %08x); "
	    "put the file back that it was made with, or name it in old_store_keys", s->known_n > 0 ? seal_key_id(s->known[0]) : 0, is);
}

/* One of the ring: `name` holds the one before, and then its own. */
static enum store_found
keyring_next(struct store *s, char name[NAME_MAX_], sqlite3_stmt **out, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_KEYRING_NEXT, f);
	enum store_found found;

	*out = q;
	if (!q)
		return STORE_FAILED;
	sql_bind_text(q, 1, name);
	found = sql_row(s->db, q, "key", f);
	if (found == STORE_FOUND)
		sql_text(q, 0, name, NAME_MAX_);
	return found;
}

static bool
add_optouts(struct keys *k, struct mark_key *key)
{
	struct mark_key **grown = key ? realloc(k->optouts, (k->optouts_n + 1) * sizeof(struct mark_key *)) : NULL;

	if (!grown) {
		mark_key_free(key);
		return false;
	}
	k->optouts = grown;
	memmove(&grown[1], &grown[0], k->optouts_n * sizeof(struct mark_key *));
	grown[0] = key;
	k->optouts_n++;
	return true;
}

static bool
take_ring(struct store *s, struct keys *k, struct fault *f)
{
	char name[NAME_MAX_] = "";
	enum store_found found;
	sqlite3_stmt *q;

	while ((found = keyring_next(s, name, &q, f)) == STORE_FOUND) {
		bool ok;

		buf_reset(&s->scratch);
		ok = seal_open(k->store, (struct seal_where){ "keyring", name, 0 }, sql_blob(q, 1), &s->scratch) &&
		    s->scratch.n == SEAL_KEY_BYTES;
		if (!ok)
			(void)not_ours(s, sql_blob(q, 1), f);
		(void)sqlite3_reset(q);
		if (!ok)
			return false;
		if (strncmp(name, OPTOUT_KEYS, sizeof OPTOUT_KEYS - 1) == 0)
			ok = add_optouts(k, mark_key_new((const uint8_t *)s->scratch.p, SEAL_KEY_BYTES));
		else if (strcmp(name, "marks") == 0)
			ok = (k->marks = mark_key_new((const uint8_t *)s->scratch.p, SEAL_KEY_BYTES)) != NULL;
		seal_wipe(s->scratch.p, s->scratch.n);
		if (!ok)
			return fault_set(f, FAULT_BROKEN, "out of memory");
	}
	return found == STORE_NONE;
}

struct keys *
keys_under(struct store *s, struct seal_key *store, struct fault *f)
{
	struct keys *k = calloc(1, sizeof *k);

	if (!k) {
		seal_key_free(store);
		(void)fault_set(f, FAULT_BROKEN, "out of memory");
		return NULL;
	}
	k->store = store;
	if (take_ring(s, k, f) && store_setting_get(s, "key turn", &k->turn, f)) {
		if (k->marks && k->optouts_n > 0 && k->turn > 0)
			return k;
		(void)fault_set(f, FAULT_BROKEN, "store: a key is missing");
	}
	keys_drop(k);
	return NULL;
}

/* The given one that opens the ring; the first when none does, for its fault. */
static size_t
key_that_opens(struct store *s, struct fault *f)
{
	char name[NAME_MAX_] = "";
	sqlite3_stmt *q;
	size_t opens = 0;

	if (keyring_next(s, name, &q, f) != STORE_FOUND)
		return 0;
	for (size_t i = 0; i < s->known_n; i++) {
		buf_reset(&s->scratch);
		if (seal_open(s->known[i], (struct seal_where){ "keyring", name, 0 }, sql_blob(q, 1), &s->scratch))
			opens = i;
		seal_wipe(s->scratch.p, s->scratch.n);
	}
	(void)sqlite3_reset(q);
	return opens;
}

bool
keys_load(struct store *s, bool fresh, struct fault *f)
{
	struct seal_key *store;

	assert(s->known_n > 0);
	if (fresh && (!store_setting_put(s, "key turn", 1, f) || !keyring_make(s, s->known[0], "marks", f) ||
	        !keyring_make(s, s->known[0], OPTOUT_KEYS "0001/", f)))
		return false;
	store = seal_key_copy(s->known[key_that_opens(s, f)]);
	if (!store)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	s->keys = keys_under(s, store, f);
	return s->keys && rotation_load(s, f);
}

void
keys_drop(struct keys *k)
{
	if (!k)
		return;
	seal_key_free(k->store);
	mark_key_free(k->marks);
	for (size_t i = 0; i < k->optouts_n; i++)
		mark_key_free(k->optouts[i]);
	free(k->optouts);
	free(k);
}

void
keys_settle(struct store *s, bool committed)
{
	if (committed) {
		keys_drop(s->keys_before);
		s->rotation_before = s->rotation;
	} else {
		if (s->keys_before) {
			keys_drop(s->keys);
			s->keys = s->keys_before;
		}
		s->rotation = s->rotation_before;
	}
	s->keys_before = NULL;
}

void
keys_free(struct store *s)
{
	keys_drop(s->keys);
	keys_drop(s->keys_before);
	for (size_t i = 0; i < s->known_n; i++)
		seal_key_free(s->known[i]);
	keys_forget_days(s);
}

/* Each is written in its own place: the old bytes are overwritten. */
static bool
rewrap(struct store *s, struct seal_where at, struct span wrapped, struct seal_key *store, struct buf *out, struct fault *f)
{
	bool ok;

	buf_reset(&s->scratch);
	buf_reset(out);
	ok = seal_open(s->keys->store, at, wrapped, &s->scratch) && seal_close(store, at, buf_span(&s->scratch), out);
	if (s->scratch.p)
		seal_wipe(s->scratch.p, s->scratch.n);
	return ok || fault_set(f, FAULT_BROKEN, "store: a key could not be wrapped anew");
}

static bool
rewrap_ring(struct store *s, struct seal_key *store, struct buf *out, struct fault *f)
{
	char name[NAME_MAX_] = "";
	enum store_found found;
	sqlite3_stmt *q;

	while ((found = keyring_next(s, name, &q, f)) == STORE_FOUND) {
		bool ok = rewrap(s, (struct seal_where){ "keyring", name, 0 }, sql_blob(q, 1), store, out, f);

		(void)sqlite3_reset(q);
		if (!ok || !keyring_put(s, name, buf_span(out), f))
			return false;
	}
	return found == STORE_NONE;
}

static bool
put_day(struct store *s, int64_t day, int64_t turn, struct span wrapped, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_DAY_PUT, f);

	if (!q)
		return false;
	(void)sqlite3_bind_int64(q, 1, day);
	(void)sqlite3_bind_int64(q, 2, turn);
	sql_bind_blob(q, 3, wrapped.p, wrapped.n);
	return sql_do(s, q, "day key", f);
}

static uint32_t
id_of(int64_t day, int64_t turn)
{
	return (uint32_t)turn << DAY_BITS | (uint32_t)day;
}

bool
keys_rewrap(struct store *s, struct seal_key *store, struct fault *f)
{
	int64_t day = -1, turn = 0;
	enum store_found found = STORE_FAILED;
	struct buf out;
	bool ok;

	buf_init(&out, 256);
	ok = rewrap_ring(s, store, &out, f);
	while (ok) {
		sqlite3_stmt *q = sql_use(s, S_DAY_NEXT, f);

		if (!q)
			break;
		(void)sqlite3_bind_int64(q, 1, day);
		(void)sqlite3_bind_int64(q, 2, turn);
		if ((found = sql_row(s->db, q, "day key", f)) != STORE_FOUND)
			break;
		day = sqlite3_column_int64(q, 0);
		turn = sqlite3_column_int64(q, 1);
		ok = rewrap(s, (struct seal_where){ "day_key", "wrapped", id_of(day, turn) }, sql_blob(q, 2), store, &out, f);
		(void)sqlite3_reset(q);
		ok = ok && put_day(s, day, turn, buf_span(&out), f);
	}
	buf_clear(&out);
	return ok && found == STORE_NONE;
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
hold_day(struct store *s, uint32_t id, const uint8_t key[SEAL_KEY_BYTES])
{
	struct seal_key *k = seal_key_new(id, key);

	if (!k)
		return NULL;
	if (s->days_n == DAYS_HELD) { /* the first was used longest ago, near enough */
		seal_key_free(s->days[0].key);
		memmove(&s->days[0], &s->days[1], (DAYS_HELD - 1) * sizeof s->days[0]);
		s->days_n--;
	}
	s->days[s->days_n++] = (struct day_key){ id, k };
	return k;
}

static bool
make_day(struct store *s, uint32_t id, uint8_t key[SEAL_KEY_BYTES], struct fault *f)
{
	struct seal_where at = { "day_key", "wrapped", id };
	struct buf wrapped;
	bool ok;

	buf_init(&wrapped, 256);
	ok = seal_random(key, SEAL_KEY_BYTES) && seal_close(s->keys->store, at, span_from(key, SEAL_KEY_BYTES), &wrapped) &&
	    put_day(s, id & DAY_LAST, id >> DAY_BITS, buf_span(&wrapped), f);
	buf_clear(&wrapped);
	return ok;
}

/* NULL with f->kind FAULT_NONE: there is no such key (any more). */
static struct seal_key *
day_key(struct store *s, uint32_t id, bool make, struct fault *f)
{
	struct seal_where at = { "day_key", "wrapped", id };
	uint8_t key[SEAL_KEY_BYTES];
	struct seal_key *k = NULL;
	enum store_found found;
	struct buf opened;
	sqlite3_stmt *q;

	for (size_t i = 0; i < s->days_n; i++)
		if (s->days[i].id == id)
			return s->days[i].key;
	if (!(q = sql_use(s, S_DAY_GET, f)))
		return NULL;
	(void)sqlite3_bind_int64(q, 1, id & DAY_LAST);
	(void)sqlite3_bind_int64(q, 2, id >> DAY_BITS);
	found = sql_row(s->db, q, "day key", f);
	if (found == STORE_FAILED)
		return NULL;
	f->kind = FAULT_NONE;
	buf_init(&opened, 256);
	if (found == STORE_FOUND) {
		bool whole = seal_open(s->keys->store, at, sql_blob(q, 0), &opened) && opened.n == SEAL_KEY_BYTES;

		k = whole ? hold_day(s, id, (const uint8_t *)opened.p) : NULL;
		(void)sqlite3_reset(q);
		if (!k && (whole || opened.spoilt)) /* it is there: what it closes is not lost */
			(void)fault_set(f, FAULT_BUSY, "store: out of memory");
	} else if (make && make_day(s, id, key, f)) {
		k = hold_day(s, id, key);
	}
	seal_wipe(key, sizeof key);
	buf_wipe(&opened);
	return k;
}

bool
keys_seal(struct store *s, int64_t day, struct seal_where at, struct span plain, struct fault *f)
{
	int64_t within = day < 0 ? 0 : day > DAY_LAST ? DAY_LAST : day;
	struct seal_key *k = day_key(s, id_of(within, s->keys->turn), true, f);

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
	return *opened || !s->scratch.spoilt || fault_set(f, FAULT_BUSY, "store: out of memory");
}

bool
keys_peek(struct span sealed, int64_t *day, int64_t *turn)
{
	uint32_t id;

	if (!seal_peek(sealed, &id))
		return false;
	*day = id & DAY_LAST;
	*turn = id >> DAY_BITS;
	return true;
}

bool
keys_destroy(struct store *s, int64_t day, int64_t before_turn, struct fault *f)
{
	static const enum statement both[] = { S_DAY_BLANK, S_DAY_DROP };

	for (size_t i = 0; i < 2; i++) {
		sqlite3_stmt *q = sql_use(s, both[i], f);

		if (!q)
			return false;
		(void)sqlite3_bind_int64(q, 1, day);
		(void)sqlite3_bind_int64(q, 2, before_turn);
		if (!sql_do(s, q, "day key", f))
			return false;
	}
	for (size_t i = 0; i < s->days_n;) {
		uint32_t id = s->days[i].id;

		if ((day >= 0 && (id & DAY_LAST) != day) || id >> DAY_BITS >= before_turn) {
			i++;
			continue;
		}
		seal_key_free(s->days[i].key);
		s->days[i] = s->days[--s->days_n];
	}
	return true;
}

/* ---- marks ---- */

bool
store_mark(struct store *s, const char *purpose, struct span value, uint8_t out[MARK_BYTES], struct fault *f)
{
	return mark_make(s->keys->marks, purpose, value, out) || fault_set(f, FAULT_BROKEN, "store: a mark could not be made");
}
