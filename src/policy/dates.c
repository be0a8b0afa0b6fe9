/* dates.c - days and times as the patient's language writes them, by ICU's patterns. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ucal.h>
#include <unicode/uchar.h>
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#define LOCALE_MAX 128
#define PATTERN_MAX 128

/* What was written already: the visits of a site are on the same few days, and
 * begin on the quarter of the hour. */
#define DAYS_KEPT 128
#define TIMES_KEPT 96 /* quarters of an hour */

struct kept {
	int64_t of; /* the day since 1970, or the minute of the day */
	uint8_t n;  /* 0: nothing is kept here */
	char text[55];
};

struct memory {
	atomic_flag busy; /* by one thread; nobody waits for it */
	struct kept days[DAYS_KEPT], times[TIMES_KEPT];
};

struct dates {
	char locale[LOCALE_MAX];
	UDateFormat *day, *time; /* of UTC: they are given wall-clock time */
	UCalendar *calendar;     /* theirs, who has the turn works with it */
	struct memory *memory;   /* owned */
};

/* The locale with the calendar that feeds use; false when ICU has no words for the
 * language and would speak another one. */
static bool
find_locale(const char *language, char locale[LOCALE_MAX])
{
	char tag[64], wanted[ULOC_LANG_CAPACITY], known[ULOC_LANG_CAPACITY];
	UErrorCode e = U_ZERO_ERROR;
	int32_t read = 0;
	size_t n = span_copy(tag, sizeof tag, span_of(language));

	if (n == 0 || n != strlen(language))
		return false;
	for (char *p = tag; *p; p++)
		if (*p == '_')
			*p = '-';
	(void)uloc_forLanguageTag(tag, locale, LOCALE_MAX, &read, &e);
	if (U_FAILURE(e) || read != (int32_t)n)
		return false;
	(void)uloc_getLanguage(locale, wanted, ULOC_LANG_CAPACITY, &e);
	for (int32_t i = 0; U_SUCCESS(e) && i < uloc_countAvailable(); i++) {
		(void)uloc_getLanguage(uloc_getAvailable(i), known, ULOC_LANG_CAPACITY, &e);
		if (wanted[0] && strcmp(known, wanted) == 0) {
			(void)uloc_setKeywordValue("calendar", "gregorian", locale, LOCALE_MAX, &e);
			return U_SUCCESS(e);
		}
	}
	return false;
}

static UDateFormat *
open_format(UDateTimePatternGenerator *g, const char *locale, const UChar *skeleton, UErrorCode *e)
{
	UChar pattern[PATTERN_MAX];
	int32_t n = udatpg_getBestPattern(g, skeleton, -1, pattern, PATTERN_MAX, e);

	return udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, u"Etc/UTC", -1, pattern, n, e);
}

static bool
works(const struct dates *d)
{
	const struct civil c = { 2026, 11, 29, 10, 45, 0 };
	char text[DATE_MAX_BYTES];

	return dates_day(d, &c, text).n > 0 && dates_time(d, &c, text).n > 0;
}

bool
dates_open(const char *language, struct dates **out, struct fault *f)
{
	char locale[LOCALE_MAX];
	UErrorCode e = U_ZERO_ERROR;
	UDateTimePatternGenerator *g;
	struct dates *d;

	if (!find_locale(language, locale))
		return fault_set(f, FAULT_OPERATOR,
		    "language \"%.32s\" is not known: write a code such as en, es, fr or pt-BR", language);
	d = calloc(1, sizeof *d);
	if (d)
		d->memory = calloc(1, sizeof *d->memory);
	if (!d || !d->memory) {
		dates_close(d);
		return fault_set(f, FAULT_BUSY, "no memory for templates");
	}
	atomic_flag_clear(&d->memory->busy);
	(void)span_copy(d->locale, sizeof d->locale, span_of(locale));
	g = udatpg_open(locale, &e);
	d->day = open_format(g, locale, u"EEEEMMMMd", &e);
	d->time = open_format(g, locale, u"jm", &e);
	udatpg_close(g);
	d->calendar = ucal_open(u"Etc/UTC", -1, locale, UCAL_GREGORIAN, &e);
	if (U_FAILURE(e) || !works(d)) {
		dates_close(d);
		if (e == U_MEMORY_ALLOCATION_ERROR || U_SUCCESS(e))
			return fault_set(f, FAULT_BUSY, "no memory for the dates of language \"%.32s\"", language);
		return fault_set(f, FAULT_OPERATOR, "ICU has no dates for language \"%.32s\" (%s)", language,
		    u_errorName(e));
	}
	*out = d;
	return true;
}

void
dates_close(struct dates *d)
{
	if (!d)
		return;
	if (d->day)
		udat_close(d->day);
	if (d->time)
		udat_close(d->time);
	if (d->calendar)
		ucal_close(d->calendar);
	free(d->memory);
	free(d);
}

/* No-break blanks are outside of every SMS alphabet but UCS-2. */
static void
make_blanks_plain(UChar *text, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		if (text[i] == 0x202f || text[i] == 0x00a0)
			text[i] = ' ';
}

/* Among the numbers that stand in a text is this one: where memory runs out, ICU writes "at :" and calls it a success. */
static bool
says_number(const UChar *text, int32_t n, int number)
{
	int value = -1;

	for (int32_t i = 0; i < n;) {
		UChar32 c;
		int32_t digit;

		U16_NEXT(text, i, n, c);
		digit = u_charDigitValue(c);
		if (digit < 0 && value == number)
			return true;
		value = digit < 0 ? -1 : (value < 0 ? 0 : value % 1000000) * 10 + digit;
	}
	return value == number;
}

/* With the calendar that is at hand nothing is allocated: ICU does not survive it everywhere when memory runs out. */
static struct span
write_with(UCalendar *calendar, const UDateFormat *how, const struct civil *c, int number, char out[DATE_MAX_BYTES])
{
	int64_t wall_s = civil_days(c->year, c->month, c->day) * 86400 + INT64_C(3600) * c->hour
	    + INT64_C(60) * c->minute + c->second;
	UErrorCode e = U_ZERO_ERROR;
	UChar text[DATE_MAX_BYTES];
	int32_t n, bytes = 0;

	ucal_setMillis(calendar, (double)wall_s * 1000.0, &e);
	n = udat_formatCalendar(how, calendar, text, DATE_MAX_BYTES, NULL, &e);
	if (U_FAILURE(e) || !says_number(text, n, number))
		return SPAN_NONE;
	make_blanks_plain(text, n);
	(void)u_strToUTF8(out, DATE_MAX_BYTES, &bytes, text, n, &e);
	return U_SUCCESS(e) ? span_from(out, (size_t)bytes) : SPAN_NONE;
}

/* Another thread has the turn: with a calendar and a format of its own. */
static struct span
write_apart(const struct dates *d, const UDateFormat *shared, const struct civil *c, int number, char out[DATE_MAX_BYTES])
{
	UErrorCode e = U_ZERO_ERROR;
	UCalendar *calendar = ucal_clone(d->calendar, &e);
	UDateFormat *own = U_SUCCESS(e) ? udat_clone(shared, &e) : NULL;
	struct span text = U_SUCCESS(e) ? write_with(calendar, own, c, number, out) : SPAN_NONE;

	if (own)
		udat_close(own);
	if (calendar)
		ucal_close(calendar);
	return text;
}

static bool
take_turn(struct memory *m)
{
	return !atomic_flag_test_and_set_explicit(&m->busy, memory_order_acquire);
}

static void
end_turn(struct memory *m)
{
	atomic_flag_clear_explicit(&m->busy, memory_order_release);
}

static struct span
kept_or_new(const struct dates *d, struct kept *k, int64_t of, const UDateFormat *how, const struct civil *c, int number, char out[DATE_MAX_BYTES])
{
	struct span text;

	if (!take_turn(d->memory))
		return write_apart(d, how, c, number, out);
	if (k->n > 0 && k->of == of) {
		text = span_from(memcpy(out, k->text, k->n), k->n);
	} else {
		text = write_with(d->calendar, how, c, number, out);
		if (text.n > 0 && text.n <= sizeof k->text) {
			k->of = of;
			k->n = (uint8_t)text.n;
			memcpy(k->text, text.p, text.n);
		}
	}
	end_turn(d->memory);
	return text;
}

struct span
dates_day(const struct dates *d, const struct civil *c, char out[DATE_MAX_BYTES])
{
	int64_t day = civil_days(c->year, c->month, c->day);
	struct kept *k = &d->memory->days[(uint64_t)day % DAYS_KEPT];

	return kept_or_new(d, k, day, d->day, c, c->day, out);
}

struct span
dates_time(const struct dates *d, const struct civil *c, char out[DATE_MAX_BYTES])
{
	int64_t minute = INT64_C(60) * c->hour + c->minute;
	struct kept *k = &d->memory->times[(uint64_t)minute / 15 % TIMES_KEPT];

	return kept_or_new(d, k, minute, d->time, c, c->minute, out);
}

/* ---- the zone's name ---- */

/* ICU's short name, when it is one of letters. Its own rules may be older than
 * the system's: what is summer time is told by the offset. */
static size_t
short_name(const char *zone, const char *locale, int64_t at_s, int offset_s, char out[DATE_MAX_BYTES])
{
	UErrorCode e = U_ZERO_ERROR;
	UChar id[64], name[32];
	UCalendar *c;
	int32_t n, standard;

	u_uastrncpy(id, zone, 64);
	c = ucal_open(id, -1, locale, UCAL_GREGORIAN, &e);
	ucal_setMillis(c, (double)at_s * 1000.0, &e);
	standard = ucal_get(c, UCAL_ZONE_OFFSET, &e) / 1000;
	n = ucal_getTimeZoneDisplayName(c, offset_s == standard ? UCAL_SHORT_STANDARD : UCAL_SHORT_DST, locale, name, 32, &e);
	if (c)
		ucal_close(c);
	if (U_FAILURE(e) || n < 2 || n > 5 || (offset_s != standard && offset_s != standard + 3600))
		return 0;
	for (int32_t i = 0; i < n; i++) {
		if (name[i] < 'A' || name[i] > 'Z')
			return 0;
		out[i] = (char)name[i];
	}
	out[n] = '\0';
	return (size_t)n;
}

struct span
dates_zone(const struct dates *d, const struct zone *z, int64_t at_s, char out[DATE_MAX_BYTES])
{
	int offset_s = zone_offset_s(z, at_s), minutes = abs(offset_s) / 60;
	char american[LOCALE_MAX], language[ULOC_LANG_CAPACITY];
	UErrorCode e = U_ZERO_ERROR;
	size_t n = short_name(zone_name(z), d->locale, at_s, offset_s, out);

	/* Spanish has words for these zones in the United States only. */
	(void)uloc_getLanguage(d->locale, language, ULOC_LANG_CAPACITY, &e);
	(void)snprintf(american, sizeof american, "%s_US", language);
	if (n == 0)
		n = short_name(zone_name(z), american, at_s, offset_s, out);
	if (n == 0 && minutes % 60 == 0)
		n = (size_t)snprintf(out, DATE_MAX_BYTES, "UTC%c%d", offset_s < 0 ? '-' : '+', minutes / 60);
	else if (n == 0)
		n = (size_t)snprintf(out, DATE_MAX_BYTES, "UTC%c%d:%02d", offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return span_from(out, n);
}
