/* places.c - from country, state and postal code to time zones. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/places.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "policy/places_table.h"

#define POST_MAX 16

/* Equal but for the case of ASCII letters needs this: most rows of a table end here. */
static bool
may_be(struct span said, const char *word)
{
	return said.n > 0 && ((said.p[0] ^ word[0]) & ~0x20) == 0;
}

static bool
is(struct span said, const char *word)
{
	return may_be(said, word) && span_is_nocase(said, word);
}

/* The country's code; NULL when it is not one of ours. */
static const char *
country_of(struct span said, const char *home)
{
	if (said.n == 0)
		said = span_of(home);
	for (const struct place_country *c = place_countries; c->code; c++)
		if (is(said, c->name))
			return c->code;
	return NULL;
}

#define LETTERS 26
#define POSTS_BY 128 /* ASCII */

/* Where to look in the tables: they have a row for each state, and a hundred for posts. */
static struct {
	const struct place_state *state[LETTERS][LETTERS];     /* the first of this code; NULL when there is none */
	const struct place_post *post[POSTS_BY], *end[POSTS_BY]; /* those that may begin with this character are from here up to there */
} starts;

static void
find_starts(void)
{
	const struct place_state *s = place_states;

	while (s->country)
		s++;
	while (s > place_states) { /* backwards, so that the first stays */
		s--;
		starts.state[s->code[0] - 'A'][s->code[1] - 'A'] = s;
	}
	for (const struct place_post *p = place_posts; p->country; p++)
		for (unsigned c = (unsigned char)p->from[0]; c <= (unsigned char)p->to[0]; c++) {
			if (!starts.post[c])
				starts.post[c] = p;
			starts.end[c] = p + 1;
		}
}

static bool
is_letter(char c)
{
	return c >= 'A' && c <= 'Z';
}

static const struct place_state *
state_of_code(const char *country, char first, char second)
{
	const struct place_state *s = is_letter(first) && is_letter(second) ? starts.state[first - 'A'][second - 'A'] : NULL;

	for (; s && s->country; s++)
		if (s->code[0] == first && s->code[1] == second && (!country || strcmp(s->country, country) == 0))
			return s;
	return NULL;
}

static const struct place_state *
state_of(const char *country, struct span said)
{
	if (said.n == 2)
		return state_of_code(country, span_upper(said.p[0]), span_upper(said.p[1]));
	for (const struct place_state *s = place_states; said.n > 2 && s->country; s++)
		if (is(said, s->name) && (!country || strcmp(s->country, country) == 0))
			return s;
	return NULL;
}

/* Letters and digits only, capitals. */
static size_t
plain_post(struct span said, char out[POST_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < said.n && n < POST_MAX - 1; i++) {
		char c = span_upper(said.p[i]);

		if (is_letter(c) || (c >= '0' && c <= '9'))
			out[n++] = c;
	}
	out[n] = '\0';
	return n;
}

/* As far as `end` goes: <0, 0, >0. */
static int
compare(const char *post, const char *end)
{
	while (*end && *post == *end) {
		post++;
		end++;
	}
	return *end ? *post - *end : 0;
}

static const char *
post_zones(const char *country, struct span said)
{
	char post[POST_MAX];
	size_t n = plain_post(said, post), best = 0;
	const unsigned char first = (unsigned char)post[0];
	const char *zones = NULL;

	for (const struct place_post *p = starts.post[first]; p && p < starts.end[first]; p++) {
		size_t length;

		if (compare(post, p->from) < 0 || compare(post, p->to) > 0)
			continue;
		length = strlen(p->from);
		if (length <= n && length > best && strcmp(p->country, country) == 0) {
			best = length;
			zones = p->zones;
		}
	}
	return zones;
}

static bool
has_zone(struct span list, struct span zone)
{
	while (list.n > 0)
		if (span_eq(span_cut(list, ' ', &list), zone))
			return true;
	return false;
}

static bool
all_in(const char *some, const char *all)
{
	struct span rest = span_of(some);

	while (rest.n > 0)
		if (!has_zone(span_of(all), span_cut(rest, ' ', &rest)))
			return false;
	return true;
}

static size_t
add_zones(char out[PLACES_ZONES_MAX], size_t n, const char *zones)
{
	struct span rest = span_of(zones);

	if (n == 0) { /* as they stand: each is there once */
		assert(rest.n < PLACES_ZONES_MAX);
		return span_copy(out, PLACES_ZONES_MAX, rest);
	}
	while (rest.n > 0) {
		struct span zone = span_cut(rest, ' ', &rest);

		if (has_zone(span_from(out, n), zone) || n + 1 + zone.n >= PLACES_ZONES_MAX)
			continue;
		out[n++] = ' ';
		n += span_copy(out + n, PLACES_ZONES_MAX - n, zone);
	}
	return n;
}

size_t
places_zones(struct span said, const char *home, struct span state, struct span post, char out[PLACES_ZONES_MAX])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *country = country_of(said, home), *by_post;
	const struct place_state *s = NULL;
	size_t n = 0;

	out[0] = '\0';
	if (!country)
		return 0;
	(void)pthread_once(&once, find_starts);
	if (state.n > 0)
		s = state_of(country, state);
	if (state.n > 0 && !s && said.n == 0) { /* a neighbour's, whose country is not said */
		s = state_of(NULL, state);
		country = s ? s->country : country;
	}
	by_post = post_zones(country, post);
	if (by_post && (!s || all_in(by_post, s->zones)))
		return add_zones(out, 0, by_post);
	if (s)
		n = add_zones(out, n, s->zones);
	return by_post ? add_zones(out, n, by_post) : n;
}
