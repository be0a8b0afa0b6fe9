/* plans.h - national numbering plans as tables, and how to ask them. Pure. */
#ifndef PHONE_PLANS_H
#define PHONE_PLANS_H

#include "nudge/phone.h"

/* Numbers that begin so have so many digits and are of this type. */
struct plan_rule {
	const char *prefix;            /* of the national number, without trunk prefix */
	unsigned char min, max;        /* digits of the whole national number */
	unsigned char type;            /* enum phone_type */
};

struct plan {
	const char *country;           /* alpha-2; of code 1 "US", see plan_country() */
	const char *code;              /* country calling code */
	const char *trunk;             /* dialled before a national number, "" when none is */
	const char *abroad;            /* dialled before a country code, beside 00 */
	const struct plan_rule *rules; /* the longest prefix first; NULL: the North American rules */
	size_t rules_n;
};

/* Made of schemas/phone when the program is built; rows end with an empty one. */
extern const struct plan plan_table[];
extern const size_t plan_table_n;
/* Under country code 1, by area code: */
extern const char *const plan_neighbours[];     /* countries other than the United States */
extern const size_t plan_neighbours_n;
extern const unsigned char plan_area_neighbour[1000]; /* 0: the United States; else 1 more than its place above */
extern const unsigned char plan_area_type[1000];      /* enum phone_type */

const struct plan *plan_of_country(const char *country); /* NULL when unknown. Borrowed, static. */
const struct plan *plan_of_code(const char *digits);     /* By the digits after '+'; as above. */

bool plan_begins(const char *digits, const char *prefix); /* An empty prefix is none. */

/* Is this a whole national number of the plan? `*type` is written on PHONE_OK only. */
enum phone_result plan_check(const struct plan *p, const char *national, enum phone_type *type);

/* phone_e164(), and the number's type on PHONE_OK; *type stays when its plan is not in our tables. */
enum phone_result phone_read(struct span text, const char *country, char out[PHONE_MAX], enum phone_type *type);

/* Which of the countries that share the plan has this national number. Literal. */
const char *plan_country(const struct plan *p, const char *national);

#endif
