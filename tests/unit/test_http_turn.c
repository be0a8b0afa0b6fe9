/* test_http_turn.c - what waits for one of a host's connections: in order, not for longer than it may, and never when it is over. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "acs/http.h"
#include "nudge/clock.h"

#define CONNECTIONS 16
#define CALLS 48
#define STUCK_S 25

/* A host that answers when it is told to. Requests say their number in the path. */
struct inn {
	struct event_base *base;
	struct evconnlistener *listener;
	int port;
	struct bufferevent *guest[CALLS]; /* by number: who has asked and has no answer yet */
	int order[CALLS];
	size_t asked, doors;
	struct bufferevent *door[CALLS];
};

static void
on_guest(struct bufferevent *bev, void *ctx)
{
	struct inn *i = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	char head[2048] = "";
	int number;

	if (evbuffer_search(in, "\r\n\r\n", 4, NULL).pos < 0)
		return;
	(void)evbuffer_remove(in, head, sizeof head - 1);
	number = atoi(head + strlen("GET /"));
	assert_true(number >= 0 && number < CALLS && i->asked < CALLS);
	i->order[i->asked++] = number;
	i->guest[number] = bev;
}

static void
on_door(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *ctx)
{
	struct inn *i = ctx;
	struct bufferevent *bev = bufferevent_socket_new(i->base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)l;
	(void)a;
	(void)n;
	assert_true(bev && i->doors < CALLS);
	i->door[i->doors++] = bev;
	bufferevent_setcb(bev, on_guest, NULL, NULL, i);
	(void)bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void
inn_open(struct inn *i, struct event_base *base)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;

	*i = (struct inn){ .base = base };
	i->listener = evconnlistener_new_bind(base, on_door, i, LEV_OPT_CLOSE_ON_FREE, -1, (struct sockaddr *)(void *)&a, sizeof a);
	assert_non_null(i->listener);
	assert_int_equal(getsockname(evconnlistener_get_fd(i->listener), (struct sockaddr *)(void *)&a, &n), 0);
	i->port = ntohs(a.sin_port);
}

static void
inn_close(struct inn *i)
{
	for (size_t k = 0; k < i->doors; k++)
		bufferevent_free(i->door[k]);
	evconnlistener_free(i->listener);
}

static void
answer(struct inn *i, int number)
{
	static const char yes[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

	assert_non_null(i->guest[number]);
	(void)bufferevent_write(i->guest[number], yes, sizeof yes - 1);
	i->guest[number] = NULL;
}

struct street {
	struct event_base *base;
	struct http *http;
	struct inn inn;
	struct call {
		struct street *street;
		struct http_call *call;
		int times;
		enum http_end end;
	} call[CALLS];
	int again;      /* a call that its end sends once more, or -1 */
	size_t ended;
};

static void
send_one(struct street *s, const struct inn *at, int number, int64_t total_ms, int64_t not_after_s);

static void
on_done(void *ctx, const struct http_answer *a)
{
	struct call *c = ctx;
	int number = (int)(c - c->street->call);

	c->call = NULL;
	c->times++;
	c->end = a->end;
	c->street->ended++;
	if (number == c->street->again) {
		c->street->again = -1;
		send_one(c->street, &c->street->inn, number, 0, 0);
	}
}

static void
send_one(struct street *s, const struct inn *at, int number, int64_t total_ms, int64_t not_after_s)
{
	char url[64];
	struct http_request r = { .method = "GET", .url = url, .answer_max = 1024, .total_ms = total_ms, .not_after_s = not_after_s };

	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d/%d", at->port, number);
	s->call[number].street = s;
	s->call[number].call = http_send(s->http, &r, on_done, &s->call[number]);
	assert_non_null(s->call[number].call);
}

static void
open_street(struct street *s)
{
	struct fault f = { .kind = FAULT_NONE };

	memset(s, 0, sizeof *s);
	s->again = -1;
	s->base = event_base_new();
	assert_true(http_new(s->base, &s->http, &f));
	inn_open(&s->inn, s->base);
}

static void
close_street(struct street *s)
{
	http_free(s->http);
	inn_close(&s->inn);
	event_base_free(s->base);
}

static void
on_stuck(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	fail_msg("nothing goes on");
}

/* Turns the loop until *n is that much. */
static void
until(struct street *s, const size_t *n, size_t much)
{
	struct event *stuck = evtimer_new(s->base, on_stuck, NULL);

	(void)event_add(stuck, &(struct timeval){ STUCK_S, 0 });
	while (*n < much)
		(void)event_base_loop(s->base, EVLOOP_ONCE);
	event_free(stuck);
}

static void
fill(struct street *s)
{
	for (int i = 0; i < CONNECTIONS; i++)
		send_one(s, &s->inn, i, 0, 0);
	until(s, &s->inn.asked, CONNECTIONS);
}

TEST(each_answer_lets_the_next_go_in_order)
{
	struct street s;

	open_street(&s);
	fill(&s);
	for (int i = CONNECTIONS; i < CALLS; i++)
		send_one(&s, &s.inn, i, 0, 0);
	for (size_t i = CONNECTIONS; i < CALLS; i++) {
		answer(&s.inn, s.inn.order[i - CONNECTIONS]);
		until(&s, &s.inn.asked, i + 1);
		same_int("who came first goes first", s.inn.order[i], i);
	}
	same_int("no connection more", s.inn.doors, CONNECTIONS);
	for (int i = 0; i < CALLS; i++)
		if (s.inn.guest[i])
			answer(&s.inn, i);
	until(&s, &s.ended, CALLS);
	for (int i = 0; i < CALLS; i++)
		same_int("ends once, answered", s.call[i].times * 10 + (int)s.call[i].end, 10 + HTTP_ANSWERED);
	close_street(&s);
}

/* The time of a request runs while it waits, whatever others may take. */
TEST(who_waits_too_long_ends_without_having_begun)
{
	struct street s;

	open_street(&s);
	fill(&s);
	send_one(&s, &s.inn, 16, 0, 0);
	send_one(&s, &s.inn, 17, 60, 0);
	send_one(&s, &s.inn, 18, 30, 0);
	send_one(&s, &s.inn, 19, 0, 0);
	until(&s, &s.ended, 2);
	same_int("no byte of them left", s.call[17].end * 10 + s.call[18].end, HTTP_UNREACHED * 11);
	same_int("once each", s.call[17].times * 10 + s.call[18].times, 11);
	same_int("the others wait", s.call[16].times + s.call[19].times, 0);
	for (int i = 0; i < 4; i++)
		answer(&s.inn, i);
	until(&s, &s.inn.asked, CONNECTIONS + 2);
	same_int("then those go that still may", s.inn.order[16] * 100 + s.inn.order[17], 1619);
	close_street(&s);
}

TEST(whose_hour_has_passed_does_not_go)
{
	struct street s;
	int64_t now_s = clock_now().wall_ms / 1000;

	open_street(&s);
	fill(&s);
	send_one(&s, &s.inn, 16, 0, now_s - 1);
	send_one(&s, &s.inn, 17, 0, now_s + 3600);
	answer(&s.inn, 0);
	until(&s, &s.inn.asked, CONNECTIONS + 1);
	until(&s, &s.ended, 2);
	same_int("no connection is given up for it", s.inn.doors, CONNECTIONS);
	same_int("the one that still may", s.inn.order[CONNECTIONS], 17);
	same_int("is told", s.call[16].times * 10 + (int)s.call[16].end, 10 + HTTP_LATE);
	close_street(&s);
}

TEST(a_cancelled_one_leaves_its_place_to_the_next)
{
	struct street s;

	open_street(&s);
	fill(&s);
	for (int i = 16; i < 20; i++)
		send_one(&s, &s.inn, i, 0, 0);
	http_cancel(s.call[17].call); /* in the middle of those that wait */
	http_cancel(s.call[19].call); /* the last */
	send_one(&s, &s.inn, 20, 0, 0);
	http_cancel(s.call[3].call);  /* one that is out */
	http_cancel(s.call[5].call);
	http_cancel(s.call[7].call);
	until(&s, &s.inn.asked, CONNECTIONS + 3);
	same_int("in order, without those that were cancelled", s.inn.order[16] * 10000 + s.inn.order[17] * 100 + s.inn.order[18], 161820);
	same_int("nobody is told anything", s.ended, 0);
	close_street(&s);
}

TEST(one_host_does_not_wait_for_another)
{
	struct street s;
	struct inn other;

	open_street(&s);
	inn_open(&other, s.base);
	fill(&s);
	send_one(&s, &s.inn, 16, 0, 0);
	send_one(&s, &other, 17, 0, 0);
	until(&s, &other.asked, 1);
	same_int("the other's went", other.order[0], 17);
	same_int("the first's waits", s.inn.asked, CONNECTIONS);
	inn_close(&other);
	close_street(&s);
}

/* A gateway that takes only the other key: what an end sends once more does not overtake. */
TEST(once_more_is_behind_those_that_wait)
{
	struct street s;

	open_street(&s);
	fill(&s);
	send_one(&s, &s.inn, 16, 0, 0);
	s.again = 0;
	answer(&s.inn, 0);
	until(&s, &s.inn.asked, CONNECTIONS + 1);
	same_int("who waited", s.inn.order[16], 16);
	answer(&s.inn, 1);
	until(&s, &s.inn.asked, CONNECTIONS + 2);
	same_int("then once more", s.inn.order[17], 0);
	close_street(&s);
}

/* Nothing of it leaves, and nobody is called: whoever sent it is told at once. */
TEST(headers_that_cannot_be_sent_as_they_are)
{
	static const struct {
		const char *rule, *value;
		size_t times;
	} rows[] = { { "a line end would begin a header of somebody else's", "a\r\nX-Other: b", 1 }, { "more than there is room for", "a", HTTP_HEADERS_MAX + 1 } };
	static char much[40000];
	struct street s;
	char url[64];

	memset(much, 'a', sizeof much - 1);
	open_street(&s);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d/0", s.inn.port);
	for (size_t i = 0; i <= COUNT(rows); i++) {
		struct http_headers h = { 0 };
		const struct http_request r = { .method = "GET", .url = url, .headers = &h, .answer_max = 1024 };

		for (size_t k = 0; i < COUNT(rows) && k < rows[i].times; k++)
			http_header(&h, "X-Own", rows[i].value);
		if (i == COUNT(rows))
			http_header(&h, "X-Own", much);
		http_header(&h, "X-Good", "b");
		holds(i < COUNT(rows) ? rows[i].rule : "more bytes than there is room for", http_send(s.http, &r, on_done, &s.call[0]) == NULL);
		http_headers_clear(&h);
	}
	send_one(&s, &s.inn, 1, 0, 0);
	until(&s, &s.inn.asked, 1);
	same_int("only the next one was asked", s.inn.order[0], 1);
	close_street(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(each_answer_lets_the_next_go_in_order),
		RUN(who_waits_too_long_ends_without_having_begun),
		RUN(whose_hour_has_passed_does_not_go),
		RUN(a_cancelled_one_leaves_its_place_to_the_next),
		RUN(one_host_does_not_wait_for_another),
		RUN(once_more_is_behind_those_that_wait),
		RUN(headers_that_cannot_be_sent_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
