/* file.c - reads a file that a configuration names, and takes nothing but plain text. */
// SPDX-License-Identifier: Apache-2.0
#include "policy/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
read_all(int fd, const char *path, size_t max, char *text, struct fault *f)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, text + n, max + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_set(f, FAULT_OPERATOR, "%s: cannot be read: %s", path, strerror(errno));
		if (got == 0)
			break;
		n += (size_t)got;
		if (n > max)
			return fault_set(f, FAULT_OPERATOR, "%s: has over %zu bytes", path, max);
	}
	text[n] = '\0';
	if (strlen(text) != n)
		return fault_set(f, FAULT_OPERATOR, "%s: not a text file", path);
	return true;
}

bool
file_read(const char *path, size_t max, char **out, struct fault *f)
{
	/* A pipe or device named by mistake must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat st;
	bool ok = false;

	if (fd < 0)
		return fault_set(f, FAULT_OPERATOR, "%s: cannot be read: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		fault_set(f, FAULT_OPERATOR, "%s: not a regular file", path);
		goto out;
	}
	text = malloc(max + 1);
	if (!text) {
		fault_set(f, FAULT_BUSY, "%s: no memory", path);
		goto out;
	}
	ok = read_all(fd, path, max, text, f);
out:
	close(fd);
	if (ok)
		*out = text;
	else
		free(text);
	return ok;
}
