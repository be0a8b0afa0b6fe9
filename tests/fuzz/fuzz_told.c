/* fuzz_told.c - what Event Grid, or somebody else, may post: events in any form. */
// SPDX-License-Identifier: Apache-2.0
// for: src/acs/told.c
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool
is_word(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 'a' || s.p[i] > 'z') && s.p[i] != '-')
			return false;
	return s.n > 0 && s.n < 32;
}

/* What goes over the link is of our own forms, and fits. */
static bool
look(void *ctx, const struct link_event *e)
{
	struct link_event whole = *e;
	struct buf b;

	(void)ctx;
	if (e->message_id.n == 0 || e->message_id.n > 127 || e->from.n > 23 || e->to.n > 23 || e->text < 0 || e->at_s < -62200000000)
		abort();
	if (e->what == EVENT_REPORT && (!is_word(e->status) || e->delivery >= DELIVERIES))
		abort();
	if (e->what != EVENT_REPORT && (e->from.n == 0 || e->to.n == 0))
		abort();
	buf_init(&b, LINK_FRAME_MAX);
	whole.event = 1;
	whole.gateway = SPAN_LIT("acs");
	if (!link_put_event(&b, &whole))
		abort();
	buf_clear(&b);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct told_summary sum;
	struct buf b;

	if (!told_read(span_from(data, n), look, NULL, &sum) && sum.validation[0] && sum.given + sum.broken == 0 && sum.foreign > TOLD_EVENTS_MAX)
		abort();
	if (strlen(sum.validation) >= TOLD_CODE_MAX)
		abort();
	(void)told_report(span_from(data, n), look, NULL);
	buf_init(&b, n + 16);
	if (told_base64(span_from(data, n), &b) && b.n > n)
		abort();
	buf_clear(&b);
	return 0;
}
