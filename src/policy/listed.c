/* listed.c - looks in a text for the words of a list. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <string.h>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define TEXT_MAX (4 * WORDS_MAX_BYTES)

/* " words in lower case without accents ", a blank around each. */
static void
fold(struct span text, struct buf *out)
{
	(void)buf_add_char(out, ' ');
	for (size_t at = 0; at < text.n;) {
		UChar32 c;

		U8_NEXT_OR_FFFD((const uint8_t *)text.p, at, text.n, c);
		if (u_isalnum(c))
			(void)buf_add_char(out, lint_fold(c));
		else if (out->n > 0 && out->p[out->n - 1] != ' ')
			(void)buf_add_char(out, ' ');
	}
	(void)buf_add_char(out, ' ');
}

static bool
has(struct span folded, struct span phrase)
{
	bool open_end = phrase.p[phrase.n - 1] == '*';
	size_t n = open_end ? phrase.n - 1 : phrase.n;

	for (size_t i = 0; i + 1 + n < folded.n; i++)
		if (folded.p[i] == ' ' && memcmp(folded.p + i + 1, phrase.p, n) == 0 &&
		    (open_end || folded.p[i + 1 + n] == ' '))
			return true;
	return false;
}

struct span
lint_listed(struct span text, struct span list)
{
	struct span found = SPAN_NONE;
	struct buf folded;

	buf_init(&folded, TEXT_MAX);
	fold(text, &folded);
	while (list.n > 0 && found.n == 0) {
		struct span line = span_trim(span_cut(list, '\n', &list));

		if (line.n > 0 && line.p[0] != '#' && has(buf_span(&folded), line))
			found = line;
	}
	buf_clear(&folded);
	return found;
}
