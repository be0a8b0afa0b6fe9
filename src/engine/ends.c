/* ends.c - states that end because nothing more happens: told once, as they were when they began. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

#define LOOK_MS 5000
#define STORM_OVER_S 120   /* a minute of too many, and one after it without */
#define QUARANTINE_OVER_S 3600

void
ends_storm(struct engine *e, size_t site)
{
	if (e->sites[site].storm)
		engine_alarm(e, "the storm is over: confirmations go again; what was held waits for nudgectl release", e->rules->conf->sites[site].title);
	e->sites[site].storm = false;
}

/* Of this month; a new one begins with none, a higher limit with less. */
static bool
limits(struct engine *e, struct fault *f)
{
	const struct conf *c = e->rules->conf;

	for (size_t i = 0; i < c->organizations_n && i < LIMITS_SAID; i++) {
		const struct conf_organization *o = &c->organizations[i];
		struct store_usage u;

		if (!store_usage_get(e->store, o->title, limit_month(now_s(&e->now)), &u, f))
			return false;
		if (o->monthly_limit == 0 || u.segments < o->monthly_limit - o->monthly_limit / 5)
			u.alarmed = 0;
		if (strcmp(e->limits[i].organization, o->title) == 0 && e->limits[i].percent > 0 && u.alarmed == 0)
			engine_alarm(e, "an organization is within its monthly_limit again", o->title);
		(void)span_copy(e->limits[i].organization, sizeof e->limits[i].organization, span_of(o->title));
		e->limits[i].percent = u.alarmed;
	}
	return true;
}

bool
ends_look(struct engine *e, struct fault *f)
{
	int64_t now = now_s(&e->now);

	if (e->now.boot_ms < e->ends_ms)
		return true;
	e->ends_ms = e->now.boot_ms + LOOK_MS;
	for (size_t i = 0; i < e->rules->conf->sites_n; i++)
		if (e->sites[i].storm && (now - e->sites[i].storm_from_s >= STORM_OVER_S || now < e->sites[i].storm_from_s))
			ends_storm(e, i);
	if (e->quarantine_full_s != 0 && (now - e->quarantine_full_s >= QUARANTINE_OVER_S || now < e->quarantine_full_s)) {
		engine_alarm(e, "quarantine has had room for an hour", "quarantine");
		e->quarantine_full_s = 0;
	}
	return limits(e, f);
}
