/* fuzz_queue.c - what a queue may answer: any bytes for its XML. */
// SPDX-License-Identifier: Apache-2.0
// for: src/acs/queue_list.c
#include <stdint.h>
#include <stdlib.h>

#include "acs/queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool
look(void *ctx, const struct queue_message *m)
{
	size_t *given = ctx;

	if (m->id.n == 0 || m->receipt.n == 0 || m->dequeued < 0 || ++*given > QUEUE_BATCH)
		abort();
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char escaped[256];
	size_t given = 0;

	(void)queue_list(span_from(data, n), look, &given);
	if (queue_escape(span_from(data, n), escaped, sizeof escaped))
		for (const char *c = escaped; *c; c++)
			if (*c <= ' ' || *c > '~' || *c == '&' || *c == '#')
				abort();
	return 0;
}
