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

static void
add(struct conf *c, const char *block, const char *title, const char *key, char *value)
{
	struct conf_written *grown = realloc(c->written, (c->written_n + 1) * sizeof *grown), *w;

	if (!grown)
		abort();
	c->written = grown;
	w = &grown[c->written_n++];
	*w = (struct conf_written){ text_copy(block), text_copy(title), text_copy(key), value ? value : text_copy("") };
}

/* of: which options these are; prefix: before the key of a block inside a block. */
static void
add_block(struct conf *c, cfg_t *cfg, const char *of, const char *block, const char *title, const char *prefix)
{
	char key[192];

	for (const struct option *o = options; o->block; o++) {
		if (strcmp(o->block, of) != 0 || o->kind == OPTION_BLOCK || cfg_size(cfg, o->name) == 0)
			continue;
		(void)snprintf(key, sizeof key, "%s%s", prefix, o->name);
		add(c, block, title, key, value_of(cfg, o));
	}
}

static void
add_reminders(struct conf *c, cfg_t *site)
{
	char prefix[96];

	for (unsigned i = 0; i < cfg_size(site, "reminder"); i++) {
		cfg_t *m = cfg_getnsec(site, "reminder", i);

		(void)snprintf(prefix, sizeof prefix, "reminder \"%.60s\" ", cfg_title(m) ? cfg_title(m) : "");
		add_block(c, m, "reminder", "site", cfg_title(site), prefix);
	}
}

static void
add_file(struct conf *c, cfg_t *cfg)
{
	add_block(c, cfg, "", "", "", "");
	for (const struct option *o = options; o->block; o++) {
		if (o->block[0] || o->kind != OPTION_BLOCK)
			continue;
		for (unsigned k = 0; k < cfg_size(cfg, o->name); k++) {
			cfg_t *b = cfg_getnsec(cfg, o->name, k);
			const char *title = strcmp(o->name, "access") != 0 && cfg_title(b) ? cfg_title(b) : "";

			add_block(c, b, o->name, o->name, title, "");
			if (strcmp(o->name, "site") == 0)
				add_reminders(c, b);
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
			add_file(c, r->sources[i].cfg);
	if (c->written_n > 0)
		qsort(c->written, c->written_n, sizeof *c->written, by_place);
}

void
written_free(struct conf *c)
{
	for (size_t i = 0; i < c->written_n; i++) {
		free(c->written[i].block);
		free(c->written[i].title);
		free(c->written[i].key);
		free(c->written[i].value);
	}
	free(c->written);
}
