/* nudge/store.h - everything that is remembered: begin, apply, commit, look up.
 *
 * One store object is the single writer; only the engine's thread uses it. All
 * changes happen between store_begin() and store_commit(); a commit that
 * returned true is on the disk. Sealing, marks, keys and erasure live below
 * this face: a row that has lapsed (erase_at_s passed) is given back without
 * phone and link, whether or not its bytes are erased yet. Readers are objects
 * of their own, read-only, one per thread, without any key.
 *
 * Faults: FAULT_BUSY = could not be stored now (disk full), everything since
 * begin is undone, later it may work; FAULT_BROKEN = a sync or read failed, end
 * the process; FAULT_OPERATOR = at opening: a person must act.
 * No SQL and no SQLite type shows here.
 */
#ifndef NUDGE_STORE_H
#define NUDGE_STORE_H

#include "nudge/booking.h"
#include "nudge/reply.h"
#include "nudge/seal.h"
#include "nudge/terms.h"
#include "nudge/text.h"

#define STORE_ID_MAX 200    /* bytes of an appointment's id, terminator included */
#define STORE_SAID_MAX 512  /* bytes of departments, of visit types, terminator included */
#define STORE_ZONES_MAX 128 /* bytes of the patient's time zones, terminator included */
#define STORE_LINK_MAX 1024 /* bytes of a link, terminator included */
#define STORE_TEXTS_OF_ONE 1024 /* texts one appointment may ever have; text id = appointment id * 1024 + ordinal */

struct store;

#define STORE_LOCK "nudge.lock" /* in the state directory: whoever works with the store has it open */

struct store_setup {
	const char *directory;   /* state_directory; made when it is missing; one nudged per directory (lock) */
	const uint8_t *key;      /* SEAL_KEY_BYTES, borrowed for the call */
	size_t old_keys_n;       /* key is followed by so many older ones, which may be the store's still */
	const struct conf *conf; /* for the stamp: environments with kind and organization */
	int64_t now_s;
	int64_t recent;          /* appointments that are found by way of memory, before they are filed; 0: 32,768 */
};

/* Opens or makes DIRECTORY/nudge.db, migrates it, proves the key and the stamp.
 * Refuses: a second nudged, a wrong key, a store of another environment, a
 * newer schema, a directory that everybody can write. Erases nothing yet. */
bool store_open(const struct store_setup *s, struct store **out, struct fault *f) __attribute__((warn_unused_result));
void store_close(struct store *s); /* Rolls back what is open. NULL is fine. */

bool store_begin(struct store *s, struct fault *f) __attribute__((warn_unused_result));  /* no-op when begun */
bool store_begun(const struct store *s);
bool store_commit(struct store *s, struct fault *f) __attribute__((warn_unused_result)); /* durable when true */
void store_rollback(struct store *s);

enum store_found { STORE_NONE, STORE_FOUND, STORE_FAILED };

/* ---- senders, sites ---- (small tables; ids are stable for ever) */
bool store_sender(struct store *s, const char *environment, struct span msh3, struct span msh4, int64_t *id, struct fault *f)
    __attribute__((warn_unused_result)); /* finds or adds */
bool store_site(struct store *s, const char *title, int64_t *id, struct fault *f) __attribute__((warn_unused_result)); /* finds or adds */

/* A keyed mark; equal values of one purpose have equal marks. */
bool store_mark(struct store *s, const char *purpose, struct span value, uint8_t out[MARK_BYTES], struct fault *f)
    __attribute__((warn_unused_result));

/* ---- messages seen ---- */
enum store_found store_seen_find(struct store *s, int64_t sender, struct span control_id,
    const uint8_t content[MARK_BYTES], enum ack_verdict *answered, int *condition, bool *known_id, struct fault *f); /* known_id: with any content */
bool store_seen_add(struct store *s, int64_t sender, struct span control_id, const uint8_t content[MARK_BYTES],
    enum ack_verdict answered, int condition, int64_t now_s, struct fault *f) __attribute__((warn_unused_result));

/* ---- appointments ---- */
struct appointment {
	int64_t id;               /* given by the engine before the first put */
	int64_t sender, site;     /* site 0: none */
	char appointment_id[STORE_ID_MAX];
	bool has_filler_id;
	int64_t patient_number;   /* 0: the only one; else within the group visit */
	bool has_patient;
	uint8_t patient[MARK_BYTES]; /* mark of PID-3 */
	int64_t generation;       /* counts changes of patient */
	enum visit_status status;
	bool has_start;
	int64_t start_s, duration_s;
	struct civil wall;
	char zone[64];
	char language[16];
	bool deceased, confidential, left_site;
	enum consent_said consent;
	char phone[PHONE_MAX];    /* "" when none, or lapsed */
	char link[STORE_LINK_MAX];/* "" when none, or lapsed */
	bool has_sent_at;
	int64_t sent_at_s;        /* MSH-7 of the last event applied */
	int64_t arrived_at_s;     /* of that event */
	int64_t quarantine;       /* id of a quarantined message that holds its texts; 0: none */
	int64_t erase_at_s;       /* INT64_MAX: not before something is final */
	bool erased;
	int who;                  /* 1 + the first byte of patient, also when that is erased; 0: not known, or not always the same */
	bool patient_flag;        /* PID-3 changed once: shown in explain */
	bool has_visit;
	uint8_t visit[MARK_BYTES]; /* mark of the visit type */
	char departments[STORE_SAID_MAX], visit_types[STORE_SAID_MAX]; /* as booking.departments; "" when lapsed; ends with SAID_SEPARATOR when there were more */
	char zones[STORE_ZONES_MAX]; /* that the patient may be in, a blank between; "" not known, or lapsed */
	int64_t number_no;        /* counts changes of the number */
	enum modality modality;
	bool minor;               /* not of age when it was booked */
	int64_t adult_day;        /* minor: days since 1970 to the day on which that ends */
	int64_t continues;        /* the canceled appointment in whose place this was booked; 0: none */
	int64_t continued_by;     /* the same from there: no cancellation is owed, the other's text says it */
	bool rebooked;            /* with continued_by: that text has had its turn */
	/* what messages say of the patient, beside the visit */
	int64_t person_at_s;      /* when the last was sent that told of death or number; 0: not known */
	int64_t phone_at_s;       /* when another number took the place of a known one; 0: never */
	uint8_t prior[MARK_BYTES]; /* the patient's mark before two records were merged */
	int64_t merged_at_s;      /* when that message was sent; 0: never */
	int64_t news_at_s;        /* when the last ADT arrived that changed something; 0: never */
	bool news_death, news_phone, news_merge; /* what ADT changed */
};

typedef bool store_appointment_fn(void *ctx, const struct appointment *a); /* false stops the walk */

int64_t store_next_appointment_id(struct store *s); /* Never given before, not after a rollback either. */

/* Every row of this id (more than one in a group visit), by patient_number. */
bool store_appointments_of(struct store *s, int64_t sender, struct span appointment_id, int64_t now_s,
    store_appointment_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));
enum store_found store_appointment_get(struct store *s, int64_t id, int64_t now_s, struct appointment *out, struct fault *f);
/* The same, when this is all that is asked; phone: "" when it has none, or it is erased. Wipe it. */
enum store_found store_visit_state(struct store *s, int64_t id, int64_t now_s, enum visit_status *status, bool *erased, struct fault *f);
enum store_found store_phone_of(struct store *s, int64_t id, int64_t now_s, int64_t *site, char phone[PHONE_MAX], struct fault *f);
/* Adds or replaces the row; seals phone and link under the key of the day of erase_at_s. */
bool store_appointment_put(struct store *s, const struct appointment *a, struct fault *f) __attribute__((warn_unused_result));

#define STORE_OF_PATIENT 64
/* The newest STORE_OF_PATIENT rows of this patient that are not erased, newest
 * first, without what is sealed; what is called may not come back here. */
bool store_appointments_of_patient(struct store *s, const uint8_t patient[MARK_BYTES], int64_t now_s, store_appointment_fn *fn,
    void *ctx, struct fault *f) __attribute__((warn_unused_result));

/* The same with an id above *after, by id, at most `limit`; *after moves on. */
bool store_patient_after(struct store *s, const uint8_t patient[MARK_BYTES], int64_t *after, size_t limit, int64_t now_s,
    store_appointment_fn *fn, void *ctx, bool *done, struct fault *f) __attribute__((warn_unused_result));
#define STORE_OF_PHONE 256
/* The newest STORE_OF_PHONE rows whose phone this is and that are not erased,
 * newest first, without what is sealed; what is called may not come back here. */
bool store_appointments_of_phone(struct store *s, const char *phone, int64_t now_s, store_appointment_fn *fn, void *ctx,
    struct fault *f) __attribute__((warn_unused_result));
/* One appointment of each known phone, in an order of its own; begin with *after
 * zero, it moves on; at most `limit`. What is called may not come back here. */
typedef bool store_phone_fn(void *ctx, int64_t appointment); /* false: that was enough for now */
bool store_phones_after(struct store *s, uint8_t after[MARK_BYTES], size_t limit, store_phone_fn *fn, void *ctx, bool *done,
    struct fault *f) __attribute__((warn_unused_result));
/* The appointments of texts that wait and are due in that span, before until_s, by id, one after another; begin with
 * *after 0, it moves on; at most `limit` texts. What is called may not come back here. */
bool store_due_after(struct store *s, int64_t span, int64_t until_s, int64_t *after, size_t limit, store_phone_fn *fn, void *ctx,
    bool *done, struct fault *f) __attribute__((warn_unused_result));

/* Rows with an id above *after that a message told of, or that begin, since then: looks at `rows` of them, until fn
 * says false; *after moves on; *done: there are no more. */
bool store_history(struct store *s, int64_t *after, int64_t rows, int64_t since_s, int64_t now_s, store_appointment_fn *fn, void *ctx,
    bool *done, struct fault *f) __attribute__((warn_unused_result));

/* Another id by which this appointment may be named; the newest wins. */
bool store_alias_put(struct store *s, int64_t sender, struct span alias, int64_t appointment, struct fault *f) __attribute__((warn_unused_result));
enum store_found store_alias_find(struct store *s, int64_t sender, struct span alias, int64_t *appointment, struct fault *f);

/* ---- texts ---- */
struct text {
	int64_t id, appointment, site;
	int64_t generation;       /* of the appointment's patient */
	enum text_kind kind;
	char rule[48];
	enum text_state state;
	enum text_reason reason;
	int64_t planned_s, due_s, expires_s, start_s;
	uint8_t fingerprint[16];
	/* from arming on */
	char repeat_id[37];
	int64_t first_sent_s;     /* 0: never armed */
	char boot_id[37];
	int64_t attempts;
	bool unsure;              /* some attempt may have been taken */
	char number[64], sender[24], gateway[64]; /* titles; sender as sent */
	int64_t segments;         /* also of a text that monthly_limit holds: what it would cost */
	/* from the answer on */
	int64_t sent_s;           /* accepted at; 0: not */
	int64_t http_status;
	char code[32];            /* our word */
	char message_id[128];     /* the gateway's */
	int64_t config;           /* of the configuration under which it got its state; the store's own */
	bool within;              /* armed: within the organization's monthly_limit */
	int64_t report_code;      /* the gateway's number in its delivery report; 0: none */
	int64_t words;            /* armed: site_rules.words of what it was written with */
	int64_t number_no;        /* armed: the appointment's of that moment: another one now means another number */
	bool clinic_hours;        /* by the clinic's hours alone: the patient's own zone had none before it would be too late */
	int64_t carrier;          /* the text that says what this one would have said; 0: none */
	enum text_state stored;   /* the store's own: the state it has of this row; 0 for a new one */
	int64_t stored_due_s, stored_first_s, stored_carrier; /* and what else it is found by there */
};

typedef bool store_text_fn(void *ctx, const struct text *t); /* false stops the walk */

/* One row, with its lists and words copied. */
enum store_found store_text_get(struct store *s, int64_t id, struct text *out, struct fault *f);
/* Adds or replaces; keeps the tally of states by site. Of a row that exists,
 * *t must come from the store. */
bool store_text_put(struct store *s, struct text *t, struct fault *f) __attribute__((warn_unused_result));
/* Adds n rows whose ids are not in the store, as they are before they are armed; else as store_text_put(). */
bool store_texts_add(struct store *s, struct text *list, size_t n, struct fault *f) __attribute__((warn_unused_result));
bool store_texts_of(struct store *s, int64_t appointment, store_text_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result)); /* oldest first */

/* The request body of an armed text, sealed; gone when the text settles or lapses. */
bool store_body_put(struct store *s, const struct text *t, struct span body, int64_t erase_at_s, struct fault *f) __attribute__((warn_unused_result));
enum store_found store_body_get(struct store *s, int64_t text, struct buf *out, struct fault *f);
bool store_body_drop(struct store *s, int64_t text, struct fault *f) __attribute__((warn_unused_result));

/* Texts whose carrier this is, by id. */
bool store_carried(struct store *s, int64_t carrier, store_text_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));

/* What is due is found by spans of four days since 1970. */
#define STORE_DUE_SPAN_S 345600
/* Pending texts with due_s < until_s, at most `limit`, in the order of (span of
 * due, id), after *cursor; *cursor moves on. Begin with {0}. *done: no more. */
struct store_cursor { int64_t span, id; };
typedef bool store_due_fn(void *ctx, int64_t text, int64_t due_s);
bool store_due(struct store *s, int64_t until_s, size_t limit, struct store_cursor *cursor, bool *done,
    store_due_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));
/* All texts in state SENDING, by id. */
bool store_sending(struct store *s, store_text_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));

/* ---- texts whose delivery report is to be asked for ---- */
bool store_report_wait(struct store *s, int64_t text, int64_t due_s, int64_t asked, struct fault *f)
    __attribute__((warn_unused_result)); /* adds or replaces; asked: how often it was */
bool store_report_done(struct store *s, int64_t text, struct fault *f) __attribute__((warn_unused_result)); /* Fine when it is not there. */
typedef bool store_report_due_fn(void *ctx, int64_t text, int64_t asked); /* false stops the walk */
bool store_reports_due(struct store *s, int64_t now_s, size_t limit, store_report_due_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result)); /* the oldest due first */
bool store_report_next(struct store *s, int64_t *due_s, struct fault *f) __attribute__((warn_unused_result)); /* INT64_MAX: none */

/* Texts of a site that are held for this reason, by id, at most `limit`. */
bool store_held_for(struct store *s, int64_t site, enum text_reason why, size_t limit, store_text_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result));

/* How many there are of each kind. */
bool store_held_kinds(struct store *s, int64_t site, enum text_reason why, int64_t n[TEXT_KINDS], struct fault *f)
    __attribute__((warn_unused_result));

/* Texts of unknown outcome for this reason, first sent first, whose expires_s is at most expired_s. site 0: any. */
bool store_unknown(struct store *s, int64_t site, enum text_reason why, int64_t expired_s, store_text_fn *fn, void *ctx,
    struct fault *f) __attribute__((warn_unused_result));

/* Held texts that may not go any more (expires_s <= now_s), at most `limit`. */
bool store_held_over(struct store *s, int64_t now_s, size_t limit, store_text_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result));

/* Appointments that may still matter to a changed rule: live, not erased, with
 * an id above *after; at most `limit`, perhaps none of those that were looked at;
 * *after moves on. For re-planning. */
bool store_live_after(struct store *s, int64_t *after, size_t limit, int64_t now_s, store_appointment_fn *fn, void *ctx,
    bool *done, struct fault *f) __attribute__((warn_unused_result));

/* From now on texts get their states under this configuration. */
void store_decided_under(struct store *s, int64_t config);

int64_t store_tally(const struct store *s, int64_t site, enum text_state state); /* site 0: all; state 0: ever planned. As of the last commit plus this transaction. */

/* ---- opt-outs, caps, approvals, settings ---- */
enum store_found store_optout_find(struct store *s, const char *organization, const char *phone, struct fault *f);
struct optout {
	char source[80];          /* "handset", "report", "gateway", "admin:NAME" */
	int64_t at_s;
};
enum store_found store_optout_get(struct store *s, const char *organization, const char *phone, struct optout *out, struct fault *f);
bool store_optout_put(struct store *s, const char *organization, const char *phone, const char *source, int64_t at_s, struct fault *f)
    __attribute__((warn_unused_result)); /* adds or replaces */
bool store_optout_drop(struct store *s, const char *organization, const char *phone, struct fault *f) __attribute__((warn_unused_result));
/* An opt-out ended at at_s, and the gateway's list of `sender` does not say so yet. */
bool store_lift_put(struct store *s, const char *organization, const char *phone, const char *sender, int64_t at_s, struct fault *f)
    __attribute__((warn_unused_result));
enum store_found store_lift_get(struct store *s, const char *organization, const char *phone, const char *sender, int64_t *at_s,
    struct fault *f);
bool store_lift_drop(struct store *s, const char *organization, const char *phone, const char *sender, struct fault *f)
    __attribute__((warn_unused_result)); /* sender NULL: of all */
bool store_lifts_forget(struct store *s, int64_t before_s, bool *any, struct fault *f) __attribute__((warn_unused_result)); /* any: some are left */
/* A number that a gateway or a carrier called wrong, by its mark. */
struct refused {
	char cause[32];           /* "no-such-number" */
	int64_t code;             /* the gateway's, 4004; 0: none */
	int64_t at_s;
};
enum store_found store_refused_get(struct store *s, const char *organization, const char *phone, struct refused *out, struct fault *f);
bool store_refused_put(struct store *s, const char *organization, const char *phone, const struct refused *r, struct fault *f)
    __attribute__((warn_unused_result)); /* adds or replaces */
bool store_refused_drop(struct store *s, const char *organization, const char *phone, struct fault *f) __attribute__((warn_unused_result));
bool store_refused_forget(struct store *s, const char *organization, int64_t until_s, struct fault *f) __attribute__((warn_unused_result)); /* at_s <= until_s */
bool store_refused_any(struct store *s, const char *organization, bool *any, struct fault *f) __attribute__((warn_unused_result));
struct reconsent {            /* on whose word an administrator lifted an opt-out */
	int64_t at_s;
	const char *admin, *who, *said, *how;
};
bool store_reconsent_put(struct store *s, const char *organization, const char *phone, const struct reconsent *r, struct fault *f)
    __attribute__((warn_unused_result));
bool store_cap_count(struct store *s, const char *phone, int64_t day, int64_t *today, int64_t *week, struct fault *f) __attribute__((warn_unused_result));
bool store_cap_add(struct store *s, const char *phone, int64_t day, struct fault *f) __attribute__((warn_unused_result));
enum store_found store_approval_get(struct store *s, int64_t site, uint8_t hash[DIGEST_BYTES], char who[64], int64_t *at_s, struct fault *f);
/* a: all but the title of the site. */
bool store_approval_put(struct store *s, int64_t site, const struct approval *a, struct fault *f) __attribute__((warn_unused_result));
/* A person's hold of a site: who and when; at_s 0 lifts it. */
bool store_hold_put(struct store *s, int64_t site, int64_t at_s, const char *who, struct fault *f) __attribute__((warn_unused_result));
bool store_hold_get(struct store *s, int64_t site, int64_t *at_s, char who[64], struct fault *f) __attribute__((warn_unused_result));

/* ---- how long the report goes back ----
 * Visits (with their texts and other ids), responses and replies, the oldest first, at
 * most `limit` of each: those that were erased, and began, before that day since 1970.
 * The tally of states goes down with them. *n: how many; less than limit: no more are there. */
bool store_forget_over(struct store *s, int64_t before_day, size_t limit, size_t *n, struct fault *f) __attribute__((warn_unused_result));
int64_t store_bytes(struct store *s); /* What the database holds, free pages not counted. */

/* ---- what was heard last ---- */
enum heard_fate { HEARD_NOTHING, HEARD_TAKEN, HEARD_IGNORED, HEARD_QUARANTINED, HEARD_REFUSED }; /* stored: append only */
enum heard_fact { /* bits; stored: append only */
	HEARD_ID = 1, HEARD_START = 2, HEARD_PATIENT = 4, HEARD_PHONE = 8, HEARD_PHONE_UNFIT = 16, HEARD_DEPARTMENT = 32,
	HEARD_VISIT_TYPE = 64, HEARD_LINK = 128, HEARD_LANGUAGE = 256, HEARD_CONSENT = 512
};
#define HEARD_MSH_MAX 400
struct heard { /* of the last message: who said it is in MSH, nothing of a patient is kept */
	char environment[64], site[64]; /* site "": for no site */
	int64_t at_ms;                  /* wall clock; later for a later one; 0: none yet */
	char msh[HEARD_MSH_MAX];        /* MSH-1 to MSH-18 without MSH-8, printable ASCII */
	enum heard_fate fate;
	char reason[96];
	unsigned facts;
};
bool store_heard_put(struct store *s, const struct heard *h, struct fault *f) __attribute__((warn_unused_result));
typedef bool store_heard_fn(void *ctx, const struct heard *h); /* borrowed for the call */
bool store_heard_list(struct store *s, store_heard_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));

/* ---- the rhythm of each sender (nudge/rhythm.h); application: as conf_sender() names it ---- */
bool store_feed_put(struct store *s, const char *environment, const char *application, struct span rhythm, struct fault *f)
    __attribute__((warn_unused_result)); /* adds or replaces */
typedef bool store_feed_fn(void *ctx, const char *environment, const char *application, struct span rhythm); /* borrowed for the call */
bool store_feed_list(struct store *s, store_feed_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));

/* Small numbers by name ("tzdata"); 0 when never put. */
bool store_setting_get(struct store *s, const char *name, int64_t *value, struct fault *f) __attribute__((warn_unused_result));
bool store_setting_put(struct store *s, const char *name, int64_t value, struct fault *f) __attribute__((warn_unused_result));

/* ---- replies: what phones wrote, classified; their words are never kept ---- */
/* FOUND: this text from a phone was dealt with before; NONE: now it is known. */
enum store_found store_inbound(struct store *s, const uint8_t message[MARK_BYTES], int64_t now_s, struct fault *f);
bool store_forget_inbound(struct store *s, int64_t before_s, struct fault *f) __attribute__((warn_unused_result));

struct said_reply {
	int64_t at_s, site, appointment, generation; /* appointment 0: about none that is known */
	int64_t start_s;          /* the visit's, as it was then */
	enum reply what;
};
typedef bool store_reply_fn(void *ctx, const struct said_reply *r); /* false stops the walk */
bool store_reply_put(struct store *s, const struct said_reply *r, struct fault *f) __attribute__((warn_unused_result));
bool store_replies_of(struct store *s, int64_t appointment, store_reply_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result)); /* oldest first */

/* ---- responses: a text back to a phone that wrote. Its row among the texts has
 * the response's id in place of an appointment's ---- */
#define STORE_RESPONSES ((int64_t)1 << 50) /* the first id; no appointment comes so far */
static inline bool store_is_response(int64_t appointment) { return appointment >= STORE_RESPONSES; } /* Pure. */

struct response {
	int64_t id;               /* given by store_response_put() */
	int64_t at_s, site, appointment, start_s;
	enum text_kind kind;
	char organization[64], language[16];
	char phone[PHONE_MAX];    /* "" when the text has ended */
	int64_t erase_at_s;       /* the store's own */
	struct { int64_t appointment, start_s; } choice[SMS_CHOICES_MAX]; /* by code, from 1 */
	size_t choices_n;
};
bool store_response_put(struct store *s, struct response *r, struct fault *f) __attribute__((warn_unused_result)); /* adds */
enum store_found store_response_get(struct store *s, int64_t id, struct response *out, struct fault *f);
bool store_response_over(struct store *s, int64_t id, struct fault *f) __attribute__((warn_unused_result)); /* forgets the phone */
/* How many of each kind the phone got after from_s; two days back at most. */
bool store_responses_since(struct store *s, const char *organization, const char *phone, int64_t from_s, int64_t n[TEXT_KINDS],
    struct fault *f) __attribute__((warn_unused_result));
/* The last that offered visits to choose from. */
enum store_found store_choices_last(struct store *s, const char *organization, const char *phone, struct response *out,
    struct fault *f);

/* ---- after a restore: what the send journal knows and this store does not ---- */
struct restored {
	int64_t seq;              /* the journal's */
	uint8_t visit[MARK_BYTES];
	enum text_kind kind;
	char rule[48];
	int64_t start_s, at_s, segments;
	uint8_t fingerprint[16];
	char repeat_id[37];
};
bool store_restored_put(struct store *s, const struct restored *r, struct fault *f) __attribute__((warn_unused_result));
/* The oldest send that said what r->kind, rule, start_s and fingerprint of r->visit
 * say: fills the rest of *r, and forgets it and confirmations before it. */
enum store_found store_restored_take(struct store *s, struct restored *r, struct fault *f);
bool store_restored_any(struct store *s, bool *any, struct fault *f) __attribute__((warn_unused_result));
bool store_restored_forget(struct store *s, int64_t before_s, struct fault *f) __attribute__((warn_unused_result)); /* of visits before */
/* No appointment and no response gets an id up to these any more: the journal knows another by it. */
bool store_ids_after(struct store *s, int64_t appointment, int64_t response, struct fault *f) __attribute__((warn_unused_result));
/* A number that no other store has, the same for its whole life, backups included. */
bool store_house(struct store *s, int64_t *house, struct fault *f) __attribute__((warn_unused_result));

/* Why a phone is not texted, known by its mark: it opted out, or was called wrong. */
struct barred {
	bool refused;             /* called wrong */
	bool ended;               /* not any more; the rest is empty */
	char why[80];             /* struct optout's source; struct refused's cause */
	int64_t code;             /* struct refused's */
	int64_t at_s;
};
/* Told of each that begins or ends (but not of what is forgotten for its age), within its transaction. */
typedef void store_barred_fn(void *ctx, const char *organization, const uint8_t phone[MARK_BYTES], const struct barred *b);
void store_on_barred(struct store *s, store_barred_fn *fn, void *ctx);
/* All that there are. */
bool store_barred(struct store *s, store_barred_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));
/* As the journal has it. */
bool store_barred_restore(struct store *s, const char *organization, const uint8_t phone[MARK_BYTES], const struct barred *b, struct fault *f)
    __attribute__((warn_unused_result));

/* ---- another store key ----
 * What the store key wraps (the ring, day keys) is wrapped anew in the one
 * transaction that changes it: from its commit on the new key opens the store and
 * the old one does not. Who has the old one and an old copy still knows the day
 * keys, so every field is sealed anew, in portions, under day keys of this turn;
 * then those of earlier turns are destroyed, and the rotation is over. Opt-outs
 * get a new key of their own; older ones are kept and tried, for the numbers
 * behind their marks are not known. Other marks stay under their key. */
struct store_rotation {
	bool running;
	uint32_t key;             /* name of the store key that opens this store */
	int64_t turn;             /* 1: never rotated */
	int64_t began_s, ended_s; /* of the last; 0: none */
	int64_t sealed, unreadable; /* fields sealed anew; those that do not open, and stay so */
	int64_t place, after;     /* where it stands: an index into the sealed columns, a row */
	int64_t told_s;           /* when its end was said to have been told; 0: not yet */
	int percent;              /* near enough */
};
void store_rotation_look(const struct store *s, struct store_rotation *out);
/* Begins; within a transaction. FAULT_OPERATOR: it is the key already, or one is running. */
bool store_rotate(struct store *s, const uint8_t key[SEAL_KEY_BYTES], int64_t now_s, struct fault *f) __attribute__((warn_unused_result));
/* A portion; begins a transaction when there is something to write. *done: it is over. */
bool store_reseal(struct store *s, int64_t now_s, bool *done, struct fault *f) __attribute__((warn_unused_result));
/* Its end was told to whom it concerns; begins a transaction. */
bool store_rotation_told(struct store *s, int64_t now_s, struct fault *f) __attribute__((warn_unused_result));
/* The keys of opt-outs, wrapped by the store key, for the send journal: a store
 * that is put back must know them, or opt-outs since would mean nobody. */
#define STORE_WRAPPED (SEAL_KEY_BYTES + SEAL_OVERHEAD)
typedef void store_optout_key_fn(void *ctx, const char *name, const uint8_t wrapped[STORE_WRAPPED]);
bool store_optout_keys(struct store *s, store_optout_key_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));
/* Takes one from the journal. *known false: none of the store keys that were given opens it. */
bool store_optout_key_restore(struct store *s, const char *name, const uint8_t wrapped[STORE_WRAPPED], bool *known, struct fault *f)
    __attribute__((warn_unused_result));

/* ---- what an organization has used in a month; month: year * 12 + month - 1, UTC ---- */
struct store_usage {
	int64_t texts, segments;
	int64_t alarmed;          /* percent of monthly_limit at the last alarm; 0: none */
};
bool store_usage_get(struct store *s, const char *organization, int64_t month, struct store_usage *out, struct fault *f)
    __attribute__((warn_unused_result)); /* zeros when there is none */
bool store_usage_put(struct store *s, const char *organization, int64_t month, const struct store_usage *u, struct fault *f)
    __attribute__((warn_unused_result));

/* ---- quarantine ---- */
struct quarantined {
	int64_t id, sender, received_s, erase_at_s;
	char site[64];            /* title or "" */
	char environment[64];     /* of the sender; only store_quarantine_get() fills it */
	char reason[96];
	char segment[4];
	int64_t field;            /* 0: none */
	int64_t offset;           /* bytes from the message's start; -1: not known */
	char about[STORE_ID_MAX]; /* the appointment whose texts wait for it, or "" */
};
/* Seals and keeps a message until the day of erase_at_s is over; gives q->id when it is 0. */
bool store_quarantine_put(struct store *s, struct quarantined *q, struct span raw, struct fault *f) __attribute__((warn_unused_result));
/* The message itself, appended to *raw; wipe it. NONE also when its key is gone. */
enum store_found store_quarantine_get(struct store *s, int64_t id, struct quarantined *out, struct buf *raw, struct fault *f);
/* The first id above *after, in the order of arrival; site "" for all. */
enum store_found store_quarantine_next(struct store *s, const char *site, int64_t *after, struct fault *f);
bool store_quarantine_drop(struct store *s, int64_t id, struct fault *f) __attribute__((warn_unused_result)); /* Fine when it is not there. */
void store_quarantine_size(const struct store *s, int64_t *n, int64_t *bytes); /* Messages, bytes as sealed. */

/* ---- samples: the last messages of a site that is being learned ---- */
/* Seals one until the day of erase_at_s is over; the site keeps its last `keep`. */
bool store_sample_put(struct store *s, int64_t site, int64_t received_s, int64_t erase_at_s, size_t keep, struct span raw,
    struct fault *f) __attribute__((warn_unused_result));
/* The first above *after, appended to *raw (nothing when its key is gone); *after moves on. Wipe it. */
enum store_found store_sample_next(struct store *s, int64_t site, int64_t *after, struct buf *raw, struct fault *f);

/* ---- quarantine and samples, when the clock was wrong ----
 * Both are kept so long since they came. What came while nobody vouched for the
 * clock has the machine's start and by how much the clock was ahead of that
 * start's own; when it is another clock's turn, it is moved along with it. */
/* What is put from now on: boot 0: the clock is synchronised, and what comes stays where it is. */
void store_clock(struct store *s, int64_t boot, int64_t offset_s);
struct store_moving {
	int64_t keep_s[2];        /* since they came: quarantine, samples */
	int64_t boot, offset_s;   /* this start, and the clock that counts now */
	int64_t sound_s;          /* what time it is, if somebody vouches for it: nothing can have come later; else 0 */
	int place;                /* where it stands; begins with zeros */
	int64_t after;
};
/* A portion; begins a transaction when there is something to write. Nothing may be erased until *done. */
bool store_move_kept(struct store *s, struct store_moving *m, bool *done, struct fault *f) __attribute__((warn_unused_result));

/* ---- housekeeping, in small portions ---- */
/* Erases what has lapsed: sealed fields, marks, bodies, aliases; destroys day
 * keys without rows. At most `limit` rows; *n says how many. */
bool store_erase(struct store *s, int64_t now_s, size_t limit, size_t *n, struct fault *f) __attribute__((warn_unused_result));
int64_t store_next_erasure(struct store *s); /* seconds; not beyond the day (UTC) of the last one. A hint. */
/* The oldest messages that were answered, of before before_s; or after after_s, by a clock that was wrong: all behind would wait for that time. */
bool store_forget_seen(struct store *s, int64_t before_s, int64_t after_s, size_t limit, size_t *n, struct fault *f)
    __attribute__((warn_unused_result));
/* Counts of texts to a number on days before `day`; about `limit` rows are looked at. *done: none is left, and none
 * will be looked at again for this day. Begin with the same day until then. */
bool store_forget_caps(struct store *s, int64_t day, size_t limit, bool *done, struct fault *f) __attribute__((warn_unused_result));
/* Pages of the file that are free beyond what it soon needs again: an eighth of it, and 256 at least. */
int64_t store_spare(struct store *s);
/* Within a transaction: so many of them, at most, go back to the file system;
 * the file is shorter after a checkpoint. */
bool store_give_back(struct store *s, size_t pages, struct fault *f) __attribute__((warn_unused_result));
/* Outside a transaction. Moves the log into the database when it has 200 pages
 * or `scrub`; scrub also empties the log file, so that erased bytes leave it.
 * *done false: a reader was in the way, try again later. */
bool store_checkpoint(struct store *s, bool scrub, bool *done, struct fault *f) __attribute__((warn_unused_result));

/* ---- backup ---- */
struct backup;
/* A copy of all of it into a new file of mode 0600, made by the one that writes,
 * between transactions and in portions: what is written meanwhile is in it.
 * Refuses a file that is there. The store key is not in it. */
bool store_backup_begin(struct store *s, const char *path, struct backup **out, struct fault *f) __attribute__((warn_unused_result));
bool store_backup_step(struct backup *b, bool *done, struct fault *f) __attribute__((warn_unused_result)); /* a portion */
void store_backup_end(struct backup *b, bool keep); /* Removes the file unless keep. NULL is fine. Before store_close(). */

struct backup_seen {
	int64_t bytes, appointments, texts, optouts;
	int64_t journal;          /* how far it got in the send journal */
	int64_t sealed, unreadable; /* fields; those that do not open under their key */
};
/* Waits until it is on the disk, opens it, reads every page and opens every
 * sealed field. Any thread; takes its time. false: it is no good backup. */
bool store_backup_check(const char *path, const uint8_t *key, size_t old_keys_n, struct backup_seen *out, struct fault *f)
    __attribute__((warn_unused_result)); /* keys as in struct store_setup */

/* ---- readers ---- */
struct store_reader;
bool store_reader_open(const char *directory, struct store_reader **out, struct fault *f) __attribute__((warn_unused_result));
void store_reader_close(struct store_reader *r); /* NULL is fine. */

struct appointment_view { /* what may be shown without a key; borrowed for the call */
	int64_t id;
	const char *appointment_id, *site, *zone, *language;
	const char *continues, *continued_by; /* ids; or "" */
	int64_t patient_number;
	enum visit_status status;
	bool has_start, phone, left_site, patient_flag, erased, quarantined;
	bool deceased, news_death, news_phone, news_merge;
	int64_t start_s, arrived_at_s, news_at_s;
	enum reply replied;       /* REPLY_CONFIRM, REPLY_DECLINE as the visit is now; else 0 */
	int64_t replied_at_s;
	enum modality modality;
	const struct text *texts; /* oldest first */
	size_t texts_n;
};
typedef bool store_view_fn(void *ctx, const struct appointment_view *v);
/* id: "" for all. all: also those that are over. Short read transactions. */
bool store_read_appointments(struct store_reader *r, const char *site, const char *id, bool all, int64_t now_s,
    store_view_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));

/* Those of a phone by its mark, store_mark("phone"), that are not erased. */
bool store_read_of_phone(struct store_reader *r, const uint8_t phone[MARK_BYTES], int64_t now_s, store_view_fn *fn, void *ctx,
    struct fault *f) __attribute__((warn_unused_result));

/* What was said about an appointment, and what was said back, oldest first. */
bool store_read_replies_of(struct store_reader *r, int64_t appointment, store_reply_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result));
bool store_read_responses_of(struct store_reader *r, int64_t appointment, store_text_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result));

struct reply_row {
	const struct said_reply *said;
	const char *site, *environment, *appointment_id;
	bool open;                /* the visit still is as it was then, and nothing newer was said of it */
};
typedef bool store_reply_row_fn(void *ctx, const struct reply_row *row);
bool store_read_replies(struct store_reader *r, int64_t from_s, int64_t to_s, const char *site, int64_t now_s,
    store_reply_row_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result)); /* by time */

typedef bool store_optout_fn(void *ctx, const char *organization, const struct optout *o);
bool store_read_optouts(struct store_reader *r, store_optout_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result)); /* by time */

typedef bool store_refused_fn(void *ctx, const char *organization, const struct refused *r);
bool store_read_refused(struct store_reader *r, store_refused_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result)); /* by time */

/* The appointment's own id by the number of its row; false when it has none. */
bool store_read_id(struct store_reader *r, int64_t appointment, char out[STORE_ID_MAX]);

struct report_row { /* one text that was handed to the gateway */
	const struct text *text;
	const char *site, *environment, *appointment_id;
};
typedef bool store_report_fn(void *ctx, const struct report_row *row);
/* Texts ever armed, with first_sent_s in [from_s, to_s), by time. site: "" for all. */
bool store_read_report(struct store_reader *r, int64_t from_s, int64_t to_s, const char *site, store_report_fn *fn, void *ctx,
    struct fault *f) __attribute__((warn_unused_result));
/* Changes and cancellations planned in [from_s, to_s) that are held, or ended
 * without being told, and that no later text of the appointment took the place of; by start. */
bool store_read_untold(struct store_reader *r, int64_t from_s, int64_t to_s, const char *site, store_report_fn *fn, void *ctx,
    struct fault *f) __attribute__((warn_unused_result));

typedef bool store_approval_fn(void *ctx, const struct approval *a); /* borrowed for the call */
/* Every approval, by the title of its site. */
bool store_read_approvals(struct store_reader *r, store_approval_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));

typedef bool store_usage_fn(void *ctx, const char *organization, int64_t month, const struct store_usage *u);
/* By month; months as in store_usage_get(). */
bool store_read_usage(struct store_reader *r, int64_t from_month, int64_t to_month, store_usage_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result));

/* What the books say of one site and what its rows say, in one snapshot. */
struct states_view {
	int64_t site;
	const char *title;           /* "" when it has none; borrowed for the call */
	int64_t planned;             /* ever */
	int64_t tally[TEXT_STATES], rows[TEXT_STATES];
};
/* Promise 6: every state's books and rows agree, and together they are what was ever planned. Pure. */
bool states_add_up(const struct states_view *v);
typedef bool store_states_fn(void *ctx, const struct states_view *v);
/* The books alone: planned and tally of each site, at once. */
bool store_read_tally(struct store_reader *r, store_states_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));
/* Counts every row: seconds for millions of texts. */
bool store_read_states(struct store_reader *r, store_states_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));
typedef bool store_quarantine_fn(void *ctx, const struct quarantined *q);
bool store_read_quarantine(struct store_reader *r, store_quarantine_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));

#endif
