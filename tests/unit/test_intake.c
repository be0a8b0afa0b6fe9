/* test_intake.c - the whole intake on the loopback: order, limits of what waits, bad senders, ends. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "intake_world.h"

/* pain: an answer in two segments */
TEST(a_message_is_answered_in_one_write)
{
	struct world *w = world_new(false);
	char bytes[4096], text[128];
	struct sender s;
	ssize_t n;

	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A 1", 0);
	n = recv(s.fd, bytes, sizeof bytes, 0);
	holds("promise 2: a whole frame in one read", n > 3 && bytes[0] == 0x0b && bytes[n - 2] == 0x1c);
	assert_true(buf_add(&s.in, bytes, (size_t)n));
	same_text("promise 2: MSA-2 is MSH-10 with its blank", sender_answer(&s, text), "AA A 1");
	sender_message(&s, "E2", 0);
	same_text("an error says so", sender_answer(&s, text), "AE E2 no start");
	same_int("two frames", world_stats(w).frames, 2);
	sender_close(&s);
	world_close(w);
}

static void
check_order(struct world *w, struct sender *s, int n)
{
	struct buf all;
	char id[16], want[32], text[128];

	buf_init(&all, 1 << 20);
	for (int i = 0; i < n; i++) {
		snprintf(id, sizeof id, "A%d", i);
		add_message(&all, id, 0);
	}
	sender_bytes(s, all.p, all.n);
	for (int i = 0; i < n; i++) {
		snprintf(want, sizeof want, "AA A%d", i);
		same_text("promise 2: in the order of the frames", sender_answer(s, text), want);
	}
	same_int("all were given", world_given(w), n);
	buf_clear(&all);
}

/* pain: a late answer that is taken for the next message's */
TEST(pipelined_messages_are_answered_in_order)
{
	for (int tls = 0; tls < 2; tls++) {
		struct world *w = world_new(tls);
		struct sender s;
		w->backwards = true;
		world_open(w);
		s = sender_connect(w);
		if (tls) {
			holds("handshake", sender_tls(&s, &w->one, 0));
		}
		check_order(w, &s, 300);
		sender_close(&s);
		world_close(w);
	}
}

TEST(no_more_than_64_frames_wait_for_an_answer)
{
	struct world *w = world_new(false);
	struct sender s;
	struct buf all;
	char id[16], text[128];

	world_open(w);
	world_hold(w, true);
	s = sender_connect(w);
	buf_init(&all, 1 << 20);
	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof id, "A%d", i);
		add_message(&all, id, 0);
	}
	sender_bytes(&s, all.p, all.n);
	until("64 are given", world_given(w) == 64);
	usleep(100000);
	same_int("and no more", world_given(w), 64);
	world_hold(w, false);
	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof id, "AA A%d", i);
		same_text("then the rest", sender_answer(&s, text), id);
	}
	buf_clear(&all);
	sender_close(&s);
	world_close(w);
}

/* More than a thread keeps the memory of, answered and come again: with other verdicts, and here and there a large one. */
TEST(a_message_in_the_place_of_another_has_nothing_of_it)
{
	struct world *w = world_new(false);
	struct sender s[6];
	struct buf all;
	char id[16], text[128], want[64];

	world_open(w);
	for (size_t c = 0; c < COUNT(s); c++) {
		s[c] = sender_connect(w);
	}
	buf_init(&all, 1 << 20);
	for (int round = 0; round < 3; round++) {
		world_hold(w, true);
		for (size_t c = 0; c < COUNT(s); c++) {
			buf_reset(&all);
			for (int i = 0; i < 64; i++) {
				snprintf(id, sizeof id, "%c%d", (i + round) % 3 == 0 ? 'E' : 'A', i);
				add_message(&all, id, i == 5 ? 60000 : 0);
			}
			sender_bytes(&s[c], all.p, all.n);
		}
		until("all are given", world_given(w) == COUNT(s) * 64 * (size_t)(round + 1));
		world_hold(w, false);
		for (size_t c = 0; c < COUNT(s); c++) {
			for (int i = 0; i < 64; i++) {
				bool bad = (i + round) % 3 == 0;

				snprintf(want, sizeof want, bad ? "AE E%d no start" : "AA A%d", i);
				same_text("its own answer", sender_answer(&s[c], text), want);
			}
		}
	}
	buf_clear(&all);
	for (size_t c = 0; c < COUNT(s); c++) {
		sender_close(&s[c]);
	}
	world_close(w);
}

/* pain: memory used up by large messages of one sender */
TEST(no_more_than_1_mib_waits_for_an_answer)
{
	struct world *w = world_new(false);
	struct sender s;
	struct buf all;
	char id[16], text[128];

	world_open(w);
	world_hold(w, true);
	s = sender_connect(w);
	buf_init(&all, 4 << 20);
	for (int i = 0; i < 16; i++) {
		snprintf(id, sizeof id, "A%d", i);
		add_message(&all, id, 90000);
	}
	sender_bytes(&s, all.p, all.n);
	until("1 MiB is given", world_given(w) == 12);
	usleep(100000);
	same_int("and no more", world_given(w), 12);
	world_hold(w, false);
	for (int i = 0; i < 16; i++) {
		snprintf(id, sizeof id, "AA A%d", i);
		same_text("then the rest", sender_answer(&s, text), id);
	}
	buf_clear(&all);
	sender_close(&s);
	world_close(w);
}

/* pain: large messages refused for want of memory that idle connections once used */
TEST(memory_of_a_frame_is_given_back_with_the_frame)
{
	struct world *w = world_new(false);
	struct sender s[24];
	struct buf one;
	char id[16], text[128];

	w->first.conf.intake_memory_bytes = 1 << 20;
	world_open(w);
	for (int i = 0; i < 24; i++) {
		s[i] = sender_connect(w);
		buf_init(&one, 1 << 20);
		snprintf(id, sizeof id, "A%d", i);
		add_message(&one, id, 90000);
		sender_bytes(&s[i], one.p, one.n - 1); /* the CR behind FS is not sent by all */
		buf_clear(&one);
		snprintf(text, sizeof text, "AA A%d", i);
		same_text("each finds its memory, though the others stay connected", sender_answer(&s[i], (char[128]){ "" }), text);
	}
	same_int("none was refused", world_stats(w).refused_memory, 0);
	for (int i = 0; i < 24; i++) {
		sender_close(&s[i]);
	}
	world_close(w);
}

/* pain: messages piled up in memory before a store that does not get on */
TEST(nothing_is_given_while_there_is_no_space)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	w->full = true;
	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	usleep(150000);
	same_int("kept back", world_given(w), 0);
	w->full = false;
	same_text("given later", sender_answer(&s, text), "AA A1");
	sender_close(&s);
	world_close(w);
}

/* pain: a message on a closing connection that counts as sent and was not stored */
TEST(what_came_before_the_end_is_answered_after_it)
{
	for (int tls = 0; tls < 2; tls++) {
		struct world *w = world_new(tls);
		struct sender s;
		char text[128];
		world_open(w);
		world_hold(w, true);
		s = sender_connect(w);
		if (tls) {
			holds("handshake", sender_tls(&s, &w->one, 0));
		}
		sender_message(&s, "A1", 0);
		sender_message(&s, "A2", 0);
		sender_bytes(&s, "\x0bMSH|half", 9);
		if (tls) {
			SSL_shutdown(s.ssl);
		}
		shutdown(s.fd, SHUT_WR);
		until("both are given", world_given(w) == 2);
		world_hold(w, false);
		same_text("half-close: the first", sender_answer(&s, text), "AA A1");
		same_text("half-close: the second", sender_answer(&s, text), "AA A2");
		same_text("half a frame has no answer", sender_answer(&s, text), "");
		until("and it is closed", world_stats(w).connections == 0);
		sender_close(&s);
		world_close(w);
	}
}

/* pain: answers that go on after one was lost */
TEST(an_answer_may_be_to_close)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];
	struct buf all;

	world_open(w);
	world_hold(w, true);
	s = sender_connect(w);
	buf_init(&all, 10000);
	add_message(&all, "A1", 0);
	add_message(&all, "C2", 0);
	add_message(&all, "A3", 0);
	sender_bytes(&s, all.p, all.n);
	until("three are given", world_given(w) == 3);
	world_hold(w, false);
	same_text("promise 2: what was stored is answered", sender_answer(&s, text), "AA A1");
	same_text("promise 2: silence for what was not, and all after it", sender_answer(&s, text), "");
	until("all three came back", world_stats(w).unanswered == 2);
	buf_clear(&all);
	sender_close(&s);
	world_close(w);
}

TEST(no_memory_is_silence_and_a_close)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	log_set_level(LOG_ERROR - 1);
	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	sender_message(&s, "M2", 0);
	sender_message(&s, "A3", 0);
	same_text("the first", sender_answer(&s, text), "AA A1");
	same_text("then no answer", sender_answer(&s, text), "");
	sender_close(&s);
	world_close(w);
}

/* pain: a message that is too large, cut off or ignored without an answer */
TEST(an_oversize_message_is_refused_in_its_place)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	sender_message(&s, "A2", 150000);
	sender_message(&s, "A3", 99000);
	same_text("before", sender_answer(&s, text), "AA A1");
	same_text("too large", sender_answer(&s, text), "AR A2 message larger than max_message");
	same_text("after", sender_answer(&s, text), "AA A3");
	sender_message(&s, "A4", 0);
	sender_message(&s, "A5", 500000);
	same_text("what came before a hopeless one", sender_answer(&s, text), "AA A4");
	same_text("four times too large closes", sender_answer(&s, text), "");
	same_int("one was refused", world_stats(w).oversize, 1);
	sender_close(&s);
	world_close(w);
}

TEST(strangers_to_the_protocol_are_shown_out)
{
	static const struct {
		const char *rule, *bytes;
	} rows[] = {
		{ "HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n" },
		{ "TLS where none is spoken", "\x16\x03\x01\x02\x01\x01\x01\x01" },
		{ "the third frame without MSH", "\x0bPID|1\x1c\r\x0bhello\x1c\r\x0bPID|3\x1c\r" },
	};
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	world_open(w);
	for (size_t i = 0; i < COUNT(rows); i++) {
		s = sender_connect(w);
		sender_bytes(&s, rows[i].bytes, strlen(rows[i].bytes));
		same_text(rows[i].rule, sender_answer(&s, text), "");
		sender_close(&s);
	}
	s = sender_connect(w);
	sender_bytes(&s, "\x0bPID|1\x1c\r\x0bPID|2\x1c\r", 16);
	sender_message(&s, "A1", 0);
	sender_bytes(&s, "\x0bPID|3\x1c\r", 8);
	sender_message(&s, "A2", 0);
	same_text("three, but not in a row", sender_answer(&s, text), "AA A1");
	same_text("three, but not in a row", sender_answer(&s, text), "AA A2");
	sender_close(&s);
	same_int("counted", world_stats(w).probes, 2);
	same_int("counted", world_stats(w).no_msh, 6);
	s = sender_connect(w);
	sender_close(&s);
	until("a knock on the door is counted", world_stats(w).probes == 3);
	world_close(w);
}

/* pain: a healthy connection that is closed in a quiet hour
 * pain: a pause within a message, and what comes next is glued to what came before */
TEST(slow_senders_are_not_waited_for)
{
	struct world *w = world_new(true), *plain = world_new(false);
	struct sender s;
	char text[128];

	w->first.listeners[0].handshake_timeout_s = 1;
	plain->first.listeners[0].frame_timeout_s = 1;
	world_open(w);
	s = sender_connect(w);
	same_text("no handshake", sender_answer(&s, text), "");
	same_int("counted", world_stats(w).handshake_timeouts, 1);
	sender_close(&s);
	world_close(w);

	world_open(plain);
	s = sender_connect(plain);
	sender_message(&s, "A1", 0);
	same_text("a good one", sender_answer(&s, text), "AA A1");
	usleep(1200000);
	sender_message(&s, "A2", 0);
	same_text("silence between frames is fine", sender_answer(&s, text), "AA A2");
	sender_bytes(&s, "\x0bMSH|", 5);
	same_text("a frame that does not end", sender_answer(&s, text), "");
	same_int("counted", world_stats(plain).frame_timeouts, 1);
	sender_close(&s);
	world_close(plain);
}

TEST(a_sender_may_ask_for_no_answer)
{
	static const char quiet[] = "\x0bMSH|^~\\&|EPIC|LAMNA|||20261120||SIU^S12|A1|P|2.3|||NE|NE\r\x1c\r";
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	w->first.listeners[0].ack_mode = ACK_AUTO;
	world_open(w);
	s = sender_connect(w);
	sender_bytes(&s, quiet, sizeof quiet - 1);
	sender_message(&s, "A2", 0);
	same_text("ack_mode auto: only the second is answered", sender_answer(&s, text), "AA A2");
	sender_close(&s);
	world_close(w);
}

TEST(an_idle_connection_ends_where_that_is_wanted)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	w->first.listeners[0].idle_timeout_s = 1;
	world_open(w);
	world_hold(w, true);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	usleep(1300000);
	world_hold(w, false);
	same_text("while it waits for us it is not idle", sender_answer(&s, text), "AA A1");
	same_text("then it is", sender_answer(&s, text), "");
	sender_close(&s);
	world_close(w);
}

/* pain: a stop that cuts off answers to what was stored */
TEST(after_stop_answers_still_go_out)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];
	size_t given;

	world_open(w);
	world_hold(w, true);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	until("given", world_given(w) == 1);
	mllp_stop(w->intake);
	sender_message(&s, "A2", 0);
	usleep(50000);
	given = world_given(w);
	world_hold(w, false);
	same_int("nothing is read after stop", given, 1);
	same_text("what was owed is paid", sender_answer(&s, text), "AA A1");
	same_text("then it ends", sender_answer(&s, text), "");
	sender_close(&s);
	world_close(w);
}

/* pain: an answer to one who left, given to who came after */
TEST(answers_for_the_departed_are_dropped)
{
	struct world *w = world_new(false);
	struct sender s;
	struct linger abort = { 1, 0 };

	world_open(w);
	world_hold(w, true);
	for (int i = 0; i < 10; i++) {
		s = sender_connect(w);
		sender_message(&s, "A1", 0);
		until("given", world_given(w) == (size_t)i + 1);
		setsockopt(s.fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
		sender_close(&s);
	}
	until("all are gone", world_stats(w).connections == 0);
	world_hold(w, false);
	until("counted", world_stats(w).unanswered == 10);
	world_close(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_message_is_answered_in_one_write),
		RUN(pipelined_messages_are_answered_in_order),
		RUN(no_more_than_64_frames_wait_for_an_answer),
		RUN(a_message_in_the_place_of_another_has_nothing_of_it),
		RUN(no_more_than_1_mib_waits_for_an_answer),
		RUN(memory_of_a_frame_is_given_back_with_the_frame),
		RUN(nothing_is_given_while_there_is_no_space),
		RUN(what_came_before_the_end_is_answered_after_it),
		RUN(an_answer_may_be_to_close),
		RUN(no_memory_is_silence_and_a_close),
		RUN(an_oversize_message_is_refused_in_its_place),
		RUN(strangers_to_the_protocol_are_shown_out),
		RUN(slow_senders_are_not_waited_for),
		RUN(a_sender_may_ask_for_no_answer),
		RUN(an_idle_connection_ends_where_that_is_wanted),
		RUN(after_stop_answers_still_go_out),
		RUN(answers_for_the_departed_are_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
