/* ports.c - whether the ports of a configuration can be had; those that our own programs hold are fine. */
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/ports.h"
#include "nudge/store.h"

#define INODES_MAX 64
#define PATH_LENGTH 4096

struct holder {
	bool known;
	pid_t pid;
	char name[32];
};

/* ---- who listens on a port ---- */

struct inodes { /* of sockets that listen on one port */
	unsigned long at[INODES_MAX];
	size_t n;
};

static void
add_table(const char *path, int port, struct inodes *out)
{
	FILE *f = fopen(path, "re");
	char line[512];

	while (f && fgets(line, sizeof line, f)) {
		unsigned local, state;
		unsigned long inode;

		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %lu", &local, &state, &inode) == 3 &&
		    (int)local == port && state == 0x0a && out->n < INODES_MAX)
			out->at[out->n++] = inode;
	}
	if (f)
		(void)fclose(f);
}

static bool
is_one_of(const char *link, const struct inodes *all)
{
	unsigned long inode;

	if (sscanf(link, "socket:[%lu]", &inode) != 1)
		return false;
	for (size_t i = 0; i < all->n; i++)
		if (all->at[i] == inode)
			return true;
	return false;
}

static bool
has_one_of(const char *pid, const struct inodes *all)
{
	char path[300], link[64];
	struct dirent *e;
	bool found = false;
	DIR *d;

	(void)snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);

		link[n > 0 ? n : 0] = '\0';
		found = is_one_of(link, all);
	}
	if (d)
		(void)closedir(d);
	return found;
}

static void
read_name(const char *pid, char *out, size_t cap)
{
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	out[0] = '\0';
	if (f) {
		if (fgets(out, (int)cap, f))
			out[strcspn(out, "\n")] = '\0';
		(void)fclose(f);
	}
}

/* The system's manager is looked at first: it gives sockets to others, who have them too. */
static struct holder
holder_of(int port)
{
	struct inodes all = { { 0 }, 0 };
	struct holder h = { false, 0, "" };
	struct dirent *e;
	DIR *d;

	add_table("/proc/net/tcp", port, &all);
	add_table("/proc/net/tcp6", port, &all);
	d = all.n > 0 ? opendir("/proc") : NULL;
	while (d && !(h.known && h.pid == 1) && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && has_one_of(e->d_name, &all)) {
			h.known = true;
			h.pid = (pid_t)strtol(e->d_name, NULL, 10);
			read_name(e->d_name, h.name, sizeof h.name);
		}
	if (d)
		(void)closedir(d);
	return h;
}

/* The nudged that serves this control socket, or the door before it; 0: none. */
static pid_t
running(const char *control_socket)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct ucred who = { 0, 0, 0 };
	socklen_t n = sizeof who;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	if (strlen(control_socket) < sizeof a.sun_path) {
		memcpy(a.sun_path, control_socket, strlen(control_socket) + 1);
		if (connect(fd, (struct sockaddr *)(void *)&a, sizeof a) != 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
			who.pid = 0;
	}
	(void)close(fd);
	return who.pid;
}

/* Whether this process keeps others out of the state directory: then it is the nudged behind the door. */
static bool
keeps_state(pid_t pid, const char *state_directory)
{
	char path[PATH_LENGTH];
	struct stat lock, one;
	struct dirent *e;
	bool found = false;
	DIR *d;

	(void)snprintf(path, sizeof path, "%s/" STORE_LOCK, state_directory);
	if (stat(path, &lock) != 0)
		return false;
	(void)snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d)))
		found = fstatat(dirfd(d), e->d_name, &one, 0) == 0 && one.st_dev == lock.st_dev && one.st_ino == lock.st_ino;
	if (d)
		(void)closedir(d);
	return found;
}

/* ---- whether it can be had ---- */

struct ours { /* what runs of this configuration */
	pid_t nudged;                /* see running() */
	const char *state_directory;
};

struct wanted {
	const struct conf_place *at, *address_at;
	const char *block, *title, *key;
	const char *address; /* "" or NULL: all */
	int port;
	const char *program; /* ours that holds it */
};

/* 0, or why not. */
static int
try_bind(const struct wanted *w)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE }, *a = NULL;
	const char *host = !w->address || !w->address[0] ? "0.0.0.0" : strcmp(w->address, "localhost") == 0 ? "127.0.0.1" : w->address;
	int fd, on = 1, off = 0, why = 0;
	char service[16];

	(void)snprintf(service, sizeof service, "%d", w->port);
	if (getaddrinfo(host, service, &hints, &a) != 0)
		return EADDRNOTAVAIL;
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (a->ai_family == AF_INET6)
			(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
		why = bind(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
		(void)close(fd);
	}
	freeaddrinfo(a);
	return why;
}

/* systemd holds ports for those it starts. Of the same name there may be several: a door and the nudged behind it, or another house's. */
static bool
is_ours(const struct holder *h, const struct wanted *w, const struct ours *o)
{
	if (h->pid == 1)
		return true;
	if (o->nudged == 0)
		return false;
	if (strcmp(h->name, w->program) == 0 && strcmp(h->name, "nudged") != 0)
		return true;
	return h->pid == o->nudged || keeps_state(h->pid, o->state_directory);
}

/* A nudged that answers here and cannot be looked into has them, as far as we know. */
static void
check_holder(const struct wanted *w, const struct ours *o, struct conf_faults *faults)
{
	struct holder h = holder_of(w->port);

	if (!h.known && o->nudged == 0)
		conf_fault_add(faults, w->at, true, "%s \"%s\": %s %d is in use; by whom only root can see: ss -ltnp", w->block, w->title,
		    w->key, w->port);
	else if (h.known && !is_ours(&h, w, o))
		conf_fault_add(faults, w->at, false, "%s \"%s\": %s %d is in use by %s (process %ld)", w->block, w->title, w->key, w->port,
		    h.name[0] ? h.name : "another program", (long)h.pid);
}

static void
check_one(const struct wanted *w, const struct ours *o, struct conf_faults *faults)
{
	int why = w->port > 0 ? try_bind(w) : 0;

	if (why == EADDRINUSE)
		check_holder(w, o, faults);
	else if (why == EADDRNOTAVAIL)
		conf_fault_add(faults, w->address_at, false, "%s \"%s\": address %s is not one of this machine's; see: ip address", w->block, w->title,
		    w->address);
	else if (why == EACCES)
		conf_fault_add(faults, w->at, true, "%s \"%s\": %s %d is reserved: this user may not take it; let systemd hand the socket over, or "
		    "choose one from 1024 up", w->block, w->title, w->key, w->port);
}

bool
ports_check(const struct conf *c, struct conf_faults *faults)
{
	size_t before = faults->errors_n;
	struct ours o = { running(c->control_socket), c->state_directory };

	for (size_t i = 0; i < c->listeners_n; i++) {
		const struct conf_listener *l = &c->listeners[i];

		check_one(&(struct wanted){ conf_place_of(c, "listener", l->title, "port", &l->at),
		              conf_place_of(c, "listener", l->title, "address", &l->at), "listener", l->title, "port", l->address, l->port,
		              "nudged" }, &o, faults);
	}
	for (size_t i = 0; i < c->gateways_n; i++) {
		const struct conf_gateway *g = &c->gateways[i];

		check_one(&(struct wanted){ conf_place_of(c, "gateway", g->title, "webhook_port", &g->at),
		              conf_place_of(c, "gateway", g->title, "webhook_address", &g->at), "gateway", g->title, "webhook_port",
		              g->webhook_address, g->webhook_port, "nudge-sender" }, &o, faults);
	}
	if (c->metrics_port > 0) {
		struct conf_place top = { c->file, 0 };
		const struct conf_place *at = conf_place_of(c, "", "", "metrics", &top);

		check_one(&(struct wanted){ at, at, "metrics", c->metrics, "port", c->metrics_address, c->metrics_port, "nudged" }, &o, faults);
	}
	return faults->errors_n == before;
}
