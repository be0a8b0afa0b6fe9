/* siu/profile.h - a profile, compiled: where each meaning stands in a message. */
#ifndef SIU_PROFILE_H
#define SIU_PROFILE_H

#include "nudge/booking.h"
#include "nudge/buf.h"
#include "nudge/hl7.h"
#include "nudge/siu.h"

#define PATHS_MAX 16 /* of one meaning */
#define WORDS_MAX 32
#define WORD_MAX 32  /* bytes, terminator included */

struct path_list {
	struct hl7_path item[PATHS_MAX]; /* best first */
	size_t n;
};

/* A length of time and, where the standard has one, the place of its unit. */
struct length_list {
	struct length_path {
		struct hl7_path value, unit;
		bool has_unit;
	} item[PATHS_MAX];
	size_t n;
};

/* Words as they are compared: lower case, without blanks, '-' and '_'. */
struct word_list {
	char item[WORDS_MAX][WORD_MAX];
	size_t n;
};

struct siu_profile {
	struct path_list appointment_id, old_id, occurrence;
	struct path_list start, end;
	struct length_list duration;
	struct path_list patient, prior_patient;
	struct word_list patient_type;
	struct path_list phone, address, language, deceased, birth, death_time, consent;
	struct word_list consent_yes, consent_no;
	struct path_list department, visit_type;
	struct path_list status;
	struct word_list status_word[VISIT_STATUSES];
};

/* "KEY = VALUE, VALUE": what a site says in place of its profile. false says
 * what is wrong; the list of KEY is then not to be used. */
bool siu_profile_replace(struct siu_profile *p, const char *line, struct fault *f) __attribute__((warn_unused_result));

/* The paths of a key, ", " between; nothing for words. */
void siu_profile_text(const struct siu_profile *p, const char *name, struct buf *out);

/* true: `value` is one of the words. Pure. */
bool word_list_has(const struct word_list *l, struct span value);

/* Appends; false when the list is full or the word too long or empty. */
bool word_list_add(struct word_list *l, const char *word);

#endif
