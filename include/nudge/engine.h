/* nudge/engine.h - the turn: take everything that has arrived, one transaction,
 * commit, release.
 *
 * One engine is the single writer of all state and belongs to one thread. Time,
 * randomness, store and outlets are given to it, so a test drives it with a
 * made-up clock and no threads. Outputs are kept in the turn and handed to the
 * outlet by engine_turn() after its commit (promises 1 and 3). Beside it only
 * engine_end() reaches the outlet, and what it says is that nothing was done.
 */
#ifndef NUDGE_ENGINE_H
#define NUDGE_ENGINE_H

#include "nudge/answer.h"
#include "nudge/booking.h"
#include "nudge/clock.h"
#include "nudge/history.h"
#include "nudge/journal.h"
#include "nudge/link.h"
#include "nudge/policy.h"
#include "nudge/rhythm.h"
#include "nudge/store.h"

struct engine;

enum command_kind {
	COMMAND_STATUS,   /* fills status */
	COMMAND_RULES,    /* takes `rules` over: the configuration swaps between turns */
	COMMAND_APPROVE,  /* site, who; rules as COMMAND_RULES: what is in force with it; NULL: what is now */
	COMMAND_RELEASE_CLOCK,
	COMMAND_RELEASE_JOURNAL,
	COMMAND_ROTATE,   /* key: of the store from now on; answered when it is, before all is sealed anew */
	COMMAND_BACKUP,   /* path; answered when the copy is made: it still has to be looked at */
	COMMAND_RELEASE_SITE, /* site, release: what the storm brake or a hold keeps; fills counts, more */
	COMMAND_HOLD_SITE,    /* site, who: its texts are held when they are due */
	COMMAND_HEARD,        /* site, environment: fills heard, heard_any */
	COMMAND_OPTOUT_ADD, COMMAND_OPTOUT_REMOVE, /* organization, phone, who; reconsent: lifts a handset's too */
	COMMAND_REFUSED_FIND,       /* organization, phone; fills refused */
	COMMAND_REFUSED_RELEASE,    /* organization, phone: may be texted again; says changed */
	COMMAND_OPTOUT_FIND,        /* organization, phone; fills optout */
	COMMAND_OPTOUT_COMPARE,     /* with the gateway's list, now */
	COMMAND_PHONE_MARK,         /* phone, E.164; fills mark */
	COMMAND_QUARANTINE_SHOW,    /* id; fills quarantined and raw */
	COMMAND_QUARANTINE_REPLAY,  /* id; or all of `site` above id; fills results, more */
	COMMAND_QUARANTINE_DISCARD, /* id */
	COMMAND_LEARN,              /* site; fills raw with the proposal */
	COMMAND_HISTORY             /* history, id: rows above it; fills history, id, more */
};

struct replay_result {
	int64_t id;
	enum { REPLAY_APPLIED, REPLAY_IGNORED, REPLAY_STAYS } what;
	const char *why;         /* literal */
	char segment[4];         /* REPLAY_STAYS: where it still fails */
	int field;
};

struct limit_status { /* one organization in the calendar month (UTC) that is now */
	char organization[64];
	int64_t month;           /* year * 12 + month - 1 */
	int64_t texts, used;     /* texts handed to the gateway, their segments */
	int64_t limit;           /* segments; 0: none */
	bool hold;               /* on_limit */
};

struct feed_status { /* one sender of a production environment */
	char environment[64], application[64];
	int64_t last_s;          /* its last message; 0: none yet */
	bool learned;            /* its rhythm is known */
	bool silent;
	char why[RHYTHM_TEXT_MAX]; /* silent: what is usual, and since when there is nothing */
};

struct engine_status {
	int64_t messages_accepted, messages_duplicate, messages_ignored, messages_quarantined, messages_refused;
	int64_t control_id_reused;
	int64_t news_visits;     /* visits that a message about a patient (ADT) reached */
	int64_t news_older;      /* and that had newer word of the patient */
	int64_t news_nobody;     /* such messages of which no visit is known */
	struct { const char *what; int64_t n; } noted[16]; /* what messages had besides: literals; those used come first */
	int64_t quarantine_kept, quarantine_bytes, quarantine_dropped;
	int64_t texts[TEXT_STATES];
	int64_t oldest_due_s;    /* of a text that is due and not sent; 0: none */
	int64_t backlog;         /* texts due and waiting */
	int64_t in_flight;
	int64_t unknown_dropped, unknown_resent, unknown_held; /* what the policy made of unknown outcomes, since the start */
	bool sender_connected, journal_held, clock_held, clock_synchronised, store_busy;
	int64_t free_bytes;      /* as the turn was told */
	const char *space;       /* "enough", "low", "shedding" or "stopped" (disk_warn, disk_shed, disk_stop) */
	int64_t lanes_blocked;   /* numbers whose gateway refuses or fails */
	int64_t turns, commits;
	struct store_rotation rotation; /* of the store key */
	/* Lists, from here on: made when they are asked for. What a turn counts, and undo() puts back, stands before them. */
	size_t sites_n, feeds_n, limits_n;
	struct { char title[64]; bool approved, needs_approval; const char *silent; int64_t held_s; char held_by[64]; } sites[1000]; /* silent: literal or NULL */
	struct feed_status *feeds; /* owned; see engine_status_clear() */
	struct limit_status limits[100];
};

/* Frees what it owns, which is of another COMMAND_STATUS then. */
void engine_status_clear(struct engine_status *s);

/* Something for the engine that is no message. Owned by the giver again after
 * the outlet's reply(). */
struct command {
	struct queue_link link;
	enum command_kind kind;
	char site[64], organization[64], who[64], phone[PHONE_MAX];
	int64_t uid;                 /* of who */
	enum { RELEASE_COUNT, RELEASE_SEND, RELEASE_DROP } release;
	int64_t counts[TEXT_KINDS];  /* COMMAND_RELEASE_SITE: texts held, by kind */
	uint8_t mark[MARK_BYTES];    /* COMMAND_PHONE_MARK */
	struct { bool given; char who[64], said[32], how[160]; } reconsent; /* COMMAND_OPTOUT_REMOVE */
	struct optout optout;        /* source "": not opted out */
	struct refused refused;      /* cause "": not refused */
	bool changed;                /* COMMAND_OPTOUT_*, _REFUSED_*: it was otherwise before */
	char environment[64];        /* COMMAND_HEARD */
	struct heard heard, heard_any; /* the last of the site, and the last of its environment whatever became of it */
	struct rules *rules;         /* COMMAND_RULES: one hold, taken over when ok */
	struct engine_status status;
	int64_t id;                  /* of a message in quarantine */
	bool all, more;              /* more: not all could be taken in one turn; ask again from the last id */
	struct quarantined quarantined;
	struct buf raw;              /* the message; wiped by command_free() */
	struct history *history;    /* from malloc; owned */
	struct replay_result *results; /* from malloc */
	size_t results_n;
	uint8_t key[SEAL_KEY_BYTES]; /* COMMAND_ROTATE; wiped by command_free() */
	char path[1024];             /* COMMAND_BACKUP */
	struct backup_seen seen;     /* COMMAND_BACKUP: by whoever looked at the copy */
	bool looked;
	bool ok;
	struct fault fault;          /* when not ok */
	void *owner;                 /* the giver's */
};

/* Frees one that came from malloc, and what it carries. NULL is fine. */
void command_free(struct command *c);

/* What came over the link to nudge-sender. From malloc, owned by the engine
 * once given. */
struct sender_event {
	struct queue_link link;
	enum { SENDER_CONNECTED, SENDER_LOST, SENDER_OUTCOME, SENDER_EVENT } what;
	int64_t credits;             /* SENDER_CONNECTED */
	int64_t text, attempt;       /* SENDER_OUTCOME; SENDER_EVENT: text only */
	enum outcome outcome;
	int64_t http_status, retry_after_ms;
	char message_id[128], code[32], trace[104];
	/* SENDER_EVENT: what the gateway told by itself, see struct link_event */
	int64_t event, at_s, number; /* number: the gateway's code */
	enum gateway_event told;
	enum delivery delivery;
	char gateway[64], from[24], to[24], status[32];
	bool opted_out;
	char *words;                 /* EVENT_INBOUND: from malloc, owned by the event; else NULL */
};

/* Frees one that came from malloc, its words wiped. The engine does so with what it was given. */
void sender_event_free(struct sender_event *ev);

/* Where decisions go, after their commit only. Called on the engine's thread. */
struct outlet {
	void *ctx;
	void (*answer)(void *ctx, struct message *m, const struct answer *a); /* gives the message back */
	void (*answered)(void *ctx);                                          /* some were given back, and others will not follow at once; may be NULL */
	void (*job)(void *ctx, const struct link_job *j);                     /* borrowed for the call */
	void (*taken)(void *ctx, int64_t event);                              /* its effects are committed: the source may delete it */
	void (*ask)(void *ctx, const struct link_question *q);                /* borrowed for the call */
	void (*reply)(void *ctx, struct command *c);                          /* gives the command back */
	void (*alarm)(void *ctx, const char *what, const char *where);        /* literals and titles; a state began */
	bool (*rotated)(void *ctx, const struct store_rotation *r);           /* the old store key opens nothing any more; false, or death just then: it comes again; may be NULL */
};

struct compose { /* for engine_setup.compose; all borrowed */
	const struct conf_gateway *gateway;
	const char *from, *to, *repeat_id, *first_sent, *tag;
	struct span text;
};

struct engine_setup {
	struct store *store;          /* borrowed; the engine is its only user */
	struct rules *rules;          /* one hold, taken over */
	struct outlet outlet;
	/* Builds the gateway's request: path (literal or static) and body. Pure. */
	bool (*compose)(const struct compose *c, char *path, size_t path_cap, struct buf *body);
	bool (*random)(void *ctx, void *out, size_t n); /* unpredictable bytes; a test gives its own */
	void *random_ctx;
	char boot_id[37];
	struct now now;
	struct journal *journal;      /* borrowed; NULL: none is kept */
	enum journal_state journal_state;
};

/* Reads what start-up needs and nothing more, whatever is pending (promise 11).
 * Owned by the caller. */
bool engine_new(const struct engine_setup *s, struct engine **out, struct fault *f) __attribute__((warn_unused_result));
void engine_free(struct engine *e); /* NULL is fine; closes nothing it was lent. */

struct turn_input { /* lists linked by `link`, oldest first; the engine takes all of them over */
	struct queue_link *messages; /* struct message */
	struct queue_link *events;   /* struct sender_event, from malloc */
	struct queue_link *commands; /* struct command */
	struct now now;
	bool clock_synchronised;
	int64_t free_bytes;          /* of the disk that has least; 0: not known */
};

enum turn_result {
	TURN_DONE,
	TURN_MORE,   /* more is waiting: turn again at once */
	TURN_BUSY,   /* could not store: messages were not answered, the rest is kept; turn again in a second */
	TURN_BROKEN  /* end the process without another answer: *f says why */
};
enum turn_result engine_turn(struct engine *e, const struct turn_input *in, struct fault *f);

/* The last word, outside of a turn: what was given and not taken, here or before, is not stored. Messages end with their
 * connections, so that their senders repeat them; commands are answered with a fault. Lists as in turn_input, all taken over. */
void engine_end(struct engine *e, const struct turn_input *rest);

/* Milliseconds until the next turn is needed without input, 0 .. 60000. */
int64_t engine_sleep_ms(const struct engine *e, const struct now *now);

#endif
