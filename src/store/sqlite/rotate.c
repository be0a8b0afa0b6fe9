/* rotate.c - another store key: what it wraps is wrapped anew at once, what those keys seal in portions. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "store/sqlite/sql.h"

#define ROWS 512           /* looked at in a portion */
#define BYTES (1 << 20)    /* and sealed anew */
#define TURNS_MAX 1000     /* what a key's id has room for */

const struct sealed_place sealed_places[SEALED_PLACES] = {
	{ "appointment", "phone", "id" }, { "appointment", "link", "id" }, { "appointment", "said", "id" },
	{ "appointment", "place", "id" }, { "appointment", "adult", "id" }, { "body", "sealed", "text" },
	{ "response", "phone", "id" }, { "quarantine", "raw", "id" }, { "sample", "raw", "id" },
};

/* ---- what is known of it ---- */

static const struct { const char *name; size_t at; } kept[] = {
	{ "key began", offsetof(struct store_rotation, began_s) }, { "key ended", offsetof(struct store_rotation, ended_s) },
	{ "key sealed", offsetof(struct store_rotation, sealed) }, { "key unreadable", offsetof(struct store_rotation, unreadable) },
	{ "key place", offsetof(struct store_rotation, place) }, { "key after", offsetof(struct store_rotation, after) },
	{ "key told", offsetof(struct store_rotation, told_s) },
};

static int64_t *
kept_at(struct store_rotation *r, size_t i)
{
	return (int64_t *)(void *)((char *)r + kept[i].at);
}

bool
rotation_load(struct store *s, struct fault *f)
{
	struct store_rotation r = { .key = seal_key_id(s->keys->store), .turn = s->keys->turn };

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (!store_setting_get(s, kept[i].name, kept_at(&r, i), f))
			return false;
	r.running = r.began_s != 0 && r.ended_s == 0;
	s->rotation = s->rotation_before = r;
	return true;
}

static bool
keep(struct store *s, struct fault *f)
{
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (!store_setting_put(s, kept[i].name, *kept_at(&s->rotation, i), f))
			return false;
	return true;
}

void
store_rotation_look(const struct store *s, struct store_rotation *out)
{
	int64_t last = s->next_appointment;

	*out = s->rotation;
	if (s->rotation.place == 5) /* bodies go by texts */
		last *= STORE_TEXTS_OF_ONE;
	out->percent = (int)(100 * s->rotation.place / SEALED_PLACES);
	if (s->rotation.place <= 5 && last > 0 && s->rotation.after < last)
		out->percent += (int)(100 * (s->rotation.after / (double)last) / SEALED_PLACES);
	if (!s->rotation.running)
		out->percent = 100;
}

/* ---- begun ---- */

static bool
new_optout_key(struct store *s, struct seal_key *store, struct fault *f)
{
	char name[48];
	uint32_t chance;

	if (!seal_random(&chance, sizeof chance))
		return fault_set(f, FAULT_BROKEN, "the system gives no random bytes");
	(void)snprintf(name, sizeof name, OPTOUT_KEYS "%04lld/%08x", (long long)s->keys->turn + 1, chance);
	return keyring_make(s, store, name, f);
}

bool
store_rotate(struct store *s, const uint8_t key[SEAL_KEY_BYTES], int64_t now_s, struct fault *f)
{
	struct seal_key *store;
	struct keys *next;
	uint32_t name;

	if (!seal_name(key, &name))
		return fault_set(f, FAULT_BROKEN, "out of memory");
	if (s->rotation.running)
		return fault_set(f, FAULT_OPERATOR, "a rotation is under way; see nudgectl status");
	if (name == s->rotation.key)
		return fault_set(f, FAULT_OPERATOR, "store_key is key %08x, which opens this store already: make another with nudgectl keygen, "
		    "name it as store_key and the one before in old_store_keys, then nudgectl reload", name);
	if (s->keys->turn >= TURNS_MAX)
		return fault_set(f, FAULT_OPERATOR, "this store had %d keys, and can have no more", TURNS_MAX);
	if (!(store = seal_key_new(name, key)))
		return fault_set(f, FAULT_BUSY, "out of memory");
	if (!keys_rewrap(s, store, f) || !new_optout_key(s, store, f) || !store_setting_put(s, "key turn", s->keys->turn + 1, f)) {
		seal_key_free(store);
		return false;
	}
	if (!(next = keys_under(s, store, f)))
		return false;
	s->keys_before = s->keys;
	s->keys = next;
	s->rotation = (struct store_rotation){ .running = true, .key = name, .turn = next->turn, .began_s = now_s };
	return keep(s, f);
}

/* ---- in portions ---- */

static bool
seal_again(struct store *s, const struct sealed_place *p, int64_t row, int64_t day, sqlite3_stmt *put, struct span sealed,
    struct fault *f)
{
	struct seal_where at = { p->table, p->column, row };
	struct buf plain;
	bool ok, opened;

	ok = keys_open(s, at, sealed, &opened, f);
	if (!ok || !opened) { /* damaged, or its day is over: nobody can read it, and it stays so */
		s->rotation.unreadable += ok;
		return ok;
	}
	plain = s->scratch;
	buf_init(&s->scratch, plain.max);
	ok = keys_seal(s, day, at, buf_span(&plain), f);
	buf_wipe(&plain);
	if (!ok)
		return false;
	sql_bind_blob(put, 1, s->scratch.p, s->scratch.n);
	(void)sqlite3_bind_int64(put, 2, row);
	ok = sql_do(s, put, "rotation", f);
	(void)sqlite3_reset(put);
	s->rotation.sealed += ok;
	return ok;
}

static bool
prepare(struct store *s, const struct sealed_place *p, sqlite3_stmt **list, sqlite3_stmt **put, struct fault *f)
{
	char sql[160];
	int rc;

	(void)snprintf(sql, sizeof sql, "SELECT %s, %s FROM %s WHERE %s > ?1 ORDER BY %s LIMIT %d", p->row, p->column, p->table, p->row,
	    p->row, ROWS);
	rc = sqlite3_prepare_v2(s->db, sql, -1, list, NULL);
	(void)snprintf(sql, sizeof sql, "UPDATE %s SET %s = ?1 WHERE %s = ?2", p->table, p->column, p->row);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(s->db, sql, -1, put, NULL);
	return rc == SQLITE_OK || sql_failed(s->db, rc, "rotation", f);
}

/* Some rows of one column. *wrote: within a transaction. */
static bool
portion(struct store *s, const struct sealed_place *p, bool *wrote, bool *end, struct fault *f)
{
	sqlite3_stmt *list = NULL, *put = NULL;
	enum store_found found = STORE_FAILED;
	int64_t day, turn, bytes = 0;
	int rows = 0;
	bool ok = prepare(s, p, &list, &put, f);

	if (ok)
		(void)sqlite3_bind_int64(list, 1, s->rotation.after);
	while (ok && bytes < BYTES && (found = sql_row(s->db, list, "rotation", f)) == STORE_FOUND) {
		struct span sealed = sql_blob(list, 1);

		rows++;
		s->rotation.after = sqlite3_column_int64(list, 0);
		if (!keys_peek(sealed, &day, &turn) || turn == s->keys->turn)
			continue;
		bytes += (int64_t)sealed.n;
		ok = store_begin(s, f) && seal_again(s, p, s->rotation.after, day, put, sealed, f);
		*wrote = true;
	}
	*end = found == STORE_NONE && rows < ROWS;
	(void)sqlite3_finalize(list);
	(void)sqlite3_finalize(put);
	return ok && found != STORE_FAILED;
}

/* What was written, where it stands, and the end of old keys are in one transaction. */
bool
store_reseal(struct store *s, int64_t now_s, bool *done, struct fault *f)
{
	bool wrote = false, end = false;

	*done = !s->rotation.running;
	if (*done)
		return true;
	if (!portion(s, &sealed_places[s->rotation.place], &wrote, &end, f))
		return false;
	if (end) {
		s->rotation.place++;
		s->rotation.after = 0;
		wrote = true;
	}
	if (s->rotation.place == SEALED_PLACES) {
		s->rotation.running = false;
		s->rotation.ended_s = now_s;
		*done = true;
		if (!store_begin(s, f) || !keys_destroy(s, -1, s->keys->turn, f))
			return false;
	}
	return !wrote || (store_begin(s, f) && keep(s, f));
}

bool
store_rotation_told(struct store *s, int64_t now_s, struct fault *f)
{
	s->rotation.told_s = now_s;
	return store_begin(s, f) && keep(s, f);
}

/* ---- the send journal's part ---- */

bool
store_optout_keys(struct store *s, store_optout_key_fn *fn, void *ctx, struct fault *f)
{
	char name[64] = OPTOUT_KEYS;
	enum store_found found;
	sqlite3_stmt *q;

	for (;;) {
		if (!(q = sql_use(s, S_KEYRING_NEXT, f)))
			return false;
		sql_bind_text(q, 1, name);
		if ((found = sql_row(s->db, q, "key", f)) != STORE_FOUND)
			return found == STORE_NONE;
		sql_text(q, 0, name, sizeof name);
		if (strncmp(name, OPTOUT_KEYS, sizeof OPTOUT_KEYS - 1) == 0 && sql_blob(q, 1).n == STORE_WRAPPED)
			fn(ctx, name, (const uint8_t *)sql_blob(q, 1).p);
		(void)sqlite3_reset(q);
	}
}

static enum store_found
is_there(struct store *s, const char *name, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_KEYRING_GET, f);
	enum store_found found;

	if (!q)
		return STORE_FAILED;
	sql_bind_text(q, 1, name);
	found = sql_row(s->db, q, "key", f);
	(void)sqlite3_reset(q);
	return found;
}

/* The ring with one more of it. */
static bool
take_in(struct store *s, const char *name, struct span key, struct fault *f)
{
	struct seal_key *store = seal_key_copy(s->keys->store);
	struct buf wrapped;
	struct keys *next;
	bool ok;

	buf_init(&wrapped, 256);
	ok = store && seal_close(store, (struct seal_where){ "keyring", name, 0 }, key, &wrapped) ?
	    keyring_put(s, name, buf_span(&wrapped), f) : fault_set(f, FAULT_BROKEN, "out of memory");
	buf_clear(&wrapped);
	if (!ok) {
		seal_key_free(store);
		return false;
	}
	if (!(next = keys_under(s, store, f)))
		return false;
	keys_drop(s->keys);
	s->keys = next;
	return true;
}

bool
store_optout_key_restore(struct store *s, const char *name, const uint8_t wrapped[STORE_WRAPPED], bool *known, struct fault *f)
{
	struct seal_where at = { "keyring", name, 0 };
	enum store_found found = is_there(s, name, f);
	struct buf plain;
	bool ok = true;

	*known = found == STORE_FOUND;
	if (found != STORE_NONE)
		return found == STORE_FOUND;
	buf_init(&plain, 256);
	for (size_t i = 0; !*known && i < s->known_n; i++)
		*known = seal_open(s->known[i], at, span_from(wrapped, STORE_WRAPPED), &plain) && plain.n == SEAL_KEY_BYTES;
	if (*known)
		ok = take_in(s, name, buf_span(&plain), f);
	buf_wipe(&plain);
	return ok;
}
