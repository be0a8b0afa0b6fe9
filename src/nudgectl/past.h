/* nudgectl/past.h - what nudged still knows of visits, fetched, and lived again under some rules. */
#ifndef NUDGECTL_PAST_H
#define NUDGECTL_PAST_H

#include "nudge/history.h"
#include "nudgectl/nudgectl.h"
#include "nudgectl/rehearsal.h"

/* Everything since then, in portions, so that nudged waits for nobody. The
 * patterns of `then` are tried on each visit. An exit status; 0: *out is owned
 * by the caller. Says on stderr what went wrong. */
int past_fetch(const struct call *c, const struct rules *then, int64_t since_s, struct history **out);

struct gone { /* a text that would have gone */
	int64_t visit, at_s, segments;
	enum text_kind kind;
	char rule[48], site[64];
	uint8_t words[8];  /* a digest of them */
	bool night;        /* outside 08:00-21:00 on the clinic's clock */
};
struct trial {
	struct gone *item; /* owned; by visit, kind, rule, time */
	size_t n;
	int64_t untaken;   /* visits that no site takes under these rules */
};

/* Lives through all that is known and until_s, under these rules. then: they
 * are the other ones, whose patterns the visits were tried on. */
bool trial_run(const struct history *h, struct rules *rules, bool then, int64_t until_s, struct trial *out, struct fault *f)
    __attribute__((warn_unused_result));
void trial_clear(struct trial *t);

#endif
