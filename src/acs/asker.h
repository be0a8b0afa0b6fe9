/* acs/asker.h - what nudged asks of a gateway besides sending: who has opted out, and whether a report is there.
 *
 * Questions about one sender's opt-outs go one request after the other, in the
 * order they were asked, up to a hundred phones of one kind in each; those
 * about reports go several at once. What may pass is asked again, later and
 * later; what may not is left out and logged without a number. Nothing is kept
 * over a restart: nudged compares the lists every night and asks again for a
 * removal until an event says that it is done; whoever stops waits a little for
 * asker_changes() to be none.
 * Source: ACS SMS REST 2026-01-23, opt-out management and delivery reports.
 */
#ifndef ACS_ASKER_H
#define ACS_ASKER_H

#include "nudge/acs.h"
#include "nudge/told.h"

#define ASKER_MAX 8192u /* questions that wait; checks and reports only up to half of it */

struct asker;
/* client is borrowed and c held; *outlet is copied: answers go there, as events. */
bool asker_new(struct event_base *base, struct acs_client *client, struct conf *c, const struct told_outlet *outlet,
    struct asker **out) __attribute__((warn_unused_result));
void asker_reload(struct asker *a, struct conf *c);
void asker_ask(struct asker *a, const struct link_question *q); /* Copies. */
size_t asker_changes(const struct asker *a); /* Additions and removals that the gateway has not answered. */
void asker_free(struct asker *a); /* After acs_client_free(), which cuts what is open. NULL is fine. */

/* ---- the words of the opt-out list ---- */

#define OPTOUTS_AT_ONCE 100u

enum optout_answer {
	OPTOUT_DONE,    /* added, removed, or checked */
	OPTOUT_AGAIN,   /* may pass */
	OPTOUT_REFUSED  /* will not */
};
/* {"from":...,"recipients":[{"to":...}]}. Pure; false when *out is full. */
bool optout_body(const char *from, const char *const *to, size_t n, struct buf *out) __attribute__((warn_unused_result));
/* Of a 2xx answer the item for one phone each; is_out only where checked. false: no such answer. Pure. */
bool optout_read(struct span body, bool checked, const char *const *to, size_t n, enum optout_answer *what, bool *is_out)
    __attribute__((warn_unused_result));

#endif
