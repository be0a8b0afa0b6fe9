/* section.c - values of one block as what they mean; what is wrong is said with its place. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"

static bool
is_here(const struct entry *e, const struct section *s, const char *key)
{
	return strcmp(e->block, s->block) == 0 && strcmp(e->title, s->title) == 0 && strcmp(e->sub, s->sub) == 0 &&
	    strcmp(e->subtitle, s->subtitle) == 0 && strcmp(e->key, key) == 0;
}

struct conf_place
section_place(const struct section *s, const char *key)
{
	struct conf_place at = { s->source->name, 0 };

	for (size_t i = 0; i < s->source->entries_n; i++)
		if (is_here(&s->source->entries[i], s, key))
			at.line = s->source->entries[i].line;
	/* A key that is missing is told at its block. */
	return at.line == 0 && key[0] && s->block[0] ? section_place(s, "") : at;
}

static void __attribute__((format(printf, 4, 0)))
say(const struct section *s, const char *key, bool warning, const char *format, va_list ap)
{
	struct conf_place at = section_place(s, key);
	char text[400];

	(void)vsnprintf(text, sizeof text, format, ap);
	if (s->block[0] && s->title[0])
		conf_fault_add(s->reader->faults, &at, warning, "%s \"%s\"%s%s%s: %s", s->block, s->title, s->sub[0] ? " reminder \"" : "",
		    s->subtitle, s->sub[0] ? "\"" : "", text);
	else
		conf_fault_add(s->reader->faults, &at, warning, "%s", text);
}

void
section_fault(const struct section *s, const char *key, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(s, key, false, format, ap);
	va_end(ap);
}

void
section_warn(const struct section *s, const char *key, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(s, key, true, format, ap);
	va_end(ap);
}

bool
section_has(const struct section *s, const char *key)
{
	return s->cfg && cfg_size(s->cfg, key) > 0;
}

static const struct option *
option_of(const struct section *s, const char *key)
{
	const struct option *o = option_find(s->sub[0] ? s->sub : s->block, key);

	assert(o);
	return o;
}

const char *
section_raw(const struct section *s, const char *key)
{
	const struct option *o = option_of(s, key);

	if (section_has(s, key)) {
		const char *text = cfg_getstr(s->cfg, key);

		return text ? text : "";
	}
	if (!o->standard)
		section_fault(s, key, "%s is missing (%s)", key, o->text);
	return o->standard ? o->standard : "";
}

static char *
owned(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort(); /* at start-up or in a check: there is nothing to lose and nothing to say it with */
	return copy;
}

char *
section_text(const struct section *s, const char *key)
{
	return owned(section_raw(s, key));
}

char *
section_path(const struct section *s, const char *key)
{
	char *path = path_from(s->source, section_raw(s, key));

	return path ? path : owned("");
}

bool
section_bool(const struct section *s, const char *key)
{
	static const char *const yes[] = { "true", "yes", "on" }, *const no[] = { "false", "no", "off" };
	const char *text = section_raw(s, key);

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(text, yes[i]) == 0)
			return true;
		if (strcmp(text, no[i]) == 0)
			return false;
	}
	if (text[0] || section_has(s, key))
		section_fault(s, key, "%s is true or false, not \"%s\"", key, text);
	return false;
}

int64_t
section_number(const struct section *s, const char *key, int64_t min, int64_t max)
{
	const char *text = section_raw(s, key);
	uint64_t n;

	if (text[0] == '\0' && !section_has(s, key))
		return min;
	if (!span_to_u64(span_of(text), (uint64_t)max, &n) || (int64_t)n < min) {
		section_fault(s, key, "%s is a number from %lld to %lld, not \"%s\"", key, (long long)min, (long long)max, text);
		return min;
	}
	return (int64_t)n;
}

int64_t
section_duration(const struct section *s, const char *key, int64_t min_s, int64_t max_s)
{
	const char *text = section_raw(s, key);
	struct fault f = { 0 };
	int64_t n;

	if (!conf_duration(text, &n, &f)) {
		section_fault(s, key, "%s: %s", key, f.text);
		return min_s;
	}
	if (n < min_s || n > max_s) {
		section_fault(s, key, "%s = %s: it may be %llds to %llds", key, text, (long long)min_s, (long long)max_s);
		return min_s;
	}
	return n;
}

int
section_word(const struct section *s, const char *key, const char *const *words)
{
	const char *text = section_raw(s, key), *near;
	char list[128] = "";

	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	if (text[0] == '\0' && !section_has(s, key))
		return 0;
	for (int i = 0; words[i]; i++)
		(void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", words[i]);
	near = conf_nearest(text, words);
	section_fault(s, key, "%s is one of %s, not \"%s\"%s%s%s", key, list, text, near ? "; did you mean " : "", near ? near : "",
	    near ? "?" : "");
	return 0;
}

struct text_list
section_texts(const struct section *s, const char *key, bool paths)
{
	const struct option *o = option_of(s, key);
	unsigned n = section_has(s, key) ? cfg_size(s->cfg, key) : 0;
	struct text_list l = { calloc(n + 2, sizeof(char *)), 0 };

	if (!l.item)
		abort();
	for (unsigned i = 0; i < n; i++) {
		const char *text = cfg_getnstr(s->cfg, key, i);

		if (!text || !text[0]) {
			section_fault(s, key, "%s has an empty entry", key);
			continue;
		}
		l.item[l.n++] = paths ? path_from(s->source, text) : owned(text);
	}
	if (n == 0 && o->standard && o->standard[0])
		l.item[l.n++] = owned(o->standard);
	if (n == 0 && !o->standard)
		section_fault(s, key, "%s is missing (%s)", key, o->text);
	return l;
}

void
text_list_free(struct text_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->item[i]);
	free(l->item);
	*l = (struct text_list){ NULL, 0 };
}

void
section_patterns(const struct section *s, const char *key, struct pattern_list *out)
{
	struct text_list l = section_texts(s, key, false);
	struct fault f = { 0 };

	out->item = calloc(l.n + 1, sizeof *out->item);
	if (!out->item)
		abort();
	for (size_t i = 0; i < l.n; i++) {
		if (pattern_new(l.item[i], &out->item[out->n], &f))
			out->n++;
		else
			section_fault(s, key, "%s: %s", key, f.text);
	}
	text_list_free(&l);
}

/* "09:00" to minutes; -1 when it is no time of day. 24:00 is one. */
static int
minutes_of(struct span text)
{
	struct span rest, hour = span_cut(span_trim(text), ':', &rest);
	uint64_t h, m;

	if (!span_to_u64(hour, 24, &h) || rest.n != 2 || !span_to_u64(rest, 59, &m) || h * 60 + m > 1440)
		return -1;
	return (int)(h * 60 + m);
}

bool
section_window(const struct section *s, const char *key, struct conf_window *out)
{
	const char *text = section_raw(s, key);
	struct span rest, from = span_cut(span_of(text), '-', &rest);
	struct conf_window w = { minutes_of(from), minutes_of(rest), false };

	if (w.from_min < 0 || w.to_min < 0 || w.from_min == w.to_min) {
		section_fault(s, key, "%s is two times of day, as \"09:00-20:00\", or \"00:00-24:00\" for always; not \"%s\"", key, text);
		w = (struct conf_window){ 540, 1200, false };
	}
	w.always = w.from_min == 0 && w.to_min == 1440;
	*out = w;
	return true;
}
