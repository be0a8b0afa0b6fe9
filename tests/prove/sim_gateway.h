/* tests/prove/sim_gateway.h - HTTP and the gateway behind it, in the place of src/acs/http.c.
 *
 * It remembers ids for ever or for so long as it says, answers in every form
 * that is known of the real one, loses answers, is away.
 */
#ifndef SIM_GATEWAY_H
#define SIM_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "nudge/span.h"

struct taken { /* one text that went to a phone; borrowed for the call */
	int64_t row;             /* from its tag */
	const char *to, *words, *repeat_id;
};

struct gateway_ways {
	uint64_t odd, lost, twice; /* per mille: an unusual answer, none at all, a request that comes twice */
	int64_t window_s;          /* how long an id is remembered; 0: for ever */
	int64_t slow_ms;           /* a way there or back takes up to this */
	void (*took)(const struct taken *t);
	void (*refused)(const char *to); /* the number itself: it is remembered as wrong, perhaps */
};

void sim_gateway_begin(const struct gateway_ways *w);
void sim_gateway_ways(const struct gateway_ways *w); /* Another temper; it remembers. */
void sim_gateway_away(bool away);
int64_t sim_gateway_took(void);       /* texts in all */

#endif
