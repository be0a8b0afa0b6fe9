/* reply_cut.c - a patient's text cut into words: case, accents, apostrophes, odd spellings, quotations. */
// SPDX-License-Identifier: Apache-2.0
#include "policy/reply_cut.h"

#include <stdio.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define QUOTE_WORDS 3 /* more between quotation marks are somebody else's */

/* U+00C0 .. U+00FF without accents, like the rest of the Latin letters that the three languages have. */
static char
plain_letter(UChar32 c)
{
	static const char latin[] = "aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

	if (c >= 0xff21 && c <= 0xff5a) /* full width, as some keyboards have it */
		c -= 0xfee0;
	c = u_tolower(c);
	if (c < 0x80)
		return (char)c;
	return c >= 0xc0 && c <= 0xff ? latin[c - 0xc0] : '?';
}

static bool
is_apostrophe(UChar32 c)
{
	return c == '\'' || c == 0x2019 || c == 0x2018 || c == 0x02bc || c == 0x00b4 || c == '`';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_number(const struct said *w)
{
	return strspn(w->word, "0123456789") == strlen(w->word);
}

/* "STOOOP" is "stop": three and more of a letter are one. */
static void
squeeze(char *word)
{
	size_t to = 0;

	for (size_t at = 0; word[at];) {
		size_t run = 1;

		while (word[at + run] == word[at])
			run++;
		for (size_t k = 0; k < (run >= 3 ? 1 : run); k++)
			word[to++] = word[at];
		at += run;
	}
	word[to] = '\0';
}

static void
end_word(struct reply_text *t, struct said *w, size_t *n)
{
	if (*n > 0 && t->n < SAID_MAX) {
		if (*n < WORD_MAX)
			w->word[*n] = '\0';
		else
			(void)snprintf(w->word, sizeof w->word, "*");
		w->number = is_number(w);
		if (!w->number)
			squeeze(w->word);
		t->said[t->n++] = *w;
	}
	*n = 0;
	*w = (struct said){ .capitals = true };
}

/* Letters and digits are words apart, "C2"; but a zero between letters is an O, "ST0P". */
static bool
joins(const struct said *w, size_t n, char c, char next)
{
	if (n == 0 || is_digit(c) == (n < WORD_MAX && is_digit(w->word[n - 1])))
		return true;
	return c == '0' && next >= 'a';
}

static char
letter_at(struct span s, size_t at)
{
	UChar32 c = 0;

	if (at < s.n)
		U8_NEXT_OR_FFFD((const uint8_t *)s.p, at, s.n, c);
	return u_isalpha(c) ? plain_letter(c) : '\0';
}

static void
add_letter(struct reply_text *t, struct said *w, size_t *n, UChar32 c, char next)
{
	char plain = u_isalpha(c) ? plain_letter(c) : (char)('0' + u_charDigitValue(c));

	if (!joins(w, *n, plain, next))
		end_word(t, w, n);
	else if (*n > 0 && plain == '0' && !is_digit(w->word[0]))
		plain = 'o';
	if (*n < WORD_MAX)
		w->word[*n] = plain;
	w->capitals = w->capitals && (u_isupper(c) || !u_isalpha(c));
	(*n)++;
}

/* "S T O P": single letters in a row are one word. */
static void
join_letters(struct reply_text *t)
{
	size_t to = 0;

	for (size_t at = 0; at < t->n;) {
		size_t run = 0;

		while (at + run < t->n && run < WORD_MAX - 1 && strlen(t->said[at + run].word) == 1 && !t->said[at + run].number)
			run++;
		if (run < 3) {
			if (to != at)
				t->said[to] = t->said[at];
			to++;
			at++;
			continue;
		}
		struct said joined = t->said[at];

		for (size_t k = 0; k < run; k++)
			joined.word[k] = t->said[at + k].word[0];
		joined.word[run] = '\0';
		t->said[to++] = joined;
		at += run;
	}
	t->n = to;
}

/* The end of a quotation that is somebody else's words; `at` itself when it is none. */
static size_t
quoted_until(struct span s, size_t at)
{
	size_t p = at, blanks = 0;
	UChar32 c, close;

	U8_NEXT_OR_FFFD((const uint8_t *)s.p, p, s.n, c);
	close = c == 0x201c ? 0x201d : c == 0xab ? 0xbb : c == 0x201e ? 0x201c : c == '"' ? '"' : 0;
	if (close == 0)
		return at;
	while (p < s.n) {
		U8_NEXT_OR_FFFD((const uint8_t *)s.p, p, s.n, c);
		if (c == close)
			return blanks >= QUOTE_WORDS ? p : at;
		blanks += c == ' ' || c == '\n';
	}
	return blanks >= QUOTE_WORDS ? s.n : at; /* cut off by the phone */
}

void
reply_cut(struct span s, struct reply_text *t)
{
	struct said w = { .capitals = true };
	size_t n = 0;

	*t = (struct reply_text){ .n = 0 };
	for (size_t at = 0; at < s.n;) {
		size_t end = quoted_until(s, at);
		UChar32 c;

		if (end > at) {
			end_word(t, &w, &n);
			t->quoted = true;
			at = end;
			continue;
		}
		U8_NEXT_OR_FFFD((const uint8_t *)s.p, at, s.n, c);
		if (is_apostrophe(c)) /* one of them is a letter to ICU */
			continue;
		if (c == 0x153 || c == 0x152) { /* oe */
			add_letter(t, &w, &n, 'o', 'e');
			add_letter(t, &w, &n, 'e', '\0');
		} else if (u_isalpha(c) || u_isdigit(c)) {
			add_letter(t, &w, &n, c, letter_at(s, at));
		} else if (u_charType(c) != U_NON_SPACING_MARK && u_charType(c) != U_FORMAT_CHAR) {
			t->thumb_up = t->thumb_up || c == 0x1f44d;
			end_word(t, &w, &n);
		}
	}
	end_word(t, &w, &n);
	join_letters(t);
}
