/* tests/prove/scarce.h - memory that runs out: allocations of the product fail when told to, those of its libraries too.
 *
 * The linker leads malloc, calloc, realloc and strdup of every object here
 * (--wrap); SQLite, OpenSSL, ICU and Jansson are asked by their own doors. Only
 * what the product asks for counts (whose.h). One thread.
 */
#ifndef SCARCE_H
#define SCARCE_H

#include <stdbool.h>
#include <stdint.h>

bool scarce_install(void);      /* Before any of these libraries is used. false: one of them would not. */

/* The n-th from now fails, and with for_ms > 0 every one until so much
 * simulated time has gone since; n = 0: none. Counts anew. */
void scarce_arm(long n, int64_t for_ms);
long scarce_asked(void);        /* allocations since */
long scarce_failed(void);       /* of them */
int64_t scarce_until_ms(void);  /* when the last one failed, or may have; 0: none did */
void scarce_trap(void);         /* From now on one that fails ends the process with SIGTRAP: to see where, in a debugger. */

#endif
