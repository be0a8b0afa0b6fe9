/* nudged/house.h - the whole of nudged: which thread owns what, and how they meet.
 *
 *   intake threads --messages--> engine thread --answers--> intake threads
 *   main thread --events, commands--> engine thread --jobs, replies--> main thread
 *
 * Between threads go owned values through queues and nothing else.
 */
#ifndef NUDGED_HOUSE_H
#define NUDGED_HOUSE_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>

#include "nudge/audit.h"
#include "nudge/certificates.h"
#include "nudge/control.h"
#include "nudge/engine.h"
#include "nudge/forward.h"
#include "nudge/mllp.h"
#include "nudge/settings.h"
#include "nudge/watch.h"

/* ---- whether the clock is synchronised ---- */
struct clock_watch {
	pthread_t thread;
	bool started;
	atomic_bool asking;
	atomic_bool synchronised;         /* read by the engine's thread */
	int64_t next_ms;                  /* boot clock */
};

void clock_watch_tick(struct clock_watch *w); /* Main thread, every second; *w is zero at first. */
void clock_watch_end(struct clock_watch *w);  /* Waits for an answer that is under way. */

/* ---- the engine's thread ---- */
struct room {
	pthread_t thread;
	bool started;
	struct engine *engine;            /* owned by the thread while it runs */
	struct queue *messages, *events, *commands;
	atomic_bool stop;
	atomic_bool broken;               /* the thread ended because a promise could not be kept */
	atomic_int_fast64_t turns;        /* progress, for the watchdog */
	atomic_int_fast64_t waiting;      /* messages given and not yet answered */
	int wake;                         /* eventfd: stop now */
	int ended;                        /* eventfd: the thread has ended by itself */
	struct fault fault;               /* why; readable once `ended` rang */
	struct clock_watch clock;
	_Atomic int64_t free_bytes;       /* of the disk that has least; 0: not known */
};

bool room_init(struct room *r, struct fault *f);
bool room_start(struct room *r, struct fault *f);
void room_stop(struct room *r);       /* Ends the thread after its turn and joins it. */
void room_clear(struct room *r);

/* ---- the socket to nudge-sender ---- */
struct link_server;
/* listener -1: it comes by link_server_take(). */
bool link_server_new(struct event_base *base, int listener, struct queue *events, struct link_server **out, struct fault *f);
void link_server_take(struct link_server *l, int fd, uint32_t uid); /* Main thread: a connection, and whose; fd is taken over. */
int link_server_bell(const struct link_server *l);
void link_server_job(struct link_server *l, const struct link_job *j); /* Any thread: copies and queues. */
void link_server_taken(struct link_server *l, int64_t event);          /* Any thread. */
void link_server_ask(struct link_server *l, const struct link_question *q); /* Any thread: copies and queues. */
void link_server_reload(struct link_server *l, enum link_reload how); /* Main thread. What comes of it is logged. */
/* What that gateway's token is asked for with, as nudge-sender said last; NULL: it said nothing. Main thread. */
const struct mllp_certificate *link_server_certificate(const struct link_server *l, const char *gateway);
void link_server_levels(struct link_server *l); /* Main thread: how much each part says now. */
enum sender_said link_server_said(const struct link_server *l, const char **why); /* Main thread; see control_setup.said. */
void link_server_free(struct link_server *l);

/* ---- the books, looked over once a day ---- */
struct daily {
	pthread_t thread;
	bool started;
	atomic_bool running;
	int64_t next_ms;                  /* boot clock */
	char directory[4096];             /* of the store */
};

void daily_begin(struct daily *d, const char *directory); /* *d is zero */
void daily_tick(struct daily *d);     /* Main thread, every second: begins a check when it is time. */
void daily_end(struct daily *d);      /* Waits for one that runs. */

/* ---- all of it ---- */
struct house {
	char *conf_path;
	struct event_base *base;
	struct settings settings;         /* in force; main thread */
	struct settings next;             /* being applied by a reload */
	struct command *reloading;
	struct store *store;
	uint32_t store_key;               /* the name of the key that opens it */
	struct journal *journal;          /* what was sent; the engine writes it */
	enum journal_state journal_state;
	struct room room;
	struct mllp *intake;
	struct control *control;
	struct watch *watch;              /* NULL: nobody may ask */
	struct link_server *link;
	struct event *on_door;            /* callers that are handed over; NULL: we listen ourselves */
	struct daily daily;
	struct expiry expiry;             /* of certificates: what was told */
	int64_t expiry_ms;                /* boot clock: the next look */
	struct audit *audit;              /* who did what; any thread writes */
	char version_recorded[16];        /* of the configuration, as audit has it */
	int64_t head_said, head_ms, tidy_ms;
	struct forward *forward;          /* the audit log, told to a syslog daemon */
	int64_t forward_from;             /* the record that turned that on */
	bool audit_failing;
	struct looking *looking;          /* copies that are being looked at */
	struct queue *replies;            /* from the engine to the main thread */
	struct event *on_replies, *on_ended, *on_term, *on_int, *on_hup, *on_tick;
	int64_t turns_seen, stuck_s, stuck_max_s; /* seconds without a turn; the watchdog starves at the last */
	int status;                       /* exit status */
};

/* Main thread, every second: room on the disks of the store and of the journal. */
void space_tick(struct house *h);

/* ---- administrators and nudge-sender (callers.c): our own sockets, or by NUDGE_DOOR ---- */
bool callers_open(struct house *h, struct control_setup *s, struct fault *f); /* h->control, h->link */
void callers_close(struct house *h); /* no more come */

/* ---- certificates (expiry.c); main thread ---- */
void expiry_tick(struct house *h);                  /* every second */
void expiry_now(struct house *h);                   /* other files are in force */
void house_held(void *ctx, held_fn *fn, void *arg); /* the intake's, and the gateways' */

/* ---- who did what (record.c); main thread ---- */
bool record_open(struct house *h, struct fault *f); /* after the store, before the engine */
void record_close(struct house *h);
void record_tick(struct house *h);                  /* every second */
void house_forwarded(void *ctx, struct forward_state *out);
void record_refused(void *house, const struct mllp_refusal *r); /* any thread */
/* Which lines of the configuration changed since the last time. by: who, and why. */
bool record_configuration(struct house *h, const struct rules *next, const struct audit_entry *by, struct fault *f);

/* What was recorded last is not in force after all: the one before stays so. */
void record_not_applied(struct house *h, const char *why);

/* ---- how the house is, for those who watch it (watched.c); main thread ---- */
bool watched_open(struct house *h, const struct control_setup *c, struct fault *f);
void house_intake(void *ctx, struct mllp_stats *out);
size_t house_senders(void *ctx, struct mllp_sender out[MLLP_SENDERS_MAX]);
enum sender_said house_said(void *ctx, const char **why);
void house_levels(void *ctx);

/* ---- store keys (keys.c); main thread ---- */
struct house_keyring {
	uint8_t bytes[STORE_KEYS_MAX * SEAL_KEY_BYTES]; /* store_key, then old_store_keys */
	size_t n;
};
bool house_keys_read(struct conf *c, struct house_keyring *out, struct fault *f); /* wipe it */
void house_keys_wipe(struct house_keyring *k);
bool house_store(struct house *h, struct fault *f);                 /* opens it */
bool house_key_stays(const struct house *h, struct conf *next, struct conf_faults *faults);
bool house_rotated(void *ctx, const struct store_rotation *r);      /* waits for the disk; false: not recorded */

/* ---- backups are looked at beside all else (looked.c); main thread ---- */
/* true: the copy of c is being looked at, and c comes back through h->replies. */
bool looked_begin(struct house *h, struct command *c);
void looked_end(struct house *h); /* waits for all */

/* What a reload would apply: read, checked, under the approvals that are kept.
 * Nothing changes. false: *faults (initialised here) says why. */
bool house_read(void *ctx, struct settings *out, struct conf_faults *faults);
/* Reads the configuration again and sends it on its way; c comes back through
 * the engine. version: the one that was looked at before; 0: any. Main thread. */
bool house_reload(void *ctx, struct command *c, int64_t version, struct conf_faults *faults);
/* The same for what was read last, c->site of it approved by c->who. */
bool house_approve(void *ctx, struct command *c, struct conf_faults *faults);
/* Certificates, keys and lists are read again, nothing else. */
bool house_keys(void *ctx, struct fault *f);
/* At start: what the approvals allow. */
bool house_stand(struct house *h, struct fault *f);
void house_reloaded(struct house *h, struct command *c); /* the engine has it, or would not */

#endif
