/* example.c - numbers made up by a country's plan: for rehearsals, which send nothing. */
// SPDX-License-Identifier: Apache-2.0
#include "phone/plans.h"

#include <stdio.h>
#include <string.h>

/* Of the country and the type asked for; 0: the plan has none. */
static unsigned
area_of(const char *country, enum phone_type type)
{
	bool free_of_country = type == PHONE_TOLL_FREE || type == PHONE_PREMIUM;
	unsigned area = 608;

	if (!free_of_country && strcmp(country, "US") == 0)
		return area;
	for (area = 200; area < 1000; area++) {
		unsigned neighbour = plan_area_neighbour[area];

		if (plan_area_type[area] == (unsigned char)type &&
		    (free_of_country || (neighbour > 0 && strcmp(plan_neighbours[neighbour - 1], country) == 0)))
			return area;
	}
	return 0;
}

/* Area, exchange from 200 on without N11 and without 976, which costs extra; line. */
static bool
north_american(const char *country, enum phone_type type, unsigned n, char *out)
{
	unsigned area, exchange = 200 + n / 10000 % 800;

	if (type == PHONE_MOBILE || type == PHONE_LANDLINE)
		return false;
	area = area_of(country, type);
	exchange += exchange % 100 == 11 || exchange == 976;
	(void)snprintf(out, PHONE_MAX, "+1%03u%03u%04u", area % 1000, exchange % 1000, n % 10000);
	return area > 0;
}

bool
phone_example(const char *country, enum phone_type type, unsigned n, char out[PHONE_MAX])
{
	const struct plan *p = plan_of_country(country);
	char found[3];

	if (!p) {
		(void)snprintf(out, PHONE_MAX, "+999%09u", n);
		return country[0] == '\0';
	}
	if (!p->rules) {
		if (!north_american(country, type, n, out))
			return false;
		(void)phone_type_of(out, found);
		return strcmp(found, country) == 0; /* an area that charges or is free is of no one country */
	}
	for (size_t i = 0; i < p->rules_n; i++) {
		const struct plan_rule *r = &p->rules[i];
		int rest = r->max - (int)strlen(r->prefix);
		unsigned top = 1;

		if (r->type != type || rest < 1 || rest > 9)
			continue;
		for (int k = 0; k < rest; k++)
			top *= 10;
		(void)snprintf(out, PHONE_MAX, "+%s%s%0*u", p->code, r->prefix, rest, n % top);
		if (phone_type_of(out, found) == type)
			return true;
	}
	return false;
}
