/* parts.c - inside a field: repetitions, components, subcomponents, found when asked for. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/hl7.h"

/* The n-th part (from 0) of `whole`; SPAN_NONE when there are fewer. */
static struct span
part(struct span whole, char sep, unsigned n)
{
	struct span rest = whole, piece = SPAN_NONE;

	for (unsigned i = 0; i <= n; i++) {
		if (i > 0 && !rest.p)
			return SPAN_NONE;
		piece = span_cut(rest, sep, &rest);
	}
	return piece.n ? piece : SPAN_NONE;
}

unsigned
hl7_repetitions(const struct hl7_delims *d, struct span field)
{
	unsigned n = field.n > 0;

	for (size_t i = 0; i < field.n; i++)
		n += field.p[i] == d->repetition;
	return n;
}

struct span
hl7_repetition(const struct hl7_delims *d, struct span field, unsigned repetition)
{
	return part(field, d->repetition, repetition);
}

struct span
hl7_part(const struct hl7_delims *d, struct span repetition, unsigned component, unsigned subcomponent)
{
	struct span c;

	if (component == 0)
		return repetition;
	c = part(repetition, d->component, component - 1);
	return subcomponent == 0 ? c : part(c, d->subcomponent, subcomponent - 1);
}

bool
hl7_is_null(struct span value)
{
	return value.n == 2 && value.p[0] == '"' && value.p[1] == '"';
}
