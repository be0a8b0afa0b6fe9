/* test_watch.c - an engine that is slow, stuck or fails, and visitors who do not wait: each gets one answer, and there is one look at a time. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "nudge/watch.h"

static struct world {
	struct event_base *base;
	struct watch *watch;
	struct conf conf;
	struct command *asked; /* what the engine has */
	int looks;
	int64_t stuck_s;
	char folder[64], path[96];
} w;

static size_t
listeners(void *ctx)
{
	(void)ctx;
	return 1;
}

static void
give(void *ctx, struct command *c)
{
	(void)ctx;
	holds("one look at a time", w.asked == NULL);
	same_int("a look", c->kind, COMMAND_STATUS);
	w.asked = c;
	w.looks++;
}

static void
intake(void *ctx, struct mllp_stats *out)
{
	(void)ctx;
	out->listening = 1;
}

static size_t
senders(void *ctx, struct mllp_sender out[MLLP_SENDERS_MAX])
{
	(void)ctx;
	(void)out;
	return 0;
}

static void
held(void *ctx, held_fn *fn, void *arg)
{
	(void)ctx;
	(void)fn;
	(void)arg;
}

static int64_t
stuck(void *ctx)
{
	(void)ctx;
	return w.stuck_s;
}

static int
begin(void **state)
{
	struct watch_setup s = { .listeners = listeners, .give = give, .intake = intake, .senders = senders, .held = held, .stuck_s = stuck };
	struct fault f = { 0 };

	(void)state;
	memset(&w, 0, sizeof w);
	(void)snprintf(w.folder, sizeof w.folder, "/tmp/nudge-test-XXXXXX");
	assert_non_null(mkdtemp(w.folder));
	(void)snprintf(w.path, sizeof w.path, "%s/metrics", w.folder);
	w.conf.metrics_socket = w.path;
	s.base = w.base = event_base_new();
	s.listener = watch_listen(&w.conf, &f);
	assert_true(w.base && s.listener >= 0 && watch_new(&s, &w.watch, &f));
	return 0;
}

static int
end(void **state)
{
	(void)state;
	watch_free(w.watch);
	event_base_free(w.base);
	(void)unlink(w.path);
	(void)rmdir(w.folder);
	return 0;
}

static void
reply(bool ok, const char *why)
{
	struct command *c = w.asked;

	assert_non_null(c);
	w.asked = NULL;
	c->ok = ok;
	c->status.space = "enough";
	c->status.feeds = calloc(100, sizeof *c->status.feeds); /* more than a house has, as a rule */
	assert_non_null(c->status.feeds);
	for (; c->status.feeds_n < 100; c->status.feeds_n++)
		(void)snprintf(c->status.feeds[c->status.feeds_n].application, 64, "SENDER%d", (int)c->status.feeds_n);
	if (!ok)
		(void)fault_set(&c->fault, FAULT_BUSY, "%s", why);
	holds("its own", watch_reply(w.watch, c));
}

static int
visit(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char line[128];

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", w.path);
	assert_int_equal(connect(fd, (struct sockaddr *)(void *)&a, sizeof a), 0);
	(void)snprintf(line, sizeof line, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	for (int i = 0; i < 20; i++)
		(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
	return fd;
}

/* Turns the loop until the other side has said all, and closes. */
static void
gets(int fd, const char *status, const char *body)
{
	char text[4096 * 16];
	size_t n = 0;
	ssize_t got = -1;

	while (got != 0) {
		(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
		got = recv(fd, text + n, sizeof text - 1 - n, MSG_DONTWAIT);
		if (got < 0)
			(void)poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 5);
		else
			n += (size_t)got;
		assert_true(got >= 0 || errno == EAGAIN);
	}
	text[n] = '\0';
	if (strncmp(text + strlen("HTTP/1.1 "), status, strlen(status)) != 0 || !strstr(text, body))
		fail_msg("wanted %s %s, got %s", status, body, text);
	(void)close(fd);
}

TEST(health_asks_nobody)
{
	gets(visit("/healthz"), "200", "ok\n");
	w.stuck_s = 61;
	gets(visit("/healthz"), "503", "no progress for 61 seconds\n");
	same_int("no look", w.looks, 0);
	holds("a command of others is not its own", !watch_reply(w.watch, &(struct command){ .ok = true }));
	holds("nor is any when nobody watches", !watch_reply(NULL, &(struct command){ .ok = true }));
}

TEST(all_that_ask_share_one_look)
{
	int a = visit("/metrics"), b = visit("/readyz"), c = visit("/metrics");

	same_int("one look", w.looks, 1);
	reply(true, "");
	gets(a, "200", "nudge_build_info");
	gets(b, "200", "ready\n");
	gets(c, "200", "nudge_sender_silent{environment=\"\",application=\"SENDER99\"} 0");
	a = visit("/readyz");
	same_int("and another for who asks later", w.looks, 2);
	reply(true, "");
	gets(a, "200", "ready\n");
}

TEST(a_store_that_fails_is_told_in_one_line)
{
	int a = visit("/readyz"), b = visit("/metrics");

	reply(false, "disk I/O error\nat 3");
	gets(a, "503", "\r\n\r\ndisk I/O error\n");
	gets(b, "503", "disk I/O error");
}

TEST(who_leaves_is_not_answered)
{
	int a = visit("/metrics"), b = visit("/readyz");

	(void)close(a);
	for (int i = 0; i < 20; i++)
		(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
	reply(true, "");
	gets(b, "200", "ready\n");
}

TEST(an_engine_that_does_not_answer)
{
	int a = visit("/readyz");

	gets(a, "503", "the engine does not answer\n");
	gets(visit("/metrics"), "503", "the engine does not answer\n");
	same_int("it is not asked again before it answers", w.looks, 1);
	reply(true, "");
	a = visit("/readyz");
	same_int("then it is", w.looks, 2);
	reply(true, "");
	gets(a, "200", "ready\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(health_asks_nobody, begin, end),
		cmocka_unit_test_setup_teardown(all_that_ask_share_one_look, begin, end),
		cmocka_unit_test_setup_teardown(a_store_that_fails_is_told_in_one_line, begin, end),
		cmocka_unit_test_setup_teardown(who_leaves_is_not_answered, begin, end),
		cmocka_unit_test_setup_teardown(an_engine_that_does_not_answer, begin, end),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as nudged does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
