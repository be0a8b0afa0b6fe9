/* tests/prove/mutant.h - faults put into the product on purpose, to see that a proof finds them.
 *
 * Only a build with -DNUDGE_MUTANTS (make B=mutants) has them: see nudge/mutant.h.
 */
#ifndef PROVE_MUTANT_H
#define PROVE_MUTANT_H

/* "": none. Ends the process with status 2 when this build has none of that name. */
void mutant_choose(const char *name);

#endif
