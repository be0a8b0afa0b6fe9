/* mllp/intake.h - what the parts of the intake share: threads, listening
 * ports, and the configuration that all of them serve at the moment.
 *
 * A thread owns its event base, its sessions and its copy of the pointer to the
 * setting. Others reach it only through its two queues: answers, and tasks.
 * Thread 0 accepts, for all. The last is the door: handshakes are done there,
 * and a sender who is let in goes to one of the others, so that nobody who
 * waits for an answer waits for the handshakes of strangers.
 */
#ifndef MLLP_INTAKE_H
#define MLLP_INTAKE_H

#include "mllp/identity.h"
#include "mllp/penalty.h"
#include "mllp/seen.h"
#include "mllp/senders.h"
#include "nudge/mllp.h"
#include "nudge/queue.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#define INTAKE_COUNTS(X)                                                             \
	X(connections) X(listening) X(accepted) X(refused_certificate) X(refused_limit)           \
	X(refused_source) X(refused_penalty) X(refused_handshakes) X(handshake_timeouts) X(frame_timeouts) X(frames)          \
	X(refused_memory) X(batches) X(batch_counts_wrong) X(no_msh) X(oversize) X(junk_bytes) X(restarts) X(probes) X(unanswered)

struct intake_counts {
#define X(name) atomic_llong name;
	INTAKE_COUNTS(X)
#undef X
};

struct session;

struct port { /* a listening socket; lives while a session that came by it does */
	struct mllp *intake;
	char *address;       /* owned; as configured */
	int number;
	int fd;              /* owned; -1 once the listener is gone */
	atomic_llong open_n; /* connections that came by it */
	atomic_llong shaking_n; /* of them with an unfinished handshake */
	struct event ready;  /* thread 0's, as all below */
	bool handed;         /* its socket came from the service manager: it goes back to intake.handed */
	bool accepting;
	int64_t hushed_ms;   /* until then refusals are counted, not logged */
};

struct terms { /* of one listener, in one configuration */
	struct port *port; /* borrowed */
	const struct conf_listener *listener;
	struct identity *identity; /* owned */
	SSL_CTX *tls;              /* owned; NULL without TLS */
};

struct setting { /* read-only; shared by counting */
	atomic_int holds;
	struct rules *rules; /* held */
	const struct siu_map *map;
	size_t n;
	struct terms terms[];
};

struct table { /* sessions by number; a number is never used twice */
	struct session **at; /* owned */
	uint32_t *round;     /* owned: how often a place was used */
	size_t cap;
	size_t *unused;      /* owned: places, the last is taken first */
	size_t unused_n;
};

struct intake_thread {
	struct mllp *intake;
	unsigned number;
	pthread_t id;
	bool runs;
	struct event_base *base;
	struct queue *answers, *tasks;
	struct event answers_bell, tasks_bell;
	struct event hunger; /* looks whether there is space again */
	struct setting *setting; /* held */
	struct table sessions;
	struct hl7 *index; /* scratch */
	char *input;       /* scratch, INPUT_MAX bytes */
	struct queue_link *spare; /* owned: messages that were answered, wiped, for the next ones */
	size_t spare_n;
	unsigned next;     /* of those that read: who gets its next connection */
	bool stopping;
	bool opened;       /* thread 0's, as all below */
	struct event rest; /* no descriptors left: begin again later */
};

#define INPUT_MAX 65536

struct task { /* run on a thread; owned by what it runs */
	struct queue_link link;
	void (*run)(struct intake_thread *t, struct task *task);
};

struct gate { /* somebody waits until n have passed */
	pthread_mutex_t lock;
	pthread_cond_t passed;
	unsigned left;
};

struct errand { /* a task that its giver waits for */
	struct task task;
	void (*what)(struct intake_thread *t, void *arg);
	void *arg;
	struct gate *gate;
};

struct mllp {
	struct mllp_setup setup; /* give, ctx, refused and space only */
	struct intake_counts counts;
	atomic_llong reading_bytes;    /* held by frames that are being read, of all connections */
	atomic_llong waiting_bytes;    /* of messages that wait for their answer */
	struct intake_thread *threads; /* owned */
	unsigned threads_n;            /* of them read; behind them stands the door */
	unsigned all_n;
	struct errand *errands;        /* owned; one a thread, so that a reload cannot fail half-way */
	struct port **ports;           /* owned */
	size_t ports_n;
	struct setting *setting;       /* held */
	int *handed;                   /* owned, as what they are: sockets of the service manager that no listener has now */
	size_t handed_n;
	pthread_mutex_t admin;         /* one open, reload or stop at a time */
	struct penalties penalties;    /* of addresses; any thread */
	struct seen seen;              /* certificates of senders; any thread */
	struct senders senders;
	char stem[16];                 /* of our control ids: when we started */
	atomic_ullong next_id;
};

static inline void
count(atomic_llong *counter, long long n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* thread.c */
bool thread_init(struct intake_thread *t, struct mllp *m, unsigned number, struct fault *f)
    __attribute__((warn_unused_result));
bool thread_start(struct intake_thread *t, struct fault *f) __attribute__((warn_unused_result));
void thread_clear(struct intake_thread *t);                      /* Joined, or never started. */
void thread_post(struct intake_thread *t, struct task *task);    /* Any thread. */
void thread_everywhere(struct mllp *m, void (*what)(struct intake_thread *, void *), void *arg); /* Waits. */
void thread_quit(struct intake_thread *t, void *unused);
void thread_stop(struct intake_thread *t, void *unused);
void thread_open(struct intake_thread *t, void *unused);
void thread_take_setting(struct intake_thread *t, void *setting);
static inline struct intake_thread *
thread_next(struct intake_thread *t) /* The one that gets t's next connection to read. */
{
	return &t->intake->threads[t->next++ % t->intake->threads_n];
}
void thread_is_hungry(struct intake_thread *t);                  /* Look for space in a while. */

bool table_add(struct table *table, struct session *s, uint64_t *number) __attribute__((warn_unused_result));
struct session *table_find(const struct table *table, uint64_t number); /* NULL: gone */
void table_remove(struct table *table, uint64_t number);

/* setting.c. Ports that are new are added to m->ports. */
bool setting_new(struct mllp *m, struct rules *rules, const struct siu_map *map, struct setting **out, struct fault *f)
    __attribute__((warn_unused_result));
struct setting *setting_hold(struct setting *s);
void setting_drop(struct setting *s); /* NULL is fine. */
const struct terms *setting_terms(const struct setting *s, const struct port *p); /* NULL: listener is gone */
void setting_reap(struct mllp *m);    /* Closes and frees the ports that m->setting does not use. */

/* port.c */
bool port_new(struct mllp *m, const struct conf_listener *l, struct port **out, struct fault *f) __attribute__((warn_unused_result));
void port_close(struct port *p); /* Nobody listens there any more; a socket that was handed over waits in intake.handed. */
void port_free(struct port *p);

/* listener.c; thread 0 only. */
/* Accepts on what is served now, and no more on what only `before` served. */
void listener_sync(struct intake_thread *t, const struct setting *before);
void listener_rested(evutil_socket_t fd, short what, void *thread);

#endif
