/* nudge/places.h - the time zones that an address may be in.
 * Source: schemas/address. Threads: any.
 */
#ifndef NUDGE_PLACES_H
#define NUDGE_PLACES_H

#include "nudge/span.h"

#define PLACES_ZONES_MAX 128 /* bytes, terminator included */

/* Names of zones, a blank between, into out; the bytes, 0 when the place is not
 * known. home: the country that is meant when none is said ("US"). Where state
 * and postal code contradict each other, or do not tell, all that may be. Pure. */
size_t places_zones(struct span country, const char *home, struct span state, struct span post,
    char out[PLACES_ZONES_MAX]);

/* Every zone that places_zones() may name; NULL ends. Literals. */
extern const char *const place_zones[];

#endif
