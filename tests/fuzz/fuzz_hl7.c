/* fuzz_hl7.c - any bytes as a message: read, walked, unescaped, answered; the answer must name the message. */
// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/ack.h"

static void
walk(const struct hl7 *m, struct arena *a)
{
	const struct hl7_delims *d = hl7_delims(m);
	struct hl7_time t;

	for (unsigned s = 0; s < hl7_segments(m) && s < 200; s++)
		for (unsigned f = 0; f < 60; f++) {
			struct span field = hl7_field(m, s, f), part;
			unsigned reps = hl7_repetitions(d, field);

			for (unsigned r = 0; r < reps && r < 8; r++)
				for (unsigned c = 0; c < 8; c++) {
					part = hl7_part(d, hl7_repetition(d, field, r), c, c % 3);
					(void)hl7_unescape(d, part, a);
					(void)hl7_time_read(part, &t);
				}
		}
}

static void
answer(struct hl7 *m)
{
	struct ack_request r;
	struct ack_error e = { 101, "SCH", 1, 2, 1, 1, "text" };
	struct buf out;
	struct hl7 *back = hl7_new();

	buf_init(&out, 65536);
	if (back && ack_request_of(m, &r) && ack_write(&r, ACK_AE, &e, "N1", 1795780800, &out)) {
		/* The delimiters may be any: the answer must be read by its own. */
		if (hl7_read(back, (struct span){ out.p + 1, out.n - 3 }) != HL7_OK && hl7_delims(m)->field == '|' && !r.delims.repaired)
			abort();
		if (memchr(out.p + 1, 0x1c, out.n - 3) && !strchr(r.msh10, 0x1c) && !memchr(&r, 0x1c, sizeof r))
			abort();
	}
	buf_clear(&out);
	hl7_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct hl7 *m = hl7_new();
	struct arena a;
	struct hl7_path p;
	struct fault f;
	char text[64];
	bool guessed;

	arena_init(&a, 1 << 20);
	span_copy(text, sizeof text, span_from(data, n));
	if (m && hl7_path_read(text, &p, &f))
		(void)hl7_get(m, hl7_whole(m), &p);
	if (m) {
		enum hl7_charset set = hl7_charset_of(span_from(data, n), SPAN_LIT("8859/1"), &guessed);
		enum hl7_result r = hl7_read(m, span_from(data, n));

		if (set != HL7_CHARSET_UNSUPPORTED)
			(void)hl7_to_utf8(span_from(data, n), set, &a);
		if (r == HL7_OK || r == HL7_BAD_DELIMS) {
			walk(m, &a);
			answer(m);
		}
	}
	arena_clear(&a);
	hl7_free(m);
	return 0;
}
