/* source.c - the files: read, included, given to libConfuse, and what it would not say of them. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/options.h"
#include "nudge/buf.h"

#define FILE_MAX (1u << 20)
#define DEPTH_MAX 8

/* ---- what libConfuse is told ---- */

static size_t
fill_opts(const char *block, cfg_opt_t *o, cfg_opt_t (*subs)[OPTS_MAX], size_t *subs_n)
{
	size_t n = 0;

	for (const struct option *p = options; p->block; p++) {
		if (strcmp(p->block, block) != 0)
			continue;
		switch (p->kind) {
		case OPTION_BLOCK: {
			cfg_opt_t *sub = subs[(*subs_n)++];
			bool titled = strcmp(p->name, "access") != 0;

			(void)fill_opts(p->name, sub, subs, subs_n);
			o[n++] =
			    (cfg_opt_t)CFG_SEC(p->name, sub, titled ? CFGF_MULTI | CFGF_TITLE : CFGF_NONE);
			break;
		}
		case OPTION_TEXTS:
		case OPTION_PATHS:
		case OPTION_PATTERNS:
			o[n++] = (cfg_opt_t)CFG_STR_LIST(p->name, NULL, CFGF_NODEFAULT);
			break;
		case OPTION_TEXT:
		case OPTION_PATH:
		case OPTION_PATH_OR_EMPTY:
		case OPTION_BOOL:
		case OPTION_NUMBER:
		case OPTION_DURATION:
		case OPTION_SIZE:
		case OPTION_RATE:
		case OPTION_WINDOW:
		case OPTION_BEFORE:
		case OPTION_WORD:
			/* Scalars as text: what is wrong with one is ours to say. */
			o[n++] = (cfg_opt_t)CFG_STR(p->name, NULL, CFGF_NODEFAULT);
			break;
		}
	}
	o[n] = (cfg_opt_t)CFG_END();
	return n;
}

static void
quiet(cfg_t *cfg, const char *format, va_list ap)
{
	(void)cfg;
	(void)format;
	(void)ap;
}

static void
parse(struct reader *r, struct source *s, const char *text)
{
	cfg_opt_t top[OPTS_MAX], subs[10][OPTS_MAX];
	size_t subs_n = 0;
	struct conf_place at = { s->name, 0 };
	bool ok = false;

	(void)fill_opts("", top, subs, &subs_n);
	errno = 0;
	s->cfg = cfg_init(top, CFGF_NONE);
	if (s->cfg) {
		(void)cfg_set_error_function(s->cfg, quiet);
		ok = cfg_parse_buf(s->cfg, text) == CFG_SUCCESS;
	}
	if (errno == ENOMEM || !s->cfg) {
		s->cfg = NULL; /* libconfuse may have made half of it, and falls over the other half when it frees it */
		reading_lacks();
		return;
	}
	if (ok)
		return;
	at.line = s->cfg->line;
	conf_fault_add(r->faults, &at, false,
	    "this cannot be read: look for a missing quote, '=' or '}' here or just before");
}

/* ---- files ---- */

/* The line of the first byte that is no UTF-8; 0 when all is. */
static int
line_of_bad_byte(const unsigned char *p, size_t n)
{
	int line = 1;

	for (size_t i = 0; i < n;) {
		unsigned char c = p[i];
		size_t more = c < 0x80      ? 0
		    : c >= 0xc2 && c < 0xe0 ? 1
		    : (c & 0xf0) == 0xe0    ? 2
		    : c >= 0xf0 && c < 0xf5 ? 3
					    : 4;

		if (more == 4 || c == '\0' || more > n - i - 1)
			return line;
		for (size_t k = 1; k <= more; k++)
			if ((p[i + k] & 0xc0) != 0x80)
				return line;
		if ((c == 0xe0 && p[i + 1] < 0xa0) || (c == 0xed && p[i + 1] > 0x9f) ||
		    (c == 0xf0 && p[i + 1] < 0x90) || (c == 0xf4 && p[i + 1] > 0x8f))
			return line;
		line += c == '\n';
		i += more + 1;
	}
	return 0;
}

/* A name of a pipe would make us wait for ever, hence no blocking. */
static bool
read_file(struct reader *r, const char *path, const struct conf_place *from, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char piece[16384];
	ssize_t n = -1;
	bool ok = false;

	if (fd < 0) {
		conf_fault_of(r->faults, from, fault_kind_of(errno), "%s: %s", path, strerror(errno));
		return false;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		conf_fault_add(r->faults, from, false, "%s is no file", path);
		goto out;
	}
	if (st.st_mode & S_IWOTH) {
		conf_fault_add(r->faults, from, false,
		    "%s can be written by everybody; mend it with: chmod o-w %s", path, path);
		goto out;
	}
	while ((n = read(fd, piece, sizeof piece)) > 0 && buf_add(out, piece, (size_t)n))
		continue;
	ok = n == 0;
	if (!ok) {
		conf_fault_of(r->faults, from, out->lacked ? FAULT_BUSY : n < 0 ? fault_kind_of(errno) : FAULT_OPERATOR, "%s: %s", path,
		    n < 0 ? strerror(errno) : out->lacked ? "out of memory" : "larger than 1 MiB");
	}
out:
	(void)close(fd);
	return ok;
}

/* false: it was read already, or its path is too long. */
static bool
new_source(struct reader *r, const char *path, const struct conf_place *from, struct source **out)
{
	struct source *s = &r->sources[r->sources_n];
	struct text_list *l = &r->conf->files;
	char *whole = realpath(path, NULL), **grown = realloc(l->item, (l->n + 1) * sizeof *grown);
	enum fault_kind kind = FAULT_OPERATOR;
	const char *slash, *why = NULL;

	if (grown)
		l->item = grown;
	if (!whole || !grown) {
		why = "out of memory";
		kind = FAULT_BUSY;
	}
	if (!why && strlen(whole) >= sizeof s->path)
		why = "the path is longer than 511 bytes";
	for (size_t i = 0; !why && i < r->sources_n; i++)
		if (strcmp(r->sources[i].path, whole) == 0)
			why = "this file is included twice, or includes itself";
	if (why) {
		conf_fault_of(r->faults, from, kind, "%s: %s", path, why);
		free(whole);
		return false;
	}
	(void)snprintf(s->path, sizeof s->path, "%s", whole);
	slash = strrchr(s->path, '/');
	(void)snprintf(
	    s->folder, sizeof s->folder, "%.*s", slash ? (int)(slash - s->path) : 1, slash ? s->path : ".");
	s->name = l->item[l->n++] = whole;
	r->sources_n++;
	*out = s;
	return true;
}

static int
glob_failed(const char *path, int why)
{
	(void)path;
	return why != ENOENT; /* a folder that cannot be read is not an empty one */
}

static void
read_includes(struct reader *r, const struct source *s, const struct scanned *x, int depth)
{
	for (size_t i = 0; i < x->includes_n; i++) {
		struct conf_place at = { s->name, x->includes[i].line };
		char *path = path_from(s, x->includes[i].path);
		glob_t g = { 0 };
		int rc = glob(path, 0, glob_failed, &g);

		if (rc == 0)
			for (size_t k = 0; k < g.gl_pathc; k++)
				source_read(r, g.gl_pathv[k], depth + 1, &at);
		else if (rc == GLOB_NOSPACE)
			reading_lacks();
		else if (rc != GLOB_NOMATCH)
			conf_fault_add(r->faults, &at, false, "%s: its folder cannot be read", path);
		else if (!strpbrk(path, "*?["))
			conf_fault_add(r->faults, &at, false, "%s: %s", path, strerror(ENOENT));
		if (rc == 0)
			globfree(&g);
		text_free(path);
	}
}

/* Each file's bytes go into the digest of the whole. */
static bool
digest_add(struct conf *c, struct span text)
{
	uint8_t both[2 * DIGEST_BYTES];

	memcpy(both, c->digest, DIGEST_BYTES);
	return digest_sha256(text, both + DIGEST_BYTES) &&
	    digest_sha256(span_from((const char *)both, sizeof both), c->digest);
}

/* Text of one file to entries and, when it can be, to values. */
static void
take(struct reader *r, struct source *s, struct span text, int depth)
{
	struct conf_place at = { s->name, line_of_bad_byte((const unsigned char *)text.p, text.n) };
	struct scanned x;
	struct fault f = { 0 };

	if (at.line > 0) {
		conf_fault_add(r->faults, &at, false, "this is not UTF-8: save the file as UTF-8 text");
		return;
	}
	if (!digest_add(r->conf, text))
		reading_lacks(); /* SHA-256 fails for nothing else */
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		text = span_from(text.p + 3, text.n - 3);
	if (!scan(text.p, text.n, &x, &at.line, &f)) {
		conf_fault_add(r->faults, &at, false, "%s", f.text);
		return;
	}
	s->entries = x.entries;
	s->entries_n = x.n;
	x.entries = NULL;
	if (entries_check(r, s))
		parse(r, s, x.text);
	read_includes(r, s, &x, depth);
	scanned_free(&x);
}

void
source_read(struct reader *r, const char *path, int depth, const struct conf_place *from)
{
	struct source *s;
	struct buf text;

	if (depth > DEPTH_MAX || r->sources_n == SOURCES_MAX) {
		conf_fault_add(r->faults, from, false,
		    depth > DEPTH_MAX ? "%s: files include one another more than %d deep"
				      : "%s: more than %d files",
		    path, depth > DEPTH_MAX ? DEPTH_MAX : SOURCES_MAX);
		return;
	}
	buf_init(&text, FILE_MAX);
	if (read_file(r, path, from, &text) && new_source(r, path, from, &s))
		take(r, s, span_from(text.n ? text.p : "", text.n), depth);
	buf_clear(&text);
}

void
sources_free(struct reader *r)
{
	for (size_t i = 0; r->sources && i < r->sources_n; i++) {
		if (r->sources[i].cfg)
			(void)cfg_free(r->sources[i].cfg);
		free(r->sources[i].entries);
	}
	free(r->sources);
	r->sources = NULL;
}

char *
path_from(const struct source *s, const char *path)
{
	const char *folder = s->folder;
	char *out;

	if (path[0] == '\0' || path[0] == '/')
		return text_copy(path);
	if (strncmp(path, "credential:", 11) == 0) {
		folder = getenv("CREDENTIALS_DIRECTORY");
		folder = folder && folder[0] ? folder : CREDENTIALS_UNKNOWN;
		path += 11;
	}
	return text_or_none(asprintf(&out, "%s/%s", folder, path) < 0 ? NULL : out);
}
