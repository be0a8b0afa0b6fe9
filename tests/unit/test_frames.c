/* test_frames.c - frames that are not one plain message: batches, older envelopes, release 2; and what bounds memory and handshakes. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "intake_world.h"

#define MSG(id) "MSH|^~\\&|EPIC|LAMNA|NUDGE|X|20261120101500||SIU^S12|" id "|P|2.3\rPID|1\r"

#define TEN "1234567890"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY /* too long to be echoed */

static void
send_frame(struct sender *s, const char *content)
{
	struct buf b;

	buf_init(&b, 4 << 20);
	assert_true(buf_add_char(&b, 0x0b) && buf_add_text(&b, content) && buf_add(&b, "\x1c\r", 2));
	sender_bytes(s, b.p, b.n);
	buf_clear(&b);
}

TEST(each_message_of_a_batch_is_answered)
{
	static const struct {
		const char *rule, *content, *answers[4]; /* "": the connection is still there, and the next frame is answered */
	} rows[] = {
		{ "a batch of two", "FHS|^~\\&\rBHS|^~\\&\r" MSG("A1") MSG("A2") "BTS|2\rFTS|1\r", { "AA A1", "AA A2" } },
		{ "without a head", MSG("A1") MSG("A2"), { "AA A1", "AA A2" } },
		{ "one without an MSH-10 that can be echoed is left out", "BHS|^~\\&\r" MSG("A1") "MSH|^~\\&|E|||||||" LONG "\r" MSG("A3") "BTS|3\r",
		    { "AA A1", "AA A3" } },
		{ "a trailer that counts otherwise", "BHS|^~\\&\r" MSG("A1") MSG("A2") "BTS|7\r", { "AA A1", "AA A2" } },
		{ "a header alone", "BHS|^~\\&|EPIC|LAMNA|NUDGE|X|20261120||||B77\rBTS|0\r", { "AR B77 a batch or file header, and no message" } },
		{ "a file's header alone", "FHS|^~\\&|EPIC|LAMNA|NUDGE|X|20261120||||F77\rFTS|0\r",
		    { "AR F77 a batch or file header, and no message" } },
	};
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	world_open(w);
	for (size_t i = 0; i < COUNT(rows); i++) {
		s = sender_connect(w);
		send_frame(&s, rows[i].content);
		for (size_t k = 0; k < COUNT(rows[i].answers) && rows[i].answers[k]; k++)
			same_text(rows[i].rule, sender_answer(&s, text), rows[i].answers[k]);
		sender_message(&s, "A9", 0);
		same_text("and the next frame", sender_answer(&s, text), "AA A9");
		sender_close(&s);
	}
	same_int("one trailer was wrong in one row, and one in the row of which a message was left out",
	    world_stats(w).batch_counts_wrong, 1);
	world_close(w);
}

TEST(a_batch_that_nobody_can_be_answered_for)
{
	static const char *const rows[] = { "BHS|\rBTS|0\r", "BHS\rBTS\r", "BTS|0\r", "FTS\r",
		"BHS|^~\\&|EPIC||||||||" LONG "\r" };
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	world_open(w);
	for (size_t i = 0; i < COUNT(rows); i++) {
		s = sender_connect(w);
		send_frame(&s, rows[i]);
		sender_message(&s, "A1", 0);
		sender_answer(&s, text);
		if (strcmp(text, "AA A1") != 0) /* a header's own id may be empty: its answer comes first */
			same_text("the frame behind it", sender_answer(&s, text), "AA A1");
		sender_close(&s);
	}
	world_close(w);
}

TEST(a_batch_is_taken_whole_or_not_at_all)
{
	struct world *w = world_new(false);
	struct sender s;
	struct buf b;
	char text[128];

	w->first.listeners[0].max_message = 1 << 20;
	world_open(w);
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1001; i++)
		assert_true(buf_addf(&b, "MSH|^~\\&|EPIC|||||||A%d\r", i));
	assert_true(buf_add_char(&b, '\0'));
	s = sender_connect(w);
	send_frame(&s, b.p);
	same_text("more than a thousand", sender_answer(&s, text), "AR A0 more than 1000 messages in one frame");
	sender_message(&s, "A1", 0);
	same_text("nothing of it was answered twice", sender_answer(&s, text), "AA A1");
	same_int("two frames were given", world_given(w), 2);
	send_frame(&s, MSG("A1") MSG("M2") MSG("A3"));
	same_text("no memory for one of them is silence for all", sender_answer(&s, text), "");
	same_int("nothing of it was given", world_given(w), 2);
	sender_close(&s);
	buf_clear(&b);
	world_close(w);
}

TEST(the_older_envelope_is_told_from_ours)
{
	static const struct {
		const char *rule, *content;
		bool stays;
	} rows[] = {
		{ "HLLP data", "D2100014MSH|", false },
		{ "HLLP of another release", "D23", false },
		{ "an HLLP refusal", "N22", false },
		{ "no digit that it has", "D24", true },
		{ "no digit that it has", "D20", true },
		{ "no release 2", "D33", true },
		{ "another letter", "E23", true },
		{ "too short", "D2", true },
	};
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	world_open(w);
	for (size_t i = 0; i < COUNT(rows); i++) {
		s = sender_connect(w);
		send_frame(&s, rows[i].content);
		sender_message(&s, "A1", 0);
		same_text(rows[i].rule, sender_answer(&s, text), rows[i].stays ? "AA A1" : "");
		sender_close(&s);
	}
	same_int("counted as what has no MSH", world_stats(w).no_msh, COUNT(rows));
	world_close(w);
}

/* The next frame's content; "" when the connection ended. */
static const char *
frame_of(struct sender *s, char *out, size_t cap)
{
	char *end;
	size_t n;

	while (!s->in.n || !(end = memchr(s->in.p, 0x1c, s->in.n)))
		if (!sender_read(s)) {
			out[0] = '\0';
			return out;
		}
	n = (size_t)(end - s->in.p);
	assert_true(n < cap && s->in.p[0] == 0x0b);
	memcpy(out, s->in.p + 1, n - 1);
	out[n - 1] = '\0';
	buf_drop_front(&s->in, n + 2);
	return out;
}

TEST(release_2_says_taken_or_not_before_any_content)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[1024];

	w->first.listeners[0].mllp_release = 2;
	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	same_text("taken", frame_of(&s, text, sizeof text), "\x06");
	holds("then the answer", strstr(frame_of(&s, text, sizeof text), "MSA|AA|A1"));
	sender_message(&s, "C2", 0);
	same_text("not stored: it may say it again here", frame_of(&s, text, sizeof text), "\x15");
	send_frame(&s, "PID|1\r");
	same_text("nobody to answer, but the block is refused", frame_of(&s, text, sizeof text), "\x15");
	world_hold(w, true);
	sender_message(&s, "A3", 0);
	until("it waits", world_given(w) == 3);
	send_frame(&s, "PID|1\r");
	sender_message(&s, "A4", 0);
	until("it waits", world_given(w) == 4);
	world_hold(w, false);
	same_text("a refusal may not overtake", frame_of(&s, text, sizeof text), "\x06");
	holds("the answer", strstr(frame_of(&s, text, sizeof text), "MSA|AA|A3"));
	same_text("taken", frame_of(&s, text, sizeof text), "\x06");
	holds("the answer", strstr(frame_of(&s, text, sizeof text), "MSA|AA|A4"));
	sender_close(&s);
	world_close(w);
}

TEST(messages_that_are_read_together_stay_within_intake_memory)
{
	struct world *w = world_new(false);
	struct sender s, small;
	char text[128];

	w->first.conf.intake_memory_bytes = 60000;
	world_open(w);
	s = sender_connect(w);
	small = sender_connect(w);
	sender_message(&s, "A1", 90000);
	same_text("one that takes more is not read on", sender_answer(&s, text), "");
	sender_message(&small, "A2", 0);
	same_text("a small one finds its place", sender_answer(&small, text), "AA A2");
	same_int("counted", world_stats(w).refused_memory, 1);
	sender_close(&s);
	world_hold(w, true);
	for (int i = 0; i < 4; i++)
		sender_message(&small, "A3", 20000);
	until("as many as there is room for", world_given(w) == 4);
	usleep(100000);
	same_int("and no more", world_given(w), 4);
	world_hold(w, false);
	for (int i = 0; i < 4; i++)
		same_text("the rest when there is room again", sender_answer(&small, text), "AA A3");
	sender_close(&small);
	world_close(w);
}

TEST(a_frame_that_begins_anew_is_counted)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	world_open(w);
	s = sender_connect(w);
	sender_bytes(&s, "\x0bMSH|half", 9);
	sender_message(&s, "A1", 0);
	same_text("the whole one", sender_answer(&s, text), "AA A1");
	same_int("counted", world_stats(w).restarts, 1);
	sender_close(&s);
	world_close(w);
}

TEST(a_message_without_a_frame_is_no_probe)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	w->first.listeners[0].frame_timeout_s = 1;
	world_open(w);
	s = sender_connect(w);
	sender_bytes(&s, "MSH|^~\\&|EPIC|LAMNA\r", 20);
	same_text("closed when its time is up", sender_answer(&s, text), "");
	same_int("as a frame that did not come", world_stats(w).frame_timeouts, 1);
	sender_close(&s);
	s = sender_connect(w);
	sender_bytes(&s, "MSH|^~\\&|EPIC|", 14);
	for (int i = 0; i < 3000; i++)
		sender_bytes(&s, "0123456789012345678901234567890123456789", 40);
	same_text("or when it is too much", sender_answer(&s, text), "");
	sender_close(&s);
	world_close(w);
}

TEST(who_says_nothing_is_let_go)
{
	struct world *w = world_new(false);
	struct sender s;
	char text[128];

	w->first.listeners[0].first_byte_timeout_s = 1;
	world_open(w);
	s = sender_connect(w);
	same_text("no first byte", sender_answer(&s, text), "");
	same_int("a knock on the door", world_stats(w).probes, 1);
	sender_close(&s);
	world_close(w);
}

TEST(unfinished_handshakes_leave_room_for_others)
{
	struct world *w = world_new(true);
	struct sender idle[40], s;
	char text[128];

	w->first.listeners[0].max_handshakes = 8;
	world_open(w);
	for (size_t i = 0; i < COUNT(idle); i++) {
		idle[i] = sender_connect(w);
		until("taken or refused", world_stats(w).connections + world_stats(w).refused_handshakes == (int64_t)i + 1);
		usleep(2000); /* the thread that has it counts it */
	}
	until("those beyond the limit are refused", world_stats(w).refused_handshakes >= (int64_t)COUNT(idle) - 10);
	holds("half of them always have room", world_stats(w).connections >= 4);
	for (size_t i = 0; i < COUNT(idle); i++)
		sender_close(&idle[i]);
	until("they have gone", world_stats(w).connections == 0);
	s = sender_connect(w);
	holds("a good one", sender_tls(&s, &w->one, 0));
	sender_message(&s, "A1", 0);
	same_text("a good one", sender_answer(&s, text), "AA A1");
	sender_close(&s);
	world_close(w);
}

static void
on_refused(void *ctx, const struct mllp_refusal *r)
{
	struct world *w = ctx;

	holds("who and why", r->listener[0] && r->peer[0] && r->why[0]);
	w->map.reads++;
}

TEST(an_address_whose_handshakes_fail_is_kept_out_until_a_reload)
{
	struct world *w = world_new(true);
	struct mllp_setup setup = { .rules = &w->first.rules, .map = &w->map, .give = world_give, .ctx = w, .space = world_space,
		.refused = on_refused };
	struct made stranger = certs_make(&(struct wish){ .cn = "x" });
	struct fault f = { FAULT_NONE, "" };
	struct sender s;
	char text[128];

	w->first.listeners[0].penalty_max_s = 60;
	holds(f.text, mllp_new(&setup, &w->intake, &f));
	mllp_open(w->intake);
	assert_int_equal(pthread_create(&w->engine, NULL, world_engine, w), 0);
	for (int i = 0; i < 100 && world_stats(w).refused_penalty == 0; i++) {
		s = sender_connect(w);
		sender_tls(&s, &stranger, 0);
		(void)sender_answer(&s, text);
		sender_close(&s);
	}
	holds("kept out", world_stats(w).refused_penalty > 0);
	same_int("each refusal was told", w->map.reads, world_stats(w).refused_certificate);
	s = sender_connect(w);
	holds("the right one too: the address is meant", !sender_tls(&s, &w->one, 0));
	sender_close(&s);
	world_rules(w, &w->second, true);
	w->second.conf.intake_threads = 5; /* takes effect at the next start */
	holds("reload", mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	s = sender_connect(w);
	holds("a reload lets it in at once", sender_tls(&s, &w->one, 0));
	sender_message(&s, "A1", 0);
	same_text("a reload lets it in at once", sender_answer(&s, text), "AA A1");
	sender_close(&s);
	certs_free(&stranger);
	world_close(w);
}

TEST(a_listener_that_turns_to_tls_lets_its_plain_senders_go)
{
	struct world *w = world_new(false);
	struct fault f = { FAULT_NONE, "" };
	struct sender s;
	char text[128];

	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	same_text("plain", sender_answer(&s, text), "AA A1");
	world_rules(w, &w->second, true);
	holds("reload", mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	same_text("it ends", sender_answer(&s, text), "");
	sender_close(&s);
	s = sender_connect(w);
	holds("and comes back with TLS", sender_tls(&s, &w->one, 0));
	sender_message(&s, "A2", 0);
	same_text("and comes back with TLS", sender_answer(&s, text), "AA A2");
	sender_close(&s);
	world_close(w);
}

TEST(a_listener_that_is_gone_lets_its_senders_go)
{
	struct world *w = world_new(false);
	struct fault f = { FAULT_NONE, "" };
	struct sender s;
	char text[128];

	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	same_text("plain", sender_answer(&s, text), "AA A1");
	world_rules(w, &w->second, false);
	w->second.listeners[0].port = free_port();
	holds("reload", mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	same_text("it ends", sender_answer(&s, text), "");
	sender_close(&s);
	w->port = w->second.listeners[0].port;
	s = sender_connect(w);
	sender_message(&s, "A2", 0);
	same_text("the new place", sender_answer(&s, text), "AA A2");
	sender_close(&s);
	world_close(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(each_message_of_a_batch_is_answered),
		RUN(a_batch_that_nobody_can_be_answered_for),
		RUN(a_batch_is_taken_whole_or_not_at_all),
		RUN(the_older_envelope_is_told_from_ours),
		RUN(release_2_says_taken_or_not_before_any_content),
		RUN(messages_that_are_read_together_stay_within_intake_memory),
		RUN(a_frame_that_begins_anew_is_counted),
		RUN(a_message_without_a_frame_is_no_probe),
		RUN(who_says_nothing_is_let_go),
		RUN(unfinished_handshakes_leave_room_for_others),
		RUN(an_address_whose_handshakes_fail_is_kept_out_until_a_reload),
		RUN(a_listener_that_turns_to_tls_lets_its_plain_senders_go),
		RUN(a_listener_that_is_gone_lets_its_senders_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
