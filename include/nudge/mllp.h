/* nudge/mllp.h - the intake: sockets, TLS, certificates, frames, answers.
 *
 * Threads of its own (libevent) accept, shake hands, cut frames, read messages
 * (nudge/siu.h) and give each away; an answer that comes back is written by the
 * thread of its connection. On one connection answers leave in the order of
 * the frames, each in one write. Not one byte reaches the HL7 parser before
 * the sender's certificate was accepted (promise 9).
 *
 *   bytes -> frame -> message -> give() ... mllp_answer(), mllp_answered() -> bytes
 *
 * Framing: facts of MLLP release 1; see struct frame_reader.
 */
#ifndef NUDGE_MLLP_H
#define NUDGE_MLLP_H

#include "nudge/answer.h"
#include "nudge/booking.h"
#include "nudge/latency.h"
#include "nudge/siu.h"

/* Cuts a byte stream into frames, one byte at a time, whatever the splits and
 * joins: bytes before VT are skipped and counted; FS ends a frame, the CR (or
 * LF) after it is optional; a VT inside begins anew and the lost part is
 * counted; an empty frame (or line ends only, or the single byte 06 or 15 of
 * MLLP release 2) is nothing; beyond max the frame's first FRAME_KEEP bytes are
 * kept, the rest is skipped to FS. Pure but for the memory of the frame. */
#define FRAME_KEEP 4096 /* bytes of an oversize frame kept for the answer */
enum frame_event {
	FRAME_NONE,      /* all bytes consumed, nothing complete */
	FRAME_COMPLETE,  /* reader->bytes holds a frame */
	FRAME_OVERSIZE,  /* as complete, cut to FRAME_KEEP bytes */
	FRAME_HOPELESS   /* over four times max, too much junk, or no memory (bytes.spoilt): close */
};
struct frame_reader {
	enum { FRAME_BEFORE, FRAME_INSIDE, FRAME_AFTER, FRAME_AFTER_CR } state;
	struct buf bytes;       /* of the frame so far, without VT and FS; its max is this frame's */
	size_t max;             /* bytes the next frame may have; may be changed at any time */
	size_t seen;            /* bytes of this frame, kept or not */
	size_t junk;            /* bytes skipped since the last frame */
	uint64_t junk_total, restarts, empty; /* counters */
	char first[4];          /* of the connection, while no VT came */
	size_t first_n;
	size_t bare_n;          /* letters of "MSH" that came outside of a frame */
	bool plain_probe;       /* the first bytes look like HTTP or a TLS hello: HOPELESS */
};
void frame_init(struct frame_reader *r, size_t max);
void frame_clear(struct frame_reader *r); /* Frees the bytes. */

/* A message's beginning was skipped, and no frame has begun since: its sender may not know MLLP. */
bool frame_is_bare(const struct frame_reader *r);

/* Takes bytes from `in` up to the end of one frame; *used says how many. After
 * COMPLETE or OVERSIZE take reader->bytes, then call again with the rest. */
enum frame_event frame_feed(struct frame_reader *r, struct span in, size_t *used);

struct mllp;

/* Called on an intake thread; the message is the taker's until it comes back
 * through mllp_answer(). Must not block. */
typedef void mllp_give_fn(void *ctx, struct message *m);

struct mllp_refusal { /* of a sender's certificate, or for want of one; borrowed for the call */
	const char *listener, *peer; /* its title; an address */
	const char *sha256;          /* "none" without a certificate */
	const char *why;             /* the rule; literal */
};

struct mllp_setup {
	struct rules *rules;          /* held by the intake */
	const struct siu_map *map;    /* lives until mllp_reload() replaced it */
	mllp_give_fn *give;
	void *ctx;
	const int *inherited;         /* listening sockets from the service manager, matched by address; taken over, also those
	                               * that no listener is for: a reload may bring it */
	size_t inherited_n;
	void (*refused)(void *ctx, const struct mllp_refusal *r); /* on an intake thread, must not block; may be NULL */
	bool (*space)(void *ctx);     /* false: no more messages may be given now; may be NULL */
};

/* Binds every listener and starts the threads; nothing is accepted before
 * mllp_open(). Faults name the listener and what to do. A write to a socket
 * whose peer is gone raises no signal: the threads block all signals. */
bool mllp_new(const struct mllp_setup *s, struct mllp **out, struct fault *f)
    __attribute__((warn_unused_result));
void mllp_open(struct mllp *m);  /* Begins to accept. */

/* mllp_open(), mllp_reload(), mllp_stop() and mllp_free() wait for the intake's
 * threads: never call them from give() or space(). */

/* Any thread. Takes the message back and answers it, or closes: what came
 * before it on its connection is answered still, what came after is not. It goes
 * when mllp_answered() is called: one waking of a thread for all of a turn. */
void mllp_answer(struct mllp *m, struct message *msg, const struct answer *a);
void mllp_answered(struct mllp *m);

/* Another configuration: listeners are added, removed and get their new
 * certificates; connections stay, and are checked against the new pins; one
 * whose pin or listener is gone ends after the answers it is owed. On false
 * nothing changed. The old map may be freed once this returned true. */
bool mllp_reload(struct mllp *m, struct rules *rules, const struct siu_map *map, struct fault *f)
    __attribute__((warn_unused_result));

struct mllp_stats {
	int64_t connections;  /* open now, handshakes included */
	int64_t listening;    /* listeners that accept now */
	int64_t accepted, refused_certificate, refused_limit, refused_source;
	int64_t refused_penalty, refused_handshakes; /* closed as they came: kept out; too many unfinished handshakes */
	int64_t handshake_timeouts, frame_timeouts;
	int64_t refused_memory, frames, batches, batch_counts_wrong, no_msh, oversize, junk_bytes, restarts, probes, unanswered;
};
void mllp_stats(struct mllp *m, struct mllp_stats *out); /* Any thread. */

/* Since the start, by environment and by what its sites name as sending_application;
 * "other" where none does, and, without an environment, for all beyond the most. */
#define MLLP_SENDERS_MAX 64
struct mllp_sender {
	char environment[64], application[64];
	int64_t last_s;              /* wall clock: the last message */
	struct latency_look latency; /* from a whole frame to its answer's way out */
};
size_t mllp_senders(const struct mllp *m, struct mllp_sender out[MLLP_SENDERS_MAX]); /* Any thread. How many. */

void mllp_stop(struct mllp *m);  /* Stops accepting and reading; no give() after it; answers still go out. */
void mllp_free(struct mllp *m);  /* After mllp_stop() and the last answer. Joins the threads. NULL is fine. */

/* What people compare of a certificate: the first of a file. Texts are cut. */
struct mllp_certificate {
	char subject[256], issuer[256];
	char sha256[65];             /* of the whole, hexadecimal */
	int64_t not_before_s, not_after_s;
};
/* Reads the file. false: *f says why. */
bool mllp_describe(const char *path, struct mllp_certificate *out, struct fault *f) __attribute__((warn_unused_result));
/* Each revocation list of a file, by its issuer, from when, and until when the next is due (0: not said). */
typedef void mllp_list_fn(void *ctx, const struct mllp_certificate *list);
bool mllp_describe_lists(const char *path, mllp_list_fn *fn, void *ctx, struct fault *f) __attribute__((warn_unused_result));
bool mllp_describe_der(struct span der, struct mllp_certificate *out); /* false: it is no certificate. */

/* Checks every listener's and environment's certificate files as start-up would
 * (readable, PEM not DER, key matches, dates, strength, no private key beside a
 * sender's certificate, one pin in two environments of a listener). Adds to
 * *faults; true when no error was added. */
bool mllp_check(const struct conf *c, struct conf_faults *faults) __attribute__((warn_unused_result));

#endif
