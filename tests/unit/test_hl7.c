/* test_hl7.c - the index of a message against rows, odd forms, and a slow reading of the same bytes. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "nudge/hl7.h"

#define M(text) { text, sizeof(text) - 1 }
#define HEAD "MSH|^~\\&|SCHED|CLINIC|NUDGE|HOME|20270111083000||SIU^S12|C1|P|2.5.1"

/* Never a null pointer, which memcmp() may not be given even for no bytes. */
static void
same_span(const char *rule, struct span got, struct span want)
{
	same_bytes(rule, got.n ? got.p : "", got.n, want.n ? want.p : "", want.n);
}

/* The bytes in memory of exactly their size, so that a reader that looks one too far is seen. */
static char *
exactly(struct span s, struct span *out)
{
	char *p = malloc(s.n ? s.n : 1);

	assert_non_null(p);
	if (s.n)
		memcpy(p, s.p, s.n);
	*out = span_from(p, s.n);
	return p;
}

static const struct {
	const char *rule;
	const char *msh;
	enum hl7_result result;
	const char *delims; /* field, component, repetition, escape, subcomponent, truncation */
	bool repaired;
} delims_rows[] = {
	{ "the usual four", "MSH|^~\\&|A", HL7_OK, "|^~\\&", false },
	{ "five since 2.7", "MSH|^~\\&#|A", HL7_OK, "|^~\\&#", false },
	{ "five in any version", "MSH|^~\\&#|A|||||||1|P|2.3", HL7_OK, "|^~\\&#", false },
	{ "others than usual", "MSH!#~\\&!A", HL7_OK, "!#~\\&", false },
	{ "all others", "MSH$%*@+$A", HL7_OK, "$%*@+", false },
	{ "some others", "MSH$%~\\&$A", HL7_OK, "$%~\\&", false },
	{ "three, and a separator too many", "MSH|^~\\||A", HL7_OK, "|^~\\&", true },
	{ "letters", "MSH|abcd|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "lower-case msh", "msh|^~\\&|A", HL7_OK, "|^~\\&", false },
	{ "the escape character is lost", "MSH|^~&|A", HL7_OK, "|^~\\&", true },
	{ "the backslash is doubled", "MSH|^~\\\\&|A", HL7_OK, "|^~\\&", true },
	{ "the backslash is doubled before five", "MSH|^~\\\\&#|A", HL7_OK, "|^~\\&#", true },
	{ "one character is completed", "MSH|^|A", HL7_OK, "|^~\\&", true },
	{ "two characters are completed", "MSH|^~|A", HL7_OK, "|^~\\&", true },
	{ "three characters are completed", "MSH|^~\\|A", HL7_OK, "|^~\\&", true },
	{ "one unusual character is completed", "MSH|#|A", HL7_OK, "|#~\\&", true },
	{ "none is completed", "MSH||A", HL7_OK, "|^~\\&", true },
	{ "a bare MSH", "MSH", HL7_OK, "|^~\\&", true },
	{ "MSH and a separator", "MSH|", HL7_OK, "|^~\\&", true },
	{ "MSH-2 ends the message", "MSH|^~\\&", HL7_OK, "|^~\\&", false },
	{ "a blank behind MSH-2", "MSH|^~\\& |A", HL7_OK, "|^~\\&", true },
	{ "six characters: the first five", "MSH|^~\\&#!|A", HL7_OK, "|^~\\&#", true },
	{ "component equals field", "MSH||~\\&|A", HL7_OK, "|^~\\&", true }, /* MSH-2 is empty, that is */
	{ "two are equal", "MSH|^^\\&|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "all are equal", "MSH|^^^^|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "truncation equals component", "MSH|^~\\&^|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "completing makes two equal", "MSH|&|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "a letter", "MSH|^~\\A|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "a digit", "MSH|^7\\&|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "a blank inside", "MSH|^ \\&|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "a control character", "MSH|^\x01\\&|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "a byte beyond ASCII", "MSH|^\xa7\\&|A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "a letter separates fields", "MSHA^~\\&A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "a blank separates fields", "MSH ^~\\& A", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "the separator is missing", "MSH^~\\&|SCHED|X", HL7_BAD_DELIMS, "|^~\\&", true },
	{ "a name runs into MSH-2", "MSH|^~\\&SCHED|X", HL7_BAD_DELIMS, "|^~\\&", true },
};

TEST(delimiters_are_read_completed_or_refused)
{
	struct hl7 *m = hl7_new();

	for (size_t i = 0; i < COUNT(delims_rows); i++) {
		struct span bytes;
		char *p = exactly(span_of(delims_rows[i].msh), &bytes), got[7] = "";
		const struct hl7_delims *d;

		same_int(delims_rows[i].rule, hl7_read(m, bytes), delims_rows[i].result);
		d = hl7_delims(m);
		(void)snprintf(got, sizeof got, "%c%c%c%c%c%c", d->field, d->component, d->repetition,
		    d->escape, d->subcomponent, d->truncation);
		same_text(delims_rows[i].rule, got, delims_rows[i].delims);
		same_int(delims_rows[i].rule, d->repaired, delims_rows[i].repaired);
		same_int(delims_rows[i].rule, hl7_segments(m), 1);
		free(p);
	}
	hl7_free(m);
}

static const struct {
	const char *rule;
	struct span bytes;
	enum hl7_result result;
	const char *names; /* of the segments, with a ',' behind each */
} form_rows[] = {
	{ "CR ends a segment", M(HEAD "\rSCH|1\rPID|1\r"), HL7_OK, "MSH,SCH,PID," },
	{ "the last terminator may be missing", M(HEAD "\rSCH|1\rPID|1"), HL7_OK, "MSH,SCH,PID," },
	{ "without any CR, LF ends a segment", M(HEAD "\nSCH|1\nPID|1\n"), HL7_OK, "MSH,SCH,PID," },
	{ "LF, without the last", M(HEAD "\nSCH|1\nPID|1"), HL7_OK, "MSH,SCH,PID," },
	{ "CRLF", M(HEAD "\r\nSCH|1\r\nPID|1\r\n"), HL7_OK, "MSH,SCH,PID," },
	{ "CRLF, without the last", M(HEAD "\r\nSCH|1\r\nPID|1"), HL7_OK, "MSH,SCH,PID," },
	{ "with a CR, a LF is text", M(HEAD "\rNTE|1||one\ntwo\rPID|1\r"), HL7_OK, "MSH,NTE,PID," },
	{ "with one CR at the end only, a LF is text", M(HEAD "\nSCH|1\r"), HL7_OK, "MSH," },
	{ "runs of CR", M(HEAD "\r\r\rSCH|1\r\rPID|1\r\r\r\r"), HL7_OK, "MSH,SCH,PID," },
	{ "runs of LF", M(HEAD "\n\n\nSCH|1\n\nPID|1\n\n\n"), HL7_OK, "MSH,SCH,PID," },
	{ "runs of CRLF", M(HEAD "\r\n\r\n\r\nSCH|1\r\n\r\n"), HL7_OK, "MSH,SCH," },
	{ "a mixture of all", M(HEAD "\r\nSCH|1\rPID|1\r\n\nAIL|1\r\r\n"), HL7_OK, "MSH,SCH,PID,AIL," },
	{ "blanks before a name", M(HEAD "\r  SCH|1\r\tPID|1"), HL7_OK, "MSH,SCH,PID," },
	{ "lines of blanks only", M(HEAD "\r   \r\t\rSCH|1\r  "), HL7_OK, "MSH,SCH," },
	{ "blanks and line ends before MSH", M(" \t\r\n\r\n" HEAD "\rSCH|1"), HL7_OK, "MSH,SCH," },
	{ "LF before MSH of a LF feed", M("\n\n" HEAD "\nSCH|1"), HL7_OK, "MSH,SCH," },
	{ "a BOM before MSH", M("\xef\xbb\xbf" HEAD "\rSCH|1"), HL7_OK, "MSH,SCH," },
	{ "a BOM and blanks before MSH", M("\xef\xbb\xbf \r" HEAD "\rSCH|1"), HL7_OK, "MSH,SCH," },
	{ "names as sent", M("msh|^~\\&|A\rsch|1\rPid|1"), HL7_OK, "msh,sch,Pid," },
	{ "a name alone", M(HEAD "\rAIP\rRGS\r"), HL7_OK, "MSH,AIP,RGS," },
	{ "unknown and Z segments", M(HEAD "\rZCH|1\rXYZ|2\rQ|3\rLONGNAME|4"), HL7_OK,
	  "MSH,ZCH,XYZ,Q,LONGNAME," },
	{ "a blank behind a name", M(HEAD "\rSCH |1"), HL7_OK, "MSH,SCH," },
	{ "no name at all", M(HEAD "\r|1|2"), HL7_OK, "MSH,," },
	{ "NUL behind the last CR", M(HEAD "\rSCH|1\r\0\0\0"), HL7_OK, "MSH,SCH," },
	{ "NUL inside is a character", M(HEAD "\rSCH|a\0b\rPID|1"), HL7_OK, "MSH,SCH,PID," },
	{ "several MSH are segments", M(HEAD "\rSCH|1\r" HEAD "\rSCH|2"), HL7_OK, "MSH,SCH,MSH,SCH," },
	{ "delimiters that cannot be used", M("MSH|^^^^|A\rSCH|1"), HL7_BAD_DELIMS, "MSH,SCH," },
	{ "nothing", M(""), HL7_NO_MSH, "" },
	{ "one character", M("M"), HL7_NO_MSH, "" },
	{ "two characters", M("MS"), HL7_NO_MSH, "" },
	{ "blanks only", M("  \r\n \t"), HL7_NO_MSH, "" },
	{ "CR only", M("\r\r\r\r"), HL7_NO_MSH, "" },
	{ "NUL only", M("\0\0\0\0"), HL7_NO_MSH, "" },
	{ "delimiters only", M("|^~\\&|^~\\&|^~\\&"), HL7_NO_MSH, "" },
	{ "half a BOM", M("\xef\xbb" HEAD), HL7_NO_MSH, "" },
	{ "junk before MSH", M("xMSH|^~\\&|A"), HL7_NO_MSH, "" },
	{ "another segment first", M("PID|1\r" HEAD), HL7_NO_MSH, "" },
	{ "a batch header first", M("FHS|^~\\&|A\rBHS|^~\\&|A\r" HEAD), HL7_NO_MSH, "" },
	{ "not HL7", M("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), HL7_NO_MSH, "" },
};

TEST(segments_are_found_in_every_form)
{
	struct hl7 *m = hl7_new();

	for (size_t i = 0; i < COUNT(form_rows); i++) {
		struct span bytes;
		char *p = exactly(form_rows[i].bytes, &bytes), got[128] = "";
		size_t n = 0;

		same_int(form_rows[i].rule, hl7_read(m, bytes), form_rows[i].result);
		for (unsigned s = 0; s < hl7_segments(m); s++) {
			n += span_copy(got + n, sizeof got - n, hl7_name(m, s));
			n += span_copy(got + n, sizeof got - n, span_of(","));
		}
		same_text(form_rows[i].rule, got, form_rows[i].names);
		free(p);
	}
	hl7_free(m);
}

#define BODY HEAD "\rSCH|a|b||d|\rPID\rZZZ|\rNTE|1|L|x\ny|\"\"\rMSH|^~\\&|SECOND\rSCH||\rBHS|^~\\&|BATCH\rFHS|^~\\&|FILE\rMSHX|^~|x"

static const struct {
	const char *rule;
	unsigned segment, field;
	const char *want; /* NULL: absent */
} field_rows[] = {
	{ "MSH-1 is the separator", 0, 1, "|" },
	{ "MSH-2 is whole", 0, 2, "^~\\&" },
	{ "MSH-3 follows", 0, 3, "SCHED" },
	{ "MSH-8 is empty", 0, 8, NULL },
	{ "MSH-9 with its components", 0, 9, "SIU^S12" },
	{ "MSH-12 ends at the CR", 0, 12, "2.5.1" },
	{ "MSH-13 is not there", 0, 13, NULL },
	{ "field 0 is nothing", 0, 0, NULL },
	{ "the first field", 1, 1, "a" },
	{ "the second field", 1, 2, "b" },
	{ "an empty field", 1, 3, NULL },
	{ "the field behind an empty one", 1, 4, "d" },
	{ "an empty last field", 1, 5, NULL },
	{ "a field beyond the last", 1, 6, NULL },
	{ "a field far beyond", 1, 4000000000U, NULL },
	{ "a name alone has no field", 2, 1, NULL },
	{ "a name and a separator", 3, 1, NULL },
	{ "a LF inside a field stays", 4, 3, "x\ny" },
	{ "the null value as it stands", 4, 4, "\"\"" },
	{ "a second MSH counts as the first", 5, 3, "SECOND" },
	{ "a second MSH has its separator", 5, 1, "|" },
	{ "separators only", 6, 2, NULL },
	{ "a batch header counts as MSH does", 7, 3, "BATCH" },
	{ "a file header counts as MSH does", 8, 3, "FILE" },
	{ "a name of four letters does not", 9, 2, "x" },
	{ "a segment beyond the last", 10, 1, NULL },
	{ "a segment far beyond", 4000000000U, 1, NULL },
};

TEST(fields_are_counted_as_the_standard_does)
{
	struct hl7 *m = hl7_new();
	struct span bytes;
	char *p = exactly(span_of(BODY), &bytes);

	same_int("the body is read", hl7_read(m, bytes), HL7_OK);
	for (size_t i = 0; i < COUNT(field_rows); i++) {
		struct span got = hl7_field(m, field_rows[i].segment, field_rows[i].field);
		struct span want = span_of(field_rows[i].want);

		same_span(field_rows[i].rule, got, want);
		holds(field_rows[i].rule, field_rows[i].want || !got.p);
	}
	holds("a name is compared without case", hl7_is(m, 1, "sch") && hl7_is(m, 0, "MSH"));
	holds("a part of a name is another name", !hl7_is(m, 1, "SC") && !hl7_is(m, 1, "S") && !hl7_is(m, 1, ""));
	holds("a longer name is another name", !hl7_is(m, 0, "MSHX") && hl7_is(m, 9, "mshx") && !hl7_is(m, 9, "MSH"));
	holds("a segment that is not there has no name", hl7_name(m, 99).p == NULL && !hl7_is(m, 99, "SCH"));
	free(p);
	hl7_free(m);
}

static const struct {
	const char *rule;
	const char *field;
	unsigned repetition, component, subcomponent;
	const char *want;
} part_rows[] = {
	{ "whole field of one part", "abc", 0, 0, 0, "abc" },
	{ "first component of one", "abc", 0, 1, 0, "abc" },
	{ "first subcomponent of one", "abc", 0, 1, 1, "abc" },
	{ "second component of one", "abc", 0, 2, 0, NULL },
	{ "second subcomponent of one", "abc", 0, 1, 2, NULL },
	{ "a component", "a^b^c", 0, 2, 0, "b" },
	{ "the last component", "a^b^c", 0, 3, 0, "c" },
	{ "a component too many", "a^b^c", 0, 4, 0, NULL },
	{ "an empty component", "a^^c", 0, 2, 0, NULL },
	{ "behind an empty component", "a^^c", 0, 3, 0, "c" },
	{ "components of the second repetition", "a^b~c^d", 1, 2, 0, "d" },
	{ "an empty repetition", "a~~c", 1, 0, 0, NULL },
	{ "behind an empty repetition", "a~~c", 2, 0, 0, "c" },
	{ "a repetition too many", "a~b", 2, 0, 0, NULL },
	{ "a subcomponent", "1^^^MR&2.999&ISO", 0, 4, 2, "2.999" },
	{ "a component with its subcomponents", "1^^^MR&2.999&ISO", 0, 4, 0, "MR&2.999&ISO" },
	{ "an empty subcomponent", "a&&c", 0, 1, 2, NULL },
	{ "trailing delimiters", "a^b&^~", 0, 2, 1, "b" },
	{ "the null value as a component", "\"\"^x", 0, 1, 0, "\"\"" },
	{ "delimiters only, component", "^^~&&~^&", 2, 2, 1, NULL },
	{ "an escaped delimiter does not cut", "a\\S\\b^c", 0, 1, 0, "a\\S\\b" },
	{ "a huge component number", "a^b", 0, 4000000000U, 0, NULL },
	{ "a huge repetition number", "a~b", 4000000000U, 0, 0, NULL },
	{ "an empty field", "", 0, 1, 1, NULL },
};

TEST(parts_are_found_in_their_field)
{
	const struct hl7_delims d = { '|', '^', '~', '\\', '&', 0, false };

	for (size_t i = 0; i < COUNT(part_rows); i++) {
		struct span rep = hl7_repetition(&d, span_of(part_rows[i].field), part_rows[i].repetition);
		struct span got = hl7_part(&d, rep, part_rows[i].component, part_rows[i].subcomponent);
		struct span want = span_of(part_rows[i].want);

		same_span(part_rows[i].rule, got, want);
	}
	same_int("an empty field has no repetition", hl7_repetitions(&d, SPAN_NONE), 0);
	same_int("one repetition", hl7_repetitions(&d, span_of("abc")), 1);
	same_int("three repetitions, one empty", hl7_repetitions(&d, span_of("a~~c")), 3);
	holds("null is two quotes", hl7_is_null(span_of("\"\"")));
	holds("one quote is not null", !hl7_is_null(span_of("\"")));
	holds("a quote and more is not null", !hl7_is_null(span_of("\"x")));
	holds("empty is not null", !hl7_is_null(SPAN_NONE));
	holds("more than two quotes is not null", !hl7_is_null(span_of("\"\"\"")));
}

/* HEAD with `n` more bytes of `fill` behind; owned by the caller. */
static char *
filled(const char *head, char fill, size_t n, struct span *out)
{
	size_t head_n = strlen(head);
	char *p = malloc(head_n + n);

	assert_non_null(p);
	memcpy(p, head, head_n);
	memset(p + head_n, fill, n);
	*out = span_from(p, head_n + n);
	return p;
}

/* So many lines of so many fields each, and a last one of `more`, which ends with "end". */
static char *
many_lines(size_t lines, size_t fields, size_t more, struct span *out)
{
	size_t head_n = strlen(HEAD), n = head_n + lines * (4 + fields) + 4 + more + 3;
	char *p = malloc(n), *at = p + head_n;

	assert_non_null(p);
	memcpy(p, HEAD, head_n);
	for (size_t i = 0; i <= lines; i++) {
		size_t here = i < lines ? fields : more;

		memcpy(at, "\rZZZ", 4);
		memset(at + 4, '|', here);
		at += 4 + here;
	}
	memcpy(at, "end", 3);
	*out = span_from(p, n);
	return p;
}

/* pain: a message that cannot be parsed and is not answered either */
TEST(an_index_has_a_ceiling_and_the_msh_can_be_answered_still)
{
	struct hl7 *m = hl7_new();
	struct span bytes;
	char *p = filled("", '|', 1 << 20, &bytes);

	same_int("1 MiB of separators is no message", hl7_read(m, bytes), HL7_NO_MSH);
	free(p);
	p = filled(HEAD, '|', 1 << 20, &bytes);
	same_int("promise 2: 1 MiB of separators behind MSH", hl7_read(m, bytes), HL7_TOO_MANY);
	same_int("promise 2: its MSH is there", hl7_segments(m), 1);
	same_span("promise 2: with its MSH-10", hl7_field(m, 0, 10), span_of("C1"));
	free(p);
	p = filled(HEAD "\rPID", '|', 70000, &bytes);
	same_int("two gigabytes are no message, whatever they hold", hl7_read(m, span_from(p, (size_t)UINT32_MAX)), HL7_TOO_MANY);
	same_int("and nothing of them is kept", hl7_segments(m), 0);
	same_int("70,000 fields are too many", hl7_read(m, bytes), HL7_TOO_MANY);
	same_span("70,000 fields: MSH-10 is there", hl7_field(m, 0, 10), span_of("C1"));
	free(p);
	p = filled(HEAD "\rPID", '|', HL7_FIELDS_MAX - 11, &bytes);
	same_int("as many fields as an index holds", hl7_read(m, bytes), HL7_OK);
	free(p);
	p = filled(HEAD "\rPID", '|', HL7_FIELDS_MAX - 10, &bytes);
	same_int("one field more", hl7_read(m, bytes), HL7_TOO_MANY);
	free(p);
	p = many_lines(1000, 64, HL7_FIELDS_MAX - 11 - 64000, &bytes);
	same_int("as many fields as an index holds, on many lines", hl7_read(m, bytes), HL7_OK);
	same_int("all lines are there", hl7_segments(m), 1002);
	same_span("and the last field", hl7_field(m, 1001, HL7_FIELDS_MAX - 11 - 64000), span_of("end"));
	free(p);
	p = many_lines(1000, 64, HL7_FIELDS_MAX - 10 - 64000, &bytes);
	same_int("one field more, on many lines", hl7_read(m, bytes), HL7_TOO_MANY);
	free(p);
	p = filled(HEAD "\rNTE|", '~', 1 << 20, &bytes);
	same_int("1 MiB of repetitions is one field", hl7_read(m, bytes), HL7_OK);
	same_int("1 MiB of repetitions", hl7_repetitions(hl7_delims(m), hl7_field(m, 1, 1)), (1 << 20) + 1);
	free(p);
	p = filled(HEAD, '\r', 1 << 20, &bytes);
	same_int("1 MiB of terminators is no segment", hl7_read(m, bytes), HL7_OK);
	same_int("1 MiB of terminators: one segment", hl7_segments(m), 1);
	free(p);
	p = filled(HEAD, '\0', 1 << 20, &bytes);
	same_int("1 MiB of zeros is one field", hl7_read(m, bytes), HL7_OK);
	same_int("1 MiB of zeros: one segment", hl7_segments(m), 1);
	free(p);
	hl7_free(m);
}

TEST(segments_have_a_ceiling)
{
	struct hl7 *m = hl7_new();
	size_t head_n = strlen(HEAD), n = head_n + 2 * 5000;
	char *p = malloc(n);

	assert_non_null(p);
	memcpy(p, HEAD, head_n);
	for (size_t i = head_n; i < n; i += 2)
		memcpy(p + i, "\rZ", 2);
	same_int("5,000 segments are too many", hl7_read(m, span_from(p, n)), HL7_TOO_MANY);
	same_int("the first are there", hl7_segments(m), HL7_SEGMENTS_MAX);
	same_int("as many segments as an index holds",
	    hl7_read(m, span_from(p, head_n + 2 * (HL7_SEGMENTS_MAX - 1))), HL7_OK);
	same_int("one segment more", hl7_read(m, span_from(p, head_n + 2 * HL7_SEGMENTS_MAX)), HL7_TOO_MANY);
	same_int("the index is good for the next message", hl7_read(m, span_of(HEAD "\rSCH|1")), HL7_OK);
	same_int("and forgets the last", hl7_segments(m), 2);
	free(p);
	hl7_free(m);
	hl7_free(NULL);
}

/* The same, as slowly and plainly as it can be said; only for standard delimiters. */
struct plain {
	size_t begin, end;
};

static unsigned
read_plainly(struct span b, struct plain *out, unsigned max)
{
	char terminator = memchr(b.p, '\r', b.n) ? '\r' : '\n';
	unsigned n = 0;

	for (size_t at = 0, end; at < b.n; at = end + 1) {
		for (end = at; end < b.n && b.p[end] != terminator; end++)
			continue;
		while (at < end && memchr(" \t\n\0", b.p[at], 4))
			at++;
		if (at < end && n < max)
			out[n++] = (struct plain){ at, end };
	}
	return n;
}

static void
same_as_plain(const struct hl7 *m, struct span b, const struct plain *s, unsigned segment)
{
	size_t at = s->begin, end;
	bool counts = hl7_is(m, segment, "MSH");

	for (unsigned field = counts ? 1 : 0;; field++, at = end + 1) {
		for (end = at; end < s->end && b.p[end] != '|'; end++)
			continue;
		if (field > (counts ? 1U : 0U)) {
			struct span got = hl7_field(m, segment, field);

			same_span("as plain reading finds it", got, span_from(b.p + at, end - at));
		}
		if (end == s->end)
			return;
	}
}

TEST(the_index_says_what_plain_reading_says)
{
	static const char letters[] = "|||^~\\&\r\r\n AMSH\0\t\x80\xfc";
	struct hl7 *m = hl7_new();
	uint32_t seed = 12345;

	for (int round = 0; round < 100000; round++) {
		char text[96] = "MSH|^~\\&";
		struct plain s[96];
		size_t n = 8 + (size_t)(round % 80);
		struct span b = span_from(text, n);
		unsigned segments;

		for (size_t i = 8; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = letters[(seed >> 16) % (sizeof letters - 1)];
		}
		if (n > 8)
			text[8] = round % 3 ? '|' : '\r';
		same_int("random bytes behind a MSH are read", hl7_read(m, b), HL7_OK);
		segments = read_plainly(b, s, COUNT(s));
		same_int("segments are those of plain reading", hl7_segments(m), segments);
		for (unsigned i = 0; i < segments; i++)
			same_as_plain(m, b, &s[i], i);
	}
	hl7_free(m);
}

TEST(a_message_cut_anywhere_is_read_without_looking_beyond)
{
	struct hl7 *m = hl7_new();

	for (size_t n = 0; n <= strlen(BODY); n++) {
		struct span bytes;
		char *p = exactly(span_from(BODY, n), &bytes);

		same_int("cut", hl7_read(m, bytes), n < 3 ? HL7_NO_MSH : HL7_OK);
		for (unsigned s = 0; s < hl7_segments(m); s++) {
			for (unsigned f = 0; f < 20; f++) {
				struct span v = hl7_field(m, s, f);

				holds("inside", !v.p || (v.p >= p && v.p + v.n <= p + n));
			}
		}
		free(p);
	}
	hl7_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(delimiters_are_read_completed_or_refused),
		RUN(segments_are_found_in_every_form),
		RUN(fields_are_counted_as_the_standard_does),
		RUN(parts_are_found_in_their_field),
		RUN(an_index_has_a_ceiling_and_the_msh_can_be_answered_still),
		RUN(segments_have_a_ceiling),
		RUN(the_index_says_what_plain_reading_says),
		RUN(a_message_cut_anywhere_is_read_without_looking_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
