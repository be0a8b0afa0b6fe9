/* fuzz_link.c - what comes over the link and from the gateway: frames and answers. */
// SPDX-License-Identifier: Apache-2.0
// for: src/control/link.c
#include <stdint.h>
#include <stdlib.h>

#include "nudge/acs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = span_from(data, n);
	struct link_frame f;
	struct link_outcome o = { 0 };
	struct buf hold, out;

	while (link_get(in, &f) == LINK_COMPLETE) {
		if (f.bytes < 5 || f.bytes > in.n)
			abort();
		buf_init(&out, LINK_FRAME_MAX + 8);
		if (f.type == LINK_JOB)
			(void)link_put_job(&out, &f.job);
		else if (f.type == LINK_EVENT)
			(void)link_put_event(&out, &f.event);
		else if (f.type == LINK_ASK)
			(void)link_put_ask(&out, &f.ask);
		else if (f.type == LINK_RELOAD)
			(void)link_put_reload(&out, f.reload);
		else if (f.type == LINK_RELOADED)
			(void)link_put_reloaded(&out, f.ok == 1, f.why);
		else if (f.type == LINK_CERTIFICATE)
			(void)link_put_certificate(&out, f.gateway, f.der);
		else if (f.type == LINK_LOG)
			(void)link_put_log(&out, f.part, f.level);
		else
			(void)link_put_outcome(&out, &f.outcome);
		buf_clear(&out);
		in = (struct span){ in.p + f.bytes, in.n - f.bytes };
	}
	buf_init(&hold, 256);
	acs_answer(202, span_from(data, n), SPAN_LIT("+16085550123"), &hold, &o);
	if (o.code.n == 0)
		abort();
	buf_clear(&hold);
	(void)acs_retry_after(SPAN_NONE, SPAN_NONE, span_from(data, n), 1795208400);
	return 0;
}
