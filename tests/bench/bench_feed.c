/* bench_feed.c - senders that say one message after another over mutual TLS, and hold every answer against what they asked.
 *
 *   bench_feed PORT CA CERTIFICATE KEY PID CONNECTIONS WARM_SECONDS SECONDS [--from N] [--bytes N] [--appointments N] [--messages N]
 *   bench_feed PORT CA CERTIFICATE KEY PID CONNECTIONS --idle
 *
 * Each connection sends its next message when the last one was answered AA with its control id; anything else ends it with an error.
 * Control ids and appointments count from --from on; with --appointments they come round again, and are
 * changes then. --messages: goes on until so many were answered.
 * Prints answers per second, latencies, and the processor time that PID spent on each; with --idle the memory that it has with all
 * connections up and silent. One thread, on whatever core it is put.
 */
// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arguments.h"
#include "feed.h"
#include "load.h"

#define EVENTS 256
#define ANSWER_MAX 4096
#define SOURCES 200 /* addresses of ours: one has some 28,000 ports */

struct sender {
	SSL *ssl;
	int fd;
	bool up;
	long long control; /* of what is not answered yet */
	double since;
	char out[FEED_MAX + 3], in[ANSWER_MAX];
	size_t out_n, out_at, in_n;
};

static struct {
	SSL_CTX *tls;
	int epoll, port;
	size_t connections, up;
	long long next, appointments, answered, wanted;
	size_t bytes;
	int64_t now_s;
	clockid_t cpu;
	struct load load;
	bool talks, idle;
} feed;

static void
fail(const char *what)
{
	(void)fprintf(stderr, "bench_feed: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(EXIT_FAILURE);
}

static void
watch(struct sender *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	if (epoll_ctl(feed.epoll, EPOLL_CTL_MOD, s->fd, &e) != 0)
		fail("epoll");
}

static void
push(struct sender *s)
{
	int n = SSL_write(s->ssl, s->out + s->out_at, (int)(s->out_n - s->out_at));

	if (n > 0)
		s->out_at += (size_t)n;
	else if (SSL_get_error(s->ssl, n) != SSL_ERROR_WANT_WRITE)
		fail("a connection broke while a message was sent");
	if (s->out_at < s->out_n)
		watch(s, EPOLLIN | EPOLLOUT);
}

static void
say(struct sender *s)
{
	size_t n;

	s->control = feed.next++;
	s->out[0] = '\v';
	n = feed_text(s->control, s->control % feed.appointments, feed.now_s, feed.bytes, s->out + 1);
	memcpy(s->out + 1 + n, "\x1c\r", 2);
	s->out_n = n + 3;
	s->out_at = 0;
	s->since = load_seconds(CLOCK_MONOTONIC);
	push(s);
}

static bool
is_enough(void)
{
	return feed.load.t1 != 0 && feed.answered >= feed.wanted;
}

static void
hear(struct sender *s)
{
	char wanted[40];
	const char *end;
	int n = SSL_read(s->ssl, s->in + s->in_n, (int)(sizeof s->in - 1 - s->in_n));

	if (n <= 0) {
		if (SSL_get_error(s->ssl, n) != SSL_ERROR_WANT_READ)
			fail("a connection ended before its message was answered");
		return;
	}
	s->in_n += (size_t)n;
	s->in[s->in_n] = '\0';
	if (!(end = memmem(s->in, s->in_n, "\x1c\r", 2)))
		return;
	(void)snprintf(wanted, sizeof wanted, "\rMSA|AA|Q%09lld", s->control);
	if (!strstr(s->in, wanted) || end + 2 != s->in + s->in_n)
		fail("an answer is not AA, or not to what was asked");
	s->in_n = 0;
	load_end_of(&feed.load, feed.cpu, s->since, 1);
	feed.answered++;
	if (!is_enough())
		say(s);
}

static void
shake(struct sender *s)
{
	int n = SSL_connect(s->ssl);

	if (n == 1) {
		s->up = true;
		feed.up++;
		watch(s, EPOLLIN);
		if (feed.talks)
			say(s);
		return;
	}
	switch (SSL_get_error(s->ssl, n)) {
	case SSL_ERROR_WANT_READ: watch(s, EPOLLIN); break;
	case SSL_ERROR_WANT_WRITE: watch(s, EPOLLOUT); break;
	default: fail("no handshake");
	}
}

static void
begin(struct sender *s, size_t number)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)feed.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 + (uint32_t)(number % SOURCES)) };
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data.ptr = s };
	int one = 1;

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&from, sizeof from) != 0 || connect(s->fd, (struct sockaddr *)&to, sizeof to) != 0 ||
	    fcntl(s->fd, F_SETFL, O_NONBLOCK) != 0)
		fail("cannot connect");
	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	s->ssl = SSL_new(feed.tls);
	if (!s->ssl || SSL_set_fd(s->ssl, s->fd) != 1 || epoll_ctl(feed.epoll, EPOLL_CTL_ADD, s->fd, &e) != 0)
		fail("out of memory");
	SSL_set_connect_state(s->ssl);
}

static void
turn(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(feed.epoll, events, EVENTS, 10000);

	if (n == 0)
		fail("nothing came for ten seconds");
	for (int i = 0; i < n; i++) {
		struct sender *s = events[i].data.ptr;

		if (!s->up) {
			shake(s);
			continue;
		}
		if ((events[i].events & EPOLLOUT) && s->out_at < s->out_n) {
			push(s);
			if (s->out_at == s->out_n)
				watch(s, EPOLLIN);
		}
		if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			hear(s);
	}
}

static long
memory_kb(pid_t pid, const char *which)
{
	char path[64], line[128];
	FILE *f;
	long kb = 0;

	(void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, which, strlen(which)) == 0)
			kb = strtol(line + strlen(which), NULL, 10);
	if (f)
		(void)fclose(f);
	return kb;
}

static void
set_up(char **argv)
{
	struct rlimit files;

	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	feed.tls = SSL_CTX_new(TLS_client_method());
	if (!feed.tls || SSL_CTX_load_verify_locations(feed.tls, argv[2], NULL) != 1 ||
	    SSL_CTX_use_certificate_chain_file(feed.tls, argv[3]) != 1 || SSL_CTX_use_PrivateKey_file(feed.tls, argv[4], SSL_FILETYPE_PEM) != 1)
		fail("certificates");
	SSL_CTX_set_verify(feed.tls, SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_mode(feed.tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	feed.epoll = epoll_create1(EPOLL_CLOEXEC);
	feed.now_s = (int64_t)time(NULL);
}

/* All connections, one handshake after another in small groups, so that no limit of the other side stands in the way. */
static struct sender *
connect_all(void)
{
	struct sender *all = calloc(feed.connections, sizeof *all);

	if (!all)
		fail("out of memory");
	for (size_t i = 0; i < feed.connections; i++) {
		begin(&all[i], i);
		while (i + 1 - feed.up > 16 || (i + 1 == feed.connections && feed.up < feed.connections))
			turn();
	}
	return all;
}

int
main(int argc, char **argv)
{
	pid_t pid;
	long before;

	if (argc < 8 || (feed.connections = (size_t)strtoul(argv[6], NULL, 10)) < 1) {
		(void)fputs("usage: bench_feed PORT CA CERTIFICATE KEY PID CONNECTIONS (--idle | WARM_SECONDS SECONDS [--from N] [--bytes N] [--appointments N])\n",
		    stderr);
		return 2;
	}
	feed.port = (int)strtol(argv[1], NULL, 10);
	pid = (pid_t)strtol(argv[5], NULL, 10);
	feed.idle = strcmp(argv[7], "--idle") == 0;
	feed.next = number_after(argc, argv, "--from", 0);
	feed.wanted = number_after(argc, argv, "--messages", 0);
	feed.bytes = (size_t)number_after(argc, argv, "--bytes", 0);
	feed.appointments = number_after(argc, argv, "--appointments", INT64_MAX);
	if (feed.bytes > FEED_MAX || clock_getcpuclockid(pid, &feed.cpu) != 0)
		fail("no such process, or too many bytes");
	set_up(argv);
	before = memory_kb(pid, "VmRSS:");
	struct sender *all = connect_all();

	if (feed.idle) {
		(void)printf("{\"connections\": %zu, \"rss_before_kb\": %ld, \"rss_kb\": %ld}\n", feed.connections, before, memory_kb(pid, "VmRSS:"));
		return EXIT_SUCCESS;
	}
	feed.talks = true;
	load_start(&feed.load, strtod(argv[7], NULL), strtod(argv[8], NULL));
	for (size_t i = 0; i < feed.connections; i++)
		say(&all[i]);
	while (!is_enough())
		turn();
	return load_say(&feed.load, memory_kb(pid, "VmHWM:"));
}
