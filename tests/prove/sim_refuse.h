/* tests/prove/sim_refuse.h - SQLite refuses a statement: no room, no memory, or the disk failed.
 *
 * Statements that read find their pages in memory and never meet the disk's own troubles: here each fails, as chance has
 * it or counted. Linked with --wrap=sqlite3_step and --wrap=sqlite3_extended_errcode. One thread.
 */
#ifndef SIM_REFUSE_H
#define SIM_REFUSE_H

#include <stdbool.h>
#include <stdint.h>

/* From now on one statement of `one_in` is refused while refuse_here(); 0: none. seed: of its own chance. */
void refuse_begin(uint64_t seed, uint64_t one_in);
void refuse_calm(void);                /* No more. */
void refuse_here(bool yes);            /* Whether what runs now is what is meant. */
int64_t refuse_happened(void);         /* since refuse_begin() */

/* The n-th statement from now is refused with this code of SQLite's, and `more` after it; 0: none. */
void refuse_at(long n, int code, long more);
long refuse_counted(void);             /* statements since refuse_at() */

/* From now on the first statement that is reached in a way (calls from the caller's on) in which fewer than `times` were
 * refused so far in this process; one, until this is asked for again; 0: none. */
void refuse_way(int times, int code);
bool refuse_way_found(void);           /* one was refused since refuse_way() */

#endif
