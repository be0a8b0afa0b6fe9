/* record.c - what the house itself writes into the audit log: its beginning, its end, its settings. */
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/log.h"
#include "nudge/rules.h"
#include "nudge/textdiff.h"
#include "nudged/house.h"

#define TEXT_MAX_BYTES (8u << 20)
#define HEAD_EVERY_MS 60000
#define HEAD_EVERY 100    /* records */
#define TIDY_EVERY_MS 3600000

/* ---- the configuration as text ---- */

/* Numbers of only_to are people's: of each only its beginning and end are kept. */
static void
mask_people(char *p, size_t n)
{
	bool inside = false;
	size_t digits;

	for (size_t i = 0; i < n; i++) {
		if (n - i > 7 && memcmp(p + i, "only_to", 7) == 0)
			inside = true;
		else if (p[i] == '}')
			inside = false;
		for (digits = 0; inside && i + digits < n && p[i + digits] >= '0' && p[i + digits] <= '9'; digits++)
			;
		for (size_t k = 2; digits >= 6 && k + 2 < digits; k++)
			p[i + k] = '*';
		i += digits > 0 ? digits - 1 : 0;
	}
}

static bool
add_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char piece[65536];
	size_t at;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	(void)buf_addf(out, "\x1c%s\n", path);
	at = out->n;
	while ((n = read(fd, piece, sizeof piece)) > 0)
		if (!buf_add(out, piece, (size_t)n))
			break;
	(void)close(fd);
	if (n != 0)
		return false;
	mask_people(out->p + at, out->n - at);
	return out->n == at || out->p[out->n - 1] == '\n' || buf_add_char(out, '\n');
}

static bool
text_of(const struct conf *c, struct buf *out)
{
	for (size_t i = 0; i < c->files.n; i++)
		if (!add_file(c->files.item[i], out))
			return false;
	return true;
}

static void
kept_path(const struct house *h, const char *name, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s/audit/%s", h->settings.rules->conf->state_directory, name);
}

static bool
read_kept(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char piece[65536];
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0)
		if (!buf_add(out, piece, (size_t)n))
			break;
	if (fd >= 0)
		(void)close(fd);
	return n == 0;
}

/* For the next start's comparison; a damaged one only makes a longer diff. */
static bool
keep_text(const struct house *h, struct span text)
{
	char path[4200], fresh[4200];
	int fd;
	bool ok;

	kept_path(h, "configuration", path, sizeof path);
	kept_path(h, "configuration.new", fresh, sizeof fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	ok = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
	(void)close(fd);
	return ok && rename(fresh, path) == 0;
}

bool
record_configuration(struct house *h, const struct rules *next, const struct audit_entry *by, struct fault *f)
{
	char hash[48], version[16], path[4200];
	struct audit_entry e = *by;
	struct buf before, now, diff;
	bool ok;

	if (!h->audit)
		return true;
	buf_init(&before, TEXT_MAX_BYTES);
	buf_init(&now, TEXT_MAX_BYTES);
	buf_init(&diff, TEXT_MAX_BYTES);
	kept_path(h, "configuration", path, sizeof path);
	(void)read_kept(path, &before);
	if (text_of(next->conf, &now) && !textdiff(buf_span(&before), buf_span(&now), &diff))
		buf_reset(&diff);
	(void)snprintf(version, sizeof version, "%012llx", (unsigned long long)next->version);
	(void)snprintf(hash, sizeof hash, "%s>%s", h->version_recorded, version);
	e.what = "config.load";
	e.kind = "file";
	e.id = next->conf->file;
	e.hash = hash;
	e.detail = buf_span(&diff);
	ok = audit_write(h->audit, &e, f);
	if (ok)
		(void)snprintf(h->version_recorded, sizeof h->version_recorded, "%s", version);
	if (ok && h->forward) {
		struct forward_state w;
		struct audit_head head;

		forward_state(h->forward, &w);
		audit_head(h->audit, &head);
		h->forward_from = w.path[0] ? h->forward_from : head.seq;
	}
	if (ok && diff.n > 0 && !keep_text(h, buf_span(&now)))
		log_warn("the configuration could not be kept for the next comparison", log_name("path", path));
	buf_clear(&before);
	buf_clear(&now);
	buf_clear(&diff);
	return ok;
}

void
record_not_applied(struct house *h, const char *why)
{
	char hash[48], version[16];
	struct audit_entry e = { .who = AUDIT_SYSTEM, .name = "nudged", .what = "config.load", .kind = "file", .id = h->settings.rules->conf->file,
		.hash = hash, .why = why, .failed = true };

	(void)snprintf(version, sizeof version, "%012llx", (unsigned long long)h->settings.rules->version);
	if (strcmp(version, h->version_recorded) == 0)
		return;
	(void)snprintf(hash, sizeof hash, "%s>%s", h->version_recorded, version);
	(void)snprintf(h->version_recorded, sizeof h->version_recorded, "%s", version);
	audit_note(h->audit, &e);
}

/* ---- beginning, time, end ---- */

/* The store remembers that there was a log: a new one beside it is told apart. */
static bool
begin(struct house *h, enum audit_begun begun, struct fault *f)
{
	struct audit_entry e = { .who = AUDIT_SYSTEM, .name = "nudged", .what = "audit.begin", .why = "the first record" };
	int64_t before = 0;

	if (!store_begin(h->store, f) || !store_setting_get(h->store, "audit", &before, f) ||
	    !store_setting_put(h->store, "audit", 1, f) || !store_commit(h->store, f))
		return false;
	if (begun == AUDIT_WENT_ON)
		return true;
	if (before) {
		e.why = "a new log begins, though this store had one: the old one was moved away, or removed";
		e.failed = true;
		log_warn("the audit log is a new one, though this store had one", log_name("do", "find out who moved it"));
	}
	return audit_write(h->audit, &e, f);
}

bool
record_open(struct house *h, struct fault *f)
{
	const struct conf *c = h->settings.rules->conf;
	struct audit_entry start = { .who = AUDIT_SYSTEM, .name = "nudged " NUDGE_VERSION, .what = "daemon.start" };
	char path[4200];
	struct audit_setup s = { .directory = path, .retention_s = c->audit_retention_s };
	enum audit_begun begun;
	struct audit_head head;

	kept_path(h, "", path, sizeof path);
	path[strlen(path) - 1] = '\0';
	if (!audit_open(&s, &h->audit, &begun, f))
		return false;
	audit_head(h->audit, &head);
	h->forward_from = head.seq + 1;
	if (!begin(h, begun, f) || !audit_write(h->audit, &start, f) || !record_configuration(h, h->settings.rules, &start, f) ||
	    !forward_new(&(struct forward_setup){ .base = h->base, .audit = h->audit, .directory = path }, &h->forward, f))
		return false;
	forward_to(h->forward, c->audit_forward, h->forward_from);
	forward_tick(h->forward);
	return true;
}

void
house_forwarded(void *ctx, struct forward_state *out)
{
	const struct house *h = ctx;

	forward_state(h->forward, out);
}

void
record_close(struct house *h)
{
	struct audit_entry stop = { .who = AUDIT_SYSTEM, .name = "nudged", .what = "daemon.stop", .failed = h->status != 0 };
	struct audit_head head;
	struct fault f;

	if (!h->audit)
		return;
	if (!audit_flush(h->audit, &f) || !audit_write(h->audit, &stop, &f))
		log_warn("the end could not be written into the audit log", log_fault(&f));
	audit_head(h->audit, &head);
	log_note("audit head", log_int("seq", head.seq), log_name("mac", head.mac));
	if (h->forward) /* it may have been turned on in this second */
		forward_to(h->forward, h->settings.rules->conf->audit_forward, h->forward_from);
	forward_free(h->forward);
	h->forward = NULL;
	audit_close(h->audit);
	h->audit = NULL;
}

void
record_tick(struct house *h)
{
	int64_t now_ms = clock_now().boot_ms;
	struct audit_head head;
	struct fault f = { 0 };

	if (!h->audit)
		return;
	if (!audit_flush(h->audit, &f) && !h->audit_failing)
		log_error("the audit log cannot be written", log_fault(&f));
	h->audit_failing = f.kind != FAULT_NONE;
	forward_to(h->forward, h->settings.rules->conf->audit_forward, h->forward_from);
	forward_tick(h->forward);
	audit_head(h->audit, &head);
	if (head.seq >= h->head_said + HEAD_EVERY || (head.seq != h->head_said && now_ms - h->head_ms >= HEAD_EVERY_MS)) {
		log_note("audit head", log_int("seq", head.seq), log_name("mac", head.mac));
		h->head_said = head.seq;
		h->head_ms = now_ms;
	}
	if (now_ms - h->tidy_ms < TIDY_EVERY_MS)
		return;
	h->tidy_ms = now_ms;
	audit_set_retention(h->audit, h->settings.rules->conf->audit_retention_s, h->settings.rules->conf->audit_max_bytes);
	if (!audit_tidy(h->audit, &f))
		log_warn("the audit log could not be tidied", log_fault(&f));
}

void
record_refused(void *house, const struct mllp_refusal *r)
{
	struct house *h = house;
	char name[80], where[256];

	(void)snprintf(name, sizeof name, "sha256:%s", r->sha256);
	(void)snprintf(where, sizeof where, "%s from %s", r->listener, r->peer);
	audit_note(h->audit, &(struct audit_entry){ .who = AUDIT_CERTIFICATE, .name = name, .what = "sender.refused", .kind = "listener",
	    .id = where, .why = r->why, .failed = true });
}
