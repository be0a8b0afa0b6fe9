/* filters.c - the words that rows of a report are chosen by: one that is not known would choose nothing, and look like "nothing was sent". */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <strings.h>

#include "control/views.h"

#define WORDS_MAX 32

struct known {
	const char *word[WORDS_MAX];
	size_t n;
};

static void
add(struct known *k, const char *word)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcasecmp(k->word[i], word) == 0)
			return;
	if (k->n < WORDS_MAX)
		k->word[k->n++] = word;
}

static bool
is_one_of(const struct known *k, const char *option, const char *word, struct fault *f)
{
	struct buf list;

	for (size_t i = 0; i < k->n; i++)
		if (strcasecmp(k->word[i], word) == 0)
			return true;
	buf_init(&list, 1024);
	for (size_t i = 0; i < k->n; i++)
		(void)buf_addf(&list, "%s%s", i > 0 ? ", " : "", k->word[i]);
	(void)fault_set(f, FAULT_OPERATOR, "%s: there is no \"%.40s\"; there are %s", option, word, buf_text(&list));
	buf_clear(&list);
	return false;
}

static void
types_of(const char *of, struct known *k)
{
	if (strcmp(of, "replies") == 0) {
		add(k, "all");
		for (int r = REPLY_STOP; r < REPLIES; r++)
			add(k, reply_name((enum reply)r));
		return;
	}
	add(k, "confirmation");
	add(k, "reminder");
	add(k, "response");
	for (int t = TEXT_BOOKED; t < TEXT_KINDS; t++)
		add(k, text_kind_name((enum text_kind)t));
}

static void
statuses_of(const char *of, struct known *k)
{
	const char *word;

	if (strcmp(of, "replies") == 0) {
		add(k, "open");
		return;
	}
	for (size_t i = 0; (word = views_status_word_at(i)); i++)
		add(k, word);
	for (int t = TEXT_PENDING; t < TEXT_STATES; t++)
		add(k, text_state_name((enum text_state)t));
}

bool
views_filter_ok(const char *of, const struct report_filter *x, struct fault *f)
{
	struct known types = { .n = 0 }, statuses = { .n = 0 };

	types_of(of, &types);
	statuses_of(of, &statuses);
	return (!x->type[0] || is_one_of(&types, "--type", x->type, f)) &&
	    (!x->status[0] || is_one_of(&statuses, "--status", x->status, f));
}
