/* test_penalty.c - who fails again and again is kept out, and nobody else is. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "mllp/penalty.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define MAX 60000

static struct peer
at(const char *text)
{
	struct sockaddr_storage from = { .ss_family = strchr(text, ':') ? AF_INET6 : AF_INET };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct peer p;

	if (from.ss_family == AF_INET) {
		assert_int_equal(inet_pton(AF_INET, text, &v4.sin_addr), 1);
		memcpy(&from, &v4, sizeof v4);
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		memcpy(&from, &v6, sizeof v6);
	}
	peer_of(&from, &p);
	return p;
}

static struct penalties *
fresh(void)
{
	static struct penalties p;

	penalties_init(&p);
	return &p;
}

TEST(failures_add_up_and_time_pays)
{
	struct penalties *p = fresh();
	struct peer bad = at("10.1.2.3"), other = at("10.1.2.4");

	for (int i = 0; i < 9; i++) {
		same_int("not yet", penalty_add(p, &bad, PENALTY_FAILED_MS, MAX, 1000), 0);
	}
	holds("let in", !penalty_bars(p, &bad, 1000));
	same_int("the tenth", penalty_add(p, &bad, PENALTY_FAILED_MS, MAX, 1000), 20000);
	same_int("told once", penalty_add(p, &bad, PENALTY_FAILED_MS, MAX, 1000), 0);
	holds("kept out", penalty_bars(p, &bad, 1000) && penalty_bars(p, &bad, 22999));
	holds("paid", !penalty_bars(p, &bad, 23000));
	holds("nobody else", !penalty_bars(p, &other, 1000));
	same_int("anew", penalty_add(p, &bad, PENALTY_FAILED_MS, MAX, 23000), 0);
	holds("one is none", !penalty_bars(p, &bad, 23000));
	/* who fails now and then never reaches it */
	for (int64_t t = 100000; t < 400000; t += PENALTY_FAILED_MS) {
		same_int("paid in between", penalty_add(p, &other, PENALTY_FAILED_MS, MAX, t), 0);
	}
	penalties_clear(p);
}

TEST(there_is_a_longest)
{
	struct penalties *p = fresh();
	struct peer bad = at("10.1.2.3");

	for (int i = 0; i < 1000; i++) {
		(void)penalty_add(p, &bad, PENALTY_STALLED_MS, MAX, 5000);
	}
	holds("kept out", penalty_bars(p, &bad, 5000 + MAX - 1));
	holds("no longer than that", !penalty_bars(p, &bad, 5000 + MAX));
	for (int i = 0; i < 1000; i++) {
		same_int("switched off", penalty_add(p, &bad, PENALTY_STALLED_MS, 0, 900000), 0);
	}
	holds("switched off", !penalty_bars(p, &bad, 900000));
	same_int("a short one bars at its whole", penalty_add(p, &bad, PENALTY_STALLED_MS, 5000, 1000000), 5000);
	penalties_clear(p);
}

TEST(who_shares_an_address_with_a_good_sender)
{
	struct penalties *p = fresh();
	struct peer balancer = at("10.1.2.3");

	penalty_come(p, &balancer);
	for (int i = 0; i < 100; i++) {
		same_int("a sender is connected", penalty_add(p, &balancer, PENALTY_STALLED_MS, MAX, 1000), 0);
	}
	holds("let in", !penalty_bars(p, &balancer, 1000));
	penalty_leave(p, &balancer);
	holds("the sender may come back", !penalty_bars(p, &balancer, 1000));
	same_int("no debt was made", penalty_add(p, &balancer, PENALTY_FAILED_MS, MAX, 1000), 0);
	same_int("now it is", penalty_add(p, &balancer, PENALTY_BARS_MS, MAX, 1000), 22000);
	penalties_forget(p);
	holds("another configuration", !penalty_bars(p, &balancer, 1000));
	penalty_leave(p, &balancer);
	same_int("never below none", penalty_add(p, &balancer, 30000, MAX, 1000), 30000);
	penalty_come(p, &balancer);
	penalty_leave(p, &balancer);
	holds("a good one pays all", !penalty_bars(p, &balancer, 1000));
	penalties_clear(p);
}

TEST(networks_of_ipv6)
{
	struct penalties *p = fresh();
	struct peer one = at("2001:db8:1:2::1"), same = at("2001:db8:1:2:ffff::9"), next = at("2001:db8:1:3::1"), v4 = at("10.0.0.1");

	same_int("barred", penalty_add(p, &one, 30000, MAX, 1000), 30000);
	holds("all of its /64", penalty_bars(p, &same, 1000));
	holds("no other", !penalty_bars(p, &next, 1000) && !penalty_bars(p, &v4, 1000));
	penalties_clear(p);
}

TEST(more_sources_than_places)
{
	struct penalties *p = fresh();
	struct peer good = at("10.200.0.1"), x;
	char text[32];

	penalty_come(p, &good);
	for (int i = 0; i < 3 * PENALTY_SOURCES_MAX; i++) {
		snprintf(text, sizeof text, "10.%d.%d.%d", i >> 16 & 255, i >> 8 & 255, i & 255);
		x = at(text);
		same_int("the newest is known", penalty_add(p, &x, 30000, MAX, 1000 + i), 30000);
		holds("the newest is kept out", penalty_bars(p, &x, 1000 + i));
	}
	same_int("bounded", (long long)p->n, PENALTY_SOURCES_MAX);
	same_int("a connected one keeps its place", penalty_add(p, &good, MAX, MAX, 1000), 0);
	penalties_clear(p);
}

/* Of a house of more senders than places nobody is kept out for another. */
TEST(more_good_senders_than_places)
{
	struct penalties *p = fresh();
	struct peer x, one_more = at("10.255.0.1");
	char text[32];

	for (int i = 0; i < PENALTY_SOURCES_MAX; i++) {
		snprintf(text, sizeof text, "10.0.%d.%d", i >> 8 & 255, i & 255);
		x = at(text);
		penalty_come(p, &x);
	}
	same_int("all places are taken", (long long)p->n, PENALTY_SOURCES_MAX);
	same_int("there is no place for a failure", penalty_add(p, &one_more, MAX, MAX, 1000), 0);
	holds("which keeps nobody out", !penalty_bars(p, &one_more, 1000));
	penalty_come(p, &one_more);
	penalty_leave(p, &one_more);
	penalty_leave(p, &x);
	same_int("one that left gives its place", penalty_add(p, &one_more, MAX, MAX, 1000), MAX);
	holds("and the failure is known", penalty_bars(p, &one_more, 1000));
	penalty_leave(p, &one_more);
	holds("who never came cannot leave", penalty_bars(p, &one_more, 1000));
	penalties_clear(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(failures_add_up_and_time_pays), RUN(there_is_a_longest),
		RUN(who_shares_an_address_with_a_good_sender), RUN(networks_of_ipv6), RUN(more_sources_than_places),
		RUN(more_good_senders_than_places) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
