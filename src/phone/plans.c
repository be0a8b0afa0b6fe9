/* plans.c - who may be dialled how in the countries we know. */
// SPDX-License-Identifier: Apache-2.0
#include "plans.h"

#include <string.h>

#define MOB PHONE_MOBILE
#define ANY PHONE_MAYBE_MOBILE
#define LAND PHONE_LANDLINE /* also pagers, voice mail, company-wide numbers: nothing that takes texts */
#define FREE PHONE_TOLL_FREE
#define COST PHONE_PREMIUM /* also shared-cost and personal numbers */
#define N(rules) (rules), sizeof(rules) / sizeof(rules)[0]

static const struct plan_rule gb[] = {
	{ "7624", 10, 10, MOB },
	{ "500", 9, 9, FREE }, { "800", 7, 7, FREE }, { "800", 9, 10, FREE }, { "808", 10, 10, FREE },
	{ "55", 10, 10, LAND }, { "56", 10, 10, LAND },
	{ "70", 10, 10, COST }, { "71", 10, 10, MOB }, { "72", 10, 10, MOB }, { "73", 10, 10, MOB },
	{ "74", 10, 10, MOB }, { "75", 10, 10, MOB }, { "76", 10, 10, LAND }, { "77", 10, 10, MOB },
	{ "78", 10, 10, MOB }, { "79", 10, 10, MOB },
	{ "84", 10, 10, COST }, { "87", 10, 10, COST },
	{ "1", 9, 10, LAND }, { "2", 10, 10, LAND }, { "3", 10, 10, LAND }, { "9", 10, 10, COST },
};

static const struct plan_rule de[] = {
	{ "164", 10, 11, LAND }, { "168", 10, 11, LAND }, { "169", 10, 11, LAND },
	{ "137", 8, 10, COST }, { "180", 7, 11, COST }, { "700", 9, 11, COST }, { "900", 10, 10, COST },
	{ "800", 10, 12, FREE },
	{ "15", 10, 11, MOB }, { "16", 10, 11, MOB }, { "17", 10, 11, MOB },
	{ "2", 6, 12, LAND }, { "3", 6, 12, LAND }, { "4", 6, 12, LAND }, { "5", 6, 12, LAND },
	{ "6", 6, 12, LAND }, { "7", 6, 12, LAND }, { "8", 6, 12, LAND }, { "9", 6, 12, LAND },
};

static const struct plan_rule fr[] = {
	{ "80", 9, 9, FREE },
	{ "1", 9, 9, LAND }, { "2", 9, 9, LAND }, { "3", 9, 9, LAND }, { "4", 9, 9, LAND },
	{ "5", 9, 9, LAND }, { "6", 9, 9, MOB }, { "7", 9, 9, MOB }, { "8", 9, 9, COST }, { "9", 9, 9, LAND },
};

static const struct plan_rule es[] = {
	{ "800", 9, 9, FREE }, { "900", 9, 9, FREE },
	{ "803", 9, 9, COST }, { "806", 9, 9, COST }, { "807", 9, 9, COST },
	{ "901", 9, 9, COST }, { "902", 9, 9, COST }, { "905", 9, 9, COST },
	{ "70", 9, 9, COST },
	{ "6", 9, 9, MOB }, { "7", 9, 9, MOB }, { "8", 9, 9, LAND }, { "9", 9, 9, LAND },
};

static const struct plan_rule nl[] = {
	{ "800", 7, 11, FREE },
	{ "900", 7, 11, COST }, { "906", 7, 11, COST }, { "909", 7, 11, COST },
	{ "61", 9, 9, MOB }, { "62", 9, 9, MOB }, { "63", 9, 9, MOB }, { "64", 9, 9, MOB },
	{ "65", 9, 9, MOB }, { "68", 9, 9, MOB }, { "66", 9, 9, LAND }, { "67", 9, 9, LAND },
	{ "84", 9, 9, LAND }, { "85", 9, 9, LAND }, { "87", 9, 9, LAND }, { "88", 9, 9, LAND },
	{ "91", 9, 9, LAND },
	{ "1", 9, 9, LAND }, { "2", 9, 9, LAND }, { "3", 9, 9, LAND }, { "4", 9, 9, LAND },
	{ "5", 9, 9, LAND }, { "7", 9, 9, LAND },
};

static const struct plan_rule au[] = {
	{ "1800", 10, 10, FREE }, { "180", 7, 7, FREE }, { "1300", 10, 10, COST }, { "190", 10, 10, COST },
	{ "13", 6, 6, COST },
	{ "2", 9, 9, LAND }, { "3", 9, 9, LAND }, { "4", 9, 9, MOB },
	{ "7", 9, 9, LAND }, { "8", 9, 9, LAND },
};

static const struct plan_rule no[] = {
	{ "800", 8, 8, FREE }, { "801", 8, 8, FREE },
	{ "81", 8, 8, COST }, { "82", 8, 8, COST }, { "88", 8, 8, COST }, { "85", 8, 8, LAND },
	{ "59", 8, 8, MOB },
	{ "2", 8, 8, LAND }, { "3", 8, 8, LAND }, { "4", 8, 8, MOB }, { "5", 8, 8, LAND },
	{ "6", 8, 8, LAND }, { "7", 8, 8, LAND }, { "9", 8, 8, MOB },
};

static const struct plan_rule se[] = {
	{ "900", 7, 10, COST }, { "939", 7, 10, COST }, { "944", 7, 10, COST },
	{ "20", 6, 9, FREE },
	{ "70", 9, 9, MOB }, { "72", 9, 9, MOB }, { "73", 9, 9, MOB }, { "76", 9, 9, MOB },
	{ "79", 9, 9, MOB },
	{ "74", 9, 9, LAND }, { "75", 9, 9, LAND }, { "77", 8, 9, LAND },
	{ "1", 7, 9, LAND }, { "2", 7, 9, LAND }, { "3", 7, 9, LAND }, { "4", 7, 9, LAND },
	{ "5", 7, 9, LAND }, { "6", 7, 9, LAND }, { "8", 7, 9, LAND }, { "9", 7, 9, LAND },
};

/* Fixed and mobile share the ranges. */
static const struct plan_rule dk[] = {
	{ "80", 8, 8, FREE }, { "90", 8, 8, COST },
	{ "2", 8, 8, ANY }, { "3", 8, 8, ANY }, { "4", 8, 8, ANY }, { "5", 8, 8, ANY }, { "6", 8, 8, ANY },
	{ "7", 8, 8, ANY }, { "8", 8, 8, ANY }, { "9", 8, 8, ANY },
};

static const struct plan_rule ie[] = {
	{ "1800", 10, 10, FREE }, { "1850", 10, 10, COST }, { "1890", 10, 10, COST }, { "818", 9, 9, LAND },
	{ "15", 10, 10, COST }, { "70", 9, 9, COST }, { "76", 9, 9, LAND },
	{ "82", 9, 9, MOB }, { "83", 9, 9, MOB }, { "85", 9, 9, MOB }, { "86", 9, 9, MOB },
	{ "87", 9, 9, MOB }, { "88", 9, 9, MOB }, { "89", 9, 9, MOB },
	{ "1", 8, 8, LAND }, { "2", 7, 9, LAND }, { "4", 7, 9, LAND }, { "5", 7, 9, LAND },
	{ "6", 7, 9, LAND }, { "7", 7, 9, LAND }, { "9", 7, 9, LAND },
};

static const struct plan_rule ch[] = {
	{ "860", 12, 12, LAND },
	{ "800", 9, 9, FREE }, { "84", 9, 9, COST }, { "90", 9, 9, COST },
	{ "74", 9, 9, LAND },
	{ "75", 9, 9, MOB }, { "76", 9, 9, MOB }, { "77", 9, 9, MOB }, { "78", 9, 9, MOB },
	{ "79", 9, 9, MOB },
	{ "71", 9, 9, LAND }, { "81", 9, 9, LAND }, { "91", 9, 9, LAND },
	{ "2", 9, 9, LAND }, { "3", 9, 9, LAND }, { "4", 9, 9, LAND }, { "5", 9, 9, LAND },
	{ "6", 9, 9, LAND },
};

static const struct plan plans[] = {
	{ "US", "1", "1", "011", NULL, 0 },
	{ "AU", "61", "0", "0011", N(au) },
	{ "CH", "41", "0", "00", N(ch) },
	{ "DE", "49", "0", "00", N(de) },
	{ "DK", "45", "", "00", N(dk) },
	{ "ES", "34", "", "00", N(es) },
	{ "FR", "33", "0", "00", N(fr) },
	{ "GB", "44", "0", "00", N(gb) },
	{ "IE", "353", "0", "00", N(ie) },
	{ "NL", "31", "0", "00", N(nl) },
	{ "NO", "47", "", "00", N(no) },
	{ "SE", "46", "0", "00", N(se) },
};

/* Area codes under country code 1 that are not of the United States. A text
 * there is a text abroad. */
static const struct {
	const char *country, *areas;
} north_america[] = {
	{ "CA", "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 "
		"450 468 474 506 514 519 548 568 579 581 584 587 600 604 613 622 633 639 644 647 655 672 677 "
		"683 688 705 709 742 753 778 780 782 807 819 825 867 873 879 902 905 942" },
	{ "PR", "787 939" }, { "DO", "809 829 849" }, { "JM", "658 876" }, { "BS", "242" }, { "BB", "246" },
	{ "AI", "264" }, { "AG", "268" }, { "VG", "284" }, { "VI", "340" }, { "KY", "345" }, { "BM", "441" },
	{ "GD", "473" }, { "TC", "649" }, { "MS", "664" }, { "MP", "670" }, { "GU", "671" }, { "AS", "684" },
	{ "SX", "721" }, { "LC", "758" }, { "DM", "767" }, { "VC", "784" }, { "TT", "868" }, { "KN", "869" },
};

static const char toll_free_areas[] = "800 833 844 855 866 877 888";

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
	if (d[1] == '9') /* N9X is kept for longer numbers; 999 is the usual dummy */
		return PHONE_NOT_ASSIGNABLE;
	*type = area_is_in(toll_free_areas, d) ? PHONE_TOLL_FREE
	    : strncmp(d, "900", 3) == 0 ? PHONE_PREMIUM : PHONE_MAYBE_MOBILE;
	return PHONE_OK;
}

const struct plan *
plan_of_country(const char *country)
{
	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
		if (strcmp(plans[i].country, country) == 0)
			return &plans[i];
	for (size_t i = 0; i < sizeof north_america / sizeof north_america[0]; i++)
		if (strcmp(north_america[i].country, country) == 0)
			return &plans[0];
	return NULL;
}

const struct plan *
plan_of_code(const char *digits)
{
	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
		if (strncmp(digits, plans[i].code, strlen(plans[i].code)) == 0)
			return &plans[i];
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
	for (size_t i = 0; i < sizeof north_america / sizeof north_america[0]; i++)
		if (area_is_in(north_america[i].areas, national))
			return north_america[i].country;
	return p->country;
}
