/* test_forward.c - the audit log told to a socket: in order, once, over outages and restarts, and never waiting. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <assert.h>
#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "nudge/audit_read.h"
#include "nudge/audit_verify.h"
#include "nudge/forward.h"

static char folder[64], log_folder[80], where[96];
static int64_t now_ms = 1;
static struct event_base *base;
static struct audit *audit;
static struct forward *fw;
static int receiver = -1;

static int64_t
made_up_clock(void)
{
	return now_ms;
}

static void
log_open(int64_t file_max)
{
	const struct audit_setup s = { .directory = log_folder, .retention_s = 86400, .file_max = file_max };
	enum audit_begun begun;
	struct fault f;

	assert_true(audit_open(&s, &audit, &begun, &f));
}

static void
fw_open(const char *path, int64_t from)
{
	struct fault f;

	assert_true(forward_new(&(struct forward_setup){ .base = base, .audit = audit, .directory = log_folder, .boot_ms = made_up_clock }, &fw, &f));
	forward_to(fw, path, from);
}

static void
begin(int64_t file_max)
{
	(void)snprintf(folder, sizeof folder, "%s/nudge-forward-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(log_folder, sizeof log_folder, "%s/audit", folder);
	(void)snprintf(where, sizeof where, "%s/log", folder);
	now_ms = 1;
	base = event_base_new();
	assert_non_null(base);
	log_open(file_max);
}

static void
folder_empty(const char *path)
{
	DIR *d = opendir(path);

	for (struct dirent *x; d && (x = readdir(d));)
		(void)unlinkat(dirfd(d), x->d_name, 0);
	if (d)
		(void)closedir(d);
}

static void
listen_there(int type)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", where);
	(void)unlink(where);
	receiver = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(receiver >= 0 && bind(receiver, (struct sockaddr *)&at, sizeof at) == 0);
	assert_true(type == SOCK_DGRAM || listen(receiver, 4) == 0);
}

static void
deaf(void)
{
	(void)close(receiver);
	receiver = -1;
}

static void
end(void)
{
	forward_free(fw);
	fw = NULL;
	audit_close(audit);
	audit = NULL;
	event_base_free(base);
	if (receiver >= 0)
		deaf();
	folder_empty(log_folder);
	(void)rmdir(log_folder);
	folder_empty(folder);
	(void)rmdir(folder);
}

static void
put(const char *what, int n)
{
	struct fault f;

	for (int i = 0; i < n; i++)
		assert_true(audit_write(audit, &(struct audit_entry){ .what = what, .name = "nudged" }, &f));
}

/* The record's number that a message ends with. */
static int64_t
seq_of(char *text, size_t n)
{
	char *at;

	text[n] = '\0';
	at = strstr(text, "Role=\"13\"><ParticipantObjectIDTypeCode csd-code=\"audit-record\"");
	assert_true(strncmp(text, "<8", 2) == 0 && at != NULL && strstr(text, "</AuditMessage>") != NULL);
	while (strncmp(at, "ObjectID=\"", 10) != 0)
		at--;
	return strtoll(at + 10, NULL, 10);
}

/* Takes all there is; they must be first, first+1, ... Their count. */
static int64_t
take(int64_t first)
{
	static char text[16384];
	int64_t n = 0;
	ssize_t got;

	while ((got = recv(receiver, text, sizeof text - 1, 0)) > 0) {
		assert_null(memchr(text, '\n', (size_t)got));
		same_int("in order", seq_of(text, (size_t)got), first + n);
		n++;
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	return n;
}

static struct forward_state
state(void)
{
	struct forward_state s;

	forward_state(fw, &s);
	return s;
}

TEST(events_go_in_order_and_once)
{
	begin(0);
	listen_there(SOCK_DGRAM);
	put("daemon.start", 3);
	fw_open(where, 2);
	same_text("it says where", state().path, where);
	forward_tick(fw);
	same_int("from where it was told", take(2), 2);
	forward_tick(fw);
	same_int("once", take(4), 0);
	put("command.status", 5);
	put("config.load", 1);
	forward_tick(fw);
	same_int("what is no event is passed over", take(9), 1);
	same_int("none waits", state().waiting, 0);
	same_int("counted", state().told, 3);
	end();
}

TEST(more_than_the_daemon_takes_at_once)
{
	begin(20000); /* several files */
	listen_there(SOCK_DGRAM);
	fw_open(where, 1);
	put("config.load", 700);
	forward_tick(fw);
	holds("it did not wait", state().waiting > 0);
	same_int("all come", take(1), 700);
	same_int("none waits", state().waiting, 0);
	end();
}

TEST(an_outage_is_told_once_and_loses_nothing)
{
	begin(0);
	put("daemon.start", 1);
	fw_open(where, 1);
	forward_tick(fw);
	holds("not at once", !state().failing);
	now_ms += 4999;
	forward_tick(fw);
	holds("not yet", !state().failing);
	now_ms += 1;
	forward_tick(fw);
	holds("it fails", state().failing);
	put("config.load", 9);
	forward_tick(fw);
	same_int("they wait", state().waiting, 10);
	listen_there(SOCK_DGRAM);
	forward_tick(fw);
	same_int("all come", take(1), 10);
	forward_tick(fw);
	holds("it works", !state().failing && state().lost == 0);
	/* The daemon goes and comes: what it took is its own, what comes then is not lost. */
	deaf();
	put("config.load", 2);
	forward_tick(fw);
	listen_there(SOCK_DGRAM);
	forward_tick(fw);
	same_int("both", take(11), 2);
	end();
}

TEST(a_full_daemon_is_not_waited_for)
{
	int64_t taken;

	begin(0);
	listen_there(SOCK_DGRAM);
	fw_open(where, 1);
	put("config.load", 2000);
	for (int i = 0; i < 20; i++) {
		forward_tick(fw);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	holds("it took some", state().told > 0 && state().waiting > 0);
	now_ms += 6000;
	forward_tick(fw);
	holds("it is an alarm", state().failing);
	taken = take(1);
	same_int("all come", taken, 2000);
	holds("and it ends", !state().failing);
	end();
}

TEST(the_place_is_kept_over_a_restart)
{
	begin(0);
	listen_there(SOCK_DGRAM);
	put("daemon.start", 2);
	fw_open(where, 1);
	forward_tick(fw);
	same_int("two", take(1), 2);
	deaf();
	put("config.load", 1);
	forward_free(fw);
	fw = NULL;
	audit_close(audit);
	log_open(0);
	put("daemon.start", 1);
	listen_there(SOCK_DGRAM);
	fw_open(where, 4);
	forward_tick(fw);
	same_int("what nobody took comes, and then the rest", take(3), 2);
	/* Off and on: what was between is not told. */
	forward_to(fw, "", 0);
	same_text("off", state().path, "");
	put("config.load", 3);
	forward_tick(fw);
	forward_to(fw, where, 7);
	forward_tick(fw);
	same_int("from there", take(7), 1);
	/* Where nobody ever took one: from where it began. */
	forward_to(fw, "", 0);
	deaf();
	put("config.load", 2);
	forward_to(fw, where, 9);
	forward_tick(fw);
	forward_free(fw);
	put("daemon.start", 1);
	listen_there(SOCK_DGRAM);
	fw_open(where, 10);
	forward_tick(fw);
	same_int("all since", take(9), 2);
	end();
}

TEST(another_log_begins_anew)
{
	begin(0);
	listen_there(SOCK_DGRAM);
	put("daemon.start", 5);
	fw_open(where, 1);
	forward_tick(fw);
	same_int("five", take(1), 5);
	forward_free(fw);
	fw = NULL;
	audit_close(audit);
	for (const char *const *n = (const char *const[]){ "audit-000000000001.jsonl", "state", "first.key", NULL }; *n; n++) {
		char path[160];

		(void)snprintf(path, sizeof path, "%s/%s", log_folder, *n);
		(void)unlink(path);
	}
	log_open(0);
	put("daemon.start", 7);
	fw_open(where, 7);
	forward_tick(fw);
	same_int("all of the new one", take(1), 7);
	end();
}

TEST(what_is_gone_or_damaged_is_counted)
{
	char path[160];
	int fd;

	begin(2000); /* a few records a file */
	put("config.load", 40);
	(void)snprintf(path, sizeof path, "%s/audit-000000000001.jsonl", log_folder);
	assert_int_equal(unlink(path), 0);
	listen_there(SOCK_DGRAM);
	fw_open(where, 1);
	forward_tick(fw);
	holds("the first file is missing", state().lost > 0 && state().lost < 20);
	same_int("the others come", take(state().lost + 1), 40 - state().lost);
	put("config.load", 2);
	(void)snprintf(path, sizeof path, "%s", log_folder);
	/* The last record loses its first byte. */
	{
		DIR *d = opendir(log_folder);
		char last[300] = "";

		for (struct dirent *x; (x = readdir(d));)
			if (strncmp(x->d_name, "audit-", 6) == 0 && strcmp(x->d_name, last) > 0)
				(void)snprintf(last, sizeof last, "%s", x->d_name);
		fd = openat(dirfd(d), last, O_RDWR);
		(void)closedir(d);
	}
	{
		static char text[65536];
		ssize_t n = pread(fd, text, sizeof text - 1, 0), at = n - 2;
		int64_t before = state().lost;

		while (at > 0 && text[at - 1] != '\n')
			at--;
		assert_int_equal(pwrite(fd, "x", 1, at), 1);
		(void)close(fd);
		forward_tick(fw);
		same_int("counted", state().lost, before + 1);
		same_int("the good one comes", take(41), 1);
	}
	end();
}

TEST(a_stream_has_line_ends)
{
	static char text[65536];
	int conn;
	ssize_t n;

	begin(0);
	listen_there(SOCK_STREAM);
	put("config.load", 3);
	fw_open(where, 1);
	forward_tick(fw);
	conn = accept(receiver, NULL, NULL);
	assert_true(conn >= 0);
	n = read(conn, text, sizeof text - 1);
	assert_true(n > 0);
	text[n] = '\0';
	{
		char *p = text;

		for (int i = 1; i <= 3; i++) {
			char *line_end = strchr(p, '\n');

			assert_non_null(line_end);
			same_int("in order", seq_of(p, (size_t)(line_end - p)), i);
			p = line_end + 1;
		}
		same_text("no more", p, "");
	}
	/* A stream that breaks in the middle of much: the message it broke in comes again, whole, on the next. */
	put("config.load", 400);
	forward_tick(fw);
	(void)close(conn);
	for (int i = 0; i < 50; i++) {
		forward_tick(fw);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	conn = accept(receiver, NULL, NULL);
	assert_true(conn >= 0);
	n = read(conn, text, sizeof text - 1);
	assert_true(n > 0);
	holds("whole", strncmp(text, "<85>1 ", 6) == 0);
	(void)close(conn);
	end();
}

TEST(a_reader_gives_one_again)
{
	struct audit_reader r;
	struct span line;
	struct fault f;
	struct audit_line l;

	begin(1500);
	put("config.load", 12);
	audit_reader_begin(&r, log_folder, 3);
	for (int64_t seq = 3; seq <= 12; seq++)
		for (int again = 0; again < 3; again++) {
			same_int("one", audit_reader_next(&r, 12, &line, &f), AUDIT_READ_ONE);
			holds("it is that", audit_line_read(line, &l) && l.seq == seq && r.next == seq + 1);
			if (again < 2)
				audit_reader_again(&r);
		}
	same_int("no more", audit_reader_next(&r, 12, &line, &f), AUDIT_READ_NO_MORE);
	audit_reader_again(&r);
	same_int("the last once more", r.next, 12);
	same_int("is there", audit_reader_next(&r, 12, &line, &f), AUDIT_READ_ONE);
	same_int("none is missing", r.missing, 0);
	audit_reader_end(&r);
	end();
}

TEST(nowhere_is_no_trouble)
{
	begin(0);
	put("config.load", 3);
	fw_open("", 1);
	now_ms += 60000;
	forward_tick(fw);
	holds("off", state().path[0] == '\0' && !state().failing && state().waiting == 0);
	forward_tick(fw);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(events_go_in_order_and_once),
		RUN(more_than_the_daemon_takes_at_once),
		RUN(an_outage_is_told_once_and_loses_nothing),
		RUN(a_full_daemon_is_not_waited_for),
		RUN(the_place_is_kept_over_a_restart),
		RUN(another_log_begins_anew),
		RUN(what_is_gone_or_damaged_is_counted),
		RUN(a_stream_has_line_ends),
		RUN(a_reader_gives_one_again),
		RUN(nowhere_is_no_trouble),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
