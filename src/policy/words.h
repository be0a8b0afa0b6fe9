/* words.h - a compiled template and the parts that its makers share. */
#ifndef POLICY_WORDS_H
#define POLICY_WORDS_H

#include "nudge/sms.h"

#define PARTS_MAX 64
#define WORDS_MAX_BYTES (SMS_CHARS_MAX * (size_t)3) /* a UTF-16 unit is three bytes of UTF-8 at most */
#define DATE_MAX_BYTES 256

enum variable {
	VARIABLE_ORGANIZATION, VARIABLE_SITE, VARIABLE_CONTACT, VARIABLE_START_DATE, VARIABLE_START_TIME,
	VARIABLE_OTHER_TIMES, VARIABLE_LINK, VARIABLE_DEVICE_TEST_LINK, VARIABLE_CHOICES, VARIABLE_EMERGENCY, VARIABLES
};

const char *variable_name(enum variable v); /* "start_date". Literal. */

enum part_kind { PART_WORDS, PART_VALUE, PART_OPEN, PART_CLOSE, PART_IF };

struct part {
	enum part_kind kind;
	enum variable variable; /* PART_VALUE */
	enum modality modality; /* PART_IF: what the visit must be for the part in [[ ]] to be said */
	size_t at, n;           /* PART_WORDS: bytes of words.text; PART_OPEN: at = the part that closes it */
};

struct words { /* one text */
	struct buf text;
	struct part part[PARTS_MAX];
	size_t parts_n;
	int line;      /* of its [title]; 0: the file has none */
};

/* How a language writes dates and times. Opaque outside dates.c. */
struct dates;

struct sms_templates {
	char language[64];
	int64_t version; /* 48 bits of the file's digest */
	struct dates *dates;
	struct words kind[TEXT_KINDS];
};

/* `*out` is owned: dates_close(). */
bool dates_open(const char *language, struct dates **out, struct fault *f)
    __attribute__((warn_unused_result));
void dates_close(struct dates *d); /* NULL is fine. */

/* UTF-8 of the day, or the time of day, of c into out[DATE_MAX_BYTES]; "" when
 * ICU fails. What was written lately is remembered with d, under a flag that
 * nobody waits for; the rest is written by a copy of its own: any thread. */
struct span dates_day(const struct dates *d, const struct civil *c, char out[DATE_MAX_BYTES]);
struct span dates_time(const struct dates *d, const struct civil *c, char out[DATE_MAX_BYTES]);

/* How the language calls the zone at that instant, in ASCII: "CST"; "UTC-6" where
 * it has no short name. */
struct span dates_zone(const struct dates *d, const struct zone *z, int64_t at_s, char out[DATE_MAX_BYTES]);

/* false: the text (a template without its values) would make patients send a word
 * that opts them out, or has a public link shortener; *f says which. Pure. */
bool lint_text(struct span text, struct fault *f) __attribute__((warn_unused_result));

const char *lint_shortener(struct span text); /* The public shortener that is in it; NULL when none is. Literal. Pure. */
char lint_fold(int32_t c); /* A letter in lower case without its accent; '?' for those beyond Latin-1. Pure. */

/* The first word or phrase of `list` (a line each, '#' before a comment, '*' for
 * any ending) that the text has, borrowed from the list; empty when it has none. Pure. */
struct span lint_listed(struct span text, struct span list);

/* Where a stretch of a text comes from. */
enum origin {
	ORIGIN_WORDS, /* template, dates: may lose accents */
	ORIGIN_NAME,  /* somebody's name: keeps them unless set */
	ORIGIN_LINK   /* stays as it is */
};
struct stretch {
	size_t from, to;
	enum origin origin;
};

/* Puts every character that is not in the SMS alphabet in words of it, in place;
 * when one cannot be, or that would not save a segment, the text stays as it is.
 * out: room for *n bytes, for work. The character that stands in the way; 0:
 * none does. Pure. */
uint32_t plain_make(char *text, size_t *n, const struct stretch *s, size_t s_n, bool plain_names, char *out);

/* UTF-16 units of UTF-8 text, bad bytes as U+FFFD. Pure. */
size_t utf16_units(struct span text);

#endif
