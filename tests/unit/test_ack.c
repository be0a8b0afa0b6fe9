/* test_ack.c - answers byte for byte, by version; which code is sent; what is never echoed. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "nudge/ack.h"

#define WALL_S 1795169700 /* 2026-11-20T10:15:00Z */
#define AT "20261120101500+0000"

/* Reads, answers, and gives the answer without its frame, CR shown as '!'; owned by `out`. */
static const char *
answer(const char *rule, struct span bytes, enum ack_code code, const struct ack_error *e, struct buf *out)
{
	struct hl7 *m = hl7_new();
	struct ack_request r;

	(void)hl7_read(m, bytes);
	holds(rule, ack_request_of(m, &r));
	hl7_free(m);
	buf_init(out, 4096);
	holds(rule, ack_write(&r, code, e, "R1", WALL_S, out));
	holds("promise 2: a frame begins with VT", out->n > 4 && out->p[0] == '\x0b');
	holds("promise 2: a frame ends with FS CR", memcmp(out->p + out->n - 3, "\r\x1c\r", 3) == 0);
	out->n -= 2;
	buf_drop_front(out, 1);
	for (size_t i = 0; i < out->n; i++) {
		holds("nothing of a frame is inside one", !memchr("\x0b\x1c\n", out->p[i], 3));
		if (out->p[i] == '\r')
			out->p[i] = '!';
	}
	return buf_text(out);
}

#define REQUEST(msh9, version) \
	"MSH|^~\\&|SCHED|SENDING FAC|REM|CLINIC|20270111083000-0600||" msh9 "|1055|P|" version "\rSCH|1\r"
#define ANSWER(msh9, version) "MSH|^~\\&|REM|CLINIC|SCHED|SENDING FAC|" AT "||" msh9 "|R1|P|" version "!"

static const struct ack_error nothing;
static const struct ack_error start_missing = { 101, "SCH", 1, 11, 1, 4, "start time missing" };
static const struct ack_error sch_11 = { 101, "SCH", 1, 11, 0, 0, "SCH-11 start time missing" };
static const struct ack_error bad_event = { 201, "MSH", 1, 9, 1, 2, NULL };
static const struct ack_error no_place = { 207, "", 0, 0, 0, 0, "frame too large" };
static const struct ack_error no_field = { 100, "MSH", 0, 0, 0, 0, "no SCH" };
static const struct ack_error component_only = { 102, "PID", 0, 7, 0, 1, "" };
static const struct ack_error text_only = { 0, "", 0, 0, 0, 0, "try later" };

static const struct {
	const char *rule, *request;
	enum ack_code code;
	const struct ack_error *error;
	const char *want;
} version_rows[] = {
	{ "2.1 accepted: MSH-9 is ACK alone", REQUEST("SIU^S12", "2.1"), ACK_AA, &nothing,
	  ANSWER("ACK", "2.1") "MSA|AA|1055!" },
	{ "2.2 refused: no ERR, a text in MSA-3", REQUEST("SIU^S12", "2.2"), ACK_AE, &sch_11,
	  ANSWER("ACK", "2.2") "MSA|AE|1055|SCH-11 start time missing!" },
	{ "2.3 accepted: MSH-9 has two components", REQUEST("SIU^S12", "2.3"), ACK_AA, &nothing,
	  ANSWER("ACK^S12", "2.3") "MSA|AA|1055!" },
	{ "2.3 refused: code and place in ERR-1", REQUEST("SIU^S13", "2.3"), ACK_AE, &sch_11,
	  ANSWER("ACK^S13", "2.3") "MSA|AE|1055|SCH-11 start time missing!"
	  "ERR|SCH^1^11^101&Required field missing&HL70357!" },
	{ "2.3.1 refused: as 2.3", REQUEST("SIU^S12", "2.3.1"), ACK_AE, &start_missing,
	  ANSWER("ACK^S12", "2.3.1") "MSA|AE|1055|start time missing!"
	  "ERR|SCH^1^11^101&Required field missing&HL70357!" },
	{ "2.4 accepted: MSH-9 has three components", REQUEST("SIU^S12^SIU_S12", "2.4"), ACK_AA, &nothing,
	  ANSWER("ACK^S12^ACK", "2.4") "MSA|AA|1055!" },
	{ "2.4 rejected: ERR-1", REQUEST("SIU^S40", "2.4"), ACK_AR, &bad_event,
	  ANSWER("ACK^S40^ACK", "2.4") "MSA|AR|1055!ERR|MSH^1^9^201&Unsupported event code&HL70357!" },
	{ "2.5 refused: ERR-2, 3, 4 and our text in ERR-8", REQUEST("SIU^S12", "2.5"), ACK_AE, &start_missing,
	  ANSWER("ACK^S12^ACK", "2.5") "MSA|AE|1055|start time missing!"
	  "ERR||SCH^1^11^1^4|101^Required field missing^HL70357|E||||start time missing!" },
	{ "2.5.1 refused: as 2.5", REQUEST("SIU^S12^SIU_S12", "2.5.1"), ACK_AE, &start_missing,
	  ANSWER("ACK^S12^ACK", "2.5.1") "MSA|AE|1055|start time missing!"
	  "ERR||SCH^1^11^1^4|101^Required field missing^HL70357|E||||start time missing!" },
	{ "2.6 refused without a component", REQUEST("SIU^S12", "2.6"), ACK_AE, &sch_11,
	  ANSWER("ACK^S12^ACK", "2.6") "MSA|AE|1055|SCH-11 start time missing!"
	  "ERR||SCH^1^11|101^Required field missing^HL70357|E||||SCH-11 start time missing!" },
	{ "2.7 rejected: no MSA-3", REQUEST("SIU^S40", "2.7"), ACK_AR, &bad_event,
	  ANSWER("ACK^S40^ACK", "2.7") "MSA|AR|1055!ERR||MSH^1^9^1^2|201^Unsupported event code^HL70357|E!" },
	{ "2.7 refused: the text in ERR-8 only", REQUEST("SIU^S12", "2.7"), ACK_AE, &no_place,
	  ANSWER("ACK^S12^ACK", "2.7")
	  "MSA|AE|1055!ERR|||207^Application internal error^HL70357|E||||frame too large!" },
	{ "2.8 accepted", REQUEST("SIU^S12", "2.8"), ACK_AA, &nothing,
	  ANSWER("ACK^S12^ACK", "2.8") "MSA|AA|1055!" },
	{ "2.8.2 rejected", REQUEST("SIU^S12", "2.8.2"), ACK_CR, &bad_event,
	  ANSWER("ACK^S12^ACK", "2.8.2")
	  "MSA|CR|1055!ERR||MSH^1^9^1^2|201^Unsupported event code^HL70357|E!" },
	{ "no version is 2.4", REQUEST("SIU^S12", ""), ACK_AA, &nothing,
	  ANSWER("ACK^S12^ACK", "2.4") "MSA|AA|1055!" },
	{ "a version with a country", REQUEST("SIU^S12", "2.3^USA"), ACK_AA, &nothing,
	  ANSWER("ACK^S12", "2.3") "MSA|AA|1055!" },
	{ "a version that is none goes back, in the form of 2.4", REQUEST("SIU^S12", "new"), ACK_AA, &nothing,
	  ANSWER("ACK^S12^ACK", "new") "MSA|AA|1055!" },
	{ "a version of other signs is the form of 2.4", REQUEST("SIU^S12", "2:3"), ACK_AA, &nothing,
	  ANSWER("ACK^S12^ACK", "2:3") "MSA|AA|1055!" },
	{ "a version of two digits before the dot is none", REQUEST("SIU^S12", "21.1"), ACK_AA, &nothing,
	  ANSWER("ACK^S12^ACK", "21.1") "MSA|AA|1055!" },
	{ "a version of three digits behind the dot is none", REQUEST("SIU^S12", "2.3001"), ACK_AA, &nothing,
	  ANSWER("ACK^S12^ACK", "2.3001") "MSA|AA|1055!" },
	{ "a version whose last part is too large is none", REQUEST("SIU^S12", "2.3.100"), ACK_AA, &nothing,
	  ANSWER("ACK^S12^ACK", "2.3.100") "MSA|AA|1055!" },
	{ "CE bears its error", REQUEST("SIU^S12", "2.5.1"), ACK_CE, &no_field,
	  ANSWER("ACK^S12^ACK", "2.5.1") "MSA|CE|1055|no SCH!ERR||MSH^1|100^Segment sequence error^HL70357|E||||no SCH!" },
	{ "a component is that of the first repetition, and no text is none", REQUEST("SIU^S12", "2.5.1"), ACK_AE, &component_only,
	  ANSWER("ACK^S12^ACK", "2.5.1") "MSA|AE|1055!ERR||PID^1^7^1^1|102^Data type error^HL70357|E!" },
	{ "an error without a place, 2.3", REQUEST("SIU^S12", "2.3"), ACK_AR, &no_place,
	  ANSWER("ACK^S12", "2.3")
	  "MSA|AR|1055|frame too large!ERR|^^^207&Application internal error&HL70357!" },
	{ "an error without a field, 2.3", REQUEST("SIU^S12", "2.3"), ACK_AE, &no_field,
	  ANSWER("ACK^S12", "2.3") "MSA|AE|1055|no SCH!ERR|MSH^1^^100&Segment sequence error&HL70357!" },
	{ "an error without a field, 2.5.1", REQUEST("SIU^S12", "2.5.1"), ACK_AE, &no_field,
	  ANSWER("ACK^S12^ACK", "2.5.1") "MSA|AE|1055|no SCH!"
	  "ERR||MSH^1|100^Segment sequence error^HL70357|E||||no SCH!" },
	{ "an error without a code has no ERR", REQUEST("SIU^S12", "2.5.1"), ACK_AE, &text_only,
	  ANSWER("ACK^S12^ACK", "2.5.1") "MSA|AE|1055|try later!" },
	{ "an acceptance says nothing of an error", REQUEST("SIU^S12", "2.5.1"), ACK_CA, &start_missing,
	  ANSWER("ACK^S12^ACK", "2.5.1") "MSA|CA|1055!" },
	{ "no error given", REQUEST("SIU^S12", "2.5.1"), ACK_CE, NULL,
	  ANSWER("ACK^S12^ACK", "2.5.1") "MSA|CE|1055!" },
	{ "a message type without an event", REQUEST("ACK", "2.5.1"), ACK_AA, &nothing,
	  ANSWER("ACK", "2.5.1") "MSA|AA|1055!" },
	{ "an event that is none is not sent back", REQUEST("SIU^S 2", "2.5.1"), ACK_AA, &nothing,
	  ANSWER("ACK", "2.5.1") "MSA|AA|1055!" },
	{ "nor one with a sign behind the letters", REQUEST("SIU^S{2", "2.5.1"), ACK_AA, &nothing,
	  ANSWER("ACK", "2.5.1") "MSA|AA|1055!" },
	{ "nor one with a sign behind the digits", REQUEST("SIU^S1:", "2.5.1"), ACK_AA, &nothing,
	  ANSWER("ACK", "2.5.1") "MSA|AA|1055!" },
	{ "an event of four characters is not sent back", REQUEST("SIU^S123", "2.5.1"), ACK_AA, &nothing,
	  ANSWER("ACK", "2.5.1") "MSA|AA|1055!" },
};

TEST(an_answer_has_the_form_of_its_version)
{
	for (size_t i = 0; i < COUNT(version_rows); i++) {
		struct buf out;

		same_text(version_rows[i].rule,
		    answer(version_rows[i].rule, span_of(version_rows[i].request), version_rows[i].code,
		        version_rows[i].error, &out),
		    version_rows[i].want);
		buf_clear(&out);
	}
}

#define OK251 "|ACK^S12^ACK|R1|P|2.5.1!"

static const struct {
	const char *rule, *request, *want;
} echo_rows[] = {
	{ "promise 2: MSA-2 with a leading blank", "MSH|^~\\&|A|B|C|D|||SIU^S12| 38762|P|2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA| 38762!" },
	{ "promise 2: MSA-2 longer than 20", "MSH|^~\\&|A|B|C|D|||SIU^S12|Q150084616T145947960A1117|P|2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA|Q150084616T145947960A1117!" },
	{ "promise 2: MSA-2 with components and escapes", "MSH|^~\\&|A|B|C|D|||SIU^S12|1^2~3&4\\T\\5|P|2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA|1^2~3&4\\T\\5!" },
	{ "promise 2: MSA-2 beyond ASCII", "MSH|^~\\&|A|B|C|D|||SIU^S12|\xfc" "1|P|2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA|\xfc" "1!" },
	{ "promise 2: an empty MSH-10 is an empty MSA-2", "MSH|^~\\&|A|B|C|D|||SIU^S12||P|2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA|!" },
	{ "names go back whole and crosswise", "MSH|^~\\&|A^1.2^ISO|B&b|C^3.4^ISO|D|||SIU^S12|7|P|2.5.1",
	  "MSH|^~\\&|C^3.4^ISO|D|A^1.2^ISO|B&b|" AT "|" OK251 "MSA|AA|7!" },
	{ "MSH-11 goes back whole", "MSH|^~\\&|A|B|C|D|||SIU^S12|7|P^T|2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "||ACK^S12^ACK|R1|P^T|2.5.1!MSA|AA|7!" },
	{ "an empty MSH-11 is P", "MSH|^~\\&|A|B|C|D|||SIU^S12|7||2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA|7!" },
	{ "five encoding characters go back", "MSH|^~\\&#|A|B|C|D|||SIU^S12|7|P|2.8",
	  "MSH|^~\\&#|C|D|A|B|" AT "||ACK^S12^ACK|R1|P|2.8!MSA|AA|7!" },
	{ "other delimiters go back and are used", "MSH$#*@%$A#x$B$C$D$$$SIU#S12$7$P$2.5.1",
	  "MSH$#*@%$C$D$A#x$B$" AT "$$ACK#S12#ACK$R1$P$2.5.1!MSA$AA$7!" },
	{ "promise 2: a + that separates is not in our time", "MSH+^~\\&+A+B+C+D+++SIU^S12+7+P+2.5.1",
	  "MSH+^~\\&+C+D+A+B+20261120101500-0000++ACK^S12^ACK+R1+P+2.5.1!MSA+AA+7!" },
	{ "a + that is another delimiter neither", "MSH|^~\\+|A|B|C|D|||SIU^S12|7|P|2.5.1",
	  "MSH|^~\\+|C|D|A|B|20261120101500-0000|" OK251 "MSA|AA|7!" },
	{ "neither + nor -", "MSH+^~\\-+A+B+C+D+++SIU^S12+7+P+2.5.1",
	  "MSH+^~\\-+C+D+A+B+20261120101500++ACK^S12^ACK+R1+P+2.5.1!MSA+AA+7!" },
	{ "a . that separates is not in our version", "MSH.^~\\&.A.B.C.D...SIU^S12.7.P",
	  "MSH.^~\\&.C.D.A.B." AT "..ACK^S12^ACK.R1.P.!MSA.AA.7!" },
	{ "a LF feed is answered with CR", "MSH|^~\\&|A|B|C|D|||SIU^S12|7|P|2.5.1\nSCH|1\n",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA|7!" },
	{ "line ends in names are taken out", "MSH|^~\\&|A\nX|B|C\nZ|D|||SIU^S12|7\n8|P|2.5.1\rSCH|1",
	  "MSH|^~\\&|CZ|D|AX|B|" AT "|" OK251 "MSA|AA|78!" },
	{ "frame characters are taken out", "MSH|^~\\&|A\x0b|B\x1c|C|D|||SIU^S12|\x1c" "7\x0b|P|2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA|7!" },
	{ "a lower-case header is answered", "msh|^~\\&|A|B|C|D|||SIU^S12|7|P|2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA|7!" },
	{ "mended delimiters are answered mended", "MSH|^~&|A|B|C|D|||SIU^S12|7|P|2.5.1",
	  "MSH|^~\\&|C|D|A|B|" AT "|" OK251 "MSA|AA|7!" },
	{ "a doubled backslash is answered as one", "MSH|^~\\\\&#|A|B|C|D|||SIU^S12|7|P|2.8",
	  "MSH|^~\\&#|C|D|A|B|" AT "||ACK^S12^ACK|R1|P|2.8!MSA|AA|7!" },
	{ "completed delimiters are answered complete", "MSH|#|A#1|B|C|D|||SIU#S12|7|P|2.5.1",
	  "MSH|#~\\&|C|D|A#1|B|" AT "||ACK#S12#ACK|R1|P|2.5.1!MSA|AA|7!" },
	{ "other delimiters, mode and an empty version", "MSH$%~\\&$E%1$L$N$F$2026$$SIU%S13$7$P%T$",
	  "MSH$%~\\&$N$F$E%1$L$" AT "$$ACK%S13%ACK$R1$P%T$2.4!MSA$AA$7!" },
	{ "unusable delimiters: the standard ones, no name goes back", "MSH|^^^^|A|B|C|D|||SIU^S12|7|P|2.5.1",
	  "MSH|^~\\&|||||" AT "|" OK251 "MSA|AA|7!" },
	{ "unusable delimiters, other separator: only what can be said", "MSHA^~\\&A1A2A",
	  "MSH|^~\\&|||||" AT "||ACK|R1|P|2.4!MSA|AA|!" },
	{ "a bare MSH", "MSH", "MSH|^~\\&|||||" AT "||ACK|R1|P|2.4!MSA|AA|!" },
	{ "a short MSH", "MSH|^~\\&|A|B", "MSH|^~\\&|||A|B|" AT "||ACK|R1|P|2.4!MSA|AA|!" },
};

TEST(an_answer_takes_over_what_it_must_and_no_more)
{
	for (size_t i = 0; i < COUNT(echo_rows); i++) {
		struct buf out;

		same_text(echo_rows[i].rule,
		    answer(echo_rows[i].rule, span_of(echo_rows[i].request), ACK_AA, &nothing, &out),
		    echo_rows[i].want);
		buf_clear(&out);
	}
}

TEST(nul_never_cuts_an_answer)
{
	static const char request[] = "MSH|^~\\&|A\0X|B|C|D|||SIU^S12|7\0" "8|P|2.5.1";
	struct buf out;

	same_text("NUL is taken out",
	    answer("NUL", span_from(request, sizeof request - 1), ACK_AA, &nothing, &out),
	    "MSH|^~\\&|C|D|AX|B|" AT "|" OK251 "MSA|AA|78!");
	buf_clear(&out);
}

TEST(no_byte_of_the_body_is_in_an_answer)
{
	static const char request[] =
	    "MSH|^~\\&|A|B|C|D|20270111||SIU^S12|7|P|2.5.1|SEQ|CONT|AL|NE|USA|8859/1|en\r"
	    "PID|1||MR700042||Testperson^Paula||19800229|F|||1 Sample Road||^PRN^CP^^1^608^5550103\r";
	static const char *const private[] = {
		"Testperson", "Paula", "MR700042", "5550103", "Sample", "19800229", "20270111",
		"SEQ", "CONT", "8859",
	};
	struct buf out;
	const char *text = answer("body", span_of(request), ACK_AE, &start_missing, &out);

	for (size_t i = 0; i < COUNT(private); i++)
		holds("promise 8: an answer names no patient", !strstr(text, private[i]));
	buf_clear(&out);
}

TEST(a_text_of_ours_cannot_break_an_answer)
{
	static const struct ack_error odd = { 202, "MSH", 1, 11, 0, 0,
	    "sent to \"a|b^c&d~e\\f\", \r\n\x0b\xfc\x7fnot here" };
	static const struct ack_error long_one = { 207, "", 0, 0, 0, 0,
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678|beyond" };
	struct buf out;

	same_text("delimiters are escaped, the rest is shown as ?",
	    answer("odd", span_of(REQUEST("SIU^S12", "2.3")), ACK_AR, &odd, &out),
	    ANSWER("ACK^S12", "2.3") "MSA|AR|1055|sent to \"a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\", ?????not here!"
	  "ERR|MSH^1^11^202&Unsupported processing id&HL70357!");
	buf_clear(&out);
	same_text("80 characters, no half escape",
	    answer("long", span_of(REQUEST("SIU^S12", "2.2")), ACK_AR, &long_one, &out),
	    ANSWER("ACK", "2.2") "MSA|AR|1055|"
	    "0123456789012345678901234567890123456789012345678901234567890123456789012345678!");
	buf_clear(&out);
}

static void
request_with(char *text, size_t cap, size_t msh3_n, size_t msh10_n)
{
	size_t n = span_copy(text, cap, span_of("MSH|^~\\&|"));

	memset(text + n, 'a', msh3_n);
	n += msh3_n;
	n += span_copy(text + n, cap - n, span_of("|B|C|D|||SIU^S12|"));
	memset(text + n, '7', msh10_n);
	n += msh10_n;
	(void)span_copy(text + n, cap - n, span_of("|P|2.5.1"));
}

TEST(what_is_too_long_is_left_out_or_cannot_be_answered)
{
	struct hl7 *m = hl7_new();
	struct ack_request r;
	char text[1024];

	request_with(text, sizeof text, 255, 255);
	(void)hl7_read(m, span_of(text));
	holds("255 characters fit", ack_request_of(m, &r));
	same_int("MSH-3 of 255", strlen(r.msh3), 255);
	same_int("MSH-10 of 255", strlen(r.msh10), 255);
	request_with(text, sizeof text, 256, 20);
	(void)hl7_read(m, span_of(text));
	holds("a name of 256 does not hinder", ack_request_of(m, &r));
	same_text("and is left out", r.msh3, "");
	request_with(text, sizeof text, 5, 256);
	(void)hl7_read(m, span_of(text));
	holds("a control id of 256 cannot be echoed", !ack_request_of(m, &r));
	hl7_free(m);
}

TEST(a_full_buffer_is_said)
{
	struct hl7 *m = hl7_new();
	struct ack_request r;
	struct buf out;

	(void)hl7_read(m, span_of(REQUEST("SIU^S12", "2.5.1")));
	holds("request", ack_request_of(m, &r));
	hl7_free(m);
	buf_init(&out, 60);
	holds("no half answer passes for one", !ack_write(&r, ACK_AA, &nothing, "R1", WALL_S, &out));
	buf_clear(&out);
	buf_init(&out, 4096);
	holds("answers follow each other", ack_write(&r, ACK_AA, &nothing, "R1", WALL_S, &out) &&
	    ack_write(&r, ACK_AA, &nothing, "12345678901234567890", WALL_S, &out));
	same_int("two frames", out.p[0] == '\x0b' && memmem(out.p, out.n, "\x1c\r\x0b", 3) != NULL, 1);
	buf_clear(&out);
}

static const struct {
	const char *msh15, *msh16;
	const char *accept, *error, *reject; /* in auto mode */
} choice_rows[] = {
	{ "", "", "AA", "AE", "AR" },
	{ "", "AL", "AA", "AE", "AR" },
	{ "", "NE", "AA", "AE", "AR" },
	{ "AL", "", "CA", "CE", "CR" },
	{ "AL", "NE", "CA", "CE", "CR" },
	{ "AL", "AL", "CA", "CE", "CR" },
	{ "AL", "ER", "CA", "CE", "CR" },
	{ "NE", "", "", "", "" },
	{ "NE", "NE", "", "", "" },
	{ "NE", "AL", "AA", "AE", "AR" },
	{ "NE", "ER", "", "AE", "AR" },
	{ "NE", "SU", "AA", "", "" },
	{ "NE", "odd", "", "", "" },
	{ "ER", "", "", "CE", "CR" },
	{ "ER", "NE", "", "CE", "CR" },
	{ "SU", "", "CA", "", "" },
	{ "SU", "AL", "CA", "", "" },
	{ "XX", "", "AA", "AE", "AR" },
	{ "al", "", "AA", "AE", "AR" },
	{ "\"\"", "\"\"", "AA", "AE", "AR" },
	{ " AL ", "NE ", "CA", "CE", "CR" },
};

TEST(the_code_follows_the_mode_and_what_was_asked_for)
{
	struct hl7 *m = hl7_new();

	for (size_t i = 0; i < COUNT(choice_rows); i++) {
		char text[128], rule[64];
		struct ack_request r;

		(void)snprintf(rule, sizeof rule, "MSH-15 '%s', MSH-16 '%s'", choice_rows[i].msh15,
		    choice_rows[i].msh16);
		(void)snprintf(text, sizeof text, "MSH|^~\\&|A|B|C|D|||SIU^S12|7|P|2.5.1|||%s|%s",
		    choice_rows[i].msh15, choice_rows[i].msh16);
		(void)hl7_read(m, span_of(text));
		holds(rule, ack_request_of(m, &r));
		same_text(rule, ack_name(ack_choose(ACK_AUTO, &r, VERDICT_ACCEPT)), choice_rows[i].accept);
		same_text(rule, ack_name(ack_choose(ACK_AUTO, &r, VERDICT_ERROR)), choice_rows[i].error);
		same_text(rule, ack_name(ack_choose(ACK_AUTO, &r, VERDICT_REJECT)), choice_rows[i].reject);
		same_text(rule, ack_name(ack_choose(ACK_ALWAYS_AA, &r, VERDICT_ACCEPT)), "AA");
		same_text(rule, ack_name(ack_choose(ACK_ALWAYS_AA, &r, VERDICT_ERROR)), "AE");
		same_text(rule, ack_name(ack_choose(ACK_ALWAYS_AA, &r, VERDICT_REJECT)), "AR");
	}
	hl7_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(an_answer_has_the_form_of_its_version),
		RUN(an_answer_takes_over_what_it_must_and_no_more),
		RUN(nul_never_cuts_an_answer),
		RUN(no_byte_of_the_body_is_in_an_answer),
		RUN(a_text_of_ours_cannot_break_an_answer),
		RUN(what_is_too_long_is_left_out_or_cannot_be_answered),
		RUN(a_full_buffer_is_said),
		RUN(the_code_follows_the_mode_and_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
