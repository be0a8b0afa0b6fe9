/* nudge/reply.h - what a text from a patient's phone means.
 *
 * English, Spanish and French are read whatever the patient's own language is,
 * in any case, with or without accents, with courtesies around them. Opting out
 * wins over all else, because a text too many is worse than one too few: it
 * counts anywhere in the text (47 CFR 64.1200(a)(10), "any reasonable means");
 * opting in, confirming and declining count only when nothing else is said.
 * What is quoted (a phone's "Liked ...") is not the patient's word.
 * Pure; any thread; keeps nothing of the text.
 */
#ifndef NUDGE_REPLY_H
#define NUDGE_REPLY_H

#include "nudge/span.h"

enum reply { /* the numbers are stored: append only */
	REPLY_NOTHING,      /* empty, or a phone's reaction to a text of ours: no answer */
	REPLY_STOP,         /* no more texts */
	REPLY_START,        /* texts again */
	REPLY_HELP,
	REPLY_CONFIRM,      /* C, 1, yes */
	REPLY_DECLINE,      /* N, 9, no; wants the visit canceled or moved */
	REPLY_WRONG_NUMBER, /* not the patient's phone */
	REPLY_UNKNOWN,      /* for a person to read, and nobody does */
	/* What is no reply but stands in the same list, of visits that a person must look at: */
	REPLY_NUMBER_REFUSED,  /* a gateway or carrier called the number wrong */
	REPLY_NUMBER_RELEASED, /* and it may be texted again */
	REPLIES
};
const char *reply_name(enum reply r);     /* "wrong-number". Literal. */
const char *reply_sentence(enum reply r); /* what the patient said, or became of the number, for people. Literal. */

struct reply_said {
	enum reply what;
	int code;             /* CONFIRM, DECLINE: of which visit, "C2"; 0: not said */
	bool names_visit;     /* STOP, DECLINE: by CANCEL or with the visit's name: may believe that the visit is canceled */
	const char *keyword;  /* the word itself when nothing but it was sent, in capitals: "STOP"; else "". Carriers answer only these. */
	const char *language; /* "en", "es", "fr" by its words; "" when they do not tell */
};

/* UTF-8; other bytes count as signs. What is beyond 60 words is not looked at. */
void reply_read(struct span text, struct reply_said *out);

#endif
