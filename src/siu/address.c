/* address.c - where the patient lives, as far as it says what the clock there may be. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include "nudge/places.h"

enum { XAD_STATE = 3, XAD_POST, XAD_COUNTRY, XAD_TYPE }; /* from 0 */

/* Table 0190: a place to be found at; not a birth place, an office or one known to be bad. */
static const struct word_list lived_at = { .item = { "h", "c", "p", "l", "m", "rh", "hv", "v" }, .n = 8 };

static bool
already(struct span all, struct span zone)
{
	while (all.n > 0)
		if (span_eq(span_cut(all, ' ', &all), zone))
			return true;
	return false;
}

/* Adds the zones of one address to those of the others: who may be at either is at both. */
static size_t
add(char out[PLACES_ZONES_MAX], size_t n, struct span zones)
{
	while (zones.n > 0) {
		struct span zone = span_cut(zones, ' ', &zones);

		if (already(span_from(out, n), zone) || n + 1 + zone.n >= PLACES_ZONES_MAX)
			continue;
		if (n > 0)
			out[n++] = ' ';
		n += span_copy(out + n, PLACES_ZONES_MAX - n, zone);
	}
	return n;
}

/* Separators alone say nothing. */
static bool
is_empty(const struct reading *r, struct span rep)
{
	for (size_t i = 0; i < rep.n; i++)
		if (rep.p[i] != r->delims->component && rep.p[i] != r->delims->subcomponent && rep.p[i] != ' ')
			return false;
	return true;
}

void
address_read(struct reading *r, struct booking *b)
{
	const char *home = b->site->environment->organization->country;
	char all[PLACES_ZONES_MAX], one[PLACES_ZONES_MAX], *kept;
	struct walk w = { 0 };
	struct span rep;
	size_t n = 0;

	while (walk_next(r, &r->at->profile->address, &w, &rep)) {
		struct span xad[XAD_TYPE + 1];

		if (is_empty(r, rep))
			continue;
		(void)value_parts(r, rep, xad, XAD_TYPE + 1);
		b->zones_said = true; /* `""` too: what was known is not true any more */
		if (xad[XAD_TYPE].n > 0 && !word_list_has(&lived_at, xad[XAD_TYPE]))
			continue;
		if (n == 0)
			n = places_zones(xad[XAD_COUNTRY], home, xad[XAD_STATE], xad[XAD_POST], all);
		else
			n = add(all, n, span_from(one, places_zones(xad[XAD_COUNTRY], home, xad[XAD_STATE], xad[XAD_POST], one)));
	}
	if (n == 0)
		return;
	kept = arena_take(&r->msg->arena, n + 1);
	if (!kept) {
		r->no_memory = true;
		return;
	}
	b->zones = span_from(kept, span_copy(kept, n + 1, span_from(all, n)));
}
