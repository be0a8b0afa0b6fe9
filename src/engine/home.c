/* home.c - the clocks of where a patient may live. */
// SPDX-License-Identifier: Apache-2.0
#include "engine/parts.h"

struct patient_zones
patient_of(const struct engine *e, const struct conf_site *s, const struct appointment *a)
{
	struct patient_zones z = { .n = 0 };

	if (s && s->patient_zone)
		z.n = rules_places(e->rules, a->zones, z.item, HOURS_ZONES);
	return z;
}

bool
clocks_differ(const struct engine *e, const struct look *l)
{
	const struct zone *zone[HOURS_ZONES];
	size_t n = rules_places(e->rules, l->a.zones, zone, HOURS_ZONES);

	for (size_t i = 0; i < n; i++)
		if (zone_offset_s(zone[i], l->a.start_s) != zone_offset_s(l->rules->zone, l->a.start_s))
			return true;
	return false;
}
