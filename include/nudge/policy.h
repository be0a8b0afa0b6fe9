/* nudge/policy.h - what is to be sent, and whether it may be: pure functions.
 *
 * No clock, no store, no locks: what is known goes in, rows and reasons come
 * out. Instants are seconds since 1970; windows and wall clocks are the
 * clinic's.
 */
#ifndef NUDGE_POLICY_H
#define NUDGE_POLICY_H

#include "nudge/booking.h"
#include "nudge/hours.h"
#include "nudge/rules.h"
#include "nudge/text.h"

/* ---- hours ---- */

struct patient_zones { /* where the patient may be; borrowed from the rules */
	const struct zone *item[HOURS_ZONES];
	size_t n; /* 0: not known */
};

/* The hours of a site for a patient (zones NULL: of nowhere else). is_short: those
 * of short_window, for what belongs to its own day; holidays do not close them.
 * Borrows from both. Pure. */
struct hours hours_of(const struct site_rules *r, bool is_short, const struct patient_zones *zones);

/* ---- planning ---- */

/* What the patient reads of an appointment, as a fingerprint: start by the
 * clinic's clock, place (site), how it takes place, link. Equal fingerprints read
 * the same, also when a country's clocks were changed by law in between. Pure. */
void plan_fingerprint(const struct conf_site *site, const struct civil *wall, enum modality modality, struct span link, uint8_t out[16]);

#define PLAN_TEXTS_MAX 1024 /* rows of one appointment */
#define PLAN_KNOWN_MAX (PLAN_TEXTS_MAX + PLAN_TEXTS_MAX / 2) /* that a plan looks at: all of it, and what was told of the one before */

/* One row as the store knows it, cut to what planning needs. */
struct plan_known {
	int64_t id;
	enum text_kind kind;
	char rule[48];          /* reminder's title; "" for a confirmation */
	enum text_state state;
	enum text_reason reason;
	bool this_patient;      /* planned for the patient that the appointment has now */
	int64_t start_s, due_s, expires_s;
	uint8_t fingerprint[16];
};

struct plan_input {
	const struct site_rules *rules; /* NULL: no site any more */
	bool reminders_only;    /* the rules changed, not the visit: confirmations stay as they are */
	bool may_send;          /* configuration, approval and holds allow this site to send */
	enum visit_status status;
	bool has_start;
	int64_t start_s;
	struct civil wall;      /* of the clinic, as the message said it */
	struct patient_zones patient;
	uint8_t fingerprint[16];
	uint8_t unmapped[16];   /* the same before it was known how the visit takes place: no news to who was told so */
	bool continued;         /* cancelled, and booked again under another id whose text says so: no cancellation is owed */
	bool phone_changed;     /* this message brought another number than was known */
	int64_t now_s;
	const struct plan_known *known; /* oldest first */
	size_t known_n;         /* at most PLAN_KNOWN_MAX */
};

struct plan_row { /* a text to add */
	enum text_kind kind;
	char rule[48];
	enum text_state state;  /* PENDING, or SUPPRESSED with the reason */
	enum text_reason reason; /* PENDING: why it is not at its own time, or none */
	int64_t start_s, due_s, expires_s;
	uint8_t fingerprint[16];
	bool clinic_hours;      /* as gate_result.clinic_hours */
};

struct plan_void { /* a pending or held text to end */
	int64_t id;
	enum text_reason reason;
};

#define PLAN_ROWS_MAX 64 /* a site may have 32 reminders */
struct plan {
	struct plan_row add[PLAN_ROWS_MAX];
	size_t add_n;
	struct plan_void end[PLAN_TEXTS_MAX];
	size_t end_n;
};

/* Decides. What is in neither list stays as it is. Idempotent: planning again
 * with what the plan made known adds and ends nothing. Pure. */
void plan_make(const struct plan_input *in, struct plan *out);

/* The instant at which a reminder is to go, before any window. Pure. */
int64_t plan_reminder_due(const struct conf_reminder *r, const struct zone *z, int64_t start_s, const struct civil *wall);

/* ---- gates ---- */

/* Words that a message said, SAID_SEPARATOR between them and, where not all are known, at the end. Pure. */
bool said_fits(const struct pattern_list *patterns, const char *said);   /* Some word fits some pattern. */
bool said_wanted(const struct pattern_list *patterns, const char *said); /* So it does, or nothing speaks against it. */

struct gate_facts {
	const struct site_rules *rules; /* NULL: the site is gone */
	bool approved;
	enum text_kind kind;
	const char *rule;            /* reminder's title */
	enum visit_status status;
	bool this_version;           /* start and patient are those the text was planned for */
	bool confidential, deceased; /* as they were said when the message came */
	const char *departments, *visit_types; /* as booking.departments: the patterns of today are tried on them */
	bool minor;                  /* until today_day reaches adult_day */
	int64_t adult_day, today_day; /* days since 1970, the clinic's */
	enum consent_said consent;
	const char *phone;           /* E.164 or "" */
	bool refused;                /* the number was called wrong before */
	bool opted_out;              /* a response that says so goes all the same */
	bool link_fits, has_link;    /* it is a visit for which there is to be one; there is */
	int64_t start_s, due_s, planned_s, expires_s, now_s;
	int64_t sent_today, sent_week; /* texts to this phone */
	struct patient_zones patient;
};

enum gate_verdict {
	GATE_PASS,
	GATE_WAIT,     /* not now: look again at until_s */
	GATE_SUPPRESS, /* ends with the reason */
	GATE_EXPIRE    /* too late */
};
struct gate_result {
	enum gate_verdict verdict;
	enum text_reason reason;
	int64_t until_s; /* GATE_WAIT */
	bool clinic_hours; /* by the clinic's clock alone: there is no hour before the expiry that suits the patient's too */
};

/* All gates, in this order: consents, environment, approval, number, type on,
 * department and visit type, appointment alive and this version, the patient
 * (death, age, own consent), phone and country, refused
 * before, opt-out, link, expiry and
 * staleness, window, caps. The organization's limit and the number's rate come
 * after them, where the text's size is known. A response to who wrote is about
 * no visit and goes at any hour: consents, environment, approval, number, phone,
 * opt-out, and RESPONSE_EXPIRY_S. Pure. */
#define RESPONSE_EXPIRY_S 300
struct gate_result gates_pass(const struct gate_facts *f);

/* ---- links ---- */

/* The host that a browser would go to; empty when there is none. Borrowed. Pure. */
struct span link_host(struct span link);
bool link_in_domains(const struct conf_site *s, struct span host); /* of link_domains, or those are empty. Pure. */

/* Whoever comes to the clinic, or is called, joins nothing: of a site that has
 * video_if a link is for visits by video, else for all but those of phone_if and office_if. Pure. */
bool link_fits(const struct conf_site *s, enum modality m);

/* May be sent by this site: a host, in link_domains, no public shortener. Pure. */
bool link_allowed(const struct conf_site *s, struct span link);

/* A template "https://host/{appointment_id}?until={expires}&t={token}" is as the
 * site's settings need it. key: of the setting, for *f. Pure. */
bool link_template_ok(const char *key, const char *link, const struct conf_site *s, struct fault *f)
    __attribute__((warn_unused_result));

struct link_facts { /* all borrowed */
	struct span appointment_id;
	int64_t expires_s;   /* 0: never */
	const uint8_t *key;  /* SEAL_KEY_BYTES; NULL: {token} and {expires} stay as they are, for later */
};

/* Appends the link to *out; false when that is full or OpenSSL fails. Pure. */
bool link_fill(struct span template, const struct link_facts *x, struct buf *out) __attribute__((warn_unused_result));

/* ---- replies ---- */

/* The carrier or the gateway answers this keyword (struct reply_said) by itself,
 * so that nobody else should: a toll-free number's network STOP, START and UNSTOP;
 * what keyword_answers = gateway says, HELP too. Pure. */
bool policy_answered_before(const struct conf_number *n, const char *keyword);

/* ---- rate ---- */

/* A token bucket that never lets more than `per_min` through in any 60 seconds. */
struct bucket {
	int64_t per_min;     /* tokens */
	int64_t milli;       /* thousandths of a token that are there */
	int64_t at_ms;       /* boot clock of the last look */
};
void bucket_init(struct bucket *b, int64_t per_min, int64_t boot_ms);
void bucket_set_rate(struct bucket *b, int64_t per_min);         /* Keeps what is there. */
bool bucket_take(struct bucket *b, int64_t tokens, int64_t boot_ms); /* false: not enough; nothing taken. */
int64_t bucket_ready_ms(const struct bucket *b, int64_t tokens, int64_t boot_ms); /* Milliseconds until it would do. */

/* ---- back-off ---- */

/* Full jitter: uniform in [0, min(cap, base * 2^attempt)], random in [0, 1). Milliseconds. Pure. */
int64_t backoff_ms(int64_t attempt, bool window_open, double random);

#endif
