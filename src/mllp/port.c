/* port.c - a listening socket: bound here, or handed over by the service manager. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 511

static bool
resolve(const struct conf_listener *l, struct addrinfo **out, struct fault *f)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	const char *host = l->address;
	char service[16];

	if (host[0] == '\0') {
		host = "0.0.0.0";
	} else if (strcmp(host, "localhost") == 0) {
		host = "127.0.0.1";
	}
	snprintf(service, sizeof service, "%d", l->port);
	if (getaddrinfo(host, service, &hints, out) != 0) {
		return fault_set(f, FAULT_OPERATOR, "address \"%s\" is no IPv4 or IPv6 address", l->address);
	}
	return true;
}

/* The service manager's socket is meant for this listener. */
static bool
same_place(int fd, const struct addrinfo *want)
{
	struct sockaddr_storage is;
	socklen_t n = sizeof is;
	struct sockaddr_in a, b;
	struct sockaddr_in6 c, d;

	memset(&is, 0, sizeof is);
	if (getsockname(fd, (struct sockaddr *)&is, &n) != 0 || is.ss_family != want->ai_family) {
		return false;
	}
	if (is.ss_family == AF_INET) {
		memcpy(&a, &is, sizeof a);
		memcpy(&b, want->ai_addr, sizeof b);
		return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
	}
	memcpy(&c, &is, sizeof c);
	memcpy(&d, want->ai_addr, sizeof d);
	return c.sin6_port == d.sin6_port && memcmp(&c.sin6_addr, &d.sin6_addr, sizeof c.sin6_addr) == 0;
}

static int
take_handed(struct mllp *m, const struct addrinfo *want)
{
	for (size_t i = 0; i < m->handed_n; i++) {
		int fd = m->handed[i];
		int flags = fcntl(fd, F_GETFL);
		if (flags >= 0 && same_place(fd, want) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) {
			m->handed[i] = m->handed[--m->handed_n];
			return fd;
		}
	}
	return -1;
}

static bool
bind_fault(const struct conf_listener *l, int why, struct fault *f)
{
	switch (why) {
	case EADDRINUSE:
		return fault_set(f, FAULT_OPERATOR, "%s port %d is in use by another program; "
		    "find it with: ss -ltnp", l->address, l->port);
	case EACCES:
		return fault_set(f, FAULT_OPERATOR, "port %d is reserved; choose one from 1024 up, "
		    "or let systemd hand the socket over", l->port);
	case EAFNOSUPPORT:
		return fault_set(f, FAULT_OPERATOR, "this service has no network of its own: systemctl edit nudged.socket, "
		    "and add ListenStream=%s%s%s:%d", strchr(l->address, ':') ? "[" : "", l->address,
		    strchr(l->address, ':') ? "]" : "", l->port);
	case EADDRNOTAVAIL:
		return fault_set(f, FAULT_OPERATOR, "address %s is not one of this machine's; "
		    "see: ip address", l->address);
	default:
		return fault_set(f, fault_kind_of(why), "cannot listen on %s port %d: %s", l->address, l->port,
		    strerror(why));
	}
}

static bool
bind_socket(const struct conf_listener *l, const struct addrinfo *a, int *out, struct fault *f)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;

	if (fd < 0) {
		return bind_fault(l, errno, f);
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (a->ai_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	}
	if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
		bind_fault(l, errno, f);
		close(fd);
		return false;
	}
	*out = fd;
	return true;
}

bool
port_new(struct mllp *m, const struct conf_listener *l, struct port **out, struct fault *f)
{
	struct port *p = calloc(1, sizeof *p);
	struct addrinfo *a = NULL;

	if (!p || !(p->address = strdup(l->address))) {
		free(p);
		return fault_set(f, FAULT_BUSY, "no memory for it");
	}
	p->intake = m;
	p->number = l->port;
	p->fd = -1;
	if (!resolve(l, &a, f)) {
		goto fail;
	}
	p->fd = take_handed(m, a);
	p->handed = p->fd >= 0;
	if (p->fd < 0 && !bind_socket(l, a, &p->fd, f)) {
		goto fail;
	}
	freeaddrinfo(a);
	*out = p;
	return true;
fail:
	if (a) {
		freeaddrinfo(a);
	}
	port_free(p);
	return false;
}

void
port_close(struct port *p)
{
	if (p->fd >= 0 && p->handed) {
		p->intake->handed[p->intake->handed_n++] = p->fd; /* where it was before: there is room */
	} else if (p->fd >= 0) {
		close(p->fd);
	}
	p->fd = -1;
}

void
port_free(struct port *p)
{
	port_close(p);
	free(p->address);
	free(p);
}
