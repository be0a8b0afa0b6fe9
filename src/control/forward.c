/* forward.c - hands records of the audit log to a syslog daemon, in order, and remembers how far. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/forward.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/views.h"
#include "nudge/atna.h"
#include "nudge/audit_read.h"
#include "nudge/audit_verify.h"
#include "nudge/clock.h"
#include "nudge/log.h"

#define BATCH 64            /* records a turn of the loop */
#define PATIENCE_MS 5000
#define PLACE "nudge-audit-forwarded-1 %020" PRId64 " %.32s\n"
#define PLACE_N (24 + 20 + 1 + AUDIT_MAC_HEX + 1)

struct forward {
	struct event_base *base;
	struct audit *audit;
	int64_t (*boot_ms)(void);
	char directory[480], path[108];
	struct audit_reader reader;
	int place;                  /* the file; -1: closed */
	int fd;                     /* the daemon's socket; -1: not connected */
	bool stream;
	struct event *writable;     /* of fd; NULL: none */
	struct buf message;         /* made and not yet taken, with a line end; empty: none */
	size_t taken;               /* of it, by a stream */
	char mac[AUDIT_MAC_HEX + 1]; /* of the record that was read last */
	int64_t done;               /* the last record that needs no more doing, and its mac */
	char done_mac[AUDIT_MAC_HEX + 1];
	int64_t told, damaged, lost_said;
	int64_t failing_since;      /* boot clock; 0: it works */
	bool failing;               /* the alarm stands */
	bool begun;                 /* forward_to() was called */
	char why[160];
};

static int64_t
system_boot_ms(void)
{
	return clock_now().boot_ms;
}

static int64_t
lost(const struct forward *w)
{
	return w->reader.missing + w->damaged;
}

/* ---- trouble begins and ends once ---- */

static void
fails(struct forward *w, const char *what, int why)
{
	(void)snprintf(w->why, sizeof w->why, "%s: %s", what, strerror(why));
	if (w->failing_since == 0)
		w->failing_since = w->boot_ms();
}

static void
works(struct forward *w)
{
	w->failing_since = 0;
	if (!w->failing)
		return;
	w->failing = false;
	log_note("audit_forward takes events again", log_name("at", w->path));
}

static void
look_at_trouble(struct forward *w)
{
	if (w->failing_since > 0 && !w->failing && w->boot_ms() - w->failing_since >= PATIENCE_MS) {
		w->failing = true;
		log_warn("audit_forward takes no events: they wait in the audit log", log_name("at", w->path), log_name("why", w->why),
		    log_name("do", "see whether the syslog daemon runs and listens there"));
	}
	if (lost(w) > w->lost_said) {
		log_warn("records of the audit log were gone, or damaged, before they were forwarded", log_int("records", lost(w) - w->lost_said),
		    log_name("do", "nudgectl audit verify"));
		w->lost_said = lost(w);
	}
}

/* ---- how far ---- */

static void
place_path(const struct forward *w, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s/forwarded", w->directory);
}

/* Not synced: after a power cut a few go again. */
static void
keep_place(struct forward *w)
{
	char text[PLACE_N + 1];

	(void)snprintf(text, sizeof text, PLACE, w->done, w->done_mac);
	if (w->place >= 0 && pwrite(w->place, text, PLACE_N, 0) != PLACE_N)
		log_debug("how far the audit log was forwarded could not be kept", log_name("why", strerror(errno)));
}

static void
done(struct forward *w)
{
	w->done = w->reader.next - 1;
	memcpy(w->done_mac, w->mac, sizeof w->done_mac);
}

static bool
read_place(struct forward *w, int64_t *seq, char mac[AUDIT_MAC_HEX + 1])
{
	char text[PLACE_N + 1] = "";

	return pread(w->place, text, PLACE_N, 0) == PLACE_N &&
	    sscanf(text, "nudge-audit-forwarded-1 %" SCNd64 " %32[0-9a-f]", seq, mac) == 2 && *seq >= 0;
}

/* Goes to the record behind seq. Its mac is kept with its number: there it is told whether it is the same log. */
static bool
go_behind(struct forward *w, int64_t seq, const char *known)
{
	struct audit_line l = { .seq = 0 };
	struct span line;
	struct fault f;

	audit_reader_begin(&w->reader, w->directory, seq);
	if (seq > 0 && (audit_reader_next(&w->reader, seq, &line, &f) != AUDIT_READ_ONE || w->reader.missing > 0 || !audit_line_read(line, &l) ||
	        (known && !span_is(l.mac, known))))
		return false;
	if (seq > 0)
		span_copy(w->mac, sizeof w->mac, l.mac);
	w->done = seq;
	memcpy(w->done_mac, w->mac, sizeof w->done_mac);
	return true;
}

static void
find_place(struct forward *w, int64_t from)
{
	char mac[AUDIT_MAC_HEX + 1];
	struct audit_head head;
	int64_t seq, gone;

	audit_head(w->audit, &head);
	if (!read_place(w, &seq, mac)) {
		if (go_behind(w, from - 1, NULL))
			keep_place(w);
		return;
	}
	if (seq <= head.seq && go_behind(w, seq, mac))
		return;
	/* Another log than that of then is told from its beginning; where only that record went by age, what is left follows. */
	gone = w->reader.missing;
	audit_reader_end(&w->reader);
	audit_reader_begin(&w->reader, w->directory, seq < head.seq && gone > 0 ? seq + 1 : 1);
}

/* ---- the daemon ---- */

static void
disconnect(struct forward *w)
{
	if (w->writable)
		event_free(w->writable);
	w->writable = NULL;
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
	w->taken = 0; /* a stream that broke took nothing whole */
}

static void pump(struct forward *w);

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	pump(ctx);
}

/* As syslog(3) does: a datagram's first, a stream's where that is what listens. */
static bool
connected(struct forward *w)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (w->fd >= 0)
		return true;
	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s", w->path);
	for (int type = SOCK_DGRAM;; type = SOCK_STREAM) {
		w->stream = type == SOCK_STREAM;
		w->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (w->fd >= 0 && connect(w->fd, (struct sockaddr *)&to, sizeof to) == 0)
			break;
		if (w->fd >= 0 && errno == EPROTOTYPE && !w->stream) {
			(void)close(w->fd);
			continue;
		}
		fails(w, "connect", errno);
		disconnect(w);
		return false;
	}
	w->writable = event_new(w->base, w->fd, EV_WRITE, on_writable, w);
	return true;
}

/* true: the whole message was taken. */
static bool
hand_over(struct forward *w)
{
	ssize_t n;
	size_t all;
	int why;

	if (!connected(w))
		return false;
	all = w->message.n - (w->stream ? 0 : 1);
	do {
		n = send(w->fd, w->message.p + w->taken, all - w->taken, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			w->taken += (size_t)n;
	} while ((n > 0 && w->taken < all) || (n < 0 && errno == EINTR));
	if (w->taken == all) {
		w->taken = 0;
		return true;
	}
	why = errno;
	fails(w, "send", why);
	if (why != EAGAIN && why != ENOBUFS)
		disconnect(w);
	return false;
}

/* ---- one record ---- */

enum made { MADE, MADE_DAMAGED, MADE_NO_MEMORY };

static enum made
make_message(struct forward *w, struct span line, bool *told)
{
	json_error_t e;
	json_t *o = json_loadb(line.p, line.n, JSON_ALLOW_NUL, &e);
	const json_t *who = json_object_get(o, "who"), *obj = json_object_get(o, "obj");
	const struct atna_record r = { .seq = json_integer_value(json_object_get(o, "seq")), .t = views_text(o, "t"), .node = views_text(o, "node"),
		.who_type = views_text(who, "type"), .who = views_text(who, "id"), .what = views_text(o, "what"), .kind = views_text(obj, "type"),
		.id = views_text(obj, "id"), .hash = views_text(obj, "hash"), .why = views_text(o, "why"), .ok = json_is_true(json_object_get(o, "ok")) };
	bool ok = o && atna_message(&r, (long)getpid(), &w->message, told) && (!*told || buf_add_char(&w->message, '\n'));

	enum made made = ok ? MADE : o || json_error_code(&e) == json_error_out_of_memory ? MADE_NO_MEMORY : MADE_DAMAGED;

	json_decref(o);
	return made;
}

/* The next event into w->message. false: there is none, or not now. */
static bool
next_message(struct forward *w, int64_t last, int *looked)
{
	struct audit_line l;
	struct span line;
	struct fault f;
	enum made made;
	bool told = false;

	while (!told && *looked < BATCH) {
		enum audit_read got = audit_reader_next(&w->reader, last, &line, &f);

		if (got == AUDIT_READ_FAILED)
			(void)snprintf(w->why, sizeof w->why, "%.150s", f.text);
		if (got == AUDIT_READ_FAILED && w->failing_since == 0)
			w->failing_since = w->boot_ms();
		if (got != AUDIT_READ_ONE)
			return false;
		++*looked;
		buf_reset(&w->message);
		made = audit_line_read(line, &l) ? make_message(w, line, &told) : MADE_DAMAGED;
		if (made != MADE) {
			buf_reset(&w->message);
			told = false;
		}
		if (made == MADE_NO_MEMORY) { /* another time */
			audit_reader_again(&w->reader);
			fails(w, "a message", ENOMEM);
			return false;
		}
		if (made == MADE_DAMAGED) {
			w->damaged++;
			continue;
		}
		span_copy(w->mac, sizeof w->mac, l.mac);
		if (!told)
			done(w);
	}
	return told;
}

static void
pump(struct forward *w)
{
	struct audit_head head;
	int64_t before = w->done;
	int looked = 0;
	bool blocked = false;

	if (!w->path[0])
		return;
	audit_head(w->audit, &head);
	while (looked < BATCH && (w->message.n > 0 || (w->reader.next <= head.seq && connected(w) && next_message(w, head.seq, &looked)))) {
		blocked = !hand_over(w);
		if (blocked)
			break;
		buf_reset(&w->message);
		done(w);
		w->told++;
		works(w);
	}
	if (w->done != before)
		keep_place(w);
	if (w->fd >= 0 && w->message.n == 0 && w->reader.next > head.seq)
		works(w);
	if (w->fd >= 0 && w->writable && (blocked || looked >= BATCH))
		(void)event_add(w->writable, NULL);
	look_at_trouble(w);
}

/* ---- from outside ---- */

bool
forward_new(const struct forward_setup *s, struct forward **out, struct fault *f)
{
	struct forward *w = calloc(1, sizeof *w);

	if (!w)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	w->base = s->base;
	w->audit = s->audit;
	w->boot_ms = s->boot_ms ? s->boot_ms : system_boot_ms;
	w->place = w->fd = -1;
	memset(w->mac, '0', AUDIT_MAC_HEX);
	memset(w->done_mac, '0', AUDIT_MAC_HEX);
	(void)snprintf(w->directory, sizeof w->directory, "%s", s->directory);
	buf_init(&w->message, ATNA_MAX + 2);
	audit_reader_begin(&w->reader, w->directory, 1);
	*out = w;
	return true;
}

static void
forget(struct forward *w)
{
	char path[520];

	place_path(w, path, sizeof path);
	(void)unlink(path);
}

void
forward_to(struct forward *w, const char *path, int64_t from)
{
	char file[520];

	if (!w->begun && !path[0])
		forget(w); /* it was turned off while nothing ran */
	w->begun = true;
	if (strcmp(path, w->path) == 0)
		return;
	pump(w); /* what turned it off goes where it went until now */
	disconnect(w);
	if (!path[0]) {
		forget(w);
		if (w->place >= 0)
			(void)close(w->place);
		w->place = -1;
		buf_reset(&w->message);
	} else if (!w->path[0]) {
		place_path(w, file, sizeof file);
		w->place = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (w->place < 0)
			log_warn("how far the audit log was forwarded cannot be kept", log_name("path", file), log_name("why", strerror(errno)));
		audit_reader_end(&w->reader);
		find_place(w, from);
	}
	w->failing_since = 0;
	w->failing = false;
	(void)snprintf(w->path, sizeof w->path, "%s", path);
	if (path[0])
		log_note("audit events are forwarded", log_name("to", w->path), log_int("from", w->reader.next));
}

void
forward_tick(struct forward *w)
{
	pump(w);
}

void
forward_state(const struct forward *w, struct forward_state *out)
{
	struct audit_head head;

	*out = (struct forward_state){ .path = "" };
	if (!w || !w->path[0])
		return;
	audit_head(w->audit, &head);
	(void)snprintf(out->path, sizeof out->path, "%s", w->path);
	out->waiting = head.seq + 1 - w->reader.next + (w->message.n > 0);
	out->told = w->told;
	out->lost = lost(w);
	out->failing = w->failing;
}

void
forward_free(struct forward *w)
{
	if (!w)
		return;
	pump(w);
	disconnect(w);
	if (w->place >= 0)
		(void)close(w->place);
	audit_reader_end(&w->reader);
	buf_clear(&w->message);
	free(w);
}
