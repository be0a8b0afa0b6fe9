/* nudge/text.h - one text: its states, and why it is in one.
 *
 *   pending --due, gates pass--> sending --accepted--> sent --report--> delivered
 *      |  ^                        |  |                  `--report--> failed
 *      |  `---- refused for now ---'  +--refused--> failed
 *      |        (window over)         `--silence--> unknown --report--> delivered, failed
 *      |                                              `--policy, a person--> pending
 *      +--gate--> suppressed      held --released--> pending
 *      +--too late--> expired
 *      `--appointment changed--> void
 *
 * Every planned text is in exactly one state, with a reason (promise 6). The
 * arrows are rows of a table; what is not in it does not happen. A word that the
 * gateway took it leads from each of these to sent or delivered, however late.
 */
#ifndef NUDGE_TEXT_H
#define NUDGE_TEXT_H

#include "nudge/sms.h"

enum text_state { /* the numbers are stored: never change one */
	TEXT_PENDING = 1, TEXT_HELD = 2, TEXT_SENDING = 3, TEXT_SENT = 4, TEXT_DELIVERED = 5, TEXT_FAILED = 6,
	TEXT_UNKNOWN = 7, TEXT_SUPPRESSED = 8, TEXT_EXPIRED = 9, TEXT_VOID = 10,
	TEXT_STATES = 11
};
const char *text_state_name(enum text_state s); /* "pending". Literal. */

enum text_event {
	TEXT_EV_ARM,       /* gates passed, token and credit taken, ids stored */
	TEXT_EV_GATE, TEXT_EV_EXPIRE, TEXT_EV_VOID, TEXT_EV_HOLD, TEXT_EV_RELEASE,
	TEXT_EV_ACCEPTED, TEXT_EV_REFUSED, TEXT_EV_SILENCE,
	TEXT_EV_BACK,      /* every attempt was certainly refused: may be armed anew, with a new id */
	TEXT_EV_REPORT_OK, TEXT_EV_REPORT_BAD,
	TEXT_EV_RESEND,    /* of an unknown outcome, by the site's policy or a person: perhaps a second time */
	TEXT_EVENTS
};

/* The state after `ev`; the same state when the table has no such arrow. Pure. */
enum text_state text_step(enum text_state from, enum text_event ev);

bool text_is_final(enum text_state s);   /* Nothing is owed any more. Pure. */
bool text_was_told(enum text_state s);   /* Armed or later and not definitely failed: the patient may have read it. Pure. */

enum text_reason { /* the numbers are stored: append only */
	REASON_NONE, REASON_DUE_LATER, REASON_WAITING_RATE, REASON_WAITING_SENDER, REASON_WAITING_WINDOW,
	REASON_ACCEPTED, REASON_RETRY,
	REASON_CONSENT_BEHALF, REASON_CONSENT_ATTENDEES, REASON_TEST_NUMBER, REASON_NOT_APPROVED, REASON_NO_NUMBER,
	REASON_NOT_VERIFIED, REASON_TYPE_OFF, REASON_CONFIDENTIAL, REASON_VISIT_OVER, REASON_REPLACED,
	REASON_NO_PHONE, REASON_PHONE_COUNTRY, REASON_PHONE_TYPE, REASON_PATIENT_CONSENT, REASON_DECEASED, REASON_OPTED_OUT,
	REASON_DAILY_CAP, REASON_WEEKLY_CAP, REASON_STORM, REASON_SITE_SILENT, REASON_LATE_SKIP, REASON_NO_WINDOW,
	REASON_STALE, REASON_TOO_LATE, REASON_CANCELED, REASON_RESCHEDULED, REASON_NO_SHOW, REASON_DELETED, REASON_ARRIVED,
	REASON_LEFT_SITE, REASON_NEW_PATIENT, REASON_LINK_MISSING, REASON_QUARANTINED, REASON_ERASED,
	REASON_GATEWAY_REFUSED, REASON_NO_ANSWER, REASON_WINDOW_OVER, REASON_GATEWAY_BLOCKED, REASON_RULE_GONE,
	REASON_UNDONE, REASON_TOO_MANY, REASON_RENDER, REASON_CLOCK, REASON_SITE_GONE, REASON_LEARNING,
	REASON_MINOR, REASON_REBOOKED, REASON_MERGED, REASON_MONTHLY_LIMIT, REASON_RESPONSE_LATE,
	REASON_JOURNAL, REASON_SITE_HELD,
	REASON_REPORT_AWAITED, REASON_UNKNOWN_HELD,
	REASON_WAITING_HOLIDAY, REASON_WAITING_PATIENT, REASON_EARLIER,
	REASON_TOGETHER, REASON_FICTION,
	REASON_NUMBER_REFUSED, REASON_TAKEN_LATE,
	REASONS
};
const char *reason_name(enum text_reason r);     /* short word, "no-phone". Literal. */
const char *reason_sentence(enum text_reason r); /* names the setting or fact that would change it. Literal. */

#endif
