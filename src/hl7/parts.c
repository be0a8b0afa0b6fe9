/* parts.c - inside a field: repetitions, components, subcomponents, found when asked for. */
// SPDX-License-Identifier: Apache-2.0
#include "hl7/index.h"

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
	return index_part(field, d->repetition, repetition);
}

struct span
hl7_part(const struct hl7_delims *d, struct span repetition, unsigned component, unsigned subcomponent)
{
	struct span c;

	if (component == 0)
		return repetition;
	c = index_part(repetition, d->component, component - 1);
	return subcomponent == 0 ? c : index_part(c, d->subcomponent, subcomponent - 1);
}
