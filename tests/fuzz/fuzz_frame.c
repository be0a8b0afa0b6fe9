/* fuzz_frame.c - any bytes, cut anywhere, give the same frames as in one piece. */
// SPDX-License-Identifier: Apache-2.0
// for: src/mllp/frame.c
#include "nudge/mllp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t complete, oversize, bytes, junk, restarts, empty;
	bool hopeless, probe;
	uint32_t sum; /* of all frames' bytes, in order */
};

static void
note(struct seen *s, const struct frame_reader *r, enum frame_event e)
{
	if (e == FRAME_COMPLETE || e == FRAME_OVERSIZE) {
		s->complete += e == FRAME_COMPLETE;
		s->oversize += e == FRAME_OVERSIZE;
		s->bytes += r->bytes.n;
		for (size_t i = 0; i < r->bytes.n; i++) {
			s->sum = s->sum * 31 + (unsigned char)r->bytes.p[i];
		}
	}
	s->hopeless = e == FRAME_HOPELESS;
}

/* step: bytes of each piece. */
static struct seen
read_all(struct span in, size_t max, size_t step)
{
	struct seen s;
	struct frame_reader r;
	size_t used;

	memset(&s, 0, sizeof s);
	frame_init(&r, max);
	while (in.n > 0 && !s.hopeless) {
		size_t piece = step < in.n ? step : in.n;
		enum frame_event e = frame_feed(&r, span_from(in.p, piece), &used);
		if (used == 0 || used > piece || r.bytes.n > r.bytes.max ||
		    (r.seen > max && r.bytes.n > FRAME_KEEP)) {
			abort();
		}
		note(&s, &r, e);
		in = span_from(in.p + used, in.n - used);
	}
	s.junk = s.hopeless ? 0 : (size_t)r.junk_total;
	s.restarts = s.hopeless ? 0 : (size_t)r.restarts;
	s.empty = (size_t)r.empty;
	s.probe = r.plain_probe;
	frame_clear(&r);
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole, cut;
	struct span in;
	size_t max;

	if (size < 2) {
		return 0;
	}
	max = 1 + (size_t)data[0] * 40;
	in = span_from(data + 2, size - 2);
	whole = read_all(in, max, in.n ? in.n : 1);
	cut = read_all(in, max, 1 + data[1] % 16);
	if (memcmp(&whole, &cut, sizeof whole) != 0) {
		abort();
	}
	return 0;
}
