/* test_doors.c - who is let into the intake, and what a reload does to those inside. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <fcntl.h>

#include "intake_world.h"

/* What the intake logs meanwhile goes to a file; gives how often `word` is in it. */
static int
occurrences(FILE *log, const char *word)
{
	char line[1024];
	int n = 0;

	rewind(log);
	while (fgets(line, sizeof line, log)) {
		n += strstr(line, word) != NULL;
	}
	return n;
}

TEST(only_known_certificates_come_in)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct world *w = world_new(true);
	struct made stranger = certs_make(&(struct wish){ .cn = "one" });
	struct wish past = { .same_key = &w->one, .from_days = -9, .to_days = -1 };
	struct made expired = certs_make(&past);
	const struct {
		const char *rule;
		const struct made *who;
		int alert[2]; /* by TLS version; 0: comes in */
		const char *logged;
	} rows[] = {
		{ "promise 9: the pinned one", &w->one, { 0, 0 }, NULL },
		{ "promise 9: the other environment's", &w->two, { 0, 0 }, NULL },
		{ "promise 9: no certificate", NULL, { SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
		  SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED }, "no client certificate" },
		{ "promise 9: a stranger", &stranger, { SSL_R_TLSV1_ALERT_UNKNOWN_CA,
		  SSL_R_TLSV1_ALERT_UNKNOWN_CA }, "pinned by no environment" },
		{ "promise 9: an expired one", &expired, { SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
		  SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED }, "has expired" },
	};
	FILE *log = tmpfile();
	int before = dup(STDERR_FILENO), reads = 0, refused = 0;
	struct sender s;
	char text[128];

	world_open(w);
	log_set_level(LOG_WARN);
	(void)fcntl(fileno(log), F_SETFL, O_APPEND); /* it is read while it is written */
	for (size_t i = 0; i < COUNT(rows) * COUNT(versions); i++) {
		size_t row = i / COUNT(versions), v = i % COUNT(versions);
		dup2(fileno(log), STDERR_FILENO);
		s = sender_connect(w);
		sender_tls(&s, rows[row].who, versions[v]);
		sender_message(&s, "A1", 0);
		sender_answer(&s, text);
		/* The alert may be here before the line is. */
		if (rows[row].alert[v]) {
			until("the refusal is logged", occurrences(log, "") > refused);
		}
		dup2(before, STDERR_FILENO);
		same_text(rows[row].rule, text, rows[row].alert[v] ? "" : "AA A1");
		if (rows[row].alert[v]) {
			same_int(rows[row].rule, ERR_GET_REASON(ERR_peek_error()), rows[row].alert[v]);
			refused++;
		} else {
			reads++;
		}
		same_int("promise 9: the parser saw only what it should", w->map.reads, reads);
		sender_close(&s);
	}
	close(before);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].logged) {
			same_int("a refusal is one line with its reason",
			    occurrences(log, rows[i].logged), 2);
		}
	}
	same_int("and nothing else is logged", occurrences(log, ""), refused);
	same_int("counted", world_stats(w).refused_certificate, refused);
	until("no connection is left", world_stats(w).connections == 0);
	fclose(log);
	certs_free(&stranger);
	certs_free(&expired);
	world_close(w);
}

TEST(old_tls_and_no_tls_are_refused)
{
	struct world *w = world_new(true);
	struct sender s = { .fd = -1 };
	char text[128];

	world_open(w);
	s = sender_connect(w);
	holds("TLS 1.1", !sender_tls(&s, &w->one, TLS1_1_VERSION));
	sender_close(&s);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	while (sender_read(&s)) {
		buf_reset(&s.in); /* an alert */
	}
	sender_close(&s);
	s = sender_connect(w);
	sender_close(&s);
	until("a knock on the door is counted", world_stats(w).probes == 1);
	same_int("promise 9: the parser saw nothing", w->map.reads, 0);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		s = sender_connect(w);
		holds("the right one still comes in", sender_tls(&s, &w->one, version));
		sender_message(&s, "A1", 0);
		same_text("the right one still comes in", sender_answer(&s, text), "AA A1");
		same_int("no ticket is given", SSL_SESSION_has_ticket(SSL_get0_session(s.ssl)), 0);
		sender_close(&s);
	}
	world_close(w);
}

/* pain: a sender beyond the limit that waits in the kernel's queue and thinks it is served */
TEST(limits_of_the_listener_hold)
{
	struct world *w = world_new(false);
	struct sender s[3];
	char text[128];
	char range[] = "10.0.0.0/8";

	w->first.listeners[0].max_connections = 2;
	world_open(w);
	for (size_t i = 0; i < 2; i++) {
		s[i] = sender_connect(w);
		sender_message(&s[i], "A1", 0);
		same_text("there is room", sender_answer(&s[i], text), "AA A1");
	}
	s[2] = sender_connect(w);
	same_text("one too many", sender_answer(&s[2], text), "");
	same_int("counted", world_stats(w).refused_limit, 1);
	sender_close(&s[2]);
	sender_close(&s[1]);
	until("one left", world_stats(w).connections == 1);
	s[1] = sender_connect(w);
	sender_message(&s[1], "A2", 0);
	same_text("room again", sender_answer(&s[1], text), "AA A2");
	sender_close(&s[0]);
	sender_close(&s[1]);
	world_close(w);

	w = world_new(false);
	w->first.sources[0] = range;
	w->first.environments[0].sources = (struct text_list){ w->first.sources, 1 };
	world_open(w);
	s[0] = sender_connect(w);
	same_text("from the wrong address", sender_answer(&s[0], text), "");
	same_int("counted", world_stats(w).refused_source, 1);
	sender_close(&s[0]);
	world_close(w);
}

/* pain: a reload that cuts every connection */
TEST(a_reload_keeps_connections_that_may_stay)
{
	struct world *w = world_new(true);
	struct sender one, two, late;
	struct fault f = { FAULT_NONE, "" };
	char text[128], wrong[] = "/nonexistent.pem";

	world_open(w);
	one = sender_connect(w);
	two = sender_connect(w);
	holds("handshakes", sender_tls(&one, &w->one, 0) && sender_tls(&two, &w->two, 0));
	sender_message(&one, "A1", 0);
	same_text("before", sender_answer(&one, text), "AA A1");
	sender_message(&two, "A1", 0);
	same_text("before", sender_answer(&two, text), "AA A1");

	world_rules(w, &w->second, true);
	w->second.paths[1] = wrong;
	holds("promise 10: a bad configuration", !mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	holds(f.text, strstr(f.text, "listener \"epic\": environment \"test\": /nonexistent.pem: cannot be"));
	sender_message(&two, "A2", 0);
	same_text("promise 10: changes nothing", sender_answer(&two, text), "AA A2");

	w->second.listeners[0].environments_n = 1; /* "test" is gone */
	world_hold(w, true);
	sender_message(&two, "A3", 0);
	until("given", world_given(w) == 4);
	holds("promise 10: a good one", mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	world_hold(w, false);
	sender_message(&one, "A2", 0);
	same_text("promise 10: who may stay, stays", sender_answer(&one, text), "AA A2");
	same_text("who may not gets what is owed", sender_answer(&two, text), "AA A3");
	same_text("and goes", sender_answer(&two, text), "");
	late = sender_connect(w);
	sender_tls(&late, &w->two, 0);
	same_text("and does not come back", sender_answer(&late, text), "");
	sender_close(&one);
	sender_close(&two);
	sender_close(&late);
	world_close(w);
}

TEST(a_handshake_that_is_under_way_at_a_reload_goes_on_under_the_new_rules)
{
	struct world *w = world_new(true);
	struct sender one, two;
	struct fault f = { FAULT_NONE, "" };
	char text[128];

	world_open(w);
	one = sender_connect(w);
	two = sender_connect(w);
	until("both are at the door", world_stats(w).connections == 2);
	world_rules(w, &w->second, true);
	w->second.listeners[0].environments_n = 1; /* "test" is gone */
	holds(f.text, mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	holds("who may come in", sender_tls(&one, &w->one, 0));
	sender_message(&one, "A1", 0);
	same_text("is answered", sender_answer(&one, text), "AA A1");
	sender_tls(&two, &w->two, 0);
	same_text("who may not any more is not", sender_answer(&two, text), "");
	sender_close(&one);
	sender_close(&two);
	world_close(w);
}

TEST(a_reload_moves_listeners)
{
	struct world *w = world_new(false);
	struct sender s, new;
	struct fault f = { FAULT_NONE, "" };
	char text[128];

	world_open(w);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	same_text("before", sender_answer(&s, text), "AA A1");
	w->port = free_port();
	world_rules(w, &w->second, false);
	holds(f.text, mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	same_text("a removed listener's connection ends", sender_answer(&s, text), "");
	new = sender_connect(w);
	sender_message(&new, "A1", 0);
	same_text("the new one serves", sender_answer(&new, text), "AA A1");
	holds(f.text, mllp_reload(w->intake, &w->second.rules, &w->map, &f));
	sender_message(&new, "A2", 0);
	same_text("promise 10: the same again changes nothing", sender_answer(&new, text), "AA A2");
	sender_close(&s);
	sender_close(&new);
	world_close(w);
}

#define LOADERS 4
#define LOAD 150

static void *
load(void *arg)
{
	struct world *w = arg;
	struct sender s = sender_connect(w);
	char id[16], text[128], want[24];
	intptr_t good = 0;

	if (sender_tls(&s, &w->one, 0)) {
		for (int i = 0; i < LOAD; i++) {
			snprintf(id, sizeof id, "A%d", i);
			snprintf(want, sizeof want, "AA %s", id);
			sender_message(&s, id, 100);
			good += strcmp(sender_answer(&s, text), want) == 0;
		}
	}
	sender_close(&s);
	return (void *)good;
}

TEST(reloads_under_load_lose_nothing)
{
	struct world *w = world_new(true);
	struct fault f = { FAULT_NONE, "" };
	pthread_t loaders[LOADERS];
	void *good;

	world_open(w);
	world_rules(w, &w->second, true);
	for (int i = 0; i < LOADERS; i++) {
		assert_int_equal(pthread_create(&loaders[i], NULL, load, w), 0);
	}
	for (int i = 0; i < 100; i++) {
		struct counted_rules *r = i % 2 ? &w->first : &w->second;
		holds(f.text, mllp_reload(w->intake, &r->rules, &w->map, &f));
		usleep(500);
	}
	for (int i = 0; i < LOADERS; i++) {
		assert_int_equal(pthread_join(loaders[i], &good), 0);
		same_int("promise 10: every message is answered on its connection", (intptr_t)good, LOAD);
	}
	same_int("promise 10: no connection was closed", world_stats(w).accepted, LOADERS);
	world_close(w);
}

TEST(sockets_may_be_inherited)
{
	struct world *w = world_new(false);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct mllp_setup setup = { .rules = &w->first.rules, .map = &w->map, .give = world_give, .ctx = w,
		.inherited = &fd, .inherited_n = 1 };
	struct fault f = { FAULT_NONE, "" };
	struct sender s;
	char text[128];

	a.sin_port = htons((uint16_t)w->port);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 5), 0);
	holds(f.text, mllp_new(&setup, &w->intake, &f));
	assert_int_equal(pthread_create(&w->engine, NULL, world_engine, w), 0);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	usleep(50000);
	same_int("nothing is accepted before mllp_open()", world_stats(w).accepted, 0);
	mllp_open(w->intake);
	same_text("served", sender_answer(&s, text), "AA A1");
	sender_close(&s);
	world_close(w);
}

/* pain: a listener that is taken out and put back, and a port that only the service manager may open */
TEST(an_inherited_socket_waits_for_its_listener)
{
	struct world *w = world_new(false);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)w->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), kept, port = w->port;
	struct mllp_setup setup = { .rules = &w->first.rules, .map = &w->map, .give = world_give, .ctx = w,
		.inherited = &fd, .inherited_n = 1 };
	struct fault f = { FAULT_NONE, "" };
	struct sender s;
	char text[128];

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 5), 0);
	kept = dup(fd); /* as the service manager keeps it */
	world_rules(w, &w->second, false);
	w->first.listeners[0].port = free_port();
	holds(f.text, mllp_new(&setup, &w->intake, &f));
	assert_int_equal(pthread_create(&w->engine, NULL, world_engine, w), 0);
	mllp_open(w->intake);
	for (int i = 0; i < 2; i++) {
		holds(f.text, mllp_reload(w->intake, &w->second.rules, &w->map, &f));
		w->port = port;
		s = sender_connect(w);
		sender_message(&s, "A1", 0);
		same_text("a reload brings the listener that it is for", sender_answer(&s, text), "AA A1");
		sender_close(&s);
		holds(f.text, mllp_reload(w->intake, &w->first.rules, &w->map, &f));
	}
	close(kept);
	world_close(w);
}

TEST(a_port_in_use_is_named)
{
	struct world *w = world_new(false), *other = world_new(false);
	struct mllp_setup setup = { .rules = &other->first.rules, .map = &w->map, .give = world_give,
		.ctx = other };
	struct fault f = { FAULT_NONE, "" };
	struct mllp *m;
	char want[160];

	world_open(w);
	other->first.listeners[0].port = w->port;
	holds("in use", !mllp_new(&setup, &m, &f));
	snprintf(want, sizeof want, "listener \"epic\": 127.0.0.1 port %d is in use by another program; "
	    "find it with: ss -ltnp", w->port);
	same_text("says which, and what to do", f.text, want);
	world_close(other);
	world_close(w);
}

static int64_t
cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

/* pain: a processor that is busy for ever once descriptors are used up */
TEST(without_descriptors_it_waits_quietly)
{
	struct world *w = world_new(false);
	struct rlimit before, few;
	int spare[64], n = 0;
	struct sender s;
	int64_t used;
	char text[128];

	world_open(w);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){ 64, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (n < 64 && (spare[n] = dup(STDERR_FILENO)) >= 0) {
		n++;
	}
	assert_true(n > 0);
	close(spare[--n]);
	s = sender_connect(w);
	sender_message(&s, "A1", 0);
	used = cpu_us();
	usleep(400000);
	holds("no busy loop", cpu_us() - used < 100000);
	same_int("nobody was let in", world_stats(w).accepted, 0);
	while (n > 0) {
		close(spare[--n]);
	}
	setrlimit(RLIMIT_NOFILE, &before);
	same_text("then it goes on", sender_answer(&s, text), "AA A1");
	sender_close(&s);
	world_close(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(only_known_certificates_come_in),
		RUN(old_tls_and_no_tls_are_refused),
		RUN(limits_of_the_listener_hold),
		RUN(a_reload_keeps_connections_that_may_stay),
		RUN(a_handshake_that_is_under_way_at_a_reload_goes_on_under_the_new_rules), RUN(a_reload_moves_listeners),
		RUN(reloads_under_load_lose_nothing),
		RUN(sockets_may_be_inherited), RUN(an_inherited_socket_waits_for_its_listener),
		RUN(a_port_in_use_is_named),
		RUN(without_descriptors_it_waits_quietly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
