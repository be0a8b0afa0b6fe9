/* scan.c - before libConfuse: comments away, words kept as typed, and a note of what stands where. */
// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "nudge/buf.h"

#define WORD_MAX 4096
#define TEXT_MAX (8u << 20)

struct scanner {
	const char *p, *end;
	int line;
	struct buf out;  /* what libConfuse gets */
	struct buf word; /* the last word or string, as typed */
	struct scanned *s;
	size_t cap; /* of s->entries */
	struct fault *f;
	int *fault_line;
	bool is_value;   /* the next word is the value of a setting */
	int depth;
	int opened[2];   /* lines of the blocks that are open */
	struct entry at; /* block, title, sub, subtitle of where we are */
};

enum token { T_END, T_WORD, T_OPEN, T_CLOSE, T_EQUALS, T_COMMA, T_PAREN, T_UNPAREN, T_BAD };

static bool
wrong_at(struct scanner *x, int line, const char *what)
{
	*x->fault_line = line;
	return fault_set(x->f, FAULT_OPERATOR, "%s", what);
}

static bool
wrong(struct scanner *x, const char *what)
{
	return wrong_at(x, x->line, what);
}

static bool
short_of_memory(struct scanner *x)
{
	reading_lacks();
	return wrong(x, "out of memory");
}

static void
put(struct scanner *x, char c)
{
	(void)buf_add_char(&x->out, c);
}

/* Blanks, and comments as blanks; line ends stay. */
static bool
skip(struct scanner *x)
{
	bool block = false, line = false;
	int began = 0;

	while (x->p < x->end) {
		char c = *x->p, next = x->p + 1 < x->end ? x->p[1] : '\0';

		if (c == '\n') {
			x->line++;
			line = false;
			put(x, c);
		} else if (block && c == '*' && next == '/') {
			block = false;
			x->p++;
		} else if (!block && !line && (c == '#' || (c == '/' && next == '/'))) {
			line = true;
		} else if (!block && !line && c == '/' && next == '*') {
			block = true;
			began = x->line;
			x->p++;
		} else if (!block && !line && !isspace((unsigned char)c)) {
			return true;
		} else {
			put(x, ' ');
		}
		x->p++;
	}
	return !block || wrong_at(x, began, "a comment begins with /* here and is not ended with */");
}

/* Whatever quotes the word had, libConfuse gets double ones, with everything
 * escaped that it would eat there: backslash, quote, ${...}. */
static bool
put_word(struct scanner *x)
{
	put(x, '"');
	for (size_t i = 0; i < x->word.n; i++) {
		char c = x->word.p[i];

		if ((unsigned char)c < ' ' && c != '\t')
			return wrong(x, "a control character inside a value");
		if (c == '\\' || c == '"' || c == '$')
			put(x, '\\');
		put(x, c);
	}
	put(x, '"');
	return !x->word.spoilt || wrong(x, "a value is longer than 4096 bytes");
}

/* As typed, but for \" in double quotes, which is a quote. */
static bool
string(struct scanner *x)
{
	char quote = *x->p++;

	for (; x->p < x->end && *x->p != quote; x->p++) {
		if (*x->p == '\n')
			break;
		if (quote == '"' && *x->p == '\\' && x->p + 1 < x->end && x->p[1] == '"')
			x->p++;
		(void)buf_add_char(&x->word, *x->p);
	}
	if (x->p == x->end || *x->p != quote)
		return wrong(x,
		    quote == '"' ? "a string is not ended with \" on its line (\\\" is a quote inside it)"
				 : "a string is not ended with ' on its line");
	x->p++;
	return put_word(x);
}

/* Takes one word that stands without quotes. */
static void
bare_word(struct scanner *x)
{
	while (x->p < x->end && !isspace((unsigned char)*x->p) && !strchr("{}=,()#\"'", *x->p))
		(void)buf_add_char(&x->word, *x->p++);
}

/* "2d at 10:00" without quotes is three words and one value. */
static void
join_time_of_day(struct scanner *x)
{
	const char *p = x->p;

	while (p < x->end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == x->p || x->end - p < 4 || memcmp(p, "at ", 3) != 0 || !isdigit((unsigned char)p[3]))
		return;
	x->p = p + 3;
	(void)buf_add_text(&x->word, " at ");
	bare_word(x);
}

static enum token
next_token(struct scanner *x)
{
	static const char marks[] = "{}=,()";
	static const enum token kinds[] = { T_OPEN, T_CLOSE, T_EQUALS, T_COMMA, T_PAREN, T_UNPAREN };
	const char *mark;

	if (!skip(x))
		return T_BAD;
	buf_reset(&x->word);
	if (x->p == x->end)
		return T_END;
	if (*x->p == '"' || *x->p == '\'')
		return string(x) ? T_WORD : T_BAD;
	mark = strchr(marks, *x->p);
	if (mark && *x->p) {
		put(x, *x->p++);
		return kinds[mark - marks];
	}
	bare_word(x);
	if (x->is_value)
		join_time_of_day(x);
	if (x->word.n > 0)
		return put_word(x) ? T_WORD : T_BAD;
	(void)wrong(x, "a character that has no meaning here");
	return T_BAD;
}

static bool
note(struct scanner *x, const char *key, int line)
{
	struct entry *e;

	if (x->s->n == x->cap) {
		size_t cap = x->cap ? x->cap * 2 : 64;
		struct entry *grown = realloc(x->s->entries, cap * sizeof *grown);

		if (!grown)
			return short_of_memory(x);
		x->s->entries = grown;
		x->cap = cap;
	}
	e = &x->s->entries[x->s->n++];
	*e = x->at;
	(void)snprintf(e->key, sizeof e->key, "%.47s", key);
	e->line = line;
	e->is_list = false;
	return true;
}

/* The rest of {value, value, ...}; a comma after the last is fine. */
static bool
list(struct scanner *x)
{
	bool wants_value = true;
	int line = x->line;

	for (;;) {
		enum token t = next_token(x);

		if (t == T_BAD || t == T_CLOSE)
			return t == T_CLOSE;
		if (t == T_WORD && wants_value)
			wants_value = false;
		else if (t == T_COMMA && !wants_value)
			wants_value = true;
		else if (t == T_WORD)
			return wrong(x, "in this list a ',' or the '}' is missing");
		else if (t == T_COMMA)
			return wrong(x, "a ',' too many in a list");
		else
			return wrong_at(x, line, "a list is {value, value, ...}: its '}' is missing");
	}
}

static bool
value(struct scanner *x)
{
	enum token t;

	x->is_value = true;
	t = next_token(x);
	x->is_value = false;
	if (t == T_WORD || t == T_BAD)
		return t == T_WORD;
	if (t != T_OPEN)
		return wrong(x, "a value should stand after '='");
	x->s->entries[x->s->n - 1].is_list = true;
	return list(x);
}

/* include("FILE"): taken out here, read by its own. */
static bool
include(struct scanner *x, size_t out_before, int line)
{
	struct include *grown;

	if (next_token(x) != T_PAREN || next_token(x) != T_WORD)
		return wrong(x, "an include is written include(\"FILE\")");
	grown = realloc(x->s->includes, (x->s->includes_n + 1) * sizeof *grown);
	if (!grown)
		return short_of_memory(x);
	x->s->includes = grown;
	if (x->word.n >= sizeof grown->path)
		return wrong(x, "the path is longer than 511 bytes");
	span_copy(grown[x->s->includes_n].path, sizeof grown->path, buf_span(&x->word));
	grown[x->s->includes_n++].line = line;
	if (next_token(x) != T_UNPAREN)
		return wrong(x, "an include is written include(\"FILE\"): ')' is missing");
	for (size_t i = out_before; i < x->out.n; i++)
		if (x->out.p[i] != '\n')
			x->out.p[i] = ' ';
	return true;
}

static bool
open_block(struct scanner *x, const char *name, const char *title, int line)
{
	const struct option *top = option_find("", name);

	if (x->depth > 0 && top && top->kind == OPTION_BLOCK) {
		*x->fault_line = line;
		return fault_set(x->f, FAULT_OPERATOR,
		    "a block %s begins while the block %s of line %d is open: is its '}' missing?", name,
		    x->at.block, x->opened[0]);
	}
	if (x->depth == 2)
		return wrong(x, "blocks stand in one another at most twice: is a '}' missing before this?");
	if (x->depth == 0) {
		(void)snprintf(x->at.block, sizeof x->at.block, "%.23s", name);
		(void)snprintf(x->at.title, sizeof x->at.title, "%s", title);
	} else {
		(void)snprintf(x->at.sub, sizeof x->at.sub, "%.23s", name);
		(void)snprintf(x->at.subtitle, sizeof x->at.subtitle, "%s", title);
	}
	x->opened[x->depth++] = line;
	return note(x, "", line);
}

static void
close_block(struct scanner *x)
{
	x->depth--;
	if (x->depth == 0)
		memset(&x->at, 0, sizeof x->at);
	else
		x->at.sub[0] = x->at.subtitle[0] = '\0';
}

/* One statement: KEY = VALUE, NAME "title" {, NAME {, or include. */
static bool
statement(struct scanner *x, size_t out_before)
{
	char name[64], title[TITLE_MAX + 1] = "";
	int line = x->line;
	enum token t;

	(void)span_copy(name, sizeof name, buf_span(&x->word));
	if (strcmp(name, "include") == 0 && x->depth == 0)
		return include(x, out_before, line);
	t = next_token(x);
	if (t == T_EQUALS)
		return note(x, name, line) && value(x);
	if (t == T_WORD) {
		if (x->word.n > TITLE_MAX)
			return wrong(x, "a title has at most 63 bytes");
		(void)span_copy(title, sizeof title, buf_span(&x->word));
		t = next_token(x);
	}
	if (t == T_OPEN)
		return open_block(x, name, title, line);
	if (t == T_BAD)
		return false;
	*x->fault_line = line;
	return fault_set(x->f, FAULT_OPERATOR,
	    "after \"%s\" there should be '=' and a value, or a title and '{'; a value of "
	    "several words goes into quotes",
	    name);
}

static bool
statements(struct scanner *x)
{
	for (;;) {
		size_t before = x->out.n;
		enum token t = next_token(x);

		if (t == T_BAD)
			return false;
		if (t == T_END)
			return x->depth == 0 ||
			    wrong_at(
				x, x->opened[x->depth - 1], "a block begins here and its '}' is missing");
		if (t == T_CLOSE && x->depth == 0)
			return wrong(x, "there is a '}' too many: a setting or a block should begin here");
		if (t == T_CLOSE)
			close_block(x);
		else if (t != T_WORD)
			return wrong(x, "a setting or a block should begin here");
		else if (!statement(x, before))
			return false;
	}
}

bool
scan(const char *text, size_t n, struct scanned *out, int *line, struct fault *f)
{
	struct scanner x = { .p = text, .end = text + n, .line = 1, .s = out, .f = f, .fault_line = line };
	bool ok;

	*out = (struct scanned){ 0 };
	buf_init(&x.out, TEXT_MAX);
	buf_init(&x.word, WORD_MAX);
	ok = statements(&x);
	if (ok)
		out->text = strdup(buf_text(&x.out));
	if ((ok && (!out->text || x.out.spoilt)) || x.out.lacked || x.word.lacked)
		ok = short_of_memory(&x);
	buf_clear(&x.out);
	buf_clear(&x.word);
	if (!ok)
		scanned_free(out);
	return ok;
}

void
scanned_free(struct scanned *s)
{
	free(s->text);
	free(s->entries);
	free(s->includes);
	*s = (struct scanned){ 0 };
}
