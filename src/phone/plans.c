/* plans.c - numbering plans asked; their rows are data, in schemas/phone. */
// SPDX-License-Identifier: Apache-2.0
#include "phone/plans.h"

#include <string.h>

static bool
area_is_in(const char *areas, const char *national)
{
	char area[4] = { national[0], national[1], national[2], '\0' };

	return strstr(areas, area) != NULL;
}

/* Exchange 555, lines 0100 to 0199 among it, is accepted: those are reserved for
 * fiction and test patients: nothing rings, so accepting them harms nobody and
 * test systems need them. */
static enum phone_result
check_north_america(const char *d, enum phone_type *type)
{
	size_t n = strlen(d);

	if (n != 10)
		return n < 10 ? PHONE_SHORT : PHONE_LONG;
	if (d[0] < '2' || d[3] < '2')
		return PHONE_NOT_ASSIGNABLE;
	if ((d[1] == '1' && d[2] == '1') || (d[4] == '1' && d[5] == '1'))
		return PHONE_NOT_ASSIGNABLE;
	if ((d[0] == '3' && d[1] == '7') || (d[0] == '9' && d[1] == '6')) /* kept for the future */
		return PHONE_NOT_ASSIGNABLE;
	if (strspn(d, (char[]){ d[0], '\0' }) == n) /* ten times one digit is a clerk's way to say none */
		return PHONE_NOT_ASSIGNABLE;
	if (d[1] == '9') /* N9X is kept for longer numbers; 999 is the usual dummy */
		return PHONE_NOT_ASSIGNABLE;
	*type = area_is_in(plan_toll_free, d) ? PHONE_TOLL_FREE
	    : area_is_in(plan_premium, d) || strncmp(d + 3, "976", 3) == 0 ? PHONE_PREMIUM : PHONE_MAYBE_MOBILE;
	return PHONE_OK;
}

const struct plan *
plan_of_country(const char *country)
{
	for (size_t i = 0; i < plan_table_n; i++)
		if (strcmp(plan_table[i].country, country) == 0)
			return &plan_table[i];
	for (size_t i = 0; i < plan_areas_n; i++)
		if (strcmp(plan_areas[i].country, country) == 0)
			return plan_of_code("1");
	return NULL;
}

const struct plan *
plan_of_code(const char *digits)
{
	for (size_t i = 0; i < plan_table_n; i++)
		if (strncmp(digits, plan_table[i].code, strlen(plan_table[i].code)) == 0)
			return &plan_table[i];
	return NULL;
}

enum phone_result
plan_check(const struct plan *p, const char *national, enum phone_type *type)
{
	size_t n = strlen(national);
	bool is_short = n == 0, is_long = false;

	if (!p->rules)
		return check_north_america(national, type);
	for (size_t i = 0; i < p->rules_n; i++) {
		const struct plan_rule *r = &p->rules[i];
		size_t prefix_n = strlen(r->prefix);

		if (strncmp(national, r->prefix, n < prefix_n ? n : prefix_n) != 0)
			continue;
		if (n >= r->min && n <= r->max) {
			*type = (enum phone_type)r->type;
			return PHONE_OK;
		}
		*(n < r->min ? &is_short : &is_long) = true;
	}
	return is_short ? PHONE_SHORT : is_long ? PHONE_LONG : PHONE_NOT_ASSIGNABLE;
}

const char *
plan_country(const struct plan *p, const char *national)
{
	if (p->rules || strlen(national) < 3)
		return p->country;
	for (size_t i = 0; i < plan_areas_n; i++)
		if (area_is_in(plan_areas[i].areas, national))
			return plan_areas[i].country;
	return p->country;
}
