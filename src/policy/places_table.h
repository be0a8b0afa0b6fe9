/* policy/places_table.h - what the build makes of schemas/address; each table ends with a row of NULL. */
#ifndef POLICY_PLACES_TABLE_H
#define POLICY_PLACES_TABLE_H

struct place_country {
	const char *code, *name; /* "US", "USA"; its code is a name as well */
};
struct place_state {
	const char *country, *code, *name;
	const char *zones;       /* a blank between */
};
struct place_post {
	const char *country;
	char from[8], to[8];     /* first characters, of equal length, both inclusive; here, since all rows are looked at */
	const char *zones;
};

extern const struct place_country place_countries[];
extern const struct place_state place_states[];
extern const struct place_post place_posts[];
extern const char *const place_zones[]; /* each that is named, once */

#endif
