/* frame.c - VT and FS found in a stream, and nothing read of what lies between. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/mllp.h"

#include <assert.h>
#include <string.h>

#define VT 0x0b
#define FS 0x1c
#define ACCEPTED 0x06 /* the commit answers of MLLP release 2, framed alone */
#define DECLINED 0x15
#define JUNK_MAX 4096
#define BARE "MSH"

void
frame_init(struct frame_reader *r, size_t max)
{
	memset(r, 0, sizeof *r);
	r->max = max;
	buf_init(&r->bytes, max);
}

void
frame_clear(struct frame_reader *r)
{
	buf_wipe(&r->bytes);
}

static void
begin(struct frame_reader *r)
{
	if (r->bytes.cap > r->max) {
		buf_clear(&r->bytes);
	} else {
		buf_reset(&r->bytes);
	}
	r->bytes.max = r->max;
	r->seen = 0;
	r->bare_n = 0;
	r->first_n = sizeof r->first;
	r->state = FRAME_INSIDE;
}

/* Looks at the first bytes of a connection that are no frame. */
static bool
probed(struct frame_reader *r, char c)
{
	static const char methods[][sizeof r->first + 1] = {
		"GET ", "HEAD", "POST", "PUT ", "DELE", "CONN", "OPTI", "TRAC", "PATC", "PRI "
	};

	if (r->first_n == sizeof r->first) {
		return false;
	}
	r->first[r->first_n++] = c;
	if (r->first_n >= 2 && r->first[0] == 0x16 && r->first[1] == 0x03) {
		return true; /* a TLS record of type handshake */
	}
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		if (r->first_n == sizeof r->first && memcmp(r->first, methods[i], sizeof r->first) == 0) {
			return true;
		}
	}
	return false;
}

/* A message outside of a frame: its sender waits for an answer to what nobody reads. */
static void
look_for_bare(struct frame_reader *r, char c)
{
	static const char msh[sizeof BARE] = BARE;

	if (r->bare_n < sizeof BARE - 1) {
		r->bare_n = c == msh[r->bare_n] ? r->bare_n + 1 : c == msh[0];
	}
}

bool
frame_is_bare(const struct frame_reader *r)
{
	return r->state != FRAME_INSIDE && r->bare_n == sizeof BARE - 1;
}

static enum frame_event
skip_to_start(struct frame_reader *r, struct span in, size_t *at)
{
	while (*at < in.n) {
		char c = in.p[(*at)++];
		if (c == VT) {
			begin(r);
			return FRAME_NONE;
		}
		if (r->state == FRAME_AFTER && c == '\r') {
			r->state = FRAME_AFTER_CR;
			continue;
		}
		if (r->state != FRAME_BEFORE && c == '\n') {
			r->state = FRAME_BEFORE;
			continue;
		}
		r->state = FRAME_BEFORE;
		r->junk++;
		r->junk_total++;
		look_for_bare(r, c);
		if (probed(r, c)) {
			r->plain_probe = true;
			return FRAME_HOPELESS;
		}
		if (r->junk > JUNK_MAX) {
			return FRAME_HOPELESS;
		}
	}
	return FRAME_NONE;
}

/* false: the frame can never be answered, give up. */
static bool
keep(struct frame_reader *r, const char *p, size_t n)
{
	size_t limit = r->bytes.max, room;

	r->seen += n;
	if (r->seen <= limit) {
		return buf_add(&r->bytes, p, n);
	}
	if (limit > FRAME_KEEP) {
		limit = FRAME_KEEP;
	}
	if (r->bytes.n > limit) {
		r->bytes.n = limit;
	}
	room = limit - r->bytes.n; /* no more than n: what was kept and n are over the limit */
	if (!buf_add(&r->bytes, p, room)) {
		return false;
	}
	return r->seen <= 4 * r->bytes.max;
}

static bool
says_nothing(struct span b)
{
	if (b.n == 1 && (b.p[0] == ACCEPTED || b.p[0] == DECLINED)) {
		return true;
	}
	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] != '\r' && b.p[i] != '\n') {
			return false;
		}
	}
	return true;
}

static enum frame_event
read_inside(struct frame_reader *r, struct span in, size_t *at)
{
	const char *p = in.p + *at, *end, *vt;
	size_t left = in.n - *at;

	end = memchr(p, FS, left);
	*at = end ? (size_t)(end - in.p) + 1 : in.n;
	if (end) {
		left = (size_t)(end - p);
	}
	/* The sender died and began again on the same socket: the first half is lost. */
	while ((vt = memchr(p, VT, left))) {
		if (!keep(r, p, (size_t)(vt - p))) {
			return FRAME_HOPELESS;
		}
		r->restarts++;
		r->junk_total += r->seen;
		left -= (size_t)(vt - p) + 1;
		p = vt + 1;
		begin(r);
	}
	if (!keep(r, p, left)) {
		return FRAME_HOPELESS;
	}
	if (!end) {
		return FRAME_NONE;
	}
	r->state = FRAME_AFTER;
	r->junk = 0;
	if (r->seen > r->bytes.max) {
		return FRAME_OVERSIZE;
	}
	if (says_nothing(buf_span(&r->bytes))) {
		r->empty++;
		return FRAME_NONE;
	}
	return FRAME_COMPLETE;
}

enum frame_event
frame_feed(struct frame_reader *r, struct span in, size_t *used)
{
	enum frame_event event = FRAME_NONE;
	size_t at = 0;

	assert(r->max > 0);
	while (event == FRAME_NONE && at < in.n) {
		event = r->state == FRAME_INSIDE ? read_inside(r, in, &at) : skip_to_start(r, in, &at);
	}
	*used = at;
	return event;
}
