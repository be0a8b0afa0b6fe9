/* mutant.c - which of the faults is on. */
// SPDX-License-Identifier: Apache-2.0
#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut_vfs.h"
#include "nudge/mutant.h"

#ifdef NUDGE_MUTANTS
const char *nudge_mutant = "";
#endif

void
mutant_choose(const char *name)
{
	if (strcmp(name, "no-sync") == 0) {
		cut_lie(CUT_NO_SYNC);
	} else if (strcmp(name, "no-log-sync") == 0) {
		cut_lie(CUT_NO_LOG_SYNC);
	} else if (name[0] != '\0') {
#ifdef NUDGE_MUTANTS
		nudge_mutant = name;
#else
		printf("this build has no mutants: make B=mutants\n");
		exit(2);
#endif
	}
}
