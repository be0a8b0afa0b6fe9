/* bench_send.c - stands where nudged stands and gives nudge-sender its jobs, so that nudge-sender alone is measured.
 *
 *   bench_send SOCKET INFLIGHT WARM_SECONDS SECONDS
 *
 * Listens on SOCKET ("listening"), waits for nudge-sender, keeps INFLIGHT jobs out, and prints texts per second and
 * the processor time that nudge-sender spent on each, in JSON.
 */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "nudge/acs.h"
#include "nudge/clock.h"
#include "nudge/link.h"
#include "load.h"

#define SLOTS 65536 /* more than can be out */
#define READ_BYTES 262144
#define WAIT_S 10

struct drive {
	int fd;
	pid_t pid;
	clockid_t cpu;
	struct load load;
	struct buf out, in;
	int64_t next, back;     /* texts given and come back */
	int64_t other;          /* outcomes that are not "accepted" */
	double since[SLOTS];
};

static void
fail(const char *what)
{
	(void)fprintf(stderr, "bench_send: %s\n", what);
	exit(EXIT_FAILURE);
}

static void
put_job(struct drive *d)
{
	char id[ACS_REPEAT_ID_MAX], date[CLOCK_TEXT_MAX], path[64], to[16], tag[24];
	int64_t now = clock_now().wall_ms / 1000;
	struct acs_request r = { .api_version = "2026-01-23", .from = SPAN_LIT("+18335550100"), .text = SPAN_LIT(LOAD_TEXT),
		.repeat_id = id, .first_sent = date };
	struct link_job j = { .text = ++d->next, .attempt = 1, .gateway = SPAN_LIT("acs"), .not_after_s = now + 60 };
	struct buf body;

	(void)snprintf(to, sizeof to, "+1608%07lld", (long long)(5550000 + d->next % 1000000) % 10000000);
	(void)snprintf(tag, sizeof tag, "%lld", (long long)d->next);
	clock_http_date(now, date);
	buf_init(&body, LINK_FRAME_MAX);
	r.to = j.to = span_of(to);
	r.tag = span_of(tag);
	if (!acs_request_id(id, sizeof id) || !acs_path(r.api_version, path, sizeof path) || !acs_body(&r, &body))
		fail("no job can be made");
	j.path = span_of(path);
	j.body = buf_span(&body);
	if (!link_put_job(&d->out, &j))
		fail("out of memory");
	buf_clear(&body);
	d->since[d->next % SLOTS] = load_seconds(CLOCK_MONOTONIC);
}

static void
push(struct drive *d)
{
	size_t sent = 0;

	while (sent < d->out.n) {
		ssize_t n = send(d->fd, d->out.p + sent, d->out.n - sent, MSG_NOSIGNAL);

		if (n <= 0 && errno != EINTR)
			fail("nudge-sender does not take jobs");
		sent += n > 0 ? (size_t)n : 0;
	}
	buf_reset(&d->out);
}

/* All outcomes that are here; a new job for each while there is time. */
static void
take(struct drive *d)
{
	struct link_frame f;
	size_t used = 0;
	enum link_result r;

	while ((r = link_get(span_from(d->in.p + used, d->in.n - used), &f)) == LINK_COMPLETE) {
		used += f.bytes;
		if (f.type != LINK_OUTCOME)
			continue;
		d->back++;
		d->other += f.outcome.outcome != OUTCOME_ACCEPTED;
		load_end_of(&d->load, d->cpu, d->since[f.outcome.text % SLOTS], f.outcome.outcome == OUTCOME_ACCEPTED);
		if (d->load.t1 == 0)
			put_job(d);
	}
	if (r == LINK_BROKEN)
		fail("nudge-sender spoke nonsense");
	memmove(d->in.p, d->in.p + used, d->in.n - used);
	d->in.n -= used;
}

static void
fill(struct drive *d)
{
	static char room[READ_BYTES];
	ssize_t n = recv(d->fd, room, sizeof room, 0);

	if (n <= 0)
		fail("nudge-sender has nothing to say any more");
	if (!buf_add(&d->in, room, (size_t)n))
		fail("out of memory");
}

static void
meet(struct drive *d, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct ucred who;
	socklen_t n = sizeof who;
	struct timeval patience = { WAIT_S, 0 };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof a.sun_path)
		fail("the path of the socket is too long");
	memcpy(a.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	if (listener < 0 || bind(listener, (struct sockaddr *)(void *)&a, sizeof a) != 0 || listen(listener, 1) != 0)
		fail("cannot listen");
	(void)setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)puts("listening");
	(void)fflush(stdout);
	d->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	(void)close(listener);
	if (d->fd < 0 || getsockopt(d->fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0 || clock_getcpuclockid(who.pid, &d->cpu) != 0)
		fail("nudge-sender did not come");
	d->pid = who.pid;
	(void)setsockopt(d->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static long
peak_kb(pid_t pid)
{
	char path[64], line[128];
	FILE *f;
	long kb = 0;

	(void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (f)
		(void)fclose(f);
	return kb;
}

int
main(int argc, char **argv)
{
	static struct drive d;
	long inflight;
	int status;

	if (argc != 5 || (inflight = strtol(argv[2], NULL, 10)) < 1 || inflight > LINK_CREDITS) {
		(void)fputs("usage: bench_send SOCKET INFLIGHT WARM_SECONDS SECONDS\n", stderr);
		return 2;
	}
	buf_init(&d.out, 64u << 20);
	buf_init(&d.in, 64u << 20);
	meet(&d, argv[1]);
	load_start(&d.load, strtod(argv[3], NULL), strtod(argv[4], NULL));
	for (long i = 0; i < inflight; i++)
		put_job(&d);
	while (d.back < d.next) {
		push(&d);
		fill(&d);
		take(&d);
	}
	status = load_say(&d.load, peak_kb(d.pid));
	if (d.other > 0)
		fail("not every text was accepted");
	buf_clear(&d.out);
	buf_clear(&d.in);
	(void)close(d.fd);
	return status;
}
