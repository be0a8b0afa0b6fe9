/* journal.c - the send journal: how it stands to the store, read on, written after a commit. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/journal_files.h"
#include "store/journal_line.h"

#define FILE_MAX (8 << 20)
#define DAY_S 86400
#define FILE_READ_MAX (1u << 30)
#define PENDING_MAX (4u << 20) /* bytes of a turn's entries, or of what waits for space */
#define OPTOUTS_MAX FILE_READ_MAX /* all of them are written again when a crash may have lost some */
#define OPTOUTS "optouts.log"

struct stream { /* one growing file: sends of a while; or what is known of phones, for ever */
	int fd;
	int64_t size;
	struct buf pending;    /* gathered, not written */
	size_t committed;      /* bytes of it that are of committed turns */
	bool must_sync;        /* what is pending, or was written, has to be on the disk before jobs leave */
	bool unsynced;
};

struct journal {
	struct journal_place place;
	int64_t retention_s;
	struct stream sends, optouts;
	int64_t sends_begun_s;   /* the file that is written */
	int64_t last, committed; /* numbers */
};

/* ---- opening ---- */

static bool
open_folder(struct journal *j, struct fault *f)
{
	struct stat st;

	if (mkdir(j->place.path, 0700) != 0 && errno != EEXIST)
		return fault_set(f, fault_kind_of(errno), "journal_directory %s cannot be made: %s", j->place.path, strerror(errno));
	j->place.folder = open(j->place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->place.folder < 0 || fstat(j->place.folder, &st) != 0)
		return journal_io_fault(&j->place, "", f);
	return !(st.st_mode & S_IWOTH) ||
	    fault_set(f, FAULT_OPERATOR, "journal_directory %s can be written by everybody; mend it with: chmod 0700 %s", j->place.path, j->place.path);
}

/* Opens one to write on behind `good`; a new one gets its first line. */
static bool
open_stream(struct journal *j, struct stream *s, const char *name, size_t good, struct fault *f)
{
	struct stat st;
	struct buf head;
	bool ok;

	s->fd = openat(j->place.folder, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->fd < 0 || fstat(s->fd, &st) != 0)
		return journal_io_fault(&j->place, name, f);
	if ((size_t)st.st_size > good && ftruncate(s->fd, (off_t)good) != 0)
		return journal_io_fault(&j->place, name, f);
	s->size = (int64_t)good;
	if (good > 0)
		return true;
	buf_init(&head, JOURNAL_LINE_MAX);
	ok = journal_head_make(j->place.house, &head) && write(s->fd, head.p, head.n) == (ssize_t)head.n && fdatasync(s->fd) == 0 &&
	    fsync(j->place.folder) == 0;
	s->size = (int64_t)head.n;
	buf_clear(&head);
	return ok || journal_io_fault(&j->place, name, f);
}

struct found { /* what the files say, all together */
	int64_t first, last;   /* numbers: of the first file of sends, of the last entry */
	bool any, damaged;
};

static bool
scan_one(struct journal *j, const char *name, struct buf *text, struct found *x, size_t *good, struct fault *f)
{
	struct journal_entry e;
	struct journal_walk w;
	bool there;

	*good = 0;
	if (!journal_file_read(&j->place, name, text, &there, f))
		return false;
	if (!there)
		return true;
	journal_walk_begin(&w, j->place.house, buf_span(text));
	if (w.foreign)
		return fault_set(f, FAULT_OPERATOR, "send journal: %s/%s belongs to another store: each state_directory has a journal of "
		    "its own, and keeps it; name that one as journal_directory, or move this one away", j->place.path, name);
	while (journal_walk_next(&w, &e))
		if (e.seq > x->last)
			x->last = e.seq;
	*good = w.good;
	x->damaged = x->damaged || w.damaged;
	x->any = true;
	return true;
}

static bool
scan(struct journal *j, int64_t store_seq, struct found *x, struct fault *f)
{
	char name[JOURNAL_NAME_MAX];
	int64_t *firsts = NULL;
	struct buf text;
	size_t n = 0, good = 0, optouts_good = 0, unused;
	bool ok;

	buf_init(&text, FILE_READ_MAX);
	ok = journal_files(&j->place, &firsts, &n, f);
	/* Only as far back as the store needs it, and the last always. */
	for (size_t i = n; ok && i > 0 && (i == n || firsts[i] > store_seq + 1); i--) {
		size_t *to = i == n ? &good : &unused;

		journal_file_name(firsts[i - 1], name);
		ok = scan_one(j, name, &text, x, to, f);
	}
	x->first = n > 0 ? firsts[0] : INT64_MAX;
	if (n > 0 && firsts[n - 1] - 1 > x->last) /* a new file says by its name how far the one before got */
		x->last = firsts[n - 1] - 1;
	ok = ok && scan_one(j, OPTOUTS, &text, x, &optouts_good, f);
	x->any = n > 0; /* opt-outs alone are no journal of sends */
	ok = ok && open_stream(j, &j->optouts, OPTOUTS, optouts_good, f);
	if (ok && n > 0) {
		journal_file_name(firsts[n - 1], name);
		ok = open_stream(j, &j->sends, name, good, f);
	}
	free(firsts);
	buf_clear(&text);
	return ok;
}

static enum journal_state
judge(const struct found *x, int64_t store_seq)
{
	if (!x->any)
		return store_seq > 0 ? JOURNAL_MISSING : JOURNAL_LEVEL;
	if (x->last <= store_seq)
		return x->last < store_seq ? JOURNAL_BEHIND : JOURNAL_LEVEL;
	return x->first > store_seq + 1 || x->damaged ? JOURNAL_TOO_SHORT : JOURNAL_AHEAD;
}

bool
journal_open(const struct journal_setup *s, struct journal **out, enum journal_state *state, struct fault *f)
{
	struct journal *j = calloc(1, sizeof *j);
	struct found x = { 0 };

	if (!j)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	(void)snprintf(j->place.path, sizeof j->place.path, "%s", s->directory);
	j->place.folder = j->sends.fd = j->optouts.fd = -1;
	j->place.house = s->house;
	j->retention_s = s->retention_s;
	j->sends_begun_s = s->now_s;
	buf_init(&j->sends.pending, PENDING_MAX);
	buf_init(&j->optouts.pending, OPTOUTS_MAX);
	if (!open_folder(j, f) || !scan(j, s->seq, &x, f)) {
		journal_close(j);
		return false;
	}
	*state = judge(&x, s->seq);
	j->last = j->committed = x.last > s->seq ? x.last : s->seq;
	if (*state == JOURNAL_LEVEL && !journal_begin(j, s->now_s, f)) { /* from now on a missing one is missed */
		journal_close(j);
		return false;
	}
	*out = j;
	return true;
}

void
journal_close(struct journal *j)
{
	if (!j)
		return;
	for (int i = 0, *fd[] = { &j->place.folder, &j->sends.fd, &j->optouts.fd }; i < 3; i++)
		if (*fd[i] >= 0)
			(void)close(*fd[i]);
	buf_clear(&j->sends.pending);
	buf_clear(&j->optouts.pending);
	free(j);
}

/* ---- reading on ---- */

static bool
read_one(struct journal *j, const char *name, int64_t after, journal_fn *fn, void *ctx, struct fault *f)
{
	struct journal_entry e;
	struct buf text;
	struct journal_walk w;
	bool there, ok;

	buf_init(&text, FILE_READ_MAX);
	ok = journal_file_read(&j->place, name, &text, &there, f);
	if (ok && there) {
		journal_walk_begin(&w, j->place.house, buf_span(&text));
		while (ok && journal_walk_next(&w, &e))
			ok = e.seq <= after || fn(ctx, &e, f);
	}
	buf_clear(&text);
	return ok;
}

/* Opt-outs first: nothing of theirs depends on sends. */
bool
journal_read(struct journal *j, int64_t after_seq, journal_fn *fn, void *ctx, struct fault *f)
{
	char name[JOURNAL_NAME_MAX];
	int64_t *firsts = NULL;
	size_t n = 0;
	bool ok = journal_files(&j->place, &firsts, &n, f) && read_one(j, OPTOUTS, after_seq, fn, ctx, f);

	for (size_t i = 0; ok && i < n; i++) {
		if (i + 1 < n && firsts[i + 1] <= after_seq)
			continue;
		journal_file_name(firsts[i], name);
		ok = read_one(j, name, after_seq, fn, ctx, f);
	}
	free(firsts);
	return ok;
}

int64_t
journal_last(const struct journal *j)
{
	return j->last;
}

/* ---- writing ---- */

void
journal_add(struct journal *j, struct journal_entry *e)
{
	bool sends = e->kind == JOURNAL_ARMED || e->kind == JOURNAL_ENDED;
	struct stream *s = sends ? &j->sends : &j->optouts;

	e->seq = ++j->last;
	(void)journal_line_make(e, &s->pending); /* when it is too much, journal_write() fails */
	s->must_sync = s->must_sync || e->kind != JOURNAL_ENDED;
}

static void
drop_pending(struct stream *s)
{
	s->pending.n = s->committed;
	s->pending.spoilt = false;
	s->must_sync = s->committed > 0;
}

void
journal_drop(struct journal *j)
{
	drop_pending(&j->sends);
	drop_pending(&j->optouts);
	j->last = j->committed;
}

void
journal_commit(struct journal *j)
{
	j->sends.committed = j->sends.pending.n;
	j->optouts.committed = j->optouts.pending.n;
	j->committed = j->last;
}

static bool
write_stream(struct journal *j, struct stream *s, const char *name, struct fault *f)
{
	ssize_t n;

	if (s->pending.spoilt)
		return fault_set(f, FAULT_BUSY, "send journal: too much waits to be written");
	if (s->pending.n > 0) {
		n = write(s->fd, s->pending.p, s->pending.n);
		if (n != (ssize_t)s->pending.n) {
			(void)journal_io_fault(&j->place, name, f);
			f->kind = FAULT_BUSY;
			if (n > 0 && ftruncate(s->fd, (off_t)s->size) != 0)
				f->kind = FAULT_BROKEN;
			return false;
		}
		s->size += n;
		s->unsynced = true;
		buf_reset(&s->pending);
		s->committed = 0;
	}
	if (s->must_sync && s->unsynced) {
		if (fdatasync(s->fd) != 0)
			return fault_set(f, FAULT_BROKEN, "send journal: %s/%s: %s", j->place.path, name, strerror(errno));
		s->unsynced = false;
	}
	s->must_sync = false;
	return true;
}

/* false: not known; what a clock wrote that ran ahead says nothing. */
static bool
begun_at(struct journal *j, int64_t first, int64_t now_s, int64_t *at_s)
{
	char name[JOURNAL_NAME_MAX];
	struct journal_entry e;
	struct fault ignored;
	struct buf text;
	struct journal_walk w;
	bool there = false, ok;

	journal_file_name(first, name);
	buf_init(&text, FILE_READ_MAX);
	ok = journal_file_read(&j->place, name, &text, &there, &ignored) && there;
	if (ok) {
		journal_walk_begin(&w, j->place.house, buf_span(&text));
		ok = journal_walk_next(&w, &e);
	}
	if (ok)
		*at_s = e.at_s;
	buf_clear(&text);
	return ok && *at_s <= now_s;
}

/* Files of sends go when they and their successor began before the retention. Were
 * the successor's time enough, one that was begun under a clock of 1970 would take
 * yesterday's with it. */
static void
forget_old(struct journal *j, int64_t now_s)
{
	int64_t *firsts = NULL, own_s = 0, next_s = 0, kept_s = now_s - j->retention_s;
	bool own, next = false;
	struct fault ignored;
	size_t n = 0;

	if (!journal_files(&j->place, &firsts, &n, &ignored))
		return;
	own = n > 0 && begun_at(j, firsts[0], now_s, &own_s);
	for (size_t i = 0; i + 1 < n && !(next && next_s >= kept_s); i++) {
		char name[JOURNAL_NAME_MAX];

		next = begun_at(j, firsts[i + 1], now_s, &next_s);
		if (next && next_s < kept_s && (!own || own_s < kept_s)) {
			journal_file_name(firsts[i], name);
			(void)unlinkat(j->place.folder, name, 0);
		}
		own = next;
		own_s = next_s;
	}
	free(firsts);
}

static bool
next_file(struct journal *j, int64_t now_s, struct fault *f)
{
	char name[JOURNAL_NAME_MAX];
	int64_t first = j->last;

	/* The numbers that are pending begin behind what was written. */
	for (size_t i = 0; i < j->sends.pending.n; i++)
		first -= j->sends.pending.p[i] == '\n';
	for (size_t i = 0; i < j->optouts.pending.n; i++)
		first -= j->optouts.pending.p[i] == '\n';
	if (j->sends.fd >= 0)
		(void)close(j->sends.fd);
	j->sends.fd = -1;
	journal_file_name(first + 1, name);
	if (!open_stream(j, &j->sends, name, 0, f)) {
		f->kind = f->kind == FAULT_OPERATOR ? FAULT_BUSY : f->kind;
		return false;
	}
	j->sends.unsynced = false;
	j->sends_begun_s = now_s;
	return true;
}

bool
journal_write(struct journal *j, int64_t now_s, struct fault *f)
{
	bool first = j->sends.fd < 0 && j->sends.pending.n > 0; /* opt-outs alone do not begin one: a missing one stays missed */
	bool old = j->sends.fd >= 0 && (j->sends.size > FILE_MAX || now_s - j->sends_begun_s >= DAY_S || now_s < j->sends_begun_s - DAY_S);

	if (j->sends.pending.n == 0 && j->optouts.pending.n == 0 && !j->sends.must_sync && !j->optouts.must_sync)
		return true;
	if (first || (old && !j->sends.unsynced && !j->sends.pending.spoilt)) {
		if (!next_file(j, now_s, f))
			return false;
		forget_old(j, now_s);
	}
	return write_stream(j, &j->optouts, OPTOUTS, f) && write_stream(j, &j->sends, "sends", f);
}

bool
journal_begin(struct journal *j, int64_t now_s, struct fault *f)
{
	return j->sends.fd >= 0 || next_file(j, now_s, f);
}
