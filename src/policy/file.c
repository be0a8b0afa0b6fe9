/* file.c - reads a file that a configuration names, and nothing but a plain one. */
// SPDX-License-Identifier: Apache-2.0
#include "policy/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
read_all(int fd, const char *path, size_t max, char *text, size_t *out_n, struct fault *f)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, text + n, max + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_set(f, fault_kind_of(errno), "%s: cannot be read: %s", path, strerror(errno));
		if (got == 0)
			break;
		n += (size_t)got;
		if (n > max)
			return fault_set(f, FAULT_OPERATOR, "%s: has over %zu bytes", path, max);
	}
	text[n] = '\0';
	*out_n = n;
	return true;
}

bool
file_read_bytes(const char *path, size_t max, char **out, size_t *n, struct fault *f)
{
	/* A pipe or device named by mistake must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat st;
	bool ok = false;

	if (fd < 0)
		return fault_set(f, fault_kind_of(errno), "%s: cannot be read: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		fault_set(f, FAULT_OPERATOR, "%s: not a regular file", path);
		goto out;
	}
	text = malloc(max + 1);
	if (!text) {
		fault_set(f, FAULT_BUSY, "%s: no memory", path);
		goto out;
	}
	ok = read_all(fd, path, max, text, n, f);
out:
	close(fd);
	if (ok)
		*out = text;
	else
		free(text);
	return ok;
}

bool
file_read(const char *path, size_t max, char **out, struct fault *f)
{
	char *text = NULL;
	size_t n = 0;

	if (!file_read_bytes(path, max, &text, &n, f))
		return false;
	assert(text);
	if (strlen(text) != n) {
		free(text);
		return fault_set(f, FAULT_OPERATOR, "%s: not a text file", path);
	}
	*out = text;
	return true;
}
