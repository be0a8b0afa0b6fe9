/* fuzz_answer.c - what a gateway may answer: any status, any body, any header of how long to wait. */
// SPDX-License-Identifier: Apache-2.0
// for: src/acs/answer.c src/acs/retry_after.c
#include <stdint.h>
#include <stdlib.h>

#include "nudge/acs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The code is one of our own words; the id, if any, is printable and short. */
static void
check(const struct link_outcome *o, int status)
{
	if (o->outcome >= OUTCOMES || o->http_status != status || o->code.n == 0 || o->code.n > 31)
		abort();
	for (size_t i = 0; i < o->code.n; i++)
		if ((o->code.p[i] < 'a' || o->code.p[i] > 'z') && o->code.p[i] != '-')
			abort();
	if (o->message_id.n > 127)
		abort();
	for (size_t i = 0; i < o->message_id.n; i++)
		if (o->message_id.p[i] <= ' ' || o->message_id.p[i] > '~')
			abort();
	/* Only a 2xx can be a success, and only a 2xx with an item in it. */
	if (o->outcome == OUTCOME_ACCEPTED && (status < 200 || status > 299))
		abort();
	if (o->outcome == OUTCOME_NOT_TRIED)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct link_outcome o = { .retry_after_ms = -1 };
	struct buf hold;
	int status;

	if (n < 2)
		return 0;
	status = (data[0] << 8 | data[1]) % 700;
	if (data[0] & 0x80)
		status = 202;
	buf_init(&hold, 256);
	acs_answer(status, span_from(data + 2, n - 2), SPAN_LIT("+16085550123"), &hold, &o);
	check(&o, status);
	buf_clear(&hold);
	if (acs_retry_after(SPAN_NONE, span_from(data + 1, n - 1), span_from(data, n), 1795208400) < -1)
		abort();
	return 0;
}
