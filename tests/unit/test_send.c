/* test_send.c - the client's end of the wire: what it sends, what it takes for an answer, and what it says when there is none. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "intake_world.h"
#include "nudge/mllp_send.h"

#define MESSAGE "MSH|^~\\&|EPIC|LAMNA|NUDGE|X|20261120101500||SIU^S12|A7|P|2.3\r"

static char port_text[16];

static struct mllp_target
target(struct world *w, bool tls)
{
	(void)snprintf(port_text, sizeof port_text, "%d", w->port);
	return (struct mllp_target){ .host = "127.0.0.1", .port = port_text, .tls = tls, .certificate = tls ? w->one_file : "",
		.private_key = "", .ca = tls ? w->certificate : "", .name = tls ? "listener" : "", .timeout_s = 5 };
}

static void
answered(const char *rule, const struct mllp_target *t, const char *wanted)
{
	struct mllp_wire *wire = NULL;
	struct fault f = { FAULT_NONE, "" };
	struct buf answer;

	buf_init(&answer, 1000);
	holds(rule, mllp_connect(t, &wire, &f));
	for (int i = 0; i < 2; i++) {
		buf_reset(&answer);
		holds(rule, mllp_exchange(wire, span_of(MESSAGE), &answer, &f) && buf_add_char(&answer, '\0'));
		holds(rule, strncmp(answer.p, "MSH|", 4) == 0 && strstr(answer.p, wanted));
	}
	mllp_hang_up(wire);
	buf_clear(&answer);
}

static void
fails(const char *rule, const struct mllp_target *t, enum fault_kind kind, const char *why)
{
	struct mllp_wire *wire = NULL;
	struct fault f = { FAULT_NONE, "" };

	holds(rule, !mllp_connect(t, &wire, &f));
	same_int(rule, f.kind, kind);
	if (!strstr(f.text, why))
		fail_msg("%s: %s", rule, f.text);
	holds("nothing is given", !wire);
}

TEST(an_answer_comes_back_over_plain_and_tls)
{
	for (int tls = 0; tls < 2; tls++) {
		struct world *w = world_new(tls);
		struct mllp_target t = target(w, tls);
		char *key = certs_write_key(&w->folder, "one.key", w->one.key);

		world_open(w);
		t.private_key = tls ? key : "";
		answered("two messages on one connection", &t, "MSA|AA|A7");
		world_close(w);
	}
}

TEST(what_is_wrong_is_named)
{
	struct world *w = world_new(true);
	char *key = certs_write_key(&w->folder, "one.key", w->one.key), *other = certs_write_key(&w->folder, "two.key", w->two.key);
	struct mllp_target good, t;

	world_open(w);
	good = target(w, true);
	good.private_key = key;
	t = good;
	t.port = "no-such-service";
	fails("a port that is none", &t, FAULT_OPERATOR, "127.0.0.1:no-such-service: ");
	t = good;
	t.ca = "/nonexistent.pem";
	fails("no such CA file", &t, FAULT_PEER, "/nonexistent.pem: ");
	t = good;
	t.certificate = "/nonexistent.cer";
	fails("no such certificate", &t, FAULT_PEER, "/nonexistent.cer: ");
	t = good;
	t.private_key = "/nonexistent.key";
	fails("no such key", &t, FAULT_PEER, "/nonexistent.key: ");
	t = good;
	t.private_key = other;
	fails("another certificate's key", &t, FAULT_PEER, "two.key: ");
	t = good;
	t.ca = "";
	fails("a listener that the system does not know", &t, FAULT_PEER, "not trusted: self-signed certificate; name its issuer");
	t = good;
	t.name = "elsewhere.example";
	fails("a listener of another name", &t, FAULT_PEER, "not trusted: hostname mismatch; ");
	t.name = "";
	fails("a certificate without the address that was asked for", &t, FAULT_PEER, "not trusted: IP address mismatch; ");
	answered("the right one still comes in", &good, "MSA|AA|A7");
	world_close(w);
	fails("nobody listens any more", &good, FAULT_BUSY, "Connection refused");
}

TEST(a_refused_certificate_shows_as_no_answer)
{
	struct world *w = world_new(true);
	struct mllp_wire *wire = NULL;
	struct mllp_target t;
	struct fault f = { FAULT_NONE, "" };
	struct buf answer;

	world_open(w);
	t = target(w, true);
	t.certificate = ""; /* in TLS 1.3 the handshake ends before it is refused */
	buf_init(&answer, 1000);
	holds("it connects", mllp_connect(&t, &wire, &f));
	holds("and gets nothing", !mllp_exchange(wire, span_of(MESSAGE), &answer, &f));
	same_int("nothing", answer.n, 0);
	holds(f.text, f.kind == FAULT_PEER);
	mllp_hang_up(wire);
	buf_clear(&answer);
	world_close(w);
}

/* A peer that reads to the end of the frame unless it is deaf, then writes these bytes and goes. */
struct peer {
	int fd, port;
	bool deaf;
	const char *bytes;
	size_t n;
};

static void *
peer_runs(void *arg)
{
	struct peer *p = arg;
	int fd = accept(p->fd, NULL, NULL);
	char c = 0;

	while (!p->deaf && recv(fd, &c, 1, 0) == 1 && c != 0x1c)
		;
	if (!p->deaf)
		(void)recv(fd, &c, 1, 0);
	(void)send(fd, p->bytes, p->n, MSG_NOSIGNAL);
	(void)close(fd);
	return NULL;
}

static bool
ask(struct peer *p, struct span message, struct buf *answer, struct fault *f)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	char text[16];
	struct mllp_target t = { .host = "127.0.0.1", .port = text, .certificate = "", .private_key = "", .ca = "", .name = "",
		.timeout_s = 5 };
	struct mllp_wire *wire = NULL;
	pthread_t thread;
	bool ok;

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(bind(p->fd, (struct sockaddr *)&a, n) == 0 && listen(p->fd, 1) == 0 &&
	    getsockname(p->fd, (struct sockaddr *)&a, &n) == 0);
	(void)snprintf(text, sizeof text, "%d", ntohs(a.sin_port));
	assert_int_equal(pthread_create(&thread, NULL, peer_runs, p), 0);
	ok = mllp_connect(&t, &wire, f) && mllp_exchange(wire, message, answer, f);
	mllp_hang_up(wire);
	pthread_join(thread, NULL);
	close(p->fd);
	return ok;
}

TEST(only_a_whole_frame_is_an_answer)
{
	static const struct {
		const char *rule, *bytes, *answer; /* NULL: none */
	} rows[] = {
		{ "a frame", "\vMSA|AA\x1c\r", "MSA|AA" },
		{ "what is before it is no part of it", "\r\n \vMSA|AA\x1c\r", "MSA|AA" },
		{ "an end before the begin is none", "\x1c\r\vMSA|AE\x1c\r", "MSA|AE" },
		{ "an empty frame", "\v\x1c\r", "" },
		{ "an end without CR", "\vMSA|AR\x1c", "MSA|AR" },
		{ "a frame that does not end", "\vMSA|AA", NULL },
		{ "no frame at all", "MSA|AA", NULL },
		{ "nothing", "", NULL },
		{ "more than there is room for", "\v0123456789012345678901234567890123456789\x1c\r", NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer p = { .bytes = rows[i].bytes, .n = strlen(rows[i].bytes) };
		struct fault f = { FAULT_NONE, "" };
		struct buf answer;

		buf_init(&answer, 32);
		same_int(rows[i].rule, ask(&p, span_of(MESSAGE), &answer, &f), rows[i].answer != NULL);
		if (rows[i].answer)
			same_bytes(rows[i].rule, answer.n ? answer.p : "", answer.n, rows[i].answer, strlen(rows[i].answer));
		else
			holds(f.text, f.kind == FAULT_PEER && strstr(f.text, "no answer"));
		buf_clear(&answer);
	}
}

TEST(a_connection_that_ends_while_sending_is_said)
{
	size_t n = 32 << 20;
	char *much = calloc(1, n);
	struct peer p = { .deaf = true, .bytes = "", .n = 0 };
	struct fault f = { FAULT_NONE, "" };
	struct buf answer;

	assert_non_null(much);
	buf_init(&answer, 1000);
	holds("more than any buffer takes", !ask(&p, span_from(much, n), &answer, &f));
	same_text("said", f.text, "the connection ended while sending");
	buf_clear(&answer);
	free(much);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(an_answer_comes_back_over_plain_and_tls),
		RUN(what_is_wrong_is_named),
		RUN(a_refused_certificate_shows_as_no_answer),
		RUN(only_a_whole_frame_is_an_answer),
		RUN(a_connection_that_ends_while_sending_is_said),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
