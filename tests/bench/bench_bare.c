/* bench_bare.c - the least that a durable receiver on libevent can do: TLS, the end of the frame, the rows, an answer.
 *
 *   bench_bare CERTIFICATE KEY CLIENT_CERTIFICATE DATABASE [by-second]
 *
 * One loop reads and answers, one thread commits what has gathered and tells the loop: as nudged is built, and nothing of
 * ours in it. No configuration, no parser, nothing looked up, nobody's right to send asked beyond TLS. Prints "ready PORT"; SIGTERM ends it.
 */
// SPDX-License-Identifier: Apache-2.0
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bare_rows.h"
#include "feed.h"

struct caller {
	struct bufferevent *wire;
	unsigned owed; /* answers */
	bool gone;
};

struct group {
	struct letter {
		struct caller *from;
		long long control, appointment;
	} *at;
	size_t n, cap;
};

static struct {
	struct event_base *base;
	SSL_CTX *tls;
	struct bare_rows rows;
	struct group came, stored;
	pthread_mutex_t lock;
	pthread_cond_t some;
	int bell;
} bare = { .lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER };

static void
fail(const char *what)
{
	(void)fprintf(stderr, "bench_bare: %s\n", what);
	exit(EXIT_FAILURE);
}

static void
add(struct group *g, struct letter l)
{
	if (g->n == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 1024;
		g->at = realloc(g->at, g->cap * sizeof *g->at);
		if (!g->at)
			fail("out of memory");
	}
	g->at[g->n++] = l;
}

static void
swap(struct group *a, struct group *b)
{
	struct group held = *a;

	*a = *b;
	*b = held;
}

static void
free_when_done(struct caller *c)
{
	if (c->gone && c->owed == 0)
		free(c);
}

/* The digits of field `n` of what begins at `p`, behind its first letter. */
static long long
number_in(const char *p, const char *end, int n)
{
	while (p && n-- > 0)
		if ((p = memchr(p, '|', (size_t)(end - p))) != NULL)
			p++;
	return p ? strtoll(p + 1, NULL, 10) : -1;
}

static void
on_readable(struct bufferevent *wire, void *ctx)
{
	struct evbuffer *in = bufferevent_get_input(wire);
	struct evbuffer_ptr end;

	while ((end = evbuffer_search(in, "\x1c\r", 2, NULL)).pos >= 0) {
		size_t n = (size_t)end.pos + 2;
		const char *p = (const char *)evbuffer_pullup(in, (ev_ssize_t)n), *sch = memmem(p, n, "\rSCH|", 5);
		struct letter l = { ctx, number_in(p, p + n, 9), sch ? number_in(sch, p + n, 1) : -1 };

		if (l.control < 0 || l.appointment < 0)
			fail("this message is not of the feed");
		l.from->owed++;
		(void)pthread_mutex_lock(&bare.lock);
		add(&bare.came, l);
		if (bare.came.n == 1)
			(void)pthread_cond_signal(&bare.some);
		(void)pthread_mutex_unlock(&bare.lock);
		(void)evbuffer_drain(in, n);
	}
}

static void
on_end(struct bufferevent *wire, short what, void *ctx)
{
	struct caller *c = ctx;

	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	bufferevent_free(wire);
	c->gone = true;
	free_when_done(c);
}

static void
on_caller(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *ctx)
{
	struct caller *c = calloc(1, sizeof *c);
	SSL *ssl = SSL_new(bare.tls);
	int one = 1;

	(void)l, (void)a, (void)n, (void)ctx;
	if (!c || !ssl)
		fail("out of memory");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->wire = bufferevent_openssl_socket_new(bare.base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_openssl_set_allow_dirty_shutdown(c->wire, 1);
	bufferevent_setcb(c->wire, on_readable, NULL, on_end, c);
	(void)bufferevent_enable(c->wire, EV_READ | EV_WRITE);
}

static void
on_stored(evutil_socket_t fd, short what, void *ctx)
{
	static struct group mine;
	char text[160];
	uint64_t rung;

	(void)what, (void)ctx;
	if (read(fd, &rung, sizeof rung) != sizeof rung)
		return;
	(void)pthread_mutex_lock(&bare.lock);
	swap(&mine, &bare.stored);
	(void)pthread_mutex_unlock(&bare.lock);
	for (size_t i = 0; i < mine.n; i++) {
		struct caller *c = mine.at[i].from;
		int n = snprintf(text, sizeof text,
		    "\vMSH|^~\\&|NUDGE|LAMNA|SCHED|RIVERSIDE|20261127060000||ACK^S12^ACK|1|P|2.5.1\rMSA|AA|Q%09lld\r\x1c\r", mine.at[i].control);

		c->owed--;
		if (!c->gone)
			(void)bufferevent_write(c->wire, text, (size_t)n);
		free_when_done(c);
	}
	mine.n = 0;
}

static void *
keep(void *ctx)
{
	struct group mine = { 0 };
	const uint64_t one = 1;

	(void)ctx;
	for (;;) {
		int64_t now_s = (int64_t)time(NULL);

		(void)pthread_mutex_lock(&bare.lock);
		while (bare.came.n == 0)
			(void)pthread_cond_wait(&bare.some, &bare.lock);
		swap(&mine, &bare.came);
		(void)pthread_mutex_unlock(&bare.lock);
		bare_do(&bare.rows, BARE_BEGIN);
		for (size_t i = 0; i < mine.n; i++)
			bare_put(&bare.rows, mine.at[i].control, mine.at[i].appointment, feed_start(mine.at[i].appointment, now_s), now_s);
		bare_do(&bare.rows, BARE_COMMIT);
		(void)pthread_mutex_lock(&bare.lock);
		for (size_t i = 0; i < mine.n; i++)
			add(&bare.stored, mine.at[i]);
		(void)pthread_mutex_unlock(&bare.lock);
		mine.n = 0;
		if (write(bare.bell, &one, sizeof one) != sizeof one)
			fail("the bell does not ring");
	}
	return NULL;
}

static void
set_up_tls(char **argv)
{
	bare.tls = SSL_CTX_new(TLS_server_method());
	if (!bare.tls || SSL_CTX_use_certificate_chain_file(bare.tls, argv[1]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(bare.tls, argv[2], SSL_FILETYPE_PEM) != 1 || SSL_CTX_load_verify_locations(bare.tls, argv[3], NULL) != 1)
		fail("certificates");
	SSL_CTX_set_verify(bare.tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	(void)SSL_CTX_set_num_tickets(bare.tls, 0);
	(void)SSL_CTX_set_mode(bare.tls, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_min_proto_version(bare.tls, TLS1_2_VERSION);
}

static void
on_term(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what, (void)ctx;
	(void)event_base_loopbreak(bare.base);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct rlimit files;
	socklen_t n = sizeof at;
	pthread_t keeper;

	if (argc != 5 && (argc != 6 || strcmp(argv[5], "by-second") != 0)) {
		(void)fputs("usage: bench_bare CERTIFICATE KEY CLIENT_CERTIFICATE DATABASE [by-second]\n", stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	set_up_tls(argv);
	bare_open(&bare.rows, argv[4], argc == 6 ? BARE_BY_SECOND : BARE_BY_DAY);
	bare.base = event_base_new();
	bare.bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct evconnlistener *l = evconnlistener_new_bind(bare.base, on_caller, NULL, LEV_OPT_CLOSE_ON_FREE, 4096, (struct sockaddr *)&at, sizeof at);
	struct event *bell = event_new(bare.base, bare.bell, EV_READ | EV_PERSIST, on_stored, NULL);
	struct event *term = evsignal_new(bare.base, SIGTERM, on_term, NULL);

	if (!l || getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&at, &n) != 0 || event_add(bell, NULL) != 0 ||
	    event_add(term, NULL) != 0 || pthread_create(&keeper, NULL, keep, NULL) != 0)
		fail("cannot begin");
	(void)printf("ready %u\n", (unsigned)ntohs(at.sin_port));
	(void)fflush(stdout);
	(void)event_base_dispatch(bare.base);
	_exit(EXIT_SUCCESS);
}
