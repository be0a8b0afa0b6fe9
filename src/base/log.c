/* log.c - one line, one write; everything from outside is made harmless first. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/clock.h"

#define LINE_MAX_BYTES 2048
#define MSH_KEPT 40

static const char *const parts[LOG_PARTS] = { "nudged", "mllp", "control", "sender", "acs" };
static const char *const names[] = { [LOG_ERROR] = "error", [LOG_WARN] = "warning",
	[LOG_NOTE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug" };

/* The one mutable state of the ground layer: where and how much this process
 * speaks is a property of the process. */
static struct {
	const char *program;
	enum log_level first;
	atomic_int level[LOG_PARTS + 1]; /* the last: of all other files */
	bool journal;
} voice = { "nudge", LOG_INFO, { LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO, LOG_INFO }, false };

struct line {
	char p[LINE_MAX_BYTES];
	size_t n;
	bool cut;
};

/* Whether standard error is the journal: systemd names it by device and inode (systemd.exec(5)); children inherit the name
 * also where they are given another standard error. */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	    st.st_ino == inode;
}

void
log_open(const char *program, enum log_level level)
{
	voice.program = program;
	voice.first = level;
	log_set_level(level);
	voice.journal = is_journal();
}

void
log_set_level(enum log_level level)
{
	for (size_t i = 0; i <= LOG_PARTS; i++)
		atomic_store(&voice.level[i], (int)level);
}

void
log_reset(void)
{
	log_set_level(voice.first);
}

bool
log_set_part(const char *part, enum log_level level)
{
	for (size_t i = 0; i < LOG_PARTS; i++) {
		if (strcmp(parts[i], part) != 0)
			continue;
		atomic_store(&voice.level[i], (int)level);
		return true;
	}
	return false;
}

const char *
log_part(size_t part)
{
	return parts[part];
}

enum log_level
log_level_of(size_t part)
{
	return (enum log_level)atomic_load(&voice.level[part]);
}

const char *
log_level_name(enum log_level level)
{
	return names[level];
}

bool
log_level_named(const char *name, enum log_level *level)
{
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*level = (enum log_level)i;
		return true;
	}
	return false;
}

/* file: as the compiler was given it, "src/mllp/tls.c". */
static size_t
part_of(const char *file)
{
	for (size_t i = 0; i < LOG_PARTS; i++) {
		size_t n = strlen(parts[i]);

		if (strncmp(file, "src/", 4) == 0 && strncmp(file + 4, parts[i], n) == 0 && file[4 + n] == '/')
			return i;
	}
	return LOG_PARTS;
}

static void
put(struct line *l, char c)
{
	if (l->n < sizeof l->p - sizeof "...")
		l->p[l->n++] = c;
	else
		l->cut = true;
}

static void
put_text(struct line *l, const char *text)
{
	for (; *text; text++)
		put(l, *text);
}

static bool
is_plain(unsigned char c)
{
	return c > ' ' && c <= '~' && c != '"' && c != '=' && c != '\\';
}

/* Quoted when it needs to be; what is not printable ASCII becomes \xHH. */
static void
put_value(struct line *l, const char *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	bool quote = n == 0;

	for (size_t i = 0; i < n; i++)
		quote = quote || !is_plain((unsigned char)p[i]);
	if (quote)
		put(l, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '"' || c == '\\')
			put(l, '\\');
		if (c >= ' ' && c <= '~') {
			put(l, (char)c);
		} else {
			put(l, '\\');
			put(l, 'x');
			put(l, digit[c >> 4]);
			put(l, digit[c & 15]);
		}
	}
	if (quote)
		put(l, '"');
}

static void
put_field(struct line *l, const struct log_field *f)
{
	char number[24];

	if (f->type == LOG_F_SKIP)
		return;
	put(l, ' ');
	put_text(l, f->key);
	put(l, '=');
	switch (f->type) {
	case LOG_F_NAME:
		put_value(l, f->name ? f->name : "", f->name ? strlen(f->name) : 0);
		break;
	case LOG_F_INT:
		(void)snprintf(number, sizeof number, "%lld", (long long)f->number);
		put_text(l, number);
		break;
	case LOG_F_MSH:
		put_value(l, f->msh.p, f->msh.n < MSH_KEPT ? f->msh.n : MSH_KEPT);
		break;
	case LOG_F_END:
	case LOG_F_SKIP:
		break;
	}
}

static void
put_head(struct line *l, enum log_level level)
{
	struct now now = clock_now();
	char at[CLOCK_TEXT_MAX], head[64];

	if (voice.journal) {
		(void)snprintf(head, sizeof head, "<%d>", (int)level);
		put_text(l, head);
		return;
	}
	clock_rfc3339(now.wall_ms / 1000, at);
	(void)snprintf(head, sizeof head, "%.19s.%03dZ ", at, (int)(now.wall_ms % 1000));
	put_text(l, head);
	put_text(l, voice.program);
	put(l, ' ');
	put_text(l, names[level]);
	put(l, ' ');
}

void
log_line(const char *file, enum log_level level, const char *what, const struct log_field *fields)
{
	struct line l = { .n = 0 };

	if ((int)level > atomic_load(&voice.level[part_of(file)]))
		return;
	put_head(&l, level);
	put_text(&l, "what=");
	put_value(&l, what, strlen(what));
	for (; fields->type != LOG_F_END; fields++)
		put_field(&l, fields);
	if (l.cut) { /* a number that lost its end must not pass for a whole one */
		memcpy(l.p + l.n, "...", 3);
		l.n += 3;
	}
	l.p[l.n++] = '\n';
	while (write(STDERR_FILENO, l.p, l.n) < 0 && errno == EINTR)
		continue;
}

struct log_field
log_name(const char *key, const char *name)
{
	return (struct log_field){ .key = key, .type = LOG_F_NAME, .name = name };
}

struct log_field
log_int(const char *key, int64_t number)
{
	return (struct log_field){ .key = key, .type = LOG_F_INT, .number = number };
}

struct log_field
log_msh(const char *key, struct span value)
{
	return (struct log_field){ .key = key, .type = LOG_F_MSH, .msh = value };
}

struct log_field
log_claim(const char *key, const char *name)
{
	return log_msh(key, span_of(name));
}

struct log_field
log_fault(const struct fault *f)
{
	return log_name("why", f->text);
}
