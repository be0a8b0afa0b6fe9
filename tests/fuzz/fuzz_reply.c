/* fuzz_reply.c - any bytes as a patient's text: no harm, the same answer twice, and STOP at the end of it is heard. */
// SPDX-License-Identifier: Apache-2.0
// for: src/policy/reply.c src/policy/reply_cut.c
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
must(bool right)
{
	if (!right)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct reply_said a, b;
	char *text;

	reply_read(span_from(data, n), &a);
	reply_read(span_from(data, n), &b);
	must(a.what == b.what && a.code == b.code && a.what < REPLIES && a.code >= 0 && a.code < 100);
	must(reply_name(a.what)[0] && reply_sentence(a.what)[0]);
	must(a.code == 0 || a.what == REPLY_CONFIRM || a.what == REPLY_DECLINE);
	must(!a.keyword[0] || a.what == REPLY_STOP || a.what == REPLY_START || a.what == REPLY_HELP);
	/* Whatever stands behind "STOPALL. ", it is an opt-out, or says that the number is wrong. */
	text = malloc(n + 9);
	must(text != NULL);
	memcpy(text, "STOPALL. ", 9);
	memcpy(text + 9, data, n);
	reply_read(span_from(text, n + 9), &a);
	free(text);
	must(a.what == REPLY_STOP || a.what == REPLY_WRONG_NUMBER);
	return 0;
}
