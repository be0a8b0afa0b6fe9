/* nudge/history.h - what is still known of visits, for a rehearsal of other rules: nothing in it names or reaches
 * anybody. Numbers and patients are tokens that differ with every salt; departments and visit types are not told, only
 * whether the patterns that were given fit.
 */
#ifndef NUDGE_HISTORY_H
#define NUDGE_HISTORY_H

#include "nudge/booking.h"
#include "nudge/pattern.h"
#include "nudge/places.h"
#include "nudge/text.h"

#define HISTORY_SALT_BYTES 16

struct history_site { /* patterns of the other rules, by the site's title */
	char title[64];
	struct pattern_list departments, visit_types, confidential_departments, confidential_visit_types; /* owned */
};

struct history_text {
	enum text_kind kind;
	char rule[48];
	enum text_state state;
	enum text_reason reason;
	int64_t planned_s, due_s, start_s, first_sent_s, segments;
};

enum history_fit { HISTORY_FITS, HISTORY_FITS_NOT, HISTORY_NOT_KNOWN };

struct history_visit {
	int64_t id;               /* of the row */
	char site[64], zone[64], language[16];
	char patient_zones[PLACES_ZONES_MAX]; /* as places_zones() gave them */
	bool erased;              /* what identifies is gone: no tokens, phone, language, zones, words */
	bool has_phone, opted_out, deceased, confidential, left_site, minor;
	uint64_t phone, patient, kind; /* tokens of number, patient, visit type; 0: none */
	char country[3];
	enum phone_type type;
	enum visit_status status;
	enum consent_said consent;
	enum modality modality;
	bool has_start;
	int64_t start_s, duration_s, arrived_s, link_n;
	struct civil wall;
	enum history_fit fits;    /* departments and visit types that were given */
	bool confidential_then;   /* by the patterns that were given; false where fits is not known */
	size_t text, texts_n;     /* of history.texts */
};

struct history { /* asked, and a portion of the answer */
	int64_t since_s;          /* visits that were told of, or begin, from then on */
	uint8_t salt[HISTORY_SALT_BYTES];
	struct history_site *sites; /* owned */
	size_t sites_n;
	struct history_visit *visits; /* owned */
	size_t visits_n;
	struct history_text *texts; /* owned; those of one visit beside each other, oldest first */
	size_t texts_n, texts_cap;
};

void history_free(struct history *h); /* NULL is fine. */

#endif
