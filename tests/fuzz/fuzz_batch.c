/* fuzz_batch.c - any frame is split into parts of itself, in order, none twice. */
// SPDX-License-Identifier: Apache-2.0
// for: src/hl7/batch.c
#include <stdint.h>
#include <stdlib.h>

#include "nudge/hl7_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span frame = span_from(data, n), message;
	const char *at = frame.p;
	struct hl7_batch b;
	size_t found = 0;

	hl7_batch_begin(&b, frame);
	while (hl7_batch_next(&b, &message)) {
		if (message.n < 3 || message.p < at || message.p + message.n > frame.p + frame.n)
			abort();
		at = message.p + message.n;
		found++;
	}
	if (found > 1 && hl7_batch_is_single(frame))
		abort();
	return 0;
}
