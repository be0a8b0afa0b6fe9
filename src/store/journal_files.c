/* journal_files.c - the send journal's files: listed, read, their lines walked. */
// SPDX-License-Identifier: Apache-2.0
#include "store/journal_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/journal_line.h"

bool
journal_io_fault(const struct journal_place *p, const char *name, struct fault *f)
{
	int why = errno;

	return fault_set(f, fault_kind_of(why),
	    "send journal: %s/%s: %s", p->path, name, strerror(why));
}

void
journal_file_name(int64_t first, char out[JOURNAL_NAME_MAX])
{
	(void)snprintf(out, JOURNAL_NAME_MAX, "sends-%015lld.log", (long long)first);
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

bool
journal_files(const struct journal_place *p, int64_t **out, size_t *n, struct fault *f)
{
	int fd = openat(p->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int64_t *list = NULL;

	*n = 0;
	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		return journal_io_fault(p, ".", f);
	}
	for (struct dirent *x; (x = readdir(d));) {
		int64_t *more;
		uint64_t v;

		if (strncmp(x->d_name, "sends-", 6) != 0 || !span_to_u64(span_from(x->d_name + 6, strcspn(x->d_name + 6, ".")), INT64_MAX, &v))
			continue;
		if (!(more = realloc(list, (*n + 1) * sizeof *list))) {
			free(list);
			(void)closedir(d);
			return fault_set(f, FAULT_BROKEN, "out of memory");
		}
		list = more;
		list[(*n)++] = (int64_t)v;
	}
	(void)closedir(d);
	if (list)
		qsort(list, *n, sizeof *list, by_number);
	*out = list;
	return true;
}

bool
journal_file_read(const struct journal_place *p, const char *name, struct buf *out, bool *there, struct fault *f)
{
	int fd = openat(p->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char piece[65536];
	ssize_t n = 0;
	bool ok = true;

	buf_reset(out);
	*there = fd >= 0;
	if (fd < 0)
		return errno == ENOENT || journal_io_fault(p, name, f);
	while (ok && (n = read(fd, piece, sizeof piece)) > 0)
		ok = buf_add(out, piece, (size_t)n);
	if (n < 0)
		(void)journal_io_fault(p, name, f);
	else if (!ok)
		(void)fault_set(f, FAULT_BROKEN, "out of memory");
	(void)close(fd);
	return ok && n == 0;
}

void
journal_walk_begin(struct journal_walk *w, int64_t house, struct span text)
{
	const char *end = text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;
	size_t n = end ? (size_t)(end - text.p) : 0;
	int64_t whose;

	*w = (struct journal_walk){ .rest = SPAN_NONE };
	if (!end)
		return; /* not even its first line came to be */
	w->damaged = !journal_head_read(span_from(text.p, n), &whose);
	w->foreign = !w->damaged && whose != house;
	if (w->foreign)
		return;
	w->good = n + 1;
	w->rest = span_from(end + 1, text.n - n - 1);
}

bool
journal_walk_next(struct journal_walk *w, struct journal_entry *e)
{
	while (w->rest.n > 0) {
		const char *end = memchr(w->rest.p, '\n', w->rest.n);
		size_t n = end ? (size_t)(end - w->rest.p) : 0;
		bool good;

		if (!end)
			return false;
		good = journal_line_read(span_from(w->rest.p, n), e);
		w->rest = span_from(end + 1, w->rest.n - n - 1);
		w->good += n + 1;
		if (good)
			return true;
		w->damaged = true;
	}
	return false;
}
