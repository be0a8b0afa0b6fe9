/* plans.c - numbering plans asked; their rows are data, in schemas/phone. */
// SPDX-License-Identifier: Apache-2.0
#include "phone/plans.h"

#include <string.h>

/* national has three digits at least. */
static size_t
area_of(const char *national)
{
	return (size_t)(national[0] - '0') * 100 + (size_t)(national[1] - '0') * 10 + (size_t)(national[2] - '0');
}

/* Again and again. */
static bool
is_one_digit(const char *d)
{
	size_t i = 1;

	while (d[i] == d[0])
		i++;
	return d[i] == '\0';
}

/* Exchange 555, lines 0100 to 0199 among it, is read like any other: test systems
 * need those, and a site says whether it texts them (phone_is_fiction). */
static enum phone_result
check_north_america(const char *d, size_t n, enum phone_type *type)
{
	if (n != 10)
		return n < 10 ? PHONE_SHORT : PHONE_LONG;
	if (d[0] < '2' || d[3] < '2')
		return PHONE_NOT_ASSIGNABLE;
	if ((d[1] == '1' && d[2] == '1') || (d[4] == '1' && d[5] == '1'))
		return PHONE_NOT_ASSIGNABLE;
	if ((d[0] == '3' && d[1] == '7') || (d[0] == '9' && d[1] == '6')) /* kept for the future */
		return PHONE_NOT_ASSIGNABLE;
	if (is_one_digit(d)) /* ten times one digit is a clerk's way to say none */
		return PHONE_NOT_ASSIGNABLE;
	if (d[1] == '9') /* N9X is kept for longer numbers; 999 is the usual dummy */
		return PHONE_NOT_ASSIGNABLE;
	*type = (enum phone_type)plan_area_type[area_of(d)];
	if (*type == PHONE_MAYBE_MOBILE && strncmp(d + 3, "976", 3) == 0)
		*type = PHONE_PREMIUM;
	return PHONE_OK;
}

static bool
is_country(const char *mine, const char *country) /* mine: two letters */
{
	return mine[0] == country[0] && mine[1] == country[1] && country[2] == '\0';
}

/* No country and no code is there twice. Looked for from the end: there stands North America. */
const struct plan *
plan_of_country(const char *country)
{
	for (size_t i = plan_table_n; i-- > 0;)
		if (is_country(plan_table[i].country, country))
			return &plan_table[i];
	for (size_t i = 0; i < plan_neighbours_n; i++)
		if (is_country(plan_neighbours[i], country))
			return plan_of_code("1");
	return NULL;
}

bool
plan_begins(const char *digits, const char *prefix)
{
	size_t i = 0;

	while (prefix[i] && digits[i] == prefix[i])
		i++;
	return i > 0 && prefix[i] == '\0';
}

/* No code begins as another. */
const struct plan *
plan_of_code(const char *digits)
{
	for (size_t i = plan_table_n; i-- > 0;)
		if (plan_begins(digits, plan_table[i].code))
			return &plan_table[i];
	return NULL;
}

enum phone_result
plan_check(const struct plan *p, const char *national, enum phone_type *type)
{
	size_t n = strlen(national);
	bool is_short = n == 0, is_long = false;

	if (!p->rules)
		return check_north_america(national, n, type);
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
	size_t neighbour = p->rules || strlen(national) < 3 ? 0 : plan_area_neighbour[area_of(national)];

	return neighbour ? plan_neighbours[neighbour - 1] : p->country;
}
