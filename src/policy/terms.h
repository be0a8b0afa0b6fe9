/* policy/terms.h - the table of terms: of what kind each is, and what a change of it does. */
#ifndef POLICY_TERMS_H
#define POLICY_TERMS_H

#include "nudge/terms.h"

enum term_kind {
	TERM_TEXT, TERM_LIST, TERM_PATTERNS, TERM_BOOL, TERM_WORD, TERM_NUMBER, TERM_DURATION, TERM_WINDOW,
	TERM_REMINDERS,
	TERM_ENVIRONMENT, TERM_KIND, TERM_SENDER, TERM_SENDER_BLOCK, TERM_TEXTS, TERM_PROFILE_FILE /* not of the site itself */
};

enum term_rule {
	RULE_WAITS,      /* any change */
	RULE_LOWER,      /* a lower value narrows */
	RULE_HIGHER,     /* a higher value narrows */
	RULE_ADD,        /* each entry narrows: additions at once */
	RULE_ALLOW,      /* each entry widens: removals at once; never empty */
	RULE_ALLOW_ANY,  /* the same, and empty is everything */
	RULE_ONE_OF_ANY, /* from empty to a value narrows */
	RULE_EMPTY,      /* none at all narrows */
	RULE_INSIDE,     /* hours within the hours before narrow */
	RULE_REMINDERS,  /* fewer narrow */
	RULE_UNKNOWN,    /* drop, hold, resend: from less to more */
	RULE_BESIDE      /* says more about the term before it; never a change itself */
};

struct term_row {
	const char *name;
	enum term_kind kind;
	enum term_rule rule;
	size_t offset;      /* in struct conf_site */
	const char *words;  /* TERM_BOOL, TERM_WORD: by value, lowest first */
};

extern const struct term_row term_rows[]; /* ended by a NULL name */

/* Where a value stands among those of its term; INT64_MIN when it is none. */
int64_t term_rank(const struct term_row *r, const char *value);

/* "TITLE: BEFORE": all but title and place, and how long the title is. false: it is not in that form. */
bool term_reminder(const char *value, struct conf_reminder *out, size_t *title_n);

#endif
