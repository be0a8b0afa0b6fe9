/* mllp/session.h - one connection, from accept to close.
 *
 *   HANDSHAKE --finished, environments found--> OPEN --peer ended, stop, limit--> DRAIN
 *       |                                                                           |
 *       `--refused--> LINGER <--last answer written, peer still there---------------'
 *
 * HANDSHAKE  TLS only. No byte goes further than OpenSSL.
 * OPEN       bytes -> frames -> messages; paused while too much is unanswered.
 * DRAIN      nothing is read any more; answers that are owed still go out.
 * LINGER     our end is closed; what still comes is thrown away for a moment,
 *            because closing on unread bytes would reset the connection and take
 *            the last answer or alert along.
 * A session belongs to one thread: in HANDSHAKE to the door, from OPEN on to one that reads. Whatever finds that it must go sets `dead`;
 * session_settle(), called last on every path in, frees it.
 */
#ifndef MLLP_SESSION_H
#define MLLP_SESSION_H

#include "mllp/intake.h"
#include "mllp/wire.h"
#include "nudge/clock.h"

#define SESSION_FRAMES_MAX 64            /* unanswered, of one connection */
#define SESSION_BYTES_MAX (1u << 20)     /* of them */
#define SESSION_ANSWER_MAX (8u << 20)    /* bytes of the answers to one frame: a batch has many */

/* For the log. */
#define SESSION_BARE "connection closed: a message stands outside of a frame; let the sender speak MLLP, with 0B before each message"

enum session_state { SESSION_HANDSHAKE, SESSION_OPEN, SESSION_DRAIN, SESSION_LINGER };

struct owed { /* an answer that a frame waits for */
	struct message *answered; /* owned; NULL: not yet */
	size_t bytes;             /* of the frame */
};

struct session {
	struct intake_thread *thread;
	struct task move;          /* on its way from the door to `thread` */
	struct port *port;
	const struct terms *terms; /* of the thread's setting; NULL: the listener is gone, DRAIN */
	uint64_t number;           /* message.connection; 0: in no thread's table */
	struct peer peer;
	struct wire wire;
	enum session_state state;
	bool dead, refused, eof, heard;
	bool shaking;              /* counted in port.shaking_n */
	bool welcome;              /* accepted: counted at its address */
	struct event readable, writable, timer;
	bool reads, writes;        /* which of them is added */
	bool more;                 /* came along with what was read, so the socket will not tell of it */
	struct now now;            /* of this turn */
	int64_t since_ms;          /* when the state began */
	int64_t timer_ms;          /* when the timer looks; 0: not set */

	const struct conf_environment **environments; /* owned */
	struct seen_one **seen;    /* owned, not what it points at; parallel; NULL without TLS */
	size_t environments_n;

	struct frame_reader reader;
	struct buf rest;           /* read, not looked at yet: paused */
	bool paused, hungry;       /* hungry: paused for want of space in the engine */
	int64_t frame_ms;          /* when the frame that is inside began, or a bare message; 0: none */
	int64_t active_ms;         /* last byte read */
	unsigned no_msh;           /* frames without an MSH, in a row */
	uint64_t junk, restarts;   /* of the reader, already counted */

	struct owed owed[SESSION_FRAMES_MAX]; /* by sequence */
	uint64_t first, next;      /* sequences: the oldest unanswered, the next to be given */
	size_t owed_bytes;
	size_t held_bytes;         /* of the reader, as counted in intake.reading_bytes */
	struct buf out;            /* the answers to one frame, being written */
	size_t out_at;
};

/* session.c. `fd` is taken over; the caller counted it in p->open_n and, if `shaking`, in p->shaking_n. */
void session_open(struct intake_thread *t, struct port *p, int fd, const struct peer *peer, bool shaking);
void session_free(struct session *s);
void session_turn(struct session *s, bool may_read);
void session_reconsider(struct session *s); /* The thread's setting is another. Ends with session_settle(). */
void session_opened(struct session *s);     /* Its sender was accepted. */
void session_drain(struct session *s);      /* Reads no more; goes when its answers have gone. */
void session_stop(struct session *s);       /* session_drain() from outside a turn, with session_settle(). */
void session_settle(struct session *s);
const char *session_listener(const struct session *s); /* For the log. */

/* admit.c */
int session_verify(X509_STORE_CTX *chain, void *unused);
bool session_admit(struct session *s, enum identity_dates dates); /* false: logged, must go */
bool session_handshake(struct session *s); /* true: finished. Who came is judged where it goes. */
void session_enter(struct session *s);     /* The handshake is finished: open, or dead. */
void session_penalty(struct session *s, int64_t debt_ms);
void session_leave(struct session *s); /* Gives back its environments. */

/* reading.c */
void reading_pump(struct session *s);
void reading_recount(struct session *s); /* The reader's memory is another: held_bytes, and the intake's. */

/* answering.c */
void answering_take(struct session *s, struct message *m);
void answering_flush(struct session *s);
void answering_decline(struct session *s); /* MLLP release 2: a frame that nobody could read was not taken */
bool answering_done(const struct session *s);

/* messages.c */
struct message *message_take(struct intake_thread *t, size_t arena_max); /* Empty. NULL: no memory. */
void message_drop(struct intake_thread *t, struct message *m); /* With those of its frame. NULL is fine, and a t that is NULL keeps nothing. */
void message_drop_spare(struct intake_thread *t);

#endif
