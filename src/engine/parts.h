/* engine/parts.h - what the files of the engine share; nobody else includes it.
 *
 *   engine.c   the turn itself: take, decide, commit, release
 *   message.c  a message is taken: sender, answered before, kind
 *   apply.c    its bookings become rows: which appointment, what it changes
 *   news.c     what is told of a patient beside the schedule reaches every open visit
 *   planned.c  the plan of one appointment, kept in the store
 *   quarantine.c  what could not be understood, and what waits for it
 *   replay.c   the same, asked for by an administrator: shown, read again, discarded
 *   pair.c     cancelled and booked again under another id: one visit
 *   history.c  what is still known of visits, for a rehearsal of other rules
 *   learning.c messages of a site that is being learned
 *   ahead.c    what is due next: wheel, look-ahead, re-planning, erasing
 *   lanes.c    numbers: who waits, how fast, is the gateway working
 *   send.c     a due text is looked at, armed, tried again
 *   merge.c    a patient's reminders of one day as one text
 *   limit.c    what an organization may send in a month
 *   outcome.c  what came of an attempt
 *   unknown.c  attempts of which nobody knows what came of them
 *   told.c     what the gateway told by itself: reports, its opt-outs
 *   reports.c  reports that must be asked for
 *   reply.c    a text from a phone: what it means, for which visit
 *   response.c what is said back
 *   phones.c   all texts of one phone
 *   refused.c  numbers that a gateway or a carrier called wrong
 *   optout.c   THE place where an opt-out begins and ends
 *   optlist.c  the gateway's list of opt-outs and ours, kept alike
 *   journalled.c what leaves, written beside the store too
 *   takeover.c what a restored store has forgotten and the journal has not
 *   command.c  what an administrator asked
 *   backup.c   a copy of the store while it works
 *   site.c     approval, hold and release of a site
 *   heard.c    the last message of each site
 *   ends.c     states that end because nothing more happens
 *   over.c     how far the report goes back, how large the store gets
 *   silence.c  senders that are silent when they usually speak
 *   flights.c  attempts that are out or wait for the next try
 */
#ifndef ENGINE_PARTS_H
#define ENGINE_PARTS_H

#include "nudge/engine.h"
#include "nudge/policy.h"
#include "nudge/rhythm.h"
#include "nudge/wheel.h"

#define LOOKAHEAD_S 86400
#define WHEEL_MAX (1u << 22)   /* entries; 64 MiB at most */
#define MESSAGES_A_TURN 512    /* so that no acknowledgement waits long */
#define LOOKS_A_TURN 512
#define LOAD_PORTION 20000
#define REPLAN_PORTION 200
#define ERASE_PORTION 200
#define CAP_PORTION 1000
#define CAP_KEEP_DAYS 8        /* a week is all that is ever asked for */
#define NEWS_PORTION 200       /* visits that messages beside the schedule reach in one turn */
#define FLIGHTS_MAX 1024
#define BREAKER_FAILURES 20     /* in a row, and within BREAKER_MS */
#define BREAKER_MS 30000
#define PROBE_MS 5000
#define RETRIES_AT_ONCE 64      /* of one number; one comes back a second, and one for five texts that were taken */
#define SILENCE_MS 90000       /* nudge-sender ends every attempt long before */
#define LIMITS_SAID 64
#define AHEAD_S 86400           /* a time beyond this was written by a clock that was wrong */
#define SEEN_KEEP_S (30 * 86400)
#define SAMPLE_KEEP_S (7 * 86400)

/* ---- flights ---- */
struct flight {
	int64_t text, attempt;
	int64_t wake_ms;      /* boot clock: next try, or when silence is taken for an answer */
	size_t lane;
	bool out;             /* an attempt is at nudge-sender */
	bool unsure;          /* some attempt may have been taken */
	bool offered;         /* the next attempt is no retry: its connection to nudge-sender was lost */
};

struct flights {
	struct flight item[FLIGHTS_MAX];
	size_t n, out_n;
};

struct flight *flights_find(struct flights *f, int64_t text);   /* NULL when not there. */
struct flight *flights_add(struct flights *f, int64_t text);    /* NULL when full. Not yet out. */
void flights_remove(struct flights *f, struct flight *x);       /* NULL is fine. x is stale afterwards. */

/* ---- lanes ---- */
struct waiting {
	int64_t expires_s, due_s, text;
};

struct line { /* the texts of one site that wait in a lane */
	int64_t site;         /* the store's id */
	struct waiting *heap; /* owned; earliest expiry first */
	size_t n, cap;
	int64_t served;       /* segments, of what went while others waited too */
};

struct lane { /* one sending number */
	char title[64];
	bool used;            /* the configuration has it */
	size_t pool;          /* whose bucket it takes from: names share their resource's */
	struct bucket bucket;
	struct line *lines;   /* owned */
	size_t lines_n, n;    /* n: texts in all of them */
	int64_t served;       /* of the line that went last: who comes new begins there */
	int64_t wants;        /* tokens that its first text needs, as far as known */
	int64_t failures;     /* in a row */
	int64_t failed_ms[BREAKER_FAILURES]; /* when; the last ones, in a ring */
	bool blocked;         /* breaker open, or refused */
	int64_t pause_until_ms;
	int64_t retry_milli, retry_ms; /* what is left for retries, and when that was */
	struct lane_before {  /* as the turn found it */
		struct bucket bucket;
		int64_t failures, failed_ms[BREAKER_FAILURES], pause_until_ms, retry_milli, retry_ms;
		bool blocked;
	} before;
};

struct lanes {
	struct lane *item;    /* owned */
	size_t n, first;      /* first: to be asked first */
};

/* ---- outputs: kept here until the commit ---- */
struct out_answer {
	struct message *message;
	struct answer answer;
};
struct out_job {
	int64_t text, attempt, not_after_s;
	bool first;           /* a fresh arming, not a further attempt */
	char gateway[64], path[96], to[PHONE_MAX];
	struct buf body;
};
struct out_ask {
	enum link_ask ask;
	int64_t text;
	char gateway[64], from[24], to[24], message_id[128];
};
#define ALARM_WHERE_MAX 260 /* two titles and the words of a rhythm */
struct out_alarm {
	const char *what;     /* literal */
	char where[ALARM_WHERE_MAX];
};

#define ALARMS_A_TURN 32
#define ASKS_A_TURN 256
#define JOBS_A_TURN LINK_CREDITS

struct outputs {
	struct out_answer answers[MESSAGES_A_TURN];
	size_t answers_n;
	struct out_job jobs[JOBS_A_TURN];
	size_t jobs_n;
	struct command *replies; /* last first */
	struct out_ask asks[ASKS_A_TURN];
	size_t asks_n;
	struct out_alarm alarms[ALARMS_A_TURN];
	size_t alarms_n;
	bool rotated;
};

struct site_state { /* parallel to conf.sites */
	int64_t id;           /* the store's */
	bool approved, may_send;
	int64_t held_s;       /* a person holds it since; 0: not held */
	char held_by[64];
	size_t lane;          /* SIZE_MAX: no number */
	int64_t storm_from_s, storm_n;
	bool storm;
	struct { int64_t from_s, n; bool storm; } before; /* as the turn found it */
};

struct heard_now {
	struct heard is;
	bool kept;            /* the store has it */
};

struct feed { /* a sender that is missed when it is silent */
	char environment[64], application[64];
	struct rhythm_clock clock; /* borrowed from the rules */
	int64_t silence_s;
	struct rhythm rhythm;
	int64_t heard_n, heard_s; /* messages of the turn that is on, and when; counted once it is committed */
	bool told, told_before;   /* that it is silent; as the turn found it */
};

struct sender_known {
	char environment[64], msh3[ACK_FIELD_MAX], msh4[ACK_FIELD_MAX];
	int64_t id;
};

struct news_cursor { /* how far a message beside the schedule has come; begins as {0} */
	size_t entry, id;
	int64_t after;
};

/* The gateway's list of opt-outs and ours: whose phones are asked for. */
enum comparing { COMPARING_NOBODY, COMPARING_SOON, COMPARING_ALL };

/* What a turn may change in memory only, as it was at its beginning. */
struct before {
	struct engine_status count;
	struct flights flights;
	size_t alarms_n;
	int64_t credits;
	bool sender_connected, replanning, lifts_asked, restored, journal_held, store_full, moving;
	enum comparing comparing;
	int64_t replan_after, held_looked_s, forgot_s, quarantine_full_s, reports_pace_ms;
	uint8_t compared[MARK_BYTES];
	int64_t compared_span, compared_text, compared_until_s, compared_ms, clock_noted_s;
	struct limit_said { char organization[64]; int64_t percent; } limits[LIMITS_SAID];
	struct site_state *sites; /* owned: what this turn replaced; NULL: nothing */
	struct rules *rules;      /* a hold; as sites */
};

struct engine {
	struct engine_setup setup;
	struct store *store;
	struct rules *rules;
	struct site_state *sites; /* owned */
	struct lanes lanes;
	struct flights flights;
	struct wheel *wheel;
	struct sender_known senders[32];
	size_t senders_n;

	struct now now;           /* of this turn */
	bool synchronised;
	int64_t clock_offset_ms;  /* wall - boot, as it was last trusted */
	bool clock_held;          /* it stepped: now.wall_ms goes on as before */
	int64_t clock_said_ms;    /* held: what the clock itself says */
	int64_t clock_noted_s;    /* when it was last written down */
	bool clock_changed, clock_back; /* since the last commit: it is another; it was set back */
	bool moving;              /* messages that came under another clock are looked for, from here: */
	int moving_place;
	int64_t moving_at;

	int64_t journal_numbered, journal_numbering; /* as the store has it; as it will when this turn is committed */
	struct { struct command *command; struct backup *copy; } backup; /* NULL: none is being made */
	bool journal_busy;        /* it could not be written: nothing leaves */
	bool journal_held;        /* it is missing: sends wait for a person */
	bool restored;            /* sends are known of appointments that are not */

	bool sender_connected;
	int64_t credits;

	/* look-ahead: pending texts with due < horizon_s are in the wheel, or will
	 * be when the load that is under way ends */
	bool loading;
	struct store_cursor load_cursor;
	int64_t load_from_s, horizon_s;
	bool overflow;

	bool replanning;
	int64_t replan_after;
	struct news_cursor news_at; /* of the message at the head of the list */
	size_t news_left;         /* visits that they may reach in this turn */
	int64_t replay_s, replay_id; /* a message of before is read again: when it came, its number; 0: none */
	int64_t quarantine_full_s; /* for want of room its oldest went then, and it was told; 0: there is room */
	struct limit_said limits[LIMITS_SAID]; /* of monthly_limit, as it was told */
	int64_t ends_ms;          /* boot clock: look again what has ended */
	enum space { SPACE_ENOUGH, SPACE_LOW, SPACE_SHED, SPACE_STOP } space;
	int64_t free_bytes;       /* 0: not known */
	int64_t over_ms;          /* boot clock: look again for what is too old to be reported */
	bool store_full;          /* larger than store_max, and told */
	int64_t spare_ms;         /* boot clock: look again for what the store can give back */
	int64_t held_looked_s;
	enum comparing comparing; /* opt-outs with the gateway's */
	bool lifts_asked;         /* on this connection of nudge-sender it was seen whether an opt-out's end is still to be told */
	uint8_t compared[MARK_BYTES];                    /* every phone: after this one */
	int64_t compared_span, compared_until_s, compared_text; /* who is texted soon: this span of STORE_DUE_SPAN_S, after this text */
	int64_t compared_ms;
	bool rotation_told;       /* its end, to the outlet; not undone */
	bool scrub_wanted;
	int64_t scrubbed_ms, forgot_s;

	int64_t reports_next_s;   /* the first report to ask for; 0: look */
	int64_t reports_pace_ms;  /* boot clock: not before */
	struct heard_now *heard; /* owned; the sites, then the environments */
	size_t heard_n;
	int64_t heard_kept_ms, heard_last_ms;
	struct feed *feeds;       /* owned */
	size_t feeds_n, feeds_at; /* feeds_at: where storing goes on */
	bool feeds_touched;       /* one was heard or told since the turn began */
	int64_t feeds_looked_s;

	struct queue_link *messages, *events; /* not yet taken */
	struct queue_link *done_events;       /* applied in this turn; freed when it is committed */
	struct outputs out;
	struct plan plan;
	struct plan_known known[PLAN_KNOWN_MAX];
	struct buf scratch;
	struct engine_status count;
	struct before before;
};

void undo_note(struct engine *e);      /* A turn begins. */
void undo_forget(struct engine *e);    /* It is committed. */
/* Takes sites over, and rules too unless NULL; what was there before is kept until the turn is committed. */
void undo_keep(struct engine *e, struct site_state *sites, struct rules *rules);
/* The turn failed: store and memory are as before it, whatever gave it something may give it again. false: no memory. */
bool undo(struct engine *e);
void engine_append(struct queue_link **list, struct queue_link *more);

/* All of these work inside the turn; false puts why into *f and ends the turn. */
bool apply_bookings(struct engine *e, const struct message *m, int64_t sender, struct fault *f);
/* whole: in this turn, however much it is. *done false: go on with it in the next turn; it is not answered yet. */
bool apply_message(struct engine *e, struct message *m, bool whole, struct answer *a, bool *done, struct fault *f);
bool news_finds(struct engine *e, const struct message *m, bool *any, struct fault *f); /* Some visit is known of whom it tells. */
/* whole: all of it now; else until *done, at most news_left visits. */
bool news_apply(struct engine *e, const struct message *m, struct news_cursor *at, bool whole, bool *done, struct fault *f);
bool apply_quarantine(struct engine *e, const struct message *m, int64_t sender, struct fault *f);
bool quarantine_release(struct engine *e, size_t known_n, struct fault *f); /* of the first known_n of e->known */
bool learning_keep(struct engine *e, const struct message *m, struct fault *f); /* when its site is being learned */
bool learning_tell(struct engine *e, struct command *c, struct fault *f);
bool history_tell(struct engine *e, struct command *c, struct fault *f);
bool quarantine_settled(struct engine *e, const struct quarantined *q, struct fault *f); /* dropped; what it held goes on */
bool quarantine_shed(struct engine *e, bool *more, struct fault *f); /* a portion of what is beyond that goes */
/* Which time it is. open: as the engine starts, its transaction begun; take: as a turn begins; keep: within it. */
bool timing_open(struct engine *e, struct fault *f);
void timing_take(struct engine *e, const struct turn_input *in);
bool timing_keep(struct engine *e, struct fault *f);
bool timing_believes(const struct engine *e, int64_t at_s); /* what is stored was written then; false: by a clock that was ahead, nobody knows when */
void timing_release(struct engine *e);      /* a person says that the clock is right */
bool timing_move_kept(struct engine *e, struct fault *f); /* a portion of e->moving */
struct now timing_of(const struct engine *e, const struct now *now);
/* Room on the disk: looked at as a turn begins, with an alarm when a state begins and a note when it ends. */
void space_look(struct engine *e, int64_t free_bytes);
const char *space_name(enum space s);
bool space_give_back(struct engine *e, bool *more, struct fault *f); /* what the store has free and will not need soon, in portions */
void space_silence(struct engine *e); /* nobody who waits is answered: their connections close */
void ends_storm(struct engine *e, size_t site); /* when there is one */
bool ends_look(struct engine *e, struct fault *f); /* states that ended because nothing more happened */
bool over_portion(struct engine *e, struct fault *f); /* what is too old, or too much, to be reported */
bool quarantine_expire(struct engine *e, bool *more, struct fault *f); /* held texts whose time is over */
bool replay_show(struct engine *e, struct command *c, struct fault *f);
bool replay_again(struct engine *e, struct command *c, struct fault *f);
bool replay_discard(struct engine *e, struct command *c, struct fault *f);
bool apply_plan(struct engine *e, struct appointment *a, bool is_new, bool new_phone, bool reminders_only, struct fault *f);
/* After the plan of *a, which a message changed from what it was *before (NULL: it is new): finds or
 * parts its pair, and plans both again. The caller puts *a. */
bool pair_look(struct engine *e, struct appointment *a, const struct appointment *before, struct fault *f);
bool pair_had_its_turn(struct engine *e, const struct appointment *a, struct fault *f); /* A confirmation of *a left, or ended. */
bool apply_again(struct engine *e, int64_t appointment, struct fault *f); /* Plans it by what was told; unless it is erased, or a response. */
bool apply_final(struct engine *e, int64_t appointment, struct fault *f); /* A text ended: what is canceled and has none left is erased. */

bool ahead_advance(struct engine *e, struct fault *f);       /* fires what is due into the lanes */
bool ahead_portion(struct engine *e, bool *more, struct fault *f); /* loading, re-planning, erasing: a little of each */
void ahead_note(struct engine *e, int64_t text, int64_t due_s); /* a pending row was written */
void ahead_restart(struct engine *e);                        /* forget the wheel, load anew */
int64_t ahead_mark(const struct rules *r);                   /* which rules they are */
bool ahead_replan(struct engine *e, const struct rules *r, struct fault *f); /* begins, within the transaction that brings the rules */

bool lanes_build(struct engine *e, const struct rules *r);   /* false: no memory */
bool lanes_push(struct engine *e, size_t lane, const struct text *t); /* false: no memory */
bool lanes_pop(struct lane *l, int64_t now_s, struct waiting *out); /* What has expired, else the earliest of the site that had least. */
void lanes_empty(struct lane *l);
int64_t lanes_earliest(const struct lane *l); /* expires_s of what expires first; INT64_MAX: nothing waits */
void lanes_served(struct lane *l, int64_t site, int64_t segments);
struct bucket *lane_bucket(struct engine *e, const struct lane *l);
bool lane_may_retry(struct engine *e, struct lane *l); /* takes nothing */
void lane_retried(struct lane *l);
void lane_probes(struct engine *e, struct lane *l);          /* its next text leaves: behind an open breaker that is the probe */
void lane_worked(struct engine *e, struct lane *l);
enum lane_trouble { LANE_SILENT, LANE_REFUSED, LANE_NOT_TRIED };
void lane_failed(struct engine *e, struct lane *l, enum lane_trouble trouble);
void lanes_free(struct lanes *l);

void send_alarm_untold(struct engine *e, const struct text *t); /* when it is a change or cancellation: a person must call */
/* What is known about a text at the moment of looking at it. */
struct look {
	struct text t;
	struct appointment a;         /* of a response: made up from *response */
	struct response response;     /* id 0: it is none */
	const struct conf_site *site; /* NULL: gone */
	const struct site_rules *rules;
};
struct patient_zones patient_of(const struct engine *e, const struct conf_site *s, const struct appointment *a); /* s NULL: none */
bool clocks_differ(const struct engine *e, const struct look *l); /* one of where the patient may live, from the clinic's, when the visit begins */
bool send_gates(struct engine *e, int64_t text, struct look *l, struct gate_result *r, bool *there, struct fault *f); /* all of them, caps too */

/* What one reminder says of other visits of its day, besides its own. */
struct merged {
	int64_t text[SMS_OTHERS_MAX], start_s[SMS_OTHERS_MAX]; /* by start */
	size_t n;
};
bool merge_find(struct engine *e, const struct look *carrier, struct merged *m, struct fault *f); /* n 0: none, or not wanted */
void merge_values(const struct merged *m, struct sms_values *v);                  /* start_s and the others, in the day's order */
bool merge_hold(struct engine *e, const struct merged *m, int64_t carrier, struct fault *f); /* armed: they wait for what comes of it */
bool merge_stands(struct engine *e, const struct text *carrier, bool *stands, struct fault *f); /* all are as they were said */
bool merge_settle(struct engine *e, const struct text *carrier, struct fault *f); /* told: they end; else they go on alone */

bool send_allowed(const struct engine *e);                   /* nudge-sender, credit, clock and room for one more attempt */
bool send_look(struct engine *e, int64_t text, bool *stop, struct fault *f); /* one pending text; stop: its lane can take no more now */
bool send_due(struct engine *e, bool *more, struct fault *f);
bool send_retries(struct engine *e, struct fault *f);

int64_t limit_month(int64_t at_s);
bool limit_ask(struct engine *e, const struct conf_site *s, int64_t segments, bool *within, bool *hold, struct fault *f);
bool limit_full(struct engine *e, const struct conf_site *s, struct fault *f);         /* A text is held: alarms once a month. */
bool limit_use(struct engine *e, const struct text *t, int64_t texts, struct fault *f); /* texts: 1 armed, -1 certainly not taken */
bool limit_release(struct engine *e, bool *more, struct fault *f);                      /* What it holds and there is room for again; *more: a portion of it. */
bool limit_status(struct engine *e, struct engine_status *out, struct fault *f);

bool outcome_apply(struct engine *e, const struct sender_event *ev, struct fault *f);
bool outcome_close(struct engine *e, struct text *t, bool unsure, enum text_reason why, struct fault *f); /* an attempt's row goes no further with this id */
bool outcome_settle(struct engine *e, struct text *t, struct fault *f); /* nothing is under way for it any more */
/* The gateway took it, as is known only now; whatever became of it since, it is `next`, and does not go again. */
bool outcome_taken(struct engine *e, struct text *t, enum text_state next, int64_t sent_s, struct fault *f);
void outcome_sender(struct engine *e, const struct sender_event *ev); /* connected, lost */
bool journalled_open(struct engine *e, struct fault *f);
bool journalled_armed(struct engine *e, const struct text *t, const struct appointment *about, const struct merged *m, struct fault *f); /* about NULL: a response */
void journalled_ended(struct engine *e, const struct text *t, bool taken);
bool journalled_number(struct engine *e, struct fault *f);   /* before the commit */
bool journalled_write(struct engine *e, struct fault *f);    /* after it; false: its jobs stay here */
void journalled_keep_back(struct engine *e);
bool journalled_release(struct engine *e, struct fault *f);
bool journalled_told(struct engine *e, struct look *l, bool *told, struct fault *f); /* told: it is marked as sent */
bool journalled_forget(struct engine *e, struct fault *f);
/* An appointment and its patient, by what they are called outside. */
bool journalled_visit(struct engine *e, const struct appointment *a, const struct conf_site *s, uint8_t out[MARK_BYTES], struct fault *f);
bool journalled_sending(struct engine *e, struct text **out, size_t *n, struct fault *f); /* All that are armed; the caller frees. */

bool journalled_keys(struct engine *e, struct fault *f);     /* those of opt-outs, as they are now */
/* Another store key: begun; a portion of what is sealed; told after the commit that ends it. */
bool rotate_begin(struct engine *e, struct command *c, struct fault *f);
bool rotate_portion(struct engine *e, bool *more, struct fault *f);
void rotate_release(struct engine *e, bool committed);
void backup_begin(struct engine *e, struct command *c); /* c is the newest of out.replies */
bool backup_portion(struct engine *e);                   /* Outside a transaction. true: there is more to copy. */
void backup_drop(struct engine *e);                      /* At the end: nobody waits for the answer any more. */

bool takeover(struct engine *e, struct fault *f); /* Marks what was sent since, in the transaction of the start. */
bool takeover_phones(struct engine *e, struct fault *f); /* No more than who is not to be texted. */
void takeover_sent(struct text *t, const char *repeat_id, int64_t at_s, int64_t segments);

int64_t window_of(const struct engine *e, const struct text *t); /* seconds in which its gateway recognises a repetition */
bool unknown_begins(struct engine *e, struct text *t, enum text_reason why, struct fault *f); /* by the site's policy: at once, or after a wait for a report */
bool unknown_decide(struct engine *e, bool *more, struct fault *f);                  /* those whose wait is over */
bool unknown_count(struct engine *e, int64_t site, int64_t n[TEXT_KINDS], struct fault *f); /* added: those that wait for a person */
bool unknown_release(struct engine *e, int64_t site, bool send, struct command *c, struct fault *f);
bool told_apply(struct engine *e, const struct sender_event *ev, struct fault *f);
bool reports_expect(struct engine *e, const struct text *t, struct fault *f); /* the gateway took it */
bool reports_ask(struct engine *e, struct fault *f);          /* those that are due; a little of it */
int64_t reports_sleep_ms(const struct engine *e, const struct now *now); /* INT64_MAX: not needed */

bool reply_apply(struct engine *e, const struct sender_event *ev, struct fault *f);

bool response_plan(struct engine *e, struct response *r, struct fault *f); /* Unless the phone got enough of its kind today. */
bool response_final(struct engine *e, int64_t id, struct fault *f);        /* Its text ended: the phone is forgotten. */
void response_look(const struct response *r, struct appointment *a); /* as send.c looks at a visit */
void response_values(const struct engine *e, const struct response *r, struct sms_values *v);

/* A row that waits says why it would not go. *seen: of this phone, so that it is looked up once for all its rows; begins with zeros. */
struct phone_seen { bool looked; enum text_reason why; };
bool phone_pending(struct engine *e, const struct appointment *a, struct phone_seen *seen, struct text *t, struct fault *f);
bool phone_another(struct engine *e, const struct appointment *a, struct fault *f);   /* the same for all that wait, for another phone */
/* What waits for the phone for the reason `from` (NONE: whatever) has the reason `to`. */
bool phone_note(struct engine *e, const char *organization, const char *phone, enum text_reason from, enum text_reason to, struct fault *f);
bool phone_of_text(struct engine *e, const struct text *t, char out[PHONE_MAX], struct fault *f); /* it went to; "" when that is not known any more. Wipe it. */

bool refused_is(struct engine *e, const struct conf_organization *o, const char *phone, bool *is, struct fault *f); /* called wrong, and remembered */
bool refused_lasts(const struct engine *e, const struct conf_organization *o, int64_t at_s); /* what was called wrong then is remembered */
bool refused_of_text(struct engine *e, const struct text *t, struct fault *f);        /* it failed: of its number's fault, by t->code? */
bool refused_arrived(struct engine *e, const struct text *t, struct fault *f);        /* it was delivered: the number is right */
bool refused_wrote(struct engine *e, const struct conf_organization *o, const char *phone, struct fault *f); /* so it is when the phone writes */
bool refused_visit(struct engine *e, const struct appointment *a, struct fault *f);   /* onto the list of what a person must do, once */
bool refused_forget(struct engine *e, struct fault *f);                               /* what is remembered long enough */
bool refused_command(struct engine *e, struct command *c, struct fault *f);

/* An opt-out, from `source` as in struct optout. A weaker source never takes the
 * place of a stronger one. *changed: it was not there. */
bool optout_begin(struct engine *e, const char *organization, const char *phone, const char *source, int64_t at_s, bool *changed,
    struct fault *f);
bool optout_end(struct engine *e, const char *organization, const char *phone, struct fault *f);
bool optout_lift(struct engine *e, const char *organization, const char *phone, struct fault *f); /* ends it, here and at the gateway */
bool optout_told(struct engine *e, const struct sender_event *ev, struct fault *f);      /* EVENT_OPTOUT */
bool optout_of_text(struct engine *e, const struct text *t, struct fault *f);             /* the gateway says that its phone opted out */
bool optout_command(struct engine *e, struct command *c, struct fault *f);
void optout_compare(struct engine *e);                                                     /* begins: every phone that a visit has */
bool optout_nightly(struct engine *e, struct fault *f);                                   /* Once a minute: begins the night's comparing. */
bool optout_portion(struct engine *e, struct fault *f);                                   /* comparing with the gateway's list, a little at a time */
void optout_push(struct engine *e, const char *organization, const char *phone, enum link_ask ask); /* to all numbers of it */
bool same_sender(const char *a, const char *b);                                           /* with or without + */

bool told_ask(struct engine *e, const struct link_question *q); /* leaves after the commit; false: too many in this turn, ask later */

bool heard_build(struct engine *e, const struct rules *r, bool stored, struct fault *f); /* stored: also what the store knows of sites that are new here */
void heard_note(struct engine *e, const struct message *m);
bool heard_keep(struct engine *e, struct fault *f);           /* into the store, not more often than need be */
void heard_tell(const struct engine *e, struct command *c);
bool silence_build(struct engine *e, const struct rules *r, struct fault *f); /* who was not there before: from the store */
void silence_hear(struct engine *e, const struct message *m);
bool silence_look(struct engine *e, struct fault *f);         /* alarms; and into the store, once an hour */
void silence_note(struct engine *e);    /* A turn begins: the one before it is committed, */
void silence_go_back(struct engine *e); /* or, at its end: it has not happened. */
bool silence_status(const struct engine *e, struct engine_status *out, struct fault *f); /* false: no memory */
bool heard_any(const struct engine *e, const char *environment, struct heard *out); /* the last of an environment, whatever became of it */

bool site_approve(struct engine *e, struct command *c, struct fault *f);
bool site_hold(struct engine *e, struct command *c, struct fault *f);
bool site_release(struct engine *e, struct command *c, struct fault *f);
bool command_rules(struct engine *e, struct command *c, struct fault *f); /* takes c->rules over */
bool command_sites_again(struct engine *e, struct fault *f);  /* e->sites, from the store */
bool command_apply(struct engine *e, struct command *c, struct fault *f);
bool command_sites(struct engine *e, struct rules *r, struct site_state **out, struct fault *f); /* what the store knows of each site */

void engine_alarm(struct engine *e, const char *what, const char *where); /* what: literal */
const struct conf_organization *engine_organization(const struct engine *e, const char *title); /* NULL when not configured */
const struct conf_site *engine_site(const struct engine *e, int64_t site); /* by the store's id; NULL when not configured */

#endif
