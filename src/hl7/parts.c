/* parts.c - inside a field: repetitions, components, subcomponents, found when asked for. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/hl7.h"

/* The n-th part (from 0) of `whole`; SPAN_NONE when there are fewer, or it is empty. */
static struct span
part_of(struct span whole, char sep, unsigned n)
{
	for (size_t i = 0; i < whole.n; i++) { /* parts are short: a call for each costs more */
		size_t begin = i;

		while (i < whole.n && whole.p[i] != sep)
			i++;
		if (n-- == 0)
			return i > begin ? (struct span){ whole.p + begin, i - begin } : SPAN_NONE;
	}
	return SPAN_NONE;
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
	return part_of(field, d->repetition, repetition);
}

struct span
hl7_part(const struct hl7_delims *d, struct span repetition, unsigned component, unsigned subcomponent)
{
	struct span c;

	if (component == 0)
		return repetition;
	c = part_of(repetition, d->component, component - 1);
	return subcomponent == 0 ? c : part_of(c, d->subcomponent, subcomponent - 1);
}
