/* reply.c - what the words of a patient mean. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/reply.h"

#include <string.h>

#include "nudge/policy.h"
#include "nudge/seal.h"
#include "policy/reply_cut.h"
#include "policy/reply_words.h"

#define TEMPLATE_WORDS 10 /* in a longer text "reply STOP to opt out" is ours, sent back */

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
phrase_at(const struct reply_text *t, size_t at, const char *phrase)
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
find_at(const struct reply_text *t, size_t at, const struct phrase *list)
{
	for (; list->words; list++)
		if (phrase_at(t, at, list->words) > 0)
			return list;
	return NULL;
}

static bool
negated(const struct reply_text *t, size_t at)
{
	return at > 0 && is_in(t->said[at - 1].word, negations);
}

/* Anywhere, but not behind a "not" when that turns it round. */
static const struct phrase *
find_anywhere(const struct reply_text *t, const struct phrase *list, bool unless_negated)
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
find_alone(const struct reply_text *t, const struct phrase *list, const char *const *more, int *code)
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
first_word(const struct reply_text *t)
{
	size_t at = 0;

	while (at < t->n && says_nothing(t->said[at].word, NULL))
		at++;
	return at;
}

/* "Reply STOP to opt out" in a long text is a text of ours that was sent back. */
static void
drop_template(struct reply_text *t)
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
stop_somewhere(const struct reply_text *t)
{
	bool others_small = false;

	for (size_t i = 0; i < t->n; i++)
		others_small = others_small || !t->said[i].capitals;
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
find_stop(const struct reply_text *t, bool *cancel)
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
find_cancel(const struct reply_text *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (is_in(t->said[i].word, questions))
			return NULL;
	return find_anywhere(t, cancel_words, true);
}

static bool
confirm_or_decline(const struct reply_text *t, struct reply_said *out)
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
keyword_of(const struct reply_text *t)
{
	static const char *const known[] = { "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "START",
		"UNSTOP", "HELP", "INFO", NULL };

	for (const char *const *k = known; t->n == 1 && *k; k++)
		if (strcasecmp(*k, t->said[0].word) == 0)
			return *k;
	return "";
}

void
reply_read(struct span text, struct reply_said *out)
{
	const struct phrase *p;
	struct reply_text t;
	bool cancel;

	*out = (struct reply_said){ .what = REPLY_NOTHING, .keyword = "", .language = "" };
	reply_cut(text, &t);
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
		out->keyword = keyword_of(&t);
	}
	seal_wipe(&t, sizeof t);
}

bool
policy_answered_before(const struct conf_number *n, const char *keyword)
{
	static const char *const network[] = { "STOP", "START", "UNSTOP", NULL };
	static const char *const gateway[] = { "STOP", "START", "UNSTOP", "HELP", NULL };
	const char *const *list = n->keyword_answers == KEYWORDS_GATEWAY ? gateway : network;

	if (n->keyword_answers == KEYWORDS_NONE || (n->keyword_answers == KEYWORDS_AUTO && n->type != NUMBER_TOLL_FREE))
		return false;
	return is_in(keyword, list);
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
	[REPLY_NUMBER_REFUSED] = { "number-refused", "the gateway or a carrier called the number wrong: it is not texted" },
	[REPLY_NUMBER_RELEASED] = { "number-released", "the number may be texted again" },
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
