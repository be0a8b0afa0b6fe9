/* page_vfs.c - see page_vfs.h. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/page_vfs.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/mutant.h"
#include "store/sqlite/log_gather.h"

#define SUM 8
#define PAGE_MIN 512
#define PAGE_MAX 65536

struct page_file {
	sqlite3_file base;
	sqlite3_file *real;  /* owned */
	uint8_t *page;       /* owned: one that is being written; NULL: not a main database */
	struct log_gather *log; /* owned; NULL: not a write-ahead log */
};

static sqlite3_vfs vfs;

static struct page_file *
of(sqlite3_file *f)
{
	return (struct page_file *)(void *)f;
}

static bool
is_page(int n, sqlite3_int64 at)
{
	return n >= PAGE_MIN && n <= PAGE_MAX && (n & (n - 1)) == 0 && at % n == 0;
}

static uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0xff51afd7ed558ccdu;
	return h ^ h >> 32;
}

/* By words and their place, so that a page that lies elsewhere is wrong too; in
 * four lanes, because each step waits for the one before it. */
static uint64_t
sum_of(const uint8_t *page, int n, sqlite3_int64 at)
{
	uint64_t h[4] = { 0x9e3779b97f4a7c15u ^ (uint64_t)at, 1, 2, 3 }, word[4];
	int i = 0;

	for (; i + (int)sizeof word <= n - SUM; i += (int)sizeof word) {
		memcpy(word, page + i, sizeof word);
		for (int k = 0; k < 4; k++)
			h[k] = mix(h[k], word[k]);
	}
	for (; i + 8 <= n - SUM; i += 8) {
		memcpy(word, page + i, sizeof word[0]);
		h[0] = mix(h[0], word[0]);
	}
	return mix(mix(mix(h[0], h[1]), h[2]), h[3]);
}

/* What is asked of a log is asked of all of it. */
static int
settle(struct page_file *p)
{
	return p->log ? log_gather_flush(p->log, p->real) : SQLITE_OK;
}

static void
forget(struct page_file *p)
{
	free(p->real);
	free(p->page);
	log_gather_free(p->log);
}

static int
page_close(sqlite3_file *f)
{
	struct page_file *p = of(f);
	int wrote = settle(p), rc = p->real->pMethods ? p->real->pMethods->xClose(p->real) : SQLITE_OK;

	forget(p);
	return rc != SQLITE_OK ? rc : wrote;
}

static int
page_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	struct page_file *p = of(f);
	int rc = settle(p);
	uint64_t sum;

	if (rc == SQLITE_OK)
		rc = p->real->pMethods->xRead(p->real, to, n, at);
	if (rc != SQLITE_OK || !p->page || !is_page(n, at))
		return rc;
	memcpy(&sum, (const uint8_t *)to + n - SUM, SUM);
	return sum == sum_of(to, n, at) || MUTANT("blind") ? SQLITE_OK : SQLITE_IOERR_DATA;
}

static int
page_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	struct page_file *p = of(f);
	uint64_t sum;

	if (p->log)
		return log_gather_write(p->log, p->real, from, n, at);
	if (p->page && is_page(n, at)) {
		memcpy(p->page, from, (size_t)n);
		sum = sum_of(p->page, n, at);
		memcpy(p->page + n - SUM, &sum, SUM);
		from = p->page;
	}
	return p->real->pMethods->xWrite(p->real, from, n, at);
}

static int
page_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	int rc = settle(of(f));

	return rc != SQLITE_OK ? rc : of(f)->real->pMethods->xTruncate(of(f)->real, n);
}

static int
page_sync(sqlite3_file *f, int how)
{
	int rc = settle(of(f));

	return rc != SQLITE_OK ? rc : of(f)->real->pMethods->xSync(of(f)->real, how);
}

static int
page_size(sqlite3_file *f, sqlite3_int64 *n)
{
	int rc = settle(of(f));

	return rc != SQLITE_OK ? rc : of(f)->real->pMethods->xFileSize(of(f)->real, n);
}

static int page_lock(sqlite3_file *f, int how) { return of(f)->real->pMethods->xLock(of(f)->real, how); }
static int page_unlock(sqlite3_file *f, int how) { return of(f)->real->pMethods->xUnlock(of(f)->real, how); }
static int page_reserved(sqlite3_file *f, int *out) { return of(f)->real->pMethods->xCheckReservedLock(of(f)->real, out); }
static int page_control(sqlite3_file *f, int what, void *arg) { return of(f)->real->pMethods->xFileControl(of(f)->real, what, arg); }
static int page_sector(sqlite3_file *f) { return of(f)->real->pMethods->xSectorSize(of(f)->real); }
static int page_traits(sqlite3_file *f) { return of(f)->real->pMethods->xDeviceCharacteristics(of(f)->real); }
static int page_shm_lock(sqlite3_file *f, int at, int n, int how) { return of(f)->real->pMethods->xShmLock(of(f)->real, at, n, how); }
static void page_shm_barrier(sqlite3_file *f) { of(f)->real->pMethods->xShmBarrier(of(f)->real); }
static int page_shm_unmap(sqlite3_file *f, int drop) { return of(f)->real->pMethods->xShmUnmap(of(f)->real, drop); }

static int
page_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return of(f)->real->pMethods->xShmMap(of(f)->real, page, size, extend, out);
}

static const sqlite3_io_methods methods = { .iVersion = 2, .xClose = page_close, .xRead = page_read, .xWrite = page_write,
	.xTruncate = page_truncate, .xSync = page_sync, .xFileSize = page_size, .xLock = page_lock, .xUnlock = page_unlock,
	.xCheckReservedLock = page_reserved, .xFileControl = page_control, .xSectorSize = page_sector,
	.xDeviceCharacteristics = page_traits, .xShmMap = page_shm_map, .xShmLock = page_shm_lock,
	.xShmBarrier = page_shm_barrier, .xShmUnmap = page_shm_unmap };

static int
page_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	sqlite3_vfs *under = sqlite3_vfs_find(NULL);
	struct page_file *p = of(f);
	int rc = SQLITE_NOMEM;

	(void)v;
	*p = (struct page_file){ .real = calloc(1, (size_t)under->szOsFile), .page = flags & SQLITE_OPEN_MAIN_DB ? malloc(PAGE_MAX) : NULL,
		.log = flags & SQLITE_OPEN_WAL ? log_gather_new() : NULL };
	if (p->real && (p->page || !(flags & SQLITE_OPEN_MAIN_DB)) && (p->log || !(flags & SQLITE_OPEN_WAL)))
		rc = under->xOpen(under, name, p->real, flags, out);
	if (rc == SQLITE_OK)
		p->base.pMethods = &methods;
	else
		forget(p);
	return rc;
}

static int
page_delete(sqlite3_vfs *v, const char *name, int sync)
{
	sqlite3_vfs *under = sqlite3_vfs_find(NULL);

	(void)v;
	return under->xDelete(under, name, sync);
}

static void
prepare(void)
{
	/* Nobody asks how much memory SQLite has: counting costs a lock for each piece. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	vfs = *sqlite3_vfs_find(NULL);
	vfs.pNext = NULL;
	vfs.zName = PAGE_VFS;
	vfs.szOsFile = sizeof(struct page_file);
	vfs.xOpen = page_open;
	vfs.xDelete = page_delete;
	(void)sqlite3_vfs_register(&vfs, 0);
}

bool
page_vfs_ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, prepare);
	return sqlite3_vfs_find(PAGE_VFS) != NULL;
}

void
page_vfs_reserve(sqlite3 *db)
{
	int n = SUM;

	(void)sqlite3_file_control(db, NULL, SQLITE_FCNTL_RESERVE_BYTES, &n);
}
