/* tests/prove/whose.h - whose code runs: the product's, in which a proof may let allocations fail, or the world's around it.
 *
 *   PRODUCT_RUNS;   from here to the end of the block it is the product's
 *   WORLD_RUNS;     and from here the world's, until the block ends
 */
#ifndef WHOSE_H
#define WHOSE_H

#include <stdbool.h>

extern bool product_runs; /* false at first */

static inline void
whose_back(const bool *before)
{
	product_runs = *before;
}

static inline bool
whose_now(bool product)
{
	bool before = product_runs;

	product_runs = product;
	return before;
}

#define PRODUCT_RUNS __attribute__((cleanup(whose_back), unused)) const bool whose_before = whose_now(true)
#define WORLD_RUNS   __attribute__((cleanup(whose_back), unused)) const bool whose_before = whose_now(false)

#endif
