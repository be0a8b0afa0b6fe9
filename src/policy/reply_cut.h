/* reply_cut.h - a patient's text as words. */
#ifndef POLICY_REPLY_CUT_H
#define POLICY_REPLY_CUT_H

#include "nudge/span.h"

#define SAID_MAX 60 /* words that are looked at */
#define WORD_MAX 20 /* longer ones are none of ours */

struct said {
	char word[WORD_MAX];   /* folded: lower case, no accents; "*" when it is too long */
	bool capitals, number;
};

struct reply_text {
	struct said said[SAID_MAX];
	size_t n;
	bool quoted;           /* somebody else's words were left out */
	bool thumb_up;
};

/* Pure. */
void reply_cut(struct span s, struct reply_text *t);

#endif
