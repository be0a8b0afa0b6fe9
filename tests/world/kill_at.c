/* kill_at.c - loaded into a daemon before its own libraries: ends it, as kill -9 does, at a labelled call.
 *
 * NUDGE_KILL_AT is LABEL:N, the N-th of a label's calls. Labels, of what is written where: log (the write-ahead log),
 * database, journal, socket (a peer on the network), link (a socket of this machine); with -written or -synced, and before- or
 * after- in front: after-log-synced is the moment between a commit and its answers, before-socket-written the one before an
 * answer leaves. Built by test_kill.py; no part of the product.
 */
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char wanted[64];
static atomic_long left = -1; /* below 0: never */

static void __attribute__((constructor))
read_label(void)
{
	const char *said = getenv("NUDGE_KILL_AT"), *colon = said ? strrchr(said, ':') : NULL;

	if (!colon || (size_t)(colon - said) >= sizeof wanted)
		return;
	memcpy(wanted, said, (size_t)(colon - said));
	left = atol(colon + 1);
}

static const char *
kind_of(int fd)
{
	char link[64], path[512];
	struct sockaddr_storage a;
	socklen_t size = sizeof a;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return "none";
	if (S_ISSOCK(st.st_mode))
		return getsockname(fd, (struct sockaddr *)&a, &size) == 0 && a.ss_family == AF_UNIX ? "link" : "socket";
	if (!S_ISREG(st.st_mode))
		return "none";
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return "none";
	path[n] = '\0';
	if (n > 4 && strcmp(path + n - 4, "-wal") == 0)
		return "log";
	if (n > 3 && strcmp(path + n - 3, ".db") == 0)
		return "database";
	return strstr(path, "journal/") ? "journal" : "none";
}

static void
at(const char *when, int fd, const char *did)
{
	char label[64];

	if (left < 0 || strncmp(when, wanted, strlen(when)) != 0)
		return;
	(void)snprintf(label, sizeof label, "%s-%s-%s", when, kind_of(fd), did);
	if (strcmp(label, wanted) == 0 && atomic_fetch_sub(&left, 1) == 1)
		(void)kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CALL(name, fd, did, ...)                             \
	do {                                                 \
		static __typeof__(&name) real;               \
		if (!real)                                   \
			real = REAL(name);                   \
		at("before", fd, did);                       \
		__typeof__(name(__VA_ARGS__)) r = real(__VA_ARGS__); \
		at("after", fd, did);                        \
		return r;                                    \
	} while (0)

ssize_t write(int fd, const void *p, size_t n) { CALL(write, fd, "written", fd, p, n); }
ssize_t writev(int fd, const struct iovec *v, int n) { CALL(writev, fd, "written", fd, v, n); }
ssize_t send(int fd, const void *p, size_t n, int flags) { CALL(send, fd, "written", fd, p, n, flags); }
ssize_t sendmsg(int fd, const struct msghdr *m, int flags) { CALL(sendmsg, fd, "written", fd, m, flags); }
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t where) { CALL(pwrite64, fd, "written", fd, p, n, where); }
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t where) { CALL(pwritev64, fd, "written", fd, v, n, where); }
int fdatasync(int fd) { CALL(fdatasync, fd, "synced", fd); }
int fsync(int fd) { CALL(fsync, fd, "synced", fd); }
