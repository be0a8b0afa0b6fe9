/* choose.c - which of a patient's numbers is the mobile, by what feeds really hold. */
// SPDX-License-Identifier: Apache-2.0
#include "plans.h"

#include <assert.h>
#include <string.h>

#define DIGITS_WHOLE 7 /* fewer are a part of a number */

enum {
	SCORE_MOBILE = 8,
	SCORE_PERSONAL = 3,
	SCORE_WORK = -4
};

#define WORD_MAX 8

/* Tables 0201 and 0202, and what is written in their place: upper case, filled up with zeros. */
static const char equipment_plain[][WORD_MAX] = { "PH" }; /* as most are: neither of those below */
static const char equipment_mobile[][WORD_MAX] = { "CP", "CELL", "MOB", "M", "MOBILE" };
static const char equipment_out[][WORD_MAX] = { "FX", "BP", "MD", "TTY", "TDD", "NET", "INTERNET", "X.400" };
static const char use_out[][WORD_MAX] = { "NET", "BPN" }; /* e-mail, beeper */
static const char use_personal[][WORD_MAX] = { "PRS" }, use_work[][WORD_MAX] = { "WPN" }, yes[][WORD_MAX] = { "Y" };

struct rated {
	int index;
	int score;
	int preference;     /* 1 = most wanted; not said counts as the least */
	bool plan_mobile;   /* the numbering plan itself says mobile */
	enum phone_result result;
	char e164[PHONE_MAX];
};

/* As a number, as words are compared. */
static inline uint64_t
number_of_word(const char word[WORD_MAX])
{
	const unsigned char *c = (const unsigned char *)word;

	return (uint64_t)c[0] | (uint64_t)c[1] << 8 | (uint64_t)c[2] << 16 | (uint64_t)c[3] << 24 | (uint64_t)c[4] << 32 |
	    (uint64_t)c[5] << 40 | (uint64_t)c[6] << 48 | (uint64_t)c[7] << 56;
}

/* 0 when there is none, or a longer one than any of ours. */
static uint64_t
word_of(struct span said)
{
	uint64_t word = 0;

	said = span_trim(said);
	if (said.n > WORD_MAX)
		return 0;
	for (size_t i = said.n; i-- > 0;)
		word = word << 8 | (unsigned char)span_upper(said.p[i]);
	return word;
}

static bool
is_one_of(uint64_t word, const char list[][WORD_MAX], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (word == number_of_word(list[i]))
			return true;
	return false;
}
#define IS_ONE_OF(word, list) is_one_of(word, list, sizeof(list) / sizeof(list)[0])

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* At the beginning of a word only: "canceled" has a "cel" too, "automobile" all of it. */
static bool
has_word(struct span text, const char *word)
{
	for (long at; (at = span_find_nocase(text, word)) >= 0;) {
		if (at == 0 || !is_letter(text.p[at - 1]))
			return true;
		text.p += at + 1;
		text.n -= (size_t)at + 1;
	}
	return false;
}

static bool
says_mobile(struct span text)
{
	return text.n >= 4 && (has_word(text, "mobile") || has_word(text, "cell"));
}

static int
score_of(const struct phone_candidate *c, bool mobile, uint64_t use)
{
	int score = mobile ? SCORE_MOBILE : 0;

	if (says_mobile(c->use) || says_mobile(c->address) || says_mobile(c->any))
		score += SCORE_MOBILE;
	if (IS_ONE_OF(use, use_personal))
		score += SCORE_PERSONAL;
	if (IS_ONE_OF(use, use_work) && !mobile)
		score += SCORE_WORK;
	return score;
}

/* At least `wanted`. */
static bool
has_digits(struct span s, size_t wanted)
{
	for (size_t i = 0; i < s.n && wanted > 0; i++)
		wanted -= s.p[i] >= '0' && s.p[i] <= '9';
	return wanted == 0;
}

/* Cuts the tail of "[X99999][B99999][C any text]" of a TN. A comment is only cut;
 * behind an extension or a beeper nobody reads. */
static struct span
cut_tail(struct span text, bool *extension)
{
	for (size_t i = 1; i < text.n; i++) {
		char before = text.p[i - 1], c = text.p[i];
		struct span tail = { text.p + i, text.n - i };

		if (c == '\0' || !strchr("XxBbCc", c))
			continue;
		if (!(before == ' ' || before == '\t' || (before >= '0' && before <= '9')))
			continue;
		*extension = !strchr("Cc", c) && has_digits(tail, 1);
		text.n = i;
		break;
	}
	return text;
}

/* Country, area and local number as one text in room[cap]. */
static struct span
join_parts(const struct phone_candidate *c, char *room, size_t cap)
{
	struct span country = span_trim(c->country);
	size_t n = 0;

	if (!has_digits(c->local, 1))
		return SPAN_NONE;
	while (country.n > 0 && (country.p[0] == '0' || country.p[0] == '+')) {
		country.p++;
		country.n--;
	}
	if (has_digits(country, 1)) { /* "0" is none: a + before the area were another country's */
		room[n++] = '+';
		n += span_copy(room + n, cap - n, country);
	}
	n += span_copy(room + n, cap - n, c->area);
	n += span_copy(room + n, cap - n, c->local);
	return span_from(room, n);
}

/* The first place that has a whole number, else the first that has any digit. */
static struct span
number_of(const struct phone_candidate *c, char *room, size_t cap, bool *extension)
{
	bool address_is_mail = c->address.n > 0 && memchr(c->address.p, '@', c->address.n);
	bool text_extension = false;
	const struct span place[] = {
		cut_tail(span_trim(c->text), &text_extension), join_parts(c, room, cap), c->unformatted,
		address_is_mail ? SPAN_NONE : c->address,
	};
	struct span part = SPAN_NONE;

	*extension = has_digits(c->extension, 1);
	for (size_t i = 0; i < sizeof place / sizeof place[0]; i++) {
		if (has_digits(place[i], DIGITS_WHOLE)) {
			*extension = *extension || (i == 0 && text_extension);
			return place[i];
		}
		if (part.n == 0 && has_digits(place[i], 1))
			part = place[i];
	}
	return part;
}

/* What the field says of the number, before anybody looks at the number itself. false: it is none to text. */
static bool
rate(const struct phone_candidate *c, size_t index, struct rated *r)
{
	uint64_t equipment = word_of(c->equipment), use = word_of(c->use);
	bool plain = IS_ONE_OF(equipment, equipment_plain), mobile = !plain && IS_ONE_OF(equipment, equipment_mobile);

	if (c->ended || (!plain && !mobile && IS_ONE_OF(equipment, equipment_out)) || IS_ONE_OF(use, use_out))
		return false;
	mobile = mobile || says_mobile(c->equipment);
	*r = (struct rated){ .index = (int)index, .score = score_of(c, mobile, use), .preference = c->preference };
	if (r->preference <= 0)
		r->preference = c->any.n > 0 && IS_ONE_OF(word_of(c->any), yes) ? 1 : INT32_MAX;
	return true;
}

static void
read_number(const struct phone_candidate *c, const char *country, struct rated *r)
{
	char room[64];
	bool extension;
	struct span number = number_of(c, room, sizeof room, &extension);
	enum phone_type type = PHONE_MAYBE_MOBILE;

	r->result = extension && number.n > 0 ? PHONE_EXTENSION : phone_read(number, country, r->e164, &type);
	r->plan_mobile = r->result == PHONE_OK && type == PHONE_MOBILE;
}

/* By what the field says: <0, 0, >0, the more wanted the greater. */
static int
compare(const struct rated *a, const struct rated *b)
{
	if (a->score != b->score)
		return a->score > b->score ? 1 : -1;
	return a->preference < b->preference ? 1 : a->preference > b->preference ? -1 : 0;
}

static bool
is_better(const struct rated *a, const struct rated *b)
{
	int by_field = b->index < 0 ? 1 : compare(a, b);

	return by_field != 0 ? by_field > 0 : a->plan_mobile && !b->plan_mobile;
}

struct standing {
	struct rated best, failed; /* index -1: none yet */
};

/* The number itself decides whether it is taken. */
static void
weigh(const struct phone_candidate *c, struct rated *r, const char *country, bool take_unknown, struct standing *s)
{
	struct rated *rival = &s->failed;

	read_number(c, country, r);
	if (r->result == PHONE_OK && (r->score > 0 || r->plan_mobile || take_unknown))
		rival = &s->best;
	if (is_better(r, rival))
		*rival = *r;
}

struct phone_choice
phone_choose(const struct phone_candidate *c, size_t n, const char *country, bool take_unknown)
{
	struct standing s = { .best = { .index = -1 }, .failed = { .index = -1, .result = PHONE_EMPTY } };
	struct phone_choice out = { .index = -1 };
	struct rated top = { .index = -1 };
	bool has_equal = false;

	assert(n == 0 || c);
	for (size_t i = 0; i < n; i++) {
		struct rated r;
		int order;

		if (!rate(&c[i], i, &r))
			continue;
		order = top.index < 0 ? 1 : compare(&r, &top);
		has_equal = order == 0 || (order < 0 && has_equal);
		if (order > 0)
			top = r;
	}
	if (top.index >= 0)
		weigh(&c[top.index], &top, country, take_unknown, &s);
	/* The others' numbers are read only where one of them may yet be the better. */
	for (size_t i = 0; i < n && (s.best.index != top.index || has_equal); i++) {
		struct rated r;

		if ((int)i == top.index || !rate(&c[i], i, &r))
			continue;
		if (s.best.index < 0 || compare(&r, &s.best) >= 0)
			weigh(&c[i], &r, country, take_unknown, &s);
	}
	out.why = s.best.index >= 0 ? PHONE_OK : s.failed.result;
	out.index = s.best.index;
	out.score = s.best.score;
	memcpy(out.e164, s.best.e164, sizeof out.e164);
	return out;
}
