/* audit_keep.c - how long records are kept, and what stays where a file was. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/audit_parts.h"
#include "nudge/clock.h"

void
audit_set_retention(struct audit *a, int64_t retention_s, int64_t max_bytes)
{
	(void)pthread_mutex_lock(&a->lock);
	a->retention_s = retention_s;
	a->max_bytes = max_bytes;
	(void)pthread_mutex_unlock(&a->lock);
}

/* The first record of a file: when, and what it follows. */
static bool
first_of(struct audit *a, int64_t seq, char t[20], char prev[AUDIT_MAC_HEX + 1])
{
	char name[AUDIT_NAME_MAX];
	struct audit_line l;
	struct buf text;
	const char *end;
	bool ok;
	int fd;

	audit_file_name(seq, name);
	fd = openat(a->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	buf_init(&text, AUDIT_LINE_MAX + 65536);
	ok = audit_read_all(fd, AUDIT_LINE_MAX, &text);
	(void)close(fd);
	end = ok && text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;
	ok = end && audit_line_read(span_from(text.p, (size_t)(end - text.p)), &l);
	if (ok) {
		span_copy(t, 20, l.t);
		span_copy(prev, AUDIT_MAC_HEX + 1, l.prev);
	}
	buf_clear(&text);
	return ok;
}

/* Its end is written down before the file goes, so that a hole made by another
 * hand is told from this one. */
static bool
forget(struct audit *a, int64_t seq, int64_t next_seq, const char *last_mac, const char *why, struct fault *f)
{
	char name[AUDIT_NAME_MAX], hash[64];
	struct audit_entry e = { .what = "audit.forget", .kind = "file", .id = name, .hash = hash,
		.why = why };

	audit_file_name(seq, name);
	(void)snprintf(hash, sizeof hash, "%lld:%s", (long long)(next_seq - 1), last_mac);
	if (!audit_put(a, &e, a->wall_ms(), f) || !audit_settle(a, f))
		return false;
	if (unlinkat(a->folder, name, 0) != 0)
		return fault_set(f, FAULT_BUSY, "%s/%s: %s", a->path, name, strerror(errno));
	a->files_n--;
	return true;
}

static int64_t
bytes_of(const struct audit *a, int64_t seq)
{
	char name[AUDIT_NAME_MAX];
	struct stat st;

	audit_file_name(seq, name);
	return fstatat(a->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (int64_t)st.st_size : 0;
}

bool
audit_tidy(struct audit *a, struct fault *f)
{
	char cutoff[CLOCK_TEXT_MAX], t[20], prev[AUDIT_MAC_HEX + 1];
	int64_t *seqs = NULL;
	size_t n = 0;
	int64_t bytes = 0;
	bool ok = true, old = false;

	if (!a)
		return true;
	(void)pthread_mutex_lock(&a->lock);
	clock_rfc3339(a->wall_ms() / 1000 - a->retention_s, cutoff);
	if (!audit_files(a->folder, &seqs, &n))
		ok = fault_set(f, FAULT_BUSY, "%s: cannot be read", a->path);
	for (size_t i = 0; i < n; i++)
		bytes += bytes_of(a, seqs[i]);
	for (size_t i = 0; ok && i + 1 < n; i++) {
		int64_t own = bytes_of(a, seqs[i]);
		bool much = a->max_bytes > 0 && bytes > a->max_bytes;

		if (!first_of(a, seqs[i + 1], t, prev) || (!(old = strncmp(t, cutoff, 19) < 0) && !much))
			break;
		ok = forget(a, seqs[i], seqs[i + 1], prev, old ? "older than audit_retention" : "more than audit_max", f);
		bytes -= own;
	}
	free(seqs);
	(void)pthread_mutex_unlock(&a->lock);
	return ok;
}
