/* fail_calls.c - calls of a running program fail when told to: LD_PRELOAD it, NUDGE_FAIL names the file that tells (struct order).
 *
 * That file is memory of both: who tests writes it while the program runs,
 * `armed` last. Of the calls that fit, those from `after` on fail or are cut short,
 * as many as `times` says. With `lie` they do nothing either, but say that all went
 * well: a program that goes on then breaks its promises, and the test must see it.
 * Built by tests/world/faults.py, for tests only.
 */
// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum call { CALL_READ = 1, CALL_WRITE = 2, CALL_SYNC = 4, CALL_OPEN = 8, CALL_TRUNCATE = 16, CALL_ACCEPT = 32, CALL_WAIT = 64, CALL_MAP = 128, CALL_MEMORY = 256 };
enum kind { KIND_OTHER = 1, KIND_DB = 2, KIND_LOG = 4, KIND_SHM = 8, KIND_JOURNAL = 16, KIND_AUDIT = 32, KIND_FILE = 64, KIND_SOCKET = 128 };

struct order { /* tests/world/faults.py writes it */
	_Atomic uint32_t armed;
	uint32_t calls, kinds;        /* bits */
	int32_t after, times;
	int32_t error;                /* errno; 0: half of it is done */
	uint32_t lie;
	_Atomic int32_t seen, failed; /* calls that fitted since; that failed */
};

#define FDS 65536
static _Atomic unsigned char kinds[FDS]; /* 0: KIND_OTHER */
static struct order *order;
static bool tells_where;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

/* The next one of that name, as `next`. */
#define NEXT(result, name, ...)                                        \
	static void *_Atomic found;                                    \
	if (!atomic_load(&found))                                      \
		atomic_store(&found, dlsym(RTLD_NEXT, #name));         \
	result (*next)(__VA_ARGS__);                                   \
	void *there = atomic_load(&found);                             \
	memcpy(&next, &there, sizeof next)

/* A crash says where, onto standard error. */
static void
crashed(int sig)
{
	void *frames[40];

	backtrace_symbols_fd(frames, backtrace(frames, 40), 2);
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void
tell_crashes(void)
{
	void *frame;

	if (dlsym(RTLD_DEFAULT, "__asan_init") || dlsym(RTLD_DEFAULT, "__tsan_init"))
		return; /* they tell more */
	(void)backtrace(&frame, 1); /* loads what it needs while there is memory */
	(void)signal(SIGSEGV, crashed);
	(void)signal(SIGABRT, crashed);
	(void)signal(SIGBUS, crashed);
}

__attribute__((constructor)) static void
attach(void)
{
	const char *path = getenv("NUDGE_FAIL");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p = fd >= 0 ? mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (fd >= 0)
		(void)close(fd);
	if (p == MAP_FAILED)
		return;
	tell_crashes();
	tells_where = getenv("NUDGE_FAIL_WHERE") != NULL;
	order = p;
}

static enum kind
kind_of(int fd)
{
	unsigned char k = fd >= 0 && fd < FDS ? atomic_load(&kinds[fd]) : 0;

	return k ? (enum kind)k : KIND_OTHER;
}

static void
note(int fd, enum kind k)
{
	if (fd >= 0 && fd < FDS)
		atomic_store(&kinds[fd], (unsigned char)k);
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && strcmp(s + n - k, end) == 0;
}

static enum kind
kind_of_path(const char *path)
{
	if (ends_with(path, "nudge.db"))
		return KIND_DB;
	if (ends_with(path, "nudge.db-wal"))
		return KIND_LOG;
	if (ends_with(path, "nudge.db-shm"))
		return KIND_SHM;
	if (strstr(path, "sends-") || strstr(path, "/journal"))
		return KIND_JOURNAL;
	if (strstr(path, "audit"))
		return KIND_AUDIT;
	return KIND_FILE;
}

/* Whether this one fails. */
static bool
fails(enum call c, enum kind k)
{
	int32_t n;

	if (!order || !atomic_load(&order->armed) || !(order->calls & c) || !(order->kinds & k))
		return false;
	n = atomic_fetch_add(&order->seen, 1) + 1;
	if (n < order->after || n - order->after >= order->times)
		return false;
	(void)atomic_fetch_add(&order->failed, 1);
	return true;
}

/* true: the call is over, with *result. n: what was asked for, becomes what may be done. */
static bool
failed(enum call c, int fd, size_t *n, ssize_t *result)
{
	if (!fails(c, kind_of(fd)))
		return false;
	if (order->lie) {
		*result = n ? (ssize_t)*n : 0;
		return true;
	}
	if (order->error == 0 && n && *n > 1) {
		*n /= 2;
		return false;
	}
	errno = order->error ? order->error : EIO;
	*result = -1;
	return true;
}

/* ---- reading, writing ---- */

ssize_t
read(int fd, void *p, size_t n)
{
	ssize_t r;
	NEXT(ssize_t, read, int, void *, size_t);

	return failed(CALL_READ, fd, &n, &r) ? r : next(fd, p, n);
}

ssize_t
pread64(int fd, void *p, size_t n, off64_t at)
{
	ssize_t r;
	NEXT(ssize_t, pread64, int, void *, size_t, off64_t);

	return failed(CALL_READ, fd, &n, &r) ? r : next(fd, p, n, at);
}

ssize_t
readv(int fd, const struct iovec *v, int many)
{
	ssize_t r;
	NEXT(ssize_t, readv, int, const struct iovec *, int);

	return failed(CALL_READ, fd, NULL, &r) ? r : next(fd, v, many);
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	ssize_t r;
	NEXT(ssize_t, recv, int, void *, size_t, int);

	return failed(CALL_READ, fd, &n, &r) ? r : next(fd, p, n, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	ssize_t r;
	NEXT(ssize_t, recvmsg, int, struct msghdr *, int);

	return failed(CALL_READ, fd, NULL, &r) ? r : next(fd, m, flags);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	ssize_t r;
	NEXT(ssize_t, write, int, const void *, size_t);

	return failed(CALL_WRITE, fd, &n, &r) ? r : next(fd, p, n);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	ssize_t r;
	NEXT(ssize_t, pwrite64, int, const void *, size_t, off64_t);

	return failed(CALL_WRITE, fd, &n, &r) ? r : next(fd, p, n, at);
}

ssize_t
writev(int fd, const struct iovec *v, int many)
{
	ssize_t r;
	NEXT(ssize_t, writev, int, const struct iovec *, int);

	return failed(CALL_WRITE, fd, NULL, &r) ? r : next(fd, v, many);
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	ssize_t r;
	NEXT(ssize_t, send, int, const void *, size_t, int);

	return failed(CALL_WRITE, fd, &n, &r) ? r : next(fd, p, n, flags);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t r;
	NEXT(ssize_t, sendmsg, int, const struct msghdr *, int);

	return failed(CALL_WRITE, fd, NULL, &r) ? r : next(fd, m, flags);
}

/* ---- the disk ---- */

int
fsync(int fd)
{
	ssize_t r;
	NEXT(int, fsync, int);

	return failed(CALL_SYNC, fd, NULL, &r) ? (int)r : next(fd);
}

int
fdatasync(int fd)
{
	ssize_t r;
	NEXT(int, fdatasync, int);

	return failed(CALL_SYNC, fd, NULL, &r) ? (int)r : next(fd);
}

int
ftruncate64(int fd, off64_t n)
{
	ssize_t r;
	NEXT(int, ftruncate64, int, off64_t);

	return failed(CALL_TRUNCATE, fd, NULL, &r) ? (int)r : next(fd, n);
}

int
ftruncate(int fd, off_t n)
{
	ssize_t r;
	NEXT(int, ftruncate, int, off_t);

	return failed(CALL_TRUNCATE, fd, NULL, &r) ? (int)r : next(fd, n);
}

/* 0: it may go on; else it is over. */
static int
open_fails(const char *path)
{
	if (!fails(CALL_OPEN, kind_of_path(path)))
		return 0;
	errno = order->error ? order->error : EMFILE;
	return -1;
}

static int
opened(int fd, const char *path)
{
	note(fd, kind_of_path(path));
	return fd;
}

#define MODE(flags, mode)                                      \
	mode_t mode = 0;                                       \
	if ((flags) & (O_CREAT | __O_TMPFILE)) {               \
		va_list a;                                     \
		va_start(a, flags);                            \
		mode = va_arg(a, mode_t);                      \
		va_end(a);                                     \
	}

int
open(const char *path, int flags, ...)
{
	MODE(flags, mode)
	NEXT(int, open, const char *, int, ...);

	return open_fails(path) ? -1 : opened(next(path, flags, mode), path);
}

int
open64(const char *path, int flags, ...)
{
	MODE(flags, mode)
	NEXT(int, open64, const char *, int, ...);

	return open_fails(path) ? -1 : opened(next(path, flags, mode), path);
}

int
openat(int at, const char *path, int flags, ...)
{
	MODE(flags, mode)
	NEXT(int, openat, int, const char *, int, ...);

	return open_fails(path) ? -1 : opened(next(at, path, flags, mode), path);
}

int
close(int fd)
{
	NEXT(int, close, int);

	note(fd, 0);
	return next(fd);
}

void *
mmap64(void *p, size_t n, int may, int flags, int fd, off64_t at)
{
	NEXT(void *, mmap64, void *, size_t, int, int, int, off64_t);

	if (fd >= 0 && fails(CALL_MAP, kind_of(fd))) {
		errno = order->error ? order->error : ENOMEM;
		return MAP_FAILED;
	}
	return next(p, n, may, flags, fd, at);
}

/* ---- sockets ---- */

int
socket(int domain, int type, int protocol)
{
	int fd;
	NEXT(int, socket, int, int, int);

	if (fails(CALL_OPEN, KIND_SOCKET)) {
		errno = order->error ? order->error : EMFILE;
		return -1;
	}
	fd = next(domain, type, protocol);
	note(fd, KIND_SOCKET);
	return fd;
}

int
accept4(int fd, struct sockaddr *from, socklen_t *n, int flags)
{
	int got;
	NEXT(int, accept4, int, struct sockaddr *, socklen_t *, int);

	if (fails(CALL_ACCEPT, KIND_SOCKET)) {
		errno = order->error ? order->error : EMFILE;
		return -1;
	}
	got = next(fd, from, n, flags);
	note(got, KIND_SOCKET);
	return got;
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
	ssize_t r;
	NEXT(int, epoll_wait, int, struct epoll_event *, int, int);

	return failed(CALL_WAIT, fd, NULL, &r) ? (int)r : next(fd, events, max, ms);
}

/* ---- memory ---- */

static bool
no_memory(void)
{
	if (!order || !fails(CALL_MEMORY, KIND_OTHER))
		return false;
	if (order->times == 1 && tells_where) { /* NUDGE_FAIL_WHERE */
		void *frames[40];

		backtrace_symbols_fd(frames, backtrace(frames, 40), 2);
	}
	errno = ENOMEM;
	return true;
}

void *malloc(size_t n) { return no_memory() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return no_memory() ? NULL : __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { return no_memory() ? NULL : __libc_realloc(p, n); }
