/* policy/approval.h - what an approval covers, spelled out and hashed.
 *
 * Order and spelling are part of every stored approval: a change of either
 * asks every site for a new one. What is not spelled here (certificates, keys,
 * ports, rates, caps) may change without.
 */
#ifndef POLICY_APPROVAL_H
#define POLICY_APPROVAL_H

#include "nudge/buf.h"
#include "nudge/conf.h"
#include "nudge/digest.h"

struct approval {
	struct buf spelled;
};

void approval_begin(struct approval *a);
void approval_cover_text(struct approval *a, const char *language, struct span text);

/* profile_file: content when the profile is a file of the administrator's, else empty. */
void approval_cover_site(struct approval *a, const struct conf_site *s, struct span profile_file);

/* false: no memory. */
bool approval_end(struct approval *a, uint8_t out[DIGEST_BYTES]) __attribute__((warn_unused_result));
void approval_clear(struct approval *a);

#endif
