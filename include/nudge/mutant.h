/* nudge/mutant.h - faults that a proof must find, for builds of tests only.
 *
 * MUTANT("name") is false, and leaves nothing in the program, unless it was
 * compiled with -DNUDGE_MUTANTS (make B=mutants; tests/check looks that no
 * program has it). There the proof sets nudge_mutant.
 */
#ifndef NUDGE_MUTANT_H
#define NUDGE_MUTANT_H

#ifdef NUDGE_MUTANTS
#include <string.h>

extern const char *nudge_mutant; /* the one that is on; "": none */
#define MUTANT(name) (strcmp(nudge_mutant, name) == 0)
#else
#define MUTANT(name) 0
#endif

#endif
