/* test_segments.c - alphabets and pieces of a text, as a carrier bills them. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/sms.h"

#define E_ACUTE "\xc3\xa9"     /* in the alphabet */
#define A_ACUTE "\xc3\xa1"     /* not in it */
#define EURO "\xe2\x82\xac"    /* two septets */
#define EMOJI "\xf0\x9f\x8f\xa5" /* two UTF-16 units */

/* The text is `before`, then `unit` n times, then `after`. */
static const struct {
	const char *rule, *before, *unit, *after;
	unsigned n;
	bool ucs2;
	unsigned units, segments;
	uint32_t culprit;
} rows[] = {
	{ "no text", "", "", "", 0, false, 0, 0, 0 },
	{ "one letter", "", "a", "", 1, false, 1, 1, 0 },
	{ "160 septets are one segment", "", "a", "", 160, false, 160, 1, 0 },
	{ "161 are two", "", "a", "", 161, false, 161, 2, 0 },
	{ "306 fill two", "", "a", "", 306, false, 306, 2, 0 },
	{ "307 are three", "", "a", "", 307, false, 307, 3, 0 },
	{ "459 fill three", "", "a", "", 459, false, 459, 3, 0 },
	{ "an accent of the alphabet costs nothing", "", E_ACUTE, "", 160, false, 160, 1, 0 },
	{ "a euro is two septets", "", EURO, "", 80, false, 160, 1, 0 },
	{ "81 euros are two segments", "", EURO, "", 81, false, 162, 2, 0 },
	{ "an escape is not split: 76 a segment, 152 of them in two", "", EURO, "", 152, false, 304, 2, 0 },
	{ "306 septets of escapes do not fit into two", "", EURO, "", 153, false, 306, 3, 0 },
	{ "an escape that ends with its segment leaves nothing empty", "a", "[", "a", 152, false, 306, 2, 0 },
	{ "a text of one segment has no place to straddle", "", "a", "{a", 152, false, 155, 1, 0 },
	{ "brackets, braces, backslash, tilde, bar and caret are two septets", "[]{}\\~|^", "", "", 0, false,
	  16, 1, 0 },
	{ "a new line is one septet", "a\nb\r", "", "", 0, false, 4, 1, 0 },
	{ "a backtick is not in the alphabet", "`", "", "", 0, true, 1, 1, '`' },
	{ "a tabulator is not in the alphabet", "a\tb", "", "", 0, true, 3, 1, '\t' },
	{ "a form feed is an escape", "\f", "", "", 0, false, 2, 1, 0 },
	{ "at, dollar and underscore are one septet", "@$_", "", "", 0, false, 3, 1, 0 },
	{ "inverted marks of Spanish are in the alphabet", "\xc2\xbf\xc2\xa1\xc3\xb1\xc3\x91", "", "", 0,
	  false, 4, 1, 0 },
	{ "letters of German and the North are in the alphabet",
	  "\xc3\x84\xc3\x96\xc3\x9c\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
	  "\xc3\x86\xc3\xa6\xc3\x98\xc3\xb8\xc3\x85\xc3\xa5", "",
	  "", 0, false, 13, 1, 0 },
	{ "the large cedilla is, the small one is not", "\xc3\x87\xc3\xa7", "", "", 0, true, 2, 1, 0xe7 },
	{ "a large E acute is, a large A acute is not", "\xc3\x89\xc3\x81", "", "", 0, true, 2, 1, 0xc1 },
	{ "Greek capitals that Latin has not are in the alphabet", "\xce\x94\xce\xa6\xce\x93\xce\x9b\xce\xa9",
	  "", "", 0,
	  false, 5, 1, 0 },
	{ "Greek capitals that look Latin are not", "\xce\x91", "", "", 0, true, 1, 1, 0x391 },
	{ "a curly apostrophe halves the room", "it\xe2\x80\x99s ", "a", "", 66, true, 71, 2, 0x2019 },
	{ "70 units are one segment", "", A_ACUTE, "", 70, true, 70, 1, 0xe1 },
	{ "71 are two", "", A_ACUTE, "", 71, true, 71, 2, 0xe1 },
	{ "134 fill two", "", A_ACUTE, "", 134, true, 134, 2, 0xe1 },
	{ "135 are three", "", A_ACUTE, "", 135, true, 135, 3, 0xe1 },
	{ "an emoji is two units", "", EMOJI, "", 35, true, 70, 1, 0x1f3e5 },
	{ "an emoji is not split: 33 a segment", "", EMOJI, "", 66, true, 132, 2, 0x1f3e5 },
	{ "134 units of emoji do not fit into two", "", EMOJI, "", 67, true, 134, 3, 0x1f3e5 },
	{ "a brace in UCS-2 is one unit", A_ACUTE, "{", "", 69, true, 70, 1, 0xe1 },
	{ "the first character that forced it is named", "abc\xc2\xa0" A_ACUTE, "", "", 0, true, 5, 1, 0xa0 },
	{ "a byte that is no UTF-8 counts as the replacement character", "a\xff", "", "", 0, true, 2, 1,
	  0xfffd },
	{ "a character cut in two", "a\xe2\x82", "", "", 0, true, 2, 1, 0xfffd },
};

/* pain: the count of segments is not what the carrier bills */
TEST(a_text_costs_what_the_carrier_bills)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sms_size s;
		struct buf b;

		buf_init(&b, 4096);
		(void)buf_add_text(&b, rows[i].before);
		for (unsigned k = 0; k < rows[i].n; k++)
			(void)buf_add_text(&b, rows[i].unit);
		(void)buf_add_text(&b, rows[i].after);
		s = sms_measure(buf_span(&b));
		same_int(rows[i].rule, s.ucs2, rows[i].ucs2);
		same_int(rows[i].rule, s.units, rows[i].units);
		same_int(rows[i].rule, s.segments, rows[i].segments);
		same_int(rows[i].rule, s.culprit, rows[i].culprit);
		buf_clear(&b);
	}
}

TEST(every_character_of_ascii_is_in_the_alphabet_but_one)
{
	for (char c = ' '; c < 0x7f; c++) {
		struct sms_size s = sms_measure(span_from(&c, 1));

		same_int("printable ASCII", s.ucs2, c == '`');
	}
}

TEST(the_alphabet_has_137_characters)
{
	int n = 0;

	/* 127 without the escape itself, and the extension: ten, the page break among them. */
	for (uint32_t c = 0; c < 0x3000; c++) {
		char text[3];
		size_t bytes = 0;

		if (c < 0x80) {
			text[bytes++] = (char)c;
		} else if (c < 0x800) {
			text[bytes++] = (char)(0xc0 | c >> 6);
			text[bytes++] = (char)(0x80 | (c & 0x3f));
		} else {
			text[bytes++] = (char)(0xe0 | c >> 12);
			text[bytes++] = (char)(0x80 | (c >> 6 & 0x3f));
			text[bytes++] = (char)(0x80 | (c & 0x3f));
		}
		n += !sms_measure(span_from(text, bytes)).ucs2;
	}
	same_int("characters of GSM 03.38", n, 137);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_text_costs_what_the_carrier_bills),
		RUN(every_character_of_ascii_is_in_the_alphabet_but_one),
		RUN(the_alphabet_has_137_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
