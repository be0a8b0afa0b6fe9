/* nudge/link.h - the words between nudged and nudge-sender.
 *
 * A frame is  length(4, big endian, of what follows) | type(1) | fields; a
 * field is  tag(1) | length(4, big endian) | bytes; integers are 8 bytes big
 * endian. Unknown tags are skipped, an unknown type or a broken frame ends the
 * connection. A job goes over only after the row is armed and committed; an
 * outcome or an event may come twice and changes nothing the second time.
 * Threads: a codec state belongs to one.
 */
#ifndef NUDGE_LINK_H
#define NUDGE_LINK_H

#include "nudge/buf.h"
#include "nudge/fault.h"

#define LINK_FRAME_MAX 65536 /* bytes */
#define LINK_CREDITS 256     /* jobs out at most */

enum link_type {
	LINK_HELLO = 1, LINK_JOB = 2, LINK_OUTCOME = 3, LINK_CANCEL = 4,
	LINK_EVENT = 5,  /* to nudged: what the gateway told by itself */
	LINK_TAKEN = 6,  /* to nudge-sender: that event's effects are committed; only now it may be deleted at its source */
	LINK_ASK = 7,    /* to nudge-sender: a question about opt-outs, or an order to read reports */
	LINK_RELOAD = 8, /* to nudge-sender: read again what nudged has read again */
	LINK_RELOADED = 9, /* to nudged: what came of it */
	LINK_LOG = 10,   /* to nudge-sender: how much a part of it says (nudge/log.h) */
	LINK_CERTIFICATE = 11 /* to nudged: what a gateway's token is asked for with; public */
};

struct link_job { /* one attempt of one text; all borrowed */
	int64_t text;         /* row id */
	int64_t attempt;      /* from 1 */
	struct span gateway;  /* title in the configuration */
	struct span path;     /* "/sms?api-version=2026-01-23" */
	struct span body;     /* JSON, fixed when the row was armed */
	struct span to;       /* E.164: to find its item in the answer */
	int64_t not_after_s;  /* wall clock, seconds: do not begin after */
};

enum outcome {
	OUTCOME_ACCEPTED,  /* item 202: queued by the gateway */
	OUTCOME_REFUSED,   /* permanently, this text: 400, bad number, content */
	OUTCOME_AGAIN,     /* certainly not taken, may pass: 429, 503, no connection */
	OUTCOME_UNSURE,    /* may have been taken: silence, cut, 408, 500, 502, 504 */
	OUTCOME_BLOCKED,   /* the gateway refuses us: 401, 403, 404; nothing will pass */
	OUTCOME_TOO_LATE,  /* 412 or repeatability rejected as too old: may have been taken before */
	OUTCOME_NOT_TRIED, /* not_after passed, or unknown gateway: no byte was sent */
	OUTCOMES
};
const char *outcome_name(enum outcome o); /* Literal. */

struct link_outcome { /* all borrowed */
	int64_t text, attempt;
	enum outcome outcome;
	int64_t http_status;     /* 0: no answer */
	int64_t item_status;     /* 0: none */
	struct span message_id;  /* of the gateway; may be empty */
	struct span code;        /* short word of ours for the reason, never text from outside */
	int64_t retry_after_ms;  /* -1: not said */
	struct span trace;       /* MS-CV, a blank, our request id; 103 printable characters at most */
};

enum gateway_event {
	EVENT_REPORT,  /* a delivery report: text or message_id, delivery, status, code, at_s */
	EVENT_INBOUND, /* a text from a phone: message_id, from, to, words, at_s */
	EVENT_OPTOUT,  /* the gateway's own list: from (our sender), to (the phone), opted_out */
	GATEWAY_EVENTS
};

enum delivery { DELIVERY_OK, DELIVERY_FAILED, DELIVERY_UNKNOWN, DELIVERIES };

struct link_event { /* all borrowed */
	int64_t event;           /* nudge-sender's number for it, > 0; LINK_TAKEN gives it back */
	enum gateway_event what;
	struct span gateway;     /* title in the configuration */
	struct span message_id;  /* the gateway's: of the text reported on, or of the inbound text */
	int64_t text;            /* EVENT_REPORT: our row, from the tag; 0: not said */
	enum delivery delivery;
	struct span status;      /* EVENT_REPORT: a word of ours, "blocked-by-recipient" */
	int64_t code;            /* EVENT_REPORT: the gateway's number, 4007; 0: not said */
	struct span from, to;    /* E.164, short code or name */
	struct span words;       /* EVENT_INBOUND: UTF-8; wiped by whoever holds it once it is classified */
	int64_t at_s;            /* when the gateway saw it; 0: not said */
	bool opted_out;
};

enum link_reload {
	RELOAD_CHANGED, /* the configuration, if its files are others than those it has */
	RELOAD_ALL,     /* the configuration and the secrets */
	RELOAD_KEYS,    /* the secrets alone, as the configuration it has names them */
	RELOADS
};

enum link_ask { ASK_OPTOUT_ADD, ASK_OPTOUT_REMOVE, ASK_OPTOUT_CHECK, ASK_REPORT, ASKS };

/* A question; its answer comes as LINK_EVENTs. ASK_REPORT: look for the report
 * of message_id (text names our row). All borrowed. */
struct link_question {
	enum link_ask ask;
	struct span gateway, from, to, message_id;
	int64_t text;
};

/* Append one frame to *out; false when it does not fit. */
bool link_put_hello(struct buf *out, const char *program, int64_t credits) __attribute__((warn_unused_result));
bool link_put_job(struct buf *out, const struct link_job *j) __attribute__((warn_unused_result));
bool link_put_outcome(struct buf *out, const struct link_outcome *o) __attribute__((warn_unused_result));
bool link_put_event(struct buf *out, const struct link_event *e) __attribute__((warn_unused_result));
bool link_put_taken(struct buf *out, int64_t event) __attribute__((warn_unused_result));
bool link_put_ask(struct buf *out, const struct link_question *q) __attribute__((warn_unused_result));
bool link_put_reload(struct buf *out, enum link_reload how) __attribute__((warn_unused_result));
bool link_put_reloaded(struct buf *out, bool ok, struct span why) __attribute__((warn_unused_result));

bool link_put_log(struct buf *out, struct span part, int64_t level) __attribute__((warn_unused_result)); /* level: an enum log_level */

bool link_put_certificate(struct buf *out, struct span gateway, struct span der) __attribute__((warn_unused_result)); /* its title */

struct link_frame {
	enum link_type type;
	int64_t credits;             /* LINK_HELLO */
	struct link_job job;         /* LINK_JOB */
	struct link_outcome outcome; /* LINK_OUTCOME */
	struct link_event event;     /* LINK_EVENT; LINK_TAKEN: its number only */
	struct link_question ask;    /* LINK_ASK */
	enum link_reload reload;     /* LINK_RELOAD */
	int64_t ok;                  /* LINK_RELOADED: 1; 0: the old stays in force, and why */
	struct span why;
	struct span part;            /* LINK_LOG */
	int64_t level;               /* LINK_LOG: an enum log_level */
	struct span gateway, der;    /* LINK_CERTIFICATE */
	size_t bytes;                /* of the frame, to drop from the input */
};
enum link_result { LINK_COMPLETE, LINK_MORE, LINK_BROKEN };

/* Looks at the first frame of `in`; spans in *out borrow from `in`. */
enum link_result link_get(struct span in, struct link_frame *out);

#endif
