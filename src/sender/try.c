/* try.c - asks once what the configuration names outside, and says what came of it. */
// SPDX-License-Identifier: Apache-2.0
#include "sender/try.h"

#include <stdio.h>
#include <stdlib.h>

#include "acs/online.h"
#include "nudge/log.h"

/* One line each, with tabs, for people and for nudgectl. */
static void
print(void *ctx, const struct online_finding *x)
{
	bool *all = ctx;

	(void)printf("%s\t%s\t%s\t%s\t%s\n", x->works ? "works" : "fails", x->what, x->title, x->at, x->text);
	*all = *all && x->works;
}

int
try_outside(const struct conf *c, const char *ca_file)
{
	struct fault f = { .kind = FAULT_NONE };
	bool all = true;

	if (!online_ask(c, ca_file, ONLINE_DEADLINE_S, print, &all, &f)) {
		log_error("nothing could be tried", log_fault(&f));
		return EXIT_FAILURE;
	}
	return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
