/* fuzz_zone.c - any bytes as a zone file: refused, or a list that rises and changes at each step. */
// SPDX-License-Identifier: Apache-2.0
// for: src/policy/tzif.c src/policy/tzrule.c
#include <stdlib.h>

#include "policy/tzif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { (const char *)data, size };
	struct fault f = { .kind = FAULT_NONE };
	struct tz_change list[512];
	struct tz_rule rule;
	size_t n = 0;

	if (tz_rule_read(bytes, &rule) && rule.has_summer) {
		tz_rule_changes(&rule, 2026, list);
		must(list[0].at_s <= list[1].at_s);
	}
	if (!tzif_read(bytes, list, sizeof list / sizeof list[0], &n, &f)) {
		must(f.kind != FAULT_NONE);
		return 0;
	}
	must(n >= 1 && list[0].at_s == TZ_FROM_S);
	for (size_t i = 1; i < n; i++)
		must(list[i].at_s > list[i - 1].at_s && list[i].at_s < TZ_UNTIL_S && list[i].offset_s != list[i - 1].offset_s);
	return 0;
}
