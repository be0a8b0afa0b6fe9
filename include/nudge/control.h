/* nudge/control.h - the administrator's socket: one JSON object a line, one answer a line.
 *
 * Who asks is known from the kernel (SO_PEERCRED); what they may do comes from
 * `access`: view looks, operate changes. uid 0 and the service itself may do
 * both. What only looks is answered from a read-only connection to the store;
 * what changes goes to the engine and is answered after its commit. Every
 * command is logged with who asked.
 * Thread: the one that runs `base`.
 *
 *   {"command":"explain","id":"4711","site":"cardiology"}
 *   {"ok":true,"result":{...}}          {"ok":false,"error":"..."}
 */
#ifndef NUDGE_CONTROL_H
#define NUDGE_CONTROL_H

#include <event2/event.h>

#include "nudge/audit.h"
#include "nudge/certificates.h"
#include "nudge/engine.h"
#include "nudge/forward.h"
#include "nudge/mllp.h"
#include "nudge/settings.h"

struct control;

enum sender_said {
	SENDER_SAID_AWAY,    /* it is not connected: it reads the configuration when it comes */
	SENDER_SAID_NOTHING, /* not yet */
	SENDER_SAID_YES,
	SENDER_SAID_NO       /* it goes on with what it had */
};

struct control_setup {
	struct event_base *base;
	int listener;             /* bound and listening, owned from here on; -1: callers come by control_take() */
	const char *directory;    /* of the store; borrowed for the call */
	void *ctx;
	struct rules *(*rules)(void *ctx);               /* in force now; a new hold */
	struct rules *(*file)(void *ctx);                /* what the files said when they were read last; a new hold */
	const struct siu_map *(*map)(void *ctx);         /* of the rules in force; borrowed until the next turn of the loop */
	void (*give)(void *ctx, struct command *c);      /* to the engine; comes back by control_reply() */
	/* What a reload would apply. false: *faults (initialised by it) says why. */
	bool (*read)(void *ctx, struct settings *out, struct conf_faults *faults);
	/* Reads the configuration again and begins to apply it; version: the one
	 * that was looked at before, 0: any. false: *faults (initialised by it) says
	 * why and nothing changed. true: *c is on its way to the engine and the
	 * answer waits for it. */
	bool (*reload)(void *ctx, struct command *c, int64_t version, struct conf_faults *faults);
	/* The same for an approval, by c->who, of c->site as the files say. */
	bool (*approve)(void *ctx, struct command *c, struct conf_faults *faults);
	bool (*keys)(void *ctx, struct fault *f);        /* certificates and keys again, nothing else */
	void (*held)(void *ctx, held_fn *fn, void *arg); /* certificates that are in force or were shown */
	void (*intake)(void *ctx, struct mllp_stats *out);
	size_t (*senders)(void *ctx, struct mllp_sender out[MLLP_SENDERS_MAX]);
	/* What nudge-sender made of the last reload; *why: borrowed until the next turn of the loop. */
	enum sender_said (*said)(void *ctx, const char **why);
	void (*levels)(void *ctx); /* those of the log were changed: nudge-sender is to know */
	void (*forwarded)(void *ctx, struct forward_state *out); /* how the audit log is told elsewhere; NULL: not */
	struct audit *audit;      /* every command goes there before it is carried out; NULL: nowhere */
};

/* Begins to listen. Owned by the caller. */
bool control_new(const struct control_setup *s, struct control **out, struct fault *f) __attribute__((warn_unused_result));
void control_take(struct control *c, int fd, uint32_t uid); /* A caller, and who it is; fd is taken over. */
void control_reply(struct control *c, struct command *done); /* Takes the command; same thread. */
void control_free(struct control *c); /* NULL is fine. */

/* A unix socket at `path` (an old one is replaced) of this mode. The control
 * socket is open to all, since the kernel tells who asks. -1 fills *f. */
int control_listen(const char *path, unsigned mode, struct fault *f) __attribute__((warn_unused_result));

/* Sends one request and waits for its answer; both JSON texts without the line
 * end. What nudgectl does. false: not reachable, and what to do. */
bool control_ask(const char *path, const char *request, struct buf *answer, struct fault *f) __attribute__((warn_unused_result));

#endif
