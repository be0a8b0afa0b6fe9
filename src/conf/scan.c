/* scan.c - before libConfuse: comments away, strings protected, and a note of what stands where. */
// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "nudge/buf.h"

struct scanner {
	const char *p, *end;
	int line;
	struct buf out;       /* what libConfuse gets */
	struct scanned *s;
	struct fault *f;
	int *fault_line;
	char word[512];       /* of the last word or string */
	int depth;
	struct entry at;      /* block, title, sub, subtitle of where we are */
};

enum token { T_END, T_WORD, T_OPEN, T_CLOSE, T_EQUALS, T_COMMA, T_PAREN, T_UNPAREN, T_BAD };

static bool
wrong(struct scanner *x, const char *what)
{
	*x->fault_line = x->line;
	return fault_set(x->f, FAULT_OPERATOR, "%s", what);
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
			x->p++;
		} else if (!block && !line && !isspace((unsigned char)c)) {
			return true;
		} else {
			put(x, ' ');
		}
		x->p++;
	}
	return !block || wrong(x, "a comment /* is not ended");
}

/* A string, as typed: in double quotes libConfuse would eat backslashes and
 * expand ${...}; both are kept from it. */
static bool
string(struct scanner *x)
{
	char quote = *x->p++;
	size_t n = 0;

	put(x, quote);
	for (; x->p < x->end && *x->p != quote; x->p++) {
		char c = *x->p;

		if (c == '\n')
			return wrong(x, "a string is not ended before the end of its line");
		if (quote == '"' && c == '\\' && x->p + 1 < x->end && x->p[1] == '"') {
			put(x, '\\');
			c = *++x->p;
		} else if (quote == '"' && (c == '\\' || c == '$')) {
			put(x, '\\');
		}
		put(x, c);
		if (n < sizeof x->word - 1)
			x->word[n++] = c;
	}
	x->word[n] = '\0';
	if (x->p == x->end)
		return wrong(x, "a string is not ended");
	put(x, *x->p++);
	return true;
}

static enum token
next_token(struct scanner *x)
{
	static const char marks[] = "{}=,()";
	static const enum token kinds[] = { T_OPEN, T_CLOSE, T_EQUALS, T_COMMA, T_PAREN, T_UNPAREN };
	const char *mark;
	size_t n = 0;

	if (!skip(x))
		return T_BAD;
	if (x->p == x->end)
		return T_END;
	if (*x->p == '"' || *x->p == '\'')
		return string(x) ? T_WORD : T_BAD;
	mark = strchr(marks, *x->p);
	if (mark && *x->p) {
		put(x, *x->p++);
		return kinds[mark - marks];
	}
	while (x->p < x->end && !isspace((unsigned char)*x->p) && !strchr("{}=,()#\"'", *x->p)) {
		if (n < sizeof x->word - 1)
			x->word[n++] = *x->p;
		put(x, *x->p++);
	}
	x->word[n] = '\0';
	return n > 0 ? T_WORD : (wrong(x, "a character that has no meaning here"), T_BAD);
}

static bool
note(struct scanner *x, const char *key, int line)
{
	struct entry *grown = realloc(x->s->entries, (x->s->n + 1) * sizeof *grown);

	if (!grown)
		return wrong(x, "out of memory");
	x->s->entries = grown;
	grown[x->s->n] = x->at;
	(void)snprintf(grown[x->s->n].key, sizeof grown->key, "%.47s", key);
	grown[x->s->n++].line = line;
	return true;
}

/* "2d at 10:00" without quotes is three words, and libConfuse takes one. */
static void
join_time_of_day(struct scanner *x, size_t word_at)
{
	size_t n = (size_t)(x->end - x->p), i = 0;
	char word[64];

	while (i < n && (x->p[i] == ' ' || x->p[i] == '\t'))
		i++;
	if (n - i < 8 || memcmp(x->p + i, "at ", 3) != 0 || !isdigit((unsigned char)x->p[i + 3]) || x->p[i + 5] != ':')
		return;
	(void)snprintf(word, sizeof word, "%.40s", x->word);
	x->out.n = word_at;
	(void)buf_addf(&x->out, "\"%s %.8s\"", word, x->p + i);
	x->p += i + 8;
}

static bool
value(struct scanner *x)
{
	size_t word_at;
	enum token t;

	if (!skip(x))
		return false;
	word_at = x->out.n;
	t = next_token(x);
	if (t == T_WORD) {
		if (x->out.n > word_at && x->out.p[word_at] != '"' && x->out.p[word_at] != '\'')
			join_time_of_day(x, word_at);
		return true;
	}
	if (t != T_OPEN)
		return t == T_BAD ? false : wrong(x, "a value should stand after '='");
	for (;;) {
		t = next_token(x);
		if (t == T_CLOSE)
			return true;
		if (t != T_WORD && t != T_COMMA)
			return t == T_BAD ? false : wrong(x, "a list is {value, value, ...}: '}' is missing");
	}
}

/* include("FILE"): taken out here, read by its own. */
static bool
include(struct scanner *x, size_t out_before, int line)
{
	char (*grown)[512];
	int *lines;

	if (next_token(x) != T_PAREN || next_token(x) != T_WORD)
		return wrong(x, "include(\"FILE\")");
	grown = realloc(x->s->includes, (x->s->includes_n + 1) * sizeof *grown);
	if (grown)
		x->s->includes = grown;
	lines = realloc(x->s->include_lines, (x->s->includes_n + 1) * sizeof *lines);
	if (lines)
		x->s->include_lines = lines;
	if (!grown || !lines)
		return wrong(x, "out of memory");
	memcpy(grown[x->s->includes_n], x->word, sizeof *grown);
	lines[x->s->includes_n++] = line;
	if (next_token(x) != T_UNPAREN)
		return wrong(x, "include(\"FILE\"): ')' is missing");
	for (size_t i = out_before; i < x->out.n; i++)
		if (x->out.p[i] != '\n')
			x->out.p[i] = ' ';
	return true;
}

static bool
open_block(struct scanner *x, const char *name, const char *title, int line)
{
	if (x->depth == 2)
		return wrong(x, "blocks stand in one another at most twice");
	if (x->depth == 0) {
		(void)snprintf(x->at.block, sizeof x->at.block, "%.23s", name);
		(void)snprintf(x->at.title, sizeof x->at.title, "%.63s", title);
	} else {
		(void)snprintf(x->at.sub, sizeof x->at.sub, "%.23s", name);
		(void)snprintf(x->at.subtitle, sizeof x->at.subtitle, "%.63s", title);
	}
	x->depth++;
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
	char name[64], title[64] = "";
	int line = x->line;
	enum token t;

	(void)snprintf(name, sizeof name, "%.63s", x->word);
	if (strcmp(name, "include") == 0 && x->depth == 0)
		return include(x, out_before, line);
	t = next_token(x);
	if (t == T_EQUALS)
		return note(x, name, line) && value(x);
	if (t == T_WORD) {
		(void)snprintf(title, sizeof title, "%.63s", x->word);
		t = next_token(x);
	}
	if (t == T_OPEN)
		return open_block(x, name, title, line);
	if (t != T_BAD) {
		(void)wrong(x, "after a name should stand '=' and a value, or a title and '{'");
		*x->fault_line = line;
	}
	return false;
}

bool
scan(const char *text, size_t n, struct scanned *out, int *line, struct fault *f)
{
	struct scanner x = { .p = text, .end = text + n, .line = 1, .s = out, .f = f, .fault_line = line };
	bool ok = true;

	*out = (struct scanned){ 0 };
	buf_init(&x.out, 4u << 20);
	while (ok) {
		size_t before = x.out.n;
		enum token t = next_token(&x);

		if (t == T_END) {
			ok = x.depth == 0 || wrong(&x, "a block is not ended: '}' is missing");
			break;
		}
		if (t == T_CLOSE && x.depth > 0)
			close_block(&x);
		else if (t == T_WORD)
			ok = statement(&x, before);
		else
			ok = t == T_BAD ? false : wrong(&x, "a setting or a block should begin here");
	}
	if (ok)
		out->text = strdup(buf_text(&x.out));
	buf_clear(&x.out);
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
	free(s->include_lines);
	*s = (struct scanned){ 0 };
}
