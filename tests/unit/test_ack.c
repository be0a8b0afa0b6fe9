/* test_ack.c - promise 2: the answer, in every version's form, by every mode. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>

#include "nudge/ack.h"

static struct hl7 *m;

static const char *
answer_to(const char *message, enum ack_code code, const struct ack_error *e)
{
	static struct buf out;
	static char text[2048];
	struct ack_request r;

	buf_init(&out, 4096);
	(void)hl7_read(m, span_of(message));
	assert_true(ack_request_of(m, &r));
	assert_true(ack_write(&r, code, e, "N1", 1795780800, &out));
	holds("framed", out.p[0] == 0x0b && out.p[out.n - 2] == 0x1c && out.p[out.n - 1] == '\r');
	span_copy(text, sizeof text, span_from(out.p + 1, out.n - 3));
	buf_clear(&out);
	return text;
}

TEST(the_form_of_each_version)
{
	static const struct ack_error e = { 101, "SCH", 1, 11, 1, 4, "start time missing" };
	static const struct {
		const char *version, *answer;
	} rows[] = {
		{ "2.2", "MSH|^~\\&|N|F|EPIC|L^1|20261127120000+0000||ACK|N1|P|2.2\rMSA|AE| 38|start time missing\rERR|SCH^1^11^101&Required field missing&HL70357\r" },
		{ "2.3", "MSH|^~\\&|N|F|EPIC|L^1|20261127120000+0000||ACK^S12|N1|P|2.3\rMSA|AE| 38|start time missing\rERR|SCH^1^11^101&Required field missing&HL70357\r" },
		{ "2.4", "MSH|^~\\&|N|F|EPIC|L^1|20261127120000+0000||ACK^S12^ACK|N1|P|2.4\rMSA|AE| 38|start time missing\rERR|SCH^1^11^101&Required field missing&HL70357\r" },
		{ "2.5.1", "MSH|^~\\&|N|F|EPIC|L^1|20261127120000+0000||ACK^S12^ACK|N1|P|2.5.1\rMSA|AE| 38|start time missing\rERR||SCH^1^11^1^4|101^Required field missing^HL70357|E||||start time missing\r" },
		{ "2.7", "MSH|^~\\&|N|F|EPIC|L^1|20261127120000+0000||ACK^S12^ACK|N1|P|2.7\rMSA|AE| 38\rERR||SCH^1^11^1^4|101^Required field missing^HL70357|E||||start time missing\r" },
	};
	char message[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)snprintf(message, sizeof message, "MSH|^~\\&|EPIC|L^1|N|F|20261127||SIU^S12^SIU_S12| 38|P|%s\r", rows[i].version);
		same_text(rows[i].version, answer_to(message, ACK_AE, &e), rows[i].answer);
	}
}

TEST(what_is_taken_over)
{
	same_text("other delimiters, mode, empty version",
	    answer_to("MSH$%~\\&$E%1$L$N$F$2026$$SIU%S13$7$P%T$\r", ACK_AA, NULL),
	    "MSH$%~\\&$N$F$E%1$L$20261127120000+0000$$ACK%S13%ACK$N1$P%T$2.4\rMSA$AA$7\r");
	same_text("nothing but MSH", answer_to("MSH|^~\\&", ACK_AR, NULL), "MSH|^~\\&|||||20261127120000+0000||ACK|N1|P|2.4\rMSA|AR|\r");
	same_text("a damaged MSH-2 is not repeated", answer_to("MSH|^~&|E|L|N|F|2026||SIU^S12|7|P|2.3\r", ACK_AA, NULL),
	    "MSH|^~\\&|N|F|E|L|20261127120000+0000||ACK^S12|N1|P|2.3\rMSA|AA|7\r");
}

TEST(delimiters_that_cannot_be)
{
	struct ack_request r;

	same_int("two are equal", hl7_read(m, span_of("MSH|^^\\&|E|L|N|F|2026||SIU^S12|7|P|2.3\r")), HL7_BAD_DELIMS);
	assert_true(ack_request_of(m, &r));
	same_text("are not repeated", r.encoding, "^~\\&");
	same_text("and MSH-10 is found", r.msh10, "7");
}

TEST(an_id_too_long_to_echo)
{
	char message[600] = "MSH|^~\\&|E|L|N|F|2026||SIU^S12|";
	struct ack_request r;

	memset(message + strlen(message), '7', 300);
	(void)hl7_read(m, span_of(message));
	holds("cannot be answered", !ack_request_of(m, &r));
}

TEST(which_code_in_which_mode)
{
	static const struct {
		const char *msh15, *msh16;
		enum ack_verdict verdict;
		enum ack_code automatic, always;
	} rows[] = {
		{ "", "", VERDICT_ACCEPT, ACK_AA, ACK_AA }, { "", "", VERDICT_ERROR, ACK_AE, ACK_AE }, { "", "", VERDICT_REJECT, ACK_AR, ACK_AR },
		{ "AL", "NE", VERDICT_ACCEPT, ACK_CA, ACK_AA }, { "AL", "", VERDICT_ERROR, ACK_CE, ACK_AE }, { "AL", "AL", VERDICT_REJECT, ACK_CR, ACK_AR },
		{ "NE", "", VERDICT_ACCEPT, ACK_NONE, ACK_AA }, { "NE", "NE", VERDICT_REJECT, ACK_NONE, ACK_AR },
		{ "NE", "AL", VERDICT_ACCEPT, ACK_AA, ACK_AA }, { "NE", "AL", VERDICT_ERROR, ACK_AE, ACK_AE },
		{ "ER", "NE", VERDICT_ACCEPT, ACK_NONE, ACK_AA }, { "ER", "NE", VERDICT_ERROR, ACK_CE, ACK_AE },
		{ "SU", "NE", VERDICT_ACCEPT, ACK_CA, ACK_AA }, { "SU", "NE", VERDICT_ERROR, ACK_NONE, ACK_AE },
		{ "??", "", VERDICT_ACCEPT, ACK_AA, ACK_AA },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ack_request r = { 0 };

		(void)snprintf(r.msh15, sizeof r.msh15, "%s", rows[i].msh15);
		(void)snprintf(r.msh16, sizeof r.msh16, "%s", rows[i].msh16);
		same_text(rows[i].msh15, ack_name(ack_choose(ACK_AUTO, &r, rows[i].verdict)), ack_name(rows[i].automatic));
		same_text(rows[i].msh15, ack_name(ack_choose(ACK_ALWAYS_AA, &r, rows[i].verdict)), ack_name(rows[i].always));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(the_form_of_each_version), RUN(what_is_taken_over), RUN(delimiters_that_cannot_be), RUN(an_id_too_long_to_echo),
		RUN(which_code_in_which_mode) };
	int failed;

	m = hl7_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	hl7_free(m);
	return failed;
}
