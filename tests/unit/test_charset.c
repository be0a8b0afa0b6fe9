/* test_charset.c - which character set bytes are in, and the same text in UTF-8. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/hl7.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/ucnv.h>

#define S(text) { text, sizeof(text) - 1 }

/* Never a null pointer, which memcmp() may not be given even for no bytes. */
static void
same_span(const char *rule, struct span got, struct span want)
{
	same_bytes(rule, got.n ? got.p : "", got.n, want.n ? want.p : "", want.n);
}

static const struct {
	const char *rule;
	struct span bytes;
	const char *msh18;
	enum hl7_charset set;
	bool guessed;
} of_rows[] = {
	{ "ASCII, nothing declared", S("Petra"), "", HL7_UTF8, false },
	{ "ASCII, Latin-1 declared", S("Petra"), "8859/1", HL7_UTF8, false },
	{ "no bytes", S(""), "", HL7_UTF8, false },
	{ "UTF-8 of two bytes, nothing declared", S("J\xc3\xbcrgen"), "", HL7_UTF8, false },
	{ "UTF-8, declared", S("J\xc3\xbcrgen"), "UNICODE UTF-8", HL7_UTF8, false },
	{ "UTF-8 wins over a declared Latin-1", S("J\xc3\xbcrgen"), "8859/1", HL7_UTF8, false },
	{ "UTF-8 wins over a declared Big5", S("J\xc3\xbcrgen"), "BIG-5", HL7_UTF8, false },
	{ "UTF-8 of three bytes", S("\xe2\x82\xac 5"), "", HL7_UTF8, false },
	{ "UTF-8 of four bytes", S("\xf0\x9f\x98\x80"), "", HL7_UTF8, false },
	{ "the last code point", S("\xf4\x8f\xbf\xbf"), "", HL7_UTF8, false },
	{ "UTF-8 with a BOM", S("\xef\xbb\xbfJ\xc3\xbcrgen"), "", HL7_UTF8, false },
	{ "UTF-8 across a block of eight", S("1234567\xc3\xbc" "90123456\xc3\xbc"), "", HL7_UTF8, false },
	{ "Latin-1, declared", S("J\xfcrgen"), "8859/1", HL7_LATIN1, false },
	{ "Latin-1, declared with a blank behind", S("J\xfcrgen"), "8859/1 ", HL7_LATIN1, false },
	{ "Latin-1, declared in other words", S("J\xfcrgen"), "iso-8859-1", HL7_LATIN1, false },
	{ "the first repetition counts", S("J\xfcrgen"), "8859/1~ISO IR87", HL7_LATIN1, false },
	{ "Windows-1252, declared", S("J\xfcrgen"), "windows-1252", HL7_CP1252, false },
	{ "bytes that are not UTF-8, nothing declared", S("J\xfcrgen"), "", HL7_CP1252, true },
	{ "declared ASCII, which they are not", S("J\xfcrgen"), "ASCII", HL7_CP1252, true },
	{ "declared ISO IR6, which is ASCII", S("J\xfcrgen"), "ISO IR6", HL7_CP1252, true },
	{ "declared UTF-8, which they are not", S("J\xfcrgen"), "UNICODE UTF-8", HL7_CP1252, true },
	{ "a language in place of a set", S("J\xfcrgen"), "en-US", HL7_CP1252, true },
	{ "the null value in place of a set", S("J\xfcrgen"), "\"\"", HL7_CP1252, true },
	{ "an empty first repetition", S("J\xfcrgen"), "~8859/2", HL7_CP1252, true },
	{ "a UTF-8 character cut short", S("J\xc3"), "", HL7_CP1252, true },
	{ "three bytes cut short", S("\xe2\x82"), "", HL7_CP1252, true },
	{ "a continuation alone", S("a\x80z"), "", HL7_CP1252, true },
	{ "an overlong form", S("\xc0\xaf"), "", HL7_CP1252, true },
	{ "an overlong form of three", S("\xe0\x80\xaf"), "", HL7_CP1252, true },
	{ "a surrogate", S("\xed\xa0\x80"), "", HL7_CP1252, true },
	{ "beyond the last code point", S("\xf4\x90\x80\x80"), "", HL7_CP1252, true },
	{ "a byte that UTF-8 never has", S("abc\xff"), "", HL7_CP1252, true },
	{ "Latin-2 is not taken for Latin-1", S("J\xfcrgen"), "8859/2", HL7_OTHER, false },
	{ "Latin-9 is not taken for Latin-1", S("J\xfcrgen"), "8859/15", HL7_OTHER, false },
	{ "Big5, declared", S("\xa4\x40"), "BIG-5", HL7_OTHER, false },
	{ "GB 18030, declared", S("\xc4\xe3"), "GB 18030-2000", HL7_OTHER, false },
	{ "JIS X 0202 in escape sequences, which are ASCII bytes", S("\x1b$B;3ED\x1b(B"), "JIS X 0202", HL7_OTHER, false },
	{ "ISO IR87 named for use inside texts", S("\x1b$B;3ED\x1b(B"), "~ISO IR87", HL7_OTHER, false },
	{ "ISO IR159", S("\x1b$(DB\xc3\x1b(B"), "ISO IR159", HL7_OTHER, false },
	{ "JAS2020, as table 0211 calls it", S("\x1b(Ja"), "JAS2020", HL7_OTHER, false },
	{ "ISO 2022 by its own name", S("\x1b$B;3\x1b(B"), "ISO-2022-JP", HL7_OTHER, false },
	{ "the last byte begins an escape sequence", S("x\x1b"), "ISO IR87", HL7_UTF8, false },
	{ "an escape that switches no set", S("\x1b[1mx"), "ISO IR87", HL7_UTF8, false },
	{ "8859 and no part that there is", S("\xe9"), "8859/0", HL7_CP1252, true },
	{ "8859 and a letter", S("\xe9"), "8859/A", HL7_CP1252, true },
	{ "a name with signs", S("\xe9"), "{8859~}", HL7_CP1252, true },
	{ "a name longer than any", S("\xe9"), "8859-2-and-then-a-name-that-goes-on-and-on-and-on-and-on", HL7_CP1252, true },
	{ "a set of two bytes a letter is none for HL7", S("\xe9"), "ISO-10646-UCS-2", HL7_CP1252, true },
	{ "escape sequences that nothing declares", S("\x1b$B;3ED\x1b(B"), "", HL7_UTF8, false },
	{ "a name that only ICU knows", S("\xe9"), "koi8-r", HL7_OTHER, false },
	{ "a set without ASCII is none for HL7", S("\xe9"), "ebcdic-cp-us", HL7_CP1252, true },
	{ "a set of Unicode's own is what bytes prove", S("\xe9"), "UTF-7", HL7_CP1252, true },
	{ "Shift-JIS by its own name", S("\x83\x65"), "SHIFT_JIS", HL7_OTHER, false },
	{ "Cyrillic 8859", S("\xe9"), "8859/5", HL7_OTHER, false },
	{ "another Windows set", S("J\xfcrgen"), "WINDOWS-1251", HL7_OTHER, false },
	{ "UTF-16, little end first", S("M\0S\0H\0"), "", HL7_CHARSET_UNSUPPORTED, false },
	{ "UTF-16, big end first", S("\0M\0S\0H"), "", HL7_CHARSET_UNSUPPORTED, false },
	{ "UTF-16 with its mark", S("\xff\xfeM\0"), "", HL7_CHARSET_UNSUPPORTED, false },
	{ "UTF-16 with its other mark", S("\xfe\xff\0M"), "UNICODE UTF-16", HL7_CHARSET_UNSUPPORTED, false },
};

/* pain: a name in UTF-8 that is read as something else since a header says so */
TEST(bytes_prove_more_than_a_header_declares)
{
	for (size_t i = 0; i < COUNT(of_rows); i++) {
		bool guessed = !of_rows[i].guessed;
		struct span name;

		same_int(of_rows[i].rule,
		    hl7_charset_of(of_rows[i].bytes, span_of(of_rows[i].msh18), &name, &guessed), of_rows[i].set);
		same_int(of_rows[i].rule, guessed, of_rows[i].guessed);
	}
}

static const struct {
	const char *rule;
	struct span bytes;
	enum hl7_charset set;
	struct span want;
} utf8_rows[] = {
	{ "UTF-8 stays", S("J\xc3\xbcrgen"), HL7_UTF8, S("J\xc3\xbcrgen") },
	{ "a BOM goes", S("\xef\xbb\xbfMSH"), HL7_UTF8, S("MSH") },
	{ "a BOM alone", S("\xef\xbb\xbf"), HL7_UTF8, S("") },
	{ "nothing", S(""), HL7_LATIN1, S("") },
	{ "Latin-1", S("J\xfcrgen \xd1\xe9"), HL7_LATIN1, S("J\xc3\xbcrgen \xc3\x91\xc3\xa9") },
	{ "the first and the last of Latin-1", S("\xa0\xff"), HL7_LATIN1, S("\xc2\xa0\xc3\xbf") },
	{ "Windows letters where Latin-1 has controls", S("\x93Hi\x94"), HL7_LATIN1,
	  S("\xe2\x80\x9cHi\xe2\x80\x9d") },
	{ "Windows-1252", S("\x80 5 \x96 J\xfcrgen"), HL7_CP1252,
	  S("\xe2\x82\xac 5 \xe2\x80\x93 J\xc3\xbcrgen") },
	{ "Windows letters of two bytes", S("\x8a\x8e\x9f\x83"), HL7_CP1252,
	  S("\xc5\xa0\xc5\xbd\xc5\xb8\xc6\x92") },
	{ "an overlong form is two letters", S("\xc0\xaf"), HL7_CP1252, S("\xc3\x80\xc2\xaf") },
	{ "what Windows-1252 has not", S("\x81\x8d\x8f\x90\x9d"), HL7_CP1252,
	  S("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") },
	{ "delimiters and control characters stay", S("a|b^c\r\n\0\\&~"), HL7_CP1252, S("a|b^c\r\n\0\\&~") },
	{ "a set that cannot be read gives nothing", S("abc"), HL7_CHARSET_UNSUPPORTED, S("") },
};

static const struct {
	const char *rule;
	struct span bytes, want;
	const char *name;
} other_rows[] = {
	{ "Latin-2", S("\xa3\xf3" "d\xbc"), S("\xc5\x81\xc3\xb3" "d\xc5\xba"), "8859/2" },
	{ "Cyrillic", S("\xb8\xd2\xd0\xdd"), S("\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd"), "ISO 8859-5" },
	{ "Latin-9 has the euro", S("\xa4"), S("\xe2\x82\xac"), "8859/15" },
	{ "Big5 with a backslash for its second byte", S("\xb3\x5c|x"), S("\xe8\xa8\xb1|x"), "BIG-5" },
	{ "Big5 with a bar for its second byte", S("\xa6\x7c|x"), S("\xe5\xb8\x86|x"), "BIG5" },
	{ "GB 18030, two bytes and four", S("\xc4\xe3\x81\x30\x81\x30"), S("\xe4\xbd\xa0\xc2\x80"), "GB 18030-2000" },
	{ "Shift-JIS with a backslash for its second byte", S("\x83\x5c|\\~"), S("\xe3\x82\xbd|\\~"), "Shift_JIS" },
	{ "EUC-JP", S("\xbb\xb3\xc5\xc4"), S("\xe5\xb1\xb1\xe7\x94\xb0"), "EUC-JP" },
	{ "EUC-KR as KS X 1001", S("\xb1\xe8\\~"), S("\xea\xb9\x80\\~"), "KS X 1001" },
	{ "EUC-TW as CNS 11643", S("\xc4\xe3"), S("\xe4\xb8\xad"), "CNS 11643-1992" },
	{ "ISO IR87 between escape sequences", S("\x1b$B;3ED\x1b(B|x"), S("\xe5\xb1\xb1\xe7\x94\xb0|x"), "ISO IR87" },
	{ "a name that only ICU knows", S("\xe9\xd7\xc1\xce"), S("\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd"), "koi8-r" },
	{ "what the set has not", S("a\xae\xae" "b"), S("a\xef\xbf\xbd" "b"), "EUC-JP" },
};

/* pain: a name of MSH-18 that is ignored or not known */
TEST(sets_by_name_become_utf8)
{
	struct arena a;

	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < COUNT(other_rows); i++) {
		struct span name = span_of(other_rows[i].name), found, got;
		bool guessed;

		same_int(other_rows[i].rule, hl7_charset_of(other_rows[i].bytes, name, &found, &guessed), HL7_OTHER);
		got = hl7_to_utf8(other_rows[i].bytes, HL7_OTHER, found, &a);
		same_span(other_rows[i].rule, got, other_rows[i].want);
	}
	arena_clear(&a);
	arena_init(&a, 4);
	holds("no memory", hl7_to_utf8((struct span)S("\xc4\xe3\xc4\xe3"), HL7_OTHER, SPAN_LIT("gb18030"), &a).p == NULL);
	arena_clear(&a);
}

/* It is whole or it is not there, whatever the room. */
TEST(a_set_by_name_needs_its_room)
{
	static const struct span text = S("\xa3\xf3" "d\xbc"), want = S("\xc5\x81\xc3\xb3" "d\xc5\xba");
	size_t whole = 0;
	struct arena a;

	for (size_t room = 1; room < 200; room++) {
		struct span got;

		arena_init(&a, room);
		got = hl7_to_utf8(text, HL7_OTHER, SPAN_LIT("8859/2"), &a);
		if (got.p) {
			same_span("whole", got, want);
			whole++;
		}
		arena_clear(&a);
	}
	holds("some rooms are enough, some are not", whole > 0 && whole < 199);
	arena_init(&a, 4096);
	holds("a set that nobody knows", !hl7_to_utf8(text, HL7_OTHER, SPAN_LIT("no such set"), &a).p);
	holds("half a gigabyte", !hl7_to_utf8(span_from(text.p, INT32_MAX / 4), HL7_OTHER, SPAN_LIT("8859/2"), &a).p);
	arena_clear(&a);
}

static const struct {
	const char *rule;
	struct span bytes, want;
} wide_rows[] = {
	{ "UTF-16 with its mark", S("\xff\xfeM\0S\0\xfc\0"), S("MS\xc3\xbc") },
	{ "UTF-16 with its other mark", S("\xfe\xff\0M\0S\0\xfc"), S("MS\xc3\xbc") },
	{ "UTF-16 without one, little end first", S("M\0S\0\xfc\0"), S("MS\xc3\xbc") },
	{ "UTF-16 without one, big end first", S("\0M\0S\0\xfc"), S("MS\xc3\xbc") },
	{ "UTF-32 with its mark", S("\xff\xfe\0\0M\0\0\0\xfc\0\0\0"), S("M\xc3\xbc") },
	{ "UTF-32 with its other mark", S("\0\0\xfe\xff\0\0\0M\0\0\0\xfc"), S("M\xc3\xbc") },
	{ "UTF-32 without one, little end first", S("M\0\0\0\xfc\0\0\0"), S("M\xc3\xbc") },
	{ "UTF-32 without one, big end first", S("\0\0\0M\0\0\0\xfc"), S("M\xc3\xbc") },
	{ "a mark twice", S("\xff\xfe\xff\xfeM\0S\0"), S("MS") },
	{ "a mark alone", S("\xff\xfe"), S("") },
	{ "two letters", S("M\0S\0"), S("MS") },
	{ "a letter of three bytes", S("\xff\xfe\xac\x20"), S("\xe2\x82\xac") },
	{ "none of them", S("MSH|"), S("") },
	{ "none of them, though every other byte is nothing", S("X\0Y\0"), S("") },
	{ "a byte", S("M"), S("") },
	{ "nothing", S(""), S("") },
};

TEST(wide_text_becomes_utf8)
{
	struct arena a;

	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < COUNT(wide_rows); i++)
		same_span(wide_rows[i].rule, hl7_wide_to_utf8(wide_rows[i].bytes, &a), wide_rows[i].want);
	holds("half a gigabyte", !hl7_wide_to_utf8(span_from("M\0S\0", INT32_MAX / 4), &a).p);
	arena_clear(&a);
}

TEST(text_becomes_utf8)
{
	struct arena a;

	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < COUNT(utf8_rows); i++) {
		struct span got = hl7_to_utf8(utf8_rows[i].bytes, utf8_rows[i].set, SPAN_NONE, &a), name;
		bool guessed;

		same_span(utf8_rows[i].rule, got, utf8_rows[i].want);
		same_int("what comes out is UTF-8",
		    got.n ? hl7_charset_of(got, SPAN_NONE, &name, &guessed) : HL7_UTF8, HL7_UTF8);
	}
	arena_clear(&a);
}

TEST(a_copy_needs_its_own_size_and_no_more)
{
	static char text[900];
	struct arena a;

	memset(text, 'a', sizeof text);
	arena_init(&a, 1000);
	same_int("900 bytes of ASCII fit into 1,000",
	    hl7_to_utf8(span_from(text, sizeof text), HL7_CP1252, SPAN_NONE, &a).n, 900);
	arena_clear(&a);
	memset(text, '\x80', sizeof text);
	holds("2,700 do not", hl7_to_utf8(span_from(text, sizeof text), HL7_CP1252, SPAN_NONE, &a).p == NULL);
	holds("UTF-8 needs none", hl7_to_utf8(span_from(text, sizeof text), HL7_UTF8, SPAN_NONE, &a).p == text);
	arena_clear(&a);
}

/* pain: another default set after an upgrade of the system, and letters become rubbish */
TEST(no_locale_changes_what_bytes_mean)
{
	static const char *const defaults[] = { "US-ASCII", "windows-1251", "Shift_JIS", "ibm-37", "UTF-8" };
	static const char *const locales[] = { "C", "POSIX", "C.UTF-8", "de_DE.ISO-8859-1", "ja_JP.SJIS" };
	static const struct span text = S("5 \xb5g J\xfcrgen"), want = S("5 \xc2\xb5g J\xc3\xbcrgen");
	char was[128];
	struct arena a;

	arena_init(&a, 1 << 16);
	(void)snprintf(was, sizeof was, "%s", ucnv_getDefaultName());
	for (size_t i = 0; i < COUNT(locales); i++) {
		static const char *const names[] = { "", "8859/1", "no such set" };

		holds("set", setenv("LC_ALL", locales[i], 1) == 0 && setenv("LANG", locales[i], 1) == 0);
		(void)setlocale(LC_ALL, ""); /* also one that is not installed */
		ucnv_setDefaultName(defaults[i]);
		for (size_t k = 0; k < COUNT(names); k++) {
			struct span name;
			bool guessed;
			enum hl7_charset set = hl7_charset_of(text, span_of(names[k]), &name, &guessed);

			same_int("a guess is called one", guessed, k != 1);
			same_span("the same in every locale", hl7_to_utf8(text, set, name, &a), want);
		}
	}
	ucnv_setDefaultName(was);
	(void)setlocale(LC_ALL, "C");
	arena_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(bytes_prove_more_than_a_header_declares),
		RUN(text_becomes_utf8), RUN(sets_by_name_become_utf8),
		RUN(a_set_by_name_needs_its_room), RUN(wide_text_becomes_utf8),
		RUN(a_copy_needs_its_own_size_and_no_more),
		RUN(no_locale_changes_what_bytes_mean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
