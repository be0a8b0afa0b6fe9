/* nudge/booking.h - what a message says about one patient's appointment: the
 * only thing that leaves src/siu, and the only thing of a message that the
 * engine sees. Spans are UTF-8 and borrow from the message's arena.
 */
#ifndef NUDGE_BOOKING_H
#define NUDGE_BOOKING_H

#include "nudge/ack.h"
#include "nudge/arena.h"
#include "nudge/civil.h"
#include "nudge/conf.h"
#include "nudge/phone.h"
#include "nudge/queue.h"
#include "nudge/rules.h"
#include "nudge/span.h"

/* How a field came: not there (keep what you hold), `""` (delete it), a value. */
enum field_state { FIELD_KEEP, FIELD_CLEAR, FIELD_SET };

enum visit_status { VISIT_BOOKED, VISIT_ARRIVED, VISIT_CANCELED, VISIT_NO_SHOW, VISIT_DELETED, VISIT_STATUSES };
const char *visit_status_name(enum visit_status s); /* "no-show". Literal. */

enum consent_said { CONSENT_NOT_SAID, CONSENT_YES, CONSENT_NO };

#define SAID_SEPARATOR '\x1f'

struct booking {
	struct span appointment_id; /* SCH-2.1, or the alias that identified it; never empty */
	bool has_filler_id;         /* appointment_id is SCH-2.1 */
	struct span aliases[4];     /* other ids by profile, best first */
	size_t aliases_n;
	struct span old_id;         /* S13 with a new id: the id it had; or empty */
	char event[4];              /* "S12" */
	enum visit_status status;

	bool has_start;
	int64_t start_s;            /* instant */
	struct civil wall;          /* of the clinic */
	enum civil_note note;       /* gap or fold met */
	int64_t duration_s;         /* 0: not known */

	struct span patient;        /* PID-3 id (type MR, else the first); may be empty */
	int patient_number;         /* 0: the only one; 1..n in a group visit */
	enum field_state phone_state;
	char phone[PHONE_MAX];      /* when FIELD_SET and textable, else "" */
	enum phone_result phone_why; /* when FIELD_SET and phone is "" */
	struct span language;       /* "en", "" when not said */
	bool deceased;
	bool death_said;            /* PID-30 or PID-29 say whether; else deceased is false and what is known stays */
	bool birth_said;            /* the date of birth was there, and is of a person of age unless minor */
	bool minor;                 /* younger than the site's minor_age today */
	int64_t adult_day;          /* minor: days since 1970 to the day on which that ends */
	enum consent_said consent;
	bool zones_said;            /* the message has an address */
	struct span zones;          /* time zones that it may be in, a blank between; empty where not known */
	bool modality_said;         /* a field that video_if, phone_if or office_if look at has a value */
	enum modality modality;     /* by them */

	struct span department, visit_type; /* the first that is said */
	struct span departments, visit_types; /* all that patterns are tried on, SAID_SEPARATOR between them */
	bool confidential;          /* department or visit type is listed as confidential */
	enum field_state link_state;
	struct span link;
	const struct conf_site *site; /* NULL: no site takes it (any more); borrowed from message.rules */
	bool site_not_said;         /* site is NULL only because no department or visit type is named */

	bool has_sent_at;           /* MSH-7 could be read, and may be used for order */
	int64_t sent_at_s;          /* instant of MSH-7 */
};

/* What a message beside the schedule (ADT) says of one patient, as one site reads
 * it. Only what that site's `adt` asks for is filled. */
#define NEWS_PRIORS_MAX 8
struct patient_news {
	const struct conf_site *site; /* borrowed from message.rules */
	struct span patient;        /* PID-3, chosen as in booking.patient; never empty */
	struct span priors[NEWS_PRIORS_MAX]; /* MRG-1: ids of the same person until now */
	size_t priors_n;
	enum field_state phone_state;
	char phone[PHONE_MAX];      /* as booking.phone */
	bool deceased, death_said;  /* as in a booking */
	bool has_sent_at;
	int64_t sent_at_s;
};

enum message_kind {
	MESSAGE_BOOKINGS,   /* bookings[] to apply */
	MESSAGE_NEWS,       /* news[] to apply */
	MESSAGE_IGNORE,     /* AA, counted, nothing stored */
	MESSAGE_QUARANTINE, /* AA (or AE), stored sealed with a reason */
	MESSAGE_REFUSE      /* AE or AR, nothing stored */
};

/* One message on its way from intake to the engine and back as an answer. Made
 * by the intake, read by the engine, given back for the answer, freed by the
 * intake. Everything in it lives in its arena, or is held (rules). */
struct message {
	struct queue_link link;          /* of the queue that holds it now */
	uint64_t connection;             /* the intake's: whom to answer */
	unsigned thread;                 /* the intake's: on which thread */
	uint64_t sequence;               /* the intake's: which frame of the connection */
	bool closes;                     /* the intake's: the answer is to close */
	struct message *also;            /* the next of the same frame, applied in the same transaction; owned; answered
	                                    through this one, with its own verdict and error */
	int64_t received_us;             /* boot clock, microseconds: when its frame was whole */
	struct arena arena;
	struct rules *rules;             /* held: the configuration it was mapped with */
	const struct conf_listener *listener;
	const struct conf_environment *environment;
	struct span raw;                 /* as received, in the arena */
	bool answerable;                 /* an MSH could be read: request is filled */
	struct ack_request request;
	enum ack_mode ack_mode;          /* of the site its sender has, else of the listener */
	struct span control_id;          /* MSH-10 */
	struct span sending_application, sending_facility; /* MSH-3.1, MSH-4.1 */

	enum message_kind kind;
	struct booking *bookings;        /* in the arena */
	size_t bookings_n;
	struct patient_news *news;       /* in the arena */
	size_t news_n;

	const char *reason;              /* literal; for IGNORE, QUARANTINE, REFUSE; no patient data */
	enum ack_verdict verdict;        /* for REFUSE, and for QUARANTINE under nak_bad_content */
	struct ack_error error;          /* for REFUSE and QUARANTINE; the place is segment and field */
	struct span held_id;             /* QUARANTINE: the appointment's id when it could be read */
	const struct conf_site *about;   /* QUARANTINE: the site when it is known; borrowed from rules */
	int64_t place_at;                /* QUARANTINE: bytes from the start of raw to error.segment and field; -1: not known */
	char detail[160];                /* error.text may point here */
	const char *counted;             /* literal: which counter of the feed besides the kind; or NULL */
};

#endif
