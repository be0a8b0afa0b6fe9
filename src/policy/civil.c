/* civil.c - the calendar alone: days, weekdays and their written forms, no zone. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/civil.h"

#include <assert.h>

#include "nudge/clock.h"

/* Eras of 400 years, begun in March so that the leap day comes last: as in
 * Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms". */
#define DAYS_ERA 146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

int64_t
civil_days(int year, int month, int day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_ERA + day_of_era - DAYS_TO_1970;
}

void
civil_of_days(int64_t days, struct civil *out)
{
	int64_t z = days + DAYS_TO_1970;
	int64_t era = (z >= 0 ? z : z - (DAYS_ERA - 1)) / DAYS_ERA;
	int64_t day_of_era = z - era * DAYS_ERA;
	int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153; /* 0 = March */

	*out = (struct civil){
		.year = (int)(year_of_era + era * 400 + (month >= 10)),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
	};
	assert(out->month >= 1 && out->month <= 12 && out->day >= 1 && out->day <= 31);
}

bool
civil_valid(const struct civil *c)
{
	struct civil same;

	if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 || c->day > 31)
		return false;
	if (c->hour < 0 || c->hour > 23 || c->minute < 0 || c->minute > 59 || c->second < 0 || c->second > 59)
		return false;
	civil_of_days(civil_days(c->year, c->month, c->day), &same);
	return same.month == c->month; /* 31 April would be 1 May */
}

void
civil_add_days(struct civil *c, int days)
{
	struct civil other;

	civil_of_days(civil_days(c->year, c->month, c->day) + days, &other);
	c->year = other.year;
	c->month = other.month;
	c->day = other.day;
}

int
civil_weekday(const struct civil *c)
{
	int64_t w = (civil_days(c->year, c->month, c->day) + 4) % 7; /* 1970-01-01 was a Thursday */

	return (int)(w < 0 ? w + 7 : w);
}

void
civil_text(const struct civil *c, char out[32])
{
	*clock_civil(out, (int[]){ c->year, c->month, c->day, c->hour, c->minute, c->second }) = '\0';
}

bool
civil_of_text(const char *text, struct civil *out)
{
	static const char form[] = "0000-00-00T00:00:00";
	int field[6] = { 0 }, n = 0;

	for (size_t i = 0; i < sizeof form; i++) {
		if (form[i] != '0' && text[i] != form[i])
			return false;
		if (form[i] != '0') {
			n++;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			return false;
		field[n] = field[n] * 10 + text[i] - '0';
	}
	*out = (struct civil){ field[0], field[1], field[2], field[3], field[4], field[5] };
	return true;
}
