/* backup.c - a copy of the whole store, made a little at a time beside its work; and whether a copy is whole. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/page_vfs.h"
#include "store/sqlite/sql.h"

#define PORTION 32 /* pages */
#define PATH_BYTES 4096

struct backup {
	char path[PATH_BYTES];
	sqlite3 *db;            /* the copy */
	sqlite3_backup *copying;
};

/* ---- made ---- */

static bool
make_file(const char *path, struct fault *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST)
		return fault_set(f, FAULT_OPERATOR, "%s is there already: a backup never takes the place of another file", path);
	if (fd < 0)
		return fault_set(f, FAULT_OPERATOR, "%s cannot be made: %s; nudged itself writes it, so its user must be allowed to; "
		    "under systemd: a folder of ReadWritePaths=, /var/lib/nudge-backup is one", path, strerror(errno));
	(void)close(fd);
	return true;
}

bool
store_backup_begin(struct store *s, const char *path, struct backup **out, struct fault *f)
{
	struct backup *b;

	if (strlen(path) >= sizeof b->path)
		return fault_set(f, FAULT_OPERATOR, "backup: the path is too long");
	if (!(b = calloc(1, sizeof *b)))
		return fault_set(f, FAULT_BUSY, "out of memory");
	(void)snprintf(b->path, sizeof b->path, "%s", path);
	if (!make_file(path, f)) {
		free(b);
		return false;
	}
	/* It is synced and opened again when it is whole; until then a crash makes it worthless anyway. */
	if (sqlite3_open_v2(path, &b->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, PAGE_VFS) != SQLITE_OK ||
	    sqlite3_exec(b->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK ||
	    !(b->copying = sqlite3_backup_init(b->db, "main", s->db, "main"))) {
		(void)fault_set(f, FAULT_OPERATOR, "backup: %s: %s", path, b->db ? sqlite3_errmsg(b->db) : "out of memory");
		store_backup_end(b, false);
		return false;
	}
	*out = b;
	return true;
}

bool
store_backup_step(struct backup *b, bool *done, struct fault *f)
{
	int rc = sqlite3_backup_step(b->copying, PORTION);

	*done = rc == SQLITE_DONE;
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return true;
	return fault_set(f, FAULT_OPERATOR, "backup: %s: %s", b->path,
	    (rc & 0xff) == SQLITE_FULL ? "no space left on that disk" : sqlite3_errstr(rc));
}

void
store_backup_end(struct backup *b, bool keep)
{
	if (!b)
		return;
	if (b->copying)
		(void)sqlite3_backup_finish(b->copying);
	(void)sqlite3_close(b->db);
	if (!keep)
		(void)unlink(b->path);
	free(b);
}

/* ---- looked at ---- */

static bool
sync_file(const char *path, struct fault *f)
{
	char folder[PATH_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), dir;
	bool ok;

	(void)snprintf(folder, sizeof folder, "%s", path);
	dir = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && dir >= 0 && fsync(fd) == 0 && fsync(dir) == 0;
	if (!ok)
		(void)fault_set(f, FAULT_OPERATOR, "backup: %s: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	if (dir >= 0)
		(void)close(dir);
	return ok;
}

/* As a URI, so that opening it makes no files beside it. */
static bool
open_copy(const char *path, sqlite3 **db, struct fault *f)
{
	struct buf uri;
	int rc;

	buf_init(&uri, 3 * PATH_BYTES + 32);
	(void)buf_add_text(&uri, "file:");
	for (const char *p = path; *p; p++)
		(void)(strchr("?#%", *p) ? buf_addf(&uri, "%%%02x", (unsigned char)*p) : buf_add_char(&uri, *p));
	(void)buf_add_text(&uri, "?immutable=1");
	rc = page_vfs_ready() && buf_add_char(&uri, '\0') ?
	    sqlite3_open_v2(uri.p, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, PAGE_VFS) : SQLITE_NOMEM;
	buf_clear(&uri);
	return rc == SQLITE_OK || fault_set(f, FAULT_OPERATOR, "backup: %s: %s", path, sqlite3_errstr(rc));
}

static bool
is_whole(sqlite3 *db, struct fault *f)
{
	sqlite3_stmt *q = NULL;
	bool whole = false;

	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		whole = strcmp((const char *)sqlite3_column_text(q, 0), "ok") == 0;
	if (!whole)
		(void)fault_set(f, FAULT_OPERATOR, "backup: the copy is damaged: %.150s",
		    q && sqlite3_column_text(q, 0) ? (const char *)sqlite3_column_text(q, 0) : sqlite3_errmsg(db));
	(void)sqlite3_finalize(q);
	return whole;
}

static bool
count(sqlite3 *db, const char *sql, int64_t *n, struct fault *f)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
	bool ok = rc == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;

	if (ok)
		*n = sqlite3_column_int64(q, 0);
	else
		(void)fault_set(f, FAULT_OPERATOR, "backup: %s", sqlite3_errmsg(db));
	(void)sqlite3_finalize(q);
	return ok;
}

/* Every sealed field of a column is opened, and forgotten at once. */
static bool
open_fields(struct store *s, const struct sealed_place *p, struct backup_seen *seen, struct fault *f)
{
	char sql[128];
	sqlite3_stmt *q = NULL;
	enum store_found found = STORE_FAILED;
	bool ok, opened;

	(void)snprintf(sql, sizeof sql, "SELECT %s, %s FROM %s WHERE %s IS NOT NULL", p->row, p->column, p->table,
	    p->column);
	ok = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK || sql_failed(s->db, sqlite3_errcode(s->db), "backup", f);
	while (ok && (found = sql_row(s->db, q, "backup", f)) == STORE_FOUND) {
		struct seal_where at = { p->table, p->column, sqlite3_column_int64(q, 0) };

		if (sqlite3_column_bytes(q, 1) == 0)
			continue;
		ok = keys_open(s, at, sql_blob(q, 1), &opened, f);
		if (s->scratch.p)
			seal_wipe(s->scratch.p, s->scratch.n);
		seen->sealed++;
		seen->unreadable += !opened;
	}
	(void)sqlite3_finalize(q);
	return ok && found != STORE_FAILED;
}

static bool
look(struct store *s, const char *path, struct backup_seen *out, struct fault *f)
{
	struct stat st;
	bool ok = stat(path, &st) == 0 && is_whole(s->db, f) && keys_load(s, false, f) &&
	    count(s->db, "SELECT count(*) FROM appointment", &out->appointments, f) &&
	    count(s->db, "SELECT count(*) FROM text", &out->texts, f) &&
	    count(s->db, "SELECT count(*) FROM optout", &out->optouts, f) &&
	    count(s->db, "SELECT ifnull(max(value), 0) FROM setting WHERE name = 'journal'", &out->journal, f);

	for (size_t i = 0; ok && i < SEALED_PLACES; i++)
		ok = open_fields(s, &sealed_places[i], out, f);
	if (ok)
		out->bytes = st.st_size;
	return ok;
}

bool
store_backup_check(const char *path, const uint8_t *key, size_t old_keys_n, struct backup_seen *out, struct fault *f)
{
	struct store *s = calloc(1, sizeof *s);
	bool ok;

	*out = (struct backup_seen){ 0 };
	if (!s)
		return fault_set(f, FAULT_BUSY, "out of memory");
	s->lock = -1;
	buf_init(&s->scratch, 4u << 20 << 3);
	ok = keys_give(s, key, 1 + old_keys_n, f) && sync_file(path, f) && open_copy(path, &s->db, f) && look(s, path, out, f);
	store_close(s);
	return ok;
}
