/* entries.c - what libConfuse would pass over in silence, or tell only the first of. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "conf/options.h"

static const char *
block_of(const struct entry *e)
{
	return e->sub[0] ? e->sub : e->block;
}

static const char *
title_of(const struct entry *e)
{
	return e->sub[0] ? e->subtitle : e->title;
}

/* The block that this key, or this block, stands in; "" for the top. */
static const char *
outside_of(const struct entry *e)
{
	if (e->key[0])
		return block_of(e);
	return e->sub[0] ? e->block : "";
}

static void
unknown(struct reader *r, const struct source *s, const struct entry *e)
{
	const char *known[OPTS_MAX + 1], *near;
	const char *block = outside_of(e), *word = e->key[0] ? e->key : block_of(e);
	struct conf_place at = { s->name, e->line };
	size_t n = 0;

	for (const struct option *o = options; o->block && n < OPTS_MAX; o++)
		if (strcmp(o->block, block) == 0)
			known[n++] = o->name;
	known[n] = NULL;
	near = conf_nearest(word, known);
	conf_fault_add(r->faults, &at, false, "\"%s\" is not known %s%s%s%s%s", word,
	    block[0] ? "in a block " : "here", block, near ? "; did you mean \"" : "", near ? near : "",
	    near ? "\"?" : "");
}

static bool
is_known_block(const char *block)
{
	const struct option *o = options;

	while (o->block && strcmp(o->block, block) != 0)
		o++;
	return o->block != NULL;
}

/* false: nothing can be built from it. */
static bool
check_kind(struct reader *r, const struct source *s, const struct entry *e)
{
	const struct option *o = option_find(outside_of(e), e->key[0] ? e->key : block_of(e));
	struct conf_place at = { s->name, e->line };
	bool is_block = o && o->kind == OPTION_BLOCK, is_list;

	if (!o) {
		if (is_known_block(outside_of(e))) /* else that was said */
			unknown(r, s, e);
		return false;
	}
	if (is_block != (e->key[0] == '\0')) {
		if (is_block)
			conf_fault_add(r->faults, &at, false, "%s is a block: %s%s { ... }", o->name, o->name,
			    strcmp(o->name, "access") == 0 ? "" : " \"NAME\"");
		else
			conf_fault_add(r->faults, &at, false, "%s is a setting, not a block: %s = VALUE",
			    o->name, o->name);
		return false;
	}
	is_list = o->kind == OPTION_TEXTS || o->kind == OPTION_PATHS || o->kind == OPTION_PATTERNS;
	if (!is_block && e->is_list && !is_list) {
		conf_fault_add(
		    r->faults, &at, false, "%s has one value, not a list: %s = VALUE", e->key, e->key);
		return false;
	}
	return true;
}

/* A title names things in commands, logs and reports. false: it has none where it must. */
static bool
check_title(struct reader *r, const struct source *s, const struct entry *e)
{
	struct conf_place at = { s->name, e->line };
	const char *name = block_of(e), *title = title_of(e);

	if (strcmp(name, "access") == 0) {
		if (title[0])
			conf_fault_add(
			    r->faults, &at, false, "the block access has no title: access { ... }");
		return title[0] == '\0';
	}
	if (!title[0])
		conf_fault_add(
		    r->faults, &at, false, "a block %s needs a title: %s \"NAME\" { ... }", name, name);
	else if (strpbrk(title, "/\"\\") || title[0] == ' ' || title[strlen(title) - 1] == ' ') {
		conf_fault_add(r->faults, &at, false,
		    "%s \"%s\": a title has no '/', quote or backslash, and no blank at its ends", name,
		    title);
		r->doubles_n++;
	}
	return title[0] != '\0';
}

static bool
same_block(const struct entry *a, const struct entry *b)
{
	return strcmp(a->block, b->block) == 0 && strcmp(a->title, b->title) == 0 &&
	    strcmp(a->sub, b->sub) == 0 && strcmp(a->subtitle, b->subtitle) == 0;
}

/* Where the block of this title, or this setting of the top, stood before; NULL nowhere. */
static const struct entry *
find_anywhere(const struct reader *r, const struct source *s, size_t i, const struct source **where)
{
	const struct entry *e = &s->entries[i];

	for (size_t f = 0; f < r->sources_n; f++) {
		const struct source *o = &r->sources[f];
		size_t stop = o == s ? i : o->entries_n;

		for (size_t k = 0; k < stop; k++)
			if (strcmp(o->entries[k].key, e->key) == 0 && same_block(&o->entries[k], e)) {
				*where = o;
				return &o->entries[k];
			}
	}
	return NULL;
}

/* Where this setting stood before in its block, which begins in this file. */
static const struct entry *
find_in_block(const struct source *s, size_t i)
{
	const struct entry *e = &s->entries[i];

	for (size_t k = i; k-- > 0;) {
		const struct entry *o = &s->entries[k];

		if (!same_block(o, e))
			continue;
		if (!o->key[0])
			return NULL;
		if (strcmp(o->key, e->key) == 0)
			return o;
	}
	return NULL;
}

/* libConfuse would let the second one win without a word. */
static void
check_double(struct reader *r, const struct source *s, size_t i)
{
	const struct entry *e = &s->entries[i], *before;
	const struct source *where = s;
	struct conf_place at = { s->name, e->line };

	before = e->key[0] && e->block[0] ? find_in_block(s, i) : find_anywhere(r, s, i, &where);
	if (!before)
		return;
	r->doubles_n++;
	if (e->key[0])
		conf_fault_add(r->faults, &at, false, "%s is set twice; the first is in %s line %d",
		    e->key, where->path, before->line);
	else
		conf_fault_add(r->faults, &at, false, "%s%s%s%s is there already, in %s line %d%s",
		    block_of(e), title_of(e)[0] ? " \"" : "", title_of(e), title_of(e)[0] ? "\"" : "",
		    where->path, before->line, title_of(e)[0] ? "; give this one another title" : "");
}

bool
entries_check(struct reader *r, const struct source *s)
{
	bool good = true;

	for (size_t i = 0; i < s->entries_n; i++) {
		const struct entry *e = &s->entries[i];

		if (!check_kind(r, s, e) || (!e->key[0] && !check_title(r, s, e)))
			good = false;
		else
			check_double(r, s, i);
	}
	return good;
}
