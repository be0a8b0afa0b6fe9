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
	return strcmp(e->block, s->block) == 0 && strcmp(e->title, s->title) == 0 &&
	    strcmp(e->sub, s->sub) == 0 && strcmp(e->subtitle, s->subtitle) == 0 && strcmp(e->key, key) == 0;
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

static void say(const struct section *s, const char *key, bool warning, const char *format, va_list ap)
    __attribute__((format(printf, 4, 0)));

static void
say(const struct section *s, const char *key, bool warning, const char *format, va_list ap)
{
	struct conf_place at = section_place(s, key);
	char text[400];

	(void)vsnprintf(text, sizeof text, format, ap);
	if (s->block[0] && s->title[0])
		conf_fault_add(s->reader->faults, &at, warning, "%s \"%s\"%s%s%s: %s", s->block, s->title,
		    s->sub[0] ? " reminder \"" : "", s->subtitle, s->sub[0] ? "\"" : "", text);
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

		if (text && (text[0] || o->standard))
			return text;
	}
	if (!o->standard)
		section_fault(s, key, "%s is missing (%s)", key, o->text);
	return o->standard ? o->standard : "";
}

/* What stands there is required and missing: that was said. */
static bool
is_nothing(const struct section *s, const char *key, const char *text)
{
	return text[0] == '\0' && (!section_has(s, key) || !option_of(s, key)->standard);
}

/* A configuration is read to its end also when memory is short, as by a daemon that serves on; it is not used then. */
static char no_text[1];
static _Thread_local bool lacked;

void
reading_begins(void)
{
	lacked = false;
}

void
reading_lacks(void)
{
	lacked = true;
}

bool
reading_lacked(void)
{
	return lacked;
}

char *
text_or_none(char *text)
{
	if (text)
		return text;
	reading_lacks();
	return no_text;
}

char *
text_copy(const char *text)
{
	return text_or_none(strdup(text));
}

void
text_free(char *text)
{
	if (text != no_text)
		free(text);
}

char *
section_text(const struct section *s, const char *key)
{
	return text_copy(section_raw(s, key));
}

char *
section_path(const struct section *s, const char *key)
{
	const char *text = section_raw(s, key);
	char *path = path_from(s->source, text);

	if (text[0] == '\0' && option_of(s, key)->kind == OPTION_PATH && !is_nothing(s, key, text))
		section_fault(s, key, "%s is empty (%s)", key, option_of(s, key)->text);
	return path;
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
	if (!is_nothing(s, key, text))
		section_fault(s, key, "%s is true or false, not \"%s\"", key, text);
	return false;
}

int64_t
section_number(const struct section *s, const char *key)
{
	const struct option *o = option_of(s, key);
	const char *text = section_raw(s, key);
	uint64_t n;

	if (is_nothing(s, key, text))
		return o->min;
	if (!span_to_u64(span_of(text), (uint64_t)o->max, &n) || (int64_t)n < o->min) {
		section_fault(s, key, "%s is a number from %lld to %lld (%s), not \"%s\"", key,
		    (long long)o->min, (long long)o->max, o->unit, text);
		return o->min;
	}
	return (int64_t)n;
}

/* As a person would write it: 86400 is "1d". */
static const char *
duration_text(int64_t n_s, char out[32])
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = { { "y", 365 * 86400 }, { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	size_t i = 0;

	while (n_s % units[i].seconds != 0)
		i++;
	(void)snprintf(out, 32, "%lld%s", (long long)(n_s / units[i].seconds), n_s == 0 ? "" : units[i].unit);
	return out;
}

static bool
in_range(const struct section *s, const char *key, const char *text, int64_t n_s)
{
	const struct option *o = option_of(s, key);
	char least[32], most[32];

	if (n_s >= o->min && n_s <= o->max)
		return true;
	section_fault(s, key, "%s = %s: it may be from %s to %s", key, text, duration_text(o->min, least),
	    duration_text(o->max, most));
	return false;
}

int64_t
section_duration(const struct section *s, const char *key)
{
	const char *text = section_raw(s, key);
	struct fault f = { 0 };
	int64_t n_s;

	if (is_nothing(s, key, text))
		return option_of(s, key)->min;
	if (conf_duration(text, &n_s, &f))
		return in_range(s, key, text, n_s) ? n_s : option_of(s, key)->min;
	section_fault(s, key, "%s: %s", key, f.text);
	return option_of(s, key)->min;
}

int64_t
section_size(const struct section *s, const char *key)
{
	static const struct {
		const char *unit;
		int64_t bytes;
	} units[] = { { "", 1 }, { "B", 1 }, { "KiB", 1024 }, { "MiB", 1024 * 1024 },
		{ "GiB", 1024 * 1024 * 1024 } };
	const struct option *o = option_of(s, key);
	const char *text = section_raw(s, key);
	size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(text + digits, units[i].unit) == 0 &&
		    span_to_u64(span_from(text, digits), (uint64_t)o->max, &n) &&
		    (int64_t)n <= o->max / units[i].bytes && (int64_t)n * units[i].bytes >= o->min)
			return (int64_t)n * units[i].bytes;
	section_fault(s, key, "%s is a size from %lldKiB to %lldMiB, as 1MiB, not \"%s\"", key,
	    (long long)o->min / 1024, (long long)o->max / (1024 * 1024), text);
	return o->min;
}

int64_t
section_rate(const struct section *s, const char *key)
{
	const struct option *o = option_of(s, key);
	const char *text = section_raw(s, key);
	size_t digits = strspn(text, "0123456789");
	bool may_be_off = o->standard && o->standard[0];
	uint64_t n;

	if (text[0] == '\0' || (may_be_off && strcmp(text, "off") == 0))
		return 0;
	if (strcmp(text + digits, "/min") == 0 &&
	    span_to_u64(span_from(text, digits), (uint64_t)o->max, &n) && (int64_t)n >= o->min)
		return (int64_t)n;
	section_fault(s, key, "%s is %s a minute, as %s, from %lld to %lld; not \"%s\"", key, o->unit,
	    may_be_off ? "300/min, or off" : "200/min", (long long)o->min, (long long)o->max, text);
	return o->min;
}

#define WORDS_MAX 8

int
section_word(const struct section *s, const char *key)
{
	const struct option *o = option_of(s, key);
	const char *text = section_raw(s, key), *near, *words[WORDS_MAX + 1];
	char copies[WORDS_MAX][24];
	struct span rest = span_of(o->unit);
	int n = 0;

	while (rest.n > 0 && n < WORDS_MAX) {
		(void)span_copy(copies[n], sizeof copies[n], span_trim(span_cut(rest, ',', &rest)));
		words[n] = copies[n];
		n++;
	}
	words[n] = NULL;
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	if (is_nothing(s, key, text))
		return 0;
	near = conf_nearest(text, words);
	section_fault(s, key, "%s is one of %s; not \"%s\"%s%s%s", key, o->unit, text,
	    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return 0;
}

struct text_list
section_texts(const struct section *s, const char *key, bool paths)
{
	const struct option *o = option_of(s, key);
	unsigned n = section_has(s, key) ? cfg_size(s->cfg, key) : 0;
	struct text_list l = { calloc(n + 2, sizeof(char *)), 0 };

	if (!l.item) {
		reading_lacks();
		return l;
	}
	for (unsigned i = 0; i < n; i++) {
		const char *text = cfg_getnstr(s->cfg, key, i);

		if (!text || !text[0]) {
			section_fault(s, key, "%s has an empty entry", key);
			continue;
		}
		l.item[l.n++] = paths ? path_from(s->source, text) : text_copy(text);
	}
	if (n == 0 && o->standard && o->standard[0])
		l.item[l.n++] = text_copy(o->standard);
	if (n == 0 && !o->standard)
		section_fault(s, key, "%s is missing (%s)", key, o->text);
	return l;
}

void
section_patterns(const struct section *s, const char *key, struct pattern_list *out)
{
	struct text_list l = section_texts(s, key, false);
	struct fault f = { 0 };

	out->item = calloc(l.n + 1, sizeof(void *));
	if (!out->item)
		reading_lacks();
	for (size_t i = 0; out->item && i < l.n; i++) {
		if (pattern_new(l.item[i], &out->item[out->n], &f))
			out->n++;
		else if (f.kind == FAULT_BUSY)
			reading_lacks();
		else
			section_fault(s, key, "%s: %s", key, f.text);
	}
	text_list_free(&l);
}

void
section_window(const struct section *s, const char *key, struct conf_window *out)
{
	const char *text = section_raw(s, key);

	if (conf_window(text, out))
		return;
	section_fault(s, key,
	    "%s is two times of day, the earlier first, as \"09:00-20:00\", or \"00:00-24:00\" for "
	    "always; not \"%s\"",
	    key, text);
	*out = (struct conf_window){ 0, 1440, true, 0 };
}

bool
section_before(const struct section *s, const char *key, struct conf_reminder *out)
{
	const char *text = section_raw(s, key);
	struct conf_reminder read = *out;
	struct fault f = { 0 };

	if (is_nothing(s, key, text))
		return false;
	if (!conf_before(text, &read, &f)) {
		section_fault(s, key, "%s%s", key, f.text);
		return false;
	}
	if (!in_range(s, key, text, read.before_s))
		return false;
	*out = read;
	return true;
}
