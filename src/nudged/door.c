/* door.c - who calls is seen outside of a sandbox that hides it, and handed in. */
// SPDX-License-Identifier: Apache-2.0
#include "nudged/door.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "nudge/control.h"
#include "nudge/log.h"

#define TICK_MS 5000
#define LINGER_MS 100
#define PATIENCE_S 5 /* for nudged to take one */

struct ticket { /* between two processes of one machine and one version */
	uint32_t which, uid;
};

union ancillary { /* room for one descriptor, aligned as it must be */
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static bool
address_of(const char *path, struct sockaddr_un *a)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof a->sun_path)
		return false;
	memcpy(a->sun_path, path, strlen(path) + 1);
	return true;
}

/* ---- outside ---- */

static bool
hand_over(const char *to, enum door which, int caller)
{
	struct ucred who = { 0, 0, 0 };
	socklen_t size = sizeof who;
	struct ticket t = { .which = which };
	union ancillary extra = { .bytes = "" };
	struct iovec part = { &t, sizeof t };
	struct sockaddr_un a;
	struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &part, .msg_iovlen = 1, .msg_control = extra.bytes,
		.msg_controllen = sizeof extra.bytes };
	struct timeval patience = { PATIENCE_S, 0 };
	int fd;
	bool ok;

	if (getsockopt(caller, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || !address_of(to, &a))
		return false;
	t.uid = who.uid;
	extra.head.cmsg_level = SOL_SOCKET;
	extra.head.cmsg_type = SCM_RIGHTS;
	extra.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&extra.head), &caller, sizeof caller);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
	    sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)sizeof t;
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* Read until it hangs up, for a while: closing on what it asked would take the answer along. */
static void
say_away(int caller)
{
	static const char away[] = "{\"ok\":false,\"error\":\"nudged does not run, or does not answer\"}\n";
	struct pollfd p = { caller, POLLIN, 0 };
	char ignored[4096];

	(void)send(caller, away, sizeof away - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(caller, SHUT_WR);
	for (int i = 0; i < 16 && poll(&p, 1, LINGER_MS) > 0; i++)
		if (recv(caller, ignored, sizeof ignored, MSG_DONTWAIT) <= 0)
			return;
}

static void
answer(const char *to, enum door which, int listener)
{
	int caller = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (caller < 0)
		return;
	if (!hand_over(to, which, caller) && which == DOOR_CONTROL)
		say_away(caller);
	(void)close(caller);
}

int
door_serve(const char *to, const char *control, const char *sender)
{
	struct fault f = { .kind = FAULT_NONE };
	struct pollfd p[DOORS] = { { -1, POLLIN, 0 }, { -1, POLLIN, 0 } };

	p[DOOR_CONTROL].fd = control_listen(control, 0666, &f);
	if (p[DOOR_CONTROL].fd >= 0)
		p[DOOR_SENDER].fd = control_listen(sender, 0660, &f);
	if (p[DOOR_SENDER].fd < 0) {
		log_error("cannot start", log_fault(&f));
		return EXIT_FAILURE;
	}
	(void)sd_notify(0, "READY=1");
	log_note("ready", log_name("door_to", to));
	for (;;) {
		int n = poll(p, DOORS, TICK_MS);

		(void)sd_notify(0, "WATCHDOG=1");
		if (n < 0 && errno != EINTR)
			return EXIT_FAILURE;
		for (size_t i = 0; n > 0 && i < DOORS; i++)
			if (p[i].revents)
				answer(to, (enum door)i, p[i].fd);
	}
}

/* ---- inside ---- */

int
door_open(const char *path, struct fault *f)
{
	struct sockaddr_un a;
	int fd = -1;

	if (address_of(path, &a)) {
		(void)unlink(path);
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	/* The umask has let nobody else in before chmod() says so. */
	if (fd >= 0 && bind(fd, (struct sockaddr *)(void *)&a, sizeof a) == 0 && chmod(path, 0600) == 0)
		return fd;
	(void)fault_set(f, FAULT_OPERATOR, "NUDGE_DOOR=%s: %s", path, strerror(fd < 0 && errno == 0 ? ENAMETOOLONG : errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

int
door_take(int fd, enum door *which, uint32_t *uid)
{
	struct ticket t = { DOORS, 0 };
	union ancillary extra = { .bytes = "" };
	struct iovec part = { &t, sizeof t };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = extra.bytes, .msg_controllen = sizeof extra.bytes };
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	int caller = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof caller))
		memcpy(&caller, CMSG_DATA(c), sizeof caller);
	if (n == (ssize_t)sizeof t && t.which < DOORS && caller >= 0) {
		*which = (enum door)t.which;
		*uid = t.uid;
		return caller;
	}
	if (caller >= 0)
		(void)close(caller);
	return -1;
}
