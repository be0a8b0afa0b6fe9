/* test_pains_intake.c - what users of other intakes suffer from, tried on this one. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "intake_world.h"

#include <dirent.h>
#include <netinet/tcp.h>

/* Our end of a sender's connection: the intake lives in this process. */
static int
accepted_end(const struct sender *s)
{
	struct sockaddr_in own, peer;
	socklen_t n = sizeof own;

	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&own, &n), 0);
	for (int fd = 0; fd < 8192; fd++) {
		n = sizeof peer;
		if (getpeername(fd, (struct sockaddr *)&peer, &n) == 0 && peer.sin_family == AF_INET &&
		    peer.sin_port == own.sin_port) {
			return fd;
		}
	}
	fail_msg("nobody accepted");
	return -1;
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof value;

	assert_int_equal(getsockopt(fd, level, name, &value, &n), 0);
	return value;
}

/* pain: a connection whose other end is gone without a word, and which stays for ever
 * pain: a firewall that forgets a quiet connection after some minutes
 * pain: a peer that takes no more bytes, and an answer that waits for it for ever */
TEST(a_dead_or_forgotten_peer_is_found_out)
{
	for (int tls = 0; tls < 2; tls++) {
		struct world *w = world_new(tls);
		struct sender s;
		char text[128];
		int fd, idle_s;

		world_open(w);
		s = sender_connect(w);
		if (tls) {
			holds("handshake", sender_tls(&s, &w->one, 0));
		}
		sender_message(&s, "A1", 0);
		same_text("it is served", sender_answer(&s, text), "AA A1");
		fd = accepted_end(&s);
		idle_s = option(fd, IPPROTO_TCP, TCP_KEEPIDLE);
		same_int("the kernel asks whether it is there", option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
		holds("more often than firewalls forget", idle_s > 0 && idle_s <= 120);
		holds("and soon gives up",
		    option(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option(fd, IPPROTO_TCP, TCP_KEEPCNT) <= 120);
		holds("what is not acknowledged has an end", option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) > 0 &&
		    option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) <= 120000);
		holds("answers do not wait for more bytes", option(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
		sender_close(&s);
		world_close(w);
	}
}

static int64_t
cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static size_t
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d)) {
		n++;
	}
	closedir(d);
	return n;
}

enum leaving { HALF_CLOSES, SAYS_SO_AND_HALF_CLOSES, CLOSES, RESETS, LEAVINGS };

static void
leave(struct sender *s, enum leaving how)
{
	struct linger abort = { 1, 0 };

	if (how == SAYS_SO_AND_HALF_CLOSES && s->ssl && SSL_is_init_finished(s->ssl)) {
		SSL_shutdown(s->ssl);
	}
	if (how <= SAYS_SO_AND_HALF_CLOSES) {
		shutdown(s->fd, SHUT_WR);
		return;
	}
	if (how == RESETS) {
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
	}
	close(s->fd);
	s->fd = -1;
}

/* How far the sender came before it left. */
enum progress { CONNECTED, BEGAN_TLS, SHOOK_HANDS, IN_A_FRAME, AWAITS_AN_ANSWER, PROGRESSES };

static struct sender
sender_until(struct world *w, bool tls, enum progress p)
{
	struct sender s = sender_connect(w);

	if (p >= SHOOK_HANDS && tls) {
		holds("handshake", sender_tls(&s, &w->one, 0));
	}
	if (p == BEGAN_TLS) {
		sender_bytes(&s, tls ? "\x16\x03\x01\x02" : "\n\n\n\n", 4);
	} else if (p == IN_A_FRAME) {
		sender_bytes(&s, "\x0bMSH|half", 9);
	} else if (p == AWAITS_AN_ANSWER) {
		sender_message(&s, "A1", 0);
	}
	return s;
}

/* pain: a processor that is busy for ever once a peer has closed
 * pain: a descriptor lost with each peer that leaves at the wrong moment */
TEST(who_leaves_in_whatever_state_costs_nothing)
{
	for (int tls = 0; tls < 2; tls++) {
		struct world *w = world_new(tls);
		struct sender s[PROGRESSES * LEAVINGS];
		size_t before, n = 0;
		int64_t used;

		log_set_level(LOG_ERROR - 1);
		world_open(w);
		world_hold(w, true);
		before = descriptors();
		for (int p = 0; p < PROGRESSES; p++) {
			for (int how = 0; how < LEAVINGS; how++) {
				s[n] = sender_until(w, tls, (enum progress)p);
				if (p == AWAITS_AN_ANSWER) {
					size_t due = (size_t)how + 1;
					until("given", world_given(w) == due);
				}
				leave(&s[n++], (enum leaving)how);
			}
		}
		until("all were let in", world_stats(w).accepted == PROGRESSES * LEAVINGS);
		usleep(100000);
		used = cpu_us();
		usleep(400000);
		holds("no busy loop", cpu_us() - used < 100000);
		world_hold(w, false);
		until("nobody is left", world_stats(w).connections == 0);
		while (n > 0) {
			sender_close(&s[--n]);
		}
		until("nor any descriptor", descriptors() == before);
		world_close(w);
	}
}

/* pain: no more than the 1024 descriptors that select() knows */
TEST(descriptors_that_select_does_not_know)
{
	struct world *w = world_new(false);
	struct rlimit before, many;
	static int spare[2 * FD_SETSIZE];
	size_t n = 0;
	struct sender s;
	char text[128];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	many = before;
	if (many.rlim_cur < 3 * FD_SETSIZE) {
		many.rlim_cur = 3 * FD_SETSIZE;
	}
	if (many.rlim_max < many.rlim_cur) {
		world_close(w);
		skip();
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
	world_open(w);
	while (n < COUNT(spare) && (spare[n] = dup(STDERR_FILENO)) >= 0) {
		n++;
	}
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	same_text("it is served", sender_answer(&s, text), "AA A1");
	holds("by a descriptor beyond them", accepted_end(&s) > 2 * FD_SETSIZE);
	sender_close(&s);
	while (n > 0) {
		close(spare[--n]);
	}
	setrlimit(RLIMIT_NOFILE, &before);
	world_close(w);
}

/* pain: an answer in two pieces, of which a simple sender reads the first only */
TEST(an_answer_is_one_record_of_tls)
{
	struct world *w = world_new(true);
	struct sender s;
	char bytes[8192];
	int n;

	world_open(w);
	s = sender_connect(w);
	holds("handshake", sender_tls(&s, &w->one, 0));
	for (int i = 0; i < 20; i++) {
		sender_message(&s, "A1", 0);
		n = SSL_read(s.ssl, bytes, sizeof bytes); /* never more than one record */
		holds("whole, from VT to CR",
		    n > 3 && bytes[0] == 0x0b && bytes[n - 2] == 0x1c && bytes[n - 1] == '\r');
		same_int("and alone", SSL_pending(s.ssl), 0);
	}
	sender_close(&s);
	world_close(w);
}

/* pain: of a message with a document in it only the last piece is looked at */
TEST(a_message_of_16_mib_arrives_whole)
{
	static const char end[] = "\rZZZ|the last\r";
	const size_t most = 16u << 20;
	struct world *w = world_new(true);
	struct sender s;
	struct buf m;
	char text[128];

	w->first.listeners[0].max_message = most;
	world_open(w);
	world_hold(w, true);
	s = sender_connect(w);
	holds("handshake", sender_tls(&s, &w->one, 0));
	buf_init(&m, most + 3);
	buf_addf(&m, "\x0bMSH|^~\\&|EPIC|LAMNA|||20261120||MDM^T02|A1|P|2.3\rOBX|1|ED|||");
	while (m.n < most + 1 - (sizeof end - 1)) {
		char piece[4093]; /* no piece ends where one of the reader's does */
		size_t left = most + 1 - (sizeof end - 1) - m.n;
		memset(piece, 'a' + (int)(m.n % 26), sizeof piece);
		holds("made", buf_add(&m, piece, left < sizeof piece ? left : sizeof piece));
	}
	holds("made", buf_add_text(&m, end) && buf_add_text(&m, "\x1c\r"));
	sender_bytes(&s, m.p, m.n);
	until("given", world_given(w) == 1);
	pthread_mutex_lock(&w->lock);
	same_bytes("byte for byte", w->waiting[0]->raw.p, w->waiting[0]->raw.n, m.p + 1, most);
	pthread_mutex_unlock(&w->lock);
	world_hold(w, false);
	same_text("and answered", sender_answer(&s, text), "AA A1");
	buf_clear(&m);
	sender_close(&s);
	world_close(w);
}

/* pain: messages that are "missing": their bytes came, unterminated or without a beginning, and nobody is told */
TEST(a_message_outside_of_a_frame_is_not_left_lying)
{
	static const char bare[] = "MSH|^~\\&|EPIC|LAMNA|||20261120||SIU^S12|A1|P|2.3\r";
	struct world *w = world_new(false);
	struct sender s;
	struct frame_reader r;
	size_t used;
	char text[128];

	frame_init(&r, 1000);
	for (size_t i = 0; i < sizeof bare - 1; i++) {
		same_int("byte by byte, known by its first three", frame_is_bare(&r), i >= 3);
		same_int("skipped", frame_feed(&r, span_from(bare + i, 1), &used), FRAME_NONE);
	}
	same_int("a frame begins", frame_feed(&r, SPAN_LIT("\x0bMSH"), &used), FRAME_NONE);
	holds("what is inside is not bare", !frame_is_bare(&r));
	same_int("it ends", frame_feed(&r, SPAN_LIT("|\x1c\rxMSMMSx"), &used), FRAME_COMPLETE);
	same_int("other dirt", frame_feed(&r, SPAN_LIT("\rxMSMMSx"), &used), FRAME_NONE);
	holds("is not taken for one", !frame_is_bare(&r));
	frame_clear(&r);

	log_set_level(LOG_ERROR - 1);
	w->first.listeners[0].frame_timeout_s = 1;
	world_open(w);
	s = sender_connect(w);
	sender_bytes(&s, "dirt", 4);
	usleep(1300000);
	sender_bytes(&s, bare, sizeof bare - 1);
	sender_message(&s, "A2", 0);
	same_text("dirt alone costs nothing, and a frame behind it is answered", sender_answer(&s, text), "AA A2");
	usleep(1300000);
	sender_message(&s, "A3", 0);
	same_text("nor does a bare one that a frame followed", sender_answer(&s, text), "AA A3");
	sender_bytes(&s, bare, sizeof bare - 1);
	same_text("nothing follows: the sender learns that nobody listens", sender_answer(&s, text), "");
	same_int("and it is counted", world_stats(w).frame_timeouts, 1);
	sender_close(&s);
	world_close(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_dead_or_forgotten_peer_is_found_out),
		RUN(who_leaves_in_whatever_state_costs_nothing),
		RUN(descriptors_that_select_does_not_know),
		RUN(an_answer_is_one_record_of_tls),
		RUN(a_message_of_16_mib_arrives_whole),
		RUN(a_message_outside_of_a_frame_is_not_left_lying),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
