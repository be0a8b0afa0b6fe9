/* reply_words.h - the words that patients use, and how much of a text they must be. */
#ifndef POLICY_REPLY_WORDS_H
#define POLICY_REPLY_WORDS_H

#include "nudge/reply.h"

/* Lower case, without accents and apostrophes, words apart by one blank. */
struct phrase {
	const char *words;
	char language[3]; /* "": several */
};

/* Each list ends with words NULL. */
extern const struct phrase wrong_number[];  /* anywhere */
extern const struct phrase stop_anywhere[]; /* unless negated */
extern const struct phrase stop_first[];    /* at the beginning, whatever follows */
extern const struct phrase stop_alone[];    /* with nothing but courtesies */
extern const struct phrase cancel_words[];  /* one word: alone or first they opt out; later, or with a visit, they decline */
extern const struct phrase visit_words[];
extern const struct phrase start_alone[];
extern const struct phrase help_alone[];
extern const struct phrase confirm_alone[];
extern const struct phrase yes_alone[];
extern const struct phrase decline_alone[];
extern const struct phrase decline_anywhere[];

extern const char *const courtesies[];      /* say nothing */
extern const char *const start_courtesies[], *const confirm_courtesies[]; /* nor do these beside START, beside a confirmation */
extern const char *const negations[];       /* before a word of stopping or canceling */
extern const char *const questions[];       /* beside CANCEL: asks, does not want */
extern const char *const other_stops[];     /* behind STOP: "stop by" */
extern const char *const bus_stops[];       /* before STOP: "the bus stop" */

#endif
