/* open.c - the database file: made, migrated, proven to be ours; the transaction. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/builtin.h"
#include "store/sqlite/log_look.h"
#include "store/sqlite/page_vfs.h"
#include "store/sqlite/sql.h"

#define PATH_MAX_ 4096
/* Between two checkpoints lie some commits: each page that several wrote is copied once, and few commits wait for it. */
#define LOG_PAGES_FEW 200
#define LOG_COMMITS_MANY 8
#define RECENT 32768 /* some 200 bytes each in memory, and read at a start; the more of them, the fewer pages their entries go to */
#define LOG_PAGES_MANY 4000

static bool
directory_ok(const char *directory, struct fault *f)
{
	struct stat st;

	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		return fault_set(f, fault_kind_of(errno), "state_directory %s cannot be made: %s", directory, strerror(errno));
	if (stat(directory, &st) != 0)
		return fault_set(f, fault_kind_of(errno), "state_directory %s: %s; make it with: install -d -m 0700 -o nudge %s",
		    directory, strerror(errno), directory);
	if (!S_ISDIR(st.st_mode))
		return fault_set(f, FAULT_OPERATOR, "state_directory %s is not a directory", directory);
	/* Its files are closed to others; who may write here could put others in their place. */
	if (st.st_mode & S_IWOTH)
		return fault_set(f, FAULT_OPERATOR, "state_directory %s can be written by everybody; mend it with: chmod 0700 %s",
		    directory, directory);
	return true;
}

/* One nudged per state directory: a second one would be a second writer. */
static bool
take_lock(struct store *s, const char *directory, struct fault *f)
{
	char path[PATH_MAX_];

	if (snprintf(path, sizeof path, "%s/" STORE_LOCK, directory) >= (int)sizeof path)
		return fault_set(f, FAULT_OPERATOR, "state_directory is too long");
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return fault_set(f, fault_kind_of(errno), "%s: %s", path, strerror(errno));
	if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
		return fault_set(f, FAULT_OPERATOR, "another nudged uses %s; stop it first", directory);
	return true;
}

static bool
execute(sqlite3 *db, const char *sql, const char *doing, struct fault *f)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ||
	    (fault_set(f, FAULT_BROKEN, "%s: %s", doing, sqlite3_errmsg(db)), false);
}

/* Sets, then reads back: a pragma that is not understood is no error to SQLite. */
static bool
pragma(sqlite3 *db, const char *set, const char *get, const char *want, struct fault *f)
{
	sqlite3_stmt *q = NULL;
	bool same = false;

	if (!execute(db, set, set, f))
		return false;
	if (sqlite3_prepare_v2(db, get, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) {
		const char *is = (const char *)sqlite3_column_text(q, 0);

		same = is && strcmp(is, want) == 0;
	}
	(void)sqlite3_finalize(q);
	return same || fault_set(f, FAULT_BROKEN, "%s has no effect here", set);
}

static bool
set_up(sqlite3 *db, struct fault *f)
{
	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	/* Before there is a table, or never: room is given back in portions, without a rewrite of the whole. */
	return execute(db, "PRAGMA auto_vacuum = INCREMENTAL", "auto_vacuum", f) &&
	    pragma(db, "PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal", f) &&
	    pragma(db, "PRAGMA synchronous = FULL", "PRAGMA synchronous", "2", f) &&
	    pragma(db, "PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint", "0", f) &&
	    pragma(db, "PRAGMA secure_delete = ON", "PRAGMA secure_delete", "1", f) &&
	    execute(db, "PRAGMA temp_store = MEMORY", "temp_store", f) &&
	    execute(db, "PRAGMA trusted_schema = OFF", "trusted_schema", f) &&
	    execute(db, "PRAGMA cell_size_check = ON", "cell_size_check", f) &&
	    execute(db, "PRAGMA cache_size = -16384", "cache_size", f);
}

static int
user_version(sqlite3 *db)
{
	sqlite3_stmt *q = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		version = sqlite3_column_int(q, 0);
	(void)sqlite3_finalize(q);
	return version;
}

/* Migrations are files of the source tree, numbered, each applied once. */
static bool
migrate(sqlite3 *db, struct fault *f)
{
	int version = user_version(db), newest = 0;

	for (const struct builtin *b = builtins; b->path; b++) {
		int number = 0;
		char bump[64];

		if (sscanf(b->path, "schemas/sqlite/%4d_", &number) != 1)
			continue;
		newest = number > newest ? number : newest;
		if (number <= version)
			continue;
		(void)snprintf(bump, sizeof bump, "PRAGMA user_version = %d", number);
		if (!execute(db, "BEGIN IMMEDIATE", "migration", f) || !execute(db, b->text, b->path, f) ||
		    !execute(db, bump, b->path, f) || !execute(db, "COMMIT", b->path, f))
			return false;
	}
	if (version > newest)
		return fault_set(f, FAULT_OPERATOR, "the store was written by a newer nudged (schema %d, this one knows %d)",
		    version, newest);
	return true;
}

/* No stamp yet: keys and stamp come in one transaction, which the end of a
 * first start may have left out. */
static bool
is_fresh(sqlite3 *db, bool *fresh, struct fault *f)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT 1 FROM environment LIMIT 1", -1, &q, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	*fresh = rc == SQLITE_DONE;
	(void)sqlite3_finalize(q);
	return rc == SQLITE_DONE || rc == SQLITE_ROW || fault_set(f, FAULT_BROKEN, "the stamp cannot be read: %s", sqlite3_errmsg(db));
}

static const struct conf_environment *
environment_named(const struct conf *c, const char *title)
{
	for (size_t i = 0; i < c->environments_n; i++)
		if (strcmp(c->environments[i].title, title) == 0)
			return &c->environments[i];
	return NULL;
}

/* A copy of a production store must not text patients from somewhere else. */
static bool
stamp_agrees(struct store *s, const struct conf *c, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_ENVIRONMENT_LIST, f);
	enum store_found found = STORE_FAILED;
	bool ok = q != NULL;

	while (ok && (found = sql_row(s->db, q, "stamp", f)) == STORE_FOUND) {
		char title[256], organization[256];
		bool production = sqlite3_column_int(q, 1) != 0;
		const struct conf_environment *e;

		sql_text(q, 0, title, sizeof title);
		sql_text(q, 2, organization, sizeof organization);
		e = environment_named(c, title);
		if (!e && !production)
			continue;
		if (!e || e->production != production || strcmp(e->organization->title, organization) != 0)
			ok = fault_set(f, FAULT_OPERATOR,
			    "the store in %s belongs to the %s environment \"%s\" of organization \"%s\", and this "
			    "configuration has no such environment; use an empty state_directory for another environment",
			    c->state_directory, production ? "production" : "test", title, organization);
	}
	if (q)
		(void)sqlite3_reset(q);
	return ok && found != STORE_FAILED;
}

static bool
stamp(struct store *s, const struct conf *c, struct fault *f)
{
	for (size_t i = 0; i < c->environments_n; i++) {
		sqlite3_stmt *q = sql_use(s, S_ENVIRONMENT_PUT, f);

		if (!q)
			return false;
		sql_bind_text(q, 1, c->environments[i].title);
		(void)sqlite3_bind_int(q, 2, c->environments[i].production);
		sql_bind_text(q, 3, c->environments[i].organization->title);
		if (!sql_do(s, q, "stamp", f))
			return false;
	}
	return true;
}

static bool
last_id(struct store *s, struct fault *f)
{
	sqlite3_stmt *q = sql_use(s, S_APPOINTMENT_LAST, f);

	if (!q || sql_row(s->db, q, "ids", f) == STORE_FAILED)
		return false;
	s->last_put = sqlite3_column_int64(q, 0);
	s->next_appointment = s->last_put + 1;
	(void)sqlite3_reset(q);
	return true;
}

static int
count_log(void *ctx, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	((struct store *)ctx)->log_pages = pages;
	((struct store *)ctx)->log_commits++;
	return SQLITE_OK;
}

static bool
open_database(struct store *s, const struct store_setup *setup, struct fault *f)
{
	char path[PATH_MAX_];
	bool fresh;
	int rc;

	if (snprintf(path, sizeof path, "%s/nudge.db", setup->directory) >= (int)sizeof path)
		return fault_set(f, FAULT_OPERATOR, "state_directory is too long");
	if (!log_look(path, f))
		return false;
	rc = page_vfs_ready() ? sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, PAGE_VFS) : SQLITE_NOMEM;
	if (rc != SQLITE_OK)
		return fault_set(f, rc == SQLITE_NOMEM ? FAULT_BUSY : fault_kind_of(sqlite3_system_errno(s->db)), "%s cannot be opened: %s", path, sqlite3_errstr(rc));
	page_vfs_reserve(s->db);
	if (chmod(path, 0600) != 0)
		return fault_set(f, fault_kind_of(errno), "%s: %s", path, strerror(errno));
	if (recent_tables(s->db, s->recent) != SQLITE_OK)
		return fault_set(f, FAULT_BUSY, "out of memory");
	if (!set_up(s->db, f) || !migrate(s->db, f) || !is_fresh(s->db, &fresh, f))
		return fault_at(f, "%s", path);
	/* The next crash must find no frames of this one's end in the log. */
	(void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	(void)sqlite3_wal_hook(s->db, count_log, s);
	if (!store_begin(s, f) || !keys_load(s, fresh, f) || !stamp_agrees(s, setup->conf, f) ||
	    !stamp(s, setup->conf, f) || !tally_load(s, f) || !quarantine_load(s, f) || !response_load(s, f) || !last_id(s, f) || !found_load(s, f) || !store_commit(s, f))
		return false;
	s->next_erasure = setup->now_s; /* looked for at once */
	return true;
}

bool
store_open(const struct store_setup *setup, struct store **out, struct fault *f)
{
	struct store *s = calloc(1, sizeof *s);

	if (!s || !(s->recent = recent_new())) {
		free(s);
		return fault_set(f, FAULT_BROKEN, "out of memory");
	}
	s->lock = -1;
	s->recent_most = setup->recent ? setup->recent : RECENT;
	buf_init(&s->scratch, 4u << 20 << 3);
	if (!keys_give(s, setup->key, 1 + setup->old_keys_n, f))
		goto fail;
	if (!directory_ok(setup->directory, f) || !take_lock(s, setup->directory, f) || !open_database(s, setup, f))
		goto fail;
	*out = s;
	return true;
fail:
	store_close(s);
	return false;
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	if (s->db)
		store_rollback(s);
	for (size_t i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(s->prepared[i]);
	(void)sqlite3_close(s->db);
	keys_free(s);
	buf_wipe(&s->scratch);
	free(s->tally);
	recent_list_free(&s->filing_list);
	recent_free(s->recent);
	if (s->lock >= 0)
		(void)close(s->lock);
	free(s);
}

/* ---- the transaction ---- */

bool
store_begin(struct store *s, struct fault *f)
{
	sqlite3_stmt *q;

	if (s->begun)
		return true;
	q = sql_use(s, S_BEGIN, f);
	s->begun = q && sql_do(s, q, "begin", f);
	s->next_before.appointment = s->next_appointment;
	s->next_before.response = s->next_response;
	s->next_before.quarantine = s->next_quarantine;
	return s->begun;
}

bool
store_begun(const struct store *s)
{
	return s->begun;
}

bool
store_commit(struct store *s, struct fault *f)
{
	sqlite3_stmt *q;

	assert(s->begun);
	q = found_file(s, f) && tally_write(s, f) && usage_write(s, f) ? sql_use(s, S_COMMIT, f) : NULL;
	if (!q || !sql_do(s, q, "commit", f)) {
		store_rollback(s);
		return false;
	}
	s->begun = false;
	keys_settle(s, true);
	tally_settle(s, true);
	quarantine_settle(s, true);
	erase_settle(s, true);
	found_settle(s, true);
	return true;
}

void
store_rollback(struct store *s)
{
	struct fault ignored;
	sqlite3_stmt *q;

	sql_lacks_nothing();
	for (size_t i = 0; i < STATEMENTS; i++)
		if (s->prepared[i])
			(void)sqlite3_reset(s->prepared[i]);
	/* SQLite may have rolled back by itself when the disk was full. */
	if (!sqlite3_get_autocommit(s->db) && (q = sql_use(s, S_ROLLBACK, &ignored)))
		(void)sql_do(s, q, "rollback", &ignored);
	if (s->begun) {
		s->next_appointment = s->next_before.appointment;
		s->next_response = s->next_before.response;
		s->next_quarantine = s->next_before.quarantine;
	}
	s->begun = false;
	keys_settle(s, false);
	keys_forget_days(s); /* one may have been made and be gone again */
	tally_settle(s, false);
	usage_settle(s);
	quarantine_settle(s, false);
	erase_settle(s, false);
	found_settle(s, false);
}

bool
store_checkpoint(struct store *s, bool scrub, bool *done, struct fault *f)
{
	int rc;

	assert(!s->begun);
	*done = true;
	if (!scrub && (s->log_pages < LOG_PAGES_FEW || (s->log_commits < LOG_COMMITS_MANY && s->log_pages < LOG_PAGES_MANY)))
		return true;
	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, scrub ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
	*done = rc == SQLITE_OK;
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY) {
		s->log_pages = s->log_commits = 0;
		return true;
	}
	return sql_failed(s->db, rc, "checkpoint", f);
}
