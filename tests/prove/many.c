/* many.c - senders by the thousand: good, idle, slow, deaf, and some that only knock. For tests/world/test_many.py.
 *
 *   many good  PORT CERTS COUNT NAME              one after the other, and how long each answer took
 *   many crowd PORT CERTS IDLE SLOW DEAF KNOCKS   until standard input ends
 *
 * idle: a handshake, then silence. slow: a byte a second of a message without
 * end; when it is closed, it comes again. deaf: messages, and no answer is ever
 * read. KNOCKS connections a second, from many addresses, say half of a hello or nonsense, and wait.
 * Says "ready" when all have shaken hands and nothing more is taken from the deaf; prints a line of JSON at the end.
 */
// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SHAKING_MAX 48   /* handshakes that we have open at once: more look like an attack */
#define KNOCKING_MAX 512
#define STUCK_MS 2000    /* so long has no deaf one said a byte */

enum role { IDLE, SLOW, DEAF, KNOCK };

struct peer {
	enum role role;
	int fd;              /* -1: not connected */
	SSL *ssl;            /* of a KNOCK: none */
	bool ready;
	int64_t due_ms;      /* of a SLOW: the next byte; of one that is not connected: when it may come again */
	size_t said;
};

static struct {
	SSL_CTX *tls;
	struct sockaddr_in to;
	int epoll;
	struct peer *peer;
	size_t n, shaking, ready;
	struct peer knock[KNOCKING_MAX];
	int64_t closed[4], knocks, bytes, refused, deaf_ms;
} the;

static int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static int64_t now_ms(void) { return now_us() / 1000; }

static void
die(const char *what)
{
	(void)fprintf(stderr, "many: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(2);
}

static void
set_up(const char *port, const char *certs)
{
	char path[512];
	struct rlimit files;

	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	the.to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	the.tls = SSL_CTX_new(TLS_client_method());
	if (!the.tls)
		die("TLS");
	(void)SSL_CTX_set_mode(the.tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)snprintf(path, sizeof path, "%s/sender.crt", certs);
	if (SSL_CTX_use_certificate_chain_file(the.tls, path) != 1)
		die(path);
	(void)snprintf(path, sizeof path, "%s/sender.key", certs);
	if (SSL_CTX_use_PrivateKey_file(the.tls, path, SSL_FILETYPE_PEM) != 1)
		die(path);
}

static int
message(char *out, size_t cap, const char *event, const char *name, long n)
{
	time_t now = time(NULL), start = now + 2 * 86400;
	char stamp[32], when[32];
	struct tm t;

	(void)strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S+0000", gmtime_r(&now, &t));
	(void)strftime(when, sizeof when, "%Y%m%d160000", gmtime_r(&start, &t));
	return snprintf(out, cap, "\vMSH|^~\\&|EPIC|LAMNA|NUDGE|NUDGE|%s||%s|%s%ld|P|2.5.1\rSCH|1^EPIC|%s%ld^EPIC|||||||30|MIN|^^30^%s\r"
	    "PID|1||%s%ld^^^EPIC^MR||Testmann^Erika||19700101|F\rPV1|1|O|CARD^^^EPIC\rRGS|1|A\rAIS|1|A|100^OFFICE VISIT|||||30|MIN\rAIL|1|A|CARD^^^EPIC\r\x1c\r",
	    stamp, event, name, n, name, n, when, name, n);
}

/* ---- good ---- */

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static bool
answered(SSL *ssl)
{
	char in[4096];
	size_t n = 0;

	while (n < 2 || in[n - 2] != 0x1c) {
		int got = SSL_read(ssl, in + n, (int)(sizeof in - 1 - n));

		if (got <= 0 || (n += (size_t)got) >= sizeof in - 1)
			return false;
	}
	in[n] = '\0';
	return strstr(in, "MSA|AA|") != NULL;
}

static int
good(long count, const char *name)
{
	int64_t *took = calloc((size_t)count, sizeof *took);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	SSL *ssl = SSL_new(the.tls);
	char text[2048];

	if (!took || fd < 0 || connect(fd, (struct sockaddr *)&the.to, sizeof the.to) != 0 || !ssl)
		die("connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	(void)SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		die("handshake");
	for (long i = 0; i < count; i++) {
		int n = message(text, sizeof text, "SIU^S12^SIU_S12", name, i);
		int64_t from = now_us();

		if (SSL_write(ssl, text, n) != n || !answered(ssl))
			die("no AA");
		took[i] = now_us() - from;
		(void)usleep(1000);
	}
	qsort(took, (size_t)count, sizeof *took, by_size);
	(void)printf("{\"messages\": %ld, \"p50_us\": %lld, \"p99_us\": %lld, \"max_us\": %lld}\n", count, (long long)took[count / 2],
	    (long long)took[count * 99 / 100], (long long)took[count - 1]);
	free(took);
	return 0;
}

/* ---- the crowd ---- */

static void
watch(struct peer *p, uint32_t what, int how)
{
	struct epoll_event e = { .events = what, .data.ptr = p };

	if (epoll_ctl(the.epoll, how, p->fd, &e) != 0)
		die("epoll_ctl");
}

static void
lose(struct peer *p)
{
	the.closed[p->role]++;
	the.shaking -= p->ssl && !p->ready;
	the.ready -= p->ready;
	SSL_free(p->ssl);
	(void)close(p->fd);
	*p = (struct peer){ .role = p->role, .fd = -1, .due_ms = now_ms() + 100 };
}

static void
come(struct peer *p)
{
	int small = 4096;

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0)
		die("socket");
	if (p->role == DEAF) {
		(void)setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
		(void)setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	}
	if (p->role == KNOCK) {
		struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + (uint32_t)(the.knocks++ % 200)) };

		if (bind(p->fd, (struct sockaddr *)&from, sizeof from) != 0)
			die("bind");
	} else {
		p->ssl = SSL_new(the.tls);
		if (!p->ssl || SSL_set_fd(p->ssl, p->fd) != 1)
			die("TLS");
		SSL_set_connect_state(p->ssl);
		the.shaking++;
	}
	if (connect(p->fd, (struct sockaddr *)&the.to, sizeof the.to) != 0 && errno != EINPROGRESS)
		die("connect");
	watch(p, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

/* true: it goes on; false: over. */
static bool
goes_on(struct peer *p, int rc)
{
	int why = SSL_get_error(p->ssl, rc);

	ERR_clear_error();
	return rc > 0 || why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

static void
shake(struct peer *p)
{
	int rc = SSL_do_handshake(p->ssl);

	if (!goes_on(p, rc)) {
		the.refused++;
		lose(p);
		return;
	}
	watch(p, EPOLLIN | (rc != 1 && SSL_want_write(p->ssl) ? EPOLLOUT : 0), EPOLL_CTL_MOD);
	if (rc != 1)
		return;
	p->ready = true;
	p->due_ms = now_ms() + rand() % 1000;
	the.ready++;
	the.shaking--;
	if (p->role == DEAF) /* it does not read, but it notices when it can write */
		watch(p, EPOLLOUT, EPOLL_CTL_MOD);
}

static void
talk(struct peer *p)
{
	char text[2048];
	int n = message(text, sizeof text, "ADT^A08", "D", 1), rc;

	rc = SSL_write(p->ssl, text + p->said, n - (int)p->said);
	if (!goes_on(p, rc))
		lose(p);
	else if (rc > 0) {
		p->said = (p->said + (size_t)rc) % (size_t)n;
		the.deaf_ms = now_ms();
	}
}

static void
say_a_byte(struct peer *p, int64_t now)
{
	static const char begin[] = "\vMSH|^~\\&|EPIC|LAMNA|";
	int rc = SSL_write(p->ssl, p->said < sizeof begin - 1 ? begin + p->said : "x", 1);

	p->due_ms = now + 1000;
	if (!goes_on(p, rc)) {
		lose(p);
		return;
	}
	p->said += rc > 0;
	the.bytes += rc > 0;
}

static void
knock(struct peer *p, uint32_t what)
{
	static const char half[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 half of a hello", nonsense[] = "GET / HTTP/1.0\r\n\r\n";
	char in[512];

	if (what & EPOLLOUT) {
		bool first = p->said++ == 0;

		if (first && write(p->fd, the.knocks % 2 ? half : nonsense, the.knocks % 2 ? sizeof half : sizeof nonsense) < 0) {
			lose(p);
			return;
		}
		watch(p, EPOLLIN, EPOLL_CTL_MOD);
	} else if (read(p->fd, in, sizeof in) <= 0) {
		lose(p);
	}
}

static void
on_ready(struct peer *p, uint32_t what)
{
	char in[4096];
	int rc;

	if (p->role == KNOCK) {
		knock(p, what);
	} else if (!p->ready) {
		shake(p);
	} else if (p->role == DEAF) {
		if (what & (EPOLLERR | EPOLLHUP))
			lose(p);
		else
			talk(p);
	} else {
		rc = SSL_read(p->ssl, in, sizeof in);
		if (!goes_on(p, rc))
			lose(p);
	}
}

static bool
input_ended(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	char byte;

	return poll(&in, 1, 0) > 0 && read(0, &byte, 1) <= 0;
}

static void
look_at_all(int64_t now)
{
	for (size_t i = 0; i < the.n; i++) {
		struct peer *p = &the.peer[i];

		if (p->fd < 0 && the.shaking < SHAKING_MAX && now >= p->due_ms)
			come(p);
		else if (p->ready && p->role == SLOW && now >= p->due_ms)
			say_a_byte(p, now);
	}
}

static void
look_at_knocks(int64_t allowed)
{
	for (size_t i = 0; i < KNOCKING_MAX && the.knocks < allowed; i++)
		if (the.knock[i].fd < 0)
			come(&the.knock[i]);
}

static int
crowd(const size_t of[3], long knocks)
{
	struct epoll_event ready[512];
	int64_t from = now_ms(), looked = 0, all_ms = 0;

	the.n = of[IDLE] + of[SLOW] + of[DEAF];
	the.epoll = epoll_create1(EPOLL_CLOEXEC);
	the.peer = calloc(the.n + 1, sizeof *the.peer);
	if (!the.peer || the.epoll < 0)
		die("memory");
	for (size_t i = 0; i < the.n; i++)
		the.peer[i] = (struct peer){ .role = i < of[IDLE] ? IDLE : i < of[IDLE] + of[DEAF] ? DEAF : SLOW, .fd = -1 };
	for (size_t i = 0; i < KNOCKING_MAX; i++)
		the.knock[i] = (struct peer){ .role = KNOCK, .fd = -1 };
	while (!input_ended()) {
		int n = epoll_wait(the.epoll, ready, 512, 10);
		int64_t now = now_ms();

		for (int i = 0; i < n; i++)
			on_ready(ready[i].data.ptr, ready[i].events);
		if (now - looked >= 10) {
			look_at_all(looked = now);
			if (all_ms)
				look_at_knocks((now - from) * knocks / 1000);
		}
		if (!all_ms && the.ready + of[SLOW] / 4 >= the.n && now - the.deaf_ms > STUCK_MS) { /* of the slow, which come last, some are always on their way back */
			all_ms = now - from;
			from = now;
			(void)printf("ready after %lld ms\n", (long long)all_ms);
			(void)fflush(stdout);
		}
	}
	(void)printf("{\"ready\": %zu, \"all_ms\": %lld, \"idle_closed\": %lld, \"slow_closed\": %lld, \"deaf_closed\": %lld, \"knocks\": %lld, "
	    "\"slow_bytes\": %lld, \"refused\": %lld}\n", the.ready, (long long)all_ms, (long long)the.closed[IDLE], (long long)the.closed[SLOW],
	    (long long)the.closed[DEAF], (long long)the.knocks, (long long)the.bytes, (long long)the.refused);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	set_up(argv[2], argv[3]);
	if (strcmp(argv[1], "good") == 0)
		return good(strtol(argv[4], NULL, 10), argv[5]);
	if (argc < 8)
		return 2;
	return crowd((const size_t[]){ strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10), strtoul(argv[6], NULL, 10) }, strtol(argv[7], NULL, 10));
}
