/* written.c - every setting as it stands in the files, so that two configurations can be laid beside each other. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "nudge/buf.h"

#define VALUE_MAX (1u << 20)

/* As one would write it; NULL when there is no memory. Owned. */
static char *
value_of(cfg_t *cfg, const struct option *o)
{
	bool list = o->kind == OPTION_TEXTS || o->kind == OPTION_PATHS || o->kind == OPTION_PATTERNS;
	unsigned n = cfg_size(cfg, o->name);
	struct buf b;
	char *out;

	buf_init(&b, VALUE_MAX);
	if (list)
		(void)buf_add_char(&b, '{');
	for (unsigned i = 0; i < n; i++) {
		const char *text = list ? cfg_getnstr(cfg, o->name, i) : cfg_getstr(cfg, o->name);

		(void)buf_addf(&b, "%s%s", i > 0 ? ", " : "", text ? text : "");
	}
	if (list)
		(void)buf_add_char(&b, '}');
	out = b.spoilt ? NULL : strdup(buf_text(&b));
	buf_clear(&b);
	return out;
}

/* The line of a setting in its file, and the file. */
static struct conf_place
place_of(const struct source *s, const char *block, const char *title, const char *sub, const char *subtitle, const char *key)
{
	struct section at = { NULL, s, NULL, block, title, sub, subtitle };

	return section_place(&at, key);
}

static void
add(struct conf *c, const char *block, const char *title, const char *key, char *value, struct conf_place at)
{
	struct conf_written *grown = realloc(c->written, (c->written_n + 1) * sizeof *grown), *w;

	if (!grown) {
		reading_lacks();
		free(value);
		return;
	}
	c->written = grown;
	w = &grown[c->written_n++];
	*w = (struct conf_written){ text_copy(block), text_copy(title), text_copy(key), text_or_none(value), at };
}

static void
add_block(struct conf *c, const struct source *s, cfg_t *cfg, const char *block, const char *title)
{

	for (const struct option *o = options; o->block; o++) {
		if (strcmp(o->block, block) != 0 || o->kind == OPTION_BLOCK || cfg_size(cfg, o->name) == 0)
			continue;
		add(c, block, title, o->name, value_of(cfg, o), place_of(s, block, title, "", "", o->name));
	}
}

static void
add_reminders(struct conf *c, const struct source *s, cfg_t *site)
{
	const struct option *before = option_find("reminder", "before");
	const char *title = cfg_title(site) ? cfg_title(site) : "";
	char key[192];

	for (unsigned i = 0; i < cfg_size(site, "reminder"); i++) {
		cfg_t *m = cfg_getnsec(site, "reminder", i);
		const char *name = cfg_title(m) ? cfg_title(m) : "";

		if (cfg_size(m, before->name) == 0)
			continue;
		(void)snprintf(key, sizeof key, "reminder \"%.60s\" %s", name, before->name);
		add(c, "site", title, key, value_of(m, before), place_of(s, "site", title, "reminder", name, before->name));
	}
}

static void
add_file(struct conf *c, const struct source *s)
{
	cfg_t *cfg = s->cfg;

	add_block(c, s, cfg, "", "");
	for (const struct option *o = options; o->block; o++) {
		if (o->block[0] || o->kind != OPTION_BLOCK)
			continue;
		for (unsigned k = 0; k < cfg_size(cfg, o->name); k++) {
			cfg_t *b = cfg_getnsec(cfg, o->name, k);
			const char *title = strcmp(o->name, "access") != 0 && cfg_title(b) ? cfg_title(b) : "";

			add_block(c, s, b, o->name, title);
			if (strcmp(o->name, "site") == 0)
				add_reminders(c, s, b);
		}
	}
}

static int
by_place(const void *a, const void *b)
{
	const struct conf_written *x = a, *y = b;
	int order = strcmp(x->block, y->block);

	if (order == 0)
		order = strcmp(x->title, y->title);
	return order ? order : strcmp(x->key, y->key);
}

void
build_written(struct reader *r)
{
	struct conf *c = r->conf;

	for (size_t i = 0; i < r->sources_n; i++)
		if (r->sources[i].cfg)
			add_file(c, &r->sources[i]);
	if (c->written_n > 0)
		qsort(c->written, c->written_n, sizeof *c->written, by_place);
}

const struct conf_place *
conf_place_of(const struct conf *c, const char *block, const char *title, const char *key, const struct conf_place *otherwise)
{
	size_t from = 0, to = c->written_n;

	while (from < to) {
		size_t i = (from + to) / 2;
		const struct conf_written *w = &c->written[i];
		int order = strcmp(block, w->block);

		if (order == 0)
			order = strcmp(title, w->title);
		if (order == 0)
			order = strcmp(key, w->key);
		if (order == 0)
			return &w->at;
		if (order < 0)
			to = i;
		else
			from = i + 1;
	}
	return otherwise;
}

void
written_free(struct conf *c)
{
	for (size_t i = 0; i < c->written_n; i++) {
		text_free(c->written[i].block);
		text_free(c->written[i].title);
		text_free(c->written[i].key);
		text_free(c->written[i].value);
	}
	free(c->written);
}
