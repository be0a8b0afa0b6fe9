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
#define OPTS_MAX 64

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
			o[n++] = (cfg_opt_t)CFG_SEC(p->name, sub, titled ? CFGF_MULTI | CFGF_TITLE : CFGF_NONE);
			break;
		}
		case OPTION_TEXTS:
		case OPTION_PATHS:
			o[n++] = (cfg_opt_t)CFG_STR_LIST(p->name, NULL, CFGF_NODEFAULT);
			break;
		case OPTION_TEXT:
		case OPTION_PATH:
		case OPTION_PATH_OR_EMPTY:
		case OPTION_BOOL:
		case OPTION_NUMBER:
		case OPTION_DURATION:
		case OPTION_SIZE:
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

static bool
parse(struct reader *r, struct source *s, const char *text)
{
	cfg_opt_t top[OPTS_MAX], subs[10][OPTS_MAX];
	size_t subs_n = 0;
	struct conf_place at = { s->name, 0 };

	(void)fill_opts("", top, subs, &subs_n);
	s->cfg = cfg_init(top, CFGF_NONE);
	if (!s->cfg)
		return false;
	(void)cfg_set_error_function(s->cfg, quiet);
	if (cfg_parse_buf(s->cfg, text) == CFG_SUCCESS)
		return true;
	at.line = s->cfg->line;
	conf_fault_add(r->faults, &at, false, "this cannot be read: look for a missing quote, '=' or '}' here or just before");
	return false;
}

/* ---- what it would pass over in silence ---- */

static const char *
block_of(const struct entry *e)
{
	return e->sub[0] ? e->sub : e->block;
}

static void
unknown_key(struct reader *r, const struct source *s, const struct entry *e)
{
	const char *known[OPTS_MAX + 1], *block = e->key[0] ? block_of(e) : e->sub[0] ? e->block : "";
	const char *word = e->key[0] ? e->key : block_of(e), *near;
	struct conf_place at = { s->name, e->line };
	size_t n = 0;

	for (const struct option *o = options; o->block && n < OPTS_MAX; o++)
		if (strcmp(o->block, block) == 0)
			known[n++] = o->name;
	known[n] = NULL;
	near = conf_nearest(word, known);
	conf_fault_add(r->faults, &at, false, "\"%s\" is not known %s%s%s%s%s", word, block[0] ? "in a block " : "here", block,
	    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool
is_known(const struct entry *e)
{
	const struct option *o;

	if (e->key[0])
		o = option_find(block_of(e), e->key);
	else
		o = option_find(e->sub[0] ? e->block : "", block_of(e));
	if (!e->key[0])
		return o && o->kind == OPTION_BLOCK;
	return o && o->kind != OPTION_BLOCK;
}

static bool
same_place(const struct entry *a, const struct entry *b)
{
	return strcmp(a->block, b->block) == 0 && strcmp(a->title, b->title) == 0 && strcmp(a->sub, b->sub) == 0 &&
	    strcmp(a->subtitle, b->subtitle) == 0 && strcmp(a->key, b->key) == 0;
}

static void
used_twice(struct reader *r, const struct source *s, const struct entry *e, const struct source *other, int line)
{
	struct conf_place at = { s->name, e->line };

	if (e->key[0])
		conf_fault_add(r->faults, &at, false, "\"%s\" is set twice in this block; the first is in line %d", e->key, line);
	else
		conf_fault_add(r->faults, &at, false, "%s \"%s\" is there already, in %s line %d; give this one another title",
		    block_of(e), e->sub[0] ? e->subtitle : e->title, other->path, line);
}

static void
check_entries(struct reader *r, const struct source *s)
{
	for (size_t i = 0; i < s->entries_n; i++) {
		const struct entry *e = &s->entries[i];
		bool titled = !e->key[0] && strcmp(block_of(e), "access") != 0;
		struct conf_place at = { s->name, e->line };

		if (!is_known(e)) {
			unknown_key(r, s, e);
			continue;
		}
		if (titled && !(e->sub[0] ? e->subtitle : e->title)[0])
			conf_fault_add(r->faults, &at, false, "a block %s needs a title: %s \"NAME\" {", block_of(e), block_of(e));
		for (size_t f = 0; f < r->sources_n; f++) {
			const struct source *o = &r->sources[f];
			size_t stop = o == s ? i : o->entries_n;
			bool found = false;

			/* A key may stand once in its block; blocks are told apart by their titles. */
			for (size_t k = 0; k < stop && !found; k++)
				if (same_place(e, &o->entries[k])) {
					found = true;
					used_twice(r, s, e, o, o->entries[k].line);
				}
			if (found || o == s)
				break;
		}
	}
}

/* ---- files ---- */

static bool
read_file(struct reader *r, const char *path, const struct conf_place *from, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char piece[16384];
	ssize_t n = -1;

	if (fd < 0) {
		conf_fault_add(r->faults, from, false, "%s: %s", path, strerror(errno));
		return false;
	}
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IWOTH))
		conf_fault_add(r->faults, from, false, "%s can be written by everybody; mend it with: chmod o-w %s", path, path);
	while ((n = read(fd, piece, sizeof piece)) > 0 && buf_add(out, piece, (size_t)n))
		continue;
	if (n != 0)
		conf_fault_add(r->faults, from, false, "%s: %s", path, n < 0 ? strerror(errno) : "larger than 1 MiB");
	(void)close(fd);
	if (n == 0 && out->n && memchr(out->p, '\0', out->n)) {
		conf_fault_add(r->faults, from, false, "%s is no text file", path);
		return false;
	}
	return n == 0;
}

static struct source *
new_source(struct reader *r, const char *path)
{
	struct source *s = &r->sources[r->sources_n];
	const char *slash;
	char *whole = realpath(path, NULL);

	(void)snprintf(s->path, sizeof s->path, "%.511s", whole ? whole : path);
	free(whole);
	slash = strrchr(s->path, '/');
	(void)snprintf(s->folder, sizeof s->folder, "%.*s", slash ? (int)(slash - s->path) : 1, slash ? s->path : ".");
	for (size_t i = 0; i < r->sources_n; i++)
		if (strcmp(r->sources[i].path, s->path) == 0)
			return NULL;
	struct text_list *l = &r->conf->files;
	char **grown = realloc(l->item, (l->n + 1) * sizeof *grown);

	if (grown)
		l->item = grown;
	if (!grown || !(l->item[l->n] = strdup(s->path)))
		return NULL;
	s->name = l->item[l->n++];
	r->sources_n++;
	return s;
}

static void
read_includes(struct reader *r, const struct source *s, const struct scanned *x, int depth)
{
	for (size_t i = 0; i < x->includes_n; i++) {
		struct conf_place at = { s->name, x->include_lines[i] };
		char *path = path_from(s, x->includes[i]);
		glob_t g = { 0 };

		if (path && glob(path, 0, NULL, &g) == 0 && g.gl_pathc > 0)
			for (size_t k = 0; k < g.gl_pathc; k++)
				(void)source_read(r, g.gl_pathv[k], depth + 1, &at);
		else if (path && !strpbrk(path, "*?["))
			conf_fault_add(r->faults, &at, false, "%s: %s", path, strerror(ENOENT));
		globfree(&g);
		free(path);
	}
}

bool
source_read(struct reader *r, const char *path, int depth, const struct conf_place *from)
{
	struct source *s;
	struct scanned x;
	struct fault f = { 0 };
	struct conf_place at;
	struct buf text;
	bool ok;

	if (depth > DEPTH_MAX || r->sources_n == SOURCES_MAX) {
		conf_fault_add(r->faults, from, false, "files include one another too deeply");
		return false;
	}
	buf_init(&text, FILE_MAX);
	ok = read_file(r, path, from, &text);
	s = ok ? new_source(r, path) : NULL;
	if (ok && !s) {
		conf_fault_add(r->faults, from, false, "%s is included twice", path);
		ok = false;
	}
	if (ok) {
		at = (struct conf_place){ s->name, 0 };
		ok = scan(text.n ? text.p : "", text.n, &x, &at.line, &f);
		if (!ok)
			conf_fault_add(r->faults, &at, false, "%s", f.text);
	}
	buf_clear(&text);
	if (!ok)
		return false;
	s->entries = x.entries;
	s->entries_n = x.n;
	x.entries = NULL;
	check_entries(r, s);
	if (r->faults->errors_n == 0)
		ok = parse(r, s, x.text);
	read_includes(r, s, &x, depth);
	scanned_free(&x);
	return ok;
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
	char *out = NULL;

	if (path[0] == '\0' || path[0] == '/')
		return strdup(path);
	if (strncmp(path, "credential:", 11) == 0) {
		const char *folder = getenv("CREDENTIALS_DIRECTORY");

		return asprintf(&out, "%s/%s", folder ? folder : "/nowhere", path + 11) < 0 ? NULL : out;
	}
	return asprintf(&out, "%s/%s", s->folder, path) < 0 ? NULL : out;
}
