/* test_intake_edges.c - the intake at its edges: places that it listens at, ends in every state, memory that it gives back, who came. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "intake_world.h"
#include "mllp/seen.h"
#include "nudge/certificates.h"

static void
served(struct world *w, const char *rule, const char *id)
{
	struct sender s = sender_connect(w);
	char text[128], want[128];

	(void)snprintf(want, sizeof want, "AA %s", id);
	sender_message(&s, id, 0);
	same_text(rule, sender_answer(&s, text), want);
	sender_close(&s);
}

/* ---- where it listens ---- */

static int
socket_at(int family, const char *address, int port)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	bool ok;

	if (fd < 0) {
		return -1; /* a machine without IPv6 */
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	(void)inet_pton(family, address, family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr);
	ok = bind(fd, family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, family == AF_INET ? sizeof v4 : sizeof v6) == 0 &&
	    listen(fd, 10) == 0;
	if (!ok) {
		close(fd);
	}
	return ok ? fd : -1;
}

static bool
start(struct world *w, const int *inherited, size_t n, struct fault *f)
{
	struct mllp_setup setup = { .rules = &w->first.rules, .map = &w->map, .give = world_give, .ctx = w, .space = world_space,
		.inherited = inherited, .inherited_n = n };

	if (!mllp_new(&setup, &w->intake, f)) {
		return false;
	}
	mllp_open(w->intake);
	assert_int_equal(pthread_create(&w->engine, NULL, world_engine, w), 0);
	return true;
}

TEST(every_form_of_an_address)
{
	static char everywhere[] = "", local[] = "localhost", v6[] = "::", v4[] = "0.0.0.0";
	char *rows[] = { everywhere, local, v4, v6 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world *w = world_new(false);
		struct fault f = { FAULT_NONE, "" };
		bool ok;

		w->first.listeners[0].address = rows[i];
		ok = start(w, NULL, 0, &f);
		if (ok) {
			served(w, rows[i], "A1");
		} else {
			holds("only IPv6 may be missing", rows[i] == v6 && strstr(f.text, "add ListenStream=[::]:"));
		}
		world_close(w);
	}
}

TEST(one_port_at_two_addresses)
{
	struct world *w = world_new(false);
	struct fault f = { FAULT_NONE, "" };
	char other[] = "127.0.0.2", second[] = "second";

	w->first.listeners[1] = w->first.listeners[0];
	w->first.listeners[1].title = second;
	w->first.listeners[1].address = other;
	w->first.conf.listeners_n = 2;
	holds(f.text, start(w, NULL, 0, &f));
	same_int("two places", world_stats(w).listening, 2);
	served(w, "the first", "A1");
	world_close(w);

	w = world_new(false);
	w->first.listeners[1] = w->first.listeners[0];
	w->first.listeners[1].title = second;
	w->first.conf.listeners_n = 2;
	holds("one place for two", !start(w, NULL, 0, &f));
	if (!strstr(f.text, "listener \"second\": 127.0.0.1 port ") || !strstr(f.text, "has a listener already")) {
		fail_msg("%s", f.text);
	}
	world_close(w);
}

/* The service manager's sockets: the one at this place is taken, the others are kept for listeners to come. */
TEST(sockets_that_were_handed_over)
{
	struct world *w = world_new(false);
	struct fault f = { FAULT_NONE, "" };
	char v6[] = "::1";
	const int gone = 900; /* a number that nobody takes meanwhile */
	int pair[2], fd[8], other;
	size_t n = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fd[n++] = pair[0];                                       /* of another kind */
	fd[n++] = open("/dev/null", O_RDONLY | O_CLOEXEC);       /* no socket at all */
	fd[n++] = gone;                                          /* not open */
	fd[n++] = socket_at(AF_INET, "127.0.0.1", free_port());  /* another port */
	fd[n++] = socket_at(AF_INET, "127.0.0.2", w->port);      /* another address */
	fd[n++] = socket_at(AF_INET, "127.0.0.1", w->port);
	holds(f.text, start(w, fd, n, &f));
	served(w, "by what was handed over", "A1");
	world_close(w);
	close(pair[1]);

	w = world_new(false);
	other = free_port();
	n = 0;
	fd[0] = socket_at(AF_INET6, "::1", other);
	if (fd[0] >= 0) {
		n++;
		fd[n++] = socket_at(AF_INET6, "::ffff:127.0.0.2", w->port);
		fd[n++] = socket_at(AF_INET6, "::1", w->port);
		w->first.listeners[0].address = v6;
		holds(f.text, start(w, fd, n, &f));
		same_int("it listens", world_stats(w).listening, 1);
	}
	world_close(w);
}

TEST(what_cannot_be_served_is_told)
{
	struct world *w = world_new(true);
	struct fault f = { FAULT_NONE, "" };

	w->first.listeners[0].private_key = w->one_file;
	holds("a key that is none", !start(w, NULL, 0, &f));
	if (!strstr(f.text, "listener \"epic\": ") || !strstr(f.text, w->one_file)) {
		fail_msg("%s", f.text);
	}
	world_close(w);
}

/* ---- many ---- */

TEST(more_connections_than_places_in_a_table)
{
	struct world *w = world_new(false);
	struct sender s[100];
	char id[16], want[32], text[128];
	struct mllp_sender who[MLLP_SENDERS_MAX];
	struct mllp_setup setup = { .rules = &w->first.rules, .map = &w->map, .give = world_give, .ctx = w, .space = world_space };
	struct fault f = { FAULT_NONE, "" };

	w->first.conf.intake_threads = 0; /* one, at least */
	holds(f.text, mllp_new(&setup, &w->intake, &f));
	for (size_t i = 0; i < COUNT(s); i++) {
		s[i] = sender_connect(w); /* they wait at the door */
	}
	mllp_open(w->intake);
	assert_int_equal(pthread_create(&w->engine, NULL, world_engine, w), 0);
	for (size_t i = 0; i < COUNT(s); i++) {
		snprintf(id, sizeof id, "A%zu", i);
		sender_message(&s[i], id, 0);
	}
	for (size_t i = 0; i < COUNT(s); i++) {
		snprintf(want, sizeof want, "AA A%zu", i);
		same_text("each its own", sender_answer(&s[i], text), want);
	}
	same_int("all of them", world_stats(w).connections, COUNT(s));
	same_int("one sender", (int64_t)mllp_senders(w->intake, who), 1);
	same_text("of its environment", who[0].environment, "prod");
	holds("heard of lately", who[0].last_s > 0);
	for (size_t i = 0; i < COUNT(s); i++) {
		sender_close(&s[i]);
	}
	world_close(w);
}

TEST(answers_longer_than_a_connection_keeps)
{
	struct world *w = world_new(false);
	struct sender s;
	struct buf b;
	char text[128], want[16];

	world_open(w);
	s = sender_connect(w);
	for (int round = 0; round < 2; round++) {
		buf_init(&b, 1 << 20);
		assert_true(buf_add_char(&b, 0x0b));
		for (int i = 0; i < 500; i++) {
			assert_true(buf_addf(&b, "MSH|^~\\&|EPIC|LAMNA|NUDGE|X|20261120101500||SIU^S12|A%d|P|2.3\rPID|1\r", i));
		}
		assert_true(buf_add(&b, "\x1c\r", 2));
		sender_bytes(&s, b.p, b.n);
		buf_clear(&b);
		for (int i = 0; i < 500; i++) {
			snprintf(want, sizeof want, "AA A%d", i);
			same_text("in order", sender_answer(&s, text), want);
		}
	}
	sender_close(&s);
	world_close(w);
}

TEST(one_waits_for_space_and_the_other_has_nothing_to_say)
{
	struct world *w = world_new(false);
	struct sender quiet, s;
	char text[128];

	w->first.conf.intake_threads = 1;
	world_open(w);
	quiet = sender_connect(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	same_text("first", sender_answer(&s, text), "AA A1");
	sender_bytes(&s, "\x0bMSH|^~\\&|E|", 12);
	usleep(50000); /* most times it is begun by then */
	atomic_store(&w->full, true);
	sender_bytes(&s, "L|||||SIU^S12|A2|P|2.3\r\x1c\r", 25);
	usleep(120000);
	same_int("nothing is given", world_given(w), 1);
	atomic_store(&w->full, false);
	same_text("then it is", sender_answer(&s, text), "AA A2");
	sender_message(&quiet, "A3", 0);
	same_text("and the other", sender_answer(&quiet, text), "AA A3");
	sender_close(&quiet);
	sender_close(&s);
	world_close(w);
}

/* pain: one sender that does not read its answers, and all others wait */
TEST(who_reads_nothing_is_waited_for_and_nobody_else)
{
	struct world *w = world_new(true);
	struct sender s, other;
	struct buf all;
	char text[128], name[241];
	int sent = 0, small = 4096, idle = 0;
	size_t at = 0;

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	w->first.conf.intake_threads = 1;
	world_open(w);
	s = sender_connect(w);
	(void)setsockopt(s.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	holds("handshake", sender_tls(&s, &w->one, 0));
	SSL_set_mode(s.ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	assert_int_equal(fcntl(s.fd, F_SETFL, O_NONBLOCK), 0);
	buf_init(&all, 1 << 20);
	while (sent < 40000 && idle < 100) { /* 200 ms without a byte taken: it is full */
		int n;

		if (at == all.n) {
			buf_reset(&all);
			at = 0;
			for (int i = 0; i < 50; i++) {
				assert_true(buf_addf(&all, "\x0bMSH|^~\\&|%s|%s|%s|%s|20261120101500||SIU^S12|A%d|P|2.3\r\x1c\r", name, name, name, name, sent++));
			}
		}
		n = SSL_write(s.ssl, all.p + at, (int)(all.n - at));
		at += n > 0 ? (size_t)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		if (n <= 0) {
			usleep(2000);
		}
	}
	holds("it is not read without end", sent < 40000);
	other = sender_connect(w);
	holds("another's handshake", sender_tls(&other, &w->two, 0));
	sender_message(&other, "A1", 0);
	same_text("another is served meanwhile", sender_answer(&other, text), "AA A1");
	mllp_stop(w->intake);
	same_text("the service stops: it ends", sender_answer(&other, text), "");
	until("it has gone", world_stats(w).connections == 1);
	sender_close(&other);
	buf_clear(&all);
	sender_close(&s);
	until("then the first", world_stats(w).connections == 0);
	world_close(w);
}

/* ---- ends ---- */

TEST(a_handshake_that_was_begun_ends_with_the_service)
{
	struct world *w = world_new(true);
	struct sender s;
	char text[128];

	world_open(w);
	s = sender_connect(w);
	until("it is there", world_stats(w).connections == 1);
	mllp_stop(w->intake);
	same_text("it ends", sender_answer(&s, text), "");
	until("nobody is left", world_stats(w).connections == 0);
	mllp_free(NULL);
	sender_close(&s);
	world_close(w);
}

TEST(an_answer_for_a_listener_that_is_gone)
{
	for (int closes = 0; closes < 2; closes++) {
		struct world *w = world_new(false);
		struct fault f = { FAULT_NONE, "" };
		struct sender s;
		char text[128];

		world_open(w);
		world_hold(w, true);
		s = sender_connect(w);
		sender_message(&s, closes ? "C1" : "A1", 0);
		until("it is given", world_given(w) == 1);
		world_rules(w, &w->second, false);
		w->second.listeners[0].port = free_port();
		holds("reload", mllp_reload(w->intake, &w->second.rules, &w->map, &f));
		world_hold(w, false);
		same_text("what was read is answered, or not, as the engine says", sender_answer(&s, text), closes ? "" : "AA A1");
		same_text("then it ends", sender_answer(&s, text), "");
		same_int("counted", world_stats(w).unanswered, closes);
		sender_close(&s);
		world_close(w);
	}
}

TEST(a_plain_sender_whose_address_is_taken_away)
{
	struct world *w = world_new(false);
	struct fault f = { FAULT_NONE, "" };
	char range[] = "10.0.0.0/8", *ranges[] = { range }, text[128];
	struct sender s, refused[3];

	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	same_text("in", sender_answer(&s, text), "AA A1");
	world_rules(w, &w->second, false);
	w->second.environments[0].sources = (struct text_list){ ranges, 1 };
	holds("reload", mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	same_text("it ends", sender_answer(&s, text), "");
	sender_close(&s);
	same_int("counted as one without a right", world_stats(w).refused_certificate, 1);
	for (size_t i = 0; i < COUNT(refused); i++) {
		refused[i] = sender_connect(w);
		same_text("and does not come back", sender_answer(&refused[i], text), "");
		sender_close(&refused[i]);
	}
	same_int("each counted", world_stats(w).refused_source, COUNT(refused));
	world_close(w);
}

TEST(too_many_connections_are_each_refused)
{
	struct world *w = world_new(false);
	struct sender s, more[3];
	char text[128];

	w->first.listeners[0].max_connections = 1;
	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	same_text("one", sender_answer(&s, text), "AA A1");
	for (size_t i = 0; i < COUNT(more); i++) {
		more[i] = sender_connect(w);
		same_text("no more", sender_answer(&more[i], text), "");
		sender_close(&more[i]);
	}
	same_int("each counted", world_stats(w).refused_limit, COUNT(more));
	sender_close(&s);
	world_close(w);
}

/* The answer to a later frame is there, that of the first is not: with the connection both go. */
TEST(answers_that_waited_for_one_before_them)
{
	struct world *w = world_new(false);
	struct linger hard = { 1, 0 };
	struct message *first, *second;
	struct sender s;

	world_open(w);
	world_hold(w, true);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	sender_message(&s, "A2", 0);
	until("both are given", world_given(w) == 2);
	pthread_mutex_lock(&w->lock);
	first = w->waiting[0];
	second = w->waiting[1];
	w->waiting_n = 0;
	pthread_mutex_unlock(&w->lock);
	world_answer(w, second);
	setsockopt(s.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	sender_close(&s); /* reset */
	until("it has gone", world_stats(w).connections == 0);
	until("its answer too", world_stats(w).unanswered == 1);
	world_answer(w, first);
	until("and the one that came later", world_stats(w).unanswered == 2);
	world_hold(w, false);
	world_close(w);
}

static void
add_junk(struct buf *b, int n)
{
	while (n-- > 0) {
		assert_true(buf_add_char(b, 'j'));
	}
}

TEST(junk_without_end_and_frames_without_a_head)
{
	struct world *w = world_new(false);
	struct sender s;
	struct buf b;
	char text[128];

	w->first.listeners[0].max_message = 1000;
	world_open(w);
	s = sender_connect(w);
	buf_init(&b, 1 << 20);
	add_junk(&b, 5000);
	sender_bytes(&s, b.p, b.n);
	same_text("junk", sender_answer(&s, text), "");
	sender_close(&s);
	same_int("no frame", world_stats(w).frames, 0);

	s = sender_connect(w);
	buf_reset(&b);
	assert_true(buf_add_char(&b, 0x0b));
	add_junk(&b, 2000);
	assert_true(buf_add(&b, "\x1c\r", 2));
	sender_bytes(&s, b.p, b.n);
	sender_message(&s, "A1", 0);
	same_text("nobody to answer for the first, the second is", sender_answer(&s, text), "AA A1");
	same_int("counted both ways", world_stats(w).oversize, 1);
	same_int("counted both ways", world_stats(w).no_msh, 1);
	buf_reset(&b);
	assert_true(buf_add_text(&b, "\x0bMSH|^^^^|EPIC|LAMNA|||||SIU^S12|A2|P|2.3\rNTE|"));
	add_junk(&b, 2000);
	assert_true(buf_add(&b, "\x1c\r", 2));
	sender_bytes(&s, b.p, b.n);
	same_text("delimiters that cannot be used are no reason not to say no", sender_answer(&s, text), "AR A2 message larger than max_message");
	buf_clear(&b);
	sender_close(&s);
	world_close(w);
}

TEST(batches_that_cannot_be_answered)
{
	struct world *w = world_new(false);
	struct sender s;
	struct buf b;
	char text[128];

	w->first.listeners[0].max_message = 1000000;
	world_open(w);
	s = sender_connect(w);
	buf_init(&b, 1 << 20);
	assert_true(buf_add_char(&b, 0x0b));
	for (int i = 0; i < 1001; i++) { /* one too many, and none whose control id could be echoed */
		assert_true(buf_addf(&b, "MSH|^~\\&|E|||||||%0300d\r", i));
	}
	assert_true(buf_add(&b, "\x1c\r", 2));
	sender_bytes(&s, b.p, b.n);
	sender_bytes(&s, "\x0b" "BHS|^^^^|EPIC||||||||B1\r\x1c\r", 27);
	sender_message(&s, "A0", 0);
	same_text("a frame between: the third in a row would end it", sender_answer(&s, text), "AA A0");
	buf_reset(&b);
	assert_true(buf_addf(&b, "\x0b" "BHS|^~\\&|EPIC|||||||%0300d|B1\r\x1c\r", 1));
	sender_bytes(&s, b.p, b.n);
	sender_message(&s, "A1", 0);
	same_text("the next frame is answered", sender_answer(&s, text), "AA A1");
	same_int("nobody to answer", world_stats(w).no_msh, 3);
	buf_clear(&b);
	sender_close(&s);
	world_close(w);
}

/* A connection that is used stays, however often its timer looks. */
TEST(an_idle_timer_starts_anew_with_each_message)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];
	bool stayed = false;

	w->first.listeners[0].idle_timeout_s = 2;
	world_open(w);
	for (int attempt = 0; attempt < 10 && !stayed; attempt++) { /* on a machine that stands still for seconds it may have ended rightly */
		s = sender_connect(w);
		stayed = true;
		for (int i = 0; i < 3 && stayed; i++) {
			sender_message(&s, "A1", 0);
			stayed = strcmp(sender_answer(&s, text), "AA A1") == 0;
			usleep(1100000);
		}
		if (!stayed) {
			sender_close(&s);
		}
	}
	holds("longer than the timer", stayed);
	same_text("then it ends", sender_answer(&s, text), "");
	sender_close(&s);
	world_close(w);
}

/* ---- certificates ---- */

TEST(a_chain_of_our_own_is_shown)
{
	struct world *w = world_new(true);
	struct made ca = certs_make(&(struct wish){ .cn = "ca", .ca = true });
	struct made own = certs_make(&(struct wish){ .cn = "listener", .issuer = &ca });
	char *path, text[128];
	FILE *file = certs_file(&w->folder, "chain.pem", &path);
	struct sender s;

	assert_true(PEM_write_X509(file, own.x) == 1 && PEM_write_X509(file, ca.x) == 1);
	fclose(file);
	w->first.listeners[0].certificate = path;
	w->first.listeners[0].private_key = certs_write_key(&w->folder, "chain.key", own.key);
	world_open(w);
	s = sender_connect(w);
	holds("handshake", sender_tls(&s, &w->one, 0));
	same_int("both are shown", sk_X509_num(SSL_get_peer_cert_chain(s.ssl)), 2);
	sender_message(&s, "A1", 0);
	same_text("served", sender_answer(&s, text), "AA A1");
	sender_close(&s);
	certs_free(&ca);
	certs_free(&own);
	world_close(w);
}

/* What senders came with is kept for as many as there are places; who is there now is never forgotten for another. */
TEST(more_certificates_than_are_remembered)
{
	struct made one = certs_make(&(struct wish){ .cn = "one" });
	static struct seen s;
	struct seen_one *open[SEEN_MAX], *next;
	char name[16];

	seen_init(&s);
	for (int i = 0; i < SEEN_MAX; i++) {
		(void)snprintf(name, sizeof name, "e%d", i);
		open[i] = seen_come(&s, name, one.x, "127.0.0.1", 1000 + i);
		assert_non_null(open[i]);
	}
	holds("no place while all are there", !seen_come(&s, "late", one.x, "127.0.0.1", 5000));
	seen_leave(&s, NULL, 5000);
	seen_leave(&s, open[9], 3000);
	seen_leave(&s, open[7], 2000);
	seen_leave(&s, open[8], 4000);
	next = seen_come(&s, "late", one.x, "127.0.0.2", 5000);
	assert_non_null(next);
	holds("in the place of who left first", s.at[7] == next && s.n == SEEN_MAX);
	same_text("it is its own", next->is.owner, "late");
	same_text("with its address", next->is.peer, "127.0.0.2");
	next = seen_come(&s, "later", one.x, "127.0.0.3", 5001);
	holds("then who left next", next && s.at[9] == next);
	next = seen_come(&s, "e8", one.x, "127.0.0.3", 5002);
	holds("who comes back is the same", next == open[8] && next->is.open == 1 && next->is.first_s == 1008);
	seen_clear(&s);
	certs_free(&one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(every_form_of_an_address), RUN(one_port_at_two_addresses), RUN(sockets_that_were_handed_over),
		RUN(what_cannot_be_served_is_told), RUN(more_connections_than_places_in_a_table),
		RUN(answers_longer_than_a_connection_keeps), RUN(one_waits_for_space_and_the_other_has_nothing_to_say),
		RUN(who_reads_nothing_is_waited_for_and_nobody_else),
		RUN(a_handshake_that_was_begun_ends_with_the_service), RUN(an_answer_for_a_listener_that_is_gone),
		RUN(a_plain_sender_whose_address_is_taken_away), RUN(too_many_connections_are_each_refused),
		RUN(answers_that_waited_for_one_before_them), RUN(junk_without_end_and_frames_without_a_head),
		RUN(batches_that_cannot_be_answered), RUN(an_idle_timer_starts_anew_with_each_message),
		RUN(a_chain_of_our_own_is_shown), RUN(more_certificates_than_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
