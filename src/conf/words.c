/* words.c - durations, and the word that was probably meant. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "nudge/conf.h"

bool
conf_duration(const char *text, int64_t *out_s, struct fault *f)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 }, { "y", 365 * 86400 } };
	size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	if (strcmp(text, "0") == 0) {
		*out_s = 0;
		return true;
	}
	if (digits == 0 || !span_to_u64(span_from(text, digits), 1000000000, &n))
		return fault_set(
		    f, FAULT_OPERATOR, "\"%s\" is no duration; write it as 90s, 15min, 24h or 3d", text);
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(text + digits, units[i].unit) == 0) {
			*out_s = (int64_t)n * units[i].seconds;
			return true;
		}
	if (text[digits] == '\0')
		return fault_set(f, FAULT_OPERATOR, "\"%s\" has no unit; write %ss, %smin, %sh or %sd", text,
		    text, text, text, text);
	return fault_set(
	    f, FAULT_OPERATOR, "\"%s\" is no unit of a duration; there are s, min, h, d, y", text + digits);
}

/* Steps that turn one word into the other (Levenshtein), up to a few. */
static size_t
distance(const char *a, const char *b)
{
	size_t n = strlen(b), row[64];

	if (n >= sizeof row / sizeof row[0])
		return SIZE_MAX;
	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			size_t up = row[k], best = corner + (a[i - 1] != b[k - 1]);

			if (up + 1 < best)
				best = up + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			corner = up;
			row[k] = best;
		}
	}
	return row[n];
}

const char *
conf_nearest(const char *word, const char *const *known)
{
	const char *best = NULL;
	size_t least = strlen(word) / 3 + 2;

	for (; *known; known++) {
		size_t d = distance(word, *known);

		if (d < least) {
			least = d;
			best = *known;
		}
	}
	return best;
}
