/* log_look.c - see log_look.h. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/log_look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD 32
#define FRAME_HEAD 24
#define SECTOR 512
#define MAGIC 0x377f0682u /* the last bit: sums are of big-endian words */
#define PAGE_MAX 65536
#define PATH_BYTES 4096

struct log {
	int fd;
	off_t size;
	uint32_t page;
	bool big;
	uint8_t head[HEAD];
	uint8_t *frame;      /* owned: one, with its head */
};

static uint32_t
word(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
	           : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void
add_up(const struct log *l, const uint8_t *p, size_t n, uint32_t sum[2])
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		sum[0] += word(p + i, l->big) + sum[1];
		sum[1] += word(p + i + 4, l->big) + sum[0];
	}
}

static bool
read_at(const struct log *l, void *into, size_t n, off_t at)
{
	return pread(l->fd, into, n, at) == (ssize_t)n;
}

/* Nothing was written behind a head before the head was synced. */
static bool
is_blank(const struct log *l)
{
	uint8_t some[SECTOR];
	ssize_t n;

	for (off_t at = 0; (n = pread(l->fd, some, sizeof some, at)) > 0; at += n)
		for (ssize_t i = 0; i < n; i++)
			if (some[i] != 0)
				return false;
	return true;
}

static bool
head_is_whole(struct log *l)
{
	uint32_t sum[2] = { 0, 0 };

	l->big = l->head[3] & 1;
	l->page = word(l->head + 8, true);
	add_up(l, l->head, 24, sum);
	return (word(l->head, true) & ~1u) == MAGIC && l->page >= SECTOR && l->page <= PAGE_MAX && sum[0] == word(l->head + 24, true) &&
	    sum[1] == word(l->head + 28, true);
}

struct seen {
	bool ours;           /* of this round of the log */
	bool whole;          /* what it says of itself is true, if *sum is that of the frame before */
	bool commits;
};

/* *sum: of the frame before; afterwards what this one says of itself. */
static bool
look_at_frame(const struct log *l, off_t i, uint32_t sum[2], struct seen *out)
{
	const uint8_t *head = l->frame, *page = l->frame + FRAME_HEAD;

	if (!read_at(l, l->frame, FRAME_HEAD + l->page, HEAD + i * (FRAME_HEAD + (off_t)l->page)))
		return false;
	add_up(l, head, 8, sum);
	add_up(l, page, l->page, sum);
	out->ours = memcmp(head + 8, l->head + 16, 8) == 0;
	out->whole = out->ours && sum[0] == word(head + 16, true) && sum[1] == word(head + 20, true);
	out->commits = out->ours && word(head + 4, true) != 0;
	sum[0] = word(head + 16, true);
	sum[1] = word(head + 20, true);
	return true;
}

/* The head of a frame that is damaged may be half of it and half of another that was there before; not when a disk writes it whole. */
static bool
head_is_of_one(const struct log *l, off_t i)
{
	off_t at = HEAD + i * (FRAME_HEAD + (off_t)l->page);

	return at / SECTOR == (at + FRAME_HEAD - 1) / SECTOR;
}

/* false: a frame is damaged that was synced. A frame that goes on from a commit was written after that commit was synced, and
 * all before it. One that stands behind a commit without going on from it may be left from what never was committed. */
static bool
is_whole(const struct log *l)
{
	uint32_t sum[2] = { word(l->head + 24, true), word(l->head + 28, true) };
	off_t n = (l->size - HEAD) / (FRAME_HEAD + (off_t)l->page);
	bool damaged = false, after_commit = false;
	struct seen s;

	for (off_t i = 0; i < n && look_at_frame(l, i, sum, &s); i++) {
		if (damaged && after_commit && s.whole)
			return false;
		damaged = damaged || !s.whole;
		after_commit = s.commits && (s.whole || head_is_of_one(l, i));
	}
	return true;
}

bool
log_look(const char *path, struct fault *f)
{
	char name[PATH_BYTES];
	struct stat st;
	struct log l = { .fd = -1 };
	bool ok = true;

	if (snprintf(name, sizeof name, "%s-wal", path) >= (int)sizeof name)
		return fault_set(f, FAULT_OPERATOR, "%s: the path is too long", path);
	l.fd = open(name, O_RDONLY | O_CLOEXEC);
	if (l.fd < 0)
		return errno == ENOENT || fault_set(f, fault_kind_of(errno), "%s: %s", name, strerror(errno));
	l.frame = malloc(FRAME_HEAD + PAGE_MAX);
	if (!l.frame || fstat(l.fd, &st) != 0) {
		ok = fault_set(f, FAULT_BROKEN, "%s cannot be looked at", name);
	} else if (st.st_size >= HEAD && read_at(&l, l.head, HEAD, 0)) {
		l.size = st.st_size;
		ok = head_is_whole(&l) ? is_whole(&l) : is_blank(&l);
		/* What is in it is gone on from now: what a killed process left unsynced must not be behind it. */
		if (ok && fdatasync(l.fd) != 0)
			ok = fault_set(f, fault_kind_of(errno), "%s: %s", name, strerror(errno));
		else if (!ok)
			(void)fault_set(f, FAULT_OPERATOR, "%s is damaged in what was on the disk already: messages that were acknowledged would be "
			                                   "forgotten. Look at the disk, then put back a backup", name);
	}
	free(l.frame);
	(void)close(l.fd);
	return ok;
}
