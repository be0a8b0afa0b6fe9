/* fuzz_audit.c - audit lines: what is read back is what was written, whatever else stands in the file. */
// SPDX-License-Identifier: Apache-2.0
// for: src/base/audit_line.c
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/audit_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words of any bytes make a line that is read, and no other words' line. */
static void
written(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct audit_entry e = { .who = AUDIT_USER, .name = text, .what = "fuzz", .kind = text, .id = text, .hash = text, .why = text,
		.detail = span_from(data, size), .failed = size % 2 };
	struct audit_chain c;
	struct audit_line l;
	struct buf b;
	char mac[AUDIT_MAC_HEX + 1];
	uint8_t key[SEAL_KEY_BYTES] = { 7 };

	assert(text);
	buf_init(&b, AUDIT_LINE_MAX);
	audit_chain_begin(&c, key);
	c.seq += (int64_t)size;
	assert(audit_line_make(&c, &e, 1795000000000, text, &b) && b.p[b.n - 1] == '\n' && !memchr(b.p, '\n', b.n - 1));
	assert(audit_line_read(span_from(b.p, b.n - 1), &l));
	assert(l.seq == c.seq && span_is(l.what, "fuzz") && span_is(l.prev, c.prev));
	assert(audit_chain_mac(&c, l.body, mac) && span_is(l.mac, mac));
	buf_clear(&b);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = span_from(data, size);
	struct audit_chain c;
	struct audit_line l;
	char mac[AUDIT_MAC_HEX + 1], state[AUDIT_STATE_MAX];
	bool lacked;

	if (audit_line_read(line, &l)) {
		uint8_t key[SEAL_KEY_BYTES] = { 1 };

		audit_chain_begin(&c, key);
		assert(l.seq > 0 && l.body.n < size && l.mac.n == AUDIT_MAC_HEX && l.prev.n == AUDIT_MAC_HEX);
		assert(audit_chain_mac(&c, l.body, mac));
	}
	(void)audit_line_text(line, "obj", "id");
	(void)audit_line_text(line, NULL, "t");
	if (audit_state_read(line, &c, &lacked))
		assert(audit_state_make(&c, state) == size && memcmp(state, data, size) == 0);
	written(data, size);
	return 0;
}
