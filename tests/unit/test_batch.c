/* test_batch.c - frames of several messages: wrappers, heads, trailers, ends of segments. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>

#include "nudge/hl7_batch.h"

#define M1 "MSH|^~\\&|A|B|||1||SIU^S12|1|P|2.3\rSCH|1\r"
#define M2 "MSH|^~\\&|A|B|||1||SIU^S12|2|P|2.3\rSCH|2\r"

TEST(what_stands_in_a_frame)
{
	static const struct row {
		const char *rule, *frame, *messages; /* those found, with a bar between */
		bool single;
		unsigned wrong;
	} rows[] = {
		{ "one message is not split", M1, M1 "#", true, 0 },
		{ "one message without its last end", "MSH|^~\\&|A\rSCH|1", "MSH|^~\\&|A\rSCH|1#", true, 0 },
		{ "two messages", M1 M2, M1 "#" M2 "#", false, 0 },
		{ "all wrappers", "FHS|^~\\&\rBHS|^~\\&\r" M1 M2 "BTS|2\rFTS|1\r", M1 "#" M2 "#", false, 0 },
		{ "a batch without a file", "BHS|^~\\&\r" M1 "BTS|1\r", M1 "#", false, 0 },
		{ "a trailer that counts otherwise", "BHS|^~\\&\r" M1 "BTS|2\r", M1 "#", false, 1 },
		{ "an empty count says nothing", "BHS|^~\\&\r" M1 "BTS||x\r", M1 "#", false, 0 },
		{ "a count that is no number", "BHS|^~\\&\r" M1 "BTS|one\r", M1 "#", false, 1 },
		{ "FTS counts batches", "FHS|^~\\&\rBHS|^~\\&\r" M1 "BTS|1\rBHS|^~\\&\r" M2 "BTS|1\rFTS|2\r", M1 "#" M2 "#", false, 0 },
		{ "FTS of a file without batches counts messages", "FHS|^~\\&\r" M1 M2 "FTS|2\r", M1 "#" M2 "#", false, 0 },
		{ "a header alone", "BHS|^~\\&|A|B\r", "", false, 0 },
		{ "an empty batch", "BHS|^~\\&|A|B\rBTS|0\r", "", false, 0 },
		{ "segments that end in LF", "MSH|^~\\&|A\nSCH|1\nMSH|^~\\&|B\nSCH|2\n", "MSH|^~\\&|A\nSCH|1\n#MSH|^~\\&|B\nSCH|2\n#", false, 0 },
		{ "a LF after each CR", "MSH|^~\\&|A\r\nMSH|^~\\&|B\r\n", "MSH|^~\\&|A\r#MSH|^~\\&|B\r\n#", false, 0 },
		{ "empty lines between", M1 "\r\r" M2, M1 "\r\r#" M2 "#", false, 0 },
		{ "a head in lower case", "msh|^~\\&|A\rmsh|^~\\&|B\r", "msh|^~\\&|A\r#msh|^~\\&|B\r#", false, 0 },
		{ "MSH inside a field is no head", "MSH|^~\\&|A\rNTE|1||see MSH|x\r", "MSH|^~\\&|A\rNTE|1||see MSH|x\r#", true, 0 },
		{ "blanks before a head", M1 " \n " M2, M1 "#" M2 "#", false, 0 },
		{ "a separator that is smaller than a letter", "BHS#^~\\&\rMSH#^~\\&#A\rBTS#1\r", "MSH#^~\\&#A\r#", false, 0 },
		{ "MSHX is another segment", "MSH|^~\\&|A\rMSHX|1\r", "MSH|^~\\&|A\rMSHX|1\r#", true, 0 },
		{ "a LF in a text of a CR feed does not cut", "MSH|^~\\&|A\rNTE|1||a\nMSH|b\r", "MSH|^~\\&|A\rNTE|1||a\nMSH|b\r#", true, 0 },
		{ "nothing", "", "", true, 0 },
		{ "no message at all", "hello", "", true, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span frame = span_of(rows[i].frame), message;
		char found[512];
		size_t n = 0;
		struct hl7_batch b;

		hl7_batch_begin(&b, frame);
		while (hl7_batch_next(&b, &message))
			n += (size_t)snprintf(found + n, sizeof found - n, "%.*s#", (int)message.n, message.p);
		found[n] = '\0';
		same_text(rows[i].rule, found, rows[i].messages);
		same_int(rows[i].rule, b.wrong_counts, rows[i].wrong);
		same_int(rows[i].rule, hl7_batch_is_single(frame), rows[i].single);
	}
}

/* Some programs pad a buffer. */
TEST(zeros_before_a_head)
{
	static const char frame[] = M1 "\0\0" M2;
	struct span message;
	struct hl7_batch b;

	holds("two messages", !hl7_batch_is_single(span_from(frame, sizeof frame - 1)));
	hl7_batch_begin(&b, span_from(frame, sizeof frame - 1));
	holds("the first", hl7_batch_next(&b, &message) && span_is(message, M1));
	holds("the second", hl7_batch_next(&b, &message) && span_is(message, M2));
	holds("no third", !hl7_batch_next(&b, &message));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_stands_in_a_frame), RUN(zeros_before_a_head) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
