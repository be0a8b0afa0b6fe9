/* audit_read.c - an audit log read on while it is written. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/audit_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/audit_line.h"

#define PIECE 16384

void
audit_reader_begin(struct audit_reader *r, const char *directory, int64_t seq)
{
	*r = (struct audit_reader){ .fd = -1, .next = seq > 0 ? seq : 1 };
	(void)snprintf(r->path, sizeof r->path, "%s", directory);
	buf_init(&r->piece, AUDIT_LINE_MAX + PIECE);
}

static void
shut(struct audit_reader *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
	r->at = 0;
	r->given = 0;
	buf_reset(&r->piece);
}

void
audit_reader_end(struct audit_reader *r)
{
	shut(r);
	buf_clear(&r->piece);
}

/* The line at the front, without its end; NULL in *p: the file has no whole one more. */
static bool
line_here(struct audit_reader *r, struct span *line, struct fault *f)
{
	const char *end = NULL;
	size_t seen = 0;
	char more[PIECE];
	ssize_t n = 1;

	*line = SPAN_NONE;
	buf_drop_front(&r->piece, r->given);
	r->given = 0;
	while (!(end = r->piece.n > seen ? memchr(r->piece.p + seen, '\n', r->piece.n - seen) : NULL)) {
		seen = r->piece.n;
		n = pread(r->fd, more, sizeof more, (off_t)r->at);
		if (n == 0)
			return true;
		if (n < 0 || !buf_add(&r->piece, more, (size_t)n)) {
			(void)fault_set(f, FAULT_BUSY, "%s: %s", r->path, n < 0 ? strerror(errno) : "no memory for a record");
			shut(r);
			return false;
		}
		r->at += n;
	}
	*line = span_from(r->piece.p, (size_t)(end - r->piece.p));
	r->given = line->n + 1;
	return true;
}

/* The file that should have r->next, and in it the place. *fresh: it begins with it. */
static bool
open_next(struct audit_reader *r, bool *there, struct fault *f)
{
	int folder = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[AUDIT_NAME_MAX];
	int64_t *seqs = NULL, at = 0;
	struct span line;
	size_t n = 0;
	bool ok = folder >= 0 && audit_files(folder, &seqs, &n);

	for (size_t i = 0; i < n && (at == 0 || seqs[i] <= r->next); i++)
		at = seqs[i];
	free(seqs);
	*there = at > 0;
	if (ok && *there) {
		audit_file_name(at, name);
		r->fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		ok = r->fd >= 0;
	}
	if (!ok)
		(void)fault_set(f, FAULT_BUSY, "%s: %s", r->path, strerror(errno));
	if (folder >= 0)
		(void)close(folder);
	if (!ok || !*there)
		return ok;
	if (at > r->next) { /* what was before has been removed */
		r->missing += at - r->next;
		r->next = at;
	}
	for (; at < r->next; at++) {
		if (!line_here(r, &line, f))
			return false;
		if (!line.p) {
			*there = false;
			return true;
		}
	}
	return true;
}

/* A file that ends before the record it should have: the next one begins behind the hole. */
static bool
skip_hole(struct audit_reader *r, struct fault *f, bool *there)
{
	int folder = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t *seqs = NULL, found = 0;
	size_t n = 0;
	bool ok = folder >= 0 && audit_files(folder, &seqs, &n);

	shut(r);
	for (size_t i = 0; i < n && found == 0; i++)
		if (seqs[i] >= r->next)
			found = seqs[i];
	free(seqs);
	if (folder >= 0)
		(void)close(folder);
	if (!ok)
		return fault_set(f, FAULT_BUSY, "%s: %s", r->path, strerror(errno));
	*there = found > 0;
	if (found > r->next) {
		r->missing += found - r->next;
		r->next = found;
	}
	return true;
}

enum audit_read
audit_reader_next(struct audit_reader *r, int64_t last, struct span *line, struct fault *f)
{
	bool there = true;

	/* Where the file ends, the next one begins; once more when that is behind a hole. */
	for (int tries = 0; there && tries < 3 && r->next <= last; tries++) {
		if (r->fd < 0 && !open_next(r, &there, f)) {
			shut(r);
			return AUDIT_READ_FAILED;
		}
		if (there && !line_here(r, line, f))
			return AUDIT_READ_FAILED;
		if (there && line->p) {
			r->next++;
			return AUDIT_READ_ONE;
		}
		if (!skip_hole(r, f, &there))
			return AUDIT_READ_FAILED;
	}
	if (r->next <= last) { /* nowhere any more */
		r->missing += last + 1 - r->next;
		r->next = last + 1;
	}
	return AUDIT_READ_NO_MORE;
}

void
audit_reader_again(struct audit_reader *r)
{
	if (r->given > 0) {
		r->given = 0;
		r->next--;
	}
}
