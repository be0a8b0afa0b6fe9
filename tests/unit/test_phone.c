/* test_phone.c - numbers as people write them; only numbers kept for fiction,
    but where a rule needs others. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/phone.h"

static const struct {
	const char *rule, *country, *text;
	enum phone_result result;
	const char *e164; /* "" when it fails */
} numbers[] = {
	{ "the usual way to write one", "US", "(608)555-0123", PHONE_OK, "+16085550123" },
	{ "ten digits", "US", "6085550123", PHONE_OK, "+16085550123" },
	{ "dots", "US", "608.555.0123", PHONE_OK, "+16085550123" },
	{ "slash and blanks", "US", " 608/555 0123 ", PHONE_OK, "+16085550123" },
	{ "square brackets", "US", "[608] 555-0123", PHONE_OK, "+16085550123" },
	{ "a leading 1", "US", "1-608-555-0123", PHONE_OK, "+16085550123" },
	{ "plus", "US", "+1 608 555 0123", PHONE_OK, "+16085550123" },
	{ "plus in brackets", "US", "(+1) 608 555 0123", PHONE_OK, "+16085550123" },
	{ "00 for abroad", "GB", "00 1 608 555 0123", PHONE_OK, "+16085550123" },
	{ "011 for abroad", "US", "011 44 7700 900123", PHONE_OK, "+447700900123" },
	{ "00 is read at home too", "US", "0044 7700 900123", PHONE_OK, "+447700900123" },
	{ "Canada dials like the United States", "CA", "(416) 555-0123", PHONE_OK, "+14165550123" },
	{ "Puerto Rico dials like the United States", "PR", "787 555 0123", PHONE_OK, "+17875550123" },
	{ "numbers kept for fiction and test patients are taken", "US", "212-555-0199", PHONE_OK,
	  "+12125550199" },
	{ "exchange 555 outside of fiction too", "US", "212-555-2368", PHONE_OK, "+12125552368" },

	{ "seven digits lack the area", "US", "555-0123", PHONE_SHORT, "" },
	{ "eleven digits that do not begin with 1", "US", "26085550123", PHONE_LONG, "" },
	{ "two numbers in one", "US", "608-555-0123/608-555-0124", PHONE_LONG, "" },
	{ "a hundred digits", "US",
	  "1111111111111111111111111111111111111111111111111111111111111111111111111111111111", PHONE_LONG,
	  "" },
	{ "area that begins with 00 is not a call abroad", "US", "008-555-0123", PHONE_NOT_ASSIGNABLE, "" },
	{ "area that begins with 1", "US", "1085550123", PHONE_NOT_ASSIGNABLE, "" },
	{ "area that begins with 0", "US", "(068) 555-0123", PHONE_NOT_ASSIGNABLE, "" },
	{ "N11 is a service, not an area", "US", "(911) 555-0123", PHONE_NOT_ASSIGNABLE, "" },
	{ "N11 is a service, not an exchange", "US", "(608) 411-0123", PHONE_NOT_ASSIGNABLE, "" },
	{ "exchange that begins with 0", "US", "(608) 055-0123", PHONE_NOT_ASSIGNABLE, "" },
	{ "N1X is an area", "US", "(912) 555-0123", PHONE_OK, "+19125550123" },
	{ "N1X is an exchange", "US", "(608) 512-0123", PHONE_OK, "+16085120123" },
	{ "37X is kept for the future", "US", "(370) 555-0123", PHONE_NOT_ASSIGNABLE, "" },
	{ "96X is kept for the future", "US", "(960) 555-0123", PHONE_NOT_ASSIGNABLE, "" },
	{ "N9X is kept for longer numbers", "US", "(290) 555-0123", PHONE_NOT_ASSIGNABLE, "" },
	{ "36X is an area like others", "US", "(360) 555-0123", PHONE_OK, "+13605550123" },
	{ "95X is an area like others", "US", "(956) 555-0123", PHONE_OK, "+19565550123" },
	{ "ten times one digit is none", "US", "(222) 222-2222", PHONE_NOT_ASSIGNABLE, "" },
	{ "exchange that begins with 1", "US", "(608) 155-0123", PHONE_NOT_ASSIGNABLE, "" },
	{ "the dummy of registration desks", "US", "(999) 999-9999", PHONE_NOT_ASSIGNABLE, "" },
	{ "the rules hold behind a plus", "GB", "+1 911 555 0123", PHONE_NOT_ASSIGNABLE, "" },

	{ "x and an extension", "US", "608-555-0123x45", PHONE_EXTENSION, "" },
	{ "a written extension", "US", "608-555-0123 Ext. 45", PHONE_EXTENSION, "" },
	{ "a written extension of RFC 3966", "US", "+16085550123;ext=45", PHONE_EXTENSION, "" },
	{ "number sign", "US", "608-555-0123 #45", PHONE_EXTENSION, "" },
	{ "x without digits is no extension", "US", "608-555-0123x", PHONE_BAD_CHARACTER, "" },
	{ "x and signs without digits are no extension", "US", "608-555-0123 x.:", PHONE_BAD_CHARACTER, "" },
	{ "x before a word is no extension", "US", "608-555-0123 xy", PHONE_BAD_CHARACTER, "" },
	{ "letters for digits", "US", "608-555-NICE", PHONE_BAD_CHARACTER, "" },
	{ "a name before", "US", "mom 608-555-0123", PHONE_BAD_CHARACTER, "" },
	{ "plus in the middle", "US", "1+6085550123", PHONE_BAD_CHARACTER, "" },
	{ "two plusses", "US", "++16085550123", PHONE_BAD_CHARACTER, "" },
	{ "digits of another script", "US", "\xd9\xa6\xd9\xa0\xd9\xa8 5550123", PHONE_BAD_CHARACTER, "" },
	{ "nothing", "US", "", PHONE_EMPTY, "" },
	{ "blanks", "US", "   ", PHONE_EMPTY, "" },
	{ "a word instead of a number", "US", "NONE", PHONE_EMPTY, "" },
	{ "the null of HL7", "US", "\"\"", PHONE_EMPTY, "" },

	{ "an unknown country reads no national number", "XX", "6085550123", PHONE_UNKNOWN_COUNTRY, "" },
	{ "an unknown country reads 00 as abroad", "XX", "0044 7700 900123", PHONE_OK, "+447700900123" },
	{ "Australia reads 00 as abroad too", "AU", "0044 7700 900123", PHONE_OK, "+447700900123" },
	{ "an unknown country reads a whole one", "XX", "+16085550123", PHONE_OK, "+16085550123" },
	{ "a country without a table is taken as it is", "US", "+39 06 5550 0123", PHONE_OK,
	  "+390655500123" },
	{ "Italy keeps its 0 in brackets", "US", "+39 (0)6 5550 0123", PHONE_OK, "+390655500123" },
	{ "Italy keeps it behind 00 as well", "US", "0039 (0)6 5550 0123", PHONE_OK, "+390655500123" },
	{ "sixteen digits are too many anywhere", "US", "+9991234567890123", PHONE_LONG, "" },
	{ "seven digits are too few anywhere", "US", "+9991234", PHONE_SHORT, "" },
	{ "no country code begins with 0", "US", "+0 608 555 0123", PHONE_NOT_ASSIGNABLE, "" },

	{ "UK mobile", "GB", "07700 900123", PHONE_OK, "+447700900123" },
	{ "UK with the home zero in brackets", "US", "+44 (0)7700 900123", PHONE_OK, "+447700900123" },
	{ "UK with a home zero left in", "US", "+4407700900123", PHONE_OK, "+447700900123" },
	{ "UK mobile whose zero a number field ate", "GB", "7700900123", PHONE_OK, "+447700900123" },
	{ "UK mobile whose plus was lost", "GB", "447700900123", PHONE_OK, "+447700900123" },
	{ "UK landline", "GB", "(020) 7946 0123", PHONE_OK, "+442079460123" },
	{ "a landline without its zero may lack its area", "GB", "2079460123", PHONE_SHORT, "" },
	{ "UK mobile, a digit short", "GB", "07700 90012", PHONE_SHORT, "" },
	{ "UK mobile, a digit long", "GB", "07700 9001234", PHONE_LONG, "" },
	{ "UK has no 06", "GB", "06000 900123", PHONE_NOT_ASSIGNABLE, "" },
	{ "Germany", "DE", "0171 / 39200 12", PHONE_OK, "+491713920012" },
	{ "Germany in DIN form", "DE", "+49 30 23125 012", PHONE_OK, "+493023125012" },
	{ "Germany without plus", "DE", "491713920012", PHONE_OK, "+491713920012" },
	{ "a landline that lost its plus may as well lack its area", "DE", "493023125012", PHONE_SHORT, "" },
	{ "the country code and a beginning", "DE", "491", PHONE_SHORT, "" },
	{ "Australia, less than a beginning", "AU", "+6118", PHONE_SHORT, "" },
	{ "France", "FR", "06 39 98 00 12", PHONE_OK, "+33639980012" },
	{ "France, a digit short", "FR", "06 39 98 00 1", PHONE_SHORT, "" },
	{ "Spain has no trunk prefix", "ES", "612 34 56 78", PHONE_OK, "+34612345678" },
	{ "Spain without plus", "ES", "34612345678", PHONE_OK, "+34612345678" },
	{ "Netherlands", "NL", "06 12345678", PHONE_OK, "+31612345678" },
	{ "Australia, a number for films", "AU", "0491 570 156", PHONE_OK, "+61491570156" },
	{ "Australia dials 0011 abroad", "AU", "0011 1 608 555 0123", PHONE_OK, "+16085550123" },
	{ "Italy, mobile", "IT", "340 123 4567", PHONE_OK, "+393401234567" },
	{ "Italy keeps the 0 of a landline", "IT", "06 1234 5678", PHONE_OK, "+390612345678" },
	{ "Portugal", "PT", "912 345 678", PHONE_OK, "+351912345678" },
	{ "Austria", "AT", "0664 1234567", PHONE_OK, "+436641234567" },
	{ "Belgium", "BE", "0470 12 34 56", PHONE_OK, "+32470123456" },
	{ "Finland", "FI", "040 123 4567", PHONE_OK, "+358401234567" },
	{ "New Zealand", "NZ", "021 123 456", PHONE_OK, "+6421123456" },
	{ "Norway", "NO", "412 34 567", PHONE_OK, "+4741234567" },
	{ "Norway without plus", "NO", "4741234567", PHONE_OK, "+4741234567" },
	{ "Norway has eight digits", "NO", "412 34 56", PHONE_SHORT, "" },
	{ "Sweden, a number for films", "SE", "070-174 06 12", PHONE_OK, "+46701740612" },
	{ "Denmark", "DK", "20 12 34 56", PHONE_OK, "+4520123456" },
	{ "Denmark with its zero in brackets", "DK", "+45 (0)20 12 34 56", PHONE_OK, "+4520123456" },
	{ "Ireland", "IE", "085 012 3456", PHONE_OK, "+353850123456" },
	{ "Switzerland", "CH", "079 012 34 56", PHONE_OK, "+41790123456" },
};

TEST(numbers_are_read_as_people_write_them)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		char out[PHONE_MAX] = "";

		same_int(numbers[i].rule, phone_e164(span_of(numbers[i].text), numbers[i].country, out),
		    numbers[i].result);
		same_text(numbers[i].rule, out, numbers[i].e164);
	}
}

TEST(a_byte_that_ends_a_text_is_no_separator)
{
	static const struct { const char *rule, *text; size_t n; } rows[] = {
		{ "amid the digits", "608555\0000123", 11 }, { "before an extension", "6085550123x\00012", 14 },
		{ "behind the number", "6085550123\000", 11 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[PHONE_MAX] = "as it was";

		same_int(rows[i].rule, phone_e164(span_from(rows[i].text, rows[i].n), "US", out), PHONE_BAD_CHARACTER);
		same_text("written on PHONE_OK only", out, "as it was");
	}
}

TEST(a_number_that_was_read_is_read_again_the_same)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		char out[PHONE_MAX] = "";

		if (numbers[i].result != PHONE_OK)
			continue;
		same_int(numbers[i].rule, phone_e164(span_of(numbers[i].e164), "XX", out), PHONE_OK);
		same_text(numbers[i].rule, out, numbers[i].e164);
	}
}

static const struct {
	const char *rule, *e164, *country;
	enum phone_type type;
} types[] = {
	{ "North America does not tell", "+16085550123", "US", PHONE_MAYBE_MOBILE },
	{ "Toronto is in Canada", "+14165550123", "CA", PHONE_MAYBE_MOBILE },
	{ "Nunavut is in Canada", "+18675550123", "CA", PHONE_MAYBE_MOBILE },
	{ "Puerto Rico has a country code of its own", "+17875550123", "PR", PHONE_MAYBE_MOBILE },
	{ "Jamaica is abroad", "+18765550123", "JM", PHONE_MAYBE_MOBILE },
	{ "Dominican Republic is abroad", "+18295550123", "DO", PHONE_MAYBE_MOBILE },
	{ "Bermuda is abroad", "+14415550123", "BM", PHONE_MAYBE_MOBILE },
	{ "800", "+18005550123", "US", PHONE_TOLL_FREE }, { "833", "+18335550123", "US", PHONE_TOLL_FREE },
	{ "844", "+18445550123", "US", PHONE_TOLL_FREE }, { "855", "+18555550123", "US", PHONE_TOLL_FREE },
	{ "866", "+18665550123", "US", PHONE_TOLL_FREE }, { "877", "+18775550123", "US", PHONE_TOLL_FREE },
	{ "888", "+18885550123", "US", PHONE_TOLL_FREE }, { "900", "+19005550123", "US", PHONE_PREMIUM },
	{ "976 is premium in any area", "+16089760123", "US", PHONE_PREMIUM },
	{ "976 is toll-free where the area is", "+18009760123", "US", PHONE_TOLL_FREE },
	{ "UK mobile", "+447700900123", "GB", PHONE_MOBILE },
	{ "UK landline", "+442079460123", "GB", PHONE_LANDLINE },
	{ "UK freephone", "+448081570123", "GB", PHONE_TOLL_FREE },
	{ "UK premium", "+449098790123", "GB", PHONE_PREMIUM },
	{ "UK personal number", "+447012345678", "GB", PHONE_PREMIUM },
	{ "UK pager", "+447612345678", "GB", PHONE_LANDLINE },
	{ "Isle of Man mobile", "+447624012345", "GB", PHONE_MOBILE },
	{ "Germany mobile", "+491713920012", "DE", PHONE_MOBILE },
	{ "Germany landline", "+493023125012", "DE", PHONE_LANDLINE },
	{ "France mobile", "+33639980012", "FR", PHONE_MOBILE },
	{ "France toll-free", "+33800123456", "FR", PHONE_TOLL_FREE },
	{ "France shared cost", "+33820123456", "FR", PHONE_PREMIUM },
	{ "Spain mobile", "+34612345678", "ES", PHONE_MOBILE },
	{ "Spain landline", "+34912345678", "ES", PHONE_LANDLINE },
	{ "Netherlands mobile", "+31612345678", "NL", PHONE_MOBILE },
	{ "Australia mobile", "+61491570156", "AU", PHONE_MOBILE },
	{ "Australia landline", "+61255501234", "AU", PHONE_LANDLINE },
	{ "Australia toll-free", "+611800160401", "AU", PHONE_TOLL_FREE },
	{ "Italy mobile", "+393401234567", "IT", PHONE_MOBILE },
	{ "Italy landline", "+390612345678", "IT", PHONE_LANDLINE },
	{ "Portugal mobile", "+351912345678", "PT", PHONE_MOBILE },
	{ "Austria landline", "+4311234567", "AT", PHONE_LANDLINE },
	{ "Belgium mobile", "+32470123456", "BE", PHONE_MOBILE },
	{ "Belgium toll-free", "+3280012345", "BE", PHONE_TOLL_FREE },
	{ "Finland mobile", "+358501234567", "FI", PHONE_MOBILE },
	{ "New Zealand mobile", "+6421123456", "NZ", PHONE_MOBILE },
	{ "Norway mobile", "+4741234567", "NO", PHONE_MOBILE },
	{ "Norway landline", "+4722123456", "NO", PHONE_LANDLINE },
	{ "Sweden mobile", "+46701740612", "SE", PHONE_MOBILE },
	{ "Sweden landline", "+468465004", "SE", PHONE_LANDLINE },
	{ "Denmark does not tell", "+4520123456", "DK", PHONE_MAYBE_MOBILE },
	{ "Denmark toll-free", "+4580123456", "DK", PHONE_TOLL_FREE },
	{ "Ireland mobile", "+353850123456", "IE", PHONE_MOBILE },
	{ "Ireland landline that looks like toll-free", "+35318001234", "IE", PHONE_LANDLINE },
	{ "Switzerland mobile", "+41790123456", "CH", PHONE_MOBILE },
	{ "no table", "+420601123456", "", PHONE_MAYBE_MOBILE },
	{ "not a number", "", "", PHONE_MAYBE_MOBILE },
	{ "half a number", "+1", "US", PHONE_MAYBE_MOBILE },
};

TEST(country_and_type_follow_from_the_number)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		char country[3] = "??";

		same_int(types[i].rule, phone_type_of(types[i].e164, country), types[i].type);
		same_text(types[i].rule, country, types[i].country);
	}
}

TEST(numbers_of_fiction)
{
	holds("the first", phone_is_fiction("+16085550100"));
	holds("the last, in Canada", phone_is_fiction("+14165550199"));
	holds("none: the line after", !phone_is_fiction("+16085550200"));
	holds("none: another exchange", !phone_is_fiction("+16085450100"));
	holds("none: another country", !phone_is_fiction("+4420555010") && !phone_is_fiction("+442085550100"));
	holds("none: no number", !phone_is_fiction("") && !phone_is_fiction("+1"));
}

TEST(a_country_is_known_or_not)
{
	static const char *const known[] = { "US", "CA", "PR", "JM", "GB", "DE", "FR", "ES", "NL", "AU", "NO",
	    "SE",
		"DK", "IE", "CH" };

	for (size_t i = 0; i < COUNT(known); i++)
		holds(known[i], phone_country_known(known[i]));
	holds("lower case is another word", !phone_country_known("us"));
	holds("three letters are no alpha-2", !phone_country_known("USA") && !phone_country_known("JMX"));
	holds("no country", !phone_country_known("") && !phone_country_known("XX"));
}

TEST(every_result_and_type_has_words)
{
	for (int r = PHONE_OK; r <= PHONE_UNKNOWN_COUNTRY; r++)
		for (int other = PHONE_OK; other < r; other++)
			holds("each its own", strcmp(phone_result_text((enum phone_result)r),
			    phone_result_text((enum phone_result)other)) != 0);
	same_text("toll-free", phone_type_text(PHONE_TOLL_FREE), "toll-free");
	same_text("premium", phone_type_text(PHONE_PREMIUM), "premium");
	same_text("mobile", phone_type_text(PHONE_MOBILE), "mobile");
	same_text("landline", phone_type_text(PHONE_LANDLINE), "landline");
	same_text("either", phone_type_text(PHONE_MAYBE_MOBILE), "mobile or landline");
}

/* For rehearsals: of each country and type many that differ, and all are what was asked for. */
TEST(numbers_made_up_by_a_plan)
{
	static const char *const countries[] = { "", "US", "CA", "GB", "NO", "DE", "FR", "AU", "IT", "DK" };
	static const enum phone_type kinds[] = { PHONE_MAYBE_MOBILE, PHONE_MOBILE, PHONE_LANDLINE, PHONE_TOLL_FREE, PHONE_PREMIUM };

	for (size_t i = 0; i < COUNT(countries); i++) {
		bool some_mobile = false;

		for (size_t t = 0; t < COUNT(kinds); t++) {
			char before[PHONE_MAX] = "", out[PHONE_MAX], country[3];

			for (unsigned n = 0; n < 3000; n++) {
				if (!phone_example(countries[i], kinds[t], n, out))
					break;
				same_text("country", (phone_type_of(out, country), country), countries[i]);
				if (countries[i][0])
					same_int(out, phone_type_of(out, country), kinds[t]);
				holds("another each time", strcmp(before, out) != 0);
				memcpy(before, out, sizeof before);
				some_mobile = some_mobile || (kinds[t] <= PHONE_MOBILE && n == 2999);
			}
		}
		holds(countries[i], some_mobile);
	}
}

TEST(a_made_up_number_costs_nothing_extra)
{
	static const unsigned n[] = { 7760000, 7769999, 8000000, 110000 }; /* exchanges 976, 200, 211 */
	char out[PHONE_MAX], country[3];

	for (size_t i = 0; i < COUNT(n); i++) {
		holds("there is one", phone_example("US", PHONE_MAYBE_MOBILE, n[i], out));
		same_int(out, phone_type_of(out, country), PHONE_MAYBE_MOBILE);
	}
	holds("of a neighbour too", phone_example("JM", PHONE_MAYBE_MOBILE, 7760000, out));
	same_text("country", (phone_type_of(out, country), country), "JM");
	holds("premium is of no one country", !phone_example("JM", PHONE_PREMIUM, 1, out));
	holds("an unknown country has none", !phone_example("XX", PHONE_MOBILE, 1, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(numbers_are_read_as_people_write_them),
		RUN(a_number_that_was_read_is_read_again_the_same),
		RUN(country_and_type_follow_from_the_number),
		RUN(numbers_of_fiction), RUN(a_country_is_known_or_not),
		RUN(every_result_and_type_has_words),
		RUN(a_byte_that_ends_a_text_is_no_separator),
		RUN(numbers_made_up_by_a_plan), RUN(a_made_up_number_costs_nothing_extra),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
