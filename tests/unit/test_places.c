/* test_places.c - from an address to the clocks that may hang there. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>

#include "nudge/civil.h"
#include "nudge/places.h"

TEST(addresses)
{
	static const struct {
		const char *rule, *country, *state, *post, *zones;
	} rows[] = {
		{ "state and ZIP", "USA", "WI", "53703", "America/Chicago" },
		{ "ZIP+4", "", "WI", "53703-1234", "America/Chicago" },
		{ "only the state", "", "HI", "", "Pacific/Honolulu" },
		{ "by its name", "", "Hawaii", "", "Pacific/Honolulu" },
		{ "in capitals", "US", "NEW YORK", "", "America/New_York" },
		{ "only the ZIP", "", "", "96813", "Pacific/Honolulu" },
		{ "a state of two zones", "", "TN", "", "America/New_York America/Chicago" },
		{ "which its ZIP decides: Memphis", "", "TN", "38103", "America/Chicago" },
		{ "and Knoxville", "", "TN", "37902", "America/New_York" },
		{ "where it does not: near Chattanooga", "", "TN", "37301", "America/New_York America/Chicago" },
		{ "Pensacola", "", "FL", "32501", "America/Chicago" },
		{ "El Paso", "", "TX", "79901", "America/Denver" },
		{ "Dallas", "", "TX", "75201", "America/Chicago" },
		{ "Phoenix has no summer time", "", "AZ", "85004", "America/Phoenix" },
		{ "the Navajo Nation has: Chinle", "", "AZ", "86503", "America/Denver America/Phoenix" },
		{ "Gary", "", "IN", "46402", "America/Chicago America/Indiana/Indianapolis" },
		{ "Indianapolis", "", "IN", "46204", "America/Indiana/Indianapolis" },
		{ "Anchorage", "", "AK", "99501", "America/Anchorage" },
		{ "Adak", "", "AK", "99546", "America/Adak" },
		{ "San Juan", "", "PR", "00901", "America/Puerto_Rico" },
		{ "Pago Pago", "", "AS", "96799", "Pacific/Pago_Pago" },
		{ "Hagatna", "", "GU", "96910", "Pacific/Guam" },
		{ "Phenix City keeps Georgia's time", "", "AL", "36867", "America/Chicago America/New_York" },
		{ "state and ZIP contradict each other: both", "", "WI", "96813", "America/Chicago Pacific/Honolulu" },
		{ "Toronto", "CAN", "ON", "M5V 2T6", "America/Toronto" },
		{ "in small letters, without the blank", "CA", "on", "m5v2t6", "America/Toronto" },
		{ "Canada, its country not said", "", "ON", "M5V 2T6", "America/Toronto" },
		{ "St. John's", "CANADA", "NL", "A1C 5M2", "America/St_Johns" },
		{ "Labrador City", "CAN", "NL", "A2V 2K7", "America/Goose_Bay" },
		{ "Regina", "CAN", "SK", "", "America/Regina America/Edmonton" },
		{ "another country", "NOR", "", "0150", "" },
		{ "another country whose code is here a ZIP", "DEU", "", "53703", "" },
		{ "a state that there is not", "US", "XX", "", "" },
		{ "a state of the other country", "CAN", "WI", "", "" },
		{ "no letters of a state", "US", "W1", "", "" },
		{ "nor here", "US", "1W", "", "" },
		{ "but its ZIP is one", "US", "XX", "53703", "America/Chicago" },
		{ "a ZIP that nobody has", "US", "", "00000", "" },
		{ "no digits enough", "US", "", "5", "" },
		{ "the military is anywhere", "US", "AE", "09012", "" },
		{ "and so is its ZIP alone", "US", "", "09012", "" },
		{ "overseas, in the Pacific", "US", "AP", "96201", "" },
		{ "more letters than any code has", "", "WI", "53703-1234-5678-9012-3456", "America/Chicago" },
		{ "signs beside letters and digits", "", "WI", "[53:703_{", "America/Chicago" },
		{ "a Canadian code in the United States", "US", "", "M5V 2T6", "" },
		{ "nothing", "", "", "", "" },
		{ "no text", "", "\xff\xfe", "\x01", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[PLACES_ZONES_MAX] = "before";
		size_t n = places_zones(span_of(rows[i].country), "US", span_of(rows[i].state), span_of(rows[i].post), out);

		same_text(rows[i].rule, out, rows[i].zones);
		same_int(rows[i].rule, n, strlen(rows[i].zones));
	}
}

TEST(home_is_the_country_that_is_not_said)
{
	char out[PLACES_ZONES_MAX];

	(void)places_zones(SPAN_NONE, "CA", span_of("AB"), SPAN_NONE, out);
	same_text("at home in Canada", out, "America/Edmonton");
	(void)places_zones(SPAN_NONE, "CA", span_of("WI"), span_of("53703"), out);
	same_text("a visitor from Wisconsin", out, "America/Chicago");
	(void)places_zones(SPAN_NONE, "NO", SPAN_NONE, span_of("53703"), out);
	same_text("at home where no places are known", out, "");
	(void)places_zones(SPAN_NONE, "", SPAN_NONE, span_of("53703"), out);
	same_text("at home nowhere", out, "");
}

/* Every zone is one that the system has, and no ZIP code says what no state has. */
TEST(the_tables_agree)
{
	size_t zones = 0, known = 0;

	for (; place_zones[zones]; zones++) {
		struct zone *z = NULL;
		struct fault f = { 0 };

		if (!zone_load(place_zones[zones], &z, &f))
			fail_msg("%s", f.text);
		zone_free(z);
	}
	holds("there are some", zones >= 25);
	for (int zip = 0; zip < 100000; zip++) {
		char post[8], out[PLACES_ZONES_MAX];
		struct span rest;

		(void)snprintf(post, sizeof post, "%05d", zip);
		rest = span_from(out, places_zones(span_of("US"), "US", SPAN_NONE, span_of(post), out));
		known += rest.n > 0;
		while (rest.n > 0) {
			struct span zone = span_cut(rest, ' ', &rest);
			bool found = false;

			for (size_t i = 0; i < zones; i++)
				found = found || span_is(zone, place_zones[i]);
			holds(post, found);
		}
	}
	holds("most ZIP codes are known", known > 85000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(addresses), RUN(home_is_the_country_that_is_not_said), RUN(the_tables_agree) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
