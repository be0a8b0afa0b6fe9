/* dates.c - days and times as the patient's language writes them, by ICU's patterns. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#define LOCALE_MAX 128
#define PATTERN_MAX 128

struct dates {
	char locale[LOCALE_MAX];
	UDateFormat *day, *time; /* of UTC: they are given wall-clock time */
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
	if (!d)
		return fault_set(f, FAULT_BUSY, "no memory for templates");
	(void)span_copy(d->locale, sizeof d->locale, span_of(locale));
	g = udatpg_open(locale, &e);
	d->day = open_format(g, locale, u"EEEEMMMMd", &e);
	d->time = open_format(g, locale, u"jm", &e);
	udatpg_close(g);
	if (U_FAILURE(e)) {
		dates_close(d);
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

static struct span
format(const UDateFormat *shared, const struct civil *c, char out[DATE_MAX_BYTES])
{
	int64_t wall_s = civil_days(c->year, c->month, c->day) * 86400 + INT64_C(3600) * c->hour
	    + INT64_C(60) * c->minute + c->second;
	UErrorCode e = U_ZERO_ERROR;
	UDateFormat *own = udat_clone(shared, &e); /* ICU's formats change while they work */
	UChar text[DATE_MAX_BYTES];
	int32_t n, bytes = 0;

	if (U_FAILURE(e))
		return SPAN_NONE;
	n = udat_format(own, (double)wall_s * 1000.0, text, DATE_MAX_BYTES, NULL, &e);
	udat_close(own);
	if (U_FAILURE(e))
		return SPAN_NONE;
	make_blanks_plain(text, n);
	(void)u_strToUTF8(out, DATE_MAX_BYTES, &bytes, text, n, &e);
	return U_SUCCESS(e) ? span_from(out, (size_t)bytes) : SPAN_NONE;
}

struct span
dates_day(const struct dates *d, const struct civil *c, char out[DATE_MAX_BYTES])
{
	return format(d->day, c, out);
}

struct span
dates_time(const struct dates *d, const struct civil *c, char out[DATE_MAX_BYTES])
{
	return format(d->time, c, out);
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
