/* cut_vfs.c - see cut_vfs.h. */
// SPDX-License-Identifier: Apache-2.0
#include "cut_vfs.h"
#include "whose.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define FILES_MAX 8

struct kept { /* one file that may be torn */
	char path[256];
	uint8_t *synced;   /* what is on the platter for certain; owned */
	int64_t synced_n, synced_cap;
	uint8_t *dirty;    /* a byte for each sector written since; owned */
	int64_t dirty_cap;
	int64_t dirty_from, dirty_to; /* no dirty sector outside of these */
	bool any_dirty, sized; /* sized: its length changed since */
	int64_t now_n;
	uint8_t *survives; /* after a cut: owned */
	int64_t survives_n;
	bool is_log;
};

struct cut_file {
	sqlite3_file base;
	struct kept *kept; /* NULL: not watched */
	sqlite3_file *real;
};

static struct {
	sqlite3_vfs vfs, *under;
	struct kept file[FILES_MAX];
	size_t files_n;
	enum cut_lie lie;
	long left, syncs_left; /* syncs_left: until one fails; 0: none does */
	bool armed, happened, full;
	uint64_t chance;
} the;

static uint64_t
dice(void)
{
	the.chance = the.chance * 6364136223846793005u + 1442695040888963407u;
	return the.chance >> 33;
}

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "cut_vfs: %s\n", what);
	abort();
}

/* ---- what is remembered ---- */

static uint8_t *
room(uint8_t *p, int64_t *cap, int64_t wanted)
{
	WORLD_RUNS;
	if (wanted > *cap) {
		int64_t grown = wanted * 2 + 65536;

		p = realloc(p, (size_t)grown);
		must(p, "out of memory");
		memset(p + *cap, 0, (size_t)(grown - *cap));
		*cap = grown;
	}
	return p;
}

static int64_t
read_whole(const char *path, uint8_t **out, int64_t *cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int64_t n = 0;

	if (fd < 0)
		return 0;
	must(fstat(fd, &st) == 0, "fstat");
	*out = room(*out, cap, st.st_size + 1);
	while (n < st.st_size) {
		ssize_t got = read(fd, *out + n, (size_t)(st.st_size - n));

		must(got > 0, "read");
		n += got;
	}
	(void)close(fd);
	return n;
}

/* All that is in the file now is on the platter. */
static void
settle_whole(struct kept *k)
{
	k->synced_n = read_whole(k->path, &k->synced, &k->synced_cap);
	if (k->any_dirty)
		memset(k->dirty, 0, (size_t)k->dirty_cap);
	k->any_dirty = k->sized = false;
	k->now_n = k->synced_n;
}

/* The same, when only its dirty sectors can differ. */
static void
settle(struct kept *k)
{
	int fd = open(k->path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	must(fd >= 0 && fstat(fd, &st) == 0, "fstat");
	k->synced = room(k->synced, &k->synced_cap, st.st_size + SECTOR);
	if (st.st_size < k->synced_n)
		memset(k->synced + st.st_size, 0, (size_t)(k->synced_n - st.st_size));
	for (int64_t i = k->dirty_from; k->any_dirty && i < k->dirty_to; i++) {
		int64_t n = i;

		while (n < k->dirty_to && k->dirty[n])
			k->dirty[n++] = 0;
		if (n > i && i * SECTOR < st.st_size) {
			int64_t bytes = (n < (st.st_size + SECTOR - 1) / SECTOR ? n * SECTOR : st.st_size) - i * SECTOR;

			must(pread(fd, k->synced + i * SECTOR, (size_t)bytes, i * SECTOR) == bytes, "read");
		}
		i = n;
	}
	(void)close(fd);
	k->synced_n = k->now_n = st.st_size;
	k->any_dirty = k->sized = false;
}

static struct kept *
keep(const char *path)
{
	struct kept *k = NULL;

	for (size_t i = 0; i < the.files_n; i++)
		if (strcmp(the.file[i].path, path) == 0)
			k = &the.file[i];
	if (!k) {
		must(the.files_n < FILES_MAX, "too many files");
		k = &the.file[the.files_n++];
		memset(k, 0, sizeof *k);
		(void)snprintf(k->path, sizeof k->path, "%s", path);
		k->is_log = strlen(path) > 4 && strcmp(path + strlen(path) - 4, "-wal") == 0;
	}
	settle_whole(k);
	return k;
}

/* ---- the cut ---- */

static void
tear(struct kept *k)
{
	uint8_t *now = NULL;
	int64_t cap = 0, n = read_whole(k->path, &now, &cap), longer = n > k->synced_n ? n : k->synced_n;

	k->survives = calloc(1, (size_t)longer + SECTOR);
	must(k->survives, "out of memory");
	k->survives_n = k->synced_n;
	if (k->synced_n > 0)
		memcpy(k->survives, k->synced, (size_t)k->synced_n);
	if (k->sized && n < k->synced_n && dice() % 2)
		k->survives_n = n;
	for (int64_t at = 0; k->any_dirty && at < n; at += SECTOR) {
		int64_t some = n - at < SECTOR ? n - at : SECTOR;

		if (at / SECTOR >= k->dirty_cap || !k->dirty[at / SECTOR] || dice() % 2)
			continue;
		memcpy(k->survives + at, now + at, (size_t)some);
		if (at + some > k->survives_n)
			k->survives_n = at + some;
	}
	free(now);
}

void
cut_kill(void)
{
	the.happened = true;
	for (size_t i = 0; i < the.files_n; i++) {
		struct kept *k = &the.file[i];
		int64_t cap = 0;

		k->survives = NULL;
		k->survives_n = read_whole(k->path, &k->survives, &cap);
	}
}

void
cut_now(void)
{
	the.happened = true;
	for (size_t i = 0; i < the.files_n; i++)
		tear(&the.file[i]);
}

/* true: the power is gone, the call fails. */
static bool
changes(void)
{
	if (the.happened)
		return true;
	if (!the.armed || --the.left > 0)
		return false;
	cut_now();
	return true;
}

/* ---- the file ---- */

static struct cut_file *
of(sqlite3_file *f)
{
	return (struct cut_file *)(void *)f;
}

static int
cut_close(sqlite3_file *f)
{
	struct cut_file *c = of(f);
	int rc = c->real->pMethods ? c->real->pMethods->xClose(c->real) : SQLITE_OK;

	free(c->real);
	return rc;
}

static int
cut_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	return of(f)->real->pMethods->xRead(of(f)->real, to, n, at);
}

static int
cut_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	struct cut_file *c = of(f);
	struct kept *k = c->kept;

	if (k) {
		if (the.full && !the.happened)
			return SQLITE_FULL;
		/* In the moment of the cut this very write may be half there. */
		bool last = the.armed && !the.happened && the.left == 1;

		if (!the.happened) {
			k->dirty = room(k->dirty, &k->dirty_cap, (at + n) / SECTOR + 1);
			memset(k->dirty + at / SECTOR, 1, (size_t)((at + n - 1) / SECTOR - at / SECTOR + 1));
			k->dirty_from = k->any_dirty && k->dirty_from < at / SECTOR ? k->dirty_from : at / SECTOR;
			k->dirty_to = k->any_dirty && k->dirty_to > (at + n - 1) / SECTOR + 1 ? k->dirty_to : (at + n - 1) / SECTOR + 1;
			k->any_dirty = true;
			k->sized = k->sized || at + n > k->now_n;
			k->now_n = at + n > k->now_n ? at + n : k->now_n;
		}
		if (last && c->real->pMethods->xWrite(c->real, from, n, at) != SQLITE_OK)
			return SQLITE_IOERR_WRITE;
		if (changes())
			return SQLITE_IOERR_WRITE;
	}
	return c->real->pMethods->xWrite(c->real, from, n, at);
}

static int
cut_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct cut_file *c = of(f);

	if (c->kept) {
		if (changes())
			return SQLITE_IOERR_TRUNCATE;
		c->kept->sized = true;
		c->kept->now_n = size;
	}
	return c->real->pMethods->xTruncate(c->real, size);
}

static int
cut_sync(sqlite3_file *f, int flags)
{
	struct cut_file *c = of(f);

	(void)flags; /* the real disk need not be asked: this one is the disk */
	if (!c->kept)
		return SQLITE_OK;
	if (changes())
		return SQLITE_IOERR_FSYNC;
	if (the.syncs_left > 0 && --the.syncs_left == 0)
		return SQLITE_IOERR_FSYNC;
	if (the.lie == CUT_HONEST || (the.lie == CUT_NO_LOG_SYNC && !c->kept->is_log))
		settle(c->kept);
	return SQLITE_OK;
}

static int cut_size(sqlite3_file *f, sqlite3_int64 *n) { return of(f)->real->pMethods->xFileSize(of(f)->real, n); }
static int cut_lock(sqlite3_file *f, int how) { return of(f)->real->pMethods->xLock(of(f)->real, how); }
static int cut_unlock(sqlite3_file *f, int how) { return of(f)->real->pMethods->xUnlock(of(f)->real, how); }
static int cut_reserved(sqlite3_file *f, int *out) { return of(f)->real->pMethods->xCheckReservedLock(of(f)->real, out); }
static int cut_sector(sqlite3_file *f) { (void)f; return SECTOR; }
static int cut_traits(sqlite3_file *f) { return of(f)->real->pMethods->xDeviceCharacteristics(of(f)->real); }
static int cut_shm_lock(sqlite3_file *f, int at, int n, int how) { return of(f)->real->pMethods->xShmLock(of(f)->real, at, n, how); }
static void cut_shm_barrier(sqlite3_file *f) { of(f)->real->pMethods->xShmBarrier(of(f)->real); }
static int cut_shm_unmap(sqlite3_file *f, int drop) { return of(f)->real->pMethods->xShmUnmap(of(f)->real, drop); }

static int
cut_control(sqlite3_file *f, int what, void *arg)
{
	/* A hint of what is to come: no promise depends on it. */
	return of(f)->real->pMethods->xFileControl(of(f)->real, what, arg);
}

static int
cut_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return of(f)->real->pMethods->xShmMap(of(f)->real, page, size, extend, out);
}

static const sqlite3_io_methods methods = { .iVersion = 2, .xClose = cut_close, .xRead = cut_read, .xWrite = cut_write,
	.xTruncate = cut_truncate, .xSync = cut_sync, .xFileSize = cut_size, .xLock = cut_lock, .xUnlock = cut_unlock,
	.xCheckReservedLock = cut_reserved, .xFileControl = cut_control, .xSectorSize = cut_sector,
	.xDeviceCharacteristics = cut_traits, .xShmMap = cut_shm_map, .xShmLock = cut_shm_lock,
	.xShmBarrier = cut_shm_barrier, .xShmUnmap = cut_shm_unmap };

/* ---- the VFS ---- */

static int
cut_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct cut_file *c = of(f);
	int rc;

	(void)vfs;
	*c = (struct cut_file){ .real = calloc(1, (size_t)the.under->szOsFile) };
	if (!c->real)
		return SQLITE_NOMEM;
	rc = the.under->xOpen(the.under, name, c->real, flags, out);
	if (rc != SQLITE_OK) {
		free(c->real);
		return rc;
	}
	if (name && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL))
		c->kept = keep(name);
	c->base.pMethods = &methods;
	return SQLITE_OK;
}

static int
cut_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	if (the.happened)
		return SQLITE_IOERR_DELETE;
	for (size_t i = 0; i < the.files_n; i++)
		if (strcmp(the.file[i].path, name) == 0) {
			free(the.file[i].synced);
			free(the.file[i].dirty);
			the.file[i] = the.file[--the.files_n];
			break;
		}
	return the.under->xDelete(the.under, name, sync);
}

void
cut_install(void)
{
	the.under = sqlite3_vfs_find(NULL);
	the.vfs = *the.under;
	the.vfs.pNext = NULL;
	the.vfs.zName = "cut";
	the.vfs.szOsFile = sizeof(struct cut_file);
	the.vfs.xOpen = cut_open;
	the.vfs.xDelete = cut_delete;
	must(sqlite3_vfs_register(&the.vfs, 1) == SQLITE_OK, "not registered");
}

void
cut_lie(enum cut_lie lie)
{
	the.lie = lie;
}

void
cut_after(long n, uint64_t chance)
{
	the.left = n;
	the.armed = n > 0;
	the.chance = chance;
}

void
cut_full(bool full)
{
	the.full = full;
}

void
cut_fail_sync(long n)
{
	the.syncs_left = n;
}

bool
cut_happened(void)
{
	return the.happened;
}

void
cut_restore(void)
{
	must(the.happened, "no cut to come back from");
	for (size_t i = 0; i < the.files_n; i++) {
		struct kept *k = &the.file[i];
		char shm[300];
		int fd = open(k->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		must(fd >= 0 && (k->survives_n == 0 || write(fd, k->survives, (size_t)k->survives_n) == k->survives_n) && close(fd) == 0, "restore");
		(void)snprintf(shm, sizeof shm, "%s-shm", k->path);
		(void)unlink(shm);
		free(k->survives);
		free(k->synced);
		free(k->dirty);
	}
	the.files_n = 0;
	the.happened = the.armed = false;
}

void
cut_forget(void)
{
	for (size_t i = 0; i < the.files_n; i++) {
		free(the.file[i].synced);
		free(the.file[i].dirty);
	}
	the.files_n = 0;
}
