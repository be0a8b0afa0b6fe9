/* audit.c - the log of who did what: one line a record, on the disk before the deed is confirmed. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/audit.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/audit_parts.h"
#include "nudge/clock.h"

#define FILE_MAX (16 << 20)
#define STATE_EVERY 100 /* records between two syncs of the state: it can be found again from the lines */

static int64_t
system_wall_ms(void)
{
	return clock_now().wall_ms;
}

static void
month_of(int64_t wall_ms, char out[8])
{
	char t[CLOCK_TEXT_MAX];

	clock_rfc3339(wall_ms / 1000, t);
	memcpy(out, t, 7);
	out[7] = '\0';
}

/* ---- the end, as it was left ---- */

static bool
tampered(const struct audit *a, struct fault *f, const char *what)
{
	return fault_set(f, FAULT_OPERATOR, "%s: %s; look with: nudgectl audit verify --directory %s; then move the folder "
	    "away and start again", a->path, what, a->path);
}

/* For which nobody has to look after it. */
static bool
no_digest(const struct audit *a, struct fault *f)
{
	return fault_set(f, FAULT_BUSY, "%s: no memory to look at its end", a->path);
}

static bool
write_state(struct audit *a, bool sync)
{
	char text[AUDIT_STATE_MAX];
	size_t n = audit_state_make(&a->chain, text);
	bool ok = n > 0 && pwrite(a->state, text, n, 0) == (ssize_t)n && (!sync || fdatasync(a->state) == 0);

	seal_wipe(text, sizeof text);
	if (sync && ok)
		a->unsynced = 0;
	return ok;
}

static bool
open_file(struct audit *a, int64_t first_seq, bool fresh, struct fault *f)
{
	char name[AUDIT_NAME_MAX];
	struct stat st;

	audit_file_name(first_seq, name);
	a->file = openat(a->folder, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (fresh ? O_CREAT : 0), 0600);
	if (a->file < 0 || fstat(a->file, &st) != 0 || (fresh && fsync(a->folder) != 0))
		return fault_set(f, fault_kind_of(errno), "%s/%s: %s", a->path, name, strerror(errno));
	a->size = st.st_size;
	return true;
}

/* Walks the last file from its beginning; what is behind the state was written
 * and synced, only the state was not. */
static bool
follow_lines(struct audit *a, struct span text, int64_t seq, size_t *good, struct fault *f)
{
	struct audit_line l;
	char mac[AUDIT_MAC_HEX + 1];

	*good = 0;
	for (const char *end; text.n > 0 && (end = memchr(text.p, '\n', text.n)); seq++) {
		size_t n = (size_t)(end - text.p);

		if (!audit_line_read(span_from(text.p, n), &l) || l.seq != seq)
			return tampered(a, f, "a record is not as it was written");
		if (seq == a->chain.seq - 1 && !span_is(l.mac, a->chain.prev))
			return tampered(a, f, "the last record is not the one that was written last");
		if (seq == a->chain.seq) {
			if (!audit_chain_mac(&a->chain, l.body, mac))
				return no_digest(a, f);
			if (!span_is(l.mac, mac))
				return tampered(a, f, "the last record was not written by nudged");
			if (!audit_chain_step(&a->chain, mac))
				return no_digest(a, f);
		}
		if (*good == 0)
			span_copy(a->month, sizeof a->month, span_from(l.t.p, l.t.n < 7 ? l.t.n : 7));
		*good += n + 1;
		text = span_from(end + 1, text.n - n - 1);
	}
	return seq >= a->chain.seq || tampered(a, f, "records are missing at the end");
}

bool
audit_read_all(int fd, size_t n, struct buf *out)
{
	char piece[65536];
	ssize_t got = 0;

	while (out->n < n && (got = pread(fd, piece, sizeof piece, (off_t)out->n)) > 0)
		if (!buf_add(out, piece, (size_t)got))
			return false;
	return got >= 0;
}

/* A power cut may have left a part of one line: nobody was told that it is there. */
static bool
follow_file(struct audit *a, int64_t first_seq, size_t *cut, struct fault *f)
{
	struct buf text;
	size_t good = 0;
	bool ok;

	buf_init(&text, 1u << 30);
	ok = open_file(a, first_seq, false, f) &&
	    (audit_read_all(a->file, (size_t)a->size, &text) || fault_set(f, FAULT_BROKEN, "%s: cannot be read", a->path)) &&
	    follow_lines(a, buf_span(&text), first_seq, &good, f);
	*cut = ok ? text.n - good : 0;
	buf_clear(&text);
	if (ok && *cut > 0 && (ftruncate(a->file, (off_t)good) != 0 || fdatasync(a->file) != 0))
		return fault_set(f, FAULT_BROKEN, "%s: %s", a->path, strerror(errno));
	a->size = (int64_t)good;
	return ok;
}

static bool
first_key(struct audit *a, struct fault *f)
{
	char path[600];
	uint8_t key[SEAL_KEY_BYTES];
	bool ok;

	(void)snprintf(path, sizeof path, "%s/first.key", a->path);
	ok = (faccessat(a->folder, "first.key", F_OK, 0) == 0 || seal_keyfile_make(path, f)) && seal_keyfile_read(path, key, f);
	if (ok)
		audit_chain_begin(&a->chain, key);
	seal_wipe(key, sizeof key);
	return ok;
}

static bool
find_end(struct audit *a, bool *fresh, size_t *cut, struct fault *f)
{
	char text[AUDIT_STATE_MAX];
	ssize_t n = pread(a->state, text, sizeof text, 0);
	int64_t *seqs = NULL, last;
	bool lacked = false, known = n > 0 && audit_state_read(span_from(text, (size_t)n), &a->chain, &lacked);

	seal_wipe(text, sizeof text);
	if (lacked)
		return no_digest(a, f);
	if (!audit_files(a->folder, &seqs, &a->files_n))
		return fault_set(f, FAULT_BROKEN, "%s: cannot be read: %s", a->path, strerror(errno));
	last = a->files_n > 0 ? seqs[a->files_n - 1] : 0;
	free(seqs);
	*fresh = last == 0 && (!known || a->chain.seq == 1);
	if (*fresh)
		return known || first_key(a, f);
	if (!known)
		return tampered(a, f, "its end is not known (the file \"state\" is missing or damaged)");
	if (last == 0)
		return tampered(a, f, "its files are gone");
	return follow_file(a, last, cut, f);
}

static bool
open_folder(struct audit *a, struct fault *f)
{
	struct stat st;

	if (mkdir(a->path, 0700) != 0 && errno != EEXIST)
		return fault_set(f, fault_kind_of(errno), "%s: %s", a->path, strerror(errno));
	a->folder = open(a->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->folder < 0 || fstat(a->folder, &st) != 0)
		return fault_set(f, fault_kind_of(errno), "%s: %s", a->path, strerror(errno));
	if (st.st_mode & 0022)
		return fault_set(f, FAULT_OPERATOR, "%s can be written by others; mend it with: chmod 0700 %s", a->path, a->path);
	a->state = openat(a->folder, "state", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return a->state >= 0 || fault_set(f, fault_kind_of(errno), "%s/state: %s", a->path, strerror(errno));
}

/* A line that a power cut tore has its own record: it is not found, it is said. */
static bool
say_cut(struct audit *a, size_t cut, struct fault *f)
{
	char bytes[64];
	struct audit_entry e = { .what = "audit.mended", .kind = "file", .why = bytes };

	(void)snprintf(bytes, sizeof bytes, "%zu bytes of a record that was never confirmed were cut", cut);
	return cut == 0 || audit_write(a, &e, f);
}

bool
audit_open(const struct audit_setup *s, struct audit **out, enum audit_begun *begun, struct fault *f)
{
	struct audit *a = calloc(1, sizeof *a);
	size_t cut = 0;
	bool fresh = false;

	if (!a)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_mutex_init(&a->notes_lock, NULL);
	a->folder = a->file = a->state = -1;
	a->notes = calloc(NOTES_MAX, sizeof *a->notes);
	buf_init(&a->line, AUDIT_LINE_MAX);
	(void)snprintf(a->path, sizeof a->path, "%s", s->directory);
	a->retention_s = s->retention_s;
	a->wall_ms = s->wall_ms ? s->wall_ms : system_wall_ms;
	a->file_max = s->file_max > 0 ? s->file_max : FILE_MAX;
	(void)gethostname(a->node, sizeof a->node - 1);
	if (!a->notes) {
		(void)fault_set(f, FAULT_BROKEN, "out of memory");
		goto fail;
	}
	if (!open_folder(a, f) || !find_end(a, &fresh, &cut, f))
		goto fail;
	if (!write_state(a, true) || fsync(a->folder) != 0) {
		(void)fault_set(f, FAULT_BUSY, "%s/state: %s", a->path, strerror(errno));
		goto fail;
	}
	if (!say_cut(a, cut, f))
		goto fail;
	*begun = fresh ? AUDIT_NEW : AUDIT_WENT_ON;
	*out = a;
	return true;
fail:
	audit_close(a);
	return false;
}

void
audit_close(struct audit *a)
{
	struct fault ignored;

	if (!a)
		return;
	if (a->state >= 0 && a->chain.seq > 0 && audit_flush(a, &ignored))
		(void)write_state(a, true);
	for (int i = 0, *fd[] = { &a->folder, &a->file, &a->state }; i < 3; i++)
		if (*fd[i] >= 0)
			(void)close(*fd[i]);
	buf_clear(&a->line);
	free(a->notes);
	(void)pthread_mutex_destroy(&a->lock);
	(void)pthread_mutex_destroy(&a->notes_lock);
	seal_wipe(&a->chain, sizeof a->chain);
	free(a);
}

/* ---- writing ---- */

static bool
next_file(struct audit *a, int64_t wall_ms, struct fault *f)
{
	if (a->file >= 0) {
		/* The state never lags behind over the border of a file. */
		if (fdatasync(a->file) != 0 || !write_state(a, true)) {
			a->broken = true;
			return fault_set(f, FAULT_BROKEN, "%s: %s", a->path, strerror(errno));
		}
		(void)close(a->file);
		a->file = -1;
	}
	if (!open_file(a, a->chain.seq, true, f))
		return false;
	a->files_n++;
	month_of(wall_ms, a->month);
	return true;
}

static bool
append(struct audit *a, int64_t wall_ms, struct fault *f)
{
	char month[8];
	ssize_t n;

	month_of(wall_ms, month);
	if ((a->file < 0 || (a->size > 0 && (a->size + (int64_t)a->line.n > a->file_max || strcmp(month, a->month) != 0))) &&
	    !next_file(a, wall_ms, f))
		return false;
	n = write(a->file, a->line.p, a->line.n);
	if (n != (ssize_t)a->line.n) {
		int why = n < 0 ? errno : ENOSPC;

		if (n > 0 && ftruncate(a->file, (off_t)a->size) != 0)
			a->broken = true; /* found and cut at the next start */
		return fault_set(f, FAULT_BUSY, "%s: %s", a->path, strerror(why));
	}
	a->size += n;
	a->unsynced++;
	return true;
}

bool
audit_put(struct audit *a, const struct audit_entry *e, int64_t wall_ms, struct fault *f)
{
	struct audit_chain next = a->chain;
	char mac[AUDIT_MAC_HEX + 1];
	bool ok;

	if (a->broken)
		return fault_set(f, FAULT_BROKEN, "%s: a sync failed before", a->path);
	buf_reset(&a->line);
	ok = audit_line_make(&a->chain, e, wall_ms, a->node, &a->line);
	if (ok) { /* the next key first: a record that stands in the file is the chain's last, whatever fails behind it */
		span_copy(mac, sizeof mac, span_from(a->line.p + a->line.n - 3 - AUDIT_MAC_HEX, AUDIT_MAC_HEX));
		ok = audit_chain_step(&next, mac);
	}
	ok = ok ? append(a, wall_ms, f) : fault_set(f, FAULT_BUSY, "%s: no memory for a record", a->path);
	if (ok)
		a->chain = next;
	seal_wipe(&next, sizeof next);
	return ok;
}

bool
audit_settle(struct audit *a, struct fault *f)
{
	if (a->file < 0)
		return true;
	if (fdatasync(a->file) != 0) {
		a->broken = true;
		return fault_set(f, FAULT_BROKEN, "%s: %s", a->path, strerror(errno));
	}
	return write_state(a, a->unsynced >= STATE_EVERY) || fault_set(f, FAULT_BUSY, "%s/state: %s", a->path, strerror(errno));
}

bool
audit_write(struct audit *a, const struct audit_entry *e, struct fault *f)
{
	bool ok;

	if (!a)
		return true;
	(void)pthread_mutex_lock(&a->lock);
	ok = audit_put(a, e, a->wall_ms(), f) && audit_settle(a, f);
	(void)pthread_mutex_unlock(&a->lock);
	return ok;
}

static const char *
keep(char *out, size_t cap, const char *text)
{
	span_copy(out, cap, span_of(text));
	return out;
}

void
audit_note(struct audit *a, const struct audit_entry *e)
{
	struct note *n;

	if (!a)
		return;
	(void)pthread_mutex_lock(&a->notes_lock);
	if (a->notes_n == NOTES_MAX) {
		a->left_out++;
	} else {
		n = &a->notes[a->notes_n++];
		n->wall_ms = a->wall_ms();
		n->e = *e;
		n->e.detail = SPAN_NONE;
		n->e.name = keep(n->name, sizeof n->name, e->name);
		n->e.what = keep(n->what, sizeof n->what, e->what);
		n->e.kind = keep(n->kind, sizeof n->kind, e->kind);
		n->e.id = keep(n->id, sizeof n->id, e->id);
		n->e.hash = keep(n->hash, sizeof n->hash, e->hash);
		n->e.why = keep(n->why, sizeof n->why, e->why);
	}
	(void)pthread_mutex_unlock(&a->notes_lock);
}

static bool
put_left_out(struct audit *a, int64_t n, struct fault *f)
{
	char why[64];
	struct audit_entry e = { .what = "audit.left-out", .why = why, .failed = true };

	(void)snprintf(why, sizeof why, "%lld events came too fast to be written one by one", (long long)n);
	return n == 0 || audit_put(a, &e, a->wall_ms(), f);
}

bool
audit_flush(struct audit *a, struct fault *f)
{
	static const size_t size = NOTES_MAX * sizeof(struct note);
	struct note *taken, *fresh;
	int64_t left_out;
	size_t n;
	bool ok = true;

	if (!a)
		return true;
	(void)pthread_mutex_lock(&a->notes_lock);
	fresh = a->notes_n > 0 ? malloc(size) : NULL;
	taken = a->notes;
	n = fresh ? a->notes_n : 0;
	left_out = fresh ? a->left_out : 0;
	if (fresh) {
		a->notes = fresh;
		a->notes_n = 0;
		a->left_out = 0;
	}
	(void)pthread_mutex_unlock(&a->notes_lock);
	if (n == 0)
		return true;
	(void)pthread_mutex_lock(&a->lock);
	for (size_t i = 0; ok && i < n; i++)
		ok = audit_put(a, &taken[i].e, taken[i].wall_ms, f);
	ok = ok && put_left_out(a, left_out, f) && audit_settle(a, f);
	(void)pthread_mutex_unlock(&a->lock);
	free(taken);
	return ok;
}

void
audit_head(struct audit *a, struct audit_head *out)
{
	(void)pthread_mutex_lock(&a->lock);
	out->seq = a->chain.seq - 1;
	memcpy(out->mac, a->chain.prev, sizeof out->mac);
	(void)pthread_mutex_unlock(&a->lock);
}
