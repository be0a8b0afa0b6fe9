/* nudge/phone.h - telephone numbers: E.164, what may be texted, which one of many.
 *
 * Pure, no locks. Country rules are tables in src/phone/. Never put a number
 * in a log or an error: the results here are words.
 */
#ifndef NUDGE_PHONE_H
#define NUDGE_PHONE_H

#include "nudge/span.h"

#define PHONE_MAX 17 /* '+', 15 digits, terminator */

enum phone_result {
	PHONE_OK,
	PHONE_EMPTY,         /* no digits */
	PHONE_EXTENSION,     /* has an extension: not textable */
	PHONE_SHORT, PHONE_LONG,
	PHONE_NOT_ASSIGNABLE, /* no such area or exchange: N11, leading 0 or 1 */
	PHONE_BAD_CHARACTER, /* letters where digits belong */
	PHONE_UNKNOWN_COUNTRY
};

enum phone_type {
	PHONE_MAYBE_MOBILE, /* the plan does not tell mobile from landline (US, CA) */
	PHONE_MOBILE, PHONE_LANDLINE, PHONE_TOLL_FREE, PHONE_PREMIUM
};

/* Normalises `text`; a national number is read by the plan of `country` (ISO
 * 3166 alpha-2, upper case). Accepts +, 00 and (US, CA) 011 prefixes, blanks,
 * dots, dashes, slashes, brackets, a national 0 in brackets. `out` is written
 * on PHONE_OK only. */
enum phone_result phone_e164(struct span text, const char *country, char out[PHONE_MAX]);
const char *phone_result_text(enum phone_result r); /* One plain sentence. Literal. */

/* Country (alpha-2) and type of an E.164 number; country "" when its plan is
 * not in our tables (US and CA are told apart by area code). */
enum phone_type phone_type_of(const char *e164, char country[3]);
/* true: an E.164 number of exchange 555, lines 0100 to 0199, under +1: kept for fiction and tests, nothing rings there
 * (NANPA, 555 line number assignments). Pure. */
bool phone_is_fiction(const char *e164);
const char *phone_type_text(enum phone_type t); /* "toll-free". Literal. */

/* The n-th of many numbers that have just this country and type, different for each n as far as the plan goes. They
 * may be somebody's: never to be texted. false: the plan has no such type. Country "": a number of no plan. Pure. */
bool phone_example(const char *country, enum phone_type type, unsigned n, char out[PHONE_MAX]) __attribute__((warn_unused_result));

/* true: some rules exist for this country. Pure. */
bool phone_country_known(const char *country);

/* One repetition of an XTN field, already unescaped; all borrowed. */
struct phone_candidate {
	struct span text;      /* XTN.1, also the number of a bare TN field */
	struct span use;       /* XTN.2, table 0201, or a display word */
	struct span equipment; /* XTN.3, table 0202 */
	struct span address;   /* XTN.4 */
	struct span country, area, local, extension; /* XTN.5 .. 8 */
	struct span any;       /* XTN.9 */
	struct span unformatted; /* XTN.12 */
	bool ended;            /* XTN.14 is past or XTN.15 is valued */
	int preference;        /* XTN.18, 1 = most wanted; 0: not said */
};

struct phone_choice {
	int index;              /* of the candidate chosen; -1: none */
	int score;              /* 0: type unknown */
	enum phone_result why;  /* of the best candidate that failed, when none was chosen */
	char e164[PHONE_MAX];   /* "" when none */
};

/* Scores every candidate as the field is filled in practice (CP, "mobile",
 * "cell" win; FX, pagers, TTY, e-mail are out; work numbers lose; preference
 * breaks ties, then order) and normalises the best that can be. A candidate
 * whose type is unknown is taken only when `take_unknown`. */
struct phone_choice phone_choose(const struct phone_candidate *c, size_t n, const char *country,
    bool take_unknown);

#endif
