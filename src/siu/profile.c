/* profile.c - every value is compiled as the parser meets it, so that a fault has its line. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/profile.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum key_kind { KEY_PATHS, KEY_LENGTHS, KEY_WORDS };

static const struct key {
	const char *name;
	size_t offset;
	enum key_kind kind;
	bool required;
} keys[] = {
	{ "appointment_id", offsetof(struct siu_profile, appointment_id), KEY_PATHS, true },
	{ "old_id", offsetof(struct siu_profile, old_id), KEY_PATHS, false },
	{ "occurrence", offsetof(struct siu_profile, occurrence), KEY_PATHS, false },
	{ "start", offsetof(struct siu_profile, start), KEY_PATHS, true },
	{ "end", offsetof(struct siu_profile, end), KEY_PATHS, false },
	{ "duration", offsetof(struct siu_profile, duration), KEY_LENGTHS, false },
	{ "patient", offsetof(struct siu_profile, patient), KEY_PATHS, true },
	{ "patient_type", offsetof(struct siu_profile, patient_type), KEY_WORDS, false },
	{ "prior_patient", offsetof(struct siu_profile, prior_patient), KEY_PATHS, false },
	{ "phone", offsetof(struct siu_profile, phone), KEY_PATHS, true },
	{ "address", offsetof(struct siu_profile, address), KEY_PATHS, false },
	{ "language", offsetof(struct siu_profile, language), KEY_PATHS, false },
	{ "deceased", offsetof(struct siu_profile, deceased), KEY_PATHS, true },
	{ "birth", offsetof(struct siu_profile, birth), KEY_PATHS, false },
	{ "death_time", offsetof(struct siu_profile, death_time), KEY_PATHS, false },
	{ "consent", offsetof(struct siu_profile, consent), KEY_PATHS, false },
	{ "consent_yes", offsetof(struct siu_profile, consent_yes), KEY_WORDS, false },
	{ "consent_no", offsetof(struct siu_profile, consent_no), KEY_WORDS, false },
	{ "department", offsetof(struct siu_profile, department), KEY_PATHS, false },
	{ "visit_type", offsetof(struct siu_profile, visit_type), KEY_PATHS, false },
	{ "status", offsetof(struct siu_profile, status), KEY_PATHS, false },
	{ "status_arrived", offsetof(struct siu_profile, status_word[VISIT_ARRIVED]), KEY_WORDS, false },
	{ "status_canceled", offsetof(struct siu_profile, status_word[VISIT_CANCELED]), KEY_WORDS, true },
	{ "status_no_show", offsetof(struct siu_profile, status_word[VISIT_NO_SHOW]), KEY_WORDS, true },
	{ "status_deleted", offsetof(struct siu_profile, status_word[VISIT_DELETED]), KEY_WORDS, true },
};
#define KEYS_N (sizeof keys / sizeof keys[0])

#define VALUE_LENGTH_MAX 80 /* bytes, terminator included */

struct making {
	const char *name;
	struct siu_profile *profile;
	struct fault *fault;
	bool failed;
	struct list_state {
		char last[VALUE_LENGTH_MAX]; /* value taken */
		bool closed;
	} lists[KEYS_N];
};

/* The next letter as words are compared; 0 at the end. */
static inline char
next_letter(struct span *s)
{
	while (s->n > 0) {
		char c = *s->p++;

		s->n--;
		if (c >= 'A' && c <= 'Z')
			return (char)(c - 'A' + 'a');
		if (c != ' ' && c != '\t' && c != '-' && c != '_' && c != '\0')
			return c;
	}
	return '\0';
}

/* The letters of `rest` are those of `word`. */
static bool
is_word(const char *word, struct span rest)
{
	char c;

	while ((c = next_letter(&rest)) != '\0' && c == *word)
		word++;
	return c == '\0' && *word == '\0';
}

bool
word_list_has(const struct word_list *l, struct span value)
{
	const char first = next_letter(&value);

	for (size_t i = 0; i < l->n && first != '\0'; i++)
		if (l->item[i][0] == first && is_word(l->item[i] + 1, value))
			return true;
	return false;
}

bool
word_list_add(struct word_list *l, const char *word)
{
	struct span rest = span_of(word);
	char c, text[WORD_MAX];
	size_t n = 0;

	while ((c = next_letter(&rest)) != '\0') {
		if (n + 1 >= sizeof text)
			return false;
		text[n++] = c;
	}
	text[n] = '\0';
	if (n == 0 || l->n == WORDS_MAX)
		return false;
	memcpy(l->item[l->n++], text, n + 1);
	return true;
}

/* ---- one value ---- */

static bool
add_path(struct path_list *l, const char *text, struct fault *f)
{
	if (l->n == PATHS_MAX)
		return fault_set(f, FAULT_OPERATOR, "more than %d paths", PATHS_MAX);
	if (!hl7_path_read(text, &l->item[l->n], f))
		return false;
	l->n++;
	return true;
}

/* "VALUE" or "VALUE UNIT". */
static bool
add_length(struct length_list *l, const char *text, struct fault *f)
{
	struct length_path p = { .has_unit = false };
	struct span unit, value = span_cut(span_trim(span_of(text)), ' ', &unit);
	char path[VALUE_LENGTH_MAX];

	if (l->n == PATHS_MAX)
		return fault_set(f, FAULT_OPERATOR, "more than %d paths", PATHS_MAX);
	span_copy(path, sizeof path, value);
	if (!hl7_path_read(path, &p.value, f))
		return false;
	unit = span_trim(unit);
	if (unit.n > 0) {
		span_copy(path, sizeof path, unit);
		if (!hl7_path_read(path, &p.unit, f))
			return false;
		p.has_unit = true;
	}
	l->item[l->n++] = p;
	return true;
}

static size_t
list_n(const void *list, enum key_kind kind)
{
	switch (kind) {
	case KEY_PATHS:
		return ((const struct path_list *)list)->n;
	case KEY_LENGTHS:
		return ((const struct length_list *)list)->n;
	case KEY_WORDS:
		break;
	}
	return ((const struct word_list *)list)->n;
}

static bool
add_value(void *list, enum key_kind kind, const char *text, struct fault *f)
{
	switch (kind) {
	case KEY_PATHS:
		return add_path(list, text, f);
	case KEY_LENGTHS:
		return add_length(list, text, f);
	case KEY_WORDS:
		break;
	}
	if (!word_list_add(list, text))
		return fault_set(f, FAULT_OPERATOR,
		    "\"%s\" is no word of 1 to %d letters, or the list has over %d", text, WORD_MAX - 1,
		    WORDS_MAX);
	return true;
}

/* ---- libConfuse ---- */

/* The first option is ours: it carries the state to the callbacks, which get
 * no other context. No file can set it. */
static struct making *
making_of(cfg_t *cfg)
{
	return *cfg->opts[0].simple_value.ptr;
}

static int
refuse_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	(void)opt;
	(void)value;
	(void)result;
	cfg_error(cfg, "no such option '-'");
	return -1;
}

__attribute__((format(printf, 2, 0))) static void
on_error(cfg_t *cfg, const char *format, va_list ap)
{
	struct making *m = making_of(cfg);
	char text[256];

	if (m->failed)
		return;
	m->failed = true;
	(void)vsnprintf(text, sizeof text, format, ap);
	fault_set(m->fault, FAULT_OPERATOR, "%s:%d: %s", m->name, cfg->line, text);
}

/* Called with each value, and once more at the end of a list in braces. A call
 * that is neither means that the list began anew: libConfuse would forget the
 * first one without a word. */
static bool
take_value(struct making *m, size_t key, const char *value, size_t given, struct fault *why)
{
	void *list = (char *)m->profile + keys[key].offset;
	struct list_state *s = &m->lists[key];
	size_t n = list_n(list, keys[key].kind);

	if (!s->closed && given == n && strcmp(s->last, value) == 0) {
		s->closed = true;
		return true;
	}
	if (s->closed || given != n + 1)
		return fault_set(why, FAULT_OPERATOR, "is given twice; one list holds all of it");
	if (strlen(value) >= sizeof s->last)
		return fault_set(why, FAULT_OPERATOR, "a value is at most %zu characters long",
		    sizeof s->last - 1);
	span_copy(s->last, sizeof s->last, span_of(value));
	return add_value(list, keys[key].kind, value, why);
}

static int
on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	struct making *m = making_of(cfg);
	struct fault why = { .kind = FAULT_NONE };
	unsigned n = cfg_opt_size(opt);

	for (size_t i = 0; n > 0 && i < KEYS_N; i++) {
		if (strcmp(keys[i].name, cfg_opt_name(opt)) != 0)
			continue;
		if (!take_value(m, i, cfg_opt_getnstr(opt, n - 1), n, &why)) {
			cfg_error(cfg, "%s: %s", keys[i].name, why.text);
			return -1;
		}
	}
	return 0;
}

/* libConfuse loses count of lines in comments: they go before it looks. */
static void
blank_comments(char *text)
{
	char quote = '\0';

	for (char *p = text; *p; p++) {
		if (quote) {
			if (*p == '\\' && p[1])
				p++;
			else if (*p == quote)
				quote = '\0';
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '#' || (p[0] == '/' && p[1] == '/')) {
			while (*p && *p != '\n')
				*p++ = ' ';
			p--;
		} else if (p[0] == '/' && p[1] == '*') {
			while (*p && (p[0] != '*' || p[1] != '/')) {
				if (*p != '\n')
					*p = ' ';
				p++;
			}
			if (!*p)
				return;
			p[0] = p[1] = ' ';
		}
	}
}

static bool
parse(struct making *m, const char *text)
{
	void *slot = m;
	cfg_opt_t opts[KEYS_N + 2] = {
		{ .name = "-", .type = CFGT_PTR, .simple_value = { .ptr = &slot }, .parsecb = refuse_value },
	};
	cfg_opt_t list = CFG_STR_LIST("", 0, CFGF_NONE), end = CFG_END();
	cfg_t *cfg;
	int result;

	for (size_t i = 0; i < KEYS_N; i++) {
		opts[i + 1] = list;
		opts[i + 1].name = keys[i].name;
	}
	opts[KEYS_N + 1] = end;
	cfg = cfg_init(opts, CFGF_NONE);
	if (!cfg)
		return fault_set(m->fault, FAULT_BUSY, "%s: no memory", m->name);
	cfg_set_error_function(cfg, on_error);
	for (size_t i = 0; i < KEYS_N; i++)
		cfg_set_validate_func(cfg, keys[i].name, on_value);
	result = cfg_parse_buf(cfg, text);
	if (result != CFG_SUCCESS && !m->failed) {
		m->failed = true;
		fault_set(m->fault, FAULT_OPERATOR, "%s:%d: not in the form KEY = {VALUE, VALUE}", m->name,
		    cfg->line);
	}
	cfg_free(cfg);
	return !m->failed;
}

static bool
is_complete(const struct making *m)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		const void *list = (const char *)m->profile + keys[i].offset;

		if (keys[i].required && list_n(list, keys[i].kind) == 0)
			return fault_set(m->fault, FAULT_OPERATOR,
			    "%s: %s is missing; see the profiles that come with the program", m->name,
			    keys[i].name);
	}
	return true;
}

bool
siu_profile_read(const char *name, struct span text, struct siu_profile **out, struct fault *f)
{
	struct siu_profile *p = calloc(1, sizeof *p);
	struct making m = { .name = name, .profile = p, .fault = f };
	char *copy = malloc(text.n + 1);
	bool ok = false;

	if (!p || !copy) {
		fault_set(f, FAULT_BUSY, "%s: no memory", name);
		goto out;
	}
	span_copy(copy, text.n + 1, text);
	if (strlen(copy) != text.n) {
		fault_set(f, FAULT_OPERATOR, "%s: not a text file", name);
		goto out;
	}
	blank_comments(copy);
	ok = parse(&m, copy) && is_complete(&m);
out:
	free(copy);
	if (ok)
		*out = p;
	else
		siu_profile_free(p);
	return ok;
}

static const struct key *
key_of(struct span name)
{
	for (size_t i = 0; i < KEYS_N; i++)
		if (span_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

static void
empty(void *list, enum key_kind kind)
{
	switch (kind) {
	case KEY_PATHS:
		((struct path_list *)list)->n = 0;
		break;
	case KEY_LENGTHS:
		((struct length_list *)list)->n = 0;
		break;
	case KEY_WORDS:
		((struct word_list *)list)->n = 0;
		break;
	}
}

bool
siu_profile_replace(struct siu_profile *p, const char *line, struct fault *f)
{
	struct span rest = SPAN_NONE, name = span_trim(span_cut(span_of(line), '=', &rest));
	const struct key *k = key_of(name);
	char value[VALUE_LENGTH_MAX];
	void *list;

	if (!k || !strchr(line, '='))
		return fault_set(f, FAULT_OPERATOR, "paths: \"%s\" is not in the form KEY = PATH, PATH with a key of the profiles "
		                                    "(start, phone, department ...)", line);
	list = (char *)p + k->offset;
	empty(list, k->kind);
	rest = span_trim(rest);
	while (rest.n > 0) {
		struct span v = span_trim(span_cut(rest, ',', &rest));

		if (v.n >= sizeof value)
			return fault_set(f, FAULT_OPERATOR, "paths: %s: a value is at most %d characters long", k->name, VALUE_LENGTH_MAX - 1);
		span_copy(value, sizeof value, v);
		if (!add_value(list, k->kind, value, f))
			return fault_at(f, "paths: %s", k->name);
	}
	return list_n(list, k->kind) > 0 || !k->required || fault_set(f, FAULT_OPERATOR, "paths: %s needs a value", k->name);
}

void
siu_profile_free(struct siu_profile *p)
{
	free(p);
}

void
siu_profile_text(const struct siu_profile *p, const char *name, struct buf *out)
{
	const struct key *k = key_of(span_of(name));
	const void *list = k ? (const char *)p + k->offset : NULL;
	size_t n = k && k->kind != KEY_WORDS ? list_n(list, k->kind) : 0;
	char text[HL7_PATH_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		hl7_path_text(k->kind == KEY_PATHS ? &((const struct path_list *)list)->item[i]
		                                   : &((const struct length_list *)list)->item[i].value, text);
		(void)buf_addf(out, "%s%s", i > 0 ? ", " : "", text);
	}
}
