/* tests/unit/intake_world.h - an intake on the loopback, an engine that answers
 * from another thread as it is told, and a sender with or without TLS.
 *
 * siu_read(), rules_hold() and rules_drop() are ours here: the intake is tested,
 * not the mapping. What the engine does is written in the control id's first
 * letter: A accept, E error, C close the connection, M no memory to read it.
 */
#ifndef INTAKE_WORLD_H
#define INTAKE_WORLD_H

#include "certs.h"
#include "nudge/log.h"
#include "nudge/mllp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

struct siu_map {
	atomic_int reads; /* messages that reached the parser */
};

struct counted_rules {
	struct rules rules; /* first: the intake sees only this */
	atomic_int holds;
	struct conf conf;
	struct conf_listener listeners[2];
	struct conf_environment environments[2];
	const struct conf_environment *lists[2][2];
	char *paths[2];
	char *sources[1];
};

struct world {
	struct siu_map map;
	struct counted_rules first, second;
	struct certs_folder folder;
	struct made listener, one, two;
	char *certificate, *key, *one_file, *two_file;
	int port;
	struct mllp *intake;
	pthread_t engine;
	pthread_mutex_t lock;
	pthread_cond_t bell;
	struct message *waiting[1024]; /* in the order given */
	size_t waiting_n;
	size_t given;
	bool held, backwards, quit;
	atomic_bool full;
};

bool
siu_read(const struct siu_map *map, const struct siu_peer *peer, struct hl7 *index, int64_t now,
    struct message *msg)
{
	enum hl7_result r = hl7_read(index, msg->raw);
	atomic_int *reads = (atomic_int *)(uintptr_t)&map->reads;

	holds("promise 9: a message comes with its environment", peer->environments_n > 0 && now > 0);
	atomic_fetch_add(reads, 1);
	if (r == HL7_NO_MSH) {
		return true;
	}
	if (r == HL7_NO_MEMORY) {
		return false;
	}
	msg->answerable = ack_request_of(index, &msg->request);
	msg->control_id = hl7_field(index, 0, 10);
	msg->kind = MESSAGE_IGNORE;
	return msg->control_id.n == 0 || msg->control_id.p[0] != 'M';
}

struct rules *
rules_hold(struct rules *r)
{
	atomic_fetch_add(&((struct counted_rules *)r)->holds, 1);
	return r;
}

void
rules_drop(struct rules *r)
{
	if (r) {
		atomic_fetch_sub(&((struct counted_rules *)r)->holds, 1);
	}
}

static inline void
world_give(void *ctx, struct message *m)
{
	struct world *w = ctx;

	pthread_mutex_lock(&w->lock);
	assert_true(w->waiting_n < COUNT(w->waiting));
	w->waiting[w->waiting_n++] = m;
	w->given++;
	pthread_cond_signal(&w->bell);
	pthread_mutex_unlock(&w->lock);
}

static inline bool
world_space(void *ctx)
{
	return !atomic_load(&((struct world *)ctx)->full);
}

static inline void
world_answer(struct world *w, struct message *m)
{
	char kind = m->control_id.n ? m->control_id.p[0] : 'A';
	struct answer a = { .what = kind == 'C' ? ANSWER_CLOSE : ANSWER_SEND };

	if (kind == 'E') {
		a.verdict = VERDICT_ERROR;
		a.error.condition = 101;
		a.error.text = "no start";
	}
	if (m->kind == MESSAGE_REFUSE) {
		a.verdict = m->verdict;
		a.error = m->error;
	}
	mllp_answer(w->intake, m, &a);
	mllp_answered(w->intake);
}

static inline void *
world_engine(void *arg)
{
	struct world *w = arg;
	struct message *turn[COUNT(w->waiting)];
	size_t n;

	pthread_mutex_lock(&w->lock);
	while (!w->quit || w->waiting_n > 0) {
		while (!w->quit && (w->held || w->waiting_n == 0)) {
			pthread_cond_wait(&w->bell, &w->lock);
		}
		n = w->waiting_n;
		memcpy(turn, w->waiting, n * sizeof turn[0]);
		w->waiting_n = 0;
		pthread_mutex_unlock(&w->lock);
		for (size_t i = 0; i < n; i++) {
			world_answer(w, turn[w->backwards ? n - 1 - i : i]);
		}
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static inline void
world_hold(struct world *w, bool held)
{
	pthread_mutex_lock(&w->lock);
	w->held = held;
	pthread_cond_signal(&w->bell);
	pthread_mutex_unlock(&w->lock);
}

static inline size_t
world_given(struct world *w)
{
	size_t n;

	pthread_mutex_lock(&w->lock);
	n = w->given;
	pthread_mutex_unlock(&w->lock);
	return n;
}

static inline int
free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static char nothing[] = "", loopback[] = "127.0.0.1", epic[] = "epic", prod[] = "prod", test[] = "test";

/* One listener; with TLS two environments, one pin each. */
static inline void
world_rules(struct world *w, struct counted_rules *r, bool tls)
{
	memset(r, 0, sizeof *r);
	r->holds = 1;
	r->rules.conf = &r->conf;
	r->conf.listeners = r->listeners;
	r->conf.listeners_n = 1;
	r->conf.intake_threads = 2;
	r->paths[0] = w->one_file;
	r->paths[1] = w->two_file;
	for (size_t i = 0; i < 2; i++) {
		r->environments[i] = (struct conf_environment){ .title = i ? test : prod, .issuer = nothing,
			.revocation_list = nothing, .certificates = { &r->paths[i], 1 } };
		r->lists[0][i] = &r->environments[i];
	}
	r->listeners[0] = (struct conf_listener){ .title = epic, .address = loopback, .port = w->port,
		.tls = tls, .certificate = w->certificate, .private_key = w->key, .environments = r->lists[0],
		.environments_n = tls ? 2 : 1, .max_message = 100000, .max_connections = 100,
		.handshake_timeout_s = 10, .frame_timeout_s = 30 };
}

static inline struct world *
world_new(bool tls)
{
	struct world *w = calloc(1, sizeof *w);

	signal(SIGPIPE, SIG_IGN); /* of the senders here; the intake's threads block it */
	log_open("test", LOG_ERROR);
	w->port = free_port();
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->bell, NULL);
	certs_folder_make(&w->folder);
	w->listener = certs_make(&(struct wish){ .cn = "listener" });
	w->one = certs_make(&(struct wish){ .cn = "one" });
	w->two = certs_make(&(struct wish){ .cn = "two" });
	w->certificate = certs_write(&w->folder, "listener.pem", w->listener.x);
	w->key = certs_write_key(&w->folder, "listener.key", w->listener.key);
	w->one_file = certs_write(&w->folder, "one.pem", w->one.x);
	w->two_file = certs_write(&w->folder, "two.pem", w->two.x);
	world_rules(w, &w->first, tls);
	return w;
}

static inline void
world_open(struct world *w)
{
	struct mllp_setup setup = { .rules = &w->first.rules, .map = &w->map, .give = world_give, .ctx = w,
		.space = world_space };
	struct fault f = { FAULT_NONE, "" };

	holds(f.text, mllp_new(&setup, &w->intake, &f));
	mllp_open(w->intake);
	assert_int_equal(pthread_create(&w->engine, NULL, world_engine, w), 0);
}

static inline void
world_close(struct world *w)
{
	if (w->intake) {
		mllp_stop(w->intake);
		pthread_mutex_lock(&w->lock);
		w->held = false;
		w->quit = true;
		pthread_cond_signal(&w->bell);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->engine, NULL);
		mllp_free(w->intake);
	}
	same_int("every hold of the first rules was given back", w->first.holds, 1);
	if (w->second.holds) {
		same_int("every hold of the second rules was given back", w->second.holds, 1);
	}
	certs_free(&w->listener);
	certs_free(&w->one);
	certs_free(&w->two);
	certs_remove(&w->folder);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->bell);
	free(w);
}

static inline struct mllp_stats
world_stats(struct world *w)
{
	struct mllp_stats s;

	mllp_stats(w->intake, &s);
	return s;
}

/* Until the condition holds, at most 5 s. */
#define until(rule, condition)                                \
	do {                                                  \
		int left_ = 2500;                             \
		while (!(condition) && left_-- > 0) {         \
			usleep(2000);                         \
		}                                             \
		holds(rule, condition);                       \
	} while (0)

struct sender {
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	struct buf in; /* what came, not looked at yet */
	bool late;     /* 5 s went by and nothing came */
};

static inline struct sender
sender_connect(struct world *w)
{
	struct sender s = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)w->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { 5, 0 };

	buf_init(&s.in, 1 << 20);
	assert_int_equal(connect(s.fd, (struct sockaddr *)&to, sizeof to), 0);
	setsockopt(s.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return s;
}

/* who: NULL sends no certificate. version: 0 any, else exactly this one. */
static inline bool
sender_tls(struct sender *s, const struct made *who, int version)
{
	s->context = SSL_CTX_new(TLS_client_method());
	if (version) {
		SSL_CTX_set_min_proto_version(s->context, version);
		SSL_CTX_set_max_proto_version(s->context, version);
		SSL_CTX_set_security_level(s->context, 0);
	}
	if (who) {
		assert_int_equal(SSL_CTX_use_certificate(s->context, who->x), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(s->context, who->key), 1);
	}
	s->ssl = SSL_new(s->context);
	SSL_set_fd(s->ssl, s->fd);
	ERR_clear_error();
	return SSL_connect(s->ssl) == 1;
}

static inline void
sender_close(struct sender *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->context);
	if (s->fd >= 0) {
		close(s->fd);
	}
	buf_clear(&s->in);
}

static inline void
sender_bytes(struct sender *s, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t put = s->ssl ? SSL_write(s->ssl, at, (int)n) : send(s->fd, at, n, MSG_NOSIGNAL);
		if (put <= 0) {
			return; /* closed on us: the reading side will see */
		}
		at += put;
		n -= (size_t)put;
	}
}

static inline void
add_message(struct buf *b, const char *id, size_t padding)
{
	buf_addf(b, "\x0bMSH|^~\\&|EPIC|LAMNA|NUDGE|X|20261120101500||SIU^S12|%s|P|2.3\rNTE|1||", id);
	while (padding-- > 0) {
		buf_add_char(b, 'x');
	}
	buf_add_text(b, "\r\x1c\r");
}

static inline void
sender_message(struct sender *s, const char *id, size_t padding)
{
	struct buf b;

	buf_init(&b, 4 << 20);
	add_message(&b, id, padding);
	sender_bytes(s, b.p, b.n);
	buf_clear(&b);
}

static inline bool
sender_read(struct sender *s)
{
	char piece[4096];
	ssize_t n;

	errno = 0;
	n = s->ssl ? SSL_read(s->ssl, piece, sizeof piece) : recv(s->fd, piece, sizeof piece, 0);
	s->late = n < 0 && errno == EAGAIN;
	return n > 0 && buf_add(&s->in, piece, (size_t)n);
}

/* The next answer as "AA id" or "AR id text"; "" when the connection ended,
 * "late" when nothing came. */
static inline const char *
sender_answer(struct sender *s, char out[128])
{
	char *msa;
	int at = 0;
	char *end;

	while (!s->in.n || !(end = memchr(s->in.p, 0x1c, s->in.n))) {
		if (!sender_read(s)) {
			return memcpy(out, s->late ? "late" : "", s->late ? 5 : 1);
		}
	}
	*end = '\0';
	msa = strstr(s->in.p, "\rMSA|"); /* an answer's own control id may end in these letters */
	assert_non_null(msa);
	for (msa += 5; *msa && *msa != '\r' && at < 127; msa++) {
		out[at++] = *msa == '|' ? ' ' : *msa;
	}
	out[at] = '\0';
	while (s->in.n && s->in.p[0] != '\0') {
		buf_drop_front(&s->in, 1);
	}
	buf_drop_front(&s->in, s->in.n > 1 ? 2 : 1);
	return out;
}

#endif
