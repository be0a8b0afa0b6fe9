/* ask.c - both ends of the unix socket: how it is made, and how a question is put. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "nudge/control.h"

static bool
address_of(const char *path, struct sockaddr_un *a, struct fault *f)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof a->sun_path)
		return fault_set(f, FAULT_OPERATOR, "%s: the path of a socket may have %zu characters", path,
		    sizeof a->sun_path - 1);
	memcpy(a->sun_path, path, strlen(path) + 1);
	return true;
}

static int
reach(const char *path, struct fault *f)
{
	struct sockaddr_un a;
	int fd;

	if (!address_of(path, &a, f))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)(void *)&a, sizeof a) == 0)
		return fd;
	(void)fault_set(f, fault_kind_of(errno), "%s: %s%s", path, strerror(errno),
	    errno == EACCES ? "; you need to be in a group that `access` names" :
	    errno == ENOENT || errno == ECONNREFUSED ? "; is nudged running? (or name its socket with -s)" : "");
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* /run is empty after a boot: the last folder of the path is made when it is missing. */
static void
make_folder(const char *path)
{
	char folder[sizeof ((struct sockaddr_un *)0)->sun_path];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return;
	span_copy(folder, sizeof folder, span_from(path, (size_t)(slash - path)));
	if (mkdir(folder, 0755) == 0)
		(void)chmod(folder, 0755);
}

int
control_listen(const char *path, unsigned mode, struct fault *f)
{
	struct sockaddr_un a;
	struct fault ignored;
	int fd;

	if (!address_of(path, &a, f))
		return -1;
	if ((fd = reach(path, &ignored)) >= 0) {
		(void)close(fd);
		(void)fault_set(f, FAULT_OPERATOR, "%s: another process answers there; stop it first", path);
		return -1;
	}
	(void)unlink(path);
	make_folder(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)(void *)&a, sizeof a) == 0 && chmod(path, mode) == 0 &&
	    listen(fd, 64) == 0)
		return fd;
	(void)fault_set(f, fault_kind_of(errno), "%s: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool
send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

bool
control_ask(const char *path, const char *request, struct buf *answer, struct fault *f)
{
	int fd = reach(path, f);
	bool ok;

	if (fd < 0)
		return false;
	ok = send_all(fd, request, strlen(request)) && send_all(fd, "\n", 1);
	while (ok) {
		char piece[16384];
		ssize_t r = recv(fd, piece, sizeof piece, 0);

		if (r < 0 && errno == EINTR)
			continue;
		ok = r > 0 && buf_add(answer, piece, (size_t)r);
		if (ok && answer->p[answer->n - 1] == '\n') {
			answer->n--;
			(void)close(fd);
			return true;
		}
	}
	(void)close(fd);
	return fault_set(f, FAULT_BUSY, "%s: nudged ended the connection", path);
}
