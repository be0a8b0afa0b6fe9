/* test_hl7_path.c - places in a message: how they are written, and what they find. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "nudge/hl7.h"

/* Never a null pointer, which memcmp() may not be given even for no bytes. */
static void
same_span(const char *rule, struct span got, struct span want)
{
	same_bytes(rule, got.n ? got.p : "", got.n, want.n ? want.p : "", want.n);
}

static const struct {
	const char *rule, *text;
	struct hl7_path want;
} good[] = {
	{ "a field", "SCH-11", { "SCH", 0, 11, 0, 0, 0 } },
	{ "a component", "SCH-11.4", { "SCH", 0, 11, 0, 4, 0 } },
	{ "a subcomponent", "PID-3.4.2", { "PID", 0, 3, 0, 4, 2 } },
	{ "a field repetition", "PID-13(2).12", { "PID", 0, 13, 2, 12, 0 } },
	{ "every field repetition", "PID-13(*).7", { "PID", 0, 13, -1, 7, 0 } },
	{ "a segment repetition", "AIL(1)-3.9", { "AIL", 1, 3, 0, 9, 0 } },
	{ "every segment repetition", "AIL(*)-3", { "AIL", -1, 3, 0, 0, 0 } },
	{ "every repetition of both", "NTE(*)-3(*)", { "NTE", -1, 3, -1, 0, 0 } },
	{ "a leading slash", "/AIL(0)-3.9", { "AIL", 0, 3, 0, 9, 0 } },
	{ "lower case is read as upper", "pid-3", { "PID", 0, 3, 0, 0, 0 } },
	{ "a Z segment", "ZCH-255", { "ZCH", 0, 255, 0, 0, 0 } },
	{ "digits in a name", "TQ1-7", { "TQ1", 0, 7, 0, 0, 0 } },
	{ "the largest numbers", "ZZ9(9999)-255(9999).999.999", { "ZZ9", 9999, 255, 9999, 999, 999 } },
	{ "leading zeros", "PID-003", { "PID", 0, 3, 0, 0, 0 } },
	{ "MSH-2", "MSH-2", { "MSH", 0, 2, 0, 0, 0 } },
};

TEST(paths_are_read)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct hl7_path p;
		struct fault f = { .kind = FAULT_NONE };

		if (!hl7_path_read(good[i].text, &p, &f))
			fail_msg("%s: %s", good[i].rule, f.text);
		same_text(good[i].rule, p.segment, good[i].want.segment);
		same_int(good[i].rule, p.segment_rep, good[i].want.segment_rep);
		same_int(good[i].rule, p.field, good[i].want.field);
		same_int(good[i].rule, p.field_rep, good[i].want.field_rep);
		same_int(good[i].rule, p.component, good[i].want.component);
		same_int(good[i].rule, p.subcomponent, good[i].want.subcomponent);
	}
}

TEST(a_path_is_written_as_it_is_read)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		char text[HL7_PATH_TEXT_MAX];
		struct hl7_path again;
		struct fault f = { .kind = FAULT_NONE };

		hl7_path_text(&good[i].want, text);
		if (!hl7_path_read(text, &again, &f))
			fail_msg("%s: %s", good[i].rule, f.text);
		holds(good[i].rule, strcmp(again.segment, good[i].want.segment) == 0 && again.segment_rep == good[i].want.segment_rep &&
		    again.field == good[i].want.field && again.field_rep == good[i].want.field_rep &&
		    again.component == good[i].want.component && again.subcomponent == good[i].want.subcomponent);
	}
}

static const struct {
	const char *rule, *text;
	int at; /* the character that the fault names */
} bad[] = {
	{ "nothing", "", 1 },
	{ "a slash alone", "/", 2 },
	{ "two slashes", "//PID-3", 2 },
	{ "a name of two letters", "PI-3", 1 },
	{ "a name of four letters", "PIDX-3", 4 },
	{ "a name that begins with a digit", "1PD-3", 1 },
	{ "a name alone", "PID", 4 },
	{ "no field", "PID-", 5 },
	{ "field 0", "PID-0", 5 },
	{ "a field too large", "PID-256", 5 },
	{ "a field beyond every number", "PID-99999999999999999999", 5 },
	{ "a negative field", "PID--3", 5 },
	{ "a sign in a name", "P_D-3", 1 },
	{ "another sign in a name", "P{D-3", 1 },
	{ "a colon in a name", "PI:-3", 1 },
	{ "a sign for a field", "PID-:", 5 },
	{ "a field that is a word", "PID-name", 5 },
	{ "a letter in a field", "PID-1a", 6 },
	{ "a dot for the dash", "PID.3", 4 },
	{ "component 0", "PID-3.0", 7 },
	{ "no component behind the dot", "PID-3.", 7 },
	{ "a component too large", "PID-3.1000", 7 },
	{ "subcomponent 0", "PID-3.1.0", 9 },
	{ "four levels", "PID-3.1.1.1", 10 },
	{ "a repetition that does not end", "PID-3(1", 8 },
	{ "a segment's repetition that does not end", "PID(1-3", 6 },
	{ "a repetition without a number", "PID-3()", 7 },
	{ "a negative repetition", "PID-3(-1)", 7 },
	{ "a repetition too large", "PID-3(10000)", 7 },
	{ "a repetition of a component", "PID-3.1(1)", 8 },
	{ "a blank behind", "PID-3 ", 6 },
	{ "a blank before", " PID-3", 1 },
	{ "two places", "PID-3,PID-4", 6 },
};

TEST(a_wrong_path_says_where_it_is_wrong)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct hl7_path p = { .segment = "OLD" };
		struct fault f = { .kind = FAULT_NONE };
		char where[32];

		holds(bad[i].rule, !hl7_path_read(bad[i].text, &p, &f));
		same_int(bad[i].rule, f.kind, FAULT_OPERATOR);
		(void)snprintf(where, sizeof where, "at character %d ", bad[i].at);
		if (!strstr(f.text, where))
			fail_msg("%s: %s, want %s", bad[i].rule, f.text, where);
		same_text("nothing is written on failure", p.segment, "OLD");
	}
}

static const char message[] = "MSH|^~\\&|SCHED^2.999^ISO|CLINIC|||||SIU^S12|C1|P|2.5.1\r"
                              "SCH|P1|F1^SCHED|||||||||^^30^20270118103000~^^30^20270119103000\r"
                              "PID|1||~~M3^^^A&2.999&ISO^MR~M4||||||||||^PRN~^WPN^PH^^^608^5550101~~\r"
                              "AIL|1|A|ROOM1\r"
                              "AIL|2||\r"
                              "NTE|1||one~two\r"
                              "ail|3|D|ROOM3^a&b\r"
                              "NTE|2||three~\r"
                              "ZDL|\"\"||^~&|\r"
                              "BHS|^~\\&|B1\rFHS|^~\\&|F1\r";

static const struct {
	const char *rule, *path, *want; /* NULL: absent */
} get_rows[] = {
	{ "a whole field", "SCH-1", "P1" },
	{ "the first repetition is meant unless said", "SCH-11.4", "20270118103000" },
	{ "the second repetition", "SCH-11(1).4", "20270119103000" },
	{ "a repetition that is not there", "SCH-11(2).4", NULL },
	{ "a component of the header", "MSH-3.2", "2.999" },
	{ "MSH-1", "MSH-1", "|" },
	{ "MSH-2 is not cut", "MSH-2", "^~\\&" },
	{ "MSH-2 with every repetition is not cut", "MSH-2(*)", "^~\\&" },
	{ "MSH-2 as its only component", "MSH-2.1", "^~\\&" },
	{ "MSH-2 has no second component", "MSH-2.2", NULL },
	{ "MSH-2 has no second repetition", "MSH-2(1)", NULL },
	{ "BHS-2 is not cut", "BHS-2(*)", "^~\\&" },
	{ "FHS-2 is not cut", "FHS-2.1", "^~\\&" },
	{ "FHS-2 has no second component", "FHS-2.2", NULL },
	{ "FHS-3 is a field as others", "FHS-3.1", "F1" },
	{ "the first repetition is empty", "PID-3.1", NULL },
	{ "every repetition: the first that is not empty", "PID-3(*).1", "M3" },
	{ "every repetition: the first that has the component", "PID-13(*).7", "5550101" },
	{ "a subcomponent", "PID-3(2).4.2", "2.999" },
	{ "the first segment is meant unless said", "AIL-3", "ROOM1" },
	{ "the second segment of a name", "AIL(1)-1", "2" },
	{ "its empty field", "AIL(1)-3", NULL },
	{ "a segment in lower case", "AIL(2)-3.1", "ROOM3" },
	{ "a subcomponent of every segment", "AIL(*)-3.2.2", "b" },
	{ "a segment repetition that is not there", "AIL(3)-3", NULL },
	{ "MSH-2 has no second subcomponent", "MSH-2.1.2", NULL },
	{ "a segment that is not there", "PV1-3", NULL },
	{ "a field that is not there", "SCH-25", NULL },
	{ "the null value", "ZDL-1", "\"\"" },
	{ "a field of delimiters", "ZDL-3(*).2", NULL },
};

static struct hl7_path
path_of(const char *text)
{
	struct hl7_path p;
	struct fault f;

	if (!hl7_path_read(text, &p, &f))
		fail_msg("%s", f.text);
	return p;
}

TEST(a_path_finds_its_value)
{
	struct hl7 *m = hl7_new();

	same_int("the message is read", hl7_read(m, span_of(message)), HL7_OK);
	for (size_t i = 0; i < COUNT(get_rows); i++) {
		struct hl7_path p = path_of(get_rows[i].path);
		struct span got = hl7_get(m, hl7_whole(m), &p), want = span_of(get_rows[i].want);

		same_span(get_rows[i].rule, got, want);
		holds(get_rows[i].rule, get_rows[i].want || !got.p);
	}
	hl7_free(m);
}

static const struct {
	const char *rule, *path;
	unsigned from, to;
	const char *want; /* each value with its segment's number before and a blank behind */
} walk_rows[] = {
	{ "every repetition of one field, empty ones skipped", "PID-3(*).1", 0, 99, "2:M3 2:M4 " },
	{ "every segment", "AIL(*)-3.1", 0, 99, "3:ROOM1 6:ROOM3 " },
	{ "every segment, every repetition", "NTE(*)-3(*)", 0, 99, "5:one 5:two 7:three " },
	{ "every segment, the second repetition", "NTE(*)-3(1)", 0, 99, "5:two " },
	{ "the second segment, every repetition", "NTE(1)-3(*)", 0, 99, "7:three " },
	{ "one place", "SCH-1", 0, 99, "1:P1 " },
	{ "MSH-2 is one value", "MSH-2(*)", 0, 99, "0:^~\\& " },
	{ "a scope hides what is before it", "AIL(*)-3.1", 4, 99, "6:ROOM3 " },
	{ "a scope hides what is behind it", "AIL(*)-3.1", 0, 6, "3:ROOM1 " },
	{ "a scope counts its own segments", "NTE(0)-3(*)", 6, 99, "7:three " },
	{ "an empty scope", "AIL(*)-3.1", 3, 3, "" },
	{ "a scope the wrong way round", "AIL(*)-3.1", 5, 2, "" },
	{ "nothing of that name", "PV1(*)-3(*)", 0, 99, "" },
};

TEST(a_walk_gives_every_value_once)
{
	struct hl7 *m = hl7_new();

	same_int("the message is read", hl7_read(m, span_of(message)), HL7_OK);
	same_int("the whole message begins at 0", hl7_whole(m).from, 0);
	same_int("the whole message ends behind the last", hl7_whole(m).to, 11);
	for (size_t i = 0; i < COUNT(walk_rows); i++) {
		struct hl7_path p = path_of(walk_rows[i].path);
		struct hl7_scope in = { walk_rows[i].from, walk_rows[i].to };
		struct hl7_cursor c = { 0 };
		struct span v;
		char got[128] = "";
		unsigned segment;
		int n = 0;

		while (hl7_next(m, in, &p, &c, &v, &segment))
			n += snprintf(got + n, sizeof got - (size_t)n, "%u:%.*s ", segment, (int)v.n, v.p);
		same_text(walk_rows[i].rule, got, walk_rows[i].want);
		holds("the end stays the end", !hl7_next(m, in, &p, &c, &v, &segment));
	}
	hl7_free(m);
}

TEST(a_field_of_a_million_repetitions_is_walked_once)
{
	static const char head[] = "MSH|^~\\&|A\rPID|1||";
	const size_t n = 1 << 20;
	struct hl7 *m = hl7_new();
	struct hl7_path every = path_of("PID-3(*).1"), last = path_of("PID-3(9999)");
	struct hl7_cursor c = { 0 };
	struct span v;
	size_t values = 0;
	unsigned segment;
	char *p = malloc(sizeof head - 1 + n);

	assert_non_null(p);
	memcpy(p, head, sizeof head - 1);
	memset(p + sizeof head - 1, '~', n);
	same_int("1 MiB of empty repetitions", hl7_read(m, span_from(p, sizeof head - 1 + n)), HL7_OK);
	holds("none of them has a value", !hl7_next(m, hl7_whole(m), &every, &c, &v, &segment));
	for (size_t i = sizeof head - 1; i < sizeof head - 1 + n; i += 2)
		p[i] = 'a';
	same_int("half a million values", hl7_read(m, span_from(p, sizeof head - 1 + n)), HL7_OK);
	c = (struct hl7_cursor){ 0 };
	while (hl7_next(m, hl7_whole(m), &every, &c, &v, &segment))
		values++;
	same_int("each is given once", values, n / 2);
	same_int("the last that a path can name", hl7_get(m, hl7_whole(m), &last).n, 1);
	free(p);
	hl7_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(paths_are_read),
		RUN(a_path_is_written_as_it_is_read),
		RUN(a_wrong_path_says_where_it_is_wrong),
		RUN(a_path_finds_its_value),
		RUN(a_walk_gives_every_value_once),
		RUN(a_field_of_a_million_repetitions_is_walked_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
