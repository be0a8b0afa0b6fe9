/* audit_verify.c - walks the chain from its first key and tells where it does not hold. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/audit_line.h"

#define JUMP_MAX 10000000   /* records that may be missing between two */
#define FILE_MAX_READ (1u << 30)

struct walk {
	int folder;
	struct audit_chain chain; /* what the next record must be */
	bool prev_known;
	struct audit_chain state; /* as written down by who writes */
	bool state_known, state_met;
	const struct audit_head *known;
	bool known_met;
	int64_t missing;          /* the records up to this one were removed ... */
	char missing_mac[AUDIT_MAC_HEX + 1]; /* ... which ended so; a record must say so */
	bool missing_said;
	struct audit_verdict *out;
	audit_finding_fn *fn;
	void *ctx;
	char file[AUDIT_NAME_MAX]; /* that is being read; "": none */
	int64_t line;
};

static void
found(struct walk *w, const char *what)
{
	struct audit_finding x = { w->file, w->line, what };

	w->out->findings++;
	if (w->fn)
		w->fn(w->ctx, &x);
}

static bool
advance(struct audit_chain *c, int64_t seq)
{
	char none[AUDIT_MAC_HEX + 1] = "";

	while (c->seq < seq)
		if (!audit_chain_step(c, none))
			return false;
	return true;
}

static void
meet_marks(struct walk *w)
{
	if (w->state_known && w->chain.seq == w->state.seq) {
		w->state_met = true;
		if (memcmp(w->chain.key, w->state.key, SEAL_KEY_BYTES) != 0 ||
		    (w->chain.prev[0] && strcmp(w->chain.prev, w->state.prev) != 0))
			found(w, "the file \"state\" was not written by the nudged that wrote this record");
	}
	if (w->known && w->chain.seq == w->known->seq + 1) {
		w->known_met = true;
		if (strcmp(w->chain.prev, w->known->mac) != 0)
			found(w, "this record is not the one whose head is known");
	}
}

static void
take_good(struct walk *w, const struct audit_line *l)
{
	char hash[64];

	if (w->out->records == 0) {
		w->out->first_seq = l->seq;
		span_copy(w->out->first_t, sizeof w->out->first_t, l->t);
		if (l->seq > 1) {
			w->missing = l->seq - 1;
			span_copy(w->missing_mac, sizeof w->missing_mac, l->prev);
		}
	}
	(void)snprintf(hash, sizeof hash, "%lld:%s", (long long)w->missing, w->missing_mac);
	if (w->missing > 0 && span_is(l->what, "audit.forget") && span_is(l->hash, hash))
		w->missing_said = true;
	w->out->records++;
	w->out->head.seq = l->seq;
	span_copy(w->out->head.mac, sizeof w->out->head.mac, l->mac);
	span_copy(w->out->last_t, sizeof w->out->last_t, l->t);
}

static bool
mac_holds(const struct audit_chain *c, const struct audit_line *l)
{
	char mac[AUDIT_MAC_HEX + 1];

	return audit_chain_mac(c, l->body, mac) && span_is(l->mac, mac);
}

/* Further on in the chain: believed only when the record holds there. */
static bool
jump(struct walk *w, const struct audit_line *l)
{
	struct audit_chain c = w->chain;

	if (l->seq <= c.seq || l->seq - c.seq > JUMP_MAX || !advance(&c, l->seq) || !mac_holds(&c, l))
		return false;
	found(w, "records are missing before this one");
	w->chain = c;
	w->prev_known = false;
	return true;
}

static bool
step(struct walk *w, const char *mac)
{
	bool ok = audit_chain_step(&w->chain, mac);

	meet_marks(w);
	return ok;
}

static bool
walk_line(struct walk *w, struct span line)
{
	char none[AUDIT_MAC_HEX + 1] = "", mac[AUDIT_MAC_HEX + 1];
	struct audit_line l;

	if (!audit_line_read(line, &l)) {
		found(w, "this is no record of the log");
	} else if (l.seq < w->chain.seq) {
		found(w, "this record stands in the wrong place, or twice");
		return true;
	} else if (l.seq == w->chain.seq || jump(w, &l)) {
		if (!mac_holds(&w->chain, &l)) {
			found(w, "this record was changed");
		} else {
			if (w->prev_known && !span_is(l.prev, w->chain.prev))
				found(w, "this record does not follow the one before it");
			take_good(w, &l);
			w->prev_known = true;
			span_copy(mac, sizeof mac, l.mac);
			return step(w, mac);
		}
	} else {
		found(w, "this record was changed, or too many are missing before it");
	}
	w->prev_known = false;
	return step(w, none);
}

static bool
read_file(struct walk *w, const char *name, struct buf *out, struct fault *f)
{
	int fd = openat(w->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char piece[65536];
	ssize_t n = -1;

	buf_reset(out);
	while (fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0)
		if (!buf_add(out, piece, (size_t)n))
			break;
	if (fd >= 0)
		(void)close(fd);
	return n == 0 || fault_set(f, FAULT_OPERATOR, "%s: %s", name, n < 0 ? strerror(errno) : "too large");
}

/* The last line may be half written by a nudged that is at it. */
static bool
read_settled(struct walk *w, const char *name, bool last, struct buf *out, struct fault *f)
{
	struct timespec pause = { 0, 1000000 };

	for (int tries = 0; tries < 3; tries++) {
		if (!read_file(w, name, out, f))
			return false;
		if (!last || out->n == 0 || out->p[out->n - 1] == '\n')
			break;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

static bool
begin_file(struct walk *w, int64_t first_seq, bool first)
{
	if (first_seq == w->chain.seq)
		return true;
	if (first_seq < w->chain.seq) {
		found(w, "this file's name says that it begins earlier than the one before it ends");
		return true;
	}
	if (!first)
		found(w, "records are missing before this file");
	w->prev_known = false;
	return first_seq - w->chain.seq < (int64_t)JUMP_MAX * 1000 && advance(&w->chain, first_seq);
}

static bool
walk_file(struct walk *w, int64_t first_seq, bool first, bool last, struct buf *text, struct fault *f)
{
	struct span rest;

	audit_file_name(first_seq, w->file);
	w->line = 0;
	if (!read_settled(w, w->file, last, text, f))
		return false;
	if (!begin_file(w, first_seq, first))
		return fault_set(f, FAULT_OPERATOR, "%s: its number is out of all reason", w->file);
	if (text->n == 0 && !last)
		found(w, "the file is empty");
	for (rest = buf_span(text); rest.n > 0;) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) : rest.n;

		w->line++;
		if (!end)
			found(w, "the file ends within this record");
		if (!walk_line(w, span_from(rest.p, n)))
			return fault_set(f, FAULT_BROKEN, "OpenSSL gives no digest");
		rest = end ? span_from(end + 1, rest.n - n - 1) : SPAN_NONE;
	}
	w->out->files++;
	return true;
}

static void
end_walk(struct walk *w)
{
	w->file[0] = '\0';
	w->line = 0;
	if (w->missing > 0 && !w->missing_said)
		found(w, "the first records are missing, and no record says that they grew too old");
	if (!w->state_known && w->out->files > 0)
		found(w, "the file \"state\" is missing or was changed: whether records are missing at the end cannot be told");
	else if (w->state_known && !w->state_met && w->chain.seq < w->state.seq)
		found(w, "records are missing at the end");
	if (w->known && !w->known_met && w->known->seq >= w->out->first_seq && w->known->seq > 0)
		found(w, "the record whose head is known is missing");
}

static bool
walk_all(struct walk *w, struct fault *f)
{
	struct buf text;
	int64_t *seqs = NULL;
	size_t n = 0;
	bool ok = true, lacked = false;

	/* The state first: what is written meanwhile only makes the files longer. */
	buf_init(&text, FILE_MAX_READ);
	w->state_known = faccessat(w->folder, "state", F_OK, 0) == 0 && read_file(w, "state", &text, f) &&
	    audit_state_read(buf_span(&text), &w->state, &lacked);
	if (lacked)
		ok = fault_set(f, FAULT_BROKEN, "OpenSSL gives no digest");
	if (ok && !audit_files(w->folder, &seqs, &n))
		ok = fault_set(f, FAULT_BUSY, "the folder cannot be read");
	w->file[0] = '\0';
	meet_marks(w);
	for (size_t i = 0; ok && i < n; i++)
		ok = walk_file(w, seqs[i], i == 0, i + 1 == n, &text, f);
	if (ok)
		end_walk(w);
	free(seqs);
	buf_wipe(&text);
	return ok;
}

bool
audit_verify(const char *directory, const uint8_t first_key[SEAL_KEY_BYTES], const struct audit_head *known,
    audit_finding_fn *fn, void *ctx, struct audit_verdict *out, struct fault *f)
{
	struct walk w = { .known = known, .out = out, .fn = fn, .ctx = ctx, .prev_known = true };
	bool ok;

	*out = (struct audit_verdict){ 0 };
	w.folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w.folder < 0)
		return fault_set(f, FAULT_OPERATOR, "%s: %s", directory, strerror(errno));
	audit_chain_begin(&w.chain, first_key);
	ok = walk_all(&w, f) || fault_at(f, "%s", directory);
	(void)close(w.folder);
	seal_wipe(&w.chain, sizeof w.chain);
	seal_wipe(&w.state, sizeof w.state);
	return ok;
}

bool
audit_first_key(const char *directory, const char *path, uint8_t out[SEAL_KEY_BYTES], struct fault *f)
{
	char own[4096];

	(void)snprintf(own, sizeof own, "%s/first.key", directory);
	return seal_keyfile_read(path ? path : own, out, f);
}
