/* test_callers.c - who finds a place at the control socket. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "nudge/control.h"

#define STRANGER 54321
#define OTHER 54322

static struct rules *
no_rules(void *ctx)
{
	(void)ctx;
	return NULL;
}

/* One more caller; gives our end. */
static int
call(struct control *c, uint32_t uid)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	control_take(c, ends[0], uid);
	return ends[1];
}

/* What is said to a word that is no command; "" when the place was refused. */
static void
ask(struct event_base *base, int fd, char out[128])
{
	static const char question[] = "{\"command\":\"none\"}\n";
	ssize_t n;

	(void)send(fd, question, sizeof question - 1, MSG_NOSIGNAL);
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	n = recv(fd, out, 127, MSG_DONTWAIT);
	out[n > 0 ? n : 0] = '\0';
}

TEST(one_user_does_not_hold_all_places)
{
	struct control_setup setup = { .base = event_base_new(), .listener = -1, .directory = "/", .rules = no_rules };
	struct control *c = NULL;
	struct fault f = { .kind = FAULT_NONE };
	char said[128];
	int fds[80], n = 0;

	holds(f.text, control_new(&setup, &c, &f));
	for (int i = 0; i < 64; i++)
		fds[n++] = call(c, STRANGER);
	ask(setup.base, fds[0], said);
	holds("the first of a user is heard", strstr(said, "unknown command"));
	ask(setup.base, fds[63], said);
	same_text("the last is not", said, "");
	fds[n++] = call(c, OTHER);
	ask(setup.base, fds[n - 1], said);
	holds("another user finds a place", strstr(said, "unknown command"));
	fds[n++] = call(c, 0);
	ask(setup.base, fds[n - 1], said);
	holds("and so does root", strstr(said, "unknown command"));
	(void)close(fds[0]);
	(void)event_base_loop(setup.base, EVLOOP_NONBLOCK);
	fds[0] = call(c, STRANGER);
	ask(setup.base, fds[0], said);
	holds("a place that was given up is free", strstr(said, "unknown command"));
	for (int i = 0; i < n; i++)
		(void)close(fds[i]);
	control_free(c);
	event_base_free(setup.base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(one_user_does_not_hold_all_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
