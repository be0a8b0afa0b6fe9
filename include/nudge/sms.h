/* nudge/sms.h - the words of a text: templates, dates in the patient's
 * language, alphabets and segments.
 *
 * A template file holds one text per kind:
 *     [booked]
 *     {organization}: your visit is booked for {start_date} at {start_time}. ...
 * Lines of a section are joined by a blank; "\n" in them is a line feed; lines
 * that begin with '#' are comments. A part in [[ ... ]] is left out when a
 * variable in it is empty, with one of the blanks beside it. {if video}, {if phone}
 * or {if office} in such a part leaves it out of texts of other visits. Variables:
 * organization, site, contact, start_date, start_time, other_times, link,
 * device_test_link, choices, emergency. Responses ([stopped] and what follows
 * it) may be missing: sms_templates_complete() takes them from other templates.
 * Everything is checked at load; rendering cannot meet an unknown variable.
 * Values are inserted as they are, less control characters; bytes that are no
 * UTF-8 become U+FFFD, so a text is always UTF-8.
 * One character outside of the SMS alphabet halves the room of a text. Where it
 * saves a segment such characters are put in others (quotes, dashes, blanks; the
 * letters of words without their accents): all of a text's, or none; a name keeps
 * its letters, a link is never touched, and nothing becomes "?".
 * Pure but for loading (ICU date patterns). Threads: a loaded set is read-only to
 * those outside, any thread may render with it, and none waits for another: a day
 * or time that was written lately is remembered, and who comes while another is at
 * it works on a copy of ICU's format, about 10 microseconds.
 */
#ifndef NUDGE_SMS_H
#define NUDGE_SMS_H

#include "nudge/buf.h"
#include "nudge/civil.h"
#include "nudge/fault.h"

enum text_kind { /* the numbers are stored: append only */
	TEXT_BOOKED, TEXT_CHANGED, TEXT_CANCELED, TEXT_REMINDER,
	/* responses: what is said to a phone that wrote, and to nobody else */
	TEXT_STOPPED,      /* no more texts: the one confirmation of an opt-out */
	TEXT_NOT_CANCELED, /* the same, to CANCEL: the visit stands */
	TEXT_RESUMED,      /* texts again */
	TEXT_HELP, TEXT_CONFIRMED, TEXT_DECLINED,
	TEXT_WHICH_VISIT,  /* several are open: asks for a code */
	TEXT_UNREAD,       /* was not understood, and nobody reads it */
	TEXT_KINDS
};
#define TEXT_PLANNED_KINDS TEXT_STOPPED /* the kinds before it belong to a visit and are planned */
const char *text_kind_name(enum text_kind k); /* "booked". Literal. */
static inline bool text_is_response(enum text_kind k) { return k >= TEXT_PLANNED_KINDS; } /* Pure. */
static inline bool text_ends_texts(enum text_kind k) { return k == TEXT_STOPPED || k == TEXT_NOT_CANCELED; } /* Pure. */

enum modality { /* how a visit takes place; the numbers are stored: append only */
	MODALITY_UNKNOWN, MODALITY_OFFICE, MODALITY_VIDEO, MODALITY_PHONE, MODALITIES
};
const char *modality_name(enum modality m); /* "office", "video", "phone"; "" of what is not known. Literal. Pure. */

#define SMS_CHARS_MAX 2048 /* UTF-16 units that ACS takes */

struct sms_size {
	bool ucs2;          /* some character is not in GSM 03.38 */
	unsigned units;     /* septets or UTF-16 units */
	unsigned segments;  /* 160/153 or 70/67, escapes and surrogates never split */
	uint32_t culprit;   /* first character that forced UCS-2; 0: none */
};

/* Of UTF-8 text; bytes that are no UTF-8 count as U+FFFD. Of no text: all 0. Pure. */
struct sms_size sms_measure(struct span text);

#define SMS_OTHERS_MAX 8
#define SMS_CHOICES_MAX 4

struct sms_values { /* all borrowed, UTF-8; empty where not known */
	struct span organization, site, contact;
	struct span link, device_test_link;
	int64_t start_s;           /* instant */
	int64_t other_start_s[SMS_OTHERS_MAX]; /* other visits of the same day, by time: {other_times} */
	size_t others_n;
	struct { int64_t start_s; const struct zone *zone; } choice[SMS_CHOICES_MAX]; /* visits to choose from: {choices} */
	size_t choices_n;
	struct span emergency;     /* number to call for help: {emergency} */
	const struct zone *zone;   /* of the clinic */
	bool zone_shown;           /* its name behind the time: the patient's clock may be another */
	bool as_is;                /* nothing is replaced (smart_encoding = false) */
	enum modality modality;    /* of the visit: {if video} */
	unsigned no_link_for;      /* a bit (1 << modality) for each in whose texts no link is said */
	unsigned may_be;           /* the same: what visits of the site may be, besides .modality; for sms_worst() */
	bool plain_names;          /* names may lose their accents, too (names_keep_accents = false) */
};

struct sms_templates; /* one language of one site */

/* language: "en", "es", "fr" or any ICU locale. text: the file's content,
 * borrowed for the call. name: for errors ("templates/cardiology/en"). Faults
 * name file, line and what would be right: unknown variable, kind missing or
 * twice, opt-out word invited ("Reply CANCEL", "responda ALTO"), public link
 * shortener, a link in [canceled], over 2048 units. `*out` is owned by the caller. */
bool sms_templates_read(const char *name, const char *language, struct span text,
    struct sms_templates **out, struct fault *f) __attribute__((warn_unused_result));
void sms_templates_free(struct sms_templates *t);              /* NULL is fine. */

/* Texts of responses that *t has not are taken out of *from. */
void sms_templates_complete(struct sms_templates *t, struct sms_templates *from);

/* What to dial for help: "911", "112" where nothing else is known. Literal. Pure. */
const char *sms_emergency_number(const char *country);
const char *sms_templates_language(const struct sms_templates *t); /* Borrowed. */
int64_t sms_templates_version(const struct sms_templates *t); /* 48 bits that no other words have. Pure. */

/* Size of the dearest text with the longest values of this site, over every
 * weekday, month and hour (longest->start_s is not looked at, zone only when
 * zone_shown), and the character that stands in the way of fewer segments; what
 * `check` and `preview` print. segments 0: the text would be over SMS_CHARS_MAX.
 * Pure. */
struct sms_size sms_worst(const struct sms_templates *t, enum text_kind k, const struct sms_values *longest);

/* true: the template of kind k has an {if ...}. Pure. */
bool sms_uses_modality(const struct sms_templates *t, enum text_kind k);

/* true: the template of kind k uses {other_times}. Pure. */
bool sms_uses_other_times(const struct sms_templates *t, enum text_kind k);

/* true: the template of kind k uses {link} or {device_test_link}. Pure. */
bool sms_uses_link(const struct sms_templates *t, enum text_kind k);

/* Appends the text to *out, in a [canceled] one without links; false, and nothing appended, when *out is full, the
 * text is over SMS_CHARS_MAX, or memory ends. Dates by the language's own order
 * and words, in the zone. */
bool sms_render(const struct sms_templates *t, enum text_kind k, const struct sms_values *v,
    struct buf *out) __attribute__((warn_unused_result));

#endif
