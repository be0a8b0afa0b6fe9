/* test_hl7_time.c - times as feeds send them. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/hl7.h"

#define NO_OFFSET (-9999)

static const struct {
	const char *rule, *value;
	struct {
		int year, month, day, hour, minute, second;
	} want;
	enum hl7_precision precision;
	int offset_min;
} good[] = {
	{ "a year", "2027", { 2027, 1, 1, 0, 0, 0 }, HL7_YEAR, NO_OFFSET },
	{ "a month", "202702", { 2027, 2, 1, 0, 0, 0 }, HL7_MONTH, NO_OFFSET },
	{ "a day", "20270228", { 2027, 2, 28, 0, 0, 0 }, HL7_DAY, NO_OFFSET },
	{ "an hour", "2027022809", { 2027, 2, 28, 9, 0, 0 }, HL7_HOUR, NO_OFFSET },
	{ "a minute", "202702280930", { 2027, 2, 28, 9, 30, 0 }, HL7_MINUTE, NO_OFFSET },
	{ "a second", "20270228093015", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND, NO_OFFSET },
	{ "a fraction of one digit", "20270228093015.5", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND, NO_OFFSET },
	{ "a fraction of four digits", "20270228093015.0213", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND,
	  NO_OFFSET },
	{ "16 digits are read to 14", "2010052711090000", { 2010, 5, 27, 11, 9, 0 }, HL7_SECOND, NO_OFFSET },
	{ "17 digits are read to 14", "20100527110900123", { 2010, 5, 27, 11, 9, 0 }, HL7_SECOND, NO_OFFSET },
	{ "west of Greenwich", "20270228093015-0600", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND, -360 },
	{ "east of Greenwich", "202702280930+0530", { 2027, 2, 28, 9, 30, 0 }, HL7_MINUTE, 330 },
	{ "a fraction and an offset", "20270228093015.123+0100", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND, 60 },
	{ "an offset of nothing", "20270228093015+0000", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND, 0 },
	{ "an unknown offset is UTC", "20270228093015-0000", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND, 0 },
	{ "an odd offset of test data", "20270228093015+0215", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND, 135 },
	{ "the largest offset", "20270228093015+1400", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND, 840 },
	{ "a day with an offset", "20270228-0600", { 2027, 2, 28, 0, 0, 0 }, HL7_DAY, -360 },
	{ "16 digits and an offset", "2010052711090000-0500", { 2010, 5, 27, 11, 9, 0 }, HL7_SECOND, -300 },
	{ "blanks behind", "200803061000 ", { 2008, 3, 6, 10, 0, 0 }, HL7_MINUTE, NO_OFFSET },
	{ "blanks before", "  20080306", { 2008, 3, 6, 0, 0, 0 }, HL7_DAY, NO_OFFSET },
	{ "the first component only", "20270228093015^S", { 2027, 2, 28, 9, 30, 15 }, HL7_SECOND, NO_OFFSET },
	{ "a blank before the second component", "20270228 ^D", { 2027, 2, 28, 0, 0, 0 }, HL7_DAY,
	  NO_OFFSET },
	{ "midnight begins the day", "202702280000", { 2027, 2, 28, 0, 0, 0 }, HL7_MINUTE, NO_OFFSET },
	{ "the last second", "20271231235959", { 2027, 12, 31, 23, 59, 59 }, HL7_SECOND, NO_OFFSET },
	{ "a leap second is the second before", "20161231235960", { 2016, 12, 31, 23, 59, 59 }, HL7_SECOND,
	  NO_OFFSET },
	{ "a leap day", "20280229", { 2028, 2, 29, 0, 0, 0 }, HL7_DAY, NO_OFFSET },
	{ "a leap day of a fourth century", "20000229", { 2000, 2, 29, 0, 0, 0 }, HL7_DAY, NO_OFFSET },
	{ "a padded birth date", "19730716000000", { 1973, 7, 16, 0, 0, 0 }, HL7_SECOND, NO_OFFSET },
};

TEST(times_are_read_with_their_precision)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct hl7_time t = { .year = -1 };

		same_int(good[i].rule, hl7_time_read(span_of(good[i].value), &t), HL7_TIME_OK);
		same_int(good[i].rule, t.year, good[i].want.year);
		same_int(good[i].rule, t.month, good[i].want.month);
		same_int(good[i].rule, t.day, good[i].want.day);
		same_int(good[i].rule, t.hour, good[i].want.hour);
		same_int(good[i].rule, t.minute, good[i].want.minute);
		same_int(good[i].rule, t.second, good[i].want.second);
		same_int(good[i].rule, t.precision, good[i].precision);
		same_int(good[i].rule, t.has_offset ? t.offset_min : NO_OFFSET, good[i].offset_min);
	}
}

static const struct {
	const char *rule, *value;
	enum hl7_time_result result;
} bad[] = {
	{ "nothing", "", HL7_TIME_EMPTY },
	{ "blanks", "   ", HL7_TIME_EMPTY },
	{ "the null value", "\"\"", HL7_TIME_EMPTY },
	{ "an empty first component", "^S", HL7_TIME_EMPTY },
	{ "three digits", "202", HL7_TIME_BAD },
	{ "five digits", "20270", HL7_TIME_BAD },
	{ "seven digits", "2027022", HL7_TIME_BAD },
	{ "eleven digits", "20270228093", HL7_TIME_BAD },
	{ "thirteen digits", "2027022809301", HL7_TIME_BAD },
	{ "fifteen digits", "202702280930150", HL7_TIME_BAD },
	{ "eighteen digits", "202702280930150000", HL7_TIME_BAD },
	{ "no month 0", "20270028", HL7_TIME_BAD },
	{ "no month 13", "20271301", HL7_TIME_BAD },
	{ "no day 0", "20270200", HL7_TIME_BAD },
	{ "no day 32", "20270132", HL7_TIME_BAD },
	{ "no 31 April", "20270431", HL7_TIME_BAD },
	{ "no leap day in 2027", "20270229", HL7_TIME_BAD },
	{ "no leap day in 2100", "21000229", HL7_TIME_BAD },
	{ "24:00 is not a time", "202702282400", HL7_TIME_BAD },
	{ "no minute 60", "202702280960", HL7_TIME_BAD },
	{ "no second 61", "20270228093061", HL7_TIME_BAD },
	{ "the year nought", "00000000", HL7_TIME_BAD },
	{ "with separators", "2027-02-28", HL7_TIME_BAD },
	{ "as people write it", "02/28/2027", HL7_TIME_BAD },
	{ "a blank inside", "20270228 0930", HL7_TIME_BAD },
	{ "a word", "tomorrow", HL7_TIME_BAD },
	{ "a letter behind", "20270228Z", HL7_TIME_BAD },
	{ "a fraction of a day", "20270228.5", HL7_TIME_BAD },
	{ "a fraction without digits", "20270228093015.", HL7_TIME_BAD },
	{ "an offset beyond 14 hours", "20270228093015+1401", HL7_TIME_BAD },
	{ "an offset of a day", "20270228093015+2400", HL7_TIME_BAD },
	{ "an offset of 60 minutes", "20270228093015+0160", HL7_TIME_BAD },
	{ "an offset of two digits", "20270228093015-06", HL7_TIME_BAD },
	{ "an offset with a colon", "20270228093015-06:00", HL7_TIME_BAD },
	{ "an offset with a blank", "20270228093015-0 00", HL7_TIME_BAD },
	{ "a fraction with a letter", "20270228093015.5x", HL7_TIME_BAD },
	{ "an offset that is a word", "20270228093015+abcd", HL7_TIME_BAD },
	{ "a sign alone", "20270228093015+", HL7_TIME_BAD },
	{ "something behind the offset", "20270228093015+01000", HL7_TIME_BAD },
	{ "digits of another script", "\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa7", HL7_TIME_BAD },
};

TEST(what_is_no_time_changes_nothing)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct hl7_time t = { .year = -1 };

		same_int(bad[i].rule, hl7_time_read(span_of(bad[i].value), &t), bad[i].result);
		same_int(bad[i].rule, t.year, -1);
	}
	same_int("no bytes at all", hl7_time_read(SPAN_NONE, &(struct hl7_time){ 0 }), HL7_TIME_EMPTY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(times_are_read_with_their_precision),
		RUN(what_is_no_time_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
