/* words.h - a compiled template and the parts that its makers share. */
#ifndef POLICY_WORDS_H
#define POLICY_WORDS_H

#include "nudge/sms.h"

#define PARTS_MAX 64
#define WORDS_MAX_BYTES (SMS_CHARS_MAX * (size_t)3) /* a UTF-16 unit is three bytes of UTF-8 at most */
#define DATE_MAX_BYTES 256

enum variable {
	VARIABLE_ORGANIZATION, VARIABLE_SITE, VARIABLE_CONTACT, VARIABLE_START_DATE, VARIABLE_START_TIME,
	VARIABLE_OTHER_TIMES, VARIABLE_LINK, VARIABLE_DEVICE_TEST_LINK, VARIABLES
};

enum part_kind { PART_WORDS, PART_VALUE, PART_OPEN, PART_CLOSE };

struct part {
	enum part_kind kind;
	enum variable variable; /* PART_VALUE */
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
	struct dates *dates;
	struct words kind[TEXT_KINDS];
};

/* `*out` is owned: dates_close(). */
bool dates_open(const char *language, struct dates **out, struct fault *f)
    __attribute__((warn_unused_result));
void dates_close(struct dates *d); /* NULL is fine. */

/* UTF-8 of the day, or the time of day, of c into out[DATE_MAX_BYTES]; "" when
 * ICU fails. Works on a copy of its own: any thread. */
struct span dates_day(const struct dates *d, const struct civil *c, char out[DATE_MAX_BYTES]);
struct span dates_time(const struct dates *d, const struct civil *c, char out[DATE_MAX_BYTES]);

/* false: the text (a template without its values) would make patients send a word
 * that opts them out, or has a public link shortener; *f says which. Pure. */
bool lint_text(struct span text, struct fault *f) __attribute__((warn_unused_result));

/* UTF-16 units of UTF-8 text, bad bytes as U+FFFD. Pure. */
size_t utf16_units(struct span text);

#endif
