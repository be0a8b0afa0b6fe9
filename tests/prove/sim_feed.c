/* sim_feed.c - see sim_feed.h. */
// SPDX-License-Identifier: Apache-2.0
#include "sim_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/buf.h"
#include "nudge/clock.h"
#include "sim.h"
#include "sim_wire.h"

#define FEEDS_MAX 4
#define PATIENCE_MS 45000

struct letter {
	size_t message;
	char *frame;               /* owned */
	size_t n;
};

struct feed {
	int fd;                    /* -1: not connected */
	struct letter *letters;
	size_t n, cap, first, out; /* answered up to first; from there `out` wait for their answer */
	struct buf heard;
	bool opening;
	int64_t round;             /* of time-outs */
};

static struct {
	struct feed feed[FEEDS_MAX];
	int feeds, window;
	uint64_t cut, again, junk;
	int64_t repeats;
} the;

static void pump(struct feed *f);

int64_t feed_repeats(void) { return the.repeats; }

void
feed_calm(void)
{
	the.cut = the.again = the.junk = 0;
}

void
feed_begin(int feeds, int window, uint64_t cut, uint64_t again, uint64_t junk)
{
	for (int i = 0; i < FEEDS_MAX; i++) {
		for (size_t k = 0; k < the.feed[i].n; k++)
			free(the.feed[i].letters[k].frame);
		free(the.feed[i].letters);
		buf_clear(&the.feed[i].heard);
	}
	memset(&the, 0, sizeof the);
	the.feeds = feeds < FEEDS_MAX ? feeds : FEEDS_MAX;
	the.window = window;
	the.cut = cut;
	the.again = again;
	the.junk = junk;
	for (int i = 0; i < FEEDS_MAX; i++) {
		the.feed[i].fd = -1;
		buf_init(&the.feed[i].heard, 1u << 20);
	}
}

/* ---- a message ---- */

static void
write_message(struct buf *b, size_t message, const struct said *s)
{
	char sent[CLOCK_TEXT_MAX], stamp[32];
	int number = 2340000 + s->visit * 8 + s->number;

	clock_rfc3339(s->sent_s, sent); /* 2026-11-20T21:00:00Z */
	(void)snprintf(stamp, sizeof stamp, "%.4s%.2s%.2s%.2s%.2s%.2s+0000", sent, sent + 5, sent + 8, sent + 11, sent + 14, sent + 17);
	(void)buf_addf(b, "\vMSH|^~\\&|%s|LAMNA|NUDGE|HERE|%s||SIU^%s|M%zu|P|2.5\r", s->application, stamp, s->event, message);
	(void)buf_addf(b, "SCH|1|V%d|||||||30|MIN|^^30^%s||||||||||||||%s\r", s->visit, s->start, s->canceled ? "Canceled" : "Booked");
	(void)buf_addf(b, "PID|1||P%d^^^EPIC^MR||Testmann^Erika||19700101|F|||1 Main St^^Madison^WI^53703||(608) %03d-%04d^PRN^CP\r", s->patient,
	    number / 10000, number % 10000);
	(void)buf_add_text(b, "PV1|1|O|CARD^^^LAMNA\rRGS|1|A\rAIS|1|A|100^OFFICE VISIT\rAIL|1|A|CARD^^^LAMNA\r\x1c\r");
}

size_t
feed_message_of(struct span control_id)
{
	uint64_t n;

	if (control_id.n < 2 || control_id.p[0] != 'M' || !span_to_u64(span_from(control_id.p + 1, control_id.n - 1), UINT32_MAX, &n))
		broken("a control id that nobody gave");
	return (size_t)n;
}

static void
queue(struct feed *f, size_t message, const char *frame, size_t n)
{
	struct letter *l;

	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 64;
		f->letters = realloc(f->letters, f->cap * sizeof *f->letters);
	}
	if (!f->letters)
		abort();
	l = &f->letters[f->n++];
	*l = (struct letter){ message, malloc(n), n };
	if (!l->frame)
		abort();
	memcpy(l->frame, frame, n);
	pump(f);
}

void
feed_say(int feed, size_t message, const struct said *s)
{
	struct buf b;

	buf_init(&b, 65536);
	write_message(&b, message, s);
	queue(&the.feed[feed % the.feeds], message, b.p, b.n);
	buf_clear(&b);
}

/* ---- its connection ---- */

static void
try_again(void *ctx, int64_t unused)
{
	struct feed *f = ctx;

	(void)unused;
	f->opening = false;
	pump(f);
}

static void
later(struct feed *f)
{
	if (f->opening)
		return;
	f->opening = true;
	sim_at(500 + (int64_t)dice(10000), try_again, f, 0);
}

static void
lost(void *ctx)
{
	struct feed *f = ctx;

	f->fd = -1;
	the.repeats += (int64_t)f->out;
	f->out = 0;
	f->round++;
	buf_reset(&f->heard);
	later(f);
}

static void
taken(void *ctx)
{
	(void)ctx;
}

static void
impatient(void *ctx, int64_t round)
{
	struct feed *f = ctx;

	if (f->round != round || f->fd < 0 || f->out == 0)
		return;
	sim_trace("a feed lost its patience", (int64_t)f->first, 0);
	sim_wire_hang_up(f->fd);
	lost(f);
}

static void
answered(struct feed *f, struct span frame)
{
	struct letter *l = &f->letters[f->first];
	struct span rest = frame, msh = span_cut(frame, '\r', &rest), msa = span_cut(rest, '\r', &rest), code, id;

	(void)msh;
	(void)span_cut(msa, '|', &msa);
	code = span_cut(msa, '|', &msa);
	id = span_cut(msa, '|', &msa);
	if (f->out == 0)
		broken("promise 2: an answer to nothing");
	if (feed_message_of(id) != l->message)
		broken("promise 2: answers in another order than the messages, or one too many");
	if (!span_is(code, "AA"))
		broken("a good message got %.*s", (int)code.n, code.p);
	sim_trace("heard an answer", (int64_t)l->message, 0);
	f->first++;
	f->out--;
	f->round++;
	if (f->out > 0)
		sim_at(PATIENCE_MS, impatient, f, f->round);
	if (luck(the.again))
		queue(f, l->message, f->letters[f->first - 1].frame, f->letters[f->first - 1].n);
}

static void
heard(void *ctx, struct span in)
{
	struct feed *f = ctx;
	const char *end;

	if (!buf_add_span(&f->heard, in))
		abort();
	while (f->heard.n > 0 && (end = memchr(f->heard.p, '\r' - '\r' + 0x1c, f->heard.n)) && end + 1 < f->heard.p + f->heard.n) {
		size_t n = (size_t)(end - f->heard.p);

		if (f->heard.p[0] != '\v' || end[1] != '\r')
			broken("promise 2: an answer that is no frame");
		answered(f, span_from(f->heard.p + 1, n - 1));
		buf_drop_front(&f->heard, n + 2);
	}
	pump(f);
}

static void
nonsense(const struct feed *f)
{
	static const char *const junk[] = { "\r\n", "junk", "\v\x1c\r", "\vno message at all\x1c\r", "\vMSH|^~\\&|CARD|LAM" };

	sim_wire_send(f->fd, span_of(junk[dice(COUNT(junk))]));
}

static void
pump(struct feed *f)
{
	if (f->fd < 0 && !f->opening && f->first < f->n) {
		f->fd = sim_wire_open(&(struct wire_ends){ heard, lost, taken, f });
		if (f->fd < 0)
			later(f);
	}
	while (f->fd >= 0 && f->out < (size_t)the.window && f->first + f->out < f->n) {
		const struct letter *l = &f->letters[f->first + f->out];

		if (luck(the.junk))
			nonsense(f);
		feed_gives(l->message);
		sim_wire_send(f->fd, span_from(l->frame, l->n));
		if (f->out++ == 0)
			sim_at(PATIENCE_MS, impatient, f, ++f->round);
		if (luck(the.cut)) {
			sim_trace("the network is cut", (int64_t)l->message, 0);
			sim_wire_cut(f->fd);
			if (f->fd >= 0 && luck(500)) /* it does not notice by itself */
				break;
		}
	}
}

void
feed_judge(void)
{
	for (int i = 0; i < the.feeds; i++)
		if (the.feed[i].first != the.feed[i].n)
			broken("promise 2: %zu messages were never answered", the.feed[i].n - the.feed[i].first);
}
