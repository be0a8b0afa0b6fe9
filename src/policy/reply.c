/* reply.c - a patient's text cut into words, and what they mean. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/reply.h"

#include <stdio.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "nudge/seal.h"
#include "policy/reply_words.h"

#define SAID_MAX 60      /* words that are looked at */
#define WORD_MAX 20      /* longer ones are none of ours */
#define QUOTE_WORDS 3    /* more between quotation marks are somebody else's */
#define TEMPLATE_WORDS 10 /* in a longer text "reply STOP to opt out" is ours, sent back */

struct said {
	char word[WORD_MAX]; /* folded; "*" when it is too long */
	bool capitals, number;
};

struct text {
	struct said said[SAID_MAX];
	size_t n;
	bool quoted;     /* something was left out */
	bool thumb_up;
};

/* ---- words ---- */

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
is_number(const struct said *w)
{
	return w->word[0] && strspn(w->word, "0123456789") == strlen(w->word);
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
end_word(struct text *t, struct said *w, size_t *n)
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
	bool digit = c >= '0' && c <= '9', last_digit;

	if (n == 0)
		return true;
	last_digit = n < WORD_MAX && w->word[n - 1] >= '0' && w->word[n - 1] <= '9';
	if (digit == last_digit)
		return true;
	return c == '0' && !last_digit && next >= 'a' && next <= 'z';
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
add_letter(struct text *t, struct said *w, size_t *n, UChar32 c, char next)
{
	char plain = u_isalpha(c) ? plain_letter(c) : u_isdigit(c) ? (char)('0' + u_charDigitValue(c)) : '?';

	if (!joins(w, *n, plain, next))
		end_word(t, w, n);
	else if (*n > 0 && plain == '0' && !(w->word[0] >= '0' && w->word[0] <= '9'))
		plain = 'o';
	if (*n < WORD_MAX)
		w->word[*n] = plain;
	w->capitals = w->capitals && (u_isupper(c) || !u_isalpha(c));
	(*n)++;
}

/* "S T O P": single letters in a row are one word. */
static void
join_letters(struct text *t)
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

static void
read_words(struct span s, struct text *t)
{
	struct said w = { .capitals = true };
	size_t n = 0;

	*t = (struct text){ .n = 0 };
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
		if (c == 0x153 || c == 0x152) { /* oe */
			add_letter(t, &w, &n, 'o', 'e');
			add_letter(t, &w, &n, 'e', '\0');
		} else if (u_isalpha(c) || u_isdigit(c)) {
			add_letter(t, &w, &n, c, letter_at(s, at));
		} else if (!is_apostrophe(c) && u_charType(c) != U_NON_SPACING_MARK && u_charType(c) != U_FORMAT_CHAR) {
			t->thumb_up = t->thumb_up || c == 0x1f44d;
			end_word(t, &w, &n);
		}
	}
	end_word(t, &w, &n);
	join_letters(t);
}

/* ---- phrases ---- */

static bool
is_in(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

/* How many words of `t` from `at` on are the phrase; 0: it does not stand there. */
static size_t
phrase_at(const struct text *t, size_t at, const char *phrase)
{
	struct span rest = span_of(phrase);
	size_t n = 0;

	while (rest.n > 0) {
		struct span word = span_cut(rest, ' ', &rest);

		if (at + n >= t->n || !span_is(word, t->said[at + n].word))
			return 0;
		n++;
	}
	return n;
}

static const struct phrase *
find_at(const struct text *t, size_t at, const struct phrase *list)
{
	for (; list->words; list++)
		if (phrase_at(t, at, list->words) > 0)
			return list;
	return NULL;
}

static bool
negated(const struct text *t, size_t at)
{
	return at > 0 && is_in(t->said[at - 1].word, negations);
}

/* Anywhere, but not behind a "not" when that turns it round. */
static const struct phrase *
find_anywhere(const struct text *t, const struct phrase *list, bool unless_negated)
{
	for (size_t at = 0; at < t->n; at++) {
		const struct phrase *p = find_at(t, at, list);

		if (p && !(unless_negated && negated(t, at)))
			return p;
	}
	return NULL;
}

static bool
says_nothing(const char *word, const char *const *more)
{
	return is_in(word, courtesies) || (more && is_in(word, more));
}

static int
small_number(const char *digits)
{
	return digits[1] ? (digits[0] - '0') * 10 + digits[1] - '0' : digits[0] - '0';
}

/* The whole text is the phrase, but for courtesies and, when `code` is given, one number. */
static const struct phrase *
find_alone(const struct text *t, const struct phrase *list, const char *const *more, int *code)
{
	for (; list->words; list++)
		for (size_t at = 0; at < t->n; at++) {
			size_t n = phrase_at(t, at, list->words), numbers = 0, others = 0;
			int last = 0;

			if (n == 0)
				continue;
			for (size_t k = 0; k < t->n; k++) {
				const struct said *w = &t->said[k];

				if (k >= at && k < at + n)
					continue;
				if (w->number && code && strlen(w->word) <= 2 && !t->said[at].number) {
					numbers++;
					last = small_number(w->word);
				} else {
					others += !says_nothing(w->word, more);
				}
			}
			if (others > 0 || numbers > 1 || (numbers == 1 && last == 0))
				continue;
			if (code)
				*code = last;
			return list;
		}
	return NULL;
}

/* The first word that is no courtesy; t->n when there is none. */
static size_t
first_word(const struct text *t)
{
	size_t at = 0;

	while (at < t->n && says_nothing(t->said[at].word, NULL))
		at++;
	return at;
}

/* "Reply STOP to opt out" in a long text is a text of ours that was sent back. */
static void
drop_template(struct text *t)
{
	static const char *const ask[] = { "reply stop", "responda stop", "repondez stop", NULL };

	if (t->n <= TEMPLATE_WORDS)
		return;
	for (size_t at = 0; at < t->n; at++)
		for (const char *const *a = ask; *a; a++)
			if (phrase_at(t, at, *a) > 0) {
				size_t n = t->n - at < 6 ? t->n - at : 6;

				memmove(&t->said[at], &t->said[at + n], (t->n - at - n) * sizeof t->said[0]);
				t->n -= n;
				t->quoted = true;
			}
}

/* ---- meanings ---- */

static bool
stop_somewhere(const struct text *t)
{
	bool others_small = false;

	for (size_t i = 0; i < t->n; i++)
		others_small = others_small || (!t->said[i].capitals && !t->said[i].number);
	for (size_t at = 0; at < t->n; at++) {
		bool last = at + 1 == t->n && t->n <= 7;

		if (strcmp(t->said[at].word, "stop") != 0)
			continue;
		if (negated(t, at) && strcmp(t->said[at - 1].word, "no") != 0) /* "no, stop" */
			continue;
		if (at > 0 && is_in(t->said[at - 1].word, bus_stops))
			continue;
		if (last || (t->said[at].capitals && others_small))
			return true;
	}
	return false;
}

static const struct phrase *
find_stop(const struct text *t, bool *cancel)
{
	static const struct phrase stop = { "stop", "" };
	size_t at = first_word(t);
	const struct phrase *p = find_anywhere(t, stop_anywhere, true);

	*cancel = false;
	if (!p && at < t->n) {
		p = find_at(t, at, stop_first);
		if (p && at + 1 < t->n && is_in(t->said[at + 1].word, other_stops))
			p = NULL;
	}
	if (!p)
		p = find_alone(t, stop_alone, NULL, NULL);
	if (!p && stop_somewhere(t))
		p = &stop;
	if (p || at >= t->n)
		return p;
	/* An opt-out by law, whatever the patient meant by it; but not when it is about the visit. */
	p = find_at(t, at, cancel_words);
	*cancel = p != NULL;
	return p && find_anywhere(t, visit_words, false) ? NULL : p;
}

static const struct phrase *
find_cancel(const struct text *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (is_in(t->said[i].word, questions))
			return NULL;
	return find_anywhere(t, cancel_words, true);
}

static bool
confirm_or_decline(const struct text *t, struct reply_said *out)
{
	const struct phrase *p;
	int code = 0;

	if ((p = find_alone(t, confirm_alone, confirm_courtesies, &code)) ||
	    (p = find_alone(t, yes_alone, confirm_courtesies, &code))) {
		out->what = REPLY_CONFIRM;
	} else if ((p = find_alone(t, decline_alone, NULL, &code)) || (p = find_anywhere(t, decline_anywhere, true))) {
		out->what = REPLY_DECLINE;
	} else if ((p = find_cancel(t))) {
		out->what = REPLY_DECLINE;
		out->names_visit = true;
	}
	if (p)
		out->language = p->language;
	out->code = p ? code : 0;
	return p != NULL;
}

/* Only the word itself, as carriers want it. */
static const char *
keyword_of(const struct text *t, const struct phrase *p)
{
	static const char *const known[] = { "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "START",
		"UNSTOP", "HELP", "INFO", NULL };

	for (const char *const *k = known; t->n == 1 && p && *k; k++)
		if (strcasecmp(*k, t->said[0].word) == 0)
			return *k;
	return "";
}

void
reply_read(struct span text, struct reply_said *out)
{
	const struct phrase *p;
	struct text t;
	bool cancel;

	*out = (struct reply_said){ .what = REPLY_NOTHING, .keyword = "", .language = "" };
	read_words(text, &t);
	drop_template(&t);
	if (t.n == 0) {
		out->what = t.thumb_up && !t.quoted ? REPLY_CONFIRM : REPLY_NOTHING;
	} else if ((p = find_anywhere(&t, wrong_number, false))) {
		out->what = REPLY_WRONG_NUMBER;
	} else if ((p = find_stop(&t, &cancel))) {
		out->what = REPLY_STOP;
		out->names_visit = cancel || find_anywhere(&t, visit_words, false);
	} else if ((p = find_alone(&t, start_alone, start_courtesies, NULL))) {
		out->what = REPLY_START;
	} else if ((p = find_alone(&t, help_alone, NULL, NULL))) {
		out->what = REPLY_HELP;
	} else if (!confirm_or_decline(&t, out)) {
		out->what = t.quoted ? REPLY_NOTHING : REPLY_UNKNOWN;
	}
	if (t.n > 0 && out->what != REPLY_NOTHING && out->what != REPLY_UNKNOWN && out->what != REPLY_CONFIRM &&
	    out->what != REPLY_DECLINE) {
		out->language = p->language;
		out->keyword = keyword_of(&t, p);
	}
	seal_wipe(&t, sizeof t);
}

/* ---- names ---- */

static const struct {
	const char *name, *sentence;
} names[REPLIES] = {
	[REPLY_NOTHING] = { "nothing", "sent nothing that has a meaning" },
	[REPLY_STOP] = { "stop", "wants no more texts" },
	[REPLY_START] = { "start", "wants texts again" },
	[REPLY_HELP] = { "help", "asked for help" },
	[REPLY_CONFIRM] = { "confirmed", "will come" },
	[REPLY_DECLINE] = { "declined", "cannot come at this time" },
	[REPLY_WRONG_NUMBER] = { "wrong-number", "says that this is not the patient's number" },
	[REPLY_UNKNOWN] = { "not-understood", "sent something that was not understood" },
};

const char *
reply_name(enum reply r)
{
	return r < REPLIES ? names[r].name : "";
}

const char *
reply_sentence(enum reply r)
{
	return r < REPLIES ? names[r].sentence : "";
}
