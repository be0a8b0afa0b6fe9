/* secret.c - a secret's file, read whole or not at all. */
// SPDX-License-Identifier: Apache-2.0
#include "acs/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "nudge/seal.h"

bool
secret_read(const char *path, struct buf *out, struct fault *f)
{
	char piece[4096];
	ssize_t n = 0;
	int fd;

	if (!secret_file_ok(path, f))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fault_set(f, fault_kind_of(errno), "%s: %s", path, strerror(errno));
	while ((n = read(fd, piece, sizeof piece)) > 0)
		if (out->n + (size_t)n > SECRET_MAX || !buf_add(out, piece, (size_t)n))
			break;
	seal_wipe(piece, sizeof piece);
	if (n < 0)
		(void)fault_set(f, fault_kind_of(errno), "%s: %s", path, strerror(errno));
	else if (n > 0)
		(void)fault_set(f, FAULT_OPERATOR, "%s is too long for a secret", path);
	(void)close(fd);
	return n == 0;
}

struct span
secret_trim(struct span s)
{
	static const char ends[] = " \t\r\n";

	while (s.n > 0 && memchr(ends, s.p[0], sizeof ends - 1))
		s = (struct span){ s.p + 1, s.n - 1 };
	while (s.n > 0 && memchr(ends, s.p[s.n - 1], sizeof ends)) /* with the terminator */
		s.n--;
	return s;
}
